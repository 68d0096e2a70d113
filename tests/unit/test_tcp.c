/*
 * tcp: the state table, every flag in every state both ways, and connections written down packet by packet
 * (lib/conn/tcp.c, tcp_table.c). That no packet of correct endpoints is refused is test_tcp_window.c's question.
 */
#include "base/be.h"
#include "conn/conn.h"
#include "conn/tcp_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const reasons[] = {
#define REASON(id, name, text) [USHER_REASON_##id] = name,
	USHER_REASONS(REASON)
#undef REASON
};

/* One connection, as an engine keeps it. */
struct bed {
	struct conn c;
	bool present;
	unsigned orig;        /* the side that began: 0 sends the rows of '>' */
	struct conn_config config;
	usher_time now;
	uint32_t isn[2];
	char verdict[48];     /* of the last packet: new, pass, liberal, ignore, again, delete, or what is wrong */
	usher_time timeout;   /* that it gave, 0: none */
	bool changed;
};

/* A row of a script. Numbers count from the initial ones: of the sender, of the other side. */
struct row {
	char from;            /* '>' or '<' */
	const char *flags;    /* letters S F R P A U E C */
	uint32_t seq, ack, len;
	uint16_t window;
	const char *options;  /* mss ws=N sackok ts sack=LEFT-RIGHT; also seq0, ack0: the number is 0; wait=SECONDS: before */
	const char *verdict;
	const char *state;    /* after it; with + if assured; "" gone */
	unsigned timeout;     /* seconds, 0: not touched */
};

static void set_defaults(struct conn_config *config)
{
	memset(config, 0, sizeof(*config));
#define TIMEOUT(id, name, seconds) config->timeout[CONN_TIMEOUT_##id] = (seconds) * USHER_SECOND;
	CONN_TIMEOUTS(TIMEOUT)
#undef TIMEOUT
	config->tcp_loose = true;
	config->tcp_max_retransmits = 3;
}

static void set_up(struct bed *b, uint32_t isn_orig, uint32_t isn_reply)
{
	memset(b, 0, sizeof(*b));
	set_defaults(&b->config);
	b->now = 1000 * USHER_SECOND;
	b->isn[0] = isn_orig;
	b->isn[1] = isn_reply;
}

static uint8_t flags_of(const char *letters)
{
	static const char order[] = "FSRPAUEC";
	unsigned flags = 0;

	for (; *letters; letters++)
		flags |= 1u << (strchr(order, *letters) - order);
	return (uint8_t)flags;
}

static const char *option(const struct row *r, const char *name)
{
	const char *at = r->options ? strstr(r->options, name) : NULL;

	return at ? at + strlen(name) : NULL;
}

/* The options of a row, padded with NOPs to whole words; their length. */
static uint32_t put_options(uint8_t *to, const struct row *r, uint32_t other_isn)
{
	static const uint8_t mss[4] = { 2, 4, 5, 0xb4 }, permitted[4] = { 1, 1, 4, 2 };
	const char *at;
	uint32_t len = 0;

	if (option(r, "mss")) {
		memcpy(to + len, mss, 4);
		len += 4;
	}
	if (option(r, "sackok")) {
		memcpy(to + len, permitted, 4);
		len += 4;
	}
	if ((at = option(r, "ws="))) {
		memcpy(to + len, (uint8_t[]){ 1, 3, 3, (uint8_t)strtoul(at, NULL, 10) }, 4);
		len += 4;
	}
	if (option(r, "ts")) {
		memcpy(to + len, (uint8_t[]){ 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2 }, 12);
		len += 12;
	}
	if ((at = option(r, "sack="))) {
		char *end;
		uint32_t left = (uint32_t)strtoul(at, &end, 10), right = (uint32_t)strtoul(end + 1, NULL, 10);

		memcpy(to + len, (uint8_t[]){ 1, 1, 5, 10 }, 4);
		be32_write(to + len + 4, other_isn + left);
		be32_write(to + len + 8, other_isn + right);
		len += 12;
	}
	return len;
}

static void put_packet(const struct bed *b, const struct row *r, struct pkt *p, uint8_t *header)
{
	unsigned side = r->from == '<';
	uint8_t flags = flags_of(r->flags);
	uint32_t len = 20;

	memset(header, 0, 64);
	be32_write(header + 4, option(r, "seq0") ? 0 : b->isn[side] + r->seq);
	if (flags & TCP_ACK && !option(r, "ack0"))
		be32_write(header + 8, b->isn[!side] + r->ack);
	len += put_options(header + 20, r, b->isn[!side]);
	header[12] = (uint8_t)(len / 4 << 4);
	header[13] = flags;
	be16_write(header + 14, r->window);
	*p = (struct pkt){ .family = USHER_IPV4, .protocol = USHER_TCP, .tcp_flags = flags, .l4 = 20, .payload = 20 + len,
			   .payload_len = r->len, .payload_have = r->len, .ip_len = 20 + len + r->len };
}

