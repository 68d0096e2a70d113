/*
 * nat_play: see nat_play.h. Few addresses, spaces, endpoints and ranges, so that everything meets everything.
 */
#include "nat_play.h"

#include "nat/mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACES 6u     /* public addresses there might be */
#define ADDRESSES 4u  /* room for so many at a time */
#define HOLDS 32u
#define MAPPINGS 24u
#define LOANS 40000u

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

struct place {
	uint16_t zone;
	uint8_t family, address[16];
	uint32_t users, number; /* of the model: users of all kinds; the number while there are any */
};

struct loan { /* one user of one key */
	uint8_t place, space;
	uint16_t key;
};

struct known { /* a mapping, as the model has it; in the order of making */
	struct mapping m;
	uint32_t number;
	uint8_t place;
};

static struct {
	struct nat_keys keys;
	struct mapping_table table;
	struct hash_key hash_key;
	struct nat_random random;
	void *key_memory, *mapping_memory;
	struct place place[PLACES];
	uint16_t users[PLACES][NAT_SPACE_COUNT][NAT_KEYS];
	uint32_t used[PLACES][NAT_SPACE_COUNT];
	uint8_t hold[HOLDS]; /* places */
	uint32_t hold_count;
	struct loan loan[LOANS];
	uint32_t loan_count;
	struct known known[MAPPINGS];
	uint32_t known_count, sweep_at;
	usher_time now;
	struct nat_played *played;
} m;

struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static uint16_t take16(struct input *in)
{
	uint16_t high = take(in);

	return (uint16_t)(high << 8 | take(in));
}

/* ---- the world ---- */

static void *memory(void **at, size_t size)
{
	CHECK(size % 64 == 0);
	if (!*at)
		*at = aligned_alloc(64, size);
	CHECK(*at);
	return *at;
}

static void set_places(void)
{
	static const struct place places[PLACES] = {
		{ 0, USHER_IPV4, { 203, 0, 113, 1 }, 0, 0 }, { 1, USHER_IPV4, { 203, 0, 113, 1 }, 0, 0 },
		{ 0, USHER_IPV4, { 203, 0, 113, 2 }, 0, 0 }, { 0, USHER_IPV6, { 203, 0, 113, 1 }, 0, 0 },
		{ 0, USHER_IPV6, { 203, 0, 113, 1, [15] = 1 }, 0, 0 }, { 7, USHER_IPV6, { 203, 0, 113, 1, [15] = 1 }, 0, 0 },
	};

	memcpy(m.place, places, sizeof(places));
}

/* The memory is zeroed the first time only: what the play before gave back must be as if never used. */
static void begin(uint8_t what)
{
	static const uint8_t workers[8] = { 1, 1, 1, 2, 3, 4, 16, 64 };
	static const uint8_t seed[32] = { 5 };
	size_t key_size = usher__nat_keys_size(ADDRESSES), mapping_size = usher__mapping_table_size(MAPPINGS - 4);
	bool fresh = !m.key_memory;

	memory(&m.key_memory, key_size);
	memory(&m.mapping_memory, mapping_size);
	if (fresh)
		memset(m.key_memory, 0, key_size);
	memset(m.mapping_memory, 0, mapping_size);
	hash_key_init(&m.hash_key, seed);
	nat_random_init(&m.random, seed, what);
	usher__nat_keys_init(&m.keys, m.key_memory, ADDRESSES, &m.hash_key, (what >> 3) % workers[what & 7], workers[what & 7]);
	usher__mapping_table_init(&m.table, m.mapping_memory, MAPPINGS - 4, &m.keys, &m.hash_key);
	set_places();
	m.hold_count = m.loan_count = m.known_count = m.sweep_at = 0;
	m.now = USHER_SECOND;
}

static uint32_t addresses_in_use(void)
{
	uint32_t n = 0, i;

	for (i = 0; i < PLACES; i++)
		n += m.place[i].users != 0;
	return n;
}

static void check_place(uint32_t p)
{
	const struct place *place = &m.place[p];
	uint32_t number = usher__nat_address_find(&m.keys, place->zone, place->family, place->address);

	CHECK(number == place->number && (number != 0) == (place->users != 0));
	CHECK(m.keys.slab->used == addresses_in_use());
	if (number)
		CHECK(nat_address_at(&m.keys, number)->users == place->users);
}

