/*
 * gateway/policy: what becomes of new connections, row by row. Interfaces, addresses and routes are made up; no kernel is asked.
 *
 * inside: lan (2), lan2 (3); outside: wan (4), wan2 (5); mgmt (9) is no interface of the gateway.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "bpf/shared.h"
#include "gateway/policy.h"
#include "gateway/rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { LAN = 2, LAN2 = 3, WAN = 4, WAN2 = 5, MGMT = 9 };

static struct usher_endpoint endpoint(const char *address, uint32_t key)
{
	struct usher_endpoint made = { .key = key };

	made.family = strchr(address, ':') != NULL ? USHER_IPV6 : USHER_IPV4;
	assert_int_equal(inet_pton(made.family == USHER_IPV6 ? AF_INET6 : AF_INET, address, made.address), 1);
	return made;
}

struct bed {
	struct gateway_config config;
	struct gateway_forward forwards[2];
	struct gw_net net;
	struct gw_routes routes;
	struct gw_policy policy;
	uint64_t count[GW_COUNTER_COUNT];
	struct gw_address address[8];
};

static void add_address(struct bed *bed, const char *text, uint32_t index)
{
	bed->address[bed->net.address_count++] = (struct gw_address){ endpoint(text, 0), index, true };
}

static void add_route(struct bed *bed, const char *text, uint32_t index)
{
	struct usher_endpoint to = endpoint(text, 0);
	struct gw_route route = { .kind = index ? GW_ROUTE_OUT : GW_ROUTE_NONE, .index = index, .mtu = 1500 };

	gw_route_put(&bed->routes, to.family, to.address, &route, 0);
}

static const char *const routed[][2] = {
	{ "10.0.0.2", "lan" }, { "10.0.1.2", "lan2" }, { "198.51.100.2", "wan" }, { "203.0.113.9", "wan2" }, { "192.0.2.2", "mgmt" },
	{ "2001:db8:1::2", "lan" }, { "2001:db8:2::2", "wan" }, { "203.0.113.77", "" },
};

static struct bed *make_bed(void)
{
	uint8_t seed[32];
	static const struct usher_port_helper helpers[] = { { "ftp", USHER_ANY_FAMILY, 21 }, { "ftp", USHER_IPV6, 2121 } };
	static const struct gw_port ports[] = {
		{ "lan", false, false, LAN, 1500, 1 }, { "lan2", false, false, LAN2, 1500, 2 },
		{ "wan", true, false, WAN, 1500, 4 }, { "wan2", true, false, WAN2, 1500, 8 },
	};
	struct bed *bed = calloc(1, sizeof(*bed));

	assert_non_null(bed);
	for (unsigned i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)(i * i * 37 + 11); /* no two of these addresses share a place */
	memcpy(bed->net.port, ports, sizeof(ports));
	bed->net.port_count = COUNT(ports);
	bed->net.address = bed->address;
	bed->net.query = -1; /* who asks the kernel gets no answer */
	add_address(bed, "10.0.0.1", LAN);
	add_address(bed, "198.51.100.1", WAN);
	add_address(bed, "203.0.113.1", WAN2);
	add_address(bed, "2001:db8:2::1", WAN);
	gw_routes_init(&bed->routes, &bed->net, seed);
	for (size_t i = 0; i < COUNT(routed); i++) {
		uint32_t index = strcmp(routed[i][1], "mgmt") == 0 ? MGMT : 0;

		for (uint32_t k = 0; k < COUNT(ports); k++)
			index = strcmp(ports[k].name, routed[i][1]) == 0 ? ports[k].index : index;
		add_route(bed, routed[i][0], index);
	}
	bed->forwards[0] = (struct gateway_forward){ USHER_TCP, 2100, endpoint("10.0.0.2", 21) };
	bed->forwards[1] = (struct gateway_forward){ USHER_UDP, 5000, endpoint("10.0.1.2", 5000) };
	bed->config = (struct gateway_config){
		.helpers = helpers,
		.helper_count = COUNT(helpers),
		.forwards = bed->forwards,
		.key_first = 40000,
		.key_last = 50000,
	};
	bed->policy = (struct gw_policy){ .config = &bed->config, .net = &bed->net, .routes = &bed->routes, .count = bed->count };
	return bed;
}

