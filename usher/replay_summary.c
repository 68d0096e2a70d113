/*
 * See replay_summary.h.
 */
#include "usher/replay_summary.h"

#include <string.h>

#include "ctl/text.h"
#include "io/link.h"
#include "usher/words.h"

typedef unsigned long long ull;

void replay_summary_files(const struct replay *replay)
{
	const struct replay_options *options = replay->options;
	char name[256], date[WORDS_SIZE], duration[WORDS_SIZE];
	usher_time before = 0;

	for (uint32_t i = 0; i < options->file_count; i++) {
		const struct replay_file *file = &replay->files[i];

		if (options->file_count > 1)
			fprintf(replay->out, "%u  ", (unsigned)i + 1);
		ctl_escape(name, sizeof(name), file->name, strlen(file->name));
		fprintf(replay->out, "%s: %llu frame%s", strcmp(name, "-") == 0 ? "standard input" : name,
			(ull)file->frames, words_s(file->frames));
		if (options->filter != NULL)
			fputs(" through the filter", replay->out);
		if (file->first != 0)
			fprintf(replay->out, ", %s from %s", words_duration(duration, file->last - file->first),
				words_date(date, file->first));
		if (file->first < before && file->first != 0)
			fputs("; older than the one above: time stands still until it catches up", replay->out);
		if (file->last > before)
			before = file->last;
		fputs(file->broken ? "; could not be read to its end\n" : "\n", replay->out);
	}
}

static void print_others(const struct replay_tree *tree)
{
	FILE *out = tree->replay->out;
	char bytes[WORDS_SIZE];
	bool any = false;

	for (unsigned i = 0; i < 256; i++) {
		const struct tree_sum *sum = &tree->others[i];

		if (sum->connections == 0)
			continue;
		if (!any)
			fprintf(out, "\n%s connections\n", tree->controls != NULL ? "Other" : "All");
		any = true;
		if (strcmp(ctl_protocol((uint8_t)i)->name, "unknown") == 0)
			fprintf(out, "  protocol %-3u", i);
		else
			fprintf(out, "  %-12s", ctl_protocol((uint8_t)i)->name);
		fprintf(out, " %8llu  %10llu packets  %10s", (ull)sum->connections, (ull)sum->packets,
			words_bytes(bytes, sum->bytes));
		if (sum->unanswered > 0)
			fprintf(out, ", %llu never answered", (ull)sum->unanswered);
		if (sum->picked_up > 0)
			fprintf(out, ", %llu picked up in the middle", (ull)sum->picked_up);
		fputc('\n', out);
	}
	if (any && !tree->replay->options->all)
		fputs("  (--all lists each)\n", out);
}

/* "3 arp, 1 lldp" */
static void print_kinds(const struct replay *replay, bool not_ip)
{
	const struct replay_counts *counts = &replay->counts;
	static const char *const kinds[] = {
		[IO_LINK_NOT_IP] = "of another kind", [IO_LINK_ENCRYPTED] = "encrypted",
		[IO_LINK_TRUNCATED] = "cut before the IP header", [IO_LINK_MALFORMED] = "malformed",
		[IO_LINK_UNSUPPORTED] = "of a link type that is not read",
	};
	const char *before = ": ";

	for (uint32_t i = 0; i < counts->other_count; i++) {
		const struct replay_other *other = &counts->other[i];

		if ((other->kind == IO_LINK_NOT_IP) != not_ip)
			continue;
		fprintf(replay->out, "%s%llu %s", before, (ull)other->count,
			not_ip && other->what != NULL ? other->what : kinds[other->kind]);
		if (!not_ip && other->what != NULL)
			fprintf(replay->out, " (%s)", other->what);
		before = ", ";
	}
	fputc('\n', replay->out);
}

