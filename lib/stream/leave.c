/*
 * leave: what of a direction that is rewritten leaves now, as which bytes, in which segments; what is held.
 *
 * Owns: in_left, release_at, and the chunks of a record that is over until the call ends. A call takes the bytes in
 * (stream.c, records.c), then decides here: [from, in_left) leaves for the first time, together with what the packet at
 * hand brings again. These bytes are one range of R's numbers; the packet carries its end, segments of our own what
 * does not fit before it. Where that is just the packet's own bytes it leaves as it is. Bytes come from where the first
 * copy of them is: what is owned, the incomplete record, parts that came early, the packet.
 * What is not owned need not leave: S sends it again. So a segment that cannot be made is not made.
 * RFC 9293 3.8.4, 3.8.6.1; RFC 5961 3.2 (a RST counts only if its number is exact); DESIGN 5.
 */
#include "stream/inside.h"

#include <string.h>

#define PIECE_UNKNOWN 536u /* RFC 9293 3.7.1 */
#define PIECE_LEAST 64u
#define TIME_STAMPS 12u    /* bytes of the option, padded */

void usher__stream_work_begin(const struct stream_run *r, const struct stream_segment *segment)
{
	const struct stream_side *side = r->side;
	struct stream_work *w = r->work;

	w->segment = segment;
	w->from = side->in_left;
	w->next = side->in_next;
	w->had = side->in_have;
	w->held = (struct stream_part){ side->in_next, side->in_have - side->in_next, side->partial };
	w->detached = w->fixed = w->refused = w->news = false;
	w->early_count = w->plan_count = 0;
	w->plan_len = 0;
}

void usher__stream_retire(const struct stream_run *r)
{
	if (r->work && r->side->partial && r->side->partial == r->work->held.chunks) {
		r->work->detached = true;
		r->side->partial = 0;
	} else {
		usher__chunk_release(r->context->pool, &r->side->partial);
	}
}

/* ---- what is held ---- */

static bool handshake(const struct stream_run *r)
{
	unsigned both = r->side->flags & r->other->flags & STREAM_STARTED, any = r->side->flags | r->other->flags;

	return both && !(any & STREAM_PICKED_UP);
}

/* Is the incomplete record to be held? */
static bool may_hold(const struct stream_run *r)
{
	const struct stream_context *context = r->context;
	const struct stream_side *side = r->side;
	uint32_t have = side->in_have - side->in_next;

	if (r->s->mapping_only || r->work->fixed || side->flags & STREAM_LET_GO || !handshake(r) || !context->sink->may_edit)
		return false;
	usher__chunk_copy(context->pool, side->partial, 0, context->scratch, have);
	return context->sink->may_edit(context->user, r->direction, context->scratch, have);
}

static void decide_left(const struct stream_run *r)
{
	struct stream_side *side = r->side;

	if (side->in_next != r->work->next) { /* it is another record now */
		stream_set(side, STREAM_LET_GO, false);
		side->release_at = side->ack_at = 0;
		side->in_left = stream_later(side->in_left, side->in_next);
	}
	if (side->in_left != side->in_have && !may_hold(r))
		side->in_left = side->in_have;
	if (side->in_left == side->in_have) {
		side->release_at = side->ack_at = 0;
		return;
	}
	if (!side->release_at) {
		side->release_at = r->context->now + STREAM_HOLD;
		r->context->counts->held++;
	}
	if (!side->ack_at && stream_before(side->in_acked, side->in_have))
		side->ack_at = r->context->now + STREAM_ACK_DELAY;
}

/* ---- bytes ---- */

/* In bytes from `in` on, at most *n, if the first of them is in this part; *n: how many. */
static bool from_part(const struct stream_run *r, const struct stream_part *part, uint32_t in, uint32_t *n, uint8_t *to)
{
	uint32_t at = in - part->seq;

	if (!part->chunks || at >= part->len)
		return false;
	*n = stream_min(*n, part->len - at);
	usher__chunk_copy(r->context->pool, part->chunks, at, to, *n);
	return true;
}

