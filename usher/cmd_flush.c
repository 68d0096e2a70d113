/*
 * usher flush: end all connections of a running gateway.
 */
#include "usher/ask.h"
#include "usher/command.h"

const char help_flush[] =
	"usage: usher flush [OPTION]...\n"
	"\n"
	"Ends all connections and expectations of the running gateway, as conntrack -F does, and prints how many\n"
	"connections these were. Connections that begin meanwhile may stay.\n"
	"\n"
	ASK_HELP ASK_STATUS_HELP;

static void print_count(void *user, const json_t *row)
{
	long long count = (long long)json_integer_value(json_object_get(row, "count"));

	(void)user;
	printf("%lld connection%s ended\n", count, count == 1 ? "" : "s");
}

int cmd_flush(int argc, char **argv)
{
	struct ask ask = { .command = "flush", .help = help_flush, .done = true };

	return ask_all(&ask, argc, argv, print_count, NULL);
}
