/*
 * usher gateway: its help and its command line. gateway/gateway.h tells how it works.
 */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/address.h"
#include "ctl/text.h"
#include "gateway/gateway.h"
#include "usher/command.h"
#include "usher/gateway_options.h"
#include "usher/option_helper.h"

const char help_gateway[] =
	"usage: usher gateway --inside IF --outside IF [OPTION]...\n"
	"       usher gateway -c FILE\n"
	"\n"
	"Is the gateway between the networks behind these interfaces, until it gets SIGTERM or SIGINT. Connections from inside\n"
	"are let out; from outside comes in only what belongs to them, what a helper read in one of them, and what is\n"
	"forwarded. The kernel's own forwarding and netfilter take no part: net.ipv4.ip_forward may be 0, and every chain\n"
	"closed. What is addressed to the machine itself stays the kernel's (ARP, DHCP, ssh). Needs root.\n"
	"\n"
	"With a file:\n"
	"  -c, --config FILE          all that is configured is in this file, see usher.yaml(5); no other option but --socket and\n"
	"                             --no-sandbox; usher check FILE tells whether it is good; SIGHUP reads it again\n"
	"\n"
	"Interfaces:\n"
	"      --inside IF[,IF]...    may be repeated; one that is not there yet is waited for\n"
	"      --outside IF[,IF]...\n"
	"\n"
	"Translation:\n"
	"      --masquerade           IPv4 connections to the outside get the address of the interface by which they leave\n"
	"      --masquerade6          IPv6 connections too\n"
	"      --snat ADDRESS[-ADDRESS]\n"
	"                             they get one of these addresses instead; once for IPv4 and once for IPv6\n"
	"      --forward tcp|udp:PORT=ADDRESS[:PORT]\n"
	"                             connections to PORT of an outside address go to this inside machine; an IPv6 ADDRESS\n"
	"                             with a port is written [ADDRESS]:PORT; may be repeated\n"
	"      --keys FIRST-LAST      public ports and ids come from this range (40000-65535); it is reserved from the machine's\n"
	"                             own sockets: net.ipv4.ip_local_reserved_ports\n"
	"\n"
	"Helpers:\n"
	"      --helper NAME=PORT[,PORT]...[/4|/6]\n"
	"                             let the helper NAME read connections to these ports too, besides ftp and pptp at\n"
	"                             their usual ones; may be repeated; usher helpers lists the names\n"
	"      --no-default-helpers   only what --helper says\n"
	"\n"
	"Limits and end:\n"
	"      --connections N        connections at a time, for IPv4 and IPv6 each (262144); only those in use cost memory\n"
	"      --open                 when it ends, or is killed, the kernel forwards as it is set up to; else nothing is\n"
	"                             forwarded between these interfaces until a gateway runs again\n"
	"      --socket PATH          where usher list, watch and the others ask it (/run/usher/gateway.sock)\n"
	"      --no-sandbox           keep all of root's rights while it runs, to look for errors; else those it does not need go\n"
	"  -h, --help                 this text\n"
	"\n"
	"SIGUSR1 prints all counters that are not 0 on stderr. SIGHUP reads the file again: if it is wrong, the gateway says so\n"
	"and goes on as before; if it is good, it holds for new connections, and those that there are stay.\n"
	"\n"
	"Exit status: 0 after SIGTERM or SIGINT; 1 when it could not begin or go on; 2 when the command line makes no sense.\n"
	"\n"
	"Examples:\n"
	"  usher gateway -c /etc/usher.yaml\n"
	"  usher gateway --inside lan0 --outside wan0 --masquerade\n"
	"  usher gateway --inside lan0,lan1 --outside ppp0 --masquerade --forward tcp:21=192.168.1.5 --helper ftp=2121\n";

enum {
	OPT_INSIDE = 256, OPT_OUTSIDE, OPT_MASQUERADE, OPT_MASQUERADE6, OPT_SNAT, OPT_FORWARD, OPT_KEYS, OPT_HELPER,
	OPT_NO_DEFAULT_HELPERS, OPT_CONNECTIONS, OPT_OPEN, OPT_SOCKET, OPT_NO_SANDBOX
};

static const struct option long_options[] = {
	{ "inside", required_argument, NULL, OPT_INSIDE },
	{ "outside", required_argument, NULL, OPT_OUTSIDE },
	{ "masquerade", no_argument, NULL, OPT_MASQUERADE },
	{ "masquerade6", no_argument, NULL, OPT_MASQUERADE6 },
	{ "snat", required_argument, NULL, OPT_SNAT },
	{ "forward", required_argument, NULL, OPT_FORWARD },
	{ "keys", required_argument, NULL, OPT_KEYS },
	{ "helper", required_argument, NULL, OPT_HELPER },
	{ "no-default-helpers", no_argument, NULL, OPT_NO_DEFAULT_HELPERS },
	{ "connections", required_argument, NULL, OPT_CONNECTIONS },
	{ "open", no_argument, NULL, OPT_OPEN },
	{ "config", required_argument, NULL, 'c' },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "no-sandbox", no_argument, NULL, OPT_NO_SANDBOX },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