/* Likewise from one of these; if there is none, *n is brought down to where the next of them begins. */
static bool from_parts(const struct stream_run *r, const struct stream_part *parts, unsigned count, uint32_t in,
		       uint32_t *n, uint8_t *to)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		if (from_part(r, &parts[i], in, n, to))
			return true;
	}
	for (i = 0; i < count; i++) {
		if (parts[i].chunks && stream_before(in, parts[i].seq))
			*n = stream_min(*n, parts[i].seq - in);
	}
	return false;
}

static bool from_packet(const struct stream_run *r, uint32_t in, uint32_t *n, uint8_t *to)
{
	const struct stream_segment *segment = r->work->segment;
	uint32_t at;

	if (!segment)
		return false;
	at = in - segment->seq;
	if (at >= segment->have)
		return false;
	*n = stream_min(*n, segment->have - at);
	memcpy(to, segment->data + at, *n);
	return true;
}

/* `len` bytes as S wrote them first. false: not all of them are here. */
static bool fetch(const struct stream_run *r, uint32_t in, uint32_t len, uint8_t *to)
{
	const struct stream_side *side = r->side;
	const struct stream_part parts[3] = {
		{ side->own_at, side->own_len, side->owned },
		{ side->in_next, side->in_have - side->in_next, side->partial },
		{ r->work->held.seq, r->work->held.len, r->work->detached ? r->work->held.chunks : 0 },
	};
	uint32_t n;

	for (; len; in += n, to += n, len -= n) {
		n = len;
		if (!from_parts(r, parts, 3, in, &n, to) &&
		    !from_parts(r, r->work->early, r->work->early_count, in, &n, to) &&
		    !from_parts(r, side->early, side->early_count, in, &n, to) && !from_packet(r, in, &n, to))
			return false;
	}
	return true;
}

/* `len` out bytes: those of S, and what edits put in their place. */
static bool render(const struct stream_run *r, uint32_t out, uint32_t len, uint8_t *to)
{
	const struct stream_side *side = r->side;
	uint32_t shift = r->work->shift, text = 0, n, at;
	unsigned i;

	for (i = 0; i < side->edits_count && len; i++) {
		const struct stream_edit *e = &r->work->edit[i];

		at = e->in_at + shift;
		if (stream_before(out, at)) {
			n = stream_min(len, at - out);
			if (!fetch(r, out - shift, n, to))
				return false;
			out += n, to += n, len -= n;
		}
		if (len && stream_before(out, at + e->out_len)) {
			n = stream_min(len, at + e->out_len - out);
			usher__chunk_copy(r->context->pool, side->texts, text + (out - at), to, n);
			out += n, to += n, len -= n;
		}
		text += e->out_len;
		shift += (uint32_t)e->out_len - e->in_len;
	}
	return len == 0 || fetch(r, out - shift, len, to);
}

static bool overlaps(uint32_t from, uint32_t to, uint32_t seq, uint32_t len)
{
	return stream_before(seq, to) && stream_before(from, seq + len);
}

/* Is there a copy of some of these bytes that came before the packet? It is the one that counts. */
static bool has_copy(const struct stream_run *r, uint32_t from, uint32_t to)
{
	const struct stream_work *w = r->work;
	unsigned i;

	if (r->side->owned && overlaps(from, to, r->side->own_at, r->side->own_len))
		return true;
	if (w->held.chunks && overlaps(from, to, w->held.seq, w->had - w->held.seq))
		return true;
	for (i = 0; i < w->early_count; i++) {
		if (overlaps(from, to, w->early[i].seq, w->early[i].len))
			return true;
	}
	return false;
}

static bool touches_edit(const struct stream_run *r, uint32_t from, uint32_t to)
{
	unsigned i;

	for (i = 0; i < r->side->edits_count; i++) {
		if (overlaps(from, to, r->work->edit[i].in_at, r->work->edit[i].in_len))
			return true;
	}
	return false;
}

/* ---- segments ---- */

uint32_t usher__stream_piece(const struct stream_run *r)
{
	const struct stream_side *side = r->side;
	uint32_t piece = side->piece ? side->piece : PIECE_UNKNOWN, options = side->flags & STREAM_STAMPED ? TIME_STAMPS : 0;

	if (side->piece_max)
		piece = stream_min(piece, side->piece_max);
	if (r->other->mss)
		piece = stream_min(piece, r->other->mss > options ? r->other->mss - options : 0);
	return piece > PIECE_LEAST ? piece : PIECE_LEAST;
}

