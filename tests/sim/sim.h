/*
 * sim/sim: hosts, links and gateways in virtual time.
 *
 * Owns: the queue of what will happen, the nodes, the links between them, the packets under way, every connection of the session.
 * Invariants: nothing happens but by an event of the queue; the same scenario gives the same run, to the byte. A violation of what
 * must hold ends the session: the first one is told.
 */
#ifndef USHER_SIM_SIM_H
#define USHER_SIM_SIM_H

#include "tests/sim/tcp.h"
#include "tests/support/dice.h"

#include <usher/usher.h>

#define SIM_HOSTS 6u
#define SIM_GATEWAYS 3u
#define SIM_LINKS (2u * SIM_HOSTS + 4u)
#define SIM_CONNS 192u
#define SIM_LISTENERS 192u
#define SIM_ANNOUNCEMENTS 192u
#define PACKET_HEAD 64u
#define PACKET_TAIL 64u

enum packet_flags {
	PACKET_ATTACK = 1, /* must reach no host inside */
	PACKET_CORRUPT = 2 /* a link changed bytes of it */
};

struct packet {
	struct packet *next;
	uint8_t *data;
	uint32_t len;
	uint8_t flags;       /* enum packet_flags */
	uint8_t from;        /* number of the host that sent it; SIM_HOSTS: a gateway did */
	uint8_t interface;   /* of the gateway it is at */
	uint64_t time;       /* when it came there */
	uint8_t bytes[PACKET_HEAD + WIRE_MAX + PACKET_TAIL];
};

/* ---- time ---- */

#define SIM_PACKET 0xffffffffu /* `what` of an event whose object is a packet */

typedef void sim_run(struct sim *sim, void *object, uint32_t what);

struct sim_event {
	uint64_t time, order;
	sim_run *run;
	void *object;
	uint32_t what;
};

struct sim_queue {
	struct sim_event *at;
	uint32_t count, room;
	uint64_t order;
};

/* ---- links ---- */

struct link_profile {
	uint32_t delay_us, jitter_us;
	uint8_t loss, duplication, corruption; /* percent */
	uint8_t aimed;    /* percent: a segment with an edit in it is lost */
	uint16_t mtu;     /* of a router on it; 0: there is none */
	bool short_quotes;/* that router quotes the 8 bytes of RFC 792 only */
	uint64_t lose_data, lose_bare; /* bit n: the n-th TCP segment with data, or without, is lost */
};

#define LINK_SAME 64u

/* One direction. Packets with the same delay stay in order; jitter reorders them. */
struct link {
	const struct link_profile *profile;
	struct host *host;       /* one end, or NULL: a gateway at both ends */
	struct gateway *from, *to; /* NULL: the host */
	struct link *back;
	struct usher_endpoint router[2]; /* its addresses, IPv4 and IPv6 */
	struct dice dice;
	uint64_t last;
	uint32_t data_count, bare_count;
	uint8_t same_lost[LINK_SAME]; /* how often the same segment was lost */
	uint8_t number;
};

/* ---- hosts ---- */

enum host_side { OUTSIDE = 0, INSIDE = 1 };

struct host {
	struct sim *sim;
	const char *name;
	uint8_t number;
	uint8_t side;          /* enum host_side: of its gateway */
	bool hidden;           /* its address must not be seen outside */
	bool guarded;          /* nothing unannounced may reach it */
	struct usher_endpoint address[2]; /* IPv4, IPv6; keys 0 */
	struct tcp_profile tcp;
	struct gateway *gateway;
	struct link *up, *down;
	uint16_t next_port, next_id;
	void (*gre)(struct host *h, const struct wire *w);
	void *gre_data;
};

struct listener {
	struct host *host;
	uint16_t port;         /* 0: free */
	uint8_t family;
	bool control;          /* of a control protocol: forwarded */
	struct announcement *announcement;
	void (*app)(struct tcp *t, enum tcp_event event);
	void *app_data;
};

/* What one application announced to another, by the word of both. */
struct announcement {
	struct tcp *control;   /* the announcer's end of the control connection */
	struct usher_endpoint real; /* where it listens; GRE: its call id */
	uint8_t protocol;      /* USHER_TCP, USHER_GRE */
	uint8_t number;
	bool over;             /* GRE: the call is over for one of its ends; what names it now is late */
	bool refused;          /* usher must not accept it: third parties, reserved ports, ... */
	bool announced;        /* it left the gateway */
	bool unedited;         /* as it was written, though it ought to be changed: nothing will come of it */
	bool closed;           /* taken back: by a newer one, or the end of its control connection */
	uint32_t said;         /* how often it was written */
	uint32_t arrived;      /* connections that came for it */
	uint32_t arrived_seq;  /* number of the last one's SYN, which may come twice */
	struct usher_endpoint seen; /* as it was read */
};

