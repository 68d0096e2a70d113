/*
 * sim/scenario: see scenario.h. The shares are such that all that a stream can meet comes often enough (`make sim` prints them).
 */
#include "tests/sim/scenario.h"

#include <stdio.h>

static const struct {
	const char *name, *text;
} modes[] = {
#define MODE_ROW(id, name, text) { name, text },
	MODES(MODE_ROW)
#undef MODE_ROW
};

static const uint8_t mode_share[MODE_COUNT] = {
	[MODE_DIRECT] = 0, [MODE_ROUTED] = 10, [MODE_MASQUERADE] = 34, [MODE_FORWARD] = 14, [MODE_BOTH] = 20, [MODE_HAIRPIN] = 12,
	[MODE_CHAIN] = 10
};
static const uint8_t protocol_share[PROTOCOL_COUNT] = { [PROTOCOL_FTP] = 78, [PROTOCOL_PPTP] = 19, [PROTOCOL_WEB] = 3 };

const char *mode_name(unsigned mode)
{
	return modes[mode].name;
}

/* One of those that `allowed` has, by their shares; the first that is allowed if their shares are 0. */
static uint8_t pick(struct dice *d, const uint8_t *share, uint8_t count, uint32_t allowed)
{
	uint32_t sum = 0, at;
	uint8_t i;

	for (i = 0; i < count; i++)
		sum += allowed >> i & 1 ? share[i] : 0;
	at = sum ? roll(d, sum) : 0;
	for (i = 0; i < count; i++) {
		uint32_t part = allowed >> i & 1 ? share[i] : 0;

		if (sum ? at < part : allowed >> i & 1)
			return i;
		at -= part;
	}
	return 0;
}

/* ---- links and hosts ---- */

static void make_link(struct dice *d, struct link_profile *l, bool ipv6, uint32_t without)
{
	bool rough = chance(d, 60);

	*l = (struct link_profile){ .delay_us = 50 + roll(d, chance(d, 70) ? 2000 : 60000) };
	if (rough) {
		l->loss = (uint8_t)roll(d, chance(d, 70) ? 6 : 20);
		l->duplication = (uint8_t)(chance(d, 30) ? roll(d, 10) : 0);
		l->corruption = (uint8_t)(chance(d, 20) ? roll(d, 5) : 0);
		l->jitter_us = chance(d, 40) ? roll(d, 20000) : 0;
	}
	l->aimed = (uint8_t)(chance(d, 60) ? 60 : 0);
	if (chance(d, 12))
		l->mtu = (uint16_t)(ipv6 ? 1280 + roll(d, 200) : 576 + roll(d, 900));
	l->short_quotes = chance(d, 30);
	if (without & PART_DUPLICATION)
		l->duplication = 0;
	if (without & PART_JITTER)
		l->jitter_us = 0;
	if (without & PART_CORRUPTION)
		l->corruption = 0;
	if (without & PART_LOSS)
		l->loss = 0;
	if (without & PART_AIMED)
		l->aimed = 0;
	if (without & PART_MTU)
		l->mtu = 0;
}

static void make_tcp(struct dice *d, struct tcp_profile *t, bool ipv6, uint32_t without)
{
	*t = (struct tcp_profile){
		.mss = ipv6 ? 1440 : 1460, .scale = chance(d, 25) ? 0xff : (uint8_t)roll(d, 9),
		.recut = (uint8_t)(chance(d, 50) ? roll(d, 80) : 0), .first_window = (uint8_t)(1 + roll(d, 10)),
		.sack = chance(d, 75), .dsack = chance(d, 60), .stamps = chance(d, 60), .forgets_sack = chance(d, 40),
		.nagle = chance(d, 50), .delayed = chance(d, 60), .probes_with_data = chance(d, 50), .keeps_with_data = chance(d, 50),
		.buffer = 8192u << roll(d, 4), .keep_ms = chance(d, 20) ? 1000 + roll(d, 20000) : 0,
		.read_ms = chance(d, 15) ? roll(d, 300) : 0
	};
	if (chance(d, 15))
		t->mss = (uint16_t)(chance(d, 50) ? 536 : 60 + roll(d, 200));
	if (chance(d, 12)) {
		t->buffer = 300 + roll(d, 3000);
		t->read_ms = roll(d, 600);
	}
	if (without & PART_SMALL_BUFFERS) {
		t->buffer = 65536;
		t->read_ms = 0;
		t->mss = ipv6 ? 1440 : 1460;
	}
	if (without & PART_RECUT)
		t->recut = 0;
	while (t->scale != 0xff && t->scale && t->buffer >> t->scale < 32)
		t->scale--;
}

