/*
 * sim/tcp: a small but real TCP.
 *
 * Owns: struct tcp, one end of a connection: all that was ever written and read (sessions are short, so streams are kept whole and
 * the oracle can look at them), the scoreboard, the timers.
 * It has: handshake, MSS, window scaling, time stamps with PAWS, SACK and DSACK, RTO (RFC 6298), fast retransmit and SACK-based
 * recovery, NewReno without SACK, zero window probes and keep-alives of both customary kinds, delayed acknowledgements, Nagle, silly
 * window avoidance, FIN, RST (RFC 5961), urgent data, retransmission with other boundaries, path MTU discovery.
 * Numbers inside count from the SYN, which is 0; byte n of a stream is number n + 1, the FIN comes behind the last. No stream is as
 * long as 2^31, so they compare as they are; only on the wire the initial number is added and they wrap.
 * Sources: RFC 9293, 7323, 2018, 2883, 6675, 6582, 6298, 5681, 5961, 1191, 8201.
 */
#ifndef USHER_SIM_TCP_H
#define USHER_SIM_TCP_H

#include "tests/sim/ranges.h"

struct sim;
struct host;
struct packet;
struct announcement;

#define MS 1000000u /* a millisecond */
#define SPANS_MAX 64u
#define URGENTS_MAX 16u

/* How a host's TCP is. */
struct tcp_profile {
	uint16_t mss;          /* that it advertises */
	uint8_t scale;         /* 0xff: offers none */
	uint8_t recut;         /* percent of its retransmissions that have other boundaries */
	uint8_t first_window;  /* segments */
	bool sack, dsack, stamps;
	bool forgets_sack;     /* after a time-out (RFC 2018 8) */
	bool nagle, delayed;
	bool probes_with_data; /* zero window: the next byte; else an old number without data */
	bool keeps_with_data;  /* keep-alive: with one byte of garbage */
	uint32_t buffer;       /* for what was not read yet */
	uint32_t keep_ms;      /* keep-alive when idle so long; 0: none */
	uint32_t read_ms;      /* the application reads so much later; 0: at once */
};

enum tcp_state {
	TCP_CLOSED, TCP_SYN_SENT, TCP_SYN_RECEIVED, TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2, TCP_CLOSE_WAIT, TCP_CLOSING,
	TCP_LAST_ACK, TCP_TIME_WAIT
};

enum tcp_event {
	TCP_OPEN,    /* the handshake is complete */
	TCP_BYTES,   /* there is something to read */
	TCP_EOF,     /* the other side writes no more */
	TCP_SENT,    /* all that was written is acknowledged, the FIN too if there was one */
	TCP_RESET,   /* by the other side */
	TCP_TIMEOUT, /* given up */
	TCP_GONE     /* closed by both sides, in order */
};

struct bytes {
	uint8_t *data;
	uint32_t len, room;
};

enum span_kind {
	SPAN_NUMBERS, /* h,h,h,h,p,p */
	SPAN_EPRT,    /* |1|address|port| */
	SPAN_PORT,    /* digits */
	SPAN_CALL,    /* two bytes: the writer's call id */
	SPAN_PEER     /* the reader's, as the writer knows it */
};

/* A place in a stream that a helper may edit, as its writer knows it, and what left in its place. */
struct span {
	uint32_t from, len;       /* in the writer's stream */
	uint32_t line, line_end;  /* what it is part of: line or message */
	uint8_t kind;             /* enum span_kind */
	bool done, changed, split, lost;
	uint32_t out, out_len;    /* in the reader's stream, when `done` */
	uint32_t head, tail;      /* bytes at both ends that are the same in both */
	struct announcement *announcement;
};

/*
 * What left towards the other end, as seen on its last link: the stream in the reader's numbers. It is compared with what was
 * written, and what is read is compared with it. Belongs to the writer's end.
 */
struct mirror {
	struct bytes wire;
	struct ranges have;       /* of `wire` */
	uint32_t written, left;   /* compared so far: in the writer's and the reader's stream */
	uint32_t read;            /* and of what was read */
	uint32_t acked;           /* what the reader's acknowledgements that reached the gateway say, in its stream */
	int32_t shift, least_shift;
	uint32_t span_count, span_next;
	struct span span[SPANS_MAX];
};

