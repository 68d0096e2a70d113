/*
 * engine/help: what a helper asks for while it reads a record: judged, kept, and done (read.c calls the helper).
 *
 * Invariants: what a helper asks for while it reads a record waits in `pending` and takes effect, in order, when the record is done
 * and it returned 0; a refusal is told (announce, accepted false, with its code) and costs nothing else. Whether an address is the
 * announcer's own, whether there is room, and whether two masters expect the same is decided here, never in a helper.
 * Sources: DESIGN 6; RFC 2577 (reserved ports).
 */
#include "engine/engine.h"

/* ---- sides and addresses ---- */

/* The direction in which a side of the control connection sends. */
unsigned usher__help_direction(const struct usher_help *call, uint8_t side)
{
	return side ^ (call->x->flags & EXTRA_REVERSED ? 1u : 0u);
}

/* One end of one direction's tuple. */
struct usher_endpoint usher__help_endpoint(const struct usher_help *call, unsigned direction, unsigned dst)
{
	bool ipv6 = call->record & CONN_IPV6;
	uint32_t size = ipv6 ? 16 : 4, which = direction * 2 + dst;
	struct usher_endpoint e = { .family = ipv6 ? USHER_IPV6 : USHER_IPV4, .key = call->c->key[which] };

	memcpy(e.address, conn_address(call->c, ipv6) + which * size, size);
	return e;
}

/* A side's endpoint in its own view, and as the other side knows it. */
static struct usher_endpoint own_end(const struct usher_help *call, uint8_t side)
{
	return usher__help_endpoint(call, usher__help_direction(call, side), 0);
}

static struct usher_endpoint seen_end(const struct usher_help *call, uint8_t side)
{
	return usher__help_endpoint(call, usher__help_direction(call, side) ^ 1u, 1);
}

static bool same_address(const struct usher_endpoint *a, const struct usher_endpoint *b)
{
	return a->family == b->family && memcmp(a->address, b->address, 16) == 0;
}

/* ---- expect: judge now, do later ---- */

static struct expect *own_expectation(const struct usher_help *call, uint8_t class_id, uint32_t tag, uint32_t *number)
{
	for (*number = call->x->expect_first; *number; *number = expect_at(&call->w->expects, *number)->master_next) {
		struct expect *e = expect_at(&call->w->expects, *number);

		if (e->class_id == class_id && e->tag == tag)
			return e;
	}
	return NULL;
}

/* Outstanding expectations of one class; *oldest is the first of them. */
static uint32_t class_count(const struct usher_help *call, uint8_t class_id, uint32_t *oldest)
{
	uint32_t number, n = 0;

	*oldest = 0;
	for (number = call->x->expect_first; number; number = expect_at(&call->w->expects, number)->master_next) {
		if (expect_at(&call->w->expects, number)->class_id != class_id)
			continue;
		if (!n++)
			*oldest = number;
	}
	return n;
}

static uint32_t class_max(const struct usher_help *call, uint8_t class_id)
{
	uint16_t max = call->w->tracker->options.expect_max;

	return max ? max : call->helper->classes[class_id].max;
}

/* Cut where it is too long; `to` is zeroed. */
static void copy_name(char to[EXPECT_NAME], const char *from)
{
	size_t len = strlen(from);

	memcpy(to, from, len < EXPECT_NAME ? len : EXPECT_NAME - 1);
}

/* Does the other side know this side by another address? */
static bool is_renamed(const struct usher_help *call, uint8_t side)
{
	struct usher_endpoint own = own_end(call, side), seen = seen_end(call, side);

	return !same_address(&own, &seen);
}

/* Is this address the side's own, or the one that NAT has given it? */
static bool is_own(const struct usher_help *call, uint8_t side, const struct usher_endpoint *at)
{
	struct usher_endpoint own = own_end(call, side), seen = seen_end(call, side);

	return same_address(at, &own) || same_address(at, &seen);
}

/* What will match, and how it leaves: the packet that the peer will send. Names are not reserved yet. */
static void fill(const struct usher_help *call, const struct usher_expect *want, const struct usher_endpoint *listener,
		 struct expect *e)
{
	uint8_t side = want->side == USHER_BOTH ? USHER_CLIENT : want->side;
	struct usher_endpoint peer = own_end(call, (uint8_t)!side), peer_seen = seen_end(call, (uint8_t)!side);
	struct usher_endpoint own = own_end(call, side), seen = seen_end(call, side);
	const struct usher_class *class = &call->helper->classes[want->class_id];
	bool third = !is_own(call, side, listener);

