/*
 * gateway/answer: see answer.h. One function for each command, in a table; client->stage and client->position say where it is.
 */
#include "gateway/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/event_json.h"

#define WRONG_MAX 1024u /* bytes of a line */

/* A stage is over: the next one begins. */
static void next_stage(struct gw_client *client)
{
	client->stage++;
	client->position = 0;
}

static void done(struct gw_client *client)
{
	struct ctl_json json;

	gw_client_row(client, &json);
	ctl_json_begin(&json);
	ctl_json_string(&json, "event", "done");
	ctl_json_number(&json, "count", client->rows);
	ctl_json_end(&json);
	gw_client_row_end(client, &json);
	client->answering = false;
}

static void put_conn(struct gw_client *client, const struct gw_asked *asked, const struct usher_conn *conn)
{
	struct ctl_json json;

	gw_client_row(client, &json);
	ctl_conn_json(&json, conn, asked->now, asked->since_1970);
	if (gw_client_row_end(client, &json))
		client->rows++;
}

static void put_expectation(struct gw_client *client, const struct gw_asked *asked, const struct usher_expectation *expectation)
{
	struct usher_conn master;
	bool known = usher_conn_get(asked->worker, expectation->master_ref, &master);
	struct ctl_json json;

	gw_client_row(client, &json);
	ctl_expectation_json(&json, expectation, known ? &master : NULL, asked->now, asked->since_1970);
	if (gw_client_row_end(client, &json))
		client->rows++;
}

/* The connections that `wanted` says, each once given to `each`. true: that was all. */
static bool walk(struct gw_client *client, const struct gw_asked *asked, uint32_t *rows,
		 bool (*wanted)(const struct gw_client *, const struct usher_conn *),
		 void (*each)(struct gw_client *, const struct gw_asked *, const struct usher_conn *))
{
	uint32_t budget = ANSWER_RECORDS;
	struct usher_conn conn;

	while (*rows > 0 && gw_client_room(client)) {
		if (!usher_conn_scan(asked->worker, &client->position, &budget, &conn))
			return budget > 0;
		if (!wanted(client, &conn))
			continue;
		each(client, asked, &conn);
		--*rows;
	}
	return false;
}

static bool is_filtered(const struct gw_client *client, const struct usher_conn *conn)
{
	return ctl_filter_conn(&client->request.filter, conn);
}

static void list(struct gw_client *client, const struct gw_asked *asked, uint32_t *rows)
{
	if (walk(client, asked, rows, is_filtered, put_conn))
		done(client);
}

static void delete_one(struct gw_client *client, const struct gw_asked *asked, const struct usher_conn *conn)
{
	put_conn(client, asked, conn);
	usher_conn_delete(asked->worker, conn->ref);
}

static void delete(struct gw_client *client, const struct gw_asked *asked, uint32_t *rows)
{
	if (walk(client, asked, rows, is_filtered, delete_one))
		done(client);
}

static void flush(struct gw_client *client, const struct gw_asked *asked, uint32_t *rows)
{
	uint32_t budget = ANSWER_RECORDS / 4; /* each may take children along */

	client->rows += usher_flush_some(asked->worker, &client->position, &budget);
	*rows -= *rows > 0;
	if (budget > 0)
		done(client);
}

/* The expectations that `wanted` says. true: that was all. */
static bool walk_expectations(struct gw_client *client, const struct gw_asked *asked, uint32_t *rows,
			      bool (*wanted)(const struct gw_client *, const struct usher_expectation *))
{
	struct usher_expectation expectation;
	uint32_t budget = ANSWER_RECORDS;

	for (; *rows > 0 && budget > 0 && gw_client_room(client); budget--) {
		if (!usher_expect_next(asked->worker, &client->position, &expectation))
			return true;
		if (!wanted(client, &expectation))
			continue;
		put_expectation(client, asked, &expectation);
		--*rows;
	}
	return false;
}

static bool is_filtered_expectation(const struct gw_client *client, const struct usher_expectation *expectation)
{
	return ctl_filter_expectation(&client->request.filter, expectation);
}

static void expectations(struct gw_client *client, const struct gw_asked *asked, uint32_t *rows)
{
	if (walk_expectations(client, asked, rows, is_filtered_expectation))
		done(client);
}

static bool is_it(const struct gw_client *client, const struct usher_conn *conn)
{
	return client->stage == 0 && conn->id == client->request.conn;
}

static bool is_child(const struct gw_client *client, const struct usher_conn *conn)
{
	return conn->master == client->request.conn;
}

static bool is_its(const struct gw_client *client, const struct usher_expectation *expectation)
{
	return expectation->master == client->request.conn;
}

static void put_it(struct gw_client *client, const struct gw_asked *asked, const struct usher_conn *conn)
{
	struct usher_conn master;

	put_conn(client, asked, conn);
	if (conn->master != 0 && usher_conn_get(asked->worker, conn->master_ref, &master))
		put_conn(client, asked, &master);
	client->stage = 1;
}

