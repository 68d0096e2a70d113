/*
 * NAT's tables: public addresses, the users of their keys, whose slice a key is in; and keys, picks and mappings against a naive
 * model, with random operations (nat_play.c).
 */
#include "nat/keys.h"

#include "nat_play.h"
#include "net.h"

static struct nat_keys table;
static struct hash_key hash_key;
static void *memory;
static size_t memory_size;

static void open_table(uint32_t count)
{
	static const uint8_t seed[32] = { 9 };

	memory_size = usher__nat_keys_size(count);
	assert_int_equal(memory_size % 64, 0);
	memory = aligned_alloc(64, memory_size);
	assert_non_null(memory);
	memset(memory, 0, memory_size);
	hash_key_init(&hash_key, seed);
	usher__nat_keys_init(&table, memory, count, &hash_key, 0, 1);
}

/* Empty again, with another hash key; no key was used. */
static void open_again(uint32_t count, uint8_t seed_byte)
{
	uint8_t seed[32] = { seed_byte };

	hash_key_init(&hash_key, seed);
	memset(memory, 0, (size_t)((uint8_t *)table.space - (uint8_t *)memory));
	usher__nat_keys_init(&table, memory, count, &hash_key, 0, 1);
}

static uint32_t hold(uint16_t zone, const char *text)
{
	struct usher_endpoint e = net_end(text);

	return usher__nat_address_hold(&table, zone, e.family, e.address);
}

static uint32_t find(uint16_t zone, const char *text)
{
	struct usher_endpoint e = net_end(text);

	return usher__nat_address_find(&table, zone, e.family, e.address);
}

/* ---- addresses ---- */

