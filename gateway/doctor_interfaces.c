/*
 * The doctor's look at the gateway's interfaces: are they there, what is behind them, what do they do to packets. See
 * doctor_parts.h.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/doctor_parts.h"
#include "gateway/route.h"

#define IPV6_LEAST 1280u

/* What the machine has, for a name that is not among them. */
static void list_interfaces(char *text, size_t size)
{
	struct if_nameindex *all = if_nameindex();
	size_t len = 0;

	snprintf(text, size, "none");
	for (struct if_nameindex *one = all; one != NULL && one->if_index != 0 && len + IF_NAMESIZE + 2 < size; one++) {
		if (strcmp(one->if_name, "lo") != 0)
			len += (size_t)snprintf(text + len, size - len, "%s%s", len > 0 ? ", " : "", one->if_name);
	}
	if_freenameindex(all);
}

static bool device_flags(const char *name, unsigned *flags)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool good;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	good = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0;
	*flags = (unsigned short)request.ifr_flags;
	if (fd >= 0)
		close(fd);
	return good;
}

/* Segments that the network card has put together are not as their sender cut them, and what it cannot undo it should not do. */
static bool has_lro(const char *name)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq request = { .ifr_data = (char *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool on;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	on = fd >= 0 && ioctl(fd, SIOCETHTOOL, &request) == 0 && value.data & ETH_FLAG_LRO;
	if (fd >= 0)
		close(fd);
	return on;
}

static void look_at_interface(struct doctor *doctor, const struct gw_port *port)
{
	const char *side = port->outside ? "outside" : "inside";
	unsigned flags;
	char all[300];

	if (port->index == 0) {
		list_interfaces(all, sizeof(all));
		doctor_say(doctor, DOCTOR_WRONG, "interface",
			   "there is no interface %s: the gateway would wait for it, and forward nothing %s until then\n"
			   "name one of those that are there (%s), or make it",
			   port->name, side, all);
		return;
	}
	if (!device_flags(port->name, &flags))
		return; /* it went away just now */
	if (flags & IFF_LOOPBACK)
		doctor_say(doctor, DOCTOR_WRONG, "interface",
			   "%s is the machine's loopback: it leads to no network\nname another one", port->name);
	else if (!(flags & IFF_UP))
		doctor_say(doctor, DOCTOR_WRONG, "interface", "%s (%s) is down\nip link set %s up", port->name, side, port->name);
	else if (!(flags & IFF_RUNNING))
		doctor_say(doctor, DOCTOR_NOTE, "interface",
			   "%s (%s) is up, but nothing is connected to it\nlook at its cable, or its other end", port->name, side);
	else
		doctor_say(doctor, DOCTOR_GOOD, "interface", "%s (%s) is up, MTU %u%s", port->name, side, port->mtu,
			   port->layer3 ? ", without Ethernet" : "");
	if (has_lro(port->name))
		doctor_say(doctor, DOCTOR_NOTE, "offloads",
			   "%s puts received segments together for good (LRO), which a gateway may not do; GRO does the same and "
			   "can be undone\nethtool -K %s lro off",
			   port->name, port->name);
	if (port->mtu < IPV6_LEAST)
		doctor_say(doctor, DOCTOR_NOTE, "mtu", "%s has an MTU of %u, and IPv6 needs %u\nip link set %s mtu %u", port->name,
			   port->mtu, IPV6_LEAST, port->name, IPV6_LEAST);
}

static void look_at_sizes(struct doctor *doctor)
{
	const struct gw_port *least = NULL, *most = NULL;

	for (uint32_t i = 0; i < doctor->net->port_count; i++) {
		const struct gw_port *port = &doctor->net->port[i];

		if (port->index != 0 && (least == NULL || port->mtu < least->mtu))
			least = port;
		if (port->index != 0 && (most == NULL || port->mtu > most->mtu))
			most = port;
	}
	if (least != NULL && least->mtu != most->mtu)
		doctor_say(doctor, DOCTOR_NOTE, "mtu",
			   "packets of %s (MTU %u) may be too long for %s (MTU %u): their senders are told by ICMP, which some "
			   "networks do not let through\n"
			   "if connections hang after their beginning: ip link set %s mtu %u, and the same on the hosts there",
			   most->name, most->mtu, least->name, least->mtu, most->name, least->mtu);
}

static void look_at_addresses(struct doctor *doctor)
{
	for (uint32_t i = 0; i < doctor->net->port_count; i++) {
		const struct gw_port *port = &doctor->net->port[i];

		for (int six = 0; six < 2 && port->outside && port->index != 0; six++) {
			if (doctor->config->masquerade[six] &&
			    gw_net_source(doctor->net, port->index, six ? USHER_IPV6 : USHER_IPV4) == NULL)
				doctor_say(doctor, DOCTOR_NOTE, "address",
					   "%s has no IPv%d address to masquerade behind: such connections are refused until it "
					   "has one\nip addr add ADDRESS/LENGTH dev %s, or wait for DHCP",
					   port->name, six ? 6 : 4, port->name);
		}
	}
}

/* Where would a packet to the Internet go? Nothing is sent: it is a question to the routing table. */
static void look_at_route(struct doctor *doctor)
{
	static const uint8_t internet[4] = { 1, 1, 1, 1 };
	struct gw_routes *routes = calloc(1, sizeof(*routes));
	const struct gw_route *route;
	const struct gw_port *port;
	uint8_t seed[32] = { 0 };
	char name[IF_NAMESIZE] = "?";

	if (routes == NULL)
		return;
	gw_routes_init(routes, doctor->net, seed);
	route = gw_route_find(routes, USHER_IPV4, internet, 0);
	port = gw_net_port(doctor->net, route->index);
	if (route->kind == GW_ROUTE_OUT && port == NULL)
		if_indextoname(route->index, name);
	if (route->kind != GW_ROUTE_OUT)
		doctor_say(doctor, DOCTOR_NOTE, "route", "there is no IPv4 route to the Internet\nip route add default via ROUTER");
	else if (port == NULL)
		doctor_say(doctor, DOCTOR_NOTE, "route",
			   "the IPv4 route to the Internet leads by %s, which is no interface of the gateway's: such packets are "
			   "dropped (no_port)\nname it with --outside, or change the route",
			   name);
	else
		doctor_say(doctor, port->outside ? DOCTOR_GOOD : DOCTOR_NOTE, "route",
			   "the IPv4 route to the Internet leads by %s (%s)", port->name, port->outside ? "outside" : "inside");
	free(routes);
}

void doctor_interfaces(struct doctor *doctor)
{
	for (uint32_t i = 0; i < doctor->net->port_count; i++)
		look_at_interface(doctor, &doctor->net->port[i]);
	look_at_sizes(doctor);
	look_at_addresses(doctor);
	look_at_route(doctor);
}