static void user_gone(uint32_t p)
{
	if (--m.place[p].users == 0)
		m.place[p].number = 0;
}

static void play_hold(struct input *in)
{
	uint32_t p = take(in) % PLACES, number;
	struct place *place = &m.place[p];

	if (m.hold_count == HOLDS)
		return;
	number = usher__nat_address_hold(&m.keys, place->zone, place->family, place->address);
	if (!number) {
		CHECK(!place->users && addresses_in_use() == ADDRESSES);
		m.played->addresses_full++;
		return;
	}
	CHECK(!place->users || place->number == number);
	place->users++;
	place->number = number;
	m.hold[m.hold_count++] = (uint8_t)p;
	check_place(p);
}

static void release(uint32_t which)
{
	uint32_t p = m.hold[which];

	m.hold[which] = m.hold[--m.hold_count];
	usher__nat_address_release(&m.keys, m.place[p].number);
	user_gone(p);
	check_place(p);
}

/* A place that is in use; PLACES: none. */
static uint32_t take_place(struct input *in)
{
	uint32_t first = take(in), i;

	for (i = 0; i < PLACES; i++)
		if (m.place[(first + i) % PLACES].users)
			return (first + i) % PLACES;
	return PLACES;
}

/* ---- users of keys ---- */

static void check_key(uint32_t p, uint8_t space, uint16_t key)
{
	const struct nat_space *s;

	if (!m.place[p].number) {
		CHECK(!m.used[p][space]);
		return;
	}
	s = nat_space_at(&m.keys, m.place[p].number, space);
	CHECK(nat_key_users(&m.keys, m.place[p].number, space, key) == m.users[p][space][key]);
	CHECK(nat_keys_used(&m.keys, m.place[p].number, space) == m.used[p][space]);
	CHECK((s->map[key / 64] >> key % 64 & 1) == (m.users[p][space][key] != 0));
}

/* The model's side of one more user. */
static void lent(uint32_t p, uint8_t space, uint16_t key, bool alone)
{
	uint16_t *users = &m.users[p][space][key];

	m.used[p][space] += *users == 0;
	*users = alone ? NAT_EXCLUSIVE : (uint16_t)(*users + 1);
	m.place[p].users++;
}

static void given_back(uint32_t p, uint8_t space, uint16_t key)
{
	uint16_t *users = &m.users[p][space][key];

	*users = *users == NAT_EXCLUSIVE ? 0 : (uint16_t)(*users - 1);
	m.used[p][space] -= *users == 0;
	user_gone(p);
}

static bool lend(uint32_t p, uint8_t space, uint16_t key, bool alone)
{
	uint16_t users = m.users[p][space][key];
	uint32_t number = m.place[p].number;
	bool done;

	if (m.loan_count == LOANS)
		return false;
	if (alone) {
		done = usher__nat_key_claim(&m.keys, number, space, key);
		CHECK(done == (users == 0));
		m.played->claims_refused += !done;
	} else {
		done = usher__nat_key_share(&m.keys, number, space, key);
		CHECK(done == (users != NAT_EXCLUSIVE));
		m.played->shares_refused += !done;
	}
	if (done) {
		lent(p, space, key, alone);
		m.loan[m.loan_count++] = (struct loan){ (uint8_t)p, space, key };
	}
	check_key(p, space, key);
	return done;
}

static void give_back(uint32_t which)
{
	struct loan l = m.loan[which];

	m.loan[which] = m.loan[--m.loan_count];
	CHECK(usher__nat_key_give(&m.keys, m.place[l.place].number, l.space, l.key));
	given_back(l.place, l.space, l.key);
	check_key(l.place, l.space, l.key);
	check_place(l.place);
}

static void play_give(struct input *in)
{
	uint32_t p = take_place(in), which = take16(in);
	uint8_t space = (uint8_t)(1 + take(in) % (NAT_SPACE_COUNT - 1));
	uint16_t key = take16(in);

	if (p < PLACES && !m.users[p][space][key]) {
		CHECK(!usher__nat_key_give(&m.keys, m.place[p].number, space, key));
		m.played->gives_refused++;
		check_key(p, space, key);
	}
	if (m.loan_count)
		give_back(which % m.loan_count);
}

