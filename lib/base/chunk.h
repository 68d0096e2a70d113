/*
 * chunk: a pool of small pieces of memory, chained by number, for bytes that must wait.
 *
 * Owns: the pool's layout and the chains. Invariants: no pointers inside (the pool may be mapped elsewhere); chunk 0
 * is "none"; a chain has one owner; nothing is allocated but from the memory given at init; a chunk that was never
 * used is never touched.
 */
#ifndef USHER_BASE_CHUNK_H
#define USHER_BASE_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_SIZE 256u
#define CHUNK_DATA 252u

struct chunk {
	uint32_t next;
	uint8_t data[CHUNK_DATA];
};

struct chunk_pool {
	uint32_t count;  /* chunks 1..count */
	uint32_t fresh;  /* the lowest number never used yet */
	uint32_t free;   /* list of those given back */
	uint32_t used;
	uint32_t most;   /* highest `used` so far */
	uint32_t pad[11];
	struct chunk chunk[]; /* chunk[0] is not used */
};

/* Bytes of a pool of `count` chunks. */
size_t usher__chunk_pool_size(uint32_t count);
/* Set up in zeroed memory of that size, 64-byte aligned. */
void usher__chunk_pool_init(struct chunk_pool *pool, uint32_t count);

/*
 * Append `len` bytes to the chain that begins at *first and holds `held` bytes (0 and 0: empty). All or nothing:
 * false and no change when the pool has not enough.
 */
bool usher__chunk_append(struct chunk_pool *pool, uint32_t *first, uint32_t held, const void *data, uint32_t len);
/* Copy bytes [from, from + len) of a chain. The caller knows that it has them. */
void usher__chunk_copy(const struct chunk_pool *pool, uint32_t first, uint32_t from, void *to, uint32_t len);
/* Give a chain back; *first becomes 0. */
void usher__chunk_release(struct chunk_pool *pool, uint32_t *first);

#endif
