/*
 * A stream and a sink for the tests of lib/stream.
 *
 * The sink writes what it is told into a log, one word for each event: `>F:abc$ ` is a record of direction 0 with its
 * flags (First, after Gap, Picked up, Cut), $ being its line feed; `<(5) ` is a gap of five bytes in direction 1.
 * Records are lines; one that begins with #NN is no record, NN bytes pass; one that begins with =NNN is NNN bytes
 * long.
 */
#ifndef USHER_TESTS_STREAM_BED_H
#define USHER_TESTS_STREAM_BED_H

#include "packet/packet.h"
#include "stream/stream.h"

#include <usher/helper.h>

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LOG_SIZE 400000u
#define POOL 1024u

struct log {
	char text[LOG_SIZE];
	uint32_t len;
};

struct bed {
	struct stream s;
	struct stream_context context;
	struct stream_counts counts;
	struct chunk_pool *pool; /* room for POOL chunks */
	struct log log;
	uint32_t first[2];      /* number of each direction's first byte */
	const uint8_t *truth;   /* what direction 0 wrote, if records are to be compared with it */
	int until;              /* events that are left until the sink says false; < 0: it never does */
	bool inside;            /* the stream is being called */
	uint8_t scratch[STREAM_SCRATCH];
};

extern struct bed bed;

void bed_log(struct log *log, unsigned direction, const uint8_t *data, uint32_t len, unsigned flags);
int32_t bed_frame(const uint8_t *head, uint32_t have);
bool bed_record(void *user, struct stream_record *record);
bool bed_gap(void *user, unsigned direction, uint32_t len);

/* A stream whose directions' first bytes have these numbers, with a pool of so many chunks. */
void open_bed(uint32_t chunks, uint32_t record_max, bool picked_up, uint32_t first0, uint32_t first1);
/* Closes it; everything must have been given back. */
void close_bed(void);

/* One segment; checks what must hold of the stream afterwards. `hogged` chunks of the pool are somebody else's. */
bool send_segment(const struct stream_segment *segment, uint32_t hogged);
/* What must hold of a direction between calls; how many chunks it has. */
uint32_t bed_side_chunks(const struct stream_side *side, uint32_t record_max);
/* `len` bytes at `at` of a direction, without an acknowledgement. */
bool send_data(unsigned direction, uint32_t at, const void *data, uint32_t len);
bool send_syn(unsigned direction);
/* A bare acknowledgement of what the other direction wrote before `at`. */
bool send_ack(unsigned direction, uint32_t at);

/* cmocka's setup and teardown of a group. */
int new_bed(void **state);
int free_bed(void **state);

/* Numbers below `limit`, the same after the same seed. */
void bed_seed(uint64_t seed);
uint32_t bed_random(uint32_t limit);

/* Records of each kind, one of them longer than SCRIPT_MAX. */
#define SCRIPT "USER a\r\n#06x\r\nPASV\r\n=010bcde\r\nQ\nlonglonglonglong\r\nLIST\n"
#define SCRIPT_LEN ((uint32_t)sizeof(SCRIPT) - 1)
#define SCRIPT_MAX 16u

#endif
