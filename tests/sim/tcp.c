/*
 * sim/tcp: receiving, the states, the application's side. tcp_send.c has what is sent and when.
 */
#include "tests/sim/mirror.h"
#include "tests/sim/sim.h"

#include <stdlib.h>

#define WAIT_MS 240000u /* longer than a lost FIN takes to come again */

void bytes_put(struct bytes *b, uint32_t at, const void *data, uint32_t len)
{
	if (at + len > b->room) {
		b->room = at + len < 4096 ? 4096 : 2 * (at + len);
		b->data = realloc(b->data, b->room);
		if (!b->data)
			abort();
	}
	if (len)
		memcpy(b->data + at, data, len);
	if (at + len > b->len)
		b->len = at + len;
}

bool tcp_is_open(const struct tcp *t)
{
	return (t->state == TCP_ESTABLISHED || t->state == TCP_CLOSE_WAIT) && !t->fin_wanted;
}

static bool has_synchronized(const struct tcp *t)
{
	return t->state >= TCP_ESTABLISHED;
}

static void tell(struct tcp *t, enum tcp_event event)
{
	void (*app)(struct tcp *, enum tcp_event) = t->app;

	if (event == TCP_RESET || event == TCP_TIMEOUT || event == TCP_GONE)
		t->app = NULL;
	if (app)
		app(t, event);
}

/* Nothing more will be sent or taken. */
void tcp_end(struct tcp *t, enum tcp_event event)
{
	if (t->state == TCP_CLOSED)
		return;
	t->state = TCP_CLOSED;
	t->rto_at = t->persist_at = t->ack_at = t->keep_at = t->wait_at = 0;
	tell(t, event);
}

/* ---- the application's side ---- */

void tcp_set_mss(struct tcp *t)
{
	uint32_t head = t->local.family == USHER_IPV4 ? 40 : 60, fits = t->path_mtu - head;

	t->mss = (uint16_t)(t->peer_mss && t->peer_mss < fits ? t->peer_mss : fits);
}

static void begin(struct tcp *t)
{
	struct sim *sim = t->sim;

	/* Some begin so that their numbers wrap within the first lines, or the sign changes. */
	t->iss = (uint32_t)roll64(&sim->dice);
	if (chance(&sim->dice, 15))
		t->iss = (chance(&sim->dice, 50) ? 0u : 0x80000000u) - 1 - roll(&sim->dice, 600);
	t->stamp_zero = (uint32_t)roll64(&sim->dice);
	t->path_mtu = 1500;
	t->rto = 1000;
	t->scale_in = t->profile->scale == 0xff ? 0 : t->profile->scale;
	t->sack = t->profile->sack;
	t->stamps = t->profile->stamps;
	t->ssthresh = UINT32_MAX / 2;
	tcp_set_mss(t);
}

void tcp_connect(struct tcp *t)
{
	begin(t);
	t->active = true;
	t->state = TCP_SYN_SENT;
	mirror_opened(t);
	tcp_output(t);
}

/* What the options of the other end's SYN agree on. */
static void agree(struct tcp *t, const struct wire_tcp *w)
{
	t->irs = w->seq;
	t->rcv_nxt = 1;
	t->rcv_edge = 1;
	t->peer_mss = w->mss ? w->mss : t->local.family == USHER_IPV4 ? 536 : 1220;
	if (w->scale == 0xff || t->profile->scale == 0xff) {
		t->scale_in = 0;
		t->scale_out = 0;
	} else {
		t->scale_out = w->scale > 14 ? 14 : w->scale;
	}
	t->sack = t->sack && w->sack_ok;
	t->stamps = t->stamps && w->stamped;
	t->stamp = w->value;
	t->last_ack = 1;
	tcp_set_mss(t);
	t->cwnd = (uint32_t)t->mss * t->profile->first_window;
}

void tcp_accept(struct tcp *t, const struct wire *w)
{
	begin(t);
	t->state = TCP_SYN_RECEIVED;
	agree(t, &w->tcp);
	t->edge = w->tcp.window;
	mirror_opened(t);
	tcp_output(t);
}

void tcp_write(struct tcp *t, const void *data, uint32_t len)
{
	bytes_put(&t->tx, t->tx.len, data, len);
	tcp_output(t);
}

