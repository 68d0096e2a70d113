/*
 * rewrite: addresses and keys of a packet, and of the packet that an ICMP error quotes.
 *
 * Owns: the list of the transports whose checksum covers a pseudo header or whose keys may be changed, and a shortcut
 * for the packets that nearly all are: TCP and UDP with their header there and nothing between it and the IP header.
 * The shortcut decides nothing of its own: the long way writes the same bytes, and the tests compare the two.
 * Invariants: rewrite.h's; what was changed is summed where it is changed, nothing is summed twice.
 */
#include "packet/rewrite.h"

#include <stddef.h>
#include <string.h>

#include "packet/crc32c.h"
#include "packet/delta.h"
#include "packet/part.h"
#include "packet/wire.h"

enum keys {
	KEYS_NONE = 0,
	KEYS_PORTS, /* two words at the beginning */
	KEYS_ID,    /* ICMP queries */
	KEYS_CALL   /* enhanced GRE: the receiver's */
};

#define NO_CHECKSUM 0xffu

/* UDP and UDP-Lite never send a checksum of 0: UDP's means that there is none, also over IPv6 (RFC 6935). */
static const struct transport {
	uint8_t protocol;
	uint8_t family;   /* 0: both */
	uint8_t checksum; /* offset of the field, or NO_CHECKSUM */
	uint8_t keys;     /* enum keys */
	bool pseudo;      /* the checksum covers a pseudo header */
	bool never_zero;
} transports[] = {
	{ USHER_TCP, 0, offsetof(struct wire_tcp, checksum), KEYS_PORTS, true, false },
	{ USHER_UDP, 0, offsetof(struct wire_udp, checksum), KEYS_PORTS, true, true },
	{ WIRE_UDP_LITE, 0, offsetof(struct wire_udp, checksum), KEYS_PORTS, true, true }, /* RFC 3828 3.1 */
	{ WIRE_DCCP, 0, offsetof(struct wire_dccp, checksum), KEYS_PORTS, true, false },
	{ WIRE_SCTP, 0, NO_CHECKSUM, KEYS_PORTS, false, false },                           /* see set_ports_sctp */
	{ USHER_ICMP, USHER_IPV4, offsetof(struct wire_icmp, checksum), KEYS_ID, false, false },
	{ USHER_ICMPV6, USHER_IPV6, offsetof(struct wire_icmp, checksum), KEYS_ID, true, false },
	{ USHER_GRE, 0, NO_CHECKSUM, KEYS_CALL, false, false },
	{ WIRE_HIP, 0, 4, KEYS_NONE, true, false },                                        /* RFC 7401 5.1 */
	{ WIRE_MOBILITY, USHER_IPV6, 4, KEYS_NONE, true, false },                          /* RFC 6275 6.1.1 */
};

static const struct transport *find_transport(const struct pkt *p)
{
	size_t i;

	for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
		if (transports[i].protocol == p->protocol &&
			(transports[i].family == 0 || transports[i].family == p->family))
			return &transports[i];
	return NULL;
}

static inline uint64_t set_word32(uint8_t *at, uint32_t word)
{
	uint64_t delta = delta_word32(delta_load32(at), word);

	memcpy(at, &word, sizeof(word));
	return delta;
}

static inline uint64_t set_word16(uint8_t *at, uint16_t value)
{
	uint16_t before = delta_load16(at);

	be16_write(at, value);
	return delta_word16(before, delta_load16(at));
}

static inline uint64_t set_ports(uint8_t *l4, const struct pkt_rewrite *to)
{
	uint64_t delta = set_word16(l4, to->src_key);

	return delta + set_word16(l4 + 2, to->dst_key);
}

static inline uint64_t set_address4(uint8_t *at, const uint8_t *address)
{
	return set_word32(at, delta_load32(address));
}

static inline uint64_t set_address6(uint8_t *at, const uint8_t *address)
{
	uint64_t delta = delta_bytes16(at, address);

	memcpy(at, address, 16);
	return delta;
}

/* Both addresses of IPv4, with the header's checksum. */
static inline uint64_t set_addresses4(uint8_t *data, const struct pkt_rewrite *to)
{
	struct wire_ipv4 *h = (struct wire_ipv4 *)(void *)data;
	uint64_t delta = set_address4(h->src, to->src) + set_address4(h->dst, to->dst);

	delta_apply(h->checksum.byte, delta);
	return delta;
}

