/*
 * The bytes of a capture file, unpacked: see source.h.
 *
 * Descriptors are read with read(2) straight into the caller's buffer, so that a plain file costs no copy
 * here, and a pipe delivers what it has instead of waiting for a full buffer. A gzipped one is inflated
 * from a buffer of its own; several gzip members after one another are one file, and what follows the last
 * one is ignored, as gzip does it (RFC 1952, 2.2).
 *
 * Invariants: `error` once set stays; `member` says whether the inflater is inside a gzip member, which is
 * the only place where the end of the file is an error.
 */
#include "io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define PACKED_SIZE	(256 * 1024)
#define GZIP_MAGIC	2

struct io_source {
	int fd;			/* -1: `stream` */
	FILE *stream;
	char *name;
	uint64_t bytes_read, size;
	char error[160];

	uint8_t head[IO_SOURCE_HEAD];	/* unpacked bytes that were looked at before anybody read */
	size_t head_len, head_at;

	bool gzip, member, packed_end;
	z_stream inflater;
	uint8_t *packed;
};

static ssize_t broke(struct io_source *source, const char *why)
{
	if (source->error[0] == '\0')
		snprintf(source->error, sizeof(source->error), "%s", why);
	return -1;
}

/* The bytes as they lie in the file. */
static ssize_t read_raw(struct io_source *source, void *buffer, size_t size)
{
	ssize_t got;

	if (source->fd >= 0) {
		do {
			got = read(source->fd, buffer, size);
		} while (got < 0 && errno == EINTR);
	} else {
		got = (ssize_t)fread(buffer, 1, size, source->stream);
		if (got == 0 && ferror(source->stream))
			got = -1;
	}
	if (got < 0)
		return broke(source, strerror(errno));
	source->bytes_read += (uint64_t)got;
	return got;
}

/* Reads until `size` or the end: for the few bytes that tell what a file is. */
static size_t read_raw_fully(struct io_source *source, uint8_t *buffer, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t got = read_raw(source, buffer + have, size - have);

		if (got <= 0)
			break;
		have += (size_t)got;
	}
	return have;
}

static bool refill_packed(struct io_source *source)
{
	ssize_t got;

	if (source->inflater.avail_in > 0 || source->packed_end)
		return true;
	got = read_raw(source, source->packed, PACKED_SIZE);
	if (got < 0)
		return false;
	source->packed_end = got == 0;
	source->inflater.next_in = source->packed;
	source->inflater.avail_in = (uInt)got;
	return true;
}

/* Between two members: another one, or the end? What is neither is ignored. */
static bool next_member(struct io_source *source)
{
	z_stream *inflater = &source->inflater;

	if (inflater->avail_in == 0 || inflater->next_in[0] != 0x1f || inflateReset(inflater) != Z_OK)
		return false;
	source->member = true;
	return true;
}

static ssize_t read_gzip(struct io_source *source, void *buffer, size_t size)
{
	z_stream *inflater = &source->inflater;
	uInt room = size > PACKED_SIZE ? PACKED_SIZE : (uInt)size;

	inflater->next_out = buffer;
	inflater->avail_out = room;
	while (inflater->avail_out == room) {
		int status;

		if (source->error[0] != '\0' || !refill_packed(source))
			return -1;
		if (!source->member && !next_member(source))
			return 0;
		if (inflater->avail_in == 0)
			return broke(source, "the gzip data breaks off");
		status = inflate(inflater, Z_NO_FLUSH);
		if (status == Z_STREAM_END)
			source->member = false;
		else if (status == Z_MEM_ERROR)
			broke(source, "out of memory");
		else if (status != Z_OK && status != Z_BUF_ERROR)
			broke(source, "the gzip data is damaged");	/* what came before it is good */
	}
	return (ssize_t)(room - inflater->avail_out);
}

ssize_t io_source_read(struct io_source *source, void *buffer, size_t size)
{
	size_t left = source->head_len - source->head_at;

	if (left > 0) {
		size_t count = size < left ? size : left;

		memcpy(buffer, source->head + source->head_at, count);
		source->head_at += count;
		return (ssize_t)count;
	}
	if (source->error[0] != '\0')
		return -1;
	return source->gzip ? read_gzip(source, buffer, size) : read_raw(source, buffer, size);
}

