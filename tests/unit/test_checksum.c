/*
 * The Internet checksum: RFC 1071's own example, packets whose sums were made elsewhere, and every length, alignment
 * and division against a sum made the slow way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packet/packet.h"

#define LARGE 65536u

struct row {
	const char *name;
	const char *bytes;
	uint32_t len;
	uint16_t checksum;
};

#define BYTES(literal) (literal), sizeof(literal) - 1

static const struct row rows[] = {
	/* RFC 1071 3: the sum is ddf2. */
	{ "RFC 1071", BYTES("\x00\x01\xf2\x03\xf4\xf5\xf6\xf7"), 0x220d },
	{ "nothing", BYTES(""), 0xffff },
	{ "zeros", BYTES("\0\0\0\0"), 0xffff },
	{ "ones", BYTES("\xff\xff\xff\xff"), 0x0000 },
	{ "one byte is the first of its pair", BYTES("\x12"), 0xedff },
	{ "three bytes", BYTES("\x00\x01\xf2"), 0x0dfe },
	{ "carry around, twice", BYTES("\xff\xff\x00\x01\xff\xff\x00\x01"), 0xfffd },
	/* An IPv4 header with 0 in its checksum's place; 4500 0073 .. of the textbooks. */
	{ "IPv4 header", BYTES("\x45\0\0\x73\0\0\x40\0\x40\x11\0\0\xc0\xa8\0\1\xc0\xa8\0\xc7"), 0xb861 },
	{ "IPv4 header and its checksum",
	  BYTES("\x45\0\0\x73\0\0\x40\0\x40\x11\xb8\x61\xc0\xa8\0\1\xc0\xa8\0\xc7"), 0 },
	{ "ICMP echo", BYTES("\x08\0\0\0\x12\x34\0\x01\x61\x62\x61\x62"), 0x2306 },
};

static void test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint16_t got = usher__csum_fold(usher__csum_add(0, rows[i].bytes, rows[i].len));

		if (got != rows[i].checksum)
			fail_msg("%s: %04x, not %04x", rows[i].name, got, rows[i].checksum);
	}
}

