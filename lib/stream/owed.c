/*
 * owed: acknowledgements of usher's own, and what it owes R for them; the stream's clocks.
 *
 * Owns: out_una, out_edge, own_end, owned, the round trip, ack_at and again_at. Invariants: usher acknowledges only
 * bytes that it holds, up to the right edge that R offered, never a FIN, and only when R has all that left before: so
 * what is owned is one range that begins at R's acknowledgement. It is kept (in `partial` while its record is
 * incomplete, then in `owned`) until R has it. A window that usher tells moves no right edge. Time stamps of segments
 * made here are the newest that left: no older, for PAWS, no newer, for those that are still on their way.
 * RFC 6298 (2: round trip, 5: the clock), RFC 9293 3.8.6 (windows), 3.8.6.1 (a closed one), 1122 4.2.3.4 (Nagle),
 * 7323 5 (PAWS); DESIGN 5, invariant 3.
 */
#include "stream/inside.h"

#include <string.h>

static bool far_out(const struct stream_side *side, uint32_t out)
{
	return out - (side->in_have + side->shift) + STREAM_FAR > 2 * STREAM_FAR;
}

static usher_time rto(const struct stream_side *side)
{
	usher_time time = (side->srtt_us + (usher_time)4 * side->rttvar_us) * 1000;

	if (!side->srtt_us)
		time = STREAM_RTO_FIRST;
	return time < STREAM_RTO_MIN ? STREAM_RTO_MIN : time;
}

static usher_time backed_off(const struct stream_side *side)
{
	usher_time time = rto(side) << side->tries;

	return time > STREAM_RTO_MAX ? STREAM_RTO_MAX : time;
}

/* RFC 6298 2.2, 2.3 */
static void measure(struct stream_side *side, usher_time now)
{
	usher_time took = (now - side->timed_at) / 1000;
	uint32_t us = took > 60000000 ? 60000000 : took ? (uint32_t)took : 1, off;

	stream_set(side, STREAM_TIMING, false);
	if (!side->srtt_us) {
		side->srtt_us = us;
		side->rttvar_us = us / 2;
		return;
	}
	off = us > side->srtt_us ? us - side->srtt_us : side->srtt_us - us;
	side->rttvar_us = side->rttvar_us - side->rttvar_us / 4 + off / 4;
	side->srtt_us = side->srtt_us - side->srtt_us / 8 + us / 8;
	side->srtt_us += !side->srtt_us;
}

static void owe_nothing(const struct stream_run *r)
{
	struct stream_side *side = r->side;

	usher__chunk_release(r->context->pool, &side->owned);
	side->own_len = 0;
	side->again_at = 0;
	side->tries = side->repeats = 0;
	stream_set(side, STREAM_OWNS, false);
}

/* The first owned bytes again, as many as go into a segment and R's window; without one, a probe. */
static void send_again(const struct stream_run *r)
{
	struct stream_out probe = { .kind = STREAM_OUT_PROBE, .tcp_flags = TCP_ACK };
	struct stream_side *side = r->side;
	uint32_t end, room = side->out_edge - side->out_una;

	stream_set(side, STREAM_TIMING, false);
	if (!stream_before(side->out_una, side->out_edge)) {
		probe.seq = side->out_una - 1;
		usher__stream_emit_bare(r, &probe);
		return;
	}
	usher__stream_edits_load(r);
	end = usher__stream_out(r, side->own_end, true) - side->out_una;
	end = side->out_una + stream_min(stream_min(end, room), usher__stream_piece(r));
	r->context->counts->sent_again++;
	usher__stream_emit(r, side->out_una, end, STREAM_OUT_AGAIN);
}

/* R's acknowledgement has moved. */
static void advance(const struct stream_run *r, uint32_t ack)
{
	struct stream_side *side = r->side;

	side->out_una = ack;
	if (ack - side->out_exact > STREAM_FAR / 2)
		side->out_exact = ack - STREAM_FAR / 2; /* it must stay comparable */
	if (side->flags & STREAM_TIMING && !stream_before(ack, side->timed))
		measure(side, r->context->now);
	if (side->flags & STREAM_OWNS) {
		if (!stream_before(usher__stream_in(side, ack, false, r->context->pool), side->own_end)) {
			owe_nothing(r);
		} else if (side->again_at) {
			/* What was lost goes on at once, as what follows it was lost with it. */
			side->again_at = r->context->now + (side->tries ? 0 : rto(side));
			side->tries = side->repeats = 0;
		}
	}
	usher__stream_edits_forget(r);
}

void usher__stream_heed(const struct stream_run *r, const struct stream_segment *segment)
{
	struct stream_side *side = r->side;
	uint32_t ack = segment->ack_out;
	uint32_t edge = ack + ((uint32_t)segment->window << (segment->tcp_flags & TCP_SYN ? 0 : r->other->scale));
	bool closed = !stream_before(side->out_una, side->out_edge), same;

	if (!(segment->tcp_flags & TCP_ACK))
		return;
	if (!(side->flags & STREAM_STARTED)) {
		/* The other side's word is all that is known of this one. */
		side->in_next = side->in_have = side->in_left = side->in_acked = side->out_una = ack;
		side->out_edge = edge;
		return;
	}
	if (far_out(side, ack) || stream_before(ack, side->out_una))
		return;
	same = ack == side->out_una && edge == side->out_edge && segment->len == 0;
	side->out_edge = edge;
	if (ack != side->out_una)
		advance(r, ack);
	if (!(side->flags & STREAM_OWNS) || !side->again_at)
		return;
	if (edge == ack)
		side->tries = 0; /* R lives, and will take more some day */
	else if (closed && stream_before(ack, edge))
		side->again_at = r->context->now;
	else if (same && side->repeats < STREAM_REPEATS && ++side->repeats == STREAM_REPEATS)
		send_again(r);
}