struct row {
	uint32_t ingress;
	uint8_t protocol;
	const char *src;
	uint32_t sport;
	const char *dst;
	uint32_t dport;
	bool picked_up;
	bool accepted;
	const char *source, *destination, *helper; /* "": none */
};

static void compare(const struct usher_nat *nat, const char *wanted)
{
	struct usher_endpoint address;

	if (*wanted == '\0') {
		assert_int_equal(nat->family, 0);
		return;
	}
	address = endpoint(wanted, 0);
	assert_int_equal(nat->family, address.family);
	assert_memory_equal(nat->first, address.address, 16);
}

static void judge(struct bed *bed, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct usher_new connection = {
			.orig = { .protocol = row->protocol, .src = endpoint(row->src, row->sport), .dst = endpoint(row->dst, row->dport) },
			.interface = row->ingress,
			.time = USHER_SECOND,
			.picked_up = row->picked_up,
		};
		struct usher_decision decision = { 0 };

		gw_policy_decide(&bed->policy, &connection, &decision);
		if (decision.drop == row->accepted)
			fail_msg("row %zu: %s", i, decision.drop ? "dropped" : "accepted");
		if (!row->accepted)
			continue;
		compare(&decision.source, row->source);
		compare(&decision.destination, row->destination);
		assert_string_equal(decision.helper != NULL ? decision.helper : "", row->helper);
		if (*row->source && !(decision.source.flags & USHER_NAT_PREFIX)) /* 1:1 keeps keys */
			assert_int_equal(decision.source.key_first, 40000);
	}
}

static void test_routing(void **state)
{
	static const struct row rows[] = {
		{ LAN, USHER_TCP, "10.0.0.2", 1, "198.51.100.2", 80, false, true, "", "", "" },
		{ LAN, USHER_TCP, "10.0.0.2", 1, "198.51.100.2", 21, false, true, "", "", "ftp" },
		{ LAN, USHER_UDP, "10.0.0.2", 1, "198.51.100.2", 21, false, true, "", "", "" },
		{ LAN, USHER_TCP, "10.0.0.2", 1, "198.51.100.2", 2121, false, true, "", "", "" },
		{ LAN, USHER_TCP, "2001:db8:1::2", 1, "2001:db8:2::2", 2121, false, true, "", "", "ftp" },
		{ LAN, USHER_TCP, "10.0.0.2", 1, "10.0.1.2", 80, false, true, "", "", "" },
		{ LAN, USHER_TCP, "10.0.0.2", 1, "198.51.100.2", 80, true, true, "", "", "" },
		{ LAN, USHER_TCP, "198.51.100.2", 1, "203.0.113.9", 80, false, false, "", "", "" }, /* its source is outside */
		{ LAN, USHER_TCP, "192.0.2.2", 1, "198.51.100.2", 80, false, false, "", "", "" },   /* its source is nowhere of ours */
		{ LAN, USHER_TCP, "10.0.0.2", 1, "192.0.2.2", 80, false, false, "", "", "" },       /* leads to no interface of ours */
		{ LAN, USHER_TCP, "10.0.0.2", 1, "203.0.113.77", 80, false, false, "", "", "" },    /* leads nowhere */
		{ WAN, USHER_TCP, "198.51.100.2", 1, "10.0.0.2", 80, false, false, "", "", "" },
		{ WAN, USHER_TCP, "198.51.100.2", 1, "203.0.113.9", 80, false, false, "", "", "" },
		{ WAN, USHER_TCP, "198.51.100.2", 80, "10.0.0.2", 1, true, false, "", "", "" },
		{ MGMT, USHER_TCP, "192.0.2.2", 1, "198.51.100.2", 80, false, false, "", "", "" },
		{ LAN, USHER_TCP, "10.0.0.2", 1, "10.0.0.1", 22, false, false, "", "", "" },        /* the machine itself */
		{ WAN, USHER_TCP, "198.51.100.2", 1, "198.51.100.1", 2100, false, false, "", "", "" }, /* no forwards yet */
	};
	struct bed *bed = make_bed();

	(void)state;
	judge(bed, rows, COUNT(rows));
	assert_int_equal(bed->count[GW_COUNT_SPOOFED], 2);
	free(bed);
}

