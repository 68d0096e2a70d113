/*
 * conn/table: where connections are kept and found.
 *
 * Owns: the slabs of both families, the index over them, the due ticks and the cold part of each record (id, start).
 * Invariants: a record is in the index exactly while its status has CONN_USED; its generation is even then, odd while it is being
 * changed from free to used or back, and differs from before once it was freed; a record past its deadline is given by no look-up.
 * An entry of the index is: bit 31 the family (1: IPv6), bits 30 and 29 by what the record is found there, the rest its number.
 * A call that NAT translates has four: packets of enhanced GRE carry the receiver's id only, and an ICMP error quotes one as it
 * left, to a receiver and with an id that the packets that come do not have.
 * Sources: DESIGN 3.
 */
#ifndef USHER_CONN_TABLE_H
#define USHER_CONN_TABLE_H

#include "base/due.h"
#include "base/hash.h"
#include "base/index.h"
#include "base/slab.h"
#include "conn/conn.h"

#define CONN_IPV6 0x80000000u
#define CONN_SECOND 0x40000000u /* by the reply's tuple */
#define CONN_SENDER 0x20000000u /* calls: by the sender's id, as a quote of what left the other way */
#define CONN_NUMBER 0x1fffffffu

/* What few look at: written at birth, read when somebody asks. */
struct conn_meta {
	uint64_t id;
	usher_time start;
};

/* Pointers of this process into the region; the region itself has none. */
struct conn_table {
	struct slab *slab[2]; /* by family: IPv4, IPv6 */
	struct index *index;
	uint16_t *due[2];     /* by record number - 1 */
	struct conn_meta *meta[2];
	struct hash_key hash_key;
};

/* A packet's lookup key. */
struct conn_key {
	const uint8_t *address; /* source and destination, adjacent, in the packet or in a record */
	uint32_t ports;         /* both keys, as struct conn has them */
	uint32_t ports_mask;    /* of them, what the wire carries */
	uint32_t ztp, ztp_inverse; /* zone, type, protocol: as they are, and with the type of the answers */
	uint32_t hash;
	bool ipv6;
};

/* A record found: its entry's family and number, and the direction that the key is. */
struct conn_found {
	struct conn *c;
	uint32_t record; /* number with CONN_IPV6; 0: none */
	uint8_t direction;
};

static inline struct conn *conn_at(const struct conn_table *t, uint32_t record)
{
	uint32_t number = record & CONN_NUMBER;

	if (record & CONN_IPV6)
		return &((struct conn6 *)slab_at(t->slab[1], number))->c;
	return &((struct conn4 *)slab_at(t->slab[0], number))->c;
}

/* The four addresses of a record: 4 or 16 bytes each. */
static inline uint8_t *conn_address(struct conn *c, bool ipv6)
{
	return (uint8_t *)c - (ipv6 ? offsetof(struct conn6, c) : offsetof(struct conn4, c));
}

static inline struct conn_meta *conn_meta(const struct conn_table *t, uint32_t record)
{
	return &t->meta[record >> 31][(record & CONN_NUMBER) - 1];
}

static inline uint16_t *conn_due(const struct conn_table *t, uint32_t record)
{
	return &t->due[record >> 31][(record & CONN_NUMBER) - 1];
}

static inline uint32_t conn_ports(const uint16_t key[2])
{
	uint32_t ports;

	memcpy(&ports, key, 4);
	return ports;
}

/* Of both keys the receiver's. */
static inline uint32_t conn_receiver_mask(void)
{
	static const uint16_t receiver_only[2] = { 0, 0xffff };

	return conn_ports(receiver_only);
}

/* Zone, protocol and type as one word, in the order that struct conn has them. */
static inline uint32_t conn_ztp(uint16_t zone, uint8_t protocol, uint8_t type)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return zone | (uint32_t)protocol << 16 | (uint32_t)type << 24;
#else
	return (uint32_t)zone << 16 | (uint32_t)protocol << 8 | type;
#endif
}

/* Zone and protocol of a ztp word. The type is not hashed: a handful of ICMP types share a bucket at most. */
static inline uint32_t conn_zp(uint32_t ztp)
{
	return ztp & conn_ztp(0xffff, 0xff, 0);
}

/* GRE version 0: one key of 32 bits, the flow's, the same both ways; it fills both key fields. */
static inline bool conn_wide(uint32_t ztp)
{
	return (ztp & conn_ztp(0, 0xff, 0xff)) == conn_ztp(0, USHER_GRE, 0);
}

/* The hash of a tuple with such a key. */
uint32_t usher__conn_hash_wide(const struct conn_table *t, const struct conn_key *k);

/*
 * Endpoints in order, so that both directions hash alike. Not a sum or an XOR of the two: a ping's keys are equal, and whoever
 * chooses one side could cancel the other.
 */
static inline uint32_t conn_hash_ipv4(const struct hash_key *h, const uint8_t *address, uint32_t ports, uint32_t ztp)
{
	uint32_t ip[2];
	uint16_t key[2];
	uint64_t a, b, low, high, sum;

	memcpy(ip, address, 8);
	memcpy(key, &ports, 4);
	a = (uint64_t)ip[0] << 16 | key[0];
	b = (uint64_t)ip[1] << 16 | key[1];
	low = a < b ? a : b;
	high = a < b ? b : a;
	/* hash_words of four words, written out: this is for every packet */
	sum = h->key[0] + h->key[1] * (low >> 16) + h->key[2] * (high >> 16) + h->key[4] * conn_zp(ztp);
	sum += h->key[3] * ((uint32_t)(low << 16) | (uint32_t)(high & 0xffff));
	return (uint32_t)(sum >> 32);
}

