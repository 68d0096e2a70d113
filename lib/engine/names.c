/*
 * engine/names: names and counters for people: events, reasons, counters, timeouts, notes.
 */
#include "engine/engine.h"

#ifndef USHER_VERSION
#define USHER_VERSION "0.1.0"
#endif

#define NAME2(id, name) name,
#define NAME3(id, name, text) name,
#define TEXT3(id, name, text) text,
#define SECONDS(id, name, seconds) seconds,

static const char *const event_names[] = { USHER_EVENTS(NAME2) };
static const char *const reason_names[] = { USHER_REASONS(NAME3) };
static const char *const reason_texts[] = { USHER_REASONS(TEXT3) };
static const char *const counter_names[] = { USHER_COUNTERS(NAME3) };
static const char *const counter_texts[] = { USHER_COUNTERS(TEXT3) };
static const char *const timeout_names[] = { CONN_TIMEOUTS(NAME3) };
static const uint32_t timeout_seconds[] = { CONN_TIMEOUTS(SECONDS) };

const char *const usher__refusal_names[REFUSAL_COUNT] = { NULL, ENGINE_REFUSALS(NAME3) };
const char *const usher__refusal_texts[REFUSAL_COUNT] = { NULL, ENGINE_REFUSALS(TEXT3) };

const char *usher_event_name(unsigned type)
{
	return type < USHER_EVENT_COUNT ? event_names[type] : "unknown";
}

const char *usher_reason_name(unsigned reason)
{
	return reason < USHER_REASON_COUNT ? reason_names[reason] : "unknown";
}

const char *usher_reason_text(unsigned reason)
{
	return reason < USHER_REASON_COUNT ? reason_texts[reason] : "unknown";
}

const char *usher_counter_name(enum usher_counter counter)
{
	return (unsigned)counter < USHER_COUNTER_COUNT ? counter_names[counter] : "unknown";
}

const char *usher_counter_text(enum usher_counter counter)
{
	return (unsigned)counter < USHER_COUNTER_COUNT ? counter_texts[counter] : "unknown";
}

/* The stream layer counts for itself. */
uint64_t usher_counter_get(const struct usher_worker *w, enum usher_counter counter)
{
	switch (counter) {
	case USHER_COUNTER_RECORDS:
		return w->stream_counts.records;
	case USHER_COUNTER_RECORDS_CUT:
		return w->stream_counts.cut;
	case USHER_COUNTER_GAPS:
		return w->stream_counts.gaps;
	case USHER_COUNTER_GAP_BYTES:
		return w->stream_counts.gap_bytes;
	case USHER_COUNTER_EARLY:
		return w->stream_counts.early;
	case USHER_COUNTER_OVERLAP_BYTES:
		return w->stream_counts.overlap_bytes;
	case USHER_COUNTER_CONFLICTS:
		return w->stream_counts.conflicts;
	case USHER_COUNTER_STREAM_FULL:
		return w->stream_counts.no_memory;
	case USHER_COUNTER_EDITS:
		return w->stream_counts.edits;
	case USHER_COUNTER_HELD:
		return w->stream_counts.held;
	case USHER_COUNTER_HELD_EXPIRED:
		return w->stream_counts.held_too_long;
	case USHER_COUNTER_OWN_ACKS:
		return w->stream_counts.own_acks;
	case USHER_COUNTER_OWN_RETRANSMITS:
		return w->stream_counts.sent_again;
	case USHER_COUNTER_OWN_RESETS:
		return w->stream_counts.given_up;
	default:
		return (unsigned)counter < USHER_COUNTER_COUNT ? w->counter[counter] : 0;
	}
}

uint64_t usher_reason_count(const struct usher_worker *w, enum usher_reason reason)
{
	return (unsigned)reason < USHER_REASON_COUNT ? w->reason[reason] : 0;
}

uint64_t usher_note_count(const struct usher_worker *w, const char *helper, const char *code)
{
	uint8_t number = usher__helper_number(w->tracker, helper);
	const uint64_t *counts = w->notes + (number ? w->tracker->note_base[number - 1] : 0);
	uint32_t codes = number ? code_count(helper_at(w, number)) : 0, i;

	for (i = 0; i < codes; i++)
		if (!strcmp(helper_at(w, number)->notes[i].name, code))
			return counts[i];
	for (i = 1; number && i < REFUSAL_COUNT; i++)
		if (!strcmp(usher__refusal_names[i], code))
			return counts[codes + i];
	return 0;
}

unsigned usher_timeout_count(void)
{
	return CONN_TIMEOUT_COUNT;
}

const char *usher_timeout_name(unsigned timeout)
{
	return timeout < CONN_TIMEOUT_COUNT ? timeout_names[timeout] : NULL;
}

uint32_t usher_timeout_default(unsigned timeout)
{
	return timeout < CONN_TIMEOUT_COUNT ? timeout_seconds[timeout] : 0;
}

const char *usher_version(void)
{
	return USHER_VERSION;
}
