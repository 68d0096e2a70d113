/*
 * See sources.h.
 */
#include "gateway/sources.h"

#include <string.h>

#include "gateway/hash.h"

void gw_sources_init(struct gw_sources *sources, const uint8_t seed[32])
{
	memset(sources, 0, sizeof(*sources));
	memcpy(sources->key, seed, sizeof(sources->key));
}

/* The source's entry, or the place for it: a free one, or the one that was quiet for longest. */
static struct gw_source *find(struct gw_sources *sources, uint8_t family, const uint8_t address[16])
{
	struct gw_source *set = sources->entry[gw_hash_address(sources->key, address) & (GW_SOURCE_SETS - 1)], *oldest = set;

	for (uint32_t i = 0; i < GW_SOURCE_WAYS; i++) {
		if (set[i].family == family && memcmp(set[i].address, address, 16) == 0)
			return &set[i];
		if (oldest->family != 0 && (set[i].family == 0 || set[i].last < oldest->last))
			oldest = &set[i];
	}
	oldest->family = 0;
	return oldest;
}

bool gw_sources_admit(struct gw_sources *sources, const struct usher_endpoint *source, uint32_t per_second, usher_time now)
{
	uint64_t cost = USHER_SECOND / per_second, most = cost * per_second;
	uint8_t address[16] = { 0 };
	struct gw_source *entry;

	memcpy(address, source->address, source->family == USHER_IPV6 ? 8 : 4);
	entry = find(sources, source->family, address);
	if (entry->family == 0) {
		*entry = (struct gw_source){ .family = source->family, .last = now, .credit = most };
		memcpy(entry->address, address, sizeof(address));
	}
	if (now > entry->last) {
		entry->credit = now - entry->last > most ? most : entry->credit + (now - entry->last);
		entry->last = now;
	}
	if (entry->credit > most)
		entry->credit = most;
	if (entry->credit < cost)
		return false;
	entry->credit -= cost;
	return true;
}
