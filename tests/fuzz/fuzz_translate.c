/*
 * NAT with helpers: a control connection of FTP or PPTP between two naive ends, on a network that does what the input says.
 *
 *	bytes 0 to 2	see struct setup
 *	then text	lines of "C" or "S" and what that side says: of FTP all up to and with the LF, of PPTP a message in the words of
 *			pptp_peer.h, where "*" is the id that the other side has told last; a NUL ends it
 *	then steps	what is said, sent, sent again, lost, in which order it comes; data connections, calls, attackers, time
 *
 * What the steps leave undone is done in order at the end. Held to be true, always: all that leaves is whole, its
 * checksums are right, and outside no inside address is in a header; each end hears what the other said, but for the
 * accepted announcements, and these say just the name that the event told (tests/support/reread.h); nothing is
 * acknowledged that was not sent, no number has two bytes; whoever connects to a name comes to the announcer's own
 * endpoint; an attacker comes nowhere but where the policy says; no two living connections have a tuple in common; a
 * connection that nobody disturbs any more delivers all; and after the end nothing is left.
 */
#include "tests/unit/net.h"

#include "tests/support/naive_tcp.h"
#include "tests/support/reread.h"
#include "tests/unit/pptp_peer.h"

#define STEPS 400u
#define QUEUE 48u
#define SAID 200u    /* announcements */
#define SPOKEN 64u
#define LINE 400u
#define ROOM 64u     /* behind a packet */
#define ROUNDS 120u  /* until an undisturbed connection has delivered a line, and more */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at, *end;
};

/* What the first bytes say. */
struct setup {
	bool server_inside, client_inside; /* behind a forward, behind the masquerade */
	bool pptp, ipv6;
	uint8_t nat_flags;
	bool narrow;     /* few public keys */
	bool taken;      /* somebody else has the client's own port already */
	bool poor;       /* little memory for streams */
	bool tight;      /* no room behind packets */
	bool small_mtu;
	bool wrap;       /* sequence numbers */
};

struct queued {
	uint8_t data[NET_PACKET];
	uint32_t len;
};

struct announced {
	struct reread_said said;
	uint8_t side;    /* the announcer */
};

struct world {
	struct net n;
	struct setup setup;
	struct input text, in;
	struct naive end[2];
	struct queued queue[2][QUEUE]; /* on their way to that end */
	uint32_t queued[2];
	struct announced said[SAID];
	uint32_t said_count;
	struct usher_endpoint public, attacker, other_inside, other_outside, server_public;
	struct usher_endpoint spoken[SPOKEN]; /* inside endpoints that anybody may write to, once they have spoken themselves */
	uint32_t spoken_count;
	struct wire left;              /* the last packet that left, and whether one did */
	uint8_t left_data[NET_PACKET];
	bool has_left, disturbed;      /* disturbed: the connection need not live on */
	bool over;                     /* the engine has forgotten it: nobody hears the rest */
	uint16_t next_port;
	uint64_t control;              /* id of the control connection */
	uint32_t connected;
};

static struct world world;

static void must(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
}

static unsigned take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/* ---- who is who ---- */

static bool is_inside(const struct usher_endpoint *e)
{
	return e->address[0] == (e->family == USHER_IPV6 ? 0xfd : 10);
}

static struct usher_endpoint with_key(struct usher_endpoint e, uint32_t key)
{
	e.key = key;
	return e;
}

