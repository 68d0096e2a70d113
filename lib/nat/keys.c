/*
 * nat/keys: the table of public addresses, and the users of their keys (keys.h has the layout and the rules).
 */
#include "nat/keys.h"

uint8_t usher__nat_space(uint8_t protocol)
{
	static const uint8_t space[256] = {
#define NAT_PROTOCOL_SPACE(name, number) [number] = NAT_SPACE_##name,
		NAT_PROTOCOLS(NAT_PROTOCOL_SPACE)
#undef NAT_PROTOCOL_SPACE
	};

	return space[protocol];
}

/* ---- addresses ---- */

static unsigned address_size(uint8_t family)
{
	return family == USHER_IPV6 ? 16 : 4;
}

static uint32_t *chain_of(const struct nat_keys *t, uint16_t zone, uint8_t family, const uint8_t *address)
{
	uint32_t word[5] = { 0 };

	memcpy(word, address, address_size(family));
	word[4] = (uint32_t)zone << 8 | family;
	return &t->head[hash_words(t->hash_key, word, 5) & t->head_mask];
}

uint32_t usher__nat_address_find(const struct nat_keys *t, uint16_t zone, uint8_t family, const uint8_t *address)
{
	uint32_t number = *chain_of(t, zone, family, address);

	while (number) {
		const struct nat_address *a = nat_address_at(t, number);

		if (a->zone == zone && a->family == family && memcmp(a->address, address, address_size(family)) == 0)
			break;
		number = a->next;
	}
	return number;
}

uint32_t usher__nat_address_hold(struct nat_keys *t, uint16_t zone, uint8_t family, const uint8_t *address)
{
	uint32_t number = usher__nat_address_find(t, zone, family, address), *head;
	struct nat_address *a;

	if (!number) {
		number = slab_take(t->slab);
		if (!number)
			return 0;
		a = nat_address_at(t, number);
		memset(a, 0, sizeof(*a));
		a->zone = zone;
		a->family = family;
		memcpy(a->address, address, address_size(family));
		head = chain_of(t, zone, family, address);
		a->next = *head;
		*head = number;
	}
	nat_address_at(t, number)->users++;
	return number;
}

void usher__nat_address_release(struct nat_keys *t, uint32_t number)
{
	struct nat_address *a = nat_address_at(t, number);
	uint32_t *at;

	if (--a->users)
		return;
	at = chain_of(t, a->zone, a->family, a->address);
	while (*at != number)
		at = &nat_address_at(t, *at)->next;
	*at = a->next;
	slab_give(t->slab, number);
}

/* ---- users of keys ---- */

/* A key becomes used, or free. Those of other workers' slices are not counted: they are none to choose from. */
static void mark(const struct nat_keys *t, struct nat_space *s, uint16_t key, bool used)
{
	uint64_t bit = (uint64_t)1 << key % 64;
	uint16_t *taken = &s->taken[key / NAT_GROUP][key & 1];

	if (used)
		s->map[key / 64] |= bit;
	else
		s->map[key / 64] &= ~bit;
	s->used += used ? 1 : -1u;
	if (nat_key_owner(key, t->workers) == t->worker)
		*taken = (uint16_t)(used ? *taken + 1 : *taken - 1);
}

bool usher__nat_key_share(struct nat_keys *t, uint32_t address, uint8_t space, uint16_t key)
{
	struct nat_space *s = nat_space_at(t, address, space);

	if (s->users[key] >= NAT_SHARED_MAX)
		return false;
	if (!s->users[key]++)
		mark(t, s, key, true);
	nat_address_at(t, address)->users++;
	return true;
}

bool usher__nat_key_claim(struct nat_keys *t, uint32_t address, uint8_t space, uint16_t key)
{
	struct nat_space *s = nat_space_at(t, address, space);

	if (s->users[key])
		return false;
	s->users[key] = NAT_EXCLUSIVE;
	s->exclusive++;
	mark(t, s, key, true);
	nat_address_at(t, address)->users++;
	return true;
}

bool usher__nat_key_give(struct nat_keys *t, uint32_t address, uint8_t space, uint16_t key)
{
	struct nat_space *s = nat_space_at(t, address, space);

	if (!s->users[key])
		return false;
	if (s->users[key] == NAT_EXCLUSIVE) {
		s->users[key] = 0;
		s->exclusive--;
	} else {
		s->users[key]--;
	}
	if (!s->users[key])
		mark(t, s, key, false);
	usher__nat_address_release(t, address);
	return true;
}

/* ---- the table ---- */

static uint32_t head_count(uint32_t count)
{
	uint32_t heads = 16;

	while (heads < count && heads < 1u << 30)
		heads *= 2;
	return heads;
}

static size_t heads_size(uint32_t count)
{
	return (size_t)head_count(count) * sizeof(uint32_t);
}

size_t usher__nat_keys_size(uint32_t count)
{
	return slab_size(count, sizeof(struct nat_address)) + heads_size(count) +
	       (size_t)count * (NAT_SPACE_COUNT - 1) * sizeof(struct nat_space);
}

void usher__nat_keys_init(struct nat_keys *t, uint8_t *memory, uint32_t count, const struct hash_key *key, uint32_t worker,
			  uint32_t workers)
{
	uint32_t group, block, per_group = NAT_GROUP / NAT_BLOCK;

	t->slab = (void *)memory;
	memory += slab_size(count, sizeof(struct nat_address));
	t->head = (void *)memory;
	t->head_mask = head_count(count) - 1;
	t->space = (void *)(memory + heads_size(count));
	t->hash_key = key;
	t->worker = worker;
	t->workers = workers;
	slab_init(t->slab, count, sizeof(struct nat_address), offsetof(struct nat_address, next));
	for (group = 0; group < NAT_GROUPS; group++) {
		t->own[group] = 0;
		for (block = group * per_group; block < (group + 1) * per_group; block++)
			if (nat_key_owner((uint16_t)(block * NAT_BLOCK), workers) == worker)
				t->own[group] += NAT_BLOCK / 2;
	}
}
