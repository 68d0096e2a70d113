/*
 * ICMP errors, IPv4 and IPv6: which connection one is related to, and why it is invalid (lib/engine/icmp.c).
 *
 * Each row runs for both families: $c, $s are the client's and the server's address. It plays a script, quotes a packet, and looks
 * at what became of the error; whatever it was, the connections must be as before, their deadlines included.
 */
#include "net.h"

enum quoted {
	FLOW = 0, /* the last packet of flow A, of `side` */
	PING,     /* side 1: its answer */
	GRE0, GRE1, OTHER,
	ERROR     /* an error of the server's about flow A's last packet */
};

enum fragment { WHOLE = 0, FIRST, LATER };
enum to { SENDER = 0, RECEIVER, STRANGER };

struct row {
	const char *name, *script;
	enum quoted quoted;
	uint8_t side;
	const char *seq;       /* TCP: the number quoted, from the side's first byte on; NULL: as it is */
	uint8_t cut;           /* bytes quoted behind the IP header; 0: as many as there are, at most 64 */
	enum fragment fragment;
	enum to to;
	uint8_t zone;          /* of the error */
	uint8_t type[2], code; /* IPv4, IPv6; 0: unreachable */
	uint8_t reason;        /* NONE: it is related */
	bool known;            /* invalid, and yet the event names a connection */
	bool out_of_window;
};

#define UDP "A udp $c:4000 $s:53\nA> question\n"
#define TCP "A tcp $c:4000 $s:80\n"
#define SYN "A mid $c:4000 $s:80\nA>syn\n"
#define QUOTE .reason = USHER_REASON_ICMP_QUOTE
#define SEQUENCE .reason = USHER_REASON_ICMP_SEQUENCE, .known = true

