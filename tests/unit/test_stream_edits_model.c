/*
 * stream: two endpoints in virtual time with a stream between them that edits.
 *
 * Each endpoint is a small TCP: it sends again what was not acknowledged, with boundaries of its own, believes SACK,
 * obeys windows, drops what is too old by its time stamp, may wait for acknowledgements before it sends little (Nagle).
 * The links lose, repeat and reorder on both sides of the stream. What edits make of the text is known from the calls
 * the helper got; held to be true, at every step: all that leaves is that text at that number; nothing leaves that is
 * held; what a sender is told to be received was received, or is owned; a window that usher tells moves no right edge;
 * each record is handed over once; and in the end each side has read all, nothing is owed, no chunk is in use.
 * EDITS_SEED=.. EDITS_RUNS=1 repeats one; EDITS_TRACE=1 shows it.
 */
#include "stream_bed.h"

#define MS ((usher_time)1000000)
#define TEXT_MAX 20000u
#define OUT_MAX 40000u
#define FLIGHT 1024u
#define PACKET_MAX 6000u
#define CHUNKS 400u
#define MOST_TIME (900 * USHER_SECOND)

struct packet {
	usher_time at;
	uint8_t direction, flags, sacks;
	bool to_gateway;
	uint16_t window, mss, urgent, gso_size;
	uint32_t seq, ack, ts_value, ts_echo, len;
	uint32_t sack[4][2];
	uint8_t data[PACKET_MAX];
};

/* What became of a direction's text, as the helper asked. */
struct oracle {
	uint8_t text[TEXT_MAX]; /* as S writes it */
	uint32_t len, read;     /* bytes handed over so far */
	struct {
		uint32_t at, len, out_len;
	} edit[4000];
	uint32_t edits;
	uint8_t out[OUT_MAX];   /* what the first `read` bytes became */
	uint32_t out_len;
};

struct end {
	uint32_t first; /* number of its first byte; all others count from there. Its FIN is at the text's length */
	uint32_t written, una, nxt, max, edge;
	uint32_t mss, mss_first, urgent; /* urgent: where its pointer points; 0: nowhere */
	bool nagle, gso, urgent_told;
	bool sacked[OUT_MAX];
	usher_time rto_at, write_at, again_at, alive_at; /* 0: no such time */
	unsigned backoff;
	/* as a receiver */
	uint8_t got[OUT_MAX];
	bool have[OUT_MAX];
	uint32_t next, fin, taken, room;
	bool fin_known, fin_read, unacked, urgent_heard;
	uint32_t dup[2];
	usher_time ack_at, take_at;
	uint32_t ts_recent, ts_echo;
	bool ts_known;
};

static struct {
	struct stream s;
	struct stream_context context;
	struct stream_counts counts;
	struct stream_leave leave;
	struct chunk_pool *pool;
	struct oracle oracle[2];
	struct end end[2];
	struct packet flight[FLIGHT];
	unsigned count;
	usher_time now;
	uint64_t seed;
	unsigned loss[2], dup, reorder, lost_left; /* per mille: before the stream, behind it; so many more may be lost */
	unsigned delay[2];                         /* us, of each endpoint's link */
	unsigned scale, edit_kind, resets, rewrites, path; /* path: the most payload behind the stream; 0: any */
	int records_left; /* < 0: the helper never stops */
	uint32_t edge_told[2]; /* the rightmost edge that R offered S, in numbers */
	uint32_t own[2];       /* the highest number that usher acknowledged by itself */
	uint32_t ts_left[2];
	bool ts_known[2], sack, stamps, inside;
	uint8_t scratch[STREAM_SCRATCH];
} m;

static struct { /* what all runs together came across */
	uint64_t runs, segments, edits, both_edited, own_acks, sent_again, held_too_long, cut, full, resets, stopped, too_big;
} seen;

static bool trace;

#define SAY(...) (trace ? (void)printf(__VA_ARGS__) : (void)0)
#define HOLDS(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			fail_msg("seed %" PRIu64 " at %" PRIu64 " us: %s (line %d)", m.seed, m.now / 1000, #condition, \
				 __LINE__);                                                                            \
	} while (0)

static uint32_t chance(unsigned per_mille)
{
	return bed_random(1000) < per_mille;
}

/* ---- the oracle ---- */

/* Out offset of an in offset that no edit has inside, as far as is decided. */
static uint32_t oracle_out(const struct oracle *o, uint32_t in, bool up)
{
	uint32_t shift = 0;

	for (uint32_t i = 0; i < o->edits; i++) {
		if (o->edit[i].at >= in)
			break;
		if (o->edit[i].at + o->edit[i].len > in)
			return o->edit[i].at + shift + (up ? o->edit[i].out_len : 0);
		shift += o->edit[i].out_len - o->edit[i].len;
	}
	return in + shift;
}

/* Byte `at` of what R should read. Bytes behind the last record handed over leave as they are. */
static uint8_t oracle_byte(const struct oracle *o, uint32_t at)
{
	return at < o->out_len ? o->out[at] : o->text[o->read + (at - o->out_len)];
}

static uint32_t oracle_end(const struct oracle *o)
{
	return o->out_len + (o->len - o->read);
}

