/*
 * Packets of our own: rows of whole packets made elsewhere; many from a seed, which decode, checksums verified, to
 * exactly what was asked for; every room; and of ICMP errors what must not be answered, row by row, and how much is
 * quoted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packet/build.h"
#include "rewrite_bed.h"

#define LARGE 66000u

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

static const uint8_t addresses4[2][4] = { { 203, 0, 113, 1 }, { 198, 51, 100, 2 } };
static const uint8_t addresses6[2][16] = { { 0x20, 1, 0xd, 0xb8, [15] = 1 }, { 0x20, 1, 0xd, 0xb8, [15] = 2 } };

/* ---- TCP ---- */

static const struct tcp_row {
	const char *name;
	struct pkt_build_tcp tcp; /* the rest: see test_tcp_rows */
	const char *want;
} tcp_rows[] = {
	{ "an acknowledgement", { .family = 4, .tcp_flags = 0x10, .ack = 5, .window = 0x2000 },
	  "45100028 12344000 3f06c354 cb007101 c6336402 9c400015 11223344 00000005 50102000 48dc0000" },
	{ "data, odd length, timestamps",
	  { .family = 4, .tcp_flags = 0x18, .ack = 5, .window = 0x2000, .timestamps = true, .ts_value = 7, .ts_echo = 9,
	    .payload = "PORT 1\r\n!", .payload_len = 9 },
	  "4510003d 12344000 3f06c33f cb007101 c6336402 9c400015 11223344 00000005 80182000 1ec50000 0101080a "
	  "00000007 00000009 504f5254 20310d0a 21" },
	{ "a reset", { .family = 4, .tcp_flags = 4 },
	  "45100028 12344000 3f06c354 cb007101 c6336402 9c400015 11223344 00000000 50040000 68ed0000" },
	{ "urgent",
	  { .family = 4, .tcp_flags = 0x38, .ack = 5, .window = 0x2000, .urgent = 2, .payload = "ab", .payload_len = 2 },
	  "4510002a 12344000 3f06c352 cb007101 c6336402 9c400015 11223344 00000005 50382000 e74d0002 6162" },
	{ "IPv6, an acknowledgement", { .family = 6, .tcp_flags = 0x10, .ack = 5, .window = 0x2000 },
	  "61000000 0014063f 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002 9c400015 "
	  "11223344 00000005 50102000 539f0000" },
	{ "IPv6, data, odd length, timestamps",
	  { .family = 6, .tcp_flags = 0x18, .ack = 5, .window = 0x2000, .timestamps = true, .ts_value = 7, .ts_echo = 9,
	    .payload = "PORT 1\r\n!", .payload_len = 9 },
	  "61000000 0029063f 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002 9c400015 "
	  "11223344 00000005 80182000 29880000 0101080a 00000007 00000009 504f5254 20310d0a 21" },
};

static void test_tcp_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(tcp_rows) / sizeof(tcp_rows[0]); i++) {
		struct pkt_build_tcp tcp = tcp_rows[i].tcp;
		uint8_t want[BED_MOST], *got;
		uint32_t len = from_hex(want, tcp_rows[i].want), room;

		tcp.src = tcp.family == 4 ? addresses4[0] : addresses6[0];
		tcp.dst = tcp.family == 4 ? addresses4[1] : addresses6[1];
		tcp.ttl = 63;
		tcp.tos = 0x10;
		tcp.id = 0x1234;
		tcp.src_key = 40000;
		tcp.dst_key = 21;
		tcp.seq = 0x11223344;
		for (room = 0; room <= len; room++) { /* into rubbish, of exactly that size */
			got = malloc(room ? room : 1);
			assert_non_null(got);
			memset(got, 0x5a, room ? room : 1);
			assert_int_equal(usher__pkt_build_tcp(got, room, &tcp), room < len ? 0 : len);
			if (room == len && memcmp(got, want, len) != 0)
				fail_msg("%s", tcp_rows[i].name);
			free(got);
		}
	}
}

