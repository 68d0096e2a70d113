/*
 * See reload.h.
 */
#include "gateway/reload.h"

#include <string.h>

#include "gateway/policy.h"
#include "gateway/say.h"

/* The sizes of tables, and what sockets of the machine were kept from. */
void gw_reload_settle(const struct gateway_config *now, struct gateway_config *next)
{
	char text[160] = "";

	if (next->key_first != now->key_first || next->key_last != now->key_last)
		strcat(text, ", nat.keys");
	if (next->connections != now->connections)
		strcat(text, ", limits.connections");
	if (next->expectations != now->expectations)
		strcat(text, ", limits.expectations");
	if (next->expect_per_source != now->expect_per_source)
		strcat(text, ", limits.expectations-per-source");
	if (gw_policy_addresses(next) > gw_policy_addresses(now) + GATEWAY_PORTS) /* there was room for some */
		strcat(text, ", room for more public addresses");
	if (*text != '\0')
		gw_say("only from the next start on: %s", text + 2);
	next->key_first = now->key_first;
	next->key_last = now->key_last;
	next->connections = now->connections;
	next->expectations = now->expectations;
	next->expect_per_source = now->expect_per_source;
	next->socket = now->socket;
	next->no_sandbox = now->no_sandbox;
}

static bool same_address(const struct usher_endpoint *a, const struct usher_endpoint *b)
{
	return a->family == b->family && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

bool gw_in_use_address(struct usher_worker *worker, const struct usher_endpoint *address)
{
	uint64_t position = 0;
	struct usher_conn conn;

	while (usher_conn_next(worker, &position, &conn)) {
		if ((conn.flags & USHER_CONN_NAT_SOURCE && same_address(&conn.reply.dst, address)) ||
		    (conn.flags & USHER_CONN_NAT_DESTINATION && same_address(&conn.orig.dst, address)))
			return true;
	}
	return false;
}

bool gw_in_use_service(void *user, const struct steer_service *service)
{
	const struct gw_in_use *in_use = user;
	uint64_t position = 0;
	struct usher_conn conn;

	for (uint32_t i = 0; i < in_use->config->forward_count; i++) {
		const struct gateway_forward *forward = &in_use->config->forwards[i];

		if (forward->protocol == service->protocol && forward->to.family == service->family &&
		    forward->port == service->port)
			return true;
	}
	while (usher_conn_next(in_use->worker, &position, &conn)) {
		if (conn.flags & USHER_CONN_NAT_DESTINATION && conn.orig.protocol == service->protocol &&
		    conn.orig.dst.family == service->family && conn.orig.dst.key == service->port)
			return true;
	}
	return false;
}