static int32_t sink_frame(void *user, unsigned direction, const uint8_t *head, uint32_t have)
{
	(void)user;
	(void)direction;
	HOLDS(m.inside && have <= m.s.record_max);
	return bed_frame(head, have);
}

static bool sink_may_edit(void *user, unsigned direction, const uint8_t *head, uint32_t have)
{
	(void)user;
	(void)direction;
	HOLDS(m.inside && have < m.s.record_max);
	return head[0] == 'E';
}

/* Appends to what R reads. */
static void oracle_put(struct oracle *o, const void *data, uint32_t len)
{
	assert_true(o->out_len + len < OUT_MAX);
	memcpy(o->out + o->out_len, data, len);
	o->out_len += len;
}

/* Some edits, asked for from front to back or from back to front, all of them taken back sometimes. */
static void edit_some(struct oracle *o, struct stream_record *record)
{
	struct {
		uint32_t at, len, text_len;
		char text[32];
		int answer;
	} ask[4];
	unsigned count = 0, i;
	uint32_t at = record->fixed + bed_random(4), done = 0;
	bool forget = chance(30), backwards = chance(300);

	while (count < 4 && at + 2 < record->len) {
		uint32_t most = record->len - 1 - at, len = 1 + bed_random(most < 12 ? most : 12);
		uint32_t text_len = bed_random(m.edit_kind == 0 ? 25 : m.edit_kind == 1 ? len + 1 : 2 * len + 1);

		if (chance(50) && text_len)
			len = 0;
		ask[count].at = at;
		ask[count].len = len;
		ask[count].text_len = text_len;
		for (i = 0; i < text_len; i++)
			ask[count].text[i] = (char)('A' + bed_random(26));
		count++;
		at += len + 2 + bed_random(10);
	}
	for (i = 0; i < count; i++) {
		unsigned which = backwards ? count - 1 - i : i;

		ask[which].answer = usher__stream_edit(record, ask[which].at, ask[which].len, ask[which].text,
						       ask[which].text_len);
		HOLDS(ask[which].answer == USHER_OK || (ask[which].answer == USHER_FULL && m.counts.edits_refused));
	}
	if (forget)
		usher__stream_edit_none(record);
	for (i = 0; i < count && !forget; i++) {
		if (ask[i].answer != USHER_OK)
			continue;
		oracle_put(o, record->data + done, ask[i].at - done);
		oracle_put(o, ask[i].text, ask[i].text_len);
		assert_true(o->edits < COUNT(o->edit));
		done = ask[i].at + ask[i].len;
		o->edit[o->edits].at = o->read + ask[i].at;
		o->edit[o->edits].len = ask[i].len;
		o->edit[o->edits++].out_len = ask[i].text_len;
	}
	oracle_put(o, record->data + done, record->len - done);
}

static bool sink_record(void *user, struct stream_record *record)
{
	struct oracle *o = &m.oracle[record->direction];
	uint32_t at = m.s.side[record->direction].in_next - record->len - m.end[record->direction].first;

	(void)user;
	HOLDS(m.inside && m.records_left != 0);
	HOLDS(at <= o->len && record->len <= o->len - at && memcmp(record->data, o->text + at, record->len) == 0);
	if (!(m.rewrites & 1u << record->direction)) {
		HOLDS(record->fixed == record->len && usher__stream_edit(record, 0, 1, "AB", 2) == USHER_REFUSED);
		return --m.records_left != 0;
	}
	/* What frame() let pass unread comes without a call. */
	while (o->read < o->len && o->text[o->read] == '#') {
		uint32_t len = (uint32_t)(10 * (o->text[o->read + 1] - 48) + (o->text[o->read + 2] - 48));

		oracle_put(o, o->text + o->read, len);
		o->read += len;
	}
	HOLDS(at == o->read);
	HOLDS(!(record->flags & USHER_RECORD_PICKED_UP) && (!(record->flags & USHER_RECORD_AFTER_GAP) || m.counts.gaps));
	if (record->data[0] == 'E' && !(record->flags & USHER_RECORD_CUT))
		edit_some(o, record);
	else
		oracle_put(o, record->data, record->len);
	o->read += record->len;
	if (record->flags & USHER_RECORD_CUT) { /* the rest of the line is passed over */
		const uint8_t *end = memchr(o->text + o->read, '\n', o->len - o->read);
		uint32_t len = end ? (uint32_t)(end - o->text) + 1 - o->read : o->len - o->read;

		HOLDS(record->fixed == record->len);
		oracle_put(o, o->text + o->read, len);
		o->read += len;
	}
	return --m.records_left != 0;
}

static bool sink_gap(void *user, unsigned direction, uint32_t len)
{
	struct oracle *o = &m.oracle[direction];
	uint32_t to = m.s.side[direction].in_next - m.end[direction].first;

	(void)user;
	HOLDS(len > 0);
	if (!(m.rewrites & 1u << direction))
		return true;
	HOLDS(m.counts.no_memory > 0); /* nothing else is lost for good */
	HOLDS(to >= o->read && to <= o->len);
	oracle_put(o, o->text + o->read, to - o->read);
	o->read = to;
	return true;
}

/* ---- links ---- */

