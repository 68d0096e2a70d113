/*
 * gateway/privileges: what the gateway gives up once it runs, so that whoever takes it over gains little.
 *
 * Three fences, in this order, none of which comes down again: files are written and removed only below the run directory
 * (Landlock, where the kernel has it), of root's capabilities only those are left that the running gateway uses, and the kernel
 * refuses every system call that it does not use (seccomp). privileges.c has the list, each with its reason.
 * Sources: capabilities(7), seccomp(2), landlock(7).
 */
#ifndef USHER_GATEWAY_PRIVILEGES_H
#define USHER_GATEWAY_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/steer.h"

/*
 * Give up what is not needed from here on: everything has been opened, loaded and attached. `run_directory` is the one place for
 * files; it need not exist. false: told; nothing may be assumed then but that the process can end.
 */
bool gw_privileges_drop(const struct gw_steer *steer, const char *run_directory);

/* How many system calls the filter has refused (each failed with EPERM), and one line for the last if it was not told yet. */
uint64_t gw_privileges_refused(void);
void gw_privileges_tell(void);

#endif