void tcp_urgent(struct tcp *t, uint32_t end)
{
	t->urgent = end + 1;
	if (t->urgent_count < URGENTS_MAX)
		t->urgents[t->urgent_count++] = t->urgent;
	sim_cover(t->sim, COVER_URGENT);
}

void tcp_close(struct tcp *t)
{
	if (t->state == TCP_SYN_SENT) {
		tcp_end(t, TCP_GONE);
		return;
	}
	if (t->fin_wanted || t->state == TCP_CLOSED)
		return;
	t->fin_wanted = true;
	if (t->state == TCP_ESTABLISHED)
		t->state = TCP_FIN_WAIT_1;
	else if (t->state == TCP_CLOSE_WAIT)
		t->state = TCP_LAST_ACK;
	tcp_output(t);
}

void tcp_abort(struct tcp *t)
{
	struct wire w = { .src = t->local, .dst = t->remote, .protocol = USHER_TCP };

	if (t->state == TCP_CLOSED)
		return;
	if (has_synchronized(t) || t->state == TCP_SYN_RECEIVED) {
		w.tcp = (struct wire_tcp){ .seq = t->iss + t->max, .ack = t->irs + t->rcv_nxt, .flags = RST | ACK, .scale = 0xff };
		host_send(t->host, &w, 0);
	}
	t->app = NULL;
	tcp_end(t, TCP_GONE);
}

void tcp_read(struct tcp *t, uint32_t len)
{
	uint32_t space, least = t->profile->buffer / 2 < 2u * t->mss ? t->profile->buffer / 2 : 2u * t->mss;

	t->consumed += len;
	if (!has_synchronized(t) || t->fin_got)
		return;
	space = t->rcv_nxt + t->profile->buffer - tcp_readable(t) - t->rcv_edge;
	if (space >= least && space < 1u << 30 && !t->busy)
		tcp_send_ack(t);
}

/* ---- receiving ---- */

static bool is_same(const struct tcp *t, uint32_t number, const uint8_t *data, struct range of)
{
	if (of.from < number)
		of.from = number;
	return of.from >= of.to || !memcmp(t->rx.data + of.from - 1, data + (of.from - number), of.to - of.from);
}

/* The same byte must not come twice with different values: that is what edits applied anew would look like. */
static bool agrees(const struct tcp *t, uint32_t number, const uint8_t *data, uint32_t len)
{
	uint32_t end = number + len, next = t->rcv_nxt - t->fin_got;

	if (!is_same(t, number, data, (struct range){ number, next < end ? next : end }))
		return false;
	for (uint32_t i = 0; i < t->early.count; i++) {
		struct range early = t->early.at[i];

		if (!is_same(t, number, data, (struct range){ early.from, early.to < end ? early.to : end }))
			return false;
	}
	return true;
}

/* A segment that is not taken: what is known of it must be the same, and DSACK tells of it. */
static void look_at(struct tcp *t, uint32_t number, const uint8_t *data, uint32_t len)
{
	uint32_t end = number + len < t->rcv_nxt ? number + len : t->rcv_nxt;

	if (len > 1 && !agrees(t, number, data, len)) /* one old byte is a keep-alive's garbage */
		sim_violation(t->sim, "%s gets bytes at %u that differ from those that came before", t->host->name, number - 1);
	if (number < end)
		t->again_range = (struct range){ number, end };
}

/* Puts `len` bytes that begin at `number` in their place. Returns whether something new was among them. */
static bool put(struct tcp *t, uint32_t number, const uint8_t *data, uint32_t len)
{
	uint32_t room = t->rcv_edge > number ? t->rcv_edge - number : 0;

	if (len > room)
		len = room;
	if (!agrees(t, number, data, len))
		sim_violation(t->sim, "%s reads bytes at %u that differ from those that came before", t->host->name, number - 1);
	if (number + len <= t->rcv_nxt || ranges_have(&t->early, number, number + len)) {
		t->again_range = (struct range){ number, number + len };
		return false;
	}
	if (number < t->rcv_nxt) {
		t->again_range = (struct range){ number, t->rcv_nxt };
		data += t->rcv_nxt - number;
		len -= t->rcv_nxt - number;
		number = t->rcv_nxt;
	}
	if (!ranges_add(&t->early, number, number + len))
		return false;
	bytes_put(&t->rx, number - 1, data, len);
	t->latest = number;
	return true;
}

