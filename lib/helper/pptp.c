/*
 * pptp: the helper for PPTP's control connection. doc/helpers/pptp.md has every decision by name.
 *
 * Where to look: pptp_messages is what RFC 2637 2 says of the fifteen messages; session_rows and call_rows are what they do;
 * call_message leads one through its call; translate has NAT's edits; pptp_frame, pptp_record, pptp_gap, pptp_check are the
 * contract's functions.
 *
 * Words: a call has a PNS (it asks for outgoing calls, answers incoming ones) and a PAC (the reverse). Either side of the TCP
 * connection may be either, for each call anew. Each side gives a call an id of its own, and GRE to that side carries it: `own` is
 * that id, `seen` the one by which the other side knows it; they are the same without NAT.
 * Owns: struct pptp_state, and behind it one struct pptp_call for each call.
 * Invariants: GRE is announced for a call that was answered and for no other: both ids are literally in its messages, which came
 * from the right sides, in the right order, in an established session. No two calls that stand have the same id of one side. A tag
 * names one call for ever. A refusal never costs the message.
 * Sources: RFC 2637 1.4 (header), 2 (messages), 3.1 (session), 3.2 (calls).
 */
#include <usher/helper.h>

#define HEADER 12u       /* length, message type, cookie, control message type, reserved */
#define COOKIE 0x1a2b3c4du
#define RECORD_MAX 220u  /* the longest message, Incoming-Call-Request */
#define LENGTH_MAX 1024u /* of an unknown one: further away no next message is believed in */
#define TYPES 16u        /* 1 to 15 */
#define FIELDS 12u       /* of one message, reserved ones included */

/* What is said of a record. The first fifteen are the control message types. */
enum pptp_code {
	CODE_NONE = 0,
	CODE_UNKNOWN_TYPE = TYPES, CODE_BAD_LENGTH, CODE_BAD_COOKIE, CODE_BAD_MESSAGE_TYPE, CODE_RESERVED, CODE_UNEXPECTED,
	CODE_CALLS_FULL, CODE_PEER_ID, CODE_ID_IN_USE, CODE_NO_CALL_ID, CODE_NOT_EDITED, CODE_UNASKED, CODE_NO_SESSION, CODE_GAP
};

static const struct usher_code pptp_notes[] = {
	{ "start-session-request", "START_SESSION_REQUEST: asks for a control session" },
	{ "start-session-reply", "START_SESSION_REPLY: grants or refuses the session" },
	{ "stop-session-request", "STOP_SESSION_REQUEST: ends the session and all its calls" },
	{ "stop-session-reply", "STOP_SESSION_REPLY: the session has ended" },
	{ "echo-request", "ECHO_REQUEST: asks whether the other side is there" },
	{ "echo-reply", "ECHO_REPLY: it is" },
	{ "out-call-request", "OUT_CALL_REQUEST: the PNS asks for an outgoing call" },
	{ "out-call-reply", "OUT_CALL_REPLY: the PAC has placed the call, or could not" },
	{ "in-call-request", "IN_CALL_REQUEST: the PAC has an incoming call" },
	{ "in-call-reply", "IN_CALL_REPLY: the PNS takes the call, or does not" },
	{ "in-call-connect", "IN_CALL_CONNECT: the PAC has connected the incoming call" },
	{ "call-clear-request", "CALL_CLEAR_REQUEST: the PNS asks for the end of a call" },
	{ "call-disconnect-notify", "CALL_DISCONNECT_NOTIFY: a call has ended" },
	{ "wan-error-notify", "WAN_ERROR_NOTIFY: the PAC counts errors of a call's line" },
	{ "set-link-info", "SET_LINK_INFO: how PPP escapes characters in a call" },
	[CODE_UNKNOWN_TYPE - 1] = { "unknown-type", "a message that RFC 2637 does not define: it is passed over" },
	[CODE_BAD_LENGTH - 1] = { "bad-length", "a length that cannot be right: reading ends" },
	[CODE_BAD_COOKIE - 1] = { "bad-cookie", "a message without PPTP's magic cookie: reading ends" },
	[CODE_BAD_MESSAGE_TYPE - 1] = { "bad-message-type", "neither a control nor a management message: reading ends" },
	[CODE_RESERVED - 1] = { "reserved-not-zero", "a reserved field is not zero; the message counts all the same" },
	[CODE_UNEXPECTED - 1] = { "unexpected-message", "the message makes no sense here: it changes nothing" },
	[CODE_CALLS_FULL - 1] = { "calls-full", "more calls than this connection may have: this one opens nothing" },
	[CODE_PEER_ID - 1] = { "disconnect-peer-id", "the call that ends is named by the other side's call id" },
	[CODE_ID_IN_USE - 1] = { "call-id-in-use", "another call of this side has the id: this one opens nothing" },
	[CODE_NO_CALL_ID - 1] = { "no-call-id", "NAT has no id for this call: it opens nothing" },
	[CODE_NOT_EDITED - 1] = { "not-edited", "the ids in this message could not be translated" },
	[CODE_UNASKED - 1] = { "unasked", "a reply that no request waits for" },
	[CODE_NO_SESSION - 1] = { "no-session", "a call is answered in a session that is not established" },
	[CODE_GAP - 1] = { "gap", "bytes of the stream were never seen" },
	{ NULL, NULL }
};

/* ---- The messages: RFC 2637 2 ---- */

