/*
 * See policy.h.
 */
#include "gateway/policy.h"

#include <string.h>

#include "bpf/shared.h"
#include "ctl/text.h"
#include "gateway/rules.h"

static size_t address_size(uint8_t family)
{
	return family == USHER_IPV4 ? 4 : 16;
}

bool gw_policy_in_pool(const struct gateway_config *config, uint8_t family, const uint8_t *address)
{
	const struct usher_nat *pool = &config->snat[family == USHER_IPV6];
	size_t size = address_size(family);

	return pool->family == family && memcmp(address, pool->first, size) >= 0 && memcmp(address, pool->last, size) <= 0;
}

/* The static translation of this address, inside or public; NULL: none. */
static const struct gateway_static *find_static(const struct gateway_config *config, const struct usher_endpoint *endpoint,
						bool inside)
{
	for (uint32_t i = 0; i < config->static_count; i++) {
		const struct gateway_static *one = &config->statics[i];

		if (ctl_net_has(inside ? &one->inside : &one->outside, endpoint))
			return one;
	}
	return NULL;
}

bool gw_policy_is_static(const struct gateway_config *config, const struct usher_endpoint *endpoint)
{
	return find_static(config, endpoint, false) != NULL;
}

/* first to last, counted as far as it matters. */
static uint32_t count_range(const uint8_t *first, const uint8_t *last, size_t size)
{
	uint64_t count = 0;

	for (size_t i = 0; i < size; i++) {
		count = count * 256 + last[i] - first[i];
		if (count > GW_ADDRESSES_IN_USE * 256u)
			return GW_ADDRESSES_IN_USE;
	}
	return count < GW_ADDRESSES_IN_USE ? (uint32_t)count + 1 : GW_ADDRESSES_IN_USE;
}

uint32_t gw_policy_addresses(const struct gateway_config *config)
{
	uint32_t count = 2 * GATEWAY_PORTS;

	for (int i = 0; i < 2; i++) {
		if (config->snat[i].family != 0)
			count += count_range(config->snat[i].first, config->snat[i].last, address_size(config->snat[i].family));
	}
	for (uint32_t i = 0; i < config->static_count; i++) {
		const struct ctl_net *net = &config->statics[i].outside;
		unsigned bits = (unsigned)address_size(net->first.family) * 8 - net->prefix;

		count += bits < 10 ? 1u << bits : GW_ADDRESSES_IN_USE;
	}
	return count < GW_ADDRESSES_IN_USE ? count : GW_ADDRESSES_IN_USE;
}

