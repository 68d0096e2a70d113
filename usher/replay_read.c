/*
 * The way of a capture's frames into the tracker: read, unwrap, copy into the burst, process.
 *
 * Frames are copied because libpcap's buffer lasts for one frame only, and bursts are what makes look-ups overlap. The
 * copies lie one behind the other in an arena that stays small enough for the second-level cache.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/text.h"
#include "io/capture.h"
#include "io/link.h"
#include "usher/command.h"
#include "usher/replay.h"
#include "usher/replay_explain.h"

#define ARENA_FULL     (256u * 1024)              /* a burst ends here, whatever its count */
#define ARENA_SIZE     (ARENA_FULL + 512u * 1024) /* the longest frame, 256 KiB, fits behind that */
#define ALIGNMENT      64u
#define PROGRESS_LEAST (64u << 20)                /* bytes of a file that takes long enough to be asked about */
#define PROGRESS_EVERY 8192u                      /* frames between two looks at the clock */

struct reader {
	struct replay *replay;
	struct io_capture *capture;
	struct replay_file *file;
	uint8_t *arena;
	size_t used;
	uint32_t count;
	bool live_output;  /* --burst 1: somebody waits for each line */
	bool progress, progress_shown;
	time_t progress_at;
	struct usher_packet packets[USHER_BURST_MAX];
};

static void process(struct reader *reader)
{
	struct replay *replay = reader->replay;

	if (reader->count == 0)
		return;
	if (replay->nat != NULL)
		replay_nat_packet(replay->nat, replay->worker, &reader->packets[0]);
	usher_process(replay->worker, reader->packets, reader->count, replay->counts.last);
	if (replay->explain != NULL) {
		for (uint32_t i = 0; i < reader->count; i++)
			replay_explain_packet(replay->explain, &reader->packets[i]);
	}
	reader->count = 0;
	reader->used = 0;
	if (reader->live_output)
		fflush(replay->out);
}

static void add(struct reader *reader, const struct io_frame *frame, const struct io_link_result *link)
{
	const struct replay_options *options = reader->replay->options;
	struct usher_packet *packet = &reader->packets[reader->count];
	uint32_t len = link->len < ARENA_SIZE - ARENA_FULL ? link->len : ARENA_SIZE - ARENA_FULL;

	memset(packet, 0, sizeof(*packet));
	packet->data = reader->arena + reader->used;
	packet->len = len;
	packet->wire_len = link->wire_len;
	packet->zone = options->zone_by_vlan ? link->vlan : 0;
	packet->time = frame->time_ns;
	packet->frame = frame->number;
	memcpy(packet->data, frame->data + link->offset, len);
	reader->used += (len + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	/* With --nat a packet's other name may come of the one before it. */
	if (++reader->count == options->burst || reader->replay->nat != NULL || reader->used >= ARENA_FULL)
		process(reader);
}

/* A frame without a packet for the tracker: counted by what it was. */
static void count_other(struct replay_counts *counts, const struct io_link_result *link)
{
	struct replay_other *other = counts->other;
	uint32_t i;

	if (link->kind == IO_LINK_NOT_IP)
		counts->not_ip++;
	else
		counts->unreadable++;
	for (i = 0; i < counts->other_count; i++) {
		const char *what = other[i].what;

		if (other[i].kind == link->kind &&
		    (what == link->what || (what != NULL && link->what != NULL && strcmp(what, link->what) == 0)))
			break;
	}
	if (i == REPLAY_OTHERS_MAX)
		return; /* a zoo: the sum has it */
	if (i == counts->other_count)
		other[counts->other_count++] = (struct replay_other){ link->what, link->kind, 0 };
	other[i].count++;
}

static void count_frame(struct reader *reader, const struct io_frame *frame)
{
	struct replay_counts *counts = &reader->replay->counts;
	struct replay_file *file = reader->file;
	usher_time now = frame->time_ns;

	file->frames++;
	counts->frames++;
	if (frame->caplen < frame->wirelen)
		counts->cut++;
	if (now == 0)
		return;
	if (now > file->last)
		file->last = now;
	if (file->first == 0 || now < file->first)
		file->first = now;
	if (now > counts->last)
		counts->last = now;
	if (counts->first == 0 || now < counts->first)
		counts->first = now;
}

/* Once a second, on a terminal, for a file that takes a while. */
static void show_progress(struct reader *reader)
{
	uint64_t read = io_capture_bytes_read(reader->capture), size = io_capture_size(reader->capture);
	time_t now = time(NULL);
	char name[64];

	if (size < PROGRESS_LEAST || now == reader->progress_at)
		return;
	reader->progress_at = now;
	reader->progress_shown = true;
	fprintf(stderr, "\r%s: %u%% \033[K",
		ctl_escape(name, sizeof(name), reader->file->name, strlen(reader->file->name)),
		(unsigned)(read * 100 / size));
}

static int read_frames(struct reader *reader)
{
	struct replay *replay = reader->replay;
	struct io_link_result link;
	struct io_frame frame;
	int status;

	while ((status = io_capture_next(reader->capture, &frame)) == 1) {
		count_frame(reader, &frame);
		if (io_link_decode(frame.dlt, frame.data, frame.caplen, frame.wirelen, &link))
			add(reader, &frame, &link);
		else
			count_other(&replay->counts, &link);
		if (reader->file->frames % PROGRESS_EVERY == 0) {
			if (reader->progress)
				show_progress(reader);
			if (ferror(replay->out))
				break;
		}
	}
	process(reader); /* frame numbers begin anew in the next file: no burst spans two */
	if (reader->progress_shown)
		fputs("\r\033[K", stderr);
	return status;
}

static bool read_file(struct reader *reader)
{
	struct replay_file *file = reader->file;
	struct replay *replay = reader->replay;

	reader->capture = io_capture_open(file->name, replay->options->filter, file->error, sizeof(file->error));
	if (reader->capture == NULL) {
		file->broken = true;
	} else {
		file->broken = read_frames(reader) < 0;
		if (file->broken)
			snprintf(file->error, sizeof(file->error), "%s", io_capture_error(reader->capture));
		io_capture_close(reader->capture);
	}
	if (file->broken)
		complain("%s", file->error);
	return !file->broken;
}

bool replay_read(struct replay *replay)
{
	struct reader *reader = grab(1, sizeof(*reader));
	bool good = true;

	reader->replay = replay;
	reader->arena = aligned_alloc(ALIGNMENT, ARENA_SIZE);
	if (reader->arena == NULL)
		exit(complain("out of memory"));
	reader->live_output = replay->options->burst == 1;
	reader->progress = isatty(STDERR_FILENO) && !isatty(fileno(replay->out));
	for (replay->file = 1; replay->file <= replay->options->file_count && !ferror(replay->out); replay->file++) {
		reader->file = &replay->files[replay->file - 1];
		good = read_file(reader) && good;
	}
	replay->file = replay->options->file_count;
	free(reader->arena);
	free(reader);
	return good && !ferror(replay->out);
}