	if (want->peer.family && !is_own(call, (uint8_t)!side, &want->peer))
		peer = peer_seen = want->peer;
	if (!(want->flags & USHER_EXPECT_ANY_PEER)) {
		memcpy(e->src, peer.address, 16);
		memcpy(e->out_src, peer_seen.address, 16);
	}
	memcpy(e->dst, third ? listener->address : seen.address, 16);
	memcpy(e->out_dst, third ? listener->address : own.address, 16);
	e->src_key = e->out_src_key = want->peer.key;
	e->dst_key = e->out_dst_key = listener->key;
	e->family = listener->family;
	e->protocol = want->protocol;
	e->type = want->protocol == USHER_GRE ? 1 : 0;
	e->zone = call->c->zone;
	own = own_end(call, USHER_CLIENT);
	e->source = usher__expect_source(&call->w->expects, e->zone, &own);
	e->both = want->side == USHER_BOTH;
	e->side = want->side;
	e->flags = want->flags;
	e->uses = want->uses;
	e->class_id = want->class_id;
	e->tag = want->tag;
	e->timeout_s = want->timeout_s ? want->timeout_s : class->timeout_s;
	memcpy(e->child_timeout_s, want->child_timeout_s, sizeof(e->child_timeout_s));
	e->helper = call->x->helper;
	e->child_helper = usher__helper_number(call->w->tracker, want->child_helper);
	copy_name(e->kind, want->kind);
}

/* The name under which the other side of `side` knows its endpoint with this key; -1: there is none left. */
static int32_t reserve(struct usher_help *call, const struct usher_map *map)
{
	struct usher_endpoint own = own_end(call, map->side), seen = seen_end(call, map->side);
	const struct nat_wish wish = {
		.owner = call->extra, .tag = map->tag, .zone = call->c->zone, .key = (uint16_t)map->at.key, .family = own.family,
		.protocol = map->protocol, .side = map->side, .count = map->count, .align = map->align, .inside = own.address,
		.public = seen.address,
	};
	uint32_t made = 0;
	int32_t key = call->made_count < ENGINE_PENDING ? usher__nat_reserve(call->w, &wish, &made) : -1;

	if (made)
		call->made[call->made_count++] = made;
	if (key < 0)
		count(call->w, USHER_COUNTER_NAT_EXHAUSTED);
	return key;
}

/* Mappings that this record made, after the first `kept`, go again. Those of one run are freed with its first: by its tag. */
static void unmake(struct usher_help *call, uint32_t kept)
{
	struct usher_worker *w = call->w;

	while (call->made_count > kept) {
		const struct mapping *m = mapping_at(&w->mappings, call->made[--call->made_count]);
		struct mapping_name name = { m->owner, m->tag, m->side, m->protocol, 0 };
		uint32_t number;

		for (; (number = usher__mapping_by_name(&w->mappings, &name)); name.part++)
			usher__nat_free(w, number);
	}
}

/* Names for the endpoints of an expectation, where NAT gives them others. false: there are none left. */
static bool name_ends(struct usher_help *call, const struct usher_expect *want, const struct usher_endpoint *listener,
		      struct expect *e)
{
	uint8_t side = want->side == USHER_BOTH ? USHER_CLIENT : want->side;
	struct usher_map map = { .side = side, .protocol = want->protocol, .tag = want->tag, .at = *listener };
	uint32_t kept = call->made_count;
	int32_t key;

	if (is_renamed(call, side) && is_own(call, side, listener)) {
		key = reserve(call, &map);
		if (key < 0)
			return false;
		e->dst_key = (uint32_t)key;
	}
	map.side = (uint8_t)!side;
	map.at = want->peer;
	if (!e->both || !is_renamed(call, map.side))
		return true;
	key = reserve(call, &map);
	if (key < 0)
		unmake(call, kept);
	e->out_src_key = (uint32_t)key;
	return key >= 0;
}

/*
 * Does another master expect the same as one side of this? Of those that are over already the expectation ends, which changes
 * nothing; they themselves may be masters of whoever is being read, and wait.
 */
