/*
 * gateway/log: a line for a new connection that a rule with `log` decided on.
 *
 * Deciding happens within the engine, which makes no system calls: lines are kept and printed behind the burst.
 * Invariants: 10 lines a second, 20 at once; those beyond are counted, and told with the next line that is printed.
 */
#ifndef USHER_GATEWAY_LOG_H
#define USHER_GATEWAY_LOG_H

#include "gateway/count.h"
#include "gateway/gateway.h"

#define GW_LOG_LINES 20u

struct gw_log {
	usher_time last;
	uint64_t credit;    /* in ns of waiting */
	uint32_t spared;    /* since the last line that was printed */
	uint32_t line_count;
	struct gw_log_line {
		const struct gateway_rule *rule; /* stays until the flush */
		const char *port;                /* where it came in; so does this */
		struct usher_tuple orig;
	} line[GW_LOG_LINES];
};

/* Keep a line, if there is room and it is within the limit. `count`: enum gw_counter. */
void gw_log_add(struct gw_log *log, uint64_t *count, const struct gw_log_line *line, usher_time now);

/* Print what was kept on stderr. */
void gw_log_flush(struct gw_log *log);

#endif
