/*
 * ctl/json, ctl/text, ctl/event_json: whatever goes in, valid JSON in valid UTF-8 comes out, and of each event exactly
 * the line that doc/events.md promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <usher/usher.h>

#include "ctl/event_json.h"
#include "ctl/json.h"
#include "ctl/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* jansson checks the UTF-8 as well. */
static json_t *parse(const char *line, size_t len)
{
	json_error_t error;
	json_t *value = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

	if (value == NULL)
		print_error("%.*s\n%s at %d\n", (int)len, line, error.text, error.position);
	return value;
}

/* One object with one string, as it is written. */
static size_t string_line(char *out, size_t size, const void *bytes, size_t len)
{
	struct ctl_json json;

	ctl_json_to_buffer(&json, out, size);
	ctl_json_begin(&json);
	ctl_json_bytes(&json, "s", bytes, len);
	assert_true(ctl_json_end(&json));
	return json.len;
}

static void strings_are_escaped(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *json;
	} rows[] = {
		{ "", 0, "" },
		{ "plain", 5, "plain" },
		{ "\"\\/", 3, "\\\"\\\\/" },
		{ "\r\n\t\b\f", 5, "\\u000d\\u000a\\u0009\\u0008\\u000c" },
		{ "\0x", 2, "\\u0000x" },
		{ "\x1b[31m", 5, "\\u001b[31m" },
		{ "\x7f", 1, "\\u007f" },
		{ "\xc3\xa9", 2, "\xc3\xa9" },
		{ "\xe2\x82\xac", 3, "\xe2\x82\xac" },
		{ "\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80" },
		{ "\xe9t\xe9", 3, "\\u00e9t\\u00e9" },                     /* Latin-1 */
		{ "\xc2\x9b" "0m", 4, "\\u009b0m" },                       /* CSI in one character */
		{ "\xe2\x80\xae", 3, "\\u202e" },                          /* right-to-left override */
		{ "\xe2\x80\xa8", 3, "\\u2028" },
		{ "\xef\xbb\xbf", 3, "\\ufeff" },
		{ "\xf3\xa0\x81\x81", 4, "\\udb40\\udc41" },               /* a tag character: a surrogate pair */
		{ "\xc0\xaf", 2, "\\u00c0\\u00af" },                       /* overlong */
		{ "\xe0\x80\xaf", 3, "\\u00e0\\u0080\\u00af" },
		{ "\xed\xa0\x80", 3, "\\u00ed\\u00a0\\u0080" },            /* a surrogate */
		{ "\xf4\x90\x80\x80", 4, "\\u00f4\\u0090\\u0080\\u0080" }, /* beyond U+10FFFF */
		{ "\xff\xfe", 2, "\\u00ff\\u00fe" },
		{ "\xe2\x82", 2, "\\u00e2\\u0082" },                       /* breaks off */
		{ "\xe2(\xac", 3, "\\u00e2(\\u00ac" },
		{ "\x80\xbf", 2, "\\u0080\\u00bf" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char line[128], want[160];
		size_t len = string_line(line, sizeof(line), rows[i].bytes, rows[i].len);
		json_t *value = parse(line, len);

		snprintf(want, sizeof(want), "{\"s\":\"%s\"}\n", rows[i].json);
		assert_string_equal(line, want);
		assert_non_null(value);
		json_decref(value);
	}
}

/* A small generator of our own: the same bytes on every machine. */
static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void any_bytes_give_valid_json(void **state)
{
	static const uint8_t nasty[] = { 0x00, 0x1b, '"', '\\', 0x7f, 0x80, 0x9b, 0xbf, 0xc2, 0xe2, 0xed, 0xf0, 0xf4, 0xff };
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t bytes[32];
		char line[256];
		size_t len = next(&seed) % sizeof(bytes);
		json_t *value;

		for (size_t i = 0; i < len; i++)
			bytes[i] = next(&seed) % 2 ? (uint8_t)next(&seed) : nasty[next(&seed) % COUNT(nasty)];
		value = parse(line, string_line(line, sizeof(line), bytes, len));
		assert_non_null(value);
		json_decref(value);
	}
}

static unsigned encode(uint32_t code, uint8_t out[4])
{
	if (code < 0x80) {
		out[0] = (uint8_t)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (uint8_t)(0xc0 | code >> 6);
		out[1] = (uint8_t)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (uint8_t)(0xe0 | code >> 12);
		out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | code >> 18);
	out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (code & 0x3f));
	return 4;
}

static void every_character_is_read(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < 0x120000; code++) {
		uint8_t bytes[4];
		uint32_t got = 0;
		unsigned len = encode(code, bytes), read = ctl_utf8(bytes, len, &got);
		bool exists = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);

		assert_int_equal(read, exists ? len : 0);
		if (exists)
			assert_int_equal(got, code);
		if (len > 1)
			assert_int_equal(ctl_utf8(bytes, len - 1, &got), 0);
	}
}

