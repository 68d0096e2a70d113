/*
 * tcp: no packet that a correct endpoint sends is ever invalid (lib/conn/tcp_window.c).
 *
 * Two endpoints as RFC 9293, 5961, 7323 and 2018 have them, written for this test: they open (one of them, both at once, with
 * data in the SYN), send, lose, reorder, duplicate, retransmit, probe closed windows, keep alive, close or abort. Between
 * them stands a connection record that sees every packet before it may be lost a second time. Numbers wrap.
 * A seed that fails is printed; USHER_TEST_SEED=N runs that one alone.
 */
#include "base/be.h"
#include "conn/conn.h"
#include "conn/tcp_table.h"
#include "conn/tcp_window.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RUNS 3000
#define STEPS 4000
#define QUEUE 64
#define RANGES 4
#define REORDER 6 /* how many packets one may overtake: no more than a window, as RFC 5961 5.2 assumes */

struct segment {
	uint8_t flags;
	uint32_t seq, ack, len;
	uint16_t window;
	int8_t scale; /* -1: no option */
	bool sack_permitted, timestamp;
	unsigned sack_count;
	uint32_t sack[RANGES][2];
};

enum end_state { CLOSED, SYN_SENT, SYN_RECV, OPEN };

/* An endpoint. Names as in RFC 9293 3.3.1. */
struct end {
	enum end_state state;
	uint32_t iss, una, nxt, wnd, wl1, wnd_most;
	uint32_t rcv_nxt, rcv_edge, buffer, unread, taken;
	uint32_t to_send;        /* bytes the application still has */
	bool wants_close, fin_sent, fin_seen;
	bool sack_ok, sack_peer, timestamps;
	int8_t scale, scale_peer; /* -1: not offered */
	bool scaling;
	uint32_t range[RANGES][2]; /* what came early */
	unsigned ranges;
	bool range_fin;
	uint32_t fin_at;
	uint32_t mss;
	bool owes_ack;
};

struct run {
	uint64_t seed, random;
	struct end end[2];
	struct segment queue[2][2][QUEUE]; /* by sender; before the tracker, behind it */
	unsigned queued[2][2];
	bool reorders, lossy;
	struct conn c;
	bool present, was_closed;
	unsigned orig;
	struct conn_config config;
	usher_time now;
	unsigned long count[5], refused_rst;
	char history[16][160];
	unsigned recorded;
};

static uint32_t random32(struct run *r)
{
	r->random = r->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(r->random >> 32);
}

static uint32_t below(struct run *r, uint32_t n)
{
	return n ? (uint32_t)((uint64_t)random32(r) * n >> 32) : 0;
}

