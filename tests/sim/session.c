/*
 * sim/session: hosts, links, gateways and rules for each mode; then the applications; then what must hold at the end.
 */
#include "tests/sim/session.h"

#include "tests/sim/attack.h"
#include "tests/sim/gateway.h"
#include "tests/sim/trace.h"

#include <stdio.h>
#include <stdlib.h>

#define LIMIT_S 7200u /* much is lost on some links; time costs nothing */

/* The addresses of one set: inside ones shorter, longer and as long as the public one. Clients and routers count on from them. */
static const struct {
	const char *client, *server, *inner, *public, *far_client, *far_server, *attacker, *inside_router, *outside_router;
} places[2][3] = {
	{
		{ "10.0.0.2", "10.0.0.50", "10.0.0.1", "203.0.113.109", "198.51.100.2", "198.51.100.50", "198.51.100.66", "10.0.0.254",
		  "198.51.100.254" },
		{ "192.168.100.202", "192.168.100.250", "192.168.100.201", "5.6.7.8", "9.9.9.2", "9.9.9.5", "9.9.9.66", "192.168.100.254",
		  "9.9.9.254" },
		{ "172.16.0.12", "172.16.0.50", "172.16.0.11", "198.18.0.19", "198.19.0.12", "198.19.0.50", "198.19.0.66", "172.16.0.254",
		  "198.19.0.254" },
	},
	{
		{ "fd00:1::2", "fd00:1::50", "fd00:1::1", "2001:db8:1::109", "2001:db8:2::2", "2001:db8:2::50", "2001:db8:2::66",
		  "fd00:1::fe", "2001:db8:2::fe" },
		{ "fd00:1:2:3:4:5:6:7", "fd00:1:2:3:4:5:6:50", "fd00:1:2:3:4:5:6:1", "2001:db8::9", "2001:db8:2::2", "2001:db8:2::50",
		  "2001:db8:2::66", "fd00:1:2:3:4:5:6:fe", "2001:db8:2::fe" },
		{ "fd00::12", "fd00::50", "fd00::11", "2001::19", "2001:db8:2::2", "2001:db8:2::50", "2001:db8:2::66", "fd00::fe",
		  "2001:db8:2::fe" },
	}
};

static const struct link_profile between = { .delay_us = 300 };

struct session *session_new(void)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	for (uint8_t i = 0; i < SESSION_GATEWAYS; i++)
		s->gateway[i] = gateway_new(i);
	return s;
}

void session_free(struct session *s)
{
	for (uint32_t i = 0; i < SESSION_GATEWAYS; i++)
		gateway_free(s->gateway[i]);
	for (uint32_t i = 0; i < SCENARIO_CLIENTS; i++)
		free(s->ftp_client[i].out.queue.data);
	for (uint32_t i = 0; i < FTP_SERVERS; i++)
		free(s->ftp_house.server[i].out.queue.data);
	free(s->web_client.out.queue.data);
	free(s->web_server.out.queue.data);
	for (uint32_t i = 0; i < PPTP_ENDS; i++)
		free(s->pptp_house.end[i].out.queue.data);
	sim_free(&s->sim);
	free(s);
}

/* ---- hosts and links ---- */

static struct link *new_link(struct sim *sim, const struct link_profile *profile)
{
	struct link *l = &sim->link[sim->link_count];

	l->number = (uint8_t)sim->link_count++;
	l->profile = profile;
	l->dice.state = scattered(sim->scenario->seed, l->number);
	return l;
}

static struct host *new_host(struct sim *sim, const char *name, uint8_t side, struct gateway *g)
{
	const struct scenario *c = sim->scenario;
	struct host *h = &sim->host[sim->host_count];

	h->sim = sim;
	h->name = name;
	h->number = (uint8_t)sim->host_count++;
	h->side = side;
	h->gateway = g;
	h->next_port = (uint16_t)(10000 + roll(&sim->dice, 40000));
	h->next_id = (uint16_t)roll(&sim->dice, 65536);
	h->up = new_link(sim, &c->up[side]);
	h->down = new_link(sim, &c->down[side]);
	h->up->host = h->down->host = h;
	h->up->to = h->down->from = g;
	h->up->back = h->down;
	h->down->back = h->up;
	return h;
}

