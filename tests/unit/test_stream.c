/* stream: TCP segments -> records (lib/stream/stream.h): each rule, long records, limits, memory. */
#include "stream_bed.h"

/* ---- one row for each rule ---- */

#define S TCP_SYN
#define F TCP_FIN
#define P TCP_PSH
#define A TCP_ACK

struct step {
	uint8_t direction, flags;
	int32_t at, ack;  /* from the first byte of its direction, the other direction */
	const char *text; /* NULL: no more steps */
	uint32_t lost;    /* bytes behind text that the capture cut off */
};

#define SYN(direction) { direction, S, -1, 0, "", 0 }
#define DATA(direction, at, text) { direction, P, at, 0, text, 0 }
#define ACK(direction, ack) { direction, A, 0, ack, "", 0 }
#define BOTH SYN(0), { 1, S | A, -1, 0, "", 0 }

static const struct row {
	const char *name;
	struct step steps[14];
	const char *log;
	uint32_t overlap, conflicts;
	bool picked_up;
} rows[] = {
	{ "a line", { BOTH, DATA(0, 0, "abc\n") }, ">F:abc$ ", 0, 0, false },
	{ "both directions",
	  { BOTH, DATA(1, 0, "hi\n"), DATA(0, 0, "abc\n"), DATA(1, 3, "ok\n") },
	  "<F:hi$ >F:abc$ <:ok$ ", 0, 0, false },
	{ "three in one segment, the last incomplete",
	  { BOTH, DATA(0, 0, "ab\ncd\nef"), DATA(0, 8, "g\n") },
	  ">F:ab$ >:cd$ >:efg$ ", 0, 0, false },
	{ "a byte each",
	  { BOTH, DATA(0, 0, "a"), DATA(0, 1, "b"), DATA(0, 2, "\n"), DATA(0, 3, "\n") },
	  ">F:ab$ >:$ ", 0, 0, false },
	{ "reordered", { BOTH, DATA(0, 5, "f\n"), DATA(0, 3, "de"), DATA(0, 0, "abc") }, ">F:abcdef$ ", 0, 0, false },
	{ "retransmitted with other boundaries",
	  { BOTH, DATA(0, 0, "ab\ncd"), DATA(0, 0, "ab\ncd\ne"), DATA(0, 2, "\ncd\nef\n") },
	  ">F:ab$ >:cd$ >:ef$ ", 10, 0, false },
	{ "old data",
	  { BOTH, DATA(0, 0, "ab\ncd\n"), DATA(0, 0, "ab\n"), DATA(0, 3, "cd\n") },
	  ">F:ab$ >:cd$ ", 6, 0, false },
	{ "differs from the incomplete record",
	  { BOTH, DATA(0, 0, "abc"), DATA(0, 1, "XYz\n") },
	  ">F:abcz$ ", 2, 2, false },
	{ "differs from what came early",
	  { BOTH, DATA(0, 5, "fgh\n"), DATA(0, 0, "abcdeFGH") },
	  ">F:abcdefgh$ ", 3, 3, false },
	{ "early differs from early",
	  { BOTH, DATA(0, 4, "ef"), DATA(0, 3, "dEFg\n"), DATA(0, 0, "abc") },
	  ">F:abcdefg$ ", 2, 2, false },
	{ "covers several early parts",
	  { BOTH, DATA(0, 2, "c"), DATA(0, 5, "f"), DATA(0, 0, "ab-de-g\n") },
	  ">F:abcdefg$ ", 2, 2, false },
	{ "keep-alive with a byte",
	  { BOTH, DATA(0, 0, "ab\n"), { 0, A, 2, 0, "?", 0 }, DATA(0, 3, "cd\n") },
	  ">F:ab$ >:cd$ ", 1, 0, false },
	{ "keep-alive without",
	  { BOTH, DATA(0, 0, "ab\n"), { 0, A, 2, 0, "", 0 }, DATA(0, 3, "cd\n") },
	  ">F:ab$ >:cd$ ", 0, 0, false },
	{ "zero window probe",
	  { BOTH, DATA(0, 0, "ab\n"), { 0, A, 3, 0, "c", 0 }, { 0, A, 3, 0, "c", 0 }, DATA(0, 3, "cd\n") },
	  ">F:ab$ >:cd$ ", 2, 0, false },
	{ "SYN again", { BOTH, SYN(0), DATA(0, 0, "ab"), SYN(0), DATA(0, 2, "\n"), SYN(0) }, ">F:ab$ ", 0, 0, false },
	{ "SYN with data",
	  { { 0, S, -1, 0, "ab\nc", 0 }, SYN(1), { 0, S, -1, 0, "ab\nc", 0 }, DATA(0, 4, "d\n") },
	  ">F:ab$ >:cd$ ", 0, 0, false },
	{ "SYN with data that came only in part",
	  { { 0, S, -1, 0, "ab", 0 }, DATA(0, 0, "abc\n") },
	  ">F:abc$ ", 2, 0, false },
	{ "SYN anew",
	  { SYN(0), DATA(0, 0, "ab"), DATA(0, 9, "z"), { 0, S, 699, 0, "", 0 }, DATA(0, 700, "cd\n") },
	  ">F:cd$ ", 0, 0, false },
	{ "SYN anew, too late",
	  { BOTH, DATA(0, 0, "ab\n"), { 0, S, 699, 0, "XX\n", 0 }, DATA(0, 3, "cd\n") },
	  ">F:ab$ >:cd$ ", 0, 0, false },
	{ "no SYN of one", { SYN(0), DATA(1, 0, "hi\n"), DATA(0, 0, "ab\n") }, "<FP:hi$ >F:ab$ ", 0, 0, false },
	{ "picked up",
	  { ACK(1, 3), ACK(0, 7), DATA(0, 4, "b\n"), DATA(1, 7, "i\n"), DATA(0, 6, "cd\n") },
	  ">FP:b$ <FP:i$ >P:cd$ ", 0, 0, true },
	{ "picked up at a keep-alive", { { 0, A, 3, 0, "?", 0 }, DATA(0, 4, "b\n") }, ">FP:b$ ", 1, 0, true },
	{ "picked up at a typed byte", { DATA(0, 3, "a"), DATA(0, 4, "b\n") }, ">FP:ab$ ", 0, 0, true },
	{ "picked up, then older bytes",
	  { DATA(0, 4, "b\n"), DATA(0, 0, "abc\n"), DATA(0, 6, "c\n") },
	  ">FP:b$ >P:c$ ", 4, 0, true },
	{ "picked up at the answer to the SYN",
	  { SYN(1), DATA(1, 0, "hi\n"), DATA(0, 0, "ab\n") },
	  "<FP:hi$ >FP:ab$ ", 0, 0, true },
	{ "lost and acknowledged",
	  { BOTH, DATA(0, 0, "ab\nc"), DATA(0, 6, "ef\ng\n"), ACK(1, 4), ACK(1, 11) },
	  ">F:ab$ >(2) >G:ef$ >:g$ ", 0, 0, false },
	{ "acknowledged up to the part",
	  { BOTH, DATA(0, 6, "ef\n"), ACK(1, 5), ACK(1, 6) },
	  ">(6) >FG:ef$ ", 0, 0, false },
	{ "acknowledged in the gap",
	  { BOTH, DATA(0, 6, "ef\n"), ACK(1, 5), DATA(0, 0, "abcde\n") },
	  ">F:abcde$ >:ef$ ", 0, 0, false },
	{ "acknowledged before it came",
	  { BOTH, ACK(1, 6), DATA(0, 0, "ab\n"), DATA(0, 3, "cd\n") },
	  ">F:ab$ >:cd$ ", 0, 0, false },
	{ "acknowledged, then later data",
	  { BOTH, ACK(1, 9), DATA(0, 3, "cd\n"), DATA(0, 0, "ab\n"), DATA(0, 6, "e\n") },
	  ">(3) >FG:cd$ >:e$ ", 3, 0, false },
	{ "two gaps at once",
	  { BOTH, DATA(0, 2, "b\n"), DATA(0, 8, "c\nd"), DATA(0, 20, "e"), ACK(1, 11), DATA(0, 11, "\n") },
	  ">(2) >FG:b$ >(4) >G:c$ >:d$ ", 0, 0, false },
	{ "an answer comes after what it answers",
	  { BOTH, DATA(0, 3, "cd\n"), { 1, P | A, 0, 6, "ok\n", 0 } },
	  ">(3) >FG:cd$ <F:ok$ ", 0, 0, false },
	{ "nine early parts",
	  { BOTH, DATA(0, 2, "a\n"), DATA(0, 5, "b\n"), DATA(0, 8, "c\n"), DATA(0, 11, "d\n"), DATA(0, 14, "e\n"),
	    DATA(0, 17, "f\n"), DATA(0, 20, "g\n"), DATA(0, 23, "h\n"), DATA(0, 26, "i\n"), DATA(0, 4, "#03") },
	  ">(2) >FG:a$ ", 2, 2, false },
	{ "an earlier one is one too many",
	  { BOTH, DATA(0, 5, "b\n"), DATA(0, 8, "c\n"), DATA(0, 11, "d\n"), DATA(0, 14, "e\n"), DATA(0, 17, "f\n"),
	    DATA(0, 20, "g\n"), DATA(0, 23, "h\n"), DATA(0, 26, "i\n"), DATA(0, 2, "a\n"), DATA(0, 4, "\n") },
	  ">(2) >FG:a$ >:$ >:b$ ", 0, 0, false },
	{ "the ninth touches",
	  { BOTH, DATA(0, 5, "b\n"), DATA(0, 8, "c\n"), DATA(0, 11, "d\n"), DATA(0, 14, "e\n"), DATA(0, 17, "f\n"),
	    DATA(0, 20, "g\n"), DATA(0, 23, "h\n"), DATA(0, 26, "i\n"), DATA(0, 4, "a"), DATA(0, 28, "j\n"),
	    DATA(0, 0, "1\n2\n") },
	  ">F:1$ >:2$ >:ab$ ", 0, 0, false },
	{ "cut by the capture",
	  { BOTH, { 0, P, 0, 0, "ab\ncd", 7 }, DATA(0, 12, "ef\n") },
	  ">F:ab$ >(7) >G:ef$ ", 0, 0, false },
	{ "headers only",
	  { BOTH, { 0, P, 0, 0, "", 7 }, { 0, P, 7, 0, "", 2 }, DATA(0, 9, "ef\n") },
	  ">(7) >(2) >FG:ef$ ", 0, 0, false },
	{ "cut, but it came early",
	  { BOTH, DATA(0, 6, "g\nh"), { 0, P, 0, 0, "ab\nc", 9 }, DATA(0, 13, "i\n") },
	  ">F:ab$ >(2) >G:g$ >(4) >G:i$ ", 0, 0, false },
	{ "cut and early",
	  { BOTH, { 0, P, 3, 0, "cd", 4 }, DATA(0, 9, "ef\n"), DATA(0, 0, "ab\n"), ACK(1, 12) },
	  ">F:ab$ >(4) >G:ef$ ", 0, 0, false },
	{ "FIN with an incomplete record",
	  { BOTH, DATA(0, 0, "ab\ncd"), { 0, F, 5, 0, "", 0 }, ACK(1, 6) },
	  ">F:ab$ ", 0, 0, false },
	{ "FIN with data, again, and data behind it",
	  { BOTH, { 0, F, 0, 0, "ab\n", 0 }, { 0, F, 0, 0, "ab\n", 0 }, DATA(0, 3, "cd\n"), DATA(0, 4, "cd\n") },
	  ">F:ab$ ", 3, 0, false },
	{ "FIN before the data",
	  { BOTH, { 0, F, 3, 0, "cd\n", 0 }, DATA(0, 0, "ab\ncd\nef\n") },
	  ">F:ab$ >:cd$ ", 3, 0, false },
	{ "FIN, and what is before it is acknowledged",
	  { BOTH, DATA(0, 0, "ab\nc"), { 0, F, 9, 0, "", 0 }, ACK(1, 8), ACK(1, 10) },
	  ">F:ab$ >(5) ", 0, 0, false },
	{ "FIN that came after the acknowledgement",
	  { BOTH, ACK(1, 4), { 0, F, 3, 0, "", 0 } },
	  ">(3) ", 0, 0, false },
	{ "FIN that contradicts",
	  { BOTH, DATA(0, 0, "ab\n"), DATA(0, 6, "ef\n"), { 0, F, 2, 0, "", 0 }, { 0, F, 8, 0, "", 0 },
	    DATA(0, 3, "cd\n"), DATA(0, 9, "gh\n") },
	  ">F:ab$ >:cd$ >:ef$ >:gh$ ", 0, 0, false },
	{ "RST is nothing",
	  { BOTH, { 0, TCP_RST | A, 0, 0, "ab\n", 0 }, DATA(0, 0, "cd\n") },
	  ">F:cd$ ", 0, 0, false },
	{ "far away",
	  { BOTH, DATA(0, 0, "ab\n"), DATA(0, 0x40000004, "xx\n"), DATA(0, -0x3ffffffe, "xx\n"),
	    DATA(0, -0x7fffffff, "xx\n"), { 0, F, 0x50000000, 0, "", 0 }, ACK(1, 0x40000004), ACK(1, -0x40000000),
	    DATA(0, 5, "ef\n"), DATA(0, 3, "c\n") },
	  ">F:ab$ >:c$ >:ef$ ", 0, 0, false },
	{ "just not too far",
	  { BOTH, DATA(0, 0x40000000, "a\n"), ACK(1, 0x40000000), DATA(0, 0x40000002, "b\n"), ACK(1, 0x40000006),
	    DATA(0, 0x40000004, "c\n") },
	  ">(1073741824) >FG:a$ >:b$ >:c$ ", 0, 0, false },
	{ "passes unread", { BOTH, DATA(0, 0, "#10ab\nc"), DATA(0, 7, "d\nef\n") }, ">F:f$ ", 0, 0, false },
	{ "passes unread what lies before",
	  { BOTH, DATA(0, 0, "#1"), DATA(0, 2, "0ab\ncd\nef\n"), DATA(0, 13, "#03") },
	  ">F:f$ ", 0, 0, false },
	{ "a gap in what passes unread",
	  { BOTH, DATA(0, 0, "#10ab"), DATA(0, 8, "xxef\n"), ACK(1, 8) },
	  ">F:ef$ ", 0, 0, false },
	{ "a gap up to its end",
	  { BOTH, DATA(0, 0, "#10ab"), DATA(0, 10, "ef\n"), ACK(1, 10) },
	  ">F:ef$ ", 0, 0, false },
	{ "a gap beyond it",
	  { BOTH, DATA(0, 0, "#10ab"), DATA(0, 11, "ef\n"), ACK(1, 11) },
	  ">(6) >FG:ef$ ", 0, 0, false },
	{ "longer than segments are",
	  { BOTH, { 0, P, 0, 0, "ab\n", STREAM_SEGMENT_MAX - 2 }, DATA(0, 0, "cd\n") },
	  ">F:cd$ ", 0, 0, false },
	{ "as long as they may be",
	  { BOTH, { 0, P, 0, 0, "ab\n", STREAM_SEGMENT_MAX - 3 }, DATA(0, 1 << 24, "cd\n") },
	  ">F:ab$ >(16777213) >G:cd$ ", 0, 0, false },
	{ "by length",
	  { BOTH, DATA(0, 0, "=0"), DATA(0, 2, "08"), DATA(0, 4, "\n\n\n\nef\n") },
	  ">F:=008$$$$ >:ef$ ", 0, 0, false },
	{ "too long by length",
	  { BOTH, DATA(0, 0, "=020567890"), DATA(0, 10, "1234567"), DATA(0, 17, "8\n\nef\n") },
	  ">FC:=020567890123456 >:ef$ ", 0, 0, false },
	{ "as long as it may be",
	  { BOTH, DATA(0, 0, "123456789012345\nab\n") },
	  ">F:123456789012345$ >:ab$ ", 0, 0, false },
	{ "a byte too long",
	  { BOTH, DATA(0, 0, "1234567890123456\nab\n") },
	  ">FC:1234567890123456 >:ab$ ", 0, 0, false },
	{ "much too long",
	  { BOTH, DATA(0, 0, "1234567890123456789012345678901234567890"), DATA(0, 40, "x"), DATA(0, 41, "y\nab\n") },
	  ">FC:1234567890123456 >:ab$ ", 0, 0, false },
	{ "a gap in what is too long",
	  { BOTH, DATA(0, 0, "12345678901234567"), DATA(0, 20, "a\nb\n"), ACK(1, 20) },
	  ">FC:1234567890123456 >(3) >G:a$ >:b$ ", 0, 0, false },
};

