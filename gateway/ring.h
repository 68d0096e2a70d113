/*
 * gateway/ring: events on their way to one watcher, as structures: put in during a burst, taken out and written as JSON between
 * bursts.
 *
 * Owns: its memory, taken when the watcher begins. Invariants: putting in takes no memory, no lock and no system call; all that an
 * event points to is copied, cut to what there is room for (RING_TEXT bytes of a note, RING_FIELDS fields); when it is full the
 * newest are lost, counted, and the loss is told in its place between the events.
 */
#ifndef USHER_GATEWAY_RING_H
#define USHER_GATEWAY_RING_H

#include <usher/usher.h>

#define RING_EVENTS     4096u
#define RING_TEXT       256u
#define RING_FIELDS     16u
#define RING_FIELD_TEXT 64u
#define RING_KIND       16u

struct gw_moment {
	struct usher_event event;
	uint64_t lost; /* before it */
	struct usher_conn conn;
	struct usher_expectation expectation;
	struct usher_tuple tuple;
	struct usher_field field[RING_FIELDS];
	char kind[RING_KIND];
	uint8_t text[RING_TEXT];
	uint8_t field_text[RING_FIELDS][RING_FIELD_TEXT];
};

struct gw_ring {
	struct gw_moment *moment; /* RING_EVENTS; NULL: nobody watches */
	uint32_t first, count;
	uint64_t lost; /* since the last that was put in */
};

/* false: no memory. Fini may be called twice. */
bool gw_ring_init(struct gw_ring *ring);
void gw_ring_fini(struct gw_ring *ring);

/* false: it is lost. */
bool gw_ring_put(struct gw_ring *ring, const struct usher_event *event);

/* The oldest; NULL: there is none. It stays until gw_ring_drop. */
const struct gw_moment *gw_ring_peek(const struct gw_ring *ring);
void gw_ring_drop(struct gw_ring *ring);

#endif
