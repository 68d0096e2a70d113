/*
 * sim/ranges: sets of numbers as sorted, disjoint ranges: what was received early, what was acknowledged selectively.
 */
#ifndef USHER_SIM_RANGES_H
#define USHER_SIM_RANGES_H

#include "tests/sim/wire.h"

#include <string.h>

#define RANGES_MAX 64u

struct ranges {
	uint32_t count;
	struct range at[RANGES_MAX];
};

/* false: there are too many, and it was not added. */
static inline bool ranges_add(struct ranges *r, uint32_t from, uint32_t to)
{
	uint32_t first = 0, last;

	if (from >= to)
		return true;
	while (first < r->count && r->at[first].to < from)
		first++;
	for (last = first; last < r->count && r->at[last].from <= to; last++) {
		if (r->at[last].from < from)
			from = r->at[last].from;
		if (r->at[last].to > to)
			to = r->at[last].to;
	}
	if (first == last && r->count == RANGES_MAX)
		return false;
	memmove(&r->at[first + 1], &r->at[last], (r->count - last) * sizeof(r->at[0]));
	r->count = r->count - (last - first) + 1;
	r->at[first] = (struct range){ from, to };
	return true;
}

/* Nothing below `from` is in it any more. */
static inline void ranges_trim(struct ranges *r, uint32_t from)
{
	uint32_t gone = 0;

	while (gone < r->count && r->at[gone].to <= from)
		gone++;
	r->count -= gone;
	memmove(r->at, &r->at[gone], r->count * sizeof(r->at[0]));
	if (r->count && r->at[0].from < from)
		r->at[0].from = from;
}

/* All of from..to is in it. */
static inline bool ranges_have(const struct ranges *r, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < r->count; i++) {
		if (r->at[i].from <= from && r->at[i].to >= to)
			return true;
	}
	return from >= to;
}

/* The first number from `from` on that is not in it; `*end` is where the next range begins, or UINT32_MAX. */
static inline uint32_t ranges_skip(const struct ranges *r, uint32_t from, uint32_t *end)
{
	*end = UINT32_MAX;
	for (uint32_t i = 0; i < r->count; i++) {
		if (r->at[i].from > from) {
			*end = r->at[i].from;
			return from;
		}
		if (r->at[i].to > from)
			from = r->at[i].to;
	}
	return from;
}

/* How many numbers of from..to are in it. */
static inline uint32_t ranges_size(const struct ranges *r, uint32_t from, uint32_t to)
{
	uint32_t size = 0;

	for (uint32_t i = 0; i < r->count; i++) {
		uint32_t low = r->at[i].from > from ? r->at[i].from : from, high = r->at[i].to < to ? r->at[i].to : to;

		size += low < high ? high - low : 0;
	}
	return size;
}

#endif
