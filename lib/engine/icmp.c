/*
 * engine/icmp: ICMP errors: which connection one is about, and whether it may be believed.
 *
 * An error has no connection of its own: it is related to that of the packet it quotes. Believed is what whoever could read that
 * packet can know: the error goes to the quoted source, in the connection's zone, and a quoted TCP sequence number is in flight:
 * acknowledged last <= number <= sent last. Beyond both the endpoint would not believe it either (RFC 5927 4.1; a bare ACK has the
 * number behind the last one sent, hence the second <=). A quoted verification tag of SCTP must be the sender's (RFC 9260 10). What
 * is not asked: where the error comes from. Any router on the way may send one, and firewalls answer for hosts behind them, port
 * unreachable included.
 * Invariants: nothing of the connection changes, it is neither refreshed nor counted. An error about an error, or about a later
 * fragment, has no tuple (packet/quote.c). Redirects are errors as any, as with the kernel: related, so that the policy can tell
 * them from strangers; whether a host follows one is its business (RFC 1122 3.2.2.2). ICMPv6 redirects are neighbour discovery.
 * Sources: RFC 792, 1122 3.2.2, 4443 2.4, 5508 4, 5927 4.1; nf_conntrack's behaviour, which asks for the destination only.
 */
#include "conn/sctp.h"
#include "conn/tcp_window.h"
#include "engine/engine.h"
#include "packet/wire.h"

#define FIRST_DATA 65535u /* a SYN may have (RFC 7413), or what a connection was picked up with */

struct error {
	const struct pkt *p;   /* its own headers */
	struct pkt inner;      /* what it quotes, at `offset` */
	uint32_t offset;
	uint32_t out_seq, seq; /* TCP: the number quoted, and what its sender knows it as */
};

/* Does the error's destination speak for the quoted packet's source? */
static bool goes_to_sender(const struct pkt *p, const uint8_t *data, const struct pkt *inner, uint32_t offset)
{
	uint32_t size = inner->family == USHER_IPV6 ? 16 : 4;

	return inner->family == p->family &&
	       memcmp(data + PKT_DST_OFFSET(p->family), data + offset + PKT_SRC_OFFSET(inner->family), size) == 0;
}

/*
 * Is this sequence number of `direction`'s sender in flight? Nothing acknowledged yet: then it is the SYN's, or what follows
 * it. A SYN that was let by unjudged (tcp.c) has a number of its own, and its sender waits for an answer to it. And the sender may
 * not know of the last acknowledgement: then what it has just sent again begins before that.
 */
static bool in_flight(const struct conn_tcp *t, unsigned direction, uint32_t seq)
{
	uint32_t end = t->side[direction].end, first = end - 1;

	if (t->flags[!direction] & TCP_SIDE_ACKED)
		first = t->side[!direction].max_ack;
	else if (t->flags[direction] & (TCP_SIDE_EARLY | TCP_SIDE_LIBERAL))
		first = end - FIRST_DATA;
	if (t->side[direction].max_win && !seq_before(seq, first) && !seq_after(seq, end))
		return true;
	return t->last >> 7 == direction && t->last_end != t->last_seq && t->last_seq == seq;
}

/* Where windows say nothing (picked up, the liberal switch), the number does not either; such errors are marked and counted. */
static bool is_liberal(const struct usher_worker *w, const struct conn_tcp *t)
{
	return w->tracker->config.tcp_liberal || (t->flags[0] | t->flags[1]) & TCP_SIDE_LIBERAL;
}

/* `seq` is the sender's number. */
static bool sequence_fits(struct usher_worker *w, const struct conn_found *found, uint32_t seq, struct usher_packet *packet)
{
	const struct conn_tcp *t = &found->c->u.tcp;

	if (found->c->protocol != USHER_TCP || in_flight(t, !found->direction, seq))
		return true;
	if (!is_liberal(w, t))
		return false;
	packet->flags |= USHER_PACKET_OUT_OF_WINDOW;
	count(w, USHER_COUNTER_OUT_OF_WINDOW);
	return true;
}

/* Enhanced GRE that no call was announced for: each direction is a connection of its own, which only its own packets find. */
static struct conn_found find_one_way(const struct usher_worker *w, const struct pkt *inner, const uint8_t *data, uint16_t zone)
{
	struct conn_found found;
	struct conn_key key;

	conn_key_of(&w->table, &key, inner, data, zone);
	found = usher__conn_lookup(&w->table, &key);
	if (!found.c || !(found.c->status & CONN_ONE_WAY))
		return (struct conn_found){ NULL, 0, USHER_ORIG };
	found.direction = !found.direction;
	return found;
}

/*
 * The connection that a quoted packet is of, by the tuple of its answers: the quoted one is as NAT made it, which only
 * the other direction's tuple tells. Of a call it has their sender's id and not their receiver's, as enhanced GRE
 * carries only one: the table knows calls by that as well. The direction is that of the answers, which is the error's.
 */
static struct conn_found find_quoted(const struct usher_worker *w, const struct pkt *inner, const uint8_t *data, uint16_t zone)
{
	uint32_t size = inner->family == USHER_IPV6 ? 16 : 4;
	bool call = inner->flags & PKT_ONE_WAY;
	struct pkt answer = *inner;
	uint8_t header[40] = { 0 };
	struct conn_found found;
	struct conn_key key;

