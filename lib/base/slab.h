/*
 * slab: records of one size, numbered from 1, in memory given once.
 *
 * Owns: which record is free. Invariants: no pointers inside; record 0 is "none"; a record never used was never touched (its pages
 * cost nothing); the last one freed is the next one given (it is in the cache). While a record is free the 32 bits at `link` of it
 * hold the next free one: nothing else of it is changed.
 */
#ifndef USHER_BASE_SLAB_H
#define USHER_BASE_SLAB_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slab {
	uint64_t record_size; /* a multiple of 8 */
	uint32_t link;        /* offset of 32 bits in a free record */
	uint32_t count;       /* records 1..count */
	uint32_t fresh;       /* the lowest number never used yet */
	uint32_t free;        /* the last one given back; 0: none */
	uint32_t used;
	uint32_t most;        /* highest `used` so far */
	uint8_t pad[32];
	uint8_t record[];     /* 64-byte aligned; record 1 first */
};

_Static_assert(sizeof(struct slab) == 64, "records begin on a cache line");

/* Bytes of a slab of `count` records, a multiple of 64. */
static inline size_t slab_size(uint32_t count, uint64_t record_size)
{
	return (sizeof(struct slab) + (size_t)count * record_size + 63) & ~(size_t)63;
}

/* Set up in zeroed memory of that size, 64-byte aligned. */
static inline void slab_init(struct slab *s, uint32_t count, uint64_t record_size, uint32_t link)
{
	s->record_size = record_size;
	s->link = link;
	s->count = count;
	s->fresh = 1;
	s->free = 0;
	s->used = s->most = 0;
}

static inline void *slab_at(struct slab *s, uint32_t number)
{
	return s->record + (uint64_t)(number - 1) * s->record_size;
}

/* A free record, as its last user left it (zeroed if new); 0: none left. */
static inline uint32_t slab_take(struct slab *s)
{
	uint32_t number = s->free;

	if (number)
		memcpy(&s->free, (uint8_t *)slab_at(s, number) + s->link, 4);
	else if (s->fresh <= s->count)
		number = s->fresh++;
	else
		return 0;
	if (++s->used > s->most)
		s->most = s->used;
	return number;
}

static inline void slab_give(struct slab *s, uint32_t number)
{
	memcpy((uint8_t *)slab_at(s, number) + s->link, &s->free, 4);
	s->free = number;
	s->used--;
}

#endif
