/*
 * sim/pptp: the two ends of a PPTP control connection, and their GRE.
 *
 * Both ends are alike: each plays a script of its own and answers what it reads. In each call the one that asks for an outgoing call
 * or answers an incoming one is the PNS, the other the PAC, whoever opened the TCP connection. Each knows the call ids it gave out
 * and those it read; a GRE packet says in its payload which call it was meant for. Source: RFC 2637.
 */
#ifndef USHER_SIM_PPTP_H
#define USHER_SIM_PPTP_H

#include "tests/sim/app.h"

#define PPTP_STEPS 40u
#define PPTP_CALLS 24u  /* of one end, in a session, ended ones included */
#define PPTP_ENDS 6u
#define PPTP_GRE 512u   /* packets that are followed */

enum pptp_step_kind {
	CALL_OUT, CALL_IN,     /* ask for an outgoing call as PNS, for an incoming one as PAC */
	CALL_WAIT,             /* until all that was asked is answered */
	CALL_MEET,             /* and until the other end's script is over */
	CALL_GRE,              /* `size` packets in each call that is connected */
	CALL_ECHO, CALL_LINK, CALL_ERRORS, /* Echo-Request, Set-Link-Info, WAN-Error-Notify */
	CALL_CLEAR,            /* the oldest connected call */
	CALL_SLEEP,            /* `size` ms */
	CALL_STOP, CALL_CLOSE, CALL_RESET
};

struct pptp_step {
	uint8_t kind;
	bool join;             /* what comes next goes into the same write */
	struct cut cut;
	uint32_t size;
};

struct pptp_plan {
	struct pptp_step step[PPTP_STEPS];
	uint32_t count;
};

/* How an end answers. */
struct pptp_manners {
	uint8_t refuses;       /* percent of the calls */
	uint8_t cut_percent;
	uint8_t joins;         /* percent of its answers wait for what comes next */
	bool asks_session;     /* the end that did not open the TCP connection asks for the session */
	uint16_t first_id;
};

enum pptp_call_state { CALL_NONE, CALL_ASKED, CALL_ANSWERED, CALL_CONNECTED, CALL_CLEARING, CALL_OVER };

struct pptp_call {
	uint8_t state;         /* enum pptp_call_state */
	bool incoming, pns, knows_peer; /* pns: this end's role */
	uint16_t own, peer;    /* ids: given out, and as read */
	uint32_t sequence;     /* of GRE */
	uint64_t lingers;      /* over, but until then not everybody may know */
	struct announcement *announcement; /* of `own` */
	struct pptp_call *other;           /* the other end's view of the same call */
};

struct pptp_end {
	struct sim *sim;
	struct host *host;
	struct tcp *control;
	struct writer out;
	struct pptp_house *house;
	struct pptp_end *other;
	const struct pptp_step *script;
	uint32_t step, step_count;
	const struct pptp_manners *manners;
	struct dice dice;
	uint32_t call_count, waiting;  /* waiting: requests without an answer */
	uint16_t next_id;
	bool opener, established, stopping, done, asleep;
	struct pptp_call call[PPTP_CALLS];
};

/* A GRE packet that was sent. */
struct pptp_gre {
	struct pptp_call *to;
	uint64_t time;
	bool arrived, lost, due; /* due: it must arrive unless a link lost it */
};

struct pptp_house {
	struct sim *sim;
	uint32_t count, gre_count, delivered;
	const struct pptp_manners *manners[2];  /* of the openers, and the others */
	const struct pptp_plan *plan;           /* of the others */
	struct pptp_end end[PPTP_ENDS];
	struct pptp_gre gre[PPTP_GRE];
};

void pptp_begin(struct pptp_house *house, struct host *h, const struct usher_endpoint *to, uint16_t port, const struct pptp_plan *plan);
/* A listener's application: `app_data` is a struct pptp_house. */
void pptp_accept(struct tcp *t, enum tcp_event event);
/* GRE comes to a host whose gre_data is a struct pptp_house. */
void pptp_gre_came(struct host *h, const struct wire *w);
/* Has this end of a call been told by the other that packets with `key` may come? */
bool pptp_is_live(const struct host *h, const struct wire *w);
/* A link lost a GRE packet of this session. */
void pptp_gre_lost(struct sim *sim, const struct wire *w);
/* The session is over: did all arrive that had to? */
void pptp_finish(struct pptp_house *house);

#endif
