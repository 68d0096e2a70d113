/*
 * The table of expectations against a naive model: all of them are looked at, the most exact wins. What is open in the
 * source, calls of two keys, both families, zones; identical ones; a table that is full.
 */
#include "expect/expect.h" /* before cmocka, which has a macro expect_any */

#include "net.h"

#define MOST 400u

static struct expect_table table;
static struct hash_key hash_key;
static void *memory;
static uint32_t count;
static bool in[MOST + 1]; /* by number */

static void open_table(uint32_t entries)
{
	size_t size = usher__expect_table_size(entries);
	uint8_t seed[32] = { 3 };

	memory = aligned_alloc(64, (size + 63) / 64 * 64);
	assert_non_null(memory);
	memset(memory, 0, size);
	hash_key_init(&hash_key, seed);
	usher__expect_table_init(&table, memory, entries, &hash_key);
	memset(in, 0, sizeof(in));
	count = 0;
}

/* What an expectation says, in short. */
struct said {
	const char *src, *dst; /* src "*": any address; its key 0: any */
	uint8_t protocol;
	uint16_t zone;
	bool both;
};

/* No NAT: what matches leaves as it came. */
static void keep_untranslated(struct expect *e)
{
	memcpy(e->out_src, e->src, 16);
	memcpy(e->out_dst, e->dst, 16);
	e->out_src_key = e->src_key;
	e->out_dst_key = e->dst_key;
}

static struct expect made_of(const struct said *s)
{
	struct usher_endpoint dst = net_end(s->dst), src = dst;
	struct expect e = { .family = dst.family, .protocol = s->protocol ? s->protocol : USHER_TCP, .zone = s->zone };

	e.type = e.protocol == USHER_GRE;
	e.both = s->both;
	memcpy(e.dst, dst.address, 16);
	e.dst_key = dst.key;
	if (s->src[0] == '*') {
		src.key = s->src[1] == ':' ? (uint32_t)atoi(s->src + 2) : 0;
	} else {
		src = net_end(s->src);
		memcpy(e.src, src.address, 16);
	}
	e.src_key = src.key;
	keep_untranslated(&e);
	return e;
}

static uint32_t add(const struct expect *e)
{
	uint32_t number = usher__expect_take(&table), generation;
	struct expect *at;

	if (!number)
		return 0;
	at = expect_at(&table, number);
	generation = at->generation;
	assert_int_equal(generation & 1, 1);
	*at = *e;
	at->generation = generation;
	usher__expect_publish(&table, number);
	assert_int_equal(at->generation & 1, 0);
	assert_true(at->in_use);
	in[number] = true;
	count++;
	return number;
}

static void take_out(uint32_t number)
{
	uint32_t generation = expect_at(&table, number)->generation;

	usher__expect_remove(&table, number);
	assert_false(expect_at(&table, number)->in_use);
	assert_int_not_equal(expect_at(&table, number)->generation, generation);
	in[number] = false;
	count--;
}

/* The number that a packet matches, 0: none; with 1000 added if by the inverse. */
static uint32_t match(const char *src_text, const char *dst_text, uint8_t protocol, uint16_t zone)
{
	struct usher_endpoint src = net_end(src_text), dst = net_end(dst_text);
	struct expect_key k = { .src = src.address, .dst = dst.address, .src_key = src.key, .dst_key = dst.key, .zone = zone,
				.family = dst.family, .protocol = protocol, .type = protocol == USHER_GRE,
				.one_way = protocol == USHER_GRE };
	bool inverse = false;
	uint32_t number;

	if (k.one_way)
		k.src_key = 0;
	number = usher__expect_lookup(&table, &k, &inverse);
	return number + (inverse ? 1000 : 0);
}

/* ---- by hand ---- */