#define CONNECTIONS_MAX (1u << 28)

/* What the configuration points to, while it is being read. */
struct reading {
	struct gateway_config config;
	struct gateway_port *ports;
	struct gateway_forward *forwards;
	struct usher_port_helper *helpers;
	char **lists; /* the names' memory */
	uint32_t list_count;
	bool no_default_helpers;
	const char *file; /* -c */
	uint32_t others;  /* options that it excludes */
};

/* What was given, fit to be shown. The result lives until the next call. */
static const char *shown(const char *argument)
{
	static char safe[128];

	return ctl_escape(safe, sizeof(safe), argument, strlen(argument));
}

/* IF[,IF]... */
static int parse_ports(struct reading *reading, const char *argument, bool outside)
{
	struct gateway_config *config = &reading->config;
	char *rest = strdup(argument), *name;

	if (rest == NULL)
		return complain("out of memory");
	reading->lists = grow(reading->lists, reading->list_count + 1, sizeof(*reading->lists));
	reading->lists[reading->list_count++] = rest;
	while ((name = strsep(&rest, ",")) != NULL) {
		if (*name == '\0' || strlen(name) >= IF_NAMESIZE)
			return misuse("gateway", "%s %s: expected names of interfaces, commas between",
				      outside ? "--outside" : "--inside", shown(argument));
		for (uint32_t i = 0; i < config->port_count; i++) {
			if (strcmp(reading->ports[i].name, name) == 0)
				return misuse("gateway", "interface %s is named twice", shown(name));
		}
		if (config->port_count == GATEWAY_PORTS)
			return misuse("gateway", "more than %u interfaces", GATEWAY_PORTS);
		reading->ports = grow(reading->ports, config->port_count + 1, sizeof(*reading->ports));
		reading->ports[config->port_count++] = (struct gateway_port){ name, outside };
	}
	return STATUS_OK;
}

/* ADDRESS[-ADDRESS] */
static int parse_snat(struct reading *reading, const char *argument)
{
	struct usher_endpoint first, last;
	struct usher_nat *nat;

	if (!ctl_read_range(argument, &first, &last) || !ctl_is_host(&first) || !ctl_is_host(&last))
		return misuse("gateway", "--snat %s: expected ADDRESS or ADDRESS-ADDRESS, of one family, the first one first",
			      shown(argument));
	nat = &reading->config.snat[first.family == USHER_IPV6];
	if (nat->family != 0)
		return misuse("gateway", "--snat %s: another one was given for this family", shown(argument));
	nat->family = first.family;
	memcpy(nat->first, first.address, sizeof(nat->first));
	memcpy(nat->last, last.address, sizeof(nat->last));
	return STATUS_OK;
}

/* tcp|udp:PORT=TARGET */
static int parse_forward(struct reading *reading, const char *argument)
{
	struct gateway_config *config = &reading->config;
	struct gateway_forward forward = { .protocol = strncmp(argument, "udp:", 4) == 0 ? USHER_UDP : USHER_TCP };
	const char *target = strchr(argument, '=');
	char digits[8] = "";
	uint64_t port;

	if ((strncmp(argument, "tcp:", 4) == 0 || strncmp(argument, "udp:", 4) == 0) && target != NULL &&
	    target - argument - 4 < (long)sizeof(digits))
		memcpy(digits, argument + 4, (size_t)(target - argument - 4));
	if (!ctl_read_number(digits, 1, 65535, &port))
		return misuse("gateway", "--forward %s: expected tcp:PORT=ADDRESS[:PORT], or udp", shown(argument));
	forward.port = (uint16_t)port;
	forward.to.key = forward.port;
	if (!ctl_read_endpoint(target + 1, &forward.to) || !ctl_is_host(&forward.to))
		return misuse("gateway", "--forward %s: expected an address behind the =, with or without a port",
			      shown(argument));
	for (uint32_t i = 0; i < config->forward_count; i++) {
		const struct gateway_forward *other = &reading->forwards[i];

		if (other->protocol == forward.protocol && other->port == forward.port && other->to.family == forward.to.family)
			return misuse("gateway", "--forward %s: this port is forwarded already", shown(argument));
	}
	if (config->forward_count == GATEWAY_FORWARDS)
		return misuse("gateway", "more than %u forwarded ports", GATEWAY_FORWARDS);
	reading->forwards = grow(reading->forwards, config->forward_count + 1, sizeof(*reading->forwards));
	reading->forwards[config->forward_count++] = forward;
	return STATUS_OK;
}

