/*
 * One run of usher replay: makes the tracker, reads the files, shows what came of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "ctl/text.h"
#include "usher/command.h"
#include "usher/replay.h"
#include "usher/replay_explain.h"
#include "usher/replay_json.h"
#include "usher/replay_report.h"
#include "usher/replay_tree.h"

#define OUTPUT_BUFFER (64u * 1024)
#define HUGE_PAGE     (2u << 20)
/* Generous: what is not used is only address space, and a scan of a helper's port must not hide the sessions after it. */
#define HELPED_MAX    262144u
#define EXPECT_MAX    65536u

bool replay_since(const struct replay *replay, const struct replay_place *place, usher_time *since)
{
	const struct replay_file *file = &replay->files[place->file - 1];

	*since = place->time > file->first ? place->time - file->first : 0;
	return file->first != 0 && place->time <= file->last;
}

static void count_refusal(struct replay_counts *counts, const char *code)
{
	struct replay_refusal *refusal = counts->refusals;
	uint32_t i;

	counts->refused++;
	code = code != NULL ? code : "-";
	for (i = 0; i < counts->refusal_count && strcmp(refusal[i].code, code) != 0; i++)
		;
	if (i == REPLAY_REFUSALS_MAX)
		return; /* the sum of all has it */
	if (i == counts->refusal_count)
		snprintf(refusal[counts->refusal_count++].code, sizeof(refusal[i].code), "%s", code);
	refusal[i].count++;
}

static void on_event(void *user, const struct usher_event *event)
{
	struct replay *replay = user;

	if (event->type == USHER_EVENT_ANNOUNCE) {
		replay->counts.announced++;
		if (!event->u.announce.accepted)
			count_refusal(&replay->counts, event->u.announce.code);
	}
	if (replay->nat != NULL)
		replay_nat_event(replay->nat, event);
	if (replay->json != NULL)
		replay_json_event(replay->json, event);
	if (replay->explain != NULL)
		replay_explain_event(replay->explain, event);
	if (replay->tree != NULL)
		replay_tree_event(replay->tree, event);
	if (replay->write_error == 0 && ferror(replay->out))
		replay->write_error = errno;
}

/* Only what somebody looks at: an event that nobody wants costs nothing. */
static uint32_t events_wanted(const struct replay *replay)
{
	uint32_t told = 1u << USHER_EVENT_CONN_NEW | 1u << USHER_EVENT_CONN_DESTROY | 1u << USHER_EVENT_ANNOUNCE |
			1u << USHER_EVENT_EXPECT_NEW | 1u << USHER_EVENT_EXPECT_HIT | 1u << USHER_EVENT_EXPECT_GONE |
			1u << USHER_EVENT_NOTE;

	if (replay->json != NULL)
		return 0; /* all */
	if (replay->explain != NULL)
		told |= 1u << USHER_EVENT_INVALID;
	return told;
}