static void begin(struct bed *b, const struct row *r, const struct pkt *p, const uint8_t *header, const char *word)
{
	struct conn_step step = { 0 };

	memset(&b->c, 0, sizeof(b->c));
	b->orig = r->from == '<';
	b->present = usher__conn_tcp.begin(&b->c, &(struct conn_arrival){ p, header, b->now, &b->config }, &step);
	b->timeout = step.timeout;
	if (b->present) {
		assert_int_equal(step.action, CONN_PASS);
		b->c.deadline = b->now + step.timeout;
		snprintf(b->verdict, sizeof(b->verdict), "%s", word);
	} else {
		assert_int_equal(step.action, CONN_INVALID);
		assert_int_not_equal(step.reason, USHER_REASON_NONE);
		snprintf(b->verdict, sizeof(b->verdict), "%s", reasons[step.reason]);
	}
}

/* One packet, with all that an engine does of it. */
static void feed(struct bed *b, const struct row *r)
{
	static const char *const words[] = { "pass", NULL, "ignore", "again", "delete" };
	const char *wait = option(r, "wait=");
	struct conn_step step = { 0 };
	uint8_t header[64];
	struct conn before;
	struct pkt p;

	b->now += (wait ? strtoul(wait, NULL, 10) : 0) * USHER_SECOND;
	put_packet(b, r, &p, header);
	if (b->present && b->c.deadline <= b->now)
		b->present = false;
	if (!b->present) {
		begin(b, r, &p, header, "new");
		return;
	}
	before = b->c;
	usher__conn_tcp.packet(&b->c, (r->from == '<') ^ b->orig, &(struct conn_arrival){ &p, header, b->now, &b->config }, &step);
	assert_true(step.action <= CONN_DELETE);
	b->timeout = step.timeout;
	b->changed = step.changed;
	if (step.action == CONN_INVALID) {
		assert_int_not_equal(step.reason, USHER_REASON_NONE);
		assert_int_equal(b->c.state, before.state);
		assert_int_equal(b->c.status, before.status);
		assert_false(step.changed);
	} else if (step.action != CONN_RESTART) {
		assert_int_equal(step.changed, b->c.state != before.state || b->c.status != before.status);
	}
	assert_true(before.deadline == b->c.deadline);
	if (step.timeout)
		b->c.deadline = b->now + step.timeout;
	snprintf(b->verdict, sizeof(b->verdict), "%s", step.action == CONN_INVALID ? reasons[step.reason] :
		 step.out_of_window ? "liberal" : words[step.action]);
	b->present = step.action != CONN_DELETE && step.action != CONN_RESTART;
	if (step.action == CONN_RESTART)
		begin(b, r, &p, header, "again");
}

static const char *state_of(const struct bed *b)
{
	static char text[32];

	snprintf(text, sizeof(text), "%s%s", b->present ? usher__tcp_states[b->c.state] : "",
		 b->present && b->c.status & CONN_ASSURED ? "+" : "");
	return text;
}

/* ---- every state, both ways, every combination of flags */

/* How each state is reached: the ways are those of RFC 9293's figures. */
#define OPENED { '>', "S", 0, 0, 0, 8000, "mss", 0, 0, 0 }, { '<', "SA", 0, 1, 0, 8000, "mss", 0, 0, 0 }
#define OPEN   OPENED, { '>', "A", 1, 1, 0, 8000, 0, 0, 0, 0 }
#define HALF   OPEN, { '>', "FA", 1, 1, 0, 8000, 0, 0, 0, 0 }, { '<', "A", 1, 2, 0, 8000, 0, 0, 0, 0 }
#define BOTH   HALF, { '<', "FA", 1, 2, 0, 8000, 0, 0, 0, 0 }

