/*
 * ctl/json: writes JSON objects, one a line, to a stream or into a buffer.
 *
 * Why not a JSON library: times are numbers with exactly nine decimals, which a library that keeps numbers as doubles
 * cannot print (a double has 53 bits, nanoseconds since 1970 need 61), and one line for each event must cost no
 * allocation.
 *
 * Owns: the place in the output. Invariants: what a finished line holds is valid JSON in valid UTF-8, whatever bytes
 * came in; a line that does not fit into the caller's buffer is no line: ctl_json_end says so. Strings of a stranger:
 * characters that JSON forbids or a terminal would obey (ctl/text.h) are written as \uNNNN; a byte that is no UTF-8
 * becomes \u00NN, its value as Latin-1, so that no byte is lost.
 */
#ifndef USHER_CTL_JSON_H
#define USHER_CTL_JSON_H

#include <usher/types.h>

#include <stdio.h>

struct ctl_json {
	FILE *file;    /* NULL: only the buffer */
	char *buffer;  /* with a stream: `own` */
	size_t size, len;
	bool bad;      /* did not fit, or could not be written */
	bool comma;    /* a member was written at this depth */
	char own[1024];
};

/* Write to `file`, which stays the caller's; errors are told by ctl_json_end, and by ferror. */
void ctl_json_to_file(struct ctl_json *json, FILE *file);
/* Write into `buffer`; one object, 0 behind it when it is finished. */
void ctl_json_to_buffer(struct ctl_json *json, char *buffer, size_t size);

/* An object of its own, and its end with a line feed. false: the line is lost. */
void ctl_json_begin(struct ctl_json *json);
bool ctl_json_end(struct ctl_json *json);

/* An object as a member, and its end. `name` is always the program's own word, never a stranger's. */
void ctl_json_open(struct ctl_json *json, const char *name);
void ctl_json_close(struct ctl_json *json);

void ctl_json_string(struct ctl_json *json, const char *name, const char *value); /* NULL: nothing is written */
void ctl_json_bytes(struct ctl_json *json, const char *name, const void *bytes, size_t len);
void ctl_json_number(struct ctl_json *json, const char *name, uint64_t value);
void ctl_json_bool(struct ctl_json *json, const char *name, bool value);
/* Seconds, with nine decimals. */
void ctl_json_time(struct ctl_json *json, const char *name, usher_time value);

#endif