/* The addresses of both families are set, so that each set has its own; `index` counts on. */
static void set_address(struct host *h, const char *text, uint32_t index)
{
	struct usher_endpoint e = endpoint_of(text, 0);
	bool ipv6 = e.family == USHER_IPV6;
	const char *router = places[ipv6][h->sim->scenario->addresses].outside_router;

	e.address[ipv6 ? 15 : 3] = (uint8_t)(e.address[ipv6 ? 15 : 3] + index);
	h->address[ipv6] = e;
	if (h->side == INSIDE)
		router = places[ipv6][h->sim->scenario->addresses].inside_router;
	h->up->router[ipv6] = h->down->router[ipv6] = endpoint_of(router, 0);
}

static void join(struct sim *sim, struct gateway *a, struct gateway *b)
{
	struct link *there = new_link(sim, &between), *back = new_link(sim, &between);

	there->from = back->to = a;
	there->to = back->from = b;
	there->back = back;
	back->back = there;
	gateway_connect(a, there);
}

/* ---- rules ---- */

static struct usher_nat to_address(const struct usher_endpoint *address, uint16_t key)
{
	struct usher_nat n = { .family = address->family, .key_first = key, .key_last = key };

	memcpy(n.first, address->address, 16);
	memcpy(n.last, address->address, 16);
	return n;
}

static struct rule *add_rule(struct gateway_setup *g)
{
	return &g->rule[g->rule_count++];
}

static const char *helper_of(const struct scenario *c)
{
	return c->protocol == PROTOCOL_PPTP ? "pptp" : "ftp";
}

/* From inside: control connections with their helper; the rest too if the policy is not strict. `public`: behind that address. */
static void let_out(struct gateway_setup *g, const struct scenario *c, uint16_t port, const struct usher_endpoint *public)
{
	struct rule *r = add_rule(g);

	r->interface = INSIDE + 1;
	r->protocol = USHER_TCP;
	r->dst.key = port;
	r->helper = helper_of(c);
	if (public)
		r->source = to_address(public, 0);
	if (c->strict)
		return;
	r = add_rule(g);
	r->interface = INSIDE + 1;
	if (public)
		r->source = to_address(public, 0);
}

/* What comes to `public` goes to `server`; `from` is the interface, 0 any; `source`: the client is hidden behind that address. */
static void let_in(struct gateway_setup *g, const struct scenario *c, const struct usher_endpoint *public,
		   const struct usher_endpoint *server, const struct usher_endpoint *source)
{
	struct rule *r = add_rule(g);

	r->interface = c->mode == MODE_HAIRPIN ? INSIDE + 1 : OUTSIDE + 1;
	r->protocol = USHER_TCP;
	r->dst = *public;
	r->dst.key = c->public_port;
	r->helper = helper_of(c);
	r->destination = to_address(server, c->port);
	if (source)
		r->source = to_address(source, 0);
}

static void common(struct gateway_setup *g, const struct scenario *c, bool keep, uint32_t number)
{
	*g = (struct gateway_setup){
		.keep = keep, .law = c->law, .burst = c->burst, .gather_us = c->gather_us, .tailroom = c->tailroom, .flags = c->flags,
		.seed = scattered(c->seed, 100 + number), .workers = c->workers
	};
}

/* ---- topologies ---- */

struct place {
	struct usher_endpoint server;  /* where clients connect to */
	struct gateway_setup setup[SESSION_GATEWAYS];
	uint8_t client_side, server_side;
};

