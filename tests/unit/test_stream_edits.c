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
	bool (*calls)(struct stream_record *record); /* instead: what the helper does */
	usher_time now;
	bool inside, inside_capture;
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
	if (b.calls)
		return b.calls(record);
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
	if (b.inside_capture)
		usher__stream_forth(&b.s, segment, b.pool);
	else
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
	b.calls = NULL;
	b.inside_capture = false;
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

/* ---- what a helper may ask for ---- */

static int edit(struct stream_record *record, uint32_t at, uint32_t len, const char *text)
{
	return usher__stream_edit(record, at, len, text, (uint32_t)strlen(text));
}

/* The record is "abcdefgh$". */
static bool calls_all(struct stream_record *record)
{
	assert_int_equal(record->fixed, 0);
	assert_int_equal(edit(record, 10, 0, "x"), USHER_BAD_CALL);
	assert_int_equal(edit(record, 9, 1, "x"), USHER_BAD_CALL);
	assert_int_equal(edit(record, UINT32_MAX, 2, "x"), USHER_BAD_CALL);
	assert_int_equal(edit(record, 1, UINT32_MAX, "x"), USHER_BAD_CALL);
	assert_int_equal(edit(record, 0, 9, ""), USHER_BAD_CALL); /* nothing would be left of it */
	assert_int_equal(edit(record, 3, 0, ""), USHER_OK);
	assert_int_equal(edit(record, 2, 2, "cd"), USHER_OK); /* both change nothing */
	assert_int_equal(edit(record, 4, 2, "XYZ"), USHER_OK);
	assert_int_equal(edit(record, 4, 2, "XYZ"), USHER_BAD_CALL);
	assert_int_equal(edit(record, 5, 2, "q"), USHER_BAD_CALL);
	assert_int_equal(edit(record, 3, 2, "q"), USHER_BAD_CALL);
	assert_int_equal(edit(record, 3, 4, "q"), USHER_BAD_CALL);
	assert_int_equal(edit(record, 4, 0, "q"), USHER_BAD_CALL); /* an insertion has the byte behind it */
	assert_int_equal(edit(record, 6, 0, "12"), USHER_OK);
	assert_int_equal(edit(record, 0, 2, ""), USHER_OK);
	assert_int_equal(edit(record, 2, 1, "q"), USHER_BAD_CALL); /* the deletion has it */
	assert_int_equal(edit(record, 9, 0, "!"), USHER_OK); /* at its end: the byte before */
	assert_int_equal(edit(record, 8, 1, "q"), USHER_BAD_CALL);
	return true;
}

static bool calls_none(struct stream_record *record)
{
	assert_int_equal(edit(record, 4, 2, "XYZ"), USHER_OK);
	usher__stream_edit_none(record);
	assert_int_equal(edit(record, 5, 2, "12345"), USHER_OK);
	return true;
}

static bool calls_then_stops(struct stream_record *record)
{
	assert_int_equal(edit(record, 4, 2, "XYZ"), USHER_OK);
	return false;
}

/* The first two bytes of "Ecdefgh$" have left. */
static bool calls_fixed(struct stream_record *record)
{
	if (record->data[0] != 'E')
		return true;
	assert_int_equal(record->fixed, 2);
	assert_int_equal(edit(record, 0, 1, "x"), USHER_REFUSED);
	assert_int_equal(edit(record, 1, 3, "x"), USHER_REFUSED);
	assert_int_equal(edit(record, 1, 0, "x"), USHER_REFUSED);
	assert_int_equal(edit(record, 2, 6, ""), USHER_REFUSED); /* no neighbour is left */
	assert_int_equal(edit(record, 2, 0, "++"), USHER_OK);
	return true;
}

static bool calls_refused(struct stream_record *record)
{
	assert_int_equal(record->fixed, record->len);
	assert_int_equal(edit(record, 0, 1, "x"), USHER_REFUSED);
	assert_int_equal(edit(record, record->len, 0, "x"), USHER_REFUSED);
	assert_int_equal(edit(record, 1, record->len, "x"), USHER_BAD_CALL);
	return true;
}

/* Plays with a helper of the test's own. */
static void run_calls(bool (*calls)(struct stream_record *record), const char *script, const char *log)
{
	open_row("", 0u - 4, 70, POOL);
	b.calls = calls;
	shake_hands();
	play(script);
	assert_string_equal(b.log, log);
	usher__stream_close(&b.s, b.pool);
	assert_int_equal(b.pool->used, 0);
}

