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

#define GATEWAY_PORTS      32u   /* interfaces */
#define GATEWAY_FORWARDS   1024u
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
	uint32_t connections;        /* limit for each family; 0: the library's default */
	bool open;                   /* once it ended the kernel forwards as it likes; else nothing is forwarded */
};

/*
 * Run in the foreground until SIGTERM or SIGINT. false: it could not begin or go on; one line on stderr has told why. Needs
 * CAP_NET_ADMIN, CAP_BPF (or CAP_SYS_ADMIN) and /dev/net/tun. `config` and what it points to must stay.
 */
bool gateway_run(const struct gateway_config *config);

#endif