static void run_row(const struct row *row, uint32_t first0, uint32_t first1)
{
	open_bed(POOL, 16, row->picked_up, first0, first1);
	for (const struct step *step = row->steps; step->text; step++) {
		uint32_t len = (uint32_t)strlen(step->text);
		struct stream_segment segment = {
			.seq = bed.first[step->direction] + (uint32_t)step->at,
			.ack = bed.first[!step->direction] + (uint32_t)step->ack,
			.tcp_flags = step->flags,
			.direction = step->direction,
			.len = len + step->lost,
			.have = len,
			.data = (const uint8_t *)step->text,
		};
		assert_true(send_segment(&segment, 0));
	}
	if (strcmp(bed.log.text, row->log) != 0 || bed.counts.conflicts != row->conflicts ||
	    bed.counts.overlap_bytes != row->overlap)
		fail_msg("%s, from %08" PRIx32 ": %s, not %s; overlap %" PRIu64 ", conflicts %" PRIu64, row->name,
			 first0, bed.log.text, row->log, bed.counts.overlap_bytes, bed.counts.conflicts);
	assert_int_equal(bed.counts.no_memory, 0);
	close_bed();
}

/* Each row from numbers that wrap at every place of it, too. */
static void test_rows(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT(rows); i++) {
		run_row(&rows[i], 1000, 2000);
		for (uint32_t back = 0; back < 45; back++) {
			run_row(&rows[i], 0u - back, 2u - back);
			run_row(&rows[i], 0x80000000u - back, 0x80000002u - back);
		}
	}
}

