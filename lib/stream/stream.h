/*
 * stream: TCP segments of a connection with a helper -> records, whole, in order, each once; and, where NAT is in force,
 * records with edits -> TCP segments again.
 *
 * Owns: the state of both directions of such a connection, the bytes that wait, the edits, the bytes that are owed.
 * Sender S, receiver R; *in* numbers are S's, *out* numbers R's: they differ by what edits have shifted.
 * A direction is opened to be read, or to be rewritten as well (`rewrites`).
 *
 * Invariants of reading: in_next <= in_left <= in_have, all modulo 2^32; between in_next and in_have lies the
 * incomplete record, less than record_max bytes, copied into chunks; early parts are sorted, disjoint, not adjacent,
 * begin after in_have; at most STREAM_EARLY_MAX parts and STREAM_EARLY_BYTES a direction; the first copy of a byte is
 * the one that counts; while `pass` is not 0 or the stream is SKIPPING nothing is incomplete. Where nothing may be
 * rewritten nothing is held: what passes and when is not decided here, and in_left is in_have.
 *
 * Invariants of rewriting (DESIGN 5): all before in_left has left, nothing at or behind it has; in_left < in_have only
 * while a record is held that the helper may want to edit (may_edit), after a handshake seen both ways, at most
 * STREAM_HOLD. Edits are sorted, disjoint, all before in_next, and kept until R has acknowledged them; behind them
 * out = in + shift. The same in-bytes leave as the same out-bytes for ever. What usher acknowledged to S and R has not
 * (up to own_end) is owned: kept in chunks, sent again until R has it. What is not owned may be dropped at any time, S
 * will send it again: that is what limits and lack of memory come down to.
 *
 * A gap (bytes missing before some that came early, or before a FIN) is final when R's acknowledgement has passed it,
 * when the capture cut the segment, or, reading only, when the limits for early parts or the pool's chunks are
 * exhausted. An acknowledgement that runs ahead of all that came decides nothing: captures have it before the data.
 * The record that a gap interrupts is dropped, and so is one for which no chunk is left; both are told as a gap. A gap
 * that lies wholly in bytes passed over unread costs nothing and is only counted. Bytes that R has and usher has not
 * seen are taken to have left as they were.
 *
 * The frame function is never shown more than record_max bytes, so that how the bytes were cut into segments makes no
 * difference to what it answers. Work for one segment is in proportion to its length and record_max, memory to
 * neither.
 * Sources: RFC 9293 3.4, 3.8.4 (keep-alive), 3.8.6.1 (zero window probes); RFC 7413 (data on a SYN); RFC 2018, 2883
 * (SACK, DSACK); RFC 5961 3.2 (RST); RFC 6298 (retransmission); RFC 7323 (scale, timestamps); DESIGN 5.
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
#define STREAM_EDITS 64u          /* edits that R has not acknowledged, each direction */
#define STREAM_TEXTS 8192u        /* bytes of their texts */
#define STREAM_LEAVE_BYTES 65536u /* the longest payload that leaves */
#define STREAM_SCRATCH (STREAM_RECORD_MAX + STREAM_EARLY_BYTES + STREAM_TEXTS + STREAM_LEAVE_BYTES)

#define STREAM_HOLD (5 * USHER_SECOND)              /* a record is held no longer */
#define STREAM_ACK_DELAY (USHER_SECOND / 25)        /* held bytes are acknowledged after this, if R's side is quiet */
#define STREAM_RTO_FIRST USHER_SECOND               /* RFC 6298 2.1 */
#define STREAM_RTO_MIN (USHER_SECOND / 5)
#define STREAM_RTO_MAX (60 * USHER_SECOND)
#define STREAM_TRIES 5u                             /* owned bytes are sent again so often, then both sides are reset */
#define STREAM_REPEATS 3u                           /* so many of R's acknowledgements: it lacks bytes (RFC 5681 3.2) */
#define STREAM_NEVER UINT64_MAX

enum stream_side_flags {
	STREAM_STARTED = 1,    /* in_next and in_have mean something */
	STREAM_PICKED_UP = 2,  /* its beginning, or the connection's, was not seen */
	STREAM_HANDED = 4,     /* a record of this direction was handed over */
	STREAM_GAP = 8,        /* bytes were lost since the last record */
	STREAM_SKIPPING = 16,  /* inside a record that is too long: its head was handed over, its end not found yet */
	STREAM_FIN = 32,       /* fin is the number behind the last byte */
	STREAM_MOVED = 64,     /* in_next has left the direction's first byte: no SYN begins it anew */
	STREAM_REWRITES = 128, /* its records may be edited */
	STREAM_SHIFTED = 256,  /* in and out numbers differ, or an edit is not acknowledged yet */
	STREAM_LET_GO = 512,   /* the incomplete record has begun to leave unedited: it is not held (again) */
	STREAM_OWNS = 1024,    /* bytes before own_end are owned, and R has not acknowledged all of them */
	STREAM_TIMING = 2048,  /* a round trip is being measured */
	STREAM_URGENT = 4096,  /* R has not acknowledged `urgent` yet */
	STREAM_FIN_LEFT = 8192,
	STREAM_STAMPED = 16384,
	STREAM_HEARD = 32768
};

