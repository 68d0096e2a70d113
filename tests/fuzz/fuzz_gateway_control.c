/*
 * gateway/control with all behind it: any bytes from a client, in pieces, while packets come. Laws: it comes to rest; what comes back
 * are lines of JSON with "event", the greeting first, one last row for each request and nothing behind an error that closes; when the
 * client has no more to say the gateway hangs up, unless he watches; nothing of him is left.
 *
 * Input: a byte that says how long pieces are, then what the client writes.
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "gateway/control.h"
#include "gateway/count.h"
#include "../unit/net.h"

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

#define CONNS 40u

struct bed {
	struct gw_control control;
	struct gw_counters counters;
	struct gw_routes *routes;
	uint64_t counts[GW_COUNTER_COUNT];
	struct usher_tracker *tracker;
	usher_time now;
	char path[64];
};

static struct bed bed;

static void set_up(void)
{
	struct usher_options options = { .size = sizeof(options), .connections = 200, .connections6 = 10, .sink = gw_control_sink,
					 .sink_user = &bed.control };
	size_t size = (usher_size(&options) + 4095) / 4096 * 4096;
	void *region = aligned_alloc(4096, size);

	REQUIRE(region != NULL);
	memset(region, 0, size);
	bed.tracker = usher_init(region, size, &options);
	bed.routes = calloc(1, sizeof(*bed.routes));
	REQUIRE(bed.tracker != NULL && bed.routes != NULL);
	bed.counters = (struct gw_counters){ .count = bed.counts, .routes = bed.routes, .worker = usher_worker(bed.tracker, 0),
					     .control = &bed.control.counts };
	snprintf(bed.path, sizeof(bed.path), "/tmp/usher-fuzz-%ld.sock", (long)getpid());
	bed.now = NET_START;
}

static void packets(uint32_t first, uint32_t count)
{
	struct usher_endpoint src = net_end("10.0.0.2:1"), dst = net_end("10.0.0.9:53");
	uint8_t bytes[128];

	for (uint32_t i = 0; i < count; i++) {
		struct usher_packet packet = { .data = bytes };

		src.key = 1 + (first + i) % CONNS;
		packet.len = net_udp(bytes, &src, &dst, "x", 1);
		usher_process(bed.control.asked.worker, &packet, 1, bed.now);
	}
}

static int connect_to(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, bed.path, strlen(bed.path) + 1);
	REQUIRE(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

/* What came back, one line after the other. */
struct heard {
	char *text;
	size_t len, size;
	bool closed;
};

static void hear(int fd, struct heard *heard)
{
	ssize_t got;

	do {
		if (heard->size - heard->len < 65536) {
			heard->size += 262144;
			heard->text = realloc(heard->text, heard->size);
			REQUIRE(heard->text != NULL);
		}
		got = recv(fd, heard->text + heard->len, 65536, MSG_DONTWAIT);
		heard->len += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	heard->closed |= got == 0;
}

static void rest(int fd, struct heard *heard)
{
	for (unsigned i = 0;; i++) {
		struct pollfd waiting = { .fd = bed.control.poll, .events = POLLIN };

		if (poll(&waiting, 1, 0) == 0 && !gw_control_due(&bed.control))
			return;
		REQUIRE(i < 100000);
		gw_control_run(&bed.control, bed.now);
		hear(fd, heard);
	}
}

/* Returns whether he watches at the end. */
static bool judge(const struct heard *heard, size_t requests)
{
	size_t ends = 0;
	bool watching = false, first = true;

	for (size_t at = 0; at < heard->len;) {
		const char *end = memchr(heard->text + at, '\n', heard->len - at);
		json_t *row;
		const char *name;

		REQUIRE(end != NULL);
		row = json_loadb(heard->text + at, (size_t)(end - heard->text) - at, JSON_REJECT_DUPLICATES, NULL);
		name = json_string_value(json_object_get(row, "event"));
		REQUIRE(name != NULL && first == (strcmp(name, "hello") == 0));
		ends += strcmp(name, "done") == 0 || strcmp(name, "error") == 0;
		watching |= strcmp(name, "watching") == 0;
		first = false;
		at = (size_t)(end - heard->text) + 1;
		json_decref(row);
	}
	REQUIRE(!first && ends <= requests);
	return watching;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct heard heard = { 0 };
	size_t requests = 1;
	bool watching;
	int fd;

	if (size < 1 || size > 4096)
		return 0;
	if (bed.tracker == NULL)
		set_up();
	memset(&bed.control, 0, sizeof(bed.control));
	bed.control.poll = bed.control.listener = -1;
	REQUIRE(gw_control_init(&bed.control, bed.path, bed.tracker, &bed.counters));
	packets(0, CONNS);
	fd = connect_to();
	rest(fd, &heard);
	for (size_t at = 1; at < size && !heard.closed;) {
		size_t piece = size - at <= data[0] ? size - at : data[0] + 1u;

		for (size_t i = at; i < at + piece; i++)
			requests += data[i] == '\n';
		if (send(fd, data + at, piece, MSG_NOSIGNAL) < 0)
			break;
		at += piece;
		packets((uint32_t)at, 3);
		rest(fd, &heard);
	}
	shutdown(fd, SHUT_WR);
	rest(fd, &heard);
	watching = judge(&heard, requests);
	REQUIRE(watching != heard.closed);
	close(fd);
	rest(fd, &heard);
	REQUIRE(bed.control.counts.connected == 0 && bed.control.counts.watchers == 0);
	gw_control_fini(&bed.control);
	bed.now += USHER_SECOND;
	usher_tick(usher_worker(bed.tracker, 0), bed.now, 1000);
	free(heard.text);
	return 0;
}
