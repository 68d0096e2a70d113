/*
 * The engine by rows of scripts: a helper that does what it is told (net_fake.h), and everything that then comes of it,
 * line by line: limits, identities, time-outs, children, refusals, calls of two keys, ICMP errors, the order of it all.
 *
 * After each line of a script the whole tracker is looked at (net_check.c), and at the end nothing may be left.
 */
#include "net_fake.h"

struct row {
	const char *name;
	struct usher_options options;
	bool full; /* the log has every field, and updates */
	const char *script, *log;
};

static const struct row rows[] = {
#include "engine_rows.h"
};

#define QUIET_UPDATES (~(1u << USHER_EVENT_CONN_UPDATE))

/* What was counted is what was told. */
static void check_counters(const struct net *n)
{
	static const struct {
		enum usher_counter counter;
		enum usher_event_type event;
	} same[] = {
		{ USHER_COUNTER_CONNECTIONS, USHER_EVENT_CONN_NEW }, { USHER_COUNTER_ENDED, USHER_EVENT_CONN_DESTROY },
		{ USHER_COUNTER_EXPECT_HITS, USHER_EVENT_EXPECT_HIT }, { USHER_COUNTER_INVALID, USHER_EVENT_INVALID },
		{ USHER_COUNTER_NOTES, USHER_EVENT_NOTE },
	};
	unsigned i;

	for (i = 0; i < COUNT_OF(same); i++)
		if (usher_counter_get(n->w, same[i].counter) != n->told[same[i].event])
			fail_msg("%s is %llu, %s was told %llu times", usher_counter_name(same[i].counter),
				 (unsigned long long)usher_counter_get(n->w, same[i].counter), usher_event_name(same[i].event),
				 (unsigned long long)n->told[same[i].event]);
	assert_int_equal(usher_counter_get(n->w, USHER_COUNTER_EXPECTATIONS),
			 n->told[USHER_EVENT_EXPECT_NEW] - n->told_again);
	assert_int_equal(usher_counter_get(n->w, USHER_COUNTER_EXPECT_REFUSED), n->told_refused);
	assert_int_equal(usher_counter_get(n->w, USHER_COUNTER_RELATED), n->told_children);
	assert_int_equal(usher_counter_get(n->w, USHER_COUNTER_PACKETS), n->frame);
}

static void test_rows(void **state)
{
	struct net n;
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct usher_options options = rows[i].options;

		options.events = rows[i].full ? 0 : QUIET_UPDATES;
		net_open_fake(&n, &options);
		n.full = rows[i].full;
		net_run(&n, rows[i].script);
		net_expect_log(&n, rows[i].name, rows[i].log);
		check_counters(&n);
		net_close(&n);
	}
}

/* ---- the policy ---- */

struct asked {
	struct usher_new last;
	struct usher_decision answer;
	uint32_t times;
};

static void ask(void *user, const struct usher_new *connection, struct usher_decision *decision)
{
	struct asked *a = user;

	assert_false(decision->drop || decision->helper || decision->reversed || decision->mark);
	a->last = *connection;
	a->times++;
	*decision = a->answer;
}