static void test_calls(void **state)
{
	struct stream_record datagram = { .data = (const uint8_t *)"abc", .len = 3, .fixed = 3 };

	(void)state;
	run_calls(calls_all, "> 'abcdefgh$'; < ^1; < ^2; < ^5; < ^7; < ^9; < ^10",
		  ">0'cdXYZ12gh$!'^0 <0^3 <0^4 <0^6 <0^6 <0^8 <0^8");
	run_calls(calls_none, "> 'abcdefgh$'; < ^12", ">0'abcde12345h$'^0 <0^9");
	run_calls(calls_then_stops, "> 'abcdefgh$'; > 'abcdefgh$'; < ^19", ">0'abcdXYZgh$'^0 >10'abcdefgh$'^0 <0^18");
	run_calls(calls_fixed, "> 'Ec'; t5000; > 'defgh$'; < ^10", "T .!<0^2w4998a .!>0'Ec'^0w5000 >2'++defgh$'^0 <0^8");
	assert_int_equal(usher__stream_edit(&datagram, 0, 1, "x", 1), USHER_REFUSED);
	usher__stream_edit_none(&datagram);
	/* not behind a SYN that has data, and no record that is too long */
	open_row("XY", 1000, 2000, POOL);
	b.calls = calls_refused;
	play("> @-1 S 'E*$'");
	assert_string_equal(b.log, ">-1'E*$'S^0");
	usher__stream_close(&b.s, b.pool);
	run_calls(calls_refused, "> 'E234567890123456789012345678901234567890'", ">0'E234567890123456789012345678901234567890'^0");
}

/* ---- where less is known, or only one direction is rewritten ---- */

static void test_ways(void **state)
{
	(void)state;
	/* picked up: edited where it is whole, never held */
	open_row("WXYZ", 1000, 2000, POOL);
	usher__stream_open(&b.s, 40, true, 3);
	play("< ^2 'hi$'; > ^3 @2 'E*$'; > 'E*'; > '$'; < ^11; > @8 'c$'; < ^13; > @5 'E$'");
	assert_string_equal(b.log, "<0'hi$'^2 >2'EWXYZ$'^3 >8'E*'^3 (2)>10'$'^3 <3^8 >11'c$'^3 <3^10 !<3^10w5000a A");
	usher__stream_close(&b.s, b.pool);
	/* one side was never seen: nothing is edited */
	open_row("WXYZ", 1000, 2000, POOL);
	usher__stream_open(&b.s, 40, true, 3);
	play("> 'E*$'; < ^3 'E*$'; > 'E*$'");
	assert_string_equal(b.log, "(3)>0'E*$'^0 <0'EWXYZ$'^3 >3'EWXYZ$'^0");
	usher__stream_close(&b.s, b.pool);
	/* only > is rewritten */
	open_row("WXYZ", 1000, 2000, POOL);
	usher__stream_open(&b.s, 40, false, 1);
	shake_hands();
	play("< 'E*'; < @5 'c$'; < @2 '$ab'; > ^7 'E*'; t40; < @7 'd$'; > 'b$'; < ^7; > @0 'E*b$'; < R; > R");
	assert_string_equal(b.log, "<0'E*'^0 <5'c$'^0 (3)<2'$ab'^0 >0^7 .!<7^2w4998a <7'd$'^0 >0'EWXYZb$'^7 <9^4 !<9^4w5000a A "
				   "<9R^4 >7R^7");
	usher__stream_close(&b.s, b.pool);
	/* the capture was taken on the side of > */
	open_row("WXYZ", 1000, 2000, POOL);
	b.inside_capture = true;
	shake_hands();
	play("> 'E**$'; < ^1; < ^2; < ^3; > 'N$'; < ^4; > @0 'E**$N$'; < ^6; > @0 'E**$'");
	assert_string_equal(b.log, ">0'EWXYZ$'^0 <0^1 <0^2 <0^3 >6'N$'^0 <0^4 >6'N$'^0 <0^6 !<0^6w5000a A");
	usher__stream_close(&b.s, b.pool);
	/* no window is known of a side that was never seen, and nothing is told wrong */
	open_row("WXYZ", 1000, 2000, POOL);
	usher__stream_open(&b.s, 40, true, 3);
	play("> @4 'ab$'; < ^7; > @4 'ab$'");
	assert_string_equal(b.log, ">4'ab$'^0 <0^7 !<0^7w5000a A");
	usher__stream_close(&b.s, b.pool);
	assert_int_equal(b.pool->used, 0);
}

/* ---- limits ---- */

