/*
 * engine/nat: how a newcomer is translated, what that takes from keys and mappings, and gives it back at its end; names
 * that helpers reserve.
 *
 * Owns: CONN_NAT_*, the worker's keys and mappings. Invariants: a connection's reply tuple is the inverse of its orig
 * as it leaves, and belongs to it alone: a key is shared only with connections whose tuple differs elsewhere. What was
 * taken for a newcomer that does not come to be is given back at once. A connection with CONN_NAT_KEY is one user of
 * its public key (the reply's destination), one with CONN_NAT_SRC_MAPPED or CONN_NAT_DST_MAPPED a user of the mapping
 * of that public endpoint; which they are is read off its tuples, so nothing else has to be remembered. A connection
 * that both sides have ended keeps its tuple, for what still comes of it, but no key: others may have that towards
 * other destinations, and towards its own when nothing else is left. A helper's mapping is owned by the extra of its
 * connection until its tag is withdrawn. Sources: DESIGN 3; RFC 4787 REQ-1 to REQ-9, 5382 REQ-1 and REQ-5, 5508 REQ-2,
 * 6056, 6191 (a new connection where the old one waits in TIME-WAIT).
 */
#include "engine/engine.h"

#include "nat/pool.h"

#define IDLE_UDP (300 * USHER_SECOND)   /* RFC 4787 REQ-5: five minutes unless configured */
#define IDLE_OTHER (240 * USHER_SECOND) /* RFC 5382 REQ-5: as long as a transitory connection */
#define MAPPING_LINGERS \
	2 /* beside enum mapping_flags: a policy's, not a helper's: it outlives its connections a while */

/* ---- the reply tuple ---- */

/* What the reply's packets carry, if the newcomer leaves so. */
static void reply_key(const struct usher_worker *w, const struct birth *b, const struct binding *bind, uint8_t address[32],
		      struct conn_key *k)
{
	bool one_way = b->key->ports_mask != 0xffffffffu;
	uint16_t key[2] = { one_way ? 0 : bind->dst_key, bind->src_key };
	uint32_t size = b->key->ipv6 ? 16 : 4;

	memcpy(address, bind->dst, size);
	memcpy(address + size, bind->src, size);
	k->address = address;
	k->ports = conn_wide(b->key->ztp) ? b->key->ports : conn_ports(key);
	k->ports_mask = b->key->ports_mask;
	k->ztp = b->key->ztp_inverse;
	k->ztp_inverse = b->key->ztp;
	k->ipv6 = b->key->ipv6;
	k->hash = conn_hash(&w->table, k);
}

static struct conn_found reply_owner(const struct usher_worker *w, const struct birth *b, const struct binding *bind)
{
	uint8_t address[32];
	struct conn_key k;

	reply_key(w, b, bind, address, &k);
	return usher__conn_lookup(&w->table, &k);
}

/* What nat_key_pick asks: would this key be the newcomer's alone? */
struct candidate {
	const struct usher_worker *w;
	const struct birth *b;
	struct binding bind;
};

/* Is its tuple in nobody's way? */
static bool makes_way(const struct usher_worker *w, const struct conn *c, bool reclaims)
{
	return conn_dead(w, c) || (reclaims && c->status & CONN_CLOSED);
}

static bool is_unique(void *user, uint16_t key)
{
	struct candidate *c = user;
	struct conn_found found;

	c->bind.src_key = key;
	if (c->b->p->protocol == USHER_ICMP || c->b->p->protocol == USHER_ICMPV6)
		c->bind.dst_key = key;
	found = reply_owner(c->w, c->b, &c->bind);
	return !found.c || makes_way(c->w, found.c, c->bind.reclaims);
}

