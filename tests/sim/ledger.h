/*
 * sim/ledger: what a tracker says of itself, by events and iteration, and whether that can be.
 *
 * Invariants it holds usher to: no packet can belong to two live connections (so no key is lent twice), what begins ends, and when
 * all time-outs are over nothing is left.
 */
#ifndef USHER_SIM_LEDGER_H
#define USHER_SIM_LEDGER_H

#include "tests/sim/sim.h"

#define LEDGER_CONNS 1024u
#define LEDGER_EXPECTS 256u

struct ledger_conn {
	uint64_t id;
	struct usher_ref ref;
	struct usher_tuple orig, reply;
};

struct ledger {
	uint64_t now;
	uint32_t conn_count, expect_count;
	struct ledger_conn conn[LEDGER_CONNS];      /* begun, and not ended yet */
	struct usher_tuple expect[LEDGER_EXPECTS];  /* all that were made in this session */
	int64_t expects_open;
	struct ledger_conn clash[2];                /* two that cannot live at once; id 0: none */
};

void ledger_begin(struct ledger *l, bool keep);
void ledger_event(struct ledger *l, struct sim *sim, const struct usher_event *event);
/* After a burst: is a clash a real one? (A sink may not ask.) */
void ledger_check(struct ledger *l, struct sim *sim, struct usher_tracker *tracker);
bool ledger_expected(const struct ledger *l, uint8_t protocol, const struct usher_endpoint *to);
/* All time-outs are over. Once for each worker. */
void ledger_finish(struct ledger *l, struct sim *sim, struct usher_worker *worker);

#endif
