/*
 * gateway/answer: the commands of doc/control.md, answered step by step: a few rows at a time, so that packets have their turn
 * between.
 *
 * Invariants: a step looks at no more than ANSWER_RECORDS records; it begins a row only where there is room for one; what is told
 * of a connection is how it is at that moment.
 */
#ifndef USHER_GATEWAY_ANSWER_H
#define USHER_GATEWAY_ANSWER_H

#include <stdio.h>

#include "gateway/client.h"
#include "gateway/counters.h"

#define ANSWER_RECORDS 1024u

/* Whom answers are about. */
struct gw_asked {
	struct usher_worker *worker;
	const struct gw_counters *counters;
	usher_time now, since_1970; /* the engine's clock, and what makes seconds since 1970 of it */
	/* Read the configuration again; what is wrong goes to `errors`, a line each. NULL: there is none to be read. */
	bool (*reload)(void *user, FILE *errors);
	void *user;
};

/* Go on with client->request: at most *rows rows, which are taken from *rows. Over when client->answering is false. */
void gw_answer_step(struct gw_client *client, const struct gw_asked *asked, uint32_t *rows);

#endif
