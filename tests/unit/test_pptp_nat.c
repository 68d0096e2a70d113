/*
 * PPTP behind NAT, which the recorder plays: each side is known to the other by call ids that are not its own. In the scripts
 * (pptp_peer.h) c1 is the client's id 1 as the client knows it, C1 the same as the server does; s1 and S1 are the server's. Every
 * dialogue is run without NAT, with one side behind it, with the other, and with both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/pptp_peer.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define STEPS 48

static const struct usher_helper *pptp;

#define UP "C SCCRQ", "> SCCRQ", "S SCCRP", "> SCCRP"

struct row {
	const char *name;
	const char *steps[STEPS];
};

static const struct row rows[] = {
	{ "outgoing, the client is the PNS",
	  { UP, "C OCRQ c1", "> OCRQ C1", "S OCRP s100 C1", "> OCRP S100 c1", "= outgoing-call *:1 *:100", "C SLI S100",
	    "> SLI s100",
	    "S SLI C1", "> SLI c1", "S WEN C1", "> WEN c1", "C CCRQ c1", "> CCRQ C1", "S CDN s100", "> CDN S100",
	    "= withdraw *:1 *:100 and children" } },
	{ "outgoing, the server is the PNS",
	  { UP, "S OCRQ s100", "> OCRQ S100", "C OCRP c1 S100", "> OCRP C1 s100", "= outgoing-call *:1 *:100", "S SLI C1",
	    "> SLI c1",
	    "C WEN S100", "> WEN s100", "S CCRQ s100", "> CCRQ S100", "C CDN c1", "> CDN C1",
	    "= withdraw *:1 *:100 and children" } },
	{ "incoming, the client is the PNS",
	  { UP, "S ICRQ s100", "> ICRQ S100", "C ICRP c1 S100", "> ICRP C1 s100", "S ICCN C1", "> ICCN c1",
	    "= incoming-call *:1 *:100",
	    "C SLI S100", "> SLI s100", "S WEN C1", "> WEN c1", "C CCRQ c1", "> CCRQ C1", "S CDN s100", "> CDN S100",
	    "= withdraw *:1 *:100 and children" } },
	{ "incoming, the server is the PNS",
	  { UP, "C ICRQ c1", "> ICRQ C1", "S ICRP s100 C1", "> ICRP S100 c1", "C ICCN S100", "> ICCN s100",
	    "= incoming-call *:1 *:100",
	    "C CDN c1", "> CDN C1", "= withdraw *:1 *:100 and children" } },
	{ "requests and replies said again keep their ids",
	  { UP, "C OCRQ c1", "> OCRQ C1", "C OCRQ c1", "> OCRQ C1", "S ICRQ s5", "> ICRQ S5", "S ICRQ s5", "> ICRQ S5",
	    "C ICRP c2 S5",
	    "> ICRP C2 s5", "C ICRP c2 S5", "> ICRP C2 s5", "S OCRP s6 C1", "> OCRP S6 c1", "= outgoing-call *:1 *:6", "C OCRQ c1",
	    "= note unexpected-message", "> OCRQ C1" } },
	{ "a refused call: the request's id is mapped back, no other is asked for",
	  { UP, "C OCRQ c1", "> OCRQ C1", "S OCRP s0 C1 4", "> OCRP s0 c1 4", "= withdraw UNKNOWN", "S ICRQ s7", "> ICRQ S7",
	    "C ICRP c9 S7 3", "> ICRP c9 s7 3", "= withdraw UNKNOWN" } },
	{ "a call cleared before it is connected",
	  { UP, "C OCRQ c1", "> OCRQ C1", "C CCRQ c1", "> CCRQ C1", "S OCRP s100 C1", "> OCRP S100 c1", "S CDN s100", "> CDN S100",
	    "= withdraw UNKNOWN and children" } },
	{ "a disconnect with the PNS's id",
	  { UP, "C OCRQ c1", "> OCRQ C1", "S OCRP s100 C1", "> OCRP S100 c1", "= outgoing-call *:1 *:100", "S CDN C1",
	    "= note disconnect-peer-id", "> CDN c1", "= withdraw *:1 *:100 and children" } },
	{ "calls of both sides, with the same ids",
	  { UP, "C OCRQ c1", "> OCRQ C1", "S OCRQ s1", "> OCRQ S1", "C OCRP c2 S1", "> OCRP C2 s1", "= outgoing-call *:2 *:1",
	    "S OCRP s2 C1", "> OCRP S2 c1", "= outgoing-call *:1 *:2", "C SLI S2", "> SLI s2", "C SLI S1", "> SLI s1", "S CDN s2",
	    "> CDN S2", "= withdraw *:1 *:2 and children", "C CDN c2", "> CDN C2", "= withdraw *:2 *:1 and children" } },
	{ "what names no call is left as it is",
	  { UP, "C CCRQ c1", "= note unexpected-message", "> CCRQ c1", "C SLI s1", "= note unexpected-message", "> SLI s1",
	    "S CDN s1",
	    "= note unexpected-message", "> CDN s1" } },
	{ "what names a call is translated, whatever it means",
	  { UP, "C OCRQ c1", "> OCRQ C1", "S OCRP s100 C1", "> OCRP S100 c1", "= outgoing-call *:1 *:100", "S OCRP s100 C1 2",
	    "= note unexpected-message", "> OCRP S100 c1 2", "C ICRQ c1", "= note unexpected-message", "> ICRQ C1" } },
	{ "an id used anew", { UP, "C OCRQ c1", "S OCRP s100 C1", "= outgoing-call *:1 *:100", "S CDN s100",
	    "= withdraw *:1 *:100 and children", "C OCRQ c1", "> OCRQ C1", "S OCRP s100 C1", "> OCRP S100 c1",
	    "= outgoing-call *:1 *:100" } },
};

/* How NAT names a side's ids. */
struct names {
	uint16_t shift[2];
	uint16_t flip;         /* the same, as a pattern: names that are other calls' own ids */
	int64_t refused[2];    /* this id has no name; -1: all have */
};

