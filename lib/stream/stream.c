/*
 * stream: see stream.h. Here: where a direction begins and ends, what of a segment is new, what is early, which gap
 * is final.
 *
 * All numbers are compared modulo 2^32 and only within STREAM_FAR of in_have, so that no comparison is ambiguous;
 * what is further away is junk that a liberal tracker let through, and ignored. Bytes reach usher__stream_feed in
 * order, each once. RFC 9293 3.4 (numbers), 3.10.7.4 (a SYN or data out of window changes nothing); DESIGN 5.
 */
#include "stream/inside.h"

#include "packet/packet.h"

#include <string.h>

void usher__stream_open(struct stream *s, uint32_t record_max, bool picked_up, unsigned rewrites)
{
	unsigned i;

	memset(s, 0, sizeof(*s));
	s->record_max = stream_min(record_max ? record_max : 1, STREAM_RECORD_MAX);
	for (i = 0; i < 2; i++) {
		if (picked_up)
			s->side[i].flags |= STREAM_PICKED_UP;
		if (rewrites & 1u << i)
			s->side[i].flags |= STREAM_REWRITES;
	}
}

static void release_early(struct stream_side *side, struct chunk_pool *pool)
{
	unsigned i;

	for (i = 0; i < side->early_count; i++)
		usher__chunk_release(pool, &side->early[i].chunks);
	side->early_count = 0;
	side->early_bytes = 0;
}

static void release(struct stream_side *side, struct chunk_pool *pool)
{
	usher__chunk_release(pool, &side->partial);
	usher__chunk_release(pool, &side->edits);
	usher__chunk_release(pool, &side->texts);
	usher__chunk_release(pool, &side->owned);
	release_early(side, pool);
}

void usher__stream_close(struct stream *s, struct chunk_pool *pool)
{
	release(&s->side[0], pool);
	release(&s->side[1], pool);
	memset(s, 0, sizeof(*s));
}

static bool far_away(const struct stream_side *side, uint32_t number)
{
	return number - side->in_have + STREAM_FAR > 2 * STREAM_FAR;
}

/* A direction begins at `seq`. Nothing of it was decided yet; what is known of its sender stays known. */
static void begin(const struct stream_run *r, uint32_t seq)
{
	struct stream_side *side = r->side, was = *side;

	release(side, r->context->pool);
	memset(side, 0, sizeof(*side));
	side->flags = was.flags & (STREAM_PICKED_UP | STREAM_REWRITES | STREAM_STAMPED | STREAM_HEARD);
	side->flags |= STREAM_STARTED;
	side->in_next = side->in_have = side->in_left = side->in_acked = side->out_una = side->out_exact = seq;
	/* R's window, if R was heard before its sender. */
	side->out_edge = seq;
	if (!(was.flags & STREAM_STARTED) && was.out_edge != was.out_una && was.out_edge - seq < STREAM_FAR)
		side->out_edge = was.out_edge;
	side->ts_value = was.ts_value;
	side->ts_heard = was.ts_heard;
	side->mss = was.mss;
	side->piece = was.piece;
	side->piece_max = was.piece_max;
	side->scale = was.scale;
	if (r->work)
		usher__stream_work_begin(r, r->work->segment);
}

/* The bytes up to `seq` will not come, or are waited for no longer: go on with the first that came after the gap. */
static bool jump(const struct stream_run *r, uint32_t seq)
{
	const struct stream_side *side = r->side;

	if (side->early_count && stream_before(side->early[0].seq, seq))
		seq = side->early[0].seq;
	return usher__stream_lose(r, seq) && usher__stream_early_join(r);
}

/* Jump over all gaps that R's acknowledgement has passed, and see whether the FIN is reached. */
static bool settle(const struct stream_run *r)
{
	struct stream_side *side = r->side;

	/* R's acknowledgements may not be seen at all; the numbers must stay comparable. */
	if (stream_before(side->in_acked, side->in_have - STREAM_FAR / 2))
		side->in_acked = side->in_have - STREAM_FAR / 2;
	if (stream_before(side->out_una, side->in_have + side->shift - STREAM_FAR / 2)) {
		side->out_una = side->in_have + side->shift - STREAM_FAR / 2;
		usher__stream_edits_forget(r);
	}
	while (side->early_count && !stream_before(side->in_acked, side->early[0].seq)) {
		if (!jump(r, side->early[0].seq))
			return false;
	}
	if ((side->flags & STREAM_FIN) && !side->early_count && stream_before(side->in_have, side->fin) &&
	    !stream_before(side->in_acked, side->fin) && !jump(r, side->fin))
		return false;
	if ((side->flags & STREAM_FIN) && side->in_have == side->fin) {
		/* A record without an end will not get one now. */
		usher__stream_retire(r);
		side->in_next = side->in_have;
		side->flags |= STREAM_MOVED;
	}
	return true;
}

