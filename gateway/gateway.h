/*
 * gateway: the live gateway behind `usher gateway`: packets of real interfaces through the engine, and out again.
 *
 * bpf/steer.c brings them to one TAP, gateway/burst.c takes them through the engine, gateway/policy.c decides on new connections,
 * gateway/run.c holds it all together. The kernel's forwarding and netfilter have no part in it. What is configured comes as
 * `struct gateway_config`, wherever it was read.
 * Sources: DESIGN 10.
 */
#ifndef USHER_GATEWAY_GATEWAY_H
#define USHER_GATEWAY_GATEWAY_H

#include <usher/usher.h>

#include "ctl/address.h"

#define GATEWAY_RUN        "/run/usher" /* the one place where the running gateway has files */
#define GATEWAY_LOCK       "usher-gateway" /* who has bound this abstract name is the gateway of the network namespace */
#define GATEWAY_FRAGMENTS  256u /* datagrams put together at a time: 17 MiB if all are long */
#define GATEWAY_PORTS      32u   /* interfaces */
#define GATEWAY_FORWARDS   1024u
#define GATEWAY_STATICS    256u
#define GATEWAY_RULES      4096u
#define GATEWAY_PROTOCOLS  8u    /* of one rule */
#define GATEWAY_KEY_FIRST  40000u /* the rest of 32768..60999 stays the machine's own (net.ipv4.ip_local_port_range) */
#define GATEWAY_KEY_LAST   65535u

struct gateway_port {
	const char *name; /* shorter than IFNAMSIZ */
	bool outside;
};

/* A service of an inside machine that is reached at the gateway's public addresses. */
struct gateway_forward {
	uint8_t protocol;         /* USHER_TCP, USHER_UDP */
	uint16_t port;            /* at the public address */
	struct usher_endpoint to; /* its key is the port there */
};

/* 1:1: an inside network (or address) and the public one of the same size that it has outside, both ways. */
struct gateway_static {
	struct ctl_net inside, outside;
};

enum gateway_action {
	GATEWAY_USUAL = 0, /* from inside: accept, from outside: drop */
	GATEWAY_ACCEPT,
	GATEWAY_DROP,
	GATEWAY_REJECT     /* and its sender is told: a reset for TCP, else an ICMP error */
};

struct gateway_range {
	uint16_t first, last;
};

/*
 * What becomes of a new connection. It fits when all fit that are said: where it comes in and goes out, addresses as they are
 * inside of the gateway (source before, destination behind its translation), protocol, destination port.
 */
struct gateway_rule {
	const char *name;       /* for people; NULL: it has none */
	uint32_t line;          /* in the file */
	uint32_t from, to;      /* interfaces: a bit for each place in `ports`; 0: any */
	const struct ctl_net *sources, *destinations; /* count 0: any */
	const struct gateway_range *ranges;
	uint32_t source_count, destination_count, range_count;
	uint8_t protocols[GATEWAY_PROTOCOLS];
	uint8_t protocol_count; /* 0: any */
	uint8_t action;         /* enum gateway_action, never USUAL */
	bool log;
	const char *helper;     /* that it gets, whatever its port; NULL: what `helpers` say */
};

struct gateway_config {
	const struct gateway_port *ports;
	uint32_t port_count;
	bool masquerade[2];          /* IPv4, IPv6: connections to the outside get the outside interface's address */
	struct usher_nat snat[2];    /* IPv4, IPv6: they get one of these instead; family 0: not */
	const struct gateway_forward *forwards;
	uint32_t forward_count;
	const struct usher_port_helper *helpers; /* connections to these ports are read */
	uint32_t helper_count;
	uint16_t key_first, key_last; /* NAT's keys: reserved from the machine's own sockets */
	const struct gateway_static *statics;
	uint32_t static_count;
	const struct gateway_rule *rules; /* the first that fits is it */
	uint32_t rule_count;
	uint8_t usual[2];            /* enum gateway_action: for what no rule fits, from inside, from outside */
	const uint32_t *timeouts;    /* as in struct usher_options; NULL: all default */
	uint32_t connections;        /* limit for each family; 0: the library's default */
	uint32_t expectations;       /* limit; 0: the library's default */
	uint32_t expect_per_source;  /* of them, those of one client's address; 0: the library's default */
	uint32_t new_per_source;     /* new connections that one source may begin in a second; 0: no limit */
	const char *socket;          /* where `usher list` and its like ask it; NULL: CTL_SOCKET */
	bool no_sandbox;             /* it keeps all that root may do */
	bool open;                   /* once it ended the kernel forwards as it likes; else nothing is forwarded */
};

/*
 * Run in the foreground until SIGTERM or SIGINT. false: it could not begin or go on; one line on stderr has told why. Needs
 * CAP_NET_ADMIN, CAP_BPF (or CAP_SYS_ADMIN) and /dev/net/tun, and of these it keeps only what it needs. Nothing that the process
 * does later can do more than gateway/privileges.h says. `config` and what it points to must stay.
 */
bool gateway_run(const struct gateway_config *config);

/*
 * The same with a configuration file, usher.yaml(5), which SIGHUP reads again. What is wrong with it was told line by line.
 * `given` has what is no matter of the file: socket, no_sandbox.
 */
bool gateway_run_file(const char *file, const struct gateway_config *given);

#endif
