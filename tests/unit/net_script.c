/*
 * net_script: flows, and the scripts that make them talk (net.h has the commands).
 */
#include "net.h"

#define WORDS 8u
#define TEXT_MAX 6000u

/* One line of a script at work. */
struct line {
	struct net *n;
	char word[WORDS][80];
	unsigned words;
	const char *rest[WORDS + 1]; /* what follows each word, to the line's end */
	char text[512];
};

/* ---- flows ---- */

struct net_flow *net_flow(struct net *n, const char *name)
{
	uint32_t i;

	for (i = 0; i < n->flow_count; i++)
		if (!strcmp(n->flow[i].name, name))
			return &n->flow[i];
	return NULL;
}

struct net_flow *net_flow_add(struct net *n, const char *name, uint8_t protocol, const char *client, const char *server)
{
	struct net_flow *f = net_flow(n, name);

	if (!f) {
		assert_true(n->flow_count < COUNT_OF(n->flow));
		f = &n->flow[n->flow_count++];
	}
	memset(f, 0, sizeof(*f));
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->protocol = protocol;
	f->end[0] = net_end(client);
	f->end[1] = net_end(server);
	f->first[0] = f->next[0] = 1000;
	f->first[1] = f->next[1] = 0xfffffff0u; /* wraps soon */
	f->zone = n->zone;
	return f;
}

static void send_flow(struct net *n, struct net_flow *f, unsigned side, uint32_t len)
{
	uint16_t zone = n->zone;

	f->last_len[side] = len;
	n->zone = f->zone;
	net_send(n, f->last[side], len);
	n->zone = zone;
}

static void send_tcp(struct net *n, struct net_flow *f, unsigned side, struct net_tcp *tcp)
{
	if (tcp->flags & NET_ACK)
		tcp->ack = f->next[!side];
	send_flow(n, f, side, net_tcp(f->last[side], &f->end[side], &f->end[!side], tcp));
}

void net_flag(struct net *n, struct net_flow *f, unsigned side, uint8_t flags)
{
	struct net_tcp tcp = { .seq = f->next[side], .flags = flags };

	if (flags & NET_SYN)
		tcp.seq = f->first[side] - 1;
	send_tcp(n, f, side, &tcp);
	if (flags & NET_FIN)
		f->next[side]++;
}

void net_handshake(struct net *n, struct net_flow *f)
{
	net_flag(n, f, 0, NET_SYN);
	net_flag(n, f, 1, NET_SYN | NET_ACK);
	net_flag(n, f, 0, NET_ACK);
}

static void keep(struct net_flow *f, unsigned side, const void *data, uint32_t len)
{
	uint32_t at = f->next[side] - f->first[side];

	assert_true(at + len <= NET_HISTORY);
	memcpy(f->said[side] + at, data, len);
	f->next[side] += len;
}

void net_say_again(struct net *n, struct net_flow *f, unsigned side, uint32_t at, uint32_t len)
{
	struct net_tcp tcp = { .seq = f->first[side] + at, .flags = NET_ACK | NET_PSH, .data = f->said[side] + at, .len = len };

	assert_true(at + len <= f->next[side] - f->first[side]);
	send_tcp(n, f, side, &tcp);
}

void net_say(struct net *n, struct net_flow *f, unsigned side, const void *data, uint32_t len)
{
	uint32_t at = f->next[side] - f->first[side];

	if (f->protocol == USHER_UDP) {
		send_flow(n, f, side, net_udp(f->last[side], &f->end[side], &f->end[!side], data, len));
		return;
	}
	keep(f, side, data, len);
	net_say_again(n, f, side, at, len);
}

bool net_find(struct net *n, const struct net_flow *f, struct usher_conn *conn)
{
	struct usher_tuple t = { .zone = f->zone, .protocol = f->protocol, .src = f->end[0], .dst = f->end[1] };
	uint8_t direction;

	return usher_conn_find(n->w, &t, conn, &direction) && direction == USHER_ORIG;
}

/* ---- texts ---- */

static unsigned nibble(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
}

