/*
 * See tree_map.h: open addressing, at most half full. Ids count up, so a multiplication spreads them well enough.
 */
#include "usher/tree_map.h"

#include <stdlib.h>

#include "usher/command.h"

#define FIRST_SIZE 64u

struct slot {
	uint64_t id; /* 0: free */
	void *value;
};

struct tree_map {
	struct slot *slots;
	uint64_t size, count; /* size: a power of two */
};

struct tree_map *tree_map_new(void)
{
	struct tree_map *map = grab(1, sizeof(*map));

	map->size = FIRST_SIZE;
	map->slots = grab(map->size, sizeof(*map->slots));
	return map;
}

void tree_map_free(struct tree_map *map)
{
	if (map == NULL)
		return;
	free(map->slots);
	free(map);
}

/* Where the id is, or the free slot where it belongs. */
static struct slot *slot_of(const struct tree_map *map, uint64_t id)
{
	uint64_t at = id * UINT64_C(0x9e3779b97f4a7c15) >> 20;

	for (;; at++) {
		struct slot *slot = &map->slots[at & (map->size - 1)];

		if (slot->id == id || slot->id == 0)
			return slot;
	}
}

void *tree_map_get(const struct tree_map *map, uint64_t id)
{
	return map->count > 0 && id != 0 ? slot_of(map, id)->value : NULL;
}

static void enlarge(struct tree_map *map)
{
	struct slot *old = map->slots;
	uint64_t old_size = map->size;

	map->size *= 2;
	map->slots = grab(map->size, sizeof(*map->slots));
	for (uint64_t i = 0; i < old_size; i++) {
		if (old[i].id != 0)
			*slot_of(map, old[i].id) = old[i];
	}
	free(old);
}

void tree_map_set(struct tree_map *map, uint64_t id, void *value)
{
	struct slot *slot = slot_of(map, id);

	if (slot->id == 0)
		map->count++;
	slot->id = id;
	slot->value = value;
	if (map->count * 2 > map->size)
		enlarge(map);
}
