/*
 * engine: the tracker, its workers, and the life of a connection; private to lib/engine.
 *
 * Owns: the region's layout, the extras of connections, the helpers' states, counters and events. Invariants: nothing allocates
 * after usher_init; a worker touches only its own part of the region and what is constant in the tracker; what a reference, a
 * master or an expectation points to is tested (generation, deadline) before it is believed; whatever the division into bursts,
 * events and records come out the same: all that depends on time uses the packet's own, and sweeping goes by packets.
 */
#ifndef USHER_ENGINE_ENGINE_H
#define USHER_ENGINE_ENGINE_H

#include <usher/usher.h>

#include "base/chunk.h"
#include "conn/table.h"
#include "engine/owner.h"
#include "expect/expect.h"
#include "nat/mapping.h"
#include "packet/reassembly.h"
#include "packet/rewrite.h"
#include "stream/stream.h"

#define ENGINE_HELPERS 32u     /* built-in and the caller's */
#define ENGINE_CODES 64u       /* notes of one helper */
#define ENGINE_PENDING 32u     /* what one record may ask for */
#define ENGINE_DEPTH 4u        /* children of children with helpers */
#define ENGINE_SWEEP 8u        /* due ticks looked at for each packet */
#define SWEEP_DONE 4u          /* parts of a sweep: IPv4, IPv6, expectations, mappings */
#define SKETCH_ROWS 4u
#define SKETCH_WIDTH 4096u

enum extra_flags {
	EXTRA_REVERSED = 1,    /* the helper's client is the reply direction's sender */
	EXTRA_STAYS = 2,       /* a child that outlives its master */
	EXTRA_READING = 4,     /* the helper still reads */
	EXTRA_TELL = 8,        /* in the list of those whose master's helper is to be told of them */
	EXTRA_TELL_NEW = 16,   /* that it was born */
	EXTRA_TELL_GONE = 32,  /* that it is gone: the extra is all that is left of it */
	EXTRA_KEEPS = 64       /* a child whose packets keep its master from timing out */
};

/* How a newcomer leaves, and what NAT took for it: nat.c. */
struct binding {
	uint8_t src[16], dst[16];
	uint16_t src_key, dst_key;
	uint16_t own_key[2];       /* as it came; of a call both are known, whatever the wire carries */
	uint16_t status;           /* CONN_NAT_*: 0: it is not translated */
	uint8_t space;             /* CONN_NAT_KEY: the key space of src_key */
	bool reclaims;             /* no key is left but those of connections that have ended */
	uint32_t address;          /* ... and its public address's number */
	uint32_t src_mapping, dst_mapping; /* used; 0: none */
};

/* What few connections need: a helper, a master, timeouts of their own. */
struct extra {
	uint32_t link;              /* free list */
	uint32_t record;            /* its connection */
	struct usher_ref master;
	uint32_t master_extra;      /* 0: no master, or it is gone */
	uint64_t master_id, expect_id;
	uint32_t help;              /* its struct help; 0: none */
	uint32_t expect_first, expect_last, expect_count; /* announced and outstanding, oldest first */
	uint32_t child_first, child_next, child_prev;     /* extras of its children; of its master's other children */
	uint32_t tell_next;         /* EXTRA_TELL: the next in that list */
	uint32_t tag;               /* of the expectation that let it in */
	uint32_t timeout_s[2];      /* unanswered, answered */
	uint8_t helper;             /* the helper that reads or read it, number + 1; 0: none */
	uint8_t announcer;          /* the master's helper, number + 1 */
	uint8_t class_id;           /* of the expectation that let it in */
	uint8_t flags;              /* enum extra_flags */
	uint8_t depth;              /* masters above it */
	uint8_t pad[7];
};

/* A helper's state for one connection: its stream, then the helper's own bytes. */
struct help {
	uint32_t link;
	uint32_t extra;
	usher_time timer;           /* when its stream has something to do */
	uint32_t timer_at;          /* where it is in the worker's heap, from 1; 0: it is not */
	uint32_t pad;
	struct stream stream;
	uint64_t state[]; /* bytes, aligned */
};

