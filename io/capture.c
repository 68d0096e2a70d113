/*
 * Reading captures with libpcap: see capture.h.
 *
 * libpcap reads from a stdio stream whose bytes come from source.c (unpacking) and, for pcapng, through
 * blocks.c (making interfaces uniform). Snap lengths that the file claims are hidden from it: a frame
 * longer than its file's snap length is read whole, as Wireshark does, and not cut by a header that was
 * written wrongly.
 *
 * The filter is compiled once for each link type, and applied here instead of in libpcap, so that frames
 * left out are counted. It is compiled for a savefile of that link type, made of nothing but its header: so
 * libpcap itself translates the link type's number, and refuses what only a live capture can do.
 */
#include "io/capture.h"

#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "io/blocks.h"
#include "io/link.h"
#include "io/source.h"

#define BUFFER_SIZE	(1024 * 1024)
#define LINKS_MAX	32
#define ERROR_SIZE	1024

#define PCAP_HEADER_SIZE	24
#define PCAP_SNAPLEN_AT		16
#define PCAP_MAGIC		0xa1b2c3d4u

struct link {
	int linktype;			/* as the file has it */
	int dlt;
	pcap_t *savefile;		/* what the filter is compiled for */
	struct bpf_program program;
	bool compiled;
};

struct io_capture {
	struct io_source *source;
	struct io_blocks *blocks;	/* pcapng only */
	pcap_t *pcap;			/* has the stream */
	char *buffer;			/* the stream's */
	char *filter;			/* NULL: all frames */
	struct link links[LINKS_MAX];
	unsigned link_count;

	uint64_t number;		/* frames read */
	bool ahead;			/* the first frame is read but not delivered */
	int status;			/* of the last read: 1, 0 or -1 */
	struct pcap_pkthdr *header;
	const u_char *data;
	char error[ERROR_SIZE];
};

/* One line, whatever is in a name or in libpcap's words. */
static void keep_one_line(char *error, size_t error_len)
{
	for (size_t i = 0; i < error_len && error[i] != '\0'; i++) {
		if ((unsigned char)error[i] < ' ' || error[i] == 0x7f)
			error[i] = '?';
	}
}

/* "NAME: ..." A long name leaves room for the rest. */
__attribute__((format(printf, 4, 5)))
static void say(char *error, size_t error_len, const char *name, const char *format, ...)
{
	va_list arguments;
	int used = snprintf(error, error_len, "%.*s: ", (int)(error_len / 2), name);

	if (used > 0 && (size_t)used < error_len) {
		va_start(arguments, format);
		vsnprintf(error + used, error_len - (size_t)used, format, arguments);
		va_end(arguments);
	}
	keep_one_line(error, error_len);
}

static const char *name_of(const struct io_capture *capture)
{
	return io_source_name(capture->source);
}

/* What a file is. */

static const struct {
	const char *magic;
	size_t len;
	const char *what;
} lookalikes[] = {
	{ "\xfd" "7zXZ", 5, "is packed with xz: unpack it first (xz -dc)" },
	{ "\x28\xb5\x2f\xfd", 4, "is packed with zstd: unpack it first (zstd -dc)" },
	{ "BZh", 3, "is packed with bzip2: unpack it first (bzip2 -dc)" },
	{ "\x04\x22\x4d\x18", 4, "is packed with lz4: unpack it first (lz4 -dc)" },
	{ "PK\x03\x04", 4, "is a zip archive: unpack it first" },
	{ "\x1f\x9d", 2, "is packed with compress: unpack it first (uncompress -c)" },
	{ "\x1f\x8b", 2, "is gzipped twice: unpack it first (gzip -dc)" },
	{ "snoop\0\0\0", 8, "is a snoop capture: convert it first (editcap -F pcapng)" },
	{ "GMBU", 4, "is a Network Monitor capture: convert it first (editcap -F pcapng)" },
};

