/*
 * timeouts: names and defaults are the kernel's sysctls (lib/conn/timeouts.h).
 *
 * The rows are what Linux 6.18 has. Where this kernel's conntrack can be read, and nobody has set it, it is asked as well: the
 * names at least must be there.
 */
#include "base/be.h"
#include "conn/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FOLDER       "/proc/sys/net/netfilter/nf_conntrack_"

struct timeout {
	const char *name;
	unsigned long seconds;
};

static const struct timeout expected[] = {
	{ "tcp_timeout_syn_sent", 120 },
	{ "tcp_timeout_syn_recv", 60 },
	{ "tcp_timeout_established", 432000 },
	{ "tcp_timeout_fin_wait", 120 },
	{ "tcp_timeout_close_wait", 60 },
	{ "tcp_timeout_last_ack", 30 },
	{ "tcp_timeout_time_wait", 120 },
	{ "tcp_timeout_close", 10 },
	{ "tcp_timeout_max_retrans", 300 },
	{ "tcp_timeout_unacknowledged", 300 },
	{ "udp_timeout", 30 },
	{ "udp_timeout_stream", 120 },
	{ "icmp_timeout", 30 },
	{ "icmpv6_timeout", 30 },
	{ "gre_timeout", 30 },
	{ "gre_timeout_stream", 180 },
	{ "generic_timeout", 600 },
	{ "sctp_timeout_closed", 10 },
	{ "sctp_timeout_cookie_wait", 3 },
	{ "sctp_timeout_cookie_echoed", 3 },
	{ "sctp_timeout_established", 210 },
	{ "sctp_timeout_shutdown_sent", 3 },
	{ "sctp_timeout_shutdown_recd", 3 },
	{ "sctp_timeout_shutdown_ack_sent", 3 },
	{ "sctp_timeout_heartbeat_sent", 30 },
};

static const struct timeout ours[] = {
#define TIMEOUT(id, name, seconds) [CONN_TIMEOUT_##id] = { name, seconds },
	CONN_TIMEOUTS(TIMEOUT)
#undef TIMEOUT
};

static void test_defaults(void **state)
{
	(void)state;
	assert_int_equal(COUNT(ours), COUNT(expected));
	assert_int_equal(COUNT(ours), CONN_TIMEOUT_COUNT);
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_string_equal(ours[i].name, expected[i].name);
		assert_int_equal(ours[i].seconds, expected[i].seconds);
	}
}

static bool read_sysctl(const char *name, unsigned long *value)
{
	char path[128];
	FILE *file;
	bool good;

	snprintf(path, sizeof(path), FOLDER "%s", name);
	file = fopen(path, "r");
	if (!file)
		return false;
	good = fscanf(file, "%lu", value) == 1;
	fclose(file);
	return good;
}

/* A value that was set by hand is no fault of ours: only values of which the kernel's default is the same are counted. */
static void test_this_kernel(void **state)
{
	unsigned same = 0, there = 0;
	unsigned long value;

	(void)state;
	if (!read_sysctl("tcp_timeout_established", &value))
		skip();
	for (size_t i = 0; i < COUNT(ours); i++) {
		if (!read_sysctl(ours[i].name, &value)) {
			print_message("this kernel has no nf_conntrack_%s\n", ours[i].name);
			continue;
		}
		there++;
		same += value == ours[i].seconds;
		if (value != ours[i].seconds)
			print_message("nf_conntrack_%s is %lu here, its default %lu\n", ours[i].name, value, ours[i].seconds);
	}
	assert_true(there >= COUNT(ours) - 2); /* gre is a module of its own */
	assert_true(same > there / 2);
}

/* ---- each of them is the one that is used: all are set to times that differ */

struct packet {
	uint8_t protocol, type;
	unsigned after_s;
	char from;            /* '>' or '<'; '*': a new connection, from orig */
	uint8_t flags;
	uint32_t seq, ack, len;
	enum conn_timeout expected;
};