struct stream_part { /* bytes that came early */
	uint32_t seq, len;
	uint32_t chunks; /* first chunk */
};

struct stream_side {
	uint32_t in_next;  /* all before is decided: handed over, or passed over */
	uint32_t in_have;  /* end of the contiguous bytes; in between: the incomplete record */
	uint32_t in_left;  /* all before has left; beyond: held */
	uint32_t in_acked; /* highest acknowledgement that S was given, by R or by usher; never far from in_have */
	uint32_t out_una;  /* in R's numbers: highest acknowledgement of R's, and the right edge of R's window */
	uint32_t out_edge;
	uint32_t out_exact; /* end of the last edit that was forgotten; in between no number is known exactly */
	uint32_t shift;    /* out - in, behind all edits */
	uint32_t partial;  /* chunks of the incomplete record */
	uint32_t edits;    /* edits not acknowledged yet: first chunk; 0: none */
	uint32_t texts;    /* what they put in: first chunk */
	uint32_t owned;    /* owned bytes that are no longer in `partial`: first chunk, its first byte's number, length */
	uint32_t own_at, own_len;
	uint32_t own_end;  /* OWNS: usher acknowledged all before */
	uint32_t pass;     /* so many bytes from in_next on pass unread: frame() < 0, or the rest of a cut record */
	uint32_t fin;
	uint32_t urgent;   /* URGENT: the urgent pointer, as an in number */
	uint32_t ts_value; /* STAMPED: newest time stamp that left */
	uint32_t ts_heard; /* HEARD: newest time stamp that came */
	uint32_t timed;    /* TIMING: when R acknowledges this out number the round trip is over */
	uint32_t srtt_us, rttvar_us; /* srtt_us 0: not measured yet */
	usher_time timed_at; /* TIMING: since when */
	usher_time ack_at, release_at, again_at; /* acknowledge what is held, let it go, send again; 0: no such time */
	uint16_t texts_len, early_bytes;
	uint16_t flags;
	uint16_t mss;      /* S's, from its SYN: what R may send; 0: not known */
	uint16_t piece;    /* most payload of a segment made in this direction: as S's last segment said, and as a router did */
	uint16_t piece_max; /* (0: none said) */
	uint8_t edits_count;
	uint8_t early_count;
	uint8_t scale;     /* of the windows that S tells */
	uint8_t tries;     /* how often owned bytes were sent again without an answer */
	uint8_t repeats;   /* how often R has acknowledged the same since */
	struct stream_part early[STREAM_EARLY_MAX];
};

struct stream {
	struct stream_side side[2]; /* by direction of the sender */
	uint32_t record_max;        /* the helper's; 0: closed */
	bool mapping_only;          /* nothing is read any more; numbers are mapped, and what is owned is sent */
};

/*
 * One segment, as the tracker let it pass. For reading alone, seq to data are all that is looked at. `ack` is as on the
 * wire until usher__stream_back has mapped it; all else that is not said to be optional is needed for rewriting.
 */
struct stream_segment {
	uint32_t seq, ack;
	uint8_t tcp_flags;      /* enum pkt_tcp_flags */
	uint8_t direction;      /* of its sender */
	uint32_t len;           /* bytes of payload its headers tell */
	uint32_t have;          /* of them here, at `data` */
	const uint8_t *data;
	uint32_t ack_out;       /* usher__stream_back: the acknowledgement as on the wire */
	uint32_t sack[4][2];    /* its SACK blocks, mapped back likewise; the count may shrink */
	uint8_t sack_count;
	uint8_t scale[2];       /* of both directions' windows, as far as the handshake has made them (a SYN's has none) */
	uint16_t window;        /* as on the wire */
	uint16_t urgent;        /* as on the wire */
	uint16_t mss;           /* a SYN's option; 0: none */
	bool has_ts;            /* it has the time stamps option */
	bool unsure;            /* its checksum is wrong or was not judged: nobody must read it */
	uint32_t ts_value;
	uint32_t room;          /* most payload that this packet can carry: to the MTU; GSO: 64 KiB less headers */
	uint16_t gso_size;      /* 0: it is one segment on the wire */
	uint16_t piece;         /* most payload of a packet made by usher in this direction, to the MTU, with time stamps */
};

