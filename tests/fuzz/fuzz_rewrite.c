/*
 * Fuzzes what changes packets. Input: a byte of switches, two bytes by which the packet was longer on the wire, a tuple
 * and numbers (44 bytes), and the packet.
 *
 * What must hold of any bytes: translated there and back they are the same, but for checksum fields that were the other
 * zero; in between the decoder reads what was asked for and else what it read before; no option, payload or quote is
 * written beyond its place; what is built about them is right. The bytes have an allocation of exactly their length.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/be.h"
#include "packet/build.h"
#include "packet/rewrite.h"

#define PREFIX   47u
#define TAILROOM 64u
#define NOWHERE  UINT32_MAX

enum { DCCP = 33, SCTP = 132, MOBILITY = 135, HIP = 139 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

struct input {
	bool partial;
	unsigned decode;
	uint8_t addresses[32]; /* not of groups, nor nobody's: the decoder would not have them */
	uint16_t key[2];
	uint32_t numbers[2];
	const uint8_t *packet;
	uint32_t len, wire_len;
};

/* A copy with so much room behind it, to be freed. */
static uint8_t *copy_of(const struct input *in, uint32_t room)
{
	uint8_t *copy = malloc(in->len + room ? in->len + room : 1);

	if (!copy)
		exit(0);
	memcpy(copy, in->packet, in->len);
	return copy;
}

/* Where its checksum is that may come back as the other zero; UDP's never does. */
static uint32_t checksum_at(const struct pkt *p)
{
	switch (p->protocol) {
	case USHER_TCP:
		return p->l4 + 16;
	case DCCP:
		return p->l4 + 6;
	case USHER_ICMP:
		return p->family == USHER_IPV4 ? p->l4 + 2 : NOWHERE;
	case USHER_ICMPV6:
		return p->family == USHER_IPV6 ? p->l4 + 2 : NOWHERE;
	case HIP:
		return p->l4 + 4;
	case MOBILITY:
		return p->family == USHER_IPV6 ? p->l4 + 4 : NOWHERE;
	default:
		return NOWHERE;
	}
}

/* A field that was one zero and came back as the other: complemented ones as 0, the sums of offload as 0xffff. */
static void forgive(const uint8_t *was, uint8_t *is, uint32_t at, uint32_t end, bool partial)
{
	if (at != NOWHERE && at + 2 <= end && be16_read(was + at) == (partial ? 0 : 0xffff) &&
		be16_read(is + at) == (partial ? 0xffff : 0))
		memcpy(is + at, was + at, 2);
}

static struct pkt_rewrite back_to(const struct pkt *p, const uint8_t *data, uint8_t *addresses)
{
	uint32_t size = p->family == USHER_IPV4 ? 4 : 16;

	memcpy(addresses, data + PKT_SRC_OFFSET(p->family), size);
	memcpy(addresses + 16, data + PKT_DST_OFFSET(p->family), size);
	return (struct pkt_rewrite){ addresses, addresses + 16, p->key[0], p->key[1] };
}

static struct pkt_rewrite there(const struct input *in)
{
	return (struct pkt_rewrite){ in->addresses, in->addresses + 16, in->key[0], in->key[1] };
}

static void check_translated(const struct input *in, const struct pkt *p, const uint8_t *data)
{
	struct pkt now, want = *p;
	uint32_t size = p->family == USHER_IPV4 ? 4 : 16;
	bool id = p->protocol == USHER_ICMP || p->protocol == USHER_ICMPV6;

	check(memcmp(data + PKT_SRC_OFFSET(p->family), in->addresses, size) == 0);
	check(memcmp(data + PKT_DST_OFFSET(p->family), in->addresses + 16, size) == 0);
	if (p->reason != USHER_REASON_NONE && p->reason != USHER_REASON_FRAGMENT)
		return; /* what was wrong with its addresses may no longer be */
	usher__pkt_decode(&now, data, in->len, in->wire_len, in->decode);
	if (p->flags & PKT_WIDE_KEY) {
		check(now.keys == p->keys);
	} else if (now.keys != p->keys) {
		check(now.key[1] == in->key[id ? 0 : 1]);
		check(now.key[0] == (p->flags & PKT_ONE_WAY ? 0 : in->key[0]));
	}
	want.keys = now.keys;
	check(memcmp(&want, &now, sizeof(now)) == 0);
}

