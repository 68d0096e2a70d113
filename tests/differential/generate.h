/*
 * differential/generate: scripts from a seed.
 *
 * Owns: the classes of scripts, the model of two TCP endpoints that talk as they should, and what is then done to their packets.
 * Invariants: the same seed and class give the same script; a dialogue not mutated is one that two correct endpoints on a lossy
 * path may have, seen from between them. Sources: RFC 9293 3.5, 3.6, 3.8; RFC 7323; RFC 2018; RFC 5961.
 */
#ifndef USHER_TESTS_DIFFERENTIAL_GENERATE_H
#define USHER_TESTS_DIFFERENTIAL_GENERATE_H

#include "script.h"

#include "tests/support/dice.h"

#define CLASSES(X) \
	X(TCP_GOOD, "tcp dialogues as they should be", 16) \
	X(TCP_WAIT, "tcp dialogues with long silences", 10) \
	X(TCP_MUTATED, "tcp dialogues with some packets changed", 34) \
	X(TCP_WILD, "tcp packets of any flags near the right numbers", 20) \
	X(UDP, "udp", 4) \
	X(UDP_STREAM, "udp that goes on for more than two seconds", 2) \
	X(ICMP, "icmp and icmpv6 queries", 8) \
	X(GRE, "gre versions 0 and 1", 6)

enum script_class {
#define CLASS_ENUM(id, text, share) CLASS_##id,
	CLASSES(CLASS_ENUM)
#undef CLASS_ENUM
	CLASS_COUNT
};

/* ---- a dialogue of two endpoints ---- */

struct talker {
	uint32_t first, next; /* sequence numbers: of its SYN, of what it sends next */
	uint32_t got;         /* what it has received up to */
	uint32_t edge;        /* how far the other lets it send */
	uint16_t window;
	uint8_t offer, scale; /* enum step_options of its SYN */
	bool opened, closed;  /* has sent SYN, FIN */
};

struct dialogue {
	struct dice *dice;
	struct script *script;
	struct talker end[2];
	bool scaled, sack, time;
};

static inline struct step *add_step(struct script *script)
{
	struct step *s;

	if (script->count == SCRIPT_STEPS)
		return NULL;
	s = &script->step[script->count++];
	memset(s, 0, sizeof(*s));
	return s;
}

static inline unsigned shift_of(const struct dialogue *d, unsigned from)
{
	return d->scaled ? d->end[from].scale : 0;
}

/* One segment of what the talker has to say now, at `seq`. NULL: the script is full. */
static inline struct step *say_at(struct dialogue *d, unsigned from, uint8_t flags, uint32_t seq, uint16_t len)
{
	struct talker *t = &d->end[from], *other = &d->end[!from];
	struct step *s = add_step(d->script);

	if (!s)
		return NULL;
	s->from = (uint8_t)from;
	s->flags = flags;
	s->seq = seq;
	s->ack = flags & ACK ? t->got : 0;
	s->window = t->window;
	s->len = len;
	if (flags & SYN) {
		s->options = t->offer;
		s->scale = t->scale;
	} else if (d->time) {
		s->options = OPTION_TIME;
	}
	if (flags & ACK)
		other->edge = t->got + ((uint32_t)t->window << (flags & SYN ? 0 : shift_of(d, from)));
	return s;
}

/* New data, or FIN. What was sent may be lost behind us (then the other does not know of it) or before us (then we do not). */
static inline void say(struct dialogue *d, unsigned from, uint8_t flags, uint16_t len)
{
	struct talker *t = &d->end[from], *other = &d->end[!from];
	uint32_t seq = t->next, before = d->script->count;

	t->next += len + (flags & FIN ? 1u : 0);
	t->closed |= (flags & FIN) != 0;
	say_at(d, from, flags, seq, len);
	if (chance(d->dice, 92)) {
		if (other->got == seq)
			other->got = t->next;
	} else if (chance(d->dice, 50)) {
		d->script->count = before; /* lost before it came here; it comes later */
		if (chance(d->dice, 50))
			say_at(d, from, flags, seq, len);
	}
	if (chance(d->dice, 8) && say_at(d, from, flags, seq, len)) /* retransmitted */
		other->got = other->got == seq ? t->next : other->got;
}

