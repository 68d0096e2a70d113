/*
 * ICMP errors translated with what they quote: packets of every kind (rewrite_bed.h), quoted whole or in part, with RFC
 * 4884's extensions behind them or not, in errors whose checksum is right or wrong, that are whole or cut themselves.
 * What shall change does and nothing else; every checksum stays as right or as wrong as it was: the quoted header's,
 * the quoted transport's if it is there, and the error's, though most of what it covers has changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rewrite_bed.h"

#define ERRORS         200000u
#define EXTENSION      12u
#define EXTENDED_LEAST 128u

struct error {
	struct bed_packet inner, outer;
	uint32_t at;     /* of the quote */
	uint32_t quoted; /* bytes of the inner packet */
};

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The IP header of an error of family `o->family`, with an option or a header between now and then. */
static void make_outer(struct bed_packet *o, struct bed_random *r)
{
	bool more = bed_chance(r, 15);
	uint8_t *h = o->bytes;

	o->pseudo = o->family == 6;
	o->protocol = o->family == 4 ? USHER_ICMP : USHER_ICMPV6;
	o->l4 = (o->family == 4 ? 20u : 40u) + (more ? (o->family == 4 ? 4u : 8u) : 0u);
	o->src_at = o->family == 4 ? 12 : 8;
	o->dst_at = o->family == 4 ? 16 : 24;
	bed_fill(r, h, o->l4);
	h[0] = (uint8_t)(o->family == 4 ? 0x40 | o->l4 / 4 : 0x60);
	h[o->src_at] = 0x20;
	h[o->dst_at] = 0x20;
	if (o->family == 4) {
		put16(h + 6, 0);
		h[9] = USHER_ICMP;
		if (more)
			memset(h + 20, 1, 4);
	} else {
		h[6] = more ? 60 : USHER_ICMPV6;
		if (more)
			memcpy(h + 40, "\x3a\0\1\4\0\0\0\0", 8);
	}
	o->checksum = o->l4 + 2;
}

static void set_outer_length(struct bed_packet *o)
{
	o->len = o->have = o->all;
	o->covered = o->all - o->l4;
	if (o->family == 4) {
		put16(o->bytes + 2, o->all);
		bed_set_header_checksum(o->bytes);
	} else {
		put16(o->bytes + 4, o->all - 40);
	}
}

static void make_error(struct error *e, struct bed_random *r)
{
	struct bed_packet *o = &e->outer;
	bool extended = bed_chance(r, 20);
	uint8_t *l4;

	do
		bed_make(&e->inner, r, BED_QUOTABLE);
	while (e->inner.protocol == 135 || e->inner.protocol == 139); /* sizes of their own: nobody translates them */
	memset(o, 0, sizeof(*o));
	o->family = e->inner.family;
	make_outer(o, r);
	e->at = o->l4 + 8;
	e->quoted = e->inner.l4 + 8 + bed_below(r, e->inner.all - e->inner.l4 - 7);
	if (e->quoted > 600)
		e->quoted = 600;
	if (extended && e->quoted < EXTENDED_LEAST) /* no padding while there are bytes: RFC 4884 4 */
		e->quoted = e->inner.all < EXTENDED_LEAST ? e->inner.all : EXTENDED_LEAST;
	l4 = o->bytes + o->l4;
	l4[0] = o->family == 4 ? 3 : 1;
	l4[1] = (uint8_t)bed_below(r, 6);
	memcpy(o->bytes + e->at, e->inner.bytes, e->quoted);
	o->all = e->at + e->quoted;
	if (extended) {
		uint32_t size = e->quoted > EXTENDED_LEAST ? e->quoted & ~7u : EXTENDED_LEAST;

		if (e->quoted > size)
			e->quoted = size;
		l4[o->family == 4 ? 5 : 4] = (uint8_t)(o->family == 4 ? size / 4 : size / 8);
		memset(o->bytes + e->at + e->quoted, 0, size - e->quoted);
		bed_fill(r, o->bytes + e->at + size, EXTENSION);
		o->all = e->at + size + EXTENSION;
	}
	set_outer_length(o);
	o->partial = bed_chance(r, 10);
	bed_set_checksum(o, o->bytes);
	if (bed_chance(r, 25))
		put16(o->bytes + o->checksum, bed_next(r));
	if (bed_chance(r, 15) && o->all > e->at + e->inner.l4 + 8) /* cut by a capture */
		o->have = e->at + e->inner.l4 + 8 + bed_below(r, o->all - e->at - e->inner.l4 - 8);
}

