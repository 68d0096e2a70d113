/*
 * See replay_explain.h. A line: frame, time, verdict and state, who to whom, and why, in words.
 */
#include "usher/replay_explain.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"
#include "usher/command.h"
#include "usher/words.h"

#define SENTENCES_MAX 24u
#define SENTENCE_SIZE 512u
#define ABOUT_SIZE    400u

/* What counters tell about one packet, and no event does. */
static const struct {
	enum usher_counter counter;
	const char *sentence;
	bool with_number; /* by how much it grew stands in front */
} told_by_counters[] = {
	{ USHER_COUNTER_GAP_BYTES, "bytes of this stream were never seen; the helper reads on behind them", true },
	{ USHER_COUNTER_RECORDS_CUT, "a record longer than its helper reads: only its head was looked at", false },
	{ USHER_COUNTER_CONFLICTS, "repeated bytes differ from their first copy, which counts", false },
	{ USHER_COUNTER_STREAM_FULL, "no memory is left for bytes that must wait", false },
	{ USHER_COUNTER_HELP_FULL, "no room for the helper's state: it does not read this connection", false },
};

#define COUNTERS (sizeof(told_by_counters) / sizeof(told_by_counters[0]))

struct replay_explain {
	struct replay *replay;
	uint32_t count;                /* sentences about the packet at work */
	char sentence[SENTENCES_MAX][SENTENCE_SIZE];
	bool has_tuple;                /* of a packet without connection */
	struct usher_tuple tuple;
	uint64_t seen[COUNTERS];       /* the counters before the packet */
};

struct replay_explain *replay_explain_new(struct replay *replay)
{
	struct replay_explain *explain = grab(1, sizeof(*explain));

	explain->replay = replay;
	return explain;
}

void replay_explain_free(struct replay_explain *explain)
{
	free(explain);
}

/* "2:13" when there are several files. */
static void print_place(const struct replay_explain *explain, uint64_t frame, usher_time time)
{
	const struct replay *replay = explain->replay;
	struct replay_place place = { frame, replay->file, time };
	char text[WORDS_SIZE] = "-", moment[WORDS_SIZE] = "-";
	usher_time since;

	if (frame != 0 && replay->options->file_count > 1)
		snprintf(text, sizeof(text), "%u:%llu", (unsigned)replay->file, (unsigned long long)frame);
	else if (frame != 0)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)frame);
	if (replay_since(replay, &place, &since))
		snprintf(moment, sizeof(moment), "%llu.%06llu", (unsigned long long)(since / USHER_SECOND),
			 (unsigned long long)(since % USHER_SECOND / 1000));
	fprintf(replay->out, "frame %-6s %13s  ", text, moment);
}

/* Kept until the packet's verdict is known; what happened by itself is written at once. */
static void say(struct replay_explain *explain, const struct usher_event *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct replay_explain *explain, const struct usher_event *event, const char *format, ...)
{
	char by_itself[SENTENCE_SIZE];
	char *sentence = by_itself;
	va_list arguments;

	if (event->frame != 0 && explain->count == SENTENCES_MAX)
		return;
	if (event->frame != 0)
		sentence = explain->sentence[explain->count++];
	va_start(arguments, format);
	vsnprintf(sentence, SENTENCE_SIZE, format, arguments);
	va_end(arguments);
	if (event->frame == 0) {
		print_place(explain, 0, event->time);
		fprintf(explain->replay->out, "%-19s %s\n", "-", sentence);
	}
}

typedef unsigned long long ull;

static void conn_new(struct replay_explain *explain, const struct usher_event *event)
{
	const struct usher_conn *conn = event->conn;
	char helper[64] = "";

	if (conn->expect != 0)
		return; /* expect_hit comes next and says more */
	if (conn->helper != NULL)
		snprintf(helper, sizeof(helper), "; the helper %s reads it", conn->helper);
	say(explain, event, "connection %llu begins%s%s%s", (ull)conn->id,
	    conn->flags & USHER_CONN_PICKED_UP ? ", picked up in the middle" : "", helper,
	    conn->reversed ? ", its client is on the right" : "");
}

