/*
 * gateway/burst: the way of packets from the TAP through the engine and back.
 *
 * Up to 64 packets are read and judged together. Some never reach the engine: what came with its last hop, or has no route, gets
 * its ICMP error at once. What the engine accepts leaves by the route of its (translated) destination, one hop less, if it fits;
 * what it emits goes out between. What it refuses, and is addressed to the machine itself, is the machine's own.
 *
 * Owns: the buffers. Invariants: a packet leaves only if it belongs to a connection that the engine follows, by an interface of the
 * gateway; each that does not leave is counted; a packet for the machine itself reaches it as it came.
 * Sources: RFC 1812 (5.2.7, 5.3.1), RFC 1191, RFC 8200 (5).
 */
#ifndef USHER_GATEWAY_BURST_H
#define USHER_GATEWAY_BURST_H

#include "gateway/count.h"
#include "gateway/error.h"
#include "gateway/policy.h"
#include "gateway/route.h"
#include "gateway/tap.h"

#define GW_HEADROOM 256u
#define GW_TAILROOM 512u

struct gw_burst {
	struct usher_worker *worker;
	struct gw_tap *tap;
	struct gw_net *net;
	struct gw_routes *routes;
	struct gw_policy *policy; /* the worker's */
	struct gw_error_limit limit;
	uint64_t *count; /* enum gw_counter */
	usher_time now;
	uint32_t fragment_id; /* of the next IPv6 packet that leaves in fragments; random at first */

	uint8_t *buffer; /* USHER_BURST_MAX of them, each with its head- and tailroom */
	struct gw_slot *slot;
	struct usher_packet packet[USHER_BURST_MAX];
	uint32_t packet_count;
};

/* worker, tap, net, routes, policy and count are set. false: told. Fini may be called after a failed init. */
bool gw_burst_init(struct gw_burst *burst);
void gw_burst_fini(struct gw_burst *burst);

/* Read what is there, 64 packets at most, and do all with it. Returns how many were read. */
uint32_t gw_burst_run(struct gw_burst *burst, usher_time now);

/* Send what the engine has to send of its own, after usher_tick. */
void gw_burst_flush(struct gw_burst *burst, usher_time now);

#endif
