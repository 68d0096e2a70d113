/*
 * Interleaved calls: random dialogues of up to eight calls at a time by both sides, with NAT on either, against a plain model
 * of RFC 2637 3.2 that is written separately: it keeps, for each of the two sides' requests, where it stands, and says which
 * calls are open. After every message what stands in the recorder must be just that, and what the receiver got must name the
 * calls as it knows them.
 *
 * PPTP_SEED=N begins with another seed, PPTP_RUNS=N has more of them. A failure says its seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/pptp_peer.h"

#include <inttypes.h>

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define CALLS 8u
#define STEPS 120u

static const struct usher_helper *pptp;

/* ---- Chance ---- */

static uint64_t chance_state;

static uint32_t chance(uint32_t below)
{
	chance_state += 0x9e3779b97f4a7c15u;
	uint64_t z = chance_state;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ (z >> 31)) % below);
}

/* ---- The model ---- */

enum phase { NONE, ASKED, ANSWERED, OPEN, OVER }; /* OVER: refused, or cleared before it opened */

/* One call as its two ends know it. */
struct model_call {
	enum phase phase;
	bool incoming;
	bool clearing;      /* the PNS has asked for its end */
	unsigned pns;       /* side */
	unsigned id[2];     /* each side's own */
	bool has[2];        /* that id is known */
};

struct model {
	struct model_call call[CALLS];
	uint16_t shift[2];  /* NAT */
};

static unsigned seen(const struct model *m, unsigned side, unsigned id)
{
	return (uint16_t)(id + m->shift[side]);
}

/* Is the id one of this side's calls that are not over? */
static bool in_use(const struct model *m, unsigned side, unsigned id)
{
	for (unsigned i = 0; i < CALLS; i++) {
		if (m->call[i].phase != NONE && m->call[i].has[side] && m->call[i].id[side] == id)
			return true;
	}
	return false;
}

static unsigned free_id(const struct model *m, unsigned side)
{
	unsigned id;

	do {
		id = chance(4) ? chance(12) : chance(65536); /* few, so that they come again, and each side has the same */
	} while (in_use(m, side, id));
	return id;
}

static struct model_call *some_call(struct model *m, enum phase phase)
{
	unsigned first = chance(CALLS);

	for (unsigned i = 0; i < CALLS; i++) {
		struct model_call *c = &m->call[(first + i) % CALLS];

		if (c->phase == phase)
			return c;
	}
	return NULL;
}

/* ---- One step of a dialogue: what is said, and what the model makes of it ---- */

struct said {
	unsigned by;
	char text[64];     /* as its sender writes it */
	char received[64]; /* as it must come; empty: never mind */
};

static bool say_request(struct model *m, struct said *s)
{
	struct model_call *c = some_call(m, NONE);

	if (!c)
		return false;
	*c = (struct model_call){ .phase = ASKED, .incoming = chance(2), .pns = chance(2) };
	s->by = c->incoming ? !c->pns : c->pns;
	c->id[s->by] = free_id(m, s->by);
	c->has[s->by] = true;
	snprintf(s->text, sizeof(s->text), "%s %u", c->incoming ? "ICRQ" : "OCRQ", c->id[s->by]);
	snprintf(s->received, sizeof(s->received), "%s %u", c->incoming ? "ICRQ" : "OCRQ", seen(m, s->by, c->id[s->by]));
	return true;
}

static bool say_reply(struct model *m, struct said *s)
{
	struct model_call *c = some_call(m, ASKED);
	unsigned asker, own, result = chance(4) ? 1 : 2;
	const char *word;

	if (!c)
		return false;
	asker = c->incoming ? !c->pns : c->pns;
	s->by = !asker;
	own = free_id(m, s->by);
	word = c->incoming ? "ICRP" : "OCRP";
	snprintf(s->text, sizeof(s->text), "%s %u %u %u", word, own, seen(m, asker, c->id[asker]), result);
	snprintf(s->received, sizeof(s->received), "%s %u %u %u", word, result == 1 ? seen(m, s->by, own) : own, c->id[asker],
		result);
	if (result == 1) {
		c->id[s->by] = own;
		c->has[s->by] = true;
	}
	if (result != 1)
		c->phase = NONE;
	else if (c->incoming)
		c->phase = ANSWERED;
	else
		c->phase = c->clearing ? OVER : OPEN;
	return true;
}

static bool say_connected(struct model *m, struct said *s)
{
	struct model_call *c = some_call(m, ANSWERED);

	if (!c)
		return false;
	s->by = !c->pns;
	snprintf(s->text, sizeof(s->text), "ICCN %u", seen(m, c->pns, c->id[c->pns]));
	snprintf(s->received, sizeof(s->received), "ICCN %u", c->id[c->pns]);
	c->phase = c->clearing ? OVER : OPEN;
	return true;
}

static bool say_clear(struct model *m, struct said *s)
{
	struct model_call *c = some_call(m, (enum phase)(ASKED + chance(3)));

	if (!c || !c->has[c->pns])
		return false;
	s->by = c->pns;
	c->clearing = true;
	snprintf(s->text, sizeof(s->text), "CCRQ %u", c->id[s->by]);
	snprintf(s->received, sizeof(s->received), "CCRQ %u", seen(m, s->by, c->id[s->by]));
	return true;
}

static bool say_end(struct model *m, struct said *s)
{
	struct model_call *c = some_call(m, (enum phase)(ASKED + chance(4)));

	if (!c || !c->has[!c->pns])
		return false;
	s->by = !c->pns;
	c->phase = NONE;
	snprintf(s->text, sizeof(s->text), "CDN %u", c->id[s->by]);
	snprintf(s->received, sizeof(s->received), "CDN %u", seen(m, s->by, c->id[s->by]));
	return true;
}

