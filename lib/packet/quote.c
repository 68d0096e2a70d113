/*
 * quote: the packet that an ICMP error quotes.
 *
 * Owns: how much is to be believed of it. It was written by a router out of a packet that it could not forward: its
 * end is missing, its checksums cannot be verified, and old routers changed its total length. So its lengths are no
 * faults, but what is not here is not read. Invariant: the offsets are relative to its beginning and lie inside the
 * bytes given. Sources: RFC 792, 1122 3.2.2, 4443 2.4, 4884 (a quote with extensions behind it says how long it is),
 * 5927 2.
 */
#include "packet/part.h"

#include <string.h>

#include "packet/wire.h"

#define EXTENDED_QUOTE_LEAST 128u /* RFC 4884 4: padded to this */

/* What RFC 4884's length field says, in bytes; 0: nothing. `icmp` points at the 8 bytes of the error. */
static uint32_t quote_length(uint8_t family, const uint8_t *icmp)
{
	if (family == USHER_IPV4)
		return icmp[0] == 3 || icmp[0] == 11 || icmp[0] == 12 ? icmp[5] * 4u : 0;
	return icmp[0] == 1 || icmp[0] == 3 ? icmp[4] * 8u : 0;
}

/*
 * As pkt_enter; but a `total` too short to be true is not believed: the router left the header out, or swapped its
 * bytes.
 */
static void enter(struct pkt *p, uint32_t header, uint32_t total, uint32_t have)
{
	pkt_enter(p, header, total < header + 8 ? have : total, have);
}

static bool read_ipv4(struct pkt *p, const uint8_t *data, uint32_t have)
{
	const struct wire_ipv4 *h = (const struct wire_ipv4 *)(const void *)data;
	uint32_t size;
	uint16_t part;

	if (have < sizeof(*h) || h->version_ihl >> 4 != USHER_IPV4)
		return false;
	p->family = USHER_IPV4;
	p->protocol = h->protocol;
	size = (h->version_ihl & 15u) * 4;
	if (size < sizeof(*h) || size > have)
		return false;
	enter(p, size, be16_get(h->total), have);
	part = be16_get(h->fragment);
	if (size > sizeof(*h))
		p->flags |= PKT_OPTIONS;
	if (part & (WIRE_IPV4_MF | WIRE_IPV4_OFFSET))
		p->flags |= PKT_FRAGMENT;
	return (part & WIRE_IPV4_OFFSET) == 0;
}

static bool read_ipv6(struct pkt *p, const uint8_t *data, uint32_t have)
{
	const struct wire_ipv6 *h = (const struct wire_ipv6 *)(const void *)data;

	if (have < sizeof(*h) || be32_get(h->version_class_flow) >> 28 != USHER_IPV6)
		return false;
	p->family = USHER_IPV6;
	p->protocol = h->next;
	enter(p, sizeof(*h), be16_get(h->payload) + (uint32_t)sizeof(*h), have);
	return usher__pkt_ipv6_extensions(p, data) == USHER_REASON_NONE && !(p->flags & PART_LATER);
}

bool usher__pkt_decode_quoted(struct pkt *p, const struct pkt *outer, const uint8_t *data, uint32_t len,
	uint32_t *offset)
{
	const uint8_t *inner;
	uint32_t have = outer->payload_have, said;
	bool told;

	memset(p, 0, sizeof(*p));
	p->reason = USHER_REASON_ICMP_QUOTE;
	*offset = 0;
	if (outer->reason != USHER_REASON_NONE || !(outer->flags & PKT_ICMP_ERROR) || outer->payload > len)
		return false;
	inner = data + outer->payload;
	if (have > len - outer->payload)
		have = len - outer->payload;
	said = quote_length(outer->family, data + outer->l4);
	if (said >= EXTENDED_QUOTE_LEAST && said < have)
		have = said;
	*offset = outer->payload;
	told = outer->family == USHER_IPV4 ? read_ipv4(p, inner, have) : read_ipv6(p, inner, have);
	told = told && usher__pkt_head(p, inner);
	p->flags &= (uint16_t)~PART_FLAGS;
	if (told)
		p->reason = USHER_REASON_NONE;
	return told;
}