/* Picked up at every byte: what follows the first end of line is as if all had been seen. */
static void test_every_pick_up(void **state)
{
	static const char lines[] = "USER a\nPASS b\nPASV\nLIST\nQUIT\n";
	const uint32_t len = sizeof(lines) - 1;

	(void)state;
	for (uint32_t at = 0; at < len; at++) {
		char expected[100] = "", *to = expected;

		for (uint32_t i = at; i < len; i++) {
			if (i == at || lines[i - 1] == '\n')
				to += sprintf(to, i == at ? ">FP:" : ">P:");
			to += sprintf(to, lines[i] == '\n' ? "$ " : "%c", lines[i]);
		}
		for (uint32_t cut = at; cut <= len; cut++) {
			open_bed(POOL, 16, true, 0xfffffff0, 7);
			send_ack(0, 0);
			send_ack(1, at);
			send_data(0, at, lines + at, cut - at);
			send_data(0, cut, lines + cut, len - cut);
			assert_string_equal(bed.log.text, expected);
			close_bed();
		}
	}
}

/* ---- long records ---- */

static void run_long(uint32_t record_max, uint32_t len, uint32_t size)
{
	static uint8_t text[80000];
	uint32_t cut = len < record_max ? len : record_max;

	for (uint32_t i = 0; i < len - 1; i++)
		text[i] = (uint8_t)('a' + i % 26);
	memcpy(text + len - 1, "\n\n", 2);
	open_bed(POOL, record_max, false, 0u - len / 2, 0);
	bed.truth = text;
	send_syn(0);
	for (uint32_t at = 0; at < len + 1; at += size)
		send_data(0, at, text + at, size < len + 1 - at ? size : len + 1 - at);
	assert_int_equal(bed.log.len, cut + (cut < len ? 5u : 4u) + strlen(">:$ "));
	assert_string_equal(bed.log.text + bed.log.len - 4, ">:$ ");
	assert_memory_equal(bed.log.text, cut < len ? ">FC:" : ">F:", cut < len ? 4 : 3);
	assert_int_equal(bed.counts.records, 2);
	assert_int_equal(bed.counts.cut, cut < len);
	assert_in_range(bed.pool->most, 0, (record_max + CHUNK_DATA - 1) / CHUNK_DATA);
	close_bed();
}

