/*
 * usher, the program: finds the command and leaves the rest to it. commands.def is the list.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ctl/text.h"
#include "usher/command.h"

static const struct command {
	const char *name, *summary, *help;
	int (*run)(int argc, char **argv);
} commands[] = {
#define X(name, summary) { #name, summary, help_##name, cmd_##name },
#include "usher/commands.def"
#undef X
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static int print_overview(void)
{
	printf("usher: connection tracking with application-layer helpers, in user space\n"
	       "\n"
	       "usage: usher COMMAND [OPTION]... [ARGUMENT]...\n"
	       "\n"
	       "Commands:\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-12s %s\n", commands[i].name, commands[i].summary);
	printf("\n"
	       "usher help COMMAND, or usher COMMAND --help, tells all about a command; so does the manual, usher(1).\n"
	       "\n"
	       "Exit status: 0 all went well, 1 something failed, 2 the command line makes no sense.\n");
	return finish_stdout();
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static int no_command(const char *name)
{
	char safe[64];

	return misuse(NULL, "there is no command \"%s\"", ctl_escape(safe, sizeof(safe), name, strlen(name)));
}

static int help(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2)
		return print_overview();
	if (argc > 2)
		return misuse(NULL, "help: one command, not %d", argc - 1);
	command = find(argv[1]);
	return command != NULL ? print_help(command->help) : no_command(argv[1]);
}

int main(int argc, char **argv)
{
	const struct command *command;

	/* A reader that goes away is an error of writing like any other; see finish_stdout. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return misuse(NULL, "no command is given");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return print_overview();
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return cmd_version(1, argv + 1);
	if (strcmp(argv[1], "help") == 0)
		return help(argc - 1, argv + 1);
	command = find(argv[1]);
	if (command == NULL && argv[1][0] == '-')
		return misuse(NULL, "unknown option %s", argv[1]);
	if (command == NULL)
		return no_command(argv[1]);
	return command->run(argc - 1, argv + 1);
}
