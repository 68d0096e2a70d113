/*
 * Addresses and keys rewritten in place: rows of packets before and after, made elsewhere; and many packets of every
 * kind from a seed, right and wrong, cut, in pieces, offloaded, with headers between, of which exactly what shall
 * change does, and each checksum stays as right or as wrong as it was (rewrite_bed.h). All of them lie in allocations
 * of exactly their length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rewrite_bed.h"

#define PACKETS 200000u

struct row {
	const char *name;
	bool partial;
	const char *src, *dst;
	uint16_t src_key, dst_key;
	const char *before, *after;
};

static const struct row rows[] = {
#include "rewrite_rows.h"
};

static unsigned nibble(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static uint32_t from_hex(uint8_t *to, const char *hex)
{
	uint32_t len = 0;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		assert_true(hex[1] != '\0' && len < BED_MOST);
		to[len++] = (uint8_t)(nibble(hex[0]) << 4 | nibble(hex[1]));
		hex++;
	}
	return len;
}

static uint8_t *alone(const uint8_t *data, uint32_t len)
{
	uint8_t *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, data, len);
	return copy;
}

static void test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		uint8_t before[BED_MOST], after[BED_MOST], src[16], dst[16], *data;
		struct pkt_rewrite to = { src, dst, row->src_key, row->dst_key };
		uint32_t len = from_hex(before, row->before);
		struct pkt p;

		assert_int_equal(from_hex(after, row->after), len);
		from_hex(src, row->src);
		from_hex(dst, row->dst);
		data = alone(before, len);
		usher__pkt_decode(&p, data, len, len, 0);
		usher__pkt_translate(data, &p, &to, row->partial);
		if (memcmp(data, after, len) != 0)
			fail_msg("%s", row->name);
		free(data);
	}
}

/* A CRC instead of a sum: that of the whole packet. */
static void test_sctp(void **state)
{
	uint8_t before[BED_MOST], after[BED_MOST], src[4] = { 203, 0, 113, 1 }, dst[4] = { 192, 0, 2, 9 };
	struct pkt_rewrite to = { src, dst, 5001, 36412 };
	uint32_t len = from_hex(before, "45000024 00014000 4084061e 0a000002 c6336402 13881770 deadbeef 15955ae6 01000004");
	struct pkt p;

	(void)state;
	assert_int_equal(len,
		from_hex(after, "45000024 00014000 40843c4a cb007101 c0000209 13898e3c deadbeef de85effa 01000004"));
	usher__pkt_decode(&p, before, len, len, 0);
	assert_int_equal(p.payload, 32);
	usher__pkt_translate(before, &p, &to, false);
	assert_memory_equal(before, after, len);
	memset(before + 28, 0x55, 4);
	usher__pkt_translate(before, &p, &to, true); /* made anew, whatever was there */
	assert_memory_equal(before, after, len);
}

/* Did the decoder read keys? Then they were to be replaced. */
static bool keys_known(const struct bed_packet *m, const struct pkt *p)
{
	return !m->later && p->payload >= p->l4 + 8;
}

