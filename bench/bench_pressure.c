/*
 * bench/pressure: what a packet of an established connection costs while the table is full and a flood goes on, what a packet
 * of the flood costs, and what survives.
 *
 * Method: 1,000 established TCP connections in a table of 262,144 that a flood of the same kind has filled before the clock
 * starts. Bursts of 32, half of them of the established connections in random order, half of the flood, by eights; packets are
 * built outside the clock, in chunks. Time of mixed bursts cannot be told apart by packet, so three kinds of chunks are timed in
 * turn: established alone, flood alone, both mixed. `mixed_ns` is for a packet of the mixed bursts; `established_ns` what is left
 * of these for an established packet when each flood packet costs what it does alone. One line of JSON each.
 */
#include <usher/usher.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define CHUNK 8192u
#define BURST 32u
#define ESTABLISHED 1000u
#define NOW USHER_SECOND

enum flood { NO_FLOOD, SYN_PREFIX, SYN_RANDOM, UDP_PREFIX, UDP_RANDOM };

static const char *const flood_names[] = { "none", "syn-prefix", "syn-random", "udp-prefix", "udp-random" };

static _Alignas(64) uint8_t chunk[CHUNK][64];
static uint32_t sent[ESTABLISHED]; /* bytes of data that each client has sent */
static uint64_t seed;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint32_t random_number(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 32);
}

static void put32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

/* A TCP packet between client `number` and the server. */
static void tcp(uint8_t *p, uint32_t number, bool reply, uint8_t flags, uint32_t seq)
{
	static const uint8_t head[40] = { 0x45, 0, 0, 40, [8] = 64, [9] = USHER_TCP, [32] = 0x50, [34] = 0xff, [35] = 0xff };
	uint32_t client = 10u << 24 | 1u << 16 | number, server = 192u << 24 | 168u << 16 | 257u, port = 20000 + number;

	memcpy(p, head, sizeof(head));
	put32(p + 12, reply ? server : client);
	put32(p + 16, reply ? client : server);
	put32(p + 20, reply ? 80u << 16 | port : port << 16 | 80u);
	put32(p + 24, seq);
	put32(p + 28, reply ? 1001 : 5001);
	p[33] = flags;
}

/* The next packet of an established connection: an ACK, no data, so that any order will do. */
static void established(uint8_t *p)
{
	uint32_t number = random_number() % ESTABLISHED;

	sent[number]++;
	tcp(p, number, sent[number] & 1, 16, sent[number] & 1 ? 5001 : 1001);
}

static void flood(uint8_t *p, enum flood kind)
{
	bool udp = kind == UDP_PREFIX || kind == UDP_RANDOM, prefix = kind == SYN_PREFIX || kind == UDP_PREFIX;
	uint32_t source = random_number();

	tcp(p, 0, false, 2, source);
	put32(p + 12, prefix ? 203u << 24 | (source & 255) : (source & 0x7fffffffu) | 1u << 28);
	put32(p + 20, (random_number() & 0xffff0000u) | (udp ? 53u : 80u));
	if (!udp)
		return;
	p[9] = USHER_UDP;
	memset(p + 24, 0, 4);
	p[25] = 20;
}

static struct usher_worker *open_tracker(uint32_t connections, void **region, size_t *size)
{
	struct usher_options o = { .size = sizeof(o), .connections = connections, .connections6 = 16, .flags = USHER_LIVE };

	*size = usher_size(&o);
	*region = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (*region == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	memset(*region, 0, *size); /* page faults are not what is asked */
	return usher_worker(usher_init(*region, *size, &o), 0);
}

/* Handshakes. */
static void begin_established(struct usher_worker *w)
{
	struct usher_packet packet = { .data = chunk[0], .len = 64, .checksum = USHER_CHECKSUM_GOOD };
	uint32_t i;

	for (i = 0; i < ESTABLISHED; i++) {
		tcp(chunk[0], i, false, 2, 1000);
		put32(chunk[0] + 28, 0);
		usher_process(w, &packet, 1, NOW);
		tcp(chunk[0], i, true, 18, 5000);
		usher_process(w, &packet, 1, NOW);
		tcp(chunk[0], i, false, 16, 1001);
		usher_process(w, &packet, 1, NOW);
	}
}

/* Seconds for the packets of the chunk. */
static double process_chunk(struct usher_worker *w)
{
	struct usher_packet packets[BURST];
	double begin;
	uint32_t i, k;

	memset(packets, 0, sizeof(packets));
	begin = seconds();
	for (i = 0; i < CHUNK; i += BURST) {
		for (k = 0; k < BURST; k++) {
			packets[k].data = chunk[i + k];
			packets[k].len = 64;
			packets[k].checksum = USHER_CHECKSUM_GOOD;
		}
		usher_process(w, packets, BURST, NOW);
	}
	return seconds() - begin;
}

/* Seconds for a chunk in which of 16 packets `of` are of the flood. */
static double measure(struct usher_worker *w, enum flood kind, uint32_t of)
{
	uint32_t i;

	for (i = 0; i < CHUNK; i++)
		if (i % 16 < of)
			flood(chunk[i], kind);
		else
			established(chunk[i]);
	return process_chunk(w);
}

static uint32_t survivors(struct usher_worker *w)
{
	uint64_t position = 0;
	struct usher_conn conn;
	uint32_t n = 0;

	while (usher_conn_next(w, &position, &conn))
		n += (conn.flags & USHER_CONN_ASSURED) != 0;
	return n;
}

static void run(enum flood kind, uint32_t connections, uint32_t packets)
{
	double alone = 0, mixed = 0, of_flood = 0;
	size_t size;
	void *region;
	struct usher_worker *w = open_tracker(connections, &region, &size);
	uint32_t stayed, done;

	seed = 1;
	begin_established(w);
	for (done = 0; kind != NO_FLOOD && done < connections + connections / 4; done += CHUNK)
		measure(w, kind, 16); /* the table is full */
	measure(w, kind, 0);
	for (done = 0; done < packets; done += CHUNK) { /* in turn: what disturbs one disturbs all */
		alone += measure(w, kind, 0);
		if (kind == NO_FLOOD)
			continue;
		of_flood += measure(w, kind, 16);
		mixed += measure(w, kind, 8);
	}
	alone *= 1e9 / done;
	of_flood *= 1e9 / done;
	mixed *= 1e9 / done;
	stayed = survivors(w);
	printf("{\"bench\":\"pressure\",\"flood\":\"%s\",\"table\":%u,\"alone_ns\":%.1f,", flood_names[kind], connections, alone);
	if (kind != NO_FLOOD)
		printf("\"mixed_ns\":%.1f,\"flood_ns\":%.1f,\"established_ns\":%.1f,", mixed, of_flood, 2 * mixed - of_flood);
	printf("\"established\":%u,\"survived\":%u,\"evicted\":%llu,\"refused\":%llu}\n", ESTABLISHED, stayed,
	       (unsigned long long)usher_counter_get(w, USHER_COUNTER_EVICTED),
	       (unsigned long long)usher_counter_get(w, USHER_COUNTER_REFUSED));
	munmap(region, size);
	if (stayed == ESTABLISHED)
		return;
	fprintf(stderr, "bench_pressure: %u established connections of %u survived\n", stayed, ESTABLISHED);
	exit(1);
}

int main(void)
{
	bool quick = getenv("BENCH_QUICK");
	uint32_t connections = quick ? 16384 : 262144, packets = quick ? 65536 : 1u << 21;
	enum flood kind;

	for (kind = NO_FLOOD; kind <= UDP_RANDOM; kind++)
		run(kind, connections, packets);
	return 0;
}
