/*
 * gateway/counters: all counters of a gateway, one after the other, wherever they are kept: for SIGUSR1 and for `usher stats`.
 */
#ifndef USHER_GATEWAY_COUNTERS_H
#define USHER_GATEWAY_COUNTERS_H

#include "gateway/net.h"
#include "gateway/route.h"
#include "gateway/steer.h"
#include "gateway/tap.h"

struct gw_control_counts { /* of gateway/control.c */
	uint64_t clients, busy, requests, refused, lost;
	uint32_t connected, watchers; /* now */
};

struct gw_counters {
	const struct gw_steer *steer; /* NULL: nothing is steered (tests), net and tap are not asked */
	struct gw_net *net;
	const struct gw_tap *tap;
	const uint64_t *count; /* enum gw_counter */
	const struct gw_routes *routes;
	const struct usher_worker *worker;
	const struct gw_control_counts *control;
};

struct gw_counted {
	const char *group; /* "steer" "gateway" "control" "engine" "reason"; "now": it goes up and down */
	const char *name, *text;
	uint64_t value;
};

/* Counter `number` from 0 on; false: there are no more. */
bool gw_counter_at(const struct gw_counters *counters, unsigned number, struct gw_counted *counted);

#endif