static void check_translate(const struct input *in)
{
	uint8_t *data = copy_of(in, 0), addresses[32];
	struct pkt_rewrite to = there(in), back;
	struct pkt p;

	usher__pkt_decode(&p, data, in->len, in->wire_len, in->decode);
	if (p.l4 > 0 && !(p.protocol == SCTP && in->partial)) {
		back = back_to(&p, data, addresses);
		usher__pkt_translate(data, &p, &to, in->partial);
		check_translated(in, &p, data);
		usher__pkt_translate(data, &p, &back, in->partial);
		if (p.family == USHER_IPV4) {
			forgive(in->packet, data, 10, in->len, false);
			usher__pkt_set_id(data, in->key[0]);
			check(be16_read(data + 4) == in->key[0]);
			usher__pkt_set_id(data, be16_read(in->packet + 4));
			forgive(in->packet, data, 10, in->len, false);
		}
		forgive(in->packet, data, checksum_at(&p), in->len, in->partial);
	} else {
		usher__pkt_translate(data, &p, &to, in->partial);
	}
	check((p.protocol == SCTP && in->partial) || in->len == 0 || memcmp(data, in->packet, in->len) == 0);
	free(data);
}

static void check_quote(const struct input *in)
{
	uint8_t *data = copy_of(in, 0), inner_back[32], outer_back[32];
	struct pkt outer, inner, now;
	struct pkt_quote q = { .p = &inner, .to = there(in), .seq_shift = in->numbers[0] };
	struct pkt_rewrite to = there(in), back;
	uint32_t at;

	usher__pkt_decode(&outer, data, in->len, in->wire_len, in->decode);
	if (usher__pkt_decode_quoted(&inner, &outer, data, in->len, &q.at)) {
		back = back_to(&outer, data, outer_back);
		usher__pkt_translate_quote(data, &outer, &to, &q, in->partial);
		check(usher__pkt_decode_quoted(&now, &outer, data, in->len, &at) && at == q.at);
		check(now.l4 == inner.l4 && now.payload == inner.payload && now.payload_have == inner.payload_have);
		q.to = back_to(&inner, in->packet + q.at, inner_back);
		q.seq_shift = -q.seq_shift;
		usher__pkt_translate_quote(data, &outer, &back, &q, in->partial);
		if (outer.family == USHER_IPV4) {
			forgive(in->packet, data, 10, in->len, false);
			forgive(in->packet, data, q.at + 10, in->len, false);
		}
		forgive(in->packet, data, outer.l4 + 2, in->len, in->partial);
		if (checksum_at(&inner) != NOWHERE)
			forgive(in->packet, data, q.at + checksum_at(&inner), q.at + inner.payload + inner.payload_have, false);
	}
	check(in->len == 0 || memcmp(data, in->packet, in->len) == 0);
	free(data);
}

/* Nothing before and behind these bytes has changed. */
static void check_only(const struct input *in, const uint8_t *data, uint32_t begin, uint32_t end)
{
	check(memcmp(data, in->packet, begin) == 0);
	check(in->len == end || memcmp(data + end, in->packet + end, in->len - end) == 0);
}

