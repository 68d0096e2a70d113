/*
 * bench/established: what a packet of an established connection costs, in random order, in bursts of 32, beside a bare bucket
 * table with 128-byte records in the same run.
 *
 * Method: chunks of 8192 packets of 64 bytes are built outside the clock, then processed; the two tables take turns, chunk by
 * chunk, so that both see the same machine. The bare table hashes the packet's tuple, finds its record through a bucket of tags
 * and counts the packet in it: the least that any tracker does. Checksums are vouched for, as by a NIC. One line of JSON for each
 * size and protocol; the figures are medians over the chunks. Arguments: one size, one protocol; else all.
 */
#include <usher/usher.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define CHUNK 8192u
#define BURST 32u
#define PACKET 64u

struct bare_bucket {
	uint8_t tag[12];
	uint32_t next;
	uint32_t record[12];
};

struct bare_record {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint32_t packets;
	uint64_t last;
	uint8_t line[40];
	uint64_t bytes;
	uint8_t rest[56];
};

static struct bare_bucket *bare_bucket;
static struct bare_record *bare_record;
static uint32_t bare_mask, bare_more;

static _Alignas(64) uint8_t chunk[CHUNK][PACKET];
static uint32_t chosen[CHUNK];
static uint32_t *sent; /* bytes that each connection has sent */
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

/* A packet of connection `number`; flags 0: UDP. */
static void build(uint8_t *p, uint32_t number, bool reply, uint8_t flags, uint32_t seq, uint32_t ack)
{
	uint32_t client = 0x0a000000u + number / 16, server = 0xc0a80000u + (number * 2654435761u >> 20);
	uint32_t port = 1024 + (number & 15) * 4096 + (number * 40503u >> 8 & 0xfff);

	memset(p, 0, PACKET);
	p[0] = 0x45;
	put16(p + 2, flags ? 50 : 50);
	p[8] = 64;
	p[9] = flags ? USHER_TCP : USHER_UDP;
	put32(p + 12, reply ? server : client);
	put32(p + 16, reply ? client : server);
	put16(p + 20, reply ? 443 : port);
	put16(p + 22, reply ? port : 443);
	if (!flags) {
		put16(p + 24, 30);
		return;
	}
	put32(p + 24, seq);
	put32(p + 28, ack);
	p[32] = 0x50;
	p[33] = flags;
	put16(p + 34, 65535);
	if (flags & 2)
		put16(p + 2, 40);
}

/* ---- usher ---- */

static void give(struct usher_worker *w, uint8_t (*data)[PACKET], uint32_t count, usher_time now)
{
	struct usher_packet packets[BURST];
	uint32_t i, done;

	memset(packets, 0, sizeof(packets));
	for (done = 0; done < count; done += BURST) {
		uint32_t n = count - done < BURST ? count - done : BURST;

		for (i = 0; i < n; i++) {
			packets[i].data = data[done + i];
			packets[i].len = PACKET;
			packets[i].wire_len = PACKET;
			packets[i].checksum = USHER_CHECKSUM_GOOD;
		}
		usher_process(w, packets, n, now);
	}
}

/* All connections, each with a handshake (TCP) or a packet both ways and one more later (UDP: a stream). */
static void establish(struct usher_worker *w, uint32_t connections, bool tcp, usher_time *now)
{
	uint32_t first, i, step, n;

	for (step = 0; step < 3; step++) {
		for (first = 0; first < connections; first += n) {
			n = connections - first < CHUNK ? connections - first : CHUNK;
			for (i = 0; i < n; i++)
				build(chunk[i], first + i, step == 1, tcp ? (uint8_t[]){ 2, 18, 16 }[step] : 0,
				      step == 1 ? 5000 : 1000 + (step > 0), step == 1 ? 1001 : 5001);
			give(w, chunk, n, *now);
		}
		*now += 3 * USHER_SECOND;
	}
}

/* ---- the bare table ---- */

static uint64_t bare_hash(const uint8_t *p)
{
	uint64_t a, b;
	uint32_t ports;

	memcpy(&a, p + 12, 8);
	memcpy(&ports, p + 20, 4);
	b = (a ^ (uint64_t)ports << 17) * 0x9e3779b97f4a7c15u;
	return b ^ b >> 29;
}

/* Bit i: slot i has the tag. */
static unsigned bare_match(const struct bare_bucket *b, uint64_t hash)
{
	uint8_t tag = (uint8_t)(hash >> 56) | 1;
#if defined(__SSE2__)
	__m128i tags = _mm_loadu_si128((const void *)b);

	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8((char)tag))) & 0xfff;
#else
	unsigned mask = 0, i;

	for (i = 0; i < 12; i++)
		mask |= (unsigned)(b->tag[i] == tag) << i;
	return mask;
#endif
}

static struct bare_record *bare_find(const uint8_t *p, uint64_t hash)
{
	struct bare_bucket *b = &bare_bucket[hash & bare_mask];

	for (;;) {
		unsigned mask;

		for (mask = bare_match(b, hash); mask; mask &= mask - 1) {
			struct bare_record *r = &bare_record[b->record[__builtin_ctz(mask)]];

			if (!memcmp(&r->src, p + 12, 8) && !memcmp(&r->sport, p + 20, 4))
				return r;
		}
		if (!b->next)
			return NULL;
		b = &bare_bucket[b->next];
	}
}

