/*
 * nat: addresses held and released, keys shared, claimed, given back and picked, mappings made, found and swept, as the input says
 * (tests/unit/nat_play.c tells how), against a naive model.
 *
 * Held to be true, operation by operation: no key is lent twice; a pick is of the range, the slice, the parity and the alignment asked
 * for, keeps the own key where that is possible, is free while a free one is unique, and is refused only when nothing is left; every
 * mapping is found by all its names, the newest first; all given back, the tables are as new.
 */
#include "tests/unit/nat_play.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nat_played played = { 0 };

	if (size <= 1024) /* longer ones tell nothing new, and take long */
		nat_play(data, size, &played);
	return 0;
}
