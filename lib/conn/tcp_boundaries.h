/*
 * conn/tcp_boundaries: the four boundaries of van Rooij, and what a segment inside them teaches. Inline, for nearly every
 * packet of a TCP connection comes through here, and through little else.
 *
 * A side knows of its sender: how far it has sent (end), how far it may send (max_end: the other's acknowledgement plus
 * window), what it has acknowledged (max_ack), how much it takes in (max_win).
 *
 *   I    begins where the receiver has offered room          seq <= sender.max_end
 *   II   acknowledges only what the receiver has sent        ack <= receiver.end
 *   III  is no older than the receiver's largest window      end >= sender.end - receiver.max_win
 *   IV   its acknowledgement is no older than its own one    ack >= receiver.end - max(sender.max_win, TCP_ACK_WINDOW)
 *
 * Where SACK is permitted `ack` is here the rightmost edge of what is acknowledged: the receiver has it, so it was sent.
 * III and IV fail for what is merely late, I and II for what is forged, misrouted, or of another connection: hence two
 * kinds of misfit.
 * Owns: nothing. Invariant: max_win >= 1 once the sender was seen. Sources: tcp_window.h.
 */
#ifndef USHER_CONN_TCP_BOUNDARIES_H
#define USHER_CONN_TCP_BOUNDARIES_H

#include <string.h>

#include "conn/tcp_window.h"

/* Boundary IV's least window: a whole unscaled one and a bit (van Rooij; Linux, too, has 66000). */
#define TCP_ACK_WINDOW 66000u

/* A segment's numbers as far as they are to be believed. */
struct tcp_numbers {
	uint32_t seq, end, ack;
	uint32_t edge; /* rightmost of ack and SACK blocks */
};

static inline uint32_t tcp_larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

enum tcp_boundary { TCP_INSIDE = 0, TCP_BEYOND_I, TCP_BEYOND_II, TCP_BEYOND_III, TCP_BEYOND_IV };

/* The first of them that the segment is beyond. */
static inline enum tcp_boundary tcp_boundary_of(const struct conn_tcp_side *sender, const struct conn_tcp_side *receiver,
						const struct tcp_numbers *n)
{
	if (seq_after(n->seq, sender->max_end))
		return TCP_BEYOND_I;
	if (seq_after(n->edge, receiver->end))
		return TCP_BEYOND_II;
	if (receiver->max_win && seq_before(n->end, sender->end - receiver->max_win))
		return TCP_BEYOND_III;
	if (seq_before(n->edge, receiver->end - tcp_larger(sender->max_win, TCP_ACK_WINDOW)))
		return TCP_BEYOND_IV;
	return TCP_INSIDE;
}

/* What a segment inside says of its sender, */
static inline void tcp_learn_sender(struct conn_tcp *t, unsigned direction, const struct tcp_numbers *n, uint32_t window,
				    bool acks)
{
	struct conn_tcp_side *sender = &t->side[direction];
	unsigned flags = t->flags[direction];

	sender->max_win = tcp_larger(sender->max_win, window + (n->edge - n->ack));
	if (seq_after(n->end, sender->end)) {
		sender->end = n->end;
		flags |= TCP_SIDE_UNANSWERED;
	}
	if (acks) {
		if (!(flags & TCP_SIDE_ACKED) || seq_after(n->ack, sender->max_ack))
			sender->max_ack = n->ack;
		flags |= TCP_SIDE_ACKED;
	}
	t->flags[direction] = (uint8_t)flags;
}

/* and of its receiver. */
static inline void tcp_learn_receiver(struct conn_tcp *t, unsigned direction, const struct tcp_numbers *n, uint32_t window)
{
	struct conn_tcp_side *sender = &t->side[direction], *receiver = &t->side[!direction];

	/* It began in the window and runs over the end: the receiver's was larger than we knew, III must know. */
	if (seq_after(n->end, sender->max_end) && receiver->max_win)
		receiver->max_win += n->end - sender->max_end;
	if (!seq_before(n->edge + window, receiver->max_end))
		receiver->max_end = n->edge + window + !window; /* a closed one is probed with a byte: RFC 9293 3.8.6.1 */
	if (n->ack == receiver->end)
		t->flags[!direction] &= (uint8_t)~TCP_SIDE_UNANSWERED;
}

/* Count how often the very same acknowledgement came; no more than the counter holds. */
static inline void tcp_count_retransmits(struct conn_tcp *t, unsigned direction, const struct tcp_segment *s)
{
	if (t->last_seq == s->seq && t->last_ack == s->ack && t->last_end == s->end && t->last_window == s->window &&
	    t->last >> 7 == direction) {
		t->retransmits = (uint8_t)(t->retransmits + (t->retransmits < 255));
		return;
	}
	t->last_seq = s->seq;
	t->last_ack = s->ack;
	t->last_end = s->end;
	t->last_window = s->window;
	t->retransmits = 0;
}

/*
 * Two NOPs, then a timestamp of 10 bytes, and nothing else: how nearly all segments with options look (RFC 7323
 * appendix A). All others may have SACK blocks.
 */
static inline bool tcp_may_have_sack(const struct tcp_segment *s)
{
	static const uint8_t timestamp_head[4] = { 1, 1, 8, 10 };

	if (s->header_len <= 20)
		return false;
	return s->header_len != 32 || memcmp(s->header + 20, timestamp_head, 4) != 0;
}

/*
 * A segment of an open connection with ACK and neither SYN, FIN nor RST: if it needs no closer look, learn from it. False: it
 * does, and nothing was done.
 */
static inline bool tcp_take_plain(struct conn_tcp *t, unsigned direction, const struct tcp_segment *s)
{
	const struct conn_tcp_side *sender = &t->side[direction], *receiver = &t->side[!direction];
	struct tcp_numbers n = { s->seq, s->end, s->ack, s->ack };
	uint32_t window = (uint32_t)s->window << conn_tcp_scale(t, direction);

	if (sender->max_win == 0 || tcp_may_have_sack(s) || tcp_boundary_of(sender, receiver, &n) != TCP_INSIDE)
		return false;
	tcp_learn_sender(t, direction, &n, window, true);
	tcp_learn_receiver(t, direction, &n, window);
	tcp_count_retransmits(t, direction, s);
	return true;
}

#endif
