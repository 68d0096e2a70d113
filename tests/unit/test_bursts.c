/*
 * The law of bursts: the result is the same for every division of the packets into bursts.
 *
 * A tape of a few thousand packets of mixed traffic (FTP sessions with their data connections, other TCP, UDP, calls
 * announced by a helper, pings, ICMP errors, fragments, rubbish; cut, repeated, swapped, lost, damaged; the clock in all
 * its moods) is played to small trackers in bursts of 1, 2, 7, 64, of changing sizes, and more at a time than a burst is.
 * All that is told, every field that packets get, all that is there at the end, and every counter must be the same text.
 */
#include "net_fake.h"

#define TAPE_PACKETS 5000u
#define SESSIONS 12u

struct taped {
	uint32_t at, len, wire_len;
	uint16_t zone;
	usher_time time;
};

struct tape {
	struct taped packet[TAPE_PACKETS];
	uint32_t count, used;
	uint8_t bytes[TAPE_PACKETS * 600];
	uint64_t seed;
	usher_time now;
};

static struct tape tape;

/* ---- making a tape ---- */

static uint32_t chance(uint32_t limit)
{
	return net_random(&tape.seed, limit);
}

static void pass_time(void)
{
	uint32_t mood = chance(1000);

	if (mood < 500)
		tape.now += chance(20000000);
	else if (mood < 600)
		tape.now += USHER_SECOND * chance(3);
	else if (mood < 610)
		tape.now += USHER_SECOND * chance(200);
	else if (mood < 612)
		tape.now += USHER_SECOND * chance(1000000);
	else if (mood < 620 && tape.now > NET_START + 100 * USHER_SECOND)
		tape.now -= USHER_SECOND * chance(100);
}

static void swap_last(void)
{
	struct taped last = tape.packet[tape.count - 1], *before = &tape.packet[tape.count - 2];

	tape.packet[tape.count - 1] = *before;
	*before = last;
}

/* What net_send would send goes on the tape, or what is left of it. */
static void put(struct net *n, const uint8_t *data, uint32_t len)
{
	struct taped *p = &tape.packet[tape.count];
	uint32_t fate = chance(1000);

	if (tape.count == TAPE_PACKETS || tape.used + len > sizeof(tape.bytes) || fate < 20) /* lost */
		return;
	pass_time();
	*p = (struct taped){ .at = tape.used, .len = len, .wire_len = len, .zone = n->zone, .time = tape.now };
	memcpy(tape.bytes + tape.used, data, len);
	tape.used += len;
	tape.count++;
	if (fate < 30) /* damaged */
		tape.bytes[p->at + chance(len)] ^= (uint8_t)(1u << chance(8));
	else if (fate < 40) /* cut by the snap length */
		p->len = chance(len);
	else if (fate < 60 && tape.count > 1)
		swap_last();
	else if (fate < 80) /* comes twice */
		put(n, data, len);
}

/* Text of one side in pieces, the other acknowledges some of them. */
static void tell(struct net *n, struct net_flow *f, unsigned side, const char *text)
{
	uint32_t len = (uint32_t)strlen(text), piece;

	if (f->next[side] - f->first[side] + len > NET_HISTORY - 600)
		return;
	for (; len; text += piece, len -= piece) {
		piece = chance(3) ? len : 1 + chance(len);
		net_say(n, f, side, text, piece);
		if (chance(2))
			net_flag(n, f, !side, NET_ACK);
	}
	if (chance(20) == 0)
		net_say_again(n, f, side, 0, f->next[side] - f->first[side] > 500 ? 500 : f->next[side] - f->first[side]);
}

/* A data connection, from whoever connects to whoever listens. */
static void transfer(struct net *n, const struct usher_endpoint *from, struct usher_endpoint to, uint32_t port)
{
	struct net_flow *f = net_flow_add(n, "data", USHER_TCP, "10.0.0.1:1", "10.0.0.1:1");

	f->end[0] = *from;
	f->end[0].key = 1024 + chance(60000);
	to.key = port;
	f->end[1] = to;
	net_handshake(n, f);
	tell(n, f, chance(2), "some bytes of a file\r\n");
	if (chance(3))
		net_flag(n, f, chance(2), NET_FIN | NET_ACK);
	if (chance(6) == 0)
		net_flag(n, f, chance(2), NET_RST | NET_ACK);
}