static bool chance(struct run *r, unsigned percent)
{
	return below(r, 100) < percent;
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* ---- the tracker in the middle */

static uint32_t put_options(uint8_t *to, const struct segment *s)
{
	uint32_t len = 0;

	if (s->scale >= 0) {
		memcpy(to, (uint8_t[]){ 1, 3, 3, (uint8_t)s->scale }, 4);
		len += 4;
	}
	if (s->sack_permitted) {
		memcpy(to + len, (uint8_t[]){ 1, 1, 4, 2 }, 4);
		len += 4;
	}
	if (s->timestamp) {
		memcpy(to + len, (uint8_t[]){ 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2 }, 12);
		len += 12;
	}
	if (s->sack_count) {
		memcpy(to + len, (uint8_t[]){ 1, 1, 5, (uint8_t)(2 + 8 * s->sack_count) }, 4);
		len += 4;
	}
	for (unsigned i = 0; i < s->sack_count; i++, len += 8) {
		be32_write(to + len, s->sack[i][0]);
		be32_write(to + len + 4, s->sack[i][1]);
	}
	return len;
}

static void put_packet(const struct segment *s, struct pkt *p, uint8_t *header)
{
	uint32_t len = 20;

	memset(header, 0, 64);
	be32_write(header + 4, s->seq);
	be32_write(header + 8, s->ack);
	len += put_options(header + 20, s);
	header[12] = (uint8_t)(len / 4 << 4);
	header[13] = s->flags;
	be16_write(header + 14, s->window);
	*p = (struct pkt){ .family = USHER_IPV4, .protocol = USHER_TCP, .tcp_flags = s->flags, .payload_len = s->len };
}

static void record(struct run *r, unsigned side, const struct segment *s, const char *verdict)
{
	snprintf(r->history[r->recorded++ % 16], sizeof(r->history[0]), "%c flags %02x seq %u ack %u len %u win %u sacks %u: %s",
		 side ? '<' : '>', s->flags, s->seq - r->end[side].iss, s->ack - r->end[!side].iss, s->len, s->window,
		 s->sack_count, verdict);
}

static void fail_run(struct run *r, const char *why)
{
	for (unsigned i = r->recorded > 16 ? r->recorded - 16 : 0; i < r->recorded; i++)
		print_message("%s\n", r->history[i % 16]);
	fail_msg("seed %" PRIu64 ", state %s: %s", r->seed, usher__tcp_states[r->c.state], why);
}

/* What the tracker knows of a side is never less than what its peer has accepted: all of it came by. */
static void check_knowledge(struct run *r)
{
	for (unsigned side = 0; side < 2; side++) {
		const struct conn_tcp_side *sender = &r->c.u.tcp.side[side ^ r->orig];

		if (r->c.state != CONN_TCP_ESTABLISHED || r->c.status & CONN_PICKED_UP || r->end[!side].state != OPEN)
			continue;
		if (seq_before(sender->end, r->end[!side].rcv_nxt))
			fail_run(r, "end is behind what was received");
		if (sender->max_win == 0)
			fail_run(r, "a sender without window");
	}
}

/* RFC 9293 3.10.7.4, first. */
static bool is_acceptable(const struct end *e, uint32_t seq, uint32_t len)
{
	uint32_t window = e->rcv_edge - e->rcv_nxt;
	uint32_t first = seq - e->rcv_nxt, last = seq + len - 1 - e->rcv_nxt;

	if (len == 0)
		return window == 0 ? first == 0 : first < window;
	return window != 0 && (first < window || last < window);
}

static bool is_excused(const struct run *r, unsigned side, const struct segment *s)
{
	const struct end *receiver = &r->end[!side];

	if (!r->present) /* nothing begins in the middle but with an ACK */
		return (s->flags & (TCP_SYN | TCP_FIN | TCP_RST)) != 0;
	/* From a closed endpoint to something old (RFC 9293 3.5.2), and out of window for its receiver, too. */
	return s->flags & TCP_RST && receiver->state != SYN_SENT && !is_acceptable(receiver, s->seq, 0);
}

static void judge(struct run *r, unsigned side, const struct segment *s)
{
	static const char *const words[] = { "pass", "INVALID", "ignore", "again", "delete" };
	struct conn_step step = { 0 };
	uint8_t header[64];
	struct pkt p;

	put_packet(s, &p, header);
	r->now += 1000;
	if (r->present) {
		usher__conn_tcp.packet(&r->c, side ^ r->orig, &(struct conn_arrival){ &p, header, r->now, &r->config }, &step);
	} else if (!r->was_closed) {
		memset(&r->c, 0, sizeof(r->c));
		r->orig = side;
		if (usher__conn_tcp.begin(&r->c, &(struct conn_arrival){ &p, header, r->now, &r->config }, &step))
			r->present = true;
		else if (step.action != CONN_INVALID)
			fail_run(r, "does not begin, but is not invalid");
	}
	record(r, side, s, words[step.action]);
	r->count[step.action]++;
	if (step.action == CONN_INVALID && !is_excused(r, side, s))
		fail_run(r, "a correct endpoint's packet is invalid");
	if (step.action == CONN_DELETE || step.action == CONN_RESTART) {
		r->present = false;
		r->was_closed = true;
	}
	if (r->present)
		check_knowledge(r);
}

/* ---- the way between them */

static void push(struct run *r, unsigned side, unsigned stage, const struct segment *s)
{
	if (r->queued[side][stage] < QUEUE)
		r->queue[side][stage][r->queued[side][stage]++] = *s;
}

static bool pull(struct run *r, unsigned side, unsigned stage, struct segment *s)
{
	struct segment *queue = r->queue[side][stage];
	unsigned *queued = &r->queued[side][stage], at = 0;
	bool open = r->end[0].state == OPEN && r->end[1].state == OPEN;

	if (*queued == 0)
		return false;
	if (r->reorders && open && chance(r, 20))
		at = below(r, lesser(*queued, REORDER));
	*s = queue[at];
	if (r->reorders && open && chance(r, 3))
		return true; /* comes twice */
	memmove(&queue[at], &queue[at + 1], (*queued - at - 1) * sizeof(*queue));
	--*queued;
	return true;
}

/* ---- an endpoint sends */

static uint32_t offer_window(struct end *e)
{
	uint32_t room = e->buffer - lesser(e->buffer, e->unread), edge = e->rcv_nxt + room;

	/* RFC 9293 3.8.6.2.2: an edge that was offered is not taken back. */
	if (seq_before(edge, e->rcv_edge))
		edge = e->rcv_edge;
	e->rcv_edge = edge;
	return edge - e->rcv_nxt;
}

static void send_segment(struct run *r, unsigned side, uint8_t flags, uint32_t seq, uint32_t len)
{
	struct end *e = &r->end[side];
	struct segment s = { .flags = flags, .seq = seq, .len = len, .scale = -1 };
	unsigned shift = !(flags & TCP_SYN) && e->scaling ? (unsigned)e->scale : 0;

	if (flags & TCP_ACK)
		s.ack = e->rcv_nxt;
	if (!(flags & TCP_RST))
		s.window = (uint16_t)lesser(offer_window(e) >> shift, 65535);
	if (flags & TCP_SYN) {
		bool may = !(flags & TCP_ACK);

		s.scale = may || e->scale_peer >= 0 ? e->scale : (int8_t)-1;
		s.sack_permitted = e->sack_ok && (may || e->sack_peer);
	} else {
		s.timestamp = e->timestamps;
		if (e->sack_ok && e->sack_peer && flags & TCP_ACK && !(flags & TCP_RST)) {
			s.sack_count = lesser(e->ranges, s.timestamp ? 3 : 4);
			memcpy(s.sack, e->range, sizeof(s.sack));
		}
	}
	if (flags & TCP_ACK)
		e->owes_ack = false;
	if (r->lossy && chance(r, 4))
		return;
	push(r, side, 0, &s);
}

static void send_syn(struct run *r, unsigned side)
{
	struct end *e = &r->end[side];

	send_segment(r, side, e->state == SYN_RECV ? TCP_SYN | TCP_ACK : TCP_SYN, e->iss, 0);
}

static bool has_sent_all(const struct end *e)
{
	return e->to_send == 0 && e->una == e->nxt;
}

/* The last byte of the data that was sent is at nxt - 1, or before the FIN. */
static void send_range(struct run *r, unsigned side, uint32_t seq, uint32_t len)
{
	struct end *e = &r->end[side];
	bool with_fin = e->fin_sent && seq + len == e->nxt && len > 0;

	send_segment(r, side, (uint8_t)(TCP_ACK | (chance(r, 50) ? TCP_PSH : 0) | (with_fin ? TCP_FIN : 0)), seq,
		     len - with_fin);
}

static void send_new(struct run *r, unsigned side)
{
	struct end *e = &r->end[side];
	uint32_t edge = e->una + e->wnd, room = seq_before(e->nxt, edge) ? edge - e->nxt : 0, len;

	if (e->fin_sent)
		return;
	if (room == 0 && e->nxt == e->una) /* RFC 9293 3.8.6.1: a byte into the closed window, one at a time */
		room = 1;
	len = lesser(lesser(room, e->to_send), chance(r, 10) ? 60000 : 1 + below(r, e->mss));
	if (len) {
		e->to_send -= len;
		e->nxt += len;
		send_range(r, side, e->nxt - len, len);
	} else if (e->wants_close && e->to_send == 0 && room) {
		e->fin_sent = true;
		e->nxt++;
		send_range(r, side, e->nxt - 1, 1);
	}
}

static void retransmit(struct run *r, unsigned side)
{
	struct end *e = &r->end[side];
	uint32_t out = e->nxt - e->una, from = chance(r, 70) ? 0 : below(r, out);

	if (e->state != OPEN)
		send_syn(r, side);
	else if (out)
		send_range(r, side, e->una + from, 1 + below(r, lesser(out - from, 3 * e->mss)));
}

static void keep_alive(struct run *r, unsigned side)
{
	struct end *e = &r->end[side];

	if (e->una == e->nxt && !e->fin_sent) /* RFC 9293 3.8.4: with a byte of garbage, or none */
		send_segment(r, side, TCP_ACK, e->nxt - 1, below(r, 2));
}

static void abort_end(struct run *r, unsigned side)
{
	struct end *e = &r->end[side];

	if (e->state == SYN_RECV || e->state == OPEN) /* RFC 9293 3.10.5: nothing to say before */
		send_segment(r, side, chance(r, 50) ? TCP_RST | TCP_ACK : TCP_RST, e->nxt, 0);
	e->state = CLOSED;
}

/* ---- and receives: RFC 9293 3.10.7, in its order */

static void receive_closed(struct run *r, unsigned side, const struct segment *s)
{
	struct segment reset = { .flags = TCP_RST, .seq = s->ack, .scale = -1 };

	if (s->flags & TCP_RST)
		return;
	if (!(s->flags & TCP_ACK)) {
		reset.flags = TCP_RST | TCP_ACK;
		reset.seq = 0;
		reset.ack = s->seq + s->len + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
	}
	push(r, side, 0, &reset);
}

static void take_syn(struct end *e, const struct segment *s)
{
	e->rcv_nxt = e->rcv_edge = s->seq + 1;
	e->scale_peer = s->scale;
	e->sack_peer = s->sack_permitted;
	e->scaling = e->scale >= 0 && s->scale >= 0;
	e->wnd = e->wnd_most = s->window;
	e->wl1 = s->seq;
}

static void receive_in_syn_sent(struct run *r, unsigned side, const struct segment *s)
{
	struct end *e = &r->end[side];

	if (s->flags & TCP_ACK && (!seq_after(s->ack, e->iss) || seq_after(s->ack, e->nxt))) {
		receive_closed(r, side, s);
		return;
	}
	if (s->flags & TCP_RST) {
		if (s->flags & TCP_ACK)
			e->state = CLOSED;
		return;
	}
	if (!(s->flags & TCP_SYN))
		return;
	take_syn(e, s);
	if (s->flags & TCP_ACK) {
		e->to_send += e->nxt - s->ack; /* data of the SYN that was not taken is sent again */
		e->una = e->nxt = s->ack;
		e->state = OPEN;
		send_segment(r, side, TCP_ACK, e->nxt, 0);
	} else {
		e->state = SYN_RECV;
		send_syn(r, side);
	}
}

/* A listener's side of the same. Data in the SYN (RFC 7413) is taken now and then. */
static void receive_first_syn(struct run *r, unsigned side, const struct segment *s)
{
	struct end *e = &r->end[side];

	if (!(s->flags & TCP_SYN) || s->flags & (TCP_ACK | TCP_RST))
		return;
	take_syn(e, s);
	if (s->len && chance(r, 50))
		e->rcv_nxt = e->rcv_edge = e->rcv_nxt + s->len;
	e->una = e->iss;
	e->nxt = e->iss + 1;
	e->state = SYN_RECV;
	send_syn(r, side);
}

static void merge_ranges(struct end *e)
{
	bool again = true;

	while (again) {
		again = false;
		for (unsigned i = 0; i < e->ranges; i++) {
			if (seq_after(e->range[i][0], e->rcv_nxt))
				continue;
			if (seq_after(e->range[i][1], e->rcv_nxt)) {
				e->unread += e->range[i][1] - e->rcv_nxt;
			e->taken += e->range[i][1] - e->rcv_nxt;
				e->rcv_nxt = e->range[i][1];
			}
			memmove(&e->range[i], &e->range[i + 1], (--e->ranges - i) * sizeof(e->range[0]));
			again = true;
			break;
		}
	}
	if (e->range_fin && e->fin_at == e->rcv_nxt && !e->fin_seen) {
		e->fin_seen = true;
		e->rcv_nxt++;
		e->rcv_edge = seq_before(e->rcv_edge, e->rcv_nxt) ? e->rcv_nxt : e->rcv_edge;
	}
}

static void take_text(struct end *e, uint32_t seq, const struct segment *s)
{
	uint32_t left = seq, right = seq + s->len;

	if (s->flags & TCP_FIN && !seq_after(right, e->rcv_edge)) {
		e->range_fin = true;
		e->fin_at = right;
	}
	if (seq_before(left, e->rcv_nxt))
		left = e->rcv_nxt;
	if (seq_after(right, e->rcv_edge))
		right = e->rcv_edge;
	if (seq_before(left, right) && e->ranges < RANGES) {
		e->range[e->ranges][0] = left;
		e->range[e->ranges++][1] = right;
	}
	merge_ranges(e);
	if (s->len || s->flags & TCP_FIN)
		e->owes_ack = true;
}

/* RFC 9293 3.10.7.4, fifth, with RFC 5961 5.2. False: drop it. */
static bool take_ack(struct run *r, unsigned side, const struct segment *s)
{
	struct end *e = &r->end[side];
	uint32_t window = (uint32_t)s->window << (e->scaling && !(s->flags & TCP_SYN) ? (unsigned)e->scale_peer : 0);

	if (e->state == SYN_RECV) {
		if (!seq_after(s->ack, e->una) || seq_after(s->ack, e->nxt)) {
			receive_closed(r, side, s);
			return false;
		}
		e->state = OPEN;
		e->wl1 = s->seq;
			e->wnd = window;
	}
	if (seq_before(s->ack, e->una - e->wnd_most) || seq_after(s->ack, e->nxt)) {
		send_segment(r, side, TCP_ACK, e->nxt, 0);
		return false;
	}
	/* An acknowledgement moves the edge only together with its window: what was not offered is not used. */
	if (seq_after(s->ack, e->una) || (s->ack == e->una && !seq_after(e->wl1, s->seq))) {
		e->wnd = window;
		e->wnd_most = window > e->wnd_most ? window : e->wnd_most;
		e->wl1 = s->seq;
	}
	if (seq_after(s->ack, e->una))
		e->una = s->ack;
	return true;
}

static void receive_synchronized(struct run *r, unsigned side, const struct segment *s)
{
	struct end *e = &r->end[side];
	uint32_t len = s->len + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);

	if (!is_acceptable(e, s->seq, len)) {
		if (!(s->flags & TCP_RST)) {
			/* RFC 9293 3.8.6.1: a closed window still takes acknowledgements */
			if (s->flags & TCP_ACK && !(s->flags & TCP_SYN) && s->seq == e->rcv_nxt && e->state == OPEN)
				take_ack(r, side, s);
			send_segment(r, side, TCP_ACK, e->nxt, 0);
		}
		return;
	}
	if (s->flags & TCP_RST) {
		if (s->seq == e->rcv_nxt)
			e->state = CLOSED;
		else
			send_segment(r, side, TCP_ACK, e->nxt, 0); /* RFC 5961 3.2 */
		return;
	}
	if (s->flags & TCP_SYN && !(e->state == SYN_RECV && s->flags & TCP_ACK)) {
		send_segment(r, side, TCP_ACK, e->nxt, 0); /* RFC 5961 4.2 */
		return;
	}
	if (s->flags & TCP_ACK && take_ack(r, side, s))
		take_text(e, s->seq + !!(s->flags & TCP_SYN), s);
	if (e->owes_ack && (chance(r, 60) || e->ranges))
		send_segment(r, side, TCP_ACK, e->nxt, 0);
}

