/*
 * usher delete: end connections of a running gateway.
 */
#include "usher/ask.h"
#include "usher/command.h"

const char help_delete[] =
	"usage: usher delete FILTER...\n"
	"\n"
	"Ends the connections of the running gateway that match all of the filter, and prints them as conntrack -D does. What\n"
	"they still wait for ends too, and what cannot be without them (the GRE of a PPTP call); data connections of FTP go on.\n"
	"Nobody is told: a packet that comes later begins a new connection, if the gateway lets it. At least one filter is\n"
	"wanted: usher flush ends all.\n"
	"\n"
	ASK_FILTER_HELP ASK_ID_HELP ASK_HELP ASK_STATUS_HELP
	"\n"
	"Examples:\n"
	"  usher delete -s 192.168.1.5\n";

int cmd_delete(int argc, char **argv)
{
	struct ask ask = { .command = "delete", .help = help_delete, .filter = true, .more = "i" };
	int status = ask_options(&ask, argc, argv);

	if (status < 0 && optind < argc)
		status = misuse("delete", "there are only options here");
	if (status < 0 && json_object_size(ask.request) == 1) /* the command */
		status = misuse("delete", "at least one of -s, -d, -p, --sport, --dport, --zone, --state, --helper is wanted");
	if (status < 0)
		status = ask_gateway(&ask, ask_print_row, &ask);
	return ask_end(&ask, status);
}