/* What each gateway does, given the hosts' addresses. */
static void make_rules(struct session *s, struct place *p, const struct host *server)
{
	const struct scenario *c = s->sim.scenario;
	struct usher_endpoint public = endpoint_of(places[c->ipv6][c->addresses].public, 0);
	struct usher_endpoint inner = endpoint_of(places[c->ipv6][c->addresses].inner, 0), second = public;
	const struct usher_endpoint *real = &server->address[c->ipv6];
	struct gateway_setup *g = &p->setup[0];
	struct rule *r;

	second.address[c->ipv6 ? 15 : 3]++;
	p->server = *real;
	p->server.key = c->port;
	g->own[0] = c->mode >= MODE_MASQUERADE ? public : (struct usher_endpoint){ 0 };
	g->own[1] = inner;
	switch (c->mode) {
	case MODE_ROUTED:
		let_out(g, c, c->port, NULL);
		r = add_rule(g);
		r->protocol = USHER_TCP;
		r->dst = p->server;
		r->helper = helper_of(c);
		break;
	case MODE_MASQUERADE:
		let_out(g, c, c->port, &public);
		break;
	case MODE_FORWARD:
	case MODE_BOTH:
	case MODE_HAIRPIN:
		let_in(g, c, &public, real, c->mode == MODE_FORWARD ? NULL : c->mode == MODE_BOTH ? &inner : &public);
		let_out(g, c, 1, &public);
		break;
	case MODE_CHAIN:
		let_out(g, c, c->public_port, &public);
		let_in(&p->setup[1], c, &second, real, NULL);
		p->setup[1].own[0] = second;
		break;
	default:
		break;
	}
	if (c->mode >= MODE_FORWARD) {
		p->server = c->mode == MODE_CHAIN ? second : public;
		p->server.key = c->public_port;
	}
}

static struct host *make_hosts(struct session *s, struct place *p)
{
	struct sim *sim = &s->sim;
	const struct scenario *c = sim->scenario;
	static const char *const names[] = { "client", "client2", "client3" };
	bool chain = c->mode == MODE_CHAIN;
	struct host *h, *server;

	p->client_side = c->mode == MODE_MASQUERADE || c->mode == MODE_HAIRPIN || chain ? INSIDE : OUTSIDE;
	p->server_side = c->mode >= MODE_FORWARD ? INSIDE : OUTSIDE;
	if (c->mode <= MODE_ROUTED) {
		p->client_side = c->server_inside ? OUTSIDE : INSIDE;
		p->server_side = c->server_inside ? INSIDE : OUTSIDE;
	}
	for (uint32_t i = 0; i < c->clients; i++) {
		h = new_host(sim, names[i], p->client_side, s->gateway[0]);
		for (unsigned v = 0; v < 2; v++)
			set_address(h, p->client_side == INSIDE ? places[v][c->addresses].client : places[v][c->addresses].far_client, i);
		h->tcp = c->client;
	}
	server = new_host(sim, "server", p->server_side, s->gateway[chain]);
	for (unsigned v = 0; v < 2; v++)
		set_address(server, p->server_side == INSIDE ? places[v][c->addresses].server : places[v][c->addresses].far_server, 0);
	server->tcp = c->server;
	h = new_host(sim, "bystander", INSIDE, s->gateway[0]);
	for (unsigned v = 0; v < 2; v++)
		set_address(h, places[v][c->addresses].inner, 77);
	h = new_host(sim, "attacker", OUTSIDE, s->gateway[chain ? 2 : 0]);
	for (unsigned v = 0; v < 2; v++)
		set_address(h, places[v][c->addresses].attacker, 0);
	for (uint32_t i = 0; i < sim->host_count; i++) {
		sim->host[i].guarded = sim->host[i].side == INSIDE && c->mode != MODE_DIRECT;
		sim->host[i].hidden = sim->host[i].side == INSIDE && c->mode >= MODE_MASQUERADE;
	}
	return server;
}

static struct host *build(struct session *s, struct place *p, bool keep)
{
	struct sim *sim = &s->sim;
	const struct scenario *c = sim->scenario;
	struct host *server;

