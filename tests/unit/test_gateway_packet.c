/*
 * gateway/packet, gateway/error, gateway/keys: what a router does to packets, and the errors it owes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/bytes.h"
#include "gateway/error.h"
#include "gateway/keys.h"
#include "gateway/packet.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* An IPv4 packet of `len` bytes; its data counted up. */
static void make_ipv4(uint8_t *packet, uint32_t len, uint32_t where, uint8_t protocol)
{
	const uint32_t head = 20;

	memset(packet, 0, head);
	packet[0] = 0x45;
	put16(packet + 2, len);
	put16(packet + 4, 0x1234);
	put16(packet + 6, where);
	packet[8] = 64;
	packet[9] = protocol;
	memcpy(packet + 12, (const uint8_t[]){ 10, 0, 0, 2, 198, 51, 100, 2 }, 8);
	put16(packet + 10, gw_sum_end(gw_sum(packet, head, 0)));
	for (uint32_t i = head; i < len; i++)
		packet[i] = (uint8_t)(i * 7 + (i >> 8));
}

static void make_ipv6(uint8_t *packet, uint32_t len, uint8_t protocol)
{
	memset(packet, 0, len);
	packet[0] = 0x60;
	put16(packet + 4, len - 40);
	packet[6] = protocol;
	packet[7] = 64;
	memcpy(packet + 8, (const uint8_t[]){ 0x20, 1, 0xd, 0xb8 }, 4);
	packet[23] = 2;
	memcpy(packet + 24, (const uint8_t[]){ 0x20, 1, 0xd, 0xb8, 0, 2 }, 6);
	packet[39] = 2;
}

static void test_look_refuses_what_is_not_whole(void **state)
{
	uint8_t packet[100];
	struct gw_look look;

	(void)state;
	make_ipv4(packet, 100, 0, USHER_UDP);
	for (uint32_t len = 0; len < 100; len++)
		assert_false(gw_look(&look, packet, len));
	assert_true(gw_look(&look, packet, 100));
	assert_int_equal(look.transport, 20);
	put16(packet + 2, 19);
	assert_false(gw_look(&look, packet, 100));
	packet[0] = 0x44;
	put16(packet + 2, 100);
	assert_false(gw_look(&look, packet, 100));
	packet[0] = 0x55;
	assert_false(gw_look(&look, packet, 100));
	make_ipv6(packet, 100, USHER_UDP);
	for (uint32_t len = 0; len < 100; len++)
		assert_false(gw_look(&look, packet, len));
	assert_true(gw_look(&look, packet, 100));
	assert_int_equal(look.protocol, USHER_UDP);
	assert_true(look.dont_fragment);
}

static void test_look_follows_extension_headers(void **state)
{
	uint8_t packet[100];
	struct gw_look look;

	(void)state;
	make_ipv6(packet, 100, 0);                  /* hop-by-hop, 16 bytes */
	packet[40] = 60, packet[41] = 1;            /* destination options, 8 */
	packet[56] = 44, packet[57] = 0;            /* fragment, first of several */
	packet[64] = USHER_TCP, packet[67] = 1;
	assert_true(gw_look(&look, packet, 100));
	assert_int_equal(look.protocol, USHER_TCP);
	assert_int_equal(look.transport, 72);
	assert_true(look.fragment);
	assert_false(look.later);
	put16(packet + 66, 64);
	assert_true(gw_look(&look, packet, 100));
	assert_true(look.later);
	packet[41] = 200;                           /* longer than the packet: followed no further */
	assert_true(gw_look(&look, packet, 100));
	assert_int_equal(look.transport, 40);
}

static void test_hop_keeps_the_checksum_right(void **state)
{
	uint8_t packet[24];

	(void)state;
	for (unsigned identification = 0; identification < 65536; identification += 7) {
		make_ipv4(packet, 24, 0, USHER_UDP);
		put16(packet + 4, identification);
		packet[8] = (uint8_t)(2 + identification % 254);
		put16(packet + 10, 0);
		put16(packet + 10, gw_sum_end(gw_sum(packet, 20, 0)));
		gw_hop(packet);
		assert_int_equal(packet[8], 1 + identification % 254);
		assert_int_equal(gw_sum_end(gw_sum(packet, 20, 0)), 0);
	}
}

