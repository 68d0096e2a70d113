/*
 * Numbers, times and ends as people read them. `out` is the caller's and is returned.
 */
#ifndef USHER_PROGRAM_WORDS_H
#define USHER_PROGRAM_WORDS_H

#include <usher/usher.h>

#define WORDS_SIZE 32u       /* of a number, time or size */
#define WORDS_TUPLE_SIZE 160u
#define WORDS_ENDS_SIZE 320u

/* "517 B", "12.3 kB", "4.6 GB": powers of ten. */
const char *words_bytes(char out[WORDS_SIZE], uint64_t bytes);
/* "385 us", "29.7 ms", "2.345 s", "1:02:03", "12 days" */
const char *words_duration(char out[WORDS_SIZE], usher_time duration);
/* A moment, as Wireshark's time column has it: "2.345 s", "86400.000 s" */
const char *words_since(char out[WORDS_SIZE], usher_time since);
/* "2020-03-04 12:00:01 UTC" */
const char *words_date(char out[WORDS_SIZE], usher_time time);
/* "s" or "", for plurals */
const char *words_s(uint64_t count);
/*
 * "10.0.0.1:4000 -> 10.0.0.2:21", and what else tells such flows apart: "echo id 7", "call 12". Without the protocol.
 */
const char *words_tuple(char out[WORDS_TUPLE_SIZE], const struct usher_tuple *tuple);

/*
 * What an announcement of this connection names: "10.0.0.2:1029"; of a call both ends, the client's first:
 * "10.0.0.2 call 1 <-> 198.51.100.2 call 2". Behind an end that NAT translates: " as 203.0.113.1:40001".
 */
const char *words_announced(char out[WORDS_ENDS_SIZE], const struct usher_conn *conn,
			    const struct usher_announcement *what);
/* The same of a call that was not announced, by enum usher_side: without the ids that are not known. */
const char *words_call(char out[WORDS_ENDS_SIZE], const struct usher_conn *conn, const uint32_t ids[2],
		       const bool known[2]);

/*
 * What a message said: `call_id 1, result 1 connected, host "pns"`. Brief: without what is zero or empty, what its call's
 * line tells (ids), its result, and what only numbers it. Text is escaped; what does not fit is cut, with "..." at the end.
 */
const char *words_fields(char *out, size_t size, const struct usher_field *fields, uint32_t count, bool brief);

#endif