static void set_up(struct world *w, struct input *in)
{
	static const char *const names[2][7] = { /* inside: client, server, other; outside: client, server, other, attacker */
		{ "10.0.0.2", "10.0.0.5", "10.0.0.3", "198.51.100.7", "198.51.100.2", "198.51.100.3", "198.51.100.66" },
		{ "fd00::2", "fd00::5", "fd00::3", "2001:db8:9::7", "2001:db8:9::2", "2001:db8:9::3", "2001:db8:9::66" },
	};
	unsigned a = take(in), b = take(in), where = take(in);
	struct setup *s = &w->setup;
	const char *const *name;
	uint32_t port;

	s->client_inside = (where & 3) != 1;
	s->server_inside = (where & 3) == 1 || (where & 3) == 2; /* both: a hairpin */
	s->pptp = a & 1;
	s->ipv6 = a & 2 && !s->pptp;
	s->nat_flags = (uint8_t)((a & 4 ? USHER_NAT_ANY_DESTINATION : 0) | (a & 8 ? USHER_NAT_ANY_SOURCE : 0) |
				 (a & 16 ? USHER_NAT_RANDOM : 0));
	s->narrow = a & 32;
	s->taken = a & 64;
	s->poor = b & 1;
	s->tight = b & 2;
	s->small_mtu = b & 4;
	s->wrap = b & 8;
	name = names[s->ipv6];
	port = s->pptp ? 1723 : 21;
	w->public = endpoint_of(s->ipv6 ? "2001:db8::1" : "203.0.113.1", 0);
	w->other_inside = endpoint_of(name[2], 0);
	w->other_outside = endpoint_of(name[5], 0);
	w->attacker = endpoint_of(name[6], 0);
	w->end[0].own = endpoint_of(name[s->client_inside ? 0 : 3], 4000);
	w->end[1].own = endpoint_of(name[s->server_inside ? 1 : 4], port);
	w->server_public = with_key(w->public, port);
	w->end[0].peer = s->server_inside ? w->server_public : w->end[1].own;
	w->end[0].iss = s->wrap ? 0xffffffe0u : 1000;
	w->end[1].iss = s->wrap ? 0xfffffff0u : 77000;
	w->end[0].irs = w->end[1].iss;
	w->end[1].irs = w->end[0].iss;
	w->end[0].window = w->end[1].window = 65535;
	w->next_port = 50000;
}

static void fill(struct usher_nat *nat, const struct usher_endpoint *e, uint8_t flags)
{
	nat->family = e->family;
	nat->flags = flags;
	memcpy(nat->first, e->address, 16);
	memcpy(nat->last, e->address, 16);
	nat->key_first = nat->key_last = (uint16_t)e->key;
}

static void policy(void *user, const struct usher_new *new, struct usher_decision *decision)
{
	struct world *w = user;
	bool inside = is_inside(&new->orig.src), local = same_address(&new->orig.dst, &w->public);
	bool forwarded = w->setup.server_inside && new->orig.protocol == USHER_TCP && same_endpoint(&new->orig.dst, &w->server_public);

	if (forwarded)
		fill(&decision->destination, &w->end[1].own, 0);
	if (inside)
		fill(&decision->source, &w->public, w->setup.nat_flags);
	if (new->orig.protocol == USHER_TCP && new->orig.dst.key == w->end[1].own.key)
		decision->helper = w->setup.pptp ? "pptp" : "ftp";
	decision->drop = (!inside && new->picked_up) || ((!inside || local) && !forwarded && !new->mapped);
}

/* ---- what is announced ---- */

static void note_announcement(struct world *w, const struct usher_announcement *a)
{
	struct announced *new = &w->said[w->said_count];

	if (!a->accepted || w->said_count == SAID)
		return;
	w->said_count++;
	memset(new, 0, sizeof(*new));
	snprintf(new->said.kind, sizeof(new->said.kind), "%s", a->kind);
	new->said.listener = a->listener;
	new->said.seen = a->listener_seen.family ? a->listener_seen : a->listener;
	new->said.peer = a->peer;
	new->said.peer_seen = a->peer_seen.family ? a->peer_seen : a->peer;
	new->side = a->kind[2] == 'S' ? 1 : 0; /* PASV, EPSV */
}

static void watch(struct net *n, const struct usher_event *event)
{
	struct world *w = n->watch_user;

	if (event->type == USHER_EVENT_CONN_NEW && !w->control && w->connected)
		w->control = event->conn->id;
	/* It may be picked up again, but what was shifted is forgotten. */
	if (event->type == USHER_EVENT_CONN_DESTROY && event->conn->id == w->control)
		w->over = w->disturbed = w->end[0].dead = w->end[1].dead = true;
	if (event->type == USHER_EVENT_ANNOUNCE && event->conn->id == w->control)
		note_announcement(w, &event->u.announce);
}

/* ---- packets ---- */

/* For whoever reads a failure: with FUZZ_PRINT in the environment each packet is told. */
static void print(const char *what, const struct wire *l)
{
	static int wanted = -1;

	if (wanted < 0)
		wanted = getenv("FUZZ_PRINT") != NULL;
	if (!wanted)
		return;
	fprintf(stderr, "%s %u %s > %s seq %u ack %u flags %02x window %u len %u \"%.*s\"", what, l->protocol, endpoint_text(&l->src),
		endpoint_text(&l->dst), l->tcp.seq, l->tcp.ack, l->tcp.flags, l->tcp.window, l->len,
		l->protocol == USHER_TCP ? (int)l->len : 0, (const char *)l->data);
	for (uint32_t i = 0; i < l->tcp.sack_count && l->protocol == USHER_TCP; i++)
		fprintf(stderr, " sack %u-%u", l->tcp.sack[i].from, l->tcp.sack[i].to);
	fprintf(stderr, "\n");
}