static void test_unfinished_checksums_are_finished(void **state)
{
	uint8_t packet[61];
	struct gw_look look;

	(void)state;
	for (uint32_t len = 28; len <= sizeof(packet); len++) {
		make_ipv4(packet, len, 0, USHER_UDP);
		assert_true(gw_look(&look, packet, len));
		put16(packet + 26, (uint16_t)~gw_sum_end(gw_sum_pseudo(packet, &look, len - 20)));
		assert_true(gw_finish_checksum(packet, len, 20, 6));
		assert_int_equal(gw_sum_end(gw_sum(packet + 20, len - 20, gw_sum_pseudo(packet, &look, len - 20))), 0);
		assert_int_not_equal(get16(packet + 26), 0);
	}
	assert_false(gw_finish_checksum(packet, 61, 20, 40));
	assert_false(gw_finish_checksum(packet, 61, 62, 0));
	assert_false(gw_finish_checksum(packet, 61, 60, 0));
}

static void test_martians(void **state)
{
	static const struct {
		uint8_t src[2], dst[2];
		bool martian;
	} rows[] = {
		{ { 10, 0 }, { 198, 51 }, false },   { { 0, 0 }, { 198, 51 }, true },      { { 127, 0 }, { 198, 51 }, true },
		{ { 10, 0 }, { 127, 0 }, true },     { { 169, 254 }, { 198, 51 }, true },  { { 10, 0 }, { 169, 254 }, true },
		{ { 169, 253 }, { 10, 0 }, false },  { { 10, 0 }, { 224, 0 }, true },      { { 10, 0 }, { 255, 255 }, true },
		{ { 240, 0 }, { 10, 0 }, true },     { { 223, 0 }, { 10, 0 }, false },
	}, rows6[] = {
		{ { 0x20, 1 }, { 0x20, 1 }, false }, { { 0xfe, 0x80 }, { 0x20, 1 }, true }, { { 0x20, 1 }, { 0xfe, 0xbf }, true },
		{ { 0xfe, 0xc0 }, { 0x20, 1 }, false }, { { 0xfd, 0 }, { 0xfc, 0 }, false }, { { 0x20, 1 }, { 0xff, 2 }, true },
		{ { 0, 0 }, { 0x20, 1 }, true },     { { 0x20, 1 }, { 0, 0 }, true },
	};
	uint8_t packet[60];
	struct gw_look look;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		make_ipv4(packet, 60, 0, USHER_UDP);
		memcpy(packet + 12, rows[i].src, 2);
		memcpy(packet + 16, rows[i].dst, 2);
		assert_true(gw_look(&look, packet, 60));
		assert_int_equal(gw_is_martian(&look, packet), rows[i].martian);
	}
	for (size_t i = 0; i < COUNT(rows6); i++) {
		make_ipv6(packet, 60, USHER_UDP);
		packet[23] = packet[39] = 1; /* where all else is 0: the loopback */
		memcpy(packet + 8, rows6[i].src, 2);
		memcpy(packet + 24, rows6[i].dst, 2);
		if (rows6[i].src[0] == 0)
			memset(packet + 8, 0, 15);
		if (rows6[i].dst[0] == 0)
			memset(packet + 24, 0, 15);
		assert_true(gw_look(&look, packet, 60));
		assert_int_equal(gw_is_martian(&look, packet), rows6[i].martian);
	}
}

