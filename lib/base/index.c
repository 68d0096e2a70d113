/*
 * index: insertion, removal, growth (index.h has the layout and the look-up).
 *
 * Costs: an insertion writes one line, and every INDEX_LOAD-th splits one bucket: for each of its entries the caller's hash is
 * asked again (one record each). Source: Litwin, "Linear hashing", 1980.
 */
#include "base/index.h"

#define INDEX_LEVEL_FIRST 64u /* buckets of an empty index */

static uint32_t base_count(uint64_t entries)
{
	uint32_t count = INDEX_LEVEL_FIRST;

	while ((uint64_t)count * INDEX_LOAD < entries && count < 1u << 30)
		count *= 2;
	return count;
}

/* Overflow: at the worst point of a round the mean is 2 * INDEX_LOAD of 12 slots, about a quarter of the buckets then overflows. */
static uint32_t overflow_count(uint32_t base)
{
	return base / 2 + 64;
}

size_t usher__index_size(uint64_t entries)
{
	uint32_t base = base_count(entries);

	return sizeof(struct index) + ((size_t)base + overflow_count(base)) * sizeof(struct index_bucket);
}

void usher__index_init(struct index *x, uint64_t entries)
{
	x->mask = INDEX_LEVEL_FIRST - 1;
	x->split = 0;
	x->base_max = base_count(entries);
	x->overflow_max = overflow_count(x->base_max);
	x->overflow_fresh = 0;
	x->overflow_free = 0;
	x->entries = 0;
}

static uint32_t overflow_take(struct index *x)
{
	uint32_t number = x->overflow_free;

	if (number)
		x->overflow_free = x->bucket[number].next;
	else if (x->overflow_fresh < x->overflow_max)
		number = x->base_max + x->overflow_fresh++;
	else
		return 0;
	x->bucket[number].next = 0;
	return number;
}

static bool chain_insert(struct index *x, uint32_t number, uint8_t tag, uint32_t entry)
{
	struct index_bucket *b = &x->bucket[number];

	for (;;) {
		unsigned empty = index_match(b, 0);

		if (empty) {
			unsigned slot = (unsigned)__builtin_ctz(empty);

			b->tag[slot] = tag;
			b->entry[slot] = entry;
			return true;
		}
		if (!b->next) {
			uint32_t more = overflow_take(x);

			if (!more)
				return false;
			b->next = more;
		}
		b = &x->bucket[b->next];
	}
}

/* Take an overflow bucket that became empty out of its chain. */
static void chain_shrink(struct index *x, uint32_t number)
{
	struct index_bucket *b = &x->bucket[number];

	while (b->next) {
		uint32_t next = b->next;
		struct index_bucket *o = &x->bucket[next];

		if (index_match(o, 0) != (1u << INDEX_SLOTS) - 1) {
			b = o;
			continue;
		}
		b->next = o->next;
		o->next = x->overflow_free;
		x->overflow_free = next;
	}
}

/* Divide the bucket `split` between itself and its new partner. */
static void split_one(struct index *x, index_hash *rehash, void *user)
{
	uint32_t number = x->split, partner = number + x->mask + 1;
	uint32_t bit = x->mask + 1;
	struct index_bucket *b = &x->bucket[number];

	if (partner >= x->base_max)
		return;
	for (;; b = &x->bucket[b->next]) {
		unsigned slot;

		for (slot = 0; slot < INDEX_SLOTS; slot++) {
			if (!b->entry[slot] || !(rehash(user, b->entry[slot]) & bit))
				continue;
			if (!chain_insert(x, partner, b->tag[slot], b->entry[slot]))
				goto undo; /* no overflow bucket left */
			b->tag[slot] = 0;
			b->entry[slot] = 0;
		}
		if (!b->next)
			break;
	}
	chain_shrink(x, number);
	if (++x->split > x->mask) {
		x->mask = x->mask * 2 + 1;
		x->split = 0;
	}
	return;
undo:
	/* What has moved must be found again: move it back. There is room: it came from there. */
	for (b = &x->bucket[partner];; b = &x->bucket[b->next]) {
		unsigned slot;

		for (slot = 0; slot < INDEX_SLOTS; slot++) {
			if (b->entry[slot])
				chain_insert(x, number, b->tag[slot], b->entry[slot]);
			b->tag[slot] = 0;
			b->entry[slot] = 0;
		}
		if (!b->next)
			break;
	}
	chain_shrink(x, partner);
}

bool usher__index_insert(struct index *x, uint32_t hash, uint32_t entry, index_hash *rehash, void *user)
{
	if (!chain_insert(x, index_bucket_of(x, hash), index_tag(hash), entry))
		return false;
	if (++x->entries > (x->mask + 1 + x->split) * (uint64_t)INDEX_LOAD)
		split_one(x, rehash, user);
	return true;
}

bool usher__index_remove(struct index *x, uint32_t hash, uint32_t entry)
{
	uint32_t number = index_bucket_of(x, hash);
	struct index_bucket *b = &x->bucket[number];
	uint8_t tag = index_tag(hash);

	for (;; b = &x->bucket[b->next]) {
		unsigned mask = index_match(b, tag);

		for (; mask; mask &= mask - 1) {
			unsigned slot = (unsigned)__builtin_ctz(mask);

			if (b->entry[slot] != entry)
				continue;
			b->tag[slot] = 0;
			b->entry[slot] = 0;
			x->entries--;
			if (x->bucket[number].next)
				chain_shrink(x, number);
			return true;
		}
		if (!b->next)
			return false;
	}
}