/* As the bed's, of a packet inside another. */
static bool keys_known(const struct pkt *p)
{
	return p->payload >= p->l4 + 8;
}

static void check_inner(uint32_t number, const struct error *e, const struct pkt *p, const struct pkt_quote *q,
	const uint8_t *got)
{
	const struct bed_packet *m = &e->inner;
	uint32_t size = m->family == 4 ? 4 : 16, src_at = m->family == 4 ? 12 : 8, i;
	uint32_t here = e->outer.have - e->at < e->quoted ? e->outer.have - e->at : e->quoted;
	uint8_t want[BED_MOST], all[BED_MOST];
	bool sum_here = m->checksum && m->checksum + (m->crc ? 4 : 2) <= here;

	memcpy(want, m->bytes, m->all);
	memcpy(all, m->bytes, m->all);
	memcpy(all, got + e->at, here);
	memcpy(want + src_at, q->to.src, size);
	memcpy(want + src_at + size, q->to.dst, size);
	for (i = 0; i < 2; i++)
		if (keys_known(p) && m->key_at[i])
			put16(want + m->key_at[i], i ? q->to.dst_key : q->to.src_key);
	if (m->protocol == USHER_TCP) {
		uint8_t *seq = want + m->l4 + 4;
		uint32_t value = ((uint32_t)seq[0] << 24 | (uint32_t)seq[1] << 16 | (uint32_t)seq[2] << 8 | seq[3]) + q->seq_shift;

		put16(seq, value >> 16);
		put16(seq + 2, value & 0xffff);
	}
	if (m->family == 4)
		memcpy(want + 10, all + 10, 2);
	if (sum_here)
		memcpy(want + m->checksum, all + m->checksum, m->crc ? 4 : 2);
	if (memcmp(want, all, m->all) != 0)
		fail_msg("error %u, protocol %u: something else of the quote has changed", number, m->protocol);
	if (bed_header_error(all) != bed_header_error(m->bytes))
		fail_msg("error %u: the quoted header's checksum", number);
	if (!sum_here)
		return;
	if (m->never_zero && all[m->checksum] == 0 && all[m->checksum + 1] == 0)
		assert_memory_equal(all + m->checksum, m->bytes + m->checksum, 2);
	else if (bed_transport_error(m, all) != bed_transport_error(m, m->bytes))
		fail_msg("error %u, protocol %u: the quoted checksum", number, m->protocol);
}

static void check_outer(uint32_t number, const struct error *e, const struct pkt_rewrite *to, const uint8_t *got)
{
	const struct bed_packet *o = &e->outer;
	uint32_t size = o->family == 4 ? 4 : 16;
	uint8_t want[BED_MOST];

	memcpy(want, o->bytes, o->all);
	memcpy(want + o->src_at, to->src, size);
	memcpy(want + o->dst_at, to->dst, size);
	if (o->family == 4)
		memcpy(want + 10, got + 10, 2);
	memcpy(want + o->checksum, got + o->checksum, 2);
	if (memcmp(want, got, e->at) != 0)
		fail_msg("error %u: something else of its headers has changed", number);
	if (memcmp(want + e->at + e->quoted, got + e->at + e->quoted, o->all - e->at - e->quoted) != 0)
		fail_msg("error %u: what is behind the quote has changed", number);
	if (bed_header_error(got) != bed_header_error(o->bytes))
		fail_msg("error %u: its header's checksum", number);
	if (bed_transport_error(o, got) != bed_transport_error(o, o->bytes))
		fail_msg("error %u: its checksum, was wrong by %x, is by %x", number, bed_transport_error(o, o->bytes),
			bed_transport_error(o, got));
}

static bool decode(const struct error *e, struct pkt *outer, struct pkt *inner, const uint8_t *data)
{
	uint32_t offset = 0;
	bool told;

	usher__pkt_decode(outer, data, e->outer.have, e->outer.all, 0);
	told = usher__pkt_decode_quoted(inner, outer, data, e->outer.have, &offset);
	assert_true(!told || offset == e->at);
	return told;
}

