/*
 * Collecting what the tree shows: see replay_tree.h. One function for each kind of event.
 *
 * An announcement and its expectation are two events of one packet: announce, then expect_new (nothing but the end of
 * what it replaces between them). A child is known by conn_new, with the id of the expectation that let it in.
 */
#include "usher/replay_tree.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"
#include "usher/command.h"
#include "usher/tree_calls.h"
#include "usher/tree_map.h"
#include "usher/words.h"

#define WORDS_MAX 512u /* kinds, codes, states: names in programs, never a stranger's */

const char *tree_word(struct replay_tree *tree, const char *text)
{
	if (text == NULL)
		return NULL;
	for (uint32_t i = 0; i < tree->word_count; i++) {
		if (strcmp(tree->words[i], text) == 0)
			return tree->words[i];
	}
	if (tree->word_count == WORDS_MAX)
		return "?";
	tree->words[tree->word_count] = strdup(text);
	if (tree->words[tree->word_count] == NULL)
		exit(complain("out of memory"));
	return tree->words[tree->word_count++];
}

static struct replay_place place_of(const struct replay_tree *tree, const struct usher_event *event)
{
	return (struct replay_place){ event->frame, tree->replay->file, event->time };
}

static void remember_conn(struct replay_tree *tree, struct tree_conn *record, const struct usher_conn *conn)
{
	record->conn = *conn;
	record->conn.protocol = tree_word(tree, conn->protocol);
	record->conn.state = tree_word(tree, conn->state);
	record->conn.helper = tree_word(tree, conn->helper);
}

/*
 * A record for this connection, below the announcement that let it in or among the control connections. NULL: no more
 * room.
 */
static struct tree_conn *add_conn(struct replay_tree *tree, const struct usher_event *event)
{
	const struct usher_conn *conn = event->conn;
	struct tree_announcement *announcement = tree_map_get(tree->expects, conn->expect);
	struct tree_conn *record;

	if (tree->control_count + tree->children_count == TREE_CONNS_MAX) {
		tree->conns_more++;
		return NULL;
	}
	record = grab(1, sizeof(*record));
	record->begin = place_of(tree, event);
	record->announcements_end = &record->announcements;
	record->calls_end = &record->calls;
	record->messages_end = &record->messages;
	remember_conn(tree, record, conn);
	tree_map_set(tree->conns, conn->id, record);
	if (announcement != NULL) {
		record->child = true;
		record->by = announcement;
		tree->children_count++;
		tree->used += announcement->children == NULL;
		*announcement->children_end = record;
		announcement->children_end = &record->next;
		return record;
	}
	tree->control_count++;
	*tree->controls_end = record;
	tree->controls_end = &record->next;
	return record;
}

struct tree_conn *tree_conn_of(struct replay_tree *tree, const struct usher_event *event)
{
	struct tree_conn *record = event->conn != NULL ? tree_map_get(tree->conns, event->conn->id) : NULL;

	return record != NULL || event->conn == NULL ? record : add_conn(tree, event);
}

/* The number of its line, plus one, is what the map has. */
static void add_line(struct replay_tree *tree, const struct usher_event *event)
{
	struct tree_line *line;

	if (tree->line_count == TREE_LINES_MAX) {
		tree->lines_more++;
		return;
	}
	if (tree->line_count == tree->line_room) {
		tree->line_room = tree->line_room > 0 ? tree->line_room * 2 : 256;
		tree->lines = grow(tree->lines, tree->line_room, sizeof(*tree->lines));
	}
	line = &tree->lines[tree->line_count++];
	*line = (struct tree_line){ .begin = place_of(tree, event), .orig = event->conn->orig };
	tree_map_set(tree->line_of, event->conn->id, (void *)(uintptr_t)tree->line_count);
}

static void conn_new(struct replay_tree *tree, const struct usher_event *event)
{
	if (event->conn->helper != NULL || event->conn->master != 0)
		add_conn(tree, event);
	if (tree->replay->options->all)
		add_line(tree, event);
}

