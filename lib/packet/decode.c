/*
 * decode: one IP packet -> its struct pkt.
 *
 * Owns: the list of the transport protocols that have more than addresses; the way through a packet's headers; and a
 * shortcut for the packets that nearly all are: IPv4 without options or IPv6 without extensions, whole, then TCP or
 * UDP. The shortcut decides nothing of its own: it knows when all of what the long way looks for is absent, and
 * writes the same struct pkt; tests and the fuzzer compare the two. It is the hottest code of usher, so it stays in
 * this file, without a call and without a table.
 *
 * Invariants: part.h's, at every step. A packet that was cut is IP_TRUNCATED where a byte is missing that must be
 * read, and no other reason is given for what such a byte might have said. Sources: packet.h's.
 */
#include "packet/part.h"

#include <string.h>

#include "packet/wire.h"

/* What a checksum is made of, and what a field of 0 says. */
enum part_sum {
	SUM_PLAIN = 0,  /* no pseudo header */
	SUM_PSEUDO,
	SUM_OPTIONAL,   /* pseudo header; 0 is none: allowed over IPv4 */
	SUM_NEVER_ZERO, /* pseudo header; 0 is wrong: RFC 3828 3.1 */
	SUM_CRC         /* SCTP's */
};

/* ICMP in the other family's IP is like any protocol that is not here: addresses alone. */
static const struct part {
	uint8_t protocol;
	uint8_t family;       /* 0: both */
	uint8_t bad_checksum; /* enum usher_reason; NONE: it has none that is looked at */
	uint8_t sum;          /* enum part_sum */
	uint8_t (*read)(struct pkt *p, const uint8_t *data);
	bool (*head)(struct pkt *p, const uint8_t *data);
	uint32_t (*covered)(const struct pkt *p, const uint8_t *data); /* NULL: the checksum covers all */
} parts[] = {
	{ USHER_TCP, 0, USHER_REASON_TCP_CHECKSUM, SUM_PSEUDO, usher__pkt_tcp_read, usher__pkt_tcp_head, NULL },
	{ USHER_UDP, 0, USHER_REASON_UDP_CHECKSUM, SUM_OPTIONAL, usher__pkt_udp_read, usher__pkt_udp_head, NULL },
	{ USHER_ICMP, USHER_IPV4, USHER_REASON_ICMP_CHECKSUM, SUM_PLAIN,
	  usher__pkt_icmp_read, usher__pkt_icmp_head, NULL },
	{ USHER_ICMPV6, USHER_IPV6, USHER_REASON_ICMP_CHECKSUM, SUM_PSEUDO,
	  usher__pkt_icmp_read, usher__pkt_icmp_head, NULL },
	{ USHER_GRE, 0, USHER_REASON_NONE, SUM_PLAIN, usher__pkt_gre_read, usher__pkt_gre_head, NULL },
	{ WIRE_SCTP, 0, USHER_REASON_SCTP_CHECKSUM, SUM_CRC, usher__pkt_sctp_read, usher__pkt_sctp_head, NULL },
	{ WIRE_DCCP, 0, USHER_REASON_DCCP_CHECKSUM, SUM_PSEUDO,
	  usher__pkt_dccp_read, usher__pkt_dccp_head, usher__pkt_dccp_covered },
	{ WIRE_UDP_LITE, 0, USHER_REASON_UDPLITE_CHECKSUM, SUM_NEVER_ZERO,
	  usher__pkt_udplite_read, usher__pkt_udp_head, usher__pkt_udplite_covered },
};

static const struct part *find_part(const struct pkt *p)
{
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].protocol == p->protocol && (parts[i].family == 0 || parts[i].family == p->family))
			return &parts[i];
	return NULL;
}

bool usher__pkt_head(struct pkt *p, const uint8_t *data)
{
	const struct part *part = find_part(p);

	return part ? part->head(p, data) : true;
}

uint8_t usher__pkt_nothing(struct pkt *p, uint32_t wire_len, uint8_t reason)
{
	p->l4 = p->payload = p->payload_len = p->payload_have = 0;
	p->ip_len = wire_len;
	if (reason == USHER_REASON_IP_TRUNCATED)
		p->flags |= PKT_TRUNCATED;
	return reason;
}

