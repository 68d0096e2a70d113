/*
 * sim/tcp: what is sent, and when. tcp.c has what is received.
 */
#include "tests/sim/mirror.h"
#include "tests/sim/sim.h"

#define RTO_MIN 200u
#define RTO_MAX 5000u /* so that what is closing is closed before a gateway forgets it */
#define RETRIES 15u
#define KEEP_PROBES 9u
#define DUP_ACKS 3u

/* The number behind all that the application wrote. */
static uint32_t end_of(const struct tcp *t)
{
	return t->tx.len + 1;
}

/* ---- segments ---- */

/* The window to offer; it never takes back what was offered. */
static uint16_t window_of(struct tcp *t, bool syn)
{
	uint32_t used = t->rcv_nxt ? tcp_readable(t) : 0;
	uint32_t space = used < t->profile->buffer ? t->profile->buffer - used : 0, edge = t->rcv_nxt + space;
	uint32_t least = t->profile->buffer / 2 < t->mss ? t->profile->buffer / 2 : t->mss;
	unsigned shift = syn ? 0 : t->scale_in;

	if (edge < t->rcv_edge || (edge - t->rcv_edge < least && t->rcv_edge > 1))
		edge = t->rcv_edge;
	space = (edge - t->rcv_nxt) >> shift;
	if (space > 0xffff)
		space = 0xffff;
	if (t->rcv_nxt + (space << shift) > t->rcv_edge)
		t->rcv_edge = t->rcv_nxt + (space << shift);
	return (uint16_t)space;
}

/* RFC 2018 4: the newest first; RFC 2883: in front of it what came again. */
static void add_sack(struct tcp *t, struct wire_tcp *s)
{
	uint32_t room = t->stamps ? 3 : 4, i;

	if (!t->sack)
		return;
	if (t->again_range.from < t->again_range.to && t->profile->dsack)
		s->sack[s->sack_count++] = (struct range){ t->irs + t->again_range.from, t->irs + t->again_range.to };
	t->again_range.to = t->again_range.from;
	for (unsigned turn = 0; turn < 2; turn++) {
		for (i = 0; i < t->early.count && s->sack_count < room; i++) {
			const struct range *r = &t->early.at[i];
			bool newest = r->from <= t->latest && t->latest < r->to;

			if (newest == !turn)
				s->sack[s->sack_count++] = (struct range){ t->irs + r->from, t->irs + r->to };
		}
	}
}

static uint32_t clock_of(const struct tcp *t)
{
	return t->stamp_zero + (uint32_t)(t->sim->now / MS);
}

static uint32_t options_size(const struct tcp *t)
{
	return t->stamps ? 12 : 0;
}

/* One segment with `len` bytes from `from` on. */
static void send_segment(struct tcp *t, uint32_t from, uint32_t len, uint8_t flags)
{
	struct wire w = { .src = t->local, .dst = t->remote, .protocol = USHER_TCP, .len = len };
	struct wire_tcp *s = &w.tcp;
	static const uint8_t garbage[1] = { 0 };
	bool syn = flags & SYN;

	if (t->state != TCP_SYN_SENT)
		flags |= ACK;
	*s = (struct wire_tcp){ .seq = t->iss + from, .scale = 0xff };
	w.data = len && from >= t->una ? t->tx.data + from - 1 : garbage; /* what lies before is a keep-alive */
	if (syn) {
		s->mss = t->profile->mss;
		s->scale = t->active || t->scale_out || t->scale_in ? t->profile->scale : 0xff;
		s->sack_ok = t->sack;
	}
	if (flags & ACK)
		s->ack = t->irs + t->rcv_nxt;
	s->window = window_of(t, syn);
	if (t->stamps) {
		s->stamped = true;
		s->value = clock_of(t);
		s->echo = flags & ACK ? t->stamp : 0;
	}
	if (flags & ACK && !syn && (!len || t->mss >= 200))
		add_sack(t, s);
	if (t->urgent > from && t->urgent - from <= 0xffff && !syn && t->urgent > t->una) {
		flags |= URG;
		s->urgent = (uint16_t)(t->urgent - from);
	}
	s->flags = flags;
	if (len && from + len == end_of(t))
		s->flags |= PSH;
	t->last_ack = t->rcv_nxt;
	t->ack_now = false;
	t->ack_at = 0;
	t->unacked = 0;
	host_send(t->host, &w, 0);
}

