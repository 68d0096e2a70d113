/*
 * TCP's fields and options, by rows of data: the option bytes of a header, and what is read of them. Every row is
 * read again with every header length that cuts it, and with every bit turned over, from an allocation of exactly the
 * header.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packet/packet.h"

#define FIXED 20u

#define SCALE PKT_TCP_HAS_SCALE
#define SACK_OK PKT_TCP_HAS_SACK_PERMITTED
#define MSS PKT_TCP_HAS_MSS
#define STAMP PKT_TCP_HAS_TIMESTAMP
#define BAD PKT_TCP_OPTIONS_BAD

struct row {
	const char *name;
	const char *options; /* in hex; what is missing of the last word of four bytes is 0, the end of the list */
	struct pkt_tcp_options want;
};

static const struct row rows[] = {
	{ "none", "", { .flags = 0 } },
	{ "maximum segment size", "020405b4", { .flags = MSS, .mss = 1460 } },
	{ "what Linux sends with a SYN", "020405b4 0402 080a 0000abcd 00000000 01 030307",
	  { .flags = MSS | SACK_OK | STAMP | SCALE, .mss = 1460, .scale = 7, .ts_value = 0xabcd } },
	{ "what Windows sends with a SYN", "020405b4 01 030308 01 01 0402",
	  { .flags = MSS | SCALE | SACK_OK, .mss = 1460, .scale = 8 } },
	{ "time stamps of an established connection", "0101 080a 12345678 9abcdef0",
	  { .flags = STAMP, .ts_value = 0x12345678, .ts_echo = 0x9abcdef0 } },
	{ "window scale 0", "030300", { .flags = SCALE } },
	{ "window scale 14", "03030e", { .flags = SCALE, .scale = 14 } },
	{ "window scale 15 is 14", "03030f", { .flags = SCALE, .scale = 14 } },
	{ "window scale 255 is 14", "0303ff", { .flags = SCALE, .scale = 14 } },
	{ "one SACK block", "0101 050a 00000064 000000c8", { .sack_count = 1, .sack = { { 100, 200 } } } },
	{ "three SACK blocks beside time stamps", "0101 080a 00000001 00000002 0101 051a"
	  "00000001 00000002 00000003 00000004 00000005 fffffffe",
	  { .flags = STAMP, .ts_value = 1, .ts_echo = 2, .sack_count = 3,
	    .sack = { { 1, 2 }, { 3, 4 }, { 5, 0xfffffffe } } } },
	{ "four SACK blocks", "0101 0522 00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008",
	  { .sack_count = 4, .sack = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } } } },
	{ "SACK blocks in four options", "050a 00000001 00000002 050a 00000003 00000004 050a 00000005 00000006"
	  "050a 00000007 00000008",
	  { .sack_count = 4, .sack = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } } } },
	{ "nothing is read behind the end of the list", "00 030307 020405b4", { .flags = 0 } },
	{ "only padding", "01010101", { .flags = 0 } },
	{ "40 bytes of padding",
	  "01010101 01010101 01010101 01010101 01010101 01010101 01010101 01010101 01010101 01010101",
	  { .flags = 0 } },
	{ "an unknown option is passed over", "fd06 f989 0001 030307", { .flags = SCALE, .scale = 7 } },
	{ "an unknown option without a value", "fe02 030307", { .flags = SCALE, .scale = 7 } },
	{ "the later of two counts", "020405b4 02040200", { .flags = MSS, .mss = 512 } },
	{ "length 0: the rest is not read", "030301 0200 0402 0402", { .flags = SCALE | BAD, .scale = 1 } },
	{ "length 1: the rest is not read", "030301 0201 0402 0402", { .flags = SCALE | BAD, .scale = 1 } },
	{ "length 0 of an unknown option", "fd00 0402", { .flags = BAD } },
	{ "an option longer than the header", "030302 08 0a 000001", { .flags = SCALE | BAD, .scale = 2 } },
	{ "an option without its length", "030302 02", { .flags = SCALE | BAD, .scale = 2 } },
	{ "an unknown option longer than the header", "0402 fdff", { .flags = SACK_OK | BAD } },
	{ "maximum segment size of 3 bytes", "020305 030307 0000", { .flags = SCALE | BAD, .scale = 7 } },
	{ "maximum segment size of 5 bytes", "02050405b4 030307", { .flags = SCALE | BAD, .scale = 7 } },
	{ "window scale without a value", "0302 0402", { .flags = SACK_OK | BAD } },
	{ "window scale of 4 bytes", "03040700 0402", { .flags = SACK_OK | BAD } },
	{ "SACK permitted with a value", "0403 00 030307", { .flags = SCALE | BAD, .scale = 7 } },
	{ "time stamps of 8 bytes", "0808 00000001 0002 030307", { .flags = SCALE | BAD, .scale = 7 } },
	{ "SACK without a block", "0502 030307", { .flags = SCALE | BAD, .scale = 7 } },
	{ "SACK with half a block", "0506 00000001 030307", { .flags = SCALE | BAD, .scale = 7 } },
	{ "SACK with a block and a half", "050e 00000001 00000002 00000003", { .flags = BAD } },
	{ "SACK longer than the header", "0101 0512 00000001 00000002", { .flags = BAD } },
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static unsigned nibble(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* A TCP header with these options, alone in an allocation of its length, to be freed. */
static uint8_t *header(const char *hex, uint32_t *len)
{
	uint8_t options[40] = { 0 }, *tcp;
	uint32_t count = 0;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		assert_true(count < sizeof(options));
		options[count++] = (uint8_t)(nibble(hex[0]) << 4 | nibble(hex[1]));
		hex++;
	}
	count = (count + 3) / 4 * 4;
	*len = FIXED + count;
	tcp = calloc(1, *len);
	assert_non_null(tcp);
	memcpy(tcp + FIXED, options, count);
	tcp[12] = (uint8_t)(*len / 4 << 4);
	return tcp;
}

