/*
 * icmp: ICMP and ICMPv6: which messages are queries with a tuple, which quote a packet, which are neither.
 *
 * Owns: the list of types. Invariant: a query's key is its identifier, at both ends. Sources: RFC 792, 950 (address
 * mask), 4443, 4620 (node information), 4861 (neighbour discovery), 2710, 3810 (listeners), 3122 (inverse discovery),
 * 4286 (router discovery by multicast).
 */
#include "packet/part.h"

#include "packet/wire.h"

enum icmp_kind {
	KIND_OTHER = 0,
	KIND_QUERY,   /* key: the identifier */
	KIND_KEYLESS, /* a query without one */
	KIND_ERROR,   /* quotes a packet */
	KIND_CONTROL  /* between neighbours: never tracked */
};

struct icmp_type {
	uint8_t kind;    /* enum icmp_kind */
	uint8_t inverse; /* queries: the type of the answers, or of what is answered */
};

static const struct icmp_type types_v4[256] = {
	[0] = { KIND_QUERY, 8 },    [8] = { KIND_QUERY, 0 },    /* echo */
	[13] = { KIND_QUERY, 14 },  [14] = { KIND_QUERY, 13 },  /* timestamp */
	[15] = { KIND_QUERY, 16 },  [16] = { KIND_QUERY, 15 },  /* information */
	[17] = { KIND_QUERY, 18 },  [18] = { KIND_QUERY, 17 },  /* address mask */
	[3] = { KIND_ERROR, 0 },    /* destination unreachable */
	[4] = { KIND_ERROR, 0 },    /* source quench */
	[5] = { KIND_ERROR, 0 },    /* redirect */
	[11] = { KIND_ERROR, 0 },   /* time exceeded */
	[12] = { KIND_ERROR, 0 },   /* parameter problem */
};

static const struct icmp_type types_v6[256] = {
	[1] = { KIND_ERROR, 0 },    /* destination unreachable */
	[2] = { KIND_ERROR, 0 },    /* packet too big */
	[3] = { KIND_ERROR, 0 },    /* time exceeded */
	[4] = { KIND_ERROR, 0 },    /* parameter problem */
	[128] = { KIND_QUERY, 129 },   [129] = { KIND_QUERY, 128 },   /* echo */
	[139] = { KIND_KEYLESS, 140 }, [140] = { KIND_KEYLESS, 139 }, /* node information */
	[130] = { KIND_CONTROL, 0 }, [131] = { KIND_CONTROL, 0 }, [132] = { KIND_CONTROL, 0 }, /* listeners */
	[133] = { KIND_CONTROL, 0 }, [134] = { KIND_CONTROL, 0 }, /* router solicitation, advertisement */
	[135] = { KIND_CONTROL, 0 }, [136] = { KIND_CONTROL, 0 }, /* neighbour solicitation, advertisement */
	[137] = { KIND_CONTROL, 0 }, /* redirect */
	[141] = { KIND_CONTROL, 0 }, [142] = { KIND_CONTROL, 0 }, /* inverse neighbour discovery */
	[143] = { KIND_CONTROL, 0 }, /* listeners, version 2 */
	[151] = { KIND_CONTROL, 0 }, [152] = { KIND_CONTROL, 0 }, [153] = { KIND_CONTROL, 0 }, /* multicast routers */
};

bool usher__pkt_icmp_is_query(uint8_t family, uint8_t type)
{
	return (family == USHER_IPV4 ? types_v4[type] : types_v6[type]).kind == KIND_QUERY;
}

uint8_t usher__pkt_icmp_read(struct pkt *p, const uint8_t *data)
{
	const struct wire_icmp *h = (const struct wire_icmp *)(const void *)(data + p->l4);
	uint8_t reason = pkt_need(p, sizeof(*h), USHER_REASON_ICMP_HEADER);
	struct icmp_type type;

	if (reason != USHER_REASON_NONE)
		return reason;
	type = p->family == USHER_IPV4 ? types_v4[h->type] : types_v6[h->type];
	p->type = p->inverse_type = h->type;
	pkt_skip(p, sizeof(*h));
	switch (type.kind) {
	case KIND_QUERY:
		p->key[0] = p->key[1] = be16_get(h->id);
		p->inverse_type = type.inverse;
		return USHER_REASON_NONE;
	case KIND_KEYLESS:
		p->inverse_type = type.inverse;
		return USHER_REASON_NONE;
	case KIND_ERROR:
		p->flags |= PKT_ICMP_ERROR;
		return USHER_REASON_NONE;
	case KIND_CONTROL:
		return USHER_REASON_ICMP_CONTROL;
	default:
		return USHER_REASON_ICMP_TYPE;
	}
}

/* An error about an error does not exist (RFC 1122 3.2.2, 4443 2.4 (e)): only queries have a tuple here. */
bool usher__pkt_icmp_head(struct pkt *p, const uint8_t *data)
{
	uint8_t reason = usher__pkt_icmp_read(p, data);
	bool error = (p->flags & PKT_ICMP_ERROR) != 0;

	p->flags &= (uint16_t)~PKT_ICMP_ERROR; /* what it quotes is not to be looked for */
	return reason == USHER_REASON_NONE && !error;
}
