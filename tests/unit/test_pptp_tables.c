/*
 * The PPTP helper's tables, walked whole: every field of every message where RFC 2637 2 has it, every word, every state of the
 * session and of a call x every message x either sender. What a walk must find is written down here as data; what is not
 * written down must be unexpected: said so, and nothing changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/pptp_peer.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static const struct usher_helper *pptp;

/* ---- Messages ---- */

struct message_row {
	const char *section, *note;
	uint8_t type;
	uint16_t len;
	const char *fields; /* "name@offset+size", in their order; "-@offset+size" is reserved */
};

static const struct message_row message_rows[] = {
	{ "2.1", "start-session-request", 1, 156,
	  "version@12+2 -@14+2 framing@16+4 bearer@20+4 max_channels@24+2 firmware@26+2 host@28+64 vendor@92+64" },
	{ "2.2", "start-session-reply", 2, 156,
	  "version@12+2 result@14+1 error@15+1 framing@16+4 bearer@20+4 max_channels@24+2 firmware@26+2 host@28+64 vendor@92+64" },
	{ "2.3", "stop-session-request", 3, 16, "reason@12+1 -@13+1 -@14+2" },
	{ "2.4", "stop-session-reply", 4, 16, "result@12+1 error@13+1 -@14+2" },
	{ "2.5", "echo-request", 5, 16, "identifier@12+4" },
	{ "2.6", "echo-reply", 6, 20, "identifier@12+4 result@16+1 error@17+1 -@18+2" },
	{ "2.7", "out-call-request", 7, 168,
	  "call_id@12+2 serial@14+2 min_bps@16+4 max_bps@20+4 bearer@24+4 framing@28+4 window@32+2 delay@34+2 -@38+2 number@40+64 "
	  "subaddress@104+64" },
	{ "2.8", "out-call-reply", 8, 32,
	  "call_id@12+2 peer_call_id@14+2 result@16+1 error@17+1 cause@18+2 connect_speed@20+4 window@24+2 delay@26+2 "
	  "channel@28+4" },
	{ "2.9", "in-call-request", 9, 220,
	  "call_id@12+2 serial@14+2 bearer@16+4 channel@20+4 dialed_number@28+64 dialing_number@92+64 subaddress@156+64" },
	{ "2.10", "in-call-reply", 10, 24, "call_id@12+2 peer_call_id@14+2 result@16+1 error@17+1 window@18+2 delay@20+2 -@22+2" },
	{ "2.11", "in-call-connect", 11, 28, "peer_call_id@12+2 -@14+2 connect_speed@16+4 window@20+2 delay@22+2 framing@24+4" },
	{ "2.12", "call-clear-request", 12, 16, "call_id@12+2 -@14+2" },
	{ "2.13", "call-disconnect-notify", 13, 148, "call_id@12+2 result@14+1 error@15+1 cause@16+2 -@18+2 statistics@20+128" },
	{ "2.14", "wan-error-notify", 14, 40,
	  "peer_call_id@12+2 -@14+2 crc_errors@16+4 framing_errors@20+4 hardware_overruns@24+4 buffer_overruns@28+4 "
	  "timeout_errors@32+4 alignment_errors@36+4" },
	{ "2.15", "set-link-info", 15, 24, "peer_call_id@12+2 -@14+2 send_accm@16+4 receive_accm@20+4" },
};

/* A message with zeros in it. */
static uint32_t blank(uint8_t *to, uint8_t type, uint32_t len)
{
	memset(to, 0, len);
	peer_put(to, len, 2);
	peer_put(to + 2, 1, 2);
	peer_put(to + 4, 0x1a2b3c4d, 4);
	peer_put(to + 8, type, 2);
	return len;
}

/* Hand it over; the note of the message itself comes back. *reserved: it was said to have a reserved field that is not zero. */
static const char *note_of(const uint8_t *bytes, uint32_t len, bool *reserved)
{
	static char note[RECORDER_LINE_LEN];
	struct recorder *r = recorder_new(pptp, USHER_IPV4, 1723);

	recorder_say(r, USHER_CLIENT, bytes, len);
	assert_true(r->line_count > 0);
	snprintf(note, sizeof(note), "%s", r->lines[0]);
	*reserved = r->line_count > 1 && strncmp(r->lines[1], "note reserved-not-zero", 22) == 0;
	recorder_free(r);
	return note;
}