static bool clashes(struct usher_help *call, const struct expect *e, unsigned side)
{
	struct usher_worker *w = call->w;
	uint32_t number;

	while ((number = usher__expect_same(&w->expects, e, side))) {
		const struct expect *other = expect_at(&w->expects, number);

		if (other->master_extra == call->extra)
			return false;
		if (other->deadline > w->now && usher__ref_get(w, &other->master))
			return true;
		usher__expect_end(w, number, "master_gone");
	}
	return false;
}

/* Is it of this announcement, or are all meant? */
static bool is_meant(const struct pending *p, uint8_t class_id, uint32_t tag)
{
	return !p || (p->class_id == class_id && (p->tag == USHER_ALL_TAGS || p->tag == tag));
}

/* Will this identity be there when all that was asked for so far has taken effect? */
static bool stands(const struct usher_help *call, uint8_t class_id, uint32_t tag)
{
	uint32_t i = call->count, number;

	while (i-- > 0) {
		const struct pending *p = &call->pending[i];

		if (p->kind == PENDING_DONE && p->for_good)
			return false;
		if (!is_meant(p, class_id, tag))
			continue;
		if (p->kind == PENDING_EXPECT || p->kind == PENDING_WITHDRAW)
			return p->kind == PENDING_EXPECT;
	}
	return own_expectation(call, class_id, tag, &number) != NULL;
}

/* How many more there will be by then: of all classes, of this one. */
static int32_t planned(const struct usher_help *call, int32_t *of_class, uint8_t class_id)
{
	int32_t all = 0;
	uint32_t i;

	*of_class = 0;
	for (i = 0; i < call->count; i++) {
		all += call->pending[i].adds;
		if (call->pending[i].class_id == class_id)
			*of_class += call->pending[i].adds;
	}
	return all;
}

static enum engine_refusal refused_address(const struct usher_help *call, const struct usher_endpoint *listener, bool own)
{
	const struct usher_tracker *t = call->w->tracker;

	if (listener->family != (call->record & CONN_IPV6 ? USHER_IPV6 : USHER_IPV4))
		return REFUSAL_FAMILY;
	if (own)
		return REFUSAL_NONE;
	if (!(t->flags & USHER_LOOSE))
		return REFUSAL_THIRD_PARTY;
	return t->workers > 1 ? REFUSAL_OTHER_WORKER : REFUSAL_NONE;
}

/* Do the expectations that are there, and `more`, fill what one client's address may have, or the table? */
static enum engine_refusal refused_full(const struct usher_worker *w, uint32_t source, int32_t more)
{
	if ((int64_t)expect_of_source(&w->expects, source) + more >= w->tracker->options.expect_per_source)
		return REFUSAL_SOURCE_FULL;
	return (int64_t)w->expects.slab->used + more >= w->expects.slab->count ? REFUSAL_TABLE_FULL : REFUSAL_NONE;
}

/* Is there room for one more? *adds: it does not take the place of another. */
static enum engine_refusal refused_room(const struct usher_help *call, const struct expect *e, int8_t *adds)
{
	struct usher_worker *w = call->w;
	uint32_t oldest;
	int32_t held, more = planned(call, &held, e->class_id);

	*adds = 0;
	held += (int32_t)class_count(call, e->class_id, &oldest);
	if (stands(call, e->class_id, e->tag) || held >= (int32_t)class_max(call, e->class_id))
		return REFUSAL_NONE;
	*adds = 1;
	if ((int32_t)call->x->expect_count + more >= w->tracker->options.expect_per_master)
		return REFUSAL_MASTER_FULL;
	if (refused_full(w, e->source, more) != REFUSAL_NONE)
		usher__expect_reap(w); /* what is over takes no room, whenever the sweep comes */
	return refused_full(w, e->source, more);
}

static enum engine_refusal judge(struct usher_help *call, const struct usher_expect *want,
				 const struct usher_endpoint *listener, struct expect *e)
{
	const struct usher_tracker *t = call->w->tracker;
	bool own = is_own(call, want->side == USHER_BOTH ? USHER_CLIENT : want->side, listener);
	uint32_t floor = t->options.reserved_below ? t->options.reserved_below : call->helper->classes[want->class_id].min_key;
	enum engine_refusal refusal;

	if (!listener->key && want->protocol != USHER_GRE)
		return REFUSAL_NO_PORT;
	refusal = refused_address(call, listener, own);
	if (refusal)
		return refusal;
	if (want->peer.family && want->peer.family != listener->family)
		return REFUSAL_FAMILY;
	if (listener->key < floor && want->protocol != USHER_GRE)
		return REFUSAL_RESERVED;
	if (want->flags & USHER_EXPECT_UNEARNED && t->flags & USHER_LIVE)
		return REFUSAL_NOT_EARNED;
	fill(call, want, listener, e);
	return REFUSAL_NONE;
}

