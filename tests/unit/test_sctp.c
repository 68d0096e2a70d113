/*
 * SCTP: the table, all states x senders x events; tags; chunks that contradict themselves; and dialogues.
 *
 * Dialogues are packets in text: "> TAG CHUNK[=TAG] [CHUNK].." is one of orig's, "<" of reply's, with the verification tag of its header
 * and for INIT and INIT-ACK the tag it tells. a and b are what orig's and reply's packets are to carry, a2, a3.. others; 0 is 0.
 * ABORT/T has the T bit. What came of it is the verdict (new, pass, by: passes and refreshes nothing, restart, or a reason), the state, the
 * time-out, and the letters of replied, assured, closed, picked up. Where the row says so, Linux 6.18 was given the same packets, and
 * said the same states and whether a packet is valid.
 */
#include "conn/sctp.h"

#include "base/be.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define A 0x11111111u
#define B 0x22222222u
#define STRANGER 0x33333333u

static const char *const reasons[] = {
#define REASON(id, name, text) [USHER_REASON_##id] = name,
	USHER_REASONS(REASON)
#undef REASON
};

static void set_defaults(struct conn_config *config)
{
	memset(config, 0, sizeof(*config));
#define TIMEOUT(id, name, seconds) config->timeout[CONN_TIMEOUT_##id] = (seconds) * USHER_SECOND;
	CONN_TIMEOUTS(TIMEOUT)
#undef TIMEOUT
}

/* ---- packets ---- */

struct packet {
	uint8_t bytes[512];
	uint32_t len, wire_len; /* from the common header on; wire_len 0: the same */
};

/* RFC 9260 3.2 */
static const struct chunk {
	const char *name;
	uint8_t type, event, body; /* body: bytes behind its header */
} chunks[] = {
	{ "DATA", 0, SCTP_ON_DATA, 17 }, { "INIT", 1, SCTP_ON_INIT, 16 }, { "INIT-ACK", 2, SCTP_ON_INIT_ACK, 24 },
	{ "SACK", 3, SCTP_ON_DATA, 12 }, { "HEARTBEAT", 4, SCTP_ON_HEARTBEAT, 10 }, { "HEARTBEAT-ACK", 5, SCTP_ON_HEARTBEAT_ACK, 10 },
	{ "ABORT", 6, SCTP_ON_ABORT, 0 }, { "SHUTDOWN", 7, SCTP_ON_SHUTDOWN, 4 }, { "SHUTDOWN-ACK", 8, SCTP_ON_SHUTDOWN_ACK, 0 },
	{ "ERROR", 9, SCTP_ON_ERROR, 4 }, { "COOKIE-ECHO", 10, SCTP_ON_COOKIE_ECHO, 7 }, { "COOKIE-ACK", 11, SCTP_ON_COOKIE_ACK, 0 },
	{ "ECNE", 12, SCTP_ON_DATA, 4 }, { "CWR", 13, SCTP_ON_DATA, 4 }, { "SHUTDOWN-COMPLETE", 14, SCTP_ON_SHUTDOWN_COMPLETE, 0 },
	{ "UNKNOWN", 0xc7, SCTP_ON_DATA, 5 },
};

static void put_header(struct packet *p, uint32_t tag)
{
	memset(p, 0, sizeof(*p));
	be16_write(p->bytes, 5000);
	be16_write(p->bytes + 2, 6000);
	be32_write(p->bytes + 4, tag);
	p->len = 12;
}

static void put_chunk(struct packet *p, const struct chunk *c, uint8_t flags, uint32_t initiate)
{
	uint8_t *at = p->bytes + p->len;

	at[0] = c->type;
	at[1] = flags;
	be16_write(at + 2, (uint16_t)(4 + c->body));
	if (c->type == 1 || c->type == 2)
		be32_write(at + 4, initiate);
	p->len += (4u + c->body + 3) / 4 * 4;
}

/* As the engine would; the bytes lie alone, so that a sanitizer sees whoever reads too far. */
static bool give(struct conn *c, int direction, const struct packet *packet, struct conn_step *step)
{
	uint32_t wire_len = packet->wire_len ? packet->wire_len : packet->len;
	struct pkt p = { .family = USHER_IPV4, .protocol = 132, .payload = 12, .payload_len = wire_len - 12,
			 .payload_have = packet->len - 12 };
	struct conn_config config;
	uint8_t *bytes = malloc(packet->len);
	struct conn_arrival arrival = { &p, bytes, USHER_SECOND, &config };
	bool begun = true;

	assert_non_null(bytes);
	memcpy(bytes, packet->bytes, packet->len);
	set_defaults(&config);
	memset(step, 0xa5, sizeof(*step)); /* all of it is to be set */
	if (direction < 0)
		begun = usher__conn_sctp.begin(c, &arrival, step);
	else
		usher__conn_sctp.packet(c, (unsigned)direction, &arrival, step);
	free(bytes);
	return begun;
}