/* Each byte of a field alone, and what is said then; each field is there, in its place, and no other is. */
static void check_field(const struct message_row *row, const char *name, unsigned at, unsigned size)
{
	char wanted[64];
	uint8_t bytes[256];
	bool reserved;
	const char *note, *found;

	for (unsigned i = 0; i < (size > 4 ? 1 : size); i++) {
		uint32_t len = blank(bytes, row->type, row->len);

		bytes[at + i] = size > 4 ? 'x' : 2;
		note = note_of(bytes, len, &reserved);
		assert_int_equal(reserved, name[0] == '-');
		if (size > 4)
			snprintf(wanted, sizeof(wanted), " %s=\"x\"", name);
		else
			snprintf(wanted, sizeof(wanted), " %s=%u", name, 2u << 8 * (size - 1 - i));
		found = strstr(note, wanted);
		if ((name[0] == '-') != !found || (found && size <= 4 && found[strlen(wanted)] != ' ' && found[strlen(wanted)]))
			fail_msg("%s %s, byte %u: wanted%s in: %s", row->section, name, at + i, wanted, note);
	}
}

static void test_messages(void **state)
{
	uint8_t bytes[256];
	bool reserved;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(message_rows); i++) {
		const struct message_row *row = &message_rows[i];
		unsigned at, size, fields = 0, equals = 0;
		const char *note, *f;
		char name[32];
		int used;

		for (f = row->fields; sscanf(f, " %31[^@]@%u+%u%n", name, &at, &size, &used) == 3; f += used) {
			check_field(row, name, at, size);
			fields += name[0] != '-';
		}
		assert_int_equal(*f, '\0');
		note = note_of(bytes, blank(bytes, row->type, row->len), &reserved);
		assert_false(reserved);
		for (f = note; *f; f++)
			equals += *f == '=';
		if (strstr(note, "call_id="))
			fields += strstr(note, " calls_in_use=0") != NULL;
		assert_int_equal(equals, fields); /* and none besides */
		assert_int_equal(strncmp(note, "note ", 5), 0);
		assert_int_equal(strncmp(note + 5, row->note, strlen(row->note)), 0);
		bytes[11] = 1; /* reserved0, of every header */
		(void)note_of(bytes, row->len, &reserved);
		assert_true(reserved);
	}
}

/* No other length than its own is any message's; others go unread if they are no known type. */
static void test_lengths(void **state)
{
	uint8_t bytes[2048];

	(void)state;
	for (uint8_t type = 0; type <= 17; type++) {
		for (uint32_t len = 0; len < 1200; len++) {
			struct recorder *r = recorder_new(pptp, USHER_IPV4, 1723);
			bool known = type >= 1 && type <= 15, good;

			blank(bytes, type, len < 16 ? 16 : len);
			peer_put(bytes, len, 2);
			good = known ? len == message_rows[type - 1].len : len >= 12 && len <= 1024;
			recorder_say(r, USHER_CLIENT, bytes, len < 12 ? 12 : len);
			assert_int_equal(r->done, !good);
			if (!good)
				assert_int_equal(strncmp(r->lines[0], "note bad-length", 15), 0);
			else if (!known)
				assert_int_equal(strncmp(r->lines[0], "note unknown-type", 17), 0);
			recorder_free(r);
		}
	}
}

struct word_row {
	uint8_t type, at;
	const char *words[8]; /* of 0, 1, ... */
};

#define ERRORS { "none", "not-connected", "bad-format", "bad-value", "no-resource", "bad-call id", "pac-error" }
#define BEARERS { NULL, "analog", "digital", "either" }
#define FRAMINGS { NULL, "asynchronous", "synchronous", "either" }
#define OK_RESULTS { NULL, "ok", "general error" }