	sim->gateway_count = c->mode == MODE_CHAIN ? 3 : 1;
	for (uint32_t i = 0; i < sim->gateway_count; i++) {
		sim->gateway[i] = s->gateway[i];
		common(&p->setup[i], c, keep, i);
	}
	p->setup[0].routes_only = c->mode == MODE_DIRECT;
	p->setup[2].routes_only = true;
	server = make_hosts(s, p);
	make_rules(s, p, server);
	for (uint32_t i = 0; i < sim->gateway_count; i++)
		gateway_begin(s->gateway[i], sim, &p->setup[i]);
	if (c->mode == MODE_CHAIN) {
		join(sim, s->gateway[0], s->gateway[2]);
		join(sim, s->gateway[1], s->gateway[2]);
	}
	return server;
}

/* ---- applications ---- */

static void begin_ftp(struct session *s, const struct place *p, struct host *server)
{
	const struct scenario *c = s->sim.scenario;
	struct listener *l = host_listen(server, c->ipv6 ? USHER_IPV6 : USHER_IPV4, c->port);
	uint16_t port = (uint16_t)(20000 + roll(&s->sim.dice, 40000));

	s->ftp_house.sim = &s->sim;
	s->ftp_house.host = server;
	s->ftp_house.manners = &c->manners;
	s->ftp_house.count = 0;
	for (uint32_t i = 0; i < FTP_SERVERS; i++) {
		struct bytes queue = s->ftp_house.server[i].out.queue;

		memset(&s->ftp_house.server[i], 0, sizeof(s->ftp_house.server[i]));
		s->ftp_house.server[i].out.queue = queue;
	}
	l->control = true;
	l->app = ftp_accept;
	l->app_data = &s->ftp_house;
	for (uint32_t i = 0; i < c->clients; i++) {
		struct bytes queue = s->ftp_client[i].out.queue;

		memset(&s->ftp_client[i], 0, sizeof(s->ftp_client[i]));
		s->ftp_client[i].out.queue = queue;
		s->ftp_client[i].script = c->script[i];
		s->ftp_client[i].step_count = c->steps[i];
		ftp_client_begin(&s->ftp_client[i], &s->sim.host[i], &p->server, (uint16_t)(c->equal_ports ? port : port + i));
	}
}

static void begin_pptp(struct session *s, const struct place *p, struct host *server)
{
	const struct scenario *c = s->sim.scenario;
	struct listener *l = host_listen(server, c->ipv6 ? USHER_IPV6 : USHER_IPV4, c->port);
	uint16_t port = (uint16_t)(20000 + roll(&s->sim.dice, 40000));
	struct pptp_house *house = &s->pptp_house;

	house->sim = &s->sim;
	house->count = house->gre_count = house->delivered = 0;
	house->manners[0] = &c->pptp_manners[0];
	house->manners[1] = &c->pptp_manners[1];
	house->plan = &c->plan[1];
	l->control = true;
	l->app = pptp_accept;
	l->app_data = house;
	for (uint32_t i = 0; i < s->sim.host_count; i++) {
		s->sim.host[i].gre_data = house;
		if (&s->sim.host[i] == server || i < c->clients)
			s->sim.host[i].gre = pptp_gre_came;
	}
	for (uint32_t i = 0; i < c->clients; i++)
		pptp_begin(house, &s->sim.host[i], &p->server, (uint16_t)(c->equal_ports ? port : port + i), &c->plan[0]);
}

static void begin_web(struct session *s, const struct place *p, struct host *server)
{
	const struct scenario *c = s->sim.scenario;
	struct listener *l = host_listen(server, c->ipv6 ? USHER_IPV6 : USHER_IPV4, c->port);

	l->control = true;
	l->app = web_accept;
	l->app_data = &s->web_server;
	web_begin(&s->web_client, &s->sim.host[0], &p->server);
}

/* ---- the end ---- */

static void judge_pptp(struct session *s)
{
	for (uint32_t i = 0; i < s->pptp_house.count; i++) {
		const struct pptp_end *e = &s->pptp_house.end[i];

		if (!e->done && e->opener && !gateways_count(&s->sim, USHER_COUNTER_HELD_EXPIRED))
			sim_violation(&s->sim, "%s stalls at step %u of %u, the other end at %u of %u (%u and %u answers are due)",
				      e->host->name, e->step, e->step_count, e->other ? e->other->step : 0,
				      e->other ? e->other->step_count : 0, e->waiting, e->other ? e->other->waiting : 0);
	}
	pptp_finish(&s->pptp_house);
}

