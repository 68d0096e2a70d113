/*
 * See net.h.
 */
#include "gateway/net.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "gateway/say.h"

#define REPLY_SIZE 65536u /* the kernel's dumps come in pieces of 32 KiB at most */

#define EVENT_GROUPS \
	(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_RULE | \
	 1u << (RTNLGRP_IPV6_RULE - 1))

static int open_netlink(uint32_t groups, int flags)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);

	/* The kernel answers at once, but nobody shall wait for ever. */
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_sec = 1 }, sizeof(struct timeval));
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static struct gw_port *find_named(struct gw_net *net, const char *name)
{
	for (uint32_t i = 0; i < net->port_count; i++) {
		if (strcmp(net->port[i].name, name) == 0)
			return &net->port[i];
	}
	return NULL;
}

static bool is_configured(const struct gateway_config *config, const char *name)
{
	for (uint32_t i = 0; i < config->port_count; i++) {
		if (strcmp(config->ports[i].name, name) == 0)
			return true;
	}
	return false;
}

void gw_net_forget(struct gw_net *net, const struct gateway_config *config)
{
	for (uint32_t i = 0; i < net->port_count; i++) {
		if (!is_configured(config, net->port[i].name))
			net->port[i] = (struct gw_port){ .index = 0 };
	}
	net->generation++;
}

void gw_net_adopt(struct gw_net *net, const struct gateway_config *config)
{
	for (uint32_t i = 0; i < config->port_count; i++) {
		struct gw_port *port = find_named(net, config->ports[i].name);

		if (port == NULL)
			port = find_named(net, "");
		if (port == NULL)
			port = &net->port[net->port_count++];
		memcpy(port->name, config->ports[i].name, strnlen(config->ports[i].name, IF_NAMESIZE - 1));
		port->outside = config->ports[i].outside;
		port->bit = 1u << i;
	}
}

bool gw_net_init(struct gw_net *net, const struct gateway_config *config)
{
	*net = (struct gw_net){ .query = -1, .events = -1 };
	gw_net_adopt(net, config);
	net->address = calloc(GW_ADDRESSES, sizeof(*net->address));
	net->query = open_netlink(0, 0);
	net->events = open_netlink(EVENT_GROUPS, SOCK_NONBLOCK);
	if (net->address == NULL || net->query < 0 || net->events < 0)
		return gw_say("netlink: %s", strerror(errno));
	return gw_net_refresh(net);
}

void gw_net_fini(struct gw_net *net)
{
	if (net->query >= 0)
		close(net->query);
	if (net->events >= 0)
		close(net->events);
	free(net->address);
}

/* One datagram of the answer. Returns 1: that was all of it, 0: more comes, else the negative of an errno value. */
static int take_answer(struct nlmsghdr *message, size_t len, uint32_t sequence, void (*each)(void *, struct nlmsghdr *), void *user)
{
	for (; NLMSG_OK(message, len); message = NLMSG_NEXT(message, len)) {
		if (message->nlmsg_seq != sequence)
			continue;
		if (message->nlmsg_type == NLMSG_DONE)
			return 1;
		if (message->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *error = NLMSG_DATA(message);

			if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*error)))
				return -EBADMSG;
			return error->error != 0 ? error->error : 1;
		}
		each(user, message);
		if (!(message->nlmsg_flags & NLM_F_MULTI))
			return 1;
	}
	return 0;
}

int gw_net_ask(struct gw_net *net, struct nlmsghdr *request, void (*each)(void *, struct nlmsghdr *), void *user)
{
	static _Alignas(struct nlmsghdr) char reply[REPLY_SIZE];
	int result = 0;

	request->nlmsg_seq = ++net->sequence;
	if (send(net->query, request, request->nlmsg_len, 0) < 0)
		return errno;
	while (result == 0) {
		ssize_t len = recv(net->query, reply, sizeof(reply), 0);

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return len < 0 ? errno : EPIPE;
		result = take_answer((struct nlmsghdr *)(void *)reply, (size_t)len, request->nlmsg_seq, each, user);
	}
	return result < 0 ? -result : 0;
}

const struct rtattr *gw_attribute(const void *at, size_t left)
{
	const struct rtattr *attribute = at;

	if (left < sizeof(*attribute) || attribute->rta_len < sizeof(*attribute) || attribute->rta_len > left)
		return NULL;
	return attribute;
}

