/*
 * See yaml.h. libyaml's document interface: yaml.h of libyaml 0.2.5.
 */
#include "gateway/yaml.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/address.h"
#include "ctl/text.h"

#define ERROR_SIZE 480 /* of a line about it */
#define BRACKETS_MAX 64
#define KEYS_MAX   1024 /* of a map: each is compared with all */

/* ---- memory ---- */

struct gw_block {
	struct gw_block *next;
	max_align_t bytes[];
};

void *gw_memory_get(struct gw_memory *memory, size_t count, size_t size)
{
	struct gw_block *block;

	if (size != 0 && count > (SIZE_MAX / 2) / size)
		return NULL;
	block = calloc(1, sizeof(*block) + count * size);
	if (block == NULL)
		return NULL;
	block->next = memory->block;
	memory->block = block;
	return block->bytes;
}

void gw_memory_fini(struct gw_memory *memory)
{
	while (memory->block != NULL) {
		struct gw_block *next = memory->block->next;

		free(memory->block);
		memory->block = next;
	}
}

/* ---- errors ---- */

static void keep_error(struct gw_yaml *yaml, size_t line, const char *text)
{
	size_t len = strlen(text) + 1;
	struct gw_yaml_error *error;

	if (yaml->error_count++ >= GW_YAML_ERRORS)
		return;
	error = &yaml->error[yaml->error_count - 1];
	error->line = line;
	error->text = gw_memory_get(&yaml->memory, len, 1);
	if (error->text != NULL)
		memcpy(error->text, text, len);
}

void gw_yaml_wrong(struct gw_yaml *yaml, const yaml_node_t *node, const char *format, ...)
{
	char text[ERROR_SIZE];
	size_t used = 0;
	va_list arguments;

	if (yaml->path_len > 0)
		used = (size_t)snprintf(text, sizeof(text), "%s: ", yaml->path);
	va_start(arguments, format);
	vsnprintf(text + used, sizeof(text) - used, format, arguments);
	va_end(arguments);
	keep_error(yaml, node != NULL ? gw_yaml_line(node) : 1, text);
}

const char *gw_yaml_got(const yaml_node_t *node)
{
	static char shown[64];

	if (node->type == YAML_MAPPING_NODE)
		return "a map";
	if (node->type == YAML_SEQUENCE_NODE)
		return "a list";
	if (node->data.scalar.length == 0)
		return "nothing";
	return ctl_escape(shown, sizeof(shown), node->data.scalar.value, node->data.scalar.length);
}

uint32_t gw_yaml_line(const yaml_node_t *node)
{
	return (uint32_t)node->start_mark.line + 1;
}

/* ---- the place ---- */

/* Into the value of a key, or (NULL) of a list's item. Returns the length to go back to. */
static size_t enter(struct gw_yaml *yaml, const char *name, uint32_t number)
{
	size_t before = yaml->path_len, room = sizeof(yaml->path) - before;
	char safe[48];
	int more;

	if (name != NULL)
		more = snprintf(yaml->path + before, room, "%s%s", before > 0 ? "." : "",
				ctl_escape(safe, sizeof(safe), name, strlen(name)));
	else
		more = snprintf(yaml->path + before, room, "[%u]", number);
	yaml->path_len = before + ((size_t)more < room ? (size_t)more : room - 1);
	return before;
}

static void leave(struct gw_yaml *yaml, size_t before)
{
	yaml->path_len = before;
	yaml->path[before] = '\0';
}

/* ---- the tree ---- */

static yaml_node_t *node_at(struct gw_yaml *yaml, int number)
{
	return yaml_document_get_node(&yaml->document, number);
}

static bool is_plain(const yaml_node_t *node)
{
	const char *tag = (const char *)node->tag;

	return tag == NULL || strcmp(tag, YAML_STR_TAG) == 0 || strcmp(tag, YAML_SEQ_TAG) == 0 || strcmp(tag, YAML_MAP_TAG) == 0;
}

static void use(struct gw_yaml *yaml, uint8_t *uses, int number)
{
	if (number > 0 && uses[number - 1] < 2)
		uses[number - 1]++;
	if (number > 0 && uses[number - 1] == 2) {
		uses[number - 1]++;
		gw_yaml_wrong(yaml, node_at(yaml, number), "this value has an anchor; aliases mean nothing here");
	}
}

