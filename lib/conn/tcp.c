/*
 * tcp: a TCP connection, packet by packet.
 *
 * A packet is judged three times: do its flags make sense at all (tcp_events), what does the table say of them in this
 * state (tcp_table.c), do its numbers fit (tcp_window.c). Here is what joins the three: what the table leaves open
 * because it takes more than flags to tell, and the timeouts.
 *
 * The leading idea is Linux's, and RFC 5961's: we may know less than the endpoints do. A packet that may be right is
 * let by without being believed, remembered, and the answer tells whether it was: a SYN/ACK to it brings us in step
 * again, a RST ends the connection, a challenge ACK leaves it alone.
 *
 * Owns: c->state, CONN_SEEN_REPLY, CONN_ASSURED, CONN_PICKED_UP, CONN_CLOSED, conn_tcp.last* and let_by.
 * Invariants: `last` is the last packet that was taken or let by (or a FIN or RST out of window); an invalid packet
 * moves nothing else. Sources: RFC 9293 3.5, 3.6, 3.10.7; RFC 5961 3, 4; RFC 5382; Linux 6.18's behaviour, measured
 * (doc/tcp.md).
 */
#include "conn/conn.h"
#include "conn/tcp_boundaries.h"
#include "conn/tcp_table.h"
#include "conn/tcp_window.h"
#include "packet/wire.h"

static const uint8_t timeout_of[CONN_TCP_STATE_COUNT] = {
	[CONN_TCP_SYN_SENT] = CONN_TIMEOUT_TCP_SYN_SENT,
	[CONN_TCP_SYN_RECV] = CONN_TIMEOUT_TCP_SYN_RECV,
	[CONN_TCP_ESTABLISHED] = CONN_TIMEOUT_TCP_ESTABLISHED,
	[CONN_TCP_FIN_WAIT] = CONN_TIMEOUT_TCP_FIN_WAIT,
	[CONN_TCP_CLOSE_WAIT] = CONN_TIMEOUT_TCP_CLOSE_WAIT,
	[CONN_TCP_LAST_ACK] = CONN_TIMEOUT_TCP_LAST_ACK,
	[CONN_TCP_TIME_WAIT] = CONN_TIMEOUT_TCP_TIME_WAIT,
	[CONN_TCP_CLOSE] = CONN_TIMEOUT_TCP_CLOSE,
	[CONN_TCP_SYN_SENT2] = CONN_TIMEOUT_TCP_SYN_SENT,
};

/* What judging one packet needs to know. */
struct visit {
	struct conn *c;
	unsigned direction;
	const struct conn_config *config;
	struct conn_step *step;
	struct tcp_segment segment;
};

/* What comes of a packet's special questions: to be refused or left at that (step is set), or to be taken. */
enum verdict {
	DONE = 0,
	TAKE_IF_IT_FITS,
	TAKE_UNSEEN /* its numbers are not to be looked at */
};

/* A byte of sequence space for each of SYN and FIN (RFC 9293 3.4). */
static inline struct tcp_segment read_segment(const struct pkt *p, const uint8_t *l4)
{
	const struct wire_tcp *h = (const struct wire_tcp *)(const void *)l4;
	uint32_t seq = be32_get(h->seq), flags = p->tcp_flags;
	uint32_t length = p->payload_len + (flags / TCP_SYN & 1) + (flags / TCP_FIN & 1);
	struct tcp_segment s = {
		.seq = seq, .end = seq + length, .ack = be32_get(h->ack), .window = be16_get(h->window),
		.flags = p->tcp_flags, .event = (uint8_t)tcp_event_of(p->tcp_flags),
		.header_len = (uint8_t)(h->offset >> 4 << 2), .header = l4,
	};
	return s;
}

static void set_invalid(struct conn_step *step, enum usher_reason reason)
{
	step->action = CONN_INVALID;
	step->reason = (uint8_t)reason;
}

static void set_ignored(struct conn_step *step, enum usher_reason reason)
{
	step->action = CONN_IGNORE;
	step->reason = (uint8_t)reason;
}

static bool last_was(const struct conn_tcp *t, unsigned event, unsigned direction)
{
	return t->last == tcp_last_of(event, direction);
}

static bool last_event_was(const struct conn_tcp *t, unsigned event)
{
	return (t->last & 127u) == event;
}

