/*
 * A table that is full, and more that want in: floods of SYNs and datagrams, from one prefix, from many, from sources made up at
 * random, for two seconds of 100,000 packets each. Who is established stays; who comes in earnest gets in; all of it is counted.
 *
 * With NET_PRINT in the environment the figures are printed.
 */
#include "engine/engine.h" /* first: cmocka has a macro expect_any */

#include "net.h"

#define ESTABLISHED 1000u
#define HALF_OPEN 300u        /* of other people, before the flood, and never completed */
#define ROUND_TRIP 100u       /* ms, of those who come in earnest */
#define FLOOD_MS 2000u
#define PER_MS 100u
#define EARNEST (FLOOD_MS / 10) /* one every 10 ms */

struct flood {
	const char *name;
	bool ipv6, udp;
	uint32_t prefixes;   /* it comes from: 0: a random one for each packet */
	uint32_t connections;
	uint32_t half_open;  /* of them at least so many stay */
	uint32_t earnest;    /* and so many get in */
};

static const struct flood floods[] = {
	/* A flood that has a prefix displaces itself. */
	{ "SYNs of one prefix", false, false, 1, 16384, HALF_OPEN, EARNEST },
	{ "SYNs of one prefix, IPv6", true, false, 1, 16384, HALF_OPEN, EARNEST },
	{ "datagrams of one prefix", false, true, 1, 16384, HALF_OPEN, EARNEST },
	{ "SYNs of twenty prefixes", false, false, 20, 16384, HALF_OPEN, EARNEST },
	{ "SYNs of one prefix, and a table of which 724 are left", false, false, 1, 2048, HALF_OPEN * 99 / 100, EARNEST * 99 / 100 },
	/* One that has none is told by nothing but age: room for 150 ms of it, and a round trip takes 100. */
	{ "SYNs of random sources", false, false, 0, 16384, 0, EARNEST * 95 / 100 },
	{ "datagrams of random sources", false, true, 0, 16384, 0, EARNEST * 95 / 100 },
	{ "SYNs of random sources, IPv6", true, false, 0, 16384, 0, EARNEST * 95 / 100 },
};

struct scene {
	struct net n;
	const struct flood *flood;
	uint64_t evicted, random, refused;
};

static struct usher_endpoint end_of(const struct scene *s, uint32_t network, uint32_t host, uint32_t key)
{
	struct usher_endpoint e = { .family = s->flood->ipv6 ? USHER_IPV6 : USHER_IPV4, .key = key };
	uint8_t *low = s->flood->ipv6 ? e.address + 2 : e.address;

	e.address[0] = 0x20;
	low[0] = (uint8_t)(network >> 16);
	low[1] = (uint8_t)(network >> 8);
	low[2] = (uint8_t)network;
	low[s->flood->ipv6 ? 13 : 3] = (uint8_t)host;
	return e;
}

static struct usher_endpoint server_of(const struct scene *s)
{
	return end_of(s, 0x0a0000, 9, 80);
}

/* One segment of a handshake: 0 the SYN, 1 the SYN/ACK, 2 the ACK. */
static void step(struct scene *s, const struct usher_endpoint *client, unsigned which)
{
	static const struct net_tcp steps[3] = {
		{ .seq = 1000, .flags = NET_SYN }, { .seq = 5000, .ack = 1001, .flags = NET_SYN | NET_ACK },
		{ .seq = 1001, .ack = 5001, .flags = NET_ACK },
	};
	struct usher_endpoint server = server_of(s);
	uint8_t packet[NET_PACKET];

	net_send(&s->n, packet, which == 1 ? net_tcp(packet, &server, client, &steps[1]) :
					     net_tcp(packet, client, &server, &steps[which]));
	s->refused += s->n.last.reason == USHER_REASON_TABLE_FULL;
}

static bool there(struct scene *s, const struct usher_endpoint *client, bool established)
{
	struct usher_tuple t = { .protocol = USHER_TCP, .src = *client, .dst = server_of(s) };
	struct usher_conn conn;

	return usher_conn_find(s->n.w, &t, &conn, NULL) && (!established || conn.flags & USHER_CONN_ASSURED);
}

/* Those who were there before: each of ten prefixes has 100 established, each of 100 others three half open. */
static struct usher_endpoint settled(const struct scene *s, uint32_t i)
{
	return end_of(s, 0x0a0100 + i % 10, 1 + i / 10, 4000 + i);
}

static struct usher_endpoint waiting(const struct scene *s, uint32_t i)
{
	return end_of(s, 0x0a0200 + i % 100, 1 + i / 100, 4000 + i);
}

/* Those who come during the flood, of 20 prefixes. */
static struct usher_endpoint earnest(const struct scene *s, uint32_t i)
{
	return end_of(s, 0x0a0300 + i % 20, 1 + i / 20, 4000 + i);
}

