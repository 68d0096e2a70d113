/*
 * engine/query: looking at connections and expectations, and changing them from outside.
 *
 * Invariants: a position is the number of the record looked at last, so traffic may go on between two calls; what is past its
 * deadline is not shown, though the sweep has not come yet.
 */
#include "engine/engine.h"

/* The next used record after *position (family in bit 32); 0: none left, or *budget is. */
static uint32_t next_within(const struct usher_worker *w, uint64_t *position, uint32_t *budget)
{
	for (;; --*budget) {
		unsigned family = (unsigned)(*position >> 32);
		uint32_t number = (uint32_t)*position + 1;

		if (family > 1 || *budget == 0)
			return 0;
		if (number >= w->table.slab[family]->fresh) {
			*position = (uint64_t)(family + 1) << 32;
			continue;
		}
		*position = (uint64_t)family << 32 | number;
		number |= family ? CONN_IPV6 : 0;
		if (conn_at(&w->table, number)->status & CONN_USED) {
			--*budget;
			return number;
		}
	}
}

static uint32_t next_record(const struct usher_worker *w, uint64_t *position)
{
	uint32_t budget = UINT32_MAX; /* there are fewer records */

	return next_within(w, position, &budget);
}

bool usher_conn_next(struct usher_worker *w, uint64_t *position, struct usher_conn *conn)
{
	uint32_t record;

	while ((record = next_record(w, position))) {
		if (conn_dead(w, conn_at(&w->table, record)))
			continue;
		usher__conn_info(w, record, conn);
		return true;
	}
	return false;
}

bool usher_conn_scan(struct usher_worker *w, uint64_t *position, uint32_t *budget, struct usher_conn *conn)
{
	uint32_t record;

	while ((record = next_within(w, position, budget))) {
		if (conn_dead(w, conn_at(&w->table, record)))
			continue;
		usher__conn_info(w, record, conn);
		return true;
	}
	return false;
}

bool usher_conn_get(struct usher_worker *w, struct usher_ref ref, struct usher_conn *conn)
{
	uint32_t record = usher__ref_get(w, &ref);

	if (record)
		usher__conn_info(w, record, conn);
	return record != 0;
}

struct conn_found usher__conn_find(const struct usher_worker *w, const struct usher_tuple *tuple)
{
	bool ipv6 = tuple->src.family == USHER_IPV6;
	uint32_t size = ipv6 ? 16 : 4;
	struct pkt p = { .family = tuple->src.family, .protocol = tuple->protocol, .type = tuple->type,
			 .inverse_type = usher__answer_type(tuple->protocol, tuple->type),
			 .key = { (uint16_t)tuple->src.key, (uint16_t)tuple->dst.key } };
	uint8_t header[40] = { 0 };
	struct conn_key key;

	if ((tuple->src.family != USHER_IPV4 && !ipv6) || tuple->dst.family != tuple->src.family)
		return (struct conn_found){ NULL, 0, USHER_ORIG };
	if (tuple->protocol == USHER_GRE && tuple->type == 0) {
		p.key[0] = (uint16_t)(tuple->dst.key >> 16);
	} else if (tuple->protocol == USHER_GRE && tuple->type == 1) {
		p.key[0] = 0; /* what the wire carries finds it */
		p.flags = PKT_ONE_WAY;
	}
	memcpy(header + PKT_SRC_OFFSET(p.family), tuple->src.address, size);
	memcpy(header + PKT_DST_OFFSET(p.family), tuple->dst.address, size);
	conn_key_of(&w->table, &key, &p, header, tuple->zone);
	return usher__conn_lookup(&w->table, &key);
}

bool usher_conn_find(struct usher_worker *w, const struct usher_tuple *tuple, struct usher_conn *conn, uint8_t *direction)
{
	struct conn_found found = usher__conn_find(w, tuple);

	if (!found.c || conn_dead(w, found.c))
		return false;
	usher__conn_info(w, found.record, conn);
	if (direction)
		*direction = found.direction;
	return true;
}

bool usher_conn_delete(struct usher_worker *w, struct usher_ref ref)
{
	uint32_t record = usher__ref_get(w, &ref);

	if (record) {
		usher__conn_destroy(w, record, "deleted");
		usher__help_tell(w);
	}
	return record != 0;
}

static uint64_t end_some(struct usher_worker *w, const char *reason, uint64_t *position, uint32_t *budget)
{
	uint64_t before = w->counter[USHER_COUNTER_ENDED];
	uint32_t record;

	while ((record = next_within(w, position, budget))) {
		if (conn_dead(w, conn_at(&w->table, record)))
			usher__conn_bury(w, record);
		else
			usher__conn_destroy(w, record, reason);
	}
	usher__help_tell(w);
	return w->counter[USHER_COUNTER_ENDED] - before;
}

