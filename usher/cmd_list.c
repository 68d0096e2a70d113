/*
 * usher list: the connections of a running gateway.
 */
#include "usher/ask.h"
#include "usher/command.h"

const char help_list[] =
	"usage: usher list [OPTION]...\n"
	"\n"
	"Lists the connections of the running gateway, each as conntrack -L prints it: protocol, its number, seconds\n"
	"until it ends if nothing comes, state, its first packet's ends, those of the answers, what is known of it.\n"
	"What is not asked for is not shown.\n"
	"\n"
	ASK_FILTER_HELP ASK_ID_HELP ASK_HELP ASK_STATUS_HELP
	"\n"
	"Examples:\n"
	"  usher list -p tcp --state established\n"
	"  usher list -s 192.168.1.0/24 --json | jq -r .reply.dst\n";

int cmd_list(int argc, char **argv)
{
	struct ask ask = { .command = "list", .help = help_list, .filter = true, .more = "i" };

	return ask_all(&ask, argc, argv, ask_print_row, &ask);
}
