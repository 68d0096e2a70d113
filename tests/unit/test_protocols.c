/*
 * protocols: UDP, ICMP, ICMPv6, GRE and all others, packet by packet (lib/conn/udp.c, icmp.c, gre.c, generic.c), and how they
 * are found (protocol.c).
 */
#include "conn/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MS           (USHER_SECOND / 1000)

struct row {
	unsigned after_ms;   /* since the packet before */
	char from;           /* '>' orig, '<' reply */
	const char *verdict; /* new, pass, or what is wrong */
	unsigned timeout;    /* seconds */
	const char *status;  /* after it: letters of replied, assured, one-way; with ! if that is worth an update */
};

struct script {
	const char *name;
	uint8_t protocol, family, type;
	uint16_t packet_flags, status; /* status: before its first packet */
	struct row rows[10];
};

static const struct script scripts[] = {
	{ "a question in DNS", USHER_UDP, USHER_IPV4, 0, 0, 0, {
		{ 0, '>', "new", 30, "" },
		{ 10, '>', "pass", 30, "" },
		{ 10, '<', "pass", 30, "r!" },
		{ 10, '>', "pass", 30, "r" },
		{ 1970, '>', "pass", 30, "r" },          /* two seconds are not over */
		{ 1, '>', "pass", 120, "ra!" },
		{ 10, '<', "pass", 120, "ra" },
		{ 9000, '<', "pass", 120, "ra" },
	} },
	{ "a stream", USHER_UDP, USHER_IPV6, 0, 0, 0, {
		{ 0, '>', "new", 30, "" },
		{ 2100, '>', "pass", 30, "" },           /* nobody answers */
		{ 100, '<', "pass", 30, "r!" },          /* the answer itself counts from the next packet on */
		{ 0, '<', "pass", 120, "ra!" },
	} },
	{ "a stream of UDP-Lite", 136, USHER_IPV4, 0, 0, 0, {
		{ 0, '>', "new", 30, "" },
		{ 2100, '<', "pass", 30, "r!" },
		{ 0, '>', "pass", 120, "ra!" },
	} },
	{ "ping", USHER_ICMP, USHER_IPV4, 8, 0, 0, {
		{ 0, '>', "new", 30, "" },
		{ 10, '<', "pass", 30, "r!" },
		{ 10, '<', "pass", 30, "r" },            /* a duplicate */
		{ 9000, '>', "pass", 30, "r" },
	} },
	{ "timestamp", USHER_ICMP, USHER_IPV4, 13, 0, 0, { { 0, '>', "new", 30, "" }, { 1, '<', "pass", 30, "r!" } } },
	{ "information", USHER_ICMP, USHER_IPV4, 15, 0, 0, { { 0, '>', "new", 30, "" } } },
	{ "address mask", USHER_ICMP, USHER_IPV4, 17, 0, 0, { { 0, '>', "new", 30, "" } } },
	{ "an echo reply", USHER_ICMP, USHER_IPV4, 0, 0, 0, { { 0, '>', "icmp-type", 0, "" } } },
	{ "a timestamp reply", USHER_ICMP, USHER_IPV4, 14, 0, 0, { { 0, '>', "icmp-type", 0, "" } } },
	{ "ICMP in IPv6", USHER_ICMP, USHER_IPV6, 8, 0, 0, { { 0, '>', "icmp-type", 0, "" } } },
	{ "ping6", USHER_ICMPV6, USHER_IPV6, 128, 0, 0, { { 0, '>', "new", 30, "" }, { 1, '<', "pass", 30, "r!" } } },
	{ "node information", USHER_ICMPV6, USHER_IPV6, 139, 0, 0, { { 0, '>', "new", 30, "" } } },
	{ "an echo reply of IPv6", USHER_ICMPV6, USHER_IPV6, 129, 0, 0, { { 0, '>', "icmp-type", 0, "" } } },
	{ "echo of IPv4 in ICMPv6", USHER_ICMPV6, USHER_IPV6, 8, 0, 0, { { 0, '>', "icmp-type", 0, "" } } },
	{ "ICMPv6 in IPv4", USHER_ICMPV6, USHER_IPV4, 128, 0, 0, { { 0, '>', "icmp-type", 0, "" } } },
	{ "a tunnel", USHER_GRE, USHER_IPV4, 0, PKT_WIDE_KEY, 0, {
		{ 0, '>', "new", 30, "" },
		{ 5, '>', "pass", 30, "" },
		{ 5, '<', "pass", 30, "r!" },            /* the answer itself counts from the next packet on */
		{ 0, '>', "pass", 180, "ra!" },
		{ 0, '<', "pass", 180, "ra" },
	} },
	{ "a call that nobody announced", USHER_GRE, USHER_IPV4, 1, PKT_ONE_WAY, 0, {
		{ 0, '>', "new", 30, "o" },
		{ 9000, '>', "pass", 30, "o" },
	} },
	{ "a call that was announced", USHER_GRE, USHER_IPV4, 1, PKT_ONE_WAY, CONN_RELATED, {
		{ 0, '>', "new", 30, "" },
		{ 5, '<', "pass", 30, "r!" },
		{ 5, '<', "pass", 180, "ra!" },
	} },
	{ "something else", 99, USHER_IPV4, 0, 0, 0, {
		{ 0, '>', "new", 600, "" },
		{ 5, '<', "pass", 600, "r!" },
		{ 9000, '>', "pass", 600, "r" },
		{ 9000, '<', "pass", 600, "r" },
	} },
};