static void test_spaces(void **state)
{
	static const struct {
		uint8_t protocol, space;
	} rows[] = {
		{ 6, NAT_SPACE_TCP }, { 17, NAT_SPACE_UDP }, { 136, NAT_SPACE_UDPLITE }, { 132, NAT_SPACE_SCTP },
		{ 33, NAT_SPACE_DCCP }, { 1, NAT_SPACE_ICMP }, { 58, NAT_SPACE_ICMP }, { 47, NAT_SPACE_GRE },
		{ 0, NAT_SPACE_NONE }, { 50, NAT_SPACE_NONE }, { 4, NAT_SPACE_NONE }, { 255, NAT_SPACE_NONE },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(usher__nat_space(rows[i].protocol), rows[i].space);
}

/* With many hash keys, so that each two of them have shared a chain. */
static void test_addresses(void **state)
{
	static const struct {
		uint16_t zone;
		const char *address;
	} rows[] = { /* each another one */
		{ 0, "203.0.113.1" }, { 1, "203.0.113.1" }, { 0, "203.0.113.2" }, { 0, "[cb00:7101::]" }, { 0, "[cb00:7101::1]" },
		{ 65535, "[cb00:7101::1]" },
	};
	uint32_t number[COUNT_OF(rows)], i, k, seed;

	(void)state;
	open_table(COUNT_OF(rows));
	for (seed = 0; seed < 256; seed++) {
		open_again(COUNT_OF(rows), (uint8_t)seed);
		for (i = 0; i < COUNT_OF(rows); i++) {
			assert_int_equal(find(rows[i].zone, rows[i].address), 0);
			number[i] = hold(rows[i].zone, rows[i].address);
			assert_true(number[i] != 0);
			for (k = 0; k <= i; k++)
				assert_int_equal(find(rows[k].zone, rows[k].address), number[k]);
		}
	}
	assert_int_equal(hold(2, "203.0.113.1"), 0); /* full */
	assert_int_equal(hold(1, "203.0.113.1"), number[1]);
	usher__nat_address_release(&table, number[1]);
	assert_int_equal(find(1, "203.0.113.1"), number[1]); /* one user is left */
	usher__nat_address_release(&table, number[1]);
	assert_int_equal(find(1, "203.0.113.1"), 0);
	assert_int_equal(hold(2, "203.0.113.1"), number[1]);
	for (i = 0; i < COUNT_OF(rows); i++)
		usher__nat_address_release(&table, number[i]);
	assert_int_equal(table.slab->used, 0);
	for (i = 0; i < COUNT_OF(rows); i++) /* nothing is left of who had the record before */
		assert_memory_equal(nat_address_at(&table, hold((uint16_t)i, "203.0.113.9"))->address + 4, (uint8_t[12]){ 0 }, 12);
	free(memory);
}

/* A key's user is one of the address: it stays, and its number is not another's, until the last key is given back. */
static void test_key_holds_address(void **state)
{
	uint32_t a, b;

	(void)state;
	open_table(2);
	a = hold(0, "203.0.113.1");
	assert_true(usher__nat_key_share(&table, a, NAT_SPACE_TCP, 4000));
	assert_true(usher__nat_key_claim(&table, a, NAT_SPACE_GRE, 1));
	usher__nat_address_release(&table, a);
	assert_int_equal(find(0, "203.0.113.1"), a);
	b = hold(0, "203.0.113.2");
	assert_int_not_equal(a, b);
	assert_int_equal(hold(0, "203.0.113.3"), 0);
	assert_true(usher__nat_key_give(&table, a, NAT_SPACE_TCP, 4000));
	assert_int_equal(find(0, "203.0.113.1"), a);
	assert_true(usher__nat_key_give(&table, a, NAT_SPACE_GRE, 1));
	assert_int_equal(find(0, "203.0.113.1"), 0);
	assert_int_equal(hold(0, "203.0.113.3"), a);
	assert_int_equal(nat_keys_used(&table, a, NAT_SPACE_TCP), 0);
	assert_int_equal(nat_keys_used(&table, a, NAT_SPACE_GRE), 0);
	free(memory);
}

/* ---- users ---- */

static void test_users(void **state)
{
	static const struct {
		char what; /* s: share, c: claim, g: give back */
		bool done;
		uint16_t users;
	} rows[] = {
		{ 'g', false, 0 }, { 's', true, 1 }, { 'c', false, 1 }, { 's', true, 2 }, { 'g', true, 1 }, { 'g', true, 0 },
		{ 'g', false, 0 }, { 'c', true, NAT_EXCLUSIVE }, { 'c', false, NAT_EXCLUSIVE }, { 's', false, NAT_EXCLUSIVE },
		{ 'g', true, 0 }, { 'g', false, 0 }, { 's', true, 1 },
	};
	static const uint16_t keys[] = { 0, 1, 63, 64, 1023, 1024, 40000, 65535 };
	uint32_t a, i, k;

	(void)state;
	open_table(1);
	a = hold(0, "203.0.113.1");
	for (k = 0; k < COUNT_OF(keys); k++)
		for (i = 0; i < COUNT_OF(rows); i++) {
			bool done = rows[i].what == 's' ? usher__nat_key_share(&table, a, NAT_SPACE_UDP, keys[k]) :
				    rows[i].what == 'c' ? usher__nat_key_claim(&table, a, NAT_SPACE_UDP, keys[k]) :
							  usher__nat_key_give(&table, a, NAT_SPACE_UDP, keys[k]);

			assert_int_equal(done, rows[i].done);
			assert_int_equal(nat_key_users(&table, a, NAT_SPACE_UDP, keys[k]), rows[i].users);
			assert_int_equal(nat_keys_used(&table, a, NAT_SPACE_UDP), k + (rows[i].users != 0));
			assert_int_equal(nat_key_users(&table, a, NAT_SPACE_TCP, keys[k]), 0);
		}
	free(memory);
}

/* 65534 may share a key; one more may not, and 65535 is never reached by counting. */
static void test_saturated(void **state)
{
	uint32_t a, i;

	(void)state;
	open_table(1);
	a = hold(0, "203.0.113.1");
	for (i = 1; i <= NAT_SHARED_MAX; i++)
		assert_true(usher__nat_key_share(&table, a, NAT_SPACE_TCP, 7));
	assert_false(usher__nat_key_share(&table, a, NAT_SPACE_TCP, 7));
	assert_false(usher__nat_key_claim(&table, a, NAT_SPACE_TCP, 7));
	assert_int_equal(nat_key_users(&table, a, NAT_SPACE_TCP, 7), NAT_SHARED_MAX);
	for (i = 1; i <= NAT_SHARED_MAX; i++)
		assert_true(usher__nat_key_give(&table, a, NAT_SPACE_TCP, 7));
	assert_false(usher__nat_key_give(&table, a, NAT_SPACE_TCP, 7));
	assert_int_equal(nat_address_at(&table, a)->users, 1);
	free(memory);
}

/* What is not used is not touched: one key costs its own cache lines, not the 136 KiB of its space. */
static void test_untouched(void **state)
{
	uint32_t a, b, i, touched = 0;
	uint8_t *pages;
	size_t at;

	(void)state;
	open_table(4);
	pages = memory;
	a = hold(0, "203.0.113.1");
	b = hold(0, "203.0.113.2");
	usher__nat_address_release(&table, a);
	assert_true(usher__nat_key_claim(&table, b, NAT_SPACE_TCP, 40000));
	for (at = 0; at < memory_size; at += 4096) {
		for (i = 0; i < 4096 && at + i < memory_size && !pages[at + i]; i++)
			continue;
		touched += i < 4096 && at + i < memory_size;
	}
	assert_in_range(touched, 2, 4); /* records; counts, map; users */
	free(memory);
}

/* ---- slices ---- */

static void test_slices(void **state)
{
	uint32_t workers, worker, key, of[64];

	(void)state;
	open_table(1);
	for (workers = 1; workers <= 64; workers++) {
		memset(of, 0, sizeof(of));
		for (key = 0; key < 65536; key++) {
			worker = nat_key_owner((uint16_t)key, workers);
			assert_true(worker < workers);
			assert_int_equal(worker, nat_key_owner((uint16_t)(key & ~7u), workers)); /* eight in a row are one's */
			of[worker]++;
		}
		for (worker = 0; worker < workers; worker++) {
			uint32_t own = 0, group;

			assert_in_range(of[worker], 65536 / workers - 8, 65536 / workers + 8);
			usher__nat_keys_init(&table, memory, 1, &hash_key, worker, workers);
			for (group = 0; group < NAT_GROUPS; group++)
				own += table.own[group] * 2u;
			assert_int_equal(own, of[worker]);
			for (key = 1; key < 1024 && nat_key_owner((uint16_t)key, workers) != worker; key++)
				continue;
			assert_true(key < 1024); /* each has some of the well-known ones */
		}
	}
	free(memory);
}

/* ---- against the model ---- */

static void test_random(void **state)
{
	static uint8_t bytes[6000];
	struct nat_played p = { 0 };
	uint64_t seed;
	uint32_t i;

	(void)state;
	for (seed = 1; seed <= 120; seed++) {
		uint64_t random = seed;

		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)net_random(&random, 256);
		bytes[0] = (uint8_t)seed;
		nat_play(bytes, sizeof(bytes), &p);
	}
	print_message("%llu picks: %llu kept, %llu free, %llu shared, %llu exhausted, %llu runs\n", (unsigned long long)p.picks,
		      (unsigned long long)p.kept, (unsigned long long)p.found_free, (unsigned long long)p.found_shared,
		      (unsigned long long)p.exhausted, (unsigned long long)p.runs);
	print_message("%llu mappings, %llu full, %llu refused, %llu swept, %llu disowned\n", (unsigned long long)p.mappings,
		      (unsigned long long)p.mappings_full, (unsigned long long)p.mappings_refused, (unsigned long long)p.swept,
		      (unsigned long long)p.disowned);
	assert_true(p.kept > 100 && p.found_free > 100 && p.found_shared > 100 && p.exhausted > 100 && p.runs > 100);
	assert_true(p.claims_refused > 100 && p.shares_refused > 100 && p.gives_refused > 100 && p.addresses_full > 10);
	assert_true(p.mappings > 100 && p.mappings_full > 10 && p.mappings_refused > 10 && p.swept > 100 && p.disowned > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spaces), cmocka_unit_test(test_addresses), cmocka_unit_test(test_key_holds_address),
		cmocka_unit_test(test_users), cmocka_unit_test(test_saturated), cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_slices), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
