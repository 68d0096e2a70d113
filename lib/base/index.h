/*
 * index: 32-bit hashes -> record numbers, growing a bucket at a time.
 *
 * Linear hashing (Litwin 1980): the table has 2^level + split buckets; an insertion now and then splits the bucket `split`, so it
 * never stops the world; its memory is address space for the most there can be, touched only as it grows. A bucket is one cache
 * line: 12 one-byte tags, 12 entries, the number of an overflow bucket. An entry is a number of the caller's (not 0) from which a
 * callback can find its hash again. Invariants: no pointers inside; an entry is in the chain of its hash's bucket; the slots of a
 * chain need not be filled in order; overflow buckets of empty chains are kept by their chain.
 */
#ifndef USHER_BASE_INDEX_H
#define USHER_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define INDEX_SLOTS 12u
#define INDEX_LOAD 5u /* entries for each bucket, in the mean: above it a bucket is split */

struct index_bucket {
	uint8_t tag[INDEX_SLOTS];
	uint32_t next; /* overflow bucket; 0: none */
	uint32_t entry[INDEX_SLOTS]; /* 0: empty */
};

_Static_assert(sizeof(struct index_bucket) == 64, "a bucket is one cache line");

struct index {
	uint32_t mask;     /* 2^level - 1 */
	uint32_t split;    /* buckets below are split already: mask * 2 + 1 holds for them */
	uint32_t base_max; /* a power of two: buckets 0..base_max-1, then the overflow buckets */
	uint32_t overflow_max;
	uint32_t overflow_fresh;
	uint32_t overflow_free;
	uint32_t entries;
	uint32_t pad[9];
	struct index_bucket bucket[];
};

_Static_assert(sizeof(struct index) == 64, "buckets begin on a cache line");

/* The hash of an entry that is in the index. */
typedef uint32_t index_hash(void *user, uint32_t entry);

/* Bytes of an index for at most `entries` entries. */
size_t usher__index_size(uint64_t entries);
/* Set up in zeroed memory of that size, 64-byte aligned. */
void usher__index_init(struct index *x, uint64_t entries);
/* Insert; an equal entry must not be there. false: no room (more than the `entries` it was made for, or hostile luck). */
bool usher__index_insert(struct index *x, uint32_t hash, uint32_t entry, index_hash *rehash, void *user);
/* Remove; false: it was not there. */
bool usher__index_remove(struct index *x, uint32_t hash, uint32_t entry);

static inline uint8_t index_tag(uint32_t hash)
{
	uint8_t tag = (uint8_t)(hash >> 24);

	return (uint8_t)(tag + !tag); /* 0 is for empty slots */
}

static inline uint32_t index_bucket_of(const struct index *x, uint32_t hash)
{
	uint32_t number = hash & x->mask;

	return number < x->split ? hash & (x->mask * 2 + 1) : number;
}

/* Bit i: slot i has this tag. */
static inline unsigned index_match(const struct index_bucket *b, uint8_t tag)
{
#if defined(__SSE2__)
	__m128i tags = _mm_loadu_si128((const __m128i *)(const void *)b);

	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8((char)tag))) & ((1u << INDEX_SLOTS) - 1);
#else
	unsigned mask = 0, i;

	for (i = 0; i < INDEX_SLOTS; i++)
		mask |= (unsigned)(b->tag[i] == tag) << i;
	return mask;
#endif
}

/* Where the search for a hash has come to; zero-initialise `bucket` and `mask` through index_begin. */
struct index_search {
	const struct index *x;
	const struct index_bucket *b;
	unsigned mask;
	uint8_t tag;
};

static inline struct index_search index_begin(const struct index *x, uint32_t hash)
{
	struct index_search s = { x, &x->bucket[index_bucket_of(x, hash)], 0, index_tag(hash) };

	s.mask = index_match(s.b, s.tag);
	return s;
}

/* The next entry that may be it (the caller compares); 0: no more. */
static inline uint32_t index_next(struct index_search *s)
{
	while (!s->mask) {
		if (!s->b->next)
			return 0;
		s->b = &s->x->bucket[s->b->next];
		s->mask = index_match(s->b, s->tag);
	}
	unsigned slot = (unsigned)__builtin_ctz(s->mask);

	s->mask &= s->mask - 1;
	return s->b->entry[slot];
}

#endif
