/*
 * sim/pptp: see pptp.h.
 */
#include "tests/sim/pptp.h"

#include "tests/sim/attack.h"
#include "tests/sim/gateway.h"

#define COOKIE 0x1a2b3c4du
#define MESSAGE_MAX 220u
#define LINGER_S 10u   /* until what ends a call is surely where it goes */
#define SETTLE_MS 600u /* GRE that was sent so shortly before a call's end may come too late */

enum pptp_type {
	START_REQUEST = 1, START_REPLY, STOP_REQUEST, STOP_REPLY, ECHO_REQUEST, ECHO_REPLY, OUT_REQUEST, OUT_REPLY, IN_REQUEST,
	IN_REPLY, IN_CONNECT, CLEAR_REQUEST, DISCONNECT, WAN_ERROR, LINK_INFO, TYPES
};

/* Length of each message, and where the ids of its sender and its receiver are (RFC 2637 2). 0: none. */
static const struct {
	uint8_t len, own, peer;
} types[TYPES] = {
	[START_REQUEST] = { 156, 0, 0 }, [START_REPLY] = { 156, 0, 0 }, [STOP_REQUEST] = { 16, 0, 0 }, [STOP_REPLY] = { 16, 0, 0 },
	[ECHO_REQUEST] = { 16, 0, 0 }, [ECHO_REPLY] = { 20, 0, 0 }, [OUT_REQUEST] = { 168, 12, 0 }, [OUT_REPLY] = { 32, 12, 14 },
	[IN_REQUEST] = { 220, 12, 0 }, [IN_REPLY] = { 24, 12, 14 }, [IN_CONNECT] = { 28, 0, 12 }, [CLEAR_REQUEST] = { 16, 12, 0 },
	[DISCONNECT] = { 148, 12, 0 }, [WAN_ERROR] = { 40, 0, 12 }, [LINK_INFO] = { 24, 0, 12 }
};

static void go_both(struct pptp_end *e);

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

/* ---- writing ---- */

/* A message about `c` (NULL: about none), with a result where it has one. */
static void put_message(struct pptp_end *e, uint8_t type, const struct pptp_call *c, uint8_t result)
{
	uint8_t m[MESSAGE_MAX] = { 0 };
	uint32_t at = writer_at(&e->out), len = types[type].len;
	struct span *span;

	put16(m, len);
	put16(m + 2, 1);
	put32(m + 4, COOKIE);
	put16(m + 8, type);
	for (uint32_t i = 12; i < len; i++) /* nothing of the rest may change */
		m[i] = type == LINK_INFO || type == STOP_REQUEST ? 0 : (uint8_t)roll(&e->dice, 256);
	if (type == START_REQUEST || type == START_REPLY || type == OUT_REPLY || type == IN_REPLY) {
		m[types[type].own ? 16 : 14] = result;
		m[types[type].own ? 17 : 15] = 0;
	}
	if (type == STOP_REQUEST || type == STOP_REPLY)
		m[12] = 1;
	if (types[type].own)
		put16(m + types[type].own, c->own);
	if (types[type].peer)
		put16(m + types[type].peer, c->peer);
	writer_put(&e->out, m, len);
	for (uint32_t which = 0; which < 2; which++) {
		uint32_t place = which ? types[type].peer : types[type].own;

		if (!place)
			continue;
		span = mirror_span(e->control, which ? SPAN_PEER : SPAN_CALL, which ? c->other->announcement : c->announcement,
				   at + place, 2);
		span->line = at;
		span->line_end = at + len;
	}
}

static void flush(struct pptp_end *e, const struct pptp_step *s)
{
	struct cut cut = { 1, 0 };

	if (s)
		cut = s->cut;
	else if (chance(&e->dice, e->manners->cut_percent))
		cut = (struct cut){ (uint8_t)(2 + roll(&e->dice, 3)), (uint16_t)(chance(&e->dice, 70) ? 0 : roll(&e->dice, 200)) };
	writer_flush(&e->out, cut, false);
}

