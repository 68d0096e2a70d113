/*
 * reread: see reread.h. Sources: RFC 959 4.1.2, 2428 2 and 3, 2637 2.
 */
#include "tests/support/reread.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE 4200u

static uint32_t line_of(const uint8_t *data, uint32_t len)
{
	const uint8_t *end = len ? memchr(data, '\n', len) : NULL;

	return end ? (uint32_t)(end - data) + 1 : 0;
}

/* ---- FTP ---- */

/* A decimal number at `at`; returns where it ends, or `at`: there is none. */
static uint32_t number(const uint8_t *data, uint32_t len, uint32_t at, uint32_t *value)
{
	*value = 0;
	while (at < len && data[at] >= '0' && data[at] <= '9') {
		*value = *value > 100000 ? *value : *value * 10 + (uint32_t)(data[at] - '0');
		at++;
	}
	return at;
}

static uint32_t blanks(const uint8_t *data, uint32_t len, uint32_t at)
{
	while (at < len && (data[at] == ' ' || data[at] == '\t'))
		at++;
	return at;
}

/* Six numbers that say `e`, from `at` on, with commas and perhaps blanks between; returns where they end, or 0. */
static uint32_t six(const uint8_t *line, uint32_t len, uint32_t at, const struct usher_endpoint *e)
{
	uint32_t want[6] = { e->address[0], e->address[1], e->address[2], e->address[3], e->key >> 8, e->key & 255 }, value, i;

	for (i = 0; i < 6; i++) {
		uint32_t end = number(line, len, at, &value);

		if (end == at || value != want[i])
			return 0;
		at = end;
		if (i == 5)
			break;
		at = blanks(line, len, at);
		if (at >= len || line[at] != ',')
			return 0;
		at = blanks(line, len, at + 1);
	}
	return at;
}

/* Address and port of `e` with one byte between them, twice the same; returns where the port ends, or 0. */
static uint32_t extended(const uint8_t *line, uint32_t len, uint32_t at, const struct usher_endpoint *e, uint8_t delimiter)
{
	uint32_t end = at, value;
	uint8_t address[16] = { 0 };
	char text[64];

	while (end < len && line[end] != delimiter && end - at < sizeof(text) - 1)
		end++;
	memcpy(text, line + at, end - at);
	text[end - at] = '\0';
	if (end >= len || line[end] != delimiter || inet_pton(e->family == USHER_IPV6 ? AF_INET6 : AF_INET, text, address) != 1 ||
	    memcmp(address, e->address, 16) != 0)
		return 0;
	at = end + 1;
	end = number(line, len, at, &value);
	return end > at && end < len && line[end] == delimiter && value == e->key ? end : 0;
}

static uint32_t port(const uint8_t *line, uint32_t len, uint32_t at, const struct usher_endpoint *e, uint8_t delimiter)
{
	uint32_t value, end = number(line, len, at, &value);

	return end > at && end < len && line[end] == delimiter && value == e->key ? end : 0;
}

/* Does something at `at` say the listener as this kind of announcement does? Returns its end; 0: no. */
static uint32_t says(const uint8_t *line, uint32_t len, uint32_t at, const struct reread_said *a, const struct usher_endpoint *e)
{
	if (strcmp(a->kind, "PORT") == 0 || strcmp(a->kind, "PASV") == 0)
		return six(line, len, at, e);
	if (!at)
		return 0;
	if (strcmp(a->kind, "EPRT") == 0)
		return extended(line, len, at, e, line[at - 1]);
	return port(line, len, at, e, line[at - 1]);
}

/* The name as it is written anew. */
static uint32_t print(char *to, const struct reread_said *a, uint8_t delimiter)
{
	const struct usher_endpoint *e = &a->seen;
	const uint8_t *b = e->address;
	char address[INET6_ADDRSTRLEN];

	if (strcmp(a->kind, "PORT") == 0 || strcmp(a->kind, "PASV") == 0)
		return (uint32_t)sprintf(to, "%u,%u,%u,%u,%u,%u", b[0], b[1], b[2], b[3], e->key >> 8, e->key & 255);
	if (strcmp(a->kind, "EPSV") == 0)
		return (uint32_t)sprintf(to, "%u", e->key);
	inet_ntop(e->family == USHER_IPV6 ? AF_INET6 : AF_INET, b, address, sizeof(address));
	return (uint32_t)sprintf(to, "%s%c%u", address, delimiter, e->key);
}

static bool same_name(const struct reread_said *a)
{
	return a->listener.key == a->seen.key &&
	       (strcmp(a->kind, "EPSV") == 0 || memcmp(a->listener.address, a->seen.address, 16) == 0);
}

