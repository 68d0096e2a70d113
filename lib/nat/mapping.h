/*
 * nat/mapping: names that NAT lends out on their own: {inside endpoint, public endpoint, protocol}.
 *
 * Plain NAT needs none; there is one for an inside endpoint that has one public name whatever it talks to (endpoint-independent
 * mapping, RFC 4787 REQ-1), and for each key that a helper reserves.
 * Owns: the records, and the tables that find them: by inside endpoint and public address, by public endpoint, by owner, and by
 * (owner, side, protocol, tag, part).
 * Invariants: a mapping has its public key alone (claimed in nat/keys by publish, given back by remove), so a public endpoint has
 * one mapping at most. What tells pools apart for an inside endpoint is the public address itself: a pool gives a host always the
 * same (nat/pool.h). A run of keys is as many mappings, told apart by `part`. A mapping is there while it has users or an owner,
 * and until its deadline (REQ-5, REQ-6; RFC 5382 REQ-5: how long is the engine's to say). Numbers begin at 1, a record that is
 * being changed has an odd generation, no pointers in records. struct mapping_table has pointers of this process.
 * Sources: DESIGN 3; RFC 4787, 5382, 6888, 7857.
 */
#ifndef USHER_NAT_MAPPING_H
#define USHER_NAT_MAPPING_H

#include "nat/keys.h"

enum mapping_flags {
	MAPPING_ANY_SOURCE = 1 /* whoever writes to the public endpoint gets in (endpoint-independent filtering, REQ-8) */
};

enum mapping_chain { /* tables that are chained by `next` */
	MAPPING_INSIDE = 0,
	MAPPING_PUBLIC,
	MAPPING_TAG,
	MAPPING_CHAINS
};

struct mapping {
	uint32_t generation;      /* odd while it is being changed */
	uint32_t next[MAPPING_CHAINS]; /* next[0] is the free list, too */
	uint32_t owner_next, owner_prev;
	uint32_t owner;           /* the extra record that asked for it; 0: none */
	uint32_t tag;             /* with an owner */
	uint32_t users;           /* connections that go by it */
	uint32_t address;         /* number of the public address */
	usher_time deadline;      /* without users and owner it is over by then */
	uint16_t zone;            /* of the inside endpoint */
	uint16_t inside_key, public_key;
	uint8_t family, protocol;
	uint8_t flags;            /* enum mapping_flags */
	uint8_t side;             /* with an owner: whose endpoint it is, enum usher_side */
	uint8_t part;             /* which one of a run of keys, from 0 */
	uint8_t in_use;
	uint8_t pad[4];
	uint8_t inside[16];       /* IPv4: the rest is zero */
};

struct mapping_table {
	struct slab *slab;
	uint32_t *head[MAPPING_CHAINS], *owner_head;
	uint32_t head_mask;
	struct nat_keys *keys;
	const struct hash_key *hash_key;
};

static inline struct mapping *mapping_at(const struct mapping_table *t, uint32_t number)
{
	return slab_at(t->slab, number);
}

/* Is any mapping there at all? */
static inline bool mapping_any(const struct mapping_table *t)
{
	return t->slab->used != 0;
}

/* Dead for every look-up, whether the sweep has come or not: the finders below return dead ones too, the caller asks. */
static inline bool mapping_over(const struct mapping *m, usher_time now)
{
	return !m->users && !m->owner && m->deadline <= now;
}

/* A connection goes by it. */
static inline void mapping_use(struct mapping *m)
{
	m->users++;
}

/* ... and no longer does: without another it is over after `idle`. */
static inline void mapping_leave(struct mapping *m, usher_time now, usher_time idle)
{
	m->users--;
	if (m->deadline < now + idle)
		m->deadline = now + idle;
}

/* An inside endpoint. */
struct mapping_inside {
	uint16_t zone, key;
	uint8_t family, protocol;
	const uint8_t *address;
};

/* The mapping of an inside endpoint on this public address, of several the newest; 0: none. */
uint32_t usher__mapping_by_inside(const struct mapping_table *t, const struct mapping_inside *inside, uint32_t address);
/* The mapping of this public endpoint; 0: none. */
uint32_t usher__mapping_by_public(const struct mapping_table *t, uint32_t address, uint8_t protocol, uint16_t key);

struct mapping_name { /* what a helper knows it by */
	uint32_t owner, tag;
	uint8_t side, protocol, part;
};
uint32_t usher__mapping_by_name(const struct mapping_table *t, const struct mapping_name *name);

/* Those of one owner, the newest first: after = 0 for the first; 0: no more. A removed one has no next: ask before. */
uint32_t usher__mapping_of_owner(const struct mapping_table *t, uint32_t owner, uint32_t after);

/* All of them by number: after = 0 for the first; 0: no more. */
uint32_t usher__mapping_next(const struct mapping_table *t, uint32_t after);
/*
 * The next one that is over, after number *at, looking at no more than *budget records; *at and *budget go on. 0: the budget is
 * used up, or (there is budget left) no record is behind *at.
 */
uint32_t usher__mapping_sweep(const struct mapping_table *t, uint32_t *at, uint32_t *budget, usher_time now);

/* A free record, zeroed, generation odd; 0: the table is full. Then publish it, or give it back. */
uint32_t usher__mapping_take(struct mapping_table *t);
void usher__mapping_give(struct mapping_table *t, uint32_t number);
/*
 * Claim its key and put it into the tables. All of the record but generation and the chains is set; `address` is held. false, and
 * it is still only taken: the protocol has no keys, or this one has users.
 */
bool usher__mapping_publish(struct mapping_table *t, uint32_t number);
/* Its owner is gone, or has no use for it any more: it stays while it has users, and until its deadline. */
void usher__mapping_disown(struct mapping_table *t, uint32_t number);
/* Out of the tables, its key given back, and free. */
void usher__mapping_remove(struct mapping_table *t, uint32_t number);

size_t usher__mapping_table_size(uint32_t count);
/* Set up in zeroed memory of that size, 64-byte aligned. */
void usher__mapping_table_init(struct mapping_table *t, uint8_t *memory, uint32_t count, struct nat_keys *keys,
			       const struct hash_key *key);

#endif
