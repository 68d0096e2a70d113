/*
 * The table of mappings: its finders by hand, the key that a mapping has alone, owners, deadlines, the sweep. (The naive model is in
 * test_nat_keys.c.)
 */
#include "nat/mapping.h"

#include "net.h"

static struct nat_keys keys;
static struct mapping_table table;
static struct hash_key hash_key;
static void *key_memory, *mapping_memory;

static void open_tables_with(uint32_t count, uint8_t seed_byte)
{
	uint8_t seed[32] = { seed_byte };
	size_t key_size = usher__nat_keys_size(4), size = usher__mapping_table_size(count);

	size = (size + 63) / 64 * 64;
	key_memory = aligned_alloc(64, key_size);
	mapping_memory = aligned_alloc(64, size);
	assert_non_null(key_memory);
	assert_non_null(mapping_memory);
	memset(key_memory, 0, key_size);
	memset(mapping_memory, 0, size);
	hash_key_init(&hash_key, seed);
	usher__nat_keys_init(&keys, key_memory, 4, &hash_key, 0, 1);
	usher__mapping_table_init(&table, mapping_memory, count, &keys, &hash_key);
}

static void open_tables(uint32_t count)
{
	open_tables_with(count, 6);
}

/* Everything goes, and nothing may be left of it. */
static void close_tables(void)
{
	uint32_t number, heads;

	while ((number = usher__mapping_next(&table, 0)))
		usher__mapping_remove(&table, number);
	assert_false(mapping_any(&table));
	assert_int_equal(keys.slab->used, 0);
	for (heads = 0; heads < (table.head_mask + 1) * (MAPPING_CHAINS + 1); heads++)
		assert_int_equal(table.head[0][heads], 0);
	free(key_memory);
	free(mapping_memory);
}

/* What a mapping says, in short. */
struct said {
	const char *inside, *public; /* with keys */
	uint16_t zone, public_zone;
	uint8_t protocol;
	uint32_t owner, tag;
	uint8_t side, part;
};

/* 0: refused. The address is held by the mapping alone. */
static uint32_t add(const struct said *s)
{
	struct usher_endpoint inside = net_end(s->inside), public = net_end(s->public);
	uint32_t address = usher__nat_address_hold(&keys, s->public_zone, public.family, public.address);
	uint32_t number = usher__mapping_take(&table);
	struct mapping *m;
	bool done;

	assert_true(address && number);
	m = mapping_at(&table, number);
	m->address = address;
	m->public_key = (uint16_t)public.key;
	m->zone = s->zone;
	m->family = inside.family;
	m->protocol = s->protocol;
	m->inside_key = (uint16_t)inside.key;
	memcpy(m->inside, inside.address, 16);
	m->owner = s->owner;
	m->tag = s->tag;
	m->side = s->side;
	m->part = s->part;
	done = usher__mapping_publish(&table, number);
	usher__nat_address_release(&keys, address);
	if (!done)
		usher__mapping_give(&table, number);
	return done ? number : 0;
}

static uint32_t address_of(const struct said *s)
{
	struct usher_endpoint public = net_end(s->public);

	return usher__nat_address_find(&keys, s->public_zone, public.family, public.address);
}

static uint32_t by_inside(const struct said *s)
{
	struct usher_endpoint e = net_end(s->inside);
	struct mapping_inside inside = { s->zone, (uint16_t)e.key, e.family, s->protocol, e.address };

	return usher__mapping_by_inside(&table, &inside, address_of(s));
}

static uint32_t by_public(const struct said *s)
{
	return usher__mapping_by_public(&table, address_of(s), s->protocol, (uint16_t)net_end(s->public).key);
}

static uint32_t by_name(const struct said *s)
{
	struct mapping_name name = { s->owner, s->tag, s->side, s->protocol, s->part };

	return usher__mapping_by_name(&table, &name);
}

/* Each differs from the first in one thing; each is found by what it is, and by nothing else. */
static const struct said rows[] = {
	{ "10.0.0.2:4000", "203.0.113.1:4000", 0, 0, USHER_UDP, 5, 9, 0, 0 },
	{ "10.0.0.2:4000", "203.0.113.1:4000", 0, 0, USHER_TCP, 5, 9, 0, 0 },
	{ "10.0.0.2:4000", "203.0.113.2:4000", 0, 0, USHER_UDP, 6, 9, 0, 0 },
	{ "10.0.0.2:4000", "203.0.113.1:4000", 0, 1, USHER_UDP, 5, 8, 0, 0 },
	{ "10.0.0.2:4000", "203.0.113.1:4001", 1, 0, USHER_UDP, 5, 9, 1, 0 },
	{ "10.0.0.2:4001", "203.0.113.1:4002", 0, 0, USHER_UDP, 5, 9, 0, 1 },
	{ "10.0.0.3:4000", "203.0.113.1:4003", 0, 0, USHER_UDP, 7, 0, 0, 0 },
	{ "[fd00::2]:4000", "[2001:db8::1]:4000", 0, 0, USHER_UDP, 8, 9, 0, 0 },
	{ "[fd00::3]:4000", "[2001:db8::1]:4001", 0, 0, USHER_UDP, 0, 0, 0, 0 },
};

