/*
 * ipv4: the IPv4 header and its options.
 *
 * Owns: what is wrong with one. Order of judgement: lengths, then the header's checksum, then options, then
 * addresses; what a wrong checksum covers is not looked at further. Invariant: never a byte beyond the header.
 * Sources: RFC 791 3.1; 1122 3.2.1.3 (addresses), 3.2.1.8 (source routes).
 */
#include "packet/part.h"

#include <usher/cursor.h>

#include "packet/wire.h"

enum ipv4_option { OPTION_END = 0, OPTION_NOP = 1, OPTION_LOOSE_ROUTE = 131, OPTION_STRICT_ROUTE = 137 };

static uint8_t read_options(struct pkt *p, const uint8_t *options, uint32_t len)
{
	struct usher_cursor c = usher_cursor(options, len);

	while (usher_cursor_left(&c) > 0) {
		uint8_t kind = usher_cursor_u8(&c), size;
		const uint8_t *value;

		if (kind == OPTION_END)
			break;
		if (kind == OPTION_NOP)
			continue;
		size = usher_cursor_u8(&c); /* counts kind and size, too; 0 and 1 wrap to what never fits */
		value = usher_cursor_take(&c, size - 2u);
		/*
		 * A pointer that is not beyond the route: more hops to come, and the last of them is in the pseudo
		 * header.
		 */
		if (value && size > 2 && (kind == OPTION_LOOSE_ROUTE || kind == OPTION_STRICT_ROUTE) &&
			value[0] <= size)
			p->flags |= PART_DST_ELSEWHERE;
	}
	return c.bad ? USHER_REASON_IP_OPTION : USHER_REASON_NONE;
}

/* Multicast, or everybody: nobody speaks from there. */
static bool bad_source(const uint8_t *src)
{
	return (src[0] & 0xf0) == 0xe0 || be32_read(src) == 0xffffffffu;
}

uint8_t usher__pkt_ipv4(struct pkt *p, const uint8_t *data, uint32_t len, uint32_t wire_len, unsigned flags)
{
	const struct wire_ipv4 *h = (const struct wire_ipv4 *)(const void *)data;
	uint32_t size, total;
	uint16_t part;

	if (len < sizeof(*h))
		return usher__pkt_nothing(p, wire_len,
			wire_len < sizeof(*h) ? USHER_REASON_IP_HEADER : USHER_REASON_IP_TRUNCATED);
	p->protocol = h->protocol;
	size = (h->version_ihl & 15u) * 4;
	total = be16_get(h->total);
	/* 0 is what a host that leaves the cutting to its card (TSO) shows to a capture on itself. */
	if (total == 0 || ((flags & PKT_GSO) && total < wire_len)) {
		total = wire_len;
		p->flags |= PART_SUPER;
	}
	if (size < sizeof(*h) || total < size || total > wire_len)
		return usher__pkt_nothing(p, wire_len, USHER_REASON_IP_HEADER);
	if (len < size)
		return usher__pkt_nothing(p, wire_len, USHER_REASON_IP_TRUNCATED);
	pkt_enter(p, size, total, len);
	if ((flags & PKT_VERIFY) && !(p->flags & PART_SUPER) && usher__csum_fold(usher__csum_add(0, data, size)) != 0)
		return USHER_REASON_IP_CHECKSUM;
	if (size > sizeof(*h)) {
		p->flags |= PKT_OPTIONS;
		if (read_options(p, data + sizeof(*h), size - (uint32_t)sizeof(*h)) != USHER_REASON_NONE)
			return USHER_REASON_IP_OPTION;
	}
	if (bad_source(h->src))
		return USHER_REASON_IP_ADDRESS;
	part = be16_get(h->fragment);
	if (part & (WIRE_IPV4_MF | WIRE_IPV4_OFFSET))
		p->flags |= PKT_FRAGMENT;
	if (part & WIRE_IPV4_OFFSET)
		p->flags |= PART_LATER;
	return USHER_REASON_NONE;
}
