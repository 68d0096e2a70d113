/*
 * The table of connections against a naive model: a list of flows. Both families, TCP, UDP, ICMP by its ids and types, GRE
 * with a key, GRE calls known by one key or by both, zones. Records go from free to used and back; who holds an old
 * reference must notice.
 */
#include "conn/table.h"

#include "net.h"

#define FLOWS 3000u

struct flow {
	uint8_t family, protocol, type, answers; /* ICMP: type, and that of the answers */
	bool one_way, two; /* GRE calls */
	uint16_t zone, key[2];
	uint8_t address[2][16];
	uint32_t record, generation; /* record 0: not in the table */
};

static struct conn_table table;
static void *memory;
static struct flow flows[FLOWS];

static void open_table(uint32_t ipv4, uint32_t ipv6, uint8_t seed_byte)
{
	struct conn_table_layout layout;
	uint8_t seed[32] = { seed_byte };

	usher__conn_table_layout(&layout, ipv4, ipv6);
	assert_int_equal(layout.size % 64, 0);
	memory = aligned_alloc(64, layout.size);
	assert_non_null(memory);
	memset(memory, 0, layout.size);
	usher__conn_table_init(&table, memory, ipv4, ipv6, seed);
}

/* The key of a packet of this flow; `header` must last. */
static struct conn_key key_of(const struct flow *f, unsigned direction, uint8_t header[40])
{
	struct pkt p = { .family = f->family, .protocol = f->protocol };
	uint32_t size = f->family == USHER_IPV6 ? 16 : 4;
	struct conn_key k;

	p.type = direction ? f->answers : f->type;
	p.inverse_type = direction ? f->type : f->answers;
	p.key[0] = f->key[direction];
	p.key[1] = f->key[!direction];
	if (f->protocol == USHER_GRE && f->type == 0) { /* one key of 32 bits, the same both ways */
		p.key[0] = f->key[0];
		p.key[1] = f->key[1];
	}
	if (f->protocol == USHER_GRE && f->type == 1) {
		p.key[0] = 0;
		p.flags = PKT_ONE_WAY;
	}
	memset(header, 0, 40);
	memcpy(header + PKT_SRC_OFFSET(f->family), f->address[direction], size);
	memcpy(header + PKT_DST_OFFSET(f->family), f->address[!direction], size);
	conn_key_of(&table, &k, &p, header, f->zone);
	return k;
}

static bool take(struct flow *f)
{
	uint8_t header[40];
	struct conn_key k = key_of(f, 0, header);
	uint32_t record = usher__conn_take(&table, &k);
	struct conn *c;

	if (!record)
		return false;
	c = conn_at(&table, record);
	assert_int_equal(record >> 31, f->family == USHER_IPV6);
	assert_int_equal(c->generation & 1, 1);
	assert_int_equal(c->status, 0);
	assert_int_equal(c->zone, f->zone);
	assert_int_equal(c->protocol, f->protocol);
	assert_int_equal(c->type, f->type);
	assert_null(usher__conn_lookup(&table, &k).c); /* nobody sees it yet */
	if (f->one_way)
		c->status |= CONN_ONE_WAY;
	if (f->two) { /* what an expectation knows */
		c->key[0] = c->key[3] = f->key[0];
		c->key[1] = c->key[2] = f->key[1];
	}
	assert_true(usher__conn_publish(&table, record, f->two));
	assert_int_equal(c->generation & 1, 0);
	assert_true(c->status & CONN_USED);
	f->record = record;
	f->generation = c->generation;
	return true;
}

static void give(struct flow *f)
{
	struct conn *c = conn_at(&table, f->record);

	usher__conn_remove(&table, f->record);
	assert_int_equal(c->generation & 1, 1);
	assert_false(c->status & CONN_USED);
	usher__conn_give(&table, f->record);
	assert_int_equal(c->generation & 1, 0);
	assert_int_not_equal(c->generation, f->generation); /* an old reference is noticed */
	f->record = 0;
}

static const char *describe(const struct flow *f)
{
	static char text[120];

	snprintf(text, sizeof(text), "family %u protocol %u type %u zone %u keys %u %u%s%s", f->family, f->protocol, f->type,
		 f->zone,
		 f->key[0], f->key[1], f->one_way ? " one way" : "", f->two ? " two" : "");
	return text;
}

