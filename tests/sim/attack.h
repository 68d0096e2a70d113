/*
 * sim/attack: somebody outside, and the other side of a control connection itself, try what was not announced.
 *
 * Every packet is marked, and a guarded host that gets one reports a violation.
 */
#ifndef USHER_SIM_ATTACK_H
#define USHER_SIM_ATTACK_H

#include "tests/sim/sim.h"

/* An announcement is on its way: others, and the right one at wrong places, try to use it. */
void attack_announced(struct sim *sim, struct announcement *a);
/* It was taken back: nobody may use it any more. */
void attack_closed(struct sim *sim, struct announcement *a);
/* At random times at random places; `count` of them within `seconds`. */
void attack_at_random(struct sim *sim, uint32_t count, uint32_t seconds);

#endif