static void test_masquerading(void **state)
{
	static const struct row rows[] = {
		{ LAN, USHER_TCP, "10.0.0.2", 1, "198.51.100.2", 80, false, true, "198.51.100.1", "", "" },
		{ LAN, USHER_UDP, "10.0.0.2", 1, "203.0.113.9", 80, false, true, "203.0.113.1", "", "" },
		{ LAN, USHER_TCP, "10.0.0.2", 1, "10.0.1.2", 80, false, true, "", "", "" },
		{ LAN, USHER_TCP, "2001:db8:1::2", 1, "2001:db8:2::2", 80, false, true, "", "", "" }, /* IPv6 was not asked for */
	};
	static const struct row without[] = {
		{ LAN, USHER_TCP, "10.0.0.2", 1, "198.51.100.2", 80, false, false, "", "", "" },
	};
	struct bed *bed = make_bed();

	(void)state;
	bed->config.masquerade[0] = true;
	judge(bed, rows, COUNT(rows));
	bed->address[1].usable = false;
	judge(bed, without, COUNT(without));
	assert_int_equal(bed->count[GW_COUNT_NO_ADDRESS], 1);
	free(bed);
}

static void test_pools(void **state)
{
	static const struct row rows[] = {
		{ LAN, USHER_TCP, "10.0.0.2", 1, "198.51.100.2", 80, false, true, "198.51.100.64", "", "" },
		{ WAN, USHER_TCP, "198.51.100.2", 1, "198.51.100.70", 80, false, false, "", "", "" },
		{ WAN, USHER_TCP, "198.51.100.2", 1, "198.51.100.70", 2100, false, true, "", "10.0.0.2", "ftp" },
	};
	struct usher_endpoint first = endpoint("198.51.100.64", 0), last = endpoint("198.51.100.79", 0);
	struct bed *bed = make_bed();

	(void)state;
	bed->config.forward_count = 2;
	bed->config.snat[0].family = USHER_IPV4;
	memcpy(bed->config.snat[0].first, first.address, 16);
	memcpy(bed->config.snat[0].last, last.address, 16);
	judge(bed, rows, COUNT(rows));
	assert_true(gw_policy_in_pool(&bed->config, USHER_IPV4, first.address));
	assert_true(gw_policy_in_pool(&bed->config, USHER_IPV4, last.address));
	last.address[3]++;
	assert_false(gw_policy_in_pool(&bed->config, USHER_IPV4, last.address));
	assert_false(gw_policy_in_pool(&bed->config, USHER_IPV6, first.address));
	free(bed);
}

static void test_forwards(void **state)
{
	static const struct row rows[] = {
		{ WAN, USHER_TCP, "198.51.100.2", 1, "198.51.100.1", 2100, false, true, "", "10.0.0.2", "ftp" },
		{ WAN, USHER_TCP, "198.51.100.2", 1, "198.51.100.1", 2101, false, false, "", "", "" },
		{ WAN, USHER_UDP, "198.51.100.2", 1, "198.51.100.1", 2100, false, false, "", "", "" },
		{ WAN, USHER_UDP, "198.51.100.2", 1, "198.51.100.1", 5000, false, true, "", "10.0.1.2", "" },
		{ WAN, USHER_TCP, "198.51.100.2", 1, "203.0.113.1", 2100, false, true, "", "10.0.0.2", "ftp" },
		{ WAN, USHER_TCP, "2001:db8:2::2", 1, "2001:db8:2::1", 2100, false, false, "", "", "" },
		/* From inside by the public name: the answer has to come back through us. */
		{ LAN2, USHER_TCP, "10.0.1.2", 1, "198.51.100.1", 2100, false, true, "198.51.100.1", "10.0.0.2", "ftp" },
		/* The inside address is the machine's, whatever is forwarded. */
		{ LAN, USHER_TCP, "10.0.0.2", 1, "10.0.0.1", 2100, false, false, "", "", "" },
		/* Picked up by the service's own packet: the client's tells more. */
		{ LAN, USHER_TCP, "10.0.0.2", 21, "198.51.100.2", 4000, true, false, "", "", "" },
		{ LAN, USHER_TCP, "10.0.0.2", 21, "198.51.100.2", 4000, false, true, "", "", "" },
	};
	struct bed *bed = make_bed();

	(void)state;
	bed->config.forward_count = 2;
	judge(bed, rows, COUNT(rows));
	free(bed);
}