static void check_one(uint32_t number, const struct error *e, struct bed_random *r, uint32_t *told)
{
	uint8_t inner_addresses[32], outer_addresses[32], got[BED_MOST], *data = malloc(e->outer.have);
	struct pkt outer, inner, again_outer, again;
	struct pkt_quote q = { .at = e->at, .p = &inner, .seq_shift = bed_chance(r, 50) ? 0 : bed_next(r) };
	struct pkt_rewrite outer_to;

	assert_non_null(data);
	memcpy(data, e->outer.bytes, e->outer.have);
	bed_tuple(r, &q.to, inner_addresses);
	bed_tuple(r, &outer_to, outer_addresses);
	if (!decode(e, &outer, &inner, data)) {
		free(data);
		return;
	}
	++*told;
	usher__pkt_translate_quote(data, &outer, &outer_to, &q, e->outer.partial);
	memcpy(got, e->outer.bytes, e->outer.all);
	memcpy(got, data, e->outer.have);
	check_outer(number, e, &outer_to, got);
	check_inner(number, e, &inner, &q, got);
	assert_true(decode(e, &again_outer, &again, data));
	assert_memory_equal(&again_outer, &outer, sizeof(outer));
	if (keys_known(&inner) && e->inner.key_at[0])
		inner.key[0] = q.to.src_key;
	if (keys_known(&inner) && (e->inner.key_at[0] || e->inner.key_at[1]))
		inner.key[1] = e->inner.key_at[1] ? q.to.dst_key : q.to.src_key;
	assert_memory_equal(&again, &inner, sizeof(inner));
	free(data);
}

static void test_many(void **state)
{
	struct bed_random r = { 5508 };
	uint32_t i, told = 0;

	(void)state;
	for (i = 0; i < ERRORS; i++) {
		struct error e;

		make_error(&e, &r);
		check_one(i, &e, &r, &told);
	}
	assert_true(told > ERRORS * 9 / 10);
}

/* A field that says the same, by the other zero. */
static void forgive_zero(uint8_t *data, const uint8_t *was, uint32_t at, uint32_t end)
{
	if (at + 2 <= end && bed_sum(data + at, 2) == 0 && bed_sum(was + at, 2) == 0)
		memcpy(data + at, was + at, 2);
}

static void test_back(void **state)
{
	struct bed_random r = { 4884 };
	uint32_t i;

	(void)state;
	for (i = 0; i < ERRORS; i++) {
		uint8_t there[2][32], back[2][32] = { { 0 } }, data[BED_MOST];
		struct pkt_rewrite outer_there, outer_back = { back[1], back[1] + 16, 0, 0 };
		struct pkt_quote q = { .seq_shift = bed_next(&r) };
		struct pkt outer, inner;
		struct error e;
		uint32_t size;

		make_error(&e, &r);
		size = e.outer.family == 4 ? 4 : 16;
		memcpy(data, e.outer.bytes, e.outer.all);
		if (!decode(&e, &outer, &inner, data))
			continue;
		q.at = e.at;
		q.p = &inner;
		bed_tuple(&r, &q.to, there[0]);
		bed_tuple(&r, &outer_there, there[1]);
		memcpy(back[0], data + e.at + e.outer.src_at, size);
		memcpy(back[0] + 16, data + e.at + e.outer.dst_at, size);
		memcpy(back[1], data + e.outer.src_at, size);
		memcpy(back[1] + 16, data + e.outer.dst_at, size);
		usher__pkt_translate_quote(data, &outer, &outer_there, &q, e.outer.partial);
		q.to = (struct pkt_rewrite){ back[0], back[0] + 16, inner.key[0], inner.key[1] };
		q.seq_shift = -q.seq_shift;
		usher__pkt_translate_quote(data, &outer, &outer_back, &q, e.outer.partial);
		if (e.outer.family == 4) {
			forgive_zero(data, e.outer.bytes, 10, e.outer.have);
			forgive_zero(data, e.outer.bytes, e.at + 10, e.outer.have);
		}
		forgive_zero(data, e.outer.bytes, e.outer.checksum, e.outer.have);
		if (e.inner.checksum && !e.inner.never_zero)
			forgive_zero(data, e.outer.bytes, e.at + e.inner.checksum, e.outer.have);
		if (memcmp(data, e.outer.bytes, e.outer.all) != 0)
			fail_msg("error %u, protocol %u: not the same again", i, e.inner.protocol);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
