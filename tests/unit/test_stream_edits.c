/*
 * stream: what is rewritten, rule by rule (lib/stream/stream.h, the eight invariants of DESIGN 5).
 *
 * A row is a script and what leaves. Words of a script, steps being divided by `;`:
 *   > <        who sends; then, in any order and all but the first optional:
 *   @7         at which byte of his (default: where his last one ended), numbers counting from his first byte
 *   'text'     what, $ being a line feed; in a line that begins with E each run of * is edited
 *   ^9         what he acknowledges, as he sees the other's numbers (default: as last time)
 *   w100 x2    his window as on the wire, its scale (default: as last time; at first 5000, 0)
 *   [3,5)      a SACK block; F R S P flags besides ACK; U4 urgent pointer; n7 time stamp (else none is there)
 *   ?          its checksum is not known to be right; c3 only so many bytes were captured
 *   m8 g       room for 8 bytes in it and in what is made; it is a super-packet (room for 60)
 *   t40        nobody sends: 40 ms pass; B>6m4: a router says of number 6 of > that 4 bytes are the most; stop: no reading
 * What leaves: >7'text'^9, with its flags, [blocks], U; made by usher with ! before it, its window behind, and its kind
 * (a: own acknowledgement, r: again, p: probe, x: reset). T: taken, D: dropped, A: dropped, R has it; . is a timer.
 */
#include "stream_bed.h"

#define MS ((usher_time)1000000)

static struct {
	struct stream s;
	struct stream_context context;
	struct stream_counts counts;
	struct stream_leave leave;
	struct chunk_pool *pool;
	uint32_t first[2], end[2], ack[2], window[2], scale[2];
	const char *text; /* what edits put in */
	usher_time now;
	bool inside;
	char log[4000];
	uint32_t len;
	uint8_t scratch[STREAM_SCRATCH];
} b;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	b.len += (uint32_t)vsnprintf(b.log + b.len, sizeof(b.log) - b.len, format, list);
	va_end(list);
	assert_true(b.len < sizeof(b.log));
}

static void say_segment(unsigned direction, uint32_t seq, const uint8_t *data, uint32_t len)
{
	say("%c%" PRIi32, direction ? '<' : '>', (int32_t)(seq - b.first[direction]));
	if (len)
		say("'");
	for (uint32_t i = 0; i < len; i++)
		say("%c", data[i] == '\n' ? '$' : data[i]);
	if (len)
		say("'");
}

static void say_flags(uint8_t flags, uint16_t urgent)
{
	say("%s%s%s", flags & TCP_FIN ? "F" : "", flags & TCP_RST ? "R" : "", flags & TCP_SYN ? "S" : "");
	if (flags & TCP_URG)
		say("U%u", urgent);
}

static int32_t sink_frame(void *user, unsigned direction, const uint8_t *head, uint32_t have)
{
	(void)user;
	(void)direction;
	assert_true(b.inside);
	return bed_frame(head, have);
}

static bool sink_may_edit(void *user, unsigned direction, const uint8_t *head, uint32_t have)
{
	(void)user;
	(void)direction;
	assert_true(b.inside && have > 0 && have < b.s.record_max);
	return head[0] == 'E';
}

/* Each run of * becomes the row's text; what cannot be edited is told. */
static bool sink_record(void *user, struct stream_record *record)
{
	uint32_t at = 0, n;

	(void)user;
	assert_true(b.inside);
	if (record->data[0] == 'Q')
		return false;
	if (record->data[0] != 'E')
		return true;
	while (at < record->len) {
		for (n = 0; at + n < record->len && record->data[at + n] == '*'; n++)
			;
		if (n && usher__stream_edit(record, at, n, b.text, (uint32_t)strlen(b.text)) != USHER_OK)
			say("(%" PRIu32 ")", record->fixed);
		at += n + 1;
	}
	return true;
}

static bool sink_gap(void *user, unsigned direction, uint32_t len)
{
	(void)user;
	say("%c(%" PRIu32 ") ", direction ? '<' : '>', len);
	return true;
}

static void sink_emit(void *user, const struct stream_out *out)
{
	static const char kinds[] = " arpx";

	(void)user;
	assert_true(b.inside);
	say("!");
	say_segment(out->direction, out->seq, out->data, out->len);
	say_flags(out->tcp_flags, out->urgent);
	say("^%" PRIi32 "w%u", (int32_t)(out->ack - b.first[!out->direction]), out->window);
	if (out->has_ts)
		say("n%" PRIu32 "e%" PRIu32, out->ts_value, out->ts_echo);
	say(out->kind ? "%c " : " ", kinds[out->kind]);
}

