/*
 * tcp_window: the segments that begin a side, or need a closer look than tcp_boundaries.h has.
 *
 * Owns: conn_tcp's sides, scale and retransmission count, together with tcp_boundaries.h, which tells what they mean.
 * Invariants: max_win >= 1 once the sender was seen; a first segment that does not fit leaves its side unseen.
 * Sources: tcp_window.h.
 */
#include "conn/tcp_window.h"

#include <string.h>

#include "conn/tcp_boundaries.h"

static inline uint32_t not_zero(uint32_t window)
{
	return window ? window : 1;
}

/* The rightmost edge of the SACK blocks, or `ack`. */
static uint32_t sack_edge(const struct tcp_segment *s)
{
	struct pkt_tcp_options o;
	uint32_t edge = s->ack;

	usher__pkt_tcp_options(&o, s->header);
	for (unsigned i = 0; i < o.sack_count; i++)
		if (seq_after(o.sack[i][1], edge))
			edge = o.sack[i][1];
	return edge;
}

static void set_scale(struct conn_tcp *t, unsigned direction, unsigned scale)
{
	unsigned at = 4 * direction;

	t->scale = (uint8_t)((t->scale & ~(15u << at)) | scale << at);
}

uint8_t usher__tcp_window_offer(const struct tcp_segment *s, uint8_t *scale)
{
	struct pkt_tcp_options o;

	usher__pkt_tcp_options(&o, s->header);
	*scale = o.flags & PKT_TCP_HAS_SCALE ? o.scale : 0;
	return (uint8_t)((o.flags & PKT_TCP_HAS_SCALE ? TCP_SIDE_SCALE : 0) |
			 (o.flags & PKT_TCP_HAS_SACK_PERMITTED ? TCP_SIDE_SACK : 0));
}

/* A side begins, or begins again, with this SYN. */
static void begin_side(struct conn_tcp *t, unsigned direction, const struct tcp_segment *s)
{
	struct conn_tcp_side *sender = &t->side[direction];
	uint8_t scale, offer = usher__tcp_window_offer(s, &scale);

	sender->end = sender->max_end = s->end;
	sender->max_win = not_zero(s->window);
	t->flags[direction] = (uint8_t)((t->flags[direction] & TCP_SIDE_LIBERAL) | offer |
					(s->end - s->seq > 1 ? TCP_SIDE_EARLY : 0));
	set_scale(t, direction, scale);
	/* RFC 7323 2.2: windows are scaled if both SYNs offered it, else neither way. reply's SYN is always the second. */
	if (direction == USHER_REPLY && !(t->flags[0] & t->flags[1] & TCP_SIDE_SCALE))
		t->scale = 0;
}

void usher__tcp_window_begin(struct conn *c, const struct tcp_segment *s)
{
	struct conn_tcp *t = &c->u.tcp;

	memset(t, 0, sizeof(*t));
	if (s->flags & TCP_SYN) {
		begin_side(t, USHER_ORIG, s);
		return;
	}
	t->side[USHER_ORIG].end = s->end;
	t->side[USHER_ORIG].max_win = not_zero(s->window);
	t->side[USHER_ORIG].max_end = s->end + t->side[USHER_ORIG].max_win;
	t->flags[0] = t->flags[1] = TCP_SIDE_SACK | TCP_SIDE_LIBERAL;
}

/* The first segment of a sender whose SYN was not seen: what it says must do. The other side was seen before. */
static void join_side(struct conn_tcp *t, unsigned direction, const struct tcp_segment *s, uint32_t edge)
{
	struct conn_tcp_side *sender = &t->side[direction], *receiver = &t->side[!direction];

	sender->end = s->end;
	sender->max_win = not_zero((uint32_t)s->window << conn_tcp_scale(t, direction));
	sender->max_end = s->end + sender->max_win;
	if (edge == receiver->end + 1)
		receiver->end++; /* it answers a keep-alive that we took for the end of the data */
}

/*
 * Is this the sender's first segment? A SYN of a connection that is not yet open may also begin again with other numbers (RFC
 * 9293 3.10.7: both ends would take it).
 */
static bool is_first(const struct conn *c, unsigned direction, const struct tcp_segment *s)
{
	const struct conn_tcp_side *sender = &c->u.tcp.side[direction];

	if (sender->max_win == 0)
		return true;
	return s->flags & TCP_SYN && seq_after(s->end, sender->end) &&
		(c->state == CONN_TCP_SYN_SENT || c->state == CONN_TCP_SYN_RECV);
}

/*
 * Beyond boundary I. A sender that overruns the window by less than the window itself is let by: if the receiver takes
 * it after all and acknowledges it, boundary II must know of it, or nothing would fit ever after.
 */
static enum tcp_fit judge_overrun(struct conn_tcp *t, unsigned direction, const struct tcp_numbers *n)
{
	struct conn_tcp_side *sender = &t->side[direction];
	const struct conn_tcp_side *receiver = &t->side[!direction];
	uint32_t overrun = n->end - sender->max_end + 1, ack_window = tcp_larger(sender->max_win, TCP_ACK_WINDOW);