/* The segment's data and FIN. */
static void take(struct tcp *t, const struct wire *w, uint32_t number)
{
	uint32_t before = t->rcv_nxt;
	bool news = w->len && put(t, number, w->data, w->len);

	if (w->tcp.flags & FIN && number + w->len <= t->rcv_edge)
		t->fin_at = number + w->len;
	if (t->early.count && t->early.at[0].from <= t->rcv_nxt) {
		t->rcv_nxt = t->early.at[0].to;
		ranges_trim(&t->early, t->rcv_nxt);
	}
	if (t->fin_at && t->fin_at == t->rcv_nxt && !t->fin_got) {
		t->rcv_nxt++;
		t->fin_got = true;
		t->ack_now = true;
	}
	if (t->rcv_nxt != before) {
		t->unacked++;
		mirror_read(t);
	}
	if (!news || t->early.count || number != before || t->unacked >= 2 || !t->profile->delayed)
		t->ack_now = true;
	if (!t->ack_now && !t->ack_at)
		t->ack_at = t->sim->now + 40 * MS;
}

static void fin_came(struct tcp *t)
{
	if (t->state == TCP_ESTABLISHED)
		t->state = TCP_CLOSE_WAIT;
	else if (t->state == TCP_FIN_WAIT_1)
		t->state = TCP_CLOSING;
	else if (t->state == TCP_FIN_WAIT_2)
		t->state = TCP_TIME_WAIT;
}

/* Our FIN is acknowledged. */
static void fin_went(struct tcp *t)
{
	if (t->state == TCP_FIN_WAIT_1)
		t->state = TCP_FIN_WAIT_2;
	else if (t->state == TCP_CLOSING)
		t->state = TCP_TIME_WAIT;
}

/* Does the time stamp say that it is older than what came? */
static bool is_stale(struct tcp *t, const struct wire_tcp *w)
{
	if (!t->stamps || w->flags & RST)
		return false;
	if (!w->stamped) {
		sim_violation(t->sim, "%s gets a segment without time stamps, though they are agreed on", t->host->name);
		return true;
	}
	if ((int32_t)(w->value - t->stamp) < 0) {
		sim_cover(t->sim, COVER_PAWS);
		return true;
	}
	return false;
}

/* RFC 9293 3.10.7.4, first check. */
static bool is_acceptable(const struct tcp *t, int32_t number, uint32_t size)
{
	int32_t next = (int32_t)t->rcv_nxt, edge = (int32_t)t->rcv_edge;

	if (number == next)
		return true; /* without a window its data is cut off, but its acknowledgement counts */
	if (!size) /* the edge itself: who has filled the window acknowledges there */
		return number > next && number <= edge;
	return number < edge && number + (int32_t)size > next;
}

static void input_syn_sent(struct tcp *t, const struct wire *w)
{
	const struct wire_tcp *s = &w->tcp;
	bool ours = s->flags & ACK && s->ack == t->iss + 1;

	if (s->flags & RST) {
		if (ours)
			tcp_end(t, TCP_RESET);
		return;
	}
	if (!(s->flags & SYN) || !ours)
		return;
	agree(t, s);
	t->una = t->nxt = t->max = 1;
	t->edge = 1 + s->window;
	t->edge_seq = 0;
	t->edge_ack = 1;
	t->max_window = s->window;
	t->retries = 0;
	t->rto_at = 0;
	t->state = TCP_ESTABLISHED;
	t->ack_now = true;
	mirror_connected(t);
}

/* RST, SYN and numbers nobody expects. true: nothing else of the segment counts. */
static bool is_odd(struct tcp *t, const struct wire *w, int32_t number, uint32_t size)
{
	const struct wire_tcp *s = &w->tcp;

	if (s->flags & RST) {
		if (t->state == TCP_TIME_WAIT) /* RFC 1337 */
			return true;
		if (number == (int32_t)t->rcv_nxt)
			tcp_end(t, TCP_RESET);
		else if (number > (int32_t)t->rcv_nxt && number < (int32_t)t->rcv_edge)
			t->ack_now = true; /* RFC 5961 3.2 */
		return true;
	}
	if (t->state == TCP_SYN_RECEIVED && s->flags & SYN && number == 0) {
		t->nxt = 0; /* our SYN/ACK again */
		return true;
	}
	if (is_stale(t, s) || !is_acceptable(t, number, size) || s->flags & SYN) {
		if (w->len && number < (int32_t)t->rcv_nxt && number > 0)
			look_at(t, (uint32_t)number, w->data, w->len);
		t->ack_now = true;
		if (t->state == TCP_SYN_RECEIVED)
			t->nxt = 0; /* its acknowledgement is a SYN/ACK */
		if (t->state == TCP_TIME_WAIT && s->flags & FIN)
			t->wait_at = 0; /* RFC 9293 3.10.7.4: it begins anew */
		return true;
	}
	return !(s->flags & ACK);
}