static int make_tracker(struct replay *replay)
{
	const struct replay_options *options = replay->options;
	struct usher_options tracker = {
		.size = sizeof(tracker),
		.flags = options->flags | (replay->nat != NULL ? USHER_NAT_CAPTURE : 0u),
		.fragments = 256, /* an analyst wants whole datagrams */
		.connections = options->connections,
		.helped = options->connections < HELPED_MAX ? options->connections : HELPED_MAX,
		.expectations = EXPECT_MAX,
		.expect_max = options->expect_max,
		.reserved_below = options->reserved_below,
		.timeouts = options->timeouts,
		.ports = options->ports,
		.port_count = options->port_count,
		.no_default_ports = options->no_default_helpers,
		.policy = replay->nat != NULL ? replay_nat_policy : NULL,
		.policy_user = replay->nat,
		.sink = on_event,
		.sink_user = replay,
		.events = events_wanted(replay),
		/* The seed stays zero: the same capture gives the same output. */
	};

	if (usher_error(&tracker) != NULL)
		return misuse("replay", "%s", usher_error(&tracker));
	replay->region_size = usher_size(&tracker);
	replay->region = mmap(NULL, replay->region_size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (replay->region == MAP_FAILED)
		return complain("%zu MiB of address space for %u connections: %s (--connections wants less)",
				replay->region_size >> 20, options->connections, strerror(errno));
	if (replay->region_size > 16u * HUGE_PAGE)
		madvise(replay->region, replay->region_size,
			MADV_HUGEPAGE); /* a wish: no matter if it is not granted */
	replay->tracker = usher_init(replay->region, replay->region_size, &tracker);
	if (replay->tracker == NULL)
		return complain("the tracker could not be set up");
	replay->worker = usher_worker(replay->tracker, 0);
	return STATUS_OK;
}

/* Is this file one of the captures? It would be emptied before it is read. */
static bool is_capture(const struct replay_options *options, const char *path)
{
	struct stat mine, theirs;

	if (stat(path, &mine) != 0 || !S_ISREG(mine.st_mode))
		return false;
	for (uint32_t i = 0; i < options->file_count; i++) {
		if (stat(options->files[i], &theirs) == 0 && theirs.st_dev == mine.st_dev &&
			theirs.st_ino == mine.st_ino)
			return true;
	}
	return false;
}

static const char *output_name(const char *path, char *safe, size_t size)
{
	return ctl_escape(safe, size, path, strlen(path));
}

/* NULL: told. `path` NULL or "-" is the standard output. */
static FILE *open_output(const struct replay_options *options, const char *path)
{
	char safe[256];
	FILE *out = stdout;

	if (path != NULL && is_capture(options, path)) {
		complain("%s: is one of the captures, and would be overwritten", output_name(path, safe, sizeof(safe)));
		return NULL;
	}
	if (path != NULL && strcmp(path, "-") != 0)
		out = fopen(path, "w");
	if (out == NULL)
		complain("%s: %s", output_name(path, safe, sizeof(safe)), strerror(errno));
	return out;
}

static bool close_output(FILE *out, const char *path, int error)
{
	char safe[256];

	return finish_output(out, out == stdout ? "standard output" : output_name(path, safe, sizeof(safe)), error) ==
	       STATUS_OK;
}

static void choose_views(struct replay *replay)
{
	const struct replay_options *options = replay->options;

	if (options->json)
		replay->json = replay_json_new(replay);
	if (options->explain)
		replay->explain = replay_explain_new(replay);
	if (!options->json || options->report != NULL)
		replay->tree = replay_tree_new(replay);
}

/* Everything that still lives ends with the capture; what was over by then, by itself. */
static void end_of_capture(struct replay *replay)
{
	usher_tick(replay->worker, replay->counts.last, UINT32_MAX);
	usher_end(replay->worker);
}

static bool show(struct replay *replay, bool complete)
{
	bool good = true;

	if (replay->json != NULL)
		replay_json_end(replay->json, complete);
	else
		replay_tree_print(replay->tree);
	if (replay->write_error == 0 && fflush(replay->out) != 0)
		replay->write_error = errno;
	if (replay->options->report != NULL) {
		FILE *report = open_output(replay->options, replay->options->report);

		if (report != NULL)
			replay_report_write(replay->tree, report);
		good = report != NULL && close_output(report, replay->options->report, 0);
	}
	return good;
}

static int run(struct replay *replay)
{
	bool any = false, complete, good;
	int status;

	choose_views(replay);
	if (replay->options->nat != NULL)
		replay->nat = replay_nat_new(replay->options->nat, replay->options->ports, replay->options->port_count,
					     !replay->options->no_default_helpers);
	status = make_tracker(replay);
	if (status != STATUS_OK)
		return status;
	complete = replay_read(replay);
	for (uint32_t i = 0; i < replay->options->file_count; i++)
		any = any || !replay->files[i].broken || replay->files[i].frames > 0;
	if (!any) /* no capture at all: there is nothing to show */
		return STATUS_FAILED;
	end_of_capture(replay);
	good = show(replay, complete);
	return complete && good ? STATUS_OK : STATUS_FAILED;
}

int replay_run(const struct replay_options *options)
{
	struct replay replay = { .options = options, .region = MAP_FAILED };
	char *buffer;
	int status;

	replay.out = open_output(options, options->output);
	if (replay.out == NULL)
		return STATUS_FAILED;
	buffer = grab(1, OUTPUT_BUFFER);
	setvbuf(replay.out, buffer, _IOFBF, OUTPUT_BUFFER);
	replay.files = grab(options->file_count, sizeof(*replay.files));
	for (uint32_t i = 0; i < options->file_count; i++)
		replay.files[i].name = options->files[i];
	status = run(&replay);
	if (!close_output(replay.out, options->output, replay.write_error) && status == STATUS_OK)
		status = STATUS_FAILED;
	free(buffer);
	replay_json_free(replay.json);
	replay_explain_free(replay.explain);
	replay_tree_free(replay.tree);
	if (replay.region != MAP_FAILED)
		munmap(replay.region, replay.region_size);
	free(replay.files);
	return status;
}