static uint64_t end_all(struct usher_worker *w, const char *reason)
{
	uint64_t position = 0, ended;
	uint32_t budget = UINT32_MAX, number;

	ended = end_some(w, reason, &position, &budget);
	while ((number = usher__mapping_next(&w->mappings, 0))) /* those that outlive their connections */
		usher__mapping_remove(&w->mappings, number);
	return ended;
}

/* Is a public name of this connection on that address? */
static bool goes_by(const struct usher_worker *w, uint32_t record, uint16_t zone, const struct usher_endpoint *address)
{
	struct conn *c = conn_at(&w->table, record);
	bool ipv6 = record & CONN_IPV6;
	uint32_t size = ipv6 ? 16 : 4;
	const uint8_t *at = conn_address(c, ipv6);

	if (c->zone != zone || address->family != (ipv6 ? USHER_IPV6 : USHER_IPV4))
		return false;
	return (c->status & CONN_NAT_SRC && memcmp(at + 3 * size, address->address, size) == 0) ||
	       (c->status & CONN_NAT_DST && memcmp(at + size, address->address, size) == 0);
}

uint64_t usher_address_gone(struct usher_worker *w, uint16_t zone, const struct usher_endpoint *address)
{
	uint64_t position = 0, before = w->counter[USHER_COUNTER_ENDED];
	uint32_t record, number, next, gone;

	while ((record = next_record(w, &position))) {
		if (conn_dead(w, conn_at(&w->table, record)))
			usher__conn_bury(w, record);
		else if (goes_by(w, record, zone, address))
			usher__conn_destroy(w, record, "address_gone");
	}
	usher__help_tell(w);
	gone = usher__nat_address_find(&w->keys, zone, address->family, address->address);
	for (number = usher__mapping_next(&w->mappings, 0); gone && number; number = next) {
		next = usher__mapping_next(&w->mappings, number);
		if (mapping_at(&w->mappings, number)->address == gone && !mapping_at(&w->mappings, number)->users)
			usher__mapping_remove(&w->mappings, number);
	}
	return w->counter[USHER_COUNTER_ENDED] - before;
}

uint64_t usher_flush(struct usher_worker *w)
{
	return end_all(w, "flushed");
}

/* Mappings that nobody uses any more go as well, those of newcomers stay. */
static void forget_mappings(struct usher_worker *w)
{
	uint32_t number, next;

	for (number = usher__mapping_next(&w->mappings, 0); number; number = next) {
		next = usher__mapping_next(&w->mappings, number);
		if (!mapping_at(&w->mappings, number)->users && !mapping_at(&w->mappings, number)->owner)
			usher__mapping_remove(&w->mappings, number);
	}
}

uint64_t usher_flush_some(struct usher_worker *w, uint64_t *position, uint32_t *budget)
{
	uint64_t ended = end_some(w, "flushed", position, budget);

	if (*budget)
		forget_mappings(w);
	return ended;
}

uint64_t usher_end(struct usher_worker *w)
{
	return end_all(w, "end");
}

bool usher_conn_set_mark(struct usher_worker *w, struct usher_ref ref, uint32_t mark)
{
	uint32_t record = usher__ref_get(w, &ref);

	if (record)
		conn_at(&w->table, record)->mark = mark;
	return record != 0;
}

bool usher_conn_set_timeout(struct usher_worker *w, struct usher_ref ref, uint32_t seconds)
{
	uint32_t record = usher__ref_get(w, &ref);
	struct conn *c = record ? conn_at(&w->table, record) : NULL;

	if (!c)
		return false;
	c->status &= (uint16_t)~CONN_FIXED_TIMEOUT;
	if (seconds) {
		c->status |= CONN_FIXED_TIMEOUT;
		c->timeout = 0;
		conn_refresh(w, record, c, w->now + seconds * USHER_SECOND);
	}
	return true;
}

bool usher_expect_next(struct usher_worker *w, uint64_t *position, struct usher_expectation *expectation)
{
	while (++*position < w->expects.slab->fresh) {
		const struct expect *e = expect_at(&w->expects, (uint32_t)*position);

		if (!e->in_use || e->deadline <= w->now || !usher__ref_get(w, &e->master))
			continue;
		usher__expect_info(w, e, expectation);
		return true;
	}
	return false;
}
