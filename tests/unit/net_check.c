/*
 * net_check: does all that a worker holds fit together? The engine's invariants, looked at from its records: every used record is
 * found by both its tuples, every list leads where it should and back, and what is counted as used can be reached.
 */
#include "engine/engine.h" /* first: cmocka has a macro expect_any */

#include "net.h"

static char wrong_text[160];

/* What a walk over everything comes to. */
struct sums {
	uint32_t entries, extras, helps, chunks, expects;
};

__attribute__((format(printf, 1, 2))) static const char *wrong(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(wrong_text, sizeof(wrong_text), format, list);
	va_end(list);
	return wrong_text;
}

/* The key that a packet of this direction would have. */
static struct conn_key key_of(const struct conn_table *t, struct conn *c, bool ipv6, unsigned direction)
{
	struct pkt p = { .family = ipv6 ? USHER_IPV6 : USHER_IPV4, .protocol = c->protocol };
	uint8_t answers = usher__answer_type(c->protocol, c->type), header[40] = { 0 };
	uint32_t size = ipv6 ? 16 : 4;
	struct conn_key k;

	p.type = direction ? answers : c->type;
	p.inverse_type = direction ? c->type : answers;
	p.key[0] = c->key[direction * 2];
	p.key[1] = c->key[direction * 2 + 1];
	if (c->protocol == USHER_GRE && c->type == 1) {
		p.key[0] = 0;
		p.flags = PKT_ONE_WAY;
	}
	memcpy(header + PKT_SRC_OFFSET(p.family), conn_address(c, ipv6) + direction * 2 * size, 2 * size);
	conn_key_of(t, &k, &p, header, c->zone);
	k.address = conn_address(c, ipv6) + direction * 2 * size;
	return k;
}

static const char *wrong_record(struct usher_worker *w, uint32_t record, struct sums *s)
{
	struct conn *c = conn_at(&w->table, record);
	bool ipv6 = record & CONN_IPV6;
	unsigned direction;

	if (!(c->status & CONN_USED))
		return c->generation & 1 || *conn_due(&w->table, record) ? wrong("free record %x is odd or due", record) : NULL;
	if (c->generation & 1 || !*conn_due(&w->table, record))
		return wrong("used record %x is odd or never due", record);
	for (direction = 0; direction < (c->status & CONN_ONE_WAY ? 1u : 2u); direction++) {
		struct conn_key k = key_of(&w->table, c, ipv6, direction);
		struct conn_found found = usher__conn_lookup(&w->table, &k);

		/* an endpoint that talks to itself is its own answer */
		if (found.record != record || (found.direction != direction && c->protocol != USHER_GRE &&
					       memcmp(conn_address(c, ipv6), conn_address(c, ipv6) + (ipv6 ? 16 : 4),
						      ipv6 ? 16 : 4) != 0))
			return wrong("record %x is not found by direction %u, but %x", record, direction, found.record);
	}
	s->entries += c->status & CONN_TWO_ENTRIES ? 2 : 1;
	return NULL;
}

static uint32_t chunk_chain(const struct chunk_pool *pool, uint32_t number)
{
	uint32_t n = 0;

	for (; number && n <= pool->count; number = pool->chunk[number].next)
		n++;
	return n;
}

static uint32_t stream_chunks(const struct chunk_pool *pool, const struct stream *s)
{
	uint32_t n = 0;
	unsigned d, i;

	for (d = 0; d < 2; d++) {
		n += chunk_chain(pool, s->side[d].partial) + chunk_chain(pool, s->side[d].edits) +
		     chunk_chain(pool, s->side[d].texts) + chunk_chain(pool, s->side[d].owned);
		for (i = 0; i < s->side[d].early_count; i++)
			n += chunk_chain(pool, s->side[d].early[i].chunks);
	}
	return n;
}

