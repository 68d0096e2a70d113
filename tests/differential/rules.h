/*
 * differential/rules: the disagreements that last.
 *
 * Owns: the rules. Each is a row of doc/kernel-differences.md by its name, with the reason there. It knows a disagreement by the
 * packets that brought it about, in this connection and up to the packet where it shows; the first that fits is counted. What no
 * rule knows is a fault.
 * Invariant: a rule names a cause that is in the script. None goes by the looks of the disagreement alone.
 */
#ifndef USHER_TESTS_DIFFERENTIAL_RULES_H
#define USHER_TESTS_DIFFERENTIAL_RULES_H

#include "compare.h"

struct difference {
	const struct script *script;
	const struct step_result *result;
	uint32_t at;
	enum field field;
	/* worked out from these */
	uint32_t begin;            /* TCP: the step that began this connection */
	const struct step *s;      /* the step that differs */
	struct view before;        /* the kernel's view of the entry before it */
	bool both_opened;          /* SYNs crossed */
};

static inline uint32_t step_end(const struct step *s)
{
	return s->seq + s->len + ((s->flags & SYN) != 0) + ((s->flags & FIN) != 0);
}

static inline bool is_syn(const struct step *s)
{
	return (s->flags & (SYN | ACK | RST | FIN)) == SYN;
}

static inline bool is_syn_ack(const struct step *s)
{
	return (s->flags & (SYN | ACK | RST | FIN)) == (SYN | ACK);
}

/* Sent by who did not begin this connection? As far as both know. */
static inline bool by_replier(const struct difference *d, uint32_t i)
{
	return d->script->step[i].from != d->script->step[d->begin].from;
}

/* Where this connection began, and what went before the packet. */
static inline void look_back(struct difference *d)
{
	d->s = &d->script->step[d->at];
	d->begin = 0;
	d->both_opened = false;
	memset(&d->before, 0, sizeof(d->before));
	for (uint32_t i = 0; i < d->at; i++) {
		const struct view *k = &d->result[i].kernel, *u = &d->result[i].usher;
		bool was_over = d->before.tcp_state == TCP_CONNTRACK_TIME_WAIT || d->before.tcp_state == TCP_CONNTRACK_CLOSE;

		if ((!d->before.there && k->there) || (was_over && k->state == USHER_NEW)) {
			d->begin = i;
			d->both_opened = false;
		}
		d->both_opened |= k->tcp_state == TCP_CONNTRACK_SYN_SENT2 || u->tcp_state == TCP_CONNTRACK_SYN_SENT2;
		d->before = *k;
	}
	if (!d->before.there)
		d->begin = d->at;
}

/* ---- TCP ---- */

/* RFC 9293 3.10.7.3: whoever is in SYN-SENT ignores a RST that acknowledges nothing. */
static inline bool syn_sent_rst(const struct difference *d)
{
	return d->before.tcp_state == TCP_CONNTRACK_SYN_SENT && d->s->flags & RST && by_replier(d, d->at) &&
	       (!(d->s->flags & ACK) || d->s->ack == 0);
}

/* The RST that answers a SYN has no number of its own, also if a SYN/ACK went before it. */
static inline bool syn_recv_rst_zero(const struct difference *d)
{
	return d->before.tcp_state == TCP_CONNTRACK_SYN_RECV && d->s->flags & RST && d->s->seq == 0;
}

/*
 * A packet began its side, or (a SYN in SYN_SENT and SYN_RECV) began it again, and did not fit: invalid, or passed without effect.
 * The kernel keeps its numbers all the same.
 */