/* Aliases share a node; that could be a tree of any size, or go round for ever. */
static void check_nodes(struct gw_yaml *yaml)
{
	int count = (int)(yaml->document.nodes.top - yaml->document.nodes.start);
	uint8_t *uses = calloc((size_t)count + 1, 1);

	if (uses == NULL) {
		gw_yaml_wrong(yaml, NULL, "out of memory");
		return;
	}
	for (int i = 1; i <= count; i++) {
		yaml_node_t *node = node_at(yaml, i);

		if (!is_plain(node))
			gw_yaml_wrong(yaml, node, "tags mean nothing here");
		if (node->type == YAML_SCALAR_NODE && memchr(node->data.scalar.value, 0, node->data.scalar.length) != NULL)
			gw_yaml_wrong(yaml, node, "a character of value 0 means nothing here");
		if (node->type == YAML_SEQUENCE_NODE) {
			for (yaml_node_item_t *at = node->data.sequence.items.start; at < node->data.sequence.items.top; at++)
				use(yaml, uses, *at);
		} else if (node->type == YAML_MAPPING_NODE) {
			for (yaml_node_pair_t *at = node->data.mapping.pairs.start; at < node->data.mapping.pairs.top; at++) {
				use(yaml, uses, at->key);
				use(yaml, uses, at->value);
			}
		}
	}
	free(uses);
}

static void keep_problem(struct gw_yaml *yaml, const yaml_parser_t *parser)
{
	char text[ERROR_SIZE];
	size_t line = parser->problem_mark.line + 1;

	if (parser->error == YAML_MEMORY_ERROR) {
		keep_error(yaml, 1, "out of memory");
		return;
	}
	if (parser->error == YAML_READER_ERROR)
		snprintf(text, sizeof(text), "this is no YAML: %s at byte %zu", parser->problem, parser->problem_offset);
	else
		snprintf(text, sizeof(text), "this is no YAML: %s%s%s", parser->context ? parser->context : "",
			 parser->context ? ", " : "", parser->problem ? parser->problem : "");
	keep_error(yaml, line, text);
}

/* Behind the first document nothing may come. */
static bool is_last(struct gw_yaml *yaml, yaml_parser_t *parser)
{
	yaml_document_t next;
	bool more;

	if (!yaml_parser_load(parser, &next)) {
		keep_problem(yaml, parser);
		return false;
	}
	more = yaml_document_get_root_node(&next) != NULL;
	if (more)
		keep_error(yaml, next.start_mark.line + 1, "a second document begins; there is one in a file");
	yaml_document_delete(&next);
	return !more;
}

/*
 * libyaml looks at every open bracket for every token: a file of nothing else would take it hours. Brackets in texts and comments
 * count as well, which hurts nobody who closes them.
 */
static bool is_deep(const char *text, size_t len)
{
	int depth = 0;

	for (size_t i = 0; i < len && depth <= BRACKETS_MAX; i++) {
		if (text[i] == '[' || text[i] == '{')
			depth++;
		else if ((text[i] == ']' || text[i] == '}') && depth > 0)
			depth--;
	}
	return depth > BRACKETS_MAX;
}

