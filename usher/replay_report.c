/*
 * See replay_report.h. The page has no script and loads nothing: it may be mailed, and opened where the capture's
 * strangers could do no harm. Everything that is not this file's own text goes through put().
 */
#include "usher/replay_report.h"

#include <string.h>

#include "ctl/text.h"
#include "usher/tree_calls.h"
#include "usher/tree_parts.h"
#include "usher/words.h"

typedef unsigned long long ull;

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>usher replay</title>\n<style>\n"
	"body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 80em; padding: 0 1em; color: #222; }\n"
	"h1 { font-size: 1.5em; } h2 { font-size: 1.1em; margin: 2em 0 .3em; font-family: ui-monospace, monospace; }\n"
	"p { margin: .3em 0; } table { border-collapse: collapse; margin: .5em 0; }\n"
	"th, td { text-align: left; vertical-align: top; padding: .2em .8em .2em 0; border-bottom: 1px solid #ddd; }\n"
	"th { font-weight: 600; } td.n { text-align: right; } td.m { font-family: ui-monospace, monospace; }\n"
	"tr.refused td { background: #fbe9e7; } tr.child td:first-child { padding-left: 1.5em; }\n"
	"tr.call td { font-weight: 600; } tr.note td { background: #fff8e1; } tr.nothing td { color: #666; }\n"
	"@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } th, td { border-color: #444; }\n"
	"tr.refused td { background: #4a2521; } tr.note td { background: #4a3f1a; } tr.nothing td { color: #999; } }\n"
	"</style>\n</head>\n<body>\n";

struct report {
	FILE *out;
	const struct replay *replay;
};

/* Text as text: a stranger's < is no tag. */
static void put(const struct report *report, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<': fputs("&lt;", report->out); break;
		case '>': fputs("&gt;", report->out); break;
		case '&': fputs("&amp;", report->out); break;
		case '"': fputs("&quot;", report->out); break;
		default: fputc(*text, report->out);
		}
	}
}

/* A cell; `class` may be "". */
static void cell(const struct report *report, const char *class, const char *text)
{
	fprintf(report->out, "<td%s%s>", *class != '\0' ? " class=" : "", class);
	put(report, text);
	fputs("</td>", report->out);
}

static void frame_cell(const struct report *report, const struct replay_place *place)
{
	char text[WORDS_SIZE];

	if (report->replay->options->file_count > 1)
		snprintf(text, sizeof(text), "%u:%llu", (unsigned)place->file, (ull)place->frame);
	else
		snprintf(text, sizeof(text), "%llu", (ull)place->frame);
	cell(report, "n", text);
}

static void count_cell(const struct report *report, uint64_t count)
{
	char text[WORDS_SIZE];

	snprintf(text, sizeof(text), "%llu", (ull)count);
	cell(report, "n", text);
}

static void size_cell(const struct report *report, uint64_t bytes)
{
	char text[WORDS_SIZE];

	cell(report, "n", words_bytes(text, bytes));
}

static const char *course(const struct tree_conn *record, char *out, size_t size)
{
	const struct usher_conn *conn = &record->conn;
	char duration[WORDS_SIZE];
	const char *ending = tree_conn_ending(record);

	snprintf(out, size, "%s%s%s%s",
		 words_duration(duration, conn->last > conn->start ? conn->last - conn->start : 0),
		 ending[0] != '\0' ? ", " : "", ending,
		 conn->flags & USHER_CONN_PICKED_UP ? ", picked up in the middle" : "");
	return out;
}

static const char *outcome(const struct tree_announcement *a, char *out, size_t size)
{
	const char *certain = a->said.certain ? "" : ", not certain: not all before it was seen";
	char came[64];

	if (!a->said.accepted)
		snprintf(out, size, "refused, %s: %s", a->said.code != NULL ? a->said.code : "-",
			a->said.text != NULL ? a->said.text : "-");
	else if (a->children != NULL)
		snprintf(out, size, "accepted%s", certain);
	else
		snprintf(out, size, "accepted%s; %s", certain,
			 a->again != 0 ? "said again later" : tree_nothing_came(a, came, sizeof(came)));
	return out;
}