static void test_tcp_many(void **state)
{
	struct bed_random r = { 7323 };
	uint8_t got[BED_MOST], payload[600];
	uint32_t i;

	(void)state;
	for (i = 0; i < 50000; i++) {
		struct pkt_rewrite tuple;
		struct pkt_tcp_options options;
		struct pkt_tcp fields;
		struct pkt p;
		uint8_t addresses[32];
		struct pkt_build_tcp tcp = { .family = bed_chance(&r, 50) ? 4 : 6, .ttl = (uint8_t)bed_next(&r),
					     .tos = (uint8_t)bed_next(&r), .tcp_flags = (uint8_t)bed_next(&r),
					     .seq = bed_next(&r), .ack = bed_next(&r), .window = (uint16_t)bed_next(&r),
					     .urgent = (uint16_t)bed_next(&r), .id = (uint16_t)bed_next(&r),
					     .timestamps = bed_chance(&r, 50), .ts_value = bed_next(&r),
					     .ts_echo = bed_next(&r), .payload = payload,
					     .payload_len = bed_below(&r, sizeof(payload)) };
		uint32_t head = tcp.family == 4 ? 20 : 40, len;

		bed_fill(&r, payload, sizeof(payload));
		bed_tuple(&r, &tuple, addresses);
		tcp.src = tuple.src;
		tcp.dst = tuple.dst;
		tcp.src_key = tuple.src_key;
		tcp.dst_key = tuple.dst_key;
		len = usher__pkt_build_tcp(got, sizeof(got), &tcp);
		assert_int_equal(len, head + 20 + (tcp.timestamps ? 12 : 0) + tcp.payload_len);
		usher__pkt_decode(&p, got, len, len, PKT_VERIFY);
		assert_int_equal(p.reason, USHER_REASON_NONE);
		assert_int_equal(p.flags, PKT_CSUM_CHECKED);
		assert_true(p.protocol == USHER_TCP && p.family == tcp.family && p.l4 == head);
		assert_true(p.key[0] == tcp.src_key && p.key[1] == tcp.dst_key && p.tcp_flags == tcp.tcp_flags);
		fields = usher__pkt_tcp(got + head);
		assert_true(fields.seq == tcp.seq && fields.ack == tcp.ack && fields.window == tcp.window);
		usher__pkt_tcp_options(&options, got + head);
		assert_int_equal(options.flags, tcp.timestamps ? PKT_TCP_HAS_TIMESTAMP : 0);
		assert_true(!tcp.timestamps || (options.ts_value == tcp.ts_value && options.ts_echo == tcp.ts_echo));
		assert_int_equal(p.payload_len, tcp.payload_len);
		assert_memory_equal(got + p.payload, payload, tcp.payload_len);
		assert_memory_equal(got + PKT_SRC_OFFSET(tcp.family), tcp.src, tcp.family == 4 ? 4 : 16);
		assert_memory_equal(got + PKT_DST_OFFSET(tcp.family), tcp.dst, tcp.family == 4 ? 4 : 16);
		assert_int_equal(bed_header_error(got), 0);
		if (tcp.family == 4)
			assert_true(got[1] == tcp.tos && got[4] == tcp.id >> 8 && got[5] == (tcp.id & 0xff) &&
				    got[6] == 0x40 && got[7] == 0 && got[8] == tcp.ttl);
		else
			assert_true(got[0] == (0x60 | tcp.tos >> 4) && got[1] == (tcp.tos & 15) << 4 && got[7] == tcp.ttl);
	}
}

static void test_tcp_large(void **state)
{
	static uint8_t to[LARGE], payload[LARGE];
	struct pkt_build_tcp tcp = { .family = 4, .src = addresses4[0], .dst = addresses4[1], .payload = payload };
	struct pkt p;

	(void)state;
	tcp.payload_len = 65535 - 40;
	assert_int_equal(usher__pkt_build_tcp(to, LARGE, &tcp), 65535);
	usher__pkt_decode(&p, to, 65535, 65535, PKT_VERIFY);
	assert_int_equal(p.reason, USHER_REASON_NONE);
	tcp.payload_len++;
	assert_int_equal(usher__pkt_build_tcp(to, LARGE, &tcp), 0);
	tcp.family = 6;
	tcp.src = addresses6[0];
	tcp.dst = addresses6[1];
	tcp.payload_len = 65535 - 20;
	assert_int_equal(usher__pkt_build_tcp(to, LARGE, &tcp), 65535 + 40);
	tcp.timestamps = true;
	assert_int_equal(usher__pkt_build_tcp(to, LARGE, &tcp), 0);
	tcp.payload_len = UINT32_MAX;
	assert_int_equal(usher__pkt_build_tcp(to, LARGE, &tcp), 0);
}

