/*
 * stream: TCP segments of a connection with a helper -> records, whole, in order, each once.
 *
 * Owns: the state of both directions of such a connection and the bytes that wait. Sender S, receiver R; *in* numbers
 * are S's, *out* numbers R's: they differ by what edits have shifted (none without NAT).
 * Invariants (doc/architecture.md, "A stream"): in_next <= in_have, all modulo 2^32; between them lies the incomplete
 * record, less than record_max bytes, copied into chunks; early parts are sorted, disjoint, not adjacent, begin after
 * in_have; at most STREAM_EARLY_MAX parts and STREAM_EARLY_BYTES a direction; the first copy of a byte is the one
 * that counts; while `pass` is not 0 or the stream is SKIPPING nothing is incomplete. Nothing is held: what passes
 * and when is not decided here as long as nothing may be edited.
 *
 * A gap (bytes missing before some that came early, or before a FIN) is final when R's acknowledgement has passed it,
 * when the limits for early parts or the pool's chunks are exhausted, or when the capture cut the segment. An
 * acknowledgement that runs ahead of all that came decides nothing: captures have it before the data. The record that
 * a gap interrupts is dropped, and so is one for which no chunk is left; both are told as a gap. A gap that lies
 * wholly in bytes passed over unread costs nothing and is only counted.
 *
 * The frame function is never shown more than record_max bytes, so that how the bytes were cut into segments makes no
 * difference to what it answers. Work for one segment is in proportion to its length and record_max, memory to
 * neither.
 * Sources: RFC 9293 3.4, 3.8.4 (keep-alive), 3.8.6.1 (zero window probes); RFC 7413 (data on a SYN); DESIGN 5.
 */
#ifndef USHER_STREAM_STREAM_H
#define USHER_STREAM_STREAM_H

#include "base/chunk.h"

#include <usher/types.h>

#define STREAM_EARLY_MAX 8u       /* parts that came early, each direction */
#define STREAM_EARLY_BYTES 16384u /* their bytes, each direction */
#define STREAM_RECORD_MAX 16384u  /* no helper may ask for longer records */
#define STREAM_FAR (1u << 30)     /* a number further away from in_have than this is not believed */
#define STREAM_SEGMENT_MAX (1u << 24) /* neither is a longer segment */
#define STREAM_SCRATCH (STREAM_RECORD_MAX + STREAM_EARLY_BYTES)

enum stream_side_flags {
	STREAM_STARTED = 1,    /* in_next and in_have mean something */
	STREAM_PICKED_UP = 2,  /* its beginning, or the connection's, was not seen */
	STREAM_HANDED = 4,     /* a record of this direction was handed over */
	STREAM_GAP = 8,        /* bytes were lost since the last record */
	STREAM_SKIPPING = 16,  /* inside a record that is too long: its head was handed over, its end not found yet */
	STREAM_FIN = 32,       /* fin is the number behind the last byte */
	STREAM_MOVED = 64      /* in_next has left the direction's first byte: no SYN begins it anew */
};

struct stream_part { /* bytes that came early */
	uint32_t seq, len;
	uint32_t chunks; /* first chunk */
};

struct stream_side {
	uint32_t in_next;  /* all before is decided: handed over, or passed over */
	uint32_t in_have;  /* end of the contiguous bytes; in between: the incomplete record */
	uint32_t in_acked; /* highest acknowledgement that S was given; never far from in_have */
	uint32_t out_next; /* in R's numbers: next to leave, acknowledged, edge of R's window */
	uint32_t out_una;
	uint32_t out_edge; /* NAT's; 0 here: no window is read */
	uint32_t partial;  /* chunks of the incomplete record */
	uint32_t edits;    /* edits not acknowledged yet (NAT): first chunk; 0: none */
	uint32_t owned;    /* bytes that usher acknowledged and owes (NAT): first chunk; 0: none */
	uint32_t pass;     /* so many bytes from in_next on pass unread: frame() < 0, or the rest of a cut record */
	uint32_t fin;
	uint16_t early_bytes;
	uint8_t early_count;
	uint8_t flags;
	struct stream_part early[STREAM_EARLY_MAX];
};

struct stream {
	struct stream_side side[2]; /* by direction of the sender */
	uint32_t record_max;        /* the helper's; 0: closed */
};

/* One segment, as the tracker let it pass. */
struct stream_segment {
	uint32_t seq, ack;
	uint8_t tcp_flags;      /* enum pkt_tcp_flags */
	uint8_t direction;      /* of its sender */
	uint32_t len;           /* bytes of payload its headers tell */
	uint32_t have;          /* of them here, at `data` */
	const uint8_t *data;
};

/* Where records go. All are called from stream_segment only, and may not call back into the stream. */
struct stream_sink {
	/* as struct usher_helper's frame: > 0 length, 0 cannot tell, < 0 pass so many unread; have <= record_max */
	int32_t (*frame)(void *user, unsigned direction, const uint8_t *head, uint32_t have);
	/* one record; flags: enum usher_record_flags. false: read no more of this connection, the stream is closed */
	bool (*record)(void *user, unsigned direction, const uint8_t *data, uint32_t len, uint8_t flags);
	/*
	 * `len` bytes of this direction, never 0, are missing; a record that was incomplete before them is dropped,
	 * its bytes not in `len`. Or no chunk was left to keep an incomplete record: `len` is what was there of it.
	 * false: as above
	 */
	bool (*gap)(void *user, unsigned direction, uint32_t len);
};

/* What may be counted of a segment. */
struct stream_counts {
	uint64_t records, cut;   /* handed over; of them, those too long */
	uint64_t gaps, gap_bytes;
	uint64_t early;          /* segments that came before others that precede them */
	uint64_t overlap_bytes;  /* bytes that came again */
	uint64_t conflicts;      /* of them, those that differ from the first copy, as far as that is still here */
	uint64_t no_memory;      /* times that the pool had no chunk left */
};

/* What a call works with besides the stream: a worker's, for all its streams; only `user` may be one's own. */
struct stream_context {
	struct chunk_pool *pool;
	const struct stream_sink *sink;
	void *user;       /* handed to the sink */
	uint8_t *scratch; /* STREAM_SCRATCH bytes, nothing of them kept between calls */
	struct stream_counts *counts;
};

/*
 * Begin; `s` may be any memory that owns no chunks. `record_max` is brought into 1..STREAM_RECORD_MAX. A direction
 * starts behind its SYN. Without one (`picked_up`, or the SYN was missed) it starts with its first segment that has
 * payload, whose first byte may lie within a record: all its records carry USHER_RECORD_PICKED_UP, the first also
 * USHER_RECORD_FIRST. A single byte without PSH may then be a keep-alive's garbage (RFC 9293 3.8.4): the direction
 * starts behind it. With `picked_up` the records stay so marked even if a SYN is seen afterwards.
 */
void usher__stream_open(struct stream *s, uint32_t record_max, bool picked_up);

/*
 * One more segment. Its acknowledgement is heeded before its payload, so that what a reply answers was handed over
 * before the reply. Records lie in the segment itself where they can, else in the context's scratch. A record that is
 * incomplete when the FIN is reached has no end and is not handed over. Returns false when the sink said to read no
 * more: the stream is closed then. A closed stream returns false.
 */
bool usher__stream_segment(struct stream *s, const struct stream_segment *segment,
			   const struct stream_context *context);

/* Give back all chunks. The stream may be opened again. */
void usher__stream_close(struct stream *s, struct chunk_pool *pool);

#endif
