/*
 * naive_tcp: see naive_tcp.h.
 */
#include "tests/support/naive_tcp.h"

static struct wire begin(struct naive *n, uint8_t flags)
{
	return (struct wire){
		.src = n->own, .dst = n->peer, .protocol = USHER_TCP, .id = n->id++, .data = n->said,
		.tcp = { .seq = n->iss, .flags = flags, .window = n->window, .scale = 0xff },
	};
}

uint32_t naive_syn(struct naive *n, uint8_t *to, uint8_t flags)
{
	struct wire w = begin(n, flags);

	w.tcp.mss = 1460;
	w.tcp.sack_ok = true;
	if (flags & ACK)
		w.tcp.ack = n->irs + 1;
	return wire_write(to, &w);
}

uint32_t naive_segment(struct naive *n, uint8_t *to, uint32_t from, uint32_t len, uint8_t flags)
{
	struct wire w = begin(n, flags | ACK);
	uint32_t i;

	if (from > n->said_len)
		from = n->said_len;
	if (len > n->said_len - from)
		len = n->said_len - from;
	if (from + len > n->sent)
		n->sent = from + len;
	if (n->fin_sent && from + len == n->said_len)
		w.tcp.flags |= FIN;
	w.tcp.seq = n->iss + 1 + from;
	w.tcp.ack = n->irs + 1 + n->rcv + (n->fin_heard && n->rcv == n->fin_at ? 1 : 0);
	w.data = n->said + from;
	w.len = len;
	for (i = 0; i < n->early.count && i < 3; i++)
		w.tcp.sack[i] = (struct range){ n->irs + 1 + n->early.at[i].from, n->irs + 1 + n->early.at[i].to };
	w.tcp.sack_count = (uint8_t)i;
	return wire_write(to, &w);
}

uint32_t naive_missing(const struct naive *n, uint32_t *from)
{
	uint32_t end;

	*from = ranges_skip(&n->sacked, *from, &end);
	return end < n->said_len ? end : n->said_len;
}

static const char *acknowledged(struct naive *n, const struct wire *w)
{
	uint32_t most = n->sent + (n->fin_sent ? 1 : 0), at = w->tcp.ack - (n->iss + 1), i;

	if ((int32_t)(at - most) > 0)
		return "acknowledged is what was never sent";
	if ((int32_t)(at - n->una) > 0) {
		n->fin_acked = at > n->said_len;
		n->una = n->fin_acked ? n->said_len : at;
	}
	for (i = 0; i < w->tcp.sack_count; i++) {
		uint32_t from = w->tcp.sack[i].from - (n->iss + 1), to = w->tcp.sack[i].to - (n->iss + 1);

		if ((int32_t)(to - from) <= 0 || (int32_t)(to - most) > 0 || (int32_t)from < 0)
			return "selectively acknowledged is what was never sent";
		(void)ranges_add(&n->sacked, from, to < n->said_len ? to : n->said_len);
	}
	return NULL;
}

static const char *hear(struct naive *n, const struct wire *w)
{
	uint32_t at = w->tcp.seq - (n->irs + 1), i;

	if (w->len == 1 && (int32_t)(at - n->rcv) < 0)
		return NULL; /* a keep-alive's, which may be any (RFC 9293 3.8.4) */
	for (i = 0; i < w->len; i++) {
		uint32_t k = at + i;

		if ((int32_t)k < 0)
			return "bytes from before the first";
		if (k >= NAIVE_HEARD)
			return "bytes from far beyond the last";
		if ((k < n->rcv || ranges_have(&n->early, k, k + 1)) && n->heard[k] != w->data[i])
			return "one number, two different bytes";
		n->heard[k] = w->data[i];
	}
	if (w->len && !ranges_add(&n->early, at, at + w->len))
		return NULL; /* too many holes: as if it had been lost */
	if (w->tcp.flags & FIN) {
		if (n->fin_heard && n->fin_at != at + w->len)
			return "two FINs";
		n->fin_heard = true;
		n->fin_at = at + w->len;
	}
	if (n->early.count && n->early.at[0].from <= n->rcv && n->early.at[0].to > n->rcv)
		n->rcv = n->early.at[0].to;
	ranges_trim(&n->early, n->rcv);
	if (n->fin_heard && n->rcv > n->fin_at)
		return "bytes behind the FIN";
	return NULL;
}

const char *naive_receive(struct naive *n, const struct wire *w)
{
	const char *wrong = NULL;

	if (n->dead || w->tcp.flags & SYN)
		return NULL;
	if (w->tcp.flags & RST) {
		n->dead = true;
		return NULL;
	}
	if (w->tcp.flags & ACK)
		wrong = acknowledged(n, w);
	return wrong ? wrong : hear(n, w);
}