enum pending_kind { PENDING_EXPECT, PENDING_ANNOUNCE, PENDING_REFRESH, PENDING_WITHDRAW, PENDING_DONE };

/* What a helper asked for while it read a record; takes effect when the record is done. */
struct pending {
	uint8_t kind;          /* enum pending_kind */
	bool children, for_good;
	int8_t adds;           /* how many expectations more there will be */
	uint8_t class_id;
	uint32_t tag;
	uint32_t note;         /* an announcement refused: the number of its counter */
	struct usher_announcement announce;
	char said[EXPECT_NAME]; /* its kind: the helper's may not last */
	struct expect expect;  /* PENDING_EXPECT: as it will be */
};

struct usher_help { /* one call of a helper */
	struct usher_worker *w;
	const struct usher_helper *helper;
	struct conn *c;
	struct extra *x;
	struct help *state;
	uint32_t record, extra;
	uint8_t side;          /* who wrote what is being read */
	struct stream_record *reading; /* what edits are for; NULL: nothing can be edited */
	bool stop;             /* the helper reads no more */
	bool all, all_children; /* it withdrew more than `pending` holds: all of its expectations go, and its children */
	uint32_t made[ENGINE_PENDING], made_count; /* mappings that this record made */
	uint32_t count;
	struct pending pending[ENGINE_PENDING + 1]; /* the last one: what tells that they were too many, or `done` */
};

struct tracker_sizes { /* of one worker's part; offsets from its first byte */
	size_t table, expects, extras, helps, chunks, notes, keys, mappings, timers, emit, fragments, size;
	uint64_t help_record;
};

struct usher_tracker {
	uint64_t magic;
	uint64_t size;
	uint32_t workers;
	uint32_t flags;             /* enum usher_option_flags */
	struct conn_config config;
	struct usher_options options; /* numbers as resolved; pointers of this process */
	const struct usher_helper *helper[ENGINE_HELPERS];
	uint32_t helper_count;
	uint32_t note_base[ENGINE_HELPERS + 1]; /* in a worker's notes: each helper's codes, then the engine's refusals */
	struct tracker_sizes sizes;
	struct hash_key owner_key;
	uint64_t names;             /* offsets: the public names, struct owner_table; the first worker's part */
	uint64_t parts;
	uint8_t port_helper[2][2][65536]; /* the ready-made policy: family, UDP or TCP, destination port -> helper + 1 */
};

/* How many unassured connections each source prefix holds: evict.c. */
struct sketch {
	uint32_t total[2]; /* by family */
	uint32_t cell[SKETCH_ROWS][SKETCH_WIDTH];
};

struct usher_worker {
	struct usher_tracker *tracker;
	uint32_t number;
	struct conn_table table;
	struct expect_table expects;
	struct nat_keys keys;
	struct mapping_table mappings;
	struct nat_random nat_random;
	bool translates;           /* it has translated a connection since it began */
	uint16_t ip_id;            /* of the next IPv4 packet that is made or translated */
	struct slab *extras, *helps;
	struct chunk_pool *chunks;
	uint64_t *notes;
	usher_time now;
	usher_time moment;         /* not 0: what happens does so because a deadline passed, which was then */
	usher_time next_timer;     /* when the first of `timers` is due */
	uint64_t frame;            /* of the packet at work; 0: none */
	const struct usher_packet *packet; /* at work; NULL: none */
	uint32_t tell_first, tell_last; /* children of which their master's helper is to be told, by extra */
	uint64_t conn_ids, expect_ids;
	uint64_t random;
	uint64_t sweep_tick;       /* the tick that the sweep under way is for */
	uint32_t sweep_at;         /* the next record, within sweep_part */
	uint8_t sweep_part;        /* SWEEP_DONE: done for this tick */
	bool sweep_all;            /* the clock jumped: look at every record */
	uint16_t place;            /* how many packets of the burst are done */
	uint64_t counter[USHER_COUNTER_COUNT];
	uint64_t reason[USHER_REASON_COUNT];
	struct stream_counts stream_counts;
	uint32_t *timers;          /* helpers' states by deadline: timer.c */
	uint32_t timer_count;
	uint8_t *emit;             /* packets that go out besides: emit.c */
	uint32_t emit_used, emit_read;
	struct reassembly *fragments; /* if options.fragments is not 0 */
	struct stream_segment segment; /* of it, if `segment_of` says so */
	const struct usher_packet *segment_of;
	struct sketch sketch;
	struct usher_help call;
	uint8_t scratch[STREAM_SCRATCH];
};

