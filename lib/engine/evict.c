/*
 * engine/evict: a full table: who makes room for a newcomer, or that he is refused.
 *
 * Owns: struct sketch, a count-min sketch of how many unassured connections each source prefix (/24, /48; with its zone) holds.
 * A connection is counted when it is published and taken off when it ends or becomes assured, so the sketch of small tables is
 * exact, and that of large ones never says too few. Its hash is keyed: nobody can make his flood look like somebody else's.
 * Of records drawn at random the first that is over goes, else of the unassured the oldest among those whose prefix holds most,
 * else one that is closing. A newcomer whose own prefix holds clearly more than that one's is refused instead: so a flood displaces
 * itself, even where few of the records drawn are its own. Prefixes that differ by less than 1/64 of all unassured ones count as
 * equal: a flood of sources made up at random has no prefix, and then age alone decides, so that those who get an answer in time
 * stay. Established connections stay, whatever comes. Sources: DESIGN 3; Cormode and Muthukrishnan, "An improved data stream
 * summary: the count-min sketch", 2005.
 */
#include "engine/engine.h"

#define DRAWS 16u     /* at a time */
#define CLOSED_DRAWS 32u
#define CHILDREN_MOST 4u
#define DRAWS_MOST 64u
#define ENOUGH 4u     /* unassured among them */
#define EQUAL_SHIFT 6u /* a difference of less than 1/64 is none */

_Static_assert(SKETCH_WIDTH == 1u << 12, "two rows take 24 bits of a hash of 32");

/* Where a source prefix is counted, row by row. */
struct place {
	uint16_t column[SKETCH_ROWS];
};

static struct place place_of(const struct usher_worker *w, const uint8_t *source, uint16_t zone, bool ipv6)
{
	uint32_t word[2 * 3] = { 0 }, first, second;
	struct place place;

	memcpy(word, source, ipv6 ? 6 : 3);
	word[2] = zone | (ipv6 ? 0x10000u : 0);
	first = hash_words(&w->table.hash_key, word, 3);
	memcpy(word + 3, word, 3 * sizeof(word[0]));
	memset(word, 0, 3 * sizeof(word[0])); /* other words of the key */
	second = hash_words(&w->table.hash_key, word, 6);
	place.column[0] = (uint16_t)(first >> 20);
	place.column[1] = (uint16_t)(first >> 8 & (SKETCH_WIDTH - 1));
	place.column[2] = (uint16_t)(second >> 20);
	place.column[3] = (uint16_t)(second >> 8 & (SKETCH_WIDTH - 1));
	return place;
}

static uint32_t held_at(const struct sketch *s, const struct place *place)
{
	uint32_t least = s->cell[0][place->column[0]];
	unsigned row;

	for (row = 1; row < SKETCH_ROWS; row++)
		if (s->cell[row][place->column[row]] < least)
			least = s->cell[row][place->column[row]];
	return least;
}

static struct place record_place(const struct usher_worker *w, uint32_t record)
{
	struct conn *c = conn_at(&w->table, record);
	bool ipv6 = record & CONN_IPV6;

	return place_of(w, conn_address(c, ipv6), c->zone, ipv6);
}

static void change(struct usher_worker *w, uint32_t record, uint32_t by)
{
	struct place place = record_place(w, record);
	unsigned row;

	w->sketch.total[record >> 31] += by;
	for (row = 0; row < SKETCH_ROWS; row++)
		w->sketch.cell[row][place.column[row]] += by;
}

void usher__evict_watch(struct usher_worker *w, uint32_t record)
{
	change(w, record, 1);
}

void usher__evict_forget(struct usher_worker *w, uint32_t record)
{
	change(w, record, 0xffffffffu);
}

uint32_t usher__evict_held(const struct usher_worker *w, const uint8_t *source, uint16_t zone, bool ipv6)
{
	struct place place = place_of(w, source, zone, ipv6);

	return held_at(&w->sketch, &place);
}

static uint64_t next_random(struct usher_worker *w)
{
	uint64_t x = w->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return w->random = x;
}

/* Who may go. */
struct candidates {
	uint32_t dead, closing; /* one of each; 0: none */
	uint32_t n, drawn;
	uint32_t unassured[DRAWS_MOST];
};

static void look_at(struct usher_worker *w, uint32_t record, struct candidates *found)
{
	const struct conn *c = conn_at(&w->table, record);
	const struct conn_protocol *protocol = usher__conn_protocol(c->protocol);

	if (!(c->status & CONN_USED))
		return;
	if (conn_dead(w, c))
		found->dead = record;
	else if (!(c->status & CONN_ASSURED))
		found->unassured[found->n++] = record;
	else if (protocol->closing && protocol->closing(c))
		found->closing = record;
}

