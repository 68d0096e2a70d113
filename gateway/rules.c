/*
 * See rules.h.
 */
#include "gateway/rules.h"

static bool fits_net(const struct ctl_net *nets, uint32_t count, const struct usher_endpoint *endpoint)
{
	for (uint32_t i = 0; i < count; i++) {
		if (ctl_net_has(&nets[i], endpoint))
			return true;
	}
	return count == 0;
}

static bool fits_protocol(const struct gateway_rule *rule, uint8_t protocol)
{
	for (uint8_t i = 0; i < rule->protocol_count; i++) {
		if (rule->protocols[i] == protocol)
			return true;
	}
	return rule->protocol_count == 0;
}

static bool fits_port(const struct gateway_rule *rule, uint32_t port)
{
	for (uint32_t i = 0; i < rule->range_count; i++) {
		if (port >= rule->ranges[i].first && port <= rule->ranges[i].last)
			return true;
	}
	return rule->range_count == 0;
}

const struct gateway_rule *gw_rules_find(const struct gateway_config *config, const struct gw_flow *flow)
{
	for (uint32_t i = 0; i < config->rule_count; i++) {
		const struct gateway_rule *rule = &config->rules[i];

		if ((rule->from == 0 || rule->from & flow->from) && (rule->to == 0 || rule->to & flow->to) &&
		    fits_protocol(rule, flow->protocol) && fits_port(rule, flow->destination.key) &&
		    fits_net(rule->sources, rule->source_count, &flow->source) &&
		    fits_net(rule->destinations, rule->destination_count, &flow->destination))
			return rule;
	}
	return NULL;
}
