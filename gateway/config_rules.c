/*
 * See config_rules.h.
 */
#include "gateway/config_rules.h"

#include <string.h>

#include "ctl/text.h"

/* ---- zones ---- */

static const struct gw_zone *find_zone(const struct gw_reading *reading, const char *name)
{
	for (uint32_t i = 0; i < reading->zone_count; i++) {
		if (strcmp(reading->zones[i].name, name) == 0)
			return &reading->zones[i];
	}
	return NULL;
}

void gw_make_zones(struct gw_yaml *yaml, struct gw_reading *reading)
{
	uint32_t count = reading->config.port_count;

	/* Room for those of the file as well: GATEWAY_PORTS of them. */
	reading->zones = gw_memory_get(&yaml->memory, count + 2 + GATEWAY_PORTS, sizeof(*reading->zones));
	if (reading->zones == NULL) {
		gw_yaml_wrong(yaml, NULL, "out of memory");
		return;
	}
	reading->zones[0].name = "inside";
	reading->zones[1].name = "outside";
	for (uint32_t i = 0; i < count; i++) {
		reading->zones[reading->ports[i].outside].ports |= 1u << i;
		reading->zones[2 + i] = (struct gw_zone){ reading->ports[i].name, 1u << i };
	}
	reading->zone_count = count + 2;
}

struct named {
	struct gw_reading *reading;
	uint32_t *ports;
};

static void read_named(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct named *named = target;
	const char *word = gw_yaml_word(yaml, node, "a zone or an interface");
	const struct gw_zone *zone = word != NULL ? find_zone(named->reading, word) : NULL;

	if (zone != NULL)
		*named->ports |= zone->ports;
	else if (word != NULL)
		gw_yaml_wrong(yaml, node, "expected inside, outside, a zone or an interface that is listed, got %s",
			      gw_yaml_got(node));
}

static void read_zone(struct gw_yaml *yaml, const char *name, yaml_node_t *node, void *target)
{
	struct gw_reading *reading = target;
	struct gw_zone zone = { .name = name };
	struct named named = { reading, &zone.ports };

	if (find_zone(reading, name) != NULL) {
		gw_yaml_wrong(yaml, node, "this name is taken");
		return;
	}
	if (reading->zone_count >= reading->config.port_count + 2 + GATEWAY_PORTS) {
		gw_yaml_wrong(yaml, node, "more than %u zones", GATEWAY_PORTS);
		return;
	}
	if (gw_yaml_list(yaml, node, read_named, &named) == 0)
		gw_yaml_wrong(yaml, node, "expected interfaces, got nothing");
	reading->zones[reading->zone_count++] = zone;
}

void gw_read_zones(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	gw_yaml_names(yaml, node, read_zone, target);
}

/* ---- words ---- */

bool gw_read_protocol(struct gw_yaml *yaml, const yaml_node_t *node, uint8_t *protocol)
{
	const char *word = gw_yaml_word(yaml, node, "a protocol");
	uint64_t number;

	if (word == NULL)
		return false;
	if (ctl_read_number(word, 1, 255, &number)) {
		*protocol = (uint8_t)number;
		return true;
	}
	for (unsigned i = 1; i < 256; i++) {
		const struct ctl_protocol *known = ctl_protocol((uint8_t)i);

		if (known->number == i && strcmp(known->name, word) == 0) {
			*protocol = (uint8_t)i;
			return true;
		}
	}
	gw_yaml_wrong(yaml, node, "expected a protocol's name (tcp, udp, icmp, icmpv6, gre, ...) or number, got %s",
		      gw_yaml_got(node));
	return false;
}

const struct usher_helper *gw_read_helper(struct gw_yaml *yaml, const yaml_node_t *node, const char *name)
{
	char list[200] = "", safe[48];
	size_t used = 0;

	for (unsigned i = 0; usher_helper(i) != NULL; i++) {
		if (strcmp(usher_helper(i)->name, name) == 0)
			return usher_helper(i);
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? ", " : "",
						 usher_helper(i)->name);
	}
	gw_yaml_wrong(yaml, node, "expected a helper (%s), got %s", list, ctl_escape(safe, sizeof(safe), name, strlen(name)));
	return NULL;
}