static const struct way {
	const char *state;
	uint32_t next[2]; /* the number that each side sends next */
	struct row rows[8];
} ways[] = {
	{ "NONE", { 0, 0 }, { { 0 } } },
	{ "SYN_SENT", { 1, 0 }, { { '>', "S", 0, 0, 0, 8000, "mss", 0, 0, 0 } } },
	{ "SYN_RECV", { 1, 1 }, { OPENED } },
	{ "ESTABLISHED", { 1, 1 }, { OPEN } },
	{ "FIN_WAIT", { 2, 1 }, { OPEN, { '>', "FA", 1, 1, 0, 8000, 0, 0, 0, 0 } } },
	{ "CLOSE_WAIT", { 2, 1 }, { HALF } },
	{ "LAST_ACK", { 2, 2 }, { BOTH } },
	{ "TIME_WAIT", { 2, 2 }, { BOTH, { '>', "A", 2, 2, 0, 8000, 0, 0, 0, 0 } } },
	{ "CLOSE", { 1, 1 }, { OPEN, { '>', "R", 1, 0, 0, 0, 0, 0, 0, 0 } } },
	{ "SYN_SENT2", { 1, 1 }, { { '>', "S", 0, 0, 0, 8000, "mss", 0, 0, 0 }, { '<', "S", 0, 0, 0, 8000, "mss", 0, 0, 0 } } },
};

/* Which flags mean what. All that is not here is nonsense. */
static const struct {
	const char *flags;
	unsigned column;
} legal[] = {
	{ "S", 0 }, { "SU", 0 }, { "SA", 1 }, { "FA", 2 }, { "FAU", 2 }, { "A", 3 }, { "AU", 3 }, { "R", 4 }, { "RA", 5 },
};

/*
 * What is expected: verdict, state after it, timeout. "-" is tcp-state, "let by" is ignored, for a repeated SYN the old
 * timeout stays.
 */
static const struct expectation {
	const char *state;
	char from;
	const char *of[6]; /* SYN, SYN/ACK, FIN, ACK, RST, RST with ACK */
} expectations[] = {
	{ "NONE",        '>', { "new SYN_SENT 120", "-", "-", "new ESTABLISHED 300", "-", "-" } },
	{ "SYN_SENT",    '>', { "pass SYN_SENT 0", "-", "-", "-", "delete", "tcp-window" } },
	{ "SYN_SENT",    '<', { "pass SYN_SENT2 0", "pass SYN_RECV 60", "-", "let by", "let by", "delete" } },
	{ "SYN_RECV",    '>', { "let by", "pass SYN_RECV 60", "pass FIN_WAIT 120", "pass ESTABLISHED+ 432000",
				"pass CLOSE 10", "pass CLOSE 10" } },
	{ "SYN_RECV",    '<', { "-", "let by", "pass FIN_WAIT 120", "pass SYN_RECV 60", "pass CLOSE 10", "pass CLOSE 10" } },
	{ "ESTABLISHED", '>', { "let by", "-", "pass FIN_WAIT+ 120", "pass ESTABLISHED+ 432000",
				"pass CLOSE+ 10", "pass CLOSE+ 10" } },
	{ "ESTABLISHED", '<', { "-", "let by", "pass FIN_WAIT+ 120", "pass ESTABLISHED+ 432000",
				"pass CLOSE+ 10", "pass CLOSE+ 10" } },
	{ "FIN_WAIT",    '>', { "let by", "-", "pass LAST_ACK+ 30", "pass CLOSE_WAIT+ 60", "pass CLOSE+ 10", "pass CLOSE+ 10" } },
	{ "FIN_WAIT",    '<', { "-", "let by", "pass LAST_ACK+ 30", "pass CLOSE_WAIT+ 60", "pass CLOSE+ 10", "pass CLOSE+ 10" } },
	{ "CLOSE_WAIT",  '>', { "let by", "-", "pass LAST_ACK+ 30", "pass CLOSE_WAIT+ 60", "pass CLOSE+ 10", "pass CLOSE+ 10" } },
	{ "CLOSE_WAIT",  '<', { "-", "let by", "pass LAST_ACK+ 30", "pass CLOSE_WAIT+ 60", "pass CLOSE+ 10", "pass CLOSE+ 10" } },
	{ "LAST_ACK",    '>', { "let by", "-", "pass LAST_ACK+ 30", "pass TIME_WAIT+ 120", "pass CLOSE+ 10", "pass CLOSE+ 10" } },
	{ "LAST_ACK",    '<', { "-", "let by", "pass LAST_ACK+ 30", "pass TIME_WAIT+ 120", "pass CLOSE+ 10", "pass CLOSE+ 10" } },
	{ "TIME_WAIT",   '>', { "again SYN_SENT 120", "-", "pass TIME_WAIT+ 120", "pass TIME_WAIT+ 120",
				"pass CLOSE+ 10", "pass CLOSE+ 10" } },
	{ "TIME_WAIT",   '<', { "again SYN_SENT 120", "let by", "pass TIME_WAIT+ 120", "pass TIME_WAIT+ 120",
				"pass CLOSE+ 10", "pass CLOSE+ 10" } },
	{ "CLOSE",       '>', { "again SYN_SENT 120", "-", "pass CLOSE+ 10", "pass CLOSE+ 10", "pass CLOSE+ 10", "pass CLOSE+ 10" } },
	{ "CLOSE",       '<', { "-", "let by", "pass CLOSE+ 10", "pass CLOSE+ 10", "pass CLOSE+ 10", "pass CLOSE+ 10" } },
	{ "SYN_SENT2",   '>', { "pass SYN_SENT2 120", "pass SYN_RECV 60", "pass FIN_WAIT 120", "pass SYN_RECV 60", "pass CLOSE 10", "pass CLOSE 10" } },
	{ "SYN_SENT2",   '<', { "pass SYN_SENT2 120", "pass SYN_RECV 60", "pass FIN_WAIT 120", "pass SYN_RECV 60", "pass CLOSE 10", "pass CLOSE 10" } },
};