/*
 * Of all three-byte inputs as many are valid as there are characters that need three, and so on: nothing overlong slips
 * in.
 */
static void nothing_else_is_read(void **state)
{
	unsigned by_length[5] = { 0 };

	(void)state;
	for (uint32_t value = 0; value < 1u << 24; value++) {
		uint8_t bytes[3] = { (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value };
		uint32_t code;

		by_length[ctl_utf8(bytes, 3, &code)]++;
	}
	assert_int_equal(by_length[1], 0x80u << 16);
	assert_int_equal(by_length[2], (0x800u - 0x80) << 8);
	assert_int_equal(by_length[3], 0x10000 - 0x800 - 0x800);
	assert_int_equal(by_length[4], 0);
}

static void times_have_nine_decimals(void **state)
{
	static const struct {
		usher_time time;
		const char *text;
	} rows[] = {
		{ 0, "0.000000000" },
		{ 1, "0.000000001" },
		{ 999999999, "0.999999999" },
		{ 1000000000, "1.000000000" },
		{ 12345678000, "12.345678000" },
		{ UINT64_C(1781126451277051234), "1781126451.277051234" },
		{ UINT64_MAX, "18446744073.709551615" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char line[64], want[64];
		struct ctl_json json;

		ctl_json_to_buffer(&json, line, sizeof(line));
		ctl_json_begin(&json);
		ctl_json_time(&json, "t", rows[i].time);
		assert_true(ctl_json_end(&json));
		snprintf(want, sizeof(want), "{\"t\":%s}\n", rows[i].text);
		assert_string_equal(line, want);
	}
}

/* Something of everything. */
static bool write_sample(struct ctl_json *json)
{
	ctl_json_begin(json);
	ctl_json_number(json, "zero", 0);
	ctl_json_number(json, "most", UINT64_MAX);
	ctl_json_bool(json, "yes", true);
	ctl_json_bool(json, "no", false);
	ctl_json_string(json, "absent", NULL);
	ctl_json_open(json, "empty");
	ctl_json_close(json);
	ctl_json_open(json, "outer");
	ctl_json_string(json, "a", "b");
	ctl_json_open(json, "inner");
	ctl_json_time(json, "t", 1);
	ctl_json_close(json);
	ctl_json_number(json, "after", 7);
	ctl_json_close(json);
	return ctl_json_end(json);
}

static const char sample[] = "{\"zero\":0,\"most\":18446744073709551615,\"yes\":true,\"no\":false,\"empty\":{},"
			     "\"outer\":{\"a\":\"b\",\"inner\":{\"t\":0.000000001},\"after\":7}}\n";

static void a_small_buffer_holds_nothing(void **state)
{
	char buffer[sizeof(sample) + 16];

	(void)state;
	for (size_t size = 0; size <= sizeof(buffer); size++) {
		struct ctl_json json;

		memset(buffer, 'x', sizeof(buffer));
		ctl_json_to_buffer(&json, buffer, size);
		assert_int_equal(write_sample(&json), size >= sizeof(sample));
		if (size >= sizeof(sample))
			assert_string_equal(buffer, sample);
		else if (size > 0)
			assert_string_equal(buffer, "");
		for (size_t i = size; i < sizeof(buffer); i++)
			assert_int_equal(buffer[i], 'x');
	}
}

static void a_stream_gets_the_same(void **state)
{
	char *text = NULL, huge[5000], *want;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);
	struct ctl_json json;

	(void)state;
	memset(huge, 'y', sizeof(huge));
	want = malloc(sizeof(huge) + 64);
	assert_non_null(want);
	snprintf(want, sizeof(huge) + 64, "{\"s\":\"%.*s\"}\n", (int)sizeof(huge), huge);
	ctl_json_to_file(&json, file);
	assert_true(write_sample(&json));
	ctl_json_begin(&json);
	ctl_json_bytes(&json, "s", huge, sizeof(huge));
	assert_true(ctl_json_end(&json));
	assert_true(write_sample(&json));
	fclose(file);
	assert_int_equal(len, 2 * strlen(sample) + strlen(want));
	assert_memory_equal(text, sample, strlen(sample));
	assert_memory_equal(text + strlen(sample), want, strlen(want));
	assert_memory_equal(text + strlen(sample) + strlen(want), sample, strlen(sample));
	free(want);
	free(text);
}

static ssize_t refuse(void *cookie, const char *bytes, size_t len)
{
	(void)cookie;
	(void)bytes;
	(void)len;
	return 0;
}

static void a_stream_that_fails_is_noticed(void **state)
{
	FILE *file = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = refuse });
	struct ctl_json json;

	(void)state;
	setvbuf(file, NULL, _IONBF, 0);
	ctl_json_to_file(&json, file);
	assert_false(write_sample(&json));
	assert_false(write_sample(&json));
	assert_true(ferror(file));
	fclose(file);
}

