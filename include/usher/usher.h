/*
 * <usher/usher.h> - connection tracking with application-layer helpers, in user space.
 *
 * A tracker lives in one region of memory that the caller gives (usher_size tells how much) and has one worker for each thread.
 * usher_process() takes a burst of IP packets and gives a verdict for each; it never allocates, locks, logs, sends or reads a
 * clock. What happened is told by events, what exists by iteration, what was counted by counters. The result is the same for
 * every division of the packets into bursts.
 *
 * One worker is used by one thread at a time; different workers need no lock between them.
 */
#ifndef USHER_USHER_H
#define USHER_USHER_H

#include <usher/event.h>
#include <usher/helper.h>
#include <usher/reason.h>
#include <usher/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define USHER_BURST_MAX 64u /* packets handed over together */

struct usher_tracker; /* all of it; begins at the region's first byte */
struct usher_worker;  /* one thread's share */

/* ---- configuration ---- */

/* "Connections to this port get this helper", for the ready-made policy. */
struct usher_port_helper {
	const char *helper; /* its name */
	uint8_t family;     /* USHER_IPV4, USHER_IPV6, 0: both */
	uint16_t port;      /* destination port, host order */
};

/* What a policy sees of a new connection, and what it decides. */
struct usher_new {
	struct usher_tuple orig;
	uint32_t interface;  /* of the packet */
	usher_time time;
	bool picked_up;      /* not the connection's first packet: its beginning was not seen */
	bool mapped;         /* its destination is a name that NAT lent out, and this packet may use it (USHER_NAT_ANY_SOURCE): */
	struct usher_endpoint inside; /* it will go there, unless the policy says drop; a destination that it names is not heeded */
};

/*
 * How one end of a new connection is translated. Source: to an address of the pool and a key of the range; the
 * connection's own key where nobody has it there, else one by chance (RFC 6056). One inside address keeps one public
 * address of the pool for as long as it has connections (RFC 4787 REQ-2). Destination: to an address of the pool, by
 * chance but the same for one source, and a key. Protocols without keys that NAT may change (ESP, GRE version 0,
 * unknown ones) get another address, if that leaves them apart.
 */
enum usher_nat_flags {
	USHER_NAT_RANDOM = 1,  /* source: a key by chance, even where its own is free */
	USHER_NAT_ANY_DESTINATION = 2, /* source: one public endpoint for an inside endpoint whatever it talks to
	                                  (endpoint-independent mapping, RFC 4787 REQ-1); else one for each connection */
	USHER_NAT_ANY_SOURCE = 4, /* with it: whoever writes to that public endpoint gets in (endpoint-independent filtering) */
	USHER_NAT_PREFIX = 8   /* 1:1: the address is `first` with the bits behind `prefix` of the translated one; keys are kept */
};

struct usher_nat {
	uint8_t family;        /* of the addresses, and of the connection; 0: not translated */
	uint8_t flags;         /* enum usher_nat_flags */
	uint8_t prefix;        /* with USHER_NAT_PREFIX: how many bits are `first`'s */
	uint16_t key_first, key_last; /* both 0: source 1024..65535 (keys below 1024: of 1..1023), destination: its key is kept */
	uint8_t first[16], last[16];  /* the pool; the same, or `last` all zero: one address */
};

struct usher_decision {
	bool drop;
	const char *helper;   /* name of the helper to attach; NULL: none */
	bool reversed;        /* picked up, and the packet came from the server: the sides of the helper are swapped */
	uint32_t mark;
	struct usher_nat source, destination; /* the packet leaves with these in place of its own */
};

/*
 * Decides on a new connection; not called for children of expectations: they take their master's word. `decision` comes zeroed
 * (accept, no helper, mark 0).
 */
typedef void usher_policy(void *user, const struct usher_new *connection, struct usher_decision *decision);

/* Gets each event, during usher_process and the calls that change things. It may not call back into the same worker. */
typedef void usher_sink(void *user, const struct usher_event *event);