/* Both ends are known to agree that this is a live connection. */
static bool is_settled(const struct conn *c)
{
	return c->state == CONN_TCP_ESTABLISHED && (c->status & CONN_ASSURED);
}

static bool tcp_closing(const struct conn *c)
{
	return c->state >= CONN_TCP_FIN_WAIT && c->state <= CONN_TCP_CLOSE;
}

/* A SYN of orig is let by: keep what it offered, for the SYN/ACK that may come. */
static void keep_offer(struct conn *c, const struct tcp_segment *s)
{
	struct conn_tcp *t = &c->u.tcp;
	uint8_t scale, offer = usher__tcp_window_offer(s, &scale);

	t->let_by = (uint8_t)((t->let_by & TCP_BOTH_OPENED) | scale);
	if (offer & TCP_SIDE_SCALE)
		t->let_by |= TCP_LET_BY_SCALE;
	if (offer & TCP_SIDE_SACK)
		t->let_by |= TCP_LET_BY_SACK;
	if (c->state == CONN_TCP_LAST_ACK)
		t->let_by |= TCP_LET_BY_CHALLENGE;
}

/*
 * This SYN/ACK acknowledges the SYN that was let by: both ends are in step, only we are not. Begin with what was kept
 * of the SYN, as if the connection were new; the SYN/ACK itself is then judged as any.
 */
static void step_in(struct conn *c, unsigned direction)
{
	struct conn_tcp *t = &c->u.tcp;
	struct conn_tcp_side *opener = &t->side[!direction];
	unsigned kept = t->let_by;

	opener->end = opener->max_end = t->last_end;
	opener->max_win = t->last_window ? t->last_window : 1;
	t->flags[!direction] = (uint8_t)((kept & TCP_LET_BY_SCALE ? TCP_SIDE_SCALE : 0) |
					 (kept & TCP_LET_BY_SACK ? TCP_SIDE_SACK : 0));
	t->side[direction].max_win = 0; /* as if not seen yet */
	t->scale = (uint8_t)((kept & TCP_LET_BY_SHIFT) << 4 * !direction);
	t->let_by = 0;
}

static enum verdict let_by(struct visit *v, uint8_t *next)
{
	struct conn_tcp *t = &v->c->u.tcp;
	const struct tcp_segment *s = &v->segment;

	if (s->event == TCP_ON_SYN_ACK && last_was(t, TCP_ON_SYN, !v->direction) && s->ack == t->last_end) {
		step_in(v->c, v->direction);
		*next = CONN_TCP_SYN_RECV;
		return TAKE_IF_IT_FITS;
	}
	t->last = tcp_last_of(s->event, v->direction);
	t->last_seq = s->seq;
	t->last_end = s->end;
	t->last_window = s->window;
	if (s->event == TCP_ON_SYN && v->direction == USHER_ORIG)
		keep_offer(v->c, s);
	/* What may be a challenge ACK: its acknowledgement is the number of the RST to come (RFC 5961 4.2). */
	if (s->event == TCP_ON_ACK && v->c->state == CONN_TCP_SYN_SENT)
		t->last_ack = s->ack;
	set_ignored(v->step, USHER_REASON_TCP_STATE);
	return DONE;
}

/*
 * A SYN after the end. That it is the end we know if we saw who closed first (then this is TIME-WAIT, or past it), or
 * if it was the SYN's sender himself who sent the RST just before.
 */
static enum verdict reopen(struct visit *v, uint8_t *next)
{
	const struct conn_tcp *t = &v->c->u.tcp;

	if ((t->flags[0] | t->flags[1]) & TCP_SIDE_CLOSED || last_was(t, TCP_ON_RST, v->direction)) {
		v->step->action = CONN_RESTART;
		return DONE;
	}
	return let_by(v, next);
}

/* In LAST_ACK any ACK is the last; but after a SYN was let by, one from its receiver is the challenge to it (RFC 5961 4.2). */
static enum verdict last_ack(struct visit *v)
{
	struct conn_tcp *t = &v->c->u.tcp;

	if (t->let_by & TCP_LET_BY_CHALLENGE && last_was(t, TCP_ON_SYN, !v->direction)) {
		t->let_by &= (uint8_t)~TCP_LET_BY_CHALLENGE;
		set_ignored(v->step, USHER_REASON_TCP_STATE);
		return DONE;
	}
	return TAKE_IF_IT_FITS;
}

