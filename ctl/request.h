/*
 * ctl/request: what a client may ask a running gateway, one JSON object a line. doc/control.md has all of it.
 *
 * Owns: the list of commands and of what each takes, and what is wrong with a request in one line. Invariants: what is not
 * understood is refused, not overlooked: a filter that was mistyped would otherwise delete too much.
 */
#ifndef USHER_CTL_REQUEST_H
#define USHER_CTL_REQUEST_H

#include "ctl/filter.h"

#define CTL_VERSION     1u        /* of the protocol: "usher" in the greeting */
#define CTL_REQUEST_MAX 65536u    /* bytes of a request, with its line feed */
#define CTL_ROW_MAX     16384u    /* no row of an answer is longer */
#define CTL_SOCKET      "/run/usher/gateway.sock"

/* X(name, members): enum ctl_takes */
#define CTL_COMMANDS(X) \
	X(list, CTL_TAKES_FILTER) \
	X(expectations, CTL_TAKES_FILTER) \
	X(watch, CTL_TAKES_FILTER | CTL_TAKES_EVENTS) \
	X(show, CTL_TAKES_CONN) \
	X(stats, 0) \
	X(delete, CTL_TAKES_FILTER | CTL_WANTS_FILTER) \
	X(flush, 0) \
	X(reload, 0)

enum ctl_takes {
	CTL_TAKES_FILTER = 1,
	CTL_WANTS_FILTER = 2, /* at least one word of it */
	CTL_TAKES_EVENTS = 4, /* "events":["conn_new",...] */
	CTL_TAKES_CONN = 8    /* "conn":N, and it must be there */
};

enum ctl_command {
#define CTL_COMMAND_ENUM(name, takes) CTL_COMMAND_##name,
	CTL_COMMANDS(CTL_COMMAND_ENUM)
#undef CTL_COMMAND_ENUM
	CTL_COMMAND_COUNT
};

struct ctl_request {
	enum ctl_command command;
	struct ctl_filter filter;
	uint32_t events; /* 1 << enum usher_event_type */
	uint64_t conn;
};

/* Read one line (its line feed may be there). false: `wrong` says what is wrong, in one line fit to be shown. */
bool ctl_request_read(struct ctl_request *request, const char *bytes, size_t len, char *wrong, size_t size);

#endif
