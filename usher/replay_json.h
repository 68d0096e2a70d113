/*
 * usher replay --json: every event as a line, then the summary. doc/events.md describes them.
 */
#ifndef USHER_PROGRAM_REPLAY_JSON_H
#define USHER_PROGRAM_REPLAY_JSON_H

#include "usher/replay.h"

struct replay_json *replay_json_new(struct replay *replay);
void replay_json_free(struct replay_json *json);

void replay_json_event(struct replay_json *json, const struct usher_event *event);
/* The last lines: counters, if asked for, and the summary. `complete`: every file was read to its end. */
void replay_json_end(struct replay_json *json, bool complete);

#endif
