/*
 * sim/scenario: what a session is: who is where, how the links and hosts are, what is said. Made of a seed.
 */
#ifndef USHER_SIM_SCENARIO_H
#define USHER_SIM_SCENARIO_H

#include "tests/sim/ftp.h"
#include "tests/sim/pptp.h"

#define SCENARIO_CLIENTS 3u

#define MODES(X) \
	X(DIRECT, "direct", "no usher between them") \
	X(ROUTED, "routed", "usher, no NAT") \
	X(MASQUERADE, "masquerade", "the client inside, behind one public address") \
	X(FORWARD, "forward", "the server inside, behind a port forward") \
	X(BOTH, "both", "a port forward, and the client's address is translated as well") \
	X(HAIRPIN, "hairpin", "both inside, meeting by the public address") \
	X(CHAIN, "chain", "masquerade at one gateway, a port forward at another")

enum mode {
#define MODE_ENUM(id, name, text) MODE_##id,
	MODES(MODE_ENUM)
#undef MODE_ENUM
	MODE_COUNT
};

enum scenario_protocol { PROTOCOL_FTP, PROTOCOL_PPTP, PROTOCOL_WEB, PROTOCOL_COUNT };

/* Parts that can be taken out of a scenario, to see whether it fails without them. */
enum scenario_part {
	PART_DUPLICATION = 1, PART_JITTER = 2, PART_CORRUPTION = 4, PART_LOSS = 8, PART_AIMED = 16, PART_MTU = 32, PART_ATTACKS = 64,
	PART_CUTS = 128, PART_SMALL_BUFFERS = 256, PART_CLIENTS = 512, PART_RECUT = 1024, PART_MANNERS = 2048, PART_SLEEP = 4096,
	PART_ALL = 8191
};

struct scenario {
	uint64_t seed;
	uint8_t mode;            /* enum mode */
	uint8_t protocol;        /* enum scenario_protocol */
	bool ipv6, server_inside;/* ROUTED: who is */
	bool strict;             /* from inside only control connections are let out; the rest needs an announcement */
	bool equal_ports;        /* of the clients' control connections */
	bool law;
	uint8_t clients, addresses; /* addresses: which set of them */
	uint8_t attacks;
	uint8_t burst;
	uint8_t workers;         /* of usher */
	uint16_t gather_us, tailroom;
	uint16_t port, public_port; /* of the server, where it listens and where it is known */
	uint32_t flags;          /* of usher */
	struct link_profile up[2], down[2]; /* by enum host_side: from, and to the hosts there */
	struct tcp_profile client, server;
	struct ftp_manners manners;
	struct ftp_step script[SCENARIO_CLIENTS][FTP_STEPS];
	uint32_t steps[SCENARIO_CLIENTS];
	struct pptp_plan plan[2];         /* of who opens the control connection, and the other */
	struct pptp_manners pptp_manners[2];
	/* for shrinking */
	uint32_t without;        /* enum scenario_part */
	uint32_t step_limit;
	uint32_t impair_from, impair_to;
};

/* Which modes and protocols to choose from: bits. */
struct scenario_choice {
	uint32_t modes, protocols;
	uint32_t without, step_limit, impair_from, impair_to;
	uint32_t workers;        /* 0: by chance */
};

void scenario_make(struct scenario *s, uint64_t seed, const struct scenario_choice *choice);
/* One line that tells what it is. */
void scenario_print(const struct scenario *s, char *text, uint32_t room);
const char *mode_name(unsigned mode);

#endif
