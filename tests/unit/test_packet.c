/*
 * The decoder, by rows of data: a packet in hex, and all that the decoder says of it.
 *
 * Every row is decoded by the shortcut and by the long way, which must agree; with and without verifying checksums;
 * cut to every length; and with every single bit turned over. Each time the bytes lie in an allocation of exactly
 * their length, so that a sanitizer sees the first byte read too far, and every offset must be inside. The packets'
 * checksums were not made by usher.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packet/packet.h"

#define PACKET_MOST 512u

struct row {
	const char *name;
	const char *hex;
	uint32_t cut;      /* bytes that are here; 0: all */
	uint32_t wire_len; /* 0: all of hex */
	unsigned decode;   /* enum pkt_decode_flags */
	uint8_t covered;   /* bytes of transport that its checksum covers; 0: all */
	bool checked;      /* with PKT_VERIFY: the same, and CSUM_CHECKED */
	uint8_t bad_sum;   /* with PKT_VERIFY: this reason; 0: the same */
	struct pkt want;
};

static const struct row rows[] = {
#include "packet_rows_ipv4.h"
#include "packet_rows_ipv6.h"
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

struct quote {
	const char *name;
	const char *hex; /* of the ICMP error */
	bool told;
	uint32_t offset;
	struct pkt want; /* of what it quotes */
};

static const struct quote quotes[] = {
#include "packet_rows_quotes.h"
};

#define QUOTE_COUNT (sizeof(quotes) / sizeof(quotes[0]))

_Static_assert(sizeof(struct pkt) == 32, "no padding: two of them compare by their bytes");

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
		assert_true(hex[1] != '\0' && len < PACKET_MOST);
		to[len++] = (uint8_t)(nibble(hex[0]) << 4 | nibble(hex[1]));
		hex++;
	}
	return len;
}

/* The bytes alone in an allocation of their size, to be freed. */
static uint8_t *alone(const uint8_t *data, uint32_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	if (len == 0) { /* an allocation of nothing is one byte: behind it, then */
		copy[0] = 0x45;
		return copy;
	}
	memcpy(copy, data, len);
	return copy;
}

static void check_inside(const char *name, const struct pkt *p, uint32_t len)
{
	if (p->l4 > len || p->payload < p->l4 || p->payload > len || p->payload_have > len - p->payload ||
		p->payload_have > p->payload_len)
		fail_msg("%s: an offset is outside of %u bytes", name, len);
	if (p->reason >= USHER_REASON_COUNT || (p->flags & ~0x7fu))
		fail_msg("%s: reason %u, flags %x", name, p->reason, p->flags);
	if ((p->reason == USHER_REASON_IP_TRUNCATED) > ((p->flags & PKT_TRUNCATED) != 0))
		fail_msg("%s: truncated, and says not", name);
}

static void check_quoted_inside(const char *name, const struct pkt *outer, const uint8_t *data, uint32_t len)
{
	struct pkt inner;
	uint32_t offset;
	bool told = usher__pkt_decode_quoted(&inner, outer, data, len, &offset);

	if (offset > len)
		fail_msg("%s: the quote begins outside", name);
	check_inside(name, &inner, len - offset);
	if (told != (inner.reason == USHER_REASON_NONE))
		fail_msg("%s: told, with reason %u", name, inner.reason);
	if (told && inner.family != outer->family)
		fail_msg("%s: the quote is of another family", name);
}

/* Decode, both ways, into structs that hold rubbish; whatever came out, it and what hangs on it must be inside. */
static void decode(const char *name, struct pkt *p, const uint8_t *data, uint32_t len, uint32_t wire_len,
	unsigned flags)
{
	struct pkt other;

	memset(p, 0xa5, sizeof(*p));
	memset(&other, 0x5a, sizeof(other));
	usher__pkt_decode(p, data, len, wire_len, flags);
	usher__pkt_decode(&other, data, len, wire_len, flags | PKT_NO_SHORTCUT);
	if (memcmp(p, &other, sizeof(other)) != 0)
		fail_msg("%s: the shortcut says something else, at %u of %u bytes", name, len, wire_len);
	check_inside(name, p, len);
	check_quoted_inside(name, p, data, len);
	if (p->reason == USHER_REASON_NONE && p->protocol == USHER_TCP) {
		struct pkt_tcp_options options;

		if (usher__pkt_tcp(data + p->l4).header_len != p->payload - p->l4)
			fail_msg("%s: the TCP header is not whole", name);
		usher__pkt_tcp_options(&options, data + p->l4);
	}
}

