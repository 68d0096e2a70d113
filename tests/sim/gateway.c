/*
 * sim/gateway: bursts, timers, routing. law.c has what is compared afterwards, ledger.c what the tracker says it holds.
 */
#include "tests/sim/gateway.h"
#include "tests/sim/law.h"
#include "tests/sim/ledger.h"
#include "tests/sim/mirror.h"
#include "tests/sim/trace.h"

#include <stdlib.h>
#include <sys/mman.h>

#define DAY (86400u * USHER_SECOND)
#define GATEWAY_WORKERS 4u

struct gateway {
	struct sim *sim;
	struct gateway_setup setup;
	struct usher_tracker *tracker; /* NULL: none yet */
	struct usher_worker *worker[GATEWAY_WORKERS]; /* the first NULL: a router */
	uint32_t workers;
	void *region;
	size_t size;
	struct link *outside;
	struct packet *pending[USHER_BURST_MAX];
	uint32_t pending_count, target;
	uint64_t armed;        /* the timer's; 0: none */
	uint64_t gathering;    /* when the pending ones go at the latest; 0: none are */
	uint64_t frame;
	bool finished;         /* the session before ended well, and left nothing */
	uint64_t start[USHER_COUNTER_COUNT];
	struct ledger ledger;
	struct law law;
	uint8_t number;
};

/* ---- the policy ---- */

static bool fits(const struct rule *r, const struct usher_new *n)
{
	if ((r->interface && r->interface != n->interface) || (r->protocol && r->protocol != n->orig.protocol))
		return false;
	if (r->dst.family && !same_address(&r->dst, &n->orig.dst))
		return false;
	return !r->dst.key || r->dst.key == n->orig.dst.key;
}

static void policy(void *user, const struct usher_new *n, struct usher_decision *decision)
{
	const struct gateway *g = user;

	for (uint32_t i = 0; i < g->setup.rule_count; i++) {
		const struct rule *r = &g->setup.rule[i];

		if (!fits(r, n))
			continue;
		decision->drop = r->drop;
		decision->helper = r->helper;
		if (r->source.family == n->orig.src.family)
			decision->source = r->source;
		if (r->destination.family == n->orig.src.family)
			decision->destination = r->destination;
		return;
	}
	decision->drop = true;
}

static void sink(void *user, const struct usher_event *event)
{
	struct gateway *g = user;

	ledger_event(&g->ledger, g->sim, event);
	law_event(&g->law, event);
}

static struct usher_options options_of(struct gateway *g)
{
	struct usher_options o = {
		.size = sizeof(o), .flags = g->setup.flags, .connections = 1024, .connections6 = 1024, .helped = 64, .related = 512,
		.expectations = 256, .stream_chunks = 4096, .nat_addresses = 8, .mappings = 512, .emit_bytes = 1u << 18,
		.policy = policy, .policy_user = g, .sink = sink, .sink_user = g, .workers = g->setup.workers
	};

	memcpy(o.seed, &g->setup.seed, sizeof(g->setup.seed));
	return o;
}

/* ---- set up ---- */

struct gateway *gateway_new(uint8_t number)
{
	struct gateway *g = calloc(1, sizeof(*g));
	struct usher_options o;

