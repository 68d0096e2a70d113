/*
 * nat/pick: the choice of a key for a newcomer (keys.h says in which order, and how it is bounded).
 *
 * How: which keys may be chosen is told by first and last, by the slice, and by a pattern that all blocks have in common (parity,
 * alignment, the length of a run). A try by chance draws one of them. If that fails, all free ones are counted, by groups where a
 * group is allowed as a whole, else by words of the map, a number below that count is drawn, and the key of that rank taken: by
 * chance alike, however the used ones lie, and the answer "none" is true.
 */
#include "nat/keys.h"

#define DRAWS 4u      /* of half the keys in use they miss one time in sixteen */
#define RUN_DRAWS 16u /* runs are rarer, and counting them costs more */
#define GROUP_WORDS (NAT_GROUP / 64)
#define EACH_BLOCK 0x0101010101010101u /* a bit in each block of a word */
#define EVEN 0x55u
#define ODD 0xaau

struct search {
	const struct nat_keys *t;
	const struct nat_space *s;
	const struct nat_ask *a;
	uint32_t count;        /* keys in a row */
	uint32_t first, limit; /* the lowest and the highest key that may be chosen */
	uint8_t pattern;       /* bit i: the key may be number i of a block */
	bool by_group;         /* the counts of groups tell it: single keys, of one parity or both */
	uint8_t place_count, place[NAT_BLOCK]; /* those i */
	uint32_t block, blocks;/* the first block of this worker's that has keys allowed, and how many */
	uint16_t in_group[NAT_GROUPS]; /* free keys, when they were counted */
};

void usher__nat_ask_range(struct nat_ask *a, uint16_t first, uint16_t last)
{
	bool port = a->space != NAT_SPACE_ICMP && a->space != NAT_SPACE_GRE;

	a->first = first;
	a->last = last;
	if (first || last)
		return;
	a->first = a->space == NAT_SPACE_ICMP ? 0 : port && a->own >= 1024 ? 1024 : 1;
	a->last = port && a->own < 1024 ? 1023 : 65535;
}

/* ---- what may be chosen ---- */

static uint8_t pattern_of(const struct nat_ask *a, uint32_t count, uint32_t align)
{
	uint32_t pattern = 0, i;

	for (i = 0; i + count <= NAT_BLOCK; i += align)
		pattern |= 1u << i;
	if (a->flags & NAT_ASK_PARITY)
		pattern &= a->own & 1 ? ODD : EVEN;
	return (uint8_t)pattern;
}

/* false: the ask is none. */
static bool search_begin(struct search *s, const struct nat_keys *t, const struct nat_ask *a)
{
	uint32_t align = a->align ? a->align : 1, i, last_block;

	s->t = t;
	s->a = a;
	s->count = a->count ? a->count : 1;
	if (!a->address || !a->space || s->count > NAT_BLOCK || align > NAT_BLOCK || (align & (align - 1)))
		return false;
	if (a->last < a->first + s->count - 1)
		return false;
	s->s = nat_space_at(t, a->address, a->space);
	s->first = a->first;
	s->limit = a->last - (s->count - 1);
	s->pattern = pattern_of(a, s->count, align);
	s->by_group = s->count == 1 && (s->pattern == EVEN || s->pattern == ODD || s->pattern == (EVEN | ODD));
	s->place_count = 0;
	for (i = 0; i < NAT_BLOCK; i++)
		if (s->pattern >> i & 1)
			s->place[s->place_count++] = (uint8_t)i;
	s->block = s->first / NAT_BLOCK;
	s->block += (t->worker + t->workers - s->block % t->workers) % t->workers;
	last_block = s->limit / NAT_BLOCK;
	s->blocks = s->block > last_block ? 0 : (last_block - s->block) / t->workers + 1;
	return true;
}

/* The keys that may be chosen, numbered through; at both ends some are out of range. */
static uint32_t place_count(const struct search *s)
{
	return s->blocks * s->place_count;
}

static uint32_t place_at(const struct search *s, uint32_t number)
{
	return (s->block + number / s->place_count * s->t->workers) * NAT_BLOCK + s->place[number % s->place_count];
}

static bool in_range(const struct search *s, uint32_t key)
{
	return key >= s->first && key <= s->limit;
}

static bool may_share(const struct search *s, uint32_t key)
{
	return s->count == 1 && s->a->flags & NAT_ASK_SHARE && s->s->users[key] < NAT_SHARED_MAX;
}

/* Are this key, and the others of the run, free, or may they be shared? */
static bool open_key(const struct search *s, uint32_t key)
{
	uint32_t i;

	for (i = 0; i < s->count; i++)
		if (s->s->users[key + i] && !may_share(s, key + i))
			return false;
	return true;
}

static bool unique(const struct search *s, uint32_t key)
{
	uint32_t i;

	for (i = 0; s->a->unique && i < s->count; i++)
		if (!s->a->unique(s->a->user, (uint16_t)(key + i)))
			return false;
	return true;
}

/* The own key may lie anywhere in this worker's slices: it need not fit the pattern but for alignment. */
static bool keeps(const struct search *s)
{
	uint32_t own = s->a->own, i;

	if (!(s->a->flags & NAT_ASK_KEEP) || !in_range(s, own) || (s->a->align && own % s->a->align))
		return false;
	for (i = 0; i < s->count; i++)
		if (nat_key_owner((uint16_t)(own + i), s->t->workers) != s->t->worker)
			return false;
	return open_key(s, own) && unique(s, own);
}

/* ---- a free one ---- */