static void answer(struct pptp_end *e, uint8_t type, const struct pptp_call *c, uint8_t result)
{
	put_message(e, type, c, result);
	if (!chance(&e->dice, e->manners->joins))
		flush(e, NULL);
}

/* ---- calls ---- */

static struct pptp_call *new_call(struct pptp_end *e, bool incoming, bool pns)
{
	struct usher_endpoint real = e->control->local;
	struct pptp_call *c;

	if (e->call_count == PPTP_CALLS) {
		sim_violation(e->sim, "the simulation has no room for more than %u calls", PPTP_CALLS);
		return &e->call[0];
	}
	c = &e->call[e->call_count++];
	/* After a call's end its id may come again. */
	*c = (struct pptp_call){ .incoming = incoming, .pns = pns, .own = e->next_id++ };
	if (c > e->call && c[-1].state == CALL_OVER && chance(&e->dice, 30)) {
		c->own = c[-1].own;
		e->next_id--;
	}
	real.key = c->own;
	c->announcement = sim_announce(e->control, &real, USHER_GRE);
	return c;
}

static struct pptp_call *by_own(struct pptp_end *e, uint32_t id)
{
	for (uint32_t i = e->call_count; i-- > 0;) {
		if (e->call[i].own == id && e->call[i].state != CALL_OVER)
			return &e->call[i];
	}
	return NULL;
}

/* Had a call that is over this id? Then what comes for it was under way. */
static bool was_own(const struct pptp_end *e, uint32_t id)
{
	for (uint32_t i = 0; i < e->call_count; i++) {
		if (e->call[i].own == id && e->call[i].state == CALL_OVER)
			return true;
	}
	return false;
}

static struct pptp_call *by_peer(struct pptp_end *e, uint32_t id)
{
	for (uint32_t i = e->call_count; i-- > 0;) {
		if (e->call[i].peer == id && e->call[i].knows_peer && e->call[i].state != CALL_OVER)
			return &e->call[i];
	}
	return NULL;
}

/* What was sent of late may be overtaken by the message that ends the call. */
static void forget_gre(struct pptp_end *e, const struct pptp_call *c)
{
	struct pptp_house *house = e->house;

	for (uint32_t i = house->gre_count; i-- > 0;) {
		struct pptp_gre *g = &house->gre[i];

		if ((!c || g->to == c || g->to == c->other) && g->time + SETTLE_MS * (uint64_t)MS > e->sim->now)
			g->due = false;
	}
}

/* `wrote`: by its own word, which may be on its way to the gateway still. */
static void end_call(struct pptp_end *e, struct pptp_call *c, bool wrote)
{
	if (c->state == CALL_OVER)
		return;
	c->lingers = wrote ? e->sim->now + LINGER_S * USHER_SECOND : 0;
	forget_gre(e, c);
	if (c->state == CALL_ASKED || c->state == CALL_ANSWERED)
		e->waiting -= e->waiting > 0;
	c->state = CALL_OVER;
	c->announcement->closed = c->announcement->over = true;
	if (c->other)
		c->other->announcement->over = true;
}

static void end_calls(struct pptp_end *e, bool wrote)
{
	forget_gre(e, NULL);
	for (uint32_t i = 0; i < e->call_count; i++)
		end_call(e, &e->call[i], wrote);
}

/* ---- GRE ---- */

static bool is_connected(const struct pptp_call *c)
{
	return c && c->state == CALL_CONNECTED;
}

static void send_gre(struct pptp_end *e, struct pptp_call *c, bool ping)
{
	struct wire w = { .src = e->control->local, .dst = e->control->remote, .protocol = USHER_GRE };
	struct pptp_house *house = e->house;
	uint8_t data[400];
	uint32_t number;

	if (!is_connected(c))
		return;
	number = house->gre_count < PPTP_GRE ? house->gre_count++ : PPTP_GRE;
	memset(data, (uint8_t)number, sizeof(data));
	put32(data, number);
	put16(data + 4, c->other->announcement->number);
	data[6] = ping;
	if (number < PPTP_GRE) {
		/* Under way before the other end has read that the call is there, it may come before the gateway has. */
		house->gre[number] = (struct pptp_gre){ c->other, e->sim->now, false, false, is_connected(c->other) };
	}
	w.dst.key = c->peer;
	w.data = data;
	w.len = 8 + roll(&e->dice, sizeof(data) - 8);
	w.gre = (struct wire_gre){ .has_seq = true, .has_ack = chance(&e->dice, 50), .seq = c->sequence++, .ack = 7 };
	sim_log(e->sim, "GRE packet %u of %s, call %u to %u", number, e->host->name, c->own, c->peer);
	host_send(e->host, &w, 0);
}