/* Microseconds, nanoseconds, and an old variant with longer packet headers; each in both byte orders. */
static bool is_pcap(const uint8_t *head, size_t len)
{
	static const uint8_t magics[][4] = {
		{ 0xa1, 0xb2, 0xc3, 0xd4 }, { 0xa1, 0xb2, 0x3c, 0x4d }, { 0xa1, 0xb2, 0xcd, 0x34 },
		{ 0xd4, 0xc3, 0xb2, 0xa1 }, { 0x4d, 0x3c, 0xb2, 0xa1 }, { 0x34, 0xcd, 0xb2, 0xa1 },
	};

	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if (len >= 4 && memcmp(head, magics[i], 4) == 0)
			return true;
	}
	return false;
}

static const char *why_no_capture(const uint8_t *head, size_t len)
{
	if (len == 0)
		return "is empty";
	for (size_t i = 0; i < sizeof(lookalikes) / sizeof(lookalikes[0]); i++) {
		if (len >= lookalikes[i].len && memcmp(head, lookalikes[i].magic, lookalikes[i].len) == 0)
			return lookalikes[i].what;
	}
	return "is not a capture: neither pcap nor pcapng";
}

/* Prepares what libpcap will read. */
static bool recognise(struct io_capture *capture, char *error, size_t error_len)
{
	size_t len;
	uint8_t *head = io_source_head(capture->source, &len);

	if (io_blocks_recognise(head, len)) {
		capture->blocks = io_blocks_new(capture->source);
		if (capture->blocks == NULL)
			say(error, error_len, name_of(capture), "out of memory");
		return capture->blocks != NULL;
	}
	if (is_pcap(head, len) && len == PCAP_HEADER_SIZE) {
		memset(head + PCAP_SNAPLEN_AT, 0, 4);
		return true;
	}
	if (io_source_error(capture->source) != NULL)
		say(error, error_len, name_of(capture), "%s", io_source_error(capture->source));
	else if (is_pcap(head, len))
		say(error, error_len, name_of(capture),
		    "breaks off in the file header, after %zu of %d bytes", len, PCAP_HEADER_SIZE);
	else
		say(error, error_len, name_of(capture), "%s", why_no_capture(head, len));
	return false;
}

/* The stream that libpcap reads. */

static ssize_t stream_read(void *cookie, char *buffer, size_t size)
{
	struct io_capture *capture = cookie;

	if (capture->blocks != NULL)
		return io_blocks_read(capture->blocks, buffer, size);
	return io_source_read(capture->source, buffer, size);
}

static bool open_pcap(struct io_capture *capture, char *error, size_t error_len)
{
	static const cookie_io_functions_t functions = { .read = stream_read };
	char why[PCAP_ERRBUF_SIZE] = "out of memory";
	FILE *stream = fopencookie(capture, "r", functions);

	capture->buffer = malloc(BUFFER_SIZE);
	if (stream != NULL && capture->buffer != NULL) {
		setvbuf(stream, capture->buffer, _IOFBF, BUFFER_SIZE);
		capture->pcap = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO,
									 why);
	}
	if (capture->pcap != NULL)
		return true;
	if (stream != NULL)
		fclose(stream);
	say(error, error_len, name_of(capture), "%s",
	    io_source_error(capture->source) != NULL ? io_source_error(capture->source) : why);
	return false;
}

/* Link types. */

/* A savefile of this link type, with no packets. */
static pcap_t *empty_savefile(int linktype, char *why)
{
	uint32_t header[PCAP_HEADER_SIZE / 4] = { PCAP_MAGIC, 0, 0, 0, 0, (uint32_t)linktype };
	const uint16_t version[2] = { 2, 4 };
	FILE *stream;
	pcap_t *savefile;

	memcpy(&header[1], version, sizeof(version));
	stream = fmemopen(header, sizeof(header), "r");
	if (stream == NULL)
		return NULL;
	savefile = pcap_fopen_offline(stream, why);
	if (savefile == NULL)
		fclose(stream);
	return savefile;
}

