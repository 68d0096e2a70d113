/*
 * See policy.h.
 */
#include "gateway/policy.h"

#include <string.h>

#include "bpf/shared.h"

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
	uint32_t flags = 0;

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

/* false: it would have to be translated, and there is no address. */
static bool translate_source(struct gw_policy *policy, uint8_t family, const struct gw_port *egress, struct usher_nat *source)
{
	const struct gateway_config *config = policy->config;
	const struct gw_address *address;

	if (!egress->outside)
		return true;
	if (config->snat[family == USHER_IPV6].family == family) {
		*source = config->snat[family == USHER_IPV6];
	} else if (config->masquerade[family == USHER_IPV6]) {
		address = gw_net_source(policy->net, egress->index, family);
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

/* To a public address: a forwarded service, or nothing that is the engine's. */
static bool decide_forward(struct gw_policy *policy, const struct usher_new *connection, const struct gw_port *ingress,
			   struct usher_decision *decision)
{
	const struct usher_tuple *orig = &connection->orig;
	const struct gateway_forward *forward = find_forward(policy->config, orig->protocol, &orig->dst);

	if (forward == NULL || port_towards(policy, &forward->to, connection->time) == NULL)
		return false;
	decision->destination = one_address(&forward->to);
	decision->destination.key_first = decision->destination.key_last = (uint16_t)forward->to.key;
	/* From inside to an inside machine by its public name: answers must come back through us. */
	if (!ingress->outside) {
		decision->source = one_address(&orig->dst);
		decision->source.key_first = policy->config->key_first;
		decision->source.key_last = policy->config->key_last;
	}
	decision->helper = find_helper(policy->config, orig, orig->dst.key);
	if (decision->helper == NULL)
		decision->helper = find_helper(policy->config, orig, forward->to.key);
	return true;
}

static bool decide_from_inside(struct gw_policy *policy, const struct usher_new *connection, struct usher_decision *decision)
{
	const struct usher_tuple *orig = &connection->orig;
	const struct gw_port *behind = port_towards(policy, &orig->src, connection->time);
	const struct gw_port *egress = port_towards(policy, &orig->dst, connection->time);

	if (behind == NULL || behind->outside) {
		policy->count[GW_COUNT_SPOOFED]++;
		return false;
	}
	if (egress == NULL || (connection->picked_up && from_forwarded(policy->config, orig->protocol, &orig->src)))
		return false;
	decision->helper = find_helper(policy->config, orig, orig->dst.key);
	return translate_source(policy, orig->src.family, egress, &decision->source);
}

void gw_policy_decide(void *user, const struct usher_new *connection, struct usher_decision *decision)
{
	struct gw_policy *policy = user;
	const struct usher_tuple *orig = &connection->orig;
	const struct gw_port *ingress = gw_net_port(policy->net, connection->interface);
	const struct gw_address *own = gw_net_own(policy->net, &orig->dst);
	bool pool = gw_policy_in_pool(policy->config, orig->dst.family, orig->dst.address), accepted;

	if (ingress == NULL)
		accepted = false;
	else if (own != NULL || pool)
		accepted = (pool || gw_policy_address_flags(policy, own) & STEER_FORWARDS) &&
			   decide_forward(policy, connection, ingress, decision);
	else
		accepted = !ingress->outside && decide_from_inside(policy, connection, decision);
	decision->drop = !accepted;
}
