/*
 * ctl/rules: NAT as people write it on a command line: "masquerade=203.0.113.1,forward=tcp:21=10.0.0.5:21".
 *
 * Owns: the words, and what is wrong with them in one line. The engine's bindings (struct usher_nat) come of it by policy.
 */
#ifndef USHER_CTL_RULES_H
#define USHER_CTL_RULES_H

#include <usher/usher.h>

#include "ctl/address.h"

#define CTL_FORWARDS_MAX 64u
#define CTL_NETS_MAX     32u

struct ctl_forward {
	uint8_t protocol;
	struct usher_endpoint outside; /* family 0: the public address that the source rule has, of the inside's family */
	struct usher_endpoint inside;
};

struct ctl_rules {
	struct usher_nat source[2];    /* by family: IPv4, IPv6; family 0: none */
	struct ctl_forward forward[CTL_FORWARDS_MAX];
	uint32_t forward_count;
	struct ctl_net inside[CTL_NETS_MAX];
	uint32_t inside_count;
};

/*
 * Add rules, separated by commas: masquerade=ADDRESS, snat=ADDRESS[-ADDRESS], forward=tcp|udp:[ADDRESS:]PORT=ADDRESS:PORT (IPv6 in
 * brackets), independent (one public endpoint for an inside endpoint, open to all). false: `wrong` says what, in one line.
 */
bool ctl_rules_add(struct ctl_rules *rules, const char *text, char *wrong, size_t size);
/* Add networks that are inside: ADDRESS[/PREFIX], separated by commas. */
bool ctl_rules_inside(struct ctl_rules *rules, const char *text, char *wrong, size_t size);

/* Is this address inside? */
bool ctl_rules_is_inside(const struct ctl_rules *rules, const struct usher_endpoint *endpoint);
/* The forward of this public endpoint, or to this inside endpoint; NULL: none. Its `outside` has its address. */
const struct ctl_forward *ctl_rules_forward(const struct ctl_rules *rules, uint8_t protocol, const struct usher_endpoint *outside);
const struct ctl_forward *ctl_rules_forwarded(const struct ctl_rules *rules, uint8_t protocol, const struct usher_endpoint *inside);
/* After the last rule: public addresses that forwards do not name. false: there is none for one of them. */
bool ctl_rules_finish(struct ctl_rules *rules, char *wrong, size_t size);
/* What a policy decides of a new connection: from inside its source, to a forward its destination. */
void ctl_rules_decide(const struct ctl_rules *rules, const struct usher_new *connection, struct usher_decision *decision);

#endif