/* Why packets did not go the ordinary way, one line for each reason. */
static void print_reasons(const struct replay *replay)
{
	for (unsigned i = USHER_REASON_NONE + 1; i < USHER_REASON_COUNT; i++) {
		uint64_t count = usher_reason_count(replay->worker, i);

		if (count > 0)
			fprintf(replay->out, "  %llu packet%s: %s (%s)\n", (ull)count, words_s(count),
				usher_reason_text(i), usher_reason_name(i));
	}
}

static void print_packets(const struct replay *replay)
{
	const struct replay_counts *counts = &replay->counts;
	uint64_t packets = usher_counter_get(replay->worker, USHER_COUNTER_PACKETS);
	uint64_t invalid = usher_counter_get(replay->worker, USHER_COUNTER_INVALID);
	uint64_t connections = usher_counter_get(replay->worker, USHER_COUNTER_CONNECTIONS);
	uint64_t outside = usher_counter_get(replay->worker, USHER_COUNTER_OUT_OF_WINDOW);
	uint64_t evicted = usher_counter_get(replay->worker, USHER_COUNTER_EVICTED);
	uint64_t unread = usher_counter_get(replay->worker, USHER_COUNTER_HELP_FULL);
	uint64_t gaps = usher_counter_get(replay->worker, USHER_COUNTER_GAPS);
	uint64_t gap_bytes = usher_counter_get(replay->worker, USHER_COUNTER_GAP_BYTES);
	char bytes[WORDS_SIZE];

	fprintf(replay->out, "\nPackets\n  %llu IP packet%s, %s with all headers, in %llu connection%s; ", (ull)packets,
		words_s(packets), words_bytes(bytes, usher_counter_get(replay->worker, USHER_COUNTER_BYTES)),
		(ull)connections, words_s(connections));
	if (invalid == 0)
		fputs("none is invalid\n", replay->out);
	else
		fprintf(replay->out, "%llu invalid\n", (ull)invalid);
	print_reasons(replay);
	if (outside > 0)
		fprintf(replay->out, "  %llu packet%s outside the TCP window, let pass (--strict refuses such)\n",
			(ull)outside, words_s(outside));
	if (counts->not_ip > 0) {
		fprintf(replay->out, "  %llu frame%s without IP", (ull)counts->not_ip, words_s(counts->not_ip));
		print_kinds(replay, true);
	}
	if (counts->unreadable > 0) {
		fprintf(replay->out, "  %llu frame%s that cannot be read", (ull)counts->unreadable,
			words_s(counts->unreadable));
		print_kinds(replay, false);
	}
	if (counts->cut > 0)
		fprintf(replay->out, "  %llu of %llu frames were cut by the snap length%s\n", (ull)counts->cut,
			(ull)counts->frames, gaps > 0 ? "" : "; helpers missed nothing for it");
	if (gaps > 0)
		fprintf(replay->out, "  helpers missed %llu byte%s in %llu place%s: not in the capture, or cut\n",
			(ull)gap_bytes, words_s(gap_bytes), (ull)gaps, words_s(gaps));
	if (evicted > 0)
		fprintf(replay->out,
			"  %llu connection%s forgotten because the table was full (--connections enlarges it)\n",
			(ull)evicted, words_s(evicted));
	if (unread > 0)
		fprintf(replay->out, "  %llu control connection%s not read: too many at a time\n", (ull)unread, words_s(unread));
}

/* What would have been read, when nothing was. */
static void print_no_control(const struct replay *replay)
{
	const struct replay_options *options = replay->options;
	const struct usher_helper *helper;
	const char *before = " (";

	fputs("\nNo control connection: nothing went to a port that a helper reads", replay->out);
	for (unsigned i = 0; (helper = usher_helper(i)) != NULL && !options->no_default_helpers; i++) {
		for (const uint16_t *port = helper->ports; port != NULL && *port != 0; port++) {
			fprintf(replay->out, "%s%s %s/%u", before, helper->name, ctl_protocol(helper->protocol)->name,
				(unsigned)*port);
			before = ", ";
		}
	}
	for (uint32_t i = 0; i < options->port_count; i++) {
		fprintf(replay->out, "%s%s %u%s%.0u", before, options->ports[i].helper,
			(unsigned)options->ports[i].port, options->ports[i].family != 0 ? "/" : "",
			(unsigned)options->ports[i].family);
		before = ", ";
	}
	fputs(*before == ' ' ? ".\n" : "). --helper NAME=PORT adds ports.\n", replay->out);
}

