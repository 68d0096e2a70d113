/*
 * gateway/config_rules: the rules of a configuration file; a part of gateway/config.
 *
 * Owns: the keys of a rule and of zones. Zones are names for groups of interfaces (the engine's zones are something else, and
 * nothing here).
 */
#ifndef USHER_GATEWAY_CONFIG_RULES_H
#define USHER_GATEWAY_CONFIG_RULES_H

#include "gateway/gateway.h"
#include "gateway/yaml.h"

struct gw_zone {
	const char *name;
	uint32_t ports; /* a bit for each place in the configuration's `ports` */
};

/* A file while it is read: the configuration as it grows, its arrays still ours to change. `yaml` is the first member. */
struct gw_reading {
	struct gateway_config config;
	struct gateway_port *ports;
	struct gateway_forward *forwards;
	struct gateway_static *statics;
	struct gateway_rule *rules;
	struct usher_port_helper *helpers;
	struct gw_zone *zones; /* the interfaces, inside, outside, and those of the file */
	uint32_t zone_count;
	uint32_t *timeouts;
};

/* The protocol's number, by its name or number. */
bool gw_read_protocol(struct gw_yaml *yaml, const yaml_node_t *node, uint8_t *protocol);
/* The helper with this name; NULL: told. */
const struct usher_helper *gw_read_helper(struct gw_yaml *yaml, const yaml_node_t *node, const char *name);
/* Memory for an array of what is in a list; never NULL unless told. */
void *gw_read_array(struct gw_yaml *yaml, const yaml_node_t *node, uint32_t most, size_t size);

/* Readers of the keys `zones`, `rules` and `policy`; target is a struct gw_reading. */
gw_yaml_reader gw_read_zones, gw_read_rules, gw_read_usual;
/* The zones that every file has. */
void gw_make_zones(struct gw_yaml *yaml, struct gw_reading *reading);

#endif