static const struct word_row word_rows[] = {
	{ 2, 14,
	  { NULL, "successful channel establishment", "general error", "command channel already exists",
	    "requester is not authorized",
	    "protocol version not supported" } },
	{ 3, 12, { NULL, "none", "stop-protocol", "stop-local-shutdown" } },
	{ 4, 12, OK_RESULTS },
	{ 6, 16, OK_RESULTS },
	{ 8, 16, { NULL, "connected", "general error", "no carrier", "busy", "no dial tone", "time-out", "do not accept" } },
	{ 10, 16, { NULL, "connect", "general error", "do not accept" } },
	{ 13, 14, { NULL, "lost carrier", "general error", "admin shutdown", "request" } },
	{ 2, 15, ERRORS }, { 4, 13, ERRORS }, { 6, 17, ERRORS }, { 8, 17, ERRORS }, { 10, 17, ERRORS }, { 13, 15, ERRORS },
	{ 1, 23, BEARERS }, { 2, 23, BEARERS }, { 7, 27, BEARERS }, { 9, 19, BEARERS },
	{ 1, 19, FRAMINGS }, { 2, 19, FRAMINGS }, { 7, 31, FRAMINGS }, { 11, 27, FRAMINGS },
};

static void test_words(void **state)
{
	uint8_t bytes[256];
	char wanted[80];
	bool reserved;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(word_rows); i++) {
		const struct word_row *row = &word_rows[i];

		for (unsigned value = 0; value < 256; value++) {
			const char *word = value < 8 ? row->words[value] : NULL, *note, *found;
			uint32_t len = blank(bytes, row->type, message_rows[row->type - 1].len);

			bytes[row->at] = (uint8_t)value;
			note = note_of(bytes, len, &reserved);
			snprintf(wanted, sizeof(wanted), "=%u (%s)", value, word ? word : "");
			found = strstr(note, wanted);
			if (word && !found)
				fail_msg("type %u: no%s in %s", row->type, wanted, note);
			snprintf(wanted, sizeof(wanted), "=%u (", value);
			if (!word && value && strstr(note, wanted)) /* 0 is "none" of the error beside it */
				fail_msg("type %u: %u has a word in %s", row->type, value, note);
		}
	}
}

/* Text ends at its NUL, or after its field. */
static void test_text(void **state)
{
	uint8_t bytes[256];
	bool reserved;
	const char *note;

	(void)state;
	blank(bytes, 1, 156);
	memset(bytes + 28, 'h', 64);
	memcpy(bytes + 92, "v\0w", 3);
	note = note_of(bytes, 156, &reserved);
	assert_non_null(strstr(note, " host=\"hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh\" vendor=\"v\""));
}

/* ---- The session ---- */

enum { IDLE, ASKED, CROSSED, UP, ASSUMED, FAILED, STOPPED }; /* as in struct pptp_state */

struct session_setup {
	const char *name;
	uint8_t state, asker;
	bool picked_up;
	const char *steps[6];
};

static const struct session_setup session_setups[] = {
	{ "idle", IDLE, 0, false, { NULL } },
	{ "asked C", ASKED, 0, false, { "C SCCRQ" } },
	{ "asked S", ASKED, 1, false, { "S SCCRQ" } },
	{ "crossed", CROSSED, 0, false, { "C SCCRQ", "S SCCRQ" } },
	{ "up", UP, 0, false, { "C SCCRQ", "S SCCRP" } },
	{ "assumed", ASSUMED, 0, true, { NULL } },
	{ "failed", FAILED, 0, false, { "C SCCRQ", "S SCCRP 2" } },
	{ "stopped", STOPPED, 0, false, { "C SCCRQ", "S SCCRP", "C STOPRQ" } },
};

static const char *const session_messages[] = {
	"SCCRQ", "SCCRP", "SCCRP 2", "SCCRP 0", "STOPRQ", "STOPRP", "STOPRP 2", "ECHORQ", "ECHORP", "OCRQ 50"
};

