/*
 * See words.h.
 */
#include "usher/words.h"

#include <stdio.h>
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
