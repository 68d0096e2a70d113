/*
 * gateway/hash: a keyed hash of an address, for tables that strangers could fill otherwise.
 */
#ifndef USHER_GATEWAY_HASH_H
#define USHER_GATEWAY_HASH_H

#include <stdint.h>
#include <string.h>

/* Multiply and add with odd secret keys: strangers choose the addresses, and must not choose the entries. 32 good bits. */
static inline uint32_t gw_hash_address(const uint64_t key[4], const uint8_t address[16])
{
	uint64_t word[2], sum;

	memcpy(word, address, sizeof(word));
	sum = (word[0] ^ key[0]) * (key[1] | 1);
	sum = (sum ^ sum >> 32 ^ word[1] ^ key[2]) * (key[3] | 1);
	return (uint32_t)(sum >> 32);
}

#endif
