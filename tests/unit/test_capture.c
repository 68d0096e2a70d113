/*
 * Reading captures: files are made here byte by byte, in both byte orders, whole, broken off at every byte,
 * packed, nonsensical, and read back.
 *
 * Sources: the pcap format (man pcap-savefile), draft-ietf-opsawg-pcapng, RFC 1952.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "io/capture.h"

#define FILE_MAX	(1024 * 1024)
#define PACKET_LEN	28	/* IPv4, and the first 8 bytes of TCP or UDP */
#define FRAME_LEN	(14 + PACKET_LEN)

#define ETHERNET	1
#define RAW		101	/* as files have it; libpcap says 12 */
#define USB		220	/* not a link type that is read */

#define MICRO		0xa1b2c3d4u
#define NANO		0xa1b23c4du

/* A file being made. */
struct image {
	bool big_endian;
	size_t len;
	uint8_t bytes[FILE_MAX];
};

static struct image image;	/* too large for the stack */
static char folder[] = "/tmp/usher-test-capture-XXXXXX";
static char path[64];

/* Making files. */

static void begin(bool big_endian)
{
	image.big_endian = big_endian;
	image.len = 0;
}

static void put_bytes(const void *bytes, size_t len)
{
	assert_true(image.len + len <= FILE_MAX);
	memcpy(image.bytes + image.len, bytes, len);
	image.len += len;
}

static void put_zeros(size_t len)
{
	assert_true(image.len + len <= FILE_MAX);
	memset(image.bytes + image.len, 0, len);
	image.len += len;
}

static void put(uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)(value >> 8 * (image.big_endian ? size - 1 - i : i));

		put_bytes(&byte, 1);
	}
}

static void put_pcap_header(uint32_t magic, uint32_t snaplen, uint32_t linktype)
{
	put(magic, 4);
	put(2, 2);
	put(4, 2);
	put(0, 8);
	put(snaplen, 4);
	put(linktype, 4);
}

/* A packet to port 21: TCP where its number is odd, UDP else. */
static void put_packet(unsigned number)
{
	uint8_t packet[PACKET_LEN] = { 0x45, 0, 0, PACKET_LEN, 0, 0, 0, 0, 64, number % 2 ? 6 : 17, 0, 0,
				       10, 0, 0, 1, 10, 0, 0, 2, 0x9c, 0x40, 0, 21 };

	packet[PACKET_LEN - 1] = (uint8_t)number;
	put_bytes(packet, sizeof(packet));
}

static void put_frame(unsigned number)
{
	static const uint8_t ethernet[14] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };

	put_bytes(ethernet, sizeof(ethernet));
	put_packet(number);
}

static void put_record(uint32_t seconds, uint32_t fraction, unsigned number)
{
	put(seconds, 4);
	put(fraction, 4);
	put(FRAME_LEN, 4);
	put(FRAME_LEN + number, 4);
	put_frame(number);
}

static void put_section(void)
{
	put(0x0a0d0d0a, 4);
	put(28, 4);
	put(0x1a2b3c4d, 4);
	put(1, 2);
	put(0, 2);
	put(UINT64_MAX, 8);
	put(28, 4);
}

/* With nanosecond times. */
static void put_interface(uint16_t linktype, uint32_t snaplen)
{
	put(1, 4);
	put(32, 4);
	put(linktype, 2);
	put(0, 2);
	put(snaplen, 4);
	put(9, 2);
	put(1, 2);
	put_bytes("\x09\0\0\0", 4);
	put(0, 4);
	put(32, 4);
}

static void put_enhanced(uint32_t interface, uint64_t time, unsigned number, bool raw)
{
	uint32_t len = raw ? PACKET_LEN : FRAME_LEN;
	uint32_t padding = (4 - len % 4) % 4;

	put(6, 4);
	put(32 + len + padding, 4);
	put(interface, 4);
	put(time >> 32, 4);
	put(time & 0xffffffff, 4);
	put(len, 4);
	put(len + number, 4);
	if (raw)
		put_packet(number);
	else
		put_frame(number);
	put_zeros(padding);
	put(32 + len + padding, 4);
}