static inline struct owner_table *tracker_names(const struct usher_tracker *t)
{
	return (struct owner_table *)((uintptr_t)t + t->names);
}

static inline void count(struct usher_worker *w, enum usher_counter which)
{
	w->counter[which]++;
}

static inline struct extra *extra_at(const struct usher_worker *w, uint32_t number)
{
	return slab_at(w->extras, number);
}

static inline struct extra *extra_of(const struct usher_worker *w, const struct conn *c)
{
	return c->extra ? extra_at(w, c->extra) : NULL;
}

static inline struct help *help_at(const struct usher_worker *w, uint32_t number)
{
	return slab_at(w->helps, number);
}

static inline const struct usher_helper *helper_at(const struct usher_worker *w, uint8_t number)
{
	return number ? w->tracker->helper[number - 1] : NULL;
}

/* How many codes a helper has. */
static inline uint32_t code_count(const struct usher_helper *helper)
{
	uint32_t n = 0;

	while (helper->notes && helper->notes[n].name)
		n++;
	return n;
}

/* The time-out that its master's helper gave it, for as long as it is not closing; 0: its protocol's. */
static inline usher_time own_timeout(const struct usher_worker *w, const struct conn *c)
{
	const struct conn_protocol *protocol = usher__conn_protocol(c->protocol);

	if (!(c->status & CONN_OWN_TIMEOUT) || (protocol->closing && protocol->closing(c)))
		return 0;
	return extra_of(w, c)->timeout_s[c->status & CONN_SEEN_REPLY ? 1 : 0] * USHER_SECOND;
}

static inline bool wants(const struct usher_worker *w, enum usher_event_type type)
{
	return w->tracker->options.sink && w->tracker->options.events & 1u << type;
}

/* When something ends that lasts so many seconds from now on. */
static inline usher_time deadline_after(const struct usher_worker *w, uint32_t seconds)
{
	return seconds == USHER_EXPECT_FOREVER ? UINT64_MAX : w->now + seconds * USHER_SECOND;
}

/* Move a deadline. Extending leaves the due tick; shortening writes it where the sweep would come too late. */
static inline void conn_refresh(struct usher_worker *w, uint32_t record, struct conn *c, usher_time deadline)
{
	if (deadline < c->deadline && due_matters(deadline, w->now))
		*conn_due(&w->table, record) = due_tick(deadline, w->now);
	c->deadline = deadline;
}

/* events.c: telling. */
void usher__event_conn(struct usher_worker *w, enum usher_event_type type, uint32_t record, const char *reason);
void usher__event_expect(struct usher_worker *w, enum usher_event_type type, uint32_t number, uint32_t child,
			 const char *reason);
void usher__event_expect_refreshed(struct usher_worker *w, uint32_t number);
void usher__event_announce(struct usher_worker *w, uint32_t record, const struct usher_announcement *announcement);
struct note_about { /* what a note is about: bytes of a stranger, or fields of a message */
	const void *text;
	uint32_t text_len;
	const struct usher_field *fields;
	uint32_t field_count;
};
void usher__event_note(const struct usher_help *call, uint16_t code, const struct note_about *about);
void usher__event_invalid(struct usher_worker *w, const struct pkt *p, const struct usher_packet *packet, uint32_t record,
			  unsigned direction);
/* The type of the answers to an ICMP query, or of the query; of others the type itself. */
uint8_t usher__answer_type(uint8_t protocol, uint8_t type);
void usher__conn_info(const struct usher_worker *w, uint32_t record, struct usher_conn *info);
void usher__expect_info(const struct usher_worker *w, const struct expect *e, struct usher_expectation *info);
struct usher_ref usher__ref_of(const struct usher_worker *w, uint32_t record);
/* The record that a reference means, alive; 0: gone. */
uint32_t usher__ref_get(const struct usher_worker *w, const struct usher_ref *ref);