static void test_policy(void **state)
{
	struct asked a = { .answer = { .helper = "fake", .mark = 3 } };
	struct usher_options options = { .policy = ask, .policy_user = &a, .events = QUIET_UPDATES };
	struct net n;
	char text[80];

	(void)state;
	net_open_fake(&n, &options);
	n.interface = 12;
	net_run(&n, "zone 9\nA tcp 10.0.0.2:4000 10.0.0.9:1\nA> E 1 2000~\nsyn 10.0.0.9:20 10.0.0.2:2000\n");
	assert_int_equal(a.times, 1); /* not for packets that follow, nor for children */
	assert_int_equal(a.last.interface, 12);
	assert_int_equal(a.last.time, NET_START);
	assert_int_equal(a.last.orig.zone, 9);
	assert_int_equal(a.last.orig.protocol, USHER_TCP);
	assert_string_equal(net_end_text(&a.last.orig.src, text), "10.0.0.2:4000");
	assert_string_equal(net_end_text(&a.last.orig.dst, text), "10.0.0.9:1");
	assert_false(a.last.picked_up);
	a.answer = (struct usher_decision){ .drop = true };
	net_run(&n, "udp 10.0.0.2:1 10.0.0.9:1\nstate\nack 10.0.0.2:7 10.0.0.9:7\n");
	assert_true(a.last.picked_up);
	a.answer = (struct usher_decision){ .helper = "fake", .reversed = true };
	net_run(&n, "zone 0\nB mid 10.0.0.9:1 10.0.0.2:4001\nB> hello~\nB< E 1 2001~\n");
	a.answer = (struct usher_decision){ .helper = "no such helper" };
	net_run(&n, "udp 10.0.0.2:1 10.0.0.9:2\n");
	net_expect_log(&n, "policy",
		"new 1 tcp zone 9 10.0.0.2:4000>10.0.0.9:1 SYN_SENT helper=fake mark=3\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp zone 9 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 2 tcp zone 9 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1 mark=3\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"invalid policy\n"
		"state invalid drop policy\n"
		"invalid policy\n"
		"new 3 tcp 10.0.0.9:1>10.0.0.2:4001 ESTABLISHED picked-up helper=fake\n"
		"gap client 0\n"
		"gap server 0\n"
		"read from server first picked-up\n"
		"read from client first picked-up\n"
		"announce 3 MADE 10.0.0.2:2001 accepted uncertain\n"
		"expect 2 of 3: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"new 4 udp 10.0.0.2:1>10.0.0.9:2\n");
	net_close(&n);
}

/* ---- switches ---- */

static void test_switches(void **state)
{
	struct usher_options options = { .events = QUIET_UPDATES };
	uint8_t packet[NET_PACKET];
	struct usher_endpoint src = net_end("10.0.0.2:1"), dst = net_end("10.0.0.9:1");
	struct usher_endpoint client = net_end("10.0.0.2:8"), server = net_end("10.0.0.9:8");
	struct net_tcp far = { .seq = 2000000, .flags = NET_ACK, .ack = 0xfffffff0u };
	uint32_t len = net_udp(packet, &src, &dst, "x", 1);
	struct net n;

	(void)state;
	net_open_fake(&n, &options);
	packet[len - 1] ^= 1;
	net_send(&n, packet, len);
	net_run(&n, "state\nflags +verify\n");
	net_send(&n, packet, len);
	net_run(&n, "state\nflags +drop\n");
	net_send(&n, packet, len);
	net_run(&n, "state\nflags -verify -drop +strict\nack 10.0.0.2:7 10.0.0.9:7\nstate\nflags -strict\n"
		    "ack 10.0.0.2:7 10.0.0.9:7\nstate\nA tcp 10.0.0.2:8 10.0.0.9:8\n");
	len = net_tcp(packet, &client, &server, &far);
	net_send(&n, packet, len);
	net_run(&n, "state\nflags +liberal\n");
	net_send(&n, packet, len);
	assert_int_equal(n.last.flags, USHER_PACKET_OUT_OF_WINDOW);
	net_run(&n, "state\ncount out_of_window\n");
	net_expect_log(&n, "switches",
		"new 1 udp 10.0.0.2:1>10.0.0.9:1\n"
		"state new orig 1\n"
		"invalid udp-checksum\n"
		"state invalid udp-checksum\n"
		"invalid udp-checksum\n"
		"state invalid drop udp-checksum\n"
		"invalid tcp-not-syn\n"
		"state invalid tcp-not-syn\n"
		"new 2 tcp 10.0.0.2:7>10.0.0.9:7 ESTABLISHED picked-up\n"
		"state new orig 2\n"
		"new 3 tcp 10.0.0.2:8>10.0.0.9:8 SYN_SENT\n"
		"invalid tcp-window of 3\n"
		"state invalid tcp-window\n"
		"state established orig 3\n"
		"count out_of_window 1\n");
	net_close(&n);
}

/* ---- options ---- */

static int nothing(struct usher_help *help, const struct usher_help_ops *ops, void *state, const struct usher_record *record)
{
	(void)help;
	(void)ops;
	(void)state;
	(void)record;
	return 0;
}

static void test_options(void **state)
{
	static const struct usher_class no_max[] = { { .name = "c", .timeout_s = 1 }, { .name = NULL } };
	static const struct usher_class no_time[] = { { .name = "c", .max = 1 }, { .name = NULL } };
	static const struct usher_port_helper ports[] = { { "nobody", 0, 1 } };
	struct usher_helper h = { .abi = USHER_HELPER_ABI, .name = "x", .protocol = USHER_UDP, .record = nothing };
	struct usher_helper other = h;
	const struct usher_helper *list[] = { &h, NULL, NULL };
	struct usher_options good = { .size = sizeof(good), .helpers = list }, bad;
	_Alignas(64) static uint8_t little[128];

	(void)state;
	assert_null(usher_error(&good));
	assert_true(usher_size(&good) > 0);
	assert_non_null(usher_error(NULL));
#define BAD(change) \
	do { \
		bad = good; \
		change; \
		assert_non_null(usher_error(&bad)); \
		assert_int_equal(usher_size(&bad), 0); \
		assert_null(usher_init(little, SIZE_MAX, &bad)); \
	} while (0)
	BAD(bad.size = 0);
	BAD(bad.size = sizeof(bad) * 100);
	BAD(bad.workers = 65);
	BAD(bad.connections = 1u << 30);
	BAD(bad.connections6 = 1u << 30);
	BAD(bad.helped = (1u << 28) + 1);
	BAD(bad.stream_chunks = 0xffffffffu);
	BAD((bad.ports = ports, bad.port_count = 1));
	h.item_size = 4096;
	BAD(bad.items = 0xffffffffu);
	h = other;
	BAD(h.name = "");
	h = other;
	BAD(h.abi = 0);
	h = other;
	BAD(h.name = "a name too long for it");
	h = other;
	BAD(h.record = NULL);
	h = other;
	BAD(h.protocol = USHER_GRE);
	h = other;
	BAD(h.protocol = USHER_TCP); /* without frame() */
	h = other;
	BAD(h.classes = no_max);
	h = other;
	BAD(h.classes = no_time);
	h = other;
#undef BAD
	other.name = "x";
	list[1] = &other;
	assert_non_null(usher_error(&good)); /* two of one name */
	list[1] = NULL;
	assert_null(usher_init(little, sizeof(little), &good)); /* too small */
	assert_null(usher_init(little + 1, SIZE_MAX, &good));
	assert_null(usher_init(NULL, SIZE_MAX, &good));
}

/* Options of a program that knows only the first fields. */
static void test_old_options(void **state)
{
	struct {
		size_t size;
		uint32_t flags, workers, connections;
	} old = { offsetof(struct usher_options, connections6), 0, 1, 100 };
	struct usher_options full = { .size = sizeof(full), .workers = 1, .connections = 100 };
	struct usher_options copy = { 0 };

	(void)state;
	memcpy(&copy, &old, offsetof(struct usher_options, connections6));
	assert_null(usher_error(&copy));
	assert_int_equal(usher_size(&copy), usher_size(&full));
}

/* ---- workers ---- */

static uint32_t owner(struct net *n, uint8_t *packet, uint32_t len, uint16_t zone)
{
	struct usher_packet p = { .data = packet, .len = len, .zone = zone };

	return usher_owner(n->tracker, &p);
}

/* All that belongs together has one owner, and the owner alone follows it. */
static void test_workers(void **state)
{
	struct usher_options options = { .workers = 4 };
	uint64_t seed = 5;
	uint32_t i, k, seen[4] = { 0 };
	struct net n;

	(void)state;
	net_open_fake(&n, &options);
	for (i = 0; i < 400; i++) {
		uint8_t there[NET_PACKET], back[NET_PACKET], error[NET_PACKET];
		bool ipv6 = i & 1;
		struct usher_endpoint a = net_end(ipv6 ? "[fd00::1]:1" : "10.0.0.1:1"), b = a, router = a;
		uint32_t there_len, back_len, error_len, own;

		for (k = 0; k < 4; k++) {
			a.address[(ipv6 ? 12 : 0) + k] = (uint8_t)(1 + net_random(&seed, 200));
			b.address[(ipv6 ? 12 : 0) + k] = (uint8_t)(1 + net_random(&seed, 200));
		}
		a.key = net_random(&seed, 65536);
		b.key = net_random(&seed, 65536);
		there_len = net_udp(there, &a, &b, "x", 1);
		back_len = net_gre(back, &b, &a, 1);
		error_len = net_icmp_error(error, &router, &a, there, there_len);
		own = owner(&n, there, there_len, 3);
		assert_true(own < 4);
		seen[own]++;
		assert_int_equal(owner(&n, back, back_len, 3), own);
		assert_int_equal(owner(&n, error, error_len, 3), own);
		for (k = 0; k < 4; k++) {
			n.w = usher_worker(n.tracker, k);
			n.zone = 3;
			net_send(&n, there, there_len);
			assert_int_equal(n.last.verdict, k == own ? USHER_ACCEPT : USHER_HAND_OVER);
			if (k != own)
				assert_int_equal(n.last.worker, own);
			net_send(&n, error, error_len);
			assert_int_equal(n.last.verdict, k == own ? USHER_ACCEPT : USHER_HAND_OVER);
			if (k == own)
				assert_int_equal(n.last.state, USHER_RELATED);
		}
	}
	for (k = 0; k < 4; k++)
		assert_in_range(seen[k], 60, 140);
	assert_null(usher_worker(n.tracker, 4));
	for (k = 1; k < 4; k++) {
		assert_string_equal(net_wrong(usher_worker(n.tracker, k)) ? "wrong" : "sound", "sound");
		usher_flush(usher_worker(n.tracker, k));
	}
	n.w = usher_worker(n.tracker, 0);
	net_close(&n);
}

/* Bytes that are no packet, for a tracker that asks for their owner. */
static void test_owner_of_rubbish(void **state)
{
	struct usher_options options = { .workers = 3 };
	uint64_t seed = 6;
	uint32_t i, k;
	struct net n;

	(void)state;
	net_open_fake(&n, &options);
	for (i = 0; i < 20000; i++) {
		uint32_t len = net_random(&seed, 100);
		uint8_t *alone = malloc(len ? len : 1); /* a sanitizer sees the first byte read too far */

		assert_non_null(alone);
		for (k = 0; k < len; k++)
			alone[k] = (uint8_t)net_random(&seed, 256);
		if (len > 20 && i & 1)
			alone[0] = i & 2 ? 0x45 : 0x60, alone[i & 2 ? 9 : 6] = i & 2 ? 1 : 58;
		assert_true(owner(&n, alone, len, 0) < 3);
		free(alone);
	}
	net_close(&n);
}

/* ---- no malloc ---- */

static bool forbidden;
static unsigned long allocations;

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
					      void (*on_free)(const volatile void *));