static bool calls_many(struct stream_record *record)
{
	static char text[STREAM_TEXTS + 1];
	uint32_t room = STREAM_TEXTS - b.s.side[0].texts_len, i;

	switch (record->data[0]) {
	case 'A': /* so many edits, and no more */
		for (i = 1; i + 1 < record->len; i += 2) {
			bool fits = b.s.side[0].edits_count + i / 2 + 1 <= STREAM_EDITS;

			assert_int_equal(edit(record, i, 1, "1"), fits ? USHER_OK : USHER_FULL);
		}
		break;
	case 'B': /* so much text, and no more */
		memset(text, 'x', sizeof(text));
		assert_int_equal(usher__stream_edit(record, 1, 1, text, sizeof(text)), USHER_FULL);
		assert_int_equal(usher__stream_edit(record, 1, 1, text, room + 1), USHER_FULL);
		assert_int_equal(usher__stream_edit(record, 1, 1, text, room - 1), USHER_OK);
		assert_int_equal(edit(record, 3, 1, "12"), USHER_FULL);
		assert_int_equal(edit(record, 3, 1, "2"), USHER_OK);
		assert_int_equal(edit(record, 5, 1, "3"), USHER_FULL);
		break;
	}
	return true;
}

static void test_edit_limits(void **state)
{
	static const uint8_t most[] = "Aabababababababababababababababababab\n";
	struct stream_segment s = { .tcp_flags = TCP_ACK, .data = most, .len = 38, .have = 38, .room = 60000, .piece = 60000,
				    .gso_size = 1000, .window = 5000 };

	(void)state;
	open_row("", 0u - 20, 5, POOL);
	b.calls = calls_many;
	shake_hands();
	for (unsigned i = 0; i < 6; i++) {
		s.seq = b.first[0] + 38 * i;
		s.ack = b.first[1];
		give(&s);
	}
	assert_int_equal(b.s.side[0].edits_count, STREAM_EDITS);
	assert_int_equal(b.counts.edits_refused, 6 * 18 - STREAM_EDITS);
	play("< ^228");
	assert_int_equal(b.s.side[0].edits_count, 0);
	assert_int_equal(b.s.side[0].edits, 0);
	b.len = 0;
	s.seq = b.first[0] + 38 * 6;
	s.data = (const uint8_t *)"Babcdefghijklmnopqrstuvwxyzabcdefghij\n";
	b.inside = true;
	usher__stream_back(&b.s, &s, b.pool);
	assert_true(usher__stream_segment(&b.s, &s, &b.context));
	b.inside = false;
	check();
	assert_int_equal(b.leave.payload_len, 38 + STREAM_TEXTS - 2);
	assert_int_equal(b.s.side[0].texts_len, STREAM_TEXTS);
	usher__stream_close(&b.s, b.pool);
	assert_int_equal(b.pool->used, 0);
	/* every number of chunks: what is promised is kept */
	for (uint32_t chunks = 0; chunks < 12; chunks++) {
		open_row("WXYZ", 0u - 20, 5, chunks);
		shake_hands();
		play("> 'ab$E*$'; < ^3; > 'E*'; t40; > '*$'; < ^8; > 'E*b*$'; > @18 'c$'; t6000; > @13 'E*$E*'");
		assert_true(b.counts.edits_refused > 0 || chunks > 1);
		assert_true(b.pool->used <= chunks);
		if (chunks < 2)
			assert_null(strstr(b.log, "WXYZ"));
		usher__stream_close(&b.s, b.pool);
		assert_int_equal(b.pool->used, 0);
	}
}

/* Early parts up to the limits wait; beyond them segments are dropped, and nothing is given up. */
static void test_early_limits(void **state)
{
	static uint8_t text[2048];
	struct stream_segment s = { .tcp_flags = TCP_ACK, .data = text, .room = 1460, .piece = 1460, .window = 5000 };

	(void)state;
	open_row("WXYZ", 0u - 20, 5, POOL);
	shake_hands();
	play("> @3 'a'; > @5 'b'; > @7 'c'; > @9 'd'; > @11 'e'; > @13 'f'; > @15 'g'; > @17 'h'; > @19 'i'; > @18 '$'; > @0 'E*$'");
	assert_string_equal(b.log, "T T T T T T T T D T >0'EWXYZ$a'^0");
	assert_int_equal(b.counts.dropped, 1);
	assert_int_equal(b.counts.gaps, 0);
	play("> @4 'AbBcCdDeEfFgGh$i$'");
	assert_string_equal(b.log, ">7'AbBcCdDeEfFgGh$i$'^0");
	usher__stream_close(&b.s, b.pool);
	memset(text, 'x', sizeof(text));
	open_row("WXYZ", 0u - 20, 5, POOL);
	shake_hands();
	for (uint32_t at = 0; at < 10 * sizeof(text); at += sizeof(text)) {
		s.seq = b.first[0] + 100 + at;
		s.ack = b.first[1];
		s.len = s.have = sizeof(text);
		b.len = 0;
		give(&s);
		assert_string_equal(b.log, at < STREAM_EARLY_BYTES ? "T " : "D ");
	}
	assert_int_equal(b.s.side[0].early_bytes, STREAM_EARLY_BYTES);
	play("> 'E*$'; > @3 'a'; > @4000 'y'; < ^7; > @2147483000 'x'");
	assert_string_equal(b.log, ">0'EWXYZ$'^0 >6'a'^0 T <0^4 D");
	usher__stream_close(&b.s, b.pool);
	assert_int_equal(b.pool->used, 0);
}

