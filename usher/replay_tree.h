/*
 * usher replay's tree: each control connection, its session and calls, what it announced, and the connections that used it.
 *
 * Owns: records on the heap of what the events told, as events may be forgotten by the tracker at once. Invariants:
 * only control connections and their children are remembered one by one, everything else as sums by protocol (and, with
 * --all, one line each); all numbers are bounded by the limits below, and what is beyond is counted, so that no capture
 * can use up the memory.
 */
#ifndef USHER_PROGRAM_REPLAY_TREE_H
#define USHER_PROGRAM_REPLAY_TREE_H

#include "usher/replay.h"
#include "usher/words.h"

#define TREE_CONNS_MAX         200000u  /* control connections and children remembered */
#define TREE_ANNOUNCEMENTS_MAX 500000u
#define TREE_LINES_MAX         1000000u /* of --all */
#define TREE_NOTES_MAX         16u      /* kinds of notes for each connection */
#define TREE_ABOUT_SIZE        160u
#define TREE_MESSAGES_MAX      200000u  /* of --all */
#define TREE_TEXT_SIZE         400u     /* what a message said */
#define TREE_STEP_SIZE         512u     /* the same as a line */
#define TREE_REASON_SIZE       40u
#define TREE_CALLS_MAX         100000u
#define TREE_STEPS_MAX         500000u
#define TREE_STEPS_OF_ONE      24u      /* of a session or a call: different ones */
#define TREE_CALLS_OPEN        128u     /* calls of one connection at a time */

struct tree_conn;
struct tree_call;
struct tree_message; /* what is known of a sort of messages: tree_calls.c */

/* What a helper read in one record. Strings live as long as the tree. */
struct tree_announcement {
	struct tree_announcement *next; /* of the same connection */
	struct replay_place place;
	struct usher_announcement said;
	bool refreshed;
	uint64_t expect;                /* id of its expectation; 0: none was made */
	uint32_t timeout_s;
	const char *gone;               /* why the expectation went; NULL: it has not yet */
	usher_time gone_time;
	uint64_t again;                 /* frame of the announcement that said the same again; 0: none */
	struct tree_conn *children, **children_end;
	const struct tree_call *call;   /* a call's: it is told there; NULL: by itself */
};

/* What a message of a session or a call said, and how often it was said again. */
struct tree_step {
	struct tree_step *next;         /* of the same session or call */
	struct replay_place first, last;
	uint64_t count;
	const struct tree_message *message;
	const char *remark;             /* what its helper had to say against it, a code; NULL: nothing */
	char *text;                     /* its fields, escaped */
	uint8_t side;                   /* who sent it: enum usher_side */
	bool failed;                    /* its result was another one than success */
	bool bad;                       /* it changed nothing */
};

struct tree_steps {
	struct tree_step *first, **end;
	uint32_t count;
	uint64_t more;                  /* for which there was no room */
};

enum tree_call_state {
	TREE_CALL_SAME = 0, TREE_CALL_ASKED, TREE_CALL_ANSWERED, TREE_CALL_CONNECTED, TREE_CALL_FAILED, TREE_CALL_ENDED
};

/* A call of a control connection, as its messages tell it. Arrays are by enum usher_side. */
struct tree_call {
	struct tree_call *next;         /* of the same connection, as they began */
	struct tree_call *older;        /* of those that have not ended, the one before */
	struct replay_place begin, connected, over;
	const char *kind;
	uint32_t ids[2];
	bool known[2];
	bool was_answered, was_connected, clearing;   /* clearing: somebody asked for its end */
	uint8_t state;                  /* enum tree_call_state */
	const char *how;                /* it failed or ended, in words; NULL: it did not */
	char reason[TREE_REASON_SIZE];  /* the result that was given; "": none */
	struct tree_steps steps;
	struct tree_announcement *announcement; /* NULL: none */
};

/* All notes of one code that a connection got. */
struct tree_note {
	const char *code, *sentence;
	struct replay_place first, last;
	uint64_t count;
	char about[TREE_ABOUT_SIZE];    /* of the first, escaped, in quotes if it is a stranger's words; "": nothing */
};

