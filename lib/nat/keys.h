/*
 * nat/keys: the public addresses in use, who uses which of their keys, and the choice of a key for a newcomer.
 *
 * Owns: a table of public addresses, and for each address and key space (ports of TCP, of UDP, ..., ICMP ids, call ids) the
 * number of users of each of its 65536 keys. An address is found by zone, family and address, is there while it has users, and is
 * known by its number as long as it is there.
 * Invariants: a key is free (0), shared by 1..65534 users, or has one exclusive user; what is exclusive is never shared, what is
 * shared never exclusive, so no key is ever lent twice. Each user of a key is a user of its address, too: an address that goes
 * has only free keys, and its number can be used again as it is. Bit k % 64 of map[k / 64] says that key k has users; taken[g][p]
 * counts those of this worker's keys in g * 1024 .. g * 1024 + 1023 of parity p that have. Map and counts can be made anew from
 * `users`.
 * No pointers in records; arrays of an address never used are never touched (an address has 954 KiB of them, of which it touches
 * what it uses). struct nat_keys has pointers of this process.
 * Whose key: a worker lends only keys of its own slice, so that the worker of a packet from outside follows from its destination
 * key without asking anybody (nat_key_owner). Slices are blocks of eight keys, dealt out in turn: every range of some hundreds of
 * keys is shared evenly, both parities are in each slice, and so are pairs and fours in a row (RTP and RTCP). Whole stretches of
 * the key space would leave a narrow range to one worker, single keys dealt out in turn would leave no pairs, and for an even
 * number of workers no parity. The price, whatever the slices: a connection keeps its own key with a chance of 1 / workers.
 * Sources: DESIGN 3 and 7; RFC 4787 4.2 (REQ-3: the well-known range, REQ-4: parity), RFC 6056 3 (choice by chance), RFC 5508 3
 * (ids).
 */
#ifndef USHER_NAT_KEYS_H
#define USHER_NAT_KEYS_H

#include "base/hash.h"
#include "base/slab.h"
#include "nat/random.h"

#include <usher/types.h>

#define NAT_KEYS 65536u
#define NAT_BLOCK 8u        /* keys in a row that belong to one worker; longest run that can be asked for */
#define NAT_GROUP 1024u     /* keys that are counted together */
#define NAT_GROUPS (NAT_KEYS / NAT_GROUP)
#define NAT_EXCLUSIVE 0xffffu
#define NAT_SHARED_MAX 0xfffeu

/*
 * X(space, protocol number): the protocols that have keys which NAT may change. ICMP's are the ids of queries, GRE's the call ids
 * of version 1 (the key of version 0 belongs to a flow, and is never mapped). An address has one family, so ICMP and ICMPv6 are
 * one.
 */
#define NAT_PROTOCOLS(X) \
	X(TCP, USHER_TCP) \
	X(UDP, USHER_UDP) \
	X(ICMP, USHER_ICMP) \
	X(ICMP, USHER_ICMPV6) \
	X(GRE, USHER_GRE) \
	X(DCCP, 33) \
	X(SCTP, 132) \
	X(UDPLITE, 136)

enum nat_space_number {
	NAT_SPACE_NONE = 0, /* nothing to map: such protocols get another address only */
	NAT_SPACE_TCP,
	NAT_SPACE_UDP,
	NAT_SPACE_ICMP,
	NAT_SPACE_GRE,
	NAT_SPACE_DCCP,
	NAT_SPACE_SCTP,
	NAT_SPACE_UDPLITE,
	NAT_SPACE_COUNT
};

/* The key space of a protocol. */
uint8_t usher__nat_space(uint8_t protocol);

/* The keys of one address in one space. */
struct nat_space {
	uint32_t used;      /* keys that have users */
	uint32_t exclusive; /* of them, those that have one for good */
	uint8_t pad[56];
	uint16_t taken[NAT_GROUPS][2];
	uint64_t map[NAT_KEYS / 64];
	uint16_t users[NAT_KEYS]; /* 0: free; NAT_EXCLUSIVE; else how many share it */
};

_Static_assert(sizeof(struct nat_space) % 64 == 0, "one behind the other, each begins on a cache line");

/* A public address in use. */
struct nat_address {
	uint32_t next;       /* chain of the table, free list */
	uint32_t users;
	uint16_t zone;
	uint8_t family;
	uint8_t pad[5];
	uint8_t address[16]; /* IPv4: the rest is zero */
};

struct nat_keys {
	struct slab *slab;   /* of struct nat_address */
	uint32_t *head;
	uint32_t head_mask;
	uint32_t worker, workers;
	struct nat_space *space; /* NAT_SPACE_COUNT - 1 for each address */
	const struct hash_key *hash_key;
	uint16_t own[NAT_GROUPS]; /* how many keys of each group and parity are this worker's */
};

/* ---- addresses ---- */

static inline struct nat_address *nat_address_at(const struct nat_keys *t, uint32_t number)
{
	return slab_at(t->slab, number);
}

