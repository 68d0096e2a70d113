/*
 * sim/host: who gets a packet, ports, and the oracle of what may reach a host behind the gateway.
 */
#include "tests/sim/gateway.h"
#include "tests/sim/mirror.h"
#include "tests/sim/scenario.h"
#include "tests/sim/sim.h"

#include <stdlib.h>

struct host *host_by_address(struct sim *sim, const struct usher_endpoint *address)
{
	for (uint32_t i = 0; i < sim->host_count; i++) {
		if (same_address(&sim->host[i].address[address->family == USHER_IPV6], address))
			return &sim->host[i];
	}
	return NULL;
}

/* ---- connections ---- */

struct tcp *host_new_tcp(struct host *h)
{
	struct sim *sim = h->sim;
	struct tcp *t, old;

	if (sim->conn_count == SIM_CONNS) {
		sim_violation(sim, "the simulation has no room for more than %u connections", SIM_CONNS);
		return sim->conn[0];
	}
	if (!sim->conn[sim->conn_count])
		sim->conn[sim->conn_count] = calloc(1, sizeof(*t));
	t = sim->conn[sim->conn_count];
	if (!t)
		abort();
	old = *t;
	memset(t, 0, sizeof(*t));
	t->tx = (struct bytes){ old.tx.data, 0, old.tx.room };
	t->rx = (struct bytes){ old.rx.data, 0, old.rx.room };
	t->mirror.wire = (struct bytes){ old.mirror.wire.data, 0, old.mirror.wire.room };
	t->number = (uint8_t)sim->conn_count++;
	t->sim = sim;
	t->host = h;
	t->profile = &h->tcp;
	return t;
}

uint16_t host_port(struct host *h)
{
	h->next_port = (uint16_t)(h->next_port < 10000 || h->next_port >= 60000 ? 10000 : h->next_port + 1);
	return h->next_port;
}

struct tcp *host_connect(struct host *h, uint16_t port, const struct usher_endpoint *to)
{
	struct tcp *t = host_new_tcp(h);

	t->local = h->address[to->family == USHER_IPV6];
	t->local.key = port ? port : host_port(h);
	t->remote = *to;
	return t;
}

/* The connection between the two; among several with the same endpoints the newest. */
static struct tcp *find(struct sim *sim, const struct usher_endpoint *local, const struct usher_endpoint *remote)
{
	for (uint32_t i = sim->conn_count; i-- > 0;) {
		if (same_endpoint(&sim->conn[i]->local, local) && same_endpoint(&sim->conn[i]->remote, remote))
			return sim->conn[i];
	}
	return NULL;
}

struct listener *host_listen(struct host *h, uint8_t family, uint16_t port)
{
	struct sim *sim = h->sim;
	struct listener *l = &sim->listener[sim->listener_count];

	if (sim->listener_count == SIM_LISTENERS) {
		sim_violation(sim, "the simulation has no room for more than %u listeners", SIM_LISTENERS);
		return &sim->listener[0];
	}
	sim->listener_count++;
	*l = (struct listener){ .host = h, .port = port, .family = family };
	return l;
}

static struct listener *listener_at(struct host *h, const struct usher_endpoint *local)
{
	for (uint32_t i = h->sim->listener_count; i-- > 0;) {
		struct listener *l = &h->sim->listener[i];

		if (l->host == h && l->port == local->key && l->family == local->family)
			return l;
	}
	return NULL;
}

void host_unlisten(struct host *h, uint16_t port)
{
	for (uint32_t i = 0; i < h->sim->listener_count; i++) {
		if (h->sim->listener[i].host == h && h->sim->listener[i].port == port)
			h->sim->listener[i].port = 0;
	}
}

struct announcement *sim_announce(struct tcp *control, const struct usher_endpoint *real, uint8_t protocol)
{
	struct sim *sim = control->sim;
	struct announcement *a = &sim->announcement[sim->announcement_count];

	if (sim->announcement_count == SIM_ANNOUNCEMENTS) {
		sim_violation(sim, "the simulation has no room for more than %u announcements", SIM_ANNOUNCEMENTS);
		return &sim->announcement[0];
	}
	*a = (struct announcement){
		.control = control, .real = *real, .protocol = protocol, .number = (uint8_t)sim->announcement_count++, .said = 1
	};
	return a;
}

/* ---- what may come in ---- */

/* The announcement that lets `from` connect to `local`. */
static struct announcement *permission(struct host *h, const struct usher_endpoint *local, uint8_t from, uint32_t seq)
{
	struct sim *sim = h->sim;

	for (uint32_t i = sim->announcement_count; i-- > 0;) {
		struct announcement *a = &sim->announcement[i];

		if (!a->refused && !a->unedited && same_endpoint(&a->real, local) && a->control->peer &&
		    a->control->peer->host->number == from && (a->arrived < a->said || a->arrived_seq == seq))
			return a;
	}
	return NULL;
}