#define TCP_PACKET(from, flags, seq, ack, len, expected) \
	{ USHER_TCP, 0, 0, from, flags, seq, ack, len, CONN_TIMEOUT_##expected }
#define SCTP_TAG 7u /* of both sides */
#define SCTP_PACKET(from, chunk, tag, expected) { 132, chunk, 0, from, 0, tag, 0, 8, CONN_TIMEOUT_##expected }
#define PACKET(protocol, type, after, from, expected) \
	{ protocol, type, after, from, 0, 0, 0, 0, CONN_TIMEOUT_##expected }

static const struct packet packets[] = {
	TCP_PACKET('*', TCP_SYN, 0, 0, 0, TCP_SYN_SENT),
	TCP_PACKET('<', TCP_SYN, 0, 0, 0, COUNT),
	TCP_PACKET('>', TCP_SYN, 0, 0, 0, TCP_SYN_SENT), /* simultaneous open has no timeout of its own */
	TCP_PACKET('*', TCP_SYN, 0, 0, 0, TCP_SYN_SENT),
	TCP_PACKET('<', TCP_SYN | TCP_ACK, 0, 1, 0, TCP_SYN_RECV),
	TCP_PACKET('>', TCP_ACK, 1, 1, 0, TCP_ESTABLISHED),
	TCP_PACKET('>', TCP_ACK, 1, 1, 100, TCP_UNACKNOWLEDGED),
	TCP_PACKET('<', TCP_ACK, 1, 101, 0, TCP_ESTABLISHED),
	TCP_PACKET('<', TCP_ACK, 1, 101, 0, TCP_ESTABLISHED),
	TCP_PACKET('<', TCP_ACK, 1, 101, 0, TCP_ESTABLISHED),
	TCP_PACKET('<', TCP_ACK, 1, 101, 0, TCP_MAX_RETRANS),
	TCP_PACKET('>', TCP_FIN | TCP_ACK, 101, 1, 0, TCP_FIN_WAIT),
	TCP_PACKET('<', TCP_ACK, 1, 102, 0, TCP_CLOSE_WAIT),
	TCP_PACKET('<', TCP_FIN | TCP_ACK, 1, 102, 0, TCP_LAST_ACK),
	TCP_PACKET('>', TCP_ACK, 102, 2, 0, TCP_TIME_WAIT),
	TCP_PACKET('>', TCP_RST, 102, 0, 0, TCP_CLOSE),
	PACKET(USHER_UDP, 0, 0, '*', UDP),
	PACKET(USHER_UDP, 0, 3, '<', UDP),
	PACKET(USHER_UDP, 0, 0, '>', UDP_STREAM),
	PACKET(USHER_ICMP, 8, 0, '*', ICMP),
	PACKET(USHER_ICMP, 8, 0, '<', ICMP),
	PACKET(USHER_ICMPV6, 128, 0, '*', ICMPV6),
	PACKET(USHER_ICMPV6, 128, 0, '<', ICMPV6),
	PACKET(USHER_GRE, 0, 0, '*', GRE),
	PACKET(USHER_GRE, 0, 0, '<', GRE),
	PACKET(USHER_GRE, 0, 0, '>', GRE_STREAM),
	SCTP_PACKET('*', 1, 0, SCTP_CLOSED),       /* INIT */
	SCTP_PACKET('<', 2, SCTP_TAG, SCTP_COOKIE_WAIT),
	SCTP_PACKET('>', 10, SCTP_TAG, SCTP_COOKIE_ECHOED),
	SCTP_PACKET('<', 11, SCTP_TAG, SCTP_ESTABLISHED),
	SCTP_PACKET('>', 7, SCTP_TAG, SCTP_SHUTDOWN_SENT),
	SCTP_PACKET('<', 8, SCTP_TAG, SCTP_SHUTDOWN_ACK_SENT),
	SCTP_PACKET('>', 14, SCTP_TAG, SCTP_CLOSED),
	SCTP_PACKET('*', 4, SCTP_TAG, SCTP_HEARTBEAT_SENT),
	SCTP_PACKET('<', 7, SCTP_TAG, SCTP_SHUTDOWN_RECD),
	PACKET(99, 0, 0, '*', GENERIC),
	PACKET(99, 0, 0, '<', GENERIC),
};

static void feed(struct conn *c, const struct packet *packet, usher_time now, const struct conn_config *config,
		 struct conn_step *step)
{
	const struct conn_protocol *protocol = usher__conn_protocol(packet->protocol);
	struct pkt p = { .family = packet->protocol == USHER_ICMPV6 ? USHER_IPV6 : USHER_IPV4, .protocol = packet->protocol,
			 .type = packet->type, .tcp_flags = packet->flags, .payload_len = packet->len };
	uint8_t header[20] = { [12] = 0x50, [13] = packet->flags, [14] = 0x20 };

	be32_write(header + 4, packet->seq);
	be32_write(header + 8, packet->ack);
	if (packet->protocol == 132) { /* behind the common header a chunk of eight bytes: with the tag, if it is an INIT */
		p.payload_have = packet->len;
		memcpy(header + 12, (const uint8_t[]){ packet->type, 0, 0, 8, 0, 0, 0, SCTP_TAG }, 8);
	}
	if (packet->from == '*') {
		memset(c, 0, sizeof(*c));
		assert_true(protocol->begin(c, &(struct conn_arrival){ &p, header, now, config }, step));
	} else {
		protocol->packet(c, packet->from == '<', &(struct conn_arrival){ &p, header, now, config }, step);
	}
}

static void test_each_is_used(void **state)
{
	struct conn_config config = { .tcp_loose = true, .tcp_max_retransmits = 3 };
	bool used[CONN_TIMEOUT_COUNT] = { false };
	usher_time now = USHER_SECOND;
	struct conn c;

	(void)state;
	for (unsigned i = 0; i < CONN_TIMEOUT_COUNT; i++)
		config.timeout[i] = (1000 + i) * USHER_SECOND;
	config.timeout[CONN_TIMEOUT_TCP_ESTABLISHED] = 5000 * USHER_SECOND; /* two others only ever shorten it */
	for (size_t i = 0; i < COUNT(packets); i++) {
		enum conn_timeout id = packets[i].expected;
		struct conn_step step;

		now += packets[i].after_s * USHER_SECOND;
		feed(&c, &packets[i], now, &config, &step);
		assert_int_equal(step.action, CONN_PASS);
		if (step.timeout != (id == CONN_TIMEOUT_COUNT ? 0 : config.timeout[id]))
			fail_msg("packet %zu: %u s", i, (unsigned)(step.timeout / USHER_SECOND));
		if (id != CONN_TIMEOUT_COUNT)
			used[id] = true;
	}
	for (unsigned i = 0; i < CONN_TIMEOUT_COUNT; i++)
		assert_true(used[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_this_kernel), cmocka_unit_test(test_each_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