enum usher_option_flags {
	USHER_VERIFY_CHECKSUMS = 1, /* verify those that are whole and not vouched for by the packet */
	USHER_TCP_LIBERAL = 2,      /* outside the window is counted, not invalid (RST is judged all the same) */
	USHER_TCP_STRICT_START = 4, /* TCP connections begin with a SYN: nothing is picked up in the middle */
	USHER_LIVE = 8,             /* live packets: a control connection picked up must show a dialogue before anything counts */
	USHER_LOOSE = 16,           /* announcements of third parties' addresses are accepted (FXP) */
	USHER_DROP_INVALID = 32,    /* the verdict for invalid packets is drop */
	USHER_IGNORE_INVALID_RST = 64, /* a RST that is not exact passes, changing nothing */
	USHER_NAT_CAPTURE = 128 /* a capture: helpers' edits are told, not made, for the other side of its streams never saw them */
};

struct usher_options {
	size_t size;                  /* sizeof(struct usher_options), for compatibility: 0 in later fields means the default */
	uint32_t flags;               /* enum usher_option_flags; usher_set_flags changes them while running */
	uint32_t workers;             /* default 1 */
	uint32_t connections;         /* IPv4 connections for each worker; default 262144 */
	uint32_t connections6;        /* IPv6; default as many as IPv4 */
	uint32_t helped;              /* connections with a helper at a time, for each worker; default 16384 */
	uint32_t related;             /* other connections with a master, own timeouts or another zone; default 65536 */
	uint32_t expectations;        /* for each worker; default 4096 */
	uint32_t stream_chunks;       /* pieces of 252 bytes for what waits in streams; default 65536 */
	uint32_t items;               /* calls, dialogs of one connection; 0: the helper's own default */
	uint16_t expect_max;          /* expectations of one class for one master; 0: the class's own */
	uint16_t expect_per_master;   /* of all classes together; default 64 */
	uint16_t reserved_below;      /* announced ports below are refused; 0: the class's own; 1: none */
	uint8_t tcp_max_retransmits;  /* default 3 */
	const uint32_t *timeouts;     /* seconds, usher_timeout_count() of them, 0: default; NULL: all default */
	const struct usher_helper *const *helpers;  /* besides the built-in ones, NULL ends; must outlive the tracker */
	const struct usher_port_helper *ports;      /* for the ready-made policy */
	uint32_t port_count;
	bool no_default_ports;        /* the ready-made policy attaches only what `ports` lists (else also ftp to tcp/21, ...) */
	usher_policy *policy;         /* NULL: the ready-made one: accept, helpers by destination port */
	void *policy_user;
	usher_sink *sink;             /* NULL: no events */
	void *sink_user;
	uint32_t events;              /* bit 1 << enum usher_event_type for each type wanted; 0: all */
	uint8_t seed[32];             /* secret of the hash: random bytes on a live system; zeros give a repeatable run */
	uint32_t nat_addresses;       /* public addresses in use at a time, for each worker; default 16 */
	uint32_t mappings;            /* names that NAT lends out on their own, for each worker; default 16384 */
	uint16_t nat_first, nat_last; /* keys that NAT lends where the policy names none, and that helpers reserve; both
	                                 0: 1024..65535. A source port below 1024 stays in 1..1023 */
	uint16_t mtu;                 /* no packet that usher makes or lengthens is longer; default 1500 */
	uint32_t emit_bytes;          /* room for packets that go out besides, between two calls; default 1 MiB */
	uint32_t fragments;           /* datagrams put together at a time, for each worker, 67 KB each; 0: none, fragments
	                                 pass untracked */
	uint32_t expect_per_source;   /* expectations outstanding of all connections that one address has opened, for each
	                                 worker; default a quarter of `expectations`, or expect_per_master if that is more */
	uint32_t public_names;        /* that usher_set_public may name; default 64 */
};


/* Bytes of the region for these options; 0: they contradict each other or name an unknown helper (see usher_error). */
USHER_API size_t usher_size(const struct usher_options *options);

/*
 * Set up a tracker in `region`: `size` >= usher_size(options) bytes, zeroed, aligned to 64 (a page is better), the caller's,
 * untouched pages stay untouched: mmap with MAP_NORESERVE is a good source. `options` and its arrays are copied, but for helpers.
 * NULL: it does not fit or the options are wrong; usher_error tells.
 */
USHER_API struct usher_tracker *usher_init(void *region, size_t size, const struct usher_options *options);

