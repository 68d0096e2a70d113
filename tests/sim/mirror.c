/*
 * sim/mirror: see mirror.h.
 */
#include "tests/sim/mirror.h"

#include "tests/sim/attack.h"
#include "tests/sim/gateway.h"

#include <arpa/inet.h>
#include <stdio.h>

/* ---- which ends belong together ---- */

void mirror_opened(struct tcp *t)
{
	struct sim *sim = t->sim;

	for (uint32_t i = 0; i < sim->conn_count && !t->active; i++) {
		struct tcp *other = sim->conn[i];

		if (other->active && other->iss == t->irs && !other->peer) {
			t->peer = other;
			other->peer = t;
			return;
		}
	}
	if (!t->active)
		sim_violation(sim, "%s is connected to by nobody: number %u was not sent", t->host->name, t->irs);
}

void mirror_connected(struct tcp *t)
{
	struct announcement *a = t->active ? t->toward : NULL;

	if (!t->peer || t->peer->iss != t->irs) {
		sim_violation(t->sim, "%s is connected to somebody who does not know", t->host->name);
		return;
	}
	if (a && !a->unedited && (t->peer->host != a->control->host || !same_endpoint(&t->peer->local, &a->real)))
		sim_violation(t->sim, "a connection to the announced %s arrives at %s", endpoint_text(&a->real),
			      endpoint_text(&t->peer->local));
}

/* ---- announcements ---- */

struct span *mirror_span(struct tcp *t, uint8_t kind, struct announcement *a, uint32_t from, uint32_t len)
{
	struct mirror *m = &t->mirror;
	struct span *s = &m->span[m->span_count];

	if (m->span_count == SPANS_MAX) {
		sim_violation(t->sim, "the simulation has no room for more than %u announcements in a stream", SPANS_MAX);
		return &m->span[0];
	}
	m->span_count++;
	*s = (struct span){ .from = from, .len = len, .line = from, .line_end = from + len, .kind = kind, .announcement = a };
	return s;
}

uint32_t mirror_out(const struct tcp *t, uint32_t at, bool up)
{
	const struct mirror *m = &t->mirror;
	int64_t shift = 0;

	for (uint32_t i = 0; i < m->span_next; i++) {
		const struct span *s = &m->span[i];

		if (at <= s->from + s->head)
			break;
		if (at < s->from + s->len - s->tail)
			return up ? s->out + s->out_len - s->tail : s->out + s->head;
		shift = (int64_t)s->out + s->out_len - s->from - s->len;
	}
	return (uint32_t)(at + shift);
}

/* How a number is written, and where it ends; more than five digits are none. */
static bool read_number(const uint8_t **at, const uint8_t *end, uint32_t limit, uint32_t *value)
{
	const uint8_t *first = *at;

	for (*value = 0; *at < end && **at >= '0' && **at <= '9' && *at - first < 5; (*at)++)
		*value = *value * 10 + (uint32_t)(**at - '0');
	return *at > first && *value <= limit;
}

/* h,h,h,h,p,p */
static bool read_numbers(const uint8_t *text, uint32_t len, struct usher_endpoint *e)
{
	const uint8_t *at = text, *end = text + len;
	uint32_t value;

	e->family = USHER_IPV4;
	for (unsigned i = 0; i < 6; i++) {
		if (i && (at == end || *at++ != ','))
			return false;
		if (!read_number(&at, end, 255, &value))
			return false;
		if (i < 4)
			e->address[i] = (uint8_t)value;
		else
			e->key = e->key << 8 | value;
	}
	return at == end;
}

/* |1|address|port|, with whatever sign the writer took. */
static bool read_eprt(const uint8_t *text, uint32_t len, struct usher_endpoint *e)
{
	const uint8_t *at = text + 3, *end = text + len;
	char address[64];
	uint32_t size = 0;

	if (len < 8 || text[2] != text[0] || (text[1] != '1' && text[1] != '2'))
		return false;
	while (at < end && *at != text[0] && size < sizeof(address) - 1)
		address[size++] = (char)*at++;
	address[size] = '\0';
	e->family = text[1] == '1' ? USHER_IPV4 : USHER_IPV6;
	if (inet_pton(text[1] == '1' ? AF_INET : AF_INET6, address, e->address) != 1)
		return false;
	at++;
	return at < end && read_number(&at, end, 65535, &e->key) && at + 1 == end && *at == text[0];
}