#define WORDS 8u /* values, from 0, that may have a name */
static const char *const start_results[WORDS] = { /* 2.2 */
	[1] = "successful channel establishment", [2] = "general error", [3] = "command channel already exists",
	[4] = "requester is not authorized", [5] = "protocol version not supported" };
static const char *const stop_reasons[WORDS] = { [1] = "none", [2] = "stop-protocol", [3] = "stop-local-shutdown" };
static const char *const ok_results[WORDS] = { [1] = "ok", [2] = "general error" }; /* 2.4, 2.6 */
static const char *const out_results[WORDS] = { /* 2.8 */
	[1] = "connected", [2] = "general error", [3] = "no carrier", [4] = "busy", [5] = "no dial tone", [6] = "time-out",
	[7] = "do not accept" };
static const char *const in_results[WORDS] = { [1] = "connect", [2] = "general error", [3] = "do not accept" }; /* 2.10 */
static const char *const end_results[WORDS] = { /* 2.13 */
	[1] = "lost carrier", [2] = "general error", [3] = "admin shutdown", [4] = "request" };
static const char *const errors[WORDS] = { /* 2.16 */
	"none", "not-connected", "bad-format", "bad-value", "no-resource", "bad-call id", "pac-error" };
static const char *const framings[WORDS] = { [1] = "asynchronous", [2] = "synchronous", [3] = "either" };
static const char *const bearers[WORDS] = { [1] = "analog", [2] = "digital", [3] = "either" };

enum pptp_who { PNS = 1, PAC = 2, EITHER = 3 };

/* What a message is to the session; from E_CALLS on what it is to its call. */
enum pptp_event {
	E_START, E_START_OK, E_START_FAILED, E_STOP, E_STOPPED, E_ECHO, E_CALLS,
	E_OUT_ASK = E_CALLS, E_OUT_OK, E_OUT_FAILED, E_IN_ASK, E_IN_OK, E_IN_FAILED, E_IN_CONNECTED, E_CLEAR, E_END, E_INFO, E_COUNT
};

/* size 1, 2, 4: a number, above: text that a NUL may end. No name: reserved. */
struct pptp_field {
	uint8_t at, size;
	const char *name;
	const char *const *words;
};

struct pptp_message {
	uint16_t len;
	uint8_t who, event; /* enum pptp_who, who may send it; enum pptp_event */
	uint8_t own, peer; /* where the sender's own call id is, and the receiver's; 0: it has none */
	uint8_t result;    /* where the result is (0: none that matters): if it is not 1 the event is the next one */
	struct pptp_field fields[FIELDS];
};

#define W(at, size, name, words) { at, size, name, words }
#define F(at, size, name) W(at, size, name, NULL)
#define RESERVED(at, size) W(at, size, NULL, NULL)

static const struct pptp_message pptp_messages[TYPES] = {
	[0] = { .fields = { F(0, 2, "length"), F(2, 2, "message_type"), F(4, 4, "cookie"), F(8, 2, "control_type") } }, /* 1.4 */
	[1] = { 156, EITHER, E_START, 0, 0, 0, /* 2.1 Start-Control-Connection-Request */
		{ F(12, 2, "version"), RESERVED(14, 2), W(16, 4, "framing", framings), W(20, 4, "bearer", bearers),
		  F(24, 2, "max_channels"), F(26, 2, "firmware"), F(28, 64, "host"), F(92, 64, "vendor") } },
	[2] = { 156, EITHER, E_START_OK, 0, 0, 14, /* 2.2 Start-Control-Connection-Reply */
		{ F(12, 2, "version"), W(14, 1, "result", start_results), W(15, 1, "error", errors), W(16, 4, "framing", framings),
		  W(20, 4, "bearer", bearers), F(24, 2, "max_channels"), F(26, 2, "firmware"), F(28, 64, "host"),
		  F(92, 64, "vendor") } },
	[3] = { 16, EITHER, E_STOP, 0, 0, 0, /* 2.3 Stop-Control-Connection-Request */
		{ W(12, 1, "reason", stop_reasons), RESERVED(13, 1), RESERVED(14, 2) } },
	[4] = { 16, EITHER, E_STOPPED, 0, 0, 0, /* 2.4 Stop-Control-Connection-Reply */
		{ W(12, 1, "result", ok_results), W(13, 1, "error", errors), RESERVED(14, 2) } },
	[5] = { 16, EITHER, E_ECHO, 0, 0, 0, { F(12, 4, "identifier") } }, /* 2.5 Echo-Request */
	[6] = { 20, EITHER, E_ECHO, 0, 0, 0, /* 2.6 Echo-Reply */
		{ F(12, 4, "identifier"), W(16, 1, "result", ok_results), W(17, 1, "error", errors), RESERVED(18, 2) } },
	[7] = { 168, PNS, E_OUT_ASK, 12, 0, 0, /* 2.7 Outgoing-Call-Request */
		{ F(12, 2, "call_id"), F(14, 2, "serial"), F(16, 4, "min_bps"), F(20, 4, "max_bps"), W(24, 4, "bearer", bearers),
		  W(28, 4, "framing", framings), F(32, 2, "window"), F(34, 2, "delay"), RESERVED(38, 2), F(40, 64, "number"),
		  F(104, 64, "subaddress") } },
	[8] = { 32, PAC, E_OUT_OK, 12, 14, 16, /* 2.8 Outgoing-Call-Reply */
		{ F(12, 2, "call_id"), F(14, 2, "peer_call_id"), W(16, 1, "result", out_results), W(17, 1, "error", errors),
		  F(18, 2, "cause"), F(20, 4, "connect_speed"), F(24, 2, "window"), F(26, 2, "delay"), F(28, 4, "channel") } },
	[9] = { 220, PAC, E_IN_ASK, 12, 0, 0, /* 2.9 Incoming-Call-Request */
		{ F(12, 2, "call_id"), F(14, 2, "serial"), W(16, 4, "bearer", bearers), F(20, 4, "channel"),
		  F(28, 64, "dialed_number"), F(92, 64, "dialing_number"), F(156, 64, "subaddress") } },
	[10] = { 24, PNS, E_IN_OK, 12, 14, 16, /* 2.10 Incoming-Call-Reply */
		{ F(12, 2, "call_id"), F(14, 2, "peer_call_id"), W(16, 1, "result", in_results), W(17, 1, "error", errors),
		  F(18, 2, "window"), F(20, 2, "delay"), RESERVED(22, 2) } },
	[11] = { 28, PAC, E_IN_CONNECTED, 0, 12, 0, /* 2.11 Incoming-Call-Connected */
		{ F(12, 2, "peer_call_id"), RESERVED(14, 2), F(16, 4, "connect_speed"), F(20, 2, "window"), F(22, 2, "delay"),
		  W(24, 4, "framing", framings) } },
	[12] = { 16, PNS, E_CLEAR, 12, 0, 0, { F(12, 2, "call_id"), RESERVED(14, 2) } }, /* 2.12 Call-Clear-Request */
	[13] = { 148, PAC, E_END, 12, 0, 0, /* 2.13 Call-Disconnect-Notify; its result says why, not whether */
		{ F(12, 2, "call_id"), W(14, 1, "result", end_results), W(15, 1, "error", errors), F(16, 2, "cause"),
		  RESERVED(18, 2), F(20, 128, "statistics") } },
	[14] = { 40, PAC, E_INFO, 0, 12, 0, /* 2.14 WAN-Error-Notify */
		{ F(12, 2, "peer_call_id"), RESERVED(14, 2), F(16, 4, "crc_errors"), F(20, 4, "framing_errors"),
		  F(24, 4, "hardware_overruns"), F(28, 4, "buffer_overruns"), F(32, 4, "timeout_errors"),
		  F(36, 4, "alignment_errors") } },
	[15] = { 24, EITHER, E_INFO, 0, 12, 0, /* 2.15 Set-Link-Info: the PNS's, but PACs send it, too */
		{ F(12, 2, "peer_call_id"), RESERVED(14, 2), F(16, 4, "send_accm"), F(20, 4, "receive_accm") } },
};

