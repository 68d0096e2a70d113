/*
 * TCP fields, options and payloads rewritten: options by rows, at even and odd places, malformed ones too; everything
 * else on many segments from a seed, judged by whole sums (rewrite_bed.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rewrite_bed.h"

#define SEGMENTS 50000u
#define TAILROOM 400u

static uint8_t *alone(const uint8_t *data, uint32_t len)
{
	uint8_t *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, data, len);
	return copy;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

/* Only the field has changed, and the checksum is as wrong as it was. */
static void check_field(const char *name, const struct bed_packet *m, const uint8_t *data, const uint8_t *want)
{
	uint8_t wanted[BED_MOST];

	memcpy(wanted, want, m->all);
	if (m->partial)
		assert_memory_equal(data + m->checksum, m->bytes + m->checksum, 2);
	memcpy(wanted + m->checksum, data + m->checksum, 2);
	if (memcmp(data, wanted, m->all) != 0)
		fail_msg("%s: something else has changed", name);
	if (bed_transport_error(m, data) != bed_transport_error(m, m->bytes))
		fail_msg("%s: the checksum", name);
}

static void test_fields(void **state)
{
	static const uint32_t odd[] = { 0, 1, 0xffff, 0x10000, 0xffff0000, 0xffffffff, 0x7fffffff, 0x80000000 };
	struct bed_random r = { 9293 };
	uint32_t i;

	(void)state;
	for (i = 0; i < SEGMENTS; i++) {
		uint32_t value = bed_chance(&r, 30) ? odd[bed_below(&r, 8)] : bed_next(&r);
		uint8_t *data, want[BED_MOST];
		struct bed_packet m;
		struct pkt p;

		bed_make(&m, &r, BED_TCP);
		data = alone(m.bytes, m.all);
		bed_decode(&m, &p, data);
		memcpy(want, m.bytes, m.all);
		usher__pkt_tcp_set_seq(data, &p, value, m.partial);
		put32(want + m.l4 + 4, value);
		check_field("seq", &m, data, want);
		usher__pkt_tcp_set_ack(data, &p, ~value, m.partial);
		put32(want + m.l4 + 8, ~value);
		check_field("ack", &m, data, want);
		usher__pkt_tcp_set_window(data, &p, (uint16_t)(value >> 3), m.partial);
		put16(want + m.l4 + 14, value >> 3 & 0xffff);
		check_field("window", &m, data, want);
		usher__pkt_tcp_set_urgent(data, &p, (uint16_t)(value >> 5), m.partial);
		put16(want + m.l4 + 18, value >> 5 & 0xffff);
		check_field("urgent", &m, data, want);
		usher__pkt_tcp_set_flags(data, &p, (uint8_t)value, m.partial);
		want[m.l4 + 13] = (uint8_t)value;
		check_field("flags", &m, data, want);
		assert_int_equal(p.tcp_flags, value & 0xff);
		free(data);
	}
}

/* ---- options ---- */

#define EDGES(n) 0x10000000u + (n), 0x20000000u + (n)

struct row {
	const char *name;
	const char *before; /* options, a multiple of 4 bytes; SACK blocks of 1..4 are written there as numbers below */
	const char *after;
	uint32_t count;     /* SACK: blocks given */
};