/* Is this RST the answer to a packet that was let by? Then it knows what it says, whatever our numbers are. */
static bool answers_let_by(const struct visit *v)
{
	const struct conn *c = v->c;
	const struct conn_tcp *t = &c->u.tcp;
	const struct tcp_segment *s = &v->segment;
	bool to_syn = last_was(t, TCP_ON_SYN, !v->direction) && c->status & CONN_SEEN_REPLY;
	bool to_ack = last_was(t, TCP_ON_ACK, !v->direction) && !(c->status & CONN_ASSURED);

	if ((to_syn || to_ack) && s->ack == t->last_end)
		return true;
	/* the opener's, to what was a challenge ACK: RFC 9293 3.5.2, group 2 */
	return c->state == CONN_TCP_SYN_SENT && last_was(t, TCP_ON_ACK, USHER_REPLY) && s->seq == t->last_ack;
}

/*
 * RFC 5961 3.2: a RST counts if its sequence number is exactly the one that the receiver expects next: what the
 * receiver acknowledged last. One that is further on in the window brings a challenge ACK from the receiver, so the
 * connection lives on, but not for long. One that is older is a forgery, or too late.
 */
static enum verdict reset(struct visit *v, uint8_t *next)
{
	const struct conn *c = v->c;
	const struct conn_tcp *t = &c->u.tcp;
	const struct tcp_segment *s = &v->segment;
	uint32_t expected = t->side[!v->direction].max_ack;

	if (tcp_closing(c)) /* the tuple may be in use again: our numbers are no measure */
		return TAKE_UNSEEN;
	if (c->state == CONN_TCP_SYN_SENT && v->direction == USHER_REPLY && !(s->flags & TCP_ACK)) {
		set_ignored(v->step, USHER_REASON_TCP_RST); /* the opener will: RFC 9293 3.10.7.3, second */
		return DONE;
	}
	if (t->flags[!v->direction] & TCP_SIDE_ACKED && !last_event_was(t, TCP_ON_SYN)) {
		if (s->seq == 0 && !is_settled(c)) /* most likely the answer to a SYN that was let by */
			return TAKE_IF_IT_FITS;
		if (seq_before(s->seq, expected) && !v->config->tcp_ignore_invalid_rst) {
			set_invalid(v->step, USHER_REASON_TCP_RST);
			return DONE;
		}
		if (!is_settled(c) || s->seq == expected)
			return TAKE_IF_IT_FITS;
		/* right behind data of its sender that is not acknowledged yet: the receiver will expect just this */
		if (last_was(t, TCP_ON_ACK, v->direction) && s->seq == t->last_end)
			return TAKE_IF_IT_FITS;
		*next = c->state;
	}
	return answers_let_by(v) ? TAKE_UNSEEN : TAKE_IF_IT_FITS;
}

static enum verdict ask(struct visit *v, enum tcp_rule_kind kind, uint8_t *next)
{
	switch (kind) {
	case TCP_LET_BY:
		return let_by(v, next);
	case TCP_REOPEN:
		return reopen(v, next);
	case TCP_RESET:
		return reset(v, next);
	case TCP_LAST:
		return last_ack(v);
	case TCP_MEET:
		v->c->u.tcp.let_by |= TCP_BOTH_OPENED;
		return TAKE_IF_IT_FITS;
	case TCP_TAKE:
		return TAKE_IF_IT_FITS;
	case TCP_REJECT:
		break;
	}
	set_invalid(v->step, USHER_REASON_TCP_STATE);
	return DONE;
}

/*
 * Out of window. Out of window FINs or RSTs both ways, one after the other: it is us who lost the thread, and the
 * endpoints have probably finished. The connection is not kept for days then.
 */
static void refuse(struct visit *v, usher_time now)
{
	struct conn *c = v->c;
	struct conn_tcp *t = &c->u.tcp;
	unsigned event = v->segment.event;
	usher_time left = c->deadline > now ? c->deadline - now : 0;
	usher_time limit = v->config->timeout[CONN_TIMEOUT_TCP_UNACKNOWLEDGED];

	set_invalid(v->step, USHER_REASON_TCP_WINDOW);
	if (!(c->status & CONN_ASSURED) || (event != TCP_ON_FIN && event != TCP_ON_RST))
		return;
	if (!last_was(t, TCP_ON_FIN, !v->direction) && !last_was(t, TCP_ON_RST, !v->direction))
		t->last = tcp_last_of(event, v->direction);
	else if (left >= 120 * USHER_SECOND && left > limit)
		v->step->timeout = limit;
}

