/*
 * The index against a naive model: an array of what is in it. Growth through every split, removal, entries of one hash, and
 * an index that runs out of overflow buckets in the middle of a split: nothing that is in it may ever be lost.
 */
#include "base/index.h"

#include "net.h"

#define MOST 40000u

/* The model: entry i + 1 has hash[i] while in[i]. */
struct model {
	struct index *x;
	uint32_t hash[MOST];
	bool in[MOST];
	uint32_t count;
};

static struct model m;

static uint32_t hash_of(void *user, uint32_t entry)
{
	const struct model *model = user;

	assert_true(entry >= 1 && entry <= MOST && model->in[entry - 1]); /* asked only of what is there */
	return model->hash[entry - 1];
}

static void open_index(uint64_t entries)
{
	size_t size = usher__index_size(entries);

	memset(&m, 0, sizeof(m));
	m.x = aligned_alloc(64, (size + 63) / 64 * 64);
	assert_non_null(m.x);
	memset(m.x, 0, size);
	usher__index_init(m.x, entries);
}

static bool found(uint32_t i)
{
	struct index_search s = index_begin(m.x, m.hash[i]);
	uint32_t entry, times = 0;

	while ((entry = index_next(&s)))
		times += entry == i + 1;
	assert_true(times <= 1);
	return times == 1;
}

static bool insert(uint32_t i, uint32_t hash)
{
	bool done;

	m.hash[i] = hash;
	m.in[i] = true; /* a split may come at once, and ask for it */
	done = usher__index_insert(m.x, hash, i + 1, hash_of, &m);
	m.in[i] = done;
	m.count += done;
	return done;
}

static void take_out(uint32_t i)
{
	assert_true(usher__index_remove(m.x, m.hash[i], i + 1));
	assert_false(usher__index_remove(m.x, m.hash[i], i + 1));
	m.in[i] = false;
	m.count--;
}

/* Every entry is found, no other is there, and buckets that have no turn yet are empty. */
static void check(void)
{
	uint32_t i, slots = 0, buckets = m.x->mask + 1 + m.x->split;
	unsigned slot;

	assert_int_equal(m.x->entries, m.count);
	for (i = 0; i < MOST; i++)
		if (m.in[i] ? !found(i) : m.hash[i] && found(i))
			fail_msg("entry %u with hash %08x is %s", i + 1, m.hash[i], m.in[i] ? "lost" : "there still");
	for (i = 0; i < m.x->base_max + m.x->overflow_fresh; i++) {
		for (slot = 0; slot < INDEX_SLOTS; slot++) {
			assert_true(!m.x->bucket[i].tag[slot] == !m.x->bucket[i].entry[slot]);
			if (m.x->bucket[i].entry[slot] && i >= buckets && i < m.x->base_max)
				fail_msg("bucket %u has no turn yet, and an entry", i);
			slots += m.x->bucket[i].entry[slot] != 0;
		}
	}
	assert_int_equal(slots, m.count);
}

static void close_index(void)
{
	uint32_t i, overflow = 0, number;

	for (i = 0; i < MOST; i++)
		if (m.in[i])
			take_out(i);
	check();
	for (number = m.x->overflow_free; number; number = m.x->bucket[number].next)
		overflow++;
	assert_int_equal(overflow, m.x->overflow_fresh); /* all given back */
	free(m.x);
}

/* 100,000 times in or out, at random; `spread` is how many different hashes there are. */
static void random_walk(uint64_t seed, uint64_t entries, uint32_t most, uint32_t spread)
{
	uint64_t random = seed;
	uint32_t step;

	print_message("seed %llu: %llu entries, %u at most, %u hashes\n", (unsigned long long)seed, (unsigned long long)entries,
		      most,
		      spread);
	open_index(entries);
	for (step = 0; step < 100000; step++) {
		uint32_t i = net_random(&random, most);
		/* grows in the first half, shrinks in the second */
		bool in = net_random(&random, 100) < (step < 50000 ? 70u : 35u);

		if (m.in[i] && !in)
			take_out(i);
		else if (!m.in[i] && in)
			insert(i, net_random(&random, spread) * 2654435761u);
		if (step % 20000 == 0)
			check();
	}
	check();
	close_index();
}

