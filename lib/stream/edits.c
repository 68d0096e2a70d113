/*
 * edits: what of a direction's bytes leaves as others, and the numbers that differ for it.
 *
 * Owns: side->edits, side->texts, side->shift, and the plan for the record that is being read. Invariants: edits are
 * sorted, disjoint, before in_next; no length is 0, so that every edit has a first and a last byte on either side, and
 * a segment touches it or does not; behind the last one out = in + shift. An edit is kept until R has acknowledged its
 * last byte; what S sends again from before that is trimmed, so the shift alone is enough for it. What a plan needs is
 * seen to be there when it is made, and nobody else takes chunks until it is applied. DESIGN 5, invariants 4 and 5.
 */
#include "stream/inside.h"

#include <usher/helper.h>

#include <string.h>

static int edit_grows(const struct stream_edit *e)
{
	return (int)e->out_len - (int)e->in_len;
}

/* All edits of a direction. Returns the shift before the first of them. */
static uint32_t read_edits(const struct stream_side *side, const struct chunk_pool *pool, struct stream_edit *edit)
{
	uint32_t shift = side->shift;
	unsigned i;

	usher__chunk_copy(pool, side->edits, 0, edit, (uint32_t)(side->edits_count * sizeof(*edit)));
	for (i = 0; i < side->edits_count; i++)
		shift -= (uint32_t)edit_grows(&edit[i]);
	return shift;
}

void usher__stream_edits_load(const struct stream_run *r)
{
	r->work->shift = read_edits(r->side, r->context->pool, r->work->edit);
}

/* S's number as R's, with `count` edits, `shift` being before them. */
static uint32_t forth(const struct stream_edit *e, unsigned count, uint32_t shift, uint32_t in, bool up)
{
	for (; count; e++, count--) {
		if (!stream_before(e->in_at, in))
			break;
		if (stream_before(in, e->in_at + e->in_len))
			return e->in_at + shift + (up ? e->out_len : 0);
		shift += (uint32_t)edit_grows(e);
	}
	return in + shift;
}

uint32_t usher__stream_out(const struct stream_run *r, uint32_t in, bool up)
{
	return forth(r->work->edit, r->side->edits_count, r->work->shift, in, up);
}

void usher__stream_forth(const struct stream *s, struct stream_segment *segment, const struct chunk_pool *pool)
{
	const struct stream_side *side = &s->side[!segment->direction];
	struct stream_edit edit[STREAM_EDITS];
	uint32_t shift;

	segment->ack_out = segment->ack;
	if (!(side->flags & STREAM_SHIFTED))
		return;
	shift = read_edits(side, pool, edit);
	segment->ack_out = forth(edit, side->edits_count, shift, segment->ack, false);
}

uint32_t usher__stream_in(const struct stream_side *side, uint32_t out, bool up, const struct chunk_pool *pool)
{
	struct stream_edit edit[STREAM_EDITS];
	uint32_t shift = read_edits(side, pool, edit), at;
	unsigned i;

	for (i = 0; i < side->edits_count; i++) {
		at = edit[i].in_at + shift;
		if (!stream_before(at, out))
			break;
		if (stream_before(out, at + edit[i].out_len))
			return edit[i].in_at + (up ? edit[i].in_len : 0);
		shift += (uint32_t)edit_grows(&edit[i]);
	}
	return out - shift;
}

/* An edge of R's that may be old. */
static uint32_t back(const struct stream_side *side, uint32_t out, bool up, const struct chunk_pool *pool)
{
	return usher__stream_in(side, stream_later(out, side->out_exact), up, pool);
}