static struct pptp_gre *gre_of(struct pptp_house *house, const struct wire *w)
{
	uint32_t number = w->len < 8 ? PPTP_GRE : get16(w->data) << 16 | get16(w->data + 2);

	return number < house->gre_count && number < PPTP_GRE ? &house->gre[number] : NULL;
}

void pptp_gre_lost(struct sim *sim, const struct wire *w)
{
	struct pptp_house *house = sim->host[0].gre_data;
	struct pptp_gre *g = house ? gre_of(house, w) : NULL;

	if (g)
		g->lost = true;
}

void pptp_gre_came(struct host *h, const struct wire *w)
{
	struct pptp_house *house = h->gre_data;
	struct pptp_gre *g = gre_of(house, w);
	uint32_t meant = w->len < 8 ? 0xffff : get16(w->data + 4);

	for (uint32_t i = 0; i < house->count; i++) {
		struct pptp_end *e = &house->end[i];

		if (e->host != h || !e->control || !same_address(&e->control->remote, &w->src))
			continue;
		for (uint32_t k = e->call_count; k-- > 0;) {
			struct pptp_call *c = &e->call[k];

			if (c->own != w->dst.key || c->announcement->number != meant)
				continue;
			if (g)
				g->arrived = true;
			house->delivered++;
			sim_cover(h->sim, COVER_GRE);
			if (w->data[6] && is_connected(c))
				send_gre(e, c, false);
			return;
		}
	}
	if (gateways_count(h->sim, USHER_COUNTER_HELD_EXPIRED)) /* the call's id could not be changed */
		return;
	if (meant < h->sim->announcement_count && h->sim->announcement[meant].over)
		sim_cover(h->sim, COVER_LATE_GRE);
	else if (h->guarded || meant != 0xffff)
		sim_violation(h->sim, "GRE for call %u (its number %u) reaches %s as from %s", meant, w->dst.key, h->name,
			      address_text(&w->src));
}

bool pptp_is_live(const struct host *h, const struct wire *w)
{
	const struct pptp_house *house = h->gre_data;

	for (uint32_t i = 0; house && i < house->count; i++) {
		const struct pptp_end *e = &house->end[i];

		for (uint32_t k = 0; e->host == h && same_address(&e->control->remote, &w->src) && k < e->call_count; k++) {
			if (e->call[k].own == w->dst.key && (e->call[k].state != CALL_OVER || e->call[k].lingers > h->sim->now))
				return true;
		}
	}
	return false;
}

void pptp_finish(struct pptp_house *house)
{
	/* An announcement that had to leave unedited, or a connection that was reset, has cost its call. */
	if (gateways_count(house->sim, USHER_COUNTER_HELD_EXPIRED) || gateways_count(house->sim, USHER_COUNTER_OWN_RESETS))
		return;
	for (uint32_t i = 0; i < house->gre_count; i++) {
		const struct pptp_gre *g = &house->gre[i];

		if (g->due && !g->arrived && !g->lost && g->time + SETTLE_MS * (uint64_t)MS < house->sim->now)
			sim_violation(house->sim, "GRE packet %u for call id %u does not arrive", i, g->to->own);
	}
}

/* ---- reading ---- */

static void connected(struct pptp_end *e, struct pptp_call *c)
{
	if (c->state == CALL_ASKED || c->state == CALL_ANSWERED)
		e->waiting -= e->waiting > 0;
	c->state = CALL_CONNECTED;
}

