/*
 * usher expectations: what helpers of a running gateway announced and what has not come yet.
 */
#include "usher/ask.h"
#include "usher/command.h"

const char help_expectations[] =
	"usage: usher expectations [OPTION]...\n"
	"\n"
	"Lists the connections that helpers of the running gateway wait for, each as conntrack -L expect prints it:\n"
	"seconds that it is still waited for, protocol, its ends with masks, those of the control connection that\n"
	"announced it, class and helper.\n"
	"\n"
	ASK_FILTER_HELP ASK_ID_HELP ASK_HELP ASK_STATUS_HELP;

int cmd_expectations(int argc, char **argv)
{
	struct ask ask = { .command = "expectations", .help = help_expectations, .filter = true, .more = "i" };

	return ask_all(&ask, argc, argv, ask_print_row, &ask);
}