/* The number of an address in use; 0: it is not. */
uint32_t usher__nat_address_find(const struct nat_keys *t, uint16_t zone, uint8_t family, const uint8_t *address);
/* One user more: found, or taken into the table. 0: it is not in use, and the table is full. */
uint32_t usher__nat_address_hold(struct nat_keys *t, uint16_t zone, uint8_t family, const uint8_t *address);
/* One user less; with the last one (users of its keys included) the address leaves the table. */
void usher__nat_address_release(struct nat_keys *t, uint32_t number);

/* ---- users of keys ---- */

static inline struct nat_space *nat_space_at(const struct nat_keys *t, uint32_t address, uint8_t space)
{
	return &t->space[(size_t)(address - 1) * (NAT_SPACE_COUNT - 1) + space - 1];
}

/* Users of a key: 0, how many share it, or NAT_EXCLUSIVE. */
static inline uint16_t nat_key_users(const struct nat_keys *t, uint32_t address, uint8_t space, uint16_t key)
{
	return nat_space_at(t, address, space)->users[key];
}

/* How many keys have users. */
static inline uint32_t nat_keys_used(const struct nat_keys *t, uint32_t address, uint8_t space)
{
	return nat_space_at(t, address, space)->used;
}

/* The worker that lends this key: the same for every protocol and address. */
static inline uint32_t nat_key_owner(uint16_t key, uint32_t workers)
{
	return key / NAT_BLOCK % workers;
}

/* One user more. false, and nothing is changed: it is exclusive, or 65534 share it already. Any key, whosever slice it is in. */
bool usher__nat_key_share(struct nat_keys *t, uint32_t address, uint8_t space, uint16_t key);
/* For one user alone. false, and nothing is changed: it has users. */
bool usher__nat_key_claim(struct nat_keys *t, uint32_t address, uint8_t space, uint16_t key);
/* One user less, of its address as well: the last one takes that out of the table. false, and nothing is changed: it has none. */
bool usher__nat_key_give(struct nat_keys *t, uint32_t address, uint8_t space, uint16_t key);

/* ---- choosing one ---- */

enum nat_ask_flags {
	NAT_ASK_KEEP = 1,   /* the own key, where that is possible */
	NAT_ASK_PARITY = 2, /* only keys of the own key's parity (RFC 4787 REQ-4). Where an odd one is better than none (RFC 7857 7
	                       allows that), the caller asks again without it */
	NAT_ASK_SHARE = 4   /* a key that others share will do where none is free: who asks will share it */
};

struct nat_ask {
	uint32_t address;     /* number, held; 0 (none was to be had): no key either */
	uint8_t space;
	uint8_t flags;        /* enum nat_ask_flags */
	uint8_t count, align; /* so many keys in a row (1..8), all of them free; the first a multiple of 1, 2, 4 or 8; 0 means 1 */
	uint16_t own;         /* the key that the connection has by itself */
	uint16_t first, last; /* keys allowed: usher__nat_ask_range */
	/*
	 * Would this key make the connection's reply a tuple of its own? Asked about each key before it is given, of a run about
	 * each one of it: a free key may be part of a connection that nobody translates. NULL: always. Changes nothing of the
	 * table.
	 */
	bool (*unique)(void *user, uint16_t key);
	void *user;
};

/*
 * Set the keys allowed: first..last, or the default where both are 0: ports 1024..65535, for an own port below 1024 1..1023 (RFC
 * 4787 REQ-3a); all ids of ICMP; call ids but 0, which expectations take for "any". `space` and `own` are set.
 */
void usher__nat_ask_range(struct nat_ask *a, uint16_t first, uint16_t last);

/*
 * The key for a newcomer, or the first of a run; nobody uses it by that yet: share or claim it. -1: exhausted, or the ask is none
 * (count, align, range).
 *
 * In this order: the own key, if it is free, or shared and SHARE; a free one by chance, each as likely as any other; with SHARE
 * one that is shared. Only keys of this worker. Bounded: four keys (sixteen runs) are tried by chance, then the free ones are
 * counted and one is chosen by its rank: at most 64 counts and 48 words of the map (for a run 1040 words). So without `unique` a
 * free key is found exactly as long as there is one. Where that one is not unique, and where none is free, keys are asked about in
 * an order by chance, each once, at most NAT_PICK_ASKS of at most NAT_PICK_LOOKS that are looked at: in a range so small all there
 * are; else a destination is refused only when it has nearly all keys (where it has 90 %, one time in 700,000; 99 %, 28 in 100).
 */
int32_t usher__nat_key_pick(const struct nat_keys *t, const struct nat_ask *a, struct nat_random *random);
#define NAT_PICK_ASKS 128u
#define NAT_PICK_LOOKS 1024u

/* ---- the table ---- */

/* Bytes for `count` addresses, a multiple of 64. */
size_t usher__nat_keys_size(uint32_t count);
/* Set up in zeroed memory of that size, 64-byte aligned, for worker `worker` of `workers`. */
void usher__nat_keys_init(struct nat_keys *t, uint8_t *memory, uint32_t count, const struct hash_key *key, uint32_t worker,
			  uint32_t workers);

#endif