/* How many bytes fit a segment now: SACK blocks on data take their room from it. */
static uint32_t room_of(const struct tcp *t)
{
	uint32_t blocks = t->sack && t->mss >= 200 ? t->early.count + (t->again_range.from < t->again_range.to) : 0;

	if (blocks > (t->stamps ? 3u : 4u))
		blocks = t->stamps ? 3 : 4;
	return t->mss - options_size(t) - (blocks ? 4 + 8 * blocks : 0);
}

void tcp_send_ack(struct tcp *t)
{
	bool probing = t->edge == t->una && t->max == t->una + 1 && !t->fin_sent; /* that byte was not taken yet */

	send_segment(t, probing ? t->una : t->max, 0, 0);
}

static void send_data(struct tcp *t, uint32_t from, uint32_t len, bool fin)
{
	if (from < t->max)
		t->timed = 0; /* Karn */
	else if (!t->timed) {
		t->timed = from + len;
		t->timed_at = t->sim->now;
	}
	for (uint32_t i = t->mirror.span_next; i < t->mirror.span_count; i++) {
		struct span *s = &t->mirror.span[i];

		if (from == t->max && from - 1 + len > s->line && from - 1 + len < s->line_end)
			s->split = true;
	}
	send_segment(t, from, len, fin ? FIN : 0);
	if (from + len + fin > t->max)
		t->max = from + len + fin;
	t->fin_sent |= fin;
	if (!t->rto_at)
		t->rto_at = t->sim->now + t->rto * (uint64_t)MS;
}

static void send_syn(struct tcp *t)
{
	t->nxt = 1;
	if (t->max < 1) {
		t->max = 1;
		t->timed = 1;
		t->timed_at = t->sim->now;
	} else {
		t->timed = 0;
	}
	send_segment(t, 0, 0, SYN);
	if (!t->rto_at)
		t->rto_at = t->sim->now + t->rto * (uint64_t)MS;
}

/* A retransmission may be cut anew: shorter, or merged with what follows. */
static uint32_t recut(struct tcp *t, uint32_t len)
{
	if (!chance(&t->sim->dice, t->profile->recut) || len < 2)
		return len;
	sim_cover(t->sim, COVER_RECUT);
	return 1 + roll(&t->sim->dice, len - 1);
}

/* The next segment from `nxt` on. false: nothing to send, or not allowed now. */
static bool send_next(struct tcp *t)
{
	uint32_t from = t->nxt, behind = UINT32_MAX, len, limit = t->una + t->cwnd, room = room_of(t);
	bool fin, idle = t->una == t->max, all;

	if (from < t->max)
		from = ranges_skip(&t->sacked, from, &behind);
	if ((t->recovering && t->sack) || limit > t->edge || limit < t->una)
		limit = t->edge;
	len = end_of(t) > from ? end_of(t) - from : 0;
	if (t->fin_sent && from > end_of(t))
		return false;
	if (!len && !(t->fin_wanted && from == end_of(t)))
		return false;
	if (len > room)
		len = room;
	if (len > behind - from)
		len = behind - from;
	if (from + len > limit)
		len = limit > from ? limit - from : 0;
	if (from < t->max)
		len = recut(t, len);
	all = from + len == end_of(t);
	fin = t->fin_wanted && all;
	if (!len && !(fin && (t->edge > from || t->edge == end_of(t))))
		return false;
	if (from == t->max && len < room && len * 2 < t->max_window && !(all && (!t->profile->nagle || idle || fin)))
		return false;
	t->nxt = from + len + fin;
	send_data(t, from, len, fin);
	return true;
}

