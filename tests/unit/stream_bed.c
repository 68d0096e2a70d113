/* See stream_bed.h. */
#include "stream_bed.h"

struct bed bed;

static uint64_t random_state;

void bed_log(struct log *log, unsigned direction, const uint8_t *data, uint32_t len, unsigned flags)
{
	static const char letters[] = "FGPC";
	char *at = log->text + log->len;
	uint32_t i;

	assert_true(log->len + (data ? len : 0) + 32 < LOG_SIZE);
	*at++ = direction ? '<' : '>';
	if (!data)
		at += sprintf(at, "(%" PRIu32 ")", len);
	for (i = 0; data && i < 4; i++) {
		if (flags & 1u << i)
			*at++ = letters[i];
	}
	if (data)
		*at++ = ':';
	for (i = 0; data && i < len; i++)
		*at++ = (char)(data[i] == '\n' ? '$' : data[i]);
	*at++ = ' ';
	*at = 0;
	log->len = (uint32_t)(at - log->text);
}

static int32_t digits(const uint8_t *at, unsigned count)
{
	int32_t value = 0;

	while (count--)
		value = value * 10 + (*at++ - '0');
	return value;
}

int32_t bed_frame(const uint8_t *head, uint32_t have)
{
	const uint8_t *end;

	if (head[0] == '#')
		return have < 3 ? 0 : -digits(head + 1, 2);
	if (head[0] == '=')
		return have < 4 ? 0 : digits(head + 1, 3);
	end = memchr(head, '\n', have);
	return end ? (int32_t)(end - head) + 1 : 0;
}

static int32_t sink_frame(void *user, unsigned direction, const uint8_t *head, uint32_t have)
{
	assert_ptr_equal(user, &bed);
	assert_true(bed.inside && direction < 2);
	assert_in_range(have, 1, bed.s.record_max);
	return bed_frame(head, have);
}

bool bed_record(void *user, struct stream_record *record)
{
	unsigned direction = record->direction;
	const uint8_t *data = record->data;
	uint32_t len = record->len;
	uint32_t at = bed.s.side[direction].in_next - len - bed.first[direction];

	assert_ptr_equal(user, &bed);
	assert_true(bed.inside && bed.until != 0);
	assert_in_range(len, 1, bed.s.record_max);
	if (bed.truth)
		assert_memory_equal(data, bed.truth + at, len);
	bed_log(&bed.log, direction, data, len, record->flags);
	return --bed.until != 0;
}

bool bed_gap(void *user, unsigned direction, uint32_t len)
{
	assert_ptr_equal(user, &bed);
	assert_true(bed.inside && bed.until != 0 && len > 0);
	bed_log(&bed.log, direction, NULL, len, 0);
	return --bed.until != 0;
}

static const struct stream_sink sink = { .frame = sink_frame, .record = bed_record, .gap = bed_gap };

void open_bed(uint32_t chunks, uint32_t record_max, bool picked_up, uint32_t first0, uint32_t first1)
{
	usher__chunk_pool_init(bed.pool, chunks);
	bed.context = (struct stream_context){ .pool = bed.pool, .sink = &sink, .user = &bed, .scratch = bed.scratch,
						.counts = &bed.counts };
	bed.counts = (struct stream_counts){ 0 };
	bed.log.len = 0;
	bed.log.text[0] = 0;
	bed.first[0] = first0;
	bed.first[1] = first1;
	bed.truth = NULL;
	bed.until = -1;
	usher__stream_open(&bed.s, record_max, picked_up, 0);
}

uint32_t bed_side_chunks(const struct stream_side *side, uint32_t record_max)
{
	uint32_t held = side->in_have - side->in_next, end = side->in_have, bytes = 0, chunks, i;

	assert_true(held == 0 ? side->partial == 0 : held < record_max);
	assert_true(held == 0 || (side->pass == 0 && !(side->flags & STREAM_SKIPPING)));
	assert_in_range(side->early_count, 0, STREAM_EARLY_MAX);
	assert_true((side->edits_count == 0) == (side->edits == 0) && (side->edits_count == 0) == (side->texts == 0));
	assert_true((side->own_len == 0) == (side->owned == 0));
	assert_int_equal(side->flags & STREAM_SHIFTED, side->shift || side->edits_count ? STREAM_SHIFTED : 0);
	assert_true((int32_t)(side->in_left - side->in_next) >= 0 || !(side->flags & STREAM_STARTED));
	assert_true((int32_t)(side->in_have - side->in_left) >= 0 || !(side->flags & STREAM_STARTED));
	chunks = (held + CHUNK_DATA - 1) / CHUNK_DATA + (side->own_len + CHUNK_DATA - 1) / CHUNK_DATA +
		 (side->edits_count * 8u + CHUNK_DATA - 1) / CHUNK_DATA + (side->texts_len + CHUNK_DATA - 1) / CHUNK_DATA;
	for (i = 0; i < side->early_count; i++) {
		assert_true(side->early[i].len > 0 && (int32_t)(side->early[i].seq - end) > 0);
		end = side->early[i].seq + side->early[i].len;
		bytes += side->early[i].len;
		chunks += (side->early[i].len + CHUNK_DATA - 1) / CHUNK_DATA;
	}
	assert_int_equal(bytes, side->early_bytes);
	assert_in_range(bytes, 0, STREAM_EARLY_BYTES);
	return chunks;
}

bool send_segment(const struct stream_segment *segment, uint32_t hogged)
{
	uint32_t chunks;
	bool more;

	bed.inside = true;
	more = usher__stream_segment(&bed.s, segment, &bed.context);
	bed.inside = false;
	chunks = bed_side_chunks(&bed.s.side[0], bed.s.record_max) + bed_side_chunks(&bed.s.side[1], bed.s.record_max);
	assert_int_equal(chunks + hogged, bed.pool->used);
	return more;
}

bool send_data(unsigned direction, uint32_t at, const void *data, uint32_t len)
{
	struct stream_segment segment = { .seq = bed.first[direction] + at, .tcp_flags = TCP_PSH,
					  .direction = (uint8_t)direction, .len = len, .have = len, .data = data };

	return send_segment(&segment, 0);
}

bool send_syn(unsigned direction)
{
	struct stream_segment segment = { .seq = bed.first[direction] - 1, .tcp_flags = TCP_SYN,
					  .direction = (uint8_t)direction };

	return send_segment(&segment, 0);
}

bool send_ack(unsigned direction, uint32_t at)
{
	struct stream_segment segment = { .seq = bed.first[direction], .ack = bed.first[!direction] + at,
					  .tcp_flags = TCP_ACK, .direction = (uint8_t)direction };

	return send_segment(&segment, 0);
}

void close_bed(void)
{
	usher__stream_close(&bed.s, bed.pool);
	assert_int_equal(bed.pool->used, 0);
	assert_false(send_data(0, 0, "x\n", 2));
}

void bed_seed(uint64_t seed)
{
	random_state = seed;
}

uint32_t bed_random(uint32_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % limit;
}

int new_bed(void **state)
{
	(void)state;
	bed.pool = calloc(1, usher__chunk_pool_size(POOL));
	return bed.pool ? 0 : -1;
}

int free_bed(void **state)
{
	(void)state;
	free(bed.pool);
	return 0;
}