static void on_malloc(const volatile void *p, size_t size)
{
	(void)p;
	(void)size;
	allocations += forbidden;
}

static void on_free(const volatile void *p)
{
	(void)p;
}

static void watch(void)
{
	assert_int_not_equal(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free), 0);
}
#else
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

void *malloc(size_t size)
{
	allocations += forbidden;
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	allocations += forbidden;
	return __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
	allocations += forbidden;
	return __libc_realloc(p, size);
}

static void watch(void)
{
}
#endif

/* From usher_init on nothing is allocated, whatever comes; usher_init itself allocates nothing either. */
static void test_no_malloc(void **state)
{
	static const char script[] =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\nA> E 1 2000 h=fake;E 2 2001 u=0~\nA>> half of a\nA<<  %0a\n"
		"B tcp 10.0.0.9:20 10.0.0.2:2000\n"
		"A>x lost~\nA>> {x*900}~\nA<ack\nB< E 1 3000~\nudp 10.0.0.2:1 10.0.0.9:98 E 1 2000\nping 10.0.0.2:5 10.0.0.9:5\n"
		"gre 10.0.0.2:5 10.0.0.9:5\nerror 10.0.0.1 A>\nA close\nwait 200\ntick\nlist\nexpects\nflush\n";
	struct usher_tracker *again;
	struct net n;
	void *region;

	(void)state;
	net_open_fake(&n, NULL);
	n.quiet = true;
	watch();
	region = aligned_alloc(4096, n.size);
	assert_non_null(region);
	memset(region, 0, n.size);
	net_print(&n.log, "%60000s", ""); /* room for all that the script prints */
	net_clear(&n.log);
	allocations = 0;
	forbidden = true;
	again = usher_init(region, n.size, &n.options);
	net_run(&n, script);
	forbidden = false;
	assert_non_null(again);
	assert_int_equal(allocations, 0);
	assert_true(n.told[USHER_EVENT_EXPECT_HIT] > 0);
	free(region);
	net_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),          cmocka_unit_test(test_policy),
		cmocka_unit_test(test_switches),      cmocka_unit_test(test_options),
		cmocka_unit_test(test_old_options),   cmocka_unit_test(test_workers),
		cmocka_unit_test(test_owner_of_rubbish), cmocka_unit_test(test_no_malloc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
