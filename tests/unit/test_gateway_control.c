/*
 * gateway/ring, gateway/control: events copied and counted; clients served in bounded turns. A tracker gets packets by hand, clients
 * are real sockets; no network, no gateway around it.
 */
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "gateway/control.h"
#include "gateway/count.h"

/* gw_counter_at's places belong to the running gateway. */
static uint64_t gateway_counts[GW_COUNTER_COUNT];

/* ---- ring ---- */

/* All that an event points to is gone after the call. */
static void ring_copies(void **state)
{
	struct gw_ring ring;
	char kind[] = "PASV";
	uint8_t text[600], name[] = "host";
	struct usher_field fields[20] = { { .name = "a", .value = 7 }, { .name = "b", .text = name, .text_len = 4 } };
	struct usher_conn conn = { .id = 9 };
	struct usher_tuple tuple = { .protocol = 6, .zone = 4 };
	struct usher_expectation expectation = { .id = 3, .kind = kind };
	struct usher_event events[] = {
		{ .type = USHER_EVENT_NOTE, .conn = &conn,
		  .u.note = { .text = text, .text_len = sizeof(text), .fields = fields, .field_count = 20 } },
		{ .type = USHER_EVENT_ANNOUNCE, .conn = &conn, .u.announce = { .kind = kind } },
		{ .type = USHER_EVENT_EXPECT_NEW, .u.expect = { .expectation = &expectation } },
		{ .type = USHER_EVENT_INVALID, .u.invalid = { .tuple = &tuple } },
	};
	const struct gw_moment *m;

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_true(gw_ring_init(&ring));
	for (unsigned i = 0; i < COUNT_OF(events); i++)
		assert_true(gw_ring_put(&ring, &events[i]));
	memset(text, 'y', sizeof(text));
	memset(fields, 0xff, sizeof(fields));
	memset(name, 'y', sizeof(name));
	memset(kind, 'y', sizeof(kind));
	memset(&conn, 0xff, sizeof(conn));
	memset(&tuple, 0xff, sizeof(tuple));
	memset(&expectation, 0xff, sizeof(expectation));
	m = gw_ring_peek(&ring);
	assert_int_equal(m->event.conn->id, 9);
	assert_int_equal(m->event.u.note.text_len, RING_TEXT); /* cut */
	assert_int_equal(m->event.u.note.text[RING_TEXT - 1], 'x');
	assert_int_equal(m->event.u.note.field_count, RING_FIELDS);
	assert_int_equal(m->event.u.note.fields[0].value, 7);
	assert_memory_equal(m->event.u.note.fields[1].text, "host", 4);
	gw_ring_drop(&ring);
	assert_string_equal(gw_ring_peek(&ring)->event.u.announce.kind, "PASV");
	gw_ring_drop(&ring);
	assert_string_equal(gw_ring_peek(&ring)->event.u.expect.expectation->kind, "PASV");
	assert_int_equal(gw_ring_peek(&ring)->event.u.expect.expectation->id, 3);
	gw_ring_drop(&ring);
	assert_int_equal(gw_ring_peek(&ring)->event.u.invalid.tuple->zone, 4);
	gw_ring_drop(&ring);
	assert_null(gw_ring_peek(&ring));
	gw_ring_drop(&ring); /* nothing more to drop */
	assert_null(gw_ring_peek(&ring));
	gw_ring_fini(&ring);
	gw_ring_fini(&ring);
}

/* Full: the newest are lost, and the next that comes in knows how many. */
static void ring_loses(void **state)
{
	struct gw_ring ring;
	struct usher_event event = { .type = USHER_EVENT_INVALID };
	uint64_t next = 0;

	(void)state;
	assert_true(gw_ring_init(&ring));
	for (event.frame = 0; event.frame < RING_EVENTS + 10; event.frame++)
		assert_int_equal(gw_ring_put(&ring, &event), event.frame < RING_EVENTS);
	for (; next < 5; next++) {
		assert_int_equal(gw_ring_peek(&ring)->event.frame, next);
		gw_ring_drop(&ring);
	}
	event.frame = 100000;
	assert_true(gw_ring_put(&ring, &event));
	assert_int_equal(ring.lost, 0);
	for (; next < RING_EVENTS; next++) {
		assert_int_equal(gw_ring_peek(&ring)->event.frame, next);
		assert_int_equal(gw_ring_peek(&ring)->lost, 0);
		gw_ring_drop(&ring);
	}
	assert_int_equal(gw_ring_peek(&ring)->event.frame, 100000);
	assert_int_equal(gw_ring_peek(&ring)->lost, 10);
	gw_ring_fini(&ring);
}