/* What is wrong with these options (one line, static), or NULL. */
USHER_API const char *usher_error(const struct usher_options *options);

/* Worker `number` (from 0); NULL when there is none. */
USHER_API struct usher_worker *usher_worker(struct usher_tracker *tracker, uint32_t number);

/* Change enum usher_option_flags while traffic goes on: those of `mask` become as in `flags`. */
USHER_API void usher_set_flags(struct usher_tracker *tracker, uint32_t mask, uint32_t flags);

/*
 * Change the time-outs while traffic goes on: `seconds` as `timeouts` in struct usher_options. They hold for a connection from its
 * next packet on. The array is copied.
 */
USHER_API void usher_set_timeouts(struct usher_tracker *tracker, const uint32_t *seconds);

/*
 * Change which events the sink gets while traffic goes on: bit 1 << enum usher_event_type for each; 0: none, and then events cost
 * no more than one comparison each. Without a sink there are none, whatever is said here.
 */
USHER_API void usher_set_events(struct usher_tracker *tracker, uint32_t events);

/* ---- packets ---- */

enum usher_checksum {
	USHER_CHECKSUM_UNKNOWN = 0,
	USHER_CHECKSUM_GOOD = 1,   /* verified by hardware or by the caller */
	USHER_CHECKSUM_PARTIAL = 2 /* not finished yet (offload) */
};

enum usher_verdict {
	USHER_ACCEPT = 0,
	USHER_DROP,
	USHER_TAKEN,    /* kept by usher; what comes of it is fetched with usher_emit */
	USHER_HAND_OVER /* belongs to another worker: usher_owner */
};

enum usher_state { /* what a packet is to its connection */
	USHER_NEW = 0,
	USHER_ESTABLISHED,
	USHER_RELATED, /* new, and let in by an expectation; or an ICMP error about a connection */
	USHER_INVALID,
	USHER_UNTRACKED
};

struct usher_packet {
	/* given */
	uint8_t *data;      /* the IP header */
	uint32_t len;       /* bytes there */
	uint32_t wire_len;  /* bytes it had on the wire; 0: len */
	uint32_t interface; /* where it came from: only handed on to the policy */
	uint16_t zone;
	uint16_t headroom, tailroom; /* bytes around it that usher may use */
	uint16_t gso_size;  /* not 0: a super-packet of segments of this size */
	uint8_t checksum;   /* enum usher_checksum: of the transport */
	uint16_t fragment_size; /* given back with USHER_PACKET_WHOLE: the largest fragment it came in, IP header and all */
	usher_time time;    /* when it came; 0: the `now` of usher_process */
	uint64_t frame;     /* the caller's number for it: events carry it */
	/* given back */
	uint8_t verdict;    /* enum usher_verdict */
	uint8_t state;      /* enum usher_state */
	uint8_t direction;  /* enum usher_direction */
	uint8_t flags;      /* enum usher_packet_flags */
	uint8_t reason;     /* enum usher_reason */
	uint8_t worker;     /* with HAND_OVER: whose it is */
	uint16_t place;     /* usher_emit: behind how many packets of the burst it belongs */
	struct usher_ref conn; /* its connection; all zero: none */
};

enum usher_packet_flags {
	USHER_PACKET_FIRST = 1,        /* began its connection */
	USHER_PACKET_OUT_OF_WINDOW = 2,/* let pass by USHER_TCP_LIBERAL */
	USHER_PACKET_TRUNCATED = 4,    /* cut by the capture's snap length */
	USHER_PACKET_READ = 8,         /* its payload went to a helper's stream */
	USHER_PACKET_TRANSLATED = 16,  /* NAT changed it; `len` may have changed, too: see headroom and tailroom */
	/*
	 * The last fragment of a datagram came, and this is the datagram: `data` points into usher's memory, until the
	 * next usher_process. Those that came before were TAKEN. To be sent cut to `fragment_size`:
	 * usher_fragment.
	 */
	USHER_PACKET_WHOLE = 32
};

/* Process a burst of `count` <= USHER_BURST_MAX packets that came at `now` or carry their own time. */
USHER_API void usher_process(struct usher_worker *worker, struct usher_packet *packets, uint32_t count, usher_time now);

