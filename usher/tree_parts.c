/*
 * See tree_parts.h: each list is in order, so the next part is the earliest of their heads.
 */
#include "usher/tree_parts.h"

struct tree_parts tree_parts_of(const struct tree_conn *conn)
{
	return (struct tree_parts){ conn, conn->steps.first, conn->calls, conn->announcements, 0 };
}

bool tree_is_before(const struct replay_place *a, const struct replay_place *b)
{
	return a->file < b->file || (a->file == b->file && a->frame < b->frame);
}

/* Of one frame a message comes first, then what was made of it. */
bool tree_parts_next(struct tree_parts *parts, struct tree_part *part)
{
	const struct tree_note *note = parts->note < parts->conn->note_count ? &parts->conn->notes[parts->note] : NULL;
	const struct replay_place *first = NULL;

	while (parts->announcement != NULL && parts->announcement->call != NULL) /* told with its call */
		parts->announcement = parts->announcement->next;
	*part = (struct tree_part){ 0 };
	if (parts->step != NULL)
		first = &parts->step->first;
	if (parts->call != NULL && (first == NULL || tree_is_before(&parts->call->begin, first)))
		first = &parts->call->begin;
	if (parts->announcement != NULL && (first == NULL || tree_is_before(&parts->announcement->place, first)))
		first = &parts->announcement->place;
	if (note != NULL && (first == NULL || tree_is_before(&note->first, first)))
		first = &note->first;
	part->place = first;
	if (parts->step != NULL && first == &parts->step->first) {
		part->step = parts->step;
		parts->step = parts->step->next;
	} else if (parts->call != NULL && first == &parts->call->begin) {
		part->call = parts->call;
		parts->call = parts->call->next;
	} else if (parts->announcement != NULL && first == &parts->announcement->place) {
		part->announcement = parts->announcement;
		parts->announcement = parts->announcement->next;
	} else if (first != NULL) {
		part->note = note;
		parts->note++;
	}
	return first != NULL;
}