static const char *wrong_help(struct usher_worker *w, struct conn *c, const struct extra *x, struct sums *s)
{
	const struct help *h = x->help ? help_at(w, x->help) : NULL;

	if ((c->status & CONN_HELPED) != (h ? CONN_HELPED : 0))
		return wrong("extra %u: helped, and no state, or the other way round", c->extra);
	if (!h)
		return NULL;
	if (!x->helper || h->extra != c->extra)
		return wrong("state %u is not that of extra %u", x->help, c->extra);
	s->helps++;
	s->chunks += stream_chunks(w->chunks, &h->stream);
	return NULL;
}

static const char *wrong_expects(struct usher_worker *w, const struct conn *c, const struct extra *x, struct sums *s)
{
	uint32_t number, before = 0, n = 0;

	for (number = x->expect_first; number; before = number, number = expect_at(&w->expects, number)->master_next) {
		const struct expect *e = expect_at(&w->expects, number);

		if (!e->in_use || e->generation & 1 || e->master_extra != c->extra || e->master_prev != before)
			return wrong("expectation %u is wrong in the list of extra %u", number, c->extra);
		if (e->master.record != x->record || e->master.generation != c->generation)
			return wrong("expectation %u does not know its master", number);
		if (++n > w->expects.slab->count)
			return wrong("the list of extra %u never ends", c->extra);
	}
	if (n != x->expect_count || before != x->expect_last)
		return wrong("extra %u has %u expectations, and says %u", c->extra, n, x->expect_count);
	s->expects += n;
	return NULL;
}

static const char *wrong_children(struct usher_worker *w, const struct conn *c, const struct extra *x)
{
	uint32_t number, before = 0, n = 0;

	for (number = x->child_first; number; before = number, number = extra_at(w, number)->child_next) {
		const struct extra *child = extra_at(w, number);
		const struct conn *born = conn_at(&w->table, child->record);

		if (child->master_extra != c->extra || child->child_prev != before || born->extra != number ||
		    !(born->status & CONN_USED) || !(born->status & CONN_RELATED))
			return wrong("child %u is wrong in the list of extra %u", number, c->extra);
		if (++n > w->extras->count)
			return wrong("the children of extra %u never end", c->extra);
	}
	return NULL;
}

static const char *wrong_extra(struct usher_worker *w, uint32_t record, struct sums *s)
{
	struct conn *c = conn_at(&w->table, record);
	const struct extra *x = extra_of(w, c);
	const char *text;

	if (!x)
		return c->status & (CONN_RELATED | CONN_HELPED | CONN_OWN_TIMEOUT) ? wrong("record %x has no extra", record) : NULL;
	if (x->record != record)
		return wrong("extra %u is not that of record %x", c->extra, record);
	if (x->flags & EXTRA_TELL)
		return wrong("extra %u waits to be told of", c->extra);
	s->extras++;
	text = wrong_help(w, c, x, s);
	if (!text)
		text = wrong_expects(w, c, x, s);
	return text ? text : wrong_children(w, c, x);
}

/* Is an expectation in its chain? */
static bool in_chain(const struct expect_table *t, uint32_t entry)
{
	uint32_t i, at, n;

	for (i = 0; i <= t->head_mask; i++)
		for (at = t->head[i], n = 0; at && n <= 2 * t->slab->count; at = expect_at(t, at >> 1)->next[at & 1], n++)
			if (at == entry)
				return true;
	return false;
}

static const char *wrong_expect_table(struct usher_worker *w)
{
	struct expect_table *t = &w->expects;
	uint32_t patterns[EXPECT_PATTERNS] = { 0 }, number, side, i;

	for (number = 1; number < t->slab->fresh; number++) {
		const struct expect *e = expect_at(t, number);

		for (side = 0; e->in_use && side < (e->both ? 2u : 1u); side++) {
			patterns[e->pattern[side]]++;
			if (usher__expect_same(t, e, side) != number && !in_chain(t, number << 1 | side))
				return wrong("expectation %u is not in its chain", number);
			if (usher__expect_same(t, e, side) != number)
				return wrong("expectation %u is there twice", number);
		}
	}
	for (i = 0; i < EXPECT_PATTERNS; i++)
		if (patterns[i] != t->patterns[i])
			return wrong("%u expectations of pattern %u, it says %u", patterns[i], i, t->patterns[i]);
	return NULL;
}

