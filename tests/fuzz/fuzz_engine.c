/*
 * Bytes as the life of a small tracker: dialogues of FTP and of a helper that does what it is told, in whatever segments,
 * order and state of their sequence numbers; other packets, rubbish, damage; the clock; deletions, flushes and switches in
 * between.
 *
 * After each packet everything that the tracker holds must fit together (tests/unit/net_check.c); counters must equal what
 * was told; and another tracker that is given the same packets in bursts must come to the same. At the end everything goes,
 * and nothing may be left in use.
 */
#include "tests/unit/net_fake.h"

#define FLOWS 8u
#define STEPS 300u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at, *end;
};

/* One packet that waits for its burst. */
struct waiting {
	uint8_t data[NET_PACKET];
	uint32_t len;
	uint16_t zone;
	usher_time time;
};

struct world {
	struct net one, burst;
	struct waiting waiting[USHER_BURST_MAX];
	uint32_t count, burst_size;
	uint8_t last[NET_PACKET];
	uint32_t last_len;
};

static const char *const dictionary[] = {
	"220 ready\r\n", "USER u\r\n", "331 pw\r\n", "PASS p\r\n", "230 in\r\n", "PORT 10,0,0,2,8,1\r\n", "PORT 10,0,0,2,8,2\r\n",
	"PORT 10,0,0,3,8,3\r\n", "PORT 10,0,0,2,0,22\r\n", "EPRT |1|10.0.0.2|2050|\r\n", "EPRT |2|fd00::2|2051|\r\n", "PASV\r\n",
	"227 Entering Passive Mode (10,0,0,9,8,4)\r\n", "EPSV\r\n", "229 Entering Extended Passive Mode (|||2053|)\r\n",
	"EPSV ALL\r\n",
	"200 ok\r\n", "500 no\r\n", "200-a\r\n", "NOOP\r\n", "ABOR\r\n", "AUTH TLS\r\n", "234 go on\r\n", "REIN\r\n",
	"POST / HTTP/1.1\r\n",
	"\xff\xf4\xff\xf2", "\r\n", "\n", " ", "PORT 10,0", ",0,2,8,1\r\n", "22", "7 x (10,0,0,9,8,4)\r\n", "\x16\x03\x01",
	"E 1 2049 u=0\r\n", "E 2 2050 h=fake\r\n", "E 3 2051 proto=17 ct=3,9 stays\r\n", "E 4 5 proto=47 both p=10.0.0.9:9 c=1\r\n",
	"E 5 6 proto=47 both p=10.0.0.9:9 c=1\r\n", "E 6 2052 any x=40 c=1\r\n", "W 1 children\r\n",
	"W 2 children;W 6 x=40 c=1\r\n", "R 3\r\n",
	"born W 1 children\r\n", "gone E 1 2049 u=0;W 3 children\r\n", "gone W 1 children;DD\r\n", "E 7 2049;F\r\n", "D\r\n",
	"DD\r\n",
	"N 1 odd\r\n", "E 8 2053 p=10.0.0.9:20;E 8 2054;E 9 2054\r\n", "E 1 2049 u=1 a=10.0.0.3\r\n",
	"E 1 70000;E 1 0;E 1 2049 code=2\r\n",
};

static void must(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
}

static unsigned take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/* ---- two trackers ---- */

static void give_burst(struct world *w)
{
	struct usher_packet packets[USHER_BURST_MAX];
	uint32_t i;

	memset(packets, 0, sizeof(packets));
	for (i = 0; i < w->count; i++)
		packets[i] = (struct usher_packet){ .data = w->waiting[i].data, .len = w->waiting[i].len,
						    .zone = w->waiting[i].zone,
						    .time = w->waiting[i].time, .frame = ++w->burst.frame };
	usher_process(w->burst.w, packets, w->count, 0);
	w->count = 0;
}

static void sound(struct net *n)
{
	const char *wrong = net_wrong(n->w);

	must(!wrong, wrong);
}

