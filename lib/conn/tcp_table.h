/*
 * conn/tcp_table: what the flags of a packet do to a TCP connection, as a table.
 *
 * Owns: the names of states and events, and for each state, sender and event what is to be done and why.
 * Invariants: every entry has its reason; `next` is a state that exists, and the current one where nothing is to
 * change; an event is told by flags alone. What numbers and windows say is not here (tcp_window.h).
 * Sources: RFC 9293 3.3.2, 3.5, 3.6, 3.10.7; RFC 5961; and how Linux's conntrack behaves, seen from outside.
 */
#ifndef USHER_CONN_TCP_TABLE_H
#define USHER_CONN_TCP_TABLE_H

#include "conn/conn.h"

/* As conntrack names them. They are what has passed here, not the state of either endpoint. */
enum tcp_state {
	CONN_TCP_NONE = 0,
	CONN_TCP_SYN_SENT,    /* a SYN of orig */
	CONN_TCP_SYN_RECV,    /* its SYN/ACK */
	CONN_TCP_ESTABLISHED, /* the ACK of that; or picked up in the middle */
	CONN_TCP_FIN_WAIT,    /* a FIN */
	CONN_TCP_CLOSE_WAIT,  /* an ACK after it: half closed */
	CONN_TCP_LAST_ACK,    /* a second FIN */
	CONN_TCP_TIME_WAIT,   /* an ACK after that */
	CONN_TCP_CLOSE,       /* a RST */
	CONN_TCP_SYN_SENT2,   /* SYNs of both sides: simultaneous open */
	CONN_TCP_STATE_COUNT
};

enum tcp_event {
	TCP_ON_SYN = 0,
	TCP_ON_SYN_ACK,
	TCP_ON_FIN, /* always with ACK */
	TCP_ON_ACK, /* neither SYN, FIN nor RST */
	TCP_ON_RST,
	TCP_EVENT_COUNT,
	TCP_ON_NONSENSE = TCP_EVENT_COUNT /* flags that no endpoint sends together */
};

/* What is to be done. The first three ask for flags only, the others for more (tcp.c). */
enum tcp_rule_kind {
	TCP_REJECT = 0,  /* invalid */
	TCP_TAKE,        /* if it is in window: to `next` */
	TCP_LET_BY,      /* it passes and changes nothing, but is remembered: perhaps the endpoints know better than we do */
	TCP_MEET,        /* as TAKE, and that both sides opened is noted */
	TCP_REOPEN,      /* another connection begins if we know that this one is over; else as LET_BY */
	TCP_RESET,       /* to CLOSE if the sequence number is the one expected */
	TCP_LAST         /* as TAKE, unless it is the challenge to a SYN that was let by */
};

struct tcp_rule {
	uint8_t kind;     /* enum tcp_rule_kind */
	uint8_t next;     /* enum tcp_state */
	uint8_t met_kind; /* the same once both sides opened: RFC 9293 3.5, figure 7 */
	uint8_t met_next;
	const char *why;
};

extern const struct tcp_rule usher__tcp_table[CONN_TCP_STATE_COUNT][2][TCP_EVENT_COUNT];
extern const char *const usher__tcp_states[CONN_TCP_STATE_COUNT];

/* enum tcp_event by the low six bits of the flags. PSH says nothing here; ECE and CWR (RFC 3168) are above. */
extern const uint8_t usher__tcp_events[64];

static inline enum tcp_event tcp_event_of(uint8_t flags)
{
	return (enum tcp_event)usher__tcp_events[flags & 63u];
}

#endif
