/*
 * engine/life: the birth and the end of connections and expectations, and the sweep that finds the dead.
 *
 * States of a connection's record: free -> taken (generation odd, nobody sees it) -> published (in the index, event conn_new) ->
 * removed (out of the index) -> free. What can go wrong: no record (somebody is evicted, or the newcomer refused), no extra (it
 * goes on without helper or master), a begin that the protocol or the policy refuses (nothing was touched). Sources: DESIGN 3, 4.
 */
#include "engine/engine.h"

/* ---- end ---- */

void usher__expect_forget(struct usher_worker *w, uint32_t number, const char *reason)
{
	struct expect *e = expect_at(&w->expects, number);
	struct extra *x = extra_at(w, e->master_extra);
	usher_time before = w->moment;

	if (e->deadline <= (before ? before : w->now)) {
		w->moment = e->deadline;
		reason = "timeout";
	}
	usher__event_expect(w, USHER_EVENT_EXPECT_GONE, number, 0, reason);
	w->moment = before;
	if (e->master_prev)
		expect_at(&w->expects, e->master_prev)->master_next = e->master_next;
	else
		x->expect_first = e->master_next;
	if (e->master_next)
		expect_at(&w->expects, e->master_next)->master_prev = e->master_prev;
	else
		x->expect_last = e->master_prev;
	x->expect_count--;
	usher__expect_remove(&w->expects, number);
}

void usher__expect_end(struct usher_worker *w, uint32_t number, const char *reason)
{
	const struct expect *e = expect_at(&w->expects, number);

	if (mapping_any(&w->mappings))
		usher__nat_withdraw(w, e->master_extra, e->tag);
	usher__expect_forget(w, number, reason);
}

void usher__expect_reap(struct usher_worker *w)
{
	uint32_t number, limit = w->expects.slab->fresh;
	usher_time earliest = UINT64_MAX;

	if (w->now < w->expects.earliest)
		return;
	for (number = 1; number < limit; number++) {
		const struct expect *e = expect_at(&w->expects, number);

		if (!e->in_use)
			continue;
		if (e->deadline <= w->now)
			usher__expect_end(w, number, "timeout");
		else if (e->deadline < earliest)
			earliest = e->deadline;
	}
	w->expects.earliest = earliest;
}

void usher__help_end(struct usher_worker *w, struct extra *x, struct conn *c)
{
	struct help *h;

	c->status &= (uint16_t)~CONN_HELPED;
	x->flags &= (uint8_t)~EXTRA_READING;
	if (!x->help)
		return;
	h = help_at(w, x->help);
	usher__timer_set(w, x->help, STREAM_NEVER);
	usher__stream_close(&h->stream, w->chunks);
	slab_give(w->helps, x->help);
	x->help = 0;
}

static void child_unlink(struct usher_worker *w, struct extra *x)
{
	struct extra *master;

	if (!x->master_extra)
		return;
	master = extra_at(w, x->master_extra);
	if (x->child_prev)
		extra_at(w, x->child_prev)->child_next = x->child_next;
	else
		master->child_first = x->child_next;
	if (x->child_next)
		extra_at(w, x->child_next)->child_prev = x->child_prev;
	x->master_extra = 0;
}

/* What it announced and what came of it, for `reason`. Children that stay only lose their master. */
static void family_end(struct usher_worker *w, struct extra *x, const char *reason)
{
	while (x->expect_first)
		usher__expect_end(w, x->expect_first, reason);
	while (x->child_first) {
		struct extra *child = extra_at(w, x->child_first);

		child_unlink(w, child);
		if (!(child->flags & EXTRA_STAYS))
			usher__conn_destroy(w, child->record, reason);
	}
}

void usher__family_close(struct usher_worker *w, struct extra *x)
{
	uint32_t number = x->expect_first, next;

	for (; number; number = next) {
		next = expect_at(&w->expects, number)->master_next;
		if (!(expect_at(&w->expects, number)->flags & USHER_EXPECT_CHILD_STAYS))
			usher__expect_end(w, number, "master_gone");
	}
	for (number = x->child_first; number; number = next) {
		next = extra_at(w, number)->child_next;
		if (!(extra_at(w, number)->flags & EXTRA_STAYS))
			usher__conn_destroy(w, extra_at(w, number)->record, "master_gone");
	}
}

