/*
 * engine/timer: the few deadlines that cannot wait for the sweep: those of streams that hold or owe something.
 *
 * Owns: a heap of helpers' states, the earliest first. Invariants: a state is in the heap at most once, at `timer_at`
 * (from 1; 0: it is not); no parent is later than its children. Deadlines run before the packet that comes after them,
 * so that neither bursts nor the moment of a tick make a difference. Sources: DESIGN 3 ("A small heap").
 */
#include "engine/engine.h"

static usher_time at(const struct usher_worker *w, uint32_t i)
{
	return help_at(w, w->timers[i - 1])->timer;
}

static void put(struct usher_worker *w, uint32_t i, uint32_t help)
{
	w->timers[i - 1] = help;
	help_at(w, help)->timer_at = i;
}

/* Move the one at `i` to where it belongs. */
static void sift(struct usher_worker *w, uint32_t i)
{
	uint32_t help = w->timers[i - 1], child;
	usher_time time = help_at(w, help)->timer;

	while (i > 1 && at(w, i / 2) > time) {
		put(w, i, w->timers[i / 2 - 1]);
		i /= 2;
	}
	while ((child = 2 * i) <= w->timer_count) {
		if (child < w->timer_count && at(w, child + 1) < at(w, child))
			child++;
		if (at(w, child) >= time)
			break;
		put(w, i, w->timers[child - 1]);
		i = child;
	}
	put(w, i, help);
}

void usher__timer_set(struct usher_worker *w, uint32_t help, usher_time time)
{
	struct help *h = help_at(w, help);
	uint32_t i = h->timer_at, last;

	if (time != STREAM_NEVER) {
		h->timer = time;
		if (!i) {
			i = ++w->timer_count;
			put(w, i, help);
		}
		sift(w, i);
	} else if (i) {
		h->timer_at = 0;
		last = w->timers[--w->timer_count];
		if (last != help) {
			put(w, i, last);
			sift(w, i);
		}
	}
	w->next_timer = w->timer_count ? at(w, 1) : STREAM_NEVER;
}

void usher__timer_run(struct usher_worker *w)
{
	uint32_t i, limit = w->timer_count;

	for (i = 0; i <= limit && w->timer_count && at(w, 1) <= w->now; i++)
		usher__help_timer(w, w->timers[0]);
}

usher_time usher_wakeup(const struct usher_worker *w)
{
	return w->next_timer;
}
