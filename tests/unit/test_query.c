/*
 * Asking a tracker, and changing it from outside, while traffic goes on: iteration gives each connection that is there all the time
 * exactly once; references tell when what they mean is gone; ids are never used twice.
 */
#include "net_fake.h"

#define QUIET_UPDATES (~(1u << USHER_EVENT_CONN_UPDATE))

/* ---- by hand ---- */

static void test_find(void **state)
{
	static const struct {
		const char *line; /* a packet that makes the connection */
		struct usher_tuple tuple;
		const char *src, *dst;
	} rows[] = {
		{ "syn 10.0.0.2:4000 10.0.0.9:80", { .protocol = USHER_TCP }, "10.0.0.2:4000", "10.0.0.9:80" },
		{ "syn [fd00::2]:4000 [fd00::9]:80", { .protocol = USHER_TCP }, "[fd00::2]:4000", "[fd00::9]:80" },
		{ "udp 10.0.0.2:4000 10.0.0.9:80", { .protocol = USHER_UDP }, "10.0.0.2:4000", "10.0.0.9:80" },
		{ "ping 10.0.0.2:77 10.0.0.9:77", { .protocol = USHER_ICMP, .type = 8 }, "10.0.0.2:77", "10.0.0.9:77" },
		{ "ping [fd00::2]:77 [fd00::9]:77", { .protocol = USHER_ICMPV6, .type = 128 }, "[fd00::2]:77", "[fd00::9]:77" },
		{ "gre0 10.0.0.2:0 10.0.0.9:70000", { .protocol = USHER_GRE }, "10.0.0.2:70000", "10.0.0.9:70000" },
		{ "other 10.0.0.2:0 10.0.0.9:0", { .protocol = 99 }, "10.0.0.2:0", "10.0.0.9:0" },
	};
	struct net n;
	unsigned i;

	(void)state;
	net_open_fake(&n, NULL);
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct usher_tuple t = rows[i].tuple, inverse;
		struct usher_conn conn, again;
		uint8_t direction = 9;

		t.src = net_end(rows[i].src);
		t.dst = net_end(rows[i].dst);
		t.zone = 7;
		assert_false(usher_conn_find(n.w, &t, &conn, NULL));
		n.zone = 7;
		net_run(&n, rows[i].line);
		assert_true(usher_conn_find(n.w, &t, &conn, &direction));
		assert_int_equal(direction, USHER_ORIG);
		assert_memory_equal(&conn.orig, &t, sizeof(t));
		assert_true(usher_conn_get(n.w, conn.ref, &again));
		assert_int_equal(again.id, conn.id);
		inverse = conn.reply;
		assert_true(usher_conn_find(n.w, &inverse, &again, &direction));
		assert_int_equal(direction, USHER_REPLY);
		assert_int_equal(again.id, conn.id);
		t.zone = 8; /* equal tuples of another zone are others */
		assert_false(usher_conn_find(n.w, &t, &conn, NULL));
		t.zone = 7;
		t.dst.address[1] ^= 1;
		assert_false(usher_conn_find(n.w, &t, &conn, NULL));
		t.dst.family = 0;
		assert_false(usher_conn_find(n.w, &t, &conn, NULL));
		t.src.family = 0;
		assert_false(usher_conn_find(n.w, &t, &conn, NULL));
	}
	net_close(&n);
}

/* An announced call is found from both ends. */
static void test_find_call(void **state)
{
	struct usher_tuple t = { .protocol = USHER_GRE, .type = 1, .src = net_end("10.0.0.9:9"), .dst = net_end("10.0.0.2:5") };
	struct usher_conn conn;
	uint8_t direction;
	struct net n;

	(void)state;
	net_open_fake(&n, NULL);
	net_run(&n, "A tcp 10.0.0.2:4000 10.0.0.9:99\nA> E 1 5 proto=47 both p=10.0.0.9:9~\ngre 10.0.0.2:0 10.0.0.9:9\n");
	assert_true(usher_conn_find(n.w, &t, &conn, &direction));
	assert_int_equal(direction, USHER_REPLY);
	assert_memory_equal(&conn.reply, &t, sizeof(t));
	assert_true(usher_conn_find(n.w, &conn.orig, &conn, &direction));
	assert_int_equal(direction, USHER_ORIG);
	assert_int_equal(conn.orig.src.key, 5);
	net_close(&n);
}

