/*
 * delta: what a change of bytes does to the Internet checksum over them.
 *
 * Owns: RFC 1624's equation 3, HC' = ~(~HC + ~m + m'). A delta is the sum of ~m and m' over all words that changed, in
 * 32-bit halves, so 64 bits hold thousands of them. Words are taken as they lie in memory: the sum does not depend on
 * byte order as long as all of it has the same one (RFC 1071 2 (B)). Words that changed must begin at even places of
 * what is summed. Invariant: a delta is never 0 unless all of m is ones and all of m' zeros, so a field that was right
 * comes out as RFC 1071 computes it, not as the other zero.
 */
#ifndef USHER_PACKET_DELTA_H
#define USHER_PACKET_DELTA_H

#include <stdint.h>
#include <string.h>

static inline uint16_t delta_load16(const void *at)
{
	uint16_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static inline uint32_t delta_load32(const void *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* Sum to 16 bits: each half is added to the other, and the upper one gets the carry of the lower. Only 0 gives 0. */
static inline uint16_t delta_fold(uint64_t sum)
{
	uint32_t half;

	sum += sum >> 32 | sum << 32;
	half = (uint32_t)(sum >> 32);
	half += half >> 16 | half << 16;
	return (uint16_t)(half >> 16);
}

static inline uint64_t delta_word16(uint16_t before, uint16_t after)
{
	return (uint64_t)(uint16_t)~before + after;
}

static inline uint64_t delta_word32(uint32_t before, uint32_t after)
{
	return (uint64_t)(uint32_t)~before + after;
}

/* Two words of 64 bits, their carry taken around. */
static inline uint64_t delta_add64(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/* 16 bytes, as IPv6 addresses are. */
static inline uint64_t delta_bytes16(const uint8_t *before, const uint8_t *after)
{
	uint64_t was[2], is[2], sum;

	memcpy(was, before, sizeof(was));
	memcpy(is, after, sizeof(is));
	sum = delta_add64(delta_add64(~was[0], ~was[1]), delta_add64(is[0], is[1]));
	return (sum & 0xffffffffu) + (sum >> 32);
}

/* `len` is a multiple of 4. */
static inline uint64_t delta_bytes(const uint8_t *before, const uint8_t *after, uint32_t len)
{
	uint64_t delta = 0;
	uint32_t i;

	for (i = 0; i < len; i += 4)
		delta += delta_word32(delta_load32(before + i), delta_load32(after + i));
	return delta;
}

/*
 * The field as it must be now, in the order that the delta is in. `turned` are the bits that lie in it complemented:
 * 0xffff, or 0 of a partial sum.
 */
static inline uint16_t delta_field(uint16_t field, uint64_t delta, uint16_t turned)
{
	return delta_fold((uint64_t)(field ^ turned) + delta) ^ turned;
}

/* The checksum field at `at`, complemented as they are in packets, after a delta of words as they lie there. */
static inline void delta_apply(uint8_t *at, uint64_t delta)
{
	uint16_t field = delta_field(delta_load16(at), delta, 0xffff);

	memcpy(at, &field, sizeof(field));
}

#endif
