/*
 * usher reload: a running gateway reads its configuration file again.
 */
#include <stdio.h>
#include <string.h>

#include "ctl/text.h"
#include "usher/ask.h"
#include "usher/command.h"

const char help_reload[] =
	"usage: usher reload [OPTION]...\n"
	"\n"
	"Has the running gateway read its configuration file again, as SIGHUP does, and says what is wrong with it: then all\n"
	"stays as it was, and the exit status is 1. If it is good it holds for new connections; those that there are stay.\n"
	"\n"
	ASK_HELP ASK_STATUS_HELP;

static void print_row(void *user, const json_t *row)
{
	const char *event = json_string_value(json_object_get(row, "event"));
	const char *text = json_string_value(json_object_get(row, "text"));

	char safe[1024];

	(void)user;
	if (event != NULL && strcmp(event, "wrong") == 0 && text != NULL)
		fprintf(stderr, "%s\n", ctl_escape(safe, sizeof(safe), text, strlen(text)));
	else if (event != NULL && strcmp(event, "done") == 0)
		printf("the file is in force\n");
}

int cmd_reload(int argc, char **argv)
{
	struct ask ask = { .command = "reload", .help = help_reload, .done = true };

	return ask_all(&ask, argc, argv, print_row, NULL);
}
