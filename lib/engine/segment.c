/*
 * engine/segment: a TCP packet as its stream sees it, and what the stream makes of it written back.
 *
 * Owns nothing. Invariants: numbers, options and payload are changed with their checksums, so that a packet which was wrong stays
 * wrong; nothing grows beyond the room that the caller gave, and what has no room there leaves as a packet of our own (emit.c).
 * Sources: DESIGN 5.
 */
#include "engine/engine.h"

#include "base/be.h"

#define TCP_HEADERS(ipv6) ((ipv6) ? 60u : 40u)
#define TIMESTAMPS 12u /* bytes of the option as it is always sent (RFC 7323 appendix A) */

bool usher__segment_rewrites(const struct usher_worker *w, const struct conn *c)
{
	const struct extra *x = extra_of(w, c);
	const struct help *h = x && x->help ? help_at(w, x->help) : NULL;

	return h && (h->stream.side[0].flags | h->stream.side[1].flags) & STREAM_REWRITES;
}

/* Are these bytes what their sender wrote? Verified now, if nobody has vouched for them. */
static bool is_unsure(const struct pkt *p, const struct usher_packet *packet)
{
	uint32_t wire_len = packet->wire_len > packet->len ? packet->wire_len : packet->len;
	struct pkt again;

	if (p->flags & PKT_CSUM_CHECKED)
		return false;
	usher__pkt_decode(&again, packet->data, packet->len, wire_len, PKT_VERIFY | (packet->gso_size ? PKT_GSO : 0u));
	return again.reason != USHER_REASON_NONE || !(again.flags & PKT_CSUM_CHECKED);
}

/* The most payload that this packet may have, and a packet of ours. */
static void set_room(const struct usher_worker *w, const struct pkt *p, const struct usher_packet *packet,
		     struct stream_segment *s)
{
	uint32_t mtu = w->tracker->options.mtu, headers = p->payload, whole = packet->gso_size ? 65535 : mtu;
	uint32_t grow = p->payload_len + packet->tailroom;

	whole = p->ip_len > whole ? p->ip_len : whole;
	s->room = whole > headers ? whole - headers : 0;
	s->room = s->room < grow ? s->room : grow;
	headers = TCP_HEADERS(p->family == USHER_IPV6) + (s->has_ts ? TIMESTAMPS : 0);
	s->piece = (uint16_t)(mtu > headers ? mtu - headers : 1);
	s->gso_size = packet->gso_size;
}

void usher__segment_fill(struct usher_worker *w, const struct conn_found *about, const struct pkt *p,
			 const struct usher_packet *packet)
{
	struct pkt_tcp tcp = usher__pkt_tcp(packet->data + p->l4);
	struct stream_segment *s = &w->segment;
	struct pkt_tcp_options options;

	*s = (struct stream_segment){ .seq = tcp.seq, .ack = tcp.ack, .tcp_flags = p->tcp_flags, .direction = about->direction,
				      .len = p->payload_len, .have = p->payload_have, .data = packet->data + p->payload,
				      .ack_out = tcp.ack, .window = tcp.window };
	if (!usher__segment_rewrites(w, about->c))
		return;
	usher__pkt_tcp_options(&options, packet->data + p->l4);
	s->sack_count = options.sack_count;
	memcpy(s->sack, options.sack, sizeof(s->sack));
	s->scale[0] = (uint8_t)conn_tcp_scale(&about->c->u.tcp, 0);
	s->scale[1] = (uint8_t)conn_tcp_scale(&about->c->u.tcp, 1);
	s->urgent = be16_read(packet->data + p->l4 + 18);
	s->mss = p->tcp_flags & TCP_SYN && options.flags & PKT_TCP_HAS_MSS ? options.mss : 0;
	s->has_ts = options.flags & PKT_TCP_HAS_TIMESTAMP;
	s->ts_value = options.ts_value;
	s->unsure = p->payload_len && is_unsure(p, packet);
	set_room(w, p, packet, s);
}

/* The packet leaves, changed. */
static void rewrite(struct usher_worker *w, struct pkt *p, struct usher_packet *packet, const struct stream_leave *leave)
{
	bool partial = packet->checksum == USHER_CHECKSUM_PARTIAL;
	struct pkt_room room = { packet->data, packet->len, packet->tailroom };

	if (leave->changed) {
		if (!usher__pkt_set_payload(&room, p, leave->payload, leave->payload_len, partial)) {
			packet->verdict = USHER_DROP; /* cut short, or no room after all: its sender will send it again */
			packet->reason = USHER_REASON_STREAM_HELD;
			w->reason[packet->reason]++;
			return;
		}
		packet->len = packet->wire_len = room.len;
		packet->tailroom = (uint16_t)room.tailroom;
		packet->flags |= USHER_PACKET_TRANSLATED;
	}
	if (leave->seq != w->segment.seq)
		usher__pkt_tcp_set_seq(packet->data, p, leave->seq, partial);
	if (leave->tcp_flags != p->tcp_flags)
		usher__pkt_tcp_set_flags(packet->data, p, leave->tcp_flags, partial);
	if (leave->urgent != w->segment.urgent)
		usher__pkt_tcp_set_urgent(packet->data, p, leave->urgent, partial);
}

void usher__segment_leave(struct usher_worker *w, struct pkt *p, struct usher_packet *packet, const struct stream_leave *leave)
{
	switch ((enum stream_verdict)leave->verdict) {
	case STREAM_PASS:
		rewrite(w, p, packet, leave);
		return;
	case STREAM_TAKEN:
		packet->verdict = USHER_TAKEN;
		packet->reason = USHER_REASON_STREAM_HELD;
		break;
	case STREAM_DROP:
		packet->verdict = USHER_DROP;
		packet->reason = leave->again ? USHER_REASON_STREAM_AGAIN : USHER_REASON_STREAM_HELD;
		break;
	}
	w->reason[packet->reason]++;
}