/* ---- the table ---- */

/*
 * What RFC 9260 has them do, once more and in short. Columns: INIT, INIT ACK, COOKIE ECHO, COOKIE ACK, DATA, ERROR, HEARTBEAT, its ACK,
 * SHUTDOWN, its ACK, SHUTDOWN COMPLETE, ABORT. A letter: it is taken, to that state; "." it is let by; "-" refused; "!" begins anew.
 */
static const uint8_t columns[] = {
	SCTP_ON_INIT, SCTP_ON_INIT_ACK, SCTP_ON_COOKIE_ECHO, SCTP_ON_COOKIE_ACK, SCTP_ON_DATA, SCTP_ON_ERROR, SCTP_ON_HEARTBEAT,
	SCTP_ON_HEARTBEAT_ACK, SCTP_ON_SHUTDOWN, SCTP_ON_SHUTDOWN_ACK, SCTP_ON_SHUTDOWN_COMPLETE, SCTP_ON_ABORT,
};
static const char letters[CONN_SCTP_STATE_COUNT + 1] = "niwcesrahx";
static const struct {
	const char *orig, *reply;
	unsigned timeout;
} table[CONN_SCTP_STATE_COUNT] = {
	[CONN_SCTP_NONE] =              { "i - - - - - h h - a - -", "- - - - - - - - - - - -", 10 },
	[CONN_SCTP_INIT] =              { "i w - - - - - - - - - x", "i w - - - - - - - - - x", 10 },
	[CONN_SCTP_COOKIE_WAIT] =       { "w w c - - - - - - - - x", "w w c - - - - - - - - x", 3 },
	[CONN_SCTP_COOKIE_ECHOED] =     { "i . c e . . . . s - - x", "c . c e e . e e r - - x", 3 },
	[CONN_SCTP_ESTABLISHED] =       { ". . e e e e e e s . . x", ". . e e e e e e r . . x", 210 },
	[CONN_SCTP_SHUTDOWN_SENT] =     { ". . . e s s s s s a . x", ". . . e s s s s s a . x", 3 },
	[CONN_SCTP_SHUTDOWN_RECD] =     { ". . . e r r r r r a . x", ". . . e r r r r r a . x", 3 },
	[CONN_SCTP_SHUTDOWN_ACK_SENT] = { ". . . e . . . . a a x x", ". . . e . . . . a a x x", 3 },
	[CONN_SCTP_HEARTBEAT_SENT] =    { "i - - - h h h h s a . x", "i - - - e e e e r a . x", 30 },
	[CONN_SCTP_CLOSED] =            { "! - - - . . . . . . . .", "! - - - . . . . . . . .", 10 },
};

static const struct chunk *chunk_of_event(uint8_t event)
{
	for (size_t i = 0; i < COUNT(chunks); i++)
		if (chunks[i].event == event)
			return &chunks[i];
	fail();
	return NULL;
}

static struct conn in_state(uint8_t state)
{
	struct conn c = { .protocol = 132, .state = state };

	c.u.sctp.tag[USHER_ORIG] = A;
	c.u.sctp.tag[USHER_REPLY] = B;
	return c;
}

static void expect_taken(const struct conn *before, const struct conn *c, const struct conn_step *step, unsigned direction, uint8_t next)
{
	uint16_t status = 0;

	status |= direction == USHER_REPLY ? CONN_SEEN_REPLY : 0;
	status |= next == CONN_SCTP_ESTABLISHED ? CONN_ASSURED : 0;
	status |= next == CONN_SCTP_CLOSED ? CONN_CLOSED : 0;
	assert_int_equal(step->action, CONN_PASS);
	assert_int_equal(c->state, next);
	assert_int_equal(c->status, status);
	assert_int_equal(step->changed, status != 0 || next != before->state);
	assert_true(step->timeout == table[next].timeout * USHER_SECOND);
}