static void test_references(void **state)
{
	struct usher_ref ref, bad;
	struct usher_conn conn;
	struct net n;

	(void)state;
	net_open_fake(&n, NULL);
	net_run(&n, "udp 10.0.0.2:1 10.0.0.9:1");
	ref = n.last.conn;
	assert_true(usher_conn_get(n.w, ref, &conn));
	assert_memory_equal(&conn.ref, &ref, sizeof(ref));
	bad = ref;
	bad.generation += 2;
	assert_false(usher_conn_get(n.w, bad, &conn));
	bad = ref;
	bad.worker = 1;
	assert_false(usher_conn_get(n.w, bad, &conn));
	bad = ref;
	bad.record |= 0x80000000u; /* IPv6 */
	assert_false(usher_conn_get(n.w, bad, &conn));
	bad.record = 0x7fffffffu;
	assert_false(usher_conn_get(n.w, bad, &conn));
	bad = (struct usher_ref){ 0 };
	assert_false(usher_conn_get(n.w, bad, &conn));
	assert_true(usher_conn_set_mark(n.w, ref, 9));
	assert_true(usher_conn_get(n.w, ref, &conn));
	assert_int_equal(conn.mark, 9);
	assert_true(usher_conn_delete(n.w, ref));
	assert_false(usher_conn_delete(n.w, ref));
	assert_false(usher_conn_set_mark(n.w, ref, 1));
	assert_false(usher_conn_set_timeout(n.w, ref, 1));
	net_run(&n, "udp 10.0.0.2:1 10.0.0.9:1"); /* the same record, the same tuple, another connection */
	assert_int_equal(n.last.conn.record, ref.record);
	assert_false(usher_conn_get(n.w, ref, &conn));
	n.now += 30 * USHER_SECOND; /* past its deadline it is gone, swept or not */
	usher_tick(n.w, n.now, 0);
	assert_false(usher_conn_get(n.w, n.last.conn, &conn));
	net_close(&n);
}

static void test_set_timeout(void **state)
{
	struct usher_options options = { .events = QUIET_UPDATES };
	struct usher_conn conn;
	struct net n;

	(void)state;
	net_open_fake(&n, &options);
	net_run(&n, "A udp 10.0.0.2:1 10.0.0.9:1\nA> a\ntimeout A 100\nwait 50\nA> still\nA< answer\n");
	assert_true(usher_conn_get(n.w, n.last.conn, &conn));
	assert_int_equal(conn.deadline, NET_START + 100 * USHER_SECOND); /* whatever comes */
	net_run(&n, "timeout A 0\nA> now as UDP has it\n");
	assert_true(usher_conn_get(n.w, n.last.conn, &conn));
	assert_int_equal(conn.deadline, n.now + 120 * USHER_SECOND);
	assert_int_equal(conn.last, n.now);
	net_run(&n, "wait 10\ntimeout A 5\nwait 4.999999999\nlist\nwait 0.000000001\nlist\nA> another\n");
	net_expect_log(&n, "set timeout",
		"new 1 udp 10.0.0.2:1>10.0.0.9:1\n"
		"conn 1 udp 10.0.0.2:1>10.0.0.9:1 replied assured\n"
		"gone 1 timeout\n"
		"new 2 udp 10.0.0.2:1>10.0.0.9:1\n");
	net_close(&n);
}

/* Other time-outs for all: from the next packet on. */
static void test_set_timeouts(void **state)
{
	struct usher_options options = { .events = QUIET_UPDATES };
	uint32_t seconds[64] = { 0 };
	struct usher_conn conn;
	struct net n;

	(void)state;
	assert_true(usher_timeout_count() <= COUNT_OF(seconds));
	for (unsigned i = 0; i < usher_timeout_count(); i++)
		seconds[i] = strcmp(usher_timeout_name(i), "udp_timeout") == 0 ? 7 : 0;
	net_open_fake(&n, &options);
	net_run(&n, "A udp 10.0.0.2:1 10.0.0.9:1\nA> a\n");
	usher_set_timeouts(n.tracker, seconds);
	assert_true(usher_conn_get(n.w, n.last.conn, &conn));
	assert_int_equal(conn.deadline, n.now + 30 * USHER_SECOND);
	net_run(&n, "wait 1\nA> b\n");
	assert_true(usher_conn_get(n.w, n.last.conn, &conn));
	assert_int_equal(conn.deadline, n.now + 7 * USHER_SECOND);
	usher_set_timeouts(n.tracker, NULL);
	net_run(&n, "wait 1\nA> c\nping 10.0.0.2:77 10.0.0.9:77\n");
	assert_true(usher_conn_get(n.w, n.last.conn, &conn));
	assert_int_equal(conn.deadline, n.now + 30 * USHER_SECOND);
	net_close(&n);
}