/* Blocks given are 10000001-20000001, 10000002-20000002, ... */
static const struct row sack_rows[] = {
	{ "two of two", "0101051200000001000000020000000300000004",
	  "0101051210000001200000011000000220000002", 2 },
	{ "more than there are", "0101051200000001000000020000000300000004",
	  "0101051210000001200000011000000220000002", 4 },
	{ "one of two", "0101051200000001000000020000000300000004",
	  "0101050a10000001200000010101010101010101", 1 },
	{ "none of two", "0101051200000001000000020000000300000004",
	  "0101010101010101010101010101010101010101", 0 },
	{ "at an odd place", "01050a0000000100000002" "01", "01050a1000000120000001" "01", 1 },
	{ "none at an odd place", "01050a0000000100000002" "01", "010101010101010101010101", 0 },
	{ "behind timestamps", "0101080a11111111222222220101050a0000000100000002",
	  "0101080a11111111222222220101050a1000000120000001", 1 },
	{ "four, no NOP", "052200000001000000020000000300000004000000050000000600000007000000080000",
	  "052210000001200000011000000220000002100000032000000310000004200000040000", 4 },
	{ "four, and three are left", "052200000001000000020000000300000004000000050000000600000007000000080101",
	  "051a10000001200000011000000220000002100000032000000301010101010101010101", 3 },
	{ "two options", "050a0000000100000002050a00000003000000040101" "0101",
	  "050a1000000120000001050a10000002200000020101" "0101", 2 },
	{ "two options, one block: the second goes", "050a0000000100000002050a00000003000000040101" "0101",
	  "050a100000012000000101010101010101010101" "0101" "0101", 1 },
	{ "11 bytes of SACK stay, what is behind is found", "050b000000010000000200" "050a0000000300000004" "000000",
	  "050b000000010000000200" "050a1000000120000001" "000000", 1 },
	{ "empty", "05020101", "05020101", 1 },
	{ "longer than the options", "0101050a00000001", "0101050a00000001", 1 },
	{ "behind the end", "0000050a0000000100000002", "0000050a0000000100000002", 1 },
	{ "behind the end, as if that had a length", "0002050a0000000100000002", "0002050a0000000100000002", 1 },
	{ "length 1", "0105010a0000000100000002", "0105010a0000000100000002", 1 },
	{ "length 0", "0105000a0000000100000002", "0105000a0000000100000002", 1 },
	{ "inside another option", "1e0c050a0000000100000002", "1e0c050a0000000100000002", 1 },
	{ "a kind without its length", "01010105", "01010105", 1 },
	{ "no options", "", "", 3 },
};

static const struct row timestamp_rows[] = {
	{ "as usual", "0101080a0000000100000002", "0101080adeadbeefcafef00d", 0 },
	{ "at an odd place", "01080a000000010000000201", "01080adeadbeefcafef00d01", 0 },
	{ "twice", "080a0000000100000002080a0000000300000004", "080adeadbeefcafef00d080adeadbeefcafef00d", 0 },
	{ "of another length", "0109080b000000010000000200010101", "0109080b000000010000000200010101", 0 },
	{ "wrong length, then right", "08030001080a0000000100000002" "0000", "08030001080adeadbeefcafef00d" "0000", 0 },
	{ "none", "020405b4", "020405b4", 0 },
	{ "cut", "0101080a00000001", "0101080a00000001", 0 },
};

static uint32_t from_hex(uint8_t *to, const char *hex)
{
	uint32_t len = (uint32_t)strlen(hex) / 2, i;

	for (i = 0; i < len; i++) {
		unsigned high = (unsigned)hex[2 * i], low = (unsigned)hex[2 * i + 1];

		high = high <= '9' ? high - '0' : high - 'a' + 10;
		low = low <= '9' ? low - '0' : low - 'a' + 10;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return len;
}

/* A segment with these options and a little payload, IPv4, its checksum right (or partial). */
static void make_segment(struct bed_packet *m, const char *options, bool partial)
{
	uint8_t *l4 = m->bytes + 20;
	uint32_t len;

	memset(m, 0, sizeof(*m));
	m->family = 4;
	m->protocol = USHER_TCP;
	m->l4 = 20;
	m->src_at = 12;
	m->dst_at = 16;
	m->pseudo = true;
	m->partial = partial;
	m->checksum = 36;
	memcpy(m->bytes, "\x45\0\0\0\0\1\x40\0\x40\6\0\0\x0a\0\0\2\xc6\x33\x64\2", 20);
	memcpy(l4, "\x9c\x40\0\x15\0\0\0\1\0\0\0\2\0\x10\1\0", 16);
	len = from_hex(l4 + 20, options);
	assert_true(len % 4 == 0 && len <= 40);
	l4[12] = (uint8_t)((20 + len) << 2);
	memcpy(l4 + 20 + len, "\x08\x0a\5", 3); /* looks like options, and is none */
	m->covered = 20 + len + 3;
	m->all = m->len = m->have = 20 + m->covered;
	put16(m->bytes + 2, m->len);
	bed_set_header_checksum(m->bytes);
	bed_set_checksum(m, m->bytes);
}

static void check_options(const struct row *row, bool partial, bool timestamps)
{
	static const uint32_t edges[4][2] = { { EDGES(1) }, { EDGES(2) }, { EDGES(3) }, { EDGES(4) } };
	struct bed_packet m;
	struct pkt p;
	uint8_t *data, want[BED_MOST];

	make_segment(&m, row->before, partial);
	data = alone(m.bytes, m.all);
	bed_decode(&m, &p, data);
	assert_int_equal(p.reason, USHER_REASON_NONE);
	memcpy(want, m.bytes, m.all);
	if (from_hex(want + 40, row->after) != p.payload - 40)
		fail_msg("%s: the row's own lengths differ", row->name);
	if (timestamps)
		usher__pkt_tcp_set_timestamps(data, &p, 0xdeadbeef, 0xcafef00d, partial);
	else
		usher__pkt_tcp_set_sack(data, &p, edges, row->count, partial);
	check_field(row->name, &m, data, want);
	free(data);
}

static void test_sack(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sack_rows) / sizeof(sack_rows[0]); i++) {
		check_options(&sack_rows[i], false, false);
		check_options(&sack_rows[i], true, false);
	}
}