/*
 * The next packet that goes out besides: a released segment, the second half of one that grew, an acknowledgement or
 * RST of our own, a retransmission, an ICMP error. Whole and final from the IP header on, its checksums complete; data,
 * len, zone, `interface` (of the packet that caused it; 0: time did), conn and direction are set, and `place`: behind
 * how many packets of the last burst it belongs (after usher_tick: 0). Fetch all of them after each usher_process and
 * usher_tick: they lie in usher's memory until the next call, and those not fetched are lost. false: no more.
 */
USHER_API bool usher_emit(struct usher_worker *worker, struct usher_packet *packet);

/*
 * Cut `packet` (data and len) into fragments of at most `most` bytes each: every call writes the next one to `out`, which has room
 * for `most`, and returns its length; 0: no more, or `most` is too small for 8 bytes behind the headers. `position` is 0 at first
 * and usher's then. Whether it may be cut (DF) is for the caller to know; IPv6 ones get a fragment header with `id`, and only their
 * sender may cut them, or whoever has put them together. An IPv4 packet may be a fragment itself.
 */
USHER_API uint32_t usher_fragment(const struct usher_packet *packet, uint32_t most, uint32_t id, uint32_t *position, uint8_t *out);

/* When usher_tick has something to do that cannot wait (a held record, a retransmission); UINT64_MAX: nothing. */
USHER_API usher_time usher_wakeup(const struct usher_worker *worker);

/*
 * The worker a packet belongs to: a pure function of the packet and the names of usher_set_public. All that belongs together has
 * one owner; what is given to another worker comes back with USHER_HAND_OVER. Fragments belong to whom puts them together; the
 * packet that is made of them (USHER_PACKET_WHOLE) may have to be handed over, copied, with its fragment_size.
 */
USHER_API uint32_t usher_owner(const struct usher_tracker *tracker, const struct usher_packet *packet);

/*
 * What several workers have to know of NAT, so that answers come to the worker that translates: a public address whose keys are
 * lent to connections (`inside` all zero), one that stands for an inside address (1:1), or a port of it that does.
 */
struct usher_public_name {
	struct usher_endpoint address; /* key: of a service, if `protocol` is set */
	struct usher_endpoint inside;  /* address: whom it stands for; of the same family */
	uint16_t zone;
	uint8_t protocol;              /* 0: the whole address */
};

/*
 * These are the public names from now on, in place of all before. Not while a worker is at work. Connections of names that change
 * may get another owner, who does not know them. A new connection whose answers would come to another worker is dropped
 * (USHER_REASON_NAT_OWNER): by the policy's translation to a name that is not here, of a protocol without keys by a lent address,
 * from another host to a mapping with USHER_NAT_ANY_SOURCE, or from one lent address to another. With one worker nothing depends
 * on it. false: more than options.public_names, or no such names can be; nothing has changed.
 */
USHER_API bool usher_set_public(struct usher_tracker *tracker, const struct usher_public_name *names, uint32_t count);

/*
 * Time passes: ends what is over, looking at no more than `budget` records. Packets do a little of this by themselves; call it
 * when none come. Returns true when there is nothing more to look at for this moment.
 */
USHER_API bool usher_tick(struct usher_worker *worker, usher_time now, uint32_t budget);

/* ---- connections ---- */

enum usher_conn_flags {
	USHER_CONN_SEEN_REPLY = 1,
	USHER_CONN_ASSURED = 2,
	USHER_CONN_PICKED_UP = 4,
	USHER_CONN_RELATED = 8,
	USHER_CONN_HELPED = 16, /* a helper reads it */
	USHER_CONN_NAT_SOURCE = 32, /* orig's source is translated */
	USHER_CONN_NAT_DESTINATION = 64 /* orig's destination is */
};