#define CHECK_FIELD(field) \
	do { \
		if (got->field != want->field) \
			fail_msg("%s: " #field " is %u, not %u", name, (unsigned)got->field, (unsigned)want->field); \
	} while (0)

static void check_same(const char *name, const struct pkt_tcp_options *got, const struct pkt_tcp_options *want)
{
	size_t i;

	CHECK_FIELD(flags);
	CHECK_FIELD(scale);
	CHECK_FIELD(sack_count);
	CHECK_FIELD(mss);
	CHECK_FIELD(ts_value);
	CHECK_FIELD(ts_echo);
	for (i = 0; i < 4; i++) {
		CHECK_FIELD(sack[i][0]);
		CHECK_FIELD(sack[i][1]);
	}
}

static void test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROW_COUNT; i++) {
		struct pkt_tcp_options got;
		uint32_t len;
		uint8_t *tcp = header(rows[i].options, &len);

		memset(&got, 0xa5, sizeof(got));
		usher__pkt_tcp_options(&got, tcp);
		check_same(rows[i].name, &got, &rows[i].want);
		free(tcp);
	}
}

static void check_sane(const uint8_t *tcp)
{
	struct pkt_tcp_options got;

	usher__pkt_tcp_options(&got, tcp);
	assert_true(got.sack_count <= 4);
	assert_true(got.scale <= 14);
	assert_true(got.flags < 32);
}

static void test_every_header_length(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROW_COUNT; i++) {
		uint32_t len, cut;
		uint8_t *tcp = header(rows[i].options, &len);

		for (cut = FIXED; cut < len; cut += 4) {
			uint8_t *shorter = malloc(cut);

			assert_non_null(shorter);
			memcpy(shorter, tcp, cut);
			shorter[12] = (uint8_t)(cut / 4 << 4);
			check_sane(shorter);
			free(shorter);
		}
		free(tcp);
	}
}

static void test_every_bit(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROW_COUNT; i++) {
		uint32_t len, bit;
		uint8_t *tcp = header(rows[i].options, &len);

		for (bit = FIXED * 8; bit < len * 8; bit++) {
			tcp[bit / 8] ^= (uint8_t)(1u << bit % 8);
			check_sane(tcp);
			tcp[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		free(tcp);
	}
}

/* Every kind with every length, where there are options enough behind it and where not. */
static void test_every_kind_and_length(void **state)
{
	uint32_t kind, size, len;
	uint8_t *tcp = header("01010101 01010101 01010101 01010101", &len);

	(void)state;
	for (kind = 0; kind < 256; kind++) {
		for (size = 0; size < 256; size++) {
			struct pkt_tcp_options got;

			tcp[FIXED] = (uint8_t)kind;
			tcp[FIXED + 1] = (uint8_t)size;
			usher__pkt_tcp_options(&got, tcp);
			assert_true(got.sack_count <= 1);
			if (kind > 1 && (size < 2 || size > 16))
				assert_int_equal(got.flags, BAD);
		}
	}
	free(tcp);
}

static void test_fields(void **state)
{
	static const uint8_t tcp[FIXED] = { 0x9c, 0x40, 0, 21, 0xfe, 0xdc, 0xba, 0x98, 1, 2, 3, 4,
					    0xf0, 0x18, 0xff, 0xfe };
	struct pkt_tcp fields = usher__pkt_tcp(tcp);

	(void)state;
	assert_int_equal(fields.seq, 0xfedcba98);
	assert_int_equal(fields.ack, 0x01020304);
	assert_int_equal(fields.window, 0xfffe);
	assert_int_equal(fields.header_len, 60);
}

/* Who did not ask the decoder first: a data offset below 5 has no options. */
static void test_header_of_less_than_20_bytes(void **state)
{
	static const uint8_t tcp[FIXED] = { [12] = 0x40 };
	struct pkt_tcp_options got;

	(void)state;
	usher__pkt_tcp_options(&got, tcp);
	assert_int_equal(got.flags, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_header_length),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_every_kind_and_length),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_header_of_less_than_20_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