static void judge_apps(struct session *s)
{
	if (s->sim.scenario->protocol == PROTOCOL_PPTP)
		judge_pptp(s);
	if (s->sim.scenario->protocol == PROTOCOL_WEB &&
	    (gateways_count(&s->sim, USHER_COUNTER_EXPECTATIONS) || gateways_count(&s->sim, USHER_COUNTER_EDITS)))
		sim_violation(&s->sim, "what a browser wrote opens something");
	if (s->sim.scenario->protocol != PROTOCOL_FTP)
		return;
	for (uint32_t i = 0; i < s->sim.scenario->clients && s->sim.busy_apps; i++) {
		const struct ftp_client *c = &s->ftp_client[i];

		if (!c->done)
			sim_violation(&s->sim, "%s stalls at step %u of %u (%u replies are due, data %s)", c->host->name, c->step,
				      c->step_count, c->pending_count, c->data ? "open" : "closed");
	}
}

/* Nobody was let in for an announcement that had to be refused. */
static void judge_refused(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->announcement_count; i++) {
		const struct announcement *a = &sim->announcement[i];

		for (uint32_t g = 0; a->refused && g < sim->gateway_count; g++) {
			if (gateway_tracks(sim->gateway[g]) && (gateway_expected(sim->gateway[g], USHER_TCP, &a->real) ||
								gateway_expected(sim->gateway[g], USHER_TCP, &a->seen)))
				sim_violation(sim, "what has to be refused is expected: %s", endpoint_text(&a->real));
		}
	}
}

static void cover_counters(struct sim *sim)
{
	static const struct {
		enum usher_counter counter;
		enum coverage what;
	} map[] = {
		{ USHER_COUNTER_OWN_ACKS, COVER_OWN_ACK }, { USHER_COUNTER_HELD, COVER_HELD },
		{ USHER_COUNTER_HELD_EXPIRED, COVER_HELD_EXPIRED }, { USHER_COUNTER_OWN_RETRANSMITS, COVER_OWN_RETRANSMIT },
		{ USHER_COUNTER_OWN_RESETS, COVER_OWN_RESET }
	};

	for (uint32_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (gateways_count(sim, map[i].counter))
			sim_cover(sim, map[i].what);
	}
}

bool session_run(struct session *s, const struct scenario *scenario, bool keep, struct trace *trace)
{
	struct sim *sim = &s->sim;
	struct place place = { 0 };
	struct host *server;
	uint64_t now = USHER_SECOND;

	for (uint32_t i = 0; keep && i < SESSION_GATEWAYS; i++) {
		if (gateway_time(s->gateway[i]) + USHER_SECOND > now)
			now = gateway_time(s->gateway[i]) + USHER_SECOND;
	}
	sim_begin(sim, scenario, now);
	sim->trace = trace;
	sim->dice.state = scattered(scenario->seed, 99);
	sim->end = now + LIMIT_S * USHER_SECOND;
	server = build(s, &place, keep);
	if (scenario->protocol == PROTOCOL_FTP)
		begin_ftp(s, &place, server);
	else if (scenario->protocol == PROTOCOL_PPTP)
		begin_pptp(s, &place, server);
	else
		begin_web(s, &place, server);
	if (scenario->attacks)
		attack_at_random(sim, 1 + roll(&sim->dice, 6), 10);
	sim_run_all(sim);
	judge_apps(s);
	judge_refused(sim);
	for (uint32_t i = 0; i < sim->conn_count && !sim->failed; i++)
		mirror_finish(sim->conn[i]);
	cover_counters(sim);
	for (uint32_t i = 0; i < sim->gateway_count && !sim->failed; i++)
		gateway_finish(s->gateway[i]);
	return !sim->failed;
}
