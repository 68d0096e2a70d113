/*
 * gateway/packet: what a router does to an IP packet: hop count, size, fragments, unfinished checksums.
 *
 * Pure: bytes in, bytes out. The packets are strangers'; what is not whole is told by gw_look and nothing else is to be done
 * with it.
 * Sources: RFC 791 (3.2, fragmentation), 1624, 1812, 8200; virtio 1.1 section 5.1.6 for checksums left unfinished: the field
 * holds the sum of the pseudo header, not complemented.
 */
#ifndef USHER_GATEWAY_PACKET_H
#define USHER_GATEWAY_PACKET_H

#include <usher/types.h>

struct gw_look {
	uint8_t family;      /* USHER_IPV4, USHER_IPV6 */
	uint8_t protocol;    /* of the transport, behind extension headers */
	uint8_t hops;        /* TTL, hop limit */
	bool dont_fragment;  /* IPv6: always */
	bool fragment;       /* one of several, or the only one */
	bool later;          /* not the first one: no transport header */
	uint16_t transport;  /* where it begins; for IPv6 as far as extension headers could be followed */
	uint32_t len;        /* of the whole packet, as its header says; IPv6 jumbograms: what is there */
};

/* false: no IP packet, or less of it there than it says; then what there is of it is told all the same. */
bool gw_look(struct gw_look *look, const uint8_t *packet, uint32_t len);

/*
 * Does one of its addresses say that it stays on its link or its machine, or that nobody has it? (IPv4: RFC 1812 5.3.7, RFC 3927
 * 2.6.2; IPv6: RFC 4291 2.5.) Multicast counts: nobody routes it here.
 */
bool gw_is_martian(const struct gw_look *look, const uint8_t *packet);

/* The internet checksum's sum over these bytes, and its end: folded and complemented. */
uint64_t gw_sum(const uint8_t *bytes, uint32_t len, uint64_t sum);
uint16_t gw_sum_end(uint64_t sum);

/* The pseudo header's share for `len` bytes of transport. */
uint64_t gw_sum_pseudo(const uint8_t *packet, const struct gw_look *look, uint32_t len);

/* One hop less. hops > 0. */
void gw_hop(uint8_t *packet);

/* Finish a checksum left to hardware: the sum from `start` on goes to `start` + `offset`. false: these lie outside. */
bool gw_finish_checksum(uint8_t *packet, uint32_t len, uint32_t start, uint32_t offset);

/* The length of all headers up to a TCP segment's data; 0: there is no whole TCP header. */
uint32_t gw_tcp_headers(const struct gw_look *look, const uint8_t *packet, uint32_t len);

#endif
