/*
 * Small tables that are full: who makes room, who stays, who is refused, and that all of it is counted.
 */
#include "net_fake.h"

#define QUIET_UPDATES (~(1u << USHER_EVENT_CONN_UPDATE))

static uint64_t counter(const struct net *n, enum usher_counter which)
{
	return usher_counter_get(n->w, which);
}

/* A SYN (port 80) or a datagram (any other port) of 10.NET.0.HOST:PORT, without a look at the whole tracker afterwards. */
static void packet_of(struct net *n, uint8_t network, uint8_t host, uint32_t port, uint32_t to)
{
	struct usher_endpoint src = net_end("10.0.0.1"), dst = net_end("10.0.0.9");
	struct net_tcp syn = { .seq = 1, .flags = NET_SYN };
	uint8_t packet[NET_PACKET];

	src.address[1] = network;
	src.address[3] = host;
	src.key = port;
	dst.key = to;
	net_send(n, packet, to == 80 ? net_tcp(packet, &src, &dst, &syn) : net_udp(packet, &src, &dst, "x", 1));
}

static bool there(struct net *n, const char *src, const char *dst, uint8_t protocol)
{
	struct usher_tuple t = { .protocol = protocol, .src = net_end(src), .dst = net_end(dst) };
	struct usher_conn conn;

	return usher_conn_find(n->w, &t, &conn, NULL);
}

/* The rows: what fills the table of four, one more, and what becomes of whom. */
struct row {
	const char *name, *script, *log;
};

static const struct row rows[] = {
#include "limits_rows.h"
};

static void test_rows(void **state)
{
	struct usher_options options = { .connections = 4, .connections6 = 4, .events = QUIET_UPDATES };
	struct net n;
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		net_open_fake(&n, &options);
		net_run(&n, rows[i].script);
		net_expect_log(&n, rows[i].name, rows[i].log);
		net_close(&n);
	}
}

/* Established connections stay through a flood of SYNs from one prefix; so do, mostly, the unassured of others. */
static void test_flood(void **state)
{
	struct usher_options options = { .connections = 1000, .connections6 = 16, .events = QUIET_UPDATES };
	struct net n;
	uint32_t i, stayed = 0;
	char client[32];

	(void)state;
	net_open_fake(&n, &options);
	n.quiet = true;
	for (i = 0; i < 100; i++) { /* established */
		snprintf(client, sizeof(client), "10.0.0.2:%u", 1000 + i);
		net_flow_add(&n, "E", USHER_TCP, client, "10.0.0.9:80");
		net_handshake(&n, net_flow(&n, "E"));
	}
	for (i = 0; i < 50; i++) /* questions of other people */
		packet_of(&n, (uint8_t)(i + 1), 7, 5353, 53);
	for (i = 0; i < 20000; i++)
		packet_of(&n, 200, (uint8_t)(i % 250 + 1), 1024 + i / 250, 80);
	net_sound(&n);
	for (i = 0; i < 100; i++) {
		snprintf(client, sizeof(client), "10.0.0.2:%u", 1000 + i);
		assert_true(there(&n, client, "10.0.0.9:80", USHER_TCP));
	}
	for (i = 0; i < 50; i++) {
		snprintf(client, sizeof(client), "10.%u.0.7:5353", i + 1);
		stayed += there(&n, client, "10.0.0.9:53", USHER_UDP);
	}
	assert_true(stayed >= 48);
	assert_int_equal(counter(&n, USHER_COUNTER_REFUSED), 0); /* there was always somebody to go */
	assert_int_equal(counter(&n, USHER_COUNTER_EVICTED), 20000 + 150 - 1000);
	assert_int_equal(n.told[USHER_EVENT_CONN_DESTROY], counter(&n, USHER_COUNTER_EVICTED));
	net_close(&n);
}

/* A table of established connections takes nobody in; each who is refused is counted and dropped. */
static void test_refused(void **state)
{
	struct usher_options options = { .connections = 100, .connections6 = 16, .events = QUIET_UPDATES };
	struct net n;
	uint32_t i;
	char client[32];

	(void)state;
	net_open_fake(&n, &options);
	n.quiet = true;
	for (i = 0; i < 100; i++) {
		snprintf(client, sizeof(client), "10.0.0.2:%u", 1000 + i);
		net_flow_add(&n, "E", USHER_TCP, client, "10.0.0.9:80");
		net_handshake(&n, net_flow(&n, "E"));
	}
	for (i = 0; i < 50; i++) {
		packet_of(&n, 0, 3, 1000 + i, 80);
		assert_int_equal(n.last.verdict, USHER_DROP);
		assert_int_equal(n.last.state, USHER_INVALID);
		assert_int_equal(n.last.reason, USHER_REASON_TABLE_FULL);
	}
	assert_int_equal(counter(&n, USHER_COUNTER_REFUSED), 50);
	assert_int_equal(usher_reason_count(n.w, USHER_REASON_TABLE_FULL), 50);
	assert_int_equal(counter(&n, USHER_COUNTER_EVICTED), 0);
	assert_int_equal(counter(&n, USHER_COUNTER_CONNECTIONS), 100);
	net_run(&n, "udp [fd00::2]:1 [fd00::9]:1"); /* the other family has a table of its own */
	assert_int_equal(n.last.state, USHER_NEW);
	for (i = 0; i < 100; i++) { /* five days later they are over, and in nobody's way though no sweep came */
		snprintf(client, sizeof(client), "10.0.0.2:%u", 1000 + i);
		assert_true(there(&n, client, "10.0.0.9:80", USHER_TCP));
	}
	n.now += (usher_time)432000 * USHER_SECOND;
	usher_tick(n.w, n.now, 0);
	packet_of(&n, 0, 3, 1, 80);
	assert_int_equal(n.last.state, USHER_NEW);
	assert_int_equal(counter(&n, USHER_COUNTER_EVICTED), 0);
	net_close(&n);
}

