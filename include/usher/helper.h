/*
 * <usher/helper.h> - the contract between usher and a helper: the code for one control protocol.
 *
 * Bytes in, announcements and edits out. A helper is handed records (one FTP line, one PPTP control message, one datagram),
 * whole, in order, each once; it never sees a packet, a connection or a NAT rule, keeps its state in plain bytes that usher
 * owns, allocates nothing and calls nothing but `struct usher_help_ops`. The built-in helpers (lib/helper) use this header and
 * no other; one of your own is handed over in `struct usher_options`.
 *
 * Laws. What map, expect, withdraw, edit and done do for one record takes effect together when `record` returns 0, else nothing
 * of it does. Class and tag are the identity of what was announced: saying it again changes nothing but its time-out. A refusal
 * never costs the packet: the record passes as its sender wrote it. The state's bytes may come from a saved file: `check` sees
 * them first.
 */
#ifndef USHER_HELPER_H
#define USHER_HELPER_H

#include <usher/types.h>
#include <usher/cursor.h>

#define USHER_HELPER_ABI 1u

struct usher_help; /* usher's side of one connection's helper; opaque */

/* Sides of a control connection, as a helper sees them: who opened it, and the other. */
enum usher_side {
	USHER_CLIENT = 0,
	USHER_SERVER = 1,
	USHER_BOTH = 2 /* expectations with both tuples known: whoever speaks first (GRE) */
};

enum usher_record_flags {
	USHER_RECORD_FIRST = 1,     /* the first of its direction */
	USHER_RECORD_AFTER_GAP = 2, /* bytes were lost before it: it may begin anywhere */
	USHER_RECORD_PICKED_UP = 4, /* the connection's beginning was not seen; with FIRST: the record may begin anywhere */
	USHER_RECORD_CUT = 8        /* too long: this is its head, `record_max` bytes; the rest is passed over unread */
};

struct usher_record {
	const uint8_t *data; /* one whole record as its sender wrote it, its end (LF) included; valid during the call */
	uint32_t len;
	uint32_t fixed; /* leading bytes that have left already: no edits there */
	uint8_t dir;    /* USHER_CLIENT: the client wrote it */
	uint8_t flags;  /* enum usher_record_flags */
	struct usher_endpoint from, to; /* its sender and receiver, in the sender's view */
};

/*
 * A tag for an announcement whose identity is what it says: said again it is the same, said otherwise another one. FNV-1a, 32 bits:
 * who makes two announcements of his own collide gains one of them.
 */
static inline uint32_t usher_tag(uint8_t side, const struct usher_endpoint *at)
{
	uint32_t tag = 2166136261u, i;

	for (i = 0; i < 16; i++)
		tag = (tag ^ at->address[i]) * 16777619u;
	tag = (tag ^ at->family) * 16777619u;
	tag = (tag ^ side) * 16777619u;
	for (i = 0; i < 4; i++)
		tag = (tag ^ (at->key >> 8 * i & 255u)) * 16777619u;
	return tag && tag != 0xffffffffu ? tag : 1; /* not USHER_ALL_TAGS */
}

/* Reserve the name under which the other side will know an endpoint. Without NAT it is the endpoint itself. */
enum usher_map_flags {
	USHER_MAP_KEEP_KEY = 1 /* under its own key or not at all; else its own where that is free */
};

/*
 * Reserved until its tag is withdrawn, the expectation of that tag ends without a child, the child ends, or the
 * connection ends; and until the record is done, if that fails.
 */
struct usher_map {
	uint8_t side;         /* whose endpoint: enum usher_side */
	uint8_t protocol;     /* IP protocol number */
	uint8_t count, align; /* so many keys in a row, the first a multiple of `align`; RTP and RTCP: 2, 2; 0 means 1 */
	uint32_t flags, tag;  /* with side and protocol its identity: the same gets the same answer. An expectation's own tag */
	struct usher_endpoint at; /* in its owner's view */
};

enum usher_expect_flags {
	USHER_EXPECT_ANY_PEER = 1,    /* from any address, not only the other side's */
	USHER_EXPECT_CHILD_STAYS = 2, /* the child outlives its master */
	USHER_EXPECT_UNEARNED = 4,    /* picked up, and no dialogue seen yet: a live tracker refuses it, a replay marks it */
	USHER_EXPECT_CHILD_KEEPS = 8  /* the child's packets keep its master from timing out */
};

#define USHER_EXPECT_FOREVER 0xffffffffu /* timeout_s: it stands until it is withdrawn or its master ends */
#define USHER_ALL_TAGS 0xffffffffu       /* refresh, withdraw: whatever the tag. No announcement has it */

struct usher_expect {
	uint8_t class_id;         /* index into the helper's classes */
	uint8_t protocol, side;   /* side: the listener's; USHER_BOTH: the listener is the client, the peer the server */
	uint8_t flags;            /* enum usher_expect_flags */
	uint16_t uses;            /* how many children; 0: until withdrawn */
	uint16_t code;            /* not 0: the helper itself refuses it, for this reason of its `notes`; it is only reported */
	uint32_t tag;             /* with class_id its identity within the connection */
	uint32_t timeout_s;       /* 0: the class's */
	uint32_t child_timeout_s[2]; /* of the child: unanswered, answered; 0: the protocol's */
	struct usher_endpoint listener; /* in its own side's view. family 0: the announcer's own address; key 0 is refused */
	struct usher_endpoint peer;     /* who will connect; family 0: the other side's address; key 0: any */
	const char *child_helper; /* name of the child's helper, or NULL */
	const char *kind;         /* "PORT", "outgoing-call": at most 15 letters */
};