static inline uint64_t set_addresses6(uint8_t *data, const struct pkt_rewrite *to)
{
	struct wire_ipv6 *h = (struct wire_ipv6 *)(void *)data;

	return set_address6(h->src, to->src) + set_address6(h->dst, to->dst);
}

/* The checksum field of a transport after `addresses` and `keys` have changed. */
static inline void set_checksum(uint8_t *at, uint64_t addresses, uint64_t keys, bool never_zero, bool partial)
{
	uint16_t field = delta_load16(at);

	if (never_zero && field == 0)
		return;
	field = delta_field(field, addresses + (partial ? 0 : keys), partial ? 0 : 0xffff);
	if (never_zero && field == 0)
		field = 0xffff;
	memcpy(at, &field, sizeof(field));
}

/* The part of the address change that the transport's checksum has seen: not that of a hop, or of a care-of address. */
static uint64_t set_addresses_on_a_way(uint8_t *data, const struct pkt *p, const struct pkt_rewrite *to)
{
	uint8_t *src_at = data + PKT_SRC_OFFSET(p->family), *dst_at = data + PKT_DST_OFFSET(p->family);
	unsigned found = usher__pkt_found(p, data);
	uint64_t src, dst;

	if (p->family == USHER_IPV4) {
		src = set_address4(src_at, to->src);
		dst = set_address4(dst_at, to->dst);
		delta_apply(data + offsetof(struct wire_ipv4, checksum), src + dst);
	} else {
		src = set_address6(src_at, to->src);
		dst = set_address6(dst_at, to->dst);
	}
	return (found & PART_SRC_ELSEWHERE ? 0 : src) + (found & PART_DST_ELSEWHERE ? 0 : dst);
}

static uint64_t set_addresses(uint8_t *data, const struct pkt *p, const struct pkt_rewrite *to)
{
	if (p->flags & PKT_OPTIONS)
		return set_addresses_on_a_way(data, p, to);
	return p->family == USHER_IPV4 ? set_addresses4(data, to) : set_addresses6(data, to);
}

/* SCTP: the CRC covers the whole packet, and no pseudo header. A fragment does not tell how long that is. */
static void set_ports_sctp(uint8_t *data, const struct pkt *p, const struct pkt_rewrite *to, bool partial)
{
	struct wire_sctp *h = (struct wire_sctp *)(void *)(data + p->l4);
	uint32_t len = p->payload + p->payload_len - p->l4, have = p->payload + p->payload_have - p->l4, crc, i;
	be16_t ports[2] = { h->src, h->dst };

	set_ports(data + p->l4, to);
	if (have < sizeof(*h) || (p->flags & PKT_FRAGMENT) || (partial && have < len))
		return;
	if (partial) {
		memset(h->crc, 0, sizeof(h->crc));
		crc = usher__crc32c(0, h, len);
	} else {
		crc = h->crc[0] | (uint32_t)h->crc[1] << 8 | (uint32_t)h->crc[2] << 16 | (uint32_t)h->crc[3] << 24;
		crc ^= usher__crc32c_change(ports, h, sizeof(ports), len - (uint32_t)sizeof(ports));
	}
	for (i = 0; i < sizeof(h->crc); i++)
		h->crc[i] = (uint8_t)(crc >> 8 * i);
}

/* The keys, where the decoder has read some: then the transport's first 8 bytes are there. */
static uint64_t set_keys(uint8_t *data, const struct pkt *p, const struct pkt_rewrite *to, const struct transport *t)
{
	uint8_t *l4 = data + p->l4;

	if (p->payload < p->l4 + 8)
		return 0;
	switch ((enum keys)t->keys) {
	case KEYS_PORTS:
		return set_ports(l4, to);
	case KEYS_ID:
		return usher__pkt_icmp_is_query(p->family, p->type) ?
			       set_word16(l4 + offsetof(struct wire_icmp, id), to->src_key) : 0;
	case KEYS_CALL:
		return p->flags & PKT_ONE_WAY ? set_word16(l4 + offsetof(struct wire_gre1, call), to->dst_key) : 0;
	default:
		return 0;
	}
}