uint32_t usher__conn_hash_ipv6(const struct hash_key *h, const uint8_t *address, uint32_t ports, uint32_t ztp);

/* The same for both directions of a connection whose keys the wire carries. */
static inline uint32_t conn_hash(const struct conn_table *t, const struct conn_key *k)
{
	if (conn_wide(k->ztp))
		return usher__conn_hash_wide(t, k);
	return k->ipv6 ? usher__conn_hash_ipv6(&t->hash_key, k->address, k->ports, k->ztp) :
			 conn_hash_ipv4(&t->hash_key, k->address, k->ports, k->ztp);
}

/* The key of a packet; `address` stays where it is. */
static inline void conn_key_of(const struct conn_table *t, struct conn_key *k, const struct pkt *p, const uint8_t *data,
			       uint16_t zone)
{
	k->ports = p->keys;
	k->ports_mask = p->flags & PKT_ONE_WAY ? conn_receiver_mask() : 0xffffffffu;
	k->ztp = conn_ztp(zone, p->protocol, p->type);
	k->ztp_inverse = conn_ztp(zone, p->protocol, p->inverse_type);
	k->ipv6 = p->family == USHER_IPV6;
	k->address = data + PKT_SRC_OFFSET(p->family);
	k->hash = conn_hash(t, k);
}

/* The same of a call whose sender's id is told, not the receiver's: what answers a quoted packet of enhanced GRE. */
static inline void conn_key_of_sender(const struct conn_table *t, struct conn_key *k, const struct pkt *p, const uint8_t *data,
				      uint16_t zone)
{
	conn_key_of(t, k, p, data, zone);
	k->ports_mask = ~conn_receiver_mask();
}

static inline bool conn_same_address(const uint8_t *a, const uint8_t *b, bool ipv6)
{
	if (ipv6)
		return memcmp(a, b, 32) == 0;
	return memcmp(a, b, 8) == 0;
}

/* Is this record the key's connection, and in which direction? -1: it is not. */
static inline int conn_compare(const struct conn *c, const struct conn_key *k)
{
	const uint8_t *address = (const uint8_t *)c - (k->ipv6 ? offsetof(struct conn6, c) : offsetof(struct conn4, c));
	uint32_t size = k->ipv6 ? 32 : 8, ztp;

	memcpy(&ztp, &c->zone, 4);
	if (ztp == k->ztp && !((conn_ports(&c->key[0]) ^ k->ports) & k->ports_mask) &&
	    conn_same_address(address, k->address, k->ipv6))
		return USHER_ORIG;
	if (ztp == k->ztp_inverse && !((conn_ports(&c->key[2]) ^ k->ports) & k->ports_mask) &&
	    conn_same_address(address + size, k->address, k->ipv6) && !(c->status & CONN_ONE_WAY))
		return USHER_REPLY;
	return -1;
}

/* The record that a key's tags point to first, only to be prefetched; 0: none. Reads one bucket. */
static inline uint32_t conn_probe(const struct conn_table *t, const struct conn_key *k)
{
	struct index_search s = index_begin(t->index, k->hash);
	uint32_t entry;

	while ((entry = index_next(&s)))
		if ((entry & CONN_IPV6 ? true : false) == k->ipv6)
			return entry & (CONN_IPV6 | CONN_NUMBER);
	return 0;
}

/* The record's first byte, to be prefetched by the caller: gcc takes a function that only prefetches for one without effect. */
static inline const char *conn_lines(const struct conn *c, bool ipv6)
{
	return (const char *)c - (ipv6 ? offsetof(struct conn6, c) : offsetof(struct conn4, c));
}

/* The key's connection, dead or alive (the caller tests the deadline): record 0 if there is none. */
struct conn_found usher__conn_lookup(const struct conn_table *t, const struct conn_key *k);

/*
 * A new record for the orig direction of key `k`, with its inverse as reply: tuples, zone, protocol and type set, all else zero,
 * generation odd, not in the index. 0: the table is full. Then publish it, or give it back.
 */
uint32_t usher__conn_take(struct conn_table *t, const struct conn_key *k);
void usher__conn_give(struct conn_table *t, uint32_t record);

/*
 * Into the index, generation even, CONN_USED. `two`: under both tuples, and calls that are translated (CONN_NAT_*) by what a
 * quote of them tells. false: no room, nothing changed.
 */
bool usher__conn_publish(struct conn_table *t, uint32_t record, bool two);

/* Out of the index; the record keeps its content until given back. */
void usher__conn_remove(struct conn_table *t, uint32_t record);

/* The lookup key of a call's replies (enhanced GRE, both its keys known), which points into the record. */
void usher__conn_call_key(const struct conn_table *t, struct conn_key *k, struct conn *c, bool ipv6);

/* Where in the region the parts lie and how large it all is. */
struct conn_table_layout {
	size_t slab[2], index, due[2], meta[2], size;
};
void usher__conn_table_layout(struct conn_table_layout *l, uint32_t ipv4, uint32_t ipv6);
/* Set up in zeroed memory, 64-byte aligned. */
void usher__conn_table_init(struct conn_table *t, uint8_t *memory, uint32_t ipv4, uint32_t ipv6, const uint8_t seed[32]);

static inline void conn_count(struct conn *c, unsigned direction, uint32_t bytes)
{
	uint32_t packets_low = c->packets_low[direction] + 1, bytes_low = c->bytes_low[direction] + bytes;

	c->packets_high[direction] = (uint16_t)(c->packets_high[direction] + (packets_low == 0));
	c->packets_low[direction] = packets_low;
	c->bytes_high[direction] = (uint16_t)(c->bytes_high[direction] + (bytes_low < bytes));
	c->bytes_low[direction] = bytes_low;
}

#endif
