/*
 * net: a small network for the tests of the engine: packets with right lengths and checksums, a tracker, a line of text for each
 * event, scripts, and a look at whether all that the tracker holds fits together.
 *
 * net.c makes packets, net_events.c runs the tracker and writes down what it tells, net_script.c reads scripts, net_check.c knows
 * the engine's insides. Everything is deterministic; a failure is cmocka's.
 *
 * Endpoints are text: "10.0.0.2:4000", "[fd00::2]:4000", or without a key. Connections and expectations are told by their numbers.
 */
#ifndef USHER_TESTS_NET_H
#define USHER_TESTS_NET_H

#include <usher/usher.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define NET_PACKET 2048u /* bytes that a packet may have */
#define NET_START (1000 * USHER_SECOND)

enum net_tcp_flags { NET_FIN = 1, NET_SYN = 2, NET_RST = 4, NET_PSH = 8, NET_ACK = 16, NET_URG = 32 };

/* ---- packets ---- */

struct usher_endpoint net_end(const char *text);
/* false: it is none. */
bool net_end_read(const char *text, struct usher_endpoint *e);
/* The same text again; a key of 0 is "*", family 0 "*". */
const char *net_end_text(const struct usher_endpoint *e, char text[80]);

struct net_tcp {
	uint32_t seq, ack;
	uint8_t flags;      /* enum net_tcp_flags */
	uint16_t window;    /* 0: 65535 */
	bool zero_window;
	const void *data;
	uint32_t len;
};

/* Each writes one IP packet of at most NET_PACKET bytes and returns its length. */
uint32_t net_tcp(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, const struct net_tcp *tcp);
uint32_t net_udp(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, const void *data, uint32_t len);
/* A message with an identifier: type 8 and 0, or their like of ICMPv6 (128, 129). The key of `src` is the identifier. */
uint32_t net_icmp(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, uint8_t type);
/* An error: IPv4 type 3 code 3, IPv6 type 1 code 4; it quotes at most 64 bytes. */
uint32_t net_icmp_error(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, const uint8_t *quoted,
			uint32_t len);
/* GRE: version 0 with the key of dst, or version 1 as PPTP has it, to the call that dst's key is. */
uint32_t net_gre(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, uint8_t version);
/* One packet with these chunks, or bytes, behind SCTP's common header. */
uint32_t net_sctp(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, uint32_t tag, const void *chunks,
		  uint32_t len);
/* The checksum covers the header and no more. */
uint32_t net_udplite(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, const void *data, uint32_t len);
/* DCCP-Data with the long sequence number; all is covered. */
uint32_t net_dccp(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, const void *data, uint32_t len);
uint32_t net_other(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, uint8_t protocol);
/* Make an IPv4 packet a fragment: `offset` in units of 8 bytes. */
void net_fragment(uint8_t *packet, uint16_t offset, bool more);

/* What a policy decides: IPv4 connections leave from this address. */
void net_masquerade(struct usher_decision *decision, const char *address);

/* Numbers below `limit`; the same after the same seed. */
uint32_t net_random(uint64_t *seed, uint32_t limit);

/* ---- text ---- */

