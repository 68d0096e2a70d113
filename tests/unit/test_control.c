/*
 * ctl/request, ctl/filter, ctl/row_text: what may be asked of a gateway, what a filter matches, and the lines that people's scripts
 * read. Lines are made the way that they go: structure, JSON, text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "ctl/event_json.h"
#include "ctl/request.h"
#include "ctl/row_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct usher_endpoint end(const char *address, uint32_t key)
{
	struct usher_endpoint made = { .key = key };

	made.family = strchr(address, ':') != NULL ? USHER_IPV6 : USHER_IPV4;
	assert_int_equal(inet_pton(made.family == USHER_IPV6 ? AF_INET6 : AF_INET, address, made.address), 1);
	return made;
}

/* ---- requests ---- */

static void requests(void **state)
{
	static const struct {
		const char *text, *wrong; /* NULL: nothing is */
	} rows[] = {
		{ "{\"command\":\"list\"}", NULL },
		{ " {\"command\":\"list\"}\n", NULL },
		{ "{\"command\":\"list\",\"src\":\"10.0.0.0/8\",\"dport\":21,\"sport\":\"0\",\"proto\":\"tcp\",\"state\":\"time_wait\"}", NULL },
		{ "{\"command\":\"expectations\",\"helper\":\"ftp\",\"zone\":65535}", NULL },
		{ "{\"command\":\"watch\",\"events\":[\"conn_new\",\"invalid\"],\"dst\":\"fd00::/8\"}", NULL },
		{ "{\"command\":\"delete\",\"proto\":50}", NULL },
		{ "{\"command\":\"flush\"}", NULL },
		{ "{\"command\":\"reload\"}", NULL },
		{ "{\"command\":\"stats\"}", NULL },
		{ "{\"command\":\"show\",\"conn\":9223372036854775807}", NULL },
		{ "", "expected a JSON object" },
		{ "hello", "expected a JSON object" },
		{ "{\"command\":\"list\"", "expected a JSON object" },
		{ "{\"command\":\"list\"}{}", "expected a JSON object" },
		{ "[\"list\"]", "expected a JSON object" },
		{ "{}", "\"command\" is missing" },
		{ "{\"command\":7}", "\"command\" is missing, or is no string" },
		{ "{\"command\":\"lost\"}", "command lost: there are list, " },
		{ "{\"command\":\"\\u001b[2J\"}", "command \\x1b[2J: there are" },
		{ "{\"command\":\"list\",\"scr\":\"10.0.0.1\"}", "list takes no \"scr\"" },
		{ "{\"command\":\"list\",\"conn\":1}", "list takes no \"conn\"" },
		{ "{\"command\":\"flush\",\"src\":\"10.0.0.1\"}", "flush takes no \"src\"" }, /* or it would flush all */
		{ "{\"command\":\"list\",\"src\":\"10.0.0.1\",\"src\":\"10.0.0.2\"}", "expected a JSON object: duplicate" },
		{ "{\"command\":\"list\",\"src\":\"10.0.0\"}", "src 10.0.0: expected an address or a network" },
		{ "{\"command\":\"list\",\"src\":\"10.0.0.0/33\"}", "src 10.0.0.0/33: expected" },
		{ "{\"command\":\"list\",\"src\":[]}", "src: expected a string or a number" },
		{ "{\"command\":\"list\",\"dport\":65536}", "dport 65536: expected a port from 0 to 65535" },
		{ "{\"command\":\"list\",\"dport\":-1}", "dport -1: expected" },
		{ "{\"command\":\"list\",\"proto\":\"tpc\"}", "proto tpc: expected a protocol" },
		{ "{\"command\":\"list\",\"proto\":256}", "proto 256: expected" },
		{ "{\"command\":\"list\",\"state\":\"\"}", "state : expected a state" },
		{ "{\"command\":\"list\",\"helper\":\"f t p\"}", "helper f t p: expected" },
		{ "{\"command\":\"delete\"}", "delete wants at least one of src" },
		{ "{\"command\":\"show\"}", "\"conn\" is missing" },
		{ "{\"command\":\"show\",\"conn\":0}", "conn: expected the number" },
		{ "{\"command\":\"show\",\"conn\":\"1\"}", "conn: expected the number" },
		{ "{\"command\":\"show\",\"conn\":1.5}", "conn: expected the number" },
		{ "{\"command\":\"watch\",\"events\":[]}", "events: expected a list" },
		{ "{\"command\":\"watch\",\"events\":\"conn_new\"}", "events: expected a list" },
		{ "{\"command\":\"watch\",\"events\":[\"conn_gone\"]}", "events: there is no event conn_gone" },
		{ "{\"command\":\"watch\",\"events\":[1]}", "events: expected a list" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ctl_request request;
		char wrong[512] = "";
		bool good = ctl_request_read(&request, rows[i].text, strlen(rows[i].text), wrong, sizeof(wrong));

		if (good != (rows[i].wrong == NULL) || (!good && strncmp(wrong, rows[i].wrong, strlen(rows[i].wrong)) != 0))
			fail_msg("%s: %s", rows[i].text, good ? "accepted" : wrong);
	}
}

static void request_fields(void **state)
{
	static const char text[] = "{\"command\":\"watch\",\"events\":[\"conn_new\",\"note\"],\"src\":\"10.1.0.0/16\",\"zone\":9}";
	struct ctl_request request;
	char wrong[512];

	(void)state;
	assert_true(ctl_request_read(&request, text, sizeof(text) - 1, wrong, sizeof(wrong)));
	assert_int_equal(request.command, CTL_COMMAND_watch);
	assert_int_equal(request.events, 1u << USHER_EVENT_CONN_NEW | 1u << USHER_EVENT_NOTE);
	assert_int_equal(request.filter.has, 1u << CTL_FILTER_src | 1u << CTL_FILTER_zone);
	assert_int_equal(request.filter.src.prefix, 16);
	assert_int_equal(request.filter.zone, 9);
	assert_true(ctl_request_read(&request, "{\"command\":\"watch\"}", 19, wrong, sizeof(wrong)));
	assert_int_equal(request.events, ~0u);
}

/* ---- filters ---- */

static struct usher_conn ftp_conn(void)
{
	struct usher_conn conn = {
		.id = 7, .family = USHER_IPV4, .protocol = "tcp", .state = "ESTABLISHED", .helper = "ftp",
		.flags = USHER_CONN_SEEN_REPLY | USHER_CONN_ASSURED | USHER_CONN_NAT_SOURCE,
		.packets = { 5, 4 }, .bytes = { 274, 243 }, .deadline = 1431 * USHER_SECOND + 999999999, .start = 999 * USHER_SECOND,
		.last = 1000 * USHER_SECOND,
	};

	conn.orig = (struct usher_tuple){ .protocol = USHER_TCP, .src = end("10.0.0.2", 4000), .dst = end("198.51.100.2", 21) };
	conn.reply = (struct usher_tuple){ .protocol = USHER_TCP, .src = end("198.51.100.2", 21), .dst = end("203.0.113.1", 50000) };
	return conn;
}

static void filters(void **state)
{
	static const struct {
		const char *word, *value;
		bool conn, expectation; /* does it match? */
	} rows[] = {
		{ "src", "10.0.0.2", true, true }, { "src", "10.0.0.0/8", true, true }, { "src", "0.0.0.0/0", true, true },
		{ "src", "10.0.0.3", false, true }, /* the expectation's source is open */
		{ "src", "::/0", false, true }, { "src", "198.51.100.2", false, true },
		{ "dst", "198.51.100.2", true, true }, { "dst", "198.51.100.0/30", true, true }, { "dst", "198.51.100.4/30", false, false },
		{ "dst", "203.0.113.1", false, false }, /* translated: orig counts */
		{ "proto", "tcp", true, true }, { "proto", "6", true, true }, { "proto", "udp", false, false },
		{ "sport", "4000", true, true }, { "sport", "21", false, true },
		{ "dport", "21", true, false }, { "dport", "2000", false, true },
		{ "zone", "0", true, true }, { "zone", "1", false, false },
		{ "state", "established", true, false }, { "state", "ESTABLISHED", true, false }, { "state", "close", false, false },
		{ "helper", "ftp", true, true }, { "helper", "pptp", false, false },
	};
	struct usher_conn conn = ftp_conn(), bare = conn;
	struct usher_expectation e = { .id = 1, .helper = "ftp", .tuple = { .protocol = USHER_TCP, .dst = end("198.51.100.2", 2000) } };

	(void)state;
	bare.helper = bare.state = NULL;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned word = ctl_filter_find(rows[i].word);
		struct ctl_filter filter = { 0 };
		char wrong[128];

		assert_true(ctl_filter_set(&filter, word, rows[i].value, wrong, sizeof(wrong)));
		assert_false(ctl_filter_set(&filter, word, rows[i].value, wrong, sizeof(wrong))); /* twice */
		if (ctl_filter_conn(&filter, &conn) != rows[i].conn)
			fail_msg("%s %s: the connection %s", rows[i].word, rows[i].value, rows[i].conn ? "does not match" : "matches");
		if (ctl_filter_expectation(&filter, &e) != rows[i].expectation)
			fail_msg("%s %s: the expectation %s", rows[i].word, rows[i].value,
				 rows[i].expectation ? "does not match" : "matches");
		if (word == CTL_FILTER_state || word == CTL_FILTER_helper)
			assert_false(ctl_filter_conn(&filter, &bare));
	}
}