/* 16 records, asked for together before they are looked at; all of them where there are no more. */
static void draw(struct usher_worker *w, bool ipv6, struct candidates *found)
{
	uint32_t used = w->table.slab[ipv6]->fresh - 1, record[DRAWS], n, i;

	for (n = 0; n < DRAWS && n < used; n++) {
		uint32_t number = used > DRAWS ? (uint32_t)(next_random(w) % used) : n;

		record[n] = (number + 1) | (ipv6 ? CONN_IPV6 : 0);
		__builtin_prefetch(conn_lines(conn_at(&w->table, record[n]), ipv6));
		__builtin_prefetch(conn_at(&w->table, record[n]));
		__builtin_prefetch(conn_meta(&w->table, record[n]));
	}
	for (i = 0; i < n; i++)
		look_at(w, record[i], found);
	found->drawn += used > DRAWS ? n : DRAWS_MOST;
}

/* Of the unassured the oldest of those whose prefix holds most, and how much that is; 0: there is none. */
static uint32_t most_numerous(const struct usher_worker *w, const struct candidates *found, uint32_t margin, uint32_t *held)
{
	uint32_t share[DRAWS_MOST], most = 0, best = 0, i;

	for (i = 0; i < found->n; i++) {
		struct place place = record_place(w, found->unassured[i]);

		share[i] = held_at(&w->sketch, &place);
		most = share[i] > most ? share[i] : most;
	}
	for (i = 0; i < found->n; i++) {
		uint32_t record = found->unassured[i];

		if (share[i] + margin < most)
			continue;
		if (!best || conn_meta(&w->table, record)->id < conn_meta(&w->table, best)->id)
			best = record;
	}
	*held = most;
	return best;
}

bool usher__evict(struct usher_worker *w, const struct birth *b)
{
	bool ipv6 = b->key->ipv6;
	uint32_t unassured = w->sketch.total[ipv6], margin = (w->sketch.total[0] + w->sketch.total[1]) >> EQUAL_SHIFT;
	struct candidates found = { 0 };
	uint32_t record, held = 0;

	do {
		draw(w, ipv6, &found);
	} while (!found.dead && found.n < ENOUGH && found.n < unassured && found.drawn < DRAWS_MOST);
	if (found.dead) {
		usher__conn_bury(w, found.dead);
		return true;
	}
	record = most_numerous(w, &found, margin, &held);
	if (record && usher__evict_held(w, b->key->address, b->packet->zone, ipv6) > held + margin)
		record = 0;
	if (!record)
		record = found.closing;
	if (!record)
		return false;
	count(w, USHER_COUNTER_EVICTED);
	usher__conn_destroy(w, record, "evicted");
	return true;
}

/* Its last children, a few at most, have ended, too. */
static bool is_childless(const struct usher_worker *w, const struct extra *x)
{
	uint32_t child = x->child_first, i;

	for (i = 0; child && i < CHILDREN_MOST; i++) {
		if (!(conn_at(&w->table, extra_at(w, child)->record)->status & CONN_CLOSED))
			return false;
		child = extra_at(w, child)->child_next;
	}
	return !child;
}

bool usher__evict_closed(struct usher_worker *w, bool helped)
{
	const struct slab *s = helped ? w->helps : w->extras;
	uint32_t i;

	for (i = 0; i < CLOSED_DRAWS && s->fresh > 1; i++) {
		uint32_t number = (uint32_t)(next_random(w) % (s->fresh - 1)) + 1;
		uint32_t extra = helped ? help_at(w, number)->extra : number, record;
		const struct extra *x;
		const struct conn *c;

		if (!extra || (helped && extra_at(w, extra)->help != number))
			continue;
		x = extra_at(w, extra);
		record = x->record;
		if (!record || x->expect_count || !is_childless(w, x))
			continue;
		c = conn_at(&w->table, record);
		if (!(c->status & CONN_USED) || c->extra != extra)
			continue; /* left by somebody who is gone */
		if (conn_dead(w, c)) {
			usher__conn_bury(w, record);
			return true;
		}
		if (c->status & CONN_CLOSED) {
			count(w, USHER_COUNTER_EVICTED);
			usher__conn_destroy(w, record, "evicted");
			return true;
		}
	}
	return false;
}
