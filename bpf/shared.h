/*
 * bpf/shared: what the BPF programs and the daemon tell each other: the frames in the TAP, and the maps.
 *
 * A frame in the TAP is an Ethernet frame whose twelve address bytes are `struct tap_meta`; type and IP packet follow as always.
 * So one descriptor carries packets of all interfaces, whole (GSO, unfinished checksums), and the kernel's Ethernet code handles
 * them. The first byte is even (a unicast address: bpf_redirect_neigh drops others), and the two first bytes tell our frames
 * from those that the kernel sends into every device by itself (router solicitations, MLD).
 * Integers are the machine's own: nothing of this leaves it.
 */
#ifndef USHER_BPF_SHARED_H
#define USHER_BPF_SHARED_H

#include <linux/types.h>

#define TAP_MARK_0 0x02 /* locally administered, unicast */
#define TAP_MARK_1 0x75

enum tap_what {
	/* from BPF */
	TAP_ENGINE = 1, /* for the engine to judge */
	/* from the engine */
	TAP_OUT = 2,    /* leaves by `ifindex` */
	TAP_LOCAL = 3   /* is this machine's own, as if it came in by `ifindex` now */
};

enum tap_flags {
	TAP_OWN = 1 /* its destination is one of this machine's addresses */
};

struct tap_meta {
	__u8 mark[2];   /* TAP_MARK_0, TAP_MARK_1 */
	__u8 what;      /* enum tap_what */
	__u8 flags;     /* enum tap_flags */
	__u32 ifindex;  /* where it came in, or leaves */
	__u8 hop[4];    /* on its way out, IPv4: the next hop; 0: as the routes say */
};

/* skb->mark of a packet on its way from the TAP to the machine's own stack: it passes the interface's program a second time. */
#define STEER_LOCAL 0x75736872u

/* An interface of the gateway, by its index. */
struct steer_port {
	__u8 layer3;  /* no Ethernet header: TUN, PPP */
	__u8 zero[3];
};

/* An address of this machine; an IPv4 address is ::ffff:a.b.c.d. */
struct steer_address {
	__u8 byte[16];
};

enum steer_own_flags { /* the value of an address */
	STEER_FORWARDS = 1, /* forwarded services are reached here: the ports of map `services` are the engine's */
	STEER_PUBLIC = 2,   /* NAT lends out keys here: what no socket waits for is the engine's first */
	STEER_STATIC = 4    /* an inside machine's public address: all is the engine's */
};

/* A forwarded port. */
struct steer_service {
	__u8 protocol;
	__u8 family;  /* 4, 6 */
	__u16 port;   /* host order */
};

struct steer_config {
	__u64 alive_until;  /* CLOCK_MONOTONIC, ns: the daemon renews it; behind it nothing is forwarded */
	__u32 tap;          /* its index; 0: none */
	__u16 key_first, key_last; /* the range that NAT's keys come from */
	__u32 open;         /* without the daemon the kernel forwards as it likes */
};

/* What the programs count, for each processor: X(ID, "name", "sentence"). */
#define STEER_COUNTERS(X) \
	X(KERNEL, "steer_kernel", "packets left to the kernel: not IP, broadcast, of another VLAN, or to the machine itself") \
	X(ENGINE, "steer_engine", "packets handed to the engine") \
	X(LEAVE, "steer_out", "packets of the engine sent out") \
	X(LOCAL, "steer_local", "packets of the engine given to the machine itself") \
	X(NO_SOCKET, "steer_no_socket", "TCP packets to a public key that neither NAT nor a socket uses") \
	X(CLOSED, "steer_closed", "packets dropped because no daemon was there") \
	X(BROKEN, "steer_broken", "packets dropped because they are too short, or could not be changed") \
	X(STRANGE, "steer_strange", "frames from the TAP that make no sense")

enum steer_counter {
#define STEER_COUNTER_ENUM(id, name, text) STEER_COUNT_##id,
	STEER_COUNTERS(STEER_COUNTER_ENUM)
#undef STEER_COUNTER_ENUM
	STEER_COUNTER_COUNT
};

#endif