/* One character of a text, or its like; how many of the text's it took. */
static uint32_t read_one(const char *from, char *to)
{
	*to = *from;
	if (*from != '%')
		return 1;
	*to = (char)(nibble(from[1]) << 4 | nibble(from[2]));
	return 3;
}

/* A text's bytes; ~ is CR LF, {x*20} twenty times x, %0a a byte. */
static uint32_t read_text(const char *from, char *to)
{
	uint32_t len = 0, times;
	char one;

	while (*from) {
		times = 1;
		if (*from == '~') {
			to[len++] = '\r';
			one = '\n';
			from++;
		} else if (*from == '{') {
			from += 1 + read_one(from + 1, &one);
			assert_int_equal(*from, '*');
			times = (uint32_t)strtoul(from + 1, (char **)&from, 10);
			assert_int_equal(*from, '}');
			from++;
		} else {
			from += read_one(from, &one);
		}
		assert_true(len + times < TEXT_MAX);
		memset(to + len, one, times);
		len += times;
	}
	return len;
}

/* ---- commands ---- */

static struct usher_endpoint end_of(const struct line *l, unsigned word)
{
	assert_true(word < l->words);
	return net_end(l->word[word]);
}

static bool packet_command(const struct line *l)
{
	uint8_t packet[NET_PACKET];
	char text[TEXT_MAX];
	const char *name = l->word[0];
	struct net_tcp tcp = { .seq = 1, .flags = !strcmp(name, "syn") ? NET_SYN : NET_ACK };
	struct usher_endpoint src, dst;
	uint32_t len, text_len;
	bool ipv6;

	if (l->words < 3 || (strchr(l->word[1], '.') == NULL && l->word[1][0] != '['))
		return false;
	src = end_of(l, 1);
	dst = end_of(l, 2);
	ipv6 = src.family == USHER_IPV6;
	if (!strcmp(name, "syn") || !strcmp(name, "ack")) {
		len = net_tcp(packet, &src, &dst, &tcp);
	} else if (!strcmp(name, "udp")) {
		text_len = read_text(l->rest[2], text);
		len = net_udp(packet, &src, &dst, text, text_len);
	} else if (!strcmp(name, "ping")) {
		len = net_icmp(packet, &src, &dst, ipv6 ? 128 : 8);
	} else if (!strcmp(name, "pong")) {
		len = net_icmp(packet, &src, &dst, ipv6 ? 129 : 0);
	} else if (!strcmp(name, "gre") || !strcmp(name, "gre0")) {
		len = net_gre(packet, &src, &dst, !strcmp(name, "gre"));
	} else if (!strcmp(name, "other")) {
		len = net_other(packet, &src, &dst, 99);
	} else {
		return false;
	}
	net_send(l->n, packet, len);
	return true;
}

/* "A>", "A<<", ...: the flow, the side, and what stands behind. */
static struct net_flow *speaker(struct net *n, const char *word, unsigned *side, const char **how)
{
	char name[8];
	size_t len = strcspn(word, "<>");

	if (!word[len] || len >= sizeof(name))
		return NULL;
	memcpy(name, word, len);
	name[len] = '\0';
	*side = word[len] == '<';
	*how = word + len + 1;
	return net_flow(n, name);
}

static bool speech(const struct line *l)
{
	static const struct { const char *how; uint8_t flags; } flags[] = {
		{ "ack", NET_ACK }, { "fin", NET_FIN | NET_ACK }, { "rst", NET_RST | NET_ACK }, { "syn", NET_SYN },
		{ "synack", NET_SYN | NET_ACK },
	};
	char text[TEXT_MAX];
	unsigned side, at, many, i;
	const char *how;
	struct net_flow *f = speaker(l->n, l->word[0], &side, &how);
	uint32_t len;

	if (!f)
		return false;
	for (i = 0; i < COUNT_OF(flags); i++) {
		if (strcmp(how, flags[i].how))
			continue;
		net_flag(l->n, f, side, flags[i].flags);
		return true;
	}
	if (sscanf(how, "@%u,%u", &at, &many) == 2) {
		net_say_again(l->n, f, side, at, many);
		return true;
	}
	len = read_text(l->rest[0], text);
	if (!strcmp(how, "x")) {
		keep(f, side, text, len);
		return true;
	}
	assert_true(!*how || !strcmp(how, ">") || !strcmp(how, "<"));
	net_say(l->n, f, side, text, len);
	if (!*how && f->protocol == USHER_TCP)
		net_flag(l->n, f, !side, NET_ACK);
	return true;
}

