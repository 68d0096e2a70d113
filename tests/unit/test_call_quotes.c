/*
 * ICMP errors about the calls of PPTP, behind NAT on either side and on both: enhanced GRE carries the receiver's id only, and what an
 * error quotes is a packet as NAT made it. Two clients with the same id for each row, so that not all ids stay what they were.
 *
 * The control connections are played by hand, as the messages of each side go to the other's public name; what a side's id is called
 * on the other side is read off the translated messages.
 */
#include "net.h"

#include "packet/packet.h"
#include "tests/unit/pptp_peer.h"

#define CLIENT 0
#define SERVER 1
#define ID_AT  12 /* of the sender's own call id in OCRQ and OCRP */

struct row {
	const char *name;
	const char *client[2];            /* as they are */
	const char *server;
	const char *public[2];            /* of clients, of the server; NULL: they are not translated */
	uint16_t id[2];                   /* the server's for each client */
};

static const struct row rows[] = {
	{ "no NAT", { "10.0.0.2:4000", "10.0.0.3:4000" }, "198.51.100.2:1723", { NULL, NULL }, { 100, 100 } },
	{ "clients inside", { "10.0.0.2:4000", "10.0.0.3:4000" }, "198.51.100.2:1723", { "203.0.113.1:0", NULL }, { 100, 101 } },
	{ "the server inside", { "198.51.100.2:4000", "198.51.100.3:4000" }, "10.0.0.5:1723", { NULL, "203.0.113.1:1723" }, { 100, 100 } },
	{ "both", { "10.0.0.2:4000", "10.0.0.3:4000" }, "172.16.0.5:1723", { "203.0.113.1:0", "203.0.113.2:1723" }, { 100, 101 } },
	{ "both, on one address", { "10.0.0.2:4000", "10.0.0.3:4000" }, "172.16.0.5:1723", { "203.0.113.1:0", "203.0.113.1:1723" },
	  { 100, 101 } },
	{ "IPv6", { "[fd00::2]:4000", "[fd00::3]:4000" }, "[2001:db8:9::2]:1723", { "[2001:db8::1]:0", NULL }, { 100, 101 } },
};

/* One client and its call. */
struct session {
	struct net *n;
	const char *name;
	struct usher_endpoint own[2], public[2]; /* by side */
	uint32_t seq[2];
	uint16_t id[2], seen[2];                 /* of the call: each side's own, and as the other side knows it */
};

static void policy(void *user, const struct usher_new *new, struct usher_decision *decision)
{
	const struct row *r = user;
	struct usher_endpoint public;

	if (r->public[SERVER]) {
		public = net_end(r->public[SERVER]);
		if (new->orig.dst.key == public.key && memcmp(new->orig.dst.address, public.address, 16) == 0) {
			struct usher_endpoint to = net_end(r->server);

			decision->destination.family = to.family;
			memcpy(decision->destination.first, to.address, 16);
			memcpy(decision->destination.last, to.address, 16);
		}
	}
	if (r->public[CLIENT]) {
		public = net_end(r->public[CLIENT]);
		decision->source.family = public.family;
		memcpy(decision->source.first, public.address, 16);
	}
	decision->helper = new->orig.dst.key == 1723 ? "pptp" : NULL;
}

static struct usher_endpoint end_of(const uint8_t *data, const struct pkt *p, unsigned dst)
{
	struct usher_endpoint e = { .family = p->family, .key = p->key[dst] };

	memcpy(e.address, data + (dst ? PKT_DST_OFFSET(p->family) : PKT_SRC_OFFSET(p->family)), p->family == USHER_IPV6 ? 16 : 4);
	return e;
}

static void check_end(const char *name, const struct usher_endpoint *e, const struct usher_endpoint *want)
{
	char a[80], b[80];

	if (e->key != want->key || memcmp(e->address, want->address, 16) != 0)
		fail_msg("%s: %s instead of %s", name, net_end_text(e, a), net_end_text(want, b));
}