static void announcement_row(const struct report *report, const struct tree_conn *record,
			     const struct tree_announcement *a)
{
	const char *class = !a->said.accepted ? "refused" : a->children == NULL ? "nothing" : "announced";
	char ends[WORDS_ENDS_SIZE], text[256];

	fprintf(report->out, "<tr class=%s>", class);
	frame_cell(report, &a->place);
	cell(report, "", a->said.kind);
	cell(report, "m", words_announced(ends, &record->conn, &a->said));
	fputs("<td></td><td></td>", report->out);
	cell(report, "", outcome(a, text, sizeof(text)));
	fputs("</tr>\n", report->out);
}

static void bytes_cell(const struct report *report, const struct usher_conn *conn, uint8_t direction)
{
	char text[WORDS_SIZE * 3];

	cell(report, "n", tree_bytes(conn, direction, text));
}

static void child_rows(const struct report *report, const struct tree_announcement *a)
{
	char tuple[WORDS_TUPLE_SIZE], text[128];

	for (const struct tree_conn *child = a->children; child != NULL; child = child->next) {
		fputs("<tr class=child>", report->out);
		frame_cell(report, &child->begin);
		cell(report, "", ctl_protocol(child->conn.orig.protocol)->name);
		cell(report, "m", words_tuple(tuple, &child->conn.orig));
		bytes_cell(report, &child->conn, USHER_ORIG);
		bytes_cell(report, &child->conn, USHER_REPLY);
		cell(report, "", course(child, text, sizeof(text)));
		fputs("</tr>\n", report->out);
	}
}

/* A message of the session; below a call one of the call. */
static void step_row(const struct report *report, const struct tree_step *step, bool below)
{
	char text[TREE_STEP_SIZE];

	fprintf(report->out, "<tr class=%s>", step->failed || step->bad ? "refused" : below ? "child" : "step");
	frame_cell(report, &step->first);
	fputs("<td></td><td colspan=4>", report->out);
	put(report, tree_step_text(step, text, sizeof(text)));
	if (step->count > 1)
		fprintf(report->out, " (%llu times)", (ull)step->count);
	fputs("</td></tr>\n", report->out);
}

static void call_rows(const struct report *report, const struct tree_conn *record, const struct tree_call *call)
{
	char ends[WORDS_ENDS_SIZE], text[TREE_STEP_SIZE];

	fputs("<tr class=call>", report->out);
	frame_cell(report, &call->begin);
	cell(report, "", call->kind);
	cell(report, "m", tree_call_ends(record, call, ends));
	fputs("<td></td><td></td>", report->out);
	cell(report, "", tree_call_text(call, text, sizeof(text)));
	fputs("</tr>\n", report->out);
	for (const struct tree_step *step = call->steps.first; step != NULL; step = step->next)
		step_row(report, step, true);
	if (call->announcement == NULL)
		return;
	if (!call->announcement->said.accepted || call->announcement->children == NULL)
		announcement_row(report, record, call->announcement);
	child_rows(report, call->announcement);
}

static void note_row(const struct report *report, const struct tree_note *note)
{
	fputs("<tr class=note>", report->out);
	frame_cell(report, &note->first);
	cell(report, "", "note");
	fputs("<td colspan=4>", report->out);
	put(report, note->code);
	fputs(": ", report->out);
	put(report, note->sentence);
	if (note->about[0] != '\0') {
		fputs(" <code>", report->out);
		put(report, note->about);
		fputs("</code>", report->out);
	}
	if (note->count > 1)
		fprintf(report->out, " (%llu times)", (ull)note->count);
	fputs("</td></tr>\n", report->out);
}

static void control(const struct report *report, const struct tree_conn *record)
{
	struct tree_parts parts = tree_parts_of(record);
	bool swapped = record->conn.reversed;
	char tuple[WORDS_TUPLE_SIZE], text[128];
	struct tree_part part;

	fputs("<h2>", report->out);
	put(report, record->conn.helper != NULL ? record->conn.helper : ctl_protocol(record->conn.orig.protocol)->name);
	fputc(' ', report->out);
	put(report, words_tuple(tuple, swapped ? &record->conn.reply : &record->conn.orig));
	fputs("</h2>\n<table>\n<tr><th>Frame</th><th></th><th></th><th>Sent</th><th>Received</th><th></th></tr>\n<tr>",
	      report->out);
	frame_cell(report, &record->begin);
	fputs("<td>begins</td><td></td>", report->out);
	bytes_cell(report, &record->conn, swapped);
	bytes_cell(report, &record->conn, !swapped);
	cell(report, "", course(record, text, sizeof(text)));
	fputs("</tr>\n", report->out);
	while (tree_parts_next(&parts, &part)) {
		if (part.step != NULL)
			step_row(report, part.step, false);
		else if (part.call != NULL)
			call_rows(report, record, part.call);
		else if (part.note != NULL)
			note_row(report, part.note);
		else
			announcement_row(report, record, part.announcement);
		if (part.announcement != NULL)
			child_rows(report, part.announcement);
	}
	fputs("</table>\n", report->out);
}

