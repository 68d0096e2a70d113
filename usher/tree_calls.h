/*
 * Sessions and calls in usher replay's tree: messages, which are notes with fields, are folded into the call or session
 * that they belong to.
 */
#ifndef USHER_PROGRAM_TREE_CALLS_H
#define USHER_PROGRAM_TREE_CALLS_H

#include "usher/replay_tree.h"

/* A note. true: it is a message of a session or call, and told there; else it is a note like others. */
bool tree_calls_note(struct replay_tree *tree, const struct usher_event *event);
/* An announcement has come: the call that it belongs to has it from here on. */
void tree_calls_announce(struct replay_tree *tree, struct tree_conn *conn, struct tree_announcement *announcement);
/* The message at work is complete: nothing more is said of it. */
void tree_calls_settle(struct replay_tree *tree);
void tree_calls_free(struct tree_conn *conn);

/* "server has connected the call: connect speed 64000 (reserved-not-zero)" */
const char *tree_step_text(const struct tree_step *step, char *out, size_t size);
/* "connected for 2.345 s, ended by the server: request" */
const char *tree_call_text(const struct tree_call *call, char *out, size_t size);

#endif
