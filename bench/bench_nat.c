/*
 * bench/nat: what NAT adds to a packet of an established connection, and to a new connection.
 *
 * Method: three trackers hold the same connections, one without NAT, one that translates their source (masquerade
 * behind one address, keys shared), one that translates their destination (a port forward). They take turns, chunk by
 * chunk, over the same random choice of connections, half of the packets in each direction, so that all see the same
 * machine. Chunks of 8192 packets of 64 bytes are built outside the clock and processed in bursts of 32. Checksums are
 * vouched for, as by a NIC; the packets may be fragmented, so NAT writes their identification, too: its dearest case.
 * Figures are medians over the chunks, what is added is the median of the differences of one turn. New connections:
 * first packets of tuples never seen, into tables with room. One line of JSON for each size and protocol. Arguments:
 * one size, one protocol; else all.
 */
#include <usher/usher.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define CHUNK 8192u
#define BURST 32u
#define PACKET 64u
#define TRACKERS 3u

enum kind { NONE, SOURCE, DESTINATION };

struct bench {
	void *region;
	size_t size;
	struct usher_worker *w;
	enum kind kind;
	uint16_t *port;  /* SOURCE: the public port of each connection, as its first packet left */
	double *ns;      /* of each turn */
};

static _Alignas(64) uint8_t chunk[CHUNK][PACKET];
static uint32_t chosen[CHUNK]; /* a connection's number, and the direction in the top bit */
static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void *memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(p, size, MADV_HUGEPAGE);
	return p;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* ---- packets ---- */

#define PUBLIC 0xcb007101u  /* 203.0.113.1 */
#define INSIDE 0xac100001u  /* 172.16.0.1, where the forward leads */
#define INSIDE_PORT 8443u

/* A packet of connection `number` as it comes to this tracker; flags 0: UDP. */
static void build(const struct bench *b, uint8_t *p, uint32_t number, bool reply, uint8_t flags)
{
	uint32_t client = 0x0a000000u + number / 16, server = 0xc0a80000u + (number * 2654435761u >> 20);
	uint32_t port = 1024 + (number & 15) * 4096 + (number * 40503u >> 8 & 0xfff), server_port = 443;

	if (reply && b->kind == SOURCE) {
		client = PUBLIC;
		port = b->port[number];
	} else if (reply && b->kind == DESTINATION) {
		server = INSIDE;
		server_port = INSIDE_PORT;
	}
	memset(p, 0, PACKET);
	p[0] = 0x45;
	put16(p + 2, flags & 2 ? 40 : 50);
	p[8] = 64;
	p[9] = flags ? USHER_TCP : USHER_UDP;
	put32(p + 12, reply ? server : client);
	put32(p + 16, reply ? client : server);
	put16(p + 20, reply ? server_port : port);
	put16(p + 22, reply ? port : server_port);
	if (!flags) {
		put16(p + 24, 30);
		put16(p + 26, 0x1234); /* a checksum, which NAT must mend */
		return;
	}
	put32(p + 24, (reply ? 5000u : 1000u) + (flags & 2 ? 0 : 1));
	put32(p + 28, flags == 2 ? 0 : reply ? 1001 : 5001);
	p[32] = 0x50;
	p[33] = flags;
	put16(p + 34, 65535);
	put16(p + 36, 0x1234);
}

static void give(struct usher_worker *w, uint32_t count, usher_time now)
{
	struct usher_packet packets[BURST];
	uint32_t i, done;

	memset(packets, 0, sizeof(packets));
	for (done = 0; done < count; done += BURST) {
		uint32_t n = count - done < BURST ? count - done : BURST;

		for (i = 0; i < n; i++) {
			packets[i].data = chunk[done + i];
			packets[i].len = PACKET;
			packets[i].wire_len = PACKET;
			packets[i].checksum = USHER_CHECKSUM_GOOD;
		}
		usher_process(w, packets, n, now);
	}
}

/* ---- trackers ---- */

static void fill(struct usher_nat *nat, uint32_t address, uint16_t key)
{
	nat->family = USHER_IPV4;
	put32(nat->first, address);
	put32(nat->last, address);
	nat->key_first = nat->key_last = key;
}

static void policy(void *user, const struct usher_new *new, struct usher_decision *decision)
{
	const struct bench *b = user;

	(void)new;
	if (b->kind == SOURCE)
		fill(&decision->source, PUBLIC, 0);
	else if (b->kind == DESTINATION)
		fill(&decision->destination, INSIDE, INSIDE_PORT);
}

static void open_tracker(struct bench *b, enum kind kind, uint32_t connections, uint32_t turns)
{
	struct usher_options o = { .size = sizeof(o), .connections = connections + connections / 8 + 1024, .connections6 = 16,
				   .flags = USHER_LIVE, .policy = policy, .policy_user = b };

	memset(b, 0, sizeof(*b));
	b->kind = kind;
	b->size = usher_size(&o);
	b->region = memory(b->size);
	memset(b->region, 0, b->size); /* page faults are not what is asked */
	b->w = usher_worker(usher_init(b->region, b->size, &o), 0);
	b->port = calloc(connections, sizeof(*b->port));
	b->ns = calloc(turns, sizeof(*b->ns));
	if (!b->w || !b->port || !b->ns) {
		fprintf(stderr, "bench_nat: no memory\n");
		exit(1);
	}
}