static void check_options(const struct input *in, uint8_t *data, struct pkt *p)
{
	uint32_t edges[4][2], count = in->key[0] % 6, i, sacks;
	struct pkt_tcp_options before, after;
	struct pkt_tcp fields;

	for (i = 0; i < 4; i++) {
		edges[i][0] = in->numbers[0] + i;
		edges[i][1] = in->numbers[1] - i;
	}
	usher__pkt_tcp_options(&before, data + p->l4);
	usher__pkt_tcp_set_sack(data, p, edges, count < 4 ? count : 4, in->partial);
	usher__pkt_tcp_set_timestamps(data, p, in->numbers[0], in->numbers[1], in->partial);
	usher__pkt_tcp_options(&after, data + p->l4);
	sacks = before.sack_count < count ? before.sack_count : count;
	check(after.sack_count == sacks && memcmp(after.sack, edges, sacks * sizeof(edges[0])) == 0);
	check(after.flags == before.flags && after.mss == before.mss && after.scale == before.scale);
	if (after.flags & PKT_TCP_HAS_TIMESTAMP)
		check(after.ts_value == in->numbers[0] && after.ts_echo == in->numbers[1]);
	usher__pkt_tcp_set_seq(data, p, in->numbers[0], in->partial);
	usher__pkt_tcp_set_ack(data, p, in->numbers[1], in->partial);
	usher__pkt_tcp_set_window(data, p, in->key[1], in->partial);
	usher__pkt_tcp_set_urgent(data, p, in->key[0], in->partial);
	usher__pkt_tcp_set_flags(data, p, (uint8_t)in->key[1], in->partial);
	fields = usher__pkt_tcp(data + p->l4);
	check(fields.seq == in->numbers[0] && fields.ack == in->numbers[1] && fields.window == in->key[1]);
	check_only(in, data, p->l4 + 4, p->payload);
	if (in->partial)
		check(memcmp(data + p->l4 + 16, in->packet + p->l4 + 16, 2) == 0);
}

static void check_tcp(const struct input *in)
{
	uint8_t *data = copy_of(in, 0), *roomy;
	struct pkt p, now;
	struct pkt_room room;
	uint32_t len = in->numbers[1] % 200, old;

	usher__pkt_decode(&p, data, in->len, in->wire_len, in->decode);
	if (p.reason == USHER_REASON_NONE && p.protocol == USHER_TCP) {
		check_options(in, data, &p);
		roomy = copy_of(in, TAILROOM);
		room = (struct pkt_room){ roomy, in->len, TAILROOM };
		usher__pkt_decode(&p, roomy, in->len, in->wire_len, in->decode);
		old = p.ip_len;
		if (usher__pkt_set_payload(&room, &p, in->packet, len < in->len ? len : in->len, in->partial)) {
			check(room.len == p.payload + p.payload_len && room.len + room.tailroom == in->len + TAILROOM);
			usher__pkt_decode(&now, roomy, room.len, room.len, in->decode);
			check(memcmp(&now, &p, sizeof(now)) == 0);
			check(memcmp(roomy + p.payload, in->packet, p.payload_len) == 0);
		} else {
			check(p.ip_len == old && memcmp(roomy, in->packet, in->len) == 0);
		}
		free(roomy);
	}
	free(data);
}

static void check_error(const struct input *in)
{
	struct pkt_build_icmp error = { .src = in->addresses, .type = (uint8_t)(in->key[0] & 3), .ttl = 64 };
	uint32_t room = in->key[1] % 1400, len;
	uint8_t *to = malloc(room ? room : 1);
	struct pkt p, built;

	if (!to)
		exit(0);
	usher__pkt_decode(&p, in->packet, in->len, in->wire_len, in->decode);
	error.type = p.family == USHER_IPV4 ? 3 : error.type % 4 + 1;
	len = usher__pkt_build_icmp_error(to, room, &error, &p, in->packet, in->len);
	check(len <= room && (len == 0 || p.l4 > 0));
	if (len > 0) {
		usher__pkt_decode(&built, to, len, len, PKT_VERIFY);
		check(built.reason == USHER_REASON_NONE && (built.flags & PKT_ICMP_ERROR) && built.ip_len == len);
		check(memcmp(to + built.payload, in->packet, built.payload_len) == 0);
	}
	free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { 0 };

	if (size < PREFIX || size > UINT32_MAX / 2)
		return 0;
	in.partial = data[0] & 1;
	in.decode = (data[0] & 2 ? PKT_GSO : 0u) | (data[0] & 4 ? PKT_CSUM_GOOD : 0u);
	memcpy(in.addresses, data + 3, 32);
	in.addresses[0] = in.addresses[0] & 0x7f;
	in.addresses[16] |= 0x20;
	in.key[0] = be16_read(data + 35);
	in.key[1] = be16_read(data + 37);
	in.numbers[0] = be32_read(data + 39);
	in.numbers[1] = be32_read(data + 43);
	in.packet = data + PREFIX;
	in.len = (uint32_t)(size - PREFIX);
	in.wire_len = in.len + be16_read(data + 1);
	check_translate(&in);
	check_quote(&in);
	check_tcp(&in);
	check_error(&in);
	return 0;
}