static void address_in_port_style(char *to, size_t size, const struct usher_endpoint *e, uint32_t port)
{
	snprintf(to, size, "%u,%u,%u,%u,%u,%u", e->address[0], e->address[1], e->address[2], e->address[3], port >> 8, port & 255);
}

static void ftp_active(struct net *n, struct net_flow *f)
{
	uint32_t port = 1000 + chance(60000);
	char numbers[64], line[128], at[80];

	if (f->end[0].family == USHER_IPV6) {
		net_end_text(&f->end[0], at);
		at[strcspn(at, "]")] = '\0';
		snprintf(line, sizeof(line), "EPRT |2|%s|%u|\r\n", at + 1, port);
	} else {
		address_in_port_style(numbers, sizeof(numbers), &f->end[chance(30) == 0], port);
		snprintf(line, sizeof(line), "PORT %s\r\n", numbers);
	}
	tell(n, f, 0, line);
	tell(n, f, 1, chance(9) ? "200 PORT command successful.\r\n" : "500 no.\r\n");
	if (chance(4))
		transfer(n, &f->end[1], f->end[0], port);
}

static void ftp_passive(struct net *n, struct net_flow *f)
{
	uint32_t port = 1000 + chance(60000);
	char numbers[64], line[128];

	if (chance(2) && f->end[0].family == USHER_IPV4) {
		tell(n, f, 0, "PASV\r\n");
		address_in_port_style(numbers, sizeof(numbers), &f->end[1], port);
		snprintf(line, sizeof(line), "227 Entering Passive Mode (%s).\r\n", numbers);
	} else {
		tell(n, f, 0, chance(20) ? "EPSV\r\n" : "epsv all\r\n");
		snprintf(line, sizeof(line), "229 Entering Extended Passive Mode (|||%u|)\r\n", port);
	}
	tell(n, f, 1, line);
	if (chance(4))
		transfer(n, &f->end[0], f->end[1], port);
}

/* One step of a session of FTP, or of the helper that does what it is told. */
static void control_step(struct net *n, struct net_flow *f)
{
	static const char *const told[] = {
		"E 1 2000 u=0;E 2 2001\r\n", "E 3 2002 h=fake any\r\n", "W 1 children\r\n", "R 2\r\n",
		"E 1 5 proto=47 both p=10.0.0.9:9\r\n",
		"E 2 6 proto=47 both p=10.0.0.9:8\r\n", "N 1 note\r\n", "E 4 22;F\r\n", "E 5 2005 proto=17 ct=3,9 stays\r\n",
		"gone E 7 2007\r\n",
		"born W 2 children\r\n", "D\r\n", "DD\r\n",
	};

	if (f->end[1].key == 99)
		tell(n, f, chance(2), told[chance(chance(10) ? COUNT_OF(told) - 2 : COUNT_OF(told))]);
	else if (chance(3) == 0)
		ftp_active(n, f);
	else if (chance(2))
		ftp_passive(n, f);
	else
		tell(n, f, chance(2),
		     chance(8) ? "NOOP\r\n" : chance(2) ? "200-multi\r\n 200 x\r\n200 end\r\n" : "POST / HTTP/1.1\r\n");
}

static void begin_session(struct net *n, const char *name)
{
	static const char *const servers[] = { "10.0.0.9:21", "10.0.0.9:99", "[fd00::9]:21", "10.0.0.8:21", "10.0.0.9:80" };
	const char *server = servers[chance(COUNT_OF(servers))];
	char client[32];
	struct net_flow *f;

	snprintf(client, sizeof(client), "%s%u%s:%u", server[0] == '[' ? "[fd00::" : "10.0.0.", 2 + chance(3),
		 server[0] == '[' ? "]" : "", 4000 + chance(40));
	n->zone = chance(5) == 0;
	f = net_flow_add(n, name, USHER_TCP, client, server);
	f->first[0] = f->next[0] = chance(0xffffffff);
	if (chance(8))
		net_handshake(n, f); /* else picked up */
	tell(n, f, 1, "220 ready\r\n");
	tell(n, f, 0, "USER anonymous\r\n");
	tell(n, f, 1, "230 in\r\n");
}

