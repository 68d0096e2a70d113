/*
 * gateway/ring: see ring.h.
 */
#include "gateway/ring.h"

#include <stdlib.h>
#include <string.h>

bool gw_ring_init(struct gw_ring *ring)
{
	*ring = (struct gw_ring){ .moment = calloc(RING_EVENTS, sizeof(*ring->moment)) };
	return ring->moment != NULL;
}

void gw_ring_fini(struct gw_ring *ring)
{
	free(ring->moment);
	*ring = (struct gw_ring){ 0 };
}

/* The engine keeps it in a record of its own. */
static const char *keep_kind(struct gw_moment *moment, const char *kind)
{
	size_t len = kind != NULL ? strnlen(kind, RING_KIND - 1) : 0;

	if (kind == NULL)
		return NULL;
	memcpy(moment->kind, kind, len);
	moment->kind[len] = '\0';
	return moment->kind;
}

static void keep_note(struct gw_moment *moment)
{
	struct usher_event *event = &moment->event;
	uint32_t count = event->u.note.field_count < RING_FIELDS ? event->u.note.field_count : RING_FIELDS;

	if (event->u.note.text_len > RING_TEXT)
		event->u.note.text_len = RING_TEXT;
	if (event->u.note.text_len > 0) {
		memcpy(moment->text, event->u.note.text, event->u.note.text_len);
		event->u.note.text = moment->text;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct usher_field *field = &moment->field[i];

		*field = event->u.note.fields[i];
		if (field->text == NULL)
			continue;
		if (field->text_len > RING_FIELD_TEXT)
			field->text_len = RING_FIELD_TEXT;
		memcpy(moment->field_text[i], field->text, field->text_len);
		field->text = moment->field_text[i];
	}
	event->u.note.fields = moment->field;
	event->u.note.field_count = count;
}

static void keep(struct gw_moment *moment, const struct usher_event *event)
{
	moment->event = *event;
	if (event->conn != NULL) {
		moment->conn = *event->conn;
		moment->event.conn = &moment->conn;
	}
	switch (event->type) {
	case USHER_EVENT_ANNOUNCE:
		moment->event.u.announce.kind = keep_kind(moment, event->u.announce.kind);
		break;
	case USHER_EVENT_EXPECT_NEW:
	case USHER_EVENT_EXPECT_HIT:
	case USHER_EVENT_EXPECT_GONE:
		moment->expectation = *event->u.expect.expectation;
		moment->expectation.kind = keep_kind(moment, moment->expectation.kind);
		moment->event.u.expect.expectation = &moment->expectation;
		break;
	case USHER_EVENT_NOTE:
		keep_note(moment);
		break;
	case USHER_EVENT_INVALID:
		if (event->u.invalid.tuple == NULL)
			break;
		moment->tuple = *event->u.invalid.tuple;
		moment->event.u.invalid.tuple = &moment->tuple;
		break;
	default:
		break;
	}
}

bool gw_ring_put(struct gw_ring *ring, const struct usher_event *event)
{
	struct gw_moment *moment;

	if (ring->count == RING_EVENTS) {
		ring->lost++;
		return false;
	}
	moment = &ring->moment[(ring->first + ring->count++) % RING_EVENTS];
	keep(moment, event);
	moment->lost = ring->lost;
	ring->lost = 0;
	return true;
}

const struct gw_moment *gw_ring_peek(const struct gw_ring *ring)
{
	return ring->count > 0 ? &ring->moment[ring->first] : NULL;
}

void gw_ring_drop(struct gw_ring *ring)
{
	if (ring->count == 0)
		return;
	ring->first = (ring->first + 1) % RING_EVENTS;
	ring->count--;
}