static void check_cell(uint8_t state, unsigned direction, unsigned column)
{
	char want = (direction ? table[state].reply : table[state].orig)[column * 2];
	const struct sctp_rule *rule = &usher__sctp_table[state][direction][columns[column]];
	const struct chunk *chunk = chunk_of_event(columns[column]);
	struct conn before = in_state(state), c = before;
	bool init = chunk->event == SCTP_ON_INIT;
	struct conn_step step;
	struct packet p;

	assert_true(rule->why && rule->why[0] && rule->next < CONN_SCTP_STATE_COUNT);
	assert_true(rule->kind == SCTP_TAKE || rule->kind == SCTP_REOPEN || rule->next == state);
	put_header(&p, init ? 0 : direction ? B : A);
	put_chunk(&p, chunk, 0, direction ? A : B);
	give(&c, (int)direction, &p, &step);
	if (want == '-') {
		assert_int_equal(step.action, CONN_INVALID);
		assert_int_equal(step.reason, USHER_REASON_SCTP_STATE);
	} else if (want == '!') {
		assert_int_equal(step.action, CONN_RESTART);
	} else if (want == '.') {
		assert_int_equal(step.action, CONN_IGNORE);
		assert_false(step.changed);
	} else {
		expect_taken(&before, &c, &step, direction, (uint8_t)(strchr(letters, want) - letters));
	}
	if (strchr("-!.", want))
		assert_true(c.state == before.state && c.status == before.status && step.timeout == 0);
	if (want == '-')
		return;
	for (unsigned i = 0; i < 3; i++) { /* a stranger's; the other side's; none, or an INIT's that is none */
		static const uint32_t wrong[] = { STRANGER, 0, 0 };

		c = before;
		put_header(&p, i == 1 ? (direction ? A : B) : init ? STRANGER : wrong[i]);
		put_chunk(&p, chunk, 0, direction ? A : B);
		give(&c, (int)direction, &p, &step);
		if (chunk->event == SCTP_ON_HEARTBEAT && i != 2) { /* passes, but counts only when it is answered */
			assert_int_equal(step.action, CONN_IGNORE);
			c.u.sctp.path[direction] = 0;
		} else {
			assert_int_equal(step.action, CONN_INVALID);
			assert_int_equal(step.reason, USHER_REASON_SCTP_TAG);
		}
		assert_memory_equal(&c, &before, sizeof(c));
	}
}

static void test_table(void **state)
{
	(void)state;
	assert_int_equal(COUNT(columns), SCTP_EVENT_COUNT);
	for (uint8_t s = 0; s < CONN_SCTP_STATE_COUNT; s++) {
		assert_non_null(usher__sctp_states[s]);
		for (unsigned i = 0; i < 2 * COUNT(columns); i++)
			check_cell(s, i / COUNT(columns), i % COUNT(columns));
	}
}

/* The first packet of a connection: what the table says of NONE, whatever the tag but 0. */
static void test_begin(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT(columns); i++) {
		char want = table[CONN_SCTP_NONE].orig[i * 2];
		bool init = columns[i] == SCTP_ON_INIT;
		struct conn c = { .protocol = 132 };
		struct conn_step step;
		struct packet p;

		put_header(&p, init ? 0 : A);
		put_chunk(&p, chunk_of_event(columns[i]), 0, B);
		assert_int_equal(give(&c, -1, &p, &step), want != '-');
		if (want == '-') {
			assert_int_equal(step.reason, USHER_REASON_SCTP_STATE);
			continue;
		}
		assert_int_equal(c.state, strchr(letters, want) - letters);
		assert_int_equal(c.status, init ? 0 : CONN_PICKED_UP);
		assert_true(step.timeout == table[c.state].timeout * USHER_SECOND);
		be32_write(p.bytes + 4, init ? A : 0);
		assert_false(give(&c, -1, &p, &step));
		assert_int_equal(step.reason, USHER_REASON_SCTP_TAG);
	}
}

/* ---- dialogues ---- */

#define OPEN \
	{ "> 0 INIT=b", "new CLOSED 10" }, { "< b INIT-ACK=a", "pass COOKIE_WAIT 3 r" }, \
	{ "> a COOKIE-ECHO DATA", "pass COOKIE_ECHOED 3 r" }, { "< b COOKIE-ACK SACK", "pass ESTABLISHED 210 ra" }

struct line {
	const char *packet, *becomes;
};