/* "3 calls: 1 connected, 1 refused, 1 neither" */
static void print_calls(const struct replay_tree *tree)
{
	uint64_t neither = tree->calls - tree->calls_connected - tree->calls_failed;

	if (tree->calls > 0)
		fprintf(tree->replay->out, "%llu call%s: %llu connected, %llu refused, %llu neither\n", (ull)tree->calls,
			words_s(tree->calls), (ull)tree->calls_connected, (ull)tree->calls_failed, (ull)neither);
}

/* "2 used, 1 came to nothing, 3 refused (2 third-party-address, 1 no-port)" */
static void print_outcome(const struct replay_tree *tree)
{
	const struct replay_counts *counts = &tree->replay->counts;
	uint64_t accepted = counts->announced - counts->refused, controls = tree->control_count + tree->conns_more;
	FILE *out = tree->replay->out;

	fprintf(out, "\n%llu control connection%s, ", (ull)controls, words_s(controls));
	if (counts->announced == 0) {
		fputs("nothing announced\n", out);
		return;
	}
	fprintf(out, "%llu announcement%s: %llu used, %llu came to nothing, %llu refused", (ull)counts->announced,
		words_s(counts->announced), (ull)tree->used, (ull)(accepted - tree->used), (ull)counts->refused);
	for (uint32_t i = 0; i < counts->refusal_count; i++)
		fprintf(out, "%s%llu %s", i == 0 ? " (" : ", ", (ull)counts->refusals[i].count, counts->refusals[i].code);
	fputs(counts->refusal_count > 0 ? ")\n" : "\n", out);
}

void replay_summary_print(const struct replay_tree *tree)
{
	if (tree->controls == NULL)
		print_no_control(tree->replay);
	else
		print_outcome(tree);
	print_calls(tree);
	print_others(tree);
	print_packets(tree->replay);
}

/* `heading` is printed before the first line of its section. */
static void print_stat(const struct replay *replay, const char **heading, uint64_t value, const char *name,
		       const char *text)
{
	if (value == 0)
		return;
	if (*heading != NULL)
		fprintf(replay->out, "\n%s\n", *heading);
	*heading = NULL;
	fprintf(replay->out, "  %12llu  %-22s %s\n", (ull)value, name, text);
}

void replay_summary_stats(const struct replay *replay)
{
	const struct usher_worker *worker = replay->worker;
	const struct usher_helper *helper;
	const char *heading = "Counters";
	char of_helper[64];

	for (unsigned i = 0; i < USHER_COUNTER_COUNT; i++)
		print_stat(
			replay, &heading, usher_counter_get(worker, i), usher_counter_name(i), usher_counter_text(i));
	heading = "Reasons";
	for (unsigned i = USHER_REASON_NONE + 1; i < USHER_REASON_COUNT; i++)
		print_stat(replay, &heading, usher_reason_count(worker, i), usher_reason_name(i), usher_reason_text(i));
	heading = "Refusals";
	for (uint32_t i = 0; i < replay->counts.refusal_count; i++)
		print_stat(replay, &heading, replay->counts.refusals[i].count, replay->counts.refusals[i].code,
			"announcements refused");
	for (unsigned i = 0; (helper = usher_helper(i)) != NULL; i++) {
		snprintf(of_helper, sizeof(of_helper), "Notes and refusals of %s", helper->name);
		heading = of_helper;
		for (const struct usher_code *code = helper->notes; code != NULL && code->name != NULL; code++)
			print_stat(replay, &heading, usher_note_count(worker, helper->name, code->name), code->name,
				code->text);
	}
}
