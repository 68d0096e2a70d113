/*
 * icmp: queries of ICMP and ICMPv6, and the answers to them. Errors have no connection of their own.
 *
 * Owns: CONN_SEEN_REPLY. Only a query begins one; that an answer has the query's inverse type and its id is the tuple's
 * doing.
 * Invariants: never assured: a ping is soon over, and nothing is lost with it. The connection outlives the first
 * answer, so that a duplicate of it is no stranger. Sources: RFC 792, 950, 4443, 4620, 5508 3.1; Linux's behaviour.
 */
#include "conn/conn.h"

struct query {
	uint8_t family, type;
};

static const struct query queries[] = {
	{ USHER_IPV4, 8 },   /* echo */
	{ USHER_IPV4, 13 },  /* timestamp */
	{ USHER_IPV4, 15 },  /* information */
	{ USHER_IPV4, 17 },  /* address mask */
	{ USHER_IPV6, 128 }, /* echo */
	{ USHER_IPV6, 139 }, /* node information */
};

static bool is_query(const struct pkt *p)
{
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		if (p->family == queries[i].family && p->type == queries[i].type)
			return true;
	return false;
}

static bool begin(const struct pkt *p, uint8_t family, usher_time timeout, struct conn_step *step)
{
	*step = (struct conn_step){ .timeout = timeout };
	if (p->family == family && is_query(p))
		return true;
	*step = (struct conn_step){ .action = CONN_INVALID, .reason = USHER_REASON_ICMP_TYPE };
	return false;
}

static void packet(struct conn *c, unsigned direction, usher_time timeout, struct conn_step *step)
{
	uint16_t status = c->status;

	*step = (struct conn_step){ .timeout = timeout };
	if (direction == USHER_REPLY)
		c->status |= CONN_SEEN_REPLY;
	if (c->status != status) /* not a store for every packet: see struct conn_step */
		step->changed = true;
}

static bool icmp_begin(struct conn *c, const struct conn_arrival *a, struct conn_step *step)
{
	(void)c;
	return begin(a->p, USHER_IPV4, a->config->timeout[CONN_TIMEOUT_ICMP], step);
}

static bool icmpv6_begin(struct conn *c, const struct conn_arrival *a, struct conn_step *step)
{
	(void)c;
	return begin(a->p, USHER_IPV6, a->config->timeout[CONN_TIMEOUT_ICMPV6], step);
}

static void icmp_packet(struct conn *c, unsigned direction, const struct conn_arrival *a, struct conn_step *step)
{
	packet(c, direction, a->config->timeout[CONN_TIMEOUT_ICMP], step);
}

static void icmpv6_packet(struct conn *c, unsigned direction, const struct conn_arrival *a, struct conn_step *step)
{
	packet(c, direction, a->config->timeout[CONN_TIMEOUT_ICMPV6], step);
}

const struct conn_protocol usher__conn_icmp = {
	.name = "icmp",
	.begin = icmp_begin,
	.packet = icmp_packet,
};

const struct conn_protocol usher__conn_icmpv6 = {
	.name = "icmpv6",
	.begin = icmpv6_begin,
	.packet = icmpv6_packet,
};
