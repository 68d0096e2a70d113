/*
 * The choice of a key: ranges, the own key, parity, slices, runs, chance, exhaustion and recovery, sharing, and how much is asked.
 */
#include "nat/keys.h"

#include "net.h"

static struct nat_keys table;
static struct hash_key hash_key;
static struct nat_random chance;
static void *memory;
static uint32_t address;

static void open_table(uint32_t worker, uint32_t workers)
{
	static const uint8_t seed[32] = { 4 };
	size_t size = usher__nat_keys_size(1);

	memory = aligned_alloc(64, size);
	assert_non_null(memory);
	memset(memory, 0, size);
	hash_key_init(&hash_key, seed);
	nat_random_init(&chance, seed, worker);
	usher__nat_keys_init(&table, memory, 1, &hash_key, worker, workers);
	address = usher__nat_address_hold(&table, 0, USHER_IPV4, (const uint8_t[]){ 203, 0, 113, 1 });
}

static struct nat_ask ask(uint8_t flags, uint16_t own, uint16_t first, uint16_t last)
{
	return (struct nat_ask){ .address = address, .space = NAT_SPACE_TCP, .flags = flags, .own = own, .first = first,
				 .last = last };
}

static int32_t pick(const struct nat_ask *a)
{
	return usher__nat_key_pick(&table, a, &chance);
}

static void claim(uint32_t key)
{
	assert_true(usher__nat_key_claim(&table, address, NAT_SPACE_TCP, (uint16_t)key));
}

static void share(uint32_t key)
{
	assert_true(usher__nat_key_share(&table, address, NAT_SPACE_TCP, (uint16_t)key));
}

static void give(uint32_t key)
{
	assert_true(usher__nat_key_give(&table, address, NAT_SPACE_TCP, (uint16_t)key));
}

/* ---- the generator ---- */

/* The word 7, 6, .. 0 under the key 0f, 0e, .. 00, as the reference vectors of the paper's authors have it. */
static void test_sip(void **state)
{
	static const uint64_t key[2] = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };
	static const uint8_t seeds[3][32] = { { 1 }, { 2 }, { [31] = 1 } };
	struct nat_random r[4];
	uint32_t i, k, n;

	(void)state;
	assert_true(nat_sip(key, 0x0706050403020100u) == 0x93f5f5799a932462u);
	for (i = 0; i < 3; i++) /* every part of the seed counts, and the stream */
		nat_random_init(&r[i], seeds[i], 0);
	nat_random_init(&r[3], seeds[0], 1);
	for (i = 0; i < 4; i++)
		for (k = 0; k < i; k++)
			assert_true(r[i].key[0] != r[k].key[0] && r[i].key[1] != r[k].key[1]);
	for (n = 1; n < 70000; n += 1 + n / 3)
		for (i = 0; i < 50; i++)
			assert_true(nat_random_below(&r[0], n) < n);
}

/* ---- ranges ---- */

static void test_range(void **state)
{
	static const struct {
		uint8_t space;
		uint16_t own, first, last, want_first, want_last;
	} rows[] = {
		{ NAT_SPACE_TCP, 40000, 0, 0, 1024, 65535 }, { NAT_SPACE_UDP, 1024, 0, 0, 1024, 65535 },
		{ NAT_SPACE_UDP, 1023, 0, 0, 1, 1023 }, { NAT_SPACE_TCP, 20, 0, 0, 1, 1023 }, { NAT_SPACE_SCTP, 0, 0, 0, 1, 1023 },
		{ NAT_SPACE_ICMP, 5, 0, 0, 0, 65535 }, { NAT_SPACE_ICMP, 0, 0, 0, 0, 65535 }, { NAT_SPACE_GRE, 5, 0, 0, 1, 65535 },
		{ NAT_SPACE_GRE, 60000, 0, 0, 1, 65535 }, { NAT_SPACE_TCP, 20, 40000, 50000, 40000, 50000 },
		{ NAT_SPACE_TCP, 45000, 0, 9, 0, 9 }, { NAT_SPACE_ICMP, 5, 40000, 40000, 40000, 40000 },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct nat_ask a = { .space = rows[i].space, .own = rows[i].own };

		usher__nat_ask_range(&a, rows[i].first, rows[i].last);
		assert_int_equal(a.first, rows[i].want_first);
		assert_int_equal(a.last, rows[i].want_last);
	}
}