/* The tuple is settled: who had it and is dead goes, or has ended and nothing else is left; who is alive keeps it. */
static bool take_over(struct usher_worker *w, const struct birth *b, const struct binding *bind)
{
	struct conn_found found = reply_owner(w, b, bind);

	if (!found.c)
		return true;
	if (!makes_way(w, found.c, bind->reclaims))
		return false;
	if (conn_dead(w, found.c))
		usher__conn_bury(w, found.record);
	else
		usher__conn_destroy(w, found.record, "replaced");
	return true;
}

/* ---- keys ---- */

static uint8_t space_of(const struct birth *b)
{
	bool icmp = b->p->protocol == USHER_ICMP || b->p->protocol == USHER_ICMPV6;

	if (b->p->protocol == USHER_GRE || (icmp && !usher__pkt_icmp_is_query(b->p->family, b->p->type)))
		return NAT_SPACE_NONE; /* node information (RFC 4620) is a query without an id */
	return usher__nat_space(b->p->protocol);
}

/* The range a key is chosen of: the policy's, or the configured one, or the default, which keeps ports below 1024 there. */
static void set_range(const struct usher_worker *w, struct nat_ask *ask, uint16_t first, uint16_t last)
{
	const struct usher_options *o = &w->tracker->options;

	if (!first && !last && (ask->own >= 1024 || ask->space == NAT_SPACE_ICMP || ask->space == NAT_SPACE_GRE)) {
		first = o->nat_first;
		last = o->nat_last;
	}
	usher__nat_ask_range(ask, first, last);
}

/* A key for the newcomer on this public address, shared where it must be. -1: exhausted. */
static int32_t pick_shared(struct usher_worker *w, const struct birth *b, const struct binding *bind, const struct usher_nat *nat,
			   uint32_t address)
{
	struct candidate candidate = { w, b, *bind };
	struct nat_ask ask = { .address = address,
		.space = space_of(b),
		.own = bind->src_key,
		.unique = is_unique,
		.user = &candidate,
		.flags = (uint8_t)(NAT_ASK_SHARE | (nat->flags & USHER_NAT_RANDOM ? 0 : NAT_ASK_KEEP)) };
	int32_t key;

	set_range(w, &ask, nat->key_first, nat->key_last);
	if (ask.space != NAT_SPACE_UDP)
		return usher__nat_key_pick(&w->keys, &ask, &w->nat_random);
	ask.flags |= NAT_ASK_PARITY;
	key = usher__nat_key_pick(&w->keys, &ask, &w->nat_random);
	ask.flags &= (uint8_t)~NAT_ASK_PARITY;
	return key >= 0 ? key : usher__nat_key_pick(&w->keys, &ask, &w->nat_random);
}

/* A key that one inside endpoint has alone. -1: exhausted. */
static int32_t pick_exclusive(struct usher_worker *w, uint32_t address, uint8_t space, uint16_t own, const struct usher_nat *nat)
{
	struct nat_ask ask = { .address = address, .space = space, .own = own,
			       .flags = nat && nat->flags & USHER_NAT_RANDOM ? 0 : NAT_ASK_KEEP };

	set_range(w, &ask, nat ? nat->key_first : 0, nat ? nat->key_last : 0);
	return usher__nat_key_pick(&w->keys, &ask, &w->nat_random);
}

/* ---- mappings ---- */

static usher_time idle_of(const struct mapping *m)
{
	if (!(m->flags & MAPPING_LINGERS))
		return 0;
	return m->protocol == USHER_UDP ? IDLE_UDP : IDLE_OTHER;
}

static void leave_mapping(struct usher_worker *w, uint32_t number)
{
	struct mapping *m = mapping_at(&w->mappings, number);

	mapping_leave(m, w->moment ? w->moment : w->now, idle_of(m)); /* from the connection's end on, whenever that is noticed */
	if (mapping_over(m, w->now))
		usher__mapping_remove(&w->mappings, number);
}

