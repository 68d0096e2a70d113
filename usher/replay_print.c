/*
 * The tree on paper: see replay_tree.h. All that packets brought is printed escaped.
 *
 *   ftp 10.0.0.2:40000 -> 10.0.0.9:21            a control connection, from the client's side
 *     frame 1 at 0.000 s, 2.345 s long, ...
 *     frame 13  PORT 10.0.0.2:1029  accepted     an announcement
 *     frame 16    10.0.0.9:20 -> 10.0.0.2:1029 ...  the connection that used it
 *   pptp 10.0.0.2:40000 -> 10.0.0.9:1723
 *     frame 4   client asks for a session: ...       its session, message by message
 *     frame 8   outgoing-call 10.0.0.2 call 1 <-> 10.0.0.9 call 2  connected ...   a call
 *     frame 8     client asks for the call: ...      its messages, its announcement, what used that
 */
#include <string.h>

#include "ctl/text.h"
#include "usher/replay_summary.h"
#include "usher/replay_tree.h"
#include "usher/tree_calls.h"
#include "usher/tree_parts.h"
#include "usher/words.h"

#define SHOWN_MAX  20u /* announcements of one connection, and connections without any; --all lifts it */
#define DEPTH_MAX  8u  /* children of children: deeper ones are told where they are, not indented further */
#define INDENT     2u

struct page {
	FILE *out;
	const struct replay *replay;
	bool many_files, all;
};

/* The widest of each column, so that they stand one below the other. */
struct columns {
	int frame, kind, endpoint;
};

const char *tree_ending(const char *state, const char *reason, uint8_t flags)
{
	bool one_way = !(flags & USHER_CONN_SEEN_REPLY);
	static const struct {
		const char *state, *words;
	} tcp[] = {
		{ "SYN_SENT", "handshake not finished" },
		{ "SYN_SENT2", "handshake not finished" },
		{ "SYN_RECV", "handshake not finished" },
		{ "FIN_WAIT", "half closed" },
		{ "CLOSE_WAIT", "half closed" },
		{ "LAST_ACK", "closing" },
		{ "TIME_WAIT", "closed" },
	};

	if (reason == NULL)
		return "still open";
	if (one_way)
		return flags & USHER_CONN_PICKED_UP ? "only one side seen" : "never answered";
	for (size_t i = 0; state != NULL && i < sizeof(tcp) / sizeof(tcp[0]); i++) {
		if (strcmp(state, tcp[i].state) == 0)
			return tcp[i].words;
	}
	if (state != NULL && strcmp(state, "CLOSE") == 0)
		return flags & USHER_CONN_ASSURED ? "reset" : "refused or reset";
	if (strcmp(reason, "evicted") == 0)
		return "forgotten, the table was full";
	if (strcmp(reason, "master_gone") == 0)
		return "ended with what announced it";
	if (state != NULL)
		return strcmp(reason, "timeout") == 0 ? "fell silent" : "open at the end";
	return "";
}

/* A child that ended before its control connection did so because its announcement was taken back. */
const char *tree_conn_ending(const struct tree_conn *conn)
{
	if (conn->reason == NULL || strcmp(conn->reason, "master_gone") != 0 || conn->by == NULL)
		return tree_ending(conn->conn.state, conn->reason, conn->conn.flags);
	if (conn->by->gone != NULL && strcmp(conn->by->gone, "withdrawn") == 0)
		return conn->by->call != NULL ? "ended with its call" : "ended with its announcement";
	return "ended with its control connection";
}

const char *tree_nothing_came(const struct tree_announcement *announcement, char *out, size_t size)
{
	static const struct {
		const char *reason, *words;
	} known[] = {
		{ "replaced", "nothing came before the next announcement took its place" },
		{ "master_gone", "nothing came before the control connection ended" },
		{ "withdrawn", "withdrawn, nothing had come" },
		{ "used", "used" },
	};
	const char *gone = announcement->gone;

	if (announcement->expect == 0)
		return "no expectation could be made";
	if (gone != NULL && strcmp(gone, "timeout") == 0) {
		snprintf(out, size, "nothing came within %u s", (unsigned)announcement->timeout_s);
		return out;
	}
	for (size_t i = 0; gone != NULL && i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(gone, known[i].reason) == 0)
			return known[i].words;
	}
	return "nothing came before the capture ended";
}