static void files(const struct report *report)
{
	char name[256], date[WORDS_SIZE], duration[WORDS_SIZE];

	for (uint32_t i = 0; i < report->replay->options->file_count; i++) {
		const struct replay_file *file = &report->replay->files[i];

		fputs("<p>", report->out);
		put(report, ctl_escape(name, sizeof(name), file->name, strlen(file->name)));
		fprintf(report->out, ": %llu frame%s", (ull)file->frames, words_s(file->frames));
		if (file->first != 0)
			fprintf(report->out, ", %s from %s", words_duration(duration, file->last - file->first),
				words_date(date, file->first));
		fputs(file->broken ? "; could not be read to its end</p>\n" : "</p>\n", report->out);
	}
}

static void others(const struct report *report, const struct replay_tree *tree)
{
	fputs("<h2>Other connections</h2>\n<table>\n<tr><th>Protocol</th><th>Connections</th><th>Packets</th><th>Bytes</th>"
	      "<th>Never answered</th><th>Picked up in the middle</th></tr>\n",
		report->out);
	for (unsigned i = 0; i < 256; i++) {
		const struct tree_sum *sum = &tree->others[i];
		char number[WORDS_SIZE];

		if (sum->connections == 0)
			continue;
		snprintf(number, sizeof(number), "%s %u", ctl_protocol((uint8_t)i)->name, i);
		fputs("<tr>", report->out);
		cell(report, "", number);
		count_cell(report, sum->connections);
		count_cell(report, sum->packets);
		size_cell(report, sum->bytes);
		count_cell(report, sum->unanswered);
		count_cell(report, sum->picked_up);
		fputs("</tr>\n", report->out);
	}
	fputs("</table>\n", report->out);
}

static void row(const struct report *report, uint64_t count, const char *name, const char *text)
{
	if (count == 0)
		return;
	fputs("<tr>", report->out);
	count_cell(report, count);
	cell(report, "m", name);
	cell(report, "", text);
	fputs("</tr>\n", report->out);
}

static void counters(const struct report *report)
{
	const struct replay *replay = report->replay;

	fputs("<h2>Packets</h2>\n<table>\n", report->out);
	row(report, replay->counts.frames, "frames", "frames read");
	row(report, replay->counts.cut, "cut", "frames cut by the snap length");
	row(report, replay->counts.not_ip, "not_ip", "frames without IP");
	row(report, replay->counts.unreadable, "unreadable", "frames that cannot be read");
	for (unsigned i = 0; i < USHER_COUNTER_COUNT; i++)
		row(report, usher_counter_get(replay->worker, i), usher_counter_name(i), usher_counter_text(i));
	for (unsigned i = USHER_REASON_NONE + 1; i < USHER_REASON_COUNT; i++)
		row(report, usher_reason_count(replay->worker, i), usher_reason_name(i), usher_reason_text(i));
	fputs("</table>\n", report->out);
}

void replay_report_write(const struct replay_tree *tree, FILE *out)
{
	struct report report = { out, tree->replay };
	const struct replay_counts *counts = &tree->replay->counts;

	fputs(head, out);
	fputs("<h1>usher replay</h1>\n", out);
	files(&report);
	fprintf(out, "<p>%llu control connection%s, %llu announcement%s: %llu used, %llu refused.</p>\n",
		(ull)tree->control_count, words_s(tree->control_count), (ull)counts->announced,
		words_s(counts->announced), (ull)tree->used, (ull)counts->refused);
	for (const struct tree_conn *record = tree->controls; record != NULL; record = record->next)
		control(&report, record);
	others(&report, tree);
	counters(&report);
	fprintf(out, "<p>Bytes are those of IP packets, with all headers. Made by usher %s.</p>\n</body>\n</html>\n",
		usher_version());
}