static void test_no_ask(void **state)
{
	static const struct {
		uint8_t space, count, align;
		uint16_t first, last;
	} rows[] = {
		{ NAT_SPACE_NONE, 1, 1, 1024, 65535 }, { NAT_SPACE_TCP, 9, 1, 1024, 65535 }, { NAT_SPACE_TCP, 255, 1, 1024, 65535 },
		{ NAT_SPACE_TCP, 1, 3, 1024, 65535 }, { NAT_SPACE_TCP, 1, 16, 1024, 65535 }, { NAT_SPACE_TCP, 1, 255, 1024, 65535 },
		{ NAT_SPACE_TCP, 1, 1, 2000, 1999 }, { NAT_SPACE_TCP, 2, 1, 2000, 2000 }, { NAT_SPACE_TCP, 1, 8, 2001, 2007 },
		{ NAT_SPACE_TCP, 8, 1, 2001, 2009 },
	};
	unsigned i;

	(void)state;
	open_table(0, 1);
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct nat_ask a = ask(NAT_ASK_SHARE, 1, rows[i].first, rows[i].last);

		a.space = rows[i].space;
		a.count = rows[i].count;
		a.align = rows[i].align;
		if (pick(&a) != -1)
			fail_msg("row %u", i);
		a = ask(NAT_ASK_SHARE, 1, 1024, 65535);
		assert_true(pick(&a) >= 0);
		a.address = 0;
		assert_int_equal(pick(&a), -1);
	}
	free(memory);
}

/* ---- the own key ---- */

static bool only(void *user, uint16_t key)
{
	return key == *(uint16_t *)user;
}

static bool all_but(void *user, uint16_t key)
{
	return key != *(uint16_t *)user;
}

/* 4000: free, 4001: shared, 4002: exclusive. 4003 free, but not unique; 4004 shared, and neither. */
static void test_own(void **state)
{
	static const struct {
		uint8_t flags;
		uint16_t own, first;
		bool kept;
	} rows[] = {
		{ NAT_ASK_KEEP, 4000, 1024, true }, { 0, 4000, 1024, false }, { NAT_ASK_KEEP, 4000, 4001, false },
		{ NAT_ASK_KEEP | NAT_ASK_SHARE, 4000, 1024, true }, { NAT_ASK_KEEP, 4001, 1024, false },
		{ NAT_ASK_KEEP | NAT_ASK_SHARE, 4001, 1024, true }, { NAT_ASK_SHARE, 4001, 1024, false },
		{ NAT_ASK_KEEP, 4002, 1024, false }, { NAT_ASK_KEEP | NAT_ASK_SHARE, 4002, 1024, false },
		{ NAT_ASK_KEEP, 4003, 1024, false }, { NAT_ASK_KEEP | NAT_ASK_SHARE, 4003, 1024, false },
		{ NAT_ASK_KEEP | NAT_ASK_PARITY, 4000, 1024, true }, { NAT_ASK_KEEP, 5000, 4000, false /* beyond last */ },
	};
	uint16_t taboo = 4003;
	unsigned i;

	(void)state;
	open_table(0, 1);
	share(4001);
	claim(4002);
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct nat_ask a = ask(rows[i].flags, rows[i].own, rows[i].first, 4999);
		int32_t key;

		a.unique = all_but;
		a.user = &taboo;
		key = pick(&a);
		if ((key == rows[i].own) != rows[i].kept || key < rows[i].first || key > 4999 || key == taboo)
			fail_msg("row %u: own %u gives %d", i, rows[i].own, key);
		if (key != 4001)
			assert_int_equal(nat_key_users(&table, address, NAT_SPACE_TCP, (uint16_t)key), 0);
	}
	free(memory);
}