/* All of a filter must match. */
static void filters_together(void **state)
{
	struct ctl_filter filter = { 0 };
	struct usher_conn conn = ftp_conn();
	char wrong[128];

	(void)state;
	assert_true(ctl_filter_conn(&filter, &conn));
	assert_true(ctl_filter_set(&filter, CTL_FILTER_src, "10.0.0.0/8", wrong, sizeof(wrong)));
	assert_true(ctl_filter_set(&filter, CTL_FILTER_dport, "21", wrong, sizeof(wrong)));
	assert_true(ctl_filter_conn(&filter, &conn));
	conn.orig.dst.key = 22;
	assert_false(ctl_filter_conn(&filter, &conn));
	conn.orig.dst.key = 21;
	conn.orig.protocol = USHER_ICMP; /* an id is no port */
	assert_false(ctl_filter_conn(&filter, &conn));
}

/* ---- lines ---- */

/* The line that comes of this JSON, without its end. */
static char *line_of(struct ctl_json *json, bool id)
{
	json_t *row;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_false(json->bad);
	row = json_loadb(json->buffer, json->len, 0, NULL);
	assert_non_null(row);
	assert_true(ctl_row_text(out, row, id));
	json_decref(row);
	assert_int_equal(fclose(out), 0);
	assert_true(len > 0 && text[len - 1] == '\n');
	text[len - 1] = '\0';
	return text;
}

