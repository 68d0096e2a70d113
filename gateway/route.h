/*
 * gateway/route: where a packet to this address leaves, asked of the kernel's routing tables and remembered for a while.
 *
 * Owns: a table of answers, direct-mapped by a keyed hash. An answer is good until routes, addresses or interfaces change (the
 * generation of gateway/net) and for 5 s at most: path MTUs that the kernel learned come and go without a word.
 * The kernel is asked as for packets of its own, so it answers with ip_forward=0 as well; rules by source or arrival interface
 * are not seen.
 */
#ifndef USHER_GATEWAY_ROUTE_H
#define USHER_GATEWAY_ROUTE_H

#include "gateway/net.h"

#define GW_ROUTES 4096u /* remembered; a power of two */

enum gw_route_kind {
	GW_ROUTE_NONE = 0,   /* nobody knows the way */
	GW_ROUTE_OUT,        /* by interface `index` */
	GW_ROUTE_LOCAL,      /* the machine's own: an address, a broadcast */
	GW_ROUTE_PROHIBITED, /* ip route add prohibit */
	GW_ROUTE_HOLE        /* ip route add blackhole: silently */
};

struct gw_route {
	uint8_t kind;         /* enum gw_route_kind */
	bool host;            /* NONE: the network is known, the host is not */
	uint32_t index, mtu;  /* OUT */
	uint8_t hop[4];       /* OUT, IPv4: the next one; 0: it is not known */
};

struct gw_routes {
	struct gw_net *net;
	uint64_t key[4];
	uint64_t asked;       /* questions to the kernel */
	struct gw_route_entry {
		uint8_t address[16];
		uint32_t generation;
		uint8_t family;
		usher_time expires;
		struct gw_route route;
	} entry[GW_ROUTES];
};

/* `seed`: 32 random bytes. */
void gw_routes_init(struct gw_routes *routes, struct gw_net *net, const uint8_t seed[32]);

/* Remember a route. */
void gw_route_put(struct gw_routes *routes, uint8_t family, const uint8_t *address, const struct gw_route *route, usher_time now);

/* The route to this address (4 or 16 bytes). Never NULL; good until the next call. */
const struct gw_route *gw_route_find(struct gw_routes *routes, uint8_t family, const uint8_t *address, usher_time now);

#endif
