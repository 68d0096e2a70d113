/*
 * usher replay --explain: why each interesting packet got its verdict, in the order of the capture.
 *
 * Owns: the sentences about the packet at work. Invariants: packets come one by one (bursts of 1), so what the tracker
 * told since the last packet is about this one.
 */
#ifndef USHER_PROGRAM_REPLAY_EXPLAIN_H
#define USHER_PROGRAM_REPLAY_EXPLAIN_H

#include "usher/replay.h"

struct replay_explain *replay_explain_new(struct replay *replay);
void replay_explain_free(struct replay_explain *explain);

/* Something happened: to the packet at work, or by itself. */
void replay_explain_event(struct replay_explain *explain, const struct usher_event *event);
/* The packet has been processed: its lines are written. */
void replay_explain_packet(struct replay_explain *explain, const struct usher_packet *packet);

#endif