/* ---- ICMP errors ---- */

static const char tcp4[] = "45000032 00014000 4006068e 0a000002 c6336402 9c400015 11223344 00000005 50182000 20700000 78787878 "
			   "78787878 7878";
static const char udp6[] = "60000000 000d1140 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002 13880035 "
			   "000d4cd0 68656c6c 6f";

static void test_icmp_rows(void **state)
{
	static const uint8_t router4[4] = { 10, 0, 0, 1 }, router6[16] = { 0x20, 1, 0xd, 0xb8, [14] = 0xff, [15] = 0xff };
	const struct pkt_build_icmp errors[2] = {
		{ .src = router4, .type = 3, .code = 4, .word = 1400, .ttl = 64, .id = 0x77 },
		{ .src = router6, .type = 3, .code = 0, .ttl = 64 },
	};
	static const char *const about[2] = { tcp4, udp6 };
	static const char *const want[2] = {
		"45c0004e 00770000 40016576 0a000001 0a000002 03042be0 00000578 45000032 00014000 4006068e 0a000002 "
		"c6336402 9c400015 11223344 00000005 50182000 20700000 78787878 78787878 7878",
		"6c000000 003d3a40 20010db8 00000000 00000000 0000ffff 20010db8 00000000 00000000 00000001 03002fe6 "
		"00000000 60000000 000d1140 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002 "
		"13880035 000d4cd0 68656c6c 6f",
	};
	uint32_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		uint8_t data[BED_MOST], wanted[BED_MOST], got[BED_MOST];
		uint32_t len = from_hex(data, about[i]), wanted_len = from_hex(wanted, want[i]);
		struct pkt p;

		usher__pkt_decode(&p, data, len, len, 0);
		memset(data + len, 0xee, 9); /* padding of the link is not quoted */
		assert_int_equal(usher__pkt_build_icmp_error(got, sizeof(got), &errors[i], &p, data, len + 9), wanted_len);
		assert_memory_equal(got, wanted, wanted_len);
	}
}

struct refused {
	const char *name;
	uint8_t family;
	uint32_t at; /* these bytes differ from those of tcp4 or udp6 */
	const char *bytes;
	uint32_t len;
	uint8_t type, code;
	bool built;
};

#define BYTES(literal) (literal), sizeof(literal) - 1