const struct rtattr *gw_attribute_next(const struct rtattr *attribute, size_t *left)
{
	size_t size = RTA_ALIGN(attribute->rta_len);

	if (size > *left)
		return NULL;
	*left -= size;
	return gw_attribute((const char *)attribute + size, *left);
}

/* What a refresh reads into, before it takes effect. */
struct reading {
	struct gw_port port[GATEWAY_PORTS];
	uint32_t port_count;
	struct gw_address *address;
	uint32_t address_count;
	bool full;
};

/* The kernel's dev_is_mac_header_xmit() says the same of these. */
static bool has_no_ethernet(unsigned short type)
{
	return type == ARPHRD_NONE || type == ARPHRD_PPP || type == ARPHRD_TUNNEL || type == ARPHRD_TUNNEL6 || type == ARPHRD_SIT ||
	       type == ARPHRD_IPGRE || type == ARPHRD_IP6GRE || type == ARPHRD_VOID || type == ARPHRD_RAWIP;
}

static void read_link(void *user, struct nlmsghdr *message)
{
	struct reading *reading = user;
	const struct ifinfomsg *link = NLMSG_DATA(message);
	size_t left = IFLA_PAYLOAD(message);
	const char *name = NULL;
	uint32_t mtu = 0;

	if (message->nlmsg_type != RTM_NEWLINK)
		return;
	for (const struct rtattr *a = gw_attribute(IFLA_RTA(link), left); a; a = gw_attribute_next(a, &left)) {
		if (a->rta_type == IFLA_IFNAME)
			name = RTA_DATA(a);
		else if (a->rta_type == IFLA_MTU)
			memcpy(&mtu, RTA_DATA(a), sizeof(mtu));
	}
	for (uint32_t i = 0; name != NULL && i < reading->port_count; i++) {
		struct gw_port *port = &reading->port[i];

		if (strncmp(port->name, name, sizeof(port->name)) == 0) {
			port->index = (uint32_t)link->ifi_index;
			port->mtu = mtu;
			port->layer3 = has_no_ethernet(link->ifi_type);
		}
	}
}

static void read_address(void *user, struct nlmsghdr *message)
{
	struct reading *reading = user;
	const struct ifaddrmsg *head = NLMSG_DATA(message);
	size_t left = IFA_PAYLOAD(message);
	uint32_t flags = head->ifa_flags;
	struct gw_address *address;
	const void *bytes = NULL;
	bool local = false;
	size_t size = head->ifa_family == AF_INET ? 4 : 16;

	if (message->nlmsg_type != RTM_NEWADDR || (head->ifa_family != AF_INET && head->ifa_family != AF_INET6))
		return;
	for (const struct rtattr *a = gw_attribute(IFA_RTA(head), left); a; a = gw_attribute_next(a, &left)) {
		if (a->rta_type == IFA_FLAGS)
			memcpy(&flags, RTA_DATA(a), sizeof(flags));
		/* On a point-to-point link IFA_ADDRESS is the other side's. */
		if ((a->rta_type == IFA_LOCAL || (a->rta_type == IFA_ADDRESS && !local)) && RTA_PAYLOAD(a) == size) {
			bytes = RTA_DATA(a);
			local = a->rta_type == IFA_LOCAL;
		}
	}
	if (bytes == NULL)
		return;
	if (reading->address_count == GW_ADDRESSES) {
		reading->full = true;
		return;
	}
	address = &reading->address[reading->address_count++];
	*address = (struct gw_address){
		.endpoint.family = head->ifa_family == AF_INET ? USHER_IPV4 : USHER_IPV6,
		.index = head->ifa_index,
		.usable = head->ifa_scope == RT_SCOPE_UNIVERSE &&
			  !(flags & (IFA_F_SECONDARY | IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED)),
	};
	memcpy(address->endpoint.address, bytes, size);
}

static int dump(struct gw_net *net, uint16_t type, void (*each)(void *, struct nlmsghdr *), struct reading *reading)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg body; /* the longest of those that begin with the family */
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};

	return gw_net_ask(net, &request.head, each, reading);
}