/* Is this line, as it came out, the one that went in with this announcement in its place? */
static bool fits(const uint8_t *in, uint32_t in_len, const uint8_t *out, uint32_t out_len, const struct reread_said *a)
{
	uint32_t at, end, len;
	char text[80];

	for (at = 0; at < in_len; at++) {
		if (at && in[at - 1] >= '0' && in[at - 1] <= '9' && strcmp(a->kind, "EPRT") != 0)
			continue; /* within a number */
		end = says(in, in_len, at, a, &a->listener);
		if (!end)
			continue;
		if (same_name(a)) {
			if (in_len == out_len && memcmp(in, out, in_len) == 0)
				return true;
			continue;
		}
		len = print(text, a, at ? in[at - 1] : 0);
		if (out_len == at + len + (in_len - end) && memcmp(out, in, at) == 0 && memcmp(out + at, text, len) == 0 &&
		    memcmp(out + at + len, in + end, in_len - end) == 0)
			return true;
	}
	return false;
}

const char *reread_ftp(const struct reread_stream *s, const struct reread_said *said, uint32_t count)
{
	static char wrong[LINE * 2 + 200];
	uint32_t in = 0, out = 0, next = 0, in_len, out_len, rest;

	for (;; in += in_len, out += out_len) {
		in_len = line_of(s->in + in, s->in_len - in);
		out_len = line_of(s->out + out, s->out_len - out);
		if (!in_len || !out_len)
			break;
		if (next < count && fits(s->in + in, in_len, s->out + out, out_len, &said[next])) {
			next++;
			continue;
		}
		if (in_len == out_len && memcmp(s->in + in, s->out + out, in_len) == 0)
			continue;
		snprintf(wrong, sizeof(wrong), "a line came out otherwise than announced:\n%.*s%.*s", (int)in_len, (const char *)s->in + in,
			 (int)out_len, (const char *)s->out + out);
		return wrong;
	}
	rest = s->out_len - out;
	if (in_len == 0 && (rest > s->in_len - in || memcmp(s->in + in, s->out + out, rest) != 0))
		return "what is no line came out otherwise";
	if (s->whole && next < count) {
		snprintf(wrong, sizeof(wrong), "%s, accepted, is not what came out", said[next].kind);
		return wrong;
	}
	return NULL;
}

/* ---- PPTP ---- */

void reread_ids(unsigned type, unsigned *own, unsigned *peer)
{
	static const uint8_t at[16][2] = { [7] = { 12, 0 }, [8] = { 12, 14 }, [9] = { 12, 0 }, [10] = { 12, 14 }, [11] = { 0, 12 },
					   [12] = { 12, 0 }, [13] = { 12, 0 }, [14] = { 0, 12 }, [15] = { 0, 12 } };

	*own = type < 16 ? at[type][0] : 0;
	*peer = type < 16 ? at[type][1] : 0;
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Does this reply speak of that call, as each side knows it? */
static bool is_reply(const uint8_t *in, const uint8_t *out, unsigned side, const struct reread_said *a)
{
	const struct usher_endpoint *own[2] = { &a->listener, &a->peer }, *seen[2] = { &a->seen, &a->peer_seen };

	return get16(in + 12) == own[side]->key && get16(out + 12) == seen[side]->key && get16(in + 14) == seen[!side]->key &&
	       get16(out + 14) == own[!side]->key;
}

/* One direction: what may not change, and which of the calls are replied to in it. */
static const char *read_messages(const struct reread_stream *s, unsigned side, const struct reread_said *said, uint32_t count,
				 bool *found)
{
	uint32_t at = 0, len, i;
	unsigned own, peer;

	for (; s->out_len >= at + 16; at += len) {
		const uint8_t *in = s->in + at, *out = s->out + at;

		len = get16(in);
		if (len < 16 || at + len > s->in_len || at + len > s->out_len)
			break;
		reread_ids(get16(in + 8), &own, &peer);
		if (memcmp(in, out, 12) != 0 || memcmp(in + 16, out + 16, len - 16) != 0 || (!own && !peer && memcmp(in, out, len) != 0))
			return "more than a call id has changed";
		if (memcmp(in + 14, out + 14, 2) != 0 && !(own && peer))
			return "more than a call id has changed";
		for (i = 0; i < count; i++)
			found[i] |= (get16(in + 8) == 8 || get16(in + 8) == 10) && is_reply(in, out, side, &said[i]);
	}
	return NULL;
}

const char *reread_pptp(const struct reread_stream s[2], const struct reread_said *said, uint32_t count)
{
	static char wrong[200];
	static bool found[256];
	const char *text = NULL;
	unsigned side;
	uint32_t i;

	memset(found, 0, sizeof(found));
	for (side = 0; side < 2 && !text; side++) {
		if (s[side].out_len > s[side].in_len)
			return "more came out than went in";
		text = read_messages(&s[side], side, said, count, found);
	}
	for (i = 0; i < count && !text && s[0].whole && s[1].whole; i++) {
		if (found[i])
			continue;
		snprintf(wrong, sizeof(wrong), "no reply has the announced call %u (%u) and %u (%u)", said[i].listener.key, said[i].seen.key,
			 said[i].peer.key, said[i].peer_seen.key);
		text = wrong;
	}
	return text;
}