/* The last that can be in the way: names, and others who expect the same. */
static enum engine_refusal settle(struct usher_help *call, const struct usher_expect *want, const struct usher_endpoint *listener,
				  struct expect *e)
{
	uint32_t kept = call->made_count;

	if (!name_ends(call, want, listener, e))
		return REFUSAL_NO_NAME;
	if (!clashes(call, e, 0) && !(e->both && clashes(call, e, 1)))
		return REFUSAL_NONE;
	unmake(call, kept);
	return REFUSAL_CLASH;
}

/* What the other side will read, where that differs from what was announced. */
static void tell_names(struct pending *p, const struct expect *e)
{
	struct usher_announcement *a = &p->announce;

	if (e->dst_key != e->out_dst_key || memcmp(e->dst, e->out_dst, 16) != 0) {
		a->listener_seen = (struct usher_endpoint){ .family = e->family, .key = e->dst_key };
		memcpy(a->listener_seen.address, e->dst, 16);
	}
	if (e->both && (e->src_key != e->out_src_key || memcmp(e->src, e->out_src, 16) != 0)) {
		a->peer_seen = (struct usher_endpoint){ .family = e->family, .key = e->out_src_key };
		memcpy(a->peer_seen.address, e->out_src, 16);
	}
}

/* `limit` is ENGINE_PENDING, or one more for what must not be lost. NULL: it is reached. */
static struct pending *pend(struct usher_help *call, enum pending_kind kind, uint32_t limit)
{
	struct pending *p;

	if (call->count >= limit)
		return NULL;
	p = &call->pending[call->count++];
	memset(p, 0, sizeof(*p));
	p->kind = (uint8_t)kind;
	return p;
}

static uint32_t count_named(const struct usher_class *classes)
{
	uint32_t n = 0;

	while (classes && classes[n].name)
		n++;
	return n;
}

/* Where the counters of the helper's codes begin; the engine's refusals follow. */
static uint32_t notes_of(const struct usher_help *call)
{
	return call->w->tracker->note_base[call->x->helper - 1];
}

static void fill_announcement(const struct usher_help *call, const struct usher_expect *want, struct pending *p)
{
	struct usher_endpoint own = own_end(call, want->side == USHER_BOTH ? USHER_CLIENT : want->side);

	p->class_id = want->class_id;
	p->tag = want->tag;
	p->announce.helper = call->helper->name;
	copy_name(p->said, want->kind);
	p->announce.kind = p->said;
	p->announce.protocol = want->protocol;
	p->announce.listener = want->listener;
	p->announce.peer = want->peer;
	p->announce.certain = !(call->c->status & CONN_PICKED_UP) && !(want->flags & USHER_EXPECT_UNEARNED);
	if (!want->listener.family) {
		own.key = want->listener.key;
		p->announce.listener = own;
	}
	if (want->code) {
		p->announce.code = call->helper->notes[want->code - 1].name;
		p->announce.text = call->helper->notes[want->code - 1].text;
		p->note = notes_of(call) + want->code - 1;
	}
}

static void refuse(const struct usher_help *call, struct pending *p, enum engine_refusal refusal)
{
	p->kind = PENDING_ANNOUNCE;
	p->adds = 0;
	p->announce.code = usher__refusal_names[refusal];
	p->announce.text = usher__refusal_texts[refusal];
	p->note = notes_of(call) + code_count(call->helper) + refusal;
}

/* A mistake of the helper's: what is not there, a key that no packet has (of GRE only call ids are announced), a peer 0.0.0.0. */
static bool is_bad(const struct usher_help *call, const struct usher_expect *want)
{
	static const uint8_t any[16];

	if (want->class_id >= count_named(call->helper->classes) || !want->kind || want->side > USHER_BOTH)
		return true;
	if (want->listener.key > 0xffff || want->peer.key > 0xffff || want->tag == USHER_ALL_TAGS)
		return true;
	if (want->peer.family && memcmp(want->peer.address, any, sizeof(any)) == 0)
		return true;
	return want->code > code_count(call->helper);
}