/* Through the tracker, and out again: from the other side's idea of the sender, to where it really is. */
static struct pkt pass(struct session *s, unsigned side, uint8_t *data, uint32_t len)
{
	struct usher_packet packet = { .data = data, .len = len };
	struct usher_endpoint end;
	struct pkt p;

	usher_process(s->n->w, &packet, 1, s->n->now);
	if (packet.verdict != USHER_ACCEPT || packet.reason != USHER_REASON_NONE)
		fail_msg("%s: side %u's is dropped: %s", s->name, side, usher_reason_name(packet.reason));
	usher__pkt_decode(&p, data, packet.len, packet.len, PKT_VERIFY);
	assert_int_equal(p.reason, USHER_REASON_NONE);
	end = end_of(data, &p, 1);
	if (p.protocol == USHER_TCP) {
		check_end(s->name, &end, &s->own[!side]);
		if (side == CLIENT && s->seq[SERVER] == 0) /* the SYN tells what port it has outside */
			s->public[CLIENT] = end_of(data, &p, 0);
		end = end_of(data, &p, 0);
		check_end(s->name, &end, &s->public[side]);
	}
	return p;
}

/* A segment; returns where its payload lies in `data`. */
static uint32_t say(struct session *s, unsigned side, uint8_t flags, const char *message, uint8_t data[NET_PACKET])
{
	uint8_t bytes[PEER_BYTES];
	uint32_t len = message ? peer_bytes(bytes, message) : 0;
	struct net_tcp tcp = { .seq = s->seq[side], .ack = s->seq[!side], .flags = flags, .data = bytes, .len = len };

	len = net_tcp(data, &s->own[side], &s->public[!side], &tcp);
	s->seq[side] += tcp.len + (flags & NET_SYN ? 1 : 0);
	return pass(s, side, data, len).payload;
}

static void set_up(struct session *s, struct net *n, const struct row *r, unsigned which)
{
	uint8_t data[NET_PACKET];
	char text[40];
	uint32_t at;

	*s = (struct session){ .n = n, .name = r->name, .id = { 5, r->id[which] } };
	s->own[CLIENT] = s->public[CLIENT] = net_end(r->client[which]);
	s->own[SERVER] = net_end(r->server);
	s->public[SERVER] = net_end(r->public[SERVER] ? r->public[SERVER] : r->server);
	s->seq[CLIENT] = 1000;
	(void)say(s, CLIENT, NET_SYN, NULL, data);
	s->seq[SERVER] = 5000;
	(void)say(s, SERVER, NET_SYN | NET_ACK, NULL, data);
	(void)say(s, CLIENT, NET_ACK, NULL, data);
	(void)say(s, CLIENT, NET_ACK, "SCCRQ", data);
	(void)say(s, SERVER, NET_ACK, "SCCRP", data);
	snprintf(text, sizeof(text), "OCRQ %u", s->id[CLIENT]);
	at = say(s, CLIENT, NET_ACK, text, data) + ID_AT;
	s->seen[CLIENT] = (uint16_t)(data[at] << 8 | data[at + 1]);
	snprintf(text, sizeof(text), "OCRP %u %u", s->id[SERVER], s->seen[CLIENT]);
	at = say(s, SERVER, NET_ACK, text, data) + ID_AT;
	s->seen[SERVER] = (uint16_t)(data[at] << 8 | data[at + 1]);
	assert_int_equal(data[at + 2] << 8 | data[at + 3], s->id[CLIENT]);
}

/* A packet of the call, which comes out as the other side knows it. */
static uint32_t send_call(struct session *s, unsigned side, uint8_t sent[NET_PACKET], uint8_t left[NET_PACKET])
{
	struct usher_endpoint to = s->public[!side];
	uint32_t len;
	struct pkt p;

	to.key = s->seen[!side];
	len = net_gre(sent, &s->own[side], &to, 1);
	memcpy(left, sent, len);
	p = pass(s, side, left, len);
	assert_int_equal(p.key[1], s->id[!side]);
	return len;
}