static const char *frame_text(const struct page *page, const struct replay_place *place, char out[WORDS_SIZE])
{
	if (page->many_files)
		snprintf(out, WORDS_SIZE, "%u:%llu", (unsigned)place->file, (unsigned long long)place->frame);
	else
		snprintf(out, WORDS_SIZE, "%llu", (unsigned long long)place->frame);
	return out;
}

const char *tree_bytes(const struct usher_conn *conn, uint8_t direction, char out[WORDS_SIZE * 3])
{
	char lost[WORDS_SIZE] = "", late[WORDS_SIZE] = "", bytes[WORDS_SIZE];

	words_bytes(bytes, conn->bytes[direction]);
	if (conn->lost[direction] > 0)
		snprintf(lost, sizeof(lost), ", %llu lost", (unsigned long long)conn->lost[direction]);
	if (conn->late[direction] > 0)
		snprintf(late, sizeof(late), ", %llu late", (unsigned long long)conn->late[direction]);
	if (ctl_protocol(conn->orig.protocol)->key == CTL_CALL)
		snprintf(out, WORDS_SIZE * 3, "%s (%llu packet%s%s%s)", bytes, (unsigned long long)conn->packets[direction],
			 words_s(conn->packets[direction]), lost, late);
	else
		snprintf(out, WORDS_SIZE * 3, "%s", bytes);
	return out;
}

/* "sent 1.2 kB, received 3.4 kB in 2.345 s, closed": from the side of who stands on the left. */
static void print_course(const struct page *page, const struct tree_conn *record, bool is_swapped)
{
	const struct usher_conn *conn = &record->conn;
	char sent[WORDS_SIZE * 3], received[WORDS_SIZE * 3], duration[WORDS_SIZE];
	const char *ending = tree_conn_ending(record);

	fprintf(page->out, "sent %s, received %s", tree_bytes(conn, is_swapped, sent),
		tree_bytes(conn, !is_swapped, received));
	if (conn->last > conn->start)
		fprintf(page->out, " in %s", words_duration(duration, conn->last - conn->start));
	if (*ending != '\0')
		fprintf(page->out, ", %s", ending);
	if (conn->flags & USHER_CONN_PICKED_UP)
		fputs(", picked up in the middle", page->out);
}

/* Printed from the client's side, even if the first packet seen was the server's. */
static bool is_reversed(const struct tree_conn *record)
{
	return record->conn.reversed && !record->child;
}

static void print_head(const struct page *page, const struct tree_conn *record)
{
	const struct usher_conn *conn = &record->conn;
	char tuple[WORDS_TUPLE_SIZE], other[CTL_ENDPOINT_SIZE];

	fprintf(page->out, "%s %s", conn->helper != NULL ? conn->helper : ctl_protocol(conn->orig.protocol)->name,
		words_tuple(tuple, is_reversed(record) ? &conn->reply : &conn->orig));
	if (conn->flags & USHER_CONN_NAT_SOURCE)
		fprintf(page->out, ", leaves from %s", ctl_endpoint(other, conn->orig.protocol, &conn->reply.dst));
	if (conn->flags & USHER_CONN_NAT_DESTINATION)
		fprintf(page->out, ", goes to %s", ctl_endpoint(other, conn->orig.protocol, &conn->reply.src));
	if (conn->orig.zone != 0)
		fprintf(page->out, " zone %u", (unsigned)conn->orig.zone);
}

/* "frame 1 at 0.000 s" */
static void print_place(const struct page *page, const struct replay_place *place)
{
	char frame[WORDS_SIZE], text[WORDS_SIZE];
	usher_time since;

	fprintf(page->out, "frame %s", frame_text(page, place, frame));
	if (replay_since(page->replay, place, &since))
		fprintf(page->out, " at %s", words_since(text, since));
}

static void widen(int *column, int width)
{
	if (width > *column)
		*column = width;
}

/* Both ends of a call, as far as they are known. */
const char *tree_call_ends(const struct tree_conn *conn, const struct tree_call *call, char out[WORDS_ENDS_SIZE])
{
	if (call->announcement != NULL)
		return words_announced(out, &conn->conn, &call->announcement->said);
	return words_call(out, &conn->conn, call->ids, call->known);
}