static struct packet *send_packet(const struct packet *p, bool to_gateway)
{
	unsigned side = p->direction ^ !to_gateway; /* whose link */
	usher_time takes = 1000 * (usher_time)(m.delay[side] + bed_random(m.delay[side] / 8 + 1));
	struct packet *q;

	if (chance(m.loss[!to_gateway]) && m.lost_left) {
		m.lost_left--;
		SAY("   lost\n");
		return NULL;
	}
	if (m.count == FLIGHT)
		return NULL;
	if (chance(m.reorder))
		takes += 1000 * (usher_time)bed_random(3 * m.delay[side] + 1000);
	q = &m.flight[m.count++];
	*q = *p;
	q->to_gateway = to_gateway;
	q->at = m.now + takes;
	return q;
}

static void send_packets(const struct packet *p, bool to_gateway)
{
	(void)send_packet(p, to_gateway);
	if (chance(m.dup))
		(void)send_packet(p, to_gateway);
}

static void say(const char *who, const struct packet *p)
{
	unsigned d = p->direction;

	if (!trace)
		return;
	printf("%8" PRIu64 " %-8s %c seq %" PRIi32 "+%" PRIu32 " ack %" PRIi32 " win %u%s%s%s", m.now / 1000, who, d ? '<' : '>',
	       (int32_t)(p->seq - m.end[d].first), p->len, (int32_t)(p->ack - m.end[!d].first), p->window << m.scale,
	       p->flags & TCP_FIN ? " FIN" : "", p->flags & TCP_SYN ? " SYN" : "", p->flags & TCP_RST ? " RST" : "");
	for (unsigned i = 0; i < p->sacks; i++)
		printf(" [%" PRIi32 ",%" PRIi32 ")", (int32_t)(p->sack[i][0] - m.end[!d].first),
		       (int32_t)(p->sack[i][1] - m.end[!d].first));
	printf("\n");
}

/* ---- the gateway ---- */

/* What R has, from its first byte on, as a number of S's text. */
static bool has(unsigned d, uint32_t from, uint32_t to)
{
	const struct end *r = &m.end[!d];

	for (; from < to; from++) {
		if (from >= r->next && !r->have[from])
			return false;
	}
	return true;
}

/* S (of direction d) is told this. */
static void check_told(unsigned d, const struct packet *p)
{
	const struct oracle *o = &m.oracle[d];
	const struct end *s = &m.end[d], *r = &m.end[!d];
	uint32_t ack = p->ack - s->first;

	if (!(p->flags & TCP_ACK) || (int32_t)ack <= 0)
		return;
	HOLDS(ack <= s->max);
	if (ack > o->len)
		HOLDS(r->fin_read && ack == o->len + 1);
	else
		HOLDS(ack <= m.own[d] || oracle_out(o, ack, true) <= r->next);
	for (unsigned i = 0; i < p->sacks; i++) {
		uint32_t left = p->sack[i][0] - s->first, right = p->sack[i][1] - s->first;

		HOLDS(left < right && right <= s->max);
		HOLDS(has(d, oracle_out(o, left, false), oracle_out(o, right < o->len ? right : o->len, true)));
	}
}

/* Is this the place of S's urgent pointer? Of a deletion's end: the byte that it took along may be in between. */
static bool points_right(unsigned d, uint32_t out)
{
	return out - oracle_out(&m.oracle[d], m.end[d].urgent, true) <= 1;
}

/* R (of S's direction d) gets this. */
static void check_leaves(unsigned d, const struct packet *p)
{
	const struct oracle *o = &m.oracle[d];
	const struct stream_side *side = &m.s.side[d];
	uint32_t at = p->seq - m.end[d].first;

	if (p->flags & TCP_SYN)
		return;
	if (p->len == 0 && !(p->flags & TCP_FIN))
		return;
	HOLDS((int32_t)at >= -1);
	if (m.rewrites & 1u << d && m.records_left)
		HOLDS((int32_t)(p->seq + p->len + !!(p->flags & TCP_FIN) -
				(side->in_left + side->shift + !!(side->flags & STREAM_FIN_LEFT))) <= 0);
	HOLDS(!(p->flags & TCP_FIN) || at + p->len == oracle_end(o));
	if (p->len == 1 && (int32_t)(at + 1 - m.end[!d].next) <= 0)
		return; /* a keep-alive: its byte means nothing, R has that number */
	for (uint32_t i = 0; i < p->len; i++) {
		/* A closed stream knows no edits any more; R had acknowledged them. */
		HOLDS(p->data[i] == oracle_byte(o, at + i) || (!m.s.record_max && at + i < m.end[!d].next));
	}
	HOLDS(p->len <= (p->gso_size ? PACKET_MAX : m.end[d].mss_first));
	if (p->flags & TCP_URG && m.end[d].urgent <= o->read)
		HOLDS(points_right(d, at + p->urgent));
}

/* A router behind the stream cannot send it on, and says so. */
static void too_big(const struct packet *p)
{
	unsigned d = p->direction;
	struct end *s = &m.end[d];
	uint32_t seq = usher__stream_back_seq(&m.s, d, p->seq, m.pool) - s->first;
	bool known = m.s.side[d].piece_max != 0;

	SAY("   too big\n");
	if (usher__stream_too_big(&m.s, d, p->seq, m.path, &m.context)) {
		HOLDS(seq < m.own[d] && (known || usher__stream_deadline(&m.s) <= m.now));
		seen.too_big++;
		return;
	}
	HOLDS((int32_t)(seq - s->max) <= 0);
	s->mss = m.path < s->mss ? m.path : s->mss;
	s->gso = false;
	if (s->una < s->max)
		s->rto_at = m.now + MS;
}

