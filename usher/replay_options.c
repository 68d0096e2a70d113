/*
 * The command line of usher replay.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl/address.h"
#include "ctl/text.h"
#include "usher/command.h"
#include "usher/option_helper.h"
#include "usher/replay.h"

#define CONNECTIONS_DEFAULT 4194304u /* records are memory only once they are used */
#define CONNECTIONS_MAX     (1u << 28)

enum { /* options without a letter */
	OPT_HELPER = 256, OPT_NO_DEFAULT_HELPERS, OPT_LOOSE, OPT_STRICT, OPT_LIVE, OPT_VERIFY_CHECKSUMS, OPT_TIMEOUT,
	OPT_RESERVED_BELOW, OPT_EXPECT_MAX, OPT_CONNECTIONS, OPT_ZONE_BY_VLAN, OPT_BURST, OPT_REPORT,
	OPT_NAT, OPT_INSIDE
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "explain", no_argument, NULL, 'x' },
	{ "all", no_argument, NULL, 'a' },
	{ "stats", no_argument, NULL, 's' },
	{ "output", required_argument, NULL, 'o' },
	{ "report", required_argument, NULL, OPT_REPORT },
	{ "filter", required_argument, NULL, 'f' },
	{ "helper", required_argument, NULL, OPT_HELPER },
	{ "no-default-helpers", no_argument, NULL, OPT_NO_DEFAULT_HELPERS },
	{ "loose", no_argument, NULL, OPT_LOOSE },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "live", no_argument, NULL, OPT_LIVE },
	{ "verify-checksums", no_argument, NULL, OPT_VERIFY_CHECKSUMS },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "reserved-below", required_argument, NULL, OPT_RESERVED_BELOW },
	{ "expect-max", required_argument, NULL, OPT_EXPECT_MAX },
	{ "connections", required_argument, NULL, OPT_CONNECTIONS },
	{ "zone-by-vlan", no_argument, NULL, OPT_ZONE_BY_VLAN },
	{ "burst", required_argument, NULL, OPT_BURST },
	{ "nat", required_argument, NULL, OPT_NAT },
	{ "inside", required_argument, NULL, OPT_INSIDE },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* What was given, fit to be shown. The result lives until the next call. */
static const char *shown(const char *argument)
{
	static char safe[128];

	return ctl_escape(safe, sizeof(safe), argument, strlen(argument));
}

static int parse_ranged(const char *option, const char *argument, uint64_t least, uint64_t most, uint64_t *value)
{
	if (ctl_read_number(argument, least, most, value))
		return STATUS_OK;
	return misuse("replay", "%s %s: expected a number from %llu to %llu", option, shown(argument),
		      (unsigned long long)least, (unsigned long long)most);
}

/* NAME=SECONDS */
static int parse_timeout(struct replay_options *options, const char *argument)
{
	size_t len = strcspn(argument, "=");
	uint64_t seconds;

	if (argument[len] != '=' || !ctl_read_number(argument + len + 1, 1, UINT32_MAX, &seconds))
		return misuse("replay", "--timeout %s: expected NAME=SECONDS, of at least one second", shown(argument));
	for (unsigned i = 0; i < usher_timeout_count(); i++) {
		const char *name = usher_timeout_name(i);

		if (strlen(name) == len && memcmp(name, argument, len) == 0) {
			options->timeouts[i] = (uint32_t)seconds;
			return STATUS_OK;
		}
	}
	return misuse("replay", "--timeout %s: no time-out has this name; the manual, usher(1), lists them",
		      shown(argument));
}

static int parse_nat(struct replay_options *options, bool inside, const char *argument)
{
	char wrong[256];
	bool good;

	if (options->nat == NULL)
		options->nat = grab(1, sizeof(*options->nat));
	good = inside ? ctl_rules_inside(options->nat, argument, wrong, sizeof(wrong)) :
			ctl_rules_add(options->nat, argument, wrong, sizeof(wrong));
	return good ? STATUS_OK : misuse("replay", "%s %s", inside ? "--inside" : "--nat", wrong);
}

