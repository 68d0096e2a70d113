/*
 * bench/nat_keys: what the choice of a public key costs when 1 %, 50 %, 99 %, all but one and 100 % of the ports 1024..65535 are
 * in use.
 *
 * Method: one address, one worker (and, for comparison, worker 3 of 16), TCP; the used keys lie by chance and are shared, as
 * those of plain NAT are. `keep_ns`: the own key is free or may be shared. `chance_ns`: one by chance, of the free ones; for 100
 * % the answer "none". `share_ns`: as chance, and where none is free a shared one, each unique. `full_ns`, at 100 %: none of 128
 * shared ones is unique, the most a refusal costs (the question itself, a look-up in the engine, is not counted here). `pair_ns`:
 * an even key and the next. `take_ns`: to share a key and give it back. One line of JSON for each share of used keys and number
 * of workers.
 */
#include "nat/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define FIRST 1024u
#define RANGE 64512u

static struct nat_keys table;
static struct hash_key hash_key;
static struct nat_random chance;
static uint32_t address, turns;
static uint64_t answers; /* so that nothing is left out as unused */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool never(void *user, uint16_t key)
{
	(void)user;
	(void)key;
	return false;
}

static void open_table(uint32_t worker, uint32_t workers)
{
	static const uint8_t seed[32] = { 1 };
	size_t size = usher__nat_keys_size(1);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	hash_key_init(&hash_key, seed);
	nat_random_init(&chance, seed, worker);
	usher__nat_keys_init(&table, memory, 1, &hash_key, worker, workers);
	address = usher__nat_address_hold(&table, 0, USHER_IPV4, seed);
}

static void close_table(void)
{
	munmap(table.slab, usher__nat_keys_size(1));
}

/* How many of the range are this worker's. */
static uint32_t own_keys(void)
{
	uint32_t key, n = 0;

	for (key = FIRST; key < NAT_KEYS; key++)
		n += nat_key_owner((uint16_t)key, table.workers) == table.worker;
	return n;
}

static struct nat_ask ask(uint8_t flags)
{
	return (struct nat_ask){ .address = address, .space = NAT_SPACE_TCP, .flags = flags, .first = FIRST, .last = NAT_KEYS - 1 };
}

/* The table filled with `used` keys by chance. */
static void fill(uint32_t used)
{
	struct nat_ask a = ask(0);

	while (used-- > 0)
		(void)usher__nat_key_share(&table, address, NAT_SPACE_TCP, (uint16_t)usher__nat_key_pick(&table, &a, &chance));
}

/* ns a pick. */
static double time_pick(struct nat_ask a)
{
	double begin = seconds();
	uint32_t i;

	for (i = 0; i < turns; i++) {
		a.own = (uint16_t)(FIRST + i * 24593u % RANGE);
		answers += (uint64_t)usher__nat_key_pick(&table, &a, &chance);
	}
	return (seconds() - begin) * 1e9 / turns;
}

static double time_take(void)
{
	double begin = seconds();
	uint32_t i;

	for (i = 0; i < turns; i++) {
		uint16_t key = (uint16_t)(FIRST + i * 24593u % RANGE);

		answers += usher__nat_key_share(&table, address, NAT_SPACE_TCP, key);
		answers += usher__nat_key_give(&table, address, NAT_SPACE_TCP, key);
	}
	return (seconds() - begin) * 1e9 / turns;
}

static void run(uint32_t percent, uint32_t left, uint32_t workers)
{
	struct nat_ask pair, full;
	uint32_t own;

	open_table(workers > 1 ? 3 : 0, workers);
	pair = ask(0);
	full = ask(NAT_ASK_SHARE);
	own = own_keys();
	fill(own * percent / 100 - left);
	pair.count = pair.align = 2;
	printf("{\"bench\":\"nat_keys\",\"workers\":%u,\"keys\":%u,\"used\":%u,\"keep_ns\":%.1f,\"chance_ns\":%.1f,", workers, own,
	       nat_keys_used(&table, address, NAT_SPACE_TCP), time_pick(ask(NAT_ASK_KEEP | NAT_ASK_SHARE)), time_pick(ask(0)));
	printf("\"share_ns\":%.1f,\"pair_ns\":%.1f,", time_pick(ask(NAT_ASK_SHARE)), time_pick(pair));
	full.unique = never;
	if (percent == 100 && !left)
		printf("\"full_ns\":%.1f,", time_pick(full));
	printf("\"take_ns\":%.1f}\n", time_take());
	close_table();
}

int main(void)
{
	static const uint32_t workers[] = { 1, 16 };
	uint32_t i;

	turns = getenv("BENCH_QUICK") ? 20000 : 1000000;
	for (i = 0; i < 2; i++) {
		run(1, 0, workers[i]);
		run(50, 0, workers[i]);
		run(99, 0, workers[i]);
		run(100, 1, workers[i]);
		run(100, 0, workers[i]);
	}
	return answers == 0; /* it never is */
}