struct session_move {
	const char *from, *message, *by; /* by: "C", "S" or "CS" */
	const char *to;                  /* a setup with this state and asker */
	const char *effect;              /* of the recorder's lines; NULL: none */
};

#define FORGET "withdraw all and children"

static const struct session_move session_moves[] = {
	{ "idle", "SCCRQ", "C", "asked C", NULL }, { "idle", "SCCRQ", "S", "asked S", NULL },
	{ "asked C", "SCCRQ", "C", "asked C", NULL }, { "asked C", "SCCRQ", "S", "crossed", NULL },
	{ "asked C", "SCCRP", "S", "up", NULL }, { "asked C", "SCCRP 2", "S", "failed", NULL },
	{ "asked C", "SCCRP 0", "S", "failed", NULL }, { "asked C", "OCRQ 50", "C", "asked C", NULL },
	{ "asked C", "STOPRQ", "CS", "stopped", FORGET },
	{ "asked S", "SCCRQ", "S", "asked S", NULL }, { "asked S", "SCCRQ", "C", "crossed", NULL },
	{ "asked S", "SCCRP", "C", "up", NULL }, { "asked S", "SCCRP 2", "C", "failed", NULL },
	{ "asked S", "SCCRP 0", "C", "failed", NULL }, { "asked S", "OCRQ 50", "S", "asked S", NULL },
	{ "asked S", "STOPRQ", "CS", "stopped", FORGET },
	{ "crossed", "SCCRQ", "CS", "crossed", NULL }, { "crossed", "SCCRP", "CS", "up", NULL },
	{ "crossed", "SCCRP 2", "C", "asked C", NULL }, { "crossed", "SCCRP 2", "S", "asked S", NULL },
	{ "crossed", "SCCRP 0", "C", "asked C", NULL }, { "crossed", "SCCRP 0", "S", "asked S", NULL },
	{ "crossed", "STOPRQ", "CS", "stopped", FORGET },
	{ "up", "STOPRQ", "CS", "stopped", FORGET }, { "up", "ECHORQ", "CS", "up", "refresh all" },
	{ "up", "ECHORP", "CS", "up", "refresh all" }, { "up", "OCRQ 50", "CS", "up", NULL },
	{ "assumed", "SCCRQ", "C", "asked C", NULL }, { "assumed", "SCCRQ", "S", "asked S", NULL },
	{ "assumed", "SCCRP", "CS", "up", NULL }, { "assumed", "SCCRP 2", "CS", "failed", NULL },
	{ "assumed", "SCCRP 0", "CS", "failed", NULL }, { "assumed", "STOPRQ", "CS", "stopped", FORGET },
	{ "assumed", "STOPRP", "CS", "stopped", FORGET }, { "assumed", "STOPRP 2", "CS", "stopped", FORGET },
	{ "assumed", "ECHORQ", "CS", "up", "refresh all" }, { "assumed", "ECHORP", "CS", "up", "refresh all" },
	{ "assumed", "OCRQ 50", "CS", "up", NULL },
	{ "failed", "STOPRQ", "CS", "stopped", FORGET },
	{ "stopped", "STOPRQ", "CS", "stopped", NULL }, { "stopped", "STOPRP", "CS", "stopped", NULL },
	{ "stopped", "STOPRP 2", "CS", "stopped", NULL },
};

static const struct session_move *session_move(const char *from, const char *message, char by)
{
	for (size_t i = 0; i < COUNT_OF(session_moves); i++) {
		const struct session_move *m = &session_moves[i];

		if (strcmp(m->from, from) == 0 && strcmp(m->message, message) == 0 && strchr(m->by, by))
			return m;
	}
	return NULL;
}

static const struct session_setup *session_setup(const char *name)
{
	size_t i = 0;

	while (strcmp(session_setups[i].name, name) != 0)
		i++;
	return &session_setups[i];
}

static struct recorder *in_session(const struct session_setup *setup)
{
	struct recorder *r = recorder_new(pptp, USHER_IPV4, 1723);