/* An error about a packet that has left, to the name its sender has there; false: it is about nothing that is known. */
static bool refuse(struct session *s, unsigned side, const uint8_t *left, uint32_t len, uint8_t error[NET_PACKET])
{
	bool ipv6 = left[0] >> 4 == 6;
	struct usher_endpoint router = net_end(ipv6 ? "[2001:db8:77::1]:0" : "192.0.2.9:0"), back = s->public[side];
	struct usher_packet packet = { .data = error, .len = net_icmp_error(error, &router, &back, left, len) };

	usher_process(s->n->w, &packet, 1, s->n->now);
	if (packet.reason != USHER_REASON_NONE)
		assert_int_equal(packet.reason, USHER_REASON_ICMP_QUOTE);
	else
		assert_true(packet.verdict == USHER_ACCEPT && packet.state == USHER_RELATED);
	return packet.reason == USHER_REASON_NONE;
}

/* `quoted` bytes of the packet come back; what the sender reads is what it sent. */
static void check_error(struct session *s, unsigned side, const uint8_t *sent, const uint8_t *left, uint32_t quoted)
{
	uint8_t error[NET_PACKET];
	struct usher_endpoint end, want = s->own[side];
	struct pkt p, inner;
	uint32_t at;

	if (!refuse(s, side, left, quoted, error))
		fail_msg("%s: side %u is not told, %u bytes quoted", s->name, side, quoted);
	usher__pkt_decode(&p, error, NET_PACKET, NET_PACKET, PKT_VERIFY);
	assert_int_equal(p.reason, USHER_REASON_NONE);
	end = end_of(error, &p, 1);
	want.key = 0;
	check_end(s->name, &end, &want);
	assert_true(usher__pkt_decode_quoted(&inner, &p, error, p.ip_len, &at));
	assert_int_equal(inner.key[1], s->seen[!side]);
	assert_memory_equal(error + at, sent, quoted); /* header checksum and all */
}

static void check_row(const struct row *r)
{
	struct usher_options options = { .policy = policy, .policy_user = (void *)(uintptr_t)r };
	uint8_t sent[NET_PACKET], left[NET_PACKET], error[NET_PACKET];
	struct session s[2];
	struct net n;
	uint32_t len = 0, head;
	unsigned i, side;

	net_open(&n, &options);
	for (i = 0; i < 2; i++)
		set_up(&s[i], &n, r, i);
	if (r->public[CLIENT])
		assert_int_not_equal(s[0].seen[CLIENT], s[1].seen[CLIENT]);
	for (i = 0; i < 4; i++) { /* the server's packet is first to come of one call, the client's of the other */
		side = i & 1 ? !(i >> 1) : i >> 1;
		len = send_call(&s[i >> 1], side, sent, left);
		check_error(&s[i >> 1], side, sent, left, len);
	}
	net_sound(&n);
	for (i = 0; i < 2; i++)
		for (side = 0; side < 2; side++) {
			len = send_call(&s[i], side, sent, left);
			head = sent[0] >> 4 == 6 ? 40 : 20;
			check_error(&s[i], side, sent, left, len);
			check_error(&s[i], side, sent, left, head + 8);
			assert_false(refuse(&s[i], side, left, head + 7, error)); /* no id */
			left[head + 6] ^= 0x40; /* another call's */
			assert_false(refuse(&s[i], side, left, len, error));
		}
	for (side = 0; side < 2; side++) { /* when the call is over, there is nothing to be told of */
		len = send_call(&s[0], side, sent, left);
		(void)say(&s[0], SERVER, NET_ACK, side ? "CDN 100" : NULL, error);
		assert_int_equal(refuse(&s[0], side, left, len, error), side == 0);
	}
	net_sound(&n);
	net_close(&n);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_row(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
