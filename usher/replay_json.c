/*
 * See replay_json.h.
 */
#include "usher/replay_json.h"

#include <stdlib.h>

#include "ctl/event_json.h"
#include "usher/command.h"

struct replay_json {
	struct replay *replay;
	uint32_t file_told; /* event "file": so far */
	struct ctl_json out;
};

struct replay_json *replay_json_new(struct replay *replay)
{
	struct replay_json *json = grab(1, sizeof(*json));

	json->replay = replay;
	ctl_json_to_file(&json->out, replay->out);
	return json;
}

void replay_json_free(struct replay_json *json)
{
	free(json);
}

static bool many_files(const struct replay *replay)
{
	return replay->options->file_count > 1;
}

/* Which capture has which number, before the first event of it. */
static void tell_files(struct replay_json *json)
{
	for (; json->file_told < json->replay->file; json->file_told++) {
		ctl_json_begin(&json->out);
		ctl_json_string(&json->out, "event", "file");
		ctl_json_number(&json->out, "file", json->file_told + 1);
		ctl_json_string(&json->out, "name", json->replay->files[json->file_told].name);
		ctl_json_end(&json->out);
	}
}

void replay_json_event(struct replay_json *json, const struct usher_event *event)
{
	if (many_files(json->replay))
		tell_files(json);
	ctl_event_json(&json->out, event, many_files(json->replay) ? json->replay->file : 0);
}

/* Of IP packets, whatever became of them. */
static uint64_t count_fragments(const struct usher_worker *worker)
{
	static const enum usher_reason reasons[] = {
		USHER_REASON_FRAGMENT,         USHER_REASON_FRAGMENT_HELD, USHER_REASON_FRAGMENT_AGAIN,
		USHER_REASON_FRAGMENT_OVERLAP, USHER_REASON_FRAGMENT_BAD,  USHER_REASON_FRAGMENT_FULL,
	};
	uint64_t n = usher_counter_get(worker, USHER_COUNTER_REASSEMBLED); /* the last ones */

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		n += usher_reason_count(worker, reasons[i]);
	return n;
}

static void stats(struct ctl_json *out, const struct replay *replay)
{
	const struct usher_worker *worker = replay->worker;
	const struct usher_helper *helper;

	ctl_json_begin(out);
	ctl_json_string(out, "event", "stats");
	ctl_json_open(out, "counters");
	for (unsigned i = 0; i < USHER_COUNTER_COUNT; i++)
		ctl_json_number(out, usher_counter_name(i), usher_counter_get(worker, i));
	ctl_json_close(out);
	ctl_json_open(out, "reasons");
	for (unsigned i = USHER_REASON_NONE + 1; i < USHER_REASON_COUNT; i++)
		ctl_json_number(out, usher_reason_name(i), usher_reason_count(worker, i));
	ctl_json_close(out);
	ctl_json_open(out, "notes");
	for (unsigned i = 0; (helper = usher_helper(i)) != NULL; i++) {
		ctl_json_open(out, helper->name);
		for (const struct usher_code *code = helper->notes; code != NULL && code->name != NULL; code++)
			ctl_json_number(out, code->name, usher_note_count(worker, helper->name, code->name));
		ctl_json_close(out);
	}
	ctl_json_close(out);
	ctl_json_open(out, "refusals");
	for (uint32_t i = 0; i < replay->counts.refusal_count; i++)
		ctl_json_number(out, replay->counts.refusals[i].code, replay->counts.refusals[i].count);
	ctl_json_close(out);
	ctl_json_end(out);
}

void replay_json_end(struct replay_json *json, bool complete)
{
	static const enum usher_counter engine[] = {
		USHER_COUNTER_PACKETS, USHER_COUNTER_BYTES, USHER_COUNTER_CONNECTIONS, USHER_COUNTER_EXPECTATIONS,
		USHER_COUNTER_EXPECT_HITS, USHER_COUNTER_INVALID, USHER_COUNTER_NOTES
	};
	const struct replay *replay = json->replay;
	const struct replay_counts *counts = &replay->counts;
	struct ctl_json *out = &json->out;

	if (many_files(replay))
		tell_files(json);
	if (replay->options->stats)
		stats(out, replay);
	ctl_json_begin(out);
	ctl_json_string(out, "event", "summary");
	for (size_t i = 0; i < sizeof(engine) / sizeof(engine[0]); i++)
		ctl_json_number(out, usher_counter_name(engine[i]), usher_counter_get(replay->worker, engine[i]));
	ctl_json_number(out, "announced", counts->announced);
	ctl_json_number(out, "refused", counts->refused);
	ctl_json_number(out, "picked_up", usher_counter_get(replay->worker, USHER_COUNTER_PICKED_UP));
	ctl_json_number(out, "untracked", usher_counter_get(replay->worker, USHER_COUNTER_UNTRACKED));
	ctl_json_number(out, "out_of_window", usher_counter_get(replay->worker, USHER_COUNTER_OUT_OF_WINDOW));
	ctl_json_number(out, "fragments", count_fragments(replay->worker));
	ctl_json_number(out, "frames", counts->frames);
	ctl_json_number(out, "truncated", counts->cut);
	ctl_json_number(out, "not_ip", counts->not_ip);
	ctl_json_number(out, "unreadable", counts->unreadable);
	ctl_json_number(out, "files", replay->options->file_count);
	ctl_json_time(out, "first", counts->first);
	ctl_json_time(out, "last", counts->last);
	ctl_json_bool(out, "complete", complete);
	ctl_json_end(out);
}