static bool compile(struct io_capture *capture, struct link *link, char *error, size_t error_len)
{
	pcap_t *savefile = link->savefile != NULL ? link->savefile : capture->pcap;
	const char *type = pcap_datalink_val_to_name(link->dlt);

	if (pcap_compile(savefile, &link->program, capture->filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		say(error, error_len, name_of(capture), "filter \"%.*s\" for link type %s: %s",
		    (int)(error_len / 4), capture->filter, type != NULL ? type : "unknown",
		    pcap_geterr(savefile));
		return false;
	}
	link->compiled = true;
	return true;
}

/* The link type's entry, made when it is first seen, its filter compiled. NULL: an error, told. */
static struct link *find_link(struct io_capture *capture, int linktype, char *error, size_t error_len)
{
	char why[PCAP_ERRBUF_SIZE] = "out of memory";
	struct link *link;

	for (unsigned i = 0; i < capture->link_count; i++) {
		if (capture->links[i].linktype == linktype)
			return &capture->links[i];
	}
	if (capture->link_count == LINKS_MAX) {
		say(error, error_len, name_of(capture), "has more than %d link types", LINKS_MAX);
		return NULL;
	}
	link = &capture->links[capture->link_count];
	link->linktype = linktype;
	if (capture->blocks != NULL) {
		link->savefile = empty_savefile(linktype, why);
		if (link->savefile == NULL) {
			say(error, error_len, name_of(capture), "link type %d: %s", linktype, why);
			return NULL;
		}
	}
	link->dlt = pcap_datalink(link->savefile != NULL ? link->savefile : capture->pcap);
	capture->link_count++;
	if (capture->filter != NULL && io_link_supported(link->dlt) &&
	    !compile(capture, link, error, error_len))
		return NULL;
	return link;
}

/* Names the first interface's link type, which stands for all. */
static void refuse_link(struct io_capture *capture, const struct link *link, char *error, size_t error_len)
{
	const char *name = pcap_datalink_val_to_name(link->dlt);
	const char *description = pcap_datalink_val_to_description(link->dlt);

	say(error, error_len, name_of(capture), "link type %d (%s: %s) cannot be read; it must be Ethernet, "
	    "Linux cooked, raw IP, BSD loopback, PPP or 802.11", link->linktype,
	    name != NULL ? name : "unknown", description != NULL ? description : "no name is known");
}

/*
 * Refuses a capture without any link type that can be read. Of a pcapng file the interfaces are known when
 * the first frame is read, so it is read here. A filter that cannot be compiled is told here too, not after
 * a million frames.
 */
static bool check_links(struct io_capture *capture, char *error, size_t error_len)
{
	bool readable = false;
	int linktype = pcap_datalink(capture->pcap);

	if (capture->blocks != NULL) {
		capture->status = pcap_next_ex(capture->pcap, &capture->header, &capture->data);
		capture->ahead = true;
		linktype = io_blocks_interface(capture->blocks, 0);
	}
	for (uint32_t i = 0; linktype >= 0; i++) {
		readable = readable || io_link_supported(linktype);
		if (i == 0 || io_link_supported(linktype)) {
			if (find_link(capture, linktype, error, error_len) == NULL)
				return false;
		}
		linktype = capture->blocks != NULL ? io_blocks_interface(capture->blocks, i + 1) : -1;
	}
	/* Without an interface it is damaged right after its header: io_capture_next() has the error. */
	if (readable || capture->link_count == 0)
		return true;
	refuse_link(capture, &capture->links[0], error, error_len);
	return false;
}

/* Opening and closing. */

static struct io_capture *start(struct io_source *source, const char *filter, char *error, size_t error_len)
{
	struct io_capture *capture;

	if (source == NULL) {
		keep_one_line(error, error_len);
		return NULL;
	}
	capture = calloc(1, sizeof(*capture));
	if (capture == NULL) {
		say(error, error_len, io_source_name(source), "out of memory");
		io_source_close(source);
		return NULL;
	}
	capture->source = source;
	capture->status = 1;
	if (filter != NULL && filter[0] != '\0') {
		capture->filter = strdup(filter);
		if (capture->filter == NULL) {
			say(error, error_len, io_source_name(source), "out of memory");
			io_capture_close(capture);
			return NULL;
		}
	}
	if (!recognise(capture, error, error_len) || !open_pcap(capture, error, error_len) ||
	    !check_links(capture, error, error_len)) {
		io_capture_close(capture);
		return NULL;
	}
	return capture;
}

struct io_capture *io_capture_open(const char *path, const char *filter, char *error, size_t error_len)
{
	return start(io_source_open(path, error, error_len), filter, error, error_len);
}

struct io_capture *io_capture_open_stream(FILE *stream, const char *name, const char *filter, char *error,
					  size_t error_len)
{
	return start(io_source_open_stream(stream, name, error, error_len), filter, error, error_len);
}

void io_capture_close(struct io_capture *capture)
{
	if (capture == NULL)
		return;
	for (unsigned i = 0; i < capture->link_count; i++) {
		if (capture->links[i].compiled)
			pcap_freecode(&capture->links[i].program);
		if (capture->links[i].savefile != NULL)
			pcap_close(capture->links[i].savefile);
	}
	if (capture->pcap != NULL)
		pcap_close(capture->pcap);	/* closes the stream */
	free(capture->buffer);
	io_blocks_free(capture->blocks);
	io_source_close(capture->source);
	free(capture->filter);
	free(capture);
}

/* Reading. */

/*
 * pcap files have 32 bits of seconds without sign, which libpcap gives with one: they last until 2106. A
 * fraction that is none is left out; the seconds may still be right.
 */
static uint64_t time_of(const struct io_capture *capture)
{
	int64_t seconds = capture->header->ts.tv_sec;
	int64_t nanoseconds = capture->header->ts.tv_usec;	/* as asked for at opening */

	if (seconds < 0 && capture->blocks == NULL)
		seconds = (int64_t)(uint32_t)seconds;
	if (seconds < 0 || (uint64_t)seconds >= UINT64_MAX / 1000000000u)
		return 0;
	if (nanoseconds < 0 || nanoseconds >= 1000000000)
		nanoseconds = 0;
	return (uint64_t)seconds * 1000000000u + (uint64_t)nanoseconds;
}

/* Reads one frame, or takes the one that was read ahead: 1, 0, -1. */
static int read_one(struct io_capture *capture)
{
	const char *why = NULL;

	if (!capture->ahead)
		capture->status = pcap_next_ex(capture->pcap, &capture->header, &capture->data);
	capture->ahead = false;
	if (capture->status == 1) {
		capture->number++;
		return 1;
	}
	/* What broke below libpcap is nearer to the cause than what libpcap makes of it, if anything. */
	why = io_source_error(capture->source);
	if (why == NULL && capture->status != PCAP_ERROR_BREAK)
		why = pcap_geterr(capture->pcap);
	capture->status = 0;
	if (why != NULL) {
		say(capture->error, sizeof(capture->error), name_of(capture), "frame %llu: %s",
		    (unsigned long long)capture->number + 1, why);
		capture->status = -1;
	}
	return capture->status;
}

/* The link type of the frame just read. NULL: an error, told. */
static struct link *link_of_frame(struct io_capture *capture)
{
	int linktype = capture->links[0].linktype;

	if (capture->blocks != NULL)
		linktype = io_blocks_linktype(capture->blocks);
	if (linktype < 0) {
		say(capture->error, sizeof(capture->error), name_of(capture), "frame %llu: has no interface",
		    (unsigned long long)capture->number);
		return NULL;
	}
	return find_link(capture, linktype, capture->error, sizeof(capture->error));
}

int io_capture_next(struct io_capture *capture, struct io_frame *frame)
{
	struct link *link;

	if (capture->status != 1 && !capture->ahead)
		return capture->status;
	do {
		if (read_one(capture) != 1)
			return capture->status;
		link = link_of_frame(capture);
		if (link == NULL)
			return capture->status = -1;
	} while (capture->filter != NULL &&
		 (!link->compiled || !pcap_offline_filter(&link->program, capture->header, capture->data)));

	frame->data = capture->data;
	frame->caplen = capture->header->caplen;
	frame->wirelen = capture->header->len;
	if (capture->blocks != NULL && io_blocks_wire_len(capture->blocks) != 0)
		frame->wirelen = io_blocks_wire_len(capture->blocks);
	if (frame->wirelen < frame->caplen)
		frame->wirelen = frame->caplen;
	frame->time_ns = time_of(capture);
	frame->number = capture->number;
	frame->dlt = link->dlt;
	return 1;
}

const char *io_capture_error(const struct io_capture *capture)
{
	return capture->error;
}

uint64_t io_capture_bytes_read(const struct io_capture *capture)
{
	return io_source_bytes_read(capture->source);
}

uint64_t io_capture_size(const struct io_capture *capture)
{
	return io_source_size(capture->source);
}
