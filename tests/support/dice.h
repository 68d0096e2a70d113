/*
 * dice: reproducible chance for generators of tests. The same seed gives the same throws on every machine.
 */
#ifndef USHER_TESTS_DICE_H
#define USHER_TESTS_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

/* splitmix64 */
static inline uint64_t roll64(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* Far from what the seeds beside it give. */
static inline uint64_t scattered(uint64_t seed, uint64_t number)
{
	struct dice d = { seed * 0x9e3779b97f4a7c15u + number };

	d.state = roll64(&d) + number;
	return roll64(&d) >> 1;
}

/* 0 to limit - 1 */
static inline uint32_t roll(struct dice *d, uint32_t limit)
{
	return (uint32_t)((roll64(d) >> 32) * limit >> 32);
}

/* True in `percent` of a hundred. */
static inline bool chance(struct dice *d, uint32_t percent)
{
	return roll(d, 100) < percent;
}

#endif