static void receive(struct run *r, unsigned side, const struct segment *s)
{
	struct end *e = &r->end[side];

	/* In SYN_RECEIVED after both opened, the other's SYN/ACK acknowledges; its SYN part was had before (RFC 9293 3.5). */
	if (e->state == SYN_RECV && (s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK) &&
	    s->seq + 1 == e->rcv_nxt) {
		take_ack(r, side, s);
		return;
	}
	switch (e->state) {
	case CLOSED:
		if (e->nxt == e->iss)
			receive_first_syn(r, side, s);
		else
			receive_closed(r, side, s);
		break;
	case SYN_SENT:
		receive_in_syn_sent(r, side, s);
		break;
	case SYN_RECV:
	case OPEN:
		receive_synchronized(r, side, s);
		break;
	}
}

/* ---- a run */

static void set_up_end(struct run *r, struct end *e)
{
	static const uint32_t places[] = { 0, 0x7fffff00, 0xfffff000, 0xffffff00, 0x80000000 };

	*e = (struct end){ .iss = places[below(r, 5)] + below(r, 5000), .scale = -1, .scale_peer = -1 };
	if (chance(r, 80))
		e->scale = (int8_t)below(r, 15);
	e->sack_ok = chance(r, 80);
	e->timestamps = chance(r, 50);
	e->una = e->nxt = e->iss;
	e->mss = 100 + below(r, 1361);
	e->buffer = 1 + below(r, chance(r, 30) ? 3000 : 65535u << (e->scale > 0 ? below(r, (uint32_t)e->scale) : 0));
	e->to_send = chance(r, 20) ? 0 : below(r, 400000);
}

