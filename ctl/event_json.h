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
 * The members that name a packet's or connection's two ends: src, dst, and by protocol sport and dport, key, or type
 * and id.
 */
void ctl_tuple_json(struct ctl_json *json, const struct usher_tuple *tuple);

#endif