static void check_conn(const struct usher_conn *conn, const char *wanted, bool id)
{
	char room[4096], *text;
	struct ctl_json json;

	ctl_json_to_buffer(&json, room, sizeof(room));
	assert_true(ctl_conn_json(&json, conn, 1000 * USHER_SECOND, 0));
	text = line_of(&json, id);
	assert_string_equal(text, wanted);
	free(text);
}

static void conn_lines(void **state)
{
	struct usher_conn conn = ftp_conn();

	(void)state;
	check_conn(&conn, "tcp      6 431 ESTABLISHED src=10.0.0.2 dst=198.51.100.2 sport=4000 dport=21 packets=5 bytes=274 src=198.51.100.2 "
			  "dst=203.0.113.1 sport=21 dport=50000 packets=4 bytes=243 [ASSURED] helper=ftp", false);
	conn.flags = 0;
	conn.helper = conn.state = NULL;
	conn.mark = 7;
	conn.orig.zone = conn.reply.zone = conn.reply_zone = 3;
	conn.orig.protocol = conn.reply.protocol = USHER_UDP;
	conn.packets[1] = conn.bytes[1] = 0;
	check_conn(&conn, "udp      17 431 src=10.0.0.2 dst=198.51.100.2 sport=4000 dport=21 packets=5 bytes=274 [UNREPLIED] src=198.51.100.2 "
			  "dst=203.0.113.1 sport=21 dport=50000 packets=0 bytes=0 mark=7 zone=3 id=7", true);
	conn = (struct usher_conn){ .id = 8, .deadline = 0, .flags = USHER_CONN_SEEN_REPLY };
	conn.orig = (struct usher_tuple){ .protocol = USHER_ICMP, .type = 8, .src = end("10.0.0.2", 1), .dst = end("10.0.0.9", 1) };
	conn.reply = (struct usher_tuple){ .protocol = USHER_ICMP, .src = end("10.0.0.9", 1), .dst = end("10.0.0.2", 1) };
	check_conn(&conn, "icmp     1 0 src=10.0.0.2 dst=10.0.0.9 type=8 code=0 id=1 packets=0 bytes=0 src=10.0.0.9 dst=10.0.0.2 type=0 code=0 "
			  "id=1 packets=0 bytes=0", false);
	conn.orig = (struct usher_tuple){ .protocol = USHER_GRE, .type = 1, .src = end("10.0.0.2", 1), .dst = end("10.0.0.9", 2) };
	conn.reply = (struct usher_tuple){ .protocol = USHER_GRE, .type = 1, .src = end("10.0.0.9", 2), .dst = end("203.0.113.1", 11) };
	check_conn(&conn, "gre      47 0 src=10.0.0.2 dst=10.0.0.9 srckey=0x1 dstkey=0x2 packets=0 bytes=0 src=10.0.0.9 dst=203.0.113.1 "
			  "srckey=0x2 dstkey=0xb packets=0 bytes=0", false);
	conn.orig = (struct usher_tuple){ .protocol = 99, .src = end("fd00::2", 0), .dst = end("fd00::9", 0) };
	conn.reply = (struct usher_tuple){ .protocol = 99, .src = end("fd00::9", 0), .dst = end("fd00::2", 0) };
	check_conn(&conn, "unknown  99 0 src=fd00::2 dst=fd00::9 packets=0 bytes=0 src=fd00::9 dst=fd00::2 packets=0 bytes=0", false);
}