struct tree_conn {
	struct usher_conn conn;         /* as last told; strings live as long as the tree */
	struct replay_place begin;
	const char *reason;             /* why it ended; NULL: it has not */
	struct tree_conn *next;         /* the next control connection; a child: the next of the same announcement */
	bool child;                     /* a master let it in: it stands below, not among the control connections */
	struct tree_announcement *announcements, **announcements_end;
	uint64_t announced, refused;    /* how many, those not remembered included */
	struct tree_note *notes;
	uint32_t note_count;
	uint64_t notes_more;            /* of further codes */
	const struct tree_announcement *by; /* a child: what let it in */
	struct tree_steps steps;        /* of its session, and what belongs to no call */
	struct tree_call *calls, **calls_end, *open; /* open: the newest of those that have not ended */
	uint64_t call_count, called, called_refused; /* called: announcements that belong to a call */
	struct tree_text *messages, **messages_end; /* --all: each one */
};

/* --all: a message by itself. */
struct tree_text {
	struct tree_text *next;
	struct replay_place place;
	char *text;
};

/* The message at work: what its helper remarks on it comes behind it. */
struct tree_pending {
	struct tree_conn *conn;         /* NULL: none */
	struct replay_place place;
	const struct tree_message *message;
	const char *remark;
	uint32_t call_id, peer_call_id;
	bool has_call_id, has_peer_call_id, failed, bad;
	uint8_t side;
	char reason[TREE_REASON_SIZE];  /* its result in words, if it is worth one */
	char text[TREE_TEXT_SIZE];
};

/* A connection in the list of --all. */
struct tree_line {
	struct replay_place begin;
	struct usher_tuple orig;
	const char *state, *reason;     /* reason NULL: it has not ended */
	uint64_t packets[2], bytes[2];
	usher_time last;
	uint8_t flags;                  /* enum usher_conn_flags */
};

struct tree_sum { /* of the connections of one protocol that are not in the tree */
	uint64_t connections, packets, bytes, unanswered, picked_up;
};

struct tree_map; /* id -> record */

struct replay_tree {
	struct replay *replay;
	struct tree_conn *controls, **controls_end;
	uint64_t control_count, children_count;
	uint64_t used;                     /* announcements that a connection came of */
	uint64_t conns_more, announcements, announcements_more; /* more: not remembered */
	struct tree_map *conns, *expects, *line_of;
	struct tree_announcement *latest;  /* accepted, its expectation not told yet */
	uint64_t latest_conn;
	struct tree_pending pending;
	uint64_t calls, calls_connected, calls_failed, calls_more, steps, messages, messages_more;
	struct tree_sum others[256];       /* by protocol */
	struct tree_line *lines;
	uint32_t line_count, line_room;
	uint64_t lines_more;
	const char **words;                /* strings of events, kept once */
	uint32_t word_count;
};

struct replay_tree *replay_tree_new(struct replay *replay);
void replay_tree_free(struct replay_tree *tree);
void replay_tree_event(struct replay_tree *tree, const struct usher_event *event);

/* The string, kept for as long as the tree: an event's are good during the call only. */
const char *tree_word(struct replay_tree *tree, const char *text);
/*
 * The record of the event's connection; made when a helper has something to say about one that was not thought worth
 * it. NULL: no more room.
 */
struct tree_conn *tree_conn_of(struct replay_tree *tree, const struct usher_event *event);

/* Write the tree and the summary on the replay's output. */
void replay_tree_print(struct replay_tree *tree);

/* How the connection stood in the end, in words: "closed", "never answered"; "": nothing worth a word. */
const char *tree_ending(const char *state, const char *reason, uint8_t flags);
const char *tree_conn_ending(const struct tree_conn *conn);
/* "332 B", of GRE "332 B (7 packets, 2 lost, 1 late)": lost and late tells it that has sequence numbers. */
const char *tree_bytes(const struct usher_conn *conn, uint8_t direction, char out[WORDS_SIZE * 3]);
/* "10.0.0.2 call 1 <-> 198.51.100.2 call 2": both ends of a call, as far as they are known. */
const char *tree_call_ends(const struct tree_conn *conn, const struct tree_call *call, char out[WORDS_ENDS_SIZE]);
/* What came of an accepted announcement that nobody used, in words. */
const char *tree_nothing_came(const struct tree_announcement *announcement, char *out, size_t size);

#endif