/* Those that only ran out of time are left out: there are as many as connections. */
static void conn_destroy(struct replay_explain *explain, const struct usher_event *event)
{
	const struct usher_conn *conn = event->conn;
	char tuple[WORDS_TUPLE_SIZE];

	if (event->frame == 0 && conn->helper == NULL && conn->master == 0)
		return;
	if (strcmp(event->u.destroy.reason, "end") == 0)
		return;
	say(explain, event, "connection %llu ends, %s: %s %s", (ull)conn->id, event->u.destroy.reason,
	    ctl_protocol(conn->orig.protocol)->name, words_tuple(tuple, &conn->orig));
}

static void announce(struct replay_explain *explain, const struct usher_event *event)
{
	const struct usher_announcement *what = &event->u.announce;
	char ends[WORDS_ENDS_SIZE];

	words_announced(ends, event->conn, what);
	if (what->accepted)
		say(explain, event, "connection %llu announces %s %s: accepted%s", (ull)event->conn->id, what->kind, ends,
			what->certain ? "" : ", not certain: not all before it was seen");
	else
		say(explain, event, "connection %llu announces %s %s: refused, %s: %s", (ull)event->conn->id, what->kind,
			ends, what->code != NULL ? what->code : "-", what->text != NULL ? what->text : "-");
}

/* "valid 300 s", "standing": how long it waits. */
static const char *validity(const struct usher_expectation *expectation, char out[WORDS_SIZE])
{
	if (expectation->timeout_s == USHER_EXPECT_FOREVER)
		return "standing";
	snprintf(out, WORDS_SIZE, "valid %u s", (unsigned)expectation->timeout_s);
	return out;
}

static void expect_new(struct replay_explain *explain, const struct usher_event *event)
{
	const struct usher_expectation *expectation = event->u.expect.expectation;
	const struct usher_tuple *tuple = &expectation->tuple;
	char src[CTL_ENDPOINT_SIZE], dst[CTL_ENDPOINT_SIZE], valid[WORDS_SIZE], call[32] = "";

	if (event->u.expect.refreshed) {
		say(explain, event, "expectation %llu is said again: %s", (ull)expectation->id, validity(expectation, valid));
		return;
	}
	if (ctl_protocol(tuple->protocol)->key == CTL_CALL)
		snprintf(call, sizeof(call), " call %u%s", (unsigned)tuple->dst.key, expectation->both ? ", or back" : "");
	say(explain, event, "expectation %llu, %s: %s from %s to %s%s", (ull)expectation->id, validity(expectation, valid),
		ctl_protocol(tuple->protocol)->name, ctl_address(src, &tuple->src),
		ctl_endpoint(dst, tuple->protocol, &tuple->dst), call);
}

static void expect_hit(struct replay_explain *explain, const struct usher_event *event)
{
	const struct usher_expectation *expectation = event->u.expect.expectation;

	say(explain, event, "connection %llu begins, let in by expectation %llu: %s of connection %llu",
	    (ull)event->conn->id, (ull)expectation->id, expectation->kind, (ull)expectation->master);
}

static void expect_gone(struct replay_explain *explain, const struct usher_event *event)
{
	if (strcmp(event->u.expect.reason, "used") == 0 || strcmp(event->u.expect.reason, "end") == 0)
		return; /* said already; and nothing to learn from */
	say(explain, event, "expectation %llu is gone: %s", (ull)event->u.expect.expectation->id,
		event->u.expect.reason);
}

static void note(struct replay_explain *explain, const struct usher_event *event)
{
	const char *side = event->u.note.side == USHER_CLIENT ? "client" : "server";
	char about[ABOUT_SIZE];

	if (event->u.note.field_count > 0) { /* a message, or a word on one */
		words_fields(about, sizeof(about), event->u.note.fields, event->u.note.field_count, false);
		say(explain, event, "note of %s, %s of the %s: %s", event->u.note.helper, event->u.note.code, side, about);
		return;
	}
	ctl_escape(about, sizeof(about), event->u.note.text, event->u.note.text_len);
	say(explain, event, "note of %s, %s: %s%s%s%s", event->u.note.helper, event->u.note.code,
		event->u.note.sentence, *about != '\0' ? " \"" : "", about, *about != '\0' ? "\"" : "");
}