static void test_flags_of_addresses(void **state)
{
	struct bed *bed = make_bed();
	const struct gw_address *lan = &bed->address[0], *wan = &bed->address[1], *wan6 = &bed->address[3];

	(void)state;
	assert_int_equal(gw_policy_address_flags(&bed->policy, wan), 0);
	bed->config.masquerade[0] = true;
	assert_int_equal(gw_policy_address_flags(&bed->policy, wan), STEER_PUBLIC);
	assert_int_equal(gw_policy_address_flags(&bed->policy, wan6), 0);
	assert_int_equal(gw_policy_address_flags(&bed->policy, lan), 0);
	bed->config.masquerade[0] = false;
	bed->config.forward_count = 2;
	assert_int_equal(gw_policy_address_flags(&bed->policy, wan), STEER_PUBLIC | STEER_FORWARDS);
	assert_int_equal(gw_policy_address_flags(&bed->policy, wan6), 0);
	assert_int_equal(gw_policy_address_flags(&bed->policy, lan), 0);
	free(bed);
}

/* ---- rules ---- */

static struct ctl_net net(const char *text)
{
	struct ctl_net made;

	assert_true(ctl_read_net(text, &made));
	return made;
}

enum { BIT_LAN = 1, BIT_LAN2 = 2, BIT_WAN = 4, BIT_WAN2 = 8 }; /* as in make_bed */

static void test_first_rule_that_fits(void **state)
{
	static const struct gateway_range web[] = { { 80, 80 }, { 8000, 8099 } };
	const struct ctl_net lan = net("10.0.0.0/24"), host = net("10.0.0.2"), six = net("2001:db8:2::/48");
	const struct gateway_rule rules[] = {
		{ .name = "web", .from = BIT_LAN | BIT_LAN2, .to = BIT_WAN, .protocols = { USHER_TCP, USHER_UDP }, .protocol_count = 2,
		  .ranges = web, .range_count = 2, .action = GATEWAY_ACCEPT },
		{ .name = "host", .sources = &host, .source_count = 1, .action = GATEWAY_DROP },
		{ .name = "lan", .sources = &lan, .source_count = 1, .action = GATEWAY_REJECT },
		{ .name = "six", .destinations = &six, .destination_count = 1, .action = GATEWAY_ACCEPT },
		{ .name = "out2", .to = BIT_WAN2, .action = GATEWAY_ACCEPT },
	};
	static const struct {
		uint32_t from, to;
		uint8_t protocol;
		const char *src, *dst;
		uint32_t dport;
		const char *wanted;
	} rows[] = {
		{ BIT_LAN, BIT_WAN, USHER_TCP, "10.0.0.2", "198.51.100.2", 80, "web" },
		{ BIT_LAN2, BIT_WAN, USHER_UDP, "10.0.0.2", "198.51.100.2", 8099, "web" },
		{ BIT_LAN, BIT_WAN, USHER_TCP, "10.0.0.2", "198.51.100.2", 8100, "host" },
		{ BIT_LAN, BIT_WAN, USHER_ICMP, "10.0.0.2", "198.51.100.2", 80, "host" },
		{ BIT_LAN, BIT_WAN2, USHER_TCP, "10.0.0.3", "198.51.100.2", 80, "lan" },
		{ BIT_WAN, BIT_WAN, USHER_TCP, "10.0.0.3", "198.51.100.2", 80, "lan" },
		{ BIT_LAN, BIT_WAN, USHER_ICMPV6, "2001:db8:1::2", "2001:db8:2::2", 0, "six" },
		{ BIT_LAN, BIT_WAN2, USHER_ICMP, "10.0.1.2", "198.51.100.2", 0, "out2" },
		{ BIT_LAN, BIT_WAN, USHER_ICMP, "10.0.1.2", "198.51.100.2", 0, NULL },
	};
	const struct gateway_config config = { .rules = rules, .rule_count = COUNT(rules) };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct gw_flow flow = { rows[i].from, rows[i].to, rows[i].protocol, endpoint(rows[i].src, 5),
					endpoint(rows[i].dst, rows[i].dport) };
		const struct gateway_rule *rule = gw_rules_find(&config, &flow);

		if ((rule == NULL) != (rows[i].wanted == NULL) || (rule != NULL && strcmp(rule->name, rows[i].wanted) != 0))
			fail_msg("row %zu: %s", i, rule != NULL ? rule->name : "none");
	}
}

