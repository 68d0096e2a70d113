/*
 * edits: segments, acknowledgements and time as the input says, through a stream that rewrites both directions.
 *
 * Input: 8 bytes of configuration (chunks, record_max, what edits put in, first numbers, when the helper stops), then
 * operations of 5 bytes: what and who, where (2, near what was sent or acknowledged), how long, a detail. Neither side
 * is honest: they acknowledge what they have not, overlap, close windows, reset. A direction's text is fixed, so that
 * a byte that leaves twice can be compared. Held to be true: the invariants of lib/stream/stream.h between calls; all
 * that leaves at one number is the same for ever, unless its sender contradicted himself; nothing held leaves; the
 * helper reads each byte once, in order; a window that usher tells moves no right edge that R told; the pool holds
 * just what can be reached; time makes progress.
 */
#include "packet/packet.h"
#include "stream/stream.h"

#include <usher/helper.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 16384u /* numbers of a direction that are used; its first byte is at MIDDLE */
#define MIDDLE 4096u
#define CHUNKS 64u
#define MS ((usher_time)1000000)

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

struct side {
	uint32_t base; /* number of byte 0 */
	uint32_t read; /* end of what was handed over */
	uint32_t edge; /* rightmost edge that R told, as S's number */
	bool edge_known;
	bool left[4 * WINDOW]; /* out bytes that left, and what they were */
	uint8_t out[4 * WINDOW];
};

static struct {
	struct stream s;
	struct stream_context context;
	struct stream_counts counts;
	struct stream_leave leave;
	struct side side[2];
	bool liar;        /* a side contradicted itself, or acknowledged what it cannot have */
	unsigned records, stop, grow;
	uint8_t scratch[STREAM_SCRATCH];
} f;

static struct chunk_pool *pool;

static uint8_t text_at(unsigned direction, uint32_t at)
{
	uint32_t x = (at + direction * 7777u) * 2654435761u >> 7;

	if (x % 11 == 0)
		return '\n';
	return (uint8_t)(x % 3 == 0 ? 'E' : x % 5 == 0 ? '*' : 'a' + x % 26);
}

static int32_t fuzz_frame(void *user, unsigned direction, const uint8_t *head, uint32_t have)
{
	const uint8_t *end = memchr(head, '\n', have);

	(void)user;
	CHECK(direction < 2 && have > 0 && have <= f.s.record_max);
	if (head[0] == 'z')
		return -(int32_t)(have > 3 ? 7 : 2);
	return end ? (int32_t)(end - head) + 1 : 0;
}

static bool fuzz_may_edit(void *user, unsigned direction, const uint8_t *head, uint32_t have)
{
	(void)user;
	CHECK(direction < 2 && have > 0 && have < f.s.record_max);
	return head[0] == 'E' && (have < 2 || head[1] != 'b');
}

static bool fuzz_record(void *user, struct stream_record *record)
{
	static const uint8_t put[] = "0123456789ABCDEFGHIJ";
	struct side *side = &f.side[record->direction];
	uint32_t from = f.s.side[record->direction].in_next - record->len - side->base, at, n;

	(void)user;
	CHECK(record->len > 0 && record->len <= f.s.record_max && record->fixed <= record->len && !f.s.mapping_only);
	CHECK(from >= side->read && from + record->len <= WINDOW);
	for (at = 0; at < record->len; at++)
		CHECK(f.liar || record->data[at] == text_at(record->direction, from + at));
	side->read = from + record->len;
	for (at = 0; at < record->len; at += n + 1) {
		for (n = 0; at + n < record->len && record->data[at + n] == '*'; n++)
			;
		if (n || record->data[at] == 'e') {
			int answer = usher__stream_edit(record, at, n, put, (at + f.grow) % 21);

			CHECK(answer == USHER_OK || at <= record->fixed || answer == USHER_FULL || answer == USHER_BAD_CALL ||
			      answer == USHER_REFUSED);
			CHECK(answer != USHER_OK || at >= record->fixed);
		}
	}
	if (from % 13 == 0)
		usher__stream_edit_none(record);
	return ++f.records != f.stop;
}