/* Stages: the connection with its master, its children, its expectations. */
static void show(struct gw_client *client, const struct gw_asked *asked, uint32_t *rows)
{
	char text[80];

	if (client->stage == 0) {
		bool over = walk(client, asked, rows, is_it, put_it);

		if (client->stage == 1) {
			client->position = 0;
		} else if (over) {
			snprintf(text, sizeof(text), "there is no connection %llu", (unsigned long long)client->request.conn);
			gw_client_error(client, text, false);
			client->answering = false;
		}
	} else if (client->stage == 1) {
		if (walk(client, asked, rows, is_child, put_conn))
			next_stage(client);
	} else if (walk_expectations(client, asked, rows, is_its)) {
		done(client);
	}
}

static void put_counter(struct gw_client *client, const struct gw_asked *asked, const struct gw_counted *counted)
{
	struct ctl_json json;

	gw_client_row(client, &json);
	ctl_json_begin(&json);
	ctl_json_string(&json, "event", "counter");
	ctl_json_time(&json, "time", asked->now + asked->since_1970);
	ctl_json_string(&json, "group", counted->group);
	ctl_json_string(&json, "name", counted->name);
	ctl_json_number(&json, "value", counted->value);
	ctl_json_string(&json, "text", counted->text);
	ctl_json_end(&json);
	if (gw_client_row_end(client, &json))
		client->rows++;
}

static void stats(struct gw_client *client, const struct gw_asked *asked, uint32_t *rows)
{
	struct gw_counted counted;

	for (; *rows > 0 && gw_client_room(client); --*rows) {
		if (!gw_counter_at(asked->counters, (unsigned)client->position++, &counted)) {
			done(client);
			return;
		}
		put_counter(client, asked, &counted);
	}
}

/* What is wrong with the file: a row for each line, cut to what a row has room for. */
static void put_wrong(struct gw_client *client, char *text)
{
	for (char *rest, *line = strtok_r(text, "\n", &rest); line != NULL && gw_client_room(client);
	        line = strtok_r(NULL, "\n", &rest)) {
		struct ctl_json json;

		line[strnlen(line, WRONG_MAX)] = '\0';
		gw_client_row(client, &json);
		ctl_json_begin(&json);
		ctl_json_string(&json, "event", "wrong");
		ctl_json_string(&json, "text", line);
		ctl_json_end(&json);
		gw_client_row_end(client, &json);
	}
}

static void reload(struct gw_client *client, const struct gw_asked *asked, uint32_t *rows)
{
	char *text = NULL;
	size_t len = 0;
	FILE *errors = open_memstream(&text, &len);
	bool good = errors != NULL && asked->reload != NULL && asked->reload(asked->user, errors);

	*rows -= *rows > 0;
	if (errors != NULL && fclose(errors) == 0)
		put_wrong(client, text);
	free(text);
	if (good) {
		done(client);
		return;
	}
	gw_client_error(client, "nothing has changed", false);
	client->answering = false;
}

static void put_lost(struct gw_client *client, usher_time time, uint64_t count)
{
	struct ctl_json json;

	gw_client_row(client, &json);
	ctl_json_begin(&json);
	ctl_json_string(&json, "event", "lost");
	ctl_json_time(&json, "time", time);
	ctl_json_number(&json, "count", count);
	ctl_json_end(&json);
	gw_client_row_end(client, &json);
}

/* Never over: until the client hangs up. */
static void watch(struct gw_client *client, const struct gw_asked *asked, uint32_t *rows)
{
	const struct gw_moment *moment;
	struct ctl_json json;

	if (client->stage == 0) { /* from now on nothing is missed */
		gw_client_row(client, &json);
		ctl_json_begin(&json);
		ctl_json_string(&json, "event", "watching");
		ctl_json_end(&json);
		gw_client_row_end(client, &json);
		next_stage(client);
	}
	for (; *rows > 0 && gw_client_room(client) && (moment = gw_ring_peek(&client->ring)) != NULL; --*rows) {
		if (moment->lost > 0)
			put_lost(client, moment->event.time + asked->since_1970, moment->lost);
		gw_client_row(client, &json);
		ctl_live_event_json(&json, &moment->event, asked->since_1970);
		gw_client_row_end(client, &json);
		gw_ring_drop(&client->ring);
	}
	if (client->ring.count == 0 && client->ring.lost > 0 && gw_client_room(client)) {
		put_lost(client, asked->now + asked->since_1970, client->ring.lost);
		client->ring.lost = 0;
	}
}

void gw_answer_step(struct gw_client *client, const struct gw_asked *asked, uint32_t *rows)
{
	static void (*const steps[CTL_COMMAND_COUNT])(struct gw_client *, const struct gw_asked *, uint32_t *) = {
		[CTL_COMMAND_list] = list,
		[CTL_COMMAND_expectations] = expectations,
		[CTL_COMMAND_watch] = watch,
		[CTL_COMMAND_show] = show,
		[CTL_COMMAND_stats] = stats,
		[CTL_COMMAND_delete] = delete,
		[CTL_COMMAND_flush] = flush,
		[CTL_COMMAND_reload] = reload,
	};

	steps[client->request.command](client, asked, rows);
}