static const struct way *way_to(const char *state)
{
	for (size_t i = 0; i < COUNT(ways); i++)
		if (strcmp(ways[i].state, state) == 0)
			return &ways[i];
	fail_msg("no way to %s", state);
	return NULL;
}

static const char *expected_of(const struct expectation *e, uint8_t flags)
{
	for (size_t i = 0; i < COUNT(legal); i++)
		if (flags_of(legal[i].flags) == (flags & ~(TCP_PSH | TCP_ECE | TCP_CWR)))
			return e->of[legal[i].column];
	return "tcp-flags";
}

static void walk_one(const struct expectation *e, uint8_t flags)
{
	const struct way *way = way_to(e->state);
	const char *expected = expected_of(e, flags);
	char letters[9] = "", outcome[96];
	struct row row = { e->from, letters, way->next[e->from == '<'], way->next[e->from == '>'], 0, 8000, 0, 0, 0, 0 };
	struct bed b;
	char *to = letters;

	set_up(&b, 0xfffffffe, 0x7fffffff);
	for (const struct row *r = way->rows; r->from; r++)
		feed(&b, r);
	if (way->rows[0].from)
		assert_string_equal(usher__tcp_states[b.c.state], e->state);
	for (unsigned bit = 0; bit < 8; bit++)
		if (flags >> bit & 1)
			*to++ = "FSRPAUEC"[bit];
	feed(&b, &row);
	if (strcmp(b.verdict, "tcp-state") == 0)
		snprintf(outcome, sizeof(outcome), "-");
	else if (strcmp(b.verdict, "ignore") == 0)
		snprintf(outcome, sizeof(outcome), "let by");
	else if (b.present && strncmp(b.verdict, "tcp-", 4) != 0)
		snprintf(outcome, sizeof(outcome), "%s %s %u", b.verdict, state_of(&b), (unsigned)(b.timeout / USHER_SECOND));
	else
		snprintf(outcome, sizeof(outcome), "%s", b.verdict);
	if (strcmp(outcome, expected) != 0)
		fail_msg("%s %c%s: expected \"%s\", is \"%s\"", e->state, e->from, letters, expected, outcome);
}

static void test_every_state_and_flag(void **state)
{
	(void)state;
	assert_int_equal(COUNT(expectations), 2 * CONN_TCP_STATE_COUNT - 1); /* NONE has no reply */
	for (size_t i = 0; i < COUNT(expectations); i++)
		for (unsigned flags = 0; flags < 256; flags++)
			walk_one(&expectations[i], (uint8_t)flags);
}

static void test_table_is_whole(void **state)
{
	(void)state;
	for (unsigned s = 0; s < CONN_TCP_STATE_COUNT; s++) {
		assert_string_equal(usher__tcp_states[s], ways[s].state);
		for (unsigned i = 0; i < 2 * TCP_EVENT_COUNT; i++) {
			const struct tcp_rule *r = &usher__tcp_table[s][i % 2][i / 2];

			assert_non_null(r->why);
			assert_true(strlen(r->why) > 10);
			assert_true(r->kind <= TCP_LAST && r->next < CONN_TCP_STATE_COUNT);
			assert_true(r->met_kind <= TCP_LAST && r->met_next < CONN_TCP_STATE_COUNT);
			if (r->kind == TCP_REJECT || r->kind == TCP_LET_BY)
				assert_int_equal(r->next, s);
			if (r->met_kind == TCP_REJECT || r->met_kind == TCP_LET_BY)
				assert_int_equal(r->met_next, s);
		}
	}
	assert_string_equal(usher__conn_tcp.name, "tcp");
	assert_int_equal(usher__conn_tcp.state_count, CONN_TCP_STATE_COUNT);
	assert_ptr_equal(usher__conn_tcp.states, usher__tcp_states);
}

