/*
 * Deadlines and time: what is past its deadline is never seen again, whenever the sweep comes; it is told with its deadline as the
 * time; the clock may stop, go back, and jump; and however many end at once, one packet only ever does a little of the work.
 */
#include "net.h"

#define TICK ((usher_time)1 << 30) /* the sweep's, a little over a second */

/* ---- against a model: when each flow ends ---- */

#define FLOWS 300u

struct model {
	usher_time deadline[FLOWS]; /* 0: never seen */
	uint64_t id[FLOWS];
	usher_time now;             /* the latest ever */
	uint32_t ended;
};

static uint32_t build(uint8_t *packet, uint32_t flow, bool reply)
{
	struct usher_endpoint end[2];
	bool ipv6 = flow & 1;

	end[0] = net_end(ipv6 ? "[fd00::2]:1" : "10.0.0.2:1");
	end[1] = net_end(ipv6 ? "[fd00::9]:53" : "10.0.0.9:53");
	end[0].key = 1000 + flow % 60000;
	end[1].key = 53 + flow / 60000;
	return net_udp(packet, &end[reply], &end[!reply], "x", 1);
}

static void send(struct net *n, uint32_t flow, bool reply)
{
	uint8_t packet[NET_PACKET];

	net_send(n, packet, build(packet, flow, reply));
}

static bool find(struct net *n, uint32_t flow, struct usher_conn *conn)
{
	struct usher_tuple t = { .protocol = USHER_UDP };
	bool ipv6 = flow & 1;

	t.src = net_end(ipv6 ? "[fd00::2]:1" : "10.0.0.2:1");
	t.dst = net_end(ipv6 ? "[fd00::9]:53" : "10.0.0.9:53");
	t.src.key = 1000 + flow % 60000;
	t.dst.key = 53 + flow / 60000;
	return usher_conn_find(n->w, &t, conn, NULL);
}

/* Whatever ends by itself ended at its deadline, and was not seen in between. */
static void watch(struct net *n, const struct usher_event *event)
{
	struct model *m = n->watch_user;
	uint32_t i;

	if (event->type != USHER_EVENT_CONN_DESTROY)
		return;
	assert_string_equal(event->u.destroy.reason, "timeout");
	assert_int_equal(event->time, event->conn->deadline);
	assert_int_equal(event->frame, 0);
	assert_true(event->time <= m->now);
	for (i = 0; i < FLOWS; i++)
		if (m->id[i] == event->conn->id)
			assert_int_equal(event->time, m->deadline[i]);
	m->ended++;
}

static void check(struct net *n, struct model *m)
{
	struct usher_conn conn;
	uint32_t i;

	for (i = 0; i < FLOWS; i++) {
		bool alive = find(n, i, &conn);

		if (alive != (m->deadline[i] > m->now))
			fail_msg("flow %u is %s, its deadline %lld ns away", i, alive ? "there" : "gone",
				 (long long)(m->deadline[i] - m->now));
		if (alive)
			assert_int_equal(conn.id, m->id[i]);
	}
}

/* A step of the clock: mostly small, sometimes none, back, far, or a century. */
static usher_time step(uint64_t *seed, usher_time now)
{
	switch (net_random(seed, 12)) {
	case 0:
		return now > 4000 * USHER_SECOND ? now - net_random(seed, 2000) * USHER_SECOND : now;
	case 1:
		return now + net_random(seed, 100) * USHER_SECOND;
	case 2:
		return now + net_random(seed, 1000) * USHER_SECOND;
	case 3:
		return net_random(seed, 60) ? now + net_random(seed, 40) * USHER_SECOND : now + 3155760000u * USHER_SECOND;
	case 4:
	case 5:
		return now;
	default:
		return now + net_random(seed, 3000000000u);
	}
}

static void change(struct net *n, struct model *m, uint32_t flow, uint64_t *seed)
{
	struct usher_conn conn;

	send(n, flow, net_random(seed, 3) == 0 && m->deadline[flow] > m->now);
	assert_true(find(n, flow, &conn));
	assert_true(conn.id == m->id[flow] || m->deadline[flow] <= m->now); /* the same, or the old one was over */
	if (net_random(seed, 3) == 0)
		assert_true(usher_conn_set_timeout(n->w, conn.ref, net_random(seed, 3) ? 1 + net_random(seed, 600) : 0));
	assert_true(find(n, flow, &conn));
	m->id[flow] = conn.id;
	m->deadline[flow] = conn.deadline;
}