/* life.c: birth and end. */
struct birth {
	const struct pkt *p;
	const uint8_t *data;       /* the IP packet */
	struct usher_packet *packet;
	struct conn_key *key;
};
/* A new connection for this packet; 0: refused, *reason says why. */
uint32_t usher__conn_create(struct usher_worker *w, const struct birth *b, uint8_t *reason);
/* End it: events, expectations, children, memory. If its deadline has passed it ended then, whatever `reason` says. */
void usher__conn_destroy(struct usher_worker *w, uint32_t record, const char *reason);
/* Is a related connection's master past its deadline, and it does not stay? */
bool usher__conn_orphan(const struct usher_worker *w, const struct conn *c);
/* Over, though the sweep has not come yet. */
static inline bool conn_dead(const struct usher_worker *w, const struct conn *c)
{
	return c->deadline <= w->now || (c->status & CONN_RELATED && usher__conn_orphan(w, c));
}
/* The connection, dead or alive, that a packet with this tuple would belong to; record 0: none. */
struct conn_found usher__conn_find(const struct usher_worker *w, const struct usher_tuple *tuple);
/* Its connection is closed, though not forgotten: what cannot be without it ends now. */
void usher__family_close(struct usher_worker *w, struct extra *x);
/* Its time begins again, as if a packet of its own had come. */
void usher__conn_touch(struct usher_worker *w, uint32_t record);
/* A dead one ends, or with it the master that it dies with. */
void usher__conn_bury(struct usher_worker *w, uint32_t record);
/* End it, and withdraw the names that were reserved under its tag; only forget it: they stay (what it announced is said anew). */
void usher__expect_end(struct usher_worker *w, uint32_t number, const char *reason);
void usher__expect_forget(struct usher_worker *w, uint32_t number, const char *reason);
/* End all that are past their deadline: a look at each, but at none where nothing can have become due since the last time. */
void usher__expect_reap(struct usher_worker *w);
/* Which of the configured time-outs this is, + 1; 0: none of them. */
uint8_t usher__timeout_number(const struct usher_worker *w, usher_time timeout);
void usher__sweep(struct usher_worker *w, uint32_t budget);
/* Unhook and free a connection's extra and help. */
void usher__help_end(struct usher_worker *w, struct extra *x, struct conn *c);

/* nat.c */
/*
 * Is the destination a name that NAT lent out? NONE: *mapping is 0, it is not; or the mapping, which lets this packet
 * in to `inside`. Else why it may not use it.
 */
uint8_t usher__nat_inbound(struct usher_worker *w, const struct birth *b, uint32_t *mapping, struct usher_endpoint *inside);
/* Bind as the policy decided, to a mapping's inside endpoint if there is one. Else than NONE: why not, and nothing was taken. */
uint8_t usher__nat_bind(struct usher_worker *w, const struct birth *b, const struct usher_decision *decision, uint32_t mapping,
			struct binding *bind);
/* Bind as an expectation has it. */
uint8_t usher__nat_bind_expected(struct usher_worker *w, const struct birth *b, const struct expect *e, bool inverse,
				 struct binding *bind);
/* The newcomer does not come to be. */
void usher__nat_unbind(struct usher_worker *w, struct binding *bind);
/* What its keys and mappings were a connection needs no more. */
void usher__nat_release(struct usher_worker *w, struct conn *c, bool ipv6);
/* Both sides have ended it: it lets go of its key, or of a name that is its alone. */
void usher__nat_closed(struct usher_worker *w, struct conn *c, bool ipv6);

#define CONN_TRANSLATED (CONN_NAT_SRC | CONN_NAT_DST)

/*
 * A packet of a translated connection leaves with the inverse of the other direction's tuple, and, if it is IPv4 and may be cut on
 * its way, with an identification of our own: hosts behind one address would use the same (RFC 6864 5.3).
 */
