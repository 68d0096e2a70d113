/*
 * gateway/sources: how many new connections one source may begin in a second.
 *
 * A source is an IPv4 address, or the /64 of an IPv6 address: who has one of its addresses has all.
 * Owns: a table of bounded size, eight places for each hash. When these are taken, the one that was quiet for longest is
 * forgotten: it begins anew with all that a source may. So whoever has many addresses can make others' past forgotten, never their
 * future worse.
 */
#ifndef USHER_GATEWAY_SOURCES_H
#define USHER_GATEWAY_SOURCES_H

#include <usher/types.h>

#define GW_SOURCE_SETS 1024u /* a power of two */
#define GW_SOURCE_WAYS 8u

struct gw_sources {
	uint64_t key[4];
	struct gw_source {
		uint8_t address[16];
		uint8_t family; /* 0: free */
		usher_time last;
		uint64_t credit; /* in ns of waiting */
	} entry[GW_SOURCE_SETS][GW_SOURCE_WAYS];
};

/* `seed`: 32 random bytes. */
void gw_sources_init(struct gw_sources *sources, const uint8_t seed[32]);

/* Is one more of this source within so many (> 0) a second? It counts then. After a quiet second so many may come at once. */
bool gw_sources_admit(struct gw_sources *sources, const struct usher_endpoint *source, uint32_t per_second, usher_time now);

#endif