static inline void set_up(struct dialogue *d)
{
	static const uint16_t windows[] = { 65535, 29200, 64240, 512, 1000, 1, 8192, 14600 };
	struct dice *dice = d->dice;

	for (unsigned i = 0; i < 2; i++) {
		struct talker *t = &d->end[i];

		memset(t, 0, sizeof(*t));
		t->first = (uint32_t)roll64(dice);
		if (chance(dice, 15))
			t->first = roll(dice, 3000) - 1500;
		t->next = t->first + 1;
		t->window = windows[roll(dice, 8)];
		t->scale = (uint8_t)(chance(dice, 90) ? roll(dice, 11) : roll(dice, 16));
		t->offer = (uint8_t)((chance(dice, 70) ? OPTION_SCALE : 0) | (chance(dice, 75) ? OPTION_SACK_PERMITTED : 0) |
				     (chance(dice, 30) ? OPTION_TIME : 0) | (chance(dice, 70) ? OPTION_MSS : 0));
	}
	d->scaled = d->end[0].offer & d->end[1].offer & OPTION_SCALE;
	d->sack = d->end[0].offer & d->end[1].offer & OPTION_SACK_PERMITTED;
	d->time = d->end[0].offer & d->end[1].offer & OPTION_TIME;
}

static inline void open_both(struct dialogue *d)
{
	for (unsigned i = 0; i < 2; i++)
		say_at(d, i, SYN, d->end[i].first, 0);
	d->end[0].got = d->end[1].next;
	d->end[1].got = d->end[0].next;
	for (unsigned i = 0; i < 2; i++)
		say_at(d, i, SYN | ACK, d->end[i].first, 0);
	if (chance(d->dice, 50)) {
		unsigned from = roll(d->dice, 2);

		say_at(d, from, ACK, d->end[from].next, 0);
	}
}

static inline void open_up(struct dialogue *d)
{
	struct dice *dice = d->dice;
	uint16_t early = chance(dice, 5) ? (uint16_t)(1 + roll(dice, 1000)) : 0;

	if (chance(dice, 3)) {
		open_both(d);
		return;
	}
	say_at(d, 0, (uint8_t)(SYN | (chance(dice, 10) ? ECE | CWR : 0)), d->end[0].first, early);
	if (chance(dice, 10))
		say_at(d, 0, SYN, d->end[0].first, early);
	d->end[1].got = d->end[0].next + (early && chance(dice, 50) ? early : 0);
	say_at(d, 1, SYN | ACK, d->end[1].first, 0);
	d->end[0].next += early;
	if (chance(dice, 10)) { /* retransmitted by either */
		unsigned from = roll(dice, 2);

		say_at(d, from, from ? SYN | ACK : SYN, d->end[from].first, from ? 0 : early);
	}
	d->end[0].got = d->end[1].next;
	if (chance(dice, 95))
		say_at(d, 0, ACK, d->end[0].next, 0);
}

/* One of the things that go on in an open connection. */
static inline void go_on(struct dialogue *d, unsigned from)
{
	struct dice *dice = d->dice;
	struct talker *t = &d->end[from], *other = &d->end[!from];
	uint32_t room = t->edge - t->next, most = (int32_t)room > 1400 ? 1400 : (int32_t)room > 0 ? room : 0;
	struct step *s;

	switch (roll(dice, 12)) {
	case 0: /* keep-alive: RFC 9293 3.8.4 */
		say_at(d, from, ACK, t->next - 1, (uint16_t)roll(dice, 2));
		break;
	case 1: /* the window closes, or opens */
		t->window = chance(dice, 40) ? 0 : (uint16_t)(1u << roll(dice, 16));
		say_at(d, from, ACK, t->next, 0);
		break;
	case 2: /* the same acknowledgement some times */
		for (uint32_t n = 1 + roll(dice, 5); n; n--)
			say_at(d, from, ACK, t->next, 0);
		break;
	case 3: /* something is missing, something behind it was received */
		s = say_at(d, from, ACK, t->next, 0);
		if (s && d->sack && (int32_t)(other->next - t->got) > 2) {
			s->sack_count = 1;
			s->sack[0][0] = t->got + 1;
			s->sack[0][1] = other->next;
		}
		break;
	case 4: /* old data once more */
		if (t->next - t->first > 101 && !t->closed)
			say_at(d, from, ACK, t->next - 100, 100);
		break;
	case 5: case 6: case 7: case 8:
		if (most && !t->closed)
			say(d, from, (uint8_t)(ACK | (chance(dice, 50) ? PSH : 0) | (chance(dice, 2) ? URG : 0)),
			    (uint16_t)(1 + roll(dice, most)));
		break;
	default:
		say_at(d, from, ACK, t->next, 0);
		if (chance(dice, 30)) /* everything has come after all */
			t->got = other->next;
	}
}

