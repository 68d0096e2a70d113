/*
 * What usher replay says around the tree: the files, the other connections, the packets, and with --stats every
 * counter.
 */
#ifndef USHER_PROGRAM_REPLAY_SUMMARY_H
#define USHER_PROGRAM_REPLAY_SUMMARY_H

#include "usher/replay_tree.h"

/* One line for each file: name, frames, time. */
void replay_summary_files(const struct replay *replay);
void replay_summary_print(const struct replay_tree *tree);
/* All counters, reasons and notes that are not zero. */
void replay_summary_stats(const struct replay *replay);

#endif
