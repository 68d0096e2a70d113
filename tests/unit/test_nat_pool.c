/*
 * Which address of a pool an inside host gets: always the same, all of the pool, evenly; pools of one, across carries, huge ones.
 */
#include "nat/pool.h"

#include "net.h"

static struct hash_key hash_key;

static void seed_with(uint8_t byte)
{
	uint8_t seed[32] = { byte };

	hash_key_init(&hash_key, seed);
}

static void choose(const char *first, const char *last, uint16_t zone, const uint8_t *inside, uint8_t chosen[16])
{
	struct usher_endpoint a = net_end(first), b = { 0 };
	struct nat_pool pool = { .family = a.family, .first = a.address };

	if (last)
		b = net_end(last);
	pool.last = b.address;
	usher__nat_pool_choose(&hash_key, &pool, zone, inside, chosen);
}

/* How far behind `first` an address is, of 128 bits the lowest 64; the rest must be the carry of that. */
static uint64_t behind(const char *first, const uint8_t *address)
{
	struct usher_endpoint a = net_end(first);
	unsigned size = a.family == USHER_IPV6 ? 16 : 4, i = size;
	uint64_t difference = 0;
	int borrow = 0;

	while (i-- > 0) {
		int d = address[i] - a.address[i] - borrow;

		borrow = d < 0;
		d &= 255;
		if (size - 1 - i < 8)
			difference |= (uint64_t)d << 8 * (size - 1 - i);
		else
			assert_int_equal(d, 0);
	}
	assert_int_equal(borrow, 0);
	for (i = size; i < 16; i++)
		assert_int_equal(address[i], 0);
	return difference;
}

static void test_pools(void **state)
{
	static const struct {
		const char *first, *last;
		uint64_t count; /* addresses of it */
	} rows[] = {
		{ "203.0.113.1", NULL, 1 }, { "203.0.113.1", "203.0.113.1", 1 }, { "203.0.113.1", "203.0.113.4", 4 },
		{ "203.0.113.250", "203.0.114.5", 12 }, { "1.255.255.250", "2.0.0.3", 10 },
		{ "203.0.113.9", "203.0.113.1", 1 /* the wrong way round: its first */ }, { "0.0.0.1", "255.255.255.255", 0xffffffffu },
		{ "[2001:db8::1]", NULL, 1 }, { "[2001:db8::1]", "[2001:db8::8]", 8 }, { "[2001:db8::fffe]", "[2001:db8::1:3]", 6 },
		{ "[2001:db8::ffff:ffff]", "[2001:db8:0:0:0:1:0:1]", 3 }, { "[2001:db8:0:1:ffff:ffff:ffff:fffe]", "[2001:db8:0:2::1]", 4 },
		{ "[2001:db8::]", "[2001:db8:0:1::]", (uint64_t)1 << 32 }, { "[2001:db8::]", "[2001:db8::1:0:0]", (uint64_t)1 << 32 },
		{ "[2001:db8:0:0:0:1::]", "[2001:db8:0:0:0:2::]", (uint64_t)1 << 32 }, { "[::1]", "[ffff::]", (uint64_t)1 << 32 },
		{ "[2001:db8::1:0:0]", "[2001:db8::1:ffff:fffe]", 0xffffffffu },
	};
	uint32_t r, i;

	(void)state;
	for (r = 0; r < COUNT_OF(rows); r++) {
		uint64_t low = UINT64_MAX, high = 0;

		seed_with((uint8_t)r);
		for (i = 0; i < 4000; i++) {
			uint8_t inside[16] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i }, chosen[16], again[16];
			uint64_t at;

			choose(rows[r].first, rows[r].last, 0, inside, chosen);
			choose(rows[r].first, rows[r].last, 0, inside, again);
			assert_memory_equal(chosen, again, 16);
			at = behind(rows[r].first, chosen);
			low = at < low ? at : low;
			high = at > high ? at : high;
		}
		if (high >= rows[r].count || high < rows[r].count / 100 * 99 || low > rows[r].count / 100)
			fail_msg("row %u: %llu to %llu", r, (unsigned long long)low, (unsigned long long)high);
		if (rows[r].count < 100 && (low != 0 || high != rows[r].count - 1))
			fail_msg("row %u: not all of it", r);
	}
}

/* A /16 of hosts, neighbours of one another, over pools of 2 to 100: even (chi-square, five deviations). */
static void test_even(void **state)
{
	uint32_t count, i;

	(void)state;
	for (count = 2; count <= 100; count += 7) {
		uint32_t seen[100] = { 0 };
		char last[20];
		double chi = 0, expected = 65536.0 / count;

		seed_with((uint8_t)(100 + count));
		snprintf(last, sizeof(last), "198.51.100.%u", count - 1);
		for (i = 0; i < 65536; i++) {
			uint8_t inside[16] = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i }, chosen[16];

			choose("198.51.100.0", last, 3, inside, chosen);
			seen[chosen[3]]++;
		}
		for (i = 0; i < count; i++)
			chi += (seen[i] - expected) * (seen[i] - expected) / expected;
		/* a lattice spreads more evenly than chance: only too uneven is wrong */
		if ((chi - count) * (chi - count) > 50.0 * count && chi > count)
			fail_msg("pool of %u: chi-square %.1f", count, chi);
	}
}

/* Zone, address, key: each changes what is chosen. */
static void test_apart(void **state)
{
	uint32_t i, same_zone = 0, same_key = 0;

	(void)state;
	for (i = 0; i < 2000; i++) {
		uint8_t inside[16] = { 192, 168, (uint8_t)(i >> 8), (uint8_t)i }, a[16], b[16], c[16];

		seed_with(1);
		choose("198.51.100.0", "198.51.100.99", 0, inside, a);
		choose("198.51.100.0", "198.51.100.99", 1, inside, b);
		seed_with(2);
		choose("198.51.100.0", "198.51.100.99", 0, inside, c);
		same_zone += memcmp(a, b, 16) == 0;
		same_key += memcmp(a, c, 16) == 0;
	}
	assert_in_range(same_zone, 0, 100); /* of 2000 a hundredth by chance; strongly universal: over keys, not for one */
	assert_in_range(same_key, 1, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_pools), cmocka_unit_test(test_even), cmocka_unit_test(test_apart) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