	r->picked_up = setup->picked_up;
	r->live = true;
	recorder_open(r);
	for (size_t i = 0; setup->steps[i]; i++)
		peer_say(r, setup->steps[i], PEER_BYTES);
	assert_int_equal(((uint8_t *)r->state)[4], setup->state);
	recorder_clear(r);
	return r;
}

static void session_step(const struct session_setup *from, const char *message, char by)
{
	const struct session_move *move = session_move(from->name, message, by);
	const struct session_setup *to = move ? session_setup(move->to) : from;
	struct recorder *r = in_session(from);
	uint8_t *bytes = (uint8_t *)r->state, before[8 + 64 * 16];
	const char *wanted = move ? move->effect : "note unexpected-message", *got;
	char step[32];

	memcpy(before, bytes, sizeof(before));
	snprintf(step, sizeof(step), "%c %s", by, message);
	peer_say(r, step, PEER_BYTES);
	got = peer_next(r, wanted);
	if (wanted ? !peer_same(wanted, got) : got != NULL)
		fail_msg("%s, %s: %s", from->name, step, got ? got : "nothing");
	assert_null(peer_next(r, NULL));
	if (bytes[4] != to->state || (to->state == ASKED && bytes[5] != to->asker))
		fail_msg("%s, %s: state %u", from->name, step, bytes[4]);
	before[6] = bytes[6]; /* where messages begin */
	if (!move && memcmp(before, bytes, sizeof(before)) != 0)
		fail_msg("%s, %s: something changed", from->name, step);
	recorder_free(r);
}

static void test_session(void **state)
{
	(void)state;
	for (size_t s = 0; s < COUNT_OF(session_setups); s++) {
		for (size_t m = 0; m < COUNT_OF(session_messages); m++) {
			session_step(&session_setups[s], session_messages[m], 'C');
			session_step(&session_setups[s], session_messages[m], 'S');
		}
	}
}

/* ---- A call ---- */

enum { FREE, OUT_ASKED, IN_ASKED, IN_ANSWERED, CONNECTED, CLEARING, OUT_ABORTING, IN_ABORTING,
	CALL_FAILED }; /* as in struct pptp_call */

struct call_setup {
	const char *name;
	uint8_t state;
	const char *steps[5]; /* P says it, or A; P has the id 1, A 100 */
};

/* P is the PNS of the call, A the PAC; the walk is done twice, with either as client. */
static const struct call_setup call_setups[] = {
	{ "none", FREE, { NULL } },
	{ "out asked", OUT_ASKED, { "P OCRQ 1" } },
	{ "in asked", IN_ASKED, { "A ICRQ 100" } },
	{ "in answered", IN_ANSWERED, { "A ICRQ 100", "P ICRP 1 100" } },
	{ "out connected", CONNECTED, { "P OCRQ 1", "A OCRP 100 1" } },
	{ "in connected", CONNECTED, { "A ICRQ 100", "P ICRP 1 100", "A ICCN 1" } },
	{ "out clearing", CLEARING, { "P OCRQ 1", "A OCRP 100 1", "P CCRQ 1" } },
	{ "in clearing", CLEARING, { "A ICRQ 100", "P ICRP 1 100", "A ICCN 1", "P CCRQ 1" } },
	{ "out aborting", OUT_ABORTING, { "P OCRQ 1", "P CCRQ 1" } },
	{ "in aborting", IN_ABORTING, { "A ICRQ 100", "P ICRP 1 100", "P CCRQ 1" } },
	{ "out failed", CALL_FAILED, { "P OCRQ 1", "A OCRP 100 1 2" } },
	{ "in failed", CALL_FAILED, { "A ICRQ 100", "P ICRP 1 100 3" } },
};

/* Each is said by P and by A; # is the sender's own id, ~ the other's. */
static const char *const call_messages[] = {
	"OCRQ #", "OCRP # ~", "OCRP # ~ 2", "ICRQ #", "ICRP # ~", "ICRP # ~ 3", "ICCN ~", "CCRQ #", "CDN #", "CDN ~", "WEN ~",
	"SLI ~"
};

struct call_move {
	const char *from; /* up to its end, or to a star */
	const char *message;
	uint8_t to, another; /* the call's state then; that of a second call */
	const char *effect;  /* lines, with " | " between */
};