/* ---- control ---- */

struct bed {
	struct gw_control control;
	struct gw_counters counters;
	struct gw_routes *routes;
	char path[64];
	void *region;
	size_t size;
	struct usher_tracker *tracker;
	usher_time now;
};

static struct bed *open_bed(void)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	struct usher_options options = { .size = sizeof(options), .connections = 5000, .connections6 = 100, .sink = gw_control_sink };

	assert_non_null(bed);
	options.sink_user = &bed->control;
	bed->size = (usher_size(&options) + 4095) / 4096 * 4096;
	bed->region = aligned_alloc(4096, bed->size);
	memset(bed->region, 0, bed->size);
	bed->tracker = usher_init(bed->region, bed->size, &options);
	assert_non_null(bed->tracker);
	bed->routes = calloc(1, sizeof(*bed->routes));
	bed->counters = (struct gw_counters){ .count = gateway_counts, .routes = bed->routes,
					      .worker = usher_worker(bed->tracker, 0), .control = &bed->control.counts };
	snprintf(bed->path, sizeof(bed->path), "/tmp/usher-test-%ld.sock", (long)getpid());
	bed->control.poll = bed->control.listener = -1;
	bed->now = NET_START;
	assert_true(gw_control_init(&bed->control, bed->path, bed->tracker, &bed->counters));
	return bed;
}

static void close_bed(struct bed *bed)
{
	struct stat there;

	gw_control_fini(&bed->control);
	assert_int_equal(lstat(bed->path, &there), -1);
	free(bed->region);
	free(bed->routes);
	free(bed);
}

static int connect_to(struct bed *bed)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, bed->path, strlen(bed->path) + 1);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void turn(struct bed *bed)
{
	gw_control_run(&bed->control, bed->now);
}

/* As the gateway does it: for as long as something is to do. false: it would go on for ever. */
static bool turns(struct bed *bed)
{
	for (unsigned i = 0; i < 5000; i++) {
		struct pollfd fd = { .fd = bed->control.poll, .events = POLLIN };

		if (poll(&fd, 1, 0) == 0 && !gw_control_due(&bed->control))
			return true;
		turn(bed);
	}
	return false;
}

static void udp_burst(struct bed *bed, uint32_t first, uint32_t count)
{
	static uint8_t bytes[USHER_BURST_MAX][128];
	struct usher_packet packets[USHER_BURST_MAX];
	struct usher_endpoint src = net_end("10.0.0.2:1"), dst = net_end("10.0.0.9:53");

	for (uint32_t done = 0; done < count;) {
		uint32_t n;

		for (n = 0; n < USHER_BURST_MAX && done < count; n++, done++) {
			src.key = 1 + (first + done) % 60000;
			packets[n] = (struct usher_packet){ .data = bytes[n], .len = net_udp(bytes[n], &src, &dst, "x", 1) };
		}
		usher_process(bed->control.asked.worker, packets, n, bed->now);
	}
}

/* What has come: counts rows by their event's name, and keeps the last. -1: the other side closed. */
struct seen {
	char left[20000];
	size_t len;
	uint32_t rows, conns, news, lost_rows;
	uint64_t lost;
	char last[32], text[256];
	bool closed;
};

static void take_line(struct seen *seen, const char *line, size_t len)
{
	json_t *row = json_loadb(line, len, 0, NULL);
	const char *name = json_string_value(json_object_get(row, "event"));

	assert_non_null(name);
	seen->rows++;
	seen->conns += strcmp(name, "conn") == 0;
	seen->news += strcmp(name, "conn_new") == 0;
	if (strcmp(name, "lost") == 0) {
		seen->lost_rows++;
		seen->lost += (uint64_t)json_integer_value(json_object_get(row, "count"));
	}
	snprintf(seen->last, sizeof(seen->last), "%s", name);
	if (json_object_get(row, "text") != NULL)
		snprintf(seen->text, sizeof(seen->text), "%s", json_string_value(json_object_get(row, "text")));
	json_decref(row);
}