static void test_random(void **state)
{
	(void)state;
	random_walk(1, 30000, 30000, 0xffffffffu);
	random_walk(2, 30000, 30000, 0xffffffffu);
	random_walk(3, 3000, 3000, 0xffffffffu);
	random_walk(4, 3000, 3000, 700);     /* about four of each hash */
	random_walk(5, 320, 320, 0xffffffffu); /* no split at all */
	random_walk(6, 321, 321, 0xffffffffu);
	random_walk(7, 1, 60, 50);
	random_walk(8, 20000, 39000, 0xffffffffu); /* twice as many as it was made for */
	random_walk(9, 5000, 30000, 40); /* many are refused */
}

/* As many as it was made for, however unlucky their order: none is refused. */
static void test_full(void **state)
{
	uint32_t i;

	(void)state;
	open_index(MOST);
	for (i = 0; i < MOST; i++)
		assert_true(insert(i, i * 2654435761u));
	check();
	assert_true(m.x->split > 0 || m.x->mask + 1 == m.x->base_max);
	close_index();
	open_index(MOST);
	for (i = 0; i < MOST; i++)
		assert_true(insert(i, i)); /* all of one tag */
	check();
	close_index();
}

/* All of one hash: they fill a chain until there is no overflow bucket left, then one is refused, and all are found still. */
static void test_one_hash(void **state)
{
	uint32_t i, most;

	(void)state;
	open_index(1000);
	for (i = 0; insert(i, 0xabcdef01u); i++)
		assert_true(i < MOST - 1);
	most = INDEX_SLOTS * (m.x->overflow_max + 1);
	assert_int_equal(i, most);
	check();
	assert_false(insert(i, 0xabcdef01u));
	take_out(i / 2);
	assert_true(insert(i, 0xabcdef01u));
	check();
	close_index();
}

/* Every entry of the bucket that is to be split moves, and there is no bucket for them to move to: it is all undone. */
static void test_undo(void **state)
{
	uint32_t i = 0, k;

	(void)state;
	open_index(1280); /* 256 buckets, 64 of them at first */
	while (insert(i, 0x110000ffu)) { /* in bucket 63, then 127; there are not as many overflow buckets as 255 would need */
		i++;
		if (i % 100 == 0)
			check();
	}
	check();
	assert_int_equal(m.x->mask, 127);
	assert_int_equal(m.x->split, 127);
	/* others still come and go: those that have room */
	for (k = i + 1; k < i + 300; k++)
		(void)insert(k, (k % 63 + 1) | k << 24);
	check();
	for (k = 0; k < i; k++) /* and once the crowd is gone it grows again */
		if (m.in[k])
			take_out(k);
	check();
	for (k = 0; k < 1300; k++)
		assert_true(insert(i + 300 + k, k * 2654435761u));
	check();
	assert_int_equal(m.x->mask, 255);
	close_index();
}

/* The same, with a bucket of which only some entries move, in every mixture. */
static void test_undo_random(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 100; seed < 160; seed++) {
		uint64_t random = seed;
		uint32_t i, low = net_random(&random, 3), share = net_random(&random, 100);

		open_index(640);
		for (i = 0; i < 3000; i++) {
			uint32_t bit = net_random(&random, 100) < share ? 0x40 : 0;

			(void)insert(i, low | bit | net_random(&random, 256) << 24);
			if (net_random(&random, 4) == 0) {
				uint32_t other = net_random(&random, i + 1);

				if (m.in[other])
					take_out(other);
			}
			if (i % 500 == 0)
				check();
		}
		check();
		close_index();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random), cmocka_unit_test(test_full), cmocka_unit_test(test_one_hash),
		cmocka_unit_test(test_undo),   cmocka_unit_test(test_undo_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