static uint16_t name_of(const struct names *n, unsigned side, unsigned id)
{
	return (uint16_t)((id + n->shift[side]) ^ n->flip);
}

static int nat(struct recorder *r, const struct usher_map *map, struct usher_endpoint *seen)
{
	const struct names *n = r->user;

	assert_int_equal(map->protocol, USHER_GRE);
	assert_int_equal(map->at.family, USHER_ANY_FAMILY);
	assert_int_equal(map->flags, 0);
	assert_true(map->tag != 0 && map->tag != USHER_ALL_TAGS);
	if (n->refused[map->side] == map->at.key)
		return USHER_FULL;
	seen->key = name_of(n, map->side, map->at.key);
	return USHER_OK;
}

static struct recorder *fresh(struct names *n)
{
	struct recorder *r = recorder_new(pptp, USHER_IPV4, 1723);

	r->live = r->held = true;
	r->nat = nat;
	r->user = n;
	return r;
}

/* "S OCRP s100 C1" with numbers. */
static const char *expand(const struct names *n, const char *step, char *to, size_t size)
{
	static const char letters[] = "csCS";
	size_t at = 0;
	unsigned id;
	int used;

	for (; *step; step += used) {
		const char *letter = strchr(letters, *step);
		unsigned which = letter ? (unsigned)(letter - letters) : 0;

		used = 0;
		if (letter && at > 0 && to[at - 1] == ' ' && sscanf(step + 1, "%u%n", &id, &used) == 1)
			at += (size_t)snprintf(to + at, size - at, "%u", which < 2 ? id : name_of(n, which - 2, id));
		else
			to[at++] = *step;
		used++;
	}
	to[at] = '\0';
	return to;
}

