/*
 * sim/attack: see attack.h.
 */
#include "tests/sim/attack.h"

#include "tests/sim/gateway.h"
#include "tests/sim/scenario.h"

enum attack_kind {
	ATTACK_STRANGER, /* from a host to which nothing was announced */
	ATTACK_BESIDE,   /* from the right host, to a neighbouring port */
	ATTACK_UDP, ATTACK_GRE, ATTACK_ACK,
	ATTACK_INSIDE,   /* to the inside address itself */
	ATTACK_ICMP,     /* an error about a connection, with a wrong sequence number */
	ATTACK_AGAIN,    /* from the right host, when the announcement was used already */
	ATTACK_CLOSED,   /* when it was taken back or refused */
	ATTACK_KINDS
};

static struct host *stranger(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->host_count; i++) {
		if (!strcmp(sim->host[i].name, "attacker"))
			return &sim->host[i];
	}
	return NULL;
}

static bool is_announced(const struct sim *sim, const struct usher_endpoint *to)
{
	for (uint32_t i = 0; i < sim->announcement_count; i++) {
		if (same_endpoint(&sim->announcement[i].seen, to) || same_endpoint(&sim->announcement[i].real, to))
			return true;
	}
	return false;
}

static void send_icmp(struct host *from, const struct announcement *a)
{
	struct wire quoted = { .src = a->control->peer->remote, .dst = a->control->peer->local, .protocol = USHER_TCP };
	struct wire w = { .protocol = USHER_ICMP };
	uint8_t bytes[WIRE_MAX];
	bool ipv6 = quoted.src.family == USHER_IPV6;

	quoted.tcp = (struct wire_tcp){ .seq = a->control->iss + a->control->max + (1u << 31), .flags = ACK, .scale = 0xff };
	quoted.data = bytes;
	w.icmp.quote = bytes;
	w.icmp.quote_len = wire_write(bytes, &quoted);
	w.icmp.mtu = 1280;
	w.icmp.type = ipv6 ? 2 : 3;
	w.icmp.code = ipv6 ? 0 : 4;
	w.protocol = ipv6 ? USHER_ICMPV6 : USHER_ICMP;
	w.src = from->address[ipv6];
	w.dst = quoted.src;
	host_send(from, &w, PACKET_ATTACK);
}

static void send_packet(struct host *from, const struct usher_endpoint *to, uint8_t protocol, uint8_t flags)
{
	struct sim *sim = from->sim;
	struct wire w = { .src = from->address[to->family == USHER_IPV6], .dst = *to, .protocol = protocol };
	static const uint8_t bytes[24] = "attack";

	w.src.key = 61000 + roll(&sim->dice, 4000); /* no port that a host's connections have */
	w.tcp = (struct wire_tcp){ .seq = (uint32_t)roll64(&sim->dice), .ack = (uint32_t)roll64(&sim->dice), .window = 1000,
				   .flags = flags, .scale = 0xff };
	w.data = bytes;
	w.len = protocol == USHER_TCP ? 0 : (uint32_t)sizeof(bytes);
	if (!flags)
		w.gre.has_seq = true;
	sim_cover(sim, COVER_ATTACK);
	sim_log(sim, "attack: %s > %s", endpoint_text(&w.src), endpoint_text(to));
	host_send(from, &w, PACKET_ATTACK);
}

static void attack(struct sim *sim, void *object, uint32_t kind)
{
	struct announcement *a = object;
	struct host *reader = a->control->peer->host, *other = stranger(sim);
	struct usher_endpoint to = a->seen;

	if (reader->guarded)
		reader = other;
	switch (kind) {
	case ATTACK_STRANGER:
		send_packet(other, &to, USHER_TCP, SYN);
		break;
	case ATTACK_BESIDE:
		/* The port above is likely to be announced next, which would make it right. */
		to.key = chance(&sim->dice, 50) ? to.key - 1 - roll(&sim->dice, 3) : to.key + 1000 + roll(&sim->dice, 1000);
		if (to.key - 1 < 65535 && !is_announced(sim, &to))
			send_packet(reader, &to, USHER_TCP, SYN);
		break;
	case ATTACK_UDP:
		send_packet(reader, &to, USHER_UDP, 0);
		break;
	case ATTACK_GRE:
		if (a->protocol != USHER_GRE || reader == other)
			send_packet(reader, &to, USHER_GRE, 0);
		break;
	case ATTACK_ACK:
		send_packet(other, &to, USHER_TCP, ACK);
		break;
	case ATTACK_INSIDE:
		if (!same_address(&to, &a->real))
			send_packet(reader, &a->real, USHER_TCP, SYN);
		break;
	case ATTACK_ICMP: /* where windows say nothing, its number says nothing, too */
		if (sim->scenario->flags & USHER_TCP_LIBERAL)
			break;
		send_icmp(other, a);
		break;
	case ATTACK_AGAIN:
		if (a->arrived >= a->said && a->protocol == USHER_TCP)
			send_packet(reader, &to, USHER_TCP, SYN);
		break;
	default:
		if (reader != other && (a->refused || a->closed) && a->protocol == USHER_TCP)
			send_packet(reader, &to, USHER_TCP, SYN);
		break;
	}
}

static bool can_attack(const struct sim *sim, const struct announcement *a)
{
	return sim->scenario->attacks && a->control->host->guarded && a->control->peer;
}

void attack_announced(struct sim *sim, struct announcement *a)
{
	uint32_t kind;

	if (!can_attack(sim, a))
		return;
	if (a->refused)
		sim_at(sim, sim->now + MS, attack, a, ATTACK_CLOSED);
	for (uint32_t i = roll(&sim->dice, 4); i > 0; i--) {
		kind = roll(&sim->dice, ATTACK_CLOSED);
		sim_at(sim, sim->now + roll(&sim->dice, 2000) * (uint64_t)MS, attack, a, kind);
	}
	sim_at(sim, sim->now + roll(&sim->dice, 10000) * (uint64_t)MS, attack, a, ATTACK_AGAIN);
}

void attack_closed(struct sim *sim, struct announcement *a)
{
	if (can_attack(sim, a) && a->announced)
		sim_at(sim, sim->now + MS, attack, a, ATTACK_CLOSED);
}

static void attack_blindly(struct sim *sim, void *object, uint32_t unused)
{
	struct host *other = object;
	bool ipv6 = sim->scenario->ipv6;
	struct usher_endpoint to = { 0 };

	(void)unused;
	for (uint32_t i = 0; i < sim->host_count; i++) {
		if (sim->host[i].guarded && (!to.family || chance(&sim->dice, 50)))
			to = sim->host[i].address[ipv6];
	}
	if (gateway_setup_of(other->gateway)->own[ipv6].family && chance(&sim->dice, 70))
		to = gateway_setup_of(other->gateway)->own[ipv6];
	if (!to.family)
		return;
	to.key = 1024 + roll(&sim->dice, 60000);
	if (!is_announced(sim, &to) && to.key != sim->scenario->port && to.key != sim->scenario->public_port)
		send_packet(other, &to, chance(&sim->dice, 70) ? USHER_TCP : USHER_UDP, SYN);
}

void attack_at_random(struct sim *sim, uint32_t count, uint32_t seconds)
{
	struct host *other = stranger(sim);

	for (; other && count > 0; count--)
		sim_at(sim, sim->now + roll(&sim->dice, seconds * 1000) * (uint64_t)MS, attack_blindly, other, 0);
}
