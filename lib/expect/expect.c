/*
 * expect: the table of expectations (expect.h has the layout).
 */
#include "expect/expect.h"

/* One side of an expectation, as a look-up would ask for it. */
static struct expect_key side_key(const struct expect *e, unsigned side)
{
	struct expect_key k = {
		.src = side ? e->out_dst : e->src,
		.dst = side ? e->out_src : e->dst,
		.src_key = side ? e->out_dst_key : e->src_key,
		.dst_key = side ? e->out_src_key : e->dst_key,
		.zone = e->zone,
		.family = e->family,
		.protocol = e->protocol,
		.type = e->type,
	};

	return k;
}

static uint32_t key_hash(const struct expect_table *t, const struct expect_key *k, unsigned pattern)
{
	uint32_t word[11] = { 0 };
	unsigned size = k->family == USHER_IPV6 ? 16 : 4;

	memcpy(word, k->dst, size);
	if (pattern & EXPECT_SRC_ADDRESS)
		memcpy(word + 4, k->src, size);
	word[8] = k->dst_key;
	word[9] = pattern & EXPECT_SRC_KEY ? k->src_key : 0;
	word[10] = (uint32_t)k->zone << 16 | (uint32_t)k->protocol << 8 | (uint32_t)k->family << 4 | pattern;
	return hash_words(t->hash_key, word, 11);
}

static bool side_matches(const struct expect *e, unsigned side, const struct expect_key *k, unsigned pattern)
{
	struct expect_key own = side_key(e, side);
	unsigned size = k->family == USHER_IPV6 ? 16 : 4;

	if (e->pattern[side] != pattern || own.zone != k->zone || own.protocol != k->protocol || own.family != k->family ||
	    own.type != k->type || own.dst_key != k->dst_key || memcmp(own.dst, k->dst, size) != 0)
		return false;
	if (pattern & EXPECT_SRC_ADDRESS && memcmp(own.src, k->src, size) != 0)
		return false;
	return !(pattern & EXPECT_SRC_KEY) || own.src_key == k->src_key;
}

static uint32_t probe(const struct expect_table *t, const struct expect_key *k, unsigned pattern)
{
	uint32_t entry = t->head[key_hash(t, k, pattern) & t->head_mask];

	while (entry && !side_matches(expect_at(t, entry >> 1), entry & 1, k, pattern))
		entry = expect_at(t, entry >> 1)->next[entry & 1];
	return entry;
}

uint32_t usher__expect_lookup(const struct expect_table *t, const struct expect_key *k, bool *inverse)
{
	unsigned pattern = EXPECT_PATTERNS;

	while (pattern-- > 0) {
		uint32_t entry;

		if (!t->patterns[pattern] || (k->one_way && pattern & EXPECT_SRC_KEY))
			continue;
		entry = probe(t, k, pattern);
		if (entry) {
			*inverse = entry & 1;
			return entry >> 1;
		}
	}
	return 0;
}

/* Which parts of one side's source are given. Enhanced GRE never carries the source's key, so it is none to look for. */
static uint8_t side_pattern(const struct expect *e, unsigned side)
{
	static const uint8_t any[16];
	struct expect_key k = side_key(e, side);
	uint8_t pattern = 0;

	if (memcmp(k.src, any, 16) != 0)
		pattern |= EXPECT_SRC_ADDRESS;
	if (k.src_key && !(e->protocol == USHER_GRE && e->type == 1))
		pattern |= EXPECT_SRC_KEY;
	return pattern;
}

uint32_t usher__expect_same(const struct expect_table *t, const struct expect *e, unsigned side)
{
	struct expect_key k = side_key(e, side);
	uint8_t pattern = side_pattern(e, side);

	return t->patterns[pattern] ? probe(t, &k, pattern) >> 1 : 0;
}

uint32_t usher__expect_source(const struct expect_table *t, uint16_t zone, const struct usher_endpoint *address)
{
	uint32_t word[5];

	memcpy(word, address->address, 16);
	word[4] = (uint32_t)zone << 16 | address->family;
	return hash_words(t->hash_key, word, 5) & t->source_mask;
}

uint32_t usher__expect_take(struct expect_table *t)
{
	uint32_t number = slab_take(t->slab), generation;
	struct expect *e;

	if (!number)
		return 0;
	e = expect_at(t, number);
	generation = e->generation | 1;
	memset(e, 0, sizeof(*e));
	e->generation = generation;
	return number;
}

void usher__expect_publish(struct expect_table *t, uint32_t number)
{
	struct expect *e = expect_at(t, number);
	unsigned side;

	for (side = 0; side < (e->both ? 2u : 1u); side++) {
		struct expect_key k = side_key(e, side);
		uint32_t *head;

		e->pattern[side] = side_pattern(e, side);
		head = &t->head[key_hash(t, &k, e->pattern[side]) & t->head_mask];
		e->next[side] = *head;
		*head = number << 1 | side;
		t->patterns[e->pattern[side]]++;
	}
	t->sources[e->source]++;
	e->in_use = 1;
	e->generation++;
}

void usher__expect_remove(struct expect_table *t, uint32_t number)
{
	struct expect *e = expect_at(t, number);
	unsigned side;

	e->generation |= 1;
	for (side = 0; side < (e->both ? 2u : 1u); side++) {
		struct expect_key k = side_key(e, side);
		uint32_t *at = &t->head[key_hash(t, &k, e->pattern[side]) & t->head_mask];

		while (*at != (number << 1 | side))
			at = &expect_at(t, *at >> 1)->next[*at & 1];
		*at = e->next[side];
		t->patterns[e->pattern[side]]--;
	}
	t->sources[e->source]--;
	e->in_use = 0;
	e->generation++;
	slab_give(t->slab, number);
}

static uint32_t head_count(uint32_t count)
{
	uint32_t heads = 64;

	while (heads < count && heads < 1u << 30)
		heads *= 2;
	return heads;
}

static uint32_t source_count(uint32_t count)
{
	return head_count(count) * 4;
}

size_t usher__expect_table_size(uint32_t count)
{
	return slab_size(count, sizeof(struct expect)) + ((size_t)head_count(count) + source_count(count)) * sizeof(uint32_t);
}

void usher__expect_table_init(struct expect_table *t, uint8_t *memory, uint32_t count, const struct hash_key *key)
{
	t->slab = (void *)memory;
	t->head = (void *)(memory + slab_size(count, sizeof(struct expect)));
	t->head_mask = head_count(count) - 1;
	t->sources = t->head + head_count(count);
	t->source_mask = source_count(count) - 1;
	t->hash_key = key;
	memset(t->patterns, 0, sizeof(t->patterns));
	slab_init(t->slab, count, sizeof(struct expect), offsetof(struct expect, next));
}
