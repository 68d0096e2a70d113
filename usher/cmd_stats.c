/*
 * usher stats: the counters of a running gateway.
 */
#include <string.h>

#include "ctl/text.h"
#include "usher/ask.h"
#include "usher/command.h"

const char help_stats[] =
	"usage: usher stats [OPTION]...\n"
	"\n"
	"Prints the counters of the running gateway that are not 0: what BPF steered, what the gateway did, what the\n"
	"engine made of it, and why packets were refused.\n"
	"\n"
	"  -a, --all                   those that are 0, too\n"
	"  -o, --openmetrics           all of them, in the OpenMetrics text format: for Prometheus and its like\n"
	ASK_HELP ASK_STATUS_HELP
	"\n"
	"Examples:\n"
	"  usher stats --openmetrics > /var/lib/node_exporter/usher.prom\n";

struct printing {
	bool all, openmetrics;
	char group[32]; /* of the last one */
};

/* The command has one, and getopt one at a time. */
static struct printing printing;

static bool take_option(struct ask *ask, int letter, const char *argument)
{
	(void)ask;
	(void)argument;
	printing.all |= letter == 'a';
	printing.openmetrics |= letter == 'o';
	return true;
}

static const char *text_of(char safe[128], const json_t *row, const char *name)
{
	const char *value = json_string_value(json_object_get(row, name));

	return value != NULL ? ctl_escape(safe, 128, value, strlen(value)) : "";
}

static void print_plain(struct printing *p, const json_t *row)
{
	long long value = (long long)json_integer_value(json_object_get(row, "value"));
	char name[128], text[128], group[128];

	if (value == 0 && !p->all)
		return;
	if (strcmp(p->group, text_of(group, row, "group")) != 0)
		printf("%s\n", group);
	snprintf(p->group, sizeof(p->group), "%.31s", group);
	printf("  %-22s %14lld  %s\n", text_of(name, row, "name"), value, text_of(text, row, "text"));
}

/* Each reason is a label of one metric; what goes up and down is a gauge. */
static void print_openmetrics(struct printing *p, const json_t *row)
{
	long long value = (long long)json_integer_value(json_object_get(row, "value"));
	char group[128], name[128], text[128], metric[400];
	bool reason = strcmp(text_of(group, row, "group"), "reason") == 0, now = strcmp(group, "now") == 0;

	text_of(name, row, "name");
	text_of(text, row, "text");
	if (now || strncmp(name, group, strlen(group)) == 0)
		snprintf(metric, sizeof(metric), "usher_%s", name);
	else
		snprintf(metric, sizeof(metric), "usher_%s_%s", group, name);
	if (reason && strcmp(p->group, "reason") != 0)
		printf("# TYPE usher_reason counter\n# HELP usher_reason packets that were refused or not tracked, by reason\n");
	if (reason)
		printf("usher_reason_total{reason=\"%s\"} %lld\n", name, value);
	else
		printf("# TYPE %s %s\n# HELP %s %s\n%s%s %lld\n", metric, now ? "gauge" : "counter", metric, text, metric,
		       now ? "" : "_total", value);
	snprintf(p->group, sizeof(p->group), "%.31s", group);
}

static void print_row(void *user, const json_t *row)
{
	const char *event = json_string_value(json_object_get(row, "event"));

	if (event != NULL && strcmp(event, "counter") == 0)
		(printing.openmetrics ? print_openmetrics : print_plain)(user, row);
	else if (printing.openmetrics)
		printf("# EOF\n");
}

int cmd_stats(int argc, char **argv)
{
	struct ask ask = { .command = "stats", .help = help_stats, .more = "ao", .option = take_option };

	return ask_all(&ask, argc, argv, print_row, &printing);
}
