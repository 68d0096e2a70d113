/*
 * See say.h.
 */
#include "gateway/say.h"

#include <stdarg.h>
#include <stdio.h>

bool gw_say(const char *format, ...)
{
	va_list arguments;
	char line[512];

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fprintf(stderr, "usher gateway: %s\n", line);
	return false;
}
