/*
 * conn: the record of a connection, byte by byte, and what a tracked protocol is.
 *
 * Owns: the layout that tables, protocols, NAT and offload share (doc/architecture.md, "The record of a connection").
 * Invariants: a record of IPv4 is 128 bytes, two adjacent cache lines; of IPv6 192, three. All that differs between the families
 * are the addresses in front: struct conn is the same for both. The first line has what finding, refreshing and counting a
 * packet touch; the second what TCP needs. No pointers: records live in a region that can be adopted by another process.
 */
#ifndef USHER_CONN_CONN_H
#define USHER_CONN_CONN_H

#include "packet/packet.h"

enum conn_status {
	CONN_SEEN_REPLY = 1,    /* a packet of the reply direction has passed */
	CONN_ASSURED = 2,       /* not to be evicted for a newcomer */
	CONN_PICKED_UP = 4,     /* its beginning was not seen */
	CONN_TWO_ENTRIES = 8,   /* the reply's lookup key is not the inverse of the orig's: indexed under both (table.h: calls) */
	CONN_ONE_WAY = 16,      /* enhanced GRE without a known call: no reply belongs to it */
	CONN_RELATED = 32,      /* a child: born of an expectation */
	CONN_HELPED = 64,       /* its extra has a helper's stream: it reads, or keeps the numbers that edits have shifted */
	CONN_CLOSED = 128,      /* TCP: ended by both sides or by RST; SCTP likewise */
	CONN_USED = 256,        /* in the index */
	CONN_FIXED_TIMEOUT = 512, /* packets do not move the deadline */
	CONN_OWN_TIMEOUT = 1024,/* its extra has time-outs of its own */
	CONN_NAT_SRC = 2048,    /* the source of orig is translated: the destination of reply is another */
	CONN_NAT_DST = 4096,    /* the destination of orig is */
	CONN_NAT_KEY = 8192,    /* it is a user of its public key (the reply's destination) */
	CONN_NAT_SRC_MAPPED = 16384, /* it uses the mapping of its public source */
	CONN_NAT_DST_MAPPED = 32768  /* ... of the public endpoint it was sent to */
};

/* One direction of a TCP connection: what its sender may send. Numbers of the wire, host order. */
struct conn_tcp_side {
	uint32_t end;     /* highest sequence number sent, plus length */
	uint32_t max_end; /* the right edge that the other side has offered */
	uint32_t max_ack; /* highest acknowledgement this side has sent */
	uint32_t max_win; /* largest window this side has offered, scaled; at least 1 once seen */
};

struct conn_tcp {
	struct conn_tcp_side side[2]; /* by direction of the sender */
	uint32_t last_seq, last_ack, last_end; /* last packet that moved the state: retransmissions are told by it */
	uint16_t last_window;
	uint8_t last;        /* the last packet's event (tcp_table.h) and direction (bit 7) */
	uint8_t retransmits; /* of that packet */
	uint8_t scale;       /* of both senders, 0..14: orig's in the low four bits, reply's in the high: conn_tcp_scale() */
	uint8_t let_by;      /* what a SYN that was let by unjudged had offered (tcp_window.h) */
	uint8_t flags[2];    /* by direction of the sender (tcp_window.h): scale seen, SACK permitted, FIN sent, liberal, ... */
};

/* By how many bits the sender of this direction shifts the windows it offers (RFC 7323), but for those of its SYN. */
static inline unsigned conn_tcp_scale(const struct conn_tcp *t, unsigned direction)
{
	return t->scale >> 4 * direction & 15u;
}

struct conn_udp {
	uint32_t stream_after[2]; /* from when an answered flow counts as a stream: usher_time, its low and high half */
};

struct conn_gre { /* enhanced GRE, by direction of the sender; which have begun is in c->state, a bit each */
	uint32_t next[2]; /* sequence number after the highest seen */
	uint32_t seen[2]; /* which of the 32 before `next` were: bit 0 is next - 1 */
	uint32_t lost[2]; /* numbers passed over, less those that came later */
	uint32_t late[2];
};

struct conn_sctp { /* by direction of the sender: the verification tags of its packets (sctp.c); 0: not known */
	uint32_t tag[2], pending[2], path[2];
};

