/*
 * ctl/rules: see rules.h.
 */
#include "ctl/rules.h"

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

/* "10.0.0.5:21", "[2001:db8::5]:21"; an endpoint without an address is a port alone, if that is allowed. */
static bool read_endpoint(const char *text, bool address_may_lack, struct usher_endpoint *e)
{
	uint64_t port = 0;

	memset(e, 0, sizeof(*e));
	if (strchr(text, ':') == NULL && address_may_lack && ctl_read_number(text, 1, 65535, &port))
		e->key = (uint32_t)port;
	else if (!ctl_read_endpoint(text, e))
		return false;
	return e->key != 0;
}

static bool add_source(struct ctl_rules *rules, const char *text)
{
	struct usher_endpoint first, last;
	struct usher_nat *nat;

	if (!ctl_read_range(text, &first, &last))
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
	if (rules->inside_count == CTL_NETS_MAX || !ctl_read_net(word, &rules->inside[rules->inside_count]))
		return say(wrong, size, "expected ADDRESS or ADDRESS/PREFIX", word);
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
		if (ctl_net_has(&rules->inside[i], endpoint))
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