static void input_open(struct tcp *t, const struct wire *w)
{
	const struct wire_tcp *s = &w->tcp;
	int32_t number = (int32_t)(s->seq - t->irs);
	bool had_fin = t->fin_got, had_sent = t->una == t->max;

	if (is_odd(t, w, number, w->len + (s->flags & FIN)))
		return;
	if (t->stamps && number <= (int32_t)t->last_ack)
		t->stamp = s->value;
	if (t->state == TCP_SYN_RECEIVED) {
		if ((int32_t)(s->ack - t->iss) < 1)
			return;
		t->state = t->fin_wanted ? TCP_FIN_WAIT_1 : TCP_ESTABLISHED;
		t->edge_seq = 0;
		tcp_ack_came(t, w);
		mirror_connected(t);
		tell(t, TCP_OPEN);
	} else {
		tcp_ack_came(t, w);
	}
	if (t->fin_acked)
		fin_went(t);
	if (w->len || s->flags & FIN)
		take(t, w, (uint32_t)number);
	if (t->fin_got && !had_fin)
		fin_came(t);
	if (!had_sent && t->una == t->max && t->una >= t->tx.len + 1)
		tell(t, TCP_SENT);
}

/* Tell the application what it can read. A connection is over only when all was told. */
static void tell_reading(struct tcp *t)
{
	if (tcp_readable(t))
		tell(t, TCP_BYTES);
	if (t->fin_got && !t->told_eof) {
		t->told_eof = true;
		tell(t, TCP_EOF);
	}
	if (t->state == TCP_TIME_WAIT)
		tell(t, TCP_GONE);
}

/* Tell the application what is new since it was told last. */
static void tell_news(struct tcp *t, uint8_t state)
{
	if (state == TCP_SYN_SENT && t->state == TCP_ESTABLISHED)
		tell(t, TCP_OPEN);
	if (t->state == TCP_LAST_ACK && t->fin_acked) {
		tcp_end(t, TCP_GONE);
		return;
	}
	if (t->state == TCP_TIME_WAIT && !t->wait_at)
		t->wait_at = t->sim->now + WAIT_MS * (uint64_t)MS;
	if (!t->profile->read_ms)
		tell_reading(t);
	else if (!t->read_at && (tcp_readable(t) || t->fin_got))
		t->read_at = t->sim->now + t->profile->read_ms * (uint64_t)MS;
}

void tcp_input(struct tcp *t, const struct wire *w)
{
	uint8_t state = t->state;

	if (t->state == TCP_CLOSED)
		return;
	t->busy = true;
	t->probes = 0;
	if (t->profile->keep_ms)
		t->keep_at = t->sim->now + t->profile->keep_ms * (uint64_t)MS;
	if (t->state == TCP_SYN_SENT)
		input_syn_sent(t, w);
	else
		input_open(t, w);
	if (t->state != TCP_CLOSED && !t->sim->failed)
		tell_news(t, state);
	t->busy = false;
	tcp_output(t);
}

/* ---- timers ---- */

static bool due(struct tcp *t, uint64_t *at)
{
	if (!*at || *at > t->sim->now)
		return false;
	*at = 0;
	return true;
}

void tcp_timer(struct sim *sim, void *object, uint32_t unused)
{
	struct tcp *t = object;

	(void)unused;
	if (t->armed != sim->now) /* another one was set meanwhile */
		return;
	t->armed = 0;
	if (due(t, &t->read_at))
		tell_reading(t);
	if (due(t, &t->ack_at))
		tcp_send_ack(t);
	if (due(t, &t->rto_at))
		tcp_retransmit_timer(t);
	if (due(t, &t->persist_at))
		tcp_persist_timer(t);
	if (due(t, &t->keep_at))
		tcp_keep_timer(t);
	if (due(t, &t->wait_at))
		t->state = TCP_CLOSED;
	tcp_arm(t);
}
