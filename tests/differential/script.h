/*
 * differential/script: one conversation as a list of packets, and the bytes of each.
 *
 * Owns: what a packet can be told by (struct step), how it is written for people and as bytes. A script knows no addresses: it is
 * run with a serial number, and each number has endpoints of its own, so neither tracker need be emptied between two runs.
 * Invariants: lengths and checksums are right unless `broken` says otherwise; every packet can be forwarded by a router.
 * Sources: RFC 791, 8200, 9293 3.1, 7323 2.2 and 3.2, 2018, 768, 792, 4443, 2784, 2890, 2637 4.1.
 */
#ifndef USHER_TESTS_DIFFERENTIAL_SCRIPT_H
#define USHER_TESTS_DIFFERENTIAL_SCRIPT_H

#include <usher/usher.h>

#include <stdio.h>
#include <string.h>

#define SCRIPT_STEPS 40u
#define PACKET_SIZE 2048u

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, ECE = 64, CWR = 128 };

enum step_options { OPTION_MSS = 1, OPTION_SCALE = 2, OPTION_SACK_PERMITTED = 4, OPTION_TIME = 8 };

enum step_broken {
	WHOLE = 0,
	BAD_CHECKSUM,
	BAD_OFFSET,   /* TCP: the header's length is 16; UDP: its length is longer than the packet; GRE: reserved bits */
	BAD_SHORT,    /* cut in the middle of the transport header, the IP header says so too */
	NO_CHECKSUM,  /* UDP: 0, none; TCP: 0, which is wrong */
	BROKEN_COUNT
};

/* One packet, and what is done before it. */
struct step {
	uint16_t wait_s;    /* both clocks are moved on by so much */
	bool pause;         /* really wait, until what is a stream is told from what is a question */
	uint8_t from;       /* 0: client, 1: server */
	uint8_t flags;      /* TCP */
	uint8_t options;    /* enum step_options */
	uint8_t scale;
	uint8_t sack_count; /* 0..2 */
	uint8_t broken;     /* enum step_broken */
	uint8_t type, code; /* ICMP; GRE: version, and 1 if it has a key */
	uint16_t key;       /* added to the client's port, the ICMP id; the GRE key */
	uint16_t window, len;
	uint32_t seq, ack;
	uint32_t sack[2][2];
};

struct script {
	uint64_t seed;
	uint8_t protocol, family;
	uint32_t switches; /* enum usher_option_flags: those of TCP */
	uint32_t count;
	struct step step[SCRIPT_STEPS];
};

/* ---- endpoints ---- */

#define SERVER_PORT 80u

static inline uint16_t client_port(uint32_t serial, const struct step *s)
{
	return (uint16_t)(2000u + (serial >> 16) * 16 + s->key);
}

/* The address of one end: 10.1.x.y or fd00:1::x:y, and 10.2.0.1 or fd00:2::1. */
static inline void end_address(uint8_t *to, unsigned family, unsigned end, uint32_t serial)
{
	if (family == 4) {
		to[0] = 10;
		to[1] = (uint8_t)(1 + end);
		to[2] = (uint8_t)(end ? 0 : serial >> 8);
		to[3] = (uint8_t)(end ? 1 : serial);
		return;
	}
	memset(to, 0, 16);
	to[0] = 0xfd;
	to[3] = (uint8_t)(1 + end);
	to[14] = (uint8_t)(end ? 0 : serial >> 8);
	to[15] = (uint8_t)(end ? 1 : serial);
}

/* The tuple of the packet as it is on the wire. */
static inline void step_tuple(struct usher_tuple *t, const struct script *script, const struct step *s, uint32_t serial)
{
	struct usher_endpoint *client = s->from ? &t->dst : &t->src, *server = s->from ? &t->src : &t->dst;

	memset(t, 0, sizeof(*t));
	t->protocol = script->protocol;
	t->src.family = t->dst.family = script->family;
	end_address(t->src.address, script->family, s->from, serial);
	end_address(t->dst.address, script->family, !s->from, serial);
	switch (script->protocol) {
	case USHER_TCP:
	case USHER_UDP:
		client->key = client_port(serial, s);
		server->key = SERVER_PORT;
		break;
	case USHER_ICMP:
	case USHER_ICMPV6:
		t->type = s->type;
		t->src.key = t->dst.key = client_port(serial, s);
		break;
	default: /* GRE */
		t->type = s->type;
		if (s->type == 1)
			t->dst.key = s->key;
		else if (s->code)
			t->src.key = t->dst.key = s->key;
	}
}

