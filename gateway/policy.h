/*
 * gateway/policy: what becomes of a new connection.
 *
 * First where it goes: to a public address with a static translation, to a forwarded service, or as it says. Its source has to
 * be on the side where it comes in, and its destination on an interface of the gateway. Then the rules, the first that fits;
 * without one a forwarded service is reached, and else what is usual holds: from inside accept, from outside drop. Then the limit
 * of its source. What leaves from inside to the outside is translated as configured.
 * To the machine itself: refused as far as the engine is concerned, which is how gateway/burst.c knows that it is the machine's
 * own. What a helper announced never comes here.
 * What rules refuse is remembered for the burst: burst.c answers it, or sees to it that the machine does not.
 */
#ifndef USHER_GATEWAY_POLICY_H
#define USHER_GATEWAY_POLICY_H

#include "gateway/count.h"
#include "gateway/log.h"
#include "gateway/net.h"
#include "gateway/route.h"
#include "gateway/sources.h"

struct gw_policy {
	const struct gateway_config *config;
	const struct gw_net *net;
	struct gw_routes *routes;
	uint64_t *count; /* enum gw_counter */
	struct gw_log *log;         /* NULL: nothing is logged */
	struct gw_sources *sources; /* NULL: no limit for a source */
	uint32_t refusal_count;     /* of this burst: burst.c sets it to 0 */
	struct gw_refusal {
		struct usher_tuple orig;
		bool told;          /* its sender is */
	} refusal[USHER_BURST_MAX];
};

/* A usher_policy; `user` is a struct gw_policy. */
void gw_policy_decide(void *user, const struct usher_new *connection, struct usher_decision *decision);

/* What the steering has to know of an address of the machine: enum steer_own_flags. */
uint32_t gw_policy_address_flags(const struct gw_policy *policy, const struct gw_address *address);

/* Is this an address of a pool that connections are translated to? */
bool gw_policy_in_pool(const struct gateway_config *config, uint8_t family, const uint8_t *address);

/*
 * How many public addresses may be in use at a time: those of pools and static translations, and some for interfaces; 1024 at most,
 * for each takes a MiB of address space.
 */
#define GW_ADDRESSES_IN_USE 1024u
uint32_t gw_policy_addresses(const struct gateway_config *config);

/* Is this a public address that an inside machine has for itself? */
bool gw_policy_is_static(const struct gateway_config *config, const struct usher_endpoint *endpoint);

/* Was a new connection with these ends refused by a rule in this burst? Ends without their keys when the protocol has no ports. */
const struct gw_refusal *gw_policy_refusal(const struct gw_policy *policy, const struct usher_tuple *orig);

#endif
