/*
 * bench/rewrite: what translating a packet costs by itself: addresses, keys, checksums.
 *
 * Method: 128 packets that are decoded beforehand and lie in the nearest cache, as they do when a burst comes to be
 * translated, each to a tuple of its own and in every round another; the figure is the median over the rounds of the
 * mean over a round. The packets' checksums are right at the end, else there is no figure. One line of JSON each.
 */
#include "packet/rewrite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PACKETS 128u
#define PACKET  96u
#define ROUNDS  20001u
#define TIMES   8u /* a round: the clock's own cost must not show */

static _Alignas(64) uint8_t data[PACKETS][PACKET];
static struct pkt decoded[PACKETS];
static struct pkt_rewrite tuples[2][PACKETS];
static uint8_t addresses[2][PACKETS][32];
static double spent[ROUNDS];

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint8_t next_byte(void)
{
	static uint32_t seed = 1;

	seed = seed * 1664525u + 1013904223u;
	return (uint8_t)(seed >> 24 & 0x7f); /* no group, nobody's */
}

static void put_checksum(uint8_t *packet, const struct pkt *p, uint32_t len)
{
	uint32_t at = p->l4 + (p->protocol == USHER_TCP ? 16 : 6);
	uint32_t sum = usher__csum_pseudo(p->family, packet, p->protocol, len - p->l4);
	uint16_t value = usher__csum_fold(usher__csum_add(sum, packet + p->l4, len - p->l4));

	packet[at] = (uint8_t)(value >> 8);
	packet[at + 1] = (uint8_t)value;
	if (p->family == USHER_IPV4) {
		value = usher__csum_fold(usher__csum_add(0, packet, 20));
		packet[10] = (uint8_t)(value >> 8);
		packet[11] = (uint8_t)value;
	}
}

static void build(uint32_t number, uint8_t family, uint8_t protocol)
{
	uint8_t *packet = data[number];
	uint32_t l4 = family == USHER_IPV4 ? 20 : 40, size = protocol == USHER_TCP ? 20 : 8, len = l4 + size + 10, i, k;

	memset(packet, 0, PACKET);
	if (family == USHER_IPV4) {
		packet[0] = 0x45;
		packet[3] = (uint8_t)len;
		packet[8] = 64;
		packet[9] = protocol;
	} else {
		packet[0] = 0x60;
		packet[5] = (uint8_t)(len - l4);
		packet[6] = protocol;
		packet[7] = 64;
	}
	for (i = family == USHER_IPV4 ? 12 : 8; i < l4 + 4; i++)
		packet[i] = next_byte();
	if (protocol == USHER_TCP)
		packet[l4 + 12] = 0x50;
	else
		packet[l4 + 5] = (uint8_t)(len - l4);
	usher__pkt_decode(&decoded[number], packet, len, len, 0);
	put_checksum(packet, &decoded[number], len);
	for (k = 0; k < 2; k++) {
		struct pkt_rewrite *to = &tuples[k][number];

		for (i = 0; i < 32; i++)
			addresses[k][number][i] = next_byte();
		to->src = addresses[k][number];
		to->dst = addresses[k][number] + 16;
		to->src_key = (uint16_t)(next_byte() << 8 | 1);
		to->dst_key = (uint16_t)(next_byte() << 8 | 2);
	}
}

static void check(void)
{
	uint32_t i;

	for (i = 0; i < PACKETS; i++) {
		struct pkt p;
		uint32_t len = decoded[i].ip_len;

		usher__pkt_decode(&p, data[i], len, len, PKT_VERIFY);
		if (p.reason != USHER_REASON_NONE || !(p.flags & PKT_CSUM_CHECKED)) {
			fprintf(stderr, "bench_rewrite: a wrong checksum\n");
			exit(1);
		}
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void run(const char *name, uint8_t family, uint8_t protocol, bool partial)
{
	uint32_t rounds = getenv("BENCH_QUICK") ? 501 : ROUNDS, round, i, k;
	double begin;

	for (i = 0; i < PACKETS; i++)
		build(i, family, protocol);
	for (round = 0; round < rounds; round++) {
		begin = seconds();
		for (k = 0; k < TIMES; k++)
			for (i = 0; i < PACKETS; i++)
				usher__pkt_translate(data[i], &decoded[i], &tuples[k & 1][i], partial);
		spent[round] = (seconds() - begin) * 1e9 / (TIMES * PACKETS);
	}
	if (!partial)
		check();
	qsort(spent, rounds, sizeof(spent[0]), by_size);
	printf("{\"bench\":\"rewrite\",\"family\":%u,\"protocol\":\"%s\",\"partial\":%s,\"ns\":%.2f}\n", family, name,
	       partial ? "true" : "false", spent[rounds / 2]);
}

int main(void)
{
	run("tcp", USHER_IPV4, USHER_TCP, false);
	run("udp", USHER_IPV4, USHER_UDP, false);
	run("tcp", USHER_IPV4, USHER_TCP, true);
	run("tcp", USHER_IPV6, USHER_TCP, false);
	run("udp", USHER_IPV6, USHER_UDP, false);
	return 0;
}
