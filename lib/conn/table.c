/*
 * conn/table: hash, look-up, and the way of a record from free to used and back (table.h has the layout).
 */
#include "conn/table.h"

uint32_t usher__conn_hash_ipv6(const struct hash_key *h, const uint8_t *address, uint32_t ports, uint32_t ztp)
{
	uint32_t word[10];
	uint16_t key[2];
	int order = memcmp(address, address + 16, 16);
	unsigned swap;

	memcpy(key, &ports, 4);
	swap = order > 0 || (order == 0 && key[0] > key[1]);
	memcpy(word, address + 16 * swap, 16);
	memcpy(word + 4, address + 16 * !swap, 16);
	word[8] = (uint32_t)key[swap] << 16 | key[!swap];
	word[9] = conn_zp(ztp);
	return hash_words(h, word, 10);
}

uint32_t usher__conn_hash_wide(const struct conn_table *t, const struct conn_key *k)
{
	uint32_t word[10] = { 0 }, size = k->ipv6 ? 16 : 4;
	bool swap = memcmp(k->address, k->address + size, size) > 0;

	memcpy(word, k->address + (swap ? size : 0), size);
	memcpy(word + 4, k->address + (swap ? 0 : size), size);
	word[8] = k->ports;
	word[9] = conn_zp(k->ztp);
	return hash_words(&t->hash_key, word, 10);
}

struct conn_found usher__conn_lookup(const struct conn_table *t, const struct conn_key *k)
{
	struct index_search s = index_begin(t->index, k->hash);
	struct conn_found found = { NULL, 0, 0 };
	uint32_t entry;

	while ((entry = index_next(&s))) {
		uint32_t record = entry & (CONN_IPV6 | CONN_NUMBER);
		int direction;

		if ((entry & CONN_IPV6 ? true : false) != k->ipv6)
			continue;
		direction = conn_compare(conn_at(t, record), k);
		if (direction < 0)
			continue;
		found.c = conn_at(t, record);
		found.record = record;
		found.direction = (uint8_t)direction;
		return found;
	}
	return found;
}

static bool is_call(const struct conn *c)
{
	return c->protocol == USHER_GRE && c->type == 1;
}

/* The hash that a record is found by, as its entry says. */
static uint32_t entry_hash(const struct conn_table *t, uint32_t entry)
{
	struct conn *c = conn_at(t, entry);
	bool ipv6 = entry & CONN_IPV6, second = entry & CONN_SECOND;
	uint32_t size = ipv6 ? 32 : 8;
	struct conn_key k = { .ipv6 = ipv6 };
	uint16_t key[2];

	k.address = conn_address(c, ipv6) + (second ? size : 0);
	memcpy(key, &c->key[second ? 2 : 0], 4);
	if (is_call(c))
		key[entry & CONN_SENDER ? 1 : 0] = 0; /* enhanced GRE carries only the receiver's key */
	k.ports = conn_ports(key);
	k.ztp = conn_ztp(c->zone, c->protocol, c->type);
	return conn_hash(t, &k);
}

void usher__conn_call_key(const struct conn_table *t, struct conn_key *k, struct conn *c, bool ipv6)
{
	uint16_t key[2] = { 0, c->key[3] };

	k->ipv6 = ipv6;
	k->address = conn_address(c, ipv6) + (ipv6 ? 32 : 8);
	k->ports = conn_ports(key);
	k->ports_mask = conn_receiver_mask();
	k->ztp = k->ztp_inverse = conn_ztp(c->zone, c->protocol, c->type);
	k->hash = conn_hash(t, k);
}

static uint32_t rehash(void *user, uint32_t entry)
{
	return entry_hash(user, entry);
}

uint32_t usher__conn_take(struct conn_table *t, const struct conn_key *k)
{
	struct slab *slab = t->slab[k->ipv6];
	uint32_t number = slab_take(slab), record, size = k->ipv6 ? 16 : 4, generation;
	struct conn *c;
	uint8_t *address;

	if (!number)
		return 0;
	record = number | (k->ipv6 ? CONN_IPV6 : 0);
	c = conn_at(t, record);
	generation = c->generation | 1;
	memset(c, 0, sizeof(*c));
	c->generation = generation;
	address = conn_address(c, k->ipv6);
	memcpy(address, k->address, 2 * size);
	memcpy(address + 2 * size, k->address + size, size);
	memcpy(address + 3 * size, k->address, size);
	memcpy(&c->key[0], &k->ports, 4);
	memcpy(&c->zone, &k->ztp, 4);
	c->key[2] = c->key[conn_wide(k->ztp) ? 0 : 1];
	c->key[3] = c->key[conn_wide(k->ztp) ? 1 : 0];
	return record;
}