static void measure_children(const struct page *page, const struct tree_announcement *a, struct columns *columns)
{
	char frame[WORDS_SIZE];

	for (const struct tree_conn *child = a != NULL ? a->children : NULL; child != NULL; child = child->next)
		widen(&columns->frame, (int)strlen(frame_text(page, &child->begin, frame)));
}

static void measure_call(const struct page *page, const struct tree_conn *record, const struct tree_call *call,
			 struct columns *columns)
{
	char frame[WORDS_SIZE], ends[WORDS_ENDS_SIZE];

	widen(&columns->kind, (int)strlen(call->kind));
	widen(&columns->endpoint, (int)strlen(tree_call_ends(record, call, ends)));
	for (const struct tree_step *step = call->steps.first; step != NULL; step = step->next)
		widen(&columns->frame, (int)strlen(frame_text(page, &step->first, frame)));
	measure_children(page, call->announcement, columns);
}

static void measure_announcement(const struct page *page, const struct tree_conn *record,
				 const struct tree_announcement *a, struct columns *columns)
{
	char ends[WORDS_ENDS_SIZE];

	widen(&columns->kind, (int)strlen(a->said.kind));
	widen(&columns->endpoint, (int)strlen(words_announced(ends, &record->conn, &a->said)));
	measure_children(page, a, columns);
}

/* How many of each are printed: the rest is only counted. */
struct shown {
	uint64_t calls, announcements, refused;
};

static bool is_shown(const struct page *page, const struct tree_part *part, struct shown *shown)
{
	if (part->call != NULL)
		return shown->calls < SHOWN_MAX || page->all ? ++shown->calls : false;
	if (part->announcement == NULL)
		return true;
	if (shown->announcements == SHOWN_MAX && !page->all)
		return false;
	shown->announcements++;
	shown->refused += !part->announcement->said.accepted;
	return true;
}

static void measure(const struct page *page, const struct tree_conn *record, struct columns *columns)
{
	struct tree_parts parts = tree_parts_of(record);
	char frame[WORDS_SIZE];
	struct shown shown = { 0 };
	struct tree_part part;

	while (tree_parts_next(&parts, &part)) {
		if (!is_shown(page, &part, &shown))
			continue;
		widen(&columns->frame, (int)strlen(frame_text(page, part.place, frame)));
		if (part.call != NULL)
			measure_call(page, record, part.call, columns);
		else if (part.announcement != NULL)
			measure_announcement(page, record, part.announcement, columns);
	}
}

/* A line's beginning: "  frame 12  ", and what stands below another one further to the right. */
static void print_frame(const struct page *page, const struct replay_place *place, const struct columns *columns,
			unsigned depth, bool below)
{
	char frame[WORDS_SIZE];

	fprintf(page->out, "%*sframe %*s  %s", (int)(depth * INDENT), "", columns->frame, frame_text(page, place, frame),
		below ? "  " : "");
}

static void print_again(const struct page *page, uint64_t count, const struct replay_place *last)
{
	char frame[WORDS_SIZE];

	if (count > 1)
		fprintf(page->out, "; %llu times, last in frame %s", (unsigned long long)count,
			frame_text(page, last, frame));
	fputc('\n', page->out);
}

static void print_parts(const struct page *page, const struct tree_conn *record, unsigned depth);

static void print_child(const struct page *page, const struct tree_conn *child, const struct columns *columns,
			unsigned depth)
{
	print_frame(page, &child->begin, columns, depth, true);
	print_head(page, child);
	fputs(": ", page->out);
	print_course(page, child, false);
	fputc('\n', page->out);
	if (depth < DEPTH_MAX)
		print_parts(page, child, depth + 3);
}

/* What became of an announcement, and what used it. */
static void print_outcome(const struct page *page, const struct tree_announcement *a, const struct columns *columns,
			  unsigned depth)
{
	char came[WORDS_SIZE * 2];

	if (!a->said.accepted) {
		fprintf(page->out, "refused, %s: %s\n", a->said.code != NULL ? a->said.code : "-",
			a->said.text != NULL ? a->said.text : "no reason is known");
		return;
	}
	fputs(a->said.certain ? "accepted" : "accepted, not certain: not all before it was seen", page->out);
	if (a->again != 0)
		fprintf(page->out, "; said again in frame %llu", (unsigned long long)a->again);
	else if (a->children == NULL)
		fprintf(page->out, "; %s", tree_nothing_came(a, came, sizeof(came)));
	fputc('\n', page->out);
	for (const struct tree_conn *child = a->children; child != NULL; child = child->next)
		print_child(page, child, columns, depth);
}