void *gw_read_array(struct gw_yaml *yaml, const yaml_node_t *node, uint32_t most, size_t size)
{
	uint32_t count = gw_yaml_count(yaml, node);
	void *array;

	if (count > most) {
		gw_yaml_wrong(yaml, node, "expected %u at most, got %u", most, count);
		return NULL;
	}
	array = gw_memory_get(&yaml->memory, count + 1, size);
	if (array == NULL)
		gw_yaml_wrong(yaml, node, "out of memory");
	return array;
}

static const char *const action_words[] = { "accept", "drop", "reject", NULL };

static void read_action_word(struct gw_yaml *yaml, yaml_node_t *node, uint8_t *action)
{
	int choice = gw_yaml_choice(yaml, node, action_words);

	if (choice >= 0)
		*action = (uint8_t)(GATEWAY_ACCEPT + choice);
}

/* ---- a rule ---- */

#define RULE_NETS  1024u
#define RULE_PORTS 256u

struct rule_reading {
	struct gw_reading *reading;
	struct gateway_rule rule;
	struct ctl_net *nets; /* the list that is being read */
	uint32_t net_count;
	struct gateway_range *ranges;
};

static void read_name(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct rule_reading *r = target;
	const char *word = gw_yaml_word(yaml, node, "a name");

	if (word == NULL)
		return;
	for (const char *at = word; *at != '\0'; at++) {
		if (*at <= ' ' || *at >= 127 || strlen(word) > 40) {
			gw_yaml_wrong(yaml, node, "expected at most 40 printable ASCII characters without spaces, got %s",
				      gw_yaml_got(node));
			return;
		}
	}
	r->rule.name = word;
}

static void read_ports_of(struct gw_yaml *yaml, yaml_node_t *node, struct rule_reading *r, uint32_t *ports)
{
	struct named named = { r->reading, ports };

	if (gw_yaml_list(yaml, node, read_named, &named) == 0)
		gw_yaml_wrong(yaml, node, "expected zones or interfaces, got nothing");
}

static void read_from(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct rule_reading *r = target;

	read_ports_of(yaml, node, r, &r->rule.from);
}

static void read_to(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct rule_reading *r = target;

	read_ports_of(yaml, node, r, &r->rule.to);
}

static void read_net(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct rule_reading *r = target;
	const char *word = gw_yaml_word(yaml, node, "ADDRESS or ADDRESS/PREFIX");
	struct ctl_net net;

	if (word == NULL)
		return;
	if (!ctl_read_net(word, &net))
		gw_yaml_wrong(yaml, node, "expected ADDRESS or ADDRESS/PREFIX, got %s", gw_yaml_got(node));
	else if (!ctl_net_is_whole(&net))
		gw_yaml_wrong(yaml, node, "bits behind the prefix are not 0 in %s", gw_yaml_got(node));
	else
		r->nets[r->net_count++] = net;
}

static uint32_t read_nets(struct gw_yaml *yaml, yaml_node_t *node, struct rule_reading *r, const struct ctl_net **nets)
{
	r->nets = gw_read_array(yaml, node, RULE_NETS, sizeof(*r->nets));
	r->net_count = 0;
	*nets = r->nets;
	if (r->nets != NULL && gw_yaml_list(yaml, node, read_net, r) == 0)
		gw_yaml_wrong(yaml, node, "expected addresses or networks, got nothing");
	return r->net_count;
}

static void read_sources(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct rule_reading *r = target;

	r->rule.source_count = read_nets(yaml, node, r, &r->rule.sources);
}

static void read_destinations(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct rule_reading *r = target;

	r->rule.destination_count = read_nets(yaml, node, r, &r->rule.destinations);
}

static void read_one_protocol(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gateway_rule *rule = &((struct rule_reading *)target)->rule;
	uint8_t protocol;

	if (!gw_read_protocol(yaml, node, &protocol))
		return;
	if (rule->protocol_count == GATEWAY_PROTOCOLS)
		gw_yaml_wrong(yaml, node, "more than %u protocols in a rule", GATEWAY_PROTOCOLS);
	else
		rule->protocols[rule->protocol_count++] = protocol;
}

