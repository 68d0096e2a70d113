/*
 * rewrite_tcp: fields, options and payload of a TCP segment.
 *
 * Owns: where they lie. Options are walked as usher__pkt_tcp_options walks them, so that what one reads is what the
 * other writes. Invariants: rewrite.h's; never a byte beyond the data offset; an option keeps its place, and the header
 * its length. Sources: RFC 9293 3.1, 2018 3, 7323 3.2, 1624.
 */
#include "packet/rewrite.h"

#include <stddef.h>
#include <string.h>
#include <usher/cursor.h>

#include "base/be.h"
#include "packet/delta.h"
#include "packet/wire.h"

#define OPTIONS_MOST 40u
#define BLOCK_SIZE   8u /* of SACK: two edges */
#define IP_MOST      65535u

static struct wire_tcp *header_at(uint8_t *data, const struct pkt *p)
{
	return (struct wire_tcp *)(void *)(data + p->l4);
}

static void apply(struct wire_tcp *h, uint64_t delta, bool partial)
{
	if (!partial)
		delta_apply(h->checksum.byte, delta);
}

static void set32(struct wire_tcp *h, be32_t *field, uint32_t value, bool partial)
{
	uint32_t before = delta_load32(field);

	be32_put(field, value);
	apply(h, delta_word32(before, delta_load32(field)), partial);
}

static void set16(struct wire_tcp *h, be16_t *field, uint16_t value, bool partial)
{
	uint16_t before = delta_load16(field);

	be16_put(field, value);
	apply(h, delta_word16(before, delta_load16(field)), partial);
}

void usher__pkt_tcp_set_seq(uint8_t *data, const struct pkt *p, uint32_t seq, bool partial)
{
	struct wire_tcp *h = header_at(data, p);

	set32(h, &h->seq, seq, partial);
}

void usher__pkt_tcp_set_ack(uint8_t *data, const struct pkt *p, uint32_t ack, bool partial)
{
	struct wire_tcp *h = header_at(data, p);

	set32(h, &h->ack, ack, partial);
}

void usher__pkt_tcp_set_window(uint8_t *data, const struct pkt *p, uint16_t window, bool partial)
{
	struct wire_tcp *h = header_at(data, p);

	set16(h, &h->window, window, partial);
}

void usher__pkt_tcp_set_urgent(uint8_t *data, const struct pkt *p, uint16_t urgent, bool partial)
{
	struct wire_tcp *h = header_at(data, p);

	set16(h, &h->urgent, urgent, partial);
}

void usher__pkt_tcp_set_flags(uint8_t *data, struct pkt *p, uint8_t flags, bool partial)
{
	struct wire_tcp *h = header_at(data, p);
	uint16_t before = delta_load16(&h->offset); /* the word that flags are the second half of */

	h->flags = flags;
	apply(h, delta_word16(before, delta_load16(&h->offset)), partial);
	p->tcp_flags = flags;
}

/*
 * The next option of `kind` whose frame is right: its value, at `*value` in `options`, of `*len` bytes. false: no more.
 */
static bool next_option(struct usher_cursor *c, uint8_t kind, const uint8_t *options, uint32_t *value, uint32_t *len)
{
	while (usher_cursor_left(c) > 0) {
		uint8_t found = usher_cursor_u8(c), size;
		const uint8_t *at;

		if (found == WIRE_TCP_END)
			return false;
		if (found == WIRE_TCP_NOP)
			continue;
		size = usher_cursor_u8(c); /* counts kind and length, too; 0 and 1 wrap to what never fits */
		at = usher_cursor_take(c, size - 2u);
		if (!at)
			return false;
		if (found == kind) {
			*value = (uint32_t)(at - options);
			*len = size - 2u;
			return true;
		}
	}
	return false;
}

/* The options and how long they are. */
static uint8_t *options_at(uint8_t *data, const struct pkt *p, uint32_t *len)
{
	struct wire_tcp *h = header_at(data, p);
	uint32_t header = (h->offset >> 4) * 4u, here = p->payload - p->l4;

	if (header > here) /* a first fragment ends within them */
		header = here;
	*len = header > sizeof(*h) ? (header - (uint32_t)sizeof(*h)) & ~3u : 0;
	return data + p->l4 + sizeof(*h);
}

