/*
 * stream: segments of both directions, as the input says, against a map of the bytes sent.
 *
 * Input: 8 bytes of configuration (how records are framed, record_max, chunks, when the sink stops, picked up, first
 * numbers), then operations of 6 bytes: what and flags, where (2, from one of three places), how long,
 * acknowledgement, content; some are followed by content. Held to be true: the invariants of lib/stream/stream.h
 * between calls; a record's bytes are those sent first at its numbers; no byte is handed over twice or out of order;
 * the pool holds just what can be reached.
 */
#include "packet/packet.h"
#include "stream/stream.h"

#include <usher/helper.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 65536u /* numbers of a direction that are used; its first byte is in the middle */
#define CHUNKS 160u

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

struct shadow {
	uint32_t base; /* sequence number of sent[0] */
	uint32_t end;  /* behind the last byte handed over */
	bool known[WINDOW];
	uint8_t sent[WINDOW];
};

static struct {
	struct stream s;
	struct stream_context context;
	struct stream_counts counts;
	struct shadow shadow[2];
	unsigned framing, stop;
	uint64_t records, gaps;
	uint8_t scratch[STREAM_SCRATCH];
} f;

static struct chunk_pool *pool; /* made by the first input, room for CHUNKS */

static int32_t fuzz_frame(void *user, unsigned direction, const uint8_t *head, uint32_t have)
{
	const uint8_t *end;
	volatile uint8_t last;

	CHECK(user == &f && direction < 2 && have > 0 && have <= f.s.record_max);
	last = head[have - 1]; /* they are all there */
	(void)last;
	switch (f.framing) {
	case 0: /* lines */
		end = memchr(head, '\n', have);
		return end ? (int32_t)(end - head) + 1 : 0;
	case 1: /* a length before each record; without sense: passed */
		if (have < 2)
			return 0;
		return head[0] == 0xff ? -(head[1] + 1) : (head[0] & 15) << 8 | (head[1] | 1);
	case 2: /* depends on how much is there: no helper should */
		return (int32_t)(((uint32_t)head[0] << 8 ^ have * 2654435761u) >> 20) - 300;
	default: /* the ends of the range */
		return head[0] & 1 ? INT32_MAX : head[0] & 2 ? INT32_MIN : head[0] & 4 ? 1 : 0;
	}
}

static bool fuzz_record(void *user, struct stream_record *record)
{
	unsigned direction = record->direction, flags = record->flags;
	const uint8_t *data = record->data;
	uint32_t len = record->len;
	const struct stream_side *side = &f.s.side[direction];
	struct shadow *shadow = &f.shadow[direction];
	uint32_t from = side->in_next - len - shadow->base, i;

	CHECK(user == &f && len > 0 && len <= f.s.record_max);
	CHECK(from >= shadow->end && from + len <= WINDOW);
	for (i = 0; i < len; i++)
		CHECK(shadow->known[from + i] && shadow->sent[from + i] == data[i]);
	CHECK(!(flags & USHER_RECORD_CUT) || len == f.s.record_max);
	CHECK(!(flags & USHER_RECORD_PICKED_UP) == !(side->flags & STREAM_PICKED_UP));
	shadow->end = from + len;
	f.records++;
	return f.records + f.gaps != f.stop;
}

static bool fuzz_gap(void *user, unsigned direction, uint32_t len)
{
	CHECK(user == &f && direction < 2 && len > 0);
	f.gaps++;
	return f.records + f.gaps != f.stop;
}

static const struct stream_sink sink = { .frame = fuzz_frame, .record = fuzz_record, .gap = fuzz_gap };

/* A chain holds just the chunks that its bytes need, and none that was seen before. */
static uint32_t check_chain(uint32_t first, uint32_t len, bool *seen)
{
	uint32_t count = 0;

	for (; first; first = pool->chunk[first].next, count++) {
		CHECK(first < pool->fresh && first <= pool->count && !seen[first]);
		seen[first] = true;
	}
	CHECK(count == (len + CHUNK_DATA - 1) / CHUNK_DATA);
	return count;
}

static uint32_t check_side(const struct stream_side *side, bool *seen)
{
	uint32_t held = side->in_have - side->in_next, end = side->in_have, bytes = 0, used, i;

	CHECK(held == 0 || held < f.s.record_max);
	CHECK(held == 0 || (side->pass == 0 && !(side->flags & STREAM_SKIPPING)));
	CHECK(side->early_count <= STREAM_EARLY_MAX);
	used = check_chain(side->partial, held, seen);
	for (i = 0; i < side->early_count; i++) {
		CHECK(side->early[i].len > 0 && (int32_t)(side->early[i].seq - end) > 0);
		CHECK((int32_t)(side->in_acked - side->early[i].seq) < 0);
		end = side->early[i].seq + side->early[i].len;
		bytes += side->early[i].len;
		used += check_chain(side->early[i].chunks, side->early[i].len, seen);
	}
	CHECK(bytes == side->early_bytes && bytes <= STREAM_EARLY_BYTES);
	CHECK(!(side->flags & STREAM_FIN) || (int32_t)(side->fin - end) >= 0);
	CHECK((uint32_t)(side->in_have - side->in_acked + STREAM_FAR) <= 2 * STREAM_FAR);
	return used;
}

static void check(void)
{
	bool seen[CHUNKS + 1] = { false };

	CHECK(check_side(&f.s.side[0], seen) + check_side(&f.s.side[1], seen) == pool->used);
	CHECK(pool->used <= pool->most && pool->most <= pool->count);
	CHECK(f.counts.records == f.records && f.counts.gaps >= f.gaps);
}