#define OPEN_OUT "outgoing-call P A"
#define OPEN_IN "incoming-call P A"
#define GONE "withdraw UNKNOWN"
#define GONE_ALL "withdraw UNKNOWN and children"
#define CLOSED "withdraw P A and children"
#define BY_PEER "note disconnect-peer-id"

static const struct call_move call_moves[] = {
	/* a request of a side that has the id in no call begins one, whatever else there is */
	{ "none", "P OCRQ #", OUT_ASKED, 0, NULL }, { "none", "A OCRQ #", OUT_ASKED, 0, NULL },
	{ "none", "P ICRQ #", IN_ASKED, 0, NULL }, { "none", "A ICRQ #", IN_ASKED, 0, NULL },
	{ "out asked", "A OCRQ #", OUT_ASKED, OUT_ASKED, NULL }, { "out asked", "A ICRQ #", OUT_ASKED, IN_ASKED, NULL },
	{ "in asked", "P OCRQ #", IN_ASKED, OUT_ASKED, NULL }, { "in asked", "P ICRQ #", IN_ASKED, IN_ASKED, NULL },
	{ "out aborting", "A OCRQ #", OUT_ABORTING, OUT_ASKED, NULL }, { "out aborting", "A ICRQ #", OUT_ABORTING, IN_ASKED, NULL },
	{ "out failed", "A OCRQ #", CALL_FAILED, OUT_ASKED, NULL }, { "out failed", "A ICRQ #", CALL_FAILED, IN_ASKED, NULL },
	{ "in failed", "P OCRQ #", CALL_FAILED, OUT_ASKED, NULL }, { "in failed", "P ICRQ #", CALL_FAILED, IN_ASKED, NULL },
	/* an id whose call is over, or nearly so, is used anew */
	{ "out clearing", "P OCRQ #", OUT_ASKED, 0, CLOSED }, { "out clearing", "P ICRQ #", IN_ASKED, 0, CLOSED },
	{ "out clearing", "A OCRQ #", OUT_ASKED, 0, CLOSED }, { "out clearing", "A ICRQ #", IN_ASKED, 0, CLOSED },
	{ "in clearing", "P OCRQ #", OUT_ASKED, 0, CLOSED }, { "in clearing", "P ICRQ #", IN_ASKED, 0, CLOSED },
	{ "in clearing", "A OCRQ #", OUT_ASKED, 0, CLOSED }, { "in clearing", "A ICRQ #", IN_ASKED, 0, CLOSED },
	{ "out aborting", "P OCRQ #", OUT_ASKED, 0, GONE_ALL }, { "out aborting", "P ICRQ #", IN_ASKED, 0, GONE_ALL },
	{ "in aborting", "P OCRQ #", OUT_ASKED, 0, GONE_ALL }, { "in aborting", "P ICRQ #", IN_ASKED, 0, GONE_ALL },
	{ "in aborting", "A OCRQ #", OUT_ASKED, 0, GONE_ALL }, { "in aborting", "A ICRQ #", IN_ASKED, 0, GONE_ALL },
	{ "out failed", "P OCRQ #", OUT_ASKED, 0, NULL }, { "out failed", "P ICRQ #", IN_ASKED, 0, NULL },
	{ "in failed", "A OCRQ #", OUT_ASKED, 0, NULL }, { "in failed", "A ICRQ #", IN_ASKED, 0, NULL },
	/* outgoing */
	{ "out asked", "P OCRQ #", OUT_ASKED, 0, NULL },
	{ "out asked", "A OCRP # ~", CONNECTED, 0, OPEN_OUT },
	{ "out asked", "A OCRP # ~ 2", CALL_FAILED, 0, GONE },
	{ "out asked", "P CCRQ #", OUT_ABORTING, 0, NULL },
	{ "out asked", "A CDN ~", FREE, 0, BY_PEER " | " GONE_ALL },
	{ "out aborting", "A OCRP # ~", OUT_ABORTING, 0, NULL },
	{ "out aborting", "A OCRP # ~ 2", CALL_FAILED, 0, GONE },
	{ "out aborting", "P CCRQ #", OUT_ABORTING, 0, NULL },
	{ "out aborting", "A CDN ~", FREE, 0, BY_PEER " | " GONE_ALL },
	{ "out failed", "P CCRQ #", CALL_FAILED, 0, NULL },
	{ "out failed", "A CDN ~", FREE, 0, BY_PEER },
	/* incoming */
	{ "in asked", "A ICRQ #", IN_ASKED, 0, NULL },
	{ "in asked", "P ICRP # ~", IN_ANSWERED, 0, NULL },
	{ "in asked", "P ICRP # ~ 3", CALL_FAILED, 0, GONE },
	{ "in asked", "A CDN #", FREE, 0, GONE_ALL },
	{ "in answered", "P ICRP # ~", IN_ANSWERED, 0, NULL },
	{ "in answered", "A ICCN ~", CONNECTED, 0, OPEN_IN },
	{ "in answered", "P CCRQ #", IN_ABORTING, 0, NULL },
	{ "in answered", "A CDN #", FREE, 0, GONE_ALL },
	{ "in answered", "A CDN ~", FREE, 0, BY_PEER " | " GONE_ALL },
	{ "in aborting", "A ICCN ~", IN_ABORTING, 0, NULL },
	{ "in aborting", "P CCRQ #", IN_ABORTING, 0, NULL },
	{ "in aborting", "A CDN #", FREE, 0, GONE_ALL },
	{ "in aborting", "A CDN ~", FREE, 0, BY_PEER " | " GONE_ALL },
	{ "in failed", "A CDN #", FREE, 0, NULL },
	/* either */
	{ "* connected", "P CCRQ #", CLEARING, 0, NULL },
	{ "* connected", "A CDN #", FREE, 0, CLOSED },
	{ "* connected", "A CDN ~", FREE, 0, BY_PEER " | " CLOSED },
	{ "* connected", "A WEN ~", CONNECTED, 0, NULL },
	{ "* connected", "A SLI ~", CONNECTED, 0, NULL },
	{ "* connected", "P SLI ~", CONNECTED, 0, NULL },
	{ "* clearing", "P CCRQ #", CLEARING, 0, NULL },
	{ "* clearing", "A CDN #", FREE, 0, CLOSED },
	{ "* clearing", "A CDN ~", FREE, 0, BY_PEER " | " CLOSED },
	{ "* clearing", "A WEN ~", CLEARING, 0, NULL },
	{ "* clearing", "A SLI ~", CLEARING, 0, NULL },
	{ "* clearing", "P SLI ~", CLEARING, 0, NULL },
};