/* With workers: kept only in the own slice, and everything else from there, too. */
static void test_own_slice(void **state)
{
	uint32_t workers, own, kept, i;
	uint64_t seed = 1;

	(void)state;
	for (workers = 1; workers <= 64; workers++) {
		open_table(workers / 2, workers);
		kept = 0;
		for (i = 0; i < 2000; i++) {
			struct nat_ask a = ask(NAT_ASK_KEEP | NAT_ASK_PARITY, 0, 1024, 65535);
			int32_t key;

			own = 1024 + net_random(&seed, 64512);
			a.own = (uint16_t)own;
			key = pick(&a);
			assert_true(key >= 1024 && (key & 1) == (int32_t)(own & 1));
			assert_int_equal(nat_key_owner((uint16_t)key, workers), workers / 2);
			kept += key == (int32_t)own;
		}
		assert_in_range(kept, 1000 / workers, 3000 / workers); /* 2000 / workers */
		free(memory);
	}
}

/* ---- chance ---- */

/* Chi-square of `count` keys by place in `rows` rows that are equally likely. */
static double chi_square(const uint32_t *seen, uint32_t rows, uint32_t count)
{
	double expected = (double)count / rows, sum = 0;
	uint32_t i;

	for (i = 0; i < rows; i++)
		sum += (seen[i] - expected) * (seen[i] - expected) / expected;
	return sum;
}

/* Mean rows - 1, deviation sqrt(2 (rows - 1)): five deviations, and no less than five either (it would be no chance). */
static void assert_uniform(const uint32_t *seen, uint32_t rows, uint32_t count)
{
	double chi = chi_square(seen, rows, count), mean = rows - 1, square = (chi - mean) * (chi - mean);

	if (square > 25 * 2 * mean)
		fail_msg("chi-square %.1f of %u rows", chi, rows);
}

/* However the used keys lie, each free one is as likely: 100 free ones in a clump, 100 far apart, the rest used. */
static void test_uniform_clumped(void **state)
{
	uint32_t seen[200] = { 0 }, i, key;
	struct nat_ask a;

	(void)state;
	open_table(0, 1);
	a = ask(0, 0, 1024, 65535);
	for (key = 1024; key < 65536; key++)
		if (!(key >= 30000 && key < 30100) && !(key >= 40000 && key < 60000 && key % 200 == 7))
			claim(key);
	for (i = 0; i < 100000; i++) {
		key = (uint32_t)pick(&a);
		seen[key < 40000 ? key - 30000 : 100 + (key - 40000) / 200]++;
	}
	assert_uniform(seen, 200, 100000);
	free(memory);
}

/* An empty space, a half-full one, workers, a range with ragged ends, parity: by rows of the range. */
static void test_uniform(void **state)
{
	static const struct {
		uint32_t worker, workers;
		uint16_t first, last;
		uint8_t flags;
		bool half;
	} rows[] = {
		{ 0, 1, 1024, 65535, 0, false }, { 0, 1, 1024, 65535, NAT_ASK_PARITY, true }, { 2, 5, 1024, 65535, 0, true },
		{ 0, 1, 1003, 1101, 0, false }, { 3, 4, 20003, 29999, NAT_ASK_PARITY, true }, { 0, 2, 4096, 4127, 0, false },
	};
	static uint32_t seen[65536];
	uint32_t r, i, key, n;

	(void)state;
	for (r = 0; r < COUNT_OF(rows); r++) {
		struct nat_ask a;

		open_table(rows[r].worker, rows[r].workers);
		a = ask(rows[r].flags, 1, rows[r].first, rows[r].last);
		for (key = rows[r].first; rows[r].half && key <= rows[r].last; key++)
			if (key % 16 < 8 ? key % 4 == 0 : key % 4 != 3)
				claim(key);
		memset(seen, 0, sizeof(seen));
		for (i = 0; i < 400000; i++)
			seen[pick(&a)]++;
		for (key = 0, n = 0; key < 65536; key++) { /* those that may be, closed up */
			bool may = key >= rows[r].first && key <= rows[r].last &&
				   nat_key_owner((uint16_t)key, rows[r].workers) == rows[r].worker &&
				   !nat_key_users(&table, address, NAT_SPACE_TCP, (uint16_t)key) &&
				   !(rows[r].flags & NAT_ASK_PARITY && key % 2 == 0);

			assert_true(may || !seen[key]);
			if (may)
				seen[n++] = seen[key];
		}
		print_message("%u..%u, worker %u of %u: %u keys\n", rows[r].first, rows[r].last, rows[r].worker,
			      rows[r].workers, n);
		assert_uniform(seen, n, 400000);
		free(memory);
	}
}