/* RFC 6675, NextSeg and pipe, with the highest SACK as the measure of what is lost. */
static bool send_recovery(struct tcp *t)
{
	uint32_t top = t->sacked.count ? t->sacked.at[t->sacked.count - 1].to : t->una, hole_end, from, len, pipe;

	from = t->rexmit > t->una ? t->rexmit : t->una;
	from = ranges_skip(&t->sacked, from, &hole_end);
	pipe = t->max - t->una - ranges_size(&t->sacked, t->una, t->max);
	if (from < top)
		pipe -= top - from - ranges_size(&t->sacked, from, top);
	if (pipe + t->mss > t->cwnd && t->rexmit != t->una)
		return false;
	if (from >= top && t->rexmit != t->una) {
		t->nxt = t->max;
		return send_next(t);
	}
	if (from >= end_of(t)) { /* only the FIN is missing */
		t->rexmit = from + 1;
		if (!t->fin_sent || from > end_of(t))
			return false;
		send_data(t, from, 0, true);
		return true;
	}
	len = end_of(t) - from;
	if (len > room_of(t))
		len = room_of(t);
	if (len > hole_end - from)
		len = hole_end - from;
	if (from + len > t->max)
		len = t->max - from;
	len = recut(t, len);
	t->rexmit = from + len;
	send_data(t, from, len, t->fin_sent && from + len == end_of(t));
	return true;
}

void tcp_output(struct tcp *t)
{
	if (t->busy || t->sim->failed)
		return;
	if (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED) {
		if (t->nxt == 0)
			send_syn(t);
		tcp_arm(t);
		return;
	}
	if (t->state != TCP_CLOSED && t->state != TCP_TIME_WAIT) {
		while (t->recovering && t->sack ? send_recovery(t) : send_next(t))
			;
	}
	if (t->ack_now && t->state != TCP_CLOSED)
		tcp_send_ack(t);
	tcp_arm(t);
}

/* ---- acknowledgements ---- */

static void measure(struct tcp *t, const struct wire_tcp *s, uint32_t ack)
{
	uint32_t rtt, off;

	if (t->stamps && s->stamped)
		rtt = clock_of(t) - s->echo;
	else if (t->timed && ack >= t->timed)
		rtt = (uint32_t)((t->sim->now - t->timed_at) / MS);
	else
		return;
	if (rtt > 1u << 30) {
		sim_violation(t->sim, "%s gets a time stamp echo that it has not sent yet", t->host->name);
		return;
	}
	if (t->timed && ack >= t->timed)
		t->timed = 0;
	if (!t->srtt) {
		t->srtt = rtt + 1;
		t->rttvar = rtt / 2;
	} else {
		off = rtt > t->srtt ? rtt - t->srtt : t->srtt - rtt;
		t->rttvar = (3 * t->rttvar + off) / 4;
		t->srtt = (7 * t->srtt + rtt) / 8 + 1;
	}
}

/* RFC 6298 2; what time-outs have doubled counts no more. */
static void set_rto(struct tcp *t)
{
	t->rto = t->srtt ? t->srtt + (4 * t->rttvar > 10 ? 4 * t->rttvar : 10) : 1000;
	if (t->rto < RTO_MIN)
		t->rto = RTO_MIN;
	if (t->rto > RTO_MAX)
		t->rto = RTO_MAX;
}

/* Returns whether something new was told. */
static bool add_sacked(struct tcp *t, const struct wire_tcp *s, uint32_t ack)
{
	uint32_t before = ranges_size(&t->sacked, 0, UINT32_MAX);

	for (uint32_t i = 0; i < s->sack_count; i++) {
		int32_t from = (int32_t)(s->sack[i].from - t->iss), to = (int32_t)(s->sack[i].to - t->iss);

		if (to <= (int32_t)ack || (i == 0 && s->sack_count > 1 && from >= (int32_t)(s->sack[1].from - t->iss) &&
					   to <= (int32_t)(s->sack[1].to - t->iss))) {
			sim_cover(t->sim, COVER_DSACK);
			continue;
		}
		sim_cover(t->sim, COVER_SACK);
		if (t->sack && from >= (int32_t)t->una && to <= (int32_t)t->max)
			ranges_add(&t->sacked, (uint32_t)from, (uint32_t)to);
	}
	return ranges_size(&t->sacked, 0, UINT32_MAX) != before;
}