/* The packet goes to the one tracker at once (from an allocation of just its size), to the other with its burst. */
static void both(struct net *n, const uint8_t *data, uint32_t len)
{
	struct world *w = n->instead_user;
	struct waiting *waiting = &w->waiting[w->count++];
	uint8_t *alone = malloc(len ? len : 1);
	struct usher_packet packet = { .len = len, .zone = n->zone, .time = n->now, .frame = ++n->frame };

	must(alone && len <= NET_PACKET, "memory");
	memcpy(alone, data, len);
	packet.data = alone;
	usher_process(n->w, &packet, 1, 0);
	must(memcmp(alone, data, len) == 0, "the packet was changed");
	free(alone);
	must(packet.verdict <= USHER_DROP && packet.state <= USHER_UNTRACKED && packet.reason < USHER_REASON_COUNT, "verdict");
	memcpy(waiting->data, data, len);
	waiting->len = len;
	waiting->zone = n->zone;
	waiting->time = n->now;
	memcpy(w->last, data, len);
	w->last_len = len;
	sound(n);
	if (w->count == w->burst_size)
		give_burst(w);
}

static void check_counters(struct world *w)
{
	const struct net *n = &w->one;
	unsigned i;

	give_burst(w);
	sound(&w->burst);
	for (i = 0; i < USHER_COUNTER_COUNT; i++)
		must(usher_counter_get(n->w, (enum usher_counter)i) == usher_counter_get(w->burst.w, (enum usher_counter)i),
		     usher_counter_name((enum usher_counter)i));
	for (i = 0; i < USHER_EVENT_COUNT; i++)
		must(n->told[i] == w->burst.told[i], usher_event_name(i));
	must(usher_counter_get(n->w, USHER_COUNTER_CONNECTIONS) == n->told[USHER_EVENT_CONN_NEW], "conn_new");
	must(usher_counter_get(n->w, USHER_COUNTER_ENDED) == n->told[USHER_EVENT_CONN_DESTROY], "conn_destroy");
	must(usher_counter_get(n->w, USHER_COUNTER_EXPECT_HITS) == n->told[USHER_EVENT_EXPECT_HIT], "expect_hit");
	must(usher_counter_get(n->w, USHER_COUNTER_INVALID) == n->told[USHER_EVENT_INVALID], "invalid");
	must(usher_counter_get(n->w, USHER_COUNTER_EXPECT_REFUSED) == n->told_refused, "refused");
	must(usher_counter_get(n->w, USHER_COUNTER_EXPECTATIONS) == n->told[USHER_EVENT_EXPECT_NEW] - n->told_again, "expect_new");
	must(usher_counter_get(n->w, USHER_COUNTER_RELATED) == n->told_children, "related");
}

/* ---- steps ---- */

static struct net_flow *flow(struct net *n, unsigned number)
{
	char name[8];

	snprintf(name, sizeof(name), "F%u", number % FLOWS);
	return net_flow(n, name);
}

static void new_flow(struct net *n, struct input *in)
{
	static const char *const ends[][2] = {
		{ "10.0.0.2:4000", "10.0.0.9:21" }, { "10.0.0.2:4001", "10.0.0.9:99" }, { "[fd00::2]:4000", "[fd00::9]:21" },
		{ "10.0.0.3:4000", "10.0.0.9:21" }, { "10.0.0.9:20", "10.0.0.2:2049" }, { "10.0.0.9:21", "10.0.0.2:2050" },
		{ "10.0.0.2:5000", "10.0.0.9:2052" }, { "[fd00::9]:20", "[fd00::2]:2051" }, { "10.0.0.3:4001", "10.0.0.9:99" },
		{ "10.0.0.2:5001", "10.0.0.9:2053" }, { "10.0.0.2:4002", "10.0.0.9:80" }, { "10.0.0.9:20", "10.0.0.2:2050" },
	};
	unsigned number = take(in), which = take(in), seq = take(in);
	char name[8];
	struct net_flow *f;

	snprintf(name, sizeof(name), "F%u", number % FLOWS);
	f = net_flow_add(n, name, USHER_TCP, ends[which % COUNT_OF(ends)][0], ends[which % COUNT_OF(ends)][1]);
	f->first[0] = f->next[0] = seq * 0x01010101u;
	if (number & 0x80)
		net_handshake(n, f);
}