static void test_model(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 6; seed++) {
		uint64_t random = seed;
		struct model m = { .now = NET_START };
		struct net n;
		uint32_t i;

		print_message("seed %llu\n", (unsigned long long)seed);
		net_open(&n, NULL);
		n.quiet = true;
		n.watch = watch;
		n.watch_user = &m;
		for (i = 0; i < 6000; i++) {
			n.now = step(&random, n.now);
			m.now = n.now > m.now ? n.now : m.now;
			change(&n, &m, net_random(&random, FLOWS), &random);
			if (i % 50 == 0)
				check(&n, &m);
			if (net_random(&random, 40) == 0)
				usher_tick(n.w, n.now, net_random(&random, 300));
		}
		check(&n, &m);
		net_sound(&n);
		n.now = m.now + 1000 * USHER_SECOND;
		m.now = n.now;
		while (!usher_tick(n.w, n.now, 7))
			;
		assert_int_equal(net_used(n.w), 0); /* all of them found by the sweep alone */
		assert_int_equal(m.ended, usher_counter_get(n.w, USHER_COUNTER_EXPIRED));
		n.watch = NULL;
		net_close(&n);
	}
}

/* ---- one by one ---- */

/* A deadline drawn nearer is met in time, from however far; one second and a bit is the sweep's tick. */
static void test_shortened(void **state)
{
	static const uint32_t first[] = { 2, 100, 270, 280, 1000, 432000 }, then[] = { 1, 9, 200, 274, 276, 300, 5000 };
	unsigned i, k;

	(void)state;
	for (i = 0; i < COUNT_OF(first); i++) {
		for (k = 0; k < COUNT_OF(then); k++) {
			struct usher_conn conn;
			usher_time end;
			struct net n;

			net_open(&n, NULL);
			send(&n, 0, false);
			assert_true(find(&n, 0, &conn));
			assert_true(usher_conn_set_timeout(n.w, conn.ref, first[i]));
			n.now += USHER_SECOND;
			usher_tick(n.w, n.now, 100);
			assert_true(usher_conn_set_timeout(n.w, conn.ref, then[k]));
			end = n.now + then[k] * USHER_SECOND;
			for (; n.now < end; n.now += 500000000) {
				usher_tick(n.w, n.now, 100);
				assert_true(net_used(n.w) > 0 && find(&n, 0, &conn));
			}
			n.now = end;
			usher_tick(n.w, n.now, 100);
			assert_false(find(&n, 0, &conn));
			n.now += 2 * TICK;
			usher_tick(n.w, n.now, 100);
			if (net_used(n.w))
				fail_msg("%u s, then %u s: not swept", first[i], then[k]);
			net_close(&n);
		}
	}
}

static void test_clock(void **state)
{
	struct usher_conn conn;
	struct net n;
	uint32_t i;

	(void)state;
	net_open(&n, NULL);
	n.now = 0; /* a clock that begins at nothing, and does not move: the caller gives no time at all */
	for (i = 0; i < 1000; i++)
		send(&n, i % 40, false);
	assert_true(find(&n, 39, &conn));
	assert_int_equal(conn.deadline, 30 * USHER_SECOND);
	n.now = 29 * USHER_SECOND;
	send(&n, 0, false);
	n.now = 5 * USHER_SECOND; /* back: for the tracker it is 29 s still */
	send(&n, 1, false);
	assert_true(find(&n, 1, &conn));
	assert_int_equal(conn.deadline, 59 * USHER_SECOND);
	usher_tick(n.w, 0, 10);
	assert_true(find(&n, 2, &conn));
	n.now = (usher_time)100 * 365 * 86400 * USHER_SECOND; /* a century */
	send(&n, 100, false);
	assert_false(find(&n, 1, &conn));
	while (!usher_tick(n.w, n.now, 1))
		;
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_ENDED), 40);
	assert_true(find(&n, 100, &conn));
	n.now = UINT64_MAX - 1000 * USHER_SECOND; /* as late as it can be */
	send(&n, 101, false);
	assert_true(find(&n, 101, &conn));
	while (!usher_tick(n.w, n.now, 100))
		;
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_ENDED), 41);
	net_close(&n);
}

