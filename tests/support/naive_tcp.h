/*
 * naive_tcp: one end of a TCP connection that keeps the rules of numbers and no others: it sends what it is told to, in
 * whatever pieces and order, and acknowledges what it has. For fuzz targets, whose input is the network and the timers.
 *
 * What no network may do to it is told by naive_receive: acknowledge what it has not sent, bring one number with two
 * different bytes.
 */
#ifndef USHER_TESTS_NAIVE_TCP_H
#define USHER_TESTS_NAIVE_TCP_H

#include "tests/sim/ranges.h"
#include "tests/sim/wire.h"

#define NAIVE_SAID 4096u
#define NAIVE_HEARD (3u * NAIVE_SAID) /* what was said may have grown */

struct naive {
	struct usher_endpoint own, peer; /* the peer as it knows him */
	uint32_t iss, irs;               /* numbers of both SYNs */
	uint8_t said[NAIVE_SAID], heard[NAIVE_HEARD];
	uint32_t said_len, sent, una;    /* bytes: all, ever sent, acknowledged */
	uint32_t rcv;                    /* bytes heard without a hole */
	struct ranges sacked, early;     /* of `said`, acknowledged out of order; of `heard`, behind a hole */
	uint16_t window;
	bool fin_sent, fin_acked, fin_heard, dead; /* dead: by a reset */
	uint32_t fin_at;                 /* FIN_HEARD: how many bytes come before */
	uint16_t id;
};

/* A segment with bytes [from, from + len) of what was said, cut at its end, with the FIN if there is one. Returns its length. */
uint32_t naive_segment(struct naive *n, uint8_t *to, uint32_t from, uint32_t len, uint8_t flags);
/* A SYN, or with ACK its answer. */
uint32_t naive_syn(struct naive *n, uint8_t *to, uint8_t flags);
/* The end of a run of bytes from `from` on that were not acknowledged selectively; `from` moves to its begin. */
uint32_t naive_missing(const struct naive *n, uint32_t *from);
/* Whatever comes to it. NULL, or what is wrong. */
const char *naive_receive(struct naive *n, const struct wire *w);

#endif