static inline bool misfit_first(const struct difference *d)
{
	bool answered = false; /* the replier's side is known */

	for (uint32_t i = d->begin; i < d->at; i++) {
		const struct view *k = &d->result[i].kernel;
		const struct step *s = &d->script->step[i];

		if (s->broken != WHOLE || i == d->begin)
			continue;
		if (by_replier(d, i) && !answered && (k->state == USHER_INVALID || k->tcp_state == TCP_CONNTRACK_CLOSE))
			return true;
		if (by_replier(d, i) && s->flags & (SYN | RST) && k->tcp_state == TCP_CONNTRACK_SYN_SENT)
			return true;
		if (!by_replier(d, i) && is_syn_ack(s) && k->tcp_state == TCP_CONNTRACK_SYN_RECV)
			return true;
		answered |= k->tcp_state != TCP_CONNTRACK_SYN_SENT && k->tcp_state != TCP_CONNTRACK_CLOSE;
	}
	return false;
}

/* A SYN came again, without any options. */
static inline bool bare_syn(const struct difference *d)
{
	for (uint32_t i = d->begin; i < d->at; i++)
		for (uint32_t j = i + 1; j < d->at; j++) {
			const struct step *a = &d->script->step[i], *b = &d->script->step[j];

			if (a->from == b->from && a->flags & b->flags & SYN && a->options && !b->options && !b->sack_count)
				return true;
		}
	return false;
}

/* A RST, this packet or one before it, acknowledges what its own sender has sent. */
static inline bool rst_acks_own(const struct difference *d)
{
	for (uint32_t i = d->begin; i < d->at; i++)
		for (uint32_t j = i + 1; j <= d->at; j++) {
			const struct step *sent = &d->script->step[i], *rst = &d->script->step[j];

			if (rst->flags & RST && rst->from == sent->from && rst->ack == step_end(sent) &&
			    !d->result[j - 1].kernel.assured)
				return true;
		}
	return false;
}

/* The SYN/ACK `b` acknowledges less than the SYN `a` had. */
static inline bool leaves_data(const struct step *a, const struct step *b)
{
	return is_syn(a) && a->len && is_syn_ack(b) && b->from != a->from && b->ack != step_end(a);
}

static inline bool syn_data(const struct difference *d)
{
	for (uint32_t i = d->begin; i < d->at; i++)
		for (uint32_t j = i + 1; j < d->at; j++)
			if (leaves_data(&d->script->step[i], &d->script->step[j]))
				return true;
	return false;
}

/* SACK blocks on a SYN, where there can be nothing yet that came out of order. */
static inline bool syn_sack(const struct difference *d)
{
	for (uint32_t i = d->begin; i <= d->at; i++)
		if (d->script->step[i].flags & SYN && d->script->step[i].sack_count)
			return true;
	return false;
}

/* SYNs crossed, and the answer to one of them was an ACK or a FIN. */
static inline bool both_opened_ack(const struct difference *d)
{
	for (uint32_t i = d->begin + 1; i <= d->at; i++)
		if (d->result[i - 1].kernel.tcp_state == TCP_CONNTRACK_SYN_SENT2 && !(d->script->step[i].flags & (SYN | RST)))
			return true;
	return false;
}

/* SYNs crossed, and a SYN or SYN/ACK comes once more. */
static inline bool both_opened_again(const struct difference *d)
{
	return d->both_opened && d->s->flags & SYN;
}

/* SYNs crossed, and after one SYN/ACK there was another: the kernel has not taken it, and knows nothing of that side's window. */
static inline bool both_opened_window(const struct difference *d)
{
	if (!d->both_opened)
		return false;
	for (uint32_t i = d->begin; i < d->at; i++)
		if (is_syn_ack(&d->script->step[i]))
			return true;
	return false;
}

/* tcp_liberal: who goes on after a SYN had an answer to it that did not come by here. */
static inline bool liberal_no_answer(const struct difference *d)
{
	return d->script->switches & USHER_TCP_LIBERAL && d->before.tcp_state == TCP_CONNTRACK_SYN_SENT &&
	       (d->s->flags & (ACK | SYN | RST)) == ACK;
}

/* ---- others ---- */

static inline bool udp6_no_checksum(const struct difference *d)
{
	return d->script->protocol == USHER_UDP && d->script->family == 6 && d->s->broken == NO_CHECKSUM;
}

