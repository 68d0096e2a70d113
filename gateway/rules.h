/*
 * gateway/rules: which rule a new connection meets.
 *
 * Pure. Rules are gone through in order, each compared in a few steps, the cheapest first: about 20 ns a rule that does not fit,
 * for a new connection, and nothing for a packet of one that is there. Networks and ports of a rule are gone through as well.
 */
#ifndef USHER_GATEWAY_RULES_H
#define USHER_GATEWAY_RULES_H

#include "gateway/gateway.h"

/* A new connection as rules see it. */
struct gw_flow {
	uint32_t from, to; /* where it comes in and goes out: the bit of an interface */
	uint8_t protocol;
	struct usher_endpoint source, destination; /* inside of the gateway: source before, destination behind its translation */
};

/* The first rule that fits; NULL: none. */
const struct gateway_rule *gw_rules_find(const struct gateway_config *config, const struct gw_flow *flow);

#endif