static void test_long(void **state)
{
	static const uint32_t most[] = { 1, 2, 251, 252, 253, 1000, 4096, STREAM_RECORD_MAX };
	static const uint32_t sizes[] = { 536, 1460, 65535, 80000 };

	(void)state;
	for (unsigned i = 0; i < COUNT(most); i++) {
		for (unsigned j = 0; j < COUNT(sizes); j++) {
			for (uint32_t more = most[i] == 1; more < 3; more++)
				run_long(most[i], most[i] - 1 + more, sizes[j]);
			run_long(most[i], 65536, sizes[j]);
		}
		run_long(most[i], most[i] + 1, 1);
		run_long(most[i], 3 * most[i], 1);
	}
	/* the limits of record_max itself */
	usher__stream_open(&bed.s, 0, false, 0);
	assert_int_equal(bed.s.record_max, 1);
	usher__stream_open(&bed.s, UINT32_MAX, false, 0);
	assert_int_equal(bed.s.record_max, STREAM_RECORD_MAX);
}

/* ---- limits, memory, the sink's word ---- */

/* Early bytes up to the limit wait; one more, and what is missing is given up. */
static void test_early_bytes(void **state)
{
	static uint8_t text[STREAM_EARLY_BYTES + 10];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (uint32_t i = 9; i < sizeof(text); i += 10)
		text[i] = '\n';
	for (uint32_t more = 0; more < 2; more++) {
		open_bed(POOL, 100, false, 0xffffe000, 0);
		send_syn(0);
		for (uint32_t at = 10; at < 10 + STREAM_EARLY_BYTES; at += 1024)
			send_data(0, at, text + at, 1024);
		assert_int_equal(bed.s.side[0].early_bytes, STREAM_EARLY_BYTES);
		assert_int_equal(bed.s.side[0].early_count, 1);
		assert_int_equal(bed.log.len, 0);
		if (more)
			send_data(0, 10 + STREAM_EARLY_BYTES, "x", 1);
		send_data(0, 0, text, 10);
		assert_int_equal(bed.counts.gaps, more);
		assert_int_equal(bed.counts.records, STREAM_EARLY_BYTES / 10 + !more);
		assert_int_equal(bed.counts.no_memory, 0);
		close_bed();
	}
	open_bed(POOL, 100, false, 0, 0);
	send_syn(0);
	send_data(0, 7, text, sizeof(text)); /* more than may wait at all */
	assert_int_equal(bed.counts.gap_bytes, 7);
	assert_int_equal(bed.counts.records, sizeof(text) / 10);
	close_bed();
}