static int op_expect(struct usher_help *call, const struct usher_expect *want)
{
	enum engine_refusal refusal;
	struct expect expect = { 0 };
	struct pending *p;
	int8_t adds = 0;

	if (is_bad(call, want))
		return USHER_BAD_CALL;
	p = pend(call, PENDING_ANNOUNCE, ENGINE_PENDING + 1);
	if (!p)
		return USHER_FULL;
	fill_announcement(call, want, p);
	if (want->code)
		return USHER_REFUSED;
	refusal = call->count > ENGINE_PENDING ? REFUSAL_TOO_MANY : judge(call, want, &p->announce.listener, &expect);
	if (refusal == REFUSAL_NONE)
		refusal = refused_room(call, &expect, &adds);
	if (refusal == REFUSAL_NONE)
		refusal = settle(call, want, &p->announce.listener, &expect);
	if (refusal == REFUSAL_NONE) {
		p->kind = PENDING_EXPECT;
		p->adds = adds;
		p->expect = expect;
		tell_names(p, &expect);
		return USHER_OK;
	}
	refuse(call, p, refusal);
	return refusal == REFUSAL_MASTER_FULL || refusal == REFUSAL_SOURCE_FULL || refusal == REFUSAL_TABLE_FULL ||
			       refusal == REFUSAL_TOO_MANY || refusal == REFUSAL_NO_NAME ? USHER_FULL : USHER_REFUSED;
}

static void link_last(struct usher_help *call, uint32_t number)
{
	struct expect *e = expect_at(&call->w->expects, number);

	e->master_prev = call->x->expect_last;
	if (e->master_prev)
		expect_at(&call->w->expects, e->master_prev)->master_next = number;
	else
		call->x->expect_first = number;
	call->x->expect_last = number;
	call->x->expect_count++;
}

static bool same_tuple(const struct expect *a, const struct expect *b)
{
	return a->protocol == b->protocol && a->both == b->both && a->src_key == b->src_key &&
	       a->dst_key == b->dst_key && a->out_src_key == b->out_src_key && a->out_dst_key == b->out_dst_key &&
	       memcmp(a->src, b->src, 16) == 0 && memcmp(a->dst, b->dst, 16) == 0 &&
	       memcmp(a->out_src, b->out_src, 16) == 0 && memcmp(a->out_dst, b->out_dst, 16) == 0;
}

static void tell_announcement(struct usher_help *call, const struct pending *p)
{
	if (!p->announce.accepted)
		call->w->notes[p->note]++;
	usher__event_announce(call->w, call->record, &p->announce);
}

/* Room for this one: what had its tag or says the same goes, and the oldest beyond the class's maximum. */
static void make_room(struct usher_help *call, const struct expect *e)
{
	struct usher_worker *w = call->w;
	unsigned side;
	uint32_t number;

	if (own_expectation(call, e->class_id, e->tag, &number))
		usher__expect_forget(w, number, "replaced"); /* the names of its tag are the new one's */
	for (side = 0; side < (e->both ? 2u : 1u); side++)
		while ((number = usher__expect_same(&w->expects, e, side)))
			usher__expect_end(w, number, "replaced"); /* another master's would have been a clash */
	while (class_count(call, e->class_id, &number) >= class_max(call, e->class_id))
		usher__expect_end(w, number, "replaced");
}

/*
 * A call's packets that came before it was announced made entries by direction. They end: the next packet is the call's.
 */
static void clear_way(struct usher_worker *w, uint32_t number)
{
	const struct expect *e = expect_at(&w->expects, number);
	struct usher_endpoint end[2][2] = { { { 0 } } };
	struct conn_found found;
	unsigned side;

	memcpy(end[0][0].address, e->src, 16);
	memcpy(end[0][1].address, e->dst, 16);
	memcpy(end[1][0].address, e->out_dst, 16);
	memcpy(end[1][1].address, e->out_src, 16);
	end[0][1].key = e->dst_key;
	end[1][1].key = e->out_src_key;
	for (side = 0; side < 2; side++) {
		struct usher_tuple t = { .zone = e->zone,
			.protocol = e->protocol,
			.type = e->type,
			.src = end[side][0],
			.dst = end[side][1] };

		t.src.family = t.dst.family = e->family;
		found = usher__conn_find(w, &t);
		if (found.c && found.c->status & CONN_ONE_WAY)
			usher__conn_destroy(w, found.record, "replaced");
	}
}