/* ---- bytes ---- */

static inline void put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static inline void put32(uint8_t *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value);
}

static inline uint32_t sum16(uint32_t sum, const uint8_t *data, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? data[i] : (uint32_t)data[i] << 8;
	return sum;
}

static inline uint32_t folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static inline uint32_t put_tcp_options(uint8_t *to, const struct step *s)
{
	uint32_t n = 0;

	if (s->options & OPTION_MSS) {
		memcpy(to + n, (const uint8_t[]){ 2, 4, 5, 0xb4 }, 4);
		n += 4;
	}
	if (s->options & OPTION_SCALE) {
		memcpy(to + n, (const uint8_t[]){ 1, 3, 3, s->scale }, 4);
		n += 4;
	}
	if (s->options & OPTION_SACK_PERMITTED) {
		memcpy(to + n, (const uint8_t[]){ 1, 1, 4, 2 }, 4);
		n += 4;
	}
	if (s->options & OPTION_TIME) {
		memcpy(to + n, (const uint8_t[]){ 1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 1, 0 }, 12);
		n += 12;
	}
	if (s->sack_count) {
		memcpy(to + n, (const uint8_t[]){ 1, 1, 5, (uint8_t)(2 + 8 * s->sack_count) }, 4);
		n += 4;
	}
	for (unsigned i = 0; i < s->sack_count; i++, n += 8) {
		put32(to + n, s->sack[i][0]);
		put32(to + n + 4, s->sack[i][1]);
	}
	return n;
}

static inline uint32_t put_tcp(uint8_t *to, const struct script *script, const struct step *s, uint32_t serial)
{
	uint32_t port = client_port(serial, s), header = 20 + put_tcp_options(to + 20, s);

	(void)script;
	put16(to, s->from ? SERVER_PORT : port);
	put16(to + 2, s->from ? port : SERVER_PORT);
	put32(to + 4, s->seq);
	put32(to + 8, s->ack);
	to[12] = (uint8_t)((s->broken == BAD_OFFSET ? 16 : header) << 2);
	to[13] = s->flags;
	put16(to + 14, s->window);
	put32(to + 16, 0);
	return header + s->len;
}

static inline uint32_t put_udp(uint8_t *to, const struct script *script, const struct step *s, uint32_t serial)
{
	uint32_t port = client_port(serial, s);

	(void)script;
	put16(to, s->from ? SERVER_PORT : port);
	put16(to + 2, s->from ? port : SERVER_PORT);
	put16(to + 4, 8u + s->len + (s->broken == BAD_OFFSET ? 1 : 0));
	put16(to + 6, 0);
	return 8u + s->len;
}

static inline uint32_t put_icmp(uint8_t *to, const struct script *script, const struct step *s, uint32_t serial)
{
	(void)script;
	to[0] = s->type;
	to[1] = s->code;
	put16(to + 2, 0);
	put16(to + 4, client_port(serial, s));
	put16(to + 6, s->seq);
	return 8u + s->len;
}

/* Version 0, perhaps with a key; version 1 with the call id of who gets it, and a sequence number. */
static inline uint32_t put_gre(uint8_t *to, const struct script *script, const struct step *s, uint32_t serial)
{
	(void)script, (void)serial;
	memset(to, 0, 16);
	if (s->type == 0) {
		to[0] = s->code ? 0x20 : 0;
		put16(to + 2, 0x0800);
		put32(to + 4, s->key);
		return (s->code ? 8u : 4u) + s->len;
	}
	to[0] = 0x30;
	to[1] = s->type;
	put16(to + 2, s->broken == BAD_OFFSET ? 0x0800 : 0x880b);
	put16(to + 4, s->len);
	put16(to + 6, s->key);
	put32(to + 8, s->seq);
	return 12u + s->len;
}