static const struct refused refused_rows[] = {
	{ "a plain packet", 4, 0, BYTES("\x45"), 3, 1, true },
	{ "a first fragment", 4, 6, BYTES("\x20\x00"), 3, 1, true },
	{ "a later fragment", 4, 6, BYTES("\x20\x01"), 3, 1, false },
	{ "the last fragment", 4, 6, BYTES("\x00\x10"), 3, 1, false },
	{ "to a group", 4, 16, BYTES("\xe0\0\0\1"), 3, 1, false },
	{ "to another group", 4, 16, BYTES("\xef\xff\xff\xff"), 3, 1, false },
	{ "to everybody", 4, 16, BYTES("\xff\xff\xff\xff"), 3, 1, false },
	{ "to nobody", 4, 16, BYTES("\0\0\0\0"), 3, 1, false },
	{ "from nobody", 4, 12, BYTES("\0\0\0\0"), 3, 1, false },
	{ "from this net", 4, 12, BYTES("\0\0\0\1"), 3, 1, false },
	{ "from loopback", 4, 12, BYTES("\x7f\0\0\1"), 3, 1, false },
	{ "from a group", 4, 12, BYTES("\xe0\0\0\5"), 3, 1, false },
	{ "from class E", 4, 12, BYTES("\xf0\0\0\1"), 3, 1, false },
	{ "from everybody", 4, 12, BYTES("\xff\xff\xff\xff"), 3, 1, false },
	{ "echo request", 4, 9, BYTES("\1\0\0\x0a\0\0\2\xc6\x33\x64\2\x08\0"), 3, 1, true },
	{ "echo reply", 4, 9, BYTES("\1\0\0\x0a\0\0\2\xc6\x33\x64\2\0\0"), 3, 1, true },
	{ "timestamp", 4, 9, BYTES("\1\0\0\x0a\0\0\2\xc6\x33\x64\2\x0d\0"), 3, 1, true },
	{ "unreachable", 4, 9, BYTES("\1\0\0\x0a\0\0\2\xc6\x33\x64\2\x03\0"), 3, 1, false },
	{ "source quench", 4, 9, BYTES("\1\0\0\x0a\0\0\2\xc6\x33\x64\2\x04\0"), 3, 1, false },
	{ "redirect", 4, 9, BYTES("\1\0\0\x0a\0\0\2\xc6\x33\x64\2\x05\0"), 3, 1, false },
	{ "time exceeded", 4, 9, BYTES("\1\0\0\x0a\0\0\2\xc6\x33\x64\2\x0b\0"), 11, 0, false },
	{ "parameter problem", 4, 9, BYTES("\1\0\0\x0a\0\0\2\xc6\x33\x64\2\x0c\0"), 3, 1, false },
	{ "an unknown type", 4, 9, BYTES("\1\0\0\x0a\0\0\2\xc6\x33\x64\2\x2a\0"), 3, 1, false },
	{ "unreachable, in a first fragment", 4, 6, BYTES("\x20\0\x40\1\0\0\x0a\0\0\2\xc6\x33\x64\2\x03\0"), 3, 1, false },
	{ "echo request, in a first fragment", 4, 6, BYTES("\x20\0\x40\1\0\0\x0a\0\0\2\xc6\x33\x64\2\x08\0"), 3, 1, true },
	{ "an unknown protocol", 4, 9, BYTES("\xfd"), 3, 2, true },
	{ "a header that is malformed", 4, 32, BYTES("\x40"), 3, 1, true },
	{ "IPv6: a plain packet", 6, 0, BYTES("\x60"), 1, 3, true },
	{ "IPv6: to a group", 6, 24, BYTES("\xff\x02"), 1, 3, false },
	{ "IPv6: to a group, too big", 6, 24, BYTES("\xff\x0e"), 2, 0, true },
	{ "IPv6: to a group, unknown option", 6, 24, BYTES("\xff\x0e"), 4, 2, true },
	{ "IPv6: to a group, another problem", 6, 24, BYTES("\xff\x0e"), 4, 1, false },
	{ "IPv6: from a group", 6, 8, BYTES("\xff\x02"), 1, 3, false },
	{ "IPv6: from a group, too big", 6, 8, BYTES("\xff\x02"), 2, 0, false },
	{ "IPv6: from nobody", 6, 8, BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 1, 3, false },
	{ "IPv6: to nobody", 6, 24, BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 1, 3, false },
	{ "IPv6: a first fragment", 6, 6,
	  BYTES("\x2c\x40\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x11\0\0\1"), 1, 3, true },
	{ "IPv6: a later fragment", 6, 6,
	  BYTES("\x2c\x40\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x11\0\0\x09"), 1, 3, false },
	{ "IPv6: echo request", 6, 6,
	  BYTES("\x3a\x40\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x80"), 1, 3, true },
	{ "IPv6: unreachable", 6, 6,
	  BYTES("\x3a\x40\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x01"), 1, 3, false },
	{ "IPv6: an unknown error", 6, 6,
	  BYTES("\x3a\x40\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x7f"), 1, 3, false },
	{ "IPv6: a redirect", 6, 6,
	  BYTES("\x3a\x40\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x89"), 1, 3, false },
};

static void test_icmp_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refused_rows) / sizeof(refused_rows[0]); i++) {
		const struct refused *row = &refused_rows[i];
		struct pkt_build_icmp error = { .src = row->family == 4 ? addresses4[0] : addresses6[0], .type = row->type,
						.code = row->code, .ttl = 64 };
		uint8_t data[BED_MOST], got[BED_MOST];
		uint32_t len = from_hex(data, row->family == 4 ? tcp4 : udp6);
		struct pkt p;

		memcpy(data + row->at, row->bytes, row->len);
		usher__pkt_decode(&p, data, len, len, 0);
		if ((usher__pkt_build_icmp_error(got, sizeof(got), &error, &p, data, len) > 0) != row->built)
			fail_msg("%s", row->name);
	}
}