/* The obsolete kind. */
static void put_old_packet(uint16_t interface, uint64_t time, unsigned number)
{
	put(2, 4);
	put(32 + FRAME_LEN + 2, 4);
	put(interface, 2);
	put(0, 2);
	put(time >> 32, 4);
	put(time & 0xffffffff, 4);
	put(FRAME_LEN, 4);
	put(FRAME_LEN + number, 4);
	put_frame(number);
	put(0, 2);
	put(32 + FRAME_LEN + 2, 4);
}

/* A simple packet block that was cut to `caplen`, a multiple of 4, of `wirelen`. */
static void put_simple(uint32_t caplen, uint32_t wirelen, unsigned number)
{
	size_t start;

	put(3, 4);
	put(16 + caplen, 4);
	put(wirelen, 4);
	start = image.len;
	put_frame(number);
	if (caplen > FRAME_LEN)
		put_zeros(caplen - FRAME_LEN);
	image.len = start + caplen;
	put(16 + caplen, 4);
}

/* A block that nobody knows. */
static void put_unknown_block(uint32_t len)
{
	put(0x0bad0bad, 4);
	put(12 + len, 4);
	put_zeros(len);
	put(12 + len, 4);
}

static void store(const void *bytes, size_t len)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* Gzips the image in one member of its own; returns the length. */
static size_t pack(uint8_t *packed, size_t size, const uint8_t *bytes, size_t len)
{
	z_stream deflater = { .next_in = (z_const Bytef *)bytes, .avail_in = (uInt)len,
			      .next_out = packed, .avail_out = (uInt)size };

	assert_int_equal(deflateInit2(&deflater, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&deflater, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&deflater), Z_OK);
	return size - deflater.avail_out;
}

/* Reading them. */

static struct io_capture *must_open(const char *filter)
{
	char error[300] = "";
	struct io_capture *capture = io_capture_open(path, filter, error, sizeof(error));

	if (capture == NULL)
		fail_msg("%s", error);
	return capture;
}

static void check_one_line(const char *error, const char *name)
{
	assert_int_equal(strncmp(error, name, strlen(name)), 0);
	assert_int_equal(strncmp(error + strlen(name), ": ", 2), 0);
	for (const char *at = error; *at != '\0'; at++)
		assert_true((unsigned char)*at >= ' ');
}

static void must_refuse(const char *name, const char *filter, const char *words)
{
	char error[300] = "";

	assert_null(io_capture_open(name, filter, error, sizeof(error)));
	check_one_line(error, strcmp(name, "-") == 0 ? "standard input" : name);
	if (strstr(error, words) == NULL)
		fail_msg("\"%s\" has no \"%s\"", error, words);
}

static void must_end(struct io_capture *capture, int status, const char *words)
{
	struct io_frame frame;

	for (unsigned i = 0; i < 3; i++)	/* and stay ended */
		assert_int_equal(io_capture_next(capture, &frame), status);
	if (status == 0)
		assert_string_equal(io_capture_error(capture), "");
	else if (strstr(io_capture_error(capture), words) == NULL)
		fail_msg("\"%s\" has no \"%s\"", io_capture_error(capture), words);
	io_capture_close(capture);
}

static struct io_frame must_read(struct io_capture *capture, uint64_t number)
{
	struct io_frame frame;

	if (io_capture_next(capture, &frame) != 1)
		fail_msg("frame %u: %s", (unsigned)number, io_capture_error(capture));
	assert_int_equal(frame.number, number);
	assert_true(frame.caplen <= frame.wirelen);
	return frame;
}

/* A frame as put_frame() and put_packet() make it, of which `number` is the last byte. */
static void must_read_whole(struct io_capture *capture, uint64_t number, uint64_t time_ns)
{
	struct io_frame frame = must_read(capture, number);

	assert_int_equal(frame.dlt, frame.caplen == FRAME_LEN ? ETHERNET : 12);
	assert_int_equal(frame.wirelen, frame.caplen + number);
	assert_int_equal(frame.data[frame.caplen - 1], number);
	assert_true(frame.time_ns == time_ns);
}

static void stdin_from(int fd)
{
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
}

static void feed_stdin(const void *bytes, size_t len)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	rewind(file);
	stdin_from(dup(fileno(file)));
	fclose(file);
}

/* The tests: files that are sound. */

