/*
 * differential/compare: what each tracker says of a packet, and whether they agree.
 *
 * Owns: struct view, and what it means that two of them are the same. Invariant: the first disagreement of a script is the only
 * one that is looked at: behind it the two know different things. Which of them last: rules.h.
 */
#ifndef USHER_TESTS_DIFFERENTIAL_COMPARE_H
#define USHER_TESTS_DIFFERENTIAL_COMPARE_H

#include "kernel.h"

#define LEFT_TOLERANCE 2

/* States of TCP as nf_conntrack_tcp.h numbers them, and usher too (checked by name). */
static const char *const tcp_states[] = {
	"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2",
};

enum { STATE_LOST = 255 }; /* the packet did not come out */

struct view {
	uint8_t state;     /* enum usher_state, or STATE_LOST */
	uint8_t direction; /* unless invalid or untracked */
	bool there, by_server, reply, assured;
	uint8_t tcp_state; /* TCP_CONNTRACK_... */
	int64_t left_s;    /* until it ends, rounded up */
};

struct step_result {
	struct view kernel, usher;
};

enum field {
	SAME = 0, FIELD_STATE, FIELD_DIRECTION, FIELD_THERE, FIELD_ORIG, FIELD_REPLY, FIELD_ASSURED, FIELD_TCP_STATE, FIELD_LEFT
};

static const char *const field_names[] = {
	"nothing", "state", "direction", "entry", "who began", "reply seen", "assured", "tcp state", "timeout",
};

static inline enum field compare_entries(const struct view *k, const struct view *u)
{
	if (k->there != u->there)
		return FIELD_THERE;
	if (!k->there)
		return SAME;
	if (k->by_server != u->by_server)
		return FIELD_ORIG;
	if (k->reply != u->reply)
		return FIELD_REPLY;
	if (k->assured != u->assured)
		return FIELD_ASSURED;
	if (k->tcp_state != u->tcp_state)
		return FIELD_TCP_STATE;
	if (k->left_s - u->left_s > LEFT_TOLERANCE || u->left_s - k->left_s > LEFT_TOLERANCE)
		return FIELD_LEFT;
	return SAME;
}

/* What they disagree about first. */
static inline enum field compare(const struct step_result *r)
{
	const struct view *k = &r->kernel, *u = &r->usher;

	if (k->state != u->state)
		return FIELD_STATE;
	if (k->state != USHER_INVALID && k->state != USHER_UNTRACKED && k->direction != u->direction)
		return FIELD_DIRECTION;
	return compare_entries(k, u);
}

static inline void print_view(const struct view *v)
{
	static const char *const states[] = { "new", "established", "related", "invalid", "untracked" };

	printf("%s", v->state == STATE_LOST ? "lost" : states[v->state]);
	if (v->state < USHER_INVALID)
		printf(" %s", v->direction ? "reply" : "orig");
	if (!v->there) {
		printf(", no entry");
		return;
	}
	printf(", %s%s%s%s%s %lds", v->by_server ? "(by server) " : "", v->tcp_state ? tcp_states[v->tcp_state] : "",
	       v->tcp_state ? " " : "", v->reply ? "replied " : "", v->assured ? "assured" : "", (long)v->left_s);
}

#endif
