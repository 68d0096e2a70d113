/*
 * tcp_table: states x senders x events.
 *
 * Owns: the table of tcp_table.h. Each line: the event, what is done, the state after it, and why. doc/tcp.md has it at
 * a glance; tests/unit/test_tcp.c holds that page to it and walks all of it. Invariants and sources: tcp_table.h. "Half
 * open" is RFC 9293 3.5.1: one endpoint, or we, know less than the other.
 */
#include "conn/tcp_table.h"

#define ON(event, kind, next, why) OR(event, kind, next, kind, next, why)
/* Done otherwise once both sides opened: each may then send what else only one of them does. */
#define OR(event, kind, next, met_kind, met_next, why) \
	[TCP_ON_##event] = { TCP_##kind, CONN_TCP_##next, TCP_##met_kind, CONN_TCP_##met_next, why }

const struct tcp_rule usher__tcp_table[CONN_TCP_STATE_COUNT][2][TCP_EVENT_COUNT] = {
	[CONN_TCP_NONE][USHER_ORIG] = {
		ON(SYN,     TAKE,   SYN_SENT,    "the first SYN opens: RFC 9293 3.5"),
		ON(SYN_ACK, REJECT, NONE,        "answers a SYN that was never here"),
		ON(FIN,     REJECT, NONE,        "the end of something unknown is no beginning"),
		ON(ACK,     TAKE,   ESTABLISHED, "picked up in the middle; tcp.c asks the configuration first"),
		ON(RST,     REJECT, NONE,        "the end of something unknown is no beginning"),
	},
	[CONN_TCP_NONE][USHER_REPLY] = {
		ON(SYN,     REJECT, NONE,        "a connection begins with orig, by definition"),
		ON(SYN_ACK, REJECT, NONE,        "a connection begins with orig, by definition"),
		ON(FIN,     REJECT, NONE,        "a connection begins with orig, by definition"),
		ON(ACK,     REJECT, NONE,        "a connection begins with orig, by definition"),
		ON(RST,     REJECT, NONE,        "a connection begins with orig, by definition"),
	},
	[CONN_TCP_SYN_SENT][USHER_ORIG] = {
		ON(SYN,     TAKE,   SYN_SENT,    "again, or a new attempt: RFC 9293 3.8.1"),
		ON(SYN_ACK, REJECT, SYN_SENT,    "nothing came that it could acknowledge"),
		ON(FIN,     REJECT, SYN_SENT,    "not open: RFC 9293 3.10.4, CLOSE in SYN-SENT sends nothing"),
		ON(ACK,     REJECT, SYN_SENT,    "nothing came that it could acknowledge"),
		ON(RST,     RESET,  CLOSE,       "answers what does not acknowledge its SYN: RFC 9293 3.5.2, group 2"),
	},
	[CONN_TCP_SYN_SENT][USHER_REPLY] = {
		ON(SYN,     MEET,   SYN_SENT2,   "simultaneous open: RFC 9293 3.5, figure 7"),
		ON(SYN_ACK, TAKE,   SYN_RECV,    "answered: RFC 9293 3.5, figure 6"),
		ON(FIN,     REJECT, SYN_SENT,    "nothing is open yet"),
		ON(ACK,     LET_BY, SYN_SENT,    "half open there: a challenge ACK (RFC 5961 4.2), answered by RST"),
		ON(RST,     RESET,  CLOSE,       "refused: RFC 9293 3.5.2, group 1"),
	},
	[CONN_TCP_SYN_RECV][USHER_ORIG] = {
		ON(SYN,     LET_BY, SYN_RECV,    "retransmitted: the SYN/ACK has not arrived"),
		ON(SYN_ACK, TAKE,   SYN_RECV,    "of a simultaneous open, again: RFC 9293 3.5, figure 7"),
		ON(FIN,     TAKE,   FIN_WAIT,    "closed at once; its ACK completes the handshake as well"),
		ON(ACK,     TAKE,   ESTABLISHED, "the handshake is complete: RFC 9293 3.5, figure 6"),
		ON(RST,     RESET,  CLOSE,       "an old SYN was answered: RFC 9293 3.5, figure 8; or given up"),
	},
	[CONN_TCP_SYN_RECV][USHER_REPLY] = {
		OR(SYN,     REJECT, SYN_RECV, LET_BY, SYN_RECV, "has acknowledged a SYN; or again"),
		OR(SYN_ACK, LET_BY, SYN_RECV, TAKE, SYN_RECV,   "again, or to another attempt; or this side's own"),
		ON(FIN,     TAKE,   FIN_WAIT,    "closed before the ACK came: RFC 9293 3.10.4, SYN-RECEIVED"),
		OR(ACK,     TAKE,   SYN_RECV, TAKE, ESTABLISHED, "data before the ACK: RFC 7413; or ends the opening"),
		ON(RST,     RESET,  CLOSE,       "given up: RFC 9293 3.10.5"),
	},
	[CONN_TCP_ESTABLISHED][USHER_ORIG] = {
		ON(SYN,     LET_BY, ESTABLISHED, "half open, the answer tells: RFC 9293 3.5.1, RFC 5961 4"),
		OR(SYN_ACK, REJECT, ESTABLISHED, TAKE, ESTABLISHED, "no SYN to acknowledge; or the ACK was lost"),
		ON(FIN,     TAKE,   FIN_WAIT,    "one side closes: RFC 9293 3.6"),
		ON(ACK,     TAKE,   ESTABLISHED, "data and acknowledgements: RFC 9293 3.10.7.4"),
		ON(RST,     RESET,  CLOSE,       "aborted: RFC 9293 3.10.7.4, RFC 5961 3"),
	},
	[CONN_TCP_ESTABLISHED][USHER_REPLY] = {
		OR(SYN,     REJECT, ESTABLISHED, LET_BY, ESTABLISHED, "it begins nothing: round the policy; or again"),
		OR(SYN_ACK, LET_BY, ESTABLISHED, TAKE, ESTABLISHED, "the ACK was lost; or answers a SYN let by"),
		ON(FIN,     TAKE,   FIN_WAIT,    "one side closes: RFC 9293 3.6"),
		ON(ACK,     TAKE,   ESTABLISHED, "data and acknowledgements: RFC 9293 3.10.7.4"),
		ON(RST,     RESET,  CLOSE,       "aborted: RFC 9293 3.10.7.4, RFC 5961 3"),
	},
	[CONN_TCP_FIN_WAIT][USHER_ORIG] = {
		ON(SYN,     LET_BY, FIN_WAIT,    "half open: the opener has lost it"),
		OR(SYN_ACK, REJECT, FIN_WAIT, LET_BY, FIN_WAIT, "no SYN to acknowledge; or late"),
		ON(FIN,     TAKE,   LAST_ACK,    "the other side's; or the first again, none asks whose"),
		ON(ACK,     TAKE,   CLOSE_WAIT,  "of the FIN, or crossed it: half closed, RFC 9293 3.6"),
		ON(RST,     RESET,  CLOSE,       "aborted: RFC 9293 3.10.7.4"),
	},
	[CONN_TCP_FIN_WAIT][USHER_REPLY] = {
		OR(SYN,     REJECT, FIN_WAIT, LET_BY, FIN_WAIT, "the answering side begins nothing; or late"),
		ON(SYN_ACK, LET_BY, FIN_WAIT,    "delayed, or half open"),
		ON(FIN,     TAKE,   LAST_ACK,    "the other side's; or the first again, none asks whose"),
		ON(ACK,     TAKE,   CLOSE_WAIT,  "of the FIN, or crossed it: half closed, RFC 9293 3.6"),
		ON(RST,     RESET,  CLOSE,       "aborted: RFC 9293 3.10.7.4"),
	},
	[CONN_TCP_CLOSE_WAIT][USHER_ORIG] = {
		ON(SYN,     LET_BY, CLOSE_WAIT,  "half open: the opener has lost it"),
		OR(SYN_ACK, REJECT, CLOSE_WAIT, LET_BY, CLOSE_WAIT, "no SYN to acknowledge; or late"),
		ON(FIN,     TAKE,   LAST_ACK,    "the second FIN: RFC 9293 3.6"),
		ON(ACK,     TAKE,   CLOSE_WAIT,  "the open side still sends: RFC 9293 3.6, case 2"),
		ON(RST,     RESET,  CLOSE,       "aborted: RFC 9293 3.10.7.4"),
	},
	[CONN_TCP_CLOSE_WAIT][USHER_REPLY] = {
		OR(SYN,     REJECT, CLOSE_WAIT, LET_BY, CLOSE_WAIT, "the answering side begins nothing; or late"),
		ON(SYN_ACK, LET_BY, CLOSE_WAIT,  "delayed, or half open"),
		ON(FIN,     TAKE,   LAST_ACK,    "the second FIN: RFC 9293 3.6"),
		ON(ACK,     TAKE,   CLOSE_WAIT,  "the open side still sends: RFC 9293 3.6, case 2"),
		ON(RST,     RESET,  CLOSE,       "aborted: RFC 9293 3.10.7.4"),
	},
	[CONN_TCP_LAST_ACK][USHER_ORIG] = {
		ON(SYN,     LET_BY, LAST_ACK,    "half open; an ACK now is a challenge, not the last: RFC 5961 4.2"),
		OR(SYN_ACK, REJECT, LAST_ACK, LET_BY, LAST_ACK, "no SYN to acknowledge; or late"),
		ON(FIN,     TAKE,   LAST_ACK,    "retransmitted: RFC 9293 3.6"),
		ON(ACK,     LAST,   TIME_WAIT,   "both FINs are acknowledged: RFC 9293 3.6, figures 12 and 13"),
		ON(RST,     RESET,  CLOSE,       "aborted: RFC 9293 3.10.7.4"),
	},
	[CONN_TCP_LAST_ACK][USHER_REPLY] = {
		OR(SYN,     REJECT, LAST_ACK, LET_BY, LAST_ACK, "the answering side begins nothing; or late"),
		ON(SYN_ACK, LET_BY, LAST_ACK,    "delayed, or half open"),
		ON(FIN,     TAKE,   LAST_ACK,    "retransmitted: RFC 9293 3.6"),
		ON(ACK,     LAST,   TIME_WAIT,   "both FINs are acknowledged: RFC 9293 3.6, figures 12 and 13"),
		ON(RST,     RESET,  CLOSE,       "aborted: RFC 9293 3.10.7.4"),
	},
	[CONN_TCP_TIME_WAIT][USHER_ORIG] = {
		ON(SYN,     REOPEN, SYN_SENT,    "the same tuple again: RFC 9293 3.10.7.4, TIME-WAIT; RFC 6191"),
		OR(SYN_ACK, REJECT, TIME_WAIT, LET_BY, TIME_WAIT, "no SYN to acknowledge; or late"),
		ON(FIN,     TAKE,   TIME_WAIT,   "retransmitted: RFC 9293 3.10.7.4, TIME-WAIT restarts its timer"),
		ON(ACK,     TAKE,   TIME_WAIT,   "of a FIN that came again"),
		ON(RST,     RESET,  CLOSE,       "aborted: RFC 9293 3.10.7.4"),
	},
	[CONN_TCP_TIME_WAIT][USHER_REPLY] = {
		ON(SYN,     REOPEN, SYN_SENT,    "the same endpoints the other way round; the policy is asked"),
		ON(SYN_ACK, LET_BY, TIME_WAIT,   "delayed; or an answer to a SYN that was let by"),
		ON(FIN,     TAKE,   TIME_WAIT,   "retransmitted: RFC 9293 3.10.7.4, TIME-WAIT restarts its timer"),
		ON(ACK,     TAKE,   TIME_WAIT,   "of a FIN that came again"),
		ON(RST,     RESET,  CLOSE,       "aborted: RFC 9293 3.10.7.4"),
	},
	[CONN_TCP_CLOSE][USHER_ORIG] = {
		ON(SYN,     REOPEN, SYN_SENT,    "a new attempt after the RST: RFC 9293 3.5.1"),
		OR(SYN_ACK, REJECT, CLOSE, LET_BY, CLOSE, "no SYN to acknowledge; or late"),
		ON(FIN,     TAKE,   CLOSE,       "still on its way when the RST came"),
		ON(ACK,     TAKE,   CLOSE,       "still on its way when the RST came"),
		ON(RST,     RESET,  CLOSE,       "one for each segment that was on its way: RFC 9293 3.5.2"),
	},
	[CONN_TCP_CLOSE][USHER_REPLY] = {
		OR(SYN,     REJECT, CLOSE, LET_BY, CLOSE, "the answering side begins nothing; or late"),
		ON(SYN_ACK, LET_BY, CLOSE,       "an answer to a SYN that was let by"),
		ON(FIN,     TAKE,   CLOSE,       "still on its way when the RST came"),
		ON(ACK,     TAKE,   CLOSE,       "still on its way when the RST came"),
		ON(RST,     RESET,  CLOSE,       "one for each segment that was on its way: RFC 9293 3.5.2"),
	},
	[CONN_TCP_SYN_SENT2][USHER_ORIG] = {
		ON(SYN,     MEET,   SYN_SENT2,   "retransmitted: RFC 9293 3.8.1"),
		ON(SYN_ACK, TAKE,   SYN_RECV,    "acknowledges the other's SYN: RFC 9293 3.5, figure 7"),
		ON(FIN,     TAKE,   FIN_WAIT,    "likewise, and closed at once"),
		ON(ACK,     TAKE,   SYN_RECV,    "its SYN/ACK was lost, and the other's SYN came again: RFC 9293 3.10.7.4"),
		ON(RST,     RESET,  CLOSE,       "given up: RFC 9293 3.10.5"),
	},
	[CONN_TCP_SYN_SENT2][USHER_REPLY] = {
		ON(SYN,     MEET,   SYN_SENT2,   "retransmitted: RFC 9293 3.8.1"),
		ON(SYN_ACK, TAKE,   SYN_RECV,    "acknowledges the other's SYN: RFC 9293 3.5, figure 7"),
		ON(FIN,     TAKE,   FIN_WAIT,    "likewise, and closed at once"),
		ON(ACK,     TAKE,   SYN_RECV,    "its SYN/ACK was lost, and the other's SYN came again: RFC 9293 3.10.7.4"),
		ON(RST,     RESET,  CLOSE,       "given up: RFC 9293 3.10.5"),
	},
};

const char *const usher__tcp_states[CONN_TCP_STATE_COUNT] = {
	[CONN_TCP_NONE] = "NONE",
	[CONN_TCP_SYN_SENT] = "SYN_SENT",
	[CONN_TCP_SYN_RECV] = "SYN_RECV",
	[CONN_TCP_ESTABLISHED] = "ESTABLISHED",
	[CONN_TCP_FIN_WAIT] = "FIN_WAIT",
	[CONN_TCP_CLOSE_WAIT] = "CLOSE_WAIT",
	[CONN_TCP_LAST_ACK] = "LAST_ACK",
	[CONN_TCP_TIME_WAIT] = "TIME_WAIT",
	[CONN_TCP_CLOSE] = "CLOSE",
	[CONN_TCP_SYN_SENT2] = "SYN_SENT2",
};

/*
 * RFC 9293 3.10.7: every segment but a SYN and a RST has ACK; SYN, FIN and RST exclude one another. PSH may be
 * anywhere, URG where there may be data, but with SYN/ACK and RST (as in Linux).
 */
#define X  TCP_ON_NONSENSE
#define S  TCP_ON_SYN
#define SA TCP_ON_SYN_ACK
#define F  TCP_ON_FIN
#define A  TCP_ON_ACK
#define R  TCP_ON_RST
#define ROWS(from, ...) [(from)] = __VA_ARGS__, [(from) + TCP_PSH] = __VA_ARGS__

const uint8_t usher__tcp_events[64] = {
	/* with                       -   FIN SYN S+F RST R+F R+S R+S+F, with PSH and without */
	ROWS(0,                       X,  X,  S,  X,  R,  X,  X,  X),
	ROWS(TCP_ACK,                 A,  F,  SA, X,  R,  X,  X,  X),
	ROWS(TCP_URG,                 X,  X,  S,  X,  X,  X,  X,  X),
	ROWS(TCP_URG | TCP_ACK,       A,  F,  X,  X,  X,  X,  X,  X),
};