#define MEMORY_LINES 12u
#define MEMORY_STEPS 32u

/* Lines of some hundred bytes in segments that come in an order of their own; the pool is empty during step `empty`. */
static void run_memory(uint32_t chunks, unsigned empty, bool acked)
{
	static uint8_t text[8000], junk[256 * CHUNK_DATA];
	uint32_t len = 0, size, hog;

	for (uint32_t line = 0; line < MEMORY_LINES; line++) {
		for (uint32_t i = 0; i < 100 + line * 53; i++)
			text[len++] = (uint8_t)('a' + (line + i) % 26);
		text[len++] = '\n';
	}
	size = (len + MEMORY_STEPS - 1) / MEMORY_STEPS;
	open_bed(chunks, 1000, false, 0xfffffff0, 0);
	bed.truth = text;
	send_syn(0);
	for (unsigned step = 0; step < MEMORY_STEPS; step++) {
		uint32_t at = (step % 8 < 4 ? step ^ 3 : step) * size;
		uint32_t n = len < at ? 0 : len - at < size ? len - at : size;
		struct stream_segment segment = { .seq = bed.first[0] + at, .len = n, .have = n, .data = text + at };

		hog = 0;
		size_t hogged = step == empty ? bed.pool->count - bed.pool->used : 0;
		assert_true(usher__chunk_append(bed.pool, &hog, 0, junk, (uint32_t)hogged * CHUNK_DATA));
		send_segment(&segment, (uint32_t)hogged);
		usher__chunk_release(bed.pool, &hog);
		if (acked)
			send_ack(1, at + n);
	}
	assert_int_equal(bed.counts.gaps == 0, bed.counts.records == MEMORY_LINES && !strstr(bed.log.text, ">G"));
	if (chunks == POOL / 4 && empty == MEMORY_STEPS && !acked)
		assert_int_equal(bed.counts.records, MEMORY_LINES);
	if (bed.counts.no_memory && !acked)
		assert_true(bed.counts.gaps > 0);
	close_bed();
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned acked = 0; acked < 2; acked++) {
		for (uint32_t chunks = 0; chunks < 20; chunks++)
			run_memory(chunks, MEMORY_STEPS, acked);
		for (unsigned empty = 0; empty <= MEMORY_STEPS; empty++)
			run_memory(POOL / 4, empty, acked);
	}
	/* the incomplete record that cannot be kept is told, and the next one marked */
	open_bed(1, 1000, false, 0, 0);
	send_syn(0);
	send_data(0, 0, "ab\ncd", 5);
	send_data(1, 0, "ef", 2);
	send_data(0, 5, "e\nfg\n", 5);
	assert_string_equal(bed.log.text, ">F:ab$ <(2) >:cde$ >:fg$ ");
	close_bed();
	open_bed(0, 1000, false, 0, 0);
	send_syn(0);
	send_data(0, 0, "ab\ncd", 5);
	send_data(0, 5, "e\nfg\n", 5);
	assert_string_equal(bed.log.text, ">F:ab$ >(2) >G:e$ >:fg$ ");
	assert_int_equal(bed.counts.no_memory, 1);
	close_bed();
	open_bed(1, 1000, false, 0, 0);
	send_syn(0);
	send_data(0, 0, "abcdefgh", 8);
	for (uint32_t i = 1; i < 31; i++)
		send_data(0, 8 * i, "ijklmnop", 8);
	assert_int_equal(bed.log.len, 0);
	send_data(0, 248, "ijklmnop", 8);
	send_data(0, 256, "qrstuvwx", 8);
	send_data(0, 264, "y\n", 2);
	assert_string_equal(bed.log.text, ">(256) >FG:qrstuvwxy$ ");
	close_bed();
}