struct pptp_row { uint8_t next, action; };

/* ---- The session: RFC 2637 3.1 ---- */

enum session_state { S_IDLE, S_ASKED, S_CROSSED, S_UP, S_ASSUMED, S_FAILED, S_STOPPED, S_COUNT };

static const char *const session_names[S_COUNT] = {
	"idle", "asked", "asked by both", "established", "assumed", "failed", "stopped" };

enum session_action { S_UNEXPECTED, S_NOTHING, S_ASK, S_REFRESH, S_FORGET, S_CALL };
enum session_sender { BY_ASKER, BY_OTHER }; /* the asker is who sent the request that is not answered */

#define BOTH(next, action) { { next, action }, { next, action } }

/* [state][event][sender]. What is not here is unexpected: it is noted, and changes nothing. */
static const struct pptp_row session_rows[S_COUNT][E_CALLS + 1][2] = {
	[S_IDLE] = { [E_START] = BOTH(S_ASKED, S_ASK) }, /* 3.1.1: PAC or PNS, and either side */
	[S_ASKED] = { /* 3.1.1 wait_ctl_reply */
		[E_START] = { [BY_ASKER] = { S_ASKED, S_NOTHING }, [BY_OTHER] = { S_CROSSED, S_NOTHING } }, /* said again; 3.1.3 */
		[E_START_OK] = { [BY_OTHER] = { S_UP, S_NOTHING } },
		[E_START_FAILED] = { [BY_OTHER] = { S_FAILED, S_NOTHING } }, /* 2.2 */
		[E_STOP] = BOTH(S_STOPPED, S_FORGET),     /* 3.1.1: version not supported */
		[E_CALLS] = { [BY_ASKER] = { S_ASKED, S_CALL } }, /* he does not wait; the answers come in this order */
	},
	[S_CROSSED] = { /* 3.1.3: one answers the other; who refuses may still be granted his own */
		[E_START] = BOTH(S_CROSSED, S_NOTHING), [E_STOP] = BOTH(S_STOPPED, S_FORGET),
		[E_START_OK] = BOTH(S_UP, S_NOTHING), [E_START_FAILED] = BOTH(S_ASKED, S_ASK),
	},
	[S_UP] = { /* 2.3: a stop clears all calls; 3.1.4; 3.2 */
		[E_STOP] = BOTH(S_STOPPED, S_FORGET), [E_ECHO] = BOTH(S_UP, S_REFRESH), [E_CALLS] = BOTH(S_UP, S_CALL),
	},
	[S_ASSUMED] = { /* picked up: established, unless the first message says otherwise */
		[E_START] = BOTH(S_ASKED, S_ASK), [E_STOP] = BOTH(S_STOPPED, S_FORGET), [E_STOPPED] = BOTH(S_STOPPED, S_FORGET),
		[E_START_OK] = BOTH(S_UP, S_NOTHING), [E_START_FAILED] = BOTH(S_FAILED, S_NOTHING),
		[E_ECHO] = BOTH(S_UP, S_REFRESH), [E_CALLS] = BOTH(S_UP, S_CALL),
	},
	[S_FAILED] = { [E_STOP] = BOTH(S_STOPPED, S_FORGET) }, /* 2.2: what was refused stays refused */
	[S_STOPPED] = { [E_STOP] = BOTH(S_STOPPED, S_NOTHING), [E_STOPPED] = BOTH(S_STOPPED, S_NOTHING) }, /* 3.1.1 */
};