/* The mapping that stands for an inside endpoint on a held public address, or a new one, published; 0: no key or no record. */
static uint32_t map_inside(
        struct usher_worker *w, const struct mapping_inside *inside, uint32_t address, const struct usher_nat *nat)
{
	uint32_t number = usher__mapping_by_inside(&w->mappings, inside, address);
	struct mapping *m;
	int32_t key;

	if (number && mapping_over(mapping_at(&w->mappings, number), w->now)) {
		usher__mapping_remove(&w->mappings, number);
		number = 0;
	}
	if (number && mapping_at(&w->mappings, number)->flags & MAPPING_LINGERS)
		return number;
	key = pick_exclusive(w, address, usher__nat_space(inside->protocol), inside->key, nat);
	number = key < 0 ? 0 : usher__mapping_take(&w->mappings);
	if (!number)
		return 0;
	m = mapping_at(&w->mappings, number);
	m->zone = inside->zone;
	m->family = inside->family;
	m->protocol = inside->protocol;
	m->inside_key = inside->key;
	memcpy(m->inside, inside->address, inside->family == USHER_IPV6 ? 16 : 4);
	m->address = address;
	m->public_key = (uint16_t)key;
	m->flags = (uint8_t)(MAPPING_LINGERS | (nat->flags & USHER_NAT_ANY_SOURCE ? MAPPING_ANY_SOURCE : 0));
	m->deadline = w->now;
	if (!usher__mapping_publish(&w->mappings, number)) {
		usher__mapping_give(&w->mappings, number);
		return 0;
	}
	count(w, USHER_COUNTER_MAPPINGS);
	return number;
}

/* The mapping of a public endpoint that is not over; 0: none. */
static uint32_t mapping_at_public(struct usher_worker *w, uint16_t zone, const struct usher_endpoint *e, uint8_t protocol)
{
	uint32_t address, number;

	if (!mapping_any(&w->mappings) || !usher__nat_space(protocol))
		return 0;
	address = usher__nat_address_find(&w->keys, zone, e->family, e->address);
	number = address ? usher__mapping_by_public(&w->mappings, address, protocol, (uint16_t)e->key) : 0;
	if (number && mapping_over(mapping_at(&w->mappings, number), w->now)) {
		usher__mapping_remove(&w->mappings, number);
		number = 0;
	}
	return number;
}

/* ---- binding a newcomer ---- */

static struct usher_endpoint packet_end(const struct birth *b, unsigned dst)
{
	struct usher_endpoint e = { .family = b->p->family, .key = b->p->key[dst] };
	uint32_t at = dst ? PKT_DST_OFFSET(b->p->family) : PKT_SRC_OFFSET(b->p->family);

	memcpy(e.address, b->data + at, b->p->family == USHER_IPV6 ? 16 : 4);
	return e;
}

/* As it came. */
static void begin_binding(const struct birth *b, struct binding *bind)
{
	struct usher_endpoint src = packet_end(b, 0), dst = packet_end(b, 1);

	memset(bind, 0, sizeof(*bind));
	memcpy(bind->src, src.address, 16);
	memcpy(bind->dst, dst.address, 16);
	bind->own_key[0] = bind->src_key = b->p->key[0];
	bind->own_key[1] = bind->dst_key = b->p->key[1];
}

static bool one_address(const struct usher_nat *nat)
{
	static const uint8_t none[16];

	return memcmp(nat->last, none, 16) == 0 || memcmp(nat->first, nat->last, 16) == 0;
}

/* 1:1: the bits behind the prefix stay. */
static void swap_prefix(const struct usher_nat *nat, uint8_t address[16])
{
	unsigned i, bits = nat->prefix;

	for (i = 0; i < 16; i++, bits = bits > 8 ? bits - 8 : 0) {
		uint8_t mask = (uint8_t)(bits >= 8 ? 0xff : 0xff00 >> bits);

		address[i] = (uint8_t)((nat->first[i] & mask) | (address[i] & ~mask));
	}
}

