/*
 * sim/trace: what happened, for people: a log, and a pcap file for each link.
 */
#ifndef USHER_SIM_TRACE_H
#define USHER_SIM_TRACE_H

#include "tests/sim/sim.h"

#include <stdarg.h>

/* Files NAME.log and NAME.LINK.pcap. NULL: they cannot be written (errno). */
struct trace *trace_open(const char *name);
void trace_close(struct trace *trace);
void trace_log(struct trace *trace, uint64_t now, const char *format, va_list list) __attribute__((format(printf, 3, 0)));
/* A packet is sent on `link`, by `who` (NULL: by whose link it is). */
void trace_packet(struct sim *sim, const struct link *link, const struct packet *p, const char *who);
/* The packet as a line of the log. */
void trace_text(struct sim *sim, const struct packet *p, const char *where);
/* What a link is called. */
const char *link_name(const struct link *link);

#endif