static void route(struct world *w, const uint8_t *data, uint32_t len)
{
	unsigned i;

	for (i = 0; i < 2 && w->left.protocol == USHER_TCP; i++) {
		struct queued *q = &w->queue[i][w->queued[i]];

		if (!same_endpoint(&w->left.dst, &w->end[i].own) || !same_endpoint(&w->left.src, &w->end[i].peer))
			continue;
		if (w->queued[i] == QUEUE)
			return; /* lost */
		memcpy(q->data, data, len);
		q->len = len;
		w->queued[i]++;
	}
}

static void leaves(struct world *w, const uint8_t *data, uint32_t len)
{
	const char *wrong = wire_read(data, len, &w->left);
	const struct wire *l = &w->left;

	must(!wrong, wrong);
	print("  leaves", l);
	must(len <= NET_PACKET, "it is too long");
	memcpy(w->left_data, data, len);
	w->has_left = true;
	must(!same_address(&l->dst, &w->public), "it leaves to the public address");
	if (!is_inside(&l->dst)) {
		must(!is_inside(&l->src), "an inside address goes outside");
		if (l->protocol == USHER_ICMP || l->protocol == USHER_ICMPV6)
			must(!is_inside(&l->icmp.src) && !is_inside(&l->icmp.dst), "an inside address is quoted outside");
	}
	route(w, data, len);
}

static bool same_tuple(const struct usher_tuple *a, const struct usher_tuple *b)
{
	return a->protocol == b->protocol && a->type == b->type && same_endpoint(&a->src, &b->src) && same_endpoint(&a->dst, &b->dst);
}

/* No packet belongs to two connections. GRE of a call has one key on the wire: the receiver's. */
static void check_tuples(struct world *w)
{
	static struct usher_tuple tuple[128];
	struct usher_conn c;
	uint64_t position = 0;
	uint32_t count = 0, i, k;

	while (usher_conn_next(w->n.w, &position, &c) && count + 2 <= 128) {
		if (c.deadline <= w->n.now)
			continue;
		tuple[count++] = c.orig;
		tuple[count++] = c.reply;
	}
	for (i = 0; i < count; i++) {
		if (tuple[i].protocol == USHER_GRE && tuple[i].type == 1)
			tuple[i].src.key = 0;
		for (k = 0; k < i; k++)
			must(k == (i ^ 1) || !same_tuple(&tuple[i], &tuple[k]), "a key is lent twice");
	}
}

static void check(struct world *w)
{
	const char *wrong = net_wrong(w->n.w);

	must(!wrong, wrong);
	check_tuples(w);
}

static void fetch(struct world *w)
{
	struct usher_packet out;

	while (usher_emit(w->n.w, &out)) {
		must(out.len == out.wire_len && out.verdict == USHER_ACCEPT, "what is emitted");
		leaves(w, out.data, out.len);
	}
}

/* May this come to an inside endpoint from somebody who was asked by nobody? */
static bool is_open(const struct world *w, const struct wire *l)
{
	uint32_t i;

	if (w->setup.server_inside && l->protocol == USHER_TCP && same_endpoint(&l->dst, &w->end[1].own))
		return true;
	if (!(w->setup.nat_flags & USHER_NAT_ANY_SOURCE) || !(w->setup.nat_flags & USHER_NAT_ANY_DESTINATION))
		return false;
	for (i = 0; i < w->spoken_count; i++)
		if (same_endpoint(&l->dst, &w->spoken[i]))
			return true;
	return false;
}

static void note_spoken(struct world *w, const struct wire *l)
{
	uint32_t i;

	if (!is_inside(&l->src))
		return;
	for (i = 0; i < w->spoken_count; i++)
		if (same_endpoint(&w->spoken[i], &l->src))
			return;
	if (w->spoken_count < SPOKEN)
		w->spoken[w->spoken_count++] = l->src;
}

