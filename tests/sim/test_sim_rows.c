/*
 * What was measured of the Linux kernel's FTP and PPTP helpers under NAT, row by row, and what usher does: names are those of the
 * measured cases. The kernel drops, corrupts, stalls or opens in many of them; here each must come out right.
 *
 * A row is a session of the simulation without chance: its links lose just what the row names. All that the simulation holds every
 * session to holds here, too (each end reads what the other wrote but for announcements, these are changed to what they should be,
 * announced connections arrive, attackers do not); the row says besides how many transfers complete and how many edits and
 * expectations there are.
 *
 * Not here, for they need no NAT: rows of lines that announce nothing (tests/unit/test_kernel_ftp.c). Not here, for nothing can be
 * done: midstream-after-mangle-masq, where the state is flushed and with it how far the stream was shifted.
 */
#include "tests/sim/gateway.h"
#include "tests/sim/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum row_flags {
	V6 = 1,
	PUBLIC = 2,      /* the server announces its public address already */
	NO_DATA = 4,     /* no transfer follows: nothing was announced that may be used */
	NO_SACK = 8,
	TWO_CLIENTS = 16,/* at the same time, and the same port of each */
	SILENT = 32,     /* no greeting */
	SMALL_MSS = 64,  /* of the client's and server's segments: 40 bytes and time stamps */
	NAGLE = 128
};

struct row {
	const char *name;
	uint8_t mode;
	uint16_t flags;
	const char *text;     /* what the client writes, see STEP_RAW */
	const char *then;     /* when that is answered; NULL: nothing */
	const char *passive;  /* the server's reply to PASV and EPSV; NULL: not asked for */
	uint64_t lose[2];     /* data segments lost on the last link: to the server, to the client */
	uint64_t lose_acks;   /* bare acknowledgements lost on the server's way back */
	uint8_t transfers, edits, expectations;
};

#define M MODE_MASQUERADE
#define F MODE_FORWARD
#define B MODE_BOTH
#define LINE_60 "NOOP abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzab\r\n"
#define LINES_300 LINE_60 LINE_60 LINE_60 LINE_60 LINE_60
#define LINES_1500 LINES_300 LINES_300 LINES_300 LINES_300 LINES_300

static const struct row rows[] = {
#include "rows.h"
};

struct pptp_row {
	const char *name;
	uint8_t mode;
	uint16_t flags;       /* enum row_flags */
	const char *opener, *other; /* plans, see rows_pptp.h; NULL: empty */
	uint8_t refuses, joins, cuts; /* percent: struct pptp_manners */
	uint16_t ids;         /* the first one of each end; 0 is an id */
	uint64_t lose[2];     /* as above */
	uint8_t calls;        /* that usher lets in */
	uint8_t gre;          /* packets that arrive */
};

static const struct pptp_row pptp_rows[] = {
#include "rows_pptp.h"
};

static struct session *session;

static void make_host(struct tcp_profile *t, uint16_t flags)
{
	*t = (struct tcp_profile){ .mss = flags & V6 ? 1440 : 1460, .scale = 7, .first_window = 10, .buffer = 65536,
				   .sack = !(flags & NO_SACK), .stamps = true, .nagle = flags & NAGLE };
	if (flags & SMALL_MSS)
		t->mss = 52;
}

static struct ftp_step *add(struct scenario *c, uint32_t client, uint8_t kind)
{
	struct ftp_step *step = &c->script[client][c->steps[client]++];

	*step = (struct ftp_step){ .kind = kind, .cut = { 1, 0 } };
	return step;
}

static void make_script(struct scenario *c, const struct row *r, uint32_t client)
{
	add(c, client, STEP_RAW)->text = r->text;
	add(c, client, STEP_REPLIES);
	if (r->then) {
		add(c, client, STEP_RAW)->text = r->then;
		add(c, client, STEP_REPLIES);
	}
	if (!(r->flags & NO_DATA))
		add(c, client, STEP_RETR)->size = 3000;
	add(c, client, STEP_WAIT);
	add(c, client, STEP_TEXT);
	add(c, client, STEP_QUIT);
}

static void make_common(struct scenario *c, uint8_t mode, uint16_t flags, const uint64_t lose[2])
{
	memset(c, 0, sizeof(*c));
	c->seed = 1;
	c->mode = mode;
	c->ipv6 = flags & V6;
	c->strict = true;
	c->clients = flags & TWO_CLIENTS ? 2 : 1;
	c->equal_ports = true;
	c->attacks = 1;
	c->tailroom = PACKET_TAIL;
	c->law = true;
	c->port = c->public_port = 21;
	c->flags = USHER_LIVE | USHER_DROP_INVALID;
	c->impair_to = UINT32_MAX;
	for (unsigned side = 0; side < 2; side++)
		c->up[side] = c->down[side] = (struct link_profile){ .delay_us = 1000 };
	c->down[mode == M ? OUTSIDE : INSIDE].lose_data = lose[0];
	c->down[mode == M ? INSIDE : OUTSIDE].lose_data = lose[1];
	make_host(&c->client, flags);
	make_host(&c->server, flags);
}