void usher__conn_destroy(struct usher_worker *w, uint32_t record, const char *reason)
{
	struct conn *c = conn_at(&w->table, record);
	const struct conn_protocol *protocol = usher__conn_protocol(c->protocol);
	usher_time before = w->moment;
	uint32_t extra = c->extra;
	bool all;

	usher__conn_remove(&w->table, record);
	if (!(c->status & CONN_ASSURED))
		usher__evict_forget(w, record);
	if (c->deadline <= (before ? before : w->now)) {
		w->moment = c->deadline;
		reason = protocol->closing && protocol->closing(c) ? "closed" : "timeout";
		count(w, USHER_COUNTER_EXPIRED);
	}
	if (c->status & (CONN_NAT_KEY | CONN_NAT_SRC_MAPPED | CONN_NAT_DST_MAPPED))
		usher__nat_release(w, c, record & CONN_IPV6);
	all = !strcmp(reason, "flushed") || !strcmp(reason, "end");
	if (extra)
		family_end(w, extra_at(w, extra), all ? reason : "master_gone");
	count(w, USHER_COUNTER_ENDED);
	usher__event_conn(w, USHER_EVENT_CONN_DESTROY, record, reason);
	w->moment = before;
	if (extra) {
		bool kept = usher__help_child(w, extra, EXTRA_TELL_GONE);

		usher__help_end(w, extra_at(w, extra), c);
		child_unlink(w, extra_at(w, extra));
		usher__nat_withdraw(w, extra, USHER_ALL_TAGS);
		if (!kept)
			slab_give(w->extras, extra);
	}
	usher__conn_give(&w->table, record);
}

/* The master without which it is not; NULL: none. */
static const struct conn *needed_master(const struct usher_worker *w, const struct conn *c)
{
	const struct extra *x = extra_of(w, c);

	if (!(c->status & CONN_RELATED) || !x->master_extra || x->flags & EXTRA_STAYS)
		return NULL;
	return conn_at(&w->table, extra_at(w, x->master_extra)->record);
}

bool usher__conn_orphan(const struct usher_worker *w, const struct conn *c)
{
	const struct conn *master = needed_master(w, c);

	return master && conn_dead(w, master);
}

void usher__conn_bury(struct usher_worker *w, uint32_t record)
{
	const struct conn *c = conn_at(&w->table, record), *master;

	while ((master = needed_master(w, c)) && conn_dead(w, master)) {
		record = extra_at(w, extra_of(w, c)->master_extra)->record;
		c = master;
	}
	usher__conn_destroy(w, record, "timeout");
}

void usher__conn_touch(struct usher_worker *w, uint32_t record)
{
	struct conn *c = conn_at(&w->table, record);
	usher_time timeout = own_timeout(w, c);

	if (!timeout && c->timeout)
		timeout = w->tracker->config.timeout[c->timeout - 1];
	if (timeout && !(c->status & CONN_FIXED_TIMEOUT) && !conn_dead(w, c))
		conn_refresh(w, record, c, w->now + timeout);
}

uint8_t usher__timeout_number(const struct usher_worker *w, usher_time timeout)
{
	uint8_t i;

	for (i = 0; i < CONN_TIMEOUT_COUNT; i++)
		if (w->tracker->config.timeout[i] == timeout)
			return (uint8_t)(i + 1);
	return 0;
}

/* ---- the sweep ---- */

static void sweep_conn(struct usher_worker *w, uint32_t record)
{
	struct conn *c = conn_at(&w->table, record);

	if (conn_dead(w, c))
		usher__conn_bury(w, record);
	else
		*conn_due(&w->table, record) = due_tick(c->deadline, w->now);
}

static uint32_t sweep_conns(struct usher_worker *w, uint32_t budget)
{
	uint32_t limit = w->table.slab[w->sweep_part]->fresh - 1, family = w->sweep_part ? CONN_IPV6 : 0;

	for (; budget && w->sweep_at < limit; budget--) {
		uint16_t due = w->table.due[w->sweep_part][w->sweep_at++];

		if (due && (w->sweep_all || due_now(due, w->now)))
			sweep_conn(w, w->sweep_at | family);
	}
	return budget;
}

static uint32_t sweep_expects(struct usher_worker *w, uint32_t budget)
{
	uint32_t limit = w->expects.slab->fresh - 1;

	for (; budget && w->sweep_at < limit; budget--) {
		const struct expect *e = expect_at(&w->expects, ++w->sweep_at);

		if (e->in_use && e->deadline <= w->now)
			usher__expect_end(w, w->sweep_at, "timeout");
	}
	return budget;
}

static uint32_t sweep_mappings(struct usher_worker *w, uint32_t budget)
{
	uint32_t number;

	while ((number = usher__mapping_sweep(&w->mappings, &w->sweep_at, &budget, w->now)))
		usher__mapping_remove(&w->mappings, number);
	return budget;
}