static void print_announcement(const struct page *page, const struct tree_conn *record,
			       const struct tree_announcement *a, const struct columns *columns, unsigned depth)
{
	char ends[WORDS_ENDS_SIZE];

	print_frame(page, &a->place, columns, depth, false);
	fprintf(page->out, "%-*s %-*s  ", columns->kind, a->said.kind, columns->endpoint,
		words_announced(ends, &record->conn, &a->said));
	print_outcome(page, a, columns, depth);
}

static void print_step(const struct page *page, const struct tree_step *step, const struct columns *columns,
		       unsigned depth, bool below)
{
	char text[TREE_STEP_SIZE];

	print_frame(page, &step->first, columns, depth, below);
	fputs(tree_step_text(step, text, sizeof(text)), page->out);
	print_again(page, step->count, &step->last);
}

/* The call's line, and below it its messages, with its announcement behind the one that completed it. */
static void print_call(const struct page *page, const struct tree_conn *record, const struct tree_call *call,
		       const struct columns *columns, unsigned depth)
{
	const struct tree_announcement *a = call->announcement;
	const struct tree_step *step = call->steps.first;
	char ends[WORDS_ENDS_SIZE], text[TREE_STEP_SIZE];

	print_frame(page, &call->begin, columns, depth, false);
	fprintf(page->out, "%-*s %-*s  %s\n", columns->kind, call->kind, columns->endpoint,
		tree_call_ends(record, call, ends), tree_call_text(call, text, sizeof(text)));
	for (; step != NULL && (a == NULL || !tree_is_before(&a->place, &step->first)); step = step->next)
		print_step(page, step, columns, depth, true);
	if (a != NULL) {
		print_frame(page, &a->place, columns, depth, true);
		fprintf(page->out, "its %s is announced: ", ctl_protocol(a->said.protocol)->name);
		print_outcome(page, a, columns, depth);
	}
	for (; step != NULL; step = step->next)
		print_step(page, step, columns, depth, true);
	if (call->steps.more > 0)
		fprintf(page->out, "%*s... and %llu more messages\n", (int)((depth + 2) * INDENT), "",
			(unsigned long long)call->steps.more);
}

static void print_note(const struct page *page, const struct tree_note *note, const struct columns *columns,
		       unsigned depth)
{
	print_frame(page, &note->first, columns, depth, false);
	fprintf(page->out, "note %s: %s%s%s", note->code, note->sentence, note->about[0] != '\0' ? ": " : "", note->about);
	print_again(page, note->count, &note->last);
}

/* What was not printed. */
static void print_rest(const struct page *page, const struct tree_conn *record, const struct shown *shown, int indent)
{
	uint64_t announcements = record->announced - record->called - shown->announcements;
	const char *hint = page->all ? "" : " (--all shows them)";

	if (shown->calls < record->call_count)
		fprintf(page->out, "%*s... and %llu more calls%s\n", indent, "",
			(unsigned long long)(record->call_count - shown->calls), hint);
	if (announcements > 0)
		fprintf(page->out, "%*s... and %llu more announcements, %llu of them refused%s\n", indent, "",
			(unsigned long long)announcements,
			(unsigned long long)(record->refused - record->called_refused - shown->refused), hint);
	if (record->steps.more > 0)
		fprintf(page->out, "%*s... and %llu more messages%s\n", indent, "", (unsigned long long)record->steps.more,
			hint);
	if (record->notes_more > 0)
		fprintf(page->out, "%*s... and %llu notes of other kinds\n", indent, "",
			(unsigned long long)record->notes_more);
}