static inline void nat_translate(struct usher_worker *w, struct conn *c, unsigned direction, const struct pkt *p,
				 struct usher_packet *packet)
{
	uint32_t size = p->family == USHER_IPV6 ? 16 : 4, other = direction ? 0 : 2;
	const uint8_t *address = conn_address(c, p->family == USHER_IPV6) + other * size;
	const struct pkt_rewrite to = {
		.src = address + size, .dst = address, .src_key = c->key[other + 1], .dst_key = c->key[other]
	};

	usher__pkt_translate(packet->data, p, &to, packet->checksum == USHER_CHECKSUM_PARTIAL);
	packet->flags |= USHER_PACKET_TRANSLATED;
	if (p->family == USHER_IPV4 && !(packet->data[6] & 0x40))
		usher__pkt_set_id(packet->data, w->ip_id++);
}

struct nat_wish { /* of a helper: names on `public` for inside endpoints of one address */
	uint32_t owner, tag;       /* owner: the connection's extra */
	uint16_t zone, key;
	uint8_t family, protocol, side;
	uint8_t count, align;      /* keys in a row; 0: 1 */
	const uint8_t *inside, *public; /* 16 bytes each */
};
/* The (first) key reserved; *made: the first of so many mappings, if they are new, else 0. -1: exhausted. */
int32_t usher__nat_reserve(struct usher_worker *w, const struct nat_wish *wish, uint32_t *made);
/* Its owner needs this mapping no more; connections that go by it keep it. */
void usher__nat_free(struct usher_worker *w, uint32_t mapping);
/* All of an owner's that have this tag (or USHER_ALL_TAGS). */
void usher__nat_withdraw(struct usher_worker *w, uint32_t owner, uint32_t tag);

/* evict.c: a full table. */
/* An unassured connection is in the index from now on; it is not any more, or has become assured. */
void usher__evict_watch(struct usher_worker *w, uint32_t record);
void usher__evict_forget(struct usher_worker *w, uint32_t record);
/* Make room for this newcomer; false: he is to be refused. */
bool usher__evict(struct usher_worker *w, const struct birth *b);
/*
 * All extras, or all helpers' states, are taken: one of 32 of them by chance goes whose connection has ended, with
 * all its children, and expects nothing. false: there was none.
 */
bool usher__evict_closed(struct usher_worker *w, bool helped);
/* How many unassured connections the prefix of this source holds: never too few. */
uint32_t usher__evict_held(const struct usher_worker *w, const uint8_t *source, uint16_t zone, bool ipv6);

/*
 * icmp.c: what an ICMP error is about. NONE: the packet's state, direction and connection are set. Else why it is invalid; `about`
 * has the connection that it claims to be about, and the direction that the error would have, if there is one.
 */
uint8_t usher__icmp_error(struct usher_worker *w, const struct pkt *p, struct usher_packet *packet, struct conn_found *about);

/* help.c: what helpers ask for. */
extern const struct usher_help_ops usher__help_ops;
/* All that this call asked for takes effect. */
void usher__help_commit(struct usher_help *call);
/* Nothing of it does. */
void usher__help_abandon(struct usher_help *call);
/* The direction in which a side of the control connection sends; as well the side that sends in a direction. */
unsigned usher__help_direction(const struct usher_help *call, uint8_t side);
/* One end of one direction's tuple: 0 the source. */
struct usher_endpoint usher__help_endpoint(const struct usher_help *call, unsigned direction, unsigned dst);

/* read.c: helpers at work. */
/*
 * A TCP packet of a helped connection, before it is judged: its acknowledgements become what its receiver knows, if
 * edits have shifted the numbers.
 */
void usher__help_back(struct usher_worker *w, uint32_t record, unsigned direction, struct pkt *p, struct usher_packet *packet);
/* The payload of a packet of a helped connection. What is to leave in its place is written into it, or its verdict says
 * that it waits. */
