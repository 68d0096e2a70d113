/*
 * ctl/event_json: an event of <usher/event.h> as one line of JSON. doc/events.md describes every field; names and
 * meanings are an interface and are only ever added to.
 */
#ifndef USHER_CTL_EVENT_JSON_H
#define USHER_CTL_EVENT_JSON_H

#include <usher/event.h>

#include "ctl/json.h"

/*
 * Write the event as one line. `file` is the number of the capture that its frame belongs to; 0: there is but one.
 * false: it could not be written (ctl/json.h).
 */
bool ctl_event_json(struct ctl_json *json, const struct usher_event *event, uint32_t file);

/*
 * The same of a running gateway: conn_new and conn_update say besides how the connection stands and how long it lives if nothing
 * comes. `since_1970` is added to the engine's times (doc/events.md promises seconds since 1970).
 */
bool ctl_live_event_json(struct ctl_json *json, const struct usher_event *event, usher_time since_1970);

/* A connection, or an expectation, as it is at the moment `now`: rows of doc/control.md. `master` may be NULL: it is gone. */
bool ctl_conn_json(struct ctl_json *json, const struct usher_conn *conn, usher_time now, usher_time since_1970);
bool ctl_expectation_json(struct ctl_json *json, const struct usher_expectation *expectation, const struct usher_conn *master,
			  usher_time now, usher_time since_1970);

/*
 * The members that name a packet's or connection's two ends: src, dst, and by protocol sport and dport, key, or type
 * and id.
 */
void ctl_tuple_json(struct ctl_json *json, const struct usher_tuple *tuple);

#endif