	if (receiver->max_win == 0 || overrun > receiver->max_win || seq_before(n->end, sender->end - receiver->max_win))
		return TCP_FITS_NOT;
	if (seq_after(n->edge, receiver->end) || seq_before(n->edge, receiver->end - ack_window))
		return TCP_FITS_NOT;
	sender->end = n->end;
	t->flags[direction] |= TCP_SIDE_UNANSWERED;
	return TCP_FITS_BEFORE;
}

static enum tcp_fit judge_numbers(struct conn_tcp *t, unsigned direction, const struct tcp_numbers *n)
{
	switch (tcp_boundary_of(&t->side[direction], &t->side[!direction], n)) {
	case TCP_BEYOND_I:
		return judge_overrun(t, direction, n);
	case TCP_BEYOND_II:
		return TCP_FITS_NOT;
	case TCP_BEYOND_III:
	case TCP_BEYOND_IV:
		return TCP_FITS_BEFORE;
	case TCP_INSIDE:
		break;
	}
	return TCP_FITS;
}

/*
 * A RST that answers a SYN has no number of its own: RFC 9293 3.5.2, group 1. It may come later than the answer of the same
 * endpoint, which has given up meanwhile while the SYN came again; then it has to acknowledge just that SYN.
 */
static bool answers_syn(const struct conn *c, unsigned direction, const struct tcp_segment *s)
{
	if (!(s->flags & TCP_RST) || s->seq != 0)
		return false;
	if (c->state == CONN_TCP_SYN_SENT)
		return true;
	return (c->state == CONN_TCP_SYN_RECV || c->state == CONN_TCP_SYN_SENT2) && s->flags & TCP_ACK &&
		s->ack == c->u.tcp.side[!direction].end;
}

static enum tcp_fit judge_known(struct conn *c, unsigned direction, const struct tcp_segment *s, uint32_t edge)
{
	struct conn_tcp *t = &c->u.tcp;
	struct tcp_numbers n = { s->seq, s->end, s->ack, edge };
	bool acks = (s->flags & TCP_ACK) != 0;
	uint32_t window = s->window;
	enum tcp_fit fit;

	/* Without an acknowledgement, as if it had the right one. Old stacks write 0 into a RST; not where nothing else counts. */
	if (!acks || (s->flags & TCP_RST && n.ack == 0 && !(c->state == CONN_TCP_SYN_SENT && direction == USHER_REPLY)))
		n.ack = n.edge = t->side[!direction].end;
	if (answers_syn(c, direction, s))
		n.seq = n.end = t->side[direction].end;

	fit = judge_numbers(t, direction, &n);
	if (fit != TCP_FITS)
		return fit;
	if (!(s->flags & TCP_SYN))
		window <<= conn_tcp_scale(t, direction);
	tcp_learn_sender(t, direction, &n, window, acks);
	tcp_learn_receiver(t, direction, &n, window);
	if (s->event == TCP_ON_ACK)
		tcp_count_retransmits(t, direction, s);
	return TCP_FITS;
}

/* A sender's first segment. What does not fit must not have begun anything: the right one is still to come. */
static enum tcp_fit judge_first(struct conn *c, unsigned direction, const struct tcp_segment *s, uint32_t edge, bool liberal)
{
	struct conn_tcp *t = &c->u.tcp, before = *t;
	enum tcp_fit fit;

	if (s->flags & TCP_SYN)
		begin_side(t, direction, s);
	else
		join_side(t, direction, s, edge);
	/* Simultaneous open: nothing of the other side is in it. */
	if (s->event == TCP_ON_SYN && (before.side[direction].max_win == 0 || direction == USHER_REPLY))
		return TCP_FITS;
	fit = judge_known(c, direction, s, edge);
	if (fit != TCP_FITS && !liberal)
		*t = before;
	/* Data of a SYN that is not taken (RFC 7413) comes again, though it may be more than the window: III must not mind. */
	if (fit == TCP_FITS && s->event == TCP_ON_SYN_ACK && t->flags[!direction] & TCP_SIDE_EARLY)
		t->side[direction].max_win = tcp_larger(t->side[direction].max_win, t->side[!direction].end - s->ack);
	return fit;
}

enum tcp_fit usher__tcp_window_judge(struct conn *c, unsigned direction, const struct tcp_segment *s, bool liberal)
{
	const struct conn_tcp *t = &c->u.tcp;
	uint32_t edge = s->ack;
	enum tcp_fit fit;

	liberal = liberal || t->flags[direction] & TCP_SIDE_LIBERAL;
	if (tcp_may_have_sack(s) && t->flags[!direction] & TCP_SIDE_SACK && !(s->flags & TCP_SYN))
		edge = sack_edge(s);
	if ((t->side[direction].max_win == 0 || s->flags & TCP_SYN) && is_first(c, direction, s))
		fit = judge_first(c, direction, s, edge, liberal);
	else
		fit = judge_known(c, direction, s, edge);
	if (fit == TCP_FITS || !liberal)
		return fit;
	return t->side[!direction].max_win ? TCP_FITS_LIBERALLY : TCP_FITS; /* while nothing is known there is no window */
}
