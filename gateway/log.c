/*
 * See log.h.
 */
#include "gateway/log.h"

#include <stdio.h>

#include "ctl/text.h"
#include "gateway/say.h"

#define LINES_A_SECOND 10u
#define LINE_COST      (USHER_SECOND / LINES_A_SECOND)
#define CREDIT_MAX     (GW_LOG_LINES * LINE_COST)

void gw_log_add(struct gw_log *log, uint64_t *count, const struct gw_log_line *line, usher_time now)
{
	uint64_t passed = now > log->last ? now - log->last : 0;

	if (log->last == 0 || passed > CREDIT_MAX)
		passed = CREDIT_MAX;
	log->last = now > log->last ? now : log->last;
	log->credit = log->credit + passed > CREDIT_MAX ? CREDIT_MAX : log->credit + passed;
	if (log->credit < LINE_COST || log->line_count == GW_LOG_LINES) {
		count[GW_COUNT_LOG_SPARED]++;
		log->spared++;
		return;
	}
	log->credit -= LINE_COST;
	count[GW_COUNT_LOGGED]++;
	log->line[log->line_count++] = *line;
}

static void print(const struct gw_log_line *line)
{
	static const char *const words[] = { "", "accepted", "dropped", "rejected" };
	char src[CTL_ENDPOINT_SIZE], dst[CTL_ENDPOINT_SIZE], rule[64];
	const struct usher_tuple *orig = &line->orig;

	if (line->rule->name != NULL)
		snprintf(rule, sizeof(rule), "rule %s", line->rule->name);
	else
		snprintf(rule, sizeof(rule), "rule of line %u", line->rule->line);
	gw_say("%s: %s %s %s -> %s from %s", rule, words[line->rule->action], ctl_protocol(orig->protocol)->name,
	       ctl_endpoint(src, orig->protocol, &orig->src), ctl_endpoint(dst, orig->protocol, &orig->dst), line->port);
}

void gw_log_flush(struct gw_log *log)
{
	if (log->line_count == 0)
		return;
	for (uint32_t i = 0; i < log->line_count; i++)
		print(&log->line[i]);
	if (log->spared > 0)
		gw_say("%u more lines of rules are not printed: there were too many", log->spared);
	log->line_count = log->spared = 0;
}
