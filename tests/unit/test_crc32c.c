/*
 * CRC32c: RFC 3720's vectors; every length, alignment and division against the polynomial taken bit by bit; and what a
 * change of some bytes makes of it, wherever they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packet/crc32c.h"

#define LARGE 70000u

/* RFC 3720 B.4 gives the bytes in the order of transmission, the lowest first. The SCSI command is its iSCSI PDU. */
static const struct row {
	const char *name;
	const char *bytes;
	uint32_t len;
	uint32_t crc;
} rows[] = {
	{ "nothing", "", 0, 0 },
	{ "the usual nine digits", "123456789", 9, 0xe3069283 },
	{ "32 zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32, 0x8a9136aa },
	{ "32 ones",
	  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 32, 0x62a8ab43 },
	{ "32 incrementing",
	  "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
	  "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f", 32, 0x46dd794e },
	{ "32 decrementing",
	  "\x1f\x1e\x1d\x1c\x1b\x1a\x19\x18\x17\x16\x15\x14\x13\x12\x11\x10"
	  "\x0f\x0e\x0d\x0c\x0b\x0a\x09\x08\x07\x06\x05\x04\x03\x02\x01\x00", 32, 0x113fdb5c },
	{ "an iSCSI read command",
	  "\x01\xc0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	  "\x14\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x14\x00\x00\x00\x18"
	  "\x28\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00", 48, 0xd9963a56 },
};

static void test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t got = usher__crc32c(0, rows[i].bytes, rows[i].len);

		if (got != rows[i].crc)
			fail_msg("%s: %08x, not %08x", rows[i].name, got, rows[i].crc);
	}
}

static uint32_t slow(const uint8_t *data, uint32_t len)
{
	uint32_t crc = 0xffffffff, i, bit;

	for (i = 0; i < len; i++) {
		crc ^= data[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

static void fill(uint8_t *data, uint32_t len, uint32_t seed)
{
	uint32_t i;

	for (i = 0; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		data[i] = (uint8_t)(seed >> 24);
	}
}

static void test_every_length(void **state)
{
	uint32_t len;

	(void)state;
	for (len = 0; len < 2000; len++) {
		uint8_t *data = malloc(len ? len : 1);

		assert_non_null(data);
		fill(data, len, len);
		assert_int_equal(usher__crc32c(0, data, len), slow(data, len));
		free(data);
	}
}

static void test_every_alignment_and_division(void **state)
{
	uint8_t data[160];
	uint32_t at, len, first;

	(void)state;
	fill(data, sizeof(data), 5);
	for (at = 0; at < 32; at++)
		for (len = 0; len < 120; len++)
			assert_int_equal(usher__crc32c(0, data + at, len), slow(data + at, len));
	for (first = 0; first <= 160; first++)
		assert_int_equal(usher__crc32c(usher__crc32c(0, data, first), data + first, 160 - first),
			slow(data, 160));
}

static void test_change(void **state)
{
	static const uint32_t lengths[] = { 4, 5, 12, 63, 64, 255, 1480, 4099, 32768, 65535, LARGE };
	uint8_t *data = malloc(LARGE);
	uint32_t i, at;

	(void)state;
	assert_non_null(data);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (at = 0; at + 4 <= lengths[i]; at += 1 + lengths[i] / 7) {
			uint8_t before[4], after[4];
			uint32_t was;

			fill(data, lengths[i], i);
			was = slow(data, lengths[i]);
			memcpy(before, data + at, 4);
			fill(after, 4, at + 77);
			memcpy(data + at, after, 4);
			was ^= usher__crc32c_change(before, after, 4, lengths[i] - at - 4);
			assert_int_equal(was, slow(data, lengths[i]));
		}
	}
	free(data);
	assert_int_equal(usher__crc32c_change("same", "same", 4, 1000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_every_alignment_and_division),
		cmocka_unit_test(test_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