static void pcap_of_each_kind(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		bool nano = kind & 1;
		struct io_capture *capture;

		begin(kind & 2);
		put_pcap_header(nano ? NANO : MICRO, 65535, ETHERNET);
		put_record(1700000000, 123456, 1);
		put_record(1700000001, nano ? 999999999 : 999999, 2);
		put_record(0xfffffff0, 0, 3);	/* in the year 2106 */
		store(image.bytes, image.len);
		capture = must_open(NULL);
		must_read_whole(capture, 1, nano ? 1700000000000123456 : 1700000000123456000);
		must_read_whole(capture, 2, nano ? 1700000001999999999 : 1700000001999999000);
		must_read_whole(capture, 3, 4294967280000000000);
		assert_int_equal(io_capture_size(capture), image.len);
		assert_int_equal(io_capture_bytes_read(capture), image.len);
		must_end(capture, 0, NULL);
	}
}

static void pcapng_of_each_kind(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		struct io_capture *capture;

		begin(kind);
		put_section();
		put_unknown_block(0);
		put_interface(ETHERNET, 0);
		put_enhanced(0, 1700000000123456789, 1, false);
		put_unknown_block(4000);
		put_old_packet(0, 1700000000123456790, 2);
		put_simple(44, FRAME_LEN, 3);
		store(image.bytes, image.len);
		capture = must_open("");
		must_read_whole(capture, 1, 1700000000123456789);
		must_read_whole(capture, 2, 1700000000123456790);
		assert_int_equal(must_read(capture, 3).caplen, FRAME_LEN);
		must_end(capture, 0, NULL);
	}
}

/* What libpcap alone refuses: link types and snap lengths that differ; and what it would lose: lengths. */
static void make_mixed_pcapng(bool big_endian)
{
	begin(big_endian);
	put_section();
	put_interface(RAW, 0);
	put_interface(ETHERNET, 16);		/* a lie */
	put_enhanced(1, 11, 1, false);
	put_enhanced(0, 12, 2, true);
	put_interface(RAW, 65535);
	put_enhanced(2, 13, 3, true);
	put_interface(USB, 65535);
	put_enhanced(3, 14, 4, false);
	put_enhanced(1, 15, 5, false);
	put_section();				/* a new one: interfaces are numbered anew */
	put_interface(ETHERNET, 40);
	put_enhanced(0, 16, 6, false);
	put_simple(40, 1514, 7);
}

static void pcapng_with_differing_interfaces(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		struct io_capture *capture;
		struct io_frame frame;

		make_mixed_pcapng(kind);
		store(image.bytes, image.len);
		capture = must_open(NULL);
		must_read_whole(capture, 1, 11);
		must_read_whole(capture, 2, 12);
		must_read_whole(capture, 3, 13);
		assert_int_equal(must_read(capture, 4).dlt, USB);
		must_read_whole(capture, 5, 15);
		must_read_whole(capture, 6, 16);
		frame = must_read(capture, 7);
		assert_int_equal(frame.caplen, 40);
		assert_int_equal(frame.wirelen, 1514);
		assert_int_equal(frame.dlt, ETHERNET);
		must_end(capture, 0, NULL);

		/* Each link type has its own filter program; what cannot be read is not filtered in. */
		capture = must_open("tcp port 21");
		must_read_whole(capture, 1, 11);
		must_read_whole(capture, 3, 13);
		must_read_whole(capture, 5, 15);
		must_read(capture, 7);
		must_end(capture, 0, NULL);
		must_refuse(path, "ether src 2:0:0:0:0:2", "0:2\" for link type RAW: ethernet addresses");
	}
}

/* Filters. */

static void numbers_under_a_filter(void **state)
{
	static uint8_t packed[FILE_MAX];
	struct io_capture *capture;
	size_t packed_len;

	(void)state;
	begin(false);
	put_pcap_header(MICRO, 65535, ETHERNET);
	for (unsigned i = 1; i <= 6; i++)
		put_record(i, 0, i);
	packed_len = pack(packed, sizeof(packed), image.bytes, image.len);

	for (unsigned kind = 0; kind < 4; kind++) {
		const void *bytes = kind & 1 ? packed : image.bytes;
		size_t len = kind & 1 ? packed_len : image.len;
		char error[300];

		store(bytes, len);
		if (kind & 2) {
			feed_stdin(bytes, len);
			capture = io_capture_open("-", "tcp port 21", error, sizeof(error));
			assert_non_null(capture);
		} else {
			capture = must_open("tcp port 21");
		}
		must_read_whole(capture, 1, 1000000000);
		must_read_whole(capture, 3, 3000000000);
		must_read_whole(capture, 5, 5000000000);
		assert_int_equal(io_capture_bytes_read(capture), len);
		must_end(capture, 0, NULL);
	}
	capture = must_open("port 22");
	must_end(capture, 0, NULL);
}