/* Where the text that begins at `at` ends; 0: not yet known. */
static uint32_t span_end(const struct span *s, const struct bytes *wire, uint32_t at, uint32_t have, uint8_t sign)
{
	uint32_t end = at, signs = 0;

	if (s->kind >= SPAN_CALL)
		return have >= at + 2 ? at + 2 : 0;
	for (; end < have; end++) {
		uint8_t byte = wire->data[end];

		if (s->kind == SPAN_EPRT) {
			signs += byte == sign;
			if (signs == 4)
				return end + 1;
		} else if (!(byte >= '0' && byte <= '9') && !(byte == ',' && s->kind == SPAN_NUMBERS)) {
			return end;
		}
	}
	return 0;
}

static bool read_span(const struct tcp *t, const struct span *s, struct usher_endpoint *seen)
{
	const uint8_t *text = t->mirror.wire.data + s->out, *end = text + s->out_len;

	*seen = (struct usher_endpoint){ 0 };
	if (s->kind == SPAN_NUMBERS)
		return read_numbers(text, s->out_len, seen);
	if (s->kind == SPAN_EPRT)
		return read_eprt(text, s->out_len, seen);
	*seen = t->peer->remote;
	if (s->kind == SPAN_PORT)
		return read_number(&text, end, 65535, &seen->key) && text == end;
	seen->key = (uint32_t)text[0] << 8 | text[1];
	return true;
}

/* Was it right that this left unedited? Only if usher says so: it had to let it go, or it has no name for it. */
static bool may_be_unedited(struct sim *sim)
{
	return gateways_count(sim, USHER_COUNTER_HELD_EXPIRED) || gateways_count(sim, USHER_COUNTER_NAT_EXHAUSTED);
}

/* An announcement left the gateway. */
static void judge_announced(struct tcp *t, struct span *s, const struct usher_endpoint *seen)
{
	struct sim *sim = t->sim;
	struct announcement *a = s->announcement;
	bool right = s->kind == SPAN_PEER ? seen->key == a->real.key : same_address(seen, &t->peer->remote);

	sim_log(sim, "announced: %s as %s%s", endpoint_text(&a->real), endpoint_text(seen), s->changed ? ", edited" : "");
	if (a->refused) {
		/* Who reads it knows by which address its writer is known, and tries that. */
		a->seen = same_address(seen, &t->local) ? t->peer->remote : *seen;
		a->seen.key = seen->key;
		if (s->changed)
			sim_violation(sim, "an announcement that must be refused is edited: %s", endpoint_text(&a->real));
		a->unedited = true;
		return;
	}
	if (a->announced && !same_endpoint(&a->seen, seen) && s->kind == SPAN_CALL && !a->over)
		sim_violation(sim, "call id %u is named %u once and %u later", a->real.key, a->seen.key, seen->key);
	if (s->kind != SPAN_PEER) {
		a->announced = true;
		a->seen = *seen;
	}
	if (s->changed)
		sim_cover(sim, COVER_EDITED);
	if (right || (s->kind == SPAN_PEER && a->over))
		return;
	a->unedited = true;
	if (!s->changed && t->fin_wanted && s->line_end > t->tx.len) /* the line has no end, and will have none */
		return;
	if (s->kind == SPAN_PEER && !may_be_unedited(sim))
		sim_violation(sim, "%s means call id %u, and %s reads %u", t->host->name, a->real.key, t->peer->host->name, seen->key);
	else if (s->changed || !may_be_unedited(sim))
		sim_violation(sim, "%s announces %s, and %s reads %s: %s is known there as %s", t->host->name, endpoint_text(&a->real),
			      t->peer->host->name, endpoint_text(seen), t->host->name, address_text(&t->peer->remote));
}