	if (!g)
		abort();
	g->number = number;
	o = options_of(g);
	o.workers = GATEWAY_WORKERS;
	g->size = usher_size(&o);
	g->region = mmap(NULL, g->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (g->region == MAP_FAILED)
		abort();
	return g;
}

void gateway_free(struct gateway *g)
{
	law_free(&g->law);
	munmap(g->region, g->size);
	free(g);
}

uint8_t gateway_number(const struct gateway *g)
{
	return g->number;
}

const struct gateway_setup *gateway_setup_of(const struct gateway *g)
{
	return &g->setup;
}

bool gateway_tracks(const struct gateway *g)
{
	return g->worker[0];
}

uint64_t gateway_time(const struct gateway *g)
{
	return g->ledger.now;
}

void gateway_connect(struct gateway *g, struct link *outside)
{
	g->outside = outside;
}

static uint64_t counted(const struct gateway *g, enum usher_counter counter)
{
	uint64_t sum = 0;

	for (uint32_t k = 0; k < g->workers; k++)
		sum += usher_counter_get(g->worker[k], counter);
	return sum;
}

/* What the workers have to know of the rules: addresses behind which others are, and where services really are. */
static void name_public(struct gateway *g)
{
	struct usher_public_name name[2 + GATEWAY_RULES];
	uint32_t count = 0;

	memset(name, 0, sizeof(name));
	for (unsigned i = 0; i < 2; i++) {
		if (g->setup.own[i].family)
			name[count++].address = g->setup.own[i];
	}
	for (uint32_t i = 0; i < g->setup.rule_count; i++) {
		const struct rule *r = &g->setup.rule[i];

		if (!r->destination.family)
			continue;
		name[count].address = r->dst;
		name[count].protocol = r->protocol;
		name[count].inside.family = r->destination.family;
		memcpy(name[count++].inside.address, r->destination.first, 16);
	}
	if (!usher_set_public(g->tracker, name, count))
		sim_violation(g->sim, "usher_set_public takes no %u names", count);
}

static void begin_tracker(struct gateway *g)
{
	struct usher_options o = options_of(g);

	madvise(g->region, g->size, MADV_DONTNEED);
	g->tracker = usher_init(g->region, g->size, &o);
	if (!g->tracker) {
		sim_violation(g->sim, "usher_init: %s", usher_error(&o));
		return;
	}
	g->workers = g->setup.workers ? g->setup.workers : 1;
	for (uint32_t k = 0; k < GATEWAY_WORKERS; k++)
		g->worker[k] = usher_worker(g->tracker, k);
}

void gateway_begin(struct gateway *g, struct sim *sim, const struct gateway_setup *setup)
{
	bool keep = setup->keep && g->worker[0] && !setup->law && g->finished && g->workers == (setup->workers ? setup->workers : 1);

	g->sim = sim;
	g->setup = *setup;
	g->outside = NULL;
	g->finished = false;
	g->pending_count = 0;
	g->armed = g->gathering = 0;
	g->frame = 0;
	if (setup->routes_only) {
		g->worker[0] = NULL;
		return;
	}
	ledger_begin(&g->ledger, keep);
	law_begin(&g->law, setup->law);
	if (!keep)
		begin_tracker(g);
	else
		usher_set_flags(g->tracker, UINT32_MAX, setup->flags);
	if (sim->failed)
		return;
	name_public(g);
	if (g->workers > 1)
		sim_cover(sim, COVER_WORKERS);
	for (uint32_t i = 0; i < USHER_COUNTER_COUNT; i++)
		g->start[i] = counted(g, (enum usher_counter)i);
}

uint64_t gateway_count(const struct gateway *g, enum usher_counter counter)
{
	return g->worker[0] ? counted(g, counter) - g->start[counter] : 0;
}

uint64_t gateways_count(const struct sim *sim, enum usher_counter counter)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < sim->gateway_count; i++)
		count += gateway_count(sim->gateway[i], counter);
	return count;
}

bool gateway_expected(const struct gateway *g, uint8_t protocol, const struct usher_endpoint *to)
{
	return ledger_expected(&g->ledger, protocol, to);
}

/* ---- routing ---- */

static bool owns(const struct gateway *g, const struct usher_endpoint *address)
{
	return same_address(&g->setup.own[0], address) || same_address(&g->setup.own[1], address);
}

/* The link towards `dst`; NULL: none. */
static struct link *route(struct gateway *g, const struct usher_endpoint *dst)
{
	struct sim *sim = g->sim;
	struct host *h = host_by_address(sim, dst);

	if (h && h->gateway == g)
		return h->down;
	if (owns(g, dst))
		return NULL;
	for (uint32_t i = 0; i < sim->link_count; i++) {
		if (sim->link[i].from == g && sim->link[i].to && owns(sim->link[i].to, dst))
			return &sim->link[i];
	}
	return g->outside;
}