/* Note what a segment that is about to be taken brings first. Follows the rules of stream.h, not its code. */
static void note(const struct stream_segment *segment)
{
	const struct stream_side *side = &f.s.side[segment->direction];
	struct shadow *shadow = &f.shadow[segment->direction];
	uint32_t seq = segment->seq, next = side->in_have, end, i;

	if (segment->tcp_flags & TCP_RST)
		return;
	if (segment->tcp_flags & TCP_SYN) {
		seq++;
		if (side->flags & STREAM_MOVED)
			return;
	}
	if ((segment->tcp_flags & TCP_SYN) && (!(side->flags & STREAM_STARTED) || side->in_next != seq)) {
		memset(shadow->known, 0, sizeof(shadow->known));
		shadow->end = 0;
		next = seq;
		end = seq + segment->have;
	} else if (!(side->flags & STREAM_STARTED)) {
		next = seq;
		end = seq + segment->have;
	} else {
		end = seq + segment->have;
		if ((side->flags & STREAM_FIN) && (int32_t)(end - side->fin) > 0)
			end = side->fin;
	}
	if ((uint32_t)(seq - next + STREAM_FAR) > 2 * STREAM_FAR)
		return;
	for (i = seq; (int32_t)(end - i) > 0; i++) {
		if ((int32_t)(i - next) < 0 || shadow->known[i - shadow->base])
			continue;
		shadow->known[i - shadow->base] = true;
		shadow->sent[i - shadow->base] = segment->data[i - seq];
	}
}

/* One operation at `op`, with `left` bytes behind it. Returns how many of these it takes. */
static size_t operate(const uint8_t *op, size_t left, bool *more)
{
	static const uint8_t tcp_flags[16] = { 0, 0, 0, 0, TCP_PSH, TCP_PSH, TCP_PSH, TCP_PSH, TCP_ACK, TCP_ACK,
					       TCP_ACK | TCP_PSH, TCP_FIN | TCP_ACK, TCP_SYN, TCP_SYN | TCP_ACK,
					       TCP_RST, TCP_FIN };
	static uint8_t text[4096];
	unsigned direction = op[0] & 1, place = op[0] >> 1 & 3;
	const struct stream_side *side = &f.s.side[direction], *other = &f.s.side[!direction];
	struct stream_segment segment = { .tcp_flags = tcp_flags[op[0] >> 4], .direction = (uint8_t)direction };
	uint32_t where = (uint32_t)op[1] << 8 | op[2], at, i;
	size_t taken = 0;
	uint8_t *data;

	at = side->flags & STREAM_STARTED ? side->in_have - f.shadow[direction].base : WINDOW / 2;
	at += place == 1 ? op[2] - 64u : place == 2 ? (where & 0x3fff) - 0x400u : 0;
	at = place == 0 ? WINDOW / 4 + where / 2 : at;
	segment.len = op[0] & 8 ? op[3] * 16u : op[3];
	if (at >= WINDOW || at + segment.len + 1 >= WINDOW)
		return 0;
	segment.seq = f.shadow[direction].base + at - (segment.tcp_flags & TCP_SYN ? 1 : 0);
	segment.ack = other->in_have + (uint32_t)(int8_t)op[4] * (op[4] & 3 ? 1u : 60u);
	if (op[4] == 0x80)
		segment.ack += 0x7fff0000;
	for (i = 0; i < segment.len; i++)
		text[i] = (uint8_t)((at + i) * 7 % 41 == 0 ? '\n' : (at + i) * 31 >> 3);
	if (op[5] & 1) {
		taken = segment.len < left ? segment.len : left;
		memcpy(text, op + 6, taken);
	} else if (op[5] & 2) {
		text[op[5]] = '\n';
	}
	segment.have = op[5] & 4 && op[5] & 8 ? segment.len * (op[5] >> 4) / 16 : segment.len;
	/* An allocation of its own: a byte read too far is seen. */
	data = malloc(segment.have ? segment.have : 1);
	CHECK(data);
	memcpy(data, text, segment.have);
	segment.data = data;
	if (op[5] == 0xff && (side->flags & STREAM_STARTED) && !(segment.tcp_flags & TCP_SYN))
		segment.seq += STREAM_FAR * 2 + (op[4] & 1);
	else
		note(&segment);
	*more = usher__stream_segment(&f.s, &segment, &f.context);
	free(data);
	check();
	return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool more = true;
	size_t at = 8;
	unsigned i;

	if (!pool)
		pool = calloc(1, usher__chunk_pool_size(CHUNKS));
	CHECK(pool);
	if (size < at)
		return 0;
	for (i = 0; i < 2; i++) {
		memset(f.shadow[i].known, 0, sizeof(f.shadow[i].known));
		f.shadow[i].end = 0;
		f.shadow[i].base = ((uint32_t)data[5 + i] << 24) - data[7] * 64u;
	}
	memset(&f.counts, 0, sizeof(f.counts));
	f.context = (struct stream_context){ .pool = pool, .sink = &sink, .user = &f, .scratch = f.scratch, .counts = &f.counts };
	f.records = f.gaps = 0;
	f.framing = data[0] & 3;
	f.stop = data[4] < 200 ? UINT32_MAX : data[4] - 199u;
	usher__chunk_pool_init(pool, data[3] % (CHUNKS + 1));
	usher__stream_open(&f.s, data[1] < 128 ? data[1] : data[1] * 129u, data[2] & 1, 0);
	while (more && size - at >= 6) {
		size_t taken = operate(data + at, size - at - 6, &more);

		at += 6 + taken;
	}
	CHECK(more || (pool->used == 0 && f.s.record_max == 0));
	usher__stream_close(&f.s, pool);
	CHECK(pool->used == 0);
	return 0;
}
