/*
 * ctl/row_text: rows and events of a running gateway (doc/control.md, doc/events.md) as lines of text, as `conntrack -L`, `-E` and
 * `-L expect` print them, because people's scripts read that. What conntrack does not know (announcements, notes) has no line.
 */
#ifndef USHER_CTL_ROW_TEXT_H
#define USHER_CTL_ROW_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/*
 * Write the row as one line, with id=N of the connection or expectation at its end if `id`. Members that are missing are left out.
 * false: there is no line for such a row, and nothing is written.
 */
bool ctl_row_text(FILE *out, const json_t *row, bool id);

/* The same of a connection, without marks of events and without the line feed: for a line of somebody else's. */
void ctl_conn_text(FILE *out, const json_t *row);
void ctl_expectation_text(FILE *out, const json_t *row);

#endif