static const struct stream_sink sink = { sink_frame, sink_record, sink_gap, sink_may_edit, sink_emit };

static void check(void)
{
	assert_int_equal(bed_side_chunks(&b.s.side[0], b.s.record_max) + bed_side_chunks(&b.s.side[1], b.s.record_max),
			 b.pool->used);
}

static void give(struct stream_segment *segment)
{
	const uint8_t *data = segment->data;
	uint32_t len = segment->len;

	b.inside = true;
	usher__stream_back(&b.s, segment, b.pool);
	(void)usher__stream_segment(&b.s, segment, &b.context);
	b.inside = false;
	check();
	if (b.leave.verdict != STREAM_PASS) {
		say("%s ", b.leave.verdict == STREAM_TAKEN ? "T" : b.leave.again ? "A" : "D");
		return;
	}
	if (b.leave.changed) {
		data = b.leave.payload;
		len = b.leave.payload_len;
	}
	say_segment(segment->direction, b.leave.seq, data, len);
	say_flags(b.leave.tcp_flags, b.leave.urgent);
	if (segment->tcp_flags & TCP_ACK)
		say("^%" PRIi32, (int32_t)(segment->ack - b.first[!segment->direction]));
	for (unsigned i = 0; i < segment->sack_count; i++)
		say("[%" PRIi32 ",%" PRIi32 ")", (int32_t)(segment->sack[i][0] - b.first[!segment->direction]),
		    (int32_t)(segment->sack[i][1] - b.first[!segment->direction]));
	say(" ");
}

static uint32_t number(const char **at)
{
	char *end;
	long value = strtol(*at, &end, 10);

	assert_true(end != *at);
	*at = end;
	return (uint32_t)value;
}

static void wait_for(uint32_t ms)
{
	usher_time until = b.now + ms * MS;

	while (usher__stream_deadline(&b.s) <= until) {
		b.now = usher__stream_deadline(&b.s) > b.now ? usher__stream_deadline(&b.s) : b.now;
		b.context.now = b.now;
		say(".");
		b.inside = true;
		(void)usher__stream_timer(&b.s, &b.context);
		b.inside = false;
		check();
	}
	b.now = b.context.now = until;
}

static const char *other_step(const char *at)
{
	uint32_t seq, piece;
	unsigned d;

	if (*at == 't') {
		at++;
		wait_for(number(&at));
	} else if (*at == 'B') {
		d = at[1] == '<';
		at += 2;
		seq = number(&at);
		assert_true(*at++ == 'm');
		piece = number(&at);
		say("%s ", usher__stream_too_big(&b.s, d, b.first[d] + seq, piece, &b.context) ? "ours" : "his");
	} else {
		assert_memory_equal(at, "stop", 4);
		at += 4;
		b.inside = true;
		say("%s ", usher__stream_stop(&b.s, &b.context) ? "needed" : "over");
		b.inside = false;
		check();
	}
	return at;
}

/* One word of a segment. */
static const char *word(const char *at, struct stream_segment *s)
{
	unsigned d = s->direction;
	static uint8_t text[300];

	switch (*at++) {
	case '@': s->seq = b.first[d] + number(&at); break;
	case '^': b.ack[d] = number(&at); break;
	case 'w': b.window[d] = number(&at); break;
	case 'x': b.scale[d] = number(&at); break;
	case 'F': s->tcp_flags |= TCP_FIN; break;
	case 'R': s->tcp_flags |= TCP_RST; break;
	case 'S': s->tcp_flags |= TCP_SYN; break;
	case 'P': s->tcp_flags |= TCP_PSH; break;
	case 'U': s->tcp_flags |= TCP_URG; s->urgent = (uint16_t)number(&at); break;
	case '?': s->unsure = true; break;
	case 'n': s->has_ts = true; s->ts_value = number(&at); break;
	case 'c': s->have = number(&at); break;
	case 'm': s->room = number(&at); s->piece = (uint16_t)s->room; break;
	case 'g': s->gso_size = 10; s->room = 60; break;
	case '[':
		s->sack[s->sack_count][0] = b.first[!d] + number(&at);
		at++;
		s->sack[s->sack_count++][1] = b.first[!d] + number(&at);
		at++;
		break;
	case '\'':
		for (s->len = 0; *at != '\''; at++)
			text[s->len++] = (uint8_t)(*at == '$' ? '\n' : *at);
		at++;
		s->have = s->len;
		s->data = text;
		break;
	default: fail_msg("what is %s", at - 1);
	}
	return at;
}

