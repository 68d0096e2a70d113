/*
 * usher version
 */
#include <usher/usher.h>

#include <stdio.h>

#include "usher/command.h"

const char help_version[] =
	"usage: usher version\n"
	"\n"
	"Prints the version of the program and its library.\n"
	"\n"
	"  -h, --help   this text\n";

int cmd_version(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (c == 'h')
			return print_help(help_version);
		return misuse_option("version", c, argv);
	}
	if (optind < argc)
		return misuse("version", "takes no arguments");
	printf("usher %s\n", usher_version());
	return finish_stdout();
}