/* No address that NAT is to hide may be on a link to somebody outside, the quoted ones of an ICMP error included. */
static bool leaks(struct gateway *g, const struct link *link, const struct packet *p)
{
	const struct host *from;
	struct wire w;

	if (!g->worker[0] || (link->host && link->host->side == INSIDE) || p->flags & PACKET_CORRUPT)
		return false;
	if (wire_read(p->data, p->len, &w))
		return false;
	from = host_by_address(g->sim, &w.src);
	if (from && from->hidden && from->gateway == g)
		return true;
	from = w.protocol == USHER_ICMP || w.protocol == USHER_ICMPV6 ? host_by_address(g->sim, &w.icmp.dst) : NULL;
	return from && from->hidden && from->gateway == g;
}

static void forward(struct gateway *g, struct packet *p)
{
	struct usher_endpoint src, dst;
	struct link *link = NULL;

	if (wire_addresses(p->data, p->len, &src, &dst))
		link = route(g, &dst);
	if (!link) {
		sim_log(g->sim, "gateway%u: no way to %s", g->number, address_text(&dst));
		packet_give(g->sim, p);
		return;
	}
	if (leaks(g, link, p)) {
		sim_violation(g->sim, "a packet with an inside address leaves (%s > %s)", address_text(&src), address_text(&dst));
		packet_give(g->sim, p);
		return;
	}
	link_send(g->sim, link, p);
}

/* ---- bursts ---- */

static void arm(struct gateway *g);

/* What this worker sends besides, up to `place`. */
static void emit_until(struct gateway *g, struct usher_worker *worker, struct usher_packet *next, bool *more, uint32_t place)
{
	while (*more && next->place <= place) {
		struct packet *p = packet_take(g->sim);

		if (next->len > WIRE_MAX) {
			sim_violation(g->sim, "usher_emit gives a packet of %u bytes", next->len);
			packet_give(g->sim, p);
			return;
		}
		memcpy(p->data, next->data, next->len);
		p->len = next->len;
		law_output(&g->law, p->data, p->len, 0xff);
		forward(g, p);
		*more = usher_emit(worker, next);
	}
}

/* Packets that are all this worker's, one behind the other. */
static void process_run(struct gateway *g, uint32_t owner, struct packet *const *packets, uint32_t count)
{
	struct usher_worker *worker = g->worker[owner];
	struct usher_packet burst[USHER_BURST_MAX], next;
	bool more;

	for (uint32_t i = 0; i < count; i++) {
		struct packet *p = packets[i];

		burst[i] = (struct usher_packet){
			.data = p->data, .len = p->len, .interface = p->interface, .headroom = 0, .tailroom = g->setup.tailroom,
			.time = p->time, .frame = ++g->frame
		};
	}
	law_burst(&g->law, burst, count);
	usher_process(worker, burst, count, g->sim->now);
	g->ledger.now = g->sim->now;
	more = usher_emit(worker, &next);
	emit_until(g, worker, &next, &more, 0);
	for (uint32_t i = 0; i < count; i++) {
		struct packet *p = packets[i];

		law_output(&g->law, burst[i].data, burst[i].len, burst[i].verdict);
		p->data = burst[i].data;
		p->len = burst[i].len;
		if (burst[i].verdict == USHER_HAND_OVER || burst[i].reason == USHER_REASON_NAT_OWNER)
			sim_violation(g->sim, "worker %u: %s", owner, usher_reason_name(burst[i].reason));
		if (burst[i].verdict == USHER_ACCEPT && burst[i].state <= USHER_RELATED) {
			forward(g, p);
		} else {
			sim_log(g->sim, "gateway%u: verdict %u, state %u: %s, for:", g->number, burst[i].verdict, burst[i].state,
				usher_reason_name(burst[i].reason));
			trace_text(g->sim, p, "");
			packet_give(g->sim, p);
		}
		emit_until(g, worker, &next, &more, i + 1);
	}
	if (more)
		sim_violation(g->sim, "usher_emit: place %u of a burst of %u", next.place, count);
	ledger_check(&g->ledger, g->sim, g->tracker);
}

static uint32_t owner_of(struct gateway *g, const struct packet *p)
{
	struct usher_packet packet = { .data = p->data, .len = p->len };

	return usher_owner(g->tracker, &packet);
}