/* --nat and --inside need each other. */
static int check_nat(struct ctl_rules *nat)
{
	char wrong[256];

	if (nat == NULL)
		return STATUS_OK;
	if (nat->inside_count == 0)
		return misuse("replay", "--nat wants --inside NET, the network that the capture was taken in");
	if (!nat->source[0].family && !nat->source[1].family && nat->forward_count == 0)
		return misuse("replay", "--inside wants --nat RULES");
	if (!ctl_rules_finish(nat, wrong, sizeof(wrong)))
		return misuse("replay", "--nat: %s", wrong);
	return STATUS_OK;
}

/* Options with a number. */
static int parse_numbered(struct replay_options *options, int option, const char *argument)
{
	uint64_t value = 0;
	int status;

	switch (option) {
	case OPT_RESERVED_BELOW:
		status = parse_ranged("--reserved-below", argument, 1, 65535, &value);
		options->reserved_below = (uint16_t)value;
		return status;
	case OPT_EXPECT_MAX:
		status = parse_ranged("--expect-max", argument, 1, 65535, &value);
		options->expect_max = (uint16_t)value;
		return status;
	case OPT_CONNECTIONS:
		status = parse_ranged("--connections", argument, 1, CONNECTIONS_MAX, &value);
		options->connections = (uint32_t)value;
		return status;
	default:
		status = parse_ranged("--burst", argument, 1, USHER_BURST_MAX, &value);
		options->burst = (uint32_t)value;
		return status;
	}
}

static int parse_one(struct replay_options *options, int option, const char *argument)
{
	switch (option) {
	case 'j': options->json = true; break;
	case 'x': options->explain = true; break;
	case 'a': options->all = true; break;
	case 's': options->stats = true; break;
	case 'o': options->output = argument; break;
	case 'f': options->filter = argument; break;
	case OPT_REPORT: options->report = argument; break;
	case OPT_NO_DEFAULT_HELPERS: options->no_default_helpers = true; break;
	case OPT_ZONE_BY_VLAN: options->zone_by_vlan = true; break;
	case OPT_LOOSE: options->flags |= USHER_LOOSE; break;
	case OPT_STRICT: options->flags &= ~(uint32_t)USHER_TCP_LIBERAL; break;
	case OPT_LIVE: options->flags |= USHER_LIVE; break;
	case OPT_VERIFY_CHECKSUMS: options->flags |= USHER_VERIFY_CHECKSUMS; break;
	case OPT_HELPER: return option_helper("replay", argument, &options->ports, &options->port_count);
	case OPT_NAT: case OPT_INSIDE: return parse_nat(options, option == OPT_INSIDE, argument);
	case OPT_TIMEOUT: return parse_timeout(options, argument);
	default: return parse_numbered(options, option, argument);
	}
	return STATUS_OK;
}

int replay_options_parse(struct replay_options *options, int argc, char **argv)
{
	int option, status;

	*options = (struct replay_options){
		.flags = USHER_TCP_LIBERAL, /* captures lose packets that the connections never missed */
		.burst = USHER_BURST_MAX,
		.connections = CONNECTIONS_DEFAULT,
		.timeouts = grab(usher_timeout_count(), sizeof(uint32_t)),
	};
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":jxaso:f:h", long_options, NULL)) != -1) {
		if (option == 'h')
			return print_help(help_replay);
		if (option == '?' || option == ':')
			return misuse_option("replay", option, argv);
		status = parse_one(options, option, optarg);
		if (status != STATUS_OK)
			return status;
	}
	options->files = argv + optind;
	options->file_count = (uint32_t)(argc - optind);
	if (options->file_count == 0)
		return misuse("replay", "no capture is named; - is the standard input");
	if (options->report != NULL && strcmp(options->report, "-") == 0)
		return misuse("replay", "--report wants a file of its own, not -");
	if (options->report != NULL && options->output != NULL && strcmp(options->report, options->output) == 0)
		return misuse("replay", "--report and --output name the same file");
	status = check_nat(options->nat);
	if (status != STATUS_OK)
		return status;
	if (options->json && options->explain)
		return misuse("replay", "--json and --explain exclude each other: events say what happened already");
	return -1;
}
