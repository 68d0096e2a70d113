/*
 * ICMP errors through NAT: about packets of TCP (with a helper that has edited the stream, and without), UDP, GRE, and
 * ICMP queries that went through it, both ways, in IPv4 and IPv6.
 *
 *	byte 0		switches: checksums are verified, the ends acknowledge, keys are others than the ends' own
 *	then errors	of 8 bytes: the packet quoted, how much of it, who writes, type and code, and what is wrong with it
 *
 * Held to be true: an error that passes goes to whom sent the packet that it quotes, and quotes what he sent, as much
 * of it as before, addresses, keys and sequence number as he knows them; its checksums are as right or as wrong as they
 * were; no inside address goes outside, but in messages between neighbours; an error that nothing is wrong with passes;
 * no error changes a connection.
 */
#include "tests/unit/net.h"

#include "tests/support/naive_tcp.h"
#include "tests/unit/pptp_peer.h"

#define PAIRS 96u
#define CONNS 24u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at, *end;
};

struct pair { /* a packet as it was sent, and as it left */
	uint8_t sent[WIRE_MAX], left[WIRE_MAX];
	uint32_t sent_len, left_len;
	bool edited; /* it is of a stream with edits: its bytes and acknowledgements need not be the same */
	const struct naive *fresh; /* TCP: whose it is, while nobody has acknowledged it */
};

struct error {
	const struct pair *about;
	uint8_t data[WIRE_MAX + 64];
	uint32_t len, quoted;  /* of it, of the quote */
	bool damaged, wrong_sum, misdirected, is_error;
};

static struct world {
	struct net n;
	struct pair pair[PAIRS];
	uint32_t pairs;
	bool recording, acknowledging, verifying;
	struct naive end[3][2]; /* FTP from inside, PPTP from inside, TCP to the server inside: client, server */
} world;

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

static bool is_ipv6(const uint8_t *ip)
{
	return ip[0] >> 4 == 6;
}

static const uint8_t *source(const uint8_t *ip)
{
	return ip + (is_ipv6(ip) ? 8 : 12);
}

static uint32_t size_of(const uint8_t *ip)
{
	return is_ipv6(ip) ? 16 : 4;
}

static const uint8_t *destination(const uint8_t *ip)
{
	return source(ip) + size_of(ip);
}

static uint32_t head_of(const uint8_t *ip)
{
	return is_ipv6(ip) ? 40 : 20;
}

static uint8_t protocol_of(const uint8_t *ip)
{
	return ip[is_ipv6(ip) ? 6 : 9];
}

static bool is_inside(const uint8_t *ip, const uint8_t *address)
{
	return address[0] == (is_ipv6(ip) ? 0xfd : 10);
}

static uint32_t sum16(const uint8_t *p, uint32_t len, uint32_t sum)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The sum of an ICMP message with all that belongs to it: 0xffff is right. */
static uint32_t icmp_sum(const uint8_t *ip, uint32_t len)
{
	uint32_t head = head_of(ip), sum = 0;

	if (is_ipv6(ip))
		sum = sum16(ip + 8, 32, len - head + USHER_ICMPV6);
	return sum16(ip + head, len - head, sum);
}

/* ---- packets on their way ---- */

static void policy(void *user, const struct usher_new *new, struct usher_decision *decision)
{
	static const char *const public[2] = { "203.0.113.1", "2001:db8::1" };
	const struct usher_endpoint *dst = &new->orig.dst;
	bool ipv6 = dst->family == USHER_IPV6, inside = new->orig.src.address[0] == (ipv6 ? 0xfd : 10);
	struct usher_endpoint to = endpoint_of(public[ipv6], 80), server = endpoint_of("10.0.0.5", 8080);
	bool forwarded = new->orig.protocol == USHER_TCP && same_endpoint(dst, &to);

	(void)user;
	if (inside) {
		decision->source.family = to.family;
		memcpy(decision->source.first, to.address, 16);
	} else if (forwarded) {
		decision->destination.family = server.family;
		decision->destination.key_first = decision->destination.key_last = (uint16_t)server.key;
		memcpy(decision->destination.first, server.address, 16);
	}
	if (new->orig.protocol == USHER_TCP)
		decision->helper = dst->key == 21 ? "ftp" : dst->key == 1723 ? "pptp" : NULL;
	decision->drop = !inside && !forwarded;
}

