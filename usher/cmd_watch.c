/*
 * usher watch: what happens in a running gateway, as it happens.
 */
#include <string.h>

#include <usher/usher.h>

#include "ctl/row_text.h"
#include "ctl/text.h"
#include "usher/ask.h"
#include "usher/command.h"

const char help_watch[] =
	"usage: usher watch [OPTION]...\n"
	"\n"
	"Tells what happens in the running gateway, as conntrack -E prints it, until it is interrupted: connections\n"
	"that begin, change and end; with --event also others. A reader that is too slow is told how many events it\n"
	"lost.\n"
	"\n"
	"  -e, --event NAME[,NAME]...  these only: conn_new, conn_update, conn_destroy (if nothing is said, these three),\n"
	"                              expect_new, expect_hit, expect_gone; with --json also announce, note, invalid\n"
	"                              (and if nothing is said, all)\n"
	ASK_FILTER_HELP ASK_ID_HELP ASK_HELP ASK_STATUS_HELP
	"\n"
	"Examples:\n"
	"  usher watch -p tcp --dport 21\n"
	"  usher watch --json --event announce,expect_hit --helper ftp\n";

/* NAME[,NAME]... */
static bool take_events(struct ask *ask, int letter, const char *argument)
{
	json_t *list = json_object_get(ask->request, "events");
	char name[32], safe[64];

	(void)letter;
	if (list == NULL) {
		list = json_array();
		json_object_set_new(ask->request, "events", list);
	}
	while (true) {
		size_t len = strcspn(argument, ",");
		unsigned type = 0;

		snprintf(name, sizeof(name), "%.*s", (int)len, argument);
		while (type < USHER_EVENT_COUNT && strcmp(usher_event_name(type), name) != 0)
			type++;
		if (type == USHER_EVENT_COUNT) {
			misuse("watch", "--event %s: there is no such event", ctl_escape(safe, sizeof(safe), argument, len));
			return false;
		}
		json_array_append_new(list, json_string(name));
		if (argument[len] == '\0')
			return true;
		argument += len + 1;
	}
}

/* Those that conntrack has lines for. */
static int judge_events(struct ask *ask)
{
	static const char *const usual[] = { "conn_new", "conn_update", "conn_destroy" };
	json_t *list = json_object_get(ask->request, "events");

	if (ask->json)
		return -1;
	if (list == NULL) {
		list = json_array();
		json_object_set_new(ask->request, "events", list);
		for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
			json_array_append_new(list, json_string(usual[i]));
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (strncmp(name, "conn_", 5) != 0 && strncmp(name, "expect_", 7) != 0)
			return misuse("watch", "--event %s: only with --json", name);
	}
	return -1;
}

static void print_event(void *user, const json_t *row)
{
	const struct ask *ask = user;
	const char *name = json_string_value(json_object_get(row, "event"));

	if (!ctl_row_text(stdout, row, ask->id) && name != NULL && strcmp(name, "lost") == 0)
		printf("   [LOST] %lld events\n", (long long)json_integer_value(json_object_get(row, "count")));
}

int cmd_watch(int argc, char **argv)
{
	struct ask ask = {
		.command = "watch", .help = help_watch, .filter = true, .more = "ie:", .option = take_events, .flush = true,
	};
	int status = ask_options(&ask, argc, argv);

	if (status < 0 && optind < argc)
		status = misuse("watch", "there are only options here");
	if (status < 0)
		status = judge_events(&ask);
	if (status < 0)
		status = ask_gateway(&ask, print_event, &ask);
	return ask_end(&ask, status);
}