/* ---- A call: RFC 2637 3.2 ---- */

enum call_state {
	C_FREE, C_OUT_ASKED, C_IN_ASKED, C_IN_ANSWERED, C_CONNECTED, C_CLEARING, C_OUT_ABORTING, C_IN_ABORTING, C_FAILED, C_COUNT
};

static const char *const call_names[C_COUNT] = {
	"none", "outgoing, asked", "incoming, asked", "incoming, answered", "connected", "clearing", "outgoing, aborting",
	"incoming, aborting", "failed" };

/* LEARN: the sender's own id is new, NAT is asked for its other name. */
enum call_action { C_UNEXPECTED, C_NOTHING, C_LEARN, C_LEARN_OPEN, C_OPEN, C_CLOSE, C_END };

/* [state][event]; a call is only found by a sender in the right role. What is not here is unexpected. */
static const struct pptp_row call_rows[C_COUNT][E_COUNT] = {
	[C_FREE] = { [E_OUT_ASK] = { C_OUT_ASKED, C_LEARN }, [E_IN_ASK] = { C_IN_ASKED, C_LEARN } }, /* 3.2.4.2, 3.2.3.1 idle */
	[C_OUT_ASKED] = { /* 3.2.4.2 wait_reply */
		[E_OUT_ASK] = { C_OUT_ASKED, C_NOTHING }, /* said again */
		[E_OUT_OK] = { C_CONNECTED, C_LEARN_OPEN }, [E_OUT_FAILED] = { C_FAILED, C_CLOSE },
		[E_CLEAR] = { C_OUT_ABORTING, C_NOTHING }, [E_END] = { C_FREE, C_END },
	},
	[C_IN_ASKED] = { /* 3.2.3.1 wait_reply; the caller may hang up */
		[E_IN_ASK] = { C_IN_ASKED, C_NOTHING }, [E_END] = { C_FREE, C_END },
		[E_IN_OK] = { C_IN_ANSWERED, C_LEARN }, [E_IN_FAILED] = { C_FAILED, C_CLOSE },
	},
	[C_IN_ANSWERED] = { /* 3.2.3.2 wait_connect */
		[E_IN_OK] = { C_IN_ANSWERED, C_NOTHING }, [E_IN_CONNECTED] = { C_CONNECTED, C_OPEN },
		[E_CLEAR] = { C_IN_ABORTING, C_NOTHING }, [E_END] = { C_FREE, C_END },
	},
	[C_CONNECTED] = { /* 3.2.3, 3.2.4 established; 2.12: to clear is a wish, 2.13: the PAC's notify ends the call */
		[E_CLEAR] = { C_CLEARING, C_NOTHING }, [E_END] = { C_FREE, C_END }, [E_INFO] = { C_CONNECTED, C_NOTHING },
	},
	[C_CLEARING] = { /* 3.2.3.2, 3.2.4.2 wait_disconnect */
		[E_CLEAR] = { C_CLEARING, C_NOTHING }, [E_END] = { C_FREE, C_END }, [E_INFO] = { C_CLEARING, C_NOTHING },
	},
	[C_OUT_ABORTING] = { /* the same before it was connected: what was under way by then opens nothing */
		[E_OUT_OK] = { C_OUT_ABORTING, C_LEARN }, [E_OUT_FAILED] = { C_FAILED, C_CLOSE },
		[E_CLEAR] = { C_OUT_ABORTING, C_NOTHING }, [E_END] = { C_FREE, C_END },
	},
	[C_IN_ABORTING] = {
		[E_IN_CONNECTED] = { C_IN_ABORTING, C_NOTHING },
		[E_CLEAR] = { C_IN_ABORTING, C_NOTHING }, [E_END] = { C_FREE, C_END },
	},
	[C_FAILED] = { [E_CLEAR] = { C_FAILED, C_NOTHING }, [E_END] = { C_FREE, C_END } }, /* refused, by a reply or by us */
};

enum call_flags {
	CALL_KNOWN = 1,    /* << side: this side's id is */
	CALL_INCOMING = 4,
	CALL_DOUBT = 8,    /* part of its dialogue was not seen: what it announces is not earned */
	CALL_STALE = 16,   /* bytes were lost since, its end may have been among them */
	CALL_FLAGS = 31
};

/* Plain bytes without padding: saved and restored as they are. All zero: free. Arrays are by enum usher_side. */
struct pptp_call {
	uint16_t own[2], seen[2];
	uint32_t tag;
	uint8_t state; /* enum call_state */
	uint8_t pns;   /* which side is the PNS */
	uint8_t flags, spare;
};

enum pptp_flags {
	PPTP_UNSYNCED = 1, /* << side: where its next message begins is not known */
	PPTP_LOST = 4,     /* messages were lost, or before our time */
	PPTP_DOUBT = 8,    /* ... the session's beginning among them */
	PPTP_ENDED = 16,   /* nothing counts any more */
	PPTP_FLAGS = 31
};

