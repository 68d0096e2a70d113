/*
 * usher helpers: what the built-in helpers are and what they may say, from their descriptors.
 */
#include <usher/usher.h>

#include <stdio.h>
#include <string.h>

#include "ctl/json.h"
#include "ctl/text.h"
#include "usher/command.h"

const char help_helpers[] =
	"usage: usher helpers [OPTION]... [NAME]...\n"
	"\n"
	"Lists the helpers: the protocol that each reads, its customary ports, the longest record it reads whole, and what\n"
	"it announces, with the limits of each kind. With NAMEs: those only, and the codes of all notes and refusals that\n"
	"each may give, with their meaning.\n"
	"\n"
	"  -j, --json   one JSON object a line\n"
	"  -h, --help   this text\n"
	"\n"
	"Examples:\n"
	"  usher helpers\n"
	"  usher helpers ftp\n";

static const struct usher_helper *find(const char *name)
{
	const struct usher_helper *helper;

	for (unsigned i = 0; (helper = usher_helper(i)) != NULL; i++) {
		if (strcmp(helper->name, name) == 0)
			return helper;
	}
	return NULL;
}

static const char *ports_text(char *out, size_t size, const struct usher_helper *helper)
{
	size_t used = 0;

	snprintf(out, size, "-");
	for (const uint16_t *port = helper->ports; port != NULL && *port != 0 && used + 8 < size; port++)
		used += (size_t)snprintf(out + used, size - used, "%s%u", used > 0 ? "," : "", (unsigned)*port);
	return out;
}

/* "announces data: 1 at a time for each connection, valid 300 s, no ports below 1024" */
static void print_class(const struct usher_helper *helper, const struct usher_class *class)
{
	unsigned max = class->max;

	if (helper->item_size != 0 && helper->item_default < max) /* it remembers no more calls than these */
		max = (unsigned)helper->item_default;
	printf("    announces %s: %u at a time for each connection, ", class->name, max);
	if (class->timeout_s == USHER_EXPECT_FOREVER)
		printf("each until it is withdrawn");
	else
		printf("valid %u s", (unsigned)class->timeout_s);
	if (class->min_key != 0)
		printf(", no ports below %u", (unsigned)class->min_key);
	printf("\n");
}

static void print_one(const struct usher_helper *helper, bool notes)
{
	char ports[64];

	printf("%-10s %-9s %-10s %u bytes\n", helper->name, ctl_protocol(helper->protocol)->name,
	       ports_text(ports, sizeof(ports), helper), (unsigned)helper->record_max);
	for (const struct usher_class *class = helper->classes; class != NULL && class->name != NULL; class++)
		print_class(helper, class);
	for (const struct usher_code *code = helper->notes; notes && code != NULL && code->name != NULL; code++)
		printf("    %-26s %s\n", code->name, code->text);
}

/* Ports are a string, as --helper takes them: there are no arrays in this program's JSON. */
static void json_one(struct ctl_json *json, const struct usher_helper *helper)
{
	char ports[64];

	ctl_json_begin(json);
	ctl_json_string(json, "helper", helper->name);
	ctl_json_string(json, "proto", ctl_protocol(helper->protocol)->name);
	ctl_json_string(json, "ports", ports_text(ports, sizeof(ports), helper));
	ctl_json_number(json, "record_max", helper->record_max);
	if (helper->item_size != 0)
		ctl_json_number(json, "items", helper->item_default);
	ctl_json_open(json, "classes");
	for (const struct usher_class *class = helper->classes; class != NULL && class->name != NULL; class++) {
		ctl_json_open(json, class->name);
		ctl_json_number(json, "max", class->max);
		if (class->timeout_s != USHER_EXPECT_FOREVER)
			ctl_json_number(json, "timeout", class->timeout_s);
		ctl_json_number(json, "min_port", class->min_key);
		ctl_json_close(json);
	}
	ctl_json_close(json);
	ctl_json_open(json, "codes");
	for (const struct usher_code *code = helper->notes; code != NULL && code->name != NULL; code++)
		ctl_json_string(json, code->name, code->text);
	ctl_json_close(json);
	ctl_json_end(json);
}

static void show(const struct usher_helper *helper, bool as_json, bool notes)
{
	struct ctl_json json;

	ctl_json_to_file(&json, stdout);
	if (as_json)
		json_one(&json, helper);
	else
		print_one(helper, notes);
}

int cmd_helpers(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	bool as_json = false;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":jh", options, NULL)) != -1) {
		if (c == 'h')
			return print_help(help_helpers);
		if (c != 'j')
			return misuse_option("helpers", c, argv);
		as_json = true;
	}
	for (int i = optind; i < argc; i++) {
		char safe[64];

		if (find(argv[i]) == NULL)
			return misuse("helpers", "there is no helper \"%s\"",
				      ctl_escape(safe, sizeof(safe), argv[i], strlen(argv[i])));
	}
	if (!as_json)
		printf("%-10s %-9s %-10s %s\n", "helper", "protocol", "ports", "longest record");
	for (int i = optind; i < argc; i++)
		show(find(argv[i]), as_json, true);
	for (unsigned i = 0; optind == argc && usher_helper(i) != NULL; i++)
		show(usher_helper(i), as_json, false);
	return finish_stdout();
}