static void say(struct net *n, struct input *in)
{
	unsigned who = take(in), what = take(in), how = take(in), side = who >> 3 & 1;
	const char *text = dictionary[what % COUNT_OF(dictionary)];
	struct net_flow *f = flow(n, who);
	uint32_t len = (uint32_t)strlen(text), said, at;

	if (!f)
		return;
	said = f->next[side] - f->first[side];
	if (said + len > NET_HISTORY - 100)
		return;
	if ((how & 3) == 1) { /* not in order: what was said before, again */
		at = said ? how * 37 % said : 0;
		net_say_again(n, f, side, at, said - at > 700 ? 700 : said - at);
		return;
	}
	if ((how & 3) == 2) { /* a piece of it */
		len = 1 + (how >> 2) % len;
	} else if ((how & 3) == 3 && how & 4) { /* lost */
		memcpy(f->said[side] + said, text, len);
		f->next[side] += len;
		return;
	}
	net_say(n, f, side, text, len);
	if (who & 0x10)
		net_flag(n, f, !side, NET_ACK);
}

static void raise_flags(struct net *n, struct input *in)
{
	unsigned who = take(in), flags = take(in), shift = take(in), side = who >> 3 & 1;
	struct net_flow *f = flow(n, who);
	uint32_t next;

	if (!f)
		return;
	next = f->next[side];
	f->next[side] = next + shift - 128; /* for this packet only, but that a FIN counts */
	net_flag(n, f, side, (uint8_t)(flags & (63u - NET_SYN)));
	f->next[side] = next + (flags & NET_FIN ? 1 : 0);
	if (flags & NET_SYN)
		net_flag(n, f, side, (uint8_t)(flags & (NET_SYN | NET_ACK)));
	if (f->next[side] - f->first[side] > NET_HISTORY - 100)
		f->next[side] = next;
}

static void other_packet(struct net *n, struct input *in)
{
	static const char *const ends[] = { "10.0.0.2:5", "10.0.0.9:9", "10.0.0.2:6", "10.0.0.9:2051", "10.0.0.2:2051",
					    "10.0.0.9:98",
					    "[fd00::2]:5", "[fd00::9]:98", "[fd00::2]:2049" };
	unsigned kind = take(in), a = take(in) % COUNT_OF(ends), b = take(in) % COUNT_OF(ends);
	struct usher_endpoint src = net_end(ends[a]), dst = net_end(ends[b]);
	const char *text = dictionary[kind % COUNT_OF(dictionary)];
	uint8_t packet[NET_PACKET];
	struct world *w = n->instead_user;
	uint32_t len;

	if (src.family != dst.family)
		return;
	switch (kind & 7) {
	case 0:
	case 1:
		len = net_udp(packet, &src, &dst, text, (uint32_t)strlen(text));
		break;
	case 2:
		len = net_gre(packet, &src, &dst, 1);
		break;
	case 3:
		len = net_gre(packet, &src, &dst, 0);
		break;
	case 4:
		len = net_icmp(packet, &src, &dst, (uint8_t)(src.family == USHER_IPV6 ? 128 + (kind >> 3 & 1) : kind & 8));
		break;
	case 5:
		len = net_icmp_error(packet, &src, &dst, w->last, w->last_len);
		break;
	case 6:
		len = net_other(packet, &src, &dst, 99);
		break;
	default:
		len = net_udp(packet, &src, &dst, text, (uint32_t)strlen(text));
		if (src.family == USHER_IPV4)
			net_fragment(packet, (uint16_t)(kind >> 3), kind & 8);
		break;
	}
	net_send(n, packet, len);
}