static void test_rules_decide(void **state)
{
	static const struct gateway_range ssh = { 22, 22 }, telnet = { 23, 23 }, ftp = { 21, 21 };
	const struct gateway_rule rules[] = {
		{ .from = BIT_WAN, .protocols = { USHER_TCP }, .protocol_count = 1, .ranges = &ssh, .range_count = 1, .action = GATEWAY_ACCEPT },
		{ .protocols = { USHER_TCP }, .protocol_count = 1, .ranges = &telnet, .range_count = 1, .action = GATEWAY_REJECT },
		{ .to = BIT_LAN, .protocols = { USHER_TCP }, .protocol_count = 1, .ranges = &ftp, .range_count = 1, .action = GATEWAY_DROP },
		{ .from = BIT_LAN2, .action = GATEWAY_ACCEPT, .helper = "pptp" },
	};
	static const struct row rows[] = {
		{ WAN, USHER_TCP, "198.51.100.2", 1, "10.0.0.2", 22, false, true, "", "", "" },
		{ WAN2, USHER_TCP, "203.0.113.9", 1, "10.0.0.2", 22, false, false, "", "", "" },    /* outside: drop */
		{ WAN, USHER_TCP, "10.0.1.2", 1, "10.0.0.2", 22, false, false, "", "", "" },        /* spoofed */
		{ WAN, USHER_TCP, "198.51.100.2", 1, "203.0.113.77", 22, false, false, "", "", "" },/* leads nowhere */
		{ WAN, USHER_TCP, "198.51.100.2", 1, "198.51.100.1", 22, false, false, "", "", "" },/* the machine's own */
		{ LAN, USHER_TCP, "10.0.0.2", 1, "198.51.100.2", 23, false, false, "", "", "" },
		{ LAN, USHER_TCP, "10.0.0.2", 1, "198.51.100.2", 24, false, true, "", "", "" },     /* inside: accept */
		{ LAN2, USHER_TCP, "10.0.1.2", 1, "198.51.100.2", 21, false, true, "", "", "pptp" }, /* the rule's, not the port's */
		{ WAN, USHER_TCP, "198.51.100.2", 1, "198.51.100.1", 2100, false, false, "", "", "" }, /* forwarded to 21, which is dropped */
		{ WAN, USHER_UDP, "198.51.100.2", 1, "198.51.100.1", 5000, false, true, "", "10.0.1.2", "" }, /* forwarded, no rule */
	};
	struct usher_tuple rejected = { .protocol = USHER_TCP, .src = endpoint("10.0.0.2", 1), .dst = endpoint("198.51.100.2", 23) };
	struct usher_tuple dropped = { .protocol = USHER_TCP, .src = endpoint("198.51.100.2", 1), .dst = endpoint("198.51.100.1", 2100) };
	struct usher_tuple own = { .protocol = USHER_TCP, .src = endpoint("198.51.100.2", 1), .dst = endpoint("198.51.100.1", 22) };
	struct bed *bed = make_bed();

	(void)state;
	bed->config.forward_count = 2;
	bed->config.rules = rules;
	bed->config.rule_count = COUNT(rules);
	judge(bed, rows, COUNT(rows));
	assert_int_equal(bed->count[GW_COUNT_SPOOFED], 1);
	assert_int_equal(bed->count[GW_COUNT_RULED_OUT], 3);
	assert_true(gw_policy_refusal(&bed->policy, &rejected)->told);
	assert_false(gw_policy_refusal(&bed->policy, &dropped)->told);
	assert_null(gw_policy_refusal(&bed->policy, &own));
	rejected.src.key = 2;
	assert_null(gw_policy_refusal(&bed->policy, &rejected));
	free(bed);
}

