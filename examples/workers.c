/*
 * workers: usher in a program with several threads, behind one public address.
 *
 * Each thread has a worker, and what comes by its queue. Here each makes its own packets: FTP sessions of clients inside, of which
 * it keeps those that belong to its worker, as a network card or a dispatcher would that asks usher_owner. Clients leave by
 * 203.0.113.1, with a port that the worker has there; so the server's answers and its data connection belong to the same worker,
 * and no thread waits for another. cc workers.c $(pkg-config --cflags --libs usher) -pthread; workers [THREADS [SESSIONS]]
 */
#include <usher/usher.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 16u
#define ROOM        128u /* behind each packet: a line that NAT changes may grow */

static const uint8_t public[4] = { 203, 0, 113, 1 };

struct thread {
	struct usher_tracker *tracker;
	uint32_t number, sessions; /* of this worker; to make, of which some are others' */
	uint32_t kept, related;    /* sessions of its own; their data connections */
	uint64_t events;
	usher_time now;
	const char *wrong;         /* NULL: nothing */
};

struct end {
	uint8_t address[4];
	uint16_t port;
};

struct packet {
	uint8_t bytes[512];
	uint32_t len;
};

/* A new connection from 10.0.0.0/8 leaves by the public address, and a control connection gets its helper. */
static void policy(void *user, const struct usher_new *new, struct usher_decision *decision)
{
	(void)user;
	if (new->orig.src.address[0] != 10) {
		decision->drop = true;
		return;
	}
	decision->helper = new->orig.dst.key == 21 ? "ftp" : NULL;
	decision->source.family = USHER_IPV4;
	memcpy(decision->source.first, public, 4);
}

/* Called by the thread whose packet it was: each counts for itself. */
static void told(void *user, const struct usher_event *event)
{
	struct thread *threads = user;

	if (event->conn)
		threads[event->conn->ref.worker].events++;
}

static struct packet segment(
        const struct end *src, const struct end *dst, uint8_t flags, uint32_t seq, uint32_t ack, const char *text)
{
	struct packet p = { .len = 40 + (uint32_t)strlen(text) };
	const uint8_t head[40] = { 0x45, [3] = (uint8_t)p.len, [8] = 64, [9] = USHER_TCP,
				   [20] = (uint8_t)(src->port >> 8), [21] = (uint8_t)src->port,
				   [22] = (uint8_t)(dst->port >> 8), [23] = (uint8_t)dst->port,
				   [32] = 0x50, [33] = flags, [34] = 0xff, [35] = 0xff };
	uint32_t i;

	memcpy(p.bytes, head, sizeof(head));
	memcpy(p.bytes + 12, src->address, 4);
	memcpy(p.bytes + 16, dst->address, 4);
	for (i = 0; i < 4; i++) {
		p.bytes[24 + i] = (uint8_t)(seq >> (24 - 8 * i));
		p.bytes[28 + i] = (uint8_t)(ack >> (24 - 8 * i));
	}
	memcpy(p.bytes + 40, text, p.len - 40);
	return p;
}

/* Who a packet is from as it left. */
static struct end source_of(const struct packet *p)
{
	struct end e = { .port = (uint16_t)(p->bytes[20] << 8 | p->bytes[21]) };

	memcpy(e.address, p->bytes + 12, 4);
	return e;
}

/* To the worker. false: it is another's, or it is dropped. */
static bool give(struct thread *t, struct packet *p, enum usher_state state)
{
	struct usher_packet packet = { .data = p->bytes, .len = p->len, .tailroom = ROOM, .checksum = USHER_CHECKSUM_GOOD };

	if (usher_owner(t->tracker, &packet) != t->number)
		return false;
	usher_process(usher_worker(t->tracker, t->number), &packet, 1, t->now);
	p->len = packet.len;
	return packet.verdict == USHER_ACCEPT && packet.state == state;
}

/* What the server reads in PORT. 0: none. */
static uint16_t announced(const struct packet *p)
{
	unsigned n[6];
	char text[100] = "";

	memcpy(text, p->bytes + 40, p->len - 40 < 99 ? p->len - 40 : 99);
	if (sscanf(text, "PORT %u,%u,%u,%u,%u,%u", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) != 6 || n[0] != public[0])
		return 0;
	return (uint16_t)(n[4] << 8 | n[5]);
}

