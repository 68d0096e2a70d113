/*
 * The tree on paper: see replay_tree.h. All that packets brought is printed escaped.
 *
 *   ftp 10.0.0.2:40000 -> 10.0.0.9:21            a control connection, from the client's side
 *     frame 1 at 0.000 s, 2.345 s long, ...
 *     frame 13  PORT 10.0.0.2:1029  accepted     an announcement
 *     frame 16    10.0.0.9:20 -> 10.0.0.2:1029 ...  the connection that used it
 */
#include <string.h>

#include "ctl/text.h"
#include "usher/replay_summary.h"
#include "usher/replay_tree.h"
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
		return "ended with its control connection";
	if (state != NULL)
		return strcmp(reason, "timeout") == 0 ? "fell silent" : "open at the end";
	return "";
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

/* "sent 1.2 kB, received 3.4 kB in 2.345 s, closed": from the side of who stands on the left. */
static void print_course(const struct page *page, const struct tree_conn *record, bool is_swapped)
{
	const struct usher_conn *conn = &record->conn;
	char sent[WORDS_SIZE], received[WORDS_SIZE], duration[WORDS_SIZE];
	const char *ending = tree_ending(conn->state, record->reason, conn->flags);

	fprintf(page->out, "sent %s, received %s", words_bytes(sent, conn->bytes[is_swapped]),
		words_bytes(received, conn->bytes[!is_swapped]));
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
	char tuple[WORDS_TUPLE_SIZE];

	fprintf(page->out, "%s %s", conn->helper != NULL ? conn->helper : ctl_protocol(conn->orig.protocol)->name,
		words_tuple(tuple, is_reversed(record) ? &conn->reply : &conn->orig));
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

/* What one announcement says: "10.0.0.2:1029", "10.0.0.2 call 12". */
static const char *listener_text(const struct tree_announcement *announcement, char out[WORDS_TUPLE_SIZE])
{
	char endpoint[CTL_ENDPOINT_SIZE];

	ctl_endpoint(endpoint, announcement->protocol, &announcement->listener);
	if (ctl_protocol(announcement->protocol)->key == CTL_CALL)
		snprintf(out, WORDS_TUPLE_SIZE, "%s call %u", endpoint, (unsigned)announcement->listener.key);
	else
		snprintf(out, WORDS_TUPLE_SIZE, "%s", endpoint);
	return out;
}

static void measure(const struct page *page, const struct tree_conn *record, struct columns *columns)
{
	char frame[WORDS_SIZE], listener[WORDS_TUPLE_SIZE];
	uint64_t shown = 0;

	for (const struct tree_announcement *a = record->announcements; a != NULL; a = a->next) {
		if (!page->all && shown++ == SHOWN_MAX)
			break;
		widen(&columns->frame, (int)strlen(frame_text(page, &a->place, frame)));
		widen(&columns->kind, (int)strlen(a->kind));
		widen(&columns->endpoint, (int)strlen(listener_text(a, listener)));
		for (const struct tree_conn *child = a->children; child != NULL; child = child->next)
			widen(&columns->frame, (int)strlen(frame_text(page, &child->begin, frame)));
	}
	for (uint32_t i = 0; i < record->note_count; i++)
		widen(&columns->frame, (int)strlen(frame_text(page, &record->notes[i].first, frame)));
}

static void print_parts(const struct page *page, const struct tree_conn *record, unsigned depth);

static void print_child(const struct page *page, const struct tree_conn *child, const struct columns *columns,
			unsigned depth)
{
	char frame[WORDS_SIZE];

	fprintf(page->out, "%*sframe %*s    ", (int)(depth * INDENT), "", columns->frame,
		frame_text(page, &child->begin, frame));
	print_head(page, child);
	fputs(": ", page->out);
	print_course(page, child, false);
	fputc('\n', page->out);
	if (depth < DEPTH_MAX)
		print_parts(page, child, depth + 3);
}

static void print_announcement(const struct page *page, const struct tree_announcement *a,
			       const struct columns *columns, unsigned depth)
{
	char frame[WORDS_SIZE], listener[WORDS_TUPLE_SIZE], came[WORDS_SIZE * 2];

	fprintf(page->out, "%*sframe %*s  %-*s %-*s  ", (int)(depth * INDENT), "", columns->frame,
		frame_text(page, &a->place, frame), columns->kind, a->kind, columns->endpoint,
		listener_text(a, listener));
	if (!a->accepted) {
		fprintf(page->out, "refused, %s: %s\n", a->code != NULL ? a->code : "-",
			a->text != NULL ? a->text : "no reason is known");
		return;
	}
	fputs(a->certain ? "accepted" : "accepted, not certain: not all before it was seen", page->out);
	if (a->again != 0)
		fprintf(page->out, "; said again in frame %llu", (unsigned long long)a->again);
	else if (a->children == NULL)
		fprintf(page->out, "; %s", tree_nothing_came(a, came, sizeof(came)));
	fputc('\n', page->out);
	for (const struct tree_conn *child = a->children; child != NULL; child = child->next)
		print_child(page, child, columns, depth);
}

static void print_note(const struct page *page, const struct tree_note *note, const struct columns *columns,
		       unsigned depth)
{
	char frame[WORDS_SIZE];

	fprintf(page->out, "%*sframe %*s  note %s: %s", (int)(depth * INDENT), "", columns->frame,
		frame_text(page, &note->first, frame), note->code, note->sentence);
	if (note->about[0] != '\0')
		fprintf(page->out, " \"%s\"", note->about);
	if (note->count > 1)
		fprintf(page->out, "; %llu times, last in frame %s", (unsigned long long)note->count,
			frame_text(page, &note->last, frame));
	fputc('\n', page->out);
}

static bool is_before(const struct replay_place *a, const struct replay_place *b)
{
	return a->file < b->file || (a->file == b->file && a->frame < b->frame);
}

/* Announcements, what used them, and notes, in the order of the capture. */
static void print_parts(const struct page *page, const struct tree_conn *record, unsigned depth)
{
	const int indent = (int)(depth * INDENT);
	struct columns columns = { 0 };
	uint64_t shown = 0, shown_refused = 0;
	uint32_t note = 0;

	measure(page, record, &columns);
	for (const struct tree_announcement *a = record->announcements; a != NULL; a = a->next) {
		if (!page->all && shown == SHOWN_MAX)
			break;
		while (note < record->note_count && is_before(&record->notes[note].first, &a->place))
			print_note(page, &record->notes[note++], &columns, depth);
		print_announcement(page, a, &columns, depth);
		shown++;
		shown_refused += !a->accepted;
	}
	if (shown < record->announced)
		fprintf(page->out, "%*s... and %llu more announcements, %llu of them refused%s\n", indent, "",
			(unsigned long long)(record->announced - shown),
			(unsigned long long)(record->refused - shown_refused), page->all ? "" : " (--all shows them)");
	while (note < record->note_count)
		print_note(page, &record->notes[note++], &columns, depth);
	if (record->notes_more > 0)
		fprintf(page->out, "%*s... and %llu notes of other kinds\n", indent, "",
			(unsigned long long)record->notes_more);
}

/* Nothing was announced, nothing noted. */
static bool is_quiet(const struct tree_conn *record)
{
	return record->announced == 0 && record->note_count == 0;
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
	}
	if (quiet > SHOWN_MAX && !page->all)
		fprintf(page->out,
			"... and %llu more connections with a helper, but nothing announced (--all shows them)\n",
			(unsigned long long)(quiet - SHOWN_MAX));
	if (tree->conns_more > 0)
		fprintf(page->out,
			"\n... and %llu more control connections and children, for which there was no room here\n",
			(unsigned long long)tree->conns_more);
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