static void text_is_escaped(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, size;
		const char *text;
	} rows[] = {
		{ "", 0, 8, "" },
		{ "plain", 5, 8, "plain" },
		{ "a\\b", 3, 8, "a\\\\b" },
		{ "\x1b[2J", 4, 16, "\\x1b[2J" },
		{ "caf\xc3\xa9", 5, 16, "caf\xc3\xa9" },
		{ "\xe2\x80\xae", 3, 16, "\\xe2\\x80\\xae" },
		{ "\xff", 1, 16, "\\xff" },
		{ "1234567", 7, 8, "1234567" },
		{ "12345678", 8, 8, "1234..." },
		{ "123\n\n", 5, 8, "123..." },
		{ "123\xc3\xa9\xc3\xa9\xc3\xa9", 9, 8, "123..." },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[32];

		assert_ptr_equal(ctl_escape(out, rows[i].size, rows[i].bytes, rows[i].len), out);
		assert_string_equal(out, rows[i].text);
	}
}

static void escaped_text_stays_in_its_bounds(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t bytes[40];
		char out[64];
		size_t len = next(&seed) % sizeof(bytes), size = 8 + next(&seed) % (sizeof(out) - 8), used;
		uint32_t code;

		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)next(&seed);
		memset(out, 'x', sizeof(out));
		ctl_escape(out, size, bytes, len);
		used = strlen(out);
		assert_true(used < size);
		for (size_t at = 0; at < used;) {
			unsigned take = ctl_utf8((const uint8_t *)out + at, used - at, &code);

			assert_true(take > 0 && ctl_printable(code));
			at += take;
		}
	}
}

/* ---- events ---- */

static struct usher_endpoint v4(uint8_t last, uint32_t key)
{
	return (struct usher_endpoint){ .family = USHER_IPV4, .key = key, .address = { 10, 0, 0, last } };
}

static struct usher_endpoint v6(uint8_t last, uint32_t key)
{
	return (struct usher_endpoint){ .family = USHER_IPV6, .key = key, .address = { 0x20, 0x01, 0x0d, 0xb8, [15] = last } };
}

static struct usher_tuple tuple(uint8_t protocol, uint8_t type, struct usher_endpoint src, struct usher_endpoint dst)
{
	return (struct usher_tuple){ .protocol = protocol, .type = type, .src = src, .dst = dst };
}

static void endpoints_are_written(void **state)
{
	char out[CTL_ENDPOINT_SIZE];
	struct usher_endpoint none = { 0 }, one = v4(2, 21), six = v6(2, 21), longest = { .family = USHER_IPV6, .key = 65535 };

	(void)state;
	memset(longest.address, 0xfe, sizeof(longest.address));
	assert_string_equal(ctl_endpoint(out, USHER_TCP, &one), "10.0.0.2:21");
	assert_string_equal(ctl_endpoint(out, USHER_GRE, &one), "10.0.0.2");
	assert_string_equal(ctl_endpoint(out, USHER_UDP, &six), "[2001:db8::2]:21");
	assert_string_equal(ctl_endpoint(out, USHER_ICMPV6, &six), "2001:db8::2");
	assert_string_equal(ctl_endpoint(out, USHER_TCP, &longest), "[fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe]:65535");
	assert_string_equal(ctl_address(out, &none), "any");
	assert_string_equal(ctl_protocol(47)->name, "gre");
	assert_string_equal(ctl_protocol(253)->name, "unknown");
}

static struct usher_conn control_conn(void)
{
	return (struct usher_conn){
		.id = 3, .protocol = "tcp", .state = "ESTABLISHED", .helper = "ftp", .family = USHER_IPV4,
		.flags = USHER_CONN_SEEN_REPLY | USHER_CONN_ASSURED | USHER_CONN_HELPED,
		.orig = tuple(USHER_TCP, 0, v4(2, 40000), v4(9, 21)), .reply = tuple(USHER_TCP, 0, v4(9, 21), v4(2, 40000)),
		.packets = { 7, 5 }, .bytes = { 700, 500 }, .start = USHER_SECOND, .last = 3 * USHER_SECOND + 5,
	};
}

static struct usher_conn child_conn(void)
{
	return (struct usher_conn){
		.id = 4, .protocol = "tcp", .state = "SYN_SENT", .family = USHER_IPV4, .flags = USHER_CONN_RELATED,
		.orig = tuple(USHER_TCP, 0, v4(9, 20), v4(2, 1029)), .reply = tuple(USHER_TCP, 0, v4(2, 1029), v4(9, 20)),
		.packets = { 1, 0 }, .bytes = { 60, 0 }, .start = 2 * USHER_SECOND, .last = 2 * USHER_SECOND,
		.master = 3, .expect = 1,
	};
}

static void check(const struct usher_event *event, uint32_t file, const char *want)
{
	struct ctl_json json;
	char line[2048];
	json_t *value;

	ctl_json_to_buffer(&json, line, sizeof(line));
	assert_true(ctl_event_json(&json, event, file));
	assert_int_equal(line[json.len - 1], '\n');
	line[json.len - 1] = '\0';
	assert_string_equal(line, want);
	value = parse(line, strlen(line));
	assert_non_null(value);
	json_decref(value);
}

