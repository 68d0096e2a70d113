/*
 * gateway/config: the configuration file, usher.yaml(5), as `struct gateway_config`.
 *
 * A file is read whole or not at all. Everything that is wrong with it is told at once, a line each, with the file's line and the
 * key: so `usher check` and a gateway that is asked to read its file again say the same.
 * Owns: which keys there are (tables of them), and what goes together with what.
 */
#ifndef USHER_GATEWAY_CONFIG_H
#define USHER_GATEWAY_CONFIG_H

#include <stdio.h>

#include "gateway/gateway.h"

/*
 * Read a file, or `len` bytes of text (`name` is for errors); errors go to `errors` (NULL: nowhere). NULL: it is wrong. The result
 * is the caller's, and goes with gateway_config_free, all that it points to with it.
 */
struct gateway_config *gateway_config_read(const char *file, FILE *errors);
struct gateway_config *gateway_config_parse(const char *name, const char *text, size_t len, FILE *errors);
void gateway_config_free(struct gateway_config *config);

/* What it says, in a few lines for people. */
void gateway_config_summary(const struct gateway_config *config, FILE *out);

#endif
