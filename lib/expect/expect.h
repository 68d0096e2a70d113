/*
 * expect: what helpers announced, and the packets that match it.
 *
 * Owns: the records of expectations, the table that finds them, the list of each master's.
 * Invariants: zone, protocol and destination are exact, what is open is in the source: a pattern says which parts of it
 * are given, and a look-up makes one hashed probe for each pattern in use, none while there are none. No two
 * expectations have the same pattern and values. A record past its deadline is matched by nothing. `out` is how the
 * packet that matches leaves: the tuple itself unless NAT is in force, a wildcard where the tuple has one. An
 * expectation of USHER_BOTH is in the table twice: by its tuple and by the inverse of `out`, which is what the other
 * side sends. The list of a master is in the order of making. No pointers: names are copied. Sources (those who opened
 * the control connections) are counted by a keyed hash of four values for each expectation that fits: two of one hash
 * share a limit, which is rare, and which nobody can bring about on purpose. Sources: DESIGN 3 and 6.
 */
#ifndef USHER_EXPECT_EXPECT_H
#define USHER_EXPECT_EXPECT_H

#include "base/due.h"
#include "base/hash.h"
#include "base/slab.h"
#include "conn/conn.h"

#define EXPECT_NAME 16u

enum expect_pattern { /* which parts of the source are exact: of two the higher number is the more exact */
	EXPECT_SRC_KEY = 1,
	EXPECT_SRC_ADDRESS = 2,
	EXPECT_PATTERNS = 4
};

struct expect {
	uint32_t generation; /* odd while it is being changed */
	uint32_t next[2];    /* chains of the table, of both sides (1: the inverse of `out`); entries are number << 1 | side */
	uint32_t master_next, master_prev; /* the master's list, by number; oldest first */
	uint32_t master_extra;  /* the master's extra record */
	struct usher_ref master;
	uint32_t tag;
	uint32_t source;        /* who is accountable for it: usher__expect_source */
	uint64_t id, master_id;
	usher_time deadline;
	uint32_t timeout_s, child_timeout_s[2];
	uint32_t src_key, dst_key, out_src_key, out_dst_key;
	uint16_t zone, uses;
	uint8_t family, protocol, type;
	uint8_t pattern[2];  /* enum expect_pattern, of both sides */
	uint8_t flags;       /* enum usher_expect_flags */
	uint8_t both, in_use;
	uint8_t class_id, helper, child_helper; /* helpers by number + 1; 0: none */
	uint8_t side;        /* the listener's, enum usher_side */
	uint8_t src[16], dst[16], out_src[16], out_dst[16];
	char kind[EXPECT_NAME];
};

struct expect_table {
	struct slab *slab;
	uint32_t *head;      /* chains; entries as `next` */
	uint32_t head_mask;
	uint32_t patterns[EXPECT_PATTERNS]; /* how many entries of each */
	uint32_t *sources;   /* how many expectations each source has made */
	uint32_t source_mask;
	usher_time earliest; /* no deadline is before this one */
	const struct hash_key *hash_key;
};

/* What a look-up asks: the first packet's tuple. */
struct expect_key {
	const uint8_t *src, *dst;
	uint32_t src_key, dst_key;
	uint16_t zone;
	uint8_t family, protocol, type;
	bool one_way; /* the wire does not carry the source's key */
};

static inline struct expect *expect_at(const struct expect_table *t, uint32_t number)
{
	return slab_at(t->slab, number);
}

/* Is any expectation there at all? */
static inline bool expect_any(const struct expect_table *t)
{
	return t->slab->used != 0;
}

/*
 * The expectation that a packet matches, the most exact one first; 0: none. `inverse` tells whether by its inverse (USHER_BOTH).
 * It may be dead: the caller tests deadline and master.
 */
uint32_t usher__expect_lookup(const struct expect_table *t, const struct expect_key *k, bool *inverse);

/* The expectation that has exactly the tuple and pattern of one side of this one (1: its inverse); 0: none. For clashes. */
uint32_t usher__expect_same(const struct expect_table *t, const struct expect *e, unsigned side);

/* The number under which the expectations of this address are counted, and how many there are now. */
uint32_t usher__expect_source(const struct expect_table *t, uint16_t zone, const struct usher_endpoint *address);
static inline uint32_t expect_of_source(const struct expect_table *t, uint32_t source)
{
	return t->sources[source];
}

/* A free record, zeroed, generation odd; 0: the table is full. */
uint32_t usher__expect_take(struct expect_table *t);

/* Into the table. All of the record but generation, next and pattern is set. */
void usher__expect_publish(struct expect_table *t, uint32_t number);

/* Out of the table, and free. */
void usher__expect_remove(struct expect_table *t, uint32_t number);

size_t usher__expect_table_size(uint32_t count);
/* Set up in zeroed memory of that size, 64-byte aligned. */
void usher__expect_table_init(struct expect_table *t, uint8_t *memory, uint32_t count, const struct hash_key *key);

#endif