/* ---- exhaustion ---- */

/*
 * Every key there is is lent, once; then none; one given back is the one that comes. For slices, parities, runs, ragged ranges, with
 * and without keeping. Returns how many there were.
 */
static uint32_t exhaust(const struct nat_ask *of, uint32_t workers, uint32_t worker)
{
	static uint16_t got[65536];
	struct nat_ask a = *of;
	uint32_t count = a.count ? a.count : 1, n = 0, i, k;
	int32_t key;

	open_table(worker, workers);
	a.address = address;
	while ((key = pick(&a)) >= 0) {
		assert_true(key >= a.first && key + (int32_t)count - 1 <= a.last);
		assert_false(a.align && key % a.align);
		for (i = 0; i < count; i++) {
			assert_int_equal(nat_key_owner((uint16_t)((uint32_t)key + i), workers), worker);
			claim((uint32_t)key + i); /* asserts that nobody has it */
		}
		assert_true(n < 65536);
		got[n++] = (uint16_t)key;
	}
	for (k = 0; k < n; k += 1 + n / 50) {
		for (i = 0; i < count; i++)
			give(got[k] + i);
		assert_int_equal(pick(&a), got[k]);
		for (i = 0; i < count; i++)
			claim(got[k] + i);
		assert_int_equal(pick(&a), -1);
	}
	free(memory);
	return n;
}

static void test_exhausted(void **state)
{
	static const struct {
		uint16_t first, last;
		uint8_t flags, count, align;
		uint32_t workers, all; /* keys of all workers together */
	} rows[] = {
		{ 1024, 65535, 0, 0, 0, 1, 64512 }, { 1024, 65535, NAT_ASK_KEEP, 1, 1, 1, 64512 }, { 0, 65535, 0, 0, 0, 3, 65536 },
		{ 1, 1023, 0, 0, 0, 64, 1023 }, { 1, 1023, NAT_ASK_PARITY, 0, 0, 1, 512 }, { 65535, 65535, 0, 0, 0, 2, 1 },
		{ 0, 0, 0, 0, 0, 1, 1 }, { 4099, 4099, NAT_ASK_KEEP, 0, 0, 4, 1 }, { 1027, 9001, 0, 0, 0, 7, 7975 },
		{ 1024, 65535, 0, 2, 2, 1, 32256 }, { 1024, 65535, 0, 2, 2, 4, 32256 }, { 1001, 1038, 0, 2, 2, 2, 18 },
		{ 1024, 2047, 0, 8, 8, 3, 128 }, { 1025, 2047, 0, 8, 1, 1, 127 }, { 1024, 2047, 0, 4, 4, 2, 256 },
		{ 2000, 2100, 0, 1, 4, 1, 26 },
	};
	uint32_t r, worker;

	(void)state;
	for (r = 0; r < COUNT_OF(rows); r++) {
		struct nat_ask a = ask(rows[r].flags, 4099, rows[r].first, rows[r].last);
		uint32_t all = 0;

		a.count = rows[r].count;
		a.align = rows[r].align;
		for (worker = 0; worker < rows[r].workers; worker++)
			all += exhaust(&a, rows[r].workers, worker);
		if (all != rows[r].all)
			fail_msg("row %u: %u keys", r, all);
	}
}

/* ---- sharing ---- */