/* ---- every cut of two announcements, every order, every loss ---- */

#define CUTS "US$E**b$NO$E*$Q1$"
#define CUTS_OUT "US$EWXYZb$NO$EWXYZ$Q1$"
#define CUTS_LEN ((uint32_t)sizeof(CUTS) - 1)

/* R: what it has of out bytes; which it acknowledges is up to it. */
static struct {
	char got[100];
	uint32_t next;
} r;

/* R takes what leaves, as the log tells it. */
static void take_log(unsigned lose)
{
	const char *at = b.log;

	while ((at = strchr(at, '>'))) {
		uint32_t seq;

		at++;
		if (*at == '-')
			continue;
		seq = number(&at);
		if (*at != '\'')
			continue;
		if (lose-- == 0) {
			at = strchr(at + 1, '\'');
			continue;
		}
		for (at++; *at != '\''; at++) {
			assert_true(seq < sizeof(r.got) - 1);
			r.got[seq++] = *at;
		}
	}
	while (r.got[r.next])
		r.next++;
}

static void send_cut(uint32_t from, uint32_t to, unsigned lose)
{
	char script[100];

	if (from == to)
		return;
	sprintf(script, "> @%" PRIu32 " '%.*s'", from, (int)(to - from), &CUTS[from]);
	play(script);
	take_log(lose);
}

/* R acknowledges all it has, S learns it, and sends the rest again from there. */
static void finish_cut(bool sack)
{
	char script[100];

	for (unsigned i = 0; i < 4 && r.next < sizeof(CUTS_OUT) - 1; i++) {
		uint32_t acked;

		sprintf(script, "< ^%" PRIu32, r.next);
		if (sack && r.got[r.next + 1])
			sprintf(script, "< ^%" PRIu32 "[%" PRIu32 ",%" PRIu32 ")", r.next, r.next + 1,
				r.next + 1 + (uint32_t)strlen(r.got + r.next + 1));
		play(script);
		acked = b.s.side[0].in_acked - b.first[0];
		send_cut(acked, CUTS_LEN, UINT32_MAX);
	}
	assert_string_equal(r.got, CUTS_OUT);
	sprintf(script, "< ^%u", (unsigned)sizeof(CUTS_OUT) - 1);
	play(script);
	assert_int_equal(b.s.side[0].in_acked - b.first[0], CUTS_LEN);
	assert_int_equal(b.pool->used, 0);
}

static void run_cut(const uint32_t at[4], const uint8_t order[3], unsigned lose, unsigned how)
{
	open_row("WXYZ", 0u - 6, 5, POOL);
	memset(&r, 0, sizeof(r));
	shake_hands();
	for (unsigned i = 0; i < 3; i++) {
		send_cut(at[order[i]], at[order[i] + 1], lose == i ? 0 : UINT32_MAX);
		if (how & 1) { /* R acknowledges each; usher what it holds (Nagle) */
			char script[100];

			sprintf(script, "< ^%" PRIu32 "; t50", r.next);
			play(script);
			take_log(UINT32_MAX);
		}
	}
	if (how & 1) {
		play("t3000");
		take_log(UINT32_MAX);
	}
	finish_cut(how & 2);
	usher__stream_close(&b.s, b.pool);
}

static void test_every_cut(void **state)
{
	static const uint8_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	(void)state;
	for (uint32_t i = 0; i <= CUTS_LEN; i++) {
		for (uint32_t j = i; j <= CUTS_LEN; j++) {
			for (unsigned k = 0; k < 6 * 4 * 4; k++)
				run_cut((uint32_t[4]){ 0, i, j, CUTS_LEN }, orders[k % 6], k / 6 % 4, k / 24);
		}
	}
}

/* ---- sizes ---- */

static void test_sizes(void **state)
{
	(void)state;
	assert_in_range(sizeof(struct stream), 0, 1024);
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
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_edit_limits),
		cmocka_unit_test(test_early_limits),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_sizes),
	};
	return cmocka_run_group_tests(tests, open_edits, close_edits);
}