static void test_timestamps(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(timestamp_rows) / sizeof(timestamp_rows[0]); i++) {
		check_options(&timestamp_rows[i], false, true);
		check_options(&timestamp_rows[i], true, true);
	}
}

/* Options of all sorts, right ones more often than not. */
static void scatter_options(struct bed_packet *m, struct bed_random *r)
{
	uint32_t end = m->l4 + (m->bytes[m->l4 + 12] >> 4) * 4u, at = m->l4 + 20;

	while (at < end) {
		uint32_t left = end - at, blocks = 1 + bed_below(r, 4);

		switch (bed_below(r, 5)) {
		case 0:
			m->bytes[at++] = 1;
			break;
		case 1:
			if (left >= 10) {
				m->bytes[at] = 8;
				m->bytes[at + 1] = 10;
				at += 10;
			}
			break;
		case 2:
			m->bytes[at] = (uint8_t)bed_below(r, 12);
			at++;
			break;
		default:
			if (left >= 2 + 8 * blocks) {
				m->bytes[at] = 5;
				m->bytes[at + 1] = (uint8_t)(2 + 8 * blocks);
				at += 2 + 8 * blocks;
			} else {
				m->bytes[at++] = 1;
			}
		}
	}
	if (bed_chance(r, 80))
		bed_set_checksum(m, m->bytes);
}

/* What the reader reads after it is what was written, for whatever options. */
static void test_options_many(void **state)
{
	struct bed_random r = { 2018 };
	uint32_t i, sacks = 0, stamps = 0;

	(void)state;
	for (i = 0; i < SEGMENTS; i++) {
		uint32_t edges[4][2], count = bed_below(&r, 5), k;
		struct pkt_tcp_options before, after;
		struct bed_packet m;
		struct pkt p;
		uint8_t *data, want[BED_MOST];

		bed_make(&m, &r, BED_TCP);
		scatter_options(&m, &r);
		for (k = 0; k < 4; k++) {
			edges[k][0] = bed_next(&r);
			edges[k][1] = bed_next(&r);
		}
		data = alone(m.bytes, m.all);
		bed_decode(&m, &p, data);
		usher__pkt_tcp_options(&before, data + p.l4);
		usher__pkt_tcp_set_sack(data, &p, edges, count, m.partial);
		usher__pkt_tcp_set_timestamps(data, &p, edges[3][0], edges[3][1], m.partial);
		usher__pkt_tcp_options(&after, data + p.l4);
		assert_int_equal(after.sack_count, before.sack_count < count ? before.sack_count : count);
		assert_memory_equal(after.sack, edges, after.sack_count * sizeof(edges[0]));
		assert_int_equal(after.flags, before.flags);
		assert_int_equal(after.mss, before.mss);
		assert_int_equal(after.scale, before.scale);
		if (before.flags & PKT_TCP_HAS_TIMESTAMP)
			assert_true(after.ts_value == edges[3][0] && after.ts_echo == edges[3][1]);
		memcpy(want, m.bytes, m.all);
		memcpy(want + p.l4 + 20, data + p.l4 + 20, p.payload - p.l4 - 20);
		check_field("options", &m, data, want);
		sacks += before.sack_count > 0;
		stamps += (before.flags & PKT_TCP_HAS_TIMESTAMP) != 0;
		free(data);
	}
	assert_true(sacks > SEGMENTS / 10 && stamps > SEGMENTS / 10);
}