/* What is sent leaves, and both are kept to be quoted. Returns what left. */
static const struct pair *carry(struct world *w, const uint8_t *data, uint32_t len)
{
	struct pair *p = &w->pair[w->pairs];
	struct usher_packet packet = { .data = p->left, .len = len, .tailroom = 64 }, out;
	struct wire wire;

	memcpy(p->sent, data, len);
	memcpy(p->left, data, len);
	p->sent_len = len;
	usher_process(w->n.w, &packet, 1, w->n.now);
	must(packet.verdict == USHER_ACCEPT && !usher_emit(w->n.w, &out), "a packet does not pass");
	p->left_len = packet.len;
	must((protocol_of(data) != USHER_TCP && protocol_of(data) != USHER_UDP) || !wire_read(p->left, p->left_len, &wire),
	     "a packet leaves wrong");
	if (w->recording && w->pairs < PAIRS - 1)
		w->pairs++;
	return p;
}

static void segment(struct world *w, struct naive *from, struct naive *to, uint32_t at, bool edited)
{
	uint8_t packet[WIRE_MAX];
	const struct pair *p = carry(w, packet, naive_segment(from, packet, at, 1400, PSH));
	struct wire wire;
	uint32_t i;

	if (w->recording) {
		w->pair[w->pairs - 1].edited = edited;
		w->pair[w->pairs - 1].fresh = from->said_len > at ? from : NULL;
	}
	for (i = 0; i < w->pairs; i++)
		if (w->pair[i].fresh == to)
			w->pair[i].fresh = NULL;
	must(!wire_read(p->left, p->left_len, &wire), "a segment leaves wrong");
	must(!naive_receive(to, &wire), "a segment is not understood");
}

/* `text` is said, arrives, and is acknowledged. */
static void talk(struct world *w, struct naive end[2], unsigned side, const void *text, uint32_t len, bool edited)
{
	struct naive *n = &end[side];

	memcpy(n->said + n->said_len, text, len);
	n->said_len += len;
	segment(w, n, &end[!side], n->sent, edited);
	if (!w->recording || w->acknowledging)
		segment(w, &end[!side], n, end[!side].sent, edited);
}

static void connect_ends(struct world *w, struct naive end[2], const char *client, const char *server, const char *dialled)
{
	uint8_t packet[WIRE_MAX];
	struct wire wire;

	end[0].own = net_end(client);
	end[1].own = net_end(server);
	end[0].peer = net_end(dialled);
	end[0].iss = end[1].irs = 1000;
	end[1].iss = end[0].irs = 0xfffffff0u;
	end[0].window = end[1].window = 60000;
	must(!wire_read(packet, naive_syn(&end[0], packet, SYN), &wire), "a SYN");
	{
		const struct pair *p = carry(w, packet, naive_syn(&end[0], packet, SYN));

		must(!wire_read(p->left, p->left_len, &wire), "a SYN leaves wrong");
	}
	end[1].peer = wire.src;
	(void)carry(w, packet, naive_syn(&end[1], packet, SYN | ACK));
	segment(w, &end[0], &end[1], 0, false);
}

static void say_line(struct world *w, struct naive end[2], unsigned side, const char *line)
{
	talk(w, end, side, line, (uint32_t)strlen(line), true);
}

static void ftp(struct world *w, struct naive end[2])
{
	connect_ends(w, end, "10.0.0.2:4000", "198.51.100.2:21", "198.51.100.2:21");
	say_line(w, end, 1, "220 hi\r\n");
	say_line(w, end, 0, "USER u\r\n");
	say_line(w, end, 1, "230 in\r\n");
	say_line(w, end, 0, "PORT 10,0,0,2,8,1\r\n");
	say_line(w, end, 1, "200 ok\r\n");
	w->recording = true;
	say_line(w, end, 0, "PORT 10,0,0,2,8,2\r\n");
	say_line(w, end, 1, "200 ok\r\n");
	say_line(w, end, 0, "NOOP\r\n");
}

static void pptp_message(struct world *w, struct naive end[2], unsigned side, const char *text)
{
	uint8_t bytes[PEER_BYTES];

	talk(w, end, side, bytes, peer_bytes(bytes, text), true);
}

/* A call, and its packets. Its ids: the client's 1, the server's 100. */
static void pptp(struct world *w, struct naive end[2])
{
	struct usher_endpoint client, server;
	uint8_t packet[WIRE_MAX];
	char reply[32];
	const uint8_t *asked;

	connect_ends(w, end, "10.0.0.2:4001", "198.51.100.2:1723", "198.51.100.2:1723");
	pptp_message(w, end, 0, "SCCRQ");
	pptp_message(w, end, 1, "SCCRP");
	pptp_message(w, end, 0, "OCRQ 1");
	asked = end[1].heard + end[1].rcv - 168 + 12;
	snprintf(reply, sizeof(reply), "OCRP 100 %u", (unsigned)asked[0] << 8 | asked[1]);
	client = end[1].peer;
	client.key = (uint32_t)asked[0] << 8 | asked[1];
	pptp_message(w, end, 1, reply);
	server = end[1].own;
	server.key = 100;
	w->recording = true;
	(void)carry(w, packet, net_gre(packet, &end[1].own, &client, 1));
	(void)carry(w, packet, net_gre(packet, &end[0].own, &server, 1));
}