void usher__stream_back_edits(const struct stream *s, struct stream_segment *segment, const struct chunk_pool *pool)
{
	const struct stream_side *side = &s->side[!segment->direction];
	unsigned i, kept = 0;

	/* An older one stays older: raised, it would raise R's right edge as well. */
	segment->ack = usher__stream_in(side, segment->ack, false, pool);
	for (i = 0; i < segment->sack_count; i++) {
		uint32_t left = back(side, segment->sack[i][0], true, pool);
		uint32_t right = back(side, segment->sack[i][1], false, pool);

		if (!stream_before(left, right))
			continue;
		segment->sack[kept][0] = left;
		segment->sack[kept++][1] = right;
	}
	segment->sack_count = (uint8_t)kept;
}

uint32_t usher__stream_back_seq(const struct stream *s, unsigned direction, uint32_t seq, const struct chunk_pool *pool)
{
	const struct stream_side *side = &s->side[direction & 1];

	return side->flags & STREAM_SHIFTED ? usher__stream_in(side, seq, false, pool) : seq;
}

/* ---- the plan for the record that is being read ---- */

/* Chunks that appending `len` bytes to a chain of `held` takes. */
static uint32_t chunks_for(uint32_t held, uint32_t len)
{
	uint32_t room = held % CHUNK_DATA ? CHUNK_DATA - held % CHUNK_DATA : 0;

	return len > room ? (len - room - 1) / CHUNK_DATA + 1 : 0;
}

/* Is there room for one more edit with so much text, behind those planned? */
static bool fits(const struct stream_run *r, uint32_t text_len)
{
	const struct stream_side *side = r->side;
	const struct stream_work *w = r->work;
	const struct chunk_pool *pool = r->context->pool;
	uint32_t count = side->edits_count + w->plan_count + 1u, size = sizeof(struct stream_edit), need;

	if (count > STREAM_EDITS || text_len > STREAM_TEXTS - side->texts_len - w->plan_len)
		return false;
	need = chunks_for(side->edits_count * size, (w->plan_count + 1u) * size) +
	       chunks_for(side->texts_len, w->plan_len + text_len);
	return need <= pool->count - pool->used;
}

/* Bytes [at, at + len) of a record are to become `text`, with the neighbours taken along. */
struct change {
	uint32_t at, len;
	const uint8_t *text;
	uint32_t text_len;
	uint32_t before, after; /* neighbouring bytes that stay, 0 or 1 each; they are in [at, at + len) */
};

/* An edit has bytes on both sides: take the byte behind along, or the one before. false: there is none. */
static bool widen(const struct stream_record *record, struct change *c)
{
	if (c->len && c->text_len)
		return true;
	if (c->at + c->len < record->len)
		c->after = 1;
	else if (c->at)
		c->before = 1;
	else
		return false;
	c->at -= c->before;
	c->len++;
	return true;
}

static bool changes_nothing(const struct stream_record *record, const struct change *c)
{
	return !c->before && !c->after && c->len == c->text_len && memcmp(record->data + c->at, c->text, c->len) == 0;
}

/* Its place in the plan; false: it overlaps another one. */
static bool place(const struct stream_work *w, uint32_t in_at, uint32_t len, unsigned *i)
{
	*i = w->plan_count;
	while (*i > 0 && stream_before(in_at, w->plan[*i - 1].in_at))
		--*i;
	if (*i > 0 && stream_before(in_at, w->plan[*i - 1].in_at + w->plan[*i - 1].in_len))
		return false;
	return *i == w->plan_count || !stream_before(w->plan[*i].in_at, in_at + len);
}

static void plan(const struct stream_run *r, const struct stream_record *record, const struct change *c, unsigned i)
{
	struct stream_work *w = r->work;
	uint8_t *to = stream_scratch_plan(r) + w->plan_len;
	uint32_t out_len = c->before + c->text_len + c->after;

	memmove(w->plan + i + 1, w->plan + i, (w->plan_count - i) * sizeof(w->plan[0]));
	memmove(w->plan_text + i + 1, w->plan_text + i, (w->plan_count - i) * sizeof(w->plan_text[0]));
	w->plan[i] = (struct stream_edit){ r->side->in_next - record->len + c->at, (uint16_t)c->len, (uint16_t)out_len };
	w->plan_text[i] = w->plan_len;
	w->plan_len = (uint16_t)(w->plan_len + out_len);
	w->plan_count++;
	if (c->before)
		*to++ = record->data[c->at];
	if (c->text_len)
		memcpy(to, c->text, c->text_len);
	if (c->after)
		to[c->text_len] = record->data[c->at + c->len - 1];
}