static void take_effect(struct gw_net *net, const struct reading *reading)
{
	memcpy(net->port, reading->port, sizeof(net->port));
	memcpy(net->address, reading->address, reading->address_count * sizeof(*net->address));
	net->address_count = reading->address_count;
	net->generation++;
	net->least_mtu = UINT16_MAX;
	for (uint32_t i = 0; i < net->port_count; i++) {
		if (net->port[i].index != 0 && net->port[i].mtu < net->least_mtu)
			net->least_mtu = net->port[i].mtu;
	}
}

bool gw_net_refresh(struct gw_net *net)
{
	struct reading reading = { .port_count = net->port_count };
	int error;

	memcpy(reading.port, net->port, sizeof(reading.port));
	for (uint32_t i = 0; i < reading.port_count; i++)
		reading.port[i].index = 0;
	reading.address = calloc(GW_ADDRESSES, sizeof(*reading.address));
	if (reading.address == NULL)
		return gw_say("out of memory");
	error = dump(net, RTM_GETLINK, read_link, &reading);
	if (error == 0)
		error = dump(net, RTM_GETADDR, read_address, &reading);
	if (error == 0)
		take_effect(net, &reading);
	if (reading.full)
		gw_say("the machine has more than %u addresses; the gateway knows only the first of them", GW_ADDRESSES);
	free(reading.address);
	return error == 0 || gw_say("reading interfaces and addresses: %s", strerror(error));
}

bool gw_net_changed(struct gw_net *net)
{
	static _Alignas(struct nlmsghdr) char buffer[REPLY_SIZE];
	bool changed = false;
	ssize_t received;

	while ((received = recv(net->events, buffer, sizeof(buffer), 0)) != 0) {
		struct nlmsghdr *message = (struct nlmsghdr *)(void *)buffer;
		size_t len = (size_t)received;

		if (received < 0 && errno == ENOBUFS)
			changed = true; /* some were lost */
		if (received < 0 && errno != ENOBUFS && errno != EINTR)
			break;
		net->generation++;
		for (; received > 0 && NLMSG_OK(message, len); message = NLMSG_NEXT(message, len)) {
			changed |= message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK ||
				   message->nlmsg_type == RTM_NEWADDR || message->nlmsg_type == RTM_DELADDR;
		}
	}
	return changed;
}

const struct gw_port *gw_net_port(const struct gw_net *net, uint32_t index)
{
	for (uint32_t i = 0; index != 0 && i < net->port_count; i++) {
		if (net->port[i].index == index)
			return &net->port[i];
	}
	return NULL;
}

const struct gw_address *gw_net_own(const struct gw_net *net, const struct usher_endpoint *endpoint)
{
	for (uint32_t i = 0; i < net->address_count; i++) {
		const struct usher_endpoint *own = &net->address[i].endpoint;

		if (own->family == endpoint->family && memcmp(own->address, endpoint->address, sizeof(own->address)) == 0)
			return &net->address[i];
	}
	return NULL;
}

const struct gw_address *gw_net_source(const struct gw_net *net, uint32_t index, uint8_t family)
{
	for (uint32_t i = 0; i < net->address_count; i++) {
		const struct gw_address *address = &net->address[i];

		if (address->index == index && address->endpoint.family == family && address->usable)
			return address;
	}
	return NULL;
}

static void read_lost(void *user, struct nlmsghdr *message)
{
	size_t left = IFLA_PAYLOAD(message);
	struct rtnl_link_stats64 stats;

	if (message->nlmsg_type != RTM_NEWLINK)
		return;
	for (const struct rtattr *a = gw_attribute(IFLA_RTA(NLMSG_DATA(message)), left); a; a = gw_attribute_next(a, &left)) {
		if (a->rta_type == IFLA_STATS64 && RTA_PAYLOAD(a) >= offsetof(struct rtnl_link_stats64, multicast)) {
			memcpy(&stats, RTA_DATA(a), offsetof(struct rtnl_link_stats64, multicast));
			*(uint64_t *)user = stats.tx_dropped;
		}
	}
}

uint64_t gw_net_lost(struct gw_net *net, uint32_t index)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg body;
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST },
		.body = { .ifi_index = (int)index },
	};
	uint64_t lost = 0;

	/* A figure for people: when it cannot be had, it is not worth a word. */
	(void)gw_net_ask(net, &request.head, read_lost, &lost);
	return lost;
}