/* ---- what an FTP client does ---- */

struct writing {
	struct dice *dice;
	struct scenario *s;
	struct ftp_step *step;
	uint32_t count;
	uint8_t cut_percent; /* of announcements that are written in pieces */
};

static struct ftp_step *add(struct writing *w, uint8_t kind)
{
	struct ftp_step *step = &w->step[w->count < FTP_STEPS ? w->count++ : FTP_STEPS - 1];

	*step = (struct ftp_step){ .kind = kind, .style = (uint8_t)roll(w->dice, 256), .cut = { 1, 0 } };
	return step;
}

static void add_cut(struct writing *w, struct ftp_step *step, uint32_t percent)
{
	if (!chance(w->dice, percent) || w->s->without & PART_CUTS)
		return;
	step->cut.pieces = (uint8_t)(2 + roll(w->dice, 4));
	step->cut.gap_ms = (uint16_t)(chance(w->dice, 70) ? 0 : roll(w->dice, 400));
}

static void add_texts(struct writing *w, uint32_t limit, bool wait)
{
	for (uint32_t i = roll(w->dice, limit + 1); i > 0; i--) {
		struct ftp_step *step = add(w, STEP_TEXT);

		if (chance(w->dice, 8))
			step->size = 1 + roll(w->dice, chance(w->dice, 50) ? 590 : 1400);
		step->join = chance(w->dice, 25);
		add_cut(w, step, 10);
		if (wait && chance(w->dice, 60)) {
			step->join = false;
			add(w, STEP_REPLIES);
		}
	}
}

/* One PORT or more, of which the last counts. */
static void add_ports(struct writing *w, bool pipelined)
{
	uint32_t count = chance(w->dice, 35) ? 2 + roll(w->dice, 2) : 1;
	struct ftp_step *step;

	if (chance(w->dice, 8)) {
		step = add(w, STEP_FOREIGN);
		step->join = chance(w->dice, 30);
	}
	for (uint32_t i = 0; i < count; i++) {
		step = add(w, chance(w->dice, 70) ? STEP_PORT : STEP_EPRT);
		step->join = (i + 1 < count || pipelined) && chance(w->dice, 35);
		add_cut(w, step, w->cut_percent);
		if (i + 1 < count && chance(w->dice, 40))
			add_texts(w, 2, false);
	}
}

static uint32_t size_of(struct dice *d)
{
	switch (roll(d, 10)) {
	case 0: return 0;
	case 1: return 1;
	case 2: return roll(d, 60000);
	default: return roll(d, 6000);
	}
}

static void add_transfer(struct writing *w)
{
	bool passive = chance(w->dice, 45), pipelined = !passive && chance(w->dice, 30);
	struct ftp_step *step;

	if (passive) {
		if (chance(w->dice, 20))
			add_texts(w, 2, false);
		step = add(w, !w->s->ipv6 && chance(w->dice, 60) ? STEP_PASV : STEP_EPSV);
		add_cut(w, step, 15);
	} else {
		add_ports(w, pipelined);
		if (!pipelined)
			add(w, STEP_REPLIES);
	}
	step = add(w, chance(w->dice, 60) ? STEP_RETR : STEP_STOR);
	step->size = size_of(w->dice);
	add_cut(w, step, 10);
	if (chance(w->dice, 8)) {
		add(w, STEP_SLEEP)->size = roll(w->dice, 60);
		add(w, STEP_ABOR);
	}
	add(w, STEP_WAIT);
}

static void make_script(struct dice *d, struct scenario *s, uint32_t client)
{
	struct writing w = { d, s, s->script[client], 0, (uint8_t)(chance(d, 80) ? 70 : 0) };
	uint32_t transfers = 1 + roll(d, 4);

	add_texts(&w, 3, true);
	for (uint32_t i = 0; i < transfers; i++) {
		add_transfer(&w);
		add_texts(&w, 2, chance(d, 70));
		if (chance(d, 5) && !(s->without & PART_SLEEP))
			add(&w, STEP_SLEEP)->size = roll(d, 60000);
	}
	if (chance(d, 85))
		add(&w, STEP_QUIT);
	else
		add(&w, chance(d, 60) ? STEP_CLOSE : STEP_RESET);
	s->steps[client] = w.count < s->step_limit ? w.count : s->step_limit;
	if (w.count > s->step_limit) { /* what is left must end, too */
		if (s->step_limit)
			s->script[client][s->step_limit - 1].join = false;
		s->script[client][s->steps[client]] = (struct ftp_step){ .kind = STEP_WAIT };
		s->script[client][s->steps[client] + 1] = (struct ftp_step){ .kind = STEP_QUIT, .cut = { 1, 0 } };
		s->steps[client] += 2;
	}
}

