/*
 * ctl/row_text: see row_text.h. The order of fields is that of libnetfilter_conntrack's default output.
 */
#include "ctl/row_text.h"

#include <stdint.h>
#include <string.h>

#include "ctl/text.h"

/* A string of the row, fit to be shown; "" when it has none. `safe` is the caller's room for it. */
static const char *word(char safe[64], const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value != NULL ? ctl_escape(safe, 64, value, strlen(value)) : "";
}

static bool has(const json_t *object, const char *name)
{
	return json_object_get(object, name) != NULL;
}

static unsigned long long number(const json_t *object, const char *name)
{
	return (unsigned long long)json_integer_value(json_object_get(object, name));
}

static void put_word(FILE *out, const json_t *object, const char *name, const char *label)
{
	char safe[64];

	if (has(object, name))
		fprintf(out, " %s=%s", label, word(safe, object, name));
}

static void put_number(FILE *out, const json_t *object, const char *name, const char *label)
{
	if (has(object, name))
		fprintf(out, " %s=%llu", label, number(object, name));
}

/* GRE as conntrack has it: srckey=0x1 dstkey=0x2. */
static void put_keys(FILE *out, unsigned long long src, unsigned long long dst)
{
	fprintf(out, " srckey=0x%llx dstkey=0x%llx", src, dst);
}

/* One direction. */
static void put_tuple(FILE *out, const json_t *row, const char *direction, bool counters)
{
	const json_t *tuple = json_object_get(row, direction), *src_key = json_object_get(row, "src_key");

	put_word(out, tuple, "src", "src");
	put_word(out, tuple, "dst", "dst");
	put_number(out, tuple, "sport", "sport");
	put_number(out, tuple, "dport", "dport");
	put_number(out, tuple, "type", "type");
	put_number(out, tuple, "code", "code");
	put_number(out, tuple, "id", "id");
	if (has(tuple, "key"))
		put_keys(out, src_key != NULL ? number(src_key, direction) : number(tuple, "key"), number(tuple, "key"));
	if (counters) {
		put_number(out, tuple, "packets", "packets");
		put_number(out, tuple, "bytes", "bytes");
	}
}

static unsigned protocol_number(const json_t *row)
{
	char safe[64];
	const struct ctl_protocol *known = ctl_protocol_named(word(safe, row, "proto"));

	return known != NULL ? known->number : (unsigned)number(row, "proto_number");
}

static void put_upper(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		fputc(*text >= 'a' && *text <= 'z' ? *text - 32 : *text, out);
}

static void put_conn(FILE *out, const json_t *row, bool standing, bool counters)
{
	char safe[64];

	fprintf(out, "%-8s %u", word(safe, row, "proto"), protocol_number(row));
	if (standing && has(row, "left"))
		fprintf(out, " %llu", number(row, "left"));
	if (standing && has(row, "state")) {
		fputc(' ', out);
		put_upper(out, word(safe, row, "state"));
	}
	put_tuple(out, row, "orig", counters);
	if (json_is_false(json_object_get(row, "replied")))
		fputs(" [UNREPLIED]", out);
	put_tuple(out, row, "reply", counters);
	if (json_is_true(json_object_get(row, "assured")))
		fputs(" [ASSURED]", out);
	if (number(row, "mark") != 0)
		fprintf(out, " mark=%llu", number(row, "mark"));
	if (number(row, "zone") != 0)
		fprintf(out, " zone=%llu", number(row, "zone"));
	put_word(out, row, "helper", "helper");
}

void ctl_conn_text(FILE *out, const json_t *row)
{
	put_conn(out, row, true, true);
}

/* What an expectation leaves open has a mask of zeros, as the kernel has it. */
static const char *mask(const char *address, bool any)
{
	if (strchr(address, ':') != NULL)
		return any ? "::" : "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
	return any ? "0.0.0.0" : "255.255.255.255";
}

static void put_expectation_ends(FILE *out, const json_t *row)
{
	char src[64], dst[64];
	bool any = !has(row, "src");
	const char *to = word(dst, row, "dst"), *zero = strchr(to, ':') != NULL ? "::" : "0.0.0.0";

	fprintf(out, " src=%s dst=%s", any ? zero : word(src, row, "src"), to);
	if (has(row, "key"))
		put_keys(out, 0, number(row, "key"));
	else
		fprintf(out, " sport=%llu dport=%llu", number(row, "sport"), number(row, "dport"));
	fprintf(out, " mask-src=%s mask-dst=%s", mask(to, any), mask(to, false));
	if (has(row, "key"))
		put_keys(out, 0, 0xffff);
	else
		fprintf(out, " sport=%u dport=%u", has(row, "sport") ? 65535u : 0, has(row, "dport") ? 65535u : 0);
}

void ctl_expectation_text(FILE *out, const json_t *row)
{
	const json_t *master = json_object_get(row, "master_orig");
	const char *seconds = has(row, "left") ? "left" : "timeout";

	if (has(row, seconds))
		fprintf(out, "%llu ", number(row, seconds));
	fprintf(out, "proto=%u", protocol_number(row));
	put_expectation_ends(out, row);
	put_word(out, master, "src", "master-src");
	put_word(out, master, "dst", "master-dst");
	put_number(out, master, "sport", "sport");
	put_number(out, master, "dport", "dport");
	if (number(row, "zone") != 0)
		fprintf(out, " zone=%llu", number(row, "zone"));
	put_word(out, row, "class", "class");
	put_word(out, row, "helper", "helper");
}

bool ctl_row_text(FILE *out, const json_t *row, bool id)
{
	static const struct {
		const char *event, *mark;
		bool expectation, standing, counters;
	} kinds[] = {
		{ "conn", NULL, false, true, true },
		{ "conn_new", "[NEW]", false, true, false },
		{ "conn_update", "[UPDATE]", false, true, false },
		{ "conn_destroy", "[DESTROY]", false, false, true },
		{ "expect", NULL, true, false, false },
		{ "expect_new", "[NEW]", true, false, false },
		{ "expect_hit", "[HIT]", true, false, false },
		{ "expect_gone", "[DESTROY]", true, false, false },
	};
	const char *event = json_string_value(json_object_get(row, "event"));

	for (size_t i = 0; event != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].event, event) != 0)
			continue;
		if (kinds[i].mark != NULL)
			fprintf(out, "%9s ", kinds[i].mark);
		if (kinds[i].expectation)
			ctl_expectation_text(out, row);
		else
			put_conn(out, row, kinds[i].standing, kinds[i].counters);
		if (id)
			put_number(out, row, kinds[i].expectation ? "expect" : "conn", "id");
		fputc('\n', out);
		return true;
	}
	return false;
}
