/*
 * Reading captures: pcap and pcapng, gzipped or not, from a file or the standard input.
 *
 * Owns: the file while it is open. All times are nanoseconds since the epoch, all lengths bytes. Heap
 * memory is bounded by the largest frame (256 KiB) and the number of interfaces, never by the size of the
 * file.
 *
 * The file may be anything: what cannot be read is refused with one line that names it, and of a file that
 * breaks off every frame before that place is delivered.
 */
#ifndef USHER_IO_CAPTURE_H
#define USHER_IO_CAPTURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct io_capture;

struct io_frame {
	const uint8_t *data;	/* valid until the next io_capture_next() */
	uint32_t caplen;	/* bytes at `data` */
	uint32_t wirelen;	/* on the wire, says the capture: perhaps nonsense, never less than caplen */
	uint64_t time_ns;	/* since the epoch; 0: none, or one that 64 bits cannot hold */
	uint64_t number;	/* from 1, of all frames in the file, as Wireshark numbers them */
	int dlt;		/* its link type, for io_link_decode() */
};

/*
 * Opens a capture; "-" is the standard input. `filter` is in libpcap's language (man pcap-filter) and
 * leaves frames out without changing the numbers of the others; NULL or "" takes all. Returns NULL with one
 * line in `error` if the file cannot be opened or is no capture, if no interface in it has a link type that
 * io_link_decode() knows, or if the filter cannot be compiled. May wait for the first frame when reading
 * from a pipe.
 */
struct io_capture *io_capture_open(const char *path, const char *filter, char *error, size_t error_len);

/* The same for a stream, which it owns from here on and closes even when it fails. `name` is for messages. */
struct io_capture *io_capture_open_stream(FILE *stream, const char *name, const char *filter, char *error,
					  size_t error_len);

/* Closes the capture. NULL is fine. */
void io_capture_close(struct io_capture *capture);

/*
 * The next frame that passes the filter. 1: *frame is filled; 0: the end; -1: the file broke off or is
 * damaged here, and io_capture_error() tells. Once it was 0 or -1 it stays that.
 *
 * In a pcapng file with several interfaces a frame may have a link type that io_link_decode() does not
 * know: it is delivered (so that it is counted), but with a filter it is left out.
 */
int io_capture_next(struct io_capture *capture, struct io_frame *frame);

/* One line that begins with the file's name, valid until io_capture_close(); "" while nothing went wrong. */
const char *io_capture_error(const struct io_capture *capture);

/* For showing progress: bytes of the file as it lies there, read so far (a buffer ahead), and its size. */
uint64_t io_capture_bytes_read(const struct io_capture *capture);
uint64_t io_capture_size(const struct io_capture *capture);	/* 0: not known */

#endif
