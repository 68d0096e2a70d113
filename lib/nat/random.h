/*
 * random: numbers that nobody who sees some of them can guess the next of, and that are the same again after the same seed.
 *
 * SipHash-2-4 under a secret key, of a counter (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012). A shift register
 * would not do for keys (RFC 6056 3.1): a host inside sees 16 bits of its state with each connection it opens, and solves for it.
 */
#ifndef USHER_NAT_RANDOM_H
#define USHER_NAT_RANDOM_H

#include <stdint.h>
#include <string.h>

struct nat_random {
	uint64_t key[2];
	uint64_t count; /* numbers drawn */
};

static inline uint64_t nat_rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void nat_sip_rounds(uint64_t v[4], unsigned rounds)
{
	while (rounds-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = nat_rotate(v[1], 13) ^ v[0];
		v[3] = nat_rotate(v[3], 16) ^ v[2];
		v[0] = nat_rotate(v[0], 32) + v[3];
		v[2] += v[1];
		v[1] = nat_rotate(v[1], 17) ^ v[2];
		v[3] = nat_rotate(v[3], 21) ^ v[0];
		v[2] = nat_rotate(v[2], 32);
	}
}

/* SipHash-2-4 of one word: eight bytes, the lowest first. */
static inline uint64_t nat_sip(const uint64_t key[2], uint64_t word)
{
	uint64_t length = (uint64_t)8 << 56;
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du, key[0] ^ 0x6c7967656e657261u,
			  key[1] ^ 0x7465646279746573u };

	v[3] ^= word;
	nat_sip_rounds(v, 2);
	v[0] ^= word;
	v[3] ^= length;
	nat_sip_rounds(v, 2);
	v[0] ^= length;
	v[2] ^= 0xff;
	nat_sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* All of the tracker's seed counts; each `stream` (a worker's number) has numbers of its own. */
static inline void nat_random_init(struct nat_random *r, const uint8_t seed[32], uint32_t stream)
{
	uint64_t part[4], key[2];

	memcpy(part, seed, sizeof(part));
	key[0] = nat_sip(part, part[2]) ^ part[3];
	key[1] = nat_sip(part, part[3] ^ 1) ^ part[2];
	r->key[0] = nat_sip(key, stream);
	r->key[1] = nat_sip(key, stream | (uint64_t)1 << 32);
	r->count = 0;
}

static inline uint64_t nat_random_next(struct nat_random *r)
{
	return nat_sip(r->key, r->count++);
}

/* A number below `limit` (not 0). For limits up to 2^16 none is likelier than another by more than 2^-16 of its chance. */
static inline uint32_t nat_random_below(struct nat_random *r, uint32_t limit)
{
	return (uint32_t)((nat_random_next(r) >> 32) * limit >> 32);
}

#endif