static const struct row rows[] = {
	{ .name = "a question", UDP },
	{ .name = "an answer", UDP "A< answer\n", .side = 1 },
	{ .name = "eight bytes of it", UDP, .cut = 8 },
	{ .name = "seven are too few", UDP, .cut = 7, QUOTE },
	{ .name = "none at all", UDP, .cut = 255, QUOTE },
	{ .name = "to somebody else", UDP, .to = STRANGER, QUOTE },
	{ .name = "to the quoted destination", UDP, .to = RECEIVER, QUOTE },
	{ .name = "of another zone", UDP, .zone = 3, QUOTE },
	{ .name = "of the same zone, which is not 0", "zone 3\n" UDP, .zone = 3 },
	{ .name = "of a connection that ended", UDP "delete A\n", QUOTE },
	{ .name = "of one whose time is over", UDP "wait 30\n", QUOTE },
	{ .name = "the first fragment", UDP, .fragment = FIRST },
	{ .name = "... of which eight bytes are there", UDP, .fragment = FIRST, .cut = 8 },
	{ .name = "a later fragment has no ports", UDP, .fragment = LATER, QUOTE },
	{ .name = "too large to go on", UDP, .type = { 3, 2 }, .code = 4 },
	{ .name = "time exceeded", UDP, .type = { 11, 3 } },
	{ .name = "a bad parameter", UDP, .type = { 12, 4 } },
	{ .name = "source quench (IPv4)", UDP, .type = { 4, 1 } },
	{ .name = "a redirect (IPv4) is an error as any", UDP, .type = { 5, 1 } },
	{ .name = "... and must fit as any", UDP, .type = { 5, 1 }, .to = STRANGER, QUOTE },
	{ .name = "an error about an error", UDP, .quoted = ERROR, QUOTE },
	{ .name = "a ping", "ping $c:5 $s:5\n", .quoted = PING },
	{ .name = "its answer", "ping $c:5 $s:5\npong $s:5 $c:5\n", .quoted = PING, .side = 1 },
	{ .name = "a ping that never was", "ping $c:6 $s:6\n", .quoted = PING, QUOTE },
	{ .name = "GRE with a key", "gre0 $c:7 $s:7\n", .quoted = GRE0 },
	{ .name = "enhanced GRE", "gre $c:7 $s:7\n", .quoted = GRE1 },
	{ .name = "enhanced GRE of another call", "gre $c:8 $s:8\n", .quoted = GRE1, QUOTE },
	{ .name = "a protocol without ports", "other $c:0 $s:0\n", .quoted = OTHER },
	{ .name = "... the other way", "other $c:0 $s:0\n", .quoted = OTHER, .side = 1 },

	{ .name = "a SYN", SYN },
	{ .name = "eight bytes of a SYN", SYN, .cut = 8 },
	{ .name = "seven bytes of a SYN", SYN, .cut = 7, QUOTE },
	{ .name = "a SYN as a fragment", SYN, .fragment = FIRST },
	{ .name = "a SYN, to somebody else", SYN, .to = STRANGER, QUOTE },
	{ .name = "not the SYN's number: before", SYN, .seq = "-2", SEQUENCE },
	{ .name = "not the SYN's number: behind", SYN, .seq = "1", SEQUENCE },
	{ .name = "not the SYN's number: far off", SYN, .seq = "2147483647", SEQUENCE },
	{ .name = "the server's, who said nothing yet", SYN "A mid $c:4000 $s:80\n", .side = 1, .quoted = FLOW, .seq = "0", SEQUENCE },
	{ .name = "a SYN that came again", SYN "A>syn\n" },
	{ .name = "a SYN/ACK", SYN "A<synack\n", .side = 1 },
	{ .name = "not the SYN/ACK's number", SYN "A<synack\n", .side = 1, .seq = "-2", SEQUENCE },
	{ .name = "a SYN that was answered", SYN "A<synack\n", SEQUENCE },
	{ .name = "an ACK without data", TCP },
	{ .name = "an ACK without data of the server's", TCP "A> question\n", .side = 1 },
	{ .name = "data in flight", TCP "A>> {x*10}\n" },
	{ .name = "data in flight, in between", TCP "A>> {x*10}\n", .seq = "5" },
	{ .name = "right behind the data", TCP "A>> {x*10}\n", .seq = "10" },
	{ .name = "beyond what was sent", TCP "A>> {x*10}\n", .seq = "11", SEQUENCE },
	{ .name = "before what is in flight", TCP "A>> {x*10}\n", .seq = "-1", SEQUENCE },
	{ .name = "half the numbers off", TCP "A>> {x*10}\n", .seq = "-2147483647", SEQUENCE },
	{ .name = "... in eight bytes", TCP "A>> {x*10}\n", .seq = "11", .cut = 8, SEQUENCE },
	{ .name = "data that was acknowledged", TCP "A> {x*10}\n", SEQUENCE },
	{ .name = "of several segments the first", TCP "A>> {x*10}\nA>> {y*10}\n", .seq = "0" },
	{ .name = "... and after its acknowledgement", TCP "A> {x*10}\nA>> {y*10}\n", .seq = "0", SEQUENCE },
	{ .name = "... the second", TCP "A> {x*10}\nA>> {y*10}\n", .seq = "10" },
	{ .name = "the server's data", TCP "A<< {x*10}\n", .side = 1 },
	{ .name = "not the server's data", TCP "A<< {x*10}\n", .side = 1, .seq = "11", SEQUENCE },
	{ .name = "the server's data, acknowledged", TCP "A< {x*10}\n", .side = 1, SEQUENCE },
	{ .name = "one that is too large", TCP "A>> {x*1000}\n", .type = { 3, 2 }, .code = 4 },
	{ .name = "a redirect (IPv4) with a wrong number", TCP, .seq = "1", .type = { 5, 1 }, SEQUENCE },
	{ .name = "a FIN", TCP "A>fin\n" },
	{ .name = "an ACK behind a FIN", TCP "A>fin\n", .seq = "1" },
	{ .name = "beyond a FIN", TCP "A>fin\n", .seq = "2", SEQUENCE },
	{ .name = "a SYN that was let by", TCP "A> {x*10}\nA>syn\n" },
	{ .name = "the same, had it not come", TCP "A> {x*10}\n", .seq = "-1", SEQUENCE },
	{ .name = "picked up: what was seen", "A mid $c:4000 $s:80\nA>> {x*10}\n", .seq = "0" },
	{ .name = "picked up: anything, but it is marked", "A mid $c:4000 $s:80\nA>> {x*10}\n", .seq = "100000", .out_of_window = true },
	{ .name = "liberal: the same", "flags +liberal\n" TCP "A>> {x*10}\n", .seq = "100000", .out_of_window = true },
	{ .name = "liberal: in flight", "flags +liberal\n" TCP "A>> {x*10}\n" },
	{ .name = "liberal does not believe in other destinations", "flags +liberal\n" TCP, .to = STRANGER, QUOTE },
};