/* A range, narrow ones more often than wide ones. */
static void take_range(struct input *in, uint16_t *first, uint16_t *last)
{
	static const uint32_t widths[] = { 1, 2, 7, 16, 60, 200, 1500, 65535 };
	uint8_t what = take(in);
	uint32_t from = what & 8 ? take16(in) : (uint32_t[]){ 0, 1000, 2048, 65500 }[what >> 4 & 3];
	uint32_t to = from + widths[what & 7];

	*first = (uint16_t)from;
	*last = (uint16_t)(to > 65535 ? 65535 : to);
	if ((what & 0xc0) == 0xc0)
		*last = (uint16_t)(from + 16 * (what & 7)); /* and some that wrap */
}

/* Much is lent at once, so that ranges are used up. */
static void play_fill(struct input *in)
{
	uint32_t p = take_place(in), key;
	uint8_t what = take(in), space = (uint8_t)(1 + (what & 1));
	uint16_t first, last;

	take_range(in, &first, &last);
	if (last - first > 4096)
		last = (uint16_t)(first + 4096);
	for (key = first; p < PLACES && key <= last; key++)
		if ((what & 6) || key % 16)
			(void)lend(p, space, (uint16_t)key, what & 8);
}

/* ---- picks ---- */

struct oracle { /* is this key unique? */
	uint32_t salt, of_16, asks;
};

static bool says(const struct oracle *o, uint16_t key)
{
	return ((key ^ o->salt) * 2654435761u >> 28) < o->of_16;
}

static bool is_unique(void *user, uint16_t key)
{
	struct oracle *o = user;

	o->asks++;
	return says(o, key);
}

/* One run or key, as the model judges it. */
struct judged {
	bool allowed, free, shared, unique;
};

static struct judged judge(const struct nat_ask *a, uint32_t p, uint32_t key, bool own)
{
	uint32_t count = a->count ? a->count : 1, align = a->align ? a->align : 1, i;
	struct judged j = { key >= a->first && key + count - 1 <= a->last && key % align == 0, true, true, true };

	if (!own && (key % 8 + count > 8 || (a->flags & NAT_ASK_PARITY && (key ^ a->own) & 1)))
		j.allowed = false;
	for (i = 0; j.allowed && i < count; i++) {
		uint16_t users = m.users[p][a->space][key + i];

		j.allowed &= (key + i) / 8 % m.keys.workers == m.keys.worker;
		j.free &= users == 0;
		j.shared &= users != 0 && users < NAT_SHARED_MAX && count == 1 && a->flags & NAT_ASK_SHARE;
		j.unique &= !a->unique || says(a->user, (uint16_t)(key + i));
	}
	return j;
}

struct census {
	uint32_t allowed, free, free_unique, shared, shared_unique;
};

static struct census count_all(const struct nat_ask *a, uint32_t p)
{
	struct census c = { 0 };
	uint32_t key;

	for (key = a->first; key <= a->last; key++) {
		struct judged j = judge(a, p, key, false);

		if (!j.allowed)
			continue;
		c.allowed++;
		c.free += j.free;
		c.free_unique += j.free && j.unique;
		c.shared += j.shared;
		c.shared_unique += j.shared && j.unique;
	}
	return c;
}

static void judge_pick(const struct nat_ask *a, uint32_t p, int32_t key)
{
	struct judged own = judge(a, p, a->own, true), got = { 0 };
	struct census c;

	if (a->flags & NAT_ASK_KEEP && own.allowed && (own.free || own.shared) && own.unique) {
		CHECK(key == a->own);
		m.played->kept++;
		return;
	}
	c = count_all(a, p);
	if (key < 0) {
		CHECK(a->unique || !c.free);
		if (c.allowed <= NAT_PICK_LOOKS - 14 && c.free + c.shared <= NAT_PICK_ASKS)
			CHECK(!c.free_unique && !c.shared_unique);
		m.played->exhausted++;
		return;
	}
	got = judge(a, p, (uint32_t)key, false);
	CHECK(got.allowed && (got.free || got.shared) && got.unique);
	CHECK(got.free || c.free_unique < c.free || !c.free);
	m.played->found_free += got.free;
	m.played->found_shared += got.shared;
}