static void filters_that_cannot_be(void **state)
{
	(void)state;
	begin(false);
	put_pcap_header(MICRO, 65535, ETHERNET);
	put_record(1, 0, 1);
	store(image.bytes, image.len);
	must_refuse(path, "tcp prt 21", "filter \"tcp prt 21\" for link type EN10MB: ");
	must_refuse(path, "tcp\nprt", "syntax error");
	must_refuse(path, "inbound", "savefile");	/* what only a live capture can tell */
}

/* The standard input, streams, gzip. */

static void through_a_pipe(void **state)
{
	char error[300];
	struct io_capture *capture;
	int ends[2];

	(void)state;
	make_mixed_pcapng(false);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], image.bytes, image.len), image.len);
	close(ends[1]);
	stdin_from(ends[0]);
	capture = io_capture_open("-", NULL, error, sizeof(error));
	assert_non_null(capture);
	for (unsigned i = 1; i <= 7; i++)
		must_read(capture, i);
	assert_int_equal(io_capture_size(capture), 0);
	must_end(capture, 0, NULL);

	feed_stdin("", 0);
	must_refuse("-", NULL, "is empty");
	feed_stdin(image.bytes, 10);
	must_refuse("-", NULL, "not a capture");
	assert_int_not_equal(fcntl(STDIN_FILENO, F_GETFD), -1);	/* closing a capture leaves it alone */
}

/* A frame is delivered when it is there, not when a buffer is full: tcpdump -U -w - | usher. */
static void frames_as_they_come(void **state)
{
	char error[300];
	struct io_capture *capture;
	struct io_frame frame;
	int ends[2];

	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		assert_int_equal(pipe(ends), 0);
		stdin_from(ends[0]);
		begin(false);
		if (kind == 0) {
			put_pcap_header(MICRO, 65535, ETHERNET);
			put_record(1, 0, 1);
		} else {
			put_section();
			put_interface(ETHERNET, 0);
			put_enhanced(0, 1, 1, false);
		}
		assert_int_equal(write(ends[1], image.bytes, image.len), image.len);
		capture = io_capture_open("-", NULL, error, sizeof(error));
		assert_non_null(capture);
		must_read(capture, 1);
		close(ends[1]);
		assert_int_equal(io_capture_next(capture, &frame), 0);
		io_capture_close(capture);
	}
}

static void from_a_stream(void **state)
{
	char error[300];
	struct io_capture *capture;
	FILE *stream;

	(void)state;
	begin(true);
	put_pcap_header(NANO, 65535, ETHERNET);
	put_record(5, 6, 1);
	stream = fmemopen(image.bytes, image.len, "r");
	capture = io_capture_open_stream(stream, "memory", NULL, error, sizeof(error));
	assert_non_null(capture);
	must_read_whole(capture, 1, 5000000006);
	must_end(capture, 0, NULL);

	stream = fmemopen(image.bytes, 7, "r");
	assert_null(io_capture_open_stream(stream, "memory", NULL, error, sizeof(error)));
	assert_string_equal(error, "memory: breaks off in the file header, after 7 of 24 bytes");
}

static void gzip_in_several_members(void **state)
{
	static uint8_t packed[FILE_MAX];
	struct io_capture *capture;
	size_t len;

	(void)state;
	make_mixed_pcapng(false);
	len = pack(packed, sizeof(packed), image.bytes, 3);
	len += pack(packed + len, sizeof(packed) - len, image.bytes + 3, 200);
	len += pack(packed + len, sizeof(packed) - len, image.bytes, 0);
	len += pack(packed + len, sizeof(packed) - len, image.bytes + 203, image.len - 203);
	memcpy(packed + len, "trailing bytes", 14);
	store(packed, len + 14);
	capture = must_open(NULL);
	for (unsigned i = 1; i <= 7; i++)
		must_read(capture, i);
	must_end(capture, 0, NULL);
}

