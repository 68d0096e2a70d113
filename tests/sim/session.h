/*
 * sim/session: one scenario, played. What stays between sessions (memory, trackers) is in struct session.
 */
#ifndef USHER_SIM_SESSION_H
#define USHER_SIM_SESSION_H

#include "tests/sim/scenario.h"
#include "tests/sim/web.h"

#define SESSION_GATEWAYS 3u /* two, and what lies between them */

struct session {
	struct sim sim;
	struct gateway *gateway[SESSION_GATEWAYS];
	struct ftp_client ftp_client[SCENARIO_CLIENTS];
	struct ftp_house ftp_house;
	struct pptp_house pptp_house;
	struct web_client web_client;
	struct web_server web_server;
};

struct session *session_new(void);
void session_free(struct session *s);
/* Plays it; `keep`: with the trackers as the session before left them. false: a violation, see s->sim.violation. */
bool session_run(struct session *s, const struct scenario *scenario, bool keep, struct trace *trace);

#endif
