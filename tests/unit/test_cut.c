/*
 * packet/cut: usher_fragment. What is cut and put together again is the packet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <usher/usher.h>

#include "packet/packet.h"

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static uint32_t header_sum(const uint8_t *ip)
{
	return usher__csum_fold(usher__csum_add(0, ip, (ip[0] & 15u) * 4));
}

/* An IPv4 packet of `len` bytes, with `options` bytes of options, its data counted up. */
static void make_ipv4(uint8_t *packet, uint32_t len, uint32_t options, uint32_t where)
{
	uint32_t head = 20 + options;

	memset(packet, 0, head);
	packet[0] = (uint8_t)(0x40 | head / 4);
	put16(packet + 2, len);
	put16(packet + 4, 0x1234);
	put16(packet + 6, where);
	packet[8] = 64;
	packet[9] = USHER_UDP;
	memcpy(packet + 12, (const uint8_t[]){ 10, 0, 0, 2, 198, 51, 100, 2 }, 8);
	memset(packet + 20, 1, options); /* no operation */
	put16(packet + 10, header_sum(packet));
	for (uint32_t i = head; i < len; i++)
		packet[i] = (uint8_t)(i * 7 + (i >> 8));
}

/* Fragments of one packet, put together again: bytes up to the last. */
static uint32_t reassemble(uint8_t *bytes, uint32_t len, uint32_t mtu, uint8_t *data, uint32_t *pieces)
{
	const struct usher_packet packet = { .data = bytes, .len = len };
	uint32_t position = 0, end = 0, size, header = (bytes[0] & 15u) * 4;
	static uint8_t piece[65536];

	*pieces = 0;
	while ((size = usher_fragment(&packet, mtu, 0, &position, piece)) != 0) {
		uint32_t head = (piece[0] & 15u) * 4, where = (get16(piece + 6) & 0x1fffu) * 8;

		assert_true(size <= mtu);
		assert_int_equal(get16(piece + 2), size);
		assert_int_equal(header_sum(piece), 0);
		assert_memory_equal(piece + 4, bytes + 4, 2);
		assert_memory_equal(piece + 8, bytes + 8, 2);
		assert_memory_equal(piece + 12, bytes + 12, 8);
		memcpy(data + where, piece + head, size - head);
		end = where + size - head > end ? where + size - head : end;
		++*pieces;
		assert_int_equal((get16(piece + 6) & 0x2000) != 0, position < len - header || get16(bytes + 6) & 0x2000);
	}
	return end;
}

static void test_fragments_make_the_packet_again(void **state)
{
	static uint8_t packet[65536], data[65536];
	uint32_t pieces;

	(void)state;
	for (uint32_t len = 21; len < 4000; len += 13) {
		for (uint32_t mtu = 68; mtu < 1600; mtu += 511) {
			uint32_t room = (mtu - 20) & ~7u, all = len - 20;

			make_ipv4(packet, len, 0, 0);
			assert_int_equal(reassemble(packet, len, mtu, data, &pieces), all);
			assert_memory_equal(data, packet + 20, all);
			assert_int_equal(pieces,
			        all <= mtu - 20
			                ? 1
			                : (all + room - 1) / room - (all % room && all % room + room <= mtu - 20));
		}
	}
	/* A fragment is cut again: offsets count on, and more follow. */
	make_ipv4(packet, 1500, 0, 0x2000 | 100);
	memset(data, 0, sizeof(data));
	assert_int_equal(reassemble(packet, 1500, 600, data, &pieces), 800 + 1480);
	assert_memory_equal(data + 800, packet + 20, 1480);
}

static void test_only_copied_options_are_in_later_fragments(void **state)
{
	static uint8_t bytes[1500], piece[1500];
	const struct usher_packet packet = { .data = bytes, .len = 1500 };
	uint32_t position = 0;

	(void)state;
	make_ipv4(bytes, 1500, 16, 0);
	memcpy(bytes + 20, (const uint8_t[]){ 7, 7, 4, 0, 0, 0, 0, 0x94, 4, 0, 0, 1, 0 }, 13); /* record route; router alert; end */
	assert_int_not_equal(usher_fragment(&packet, 800, 0, &position, piece), 0);
	assert_int_equal(piece[0], 0x49);
	assert_memory_equal(piece + 20, bytes + 20, 16);
	assert_int_not_equal(usher_fragment(&packet, 800, 0, &position, piece), 0);
	assert_int_equal(piece[0], 0x46);
	assert_memory_equal(piece + 20, bytes + 27, 4);
	/* An option that is longer than the header, or has no length: what is before it is kept. */
	bytes[28] = 200;
	position = 784;
	assert_int_not_equal(usher_fragment(&packet, 800, 0, &position, piece), 0);
	assert_int_equal(piece[0], 0x45);
	bytes[28] = 0;
	position = 784;
	assert_int_not_equal(usher_fragment(&packet, 800, 0, &position, piece), 0);
	assert_int_equal(piece[0], 0x45);
	/* No room for eight bytes. */
	position = 0;
	assert_int_equal(usher_fragment(&packet, 40, 0, &position, piece), 0);
}

/* IPv6: behind hop-by-hop options and a source route, before what only the destination reads (RFC 8200 4.5). */
static void test_ipv6_has_its_fragment_header_behind_what_routers_read(void **state)
{
	static const struct {
		uint8_t headers[4]; /* 8 bytes each, in order; 255: the end */
		uint32_t behind;    /* bytes in front of the fragment header */
	} rows[] = {
		{ { 255 }, 40 },
		{ { 0, 255 }, 48 },
		{ { 60, 255 }, 40 },
		{ { 0, 60, 43, 255 }, 64 },
		{ { 0, 43, 60, 255 }, 56 },
	};
	static uint8_t bytes[3000], piece[3000], data[3000];

	(void)state;
	for (uint32_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		const struct usher_packet packet = { .data = bytes, .len = sizeof(bytes) };
		uint32_t position = 0, at = 40, next_at = 6, size, end = 0, behind = rows[r].behind;

		memset(bytes, 0, 120);
		bytes[0] = 0x60;
		put16(bytes + 4, sizeof(bytes) - 40);
		for (uint32_t i = 0; rows[r].headers[i] != 255; i++, at += 8) {
			bytes[next_at] = rows[r].headers[i];
			next_at = at;
		}
		bytes[next_at] = USHER_UDP;
		for (uint32_t i = at; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(i * 5);
		while ((size = usher_fragment(&packet, 1280, 0xabcdef01, &position, piece)) != 0) {
			uint32_t where = get16(piece + behind + 2);

			assert_true(size <= 1280);
			assert_int_equal(get16(piece + 4), size - 40);
			assert_int_equal(piece[behind == 40 ? 6 : behind - 8], 44);
			assert_memory_equal(piece + behind + 4, "\xab\xcd\xef\x01", 4);
			assert_int_equal(where & 1, position < sizeof(bytes) - behind);
			memcpy(data + (where & 0xfff8u), piece + behind + 8, size - behind - 8);
			end = (where & 0xfff8u) + size - behind - 8;
			assert_int_equal(piece[behind], bytes[behind == 40 ? 6 : behind - 8]);
		}
		assert_int_equal(end, sizeof(bytes) - behind);
		assert_memory_equal(data, bytes + behind, end);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fragments_make_the_packet_again),
		cmocka_unit_test(test_only_copied_options_are_in_later_fragments),
		cmocka_unit_test(test_ipv6_has_its_fragment_header_behind_what_routers_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