static const struct dialogue {
	const char *name;
	bool linux_alike;
	struct line line[16];
} dialogues[] = {
	{ "opened, used, closed", true, { OPEN,
		{ "> a DATA", "pass ESTABLISHED 210 ra" }, { "< b SACK", "pass ESTABLISHED 210 ra" },
		{ "> a HEARTBEAT", "pass ESTABLISHED 210 ra" }, { "< b HEARTBEAT-ACK", "pass ESTABLISHED 210 ra" },
		{ "> a SHUTDOWN", "pass SHUTDOWN_SENT 3 ra" }, { "< b SHUTDOWN-ACK", "pass SHUTDOWN_ACK_SENT 3 ra" },
		{ "> a SHUTDOWN-COMPLETE", "pass CLOSED 10 rac" }, { "< b DATA", "by CLOSED 0 rac" } } },
	{ "closed by the other side, which still gets data", true, { OPEN,
		{ "< b SHUTDOWN", "pass SHUTDOWN_RECD 3 ra" }, { "> a DATA", "pass SHUTDOWN_RECD 3 ra" },
		{ "< b SACK SHUTDOWN", "pass SHUTDOWN_RECD 3 ra" }, { "> a SHUTDOWN-ACK", "pass SHUTDOWN_ACK_SENT 3 ra" },
		{ "< b SHUTDOWN-COMPLETE", "pass CLOSED 10 rac" } } },
	{ "both close", true, { OPEN,
		{ "> a SHUTDOWN", "pass SHUTDOWN_SENT 3 ra" }, { "< b SHUTDOWN", "pass SHUTDOWN_SENT 3 ra" },
		{ "> a SHUTDOWN-ACK", "pass SHUTDOWN_ACK_SENT 3 ra" }, { "< b SHUTDOWN-ACK", "pass SHUTDOWN_ACK_SENT 3 ra" },
		{ "> a SHUTDOWN-COMPLETE", "pass CLOSED 10 rac" }, { "< b SHUTDOWN-COMPLETE", "by CLOSED 0 rac" } } },
	{ "SHUTDOWN COMPLETE is lost, and said again with the tag that came", true, { OPEN,
		{ "> a SHUTDOWN", "pass SHUTDOWN_SENT 3 ra" }, { "< b SHUTDOWN-ACK", "pass SHUTDOWN_ACK_SENT 3 ra" },
		{ "< b SHUTDOWN-ACK", "pass SHUTDOWN_ACK_SENT 3 ra" }, { "> b SHUTDOWN-COMPLETE/T", "pass CLOSED 10 rac" },
		{ "< b SHUTDOWN-ACK", "by CLOSED 0 rac" } } },
	{ "strangers' tags", true, { OPEN,
		{ "> b DATA", "sctp-tag ESTABLISHED 0 ra" }, { "< a DATA", "sctp-tag ESTABLISHED 0 ra" },
		{ "< x DATA", "sctp-tag ESTABLISHED 0 ra" }, { "< 0 DATA", "sctp-tag ESTABLISHED 0 ra" },
		{ "< b ABORT", "pass CLOSED 10 rac" } } },
	{ "an ABORT of who has forgotten it all", true, { OPEN, { "< a ABORT/T", "pass CLOSED 10 rac" }, { "> a DATA", "by CLOSED 0 rac" } } },
	{ "... is not the sender's own tag", true, { OPEN, { "< b ABORT/T", "sctp-tag ESTABLISHED 0 ra" },
		{ "< a ABORT", "sctp-tag ESTABLISHED 0 ra" } } },
	{ "one that an INIT made up is not reflected: who cannot see the tags closes nothing", false, { OPEN,
		{ "< 0 INIT=a2", "by ESTABLISHED 0 ra" }, { "< a2 ABORT/T", "sctp-tag ESTABLISHED 0 ra" },
		{ "< b2 COOKIE-ECHO", "sctp-tag ESTABLISHED 0 ra" }, { "< b2 DATA", "sctp-tag ESTABLISHED 0 ra" },
		{ "> a DATA", "pass ESTABLISHED 210 ra" }, { "< b DATA", "pass ESTABLISHED 210 ra" } } },
	{ "begun anew by the opener", true, { OPEN,
		{ "> 0 INIT=b2", "by ESTABLISHED 0 ra" }, { "< b2 INIT-ACK=a2", "by ESTABLISHED 0 ra" },
		{ "> a2 COOKIE-ECHO", "pass ESTABLISHED 210 ra" }, { "< b2 COOKIE-ACK", "pass ESTABLISHED 210 ra" },
		{ "> a2 DATA", "pass ESTABLISHED 210 ra" }, { "< b DATA", "sctp-tag ESTABLISHED 0 ra" },
		{ "< b2 DATA", "pass ESTABLISHED 210 ra" }, { "> a DATA", "sctp-tag ESTABLISHED 0 ra" } } },
	{ "begun anew by the other side", true, { OPEN,
		{ "< 0 INIT=a2", "by ESTABLISHED 0 ra" }, { "> a2 INIT-ACK=b2", "by ESTABLISHED 0 ra" },
		{ "< b2 COOKIE-ECHO", "pass ESTABLISHED 210 ra" }, { "> a2 COOKIE-ACK", "pass ESTABLISHED 210 ra" },
		{ "> a2 DATA", "pass ESTABLISHED 210 ra" } } },
	{ "begun anew, and given up: the old one goes on", false, { OPEN,
		{ "> 0 INIT=b2", "by ESTABLISHED 0 ra" }, { "< b2 INIT-ACK=a2", "by ESTABLISHED 0 ra" },
		{ "< b DATA", "pass ESTABLISHED 210 ra" }, { "> a SACK", "pass ESTABLISHED 210 ra" } } },
	{ "an INIT comes twice, and each is answered: the opener takes the first", false, {
		{ "> 0 INIT=b", "new CLOSED 10" }, { "> 0 INIT=b", "pass CLOSED 10" }, { "< b INIT-ACK=a", "pass COOKIE_WAIT 3 r" },
		{ "< b INIT-ACK=a2", "pass COOKIE_WAIT 3 r" }, { "> a COOKIE-ECHO", "pass COOKIE_ECHOED 3 r" },
		{ "< b COOKIE-ACK", "pass ESTABLISHED 210 ra" }, { "> a2 DATA", "sctp-tag ESTABLISHED 0 ra" } } },
	{ "... or the second", true, {
		{ "> 0 INIT=b", "new CLOSED 10" }, { "< b INIT-ACK=a", "pass COOKIE_WAIT 3 r" }, { "> 0 INIT=b", "pass COOKIE_WAIT 3 r" },
		{ "< b INIT-ACK=a2", "pass COOKIE_WAIT 3 r" }, { "> a2 COOKIE-ECHO", "pass COOKIE_ECHOED 3 r" },
		{ "< b COOKIE-ACK", "pass ESTABLISHED 210 ra" }, { "> a DATA", "sctp-tag ESTABLISHED 0 ra" },
		{ "> a2 DATA", "pass ESTABLISHED 210 ra" } } },
	{ "both open", true, {
		{ "> 0 INIT=b", "new CLOSED 10" }, { "< 0 INIT=a", "pass CLOSED 10 r" }, { "< b INIT-ACK=a", "pass COOKIE_WAIT 3 r" },
		{ "> a INIT-ACK=b", "pass COOKIE_WAIT 3 r" }, { "> a COOKIE-ECHO", "pass COOKIE_ECHOED 3 r" },
		{ "< b COOKIE-ECHO", "pass COOKIE_ECHOED 3 r" }, { "< b COOKIE-ACK", "pass ESTABLISHED 210 ra" },
		{ "> a COOKIE-ACK", "pass ESTABLISHED 210 ra" }, { "> a DATA", "pass ESTABLISHED 210 ra" } } },
	{ "the cookie was stale", false, { { "> 0 INIT=b", "new CLOSED 10" }, { "< b INIT-ACK=a", "pass COOKIE_WAIT 3 r" },
		{ "> a COOKIE-ECHO", "pass COOKIE_ECHOED 3 r" }, { "< b ERROR", "by COOKIE_ECHOED 0 r" }, { "> 0 INIT=b", "pass CLOSED 10 r" },
		{ "< b INIT-ACK=a2", "pass COOKIE_WAIT 3 r" }, { "> a2 COOKIE-ECHO", "pass COOKIE_ECHOED 3 r" },
		{ "< b COOKIE-ACK", "pass ESTABLISHED 210 ra" } } },
	{ "refused, and tried again", false, { { "> 0 INIT=b", "new CLOSED 10" }, { "< b ABORT", "pass CLOSED 10 rc" },
		{ "> 0 INIT=b2", "restart" } } },
	{ "closes with its COOKIE ACK", true, { { "> 0 INIT=b", "new CLOSED 10" }, { "< b INIT-ACK=a", "pass COOKIE_WAIT 3 r" },
		{ "> a COOKIE-ECHO", "pass COOKIE_ECHOED 3 r" }, { "< b COOKIE-ACK SHUTDOWN", "pass SHUTDOWN_RECD 3 r" } } },
	{ "not open yet", false, { { "> 0 INIT=b", "new CLOSED 10" }, { "> a DATA", "sctp-state CLOSED 0" }, { "< b DATA", "sctp-state CLOSED 0" },
		{ "< x INIT-ACK=a", "sctp-tag CLOSED 0" }, { "< b INIT-ACK=0", "sctp-tag CLOSED 0" } } },
	{ "another path", true, { { "> a HEARTBEAT", "new HEARTBEAT_SENT 30 p" }, { "< b HEARTBEAT-ACK", "pass ESTABLISHED 210 rap" },
		{ "> a DATA", "pass ESTABLISHED 210 rap" }, { "< b DATA", "pass ESTABLISHED 210 rap" }, { "< a DATA", "sctp-tag ESTABLISHED 0 rap" },
		{ "< b SHUTDOWN", "pass SHUTDOWN_RECD 3 rap" }, { "> a SHUTDOWN-ACK", "pass SHUTDOWN_ACK_SENT 3 rap" } } },
	{ "a path of nothing known there", false, { { "> a HEARTBEAT", "new HEARTBEAT_SENT 30 p" }, { "> x DATA", "sctp-tag HEARTBEAT_SENT 0 p" },
		{ "< x ABORT/T", "sctp-tag HEARTBEAT_SENT 0 p" }, { "< a ABORT/T", "pass CLOSED 10 rpc" } } },
	{ "another path, whose association has begun anew", false, { { "> a HEARTBEAT", "new HEARTBEAT_SENT 30 p" },
		{ "< b HEARTBEAT-ACK", "pass ESTABLISHED 210 rap" }, { "> a2 HEARTBEAT", "by ESTABLISHED 0 rap" },
		{ "> a2 DATA", "sctp-tag ESTABLISHED 0 rap" }, { "> a DATA", "pass ESTABLISHED 210 rap" },
		{ "< b2 HEARTBEAT-ACK", "pass ESTABLISHED 210 rap" }, { "> a2 DATA", "pass ESTABLISHED 210 rap" },
		{ "< b2 DATA", "pass ESTABLISHED 210 rap" }, { "> a DATA", "sctp-tag ESTABLISHED 0 rap" },
		{ "< b DATA", "sctp-tag ESTABLISHED 0 rap" } } },
	{ "... before it has answered at all: either may be meant", false, { { "> a HEARTBEAT", "new HEARTBEAT_SENT 30 p" },
		{ "> a2 HEARTBEAT", "by HEARTBEAT_SENT 0 p" }, { "< b HEARTBEAT-ACK", "pass ESTABLISHED 210 rap" },
		{ "> a2 DATA", "pass ESTABLISHED 210 rap" }, { "> a DATA", "pass ESTABLISHED 210 rap" } } },
	{ "a HEARTBEAT of who knows no tag changes nothing", true, { OPEN, { "> x HEARTBEAT", "by ESTABLISHED 0 ra" },
		{ "< b HEARTBEAT-ACK", "pass ESTABLISHED 210 ra" }, { "> x DATA", "sctp-tag ESTABLISHED 0 ra" },
		{ "> x2 HEARTBEAT-ACK", "sctp-tag ESTABLISHED 0 ra" }, { "> a DATA", "pass ESTABLISHED 210 ra" } } },
	{ "... nor does it close or carry anything", true, { OPEN, { "> x HEARTBEAT", "by ESTABLISHED 0 ra" },
		{ "> x ABORT", "sctp-tag ESTABLISHED 0 ra" }, { "< x ABORT/T", "sctp-tag ESTABLISHED 0 ra" },
		{ "> x HEARTBEAT DATA", "sctp-tag ESTABLISHED 0 ra" } } },
	{ "the end of what was forgotten here", false, { { "> a SHUTDOWN-ACK", "new SHUTDOWN_ACK_SENT 3 p" },
		{ "< a SHUTDOWN-COMPLETE/T", "pass CLOSED 10 rpc" } } },
	{ "an INIT while the end is not known to all: the SHUTDOWN ACK is the answer", false, { OPEN,
		{ "> a SHUTDOWN", "pass SHUTDOWN_SENT 3 ra" }, { "< b SHUTDOWN-ACK", "pass SHUTDOWN_ACK_SENT 3 ra" },
		{ "> 0 INIT=b2", "by SHUTDOWN_ACK_SENT 0 ra" }, { "< b SHUTDOWN-ACK", "pass SHUTDOWN_ACK_SENT 3 ra" },
		{ "> b SHUTDOWN-COMPLETE/T", "pass CLOSED 10 rac" }, { "> 0 INIT=b2", "restart" } } },
	{ "chunks of later days", false, { OPEN, { "> a UNKNOWN", "pass ESTABLISHED 210 ra" }, { "< b ECNE UNKNOWN", "pass ESTABLISHED 210 ra" },
		{ "> a CWR DATA DATA DATA", "pass ESTABLISHED 210 ra" } } },
	{ "what may not come together", true, { OPEN, { "> 0 INIT=b2 DATA", "sctp-chunk ESTABLISHED 0 ra" },
		{ "> a DATA SHUTDOWN-COMPLETE", "sctp-chunk ESTABLISHED 0 ra" }, { "< b INIT-ACK=a2 COOKIE-ECHO", "sctp-chunk ESTABLISHED 0 ra" },
		{ "> a", "sctp-chunk ESTABLISHED 0 ra" } } },
};

