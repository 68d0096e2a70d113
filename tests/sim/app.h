/*
 * sim/app: what applications on a control connection share: writing in pieces at their times, reading line by line.
 */
#ifndef USHER_SIM_APP_H
#define USHER_SIM_APP_H

#include "tests/sim/mirror.h"

#define WRITER_PIECES 128u

struct piece {
	uint32_t end;      /* in `queue` */
	uint64_t time;
	bool urgent;       /* its last byte is */
};

/* What an application has to say, in the pieces in which it will write them. */
struct writer {
	struct tcp *t;
	struct bytes queue;
	uint32_t written;  /* bytes of `queue` that TCP has */
	uint32_t flushed;  /* bytes of it that are cut into pieces */
	uint32_t first, count;
	struct piece piece[WRITER_PIECES];
	uint64_t last;     /* time of the last piece */
	bool closing;      /* close behind the last one */
};

struct cut {
	uint8_t pieces;    /* so many; 0 is 1 */
	uint16_t gap_ms;   /* at most, between two */
};

void writer_begin(struct writer *w, struct tcp *t);
void writer_put(struct writer *w, const void *text, uint32_t len);
__attribute__((format(printf, 2, 3))) void writer_print(struct writer *w, const char *format, ...);
/* The stream's position of the next byte put. */
uint32_t writer_at(const struct writer *w);
/* Cut what was put since the last time, and write it. */
void writer_flush(struct writer *w, struct cut cut, bool urgent);
void writer_close(struct writer *w);

/*
 * The next whole line that `t` has read, without its end and cut to what fits; false: none. What is read of a line makes room in
 * the window, whole or not.
 */
bool app_line(struct tcp *t, char *line, uint32_t room);

#endif