static void make_manners(struct dice *d, struct scenario *s)
{
	s->manners = (struct ftp_manners){
		.announces_public = chance(d, 25), .any_port = chance(d, 40), .multiline = (uint8_t)(chance(d, 40) ? 20 : 0),
		.cut_percent = (uint8_t)(chance(d, 70) ? 70 : 0), .gap_ms = (uint16_t)(chance(d, 70) ? 0 : roll(d, 300)),
		.close_after = (uint16_t)(chance(d, 5) ? 1 + roll(d, 10) : 0), .refuse_port = (uint16_t)(chance(d, 8) ? 1 + roll(d, 3) : 0)
	};
	if (s->without & PART_MANNERS)
		s->manners = (struct ftp_manners){ .announces_public = s->manners.announces_public };
	if (s->without & PART_CUTS)
		s->manners.cut_percent = 0;
}

/* ---- what the ends of a PPTP control connection do ---- */

static void add_step(struct dice *d, struct scenario *s, struct pptp_plan *p, uint8_t kind, uint32_t size)
{
	struct pptp_step *step = &p->step[p->count < PPTP_STEPS ? p->count++ : PPTP_STEPS - 1];

	*step = (struct pptp_step){ .kind = kind, .join = kind <= CALL_IN && chance(d, 35), .cut = { 1, 0 }, .size = size };
	if (chance(d, 35) && !(s->without & PART_CUTS))
		step->cut = (struct cut){ (uint8_t)(2 + roll(d, 4)), (uint16_t)(chance(d, 70) ? 0 : roll(d, 300)) };
}

/* Some calls, GRE in them, and perhaps their end. */
static void add_calls(struct dice *d, struct scenario *s, struct pptp_plan *p)
{
	static const uint8_t besides[] = { CALL_ECHO, CALL_LINK, CALL_ERRORS };

	for (uint32_t i = 1 + roll(d, chance(d, 70) ? 1 : 4); i > 0; i--) {
		if (chance(d, 20))
			add_step(d, s, p, CALL_ECHO, 0);
		add_step(d, s, p, chance(d, 60) ? CALL_OUT : CALL_IN, 0);
	}
	p->step[p->count - 1].join = false;
	add_step(d, s, p, CALL_WAIT, 0);
	for (uint32_t i = roll(d, 3); i > 0; i--)
		add_step(d, s, p, besides[roll(d, 3)], 0);
	add_step(d, s, p, CALL_GRE, 1 + roll(d, 6));
	add_step(d, s, p, CALL_SLEEP, chance(d, 95) || s->without & PART_SLEEP ? 200 + roll(d, 500) : roll(d, 250000)); /* an unacknowledged one is kept 300 s */
	for (uint32_t i = roll(d, 3); i > 0; i--)
		add_step(d, s, p, CALL_CLEAR, 0);
	if (chance(d, 30))
		add_step(d, s, p, CALL_GRE, 1 + roll(d, 4));
	add_step(d, s, p, CALL_WAIT, 0);
}

static void make_plan(struct dice *d, struct scenario *s, unsigned opener)
{
	struct pptp_plan *p = &s->plan[!opener];

	for (uint32_t i = opener ? 1 + roll(d, 2) : roll(d, 2); i > 0; i--)
		add_calls(d, s, p);
	if (p->count > s->step_limit)
		p->count = s->step_limit;
	if (opener) {
		add_step(d, s, p, CALL_MEET, 0);
		add_step(d, s, p, CALL_SLEEP, 300);
		add_step(d, s, p, chance(d, 60) ? CALL_STOP : chance(d, 60) ? CALL_CLOSE : CALL_RESET, 0);
	}
	s->pptp_manners[!opener] = (struct pptp_manners){
		.refuses = (uint8_t)(chance(d, 25) ? 30 : 0), .cut_percent = (uint8_t)(s->without & PART_CUTS ? 0 : 40),
		.joins = (uint8_t)(chance(d, 50) ? 40 : 0), .asks_session = chance(d, 20),
		.first_id = (uint16_t)(chance(d, 30) ? roll(d, 3) : roll(d, 65536))
	};
}