/* How long a connection in this state is kept now. */
static inline usher_time timeout_for(const struct conn_tcp *t, uint8_t state, unsigned event, const struct conn_config *config)
{
	const usher_time *timeout = config->timeout;
	usher_time usual = timeout[timeout_of[state]];

	if (t->retransmits >= config->tcp_max_retransmits && usual > timeout[CONN_TIMEOUT_TCP_MAX_RETRANS])
		return timeout[CONN_TIMEOUT_TCP_MAX_RETRANS];
	if (event == TCP_ON_RST)
		return timeout[CONN_TIMEOUT_TCP_CLOSE];
	if ((t->flags[0] | t->flags[1]) & TCP_SIDE_UNANSWERED && usual > timeout[CONN_TIMEOUT_TCP_UNACKNOWLEDGED])
		return timeout[CONN_TIMEOUT_TCP_UNACKNOWLEDGED];
	if (t->last_window == 0 && usual > timeout[CONN_TIMEOUT_TCP_MAX_RETRANS]) /* who offers no window may be gone */
		return timeout[CONN_TIMEOUT_TCP_MAX_RETRANS];
	return usual;
}

/* The packet is of this connection: to its new state. */
static void take(struct visit *v, uint8_t next)
{
	struct conn *c = v->c;
	struct conn_tcp *t = &c->u.tcp;
	struct conn_step *step = v->step;
	uint8_t old = c->state, event = v->segment.event;

	t->last = tcp_last_of(event, v->direction);
	c->state = next;
	if (next != old && next == CONN_TCP_FIN_WAIT)
		t->flags[v->direction] |= TCP_SIDE_CLOSED;
	step->timeout = timeout_for(t, next, event, v->config);

	if (c->status & CONN_SEEN_REPLY) {
		/* answered, and what was answered acknowledged: not a SYN flood, worth keeping */
		if (next == CONN_TCP_ESTABLISHED && (old == CONN_TCP_ESTABLISHED || old == CONN_TCP_SYN_RECV))
			c->status |= CONN_ASSURED;
		return;
	}
	if (event == TCP_ON_RST)
		step->action = CONN_DELETE;
	else if (event == TCP_ON_SYN && old == CONN_TCP_SYN_SENT)
		step->timeout = 0; /* who only ever repeats the SYN does not keep the tuple for ever */
	else if (next == CONN_TCP_ESTABLISHED && step->timeout > v->config->timeout[CONN_TIMEOUT_TCP_UNACKNOWLEDGED])
		step->timeout = v->config->timeout[CONN_TIMEOUT_TCP_UNACKNOWLEDGED]; /* picked up, one side only so far */
}

static void take_if_it_fits(struct visit *v, uint8_t next, usher_time now)
{
	switch (usher__tcp_window_judge(v->c, v->direction, &v->segment, v->config->tcp_liberal)) {
	case TCP_FITS_NOT:
		refuse(v, now);
		return;
	case TCP_FITS_BEFORE:
		set_ignored(v->step, USHER_REASON_TCP_WINDOW);
		return;
	case TCP_FITS_LIBERALLY:
		v->step->out_of_window = true;
		break;
	case TCP_FITS:
		break;
	}
	take(v, next);
}

/*
 * The SYN/ACK was not seen, yet they go on: it passed elsewhere, or the capture lost it. Only the liberal switch believes that;
 * what the SYN/ACK offered is not known then. (Strictly, as in the kernel, nothing but a SYN/ACK follows a SYN.)
 */
static void missed_syn_ack(struct visit *v)
{
	struct conn_tcp *t = &v->c->u.tcp;
	uint8_t event = v->segment.event;

	if (!v->config->tcp_liberal || v->c->state != CONN_TCP_SYN_SENT || (event != TCP_ON_ACK && event != TCP_ON_FIN))
		return;
	v->c->state = CONN_TCP_ESTABLISHED;
	t->flags[0] |= TCP_SIDE_LIBERAL;
	t->flags[1] |= TCP_SIDE_LIBERAL | TCP_SIDE_SACK;
}