static bool flow_command(const struct line *l)
{
	const char *what = l->word[1];
	struct net_flow *f;

	if (l->words == 4 && (!strcmp(what, "tcp") || !strcmp(what, "mid") || !strcmp(what, "udp"))) {
		f = net_flow_add(l->n, l->word[0], !strcmp(what, "udp") ? USHER_UDP : USHER_TCP, l->word[2], l->word[3]);
		if (!strcmp(what, "tcp"))
			net_handshake(l->n, f);
		return true;
	}
	if (l->words != 2 || strcmp(what, "close") || !(f = net_flow(l->n, l->word[0])))
		return false;
	net_flag(l->n, f, 0, NET_FIN | NET_ACK);
	net_flag(l->n, f, 1, NET_FIN | NET_ACK);
	net_flag(l->n, f, 0, NET_ACK);
	return true;
}

static void set_flags(const struct line *l)
{
	static const struct { const char *name; uint32_t flag; } flags[] = {
		{ "loose", USHER_LOOSE }, { "live", USHER_LIVE }, { "liberal", USHER_TCP_LIBERAL },
		{ "strict", USHER_TCP_STRICT_START }, { "verify", USHER_VERIFY_CHECKSUMS }, { "drop", USHER_DROP_INVALID },
	};
	unsigned i, k;

	for (i = 1; i < l->words; i++)
		for (k = 0; k < COUNT_OF(flags); k++)
			if (!strcmp(l->word[i] + 1, flags[k].name))
				usher_set_flags(l->n->tracker, flags[k].flag, l->word[i][0] == '+' ? flags[k].flag : 0);
}

static void show_state(struct net *n)
{
	static const char *const states[] = { "new", "established", "related", "invalid", "untracked" };
	static const char *const verdicts[] = { "", " drop", " taken", " hand-over" };
	struct usher_conn conn;

	net_print(&n->log, "state %s%s", states[n->last.state], verdicts[n->last.verdict]);
	if (usher_conn_get(n->w, n->last.conn, &conn))
		net_print(&n->log, " %s %llu", n->last.direction ? "reply" : "orig", (unsigned long long)conn.id);
	if (n->last.reason)
		net_print(&n->log, " %s", usher_reason_name(n->last.reason));
	net_print(&n->log, "\n");
}

/* Things done to the connection of a flow. */
static bool change_command(const struct line *l)
{
	struct net *n = l->n;
	const struct net_flow *f = l->words > 1 ? net_flow(n, l->word[1]) : NULL;
	uint32_t value = l->words > 2 ? (uint32_t)strtoul(l->word[2], NULL, 10) : 0;
	struct usher_conn conn;
	bool done;

	if (!f || (strcmp(l->word[0], "delete") && strcmp(l->word[0], "mark") && strcmp(l->word[0], "timeout")))
		return false;
	done = net_find(n, f, &conn);
	if (done && !strcmp(l->word[0], "delete"))
		done = usher_conn_delete(n->w, conn.ref);
	else if (done && !strcmp(l->word[0], "mark"))
		done = usher_conn_set_mark(n->w, conn.ref, value);
	else if (done)
		done = usher_conn_set_timeout(n->w, conn.ref, value);
	if (!done)
		net_print(&n->log, "%s %s: no such connection\n", l->word[0], f->name);
	return true;
}