static void find_all(void)
{
	uint32_t number[COUNT_OF(rows)], i, k;

	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(by_public(&rows[i]), 0);
		assert_int_equal(by_inside(&rows[i]), 0);
		assert_int_equal(by_name(&rows[i]), 0);
		number[i] = add(&rows[i]);
		assert_int_equal(number[i], i + 1);
		assert_int_equal(mapping_at(&table, number[i])->generation & 1, 0);
		for (k = 0; k <= i; k++) {
			assert_int_equal(by_public(&rows[k]), number[k]);
			assert_int_equal(by_inside(&rows[k]), number[k]);
			assert_int_equal(by_name(&rows[k]), rows[k].owner ? number[k] : 0);
		}
	}
	assert_int_equal(usher__mapping_take(&table), 0);
}

/* With many hash keys, so that each two of them have shared a chain. */
static void test_found(void **state)
{
	uint32_t seed;

	(void)state;
	for (seed = 0; seed < 128; seed++) {
		open_tables_with(COUNT_OF(rows), (uint8_t)seed);
		find_all();
		close_tables();
	}
}

/* Two names for one inside endpoint: both are found by theirs, by the endpoint the newer one. */
static void test_twice(void **state)
{
	static const struct said old = { "10.0.0.2:4000", "203.0.113.1:4000", 0, 0, USHER_UDP, 0, 0, 0, 0 };
	static const struct said new = { "10.0.0.2:4000", "203.0.113.1:4001", 0, 0, USHER_UDP, 5, 1, 0, 0 };
	uint32_t first, second;

	(void)state;
	open_tables(4);
	first = add(&old);
	second = add(&new);
	assert_int_equal(by_inside(&old), second);
	assert_int_equal(by_public(&old), first);
	assert_int_equal(by_public(&new), second);
	usher__mapping_remove(&table, second);
	assert_int_equal(by_inside(&old), first);
	close_tables();
}

/* The key is the mapping's alone, and free again when it goes. Shared ones are not lent to a mapping. */
static void test_key(void **state)
{
	static const struct said s = { "10.0.0.2:4000", "203.0.113.1:4000", 0, 0, USHER_UDP, 0, 0, 0, 0 };
	static const struct said rival = { "10.0.0.3:4000", "203.0.113.1:4000", 0, 0, USHER_UDP, 0, 0, 0, 0 };
	static const struct said keyless = { "10.0.0.3:0", "203.0.113.1:0", 0, 0, 50, 0, 0, 0, 0 };
	uint32_t number, generation, address;

	(void)state;
	open_tables(4);
	number = add(&s);
	generation = mapping_at(&table, number)->generation;
	address = address_of(&s);
	assert_int_equal(nat_key_users(&keys, address, NAT_SPACE_UDP, 4000), NAT_EXCLUSIVE);
	assert_int_equal(nat_key_users(&keys, address, NAT_SPACE_TCP, 4000), 0);
	assert_int_equal(add(&rival), 0);
	assert_int_equal(add(&keyless), 0);
	assert_int_equal(by_inside(&rival), 0);
	usher__mapping_remove(&table, number);
	assert_int_not_equal(mapping_at(&table, number)->generation, generation); /* an old reference is noticed */
	assert_int_equal(address_of(&s), 0);
	address = usher__nat_address_hold(&keys, 0, USHER_IPV4, (const uint8_t[]){ 203, 0, 113, 1 });
	assert_true(usher__nat_key_share(&keys, address, NAT_SPACE_UDP, 4000));
	assert_int_equal(add(&s), 0);
	assert_true(usher__nat_key_give(&keys, address, NAT_SPACE_UDP, 4000));
	assert_true(add(&s) != 0);
	usher__nat_address_release(&keys, address);
	close_tables();
}

/* ---- owners ---- */

/* Numbers of an owner's mappings, in order, as text. */
static const char *owned(uint32_t owner)
{
	static char text[400];
	uint32_t number = 0;
	size_t len = 0;

	text[0] = 0;
	while ((number = usher__mapping_of_owner(&table, owner, number)))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%u ", number);
	return text;
}