static void judge(struct visit *v, usher_time now)
{
	bool met = (v->c->u.tcp.let_by & TCP_BOTH_OPENED) != 0;
	const struct tcp_rule *rule;
	uint8_t next;

	missed_syn_ack(v);
	rule = &usher__tcp_table[v->c->state][v->direction][v->segment.event];
	next = met ? rule->met_next : rule->next;
	switch (ask(v, met ? rule->met_kind : rule->kind, &next)) {
	case DONE:
		break;
	case TAKE_IF_IT_FITS:
		take_if_it_fits(v, next, now);
		break;
	case TAKE_UNSEEN:
		take(v, next);
		break;
	}
}

static bool tcp_begin(struct conn *c, const struct conn_arrival *a, struct conn_step *step)
{
	struct visit v = { c, USHER_ORIG, a->config, step, read_segment(a->p, a->l4) };

	*step = (struct conn_step){ 0 };
	c->state = CONN_TCP_NONE;
	if (v.segment.event == TCP_ON_NONSENSE) {
		set_invalid(step, USHER_REASON_TCP_FLAGS);
		return false;
	}
	if (v.segment.event == TCP_ON_ACK && !a->config->tcp_loose) {
		set_invalid(step, USHER_REASON_TCP_NOT_SYN);
		return false;
	}
	if (usher__tcp_table[CONN_TCP_NONE][USHER_ORIG][v.segment.event].kind == TCP_TAKE)
		usher__tcp_window_begin(c, &v.segment);
	judge(&v, a->now);
	if (step->action != CONN_PASS)
		return false;
	if (v.segment.event == TCP_ON_ACK)
		c->status |= CONN_PICKED_UP;
	return true;
}

/* Out of line, so that nothing is kept at hand for it while the way below goes on. */
static void __attribute__((noinline)) closer_look(struct conn *c, unsigned direction, const struct conn_arrival *a,
						  struct conn_step *step)
{
	struct visit v = { c, direction, a->config, step, read_segment(a->p, a->l4) };
	uint16_t status = c->status;
	uint8_t state = c->state;

	*step = (struct conn_step){ 0 };
	if (v.segment.event == TCP_ON_NONSENSE) {
		set_invalid(step, USHER_REASON_TCP_FLAGS);
		return;
	}
	judge(&v, a->now);
	if (step->action == CONN_INVALID || step->action == CONN_RESTART)
		return;
	if (direction == USHER_REPLY)
		c->status |= CONN_SEEN_REPLY;
	if (c->state == CONN_TCP_TIME_WAIT || c->state == CONN_TCP_CLOSE)
		c->status |= CONN_CLOSED;
	else
		c->status &= (uint16_t)~CONN_CLOSED;
	if (c->state != state || c->status != status) /* not a store for every packet: see struct conn_step */
		step->changed = true;
}

/* What nearly all packets are: of an open, settled connection, with nothing but an ACK; */
static inline bool is_plain(const struct conn *c, uint8_t flags)
{
	const unsigned settled = CONN_SEEN_REPLY | CONN_ASSURED;

	return c->state == CONN_TCP_ESTABLISHED && (c->status & settled) == settled &&
		(flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK;
}

/* and in window. False: nothing was done. */
static inline bool take_plain(struct conn *c, unsigned direction, const struct conn_arrival *a, struct conn_step *step)
{
	struct tcp_segment s = read_segment(a->p, a->l4);
	struct conn_tcp *t = &c->u.tcp;

	if (!tcp_take_plain(t, direction, &s))
		return false;
	t->last = tcp_last_of(TCP_ON_ACK, direction);
	*step = (struct conn_step){ .timeout = timeout_for(t, CONN_TCP_ESTABLISHED, TCP_ON_ACK, a->config) };
	return true;
}

static void tcp_packet(struct conn *c, unsigned direction, const struct conn_arrival *a, struct conn_step *step)
{
	if (!is_plain(c, a->p->tcp_flags) || !take_plain(c, direction, a, step))
		closer_look(c, direction, a, step);
}

const struct conn_protocol usher__conn_tcp = {
	.name = "tcp",
	.begin = tcp_begin,
	.packet = tcp_packet,
	.states = usher__tcp_states,
	.state_count = CONN_TCP_STATE_COUNT,
	.closing = tcp_closing,
};
