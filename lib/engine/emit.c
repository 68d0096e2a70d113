/*
 * engine/emit: packets that go out besides those of a burst.
 *
 * Owns: the worker's buffer of them. Invariants: what lies there is whole and final; it is emptied when the next burst
 * or tick begins; a packet for which there is no room is lost and counted, as on any full link. Their order is that of
 * their making, `place` tells behind which packets of the burst. Sources: DESIGN 4; RFC 5508 REQ-8 (an exhausted NAT
 * says so).
 */
#include "engine/engine.h"

#include "packet/build.h"

#define EMIT_TTL 64u
#define ALIGN(n) (((n) + 7u) & ~7u)

/* In front of each packet. */
struct emitted {
	struct usher_ref conn;
	uint32_t len, interface;
	uint16_t zone, place;
	uint8_t direction;
	uint8_t pad[7];
};

_Static_assert(sizeof(struct emitted) % 8 == 0, "the next one is aligned");

void usher__emit_begin(struct usher_worker *w)
{
	w->emit_used = w->emit_read = 0;
	w->place = 0;
}

/* Room behind what is there for one more; NULL: none at all. */
static uint8_t *room(struct usher_worker *w, uint32_t *len)
{
	uint32_t left = w->tracker->options.emit_bytes - w->emit_used;

	if (left < sizeof(struct emitted) + 64) {
		count(w, USHER_COUNTER_EMIT_FULL);
		return NULL;
	}
	*len = left - (uint32_t)sizeof(struct emitted);
	return w->emit + w->emit_used + sizeof(struct emitted);
}

/* `len` bytes were written there; 0: they did not fit. `cause` may be NULL. */
static void settle(struct usher_worker *w, uint32_t len, const struct emitted *about)
{
	struct emitted *e = (struct emitted *)(void *)(w->emit + w->emit_used);

	if (!len) {
		count(w, USHER_COUNTER_EMIT_FULL);
		return;
	}
	*e = *about;
	e->len = len;
	e->place = w->place;
	w->emit_used += ALIGN((uint32_t)sizeof(*e) + len);
	count(w, USHER_COUNTER_EMITTED);
}

void usher__emit_segment(struct usher_worker *w, uint32_t record, const struct stream_out *out)
{
	struct conn *c = conn_at(&w->table, record);
	bool ipv6 = record & CONN_IPV6;
	uint32_t size = ipv6 ? 16 : 4, other = out->direction ? 0 : 2, len;
	const uint8_t *address = conn_address(c, ipv6) + other * size;
	struct emitted about = { .conn = usher__ref_of(w, record), .zone = c->zone, .direction = out->direction,
				 .interface = w->packet ? w->packet->interface : 0 };
	const struct pkt_build_tcp tcp = {
		.family = ipv6 ? USHER_IPV6 : USHER_IPV4,
		.ttl = EMIT_TTL,
		.tcp_flags = out->tcp_flags,
		.src = address + size,
		.dst = address,
		.src_key = c->key[other + 1],
		.dst_key = c->key[other],
		.seq = out->seq,
		.ack = out->ack,
		.window = out->window,
		.urgent = out->urgent,
		.id = w->ip_id++,
		.timestamps = out->has_ts,
		.ts_value = out->ts_value,
		.ts_echo = out->ts_echo,
		.payload = out->data,
		.payload_len = out->len,
	};
	uint8_t *to = room(w, &len);

	if (to)
		settle(w, usher__pkt_build_tcp(to, len, &tcp), &about);
}

void usher__emit_refusal(struct usher_worker *w, const struct birth *b, const uint8_t *src)
{
	bool ipv6 = b->p->family == USHER_IPV6;
	const struct pkt_build_icmp icmp = { /* communication administratively prohibited */
		.src = src, .type = ipv6 ? 1 : 3, .code = ipv6 ? 1 : 13, .ttl = EMIT_TTL, .id = w->ip_id++,
	};
	struct emitted about = { .zone = b->packet->zone, .direction = USHER_REPLY, .interface = b->packet->interface };
	uint32_t len, written;
	uint8_t *to = room(w, &len);

	if (!to)
		return;
	written = usher__pkt_build_icmp_error(to, len, &icmp, b->p, b->data, b->packet->len);
	if (written)
		settle(w, written, &about);
}

bool usher_emit(struct usher_worker *w, struct usher_packet *packet)
{
	struct emitted *e = (struct emitted *)(void *)(w->emit + w->emit_read);

	if (w->emit_read >= w->emit_used)
		return false;
	memset(packet, 0, sizeof(*packet));
	packet->data = (uint8_t *)(e + 1);
	packet->len = packet->wire_len = e->len;
	packet->zone = e->zone;
	packet->interface = e->interface;
	packet->direction = e->direction;
	packet->place = e->place;
	packet->conn = e->conn;
	packet->checksum = USHER_CHECKSUM_GOOD;
	packet->verdict = USHER_ACCEPT;
	w->emit_read += ALIGN((uint32_t)sizeof(*e) + e->len);
	return true;
}
