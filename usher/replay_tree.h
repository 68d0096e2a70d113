/*
 * usher replay's tree: each control connection, what it announced, and the connections that used it.
 *
 * Owns: records on the heap of what the events told, as events may be forgotten by the tracker at once. Invariants:
 * only control connections and their children are remembered one by one, everything else as sums by protocol (and, with
 * --all, one line each); all numbers are bounded by the limits below, and what is beyond is counted, so that no capture
 * can use up the memory.
 */
#ifndef USHER_PROGRAM_REPLAY_TREE_H
#define USHER_PROGRAM_REPLAY_TREE_H

#include "usher/replay.h"

#define TREE_CONNS_MAX         200000u  /* control connections and children remembered */
#define TREE_ANNOUNCEMENTS_MAX 500000u
#define TREE_LINES_MAX         1000000u /* of --all */
#define TREE_NOTES_MAX         16u      /* kinds of notes for each connection */
#define TREE_REFUSALS_MAX      32u      /* reasons for refusing that are told apart */
#define TREE_ABOUT_SIZE        80u

struct tree_conn;

/* What a helper read in one record. Strings live as long as the tree. */
struct tree_announcement {
	struct tree_announcement *next; /* of the same connection */
	struct replay_place place;
	const char *kind, *code, *text; /* code, text: refused, why */
	struct usher_endpoint listener, peer;
	uint8_t protocol;
	bool accepted, certain, refreshed;
	uint64_t expect;                /* id of its expectation; 0: none was made */
	uint32_t timeout_s;
	const char *gone;               /* why the expectation went; NULL: it has not yet */
	usher_time gone_time;
	uint64_t again;                 /* frame of the announcement that said the same again; 0: none */
	struct tree_conn *children, **children_end;
};

/* All notes of one code that a connection got. */
struct tree_note {
	const char *code, *sentence;
	struct replay_place first, last;
	uint64_t count;
	char about[TREE_ABOUT_SIZE];    /* of the first, escaped; "": nothing */
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

struct tree_refusal { /* announcements refused for one reason */
	const char *code;
	uint64_t count;
};

struct tree_map; /* id -> record */

struct replay_tree {
	struct replay *replay;
	struct tree_conn *controls, **controls_end;
	uint64_t control_count, children_count;
	uint64_t used;                     /* announcements that a connection came of */
	struct tree_refusal refusals[TREE_REFUSALS_MAX];
	uint32_t refusal_count;
	uint64_t conns_more, announcements, announcements_more; /* more: not remembered */
	struct tree_map *conns, *expects, *line_of;
	struct tree_announcement *latest;  /* accepted, its expectation not told yet */
	uint64_t latest_conn;
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

/* Write the tree and the summary on the replay's output. */
void replay_tree_print(struct replay_tree *tree);

/* How the connection stood in the end, in words: "closed", "never answered"; "": nothing worth a word. */
const char *tree_ending(const char *state, const char *reason, uint8_t flags);
/* What came of an accepted announcement that nobody used, in words. */
const char *tree_nothing_came(const struct tree_announcement *announcement, char *out, size_t size);

#endif
