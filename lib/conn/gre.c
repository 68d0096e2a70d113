/*
 * gre: tunnels of GRE, and the calls of PPTP.
 *
 * Owns: CONN_SEEN_REPLY, CONN_ASSURED and CONN_ONE_WAY. An enhanced GRE packet carries the receiver's call id only, so
 * without an announced call (an expectation brings both ids) the two directions of a call cannot be told to be one:
 * each is a connection of its own, that is never answered. Invariant: what counts is the answer seen before the packet;
 * the answer itself changes no timeout. Sequence numbers are only counted: a tunnel loses and reorders what it likes.
 * Sources: RFC 2637 4.1 (sequence numbers, the S flag), 2784, 2890; Linux's behaviour.
 */
#include "conn/conn.h"

#include "base/be.h"
#include "packet/wire.h"

#define SEEN_BITS 32u
#define RESTART 0x10000u /* numbers that jump further belong to a tunnel that began anew */

static void count_sequence(struct conn *c, unsigned direction, uint32_t number)
{
	struct conn_gre *g = &c->u.gre;
	uint32_t ahead = number - g->next[direction], behind = g->next[direction] - 1 - number;

	if (!(c->state & 1u << direction) || (ahead >= RESTART && behind >= RESTART)) {
		c->state |= (uint8_t)(1u << direction);
		g->next[direction] = number + 1;
		g->seen[direction] = 1;
	} else if (ahead < RESTART) {
		g->lost[direction] += ahead;
		g->seen[direction] = ahead < SEEN_BITS - 1 ? g->seen[direction] << (ahead + 1) | 1 : 1;
		g->next[direction] = number + 1;
	} else if (behind >= SEEN_BITS || !(g->seen[direction] & 1u << behind)) { /* else it came twice */
		if (behind < SEEN_BITS)
			g->seen[direction] |= 1u << behind;
		g->late[direction]++;
		g->lost[direction] -= g->lost[direction] != 0;
	}
}

/* A call's packet with data has a number (RFC 2637 4.1: S). */
static void count_losses(struct conn *c, unsigned direction, const struct conn_arrival *a)
{
	if (a->p->flags & PKT_ONE_WAY && be16_read(a->l4) & WIRE_GRE_SEQUENCE)
		count_sequence(c, direction, be32_read(a->l4 + sizeof(struct wire_gre1)));
}

static bool gre_begin(struct conn *c, const struct conn_arrival *a, struct conn_step *step)
{
	*step = (struct conn_step){ .timeout = a->config->timeout[CONN_TIMEOUT_GRE] };
	if (a->p->flags & PKT_ONE_WAY && !(c->status & CONN_RELATED))
		c->status |= CONN_ONE_WAY;
	count_losses(c, USHER_ORIG, a);
	return true;
}

static void gre_packet(struct conn *c, unsigned direction, const struct conn_arrival *a, struct conn_step *step)
{
	uint16_t status = c->status;

	*step = (struct conn_step){ .timeout = a->config->timeout[CONN_TIMEOUT_GRE] };
	if (status & CONN_SEEN_REPLY) {
		c->status |= CONN_ASSURED;
		step->timeout = a->config->timeout[CONN_TIMEOUT_GRE_STREAM];
	}
	if (direction == USHER_REPLY)
		c->status |= CONN_SEEN_REPLY;
	count_losses(c, direction, a);
	if (c->status != status) /* not a store for every packet: see struct conn_step */
		step->changed = true;
}

const struct conn_protocol usher__conn_gre = {
	.name = "gre",
	.begin = gre_begin,
	.packet = gre_packet,
};