static void strangers(struct net *n)
{
	static const char *const lines[] = {
		"syn 10.0.0.9:20 10.0.0.2:2000", "syn 10.0.0.9:20 10.0.0.2:2001", "syn 10.0.0.9:20 10.0.0.3:2002",
		"udp 10.0.0.9:1 10.0.0.2:2005",
		"udp 10.0.0.2:2005 10.0.0.9:1", "gre 10.0.0.9:0 10.0.0.2:5", "gre 10.0.0.2:0 10.0.0.9:9",
		"gre 10.0.0.3:0 10.0.0.9:8",
		"gre 10.0.0.9:0 10.0.0.3:6", "gre0 10.0.0.2:0 10.0.0.9:7", "ping 10.0.0.2:5 10.0.0.9:5",
		"pong 10.0.0.9:5 10.0.0.2:5",
		"ping [fd00::2]:5 [fd00::9]:5", "udp 10.0.0.2:5000 10.0.0.9:98 E 1 3000 proto=17", "udp 10.0.0.9:7 10.0.0.2:3000 x",
		"other 10.0.0.2:0 10.0.0.9:0", "error 10.0.0.1 S0>", "error 10.0.0.2 S1<", "error [fd00::1] S2>", "fragment S0>",
	};
	char line[80];
	const struct net_flow *f;
	unsigned which = chance(COUNT_OF(lines));

	n->zone = chance(8) == 0;
	if (chance(3) == 0) {
		snprintf(line, sizeof(line), "%s 10.%u.0.%u:%u 10.0.0.9:53 x", chance(2) ? "udp" : "syn", chance(3), 2 + chance(5),
			 4000 + chance(30));
		net_run(n, line);
	} else if (strchr(lines[which], 'S')) { /* an error about a session's packet, of its family */
		char name[3] = { 'S', lines[which][strlen(lines[which]) - 2], '\0' };

		f = net_flow(n, name);
		if (f && f->last_len[lines[which][strlen(lines[which]) - 1] == '<'] &&
		    (f->end[0].family == USHER_IPV6) == (strchr(lines[which], '[') != NULL))
			net_run(n, lines[which]);
	} else {
		net_run(n, lines[which]);
	}
}

static void rubbish(struct net *n)
{
	uint8_t bytes[100];
	uint32_t i, len = chance(sizeof(bytes));

	for (i = 0; i < len; i++)
		bytes[i] = (uint8_t)chance(256);
	if (len > 1 && chance(2))
		bytes[0] = chance(2) ? 0x45 : 0x60;
	if (len)
		put(n, bytes, len);
}

static void make_tape(uint64_t seed)
{
	static struct net n; /* sends nothing: it only knows the flows */
	uint32_t before = 0, idle = 0;

	memset(&n, 0, sizeof(n));
	memset(&tape, 0, sizeof(tape));
	tape.seed = seed;
	tape.now = NET_START;
	net_open(&n, NULL);
	n.instead = put;
	while (tape.count < TAPE_PACKETS && tape.used < sizeof(tape.bytes) - 2000 && idle < 1000) {
		char name[8];
		struct net_flow *f;

		snprintf(name, sizeof(name), "S%u", chance(SESSIONS));
		f = net_flow(&n, name);
		if (chance(4) == 0)
			strangers(&n);
		else if (chance(30) == 0)
			rubbish(&n);
		else if (!f || chance(40) == 0)
			begin_session(&n, name);
		else if (chance(60) == 0)
			net_flag(&n, f, chance(2), chance(2) ? NET_RST | NET_ACK : NET_FIN | NET_ACK);
		else
			control_step(&n, f);
		idle = tape.count == before ? idle + 1 : 0;
		before = tape.count;
	}
	n.instead = NULL;
	net_close(&n);
}

/* ---- playing it ---- */

static const struct usher_port_helper ports[] = { { "ftp", 0, 21 }, { "fake", 0, 99 }, { "dgram", 0, 98 } };