static void choose_address(const struct usher_worker *w, const struct usher_nat *nat, uint16_t zone, const uint8_t *inside,
			   uint8_t to[16])
{
	const struct nat_pool pool = { nat->family, nat->first, nat->last };

	if (nat->flags & USHER_NAT_PREFIX)
		swap_prefix(nat, to);
	else if (one_address(nat))
		memcpy(to, nat->first, 16);
	else
		usher__nat_pool_choose(&w->table.hash_key, &pool, zone, inside, to);
}

static void bind_destination(struct usher_worker *w, const struct birth *b, const struct usher_nat *nat, struct binding *bind)
{
	uint8_t source[16];
	uint32_t range = (uint32_t)nat->key_last - nat->key_first + 1;

	memcpy(source, bind->src, 16);
	choose_address(w, nat, b->packet->zone, source, bind->dst);
	if (nat->key_first && space_of(b) != NAT_SPACE_NONE && space_of(b) != NAT_SPACE_ICMP)
		bind->dst_key = (uint16_t)(nat->key_first + (nat->key_last > nat->key_first ? b->key->hash % range : 0));
	bind->status |= CONN_NAT_DST;
}

/* By a mapping that the inside endpoint has alone, whatever it talks to. */
static uint8_t bind_mapped(struct usher_worker *w, const struct birth *b, const struct usher_nat *nat, struct binding *bind,
			   uint32_t address)
{
	struct usher_endpoint src = packet_end(b, 0);
	struct mapping_inside inside = { b->packet->zone, (uint16_t)src.key, src.family, b->p->protocol, src.address };
	uint32_t number = map_inside(w, &inside, address, nat);

	if (!number)
		return USHER_REASON_NAT_EXHAUSTED;
	mapping_use(mapping_at(&w->mappings, number));
	bind->src_key = mapping_at(&w->mappings, number)->public_key;
	bind->src_mapping = number;
	bind->status |= CONN_NAT_SRC_MAPPED;
	return USHER_REASON_NONE;
}

static uint8_t bind_key(struct usher_worker *w, const struct birth *b, const struct usher_nat *nat, struct binding *bind,
			uint32_t address)
{
	int32_t key = pick_shared(w, b, bind, nat, address);

	if (key < 0 && b->p->protocol == USHER_TCP) {
		bind->reclaims = true;
		key = pick_shared(w, b, bind, nat, address);
	}
	if (key < 0 || !usher__nat_key_share(&w->keys, address, space_of(b), (uint16_t)key))
		return USHER_REASON_NAT_EXHAUSTED;
	bind->src_key = (uint16_t)key;
	bind->address = address;
	bind->space = space_of(b);
	bind->status |= CONN_NAT_KEY;
	return USHER_REASON_NONE;
}

/* The newcomer leaves from `bind->src`, with a key there that is its own. */
static uint8_t bind_source_key(struct usher_worker *w, const struct birth *b, const struct usher_nat *nat, struct binding *bind)
{
	uint32_t address = usher__nat_address_hold(&w->keys, b->packet->zone, b->p->family, bind->src);
	uint8_t reason = USHER_REASON_NAT_EXHAUSTED;

	if (!address)
		return reason;
	reason = nat->flags & USHER_NAT_ANY_DESTINATION ? bind_mapped(w, b, nat, bind, address)
	                                                : bind_key(w, b, nat, bind, address);
	usher__nat_address_release(&w->keys, address); /* the key's user holds it */
	if (reason == USHER_REASON_NAT_EXHAUSTED)
		usher__emit_refusal(w, b, bind->src);
	return reason;
}

static uint8_t bind_source(struct usher_worker *w, const struct birth *b, const struct usher_nat *nat, struct binding *bind)
{
	uint8_t source[16];

	if (b->p->flags & PKT_ONE_WAY) /* GRE of no known call: its answers could not be told from others' */
		return USHER_REASON_NAT_UNMAPPABLE;
	memcpy(source, bind->src, 16);
	choose_address(w, nat, b->packet->zone, source, bind->src);
	bind->status |= CONN_NAT_SRC;
	if (nat->flags & USHER_NAT_PREFIX || space_of(b) == NAT_SPACE_NONE)
		return USHER_REASON_NONE;
	return bind_source_key(w, b, nat, bind);
}