static void end_line(struct replay_tree *tree, const struct usher_event *event)
{
	uintptr_t number = (uintptr_t)tree_map_get(tree->line_of, event->conn->id);
	const struct usher_conn *conn = event->conn;
	struct tree_line *line;

	if (number == 0)
		return;
	line = &tree->lines[number - 1];
	line->state = tree_word(tree, conn->state);
	line->reason = tree_word(tree, event->u.destroy.reason);
	memcpy(line->packets, conn->packets, sizeof(line->packets));
	memcpy(line->bytes, conn->bytes, sizeof(line->bytes));
	line->last = conn->last;
	line->flags = conn->flags;
}

static void conn_destroy(struct replay_tree *tree, const struct usher_event *event)
{
	const struct usher_conn *conn = event->conn;
	struct tree_conn *record = tree_map_get(tree->conns, conn->id);
	struct tree_sum *sum = &tree->others[conn->orig.protocol];

	end_line(tree, event);
	if (record != NULL) {
		remember_conn(tree, record, conn);
		record->reason = tree_word(tree, event->u.destroy.reason);
		return;
	}
	if (conn->helper != NULL || conn->master != 0)
		return; /* there was no room for it: counted when it began */
	sum->connections++;
	sum->packets += conn->packets[0] + conn->packets[1];
	sum->bytes += conn->bytes[0] + conn->bytes[1];
	sum->unanswered += !(conn->flags & USHER_CONN_SEEN_REPLY);
	sum->picked_up += (conn->flags & USHER_CONN_PICKED_UP) != 0;
}

static void announce(struct replay_tree *tree, const struct usher_event *event)
{
	const struct usher_announcement *what = &event->u.announce;
	struct tree_conn *conn = tree_conn_of(tree, event);
	struct tree_announcement *record;

	tree->latest = NULL;
	if (conn == NULL)
		return;
	conn->announced++;
	conn->refused += !what->accepted;
	if (tree->announcements == TREE_ANNOUNCEMENTS_MAX) {
		tree->announcements_more++;
		tree_calls_settle(tree);
		return;
	}
	tree->announcements++;
	record = grab(1, sizeof(*record));
	record->place = place_of(tree, event);
	record->said = *what;
	record->said.helper = tree_word(tree, what->helper);
	record->said.kind = tree_word(tree, what->kind);
	record->said.code = tree_word(tree, what->code);
	record->said.text = tree_word(tree, what->text);
	record->children_end = &record->children;
	*conn->announcements_end = record;
	conn->announcements_end = &record->next;
	tree_calls_announce(tree, conn, record);
	if (what->accepted) {
		tree->latest = record;
		tree->latest_conn = conn->conn.id;
	}
}

/* The expectation of the announcement before it; one that was refreshed is the new announcement's from here on. */
static void expect_new(struct replay_tree *tree, const struct usher_event *event)
{
	const struct usher_expectation *expectation = event->u.expect.expectation;
	struct tree_announcement *announcement = tree->latest, *before;

	if (announcement == NULL || expectation->master != tree->latest_conn)
		return;
	tree->latest = NULL;
	before = tree_map_get(tree->expects, expectation->id);
	if (before != NULL)
		before->again = announcement->place.frame;
	announcement->refreshed = event->u.expect.refreshed;
	announcement->expect = expectation->id;
	announcement->timeout_s = expectation->timeout_s;
	tree_map_set(tree->expects, expectation->id, announcement);
}

static void expect_gone(struct replay_tree *tree, const struct usher_event *event)
{
	struct tree_announcement *announcement = tree_map_get(tree->expects, event->u.expect.expectation->id);

	if (announcement == NULL)
		return;
	announcement->gone = tree_word(tree, event->u.expect.reason);
	announcement->gone_time = event->time;
}

/* --all: each message by itself. */
static void keep_message(struct replay_tree *tree, struct tree_conn *conn, const struct usher_event *event)
{
	const char *side = event->u.note.side == USHER_CLIENT ? "client" : "server";
	char fields[512], text[sizeof(fields) + 64];
	struct tree_text *message;

	if (tree->messages == TREE_MESSAGES_MAX) {
		tree->messages_more++;
		return;
	}
	tree->messages++;
	words_fields(fields, sizeof(fields), event->u.note.fields, event->u.note.field_count, false);
	snprintf(text, sizeof(text), "%s %s: %s", side, event->u.note.code, fields);
	message = grab(1, sizeof(*message));
	message->place = place_of(tree, event);
	message->text = grab(strlen(text) + 1, 1);
	memcpy(message->text, text, strlen(text));
	*conn->messages_end = message;
	conn->messages_end = &message->next;
}