static void open_end(struct run *r, unsigned side)
{
	struct end *e = &r->end[side];

	e->state = SYN_SENT;
	e->nxt = e->iss + 1;
	send_syn(r, side);
}

static void set_up(struct run *r, uint64_t seed)
{
	memset(r, 0, sizeof(*r));
	r->seed = seed;
	r->random = seed * 0x9e3779b97f4a7c15u + 1;
	for (unsigned i = 0; i < 8; i++)
		random32(r);
	r->now = USHER_SECOND;
#define TIMEOUT(id, name, seconds) r->config.timeout[CONN_TIMEOUT_##id] = (seconds) * USHER_SECOND;
	CONN_TIMEOUTS(TIMEOUT)
#undef TIMEOUT
	r->config.tcp_loose = true;
	r->config.tcp_max_retransmits = 3;
	r->reorders = chance(r, 60);
	r->lossy = chance(r, 60);
	set_up_end(r, &r->end[0]);
	set_up_end(r, &r->end[1]);
	open_end(r, 0);
	if (chance(r, 15)) {
		open_end(r, 1);
	} else if (chance(r, 15)) { /* data in the SYN */
		struct segment *s = &r->queue[0][0][0];

		s->len = lesser(r->end[0].to_send, below(r, 500));
		r->end[0].nxt += s->len;
		r->end[0].to_send -= s->len;
	}
}

