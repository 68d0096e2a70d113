/*
 * reassembly: fragments -> whole datagrams. packet/cut.c cuts them again.
 *
 * Owns: datagrams that are not whole yet, and whole ones until they are released. Whole memory for each is there from
 * the start, so that nothing that arrives takes more. Invariants: no byte of a datagram is written twice, for a piece
 * that overlaps another spoils the datagram for good (RFC 5722), unless it is the same again (RFC 8200 4.5); a datagram
 * is handed out once; what is not whole in time, or is the oldest when there is no room, is forgotten.
 * Sources: RFC 791 3.2, 815, 1858, 3128, 3168 5.3 (ECN), 5722, 6946, 8200 4.5.
 */
#ifndef USHER_PACKET_REASSEMBLY_H
#define USHER_PACKET_REASSEMBLY_H

#include "base/hash.h"
#include "packet/packet.h"

struct reassembly; /* all datagrams of one worker */

enum reassembly_result {
	REASSEMBLY_HELD,    /* kept: more must come */
	REASSEMBLY_WHOLE,
	REASSEMBLY_AGAIN,   /* known already */
	REASSEMBLY_OVERLAP, /* of a datagram that is spoilt */
	REASSEMBLY_BAD,     /* a length or place that cannot be, or ECN marks that contradict each other */
	REASSEMBLY_FULL,    /* all room is taken by datagrams that are whole and not released */
	REASSEMBLY_NONE     /* it is no fragment that can be read */
};

struct reassembled {
	uint8_t *data;     /* the IP packet, whole; its checksum in the IPv4 header is right */
	uint32_t len;
	uint16_t headroom, tailroom;
	uint16_t largest;  /* bytes of the largest fragment, IP header and all */
};

/* Bytes of memory for `count` datagrams, 0 for none. */
size_t usher__reassembly_size(uint32_t count);
/* In zeroed memory of that size. `key` must stay. */
void usher__reassembly_init(struct reassembly *r, uint32_t count, const struct hash_key *key);

/*
 * The fragment `p` (reason FRAGMENT, not TRUNCATED) decoded from `data`. With WHOLE `out` is filled: it may be written
 * to, and stays until the release.
 */
enum reassembly_result usher__reassembly_add(struct reassembly *r, const struct pkt *p, const uint8_t *data, uint16_t zone,
					     usher_time now, struct reassembled *out);
/* What was handed out is no longer needed. */
void usher__reassembly_release(struct reassembly *r);
/* Forget what is late. Returns how many datagrams were forgotten, by this or for want of room, since the last call. */
uint32_t usher__reassembly_expire(struct reassembly *r, usher_time now);
/* Datagrams that wait. */
uint32_t usher__reassembly_used(const struct reassembly *r);

#endif