/* The keys of a word's 64 that are this worker's. */
static uint64_t slice_of(const struct nat_keys *t, uint32_t word)
{
	uint64_t slice = 0;
	uint32_t block;

	if (t->workers == 1)
		return ~(uint64_t)0;
	block = (t->worker + t->workers - word * (64 / NAT_BLOCK) % t->workers) % t->workers;
	for (; block < 64 / NAT_BLOCK; block += t->workers)
		slice |= (uint64_t)0xff << block * NAT_BLOCK;
	return slice;
}

/* Those of a word's 64 keys that may be chosen and are free. */
static uint64_t free_in_word(const struct search *s, uint32_t word)
{
	uint32_t low = word * 64, high = low + 63, i;
	uint64_t keys;

	if (high < s->first || low > s->limit)
		return 0;
	keys = slice_of(s->t, word) & s->pattern * EACH_BLOCK;
	if (low < s->first)
		keys &= ~(uint64_t)0 << (s->first - low);
	if (high > s->limit)
		keys &= ~(uint64_t)0 >> (high - s->limit);
	for (i = 0; i < s->count; i++) /* a run does not leave its block */
		keys &= ~(s->s->map[word] >> i);
	return keys;
}

/* How many bits are set. Not the compiler's: without an instruction for it that is a function with a table. */
static uint32_t bits(uint64_t x)
{
	x -= x >> 1 & 0x5555555555555555u;
	x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (uint32_t)(x * EACH_BLOCK >> 56);
}

static uint32_t free_in_group(const struct search *s, uint32_t group)
{
	uint32_t low = group * NAT_GROUP, high = low + NAT_GROUP - 1, n = 0, word;
	uint32_t own = s->t->own[group], even = own - s->s->taken[group][0], odd = own - s->s->taken[group][1];

	if (high < s->first || low > s->limit || even + odd < s->count)
		return 0;
	if (s->by_group && low >= s->first && high <= s->limit)
		return (s->pattern & EVEN ? even : 0) + (s->pattern & ODD ? odd : 0);
	for (word = low / 64; word <= high / 64; word++)
		n += bits(free_in_word(s, word));
	return n;
}

static uint32_t count_free(struct search *s)
{
	uint32_t n = 0, group;

	for (group = s->first / NAT_GROUP; group <= s->limit / NAT_GROUP; group++) {
		s->in_group[group] = (uint16_t)free_in_group(s, group);
		n += s->in_group[group];
	}
	return n;
}

/* The free key of this rank among those that count_free counted. */
static uint32_t free_of_rank(const struct search *s, uint32_t rank)
{
	uint32_t group = s->first / NAT_GROUP, word, n;
	uint64_t keys;

	while (rank >= s->in_group[group])
		rank -= s->in_group[group++];
	word = group * GROUP_WORDS;
	while (rank >= (n = bits(free_in_word(s, word)))) {
		rank -= n;
		word++;
	}
	for (keys = free_in_word(s, word); rank > 0; rank--)
		keys &= keys - 1;
	return word * 64 + (uint32_t)__builtin_ctzll(keys);
}

static bool is_free(const struct search *s, uint32_t key)
{
	return in_range(s, key) && free_in_word(s, key / 64) >> key % 64 & 1;
}

/* A free key that is unique; -1: none. *left: how many are free, and may yet be unique. */
static int32_t pick_free(struct search *s, struct nat_random *random, uint32_t *left)
{
	uint32_t draws = s->count > 1 ? RUN_DRAWS : DRAWS, key;

	while (draws-- > 0) {
		key = place_at(s, nat_random_below(random, place_count(s)));
		if (is_free(s, key) && unique(s, key))
			return (int32_t)key;
	}
	*left = count_free(s);
	if (!*left)
		return -1;
	key = free_of_rank(s, nat_random_below(random, *left));
	return unique(s, key) ? (int32_t)key : -1;
}

/* ---- one that others share ---- */

/*
 * Keys in an order by chance, each once: from anywhere in steps of a prime that is larger than the number of places, and so visits
 * all of them. With SHARE the shared ones; without, those free ones that pick_free had no luck with.
 */
static int32_t pick_walking(const struct search *s, struct nat_random *random)
{
	static const uint32_t primes[] = { 2654435761u, 2246822519u, 3266489917u, 668265263u };
	uint64_t draw = nat_random_next(random);
	uint32_t n = place_count(s), asks = 0, look, at = (uint32_t)((draw & 0xffffffffu) * n >> 32);
	uint32_t step = primes[draw >> 62] % n;

	for (look = 0; look < n && look < NAT_PICK_LOOKS && asks < NAT_PICK_ASKS; look++) {
		uint32_t key = place_at(s, at);

		if (in_range(s, key) && open_key(s, key)) {
			asks++;
			if (unique(s, key))
				return (int32_t)key;
		}
		at = at + step < n ? at + step : at + step - n;
	}
	return -1;
}

int32_t usher__nat_key_pick(const struct nat_keys *t, const struct nat_ask *a, struct nat_random *random)
{
	uint32_t left = 0;
	struct search s;
	int32_t key;

	if (!search_begin(&s, t, a))
		return -1;
	if (keeps(&s))
		return a->own;
	if (!place_count(&s))
		return -1;
	key = pick_free(&s, random, &left);
	if (key >= 0)
		return key;
	if (left || (a->flags & NAT_ASK_SHARE && s.count == 1 && s.s->used > s.s->exclusive))
		return pick_walking(&s, random);
	return -1;
}
