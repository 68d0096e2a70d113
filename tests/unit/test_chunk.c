/* chunk: the pool of small pieces of memory (lib/base/chunk.h). */
#include "base/chunk.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define CHAINS 6
#define CHAIN_MAX 3000

static struct chunk_pool *new_pool(uint32_t count)
{
	size_t size = (usher__chunk_pool_size(count) + 63) / 64 * 64;
	struct chunk_pool *pool = aligned_alloc(64, size);

	assert_non_null(pool);
	memset(pool, 0, size);
	usher__chunk_pool_init(pool, count);
	return pool;
}

static void fill(uint8_t *to, uint32_t len, uint32_t seed)
{
	for (uint32_t i = 0; i < len; i++)
		to[i] = (uint8_t)((i * 31 + seed * 17 + (i >> 8)) & 0xff);
}

/* Chunks that `len` bytes take. */
static uint32_t chunks_of(uint32_t len)
{
	return (len + CHUNK_DATA - 1) / CHUNK_DATA;
}

static void test_layout(void **state)
{
	struct chunk_pool *pool = new_pool(3);

	(void)state;
	assert_int_equal(sizeof(struct chunk), CHUNK_SIZE);
	assert_int_equal(sizeof(struct chunk_pool), 64);
	assert_int_equal(usher__chunk_pool_size(3), 64 + 4 * CHUNK_SIZE);
	assert_int_equal(pool->used, 0);
	assert_int_equal(pool->fresh, 1);
	free(pool);
}

/* Every way of putting 0..2 chunks and a byte together from two appends gives the same bytes, in the same chunks. */
static void test_append(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 2, 251, 252, 253, 503, 504, 505, 506 };
	struct chunk_pool *pool = new_pool(5);
	uint8_t in[1100], out[1100];
	uint32_t a, b, from;

	(void)state;
	fill(in, sizeof(in), 1);
	for (unsigned i = 0; i < 10; i++) {
		for (unsigned j = 0; j < 10; j++) {
			uint32_t first = 0;

			a = sizes[i];
			b = sizes[j];
			assert_true(usher__chunk_append(pool, &first, 0, in, a));
			assert_int_equal(first != 0, a != 0);
			assert_true(usher__chunk_append(pool, &first, a, in + a, b));
			assert_int_equal(pool->used, chunks_of(a + b));
			for (from = 0; from < a + b; from++) {
				memset(out, 0xee, sizeof(out));
				usher__chunk_copy(pool, first, from, out, a + b - from);
				assert_memory_equal(out, in + from, a + b - from);
				assert_int_equal(out[a + b - from], 0xee);
			}
			usher__chunk_release(pool, &first);
			assert_int_equal(first, 0);
			assert_int_equal(pool->used, 0);
		}
	}
	usher__chunk_copy(pool, 0, 0, out, 0);
	assert_int_equal(pool->most, 5);
	free(pool);
}

/* All or nothing: at every size of the pool and every first length. */
static void test_exhausted(void **state)
{
	uint8_t in[1600], out[1600];

	(void)state;
	fill(in, sizeof(in), 2);
	for (uint32_t count = 0; count <= 4; count++) {
		struct chunk_pool *pool = new_pool(count);

		for (uint32_t held = 0; held <= count * CHUNK_DATA; held += 63) {
			for (uint32_t len = 0; len <= 5 * CHUNK_DATA; len += 21) {
				uint32_t first = 0, was, used;
				bool fits = chunks_of(held + len) <= count;

				assert_true(usher__chunk_append(pool, &first, 0, in, held));
				was = first;
				used = pool->used;
				assert_int_equal(usher__chunk_append(pool, &first, held, in + held, len), fits);
				if (!fits) {
					assert_int_equal(first, was);
					assert_int_equal(pool->used, used);
				}
				usher__chunk_copy(pool, first, 0, out, held + (fits ? len : 0));
				assert_memory_equal(out, in, held + (fits ? len : 0));
				usher__chunk_release(pool, &first);
			}
		}
		assert_int_equal(pool->used, 0);
		assert_in_range(pool->most, 0, count);
		free(pool);
	}
}

/* What was never needed was never written to. */
static void test_fresh_untouched(void **state)
{
	struct chunk_pool *pool = new_pool(100);
	uint8_t in[3 * CHUNK_DATA];
	uint32_t first = 0;

	(void)state;
	memset(pool->chunk, 0xa5, 101 * sizeof(struct chunk));
	fill(in, sizeof(in), 3);
	for (int round = 0; round < 50; round++) {
		assert_true(usher__chunk_append(pool, &first, 0, in, sizeof(in)));
		usher__chunk_release(pool, &first);
	}
	assert_int_equal(pool->fresh, 4);
	assert_int_equal(pool->most, 3);
	for (uint32_t i = 4; i <= 100; i++) {
		assert_int_equal(pool->chunk[i].next, 0xa5a5a5a5);
		assert_int_equal(pool->chunk[i].data[CHUNK_DATA - 1], 0xa5);
	}
	free(pool);
}

/* The pool may be mapped elsewhere: a copy of its bytes is the same pool. */
static void test_no_pointers(void **state)
{
	struct chunk_pool *pool = new_pool(8), *other = new_pool(8);
	uint8_t in[1000], out[1000];
	uint32_t first = 0;

	(void)state;
	fill(in, sizeof(in), 4);
	assert_true(usher__chunk_append(pool, &first, 0, in, 700));
	memcpy(other, pool, usher__chunk_pool_size(8));
	memset(pool, 0xff, usher__chunk_pool_size(8));
	free(pool);
	assert_true(usher__chunk_append(other, &first, 700, in + 700, 300));
	usher__chunk_copy(other, first, 0, out, 1000);
	assert_memory_equal(out, in, 1000);
	usher__chunk_release(other, &first);
	assert_int_equal(other->used, 0);
	free(other);
}

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % limit;
}

/* Several chains grow and go at random; each stays what was put into it, and none owns a chunk of another. */
static void test_random(void **state)
{
	static uint8_t bytes[CHAINS][CHAIN_MAX], out[CHAIN_MAX];
	uint32_t first[CHAINS] = { 0 }, len[CHAINS] = { 0 }, seed = 20240531, used, i, n;
	struct chunk_pool *pool = new_pool(20);

	(void)state;
	random_state = seed;
	print_message("# seed %" PRIu32 "\n", seed);
	for (int step = 0; step < 50000; step++) {
		i = random_below(CHAINS);
		n = random_below(3) ? random_below(40) : random_below(900);
		if (random_below(6) == 0) {
			usher__chunk_release(pool, &first[i]);
			len[i] = 0;
		} else if (len[i] + n <= CHAIN_MAX) {
			fill(bytes[i] + len[i], n, (uint32_t)step);
			if (usher__chunk_append(pool, &first[i], len[i], bytes[i] + len[i], n))
				len[i] += n;
		}
		for (used = 0, i = 0; i < CHAINS; i++)
			used += chunks_of(len[i]);
		assert_int_equal(pool->used, used);
		i = random_below(CHAINS);
		n = random_below(len[i] + 1);
		usher__chunk_copy(pool, first[i], n, out, len[i] - n);
		assert_memory_equal(out, bytes[i] + n, len[i] - n);
	}
	for (i = 0; i < CHAINS; i++)
		usher__chunk_release(pool, &first[i]);
	assert_int_equal(pool->used, 0);
	assert_int_equal(pool->most, 20);
	free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),          cmocka_unit_test(test_append),
		cmocka_unit_test(test_exhausted),       cmocka_unit_test(test_fresh_untouched),
		cmocka_unit_test(test_no_pointers),     cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
