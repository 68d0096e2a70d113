/*
 * <usher/event.h> - what happened, told to the event sink of `struct usher_options`.
 *
 * doc/events.md has the same as JSON. Pointers in an event are good during the call only. Names are only ever added to.
 */
#ifndef USHER_EVENT_H
#define USHER_EVENT_H

#include <usher/helper.h>
#include <usher/types.h>

struct usher_conn; /* <usher/usher.h> */

#define USHER_EVENTS(X) \
	X(CONN_NEW, "conn_new") \
	X(CONN_UPDATE, "conn_update") \
	X(CONN_DESTROY, "conn_destroy") \
	X(ANNOUNCE, "announce") \
	X(EXPECT_NEW, "expect_new") \
	X(EXPECT_HIT, "expect_hit") \
	X(EXPECT_GONE, "expect_gone") \
	X(NOTE, "note") \
	X(INVALID, "invalid")

enum usher_event_type {
#define USHER_EVENT_ENUM(id, name) USHER_EVENT_##id,
	USHER_EVENTS(USHER_EVENT_ENUM)
#undef USHER_EVENT_ENUM
	USHER_EVENT_COUNT
};

/* An expectation as it is at the moment. Endpoint keys and families 0 in `tuple.src` are wildcards. */
struct usher_expectation {
	uint64_t id;
	uint64_t master;           /* id of the connection that announced it */
	struct usher_ref master_ref;
	struct usher_tuple tuple;  /* of the packet that will match: src may be partly open, dst is who listens */
	bool both;                 /* either side may begin: the inverse matches as well */
	const char *helper, *kind, *class_name;
	uint32_t timeout_s;        /* as made */
	usher_time deadline;
	uint16_t uses;             /* left; 0: until withdrawn */
};

/* What a helper read, accepted or refused. */
struct usher_announcement {
	const char *helper, *kind;
	uint8_t protocol;
	struct usher_endpoint listener; /* as announced */
	struct usher_endpoint peer;     /* as announced; family 0: the other side of the control connection */
	struct usher_endpoint listener_seen, peer_seen; /* behind NAT: as the other side knows them; family 0: the same */
	bool accepted;
	bool certain;      /* false: the control connection was picked up in the middle */
	const char *code;  /* refused: why; else NULL */
	const char *text;  /* refused: the same as a sentence */
};

struct usher_event {
	uint8_t type;        /* enum usher_event_type */
	usher_time time;     /* when it happened: a time-out's is the deadline */
	uint64_t frame;      /* of the packet that caused it; 0: none did */
	const struct usher_conn *conn;  /* the connection it is about; INVALID: NULL when there is none */
	union {
		struct { /* CONN_DESTROY: timeout closed evicted flushed deleted master_gone end replaced address_gone */
			const char *reason;
		} destroy;
		struct usher_announcement announce;
		struct { /* EXPECT_NEW, EXPECT_HIT (conn: the child), EXPECT_GONE */
			const struct usher_expectation *expectation;
			const char *reason; /* GONE: timeout master_gone withdrawn replaced used flushed end */
			bool refreshed;     /* NEW: it was there already, only its time begins again */
		} expect;
		struct {
			const char *helper, *code;
			const char *sentence;      /* the code's meaning */
			const uint8_t *text;       /* what it was about: bytes of a stranger */
			uint32_t text_len;
			const struct usher_field *fields; /* what the message said, field by field */
			uint32_t field_count;
			uint8_t side;              /* who wrote it: enum usher_side */
		} note;
		struct {
			uint8_t reason;            /* enum usher_reason */
			uint8_t direction;
			const struct usher_tuple *tuple; /* of the packet; NULL: it has none */
		} invalid;
	} u;
};

#endif