/* The transport checksum over all that the header claims, which is here. */
static uint8_t verify(struct pkt *p, const uint8_t *data, const struct part *part)
{
	/* To the end of the payload, not of the packet: a UDP datagram may end before. */
	uint32_t len = p->payload + p->payload_len - p->l4, sum = 0;
	uint32_t covered = part->covered ? part->covered(p, data) : len;
	bool fits;

	if ((part->sum == SUM_OPTIONAL || part->sum == SUM_NEVER_ZERO) &&
		be16_read(data + p->l4 + offsetof(struct wire_udp, checksum)) == 0) {
		/* RFC 8200 8.1; what RFC 6935 allows to tunnels looks the same */
		if (p->family == USHER_IPV6 || part->sum == SUM_NEVER_ZERO)
			return part->bad_checksum;
		p->flags |= PKT_CSUM_CHECKED; /* all there is to check */
		return USHER_REASON_NONE;
	}
	if (part->sum == SUM_CRC) {
		fits = usher__pkt_sctp_crc_fits(data + p->l4, len);
	} else {
		if (part->sum != SUM_PLAIN)
			sum = usher__csum_pseudo(p->family, data, p->protocol, len);
		fits = usher__csum_fold(usher__csum_add(sum, data + p->l4, covered)) == 0;
	}
	if (!fits)
		return part->bad_checksum;
	p->flags |= PKT_CSUM_CHECKED;
	return USHER_REASON_NONE;
}

static uint8_t read_transport(struct pkt *p, const uint8_t *data, unsigned flags)
{
	const struct part *part = find_part(p);
	uint8_t reason = part ? part->read(p, data) : USHER_REASON_NONE, sum = USHER_REASON_NONE;
	/* A super-packet's checksum is made when it is cut; that of a source route's hop is of other addresses. */
	bool can = part && part->bad_checksum != USHER_REASON_NONE && p->payload_have == p->payload_len &&
		   !(p->flags & (PART_SUPER | PART_ELSEWHERE)) && !(flags & PKT_GSO);

	if (!can || !(flags & PKT_VERIFY) || (flags & PKT_CSUM_GOOD))
		return reason;
	/* A message that will not be tracked may yet be corrupt; of a broken header the sum would say nothing. */
	if (reason == USHER_REASON_NONE || reason == USHER_REASON_ICMP_TYPE || reason == USHER_REASON_ICMP_CONTROL)
		sum = verify(p, data, part);
	return sum != USHER_REASON_NONE ? sum : reason;
}

/* The long way, for every packet. */
PKT_APART static void decode_any(struct pkt *p, const uint8_t *data, uint32_t len, uint32_t wire_len, unsigned flags)
{
	uint8_t version = len == 0 ? 0 : data[0] >> 4, reason;

	memset(p, 0, sizeof(*p));
	p->flags = flags & PKT_CSUM_GOOD ? PKT_CSUM_CHECKED : 0;
	if (version == USHER_IPV4 || version == USHER_IPV6)
		p->family = version;
	if (version == USHER_IPV4)
		reason = usher__pkt_ipv4(p, data, len, wire_len, flags);
	else if (version == USHER_IPV6)
		reason = usher__pkt_ipv6(p, data, len, wire_len, flags);
	else
		reason = usher__pkt_nothing(p, wire_len, len < wire_len && len == 0 ? USHER_REASON_IP_TRUNCATED :
										     USHER_REASON_IP_VERSION);
	if (reason == USHER_REASON_NONE && (p->flags & PKT_FRAGMENT)) {
		if (!(p->flags & PART_LATER))
			(void)usher__pkt_head(p, data);
		reason = USHER_REASON_FRAGMENT;
	} else if (reason == USHER_REASON_NONE) {
		reason = read_transport(p, data, flags);
	}
	p->flags &= (uint16_t)~PART_FLAGS;
	p->reason = reason;
}

unsigned usher__pkt_found(const struct pkt *p, const uint8_t *data)
{
	struct pkt again = { .family = p->family };
	uint32_t behind = sizeof(struct wire_ipv6);

	if (p->family == USHER_IPV4) {
		(void)usher__pkt_ipv4(&again, data, p->l4, UINT32_MAX, 0);
	} else if (p->family == USHER_IPV6 && p->l4 > behind) {
		again.protocol = data[offsetof(struct wire_ipv6, next)];
		again.l4 = again.payload = behind;
		again.payload_len = again.payload_have = p->l4 - behind;
		(void)usher__pkt_ipv6_extensions(&again, data);
	}
	return again.flags & (PART_LATER | PART_ELSEWHERE);
}

/* Two keys as struct pkt has them side by side. */
static inline uint32_t both_keys(uint16_t src, uint16_t dst)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return src | (uint32_t)dst << 16;
#else
	return (uint32_t)src << 16 | dst;
