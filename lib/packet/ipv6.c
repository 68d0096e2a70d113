/*
 * ipv6: the IPv6 header and the chain of extension headers.
 *
 * Owns: what is wrong with them. Invariants: at most CHAIN_MOST extension headers, each 8 bytes or more, so a chain
 * ends; never a byte beyond what is here. A chain that runs over the packet's end is malformed, in a first fragment,
 * too (RFC 7112). Sources: RFC 8200 3, 4; 2675 (jumbograms); 4291 2.5.2, 2.7 (addresses); 4302 2.2 (AH); 6275 6.1,
 * 6.3 (mobility, home address); 7401 5.1 (HIP); 5533 5.1 (shim6); 6946 (atomic fragments).
 */
#include "packet/part.h"

#include <string.h>
#include <usher/cursor.h>

#include "packet/wire.h"

enum ipv6_header {
	HEADER_HOP_BY_HOP = 0,
	HEADER_ROUTING = 43,
	HEADER_FRAGMENT = 44,
	HEADER_AUTH = 51,
	HEADER_NONE = 59,
	HEADER_DESTINATION = 60,
	HEADER_MOBILITY = 135,
	HEADER_HIP = 139,
	HEADER_SHIM6 = 140
};

#define CHAIN_MOST 10u /* headers; RFC 8200 4.1 has use for seven */

#define TLV_PAD1         0u
#define TLV_HOME_ADDRESS 0xc9u

/*
 * The beginning of every extension header. `length`: its size beyond 8 bytes in units of 8 (AH: its words of 4 less
 * 2).
 */
struct wire_extension {
	uint8_t next, length;
	be16_t fragment; /* the fragment header's: offset, two reserved bits, more */
};

#define FRAGMENT_MORE   0x0001u
#define FRAGMENT_OFFSET 0xfff8u

static bool is_extension(uint8_t protocol)
{
	switch (protocol) {
	case HEADER_HOP_BY_HOP:
	case HEADER_ROUTING:
	case HEADER_FRAGMENT:
	case HEADER_AUTH:
	case HEADER_DESTINATION:
	case HEADER_MOBILITY:
	case HEADER_HIP:
	case HEADER_SHIM6:
		return true;
	default:
		return false;
	}
}

/*
 * Mobility, HIP and shim6 are extension headers in form; with nothing behind them they are messages, the transport
 * themselves.
 */
static bool is_message(uint8_t header, uint8_t next)
{
	return next == HEADER_NONE && (header == HEADER_MOBILITY || header == HEADER_HIP || header == HEADER_SHIM6);
}

static uint32_t header_size(uint8_t header, uint8_t length)
{
	if (header == HEADER_FRAGMENT)
		return 8;
	if (header == HEADER_AUTH)
		return (length + 2u) * 4;
	return (length + 1u) * 8;
}

/* Options of a hop-by-hop or destination options header: `len` bytes of type, length, value. */
static uint8_t read_tlvs(struct pkt *p, const uint8_t *tlvs, uint32_t len)
{
	struct usher_cursor c = usher_cursor(tlvs, len);

	while (usher_cursor_left(&c) > 0) {
		uint8_t type = usher_cursor_u8(&c);

		if (type == TLV_PAD1)
			continue;
		/* The sender's home address is in the pseudo header, not the one it has now (RFC 6275 11.3.1). */
		if (type == TLV_HOME_ADDRESS)
			p->flags |= PART_SRC_ELSEWHERE;
		usher_cursor_take(&c, usher_cursor_u8(&c));
	}
	return c.bad ? USHER_REASON_IP_OPTION : USHER_REASON_NONE;
}

static void read_fragment(struct pkt *p, uint16_t part)
{
	if (part & (FRAGMENT_MORE | FRAGMENT_OFFSET))
		p->flags |= PKT_FRAGMENT; /* else it is all of the datagram: "atomic" */
	if (part & FRAGMENT_OFFSET)
		p->flags |= PART_LATER;
}

/* What the whole extension header `h` of `size` bytes has to say; p->protocol is its kind. */
static uint8_t read_header(struct pkt *p, const struct wire_extension *h, uint32_t size)
{
	const uint8_t *bytes = (const uint8_t *)h;

	switch (p->protocol) {
	case HEADER_HOP_BY_HOP:
	case HEADER_DESTINATION:
		return read_tlvs(p, bytes + 2, size - 2);
	case HEADER_ROUTING:
		if (bytes[3] != 0) /* segments left: the last of them is in the pseudo header (RFC 8200 8.1) */
			p->flags |= PART_DST_ELSEWHERE;
		return USHER_REASON_NONE;
	case HEADER_FRAGMENT:
		read_fragment(p, be16_get(h->fragment));
		return USHER_REASON_NONE;
	case HEADER_AUTH: /* three words before its check value */
		return size < 12 ? USHER_REASON_IP_OPTION : USHER_REASON_NONE;
	default:
		return USHER_REASON_NONE;
	}
}

uint8_t usher__pkt_ipv6_extensions(struct pkt *p, const uint8_t *data)
{
	uint32_t count;

	for (count = 0; is_extension(p->protocol) && !(p->flags & PART_LATER); count++) {
		const struct wire_extension *h = (const struct wire_extension *)(const void *)(data + p->l4);
		uint8_t reason = pkt_need(p, 8, USHER_REASON_IP_OPTION);
		uint32_t size;

		p->flags |= PKT_OPTIONS;
		/* Hop-by-hop comes first or not at all (RFC 8200 4.1). */
		if (count == CHAIN_MOST || (count > 0 && p->protocol == HEADER_HOP_BY_HOP))
			return USHER_REASON_IP_OPTION;
		if (reason != USHER_REASON_NONE)
			return reason;
		size = header_size(p->protocol, h->length);
		reason = pkt_need(p, size, USHER_REASON_IP_OPTION);
		if (reason == USHER_REASON_NONE)
			reason = read_header(p, h, size);
		if (reason != USHER_REASON_NONE || is_message(p->protocol, h->next))
			return reason;
		p->protocol = h->next;
		pkt_skip(p, size);
		p->l4 = p->payload;
	}
	return USHER_REASON_NONE;
}

/* From a group, or to nobody. */
static bool bad_address(const struct wire_ipv6 *h)
{
	static const uint8_t nobody[16];

	return h->src[0] == 0xff || memcmp(h->dst, nobody, sizeof(nobody)) == 0;
}

uint8_t usher__pkt_ipv6(struct pkt *p, const uint8_t *data, uint32_t len, uint32_t wire_len, unsigned flags)
{
	const struct wire_ipv6 *h = (const struct wire_ipv6 *)(const void *)data;
	uint32_t total;

	if (len < sizeof(*h))
		return usher__pkt_nothing(p, wire_len,
			wire_len < sizeof(*h) ? USHER_REASON_IP_HEADER : USHER_REASON_IP_TRUNCATED);
	p->protocol = h->next;
	total = be16_get(h->payload) + (uint32_t)sizeof(*h);
	/*
	 * No payload, but something is said to be behind: a jumbogram; or what a host that leaves the cutting to its
	 * card shows.
	 */
	if ((total == sizeof(*h) && h->next != HEADER_NONE) || ((flags & PKT_GSO) && total < wire_len)) {
		total = wire_len;
		p->flags |= PART_SUPER;
	}
	if (total < sizeof(*h) || total > wire_len)
		return usher__pkt_nothing(p, wire_len, USHER_REASON_IP_HEADER);
	pkt_enter(p, sizeof(*h), total, len);
	if (bad_address(h))
		return USHER_REASON_IP_ADDRESS;
	return usher__pkt_ipv6_extensions(p, data);
}