static const char *const addresses[2][4] = {
	{ "10.0.0.2", "10.0.0.9", "10.0.0.1", "10.0.0.77" }, { "[fd00::2]", "[fd00::9]", "[fd00::1]", "[fd00::77]" },
};

static void play(struct net *n, const char *script, bool ipv6)
{
	char text[512];
	size_t len = 0;

	for (; *script; script++) {
		bool client = !strncmp(script, "$c", 2), server = !strncmp(script, "$s", 2);

		assert_true(len + 40 < sizeof(text));
		if (client || server) {
			len += (size_t)snprintf(text + len, 40, "%s", addresses[ipv6][server]);
			script++;
		} else {
			text[len++] = *script;
		}
	}
	text[len] = '\0';
	net_run(n, text);
}

static struct usher_endpoint end_of(bool ipv6, unsigned who, uint32_t key)
{
	struct usher_endpoint e = net_end(addresses[ipv6][who]);

	e.key = key;
	return e;
}

/* Put a fragment header in (IPv6), or set the fragment's field. */
static uint32_t make_fragment(uint8_t *packet, uint32_t len, bool later)
{
	if (packet[0] >> 4 == 4) {
		net_fragment(packet, later ? 100 : 0, true);
		return len;
	}
	memmove(packet + 48, packet + 40, len - 40);
	memset(packet + 40, 0, 8);
	packet[40] = packet[6];
	packet[6] = 44;
	packet[42] = later ? 3 : 0;
	packet[43] = 1;
	packet[5] = (uint8_t)(packet[5] + 8);
	return len + 8;
}

static uint32_t quote(struct net *n, const struct row *r, bool ipv6, uint8_t *to)
{
	struct usher_endpoint a = end_of(ipv6, r->side, 7), b = end_of(ipv6, !r->side, 7), server = end_of(ipv6, 1, 0);
	struct net_flow *f = r->quoted == FLOW || r->quoted == ERROR ? net_flow(n, "A") : NULL;
	uint32_t head = ipv6 ? 40 : 20, len = 0, seq;

	switch (r->quoted) {
	case FLOW:
		len = f->last_len[r->side] ? f->last_len[r->side] :
			net_tcp(f->last[r->side], &f->end[r->side], &f->end[!r->side], &(struct net_tcp){ .flags = NET_ACK });
		memcpy(to, f->last[r->side], len);
		break;
	case PING:
		a.key = b.key = 5;
		len = net_icmp(to, &a, &b, (uint8_t)(ipv6 ? 128 + r->side : 8 - 8 * r->side));
		break;
	case GRE0:
	case GRE1:
		len = net_gre(to, &a, &b, r->quoted == GRE1);
		break;
	case OTHER:
		len = net_other(to, &a, &b, 99);
		break;
	case ERROR:
		return net_icmp_error(to, &server, &f->end[0], f->last[0], f->last_len[0]);
	}
	if (r->seq) {
		seq = f->first[r->side] + (uint32_t)strtol(r->seq, NULL, 10);
		to[head + 4] = (uint8_t)(seq >> 24);
		to[head + 5] = (uint8_t)(seq >> 16);
		to[head + 6] = (uint8_t)(seq >> 8);
		to[head + 7] = (uint8_t)seq;
	}
	return len;
}

/* Make the error, and send it. */
static void send_error(struct net *n, const struct row *r, bool ipv6)
{
	uint8_t quoted[NET_PACKET], packet[NET_PACKET];
	uint32_t len = quote(n, r, ipv6, quoted), head = ipv6 ? 40 : 20;
	unsigned sender = r->quoted == ERROR ? 1 : r->side;
	struct usher_endpoint router = end_of(ipv6, 2, 0), to = end_of(ipv6, sender, 0);

	if (r->to != SENDER)
		to = end_of(ipv6, r->to == STRANGER ? 3 : !sender, 0);
	if (r->fragment != WHOLE) {
		len = make_fragment(quoted, len, r->fragment == LATER);
		head += ipv6 ? 8 : 0;
	}
	if (r->cut)
		len = r->cut == 255 ? 0 : head + r->cut;
	len = net_icmp_error(packet, &router, &to, quoted, len);
	if (r->type[ipv6]) {
		packet[ipv6 ? 40 : 20] = r->type[ipv6];
		packet[ipv6 ? 41 : 21] = ipv6 ? 0 : r->code;
	}
	n->zone = r->zone;
	net_send(n, packet, len);
}