static bool acknowledge(const struct stream_run *r, uint32_t ack)
{
	struct stream_side *side = r->side;

	if (!(side->flags & STREAM_STARTED) || far_away(side, ack) || !stream_before(side->in_acked, ack))
		return true;
	side->in_acked = ack;
	/* R has what is held: it came there by another way. */
	if (r->work && stream_before(side->in_left, ack))
		side->flags |= STREAM_LET_GO;
	return r->s->mapping_only || settle(r);
}

/* Bytes that begin before in_have. Returns how many of them end there. */
static uint32_t take_old(const struct stream_run *r, uint32_t seq, const uint8_t *data, uint32_t len)
{
	const struct stream_side *side = r->side;
	uint32_t n = stream_min(len, side->in_have - seq);
	uint32_t decided = stream_before(seq, side->in_next) ? stream_min(n, side->in_next - seq) : 0;

	r->context->counts->overlap_bytes += decided;
	if (n > decided)
		usher__stream_again(r, side->partial, seq + decided - side->in_next, data + decided, n - decided);
	return n;
}

/* Bytes that begin at in_have, up to the first that came before them, and those. *n: how many of `len` that are. */
static bool take_next(const struct stream_run *r, const uint8_t *data, uint32_t len, uint32_t *n)
{
	const struct stream_part *first = r->side->early_count ? &r->side->early[0] : NULL;
	uint32_t fresh = len, again = 0;

	if (first && first->seq - r->side->in_have < len) {
		fresh = first->seq - r->side->in_have;
		again = stream_min(len - fresh, first->len);
		usher__stream_again(r, first->chunks, 0, data + fresh, again);
	}
	*n = fresh + again;
	return usher__stream_feed(r, data, fresh) && usher__stream_early_join(r);
}

/* Bytes that begin after in_have. *n: how many of them are kept. */
static bool take_early(const struct stream_run *r, uint32_t seq, const uint8_t *data, uint32_t len, uint32_t *n)
{
	*n = 0;
	if (stream_before(r->side->in_acked, seq)) {
		*n = usher__stream_early_store(r, seq, data, len);
		if (*n == len)
			return true;
		if (r->work) { /* nothing of it has left: S will send it again */
			r->work->refused = true;
			*n = len;
			return true;
		}
	}
	return jump(r, seq + *n);
}

static bool take(const struct stream_run *r, uint32_t seq, const uint8_t *data, uint32_t len)
{
	bool more = true;
	uint32_t n;

	if (len && stream_before(r->side->in_have, seq))
		r->context->counts->early++;
	for (; len && more; seq += n, data += n, len -= n) {
		n = 0;
		if (stream_before(seq, r->side->in_have))
			n = take_old(r, seq, data, len);
		else if (seq == r->side->in_have)
			more = take_next(r, data, len, &n);
		else
			more = take_early(r, seq, data, len, &n);
	}
	return more;
}

/* The capture cut the segment: what lacks between its bytes here and `end` will not come. */
static bool cut_tail(const struct stream_run *r, uint32_t end)
{
	while (stream_before(r->side->in_have, end)) {
		if (!jump(r, end))
			return false;
	}
	return true;
}

/* A FIN is behind the last byte; one that contradicts what was seen is not believed. */
static void finish(struct stream_side *side, uint32_t end)
{
	const struct stream_part *last = side->early_count ? &side->early[side->early_count - 1] : NULL;

	if ((side->flags & STREAM_FIN) || stream_before(end, side->in_have))
		return;
	if (last && stream_before(end, last->seq + last->len))
		return;
	side->fin = end;
	side->flags |= STREAM_FIN;
}

/* The payload `data` at `seq`, of which `have` bytes are here, and a FIN. */
static bool payload(const struct stream_run *r, uint32_t seq, const struct stream_segment *segment)
{
	struct stream_side *side = r->side;
	uint32_t len = segment->len, have;

	if (len > STREAM_SEGMENT_MAX || far_away(side, seq)) {
		if (r->work)
			r->work->refused = true;
		return true;
	}
	if (side->flags & STREAM_FIN)
		len = stream_before(seq, side->fin) ? stream_min(len, side->fin - seq) : 0;
	have = stream_min(segment->have, len);
	if (!take(r, seq, segment->data, have))
		return false;
	if (have < len && !stream_before(side->in_have, seq + have) && !cut_tail(r, seq + len))
		return false;
	if (segment->tcp_flags & TCP_FIN)
		finish(side, seq + len);
	return settle(r);
}

