/*
 * The bytes of a capture file, unpacked: a file, the standard input, or a stream; gzipped or not, told by
 * content.
 *
 * Owns: the descriptor (but for the standard input) and the unpacking. Delivers every byte that can be had
 * before it reports that something broke; after that it reports the same again.
 */
#ifndef USHER_IO_SOURCE_H
#define USHER_IO_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define IO_SOURCE_HEAD	24	/* a pcap file's header; a pcapng file's first block is longer */

struct io_source;

/* Opens a file ("-": the standard input). NULL: `error` has one line, beginning with the path. */
struct io_source *io_source_open(const char *path, char *error, size_t error_len);

/* The same from a stream, which it then owns, and closes even when it fails. */
struct io_source *io_source_open_stream(FILE *stream, const char *name, char *error, size_t error_len);

/* Closes the source. NULL is fine. */
void io_source_close(struct io_source *source);

/* What to call it in messages: the path, or "standard input". */
const char *io_source_name(const struct io_source *source);

/*
 * The first bytes of the unpacked content, up to IO_SOURCE_HEAD, which io_source_read() will deliver again:
 * the caller may change them until then. *len is less than IO_SOURCE_HEAD only if there are no more.
 */
uint8_t *io_source_head(struct io_source *source, size_t *len);

/* Up to `size` unpacked bytes; 0 at the end, -1 if it broke off: io_source_error() says why. */
ssize_t io_source_read(struct io_source *source, void *buffer, size_t size);

/* One line without the name, or NULL while nothing has gone wrong. */
const char *io_source_error(const struct io_source *source);

/* How far the file has been read and how long it is, in bytes as it lies on the disk. Size 0: not known. */
uint64_t io_source_bytes_read(const struct io_source *source);
uint64_t io_source_size(const struct io_source *source);

#endif
