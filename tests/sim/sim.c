/*
 * sim/sim: the queue, the packets, what went wrong. See sim.h.
 */
#include "tests/sim/sim.h"
#include "tests/sim/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define GRACE_S 20u /* for what is under way, and attacks on what was announced */

#define EVENTS_MAX 500000u /* a long session has 20000 */

/* ---- the queue: a heap by time, then by order of coming ---- */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->time < b->time || (a->time == b->time && a->order < b->order);
}

void sim_at(struct sim *sim, uint64_t time, sim_run *run, void *object, uint32_t what)
{
	struct sim_queue *q = &sim->queue;
	struct sim_event e = { time > sim->now ? time : sim->now, q->order++, run, object, what };
	uint32_t at;

	if (q->count == q->room) {
		q->room = q->room ? 2 * q->room : 256;
		q->at = realloc(q->at, q->room * sizeof(q->at[0]));
		if (!q->at)
			abort();
	}
	for (at = q->count++; at && before(&e, &q->at[(at - 1) / 2]); at = (at - 1) / 2)
		q->at[at] = q->at[(at - 1) / 2];
	q->at[at] = e;
}

static struct sim_event take_event(struct sim_queue *q)
{
	struct sim_event first = q->at[0], last = q->at[--q->count];
	uint32_t at = 0, child;

	for (;;) {
		child = 2 * at + 1;
		if (child >= q->count)
			break;
		if (child + 1 < q->count && before(&q->at[child + 1], &q->at[child]))
			child++;
		if (before(&last, &q->at[child]))
			break;
		q->at[at] = q->at[child];
		at = child;
	}
	q->at[at] = last;
	return first;
}

void sim_run_all(struct sim *sim)
{
	struct sim_event e;
	uint32_t events = 0;

	while (!sim->failed && sim->queue.count) {
		if (++events > EVENTS_MAX)
			sim_violation(sim, "there is no end to it: %u events", events);
		e = take_event(&sim->queue);
		if (e.time > sim->end) {
			sim->now = sim->end;
			return;
		}
		sim->now = e.time;
		e.run(sim, e.object, e.what);
	}
}

void sim_app_done(struct sim *sim)
{
	uint64_t soon = sim->now + GRACE_S * USHER_SECOND;

	if (--sim->busy_apps == 0 && soon < sim->end)
		sim->end = soon;
}

/* ---- packets ---- */

struct packet *packet_take(struct sim *sim)
{
	struct packet *p = sim->free_packets;

	if (p)
		sim->free_packets = p->next;
	else
		p = malloc(sizeof(*p));
	if (!p)
		abort();
	p->next = NULL;
	p->data = p->bytes + PACKET_HEAD;
	p->len = 0;
	p->flags = 0;
	p->from = SIM_HOSTS;
	p->interface = 0;
	p->time = 0;
	return p;
}

void packet_give(struct sim *sim, struct packet *p)
{
	p->next = sim->free_packets;
	sim->free_packets = p;
}

/* ---- one session after the other ---- */

void sim_begin(struct sim *sim, const struct scenario *scenario, uint64_t now)
{
	struct sim kept = *sim;

	/* Packets under way when a session ends are in the events that are thrown away. */
	for (uint32_t i = 0; i < sim->queue.count; i++) {
		if (sim->queue.at[i].what == SIM_PACKET)
			packet_give(sim, sim->queue.at[i].object);
	}
	kept.free_packets = sim->free_packets;
	memset(sim, 0, sizeof(*sim));
	sim->queue.at = kept.queue.at;
	sim->queue.room = kept.queue.room;
	sim->free_packets = kept.free_packets;
	memcpy(sim->conn, kept.conn, sizeof(sim->conn));
	sim->scenario = scenario;
	sim->now = now;
}

void sim_free(struct sim *sim)
{
	struct packet *p;

	sim_begin(sim, NULL, 0);
	while ((p = sim->free_packets)) {
		sim->free_packets = p->next;
		free(p);
	}
	for (uint32_t i = 0; i < SIM_CONNS && sim->conn[i]; i++) {
		free(sim->conn[i]->tx.data);
		free(sim->conn[i]->rx.data);
		free(sim->conn[i]->mirror.wire.data);
		free(sim->conn[i]);
	}
	free(sim->queue.at);
	memset(sim, 0, sizeof(*sim));
}

void sim_violation(struct sim *sim, const char *format, ...)
{
	va_list list;

	if (sim->failed)
		return;
	sim->failed = true;
	sim->violation_kind = format;
	va_start(list, format);
	vsnprintf(sim->violation, sizeof(sim->violation), format, list);
	va_end(list);
	sim_log(sim, "VIOLATION: %s", sim->violation);
}

void sim_log(struct sim *sim, const char *format, ...)
{
	va_list list;

	if (!sim->trace)
		return;
	va_start(list, format);
	trace_log(sim->trace, sim->now, format, list);
	va_end(list);
}