/* A packet comes to the gateway. Its reason is returned, has_left and `left` say whether and how it went on. */
static uint8_t give(struct world *w, const uint8_t *data, uint32_t len)
{
	uint32_t room = w->setup.tight ? 0 : ROOM;
	uint8_t *alone = malloc(len + room);
	struct usher_packet p = { .len = len, .tailroom = (uint16_t)room, .frame = ++w->n.frame };
	struct wire came;
	bool attacked;

	must(alone && !wire_read(data, len, &came), "a packet of our own");
	memcpy(alone, data, len);
	p.data = alone;
	print("comes", &came);
	note_spoken(w, &came);
	usher_process(w->n.w, &p, 1, w->n.now);
	must(p.verdict <= USHER_TAKEN && p.reason < USHER_REASON_COUNT && p.len <= len + room, "verdict");
	must(p.verdict != USHER_TAKEN || came.protocol == USHER_TCP, "taken");
	fetch(w);
	w->has_left = false;
	if (p.verdict == USHER_ACCEPT)
		leaves(w, p.data, p.len);
	free(alone);
	attacked = same_address(&came.src, &w->attacker) && w->has_left;
	must(!attacked || !is_inside(&w->left.dst) || is_open(w, &w->left), "an attacker comes in");
	return p.reason;
}

static void pass_time(struct world *w, usher_time much)
{
	w->n.now += much;
	usher_tick(w->n.w, w->n.now, 1000);
	fetch(w);
}

/* ---- what the ends say ---- */

static bool say(struct world *w, unsigned side, const uint8_t *data, uint32_t len)
{
	struct naive *n = &w->end[side];

	if (n->said_len + len > NAIVE_SAID || n->fin_sent)
		return false;
	memcpy(n->said + n->said_len, data, len);
	n->said_len += len;
	return true;
}

/* The own id of the last message with one that this end has heard. */
static uint32_t heard_id(const struct naive *n)
{
	uint32_t at = 0, len, id = 0;
	unsigned own, peer;

	for (; at + 16 <= n->rcv; at += len) {
		len = (uint32_t)n->heard[at] << 8 | n->heard[at + 1];
		if (len < 16)
			break;
		reread_ids(n->heard[at + 9], &own, &peer);
		if (own)
			id = (uint32_t)n->heard[at + 12] << 8 | n->heard[at + 13];
	}
	return id;
}

/* One word and its numbers, as pptp_peer.h has them; 0: no such word. */
static uint32_t message(const struct naive *n, const char *text, uint8_t to[PEER_BYTES])
{
	char safe[LINE + 64];
	const char *rest = safe;
	char name[16];
	uint32_t i, at = 0, value;
	int used = 0;

	if (sscanf(text, "%15s%n", name, &used) != 1)
		return 0;
	for (i = 0; i < COUNT_OF(peer_words); i++)
		if (strcmp(peer_words[i].name, name) == 0)
			break;
	if (i == COUNT_OF(peer_words) || strlen(text) >= LINE)
		return 0;
	at = (uint32_t)snprintf(safe, sizeof(safe), "%s", name);
	for (text += used; at < LINE; text += used) {
		used = 1;
		if (*text == '*')
			value = heard_id(n);
		else if (sscanf(text, "%u%n", &value, &used) != 1)
			used = 1;
		if (peer_words[i].type < 2 && (value < 16 || value > 300)) /* lengths, or types of one's own */
			value = 16;
		if (!*text)
			break;
		if (*text == '*' || (*text >= '0' && *text <= '9'))
			at += (uint32_t)snprintf(safe + at, sizeof(safe) - at, " %u", value);
	}
	return peer_message(to, &rest);
}

/* The next line of the text. false: there is none. */
static bool next_line(struct world *w)
{
	uint8_t bytes[PEER_BYTES];
	char text[LINE];
	struct input *t = &w->text;
	const uint8_t *end;
	unsigned side;
	uint32_t len;

	if (t->at >= t->end)
		return false;
	side = *t->at++ == 'S';
	end = memchr(t->at, '\n', (size_t)(t->end - t->at));
	len = end ? (uint32_t)(end - t->at) + 1 : (uint32_t)(t->end - t->at);
	if (w->setup.pptp) {
		snprintf(text, sizeof(text), "%.*s", (int)(len < LINE ? len : LINE - 1), (const char *)t->at);
		text[strcspn(text, "\r\n")] = '\0';
		t->at += len;
		len = message(&w->end[side], text, bytes);
		return say(w, side, bytes, len);
	}
	t->at += len;
	return say(w, side, t->at - len, len);
}

