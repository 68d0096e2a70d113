/*
 * The parts of a control connection in the order of the capture, however they are shown.
 */
#ifndef USHER_PROGRAM_TREE_PARTS_H
#define USHER_PROGRAM_TREE_PARTS_H

#include "usher/replay_tree.h"

/* One of these; the others are NULL. */
struct tree_part {
	const struct replay_place *place;
	const struct tree_step *step;   /* of the session */
	const struct tree_call *call;
	const struct tree_announcement *announcement; /* of no call */
	const struct tree_note *note;
};

/* How far one has come. */
struct tree_parts {
	const struct tree_conn *conn;
	const struct tree_step *step;
	const struct tree_call *call;
	const struct tree_announcement *announcement;
	uint32_t note;
};

struct tree_parts tree_parts_of(const struct tree_conn *conn);
/* The next one; false: that was all. */
bool tree_parts_next(struct tree_parts *parts, struct tree_part *part);

bool tree_is_before(const struct replay_place *a, const struct replay_place *b);

#endif
