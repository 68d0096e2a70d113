/*
 * stream: however its bytes are cut, reordered, repeated or lost, the records are the same: every way for a script,
 * random ways against a model that is a map of bytes.
 */
#include "stream_bed.h"

/* ---- every way of cutting a script into segments ---- */

static const char script_log[] = ">F:USER a\r$ >:PASV\r$ >:=010bcde\r$ >:Q$ >C:longlonglonglong >:LIST$ ";

struct piece {
	uint32_t at, len;
};

/* Sends pieces of the script. Whatever they are, the records are the same. */
static void run_pieces(const struct piece *pieces, unsigned count)
{
	open_bed(POOL, SCRIPT_MAX, false, 0xffffffe8, 0);
	send_syn(0);
	for (unsigned i = 0; i < count; i++)
		send_data(0, pieces[i].at, &SCRIPT[pieces[i].at], pieces[i].len);
	if (strcmp(bed.log.text, script_log) != 0)
		fail_msg("%" PRIu32 "+%" PRIu32 " %" PRIu32 "+%" PRIu32 "..: %s", pieces[0].at, pieces[0].len,
			 pieces[1].at, pieces[1].len, bed.log.text);
	assert_int_equal(bed.counts.conflicts, 0);
	close_bed();
}

static void test_whole(void **state)
{
	struct piece whole[2] = { { 0, SCRIPT_LEN }, { 0, 0 } };

	(void)state;
	run_pieces(whole, 1);
	run_pieces(whole, 2);
}