/* A connection as it is at the moment of asking. */
struct usher_conn {
	struct usher_ref ref;
	uint64_t id;               /* never used twice */
	struct usher_tuple orig, reply;
	uint16_t reply_zone;
	uint8_t family;
	uint8_t flags;             /* enum usher_conn_flags */
	const char *protocol;      /* "tcp", "udp", "icmp", ..., "unknown" */
	const char *state;         /* "ESTABLISHED", ... as conntrack prints it; NULL: the protocol has none */
	const char *helper;        /* its helper's name, or NULL */
	bool reversed;             /* picked up: the helper's client is the reply side's source */
	uint32_t mark;
	uint64_t packets[2], bytes[2]; /* by direction; bytes of IP packets */
	uint64_t lost[2], late[2]; /* PPTP's GRE, by direction: sequence numbers that never came; that came after later ones */
	usher_time start, last, deadline; /* of its first packet, of its last, when it ends if nothing comes */
	uint64_t master;           /* id of the connection that announced it; 0: none */
	struct usher_ref master_ref;
	uint64_t expect;           /* id of the expectation that let it in; 0: none */
	uint32_t expectations;     /* that it has outstanding */
};

/*
 * The connections one after the other: *position is 0 at first. Traffic may go on between the calls: each connection that is
 * there all the time is given once. false: no more.
 */
USHER_API bool usher_conn_next(struct usher_worker *worker, uint64_t *position, struct usher_conn *conn);
/*
 * As usher_conn_next, but it looks at no more than *budget records, used or not, and takes those from *budget. false with *budget
 * 0: call again, to go on; false with some left: no more.
 */
USHER_API bool usher_conn_scan(struct usher_worker *worker, uint64_t *position, uint32_t *budget, struct usher_conn *conn);
/* The connection that a reference means; false: it is gone. */
USHER_API bool usher_conn_get(struct usher_worker *worker, struct usher_ref ref, struct usher_conn *conn);
/* The connection that a packet with this tuple would belong to, in `direction` (may be NULL). */
USHER_API bool usher_conn_find(struct usher_worker *worker, const struct usher_tuple *tuple, struct usher_conn *conn,
			       uint8_t *direction);
/* End a connection now (event conn_destroy, reason "deleted"), its expectations with it. false: it is gone already. */
USHER_API bool usher_conn_delete(struct usher_worker *worker, struct usher_ref ref);
/* End all connections and expectations (reason "flushed"). Returns how many connections. */
USHER_API uint64_t usher_flush(struct usher_worker *worker);
/*
 * As flush, in steps: looks at no more than *budget records from *position (0 at first), and takes those from *budget. Traffic may
 * go on between the steps; what begins meanwhile may stay. Over when some of the budget is left. Returns how many connections
 * ended in this step: those that others took along count as well.
 */
USHER_API uint64_t usher_flush_some(struct usher_worker *worker, uint64_t *position, uint32_t *budget);
/* As flush, for the end of a capture: reason "end", the summary's last word. */
USHER_API uint64_t usher_end(struct usher_worker *worker);
/* Set its mark, as a policy may have done at its beginning. false: it is gone. */
USHER_API bool usher_conn_set_mark(struct usher_worker *worker, struct usher_ref ref, uint32_t mark);
/*
 * A public address is no longer ours (masquerading behind one that changes): all connections translated to it end (reason
 * "address_gone"), its mappings with them. Returns how many connections.
 */
USHER_API uint64_t usher_address_gone(struct usher_worker *worker, uint16_t zone, const struct usher_endpoint *address);
/* The connection lives at most `seconds` from now on, whatever comes (0: from now on as its protocol says). */
USHER_API bool usher_conn_set_timeout(struct usher_worker *worker, struct usher_ref ref, uint32_t seconds);

/* ---- expectations ---- */

/* The expectations one after the other, as usher_conn_next. */
USHER_API bool usher_expect_next(struct usher_worker *worker, uint64_t *position, struct usher_expectation *expectation);

/* ---- counters ---- */

