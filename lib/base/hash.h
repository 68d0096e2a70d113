/*
 * hash: a keyed hash of a few 32-bit words, for tables that strangers fill.
 *
 * Multilinear hashing: key[0] + sum of key[i + 1] * word[i] modulo 2^64, of which the upper 32 bits count. With secret random keys
 * it is strongly universal: whoever does not know them finds two inputs that collide with a chance of 2^-32, whatever he chooses
 * (Lemire and Kaser, "Strongly universal string hashing is fast", 2014). One multiplication a word.
 */
#ifndef USHER_BASE_HASH_H
#define USHER_BASE_HASH_H

#include <stdint.h>
#include <string.h>

#define HASH_WORDS 12u

struct hash_key {
	uint64_t key[HASH_WORDS + 1];
};

/* Spread 32 bytes of seed over a key (splitmix64). The same seed gives the same key. */
static inline void hash_key_init(struct hash_key *k, const uint8_t seed[32])
{
	uint64_t part[4], x = 0x9e3779b97f4a7c15u;
	unsigned i;

	memcpy(part, seed, sizeof(part));
	for (i = 0; i <= HASH_WORDS; i++) {
		uint64_t z;

		x += 0x9e3779b97f4a7c15u ^ part[i % 4];
		z = x;
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
		k->key[i] = z ^ (z >> 31) ^ part[(i + 1) % 4];
	}
}

/* The hash of `count` <= HASH_WORDS words. */
static inline uint32_t hash_words(const struct hash_key *k, const uint32_t *word, unsigned count)
{
	uint64_t sum = k->key[0];
	unsigned i;

	for (i = 0; i < count; i++)
		sum += k->key[i + 1] * word[i];
	return (uint32_t)(sum >> 32);
}

#endif