static const char *wrong_slab(struct slab *s, const char *name, uint32_t reached)
{
	uint32_t number = s->free, n = 0;

	for (; number && n < s->fresh; n++)
		memcpy(&number, (uint8_t *)slab_at(s, number) + s->link, 4);
	if (number || n + s->used != s->fresh - 1)
		return wrong("%s: %u used, %u free, %u ever given", name, s->used, n, s->fresh - 1);
	if (reached != s->used || s->used > s->most || s->most > s->count)
		return wrong("%s: %u used, %u reached", name, s->used, reached);
	return NULL;
}

static const char *wrong_index(const struct usher_worker *w, uint32_t expected)
{
	const struct index *x = w->table.index;
	uint32_t i, n = 0, buckets = x->mask + 1 + x->split;
	unsigned slot;

	for (i = 0; i < x->base_max + x->overflow_fresh; i++) {
		if (i >= buckets && i < x->base_max)
			continue;
		for (slot = 0; slot < INDEX_SLOTS; slot++) {
			n += x->bucket[i].entry[slot] != 0;
			if (!x->bucket[i].entry[slot] != !x->bucket[i].tag[slot])
				return wrong("bucket %u: an entry without its tag", i);
		}
	}
	if (n != x->entries || n != expected)
		return wrong("%u entries in the index, it says %u, the records %u", n, x->entries, expected);
	return NULL;
}

static const char *wrong_counts(const struct usher_worker *w)
{
	uint64_t begun = w->counter[USHER_COUNTER_CONNECTIONS], ended = w->counter[USHER_COUNTER_ENDED];

	if (begun - ended != (uint64_t)w->table.slab[0]->used + w->table.slab[1]->used)
		return wrong("%u begun, %u ended, but others in use", (unsigned)begun, (unsigned)ended);
	if (w->tell_first || w->tell_last || w->moment || w->call.count > ENGINE_PENDING + 1)
		return wrong("something waits to be done");
	return NULL;
}

const char *net_wrong(struct usher_worker *w)
{
	struct sums s = { 0 };
	const char *text = NULL;
	uint32_t number, used[2] = { 0 };
	unsigned f;

	for (f = 0; f < 2 && !text; f++) {
		for (number = 1; number < w->table.slab[f]->fresh && !text; number++) {
			uint32_t record = number | (f ? CONN_IPV6 : 0);

			text = wrong_record(w, record, &s);
			if (!text && conn_at(&w->table, record)->status & CONN_USED) {
				used[f]++;
				text = wrong_extra(w, record, &s);
			}
		}
	}
	text = text ? text : wrong_slab(w->table.slab[0], "IPv4", used[0]);
	text = text ? text : wrong_slab(w->table.slab[1], "IPv6", used[1]);
	text = text ? text : wrong_slab(w->extras, "extras", s.extras);
	text = text ? text : wrong_slab(w->helps, "states", s.helps);
	text = text ? text : wrong_slab(w->expects.slab, "expectations", s.expects);
	text = text ? text : wrong_index(w, s.entries);
	text = text ? text : wrong_expect_table(w);
	text = text ? text : wrong_counts(w);
	if (!text && s.chunks != w->chunks->used)
		text = wrong("%u chunks in use, %u reached", w->chunks->used, s.chunks);
	return text;
}

uint64_t net_used(const struct usher_worker *w)
{
	return (uint64_t)w->table.slab[0]->used + w->table.slab[1]->used + w->extras->used + w->helps->used +
	       w->expects.slab->used + w->chunks->used + w->table.index->entries + w->keys.slab->used + w->mappings.slab->used +
	       w->timer_count;
}

uint32_t net_used_chunks(const struct usher_worker *w)
{
	return w->chunks->used;
}

uint32_t net_used_helps(const struct usher_worker *w)
{
	return w->helps->used;
}
