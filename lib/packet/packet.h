/*
 * packet: the bytes of one IP packet -> offsets and the packet's tuple.
 *
 * Owns: struct pkt and the decoder. Invariants: every offset in a struct pkt lies inside the bytes given; `reason`
 * NONE means the transport header (its fixed part, TCP options included) is whole and may be read; nothing is
 * remembered between packets. Sources: RFC 791, 8200, 9293, 768, 3828, 9260 3.1, 4340 5.1, 792, 4443, 2784,
 * 2890, 2637 4.1, 1071.
 */
#ifndef USHER_PACKET_PACKET_H
#define USHER_PACKET_PACKET_H

#include <usher/reason.h>
#include <usher/types.h>

enum pkt_flags {
	PKT_FRAGMENT = 1,    /* not the whole datagram */
	PKT_TRUNCATED = 2,   /* fewer bytes than the IP header says (snap length) */
	PKT_ICMP_ERROR = 4,  /* quotes another packet; has no tuple of its own */
	PKT_WIDE_KEY = 8,    /* key[] is one 32-bit key (GRE version 0; none: 0): its high half, its low half */
	PKT_ONE_WAY = 16,    /* the wire carries only the receiver's key (enhanced GRE): key[0] is 0 */
	PKT_CSUM_CHECKED = 32, /* the transport checksum was verified (none over IPv4: counts so), or vouched for */
	PKT_OPTIONS = 64     /* IPv4 options or IPv6 extension headers are there */
};

enum pkt_tcp_flags { /* as on the wire, RFC 9293 3.1 */
	TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32, TCP_ECE = 64, TCP_CWR = 128
};

struct pkt {
	uint8_t family;        /* USHER_IPV4, USHER_IPV6; 0: none of them */
	uint8_t protocol;      /* the upper protocol, behind all extension headers */
	uint8_t type;          /* ICMP: type on the wire; GRE: version; else 0 */
	uint8_t inverse_type;  /* ICMP queries: type of the answers (echo request: echo reply, and back); else = type */
	uint8_t reason;        /* enum usher_reason: NONE, or why this packet has no connection */
	uint8_t tcp_flags;
	uint16_t flags;        /* enum pkt_flags */
	union {
		uint16_t key[2]; /* source and destination key, host order (ICMP: the id, twice) */
		uint32_t keys;   /* both, as they lie: what is read at once must be written at once, or the load waits */
	};
	uint32_t l4;           /* offset of the transport header */
	uint32_t payload;      /* offset of the transport payload */
	uint32_t payload_len;  /* its bytes as the headers say */
	uint32_t payload_have; /* its bytes that are here */
	uint32_t ip_len;       /* bytes of the IP packet as its header says: what byte counters count */
};

/* Offsets of the addresses in the packet, by family. */
#define PKT_SRC_OFFSET(family) ((family) == USHER_IPV4 ? 12u : 8u)
#define PKT_DST_OFFSET(family) ((family) == USHER_IPV4 ? 16u : 24u)

enum pkt_decode_flags {
	PKT_VERIFY = 1,    /* verify checksums that are whole */
	PKT_CSUM_GOOD = 2, /* the caller vouches for the transport checksum (or it is partial, offloaded) */
	PKT_GSO = 4,       /* an IP length of 0 or short of `wire_len` is no fault: a super-packet of `wire_len` */
	PKT_NO_SHORTCUT = 8 /* the same result by the long way: for tests, which compare the two */
};

/*
 * Decode the packet at `data`: `len` bytes of it are here, `wire_len` (>= len) were on the wire. Fills all of `p`. On
 * anything but a trackable packet `p->reason` says why; family is set as soon as the version is known. A TCP checksum
 * that fails gives TCP_CHECKSUM, and so on.
 *
 * An IP length of 0 means `wire_len` even without GSO (a capture on a host that lets its card cut). PKT_VERIFY does not
 * judge what it cannot: transport checksums of super-packets, of fragments, of what was cut, and of packets on a hop of
 * a source route; those are just not CSUM_CHECKED. Of a first fragment, keys, type and TCP flags are filled as far as
 * its first bytes tell, and payload is behind the header; of later ones and of protocols without a part of their own,
 * payload is all that is behind the IP headers. Mobility, HIP and shim6 headers with nothing behind are the transport.
 */
void usher__pkt_decode(struct pkt *p, const uint8_t *data, uint32_t len, uint32_t wire_len, unsigned flags);

/*
 * Decode the packet that the ICMP error `outer` (PKT_ICMP_ERROR, decoded from `data`) quotes, as far as it is there:
 * the transport header may be cut after 8 bytes (RFC 792), enough for both ports. `offset` gets where it begins in
 * `data`. `p` holds offsets relative to that place. Returns false when too little of it is there to tell its tuple,
 * or it is itself an ICMP error or a later fragment; `p->reason` is then ICMP_QUOTE.
 *
 * Here reason NONE promises only 8 bytes of a TCP header (ports and sequence number; tcp_flags are 0 unless 20 are
 * there), of SCTP (ports and tag) and of DCCP, all 8 of UDP, UDP-Lite and ICMP, and of others what the keys need.
 * `*offset` + `p->payload` + `p->payload_have` <= `len` still; the quote's lengths are otherwise taken as they are, its
 * checksums not verified.
 */
bool usher__pkt_decode_quoted(struct pkt *p, const struct pkt *outer, const uint8_t *data, uint32_t len,
	uint32_t *offset);

/* Has this type an identifier? It is no error then, nor anything between neighbours. */
bool usher__pkt_icmp_is_query(uint8_t family, uint8_t type);

/* TCP header fields, host order. `tcp` points at a TCP header that pkt_decode found whole. */
struct pkt_tcp {
	uint32_t seq, ack;
	uint16_t window;
	uint8_t header_len;
};
struct pkt_tcp usher__pkt_tcp(const uint8_t *tcp);

enum pkt_tcp_option_flags {
	PKT_TCP_HAS_SCALE = 1,
	PKT_TCP_HAS_SACK_PERMITTED = 2,
	PKT_TCP_HAS_MSS = 4,
	PKT_TCP_HAS_TIMESTAMP = 8,
	PKT_TCP_OPTIONS_BAD = 16
};
struct pkt_tcp_options {
	uint8_t flags;        /* enum pkt_tcp_option_flags */
	uint8_t scale;        /* 0..14, larger ones are cut to 14 (RFC 7323 2.3) */
	uint8_t sack_count;   /* at most 4 */
	uint16_t mss;
	uint32_t ts_value, ts_echo;
	uint32_t sack[4][2];  /* left and right edges */
};
/*
 * Read all TCP options of the header at `tcp` (RFC 9293 3.1, 2018, 7323). Malformed: what was read before stays,
 * OPTIONS_BAD; one of a length that its kind cannot have is passed over, OPTIONS_BAD too.
 */
void usher__pkt_tcp_options(struct pkt_tcp_options *o, const uint8_t *tcp);

/*
 * The Internet checksum (RFC 1071) of `len` bytes, added to `sum` (0, or what a former call gave): not folded to its
 * complement. fold gives the final 16 bits in host order, to be compared with 0 when the field itself was summed too.
 * Pieces of one message that are added call by call are of even length, but for the last.
 */
uint32_t usher__csum_add(uint32_t sum, const void *data, uint32_t len);
/* The sum of the pseudo header of the packet at `ip` (family IPV4, IPV6), to go on with `l4_len` bytes of transport. */
uint32_t usher__csum_pseudo(uint8_t family, const uint8_t *ip, uint8_t protocol, uint32_t l4_len);
uint16_t usher__csum_fold(uint32_t sum);

#endif
