/*
 * ctl/request, ctl/filter, ctl/row_text: any bytes as a request to a gateway, and as a row of its answer. Laws: what is refused has
 * one line that may be shown; what is accepted can be asked of any connection, expectation and event; delete always has a filter; a
 * row is one line of printable characters, or none.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/request.h"
#include "ctl/row_text.h"
#include "ctl/text.h"

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

static const struct usher_conn conns[] = {
	{ .id = 1, .family = USHER_IPV4, .protocol = "tcp", .state = "ESTABLISHED", .helper = "ftp",
	  .orig = { .protocol = USHER_TCP, .src = { USHER_IPV4, 4000, { 10, 0, 0, 2 } }, .dst = { USHER_IPV4, 21, { 10, 0, 0, 9 } } } },
	{ .id = 2, .family = USHER_IPV6, .protocol = "icmpv6",
	  .orig = { .protocol = USHER_ICMPV6, .zone = 7, .src = { USHER_IPV6, 9, { 0xfd } }, .dst = { USHER_IPV6, 9, { 0xfe } } } },
};

static void check_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t code = 0;
		unsigned take = ctl_utf8((const uint8_t *)text + i, len - i, &code);

		REQUIRE(take > 0 && ctl_printable(code));
		i += take;
	}
}

static void ask(const struct ctl_request *request)
{
	struct usher_expectation expectation = { .id = 1, .helper = "ftp", .tuple = conns[0].orig };
	struct usher_event event = { .type = USHER_EVENT_EXPECT_NEW, .u.expect.expectation = &expectation };

	for (size_t i = 0; i < sizeof(conns) / sizeof(conns[0]); i++) {
		const struct usher_event begun = { .type = USHER_EVENT_CONN_NEW, .conn = &conns[i] };

		REQUIRE(ctl_filter_conn(&request->filter, &conns[i]) == ctl_filter_event(&request->filter, &begun));
		REQUIRE(request->filter.has != 0 || ctl_filter_conn(&request->filter, &conns[i]));
	}
	REQUIRE(ctl_filter_expectation(&request->filter, &expectation) == ctl_filter_event(&request->filter, &event));
	event = (struct usher_event){ .type = USHER_EVENT_INVALID, .u.invalid.tuple = &conns[1].orig };
	(void)ctl_filter_event(&request->filter, &event);
	event.u.invalid.tuple = NULL;
	REQUIRE(ctl_filter_event(&request->filter, &event) == (request->filter.has == 0));
}

static void read_request(const char *bytes, size_t size)
{
	struct ctl_request request;
	char wrong[512] = "";

	if (!ctl_request_read(&request, bytes, size, wrong, sizeof(wrong))) {
		REQUIRE(strlen(wrong) > 0 && strlen(wrong) < sizeof(wrong));
		check_printable(wrong, strlen(wrong));
		return;
	}
	REQUIRE(request.command < CTL_COMMAND_COUNT && request.events != 0 && request.filter.has < 1u << CTL_FILTER_COUNT);
	REQUIRE(request.command != CTL_COMMAND_delete || request.filter.has != 0);
	REQUIRE((request.command == CTL_COMMAND_show) == (request.conn != 0));
	ask(&request);
}

static void read_row(const char *bytes, size_t size)
{
	json_t *row = json_loadb(bytes, size, 0, NULL);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool line;

	REQUIRE(out != NULL);
	line = ctl_row_text(out, row, true);
	REQUIRE(fclose(out) == 0);
	REQUIRE(line == (len > 0));
	if (line) {
		REQUIRE(text[len - 1] == '\n');
		check_printable(text, len - 1);
	}
	free(text);
	json_decref(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (size > CTL_REQUEST_MAX)
		return 0;
	copy = malloc(size ? size : 1);
	REQUIRE(copy != NULL);
	memcpy(copy, data, size);
	read_request(copy, size);
	read_row(copy, size);
	free(copy);
	return 0;
}