bool gw_yaml_begin(struct gw_yaml *yaml, const char *name, const char *text, size_t len)
{
	yaml_parser_t parser;
	bool loaded;

	*yaml = (struct gw_yaml){ .name = name };
	if (len > GW_YAML_SIZE_MAX) {
		keep_error(yaml, 1, "the file is longer than 1 MiB");
		return false;
	}
	if (is_deep(text, len)) {
		keep_error(yaml, 1, "more than 64 brackets [ and { are open at a time");
		return false;
	}
	if (!yaml_parser_initialize(&parser)) {
		keep_error(yaml, 1, "out of memory");
		return false;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	loaded = yaml_parser_load(&parser, &yaml->document);
	if (!loaded)
		keep_problem(yaml, &parser);
	else if (gw_yaml_root(yaml) != NULL && is_last(yaml, &parser))
		check_nodes(yaml);
	yaml_parser_delete(&parser);
	return yaml->error_count == 0;
}

static int by_line(const void *a, const void *b)
{
	const struct gw_yaml_error *first = a, *second = b;

	if (first->line != second->line)
		return first->line < second->line ? -1 : 1;
	return 0;
}

uint32_t gw_yaml_end(struct gw_yaml *yaml, FILE *out)
{
	uint32_t kept = yaml->error_count < GW_YAML_ERRORS ? yaml->error_count : GW_YAML_ERRORS;

	qsort(yaml->error, kept, sizeof(yaml->error[0]), by_line);
	for (uint32_t i = 0; out != NULL && i < kept; i++)
		fprintf(out, "%s:%zu: %s\n", yaml->name, yaml->error[i].line,
			yaml->error[i].text ? yaml->error[i].text : "out of memory");
	if (out != NULL && yaml->error_count > kept)
		fprintf(out, "%s: and %u more\n", yaml->name, yaml->error_count - kept);
	yaml_document_delete(&yaml->document);
	return yaml->error_count;
}

yaml_node_t *gw_yaml_root(struct gw_yaml *yaml)
{
	return yaml_document_get_root_node(&yaml->document);
}

/* ---- maps ---- */

/* How many letters have to be changed, put in or taken away to make one word of the other; at most 99. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[48];
	size_t wide = strlen(b);

	if (wide + 1 > sizeof(row) / sizeof(row[0]))
		return 99;
	for (unsigned i = 0; i <= wide; i++)
		row[i] = i;
	for (unsigned y = 0; a[y] != '\0' && y < 64; y++) {
		unsigned corner = row[0];

		row[0] = y + 1;
		for (unsigned x = 0; x < wide; x++) {
			unsigned best = corner + (a[y] != b[x]);

			corner = row[x + 1];
			if (corner + 1 < best)
				best = corner + 1;
			if (row[x] + 1 < best)
				best = row[x] + 1;
			row[x + 1] = best;
		}
	}
	return row[wide];
}

static void unknown_key(struct gw_yaml *yaml, const yaml_node_t *node, const struct gw_yaml_key *keys)
{
	const char *word = (const char *)node->data.scalar.value, *nearest = NULL;
	char list[300] = "";
	unsigned least = 3;
	size_t used = 0;

	for (const struct gw_yaml_key *key = keys; key->name != NULL; key++) {
		unsigned far = distance(word, key->name);

		if (far < least && far * 2 <= strlen(word)) {
			least = far;
			nearest = key->name;
		}
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? ", " : "", key->name);
	}
	if (nearest != NULL)
		gw_yaml_wrong(yaml, node, "there is no such key; did you mean %s?", nearest);
	else
		gw_yaml_wrong(yaml, node, "there is no such key; expected %s", list);
}

/* Is this node a map? An empty value counts as one without keys. */
static bool is_map(struct gw_yaml *yaml, const yaml_node_t *node)
{
	if (node->type == YAML_MAPPING_NODE) {
		if (node->data.mapping.pairs.top - node->data.mapping.pairs.start <= KEYS_MAX)
			return true;
		gw_yaml_wrong(yaml, node, "more than %d keys", KEYS_MAX);
		return false;
	}
	if (node->type != YAML_SCALAR_NODE || node->data.scalar.length > 0)
		gw_yaml_wrong(yaml, node, "expected a map of keys and values, got %s", gw_yaml_got(node));
	return false;
}

/* A key as text; NULL: told. Keys twice are told at the second. */
static const char *key_text(struct gw_yaml *yaml, const yaml_node_t *map, const yaml_node_pair_t *pair)
{
	yaml_node_t *key = node_at(yaml, pair->key);

	if (key->type != YAML_SCALAR_NODE || key->data.scalar.length == 0) {
		gw_yaml_wrong(yaml, key, "expected a word as the key, got %s", gw_yaml_got(key));
		return NULL;
	}
	for (yaml_node_pair_t *other = map->data.mapping.pairs.start; other < pair; other++) {
		yaml_node_t *earlier = node_at(yaml, other->key);

		if (earlier->type == YAML_SCALAR_NODE && earlier->data.scalar.length == key->data.scalar.length &&
		    memcmp(earlier->data.scalar.value, key->data.scalar.value, key->data.scalar.length) == 0) {
			gw_yaml_wrong(yaml, key, "%s is here twice, first in line %u", gw_yaml_got(key), gw_yaml_line(earlier));
			return NULL;
		}
	}
	return (const char *)key->data.scalar.value;
}

static void check_keys(struct gw_yaml *yaml, const yaml_node_t *node, const struct gw_yaml_key *keys)
{
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const char *text = key_text(yaml, node, pair);
		const struct gw_yaml_key *key = keys;
		size_t before;

		if (text == NULL)
			continue;
		while (key->name != NULL && strcmp(key->name, text) != 0)
			key++;
		if (key->name != NULL)
			continue;
		before = enter(yaml, text, 0);
		unknown_key(yaml, node_at(yaml, pair->key), keys);
		leave(yaml, before);
	}
}

static yaml_node_t *value_of(struct gw_yaml *yaml, const yaml_node_t *map, const char *name)
{
	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = node_at(yaml, pair->key);

		if (key->type == YAML_SCALAR_NODE && strcmp((const char *)key->data.scalar.value, name) == 0)
			return node_at(yaml, pair->value);
	}
	return NULL;
}