static void connections_begin(void **state)
{
	struct usher_conn conn = control_conn(), child = child_conn(), picked_up = control_conn();
	struct usher_event event = { .type = USHER_EVENT_CONN_NEW, .time = 12345678000, .frame = 7, .conn = &conn };

	(void)state;
	check(&event, 0, "{\"event\":\"conn_new\",\"time\":12.345678000,\"frame\":7,\"conn\":3,\"proto\":\"tcp\",\"zone\":0,"
	      "\"orig\":{\"src\":\"10.0.0.2\",\"sport\":40000,\"dst\":\"10.0.0.9\",\"dport\":21},"
	      "\"reply\":{\"src\":\"10.0.0.9\",\"sport\":21,\"dst\":\"10.0.0.2\",\"dport\":40000},\"helper\":\"ftp\"}");
	event.conn = &child;
	check(&event, 2, "{\"event\":\"conn_new\",\"time\":12.345678000,\"file\":2,\"frame\":7,\"conn\":4,\"proto\":\"tcp\","
	      "\"zone\":0,\"orig\":{\"src\":\"10.0.0.9\",\"sport\":20,\"dst\":\"10.0.0.2\",\"dport\":1029},"
	      "\"reply\":{\"src\":\"10.0.0.2\",\"sport\":1029,\"dst\":\"10.0.0.9\",\"dport\":20},\"master\":3,\"expect\":1}");
	picked_up.flags |= USHER_CONN_PICKED_UP;
	picked_up.reversed = true;
	picked_up.mark = 9;
	picked_up.orig.zone = picked_up.reply.zone = 5;
	picked_up.reply_zone = 6;
	picked_up.helper = NULL;
	event.conn = &picked_up;
	check(&event, 0, "{\"event\":\"conn_new\",\"time\":12.345678000,\"frame\":7,\"conn\":3,\"proto\":\"tcp\",\"zone\":5,"
	      "\"orig\":{\"src\":\"10.0.0.2\",\"sport\":40000,\"dst\":\"10.0.0.9\",\"dport\":21},"
	      "\"reply\":{\"src\":\"10.0.0.9\",\"sport\":21,\"dst\":\"10.0.0.2\",\"dport\":40000},"
	      "\"reply_zone\":6,\"picked_up\":true,\"reversed\":true,\"mark\":9}");
}

/* What NAT makes of a connection is in the reply tuple; the word says which end. */
static void translated_connections(void **state)
{
	static const struct {
		uint8_t flags;
		const char *want;
	} rows[] = {
		{ USHER_CONN_NAT_SOURCE, ",\"nat\":\"source\"}" },
		{ USHER_CONN_NAT_DESTINATION, ",\"nat\":\"destination\"}" },
		{ USHER_CONN_NAT_SOURCE | USHER_CONN_NAT_DESTINATION, ",\"nat\":\"both\"}" },
		{ USHER_CONN_SEEN_REPLY | USHER_CONN_ASSURED, "}" },
	};
	struct usher_conn conn = {
		.id = 1, .protocol = "udp", .family = USHER_IPV4, .orig = tuple(USHER_UDP, 0, v4(2, 4000), v4(9, 53)),
		.reply = tuple(USHER_UDP, 0, v4(9, 53), v4(1, 4001)),
	};
	struct usher_event event = { .type = USHER_EVENT_CONN_NEW, .time = 1, .frame = 1, .conn = &conn };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char want[512];

		conn.flags = rows[i].flags;
		snprintf(want, sizeof(want), "{\"event\":\"conn_new\",\"time\":0.000000001,\"frame\":1,\"conn\":1,"
			 "\"proto\":\"udp\",\"zone\":0,"
			 "\"orig\":{\"src\":\"10.0.0.2\",\"sport\":4000,\"dst\":\"10.0.0.9\",\"dport\":53},"
			 "\"reply\":{\"src\":\"10.0.0.9\",\"sport\":53,\"dst\":\"10.0.0.1\",\"dport\":4001}%s", rows[i].want);
		check(&event, 0, want);
	}
}

