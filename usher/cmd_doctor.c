/*
 * usher doctor: would the gateway run on this machine? gateway/doctor.h looks, here it is told.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl/json.h"
#include "gateway/config.h"
#include "gateway/doctor.h"
#include "usher/command.h"
#include "usher/gateway_options.h"

const char help_doctor[] =
	"usage: usher doctor [--json] [OPTION of usher gateway]...\n"
	"\n"
	"Looks at the machine and says what is missing for `usher gateway`, what is in its way, and what is worth knowing, each\n"
	"with the command that mends it. With the options of usher gateway it looks at those interfaces, addresses and keys too;\n"
	"without, only at the machine. It changes nothing. As root it can try what it otherwise only reads.\n"
	"\n"
	"  -j, --json   one JSON object a line for each finding: check, level (good, note, wrong), text, mend; a summary last\n"
	"  -h, --help   this text\n"
	"\n"
	"Exit status: 0 the gateway would run; 1 it would not, or forward nothing; 2 the command line makes no sense.\n"
	"\n"
	"Examples:\n"
	"  usher doctor\n"
	"  usher doctor --inside lan0 --outside wan0 --masquerade\n"
	"  usher doctor -c /etc/usher/usher.yaml\n";

#ifdef USHER_GATEWAY
static const char *const levels[DOCTOR_LEVEL_COUNT] = { "good", "note", "wrong" };
static bool as_json;

static void print_finding(void *user, const struct doctor_finding *finding)
{
	(void)user;
	printf("%-5s  %-10s  %s\n", levels[finding->level], finding->check, finding->text);
	if (finding->mend != NULL)
		printf("%-5s  %-10s  -> %s\n", "", "", finding->mend);
}

static void json_finding(void *user, const struct doctor_finding *finding)
{
	struct ctl_json json;

	(void)user;
	ctl_json_to_file(&json, stdout);
	ctl_json_begin(&json);
	ctl_json_string(&json, "check", finding->check);
	ctl_json_string(&json, "level", levels[finding->level]);
	ctl_json_string(&json, "text", finding->text);
	ctl_json_string(&json, "mend", finding->mend);
	ctl_json_end(&json);
}

static void json_summary(const unsigned count[DOCTOR_LEVEL_COUNT])
{
	struct ctl_json json;

	ctl_json_to_file(&json, stdout);
	ctl_json_begin(&json);
	ctl_json_string(&json, "check", "summary");
	ctl_json_bool(&json, "runs", count[DOCTOR_WRONG] == 0);
	for (int level = 0; level < DOCTOR_LEVEL_COUNT; level++)
		ctl_json_number(&json, levels[level], count[level]);
	ctl_json_end(&json);
}

static int examine(const struct gateway_config *config)
{
	unsigned count[DOCTOR_LEVEL_COUNT];
	int status;

	gateway_doctor(config, as_json ? json_finding : print_finding, NULL, count);
	if (as_json)
		json_summary(count);
	else if (count[DOCTOR_WRONG] == 0)
		printf("\nThe gateway would run here%s.\n",
		       config == NULL ? " (name its interfaces, and they are looked at too)" : "");
	else
		printf("\nThe gateway would not run here, or forward nothing: %u wrong.\n", count[DOCTOR_WRONG]);
	status = finish_stdout();
	return status == STATUS_OK && count[DOCTOR_WRONG] != 0 ? STATUS_FAILED : status;
}

/* As it is configured by a file, or else by options. */
static int examine_configured(const char *file, const struct gateway_config *config)
{
	struct gateway_config *read = file != NULL ? gateway_config_read(file, stderr) : NULL;
	int status = STATUS_FAILED;

	if (file == NULL)
		return examine(config);
	if (read != NULL)
		status = examine(read);
	gateway_config_free(read);
	return status;
}
#endif

/* What is the doctor's own is taken out of the line; the rest is the gateway's. */
static bool take_out(int *argc, char **argv, const char *letter, const char *word)
{
	bool found = false;
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], letter) == 0 || strcmp(argv[i], word) == 0)
			found = true;
		else
			argv[kept++] = argv[i];
	}
	*argc = kept;
	argv[kept] = NULL;
	return found;
}

int cmd_doctor(int argc, char **argv)
{
	bool json = take_out(&argc, argv, "-j", "--json");

	if (take_out(&argc, argv, "-h", "--help"))
		return print_help(help_doctor);
#ifdef USHER_GATEWAY
	as_json = json;
	return argc > 1 ? gateway_options(argc, argv, examine_configured) : examine(NULL);
#else
	(void)json;
	return without_gateway();
#endif
}