/* ---- gateways: gateway.h ---- */

struct gateway;

/* ---- what was covered ---- */

#define COVERAGE(X) \
	X(EDITED, "with an edit") \
	X(EDIT_LOST, "with an edited segment lost") \
	X(SPLIT, "with a split announcement") \
	X(TWO_EDITS, "with two edits in flight") \
	X(OWN_ACK, "with an acknowledgement of our own") \
	X(BOTH_EDITED, "with both directions edited") \
	X(LOST, "with loss") \
	X(REORDERED, "with reordering") \
	X(DUPLICATED, "with duplication") \
	X(CORRUPTED, "with corruption") \
	X(TOO_BIG, "with path MTU discovery") \
	X(SACK, "with SACK blocks received") \
	X(DSACK, "with DSACK blocks received") \
	X(FAST_RETRANSMIT, "with fast retransmission") \
	X(RTO, "with a retransmission time-out") \
	X(RECUT, "with other boundaries in a retransmission") \
	X(ZERO_WINDOW, "with zero window probes") \
	X(KEEP_ALIVE, "with keep-alives") \
	X(URGENT, "with urgent data") \
	X(PAWS, "with segments too old for PAWS") \
	X(WRAP, "with sequence numbers that wrap in the control connection") \
	X(HELD, "with segments held") \
	X(HELD_EXPIRED, "with a record released unedited") \
	X(OWN_RETRANSMIT, "with a retransmission of our own") \
	X(OWN_RESET, "with a reset of our own") \
	X(DATA, "with data connections") \
	X(GRE, "with GRE of a call") \
	X(LATE_GRE, "with GRE of a call that is over, at another that has its id now") \
	X(ATTACK, "with attacks") \
	X(SLIPSTREAM, "with slipstreaming") \
	X(ABORTED, "closed early") \
	X(LAW, "compared in other bursts") \
	X(WORKERS, "through several workers")

enum coverage {
#define COVERAGE_ENUM(id, text) COVER_##id,
	COVERAGE(COVERAGE_ENUM)
#undef COVERAGE_ENUM
	COVER_COUNT
};

struct trace;
struct scenario;

struct sim {
	uint64_t now, end;
	struct sim_queue queue;
	struct packet *free_packets;
	struct dice dice;      /* for what no link or application decides */
	const struct scenario *scenario;
	struct host host[SIM_HOSTS];
	struct link link[SIM_LINKS];
	struct gateway *gateway[SIM_GATEWAYS];
	struct tcp *conn[SIM_CONNS];
	struct listener listener[SIM_LISTENERS];
	struct announcement announcement[SIM_ANNOUNCEMENTS];
	uint32_t host_count, link_count, gateway_count, conn_count, listener_count, announcement_count;
	uint32_t impairments;  /* so far: of losses, duplications, ... */
	uint32_t busy_apps;    /* that are not done */
	bool covered[COVER_COUNT];
	bool failed;
	char violation[512];
	const char *violation_kind; /* the format it was written with */
	struct trace *trace;   /* NULL: none */
};

/* Sets everything to nothing, keeps memory. */
void sim_begin(struct sim *sim, const struct scenario *scenario, uint64_t now);
void sim_free(struct sim *sim);
void sim_at(struct sim *sim, uint64_t time, sim_run *run, void *object, uint32_t what);
/* Runs until nothing is left to do, `end`, or a violation. */
void sim_run_all(struct sim *sim);
__attribute__((format(printf, 2, 3))) void sim_violation(struct sim *sim, const char *format, ...);
__attribute__((format(printf, 2, 3))) void sim_log(struct sim *sim, const char *format, ...);

static inline void sim_cover(struct sim *sim, enum coverage what)
{
	sim->covered[what] = true;
}

/* One application less is busy; after the last one the session ends soon. */
void sim_app_done(struct sim *sim);

struct packet *packet_take(struct sim *sim);
void packet_give(struct sim *sim, struct packet *p);

/* link.c */
void link_send(struct sim *sim, struct link *link, struct packet *p);

/* host.c */
struct host *host_by_address(struct sim *sim, const struct usher_endpoint *address);
struct tcp *host_new_tcp(struct host *h);
/* An endpoint for a new connection. The next free port where `port` is 0. */
struct tcp *host_connect(struct host *h, uint16_t port, const struct usher_endpoint *to);
struct listener *host_listen(struct host *h, uint8_t family, uint16_t port);
void host_unlisten(struct host *h, uint16_t port);
uint16_t host_port(struct host *h);
void host_send(struct host *h, struct wire *w, uint8_t flags);
void host_input(struct host *h, struct packet *p);
struct announcement *sim_announce(struct tcp *control, const struct usher_endpoint *real, uint8_t protocol);

#endif