/* The long way, for every packet. */
PKT_APART static void translate_any(uint8_t *data, const struct pkt *p, const struct pkt_rewrite *to, bool partial)
{
	const struct transport *t = find_transport(p);
	uint32_t have = p->payload + p->payload_have - p->l4;
	bool later = (p->flags & PKT_FRAGMENT) && usher__pkt_is_later(data, p);
	uint64_t addresses, keys;

	if (p->l4 == 0)
		return; /* not even the IP header is whole */
	addresses = set_addresses(data, p, to);
	if (!t || later)
		return;
	if (p->protocol == WIRE_SCTP) {
		if (p->payload >= p->l4 + 8)
			set_ports_sctp(data, p, to, partial);
		return;
	}
	keys = set_keys(data, p, to, t);
	if (t->checksum == NO_CHECKSUM || have < t->checksum + 2u)
		return;
	set_checksum(data + p->l4 + t->checksum, t->pseudo ? addresses : 0, keys, t->never_zero, partial);
}

void usher__pkt_translate(uint8_t *data, const struct pkt *p, const struct pkt_rewrite *to, bool partial)
{
	uint32_t header = p->payload - p->l4;
	uint8_t *l4 = data + p->l4;
	uint64_t addresses;

	if (PKT_RARELY(p->flags & PKT_OPTIONS)) {
		translate_any(data, p, to, partial);
	} else if (p->protocol == USHER_TCP && header >= sizeof(struct wire_tcp)) {
		addresses = p->family == USHER_IPV4 ? set_addresses4(data, to) : set_addresses6(data, to);
		set_checksum(l4 + offsetof(struct wire_tcp, checksum), addresses, set_ports(l4, to), false, partial);
	} else if (p->protocol == USHER_UDP && header >= sizeof(struct wire_udp)) {
		addresses = p->family == USHER_IPV4 ? set_addresses4(data, to) : set_addresses6(data, to);
		set_checksum(l4 + offsetof(struct wire_udp, checksum), addresses, set_ports(l4, to), true, partial);
	} else {
		translate_any(data, p, to, partial);
	}
}

void usher__pkt_set_id(uint8_t *data, uint16_t id)
{
	struct wire_ipv4 *h = (struct wire_ipv4 *)(void *)data;

	delta_apply(h->checksum.byte, set_word16(h->id.byte, id));
}

bool usher__pkt_is_later(const uint8_t *data, const struct pkt *p)
{
	return (p->flags & PKT_FRAGMENT) && (usher__pkt_found(p, data) & PART_LATER);
}

/* What of a quoted packet changes: its IP header without options, and what a TCP header has at most without its own. */
#define CHANGES_MOST (sizeof(struct wire_ipv6) + sizeof(struct wire_tcp))

static void copy_changes(uint8_t *to, const uint8_t *inner, const struct pkt *p)
{
	uint32_t have = p->payload + p->payload_have - p->l4, most = sizeof(struct wire_tcp);
	uint32_t header = p->family == USHER_IPV4 ? sizeof(struct wire_ipv4) : sizeof(struct wire_ipv6);

	memset(to, 0, CHANGES_MOST);
	memcpy(to, inner, header);
	memcpy(to + sizeof(struct wire_ipv6), inner + p->l4, have < most ? have : most);
}

static void shift_seq(uint8_t *inner, const struct pkt *p, uint32_t shift)
{
	struct wire_tcp *h = (struct wire_tcp *)(void *)(inner + p->l4);
	uint32_t have = p->payload + p->payload_have - p->l4, before = delta_load32(&h->seq);

	be32_put(&h->seq, be32_get(h->seq) + shift);
	if (have >= offsetof(struct wire_tcp, checksum) + sizeof(h->checksum))
		delta_apply(h->checksum.byte, delta_word32(before, delta_load32(&h->seq)));
}

/* The quote itself; returns what it does to the error's checksum. */
static uint64_t translate_inner(uint8_t *inner, const struct pkt_quote *quote)
{
	uint8_t before[CHANGES_MOST], after[CHANGES_MOST];

	copy_changes(before, inner, quote->p);
	usher__pkt_translate(inner, quote->p, &quote->to, false);
	if (quote->p->protocol == USHER_TCP && quote->seq_shift)
		shift_seq(inner, quote->p, quote->seq_shift);
	copy_changes(after, inner, quote->p);
	return delta_bytes(before, after, CHANGES_MOST);
}

void usher__pkt_translate_quote(uint8_t *data, const struct pkt *outer, const struct pkt_rewrite *outer_to,
	const struct pkt_quote *quote, bool partial)
{
	uint64_t addresses = set_addresses(data, outer, outer_to);
	uint64_t message = translate_inner(data + quote->at, quote);

	if (outer->family == USHER_IPV4)
		addresses = 0; /* ICMP has no pseudo header */
	set_checksum(data + outer->l4 + offsetof(struct wire_icmp, checksum), addresses, message, false, partial);
}