static void bare_insert(uint32_t number)
{
	uint8_t p[PACKET];
	uint64_t hash;
	struct bare_bucket *b;

	build(p, number, false, 16, 0, 0);
	hash = bare_hash(p);
	memcpy(&bare_record[number + 1].src, p + 12, 8);
	memcpy(&bare_record[number + 1].sport, p + 20, 4);
	for (b = &bare_bucket[hash & bare_mask];; b = &bare_bucket[b->next]) {
		uint32_t i;

		for (i = 0; i < 12; i++) {
			if (b->tag[i])
				continue;
			b->tag[i] = (uint8_t)(hash >> 56) | 1;
			b->record[i] = number + 1;
			return;
		}
		if (!b->next)
			b->next = bare_more++;
	}
}

static size_t bare_size(uint32_t connections)
{
	bare_mask = 63;
	while ((bare_mask + 1) * 7u < connections)
		bare_mask = bare_mask * 2 + 1;
	bare_more = bare_mask + 1;
	return ((size_t)bare_mask + 1) * 2 * sizeof(struct bare_bucket);
}

static void bare_chunk(uint32_t count, uint64_t now)
{
	uint64_t hash[BURST];
	struct bare_record *record[BURST];
	uint32_t done, i;

	for (done = 0; done < count; done += BURST) {
		for (i = 0; i < BURST; i++) {
			hash[i] = bare_hash(chunk[done + i]);
			__builtin_prefetch(&bare_bucket[hash[i] & bare_mask]);
		}
		for (i = 0; i < BURST; i++) {
			const struct bare_bucket *b = &bare_bucket[hash[i] & bare_mask];
			uint32_t k = b->record[__builtin_ctz(bare_match(b, hash[i]) | 0x800)];

			__builtin_prefetch(&bare_record[k], 1);
			__builtin_prefetch((char *)&bare_record[k] + 64, 1);
		}
		for (i = 0; i < BURST; i++) {
			record[i] = bare_find(chunk[done + i], hash[i]);
			record[i]->packets++;
			record[i]->last = now;
			record[i]->bytes += 50;
		}
	}
}

/* ---- the run ---- */

static void next_chunk(uint32_t connections, bool tcp)
{
	uint32_t i;

	for (i = 0; i < CHUNK; i++) {
		uint32_t number = (uint32_t)(next_random() % connections);

		chosen[i] = number;
		build(chunk[i], number, false, tcp ? 24 : 0, 1001 + sent[number], 5001);
		sent[number] += 10;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void run(uint32_t connections, bool tcp, uint32_t chunks)
{
	struct usher_options o = { .size = sizeof(o), .connections = connections + connections / 8 + 1024, .connections6 = 16,
				   .flags = USHER_LIVE };
	size_t size = usher_size(&o), buckets = bare_size(connections);
	void *region = memory(size);
	struct usher_worker *w = usher_worker(usher_init(region, size, &o), 0);
	double *usher_ns = calloc(chunks, sizeof(double)), *bare_ns = calloc(chunks, sizeof(double)), begin;
	usher_time now = USHER_SECOND;
	uint32_t i;

	sent = calloc(connections, sizeof(*sent));
	bare_bucket = memory(buckets);
	bare_record = memory(((size_t)connections + 1) * sizeof(struct bare_record));
	for (i = 0; i < connections; i++)
		bare_insert(i);
	establish(w, connections, tcp, &now);
	for (i = 0; i < chunks; i++) {
		next_chunk(connections, tcp);
		now += 1000000;
		begin = seconds();
		bare_chunk(CHUNK, now);
		bare_ns[i] = (seconds() - begin) * 1e9 / CHUNK;
		next_chunk(connections, tcp);
		begin = seconds();
		give(w, chunk, CHUNK, now);
		usher_ns[i] = (seconds() - begin) * 1e9 / CHUNK;
	}
	if (usher_counter_get(w, USHER_COUNTER_INVALID) || usher_counter_get(w, USHER_COUNTER_CONNECTIONS) != connections) {
		fprintf(stderr, "bench_established: %llu invalid, %llu connections of %u\n",
			(unsigned long long)usher_counter_get(w, USHER_COUNTER_INVALID),
			(unsigned long long)usher_counter_get(w, USHER_COUNTER_CONNECTIONS), connections);
		exit(1);
	}
	qsort(usher_ns, chunks, sizeof(double), compare);
	qsort(bare_ns, chunks, sizeof(double), compare);
	printf("{\"bench\":\"established\",\"protocol\":\"%s\",\"connections\":%u,\"burst\":%u,\"ns\":%.1f,\"bare_ns\":%.1f,"
	       "\"ratio\":%.2f,\"best_ns\":%.1f}\n", tcp ? "tcp" : "udp", connections, BURST, usher_ns[chunks / 2],
	       bare_ns[chunks / 2], usher_ns[chunks / 2] / bare_ns[chunks / 2], usher_ns[0]);
	fflush(stdout);
	munmap(region, size);
	munmap(bare_bucket, buckets);
	munmap(bare_record, ((size_t)connections + 1) * sizeof(struct bare_record));
	free(sent);
	free(usher_ns);
	free(bare_ns);
}

int main(int argc, char **argv)
{
	const char *quick = getenv("BENCH_QUICK");
	uint32_t sizes[] = { 1000, 1000000, 10000000 }, i;
	uint32_t only = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;

	for (i = 0; i < 3; i++) {
		if ((quick && sizes[i] > 100000) || (only && only != sizes[i]))
			continue;
		if (argc < 3 || !strcmp(argv[2], "tcp"))
			run(sizes[i], true, quick ? 20 : 400);
		if (argc < 3 || !strcmp(argv[2], "udp"))
			run(sizes[i], false, quick ? 20 : 400);
	}
	return 0;
}