static void flood_packet(struct scene *s)
{
	uint32_t network = net_random(&s->random, s->flood->prefixes ? s->flood->prefixes : 1u << 24);
	struct usher_endpoint src = end_of(s, network | (s->flood->prefixes ? 0xc00000 : 0), net_random(&s->random, 256),
					   1024 + net_random(&s->random, 60000)), dst = server_of(s);
	uint8_t packet[NET_PACKET];
	struct net_tcp syn = { .seq = net_random(&s->random, 0x7fffffff), .flags = NET_SYN };

	net_send(&s->n, packet, s->flood->udp ? net_udp(packet, &src, &dst, "x", 1) : net_tcp(packet, &src, &dst, &syn));
	s->refused += s->n.last.reason == USHER_REASON_TABLE_FULL;
}

static void watch(struct net *n, const struct usher_event *e)
{
	struct scene *s = n->watch_user;

	s->evicted += e->type == USHER_EVENT_CONN_DESTROY && !strcmp(e->u.destroy.reason, "evicted");
}

static void millisecond(struct scene *s, uint32_t ms)
{
	unsigned which;
	uint32_t i;

	for (which = 0; which < 3; which++) {
		uint32_t begun = ms - which * ROUND_TRIP / 2;

		if (ms >= which * ROUND_TRIP / 2 && begun % 10 == 0 && begun / 10 < EARNEST) {
			struct usher_endpoint client = earnest(s, begun / 10);

			step(s, &client, which);
		}
	}
	for (i = 0; i < PER_MS && ms < FLOOD_MS; i++)
		flood_packet(s);
	s->n.now += USHER_SECOND / 1000;
}

static void open_scene(struct scene *s, const struct flood *f)
{
	struct usher_options options = { .connections = f->ipv6 ? 16 : f->connections, .connections6 = f->ipv6 ? f->connections : 16 };
	uint32_t i;
	unsigned which;

	*s = (struct scene){ .flood = f, .random = 7 };
	net_open(&s->n, &options);
	s->n.quiet = true;
	s->n.watch = watch;
	s->n.watch_user = s;
	for (i = 0; i < ESTABLISHED; i++) {
		struct usher_endpoint client = settled(s, i);

		for (which = 0; which < 3; which++)
			step(s, &client, which);
	}
	for (i = 0; i < HALF_OPEN; i++) {
		struct usher_endpoint client = waiting(s, i);

		step(s, &client, 0);
	}
	s->n.now += USHER_SECOND;
}

/* How many unassured connections there are, by looking at each: what the sketch must have as its sum; and in no prefix too few. */
static void check_sketch(const struct usher_worker *w)
{
	unsigned ipv6;

	for (ipv6 = 0; ipv6 < 2; ipv6++) {
		uint32_t number, unassured = 0;

		for (number = 1; number < w->table.slab[ipv6]->fresh; number++) {
			struct conn *c = conn_at(&w->table, number | (ipv6 ? CONN_IPV6 : 0));

			if (!(c->status & CONN_USED) || c->status & CONN_ASSURED)
				continue;
			unassured++;
			assert_true(usher__evict_held(w, conn_address(c, ipv6), c->zone, ipv6) >= 1);
		}
		assert_int_equal(w->sketch.total[ipv6], unassured);
	}
}

/* What was told, what was counted and what is there are the same. */
static void check_accounts(struct scene *s)
{
	const struct usher_worker *w = s->n.w;
	uint64_t begun = usher_counter_get(w, USHER_COUNTER_CONNECTIONS), ended = usher_counter_get(w, USHER_COUNTER_ENDED);
	uint64_t position = 0, here = 0;
	struct usher_conn conn;

	while (usher_conn_next(s->n.w, &position, &conn))
		here++;
	assert_int_equal(begun - ended, here);
	assert_int_equal(begun, s->n.told[USHER_EVENT_CONN_NEW]);
	assert_int_equal(ended, s->n.told[USHER_EVENT_CONN_DESTROY]);
	assert_int_equal(usher_counter_get(w, USHER_COUNTER_EVICTED), s->evicted);
	assert_int_equal(ended, s->evicted + usher_counter_get(w, USHER_COUNTER_EXPIRED));
	assert_int_equal(usher_counter_get(w, USHER_COUNTER_REFUSED), s->refused);
	assert_int_equal(usher_reason_count(w, USHER_REASON_TABLE_FULL), s->refused);
	check_sketch(w);
}