/* What expect, map and edit return. Everything but OK means: nothing was done for this call. */
enum usher_answer {
	USHER_OK = 0,
	USHER_REFUSED = -1,   /* not allowed (third party, reserved port, not earned); noted by usher */
	USHER_FULL = -2,      /* a limit is reached or keys ran out; noted by usher */
	USHER_BAD_CALL = -3   /* the helper's own mistake: no such class, nothing at that place */
};

/* What a message said, by name: a number, a number that has a name of its own, or bytes of text (a stranger's). */
struct usher_field {
	const char *name;     /* "call_id": lower case, digits, underscores; static */
	uint64_t value;
	const char *word;     /* the value's meaning, "connected"; NULL: none */
	const void *text;     /* not NULL: the field is these bytes, and has no value */
	uint32_t text_len;
};

/*
 * What a helper may do. Tests and fuzzers implement it as a recorder. `size` is sizeof the structure the caller knows: entries
 * beyond it are absent.
 */
struct usher_help_ops {
	size_t size;
	int (*map)(struct usher_help *, const struct usher_map *, struct usher_endpoint *seen);
	int (*expect)(struct usher_help *, const struct usher_expect *); /* same class and tag: refreshed */
	int (*refresh)(struct usher_help *, uint8_t class_id, uint32_t tag); /* it and its children */
	void (*withdraw)(struct usher_help *, uint8_t class_id, uint32_t tag, bool children);
	int (*edit)(struct usher_help *, uint32_t at, uint32_t len, const void *text, uint32_t text_len);
	void (*note)(struct usher_help *, uint16_t code, const void *text, uint32_t len); /* counted even if record fails */
	/* Read no more of this connection. for_good: it is not this protocol at all, and what it announced is withdrawn. */
	void (*done)(struct usher_help *, bool for_good);
	uint32_t (*items)(struct usher_help *);  /* how many items the state has room for */
	uint32_t (*option)(struct usher_help *, uint8_t option); /* a switch of the configuration: enum usher_help_option */
	/* A note with what the message said, field by field, at most 16; `fields` need not outlive the call. */
	void (*report)(struct usher_help *, uint16_t code, const struct usher_field *fields, uint32_t count);
};

/* Switches that usher's configuration has for helpers, readable at run time. */
enum usher_help_option {
	USHER_HELP_LIVE = 0 /* 1: packets are live, 0: a capture is analysed */
};

/* A kind of expectation: at most `max` at a time for one master (beyond it the oldest goes), each for `timeout_s` seconds. */
struct usher_class {
	const char *name;
	uint16_t max;
	uint16_t min_key; /* announced keys below are refused as reserved (configurable); 0: none */
	uint32_t timeout_s;
};

/* A note's or refusal's name: letters, digits, hyphens; documented in doc/helpers/NAME.md. Code N is entry N - 1 of `notes`. */
struct usher_code {
	const char *name;
	const char *text; /* one sentence for people */
};

enum usher_child_event {
	USHER_CHILD_NEW = 0,
	USHER_CHILD_GONE = 1
};

struct usher_helper {
	uint32_t abi;          /* USHER_HELPER_ABI */
	const char *name;      /* at most 15 letters */
	uint8_t protocol;      /* USHER_TCP or USHER_UDP */
	const uint16_t *ports; /* the customary ones, 0 ends; attached only by a policy that says so */
	uint32_t record_max;   /* bytes of the longest record it wants whole */
	uint32_t state_size, state_version; /* bytes for each connection, zeroed at first */
	uint32_t item_size, item_default;   /* calls, dialogs: the limit is configuration, they follow the state */
	const struct usher_class *classes;  /* ended by a NULL name */
	const struct usher_code *notes;     /* ended by a NULL name */

	/*
	 * How long is the record that begins at `head`, of which `have` bytes are there? > 0: its length (may exceed `have`).
	 * 0: cannot tell yet. < 0: so many bytes are no record, let them pass unread. TCP only; a datagram is a record.
	 */
	int32_t (*frame)(const void *state, uint8_t dir, const uint8_t *head, uint32_t have);
	/* Might `record` edit the record that begins so? (Only such are ever held.) NULL: never. */
	bool (*may_edit)(const void *state, uint8_t dir, const uint8_t *head, uint32_t have);
	/* One record. 0: what was asked for takes effect; else nothing does. */
	int (*record)(struct usher_help *, const struct usher_help_ops *, void *state, const struct usher_record *);
	/* `len` bytes of `dir` will never be seen; 0: the connection was picked up here. May be NULL. */
	void (*gap)(struct usher_help *, const struct usher_help_ops *, void *state, uint8_t dir, uint32_t len);
	/* A child was born or went. May be NULL. */
	void (*child)(struct usher_help *, const struct usher_help_ops *, void *state, uint8_t class_id, uint32_t tag,
		      uint8_t event);
	/* Are these bytes, from a saved file, a state that the functions above can live with? NULL: any are. */
	bool (*check)(const void *state, uint32_t len);
};

#endif
