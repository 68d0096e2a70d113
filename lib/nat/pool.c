/*
 * nat/pool: which address of a pool an inside host gets (pool.h).
 */
#include "nat/pool.h"

#include "base/be.h"

/* How many addresses behind the first the last one is; 2^32 - 1 at most. */
static uint32_t pool_span(const struct nat_pool *pool, unsigned size)
{
	static const uint8_t none[16];
	uint64_t span = 0;
	unsigned i;

	if (memcmp(pool->last, none, size) == 0 || memcmp(pool->first, pool->last, size) >= 0)
		return 0;
	for (i = 0; i < size; i += 4) {
		if (span > 2)
			span = 2; /* no word behind brings it back below 2^32 */
		span = (span << 32) + be32_read(pool->last + i) - be32_read(pool->first + i);
	}
	return span > 0xffffffffu ? 0xffffffffu : (uint32_t)span;
}

static void add(uint8_t *address, unsigned size, uint32_t number)
{
	uint64_t sum = number;

	while (size > 0 && sum) {
		size -= 4;
		sum += be32_read(address + size);
		be32_write(address + size, (uint32_t)sum);
		sum >>= 32;
	}
}

void usher__nat_pool_choose(const struct hash_key *key, const struct nat_pool *pool, uint16_t zone, const uint8_t *inside,
			    uint8_t chosen[16])
{
	unsigned size = pool->family == USHER_IPV6 ? 16 : 4;
	uint64_t count = (uint64_t)pool_span(pool, size) + 1;
	uint32_t word[5] = { 0 };

	memcpy(word, inside, size);
	word[4] = zone;
	memset(chosen, 0, 16);
	memcpy(chosen, pool->first, size);
	add(chosen, size, (uint32_t)(hash_words(key, word, 5) * count >> 32));
}