/* As RFC 1071 says it, a word at a time. */
static uint16_t slow(const uint8_t *data, uint32_t len)
{
	uint32_t sum = 0, i;

	for (i = 0; i < len; i++) {
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

/* Any numbers will do, so long as they are the same ones each time. */
static uint8_t *numbers(uint32_t len, uint32_t seed)
{
	uint8_t *data = malloc(len ? len : 1);
	uint32_t i;

	assert_non_null(data);
	for (i = 0; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		data[i] = (uint8_t)(seed >> 24);
	}
	return data;
}

static void test_every_length(void **state)
{
	uint32_t len;

	(void)state;
	for (len = 0; len < 2000; len++) {
		uint8_t *data = numbers(len, len);

		assert_int_equal(usher__csum_fold(usher__csum_add(0, data, len)), slow(data, len));
		free(data);
	}
}

static void test_every_alignment(void **state)
{
	uint8_t *data = numbers(200, 1);
	uint32_t at, len;

	(void)state;
	for (at = 0; at < 64; at++)
		for (len = 0; len < 100; len++)
			assert_int_equal(usher__csum_fold(usher__csum_add(0, data + at, len)), slow(data + at, len));
	free(data);
}

/* In two pieces, the first of even length; in three. */
static void test_every_division(void **state)
{
	uint8_t *data = numbers(99, 7);
	uint16_t whole = slow(data, 99);
	uint32_t first, second, sum;

	(void)state;
	for (first = 0; first <= 98; first += 2) {
		for (second = 0; second <= 98 - first; second += 2) {
			sum = usher__csum_add(0, data, first);
			sum = usher__csum_add(sum, data + first, second);
			sum = usher__csum_add(sum, data + first + second, 99 - first - second);
			assert_int_equal(usher__csum_fold(sum), whole);
		}
	}
	free(data);
}

static void test_large(void **state)
{
	uint8_t *data = numbers(LARGE, 3);
	uint32_t i, sum = 0;

	(void)state;
	assert_int_equal(usher__csum_fold(usher__csum_add(0, data, LARGE)), slow(data, LARGE));
	assert_int_equal(usher__csum_fold(usher__csum_add(0, data, LARGE - 1)), slow(data, LARGE - 1));
	memset(data, 0xff, LARGE);
	assert_int_equal(usher__csum_fold(usher__csum_add(0, data, LARGE)), 0);
	/* The running sum of ever so many calls does not overflow, whatever it began with. */
	sum = UINT32_MAX;
	for (i = 0; i < 200000; i++)
		sum = usher__csum_add(sum, data, 4);
	assert_int_equal(usher__csum_fold(sum), 0);
	data[0] = 0xfe;
	sum = usher__csum_add(sum, data, 2);
	assert_int_equal(usher__csum_fold(sum), 0x0100);
	free(data);
}

struct packet_row {
	const char *name;
	uint8_t family, protocol;
	uint32_t l4;
	const char *bytes;
	uint32_t len;
};

/* Whole packets: pseudo header and transport, checksum included, sum to nothing. */
static const struct packet_row packets[] = {
	{ "UDP over IPv4", USHER_IPV4, USHER_UDP, 20,
	  BYTES("\x45\0\0\x20\0\1\0\0\x40\x11\xf6\xc8\xc0\0\2\1\xc0\0\2\2"
		"\x04\xd2\0\x35\0\x0c\x98\xe5\x75\x73\x68\x72") },
	{ "TCP over IPv4, odd length", USHER_IPV4, USHER_TCP, 20,
	  BYTES("\x45\0\0\x2f\0\1\x40\0\x40\x06\x06\x91\x0a\0\0\2\xc6\x33\x64\x02"
		"\x9c\x40\0\x15\x11\x22\x33\x44\0\0\0\5\x50\x18\x20\0\xb2\xaf\0\0USER x\r") },
	{ "UDP over IPv6", USHER_IPV6, USHER_UDP, 40,
	  BYTES("\x60\0\0\0\0\x0b\x11\x40\x20\1\x0d\xb8\0\0\0\1\0\0\0\0\0\0\0\2\x20\1\x0d\xb8\0\0\0\2\0\0\0\0\0\0\0\x21"
		"\x13\x88\0\x45\0\x0b\xcc\x10"
		"abc") },
	{ "ICMPv6 neighbour solicitation", USHER_IPV6, USHER_ICMPV6, 40,
	  BYTES("\x60\0\0\0\0\x20\x3a\xff\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1\xff\2\0\0\0\0\0\0\0\0\0\1\xff\0\0\2"
		"\x87\0\x7a\x97\0\0\0\0\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\2\1\1\2\0\0\0\0\1") },
};

static void test_pseudo_header(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		const struct packet_row *row = &packets[i];
		const uint8_t *ip = (const uint8_t *)row->bytes;
		uint32_t sum = usher__csum_pseudo(row->family, ip, row->protocol, row->len - row->l4);
		uint16_t got = usher__csum_fold(usher__csum_add(sum, ip + row->l4, row->len - row->l4));

		if (got != 0)
			fail_msg("%s: %04x is left", row->name, got);
	}
}

/* A length of more than 16 bits counts with both halves (RFC 8200 8.1). */
static void test_pseudo_header_of_a_jumbogram(void **state)
{
	uint8_t ip[40] = { 0x60 };

	(void)state;
	assert_int_equal(usher__csum_fold(usher__csum_pseudo(USHER_IPV6, ip, 17, 0x12345678)),
		(uint16_t)~(0x1234 + 0x5678 + 17));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_every_alignment),
		cmocka_unit_test(test_every_division),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_pseudo_header),
		cmocka_unit_test(test_pseudo_header_of_a_jumbogram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