static uint32_t tag_of(const char *text)
{
	uint32_t base = *text == 'a' ? A : *text == 'b' ? B : STRANGER;

	return *text == '0' ? 0 : base + (uint32_t)strtoul(text + 1, NULL, 10);
}

static void put_word(struct packet *p, char *word)
{
	char *initiate = strchr(word, '='), *flag = strstr(word, "/T");

	if (initiate)
		*initiate++ = '\0';
	if (flag)
		*flag = '\0';
	for (size_t i = 0; i < COUNT(chunks); i++) {
		if (strcmp(chunks[i].name, word) != 0)
			continue;
		put_chunk(p, &chunks[i], flag != NULL, initiate ? tag_of(initiate) : 0);
		return;
	}
	fail_msg("no chunk: %s", word);
}

static void run_line(const struct dialogue *d, const struct line *line, struct conn *c)
{
	char text[200], got[100], *word, *save = NULL;
	bool begins = line == d->line;
	struct conn before = *c;
	struct conn_step step;
	struct packet p;
	const char *verdict;

	snprintf(text, sizeof(text), "%s", line->packet + 2);
	put_header(&p, tag_of(strtok_r(text, " ", &save)));
	while ((word = strtok_r(NULL, " ", &save)))
		put_word(&p, word);
	give(c, begins ? -1 : *line->packet == '<', &p, &step);
	if (step.action == CONN_INVALID)
		assert_memory_equal(c, &before, sizeof(before));
	if (step.action == CONN_PASS && !begins)
		assert_int_equal(step.changed, c->state != before.state || c->status != before.status);
	assert_false(step.out_of_window);
	verdict = step.action == CONN_INVALID ? reasons[step.reason] : step.action == CONN_IGNORE ? "by" : begins ? "new" : "pass";
	if (step.action == CONN_RESTART)
		snprintf(got, sizeof(got), "restart");
	else
		snprintf(got, sizeof(got), "%s %s %u%s%s%s%s%s", verdict, usher__sctp_states[c->state],
			 (unsigned)(step.timeout / USHER_SECOND), c->status ? " " : "", c->status & CONN_SEEN_REPLY ? "r" : "",
			 c->status & CONN_ASSURED ? "a" : "", c->status & CONN_PICKED_UP ? "p" : "", c->status & CONN_CLOSED ? "c" : "");
	if (strcmp(got, line->becomes) != 0)
		fail_msg("%s: %s: %s, not %s", d->name, line->packet, got, line->becomes);
}