static void test_errors_are_what_the_rfcs_say(void **state)
{
	static const struct {
		enum gw_error kind;
		uint8_t ipv4[2], ipv6[2];
	} rows[] = {
		{ GW_ERROR_HOPS, { 11, 0 }, { 3, 0 } },      { GW_ERROR_TOO_BIG, { 3, 4 }, { 2, 0 } },
		{ GW_ERROR_NO_ROUTE, { 3, 0 }, { 1, 0 } },   { GW_ERROR_NO_HOST, { 3, 1 }, { 1, 3 } },
		{ GW_ERROR_PROHIBITED, { 3, 13 }, { 1, 1 } },
	};
	static const uint8_t source[16] = { 10, 0, 0, 1 };
	static uint8_t packet[2000], error[GW_ERROR_MAX];
	struct gw_look look;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (uint32_t len = 60; len <= 2000; len += 97) {
			uint32_t size;

			make_ipv4(packet, len, 0, USHER_UDP);
			size = gw_error_build(error, rows[i].kind, 1400, source, packet, len);
			assert_int_equal(size, 28 + (len < 548 ? len : 548));
			assert_true(gw_look(&look, error, size));
			assert_int_equal(look.len, size);
			assert_int_equal(gw_sum_end(gw_sum(error, 20, 0)), 0);
			assert_int_equal(gw_sum_end(gw_sum(error + 20, size - 20, 0)), 0);
			assert_memory_equal(error + 12, source, 4);
			assert_memory_equal(error + 16, packet + 12, 4);
			assert_memory_equal(error + 20, rows[i].ipv4, 2);
			assert_int_equal(get16(error + 26), rows[i].kind == GW_ERROR_TOO_BIG ? 1400 : 0);
			assert_memory_equal(error + 28, packet, size - 28);
			make_ipv6(packet, len, USHER_UDP);
			size = gw_error_build(error, rows[i].kind, 1400, source, packet, len);
			assert_int_equal(size, 48 + (len < 1232 ? len : 1232));
			assert_true(gw_look(&look, error, size));
			assert_int_equal(look.protocol, USHER_ICMPV6);
			assert_int_equal(gw_sum_end(gw_sum(error + 40, size - 40, gw_sum_pseudo(error, &look, size - 40))), 0);
			assert_memory_equal(error + 24, packet + 8, 16);
			assert_memory_equal(error + 40, rows[i].ipv6, 2);
			assert_memory_equal(error + 48, packet, size - 48);
		}
	}
}

static void test_what_may_have_an_error(void **state)
{
	uint8_t packet[100];
	struct gw_look look;

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		bool error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;

		make_ipv4(packet, 60, 0, USHER_ICMP);
		packet[20] = (uint8_t)type;
		assert_true(gw_look(&look, packet, 60));
		assert_int_equal(gw_error_allowed(&look, packet, 60), !error);
		assert_false(gw_error_allowed(&look, packet, 20)); /* its type was cut off */
		make_ipv6(packet, 60, USHER_ICMPV6);
		packet[40] = (uint8_t)type;
		assert_true(gw_look(&look, packet, 60));
		assert_int_equal(gw_error_allowed(&look, packet, 60), type >= 128 && type != 137);
	}
	make_ipv4(packet, 60, 1, USHER_UDP);
	assert_true(gw_look(&look, packet, 60));
	assert_false(gw_error_allowed(&look, packet, 60));
	make_ipv4(packet, 60, 0x2000, USHER_UDP);
	assert_true(gw_look(&look, packet, 60));
	assert_true(gw_error_allowed(&look, packet, 60));
	packet[12] = 224;
	assert_false(gw_error_allowed(&look, packet, 60));
}

static void test_errors_are_limited(void **state)
{
	struct gw_error_limit limit = { 0 };
	usher_time now = 5 * USHER_SECOND;
	unsigned sent = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		sent += gw_error_admit(&limit, now);
	assert_int_equal(sent, 50);
	for (int i = 0; i < 4000; i++)
		sent += gw_error_admit(&limit, now += USHER_SECOND / 4000);
	assert_in_range(sent, 1040, 1060);
	sent = 0;
	now += 3600 * USHER_SECOND;
	for (int i = 0; i < 1000; i++)
		sent += gw_error_admit(&limit, now);
	assert_int_equal(sent, 50);
	assert_false(gw_error_admit(&limit, now - USHER_SECOND));
}

static void test_reserved_ranges(void **state)
{
	(void)state;
	assert_false(gw_keys_listed("", 40000, 65535));
	assert_true(gw_keys_listed("40000-65535", 40000, 65535));
	assert_true(gw_keys_listed("22,80-90,30000-65535", 40000, 65535));
	assert_false(gw_keys_listed("40001-65535", 40000, 65535));
	assert_false(gw_keys_listed("40000,65535", 40000, 65535));
	assert_true(gw_keys_listed("7,40000,50000", 40000, 40000));
	assert_false(gw_keys_listed("no list", 1, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_refuses_what_is_not_whole),
		cmocka_unit_test(test_look_follows_extension_headers),
		cmocka_unit_test(test_hop_keeps_the_checksum_right),
		cmocka_unit_test(test_unfinished_checksums_are_finished),
		cmocka_unit_test(test_martians),
		cmocka_unit_test(test_errors_are_what_the_rfcs_say),
		cmocka_unit_test(test_what_may_have_an_error),
		cmocka_unit_test(test_errors_are_limited),
		cmocka_unit_test(test_reserved_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
