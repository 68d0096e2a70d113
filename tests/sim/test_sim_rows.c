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

static struct session *session;

static void make_host(struct tcp_profile *t, const struct row *r)
{
	*t = (struct tcp_profile){ .mss = r->flags & V6 ? 1440 : 1460, .scale = 7, .first_window = 10, .buffer = 65536,
				   .sack = !(r->flags & NO_SACK), .stamps = true, .nagle = r->flags & NAGLE };
	if (r->flags & SMALL_MSS)
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

static void make(struct scenario *c, const struct row *r)
{
	memset(c, 0, sizeof(*c));
	c->seed = 1;
	c->mode = r->mode;
	c->ipv6 = r->flags & V6;
	c->strict = true;
	c->clients = r->flags & TWO_CLIENTS ? 2 : 1;
	c->attacks = 1;
	c->tailroom = PACKET_TAIL;
	c->law = true;
	c->port = c->public_port = 21;
	c->flags = USHER_LIVE | USHER_DROP_INVALID;
	c->impair_to = UINT32_MAX;
	for (unsigned side = 0; side < 2; side++)
		c->up[side] = c->down[side] = (struct link_profile){ .delay_us = 1000 };
	c->down[r->mode == M ? OUTSIDE : INSIDE].lose_data = r->lose[0];
	c->down[r->mode == M ? INSIDE : OUTSIDE].lose_data = r->lose[1];
	c->up[r->mode == M ? OUTSIDE : INSIDE].lose_bare = r->lose_acks;
	make_host(&c->client, r);
	make_host(&c->server, r);
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
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, begin, end);
}
