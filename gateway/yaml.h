/*
 * gateway/yaml: a YAML file as values with a place: what each reader of a value needs so that everything wrong with a file is
 * told at once, one line each: "usher.yaml:12: nat.masquerade: expected ..., got ...".
 *
 * libyaml makes the tree; this file knows maps of known keys, lists, words and numbers, and nothing of gateways. Scalars are what
 * the file says: YAML's guesses about types ("no" is false, 1:30 is 90) have no part in it.
 * Invariants: every value is read at most once: aliases, tags, keys twice and second documents are errors. Recursion goes as deep
 * as the callers' tables of keys, never as deep as the file.
 * Owns: the tree while it is read; the memory that is asked for in reading belongs to `memory`, which the result takes over.
 */
#ifndef USHER_GATEWAY_YAML_H
#define USHER_GATEWAY_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <yaml.h>

#define GW_YAML_SIZE_MAX (1u << 20) /* bytes of a file */
#define GW_YAML_ERRORS   50u        /* told; then only how many more there are */

/* Memory that goes all at once. */
struct gw_memory {
	struct gw_block *block;
};

/* `count` things of `size`, zeroed; NULL: there is no more. */
void *gw_memory_get(struct gw_memory *memory, size_t count, size_t size);
void gw_memory_fini(struct gw_memory *memory);

struct gw_yaml {
	const char *name;           /* the file's, for errors */
	yaml_document_t document;
	struct gw_memory memory;
	char path[160];             /* where we are: "rules[3].ports[1]" */
	size_t path_len;
	struct gw_yaml_error {
		size_t line;
		char *text;
	} error[GW_YAML_ERRORS];
	uint32_t error_count;       /* all of them, those not kept as well */
};

/* Reads one value into `target`, whatever that is; errors are told. */
typedef void gw_yaml_reader(struct gw_yaml *yaml, yaml_node_t *node, void *target);

struct gw_yaml_key {
	const char *name;
	gw_yaml_reader *read;
	bool needed;
};

/*
 * Begin: `len` bytes of text, `name` for errors. false: there is no tree, but an error. The last call is always gw_yaml_end, which
 * leaves memory, and tells errors in the order of the file, one line each. It returns how many there were.
 */
bool gw_yaml_begin(struct gw_yaml *yaml, const char *name, const char *text, size_t len);
uint32_t gw_yaml_end(struct gw_yaml *yaml, FILE *out);

/* The top of the tree; NULL: the file is empty. */
yaml_node_t *gw_yaml_root(struct gw_yaml *yaml);

/* Something is wrong at this value. What strangers wrote must be escaped: gw_yaml_got. */
void gw_yaml_wrong(struct gw_yaml *yaml, const yaml_node_t *node, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "got ..." of a value, fit to be shown. Lives until the next call. */
const char *gw_yaml_got(const yaml_node_t *node);

/* A map with these keys; each is read in the order of `keys`, not of the file. A name NULL ends them. An empty value is no key. */
void gw_yaml_map(struct gw_yaml *yaml, yaml_node_t *node, const struct gw_yaml_key *keys, void *target);

/* A map whose keys are names that the file chooses: `each` gets them (in `memory`) with their values. */
void gw_yaml_names(struct gw_yaml *yaml, yaml_node_t *node,
		   void (*each)(struct gw_yaml *yaml, const char *name, yaml_node_t *node, void *target), void *target);

/* A list; a value that is no list counts as a list of one. Returns how many it has. */
uint32_t gw_yaml_list(struct gw_yaml *yaml, yaml_node_t *node, gw_yaml_reader *each, void *target);
uint32_t gw_yaml_count(struct gw_yaml *yaml, const yaml_node_t *node);

/* A scalar that is not empty, in `memory`; NULL: told ("expected `what`"). */
const char *gw_yaml_word(struct gw_yaml *yaml, const yaml_node_t *node, const char *what);

/* true or false; a decimal number. false: told, and the result is as it was. */
bool gw_yaml_bool(struct gw_yaml *yaml, const yaml_node_t *node, bool *value);
bool gw_yaml_number(struct gw_yaml *yaml, const yaml_node_t *node, uint64_t least, uint64_t most, uint64_t *value);

/* One of these words, NULL ends; its place, or -1: told. */
int gw_yaml_choice(struct gw_yaml *yaml, const yaml_node_t *node, const char *const *words);

/* The line of a value, from 1. */
uint32_t gw_yaml_line(const yaml_node_t *node);

#endif
