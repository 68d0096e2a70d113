/*
 * gateway/policy: what becomes of a new connection.
 *
 * From inside: accepted if its source is inside and its destination on an interface of the gateway; to the outside it is
 * translated as configured. From outside: refused, unless it is for a forwarded service. To the machine itself: refused as far
 * as the engine is concerned, which is how gateway/burst.c knows that it is the machine's own. What a helper announced never
 * comes here.
 */
#ifndef USHER_GATEWAY_POLICY_H
#define USHER_GATEWAY_POLICY_H

#include "gateway/count.h"
#include "gateway/net.h"
#include "gateway/route.h"

struct gw_policy {
	const struct gateway_config *config;
	const struct gw_net *net;
	struct gw_routes *routes;
	uint64_t *count; /* enum gw_counter */
};

/* A usher_policy; `user` is a struct gw_policy. */
void gw_policy_decide(void *user, const struct usher_new *connection, struct usher_decision *decision);

/* What the steering has to know of an address of the machine: enum steer_own_flags. */
uint32_t gw_policy_address_flags(const struct gw_policy *policy, const struct gw_address *address);

/* Is this an address of a pool that connections are translated to? */
bool gw_policy_in_pool(const struct gateway_config *config, uint8_t family, const uint8_t *address);

#endif