/* GRE of version 1 has sequence numbers, so it is known what was lost; version 0 has none. */
static void lost_packets(void **state)
{
	struct usher_conn conn = {
		.id = 4, .protocol = "gre", .family = USHER_IPV4, .flags = USHER_CONN_SEEN_REPLY | USHER_CONN_RELATED,
		.orig = tuple(USHER_GRE, 1, v4(2, 7), v4(9, 12)), .reply = tuple(USHER_GRE, 1, v4(9, 12), v4(2, 7)),
		.packets = { 3, 2 }, .bytes = { 140, 92 }, .lost = { 6, 0 }, .late = { 1, 2 }, .master = 3, .expect = 1,
	};
	struct usher_event event = { .type = USHER_EVENT_CONN_UPDATE, .time = 1, .frame = 3, .conn = &conn };

	(void)state;
	check(&event, 0, "{\"event\":\"conn_update\",\"time\":0.000000001,\"frame\":3,\"conn\":4,\"proto\":\"gre\",\"zone\":0,"
	      "\"orig\":{\"src\":\"10.0.0.2\",\"dst\":\"10.0.0.9\",\"key\":12,\"packets\":3,\"bytes\":140,\"lost\":6,\"late\":1},"
	      "\"reply\":{\"src\":\"10.0.0.9\",\"dst\":\"10.0.0.2\",\"key\":7,\"packets\":2,\"bytes\":92,\"lost\":0,\"late\":2},"
	      "\"replied\":true,\"assured\":false}");
	conn.orig.type = conn.reply.type = 0;
	check(&event, 0, "{\"event\":\"conn_update\",\"time\":0.000000001,\"frame\":3,\"conn\":4,\"proto\":\"gre\",\"zone\":0,"
	      "\"orig\":{\"src\":\"10.0.0.2\",\"dst\":\"10.0.0.9\",\"key\":12,\"packets\":3,\"bytes\":140},"
	      "\"reply\":{\"src\":\"10.0.0.9\",\"dst\":\"10.0.0.2\",\"key\":7,\"packets\":2,\"bytes\":92},"
	      "\"replied\":true,\"assured\":false}");
}