static const struct call_move *call_move(const char *from, const char *message)
{
	for (size_t i = 0; i < COUNT_OF(call_moves); i++) {
		const struct call_move *m = &call_moves[i];
		const char *name = m->from[0] == '*' ? strchr(from, ' ') : from;

		if (name && strcmp(m->from[0] == '*' ? m->from + 1 : m->from, name) == 0 && strcmp(m->message, message) == 0)
			return m;
	}
	return NULL;
}

/* "P OCRP # ~" with letters and ids for who P is. */
static const char *cast(const char *text, bool swapped)
{
	static char step[64];
	bool by_p = text[0] == 'P';
	size_t at = 0;

	step[at++] = by_p != swapped ? 'C' : 'S';
	for (text++; *text; text++) {
		if (*text == '#' || *text == '~')
			at += (size_t)snprintf(step + at, sizeof(step) - at, "%s", (*text == '#') == by_p ? "1" : "100");
		else
			step[at++] = *text;
	}
	step[at] = '\0';
	return step;
}

/* "withdraw P A" with the two ends, the client's first. */
static const char *told(const char *effect, bool swapped, char *to, size_t size)
{
	const char *ends = strstr(effect, "P A");

	if (!ends)
		snprintf(to, size, "%s", effect);
	else
		snprintf(to, size, "%.*s%s%s", (int)(ends - effect), effect, swapped ? "*:100 *:1" : "*:1 *:100", ends + 3);
	return to;
}