static inline bool icmp_code(const struct difference *d)
{
	for (uint32_t i = 0; i <= d->at; i++)
		if (d->script->step[i].code)
			return true;
	return false;
}

static inline bool node_information(const struct difference *d)
{
	return d->script->family == 6 && (d->s->type == 139 || d->s->type == 140);
}

/* Messages between neighbours that are not in the kernel's list of them. */
static inline bool neighbours_only(const struct difference *d)
{
	static const uint8_t types[] = { 137, 141, 142, 151, 152, 153 };

	if (d->script->family != 6 || d->result[d->at].usher.state != USHER_UNTRACKED)
		return false;
	return memchr(types, d->s->type, sizeof(types)) != NULL;
}

/* Version 0: the kernel looks at addresses only, a key or none is the same to it. */
static inline bool gre_key(const struct difference *d)
{
	for (uint32_t i = 0; i < d->at; i++) {
		const struct step *s = &d->script->step[i];

		if (s->type == 0 && d->s->type == 0 && (s->code != d->s->code || (s->code && s->key != d->s->key)))
			return true;
	}
	return false;
}

/* Versions 0 and 1 between the same addresses: one entry to the kernel where the call id is 0. */
static inline bool gre_versions(const struct difference *d)
{
	for (uint32_t i = 0; i < d->at; i++)
		if (d->script->step[i].type != d->s->type)
			return true;
	return false;
}

/* Version 1 that is not what PPTP sends. */
static inline bool gre_not_pptp(const struct difference *d)
{
	return d->s->type == 1 && d->s->broken == BAD_OFFSET;
}

/* A GRE packet that ends before its own header does is a packet of version 0 to the kernel. */
static inline bool gre_short(const struct difference *d)
{
	return d->s->broken == BAD_SHORT;
}

#define RULES(X) \
	X(USHER_TCP, syn_sent_rst) \
	X(USHER_TCP, liberal_no_answer) \
	X(USHER_TCP, syn_recv_rst_zero) \
	X(USHER_TCP, both_opened_ack) \
	X(USHER_TCP, both_opened_again) \
	X(USHER_TCP, both_opened_window) \
	X(USHER_TCP, syn_sack) \
	X(USHER_TCP, misfit_first) \
	X(USHER_TCP, bare_syn) \
	X(USHER_TCP, syn_data) \
	X(USHER_TCP, rst_acks_own) \
	X(USHER_UDP, udp6_no_checksum) \
	X(USHER_ICMPV6, node_information) \
	X(USHER_ICMPV6, neighbours_only) \
	X(USHER_ICMP, icmp_code) \
	X(USHER_GRE, gre_short) \
	X(USHER_GRE, gre_not_pptp) \
	X(USHER_GRE, gre_versions) \
	X(USHER_GRE, gre_key)

enum rule {
	RULE_NONE = 0,
#define RULE_ENUM(protocol, name) RULE_##name,
	RULES(RULE_ENUM)
#undef RULE_ENUM
	RULE_COUNT
};

static const char *const rule_names[] = {
	"none",
#define RULE_NAME(protocol, name) #name,
	RULES(RULE_NAME)
#undef RULE_NAME
};

/* The first rule that knows it. icmp rules hold for both of them. */
static inline enum rule rule_for(struct difference *d)
{
	static const struct {
		uint8_t protocol;
		bool (*knows)(const struct difference *d);
	} rules[] = {
		{ 0, NULL },
#define RULE_ROW(number, name) { number, name },
		RULES(RULE_ROW)
#undef RULE_ROW
	};

	look_back(d);
	for (unsigned i = RULE_NONE + 1; i < RULE_COUNT; i++) {
		bool icmp = rules[i].protocol == USHER_ICMP && d->script->protocol == USHER_ICMPV6;

		if ((rules[i].protocol == d->script->protocol || icmp) && rules[i].knows(d))
			return (enum rule)i;
	}
	return RULE_NONE;
}

#endif
