/*
 * PPTP's messages however TCP cuts them: each message split at every byte, and into every three pieces, every pair and many
 * triples of messages in one segment. All that was said, all that was asked for and the state must be those of one message in
 * each segment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/pptp_peer.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define STATE (8u + 64u * 16u)

static const struct usher_helper *pptp;

struct row {
	const char *before[8];
	const char *message; /* with who says it */
};

#define UP "C SCCRQ", "S SCCRP"

static const struct row rows[] = {
	{ { NULL }, "C SCCRQ" },
	{ { "C SCCRQ" }, "S SCCRP" },
	{ { UP }, "C STOPRQ" },
	{ { UP, "C STOPRQ" }, "S STOPRP" },
	{ { UP }, "C ECHORQ" },
	{ { UP }, "S ECHORP" },
	{ { UP }, "C OCRQ 1" },
	{ { UP, "C OCRQ 1" }, "S OCRP 100 1" },
	{ { UP, "C OCRQ 1" }, "S OCRP 100 1 2" },
	{ { UP }, "S ICRQ 100" },
	{ { UP, "S ICRQ 100" }, "C ICRP 1 100" },
	{ { UP, "S ICRQ 100", "C ICRP 1 100" }, "S ICCN 1" },
	{ { UP, "C OCRQ 1", "S OCRP 100 1" }, "C CCRQ 1" },
	{ { UP, "C OCRQ 1", "S OCRP 100 1" }, "S CDN 100" },
	{ { UP, "C OCRQ 1", "S OCRP 100 1" }, "S WEN 1" },
	{ { UP, "C OCRQ 1", "S OCRP 100 1" }, "C SLI 100" },
	{ { UP }, "C OTHER 77 12" },
	{ { UP }, "C OTHER 77 300" },
	{ { UP }, "C MGMT 20" },
};

/* What came of it: everything but where messages begin, which a picked up connection learns with the first. */
struct outcome {
	char lines[16][RECORDER_LINE_LEN];
	uint32_t line_count;
	uint8_t state[STATE];
};

static void outcome_of(struct recorder *r, struct outcome *o)
{
	memset(o, 0, sizeof(*o));
	assert_true(r->line_count <= COUNT_OF(o->lines));
	o->line_count = r->line_count;
	memcpy(o->lines, r->lines, r->line_count * sizeof(o->lines[0]));
	memcpy(o->state, r->state, sizeof(o->state));
}

static struct recorder *after(const char *const *steps)
{
	struct recorder *r = recorder_new(pptp, USHER_IPV4, 1723);

	r->live = true;
	for (; *steps; steps++)
		peer_say(r, *steps, PEER_BYTES);
	recorder_clear(r);
	return r;
}

/* Bytes in up to three pieces, [0, a), [a, b), [b, len). */
static void say_in_pieces(const struct row *row, uint32_t a, uint32_t b, struct outcome *o)
{
	struct recorder *r = after(row->before);
	uint8_t bytes[PEER_BYTES], dir = row->message[0] == 'S';
	uint32_t len = peer_bytes(bytes, row->message + 2);

	recorder_say(r, dir, bytes, a);
	recorder_say(r, dir, bytes + a, b - a);
	recorder_say(r, dir, bytes + b, len - b);
	outcome_of(r, o);
	recorder_free(r);
}

static void test_every_split(void **state)
{
	static struct outcome whole, split;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[PEER_BYTES];
		uint32_t len = peer_bytes(bytes, rows[i].message + 2);

		say_in_pieces(&rows[i], len, len, &whole);
		assert_true(whole.line_count >= 1);
		for (uint32_t a = 0; a <= len; a++) {
			for (uint32_t b = a; b <= len; b += a < 20 || b < 20 ? 1 : 7) {
				say_in_pieces(&rows[i], a, b, &split);
				if (memcmp(&whole, &split, sizeof(whole)) != 0)
					fail_msg("%s, cut at %u and %u", rows[i].message, (unsigned)a, (unsigned)b);
			}
		}
	}
}

/*
 * In a session with a connected call (1, 100), an outgoing one asked for by the client (2), an incoming one answered (3, 300), an
 * incoming one asked for (400), and the same with sides changed.
 */
static const char *const context[] = {
	UP, "C OCRQ 1", "S OCRP 100 1", "C OCRQ 2", "S ICRQ 300", "C ICRP 3 300", "S ICRQ 400", "S OCRQ 1000", "C OCRP 10 1000",
	"S OCRQ 1001", "C ICRQ 30", "S ICRP 3000 30", "C ICRQ 40", NULL
};

static const char *const said[] = {
	"C SCCRQ", "C SCCRP", "C STOPRQ", "C STOPRP", "C ECHORQ", "C ECHORP", "C OCRQ 5", "C OCRQ 2", "C OCRP 6 1001",
	"C OCRP 6 1001 3",
	"C ICRQ 7", "C ICRP 4 400", "C ICRP 4 400 3", "C ICCN 3000", "C CCRQ 1", "C CCRQ 2", "C CDN 10", "C WEN 1000", "C SLI 100",
	"C OTHER 77", "C OTHER 77 500", "C MGMT",
	"S SCCRQ", "S SCCRP", "S STOPRQ", "S STOPRP", "S ECHORQ", "S ECHORP", "S OCRQ 500", "S OCRQ 1001", "S OCRP 200 2",
	"S OCRP 200 2 2",
	"S ICRQ 700", "S ICRP 4000 40", "S ICRP 4000 40 3", "S ICCN 3", "S CCRQ 1000", "S CDN 100", "S CDN 1", "S WEN 1", "S SLI 1",
	"S OTHER 77", "S OTHER 77 500", "S MGMT",
};

static void in_segments(const size_t *which, size_t count, bool one, struct outcome *o)
{
	struct recorder *r = after(context);
	uint8_t bytes[PEER_BYTES];
	uint32_t len = 0, n;

	for (size_t i = 0; i < count; i++) {
		n = peer_bytes(bytes + len, said[which[i]] + 2);
		if (!one)
			recorder_say(r, said[which[i]][0] == 'S', bytes + len, n);
		len += n;
	}
	if (one)
		recorder_say(r, said[which[0]][0] == 'S', bytes, len);
	outcome_of(r, o);
	recorder_free(r);
}

static void test_messages_in_one_segment(void **state)
{
	static struct outcome apart, together;
	size_t which[3];

	(void)state;
	for (which[0] = 0; which[0] < COUNT_OF(said); which[0]++) {
		for (which[1] = 0; which[1] < COUNT_OF(said); which[1]++) {
			which[2] = (which[0] * 7 + which[1] * 3) % COUNT_OF(said);
			for (size_t count = 2; count <= 3; count++) {
				if (said[which[0]][0] != said[which[1]][0] || said[which[0]][0] != said[which[count - 1]][0])
					continue;
				in_segments(which, count, false, &apart);
				in_segments(which, count, true, &together);
				assert_true(apart.line_count >= count); /* each was seen */
				if (memcmp(&apart, &together, sizeof(apart)) != 0)
					fail_msg("%s + %s", said[which[0]], said[which[1]] + 2);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_split), cmocka_unit_test(test_messages_in_one_segment) };

	pptp = recorder_helper("pptp");
	if (!pptp) {
		printf("1..0 # SKIP pptp is not built in\n");
		return 0;
	}
	return cmocka_run_group_tests_name("pptp_segments", tests, NULL, NULL);
}
