/*
 * See config.h. The keys of rules are gateway/config_rules.c's.
 */
#include "gateway/config.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"
#include "gateway/config_rules.h"

#define CONNECTIONS_MAX  (1u << 28)
#define EXPECTATIONS_MAX (1u << 24)
#define NEW_MAX          1000000u
#define HELPER_PORTS     64u

/* ---- interfaces ---- */

static void read_port(struct gw_yaml *yaml, const char *name, yaml_node_t *node, void *target)
{
	static const char *const sides[] = { "inside", "outside", NULL };
	struct gw_reading *reading = target;
	int side = gw_yaml_choice(yaml, node, sides);

	if (strlen(name) >= IF_NAMESIZE || strpbrk(name, "/ ") != NULL)
		gw_yaml_wrong(yaml, node, "no interface can have this name: at most %d characters, no /, no space",
			      IF_NAMESIZE - 1);
	else if (strcmp(name, "inside") == 0 || strcmp(name, "outside") == 0)
		gw_yaml_wrong(yaml, node, "this name means a side; expected the name of an interface");
	else if (reading->config.port_count == GATEWAY_PORTS)
		gw_yaml_wrong(yaml, node, "more than %u interfaces", GATEWAY_PORTS);
	else if (side >= 0)
		reading->ports[reading->config.port_count++] = (struct gateway_port){ name, side == 1 };
}

static void read_ports(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gw_reading *reading = target;
	uint32_t before = yaml->error_count;
	bool side[2] = { false, false };

	reading->ports = gw_memory_get(&yaml->memory, GATEWAY_PORTS, sizeof(*reading->ports));
	if (reading->ports == NULL)
		gw_yaml_wrong(yaml, NULL, "out of memory");
	else
		gw_yaml_names(yaml, node, read_port, reading);
	for (uint32_t i = 0; i < reading->config.port_count; i++)
		side[reading->ports[i].outside] = true;
	if (yaml->error_count == before && (!side[0] || !side[1]))
		gw_yaml_wrong(yaml, node, "expected at least one interface that is inside and one that is outside");
	gw_make_zones(yaml, reading);
}

/* ---- NAT ---- */

static void read_family(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	static const char *const families[] = { "ipv4", "ipv6", NULL };
	struct gateway_config *config = &((struct gw_reading *)target)->config;
	int family = gw_yaml_choice(yaml, node, families);

	if (family >= 0)
		config->masquerade[family] = true;
}

static void read_masquerade(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	gw_yaml_list(yaml, node, read_family, target);
}

static void read_pool(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gateway_config *config = &((struct gw_reading *)target)->config;
	const char *word = gw_yaml_word(yaml, node, "ADDRESS or ADDRESS-ADDRESS");
	struct usher_endpoint first, last;
	struct usher_nat *pool;

	if (word == NULL)
		return;
	if (!ctl_read_range(word, &first, &last) || !ctl_is_host(&first) || !ctl_is_host(&last)) {
		gw_yaml_wrong(yaml, node, "expected ADDRESS or ADDRESS-ADDRESS, of one family, the first one first, got %s",
			      gw_yaml_got(node));
		return;
	}
	pool = &config->snat[first.family == USHER_IPV6];
	if (pool->family != 0 || config->masquerade[first.family == USHER_IPV6]) {
		gw_yaml_wrong(yaml, node, "expected one pool for IPv%u, and no masquerade of it", first.family);
		return;
	}
	pool->family = first.family;
	memcpy(pool->first, first.address, sizeof(pool->first));
	memcpy(pool->last, last.address, sizeof(pool->last));
}

static void read_pools(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	gw_yaml_list(yaml, node, read_pool, target);
}

static void read_forward_protocol(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	static const char *const words[] = { "tcp", "udp", NULL };
	int choice = gw_yaml_choice(yaml, node, words);

	((struct gateway_forward *)target)->protocol = choice == 1 ? USHER_UDP : USHER_TCP;
}

static void read_forward_port(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gateway_forward *forward = target;
	uint64_t port;

	if (gw_yaml_number(yaml, node, 1, 65535, &port)) {
		forward->port = (uint16_t)port;
		forward->to.key = forward->port;
	}
}

static void read_forward_to(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gateway_forward *forward = target;
	const char *word = gw_yaml_word(yaml, node, "ADDRESS or ADDRESS:PORT");

	if (word != NULL && (!ctl_read_endpoint(word, &forward->to) || !ctl_is_host(&forward->to)))
		gw_yaml_wrong(yaml, node, "expected ADDRESS or ADDRESS:PORT (IPv6: [ADDRESS]:PORT), got %s",
			      gw_yaml_got(node));
}