/* What a query's packets carry is one id, in both places. */
static void settle_query(const struct birth *b, struct binding *bind)
{
	if (b->p->protocol == USHER_ICMP || b->p->protocol == USHER_ICMPV6)
		bind->dst_key = bind->src_key;
}

void usher__nat_unbind(struct usher_worker *w, struct binding *bind)
{
	if (bind->status & CONN_NAT_KEY)
		(void)usher__nat_key_give(&w->keys, bind->address, bind->space, bind->src_key);
	if (bind->src_mapping)
		leave_mapping(w, bind->src_mapping);
	if (bind->dst_mapping)
		leave_mapping(w, bind->dst_mapping);
	memset(bind, 0, sizeof(*bind));
}

/* With several workers: do its answers come to this one? Else somebody talks to himself, or usher_set_public was not told all. */
static bool is_answered_here(const struct usher_worker *w, const struct birth *b, const struct binding *bind)
{
	const struct owner_ends reply = {
		.family = b->p->family,
		.protocol = b->p->protocol,
		.keyed = owner_keyed(b->p),
		.zone = b->packet->zone,
		.key = { bind->dst_key, bind->src_key },
		.address = { bind->dst, bind->src },
	};

	return w->tracker->workers == 1 || usher__owner_of(w->tracker, &reply) == w->number;
}

/*
 * Is its reply tuple to be looked for? Without NAT nobody else has it, or the newcomer's packet would have been its answer; of GRE
 * of no known call the answers have no key.
 */
static bool may_clash(struct usher_worker *w, const struct birth *b, const struct binding *bind)
{
	w->translates |= bind->status != 0;
	return bind->status || (w->translates && !(b->p->flags & PKT_ONE_WAY));
}

static uint8_t finish_binding(struct usher_worker *w, const struct birth *b, struct binding *bind, uint8_t reason)
{
	if (reason == USHER_REASON_NONE) {
		settle_query(b, bind);
		bind->reclaims = true; /* there is no choice any more; without NAT it would begin anew in the old one's
		                          place, too */
		if (!is_answered_here(w, b, bind))
			reason = USHER_REASON_NAT_OWNER;
		else if (!may_clash(w, b, bind) || take_over(w, b, bind))
			return USHER_REASON_NONE;
		else
			reason = USHER_REASON_NAT_UNMAPPABLE;
	}
	usher__nat_unbind(w, bind);
	return reason;
}

/* A mapping is translated to its inside endpoint. */
static void bind_to_mapping(struct usher_worker *w, uint32_t number, struct binding *bind)
{
	struct mapping *m = mapping_at(&w->mappings, number);

	mapping_use(m);
	memcpy(bind->dst, m->inside, 16);
	bind->dst_key = m->inside_key;
	bind->dst_mapping = number;
	bind->status |= CONN_NAT_DST | CONN_NAT_DST_MAPPED;
}

uint8_t usher__nat_inbound(struct usher_worker *w, const struct birth *b, uint32_t *mapping, struct usher_endpoint *inside)
{
	struct usher_endpoint dst = packet_end(b, 1);
	const struct mapping *m;

	*mapping = space_of(b) == NAT_SPACE_NONE ? 0 : mapping_at_public(w, b->packet->zone, &dst, b->p->protocol);
	if (!*mapping)
		return USHER_REASON_NONE;
	m = mapping_at(&w->mappings, *mapping);
	if (!(m->flags & MAPPING_ANY_SOURCE))
		return USHER_REASON_NAT_UNASKED; /* in silence: RFC 5382 REQ-4 */
	memcpy(inside->address, m->inside, 16);
	inside->family = m->family;
	inside->key = m->inside_key;
	return USHER_REASON_NONE;
}