static inline void close_down(struct dialogue *d)
{
	struct dice *dice = d->dice;
	unsigned from = roll(dice, 2);

	if (chance(dice, 12)) {
		say_at(d, from, RST | ACK, d->end[from].next, 0);
		if (chance(dice, 30))
			say_at(d, from, RST, d->end[from].next, 0);
		return;
	}
	for (unsigned i = 0; i < 2; i++, from = !from) {
		if (!d->end[from].closed)
			say(d, from, FIN | ACK, chance(dice, 10) ? 10 : 0);
		for (uint32_t n = roll(dice, 3); n; n--)
			go_on(d, roll(dice, 2));
		d->end[!from].got = d->end[from].next;
		if (chance(dice, 85))
			say_at(d, !from, ACK, d->end[!from].next, 0);
	}
}

static inline void make_dialogue(struct dice *dice, struct script *script)
{
	struct dialogue d = { .dice = dice, .script = script };

	set_up(&d);
	if (chance(dice, 92)) {
		open_up(&d);
	} else { /* picked up in the middle: by anything */
		d.end[0].got = d.end[1].next;
		d.end[1].got = d.end[0].next;
		d.end[0].edge = d.end[0].next + 1000;
		d.end[1].edge = d.end[1].next + 1000;
	}
	for (uint32_t n = chance(dice, 80) ? roll(dice, 9) : 0; n; n--)
		go_on(&d, roll(dice, 2));
	if (chance(dice, 70))
		close_down(&d);
	if (script->count + 6 < SCRIPT_STEPS && chance(dice, 20)) { /* the same tuple again */
		unsigned from = chance(dice, 10);
		uint32_t last = d.end[from].next;

		set_up(&d);
		if (chance(dice, 50))
			d.end[from].first = last + roll(dice, 70000);
		d.end[0].next = d.end[0].first + 1;
		if (from)
			say_at(&d, 1, SYN, d.end[1].first, 0);
		else
			open_up(&d);
		go_on(&d, roll(dice, 2));
	}
	if (script->count == 0)
		say_at(&d, 0, ACK, d.end[0].next, 10);
}

/* ---- what is done to it ---- */

/* A distance at which something may change: small, a window's, the least window's (66000), half of the number space's. */
static inline uint32_t distance(struct dice *dice, const struct script *script)
{
	const struct step *s = &script->step[roll(dice, script->count)];
	uint32_t near[] = { 1, 2, s->len, s->window, (uint32_t)s->window << (s->scale & 15), 66000, 65535, 0x80000000u,
			    (uint32_t)roll64(dice), roll(dice, 100000) };
	uint32_t value = near[roll(dice, 10)] + roll(dice, 3) - 1;

	return chance(dice, 50) ? value : 0 - value;
}

static inline uint8_t any_flags(struct dice *dice)
{
	static const uint8_t usual[] = { SYN, SYN | ACK, ACK, FIN | ACK, RST, RST | ACK, PSH | ACK, ACK, SYN, SYN | ACK };

	return chance(dice, 85) ? usual[roll(dice, 10)] : (uint8_t)roll64(dice);
}

/* The number of one packet becomes that of another. */
static inline uint32_t borrowed(struct dice *dice, const struct script *script)
{
	const struct step *s = &script->step[roll(dice, script->count)];

	switch (roll(dice, 4)) {
	case 0:
		return s->seq;
	case 1:
		return s->ack;
	case 2:
		return s->seq + s->len + ((s->flags & (SYN | FIN)) != 0);
	default:
		return chance(dice, 50) ? 0 : s->ack + s->window;
	}
}