/* What evicts a connection before others: that it ends. */
static void test_closing(void **state)
{
	(void)state;
	for (unsigned s = 0; s < CONN_TCP_STATE_COUNT; s++) {
		struct conn c = { .state = (uint8_t)s };
		bool ends = strstr("FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE", ways[s].state) != NULL;

		assert_int_equal(usher__conn_tcp.closing(&c), ends);
	}
}

/* ---- doc/tcp.md says what the table says */

static const char *word_of(enum tcp_rule_kind kind, unsigned next)
{
	switch (kind) {
	case TCP_REJECT:
		return "-";
	case TCP_LET_BY:
		return "let by";
	case TCP_REOPEN:
		return "new, or let by";
	case TCP_LAST:
		return "TIME_WAIT, or let by";
	case TCP_TAKE:
	case TCP_MEET:
	case TCP_RESET:
		break;
	}
	return usher__tcp_states[next];
}

static void append_cell(char *line, size_t size, const struct tcp_rule *r)
{
	size_t at = strlen(line);

	if (r->kind == r->met_kind && r->next == r->met_next)
		snprintf(line + at, size - at, " %s |", word_of(r->kind, r->next));
	else
		snprintf(line + at, size - at, " %s; both: %s |", word_of(r->kind, r->next),
			 word_of(r->met_kind, r->met_next));
}

static void test_doc_has_the_table(void **state)
{
	static char text[65536];
	FILE *file = fopen(USHER_TESTS "/../doc/tcp.md", "r");
	size_t have;

	(void)state;
	assert_non_null(file);
	have = fread(text, 1, sizeof(text) - 1, file);
	text[have] = 0;
	fclose(file);
	for (unsigned i = 0; i < 2 * CONN_TCP_STATE_COUNT; i++) {
		const struct tcp_rule *r = usher__tcp_table[i / 2][i % 2];
		char line[256];

		if (i == 2 * CONN_TCP_NONE + USHER_REPLY)
			continue;
		snprintf(line, sizeof(line), "| %s | %s |", usher__tcp_states[i / 2], i % 2 ? "reply" : "orig");
		for (unsigned event = 0; event < TCP_EVENT_COUNT; event++)
			append_cell(line, sizeof(line), &r[event]);
		if (!strstr(text, line))
			fail_msg("doc/tcp.md lacks the line\n%s", line);
	}
}

#include "tcp_scripts.h"

static void run_script(const struct script *s, uint32_t isn_orig, uint32_t isn_reply)
{
	struct bed b;

	set_up(&b, isn_orig, isn_reply);
	b.config.tcp_liberal = s->liberal;
	b.config.tcp_loose = !s->not_loose;
	b.config.tcp_ignore_invalid_rst = s->ignore_invalid_rst;
	for (size_t i = 0; i < s->count; i++) {
		const struct row *r = &s->rows[i];

		feed(&b, r);
		if (strcmp(b.verdict, r->verdict) != 0 || strcmp(state_of(&b), r->state) != 0 ||
		    b.timeout != r->timeout * USHER_SECOND)
			fail_msg("\"%s\", row %zu (%c%s %u), numbers from %u and %u: expected %s %s %u, is %s %s %u", s->name,
				 i + 1, r->from, r->flags, r->seq, isn_orig, isn_reply, r->verdict, r->state, r->timeout,
				 b.verdict, state_of(&b), (unsigned)(b.timeout / USHER_SECOND));
	}
}

/* Wherever the numbers begin, it is the same. */
static void test_scripts(void **state)
{
	static const uint32_t isn[][2] = {
		{ 1, 1 }, { 1000, 500000 }, { 0x7ffffff0, 0x80000000 }, { 0xffffffff, 0xfffffffe }, { 0xffffff00, 0x7fffff00 },
		{ 0xffff0000, 0x12345678 }, { 0x80000001, 0xfffff000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++)
		for (size_t k = 0; k < COUNT(isn); k++)
			run_script(&scripts[i], isn[k][0], isn[k][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_state_and_flag), cmocka_unit_test(test_table_is_whole),
		cmocka_unit_test(test_closing),              cmocka_unit_test(test_doc_has_the_table),
		cmocka_unit_test(test_scripts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