/* Everything that may be quoted. */
static void prepare(struct world *w)
{
	static const char *const flows[][2] = { { "10.0.0.2:5000", "198.51.100.2:53" }, { "[fd00::2]:5000", "[2001:db8:9::2]:53" } };
	uint8_t packet[WIRE_MAX];
	struct wire wire;
	unsigned i;

	ftp(w, w->end[0]);
	w->recording = false;
	pptp(w, w->end[1]);
	w->recording = false;
	connect_ends(w, w->end[2], "198.51.100.7:4002", "10.0.0.5:8080", "203.0.113.1:80");
	w->recording = true;
	talk(w, w->end[2], 0, "GET /", 5, false);
	talk(w, w->end[2], 1, "HTTP/1.1 200", 12, false);
	for (i = 0; i < COUNT_OF(flows); i++) {
		struct usher_endpoint a = net_end(flows[i][0]), b = net_end(flows[i][1]);
		const struct pair *p = carry(w, packet, net_udp(packet, &a, &b, "question", 8));

		must(!wire_read(p->left, p->left_len, &wire), "UDP leaves wrong");
		(void)carry(w, packet, net_udp(packet, &b, &wire.src, "answer", 6));
		p = carry(w, packet, net_icmp(packet, &a, &b, i ? 128 : 8));
		wire.src.key = (uint32_t)p->left[head_of(p->left) + 4] << 8 | p->left[head_of(p->left) + 5];
		b.key = wire.src.key;
		(void)carry(w, packet, net_icmp(packet, &b, &wire.src, i ? 129 : 0));
	}
	{
		struct usher_endpoint a = net_end("10.0.0.2:9"), b = net_end("198.51.100.2:9"), c = net_end("203.0.113.1:9");

		(void)carry(w, packet, net_gre(packet, &a, &b, 0));
		(void)carry(w, packet, net_gre(packet, &b, &c, 0));
	}
}

/* ---- errors ---- */