int usher__stream_edit(struct stream_record *record, uint32_t at, uint32_t len, const void *text, uint32_t text_len)
{
	const struct stream_run *r = record->run;
	struct change c = { at, len, text, text_len, 0, 0 };
	unsigned i;

	if (at > record->len || len > record->len - at)
		return USHER_BAD_CALL;
	if (!r || !r->work || at < record->fixed)
		return USHER_REFUSED;
	if (len == 0 && text_len == 0)
		return USHER_OK;
	if (!widen(record, &c))
		return USHER_BAD_CALL;
	if (c.at < record->fixed)
		return USHER_REFUSED;
	if (text_len > STREAM_TEXTS || !fits(r, c.before + text_len + c.after)) {
		r->context->counts->edits_refused++;
		return USHER_FULL;
	}
	if (!place(r->work, r->side->in_next - record->len + c.at, c.len, &i))
		return USHER_BAD_CALL;
	if (!changes_nothing(record, &c))
		plan(r, record, &c, i);
	return USHER_OK;
}

void usher__stream_edit_none(struct stream_record *record)
{
	if (record->run && record->run->work)
		record->run->work->plan_count = 0, record->run->work->plan_len = 0;
}

void usher__stream_edits_apply(const struct stream_run *r)
{
	struct chunk_pool *pool = r->context->pool;
	struct stream_side *side = r->side;
	struct stream_work *w = r->work;
	unsigned i;

	for (i = 0; i < w->plan_count; i++) {
		const struct stream_edit *e = &w->plan[i];

		(void)usher__chunk_append(pool, &side->edits, (uint32_t)(side->edits_count * sizeof(*e)), e, sizeof(*e));
		(void)usher__chunk_append(pool, &side->texts, side->texts_len, stream_scratch_plan(r) + w->plan_text[i],
					  e->out_len);
		side->edits_count++;
		side->texts_len = (uint16_t)(side->texts_len + e->out_len);
		side->shift += (uint32_t)edit_grows(e);
		side->flags |= STREAM_SHIFTED;
		r->context->counts->edits++;
	}
	w->plan_count = 0;
	w->plan_len = 0;
}

void usher__stream_edits_forget(const struct stream_run *r)
{
	struct chunk_pool *pool = r->context->pool;
	struct stream_side *side = r->side;
	struct stream_edit edit[STREAM_EDITS];
	uint8_t *texts = stream_scratch_plan(r);
	uint32_t shift, gone = 0;
	unsigned i;

	if (!side->edits_count)
		return;
	shift = read_edits(side, pool, edit);
	for (i = 0; i < side->edits_count; i++) {
		if (stream_before(side->out_una, edit[i].in_at + shift + edit[i].out_len))
			break;
		shift += (uint32_t)edit_grows(&edit[i]);
		gone += edit[i].out_len;
		side->out_exact = edit[i].in_at + edit[i].in_len + shift;
	}
	if (i == 0)
		return;
	side->edits_count = (uint8_t)(side->edits_count - i);
	side->texts_len = (uint16_t)(side->texts_len - gone);
	usher__chunk_copy(pool, side->texts, gone, texts, side->texts_len);
	usher__chunk_release(pool, &side->edits);
	usher__chunk_release(pool, &side->texts);
	/* What was just given back has room for them. */
	(void)usher__chunk_append(pool, &side->edits, 0, edit + i, (uint32_t)(side->edits_count * sizeof(edit[0])));
	(void)usher__chunk_append(pool, &side->texts, 0, texts, side->texts_len);
	stream_set(side, STREAM_SHIFTED, side->shift || side->edits_count);
}
