/*
 * ctl/rules: see rules.h.
 */
#include "ctl/rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"

static bool say(char *wrong, size_t size, const char *what, const char *text)
{
	char safe[80];

	snprintf(wrong, size, "%s: %s", ctl_escape(safe, sizeof(safe), text, strlen(text)), what);
	return false;
}

/* "10.0.0.5", "2001:db8::5", either in brackets or not. */
static bool read_address(const char *text, struct usher_endpoint *e)
{
	char plain[64];
	size_t len = strlen(text);

	memset(e, 0, sizeof(*e));
	if (len >= sizeof(plain))
		return false;
	if (len > 1 && text[0] == '[' && text[len - 1] == ']')
		snprintf(plain, sizeof(plain), "%.*s", (int)(len - 2), text + 1);
	else
		snprintf(plain, sizeof(plain), "%s", text);
	e->family = strchr(plain, ':') != NULL ? USHER_IPV6 : USHER_IPV4;
	return inet_pton(e->family == USHER_IPV6 ? AF_INET6 : AF_INET, plain, e->address) == 1;
}

static bool read_number(const char *text, uint32_t most, uint32_t *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*number = (uint32_t)value;
	return *text >= '0' && *text <= '9' && *end == '\0' && value <= most;
}

/* "10.0.0.5:21", "[2001:db8::5]:21"; an endpoint without an address is a port alone, if that is allowed. */
static bool read_endpoint(char *text, bool address_may_lack, struct usher_endpoint *e)
{
	char *colon = strrchr(text, ':');

	memset(e, 0, sizeof(*e));
	if (colon == NULL)
		return address_may_lack && read_number(text, 65535, &e->key) && e->key != 0;
	*colon = '\0';
	return read_address(text, e) && read_number(colon + 1, 65535, &e->key) && e->key != 0;
}

static bool add_source(struct ctl_rules *rules, char *text)
{
	char *dash = strchr(text, '-');
	struct usher_endpoint first, last;
	struct usher_nat *nat;

	if (dash != NULL)
		*dash = '\0';
	if (!read_address(text, &first) || !read_address(dash != NULL ? dash + 1 : text, &last) || first.family != last.family ||
	    memcmp(first.address, last.address, 16) > 0)
		return false;
	nat = &rules->source[first.family == USHER_IPV6];
	nat->family = first.family;
	memcpy(nat->first, first.address, 16);
	memcpy(nat->last, last.address, 16);
	return true;
}

static bool add_forward(struct ctl_rules *rules, char *text)
{
	char *equals = strchr(text, '='), *colon = strchr(text, ':');
	struct ctl_forward *f = &rules->forward[rules->forward_count];

	if (equals == NULL || colon == NULL || colon > equals || rules->forward_count == CTL_FORWARDS_MAX)
		return false;
	*equals = *colon = '\0';
	f->protocol = strcmp(text, "tcp") == 0 ? USHER_TCP : strcmp(text, "udp") == 0 ? USHER_UDP : 0;
	if (f->protocol == 0 || !read_endpoint(colon + 1, true, &f->outside) || !read_endpoint(equals + 1, false, &f->inside))
		return false;
	if (f->outside.family != 0 && f->outside.family != f->inside.family)
		return false;
	rules->forward_count++;
	return true;
}

static bool add_one(struct ctl_rules *rules, const char *word, char *wrong, size_t size)
{
	char text[256];

	snprintf(text, sizeof(text), "%s", word);
	if (strcmp(text, "independent") == 0) {
		for (unsigned i = 0; i < 2; i++)
			rules->source[i].flags = USHER_NAT_ANY_DESTINATION | USHER_NAT_ANY_SOURCE;
		return true;
	}
	if (strncmp(text, "masquerade=", 11) == 0)
		return (strchr(text, '-') == NULL && add_source(rules, text + 11)) ||
		       say(wrong, size, "expected masquerade=ADDRESS", word);
	if (strncmp(text, "snat=", 5) == 0)
		return add_source(rules, text + 5) || say(wrong, size, "expected snat=ADDRESS or snat=FIRST-LAST", word);
	if (strncmp(text, "forward=", 8) == 0)
		return add_forward(rules, text + 8) ||
		       say(wrong, size, "expected forward=tcp:PORT=ADDRESS:PORT, forward=udp:ADDRESS:PORT=ADDRESS:PORT", word);
	return say(wrong, size, "expected masquerade=, snat=, forward= or independent", word);
}