static void test_dialogues(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(dialogues); i++) {
		struct conn c = { .protocol = 132 };

		for (const struct line *line = dialogues[i].line; line->packet; line++)
			run_line(&dialogues[i], line, &c);
	}
}

/* What an ICMP error quotes. */
static void test_quoted_tags(void **state)
{
	struct conn c = { .protocol = 132, .state = CONN_SCTP_INIT };

	(void)state;
	c.u.sctp.tag[USHER_REPLY] = B;
	assert_true(usher__sctp_tag_fits(&c, USHER_ORIG, 0));
	assert_false(usher__sctp_tag_fits(&c, USHER_REPLY, 0)); /* no INIT of that side's */
	assert_true(usher__sctp_tag_fits(&c, USHER_REPLY, B));
	assert_false(usher__sctp_tag_fits(&c, USHER_ORIG, B));
	c = in_state(CONN_SCTP_ESTABLISHED);
	assert_false(usher__sctp_tag_fits(&c, USHER_ORIG, 0));
	assert_true(usher__sctp_tag_fits(&c, USHER_ORIG, A));
	assert_false(usher__sctp_tag_fits(&c, USHER_ORIG, B));
	assert_false(usher__sctp_tag_fits(&c, USHER_ORIG, STRANGER));
}

/* ---- chunks ---- */