static void close_ip(uint8_t *ip, uint32_t len, uint8_t protocol)
{
	uint32_t sum;

	memset(ip, 0, head_of(ip));
	ip[0] = protocol == USHER_ICMPV6 ? 0x60 : 0x45;
	if (protocol == USHER_ICMPV6) {
		ip[4] = (uint8_t)((len - 40) >> 8);
		ip[5] = (uint8_t)(len - 40);
		ip[6] = protocol;
		ip[7] = 60;
		return;
	}
	ip[2] = (uint8_t)(len >> 8);
	ip[3] = (uint8_t)len;
	ip[8] = 60;
	ip[9] = protocol;
	sum = 0xffff & ~sum16(ip, 20, 0);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

static void set_addresses(uint8_t *ip, const uint8_t *src, const uint8_t *dst)
{
	uint32_t size = size_of(ip), sum;

	memcpy(ip + (is_ipv6(ip) ? 8 : 12), src, size);
	memcpy(ip + (is_ipv6(ip) ? 8 : 12) + size, dst, size);
	if (is_ipv6(ip))
		return;
	ip[10] = ip[11] = 0;
	sum = 0xffff & ~sum16(ip, 20, 0);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

/* Who writes: a router outside or inside, the quoted packet's destination, or the attacker. */
static struct usher_endpoint writer(const struct pair *p, unsigned who)
{
	static const char *const names[2][3] = { { "192.0.2.9", "10.0.0.250", "198.51.100.66" },
						 { "2001:db8:5::9", "fd00::250", "2001:db8:9::66" } };
	struct usher_endpoint e = { .family = is_ipv6(p->left) ? USHER_IPV6 : USHER_IPV4 };
	bool inwards = is_inside(p->left, destination(p->left));

	if ((who & 3) == 2)
		return endpoint_of(names[is_ipv6(p->left)][2], 0);
	if ((who & 3) == 1) {
		memcpy(e.address, destination(p->left), size_of(p->left));
		return e;
	}
	return endpoint_of(names[is_ipv6(p->left)][inwards], 0);
}

static void choose_type(uint8_t *icmp, bool ipv6, unsigned type, unsigned code)
{
	static const uint8_t types[2][4] = { { 3, 11, 12, 4 }, { 1, 2, 3, 4 } };

	icmp[0] = types[ipv6][type & 3];
	icmp[1] = (uint8_t)(code & 15);
	if (type & 4) { /* a MTU, in both places where one is told */
		icmp[6] = icmp[4] = 2;
		icmp[7] = icmp[5] = (uint8_t)type;
	}
	if ((type & 0xf0) == 0xf0)
		icmp[0] = (uint8_t)code; /* any type */
}

static bool is_error_type(const uint8_t *icmp, bool ipv6)
{
	return ipv6 ? icmp[0] >= 1 && icmp[0] <= 4 : icmp[0] == 3 || icmp[0] == 4 || icmp[0] == 11 || icmp[0] == 12;
}

static void make_error(struct world *w, struct input *in, struct error *e)
{
	unsigned which = take(in), much = take(in), who = take(in), type = take(in), code = take(in), wrong = take(in), at = take(in),
		 value = take(in);
	const struct pair *p = &w->pair[which % w->pairs];
	bool ipv6 = is_ipv6(p->left);
	uint8_t *icmp, protocol = ipv6 ? USHER_ICMPV6 : USHER_ICMP, other[16] = { 10, 0, 0, 77 };
	struct usher_endpoint from = writer(p, who);
	uint32_t sum, head = ipv6 ? 40 : 20;

	memset(e, 0, sizeof(*e));
	e->about = p;
	e->quoted = much < 64 ? head + much : p->left_len;
	if (e->quoted > p->left_len)
		e->quoted = p->left_len;
	if ((wrong & 0x30) == 0x30)
		e->quoted = much % (e->quoted + 1); /* cut in the quoted header */
	e->len = head + 8 + e->quoted;
	e->data[0] = ipv6 ? 0x60 : 0x45;
	close_ip(e->data, e->len, protocol);
	e->misdirected = (wrong & 3) == 1;
	set_addresses(e->data, from.address, e->misdirected ? other : source(p->left));
	icmp = e->data + head;
	choose_type(icmp, ipv6, type, code);
	memcpy(icmp + 8, p->left, e->quoted);
	e->damaged = (wrong & 0x0c) == 0x0c && e->quoted;
	if (e->damaged)
		icmp[8 + at % e->quoted] ^= (uint8_t)(value | 1);
	icmp[2] = icmp[3] = 0;
	sum = 0xffff & ~icmp_sum(e->data, e->len);
	e->wrong_sum = (wrong & 0xc0) == 0xc0;
	if (e->wrong_sum)
		sum ^= 0x0101;
	icmp[2] = (uint8_t)(sum >> 8);
	icmp[3] = (uint8_t)sum;
	e->is_error = is_error_type(icmp, ipv6);
}

/* ---- what comes of them ---- */

/* What an error may quote otherwise than its sender has written it: time to live, identification, checksums of the IP header. */
static bool may_differ(const uint8_t *ip, uint32_t at)
{
	return is_ipv6(ip) ? at == 7 : at == 4 || at == 5 || at == 8 || at == 10 || at == 11;
}

/* Half of a checksum is there: it cannot follow. */
static bool is_half(const struct error *e)
{
	static const uint8_t at[] = { [USHER_ICMP] = 2, [USHER_TCP] = 16, [USHER_UDP] = 6, [USHER_GRE] = 0, [USHER_ICMPV6] = 2 };

	return e->quoted == head_of(e->about->sent) + at[protocol_of(e->about->sent)] + 1;
}

/* The quote is of the packet that was sent. */
static void check_quote(const struct error *e, const uint8_t *quote)
{
	const struct pair *p = e->about;
	uint32_t head = head_of(p->sent), same = e->quoted, i;

	if (p->edited && same > head + 8)
		same = head + 8; /* ports and sequence number */
	if (is_half(e))
		same = same < e->quoted ? same : e->quoted - 1;
	for (i = 0; i < same; i++) {
		if (i < head && (may_differ(p->sent, i) || (p->edited && (i == 2 || i == 3 || (is_ipv6(p->sent) && (i == 4 || i == 5))))))
			continue;
		must(quote[i] == p->sent[i], "the quote is not what was sent");
	}
	must(is_ipv6(p->sent) || e->quoted < 20 || sum16(quote, 20, 0) == 0xffff, "the quote's IP checksum");
}

/* Messages that no router forwards: NAT leaves them alone. */
static bool is_between_neighbours(const uint8_t *icmp, bool ipv6)
{
	return ipv6 && ((icmp[0] >= 130 && icmp[0] <= 137) || (icmp[0] >= 141 && icmp[0] <= 143) || (icmp[0] >= 151 && icmp[0] <= 153));
}

static void check_passed(const struct error *e, const uint8_t *left, uint32_t len)
{
	uint32_t head = head_of(left), size = size_of(left);
	const uint8_t *quote = left + head + 8;

	must(len == e->len, "an error has another length");
	must(is_ipv6(left) || sum16(left, 20, 0) == 0xffff, "the error's IP checksum");
	must((icmp_sum(left, len) == 0xffff) == !e->wrong_sum, "the error's checksum");
	must(memcmp(left + head, e->data + head, 2) == 0, "the error's type");
	if (!is_inside(left, destination(left)) && !is_between_neighbours(left + head, is_ipv6(left)))
		must(!is_inside(left, source(left)), "an inside address goes outside");
	if (!e->is_error)
		return;
	must(memcmp(left + head + 4, e->data + head + 4, 4) == 0, "the error's unused bytes");
	must(e->quoted >= head && memcmp(destination(left), quote + (is_ipv6(left) ? 8 : 12), size) == 0,
	     "an error comes to another than the quoted sender");
	if (!e->damaged) {
		must(!e->misdirected, "a misdirected error passes");
		must(memcmp(destination(left), source(e->about->sent), size) == 0, "an error comes to another than the sender");
		check_quote(e, quote);
	}
}

static uint32_t remember(struct world *w, struct usher_conn *conn)
{
	uint64_t position = 0;
	uint32_t n = 0;

	memset(conn, 0, CONNS * sizeof(*conn));
	while (n < CONNS && usher_conn_next(w->n.w, &position, &conn[n]))
		n++;
	return n;
}

/* Nothing is wrong with it, and nobody has acknowledged what it quotes. Of a call's GRE the sender cannot be told. */
static bool must_pass(const struct error *e)
{
	const uint8_t *quoted = e->about->left;
	uint8_t protocol = protocol_of(quoted);

	if (!e->is_error || e->damaged || e->wrong_sum || e->misdirected || e->quoted < head_of(quoted) + 8)
		return false;
	return protocol == USHER_TCP ? e->about->fresh != NULL : protocol != USHER_GRE || (quoted[head_of(quoted) + 1] & 7) == 0;
}

static void send_error(struct world *w, struct error *e)
{
	static struct usher_conn before[CONNS], after[CONNS];
	uint8_t *alone = malloc(e->len);
	struct usher_packet p = { .data = alone, .len = e->len }, out;
	uint32_t count = remember(w, before);

	must(alone != NULL, "memory");
	memcpy(alone, e->data, e->len);
	usher_process(w->n.w, &p, 1, w->n.now);
	must(p.verdict == USHER_ACCEPT || p.verdict == USHER_DROP, "verdict");
	must(p.len == e->len && p.data == alone, "the error was moved");
	if (p.verdict == USHER_ACCEPT)
		check_passed(e, alone, p.len);
	else
		must(!must_pass(e), "a good error is dropped");
	must(!w->verifying || !e->wrong_sum || p.verdict == USHER_DROP, "a damaged error passes");
	free(alone);
	while (usher_emit(w->n.w, &out))
		must(out.len > 0, "what is emitted");
	must(!e->is_error || (remember(w, after) == count && memcmp(before, after, sizeof(before)) == 0), "an error changes a connection");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(4096) uint8_t memory[3 << 20];
	struct world *w = &world;
	struct input in = { data, data + size };
	unsigned switches = take(&in), i;
	struct usher_options options = {
		.connections = 16, .connections6 = 16, .helped = 4, .related = 8, .expectations = 8, .nat_addresses = 2, .mappings = 16,
		.stream_chunks = 64, .emit_bytes = 1 << 14, .policy = policy, .policy_user = w,
		.flags = USHER_LIVE | USHER_DROP_INVALID | (switches & 1 ? USHER_VERIFY_CHECKSUMS : 0),
		.nat_first = switches & 4 ? 40000 : 0, .nat_last = switches & 4 ? 40999 : 0,
	};
	const char *wrong;
	static struct error error;

	memset(w, 0, sizeof(*w));
	w->verifying = switches & 1;
	w->acknowledging = switches & 2;
	net_lend(memory, sizeof(memory));
	net_open(&w->n, &options);
	must(w->n.lent, "memory");
	w->n.quiet = true;
	prepare(w);
	for (i = 0; i < 64 && in.at < in.end; i++) {
		make_error(w, &in, &error);
		send_error(w, &error);
	}
	wrong = net_wrong(w->n.w);
	must(!wrong, wrong);
	usher_end(w->n.w);
	must(net_used(w->n.w) == 0, "something is left");
	net_close(&w->n);
	return 0;
}