#define CHECK_FIELD(field) \
	do { \
		if (got->field != want->field) \
			fail_msg("%s: " #field " is %u, not %u", name, (unsigned)got->field, (unsigned)want->field); \
	} while (0)

static void check_same(const char *name, const struct pkt *got, const struct pkt *want)
{
	CHECK_FIELD(reason);
	CHECK_FIELD(family);
	CHECK_FIELD(protocol);
	CHECK_FIELD(type);
	CHECK_FIELD(inverse_type);
	CHECK_FIELD(tcp_flags);
	CHECK_FIELD(flags);
	CHECK_FIELD(key[0]);
	CHECK_FIELD(key[1]);
	CHECK_FIELD(l4);
	CHECK_FIELD(payload);
	CHECK_FIELD(payload_len);
	CHECK_FIELD(payload_have);
	CHECK_FIELD(ip_len);
}

/* Bytes of a row, how many are here and how many there were. */
static void load(const struct row *row, uint8_t *data, uint32_t *len, uint32_t *wire_len)
{
	uint32_t all = from_hex(data, row->hex);

	*len = row->cut ? row->cut : all;
	*wire_len = row->wire_len ? row->wire_len : all;
}

static void test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROW_COUNT; i++) {
		const struct row *row = &rows[i];
		uint8_t bytes[PACKET_MOST], *data;
		uint32_t len, wire_len;
		struct pkt p;

		load(row, bytes, &len, &wire_len);
		data = alone(bytes, len);
		decode(row->name, &p, data, len, wire_len, row->decode);
		check_same(row->name, &p, &row->want);
		free(data);
	}
}

static void test_rows_verified(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROW_COUNT; i++) {
		const struct row *row = &rows[i];
		uint8_t bytes[PACKET_MOST], *data;
		uint32_t len, wire_len;
		struct pkt p, want = row->want;

		load(row, bytes, &len, &wire_len);
		data = alone(bytes, len);
		decode(row->name, &p, data, len, wire_len, row->decode | PKT_VERIFY);
		if (row->checked)
			want.flags |= PKT_CSUM_CHECKED;
		if (row->bad_sum)
			want.reason = row->bad_sum;
		/* Nothing is looked at behind an IP header that is wrong. */
		if (row->bad_sum == USHER_REASON_IP_CHECKSUM)
			assert_int_equal(p.reason, want.reason);
		else
			check_same(row->name, &p, &want);
		free(data);
	}
}

/* Cut at `len`: not known, for a byte that is not here, or what the whole packet is. */
static void check_cut(const struct row *row, const struct pkt *p, uint32_t len)
{
	struct pkt want = row->want;
	uint32_t left = len > want.payload ? len - want.payload : 0;

	if (p->reason == USHER_REASON_IP_TRUNCATED)
		return;
	if (p->reason != want.reason)
		fail_msg("%s: cut to %u bytes it is %u, not %u", row->name, len, p->reason, want.reason);
	if (p->reason != USHER_REASON_NONE)
		return;
	want.payload_have = want.payload_have < left ? want.payload_have : left;
	if (len < want.ip_len)
		want.flags |= PKT_TRUNCATED;
	check_same(row->name, p, &want);
}

static void test_every_length(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROW_COUNT; i++) {
		uint8_t bytes[PACKET_MOST], *data;
		uint32_t len, wire_len;
		struct pkt p;

		load(&rows[i], bytes, &len, &wire_len);
		while (len-- > 0) {
			data = alone(bytes, len);
			decode(rows[i].name, &p, data, len, wire_len, rows[i].decode);
			check_cut(&rows[i], &p, len);
			decode(rows[i].name, &p, data, len, wire_len, rows[i].decode | PKT_VERIFY);
			decode(rows[i].name, &p, data, len, len, rows[i].decode); /* so short on the wire, too */
			free(data);
		}
	}
}

/* True when every bit from `from` to `end` is under a checksum. */
static bool is_sealed(const struct row *row, const uint8_t *data, uint32_t *from, uint32_t *end)
{
	const struct pkt *p = &row->want;

	*from = p->family == USHER_IPV6 ? 8 : 0; /* class, flow label and hop limit are under none */
	if (p->family == USHER_IPV6 && p->protocol == 132)
		*from = p->l4; /* nor are the addresses: no pseudo header */
	*end = row->covered ? p->l4 + row->covered : p->ip_len;
	if (!row->checked || p->payload + p->payload_len != p->ip_len)
		return false;
	if (p->family == USHER_IPV6 && (p->flags & PKT_OPTIONS))
		return false;
	return p->protocol != USHER_UDP || (data[p->l4 + 6] | data[p->l4 + 7]) != 0;
}

static void test_every_bit(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROW_COUNT; i++) {
		const struct row *row = &rows[i];
		uint8_t bytes[PACKET_MOST], *data;
		uint32_t len, wire_len, bit, from, end;
		bool sealed;
		struct pkt p;

		load(row, bytes, &len, &wire_len);
		sealed = is_sealed(row, bytes, &from, &end);
		data = alone(bytes, len);
		for (bit = 0; bit < len * 8; bit++) {
			data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			decode(row->name, &p, data, len, wire_len, row->decode);
			decode(row->name, &p, data, len, wire_len, row->decode | PKT_VERIFY);
			if (sealed && bit / 8 >= from && bit / 8 < end && p.reason == USHER_REASON_NONE &&
				(p.flags & PKT_CSUM_CHECKED))
				fail_msg("%s: bit %u turned, and the checksum is right", row->name, bit);
			data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		free(data);
	}
}