/* How much of an announcement is the same at its beginning and end, before and after. */
static void compare_span(const struct tcp *t, struct span *s)
{
	const uint8_t *before = t->tx.data + s->from, *after = t->mirror.wire.data + s->out;
	uint32_t least = s->len < s->out_len ? s->len : s->out_len;

	while (s->head < least && before[s->head] == after[s->head])
		s->head++;
	while (s->head + s->tail < least && before[s->len - 1 - s->tail] == after[s->out_len - 1 - s->tail])
		s->tail++;
	s->changed = s->head < s->len || s->head < s->out_len;
}

static void finish_span(struct tcp *t, struct span *s, uint32_t end)
{
	struct mirror *m = &t->mirror;
	struct usher_endpoint seen;

	s->out = m->left;
	s->out_len = end - m->left;
	s->done = true;
	compare_span(t, s);
	m->shift += (int32_t)s->out_len - (int32_t)s->len;
	if (m->shift < m->least_shift)
		m->least_shift = m->shift;
	m->written += s->len;
	m->left = end;
	m->span_next++;
	if (s->split && s->announcement && !s->announcement->refused)
		sim_cover(t->sim, COVER_SPLIT);
	if (!s->announcement)
		return;
	if (!read_span(t, s, &seen)) {
		sim_violation(t->sim, "what %s announces leaves as '%.*s'", t->host->name, (int)s->out_len, m->wire.data + s->out);
		return;
	}
	judge_announced(t, s, &seen);
	if (!t->sim->failed && s->kind != SPAN_PEER)
		attack_announced(t->sim, s->announcement);
}

/* ---- what leaves ---- */

/* Compare what is there now with what was written. */
static void advance(struct tcp *t)
{
	struct mirror *m = &t->mirror;
	uint32_t have = m->have.count && m->have.at[0].from == 0 ? m->have.at[0].to : 0, len, end;

	while (m->left < have && !t->sim->failed) {
		struct span *s = m->span_next < m->span_count ? &m->span[m->span_next] : NULL;

		if (s && s->from == m->written) {
			end = span_end(s, &m->wire, m->left, have, t->tx.data[s->from]);
			if (!end)
				return;
			finish_span(t, s, end);
			continue;
		}
		len = have - m->left;
		if (s && len > s->from - m->written)
			len = s->from - m->written;
		if (m->written + len > t->tx.len || memcmp(t->tx.data + m->written, m->wire.data + m->left, len)) {
			sim_violation(t->sim, "what %s wrote from byte %u on leaves the gateway as something else", t->host->name,
				      m->written);
			return;
		}
		m->written += len;
		m->left += len;
	}
}

/* The end that wrote this segment. */
static struct tcp *writer_of(struct sim *sim, const struct host *to, const struct wire *w)
{
	for (uint32_t i = sim->conn_count; i-- > 0 && w->protocol == USHER_TCP;) {
		struct tcp *reader = sim->conn[i];

		if (reader->host == to && same_endpoint(&reader->local, &w->dst) && same_endpoint(&reader->remote, &w->src))
			return reader->rcv_nxt ? reader->peer : NULL;
	}
	return NULL;
}

static void two_edits(struct tcp *t)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < t->mirror.span_next; i++)
		count += t->mirror.span[i].changed && t->mirror.span[i].out + t->mirror.span[i].out_len > t->mirror.acked;
	if (count > 1)
		sim_cover(t->sim, COVER_TWO_EDITS);
}

static void both_edited(struct tcp *t)
{
	bool here = false, there = false;

	for (uint32_t i = 0; i < t->mirror.span_next; i++)
		here |= t->mirror.span[i].changed;
	for (uint32_t i = 0; i < t->peer->mirror.span_next; i++)
		there |= t->peer->mirror.span[i].changed;
	if (here && there)
		sim_cover(t->sim, COVER_BOTH_EDITED);
}