/* A request of the other end's: a new call here. */
static void requested(struct pptp_end *e, const uint8_t *m, bool incoming)
{
	struct pptp_call *c = new_call(e, incoming, incoming);
	bool refused = chance(&e->dice, e->manners->refuses);

	c->peer = (uint16_t)get16(m + 12);
	c->knows_peer = true;
	for (uint32_t i = e->other->call_count; i-- > 0;) {
		struct pptp_call *o = &e->other->call[i];

		if (!o->other && o->state == CALL_ASKED && o->incoming == incoming && o->announcement->announced &&
		    o->announcement->seen.key == c->peer) {
			c->other = o;
			o->other = c;
		}
	}
	if (!c->other) {
		sim_violation(e->sim, "%s is asked for a call by id %u, which nobody has", e->host->name, c->peer);
		return;
	}
	answer(e, incoming ? IN_REPLY : OUT_REPLY, c, refused ? 2 : 1);
	if (refused)
		end_call(e, c, true);
	else
		c->state = incoming ? CALL_ANSWERED : CALL_CONNECTED;
	e->waiting += c->state == CALL_ANSWERED;
}

/* A reply to a request of ours. */
static void replied(struct pptp_end *e, const uint8_t *m, bool incoming)
{
	struct pptp_call *c = by_own(e, get16(m + 14));

	if (!c || c->state != CALL_ASKED || c->incoming != incoming || !c->other) {
		if (!was_own(e, get16(m + 14)) && !gateways_count(e->sim, USHER_COUNTER_HELD_EXPIRED))
			sim_violation(e->sim, "%s reads a reply to call id %u, which it has not asked with", e->host->name, get16(m + 14));
		return;
	}
	c->peer = (uint16_t)get16(m + 12);
	c->knows_peer = true;
	if (m[16] != 1) {
		end_call(e, c, false);
		attack_closed(e->sim, c->announcement);
		return;
	}
	connected(e, c);
	if (incoming)
		answer(e, IN_CONNECT, c, 0);
}

/* CLEAR_REQUEST, DISCONNECT: the id is the sender's. */
static void cleared(struct pptp_end *e, const uint8_t *m, bool disconnected)
{
	struct pptp_call *c = by_peer(e, get16(m + 12));

	if (!c)
		return; /* both cleared it */
	if (!disconnected) {
		answer(e, DISCONNECT, c, 0);
		end_call(e, c, true);
		return;
	}
	end_call(e, c, false);
	attack_closed(e->sim, c->announcement);
}

static void session_message(struct pptp_end *e, uint8_t type, const uint8_t *m)
{
	(void)m;
	if (type == START_REQUEST) {
		answer(e, START_REPLY, NULL, 1);
		e->established = true;
	} else if (type == START_REPLY) {
		e->established = true;
		e->waiting--;
	} else if (type == STOP_REQUEST) {
		end_calls(e, false);
		answer(e, STOP_REPLY, NULL, 1);
		e->stopping = true;
	} else if (type == STOP_REPLY) {
		e->waiting--;
		for (uint32_t i = 0; i < e->call_count; i++)
			attack_closed(e->sim, e->call[i].announcement);
		writer_close(&e->out);
	} else if (type == ECHO_REQUEST) {
		answer(e, ECHO_REPLY, NULL, 0);
	} else {
		e->waiting--;
	}
}

static void message(struct pptp_end *e, const uint8_t *m)
{
	uint32_t type = get16(m + 8);

	if (type <= ECHO_REPLY) {
		session_message(e, (uint8_t)type, m);
	} else if (type == OUT_REQUEST || type == IN_REQUEST) {
		requested(e, m, type == IN_REQUEST);
	} else if (type == OUT_REPLY || type == IN_REPLY) {
		replied(e, m, type == IN_REPLY);
	} else if (type == CLEAR_REQUEST || type == DISCONNECT) {
		cleared(e, m, type == DISCONNECT);
	} else { /* ours is the id that it names */
		struct pptp_call *c = by_own(e, get16(m + 12));

		if (type == IN_CONNECT && c && c->state == CALL_ANSWERED)
			connected(e, c);
	}
}