static inline void put_checksum(uint8_t *l4, uint32_t len, const struct script *script, const struct step *s, uint32_t pseudo)
{
	static const uint8_t at_of[256] = { [USHER_TCP] = 16, [USHER_UDP] = 6, [USHER_ICMP] = 2, [USHER_ICMPV6] = 2 };
	uint32_t at = at_of[script->protocol], sum = script->protocol == USHER_ICMP ? 0 : pseudo;

	if (!at || at + 2 > len || s->broken == NO_CHECKSUM)
		return;
	sum = folded(sum16(sum, l4, len));
	if (script->protocol == USHER_UDP && sum == 0)
		sum = 0xffff;
	put16(l4 + at, s->broken == BAD_CHECKSUM ? sum ^ 0x1001 : sum);
}

/* The bytes of a packet; returns how many. */
static inline uint32_t step_packet(uint8_t *to, const struct script *script, const struct step *s, uint32_t serial)
{
	uint32_t size = script->family == 4 ? 4 : 16, header = script->family == 4 ? 20 : 40, len, pseudo;
	uint8_t *l4 = to + header, *addresses = to + header - 2 * size;

	memset(to, 0, header + 60u + s->len);
	end_address(addresses, script->family, s->from, serial);
	end_address(addresses + size, script->family, !s->from, serial);
	if (script->protocol == USHER_TCP)
		len = put_tcp(l4, script, s, serial);
	else if (script->protocol == USHER_UDP)
		len = put_udp(l4, script, s, serial);
	else if (script->protocol == USHER_GRE)
		len = put_gre(l4, script, s, serial);
	else
		len = put_icmp(l4, script, s, serial);
	if (s->broken == BAD_SHORT)
		len = script->protocol == USHER_TCP ? 18 : script->protocol == USHER_GRE ? 3 : 6;
	pseudo = sum16(script->protocol + len, addresses, 2 * size);
	put_checksum(l4, len, script, s, pseudo);
	if (script->family == 4) {
		to[0] = 0x45;
		put16(to + 2, header + len);
		put16(to + 6, 0x4000);
		to[8] = 64;
		to[9] = script->protocol;
		put16(to + 10, folded(sum16(0, to, 20)));
	} else {
		to[0] = 0x60;
		put16(to + 4, len);
		to[6] = script->protocol;
		to[7] = 64;
	}
	return header + len;
}

/* ---- text ---- */

static inline void print_tcp_options(const struct step *s)
{
	if (s->options & OPTION_SCALE)
		printf(" scale %u", s->scale);
	if (s->options & OPTION_SACK_PERMITTED)
		printf(" sack-permitted");
	if (s->options & OPTION_TIME)
		printf(" timestamp");
	if (s->options & OPTION_MSS)
		printf(" mss");
	for (unsigned i = 0; i < s->sack_count; i++)
		printf(" sack %u-%u", s->sack[i][0], s->sack[i][1]);
}

/* As one line, without its end. */
static inline void print_step(const struct script *script, const struct step *s)
{
	static const char *const broken[] = { "", " bad-checksum", " bad-offset", " short", " no-checksum" };

	if (s->wait_s)
		printf("wait %u; ", s->wait_s);
	if (s->pause)
		printf("pause; ");
	printf("%s", s->from ? "<" : ">");
	if (script->protocol == USHER_TCP) {
		static const char letters[] = "FSRPAUEC";

		printf(" ");
		for (unsigned i = 0; i < 8; i++)
			if (s->flags >> i & 1)
				printf("%c", letters[i]);
		printf("%s seq %u ack %u win %u", s->flags ? "" : "-", s->seq, s->ack, s->window);
		print_tcp_options(s);
	} else if (script->protocol != USHER_UDP) {
		printf(" type %u code %u", s->type, s->code);
	}
	printf(" len %u%s", s->len, broken[s->broken]);
	if (s->key)
		printf(" key %u", s->key);
}

#endif