static bool run_stops(int until)
{
	struct stream_segment cut = { .seq = 172, .len = 6, .have = 2, .data = (const uint8_t *)"a\n" };
	struct stream_segment fin = { .seq = 190, .tcp_flags = TCP_FIN };
	bool more;

	open_bed(POOL, SCRIPT_MAX, false, 100, 200);
	bed.until = until;
	more = send_syn(0) && send_syn(1) && send_data(1, 0, "welc", 4) && send_data(0, 60, "early", 5) &&
	       send_data(0, 0, SCRIPT, SCRIPT_LEN) && send_ack(1, 60) && send_data(0, 65, "\nx\ny\nz\n", 7) &&
	       send_segment(&cut, 0) && send_segment(&fin, 0) && send_ack(1, 90);
	assert_int_equal(more, bed.s.record_max != 0);
	return more;
}

/* The sink says false at each event in turn: nothing more is called, all is given back. */
static void test_sink_stops(void **state)
{
	int events;

	(void)state;
	assert_true(run_stops(-1));
	events = (int)(bed.counts.records + bed.counts.gaps);
	assert_int_equal(events, 14);
	close_bed();
	for (int until = 1; until <= events; until++) {
		assert_false(run_stops(until));
		assert_int_equal(bed.pool->used, 0);
		close_bed();
	}
}

