/*
 * nat/mapping: the table of mappings (mapping.h has the layout and the rules).
 */
#include "nat/mapping.h"

static unsigned address_size(uint8_t family)
{
	return family == USHER_IPV6 ? 16 : 4;
}

/* ---- the chains ---- */

static uint32_t inside_hash(const struct mapping_table *t, const struct mapping_inside *inside, uint32_t address)
{
	uint32_t word[7] = { 0 };

	memcpy(word, inside->address, address_size(inside->family));
	word[4] = (uint32_t)inside->zone << 16 | inside->key;
	word[5] = (uint32_t)inside->family << 8 | inside->protocol;
	word[6] = address;
	return hash_words(t->hash_key, word, 7);
}

static uint32_t public_hash(const struct mapping_table *t, uint32_t address, uint8_t protocol, uint16_t key)
{
	uint32_t word[2] = { address, (uint32_t)protocol << 16 | key };

	return hash_words(t->hash_key, word, 2);
}

static uint32_t name_hash(const struct mapping_table *t, const struct mapping_name *name)
{
	uint32_t word[3] = { name->owner, name->tag, (uint32_t)name->side << 16 | (uint32_t)name->protocol << 8 | name->part };

	return hash_words(t->hash_key, word, 3);
}

static struct mapping_inside inside_of(const struct mapping *m)
{
	return (struct mapping_inside){ m->zone, m->inside_key, m->family, m->protocol, m->inside };
}

static struct mapping_name name_of(const struct mapping *m)
{
	return (struct mapping_name){ m->owner, m->tag, m->side, m->protocol, m->part };
}

/* Where a chain of a mapping's begins. */
static uint32_t *head_of(const struct mapping_table *t, const struct mapping *m, enum mapping_chain chain)
{
	struct mapping_inside inside = inside_of(m);
	struct mapping_name name = name_of(m);
	uint32_t hash;

	if (chain == MAPPING_INSIDE)
		hash = inside_hash(t, &inside, m->address);
	else if (chain == MAPPING_PUBLIC)
		hash = public_hash(t, m->address, m->protocol, m->public_key);
	else
		hash = name_hash(t, &name);
	return &t->head[chain][hash & t->head_mask];
}

static void chain_in(const struct mapping_table *t, uint32_t number, enum mapping_chain chain)
{
	struct mapping *m = mapping_at(t, number);
	uint32_t *head = head_of(t, m, chain);

	m->next[chain] = *head;
	*head = number;
}

static void chain_out(const struct mapping_table *t, uint32_t number, enum mapping_chain chain)
{
	uint32_t *at = head_of(t, mapping_at(t, number), chain);

	while (*at != number)
		at = &mapping_at(t, *at)->next[chain];
	*at = mapping_at(t, number)->next[chain];
}

/* An owner's mappings are in one list, with others' whose hash is the same. */
static uint32_t *owner_head(const struct mapping_table *t, uint32_t owner)
{
	return &t->owner_head[hash_words(t->hash_key, &owner, 1) & t->head_mask];
}

static void owner_in(const struct mapping_table *t, uint32_t number)
{
	struct mapping *m = mapping_at(t, number);
	uint32_t *head = owner_head(t, m->owner);

	m->owner_prev = 0;
	m->owner_next = *head;
	if (*head)
		mapping_at(t, *head)->owner_prev = number;
	*head = number;
}

static void owner_out(const struct mapping_table *t, uint32_t number)
{
	struct mapping *m = mapping_at(t, number);

	if (m->owner_prev)
		mapping_at(t, m->owner_prev)->owner_next = m->owner_next;
	else
		*owner_head(t, m->owner) = m->owner_next;
	if (m->owner_next)
		mapping_at(t, m->owner_next)->owner_prev = m->owner_prev;
}

/* ---- finding ---- */

uint32_t usher__mapping_by_inside(const struct mapping_table *t, const struct mapping_inside *inside, uint32_t address)
{
	uint32_t number = t->head[MAPPING_INSIDE][inside_hash(t, inside, address) & t->head_mask];

	while (number) {
		const struct mapping *m = mapping_at(t, number);

		if (m->address == address && m->zone == inside->zone && m->inside_key == inside->key &&
		    m->family == inside->family && m->protocol == inside->protocol &&
		    memcmp(m->inside, inside->address, address_size(m->family)) == 0)
			break;
		number = m->next[MAPPING_INSIDE];
	}
	return number;
}

uint32_t usher__mapping_by_public(const struct mapping_table *t, uint32_t address, uint8_t protocol, uint16_t key)
{
	uint32_t number = t->head[MAPPING_PUBLIC][public_hash(t, address, protocol, key) & t->head_mask];

	while (number) {
		const struct mapping *m = mapping_at(t, number);

		if (m->address == address && m->protocol == protocol && m->public_key == key)
			break;
		number = m->next[MAPPING_PUBLIC];
	}
	return number;
}