/* ---- the network ---- */

static void send_piece(struct world *w, unsigned side, uint32_t from, uint32_t len, uint8_t flags)
{
	uint8_t packet[WIRE_MAX];

	if (len > 1400)
		len = 1400;
	(void)give(w, packet, naive_segment(&w->end[side], packet, from, len, flags));
}

static void acknowledge(struct world *w, unsigned side)
{
	send_piece(w, side, w->end[side].una > w->end[side].sent ? w->end[side].una : w->end[side].sent, 0, 0);
}

/* The queue's packet `k` arrives, or is lost; `keep`: it comes again later. */
static void arrive(struct world *w, unsigned side, uint32_t k, bool lost, bool keep)
{
	struct queued q;
	struct wire wire;
	const char *wrong;

	if (!w->queued[side])
		return;
	k %= w->queued[side];
	q = w->queue[side][k];
	if (!keep) {
		w->queued[side]--;
		memmove(&w->queue[side][k], &w->queue[side][k + 1], (w->queued[side] - k) * sizeof(q));
	}
	if (lost || w->over)
		return;
	must(!wire_read(q.data, q.len, &wire), "a packet that was right");
	print("arrives", &wire);
	wrong = naive_receive(&w->end[side], &wire);
	must(!wrong, wrong);
	if (wire.len || wire.tcp.flags & FIN)
		acknowledge(w, side);
}

/* ---- what the ends have heard ---- */

static void reread(struct world *w, bool whole)
{
	static struct reread_said list[2][SAID];
	struct reread_stream s[2];
	uint32_t count[2] = { 0, 0 }, i;
	unsigned side;
	const char *wrong = NULL;

	for (i = 0; i < w->said_count; i++)
		list[w->said[i].side][count[w->said[i].side]++] = w->said[i].said;
	for (side = 0; side < 2; side++)
		s[side] = (struct reread_stream){ w->end[side].said, w->end[!side].heard, w->end[side].said_len, w->end[!side].rcv,
						  whole && w->said_count < SAID };
	if (w->setup.pptp)
		wrong = reread_pptp(s, list[0], count[0]);
	for (side = 0; side < 2 && !w->setup.pptp && !wrong; side++)
		wrong = reread_ftp(&s[side], list[side], count[side]);
	must(!wrong, wrong);
}

/* ---- what was announced is used ---- */

static bool is_expected(struct world *w, uint8_t protocol, const struct usher_endpoint *dst)
{
	struct usher_expectation e;
	uint64_t position = 0;

	while (usher_expect_next(w->n.w, &position, &e))
		if (e.tuple.protocol == protocol && e.deadline > w->n.now && same_endpoint(&e.tuple.dst, dst))
			return true;
	return false;
}

static bool is_full(uint8_t reason)
{
	return reason == USHER_REASON_TABLE_FULL || reason == USHER_REASON_NAT_EXHAUSTED || reason == USHER_REASON_NAT_UNMAPPABLE;
}

static uint32_t syn(const struct usher_endpoint *from, const struct usher_endpoint *to, uint8_t flags, uint8_t *packet)
{
	struct wire syn = { .src = *from, .dst = *to, .protocol = USHER_TCP, .data = packet,
			    .tcp = { .seq = 5, .ack = flags & ACK ? 6 : 0, .flags = flags, .window = 1000, .scale = 0xff } };

	return wire_write(packet, &syn);
}

/* The announcement that this name stands for now. */
static const struct announced *latest(const struct world *w, uint32_t k)
{
	const struct announced *a = &w->said[k % w->said_count];
	uint32_t i;

	for (i = w->said_count; i-- > 0;)
		if (same_endpoint(&w->said[i].said.seen, &a->said.seen) && w->said[i].side == a->side)
			return &w->said[i];
	return a;
}

static void check_answer(struct world *w, const struct usher_endpoint *listener, const struct usher_endpoint *from,
			 const struct usher_endpoint *to)
{
	uint8_t packet[WIRE_MAX];
	struct usher_endpoint caller = w->left.src;

	(void)give(w, packet, syn(listener, &caller, SYN | ACK, packet));
	must(w->has_left && same_endpoint(&w->left.dst, from) && same_endpoint(&w->left.src, to), "the answer does not come back");
	if (w->in.at < w->in.end && *w->in.at & 128) /* it ends at once, and its names may be lent again */
		(void)give(w, packet, syn(from, to, RST, packet));
}