struct counted {
	uint32_t asks, of_1000; /* how many keys of thousand are unique */
	uint8_t seen[65536];
};

static bool sometimes(void *user, uint16_t key)
{
	struct counted *c = user;

	c->asks++;
	c->seen[key]++;
	return ((key * 2654435761u) >> 16) % 1000 < c->of_1000;
}

/* In a full space shared keys are found, exclusive ones never; nobody is asked more than he may, and about no key twice. */
static void test_share(void **state)
{
	static struct counted c;
	struct nat_ask a;
	uint32_t key, i, found = 0;

	(void)state;
	open_table(0, 1);
	for (key = 1024; key < 65536; key++)
		if (key % 3)
			share(key);
		else
			claim(key);
	a = ask(0, 0, 1024, 65535);
	assert_int_equal(pick(&a), -1);
	a.flags = NAT_ASK_SHARE;
	a.unique = sometimes;
	a.user = &c;
	for (i = 0; i < 3000; i++) {
		uint32_t most = 0, asked = 0;
		int32_t got;

		memset(&c, 0, sizeof(c));
		c.of_1000 = i % 3 == 0 ? 1000 : i % 3 == 1 ? 100 : 0;
		got = pick(&a);
		assert_true(got < 0 || got % 3);
		for (key = 0; key < 65536; key++) {
			most = c.seen[key] > most ? c.seen[key] : most;
			asked += c.seen[key];
		}
		assert_int_equal(asked, c.asks);
		assert_in_range(c.asks, 1, NAT_PICK_ASKS);
		assert_int_equal(most, 1);
		if (!c.of_1000)
			assert_int_equal(c.asks, NAT_PICK_ASKS);
		assert_true(got >= 0 || c.of_1000 < 1000);
		found += got >= 0;
	}
	assert_true(found >= 1995); /* of 2000: a tenth of the keys is nearly always found */
	free(memory);
}

/* A range of 128 keys, one of them unique: free, or shared, it is found. */
static void test_the_only_one(void **state)
{
	uint32_t key, turn;

	(void)state;
	for (turn = 0; turn < 2; turn++) {
		open_table(0, 1);
		for (key = 2000; key < 2128 && turn; key++)
			share(key);
		for (key = 2000; key < 2128; key++) {
			struct nat_ask a = ask(NAT_ASK_SHARE, 0, 2000, 2127);
			uint16_t wanted = (uint16_t)key;

			a.unique = only;
			a.user = &wanted;
			assert_int_equal(pick(&a), key);
		}
		free(memory);
	}
}

/* All of a shared range saturated, and then one user less. */
static void test_saturated(void **state)
{
	uint32_t i;
	struct nat_ask a;

	(void)state;
	open_table(0, 1);
	a = ask(NAT_ASK_SHARE | NAT_ASK_KEEP, 77, 77, 77);
	for (i = 0; i < NAT_SHARED_MAX; i++) {
		assert_int_equal(pick(&a), 77);
		share(77);
	}
	assert_int_equal(pick(&a), -1);
	give(77);
	assert_int_equal(pick(&a), 77);
	free(memory);
}

/* An own slice without a key in the range: none, though others' are free. */
static void test_no_slice(void **state)
{
	struct nat_ask a;

	(void)state;
	open_table(5, 8);
	a = ask(NAT_ASK_KEEP | NAT_ASK_SHARE, 1024, 1024, 1024 + 39);
	assert_int_equal(pick(&a), -1);
	a.last = 1024 + 40;
	assert_int_equal(pick(&a), 1024 + 40);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sip), cmocka_unit_test(test_range), cmocka_unit_test(test_no_ask),
		cmocka_unit_test(test_own), cmocka_unit_test(test_own_slice), cmocka_unit_test(test_uniform_clumped),
		cmocka_unit_test(test_uniform), cmocka_unit_test(test_exhausted), cmocka_unit_test(test_share),
		cmocka_unit_test(test_the_only_one), cmocka_unit_test(test_saturated), cmocka_unit_test(test_no_slice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