static void make(struct scenario *c, const struct row *r)
{
	make_common(c, r->mode, r->flags, r->lose);
	c->up[r->mode == M ? OUTSIDE : INSIDE].lose_bare = r->lose_acks;
	c->manners = (struct ftp_manners){ .announces_public = r->flags & PUBLIC, .silent = r->flags & SILENT, .lenient = true,
					   .passive = r->passive };
	for (uint32_t i = 0; i < c->clients; i++)
		make_script(c, r, i);
}

static void check(const struct row *r)
{
	static struct scenario scenario;
	uint32_t transfers = 0;
	uint64_t edits, expectations;
	bool good;

	make(&scenario, r);
	good = session_run(session, &scenario, false, NULL);
	for (uint32_t i = 0; i < scenario.clients; i++)
		transfers += session->ftp_client[i].transfers;
	edits = gateways_count(&session->sim, USHER_COUNTER_EDITS);
	expectations = gateways_count(&session->sim, USHER_COUNTER_EXPECTATIONS);
	if (!good)
		fail_msg("%s: %s", r->name, session->sim.violation);
	if ((r->lose[0] || r->lose[1] || r->lose_acks) && !session->sim.covered[COVER_LOST])
		fail_msg("%s: nothing was lost", r->name);
	if (transfers != r->transfers || edits != r->edits || expectations != r->expectations)
		fail_msg("%s: %u transfers, %u edits, %u expectations, and not %u, %u, %u", r->name, transfers, (unsigned)edits,
			 (unsigned)expectations, r->transfers, r->edits, r->expectations);
}

static void test_rows(void **state)
{
	const char *only = getenv("ROW");

	(void)state;
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!only || strstr(rows[i].name, only))
			check(&rows[i]);
	}
}

static void make_plan(struct pptp_plan *p, const char *text, uint8_t cuts)
{
	static const char letters[] = "OIWMGELRCsX";
	static const uint8_t kinds[] = { CALL_OUT, CALL_IN, CALL_WAIT, CALL_MEET, CALL_GRE, CALL_ECHO, CALL_LINK, CALL_ERRORS, CALL_CLEAR,
					 CALL_SLEEP, CALL_STOP };

	for (p->count = 0; text && *text; text++) {
		struct pptp_step *step = &p->step[p->count++];
		const char *letter = strchr(letters, *text == 't' ? 's' : *text);

		assert_non_null(letter);
		*step = (struct pptp_step){ .kind = kinds[letter - letters], .cut = { cuts ? 4 : 1, 0 }, .size = 3 };
		if (step->kind == CALL_SLEEP)
			step->size = *text == 't' ? 200000 : 300;
		if (text[1] == '+') {
			step->join = true;
			text++;
		}
	}
}

static void check_pptp(const struct pptp_row *r)
{
	static struct scenario scenario;
	uint64_t calls;
	bool good;

	make_common(&scenario, r->mode, r->flags, r->lose);
	scenario.protocol = PROTOCOL_PPTP;
	scenario.port = scenario.public_port = 1723;
	for (unsigned i = 0; i < 2; i++)
		scenario.pptp_manners[i] = (struct pptp_manners){ .refuses = r->refuses, .joins = r->joins, .cut_percent = r->cuts,
								  .first_id = r->ids };
	make_plan(&scenario.plan[0], r->opener, r->cuts);
	make_plan(&scenario.plan[1], r->other, r->cuts);
	good = session_run(session, &scenario, false, NULL);
	calls = gateways_count(&session->sim, USHER_COUNTER_EXPECTATIONS);
	if (!good)
		fail_msg("%s: %s", r->name, session->sim.violation);
	if ((r->lose[0] || r->lose[1]) && !session->sim.covered[COVER_LOST])
		fail_msg("%s: nothing was lost", r->name);
	if (calls != r->calls || session->pptp_house.delivered != r->gre)
		fail_msg("%s: %u calls, %u GRE packets arrive, and not %u, %u", r->name, (unsigned)calls, session->pptp_house.delivered,
			 r->calls, r->gre);
}

static void test_pptp_rows(void **state)
{
	const char *only = getenv("ROW");

	(void)state;
	for (uint32_t i = 0; i < sizeof(pptp_rows) / sizeof(pptp_rows[0]); i++) {
		if (!only || strstr(pptp_rows[i].name, only))
			check_pptp(&pptp_rows[i]);
	}
}

/* slipstream-post-port21, slipstream-none, slipstream-header-body-two-writes: the kernel opens a pinhole. */
static void test_slipstream_rows(void **state)
{
	static struct scenario scenario;
	const struct scenario_choice choice = {
		.modes = 1u << MODE_MASQUERADE | 1u << MODE_ROUTED, .protocols = 1u << PROTOCOL_WEB, .step_limit = 1, .impair_to = UINT32_MAX
	};

	(void)state;
	for (uint64_t seed = 0; seed < 300; seed++) {
		scenario_make(&scenario, seed, &choice);
		if (!session_run(session, &scenario, false, NULL))
			fail_msg("slipstream, seed %u: %s", (unsigned)seed, session->sim.violation);
		assert_true(session->sim.covered[COVER_SLIPSTREAM]);
	}
}

static int begin(void **state)
{
	(void)state;
	session = session_new();
	return 0;
}

static int end(void **state)
{
	(void)state;
	session_free(session);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_pptp_rows), cmocka_unit_test(test_slipstream_rows)
	};

	return cmocka_run_group_tests(tests, begin, end);
}