uint8_t usher__nat_bind(struct usher_worker *w, const struct birth *b, const struct usher_decision *decision, uint32_t mapping,
			struct binding *bind)
{
	const struct usher_nat *source = &decision->source, *destination = &decision->destination;
	uint8_t reason = USHER_REASON_NONE;

	begin_binding(b, bind);
	if ((source->family && source->family != b->p->family) || (destination->family && destination->family != b->p->family))
		return USHER_REASON_NAT_UNMAPPABLE;
	if (mapping)
		bind_to_mapping(w, mapping, bind);
	else if (destination->family)
		bind_destination(w, b, destination, bind);
	if (source->family)
		reason = bind_source(w, b, source, bind);
	return finish_binding(w, b, bind, reason);
}

/* ---- children of announcements ---- */

/* A public endpoint that a helper reserved: the child goes by the same mapping. */
static bool use_reserved(struct usher_worker *w, const struct birth *b, const struct usher_endpoint *public, uint32_t *number)
{
	*number = mapping_at_public(w, b->packet->zone, public, b->p->protocol);
	if (*number)
		mapping_use(mapping_at(&w->mappings, *number));
	return *number != 0;
}

static bool same_end(const struct usher_endpoint *a, const struct usher_endpoint *b)
{
	return a->key == b->key && memcmp(a->address, b->address, 16) == 0;
}

static void set_end(struct usher_endpoint *e, uint8_t family, const uint8_t *address, uint32_t key)
{
	e->family = family;
	e->key = key;
	memcpy(e->address, address, 16);
}

/* One side of an expectation: how its packet came (`public`: its destination there), and how it leaves. */
struct way {
	struct usher_endpoint src, out_src, dst, out_dst;
};

static void find_way(const struct birth *b, const struct expect *e, bool inverse, struct way *way)
{
	const struct usher_endpoint src = packet_end(b, 0);

	if (inverse) {
		set_end(&way->src, e->family, e->out_dst, e->out_dst_key);
		set_end(&way->dst, e->family, e->out_src, e->out_src_key);
		set_end(&way->out_src, e->family, e->dst, e->dst_key);
		set_end(&way->out_dst, e->family, e->src, e->src_key);
		return;
	}
	set_end(&way->src, e->family, e->src, e->src_key);
	set_end(&way->dst, e->family, e->dst, e->dst_key);
	set_end(&way->out_src, e->family, e->out_src, e->out_src_key);
	set_end(&way->out_dst, e->family, e->out_dst, e->out_dst_key);
	if (!(e->pattern[0] & EXPECT_SRC_ADDRESS)) {
		way->src = src;
		way->out_src = src;
	}
	if (!e->both && !e->src_key) { /* its key was open: it leaves with its own, or one that NAT finds */
		way->src.key = src.key;
		way->out_src.key = src.key;
	}
}

uint8_t usher__nat_bind_expected(struct usher_worker *w, const struct birth *b, const struct expect *e, bool inverse,
				 struct binding *bind)
{
	static const struct usher_nat plain = { 0 };
	uint8_t reason = USHER_REASON_NONE;
	struct way way;