static const struct framing {
	const char *name;
	uint8_t bytes[24];
	uint8_t len, wire_len; /* of the chunks; wire_len 0: the same */
	uint8_t reason;
} framings[] = {
	{ "none", { 0 }, 0, 0, USHER_REASON_SCTP_CHUNK },
	{ "half a header", { 3, 0 }, 2, 0, USHER_REASON_SCTP_CHUNK },
	{ "length 0", { 3, 0, 0, 0 }, 4, 0, USHER_REASON_SCTP_CHUNK },
	{ "length 3", { 3, 0, 0, 3 }, 4, 0, USHER_REASON_SCTP_CHUNK },
	{ "length 4", { 3, 0, 0, 4 }, 4, 0, USHER_REASON_NONE },
	{ "beyond the packet", { 3, 0, 0, 9 }, 8, 0, USHER_REASON_SCTP_CHUNK },
	{ "padded", { 3, 0, 0, 5, 1, 0, 0, 0 }, 8, 0, USHER_REASON_NONE },
	{ "not padded, the last", { 3, 0, 0, 5, 1 }, 5, 0, USHER_REASON_NONE },
	{ "half padded, the last", { 3, 0, 0, 5, 1, 0 }, 6, 0, USHER_REASON_NONE },
	{ "three bytes behind it", { 3, 0, 0, 4, 1, 2, 3 }, 7, 0, USHER_REASON_SCTP_CHUNK },
	{ "the second has length 0", { 3, 0, 0, 4, 3, 0, 0, 0 }, 8, 0, USHER_REASON_SCTP_CHUNK },
	{ "the second is too long", { 3, 0, 0, 4, 3, 0, 0xff, 0xff }, 8, 0, USHER_REASON_SCTP_CHUNK },
	{ "INIT without a tag", { 1, 0, 0, 4 }, 4, 0, USHER_REASON_SCTP_CHUNK },
	{ "INIT with half a tag", { 1, 0, 0, 6, 1, 2 }, 6, 0, USHER_REASON_SCTP_CHUNK },
	{ "cut in a chunk", { 3, 0, 0, 16, 1, 2 }, 6, 16, USHER_REASON_NONE },
	{ "cut behind a chunk", { 3, 0, 0, 4 }, 4, 12, USHER_REASON_NONE },
	{ "cut in the second's header", { 3, 0, 0, 4, 3, 0 }, 6, 12, USHER_REASON_NONE },
	{ "cut before the first", { 0 }, 0, 12, USHER_REASON_IP_TRUNCATED },
	{ "cut in the first's header", { 3, 0, 0 }, 3, 12, USHER_REASON_IP_TRUNCATED },
	{ "cut in the INIT's tag", { 1, 0, 0, 20, 1, 2, 3 }, 7, 20, USHER_REASON_IP_TRUNCATED },
	{ "cut, and too short all the same", { 3, 0 }, 2, 3, USHER_REASON_SCTP_CHUNK },
	{ "cut in padding", { 3, 0, 0, 5, 1 }, 5, 8, USHER_REASON_NONE },
};

static void test_framings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(framings); i++) {
		const struct framing *f = &framings[i];
		struct conn c = in_state(CONN_SCTP_ESTABLISHED);
		struct conn_step step;
		struct packet p;
		uint8_t reason;

		put_header(&p, f->bytes[0] == 1 ? 0 : A);
		memcpy(p.bytes + 12, f->bytes, f->len);
		p.len += f->len;
		p.wire_len = f->wire_len ? 12u + f->wire_len : 0;
		give(&c, USHER_ORIG, &p, &step);
		reason = step.action == CONN_INVALID ? step.reason : USHER_REASON_NONE;
		if (reason != f->reason)
			fail_msg("%s: %s, not %s", f->name, reasons[reason], reasons[f->reason]);
	}
}

static void test_closing(void **state)
{
	(void)state;
	for (uint8_t s = 0; s < CONN_SCTP_STATE_COUNT; s++) {
		struct conn c = in_state(s);

		assert_int_equal(usher__conn_sctp.closing(&c), strchr("srax", letters[s]) != NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_dialogues),
		cmocka_unit_test(test_quoted_tags),
		cmocka_unit_test(test_framings),
		cmocka_unit_test(test_closing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