static bool say_info(struct model *m, struct said *s)
{
	struct model_call *c = some_call(m, OPEN);
	const char *word = chance(2) ? "WEN" : "SLI";

	if (!c)
		return false;
	s->by = chance(2);
	if (word[0] == 'W')
		s->by = !c->pns;
	snprintf(s->text, sizeof(s->text), "%s %u", word, seen(m, !s->by, c->id[!s->by]));
	snprintf(s->received, sizeof(s->received), "%s %u", word, c->id[!s->by]);
	return true;
}

/* Something that names no call of its sender's, or comes from the wrong one: nothing may come of it. */
static bool say_nonsense(struct model *m, struct said *s)
{
	static const char *const words[] = { "CCRQ", "CDN", "WEN", "SLI", "ICCN" };
	unsigned id = 40000 + chance(1000);

	s->by = chance(2);
	if (in_use(m, 0, id) || in_use(m, 1, id) || in_use(m, 0, (uint16_t)(id - m->shift[0])) ||
	    in_use(m, 1, (uint16_t)(id - m->shift[1])))
		return false;
	if (chance(3) == 0)
		snprintf(s->text, sizeof(s->text), "%s %u %u", chance(2) ? "OCRP" : "ICRP", 5, id);
	else
		snprintf(s->text, sizeof(s->text), "%s %u", words[chance(COUNT_OF(words))], id);
	return true;
}

static bool say_stop(struct model *m, struct said *s)
{
	if (chance(60))
		return false;
	s->by = chance(2);
	snprintf(s->text, sizeof(s->text), "STOPRQ");
	memset(m->call, 0, sizeof(m->call));
	return true;
}

/* ---- The comparison ---- */

static int nat(struct recorder *r, const struct usher_map *map, struct usher_endpoint *out)
{
	out->key = seen(r->user, map->side, map->at.key);
	return USHER_OK;
}

static bool stands(const struct recorder *r, const struct model_call *c)
{
	char name[32];

	snprintf(name, sizeof(name), "*:%u *:%u", c->id[USHER_CLIENT], c->id[USHER_SERVER]);
	for (uint32_t i = 0; i < r->tag_count; i++) {
		if (r->tags[i].stands && strcmp(r->tags[i].name, name) == 0)
			return true;
	}
	return false;
}

static void compare(const struct recorder *r, const struct model *m, const struct said *s, uint64_t seed)
{
	uint8_t bytes[PEER_BYTES];
	uint32_t open = 0;

	for (unsigned i = 0; i < CALLS; i++) {
		if (m->call[i].phase != OPEN)
			continue;
		open++;
		if (!stands(r, &m->call[i]))
			fail_msg("seed %" PRIu64 ", after %s: %u, %u is not open", seed, s->text, m->call[i].id[0],
				m->call[i].id[1]);
	}
	if (recorder_standing(r) != open)
		fail_msg("seed %" PRIu64 ", after %s: %u calls are open, not %u", seed, s->text, (unsigned)recorder_standing(r),
			 (unsigned)open);
	if (s->received[0]) {
		uint32_t len = peer_bytes(bytes, s->received);

		if (len != r->sent_len || memcmp(bytes, r->sent, len) != 0)
			fail_msg("seed %" PRIu64 ": %s is not received as %s", seed, s->text, s->received);
	}
}

static void run(uint64_t seed)
{
	static bool (*const sayings[])(struct model *, struct said *) = {
		say_request, say_request, say_reply, say_reply, say_connected, say_connected, say_clear, say_end, say_info,
			say_nonsense,
		say_stop
	};
	struct recorder *r = recorder_new(pptp, USHER_IPV4, 1723);
	struct model m = { 0 };
	char step[80];

	chance_state = seed;
	m.shift[0] = chance(2) ? (uint16_t)chance(65536) : 0;
	m.shift[1] = chance(2) ? (uint16_t)chance(65536) : 0;
	r->held = true;
	r->live = chance(2);
	r->nat = nat;
	r->user = &m;
	peer_say(r, "C SCCRQ", PEER_BYTES);
	peer_say(r, "S SCCRP", PEER_BYTES);
	for (unsigned i = 0; i < STEPS; i++) {
		struct said s = { 0 };

		if (!sayings[chance(COUNT_OF(sayings))](&m, &s))
			continue;
		recorder_clear(r);
		recorder_forget(r);
		snprintf(step, sizeof(step), "%c %s", s.by ? 'S' : 'C', s.text);
		peer_say(r, step, chance(3) ? PEER_BYTES : 1 + chance(40));
		compare(r, &m, &s, seed);
		if (!pptp->check(r->state, pptp->state_size + pptp->item_size * pptp->item_default))
			fail_msg("seed %" PRIu64 ", after %s: no state", seed, s.text);
		if (strcmp(s.text, "STOPRQ") == 0)
			break;
	}
	recorder_free(r);
}

static void test_random_calls(void **state)
{
	const char *given = getenv("PPTP_SEED"), *runs = getenv("PPTP_RUNS");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 2637, count = runs ? strtoull(runs, NULL, 0) : 4000;

	(void)state;
	print_message("# seeds from %" PRIu64 "\n", seed);
	for (uint64_t i = 0; i < count; i++)
		run(seed + i);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_calls) };

	pptp = recorder_helper("pptp");
	if (!pptp) {
		printf("1..0 # SKIP pptp is not built in\n");
		return 0;
	}
	return cmocka_run_group_tests_name("pptp_calls", tests, NULL, NULL);
}