#endif
}

/* The shortcut's end: `total` bytes, all here, behind an IP header of `l4` bytes; at least 8 of them are transport. */
static inline bool short_tcp(struct pkt *restrict p, const uint8_t *restrict data, uint32_t l4, uint32_t total,
	unsigned flags)
{
	const struct wire_tcp *h = (const struct wire_tcp *)(const void *)(data + l4);
	uint32_t payload;

	if (PKT_RARELY(total < l4 + sizeof(*h)))
		return false;
	payload = l4 + (h->offset >> 4) * 4u;
	if (PKT_RARELY(payload < l4 + sizeof(*h) || payload > total))
		return false;
	*p = (struct pkt){
		.family = l4 == sizeof(struct wire_ipv4) ? USHER_IPV4 : USHER_IPV6,
		.protocol = USHER_TCP,
		.tcp_flags = h->flags,
		.flags = flags & PKT_CSUM_GOOD ? PKT_CSUM_CHECKED : 0,
		.keys = both_keys(be16_get(h->src), be16_get(h->dst)),
		.l4 = l4,
		.payload = payload,
		.payload_len = total - payload,
		.payload_have = total - payload,
		.ip_len = total,
	};
	return true;
}

static inline bool short_udp(struct pkt *restrict p, const uint8_t *restrict data, uint32_t l4, uint32_t total,
	unsigned flags)
{
	const struct wire_udp *h = (const struct wire_udp *)(const void *)(data + l4);
	uint32_t length = be16_get(h->length);

	if (PKT_RARELY(length < sizeof(*h) || length > total - l4))
		return false;
	*p = (struct pkt){
		.family = l4 == sizeof(struct wire_ipv4) ? USHER_IPV4 : USHER_IPV6,
		.protocol = USHER_UDP,
		.flags = flags & PKT_CSUM_GOOD ? PKT_CSUM_CHECKED : 0,
		.keys = both_keys(be16_get(h->src), be16_get(h->dst)),
		.l4 = l4,
		.payload = l4 + (uint32_t)sizeof(*h),
		.payload_len = length - (uint32_t)sizeof(*h),
		.payload_have = length - (uint32_t)sizeof(*h),
		.ip_len = total,
	};
	return true;
}

static inline bool short_ipv4(struct pkt *restrict p, const uint8_t *restrict data, uint32_t len, unsigned flags)
{
	const struct wire_ipv4 *h = (const struct wire_ipv4 *)(const void *)data;
	uint32_t total = be16_get(h->total);

	/* From 224.0.0.0 on a source is not ordinary: most of them are nobody's. */
	if (PKT_RARELY(total > len || total < sizeof(*h) + 8 || h->src[0] >= 224))
		return false;
	if (PKT_RARELY(be16_get(h->fragment) & (WIRE_IPV4_MF | WIRE_IPV4_OFFSET)))
		return false;
	if (h->protocol == USHER_TCP)
		return short_tcp(p, data, sizeof(*h), total, flags);
	return h->protocol == USHER_UDP && short_udp(p, data, sizeof(*h), total, flags);
}

static inline bool short_ipv6(struct pkt *restrict p, const uint8_t *restrict data, uint32_t len, unsigned flags)
{
	const struct wire_ipv6 *h = (const struct wire_ipv6 *)(const void *)data;
	uint32_t total = be16_get(h->payload) + (uint32_t)sizeof(*h);

	/* A destination that begins with 0 is not ordinary: one of them is nobody. */
	if (PKT_RARELY(total > len || total < sizeof(*h) + 8 || h->src[0] == 0xff || h->dst[0] == 0))
		return false;
	if (h->next == USHER_TCP)
		return short_tcp(p, data, sizeof(*h), total, flags);
	return h->next == USHER_UDP && short_udp(p, data, sizeof(*h), total, flags);
}

void usher__pkt_decode(struct pkt *p, const uint8_t *data, uint32_t len, uint32_t wire_len, unsigned flags)
{
	/* Any flag but CSUM_GOOD asks for what only the long way does. 48 bytes: the least of IPv6 with UDP. */
	if (len >= sizeof(struct wire_ipv6) + sizeof(struct wire_udp) && (flags & ~(unsigned)PKT_CSUM_GOOD) == 0) {
		if (data[0] == 0x45 && short_ipv4(p, data, len, flags))
			return;
		if (data[0] >> 4 == USHER_IPV6 && short_ipv6(p, data, len, flags))
			return;
	}
	decode_any(p, data, len, wire_len, flags);
}