	memcpy(header + PKT_SRC_OFFSET(inner->family), data + PKT_DST_OFFSET(inner->family), size);
	memcpy(header + PKT_DST_OFFSET(inner->family), data + PKT_SRC_OFFSET(inner->family), size);
	answer.type = inner->inverse_type;
	answer.inverse_type = inner->type;
	if (!(inner->flags & PKT_WIDE_KEY)) {
		answer.key[0] = inner->key[1];
		answer.key[1] = inner->key[0];
	}
	if (call)
		conn_key_of_sender(&w->table, &key, &answer, header, zone);
	else
		conn_key_of(&w->table, &key, &answer, header, zone);
	found = usher__conn_lookup(&w->table, &key);
	if (call && (!found.c || found.c->status & CONN_ONE_WAY))
		return find_one_way(w, inner, data, zone);
	return found;
}

/*
 * The error goes the way of a packet of its direction, and what it quotes becomes again what the other side had sent. Whoever wrote
 * it, if not the connection's own end, keeps his name on the way in; on the way out an inside router has none (RFC 5508 REQ-5).
 */
static void translate_error(const struct conn_found *about, struct usher_packet *packet, const struct error *e)
{
	bool ipv6 = e->p->family == USHER_IPV6;
	uint32_t size = ipv6 ? 16 : 4, own = about->direction * 2u, other = own ^ 2u;
	const uint8_t *address = conn_address(about->c, ipv6), *src = packet->data + PKT_SRC_OFFSET(e->p->family);
	bool from_end = memcmp(src, address + own * size, size) == 0;
	bool renamed = memcmp(address + own * size, address + (other + 1) * size, size) != 0;
	uint8_t outer_src[16];
	const struct pkt_rewrite outer = { .src = outer_src, .dst = address + other * size };
	const struct pkt_quote quote = {
		.at = e->offset, .p = &e->inner,
		.to = { .src = address + other * size, .dst = address + (other + 1) * size, .src_key = about->c->key[other],
			.dst_key = about->c->key[other + 1] },
		.seq_shift = e->seq - e->out_seq,
	};

	memcpy(outer_src, from_end || renamed ? address + (other + 1) * size : src, size);
	usher__pkt_translate_quote(packet->data, e->p, &outer, &quote, packet->checksum == USHER_CHECKSUM_PARTIAL);
	packet->flags |= USHER_PACKET_TRANSLATED;
}

/* Was it a segment of our own that did not fit? (RFC 1191 4, RFC 4443 3.2) */
static bool too_big(struct usher_worker *w, const struct conn_found *about, const struct usher_packet *packet,
        const struct error *e)
{
	const uint8_t *icmp = packet->data + e->p->l4;
	bool ipv6 = e->p->family == USHER_IPV6;
	uint32_t mtu = ipv6 ? be32_read(icmp + 4) : be16_read(icmp + 6);

	if (ipv6 ? icmp[0] != 2 : icmp[0] != 3 || icmp[1] != 4)
		return false;
	return usher__help_too_big(w, about->record, !about->direction, e->out_seq, mtu);
}

uint8_t usher__icmp_error(struct usher_worker *w, const struct pkt *p, struct usher_packet *packet, struct conn_found *about)
{
	struct error e = { .p = p };

	*about = (struct conn_found){ NULL, 0, USHER_ORIG };
	if (!usher__pkt_decode_quoted(&e.inner, p, packet->data, packet->len, &e.offset) ||
	    !goes_to_sender(p, packet->data, &e.inner, e.offset))
		return USHER_REASON_ICMP_QUOTE;
	*about = find_quoted(w, &e.inner, packet->data + e.offset, packet->zone);
	if (!about->c || conn_dead(w, about->c)) {
		*about = (struct conn_found){ NULL, 0, USHER_ORIG };
		return USHER_REASON_ICMP_QUOTE;
	}
	if (e.inner.protocol == USHER_TCP) { /* its first 8 bytes are there */
		e.out_seq = be32_read(packet->data + e.offset + e.inner.l4 + 4);
		e.seq = usher__help_back_seq(w, about->c, !about->direction, e.out_seq);
	}
	if (!sequence_fits(w, about, e.seq, packet))
		return USHER_REASON_ICMP_SEQUENCE;
	if (e.inner.protocol == WIRE_SCTP &&
	    !usher__sctp_tag_fits(about->c, !about->direction, be32_read(packet->data + e.offset + e.inner.l4 + 4)))
		return USHER_REASON_SCTP_TAG;
	packet->state = USHER_RELATED;
	packet->direction = about->direction;
	packet->conn = usher__ref_of(w, about->record);
	if (!(about->c->status & CONN_TRANSLATED))
		return USHER_REASON_NONE;
	if (e.inner.protocol == USHER_TCP && too_big(w, about, packet, &e)) {
		packet->verdict = USHER_DROP;
		packet->reason = USHER_REASON_STREAM_AGAIN;
		w->reason[USHER_REASON_STREAM_AGAIN]++;
		return USHER_REASON_NONE;
	}
	translate_error(about, packet, &e);
	return USHER_REASON_NONE;
}