static void take(int fd, struct seen *seen, size_t most)
{
	ssize_t got;

	while (most > 0 && (got = recv(fd, seen->left + seen->len, most < 4096 ? most : 4096, MSG_DONTWAIT)) >= 0) {
		char *end;

		if (got == 0) {
			seen->closed = true;
			return;
		}
		most -= (size_t)got;
		seen->len += (size_t)got;
		while ((end = memchr(seen->left, '\n', seen->len)) != NULL) {
			size_t len = (size_t)(end - seen->left) + 1;

			take_line(seen, seen->left, len);
			seen->len -= len;
			memmove(seen->left, seen->left + len, seen->len);
		}
	}
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void control_lists(void **state)
{
	struct bed *bed = open_bed();
	struct seen seen = { 0 };
	struct stat there;
	int fd = connect_to(bed);

	(void)state;
	assert_int_equal(lstat(bed->path, &there), 0);
	assert_int_equal(there.st_mode & 0777, 0660);
	assert_true(turns(bed));
	take(fd, &seen, SIZE_MAX);
	assert_string_equal(seen.last, "hello");
	udp_burst(bed, 0, 3000);
	say(fd, "{\"command\":\"list\",\"proto\":\"udp\"}\n");
	for (unsigned i = 0; strcmp(seen.last, "done") != 0 && i < 100; i++) {
		uint32_t before = seen.rows;

		turn(bed);
		take(fd, &seen, SIZE_MAX);
		assert_true(seen.rows - before <= CONTROL_ROWS + 1); /* a turn is bounded */
		udp_burst(bed, 3000 + i, 1); /* traffic goes on */
	}
	assert_string_equal(seen.last, "done");
	assert_true(seen.conns >= 3000 && seen.conns <= 3100);
	say(fd, "{\"command\":\"flush\"}\n");
	assert_true(turns(bed));
	take(fd, &seen, SIZE_MAX);
	assert_string_equal(seen.last, "done");
	assert_int_equal(usher_counter_get(bed->counters.worker, USHER_COUNTER_CONNECTIONS),
			 usher_counter_get(bed->counters.worker, USHER_COUNTER_ENDED));
	say(fd, "{\"command\":\"stats\"}"); /* the last line may lack its end, and then it is over at once */
	shutdown(fd, SHUT_WR);
	assert_true(turns(bed));
	take(fd, &seen, SIZE_MAX);
	assert_string_equal(seen.last, "done");
	assert_true(seen.closed);
	assert_int_equal(bed->control.counts.connected, 0);
	close(fd);
	close_bed(bed);
}

/* Who reads nothing is waited for without work, and gets all of it when he reads. */
static void control_slow_list(void **state)
{
	struct bed *bed = open_bed();
	struct seen seen = { 0 };
	int fd = connect_to(bed);

	(void)state;
	udp_burst(bed, 0, 4000);
	say(fd, "{\"command\":\"list\"}\n");
	assert_true(turns(bed)); /* comes to rest, though the list is not over */
	bed->now += 100 * USHER_SECOND; /* a pager may take its time */
	assert_true(turns(bed));
	for (unsigned i = 0; strcmp(seen.last, "done") != 0 && !seen.closed && i < 5000; i++) {
		take(fd, &seen, 3000);
		assert_true(turns(bed));
	}
	assert_string_equal(seen.last, "done");
	assert_int_equal(seen.conns, 4000);
	close(fd);
	close_bed(bed);
}

/* No event is made but for watchers; a slow one loses some, is told each, and those told and lost are all. */
static void control_watches(void **state)
{
	struct bed *bed = open_bed();
	struct seen slow = { 0 }, quick = { 0 };
	int fds[2] = { connect_to(bed), connect_to(bed) };
	uint32_t made = 0;

	(void)state;
	say(fds[0], "{\"command\":\"watch\",\"events\":[\"conn_new\"]}\n");
	say(fds[1], "{\"command\":\"watch\",\"events\":[\"conn_new\",\"conn_destroy\"],\"dport\":53}\n");
	assert_true(turns(bed));
	assert_int_equal(bed->control.counts.watchers, 2);
	for (; made < 20000; made += 50) {
		udp_burst(bed, made, 50);
		bed->now += USHER_SECOND;
		assert_true(turns(bed));
		take(fds[1], &quick, SIZE_MAX);
		usher_tick(bed->control.asked.worker, bed->now, 100000);
		assert_true(turns(bed));
	}
	take(fds[1], &quick, SIZE_MAX);
	assert_int_equal(quick.news, made);
	assert_int_equal(quick.lost, 0);
	assert_true(bed->control.counts.lost > 0);
	for (unsigned i = 0; i < 20000 && slow.news + slow.lost < made; i++) {
		take(fds[0], &slow, 4000);
		assert_true(turns(bed));
	}
	assert_int_equal(slow.news + slow.lost, made);
	assert_int_equal(slow.lost, bed->control.counts.lost);
	assert_true(slow.lost_rows >= 1);
	close(fds[0]);
	close(fds[1]);
	assert_true(turns(bed));
	assert_int_equal(bed->control.counts.watchers, 0);
	udp_burst(bed, 0, 10); /* nobody watches: nothing is due */
	assert_false(gw_control_due(&bed->control));
	close_bed(bed);
}

/* Too many, too silent, too long, nonsense: one error, and closed. */
static void control_refuses(void **state)
{
	static const char *const nonsense[] = { "\n", "{\n", "{\"command\":\"delete\"}\n" };
	struct bed *bed = open_bed();
	int fds[CONTROL_CLIENTS + 1];
	struct seen seen = { 0 };

	(void)state;
	for (unsigned i = 0; i <= CONTROL_CLIENTS; i++)
		fds[i] = connect_to(bed);
	assert_true(turns(bed));
	take(fds[CONTROL_CLIENTS], &seen, SIZE_MAX);
	assert_string_equal(seen.text, "too many clients already");
	assert_true(seen.closed);
	assert_int_equal(bed->control.counts.busy, 1);
	for (unsigned i = 0; i < COUNT_OF(nonsense); i++) {
		seen = (struct seen){ 0 };
		say(fds[i], nonsense[i]);
		assert_true(turns(bed));
		take(fds[i], &seen, SIZE_MAX);
		assert_string_equal(seen.last, "error");
		assert_true(seen.closed && seen.rows == 2);
	}
	bed->now += CONTROL_IDLE;
	turn(bed);
	assert_true(turns(bed));
	assert_int_equal(bed->control.counts.connected, 0);
	seen = (struct seen){ 0 };
	take(fds[9], &seen, SIZE_MAX);
	assert_string_equal(seen.text, "nothing was asked for 30 seconds");
	for (unsigned i = 0; i <= CONTROL_CLIENTS; i++)
		close(fds[i]);
	close_bed(bed);
}

/* A request of the longest length is read however it is cut; one byte more is refused. */
static void control_long(void **state)
{
	for (unsigned more = 0; more < 2; more++) {
		struct bed *bed = open_bed();
		struct seen seen = { 0 };
		int fd = connect_to(bed);
		static char text[CTL_REQUEST_MAX + 2];
		size_t len = CTL_REQUEST_MAX + more, sent = 0;

		(void)state;
		memset(text, ' ', sizeof(text));
		memcpy(text, "{\"command\":\"list\"", 17);
		text[len - 2] = '}';
		text[len - 1] = '\n';
		while (sent < len) {
			size_t piece = len - sent < 777 ? len - sent : 777;
			ssize_t now = send(fd, text + sent, piece, MSG_NOSIGNAL);

			if (now < 0)
				break;
			sent += (size_t)now;
			assert_true(turns(bed));
		}
		assert_true(turns(bed));
		take(fd, &seen, SIZE_MAX);
		assert_string_equal(seen.last, more ? "error" : "done");
		close(fd);
		close_bed(bed);
	}
}

/* Without a descriptor for the next client the gateway does not turn in circles, and who waits is served when one comes free. */
static void control_no_descriptor(void **state)
{
	struct bed *bed = open_bed();
	struct rlimit all, few;
	struct seen seen = { 0 };
	int first = connect_to(bed), second;

	(void)state;
	assert_true(turns(bed));
	second = connect_to(bed);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = (struct rlimit){ (rlim_t)second + 1, all.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_true(turns(bed));
	assert_int_equal(bed->control.counts.connected, 1);
	close(first);
	assert_true(turns(bed));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	assert_int_equal(bed->control.counts.clients, 2);
	take(second, &seen, SIZE_MAX);
	assert_string_equal(seen.last, "hello");
	close(second);
	close_bed(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_copies),     cmocka_unit_test(ring_loses),      cmocka_unit_test(control_lists),
		cmocka_unit_test(control_slow_list), cmocka_unit_test(control_watches), cmocka_unit_test(control_refuses),
		cmocka_unit_test(control_long),    cmocka_unit_test(control_no_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