/* Two and three segments, cut at every byte, in every order, and each twice: at once again, or when all are through. */
static void test_every_cut(void **state)
{
	static const uint8_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					      { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	(void)state;
	for (uint32_t a = 0; a < SCRIPT_LEN; a++) {
		for (uint32_t b = a; b < SCRIPT_LEN; b++) {
			struct piece cut[3] = { { 0, a }, { a, b - a }, { b, SCRIPT_LEN - b } };

			for (unsigned o = 0; o < 6; o++) {
				struct piece sent[6];

				for (unsigned i = 0; i < 6; i++)
					sent[i] = cut[orders[o][i % 3]];
				run_pieces(sent, 3);
				run_pieces(sent, 6);
				for (unsigned i = 0; i < 6; i++)
					sent[i] = cut[orders[o][i / 2]];
				run_pieces(sent, 6);
			}
		}
	}
}

/* A third segment that overlaps any cut: every pair of ends, before, between and after the other two. */
static void test_every_overlap(void **state)
{
	(void)state;
	for (uint32_t cut = 1; cut < SCRIPT_LEN; cut += 3) {
		for (uint32_t a = 0; a < SCRIPT_LEN; a++) {
			for (uint32_t b = a + 1; b <= SCRIPT_LEN; b++) {
				struct piece left = { 0, cut }, right = { cut, SCRIPT_LEN - cut }, more = { a, b - a };

				run_pieces((struct piece[]){ more, left, right }, 3);
				run_pieces((struct piece[]){ more, right, left }, 3);
				run_pieces((struct piece[]){ right, more, left }, 3);
				run_pieces((struct piece[]){ left, more, right }, 3);
			}
		}
	}
}

/* One byte a segment: in order, backwards (they join), and every other byte first (they do not: jumps). */
static void test_single_bytes(void **state)
{
	struct piece sent[SCRIPT_LEN];

	(void)state;
	for (uint32_t i = 0; i < SCRIPT_LEN; i++)
		sent[i] = (struct piece){ i, 1 };
	run_pieces(sent, SCRIPT_LEN);
	for (uint32_t i = 0; i < SCRIPT_LEN; i++)
		sent[i] = (struct piece){ SCRIPT_LEN - 1 - i, 1 };
	run_pieces(sent, SCRIPT_LEN);
	open_bed(POOL, SCRIPT_MAX, false, 1, 1);
	bed.truth = (const uint8_t *)SCRIPT;
	send_syn(0);
	for (uint32_t i = 1; i < SCRIPT_LEN; i += 2)
		send_data(0, i, &SCRIPT[i], 1);
	assert_int_equal(bed.counts.gaps, (SCRIPT_LEN / 2) - STREAM_EARLY_MAX);
	close_bed();
}

/* ---- the model: a map of bytes, one byte at a time ---- */

#define MODEL_BYTES 140000

struct model_side {
	uint8_t byte[MODEL_BYTES];
	bool there[MODEL_BYTES];
	int64_t top; /* nothing is there from here on */
	int64_t have, acked, fin;
	uint32_t pass, held;
	bool skipping, gap, handed;
	uint8_t head[STREAM_RECORD_MAX];
};

struct model {
	struct model_side side[2];
	struct log log;
	uint32_t record_max;
	uint64_t overlap, conflicts;
};

static struct model model;

static void open_model(uint32_t record_max)
{
	for (unsigned i = 0; i < 2; i++) {
		struct model_side *side = &model.side[i];

		memset(side->there, 0, (size_t)side->top);
		side->top = side->have = side->acked = 0;
		side->fin = -1;
		side->pass = side->held = 0;
		side->skipping = side->gap = side->handed = false;
	}
	model.log.len = 0;
	model.record_max = record_max;
	model.overlap = model.conflicts = 0;
}

static void model_hand(unsigned direction, bool cut)
{
	struct model_side *side = &model.side[direction];
	unsigned flags = (side->handed ? 0u : USHER_RECORD_FIRST) | (side->gap ? USHER_RECORD_AFTER_GAP : 0u) |
			 (cut ? USHER_RECORD_CUT : 0u);

	bed_log(&model.log, direction, side->head, side->held, flags);
	side->handed = true;
	side->gap = false;
	side->held = 0;
}

static void model_byte(unsigned direction, uint8_t byte)
{
	struct model_side *side = &model.side[direction];
	int32_t answer;

	side->have++;
	if (side->pass) {
		side->pass--;
		return;
	}
	if (side->skipping) {
		side->skipping = byte != '\n';
		return;
	}
	side->head[side->held++] = byte;
	answer = bed_frame(side->head, side->held);
	if (answer < 0) {
		side->pass = (uint32_t)-answer - side->held;
		side->held = 0;
	} else if (answer > 0 && (uint32_t)answer == side->held) {
		model_hand(direction, false);
	} else if (side->held == model.record_max) {
		side->pass = answer ? (uint32_t)answer - side->held : 0;
		side->skipping = answer == 0;
		model_hand(direction, true);
	}
}

/* The first byte from there on that came already; MODEL_BYTES: none. */
static int64_t model_first(const struct model_side *side, int64_t from)
{
	while (from < side->top && !side->there[from])
		from++;
	return from < side->top ? from : MODEL_BYTES;
}

static void model_join(unsigned direction)
{
	struct model_side *side = &model.side[direction];

	while (side->there[side->have])
		model_byte(direction, side->byte[side->have]);
}

static void model_jump(unsigned direction, int64_t to)
{
	struct model_side *side = &model.side[direction];
	int64_t first = model_first(side, side->have);
	uint32_t lost;

	to = first < to ? first : to;
	lost = (uint32_t)(to - side->have);
	side->have = to;
	if (side->pass >= lost) {
		side->pass -= lost;
	} else {
		side->pass = side->held = 0;
		side->skipping = false;
		side->gap = true;
		bed_log(&model.log, direction, NULL, lost, 0);
	}
	model_join(direction);
}

static void model_settle(unsigned direction)
{
	struct model_side *side = &model.side[direction];
	int64_t first;

	while ((first = model_first(side, side->have)) < MODEL_BYTES && side->acked >= first)
		model_jump(direction, first);
	if (side->fin > side->have && first == MODEL_BYTES && side->acked >= side->fin)
		model_jump(direction, side->fin);
	if (side->fin == side->have)
		side->held = 0;
}

/* Would so many early parts and bytes be too much, with [from, to) among them? */
static bool model_full(struct model_side *side, int64_t from, int64_t to)
{
	unsigned parts = 0, bytes = 0;

	memset(side->there + from, 1, (size_t)(to - from));
	for (int64_t i = side->have; i < (to > side->top ? to : side->top); i++) {
		bytes += side->there[i];
		parts += side->there[i] && !side->there[i - 1];
	}
	memset(side->there + from, 0, (size_t)(to - from));
	return parts > STREAM_EARLY_MAX || bytes > STREAM_EARLY_BYTES;
}

static void model_take(unsigned direction, int64_t at, const uint8_t *data, int64_t end)
{
	struct model_side *side = &model.side[direction];
	int64_t begin = at, run;

	for (int64_t i = at; i < end; i++) {
		bool old = i < side->have || side->there[i];

		model.overlap += old;
		model.conflicts += old && i >= side->have - side->held && side->byte[i] != data[i - begin];
	}
	while (at < end) {
		if (at < side->have || side->there[at]) {
			at++;
			continue;
		}
		run = model_first(side, at);
		run = run < end ? run : end;
		if (at > side->have && (side->acked >= at || model_full(side, at, run))) {
			model_jump(direction, at);
			continue;
		}
		memcpy(side->byte + at, data + (at - begin), (size_t)(run - at));
		memset(side->there + at, 1, (size_t)(run - at));
		side->top = run > side->top ? run : side->top;
		model_join(direction);
		at = run;
	}
}

/* A segment at `at`, from the first byte of its direction; `ack` < 0: none. */
static void model_segment(unsigned direction, int64_t at, int64_t ack, const struct stream_segment *segment)
{
	struct model_side *side = &model.side[direction];
	int64_t end = at + segment->len, here = at + segment->have, last;

	if (ack > model.side[!direction].acked) {
		model.side[!direction].acked = ack;
		model_settle(!direction);
	}
	if (side->fin >= 0) {
		end = end < side->fin ? end : side->fin;
		here = here < end ? here : end;
	}
	if (at < here)
		model_take(direction, at, segment->data, here);
	while (here < end && side->have >= here && side->have < end)
		model_jump(direction, end);
	end = at + segment->len;
	last = side->top > side->have ? side->top : side->have;
	if ((segment->tcp_flags & TCP_FIN) && side->fin < 0 && end >= last)
		side->fin = end;
	model_settle(direction);
}

/* To the stream and to the model. */
static void send_both(unsigned direction, int64_t at, int64_t ack, struct stream_segment segment)
{
	segment.direction = (uint8_t)direction;
	segment.seq = bed.first[direction] + (uint32_t)at;
	segment.ack = bed.first[!direction] + (uint32_t)ack;
	if (ack >= 0)
		segment.tcp_flags |= TCP_ACK;
	send_segment(&segment, 0);
	model_segment(direction, at, ack, &segment);
	if (bed.log.len != model.log.len || memcmp(bed.log.text, model.log.text, bed.log.len) != 0)
		fail_msg("stream %s\nmodel  %s", bed.log.text, model.log.text);
	assert_int_equal(bed.counts.overlap_bytes, model.overlap);
	assert_int_equal(bed.counts.conflicts, model.conflicts);
	assert_int_equal(bed.s.side[direction].in_have - bed.first[direction], model.side[direction].have);
	bed.log.len = model.log.len = 0;
}

static void open_both(uint32_t record_max, uint32_t first0, uint32_t first1)
{
	open_bed(POOL, record_max, false, first0, first1);
	open_model(record_max);
	send_syn(0);
	send_syn(1);
}

/* When the receiver acknowledges what comes. */
enum loss { NEVER, BEFORE, AFTER, EACH, LOSS_WAYS };

/* The script in segments of `size` bytes, without the one that has byte `lost`. */
static void run_loss(uint32_t size, uint32_t lost, enum loss way)
{
	const struct stream_segment nothing = { 0 };
	uint32_t last = (SCRIPT_LEN - 1) / size * size;

	open_both(SCRIPT_MAX, 0u - lost, 5);
	if (way == BEFORE)
		send_both(1, 0, SCRIPT_LEN, nothing);
	for (uint32_t at = 0; at < SCRIPT_LEN; at += size) {
		uint32_t len = size < SCRIPT_LEN - at ? size : SCRIPT_LEN - at;
		struct stream_segment segment = { .len = len, .have = len, .data = (const uint8_t *)&SCRIPT[at] };

		if (lost >= at && lost < at + size)
			continue;
		send_both(0, at, -1, segment);
		if (way == EACH)
			send_both(1, 0, at + len, nothing);
	}
	if (way == AFTER)
		send_both(1, 0, SCRIPT_LEN, nothing);
	assert_int_equal(bed.counts.gaps > 0, way != NEVER && lost < last);
	close_bed();
}

static void test_every_loss(void **state)
{
	(void)state;
	for (uint32_t size = 1; size < 12; size++) {
		for (uint32_t lost = 0; lost < SCRIPT_LEN; lost++) {
			for (unsigned way = 0; way < LOSS_WAYS; way++)
				run_loss(size, lost, (enum loss)way);
		}
	}
}

/* ---- random segments, against the model ---- */

/* Lines, marked ones among them, some too long; a mark stands only behind a line feed. */
static void random_text(uint8_t *text, uint32_t size)
{
	for (uint32_t at = 0; at < size;) {
		char line[256];
		uint32_t kind = bed_random(8), len = kind == 0 ? 5 + bed_random(200) : 5 + bed_random(40), mark = 0;

		if (kind == 1)
			mark = (uint32_t)sprintf(line, "#%02" PRIu32, len);
		else if (kind < 4)
			mark = (uint32_t)sprintf(line, "=%03" PRIu32, len);
		for (uint32_t i = mark; i < len; i++)
			line[i] = (char)('a' + bed_random(26));
		line[len - 1] = '\n';
		len = len < size - at ? len : size - at;
		memcpy(text + at, line, len);
		at += len;
	}
}

/* What changes nothing: a SYN again, a RST, numbers that are far away. */
static void send_nothing(unsigned direction)
{
	uint8_t flags = (uint8_t)bed_random(256);
	struct stream_segment segment = { .direction = (uint8_t)direction, .data = (const uint8_t *)"nothing\n" };

	segment.tcp_flags = flags & (TCP_PSH | TCP_URG);
	segment.seq = bed.s.side[direction].in_have + STREAM_FAR + 1 + bed_random(2 * STREAM_FAR - 2);
	segment.len = segment.have = 8;
	if (flags & 1) {
		segment.tcp_flags |= TCP_RST;
		segment.seq = bed.s.side[direction].in_have;
	} else if (flags & 2) {
		segment.tcp_flags = TCP_SYN;
		segment.seq = bed.first[direction] - 1;
		segment.len = segment.have = 0;
	} else if (flags & 4) {
		segment.tcp_flags |= TCP_ACK;
		segment.ack = bed.s.side[!direction].in_have + STREAM_FAR + 1 + bed_random(2 * STREAM_FAR - 2);
	}
	send_segment(&segment, 0);
}

#define RANDOM_TEXT 60000u

static void run_random(uint64_t seed)
{
	static uint8_t text[2][RANDOM_TEXT], sent[RANDOM_TEXT];
	int64_t top[2] = { 0, 0 };
	uint32_t spread;

	bed_seed(seed);
	random_text(text[0], RANDOM_TEXT);
	random_text(text[1], RANDOM_TEXT);
	spread = 1u << (3 + bed_random(11));
	open_both(20 + bed_random(200), bed_random(2) ? 0u - bed_random(3000) : bed_random(1u << 30), 77);
	for (int step = 0; step < 120; step++) {
		unsigned direction = bed_random(3) == 0;
		int64_t near = bed_random(4) ? model.side[direction].have : top[direction], ack = -1;
		int64_t at = near + bed_random(spread) - (int64_t)(bed_random(3) ? spread * 2 / 3 : spread / 8);
		uint32_t i, len = bed_random(bed_random(3) ? spread / 2 : spread) + (bed_random(5) > 0);
		struct stream_segment segment = { .data = sent, .tcp_flags = TCP_PSH };

		at = at < 0 ? 0 : at;
		if (at + len > RANDOM_TEXT - 100)
			break;
		memcpy(sent, text[direction] + at, len);
		/* A line feed stays one: behind a record that is too long a mark without one before it would count. */
		if (len && bed_random(10) == 0 && sent[i = bed_random(len)] != '\n')
			sent[i] = '!';
		segment.len = segment.have = len;
		if (bed_random(12) == 0)
			segment.have = bed_random(len + 1);
		if (bed_random(150) == 0)
			segment.tcp_flags = TCP_FIN;
		if (bed_random(3) == 0)
			ack = bed_random((uint32_t)top[!direction] + (bed_random(20) ? 1 : spread));
		if (bed_random(20) == 0)
			send_nothing(direction);
		send_both(direction, at, ack, segment);
		top[direction] = at + len > top[direction] ? at + len : top[direction];
	}
	assert_int_equal(bed.counts.no_memory, 0);
	close_bed();
}

static void test_random(void **state)
{
	const char *given = getenv("STREAM_SEED"), *runs = getenv("STREAM_RUNS");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 7413, count = runs ? strtoull(runs, NULL, 0) : 1500;

	(void)state;
	for (uint64_t i = 0; i < count; i++) {
		/* Printed before, so that a failure has it: STREAM_SEED=.. STREAM_RUNS=1 repeats it. */
		if (i % 500 == 0)
			print_message("# seeds from %" PRIu64 "\n", seed + i);
		model.log.len = bed.log.len = 0;
		run_random(seed + i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_every_overlap),
		cmocka_unit_test(test_single_bytes),
		cmocka_unit_test(test_every_loss),
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, new_bed, free_bed);
}
