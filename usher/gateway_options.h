/*
 * The options of `usher gateway`, for the commands that take them.
 */
#ifndef USHER_PROGRAM_GATEWAY_OPTIONS_H
#define USHER_PROGRAM_GATEWAY_OPTIONS_H

#include "gateway/gateway.h"

/*
 * Read them, and `use` the result, which goes when that returns: the name of a configuration file (and of the options what is no
 * matter of the file: socket, no_sandbox), or, where that is NULL, what the options say.
 * Returns an enum status: that of `use`, or why it was not used.
 */
int gateway_options(int argc, char **argv, int (*use)(const char *file, const struct gateway_config *config));

#endif
