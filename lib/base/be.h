/*
 * be: integers as the network writes them, as types of their own.
 *
 * Owns: be16_t and be32_t. They are byte arrays in a struct: no arithmetic, no comparison and no alignment, so
 * forgetting to convert does not compile, and a struct made of them and of bytes has no padding and may lie over a
 * packet anywhere. Compilers make one load and a byte swap of each accessor.
 */
#ifndef USHER_BASE_BE_H
#define USHER_BASE_BE_H

#include <stdint.h>

typedef struct {
	uint8_t byte[2];
} be16_t;

typedef struct {
	uint8_t byte[4];
} be32_t;

/* The value, in host order. */
static inline uint16_t be16_get(be16_t v)
{
	return (uint16_t)((unsigned)v.byte[0] << 8 | v.byte[1]);
}

static inline uint32_t be32_get(be32_t v)
{
	return (uint32_t)v.byte[0] << 24 | (uint32_t)v.byte[1] << 16 | (uint32_t)v.byte[2] << 8 | v.byte[3];
}

/* Write a host order value to where `to` points. */
static inline void be16_put(be16_t *to, uint16_t value)
{
	to->byte[0] = (uint8_t)(value >> 8);
	to->byte[1] = (uint8_t)value;
}

static inline void be32_put(be32_t *to, uint32_t value)
{
	to->byte[0] = (uint8_t)(value >> 24);
	to->byte[1] = (uint8_t)(value >> 16);
	to->byte[2] = (uint8_t)(value >> 8);
	to->byte[3] = (uint8_t)value;
}

/* The same for bytes that no struct describes: `at` has 2 (or 4) of them. */
static inline uint16_t be16_read(const void *at)
{
	return be16_get(*(const be16_t *)at);
}

static inline uint32_t be32_read(const void *at)
{
	return be32_get(*(const be32_t *)at);
}

static inline void be16_write(void *at, uint16_t value)
{
	be16_put((be16_t *)at, value);
}

static inline void be32_write(void *at, uint32_t value)
{
	be32_put((be32_t *)at, value);
}

_Static_assert(sizeof(be16_t) == 2 && _Alignof(be16_t) == 1, "lies over a packet anywhere");
_Static_assert(sizeof(be32_t) == 4 && _Alignof(be32_t) == 1, "lies over a packet anywhere");

#endif