/* A helper whose frame changes its mind about bytes that already wait: they are read in pieces. */
static unsigned moody;

static int32_t frame_moody(void *user, unsigned direction, const uint8_t *head, uint32_t have)
{
	(void)user;
	(void)direction;
	(void)head;
	if (moody == 0)
		return 0;
	if (moody == 2)
		return have > 5 ? -3 : 0;
	if (moody == 3)
		return INT32_MIN;
	return 2;
}

static void test_frame_changes(void **state)
{
	static const struct stream_sink other = { .frame = frame_moody, .record = bed_record, .gap = bed_gap };

	(void)state;
	for (unsigned mood = 1; mood < 4; mood++) {
		open_bed(POOL, 1000, false, 100, 200);
		bed.context.sink = &other;
		send_syn(0);
		moody = 0;
		send_data(0, 0, "abcdefghij", 10);
		moody = mood;
		send_data(0, 10, "k", 1);
		if (mood == 1)
			assert_string_equal(bed.log.text, ">F:ab >:cd >:ef >:gh >:ij ");
		moody = 1;
		send_data(0, 11, "l", 1);
		assert_int_equal(bed.s.side[0].pass, mood == 3 ? 0x80000000u - 12 : 0);
		if (mood == 2)
			assert_string_equal(bed.log.text, ">F:gh >:ij >:kl ");
		close_bed();
	}
}

