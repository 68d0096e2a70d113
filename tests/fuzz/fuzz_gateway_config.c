/*
 * gateway/config: any bytes as a configuration file. Laws: it is good and nothing is said, or it is wrong and every line that is said
 * names the file; what is said is printable; what is good keeps its promises (places of interfaces, counts, actions, helpers).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/config.h"
#include "gateway/rules.h"

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

static void check_rule(const struct gateway_config *config, const struct gateway_rule *rule)
{
	uint32_t ports = config->port_count == 32 ? UINT32_MAX : (1u << config->port_count) - 1;

	REQUIRE((rule->from & ~ports) == 0 && (rule->to & ~ports) == 0);
	REQUIRE(rule->action >= GATEWAY_ACCEPT && rule->action <= GATEWAY_REJECT && rule->protocol_count <= GATEWAY_PROTOCOLS);
	REQUIRE(rule->helper == NULL || (rule->action == GATEWAY_ACCEPT && rule->protocol_count == 1));
	for (uint32_t i = 0; i < rule->range_count; i++)
		REQUIRE(rule->ranges[i].first <= rule->ranges[i].last);
	for (uint32_t i = 0; i < rule->source_count; i++)
		REQUIRE(ctl_net_is_whole(&rule->sources[i]) && ctl_net_has(&rule->sources[i], &rule->sources[i].first));
}

static void check_good(const struct gateway_config *config)
{
	struct gw_flow flow = { .from = 1, .to = 2, .protocol = USHER_TCP, .source.family = USHER_IPV4, .destination.family = USHER_IPV4 };
	bool side[2] = { false, false };

	REQUIRE(config->port_count >= 2 && config->port_count <= GATEWAY_PORTS);
	for (uint32_t i = 0; i < config->port_count; i++) {
		REQUIRE(*config->ports[i].name != '\0' && strlen(config->ports[i].name) < 16);
		side[config->ports[i].outside] = true;
	}
	REQUIRE(side[0] && side[1] && config->key_first >= 1024 && config->key_first <= config->key_last);
	for (uint32_t i = 0; i < config->rule_count; i++)
		check_rule(config, &config->rules[i]);
	for (uint32_t i = 0; i < config->forward_count; i++)
		REQUIRE(config->forwards[i].port > 0 && config->forwards[i].to.key > 0 && config->forwards[i].to.family != 0);
	for (uint32_t i = 0; i < config->static_count; i++)
		REQUIRE(config->statics[i].inside.prefix == config->statics[i].outside.prefix);
	for (uint32_t i = 0; i < 2; i++)
		REQUIRE(!config->masquerade[i] || config->snat[i].family == 0);
	(void)gw_rules_find(config, &flow);
}

static void check_said(const char *said, size_t size)
{
	for (const char *line = said; line < said + size;) {
		const char *end = memchr(line, '\n', (size_t)(said + size - line));

		REQUIRE(end != NULL && strncmp(line, "file:", 5) == 0);
		line = end + 1;
	}
	for (size_t i = 0; i < size; i++)
		REQUIRE((unsigned char)said[i] >= ' ' || said[i] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gateway_config *config;
	char *said = NULL, *copy = malloc(size ? size : 1);
	size_t said_size = 0;
	FILE *errors = open_memstream(&said, &said_size);

	REQUIRE(copy != NULL && errors != NULL);
	memcpy(copy, data, size);
	config = gateway_config_parse("file", copy, size, errors);
	free(copy);
	REQUIRE(fclose(errors) == 0);
	REQUIRE((config != NULL) == (said_size == 0));
	check_said(said, said_size);
	free(said);
	if (config == NULL)
		return 0;
	check_good(config);
	errors = open_memstream(&said, &said_size);
	REQUIRE(errors != NULL);
	gateway_config_summary(config, errors);
	REQUIRE(fclose(errors) == 0 && said_size > 0);
	free(said);
	gateway_config_free(config);
	return 0;
}