/* A data connection to what was announced, from the other side, and one of an attacker's. */
static void connect_data(struct world *w, uint32_t k, uint32_t port)
{
	const struct announced *a = latest(w, k);
	const struct naive *own = &w->end[a->side], *other = &w->end[!a->side];
	struct usher_endpoint to = a->said.seen, from = with_key(other->own, port ? port : w->next_port++);
	struct usher_endpoint listener = with_key(own->own, a->said.listener.key), enemy = with_key(w->attacker, w->next_port++);
	struct usher_tuple tuple = { .protocol = USHER_TCP, .src = from, .dst = to };
	struct usher_conn conn;
	uint8_t packet[WIRE_MAX], direction, reason;
	bool expected;

	(void)give(w, packet, syn(&enemy, &to, SYN, packet));
	expected = is_expected(w, USHER_TCP, &to);
	if (usher_conn_find(w->n.w, &tuple, &conn, &direction))
		return;
	reason = give(w, packet, syn(&from, &to, SYN, packet));
	must(!expected || w->has_left || is_full(reason), "an announced connection does not pass");
	if (!w->has_left)
		return;
	if (expected) {
		must(same_endpoint(&w->left.dst, &listener), "an announced connection comes elsewhere");
		must(same_address(&w->left.src, &own->peer), "an announced connection comes from an unknown address");
		check_answer(w, &listener, &from, &to);
	} else if (!is_inside(&from) && is_inside(&w->left.dst)) {
		must(is_open(w, &w->left), "an unannounced connection comes in");
	}
}

static uint32_t gre(const struct usher_endpoint *from, const struct usher_endpoint *to, uint8_t *packet)
{
	struct wire w = { .src = *from, .dst = *to, .protocol = USHER_GRE, .data = (const uint8_t *)"ppp!", .len = 4 };

	w.gre.has_seq = true;
	return wire_write(packet, &w);
}

/* GRE of a call that was announced, from both sides, and an attacker's. */
static void call(struct world *w, uint32_t k, unsigned first)
{
	const struct reread_said *a = &latest(w, k)->said;
	const struct usher_endpoint own[2] = { with_key(w->end[0].own, a->listener.key), with_key(w->end[1].own, a->peer.key) };
	const struct usher_endpoint to[2] = { with_key(w->end[1].peer, a->seen.key), with_key(w->end[0].peer, a->peer_seen.key) };
	uint8_t packet[WIRE_MAX], reason;
	bool expected = is_expected(w, USHER_GRE, &to[0]);
	unsigned i, side;

	for (i = 0; i < 2; i++) {
		struct usher_endpoint stray = with_key(to[i], to[i].key ^ 0x5a5a);

		(void)give(w, packet, gre(&w->attacker, &to[i], packet));
		(void)give(w, packet, gre(&w->attacker, &stray, packet));
	}
	for (i = 0; i < 2; i++) {
		side = first ^ i; /* whom it is for */
		reason = give(w, packet, gre(&w->end[!side].own, &to[side], packet));
		must(!expected || w->has_left || is_full(reason), "a call's packet does not pass");
		if (!w->has_left || !expected)
			continue;
		must(same_endpoint(&w->left.dst, &own[side]), "a call's packet comes elsewhere");
		must(same_address(&w->left.src, &w->end[side].peer), "a call's packet comes from an unknown address");
	}
}

/* ---- others ---- */

/* Somebody else inside opens something, with keys that others have as well. */
static void newcomer(struct world *w, unsigned what, unsigned which)
{
	struct usher_endpoint from = with_key(which & 1 ? w->end[0].own : w->other_inside, which & 2 ? 4000 : 4000 + which);
	struct usher_endpoint to = with_key(which & 4 ? w->end[1].own : w->other_outside, which & 8 ? w->end[1].own.key : 53);
	uint8_t packet[WIRE_MAX];
	struct wire udp = { .src = from, .dst = to, .protocol = USHER_UDP, .data = (const uint8_t *)"?", .len = 1, .may_fragment = true };

	if (!is_inside(&from) || is_inside(&to) || same_endpoint(&from, &w->end[0].own))
		return;
	if (what & 1)
		(void)give(w, packet, wire_write(packet, &udp));
	else
		(void)give(w, packet, syn(&from, &to, SYN, packet));
	if (w->has_left && !w->setup.ipv6)
		must(same_address(&w->left.src, &w->public), "a newcomer keeps his address");
}

