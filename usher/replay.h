/*
 * usher replay: captures go through a tracker, and what it tells is shown in one of three ways: as a tree for people
 * (replay_tree.h), as JSON (replay_json.h), or packet by packet (replay_explain.h).
 *
 * Owns: the region of the tracker and the numbers of the run. Invariants: nothing is done for a packet but copying it
 * into the burst and processing it, unless --explain wants to know; only the events that the chosen way shows are asked
 * for; a capture that breaks off is shown up to there.
 */
#ifndef USHER_PROGRAM_REPLAY_H
#define USHER_PROGRAM_REPLAY_H

#include <usher/usher.h>

#include <stdio.h>

#include "usher/replay_nat.h"

struct replay_options {
	bool json, explain, stats, all;
	bool zone_by_vlan, no_default_helpers;
	const char *output;  /* NULL: the standard output */
	const char *report;  /* NULL: none */
	const char *filter;  /* NULL: every packet */
	uint32_t flags;      /* enum usher_option_flags */
	uint32_t burst, connections;
	uint16_t expect_max, reserved_below;
	struct ctl_rules *nat; /* NULL: none */
	struct usher_port_helper *ports;
	uint32_t port_count;
	uint32_t *timeouts;  /* usher_timeout_count() of them, 0: the default */
	char *const *files;
	uint32_t file_count;
};

#define REPLAY_OTHERS_MAX 16u

/* Frames that held no IP packet, or none that can be read, of one sort. */
struct replay_other {
	const char *what;  /* static; NULL: not known */
	uint8_t kind;      /* enum io_link_kind */
	uint64_t count;
};

struct replay_file {
	const char *name;
	uint64_t frames;
	usher_time first, last; /* of its frames, as they come: 0 when none has a time */
	bool broken;            /* it could not be read to its end */
	char error[512];        /* why */
};

#define REPLAY_REFUSALS_MAX 32u /* reasons for refusing that are told apart */

struct replay_refusal { /* announcements refused for one reason */
	char code[32];
	uint64_t count;
};

struct replay_counts {
	uint64_t frames;
	uint64_t cut;               /* frames that the snap length cut */
	uint64_t not_ip, unreadable;/* frames of something else; frames that cannot be read */
	uint64_t announced, refused;/* announcements, and those of them refused */
	struct replay_other other[REPLAY_OTHERS_MAX];
	uint32_t other_count;
	struct replay_refusal refusals[REPLAY_REFUSALS_MAX];
	uint32_t refusal_count;
	usher_time first, last;     /* over all files: the earliest and the latest */
};

struct replay_tree;
struct replay_explain;
struct replay_json;

struct replay {
	const struct replay_options *options;
	FILE *out;
	int write_error;          /* errno of the first failure of `out`; 0: none seen */
	struct usher_tracker *tracker;
	struct usher_worker *worker;
	void *region;
	size_t region_size;
	struct replay_file *files;
	uint32_t file;            /* number of the one being read, from 1 */
	struct replay_counts counts;
	struct replay_nat *nat;   /* NULL: none */
	struct replay_tree *tree; /* those that are wanted; else NULL */
	struct replay_explain *explain;
	struct replay_json *json;
};

/* A packet's place: what people are told, and what they look up in Wireshark. */
struct replay_place {
	uint64_t frame; /* 0: no packet's */
	uint32_t file;
	usher_time time;
};

/*
 * The moment of a place, counted from the first frame of its file, as Wireshark's time column has it. false: it has
 * none, because its frames have no times, or all are older than those of a file before, so that no time passes in it.
 */
bool replay_since(const struct replay *replay, const struct replay_place *place, usher_time *since);

/* Fill `options` from the command line; an enum status, or -1 when there is work to do. What it allocates lives on. */
int replay_options_parse(struct replay_options *options, int argc, char **argv);

/* Run all files through a tracker and show what it told; enum status. */
int replay_run(const struct replay_options *options);

/* Read all files, in order. false: one could not be read to its end (told on stderr), or the output failed. */
bool replay_read(struct replay *replay);

#endif