static void read_protocols(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	if (gw_yaml_list(yaml, node, read_one_protocol, target) == 0)
		gw_yaml_wrong(yaml, node, "expected protocols, got nothing");
}

static void read_one_range(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct rule_reading *r = target;
	const char *word = gw_yaml_word(yaml, node, "PORT or PORT-PORT");
	struct gateway_range *range = &r->ranges[r->rule.range_count];

	if (word != NULL && ctl_read_ports(word, 0, &range->first, &range->last))
		r->rule.range_count++;
	else if (word != NULL)
		gw_yaml_wrong(yaml, node, "expected PORT or PORT-PORT, from 0 to 65535, got %s", gw_yaml_got(node));
}

static void read_ranges(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct rule_reading *r = target;

	r->ranges = gw_read_array(yaml, node, RULE_PORTS, sizeof(*r->ranges));
	r->rule.ranges = r->ranges;
	if (r->ranges != NULL && gw_yaml_list(yaml, node, read_one_range, r) == 0)
		gw_yaml_wrong(yaml, node, "expected ports, got nothing");
	for (uint8_t i = 0; i < r->rule.protocol_count; i++) {
		if (ctl_protocol(r->rule.protocols[i])->key != CTL_PORT)
			gw_yaml_wrong(yaml, node, "there are ports only in tcp, udp and sctp, not in every protocol of this rule");
	}
	if (r->rule.protocol_count == 0)
		gw_yaml_wrong(yaml, node, "ports want a protocol: tcp, udp or sctp");
}

static void read_action(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	read_action_word(yaml, node, &((struct rule_reading *)target)->rule.action);
}

static void read_log(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	(void)gw_yaml_bool(yaml, node, &((struct rule_reading *)target)->rule.log);
}

/* Behind protocol and action. */
static void read_rule_helper(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gateway_rule *rule = &((struct rule_reading *)target)->rule;
	const char *word = gw_yaml_word(yaml, node, "a helper");
	const struct usher_helper *helper = word != NULL ? gw_read_helper(yaml, node, word) : NULL;

	if (helper == NULL)
		return;
	if (rule->protocol_count != 1 || rule->protocols[0] != helper->protocol)
		gw_yaml_wrong(yaml, node, "%s reads %s only: this rule wants protocol: %s", helper->name,
			      ctl_protocol(helper->protocol)->name, ctl_protocol(helper->protocol)->name);
	else if (rule->action != 0 && rule->action != GATEWAY_ACCEPT)
		gw_yaml_wrong(yaml, node, "what is not accepted has no helper");
	else
		rule->helper = helper->name;
}

static const struct gw_yaml_key rule_keys[] = {
	{ "name", read_name, false },
	{ "from", read_from, false },
	{ "to", read_to, false },
	{ "source", read_sources, false },
	{ "destination", read_destinations, false },
	{ "protocol", read_protocols, false },
	{ "ports", read_ranges, false },
	{ "action", read_action, true },
	{ "log", read_log, false },
	{ "helper", read_rule_helper, false },
	{ NULL, NULL, false },
};

static void read_rule(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gw_reading *reading = target;
	struct rule_reading r = { .reading = reading, .rule.line = gw_yaml_line(node) };

	gw_yaml_map(yaml, node, rule_keys, &r);
	reading->rules[reading->config.rule_count++] = r.rule;
}

void gw_read_rules(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gw_reading *reading = target;

	reading->rules = gw_read_array(yaml, node, GATEWAY_RULES, sizeof(*reading->rules));
	if (reading->rules != NULL)
		gw_yaml_list(yaml, node, read_rule, reading);
}

/* ---- what no rule fits ---- */

static void read_usual_inside(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	read_action_word(yaml, node, &((struct gw_reading *)target)->config.usual[0]);
}

static void read_usual_outside(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	read_action_word(yaml, node, &((struct gw_reading *)target)->config.usual[1]);
}

void gw_read_usual(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	static const struct gw_yaml_key keys[] = {
		{ "inside", read_usual_inside, false },
		{ "outside", read_usual_outside, false },
		{ NULL, NULL, false },
	};

	gw_yaml_map(yaml, node, keys, target);
}