static void test_end(void **state)
{
	struct usher_options options = { .events = QUIET_UPDATES };
	struct net n;

	(void)state;
	net_open_fake(&n, &options);
	net_run(&n, "flush\nudp 10.0.0.2:1 10.0.0.9:1\nsyn [fd00::2]:1 [fd00::9]:1\nflush\nflush\n"
		    "udp 10.0.0.2:1 10.0.0.9:1\nwait 40\nudp 10.0.0.2:2 10.0.0.9:1\nend\n");
	net_expect_log(&n, "end",
		"flushed 0\n"
		"new 1 udp 10.0.0.2:1>10.0.0.9:1\n"
		"new 2 tcp [fd00::2]:1>[fd00::9]:1 SYN_SENT\n"
		"gone 1 flushed\n"
		"gone 2 flushed\n"
		"flushed 2\n"
		"flushed 0\n"
		"new 3 udp 10.0.0.2:1>10.0.0.9:1\n"
		"new 4 udp 10.0.0.2:2>10.0.0.9:1\n"
		"gone 3 timeout\n"
		"gone 4 end\n"
		"ended 1\n");
	net_close(&n);
}

/* ---- while traffic goes on ---- */

#define STEADY 150u
#define PASSING 3000u

static void udp(struct net *n, uint32_t number, bool ipv6)
{
	struct usher_endpoint src = net_end(ipv6 ? "[fd00::2]:1" : "10.0.0.2:1"),
	dst = net_end(ipv6 ? "[fd00::9]:1" : "10.0.0.9:1");
	uint8_t packet[NET_PACKET];

	src.key = 1 + number % 60000;
	dst.key = 1 + number / 60000;
	net_send(n, packet, net_udp(packet, &src, &dst, "x", 1));
}

/* One walk over all connections; others come and go between its steps. How often each steady one was given is counted. */
static void walk(struct net *n, uint64_t *seed, uint8_t *given, uint32_t *passing)
{
	uint64_t position = 0;
	struct usher_conn conn;
	uint32_t i;

	while (usher_conn_next(n->w, &position, &conn)) {
		if (conn.id <= STEADY)
			given[conn.id - 1]++;
		for (i = net_random(seed, 4); i; i--) {
			uint64_t other = 0;
			struct usher_conn victim;

			if (net_random(seed, 2)) {
				udp(n, STEADY + (*passing)++, net_random(seed, 2));
				continue;
			}
			for (other = (uint64_t)net_random(seed, 2) << 32 | net_random(seed, 200);
			     usher_conn_next(n->w, &other, &victim) && victim.id <= STEADY;)
				;
			if (victim.id > STEADY)
				usher_conn_delete(n->w, victim.ref);
		}
	}
}

static void test_iterate(void **state)
{
	struct usher_options options = { .connections = 5000, .connections6 = 5000 };
	uint8_t given[STEADY];
	uint64_t seed = 4;
	uint32_t i, passing = 0, rounds = 0;
	struct net n;

	(void)state;
	net_open_fake(&n, &options);
	n.quiet = true;
	for (i = 0; i < STEADY; i++)
		udp(&n, i, i & 1);
	for (; passing < PASSING; rounds++) {
		memset(given, 0, sizeof(given));
		walk(&n, &seed, given, &passing);
		for (i = 0; i < STEADY; i++)
			if (given[i] != 1)
				fail_msg("round %u: connection %u was given %u times", rounds, i + 1, given[i]);
	}
	assert_true(rounds > 3);
	net_sound(&n);
	net_close(&n);
}