/* A SYN that begins something here: was it announced to whoever sent it? */
static void judge_syn(struct host *h, const struct packet *p, const struct wire *w, const struct listener *l)
{
	struct announcement *a;

	if (!h->guarded || p->from == SIM_HOSTS || h->sim->host[p->from].guarded)
		return;
	if (l && l->control)
		return;
	a = p->flags & PACKET_ATTACK ? NULL : permission(h, &w->dst, p->from, w->tcp.seq);
	if (a) {
		a->arrived += !a->arrived || a->arrived_seq != w->tcp.seq;
		a->arrived_seq = w->tcp.seq;
	} else {
		sim_violation(h->sim, "an unannounced SYN from %s (%s) reaches %s at %s", h->sim->host[p->from].name,
			      endpoint_text(&w->src), h->name, endpoint_text(&w->dst));
	}
}

static void refuse(struct host *h, const struct wire *w)
{
	struct wire answer = { .src = w->dst, .dst = w->src, .protocol = USHER_TCP };

	if (w->tcp.flags & RST)
		return;
	answer.tcp = (struct wire_tcp){ .flags = RST, .scale = 0xff };
	if (w->tcp.flags & ACK) {
		answer.tcp.seq = w->tcp.ack;
	} else {
		answer.tcp.flags = RST | ACK;
		answer.tcp.ack = w->tcp.seq + w->len + !!(w->tcp.flags & SYN) + !!(w->tcp.flags & FIN);
	}
	host_send(h, &answer, 0);
}

static void input_tcp(struct host *h, const struct packet *p, const struct wire *w)
{
	struct tcp *t = find(h->sim, &w->dst, &w->src);
	bool begins = (w->tcp.flags & (SYN | ACK | RST)) == SYN;
	struct listener *l = begins ? listener_at(h, &w->dst) : NULL;

	if (t && begins && t->irs == w->tcp.seq && t->state != TCP_CLOSED) {
		tcp_input(t, w);
		return;
	}
	if (begins && (!t || t->state == TCP_CLOSED || t->state == TCP_TIME_WAIT) && !(t && t->irs == w->tcp.seq)) {
		judge_syn(h, p, w, l);
		if (h->sim->failed)
			return;
		if (!l) {
			refuse(h, w);
			return;
		}
		t = host_new_tcp(h);
		t->local = w->dst;
		t->remote = w->src;
		t->app = l->app;
		t->app_data = l->app_data;
		tcp_accept(t, w);
		return;
	}
	if (!t && h->guarded && p->from != SIM_HOSTS && !h->sim->host[p->from].guarded)
		sim_violation(h->sim, "a TCP packet from %s that belongs to nothing reaches %s at %s", h->sim->host[p->from].name,
			      h->name, endpoint_text(&w->dst));
	else if (!t || t->state == TCP_CLOSED)
		refuse(h, w);
	else
		tcp_input(t, w);
}

static void input_icmp(struct host *h, const struct packet *p, const struct wire *w)
{
	const struct wire_icmp *i = &w->icmp;
	struct tcp *t = find(h->sim, &i->src, &i->dst);

	if (h->guarded && (p->flags & PACKET_ATTACK || (i->protocol == USHER_TCP && !t))) {
		sim_violation(h->sim, "an ICMP error about %s > %s reaches %s, which did not send that", endpoint_text(&i->src),
			      endpoint_text(&i->dst), h->name);
		return;
	}
	if (t && (i->type == 2 || (i->type == 3 && i->code == 4)))
		tcp_too_big(t, i);
}

/* ---- in and out ---- */

void host_input(struct host *h, struct packet *p)
{
	struct wire w;
	const char *wrong = wire_read(p->data, p->len, &w);

	if (wrong || p->flags & PACKET_CORRUPT) {
		if (!(p->flags & PACKET_CORRUPT))
			sim_violation(h->sim, "%s gets a packet with a wrong %s", h->name, wrong);
	} else if (!same_address(&w.dst, &h->address[w.dst.family == USHER_IPV6])) {
		sim_violation(h->sim, "%s gets a packet for %s", h->name, address_text(&w.dst));
	} else if (p->flags & PACKET_ATTACK && h->guarded) {
		sim_violation(h->sim, "an attack on %s arrives: protocol %u, %s > %s", h->name, w.protocol, endpoint_text(&w.src),
			      endpoint_text(&w.dst));
	} else if (w.protocol == USHER_TCP) {
		input_tcp(h, p, &w);
	} else if (w.protocol == USHER_ICMP || w.protocol == USHER_ICMPV6) {
		input_icmp(h, p, &w);
	} else if (w.protocol == USHER_GRE && h->gre) {
		h->gre(h, &w);
	} else if (h->guarded) {
		sim_violation(h->sim, "protocol %u reaches %s, %s > %s", w.protocol, h->name, endpoint_text(&w.src), endpoint_text(&w.dst));
	}
	packet_give(h->sim, p);
}

void host_send(struct host *h, struct wire *w, uint8_t flags)
{
	struct packet *p = packet_take(h->sim);

	w->id = h->next_id++;
	p->len = wire_write(p->data, w);
	p->flags = flags;
	p->from = h->number;
	link_send(h->sim, h->up, p);
}