/* The bytes that told that it is gzip are already read, and so go into the inflater's buffer first. */
static bool start_gzip(struct io_source *source, const uint8_t *begin, size_t len)
{
	source->packed = malloc(PACKED_SIZE);
	if (source->packed == NULL || inflateInit2(&source->inflater, 16 + MAX_WBITS) != Z_OK) {
		broke(source, "out of memory");
		return false;
	}
	source->gzip = true;
	source->member = true;
	memcpy(source->packed, begin, len);
	source->inflater.next_in = source->packed;
	source->inflater.avail_in = (uInt)len;
	return true;
}

static bool read_head(struct io_source *source)
{
	uint8_t begin[GZIP_MAGIC];
	size_t have = read_raw_fully(source, begin, sizeof(begin));

	if (have < sizeof(begin) || memcmp(begin, "\x1f\x8b", sizeof(begin)) != 0) {
		memcpy(source->head, begin, have);
		have += read_raw_fully(source, source->head + have, sizeof(source->head) - have);
		source->head_len = have;
		return have > 0 || source->error[0] == '\0';
	}
	if (!start_gzip(source, begin, have))
		return false;
	while (source->head_len < sizeof(source->head)) {
		ssize_t got = read_gzip(source, source->head + source->head_len,
					sizeof(source->head) - source->head_len);

		if (got <= 0)
			break;
		source->head_len += (size_t)got;
	}
	return source->head_len > 0 || source->error[0] == '\0';
}

/* From here on the source is in charge of fd and stream, also where it fails. */
static struct io_source *start(int fd, FILE *stream, const char *name, char *error, size_t error_len)
{
	struct io_source *source = calloc(1, sizeof(*source));
	struct stat status;

	if (source != NULL) {
		source->fd = fd;
		source->stream = stream;
		source->name = strdup(name);
	}
	if (source == NULL || source->name == NULL) {
		snprintf(error, error_len, "%s: out of memory", name);
		free(source);
		if (stream != NULL)
			fclose(stream);
		if (fd > STDIN_FILENO)
			close(fd);
		return NULL;
	}
	if (fd >= 0 && fstat(fd, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			broke(source, "is a directory, not a capture");
		else if (S_ISREG(status.st_mode))
			source->size = (uint64_t)status.st_size;
	}
	if (source->error[0] != '\0' || !read_head(source)) {
		snprintf(error, error_len, "%s: %s", name, source->error);
		io_source_close(source);
		return NULL;
	}
	return source;
}

struct io_source *io_source_open(const char *path, char *error, size_t error_len)
{
	int fd;

	if (strcmp(path, "-") == 0) {
		if (isatty(STDIN_FILENO)) {
			snprintf(error, error_len, "standard input: is a terminal, not a capture");
			return NULL;
		}
		return start(STDIN_FILENO, NULL, "standard input", error, error_len);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		snprintf(error, error_len, "%s: %s", path, strerror(errno));
		return NULL;
	}
	return start(fd, NULL, path, error, error_len);
}

struct io_source *io_source_open_stream(FILE *stream, const char *name, char *error, size_t error_len)
{
	return start(-1, stream, name, error, error_len);
}

void io_source_close(struct io_source *source)
{
	if (source == NULL)
		return;
	if (source->gzip)
		inflateEnd(&source->inflater);
	free(source->packed);
	if (source->stream != NULL)
		fclose(source->stream);
	if (source->fd > STDIN_FILENO)
		close(source->fd);
	free(source->name);
	free(source);
}

const char *io_source_name(const struct io_source *source)
{
	return source->name;
}

uint8_t *io_source_head(struct io_source *source, size_t *len)
{
	*len = source->head_len;
	return source->head;
}

const char *io_source_error(const struct io_source *source)
{
	return source->error[0] != '\0' ? source->error : NULL;
}

uint64_t io_source_bytes_read(const struct io_source *source)
{
	return source->bytes_read;
}

uint64_t io_source_size(const struct io_source *source)
{
	return source->size;
}