/* A new expectation takes effect: what it replaces goes, then it is made. */
static void commit_expect(struct usher_help *call, struct pending *p)
{
	struct usher_worker *w = call->w;
	uint32_t number;
	int8_t adds;
	struct expect *e = own_expectation(call, p->expect.class_id, p->expect.tag, &number);
	enum engine_refusal refusal = refused_room(call, &p->expect, &adds); /* what it was judged by may have come otherwise */

	if (refusal != REFUSAL_NONE) {
		refuse(call, p, refusal);
		tell_announcement(call, p);
		return;
	}
	p->announce.accepted = true;
	tell_announcement(call, p);
	if (e && same_tuple(e, &p->expect)) {
		e->timeout_s = p->expect.timeout_s;
		e->deadline = deadline_after(w, e->timeout_s);
		usher__event_expect_refreshed(w, number);
		return;
	}
	make_room(call, &p->expect);
	number = usher__expect_take(&w->expects);
	e = expect_at(&w->expects, number);
	p->expect.generation = e->generation;
	*e = p->expect;
	e->id = ++w->expect_ids * w->tracker->workers + w->number - (w->tracker->workers - 1);
	e->deadline = deadline_after(w, e->timeout_s);
	e->master = usher__ref_of(w, call->record);
	e->master_extra = call->extra;
	e->master_id = conn_meta(&w->table, call->record)->id;
	usher__expect_publish(&w->expects, number);
	if (e->deadline < w->expects.earliest)
		w->expects.earliest = e->deadline;
	link_last(call, number);
	if (e->both)
		clear_way(w, number);
	count(w, USHER_COUNTER_EXPECTATIONS);
	usher__event_expect(w, USHER_EVENT_EXPECT_NEW, number, 0, NULL);
}

/* ---- the other requests ---- */

static int op_map(struct usher_help *call, const struct usher_map *map, struct usher_endpoint *seen)
{
	struct usher_map own = *map;
	uint32_t kept = call->made_count;
	int32_t key;

	if (map->side > USHER_SERVER || map->at.key > 0xffff || map->tag == USHER_ALL_TAGS)
		return USHER_BAD_CALL;
	if (!map->at.family) {
		own.at = own_end(call, map->side);
		own.at.key = map->at.key;
	}
	*seen = own.at;
	if (!is_own(call, map->side, &own.at) || !is_renamed(call, map->side))
		return USHER_OK; /* everyone knows it by its own name */
	key = reserve(call, &own);
	if (key < 0)
		return USHER_FULL;
	if (map->flags & USHER_MAP_KEEP_KEY && (uint32_t)key != map->at.key) {
		unmake(call, kept);
		return USHER_REFUSED;
	}
	*seen = seen_end(call, map->side);
	seen->key = (uint32_t)key;
	return USHER_OK;
}

static int op_refresh(struct usher_help *call, uint8_t class_id, uint32_t tag)
{
	struct pending *p = pend(call, PENDING_REFRESH, ENGINE_PENDING);

	if (!p)
		return USHER_FULL;
	p->class_id = class_id;
	p->tag = tag;
	return USHER_OK;
}

/* To open less than was asked for is no harm, to leave open what was withdrawn is: one withdrawal too many withdraws all. */
static void op_withdraw(struct usher_help *call, uint8_t class_id, uint32_t tag, bool children)
{
	int8_t adds = stands(call, class_id, tag) ? -1 : 0;
	struct pending *p = pend(call, PENDING_WITHDRAW, ENGINE_PENDING);

	if (!p) {
		call->all = true;
		call->all_children |= children;
		return;
	}
	p->adds = adds;
	p->class_id = class_id;
	p->tag = tag;
	p->children = children;
}

static int op_edit(struct usher_help *call, uint32_t at, uint32_t len, const void *text, uint32_t text_len)
{
	if (call->w->tracker->flags & USHER_NAT_CAPTURE)
		return USHER_OK;
	return call->reading ? usher__stream_edit(call->reading, at, len, text, text_len) : USHER_REFUSED;
}