/* What a note is about: the fields of a message, or words in quotes. */
static void about(char out[TREE_ABOUT_SIZE], const struct usher_event *event)
{
	char text[TREE_ABOUT_SIZE - 2];

	if (event->u.note.field_count > 0)
		words_fields(out, TREE_ABOUT_SIZE, event->u.note.fields, event->u.note.field_count, false);
	else if (event->u.note.text_len > 0)
		snprintf(out, TREE_ABOUT_SIZE, "\"%s\"",
			 ctl_escape(text, sizeof(text), event->u.note.text, event->u.note.text_len));
}

static void note(struct replay_tree *tree, const struct usher_event *event)
{
	struct tree_conn *conn = tree_conn_of(tree, event);
	const char *code = tree_word(tree, event->u.note.code);
	struct tree_note *found = NULL;

	if (conn != NULL && tree->replay->options->all && event->u.note.field_count > 0)
		keep_message(tree, conn, event);
	if (conn == NULL || tree_calls_note(tree, event))
		return;
	for (uint32_t i = 0; i < conn->note_count && found == NULL; i++) {
		if (conn->notes[i].code == code)
			found = &conn->notes[i];
	}
	if (found == NULL && conn->note_count == TREE_NOTES_MAX) {
		conn->notes_more++;
		return;
	}
	if (found == NULL) {
		conn->notes = grow(conn->notes, conn->note_count + 1, sizeof(*conn->notes));
		found = &conn->notes[conn->note_count++];
		*found = (struct tree_note){ .code = code, .sentence = tree_word(tree, event->u.note.sentence) };
		found->first = place_of(tree, event);
		about(found->about, event);
	}
	found->last = place_of(tree, event);
	found->count++;
}

void replay_tree_event(struct replay_tree *tree, const struct usher_event *event)
{
	static void (*const take[USHER_EVENT_COUNT])(struct replay_tree *, const struct usher_event *) = {
		[USHER_EVENT_CONN_NEW] = conn_new,
		[USHER_EVENT_CONN_DESTROY] = conn_destroy,
		[USHER_EVENT_ANNOUNCE] = announce,
		[USHER_EVENT_EXPECT_NEW] = expect_new,
		[USHER_EVENT_EXPECT_GONE] = expect_gone,
		[USHER_EVENT_NOTE] = note,
	};

	if (event->type != USHER_EVENT_NOTE && event->type != USHER_EVENT_ANNOUNCE)
		tree_calls_settle(tree);
	if (event->type < USHER_EVENT_COUNT && take[event->type] != NULL)
		take[event->type](tree, event);
}

struct replay_tree *replay_tree_new(struct replay *replay)
{
	struct replay_tree *tree = grab(1, sizeof(*tree));

	tree->replay = replay;
	tree->controls_end = &tree->controls;
	tree->conns = tree_map_new();
	tree->expects = tree_map_new();
	tree->line_of = tree_map_new();
	tree->words = grab(WORDS_MAX, sizeof(*tree->words));
	return tree;
}

/*
 * Children have announcements of their own, and so on: what is still to be freed is kept as one chain, not on the
 * stack.
 */
static void free_conns(struct tree_conn *first)
{
	while (first != NULL) {
		struct tree_conn *conn = first;

		first = conn->next;
		while (conn->announcements != NULL) {
			struct tree_announcement *announcement = conn->announcements;

			conn->announcements = announcement->next;
			*announcement->children_end = first;
			first = announcement->children;
			free(announcement);
		}
		tree_calls_free(conn);
		free(conn->notes);
		free(conn);
	}
}

void replay_tree_free(struct replay_tree *tree)
{
	if (tree == NULL)
		return;
	free_conns(tree->controls);
	tree_map_free(tree->conns);
	tree_map_free(tree->expects);
	tree_map_free(tree->line_of);
	for (uint32_t i = 0; i < tree->word_count; i++)
		free((char *)(uintptr_t)tree->words[i]);
	free(tree->words);
	free(tree->lines);
	free(tree);
}