static const char *play(struct recorder *r, const char *const *steps)
{
	static char text[STEPS][160];
	const char *expanded[STEPS + 1];
	size_t i;

	for (i = 0; steps[i]; i++)
		expanded[i] = steps[i][0] == '=' ? steps[i] : expand(r->user, steps[i], text[i], sizeof(text[i]));
	expanded[i] = NULL;
	return peer_play(r, expanded, PEER_BYTES);
}

static void test_rows(void **state)
{
	static const struct names nats[] = {
		{ .refused = { -1, -1 } },
		{ .shift = { 4000, 0 }, .refused = { -1, -1 } },
		{ .shift = { 0, 7000 }, .refused = { -1, -1 } },
		{ .shift = { 4000, 7000 }, .refused = { -1, -1 } },
		{ .shift = { 65535, 65436 }, .refused = { -1, -1 } }, /* id 0 is one, too */
		{ .shift = { 1, 1 }, .refused = { -1, -1 } },         /* the name of one call is the next one's own id */
		{ .flip = 3, .refused = { -1, -1 } },                 /* two calls have each other's */
	};

	(void)state;
	for (size_t k = 0; k < COUNT_OF(nats); k++) {
		for (size_t i = 0; i < COUNT_OF(rows); i++) {
			struct names n = nats[k];
			struct recorder *r = fresh(&n);
			const char *wrong = play(r, rows[i].steps);

			if (wrong)
				fail_msg("%s, NAT %u: %s", rows[i].name, (unsigned)k, wrong);
			assert_true(k > 0 || r->edit_count == 0);
			recorder_free(r);
		}
	}
}

/* NAT is asked when an id first shows, once, with the call's tag; the expectation has it, too. */
static void test_when_it_is_asked(void **state)
{
	static const char *const steps[][4] = {
		{ "C SCCRQ" }, { "S SCCRP" }, { "C OCRQ c1" }, { "C OCRQ c1" }, { "S OCRP s100 C1" }, { "S SLI C1" },
		  { "S ICRQ s5" },
		{ "S ICRQ s5" }, { "C ICRP c2 S5" }, { "C ICRP c2 S5" }, { "S ICCN C2" }, { "C CCRQ c2" }, { "S CDN s5" },
	};
	static const uint8_t asked[] = { 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 4 };
	struct names n = { .shift = { 4000, 7000 }, .refused = { -1, -1 } };
	struct recorder *r = fresh(&n);
	char text[160];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		peer_say(r, expand(&n, steps[i][0], text, sizeof(text)), PEER_BYTES);
		assert_int_equal(r->map_count, asked[i]);
	}
	assert_int_equal(r->accepted_count, 2);
	recorder_free(r);
}

/* No id to be had: the call opens nothing, the messages pass as they are, others are not concerned. */
static void test_no_call_id(void **state)
{
	static const char *const by_request[] = { UP, "C OCRQ 1", "= note no-call-id", "= withdraw UNKNOWN", "> OCRQ 1",
		"S OCRP 100 1",
		"= outgoing-call *:1 *:100 refused unasked", "> OCRP 100 1", "C CCRQ 1", "= note unexpected-message", "S CDN 100",
		"= note unexpected-message", "> CDN 100", "C OCRQ c2", "> OCRQ C2", NULL };
	static const char *const by_reply[] = { UP, "C OCRQ c2", "> OCRQ C2", "S OCRP 100 C2", "= note no-call-id",
		"= withdraw UNKNOWN",
		"> OCRP 100 C2", "S OCRP 101 C2", "= outgoing-call *:4002 *:101 refused unasked", "C CCRQ 2", "> CCRQ 2", NULL };
	static const char *const by_answer[] = { UP, "S ICRQ s5", "> ICRQ S5", "C ICRP 1 S5", "= note no-call-id",
		"= withdraw UNKNOWN",
		"> ICRP 1 S5", "S ICCN 1", "= note unexpected-message", NULL };
	static const char *const *const scripts[] = { by_request, by_reply, by_answer };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(scripts); i++) {
		struct names n = { .shift = { 4000, 7000 }, .refused = { 1, 100 } };
		struct recorder *r = fresh(&n);
		const char *wrong = play(r, scripts[i]);

		if (wrong)
			fail_msg("script %u: %s", (unsigned)i, wrong);
		assert_int_equal(r->accepted_count, 0);
		recorder_free(r);
	}
}

