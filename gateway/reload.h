/*
 * gateway/reload: from one configuration to the next while traffic goes on. gateway/run.c goes the steps; this file knows what the
 * next one may not change, and what connections that are there still need of the one before.
 */
#ifndef USHER_GATEWAY_RELOAD_H
#define USHER_GATEWAY_RELOAD_H

#include <stdio.h>

#include "bpf/shared.h"
#include "gateway/gateway.h"

struct gateway;

/*
 * Read the file again and put it in force; connections that are there stay as they are. What is wrong with the file goes to
 * `errors`, a line each, the outcome to stderr. false: all is as it was. Between bursts only: rules may go.
 */
bool gateway_reload(struct gateway *gateway, FILE *errors);

/* What is fixed from the start on stays as it is in `now`; where `next` says something else, that is told. */
void gw_reload_settle(const struct gateway_config *now, struct gateway_config *next);

/* Is a connection translated to or from this address of the machine? Looks at all of them. */
bool gw_in_use_address(struct usher_worker *worker, const struct usher_endpoint *address);

/* Is a forwarded port configured, or does a connection use it? `user` is a struct gw_in_use. */
struct gw_in_use {
	struct usher_worker *worker;
	const struct gateway_config *config;
};
bool gw_in_use_service(void *user, const struct steer_service *service);

#endif