/* In steps of any size each connection is given once, and no step looks at more than it may. */
static void test_scan(void **state)
{
	struct usher_options options = { .connections = 5000, .connections6 = 5000 };
	static const uint32_t sizes[] = { 1, 2, 7, 64, 1000, 100000 };
	struct net n;

	(void)state;
	net_open_fake(&n, &options);
	n.quiet = true;
	for (uint32_t i = 0; i < STEADY; i++)
		udp(&n, i, i & 1);
	for (uint32_t i = 0; i < COUNT_OF(sizes); i++) {
		uint8_t given[STEADY] = { 0 };
		uint64_t position = 0;
		uint32_t budget, steps = 0, found = 0;
		struct usher_conn conn;

		do {
			budget = sizes[i];
			for (; usher_conn_scan(n.w, &position, &budget, &conn); found++)
				given[conn.id - 1]++;
			assert_true(budget <= sizes[i]);
			steps++;
		} while (budget == 0);
		assert_int_equal(found, STEADY);
		for (uint32_t k = 0; k < STEADY; k++)
			assert_int_equal(given[k], 1);
		assert_true(steps >= STEADY / sizes[i] && steps <= STEADY / sizes[i] + 4);
	}
	net_close(&n);
}

/* A flush in steps ends all that was there at its beginning, children with their masters, and no newcomer behind its back. */
static void test_flush_some(void **state)
{
	struct usher_options options = { .connections = 5000, .connections6 = 5000 };
	uint64_t position = 0, ended = 0, left = 0;
	uint32_t budget, steps = 0;
	struct usher_conn conn;
	struct net n;

	(void)state;
	net_open_fake(&n, &options);
	net_run(&n, "A tcp 10.0.0.2:4000 10.0.0.9:99\nA> E 1 5 p=10.0.0.9:9~\n");
	n.quiet = true;
	for (uint32_t i = 0; i < STEADY; i++)
		udp(&n, i, i & 1);
	do {
		budget = 10;
		ended += usher_flush_some(n.w, &position, &budget);
		if (steps++ == 3)
			udp(&n, 3 * STEADY, false); /* into a record that was looked at already */
	} while (budget == 0);
	assert_true(steps > STEADY / 10);
	assert_int_equal(ended, STEADY + 1);
	for (position = 0; usher_conn_next(n.w, &position, &conn);)
		left++;
	assert_int_equal(left, 1);
	net_sound(&n);
	net_close(&n);
}

/* Events come and go while traffic does; without a sink nothing happens. */
static void test_set_events(void **state)
{
	struct usher_options options = { .events = 1u << USHER_EVENT_CONN_NEW };
	struct net n;

	(void)state;
	net_open_fake(&n, &options);
	net_run(&n, "udp 10.0.0.2:1 10.0.0.9:1\n");
	usher_set_events(n.tracker, 0);
	net_run(&n, "udp 10.0.0.2:2 10.0.0.9:1\nflush\n");
	usher_set_events(n.tracker, 1u << USHER_EVENT_CONN_DESTROY);
	net_run(&n, "udp 10.0.0.2:3 10.0.0.9:1\nflush\n");
	net_expect_log(&n, "set events",
		"new 1 udp 10.0.0.2:1>10.0.0.9:1\n"
		"flushed 2\n"
		"gone 3 flushed\n"
		"flushed 1\n");
	net_close(&n);
}

/* Expectations, the same way; those of a master that is over are not shown. */
static void test_iterate_expectations(void **state)
{
	struct usher_options options = { .events = QUIET_UPDATES };
	struct usher_expectation e;
	uint64_t position = 0;
	uint32_t i, given = 0;
	char line[80];
	struct net n;

	(void)state;
	net_open_fake(&n, &options);
	n.quiet = true;
	net_run(&n,
		"A tcp 10.0.0.2:4000 10.0.0.9:99\nB tcp 10.0.0.2:4001 10.0.0.9:99\nA> E 1 2000 c=1 x=10~\nB> E 1 3000 c=1 x=10~\n");
	for (i = 0; usher_expect_next(n.w, &position, &e); i++) {
		given += e.tuple.dst.key >= 2000 && e.tuple.dst.key < 2010;
		assert_int_equal(e.master, e.tuple.dst.key < 3000 ? 1 : 2);
		assert_string_equal(e.helper, "fake");
		assert_string_equal(e.class_name, "calls");
		snprintf(line, sizeof(line), "B> E %u %u c=1;W %u c=1~", 50 + i, 4000 + i, 1 + i);
		if (i < 8)
			net_run(&n, line);
	}
	assert_int_equal(given, 10);
	n.quiet = false;
	net_run(&n, "timeout B 10\nwait 10\nexpects\n");
	assert_null(strstr(n.log.at, " of 2"));
	assert_non_null(strstr(n.log.at, " of 1"));
	net_close(&n);
}

