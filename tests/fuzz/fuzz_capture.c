/*
 * Any bytes as a capture file, with and without a filter: every byte of every frame is read, frame numbers
 * only grow, errors are one line, and the filter takes nothing that is not there without it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/capture.h"
#include "io/link.h"

static volatile uint8_t sink;

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_error(const char *error)
{
	must(strncmp(error, "input: ", 7) == 0);
	for (; *error != '\0'; error++)
		must((unsigned char)*error >= ' ');
}

/* Frames delivered; -1: the file was refused. */
static long read_all(const uint8_t *data, size_t size, const char *filter)
{
	char error[200] = "";
	struct io_capture *capture;
	struct io_frame frame;
	uint64_t last = 0;
	long count = 0;
	int status;
	FILE *stream = fmemopen((void *)(uintptr_t)data, size, "r");

	if (stream == NULL)
		return -1;
	capture = io_capture_open_stream(stream, "input", filter, error, sizeof(error));
	if (capture == NULL) {
		check_error(error);
		return -1;
	}
	while ((status = io_capture_next(capture, &frame)) == 1) {
		struct io_link_result result;
		uint8_t sum = 0;

		must(frame.number > last && frame.caplen <= frame.wirelen);
		last = frame.number;
		count++;
		for (uint32_t i = 0; i < frame.caplen; i++)
			sum ^= frame.data[i];
		sink = sum;
		io_link_decode(frame.dlt, frame.data, frame.caplen, frame.wirelen, &result);
		must(result.kind != IO_LINK_IP || result.offset + result.len <= frame.caplen);
	}
	if (status == -1)
		check_error(io_capture_error(capture));
	else
		must(io_capture_error(capture)[0] == '\0');
	must(io_capture_next(capture, &frame) == status);
	io_capture_close(capture);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	long all = read_all(data, size, NULL);

	if (all > 0)
		must(read_all(data, size, "tcp port 21 or ip6") <= all);
	return 0;
}