void usher__help_read(struct usher_worker *w, uint32_t record, unsigned direction, struct pkt *p, struct usher_packet *packet);
/* The number of `direction`'s sender for one that its receiver's network quotes. */
uint32_t usher__help_back_seq(const struct usher_worker *w, const struct conn *c, unsigned direction, uint32_t seq);
/* A router could not forward a packet of `direction` with that number (the receiver's): true: it was our own, and is sent anew. */
bool usher__help_too_big(struct usher_worker *w, uint32_t record, unsigned direction, uint32_t seq, uint32_t mtu);
/* A deadline of its stream's has come. */
void usher__help_timer(struct usher_worker *w, uint32_t help);

/* segment.c: packets and what a stream makes of them. */
/* Does the stream of this connection rewrite? */
bool usher__segment_rewrites(const struct usher_worker *w, const struct conn *c);
void usher__segment_fill(struct usher_worker *w, const struct conn_found *about, const struct pkt *p,
			 const struct usher_packet *packet);
/* The packet becomes what the stream says. */
void usher__segment_leave(struct usher_worker *w, struct pkt *p, struct usher_packet *packet, const struct stream_leave *leave);

/* timer.c */
/* When the stream of this helper's state has something to do; STREAM_NEVER: nothing. */
void usher__timer_set(struct usher_worker *w, uint32_t help, usher_time time);
void usher__timer_run(struct usher_worker *w);

/* emit.c */
void usher__emit_begin(struct usher_worker *w);
/* A segment of the stream's own making. */
void usher__emit_segment(struct usher_worker *w, uint32_t record, const struct stream_out *out);
/* An ICMP error to whom NAT could not serve, from `src`. */
void usher__emit_refusal(struct usher_worker *w, const struct birth *b, const uint8_t *src);
/*
 * A child was born (EXTRA_TELL_NEW) or ended (EXTRA_TELL_GONE): its master's helper will be told when the packet is done. false:
 * nobody wants to know.
 */
bool usher__help_child(struct usher_worker *w, uint32_t extra, uint8_t flag);
/* Tell them now. No helper may be at work. */
void usher__help_tell(struct usher_worker *w);
/* Put a helper to a connection that has an extra. false: no room. */
bool usher__help_attach(struct usher_worker *w, uint32_t record, uint8_t helper, bool reversed);
void usher__help_opened(struct usher_worker *w, uint32_t record);

/* policy.c */
void usher__policy(struct usher_worker *w, const struct usher_new *connection, struct usher_decision *decision);
uint8_t usher__helper_number(const struct usher_tracker *t, const char *name);

/* Why the engine refuses an announcement: X(ID, "code", "sentence"); doc/events.md lists them. */
#define ENGINE_REFUSALS(X) \
	X(THIRD_PARTY, "third-party-address", "the address is not the announcer's own (allow with loose)") \
	X(FAMILY, "address-family", "the address is of another family than the control connection") \
	X(RESERVED, "reserved-port", "the port is reserved (RFC 2577)") \
	X(NO_PORT, "no-port", "no port, or port 0") \
	X(NOT_EARNED, "not-earned", "picked up live, and no command with its reply was seen yet") \
	X(CLASH, "expectation-clash", "another connection expects the same already") \
	X(MASTER_FULL, "master-full", "this connection has too many expectations outstanding") \
	X(SOURCE_FULL, "source-full", "connections of this client's address have too many expectations outstanding") \
	X(TABLE_FULL, "expectations-full", "the table of expectations is full") \
	X(OTHER_WORKER, "other-worker", "the third party's connections belong to another worker") \
	X(NO_NAME, "no-public-name", "NAT has no public key left for it") \
	X(TOO_MANY, "too-many-requests", "one record asks for more than 32 things")

enum engine_refusal {
	REFUSAL_NONE,
#define ENGINE_REFUSAL_ENUM(id, name, text) REFUSAL_##id,
	ENGINE_REFUSALS(ENGINE_REFUSAL_ENUM)
#undef ENGINE_REFUSAL_ENUM
	REFUSAL_COUNT
};

/* names.c: by enum engine_refusal. */
extern const char *const usher__refusal_names[REFUSAL_COUNT], *const usher__refusal_texts[REFUSAL_COUNT];

#endif