static void enter_recovery(struct tcp *t)
{
	uint32_t flight = t->max - t->una;

	sim_cover(t->sim, COVER_FAST_RETRANSMIT);
	t->recovering = true;
	t->recover = t->max;
	t->rexmit = t->una;
	t->ssthresh = flight / 2 > 2u * t->mss ? flight / 2 : 2u * t->mss;
	t->cwnd = t->ssthresh;
	if (!t->sack) { /* RFC 6582 */
		t->nxt = t->una;
		t->cwnd = t->mss;
	}
}

static void acknowledged(struct tcp *t, uint32_t ack)
{
	uint32_t newly = ack - t->una;

	t->una = ack;
	if (t->nxt < ack)
		t->nxt = ack;
	t->retries = 0;
	t->dup_acks = 0;
	ranges_trim(&t->sacked, ack);
	if (t->recovering && ack >= t->recover) {
		t->recovering = false;
		t->cwnd = t->ssthresh;
		t->nxt = t->max;
	} else if (t->recovering && !t->sack) {
		t->nxt = ack; /* the next hole */
		t->cwnd = t->mss;
	} else if (t->recovering) {
		if (t->rexmit < ack)
			t->rexmit = ack;
	} else if (t->cwnd < t->ssthresh) {
		t->cwnd += newly < t->mss ? newly : t->mss;
	} else {
		t->cwnd += 1 + (uint32_t)t->mss * t->mss / t->cwnd;
	}
	t->rto_at = t->una < t->max ? t->sim->now + t->rto * (uint64_t)MS : 0;
	if (t->fin_sent && ack > end_of(t))
		t->fin_acked = true;
}

/* RFC 9293 3.10.7.4: the newest segment tells the window. */
static void update_window(struct tcp *t, const struct wire_tcp *s, uint32_t ack)
{
	uint32_t number = s->seq - t->irs, window = (uint32_t)s->window << t->scale_out;

	if (number < t->edge_seq || (number == t->edge_seq && ack < t->edge_ack))
		return;
	t->edge = ack + window;
	t->edge_seq = number;
	t->edge_ack = ack;
	if (window > t->max_window)
		t->max_window = window;
	if (window)
		t->persist_ms = 0;
	mirror_edge(t);
}

void tcp_ack_came(struct tcp *t, const struct wire *w)
{
	const struct wire_tcp *s = &w->tcp;
	uint32_t ack = s->ack - t->iss, edge = t->edge;
	bool news;

	if ((int32_t)ack < (int32_t)t->una)
		return;
	if (ack > t->max) {
		sim_violation(t->sim, "%s gets an acknowledgement of %u bytes that it has not sent yet", t->host->name, ack - t->max);
		return;
	}
	mirror_told(t, w);
	news = add_sacked(t, s, ack);
	update_window(t, s, ack);
	if (ack > t->una) {
		measure(t, s, ack);
		set_rto(t);
		acknowledged(t, ack);
	} else if (t->una < t->max && !w->len && !(s->flags & FIN) && (t->sack ? news : t->edge == edge)) {
		t->dup_acks++;
		if (t->dup_acks == DUP_ACKS && !t->recovering && t->una >= t->recover)
			enter_recovery(t);
	}
}

void tcp_too_big(struct tcp *t, const struct wire_icmp *icmp)
{
	uint32_t number = icmp->seq - t->iss;
	uint32_t least = t->local.family == USHER_IPV4 ? 68 : 1280;

	if (t->state == TCP_CLOSED)
		return;
	if (number < t->una || number >= t->max) { /* RFC 5927 4.1; a late one is no fault */
		if ((int32_t)number >= (int32_t)t->max)
			sim_violation(t->sim, "%s gets an ICMP error that quotes number %u, %u were sent", t->host->name, number, t->max);
		return;
	}
	if (icmp->mtu < least || icmp->mtu >= t->path_mtu)
		return;
	sim_cover(t->sim, COVER_TOO_BIG);
	t->path_mtu = (uint16_t)icmp->mtu;
	tcp_set_mss(t);
	t->recovering = false;
	t->nxt = t->una;
	t->timed = 0;
	tcp_output(t);
}