static void leaves(const struct packet *p)
{
	unsigned d = p->direction;

	check_leaves(d, p);
	check_told(!d, p);
	if (m.stamps && (!m.ts_known[d] || (int32_t)(p->ts_value - m.ts_left[d]) > 0)) {
		m.ts_known[d] = true;
		m.ts_left[d] = p->ts_value;
	}
	seen.segments++;
	if (m.path && p->len > m.path && !p->gso_size)
		too_big(p);
	else
		send_packets(p, false);
}

static void sink_emit(void *user, const struct stream_out *out)
{
	struct packet p = { .direction = out->direction, .flags = out->tcp_flags, .window = out->window, .seq = out->seq,
			    .ack = out->ack, .ts_value = out->ts_value, .ts_echo = out->ts_echo, .len = out->len,
			    .urgent = out->urgent };
	unsigned to = !out->direction;
	uint32_t edge = out->ack - m.end[to].first + ((uint32_t)out->window << m.scale);

	(void)user;
	HOLDS(m.inside && out->len <= sizeof(p.data) && out->has_ts == m.stamps);
	HOLDS(!m.stamps || out->ts_value == m.ts_left[out->direction]);
	if (out->len)
		memcpy(p.data, out->data, out->len);
	say(out->kind == STREAM_OUT_ACK ? "own ack" : out->kind == STREAM_OUT_AGAIN ? "again" :
	    out->kind == STREAM_OUT_PROBE ? "probe" : out->kind == STREAM_OUT_RESET ? "reset" : "emit", &p);
	/* A window told here moves no right edge, an acknowledgement no FIN. */
	HOLDS(out->window == 0 || (int32_t)(edge - m.edge_told[to]) <= 0);
	if (out->kind == STREAM_OUT_ACK && m.s.side[to].flags & STREAM_OWNS) {
		uint32_t own = m.s.side[to].own_end - m.end[to].first;

		HOLDS(out->ack - m.end[to].first <= m.oracle[to].len);
		m.own[to] = own > m.own[to] ? own : m.own[to];
	}
	if (out->kind == STREAM_OUT_RESET) { /* what was owed got lost six times: both are told, with exact numbers */
		HOLDS(m.s.side[0].tries == STREAM_TRIES || m.s.side[1].tries == STREAM_TRIES);
		m.resets++;
		return;
	}
	leaves(&p);
}

static const struct stream_sink sink = { sink_frame, sink_record, sink_gap, sink_may_edit, sink_emit };

static void check_chunks(void)
{
	uint32_t used = 0;

	for (unsigned i = 0; i < 2; i++)
		used += bed_side_chunks(&m.s.side[i], m.s.record_max);
	HOLDS(used == m.pool->used);
}

static void gateway(struct packet *p)
{
	unsigned d = p->direction;
	struct stream_segment segment = { .seq = p->seq, .ack = p->ack, .tcp_flags = p->flags, .direction = p->direction,
					  .len = p->len, .have = p->len, .data = p->data, .sack_count = p->sacks,
					  .scale = { (uint8_t)m.scale, (uint8_t)m.scale }, .window = p->window,
					  .mss = p->mss, .has_ts = m.stamps, .ts_value = p->ts_value, .urgent = p->urgent,
					  .room = p->gso_size ? PACKET_MAX : m.stamps ? 1448 : 1460,
					  .gso_size = p->gso_size, .piece = m.stamps ? 1448 : 1460 };
	uint32_t edge;
	bool more;

	say("gateway", p);
	memcpy(segment.sack, p->sack, sizeof(p->sack));
	m.inside = true;
	usher__stream_back(&m.s, &segment, m.pool);
	edge = segment.ack - m.end[!d].first + ((uint32_t)p->window << (p->flags & TCP_SYN ? 0 : m.scale));
	if (p->flags & TCP_ACK && (int32_t)(edge - m.edge_told[!d]) > 0)
		m.edge_told[!d] = edge;
	m.context.now = m.now;
	more = usher__stream_segment(&m.s, &segment, &m.context);
	HOLDS(more == (m.records_left != 0));
	m.inside = false;
	check_chunks();
	p->ack = segment.ack;
	p->sacks = segment.sack_count;
	memcpy(p->sack, segment.sack, sizeof(p->sack));
	if (m.leave.verdict != STREAM_PASS) {
		SAY("   %s\n", m.leave.verdict == STREAM_TAKEN ? "taken" : m.leave.again ? "again" : "dropped");
		return;
	}
	p->seq = m.leave.seq;
	p->flags = m.leave.tcp_flags;
	p->urgent = m.leave.urgent;
	if (m.leave.changed) {
		HOLDS(m.leave.payload_len <= sizeof(p->data));
		if (m.leave.payload_len)
			memcpy(p->data, m.leave.payload, m.leave.payload_len);
		p->len = m.leave.payload_len;
	}
	say("leaves", p);
	leaves(p);
}