void usher__sweep(struct usher_worker *w, uint32_t budget)
{
	static uint32_t (*const parts[SWEEP_DONE])(struct usher_worker *, uint32_t) = {
		sweep_conns, sweep_conns, sweep_expects, sweep_mappings
	};
	uint64_t tick = w->now >> DUE_SHIFT;

	if (w->sweep_part == SWEEP_DONE) {
		if (tick == w->sweep_tick)
			return;
		w->sweep_all = tick - w->sweep_tick > 0x4000; /* longer than the 16 bits can tell */
		w->sweep_tick = tick;
		w->sweep_part = 0;
		w->sweep_at = 0;
	}
	while (budget && w->sweep_part < SWEEP_DONE) {
		budget = parts[w->sweep_part](w, budget);
		if (budget) {
			w->sweep_part++;
			w->sweep_at = 0;
		}
	}
}

/* ---- birth ---- */

/* By whose word a newcomer comes in. */
struct admission {
	uint32_t expect;  /* 0: the policy's */
	uint32_t mapping; /* ... and that of a name that NAT lent out */
	bool inverse;
	struct usher_endpoint inside; /* of the mapping */
	struct usher_decision decision;
	struct binding binding;
};

/* The expectation that this packet matches and that still holds; dead ones met on the way end. */
static uint32_t find_expectation(struct usher_worker *w, const struct birth *b, bool *inverse)
{
	bool wide = b->p->flags & PKT_WIDE_KEY;
	uint32_t key = (uint32_t)b->p->key[0] << 16 | b->p->key[1], number;
	struct expect_key k = {
		.src = b->data + PKT_SRC_OFFSET(b->p->family),
		.dst = b->data + PKT_DST_OFFSET(b->p->family),
		.src_key = wide ? key : b->p->key[0],
		.dst_key = wide ? key : b->p->key[1],
		.zone = b->packet->zone,
		.family = b->p->family,
		.protocol = b->p->protocol,
		.type = b->p->type,
		.one_way = b->p->flags & PKT_ONE_WAY,
	};

	while ((number = usher__expect_lookup(&w->expects, &k, inverse))) {
		const struct expect *e = expect_at(&w->expects, number);

		if (e->deadline <= w->now)
			usher__expect_end(w, number, "timeout");
		else if (!usher__ref_get(w, &e->master))
			usher__conn_bury(w, e->master.record); /* not swept yet: ends with all it announced */
		else
			return number;
	}
	return 0;
}

static bool ask_policy(struct usher_worker *w, const struct birth *b, bool picked_up, struct admission *a)
{
	const struct usher_options *o = &w->tracker->options;
	struct usher_new new = { .interface = b->packet->interface, .time = w->now, .picked_up = picked_up,
				 .mapped = a->mapping != 0, .inside = a->inside };
	bool ipv6 = b->p->family == USHER_IPV6;
	uint32_t size = ipv6 ? 16 : 4;

	new.orig.zone = b->packet->zone;
	new.orig.protocol = b->p->protocol;
	new.orig.type = b->p->type;
	new.orig.src.family = new.orig.dst.family = b->p->family;
	new.orig.src.key = b->p->key[0];
	new.orig.dst.key = b->p->key[1];
	memcpy(new.orig.src.address, b->data + PKT_SRC_OFFSET(b->p->family), size);
	memcpy(new.orig.dst.address, b->data + PKT_DST_OFFSET(b->p->family), size);
	if (o->policy)
		o->policy(o->policy_user, &new, &a->decision);
	else
		usher__policy(w, &new, &a->decision);
	return !a->decision.drop;
}