static void act(struct run *r, unsigned side)
{
	struct end *e = &r->end[side];
	unsigned what = below(r, 100);

	if (e->state == CLOSED)
		return;
	if (e->state != OPEN) {
		if (what < 20)
			send_syn(r, side);
		else if (what == 20 && chance(r, 2))
			abort_end(r, side);
		return;
	}
	if (what < 45)
		send_new(r, side);
	else if (what < 55)
		retransmit(r, side);
	else if (what < 65)
		send_segment(r, side, TCP_ACK, e->nxt, 0);
	else if (what < 90)
		e->unread -= below(r, e->unread + 1);
	else if (what < 93)
		keep_alive(r, side);
	else if (what == 93 && chance(r, 20))
		e->wants_close = true;
	else if (what == 94 && chance(r, 2))
		abort_end(r, side);
}

/* Both FINs sent and acknowledged: the one that closed last is gone; the other lingers. */
static void finish(struct run *r)
{
	for (unsigned side = 0; side < 2; side++) {
		struct end *e = &r->end[side];

		if (e->state == OPEN && e->fin_sent && e->fin_seen && has_sent_all(e) && chance(r, 2))
			e->state = CLOSED;
	}
}

static bool is_past_opening(const struct run *r)
{
	for (unsigned i = 0; i < 4; i++)
		for (unsigned k = 0; k < r->queued[i / 2][i % 2]; k++)
			if (r->queue[i / 2][i % 2][k].flags & TCP_SYN)
				return false;
	return r->end[0].state == OPEN && r->end[1].state == OPEN;
}