/* One client may have a quarter of all expectations, over however many connections; others have theirs. */
static void test_source(void **state)
{
	struct usher_options options = { .expectations = 1000, .events = QUIET_UPDATES };
	struct net n;
	char line[64];
	uint32_t i;

	(void)state;
	net_open_fake(&n, &options);
	n.quiet = true;
	for (i = 0; i < 10; i++) {
		snprintf(line, sizeof(line), "C%u tcp 10.0.0.2:%u 10.0.0.9:99\n", i, 4000 + i);
		net_run(&n, line);
		snprintf(line, sizeof(line), "C%u> E 1 %u c=1 x=30~\n", i, 10000 + i * 100);
		net_run(&n, line);
	}
	assert_int_equal(counter(&n, USHER_COUNTER_EXPECTATIONS), 250);
	assert_int_equal(counter(&n, USHER_COUNTER_EXPECT_REFUSED), 300 - 250);
	net_run(&n, "D tcp 10.0.0.3:4000 10.0.0.9:99\nD> E 1 2000 c=1 x=30~\n");
	assert_int_equal(counter(&n, USHER_COUNTER_EXPECTATIONS), 280);
	assert_int_equal(counter(&n, USHER_COUNTER_EXPECT_REFUSED), 50);
	net_close(&n);
}

/* All chunks in use: streams lose what they cannot keep, the helper is told, nobody is dropped; and all are given back. */
static void test_chunks(void **state)
{
	struct usher_options options = { .stream_chunks = 2, .events = QUIET_UPDATES };
	struct net n;

	(void)state;
	net_open_fake(&n, &options);
	net_run(&n, "A tcp 10.0.0.2:4000 10.0.0.9:99\nB tcp 10.0.0.2:4001 10.0.0.9:99\nC tcp 10.0.0.2:4002 10.0.0.9:99\n"
		    "A> {a*300}\nstate\nB> {b*10}\nstate\nC> E 1 \nstate\nC> 2000~\nC> E 2 2001~\nA> {a*20}~\nC> E 3\nC>  2002~\n"
		    "count stream_full\n");
	net_expect_log(&n, "chunks",
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"new 2 tcp 10.0.0.2:4001>10.0.0.9:99 SYN_SENT helper=fake\n"
		"new 3 tcp 10.0.0.2:4002>10.0.0.9:99 SYN_SENT helper=fake\n"
		"state established reply 1\n"
		"gap client 10\n"
		"state established reply 2\n"
		"gap client 4\n"
		"state established reply 3\n"
		"read from client first after-gap\n"
		"announce 3 MADE 10.0.0.2:2001 accepted\n"
		"expect 1 of 3: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"announce 3 MADE 10.0.0.2:2002 accepted\n"
		"expect 2 of 3: tcp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1\n"
		"count stream_full 2\n");
	assert_int_equal(net_used_chunks(n.w), 0);
	net_close(&n);
}

/* The smallest of everything, and a storm: it stays sound. */
static void test_smallest(void **state)
{
	struct usher_options options = { .connections = 3, .connections6 = 2, .helped = 1, .related = 1, .expectations = 1,
					 .stream_chunks = 1, .expect_per_master = 1, .expect_max = 1 };
	static const char *const lines[] = {
		"A> E 1 2000 h=fake~", "A> E 1 2000 u=0;E 2 2001 c=1~", "A> E 3 2002 c=2;W 1~", "A>> half", "A<< other half",
		"A> ~", "A< ~",
		"A tcp 10.0.0.2:4000 10.0.0.9:99", "B tcp 10.0.0.2:4001 10.0.0.9:99", "B> E 1 3000~", "B>rst", "A>rst", "A close",
		"syn 10.0.0.9:20 10.0.0.2:2000", "syn 10.0.0.9:21 10.0.0.2:2000", "syn 10.0.0.9:22 10.0.0.2:2001", "flush",
		"udp 10.0.0.2:1 10.0.0.9:98 E 1 2000", "udp 10.0.0.2:2 10.0.0.9:98 E 1 2000 h=dgram proto=17", "wait 0.5",
		"wait 100",
		"A> born W 1 children~", "A> gone E 1 2000~", "A> W 1 children~", "tick", "syn [fd00::2]:1 [fd00::9]:99",
		"udp [fd00::2]:1 [fd00::9]:98 E 1 2000", "udp 10.0.0.9:5 10.0.0.2:2000 E 1 2000", "delete A", "delete B",
		"A>x lost~",
	};
	uint64_t seed;
	uint32_t i;

	(void)state;
	for (seed = 1; seed <= 40; seed++) {
		uint64_t random = seed;
		struct net n;

		net_open_fake(&n, &options);
		n.quiet = true;
		net_flow_add(&n, "A", USHER_TCP, "10.0.0.2:4000", "10.0.0.9:99");
		net_flow_add(&n, "B", USHER_TCP, "10.0.0.2:4001", "10.0.0.9:99");
		for (i = 0; i < 250; i++)
			net_run(&n, lines[net_random(&random, COUNT_OF(lines))]); /* each leaves it sound, or fails */
		assert_int_equal(counter(&n, USHER_COUNTER_PACKETS), n.frame);
		net_close(&n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),   cmocka_unit_test(test_flood),    cmocka_unit_test(test_refused),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_chunks), cmocka_unit_test(test_smallest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
