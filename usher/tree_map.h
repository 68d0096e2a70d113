/*
 * A map from 64-bit ids, never 0 and never used twice, to pointers. Nothing is ever taken out.
 */
#ifndef USHER_PROGRAM_TREE_MAP_H
#define USHER_PROGRAM_TREE_MAP_H

#include <stdint.h>

struct tree_map;

struct tree_map *tree_map_new(void);
void tree_map_free(struct tree_map *map);
/* NULL: not there. */
void *tree_map_get(const struct tree_map *map, uint64_t id);
/* Put it there, or put another in its place. */
void tree_map_set(struct tree_map *map, uint64_t id, void *value);

#endif
