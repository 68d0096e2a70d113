/*
 * rewrite: a packet's addresses, keys and TCP fields, changed in place.
 *
 * Owns: which bytes change, and that each checksum that covers them stays as right or as wrong as it was: a packet that
 * was broken on its way is not made to look whole. Invariants: only bytes that are there are touched (a capture's snap
 * length, a first fragment, a quote); where a checksum field itself is missing, the rest is written all the same.
 * One's complement has two zeros: a field that was 0xffff and need not be (TCP, ICMP, IPv4) may come out as 0, which
 * says the same; of UDP 0 means "none" and stays, and never comes of anything else.
 *
 * `partial` says that the transport checksum is not finished yet (offload): its field holds the sum of the pseudo
 * header, not complemented, so addresses and lengths change it, nothing else does.
 * Sources: RFC 1624 eqn. 3, 1071, 768, 3828, 4340 9.1, 8200 8.1, 9260 6.8, 9293 3.1, 2637 4.1, 5508 4, 6864.
 */
#ifndef USHER_PACKET_REWRITE_H
#define USHER_PACKET_REWRITE_H

#include "packet/packet.h"

/* What a packet is to say after it: two pointers, because a tuple's inverse has the addresses in the other order. */
struct pkt_rewrite {
	const uint8_t *src, *dst;  /* addresses of the packet's family, network order */
	uint16_t src_key, dst_key; /* host order, as struct pkt has them */
};

/*
 * Replace both addresses and both keys of the packet at `data`, decoded to `p`, whatever its reason. Keys: ports; of
 * ICMP queries the id (src_key); of enhanced GRE the receiver's call id (dst_key). They are written where the decoder
 * has read some: not in later fragments, nor in what it knows by addresses only (ESP, GRE version 0, others). `p` is
 * not changed. What it does not do: authentication headers break, as with any NAT; the CRC of SCTP in a first fragment
 * cannot follow, for it depends on the whole length, and the checksum of TCP not where it lies in a later fragment.
 * SCTP has no sum of a pseudo header: `partial` there makes the whole CRC.
 */
void usher__pkt_translate(uint8_t *data, const struct pkt *p, const struct pkt_rewrite *to, bool partial);

/* A packet inside an ICMP error: what usher__pkt_decode_quoted has told, and what it shall be. */
struct pkt_quote {
	uint32_t at;           /* where it begins in the error */
	const struct pkt *p;   /* relative to that place; reason NONE */
	struct pkt_rewrite to;
	uint32_t seq_shift;    /* added to a TCP sequence number */
};

/*
 * Translate the ICMP error `outer` with what it quotes: addresses of `outer_to` (no keys), then the quote. The
 * checksums of the quote, as far as they are there, and of the error follow. What is behind the quoted transport
 * header, RFC 4884's extensions among it, stays.
 */
void usher__pkt_translate_quote(uint8_t *data, const struct pkt *outer, const struct pkt_rewrite *outer_to,
	const struct pkt_quote *quote, bool partial);

/* The identification of an IPv4 packet. */
void usher__pkt_set_id(uint8_t *data, uint16_t id);

/* Is it a fragment that does not begin its datagram? Of IPv6, too, where no field of the IP header tells. */
bool usher__pkt_is_later(const uint8_t *data, const struct pkt *p);

/*
 * Fields of a TCP header that the decoder found whole (reason NONE, or a first fragment whose `payload` lies at least
 * 20 bytes behind `l4`), host order.
 */
void usher__pkt_tcp_set_seq(uint8_t *data, const struct pkt *p, uint32_t seq, bool partial);
void usher__pkt_tcp_set_ack(uint8_t *data, const struct pkt *p, uint32_t ack, bool partial);
void usher__pkt_tcp_set_window(uint8_t *data, const struct pkt *p, uint16_t window, bool partial);
void usher__pkt_tcp_set_urgent(uint8_t *data, const struct pkt *p, uint16_t urgent, bool partial);
void usher__pkt_tcp_set_flags(uint8_t *data, struct pkt *p, uint8_t flags, bool partial); /* in `p`, too */

/*
 * Put `count` SACK blocks (left and right edges) in place of those that are there, in the order in which
 * usher__pkt_tcp_options gives them. Fewer: options get shorter, and what they no longer need becomes NOPs. More than
 * there are: the rest has no place.
 */
void usher__pkt_tcp_set_sack(uint8_t *data, const struct pkt *p, const uint32_t (*edges)[2], uint32_t count,
	bool partial);
/* Timestamps, where there are some. */
void usher__pkt_tcp_set_timestamps(uint8_t *data, const struct pkt *p, uint32_t value, uint32_t echo, bool partial);

/* Where a packet lies, and how far it may grow. */
struct pkt_room {
	uint8_t *data;
	uint32_t len;      /* bytes here, link padding among them */
	uint32_t tailroom; /* bytes behind them that may be used */
};

/*
 * Put `len` bytes in place of the payload of a TCP packet, which is whole and no fragment; they overlap nothing of it.
 * Lengths, checksums, `p` (payload_len, payload_have, ip_len) and `room` (len: link padding goes; tailroom) follow;
 * super-packets as any others. false, and nothing has changed: it does not fit, or into no IP packet, or the packet is
 * not of that kind.
 */
bool usher__pkt_set_payload(struct pkt_room *room, struct pkt *p, const void *payload, uint32_t len, bool partial);

#endif