static void read_messages(struct pptp_end *e)
{
	struct tcp *t = e->control;

	while (!e->sim->failed) {
		uint32_t have = t->consumed + tcp_readable(t) - t->parsed, len;
		uint8_t m[MESSAGE_MAX];

		len = have >= 12 ? get16(t->rx.data + t->parsed) : 0;
		if (have >= 12 && (len < 12 || len > MESSAGE_MAX || get16(t->rx.data + t->parsed + 4) != COOKIE >> 16)) {
			sim_violation(e->sim, "%s reads what is no PPTP message", e->host->name);
			return;
		}
		if (!len || have < len) {
			tcp_read(t, tcp_readable(t));
			return;
		}
		memcpy(m, t->rx.data + t->parsed, len);
		t->parsed += len;
		if (t->parsed > t->consumed)
			tcp_read(t, t->parsed - t->consumed);
		message(e, m);
	}
}

/* ---- the script ---- */

static void finish(struct pptp_end *e)
{
	if (e->done)
		return;
	e->done = true;
	end_calls(e, true);
	if (e->opener)
		sim_app_done(e->sim);
}

static void wake(struct sim *sim, void *object, uint32_t step)
{
	struct pptp_end *e = object;

	(void)sim;
	if (e->step != step || e->done)
		return;
	e->asleep = false;
	e->step++;
	go_both(e);
}

/* One packet in each call, again until `size` are sent. */
static void gre_turn(struct sim *sim, void *object, uint32_t left)
{
	struct pptp_end *e = object;

	for (uint32_t i = 0; i < e->call_count && !e->done; i++)
		send_gre(e, &e->call[i], true);
	if (left > 1)
		sim_at(sim, sim->now + roll(&e->dice, 30) * (uint64_t)MS, gre_turn, e, left - 1);
}

/* The oldest connected call in which this end may write such a message: only a PAC tells of errors. */
static struct pptp_call *oldest(struct pptp_end *e, uint8_t kind)
{
	for (uint32_t i = 0; i < e->call_count; i++) {
		if (is_connected(&e->call[i]) && is_connected(e->call[i].other) && !(kind == CALL_ERRORS && e->call[i].pns))
			return &e->call[i];
	}
	return NULL;
}

static void ask_for_call(struct pptp_end *e, bool incoming)
{
	struct pptp_call *c = new_call(e, incoming, !incoming);

	c->state = CALL_ASKED;
	e->waiting++;
	put_message(e, incoming ? IN_REQUEST : OUT_REQUEST, c, 0);
}

static void about_call(struct pptp_end *e, uint8_t kind)
{
	struct pptp_call *c = oldest(e, kind);

	if (!c)
		return;
	if (kind != CALL_CLEAR) {
		put_message(e, kind == CALL_LINK ? LINK_INFO : WAN_ERROR, c, 0);
	} else if (c->pns) {
		put_message(e, CLEAR_REQUEST, c, 0);
		forget_gre(e, c);
		c->state = CALL_CLEARING;
	} else {
		put_message(e, DISCONNECT, c, 0);
		end_call(e, c, true);
	}
}

static void play(struct pptp_end *e, const struct pptp_step *s)
{
	switch (s->kind) {
	case CALL_OUT:
	case CALL_IN:
		ask_for_call(e, s->kind == CALL_IN);
		break;
	case CALL_GRE:
		gre_turn(e->sim, e, s->size);
		break;
	case CALL_ECHO:
		e->waiting++;
		put_message(e, ECHO_REQUEST, NULL, 0);
		break;
	case CALL_LINK:
	case CALL_ERRORS:
	case CALL_CLEAR:
		about_call(e, s->kind);
		break;
	case CALL_STOP:
		end_calls(e, true);
		e->waiting++;
		put_message(e, STOP_REQUEST, NULL, 0);
		break;
	case CALL_CLOSE:
		end_calls(e, true);
		flush(e, s);
		writer_close(&e->out);
		break;
	case CALL_RESET:
		end_calls(e, true);
		sim_cover(e->sim, COVER_ABORTED);
		tcp_abort(e->control);
		finish(e);
		break;
	default:
		break;
	}
	if (!s->join && !e->done)
		flush(e, s);
}

