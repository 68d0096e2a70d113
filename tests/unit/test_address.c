/*
 * ctl/address: what is an address, a network, a range, ports, and what is not; row by row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/address.h"
#include "ctl/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_endpoints(void **state)
{
	static const struct {
		const char *text, *wanted; /* NULL: none */
	} rows[] = {
		{ "10.0.0.5", "10.0.0.5:7" },
		{ "10.0.0.5:21", "10.0.0.5:21" },
		{ "2001:db8::5", "[2001:db8::5]:7" },
		{ "[2001:db8::5]", "[2001:db8::5]:7" },
		{ "[2001:db8::5]:21", "[2001:db8::5]:21" },
		{ "[10.0.0.5]:21", "10.0.0.5:21" },
		{ "", NULL }, { ":21", NULL }, { "10.0.0.5:", NULL }, { "10.0.0.5:0", NULL }, { "10.0.0.5:65536", NULL },
		{ "10.0.0", NULL }, { "10.0.0.256", NULL }, { "10.0.0.5 ", NULL }, { "[2001:db8::5", NULL }, { "[2001:db8::5]21", NULL },
		{ "[]", NULL }, { "[]:1", NULL }, { "2001:db8::5::", NULL }, { "10.0.0.5:+1", NULL }, { "010.0.0.1x", NULL },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct usher_endpoint endpoint = { .key = 7 };
		char text[CTL_ENDPOINT_SIZE];
		bool good = ctl_read_endpoint(rows[i].text, &endpoint);

		if (good != (rows[i].wanted != NULL))
			fail_msg("%s: %s", rows[i].text, good ? "taken" : "refused");
		if (good)
			assert_string_equal(ctl_endpoint(text, USHER_TCP, &endpoint), rows[i].wanted);
	}
}

static void test_ranges(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "10.0.0.5", true }, { "10.0.0.5-10.0.0.9", true }, { "10.0.0.5-10.0.0.5", true }, { "2001:db8::1-2001:db8::ff", true },
		{ "10.0.0.9-10.0.0.5", false }, { "10.0.0.5-", false }, { "-10.0.0.5", false }, { "10.0.0.5-2001:db8::1", false },
		{ "10.0.0.1-10.0.0.2-10.0.0.3", false },
	};
	struct usher_endpoint first, last;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (ctl_read_range(rows[i].text, &first, &last) != rows[i].good)
			fail_msg("%s", rows[i].text);
	}
}

static void test_nets(void **state)
{
	static const struct {
		const char *net, *address;
		bool has;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.1.2", true }, { "10.0.0.0/8", "11.0.0.0", false },   { "10.0.0.128/25", "10.0.0.200", true },
		{ "10.0.0.128/25", "10.0.0.100", false }, { "10.0.0.5", "10.0.0.5", true },  { "10.0.0.5", "10.0.0.4", false },
		{ "0.0.0.0/0", "198.51.100.1", true }, { "0.0.0.0/0", "2001:db8::1", false }, { "::/0", "2001:db8::1", true },
		{ "2001:db8::/33", "2001:db8:7fff::", true }, { "2001:db8::/33", "2001:db8:8000::", false },
		{ "2001:db8::1", "2001:db8::1", true },
	};
	static const char *const wrong[] = { "", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/8/8", "10.0.0.0/-1", "10/8" };
	struct ctl_net net, other;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(ctl_read_net(rows[i].net, &net) && ctl_read_net(rows[i].address, &other));
		if (ctl_net_has(&net, &other.first) != rows[i].has || ctl_nets_meet(&net, &other) != rows[i].has ||
		    ctl_nets_meet(&other, &net) != rows[i].has)
			fail_msg("%s in %s", rows[i].address, rows[i].net);
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		if (ctl_read_net(wrong[i], &net))
			fail_msg("%s", wrong[i]);
	}
	assert_true(ctl_read_net("10.0.0.0/8", &net) && ctl_net_is_whole(&net));
	assert_true(ctl_read_net("10.0.0.1/8", &net) && !ctl_net_is_whole(&net));
	assert_true(ctl_read_net("10.0.0.1", &net) && ctl_net_is_whole(&net));
}

static void test_ports(void **state)
{
	static const char *const good[] = { "20", "20-20", "20-65535" };
	static const char *const wrong[] = { "", "-", "20-", "-20", "19", "20-19", "65536", "20-65536", "20-30-40", "1234567890", "a" };
	uint16_t first, last;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(ctl_read_ports(good[i], 20, &first, &last) && first == 20 && last >= 20);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		if (ctl_read_ports(wrong[i], 20, &first, &last))
			fail_msg("%s", wrong[i]);
	}
}

static void test_hosts(void **state)
{
	static const struct {
		const char *text;
		bool host;
	} rows[] = {
		{ "10.0.0.1", true }, { "0.1.2.3", false }, { "127.0.0.1", false }, { "224.0.0.1", false }, { "255.255.255.255", false },
		{ "2001:db8::1", true }, { "fe80::1", true }, { "ff02::1", false }, { "::1", false }, { "::", false },
	};
	struct usher_endpoint endpoint;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(ctl_read_address(rows[i].text, strlen(rows[i].text), &endpoint));
		if (ctl_is_host(&endpoint) != rows[i].host)
			fail_msg("%s", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoints), cmocka_unit_test(test_ranges), cmocka_unit_test(test_nets),
		cmocka_unit_test(test_ports), cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