static const char *const reasons[] = {
#define REASON(id, name, text) [USHER_REASON_##id] = name,
	USHER_REASONS(REASON)
#undef REASON
};

static void set_defaults(struct conn_config *config)
{
	memset(config, 0, sizeof(*config));
#define TIMEOUT(id, name, seconds) config->timeout[CONN_TIMEOUT_##id] = (seconds) * USHER_SECOND;
	CONN_TIMEOUTS(TIMEOUT)
#undef TIMEOUT
}

static const char *status_of(const struct conn *c, const struct conn_step *step)
{
	static char text[8];

	snprintf(text, sizeof(text), "%s%s%s%s", c->status & CONN_SEEN_REPLY ? "r" : "", c->status & CONN_ASSURED ? "a" : "",
		 c->status & CONN_ONE_WAY ? "o" : "", step->changed ? "!" : "");
	return text;
}

static void run_script(const struct script *s, usher_time now)
{
	const struct conn_protocol *protocol = usher__conn_protocol(s->protocol);
	struct pkt p = { .family = s->family, .protocol = s->protocol, .type = s->type, .flags = s->packet_flags };
	struct conn c = { .protocol = s->protocol, .status = s->status };
	struct conn_config config;

	set_defaults(&config);
	for (const struct row *r = s->rows; r->from; r++) {
		uint8_t header[20] = { s->type };
		struct conn_step step;
		const char *verdict;
		bool begins = r == s->rows;

		memset(&step, 0xa5, sizeof(step)); /* all of it is to be set */
		now += r->after_ms * MS;
		if (begins && !protocol->begin(&c, &(struct conn_arrival){ &p, header, now, &config }, &step))
			assert_int_equal(step.action, CONN_INVALID);
		if (!begins)
			protocol->packet(&c, r->from == '<', &(struct conn_arrival){ &p, header, now, &config }, &step);
		assert_false(step.out_of_window);
		assert_int_equal(c.status & CONN_RELATED, s->status);
		assert_true(c.deadline == 0 && c.packets_low[0] == 0 && c.bytes_low[0] == 0);
		verdict = step.action == CONN_PASS ? (begins ? "new" : "pass") : reasons[step.reason];
		if (strcmp(verdict, r->verdict) != 0 || strcmp(status_of(&c, &step), r->status) != 0 ||
		    step.timeout != r->timeout * USHER_SECOND)
			fail_msg("%s, row %d: expected %s %u \"%s\", is %s %u \"%s\"", s->name, (int)(r - s->rows) + 1, r->verdict,
				 r->timeout, r->status, verdict, (unsigned)(step.timeout / USHER_SECOND), status_of(&c, &step));
	}
}

/* Whatever the clock began with: also where the time needs more than 32 bits, and just before it does. */
static void test_scripts(void **state)
{
	static const usher_time starts[] = { 0, 0xffffffffu - 1000 * MS, 0xffffffffu, (usher_time)1 << 40, UINT64_MAX / 2 };

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++)
		for (size_t k = 0; k < COUNT(starts); k++)
			run_script(&scripts[i], starts[k]);
}

/* Every one of the 256, in constant time and never NULL: the list, and generic for what is not on it. */
static void test_lookup(void **state)
{
	static const struct {
		unsigned number;
		const char *name;
		const struct conn_protocol *descriptor;
	} known[] = {
		{ 1, "icmp", &usher__conn_icmp },   { 6, "tcp", &usher__conn_tcp },          { 17, "udp", &usher__conn_udp },
		{ 47, "gre", &usher__conn_gre },    { 58, "icmpv6", &usher__conn_icmpv6 },
		{ 132, "sctp", &usher__conn_sctp },
		{ 136, "udplite", &usher__conn_udplite },
	};

	(void)state;
	for (unsigned number = 0, next = 0; number < 256; number++) {
		const struct conn_protocol *p = usher__conn_protocol((uint8_t)number);

		assert_non_null(p);
		assert_non_null(p->begin);
		assert_non_null(p->packet);
		if (next < COUNT(known) && known[next].number == number) {
			assert_ptr_equal(p, known[next].descriptor);
			assert_string_equal(p->name, known[next++].name);
		} else {
			assert_ptr_equal(p, &usher__conn_generic);
			assert_string_equal(p->name, "unknown");
		}
		if (number != USHER_TCP && number != 132) {
			assert_null(p->states);
			assert_null(p->closing);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_scripts), cmocka_unit_test(test_lookup) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