static bool fuzz_gap(void *user, unsigned direction, uint32_t len)
{
	(void)user;
	CHECK(direction < 2 && len > 0 && !f.s.mapping_only);
	return ++f.records != f.stop;
}

/* Bytes that R gets. `old`: R has acknowledged their number, they mean nothing. */
static void leaves(unsigned direction, uint32_t seq, const uint8_t *data, uint32_t len)
{
	const struct stream_side *s = &f.s.side[direction];
	struct side *side = &f.side[direction];
	uint32_t i;

	if (len == 1 && seq + 1 == s->out_una)
		return; /* a keep-alive's */
	for (i = 0; i < len; i++) {
		uint32_t at = seq + i - side->base + WINDOW;

		if (f.liar || at >= 4 * WINDOW)
			return;
		CHECK(!side->left[at] || side->out[at] == data[i]);
		side->left[at] = true;
		side->out[at] = data[i];
	}
}

static void fuzz_emit(void *user, const struct stream_out *out)
{
	const struct side *told = &f.side[!out->direction];

	(void)user;
	CHECK(out->direction < 2 && out->kind < STREAM_OUT_KINDS && out->len <= 2000);
	if (out->window && told->edge_known && !f.liar)
		CHECK((int32_t)(out->ack + out->window - told->edge) <= 0);
	leaves(out->direction, out->seq, out->data, out->len);
}

static const struct stream_sink sink = { fuzz_frame, fuzz_record, fuzz_gap, fuzz_may_edit, fuzz_emit };

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

static uint32_t check_edits(const struct stream_side *side, bool *seen)
{
	struct { uint32_t at; uint16_t in, out; } edit[STREAM_EDITS];
	uint32_t texts = 0, end = 0, i;

	CHECK(side->edits_count <= STREAM_EDITS && side->texts_len <= STREAM_TEXTS);
	usher__chunk_copy(pool, side->edits, 0, edit, side->edits_count * 8u);
	for (i = 0; i < side->edits_count; i++) {
		CHECK(edit[i].in && edit[i].out && (i == 0 || (int32_t)(edit[i].at - end) >= 0));
		end = edit[i].at + edit[i].in;
		texts += edit[i].out;
	}
	CHECK(texts == side->texts_len && (i == 0 || (int32_t)(side->in_next - end) >= 0));
	CHECK(!(side->flags & STREAM_SHIFTED) == !(side->shift || side->edits_count));
	return check_chain(side->edits, side->edits_count * 8u, seen) + check_chain(side->texts, side->texts_len, seen);
}

static uint32_t check_side(const struct stream_side *side, bool *seen)
{
	uint32_t held = side->in_have - side->in_next, end = side->in_have, bytes = 0, used, i;

	CHECK(held == 0 || (held < f.s.record_max && side->pass == 0 && !(side->flags & STREAM_SKIPPING)));
	CHECK((int32_t)(side->in_left - side->in_next) >= 0 && (int32_t)(side->in_have - side->in_left) >= 0);
	CHECK((side->in_left != side->in_have) == (side->release_at != 0));
	CHECK(!side->ack_at || side->release_at);
	CHECK(!side->again_at || side->flags & STREAM_OWNS);
	CHECK(!(side->flags & STREAM_OWNS) || side->again_at || (int32_t)(side->own_end - side->in_left) > 0);
	used = check_chain(side->partial, held, seen) + check_chain(side->owned, side->own_len, seen) + check_edits(side, seen);
	for (i = 0; i < side->early_count; i++) {
		CHECK(side->early[i].len > 0 && (int32_t)(side->early[i].seq - end) > 0);
		end = side->early[i].seq + side->early[i].len;
		bytes += side->early[i].len;
		used += check_chain(side->early[i].chunks, side->early[i].len, seen);
	}
	CHECK(i <= STREAM_EARLY_MAX && bytes == side->early_bytes && bytes <= STREAM_EARLY_BYTES);
	return used;
}

