/*
 * conn/tcp_window: may this segment be of this connection? What its numbers say, whatever its flags.
 *
 * Owns: the meaning of the bits in struct conn_tcp's `flags` and `let_by`, and struct tcp_segment.
 * Invariants: sequence numbers are compared by their signed difference, never by size; nothing of a segment that does
 * not fit is believed (but for one that starts in the window and runs over its end: see usher__tcp_window_judge).
 * Sources: Guido van Rooij, "Real Stateful TCP Packet Filtering in IP Filter"; RFC 9293 3.4, 3.8.6, 3.10.7.4; RFC 7323
 * 2; RFC 2018.
 */
#ifndef USHER_CONN_TCP_WINDOW_H
#define USHER_CONN_TCP_WINDOW_H

#include "conn/conn.h"
#include "conn/tcp_table.h"

/* conn_tcp.flags, by direction of the sender. */
enum tcp_side_flags {
	TCP_SIDE_SCALE = 1,     /* its SYN offered window scaling */
	TCP_SIDE_SACK = 2,      /* its SYN permitted SACK: the other side may send it */
	TCP_SIDE_CLOSED = 4,    /* its FIN was the first */
	TCP_SIDE_LIBERAL = 8,   /* its beginning was not seen, its scale is not known: windows say nothing */
	TCP_SIDE_UNANSWERED = 16, /* it sent something new since the other side's acknowledgement was complete */
	TCP_SIDE_ACKED = 32,    /* max_ack is known */
	TCP_SIDE_EARLY = 64     /* its SYN had data (RFC 7413) */
};

/* conn_tcp.let_by: what the last SYN of orig that was let by offered, and two notes of tcp.c. */
enum tcp_let_by {
	TCP_LET_BY_SHIFT = 15,   /* mask: its scale */
	TCP_LET_BY_SCALE = 16,   /* it offered scaling */
	TCP_LET_BY_SACK = 32,    /* it permitted SACK */
	TCP_LET_BY_CHALLENGE = 64, /* it came in LAST_ACK: an ACK may be the challenge to it (RFC 5961 4.2) */
	TCP_BOTH_OPENED = 128    /* simultaneous open */
};

/* What a TCP header says, host order. */
struct tcp_segment {
	uint32_t seq, end; /* end: behind its data; SYN and FIN count as one each */
	uint32_t ack;
	uint16_t window;   /* as written, not scaled */
	uint8_t flags;
	uint8_t event;     /* enum tcp_event */
	uint8_t header_len;
	const uint8_t *header;
};

enum tcp_fit {
	TCP_FITS = 0,
	TCP_FITS_LIBERALLY, /* it does not, but nobody minds: nothing was learnt from it */
	TCP_FITS_BEFORE,    /* too old to say anything (or it runs over the window's end): passes, without effect */
	TCP_FITS_NOT
};

static inline bool seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_after(uint32_t a, uint32_t b)
{
	return (int32_t)(b - a) < 0;
}

/* The bit of the last packet's direction in conn_tcp.last. */
static inline uint8_t tcp_last_of(unsigned event, unsigned direction)
{
	return (uint8_t)(event | direction << 7);
}

/* The sender's side from the first packet of a connection: a SYN, or (picked up) an ACK. */
void usher__tcp_window_begin(struct conn *c, const struct tcp_segment *s);

/* Judge a segment of `direction`, and learn from it if it fits. `liberal`: see struct conn_config. */
enum tcp_fit usher__tcp_window_judge(struct conn *c, unsigned direction, const struct tcp_segment *s, bool liberal);

/* What the options of a SYN offer, as TCP_SIDE_SCALE and TCP_SIDE_SACK; *scale is 0 without an offer. */
uint8_t usher__tcp_window_offer(const struct tcp_segment *s, uint8_t *scale);

#endif
