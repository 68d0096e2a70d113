/*
 * part: what the files of lib/packet say to each other. Nobody else includes this.
 *
 * Owns: how a decode goes on. The struct pkt itself is the place of work: the IP layer leaves `l4`, and in payload,
 * payload_len and payload_have all that is behind the IP headers; the transport layer then takes its own header off
 * with pkt_skip. So a part needs the struct pkt and the bytes and nothing else. A part gives an enum usher_reason.
 * Invariants at each step: payload_have <= payload_len, payload + payload_have <= the bytes given.
 */
#ifndef USHER_PACKET_PART_H
#define USHER_PACKET_PART_H

#include "packet/packet.h"

#if defined(__GNUC__)
#define PKT_RARELY(condition) __builtin_expect(!!(condition), 0)
#define PKT_COLD __attribute__((cold))
#define PKT_APART __attribute__((noinline)) /* keeps its registers out of the caller's prologue */
#else
#define PKT_RARELY(condition) (condition)
#define PKT_COLD
#define PKT_APART
#endif

/* Found out on the way and noted in p->flags beside enum pkt_flags; gone when the decode is over. */
enum part_flags {
	PART_LATER = 0x1000,         /* a fragment that does not begin the datagram: no transport header */
	PART_SUPER = 0x2000,         /* the length field does not tell: a super-packet, a jumbogram; no checksum fits */
	PART_SRC_ELSEWHERE = 0x4000, /* the transport checksum is made of another source: its home address */
	PART_DST_ELSEWHERE = 0x8000, /* ... of another destination: this one is a hop of a source route */
	PART_ELSEWHERE = PART_SRC_ELSEWHERE | PART_DST_ELSEWHERE,
	PART_FLAGS = PART_LATER | PART_SUPER | PART_ELSEWHERE
};

/*
 * The flags PART_LATER and PART_ELSEWHERE that a decode has found on its way, found once more: for who changes a packet
 * afterwards. Reads nothing behind p->l4.
 */
unsigned usher__pkt_found(const struct pkt *p, const uint8_t *data);

/* `len` bytes of what was the payload are header. The caller knows that they are here. */
static inline void pkt_skip(struct pkt *p, uint32_t len)
{
	p->payload += len;
	p->payload_len -= len;
	p->payload_have -= len;
}

/*
 * NONE when `len` bytes are here; else why not: `malformed` when the packet ends before by its own word, or it was
 * cut.
 */
static inline uint8_t pkt_need(const struct pkt *p, uint32_t len, uint8_t malformed)
{
	if (len > p->payload_len)
		return malformed;
	return len > p->payload_have ? USHER_REASON_IP_TRUNCATED : USHER_REASON_NONE;
}

/*
 * An IP header of `header` bytes, all here, in a packet of `total`, of which `len` are here: on to what is behind it.
 */
static inline void pkt_enter(struct pkt *p, uint32_t header, uint32_t total, uint32_t len)
{
	p->l4 = p->payload = header;
	p->ip_len = total;
	p->payload_len = total - header;
	p->payload_have = (len < total ? len : total) - header;
	if (len < total)
		p->flags |= PKT_TRUNCATED;
}

/* It ends within the IP header, or its lengths cannot be: there is nothing to be pointed at. Gives `reason`. */
PKT_COLD uint8_t usher__pkt_nothing(struct pkt *p, uint32_t wire_len, uint8_t reason);

/*
 * The IP header with all that is between it and the transport. They leave FRAGMENT and PART_LATER for
 * usher__pkt_decode.
 */
uint8_t usher__pkt_ipv4(struct pkt *p, const uint8_t *data, uint32_t len, uint32_t wire_len, unsigned flags);
uint8_t usher__pkt_ipv6(struct pkt *p, const uint8_t *data, uint32_t len, uint32_t wire_len, unsigned flags);

/*
 * Follow IPv6 extension headers from p->l4 on, the first of them being p->protocol, if it is one at all. Leaves
 * protocol, l4 and the payload fields behind the last; a later fragment ends at its fragment header, protocol being
 * what that one names. NONE, IP_OPTION or IP_TRUNCATED.
 */
uint8_t usher__pkt_ipv6_extensions(struct pkt *p, const uint8_t *data);

/*
 * The transports. One function reads the whole header. The other takes as much as its first bytes tell (of a first
 * fragment, of a packet that an ICMP error quotes): false when they are too few for a tuple, or there is none.
 */
uint8_t usher__pkt_tcp_read(struct pkt *p, const uint8_t *data);
bool usher__pkt_tcp_head(struct pkt *p, const uint8_t *data);
uint8_t usher__pkt_udp_read(struct pkt *p, const uint8_t *data);
bool usher__pkt_udp_head(struct pkt *p, const uint8_t *data);
uint8_t usher__pkt_icmp_read(struct pkt *p, const uint8_t *data);
bool usher__pkt_icmp_head(struct pkt *p, const uint8_t *data);
uint8_t usher__pkt_gre_read(struct pkt *p, const uint8_t *data);
bool usher__pkt_gre_head(struct pkt *p, const uint8_t *data);

uint8_t usher__pkt_udplite_read(struct pkt *p, const uint8_t *data); /* its head is UDP's */
uint8_t usher__pkt_sctp_read(struct pkt *p, const uint8_t *data);
bool usher__pkt_sctp_head(struct pkt *p, const uint8_t *data);
uint8_t usher__pkt_dccp_read(struct pkt *p, const uint8_t *data);
bool usher__pkt_dccp_head(struct pkt *p, const uint8_t *data);

/* How many bytes from p->l4 on the checksum covers, of a header that was read. */
uint32_t usher__pkt_udplite_covered(const struct pkt *p, const uint8_t *data);
uint32_t usher__pkt_dccp_covered(const struct pkt *p, const uint8_t *data);

/* Is the CRC of this SCTP packet right? `len` bytes, a common header at least. */
bool usher__pkt_sctp_crc_fits(const uint8_t *sctp, uint32_t len);

/* What the first bytes behind the IP headers tell, whatever the protocol. */
bool usher__pkt_head(struct pkt *p, const uint8_t *data);

#endif
