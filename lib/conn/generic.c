/*
 * generic: every protocol that nothing is known of. Two addresses, packets between them.
 *
 * Owns: CONN_SEEN_REPLY. Invariant: never assured, as nothing tells a conversation from a flood. Sources: Linux's
 * behaviour.
 */
#include "conn/conn.h"

static bool generic_begin(struct conn *c, const struct conn_arrival *a, struct conn_step *step)
{
	(void)c;
	*step = (struct conn_step){ .timeout = a->config->timeout[CONN_TIMEOUT_GENERIC] };
	return true;
}

static void generic_packet(struct conn *c, unsigned direction, const struct conn_arrival *a, struct conn_step *step)
{
	uint16_t status = c->status;

	*step = (struct conn_step){ .timeout = a->config->timeout[CONN_TIMEOUT_GENERIC] };
	if (direction == USHER_REPLY)
		c->status |= CONN_SEEN_REPLY;
	if (c->status != status) /* not a store for every packet: see struct conn_step */
		step->changed = true;
}

const struct conn_protocol usher__conn_generic = {
	.name = "unknown",
	.begin = generic_begin,
	.packet = generic_packet,
};
