/*
 * sim/law: the law of bursts. What a gateway was given is kept, and given again to a second tracker in other bursts: what comes out
 * must be the same, to the byte and event.
 */
#ifndef USHER_SIM_LAW_H
#define USHER_SIM_LAW_H

#include "tests/sim/sim.h"

struct law {
	bool kept;             /* this session is to be compared */
	bool recording, replaying;
	struct bytes tape;     /* what went in: struct law_entry and the packet, one after the other */
	struct bytes output;   /* a hash of 64 bits of each packet that came out, each verdict, each event */
	struct bytes events;
	uint32_t at;           /* replaying: compared so far, of `output` */
	uint32_t events_at;
	bool differs;
	void *region;
	size_t size;
};

void law_begin(struct law *l, bool record);
void law_free(struct law *l);
/* The session is over: what follows is not compared. */
void law_stop(struct law *l);
void law_burst(struct law *l, const struct usher_packet *burst, uint32_t count);
void law_tick(struct law *l, uint64_t now);
/* A packet came out, or was judged. */
void law_output(struct law *l, const uint8_t *data, uint32_t len, uint8_t verdict);
void law_event(struct law *l, const struct usher_event *event);
/* `options` are those of the gateway; the sink's user is told the second run's events meanwhile. */
void law_compare(struct law *l, struct sim *sim, const struct usher_options *options);

#endif