static void run(const struct flood *f)
{
	static struct scene s;
	uint32_t ms, i, stayed[3] = { 0 };

	open_scene(&s, f);
	for (ms = 0; ms <= FLOOD_MS + ROUND_TRIP; ms++)
		millisecond(&s, ms);
	for (i = 0; i < ESTABLISHED; i++) {
		struct usher_endpoint client = settled(&s, i);

		stayed[0] += there(&s, &client, true);
		step(&s, &client, 2);
		assert_int_equal(s.n.last.state, USHER_ESTABLISHED);
	}
	for (i = 0; i < HALF_OPEN; i++) {
		struct usher_endpoint client = waiting(&s, i);

		stayed[1] += there(&s, &client, false);
	}
	for (i = 0; i < EARNEST; i++) {
		struct usher_endpoint client = earnest(&s, i);

		stayed[2] += there(&s, &client, true);
	}
	if (getenv("NET_PRINT"))
		printf("# %s: established %u of %u, half open %u of %u, in earnest %u of %u, evicted %llu, refused %llu\n", f->name,
		       stayed[0], ESTABLISHED, stayed[1], HALF_OPEN, stayed[2], EARNEST, (unsigned long long)s.evicted,
		       (unsigned long long)s.refused);
	if (stayed[0] != ESTABLISHED || stayed[1] < f->half_open || stayed[2] < f->earnest)
		fail_msg("%s: established %u, half open %u, in earnest %u", f->name, stayed[0], stayed[1], stayed[2]);
	check_accounts(&s);
	net_sound(&s.n);
	net_close(&s.n);
}

static void test_floods(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT_OF(floods); i++)
		run(&floods[i]);
}

/* The sketch follows births, ends, and who becomes assured; the count of a prefix is by prefix, zone and family. */
static void test_sketch(void **state)
{
	struct usher_endpoint a = net_end("10.1.2.3"), b = net_end("10.1.3.3"), six = net_end("[2001:db8:1::3]");
	struct net n;

	(void)state;
	net_open(&n, NULL);
	net_run(&n, "syn 10.1.2.3:1 10.0.0.9:80\nudp 10.1.2.9:2 10.0.0.9:53\nping 10.1.2.200:3 10.0.0.9:3\n"
		    "A tcp 10.1.2.7:4000 10.0.0.9:80\nsyn 10.1.3.3:1 10.0.0.9:80\nsyn [2001:db8:1:7::1]:1 [fd00::9]:80\n");
	assert_int_equal(usher__evict_held(n.w, a.address, 0, false), 3); /* A is assured */
	assert_int_equal(usher__evict_held(n.w, b.address, 0, false), 1);
	assert_int_equal(usher__evict_held(n.w, six.address, 0, true), 1);
	assert_int_equal(usher__evict_held(n.w, a.address, 7, false), 0);
	check_sketch(n.w);
	net_run(&n, "delete A\n");
	assert_int_equal(usher__evict_held(n.w, a.address, 0, false), 3);
	net_run(&n, "zone 7\nsyn 10.1.2.3:1 10.0.0.9:80\nzone 0\nwait 40\ntick\ntick\n"); /* ping and datagram are over */
	assert_int_equal(usher__evict_held(n.w, a.address, 0, false), 1);
	assert_int_equal(usher__evict_held(n.w, a.address, 7, false), 1);
	check_sketch(n.w);
	net_run(&n, "flush\n");
	assert_int_equal(n.w->sketch.total[0] + n.w->sketch.total[1], 0);
	assert_int_equal(usher__evict_held(n.w, a.address, 0, false), 0);
	net_close(&n);
}

/* The newcomer gives way where his own prefix holds clearly more than anybody who could go. */
static void test_newcomer(void **state)
{
	struct usher_options options = { .connections = 16 };
	char line[64];
	struct net n;
	unsigned i;

	(void)state;
	net_open(&n, &options);
	for (i = 0; i < 14; i++) {
		snprintf(line, sizeof(line), "E tcp 10.1.0.2:%u 10.0.0.9:80\n", 1000 + i);
		net_run(&n, line);
		n.flow_count = 0;
	}
	net_run(&n, "udp 10.2.0.2:1 10.0.0.9:53\nudp 10.3.0.2:1 10.0.0.9:53\n");
	net_run(&n, "udp 10.3.0.2:2 10.0.0.9:53\n"); /* as much as the others: the oldest goes */
	assert_int_equal(n.last.state, USHER_NEW);
	net_run(&n, "udp 10.3.0.2:3 10.0.0.9:53\n"); /* displaces its own */
	assert_int_equal(n.last.state, USHER_NEW);
	net_run(&n, "udp 10.2.0.2:2 10.0.0.9:53\n"); /* who has least displaces who has most */
	assert_int_equal(n.last.state, USHER_NEW);
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_EVICTED), 3);
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_REFUSED), 0);
	check_sketch(n.w);
	net_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_floods), cmocka_unit_test(test_sketch), cmocka_unit_test(test_newcomer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