static bool error_command(const struct line *l)
{
	bool fragment = !strcmp(l->word[0], "fragment");
	unsigned side;
	const char *how;
	struct net_flow *f;
	uint8_t packet[NET_PACKET];
	struct usher_endpoint src;

	if (!fragment && strcmp(l->word[0], "error"))
		return false;
	f = speaker(l->n, l->word[l->words - 1], &side, &how);
	assert_non_null(f);
	if (fragment) {
		memcpy(packet, f->last[side], f->last_len[side]);
		net_fragment(packet, 0, true);
		net_send(l->n, packet, f->last_len[side]);
		return true;
	}
	src = end_of(l, 1);
	net_send(l->n, packet, net_icmp_error(packet, &src, &f->end[side], f->last[side], f->last_len[side]));
	return true;
}

static void show_count(struct net *n, const char *name)
{
	unsigned i;

	for (i = 0; i < USHER_COUNTER_COUNT; i++)
		if (!strcmp(usher_counter_name((enum usher_counter)i), name))
			break;
	if (i == USHER_COUNTER_COUNT)
		fail_msg("no counter: %s", name);
	net_print(&n->log, "count %s %llu\n", name, (unsigned long long)usher_counter_get(n->w, (enum usher_counter)i));
}

static bool other_command(const struct line *l)
{
	struct net *n = l->n;
	const char *name = l->word[0];

	if (!strcmp(name, "wait")) {
		n->now += (usher_time)(strtod(l->word[1], NULL) * 1e9);
		usher_tick(n->w, n->now, 0); /* nothing is swept */
	} else if (!strcmp(name, "tick"))
		while (!usher_tick(n->w, n->now, 100))
			;
	else if (!strcmp(name, "zone"))
		n->zone = (uint16_t)strtoul(l->word[1], NULL, 10);
	else if (!strcmp(name, "flags"))
		set_flags(l);
	else if (!strcmp(name, "flush"))
		net_print(&n->log, "flushed %llu\n", (unsigned long long)usher_flush(n->w));
	else if (!strcmp(name, "end"))
		net_print(&n->log, "ended %llu\n", (unsigned long long)usher_end(n->w));
	else if (!strcmp(name, "state"))
		show_state(n);
	else if (!strcmp(name, "list"))
		net_list(n, &n->log, false);
	else if (!strcmp(name, "expects"))
		net_expects(n, &n->log, false);
	else if (!strcmp(name, "count"))
		show_count(n, l->word[1]);
	else
		return false;
	return true;
}

/* ---- lines ---- */

static void split_words(struct line *l)
{
	const char *at = l->text;

	l->words = 0;
	while (l->words < WORDS) {
		size_t len;

		at += strspn(at, " \t");
		len = strcspn(at, " \t");
		if (!len)
			break;
		assert_true(len < sizeof(l->word[0]) || l->words);
		if (len >= sizeof(l->word[0]))
			len = sizeof(l->word[0]) - 1;
		memcpy(l->word[l->words], at, len);
		l->word[l->words][len] = '\0';
		at += strcspn(at, " \t");
		l->rest[l->words++] = *at ? at + 1 : at;
	}
}

static void run_line(struct line *l)
{
	split_words(l);
	if (!l->words || l->word[0][0] == '#')
		return;
	if (speech(l) || (l->words > 1 && flow_command(l)) || error_command(l) || packet_command(l) || change_command(l) ||
	    other_command(l))
		return;
	fail_msg("no command: %s", l->text);
}

void net_run(struct net *n, const char *script)
{
	struct line l = { .n = n };

	while (*script) {
		size_t len = strcspn(script, "\n");

		assert_true(len < sizeof(l.text));
		memcpy(l.text, script, len);
		l.text[len] = '\0';
		run_line(&l);
		script += len + (script[len] == '\n');
		net_sound(n);
	}
}

void net_expect_log(struct net *n, const char *name, const char *expected)
{
	if (getenv("NET_PRINT"))
		printf("@@ %s\n%s@@end\n", name, n->log.at);
	else if (strcmp(n->log.at, expected) != 0)
		fail_msg("%s:\n--- came:\n%s--- expected:\n%s---", name, n->log.at, expected);
}