static void gzip_cut_and_damaged(void **state)
{
	static uint8_t packed[FILE_MAX];
	size_t len;

	(void)state;
	begin(false);
	put_pcap_header(MICRO, 65535, ETHERNET);
	for (unsigned i = 1; i <= 20; i++)
		put_record(i * 7919, i * 104729 % 1000000, i);
	len = pack(packed, sizeof(packed), image.bytes, image.len);

	for (size_t cut = 0; cut < len; cut++) {
		char error[300] = "";
		struct io_capture *capture;
		struct io_frame frame;
		unsigned count = 0;

		store(packed, cut);
		capture = io_capture_open(path, NULL, error, sizeof(error));
		if (capture == NULL) {
			check_one_line(error, path);
			continue;
		}
		while (io_capture_next(capture, &frame) == 1)
			assert_int_equal(frame.number, ++count);
		assert_true(count < 20 || cut + 12 >= len);	/* check sum and length end it */
		must_end(capture, -1, "the gzip data breaks off");
	}

	packed[len - 6] ^= 1;	/* the check sum */
	store(packed, len);
	{
		struct io_capture *capture = must_open(NULL);

		for (unsigned i = 1; i <= 20; i++)
			must_read(capture, i);
		must_end(capture, -1, "frame 21: the gzip data is damaged");
	}
}

/* Files broken off at every byte: the frames before that come, and then the end or an error, as is right. */

static void read_broken(size_t cut, unsigned whole, bool at_an_end)
{
	char error[300] = "", place[32];
	struct io_capture *capture;

	store(image.bytes, cut);
	capture = io_capture_open(path, NULL, error, sizeof(error));
	if (capture == NULL) {
		assert_int_equal(whole, 0);
		check_one_line(error, path);
		return;
	}
	for (unsigned i = 1; i <= whole; i++)
		must_read(capture, i);
	snprintf(place, sizeof(place), ": frame %u: truncated", whole + 1);
	must_end(capture, at_an_end ? 0 : -1, place);
}

static void pcap_broken_at_every_byte(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		size_t ends[5];

		begin(kind);
		put_pcap_header(MICRO, 65535, ETHERNET);
		for (unsigned i = 0; i < 4; i++) {
			ends[i] = image.len;
			put_record(i, 0, i + 1);
		}
		ends[4] = image.len;
		for (size_t cut = 0; cut <= image.len; cut++) {
			unsigned whole = 0;

			while (whole < 4 && ends[whole + 1] <= cut)
				whole++;
			read_broken(cut, whole, cut == ends[whole]);
		}
	}
}

static void pcapng_broken_at_every_byte(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		size_t ends[8] = { 0 };		/* after the n-th frame */
		bool block_end[FILE_MAX / 1024] = { false };
		unsigned frames = 0;

		make_mixed_pcapng(kind);
		assert_true(image.len < sizeof(block_end));
		for (size_t at = 0; at < image.len;) {
			const uint8_t *length = image.bytes + at + 4;
			uint32_t type = image.bytes[at + (kind ? 3 : 0)];

			at += kind ? (size_t)length[2] << 8 | length[3] : (size_t)length[1] << 8 | length[0];
			block_end[at] = true;
			if (type == 6 || type == 3)
				ends[++frames] = at;
		}
		assert_int_equal(frames, 7);
		for (size_t cut = 0; cut <= image.len; cut++) {
			unsigned whole = 0;

			while (whole < 7 && ends[whole + 1] <= cut)
				whole++;
			read_broken(cut, whole, block_end[cut]);
		}
	}
}

/* Nonsense inside. */

static void nonsense_sizes(void **state)
{
	struct io_capture *capture;
	struct io_frame frame;

	(void)state;
	begin(false);
	put_pcap_header(MICRO, 10, ETHERNET);	/* frames are longer than the snap length */
	put_record(1, 0, 1);
	put(2, 4);
	put(0, 4);
	put(FRAME_LEN, 4);
	put(3, 4);		/* shorter on the wire than in the file */
	put_frame(2);
	put(3, 4);
	put(0, 4);
	put(0, 4);		/* nothing at all */
	put(0, 4);
	put(4, 4);
	put(0, 4);
	put(262144, 4);		/* as long as libpcap believes */
	put(UINT32_MAX, 4);
	put_zeros(262144);
	put(5, 4);
	put(0, 4);
	put(262145, 4);		/* and longer */
	put(262145, 4);
	put_zeros(262145);
	store(image.bytes, image.len);
	capture = must_open(NULL);
	must_read_whole(capture, 1, 1000000000);
	frame = must_read(capture, 2);
	assert_int_equal(frame.caplen, FRAME_LEN);
	assert_int_equal(frame.wirelen, FRAME_LEN);
	assert_int_equal(must_read(capture, 3).caplen, 0);
	frame = must_read(capture, 4);
	assert_int_equal(frame.caplen, 262144);
	assert_int_equal(frame.wirelen, UINT32_MAX);
	must_end(capture, -1, ": frame 5: invalid packet capture length 262145");

	image.len = 24 + 12;
	put(0x7fffffff, 4);
	store(image.bytes, image.len);
	must_end(must_open(NULL), -1, ": frame 1: ");
}