static void invalid(struct replay_explain *explain, const struct usher_event *event)
{
	explain->has_tuple = event->u.invalid.tuple != NULL;
	if (explain->has_tuple)
		explain->tuple = *event->u.invalid.tuple;
}

void replay_explain_event(struct replay_explain *explain, const struct usher_event *event)
{
	static void (*const take[USHER_EVENT_COUNT])(struct replay_explain *, const struct usher_event *) = {
		[USHER_EVENT_CONN_NEW] = conn_new,
		[USHER_EVENT_CONN_DESTROY] = conn_destroy,
		[USHER_EVENT_ANNOUNCE] = announce,
		[USHER_EVENT_EXPECT_NEW] = expect_new,
		[USHER_EVENT_EXPECT_HIT] = expect_hit,
		[USHER_EVENT_EXPECT_GONE] = expect_gone,
		[USHER_EVENT_NOTE] = note,
		[USHER_EVENT_INVALID] = invalid,
	};

	if (event->type < USHER_EVENT_COUNT && take[event->type] != NULL)
		take[event->type](explain, event);
}

static void add_sentence(struct replay_explain *explain, const char *text, const char *name)
{
	if (explain->count == SENTENCES_MAX)
		return;
	snprintf(explain->sentence[explain->count++], SENTENCE_SIZE, name != NULL ? "%s (%s)" : "%s", text, name);
}

/* What the packet itself and the counters say. */
static void add_findings(struct replay_explain *explain, const struct usher_packet *packet)
{
	char text[SENTENCE_SIZE];

	if (packet->reason != USHER_REASON_NONE)
		add_sentence(explain, usher_reason_text(packet->reason), usher_reason_name(packet->reason));
	if (packet->flags & USHER_PACKET_OUT_OF_WINDOW)
		add_sentence(explain, "outside the TCP window, let pass; --strict refuses such", NULL);
	for (size_t i = 0; i < COUNTERS; i++) {
		uint64_t now = usher_counter_get(explain->replay->worker, told_by_counters[i].counter);

		if (now == explain->seen[i])
			continue;
		snprintf(text, sizeof(text), "%llu %s", (ull)(now - explain->seen[i]), told_by_counters[i].sentence);
		add_sentence(explain, told_by_counters[i].with_number ? text : told_by_counters[i].sentence, NULL);
		explain->seen[i] = now;
	}
}

/* "tcp 10.0.0.1:4000 -> 10.0.0.2:21", as the packet went; "": nobody knows. */
static void who(struct replay_explain *explain, const struct usher_packet *packet, char *out, size_t size)
{
	char tuple[WORDS_TUPLE_SIZE];
	struct usher_conn conn;

	if (usher_conn_get(explain->replay->worker, packet->conn, &conn)) {
		explain->has_tuple = true;
		explain->tuple = packet->direction == USHER_ORIG ? conn.orig : conn.reply;
	}
	*out = '\0';
	if (explain->has_tuple)
		snprintf(out, size, "%s %s: ", ctl_protocol(explain->tuple.protocol)->name,
			 words_tuple(tuple, &explain->tuple));
}

void replay_explain_packet(struct replay_explain *explain, const struct usher_packet *packet)
{
	static const char *const verdicts[] = { "accept", "drop", "taken", "hand over" };
	static const char *const states[] = { "new", "established", "related", "invalid", "untracked" };
	char judged[32], tuple[WORDS_TUPLE_SIZE + 16];

	add_findings(explain, packet);
	if (explain->count > 0) {
		snprintf(judged, sizeof(judged), "%s/%s", verdicts[packet->verdict], states[packet->state]);
		who(explain, packet, tuple, sizeof(tuple));
	}
	for (uint32_t i = 0; i < explain->count; i++) {
		print_place(explain, packet->frame, packet->time);
		fprintf(explain->replay->out, "%-19s %s%s\n", judged, tuple, explain->sentence[i]);
	}
	explain->count = 0;
	explain->has_tuple = false;
}