	begin_binding(b, bind);
	find_way(b, e, inverse, &way);
	memcpy(bind->src, way.out_src.address, 16);
	memcpy(bind->dst, way.out_dst.address, 16);
	bind->own_key[0] = (uint16_t)way.src.key;
	bind->own_key[1] = (uint16_t)way.dst.key;
	bind->src_key = (uint16_t)way.out_src.key;
	bind->dst_key = (uint16_t)way.out_dst.key;
	if (!same_end(&way.dst, &way.out_dst)) {
		bind->status |= CONN_NAT_DST;
		if (use_reserved(w, b, &way.dst, &bind->dst_mapping))
			bind->status |= CONN_NAT_DST_MAPPED;
	}
	if (!same_end(&way.src, &way.out_src)) {
		bind->status |= CONN_NAT_SRC;
		if (use_reserved(w, b, &way.out_src, &bind->src_mapping))
			bind->status |= CONN_NAT_SRC_MAPPED;
		else if (space_of(b) != NAT_SPACE_NONE)
			reason = bind_source_key(w, b, &plain, bind);
	}
	if (b->p->protocol == USHER_GRE && reason == USHER_REASON_NONE)
		return reason; /* both keys are the call's own: whoever has its tuple makes way (publish) */
	return finish_binding(w, b, bind, reason);
}

/* ---- the end ---- */

static void release_end(struct usher_worker *w, struct conn *c, bool ipv6, unsigned which, bool mapped)
{
	const uint8_t *at = conn_address(c, ipv6) + which * (ipv6 ? 16u : 4u);
	uint8_t full[16] = { 0 };
	uint32_t address, number;

	memcpy(full, at, ipv6 ? 16 : 4);
	address = usher__nat_address_find(&w->keys, c->zone, ipv6 ? USHER_IPV6 : USHER_IPV4, full);
	if (!address)
		return;
	if (!mapped) {
		(void)usher__nat_key_give(&w->keys, address, usher__nat_space(c->protocol), c->key[which]);
		return;
	}
	number = usher__mapping_by_public(&w->mappings, address, c->protocol, c->key[which]);
	if (number)
		leave_mapping(w, number);
}

void usher__nat_release(struct usher_worker *w, struct conn *c, bool ipv6)
{
	if (c->status & (CONN_NAT_KEY | CONN_NAT_SRC_MAPPED))
		release_end(w, c, ipv6, 3, c->status & CONN_NAT_SRC_MAPPED);
	if (c->status & CONN_NAT_DST_MAPPED)
		release_end(w, c, ipv6, 1, true);
	c->status &= (uint16_t)~(CONN_NAT_KEY | CONN_NAT_SRC_MAPPED | CONN_NAT_DST_MAPPED);
}

/* A mapping that only this connection still goes by. */
static bool is_last_user(struct usher_worker *w, struct conn *c, bool ipv6, unsigned which)
{
	uint8_t full[16] = { 0 };
	const struct mapping *m;
	uint32_t address, number;

	memcpy(full, conn_address(c, ipv6) + which * (ipv6 ? 16u : 4u), ipv6 ? 16 : 4);
	address = usher__nat_address_find(&w->keys, c->zone, ipv6 ? USHER_IPV6 : USHER_IPV4, full);
	number = address ? usher__mapping_by_public(&w->mappings, address, c->protocol, c->key[which]) : 0;
	if (!number)
		return false;
	m = mapping_at(&w->mappings, number);
	return m->users == 1 && !m->owner && !(m->flags & MAPPING_LINGERS);
}

void usher__nat_closed(struct usher_worker *w, struct conn *c, bool ipv6)
{
	if (c->status & CONN_NAT_KEY || (c->status & CONN_NAT_SRC_MAPPED && is_last_user(w, c, ipv6, 3))) {
		release_end(w, c, ipv6, 3, c->status & CONN_NAT_SRC_MAPPED);
		c->status &= (uint16_t)~(CONN_NAT_KEY | CONN_NAT_SRC_MAPPED);
	}
	if (c->status & CONN_NAT_DST_MAPPED && is_last_user(w, c, ipv6, 1)) {
		release_end(w, c, ipv6, 1, true);
		c->status &= (uint16_t)~CONN_NAT_DST_MAPPED;
	}
}

/* ---- what helpers reserve ---- */

