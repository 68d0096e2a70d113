/*
 * build: packets of our own.
 *
 * Owns: TCP segments (acknowledgements, retransmissions, resets) and ICMP errors, byte by byte. Invariants: what is
 * built is whole, its checksums complete; nothing is written beyond `room`; no ICMP error is about what must not be
 * answered, so two gateways never talk to each other for ever. Sources: RFC 791, 8200, 9293 3.1, 7323 3.2 and appendix
 * A, 792, 1122 3.2.2, 1812 4.3.2, 1191 4, 4443 2.4, 4884 5.1.
 */
#ifndef USHER_PACKET_BUILD_H
#define USHER_PACKET_BUILD_H

#include "packet/packet.h"

struct pkt_build_tcp {
	uint8_t family;           /* USHER_IPV4, USHER_IPV6 */
	uint8_t ttl;              /* IPv6: the hop limit */
	uint8_t tos;              /* IPv6: the traffic class */
	uint8_t tcp_flags;
	const uint8_t *src, *dst; /* addresses, network order */
	uint16_t src_key, dst_key;
	uint32_t seq, ack;
	uint16_t window, urgent;
	uint16_t id;              /* IPv4: identification; DF is set, it says nothing (RFC 6864) */
	bool timestamps;          /* with the option: */
	uint32_t ts_value, ts_echo;
	const void *payload;
	uint32_t payload_len;
};

/* Returns how many bytes were written to `to`; 0: they are more than `room`, or than an IP packet holds. */
uint32_t usher__pkt_build_tcp(uint8_t *to, uint32_t room, const struct pkt_build_tcp *tcp);

struct pkt_build_icmp {
	const uint8_t *src; /* who says so: an address of the packet's family, network order */
	uint8_t type, code;
	uint32_t word;      /* the second four bytes: MTU, pointer (IPv4: << 24), else 0 */
	uint8_t ttl;        /* IPv6: the hop limit */
	uint16_t id;        /* IPv4: identification */
};

/*
 * An ICMP error to the source of the packet at `data`, of which `len` bytes are here, decoded to `p`. It quotes as much
 * as goes into 576 bytes (IPv4) or 1280 (IPv6), or into `room`, but no less than the IP header and 8 bytes where they
 * are. Returns how many bytes were written; 0: `room` is too short, or there is nothing to answer: an ICMP error or
 * what may be one, a later fragment, a source that is not one host, a destination that is many (but for IPv6's "packet
 * too big" and unknown option, RFC 4443 2.4 (e)).
 */
uint32_t usher__pkt_build_icmp_error(uint8_t *to, uint32_t room, const struct pkt_build_icmp *error,
	const struct pkt *p, const uint8_t *data, uint32_t len);

#endif
