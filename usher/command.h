/*
 * A command of the program, and how the program complains: one line on stderr that names what is wrong and what was
 * expected.
 *
 * Exit statuses: 0 all went well, 1 something failed (a file, the output), 2 the command line makes no sense.
 */
#ifndef USHER_PROGRAM_COMMAND_H
#define USHER_PROGRAM_COMMAND_H

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>

enum status { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

/* A command's function gets argv from its own name on, and returns an enum status. Its help is printed as it is. */
#define X(name, summary) \
	int cmd_##name(int argc, char **argv); \
	extern const char help_##name[];
#include "usher/commands.def"
#undef X

/* "usher: ..." on stderr. Always STATUS_FAILED. What strangers wrote must be escaped by the caller. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The complaint of a command that this build does not have: a status. */
int without_gateway(void);

/* "usher COMMAND: ... (usher COMMAND --help)" on stderr; command NULL: the program itself. Always STATUS_USAGE. */
int misuse(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The complaint about what getopt_long (opterr 0, optstring beginning with ':') has just returned, '?' or ':'.
 * STATUS_USAGE.
 */
int misuse_option(const char *command, int returned, char **argv);

/* Print a help text on the standard output; STATUS_FAILED when that fails. */
int print_help(const char *text);

/*
 * Flush and close `out`; STATUS_FAILED, told by its name, when anything could not be written. `error` is the errno of a
 * failure seen before; 0: none was. That the reader of a pipe went away is no news: STATUS_FAILED, but nothing is said.
 */
int finish_output(FILE *out, const char *name, int error);
int finish_stdout(void);

/* Zeroed memory, or the end of the program with one line: nothing here can go on without. */
void *grab(size_t count, size_t size);
/* The same for an array that grows: `old` becomes `count` things of `size`, the new ones not zeroed. */
void *grow(void *old, size_t count, size_t size);

#endif
