/*
 * chunk: see chunk.h.
 *
 * Chunks given back are used again first, the latest of them at once: they are warm in the cache. A fresh one is
 * taken only when none is left, so a pool that is larger than needed costs addresses and no memory. Every chunk of a
 * chain is full but the last: how many bytes a chain holds tells where its end is.
 */
#include "base/chunk.h"

#include <string.h>

size_t usher__chunk_pool_size(uint32_t count)
{
	return sizeof(struct chunk_pool) + ((size_t)count + 1) * sizeof(struct chunk);
}

void usher__chunk_pool_init(struct chunk_pool *pool, uint32_t count)
{
	pool->count = count;
	pool->fresh = 1;
	pool->free = 0;
	pool->used = 0;
	pool->most = 0;
}

/* One chunk; the caller knows that there is one. */
static uint32_t take(struct chunk_pool *pool)
{
	uint32_t number = pool->free;

	if (number)
		pool->free = pool->chunk[number].next;
	else
		number = pool->fresh++;
	pool->chunk[number].next = 0;
	pool->used++;
	if (pool->used > pool->most)
		pool->most = pool->used;
	return number;
}

bool usher__chunk_append(struct chunk_pool *pool, uint32_t *first, uint32_t held, const void *data, uint32_t len)
{
	const uint8_t *from = data;
	uint32_t filled = held % CHUNK_DATA, room = filled ? CHUNK_DATA - filled : 0;
	uint32_t need = len > room ? (len - room - 1) / CHUNK_DATA + 1 : 0;
	uint32_t *link = first, last = 0, n;

	if (need > pool->count - pool->used)
		return false;
	if (len == 0)
		return true;
	for (; *link; link = &pool->chunk[last].next)
		last = *link;
	if (room) {
		n = len < room ? len : room;
		memcpy(pool->chunk[last].data + filled, from, n);
		from += n;
		len -= n;
	}
	for (; len; from += n, len -= n) {
		n = len < CHUNK_DATA ? len : CHUNK_DATA;
		last = take(pool);
		memcpy(pool->chunk[last].data, from, n);
		*link = last;
		link = &pool->chunk[last].next;
	}
	return true;
}

void usher__chunk_copy(const struct chunk_pool *pool, uint32_t first, uint32_t from, void *to, uint32_t len)
{
	uint8_t *at = to;
	uint32_t n;

	for (; from >= CHUNK_DATA; from -= CHUNK_DATA)
		first = pool->chunk[first].next;
	for (; len; at += n, len -= n, from = 0) {
		n = CHUNK_DATA - from < len ? CHUNK_DATA - from : len;
		memcpy(at, pool->chunk[first].data + from, n);
		first = pool->chunk[first].next;
	}
}

void usher__chunk_release(struct chunk_pool *pool, uint32_t *first)
{
	uint32_t last = *first;

	if (!last)
		return;
	pool->used--;
	for (; pool->chunk[last].next; last = pool->chunk[last].next)
		pool->used--;
	pool->chunk[last].next = pool->free;
	pool->free = *first;
	*first = 0;
}
