/*
 * Lines of text: where they end, what stands before them, what is none of ours, addresses. What comes of all that in
 * a dialogue is tested with the helpers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/line.h"

#include <arpa/inet.h>

static struct usher_cursor over(const char *text)
{
	return usher_cursor(text, (uint32_t)strlen(text));
}

static void test_ends(void **state)
{
	static const struct {
		const char *line;
		uint32_t length, text;
	} rows[] = { { "", 0, 0 }, { "a", 0, 1 }, { "\n", 1, 0 }, { "\r\n", 2, 0 }, { "\r", 0, 1 }, { "a\r\n", 3, 1 },
		     { "a\r\r\n", 4, 1 }, { "a\rb\n", 4, 3 }, { "\r\r\r\n", 4, 0 }, { "a\r", 0, 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct usher_cursor c = over(rows[i].line);
		struct usher_cursor text = line_text((const uint8_t *)rows[i].line, (uint32_t)strlen(rows[i].line));

		assert_int_equal(line_length(&c), rows[i].length);
		assert_int_equal(usher_cursor_left(&text), rows[i].text);
	}
	struct usher_cursor two = over("a\nb\n");

	assert_int_equal(line_length(&two), 2);
}

static void test_words_and_numbers(void **state)
{
	struct usher_cursor c = over("Port \t10 99999999999999999999 x");

	(void)state;
	assert_false(line_word(&c, "POR"));
	assert_false(line_word(&c, "PORTS"));
	assert_true(line_word(&c, "PORT"));
	assert_true(line_blanks(&c));
	assert_false(line_blanks(&c));
	assert_int_equal(line_number(&c, 255), 10);
	assert_true(line_blanks(&c));
	assert_int_equal(line_number(&c, 65535), 65536);
	assert_true(line_blanks(&c));
	assert_int_equal(line_number(&c, 255), 0);
	assert_true(line_word(&c, "X"));
	assert_true(usher_cursor_done(&c));
	assert_true(line_begins(over("22"), "227"));
	assert_true(line_begins(over("227"), "227"));
	assert_true(line_begins(over("227 x"), "227"));
	assert_false(line_begins(over("2275"), "227"));
	assert_false(line_begins(over("23"), "227"));
}

static void test_telnet(void **state)
{
	static const struct {
		const char *line;
		const char *rest; /* NULL: bytes are missing */
	} rows[] = { { "ABOR", "ABOR" }, { "\xff\xf4\xff\xf2" "ABOR", "ABOR" }, { "\xff\xf4\xf2" "ABOR", "ABOR" },
		     { "\xff\xfb\n\xff\xfe\x03x", "x" }, { "\xff\xff", "\xff\xff" }, { "\xff\xef", "\xff\xef" },
		     { "\xff", NULL }, { "\xff\xfd", NULL }, { "\xf2x", "\xf2x" }, { "\xff\xf1", "" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct usher_cursor c = over(rows[i].line);

		usher__line_telnet(&c);
		assert_int_equal(c.bad, rows[i].rest == NULL);
		if (rows[i].rest) {
			assert_int_equal(usher_cursor_left(&c), strlen(rows[i].rest));
			assert_memory_equal(c.at, rows[i].rest, strlen(rows[i].rest));
		}
	}
}

static void test_foreign(void **state)
{
	static const struct {
		const char *line;
		enum line_foreign what;
	} rows[] = { { "", LINE_OURS }, { "GET /", LINE_HTTP }, { "get", LINE_HTTP }, { "GETS", LINE_OURS },
		     { "PATCH /x HTTP/1.1", LINE_HTTP }, { "abc / HTTP/1.1", LINE_HTTP },
		     { "abc / HTTP/3", LINE_HTTP },
		     { "abc HTTP/1.1 def", LINE_OURS }, { "abc HTTP/x", LINE_OURS }, { "abc HTTP/1.", LINE_OURS },
		     { "Host: x", LINE_HEADER }, { "X-A_b.c1:", LINE_HEADER }, { ":x", LINE_OURS },
		     { "a b: c", LINE_OURS },
		     { "\x16\x03", LINE_TLS }, { "\x16\x02", LINE_OURS }, { "\x16", LINE_OURS },
		     { "\x01\x01\x01\x08\x21\x12\xa4\x42", LINE_STUN }, { "\x01\x01\x01\x08\x21\x12\xa4", LINE_OURS },
		     { "A\x01\x01\x08\x21\x12\xa4\x42", LINE_OURS } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(usher__line_foreign(over(rows[i].line)), rows[i].what);
	assert_int_equal(usher__line_foreign(usher_cursor("\0\1", 2)), LINE_STUN);
	assert_int_equal(usher__line_foreign(usher_cursor("\0\3", 2)), LINE_STUN);
	assert_int_equal(usher__line_foreign(usher_cursor("\0\2", 2)), LINE_OURS);
	assert_int_equal(usher__line_binary(over("GET /")), LINE_OURS);
}

static void test_ipv4_text(void **state)
{
	static const char *const good[] = { "0.0.0.0", "10.0.0.2", "255.255.255.255" };
	static const char *const bad[] = { "", "1", "1.2.3", "1.2.3.", "1.2.3.256", "01.2.3.4", "1.2.3.00", "1..3.4",
					   "1.2.3.4.", "1.2.3.4.5",
					   " 1.2.3.4", "0x1.2.3.4", "1.2.3.-4", "a.b.c.d" };
	uint8_t got[4], want[4];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct usher_cursor c = over(good[i]);

		assert_true(usher__line_ipv4(&c, got) && usher_cursor_done(&c));
		assert_int_equal(inet_pton(AF_INET, good[i], want), 1);
		assert_memory_equal(got, want, 4);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct usher_cursor c = over(bad[i]);

		assert_false(usher__line_ipv4(&c, got) && usher_cursor_done(&c));
	}
}

static void test_ipv6_text(void **state)
{
	static const char *const good[] = { "::", "::1", "1::", "fd00::2", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::",
		"::2:3:4:5:6:7:8",
					    "1::8", "ABCD:ef01:2345:6789:abcd:EF01:2345:6789", "::ffff:10.0.0.2",
					    "::10.0.0.2",
					    "1:2:3:4:5:6:10.0.0.2", "64:ff9b::192.0.2.33", "0:0:0:0:0:0:0:0",
					    "1:2:3:4:5::10.0.0.2",
					    "::1:2:3:4:5:10.0.0.2", "0001:0db8::" };
	static const char *const bad[] = { "", ":", ":::", "1", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:",
		"1:2:3:4:5:6:7:8:9",
					   "1::2::3", "::1::", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::",
					   "g::", "1:::2",
					   "1:2:3:4:5:6:7:10.0.0.2", "::10.0.0", "::10.0.0.256", "::010.0.0.2",
					   "::10.0.0.2:1",
					   "fe80::1%1", "[::1]", " ::1", "::1 ", "10.0.0.2", "1:2:3:4:5:6:7::8",
					   "::1.2.3.4.5",
					   "1:2:3:4::5:6:7:8" };
	uint8_t got[16], want[16];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct usher_cursor c = over(good[i]);

		if (!usher__line_ipv6(&c, got) || !usher_cursor_done(&c) || inet_pton(AF_INET6, good[i], want) != 1 ||
		    memcmp(got, want, 16) != 0)
			fail_msg("%s is an address", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct usher_cursor c = over(bad[i]);

		if (usher__line_ipv6(&c, got) && usher_cursor_done(&c))
			fail_msg("%s is no address", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_words_and_numbers),
		cmocka_unit_test(test_telnet),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_ipv4_text),
		cmocka_unit_test(test_ipv6_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