/* All that was said of a message, with " | " between; the code only of notes. */
static const char *all_said(struct recorder *r, char *to, size_t size)
{
	const char *line;
	size_t at = 0;

	to[0] = '\0';
	while ((line = peer_next(r, NULL))) {
		int len = (int)strlen(line);

		if (strncmp(line, "note ", 5) == 0)
			len = 5 + (int)strcspn(line + 5, " ");
		at += (size_t)snprintf(to + at, size - at, "%s%.*s", at ? " | " : "", len, line);
	}
	return to;
}

static void call_step(const struct call_setup *from, const char *message, bool swapped)
{
	const struct call_move *move = call_move(from->name, message);
	struct recorder *r = in_session(session_setup("up"));
	uint8_t *calls = (uint8_t *)r->state + 8, before[8 + 64 * 16];
	char wanted[200], got[600];
	const char *step;
	unsigned own, peer;
	char by;

	for (size_t i = 0; from->steps[i]; i++)
		peer_say(r, cast(from->steps[i], swapped), PEER_BYTES);
	assert_int_equal(calls[12], from->state);
	recorder_clear(r);
	memcpy(before, r->state, sizeof(before));
	step = cast(message, swapped);
	peer_say(r, step, PEER_BYTES);
	if (move)
		told(move->effect ? move->effect : "", swapped, wanted, sizeof(wanted));
	else if (sscanf(step, "%c OCRP %u %u", &by, &own, &peer) == 3 && !strchr(message, '2'))
		snprintf(wanted, sizeof(wanted), "outgoing-call *:%u *:%u refused unasked", by == 'C' ? own : peer,
			 by == 'C' ? peer : own);
	else
		snprintf(wanted, sizeof(wanted), "note unexpected-message");
	if (strcmp(all_said(r, got, sizeof(got)), wanted) != 0)
		fail_msg("%s, %s: %s, not %s", from->name, step, got, wanted);
	if (move && (calls[12] != move->to || calls[16 + 12] != move->another))
		fail_msg("%s, %s: states %u, %u", from->name, step, calls[12], calls[16 + 12]);
	if (!move && memcmp(before, r->state, sizeof(before)) != 0)
		fail_msg("%s, %s: something changed", from->name, step);
	assert_true(pptp->check(r->state, sizeof(before)));
	recorder_free(r);
}

static void test_calls(void **state)
{
	char message[32];

	(void)state;
	for (size_t s = 0; s < COUNT_OF(call_setups); s++) {
		for (size_t m = 0; m < COUNT_OF(call_messages); m++) {
			for (unsigned k = 0; k < 4; k++) {
				snprintf(message, sizeof(message), "%c %s", k & 1 ? 'P' : 'A', call_messages[m]);
				call_step(&call_setups[s], message, k & 2);
			}
		}
	}
}

/* Every row that is written down is one that the walks come by. */
static void test_no_row_is_idle(void **state)
{
	size_t used = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(call_moves); i++) {
		for (size_t s = 0; s < COUNT_OF(call_setups); s++) {
			if (call_move(call_setups[s].name, call_moves[i].message) == &call_moves[i]) {
				used++;
				break;
			}
		}
	}
	assert_int_equal(used, COUNT_OF(call_moves));
	for (size_t i = 0; i < COUNT_OF(session_moves); i++)
		assert_ptr_equal(session_move(session_moves[i].from, session_moves[i].message, session_moves[i].by[0]),
			&session_moves[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages), cmocka_unit_test(test_lengths), cmocka_unit_test(test_words),
		cmocka_unit_test(test_text),     cmocka_unit_test(test_session), cmocka_unit_test(test_calls),
		cmocka_unit_test(test_no_row_is_idle),
	};

	pptp = recorder_helper("pptp");
	if (!pptp) {
		printf("1..0 # SKIP pptp is not built in\n");
		return 0;
	}
	return cmocka_run_group_tests_name("pptp_tables", tests, NULL, NULL);
}