/* A first fragment that ends within the options, and one that has them all. */
static void test_first_fragment(void **state)
{
	static const uint32_t edges[1][2] = { { 7, 8 } };
	uint32_t here;

	(void)state;
	for (here = 20; here <= 44; here += 4) {
		struct bed_packet m;
		struct pkt p;
		uint8_t *data;

		make_segment(&m, "0101080a11111111222222220101050a0000000100000002", false);
		m.bytes[6] = 0x20;
		m.len = m.have = 20 + here;
		put16(m.bytes + 2, m.len);
		data = alone(m.bytes, m.have);
		bed_decode(&m, &p, data);
		assert_int_equal(p.reason, USHER_REASON_FRAGMENT);
		usher__pkt_tcp_set_timestamps(data, &p, 1, 2, false);
		usher__pkt_tcp_set_sack(data, &p, edges, 1, false);
		memcpy(m.bytes, data, m.have);
		assert_int_equal(bed_transport_error(&m, m.bytes), 0);
		free(data);
	}
}

/* ---- payload ---- */

static void check_payload(uint32_t number, const struct bed_packet *m, struct bed_random *r)
{
	uint32_t tailroom = bed_chance(r, 50) ? TAILROOM : bed_below(r, 20), padding = bed_below(r, 10);
	uint32_t len = bed_chance(r, 20) ? bed_below(r, 3) : bed_below(r, TAILROOM), size = m->have + padding, total;
	uint8_t *data = malloc(size + tailroom), new[TAILROOM];
	struct pkt_room room = { data, size, tailroom };
	struct bed_packet after = *m;
	struct pkt p, was, again;
	bool done;

	assert_non_null(data);
	memset(data, 0xee, size + tailroom);
	memcpy(data, m->bytes, m->have);
	bed_fill(r, new, sizeof(new));
	usher__pkt_decode(&p, data, size, size, 0);
	was = p;
	done = usher__pkt_set_payload(&room, &p, len ? new : NULL, len, m->partial);
	total = was.payload + len;
	assert_int_equal(done, total <= size + tailroom);
	if (!done) {
		assert_memory_equal(data, m->bytes, m->have);
		assert_memory_equal(&p, &was, sizeof(p));
		assert_true(room.len == size && room.tailroom == tailroom);
		free(data);
		return;
	}
	assert_true(room.data == data && room.len == total && room.len + room.tailroom == size + tailroom);
	memcpy(after.bytes + was.payload, new, len);
	after.all = total;
	after.covered = total - m->l4;
	put16(after.bytes + (m->family == 4 ? 2 : 4), m->family == 4 ? total : total - 40);
	if (m->family == 4)
		memcpy(after.bytes + 10, data + 10, 2);
	memcpy(after.bytes + m->checksum, data + m->checksum, 2);
	if (memcmp(after.bytes, data, total) != 0)
		fail_msg("segment %u: something else has changed", number);
	assert_int_equal(bed_header_error(data), bed_header_error(m->bytes));
	if (bed_transport_error(&after, data) != bed_transport_error(m, m->bytes))
		fail_msg("segment %u: the checksum", number);
	usher__pkt_decode(&again, data, room.len, room.len, 0);
	assert_memory_equal(&again, &p, sizeof(p));
	free(data);
}

