/*
 * sim/ledger: see ledger.h.
 */
#include "tests/sim/ledger.h"

void ledger_begin(struct ledger *l, bool keep)
{
	uint64_t now = keep ? l->now : 0;

	l->now = now;
	l->conn_count = l->expect_count = 0;
	l->expects_open = 0;
	l->clash[0].id = l->clash[1].id = 0;
}

/* Would a packet belong to both? The sender's call id is not in enhanced GRE. */
static bool same_tuple(const struct usher_tuple *a, const struct usher_tuple *b)
{
	if (a->protocol != b->protocol || a->type != b->type || a->zone != b->zone)
		return false;
	if (a->protocol == USHER_GRE && a->type == 1)
		return same_address(&a->src, &b->src) && same_endpoint(&a->dst, &b->dst);
	return same_endpoint(&a->src, &b->src) && same_endpoint(&a->dst, &b->dst);
}

static void conn_new(struct ledger *l, struct sim *sim, const struct usher_conn *c)
{
	struct ledger_conn *own = &l->conn[l->conn_count];

	if (l->conn_count == LEDGER_CONNS) {
		sim_violation(sim, "more than %u connections at a time", LEDGER_CONNS);
		return;
	}
	*own = (struct ledger_conn){ c->id, c->ref, c->orig, c->reply };
	if (c->orig.protocol == USHER_GRE && !c->master && !c->orig.src.key)
		own->reply = own->orig; /* nobody announced it, so the other way is not known, and nothing is looked up by it */
	for (uint32_t i = 0; i < l->conn_count; i++) {
		const struct ledger_conn *o = &l->conn[i];

		if (same_tuple(&o->orig, &own->orig) || same_tuple(&o->reply, &own->reply) || same_tuple(&o->orig, &own->reply) ||
		    same_tuple(&o->reply, &own->orig)) {
			l->clash[0] = *o;
			l->clash[1] = *own;
		}
	}
	l->conn_count++;
}

static void conn_destroy(struct ledger *l, struct sim *sim, const struct usher_conn *c)
{
	for (uint32_t i = 0; i < l->conn_count; i++) {
		if (l->conn[i].id == c->id) {
			l->conn[i] = l->conn[--l->conn_count];
			return;
		}
	}
	sim_violation(sim, "connection %llu ends that never began, or ended before", (unsigned long long)c->id);
}

static void log_event(struct sim *sim, const struct usher_event *e)
{
	const char *name = usher_event_name(e->type);
	const struct usher_conn *c = e->conn;

	if (e->type == USHER_EVENT_CONN_NEW)
		sim_log(sim, "  %s %llu %s > %s, reply %s > %s master %llu", name, (unsigned long long)c->id, endpoint_text(&c->orig.src),
			endpoint_text(&c->orig.dst), endpoint_text(&c->reply.src), endpoint_text(&c->reply.dst),
			(unsigned long long)c->master);
	else if (e->type == USHER_EVENT_ANNOUNCE)
		sim_log(sim, "  %s %s %s %s", name, e->u.announce.kind, endpoint_text(&e->u.announce.listener),
			e->u.announce.accepted ? "accepted" : e->u.announce.code);
	else if (e->type == USHER_EVENT_EXPECT_NEW || e->type == USHER_EVENT_EXPECT_GONE)
		sim_log(sim, "  %s %llu to %s %s", name, (unsigned long long)e->u.expect.expectation->id,
			endpoint_text(&e->u.expect.expectation->tuple.dst), e->u.expect.reason ? e->u.expect.reason : "");
	else if (e->type == USHER_EVENT_NOTE)
		sim_log(sim, "  %s %s", name, e->u.note.code);
	else if (e->type == USHER_EVENT_CONN_DESTROY)
		sim_log(sim, "  %s %llu %s", name, (unsigned long long)c->id, e->u.destroy.reason);
	else if (e->type == USHER_EVENT_INVALID)
		sim_log(sim, "  %s %s", name, usher_reason_name(e->u.invalid.reason));
}

void ledger_event(struct ledger *l, struct sim *sim, const struct usher_event *event)
{
	if (!sim) /* the law's second run */
		return;
	if (sim->trace)
		log_event(sim, event);
	switch (event->type) {
	case USHER_EVENT_CONN_NEW:
		conn_new(l, sim, event->conn);
		break;
	case USHER_EVENT_CONN_DESTROY:
		conn_destroy(l, sim, event->conn);
		break;
	case USHER_EVENT_EXPECT_NEW:
		if (l->expect_count < LEDGER_EXPECTS)
			l->expect[l->expect_count++] = event->u.expect.expectation->tuple;
		l->expects_open += !event->u.expect.refreshed;
		break;
	case USHER_EVENT_EXPECT_GONE:
		l->expects_open--;
		break;
	default:
		break;
	}
}

static bool is_alive(struct usher_tracker *tracker, struct usher_ref ref, struct usher_conn *c)
{
	return usher_conn_get(usher_worker(tracker, ref.worker), ref, c);
}

void ledger_check(struct ledger *l, struct sim *sim, struct usher_tracker *tracker)
{
	struct usher_conn c;

	if (!l->clash[0].id)
		return;
	if (is_alive(tracker, l->clash[0].ref, &c) && is_alive(tracker, l->clash[1].ref, &c))
		sim_violation(sim, "two live connections for one packet: %s > %s (reply %s > %s)", endpoint_text(&c.orig.src),
			      endpoint_text(&c.orig.dst), endpoint_text(&c.reply.src), endpoint_text(&c.reply.dst));
	l->clash[0].id = 0;
}

bool ledger_expected(const struct ledger *l, uint8_t protocol, const struct usher_endpoint *to)
{
	for (uint32_t i = 0; i < l->expect_count; i++) {
		const struct usher_tuple *t = &l->expect[i];

		if (t->protocol == protocol && (same_endpoint(&t->dst, to) || (protocol == USHER_GRE && same_endpoint(&t->src, to))))
			return true;
	}
	return false;
}

void ledger_finish(struct ledger *l, struct sim *sim, struct usher_worker *worker)
{
	static const enum usher_counter never[] = {
		USHER_COUNTER_EVICTED, USHER_COUNTER_REFUSED, USHER_COUNTER_HELP_FULL, USHER_COUNTER_STREAM_FULL,
		USHER_COUNTER_NAT_EXHAUSTED, USHER_COUNTER_EMIT_FULL
	};
	struct usher_expectation e;
	struct usher_conn c;
	uint64_t position = 0;

	if (usher_conn_next(worker, &position, &c))
		sim_violation(sim, "connection %s > %s (%s) is left at the end", endpoint_text(&c.orig.src), endpoint_text(&c.orig.dst),
			      c.state ? c.state : c.protocol);
	position = 0;
	if (usher_expect_next(worker, &position, &e))
		sim_violation(sim, "an expectation for %s is left at the end", endpoint_text(&e.tuple.dst));
	if (l->conn_count)
		sim_violation(sim, "connection %llu never ended", (unsigned long long)l->conn[0].id);
	if (l->expects_open)
		sim_violation(sim, "%lld expectations never ended", (long long)l->expects_open);
	if (usher_wakeup(worker) != UINT64_MAX)
		sim_violation(sim, "a timer is left at the end");
	for (uint32_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (usher_counter_get(worker, never[i]))
			sim_violation(sim, "counter %s is %llu: something leaks", usher_counter_name(never[i]),
				      (unsigned long long)usher_counter_get(worker, never[i]));
	}
}