static const struct gw_yaml_key forward_keys[] = {
	{ "protocol", read_forward_protocol, true },
	{ "port", read_forward_port, true },
	{ "to", read_forward_to, true },
	{ NULL, NULL, false },
};

static void read_forward(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gw_reading *reading = target;
	struct gateway_forward forward = { 0 };
	uint32_t before = yaml->error_count;

	gw_yaml_map(yaml, node, forward_keys, &forward);
	if (yaml->error_count != before)
		return;
	for (uint32_t i = 0; i < reading->config.forward_count; i++) {
		const struct gateway_forward *other = &reading->forwards[i];

		if (other->protocol == forward.protocol && other->port == forward.port && other->to.family == forward.to.family) {
			gw_yaml_wrong(yaml, node, "%s port %u is forwarded already", ctl_protocol(forward.protocol)->name,
				      forward.port);
			return;
		}
	}
	reading->forwards[reading->config.forward_count++] = forward;
}

static void read_forwards(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gw_reading *reading = target;

	reading->forwards = gw_read_array(yaml, node, GATEWAY_FORWARDS, sizeof(*reading->forwards));
	if (reading->forwards != NULL)
		gw_yaml_list(yaml, node, read_forward, reading);
}

static void read_side(struct gw_yaml *yaml, const yaml_node_t *node, struct ctl_net *net)
{
	const char *word = gw_yaml_word(yaml, node, "ADDRESS or ADDRESS/PREFIX");

	if (word != NULL && (!ctl_read_net(word, net) || !ctl_net_is_whole(net) || !ctl_is_host(&net->first)))
		gw_yaml_wrong(yaml, node, "expected ADDRESS or ADDRESS/PREFIX, nothing behind the prefix, got %s",
			      gw_yaml_got(node));
}

static void read_static_inside(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	read_side(yaml, node, &((struct gateway_static *)target)->inside);
}

static void read_static_public(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	read_side(yaml, node, &((struct gateway_static *)target)->outside);
}

static const struct gw_yaml_key static_keys[] = {
	{ "inside", read_static_inside, true },
	{ "public", read_static_public, true },
	{ NULL, NULL, false },
};

static bool meets_pool(const struct gateway_config *config, const struct ctl_net *net)
{
	const struct usher_nat *pool = &config->snat[net->first.family == USHER_IPV6];
	struct usher_endpoint first = { .family = pool->family };

	memcpy(first.address, pool->first, sizeof(first.address));
	if (pool->family == 0)
		return false;
	return ctl_net_has(net, &first) || (memcmp(net->first.address, pool->first, sizeof(pool->first)) >= 0 &&
					    memcmp(net->first.address, pool->last, sizeof(pool->last)) <= 0);
}

static void read_static(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gw_reading *reading = target;
	struct gateway_static one = { 0 };
	uint32_t before = yaml->error_count;

	gw_yaml_map(yaml, node, static_keys, &one);
	if (yaml->error_count != before)
		return;
	if (one.inside.first.family != one.outside.first.family || one.inside.prefix != one.outside.prefix) {
		gw_yaml_wrong(yaml, node, "expected two addresses or networks of one family and one size");
		return;
	}
	if (meets_pool(&reading->config, &one.outside))
		gw_yaml_wrong(yaml, node, "an address of public is in a pool");
	for (uint32_t i = 0; i < reading->config.static_count; i++) {
		const struct gateway_static *other = &reading->statics[i];

		if (ctl_nets_meet(&other->inside, &one.inside) || ctl_nets_meet(&other->outside, &one.outside))
			gw_yaml_wrong(yaml, node, "an address of these has a static translation already");
	}
	reading->statics[reading->config.static_count++] = one;
}

static void read_statics(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gw_reading *reading = target;

	reading->statics = gw_read_array(yaml, node, GATEWAY_STATICS, sizeof(*reading->statics));
	if (reading->statics != NULL)
		gw_yaml_list(yaml, node, read_static, reading);
}

static void read_keys(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gateway_config *config = &((struct gw_reading *)target)->config;
	const char *word = gw_yaml_word(yaml, node, "FIRST-LAST");

	if (word != NULL && (strchr(word, '-') == NULL || !ctl_read_ports(word, 1024, &config->key_first, &config->key_last)))
		gw_yaml_wrong(yaml, node, "expected FIRST-LAST, from 1024 to 65535, got %s", gw_yaml_got(node));
}

static void read_nat(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	static const struct gw_yaml_key keys[] = {
		{ "masquerade", read_masquerade, false },
		{ "pools", read_pools, false },
		{ "forwards", read_forwards, false },
		{ "static", read_statics, false },
		{ "keys", read_keys, false },
		{ NULL, NULL, false },
	};

	gw_yaml_map(yaml, node, keys, target);
}