static bool needs_any(const struct gw_yaml_key *keys)
{
	while (keys->name != NULL && !keys->needed)
		keys++;
	return keys->name != NULL;
}

void gw_yaml_map(struct gw_yaml *yaml, yaml_node_t *node, const struct gw_yaml_key *keys, void *target)
{
	if (!is_map(yaml, node)) {
		if (node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0 && needs_any(keys))
			gw_yaml_wrong(yaml, node, "expected a map of keys and values, got nothing");
		return;
	}
	check_keys(yaml, node, keys);
	for (const struct gw_yaml_key *key = keys; key->name != NULL; key++) {
		yaml_node_t *value = value_of(yaml, node, key->name);

		if (value != NULL) {
			size_t before = enter(yaml, key->name, 0);

			key->read(yaml, value, target);
			leave(yaml, before);
		} else if (key->needed) {
			gw_yaml_wrong(yaml, node, "%s is missing", key->name);
		}
	}
}

/* The tree goes before what was read of it. */
static const char *keep(struct gw_yaml *yaml, const yaml_node_t *scalar)
{
	char *copy = gw_memory_get(&yaml->memory, scalar->data.scalar.length + 1, 1);

	if (copy == NULL)
		gw_yaml_wrong(yaml, scalar, "out of memory");
	else
		memcpy(copy, scalar->data.scalar.value, scalar->data.scalar.length);
	return copy;
}

void gw_yaml_names(struct gw_yaml *yaml, yaml_node_t *node,
		   void (*each)(struct gw_yaml *yaml, const char *name, yaml_node_t *node, void *target), void *target)
{
	if (!is_map(yaml, node))
		return;
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const char *name = key_text(yaml, node, pair) != NULL ? keep(yaml, node_at(yaml, pair->key)) : NULL;
		size_t before;

		if (name == NULL)
			continue;
		before = enter(yaml, name, 0);
		each(yaml, name, node_at(yaml, pair->value), target);
		leave(yaml, before);
	}
}

/* ---- lists and scalars ---- */

static bool is_empty(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0 &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

uint32_t gw_yaml_count(struct gw_yaml *yaml, const yaml_node_t *node)
{
	(void)yaml;
	if (node->type == YAML_SEQUENCE_NODE)
		return (uint32_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	return is_empty(node) ? 0 : 1;
}

uint32_t gw_yaml_list(struct gw_yaml *yaml, yaml_node_t *node, gw_yaml_reader *each, void *target)
{
	uint32_t count = gw_yaml_count(yaml, node);

	if (node->type != YAML_SEQUENCE_NODE) {
		if (count > 0)
			each(yaml, node, target);
		return count;
	}
	for (uint32_t i = 0; i < count; i++) {
		size_t before = enter(yaml, NULL, i + 1);

		each(yaml, node_at(yaml, node->data.sequence.items.start[i]), target);
		leave(yaml, before);
	}
	return count;
}

const char *gw_yaml_word(struct gw_yaml *yaml, const yaml_node_t *node, const char *what)
{
	if (node->type == YAML_SCALAR_NODE && node->data.scalar.length > 0)
		return keep(yaml, node);
	gw_yaml_wrong(yaml, node, "expected %s, got %s", what, gw_yaml_got(node));
	return NULL;
}

bool gw_yaml_bool(struct gw_yaml *yaml, const yaml_node_t *node, bool *value)
{
	static const char *const words[] = { "false", "true", NULL };
	int choice = gw_yaml_choice(yaml, node, words);

	if (choice >= 0)
		*value = choice == 1;
	return choice >= 0;
}

bool gw_yaml_number(struct gw_yaml *yaml, const yaml_node_t *node, uint64_t least, uint64_t most, uint64_t *value)
{
	uint64_t number;

	if (node->type == YAML_SCALAR_NODE && ctl_read_number((const char *)node->data.scalar.value, least, most, &number)) {
		*value = number;
		return true;
	}
	gw_yaml_wrong(yaml, node, "expected a number from %llu to %llu, got %s", (unsigned long long)least,
		      (unsigned long long)most, gw_yaml_got(node));
	return false;
}

int gw_yaml_choice(struct gw_yaml *yaml, const yaml_node_t *node, const char *const *words)
{
	char list[128] = "";
	size_t used = 0;

	for (int i = 0; words[i] != NULL; i++) {
		if (node->type == YAML_SCALAR_NODE && strcmp((const char *)node->data.scalar.value, words[i]) == 0)
			return i;
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
						 used == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
	}
	gw_yaml_wrong(yaml, node, "expected %s, got %s", list, gw_yaml_got(node));
	return -1;
}
