/*
 * gre: tunnels of GRE, and the calls of PPTP.
 *
 * Owns: CONN_SEEN_REPLY, CONN_ASSURED and CONN_ONE_WAY. An enhanced GRE packet carries the receiver's call id only, so
 * without an announced call (an expectation brings both ids) the two directions of a call cannot be told to be one:
 * each is a connection of its own, that is never answered. Invariant: what counts is the answer seen before the packet;
 * the answer itself changes no timeout. Sources: RFC 2637 4.1, 2784, 2890; Linux's behaviour.
 */
#include "conn/conn.h"

static bool gre_begin(struct conn *c, const struct conn_arrival *a, struct conn_step *step)
{
	*step = (struct conn_step){ .timeout = a->config->timeout[CONN_TIMEOUT_GRE] };
	if (a->p->flags & PKT_ONE_WAY && !(c->status & CONN_RELATED))
		c->status |= CONN_ONE_WAY;
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
	if (c->status != status) /* not a store for every packet: see struct conn_step */
		step->changed = true;
}

const struct conn_protocol usher__conn_gre = {
	.name = "gre",
	.begin = gre_begin,
	.packet = gre_packet,
};
