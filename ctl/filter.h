/*
 * ctl/filter: which connections, expectations and events somebody wants: by the addresses and ports of the connection's first
 * packet, as conntrack's -s -d -p --sport --dport have it, by zone, state and helper.
 *
 * Owns: the words, their values as text, and what is wrong with them in one line. What is not said matches all.
 */
#ifndef USHER_CTL_FILTER_H
#define USHER_CTL_FILTER_H

#include <usher/usher.h>

#include "ctl/address.h"

/* X(name, "what is allowed"): the words of requests (doc/control.md) and of command lines. */
#define CTL_FILTERS(X) \
	X(src, "an address or a network, 10.0.0.0/8") \
	X(dst, "an address or a network, 10.0.0.0/8") \
	X(proto, "a protocol by name or number, tcp") \
	X(sport, "a port from 0 to 65535") \
	X(dport, "a port from 0 to 65535") \
	X(zone, "a zone from 0 to 65535") \
	X(state, "a state, established") \
	X(helper, "a helper, ftp")

enum ctl_filter_word {
#define CTL_FILTER_ENUM(name, allowed) CTL_FILTER_##name,
	CTL_FILTERS(CTL_FILTER_ENUM)
#undef CTL_FILTER_ENUM
	CTL_FILTER_COUNT
};

struct ctl_filter {
	uint32_t has; /* 1 << enum ctl_filter_word */
	struct ctl_net src, dst;
	uint8_t protocol;
	uint16_t sport, dport, zone;
	char state[24], helper[24]; /* lower case */
};

/* The word's number; CTL_FILTER_COUNT: it is none. */
unsigned ctl_filter_find(const char *word);
const char *ctl_filter_name(unsigned word);

/* Want only what has this value. false: the value is none; `wrong` says what, in one line. */
bool ctl_filter_set(struct ctl_filter *filter, unsigned word, const char *value, char *wrong, size_t size);

bool ctl_filter_conn(const struct ctl_filter *filter, const struct usher_conn *conn);
/* An expectation has no state; a wildcard matches whatever is wanted there. */
bool ctl_filter_expectation(const struct ctl_filter *filter, const struct usher_expectation *expectation);
bool ctl_filter_event(const struct ctl_filter *filter, const struct usher_event *event);

#endif
