/*
 * early: bytes of one direction that came before others that precede them.
 *
 * Invariants: parts are sorted by number, disjoint and not adjacent (they are joined), all after in_have; early_bytes
 * is their sum; each owns its chain of chunks. The second part of scratch, STREAM_EARLY_BYTES, is where a part is
 * copied to when it is joined or compared. A byte that is there stays: the copy that came first counts (what the
 * receiver makes of two that differ depends on its system, so a difference is counted, for people to see). Where the
 * direction is rewritten a part that is early no longer is kept until the call ends, for it has yet to leave.
 */
#include "stream/inside.h"

#include <string.h>

void usher__stream_again(const struct stream_run *r, uint32_t chunks, uint32_t from, const uint8_t *data, uint32_t len)
{
	uint8_t *was = stream_scratch_early(r);
	uint32_t i;

	r->context->counts->overlap_bytes += len;
	usher__chunk_copy(r->context->pool, chunks, from, was, len);
	if (memcmp(was, data, len) == 0)
		return;
	for (i = 0; i < len; i++)
		r->context->counts->conflicts += was[i] != data[i];
}

/* Take part `i` out of the list; its bytes are then at stream_scratch_early(), its chunks given back, or `kept`. */
static uint32_t take_out(const struct stream_run *r, unsigned i, bool kept)
{
	struct stream_side *side = r->side;
	struct stream_part part = side->early[i];

	usher__chunk_copy(r->context->pool, part.chunks, 0, stream_scratch_early(r), part.len);
	if (kept && r->work->early_count < STREAM_EARLY_MAX)
		r->work->early[r->work->early_count++] = part;
	else
		usher__chunk_release(r->context->pool, &part.chunks);
	side->early_count--;
	side->early_bytes = (uint16_t)(side->early_bytes - part.len);
	memmove(side->early + i, side->early + i + 1, (side->early_count - i) * sizeof(part));
	return part.len;
}

/* Put `len` bytes behind those of a part. */
static bool extend(const struct stream_run *r, struct stream_part *part, const uint8_t *data, uint32_t len)
{
	if (!usher__chunk_append(r->context->pool, &part->chunks, part->len, data, len)) {
		r->context->counts->no_memory++;
		return false;
	}
	part->len += len;
	r->side->early_bytes = (uint16_t)(r->side->early_bytes + len);
	return true;
}

/* Store a piece that lies between parts i - 1 and i, perhaps touching them. false: no room, nothing done. */
static bool insert(const struct stream_run *r, unsigned i, uint32_t seq, const uint8_t *data, uint32_t len)
{
	struct stream_side *side = r->side;
	struct stream_part part = { seq, 0, 0 };
	bool behind = i > 0 && side->early[i - 1].seq + side->early[i - 1].len == seq;
	bool before = i < side->early_count && side->early[i].seq == seq + len;

	if (len > STREAM_EARLY_BYTES - side->early_bytes)
		return false;
	if (!behind && !before && side->early_count == STREAM_EARLY_MAX)
		return false;
	if (behind)
		part = side->early[i - 1];
	if (!extend(r, &part, data, len))
		return false;
	if (before) {
		/* What was just given back has room for it. */
		len = take_out(r, i, false);
		(void)extend(r, &part, stream_scratch_early(r), len);
	}
	if (behind) {
		side->early[i - 1] = part;
		return true;
	}
	memmove(side->early + i + 1, side->early + i, (side->early_count - i) * sizeof(part));
	side->early[i] = part;
	side->early_count++;
	return true;
}

uint32_t usher__stream_early_store(const struct stream_run *r, uint32_t seq, const uint8_t *data, uint32_t len)
{
	struct stream_side *side = r->side;
	const struct stream_part *prev;
	uint32_t at = 0, n, here;
	unsigned i = 0;

	while (at < len) {
		here = seq + at;
		n = len - at;
		while (i < side->early_count && !stream_before(here, side->early[i].seq))
			i++;
		prev = i ? &side->early[i - 1] : NULL;
		if (i < side->early_count)
			n = stream_min(n, side->early[i].seq - here);
		if (prev && stream_before(here, prev->seq + prev->len)) {
			n = stream_min(n, prev->seq + prev->len - here);
			usher__stream_again(r, prev->chunks, here - prev->seq, data + at, n);
		} else if (!insert(r, i, here, data + at, n)) {
			break;
		}
		at += n;
	}
	return at;
}

bool usher__stream_early_join(const struct stream_run *r)
{
	uint32_t len;

	if (!r->side->early_count || r->side->early[0].seq != r->side->in_have)
		return true;
	len = take_out(r, 0, r->work != NULL);
	return usher__stream_feed(r, stream_scratch_early(r), len);
}
