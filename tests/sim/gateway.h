/*
 * sim/gateway: usher's workers between links, or a plain router.
 *
 * Owns: the tracker's region, the bursts, the timer, and the oracle of what lies in the tracker: no key is lent twice, in the end
 * nothing is left, and the input in other bursts gives the same output. Uses the public interface only.
 */
#ifndef USHER_SIM_GATEWAY_H
#define USHER_SIM_GATEWAY_H

#include "tests/sim/sim.h"

#define GATEWAY_RULES 8u

/* A policy is a list of these; the first that fits decides, and none means drop. */
struct rule {
	uint8_t interface;         /* enum host_side + 1; 0: any */
	uint8_t protocol;          /* 0: any */
	struct usher_endpoint dst; /* family 0: any; key 0: any */
	bool drop;
	const char *helper;
	struct usher_nat source, destination;
};

struct gateway_setup {
	bool routes_only;          /* no usher */
	bool keep;                 /* the tracker of the session before, if there is one */
	bool law;                  /* afterwards, compare with other bursts */
	uint8_t burst;             /* packets; 0: by chance */
	uint8_t workers;           /* 0: one */
	uint16_t gather_us;        /* how long it waits for more */
	uint16_t tailroom;         /* of each packet */
	uint32_t flags;            /* enum usher_option_flags */
	uint64_t seed;
	uint32_t rule_count;
	struct rule rule[GATEWAY_RULES];
	struct usher_endpoint own[2]; /* public addresses, IPv4 and IPv6; family 0: none */
};

struct gateway *gateway_new(uint8_t number);
void gateway_free(struct gateway *g);
void gateway_begin(struct gateway *g, struct sim *sim, const struct gateway_setup *setup);
uint8_t gateway_number(const struct gateway *g);
const struct gateway_setup *gateway_setup_of(const struct gateway *g);
/* Has it a worker? */
bool gateway_tracks(const struct gateway *g);
/* The link to the next gateway on the way outside; NULL: there is none. */
void gateway_connect(struct gateway *g, struct link *outside);
void gateway_input(struct sim *sim, struct gateway *g, struct link *link, struct packet *p);
/* How much a counter rose in this session. */
uint64_t gateway_count(const struct gateway *g, enum usher_counter counter);
/* The same of all gateways of the session. */
uint64_t gateways_count(const struct sim *sim, enum usher_counter counter);
/* Was an expectation made in this session for connections to `to`? */
bool gateway_expected(const struct gateway *g, uint8_t protocol, const struct usher_endpoint *to);
/* The session is over: much time passes, then nothing may be left. Then the law of bursts. */
void gateway_finish(struct gateway *g);
/* The time up to which it has worked: a tracker that is kept goes on from there. */
uint64_t gateway_time(const struct gateway *g);

#endif