/* Bytes at `at` that left before must leave as the same again. */
static bool is_same_again(const struct mirror *m, uint32_t at, const uint8_t *data, uint32_t len)
{
	for (uint32_t i = 0; i < m->have.count; i++) {
		uint32_t from = m->have.at[i].from > at ? m->have.at[i].from : at;
		uint32_t to = m->have.at[i].to < at + len ? m->have.at[i].to : at + len;

		if (from < to && memcmp(m->wire.data + from, data + (from - at), to - from))
			return false;
	}
	return true;
}

/*
 * An urgent pointer must lead behind a byte that was written as urgent, wherever that is now; but if announcements lie between which
 * have not left yet, nobody can know.
 */
static void judge_urgent(const struct tcp *t, uint32_t end)
{
	for (uint32_t i = 0; i < t->urgent_count; i++) {
		if (t->urgents[i] - 1 > t->mirror.written || mirror_out(t, t->urgents[i] - 1, true) == end)
			return;
	}
	sim_violation(t->sim, "urgent data of %s leaves as up to byte %u", t->host->name, end);
}

void mirror_leaves(struct sim *sim, struct host *to, const struct wire *w)
{
	struct tcp *t = w->len ? writer_of(sim, to, w) : NULL, *reader;
	struct mirror *m;
	uint32_t at, spans;

	if (!t)
		return;
	m = &t->mirror;
	reader = t->peer;
	at = w->tcp.seq - t->iss - 1;
	if (at > 1u << 30 || (w->len == 1 && at + 2 <= reader->rcv_nxt))
		return; /* a keep-alive's byte is garbage, and may lie in front of the first one */
	if (!is_same_again(m, at, w->data, w->len)) {
		sim_violation(sim, "bytes of %s at %u leave the gateway a second time, as others", t->host->name, at);
		return;
	}
	bytes_put(&m->wire, at, w->data, w->len);
	ranges_add(&m->have, at, at + w->len);
	spans = m->span_next;
	advance(t);
	if (w->tcp.flags & URG && !sim->failed)
		judge_urgent(t, at + w->tcp.urgent);
	if (spans != m->span_next) {
		two_edits(t);
		both_edited(t);
	}
}

bool mirror_has_edit(struct sim *sim, struct host *to, const struct wire *w, bool lost)
{
	struct tcp *t = w->len ? writer_of(sim, to, w) : NULL;
	uint32_t at = t ? w->tcp.seq - t->iss - 1 : 0;
	bool has = false;

	for (uint32_t i = 0; t && i < t->mirror.span_next; i++) {
		struct span *s = &t->mirror.span[i];

		if (!s->changed || at >= s->out + s->out_len || at + w->len <= s->out)
			continue;
		has = !s->lost;
		if (lost) {
			s->lost = true;
			sim_cover(sim, COVER_EDIT_LOST);
		}
	}
	return has;
}

/* ---- what is read ---- */

/* The stream ended within an announcement: what there is of it must have left as it is. */
static void finish_torn(struct tcp *t)
{
	struct mirror *m = &t->mirror;
	uint32_t have = m->have.count ? m->have.at[0].to : 0, len = have - m->left;

	if (have <= m->left || m->written + len != t->tx.len || memcmp(t->tx.data + m->written, m->wire.data + m->left, len))
		return;
	m->written += len;
	m->left += len;
}

void mirror_read(struct tcp *t)
{
	struct mirror *m = t->peer ? &t->peer->mirror : NULL;
	uint32_t end = t->rcv_nxt - 1 - t->fin_got;

	if (!m || t->sim->failed)
		return;
	if (end > m->wire.len || (end > m->read && memcmp(t->rx.data + m->read, m->wire.data + m->read, end - m->read)))
		sim_violation(t->sim, "%s reads something at %u that did not leave the gateway", t->host->name, m->read);
	m->read = end;
	if (t->fin_got)
		finish_torn(t->peer);
	if (t->fin_got && (t->peer->tx.len != m->written || end != m->left || !t->peer->fin_wanted))
		sim_violation(t->sim, "%s reads the end of the stream at %u, but %u of %u bytes left", t->host->name, end, m->written,
			      t->peer->tx.len);
}