static void check_event(const struct usher_event *event, const char *wanted)
{
	char room[4096], *text;
	struct ctl_json json;

	ctl_json_to_buffer(&json, room, sizeof(room));
	assert_true(ctl_live_event_json(&json, event, 5 * USHER_SECOND));
	text = line_of(&json, false);
	assert_string_equal(text, wanted);
	free(text);
}

static void event_lines(void **state)
{
	struct usher_conn conn = ftp_conn();
	struct usher_event event = { .type = USHER_EVENT_CONN_NEW, .conn = &conn, .time = 1000 * USHER_SECOND };

	(void)state;
	conn.flags = USHER_CONN_NAT_SOURCE;
	conn.state = "SYN_SENT";
	conn.deadline = 1120 * USHER_SECOND;
	check_event(&event, "    [NEW] tcp      6 120 SYN_SENT src=10.0.0.2 dst=198.51.100.2 sport=4000 dport=21 [UNREPLIED] src=198.51.100.2 "
			    "dst=203.0.113.1 sport=21 dport=50000 helper=ftp");
	event.type = USHER_EVENT_CONN_UPDATE;
	conn = ftp_conn();
	check_event(&event, " [UPDATE] tcp      6 431 ESTABLISHED src=10.0.0.2 dst=198.51.100.2 sport=4000 dport=21 src=198.51.100.2 "
			    "dst=203.0.113.1 sport=21 dport=50000 [ASSURED]");
	event.type = USHER_EVENT_CONN_DESTROY;
	event.u.destroy.reason = "timeout";
	check_event(&event, "[DESTROY] tcp      6 src=10.0.0.2 dst=198.51.100.2 sport=4000 dport=21 packets=5 bytes=274 src=198.51.100.2 "
			    "dst=203.0.113.1 sport=21 dport=50000 packets=4 bytes=243 [ASSURED] helper=ftp");
}

