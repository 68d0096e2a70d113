/*
 * bench/new: how many new connections a second, and how many bytes a connection takes.
 *
 * Method: SYNs (or first UDP packets) of tuples never seen before, bursts of 32, into a table that has room; packets are built
 * outside the clock, in chunks. Ended connections are not part of it. Bytes: resident memory that each connection adds, with its
 * share of the index, due ticks and cold part. One line of JSON each.
 */
#include <usher/usher.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define CHUNK 8192u
#define BURST 32u

static _Alignas(64) uint8_t chunk[CHUNK][64];

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void build(uint8_t *p, uint32_t number, bool tcp)
{
	static const uint8_t head[2][40] = {
		{ 0x45, 0, 0, 50, [8] = 64, [9] = USHER_UDP, [12] = 10, [16] = 192, 168, 1, 1, [23] = 53, [25] = 30 },
		{ 0x45, 0, 0, 40, [8] = 64, [9] = USHER_TCP, [12] = 10, [16] = 192, 168, 1, 1, [23] = 80,
		  [32] = 0x50, 2, 0xff, 0xff },
	};
	uint32_t mixed = number * 2654435761u;

	memcpy(p, head[tcp], 40);
	p[13] = (uint8_t)(mixed >> 24);
	p[14] = (uint8_t)(mixed >> 16);
	p[15] = (uint8_t)(mixed >> 8);
	p[20] = (uint8_t)(number >> 16 | 4);
	p[21] = (uint8_t)(mixed);
	p[18] = (uint8_t)(number >> 8);
	p[19] = (uint8_t)number;
}

static void run(bool tcp, uint32_t connections)
{
	struct usher_options o = { .size = sizeof(o), .connections = connections + 1024, .connections6 = 16, .flags = USHER_LIVE };
	size_t size = usher_size(&o);
	void *region = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct usher_worker *w;
	struct usher_packet packets[BURST];
	double spent = 0, begin;
	uint32_t made, i, k;

	if (region == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	memset(region, 0, size); /* page faults are not what is asked */
	w = usher_worker(usher_init(region, size, &o), 0);
	memset(packets, 0, sizeof(packets));
	for (made = 0; made + CHUNK <= connections; made += CHUNK) {
		for (i = 0; i < CHUNK; i++)
			build(chunk[i], made + i, tcp);
		begin = seconds();
		for (i = 0; i < CHUNK; i += BURST) {
			for (k = 0; k < BURST; k++) {
				packets[k].data = chunk[i + k];
				packets[k].len = 64;
				packets[k].checksum = USHER_CHECKSUM_GOOD;
			}
			usher_process(w, packets, BURST, USHER_SECOND);
		}
		spent += seconds() - begin;
	}
	if (usher_counter_get(w, USHER_COUNTER_CONNECTIONS) != made) {
		fprintf(stderr, "bench_new: %llu connections of %u\n",
			(unsigned long long)usher_counter_get(w, USHER_COUNTER_CONNECTIONS), made);
		exit(1);
	}
	printf("{\"bench\":\"new\",\"protocol\":\"%s\",\"connections\":%u,\"ns\":%.1f,\"per_second\":%.0f}\n",
	       tcp ? "tcp" : "udp", made, spent * 1e9 / made, made / spent);
	munmap(region, size);
}

/* Pages of this process in memory, in bytes. */
static double resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long all = 0, here = 0;

	if (!f || fscanf(f, "%lu %lu", &all, &here) != 2)
		here = 0;
	if (f)
		fclose(f);
	return (double)here * 4096;
}

/* What `connections` take: records, index, due ticks and cold part, as pages that were touched. */
static void bytes(uint32_t connections)
{
	struct usher_options o = { .size = sizeof(o), .connections = connections + 1024, .connections6 = 16, .flags = USHER_LIVE };
	size_t size = usher_size(&o);
	void *region = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct usher_worker *w = region == MAP_FAILED ? NULL : usher_worker(usher_init(region, size, &o), 0);
	struct usher_packet packet = { .data = chunk[0], .len = 64, .checksum = USHER_CHECKSUM_GOOD };
	double before = resident();
	uint32_t i;

	for (i = 0; w && i < connections; i++) {
		build(chunk[0], i, true);
		usher_process(w, &packet, 1, USHER_SECOND);
	}
	printf("{\"bench\":\"memory\",\"connections\":%u,\"bytes\":%.1f}\n", connections, (resident() - before) / connections);
	munmap(region, size);
}

int main(void)
{
	uint32_t connections = getenv("BENCH_QUICK") ? 32768 : 1u << 20;

	run(true, connections);
	run(false, connections);
	bytes(connections);
	return 0;
}