struct conn {
	/* the rest of the first line (IPv4) */
	uint16_t key[4];       /* orig source, orig destination, reply source, reply destination */
	uint16_t zone;
	uint8_t protocol;
	uint8_t type;          /* of orig (struct pkt); the reply's is its inverse */
	uint32_t generation;   /* odd while the record is being changed from free to used or back */
	usher_time deadline;   /* the true one: a record past it is dead for every look-up */
	uint16_t status;       /* enum conn_status */
	uint8_t state;         /* the protocol's */
	uint8_t timeout;       /* which of conn/timeouts.h its deadline was made of, + 1; 0: another */
	uint32_t mark;
	uint32_t extra;        /* number of its extra record; 0: none */
	uint32_t packets_low[2];
	uint16_t packets_high[2];
	/* the second line */
	uint32_t bytes_low[2];
	uint16_t bytes_high[2];
	union {
		struct conn_tcp tcp;
		struct conn_udp udp;
		struct conn_gre gre;
		struct conn_sctp sctp;
		uint8_t space[52];
	} u;
};

struct conn4 {
	uint8_t address[4][4]; /* orig source, orig destination, reply source, reply destination; network order */
	struct conn c;
};

struct conn6 {
	uint8_t address[4][16];
	uint8_t spare[16];
	struct conn c;
};

_Static_assert(sizeof(struct conn_tcp) == 52, "TCP fits the second line");
_Static_assert(sizeof(struct conn) == 112 && offsetof(struct conn, bytes_low) == 48, "the first line ends before the bytes");
_Static_assert(sizeof(struct conn4) == 128, "an IPv4 connection is two cache lines");
_Static_assert(sizeof(struct conn6) == 192, "an IPv6 connection is three cache lines");
_Static_assert(offsetof(struct conn4, c.bytes_low) == 64 && offsetof(struct conn6, c.bytes_low) == 128, "the second line");

/* Timeouts by name: X(ID, "name", default seconds). The defaults and names are the kernel's (nf_conntrack_*). */
#include "conn/timeouts.h"

/* What protocols read of the configuration. */
struct conn_config {
	usher_time timeout[CONN_TIMEOUT_COUNT]; /* ns */
	bool tcp_liberal;   /* out of window is counted, only RST is judged */
	bool tcp_loose;     /* connections may be picked up in the middle */
	bool tcp_ignore_invalid_rst;
	uint8_t tcp_max_retransmits;
};

/* What one packet did to its connection. */
enum conn_action {
	CONN_PASS = 0,    /* it belongs: count it, refresh the deadline */
	CONN_INVALID,     /* it does not: `reason`; nothing of the connection has changed that can be seen, but see `timeout` */
	CONN_IGNORE,      /* it belongs, but refreshes nothing (`reason` may be set) */
	CONN_RESTART,     /* the connection is over and this packet begins another with the same tuple: delete, then as new */
	CONN_DELETE       /* it belongs and is the last one (a RST, and nothing was ever answered): count it, then delete */
};

/*
 * The engine looks at the first four bytes at once. Bytes written singly just before would keep that load waiting for the
 * stores, so `packet` sets all of it in one piece, and single fields only where they differ from the usual.
 */
struct conn_step {
	uint8_t action;     /* enum conn_action */
	uint8_t reason;     /* enum usher_reason */
	bool changed;       /* state or status changed: worth an update event */
	bool out_of_window; /* liberal let it pass */
	usher_time timeout; /* PASS, INVALID: the new deadline is now + this (INVALID only ever shortens); 0: leave the deadline */
};

/* A packet that came, as a protocol sees it. */
struct conn_arrival {
	const struct pkt *p;
	const uint8_t *l4; /* its transport header, whole, checked by the decoder */
	usher_time now;
	const struct conn_config *config;
};

/*
 * A tracked protocol. `begin` judges the first packet of a new connection (orig direction) and sets up state and u; false: it
 * cannot begin one (step->reason). `packet` judges every further one. Both set c->state, c->status and u, never deadline, counters
 * or index. No clock: `now` is given.
 */
struct conn_protocol {
	const char *name;
	bool (*begin)(struct conn *c, const struct conn_arrival *a, struct conn_step *step);
	void (*packet)(struct conn *c, unsigned direction, const struct conn_arrival *a, struct conn_step *step);
	const char *const *states; /* names by c->state, as conntrack prints them; NULL: none */
	uint8_t state_count;
	bool (*closing)(const struct conn *c); /* ending: evicted next after the unassured; NULL: never */
};

/* The descriptors: lib/conn/protocols.def lists them; everything else is generic. Never NULL. */
extern const struct conn_protocol usher__conn_tcp, usher__conn_udp, usher__conn_udplite, usher__conn_icmp, usher__conn_icmpv6,
	usher__conn_gre, usher__conn_sctp, usher__conn_generic;
const struct conn_protocol *usher__conn_protocol(uint8_t protocol);

#endif