/* ---- helpers, time-outs, limits ---- */

struct helper_reading {
	struct gw_reading *reading;
	const char *name;
};

static void read_helper_port(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct helper_reading *r = target;
	uint64_t port;

	if (gw_yaml_number(yaml, node, 1, 65535, &port))
		r->reading->helpers[r->reading->config.helper_count++] =
			(struct usher_port_helper){ r->name, USHER_ANY_FAMILY, (uint16_t)port };
}

static void read_helper(struct gw_yaml *yaml, const char *name, yaml_node_t *node, void *target)
{
	const struct usher_helper *helper = gw_read_helper(yaml, node, name);
	struct helper_reading r = { target, NULL };
	uint32_t room;

	if (helper == NULL)
		return;
	r.name = helper->name;
	room = HELPER_PORTS - r.reading->config.helper_count;
	if (gw_yaml_count(yaml, node) > room)
		gw_yaml_wrong(yaml, node, "more than %u ports with helpers", HELPER_PORTS);
	else if (gw_yaml_list(yaml, node, read_helper_port, &r) == 0)
		gw_yaml_wrong(yaml, node, "expected ports, got nothing");
}

static void read_helpers(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gw_reading *reading = target;

	reading->helpers = gw_memory_get(&yaml->memory, HELPER_PORTS, sizeof(*reading->helpers));
	if (reading->helpers == NULL)
		gw_yaml_wrong(yaml, NULL, "out of memory");
	else
		gw_yaml_names(yaml, node, read_helper, reading);
}

static void read_timeout(struct gw_yaml *yaml, const char *name, yaml_node_t *node, void *target)
{
	struct gw_reading *reading = target;
	uint64_t seconds;

	for (unsigned i = 0; i < usher_timeout_count(); i++) {
		if (strcmp(usher_timeout_name(i), name) != 0)
			continue;
		if (gw_yaml_number(yaml, node, 1, UINT32_MAX, &seconds))
			reading->timeouts[i] = (uint32_t)seconds;
		return;
	}
	gw_yaml_wrong(yaml, node, "no time-out has this name; usher(1) lists them");
}

static void read_timeouts(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	struct gw_reading *reading = target;

	reading->timeouts = gw_memory_get(&yaml->memory, usher_timeout_count(), sizeof(*reading->timeouts));
	if (reading->timeouts == NULL)
		gw_yaml_wrong(yaml, NULL, "out of memory");
	else
		gw_yaml_names(yaml, node, read_timeout, reading);
}

static void read_limit(struct gw_yaml *yaml, const yaml_node_t *node, uint32_t most, uint32_t *limit)
{
	uint64_t number;

	if (gw_yaml_number(yaml, node, 1, most, &number))
		*limit = (uint32_t)number;
}

static void read_connections(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	read_limit(yaml, node, CONNECTIONS_MAX, &((struct gw_reading *)target)->config.connections);
}

static void read_expectations(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	read_limit(yaml, node, EXPECTATIONS_MAX, &((struct gw_reading *)target)->config.expectations);
}

static void read_expect_per_source(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	read_limit(yaml, node, EXPECTATIONS_MAX, &((struct gw_reading *)target)->config.expect_per_source);
}

static void read_new_per_source(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	read_limit(yaml, node, NEW_MAX, &((struct gw_reading *)target)->config.new_per_source);
}

static void read_limits(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	static const struct gw_yaml_key keys[] = {
		{ "connections", read_connections, false },
		{ "expectations", read_expectations, false },
		{ "expectations-per-source", read_expect_per_source, false },
		{ "new-per-source", read_new_per_source, false },
		{ NULL, NULL, false },
	};

	gw_yaml_map(yaml, node, keys, target);
}

static void read_open(struct gw_yaml *yaml, yaml_node_t *node, void *target)
{
	(void)gw_yaml_bool(yaml, node, &((struct gw_reading *)target)->config.open);
}

/* ---- the whole ---- */

static const struct gw_yaml_key top_keys[] = {
	{ "interfaces", read_ports, true },
	{ "zones", gw_read_zones, false },
	{ "policy", gw_read_usual, false },
	{ "rules", gw_read_rules, false },
	{ "nat", read_nat, false },
	{ "helpers", read_helpers, false },
	{ "timeouts", read_timeouts, false },
	{ "limits", read_limits, false },
	{ "open", read_open, false },
	{ NULL, NULL, false },
};

/* A configuration with the memory that it lies in. */
struct owned {
	struct gateway_config config; /* first */
	struct gw_memory memory;
};