void usher__conn_give(struct conn_table *t, uint32_t record)
{
	struct conn *c = conn_at(t, record);

	c->status = 0;
	c->generation = (c->generation | 1) + 1;
	*conn_due(t, record) = 0;
	slab_give(t->slab[record >> 31], record & CONN_NUMBER);
}

static const uint32_t entries[] = { 0, CONN_SECOND, CONN_SENDER, CONN_SENDER | CONN_SECOND };

/*
 * How many of them a record has. What NAT has left alone leaves as it came: a quote of it has the hash of one of the first two, as
 * both directions hash alike.
 */
static unsigned entry_count(const struct conn *c)
{
	if (!(c->status & CONN_TWO_ENTRIES))
		return 1;
	return is_call(c) && c->status & (CONN_NAT_SRC | CONN_NAT_DST) ? 4 : 2;
}

static void remove_entries(struct conn_table *t, uint32_t record, unsigned count)
{
	while (count--)
		usher__index_remove(t->index, entry_hash(t, record | entries[count]), record | entries[count]);
}

bool usher__conn_publish(struct conn_table *t, uint32_t record, bool two)
{
	struct conn *c = conn_at(t, record);
	unsigned i, count;

	if (two)
		c->status |= CONN_TWO_ENTRIES;
	count = entry_count(c);
	for (i = 0; i < count; i++) {
		uint32_t entry = record | entries[i];

		if (!usher__index_insert(t->index, entry_hash(t, entry), entry, rehash, t)) {
			remove_entries(t, record, i);
			c->status &= (uint16_t)~CONN_TWO_ENTRIES;
			return false;
		}
	}
	c->status |= CONN_USED;
	c->generation++;
	return true;
}

void usher__conn_remove(struct conn_table *t, uint32_t record)
{
	struct conn *c = conn_at(t, record);

	c->generation |= 1;
	remove_entries(t, record, entry_count(c));
	c->status &= (uint16_t)~CONN_USED;
}

static size_t round64(size_t size)
{
	return (size + 63) & ~(size_t)63;
}

void usher__conn_table_layout(struct conn_table_layout *l, uint32_t ipv4, uint32_t ipv6)
{
	uint32_t count[2] = { ipv4, ipv6 };
	size_t record[2] = { sizeof(struct conn4), sizeof(struct conn6) }, at = 0;
	unsigned f;

	for (f = 0; f < 2; f++) {
		l->slab[f] = at;
		at += slab_size(count[f], record[f]);
		l->due[f] = at;
		at += round64((size_t)count[f] * sizeof(uint16_t));
		l->meta[f] = at;
		at += round64((size_t)count[f] * sizeof(struct conn_meta));
	}
	l->index = at;
	at += usher__index_size(((uint64_t)ipv4 + ipv6) * 2); /* two entries for what NAT translates, and GRE calls */
	l->size = round64(at);
}

void usher__conn_table_init(struct conn_table *t, uint8_t *memory, uint32_t ipv4, uint32_t ipv6, const uint8_t seed[32])
{
	struct conn_table_layout l;
	unsigned f;

	usher__conn_table_layout(&l, ipv4, ipv6);
	for (f = 0; f < 2; f++) {
		t->slab[f] = (void *)(memory + l.slab[f]);
		t->due[f] = (void *)(memory + l.due[f]);
		t->meta[f] = (void *)(memory + l.meta[f]);
	}
	t->index = (void *)(memory + l.index);
	slab_init(t->slab[0], ipv4, sizeof(struct conn4), offsetof(struct conn4, c.extra));
	slab_init(t->slab[1], ipv6, sizeof(struct conn6), offsetof(struct conn6, c.extra));
	usher__index_init(t->index, ((uint64_t)ipv4 + ipv6) * 2);
	hash_key_init(&t->hash_key, seed);
}
