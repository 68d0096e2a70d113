/*
 * inside: what the files of a stream share: stream.c (numbers: order, gaps, acknowledgements), early.c (bytes that came
 * early), records.c (contiguous bytes -> records), edits.c (edits, numbers in -> out -> in), leave.c (what leaves, as
 * which bytes), owed.c (acknowledgements of usher's own, what it owes then, time).
 *
 * Owns nothing. Every function that can reach the sink returns false when the sink said to read no more; its caller
 * then returns false at once, without a further look at the side.
 */
#ifndef USHER_STREAM_INSIDE_H
#define USHER_STREAM_INSIDE_H

#include "stream/stream.h"

#include "packet/packet.h"

/* As kept in chunks; texts follow each other in the same order in their own chain. Neither length is 0. */
struct stream_edit {
	uint32_t in_at;
	uint16_t in_len, out_len;
};

/* What one call has to do with one direction that is rewritten. */
struct stream_work {
	const struct stream_segment *segment; /* of this direction; NULL: none is at hand */
	struct stream_leave *leave;           /* with it: what becomes of it */
	uint32_t from, next, had; /* in_left, in_next, in_have when the call began */
	struct stream_part held; /* the incomplete record of then, and what came to it meanwhile */
	bool detached;           /* the record is over; its chunks are kept until the call ends */
	bool fixed;              /* no record can be edited or held now: the segment at hand leaves as it is */
	bool refused;            /* bytes of the segment could not be kept */
	bool news;               /* what the segment acknowledges is worth passing on without its bytes */
	uint8_t early_count;     /* parts that were early until now */
	uint8_t plan_count;
	uint16_t plan_len;       /* bytes of text */
	struct stream_part early[STREAM_EARLY_MAX];
	struct stream_edit plan[STREAM_EDITS]; /* of the record that is being read, sorted */
	uint16_t plan_text[STREAM_EDITS];      /* where its text is in scratch */
	struct stream_edit edit[STREAM_EDITS]; /* usher__stream_edits_load: those that are applied, */
	uint32_t shift;                        /* and out - in before them */
};

/* One direction during one call of the stream's functions. */
struct stream_run {
	const struct stream_context *context;
	struct stream *s;
	struct stream_side *side;  /* its sender's */
	struct stream_side *other; /* its receiver's */
	struct stream_work *work;  /* NULL: this direction is only read */
	uint32_t record_max;
	unsigned direction;
};

/* Parts of the context's scratch. */
static inline uint8_t *stream_scratch_early(const struct stream_run *r)
{
	return r->context->scratch + STREAM_RECORD_MAX;
}

static inline uint8_t *stream_scratch_plan(const struct stream_run *r)
{
	return r->context->scratch + STREAM_RECORD_MAX + STREAM_EARLY_BYTES;
}

static inline uint8_t *stream_scratch_leave(const struct stream_run *r)
{
	return r->context->scratch + STREAM_RECORD_MAX + STREAM_EARLY_BYTES + STREAM_TEXTS;
}

/* Is sequence number `a` before `b`, modulo 2^32? */
static inline bool stream_before(uint32_t a, uint32_t b)
{
	return (uint32_t)(a - b) >> 31;
}

static inline uint32_t stream_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The later of two sequence numbers. */
static inline uint32_t stream_later(uint32_t a, uint32_t b)
{
	return stream_before(a, b) ? b : a;
}

static inline void stream_set(struct stream_side *side, unsigned flag, bool on)
{
	side->flags = (uint16_t)(on ? side->flags | flag : side->flags & ~flag);
}

/* What R expects next, if it has all that left. */
static inline uint32_t stream_out_next(const struct stream_side *side)
{
	return side->in_left + side->shift + (side->flags & STREAM_FIN_LEFT ? 1 : 0);
}

/* Is something kept back in this direction? */
static inline bool stream_holds(const struct stream_side *side)
{
	return side->in_left != side->in_have || side->early_count ||
	       ((side->flags & (STREAM_FIN | STREAM_FIN_LEFT)) == STREAM_FIN);
}

/* records.c: `len` bytes that begin at in_have. */
bool usher__stream_feed(const struct stream_run *r, const uint8_t *data, uint32_t len);
/* The bytes from in_have to `to` are given up; in_next and in_have become `to`. */
bool usher__stream_lose(const struct stream_run *r, uint32_t to);
/* The incomplete record is over: its chunks go, at once or when the call ends. */
void usher__stream_retire(const struct stream_run *r);

/*
 * early.c: keep `len` bytes that begin at `seq`, after in_have. Returns how many of them are settled, stored now or
 * there before; fewer than `len`: the next one has no room.
 */
uint32_t usher__stream_early_store(const struct stream_run *r, uint32_t seq, const uint8_t *data, uint32_t len);
/* Feed the first part if it begins at in_have. */
bool usher__stream_early_join(const struct stream_run *r);
/* Count `len` bytes that came again, and those of them that differ from the chain's, from its byte `from` on. */
void usher__stream_again(const struct stream_run *r, uint32_t chunks, uint32_t from, const uint8_t *data, uint32_t len);

/* edits.c: fill work->edit; without edits it costs nothing. */
void usher__stream_edits_load(const struct stream_run *r);
/* S's number as R's: inside an edit its beginning, or (`up`) its end. Edits are loaded. */
uint32_t usher__stream_out(const struct stream_run *r, uint32_t in, bool up);
/* R's number as S's, likewise. */
uint32_t usher__stream_in(const struct stream_side *side, uint32_t out, bool up, const struct chunk_pool *pool);
/* The record that begins at `at` is done: its plan takes effect. */
void usher__stream_edits_apply(const struct stream_run *r);
/* R's acknowledgement has moved: edits that it passed are forgotten. */
void usher__stream_edits_forget(const struct stream_run *r);

/* leave.c: begin and end what a call does with a direction; in between, in_left is as it was. */
void usher__stream_work_begin(const struct stream_run *r, const struct stream_segment *segment);
/* Decide what is held from now on, and let the rest go: as segments, and with the packet at hand, if there is one. */
void usher__stream_work_end(const struct stream_run *r);
/* Emit out bytes [from, to), which are all here, in segments of the right size. */
void usher__stream_emit(const struct stream_run *r, uint32_t from, uint32_t to, uint8_t kind);
/* Emit a segment without data; its number, flags and kind are set. */
void usher__stream_emit_bare(const struct stream_run *r, struct stream_out *out);
/* The most payload of a segment made in this direction. */
uint32_t usher__stream_piece(const struct stream_run *r);

/* owed.c: R's acknowledgement and window, before what it acknowledges is looked at. */
void usher__stream_heed(const struct stream_run *r, const struct stream_segment *segment);
/* Acknowledge to S what is held, if that is allowed. */
void usher__stream_own(const struct stream_run *r);
/* Say to S (again) what is acknowledged. */
void usher__stream_ack(const struct stream_run *r);
/* Set the clock for what is owned, now that in_left has moved. */
void usher__stream_owe(const struct stream_run *r);
/* The window that S may tell R, as on the wire: R's right edge stays where it is. */
uint16_t usher__stream_window(const struct stream_run *r);
/* Owe nothing any more, hold nothing: the connection is reset, or nobody answers. */
void usher__stream_quiet(const struct stream_run *r);

#endif