/*
 * The urgent pointer of a segment that begins at `out`, if there is one within its reach. One that leads behind what
 * has left waits: edits may lie between, and R would believe the farthest it has heard.
 */
static uint16_t urgent_at(const struct stream_run *r, uint32_t out, uint8_t *tcp_flags)
{
	bool known = r->side->flags & STREAM_URGENT && !stream_before(r->side->in_left, r->side->urgent);
	uint32_t at = known ? usher__stream_out(r, r->side->urgent, true) - out : 0;

	if (at == 0 || at > UINT16_MAX) {
		*tcp_flags &= (uint8_t)~TCP_URG;
		return 0;
	}
	*tcp_flags |= TCP_URG;
	return (uint16_t)at;
}

void usher__stream_emit_bare(const struct stream_run *r, struct stream_out *out)
{
	out->direction = (uint8_t)r->direction;
	out->ack = r->other->in_acked;
	out->window = usher__stream_window(r);
	out->has_ts = r->side->flags & STREAM_STAMPED && r->other->flags & STREAM_HEARD;
	out->ts_value = r->side->ts_value;
	out->ts_echo = r->other->ts_heard;
	r->context->sink->emit(r->context->user, out);
}

void usher__stream_emit(const struct stream_run *r, uint32_t from, uint32_t to, uint8_t kind)
{
	uint32_t piece = usher__stream_piece(r), n;

	for (; stream_before(from, to); from += n) {
		struct stream_out out = { .kind = kind, .tcp_flags = TCP_ACK | TCP_PSH, .seq = from };

		n = stream_min(piece, to - from);
		if (!render(r, from, n, stream_scratch_leave(r)))
			return;
		out.data = stream_scratch_leave(r);
		out.len = n;
		out.urgent = urgent_at(r, from, &out.tcp_flags);
		usher__stream_emit_bare(r, &out);
	}
}

/* R has all before this number, as far as it left. */
static uint32_t acknowledged(const struct stream_side *side)
{
	uint32_t next = stream_out_next(side);

	return stream_before(next, side->out_una) ? next : side->out_una;
}

/* Is the FIN's turn, for the first time? */
static bool fin_due(const struct stream_side *side)
{
	return (side->flags & (STREAM_FIN | STREAM_FIN_LEFT)) == STREAM_FIN && side->in_left == side->fin;
}

/* In bytes [from, to) leave without the packet, and the FIN, if it is its turn. */
static void release(const struct stream_run *r, uint32_t from, uint32_t to)
{
	struct stream_side *side = r->side;
	struct stream_out fin = { .kind = STREAM_OUT_DATA, .tcp_flags = TCP_ACK | TCP_FIN };

	usher__stream_emit(r, stream_later(usher__stream_out(r, from, false), acknowledged(side)),
			   usher__stream_out(r, to, true), STREAM_OUT_DATA);
	if (!fin_due(side))
		return;
	fin.seq = stream_out_next(side);
	side->flags |= STREAM_FIN_LEFT;
	usher__stream_emit_bare(r, &fin);
}

/* ---- the packet ---- */

static void pass(const struct stream_run *r, uint32_t seq, uint8_t tcp_flags)
{
	struct stream_leave *leave = r->work->leave;

	leave->verdict = STREAM_PASS;
	leave->seq = seq;
	leave->tcp_flags = tcp_flags;
	leave->urgent = r->work->segment->urgent;
	if (r->side->flags & STREAM_URGENT)
		leave->urgent = urgent_at(r, seq, &leave->tcp_flags);
}

/* RFC 9293 3.8.4: the number before the next one, and perhaps a byte of no meaning. R is to answer it, not usher. */
static bool keep_alive(const struct stream_run *r)
{
	const struct stream_segment *segment = r->work->segment;
	uint32_t acked = r->side->in_acked;

	if (segment->len > 1 || segment->tcp_flags & TCP_FIN || segment->seq + 1 != acked)
		return false;
	return segment->len == 0 || !stream_before(r->side->in_left, acked); /* not a held byte again */
}