/* Both directions find it, if it is there, and else nothing of its like. */
static void check_flow(const struct flow *f)
{
	uint8_t header[40];
	unsigned direction;

	for (direction = 0; direction < 2; direction++) {
		struct conn_key k = key_of(f, direction, header);
		struct conn_found found = usher__conn_lookup(&table, &k);
		uint32_t candidate = conn_probe(&table, &k);

		if (f->record && !(f->one_way && direction)) {
			if (found.record != f->record || found.c != conn_at(&table, f->record))
				fail_msg("%s: direction %u finds %x instead of %x", describe(f), direction, found.record,
					 f->record);
			assert_int_equal(found.direction, direction);
			assert_true(candidate != 0);
		} else if (found.c && found.record == f->record) {
			fail_msg("%s: direction %u finds what is not there", describe(f), direction);
		}
	}
}

static bool same_ends(const struct flow *f, const struct flow *g, unsigned inverse)
{
	return memcmp(f->address[0], g->address[inverse], 16) == 0 && memcmp(f->address[1], g->address[!inverse], 16) == 0;
}

/* Would one of their packets be taken for the other's? Then only one of them can be in the table. */
static bool alike(const struct flow *f, const struct flow *g)
{
	unsigned inverse;

	if (f->family != g->family || f->protocol != g->protocol || f->zone != g->zone)
		return false;
	for (inverse = 0; inverse < 2; inverse++) {
		if (!same_ends(f, g, inverse))
			continue;
		if (f->protocol == USHER_GRE && f->type == 1 && g->type == 1) {
			if (f->key[1] == g->key[!inverse] || f->key[0] == g->key[inverse])
				return true; /* a stricter view than the wire's, it does for a model */
		} else if (f->protocol == USHER_GRE && f->type == 0 && g->type == 0) {
			if (f->key[0] == g->key[0] && f->key[1] == g->key[1])
				return true; /* one key of 32 bits, the same both ways */
		} else if (f->key[0] == g->key[inverse] && f->key[1] == g->key[!inverse] &&
			   f->type == (inverse ? g->answers : g->type)) {
			return true;
		}
	}
	return false;
}

/* A flow out of few addresses and keys, so that much is nearly the same. */
static void make_flow(struct flow *f, uint64_t *seed)
{
	static const uint8_t protocols[] = { USHER_TCP, USHER_UDP, USHER_ICMP, USHER_GRE, USHER_GRE, 99 };
	uint32_t i;

	memset(f, 0, sizeof(*f));
	f->family = net_random(seed, 2) ? USHER_IPV6 : USHER_IPV4;
	f->protocol = protocols[net_random(seed, COUNT_OF(protocols))];
	f->zone = (uint16_t)net_random(seed, 3);
	for (i = 0; i < 2; i++) {
		f->address[i][0] = 10;
		f->address[i][f->family == USHER_IPV6 ? 15 : 3] = (uint8_t)net_random(seed, 12);
		f->key[i] = (uint16_t)(net_random(seed, 30) * 2000);
	}
	if (f->protocol == 99)
		f->key[0] = f->key[1] = 0;
	if (f->protocol == USHER_ICMP && f->family == USHER_IPV4) {
		f->key[1] = f->key[0];
		f->type = 8;
	} else if (f->protocol == USHER_GRE && net_random(seed, 3)) {
		f->type = f->answers = 1;
		f->two = net_random(seed, 2);
		f->one_way = !f->two;
		if (f->one_way)
			f->key[0] = 0;
	}
}

static bool distinct(uint32_t i)
{
	uint32_t k;

	if (memcmp(flows[i].address[0], flows[i].address[1], 16) == 0)
		return false; /* who talks to itself: both directions are one */
	for (k = 0; k < i; k++)
		if (alike(&flows[i], &flows[k]))
			return false;
	return true;
}

static void make_flows(uint64_t *seed)
{
	uint32_t i;

	for (i = 0; i < FLOWS; i++)
		do {
			make_flow(&flows[i], seed);
		} while (!distinct(i));
}

static void check_all(void)
{
	uint32_t i, entries = 0;

	for (i = 0; i < FLOWS; i++) {
		check_flow(&flows[i]);
		if (flows[i].record)
			entries += flows[i].two ? 2 : 1;
	}
	assert_int_equal(table.index->entries, entries);
}

static void test_random(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 3; seed++) {
		uint64_t random = seed;
		uint32_t step, refused = 0;

		print_message("seed %llu\n", (unsigned long long)seed);
		open_table(seed == 3 ? 300 : FLOWS, FLOWS, (uint8_t)seed);
		make_flows(&random);
		for (step = 0; step < 60000; step++) {
			struct flow *f = &flows[net_random(&random, FLOWS)];

			if (!f->record)
				refused += !take(f);
			else if (net_random(&random, 3) == 0)
				give(f);
			if (step % 10000 == 0)
				check_all();
		}
		check_all();
		assert_true((refused > 0) == (seed == 3)); /* a full slab refuses; the other does not */
		for (step = 0; step < FLOWS; step++)
			if (flows[step].record)
				give(&flows[step]);
		check_all();
		assert_int_equal(table.slab[0]->used + table.slab[1]->used, 0);
		free(memory);
	}
}