#define USHER_COUNTERS(X) \
	X(PACKETS, "packets", "packets processed") \
	X(BYTES, "bytes", "bytes of them, from the IP header on") \
	X(CONNECTIONS, "connections", "connections begun") \
	X(ENDED, "ended", "connections ended") \
	X(PICKED_UP, "picked_up", "TCP connections picked up in the middle") \
	X(RELATED, "related", "connections that an expectation let in") \
	X(EXPECTATIONS, "expectations", "expectations made") \
	X(EXPECT_HITS, "matched", "expectations matched by a connection") \
	X(EXPECT_REFUSED, "expect_refused", "announcements refused") \
	X(INVALID, "invalid", "packets that belong to no connection") \
	X(UNTRACKED, "untracked", "packets that are not tracked") \
	X(OUT_OF_WINDOW, "out_of_window", "packets outside the TCP window that the liberal switch let pass") \
	X(TRUNCATED, "truncated", "packets cut by the snap length") \
	X(EVICTED, "evicted", "connections that made room for a newcomer") \
	X(REFUSED, "table_full", "newcomers refused because the table was full") \
	X(EXPIRED, "expired", "connections ended by their time-out") \
	X(HELPED, "helped", "connections that got a helper") \
	X(HELP_FULL, "help_full", "connections without their helper: no room for its state") \
	X(RECORDS, "records", "records read by helpers") \
	X(RECORDS_CUT, "records_cut", "records longer than their helper's limit") \
	X(GAPS, "gaps", "holes in streams that never filled") \
	X(GAP_BYTES, "gap_bytes", "bytes of them") \
	X(EARLY, "early", "segments that came before their time") \
	X(OVERLAP_BYTES, "overlap_bytes", "bytes of streams that came again") \
	X(CONFLICTS, "conflicts", "repeated bytes that differ from the first copy") \
	X(STREAM_FULL, "stream_full", "times the stream memory was used up") \
	X(NOTES, "notes", "notes of helpers") \
	X(TRANSLATED, "translated", "connections that NAT translates") \
	X(MAPPINGS, "mappings", "names that NAT lent out on their own") \
	X(NAT_EXHAUSTED, "nat_exhausted", "newcomers refused because no public key was free") \
	X(EDITS, "edits", "edits that helpers made in streams") \
	X(HELD, "held", "records held until they are whole, because they may be edited") \
	X(HELD_EXPIRED, "held_expired", "records released unedited because the rest did not come in time") \
	X(OWN_ACKS, "own_acks", "acknowledgements of our own") \
	X(OWN_RETRANSMITS, "own_retransmits", "retransmissions of bytes that we had acknowledged") \
	X(OWN_RESETS, "own_resets", "connections reset because such bytes were never acknowledged") \
	X(EMITTED, "emitted", "packets sent besides those of the bursts") \
	X(REASSEMBLED, "reassembled", "datagrams put together from their fragments") \
	X(REASSEMBLY_FAILED, "reassembly_failed", "datagrams whose fragments did not all come in time, or for want of room") \
	X(EMIT_FULL, "emit_full", "packets of our own lost for want of room")

enum usher_counter {
#define USHER_COUNTER_ENUM(id, name, text) USHER_COUNTER_##id,
	USHER_COUNTERS(USHER_COUNTER_ENUM)
#undef USHER_COUNTER_ENUM
	USHER_COUNTER_COUNT
};

/* Name of a counter. */
USHER_API const char *usher_counter_name(enum usher_counter counter);
/* What it counts, as a sentence. */
USHER_API const char *usher_counter_text(enum usher_counter counter);
/* Its value in one worker. */
USHER_API uint64_t usher_counter_get(const struct usher_worker *worker, enum usher_counter counter);
/* How many packets had this reason. */
USHER_API uint64_t usher_reason_count(const struct usher_worker *worker, enum usher_reason reason);
/* A reason's name, "tcp-window". */
USHER_API const char *usher_reason_name(unsigned reason);
/* A reason as a sentence. */
USHER_API const char *usher_reason_text(unsigned reason);
/* How often a helper's note or refusal (its code) came up. */
USHER_API uint64_t usher_note_count(const struct usher_worker *worker, const char *helper, const char *code);

/* ---- names ---- */

/* "conn_new", ... */
USHER_API const char *usher_event_name(unsigned type);

/* How many time-outs can be configured. */
USHER_API unsigned usher_timeout_count(void);
/* Its name, the kernel's: "tcp_timeout_established"; NULL: there is no such number. */
USHER_API const char *usher_timeout_name(unsigned timeout);
/* Its default in seconds. */
USHER_API uint32_t usher_timeout_default(unsigned timeout);

/* The built-in helpers: number 0, 1, ...; NULL ends. */
USHER_API const struct usher_helper *usher_helper(unsigned number);

/* "0.1.0" */
USHER_API const char *usher_version(void);

#ifdef __cplusplus
}
#endif

#endif