/* Without data. While something is held its number would be beyond what R may know of. */
static void pass_bare(const struct stream_run *r)
{
	const struct stream_segment *segment = r->work->segment;
	const struct stream_side *side = r->side;

	if (!stream_before(segment->seq, side->in_left) && stream_holds(side))
		pass(r, stream_out_next(side), segment->tcp_flags);
	else
		pass(r, usher__stream_out(r, segment->seq, false), segment->tcp_flags);
}

/* Nothing of the packet's bytes leaves with it. What it acknowledges may have to. `old`: R has all of them. */
static void pass_nothing(const struct stream_run *r, bool old)
{
	const struct stream_segment *segment = r->work->segment;
	struct stream_leave *leave = r->work->leave;

	leave->again = old;
	if (old)
		usher__stream_ack(r);
	else if (r->work->refused)
		r->context->counts->dropped++;
	if (r->work->news) {
		pass(r, stream_out_next(r->side), segment->tcp_flags & (uint8_t)~(TCP_FIN | TCP_PSH | TCP_URG));
		leave->changed = true;
		leave->payload_len = 0;
	} else {
		leave->verdict = old || r->work->refused ? STREAM_DROP : STREAM_TAKEN;
	}
}

/* The packet carries out bytes [out, end), or the last of them. */
static void pass_changed(const struct stream_run *r, uint32_t out, uint32_t end, uint8_t tcp_flags)
{
	const struct stream_segment *segment = r->work->segment;
	struct stream_leave *leave = r->work->leave;
	uint32_t room = segment->room, own = segment->len;

	if (!segment->gso_size)
		room = stream_min(room, usher__stream_piece(r));
	room = stream_min(room > own ? room : own, STREAM_LEAVE_BYTES);
	if (end - out > room) {
		usher__stream_emit(r, out, end - room, STREAM_OUT_DATA);
		r->context->counts->cut_in_two++;
		out = end - room;
	}
	if (!render(r, out, end - out, stream_scratch_leave(r))) {
		leave->verdict = STREAM_DROP;
		return;
	}
	pass(r, out, (uint8_t)(end != out ? tcp_flags | TCP_PSH : tcp_flags));
	leave->changed = true;
	leave->payload = stream_scratch_leave(r);
	leave->payload_len = end - out;
}

/* In bytes [a, b) leave with the packet, as far as R has not acknowledged them, and the FIN. */
static void pass_range(const struct stream_run *r, uint32_t a, uint32_t b, bool fin)
{
	const struct stream_segment *segment = r->work->segment;
	uint8_t flags = (uint8_t)((segment->tcp_flags & ~TCP_FIN) | (fin ? TCP_FIN : 0));
	uint32_t begin = usher__stream_out(r, a, false), out = stream_later(begin, acknowledged(r->side)),
		 end = usher__stream_out(r, b, true);

	if (fin)
		r->side->flags |= STREAM_FIN_LEFT;
	if (out == begin && a == segment->seq && b - a == segment->len && !touches_edit(r, a, b) &&
	    !has_copy(r, a, b))
		pass(r, out, flags);
	else
		pass_changed(r, out, end, flags);
}

/* Is there something for R in it that R has not acknowledged? */
static bool is_new(const struct stream_run *r, uint32_t a, uint32_t b, bool fin)
{
	uint32_t end = usher__stream_out(r, b, true) + fin;

	return stream_before(stream_later(usher__stream_out(r, a, false), acknowledged(r->side)), end);
}

/* The capture cut it: it leaves as it is, behind what was held before it. */
static void pass_cut(const struct stream_run *r)
{
	const struct stream_segment *segment = r->work->segment;

	if (!stream_before(segment->seq, r->side->in_left)) {
		pass_nothing(r, false);
		return;
	}
	if (stream_before(r->work->from, segment->seq))
		release(r, r->work->from, segment->seq);
	pass(r, usher__stream_out(r, segment->seq, false), segment->tcp_flags);
}

