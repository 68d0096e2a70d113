/*
 * gateway/control: the control socket: whoever may open it asks the running gateway (doc/control.md).
 *
 * Served from the gateway's one thread, between packets. Owns: the listening socket and its clients. Invariants: a turn does a
 * bounded amount of work (CONTROL_ROWS rows, CONTROL_EVENTS events, ANSWER_RECORDS records for each client) and never waits;
 * nothing that a client does or leaves undone stops another or the packets; the engine makes only the events that somebody
 * watches.
 */
#ifndef USHER_GATEWAY_CONTROL_H
#define USHER_GATEWAY_CONTROL_H

#include "gateway/answer.h"

#define CONTROL_CLIENTS  32u
#define CONTROL_WATCHERS 8u                  /* of them: each has a ring of some 10 MiB, as far as it is ever filled */
#define CONTROL_EVENTS   256u                /* of one turn, for all watchers: a turn of packets is up to 1024 of these */
#define CONTROL_ROWS     64u                 /* of one turn, for all others: these can wait */
#define CONTROL_IDLE     (30 * USHER_SECOND) /* a client that asks nothing for so long is sent away */

struct gw_control {
	int poll;     /* readable when there is something to do: for the gateway's poll */
	int listener;
	char path[108];
	uint64_t inode; /* of the socket's file, so that only our own is removed */
	bool more;    /* there is more to do than one turn does */
	bool knocked; /* somebody may wait at the listener */
	uint32_t turn;
	struct usher_tracker *tracker;
	struct gw_asked asked;
	struct gw_control_counts counts;
	struct gw_client *client[CONTROL_CLIENTS];
};

/*
 * Listen at `path`, its folder is made if it is missing. The tracker's sink is gw_control_sink with this control; events are off
 * until somebody watches. false: told. Fini may be called after a failed init, or none, if `poll` and `listener` are -1.
 */
bool gw_control_init(struct gw_control *control, const char *path, struct usher_tracker *tracker,
		     const struct gw_counters *counters);
void gw_control_fini(struct gw_control *control);

/* A turn. */
void gw_control_run(struct gw_control *control, usher_time now);

/* Is there something to do though `poll` does not say so? */
static inline bool gw_control_due(const struct gw_control *control)
{
	return control->more;
}

/* A usher_sink; `user` is a struct gw_control. */
void gw_control_sink(void *user, const struct usher_event *event);

#endif
