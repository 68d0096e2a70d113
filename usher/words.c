/*
 * See words.h.
 */
#include "usher/words.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/text.h"

const char *words_bytes(char out[WORDS_SIZE], uint64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t tenths = bytes;
	unsigned unit = 0;

	if (bytes < 10000) { /* exact for as long as that is short */
		snprintf(out, WORDS_SIZE, "%llu B", (unsigned long long)bytes);
		return out;
	}
	for (; tenths >= 10000 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		tenths = unit == 0 ? tenths / 100 : tenths / 1000;
	snprintf(out, WORDS_SIZE, "%llu.%llu %s", (unsigned long long)(tenths / 10), (unsigned long long)(tenths % 10),
		 units[unit]);
	return out;
}

const char *words_duration(char out[WORDS_SIZE], usher_time duration)
{
	unsigned long long s = duration / USHER_SECOND, us = duration % USHER_SECOND / 1000;

	if (s == 0 && us < 1000)
		snprintf(out, WORDS_SIZE, "%llu us", us);
	else if (s == 0)
		snprintf(out, WORDS_SIZE, "%llu.%llu ms", us / 1000, us / 100 % 10);
	else if (s < 1000)
		snprintf(out, WORDS_SIZE, "%llu.%03llu s", s, us / 1000);
	else if (s < 100 * 3600)
		snprintf(out, WORDS_SIZE, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(out, WORDS_SIZE, "%llu days", s / 86400);
	return out;
}

const char *words_since(char out[WORDS_SIZE], usher_time since)
{
	snprintf(out, WORDS_SIZE, "%llu.%03llu s", (unsigned long long)(since / USHER_SECOND),
		 (unsigned long long)(since % USHER_SECOND / 1000000));
	return out;
}

const char *words_date(char out[WORDS_SIZE], usher_time time)
{
	time_t seconds = (time_t)(time / USHER_SECOND);
	struct tm parts;

	if (gmtime_r(&seconds, &parts) == NULL || strftime(out, WORDS_SIZE, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
		snprintf(out, WORDS_SIZE, "no date");
	return out;
}

const char *words_s(uint64_t count)
{
	return count == 1 ? "" : "s";
}

const char *words_tuple(char out[WORDS_TUPLE_SIZE], const struct usher_tuple *tuple)
{
	char src[CTL_ENDPOINT_SIZE], dst[CTL_ENDPOINT_SIZE], more[32] = "";
	uint8_t key = ctl_protocol(tuple->protocol)->key;

	if (key == CTL_CALL)
		snprintf(more, sizeof(more), " call %u", (unsigned)tuple->dst.key);
	else if (key == CTL_QUERY)
		snprintf(more, sizeof(more), " type %u id %u", (unsigned)tuple->type, (unsigned)tuple->src.key);
	snprintf(out, WORDS_TUPLE_SIZE, "%s -> %s%s", ctl_endpoint(src, tuple->protocol, &tuple->src),
		 ctl_endpoint(dst, tuple->protocol, &tuple->dst), more);
	return out;
}

/* Who is at this side of a control connection, as he knows himself. */
static struct usher_endpoint end_of(const struct usher_conn *conn, uint8_t side)
{
	return (side == USHER_CLIENT) != conn->reversed ? conn->orig.src : conn->reply.src;
}

static const char *end_text(char out[WORDS_TUPLE_SIZE], uint8_t protocol, const struct usher_endpoint *end,
			    const struct usher_endpoint *seen)
{
	char here[CTL_ENDPOINT_SIZE], there[CTL_ENDPOINT_SIZE], id[16] = "", seen_id[16] = "";

	if (ctl_protocol(protocol)->key == CTL_CALL) {
		snprintf(id, sizeof(id), " call %u", (unsigned)end->key);
		snprintf(seen_id, sizeof(seen_id), " call %u", (unsigned)seen->key);
	}
	snprintf(out, WORDS_TUPLE_SIZE, "%s%s", ctl_endpoint(here, protocol, end), id);
	if (seen->family != USHER_ANY_FAMILY)
		snprintf(out + strlen(out), WORDS_TUPLE_SIZE - strlen(out), " as %s%s", ctl_endpoint(there, protocol, seen),
			 seen_id);
	return out;
}

const char *words_announced(char out[WORDS_ENDS_SIZE], const struct usher_conn *conn,
			    const struct usher_announcement *what)
{
	struct usher_endpoint peer = what->peer;
	char listens[WORDS_TUPLE_SIZE], comes[WORDS_TUPLE_SIZE];

	end_text(listens, what->protocol, &what->listener, &what->listener_seen);
	if (ctl_protocol(what->protocol)->key != CTL_CALL) {
		snprintf(out, WORDS_ENDS_SIZE, "%s", listens);
		return out;
	}
	if (peer.family == USHER_ANY_FAMILY) {
		peer = end_of(conn, USHER_SERVER);
		peer.key = what->peer.key;
	}
	snprintf(out, WORDS_ENDS_SIZE, "%s <-> %s", listens, end_text(comes, what->protocol, &peer, &what->peer_seen));
	return out;
}

const char *words_call(char out[WORDS_ENDS_SIZE], const struct usher_conn *conn, const uint32_t ids[2],
		       const bool known[2])
{
	char address[2][CTL_ADDRESS_SIZE], id[2][16] = { "", "" };

	for (uint8_t side = USHER_CLIENT; side <= USHER_SERVER; side++) {
		struct usher_endpoint end = end_of(conn, side);

		ctl_address(address[side], &end);
		if (known[side])
			snprintf(id[side], sizeof(id[side]), " call %u", (unsigned)ids[side]);
	}
	snprintf(out, WORDS_ENDS_SIZE, "%s%s <-> %s%s", address[0], id[0], address[1], id[1]);
	return out;
}

static bool is_told_elsewhere(const char *name)
{
	static const char *const names[] = { "call_id", "peer_call_id", "result", "identifier", "calls_in_use" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* "max_bps 64000", "bearer 3 either", in brief "max bps 64000", "bearer either". */
static void field_text(char *out, size_t size, const struct usher_field *field, bool brief)
{
	char name[32], value[48] = "", text[200];

	snprintf(name, sizeof(name), "%s", field->name);
	for (char *c = name; brief && *c != '\0'; c++)
		*c = *c == '_' ? ' ' : *c;
	if (field->text != NULL) {
		snprintf(out, size, "%s \"%s\"", name, ctl_escape(text, sizeof(text), field->text, field->text_len));
		return;
	}
	if (brief && strcmp(name, "version") == 0)
		snprintf(value, sizeof(value), " %llu.%llu", (unsigned long long)(field->value >> 8),
			 (unsigned long long)(field->value & 0xff));
	else if (brief && strstr(name, "accm") != NULL) /* a bit for each character */
		snprintf(value, sizeof(value), " 0x%08llx", (unsigned long long)field->value);
	else if (!brief || field->word == NULL)
		snprintf(value, sizeof(value), " %llu", (unsigned long long)field->value);
	snprintf(out, size, "%s%s%s%s", name, value, field->word != NULL ? " " : "", field->word != NULL ? field->word : "");
}

const char *words_fields(char *out, size_t size, const struct usher_field *fields, uint32_t count, bool brief)
{
	char one[256];
	size_t used = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < count; i++) {
		const struct usher_field *field = &fields[i];

		if (brief && (is_told_elsewhere(field->name) || (field->text != NULL ? field->text_len : field->value) == 0))
			continue;
		field_text(one, sizeof(one), field, brief);
		if (used + strlen(one) + 6 > size) { /* ", ..." */
			snprintf(out + used, size - used, "%s...", used > 0 ? ", " : "");
			break;
		}
		used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", one);
	}
	return out;
}