/* With data, or a FIN. */
static void pass_data(const struct stream_run *r)
{
	const struct stream_segment *segment = r->work->segment;
	const struct stream_side *side = r->side;
	uint32_t from = r->work->from, left = side->in_left, seq = segment->seq, end = seq + segment->len, a, b;
	uint32_t had = r->work->had;
	bool fin = fin_due(side);

	if (side->flags & STREAM_FIN && left == side->fin && segment->tcp_flags & TCP_FIN && end == side->fin)
		fin = true;
	if (!stream_before(seq, left)) { /* all of it waits, or went on what was let go */
		a = from;
		b = left;
	} else if (stream_before(stream_before(left, end) ? left : end, from)) {
		release(r, from, left);
		fin = false;
		a = seq;
		b = end;
	} else if (r->s->mapping_only && stream_before(had, seq)) { /* before its turn */
		release(r, from, had);
		a = seq;
		b = left;
	} else {
		a = stream_before(seq, from) ? seq : from;
		b = left;
	}
	if (is_new(r, a, b, fin))
		pass_range(r, a, b, fin);
	else
		pass_nothing(r, !stream_before(left, end));
}

static void packet(const struct stream_run *r)
{
	const struct stream_segment *segment = r->work->segment;
	const struct stream_side *side = r->side;
	bool data = segment->len || segment->tcp_flags & TCP_FIN;

	if (!(side->flags & STREAM_STARTED))
		pass(r, segment->seq, segment->tcp_flags);
	else if (segment->tcp_flags & TCP_SYN)
		pass(r, segment->seq, segment->tcp_flags); /* it comes before all edits */
	else if (segment->have < segment->len)
		pass_cut(r);
	else if (data && !keep_alive(r))
		pass_data(r);
	else {
		if (r->work->from != side->in_left || fin_due(side))
			release(r, r->work->from, side->in_left);
		if (keep_alive(r))
			pass(r, side->out_una - 1, segment->tcp_flags);
		else
			pass_bare(r);
	}
}

/* ---- the end of a call ---- */

/* What was kept for this call goes, but for what is owned. */
static void clear(const struct stream_run *r)
{
	struct stream_side *side = r->side;
	struct stream_work *w = r->work;
	unsigned i;

	if (w->detached && side->flags & STREAM_OWNS && !side->owned && side->own_end - 1 - w->held.seq < w->held.len) {
		side->owned = w->held.chunks;
		side->own_at = w->held.seq;
		side->own_len = w->held.len;
	} else if (w->detached) {
		usher__chunk_release(r->context->pool, &w->held.chunks);
	}
	w->detached = false;
	for (i = 0; i < w->early_count; i++)
		usher__chunk_release(r->context->pool, &w->early[i].chunks);
	w->early_count = 0;
}

/* A round trip is measured with bytes that leave for the first time, and none before them again (Karn). */
static void time_it(const struct stream_run *r)
{
	const struct stream_segment *segment = r->work->segment;
	struct stream_side *side = r->side;

	if (segment && segment->len && stream_before(segment->seq, r->work->from))
		stream_set(side, STREAM_TIMING, false);
	else if (side->in_left != r->work->from && !(side->flags & STREAM_TIMING)) {
		side->flags |= STREAM_TIMING;
		side->timed = side->in_left + side->shift;
		side->timed_at = r->context->now;
	}
}

void usher__stream_work_end(const struct stream_run *r)
{
	const struct stream_segment *segment = r->work->segment;
	struct stream_side *side = r->side;
	bool again = segment && segment->len && stream_before(segment->seq, r->work->had);

	if (!segment && !(side->flags & STREAM_STARTED))
		return;
	decide_left(r);
	usher__stream_edits_load(r);
	if (segment && segment->tcp_flags & TCP_URG && segment->urgent && side->flags & STREAM_STARTED) {
		uint32_t urgent = segment->seq + segment->urgent;

		side->urgent = side->flags & STREAM_URGENT ? stream_later(side->urgent, urgent) : urgent;
		side->flags |= STREAM_URGENT;
	}
	time_it(r);
	if (segment)
		packet(r);
	else if (r->work->from != side->in_left || fin_due(side))
		release(r, r->work->from, side->in_left);
	if (side->flags & STREAM_URGENT && !stream_before(side->out_una, usher__stream_out(r, side->urgent, true)))
		stream_set(side, STREAM_URGENT, false);
	clear(r);
	usher__stream_owe(r);
	/* S sends again what is held: it waits for an acknowledgement, or has not got it. */
	if (!again || !stream_before(side->in_left, segment->seq + segment->len))
		return;
	if (stream_before(side->in_acked, segment->seq + segment->len))
		usher__stream_own(r);
	else
		usher__stream_ack(r);
}
