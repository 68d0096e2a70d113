/*
 * udp: two endpoints that send each other datagrams (UDP-Lite as well); nobody says when it begins or ends.
 *
 * Owns: u.udp, CONN_SEEN_REPLY and CONN_ASSURED. An answered flow that still goes on two seconds after its first packet
 * is a stream: it is kept longer, and not evicted for a newcomer. A question and its answer (DNS) are over before that.
 * Invariant: assured means stream. What counts is the answer seen before the packet, so an answer itself changes no
 * timeout.
 * Sources: RFC 4787 4.3 (REQ-5 asks for two minutes; the timeout of a stream has them); Linux's behaviour since 5.0.
 */
#include "conn/conn.h"

#define STREAM_AFTER (2 * USHER_SECOND)

static void set_stream_after(struct conn *c, usher_time at)
{
	c->u.udp.stream_after[0] = (uint32_t)at;
	c->u.udp.stream_after[1] = (uint32_t)(at >> 32);
}

static usher_time stream_after(const struct conn *c)
{
	return c->u.udp.stream_after[0] | (usher_time)c->u.udp.stream_after[1] << 32;
}

static bool udp_begin(struct conn *c, const struct conn_arrival *a, struct conn_step *step)
{
	*step = (struct conn_step){ .timeout = a->config->timeout[CONN_TIMEOUT_UDP] };
	set_stream_after(c, a->now + STREAM_AFTER);
	return true;
}

static void udp_packet(struct conn *c, unsigned direction, const struct conn_arrival *a, struct conn_step *step)
{
	uint16_t status = c->status;

	*step = (struct conn_step){ .timeout = a->config->timeout[CONN_TIMEOUT_UDP] };
	if (status & CONN_SEEN_REPLY && a->now > stream_after(c)) {
		c->status |= CONN_ASSURED;
		step->timeout = a->config->timeout[CONN_TIMEOUT_UDP_STREAM];
	}
	if (direction == USHER_REPLY)
		c->status |= CONN_SEEN_REPLY;
	if (c->status != status) /* not a store for every packet: see struct conn_step */
		step->changed = true;
}

const struct conn_protocol usher__conn_udp = {
	.name = "udp",
	.begin = udp_begin,
	.packet = udp_packet,
};

const struct conn_protocol usher__conn_udplite = {
	.name = "udplite",
	.begin = udp_begin,
	.packet = udp_packet,
};
