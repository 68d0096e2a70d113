/*
 * nat_play: NAT's tables against a naive model (an array of users, a list of mappings), with operations that bytes tell. For the
 * unit test, whose bytes are random, and the fuzzer. What does not agree is printed, and aborts.
 */
#ifndef USHER_TESTS_NAT_PLAY_H
#define USHER_TESTS_NAT_PLAY_H

#include <stddef.h>
#include <stdint.h>

/* What was done, and what came of it: tests require that all of it happens. */
struct nat_played {
	uint64_t picks, kept, found_free, found_shared, exhausted, runs;
	uint64_t claims_refused, shares_refused, gives_refused;
	uint64_t addresses_full, mappings, mappings_full, mappings_refused, swept, disowned;
};

/* The first byte says how many workers there are, and which one this is. In the end all is given back, and nothing may be left. */
void nat_play(const uint8_t *data, size_t size, struct nat_played *played);

#endif
