/*
 * tcp: the TCP header, its fields and its options.
 *
 * Owns: whether it is whole; what its flags mean is not judged here. Invariants: never a byte beyond the data offset;
 * an option that is framed right and has a length that its kind cannot have is skipped, as endpoints do, and told.
 * Sources: RFC 9293 3.1 and 3.2, 2018 (SACK), 7323 (window scale, timestamps).
 */
#include "packet/part.h"

#include <string.h>
#include <usher/cursor.h>

#include "packet/wire.h"

#define SCALE_MOST 14u /* RFC 7323 2.3 */
#define SACK_MOST  4u  /* what 40 bytes of options hold */

static const struct wire_tcp *header_at(const struct pkt *p, const uint8_t *data)
{
	return (const struct wire_tcp *)(const void *)(data + p->l4);
}

static uint32_t header_len(const struct wire_tcp *h)
{
	return (h->offset >> 4) * 4u;
}

uint8_t usher__pkt_tcp_read(struct pkt *p, const uint8_t *data)
{
	const struct wire_tcp *h = header_at(p, data);
	uint8_t reason = pkt_need(p, sizeof(*h), USHER_REASON_TCP_HEADER);

	if (reason != USHER_REASON_NONE)
		return reason;
	if (header_len(h) < sizeof(*h))
		return USHER_REASON_TCP_HEADER;
	reason = pkt_need(p, header_len(h), USHER_REASON_TCP_HEADER);
	if (reason != USHER_REASON_NONE)
		return reason;
	p->key[0] = be16_get(h->src);
	p->key[1] = be16_get(h->dst);
	p->tcp_flags = h->flags;
	pkt_skip(p, header_len(h));
	return USHER_REASON_NONE;
}

/* Eight bytes are ports and sequence number; the flags are taken only with a header's fixed part. */
bool usher__pkt_tcp_head(struct pkt *p, const uint8_t *data)
{
	const struct wire_tcp *h = header_at(p, data);
	uint32_t size = sizeof(*h);

	if (p->payload_have < 8)
		return false;
	p->key[0] = be16_get(h->src);
	p->key[1] = be16_get(h->dst);
	if (p->payload_have >= sizeof(*h)) {
		p->tcp_flags = h->flags;
		size = header_len(h) > size ? header_len(h) : size;
	}
	pkt_skip(p, size < p->payload_have ? size : p->payload_have);
	return true;
}

struct pkt_tcp usher__pkt_tcp(const uint8_t *tcp)
{
	const struct wire_tcp *h = (const struct wire_tcp *)(const void *)tcp;
	struct pkt_tcp fields = {
		.seq = be32_get(h->seq),
		.ack = be32_get(h->ack),
		.window = be16_get(h->window),
		.header_len = (uint8_t)header_len(h),
	};
	return fields;
}

static void read_sack(struct pkt_tcp_options *o, struct usher_cursor *c)
{
	while (o->sack_count < SACK_MOST && usher_cursor_left(c) > 0) {
		uint32_t *block = o->sack[o->sack_count++];

		block[0] = usher_cursor_be32(c);
		block[1] = usher_cursor_be32(c);
	}
}

/* One option whose frame is right; `c` is its value. False: a length that this kind cannot have. */
static bool read_option(struct pkt_tcp_options *o, uint8_t kind, struct usher_cursor *c)
{
	uint32_t len = usher_cursor_left(c);

	switch (kind) {
	case WIRE_TCP_MSS:
		if (len != 2)
			return false;
		o->mss = usher_cursor_be16(c);
		o->flags |= PKT_TCP_HAS_MSS;
		return true;
	case WIRE_TCP_SCALE:
		if (len != 1)
			return false;
		o->scale = usher_cursor_u8(c);
		o->scale = o->scale > SCALE_MOST ? SCALE_MOST : o->scale;
		o->flags |= PKT_TCP_HAS_SCALE;
		return true;
	case WIRE_TCP_SACK_PERMITTED:
		if (len != 0)
			return false;
		o->flags |= PKT_TCP_HAS_SACK_PERMITTED;
		return true;
	case WIRE_TCP_SACK:
		if (len == 0 || len % 8 != 0)
			return false;
		read_sack(o, c);
		return true;
	case WIRE_TCP_TIMESTAMP:
		if (len != 8)
			return false;
		o->ts_value = usher_cursor_be32(c);
		o->ts_echo = usher_cursor_be32(c);
		o->flags |= PKT_TCP_HAS_TIMESTAMP;
		return true;
	default:
		return true; /* RFC 9293 3.2 MUST-6: unknown ones are ignored */
	}
}

void usher__pkt_tcp_options(struct pkt_tcp_options *o, const uint8_t *tcp)
{
	uint32_t header = usher__pkt_tcp(tcp).header_len, fixed = sizeof(struct wire_tcp);
	struct usher_cursor c = usher_cursor(tcp + fixed, header > fixed ? header - fixed : 0);

	memset(o, 0, sizeof(*o));
	while (usher_cursor_left(&c) > 0) {
		uint8_t kind = usher_cursor_u8(&c), len;
		const uint8_t *value;
		struct usher_cursor inside;

		if (kind == WIRE_TCP_END)
			return;
		if (kind == WIRE_TCP_NOP)
			continue;
		len = usher_cursor_u8(&c); /* counts kind and length, too; 0 and 1 wrap to what never fits */
		value = usher_cursor_take(&c, len - 2u);
		if (!value)
			break;
		inside = usher_cursor(value, len - 2u);
		if (!read_option(o, kind, &inside))
			o->flags |= PKT_TCP_OPTIONS_BAD;
	}
	if (c.bad)
		o->flags |= PKT_TCP_OPTIONS_BAD;
}