void usher__pkt_tcp_set_sack(uint8_t *data, const struct pkt *p, const uint32_t (*edges)[2], uint32_t count,
	bool partial)
{
	uint8_t before[OPTIONS_MOST], *options;
	uint32_t all, value, len, used = 0;
	struct usher_cursor c;

	options = options_at(data, p, &all);
	memcpy(before, options, all);
	c = usher_cursor(before, all);
	while (next_option(&c, WIRE_TCP_SACK, before, &value, &len)) {
		uint32_t kept = 0;

		if (len == 0 || len % BLOCK_SIZE != 0)
			continue; /* nobody reads it */
		for (; kept < len && used < count; kept += BLOCK_SIZE, used++) {
			be32_write(options + value + kept, edges[used][0]);
			be32_write(options + value + kept + 4, edges[used][1]);
		}
		options[value - 1] = (uint8_t)(kept + 2);
		if (kept == 0)
			memset(options + value - 2, WIRE_TCP_NOP, 2);
		memset(options + value + kept, WIRE_TCP_NOP, len - kept);
	}
	apply(header_at(data, p), delta_bytes(before, options, all), partial);
}

void usher__pkt_tcp_set_timestamps(uint8_t *data, const struct pkt *p, uint32_t value, uint32_t echo, bool partial)
{
	uint8_t before[OPTIONS_MOST], *options;
	uint32_t all, at, len;
	struct usher_cursor c;

	options = options_at(data, p, &all);
	memcpy(before, options, all);
	c = usher_cursor(before, all);
	while (next_option(&c, WIRE_TCP_TIMESTAMP, before, &at, &len)) {
		if (len != 8)
			continue;
		be32_write(options + at, value);
		be32_write(options + at + 4, echo);
	}
	apply(header_at(data, p), delta_bytes(before, options, all), partial);
}

/* Does the IP header's length field say how long the packet is, and may it say `total`? */
static bool lengths_fit(const uint8_t *data, const struct pkt *p, uint32_t total)
{
	const struct wire_ipv4 *ipv4 = (const struct wire_ipv4 *)(const void *)data;
	const struct wire_ipv6 *ipv6 = (const struct wire_ipv6 *)(const void *)data;

	if (p->family == USHER_IPV4)
		return be16_get(ipv4->total) == p->ip_len && total <= IP_MOST;
	return be16_get(ipv6->payload) + (uint32_t)sizeof(*ipv6) == p->ip_len && total <= IP_MOST + sizeof(*ipv6);
}

static void set_ip_length(uint8_t *data, const struct pkt *p, uint32_t total)
{
	struct wire_ipv4 *ipv4 = (struct wire_ipv4 *)(void *)data;
	struct wire_ipv6 *ipv6 = (struct wire_ipv6 *)(void *)data;
	uint16_t before = delta_load16(&ipv4->total);

	if (p->family == USHER_IPV4) {
		be16_put(&ipv4->total, (uint16_t)total);
		delta_apply(ipv4->checksum.byte, delta_word16(before, delta_load16(&ipv4->total)));
	} else {
		be16_put(&ipv6->payload, (uint16_t)(total - sizeof(*ipv6)));
	}
}

/* Values here, not words as they lie: usher__csum_add gives such, and the lengths are not in the packet. */
static uint64_t payload_delta(const uint8_t *old, uint32_t old_len, const uint8_t *new, uint32_t new_len)
{
	uint16_t before = (uint16_t)~usher__csum_fold(usher__csum_add(0, old, old_len));
	uint16_t after = (uint16_t)~usher__csum_fold(usher__csum_add(0, new, new_len));

	return delta_word16(before, after);
}

bool usher__pkt_set_payload(struct pkt_room *room, struct pkt *p, const void *payload, uint32_t len, bool partial)
{
	uint8_t *at = room->data + p->payload;
	struct wire_tcp *h = header_at(room->data, p);
	uint32_t total = p->payload + len;
	uint64_t delta;

	if (p->protocol != USHER_TCP || p->reason != USHER_REASON_NONE || p->payload_have != p->payload_len)
		return false;
	if (len > IP_MOST || !lengths_fit(room->data, p, total) || total > (uint64_t)room->len + room->tailroom)
		return false;
	delta = delta_word16((uint16_t)(p->ip_len - p->l4), (uint16_t)(total - p->l4));
	if (!partial)
		delta += payload_delta(at, p->payload_len, payload, len);
	be16_put(&h->checksum, delta_field(be16_get(h->checksum), delta, partial ? 0 : 0xffff));
	if (len > 0)
		memcpy(at, payload, len);
	set_ip_length(room->data, p, total);
	room->tailroom += room->len - total; /* may wrap, and wraps back */
	room->len = total;
	p->payload_len = p->payload_have = len;
	p->ip_len = total;
	return true;
}
