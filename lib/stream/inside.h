/*
 * inside: what the three files of a stream share: stream.c (numbers: order, gaps, acknowledgements), early.c (bytes
 * that came early), records.c (contiguous bytes -> records).
 *
 * Owns nothing. Every function that can reach the sink returns false when the sink said to read no more; its caller
 * then returns false at once, without a further look at the side.
 */
#ifndef USHER_STREAM_INSIDE_H
#define USHER_STREAM_INSIDE_H

#include "stream/stream.h"

/* One direction during one call of usher__stream_segment. */
struct stream_run {
	const struct stream_context *context;
	struct stream_side *side;
	uint32_t record_max;
	unsigned direction;
};

/* Is sequence number `a` before `b`, modulo 2^32? */
static inline bool stream_before(uint32_t a, uint32_t b)
{
	return (uint32_t)(a - b) >> 31;
}

static inline uint32_t stream_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* records.c: `len` bytes that begin at in_have. */
bool usher__stream_feed(const struct stream_run *r, const uint8_t *data, uint32_t len);
/* The bytes from in_have to `to` are given up; in_next and in_have become `to`. */
bool usher__stream_lose(const struct stream_run *r, uint32_t to);

/*
 * early.c: keep `len` bytes that begin at `seq`, after in_have. Returns how many of them are settled, stored now or
 * there before; fewer than `len`: the next one has no room.
 */
uint32_t usher__stream_early_store(const struct stream_run *r, uint32_t seq, const uint8_t *data, uint32_t len);
/* Feed the first part if it begins at in_have. */
bool usher__stream_early_join(const struct stream_run *r);
/* Count `len` bytes that came again, and those of them that differ from the chain's, from its byte `from` on. */
void usher__stream_again(const struct stream_run *r, uint32_t chunks, uint32_t from, const uint8_t *data, uint32_t len);

#endif
