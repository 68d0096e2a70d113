/*
 * rewrite_bed: packets of every kind from a seed, and what is wrong with their checksums, by whole sums.
 *
 * Owns: the generator and the oracle of the tests of lib/packet/rewrite.h. The oracle sums everything, byte by byte,
 * from where the generator has put it, and shares no code with the library. What it tells is not whether a checksum is
 * right but by how much it is wrong: a rewrite must leave that as it was, of right and of wrong ones.
 */
#ifndef REWRITE_BED_H
#define REWRITE_BED_H

#include "packet/rewrite.h"

#define BED_MOST 1200u

struct bed_random {
	uint64_t state;
};
uint32_t bed_next(struct bed_random *r);
uint32_t bed_below(struct bed_random *r, uint32_t end);
bool bed_chance(struct bed_random *r, uint32_t percent);
/* Bytes of which many are 0 or 0xff: where one's complement is odd. */
void bed_fill(struct bed_random *r, uint8_t *to, uint32_t len);

struct bed_packet {
	uint8_t bytes[BED_MOST]; /* all of the datagram: a fragment's other pieces, too, behind it */
	uint32_t all;            /* of them */
	uint32_t len;            /* of the packet on the wire */
	uint32_t have;           /* that are here */
	uint8_t family, protocol, type;
	uint32_t l4;
	uint32_t header;         /* of the transport, that is to be there for its keys to be known */
	uint32_t src_at, dst_at; /* of the addresses in the pseudo header */
	uint32_t checksum;       /* where it is; 0: none */
	uint32_t covered;        /* bytes from l4 on that it covers */
	uint32_t key_at[2];      /* 0: not to be changed */
	bool pseudo, crc, never_zero, later, fragment, partial;
};

enum bed_kind {
	BED_ANY = 0,
	BED_TCP = 1,    /* whole, checksum as it may be */
	BED_QUOTABLE = 2 /* no fragment, no ICMP error, checksums not partial, not cut */
};
void bed_make(struct bed_packet *m, struct bed_random *r, enum bed_kind kind);

/* A random tuple for packets of this family; `addresses` has 32 bytes and must stay. */
void bed_tuple(struct bed_random *r, struct pkt_rewrite *to, uint8_t *addresses);

/*
 * Decode `data`, the bytes of `m` that are here. Of protocols that the decoder knows by addresses only, ports are
 * filled in, as one would that reads them.
 */
void bed_decode(const struct bed_packet *m, struct pkt *p, const uint8_t *data);

/* The one's complement sum of `len` bytes, byte by byte, modulo 0xffff: 0 for both zeros. */
uint32_t bed_sum(const uint8_t *data, uint32_t len);

/*
 * By how much the checksum of the transport, and of the IPv4 header, are wrong: modulo 0xffff; of a CRC the bits that
 * differ. 0: right. `bytes` are m->all bytes.
 */
uint32_t bed_transport_error(const struct bed_packet *m, const uint8_t *bytes);
uint32_t bed_header_error(const uint8_t *bytes);

/* Make the right checksums, as RFC 1071 computes them. */
void bed_set_checksum(const struct bed_packet *m, uint8_t *bytes);
void bed_set_header_checksum(uint8_t *bytes);

#endif