static void test_owner(void **state)
{
	static char inside[20], public[20];
	uint32_t i;

	(void)state;
	open_tables(400);
	for (i = 0; i < 400; i++) { /* 200 owners over the heads: lists of several owners mix */
		struct said s = { inside, public, 0, 0, USHER_TCP, 1 + i % 200, i, 0, 0 };

		snprintf(inside, sizeof(inside), "10.0.0.2:%u", 1000 + i);
		snprintf(public, sizeof(public), "203.0.113.1:%u", 1000 + i);
		assert_int_equal(add(&s), i + 1);
	}
	assert_string_equal(owned(1), "201 1 ");
	assert_string_equal(owned(200), "400 200 ");
	assert_string_equal(owned(201), "");
	usher__mapping_remove(&table, 201);
	assert_string_equal(owned(1), "1 ");
	usher__mapping_disown(&table, 1);
	assert_string_equal(owned(1), "");
	assert_int_equal(mapping_at(&table, 1)->owner, 0);
	usher__mapping_disown(&table, 1); /* nothing to do */
	usher__mapping_remove(&table, 2);
	assert_string_equal(owned(2), "202 ");
	for (i = 3; i <= 200; i++) { /* how an owner ends: one after the other */
		uint32_t number, next, n = 0;

		for (number = usher__mapping_of_owner(&table, i, 0); number; number = next, n++) {
			next = usher__mapping_of_owner(&table, i, number);
			usher__mapping_disown(&table, number);
			usher__mapping_remove(&table, number);
		}
		assert_int_equal(n, 2);
		assert_string_equal(owned(i), "");
	}
	assert_int_equal(usher__mapping_next(&table, 0), 1);
	assert_int_equal(usher__mapping_next(&table, 1), 202);
	assert_int_equal(usher__mapping_next(&table, 202), 0);
	close_tables();
}

/* ---- time ---- */

static void test_over(void **state)
{
	static const struct {
		uint32_t users, owner;
		usher_time deadline;
		bool over;
	} cases[] = {
		{ 0, 0, 100, true }, { 0, 0, 101, false }, { 1, 0, 100, false }, { 0, 3, 100, false }, { 0, 0, 0, true }, { 2, 3, 0, false },
	};
	struct mapping m = { .deadline = 500 };
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		struct mapping c = { .users = cases[i].users, .owner = cases[i].owner, .deadline = cases[i].deadline };

		assert_int_equal(mapping_over(&c, 100), cases[i].over);
	}
	mapping_use(&m);
	mapping_use(&m);
	mapping_leave(&m, 1000, 300);
	assert_int_equal(m.deadline, 1300);
	assert_false(mapping_over(&m, 5000));
	mapping_leave(&m, 1100, 50); /* never shortened */
	assert_int_equal(m.deadline, 1300);
	assert_false(mapping_over(&m, 1299));
	assert_true(mapping_over(&m, 1300));
}

/* Never more than the budget, in turns; what is over is given, once, with what was removed meanwhile passed over. */
static void test_sweep(void **state)
{
	static char inside[20], public[20];
	uint32_t i, at = 0, budget, number, given = 0, turns = 0;

	(void)state;
	open_tables(200);
	for (i = 0; i < 100; i++) {
		struct said s = { inside, public, 0, 0, USHER_TCP, i % 10 == 3 ? 7 : 0, i, 0, 0 };

		snprintf(inside, sizeof(inside), "10.0.0.2:%u", 1000 + i);
		snprintf(public, sizeof(public), "203.0.113.1:%u", 1000 + i);
		number = add(&s);
		mapping_at(&table, number)->deadline = i % 2 ? USHER_SECOND : 9 * USHER_SECOND;
	}
	usher__mapping_remove(&table, 50);
	do {
		budget = 7;
		while ((number = usher__mapping_sweep(&table, &at, &budget, 2 * USHER_SECOND))) {
			assert_int_equal(number % 2, 0);
			assert_int_not_equal(number % 10, 4);
			usher__mapping_remove(&table, number);
			given++;
		}
		turns++;
	} while (!budget && turns < 100);
	assert_int_equal(given, 39); /* 50 are due, 10 of them owned, one gone */
	assert_int_equal(turns, 15); /* of 7 records each */
	assert_int_equal(at, 100);
	at = 0;
	budget = 1000;
	assert_int_equal(usher__mapping_sweep(&table, &at, &budget, 2 * USHER_SECOND), 0);
	assert_int_equal(budget, 900);
	close_tables();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found), cmocka_unit_test(test_twice), cmocka_unit_test(test_key), cmocka_unit_test(test_owner),
		cmocka_unit_test(test_over), cmocka_unit_test(test_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