/* Time passes, or somebody outside does something: to both trackers alike. */
static void outside(struct world *w, struct input *in)
{
	unsigned what = take(in), much = take(in), which = take(in);
	struct net *nets[2] = { &w->one, &w->burst };
	struct usher_conn conn;
	unsigned i;

	if ((what & 15) < 10) {
		w->one.now += (usher_time)much << (20 + (what & 15) * 2);
		return;
	}
	give_burst(w);
	for (i = 0; i < 2; i++) {
		struct net *n = nets[i];
		uint64_t position = which;

		n->now = w->one.now;
		switch (what & 15) {
		case 10:
			usher_tick(n->w, n->now, much);
			break;
		case 11:
			if (much == 0)
				usher_flush(n->w);
			break;
		case 12:
			if (usher_conn_next(n->w, &position, &conn))
				usher_conn_delete(n->w, conn.ref);
			break;
		case 13:
			if (usher_conn_next(n->w, &position, &conn))
				usher_conn_set_timeout(n->w, conn.ref, much);
			break;
		case 14:
			usher_set_flags(n->tracker, much, which);
			break;
		default:
			n->zone = (uint16_t)(which & 1);
			break;
		}
		sound(n);
	}
}

/* Rubbish, or the last packet with a byte changed, or cut. */
static void rubbish(struct world *w, struct input *in)
{
	unsigned kind = take(in), at = take(in), value = take(in);
	uint8_t packet[NET_PACKET];
	uint32_t len = w->last_len;

	memcpy(packet, w->last, len);
	if (kind & 1) {
		len = (uint32_t)(in->end - in->at) < at ? (uint32_t)(in->end - in->at) : at;
		memcpy(packet, in->at, len);
		in->at += len;
	} else if (kind & 2 && len) {
		len = at % len;
	} else if (len) {
		packet[at % len] ^= (uint8_t)value;
	}
	if (len)
		net_send(&w->one, packet, len);
}

static void step(struct world *w, struct input *in)
{
	switch (take(in) & 7) {
	case 0:
	case 1:
	case 2:
		say(&w->one, in);
		break;
	case 3:
		raise_flags(&w->one, in);
		break;
	case 4:
		new_flow(&w->one, in);
		break;
	case 5:
		other_packet(&w->one, in);
		break;
	case 6:
		outside(w, in);
		break;
	default:
		rubbish(w, in);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct usher_port_helper ports[] = { { "ftp", 0, 21 }, { "fake", 0, 99 }, { "dgram", 0, 98 } };
	static _Alignas(4096) uint8_t memory[2][2 << 20];
	static struct world w;
	struct input in = { data, data + size };
	struct usher_options options = { .connections = 24, .connections6 = 8, .helped = 6, .related = 6, .expectations = 8,
					 .stream_chunks = 6, .ports = ports, .port_count = COUNT_OF(ports), .nat_addresses = 1,
					 .mappings = 4, .emit_bytes = 4096 };
	unsigned i;

	memset(&w, 0, sizeof(w));
	options.flags = take(&in);
	w.burst_size = 2 + take(&in) % (USHER_BURST_MAX - 1);
	net_lend(memory[0], sizeof(memory[0]));
	net_open_fake(&w.burst, &options);
	net_lend(memory[1], sizeof(memory[1]));
	net_open_fake(&w.one, &options);
	must(w.one.lent && w.burst.lent, "memory");
	w.one.quiet = w.burst.quiet = true;
	w.one.instead = both;
	w.one.instead_user = &w;
	for (i = 0; i < STEPS && in.at < in.end; i++)
		step(&w, &in);
	check_counters(&w);
	w.one.instead = NULL;
	net_close(&w.one);
	net_close(&w.burst);
	return 0;
}