uint32_t usher__mapping_by_name(const struct mapping_table *t, const struct mapping_name *name)
{
	uint32_t number = t->head[MAPPING_TAG][name_hash(t, name) & t->head_mask];

	while (number) {
		const struct mapping *m = mapping_at(t, number);

		if (m->owner == name->owner && m->tag == name->tag && m->side == name->side && m->protocol == name->protocol &&
		    m->part == name->part)
			break;
		number = m->next[MAPPING_TAG];
	}
	return number;
}

uint32_t usher__mapping_of_owner(const struct mapping_table *t, uint32_t owner, uint32_t after)
{
	uint32_t number = after ? mapping_at(t, after)->owner_next : *owner_head(t, owner);

	while (number && mapping_at(t, number)->owner != owner)
		number = mapping_at(t, number)->owner_next;
	return number;
}

uint32_t usher__mapping_next(const struct mapping_table *t, uint32_t after)
{
	while (++after < t->slab->fresh)
		if (mapping_at(t, after)->in_use)
			return after;
	return 0;
}

uint32_t usher__mapping_sweep(const struct mapping_table *t, uint32_t *at, uint32_t *budget, usher_time now)
{
	while (*budget && *at + 1 < t->slab->fresh) {
		const struct mapping *m = mapping_at(t, ++*at);

		--*budget;
		if (m->in_use && mapping_over(m, now))
			return *at;
	}
	return 0;
}

/* ---- the life of a record ---- */

uint32_t usher__mapping_take(struct mapping_table *t)
{
	uint32_t number = slab_take(t->slab), generation;
	struct mapping *m;

	if (!number)
		return 0;
	m = mapping_at(t, number);
	generation = m->generation | 1;
	memset(m, 0, sizeof(*m));
	m->generation = generation;
	return number;
}

void usher__mapping_give(struct mapping_table *t, uint32_t number)
{
	mapping_at(t, number)->generation++;
	slab_give(t->slab, number);
}

bool usher__mapping_publish(struct mapping_table *t, uint32_t number)
{
	struct mapping *m = mapping_at(t, number);
	uint8_t space = usher__nat_space(m->protocol);

	if (!space || !usher__nat_key_claim(t->keys, m->address, space, m->public_key))
		return false;
	chain_in(t, number, MAPPING_INSIDE);
	chain_in(t, number, MAPPING_PUBLIC);
	if (m->owner) {
		chain_in(t, number, MAPPING_TAG);
		owner_in(t, number);
	}
	m->in_use = 1;
	m->generation++;
	return true;
}

void usher__mapping_disown(struct mapping_table *t, uint32_t number)
{
	struct mapping *m = mapping_at(t, number);

	if (!m->owner)
		return;
	chain_out(t, number, MAPPING_TAG);
	owner_out(t, number);
	m->owner = 0;
}

void usher__mapping_remove(struct mapping_table *t, uint32_t number)
{
	struct mapping *m = mapping_at(t, number);

	m->generation |= 1;
	usher__mapping_disown(t, number);
	chain_out(t, number, MAPPING_INSIDE);
	chain_out(t, number, MAPPING_PUBLIC);
	usher__nat_key_give(t->keys, m->address, usher__nat_space(m->protocol), m->public_key);
	m->in_use = 0;
	m->generation++;
	slab_give(t->slab, number);
}

/* ---- the table ---- */

static uint32_t head_count(uint32_t count)
{
	uint32_t heads = 64;

	while (heads < count && heads < 1u << 30)
		heads *= 2;
	return heads;
}

size_t usher__mapping_table_size(uint32_t count)
{
	return slab_size(count, sizeof(struct mapping)) + (size_t)head_count(count) * (MAPPING_CHAINS + 1) * sizeof(uint32_t);
}

void usher__mapping_table_init(struct mapping_table *t, uint8_t *memory, uint32_t count, struct nat_keys *keys,
			       const struct hash_key *key)
{
	uint32_t heads = head_count(count), i;
	uint32_t *head = (void *)(memory + slab_size(count, sizeof(struct mapping)));

	t->slab = (void *)memory;
	for (i = 0; i < MAPPING_CHAINS; i++)
		t->head[i] = head + (size_t)i * heads;
	t->owner_head = head + (size_t)MAPPING_CHAINS * heads;
	t->head_mask = heads - 1;
	t->keys = keys;
	t->hash_key = key;
	slab_init(t->slab, count, sizeof(struct mapping), offsetof(struct mapping, next));
}
