/*
 * sim/link: what a packet meets on its way: delay, loss, duplication, reordering, corruption, a router with a smaller MTU.
 */
#include "tests/sim/gateway.h"
#include "tests/sim/mirror.h"
#include "tests/sim/scenario.h"
#include "tests/sim/sim.h"
#include "tests/sim/trace.h"

/* How often one link may lose the same segment: after some more a gateway forgets the connection, which would be no fault of its. */
#define SAME_LOST 2u

static void arrive(struct sim *sim, struct link *link, struct packet *p)
{
	if (link->to)
		gateway_input(sim, link->to, link, p);
	else
		host_input(link->host, p);
}

/* The event's object is the packet: what link it is on is in its `interface` until it arrives. */
static void arrival(struct sim *sim, void *object, uint32_t what)
{
	struct packet *p = object;

	(void)what;
	arrive(sim, &sim->link[p->interface], p);
}

static void carry(struct sim *sim, struct link *link, struct packet *p, uint64_t time)
{
	p->interface = link->number;
	sim_at(sim, time, arrival, p, SIM_PACKET);
}

/* Something happens to a packet, unless this one is not among those that a run is restricted to. */
static bool impair(struct sim *sim, enum coverage what)
{
	uint32_t number = sim->impairments++;

	if (number < sim->scenario->impair_from || number >= sim->scenario->impair_to)
		return false;
	sim_cover(sim, what);
	return true;
}

/* The router says so to the packet's sender. */
static void too_big(struct sim *sim, struct link *link, const struct packet *p)
{
	struct wire w = { .protocol = USHER_ICMP };
	struct usher_endpoint src, dst;
	struct packet *error;
	bool ipv6;

	if (!wire_addresses(p->data, p->len, &src, &dst))
		return;
	ipv6 = src.family == USHER_IPV6;
	error = packet_take(sim);
	w.src = link->router[ipv6];
	w.dst = src;
	w.icmp.mtu = link->profile->mtu;
	w.icmp.quote = p->data;
	w.icmp.quote_len = p->len;
	if (ipv6) {
		w.protocol = USHER_ICMPV6;
		w.icmp.type = 2;
		if (w.icmp.quote_len > 1280 - 48) /* RFC 4443 2.4 (c) */
			w.icmp.quote_len = 1280 - 48;
	} else {
		w.icmp.type = 3;
		w.icmp.code = 4;
		if (w.icmp.quote_len > 576 - 28) /* RFC 1812 4.3.2.3 */
			w.icmp.quote_len = 576 - 28;
		if (link->profile->short_quotes)
			w.icmp.quote_len = 20 + 8;
	}
	error->len = wire_write(error->data, &w);
	sim_log(sim, "router on link %u: %u bytes are too big", link->number, p->len);
	trace_packet(sim, link->back, error, "router");
	carry(sim, link->back, error, sim->now + link->profile->delay_us * 1000ull);
}

/* The count of losses of this segment, and of the few that share its place in the table. */
static uint8_t *same_lost(struct link *link, const struct wire *w)
{
	struct dice d = { (uint64_t)w->src.key << 48 ^ (uint64_t)w->dst.key << 32 ^ w->tcp.seq };

	if (!w->len)
		d.state += (uint64_t)w->tcp.ack << 16 ^ w->tcp.flags;
	return &link->same_lost[roll(&d, LINK_SAME)];
}

/* Is it one of those that are to be lost by their number? */
static bool is_named(struct link *link, const struct wire *w)
{
	uint32_t number;

	if (!w || w->protocol != USHER_TCP)
		return false;
	number = w->len ? link->data_count++ : link->bare_count++;
	return number < 64 && (w->len ? link->profile->lose_data : link->profile->lose_bare) >> number & 1;
}

static bool is_lost(struct sim *sim, struct link *link, const struct wire *w)
{
	const struct link_profile *p = link->profile;
	bool last = !link->to && w, edit = last && p->aimed && mirror_has_edit(sim, link->host, w, false);
	bool lost = chance(&link->dice, p->loss) || (edit && chance(&link->dice, p->aimed)) || is_named(link, w);
	uint8_t *same = w && w->protocol == USHER_TCP ? same_lost(link, w) : &link->same_lost[0];

	if (!lost || (w && w->protocol == USHER_TCP && *same >= SAME_LOST) || !impair(sim, COVER_LOST))
		return false;
	++*same;
	if (w && w->protocol == USHER_GRE)
		pptp_gre_lost(sim, w);
	if (last)
		mirror_has_edit(sim, link->host, w, true);
	return true;
}

/* One byte changes, behind the IP header: neither hosts nor usher may take it. */
static void corrupt(struct link *link, struct packet *p)
{
	uint32_t head = p->data[0] >> 4 == 4 ? 20 : 40;

	if (p->len <= head || p->data[p->data[0] >> 4 == 4 ? 9 : 6] == USHER_GRE) /* which has no checksum */
		return;
	p->data[head + roll(&link->dice, p->len - head)] ^= (uint8_t)(1u << roll(&link->dice, 8));
	p->flags |= PACKET_CORRUPT;
}

static void duplicate(struct sim *sim, struct link *link, const struct packet *p, uint64_t time)
{
	struct packet *copy = packet_take(sim);

	memcpy(copy->data, p->data, p->len);
	copy->len = p->len;
	copy->flags = p->flags;
	copy->from = p->from;
	carry(sim, link, copy, time);
}

/*
 * SYNs are neither overtaken nor doubled: one that comes after both FINs, or after a FIN that came twice, begins a new connection for
 * usher as for the kernel (doc/tcp.md, TIME_WAIT), whatever its number is.
 */
static bool is_orderly(const struct sim *sim, const struct wire *w)
{
	return sim->scenario->mode != MODE_DIRECT && w && w->protocol == USHER_TCP && (w->tcp.flags & (SYN | ACK)) == SYN;
}

void link_send(struct sim *sim, struct link *link, struct packet *p)
{
	const struct link_profile *profile = link->profile;
	uint64_t time = sim->now + profile->delay_us * 1000ull;
	struct wire w;
	bool known = !(p->flags & PACKET_CORRUPT) && !wire_read(p->data, p->len, &w), orderly = is_orderly(sim, known ? &w : NULL);

	trace_packet(sim, link, p, NULL);
	if (known && !link->to)
		mirror_leaves(sim, link->host, &w);
	if (profile->mtu && p->len > profile->mtu) {
		too_big(sim, link, p);
		packet_give(sim, p);
		return;
	}
	if (is_lost(sim, link, known ? &w : NULL)) {
		sim_log(sim, "lost on link %u", link->number);
		packet_give(sim, p);
		return;
	}
	if (chance(&link->dice, profile->corruption) && impair(sim, COVER_CORRUPTED)) {
		sim_log(sim, "corrupted on link %u", link->number);
		corrupt(link, p);
	}
	if (profile->jitter_us && !orderly && chance(&link->dice, 25) && impair(sim, COVER_REORDERED))
		time += roll(&link->dice, profile->jitter_us) * 1000ull;
	else if (time < link->last)
		time = link->last; /* a queue: those with no delay of their own stay in order */
	else
		link->last = time;
	if (!orderly && chance(&link->dice, profile->duplication) && impair(sim, COVER_DUPLICATED))
		duplicate(sim, link, p, time + roll(&link->dice, 2000) * 1000ull);
	carry(sim, link, p, time);
}