/* Call `one` for each word between commas. */
static bool each(struct ctl_rules *rules, const char *list,
        bool (*one)(struct ctl_rules *, const char *, char *, size_t), char *wrong, size_t size)
{
	char copy[2048], *word, *save = NULL;
	bool any = false;

	if (strlen(list) >= sizeof(copy))
		return say(wrong, size, "too long", "the list");
	snprintf(copy, sizeof(copy), "%s", list);
	for (word = strtok_r(copy, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save), any = true) {
		if (!one(rules, word, wrong, size))
			return false;
	}
	return any || say(wrong, size, "nothing is named", list);
}

bool ctl_rules_add(struct ctl_rules *rules, const char *text, char *wrong, size_t size)
{
	return each(rules, text, add_one, wrong, size);
}

static bool add_net(struct ctl_rules *rules, const char *word, char *wrong, size_t size)
{
	struct ctl_net *net = &rules->inside[rules->inside_count];
	char text[128], *slash;
	uint32_t prefix, most;

	snprintf(text, sizeof(text), "%s", word);
	slash = strchr(text, '/');
	if (slash != NULL)
		*slash = '\0';
	if (rules->inside_count == CTL_NETS_MAX || !read_address(text, &net->first))
		return say(wrong, size, "expected ADDRESS or ADDRESS/PREFIX", word);
	prefix = most = net->first.family == USHER_IPV6 ? 128 : 32;
	if (slash != NULL && !read_number(slash + 1, most, &prefix))
		return say(wrong, size, "the prefix is none", word);
	net->prefix = (uint8_t)prefix;
	rules->inside_count++;
	return true;
}

bool ctl_rules_inside(struct ctl_rules *rules, const char *text, char *wrong, size_t size)
{
	return each(rules, text, add_net, wrong, size);
}

bool ctl_rules_is_inside(const struct ctl_rules *rules, const struct usher_endpoint *endpoint)
{
	for (uint32_t i = 0; i < rules->inside_count; i++) {
		const struct ctl_net *net = &rules->inside[i];
		unsigned whole = net->prefix / 8, bits = net->prefix % 8;
		uint8_t mask = (uint8_t)(0xff00 >> bits);

		if (net->first.family == endpoint->family && memcmp(net->first.address, endpoint->address, whole) == 0 &&
		    (bits == 0 || ((net->first.address[whole] ^ endpoint->address[whole]) & mask) == 0))
			return true;
	}
	return false;
}

static bool same(const struct usher_endpoint *a, const struct usher_endpoint *b)
{
	return a->family == b->family && a->key == b->key && memcmp(a->address, b->address, 16) == 0;
}

const struct ctl_forward *ctl_rules_forward(const struct ctl_rules *rules, uint8_t protocol, const struct usher_endpoint *outside)
{
	for (uint32_t i = 0; i < rules->forward_count; i++) {
		if (rules->forward[i].protocol == protocol && same(&rules->forward[i].outside, outside))
			return &rules->forward[i];
	}
	return NULL;
}

const struct ctl_forward *ctl_rules_forwarded(const struct ctl_rules *rules, uint8_t protocol, const struct usher_endpoint *inside)
{
	for (uint32_t i = 0; i < rules->forward_count; i++) {
		if (rules->forward[i].protocol == protocol && same(&rules->forward[i].inside, inside))
			return &rules->forward[i];
	}
	return NULL;
}

bool ctl_rules_finish(struct ctl_rules *rules, char *wrong, size_t size)
{
	for (uint32_t i = 0; i < rules->forward_count; i++) {
		struct ctl_forward *f = &rules->forward[i];
		const struct usher_nat *nat = &rules->source[f->inside.family == USHER_IPV6];

		if (f->outside.family != 0)
			continue;
		if (nat->family == 0) {
			snprintf(wrong, size, "a forward names no public address, and no masquerade or snat of its family does");
			return false;
		}
		f->outside.family = nat->family;
		memcpy(f->outside.address, nat->first, 16);
	}
	return true;
}

void ctl_rules_decide(const struct ctl_rules *rules, const struct usher_new *connection, struct usher_decision *decision)
{
	const struct usher_tuple *orig = &connection->orig;
	const struct ctl_forward *f = ctl_rules_forward(rules, orig->protocol, &orig->dst);
	bool from_inside = ctl_rules_is_inside(rules, &orig->src);

	if (f != NULL) {
		decision->destination.family = f->inside.family;
		decision->destination.key_first = decision->destination.key_last = (uint16_t)f->inside.key;
		memcpy(decision->destination.first, f->inside.address, 16);
	}
	if (from_inside && (f != NULL || connection->mapped || !ctl_rules_is_inside(rules, &orig->dst)))
		decision->source = rules->source[orig->src.family == USHER_IPV6];
}
