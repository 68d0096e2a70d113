/*
 * FTP through the whole engine, cut into segments: each announcement split at every byte into two and into three segments, these in
 * every order, each with one of them sent twice; the outcome must be that of one segment. Bursts of one (test_bursts has the others).
 */
#include "net.h"

#define PIECES 3u

struct row {
	const char *name;
	const char *before;     /* a script up to the line in question, by the flow C */
	unsigned side;          /* who says the line: 0 the client */
	const char *line;       /* what is cut: the line and its neighbours, as pipelining has them */
	const char *expected;   /* how the expectation is told */
};

#define V4 "C tcp 10.0.0.2:4000 10.0.0.9:21\nC< 220 ready~\nC> USER u~\nC< 331 password~\nC> PASS p~\nC< 230 in~\n"
#define V6 "C tcp [fd00::2]:4000 [fd00::9]:21\nC< 220 ready~\nC> USER u~\nC< 331 password~\nC> PASS p~\nC< 230 in~\n"

static const struct row rows[] = {
	{ "PORT", V4, 0, "PORT 10,0,0,2,4,5\r\n", "10.0.0.2:1029" },
	{ "PORT between others", V4, 0, "NOOP\r\nPORT 10,0,0,2,4,5\r\nRETR x\r\n", "10.0.0.2:1029" },
	{ "EPRT", V4, 0, "EPRT |1|10.0.0.2|1029|\r\n", "10.0.0.2:1029" },
	{ "EPRT, IPv6", V6, 0, "EPRT |2|fd00::2|1029|\r\n", "[fd00::2]:1029" },
	{ "227", V4 "C> PASV~\n", 1, "227 Entering Passive Mode (10,0,0,9,4,5)\r\n", "10.0.0.9:1029" },
	{ "227 of several lines", V4 "C> PASV~\n", 1, "227-see (10,0,0,9,9,9)\r\n227 =10,0,0,9,4,5\r\n", "10.0.0.9:1029" },
	{ "229", V4 "C> EPSV~\n", 1, "229 Extended (|||1029|)\r\n", "10.0.0.9:1029" },
	{ "229, IPv6", V6 "C> EPSV~\n", 1, "229 Extended (|||1029|)\r\n", "[fd00::9]:1029" },
};

static const uint8_t orders[6][PIECES] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

/* The end of the other side's acknowledgement, so that nothing is left open. */
static void acknowledge(struct net *n, struct net_flow *f, unsigned side)
{
	net_flag(n, f, !side, NET_ACK);
}

/* Say the line in pieces [0, cut[0]), [cut[0], cut[1]), [cut[1], len), in this order; piece `twice` comes a second time at the end. */
static void say_in_pieces(struct net *n, const struct row *r, const uint32_t cut[2], const uint8_t *order, unsigned twice)
{
	struct net_flow *f = net_flow(n, "C");
	uint32_t len = (uint32_t)strlen(r->line), edge[PIECES + 1] = { 0, cut[0], cut[1], len };
	uint32_t base = f->next[r->side] - f->first[r->side];
	unsigned i;

	/* what is said again must have been said: note it, without a packet */
	memcpy(f->said[r->side] + base, r->line, len);
	f->next[r->side] += len;
	for (i = 0; i < PIECES; i++)
		if (edge[order[i]] < edge[order[i] + 1])
			net_say_again(n, f, r->side, base + edge[order[i]], edge[order[i] + 1] - edge[order[i]]);
	if (edge[twice] < edge[twice + 1])
		net_say_again(n, f, r->side, base + edge[twice], edge[twice + 1] - edge[twice]);
	acknowledge(n, f, r->side);
}

static void check(const struct row *r, const uint32_t cut[2], const uint8_t *order, unsigned twice)
{
	struct net n;
	struct usher_expectation e;
	uint64_t position = 0;
	char text[80] = "none";

	net_open(&n, NULL);
	n.quiet = true;
	net_run(&n, r->before);
	say_in_pieces(&n, r, cut, order, twice);
	if (usher_expect_next(n.w, &position, &e))
		net_end_text(&e.tuple.dst, text);
	if (strcmp(text, r->expected) || usher_expect_next(n.w, &position, &e) || n.told[USHER_EVENT_ANNOUNCE] != 1)
		fail_msg("%s cut at %u and %u, order %u%u%u, piece %u twice: expects %s, announced %u times", r->name, (unsigned)cut[0],
			 (unsigned)cut[1], order[0], order[1], order[2], twice, text, (unsigned)n.told[USHER_EVENT_ANNOUNCE]);
	net_close(&n);
}

static void test_every_split_in_every_order(void **state)
{
	size_t r, o;
	uint32_t cut[2];

	(void)state;
	for (r = 0; r < COUNT_OF(rows); r++) {
		uint32_t len = (uint32_t)strlen(rows[r].line);

		for (cut[0] = 1; cut[0] < len; cut[0]++)
			for (cut[1] = cut[0]; cut[1] <= len; cut[1] += cut[1] < cut[0] + 3 ? 1 : 5)
				for (o = 0; o < COUNT_OF(orders); o++)
					check(&rows[r], cut, orders[o], (cut[0] + (unsigned)o) % PIECES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_split_in_every_order) };

	return cmocka_run_group_tests_name("ftp_segments", tests, NULL, NULL);
}
