/*
 * engine/owner: which worker a packet belongs to, and what of NAT has to be known for it.
 *
 * Owns: the tracker's table of public names (usher_set_public), the same for all workers, changed only while none is at work.
 * Invariants: all packets of a connection, both directions, before and after translation, its fragments put together, and the ICMP
 * errors about them have one owner, as long as the names stay: who leaves by a public address gets a key of his worker's slice
 * there (nat/keys.h), and whatever leads elsewhere begins no connection (USHER_REASON_NAT_OWNER).
 * Sources: DESIGN 7.
 */
#ifndef USHER_ENGINE_OWNER_H
#define USHER_ENGINE_OWNER_H

#include <usher/usher.h>

#include "base/hash.h"
#include "packet/packet.h"

enum owner_name_kind {
	OWNER_LENT = 1,     /* an address: its keys belong to workers by their slices */
	OWNER_STATIC = 2,   /* an address or a service: it stands for `inside` */
	OWNER_SERVICES = 4  /* an address: some of its keys are services, which have names of their own */
};

struct owner_name {
	uint8_t address[16], inside[16];
	uint16_t zone, key;     /* key and protocol: of a service; 0: the address itself */
	uint8_t family;         /* 0: a free place */
	uint8_t protocol;
	uint8_t kind;           /* enum owner_name_kind */
	uint8_t pad;
};

struct owner_table {
	struct hash_key key;
	uint32_t max, mask, used; /* names that fit; places - 1; places in use */
	uint32_t pad;
	struct owner_name name[];
};

/* Bytes of a table for `max` names, services included, and setting one up in zeroed memory. */
size_t usher__owner_table_size(uint32_t max);
void usher__owner_table_init(struct owner_table *t, uint32_t max, const uint8_t seed[32]);

/* Two ends, as a packet has them: whose are they? */
struct owner_ends {
	uint8_t family, protocol;
	bool keyed;                   /* `key` is known */
	uint16_t zone;
	uint16_t key[2];
	const uint8_t *address[2];    /* source, destination: 4 or 16 bytes */
};
/* Has it keys that say whose it is? */
static inline bool owner_keyed(const struct pkt *p)
{
	bool icmp = p->protocol == USHER_ICMP || p->protocol == USHER_ICMPV6;

	return !(p->flags & (PKT_ICMP_ERROR | PKT_WIDE_KEY | PKT_FRAGMENT)) &&
	       (!icmp || usher__pkt_icmp_is_query(p->family, p->type));
}

uint32_t usher__owner_of(const struct usher_tracker *t, const struct owner_ends *ends);

#endif