/* As several threads would do, each with its own packets, but in a row that can be repeated. */
static void process(struct gateway *g)
{
	struct packet *pending[USHER_BURST_MAX];
	uint32_t count = g->pending_count;

	if (!count)
		return;
	memcpy(pending, g->pending, count * sizeof(*pending));
	g->pending_count = 0;
	g->gathering = 0;
	for (uint32_t from = 0, to; from < count; from = to) {
		uint32_t owner = owner_of(g, pending[from]);

		for (to = from + 1; to < count && owner_of(g, pending[to]) == owner; to++)
			;
		process_run(g, owner, pending + from, to - from);
	}
	arm(g);
}

static void tick(struct gateway *g, uint64_t now)
{
	struct usher_packet next;
	bool more;

	process(g);
	law_tick(&g->law, now);
	for (uint32_t k = 0; k < g->workers; k++) {
		usher_tick(g->worker[k], now, 64);
		g->ledger.now = now;
		more = usher_emit(g->worker[k], &next);
		emit_until(g, g->worker[k], &next, &more, 0);
	}
	arm(g);
}

static uint64_t wakeup(const struct gateway *g)
{
	uint64_t first = UINT64_MAX;

	for (uint32_t k = 0; k < g->workers; k++) {
		uint64_t next = usher_wakeup(g->worker[k]);

		first = next < first ? next : first;
	}
	return first;
}

static void timer(struct sim *sim, void *object, uint32_t unused)
{
	struct gateway *g = object;

	(void)unused;
	if (g->armed != sim->now)
		return;
	g->armed = 0;
	if (g->gathering && g->gathering <= sim->now)
		process(g);
	if (wakeup(g) <= sim->now)
		tick(g, sim->now);
	arm(g);
}

static void arm(struct gateway *g)
{
	uint64_t next = wakeup(g);

	if (g->gathering && g->gathering < next)
		next = g->gathering;
	if (next < g->sim->now)
		next = g->sim->now;
	if (next < UINT64_MAX && (!g->armed || next < g->armed)) {
		g->armed = next;
		sim_at(g->sim, next, timer, g, 0);
	}
}

void gateway_input(struct sim *sim, struct gateway *g, struct link *link, struct packet *p)
{
	static const uint8_t sizes[] = { 1, 2, 7, 64 };
	struct wire w;

	p->interface = (uint8_t)((link->host ? link->host->side : OUTSIDE) + 1);
	p->time = sim->now;
	if (link->host && !(p->flags & PACKET_CORRUPT) && !wire_read(p->data, p->len, &w))
		mirror_acknowledged(sim, link->host, &w);
	if (!g->worker[0]) {
		forward(g, p);
		return;
	}
	if (!g->pending_count) {
		g->target = g->setup.burst ? g->setup.burst : sizes[roll(&sim->dice, 4)];
		g->gathering = sim->now + g->setup.gather_us * 1000ull;
	}
	g->pending[g->pending_count++] = p;
	if (g->pending_count >= g->target)
		process(g);
	else
		arm(g);
}

/* ---- the end ---- */

void gateway_finish(struct gateway *g)
{
	struct usher_options o = options_of(g);
	struct usher_packet next;
	uint64_t now = g->sim->now;

	if (!g->worker[0])
		return;
	law_stop(&g->law);
	for (uint32_t i = 0; i < g->pending_count; i++)
		packet_give(g->sim, g->pending[i]);
	g->pending_count = 0;
	for (uint32_t turn = 0; turn < 8 && !g->sim->failed; turn++) {
		now += turn < 6 ? 10 * USHER_SECOND : 6 * DAY; /* our own retransmissions take their time */
		for (uint32_t k = 0; k < g->workers; k++) {
			while (!usher_tick(g->worker[k], now, 4096))
				;
			while (usher_emit(g->worker[k], &next))
				;
		}
		g->ledger.now = now;
	}
	for (uint32_t k = 0; k < g->workers; k++)
		ledger_finish(&g->ledger, g->sim, g->worker[k]);
	g->finished = !g->sim->failed;
	if (!g->sim->failed)
		law_compare(&g->law, g->sim, &o);
}