/* The sweep's 16-bit ticks come round after 19.5 hours: no record is missed, or taken for due. */
static void test_ticks_wrap(void **state)
{
	struct net n;
	uint32_t i;

	(void)state;
	net_open(&n, NULL);
	n.now = (usher_time)0xfff0 << 30; /* sixteen ticks before */
	for (i = 0; i < 200; i++) {
		struct usher_conn conn;

		send(&n, i, false);
		assert_true(find(&n, i, &conn));
		assert_true(usher_conn_set_timeout(n.w, conn.ref, 1 + i));
	}
	for (i = 0; i < 230; i++) {
		n.now += USHER_SECOND;
		while (!usher_tick(n.w, n.now, 50))
			;
		assert_true(usher_counter_get(n.w, USHER_COUNTER_ENDED) <= i + 1);
		assert_true(usher_counter_get(n.w, USHER_COUNTER_ENDED) + 3 > (i < 199 ? i : 199));
	}
	assert_int_equal(net_used(n.w), 0);
	net_close(&n);
}

/* A pass of the sweep that takes days, as packets are few: whoever became due meanwhile is found by the next. */
static void test_slow_sweep(void **state)
{
	struct usher_options options = { .connections = 4096 };
	struct net n;
	uint32_t i;

	(void)state;
	net_open(&n, &options);
	for (i = 0; i < 4000; i += 2) { /* IPv4 */
		struct usher_conn conn;

		send(&n, i, false);
		assert_true(find(&n, i, &conn));
		assert_true(usher_conn_set_timeout(n.w, conn.ref, 1 + i * 50));
	}
	for (i = 0; i < 2200; i++) { /* one record in more than an hour: a pass takes 80 days */
		n.now += (usher_time)4000 * USHER_SECOND;
		usher_tick(n.w, n.now, 1);
	}
	while (!usher_tick(n.w, n.now, 1000))
		;
	n.now += 2 * TICK;
	while (!usher_tick(n.w, n.now, 1000))
		;
	assert_int_equal(net_used(n.w), 0);
	net_close(&n);
}

/* ---- a million at once ---- */

#define MILLION 1000000u

struct crowd {
	uint32_t now, most, all; /* ended by this packet, by any one, altogether */
};

static void watch_crowd(struct net *n, const struct usher_event *event)
{
	struct crowd *c = n->watch_user;

	if (event->type != USHER_EVENT_CONN_DESTROY)
		return;
	assert_int_equal(event->time, event->conn->deadline);
	c->now++;
	c->most = c->now > c->most ? c->now : c->most;
	c->all++;
}

static void test_million(void **state)
{
	struct usher_options options = { .connections = MILLION + 10, .connections6 = 16 };
	struct crowd crowd = { 0 };
	uint64_t seed = 1;
	struct usher_conn conn;
	struct net n;
	uint32_t i, calls = 0;

	(void)state;
	net_open(&n, &options);
	n.quiet = true;
	n.watch = watch_crowd;
	n.watch_user = &crowd;
	for (i = 0; i < MILLION; i++)
		send(&n, 2 * i, false);
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_CONNECTIONS), MILLION);
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_EVICTED), 0);
	n.now += 30 * USHER_SECOND; /* all of them are over */
	usher_tick(n.w, n.now, 0);
	assert_false(find(&n, 0, &conn));
	for (i = 0; i < 20000; i++) {
		uint32_t flow = 2 * net_random(&seed, MILLION);
		uint64_t before = usher_counter_get(n.w, USHER_COUNTER_CONNECTIONS);

		crowd.now = 0;
		if (find(&n, flow, &conn)) /* it came before, among these packets */
			continue;
		send(&n, flow, false);
		assert_int_equal(n.last.state, USHER_NEW);
		assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_CONNECTIONS), before + 1);
	}
	assert_true(crowd.most <= 10); /* a packet sweeps eight, and meets one */
	n.now += 2 * TICK;
	for (crowd.now = 0; !usher_tick(n.w, n.now, 1000); crowd.now = 0)
		calls++;
	assert_true(crowd.most <= 1000);
	assert_in_range(calls, 800, 2100); /* the pass that was under way, and one for this moment */
	n.now += 40 * USHER_SECOND;
	while (!usher_tick(n.w, n.now, 1000))
		crowd.now = 0;
	assert_int_equal(crowd.all, usher_counter_get(n.w, USHER_COUNTER_CONNECTIONS));
	assert_int_equal(net_used(n.w), 0);
	n.watch = NULL;
	net_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),      cmocka_unit_test(test_shortened),  cmocka_unit_test(test_clock),
		cmocka_unit_test(test_ticks_wrap), cmocka_unit_test(test_slow_sweep), cmocka_unit_test(test_million),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