static inline void change_options(struct dice *dice, struct script *script, struct step *s)
{
	switch (roll(dice, 3)) {
	case 0:
		s->options = (uint8_t)roll(dice, 16);
		break;
	case 1:
		s->scale = (uint8_t)roll(dice, 20);
		break;
	default:
		s->sack_count = (uint8_t)(1 + roll(dice, 2));
		for (unsigned i = 0; i < 2; i++) {
			s->sack[i][0] = s->ack + distance(dice, script);
			s->sack[i][1] = s->sack[i][0] + distance(dice, script);
		}
	}
}

static inline void change_order(struct dice *dice, struct script *script, uint32_t at)
{
	struct step *s = &script->step[at], kept = *s;
	uint32_t other = roll(dice, script->count);

	switch (roll(dice, 3)) {
	case 0: /* lost */
		if (script->count > 1) {
			script->count--;
			memmove(s, s + 1, (script->count - at) * sizeof(*s));
		}
		break;
	case 1: /* twice */
		if (script->count < SCRIPT_STEPS) {
			memmove(s + 1, s, (script->count - at) * sizeof(*s));
			script->count++;
		}
		break;
	default:
		*s = script->step[other];
		script->step[other] = kept;
	}
}

static inline void mutate(struct dice *dice, struct script *script)
{
	uint32_t at = roll(dice, script->count);
	struct step *s = &script->step[at];

	switch (roll(dice, 12)) {
	case 0:
	case 1:
		s->flags = any_flags(dice);
		break;
	case 2:
	case 3:
		s->seq = chance(dice, 60) ? s->seq + distance(dice, script) : borrowed(dice, script);
		break;
	case 4:
	case 5:
		s->ack = chance(dice, 60) ? s->ack + distance(dice, script) : borrowed(dice, script);
		break;
	case 6:
		s->window = chance(dice, 30) ? 0 : (uint16_t)roll64(dice);
		break;
	case 7:
		s->len = (uint16_t)(chance(dice, 40) ? 0 : 1 + roll(dice, 1400));
		break;
	case 8:
		s->from = !s->from;
		break;
	case 9:
		change_options(dice, script, s);
		break;
	case 10:
		if (chance(dice, 30))
			s->broken = (uint8_t)roll(dice, BROKEN_COUNT);
		break;
	default:
		change_order(dice, script, at);
	}
}

/* Any flags, numbers of the dialogue or near it. */
static inline void run_wild(struct dice *dice, struct script *script)
{
	uint32_t keep = roll(dice, script->count < 8 ? script->count : 8);

	for (uint32_t i = keep; i < script->count; i++) {
		struct step *s = &script->step[i];

		s->flags = any_flags(dice);
		s->from = (uint8_t)roll(dice, 2);
		s->seq = borrowed(dice, script);
		s->ack = borrowed(dice, script);
		if (chance(dice, 20))
			s->seq += distance(dice, script);
		if (chance(dice, 20))
			s->ack += distance(dice, script);
		if (chance(dice, 50))
			s->len = 0;
	}
}

static inline void add_silences(struct dice *dice, struct script *script, uint32_t most)
{
	static const uint16_t seconds[] = { 5, 8, 20, 35, 50, 65, 100, 130, 200, 310, 5, 605 };

	for (uint32_t n = 1 + roll(dice, most); n; n--)
		script->step[roll(dice, script->count)].wait_s = seconds[roll(dice, 12)];
}

static inline void make_tcp(struct dice *dice, struct script *script, enum script_class class)
{
	script->protocol = USHER_TCP;
	make_dialogue(dice, script);
	if (class == CLASS_TCP_WILD)
		run_wild(dice, script);
	if (class == CLASS_TCP_MUTATED || (class == CLASS_TCP_WAIT && chance(dice, 50)))
		for (uint32_t n = 1 + roll(dice, 4); n; n--)
			mutate(dice, script);
	if (class == CLASS_TCP_WAIT || (class == CLASS_TCP_WILD && chance(dice, 10)))
		add_silences(dice, script, 4);
}

/* ---- others ---- */