/* An attacker writes to some key of the public address, or to an inside address itself. */
static void attack(struct world *w, unsigned what, unsigned which)
{
	struct usher_endpoint to = with_key(w->public, which * 257u), from = with_key(w->attacker, 4000 + which);
	uint8_t packet[WIRE_MAX];
	struct wire p = { .src = from, .dst = to, .protocol = USHER_UDP, .data = packet + 100, .len = 9 };

	if (w->said_count && what & 4)
		p.dst.key = latest(w, which)->said.seen.key;
	else if (what & 8)
		p.dst.key = w->end[1].peer.key;
	if (what & 16)
		p.dst = with_key(w->end[!w->setup.client_inside].own, p.dst.key);
	if ((what & 3) == 1)
		p.protocol = USHER_TCP;
	p.tcp = (struct wire_tcp){ .seq = which, .ack = which, .flags = what & 32 ? ACK : SYN, .window = 100, .scale = 0xff };
	memcpy(packet + 100, "PORT 10,0", 9);
	if ((what & 3) == 2 && !w->setup.ipv6)
		p.protocol = USHER_GRE;
	if (same_endpoint(&p.dst, &w->server_public))
		return; /* that is what the forward is for */
	{
		uint8_t copy[WIRE_MAX];

		(void)give(w, copy, wire_write(copy, &p));
	}
}

/* ---- steps ---- */

static void odd_segment(struct world *w, unsigned side, unsigned what)
{
	struct naive *n = &w->end[side];
	uint8_t packet[WIRE_MAX];

	switch (what & 7) {
	case 0: /* keep-alive */
		send_piece(w, side, n->una ? n->una - 1 : 0, what & 8 && n->una ? 1 : 0, 0);
		return;
	case 1:
		n->window = (uint16_t)(what & 0xf0);
		acknowledge(w, side);
		return;
	case 2:
		n->window = 65535;
		acknowledge(w, side);
		return;
	case 3:
		if (!n->fin_sent && n->said_len == n->sent && what & 32) {
			n->fin_sent = true;
			w->disturbed = true;
		}
		acknowledge(w, side);
		return;
	case 4:
		if ((what & 0xf8) != 0xf8)
			return;
		w->disturbed = n->dead = true;
		(void)give(w, packet, naive_segment(n, packet, n->sent, 0, RST));
		return;
	default:
		acknowledge(w, side);
		return;
	}
}

static void many(struct world *w, unsigned what, unsigned much)
{
	static const usher_time unit[4] = { USHER_SECOND / 1000, USHER_SECOND / 50, USHER_SECOND / 2, 20 * USHER_SECOND };

	switch (what & 7) {
	case 0:
		pass_time(w, unit[what >> 3 & 3] * (much + 1));
		w->disturbed |= (what >> 3 & 3) >= 2; /* time-outs, ours and theirs */
		return;
	case 1:
		newcomer(w, what >> 3, much);
		return;
	case 2:
		attack(w, what >> 3, much);
		return;
	case 3:
	case 4:
		if (w->said_count && w->setup.pptp)
			call(w, much >> 1, much & 1);
		else if (w->said_count)
			connect_data(w, much, what & 8 ? 20 : 0);
		return;
	default:
		odd_segment(w, what >> 3 & 1, much);
		return;
	}
}

static void step(struct world *w)
{
	unsigned op = take(&w->in), side = op >> 3 & 1, a = take(&w->in);
	struct naive *n = &w->end[side];

	switch (op & 7) {
	case 0:
		(void)next_line(w);
		break;
	case 1: /* new bytes */
		if (n->sent < n->said_len)
			send_piece(w, side, n->sent, a + 1u, PSH);
		break;
	case 2: /* again, in other pieces; or bytes that were skipped over */
		send_piece(w, side, n->una + (op >> 4) * 3u, a + 1u, 0);
		break;
	case 3: /* what was said last, though what comes before was not sent yet */
		if (n->said_len > n->sent)
			send_piece(w, side, n->sent + a % (n->said_len - n->sent), 1u + (op >> 4) * 8u, PSH);
		break;
	case 4:
	case 5:
		arrive(w, side, op >> 4, false, a & 1);
		break;
	case 6:
		arrive(w, side, op >> 4, true, false);
		break;
	default:
		many(w, op >> 3, a);
		break;
	}
}

/* ---- the course of it ---- */

