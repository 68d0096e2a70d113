/*
 * See owner.h.
 */
#include "engine/engine.h"

static uint32_t places_for(uint32_t max)
{
	uint32_t places = 4;

	while (places < 4 * max) /* a service may bring its address besides */
		places *= 2;
	return places;
}

size_t usher__owner_table_size(uint32_t max)
{
	return sizeof(struct owner_table) + (size_t)places_for(max) * sizeof(struct owner_name);
}

void usher__owner_table_init(struct owner_table *t, uint32_t max, const uint8_t seed[32])
{
	hash_key_init(&t->key, seed);
	t->max = max;
	t->mask = places_for(max) - 1;
}

static uint32_t size_of(uint8_t family)
{
	return family == USHER_IPV6 ? 16 : 4;
}

/* Where this name is, or would be. Half of the places are free at least. */
static uint32_t place_of(const struct owner_table *t, const struct owner_name *n)
{
	uint32_t word[6], at;

	memcpy(word, n->address, 16);
	word[4] = (uint32_t)n->zone << 16 | n->key;
	word[5] = (uint32_t)n->family << 8 | n->protocol;
	for (at = hash_words(&t->key, word, 6) & t->mask; t->name[at].family; at = (at + 1) & t->mask) {
		const struct owner_name *have = &t->name[at];

		if (have->family == n->family && have->protocol == n->protocol && have->zone == n->zone && have->key == n->key &&
		    memcmp(have->address, n->address, 16) == 0)
			break;
	}
	return at;
}

/* NULL: there is no such name. */
static const struct owner_name *find(const struct owner_table *t, const struct owner_ends *ends, unsigned which, bool service)
{
	struct owner_name n = { .zone = ends->zone, .family = ends->family };
	const struct owner_name *found;

	memcpy(n.address, ends->address[which], size_of(ends->family));
	if (service) {
		n.protocol = ends->protocol;
		n.key = ends->key[which];
	}
	found = &t->name[place_of(t, &n)];
	return found->family ? found : NULL;
}

/* What one end says. true: it is a lent address, and its key is worker *worker's. Else *address is it, or what it stands for. */
static bool read_end(const struct usher_tracker *t, const struct owner_ends *ends, unsigned which, const uint8_t **address,
		     uint32_t *worker)
{
	const struct owner_table *names = tracker_names(t);
	const struct owner_name *name = find(names, ends, which, false), *service = NULL;
	bool keyed = ends->keyed && usher__nat_space(ends->protocol);

	*address = ends->address[which];
	if (!name)
		return false;
	if (name->kind & OWNER_SERVICES && keyed)
		service = find(names, ends, which, true);
	if (service || name->kind & OWNER_STATIC) {
		*address = service ? service->inside : name->inside;
		return false;
	}
	if (!(name->kind & OWNER_LENT) || !keyed)
		return false;
	*worker = nat_key_owner(ends->key[which], t->workers);
	return true;
}

uint32_t usher__owner_of(const struct usher_tracker *t, const struct owner_ends *ends)
{
	const uint8_t *src = ends->address[0], *dst = ends->address[1];
	uint32_t word[9] = { 0 }, size = size_of(ends->family), worker = 0;

	if (tracker_names(t)->used > 0) {
		/* Its source is public when it is a packet that has left, quoted by an ICMP error, or the machine's own. */
		if (read_end(t, ends, 1, &dst, &worker) || read_end(t, ends, 0, &src, &worker))
			return worker;
	}
	if (memcmp(src, dst, size) > 0) {
		memcpy(word, dst, size);
		memcpy(word + 4, src, size);
	} else {
		memcpy(word, src, size);
		memcpy(word + 4, dst, size);
	}
	word[8] = ends->zone;
	return (uint32_t)((uint64_t)hash_words(&t->owner_key, word, 9) * t->workers >> 32);
}

/* What a packet of these bytes says of its ends; what an ICMP error quotes speaks for it. */
static void read_ends(const struct usher_packet *packet, struct owner_ends *ends)
{
	uint32_t wire_len = packet->wire_len > packet->len ? packet->wire_len : packet->len, at = 0;
	struct pkt p, inner;

	usher__pkt_decode(&p, packet->data, packet->len, wire_len, PKT_CSUM_GOOD | (packet->gso_size ? PKT_GSO : 0u));
	if (p.flags & PKT_ICMP_ERROR && usher__pkt_decode_quoted(&inner, &p, packet->data, packet->len, &at) &&
	    inner.family == ends->family)
		p = inner;
	else
		at = 0;
	ends->protocol = p.protocol;
	ends->keyed = p.reason == USHER_REASON_NONE && owner_keyed(&p);
	memcpy(ends->key, p.key, sizeof(ends->key));
	ends->address[0] = packet->data + at + PKT_SRC_OFFSET(ends->family);
	ends->address[1] = packet->data + at + PKT_DST_OFFSET(ends->family);
}

uint32_t usher_owner(const struct usher_tracker *t, const struct usher_packet *packet)
{
	unsigned version = packet->len ? packet->data[0] >> 4 : 0;
	struct owner_ends ends = { .zone = packet->zone, .family = version == 6 ? USHER_IPV6 : USHER_IPV4 };

	if (t->workers < 2 || (version != 4 && version != 6) ||
	    packet->len < PKT_SRC_OFFSET(ends.family) + 2 * size_of(ends.family))
		return 0;
	read_ends(packet, &ends);
	return usher__owner_of(t, &ends);
}

/* ---- the names ---- */

static void put(struct owner_table *t, const struct owner_name *n)
{
	struct owner_name *place = &t->name[place_of(t, n)];

	if (!place->family) {
		*place = *n;
		t->used++;
		return;
	}
	place->kind |= n->kind;
	if (n->kind & OWNER_STATIC)
		memcpy(place->inside, n->inside, 16);
}

static void put_name(struct owner_table *t, const struct usher_public_name *given)
{
	struct owner_name n = { .zone = given->zone, .family = given->address.family, .kind = OWNER_LENT };

	memcpy(n.address, given->address.address, size_of(n.family));
	if (given->inside.family) {
		n.kind = OWNER_STATIC;
		memcpy(n.inside, given->inside.address, size_of(n.family));
	}
	if (given->protocol) {
		struct owner_name address = n;

		n.protocol = given->protocol;
		n.key = (uint16_t)given->address.key;
		address.kind = OWNER_SERVICES;
		put(t, &address);
	}
	put(t, &n);
}

static bool is_sound(const struct usher_public_name *n)
{
	bool family = n->address.family == USHER_IPV4 || n->address.family == USHER_IPV6;
	bool inside = n->inside.family == n->address.family || (!n->inside.family && !n->protocol);

	return family && inside && (!n->protocol || (usher__nat_space(n->protocol) && n->address.key <= 65535));
}

bool usher_set_public(struct usher_tracker *t, const struct usher_public_name *names, uint32_t count)
{
	struct owner_table *table = tracker_names(t);
	uint32_t i;

	if (count > table->max)
		return false;
	for (i = 0; i < count; i++)
		if (!is_sound(&names[i]))
			return false;
	memset(table->name, 0, ((size_t)table->mask + 1) * sizeof(table->name[0]));
	table->used = 0;
	for (i = 0; i < count; i++)
		put_name(table, &names[i]);
	return true;
}