static const char *segment_step(const char *at)
{
	unsigned d = *at++ == '<';
	struct stream_segment s = { .direction = (uint8_t)d, .seq = b.first[d] + b.end[d], .tcp_flags = TCP_ACK, .room = 1460,
				    .piece = 1460 };
	uint32_t end;

	while (*at && *at != ';') {
		if (*at == ' ')
			at++;
		else
			at = word(at, &s);
	}
	s.ack = b.first[!d] + b.ack[d];
	s.window = (uint16_t)b.window[d];
	s.scale[0] = (uint8_t)b.scale[0];
	s.scale[1] = (uint8_t)b.scale[1];
	s.mss = 1460;
	end = s.seq + s.len - b.first[d];
	if ((int32_t)(end - b.end[d]) > 0 && !(s.tcp_flags & TCP_RST))
		b.end[d] = end;
	give(&s);
	return at;
}

static void shake_hands(void)
{
	struct stream_segment s[3] = {
		{ .tcp_flags = TCP_SYN, .seq = b.first[0] - 1, .mss = 1460, .window = 5000 },
		{ .tcp_flags = TCP_SYN | TCP_ACK, .seq = b.first[1] - 1, .ack = b.first[0], .direction = 1, .mss = 1460,
		  .window = 5000 },
		{ .tcp_flags = TCP_ACK, .seq = b.first[0], .ack = b.first[1], .window = 5000 },
	};

	for (unsigned i = 0; i < 3; i++)
		give(&s[i]);
	b.len = 0;
	b.log[0] = 0;
}

static void open_row(const char *text, uint32_t first0, uint32_t first1, uint32_t chunks)
{
	memset(&b.counts, 0, sizeof(b.counts));
	b.context = (struct stream_context){ .pool = b.pool, .sink = &sink, .scratch = b.scratch, .counts = &b.counts,
					     .leave = &b.leave, .now = 1000 * MS };
	b.now = 1000 * MS;
	b.text = text;
	b.first[0] = first0;
	b.first[1] = first1;
	for (unsigned d = 0; d < 2; d++) {
		b.end[d] = b.ack[d] = b.scale[d] = 0;
		b.window[d] = 5000;
	}
	b.len = 0;
	usher__chunk_pool_init(b.pool, chunks);
	usher__stream_open(&b.s, 40, false, 3);
}

static void play(const char *script)
{
	b.len = 0;
	while (*script) {
		if (*script == ' ' || *script == ';')
			script++;
		else if (*script == '>' || *script == '<')
			script = segment_step(script);
		else
			script = other_step(script);
	}
	if (b.len && b.log[b.len - 1] == ' ')
		b.len--;
	b.log[b.len] = 0;
}

struct row {
	const char *name, *text, *script, *log;
};

static const struct row rows[] = {
#include "stream_edits_rows.h"
};

static void run_row(const struct row *row, uint32_t first0, uint32_t first1)
{
	open_row(row->text, first0, first1, POOL);
	shake_hands();
	play(row->script);
	if (strcmp(b.log, row->log) != 0)
		fail_msg("%s, from %08" PRIx32 ":\n  %s\nnot\n  %s", row->name, first0, b.log, row->log);
	usher__stream_close(&b.s, b.pool);
	assert_int_equal(b.pool->used, 0);
}

/* From numbers that wrap at every place, too. */
static void test_rows(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (unsigned i = 0; i < COUNT(rows); i++) {
		if (getenv("EDITS_SHOW")) {
			open_row(rows[i].text, 1000, 2000, POOL);
			shake_hands();
			play(rows[i].script);
			wrong += strcmp(b.log, rows[i].log) != 0;
			printf("%s %s\n   %s\n   %s\n", strcmp(b.log, rows[i].log) ? "WRONG" : "right", rows[i].name,
			       rows[i].script, b.log);
			usher__stream_close(&b.s, b.pool);
			continue;
		}
		run_row(&rows[i], 1000, 2000);
		for (uint32_t back = 0; back < 60; back++) {
			run_row(&rows[i], 0u - back, 2u - back);
			run_row(&rows[i], 0x80000000u - back, 0x7ffffff0u - back);
		}
	}
	assert_int_equal(wrong, 0);
}

static int open_edits(void **state)
{
	(void)state;
	b.pool = calloc(1, usher__chunk_pool_size(POOL));
	return b.pool ? 0 : -1;
}

static int close_edits(void **state)
{
	(void)state;
	free(b.pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};
	return cmocka_run_group_tests(tests, open_edits, close_edits);
}
