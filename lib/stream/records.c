/*
 * records: contiguous bytes of one direction -> records, handed to the sink.
 *
 * A record that lies wholly in the bytes fed is handed over where it lies. What is left incomplete is copied into
 * chunks; with the next bytes it is put together in the first STREAM_RECORD_MAX bytes of scratch, never more than
 * record_max of them, and after its last byte reading goes on in the bytes fed. Invariant: usher__stream_feed returns
 * true with in_have advanced by `len` and [in_next, in_have) in side->partial. The edits of a record take effect when
 * its reading is done; they cannot be where bytes have left. DESIGN 5; the contract of frame is <usher/helper.h>'s.
 */
#include "stream/inside.h"

#include <usher/helper.h>

#include <string.h>

static void advance(struct stream_side *side, uint32_t n)
{
	side->in_next += n;
	side->flags |= STREAM_MOVED;
}

/* The incomplete record is given up, and `lost` bytes told as a gap. */
static bool give_up(const struct stream_run *r, uint32_t lost)
{
	struct stream_side *side = r->side;

	usher__stream_retire(r);
	advance(side, side->in_have - side->in_next);
	side->pass = 0;
	side->flags = (uint16_t)((side->flags | STREAM_GAP) & ~STREAM_SKIPPING);
	r->context->counts->gaps++;
	r->context->counts->gap_bytes += lost;
	return r->context->sink->gap(r->context->user, r->direction, lost);
}

bool usher__stream_lose(const struct stream_run *r, uint32_t to)
{
	struct stream_side *side = r->side;
	uint32_t lost = to - side->in_have;

	side->in_have = to;
	if (side->pass < lost)
		return give_up(r, lost);
	/* Nobody would have read them: where the next record begins is known all the same. */
	side->pass -= lost;
	advance(side, lost);
	r->context->counts->gaps++;
	r->context->counts->gap_bytes += lost;
	return true;
}

/* How many bytes of a record that ends at in_next cannot be edited any more? */
static uint32_t fixed(const struct stream_run *r, uint32_t len, bool cut)
{
	const struct stream_side *side = r->side;
	uint32_t start = side->in_next - len;

	if (!r->work || r->work->fixed || cut || !(r->other->flags & STREAM_STARTED))
		return len;
	return stream_before(start, side->in_left) ? stream_min(side->in_left - start, len) : 0;
}

static bool hand(const struct stream_run *r, const uint8_t *data, uint32_t len, bool cut)
{
	struct stream_side *side = r->side;
	struct stream_record record = { .data = data, .len = len, .direction = (uint8_t)r->direction, .run = r };
	unsigned flags = 0;
	bool more;

	if (!(side->flags & STREAM_HANDED))
		flags |= USHER_RECORD_FIRST;
	if (side->flags & STREAM_GAP)
		flags |= USHER_RECORD_AFTER_GAP;
	if (side->flags & STREAM_PICKED_UP)
		flags |= USHER_RECORD_PICKED_UP;
	if (cut)
		flags |= USHER_RECORD_CUT;
	side->flags = (uint16_t)((side->flags | STREAM_HANDED) & ~STREAM_GAP);
	advance(side, len);
	r->context->counts->records++;
	r->context->counts->cut += cut;
	record.flags = (uint8_t)flags;
	record.fixed = fixed(r, len, cut);
	more = r->context->sink->record(r->context->user, &record);
	if (r->work)
		usher__stream_edits_apply(r);
	return more;
}

/* What is at `head`, in_next? A record is handed over, or `pass` is set; neither: its end is not there yet. */
static bool look(const struct stream_run *r, const uint8_t *head, uint32_t have)
{
	struct stream_side *side = r->side;
	int32_t answer = r->context->sink->frame(r->context->user, r->direction, head, have);
	uint32_t len = (uint32_t)answer;

	if (answer < 0) {
		side->pass = 0u - len;
		return true;
	}
	if (side->flags & STREAM_SKIPPING) {
		side->pass = len ? len : have;
		if (len)
			side->flags &= (uint16_t)~STREAM_SKIPPING;
		return true;
	}
	if (len && len <= have)
		return hand(r, head, len, false);
	if (have < r->record_max)
		return true;
	if (len)
		side->pass = len - have;
	else
		side->flags |= STREAM_SKIPPING;
	return hand(r, head, have, true);
}

/* Decide the `len` bytes at `view`, in_next, until `until` of them are decided or what is left is incomplete. */
static bool decide(const struct stream_run *r, const uint8_t *view, uint32_t len, uint32_t until)
{
	struct stream_side *side = r->side;
	uint32_t first = side->in_next, at = 0, n;

	while (at < until) {
		n = stream_min(side->pass, len - at);
		if (n) {
			side->pass -= n;
			advance(side, n);
		} else if (!look(r, view + at, stream_min(len - at, r->record_max))) {
			return false;
		} else if (side->in_next == first + at && !side->pass) {
			break;
		}
		at = side->in_next - first;
	}
	return true;
}

/* The last bytes of the incomplete record, of which `held` are kept already, are kept too. */
static bool keep(const struct stream_run *r, uint32_t held, const uint8_t *data, uint32_t len)
{
	struct stream_side *side = r->side;

	if (len == 0)
		return true;
	if (usher__chunk_append(r->context->pool, &side->partial, held, data, len)) {
		if (held && r->work && side->partial == r->work->held.chunks)
			r->work->held.len += len;
		return true;
	}
	r->context->counts->no_memory++;
	return give_up(r, held + len);
}

bool usher__stream_feed(const struct stream_run *r, const uint8_t *data, uint32_t len)
{
	struct stream_side *side = r->side;
	struct chunk_pool *pool = r->context->pool;
	uint8_t *scratch = r->context->scratch;
	uint32_t held = side->in_have - side->in_next, first, fill, done;

	side->in_have += len;
	while (held && len) {
		fill = stream_min(len, r->record_max - held);
		usher__chunk_copy(pool, side->partial, 0, scratch, held);
		memcpy(scratch + held, data, fill);
		first = side->in_next;
		if (!decide(r, scratch, held + fill, held))
			return false;
		done = side->in_next - first;
		if (!done)
			return keep(r, held, data, len);
		usher__stream_retire(r);
		if (done < held) {
			/* The helper changed its mind about what it had let wait. */
			held -= done;
			if (!usher__chunk_append(pool, &side->partial, 0, scratch + done, held)) {
				r->context->counts->no_memory++;
				return give_up(r, held + len);
			}
		} else {
			data += done - held;
			len -= done - held;
			held = 0;
		}
	}
	first = side->in_next;
	if (len && !decide(r, data, len, len))
		return false;
	done = side->in_next - first;
	return held || keep(r, 0, data + done, len - done);
}