/* The sender's half of a segment: does it begin the direction, and what does it bring? */
static bool deliver(const struct stream_run *r, const struct stream_segment *segment)
{
	struct stream_side *side = r->side;
	uint32_t seq = segment->seq;

	if (segment->tcp_flags & TCP_SYN) {
		/* Once bytes are decided a SYN is an old duplicate, or an intruder's: the receiver ignores it, too. */
		if (side->flags & STREAM_MOVED)
			return true;
		seq++;
		if (!(side->flags & STREAM_STARTED) || side->in_next != seq)
			begin(r, seq);
	} else if (!(side->flags & STREAM_STARTED)) {
		if (segment->len == 0)
			return true;
		side->flags |= STREAM_PICKED_UP;
		begin(r, segment->len == 1 && !(segment->tcp_flags & (TCP_PSH | TCP_FIN)) ? seq + 1 : seq);
	}
	return payload(r, seq, segment);
}

/* ---- where nothing is rewritten ---- */

static bool read_segment(struct stream *s, const struct stream_segment *segment, const struct stream_context *context)
{
	unsigned direction = segment->direction & 1;
	struct stream_side *from = &s->side[direction], *to = &s->side[!direction];
	struct stream_run sender = { context, s, from, to, NULL, s->record_max, direction };
	struct stream_run receiver = { context, s, to, from, NULL, s->record_max, !direction };

	if (segment->tcp_flags & TCP_RST)
		return true;
	if ((segment->tcp_flags & TCP_ACK) && !acknowledge(&receiver, segment->ack))
		return false;
	if (!deliver(&sender, segment))
		return false;
	from->in_left = from->in_have;
	to->in_left = to->in_have;
	return true;
}

/* ---- where it is ---- */

/* What a segment tells of its sender. */
static void learn(struct stream *s, const struct stream_segment *segment)
{
	struct stream_side *side = &s->side[segment->direction & 1];

	s->side[0].scale = segment->scale[0];
	s->side[1].scale = segment->scale[1];
	if (segment->tcp_flags & TCP_SYN)
		side->mss = segment->mss;
	if (segment->piece)
		side->piece = segment->piece;
	if (segment->has_ts && (!(side->flags & STREAM_HEARD) || stream_before(side->ts_heard, segment->ts_value))) {
		side->flags |= STREAM_HEARD;
		side->ts_heard = segment->ts_value;
	}
}

/* What is known of a time stamp that leaves. */
static void stamp(struct stream_side *side, const struct stream_segment *segment)
{
	if (segment->has_ts && (!(side->flags & STREAM_STAMPED) || stream_before(side->ts_value, segment->ts_value))) {
		side->flags |= STREAM_STAMPED;
		side->ts_value = segment->ts_value;
	}
}

/* All that came has left. */
static void nothing_held(struct stream_side *side)
{
	side->in_left = side->in_have;
	stream_set(side, STREAM_FIN_LEFT, side->flags & STREAM_FIN && side->in_have == side->fin);
}

/* Bytes of a direction that is not read any more. Nothing waits. */
static void take_unread(const struct stream_run *r, const struct stream_segment *segment)
{
	struct stream_side *side = r->side;
	uint32_t end = segment->seq + segment->len;

	if (segment->len == 0 && !(segment->tcp_flags & TCP_FIN))
		return;
	if (!(side->flags & STREAM_STARTED) || far_away(side, segment->seq) || segment->tcp_flags & TCP_SYN)
		return;
	if (segment->tcp_flags & TCP_FIN && !(side->flags & STREAM_FIN) && !stream_before(end, side->in_have)) {
		side->fin = end;
		side->flags |= STREAM_FIN;
	}
	if (side->flags & STREAM_FIN && stream_before(side->fin, end))
		end = side->fin;
	side->in_next = side->in_have = stream_later(side->in_have, end);
}

/* Nothing more of a direction is read: what waits for its record goes on, what came early goes on before its turn. */
static void stop_reading(const struct stream_run *r)
{
	struct stream_side *side = r->side;
	unsigned i;

	usher__stream_retire(r);
	side->pass = 0;
	side->in_next = side->in_have;
	stream_set(side, STREAM_SKIPPING, false);
	if (r->work)
		usher__stream_edits_load(r);
	for (i = 0; r->work && i < side->early_count; i++)
		usher__stream_emit(r, usher__stream_out(r, side->early[i].seq, false),
				   usher__stream_out(r, side->early[i].seq + side->early[i].len, true), STREAM_OUT_DATA);
	release_early(side, r->context->pool);
}

static void end_side(const struct stream_run *r)
{
	if (r->work)
		usher__stream_work_end(r);
	else
		nothing_held(r->side);
}

/* A reset leaves with the number that is exact where the sender's is (RFC 5961 3.2). */
static void reset(const struct stream_run *sender, const struct stream_run *receiver, const struct stream_segment *segment,
		  struct stream_leave *leave)
{
	const struct stream_side *side = sender->side;
	uint32_t seq = segment->seq, end = side->in_have + (side->flags & STREAM_FIN_LEFT ? 1 : 0);