static void test_statics(void **state)
{
	static const struct row rows[] = {
		{ LAN, USHER_TCP, "10.0.0.2", 1, "198.51.100.2", 80, false, true, "198.51.100.8", "", "" },
		{ LAN2, USHER_TCP, "10.0.1.2", 1, "198.51.100.2", 80, false, true, "198.51.100.1", "", "" },
		{ LAN, USHER_TCP, "10.0.0.2", 1, "10.0.1.2", 80, false, true, "", "", "" },
		{ WAN, USHER_TCP, "198.51.100.2", 1, "198.51.100.10", 80, false, true, "", "10.0.0.0", "" },
		{ WAN, USHER_TCP, "198.51.100.2", 1, "198.51.100.10", 81, false, false, "", "", "" },
		{ LAN2, USHER_TCP, "10.0.1.2", 1, "198.51.100.10", 81, false, true, "198.51.100.10", "10.0.0.0", "" },
		{ LAN, USHER_TCP, "10.0.0.2", 1, "198.51.100.10", 81, false, true, "198.51.100.8", "10.0.0.0", "" },
	};
	static const struct gateway_range web = { 80, 80 };
	const struct ctl_net host = net("10.0.0.2");
	const struct gateway_rule rule = { .from = BIT_WAN, .destinations = &host, .destination_count = 1, .protocols = { USHER_TCP },
					   .protocol_count = 1, .ranges = &web, .range_count = 1, .action = GATEWAY_ACCEPT };
	const struct gateway_static one = { net("10.0.0.0/30"), net("198.51.100.8/30") };
	struct bed *bed = make_bed();
	struct gw_address own = { endpoint("198.51.100.10", 0), WAN, true };

	(void)state;
	bed->config.masquerade[0] = true;
	bed->config.rules = &rule;
	bed->config.rule_count = 1;
	bed->config.statics = &one;
	bed->config.static_count = 1;
	assert_true(gw_policy_is_static(&bed->config, &own.endpoint));
	assert_int_equal(gw_policy_address_flags(&bed->policy, &own), STEER_STATIC | STEER_PUBLIC);
	judge(bed, rows, COUNT(rows));
	free(bed);
}