static int32_t pick(const struct nat_ask *a, uint32_t p, struct oracle *o)
{
	uint32_t count = a->count ? a->count : 1;
	int32_t key = usher__nat_key_pick(&m.keys, a, &m.random);

	CHECK(key >= -1 && key < 65536);
	CHECK(o->asks <= (NAT_PICK_ASKS + (count > 1 ? 18 : 6)) * count);
	judge_pick(a, p, key);
	m.played->picks++;
	m.played->runs += count > 1 && key >= 0;
	return key;
}

static void set_ask(struct input *in, struct nat_ask *a, struct oracle *o, uint32_t p)
{
	uint8_t what = take(in), more = take(in);

	memset(a, 0, sizeof(*a));
	a->address = m.place[p].number;
	a->space = (uint8_t)(1 + (what & 1));
	a->flags = what >> 1 & 7;
	if (what & 16) {
		a->count = more & 15 ? (uint8_t)(1 + (more & 7)) : 9;
		a->align = (uint8_t)((what & 32 ? 1u : 2u) << (more >> 4 & 3));
		if (more >> 4 == 15)
			a->align = 3;
	}
	take_range(in, &a->first, &a->last);
	a->own = (uint16_t)(what & 64 ? take16(in) : a->first + (more >> 3));
	*o = (struct oracle){ more, (uint32_t)(more & 7) * 2, 0 };
	if (what & 128) {
		a->unique = is_unique;
		a->user = o;
	}
}

static void play_pick(struct input *in)
{
	uint32_t p = take_place(in), i;
	struct oracle o;
	struct nat_ask a;
	int32_t key;

	if (p == PLACES)
		return;
	set_ask(in, &a, &o, p);
	if (a.count > NAT_BLOCK || a.align == 3 || a.align > 8) { /* none */
		CHECK(usher__nat_key_pick(&m.keys, &a, &m.random) == -1);
		return;
	}
	key = pick(&a, p, &o);
	for (i = 0; key >= 0 && i < (a.count ? a.count : 1u); i++)
		(void)lend(p, a.space, (uint16_t)((uint32_t)key + i), !(a.flags & NAT_ASK_SHARE) || a.count > 1);
}

/* ---- mappings ---- */

static struct mapping_inside inside_of(const struct mapping *of)
{
	return (struct mapping_inside){ of->zone, of->inside_key, of->family, of->protocol, of->inside };
}

static struct mapping_name name_of(const struct mapping *of)
{
	return (struct mapping_name){ of->owner, of->tag, of->side, of->protocol, of->part };
}

static bool same_inside(const struct mapping *a, const struct mapping *b)
{
	return a->zone == b->zone && a->inside_key == b->inside_key && a->family == b->family && a->protocol == b->protocol &&
	       a->address == b->address && memcmp(a->inside, b->inside, 16) == 0;
}

static bool same_name(const struct mapping *a, const struct mapping *b)
{
	return a->owner == b->owner && a->tag == b->tag && a->side == b->side && a->protocol == b->protocol && a->part == b->part;
}

/* What finds a mapping like this one, in the model: the newest. */
static uint32_t newest(const struct mapping *like, bool (*same)(const struct mapping *, const struct mapping *))
{
	uint32_t i = m.known_count;

	while (i-- > 0)
		if (same(&m.known[i].m, like))
			return m.known[i].number;
	return 0;
}

static void check_owner(uint32_t owner)
{
	uint32_t number = 0, i = m.known_count;

	while (i-- > 0) {
		if (m.known[i].m.owner != owner)
			continue;
		number = usher__mapping_of_owner(&m.table, owner, number);
		CHECK(number == m.known[i].number);
	}
	CHECK(usher__mapping_of_owner(&m.table, owner, number) == 0);
}