/* ---- all of it ---- */

static void make_place(struct dice *d, struct scenario *s)
{
	s->ipv6 = s->mode <= MODE_ROUTED ? chance(d, 40) : chance(d, 12);
	s->server_inside = chance(d, 40);
	s->strict = chance(d, 60);
	s->clients = (uint8_t)(chance(d, 15) ? 2 + roll(d, 2) : 1);
	if (s->without & PART_CLIENTS)
		s->clients = 1;
	s->equal_ports = chance(d, 70);
	s->addresses = (uint8_t)roll(d, 3);
	s->port = (uint16_t)(chance(d, 85) ? 21 : 2121);
	s->public_port = (uint16_t)(chance(d, 85) ? s->port : 2100);
}

static void make_usher(struct dice *d, struct scenario *s)
{
	static const uint8_t bursts[] = { 0, 0, 0, 1, 2, 7, 64, 64 };

	s->burst = bursts[roll(d, 8)];
	s->gather_us = (uint16_t)(chance(d, 50) ? 0 : roll(d, 3000));
	s->tailroom = (uint16_t)(chance(d, 30) ? 0 : chance(d, 30) ? roll(d, 8) : PACKET_TAIL);
	s->flags = USHER_LIVE | USHER_DROP_INVALID;
	if (chance(d, 50))
		s->flags |= USHER_VERIFY_CHECKSUMS;
	if (chance(d, 20))
		s->flags |= USHER_TCP_LIBERAL;
	if (chance(d, 20))
		s->flags |= USHER_IGNORE_INVALID_RST;
	if (chance(d, 20))
		s->flags |= USHER_TCP_STRICT_START;
}

void scenario_make(struct scenario *s, uint64_t seed, const struct scenario_choice *choice)
{
	struct dice d = { seed };

	*s = (struct scenario){
		.seed = seed, .without = choice->without, .step_limit = choice->step_limit, .impair_from = choice->impair_from,
		.impair_to = choice->impair_to
	};
	s->mode = pick(&d, mode_share, MODE_COUNT, choice->modes);
	s->protocol = pick(&d, protocol_share, PROTOCOL_COUNT, choice->protocols);
	if (s->protocol == PROTOCOL_WEB && s->mode > MODE_MASQUERADE) /* the victim is inside, the attacker is not */
		s->mode = MODE_MASQUERADE;
	make_place(&d, s);
	if (s->protocol == PROTOCOL_WEB)
		s->server_inside = false;
	make_usher(&d, s);
	s->law = chance(&d, 6);
	s->attacks = (chance(&d, 50) || s->protocol == PROTOCOL_WEB) && !(s->without & PART_ATTACKS);
	for (unsigned side = 0; side < 2; side++) {
		make_link(&d, &s->up[side], s->ipv6, s->without);
		make_link(&d, &s->down[side], s->ipv6, s->without);
	}
	/* Who lets damaged packets in unlooked at has vouched for them. */
	if (s->up[0].corruption || s->up[1].corruption || s->down[0].corruption || s->down[1].corruption)
		s->flags |= USHER_VERIFY_CHECKSUMS;
	make_tcp(&d, &s->client, s->ipv6, s->without);
	make_tcp(&d, &s->server, s->ipv6, s->without);
	make_manners(&d, s);
	for (uint32_t i = 0; i < SCENARIO_CLIENTS; i++)
		make_script(&d, s, i);
	make_plan(&d, s, 1);
	make_plan(&d, s, 0);
	if (s->protocol == PROTOCOL_PPTP) {
		s->port = s->port == 21 ? 1723 : 1724;
		s->public_port = s->public_port == 2100 ? 1725 : s->port;
	}
	s->workers = chance(&d, 30) ? (uint8_t)(2 + roll(&d, 3)) : 1;
	if (choice->workers)
		s->workers = (uint8_t)choice->workers;
	s->law = s->law && s->workers == 1;
}

void scenario_print(const struct scenario *s, char *text, uint32_t room)
{
	static const char *const protocol[] = { "ftp", "pptp", "web" };

	snprintf(text, room, "%s %s IPv%u, %u clients, %u steps%s%s, bursts of %u, %u workers", mode_name(s->mode), protocol[s->protocol],
		 s->ipv6 ? 6 : 4, s->clients, s->steps[0], s->law ? ", law of bursts" : "", s->attacks ? ", attacks" : "", s->burst,
		 s->workers);
}