static void close_tracker(struct bench *b, uint32_t connections)
{
	uint64_t translated = usher_counter_get(b->w, USHER_COUNTER_TRANSLATED);

	if (usher_counter_get(b->w, USHER_COUNTER_INVALID) || usher_counter_get(b->w, USHER_COUNTER_CONNECTIONS) != connections ||
	    translated != (b->kind == NONE ? 0 : connections)) {
		fprintf(stderr, "bench_nat: kind %d: %llu invalid, %llu connections of %u, %llu translated\n", (int)b->kind,
			(unsigned long long)usher_counter_get(b->w, USHER_COUNTER_INVALID),
			(unsigned long long)usher_counter_get(b->w, USHER_COUNTER_CONNECTIONS), connections,
			(unsigned long long)translated);
		exit(1);
	}
	munmap(b->region, b->size);
	free(b->port);
	free(b->ns);
}

/* One packet of each connection from `first` on, and how long they took. */
static double step(struct bench *b, uint32_t first, uint32_t n, unsigned which, bool tcp, usher_time now)
{
	static const uint8_t flags[] = { 2, 18, 16 };
	double begin;
	uint32_t i;

	for (i = 0; i < n; i++)
		build(b, chunk[i], first + i, which == 1, tcp ? flags[which] : 0);
	begin = seconds();
	give(b->w, n, now);
	begin = seconds() - begin;
	for (i = 0; i < n && which == 0 && b->kind == SOURCE; i++)
		b->port[first + i] = (uint16_t)(chunk[i][20] << 8 | chunk[i][21]);
	return begin;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *of, uint32_t n)
{
	qsort(of, n, sizeof(*of), compare);
	return of[n / 2];
}

static void print(const char *name, bool tcp, uint32_t connections, struct bench *b, uint32_t turns)
{
	double *adds[TRACKERS], none;
	uint32_t i, t;

	for (t = 1; t < TRACKERS; t++) {
		adds[t] = calloc(turns, sizeof(double));
		if (!adds[t])
			exit(1);
		for (i = 0; i < turns; i++)
			adds[t][i] = b[t].ns[i] - b[0].ns[i];
	}
	none = median(b[NONE].ns, turns);
	printf("{\"bench\":\"%s\",\"protocol\":\"%s\",\"connections\":%u,\"burst\":%u,\"none_ns\":%.1f,\"source_ns\":%.1f,"
	       "\"destination_ns\":%.1f,\"source_adds_ns\":%.1f,\"destination_adds_ns\":%.1f",
	        name, tcp ? "tcp" : "udp", connections, BURST, none, median(b[SOURCE].ns, turns),
	        median(b[DESTINATION].ns, turns), median(adds[SOURCE], turns), median(adds[DESTINATION], turns));
	if (!strcmp(name, "nat-new"))
		printf(",\"none_per_second\":%.0f,\"source_per_second\":%.0f,\"destination_per_second\":%.0f", 1e9 / none,
		       1e9 / median(b[SOURCE].ns, turns), 1e9 / median(b[DESTINATION].ns, turns));
	printf("}\n");
	fflush(stdout);
	free(adds[SOURCE]);
	free(adds[DESTINATION]);
}

/* All connections: their first packets are the figure for new ones. Then TCP's handshake goes on, UDP becomes a stream. */
static void establish(struct bench *b, uint32_t connections, bool tcp, usher_time *now)
{
	uint32_t first, n, t, turn = 0;
	unsigned which;

	for (which = 0; which < 3; which++) {
		for (first = 0; first < connections; first += n) {
			n = connections - first < CHUNK ? connections - first : CHUNK;
			for (t = 0; t < TRACKERS; t++) {
				double took = step(&b[t], first, n, which, tcp, *now);

				if (which == 0)
					b[t].ns[turn] = took * 1e9 / n;
			}
			turn += which == 0;
		}
		*now += 3 * USHER_SECOND;
	}
	print("nat-new", tcp, connections, b, turn);
}

static void run(uint32_t connections, bool tcp, uint32_t turns)
{
	struct bench b[TRACKERS];
	usher_time now = USHER_SECOND;
	uint32_t i, k, t, new_turns = connections / CHUNK + 1;
	double begin;

	for (t = 0; t < TRACKERS; t++)
		open_tracker(&b[t], (enum kind)t, connections, turns > new_turns ? turns : new_turns);
	establish(b, connections, tcp, &now);
	for (i = 0; i < turns; i++) {
		for (k = 0; k < CHUNK; k++)
			chosen[k] = (uint32_t)(next_random() % connections) | (next_random() & 1 ? 0x80000000u : 0);
		now += 1000000;
		for (t = 0; t < TRACKERS; t++) {
			struct bench *one = &b[(t + i) % TRACKERS]; /* nobody is always the first */

			for (k = 0; k < CHUNK; k++)
				build(one, chunk[k], chosen[k] & 0x7fffffff, chosen[k] >> 31, tcp ? 24 : 0);
			begin = seconds();
			give(one->w, CHUNK, now);
			one->ns[i] = (seconds() - begin) * 1e9 / CHUNK;
		}
	}
	print("nat", tcp, connections, b, turns);
	for (t = 0; t < TRACKERS; t++)
		close_tracker(&b[t], connections);
}

int main(int argc, char **argv)
{
	const char *quick = getenv("BENCH_QUICK");
	uint32_t sizes[] = { 1000, 1000000 }, i;
	uint32_t only = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;

	for (i = 0; i < 2; i++) {
		if ((quick && sizes[i] > 100000) || (only && only != sizes[i]))
			continue;
		if (argc < 3 || !strcmp(argv[2], "tcp"))
			run(sizes[i], true, quick ? 21 : 401);
		if (argc < 3 || !strcmp(argv[2], "udp"))
			run(sizes[i], false, quick ? 21 : 401);
	}
	return 0;
}
