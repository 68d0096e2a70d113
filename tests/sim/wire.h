/*
 * sim/wire: packets as the simulated hosts write and read them.
 *
 * Written apart from lib/packet on purpose: what usher gets wrong in a header or checksum must not be wrong here, too. Hosts read
 * strictly: every length and every checksum is looked at, those inside of ICMP quotes as well.
 * Sources: RFC 791, 8200, 9293 3.1, 7323, 2018, 768, 792, 4443, 2637 4.1.
 */
#ifndef USHER_SIM_WIRE_H
#define USHER_SIM_WIRE_H

#include <usher/types.h>

#define WIRE_MAX 2048u   /* bytes of the longest packet, before NAT */
#define WIRE_SACKS 4u

enum wire_flags { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };

struct range {
	uint32_t from, to;
};

struct wire_tcp {
	uint32_t seq, ack;
	uint16_t window, urgent;
	uint8_t flags;
	bool sack_ok, stamped;   /* SACK permitted; time stamps are there */
	uint8_t scale;           /* 0xff: not there */
	uint8_t sack_count;
	uint16_t mss;            /* 0: not there */
	uint32_t value, echo;    /* the time stamps */
	struct range sack[WIRE_SACKS];
};

/* PPTP's GRE; the receiver's call id is dst.key. */
struct wire_gre {
	bool has_seq, has_ack;
	uint32_t seq, ack;
};

/* An ICMP error. */
struct wire_icmp {
	uint8_t type, code;
	uint32_t mtu;
	uint8_t protocol;        /* of the quoted packet, and its endpoints; keys are ports, GRE: dst.key the call id */
	struct usher_endpoint src, dst;
	uint32_t seq;            /* TCP: the quoted sequence number */
	const uint8_t *quote;    /* writing: the packet to be quoted, `quote_len` bytes of it */
	uint32_t quote_len;
};

struct wire {
	struct usher_endpoint src, dst;
	uint8_t protocol;
	uint16_t id;             /* writing: of IPv4 */
	bool may_fragment;       /* writing: no DF */
	const uint8_t *data;     /* payload of TCP, UDP, GRE */
	uint32_t len;
	struct wire_tcp tcp;
	struct wire_gre gre;
	struct wire_icmp icmp;
};

/* Writes the packet to `to` (WIRE_MAX bytes), returns its length. */
uint32_t wire_write(uint8_t *to, const struct wire *w);

/* NULL: read; else what is wrong with it. */
const char *wire_read(const uint8_t *data, uint32_t len, struct wire *w);

/* Destination and source only, whatever the rest is: for routers. false: no IP packet. */
bool wire_addresses(const uint8_t *data, uint32_t len, struct usher_endpoint *src, struct usher_endpoint *dst);

bool same_address(const struct usher_endpoint *a, const struct usher_endpoint *b);
bool same_endpoint(const struct usher_endpoint *a, const struct usher_endpoint *b);
/* "10.0.0.2:21", "[fd00:1::2]:21", in one of some buffers that are used in turn. */
const char *endpoint_text(const struct usher_endpoint *e);
/* The address alone. */
const char *address_text(const struct usher_endpoint *e);
/* Of text like "10.0.0.2", which must be right. */
struct usher_endpoint endpoint_of(const char *address, uint32_t key);

#endif