static void test_patterns(void **state)
{
	static const struct said said[] = { /* numbers 1, 2, ... */
		{ "10.0.0.9:7", "10.0.0.2:2000", 0, 0, false },
		{ "10.0.0.9", "10.0.0.2:2000", 0, 0, false },
		{ "*:7", "10.0.0.2:2000", 0, 0, false },
		{ "*", "10.0.0.2:2000", 0, 0, false },
		{ "10.0.0.9", "10.0.0.2:2001", 0, 0, false },
		{ "10.0.0.9", "10.0.0.2:2001", USHER_UDP, 0, false },
		{ "10.0.0.9", "10.0.0.2:2001", 0, 4, false },
		{ "[fd00::9]", "[fd00::2]:2001", 0, 0, false },
		{ "*", "[fd00::2]:2000", 0, 0, false },
	};
	static const struct {
		const char *src, *dst;
		uint8_t protocol;
		uint16_t zone;
		uint32_t number;
	} packets[] = {
		{ "10.0.0.9:7", "10.0.0.2:2000", USHER_TCP, 0, 1 },
		{ "10.0.0.9:8", "10.0.0.2:2000", USHER_TCP, 0, 2 },
		{ "10.0.0.8:7", "10.0.0.2:2000", USHER_TCP, 0, 3 },
		{ "10.0.0.8:8", "10.0.0.2:2000", USHER_TCP, 0, 4 },
		{ "10.0.0.9:7", "10.0.0.2:2001", USHER_TCP, 0, 5 },
		{ "10.0.0.9:7", "10.0.0.2:2001", USHER_UDP, 0, 6 },
		{ "10.0.0.9:7", "10.0.0.2:2001", USHER_TCP, 4, 7 },
		{ "10.0.0.9:7", "10.0.0.2:2001", USHER_UDP, 4, 0 },
		{ "10.0.0.8:7", "10.0.0.2:2001", USHER_TCP, 0, 0 },
		{ "10.0.0.9:7", "10.0.0.3:2000", USHER_TCP, 0, 0 },
		{ "10.0.0.9:7", "10.0.0.2:2002", USHER_TCP, 0, 0 },
		{ "10.0.0.2:2000", "10.0.0.9:7", USHER_TCP, 0, 0 }, /* not the other way round */
		{ "[fd00::9]:1", "[fd00::2]:2001", USHER_TCP, 0, 8 },
		{ "[fd00::8]:1", "[fd00::2]:2001", USHER_TCP, 0, 0 },
		{ "[fd00::8]:1", "[fd00::2]:2000", USHER_TCP, 0, 9 },
	};
	unsigned i;

	(void)state;
	open_table(MOST);
	assert_false((expect_any)(&table));
	for (i = 0; i < COUNT_OF(said); i++) {
		struct expect e = made_of(&said[i]);

		assert_int_equal(usher__expect_same(&table, &e, 0), 0);
		assert_int_equal(add(&e), i + 1);
		assert_int_equal(usher__expect_same(&table, &e, 0), i + 1);
	}
	assert_true((expect_any)(&table));
	for (i = 0; i < COUNT_OF(packets); i++)
		if (match(packets[i].src, packets[i].dst, packets[i].protocol, packets[i].zone) != packets[i].number)
			fail_msg("%s > %s matches %u", packets[i].src, packets[i].dst,
				 match(packets[i].src, packets[i].dst, packets[i].protocol, packets[i].zone));
	/* the most exact one gone, the next one's turn comes: address before key */
	take_out(1);
	assert_int_equal(match("10.0.0.9:7", "10.0.0.2:2000", USHER_TCP, 0), 2);
	take_out(2);
	assert_int_equal(match("10.0.0.9:7", "10.0.0.2:2000", USHER_TCP, 0), 3);
	take_out(3);
	assert_int_equal(match("10.0.0.9:7", "10.0.0.2:2000", USHER_TCP, 0), 4);
	take_out(4);
	assert_int_equal(match("10.0.0.9:7", "10.0.0.2:2000", USHER_TCP, 0), 0);
	free(memory);
}

static void test_both(void **state)
{
	static const struct said call = { "10.0.0.9:9", "10.0.0.2:5", USHER_GRE, 0, true };
	static const struct said other = { "10.0.0.9:9", "10.0.0.2:6", USHER_GRE, 0, true };
	static const struct said third = { "10.0.0.9:8", "10.0.0.2:5", USHER_GRE, 0, true };
	static const struct said turned = { "10.0.0.2:5", "10.0.0.9:9", USHER_GRE, 0, true };
	static const struct said single = { "10.0.0.9", "10.0.0.2:5", USHER_GRE, 0, false };
	struct expect e = made_of(&call);

	(void)state;
	open_table(MOST);
	assert_int_equal(add(&e), 1);
	assert_int_equal(match("10.0.0.9:0", "10.0.0.2:5", USHER_GRE, 0), 1);
	assert_int_equal(match("10.0.0.2:0", "10.0.0.9:9", USHER_GRE, 0), 1001);
	assert_int_equal(match("10.0.0.2:0", "10.0.0.9:8", USHER_GRE, 0), 0);
	assert_int_equal(match("10.0.0.3:0", "10.0.0.9:9", USHER_GRE, 0), 0);
	assert_int_equal(match("10.0.0.9:0", "10.0.0.2:5", USHER_GRE, 1), 0);
	assert_int_equal(match("10.0.0.9:9", "10.0.0.2:5", USHER_TCP, 0), 0);
	/* what clashes with one of its sides */
	e = made_of(&other);
	assert_int_equal(usher__expect_same(&table, &e, 0), 0);
	assert_int_equal(usher__expect_same(&table, &e, 1), 1);
	e = made_of(&third);
	assert_int_equal(usher__expect_same(&table, &e, 0), 1);
	assert_int_equal(usher__expect_same(&table, &e, 1), 0);
	e = made_of(&turned);
	assert_int_equal(usher__expect_same(&table, &e, 0), 1);
	assert_int_equal(usher__expect_same(&table, &e, 1), 1);
	e = made_of(&single);
	assert_int_equal(usher__expect_same(&table, &e, 0), 1);
	take_out(1);
	assert_int_equal(match("10.0.0.2:0", "10.0.0.9:9", USHER_GRE, 0), 0);
	assert_false((expect_any)(&table));
	free(memory);
}