static bool may_go(const struct pptp_end *e, const struct pptp_step *s)
{
	const struct pptp_end *o = e->other;

	if ((s->kind == CALL_WAIT || s->kind == CALL_MEET) && e->waiting)
		return false;
	return s->kind != CALL_MEET || !o || o->done || (o->step == o->step_count && !o->waiting);
}

static void go(struct pptp_end *e)
{
	while (e->established && !e->done && !e->asleep && !e->stopping && e->step < e->step_count && !e->sim->failed) {
		const struct pptp_step *s = &e->script[e->step];

		if (!may_go(e, s))
			return;
		if (s->kind == CALL_SLEEP) {
			e->asleep = true;
			sim_at(e->sim, e->sim->now + s->size * (uint64_t)MS, wake, e, e->step);
			return;
		}
		e->step++;
		play(e, s);
	}
}

/* What one does may be what the other has waited for. */
static void go_both(struct pptp_end *e)
{
	go(e);
	if (e->other) {
		go(e->other);
		go(e);
	}
}

static void lost(struct pptp_end *e, const char *how)
{
	if (!e->done && e->opener && !gateways_count(e->sim, USHER_COUNTER_OWN_RESETS))
		sim_violation(e->sim, "%s: the control connection ends by %s", e->host->name, how);
	finish(e);
}

static void control_app(struct tcp *t, enum tcp_event event)
{
	struct pptp_end *e = t->app_data;

	switch (event) {
	case TCP_OPEN:
		if (e->opener != e->house->manners[1]->asks_session) {
			e->waiting++;
			put_message(e, START_REQUEST, NULL, 0);
			flush(e, NULL);
		}
		break;
	case TCP_BYTES:
		read_messages(e);
		flush(e, NULL);
		go_both(e);
		break;
	case TCP_EOF:
		end_calls(e, true);
		flush(e, NULL);
		writer_close(&e->out);
		finish(e);
		break;
	case TCP_RESET:
		lost(e, "RST");
		break;
	case TCP_TIMEOUT:
		lost(e, "time-out");
		break;
	default:
		break;
	}
}

static struct pptp_end *new_end(struct pptp_house *house, struct tcp *t, bool opener)
{
	struct pptp_end *e = &house->end[house->count++];
	struct bytes queue = e->out.queue;

	*e = (struct pptp_end){ .sim = house->sim, .host = t->host, .control = t, .house = house, .opener = opener };
	e->out.queue = queue;
	e->dice.state = roll64(&house->sim->dice);
	e->manners = house->manners[!opener];
	e->next_id = e->manners->first_id;
	writer_begin(&e->out, t);
	t->app = control_app;
	t->app_data = e;
	return e;
}

void pptp_begin(struct pptp_house *house, struct host *h, const struct usher_endpoint *to, uint16_t port, const struct pptp_plan *plan)
{
	struct pptp_end *e = new_end(house, host_connect(h, port, to), true);

	e->script = plan->step;
	e->step_count = plan->count;
	h->sim->busy_apps++;
	tcp_connect(e->control);
}

void pptp_accept(struct tcp *t, enum tcp_event event)
{
	struct pptp_house *house = t->app_data;
	struct pptp_end *e;

	if (event != TCP_OPEN)
		return;
	if (house->count == PPTP_ENDS) {
		sim_violation(t->sim, "the simulation has no room for more than %u ends", PPTP_ENDS);
		return;
	}
	e = new_end(house, t, false);
	e->script = house->plan->step;
	e->step_count = house->plan->count;
	for (uint32_t i = 0; i < house->count; i++) {
		if (house->end[i].control == t->peer) {
			e->other = &house->end[i];
			e->other->other = e;
		}
	}
	control_app(t, event);
}