struct tcp {
	struct sim *sim;
	struct host *host;
	const struct tcp_profile *profile;
	struct usher_endpoint local, remote;
	struct tcp *peer;          /* the other end, known by its initial number */
	uint8_t state;
	uint8_t number;            /* in struct sim */
	bool active;               /* it began the connection */
	bool busy, again;          /* in tcp_input: output comes when it is done */
	uint32_t iss, irs;
	/* sending */
	struct bytes tx;
	uint32_t una, nxt, max;    /* oldest not acknowledged, next to be sent, next never sent */
	uint32_t edge, edge_seq, edge_ack, max_window;
	uint32_t urgent;           /* the number behind the urgent byte; 0: none */
	uint32_t urgents[URGENTS_MAX], urgent_count; /* all that there were */
	bool fin_wanted, fin_sent, fin_acked;
	uint16_t mss, peer_mss, path_mtu;
	uint8_t scale_in, scale_out; /* of the windows it sends, and receives */
	bool sack, stamps;
	uint32_t cwnd, ssthresh;
	uint32_t dup_acks, recover, rexmit;
	bool recovering;
	struct ranges sacked;
	uint32_t srtt, rttvar, rto, timed;  /* ms; timed: number whose acknowledgement tells the time, 0: none */
	uint64_t timed_at;
	uint8_t retries, probes;
	/* receiving */
	struct bytes rx;           /* complete up to rcv_nxt - 1 */
	uint32_t rcv_nxt, rcv_edge, consumed;
	uint32_t parsed;           /* by the application, in lines or messages */
	struct ranges early;
	uint32_t latest;           /* a number of the newest early range */
	struct range again_range;  /* to be told by DSACK; empty: none */
	uint32_t fin_at;           /* 0: not seen */
	bool fin_got, told_eof;
	uint32_t stamp, stamp_zero, last_ack;
	uint32_t unacked;          /* segments not acknowledged yet */
	bool ack_now;
	/* timers: 0 is off */
	uint64_t rto_at, persist_at, ack_at, keep_at, wait_at, read_at, armed;
	uint32_t persist_ms;
	/* whose it is */
	void (*app)(struct tcp *t, enum tcp_event event);
	void *app_data;
	struct announcement *toward; /* opened because of it */
	struct mirror mirror;
};

/* Begins a connection. */
void tcp_connect(struct tcp *t);
/* A SYN came for a listener. */
void tcp_accept(struct tcp *t, const struct wire *w);
void tcp_input(struct tcp *t, const struct wire *w);
/* A router says that what it quotes is too big for it. */
void tcp_too_big(struct tcp *t, const struct wire_icmp *icmp);

void tcp_write(struct tcp *t, const void *data, uint32_t len);
/* The byte before this place of the stream is urgent. To be told before it is written. */
void tcp_urgent(struct tcp *t, uint32_t end);
void tcp_close(struct tcp *t);
/* RST, at once. */
void tcp_abort(struct tcp *t);
/* What can be read; tcp_read says that it was. */
static inline uint32_t tcp_readable(const struct tcp *t)
{
	return t->rcv_nxt - 1 - t->fin_got - t->consumed;
}
void tcp_read(struct tcp *t, uint32_t len);
bool tcp_is_open(const struct tcp *t); /* data can be written */
void tcp_timer(struct sim *sim, void *object, uint32_t unused);

/* For tcp.c and tcp_send.c. */
void tcp_output(struct tcp *t);
void tcp_arm(struct tcp *t);
void tcp_ack_came(struct tcp *t, const struct wire *w);
void tcp_send_ack(struct tcp *t);
void tcp_retransmit_timer(struct tcp *t);
void tcp_persist_timer(struct tcp *t);
void tcp_keep_timer(struct tcp *t);
void tcp_set_mss(struct tcp *t);
void tcp_end(struct tcp *t, enum tcp_event event);
void bytes_put(struct bytes *b, uint32_t at, const void *data, uint32_t len);

#endif
