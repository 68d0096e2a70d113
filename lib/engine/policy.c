/*
 * engine/policy: the ready-made policy: every connection is accepted, helpers are attached by destination port, as the
 * configuration says and nothing else.
 */
#include "engine/engine.h"

uint8_t usher__helper_number(const struct usher_tracker *t, const char *name)
{
	uint32_t i;

	for (i = 0; name && i < t->helper_count; i++)
		if (!strcmp(t->helper[i]->name, name))
			return (uint8_t)(i + 1);
	return 0;
}

void usher__policy(struct usher_worker *w, const struct usher_new *connection, struct usher_decision *decision)
{
	const struct usher_tuple *orig = &connection->orig;
	bool tcp = orig->protocol == USHER_TCP;
	const uint8_t *ports = w->tracker->port_helper[orig->src.family == USHER_IPV6][tcp];
	uint8_t helper;

	if (!tcp && orig->protocol != USHER_UDP)
		return;
	helper = ports[orig->dst.key];
	if (!helper && connection->picked_up) {
		/* Picked up by a packet of the server's: it is its source port that tells. */
		helper = ports[orig->src.key];
		decision->reversed = helper != 0;
	}
	if (helper)
		decision->helper = helper_at(w, helper)->name;
}