static bool handshake(struct world *w)
{
	uint8_t packet[WIRE_MAX];

	w->connected = 1;
	(void)give(w, packet, naive_syn(&w->end[0], packet, SYN));
	if (!w->has_left)
		return false;
	must(same_endpoint(&w->left.dst, &w->end[1].own), "the connection goes elsewhere");
	w->end[1].peer = w->left.src;
	(void)give(w, packet, naive_syn(&w->end[1], packet, SYN | ACK));
	must(w->has_left && same_endpoint(&w->left.dst, &w->end[0].own) && same_endpoint(&w->left.src, &w->end[0].peer),
	     "the handshake does not come back");
	acknowledge(w, 0);
	return true;
}

static bool is_done(const struct world *w)
{
	return w->end[0].una == w->end[0].said_len && w->end[1].una == w->end[1].said_len && !w->queued[0] && !w->queued[1];
}

/* Nobody disturbs any more: all that was said arrives. */
static void deliver(struct world *w)
{
	uint32_t round, from, end;
	unsigned side;

	for (round = 0; round < ROUNDS && !w->end[0].dead && !w->end[1].dead; round++) {
		for (side = 0; side < 2; side++)
			while (w->queued[side])
				arrive(w, side, 0, false, false);
		if (is_done(w) && usher_wakeup(w->n.w) == UINT64_MAX)
			break;
		for (side = 0; side < 2; side++) {
			from = w->end[side].una;
			end = naive_missing(&w->end[side], &from);
			if (from < end)
				send_piece(w, side, from, end - from, PSH);
			else
				acknowledge(w, side);
		}
		pass_time(w, USHER_SECOND / 4);
	}
	check(w);
}

static void finish(struct world *w)
{
	bool whole;

	w->end[0].window = w->end[1].window = 65535;
	do {
		deliver(w);
	} while (next_line(w));
	whole = !w->disturbed && !w->end[0].dead && !w->end[1].dead && !w->setup.poor;
	if (whole) {
		must(is_done(w), "the connection stalls");
		must(w->end[0].early.count == 0 && w->end[1].early.count == 0, "a hole stays");
	}
	reread(w, whole);
}

static void open_net(struct world *w)
{
	static _Alignas(4096) uint8_t memory[2 << 20];
	struct usher_options options = {
		.connections = 40, .connections6 = 40, .helped = 6, .related = 24, .expectations = 24, .nat_addresses = 1,
		.mappings = 64, .stream_chunks = w->setup.poor ? 4 : 512, .emit_bytes = 1 << 16,
		.mtu = w->setup.small_mtu ? 600 : 0, .flags = USHER_LIVE | USHER_DROP_INVALID,
		.policy = policy, .policy_user = w,
		.nat_first = w->setup.narrow ? 40000 : 0, .nat_last = w->setup.narrow ? 40007 : 0,
	};

	net_lend(memory, sizeof(memory));
	net_open(&w->n, &options);
	must(w->n.lent, "memory");
	w->n.quiet = true;
	w->n.watch = watch;
	w->n.watch_user = w;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = &world;
	struct input in = { data, data + size };
	uint8_t packet[WIRE_MAX];
	const uint8_t *nul;
	uint32_t i;

	memset(w, 0, sizeof(*w));
	set_up(w, &in);
	nul = in.at < in.end ? memchr(in.at, 0, (size_t)(in.end - in.at)) : NULL;
	w->text = (struct input){ in.at, nul ? nul : in.end };
	w->in = (struct input){ nul ? nul + 1 : in.end, in.end };
	open_net(w);
	if (w->setup.taken) {
		struct usher_endpoint before = with_key(w->other_inside, w->end[0].own.key);

		if (!w->setup.server_inside)
			(void)give(w, packet, syn(&before, &w->end[0].peer, SYN, packet));
	}
	if (handshake(w)) {
		for (i = 0; i < STEPS && w->in.at < w->in.end; i++) {
			step(w);
			if (i % 8 == 7)
				check(w);
			if (i % 16 == 15)
				reread(w, false);
		}
		finish(w);
		for (i = 0; i < w->said_count && i < 4; i++) {
			if (w->setup.pptp)
				call(w, i, 0);
			else
				connect_data(w, i, 0);
		}
	}
	check(w);
	usher_end(w->n.w);
	must(net_used(w->n.w) == 0, "something is left");
	net_close(&w->n);
	return 0;
}
