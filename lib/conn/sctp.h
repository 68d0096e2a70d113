/*
 * conn/sctp: what the chunks of a packet do to an SCTP association, as a table; and whose verification tags fit.
 *
 * Owns: the names of states and events, and for each state, sender and event what is to be done and why (sctp_table.c).
 * Invariants: every entry has its reason; `next` is a state that exists, and the current one where nothing is to change. A packet
 * is one event: of chunks that come together the one that says most. Tags are not in the table (sctp.c).
 * Sources: RFC 9260 4, 5, 6.10, 8.4, 8.5, 9; and how Linux's conntrack behaves, seen from outside.
 */
#ifndef USHER_CONN_SCTP_H
#define USHER_CONN_SCTP_H

#include "conn/conn.h"

/* As conntrack names them, which says CLOSED of what has only begun, too. */
enum sctp_state {
	CONN_SCTP_NONE = 0,
	CONN_SCTP_INIT,              /* an INIT, not answered */
	CONN_SCTP_COOKIE_WAIT,       /* its INIT ACK */
	CONN_SCTP_COOKIE_ECHOED,     /* the cookie went back */
	CONN_SCTP_ESTABLISHED,       /* and was acknowledged; or a path that was not the first has answered */
	CONN_SCTP_SHUTDOWN_SENT,     /* a SHUTDOWN of orig */
	CONN_SCTP_SHUTDOWN_RECD,     /* of reply */
	CONN_SCTP_SHUTDOWN_ACK_SENT, /* a SHUTDOWN ACK */
	CONN_SCTP_HEARTBEAT_SENT,    /* begins in the middle: another path of an association that has several addresses */
	CONN_SCTP_CLOSED,            /* SHUTDOWN COMPLETE or ABORT */
	CONN_SCTP_STATE_COUNT
};

/* From what says least to what says most. */
enum sctp_event {
	SCTP_ON_ERROR = 0,
	SCTP_ON_DATA, /* SACK and whatever is not here as well */
	SCTP_ON_HEARTBEAT,
	SCTP_ON_HEARTBEAT_ACK,
	SCTP_ON_COOKIE_ACK,
	SCTP_ON_COOKIE_ECHO,
	SCTP_ON_SHUTDOWN,
	SCTP_ON_SHUTDOWN_ACK,
	SCTP_ON_INIT,              /* the last but ABORT come alone: RFC 9260 6.10 */
	SCTP_ON_INIT_ACK,
	SCTP_ON_SHUTDOWN_COMPLETE,
	SCTP_ON_ABORT,
	SCTP_EVENT_COUNT
};

enum sctp_rule_kind {
	SCTP_REJECT = 0, /* invalid */
	SCTP_TAKE,       /* if its tag fits: to `next` */
	SCTP_LET_BY,     /* if its tag fits it passes, refreshes nothing and changes no state; tags that it tells are remembered */
	SCTP_REOPEN      /* another association begins */
};

struct sctp_rule {
	uint8_t kind; /* enum sctp_rule_kind */
	uint8_t next; /* enum sctp_state */
	const char *why;
};

extern const struct sctp_rule usher__sctp_table[CONN_SCTP_STATE_COUNT][2][SCTP_EVENT_COUNT];
extern const char *const usher__sctp_states[CONN_SCTP_STATE_COUNT];

/*
 * Could the sender of `direction` have sent a packet with this tag? For one that an ICMP error quotes (RFC 9260 10). A tag of 0 is
 * an INIT's.
 */
bool usher__sctp_tag_fits(const struct conn *c, unsigned direction, uint32_t tag);

#endif