static void nonsense_times(void **state)
{
	struct io_capture *capture;

	(void)state;
	begin(false);
	put_pcap_header(MICRO, 65535, ETHERNET);
	put_record(7, 1000000, 1);
	put_record(7, UINT32_MAX, 2);
	store(image.bytes, image.len);
	capture = must_open(NULL);
	must_read_whole(capture, 1, 7000000000);
	must_read_whole(capture, 2, 7000000000);
	must_end(capture, 0, NULL);

	begin(false);
	put_section();
	put_interface(ETHERNET, 0);
	image.bytes[28 + 20] = 0;	/* its times count seconds */
	put_enhanced(0, UINT64_MAX, 1, false);
	put_enhanced(0, 18446744072, 2, false);
	put_enhanced(0, 18446744073, 3, false);
	store(image.bytes, image.len);
	capture = must_open(NULL);
	must_read_whole(capture, 1, 0);
	must_read_whole(capture, 2, 18446744072000000000u);
	must_read_whole(capture, 3, 0);
	must_end(capture, 0, NULL);
}

static void nonsense_blocks(void **state)
{
	(void)state;
	begin(false);
	put_section();
	put_interface(ETHERNET, 0);
	put_enhanced(1, 0, 1, false);
	store(image.bytes, image.len);
	must_end(must_open(NULL), -1, ": frame 1: a packet arrived on interface 1");

	image.len = 60;
	put(6, 4);
	put(8, 4);	/* shorter than itself */
	put_zeros(100);
	store(image.bytes, image.len);
	must_end(must_open(NULL), -1, ": frame 1: block in pcapng");

	image.len = 60;
	put(6, 4);
	put(0xfffffffc, 4);
	put_zeros(100);
	store(image.bytes, image.len);
	must_end(must_open(NULL), -1, ": frame 1: pcapng block size");

	image.len = 60;
	image.big_endian = true;
	put_section();
	store(image.bytes, image.len);
	must_end(must_open(NULL), -1, ": frame 1: ");
	image.big_endian = false;

	image.len = 28;
	put_enhanced(0, 0, 1, false);
	store(image.bytes, image.len);
	must_refuse(path, NULL, "before any Interface Description");
}

/* More interfaces than are kept, and more link types than are kept. */
static void too_many(void **state)
{
	static const unsigned types = 32;
	static uint8_t interfaces[66000 * 20];
	struct io_capture *capture;
	FILE *file;

	(void)state;
	begin(false);
	put_section();
	for (uint16_t i = 0; i <= types; i++)
		put_interface(i == 0 ? ETHERNET : (uint16_t)(1000 + i), 0);
	store(image.bytes, image.len);
	must_end(must_open(NULL), 0, NULL);	/* none of them has a frame */
	for (unsigned i = 0; i <= types; i++)
		put_enhanced(i, 1, i + 1, false);
	store(image.bytes, image.len);
	capture = must_open(NULL);
	for (unsigned i = 1; i <= types; i++)
		must_read(capture, i);
	must_end(capture, -1, ": has more than 32 link types");

	/* As many interfaces as a 16-bit number counts can have frames. */
	begin(false);
	put(1, 4);
	put(20, 4);
	put(ETHERNET, 8);
	put(20, 4);
	for (size_t i = 0; i < sizeof(interfaces); i += 20)
		memcpy(interfaces + i, image.bytes, 20);
	image.len = 0;
	put_section();
	store(image.bytes, image.len);
	file = fopen(path, "ab");
	assert_non_null(file);
	assert_int_equal(fwrite(interfaces, 1, sizeof(interfaces), file), sizeof(interfaces));
	image.len = 0;
	put_enhanced(65535, 1000, 1, false);
	put_enhanced(65536, 1000, 2, false);
	assert_int_equal(fwrite(image.bytes, 1, image.len, file), image.len);
	fclose(file);
	capture = must_open("tcp");
	must_read_whole(capture, 1, 1000000);
	must_end(capture, -1, ": frame 2: has no interface");
}