/* ---- an endpoint ---- */

static uint32_t window_of(const struct end *e)
{
	uint32_t used = e->next - e->taken;

	return (e->room > used ? e->room - used : 0) >> m.scale << m.scale;
}

static void add_sacks(unsigned d, struct packet *p)
{
	const struct end *e = &m.end[d];
	uint32_t first = m.end[!d].first, at = e->next, limit = e->next + 16384 < OUT_MAX ? e->next + 16384 : OUT_MAX - 1;

	if (!m.sack)
		return;
	if (e->dup[0] != e->dup[1]) {
		p->sack[0][0] = first + e->dup[0];
		p->sack[0][1] = first + e->dup[1];
		p->sacks = 1;
	}
	while (at < limit && p->sacks < 3) {
		uint32_t begin;

		while (at < limit && !e->have[at])
			at++;
		begin = at;
		while (at < limit && e->have[at])
			at++;
		if (begin < at) {
			p->sack[p->sacks][0] = first + begin;
			p->sack[p->sacks++][1] = first + at;
		}
	}
}

/* A segment of `len` bytes at `at`. */
static void transmit(unsigned d, uint32_t at, uint32_t len, uint8_t flags)
{
	struct end *e = &m.end[d];
	struct packet p = { .direction = (uint8_t)d, .flags = (uint8_t)(flags | TCP_ACK), .seq = e->first + at, .len = len };

	assert_true(len <= sizeof(p.data) && (len == 0 || at + len <= m.oracle[d].len));
	memcpy(p.data, m.oracle[d].text + at, len);
	p.ack = m.end[!d].first + e->next + e->fin_read;
	p.window = (uint16_t)(window_of(e) >> m.scale);
	p.ts_value = (uint32_t)(m.now / MS) + 77;
	p.ts_echo = e->ts_echo;
	if (at < e->urgent && e->urgent <= e->written) {
		p.flags |= TCP_URG;
		p.urgent = (uint16_t)(e->urgent - at);
		e->urgent_told = true;
	}
	if (len > e->mss)
		p.gso_size = (uint16_t)e->mss;
	add_sacks(d, &p);
	e->dup[0] = e->dup[1] = 0;
	e->ack_at = 0;
	e->unacked = false;
	say("endpoint", &p);
	send_packets(&p, true);
}

/* The next that was not SACKed. */
static uint32_t skip_sacked(const struct end *e, uint32_t at)
{
	while (at < e->max && e->sacked[at])
		at++;
	return at;
}

static void transmit_more(unsigned d)
{
	struct end *e = &m.end[d];
	uint32_t len = m.oracle[d].len;

	for (unsigned budget = 20; budget; budget--) {
		uint32_t n, size = e->mss;

		e->nxt = skip_sacked(e, e->nxt);
		n = e->written > e->nxt ? e->written - e->nxt : 0;
		if (e->gso && chance(300))
			size *= 1 + bed_random(4);
		size = size < PACKET_MAX - 1000 ? size : PACKET_MAX - 1000;
		if (e->nxt < e->max && chance(300))
			size = 1 + bed_random(e->mss); /* boundaries of its own */
		n = n < size ? n : size;
		for (uint32_t i = e->nxt; i < e->nxt + n; i++) {
			if (i < e->max && e->sacked[i])
				n = i - e->nxt;
		}
		if (e->edge < e->nxt + n)
			n = e->edge > e->nxt ? e->edge - e->nxt : 0;
		if (n && n < size && e->nagle && e->nxt == e->max && e->una < e->max && e->written != len)
			n = 0;
		if (n == 0) {
			if (e->nxt == len && e->written == len && e->una <= len && (e->max <= len || e->nxt < e->max)) {
				transmit(d, len, 0, TCP_FIN);
				e->nxt = e->max = len + 1;
				if (!e->rto_at)
					e->rto_at = m.now + 300 * MS;
			}
			break;
		}
		transmit(d, e->nxt, n, TCP_PSH);
		e->nxt += n;
		e->max = e->nxt > e->max ? e->nxt : e->max;
		if (!e->rto_at)
			e->rto_at = m.now + 300 * MS;
	}
	if (!e->rto_at && e->una < e->written && e->edge <= e->una)
		e->rto_at = m.now + 300 * MS; /* to probe */
}

static void on_rto(unsigned d)
{
	struct end *e = &m.end[d];
	uint32_t len = m.oracle[d].len;

	e->backoff += e->backoff < 6;
	e->rto_at = m.now + ((300 * MS) << e->backoff);
	if (e->edge <= e->una && e->una < e->written) { /* a closed window */
		if (chance(500)) {
			transmit(d, e->una - 1, 0, 0);
		} else {
			transmit(d, e->una, 1, 0);
			e->max = e->una + 1 > e->max ? e->una + 1 : e->max;
		}
		return;
	}
	if (e->una == e->max) {
		e->rto_at = 0;
		return;
	}
	if (chance(200))
		memset(e->sacked, 0, sizeof(e->sacked));
	e->nxt = skip_sacked(e, e->una);
	if (e->nxt >= len || e->nxt >= e->written) {
		if (e->una <= len && e->max > len) {
			transmit(d, len, 0, TCP_FIN);
			e->nxt = e->max;
		}
		return;
	}
	transmit_more(d);
}