static const struct usher_options worlds[] = {
	{ .connections = 4096 },
	{ .connections = 60, .connections6 = 20, .helped = 8, .related = 20, .expectations = 10, .stream_chunks = 12,
	  .flags = USHER_LIVE | USHER_VERIFY_CHECKSUMS | USHER_DROP_INVALID },
	{ .connections = 400, .flags = USHER_TCP_LIBERAL | USHER_LOOSE, .expect_max = 3 },
	{ .connections = 400, .flags = USHER_TCP_STRICT_START | USHER_IGNORE_INVALID_RST, .expect_per_master = 2 },
};

static void results(struct net *n, const struct usher_packet *p, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		net_print(&n->log, "%llu: %u %u %u %x %u %x.%x\n", (unsigned long long)p[i].frame, p[i].verdict, p[i].state,
			  p[i].direction,
			  p[i].flags, p[i].reason, p[i].conn.record, p[i].conn.generation);
}

/*
 * Play the tape in bursts of `size` (0: changing ones); the log becomes all that can be seen of it: the events in order, then the
 * packets' results, then what is left.
 */
static char *play(const struct usher_options *world, uint32_t size, uint64_t *told)
{
	struct usher_options options = *world;
	static struct usher_packet packets[TAPE_PACKETS];
	uint32_t at = 0, count, i;
	uint64_t sizes = 99;
	struct net n;
	char *text;

	options.ports = ports;
	options.port_count = COUNT_OF(ports);
	net_open_fake(&n, &options);
	n.full = true;
	memset(packets, 0, sizeof(packets));
	for (i = 0; i < tape.count; i++)
		packets[i] = (struct usher_packet){ .data = tape.bytes + tape.packet[i].at, .len = tape.packet[i].len,
						    .frame = i + 1,
						    .wire_len = tape.packet[i].wire_len, .zone = tape.packet[i].zone,
						    .time = tape.packet[i].time };
	while (at < tape.count) {
		count = size ? size : 1 + net_random(&sizes, USHER_BURST_MAX);
		if (count > tape.count - at)
			count = tape.count - at;
		usher_process(n.w, packets + at, count, 0);
		at += count;
	}
	results(&n, packets, tape.count);
	net_list(&n, &n.log, true);
	net_expects(&n, &n.log, true);
	net_counters(&n, &n.log);
	net_sound(&n);
	usher_end(n.w);
	memcpy(told, n.told, sizeof(n.told));
	text = strdup(n.log.at);
	assert_non_null(text);
	net_close(&n);
	return text;
}

/* Where two texts differ, for people. */
static void compare(const char *one, const char *other, uint32_t size)
{
	const char *line = one;
	size_t i, number = 1;

	for (i = 0; one[i] && one[i] == other[i]; i++)
		if (one[i] == '\n') {
			line = one + i + 1;
			number++;
		}
	if (one[i] != other[i])
		fail_msg("bursts of %u: line %zu:\n%.300s\n--- in bursts of 1:\n%.300s", size, number, other + (line - one), line);
}

static void test_bursts(void **state)
{
	static const uint32_t sizes[] = { 2, 7, 64, 0, 1000 };
	uint64_t seed, all[USHER_EVENT_COUNT] = { 0 }, told[USHER_EVENT_COUNT];
	unsigned i, k;

	(void)state;
	for (seed = 1; seed <= 6; seed++) {
		make_tape(seed);
		print_message("seed %llu: %u packets\n", (unsigned long long)seed, tape.count);
		assert_true(tape.count > 3000);
		for (i = 0; i < COUNT_OF(worlds); i++) {
			char *alone = play(&worlds[i], 1, told);

			for (k = 0; k < USHER_EVENT_COUNT; k++)
				all[k] += told[k];
			for (k = 0; k < COUNT_OF(sizes); k++) {
				char *together = play(&worlds[i], sizes[k], told);

				compare(alone, together, sizes[k]);
				free(together);
			}
			free(alone);
		}
	}
	for (k = 0; k < USHER_EVENT_COUNT; k++) {
		print_message("%s: %llu\n", usher_event_name(k), (unsigned long long)all[k]);
		assert_true(all[k] > 50); /* or the tape says nothing about it */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bursts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
