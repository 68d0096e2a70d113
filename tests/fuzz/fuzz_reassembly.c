/*
 * Fragments: any bytes as fragments, and any packet cut and put together again.
 *
 *	byte 0		bit 0: what follows is a packet, to be cut; else packets, two bytes of length before each
 *	bytes 1, 2	the most bytes that a fragment may have
 *	bytes 3 to 18	for a packet: in which order its fragments come, which of them twice
 *
 * Held to be true: a fragment is never longer than asked; fragments of one packet in any order, some twice, are that packet again,
 * told with the last; whatever else comes, what is told to be whole is an IP packet of the length that its header says;
 * never more datagrams wait than there is room for, and late ones are forgotten.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <usher/usher.h>

#include "packet/reassembly.h"

#define DATAGRAMS 4u
#define PIECES    64u
#define ORDER     16u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
}

static struct reassembly *fresh(void)
{
	static const uint8_t seed[32];
	static struct hash_key key;
	static struct reassembly *r;
	size_t size = usher__reassembly_size(DATAGRAMS);

	if (!r)
		r = aligned_alloc(64, (size + 63) & ~(size_t)63);
	must(r != NULL, "memory");
	memset(r, 0, size);
	hash_key_init(&key, seed);
	usher__reassembly_init(r, DATAGRAMS, &key);
	return r;
}

/* Exactly its bytes, to be freed. */
static uint8_t *copy_of(const uint8_t *data, uint32_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	must(copy != NULL, "memory");
	memcpy(copy, data, len);
	return copy;
}

/* `p` gets it decoded; of what is no fragment the result is NONE. */
static enum reassembly_result add(struct reassembly *r, const uint8_t *data, uint32_t len, usher_time now, struct pkt *p,
				  struct reassembled *out)
{
	usher__pkt_decode(p, data, len, len, 0);
	if (p->reason != USHER_REASON_FRAGMENT || p->flags & PKT_TRUNCATED)
		return REASSEMBLY_NONE;
	return usher__reassembly_add(r, p, data, 7, now, out);
}

static void check_whole(const struct reassembled *whole)
{
	struct pkt p;

	usher__pkt_decode(&p, whole->data, whole->len, whole->len, PKT_VERIFY);
	/* In IPv6 a fragment may have been cut once more: nobody does, and nobody puts it together. */
	must(p.family && (p.reason != USHER_REASON_FRAGMENT || p.family == USHER_IPV6) &&
	                p.reason != USHER_REASON_IP_HEADER && p.reason != USHER_REASON_IP_CHECKSUM,
	        "it is no packet");
	must(p.reason == USHER_REASON_IP_OPTION || p.ip_len == whole->len, "its length");
	/* It may be written to, and grow. */
	memset(whole->data - whole->headroom, 1, whole->headroom);
	memset(whole->data + whole->len, 1, whole->tailroom);
}

static void any_packets(const uint8_t *at, const uint8_t *end)
{
	struct reassembly *r = fresh();
	usher_time now = USHER_SECOND;

	while (end - at > 2) {
		uint32_t len = (uint32_t)at[0] << 8 | at[1];
		struct reassembled whole;
		uint8_t *copy;
		struct pkt p;

		at += 2;
		now += (len >> 12) * USHER_SECOND * 8;
		len &= 4095;
		len = len < end - at ? len : (uint32_t)(end - at);
		copy = copy_of(at, len);
		if (add(r, copy, len, now, &p, &whole) == REASSEMBLY_WHOLE)
			check_whole(&whole);
		free(copy);
		must(usher__reassembly_used(r) <= DATAGRAMS, "too many wait");
		if (len & 1)
			usher__reassembly_release(r);
		at += len;
	}
	(void)usher__reassembly_expire(r, now + 61 * USHER_SECOND);
	must(usher__reassembly_used(r) == 0, "it is late and waits");
}

static void check_same(const struct reassembled *whole, const uint8_t *packet, uint32_t len)
{
	bool ipv4 = packet[0] >> 4 == 4;

	must(whole->len == len, "another length");
	for (uint32_t i = 0; i < len; i++)
		must(whole->data[i] == packet[i] || (ipv4 && (i == 6 || i == 10 || i == 11 || i == 2 || i == 3)) ||
		     (!ipv4 && (i == 4 || i == 5)), "another packet");
}

/* One that can be cut. */
static bool is_fit(const uint8_t *packet, uint32_t len, struct pkt *p)
{
	usher__pkt_decode(p, packet, len, len, 0);
	if (!p->family || p->reason == USHER_REASON_FRAGMENT || p->ip_len != len || len > 65535 ||
	        p->reason == USHER_REASON_IP_HEADER || p->reason == USHER_REASON_IP_ADDRESS ||
	        p->reason == USHER_REASON_IP_OPTION)
		return false;
	return p->family == USHER_IPV4 || ((uint32_t)packet[4] << 8 | packet[5]) + 40 == len;
}

static void one_packet(const uint8_t *data, uint32_t most, const uint8_t *order, const uint8_t *end)
{
	uint32_t len = (uint32_t)(end - data), position = 0, count = 0, i;
	uint8_t *copy = copy_of(data, len), *piece[PIECES];
	const struct usher_packet packet = { .data = copy, .len = len };
	uint32_t piece_len[PIECES];
	struct reassembled whole;
	enum reassembly_result result = REASSEMBLY_HELD;
	struct reassembly *r = fresh();
	struct pkt p, q;
	bool fit = is_fit(copy, len, &p);

	most += 28;
	for (;;) {
		uint8_t *out = malloc(most);
		uint32_t n;

		must(out != NULL, "memory");
		n = usher_fragment(&packet, most, 77, &position, out);
		must(n <= most, "a fragment is longer than asked");
		if (!n || count == PIECES) {
			fit = fit && !n;
			free(out);
			break;
		}
		piece[count] = out;
		piece_len[count++] = n;
	}
	fit = fit && count > 1 && position + (p.family == USHER_IPV4 ? p.l4 : 40) >= len;
	for (i = 0; i + 1 < count; i++) {
		uint32_t k = i + order[i % ORDER] % (count - i), n = piece_len[i];
		uint8_t *swap = piece[i];

		piece[i] = piece[k];
		piece[k] = swap;
		piece_len[i] = piece_len[k];
		piece_len[k] = n;
	}
	for (i = 0; i < count && fit; i++) {
		result = add(r, piece[i], piece_len[i], 5, &q, &whole);
		fit = q.reason == USHER_REASON_FRAGMENT; /* a first one must have the whole chain of headers (RFC 7112) */
		if (!fit)
			break;
		must(result == (i + 1 < count ? REASSEMBLY_HELD : REASSEMBLY_WHOLE), "it is not put together");
		if (i + 1 < count && order[i % ORDER] & 128)
			must(add(r, piece[i], piece_len[i], 5, &q, &whole) == REASSEMBLY_AGAIN, "a second time");
	}
	if (fit && result == REASSEMBLY_WHOLE) {
		check_same(&whole, copy, len);
		check_whole(&whole);
	}
	for (i = 0; i < count; i++)
		free(piece[i]);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 20)
		return 0;
	if (data[0] & 1)
		one_packet(data + 3 + ORDER, (uint32_t)data[1] << 8 | data[2], data + 3, data + size);
	else
		any_packets(data + 3, data + size);
	return 0;
}