static void check_mapping(const struct mapping *like)
{
	struct mapping_inside inside = inside_of(like);
	struct mapping_name name = name_of(like);
	uint32_t number, n = 0;

	CHECK(usher__mapping_by_inside(&m.table, &inside, like->address) == newest(like, same_inside));
	if (like->owner) {
		CHECK(usher__mapping_by_name(&m.table, &name) == newest(like, same_name));
		check_owner(like->owner);
	}
	for (number = usher__mapping_next(&m.table, 0); number; number = usher__mapping_next(&m.table, number))
		n++;
	CHECK(n == m.known_count && mapping_any(&m.table) == (n > 0));
}

static uint32_t public_of(const struct mapping *like)
{
	return usher__mapping_by_public(&m.table, like->address, like->protocol, like->public_key);
}

static void set_mapping(struct input *in, struct mapping *to, uint32_t p)
{
	static const uint8_t protocols[] = { USHER_TCP, USHER_UDP, USHER_GRE, 99 };
	uint8_t who = take(in), name = take(in);

	to->address = m.place[p].number;
	to->family = m.place[p].family;
	to->zone = who & 1;
	to->protocol = protocols[who >> 1 & 3];
	to->inside[0] = 10;
	to->inside[to->family == USHER_IPV6 ? 15 : 3] = who >> 3 & 3;
	to->inside_key = 4000 + (who >> 5 & 3);
	to->public_key = (uint16_t)(2048 + take(in) % 32);
	to->owner = name & 3;
	to->tag = name >> 2 & 3;
	to->side = name >> 4 & 1;
	to->part = name >> 5 & 1;
	to->users = name >> 6 & 1;
	to->deadline = m.now + take(in) * USHER_SECOND;
}

static void play_publish(struct input *in)
{
	uint32_t p = take_place(in), number, generation;
	struct mapping like = { 0 }, *at;
	uint8_t space;
	bool done;

	if (p == PLACES)
		return;
	set_mapping(in, &like, p);
	space = usher__nat_space(like.protocol);
	if (like.owner && newest(&like, same_name))
		return; /* saying it again is none of the table's business */
	number = usher__mapping_take(&m.table);
	CHECK((number == 0) == (m.known_count == m.table.slab->count));
	m.played->mappings_full += !number;
	if (!number)
		return;
	at = mapping_at(&m.table, number);
	generation = at->generation;
	CHECK(generation & 1 && !at->in_use && !at->users && !at->owner);
	*at = like;
	at->generation = generation;
	done = usher__mapping_publish(&m.table, number);
	CHECK(done == (space && !m.users[p][space][like.public_key]));
	if (done) {
		CHECK(at->generation == generation + 1 && at->in_use && public_of(&like) == number);
		m.known[m.known_count++] = (struct known){ like, number, (uint8_t)p };
		lent(p, space, like.public_key, true);
		check_key(p, space, like.public_key);
		m.played->mappings++;
	} else {
		usher__mapping_give(&m.table, number);
		m.played->mappings_refused++;
	}
	check_mapping(&like);
	check_place(p);
}

static void remove_known(uint32_t which)
{
	struct known k = m.known[which];
	uint32_t generation = mapping_at(&m.table, k.number)->generation;
	uint8_t space = usher__nat_space(k.m.protocol);

	memmove(&m.known[which], &m.known[which + 1], (--m.known_count - which) * sizeof(k));
	usher__mapping_remove(&m.table, k.number);
	given_back(k.place, space, k.m.public_key);
	CHECK(mapping_at(&m.table, k.number)->generation == generation + 2);
	check_key(k.place, space, k.m.public_key);
	CHECK(public_of(&k.m) == 0);
	check_mapping(&k.m);
	check_place(k.place);
}

static void disown_known(uint32_t which)
{
	struct known *k = &m.known[which];
	struct mapping before = k->m;

	usher__mapping_disown(&m.table, k->number);
	k->m.owner = 0;
	CHECK(mapping_at(&m.table, k->number)->owner == 0 && public_of(&k->m) == k->number);
	check_mapping(&before);
	m.played->disowned++;
}