/* No capture at all. */

static void unsuitable_files(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *words;
	} files[] = {
		{ "", 0, "is empty" },
		{ "\xd4\xc3", 2, "is not a capture" },
		{ "\xd4\xc3\xb2\xa1\x02", 5, "breaks off in the file header, after 5 of 24 bytes" },
		{ "This is a text file,\nof two lines.\n", 35, "is not a capture: neither pcap nor pcapng" },
		{ "\n\r\r\n\n\n\n\n\n\n\n\n", 12, "is not a capture" },
		{ "\n\r\r\n\0\0\0\x1c\x1a\x2b\x3c\x4d", 12, "truncated pcapng" },
		{ "\x1f\x8b", 2, "the gzip data breaks off" },
		{ "\x1f\x8b\x08\0\0\0\0\0\0\0garbage garbage", 25, "the gzip data is damaged" },
		{ "\xfd" "7zXZ\0", 6, "is packed with xz" },
		{ "\x28\xb5\x2f\xfd\0\0", 6, "is packed with zstd" },
		{ "BZh91AY", 7, "is packed with bzip2" },
		{ "PK\x03\x04", 4, "is a zip archive" },
		{ "snoop\0\0\0\0\0\0\x02", 12, "is a snoop capture" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		store(files[i].bytes, files[i].len);
		must_refuse(path, NULL, files[i].words);
	}
	must_refuse(folder, NULL, "is a directory");
	unlink(path);
	must_refuse(path, NULL, "No such file");
	must_refuse("/dev/null", NULL, "is empty");
}

static void unsuitable_link_types(void **state)
{
	(void)state;
	begin(false);
	put_pcap_header(MICRO, 65535, USB);
	put_record(1, 0, 1);
	store(image.bytes, image.len);
	must_refuse(path, "tcp", "link type 220 (USB_LINUX_MMAPPED: USB with padded Linux header) cannot");

	begin(false);
	put_section();
	put_interface(9999, 0);
	put_enhanced(0, 0, 1, false);
	store(image.bytes, image.len);
	must_refuse(path, NULL, "link type 9999 (unknown: no name is known) cannot be read");
}

static void names_that_are_long_or_odd(void **state)
{
	char name[3000], error[64];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	name[2] = '\n';
	assert_null(io_capture_open(name, NULL, error, sizeof(error)));
	assert_int_equal(strncmp(error, "xx?xx", 5), 0);

	begin(false);
	assert_null(io_capture_open_stream(fmemopen(image.bytes, 1, "r"), name, NULL, error, sizeof(error)));
	assert_non_null(strstr(error, "xxx: is not a capture"));	/* the reason is not crowded out */
	assert_null(io_capture_open_stream(fmemopen(image.bytes, 1, "r"), name, NULL, error, 1));
	assert_string_equal(error, "");
}

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/no-extension", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcap_of_each_kind),
		cmocka_unit_test(pcapng_of_each_kind),
		cmocka_unit_test(pcapng_with_differing_interfaces),
		cmocka_unit_test(numbers_under_a_filter),
		cmocka_unit_test(filters_that_cannot_be),
		cmocka_unit_test(through_a_pipe),
		cmocka_unit_test(frames_as_they_come),
		cmocka_unit_test(from_a_stream),
		cmocka_unit_test(gzip_in_several_members),
		cmocka_unit_test(gzip_cut_and_damaged),
		cmocka_unit_test(pcap_broken_at_every_byte),
		cmocka_unit_test(pcapng_broken_at_every_byte),
		cmocka_unit_test(nonsense_sizes),
		cmocka_unit_test(nonsense_times),
		cmocka_unit_test(nonsense_blocks),
		cmocka_unit_test(too_many),
		cmocka_unit_test(unsuitable_files),
		cmocka_unit_test(unsuitable_link_types),
		cmocka_unit_test(names_that_are_long_or_odd),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
