/*
 * gateway/engine: the engine's words that came with NAT. A library without them sends nothing of its own and has nothing that
 * cannot wait; it cannot translate either, and gateway/run.c says so.
 */
#ifndef USHER_GATEWAY_ENGINE_H
#define USHER_GATEWAY_ENGINE_H

#include <usher/usher.h>

#pragma weak usher_emit
#pragma weak usher_wakeup
#pragma weak usher_address_gone

static inline bool gw_engine_translates(void)
{
	return usher_address_gone != NULL;
}

static inline bool gw_engine_emit(struct usher_worker *worker, struct usher_packet *packet)
{
	return usher_emit != NULL && usher_emit(worker, packet);
}

static inline usher_time gw_engine_wakeup(const struct usher_worker *worker)
{
	return usher_wakeup != NULL ? usher_wakeup(worker) : UINT64_MAX;
}

#endif
