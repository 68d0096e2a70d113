/*
 * See command.h.
 */
#include "usher/command.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"

int complain(const char *format, ...)
{
	va_list arguments;

	fputs("usher: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return STATUS_FAILED;
}

int misuse(const char *command, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "usher%s%s: ", command != NULL ? " " : "", command != NULL ? command : "");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	if (command != NULL)
		fprintf(stderr, " (usher %s --help tells more)\n", command);
	else
		fputs(" (usher --help lists the commands)\n", stderr);
	return STATUS_USAGE;
}

int misuse_option(const char *command, int returned, char **argv)
{
	const char *word = argv[optind - 1];
	char safe[64], letter[3] = { '-', (char)optopt, '\0' };
	bool is_long = optind > 1 && strncmp(word, "--", 2) == 0;

	/* A short one has its letter in optopt; a long one that wants an argument as well, so the word decides. */
	ctl_escape(safe, sizeof(safe), is_long ? word : letter, is_long ? strcspn(word, "=") : 2);
	if (returned == ':')
		return misuse(command, "%s wants an argument", safe);
	if (is_long && optopt != 0)
		return misuse(command, "%s takes no argument", safe);
	return misuse(command, "unknown option %s", safe);
}

int print_help(const char *text)
{
	fputs(text, stdout);
	return finish_stdout();
}

int without_gateway(void)
{
	return complain("this one was built without the gateway, for want of libbpf, libyaml, libcap, libseccomp or clang"
			" (-Dgateway=enabled tells)");
}

/* A pipe that nobody reads any more. */
static bool reader_gone(FILE *out)
{
	struct pollfd fd = { .fd = fileno(out) };

	return poll(&fd, 1, 0) == 1 && (fd.revents & POLLERR);
}

int finish_output(FILE *out, const char *name, int error)
{
	bool bad = ferror(out) != 0, silent = reader_gone(out);

	if (fclose(out) != 0) {
		bad = true;
		error = error != 0 ? error : errno;
	}
	if (!bad)
		return STATUS_OK;
	if (silent)
		return STATUS_FAILED;
	return complain("%s: %s", name, error != 0 ? strerror(error) : "could not be written");
}

int finish_stdout(void)
{
	return finish_output(stdout, "standard output", 0);
}

void *grab(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (memory == NULL)
		exit(complain("out of memory"));
	return memory;
}

void *grow(void *old, size_t count, size_t size)
{
	void *memory = reallocarray(old, count, size);

	if (memory == NULL)
		exit(complain("out of memory"));
	return memory;
}