/* What the expectation says of its child; what it does not say is as with its master. */
static void claim(struct usher_worker *w, uint32_t record, uint32_t expect)
{
	struct conn *c = conn_at(&w->table, record);
	struct expect *e = expect_at(&w->expects, expect);
	struct extra *x = extra_of(w, c), *master = extra_at(w, e->master_extra);

	c->status |= CONN_RELATED;
	c->mark = conn_at(&w->table, master->record)->mark;
	x->master = e->master;
	x->master_extra = e->master_extra;
	x->master_id = e->master_id;
	x->expect_id = e->id;
	x->tag = e->tag;
	x->announcer = e->helper;
	x->class_id = e->class_id;
	x->depth = (uint8_t)(master->depth + 1);
	if (e->flags & USHER_EXPECT_CHILD_STAYS)
		x->flags |= EXTRA_STAYS;
	if (e->flags & USHER_EXPECT_CHILD_KEEPS)
		x->flags |= EXTRA_KEEPS;
	if (e->child_timeout_s[0] || e->child_timeout_s[1]) {
		x->timeout_s[0] = e->child_timeout_s[0];
		x->timeout_s[1] = e->child_timeout_s[1];
		c->status |= CONN_OWN_TIMEOUT;
	}
	if (e->both) /* both keys are known, whichever the wire carries */
		c->status &= (uint16_t)~CONN_ONE_WAY;
	x->child_next = master->child_first;
	if (master->child_first)
		extra_at(w, master->child_first)->child_prev = c->extra;
	master->child_first = c->extra;
	if (e->child_helper && x->depth < ENGINE_DEPTH)
		usher__help_attach(w, record, e->child_helper, false);
}

/* The expectation has done its work. */
static void hit(struct usher_worker *w, uint32_t record, uint32_t expect)
{
	struct expect *e = expect_at(&w->expects, expect);

	count(w, USHER_COUNTER_EXPECT_HITS);
	count(w, USHER_COUNTER_RELATED);
	usher__event_expect(w, USHER_EVENT_EXPECT_HIT, expect, record, NULL);
	if (e->uses && --e->uses == 0)
		usher__expect_end(w, expect, "used"); /* the child goes by its names now */
	(void)usher__help_child(w, conn_at(&w->table, record)->extra, EXTRA_TELL_NEW);
}

/* A zeroed extra for this connection; false: none left. */
static bool give_extra(struct usher_worker *w, uint32_t record)
{
	uint32_t number = slab_take(w->extras);
	struct extra *x;

	if (!number && usher__evict_closed(w, false))
		number = slab_take(w->extras);
	if (!number) {
		count(w, USHER_COUNTER_HELP_FULL);
		return false;
	}
	x = extra_at(w, number);
	memset(x, 0, sizeof(*x));
	x->record = record;
	conn_at(&w->table, record)->extra = number;
	return true;
}

/* A record made of `seed`, nobody sees it yet; 0: no room. */
static uint32_t make(struct usher_worker *w, const struct birth *b, const struct conn *seed, usher_time timeout)
{
	uint32_t record = usher__conn_take(&w->table, b->key);
	struct conn *c;
	struct conn_meta *meta;

	if (!record && usher__evict(w, b))
		record = usher__conn_take(&w->table, b->key);
	if (!record)
		return 0;
	c = conn_at(&w->table, record);
	c->status = seed->status;
	c->state = seed->state;
	c->u = seed->u;
	c->timeout = usher__timeout_number(w, timeout);
	c->deadline = w->now + timeout;
	meta = conn_meta(&w->table, record);
	meta->id = ++w->conn_ids * w->tracker->workers + w->number - (w->tracker->workers - 1);
	meta->start = w->now;
	return record;
}

static void abandon(struct usher_worker *w, uint32_t record)
{
	struct conn *c = conn_at(&w->table, record);
	struct extra *x = extra_of(w, c);

	usher__nat_release(w, c, record & CONN_IPV6);
	if (x) {
		usher__help_end(w, x, c);
		child_unlink(w, x);
		slab_give(w->extras, c->extra);
	}
	usher__conn_give(&w->table, record);
}

/*
 * A call that is known by both its keys takes the place of what has the key of its answers already: that direction's packets, had
 * they come before it was announced, or a call that both ends have forgotten.
 */
static void make_way(struct usher_worker *w, struct conn *c, bool ipv6)
{
	struct conn_found found;
	struct conn_key k;

	usher__conn_call_key(&w->table, &k, c, ipv6);
	found = usher__conn_lookup(&w->table, &k);
	if (found.c)
		usher__conn_destroy(w, found.record, "replaced");
}