static void on_ack(unsigned d, const struct packet *p)
{
	struct end *e = &m.end[d];
	uint32_t ack = p->ack - e->first;

	if ((int32_t)ack < (int32_t)e->una)
		return;
	HOLDS(ack <= e->max);
	for (unsigned i = 0; i < p->sacks; i++) {
		uint32_t left = p->sack[i][0] - e->first, right = p->sack[i][1] - e->first;

		for (; left < right; left++)
			e->sacked[left] = true;
	}
	e->edge = ack + ((uint32_t)p->window << (p->flags & TCP_SYN ? 0 : m.scale));
	if (ack > e->una) {
		e->una = ack;
		e->backoff = 0;
		e->rto_at = e->una < e->max ? m.now + 300 * MS : 0;
		if (e->nxt < e->una)
			e->nxt = e->una;
	}
	transmit_more(d);
}

static bool take_data(unsigned d, const struct packet *p)
{
	struct end *e = &m.end[d];
	const struct end *s = &m.end[!d];
	uint32_t at = p->seq - s->first, edge = e->next + window_of(e), before = e->next;
	bool old = p->len > 0;

	for (uint32_t i = 0; i < p->len; i++) {
		uint32_t here = at + i;

		if ((int32_t)(here - e->next) < 0)
			continue;
		old = old && here < edge && e->have[here];
		if (here >= edge)
			continue;
		e->got[here] = p->data[i];
		e->have[here] = true;
	}
	if (old && (int32_t)at >= 0 && chance(700)) { /* RFC 2883 */
		e->dup[0] = at;
		e->dup[1] = at + p->len;
	}
	if (p->flags & TCP_URG && points_right(!d, at + p->urgent))
		e->urgent_heard = true;
	if (p->flags & TCP_FIN && (!e->fin_known || e->fin == at + p->len)) {
		e->fin_known = true;
		e->fin = at + p->len;
	}
	while (e->have[e->next])
		e->next++;
	if (e->fin_known && e->next == e->fin)
		e->fin_read = true;
	return e->next == before + p->len && p->len && at == before;
}

static void endpoint(const struct packet *p)
{
	unsigned d = !p->direction; /* its own */
	struct end *e = &m.end[d];
	bool in_order;

	say("arrives", p);
	if (m.stamps) {
		if (e->ts_known && (int32_t)(p->ts_value - e->ts_recent) < 0) {
			SAY("   too old\n");
			transmit(d, e->nxt > m.oracle[d].len ? e->max : e->nxt, 0, 0);
			return;
		}
		if ((int32_t)(p->seq - m.end[!d].first - e->next) <= 0) {
			e->ts_known = true;
			e->ts_recent = p->ts_value;
		}
		e->ts_echo = p->ts_value;
	}
	if (p->flags & TCP_ACK)
		on_ack(d, p);
	if (p->len == 0 && !(p->flags & TCP_FIN)) {
		/* Out of window, a keep-alive: answered at once. */
		if ((int32_t)(p->seq - m.end[!d].first - e->next - e->fin_read) < 0)
			transmit(d, e->max, 0, 0);
		return;
	}
	in_order = take_data(d, p);
	if (!in_order || p->flags & TCP_FIN || e->unacked || chance(300))
		transmit(d, e->max, 0, 0);
	else {
		e->unacked = true;
		e->ack_at = m.now + 40 * MS;
	}
}

/* The application reads some of it; a window that opens is told. */
static void on_take(unsigned d)
{
	struct end *e = &m.end[d];
	uint32_t was = window_of(e), n = e->next - e->taken;

	e->taken += n ? 1 + bed_random(n) : 0;
	e->take_at = m.now + (1 + bed_random(40)) * MS;
	if (window_of(e) > was + 2 * e->mss || (was == 0 && window_of(e) > 0))
		transmit(d, e->max, 0, 0);
}

static void on_write(unsigned d)
{
	struct end *e = &m.end[d];
	uint32_t left = m.oracle[d].len - e->written, n = bed_random(10) ? 1 + bed_random(60) : 1 + bed_random(4000);

	n = chance(200) ? 1 + bed_random(4) : n;
	e->written += n < left ? n : left;
	e->write_at = e->written == m.oracle[d].len ? 0 : m.now + (chance(5) ? 6 * USHER_SECOND : bed_random(60) * MS);
	transmit_more(d);
}

/* Bytes that were sent are sent again, from anywhere to anywhere. */
static void on_again(unsigned d)
{
	struct end *e = &m.end[d];
	uint32_t end = e->max < m.oracle[d].len ? e->max : m.oracle[d].len, at, n;

	e->again_at = m.now + (20 + bed_random(400)) * MS;
	if (e->una >= end)
		return;
	at = e->una + bed_random(end - e->una);
	n = 1 + bed_random(end - at);
	transmit(d, at, n < e->mss ? n : e->mss, TCP_PSH);
}