static void check(void)
{
	bool seen[CHUNKS + 1] = { false };

	CHECK(check_side(&f.s.side[0], seen) + check_side(&f.s.side[1], seen) == pool->used);
}

static void pass_time(usher_time time)
{
	usher_time until = f.context.now + time;
	unsigned budget = 2000;

	while (usher__stream_deadline(&f.s) <= until && budget--) {
		if (usher__stream_deadline(&f.s) > f.context.now)
			f.context.now = usher__stream_deadline(&f.s);
		if (!usher__stream_timer(&f.s, &f.context)) {
			CHECK(pool->used == 0 && f.s.record_max == 0);
			return;
		}
		CHECK(usher__stream_deadline(&f.s) > f.context.now);
		check();
	}
	CHECK(budget);
	f.context.now = until;
}

/* What of an operation is a segment. */
static void send(const uint8_t *op)
{
	static const uint8_t flags[8] = { TCP_ACK, TCP_ACK, TCP_ACK | TCP_PSH, TCP_ACK | TCP_URG, TCP_ACK | TCP_FIN, TCP_ACK,
					  TCP_ACK | TCP_RST, TCP_ACK | TCP_SYN };
	unsigned d = op[0] & 1, what = op[0] >> 5;
	const struct stream_side *own = &f.s.side[d], *other = &f.s.side[!d];
	struct stream_segment segment = { .direction = (uint8_t)d, .tcp_flags = flags[what],
					  .len = what == 1 || what == 7 ? 0 : op[3],
					  .window = (uint16_t)(op[4] & 2 ? op[4] : 8000), .room = 60 + op[3] % 100,
					  .urgent = op[4], .mss = 100, .has_ts = true };
	uint32_t at, i, ack = other->out_una;
	uint8_t *data;

	at = (op[0] & 2 ? own->in_have : own->in_acked) - f.side[d].base + op[1] - (op[0] & 4 ? 128u : 0);
	if (at >= WINDOW || at + 300 >= WINDOW)
		return;
	segment.piece = (uint16_t)segment.room;
	segment.seq = f.side[d].base + at;
	segment.ts_value = (uint32_t)(f.context.now / MS);
	segment.unsure = op[4] % 31 == 30;
	if (op[4] % 16 == 7)
		segment.gso_size = 50, segment.room = 2000;
	/* R acknowledges up to what left, or (a liar) anything. */
	ack += op[2] & 0x7f;
	if ((int32_t)(ack - (other->in_left + other->shift)) > 0 && op[2] < 0xf0)
		ack = other->in_left + other->shift;
	if ((int32_t)(ack - (other->in_left + other->shift)) > 0)
		f.liar = true;
	segment.ack = ack;
	segment.sack_count = op[2] & 1;
	segment.sack[0][0] = ack + (op[4] & 15);
	segment.sack[0][1] = segment.sack[0][0] + op[4] / 16;
	segment.have = op[0] & 8 && what == 5 ? segment.len / 2 : segment.len;
	data = malloc(segment.have ? segment.have : 1);
	CHECK(data);
	for (i = 0; i < segment.have; i++)
		data[i] = text_at(d, at + i);
	if (op[0] & 16 && segment.have && op[4] % 8 == 5) {
		data[op[3] / 2] ^= 1;
		f.liar = true;
	}
	segment.data = data;
	usher__stream_back(&f.s, &segment, pool);
	CHECK(segment.sack_count <= 1 && (!segment.sack_count || (int32_t)(segment.sack[0][1] - segment.sack[0][0]) > 0 ||
					  !(other->flags & STREAM_SHIFTED)));
	if (!segment.unsure && !(segment.tcp_flags & TCP_RST) &&
	    (!f.side[!d].edge_known || (int32_t)(segment.ack + segment.window - f.side[!d].edge) > 0)) {
		f.side[!d].edge = segment.ack + segment.window;
		f.side[!d].edge_known = true;
	}
	if (segment.tcp_flags & TCP_SYN && !(own->flags & STREAM_MOVED)) { /* it may begin again */
		memset(f.side[d].left, 0, sizeof(f.side[d].left));
		f.side[d].read = 0;
	}
	(void)usher__stream_segment(&f.s, &segment, &f.context);
	if (f.leave.verdict == STREAM_PASS && !(segment.tcp_flags & (TCP_SYN | TCP_RST)) && !segment.unsure &&
	    segment.have == segment.len) {
		if (f.leave.changed)
			leaves(d, f.leave.seq, f.leave.payload, f.leave.payload_len);
		else
			leaves(d, f.leave.seq, data, segment.len);
	}
	free(data);
}