/* One more mapping of a wish, published; 0: no record. */
static uint32_t reserve_one(struct usher_worker *w, const struct nat_wish *wish, uint32_t address, uint16_t key, uint8_t part)
{
	uint32_t number = usher__mapping_take(&w->mappings);
	struct mapping *m;

	if (!number)
		return 0;
	m = mapping_at(&w->mappings, number);
	m->zone = wish->zone;
	m->family = wish->family;
	m->protocol = wish->protocol;
	m->inside_key = (uint16_t)(wish->key + part);
	memcpy(m->inside, wish->inside, 16);
	m->address = address;
	m->public_key = key;
	m->owner = wish->owner;
	m->tag = wish->tag;
	m->side = wish->side;
	m->part = part;
	m->deadline = w->now;
	if (usher__mapping_publish(&w->mappings, number)) {
		count(w, USHER_COUNTER_MAPPINGS);
		return number;
	}
	usher__mapping_give(&w->mappings, number);
	return 0;
}

/* All that have this name, whatever their part, go. */
static void free_named(struct usher_worker *w, const struct nat_wish *wish)
{
	struct mapping_name name = { wish->owner, wish->tag, wish->side, wish->protocol, 0 };
	uint32_t number;

	while ((number = usher__mapping_by_name(&w->mappings, &name))) {
		usher__nat_free(w, number);
		name.part++;
	}
}

/* Keys in a row on a held address, each with its mapping. -1: exhausted, and nothing is left of it. */
static int32_t reserve_run(struct usher_worker *w, const struct nat_wish *wish, uint32_t address, uint32_t *made)
{
	struct nat_ask ask = { .address = address,
		.space = usher__nat_space(wish->protocol),
		.own = wish->key,
		.flags = NAT_ASK_KEEP,
		.count = wish->count,
		.align = wish->align };
	uint8_t part, parts = wish->count ? wish->count : 1;
	int32_t key;

	set_range(w, &ask, 0, 0);
	key = usher__nat_key_pick(&w->keys, &ask, &w->nat_random);
	for (part = 0; key >= 0 && part < parts; part++) {
		uint32_t number = reserve_one(w, wish, address, (uint16_t)(key + part), part);

		if (!part)
			*made = number;
		if (!number) {
			free_named(w, wish);
			*made = 0;
			return -1;
		}
	}
	return key;
}

int32_t usher__nat_reserve(struct usher_worker *w, const struct nat_wish *wish, uint32_t *made)
{
	const struct mapping_name name = { wish->owner, wish->tag, wish->side, wish->protocol, 0 };
	uint32_t number = usher__mapping_by_name(&w->mappings, &name), address;
	const struct mapping *m;
	int32_t key;

	*made = 0;
	if (number) {
		m = mapping_at(&w->mappings, number);
		if (m->inside_key == wish->key && memcmp(m->inside, wish->inside, 16) == 0)
			return m->public_key;
		free_named(w, wish); /* the tag means another endpoint now */
	}
	address = usher__nat_address_hold(&w->keys, wish->zone, wish->family, wish->public);
	if (!address || !usher__nat_space(wish->protocol)) {
		if (address)
			usher__nat_address_release(&w->keys, address);
		return -1;
	}
	key = reserve_run(w, wish, address, made);
	usher__nat_address_release(&w->keys, address); /* its keys' users hold it */
	return key;
}

void usher__nat_free(struct usher_worker *w, uint32_t number)
{
	usher__mapping_disown(&w->mappings, number);
	if (mapping_over(mapping_at(&w->mappings, number), w->now))
		usher__mapping_remove(&w->mappings, number);
}

void usher__nat_withdraw(struct usher_worker *w, uint32_t owner, uint32_t tag)
{
	uint32_t number = usher__mapping_of_owner(&w->mappings, owner, 0);

	while (number) {
		uint32_t next = usher__mapping_of_owner(&w->mappings, owner, number);

		if (tag == USHER_ALL_TAGS || mapping_at(&w->mappings, number)->tag == tag)
			usher__nat_free(w, number);
		number = next;
	}
}