static bool same_endpoint(const struct usher_endpoint *a, const struct usher_endpoint *b)
{
	return a->family == b->family && a->key == b->key && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static bool forwards_any(const struct gateway_config *config, uint8_t family)
{
	for (uint32_t i = 0; i < config->forward_count; i++) {
		if (config->forwards[i].to.family == family)
			return true;
	}
	return false;
}

uint32_t gw_policy_address_flags(const struct gw_policy *policy, const struct gw_address *address)
{
	const struct gateway_config *config = policy->config;
	const struct usher_endpoint *endpoint = &address->endpoint;
	const struct gw_port *port = gw_net_port(policy->net, address->index);
	bool outside = port != NULL && port->outside, pool = gw_policy_in_pool(config, endpoint->family, endpoint->address);
	bool forwards = forwards_any(config, endpoint->family);
	uint32_t flags = gw_policy_is_static(config, endpoint) ? STEER_STATIC : 0;

	if (forwards && (outside || pool))
		flags |= STEER_FORWARDS;
	/* A forwarded service's helper lends out keys as well: where the client finds the passive data connection. */
	if (pool || (outside && (forwards || config->masquerade[endpoint->family == USHER_IPV6])))
		flags |= STEER_PUBLIC;
	return flags;
}

/* The forward for a connection to this endpoint of a public address; NULL: none. */
static const struct gateway_forward *find_forward(const struct gateway_config *config, uint8_t protocol,
						  const struct usher_endpoint *dst)
{
	for (uint32_t i = 0; i < config->forward_count; i++) {
		const struct gateway_forward *forward = &config->forwards[i];

		if (forward->protocol == protocol && forward->port == dst->key && forward->to.family == dst->family)
			return forward;
	}
	return NULL;
}

/* Does this packet, picked up in the middle, come from a forwarded service? Its client's packet tells more. */
static bool from_forwarded(const struct gateway_config *config, uint8_t protocol, const struct usher_endpoint *src)
{
	for (uint32_t i = 0; i < config->forward_count; i++) {
		const struct gateway_forward *forward = &config->forwards[i];

		if (forward->protocol == protocol && same_endpoint(&forward->to, src))
			return true;
	}
	return false;
}

static uint8_t helper_protocol(const char *name)
{
	for (unsigned i = 0; usher_helper(i) != NULL; i++) {
		if (strcmp(usher_helper(i)->name, name) == 0)
			return usher_helper(i)->protocol;
	}
	return 0;
}

/* The helper for connections to this port, by name; NULL: none. */
static const char *find_helper(const struct gateway_config *config, const struct usher_tuple *orig, uint32_t port)
{
	for (uint32_t i = 0; i < config->helper_count; i++) {
		const struct usher_port_helper *helper = &config->helpers[i];

		if (helper->port == port && (helper->family == USHER_ANY_FAMILY || helper->family == orig->dst.family) &&
		    helper_protocol(helper->helper) == orig->protocol)
			return helper->helper;
	}
	return NULL;
}

static const struct gw_port *port_towards(struct gw_policy *policy, const struct usher_endpoint *endpoint, usher_time now)
{
	const struct gw_route *route = gw_route_find(policy->routes, endpoint->family, endpoint->address, now);

	return route->kind == GW_ROUTE_OUT ? gw_net_port(policy->net, route->index) : NULL;
}

static struct usher_nat one_address(const struct usher_endpoint *endpoint)
{
	struct usher_nat nat = { .family = endpoint->family };

	memcpy(nat.first, endpoint->address, sizeof(nat.first));
	memcpy(nat.last, endpoint->address, sizeof(nat.last));
	return nat;
}

/* 1:1: the bits behind the prefix stay. */
static struct usher_nat by_prefix(const struct ctl_net *net)
{
	struct usher_nat nat = { .family = net->first.family, .flags = USHER_NAT_PREFIX, .prefix = net->prefix };

	memcpy(nat.first, net->first.address, sizeof(nat.first));
	memcpy(nat.last, net->first.address, sizeof(nat.last));
	return nat;
}

static void swap_prefix(struct usher_endpoint *endpoint, const struct ctl_net *net)
{
	unsigned bits = net->prefix;

	for (unsigned i = 0; i < sizeof(endpoint->address); i++, bits = bits > 8 ? bits - 8 : 0) {
		uint8_t mask = (uint8_t)(bits >= 8 ? 0xff : 0xff00 >> bits);

		endpoint->address[i] = (uint8_t)((net->first.address[i] & mask) | (endpoint->address[i] & ~mask));
	}
}

/* A new connection on its way to a decision. */
struct judged {
	const struct usher_new *connection;
	const struct gw_port *ingress, *egress;
	struct usher_endpoint to; /* where it really goes */
	bool forwarded;           /* to a forwarded service */
};

/* false: it would have to be translated, and there is no address. */
static bool translate_to_outside(struct gw_policy *policy, const struct judged *judged, struct usher_nat *source)
{
	const struct gateway_config *config = policy->config;
	const struct usher_endpoint *src = &judged->connection->orig.src;
	const struct gw_address *address;

	if (config->snat[src->family == USHER_IPV6].family == src->family) {
		*source = config->snat[src->family == USHER_IPV6];
	} else if (config->masquerade[src->family == USHER_IPV6]) {
		address = gw_net_source(policy->net, judged->egress->index, src->family);
		if (address == NULL) {
			policy->count[GW_COUNT_NO_ADDRESS]++;
			return false;
		}
		*source = one_address(&address->endpoint);
	} else {
		return true;
	}
	source->key_first = config->key_first;
	source->key_last = config->key_last;
	return true;
}

static bool translate_source(struct gw_policy *policy, const struct judged *judged, struct usher_decision *decision)
{
	const struct usher_tuple *orig = &judged->connection->orig;
	const struct gateway_static *one = find_static(policy->config, &orig->src, true);
	bool by_public_name = decision->destination.family != 0;

	if (judged->ingress->outside || !(judged->egress->outside || by_public_name))
		return true;
	if (one != NULL) {
		decision->source = by_prefix(&one->outside);
		return true;
	}
	if (!by_public_name)
		return translate_to_outside(policy, judged, &decision->source);
	/* From inside to an inside machine by its public name: answers must come back through us. */
	decision->source = one_address(&orig->dst);
	decision->source.key_first = policy->config->key_first;
	decision->source.key_last = policy->config->key_last;
	return true;
}

/* Where it goes. false: to the machine itself, or nowhere. */
static bool find_way(struct gw_policy *policy, struct judged *judged, struct usher_decision *decision)
{
	const struct gateway_config *config = policy->config;
	const struct usher_tuple *orig = &judged->connection->orig;
	const struct gw_address *own = gw_net_own(policy->net, &orig->dst);
	const struct gateway_static *one = find_static(config, &orig->dst, false);
	bool pool = gw_policy_in_pool(config, orig->dst.family, orig->dst.address);
	const struct gateway_forward *forward = NULL;

	judged->to = orig->dst;
	if (pool || (own != NULL && gw_policy_address_flags(policy, own) & STEER_FORWARDS))
		forward = find_forward(config, orig->protocol, &orig->dst);
	if (forward != NULL) {
		judged->to = forward->to;
		judged->forwarded = true;
		decision->destination = one_address(&forward->to);
		decision->destination.key_first = decision->destination.key_last = (uint16_t)forward->to.key;
	} else if (one != NULL) {
		swap_prefix(&judged->to, &one->inside);
		decision->destination = by_prefix(&one->inside);
	} else if (own != NULL || pool) {
		return false;
	}
	judged->egress = port_towards(policy, &judged->to, judged->connection->time);
	return judged->egress != NULL;
}

/* Is its source on the side where it came in? */
static bool is_genuine(struct gw_policy *policy, const struct judged *judged)
{
	const struct gw_port *behind = port_towards(policy, &judged->connection->orig.src, judged->connection->time);
	bool genuine = judged->ingress->outside ? behind == NULL || behind->outside : behind != NULL && !behind->outside;

	policy->count[GW_COUNT_SPOOFED] += !genuine;
	return genuine;
}

/* enum gateway_action, never USUAL; `rule`: the one that says so, or NULL. */
static uint8_t judge(const struct gw_policy *policy, const struct judged *judged, const struct gateway_rule **rule)
{
	const struct usher_tuple *orig = &judged->connection->orig;
	struct gw_flow flow = {
		.from = judged->ingress->bit,
		.to = judged->egress->bit,
		.protocol = orig->protocol,
		.source = orig->src,
		.destination = judged->to,
	};
	uint8_t usual = policy->config->usual[judged->ingress->outside];

	*rule = gw_rules_find(policy->config, &flow);
	if (*rule != NULL)
		return (*rule)->action;
	if (judged->forwarded)
		return GATEWAY_ACCEPT;
	return usual != GATEWAY_USUAL ? usual : judged->ingress->outside ? GATEWAY_DROP : GATEWAY_ACCEPT;
}

static void refuse(struct gw_policy *policy, const struct judged *judged, bool told)
{
	if (policy->refusal_count < USHER_BURST_MAX)
		policy->refusal[policy->refusal_count++] = (struct gw_refusal){ judged->connection->orig, told };
}

static bool obey_rules(struct gw_policy *policy, const struct judged *judged, struct usher_decision *decision)
{
	const struct usher_tuple *orig = &judged->connection->orig;
	const struct gateway_rule *rule;
	uint8_t action = judge(policy, judged, &rule);

	if (rule != NULL && rule->log && policy->log != NULL) {
		struct gw_log_line line = { rule, judged->ingress->name, *orig };

		gw_log_add(policy->log, policy->count, &line, judged->connection->time);
	}
	if (action != GATEWAY_ACCEPT) {
		policy->count[GW_COUNT_RULED_OUT]++;
		refuse(policy, judged, action == GATEWAY_REJECT);
		return false;
	}
	if (rule != NULL)
		decision->helper = rule->helper;
	return true;
}

static bool within_limit(struct gw_policy *policy, const struct judged *judged)
{
	uint32_t limit = policy->config->new_per_source;

	if (limit == 0 || policy->sources == NULL ||
	    gw_sources_admit(policy->sources, &judged->connection->orig.src, limit, judged->connection->time))
		return true;
	policy->count[GW_COUNT_LIMITED]++;
	refuse(policy, judged, false);
	return false;
}

static bool accepts(struct gw_policy *policy, struct judged *judged, struct usher_decision *decision)
{
	const struct usher_tuple *orig = &judged->connection->orig;

	if (judged->ingress == NULL || !find_way(policy, judged, decision))
		return false;
	/* Picked up by a forwarded service's own packet: its client's tells more. */
	if (!judged->ingress->outside && judged->connection->picked_up &&
	    from_forwarded(policy->config, orig->protocol, &orig->src))
		return false;
	/* From outside most is refused anyhow, and is worth no question to the kernel about its source. */
	if (!judged->ingress->outside && !is_genuine(policy, judged))
		return false;
	if (!obey_rules(policy, judged, decision) || (judged->ingress->outside && !is_genuine(policy, judged)) ||
	    !within_limit(policy, judged))
		return false;
	if (decision->helper == NULL)
		decision->helper = find_helper(policy->config, orig, orig->dst.key);
	if (decision->helper == NULL && judged->forwarded)
		decision->helper = find_helper(policy->config, orig, judged->to.key);
	return translate_source(policy, judged, decision);
}

void gw_policy_decide(void *user, const struct usher_new *connection, struct usher_decision *decision)
{
	struct gw_policy *policy = user;
	struct judged judged = { .connection = connection, .ingress = gw_net_port(policy->net, connection->interface) };

	decision->drop = !accepts(policy, &judged, decision);
}

static bool same_end(const struct usher_endpoint *a, const struct usher_endpoint *b, bool keys)
{
	return a->family == b->family && memcmp(a->address, b->address, sizeof(a->address)) == 0 && (!keys || a->key == b->key);
}

const struct gw_refusal *gw_policy_refusal(const struct gw_policy *policy, const struct usher_tuple *orig)
{
	bool keys = ctl_protocol(orig->protocol)->key == CTL_PORT;

	for (uint32_t i = 0; i < policy->refusal_count; i++) {
		const struct usher_tuple *other = &policy->refusal[i].orig;

		if (other->protocol == orig->protocol && same_end(&other->src, &orig->src, keys) &&
		    same_end(&other->dst, &orig->dst, keys))
			return &policy->refusal[i];
	}
	return NULL;
}