static void test_full(void **state)
{
	uint32_t i, number;

	(void)state;
	open_table(5);
	for (i = 0; i < 6; i++) {
		struct said s = { "10.0.0.9", "10.0.0.2:2000", 0, (uint16_t)i, false };
		struct expect e = made_of(&s);

		number = add(&e);
		assert_int_equal(number, i < 5 ? i + 1 : 0);
	}
	take_out(3);
	number = usher__expect_take(&table);
	assert_int_equal(number, 3); /* the same record, of another generation */
	assert_int_equal(usher__expect_take(&table), 0);
	free(memory);
}

/* ---- against the model ---- */

static void random_expect(struct expect *e, uint64_t *seed)
{
	memset(e, 0, sizeof(*e));
	e->family = net_random(seed, 2) ? USHER_IPV6 : USHER_IPV4;
	e->zone = (uint16_t)net_random(seed, 2);
	e->dst[0] = 10;
	e->dst[3] = (uint8_t)net_random(seed, 3);
	e->dst_key = 1 + net_random(seed, 4);
	if (net_random(seed, 3)) {
		e->src[0] = 10;
		e->src[3] = (uint8_t)net_random(seed, 3);
	}
	e->src_key = net_random(seed, 2) ? 1 + net_random(seed, 4) : 0;
	e->protocol = net_random(seed, 2) ? USHER_TCP : USHER_GRE;
	e->type = e->protocol == USHER_GRE;
	if (e->protocol == USHER_GRE && e->src[0] && e->src_key)
		e->both = (uint8_t)net_random(seed, 2);
	keep_untranslated(e);
}

/* How exactly one side of an expectation matches; 0: not at all. */
static unsigned exactness(const struct expect *e, unsigned side, const struct expect_key *k)
{
	static const uint8_t any[16];
	const uint8_t *src = side ? e->dst : e->src, *dst = side ? e->src : e->dst;
	uint32_t src_key = side ? e->dst_key : e->src_key, dst_key = side ? e->src_key : e->dst_key;
	bool address = memcmp(src, any, 16) != 0, key = src_key && e->protocol != USHER_GRE;

	if (e->family != k->family || e->zone != k->zone || e->protocol != k->protocol || dst_key != k->dst_key ||
	    memcmp(dst, k->dst, 16) != 0)
		return 0;
	if ((address && memcmp(src, k->src, 16) != 0) || (key && src_key != k->src_key))
		return 0;
	return 1 + (address ? 2u : 0) + (key ? 1u : 0);
}

static void check_lookup(uint64_t *seed)
{
	uint8_t src[16] = { 10, 0, 0, (uint8_t)net_random(seed, 3) }, dst[16] = { 10, 0, 0, (uint8_t)net_random(seed, 3) };
	struct expect_key k = { .src = src, .dst = dst, .src_key = net_random(seed, 6), .dst_key = net_random(seed, 6),
				.zone = (uint16_t)net_random(seed, 2), .family = net_random(seed, 2) ? USHER_IPV6 : USHER_IPV4,
				.protocol = net_random(seed, 2) ? USHER_TCP : USHER_GRE };
	unsigned best = 0, side, here;
	bool inverse = false;
	uint32_t number, found;

	k.type = k.protocol == USHER_GRE;
	k.one_way = k.type;
	for (number = 1; number <= MOST; number++)
		for (side = 0; in[number] && side < (expect_at(&table, number)->both ? 2u : 1u); side++) {
			here = exactness(expect_at(&table, number), side, &k);
			best = here > best ? here : best;
		}
	found = usher__expect_lookup(&table, &k, &inverse);
	if (!found)
		assert_int_equal(best, 0);
	else
		assert_int_equal(exactness(expect_at(&table, found), inverse, &k), best);
}

static bool clashes(const struct expect *e)
{
	return usher__expect_same(&table, e, 0) || (e->both && usher__expect_same(&table, e, 1));
}

static void test_random(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 4; seed++) {
		uint64_t random = seed;
		uint32_t step, refused = 0, number;

		print_message("seed %llu\n", (unsigned long long)seed);
		open_table(seed == 4 ? 20 : MOST);
		for (step = 0; step < 40000; step++) {
			struct expect e;

			random_expect(&e, &random);
			number = 1 + net_random(&random, MOST);
			if (net_random(&random, 2) && in[number])
				take_out(number);
			else if (!clashes(&e))
				refused += add(&e) == 0;
			check_lookup(&random);
		}
		assert_true((refused > 0) == (seed == 4));
		for (number = 1; number <= MOST; number++)
			if (in[number])
				take_out(number);
		assert_false((expect_any)(&table));
		assert_int_equal(table.patterns[0] + table.patterns[1] + table.patterns[2] + table.patterns[3], 0);
		free(memory);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns), cmocka_unit_test(test_both), cmocka_unit_test(test_full),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
