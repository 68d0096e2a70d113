/*
 * due: when to look at a record again, as an array of 16-bit ticks that a sweep goes over.
 *
 * The true deadline is in the record, and every look-up tests it; this array only finds the dead that nobody asks for. A tick
 * is 2^30 ns (1.07 s). due[n] is the tick at which record n is to be looked at, modulo 2^16, never more than DUE_FAR ahead:
 * extending a deadline leaves it (the sweep looks, finds the record alive and writes anew); shortening one writes it only when
 * the new deadline is nearer than DUE_FAR, as every record is looked at that often anyway. 0 is "no record".
 */
#ifndef USHER_BASE_DUE_H
#define USHER_BASE_DUE_H

#include <usher/types.h>

#define DUE_SHIFT 30
#define DUE_FAR 256u /* ticks: 275 s */

/* The tick of a moment, cut to the far end of what is ahead of `now`; never 0. */
static inline uint16_t due_tick(usher_time deadline, usher_time now)
{
	uint64_t at = (deadline >> DUE_SHIFT) + 1, from = now >> DUE_SHIFT;
	uint16_t tick;

	if (at > from + DUE_FAR)
		at = from + DUE_FAR;
	tick = (uint16_t)at;
	return tick ? tick : 1;
}

/* Must a deadline that was shortened be written? */
static inline bool due_matters(usher_time deadline, usher_time now)
{
	return deadline < now + ((usher_time)DUE_FAR << DUE_SHIFT);
}

/* Has the tick come? */
static inline bool due_now(uint16_t tick, usher_time now)
{
	return tick && (int16_t)((uint16_t)(now >> DUE_SHIFT) - tick) >= 0;
}

#endif