static void op_note(struct usher_help *call, uint16_t code, const void *text, uint32_t len)
{
	if (!code || code > code_count(call->helper))
		return;
	call->w->notes[notes_of(call) + code - 1]++;
	usher__event_note(call, code, &(struct note_about){ .text = text, .text_len = len });
}

static void op_report(struct usher_help *call, uint16_t code, const struct usher_field *fields, uint32_t field_count)
{
	if (!code || code > code_count(call->helper))
		return;
	call->w->notes[notes_of(call) + code - 1]++;
	usher__event_note(call, code, &(struct note_about){ .fields = fields, .field_count = field_count });
}

static void op_done(struct usher_help *call, bool for_good)
{
	struct pending *p;

	if (call->count > ENGINE_PENDING) /* more important than what is there */
		call->count = ENGINE_PENDING;
	p = pend(call, PENDING_DONE, ENGINE_PENDING + 1);
	p->for_good = for_good;
}

static uint32_t op_items(struct usher_help *call)
{
	uint32_t items = call->w->tracker->options.items;

	return items ? items : call->helper->item_default;
}

static uint32_t op_option(struct usher_help *call, uint8_t option)
{
	return option == USHER_HELP_LIVE && call->w->tracker->flags & USHER_LIVE;
}

const struct usher_help_ops usher__help_ops = {
	.size = sizeof(struct usher_help_ops),
	.map = op_map,
	.expect = op_expect,
	.refresh = op_refresh,
	.withdraw = op_withdraw,
	.edit = op_edit,
	.note = op_note,
	.done = op_done,
	.items = op_items,
	.option = op_option,
	.report = op_report,
};

/* The children that an announcement let in (`p` NULL: all). `end`: they end; else their time begins again. */
static void commit_children(struct usher_help *call, const struct pending *p, bool end)
{
	uint32_t number = call->x->child_first;

	while (number) {
		struct extra *child = extra_at(call->w, number);

		number = child->child_next;
		if (!is_meant(p, child->class_id, child->tag))
			continue;
		if (end)
			usher__conn_destroy(call->w, child->record, "master_gone");
		else
			usher__conn_touch(call->w, child->record);
	}
}

/* The expectations of an announcement (`p` NULL: all). `end`: they end; else their time begins again. */
static void commit_expectations(struct usher_help *call, const struct pending *p, bool end)
{
	uint32_t number = call->x->expect_first;

	while (number) {
		struct expect *e = expect_at(&call->w->expects, number);
		uint32_t next = e->master_next;

		if (is_meant(p, e->class_id, e->tag) && end)
			usher__expect_end(call->w, number, "withdrawn");
		else if (is_meant(p, e->class_id, e->tag))
			e->deadline = deadline_after(call->w, e->timeout_s);
		number = next;
	}
}

static void commit_one(struct usher_help *call, struct pending *p)
{
	switch ((enum pending_kind)p->kind) {
	case PENDING_EXPECT:
		commit_expect(call, p);
		break;
	case PENDING_ANNOUNCE:
		tell_announcement(call, p);
		break;
	case PENDING_REFRESH:
		commit_expectations(call, p, false);
		commit_children(call, p, false);
		break;
	case PENDING_WITHDRAW:
		commit_expectations(call, p, true);
		if (mapping_any(&call->w->mappings))
			usher__nat_withdraw(call->w, call->extra, p->tag);
		if (p->children)
			commit_children(call, p, true);
		break;
	case PENDING_DONE:
		if (p->for_good) {
			commit_expectations(call, NULL, true);
			usher__nat_withdraw(call->w, call->extra, USHER_ALL_TAGS);
		}
		call->stop = true;
		break;
	}
}

void usher__help_abandon(struct usher_help *call)
{
	unmake(call, 0);
	call->count = 0;
}

void usher__help_commit(struct usher_help *call)
{
	uint32_t n = call->count, i;

	call->count = 0; /* nothing is planned any more */
	for (i = 0; i < n; i++)
		commit_one(call, &call->pending[i]);
	if (call->all) {
		commit_expectations(call, NULL, true);
		usher__nat_withdraw(call->w, call->extra, USHER_ALL_TAGS);
	}
	if (call->all_children)
		commit_children(call, NULL, true);
}