static void test_payload(void **state)
{
	struct bed_random r = { 1624 };
	uint32_t i;

	(void)state;
	for (i = 0; i < SEGMENTS; i++) {
		struct bed_packet m;

		bed_make(&m, &r, BED_TCP);
		check_payload(i, &m, &r);
	}
}

/* A super-packet grows up to what an IP header can say, and no further; both families. */
static void test_payload_large(void **state)
{
	static uint8_t data[70000], new[66000];
	uint32_t family, i;

	(void)state;
	for (i = 0; i < sizeof(new); i++)
		new[i] = (uint8_t)(i * 7 >> 3);
	for (family = 4; family <= 6; family += 2) {
		uint32_t head = family == 4 ? 20 : 40, most = 65535 + (family == 4 ? 0 : 40), len = 60000;
		struct bed_packet m = { .family = (uint8_t)family, .protocol = USHER_TCP, .l4 = head, .pseudo = true,
					.src_at = family == 4 ? 12 : 8, .dst_at = family == 4 ? 16 : 24,
					.checksum = head + 16 };
		struct pkt_room room = { data, len, sizeof(data) - 60000 };
		struct pkt p;
		uint32_t error;

		memset(data, 0x61, sizeof(data));
		data[0] = (uint8_t)(family << 4 | 5);
		put16(data + (family == 4 ? 2 : 4), family == 4 ? len : len - 40);
		data[family == 4 ? 9 : 6] = USHER_TCP;
		put16(data + 6, family == 4 ? 0 : USHER_TCP << 8 | 64);
		data[head + 12] = 0x50;
		m.all = len;
		m.covered = len - head;
		usher__pkt_decode(&p, data, len, len, PKT_GSO);
		assert_int_equal(p.reason, USHER_REASON_NONE);
		if (family == 4)
			bed_set_header_checksum(data);
		error = bed_transport_error(&m, data);
		assert_false(usher__pkt_set_payload(&room, &p, new, most - p.payload + 1, false));
		assert_true(usher__pkt_set_payload(&room, &p, new, most - p.payload, false));
		assert_int_equal(p.ip_len, most);
		m.all = most;
		m.covered = most - head;
		assert_int_equal(bed_transport_error(&m, data), error);
		assert_int_equal(bed_header_error(data), 0);
		assert_false(usher__pkt_set_payload(&room, &p, new, UINT32_MAX, false)); /* nor does a sum of lengths wrap */
	}
}

/* What is no whole TCP segment is left alone. */
static void test_payload_refused(void **state)
{
	struct bed_packet m;
	struct pkt_room room;
	struct pkt p;
	uint8_t data[BED_MOST];

	(void)state;
	make_segment(&m, "", false);
	room = (struct pkt_room){ data, m.all, 100 };
	memcpy(data, m.bytes, m.all);
	usher__pkt_decode(&p, data, m.all - 1, m.all, 0); /* cut */
	assert_false(usher__pkt_set_payload(&room, &p, "x", 1, false));
	usher__pkt_decode(&p, data, m.all, m.all, 0);
	p.protocol = USHER_UDP;
	assert_false(usher__pkt_set_payload(&room, &p, "x", 1, false));
	data[6] = 0x20; /* a fragment */
	usher__pkt_decode(&p, data, m.all, m.all, 0);
	assert_false(usher__pkt_set_payload(&room, &p, "x", 1, false));
	data[6] = 0x40;
	put16(data + 2, 0); /* no length: what a host that leaves the cutting to its card shows */
	usher__pkt_decode(&p, data, m.all, m.all, 0);
	assert_int_equal(p.reason, USHER_REASON_NONE);
	assert_false(usher__pkt_set_payload(&room, &p, "x", 1, false));
	assert_int_equal(room.len, m.all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_sack),
		cmocka_unit_test(test_timestamps),
		cmocka_unit_test(test_options_many),
		cmocka_unit_test(test_first_fragment),
		cmocka_unit_test(test_payload),
		cmocka_unit_test(test_payload_large),
		cmocka_unit_test(test_payload_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