enum stream_verdict {
	STREAM_PASS,   /* it leaves, as `leave` says */
	STREAM_TAKEN,  /* its bytes are kept; it does not leave */
	STREAM_DROP    /* R has all of it already (`again`), or it cannot be kept: S will send it again */
};

/* What becomes of the packet that was given. All segments emitted during the call leave before it. */
struct stream_leave {
	uint8_t verdict;        /* enum stream_verdict */
	uint8_t tcp_flags;      /* PASS: its flags, sequence number and urgent pointer; its ack is the one mapped back */
	bool changed;           /* its payload becomes `payload`; else it stays */
	bool again;             /* DROP: for bytes that R has acknowledged */
	uint16_t urgent;
	uint32_t seq;
	uint32_t payload_len;
	const uint8_t *payload; /* good until the next call */
};

enum stream_out_kind {
	STREAM_OUT_DATA,  /* held or early bytes released, or the first part of what outgrew its packet */
	STREAM_OUT_ACK,   /* an acknowledgement of usher's own */
	STREAM_OUT_AGAIN, /* owned bytes sent again */
	STREAM_OUT_PROBE, /* R's window is closed, and owned bytes wait: does it live? */
	STREAM_OUT_RESET,
	STREAM_OUT_KINDS
};

/* A segment that goes out besides, from the sender of `direction` as its receiver sees him. */
struct stream_out {
	uint8_t kind;           /* enum stream_out_kind */
	uint8_t direction;
	uint8_t tcp_flags;
	bool has_ts;
	uint16_t window;        /* as on the wire */
	uint16_t urgent;
	uint32_t seq, ack;
	uint32_t ts_value, ts_echo;
	uint32_t len;
	const uint8_t *data;    /* good during the call of emit only */
};

/* One whole record. */
struct stream_record {
	const uint8_t *data;
	uint32_t len;
	uint32_t fixed;         /* so many leading bytes have left already; all of them: nothing can be edited */
	uint8_t direction;
	uint8_t flags;          /* enum usher_record_flags */
	const struct stream_run *run; /* the stream's */
};

/* Where records go, and segments. All are called from within a stream's functions, and may not call back but as said. */
struct stream_sink {
	/* as struct usher_helper's frame: > 0 length, 0 cannot tell, < 0 pass so many unread; have <= record_max */
	int32_t (*frame)(void *user, unsigned direction, const uint8_t *head, uint32_t have);
	/*
	 * One record; may call usher__stream_edit and usher__stream_edit_none for it: the edits that stand when it
	 * returns take effect together. false: read no more of this connection.
	 */
	bool (*record)(void *user, struct stream_record *record);
	/*
	 * `len` bytes of this direction, never 0, are missing; a record that was incomplete before them is dropped,
	 * its bytes not in `len`. Or no chunk was left to keep an incomplete record: `len` is what was there of it.
	 * false: as above
	 */
	bool (*gap)(void *user, unsigned direction, uint32_t len);
	/* Might the record that begins so be edited, or is that not told yet? As struct usher_helper's. For rewriting. */
	bool (*may_edit)(void *user, unsigned direction, const uint8_t *head, uint32_t have);
	/* This leaves now, in the order of the calls; before the packet that was given. For rewriting. */
	void (*emit)(void *user, const struct stream_out *out);
};

/* What may be counted of a segment. */
struct stream_counts {
	uint64_t records, cut;   /* handed over; of them, those too long */
	uint64_t gaps, gap_bytes;
	uint64_t early;          /* segments that came before others that precede them */
	uint64_t overlap_bytes;  /* bytes that came again */
	uint64_t conflicts;      /* of them, those that differ from the first copy, as far as that is still here */
	uint64_t no_memory;      /* times that the pool had no chunk left */
	uint64_t held;           /* records held, or their beginning */
	uint64_t held_too_long;  /* of them, those let go unedited after STREAM_HOLD */
	uint64_t edits;          /* edits applied */
	uint64_t edits_refused;  /* edits for which there was no room */
	uint64_t own_acks;       /* acknowledgements of usher's own for bytes that R had not */
	uint64_t sent_again;     /* owned bytes sent again */
	uint64_t given_up;       /* connections reset because R did not take what was owned */
	uint64_t dropped;        /* segments that could not be kept */
	uint64_t cut_in_two;     /* segments that outgrew the MTU or R's MSS */
};

/* What a call works with besides the stream: a worker's, for all its streams; only `user` may be one's own. */
struct stream_context {
	struct chunk_pool *pool;
	const struct stream_sink *sink;
	void *user;       /* handed to the sink */
	uint8_t *scratch; /* STREAM_SCRATCH bytes, nothing of them kept between calls but leave's payload */
	struct stream_counts *counts;
	usher_time now;             /* for rewriting; never goes back, never 0 */
	struct stream_leave *leave; /* for rewriting: filled by usher__stream_segment; NULL: nobody wants to know */
};