/* FIRST-LAST */
static int parse_keys(struct gateway_config *config, const char *argument)
{
	if (strchr(argument, '-') == NULL || !ctl_read_ports(argument, 1024, &config->key_first, &config->key_last))
		return misuse("gateway", "--keys %s: expected FIRST-LAST, from 1024 to 65535", shown(argument));
	return STATUS_OK;
}

static int parse_connections(struct gateway_config *config, const char *argument)
{
	uint64_t number;

	if (!ctl_read_number(argument, 1, CONNECTIONS_MAX, &number))
		return misuse("gateway", "--connections %s: expected a number from 1 to %u", shown(argument), CONNECTIONS_MAX);
	config->connections = (uint32_t)number;
	return STATUS_OK;
}

static int parse_one(struct reading *reading, int option, const char *argument)
{
	struct gateway_config *config = &reading->config;

	switch (option) {
	case OPT_INSIDE: return parse_ports(reading, argument, false);
	case OPT_OUTSIDE: return parse_ports(reading, argument, true);
	case OPT_SNAT: return parse_snat(reading, argument);
	case OPT_FORWARD: return parse_forward(reading, argument);
	case OPT_KEYS: return parse_keys(config, argument);
	case OPT_HELPER: return option_helper("gateway", argument, &reading->helpers, &config->helper_count);
	case OPT_CONNECTIONS: return parse_connections(config, argument);
	case OPT_SOCKET: config->socket = argument; break;
	case OPT_MASQUERADE: config->masquerade[0] = true; break;
	case OPT_MASQUERADE6: config->masquerade[1] = true; break;
	case OPT_NO_DEFAULT_HELPERS: reading->no_default_helpers = true; break;
	case OPT_NO_SANDBOX: config->no_sandbox = true; break;
	default: config->open = true; break;
	}
	return STATUS_OK;
}

static int judge(struct reading *reading)
{
	const struct gateway_config *config = &reading->config;
	bool side[2] = { false, false };

	for (uint32_t i = 0; i < config->port_count; i++)
		side[reading->ports[i].outside] = true;
	if (!side[false] || !side[true])
		return misuse("gateway", "%s is missing", side[false] ? "--outside" : "--inside");
	for (int i = 0; i < 2; i++) {
		if (config->masquerade[i] && config->snat[i].family != 0)
			return misuse("gateway", "--masquerade%s and --snat exclude each other", i == 1 ? "6" : "");
	}
	return STATUS_OK;
}

/* -1: read; else the command's status. */
static int parse(struct reading *reading, int argc, char **argv)
{
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hc:", long_options, NULL)) != -1) {
		if (option == 'h')
			return print_help(help_gateway);
		if (option == 'c') {
			reading->file = optarg;
			continue;
		}
		reading->others += option != OPT_SOCKET && option != OPT_NO_SANDBOX;
		if (option == '?' || option == ':')
			return misuse_option("gateway", option, argv);
		status = parse_one(reading, option, optarg);
		if (status != STATUS_OK)
			return status;
	}
	if (optind < argc)
		return misuse("gateway", "%s: there are only options here", shown(argv[optind]));
	if (reading->file != NULL)
		return reading->others == 0 ? -1 : misuse("gateway", "-c excludes other options but --socket and --no-sandbox");
	status = judge(reading);
	if (status != STATUS_OK)
		return status;
	if (!reading->no_default_helpers) {
		option_usual_helper("ftp", &reading->helpers, &reading->config.helper_count);
		option_usual_helper("pptp", &reading->helpers, &reading->config.helper_count);
	}
	reading->config.ports = reading->ports;
	reading->config.forwards = reading->forwards;
	reading->config.helpers = reading->helpers;
	return -1;
}

static int run(const char *file, const struct gateway_config *config)
{
#ifdef USHER_GATEWAY
	bool good = file != NULL ? gateway_run_file(file, config) : gateway_run(config);

	return good ? STATUS_OK : STATUS_FAILED;
#else
	(void)file;
	(void)config;
	return without_gateway();
#endif
}

int gateway_options(int argc, char **argv, int (*use)(const char *file, const struct gateway_config *config))
{
	struct reading reading = { .config = { .key_first = GATEWAY_KEY_FIRST, .key_last = GATEWAY_KEY_LAST } };
	int status = parse(&reading, argc, argv);

	if (status < 0)
		status = use(reading.file, &reading.config);
	for (uint32_t i = 0; i < reading.list_count; i++)
		free(reading.lists[i]);
	free(reading.lists);
	free(reading.ports);
	free(reading.forwards);
	free(reading.helpers);
	return status;
}

int cmd_gateway(int argc, char **argv)
{
	return gateway_options(argc, argv, run);
}
