/*
 * usher replay --report: the tree as one HTML page that needs nothing else.
 */
#ifndef USHER_PROGRAM_REPLAY_REPORT_H
#define USHER_PROGRAM_REPLAY_REPORT_H

#include "usher/replay_tree.h"

/* Write the page; errors are the stream's. */
void replay_report_write(const struct replay_tree *tree, FILE *out);

#endif