static void on_alive(unsigned d)
{
	struct end *e = &m.end[d];
	struct packet p = { .direction = (uint8_t)d, .flags = TCP_ACK, .seq = e->first + e->una - 1, .len = bed_random(2),
			    .ack = m.end[!d].first + e->next + e->fin_read, .window = (uint16_t)(window_of(e) >> m.scale),
			    .ts_value = (uint32_t)(m.now / MS) + 77, .ts_echo = e->ts_echo, .data = "?" };

	e->alive_at = m.now + (500 + bed_random(5000)) * MS;
	if (e->una != e->max || e->una > m.oracle[d].len)
		return;
	say("alive", &p);
	send_packets(&p, true);
}

/* ---- a run ---- */

static void sooner(usher_time *first, usher_time at)
{
	if (at && at < *first)
		*first = at;
}

static usher_time next_moment(void)
{
	usher_time first = usher__stream_deadline(&m.s);

	for (unsigned i = 0; i < m.count; i++)
		sooner(&first, m.flight[i].at);
	for (unsigned d = 0; d < 2; d++) {
		const struct end *e = &m.end[d];

		sooner(&first, e->rto_at);
		sooner(&first, e->write_at);
		sooner(&first, e->again_at);
		sooner(&first, e->alive_at);
		sooner(&first, e->ack_at);
		sooner(&first, e->take_at);
	}
	return first;
}

static void endpoint_timers(unsigned d)
{
	struct end *e = &m.end[d];

	if (e->write_at && e->write_at <= m.now)
		on_write(d);
	if (e->again_at && e->again_at <= m.now)
		on_again(d);
	if (e->alive_at && e->alive_at <= m.now)
		on_alive(d);
	if (e->take_at && e->take_at <= m.now)
		on_take(d);
	if (e->ack_at && e->ack_at <= m.now)
		transmit(d, e->max, 0, 0);
	if (e->rto_at && e->rto_at <= m.now)
		on_rto(d);
}

static void step(void)
{
	if (usher__stream_deadline(&m.s) <= m.now) {
		m.inside = true;
		m.context.now = m.now;
		if (!usher__stream_timer(&m.s, &m.context)) {
			HOLDS(m.resets == 2 && m.s.record_max == 0 && m.pool->used == 0);
			return;
		}
		m.inside = false;
		check_chunks();
		HOLDS(usher__stream_deadline(&m.s) > m.now);
	}
	for (unsigned i = 0; i < m.count; i++) {
		struct packet p = m.flight[i];

		if (p.at > m.now)
			continue;
		m.flight[i--] = m.flight[--m.count];
		if (p.to_gateway)
			gateway(&p);
		else
			endpoint(&p);
	}
	endpoint_timers(0);
	endpoint_timers(1);
}

static bool finished(void)
{
	return m.end[0].una == m.oracle[0].len + 1 && m.end[1].una == m.oracle[1].len + 1 && m.end[0].fin_read &&
	       m.end[1].fin_read;
}

static void random_lines(struct oracle *o)
{
	o->len = 1 + bed_random(chance(100) ? TEXT_MAX - 100 : 1500);
	for (uint32_t at = 0; at < o->len;) {
		uint32_t kind = bed_random(12), len = kind == 0 ? 1 + bed_random(300) : kind == 1 ? 2 : 5 + bed_random(40);
		char line[320];
		uint32_t mark = 0;

		if (kind < 7)
			line[mark++] = 'E';
		else if (kind == 7 && len > 4)
			mark = (uint32_t)sprintf(line, "#%02" PRIu32, len < 99 ? len : (len = 99));
		for (uint32_t i = mark; i < len; i++)
			line[i] = (char)('a' + bed_random(26));
		line[len - 1] = '\n';
		len = len < o->len - at ? len : o->len - at;
		memcpy(o->text + at, line, len);
		at += len;
	}
	/* What is passed unread ends where the text does. */
	for (uint32_t at = 0; at < o->len; at++) {
		if (o->text[at] == '#' && at + 99 > o->len)
			o->text[at] = 'E';
	}
}

static void open_end(unsigned d)
{
	struct end *e = &m.end[d];

	memset(e, 0, sizeof(*e));
	e->first = chance(300) ? 0u - bed_random(2000) : bed_random(UINT32_MAX);
	e->mss = chance(300) ? 100 + bed_random(500) : m.stamps ? 1448 : 1460;
	e->mss_first = e->mss;
	e->nagle = chance(500);
	e->gso = chance(200);
	e->urgent = chance(200) ? 1 + bed_random(m.oracle[d].len) : 0;
	e->room = chance(300) ? 200 + bed_random(3000) : 20000 + bed_random(40000);
	e->write_at = m.now + bed_random(100) * MS;
	e->again_at = chance(400) ? m.now + bed_random(1000) * MS : 0;
	e->alive_at = chance(200) ? m.now + bed_random(3000) * MS : 0;
	e->take_at = m.now + bed_random(30) * MS;
}