struct pptp_state {
	uint32_t tag;    /* of the last call */
	uint8_t session; /* enum session_state */
	uint8_t asker;   /* which side is */
	uint8_t flags, spare;
};

_Static_assert(sizeof(struct pptp_call) == 16 && sizeof(struct pptp_state) == 8, "no padding");

/* One message at work. */
struct pptp_turn {
	struct usher_help *help;
	const struct usher_help_ops *ops;
	const struct usher_record *r;
	struct pptp_state *s;
	struct pptp_call *calls;
	uint32_t call_count;        /* room for so many */
	const struct pptp_message *m;
	uint8_t dir, type, event;   /* event: enum pptp_event */
	uint8_t own_at, peer_at;    /* the message's, unless it has them mixed up */
};

static uint32_t number(const struct usher_record *r, uint8_t at, uint8_t size)
{
	struct usher_cursor c = usher_cursor(r->data, r->len);

	(void)usher_cursor_take(&c, at);
	return size == 1 ? usher_cursor_u8(&c) : size == 2 ? usher_cursor_be16(&c) : usher_cursor_be32(&c);
}

static uint16_t call_id(const struct pptp_turn *t, uint8_t at)
{
	return (uint16_t)number(t->r, at, 2);
}

/* ---- What is said of a message ---- */

static struct usher_field field_of(const struct usher_record *r, const struct pptp_field *f)
{
	struct usher_field field = { .name = f->name };
	const uint8_t *text = r->data + f->at, *nul;

	if (f->size <= 4) {
		field.value = number(r, f->at, f->size);
		field.word = f->words && field.value < WORDS ? f->words[field.value] : NULL;
	} else {
		nul = memchr(text, 0, f->size);
		field.text = text;
		field.text_len = nul ? (uint32_t)(nul - text) : f->size;
	}
	return field;
}

/* A word on a message: the ids in it, and the state in which it came (NULL: that is not it). */
static void remark(const struct pptp_turn *t, uint16_t code, uint8_t state, const char *const *names)
{
	struct usher_field fields[4] = { { .name = "message", .value = t->type, .word = pptp_notes[t->type - 1].name } };
	uint32_t count = 1;

	if (t->m->own)
		fields[count++] = (struct usher_field){ .name = "call_id", .value = call_id(t, t->m->own) };
	if (t->m->peer)
		fields[count++] = (struct usher_field){ .name = "peer_call_id", .value = call_id(t, t->m->peer) };
	if (names)
		fields[count++] = (struct usher_field){ .name = "state", .value = state, .word = names[state] };
	t->ops->report(t->help, code, fields, count);
}

/* How many calls there are, before this message has been heeded. */
static struct usher_field calls_in_use(const struct pptp_turn *t)
{
	struct usher_field field = { .name = "calls_in_use" };

	for (uint32_t i = 0; i < t->call_count; i++)
		field.value += t->calls[i].state != C_FREE;
	return field;
}

/* Every field by name, as far as it is there, and whether those are zero that shall be. */
static void report(const struct pptp_turn *t, uint16_t code)
{
	const struct pptp_field *f = t->m->fields;
	struct usher_field fields[FIELDS + 1] = { { 0 } };
	uint32_t count = 0;
	bool zero = !t->type || number(t->r, 10, 2) == 0;

	for (; f < t->m->fields + FIELDS && f->size && (uint32_t)f->at + f->size <= t->r->len; f++) {
		if (f->name)
			fields[count++] = field_of(t->r, f);
		else
			zero = zero && number(t->r, f->at, f->size) == 0;
	}
	if (t->m->own || t->m->peer)
		fields[count++] = calls_in_use(t);
	t->ops->report(t->help, code, fields, count);
	if (!zero)
		remark(t, CODE_RESERVED, 0, NULL);
}

/* ---- What a call opens ---- */

/* One expectation has both ids: whoever sends GRE first, one connection is born, and may come back as long as the call stands. */
static void announce(const struct pptp_turn *t, const struct pptp_call *c, uint16_t refusal)
{
	struct usher_expect e = { .protocol = USHER_GRE, .side = USHER_BOTH, .code = refusal, .tag = c->tag };

	e.flags = (uint8_t)(USHER_EXPECT_CHILD_KEEPS | (c->flags & CALL_DOUBT ? USHER_EXPECT_UNEARNED : 0));
	e.timeout_s = USHER_EXPECT_FOREVER;
	e.child_timeout_s[0] = 600;
	e.child_timeout_s[1] = 18000;
	e.listener.key = c->own[USHER_CLIENT];
	e.peer.key = c->own[USHER_SERVER];
	e.kind = c->flags & CALL_INCOMING ? "incoming-call" : "outgoing-call";
	(void)t->ops->expect(t->help, &e);
}

/* A message that makes no sense. A reply that says "connected" would have announced a call: that is refused. */
static void unexpected(const struct pptp_turn *t, uint16_t refusal, uint8_t state, const char *const *names)
{
	struct pptp_call none = { .tag = 1 };

	if (t->event != E_OUT_OK) {
		remark(t, CODE_UNEXPECTED, state, names);
		return;
	}
	none.own[t->dir] = call_id(t, t->m->own);
	none.own[!t->dir] = call_id(t, t->m->peer);
	announce(t, &none, refusal);
}

/* ---- Calls: finding, naming, ending ---- */

static uint8_t role_of(const struct pptp_call *c, uint8_t side)
{
	return c->pns == side ? PNS : PAC;
}

static bool knows(const struct pptp_call *c, uint8_t side)
{
	return c->flags & CALL_KNOWN << side;
}