/* Whatever comes and goes, no id comes twice, nor for two workers. */
static void remember(void *user, const struct usher_event *event)
{
	uint8_t *seen = user;

	if (event->type == USHER_EVENT_CONN_NEW) {
		assert_true(event->conn->id > 0 && event->conn->id < 100000);
		assert_int_equal(seen[event->conn->id], 0);
		seen[event->conn->id] = 1;
	}
}

static void test_ids(void **state)
{
	static uint8_t seen[100000];
	struct usher_options options = { .connections = 16, .connections6 = 16, .workers = 3, .sink = remember, .sink_user = seen,
					 .size = sizeof(options) };
	size_t size = usher_size(&options) / 4096 * 4096 + 4096;
	void *region = aligned_alloc(4096, size);
	uint32_t i, k, made = 0;
	struct usher_tracker *t;

	(void)state;
	assert_non_null(region);
	memset(region, 0, size);
	t = usher_init(region, size, &options);
	assert_non_null(t);
	for (i = 0; i < 9000; i++) {
		struct usher_endpoint src = net_end("10.0.0.2:1"), dst = net_end("10.0.0.9:1");
		uint8_t packet[NET_PACKET];
		struct usher_packet p = { .data = packet };

		src.key = 1 + i % 60000;
		src.address[3] = (uint8_t)i;
		p.len = net_udp(packet, &src, &dst, "x", 1);
		usher_process(usher_worker(t, usher_owner(t, &p)), &p, 1, NET_START + i);
		if (i % 100 == 0)
			for (k = 0; k < 3; k++)
				usher_flush(usher_worker(t, k));
	}
	for (i = 0; i < sizeof(seen); i++)
		made += seen[i];
	assert_int_equal(made, 9000);
	free(region);
}

/* Names that people see. */
static void test_names(void **state)
{
	struct net n;
	unsigned i, k;

	(void)state;
	for (i = 0; i < USHER_COUNTER_COUNT; i++)
		for (k = 0; k < i; k++)
			assert_string_not_equal(usher_counter_name((enum usher_counter)i),
						usher_counter_name((enum usher_counter)k));
	for (i = 0; i < USHER_REASON_COUNT; i++)
		for (k = 0; k < i; k++)
			assert_string_not_equal(usher_reason_name(i), usher_reason_name(k));
	for (i = 0; i < usher_timeout_count(); i++) {
		assert_non_null(usher_timeout_name(i));
		assert_true(usher_timeout_default(i) > 0);
	}
	assert_null(usher_timeout_name(i));
	assert_string_equal(usher_event_name(USHER_EVENT_COUNT), "unknown");
	assert_string_equal(usher_reason_name(USHER_REASON_COUNT), "unknown");
	assert_string_equal(usher_helper(0)->name, "ftp");
	net_open_fake(&n, NULL);
	net_run(&n,
		"A tcp 10.0.0.2:4000 10.0.0.9:99\nA> N 1 a~\nA> N 1 b;E 1 2000 code=2;E 2 22;E 3 2000 code=2;F~\n"
		"A> E 1 2000 code=2;E 2 22~\n");
	assert_int_equal(usher_note_count(n.w, "fake", "odd"), 2);        /* notes count even if the record fails */
	assert_int_equal(usher_note_count(n.w, "fake", "unwanted"), 1);   /* announcements do not */
	assert_int_equal(usher_note_count(n.w, "fake", "reserved-port"), 1); /* the engine's refusals too */
	assert_int_equal(usher_note_count(n.w, "leaf", "odd"), 0);
	assert_int_equal(usher_note_count(n.w, "leaf", "reserved-port"), 0);
	assert_int_equal(usher_note_count(n.w, "nobody", "odd"), 0);
	assert_int_equal(usher_note_count(n.w, "fake", "even"), 0);
	net_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),        cmocka_unit_test(test_find_call), cmocka_unit_test(test_references),
		cmocka_unit_test(test_set_timeout), cmocka_unit_test(test_set_timeouts), cmocka_unit_test(test_end),       cmocka_unit_test(test_iterate),
		cmocka_unit_test(test_scan),        cmocka_unit_test(test_flush_some), cmocka_unit_test(test_set_events),
		cmocka_unit_test(test_iterate_expectations), cmocka_unit_test(test_ids), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