	if (!(side->flags & STREAM_STARTED))
		return;
	if (side->early_count)
		end = side->early[side->early_count - 1].seq + side->early[side->early_count - 1].len;
	if (seq == end || seq == side->in_have || seq == side->in_left)
		leave->seq = stream_out_next(side);
	else if (sender->work) {
		usher__stream_edits_load(sender);
		leave->seq = usher__stream_out(sender, seq, false);
	}
	if (leave->seq != side->out_una)
		return;
	usher__stream_quiet(sender);
	usher__stream_quiet(receiver);
}

/* Its checksum is not known to be right: R may throw it away. It counts for nothing, and may touch nothing. */
static void pass_unsure(const struct stream_side *side, const struct stream_segment *segment, struct stream_leave *leave)
{
	leave->seq = segment->seq + side->shift;
	if (segment->len && (stream_holds(side) || side->edits_count))
		leave->verdict = STREAM_DROP;
}

static bool rewrite_segment(struct stream *s, const struct stream_segment *segment, const struct stream_context *context,
			    struct stream_leave *leave)
{
	unsigned direction = segment->direction & 1;
	struct stream_side *from = &s->side[direction], *to = &s->side[!direction];
	struct stream_work work[2];
	struct stream_run sender = { context, s, from, to, from->flags & STREAM_REWRITES ? &work[0] : NULL, s->record_max,
				     direction };
	struct stream_run receiver = { context, s, to, from, to->flags & STREAM_REWRITES ? &work[1] : NULL, s->record_max,
				       !direction };
	uint32_t una = to->out_una, edge = to->out_edge;
	bool more;

	if (segment->unsure) {
		pass_unsure(from, segment, leave);
		return !s->mapping_only;
	}
	if (segment->tcp_flags & TCP_RST) {
		reset(&sender, &receiver, segment, leave);
		return !s->mapping_only;
	}
	learn(s, segment);
	if (receiver.work)
		usher__stream_work_begin(&receiver, NULL);
	if (sender.work) {
		usher__stream_work_begin(&sender, segment);
		sender.work->leave = leave;
		sender.work->fixed = segment->have < segment->len || segment->tcp_flags & TCP_SYN;
	}
	usher__stream_heed(&receiver, segment);
	if (sender.work)
		sender.work->news = to->out_una != una || to->out_edge != edge || segment->sack_count;
	more = !(segment->tcp_flags & TCP_ACK) || acknowledge(&receiver, segment->ack);
	if (more && !s->mapping_only)
		more = deliver(&sender, segment);
	if (!more && !s->mapping_only) {
		s->mapping_only = true;
		stop_reading(&receiver);
		stop_reading(&sender);
	}
	if (s->mapping_only)
		take_unread(&sender, segment);
	end_side(&receiver);
	end_side(&sender);
	if (leave->verdict == STREAM_PASS)
		stamp(from, segment);
	return !s->mapping_only;
}

static struct stream_leave as_it_is(const struct stream_segment *segment)
{
	return (struct stream_leave){ .verdict = STREAM_PASS, .tcp_flags = segment->tcp_flags, .urgent = segment->urgent,
				      .seq = segment->seq };
}

bool usher__stream_segment(struct stream *s, const struct stream_segment *segment, const struct stream_context *context)
{
	struct stream_leave unused, *leave = context->leave;

	if (leave)
		*leave = as_it_is(segment);
	if (s->record_max == 0)
		return false;
	if (!((s->side[0].flags | s->side[1].flags) & STREAM_REWRITES)) {
		if (read_segment(s, segment, context))
			return true;
		usher__stream_close(s, context->pool);
		return false;
	}
	if (!leave) {
		unused = as_it_is(segment);
		leave = &unused;
	}
	if (rewrite_segment(s, segment, context, leave))
		return true;
	if (!usher__stream_needed(s))
		usher__stream_close(s, context->pool);
	return false;
}

bool usher__stream_needed(const struct stream *s)
{
	return s->record_max && (!s->mapping_only || (s->side[0].flags | s->side[1].flags) & (STREAM_SHIFTED | STREAM_OWNS));
}

bool usher__stream_stop(struct stream *s, const struct stream_context *context)
{
	struct stream_work work;
	unsigned i;

	for (i = 0; i < 2 && !s->mapping_only; i++) {
		struct stream_run r = { context, s, &s->side[i], &s->side[!i], NULL, s->record_max, i };

		if (r.side->flags & STREAM_REWRITES) {
			r.work = &work;
			usher__stream_work_begin(&r, NULL);
		}
		stop_reading(&r);
		s->mapping_only = i == 1;
		end_side(&r);
	}
	if (!usher__stream_needed(s))
		usher__stream_close(s, context->pool);
	return usher__stream_needed(s);
}