static void test_quotes(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < QUOTE_COUNT; i++) {
		const struct quote *row = &quotes[i];
		uint8_t bytes[PACKET_MOST], *data;
		uint32_t len = from_hex(bytes, row->hex), offset = 0;
		struct pkt outer, inner;

		data = alone(bytes, len);
		decode(row->name, &outer, data, len, len, PKT_VERIFY);
		assert_int_equal(outer.reason, USHER_REASON_NONE);
		assert_int_equal(outer.flags, PKT_ICMP_ERROR | PKT_CSUM_CHECKED);
		memset(&inner, 0xa5, sizeof(inner));
		if (usher__pkt_decode_quoted(&inner, &outer, data, len, &offset) != row->told)
			fail_msg("%s: told is not %d", row->name, row->told);
		assert_int_equal(inner.reason, row->told ? USHER_REASON_NONE : USHER_REASON_ICMP_QUOTE);
		if (row->told) {
			assert_int_equal(offset, row->offset);
			check_same(row->name, &inner, &row->want);
		}
		free(data);
	}
}

/* The capture or the router has cut it: the quote is unknown, or what it is when whole. */
static void test_quotes_every_length(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < QUOTE_COUNT; i++) {
		const struct quote *row = &quotes[i];
		uint8_t bytes[PACKET_MOST], *data;
		uint32_t all = from_hex(bytes, row->hex), len, offset;
		struct pkt outer, inner;

		for (len = 0; len < all; len++) {
			data = alone(bytes, len);
			decode(row->name, &outer, data, len, all, 0);
			if (usher__pkt_decode_quoted(&inner, &outer, data, len, &offset)) {
				assert_true(row->told);
				assert_int_equal(inner.protocol, row->want.protocol);
				assert_memory_equal(inner.key, row->want.key, sizeof(inner.key));
				assert_int_equal(inner.l4, row->want.l4);
			}
			free(data);
		}
	}
}

static void test_quotes_every_bit(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < QUOTE_COUNT; i++) {
		uint8_t bytes[PACKET_MOST], *data;
		uint32_t len = from_hex(bytes, quotes[i].hex), bit;
		struct pkt p;

		data = alone(bytes, len);
		for (bit = 0; bit < len * 8; bit++) {
			data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			decode(quotes[i].name, &p, data, len, len, 0);
			data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		free(data);
	}
}

/* Who has fewer bytes than when the error was decoded asks again with fewer: no byte beyond them is read. */
static void test_quote_of_what_is_no_error(void **state)
{
	uint8_t bytes[PACKET_MOST];
	uint32_t len = from_hex(bytes, quotes[0].hex), shorter, offset;
	struct pkt outer, inner;
	uint8_t *data;

	(void)state;
	usher__pkt_decode(&outer, bytes, len, len, 0);
	for (shorter = 0; shorter < len; shorter++) {
		data = alone(bytes, shorter);
		usher__pkt_decode_quoted(&inner, &outer, data, shorter, &offset);
		assert_true(offset <= shorter);
		check_inside("shorter", &inner, shorter - offset);
		free(data);
	}
	outer.flags = 0;
	assert_false(usher__pkt_decode_quoted(&inner, &outer, bytes, len, &offset));
	outer.flags = PKT_ICMP_ERROR;
	outer.reason = USHER_REASON_ICMP_CHECKSUM;
	assert_false(usher__pkt_decode_quoted(&inner, &outer, bytes, len, &offset));
}

/* The largest packets that there are, and a length in the wrong field does not wrap. */
static void test_large(void **state)
{
	uint8_t *data = calloc(1, 70000);
	struct pkt p;

	(void)state;
	assert_non_null(data);
	memcpy(data, "\x45\0\xff\xff\0\0\0\0\x40\x06\0\0\x0a\0\0\1\x0a\0\0\2", 20);
	data[20 + 12] = 0x50;
	decode("65535 bytes", &p, data, 65535, 65535, 0);
	assert_int_equal(p.reason, USHER_REASON_NONE);
	assert_int_equal(p.payload_have, 65535 - 40);
	decode("65535 bytes, 70000 here", &p, data, 70000, 70000, 0);
	assert_int_equal(p.payload_have, 65535 - 40);
	decode("GSO", &p, data, 70000, 70000, PKT_GSO);
	assert_int_equal(p.payload_have, 70000 - 40);
	decode("one too many", &p, data, 65534, 65534, 0);
	assert_int_equal(p.reason, USHER_REASON_IP_HEADER);
	decode("4 GiB on the wire", &p, data, 70000, UINT32_MAX, PKT_GSO);
	assert_int_equal(p.payload_len, UINT32_MAX - 40);
	assert_int_equal(p.payload_have, 70000 - 40);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_verified),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_quotes_every_length),
		cmocka_unit_test(test_quotes_every_bit),
		cmocka_unit_test(test_quote_of_what_is_no_error),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