/* The call in which `side` has this id, in its own or the other side's view, and the sender such a role. Failed ones last. */
static struct pptp_call *find(struct pptp_turn *t, uint8_t side, uint16_t id, bool seen, uint8_t roles)
{
	struct pptp_call *found = NULL;

	for (struct pptp_call *c = t->calls; c < t->calls + t->call_count; c++) {
		if (!knows(c, side) || (seen ? c->seen : c->own)[side] != id || !(role_of(c, t->dir) & roles))
			continue;
		if (!found || found->state == C_FAILED)
			found = c;
	}
	return found;
}

/* By the sender's own id. */
static struct pptp_call *find_own(struct pptp_turn *t, uint8_t roles)
{
	return find(t, t->dir, call_id(t, t->m->own), false, roles);
}

/* May its ids be used anew before its end was seen? */
static bool gives_way(const struct pptp_call *c)
{
	return c->state >= C_CLEARING || c->flags & CALL_STALE;
}

static void release(const struct pptp_turn *t, struct pptp_call *c)
{
	if (c->state != C_FAILED) /* else it was */
		t->ops->withdraw(t->help, 0, c->tag, true);
	memset(c, 0, sizeof(*c));
}

/* It opens nothing any more. */
static void fail(const struct pptp_turn *t, struct pptp_call *c)
{
	t->ops->withdraw(t->help, 0, c->tag, false);
	c->state = C_FAILED;
}

/* Room for a new call; NULL: there is none. Failed ones are remembered only as long as there is room. */
static struct pptp_call *take(const struct pptp_turn *t, uint8_t pns, unsigned flags)
{
	struct pptp_call *c = NULL;

	for (uint32_t i = 0; i < t->call_count && !(c && c->state == C_FREE); i++) {
		if (t->calls[i].state == C_FREE || (!c && t->calls[i].state == C_FAILED))
			c = &t->calls[i];
	}
	if (!c) {
		remark(t, CODE_CALLS_FULL, 0, NULL);
		return NULL;
	}
	memset(c, 0, sizeof(*c));
	c->tag = t->s->tag = t->s->tag % (USHER_ALL_TAGS - 1) + 1;
	c->pns = pns;
	c->flags = (uint8_t)(flags | (t->s->flags & PPTP_DOUBT ? CALL_DOUBT : 0u));
	return c;
}

/* The sender's own id, and the name by which the other side will know it. */
static bool learn(struct pptp_turn *t, struct pptp_call *c)
{
	struct usher_map map = { .side = t->dir, .protocol = USHER_GRE, .tag = c->tag };
	struct usher_endpoint seen = { 0 };
	struct pptp_call *other = find_own(t, EITHER);

	if (other && other != c) {
		if (!gives_way(other)) {
			remark(t, CODE_ID_IN_USE, other->state, call_names);
			return false;
		}
		release(t, other);
	}
	map.at.key = call_id(t, t->m->own);
	if (t->ops->map(t->help, &map, &seen) != USHER_OK) {
		remark(t, CODE_NO_CALL_ID, c->state, call_names);
		return false;
	}
	c->own[t->dir] = (uint16_t)map.at.key;
	c->seen[t->dir] = (uint16_t)seen.key;
	c->flags |= (uint8_t)(CALL_KNOWN << t->dir);
	return true;
}

static void put_id(uint8_t *ids, uint8_t at, uint16_t id)
{
	ids[at - HEADER] = (uint8_t)(id >> 8);
	ids[at - HEADER + 1] = (uint8_t)id;
}

/* The ids in the message as its receiver knows them. They lie side by side: one edit has both, all or nothing. */
static bool translate(const struct pptp_turn *t, const struct pptp_call *c)
{
	uint8_t ids[4], len = t->own_at && t->peer_at ? 4 : 2;

	memcpy(ids, t->r->data + HEADER, len);
	if (t->own_at && knows(c, t->dir))
		put_id(ids, t->own_at, c->seen[t->dir]);
	if (t->peer_at)
		put_id(ids, t->peer_at, c->own[!t->dir]);
	if (memcmp(ids, t->r->data + HEADER, len) == 0 || t->ops->edit(t->help, HEADER, len, ids, len) == USHER_OK)
		return true;
	remark(t, CODE_NOT_EDITED, c->state, call_names);
	return false;
}

/* ---- A message and its call ---- */

/* A request begins a call or repeats itself. */
static struct pptp_call *asked(struct pptp_turn *t)
{
	struct pptp_call *c = find_own(t, EITHER);

	if (c && !gives_way(c))
		return c;
	if (c)
		release(t, c);
	return t->event == E_IN_ASK ? take(t, !t->dir, CALL_INCOMING) : take(t, t->dir, 0);
}

/* A reply whose request may have been lost. In a replay it counts, doubtfully, as if the request had been seen: it has both ids. */
static struct pptp_call *supposed(struct pptp_turn *t)
{
	struct pptp_call *c;

	if (t->event != E_OUT_OK || t->s->session != S_UP || !(t->s->flags & PPTP_LOST) ||
	    t->ops->option(t->help, USHER_HELP_LIVE))
		return NULL;
	c = take(t, !t->dir, CALL_DOUBT | (unsigned)CALL_KNOWN << !t->dir);
	if (c) {
		c->state = C_OUT_ASKED;
		c->own[!t->dir] = c->seen[!t->dir] = call_id(t, t->m->peer);
	}
	return c;
}