/* ---- what is told ---- */

void mirror_acknowledged(struct sim *sim, struct host *from, const struct wire *w)
{
	for (uint32_t i = sim->conn_count; i-- > 0 && w->protocol == USHER_TCP && w->tcp.flags & ACK;) {
		struct tcp *t = sim->conn[i];
		uint32_t ack;

		if (t->host != from || !t->peer || !same_endpoint(&t->local, &w->src) || !same_endpoint(&t->remote, &w->dst))
			continue;
		ack = w->tcp.ack - t->irs - 1;
		if (ack < 1u << 30 && ack > t->peer->mirror.acked)
			t->peer->mirror.acked = ack;
		return;
	}
}

/* Has the reader bytes from..to of what `t` wrote? */
static bool reader_has(const struct tcp *t, uint32_t from, uint32_t to)
{
	const struct tcp *r = t->peer;
	uint32_t first = mirror_out(t, from, false) + 1, last = mirror_out(t, to, true) + 1, next = r->rcv_nxt, end;

	if (first < next)
		first = next;
	return first >= last || ranges_skip(&r->early, first, &end) >= last;
}

static void told_sack(struct tcp *t, const struct wire_tcp *s)
{
	for (uint32_t i = 0; i < s->sack_count && !t->sim->failed; i++) {
		uint32_t from = s->sack[i].from - t->iss, to = s->sack[i].to - t->iss;

		if (from < 1 || from >= to || to > t->max)
			sim_violation(t->sim, "%s gets a SACK block %d-%d, but sent %u", t->host->name, (int)from, (int)to, t->max);
		else if (!reader_has(t, from - 1, to - 1 > t->tx.len ? t->tx.len : to - 1))
			sim_violation(t->sim, "%s gets a SACK block for bytes %u-%u, which %s does not have", t->host->name, from - 1,
				      to - 1, t->peer->host->name);
	}
}

void mirror_told(struct tcp *t, const struct wire *w)
{
	const struct wire_tcp *s = &w->tcp;
	uint32_t ack = s->ack - t->iss;
	struct tcp *r = t->peer;

	if (!r || t->state < TCP_ESTABLISHED || s->flags & (SYN | RST))
		return;
	if (s->sack_count)
		sim_cover(t->sim, COVER_SACK);
	told_sack(t, s);
	if (ack > t->tx.len + 1 && !r->fin_got)
		sim_violation(t->sim, "the FIN of %s is acknowledged, but %s has not seen it", t->host->name, r->host->name);
	if (!gateways_count(t->sim, USHER_COUNTER_OWN_ACKS) && ack > 1 && !reader_has(t, 0, ack - 1 > t->tx.len ? t->tx.len : ack - 1))
		sim_violation(t->sim, "%s is told that %u bytes arrived, %s has read %u", t->host->name, ack - 1, r->host->name,
			      r->rcv_nxt - 1);
}

void mirror_edge(struct tcp *t)
{
	const struct tcp *r = t->peer;

	if (r && (int32_t)(t->edge + (uint32_t)t->mirror.least_shift - r->rcv_edge) > 0)
		sim_violation(t->sim, "%s is told that it may send up to %u, %s offers %u", t->host->name, t->edge, r->host->name,
			      r->rcv_edge);
}

void mirror_finish(struct tcp *t)
{
	struct mirror *m = &t->mirror;

	if (t->iss + t->tx.len < t->iss && t->mirror.span_count)
		sim_cover(t->sim, COVER_WRAP);
	if (t->fin_acked && t->peer && (m->written != t->tx.len || m->read != m->left))
		sim_violation(t->sim, "%s wrote %u bytes and closed; %u left, %u of them were read", t->host->name, t->tx.len, m->written,
			      m->read);
}