static void run_one(struct run *r, uint64_t seed)
{
	struct segment s;

	set_up(r, seed);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned side = below(r, 2);

		if (chance(r, 30))
			act(r, side);
		else if (chance(r, 50) && pull(r, side, 0, &s)) {
			judge(r, side, &s);
			if (!r->lossy || !chance(r, 4))
				push(r, side, 1, &s);
		} else if (pull(r, side, 1, &s)) {
			receive(r, !side, &s);
		}
		finish(r);
		if (seed % 10 == 0 && below(r, 2000) == 0 && is_past_opening(r))
			r->present = false; /* as if the tracker had begun only now */
	}
}

static void test_correct_endpoints(void **state)
{
	static struct run r;
	const char *only = getenv("USHER_TEST_SEED");
	unsigned long count[5] = { 0 }, finished = 0, received = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		run_one(&r, only ? strtoull(only, NULL, 10) : seed);
		for (unsigned i = 0; i < 5; i++)
			count[i] += r.count[i];
		finished += r.end[0].state == CLOSED && r.end[1].state == CLOSED;
		received += r.end[0].taken + r.end[1].taken;
		if (only)
			break;
	}
	print_message("seeds 1..%d: %lu pass, %lu ignored, %lu RSTs refused, %lu deleted; %lu finished, %lu bytes\n", RUNS, count[0],
		      count[2], count[1], count[4], finished, received);
	if (only)
		return;
	/* The model does what it is for: it transfers, it ends, little of it has no effect. */
	assert_true(finished > RUNS / 10);
	assert_true(received > 10000ul * RUNS);
	assert_true(count[2] < count[0] / 20);
	assert_true(count[1] < count[0] / 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_correct_endpoints) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