/* By the receiver's id, as the sender knows it. If the sender names his own, too, it must be what it was. */
static struct pptp_call *addressed(struct pptp_turn *t)
{
	struct pptp_call *c = find(t, !t->dir, call_id(t, t->m->peer), true, t->m->who);

	if (c && t->m->own && knows(c, t->dir) && c->own[t->dir] != call_id(t, t->m->own))
		return NULL;
	return c ? c : supposed(t);
}

/* A disconnect has the PAC's own id (2.13). Some write the PNS's: that counts if the PAC has none such. */
static struct pptp_call *ending(struct pptp_turn *t)
{
	struct pptp_call *c = find_own(t, PAC);

	if (c)
		return c;
	c = find(t, !t->dir, call_id(t, t->m->own), true, PAC);
	if (!c)
		return NULL;
	remark(t, CODE_PEER_ID, c->state, call_names);
	t->peer_at = t->own_at;
	t->own_at = 0;
	return c;
}

static struct pptp_call *call_of(struct pptp_turn *t)
{
	if (t->event == E_OUT_ASK || t->event == E_IN_ASK)
		return asked(t);
	if (t->event == E_END)
		return ending(t);
	return t->m->peer ? addressed(t) : find_own(t, t->m->who);
}

static void call_message(struct pptp_turn *t)
{
	struct pptp_call *c = call_of(t);
	uint8_t state = c ? c->state : C_FREE;
	const struct pptp_row *row = &call_rows[state][t->event];
	bool makes_sense = row->action != C_UNEXPECTED;
	bool learns = makes_sense && (row->action == C_LEARN || row->action == C_LEARN_OPEN);
	bool opened = state == C_CONNECTED || state == C_CLEARING;

	if (!makes_sense)
		unexpected(t, CODE_UNASKED, state, call_names);
	if (!c) /* or there was no room for it, which was said */
		return;
	if ((learns && !learn(t, c)) || (state != C_FAILED && !translate(t, c) && makes_sense && !opened)) {
		fail(t, c); /* only what was opened rightly is not lost for want of an edit */
		return;
	}
	if (!makes_sense)
		return;
	if (row->action == C_LEARN_OPEN || row->action == C_OPEN)
		announce(t, c, CODE_NONE);
	else if (row->action == C_CLOSE)
		fail(t, c);
	else if (row->action == C_END)
		release(t, c);
	c->state = row->next;
}

static void message(struct pptp_turn *t)
{
	uint8_t state = t->s->session;
	uint8_t event = t->event < E_CALLS ? t->event : E_CALLS;
	const struct pptp_call *late;
	const struct pptp_row *row = &session_rows[state][event][t->dir == t->s->asker ? BY_ASKER : BY_OTHER];

	if (row->action == S_UNEXPECTED) {
		unexpected(t, CODE_NO_SESSION, state, session_names);
		late = state == S_STOPPED && event == E_CALLS ? (t->m->own ? find_own(t, EITHER) : addressed(t)) : NULL;
		(void)(late && translate(t, late));
		return;
	}
	t->s->session = row->next;
	if (row->action == S_CALL) {
		call_message(t);
	} else if (row->action == S_ASK) {
		t->s->asker = t->dir;
	} else if (row->action == S_REFRESH) {
		(void)t->ops->refresh(t->help, 0, USHER_ALL_TAGS);
	} else if (row->action == S_FORGET) {
		t->ops->withdraw(t->help, 0, USHER_ALL_TAGS, true);
		for (uint32_t i = 0; i < t->call_count; i++) /* what crosses the stop on its way still bears their ids */
			t->calls[i].state = t->calls[i].state == C_FREE ? C_FREE : C_FAILED;
	}
	if (t->event == E_START_OK)
		t->s->flags &= (uint8_t)~PPTP_DOUBT;
}

/* ---- The header: RFC 2637 1.4 ---- */

struct header {
	uint32_t len;
	uint16_t code;  /* why it is none; CODE_NONE: it is one, or may become one */
	uint8_t type;   /* 1 to 15; 0: unknown */
	bool whole;     /* all of it that is judged was there */
};

/* Its fields are judged in their order, and only whole ones: so it is all one in which pieces they come. */
static struct header read_header(const uint8_t *head, uint32_t have)
{
	struct usher_cursor c = usher_cursor(head, have);
	struct header h = { .len = usher_cursor_be16(&c) };
	uint32_t message_type, value;

	if (!c.bad && (h.len < HEADER || h.len > LENGTH_MAX))
		h.code = CODE_BAD_LENGTH;
	message_type = usher_cursor_be16(&c);
	if (!c.bad && !h.code && message_type != 1 && message_type != 2)
		h.code = CODE_BAD_MESSAGE_TYPE;
	value = usher_cursor_be32(&c);
	if (!c.bad && !h.code && value != COOKIE)
		h.code = CODE_BAD_COOKIE;
	value = usher_cursor_be16(&c);
	h.whole = !c.bad;
	if (message_type == 1 && value < TYPES) /* of management messages (2) none is defined */
		h.type = (uint8_t)value;
	if (!h.code && h.type && h.len != pptp_messages[h.type].len)
		h.code = CODE_BAD_LENGTH;
	return h;
}

/* ---- The contract's functions ---- */

