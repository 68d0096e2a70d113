/*
 * ctl/request: see request.h. jansson reads the JSON (RFC 8259, depth and UTF-8 checked).
 */
#include "ctl/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "ctl/text.h"

static const struct {
	const char *name;
	unsigned takes;
} commands[CTL_COMMAND_COUNT] = {
#define X(name, takes) { #name, takes },
	CTL_COMMANDS(X)
#undef X
};

struct reading {
	struct ctl_request *request;
	unsigned takes;
	bool has_conn;
	char *wrong;
	size_t size;
};

static bool say(const struct reading *reading, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool say(const struct reading *reading, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reading->wrong, reading->size, format, arguments);
	va_end(arguments);
	return false;
}

static bool read_command(struct reading *reading, const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "command"));
	char safe[64];
	unsigned i;

	if (name == NULL)
		return say(reading, "\"command\" is missing, or is no string");
	for (i = 0; i < CTL_COMMAND_COUNT && strcmp(commands[i].name, name) != 0; i++)
		;
	if (i == CTL_COMMAND_COUNT)
		return say(reading, "command %s: there are list, expectations, watch, show, stats, delete, flush and reload",
			   ctl_escape(safe, sizeof(safe), name, strlen(name)));
	reading->request->command = (enum ctl_command)i;
	reading->takes = commands[i].takes;
	return true;
}

static bool read_events(struct reading *reading, const json_t *list)
{
	char safe[64];

	reading->request->events = 0;
	if (!json_is_array(list) || json_array_size(list) == 0)
		return say(reading, "events: expected a list of names of events");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		unsigned type;

		if (name == NULL)
			return say(reading, "events: expected a list of names of events");
		for (type = 0; type < USHER_EVENT_COUNT && strcmp(usher_event_name(type), name) != 0; type++)
			;
		if (type == USHER_EVENT_COUNT)
			return say(reading, "events: there is no event %s", ctl_escape(safe, sizeof(safe), name, strlen(name)));
		reading->request->events |= 1u << type;
	}
	return true;
}

static bool read_conn(struct reading *reading, const json_t *value)
{
	if (!json_is_integer(value) || json_integer_value(value) <= 0)
		return say(reading, "conn: expected the number of a connection");
	reading->request->conn = (uint64_t)json_integer_value(value);
	reading->has_conn = true;
	return true;
}

/* Words are strings; numbers may be numbers. */
static bool read_filter(struct reading *reading, unsigned word, const json_t *value)
{
	const char *text = json_string_value(value);
	char number[24];

	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		text = number;
	}
	if (text == NULL)
		return say(reading, "%s: expected a string or a number", ctl_filter_name(word));
	return ctl_filter_set(&reading->request->filter, word, text, reading->wrong, reading->size);
}

static bool read_member(struct reading *reading, const char *name, const json_t *value)
{
	unsigned word = ctl_filter_find(name);
	char safe[64];

	if (strcmp(name, "command") == 0)
		return true;
	if (word < CTL_FILTER_COUNT && reading->takes & CTL_TAKES_FILTER)
		return read_filter(reading, word, value);
	if (strcmp(name, "events") == 0 && reading->takes & CTL_TAKES_EVENTS)
		return read_events(reading, value);
	if (strcmp(name, "conn") == 0 && reading->takes & CTL_TAKES_CONN)
		return read_conn(reading, value);
	return say(reading, "%s takes no \"%s\"", commands[reading->request->command].name,
		   ctl_escape(safe, sizeof(safe), name, strlen(name)));
}

static bool read_object(struct reading *reading, const json_t *object)
{
	void *at;

	if (!json_is_object(object))
		return say(reading, "expected a JSON object");
	if (!read_command(reading, object))
		return false;
	for (at = json_object_iter((json_t *)(uintptr_t)object); at != NULL;
	     at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
		if (!read_member(reading, json_object_iter_key(at), json_object_iter_value(at)))
			return false;
	}
	if (reading->takes & CTL_TAKES_CONN && !reading->has_conn)
		return say(reading, "\"conn\" is missing");
	if (reading->takes & CTL_WANTS_FILTER && reading->request->filter.has == 0)
		return say(reading, "%s wants at least one of src, dst, proto, sport, dport, zone, state, helper; flush is for all",
			   commands[reading->request->command].name);
	return true;
}

bool ctl_request_read(struct ctl_request *request, const char *bytes, size_t len, char *wrong, size_t size)
{
	struct reading reading = { .request = request, .wrong = wrong, .size = size };
	json_error_t error;
	json_t *object = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);
	char safe[JSON_ERROR_TEXT_LENGTH * 4];
	bool good;

	memset(request, 0, sizeof(*request));
	request->events = ~0u;
	if (object == NULL)
		return say(&reading, "expected a JSON object: %s at byte %d",
			   ctl_escape(safe, sizeof(safe), error.text, strlen(error.text)), error.position);
	good = read_object(&reading, object);
	json_decref(object);
	return good;
}