/* Session, calls, announcements, what used them, and notes, in the order of the capture. */
static void print_parts(const struct page *page, const struct tree_conn *record, unsigned depth)
{
	struct tree_parts parts = tree_parts_of(record);
	struct columns columns = { 0 };
	struct shown shown = { 0 };
	struct tree_part part;

	measure(page, record, &columns);
	while (tree_parts_next(&parts, &part)) {
		if (!is_shown(page, &part, &shown))
			continue;
		if (part.step != NULL)
			print_step(page, part.step, &columns, depth, false);
		else if (part.call != NULL)
			print_call(page, record, part.call, &columns, depth);
		else if (part.announcement != NULL)
			print_announcement(page, record, part.announcement, &columns, depth);
		else
			print_note(page, part.note, &columns, depth);
	}
	print_rest(page, record, &shown, (int)(depth * INDENT));
}

/* --all: what every message said. */
static void print_messages(const struct page *page, const struct tree_conn *record)
{
	char frame[WORDS_SIZE];
	int width = 0;

	for (const struct tree_text *message = record->messages; message != NULL; message = message->next)
		widen(&width, (int)strlen(frame_text(page, &message->place, frame)));
	if (record->messages != NULL)
		fputs("  every message\n", page->out);
	for (const struct tree_text *message = record->messages; message != NULL; message = message->next)
		fprintf(page->out, "  frame %*s  %s\n", width, frame_text(page, &message->place, frame), message->text);
}

/* Nothing was announced, nothing noted. */
static bool is_quiet(const struct tree_conn *record)
{
	return record->announced == 0 && record->note_count == 0 && record->steps.first == NULL && record->call_count == 0;
}

static void print_controls(const struct page *page, const struct replay_tree *tree)
{
	bool after_quiet = false;
	uint64_t quiet = 0;

	for (const struct tree_conn *record = tree->controls; record != NULL; record = record->next) {
		if (is_quiet(record) && quiet++ >= SHOWN_MAX && !page->all)
			continue;
		if (!after_quiet || !is_quiet(record))
			fputc('\n', page->out);
		after_quiet = is_quiet(record);
		print_head(page, record);
		fputs("\n  ", page->out);
		print_place(page, &record->begin);
		fputs(", ", page->out);
		print_course(page, record, is_reversed(record));
		fputs(is_quiet(record) ? ", nothing announced\n" : "\n", page->out);
		print_parts(page, record, 1);
		print_messages(page, record);
	}
	if (quiet > SHOWN_MAX && !page->all)
		fprintf(page->out,
			"... and %llu more connections with a helper, but nothing announced (--all shows them)\n",
			(unsigned long long)(quiet - SHOWN_MAX));
	if (tree->conns_more > 0)
		fprintf(page->out,
			"\n... and %llu more control connections and children, for which there was no room here\n",
			(unsigned long long)tree->conns_more);
	if (tree->messages_more > 0)
		fprintf(page->out, "\n... and %llu more messages, for which there was no room here\n",
			(unsigned long long)tree->messages_more);
}

/* --all: every connection, in the order in which they began. */
static void print_lines(const struct page *page, const struct replay_tree *tree)
{
	char tuple[WORDS_TUPLE_SIZE], sent[WORDS_SIZE], received[WORDS_SIZE];

	fputs("\nAll connections\n", page->out);
	for (uint32_t i = 0; i < tree->line_count; i++) {
		const struct tree_line *line = &tree->lines[i];
		const char *ending = tree_ending(line->state, line->reason, line->flags);

		fputs("  ", page->out);
		print_place(page, &line->begin);
		fprintf(page->out, ": %s %s", ctl_protocol(line->orig.protocol)->name, words_tuple(tuple, &line->orig));
		fprintf(page->out, ": %llu packets sent, %s; %llu received, %s%s%s\n",
			(unsigned long long)line->packets[0], words_bytes(sent, line->bytes[0]),
			(unsigned long long)line->packets[1], words_bytes(received, line->bytes[1]),
			*ending != '\0' ? "; " : "", ending);
	}
	if (tree->lines_more > 0)
		fprintf(page->out, "  ... and %llu more\n", (unsigned long long)tree->lines_more);
}

void replay_tree_print(struct replay_tree *tree)
{
	const struct replay *replay = tree->replay;
	struct page page = { replay->out, replay, replay->options->file_count > 1, replay->options->all };

	replay_summary_files(replay);
	print_controls(&page, tree);
	if (replay->options->all)
		print_lines(&page, tree);
	replay_summary_print(tree);
	if (replay->options->stats)
		replay_summary_stats(replay);
}