static int32_t pptp_frame(const void *state, uint8_t dir, const uint8_t *head, uint32_t have)
{
	const struct pptp_state *s = state;
	struct header h = read_header(head, have);
	uint32_t skip = 0;

	if (!(s->flags & PPTP_UNSYNCED << dir)) {
		if (h.code) /* hand over what is there, so that pptp_record ends the reading */
			return (int32_t)(have < HEADER ? have : HEADER);
		return h.whole ? (int32_t)h.len : 0;
	}
	while (skip < have && (h.code || (h.whole && !h.type))) { /* only a known message is one to set out from */
		skip++;
		h = read_header(head + skip, have - skip);
	}
	if (skip)
		return -(int32_t)skip;
	return h.whole ? (int32_t)h.len : 0;
}

/* All messages that have call ids. */
static bool pptp_may_edit(const void *state, uint8_t dir, const uint8_t *head, uint32_t have)
{
	const struct pptp_state *s = state;
	struct header h = read_header(head, have);

	(void)dir;
	if (s->flags & PPTP_ENDED || h.code)
		return false;
	return !h.whole || (h.type && pptp_messages[h.type].event >= E_CALLS);
}

static int pptp_record(struct usher_help *help, const struct usher_help_ops *ops, void *state, const struct usher_record *r)
{
	struct header h = read_header(r->data, r->len);
	struct pptp_turn t = { .help = help, .ops = ops, .r = r, .s = state, .m = &pptp_messages[0], .dir = r->dir };

	if (t.s->flags & PPTP_ENDED)
		return 0;
	t.s->flags &= (uint8_t)~(PPTP_UNSYNCED << r->dir);
	if (h.code || !h.whole || (h.type && h.len != r->len)) { /* nobody knows where the next message begins */
		report(&t, h.code ? h.code : CODE_BAD_LENGTH);
		t.s->flags |= PPTP_ENDED;
		ops->done(help, r->flags & USHER_RECORD_FIRST); /* then it is no PPTP; where it was picked up it begins with one */
		return 0;
	}
	t.type = h.type;
	if (!h.type) {
		report(&t, CODE_UNKNOWN_TYPE);
		return 0;
	}
	t.m = &pptp_messages[h.type];
	t.calls = (struct pptp_call *)(void *)(t.s + 1);
	t.call_count = ops->items(help);
	t.event = (uint8_t)(t.m->event + (t.m->result && number(r, t.m->result, 1) != 1));
	t.own_at = t.m->own;
	t.peer_at = t.m->peer;
	report(&t, t.type);
	message(&t);
	return 0;
}

/*
 * What was lost may have been any message: the end of a call, or, in a capture, the beginning of the session. Live nothing is
 * assumed of a session whose beginning was lost: what somebody makes us lose must not help him.
 */
static void pptp_gap(struct usher_help *help, const struct usher_help_ops *ops, void *state, uint8_t dir, uint32_t len)
{
	struct pptp_state *s = state;
	struct pptp_call *calls = (struct pptp_call *)(void *)(s + 1);

	if (s->flags & PPTP_ENDED)
		return;
	s->flags |= (uint8_t)(PPTP_UNSYNCED << dir | PPTP_LOST);
	if (!len) {
		s->session = S_ASSUMED;
		return;
	}
	ops->note(help, CODE_GAP, NULL, 0);
	for (uint32_t i = 0, count = ops->items(help); i < count; i++)
		calls[i].flags |= calls[i].state == C_FREE ? 0 : CALL_STALE;
	if (s->session < S_UP && !ops->option(help, USHER_HELP_LIVE)) {
		s->session = S_ASSUMED;
		s->flags |= PPTP_DOUBT;
	}
}

static bool check_call(const struct pptp_call *c)
{
	if (c->state >= C_COUNT || c->pns > USHER_SERVER || c->flags > CALL_FLAGS || c->spare)
		return false;
	if (c->state != C_FREE && (!c->tag || c->tag == USHER_ALL_TAGS))
		return false;
	if (c->state == C_IN_ANSWERED || c->state == C_CONNECTED || c->state == C_CLEARING)
		return knows(c, USHER_CLIENT) && knows(c, USHER_SERVER);
	return c->state == C_FREE ? !c->flags : c->state == C_FAILED || knows(c, c->flags & CALL_INCOMING ? !c->pns : c->pns);
}

static bool pptp_check(const void *state, uint32_t len)
{
	struct pptp_state s;
	struct pptp_call c;

	if (len < sizeof(s) || (len - sizeof(s)) % sizeof(c))
		return false;
	memcpy(&s, state, sizeof(s));
	if (s.session >= S_COUNT || s.flags > PPTP_FLAGS || s.asker > USHER_SERVER || s.spare)
		return false;
	for (uint32_t at = sizeof(s); at < len; at += (uint32_t)sizeof(c)) {
		memcpy(&c, (const uint8_t *)state + at, sizeof(c));
		if (!check_call(&c))
			return false;
	}
	return true;
}

static const uint16_t pptp_ports[] = { 1723, 0 };

/* How many calls there may be is configured (items): no announcement takes another's place. */
static const struct usher_class pptp_classes[] = {
	{ .name = "calls", .max = 65535, .timeout_s = USHER_EXPECT_FOREVER }, { .name = NULL } };

const struct usher_helper usher__helper_pptp = {
	.abi = USHER_HELPER_ABI, .name = "pptp", .protocol = USHER_TCP, .ports = pptp_ports, .record_max = RECORD_MAX,
	.state_size = sizeof(struct pptp_state), .state_version = 1, .item_size = sizeof(struct pptp_call), .item_default = 64,
	.classes = pptp_classes, .notes = pptp_notes,
	.frame = pptp_frame, .may_edit = pptp_may_edit, .record = pptp_record, .gap = pptp_gap, .check = pptp_check
};