static int one_name(struct recorder *r, const struct usher_map *map, struct usher_endpoint *seen)
{
	(void)r;
	if (map->at.key == 100)
		return USHER_FULL;
	seen->key = map->side == USHER_CLIENT ? 5000 : map->at.key;
	return USHER_OK;
}

/* The name of a call that failed may be lent to the next one. It is that one's then. */
static void test_name_lent_again(void **state)
{
	static const char *const steps[] = { "C SCCRQ", "S SCCRP", "C OCRQ 1", "> OCRQ 5000", "S OCRP 100 5000",
		"= note no-call-id",
		"= withdraw UNKNOWN", "C OCRQ 2", "> OCRQ 5000", "S OCRP 101 5000", "> OCRP 101 2", "= outgoing-call *:2 *:101",
		"S CDN 5000",
		"= note disconnect-peer-id", "> CDN 2", "= withdraw *:2 *:101 and children", NULL };
	struct recorder *r = fresh(NULL);
	const char *wrong;

	(void)state;
	r->nat = one_name;
	wrong = peer_play(r, steps, PEER_BYTES);
	if (wrong)
		fail_msg("%s", wrong);
	recorder_free(r);
}

/* What has left cannot be edited: a call that is not connected yet fails, one that is goes on, one that ends ends. */
static void test_not_edited(void **state)
{
	static const char *const request[] = { UP, "C OCRQ 1", "= note not-edited", "= withdraw UNKNOWN", "> OCRQ 1",
		"S OCRP 100 1",
		"= outgoing-call *:1 *:100 refused unasked", NULL };
	static const char *const begin[] = { UP, "C OCRQ c1", "> OCRQ C1", NULL };
	static const char *const reply[] = { "S OCRP 100 C1", "= note not-edited", "= withdraw UNKNOWN", "> OCRP 100 C1", NULL };
	static const char *const connect[] = { "S OCRP s100 C1", "= outgoing-call *:1 *:100", NULL };
	static const char *const later[] = { "C SLI S100", "= note not-edited", "> SLI S100", "C CCRQ 1", "= note not-edited",
		"> CCRQ 1",
		"S CDN 100", "= note not-edited", "> CDN 100", "= withdraw *:1 *:100 and children", NULL };
	const char *wrong;

	(void)state;
	for (unsigned way = 0; way < 2; way++) {
		for (unsigned at = 0; at < 3; at++) {
			struct names n = { .shift = { 4000, 7000 }, .refused = { -1, -1 } };
			struct recorder *r = fresh(&n);

			for (unsigned part = 0; part <= at; part++) {
				if (part == at && way == 0)
					r->edit_answer = USHER_REFUSED;
				else if (part == at)
					r->held = false;
				if (at == 0)
					wrong = play(r, request);
				else if (at == 1)
					wrong = play(r, part == 0 ? begin : reply);
				else
					wrong = part == 0 ? play(r, begin) : part == 1 ? play(r, connect) : play(r, later);
				if (wrong)
					fail_msg("way %u, at %u, part %u: %s", way, at, part, wrong);
			}
			recorder_free(r);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_when_it_is_asked), cmocka_unit_test(test_no_call_id),
		cmocka_unit_test(test_not_edited), cmocka_unit_test(test_name_lent_again),
	};

	pptp = recorder_helper("pptp");
	if (!pptp) {
		printf("1..0 # SKIP pptp is not built in\n");
		return 0;
	}
	return cmocka_run_group_tests_name("pptp_nat", tests, NULL, NULL);
}