static inline void make_udp(struct dice *dice, struct script *script, bool stream)
{
	uint32_t n = 2 + roll(dice, 8), pause = roll(dice, n);

	script->protocol = USHER_UDP;
	for (uint32_t i = 0; i < n; i++) {
		struct step *s = add_step(script);

		s->from = i ? (uint8_t)roll(dice, 2) : 0;
		s->len = (uint16_t)roll(dice, 200);
		s->key = chance(dice, 5);
		if (chance(dice, 6))
			s->broken = (uint8_t)roll(dice, BROKEN_COUNT);
		s->pause = stream && i && i == pause;
		if (!stream && i && chance(dice, 5))
			s->wait_s = 150; /* longer than any of its timeouts: time for a new one */
	}
}

static inline void make_icmp(struct dice *dice, struct script *script)
{
	static const uint8_t pairs[2][5][2] = {
		{ { 8, 0 }, { 13, 14 }, { 17, 18 }, { 15, 16 }, { 8, 0 } },
		{ { 128, 129 }, { 128, 129 }, { 139, 140 }, { 128, 129 }, { 128, 129 } },
	};
	bool v6 = script->family == 6;
	const uint8_t *pair = pairs[v6][roll(dice, 5)];

	script->protocol = v6 ? USHER_ICMPV6 : USHER_ICMP;
	for (uint32_t n = 1 + roll(dice, 8), i = 0; i < n; i++) {
		struct step *s = add_step(script);

		s->from = i ? (uint8_t)roll(dice, 2) : chance(dice, 5);
		s->type = pair[chance(dice, 8) ? roll(dice, 2) : s->from];
		if (chance(dice, 4))
			s->type = (uint8_t)(v6 ? (chance(dice, 70) ? 128 + roll(dice, 30) : 1 + roll(dice, 4)) : roll(dice, 20));
		s->code = chance(dice, 4) ? (uint8_t)roll(dice, 3) : 0;
		s->key = chance(dice, 4);
		s->seq = i;
		s->len = (uint16_t)roll(dice, 100);
		if (chance(dice, 4))
			s->broken = (uint8_t)roll(dice, BROKEN_COUNT);
		if (i && chance(dice, 10))
			s->wait_s = (uint16_t)(chance(dice, 50) ? 10 : 40);
	}
}

static inline void make_gre(struct dice *dice, struct script *script)
{
	uint8_t version = (uint8_t)roll(dice, 2);
	uint16_t keys[2] = { (uint16_t)(1 + roll(dice, 60000)), (uint16_t)(1 + roll(dice, 60000)) };
	bool keyed = chance(dice, 50);

	if (chance(dice, 5))
		keys[1] = keys[0];
	if (chance(dice, 5))
		keys[roll(dice, 2)] = 0;
	script->protocol = USHER_GRE;
	for (uint32_t n = 1 + roll(dice, 8), i = 0; i < n; i++) {
		struct step *s = add_step(script);

		s->from = i ? (uint8_t)roll(dice, 2) : 0;
		s->type = chance(dice, 5) ? !version : version;
		s->code = s->type == 0 && keyed && !chance(dice, 5);
		s->key = s->type == 1 ? keys[s->from] : s->code ? keys[chance(dice, 4)] : 0;
		s->seq = i;
		s->len = (uint16_t)roll(dice, 100);
		if (chance(dice, 4))
			s->broken = (uint8_t)roll(dice, BROKEN_COUNT);
		if (i && chance(dice, 15))
			s->wait_s = (uint16_t)(chance(dice, 50) ? 10 : 60);
	}
}

/* The script of this class and seed. `switches` holds for TCP only. */
static inline void make_script(struct script *script, enum script_class class, uint64_t seed, uint32_t switches)
{
	struct dice dice = { seed };

	memset(script, 0, sizeof(*script));
	script->seed = seed;
	script->family = chance(&dice, 65) ? 4 : 6;
	switch (class) {
	case CLASS_UDP:
	case CLASS_UDP_STREAM:
		make_udp(&dice, script, class == CLASS_UDP_STREAM);
		break;
	case CLASS_ICMP:
		make_icmp(&dice, script);
		break;
	case CLASS_GRE:
		make_gre(&dice, script);
		break;
	default:
		script->switches = switches;
		make_tcp(&dice, script, class);
	}
}

#endif