static void test_public_addresses(void **state)
{
	static const struct {
		const char *first, *last, *fixed;
		uint32_t wanted; /* besides those of interfaces */
	} rows[] = {
		{ "198.51.100.0", "198.51.100.0", NULL, 1 },
		{ "198.51.100.250", "198.51.101.9", NULL, 16 },
		{ "198.51.100.0", "198.51.101.255", NULL, 512 },
		{ "10.0.0.0", "11.0.0.0", NULL, GW_ADDRESSES_IN_USE - 64 },
		{ "2001:db8::ff", "2001:db8::1:0", NULL, GW_ADDRESSES_IN_USE - 64 },
		{ "2001:db8::ff", "2001:db8::100", "2001:db8:1::/126", 6 },
		{ "2001:db8::", "ffff::", "::/0", GW_ADDRESSES_IN_USE - 64 },
		{ "198.51.100.9", "198.51.100.9", "203.0.113.1", 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct usher_endpoint first = endpoint(rows[i].first, 0), last = endpoint(rows[i].last, 0);
		struct gateway_static one = { 0 };
		struct gateway_config config = { .statics = &one, .static_count = rows[i].fixed != NULL };
		struct usher_nat *pool = &config.snat[first.family == USHER_IPV6];

		pool->family = first.family;
		memcpy(pool->first, first.address, 16);
		memcpy(pool->last, last.address, 16);
		if (rows[i].fixed != NULL)
			one.outside = net(rows[i].fixed);
		assert_int_equal(gw_policy_addresses(&config), 64 + rows[i].wanted);
	}
}

static void test_limit_of_a_source(void **state)
{
	static struct gw_sources sources;
	static const uint8_t seed[32] = "any bytes that are not too bare";
	struct usher_endpoint one = endpoint("10.0.0.2", 0), six = endpoint("2001:db8:1::2", 0), same = endpoint("2001:db8:1::ffff", 0);
	struct usher_endpoint other = endpoint("2001:db8:1:1::2", 0);
	usher_time now = USHER_SECOND;
	unsigned admitted = 0;

	(void)state;
	gw_sources_init(&sources, seed);
	for (unsigned i = 0; i < 100; i++)
		admitted += gw_sources_admit(&sources, &one, 10, now);
	assert_int_equal(admitted, 10);
	assert_false(gw_sources_admit(&sources, &one, 10, now + USHER_SECOND / 20));
	assert_true(gw_sources_admit(&sources, &one, 10, now + USHER_SECOND / 10));
	assert_false(gw_sources_admit(&sources, &one, 10, now + USHER_SECOND / 10));
	assert_false(gw_sources_admit(&sources, &one, 10, now)); /* time that goes back gives nothing */
	for (unsigned i = 0; i < 10; i++)
		assert_true(gw_sources_admit(&sources, &six, 10, now));
	assert_false(gw_sources_admit(&sources, &same, 10, now)); /* the same /64 */
	assert_true(gw_sources_admit(&sources, &other, 10, now));
	/* Half a million others: the table is full, and each of them may begin all the same; the steady one is limited to the end. */
	for (uint32_t i = 0; i < 500000; i++) {
		struct usher_endpoint stranger = { .family = USHER_IPV4, .address = { 100, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };

		now += USHER_SECOND / 1000000;
		assert_true(gw_sources_admit(&sources, &stranger, 10, now));
		if (i % 1000 == 0)
			(void)gw_sources_admit(&sources, &one, 10, now);
	}
	admitted = 0;
	for (unsigned i = 0; i < 100; i++)
		admitted += gw_sources_admit(&sources, &one, 10, now);
	assert_true(admitted <= 1);
}

static void test_limit_in_the_policy(void **state)
{
	static struct gw_sources sources;
	static const uint8_t seed[32] = { 4 };
	struct row row = { LAN, USHER_TCP, "10.0.0.2", 1, "198.51.100.2", 80, false, true, "", "", "" };
	struct bed *bed = make_bed();

	(void)state;
	gw_sources_init(&sources, seed);
	bed->policy.sources = &sources;
	bed->config.new_per_source = 3;
	for (unsigned i = 0; i < 5; i++) {
		row.accepted = i < 3;
		row.sport = i + 1;
		judge(bed, &row, 1);
	}
	assert_int_equal(bed->count[GW_COUNT_LIMITED], 2);
	assert_int_equal(bed->policy.refusal_count, 2);
	free(bed);
}

static void test_log_is_limited(void **state)
{
	static struct gw_log log;
	static const struct gateway_rule rule = { .name = "r", .action = GATEWAY_DROP };
	struct gw_log_line line = { &rule, "lan", { .protocol = USHER_TCP } };
	uint64_t count[GW_COUNTER_COUNT] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		gw_log_add(&log, count, &line, USHER_SECOND);
	assert_int_equal(count[GW_COUNT_LOGGED], GW_LOG_LINES);
	assert_int_equal(count[GW_COUNT_LOG_SPARED], 100 - GW_LOG_LINES);
	log.line_count = 0; /* printed */
	gw_log_add(&log, count, &line, USHER_SECOND + USHER_SECOND / 20);
	assert_int_equal(log.line_count, 0);
	gw_log_add(&log, count, &line, USHER_SECOND + USHER_SECOND / 10);
	assert_int_equal(log.line_count, 1);
}

static void test_routes_are_forgotten(void **state)
{
	struct bed *bed = make_bed();
	struct usher_endpoint to = endpoint("198.51.100.2", 0);

	(void)state;
	assert_int_equal(gw_route_find(&bed->routes, USHER_IPV4, to.address, USHER_SECOND)->kind, GW_ROUTE_OUT);
	assert_int_equal(bed->routes.asked, 0);
	/* Too old; then another generation. The kernel cannot be asked here, so there is no route. */
	assert_int_equal(gw_route_find(&bed->routes, USHER_IPV4, to.address, 6 * USHER_SECOND)->kind, GW_ROUTE_NONE);
	assert_int_equal(bed->routes.asked, 1);
	add_route(bed, "198.51.100.2", WAN);
	bed->net.generation++;
	assert_int_equal(gw_route_find(&bed->routes, USHER_IPV4, to.address, USHER_SECOND)->kind, GW_ROUTE_NONE);
	assert_int_equal(bed->routes.asked, 2);
	free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routing),
		cmocka_unit_test(test_masquerading),
		cmocka_unit_test(test_pools),
		cmocka_unit_test(test_forwards),
		cmocka_unit_test(test_flags_of_addresses),
		cmocka_unit_test(test_first_rule_that_fits),
		cmocka_unit_test(test_rules_decide),
		cmocka_unit_test(test_statics),
		cmocka_unit_test(test_public_addresses),
		cmocka_unit_test(test_limit_of_a_source),
		cmocka_unit_test(test_limit_in_the_policy),
		cmocka_unit_test(test_log_is_limited),
		cmocka_unit_test(test_routes_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