/* ---- timers ---- */

void tcp_retransmit_timer(struct tcp *t)
{
	uint32_t flight = t->max - t->una;

	if (t->state == TCP_CLOSED || t->state == TCP_TIME_WAIT || t->una == t->max)
		return;
	if (++t->retries > RETRIES) {
		tcp_end(t, TCP_TIMEOUT);
		return;
	}
	sim_cover(t->sim, COVER_RTO);
	t->rto = t->rto * 2 > RTO_MAX ? RTO_MAX : t->rto * 2;
	t->ssthresh = flight / 2 > 2u * t->mss ? flight / 2 : 2u * t->mss;
	t->cwnd = t->mss;
	t->nxt = t->una;
	t->recover = t->max;
	t->recovering = false;
	t->dup_acks = 0;
	t->timed = 0;
	if (t->profile->forgets_sack)
		t->sacked.count = 0;
	tcp_output(t);
}

/* Nothing is in flight, there is something to send, and the window does not let it. */
static bool is_persisting(const struct tcp *t)
{
	bool more = t->una < end_of(t) || (t->fin_wanted && !t->fin_sent);

	return t->state >= TCP_ESTABLISHED && t->state != TCP_TIME_WAIT && more && (t->edge <= t->una || t->una == t->max);
}

void tcp_persist_timer(struct tcp *t)
{
	if (!is_persisting(t))
		return;
	sim_cover(t->sim, COVER_ZERO_WINDOW);
	if (++t->probes > 60) {
		tcp_end(t, TCP_TIMEOUT);
		return;
	}
	t->persist_ms = t->persist_ms * 2 > 10000 ? 10000 : t->persist_ms * 2;
	if (t->edge > t->una) { /* some bytes do fit: the silly window is over */
		uint32_t len = t->edge - t->una, have = end_of(t) - t->una;

		len = len < have ? len : have;
		len = len < room_of(t) ? len : room_of(t);
		send_data(t, t->una, len, t->fin_wanted && t->una + len == end_of(t));
		t->nxt = t->max;
	} else if (t->profile->probes_with_data && t->una < end_of(t)) {
		send_segment(t, t->una, 1, 0);
		if (t->max < t->una + 1)
			t->max = t->una + 1;
		t->nxt = t->una;
	} else {
		send_segment(t, t->una - 1, 0, 0);
	}
}

void tcp_keep_timer(struct tcp *t)
{
	if (t->state < TCP_ESTABLISHED || t->state == TCP_TIME_WAIT)
		return;
	t->keep_at = t->sim->now + t->profile->keep_ms * (uint64_t)MS;
	if (t->una != t->max || t->fin_sent)
		return;
	if (++t->probes > KEEP_PROBES) {
		tcp_end(t, TCP_TIMEOUT);
		return;
	}
	sim_cover(t->sim, COVER_KEEP_ALIVE);
	send_segment(t, t->una - 1, t->profile->keeps_with_data, 0);
}

/* One event for the nearest of the timers. */
void tcp_arm(struct tcp *t)
{
	uint64_t *const timer[] = { &t->rto_at, &t->persist_at, &t->ack_at, &t->keep_at, &t->wait_at, &t->read_at };
	uint64_t next = 0;

	if (t->state == TCP_CLOSED)
		return;
	if (is_persisting(t)) {
		if (t->edge <= t->una)
			t->rto_at = 0;
		if (!t->persist_ms)
			t->persist_ms = t->rto > 500 ? t->rto : 500;
		if (!t->persist_at && !t->rto_at)
			t->persist_at = t->sim->now + t->persist_ms * (uint64_t)MS;
	} else {
		t->persist_at = 0;
		if (t->una < t->max && !t->rto_at)
			t->rto_at = t->sim->now + t->rto * (uint64_t)MS;
	}
	for (uint32_t i = 0; i < sizeof(timer) / sizeof(timer[0]); i++) {
		if (*timer[i] && (!next || *timer[i] < next))
			next = *timer[i];
	}
	if (next && (!t->armed || next < t->armed)) {
		t->armed = next;
		sim_at(t->sim, next, tcp_timer, t, 0);
	}
}