static void operate(const uint8_t *op)
{
	switch (op[0] >> 3 & 3) {
	case 3:
		if (op[4] & 1) {
			pass_time((usher_time)op[3] * op[3] * MS / 4);
			break;
		}
		if (op[4] == 2)
			(void)usher__stream_too_big(&f.s, op[0] & 1, f.s.side[op[0] & 1].out_una + op[1], op[3], &f.context);
		else if (op[4] == 4)
			(void)usher__stream_stop(&f.s, &f.context);
		else
			send(op);
		break;
	default:
		send(op);
		break;
	}
	check();
}

static void shake_hands(void)
{
	struct stream_segment s[3] = {
		{ .tcp_flags = TCP_SYN, .mss = 100, .window = 8000, .has_ts = true },
		{ .tcp_flags = TCP_SYN | TCP_ACK, .direction = 1, .mss = 100, .window = 8000, .has_ts = true },
		{ .tcp_flags = TCP_ACK, .window = 8000, .has_ts = true },
	};

	for (unsigned i = 0; i < 3; i++) {
		unsigned d = s[i].direction;

		s[i].seq = f.side[d].base + MIDDLE - (i < 2);
		s[i].ack = i ? f.side[!d].base + MIDDLE : 0;
		usher__stream_back(&f.s, &s[i], pool);
		(void)usher__stream_segment(&f.s, &s[i], &f.context);
		if (i) {
			f.side[!d].edge = f.side[!d].base + MIDDLE + 8000;
			f.side[!d].edge_known = true;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 8;

	if (!pool)
		pool = calloc(1, usher__chunk_pool_size(CHUNKS));
	CHECK(pool);
	if (size < at)
		return 0;
	for (unsigned d = 0; d < 2; d++) {
		memset(f.side[d].left, 0, sizeof(f.side[d].left));
		f.side[d].read = 0;
		f.side[d].edge_known = false;
		f.side[d].base = ((uint32_t)data[3 + d] << 24) - data[5] * 64u;
	}
	memset(&f.counts, 0, sizeof(f.counts));
	f.context = (struct stream_context){ .pool = pool, .sink = &sink, .scratch = f.scratch, .counts = &f.counts,
					     .leave = &f.leave, .now = USHER_SECOND };
	f.records = 0;
	f.liar = false;
	f.stop = data[6] < 200 ? 0 : data[6] - 199u;
	f.grow = data[2];
	usher__chunk_pool_init(pool, data[0] % (CHUNKS + 1));
	usher__stream_open(&f.s, 20 + data[1], data[7] % 8 == 7, data[7] & 16 ? 1 : 3);
	if (!(data[7] & 8))
		shake_hands();
	check();
	for (; f.s.record_max && size - at >= 5; at += 5)
		operate(data + at);
	usher__stream_close(&f.s, pool);
	CHECK(pool->used == 0);
	return 0;
}