struct net_text {
	char *at;
	size_t len, size;
};
void net_print(struct net_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void net_vprint(struct net_text *t, const char *format, va_list list) __attribute__((format(printf, 2, 0)));
void net_clear(struct net_text *t);

/* ---- a tracker ---- */

#define NET_HISTORY 8192u

struct net_flow { /* of a script */
	char name[8];
	uint8_t protocol;
	struct usher_endpoint end[2];   /* client, server */
	uint32_t first[2], next[2];     /* sequence numbers: of the first byte, of the next */
	uint8_t said[2][NET_HISTORY];
	uint8_t last[2][NET_PACKET];    /* the last packet of each direction */
	uint32_t last_len[2];
	uint16_t zone;
};

struct net {
	struct usher_options options;
	void *region;
	size_t size;
	bool lent;
	struct usher_tracker *tracker;
	struct usher_worker *w;         /* worker 0 */
	usher_time now;
	uint64_t frame;
	uint16_t zone;
	uint32_t interface;
	struct usher_packet last;       /* the last packet, as it came back */
	uint64_t told[USHER_EVENT_COUNT];
	uint64_t told_refused, told_again, told_children; /* of them: announcements refused, refreshed ones, related connections */
	struct net_text log;
	bool full;                      /* lines with every field, the time and the frame */
	bool quiet;                     /* count events, write nothing */
	void (*watch)(struct net *, const struct usher_event *); /* called for each event; may be NULL */
	void *watch_user;
	void (*instead)(struct net *, const uint8_t *, uint32_t); /* gets what net_send would process; may be NULL */
	void *instead_user;
	struct net_flow flow[16];
	uint32_t flow_count;
};

/* `options` may be NULL; size and sink are filled in. Small tables where it says nothing. */
void net_open(struct net *n, const struct usher_options *options);
/* Memory for the next net_open, which stays the caller's: for whoever opens many. Aligned to a page, need not be zero. */
void net_lend(void *memory, size_t size);
/* Everything ends, and nothing may be left. */
void net_close(struct net *n);

/* One packet, now. Checks that all fits together afterwards if `check`. */
void net_send(struct net *n, const uint8_t *data, uint32_t len);

/* All that is wrong with what a worker holds, as far as the eye of a test sees; NULL: nothing. */
const char *net_wrong(struct usher_worker *w);
#define net_sound(n) assert_string_equal(net_verdict(n), "sound")
const char *net_verdict(struct net *n);
/* How many records of a worker's slabs and chunks are in use: connections, expectations, extras, states, chunks. */
uint64_t net_used(const struct usher_worker *w);
uint32_t net_used_chunks(const struct usher_worker *w);
uint32_t net_used_helps(const struct usher_worker *w);

/* A connection as a line (brief: what list prints; full: all of it), and all connections or expectations there are. */
void net_conn_line(struct net_text *t, const struct usher_conn *c, bool full);
void net_expectation_line(struct net_text *t, const struct usher_expectation *e, bool full);
void net_list(struct net *n, struct net_text *t, bool full);
void net_expects(struct net *n, struct net_text *t, bool full);
void net_counters(const struct net *n, struct net_text *t);

/* ---- scripts ---- */

/*
 * Run a script, a command a line; what happens is in n->log, a line for each event, with lines of the commands that look at things.
 *
 *	A tcp 10.0.0.2:4000 10.0.0.9:99     a flow named A, and its handshake
 *	A mid 10.0.0.2:4000 10.0.0.9:99     a flow of TCP under way: no packet yet
 *	A udp 10.0.0.2:4000 10.0.0.9:98     a flow of UDP: no packet yet
 *	A> text        the client says it, and the server acknowledges; < the other way round
 *	A>> text       ... nobody acknowledges; <<
 *	A>x text       ... and it is lost before it comes here
 *	A>@3,5         the client says again five bytes from the third on
 *	A>ack A>fin A>rst A>syn             without data
 *	A close        FIN and ACK of both sides, the client first
 *	syn SRC DST, ack SRC DST, udp SRC DST [text], ping SRC DST, pong SRC DST, gre SRC DST, gre0 SRC DST, other SRC DST
 *	error SRC A>   an ICMP error of SRC's about the client's last packet
 *	fragment A>    the client's last packet, as the first fragment
 *	wait SECONDS, tick, zone N, flags +loose -live, flush, end, delete A, mark A 7, timeout A 10
 *	state          what became of the last packet; list, expects: what there is; count NAME
 *	# a remark
 *
 * In texts ~ is CR LF, %0a any byte, {x*20} twenty times x.
 */
void net_run(struct net *n, const char *script);
/* ... and the log must be just this. With NET_PRINT in the environment it is printed instead, for whoever writes a new row. */
void net_expect_log(struct net *n, const char *name, const char *expected);

struct net_flow *net_flow(struct net *n, const char *name);
/* A new flow in the table of flows; its first bytes have these numbers. */
struct net_flow *net_flow_add(struct net *n, const char *name, uint8_t protocol, const char *client, const char *server);
/* Bytes of one side (0: the client), not acknowledged. */
void net_say(struct net *n, struct net_flow *f, unsigned side, const void *data, uint32_t len);
void net_say_again(struct net *n, struct net_flow *f, unsigned side, uint32_t at, uint32_t len);
void net_flag(struct net *n, struct net_flow *f, unsigned side, uint8_t flags);
void net_handshake(struct net *n, struct net_flow *f);
/* Is the connection of a flow there? */
bool net_find(struct net *n, const struct net_flow *f, struct usher_conn *conn);

#endif