static void read_all(struct gw_yaml *yaml, struct gw_reading *reading)
{
	yaml_node_t *root = gw_yaml_root(yaml);

	gw_make_zones(yaml, reading); /* a file without interfaces has rules to be judged all the same */
	if (root == NULL)
		gw_yaml_wrong(yaml, NULL, "there is nothing in this file; interfaces is missing");
	else
		gw_yaml_map(yaml, root, top_keys, reading);
	reading->config.ports = reading->ports;
	reading->config.forwards = reading->forwards;
	reading->config.statics = reading->statics;
	reading->config.rules = reading->rules;
	reading->config.helpers = reading->helpers;
	reading->config.timeouts = reading->timeouts;
}

struct gateway_config *gateway_config_parse(const char *name, const char *text, size_t len, FILE *errors)
{
	struct gw_reading reading = { .config = { .key_first = GATEWAY_KEY_FIRST, .key_last = GATEWAY_KEY_LAST } };
	struct owned *owned = calloc(1, sizeof(*owned));
	struct gw_yaml *yaml = calloc(1, sizeof(*yaml));
	bool good = false;

	if (owned != NULL && yaml != NULL) {
		if (gw_yaml_begin(yaml, name, text, len))
			read_all(yaml, &reading);
		good = gw_yaml_end(yaml, errors) == 0;
		owned->config = reading.config;
		owned->memory = yaml->memory;
	}
	free(yaml);
	if (good)
		return &owned->config;
	if (owned != NULL)
		gateway_config_free(&owned->config);
	return NULL;
}

void gateway_config_free(struct gateway_config *config)
{
	struct owned *owned = (struct owned *)config;

	if (owned == NULL)
		return;
	gw_memory_fini(&owned->memory);
	free(owned);
}

static struct gateway_config *refuse(const char *file, const char *why, FILE *errors)
{
	char safe[256];

	if (errors != NULL)
		fprintf(errors, "%s: %s\n", ctl_escape(safe, sizeof(safe), file, strlen(file)), why);
	return NULL;
}

struct gateway_config *gateway_config_read(const char *file, FILE *errors)
{
	struct gateway_config *config = NULL;
	char *text = malloc(GW_YAML_SIZE_MAX + 1), safe[256];
	FILE *in = text != NULL ? fopen(file, "re") : NULL;
	size_t len;

	if (in == NULL) {
		free(text);
		return refuse(file, strerror(errno), errors);
	}
	errno = 0;
	len = fread(text, 1, GW_YAML_SIZE_MAX + 1, in);
	if (ferror(in))
		refuse(file, strerror(errno), errors);
	else
		config = gateway_config_parse(ctl_escape(safe, sizeof(safe), file, strlen(file)), text, len, errors);
	fclose(in);
	free(text);
	return config;
}

/* ---- the summary ---- */

static const char *plural(uint32_t count)
{
	return count == 1 ? "" : "s";
}

static void print_side(const struct gateway_config *config, bool outside, FILE *out)
{
	fprintf(out, "%s", outside ? ", outside" : "  inside");
	for (uint32_t i = 0; i < config->port_count; i++) {
		if (config->ports[i].outside == outside)
			fprintf(out, " %s", config->ports[i].name);
	}
}

static void print_nat(const struct gateway_config *config, FILE *out)
{
	static const char *const family[] = { "IPv4", "IPv6" };
	const char *before = "";

	fprintf(out, "  ");
	for (int i = 0; i < 2; i++) {
		if (!config->masquerade[i] && config->snat[i].family == 0)
			continue;
		fprintf(out, "%s%s %s", before, family[i], config->masquerade[i] ? "is masqueraded" : "leaves from a pool");
		before = ", ";
	}
	fprintf(out, "%s%u forwarded port%s, %u static translation%s\n", *before ? before : "no masquerade or pool, ",
		config->forward_count, plural(config->forward_count), config->static_count, plural(config->static_count));
}

void gateway_config_summary(const struct gateway_config *config, FILE *out)
{
	static const char *const action[] = { "usual", "accept", "drop", "reject" };

	print_side(config, false, out);
	print_side(config, true, out);
	fprintf(out, "\n  %u rule%s, else from inside %s, from outside %s\n", config->rule_count, plural(config->rule_count),
		config->usual[0] ? action[config->usual[0]] : "accept", config->usual[1] ? action[config->usual[1]] : "drop");
	print_nat(config, out);
	fprintf(out, "  helpers:");
	for (uint32_t i = 0; i < config->helper_count; i++)
		fprintf(out, " %s=%u", config->helpers[i].helper, config->helpers[i].port);
	for (uint32_t i = 0; i < config->rule_count; i++) {
		if (config->rules[i].helper != NULL)
			fprintf(out, " %s by the rule of line %u", config->rules[i].helper, config->rules[i].line);
	}
	fprintf(out, "%s\n", config->helper_count == 0 ? " none by port" : "");
}