uint16_t usher__stream_window(const struct stream_run *r)
{
	const struct stream_side *told = r->other;
	uint32_t una = usher__stream_in(told, told->out_una, false, r->context->pool);
	uint32_t edge = una + (told->out_edge - told->out_una), window;

	if (!stream_before(told->in_acked, edge))
		return 0;
	window = (edge - told->in_acked) >> r->side->scale;
	return (uint16_t)stream_min(window, UINT16_MAX);
}

void usher__stream_ack(const struct stream_run *r)
{
	struct stream_run back = *r;
	struct stream_out out = { .kind = STREAM_OUT_ACK, .tcp_flags = TCP_ACK, .seq = stream_out_next(r->other) };

	back.side = r->other;
	back.other = r->side;
	back.direction = !r->direction;
	back.work = NULL;
	usher__stream_emit_bare(&back, &out);
}

void usher__stream_own(const struct stream_run *r)
{
	struct stream_side *side = r->side;
	uint32_t edge = side->in_left + (side->out_edge - side->out_una), to = side->in_have;

	if (side->in_left == side->in_have)
		return;
	side->ack_at = r->context->now + STREAM_ACK_DELAY; /* it may be allowed then */
	if (side->owned || side->out_una != side->in_left + side->shift)
		return;
	if (stream_before(edge, to))
		to = edge;
	if (!stream_before(side->in_acked, to))
		return;
	side->in_acked = side->own_end = to;
	side->flags |= STREAM_OWNS;
	if (to == side->in_have)
		side->ack_at = 0;
	r->context->counts->own_acks++;
	usher__stream_ack(r);
}

void usher__stream_owe(const struct stream_run *r)
{
	struct stream_side *side = r->side;

	if (side->flags & STREAM_OWNS && !side->again_at && !stream_before(side->in_left, side->own_end))
		side->again_at = r->context->now + rto(side);
}

void usher__stream_quiet(const struct stream_run *r)
{
	owe_nothing(r);
	r->side->release_at = r->side->ack_at = 0;
	r->side->in_left = r->side->in_have;
}

/* ---- time ---- */

static void sooner(usher_time *first, usher_time time)
{
	if (time && time < *first)
		*first = time;
}

usher_time usher__stream_deadline(const struct stream *s)
{
	usher_time first = STREAM_NEVER;
	unsigned i;

	for (i = 0; i < 2; i++) {
		sooner(&first, s->side[i].release_at);
		sooner(&first, s->side[i].ack_at);
		sooner(&first, s->side[i].again_at);
	}
	return first;
}

/* Nobody takes what usher owes: neither side must go on as if all were well. */
static void reset_both(const struct stream_run *r)
{
	struct stream_run back = { r->context, r->s, r->other, r->side, NULL, r->record_max, !r->direction };
	struct stream_out out = { .kind = STREAM_OUT_RESET, .tcp_flags = TCP_RST | TCP_ACK };

	r->context->counts->given_up++;
	out.seq = r->side->out_una;
	usher__stream_emit_bare(r, &out);
	out.seq = r->other->out_una;
	usher__stream_emit_bare(&back, &out);
}

/* What is due in one direction. */
static bool due(const struct stream_run *r)
{
	usher_time now = r->context->now;
	struct stream_side *side = r->side;

	usher__stream_work_begin(r, NULL);
	if (side->ack_at && side->ack_at <= now)
		usher__stream_own(r);
	if (side->release_at && side->release_at <= now) {
		side->flags |= STREAM_LET_GO;
		r->context->counts->held_too_long++;
		usher__stream_work_end(r);
	}
	if (!side->again_at || side->again_at > now)
		return true;
	if (side->tries == STREAM_TRIES) {
		reset_both(r);
		return false;
	}
	side->tries++;
	side->repeats = 0;
	side->again_at = now + backed_off(side);
	send_again(r);
	return true;
}

bool usher__stream_timer(struct stream *s, const struct stream_context *context)
{
	struct stream_work work;
	unsigned i;

	for (i = 0; i < 2; i++) {
		struct stream_run r = { context, s, &s->side[i], &s->side[!i], &work, s->record_max, i };

		if (due(&r))
			continue;
		usher__stream_close(s, context->pool);
		return false;
	}
	return true;
}

bool usher__stream_too_big(struct stream *s, unsigned direction, uint32_t seq, uint32_t piece,
			   const struct stream_context *context)
{
	struct stream_side *side = &s->side[direction & 1];
	bool smaller;
	uint32_t end;

	if (piece == 0 || !(side->flags & STREAM_REWRITES))
		return false;
	smaller = !side->piece_max || piece < side->piece_max;
	if (smaller)
		side->piece_max = (uint16_t)stream_min(piece, UINT16_MAX);
	if (!side->again_at)
		return false;
	/* Owned bytes begin at R's acknowledgement; a segment that begins there may have others behind them. */
	end = usher__stream_in(side, seq, false, context->pool);
	if (stream_before(seq, side->out_una) || !stream_before(end, side->own_end))
		return false;
	if (smaller) {
		side->again_at = context->now;
		side->tries = 0;
	}
	return true;
}
