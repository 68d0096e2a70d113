/*
 * nat/pool: which address of a pool an inside host gets.
 *
 * Owns nothing. The address is a keyed hash of zone and inside address over the pool, and nothing else: the same as long as the
 * pool is, for all workers, without a table. That is paired pooling (RFC 4787 REQ-2, RFC 6888 REQ-2) and more: a table of who has
 * which address could fill, would forget idle hosts, and there would be one for each worker, although the connections of one host
 * are spread over all of them. Where the host's address has no key left the newcomer is refused and that is told: another address
 * would break what pairing is for. Whoever changes a pool parts hosts from their addresses; connections that are there keep
 * theirs.
 */
#ifndef USHER_NAT_POOL_H
#define USHER_NAT_POOL_H

#include "base/hash.h"

#include <usher/types.h>

/* The addresses first..last; `last` all zero: one address. IPv4 ones fill the first four bytes. */
struct nat_pool {
	uint8_t family;
	const uint8_t *first, *last;
};

/*
 * The pool's address for `inside`, an address of the pool's family, in this zone. Of a pool of more than 2^32 addresses the
 * first 2^32 are used.
 */
void usher__nat_pool_choose(const struct hash_key *key, const struct nat_pool *pool, uint16_t zone, const uint8_t *inside,
			    uint8_t chosen[16]);

#endif