/* The two ends of other protocols. */
static void other_protocols(void **state)
{
	static const struct {
		uint8_t protocol, type, reply_type;
		uint32_t keys[2];
		const char *want;
	} rows[] = {
		{ USHER_UDP, 0, 0, { 53, 0 }, "\"proto\":\"udp\",\"zone\":0,"
		  "\"orig\":{\"src\":\"2001:db8::2\",\"sport\":53,\"dst\":\"2001:db8::9\",\"dport\":0},"
		  "\"reply\":{\"src\":\"2001:db8::9\",\"sport\":0,\"dst\":\"2001:db8::2\",\"dport\":53}}" },
		{ USHER_GRE, 1, 1, { 12, 34 }, "\"proto\":\"gre\",\"zone\":0,"
		  "\"orig\":{\"src\":\"2001:db8::2\",\"dst\":\"2001:db8::9\",\"key\":34},"
		  "\"reply\":{\"src\":\"2001:db8::9\",\"dst\":\"2001:db8::2\",\"key\":12}}" },
		{ USHER_ICMPV6, 128, 129, { 77, 77 }, "\"proto\":\"icmpv6\",\"zone\":0,"
		  "\"orig\":{\"src\":\"2001:db8::2\",\"dst\":\"2001:db8::9\",\"type\":128,\"code\":0,\"id\":77},"
		  "\"reply\":{\"src\":\"2001:db8::9\",\"dst\":\"2001:db8::2\",\"type\":129,\"code\":0,\"id\":77}}" },
		{ 50, 0, 0, { 0, 0 }, "\"proto\":\"esp\",\"zone\":0,"
		  "\"orig\":{\"src\":\"2001:db8::2\",\"dst\":\"2001:db8::9\"},"
		  "\"reply\":{\"src\":\"2001:db8::9\",\"dst\":\"2001:db8::2\"}}" },
		{ 253, 0, 0, { 0, 0 }, "\"proto\":\"unknown\",\"proto_number\":253,\"zone\":0,"
		  "\"orig\":{\"src\":\"2001:db8::2\",\"dst\":\"2001:db8::9\"},"
		  "\"reply\":{\"src\":\"2001:db8::9\",\"dst\":\"2001:db8::2\"}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct usher_endpoint a = v6(2, rows[i].keys[0]), b = v6(9, rows[i].keys[1]);
		struct usher_conn conn = {
			.id = 1, .protocol = "any", .family = USHER_IPV6, .orig = tuple(rows[i].protocol, rows[i].type, a, b),
			.reply = tuple(rows[i].protocol, rows[i].reply_type, b, a),
		};
		struct usher_event event = { .type = USHER_EVENT_CONN_NEW, .time = 1, .frame = 1, .conn = &conn };
		char want[512];

		snprintf(want, sizeof(want), "{\"event\":\"conn_new\",\"time\":0.000000001,\"frame\":1,\"conn\":1,%s",
			 rows[i].want);
		check(&event, 0, want);
	}
}

static void connections_change_and_end(void **state)
{
	struct usher_conn conn = control_conn(), child = child_conn();
	struct usher_event event = { .type = USHER_EVENT_CONN_UPDATE, .time = 1, .frame = 3, .conn = &conn };

	(void)state;
	check(&event, 0, "{\"event\":\"conn_update\",\"time\":0.000000001,\"frame\":3,\"conn\":3,\"proto\":\"tcp\",\"zone\":0,"
	      "\"orig\":{\"src\":\"10.0.0.2\",\"sport\":40000,\"dst\":\"10.0.0.9\",\"dport\":21,\"packets\":7,\"bytes\":700},"
	      "\"reply\":{\"src\":\"10.0.0.9\",\"sport\":21,\"dst\":\"10.0.0.2\",\"dport\":40000,\"packets\":5,\"bytes\":500},"
	      "\"state\":\"established\",\"replied\":true,\"assured\":true}");
	event.type = USHER_EVENT_CONN_DESTROY;
	event.frame = 0; /* by itself: neither frame nor file */
	event.conn = &child;
	event.u.destroy.reason = "timeout";
	check(&event, 1, "{\"event\":\"conn_destroy\",\"time\":0.000000001,\"conn\":4,\"proto\":\"tcp\",\"zone\":0,"
	      "\"orig\":{\"src\":\"10.0.0.9\",\"sport\":20,\"dst\":\"10.0.0.2\",\"dport\":1029,\"packets\":1,\"bytes\":60},"
	      "\"reply\":{\"src\":\"10.0.0.2\",\"sport\":1029,\"dst\":\"10.0.0.9\",\"dport\":20,\"packets\":0,\"bytes\":0},"
	      "\"state\":\"syn_sent\",\"replied\":false,\"assured\":false,\"master\":3,\"expect\":1,"
	      "\"start\":2.000000000,\"duration\":0.000000000,\"reason\":\"timeout\"}");
	conn.state = NULL;
	event.conn = &conn;
	event.frame = 9;
	event.u.destroy.reason = "end";
	check(&event, 0, "{\"event\":\"conn_destroy\",\"time\":0.000000001,\"frame\":9,\"conn\":3,\"proto\":\"tcp\",\"zone\":0,"
	      "\"orig\":{\"src\":\"10.0.0.2\",\"sport\":40000,\"dst\":\"10.0.0.9\",\"dport\":21,\"packets\":7,\"bytes\":700},"
	      "\"reply\":{\"src\":\"10.0.0.9\",\"sport\":21,\"dst\":\"10.0.0.2\",\"dport\":40000,\"packets\":5,\"bytes\":500},"
	      "\"replied\":true,\"assured\":true,\"helper\":\"ftp\",\"start\":1.000000000,\"duration\":2.000000005,"
	      "\"reason\":\"end\"}");
}

static void announcements(void **state)
{
	struct usher_conn conn = control_conn();
	struct usher_event event = {
		.type = USHER_EVENT_ANNOUNCE, .time = USHER_SECOND, .frame = 27, .conn = &conn,
		.u.announce = { .helper = "ftp", .kind = "PORT", .protocol = USHER_TCP, .listener = v4(2, 1029),
				.accepted = true, .certain = true },
	};

	(void)state;
	check(&event, 0, "{\"event\":\"announce\",\"time\":1.000000000,\"frame\":27,\"conn\":3,\"helper\":\"ftp\","
	      "\"kind\":\"PORT\",\"proto\":\"tcp\",\"addr\":\"10.0.0.2\",\"port\":1029,\"accepted\":true}");
	event.u.announce.certain = false;
	check(&event, 0, "{\"event\":\"announce\",\"time\":1.000000000,\"frame\":27,\"conn\":3,\"helper\":\"ftp\","
	      "\"kind\":\"PORT\",\"proto\":\"tcp\",\"addr\":\"10.0.0.2\",\"port\":1029,\"accepted\":true,\"certain\":false}");
	event.u.announce.accepted = false;
	event.u.announce.certain = true;
	event.u.announce.code = "third-party-address";
	event.u.announce.text = "the address is not the announcer's own";
	check(&event, 0, "{\"event\":\"announce\",\"time\":1.000000000,\"frame\":27,\"conn\":3,\"helper\":\"ftp\","
	      "\"kind\":\"PORT\",\"proto\":\"tcp\",\"addr\":\"10.0.0.2\",\"port\":1029,\"accepted\":false,"
	      "\"code\":\"third-party-address\",\"text\":\"the address is not the announcer's own\"}");
	event.u.announce = (struct usher_announcement){
		.helper = "pptp", .kind = "outgoing-call", .protocol = USHER_GRE, .listener = v4(2, 12), .peer = v4(9, 34),
		.accepted = true, .certain = true,
	};
	check(&event, 0, "{\"event\":\"announce\",\"time\":1.000000000,\"frame\":27,\"conn\":3,\"helper\":\"pptp\","
	      "\"kind\":\"outgoing-call\",\"proto\":\"gre\",\"addr\":\"10.0.0.2\",\"call_id\":12,\"peer_call_id\":34,"
	      "\"peer_addr\":\"10.0.0.9\",\"accepted\":true}");
}

/* Behind NAT: as the other side knows both ends. An id of 0 is an id. */
static void announced_names(void **state)
{
	struct usher_conn conn = control_conn();
	struct usher_event event = {
		.type = USHER_EVENT_ANNOUNCE, .time = USHER_SECOND, .frame = 27, .conn = &conn,
		.u.announce = { .helper = "ftp", .kind = "PORT", .protocol = USHER_TCP, .listener = v4(2, 1029),
				.listener_seen = v4(1, 40001), .accepted = true, .certain = true },
	};

	(void)state;
	check(&event, 0, "{\"event\":\"announce\",\"time\":1.000000000,\"frame\":27,\"conn\":3,\"helper\":\"ftp\","
	      "\"kind\":\"PORT\",\"proto\":\"tcp\",\"addr\":\"10.0.0.2\",\"port\":1029,"
	      "\"public_addr\":\"10.0.0.1\",\"public_port\":40001,\"accepted\":true}");
	event.u.announce = (struct usher_announcement){
		.helper = "pptp", .kind = "incoming-call", .protocol = USHER_GRE, .listener = v4(2, 0),
		.peer = { .key = 34 }, .peer_seen = v4(8, 0), .accepted = true, .certain = true,
	};
	check(&event, 0, "{\"event\":\"announce\",\"time\":1.000000000,\"frame\":27,\"conn\":3,\"helper\":\"pptp\","
	      "\"kind\":\"incoming-call\",\"proto\":\"gre\",\"addr\":\"10.0.0.2\",\"call_id\":0,\"peer_call_id\":34,"
	      "\"peer_public_addr\":\"10.0.0.8\",\"peer_public_call_id\":0,\"accepted\":true}");
	event.u.announce.listener_seen = v4(1, 99);
	event.u.announce.peer = v4(9, 0);
	event.u.announce.peer_seen = (struct usher_endpoint){ 0 };
	check(&event, 0, "{\"event\":\"announce\",\"time\":1.000000000,\"frame\":27,\"conn\":3,\"helper\":\"pptp\","
	      "\"kind\":\"incoming-call\",\"proto\":\"gre\",\"addr\":\"10.0.0.2\",\"call_id\":0,\"peer_call_id\":0,"
	      "\"peer_addr\":\"10.0.0.9\",\"public_addr\":\"10.0.0.1\",\"public_call_id\":99,\"accepted\":true}");
}

static void expectations(void **state)
{
	struct usher_expectation expectation = {
		.id = 1, .master = 3, .helper = "ftp", .kind = "PORT", .class_name = "data", .timeout_s = 300, .uses = 1,
		.tuple = tuple(USHER_TCP, 0, v4(9, 0), v4(2, 1029)),
	};
	struct usher_conn child = child_conn();
	struct usher_event event = {
		.type = USHER_EVENT_EXPECT_NEW, .time = USHER_SECOND, .frame = 27, .u.expect.expectation = &expectation
	};

	(void)state;
	check(&event, 0, "{\"event\":\"expect_new\",\"time\":1.000000000,\"frame\":27,\"expect\":1,\"master\":3,"
	      "\"helper\":\"ftp\",\"kind\":\"PORT\",\"class\":\"data\",\"proto\":\"tcp\",\"zone\":0,\"src\":\"10.0.0.9\","
	      "\"dst\":\"10.0.0.2\",\"dport\":1029,\"timeout\":300,\"uses\":1}");
	event.u.expect.refreshed = true;
	expectation.tuple.src = (struct usher_endpoint){ 0 }; /* from anywhere */
	check(&event, 0, "{\"event\":\"expect_new\",\"time\":1.000000000,\"frame\":27,\"expect\":1,\"master\":3,"
	      "\"helper\":\"ftp\",\"kind\":\"PORT\",\"class\":\"data\",\"proto\":\"tcp\",\"zone\":0,"
	      "\"dst\":\"10.0.0.2\",\"dport\":1029,\"timeout\":300,\"uses\":1,\"refreshed\":true}");
	event.type = USHER_EVENT_EXPECT_HIT;
	event.u.expect.refreshed = false;
	event.conn = &child;
	expectation.tuple.src = v4(9, 20);
	check(&event, 0, "{\"event\":\"expect_hit\",\"time\":1.000000000,\"frame\":27,\"expect\":1,\"master\":3,\"conn\":4,"
	      "\"helper\":\"ftp\",\"kind\":\"PORT\",\"class\":\"data\",\"proto\":\"tcp\",\"zone\":0,\"src\":\"10.0.0.9\","
	      "\"sport\":20,\"dst\":\"10.0.0.2\",\"dport\":1029,\"timeout\":300,\"uses\":1}");
	event.type = USHER_EVENT_EXPECT_GONE;
	event.conn = NULL;
	event.frame = 0;
	event.u.expect.reason = "timeout";
	expectation.tuple = tuple(USHER_GRE, 1, v4(9, 12), v4(2, 34));
	expectation.both = true;
	check(&event, 0, "{\"event\":\"expect_gone\",\"time\":1.000000000,\"expect\":1,\"master\":3,"
	      "\"helper\":\"ftp\",\"kind\":\"PORT\",\"class\":\"data\",\"proto\":\"gre\",\"zone\":0,\"src\":\"10.0.0.9\","
	      "\"dst\":\"10.0.0.2\",\"key\":34,\"both\":true,\"timeout\":300,\"uses\":1,\"reason\":\"timeout\"}");
	expectation.timeout_s = USHER_EXPECT_FOREVER; /* it stands: there are no seconds to tell */
	expectation.uses = 0;
	event.u.expect.reason = "withdrawn";
	check(&event, 0, "{\"event\":\"expect_gone\",\"time\":1.000000000,\"expect\":1,\"master\":3,"
	      "\"helper\":\"ftp\",\"kind\":\"PORT\",\"class\":\"data\",\"proto\":\"gre\",\"zone\":0,\"src\":\"10.0.0.9\","
	      "\"dst\":\"10.0.0.2\",\"key\":34,\"both\":true,\"uses\":0,\"reason\":\"withdrawn\"}");
}

static void notes_and_invalid_packets(void **state)
{
	static const uint8_t about[] = "SITE \x1b]0;x\x07\xff";
	struct usher_conn conn = control_conn();
	const struct usher_field fields[] = {
		{ .name = "call_id", .value = 7 },
		{ .name = "result", .value = 1, .word = "connected" },
		{ .name = "host", .text = about, .text_len = sizeof(about) - 1 },
	};
	struct usher_tuple of_packet = tuple(USHER_TCP, 0, v4(2, 40000), v4(9, 21));
	struct usher_event event = {
		.type = USHER_EVENT_NOTE, .time = USHER_SECOND, .frame = 8, .conn = &conn,
		.u.note = { .helper = "ftp", .code = "odd", .sentence = "Odd.", .text = about, .text_len = sizeof(about) - 1 },
	};

	(void)state;
	check(&event, 0, "{\"event\":\"note\",\"time\":1.000000000,\"frame\":8,\"conn\":3,\"helper\":\"ftp\",\"code\":\"odd\","
	      "\"text\":\"Odd.\",\"about\":\"SITE \\u001b]0;x\\u0007\\u00ff\",\"side\":\"client\"}");
	event.u.note.text_len = 0;
	event.u.note.side = USHER_SERVER;
	check(&event, 0, "{\"event\":\"note\",\"time\":1.000000000,\"frame\":8,\"conn\":3,\"helper\":\"ftp\",\"code\":\"odd\","
	      "\"text\":\"Odd.\",\"side\":\"server\"}");
	event.u.note.fields = fields;
	event.u.note.field_count = 3;
	check(&event, 0, "{\"event\":\"note\",\"time\":1.000000000,\"frame\":8,\"conn\":3,\"helper\":\"ftp\",\"code\":\"odd\","
	      "\"text\":\"Odd.\",\"side\":\"server\",\"fields\":{\"call_id\":7,\"result\":1,\"result_text\":\"connected\","
	      "\"host\":\"SITE \\u001b]0;x\\u0007\\u00ff\"}}");
	memset(&event.u, 0, sizeof(event.u));
	event.type = USHER_EVENT_INVALID;
	event.u.invalid.reason = USHER_REASON_TCP_WINDOW;
	event.u.invalid.direction = USHER_REPLY;
	event.u.invalid.tuple = &of_packet;
	check(&event, 0, "{\"event\":\"invalid\",\"time\":1.000000000,\"frame\":8,\"reason\":\"tcp-window\","
	      "\"text\":\"outside the TCP window\",\"conn\":3,\"direction\":\"reply\",\"proto\":\"tcp\",\"zone\":0,"
	      "\"src\":\"10.0.0.2\",\"sport\":40000,\"dst\":\"10.0.0.9\",\"dport\":21}");
	event.conn = NULL;
	event.u.invalid.tuple = NULL;
	event.u.invalid.reason = USHER_REASON_IP_VERSION;
	check(&event, 0, "{\"event\":\"invalid\",\"time\":1.000000000,\"frame\":8,\"reason\":\"ip-version\","
	      "\"text\":\"neither IPv4 nor IPv6\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(any_bytes_give_valid_json),
		cmocka_unit_test(every_character_is_read),
		cmocka_unit_test(nothing_else_is_read),
		cmocka_unit_test(times_have_nine_decimals),
		cmocka_unit_test(a_small_buffer_holds_nothing),
		cmocka_unit_test(a_stream_gets_the_same),
		cmocka_unit_test(a_stream_that_fails_is_noticed),
		cmocka_unit_test(text_is_escaped),
		cmocka_unit_test(escaped_text_stays_in_its_bounds),
		cmocka_unit_test(endpoints_are_written),
		cmocka_unit_test(connections_begin),
		cmocka_unit_test(translated_connections),
		cmocka_unit_test(lost_packets),
		cmocka_unit_test(other_protocols),
		cmocka_unit_test(connections_change_and_end),
		cmocka_unit_test(announcements),
		cmocka_unit_test(announced_names),
		cmocka_unit_test(expectations),
		cmocka_unit_test(notes_and_invalid_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
