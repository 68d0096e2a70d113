/*
 * gateway/say: what the gateway tells whoever started it: one line on stderr.
 */
#ifndef USHER_GATEWAY_SAY_H
#define USHER_GATEWAY_SAY_H

#include <stdbool.h>

/* "usher gateway: ..." Always false, so that what failed can say so and return it. */
bool gw_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