/* One FTP session with a data connection. Returns what went wrong; NULL: nothing, or it is another worker's. */
static const char *session(struct thread *t, uint32_t number)
{
	const struct end client = { { 10, 0, (uint8_t)(number >> 6), (uint8_t)(2 + number % 64) },
		(uint16_t)(20000 + number % 4000) };
	const struct end server = { { 192, 0, 2, (uint8_t)(1 + number % 250) }, 21 },
	                 data_server = { { 192, 0, 2, server.address[3] }, 20 };
	const struct end listener = { { 10, 0, client.address[2], client.address[3] }, 1029 };
	struct packet p = segment(&client, &server, 0x02, 100, 0, "");
	char line[64];
	struct end outside;

	if (!give(t, &p, USHER_NEW))
		return NULL;
	t->kept++;
	outside = source_of(&p);
	p = segment(&server, &outside, 0x12, 500, 101, "");
	if (!give(t, &p, USHER_ESTABLISHED))
		return "the answer does not come back";
	p = segment(&client, &server, 0x10, 101, 501, "");
	if (!give(t, &p, USHER_ESTABLISHED))
		return "the handshake does not end";
	snprintf(line, sizeof(line), "PORT 10,0,%u,%u,4,5\r\n", client.address[2], client.address[3]);
	p = segment(&client, &server, 0x18, 101, 501, line);
	if (!give(t, &p, USHER_ESTABLISHED) || !announced(&p))
		return "the announcement is not translated";
	outside.port = announced(&p);
	p = segment(&data_server, &outside, 0x02, 900, 0, "");
	if (!give(t, &p, USHER_RELATED) || memcmp(p.bytes + 16, listener.address, 4) != 0)
		return "the data connection does not come to the client";
	p = segment(&listener, &data_server, 0x12, 700, 901, "");
	if (!give(t, &p, USHER_ESTABLISHED) || source_of(&p).port != outside.port)
		return "its answer does not leave as it came";
	t->related++;
	p = segment(&client, &server, 0x14, 101 + (uint32_t)strlen(line), 501, ""); /* RST: it is over */
	return give(t, &p, USHER_ESTABLISHED) ? NULL : "the end does not pass";
}

static void *run(void *user)
{
	struct thread *t = user;

	for (uint32_t i = 0; i < t->sessions && !t->wrong; i++) {
		t->now += USHER_SECOND / 10;
		t->wrong = session(t, i);
		(void)usher_tick(usher_worker(t->tracker, t->number), t->now, 64);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct thread thread[THREADS_MAX];
	pthread_t id[THREADS_MAX];
	uint32_t threads = argc > 1 ? (uint32_t)atoi(argv[1]) : 4, sessions = argc > 2 ? (uint32_t)atoi(argv[2]) : 1000;
	struct usher_options options = { .size = sizeof(options), .workers = threads, .connections = 4096, .helped = 512,
					 .policy = policy, .sink = told, .sink_user = thread };
	struct usher_public_name name = { .address.family = USHER_IPV4 };
	size_t size = usher_size(&options);
	void *region = size ? aligned_alloc(4096, size) : NULL;
	struct usher_tracker *tracker = region ? usher_init(memset(region, 0, size), size, &options) : NULL;
	uint32_t kept = 0, related = 0;
	uint64_t events = 0;
	int status = 0;

	memcpy(name.address.address, public, 4);
	if (threads < 1 || threads > THREADS_MAX || !tracker || !usher_set_public(tracker, &name, 1)) {
		fprintf(stderr, "workers: %s\n", usher_error(&options) ? usher_error(&options) : "1 to 16 threads");
		return 1;
	}
	for (uint32_t i = 0; i < threads; i++) {
		thread[i] = (struct thread){ .tracker = tracker, .number = i, .sessions = sessions, .now = USHER_SECOND };
		if (pthread_create(&id[i], NULL, run, &thread[i]) != 0)
			return 1;
	}
	for (uint32_t i = 0; i < threads; i++) {
		pthread_join(id[i], NULL);
		printf("worker %u: %u sessions, %u data connections, %llu events%s%s\n", i, thread[i].kept, thread[i].related,
		       (unsigned long long)thread[i].events, thread[i].wrong ? ": " : "", thread[i].wrong ? thread[i].wrong : "");
		kept += thread[i].kept;
		related += thread[i].related;
		events += thread[i].events;
		status |= thread[i].wrong != NULL;
	}
	printf("%u of %u sessions, each with one worker; %u data connections, %llu events\n", kept, sessions, related,
	       (unsigned long long)events);
	free(region);
	return status || kept != sessions || related != sessions;
}