/* Into the index, and told. */
static bool publish(struct usher_worker *w, uint32_t record, uint32_t expect)
{
	struct conn *c = conn_at(&w->table, record);
	/* what the wire carries of a call differs by direction, unless both keys are 0 */
	bool call = c->protocol == USHER_GRE && c->type == 1 && !(c->status & CONN_ONE_WAY) && (c->key[0] || c->key[1]);
	bool two = call || c->status & (CONN_NAT_SRC | CONN_NAT_DST);

	if (call)
		make_way(w, c, record & CONN_IPV6);
	if (!usher__conn_publish(&w->table, record, two)) {
		abandon(w, record);
		return false;
	}
	if (own_timeout(w, c))
		c->deadline = w->now + own_timeout(w, c);
	*conn_due(&w->table, record) = due_tick(c->deadline, w->now);
	if (!(c->status & CONN_ASSURED))
		usher__evict_watch(w, record);
	count(w, USHER_COUNTER_CONNECTIONS);
	if (c->status & CONN_PICKED_UP)
		count(w, USHER_COUNTER_PICKED_UP);
	if (c->status & (CONN_NAT_SRC | CONN_NAT_DST))
		count(w, USHER_COUNTER_TRANSLATED);
	usher__event_conn(w, USHER_EVENT_CONN_NEW, record, NULL);
	if (expect)
		hit(w, record, expect);
	if (c->status & CONN_HELPED)
		usher__help_opened(w, record);
	return true;
}

/* The reply is the inverse of how it leaves. */
static void apply_binding(struct conn *c, bool ipv6, const struct binding *bind)
{
	uint32_t size = ipv6 ? 16 : 4;
	uint8_t *address = conn_address(c, ipv6);

	if (!conn_wide(conn_ztp(0, c->protocol, c->type))) {
		c->key[0] = bind->own_key[0];
		c->key[1] = bind->own_key[1];
		c->key[2] = bind->dst_key;
		c->key[3] = bind->src_key;
	}
	memcpy(address + 2 * size, bind->dst, size);
	memcpy(address + 3 * size, bind->src, size);
	c->status |= bind->status;
}

/*
 * The record for a newcomer, with its master or helper, nobody sees it yet; 0: no room. A child for whom there is no extra has no
 * place; one that was to have a helper goes on without.
 */
static uint32_t furnish(struct usher_worker *w, const struct birth *b, const struct conn *seed, usher_time timeout,
			struct admission *a)
{
	const struct expect *e = a->expect ? expect_at(&w->expects, a->expect) : NULL;
	uint64_t id = e ? e->id : 0;
	uint8_t helper = usher__helper_number(w->tracker, a->decision.helper);
	uint32_t record = make(w, b, seed, timeout);

	if (!record) {
		usher__nat_unbind(w, &a->binding);
		return 0;
	}
	conn_at(&w->table, record)->mark = a->decision.mark;
	apply_binding(conn_at(&w->table, record), record & CONN_IPV6, &a->binding);
	if (e && (!e->in_use || e->id != id || !give_extra(w, record))) { /* its master made room, perhaps */
		abandon(w, record);
		return 0;
	}
	if (e)
		claim(w, record, a->expect);
	else if (helper && give_extra(w, record))
		usher__help_attach(w, record, helper, a->decision.reversed);
	return record;
}

/* An expectation lets it in, or a name that NAT lent out and the policy, or the policy alone; and how it is translated. */
static uint8_t admit(struct usher_worker *w, const struct birth *b, bool picked_up, struct admission *a)
{
	uint8_t reason;

	if (expect_any(&w->expects))
		a->expect = find_expectation(w, b, &a->inverse);
	if (a->expect)
		return usher__nat_bind_expected(w, b, expect_at(&w->expects, a->expect), a->inverse, &a->binding);
	if (mapping_any(&w->mappings)) {
		reason = usher__nat_inbound(w, b, &a->mapping, &a->inside);
		if (reason != USHER_REASON_NONE)
			return reason;
	}
	if (!ask_policy(w, b, picked_up, a))
		return USHER_REASON_POLICY;
	return usher__nat_bind(w, b, &a->decision, a->mapping, &a->binding);
}

uint32_t usher__conn_create(struct usher_worker *w, const struct birth *b, uint8_t *reason)
{
	const struct conn_protocol *protocol = usher__conn_protocol(b->p->protocol);
	struct conn seed = { .protocol = b->p->protocol, .type = b->p->type, .zone = b->packet->zone };
	const struct conn_arrival arrival = { b->p, b->data + b->p->l4, w->now, &w->tracker->config };
	struct conn_step step = { 0 };
	struct admission a = { 0 };
	uint32_t record;

	if (!protocol->begin(&seed, &arrival, &step)) {
		*reason = step.reason;
		return 0;
	}
	*reason = admit(w, b, seed.status & CONN_PICKED_UP, &a);
	if (*reason != USHER_REASON_NONE)
		return 0;
	record = furnish(w, b, &seed, step.timeout, &a);
	if (!record || !publish(w, record, a.expect)) {
		*reason = USHER_REASON_TABLE_FULL;
		count(w, USHER_COUNTER_REFUSED);
		return 0;
	}
	*reason = USHER_REASON_NONE;
	return record;
}
