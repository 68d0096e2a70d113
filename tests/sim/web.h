/*
 * sim/web: NAT slipstreaming. A browser inside is made to post FTP's words to port 21 of a server that plays along.
 *
 * Nothing of it may open anything: each announcement is one that usher must refuse, and is tried as soon as it left.
 */
#ifndef USHER_SIM_WEB_H
#define USHER_SIM_WEB_H

#include "tests/sim/app.h"

struct web_client {
	struct sim *sim;
	struct tcp *control;
	struct writer out;
	struct dice dice;
	bool done;
};

struct web_server {
	struct tcp *control;
	struct writer out;
	struct dice dice;
	bool greets;       /* as an FTP server would */
};

void web_begin(struct web_client *c, struct host *h, const struct usher_endpoint *to);
/* A listener's application: `app_data` is a struct web_server. */
void web_accept(struct tcp *t, enum tcp_event event);

#endif
