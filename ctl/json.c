/*
 * ctl/json: see json.h and RFC 8259.
 */
#include "ctl/json.h"

#include <string.h>

#include "ctl/text.h"

void ctl_json_to_file(struct ctl_json *json, FILE *file)
{
	json->file = file;
	json->buffer = json->own;
	json->size = sizeof(json->own);
	json->len = 0;
	json->bad = false;
	json->comma = false;
}

void ctl_json_to_buffer(struct ctl_json *json, char *buffer, size_t size)
{
	json->file = NULL;
	json->buffer = buffer;
	json->size = size;
	json->len = 0;
	json->bad = size == 0;
	json->comma = false;
}

static void flush(struct ctl_json *json)
{
	if (json->len > 0 && fwrite(json->buffer, 1, json->len, json->file) != json->len)
		json->bad = true;
	json->len = 0;
}

/* Every byte goes through here. One byte of the buffer is kept for the 0. */
static void put(struct ctl_json *json, const char *text, size_t len)
{
	while (len > 0 && !json->bad) {
		size_t room = json->size - 1 - json->len;
		size_t now = len < room ? len : room;

		memcpy(json->buffer + json->len, text, now);
		json->len += now;
		text += now;
		len -= now;
		if (len > 0 && json->file == NULL)
			json->bad = true;
		else if (len > 0)
			flush(json);
	}
}

/* A letter: most of the output are quotes and digits, one by one. */
static void put_letter(struct ctl_json *json, char letter)
{
	if (!json->bad && json->len + 1 < json->size)
		json->buffer[json->len++] = letter;
	else
		put(json, &letter, 1);
}

static void put_name(struct ctl_json *json, const char *name)
{
	if (json->comma)
		put_letter(json, ',');
	json->comma = true;
	put_letter(json, '"');
	put(json, name, strlen(name));
	put(json, "\":", 2);
}

/* At least `digits` digits, zeros in front. */
static void put_number(struct ctl_json *json, uint64_t value, unsigned digits)
{
	char text[20];
	unsigned at = sizeof(text);

	while (value > 0 || digits > 0) {
		text[--at] = (char)('0' + value % 10);
		value /= 10;
		if (digits > 0)
			digits--;
	}
	put(json, text + at, sizeof(text) - at);
}

/* \uNNNN; beyond the first plane, as JSON wants it, two of them. */
static void put_escape(struct ctl_json *json, uint32_t code)
{
	static const char digits[] = "0123456789abcdef";

	if (code > 0xffff) {
		put_escape(json, 0xd800 + ((code - 0x10000) >> 10));
		code = 0xdc00 + ((code - 0x10000) & 0x3ff);
	}
	put(json, "\\u", 2);
	for (unsigned shift = 16; shift > 0; shift -= 4)
		put_letter(json, digits[code >> (shift - 4) & 15]);
}

static void put_string(struct ctl_json *json, const uint8_t *bytes, size_t len)
{
	put_letter(json, '"');
	for (size_t at = 0; at < len;) {
		uint32_t code = bytes[at];
		unsigned take = ctl_utf8(bytes + at, len - at, &code);
		bool valid = take > 0;

		if (!valid)
			take = 1; /* the byte by its value */
		if (code == '"' || code == '\\') {
			put_letter(json, '\\');
			put_letter(json, (char)code);
		} else if (valid && ctl_printable(code)) {
			put(json, (const char *)bytes + at, take);
		} else {
			put_escape(json, code);
		}
		at += take;
	}
	put_letter(json, '"');
}

void ctl_json_begin(struct ctl_json *json)
{
	put_letter(json, '{');
	json->comma = false;
}

bool ctl_json_end(struct ctl_json *json)
{
	put(json, "}\n", 2);
	json->comma = false;
	if (json->file != NULL)
		flush(json);
	else if (json->size > 0)
		json->buffer[json->bad ? 0 : json->len] = '\0';
	return !json->bad;
}

void ctl_json_open(struct ctl_json *json, const char *name)
{
	put_name(json, name);
	put_letter(json, '{');
	json->comma = false;
}

void ctl_json_close(struct ctl_json *json)
{
	put_letter(json, '}');
	json->comma = true;
}

void ctl_json_string(struct ctl_json *json, const char *name, const char *value)
{
	if (value != NULL)
		ctl_json_bytes(json, name, value, strlen(value));
}

void ctl_json_bytes(struct ctl_json *json, const char *name, const void *bytes, size_t len)
{
	put_name(json, name);
	put_string(json, bytes, len);
}

void ctl_json_number(struct ctl_json *json, const char *name, uint64_t value)
{
	put_name(json, name);
	put_number(json, value, 1);
}

void ctl_json_bool(struct ctl_json *json, const char *name, bool value)
{
	put_name(json, name);
	put(json, value ? "true" : "false", value ? 4 : 5);
}

void ctl_json_time(struct ctl_json *json, const char *name, usher_time value)
{
	put_name(json, name);
	put_number(json, value / USHER_SECOND, 1);
	put_letter(json, '.');
	put_number(json, value % USHER_SECOND, 9);
}