static void expectation_lines(void **state)
{
	struct usher_conn master = ftp_conn();
	struct usher_expectation e = { .id = 1, .master = 7, .helper = "ftp", .kind = "PASV", .class_name = "data", .timeout_s = 300,
				       .deadline = 1299 * USHER_SECOND, .uses = 1 };
	struct usher_event event = { .type = USHER_EVENT_EXPECT_NEW, .time = 1000 * USHER_SECOND, .u.expect.expectation = &e };
	char room[4096], *text;
	struct ctl_json json;

	(void)state;
	e.tuple = (struct usher_tuple){ .protocol = USHER_TCP, .src = end("10.0.0.2", 0), .dst = end("198.51.100.2", 5005) };
	ctl_json_to_buffer(&json, room, sizeof(room));
	assert_true(ctl_expectation_json(&json, &e, &master, 1000 * USHER_SECOND, 0));
	text = line_of(&json, false);
	assert_string_equal(text, "299 proto=6 src=10.0.0.2 dst=198.51.100.2 sport=0 dport=5005 mask-src=255.255.255.255 "
				  "mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.2 master-dst=198.51.100.2 sport=4000 dport=21 "
				  "class=data helper=ftp");
	free(text);
	e.tuple = (struct usher_tuple){ .protocol = USHER_TCP, .dst = end("fd00::9", 5005) };
	check_event(&event, "    [NEW] 300 proto=6 src=:: dst=fd00::9 sport=0 dport=5005 mask-src=:: "
			    "mask-dst=ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff sport=0 dport=65535 class=data helper=ftp");
}

/* A row's times are seconds since 1970, and the same moment is always the same number. */
static void times(void **state)
{
	struct usher_conn conn = ftp_conn();
	struct usher_event event = { .type = USHER_EVENT_CONN_DESTROY, .conn = &conn, .time = 1000 * USHER_SECOND,
				     .u.destroy.reason = "deleted" };
	char row[4096], gone[4096];
	struct ctl_json json;

	(void)state;
	ctl_json_to_buffer(&json, row, sizeof(row));
	assert_true(ctl_conn_json(&json, &conn, 1000 * USHER_SECOND, 7000 * USHER_SECOND));
	ctl_json_to_buffer(&json, gone, sizeof(gone));
	assert_true(ctl_live_event_json(&json, &event, 7000 * USHER_SECOND));
	assert_non_null(strstr(row, "\"time\":8000.000000000,"));
	assert_non_null(strstr(gone, "\"time\":8000.000000000,"));
	assert_non_null(strstr(row, "\"start\":7999.000000000,\"last\":8000.000000000}"));
	assert_non_null(strstr(gone, "\"start\":7999.000000000,\"duration\":1.000000000,"));
	assert_int_equal(conn.start, 999 * USHER_SECOND);
}

/* What conntrack does not know has no line. */
static void no_line(void **state)
{
	static const char *const rows[] = { "{}", "[]", "{\"event\":\"note\"}", "{\"event\":\"done\",\"count\":1}", "{\"event\":7}" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *row = json_loads(rows[i], 0, NULL);

		assert_false(ctl_row_text(stdout, row, true));
		json_decref(row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),    cmocka_unit_test(request_fields), cmocka_unit_test(filters),
		cmocka_unit_test(filters_together), cmocka_unit_test(conn_lines), cmocka_unit_test(event_lines),
		cmocka_unit_test(expectation_lines), cmocka_unit_test(times), cmocka_unit_test(no_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