static void play_known(struct input *in)
{
	uint8_t what = take(in);
	uint32_t which = m.known_count ? take(in) % m.known_count : 0;
	struct known *k = &m.known[which];

	if (!m.known_count)
		return;
	if (what % 4 == 0) {
		remove_known(which);
	} else if (what % 4 == 1) {
		disown_known(which);
	} else if (what % 4 == 2) {
		mapping_use(mapping_at(&m.table, k->number));
		k->m.users++;
	} else if (k->m.users) {
		usher_time until = m.now + 120 * USHER_SECOND;

		mapping_leave(mapping_at(&m.table, k->number), m.now, 120 * USHER_SECOND);
		k->m.users--;
		k->m.deadline = k->m.deadline < until ? until : k->m.deadline;
		CHECK(mapping_at(&m.table, k->number)->deadline == k->m.deadline);
	}
}

static uint32_t known_of(uint32_t number)
{
	uint32_t i;

	for (i = 0; i < m.known_count && m.known[i].number != number; i++)
		continue;
	return i;
}

/* A part of a pass: what it gives is over; after a whole pass nothing is. */
static void play_sweep(struct input *in)
{
	uint8_t what = take(in);
	uint32_t budget = what & 128 ? 1000 : what & 7, number, i;

	m.now += (what & 63) * USHER_SECOND;
	if (budget == 1000)
		m.sweep_at = 0;
	while ((number = usher__mapping_sweep(&m.table, &m.sweep_at, &budget, m.now))) {
		i = known_of(number);
		CHECK(i < m.known_count && !m.known[i].m.users && !m.known[i].m.owner && m.known[i].m.deadline <= m.now);
		remove_known(i);
		m.played->swept++;
	}
	CHECK(!budget || m.sweep_at + 1 >= m.table.slab->fresh);
	for (i = 0; what & 128 && i < m.known_count; i++)
		CHECK(m.known[i].m.users || m.known[i].m.owner || m.known[i].m.deadline > m.now);
	if (budget)
		m.sweep_at = 0;
}

/* ---- all of it ---- */

static void play_one(struct input *in)
{
	uint32_t p;
	uint8_t what = take(in), space;

	switch (what % 16) {
	case 0:
	case 1:
		play_hold(in);
		break;
	case 2:
		if (m.hold_count)
			release(take(in) % m.hold_count);
		break;
	case 3:
		p = take_place(in);
		space = (uint8_t)(1 + (what >> 4) % (NAT_SPACE_COUNT - 1));
		if (p < PLACES)
			(void)lend(p, space, take16(in), what & 128);
		break;
	case 4:
		play_give(in);
		break;
	case 5:
		play_fill(in);
		break;
	case 6:
	case 7:
	case 8:
	case 9:
		play_pick(in);
		break;
	case 10:
		play_sweep(in);
		break;
	case 11:
	case 12:
		play_known(in);
		break;
	default:
		play_publish(in);
	}
}

static bool all_zero(const void *at, size_t len)
{
	const uint8_t *byte = at;

	return len == 0 || (byte[0] == 0 && memcmp(byte, byte + 1, len - 1) == 0);
}

/* All given back, the table is as new: only its maps are looked at, for the arrays the model was asked each time. */
static void end(void)
{
	uint32_t i;

	while (m.known_count)
		remove_known(m.known_count - 1);
	while (m.loan_count)
		give_back(m.loan_count - 1);
	while (m.hold_count)
		release(m.hold_count - 1);
	CHECK(m.keys.slab->used == 0 && m.table.slab->used == 0);
	for (i = 0; i <= m.keys.head_mask; i++)
		CHECK(m.keys.head[i] == 0);
	for (i = 0; i < ADDRESSES * (NAT_SPACE_COUNT - 1); i++)
		CHECK(all_zero(&m.keys.space[i], offsetof(struct nat_space, users)));
	for (i = 0; i < MAPPING_CHAINS; i++)
		CHECK(all_zero(m.table.head[i], (m.table.head_mask + 1) * 4));
	CHECK(all_zero(m.table.owner_head, (m.table.head_mask + 1) * 4));
}

void nat_play(const uint8_t *data, size_t size, struct nat_played *played)
{
	struct input in = { data, size };

	m.played = played;
	begin(take(&in));
	while (in.left)
		play_one(&in);
	end();
}