/* Acknowledgements that are never seen, over 2.75 * 2^32 bytes: the first one seems to be ahead again. */
static void test_far_along(void **state)
{
	const uint8_t *line = (const uint8_t *)"ab\n";
	uint64_t bytes = 0;

	(void)state;
	open_bed(POOL, 100, false, 0x12345678, 0);
	send_syn(0);
	for (uint32_t lost = 1u << 23; bytes < 11ull << 30; bytes += lost + 3) {
		struct stream_segment segment = { .seq = bed.first[0] + (uint32_t)bytes, .len = lost + 3, .have = 3,
						  .data = line };

		bed.log.len = 0;
		assert_true(send_segment(&segment, 0));
		assert_string_equal(bed.log.text, bytes ? ">G:ab$ >(8388608) " : ">F:ab$ >(8388608) ");
	}
	bed.log.len = 0;
	send_data(0, (uint32_t)bytes + 3, "ef\n", 3);
	assert_int_equal(bed.log.len, 0);
	send_ack(1, (uint32_t)bytes + 3);
	assert_string_equal(bed.log.text, ">(3) >G:ef$ ");
	close_bed();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_pick_up),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_early_bytes),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_sink_stops),
		cmocka_unit_test(test_frame_changes),
		cmocka_unit_test(test_far_along),
	};
	return cmocka_run_group_tests(tests, new_bed, free_bed);
}
