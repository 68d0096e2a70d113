/*
 * See route.h.
 */
#include "gateway/route.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/hash.h"

#define ROUTE_AGE (5 * USHER_SECOND)

void gw_routes_init(struct gw_routes *routes, struct gw_net *net, const uint8_t seed[32])
{
	memset(routes, 0, sizeof(*routes));
	routes->net = net;
	memcpy(routes->key, seed, sizeof(routes->key));
}

static void read_metrics(struct gw_route *route, const struct rtattr *metrics)
{
	size_t left = RTA_PAYLOAD(metrics);

	for (const struct rtattr *a = gw_attribute(RTA_DATA(metrics), left); a; a = gw_attribute_next(a, &left)) {
		if (a->rta_type == RTAX_MTU && RTA_PAYLOAD(a) == sizeof(route->mtu))
			memcpy(&route->mtu, RTA_DATA(a), sizeof(route->mtu));
	}
}

static void read_route(void *user, struct nlmsghdr *message)
{
	struct gw_route *route = user;
	const struct rtmsg *head = NLMSG_DATA(message);
	size_t left = RTM_PAYLOAD(message);

	if (message->nlmsg_type != RTM_NEWROUTE)
		return;
	switch (head->rtm_type) {
	case RTN_UNICAST: route->kind = GW_ROUTE_OUT; break;
	case RTN_LOCAL:
	case RTN_BROADCAST:
	case RTN_ANYCAST: route->kind = GW_ROUTE_LOCAL; break;
	case RTN_PROHIBIT: route->kind = GW_ROUTE_PROHIBITED; break;
	case RTN_BLACKHOLE: route->kind = GW_ROUTE_HOLE; break;
	default: route->kind = GW_ROUTE_NONE; break;
	}
	for (const struct rtattr *a = gw_attribute(RTM_RTA(head), left); a; a = gw_attribute_next(a, &left)) {
		if (a->rta_type == RTA_OIF && RTA_PAYLOAD(a) == sizeof(route->index))
			memcpy(&route->index, RTA_DATA(a), sizeof(route->index));
		else if (a->rta_type == RTA_GATEWAY && RTA_PAYLOAD(a) == sizeof(route->hop))
			memcpy(route->hop, RTA_DATA(a), sizeof(route->hop));
		else if (a->rta_type == RTA_VIA) /* of another family */
			memset(route->hop, 0, sizeof(route->hop));
		else if (a->rta_type == RTA_METRICS)
			read_metrics(route, a);
	}
}

/* What the kernel says instead of a route. */
static void read_refusal(struct gw_route *route, int error)
{
	*route = (struct gw_route){ 0 };
	if (error == EACCES)
		route->kind = GW_ROUTE_PROHIBITED;
	else if (error == EINVAL)
		route->kind = GW_ROUTE_HOLE;
	else
		route->host = error == EHOSTUNREACH;
}

static void ask(struct gw_routes *routes, struct gw_route *route, uint8_t family, const uint8_t *address)
{
	uint16_t size = family == USHER_IPV4 ? 4 : 16;
	struct {
		struct nlmsghdr head;
		struct rtmsg body;
		struct rtattr attribute;
		uint8_t destination[16];
	} request = {
		.head = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST },
		.body = { .rtm_family = family == USHER_IPV4 ? AF_INET : AF_INET6, .rtm_dst_len = (uint8_t)(size * 8) },
		.attribute = { .rta_len = (uint16_t)RTA_LENGTH(size), .rta_type = RTA_DST },
	};
	const struct gw_port *port;
	int error;

	memcpy(request.destination, address, size);
	request.head.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(request.body)) + RTA_LENGTH(size));
	routes->asked++;
	*route = (struct gw_route){ 0 };
	if (family == USHER_IPV4) /* if no gateway is named, it is the destination itself */
		memcpy(route->hop, address, sizeof(route->hop));
	error = gw_net_ask(routes->net, &request.head, read_route, route);
	if (error != 0)
		read_refusal(route, error);
	port = gw_net_port(routes->net, route->index);
	if (port != NULL && (route->mtu == 0 || route->mtu > port->mtu))
		route->mtu = port->mtu;
}

static struct gw_route_entry *entry_of(struct gw_routes *routes, uint8_t family, const uint8_t *address, uint8_t whole[16])
{
	memset(whole, 0, 16);
	memcpy(whole, address, family == USHER_IPV4 ? 4 : 16);
	return &routes->entry[gw_hash_address(routes->key, whole) & (GW_ROUTES - 1)];
}

void gw_route_put(struct gw_routes *routes, uint8_t family, const uint8_t *address, const struct gw_route *route, usher_time now)
{
	struct gw_route_entry *entry;
	uint8_t whole[16];

	entry = entry_of(routes, family, address, whole);
	*entry = (struct gw_route_entry){
		.family = family,
		.generation = routes->net->generation,
		.expires = now + ROUTE_AGE,
		.route = *route,
	};
	memcpy(entry->address, whole, sizeof(whole));
}

const struct gw_route *gw_route_find(struct gw_routes *routes, uint8_t family, const uint8_t *address, usher_time now)
{
	struct gw_route_entry *entry;
	struct gw_route route;
	uint8_t whole[16];

	entry = entry_of(routes, family, address, whole);
	if (entry->family != family || entry->generation != routes->net->generation || now >= entry->expires ||
	    memcmp(entry->address, whole, sizeof(whole)) != 0) {
		ask(routes, &route, family, whole);
		gw_route_put(routes, family, whole, &route, now);
	}
	return &entry->route;
}
