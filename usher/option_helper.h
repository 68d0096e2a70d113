/*
 * The option --helper, which several commands have.
 */
#ifndef USHER_PROGRAM_OPTION_HELPER_H
#define USHER_PROGRAM_OPTION_HELPER_H

#include <usher/usher.h>

/*
 * NAME=PORT[,PORT]...[/4|/6]: the ports are put behind the `*count` of `*ports`, which grows. An enum status; not OK: told as
 * `command`'s complaint.
 */
int option_helper(const char *command, const char *argument, struct usher_port_helper **ports, uint32_t *count);

/* The customary ports of one helper, if there is such a helper, likewise. */
void option_usual_helper(const char *name, struct usher_port_helper **ports, uint32_t *count);

#endif