/* Handshakes come through; what comes then is the test. */
static void shake_hands(void)
{
	static const uint8_t flags[3] = { TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK };

	for (unsigned i = 0; i < 3; i++) {
		unsigned d = i == 1;
		struct end *e = &m.end[d];
		struct packet p = { .direction = (uint8_t)d, .flags = flags[i], .seq = e->first - (i < 2),
				    .ack = i ? m.end[!d].first : 0, .ts_value = 1, .mss = (uint16_t)(m.end[!d].mss + (m.stamps ? 12 : 0)),
				    .window = (uint16_t)(i < 2 ? (e->room < 65535 ? e->room : 65535) : window_of(e) >> m.scale) };
		unsigned loss = m.loss[1];

		m.loss[1] = 0;
		gateway(&p);
		m.loss[1] = loss;
		m.count = 0;
		m.end[!d].edge = (uint32_t)p.window << (i < 2 ? 0 : m.scale);
	}
}

static void open_run(uint64_t seed)
{
	unsigned bad = 0;

	bed_seed(seed * 2654435761u + 1);
	memset(&m.counts, 0, sizeof(m.counts));
	m.seed = seed;
	m.now = 1000 * MS;
	m.count = m.resets = 0;
	bad = bed_random(4);
	m.loss[0] = bad ? bed_random(250) : 0;
	m.loss[1] = bad ? bed_random(250) : 0;
	m.dup = chance(400) ? bed_random(150) : 0;
	m.reorder = chance(400) ? bed_random(300) : 0;
	m.lost_left = 60;
	m.delay[0] = 100 + bed_random(30000);
	m.delay[1] = 100 + bed_random(30000);
	m.scale = bed_random(2) ? bed_random(8) : 0;
	m.edit_kind = bed_random(3);
	m.sack = chance(700);
	m.stamps = chance(500);
	m.rewrites = chance(800) ? 3 : 1 + bed_random(2);
	m.path = chance(150) ? 200 + bed_random(1200) : 0;
	m.records_left = chance(150) ? 1 + (int)bed_random(20) : -1;
	for (unsigned d = 0; d < 2; d++) {
		memset(&m.oracle[d], 0, sizeof(m.oracle[d]));
		random_lines(&m.oracle[d]);
		open_end(d);
		m.edge_told[d] = m.own[d] = 0;
		m.ts_known[d] = false;
	}
	m.context = (struct stream_context){ .pool = m.pool, .sink = &sink, .scratch = m.scratch, .counts = &m.counts,
					     .leave = &m.leave };
	usher__chunk_pool_init(m.pool, chance(100) ? 4 + bed_random(30) : CHUNKS);
	usher__stream_open(&m.s, 60 + bed_random(400), false, m.rewrites);
	shake_hands();
}

static void count_run(void)
{
	seen.runs++;
	seen.edits += m.counts.edits;
	seen.own_acks += m.counts.own_acks;
	seen.sent_again += m.counts.sent_again;
	seen.held_too_long += m.counts.held_too_long;
	seen.cut += m.counts.cut_in_two;
	seen.full += m.counts.edits_refused;
	seen.stopped += m.records_left == 0;
	seen.both_edited += m.oracle[0].edits && m.oracle[1].edits;
}

static void run(uint64_t seed)
{
	open_run(seed);
	while (!finished() && m.now < MOST_TIME && !m.resets) {
		usher_time next = next_moment();

		HOLDS(next != STREAM_NEVER);
		m.now = next > m.now ? next : m.now;
		step();
	}
	if (m.resets) {
		seen.resets++;
		return;
	}
	HOLDS(finished());
	for (unsigned d = 0; d < 2; d++) {
		const struct oracle *o = &m.oracle[d];
		const struct end *r = &m.end[!d];

		HOLDS(r->next == oracle_end(o));
		for (uint32_t i = 0; i < r->next; i++)
			HOLDS(r->got[i] == oracle_byte(o, i));
		HOLDS(!m.end[d].urgent_told || r->urgent_heard);
		HOLDS(m.s.side[d].edits_count == 0 && !(m.s.side[d].flags & STREAM_OWNS));
	}
	HOLDS(m.pool->used == 0);
	HOLDS(usher__stream_deadline(&m.s) == STREAM_NEVER);
	count_run();
	usher__stream_close(&m.s, m.pool);
}

static void test_runs(void **state)
{
	const char *given = getenv("EDITS_SEED"), *runs = getenv("EDITS_RUNS");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 1, count = runs ? strtoull(runs, NULL, 0) : 2000;

	(void)state;
	trace = getenv("EDITS_TRACE") != NULL;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (uint64_t i = 0; i < count; i++)
		run(seed + i);
	print_message("# %" PRIu64 " runs, %" PRIu64 " segments, %" PRIu64 " edits, both edited %" PRIu64 ", own acks %" PRIu64
		      ", sent again %" PRIu64 ", held too long %" PRIu64 ", cut %" PRIu64 ", full %" PRIu64 ", resets %" PRIu64 ", stopped %" PRIu64 ", too big %" PRIu64 "\n",
		      seen.runs, seen.segments, seen.edits, seen.both_edited, seen.own_acks, seen.sent_again,
		      seen.held_too_long, seen.cut, seen.full, seen.resets, seen.stopped, seen.too_big);
	assert_true(seen.resets * 500 <= seen.runs);
}

static int open_model(void **state)
{
	(void)state;
	m.pool = calloc(1, usher__chunk_pool_size(CHUNKS));
	return m.pool ? 0 : -1;
}

static int close_model(void **state)
{
	(void)state;
	free(m.pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
	};
	return cmocka_run_group_tests(tests, open_model, close_model);
}
