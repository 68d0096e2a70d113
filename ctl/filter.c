/*
 * ctl/filter: see filter.h.
 */
#include "ctl/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ctl/text.h"

static const struct {
	const char *name, *allowed;
} words[CTL_FILTER_COUNT] = {
#define X(name, allowed) { #name, allowed },
	CTL_FILTERS(X)
#undef X
};

unsigned ctl_filter_find(const char *word)
{
	unsigned i;

	for (i = 0; i < CTL_FILTER_COUNT && strcmp(words[i].name, word) != 0; i++)
		;
	return i;
}

const char *ctl_filter_name(unsigned word)
{
	return word < CTL_FILTER_COUNT ? words[word].name : "unknown";
}

static bool read_number(const char *text, uint32_t most, uint32_t *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*number = (uint32_t)value;
	return *text >= '0' && *text <= '9' && *end == '\0' && value <= most;
}

static bool read_port(const char *text, uint16_t *port)
{
	uint32_t number;

	if (!read_number(text, 65535, &number))
		return false;
	*port = (uint16_t)number;
	return true;
}

static bool read_protocol(const char *text, uint8_t *protocol)
{
	const struct ctl_protocol *known = ctl_protocol_named(text);
	uint32_t number = known != NULL ? known->number : 0;

	if (known == NULL && !read_number(text, 255, &number))
		return false;
	*protocol = (uint8_t)number;
	return true;
}

/* A word of letters, digits, _ and -, in lower case. */
static bool read_word(const char *text, char *word, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t len;

	if (strlen(text) >= size || strspn(text, letters) != strlen(text))
		return false;
	for (len = 0; text[len] != '\0'; len++) {
		char c = text[len];

		word[len] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	word[len] = '\0';
	return len > 0;
}

static bool read_value(struct ctl_filter *filter, unsigned word, const char *value)
{
	switch ((enum ctl_filter_word)word) {
	case CTL_FILTER_src: return ctl_read_net(value, &filter->src);
	case CTL_FILTER_dst: return ctl_read_net(value, &filter->dst);
	case CTL_FILTER_proto: return read_protocol(value, &filter->protocol);
	case CTL_FILTER_sport: return read_port(value, &filter->sport);
	case CTL_FILTER_dport: return read_port(value, &filter->dport);
	case CTL_FILTER_zone: return read_port(value, &filter->zone);
	case CTL_FILTER_state: return read_word(value, filter->state, sizeof(filter->state));
	case CTL_FILTER_helper: return read_word(value, filter->helper, sizeof(filter->helper));
	case CTL_FILTER_COUNT: break;
	}
	return false;
}

bool ctl_filter_set(struct ctl_filter *filter, unsigned word, const char *value, char *wrong, size_t size)
{
	char safe[64];

	if (word < CTL_FILTER_COUNT && filter->has & 1u << word)
		snprintf(wrong, size, "%s is given twice", words[word].name);
	else if (word < CTL_FILTER_COUNT && !read_value(filter, word, value))
		snprintf(wrong, size, "%s %s: expected %s", words[word].name, ctl_escape(safe, sizeof(safe), value, strlen(value)),
			 words[word].allowed);
	else if (word < CTL_FILTER_COUNT) {
		filter->has |= 1u << word;
		return true;
	}
	return false;
}

static bool wants(const struct ctl_filter *filter, enum ctl_filter_word word)
{
	return filter->has & 1u << word;
}

static bool tuple_matches(const struct ctl_filter *filter, const struct usher_tuple *tuple)
{
	bool ports = ctl_protocol(tuple->protocol)->key == CTL_PORT;

	return (!wants(filter, CTL_FILTER_proto) || filter->protocol == tuple->protocol) &&
	       (!wants(filter, CTL_FILTER_zone) || filter->zone == tuple->zone) &&
	       (!wants(filter, CTL_FILTER_src) || ctl_net_has(&filter->src, &tuple->src)) &&
	       (!wants(filter, CTL_FILTER_dst) || ctl_net_has(&filter->dst, &tuple->dst)) &&
	       (!wants(filter, CTL_FILTER_sport) || (ports && filter->sport == tuple->src.key)) &&
	       (!wants(filter, CTL_FILTER_dport) || (ports && filter->dport == tuple->dst.key));
}

static bool word_matches(const char *wanted, const char *word)
{
	return word != NULL && strcasecmp(wanted, word) == 0;
}

bool ctl_filter_conn(const struct ctl_filter *filter, const struct usher_conn *conn)
{
	return filter->has == 0 || (tuple_matches(filter, &conn->orig) &&
				    (!wants(filter, CTL_FILTER_state) || word_matches(filter->state, conn->state)) &&
				    (!wants(filter, CTL_FILTER_helper) || word_matches(filter->helper, conn->helper)));
}

bool ctl_filter_expectation(const struct ctl_filter *filter, const struct usher_expectation *expectation)
{
	struct ctl_filter rest = *filter;

	if (wants(filter, CTL_FILTER_state))
		return false;
	if (wants(filter, CTL_FILTER_helper) && !word_matches(filter->helper, expectation->helper))
		return false;
	if (expectation->tuple.src.family == USHER_ANY_FAMILY)
		rest.has &= ~(1u << CTL_FILTER_src);
	if (expectation->tuple.src.key == 0)
		rest.has &= ~(1u << CTL_FILTER_sport);
	if (expectation->tuple.dst.family == USHER_ANY_FAMILY)
		rest.has &= ~(1u << CTL_FILTER_dst);
	if (expectation->tuple.dst.key == 0)
		rest.has &= ~(1u << CTL_FILTER_dport);
	return tuple_matches(&rest, &expectation->tuple);
}

bool ctl_filter_event(const struct ctl_filter *filter, const struct usher_event *event)
{
	if (filter->has == 0)
		return true;
	if (event->type >= USHER_EVENT_EXPECT_NEW && event->type <= USHER_EVENT_EXPECT_GONE)
		return ctl_filter_expectation(filter, event->u.expect.expectation);
	if (event->conn != NULL)
		return ctl_filter_conn(filter, event->conn);
	return event->type == USHER_EVENT_INVALID && event->u.invalid.tuple != NULL && !wants(filter, CTL_FILTER_state) &&
	       !wants(filter, CTL_FILTER_helper) && tuple_matches(filter, event->u.invalid.tuple);
}