/* Is the field wholly here, and what it covers told by the packet? */
static bool checksum_here(const struct bed_packet *m)
{
	return m->checksum && m->checksum + (m->crc ? 4 : 2) <= m->have && !(m->crc && m->fragment);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The packet as it must be, its checksums as they came out: those are judged by their sums. */
static void expect_bytes(const struct bed_packet *m, const struct pkt *p, const struct pkt_rewrite *to, uint8_t *want,
	const uint8_t *got)
{
	uint32_t size = m->family == 4 ? 4 : 16, src_at = m->family == 4 ? 12 : 8;

	memcpy(want, m->bytes, m->all);
	memcpy(want + src_at, to->src, size);
	memcpy(want + src_at + size, to->dst, size);
	if (keys_known(m, p) && m->key_at[0])
		put16(want + m->key_at[0], to->src_key);
	if (keys_known(m, p) && m->key_at[1])
		put16(want + m->key_at[1], to->dst_key);
	if (m->family == 4)
		memcpy(want + 10, got + 10, 2);
	if (checksum_here(m))
		memcpy(want + m->checksum, got + m->checksum, m->crc ? 4 : 2);
}

static bool is_zero(const uint8_t *field)
{
	return field[0] == 0 && field[1] == 0;
}

/* `got` are all bytes after the rewrite, those that were not here unchanged, but for keys, see test_many. */
static void check_checksums(uint32_t number, const struct bed_packet *m, const uint8_t *got)
{
	uint8_t right[BED_MOST];

	if (bed_header_error(got) != bed_header_error(m->bytes))
		fail_msg("packet %u: the IPv4 header's checksum is more or less wrong than before", number);
	if (!checksum_here(m))
		return;
	if (m->never_zero && is_zero(m->bytes + m->checksum)) {
		if (!is_zero(got + m->checksum))
			fail_msg("packet %u: a checksum where there was none", number);
		return;
	}
	if (bed_transport_error(m, got) != bed_transport_error(m, m->bytes))
		fail_msg("packet %u: protocol %u, checksum wrong by %x, was by %x", number, m->protocol,
			bed_transport_error(m, got), bed_transport_error(m, m->bytes));
	memcpy(right, got, m->all);
	bed_set_checksum(m, right);
	if (m->partial && !m->pseudo) /* nothing is in that field yet, by whichever zero */
		memcpy(right + m->checksum, m->bytes + m->checksum, 2);
	if (bed_transport_error(m, m->bytes) == 0 && memcmp(right, got, m->all) != 0)
		fail_msg("packet %u: the other zero", number);
	if (m->never_zero && is_zero(got + m->checksum))
		fail_msg("packet %u: a checksum of 0", number);
}

static void check_decoded(uint32_t number, const struct bed_packet *m, const struct pkt *p, const uint8_t *data,
	const struct pkt_rewrite *to)
{
	struct pkt again, want = *p;

	bed_decode(m, &again, data);
	if (keys_known(m, p) && m->key_at[0])
		want.key[0] = to->src_key;
	if (keys_known(m, p) && m->key_at[1])
		want.key[1] = to->dst_key;
	else if (keys_known(m, p) && m->key_at[0])
		want.key[1] = to->src_key; /* an ICMP id is both */
	if (memcmp(&again, &want, sizeof(want)) != 0)
		fail_msg("packet %u: it decodes to something else", number);
}

/* Choose the source port so that the checksum comes out as a zero, as one in 65535 does. */
static void steer(const struct bed_packet *m, const struct pkt *p, struct pkt_rewrite *to)
{
	uint8_t *data = alone(m->bytes, m->have);
	uint32_t sum = to->src_key;

	usher__pkt_translate(data, p, to, false);
	sum += (uint32_t)data[m->checksum] << 8 | data[m->checksum + 1];
	to->src_key = (uint16_t)((sum & 0xffff) + (sum >> 16));
	free(data);
}

static void check_one(uint32_t number, const struct bed_packet *m, struct bed_random *r)
{
	uint8_t addresses[32], want[BED_MOST], got[BED_MOST], *data = alone(m->bytes, m->have), *other = alone(m->bytes, m->have);
	struct pkt_rewrite to;
	struct pkt p, before, long_way;

	bed_tuple(r, &to, addresses);
	bed_decode(m, &p, data);
	if (p.l4 != m->l4)
		fail_msg("packet %u: the generator thinks otherwise of where its transport begins", number);
	before = p;
	if (checksum_here(m) && !m->crc && !m->partial && keys_known(m, &p) && m->key_at[0] && bed_chance(r, 5))
		steer(m, &p, &to);
	usher__pkt_translate(data, &p, &to, m->partial);
	assert_memory_equal(&p, &before, sizeof(p));
	memcpy(got, m->bytes, m->all);
	memcpy(got, data, m->have);
	expect_bytes(m, &p, &to, want, got);
	if (memcmp(want, got, m->all) != 0)
		fail_msg("packet %u: protocol %u, something else has changed", number, m->protocol);
	check_checksums(number, m, got);
	check_decoded(number, m, &p, data, &to);
	if (usher__pkt_is_later(data, &p) != m->later)
		fail_msg("packet %u: a later fragment is not told", number);
	long_way = p; /* it looks for what is not there, and finds nothing */
	long_way.flags |= PKT_OPTIONS;
	usher__pkt_translate(other, &long_way, &to, m->partial);
	assert_memory_equal(data, other, m->have);
	free(data);
	free(other);
}

static void test_many(void **state)
{
	struct bed_random r = { 0x1624 };
	uint32_t i;

	(void)state;
	for (i = 0; i < PACKETS; i++) {
		struct bed_packet m;

		bed_make(&m, &r, BED_ANY);
		check_one(i, &m, &r);
	}
}

/* Every kind and case that the generator knows has come up, often. */
static void test_coverage(void **state)
{
	struct bed_random r = { 0x1624 };
	uint32_t protocol[256] = { 0 }, cut = 0, later = 0, first = 0, partial = 0, elsewhere = 0, wrong = 0, none = 0, i;
	static const uint8_t all[] = { 1, 6, 17, 33, 47, 50, 58, 132, 135, 136, 139, 253 };

	(void)state;
	for (i = 0; i < 20000; i++) {
		struct bed_packet m;

		bed_make(&m, &r, BED_ANY);
		protocol[m.protocol]++;
		cut += m.have < m.len;
		later += m.later;
		first += m.fragment && !m.later;
		partial += m.partial;
		elsewhere += m.src_at != (m.family == 4 ? 12u : 8u) || m.dst_at != (m.family == 4 ? 16u : 24u);
		wrong += m.checksum && bed_transport_error(&m, m.bytes) != 0;
		none += m.protocol == USHER_UDP && m.checksum && is_zero(m.bytes + m.checksum);
	}
	for (i = 0; i < sizeof(all); i++)
		assert_true(protocol[all[i]] > 200);
	assert_true(cut > 200 && later > 200 && first > 200 && partial > 200 && elsewhere > 200 && wrong > 200 && none > 100);
}

/* There and back again: the same bytes, but for a field that was the other zero. */
static void test_back(void **state)
{
	struct bed_random r = { 9260 };
	uint32_t i;

	(void)state;
	for (i = 0; i < PACKETS; i++) {
		uint8_t there[32], back[32] = { 0 }, *data;
		struct pkt_rewrite to, own = { back, back + 16, 0, 0 };
		uint32_t size, src_at;
		struct bed_packet m;
		struct pkt p;

		bed_make(&m, &r, BED_ANY);
		size = m.family == 4 ? 4 : 16;
		src_at = m.family == 4 ? 12 : 8;
		data = alone(m.bytes, m.have);
		bed_decode(&m, &p, data);
		memcpy(back, data + src_at, size);
		memcpy(back + 16, data + src_at + size, size);
		own.src_key = p.key[0];
		own.dst_key = p.key[1];
		bed_tuple(&r, &to, there);
		usher__pkt_translate(data, &p, &to, m.partial);
		usher__pkt_translate(data, &p, &own, m.partial);
		if (m.family == 4 && bed_sum(data + 10, 2) == bed_sum(m.bytes + 10, 2))
			memcpy(data + 10, m.bytes + 10, 2);
		if (checksum_here(&m) && !m.crc && !m.never_zero &&
			bed_sum(data + m.checksum, 2) == bed_sum(m.bytes + m.checksum, 2))
			memcpy(data + m.checksum, m.bytes + m.checksum, 2);
		if (memcmp(data, m.bytes, m.have) != 0)
			fail_msg("packet %u, protocol %u: not the same again", i, m.protocol);
		free(data);
	}
}

static void test_id(void **state)
{
	struct bed_random r = { 791 };
	uint32_t i, ids = 0;

	(void)state;
	for (i = 0; i < 65536; i++) {
		uint8_t data[BED_MOST], want[BED_MOST];
		struct bed_packet m;

		do
			bed_make(&m, &r, BED_ANY);
		while (m.family != 4);
		memcpy(data, m.bytes, m.all);
		memcpy(want, m.bytes, m.all);
		usher__pkt_set_id(data, (uint16_t)i);
		put16(want + 4, i);
		memcpy(want + 10, data + 10, 2);
		assert_memory_equal(data, want, m.all);
		assert_int_equal(bed_header_error(data), bed_header_error(m.bytes));
		ids++;
	}
	assert_int_equal(ids, 65536);
}

/* Of a packet of which nothing is known nothing is changed. */
static void test_nothing(void **state)
{
	uint8_t data[64] = { 0x45, 1, 2, 3, 4, 5, 6, 7 }, was[64], addresses[32] = { 1 };
	struct pkt_rewrite to = { addresses, addresses + 16, 1, 2 };
	struct pkt p;

	(void)state;
	memcpy(was, data, sizeof(data));
	usher__pkt_decode(&p, data, 8, 8, 0);
	usher__pkt_translate(data, &p, &to, false);
	assert_memory_equal(data, was, sizeof(data));
	data[0] = was[0] = 0x65;
	usher__pkt_decode(&p, data, 8, 48, 0);
	usher__pkt_translate(data, &p, &to, false);
	assert_memory_equal(data, was, sizeof(data));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_sctp),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_back),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
