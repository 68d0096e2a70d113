/*
 * embed: usher in a program of your own, in about 60 lines.
 *
 * Gives a tracker its memory, feeds it the packets of a small FTP session made here, and prints what it is told: the connection,
 * the announcement, what is expected, and that the server's data connection is related to it. It needs libusher alone:
 * cc embed.c $(pkg-config --cflags --libs usher)
 */
#include <usher/usher.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void told(void *user, const struct usher_event *event)
{
	(void)user;
	printf("%-12s frame %u", usher_event_name(event->type), (unsigned)event->frame);
	if (event->type == USHER_EVENT_ANNOUNCE)
		printf(": %s, port %u, %s", event->u.announce.kind, (unsigned)event->u.announce.listener.key,
		       event->u.announce.accepted ? "accepted" : event->u.announce.code);
	else if (event->conn)
		printf(": connection %u, %s %s, master %u", (unsigned)event->conn->id, event->conn->protocol,
		       event->conn->state ? event->conn->state : "", (unsigned)event->conn->master);
	printf("\n");
}

struct line { /* of the session: one TCP segment */
	int from_client;
	unsigned sport, dport, flags;
	uint32_t number[2]; /* sequence, acknowledgement */
	const char *text;
};

static const struct line session[] = {
	{ 1, 40000, 21, 0x02, { 100, 0 }, "" },                    /* SYN */
	{ 0, 21, 40000, 0x12, { 500, 101 }, "" },                  /* SYN ACK */
	{ 1, 40000, 21, 0x10, { 101, 501 }, "" },
	{ 1, 40000, 21, 0x18, { 101, 501 }, "PORT 10,0,0,2,4,5" }, /* a command in two segments */
	{ 1, 40000, 21, 0x18, { 118, 501 }, "\r\n" },
	{ 0, 20, 1029, 0x02, { 900, 0 }, "" },                     /* the server's data connection */
};

/* The packet as a driver would hand it over, without its link layer. Client 10.0.0.2, server 192.0.2.1. */
static uint32_t write_packet(uint8_t *p, const struct line *l)
{
	const uint8_t address[2][4] = { { 10, 0, 0, 2 }, { 192, 0, 2, 1 } };
	uint32_t len = 40 + (uint32_t)strlen(l->text), i;
	const uint8_t head[40] = { 0x45, 0, 0, (uint8_t)len, [8] = 64, [9] = USHER_TCP,
		[20] = (uint8_t)(l->sport >> 8), [21] = (uint8_t)l->sport, [22] = (uint8_t)(l->dport >> 8),
		[23] = (uint8_t)l->dport,
		[32] = 0x50, [33] = (uint8_t)l->flags, [34] = 0xff, [35] = 0xff };

	memcpy(p, head, 40);
	memcpy(p + 12, address[!l->from_client], 4);
	memcpy(p + 16, address[l->from_client], 4);
	for (i = 0; i < 8; i++)
		p[24 + i] = (uint8_t)(l->number[i / 4] >> (24 - i % 4 * 8));
	memcpy(p + 40, l->text, len - 40);
	return len;
}

int main(void)
{
	struct usher_options options = { .size = sizeof(options), .connections = 1000, .helped = 100, .sink = told };
	size_t size = usher_size(&options);
	void *region = aligned_alloc(4096, size); /* or mmap; zeroed, and what is not used is never touched */
	struct usher_tracker *tracker = region ? usher_init(memset(region, 0, size), size, &options) : NULL;
	uint32_t i;

	if (!tracker) {
		fprintf(stderr, "embed: %s\n", usher_error(&options) ? usher_error(&options) : "no memory");
		return 1;
	}
	for (i = 0; i < sizeof(session) / sizeof(session[0]); i++) {
		uint8_t bytes[128];
		struct usher_packet packet = { .data = bytes, .frame = i + 1 };

		packet.len = write_packet(bytes, &session[i]);
		usher_process(usher_worker(tracker, 0), &packet, 1, (i + 1) * USHER_SECOND);
		if (packet.verdict != USHER_ACCEPT || packet.state == USHER_INVALID)
			return 1;
		if (i == 5 && packet.state != USHER_RELATED)
			return 1;
	}
	free(region);
	return 0;
}