/*
 * Begin; `s` may be any memory that owns no chunks. `record_max` is brought into 1..STREAM_RECORD_MAX. A direction
 * starts behind its SYN. Without one (`picked_up`, or the SYN was missed) it starts with its first segment that has
 * payload, whose first byte may lie within a record: all its records carry USHER_RECORD_PICKED_UP, the first also
 * USHER_RECORD_FIRST. A single byte without PSH may then be a keep-alive's garbage (RFC 9293 3.8.4): the direction
 * starts behind it. With `picked_up` the records stay so marked even if a SYN is seen afterwards. `rewrites`: bit
 * 1 << direction for each direction whose records may be edited.
 */
void usher__stream_open(struct stream *s, uint32_t record_max, bool picked_up, unsigned rewrites);

/*
 * Before the tracker judges a segment: its acknowledgement and SACK blocks as its receiver knows the numbers. Right
 * edges and acknowledgements inside an edit round down to its beginning, left edges up to its end, empty blocks vanish
 * (DSACK blocks are mapped as any; what of them is older than the last edit that R has acknowledged is cut off).
 * `ack_out` is set always.
 */
void usher__stream_back_edits(const struct stream *s, struct stream_segment *segment, const struct chunk_pool *pool);
static inline void usher__stream_back(const struct stream *s, struct stream_segment *segment, const struct chunk_pool *pool)
{
	segment->ack_out = segment->ack;
	if (s->side[!segment->direction].flags & STREAM_SHIFTED)
		usher__stream_back_edits(s, segment, pool);
}
/*
 * Instead of usher__stream_back where a capture was taken on S's side of what it is to show: the acknowledgement is S's
 * already; `ack_out` becomes what R would have said.
 */
void usher__stream_forth(const struct stream *s, struct stream_segment *segment, const struct chunk_pool *pool);
/* The sender's number for one of `direction` that its receiver's network quotes (ICMP errors). */
uint32_t usher__stream_back_seq(const struct stream *s, unsigned direction, uint32_t seq, const struct chunk_pool *pool);

/*
 * One more segment. Its acknowledgement is heeded before its payload, so that what a reply answers was handed over
 * before the reply. Records lie in the segment itself where they can, else in the context's scratch. A record that is
 * incomplete when the FIN is reached has no end and is not handed over. Returns false when the sink said to read no
 * more: the stream is then closed, or, if its numbers are shifted or it owns bytes, goes on without reading: as long as
 * usher__stream_needed says so all functions are to be called as before. A closed stream returns false and lets pass.
 */
bool usher__stream_segment(struct stream *s, const struct stream_segment *segment,
			   const struct stream_context *context);

/*
 * Within the sink's `record` only: bytes [at, at + len) of it are to become `text`. Answers as enum usher_answer: OK;
 * REFUSED: they have left already, or this direction is not rewritten; FULL: too many edits, too much text, no memory;
 * BAD_CALL: not inside the record, or overlaps another edit. Nothing to replace, or nothing to put in its place (an
 * insertion, a deletion) takes a neighbouring byte along; a whole record cannot be deleted. Edits may come in any
 * order. They wait until `record` returns, and cannot fail then.
 */
int usher__stream_edit(struct stream_record *record, uint32_t at, uint32_t len, const void *text, uint32_t text_len);
/* Forget this record's edits. */
void usher__stream_edit_none(struct stream_record *record);

/* When usher__stream_timer has something to do; STREAM_NEVER: nothing. Changes with each call of these functions. */
usher_time usher__stream_deadline(const struct stream *s);
/* Do what is due at context->now. false: R did not take what is owned: both sides are reset, the stream is closed. */
bool usher__stream_timer(struct stream *s, const struct stream_context *context);

/* Read no more, for a reason of the caller's. What is held leaves. Returns usher__stream_needed. */
bool usher__stream_stop(struct stream *s, const struct stream_context *context);
/* Is there something left to do for it, be it only numbers to be mapped? */
bool usher__stream_needed(const struct stream *s);

/*
 * A router says that a packet of `direction` with this number (R's) was too big: `piece` bytes of payload are the most
 * that gets through. true: it was a segment of ours that S knows nothing of: it is sent again, in smaller pieces, when
 * the deadline comes (at once), and the message ends here. false: it is S's to know; what grows here is cut smaller.
 */
bool usher__stream_too_big(struct stream *s, unsigned direction, uint32_t seq, uint32_t piece,
			   const struct stream_context *context);

/* Give back all chunks. The stream may be opened again. */
void usher__stream_close(struct stream *s, struct chunk_pool *pool);

#endif