static void watch(struct net *n, const struct usher_event *e)
{
	if (e->type == USHER_EVENT_INVALID)
		*(uint64_t *)n->watch_user = e->conn ? e->conn->id : 0;
}

static void check(struct net *n, const struct row *r, uint64_t named, uint64_t counted)
{
	struct usher_conn conn = { 0 };
	bool related = r->reason == USHER_REASON_NONE;

	if (n->last.reason != r->reason || n->last.state != (related ? USHER_RELATED : USHER_INVALID))
		fail_msg("%s: state %u, reason %s", r->name, n->last.state, usher_reason_name(n->last.reason));
	assert_int_equal(n->last.verdict, USHER_ACCEPT);
	assert_int_equal(usher_conn_get(n->w, n->last.conn, &conn), related);
	assert_int_equal(conn.id, related);
	assert_int_equal(n->last.flags, r->out_of_window ? USHER_PACKET_OUT_OF_WINDOW : 0);
	assert_int_equal(usher_counter_get(n->w, USHER_COUNTER_OUT_OF_WINDOW), r->out_of_window);
	assert_int_equal(usher_counter_get(n->w, USHER_COUNTER_INVALID), counted + !related);
	if (!related)
		assert_int_equal(usher_reason_count(n->w, (enum usher_reason)r->reason), 1);
	assert_int_equal(named, r->known);
	if (related || r->known) /* it goes the other way than what it quotes */
		assert_int_equal(n->last.direction, !r->side);
}

static void run(const struct row *r, bool ipv6)
{
	struct net_text before = { 0 }, after = { 0 };
	uint64_t named = 0, invalid;
	struct net n;

	net_open(&n, NULL);
	n.watch = watch;
	n.watch_user = &named;
	play(&n, r->script, ipv6);
	named = 0;
	invalid = usher_counter_get(n.w, USHER_COUNTER_INVALID);
	n.now += USHER_SECOND / 2; /* a refreshed deadline would show */
	net_list(&n, &before, true);
	send_error(&n, r, ipv6);
	net_list(&n, &after, true);
	check(&n, r, named, invalid);
	if (before.len || after.len)
		assert_string_equal(before.at, after.at);
	free(before.at);
	free(after.at);
	net_sound(&n);
	net_close(&n);
}

static void test_rows(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		run(&rows[i], false);
		run(&rows[i], true);
	}
}

/* Neighbour discovery, its redirect, and listeners: not tracked, whatever is in them. */
static void test_control(void **state)
{
	static const uint8_t types[] = { 130, 131, 132, 133, 134, 135, 136, 137, 141, 142, 143, 151, 152, 153 };
	struct usher_endpoint src = net_end("[fe80::1]"), dst = net_end("[ff02::1]");
	uint8_t packet[NET_PACKET];
	struct net n;
	unsigned i;

	(void)state;
	net_open(&n, NULL);
	for (i = 0; i < COUNT_OF(types); i++) {
		net_send(&n, packet, net_icmp(packet, &src, &dst, types[i]));
		assert_int_equal(n.last.state, USHER_UNTRACKED);
		assert_int_equal(n.last.reason, USHER_REASON_ICMP_CONTROL);
		assert_int_equal(n.last.verdict, USHER_ACCEPT);
	}
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_UNTRACKED), COUNT_OF(types));
	assert_int_equal(usher_reason_count(n.w, USHER_REASON_ICMP_CONTROL), COUNT_OF(types));
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_INVALID), 0);
	net_close(&n);
}

/* What is invalid may be dropped, what is related not. */
static void test_drop(void **state)
{
	struct usher_options options = { .flags = USHER_DROP_INVALID };
	const struct row *good = &rows[0], bad = { .script = UDP, .to = STRANGER };
	struct net n;

	(void)state;
	net_open(&n, &options);
	play(&n, UDP, false);
	send_error(&n, good, false);
	assert_int_equal(n.last.verdict, USHER_ACCEPT);
	send_error(&n, &bad, false);
	assert_int_equal(n.last.verdict, USHER_DROP);
	net_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_control), cmocka_unit_test(test_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
