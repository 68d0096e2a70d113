/*
 * gateway/config: what a configuration file means, and what is said of a wrong one: text and, word for word, the lines that it gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/config.h"
#include "gateway/yaml.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SIDES "interfaces: {lan: inside, wan: outside}\n"

static struct gateway_config *parse(const char *text, size_t len, char **said)
{
	size_t size;
	FILE *errors = open_memstream(said, &size);
	struct gateway_config *config;

	assert_non_null(errors);
	config = gateway_config_parse("f", text, len, errors);
	assert_int_equal(fclose(errors), 0);
	return config;
}

struct row {
	const char *text, *said; /* "": it is good */
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *said;
		struct gateway_config *config = parse(rows[i].text, strlen(rows[i].text), &said);

		if (strcmp(said, rows[i].said) != 0 || (config != NULL) != (*rows[i].said == '\0'))
			fail_msg("%s\nsaid: %s\nwanted: %s", rows[i].text, said, rows[i].said);
		gateway_config_free(config);
		free(said);
	}
}

static void test_yaml(void **state)
{
	static const struct row rows[] = {
		{ "", "f:1: there is nothing in this file; interfaces is missing\n" },
		{ "# nothing\n", "f:1: there is nothing in this file; interfaces is missing\n" },
		{ "a", "f:1: expected a map of keys and values, got a\n" },
		{ "- a", "f:1: expected a map of keys and values, got a list\n" },
		{ SIDES, "" },
		{ "---\n" SIDES "...\n", "" },
		{ SIDES "---\nopen: true\n", "f:2: a second document begins; there is one in a file\n" },
		{ SIDES "a: [\n", "f:3: this is no YAML: while parsing a flow node, did not find expected node content\n" },
		{ SIDES "\topen: true\n", "f:2: this is no YAML: while scanning for the next token, found character that cannot start any token\n" },
		{ SIDES "zones: *a\n", "f:2: this is no YAML: found undefined alias\n" },
		{ "a: &x {b: 1}\nc: *x\nd: *x\n", "f:1: this value has an anchor; aliases mean nothing here\n" },
		{ "a: &x [*x]\n", "f:1: this value has an anchor; aliases mean nothing here\n" },
		{ SIDES "open: !!bool true\n", "f:2: tags mean nothing here\n" },
		{ SIDES "open: \"tr\\0ue\"\n", "f:2: a character of value 0 means nothing here\n" },
		{ SIDES "open: \"\\e[31m\"\n", "f:2: open: expected false or true, got \\x1b[31m\n" },
		{ SIDES "\"\\e[31m\": 1\n",
		  "f:2: \\x1b[31m: there is no such key; expected interfaces, zones, policy, rules, nat, helpers, timeouts, limits, open\n" },
		{ SIDES "[1]: 1\n", "f:2: expected a word as the key, got a list\n" },
		{ SIDES "open: true\nopen: true\n", "f:3: open is here twice, first in line 2\n" },
		{ SIDES "oepn: true\nrule: []\n", "f:2: oepn: there is no such key; did you mean open?\n"
						  "f:3: rule: there is no such key; did you mean rules?\n" },
		{ SIDES "open: yes\n", "f:2: open: expected false or true, got yes\n" },
		{ SIDES "open:\n", "f:2: open: expected false or true, got nothing\n" },
		{ SIDES "nat:\nrules:\nlimits: {}\nzones: {}\n", "" },
		{ SIDES "nat: 1\n", "f:2: nat: expected a map of keys and values, got 1\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void test_interfaces(void **state)
{
	static const struct row rows[] = {
		{ "open: true", "f:1: interfaces is missing\n" },
		{ "interfaces:", "f:1: interfaces: expected at least one interface that is inside and one that is outside\n" },
		{ "interfaces: {a: inside}",
		  "f:1: interfaces: expected at least one interface that is inside and one that is outside\n" },
		{ "interfaces: {a: inside, b: middle}", "f:1: interfaces.b: expected inside or outside, got middle\n" },
		{ "interfaces: {a: inside, b: outside, a: outside}", "f:1: interfaces: a is here twice, first in line 1\n" },
		{ "interfaces: {abcdefghijklmnop: inside, b: outside}",
		  "f:1: interfaces.abcdefghijklmnop: no interface can have this name: at most 15 characters, no /, no space\n" },
		{ "interfaces: {inside: inside, b: outside}",
		  "f:1: interfaces.inside: this name means a side; expected the name of an interface\n" },
		{ SIDES "zones: {a: lan, b: [lan, wan], c: inside, d: a}\n", "" },
		{ SIDES "zones: {a: lan1, lan: wan, inside: lan, b: []}\n",
		  "f:2: zones.a: expected inside, outside, a zone or an interface that is listed, got lan1\n"
		  "f:2: zones.lan: this name is taken\n"
		  "f:2: zones.inside: this name is taken\n"
		  "f:2: zones.b: expected interfaces, got nothing\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void test_rules(void **state)
{
	static const struct row rows[] = {
		{ SIDES "rules: [{action: accept}]\n", "" },
		{ SIDES "rules:\n  - {from: lan}\n", "f:3: rules[1]: action is missing\n" },
		/* A rule of which nothing is left but its dash (the rest is a comment) is none. */
		{ SIDES "rules:\n  - # {action: drop}\n  - {action: drop}\n",
		  "f:3: rules[1]: expected a map of keys and values, got nothing\n" },
		{ SIDES "nat:\n  forwards:\n    -\n  static: ['']\n",
		  "f:4: nat.forwards[1]: expected a map of keys and values, got nothing\n"
		  "f:5: nat.static[1]: expected a map of keys and values, got nothing\n" },
		{ SIDES "rules:\n  - accept\n", "f:3: rules[1]: expected a map of keys and values, got accept\n" },
		{ SIDES "rules:\n  - {action: allow}\n", "f:3: rules[1].action: expected accept, drop or reject, got allow\n" },
		{ SIDES "rules:\n  - {action: drop, from: dmz, to: [wan, dmz]}\n",
		  "f:3: rules[1].from: expected inside, outside, a zone or an interface that is listed, got dmz\n"
		  "f:3: rules[1].to[2]: expected inside, outside, a zone or an interface that is listed, got dmz\n" },
		{ SIDES "rules:\n  - {action: drop}\n  - {action: drop, source: [10.0.0.1/8, 10.0.0.300], destination: []}\n",
		  "f:4: rules[2].source[1]: bits behind the prefix are not 0 in 10.0.0.1/8\n"
		  "f:4: rules[2].source[2]: expected ADDRESS or ADDRESS/PREFIX, got 10.0.0.300\n"
		  "f:4: rules[2].destination: expected addresses or networks, got nothing\n" },
		{ SIDES "rules: [{action: drop, protocol: [tcp, udp, sctp, 47, gre], source: [2001:db8::/32, 10.0.0.1]}]\n", "" },
		{ SIDES "rules: [{action: drop, protocol: tpc}]\n",
		  "f:2: rules[1].protocol: expected a protocol's name (tcp, udp, icmp, icmpv6, gre, ...) or number, got tpc\n" },
		{ SIDES "rules: [{action: drop, protocol: 256}]\n",
		  "f:2: rules[1].protocol: expected a protocol's name (tcp, udp, icmp, icmpv6, gre, ...) or number, got 256\n" },
		{ SIDES "rules: [{action: drop, protocol: unknown}]\n",
		  "f:2: rules[1].protocol: expected a protocol's name (tcp, udp, icmp, icmpv6, gre, ...) or number, got unknown\n" },
		{ SIDES "rules: [{action: drop, ports: 80}]\n", "f:2: rules[1].ports: ports want a protocol: tcp, udp or sctp\n" },
		{ SIDES "rules: [{action: drop, protocol: [tcp, icmp], ports: 80}]\n",
		  "f:2: rules[1].ports: there are ports only in tcp, udp and sctp, not in every protocol of this rule\n" },
		{ SIDES "rules: [{action: drop, protocol: tcp, ports: [80, 90-80, 65536, http]}]\n",
		  "f:2: rules[1].ports[2]: expected PORT or PORT-PORT, from 0 to 65535, got 90-80\n"
		  "f:2: rules[1].ports[3]: expected PORT or PORT-PORT, from 0 to 65535, got 65536\n"
		  "f:2: rules[1].ports[4]: expected PORT or PORT-PORT, from 0 to 65535, got http\n" },
		{ SIDES "rules: [{action: accept, helper: ftp}]\n",
		  "f:2: rules[1].helper: ftp reads tcp only: this rule wants protocol: tcp\n" },
		{ SIDES "rules: [{action: drop, protocol: tcp, helper: ftp}]\n", "f:2: rules[1].helper: what is not accepted has no helper\n" },
		{ SIDES "rules: [{action: accept, protocol: tcp, helper: ftps}]\n",
		  "f:2: rules[1].helper: expected a helper (ftp, pptp), got ftps\n" },
		{ SIDES "rules: [{action: drop, name: a b}]\n",
		  "f:2: rules[1].name: expected at most 40 printable ASCII characters without spaces, got a b\n" },
		{ SIDES "policy: {inside: reject, outside: refuse}\n", "f:2: policy.outside: expected accept, drop or reject, got refuse\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void test_nat(void **state)
{
	static const struct row rows[] = {
		{ SIDES "nat: {masquerade: [ipv4, ipv6]}\n", "" },
		{ SIDES "nat: {masquerade: true}\n", "f:2: nat.masquerade: expected ipv4 or ipv6, got true\n" },
		{ SIDES "nat: {pools: [198.51.100.1-198.51.100.9, \"2001:db8::1\"]}\n", "" },
		{ SIDES "nat: {masquerade: ipv4, pools: 198.51.100.1}\n",
		  "f:2: nat.pools: expected one pool for IPv4, and no masquerade of it\n" },
		{ SIDES "nat: {pools: [198.51.100.1, 198.51.100.2]}\n",
		  "f:2: nat.pools[2]: expected one pool for IPv4, and no masquerade of it\n" },
		{ SIDES "nat: {pools: 127.0.0.1}\n",
		  "f:2: nat.pools: expected ADDRESS or ADDRESS-ADDRESS, of one family, the first one first, got 127.0.0.1\n" },
		{ SIDES "nat:\n  forwards:\n    - {protocol: icmp, port: 0, to: 10.0.0.1:x}\n",
		  "f:4: nat.forwards[1].protocol: expected tcp or udp, got icmp\n"
		  "f:4: nat.forwards[1].port: expected a number from 1 to 65535, got 0\n"
		  "f:4: nat.forwards[1].to: expected ADDRESS or ADDRESS:PORT (IPv6: [ADDRESS]:PORT), got 10.0.0.1:x\n" },
		{ SIDES "nat:\n  forwards:\n    - {protocol: tcp, port: 21}\n", "f:4: nat.forwards[1]: to is missing\n" },
		{ SIDES "nat:\n  forwards:\n    - {protocol: tcp, port: 1, to: 10.0.0.1}\n    - {protocol: tcp, port: 1, to: 10.0.0.2}\n",
		  "f:5: nat.forwards[2]: tcp port 1 is forwarded already\n" },
		{ SIDES "nat:\n  static: [{inside: 10.0.0.0/30, public: 198.51.100.4/30}, {inside: \"2001:db8::1\", public: \"2001:db8::2\"}]\n", "" },
		{ SIDES "nat:\n  static: [{inside: 10.0.0.1, public: 198.51.100.0/30}]\n",
		  "f:3: nat.static[1]: expected two addresses or networks of one family and one size\n" },
		{ SIDES "nat:\n  static: [{inside: 10.0.0.1, public: 198.51.100.1}, {inside: 10.0.0.0/30, public: 198.51.100.4/30}]\n",
		  "f:3: nat.static[2]: an address of these has a static translation already\n" },
		{ SIDES "nat:\n  pools: 198.51.100.1-198.51.100.9\n  static: [{inside: 10.0.0.1, public: 198.51.100.5}]\n",
		  "f:4: nat.static[1]: an address of public is in a pool\n" },
		{ SIDES "nat: {keys: 1023-5000}\n", "f:2: nat.keys: expected FIRST-LAST, from 1024 to 65535, got 1023-5000\n" },
		{ SIDES "nat: {masqerade: ipv4}\n", "f:2: nat.masqerade: there is no such key; did you mean masquerade?\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void test_numbers(void **state)
{
	static const struct row rows[] = {
		{ SIDES "helpers: {ftp: [21, 2121], pptp: 1723}\n", "" },
		{ SIDES "helpers: {sip: 5060}\n", "f:2: helpers.sip: expected a helper (ftp, pptp), got sip\n" },
		{ SIDES "helpers: {ftp: , pptp: 0}\n",
		  "f:2: helpers.ftp: expected ports, got nothing\nf:2: helpers.pptp: expected a number from 1 to 65535, got 0\n" },
		{ SIDES "timeouts: {tcp_timeout_established: 60, udp_timeout: 5}\n", "" },
		{ SIDES "timeouts: {tcp_timeout: 60, udp_timeout: 0}\n",
		  "f:2: timeouts.tcp_timeout: no time-out has this name; usher(1) lists them\n"
		  "f:2: timeouts.udp_timeout: expected a number from 1 to 4294967295, got 0\n" },
		{ SIDES "limits: {connections: 1, expectations: 1, expectations-per-source: 1, new-per-source: 1000000}\n", "" },
		{ SIDES "limits: {connections: 1e6}\n", "f:2: limits.connections: expected a number from 1 to 268435456, got 1e6\n" },
		{ SIDES "limits: {new-per-source: 1000001}\n",
		  "f:2: limits.new-per-source: expected a number from 1 to 1000000, got 1000001\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

/* All that can be said, and what it means. */
static void test_meaning(void **state)
{
	static const char text[] =
		"interfaces: {lan0: inside, wan0: outside, lan1: inside}\n"
		"zones: {both: [lan1, wan0]}\n"
		"policy: {inside: drop, outside: reject}\n"
		"rules:\n"
		"  - {name: one, from: both, to: outside, source: 10.0.0.0/8, protocol: [tcp, udp], ports: [80, 90-99], action: reject, log: true}\n"
		"  - {to: inside, protocol: tcp, action: accept, helper: pptp}\n"
		"nat:\n"
		"  masquerade: ipv6\n"
		"  pools: 198.51.100.1-198.51.100.9\n"
		"  forwards: [{protocol: udp, port: 53, to: \"[2001:db8::5]:5353\"}]\n"
		"  static: [{inside: 10.0.0.0/30, public: 203.0.113.4/30}]\n"
		"  keys: 50000-60000\n"
		"helpers: {ftp: [21, 2121]}\n"
		"timeouts: {gre_timeout: 7}\n"
		"limits: {connections: 1000, expectations: 100, expectations-per-source: 50, new-per-source: 10}\n"
		"open: true\n";
	char *said;
	struct gateway_config *config = parse(text, strlen(text), &said);
	const struct gateway_rule *rule;

	(void)state;
	assert_string_equal(said, "");
	free(said);
	assert_non_null(config);
	assert_int_equal(config->port_count, 3);
	assert_string_equal(config->ports[2].name, "lan1");
	assert_true(config->ports[1].outside && !config->ports[2].outside && config->open);
	assert_int_equal(config->usual[0], GATEWAY_DROP);
	assert_int_equal(config->usual[1], GATEWAY_REJECT);
	assert_int_equal(config->rule_count, 2);
	rule = &config->rules[0];
	assert_string_equal(rule->name, "one");
	assert_int_equal(rule->line, 5);
	assert_int_equal(rule->from, 6);
	assert_int_equal(rule->to, 2);
	assert_int_equal(rule->source_count, 1);
	assert_int_equal(rule->sources[0].prefix, 8);
	assert_int_equal(rule->protocol_count, 2);
	assert_int_equal(rule->protocols[1], USHER_UDP);
	assert_int_equal(rule->range_count, 2);
	assert_int_equal(rule->ranges[1].last, 99);
	assert_int_equal(rule->action, GATEWAY_REJECT);
	assert_true(rule->log && rule->helper == NULL);
	assert_int_equal(rule[1].to, 5);
	assert_int_equal(rule[1].from, 0);
	assert_string_equal(rule[1].helper, "pptp");
	assert_true(!config->masquerade[0] && config->masquerade[1]);
	assert_int_equal(config->snat[0].last[3], 9);
	assert_int_equal(config->forwards[0].port, 53);
	assert_int_equal(config->forwards[0].to.key, 5353);
	assert_int_equal(config->statics[0].outside.prefix, 30);
	assert_int_equal(config->key_last, 60000);
	assert_int_equal(config->helper_count, 2);
	assert_int_equal(config->helpers[1].port, 2121);
	for (unsigned i = 0; i < usher_timeout_count(); i++)
		assert_int_equal(config->timeouts[i], strcmp(usher_timeout_name(i), "gre_timeout") == 0 ? 7 : 0);
	assert_int_equal(config->connections, 1000);
	assert_int_equal(config->expectations, 100);
	assert_int_equal(config->expect_per_source, 50);
	assert_int_equal(config->new_per_source, 10);
	gateway_config_free(config);
}

/* Files that are made to take long, or to overflow something. */
static void test_bounds(void **state)
{
	static char text[GW_YAML_SIZE_MAX + 2];
	struct gateway_config *config;
	char *said;
	int used;

	(void)state;
	memset(text, '[', sizeof(text));
	config = parse(text, GW_YAML_SIZE_MAX, &said);
	assert_null(config);
	assert_string_equal(said, "f:1: more than 64 brackets [ and { are open at a time\n");
	free(said);
	assert_null(parse(text, GW_YAML_SIZE_MAX + 1, &said));
	assert_string_equal(said, "f:1: the file is longer than 1 MiB\n");
	free(said);
	for (size_t i = 0; i + 2 <= GW_YAML_SIZE_MAX; i += 2)
		memcpy(text + i, "- ", 2);
	assert_null(parse(text, GW_YAML_SIZE_MAX, &said));
	assert_string_equal(said, "f:1: expected a map of keys and values, got a list\n");
	free(said);
	used = snprintf(text, sizeof(text), SIDES "rules:\n");
	for (unsigned i = 0; i < GATEWAY_RULES + 1; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "- {action: drop}\n");
	assert_null(parse(text, (size_t)used, &said));
	assert_string_equal(said, "f:3: rules: expected 4096 at most, got 4097\n");
	free(said);
	used = snprintf(text, sizeof(text), SIDES "rules:\n");
	for (unsigned i = 0; i < GW_YAML_ERRORS + 7; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "- {action: no}\n");
	assert_null(parse(text, (size_t)used, &said));
	assert_non_null(strstr(said, "f:52: rules[50].action: expected accept, drop or reject, got no\nf: and 7 more\n"));
	free(said);
	used = 0;
	for (unsigned i = 0; i < 2000; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "k%u: 1\n", i);
	assert_null(parse(text, (size_t)used, &said));
	assert_string_equal(said, "f:1: more than 1024 keys\n");
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_yaml), cmocka_unit_test(test_interfaces), cmocka_unit_test(test_rules), cmocka_unit_test(test_nat),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_meaning), cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