/* Nothing is said of what is not even a header, nor of ICMP whose type was cut off. */
static void test_icmp_cut(void **state)
{
	struct pkt_build_icmp error = { .src = addresses4[0], .type = 3, .code = 1, .ttl = 64 };
	uint8_t data[BED_MOST], got[BED_MOST];
	uint32_t len = from_hex(data, tcp4), cut;
	struct pkt p;

	(void)state;
	for (cut = 0; cut < 24; cut++) {
		usher__pkt_decode(&p, data, cut, len, 0);
		assert_int_equal(usher__pkt_build_icmp_error(got, sizeof(got), &error, &p, data, cut), cut < 20 ? 0 : 28 + cut);
	}
	data[9] = USHER_ICMP;
	data[20] = 8;
	usher__pkt_decode(&p, data, 20, len, 0);
	assert_int_equal(usher__pkt_build_icmp_error(got, sizeof(got), &error, &p, data, 20), 0);
	usher__pkt_decode(&p, data, 21, len, 0);
	assert_int_equal(usher__pkt_build_icmp_error(got, sizeof(got), &error, &p, data, 21), 28 + 21);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Errors about packets of every kind, of every length, into every room: right, to the source, quoting as much as may be. */
static void test_icmp_many(void **state)
{
	struct bed_random r = { 4443 };
	uint32_t i, built = 0;

	(void)state;
	for (i = 0; i < 50000; i++) {
		static uint8_t data[2000];
		uint32_t room = bed_chance(&r, 50) ? 1500 : bed_below(&r, 700), len, head, most, whole, offset;
		struct bed_packet m;
		struct pkt p, outer, inner;
		uint8_t *got = malloc(room ? room : 1);
		struct pkt_build_icmp error = { .ttl = 64, .word = bed_next(&r), .id = (uint16_t)i };

		assert_non_null(got);
		bed_make(&m, &r, BED_ANY);
		memcpy(data, m.bytes, m.all);
		if (bed_chance(&r, 30) && !m.fragment && m.have == m.len) { /* a long one */
			m.len = m.have = m.len + 1000;
			data[m.family == 4 ? 2 : 4] = (uint8_t)((m.family == 4 ? m.len : m.len - 40) >> 8);
			data[m.family == 4 ? 3 : 5] = (uint8_t)((m.family == 4 ? m.len : m.len - 40) & 0xff);
		}
		error.src = m.family == 4 ? addresses4[0] : addresses6[0];
		error.type = m.family == 4 ? 11 : 3;
		bed_decode(&m, &p, data);
		len = usher__pkt_build_icmp_error(got, room, &error, &p, data, m.have);
		head = m.family == 4 ? 28 : 48;
		most = (m.family == 4 ? 576 : 1280) - head;
		whole = least(m.have, most);
		if (len == 0) {
			bool silent = m.later || (m.type && (m.family == 4 ? m.type == 3 || m.type == 11 : m.type < 128));
			bool many = data[m.family == 4 ? 16 : 24] >= 0xe0 || data[m.family == 4 ? 16 : 24] == 0;

			silent = silent || ((m.protocol == USHER_ICMP || m.protocol == USHER_ICMPV6) && m.have == m.l4);
			assert_true(silent || many || room < head + least(whole, m.l4 + 8));
			free(got);
			continue;
		}
		built++;
		assert_true(len <= room && len == head + least(whole, room - head));
		assert_true(len >= head + least(whole, m.l4 + 8));
		assert_memory_equal(got + head, data, len - head);
		assert_memory_equal(got + PKT_DST_OFFSET(m.family), data + PKT_SRC_OFFSET(m.family), m.family == 4 ? 4 : 16);
		usher__pkt_decode(&outer, got, len, len, PKT_VERIFY);
		assert_int_equal(outer.reason, USHER_REASON_NONE);
		assert_int_equal(outer.flags, PKT_CSUM_CHECKED | PKT_ICMP_ERROR);
		if (p.reason == USHER_REASON_NONE && usher__pkt_decode_quoted(&inner, &outer, got, len, &offset)) {
			assert_int_equal(offset, head);
			assert_int_equal(inner.l4, p.l4);
			assert_int_equal(inner.protocol, p.protocol);
		}
		free(got);
	}
	assert_true(built > 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp_rows),
		cmocka_unit_test(test_tcp_many),
		cmocka_unit_test(test_tcp_large),
		cmocka_unit_test(test_icmp_rows),
		cmocka_unit_test(test_icmp_refused),
		cmocka_unit_test(test_icmp_cut),
		cmocka_unit_test(test_icmp_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