/* Only what the wire carries counts, and the endpoints' order does not. */
static void test_hash(void **state)
{
	uint64_t random = 77;
	uint32_t i, equal = 0, last = 0;

	(void)state;
	open_table(64, 64, 9);
	for (i = 0; i < 50000; i++) {
		struct flow f;
		uint8_t header[2][40];
		struct conn_key there, back;

		make_flow(&f, &random);
		f.two = f.one_way = false;
		if (f.protocol == USHER_GRE)
			f.type = f.answers = 0;
		there = key_of(&f, 0, header[0]);
		back = key_of(&f, 1, header[1]);
		assert_int_equal(there.hash, back.hash);
		assert_int_equal(there.hash, conn_hash(&table, &there));
		equal += there.hash == last;
		last = there.hash;
	}
	assert_true(equal < 50); /* hashes differ where tuples do: now and then the same flow comes twice */
	free(memory);
}

/* Swapping only the ports, or only the addresses, is another flow: it must have another hash, nearly always. */
static void test_hash_crosswise(void **state)
{
	uint64_t random = 78;
	uint32_t i, equal = 0;

	(void)state;
	open_table(64, 64, 9);
	for (i = 0; i < 20000; i++) {
		struct flow f, g;
		uint8_t header[2][40];

		make_flow(&f, &random);
		f.protocol = USHER_TCP;
		f.type = f.answers = 0;
		f.one_way = f.two = false;
		g = f;
		g.key[0] = f.key[1];
		g.key[1] = f.key[0];
		if (f.key[0] == f.key[1] || memcmp(f.address[0], f.address[1], 16) == 0)
			continue;
		equal += key_of(&f, 0, header[0]).hash == key_of(&g, 0, header[1]).hash;
	}
	assert_int_equal(equal, 0);
	free(memory);
}

/* One seed, one table; another seed, other hashes. */
static void test_seed(void **state)
{
	struct flow f = { .family = USHER_IPV4, .protocol = USHER_TCP, .key = { 1, 2 } };
	uint32_t hash[3];
	uint8_t header[40];
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		open_table(64, 64, i == 2 ? 1 : 0);
		hash[i] = key_of(&f, 0, header).hash;
		free(memory);
	}
	assert_int_equal(hash[0], hash[1]);
	assert_int_not_equal(hash[0], hash[2]);
}

/* The call key is what a packet of the other side has. */
static void test_call_key(void **state)
{
	struct flow f = { .family = USHER_IPV4, .protocol = USHER_GRE, .type = 1, .answers = 1, .two = true, .key = { 5, 9 },
			  .address = { { 10, 0, 0, 1 }, { 10, 0, 0, 2 } } };
	struct conn_key k, wire;
	uint8_t header[40];

	(void)state;
	open_table(64, 64, 1);
	assert_true(take(&f));
	usher__conn_call_key(&table, &k, conn_at(&table, f.record), false);
	wire = key_of(&f, 1, header);
	assert_int_equal(k.hash, wire.hash);
	assert_int_equal(usher__conn_lookup(&table, &k).record, f.record);
	assert_int_equal(usher__conn_lookup(&table, &k).direction, USHER_REPLY);
	give(&f);
	assert_null(usher__conn_lookup(&table, &k).c);
	free(memory);
}

/* Packets and bytes are counted in 48 bits. */
static void test_count(void **state)
{
	struct conn c = { .packets_low = { 0xffffffffu, 5 }, .bytes_low = { 0xffffff00u, 0 } };

	(void)state;
	conn_count(&c, 0, 0x100);
	assert_int_equal(c.packets_low[0], 0);
	assert_int_equal(c.packets_high[0], 1);
	assert_int_equal(c.bytes_low[0], 0);
	assert_int_equal(c.bytes_high[0], 1);
	conn_count(&c, 1, 0xffff);
	assert_int_equal(c.packets_low[1], 6);
	assert_int_equal(c.packets_high[1], 0);
	assert_int_equal(c.bytes_low[1], 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random), cmocka_unit_test(test_hash),     cmocka_unit_test(test_hash_crosswise),
		cmocka_unit_test(test_seed),   cmocka_unit_test(test_call_key), cmocka_unit_test(test_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
