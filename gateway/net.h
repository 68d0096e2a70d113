/*
 * gateway/net: what the machine's network is: the gateway's interfaces, and all addresses of the machine.
 *
 * Owns: two netlink sockets, one for questions, one that tells of changes; the tables of ports and addresses. The tables are
 * read anew as a whole when anything of them has changed: that is rare, and leaves no order of messages to get wrong.
 * Invariants: a port keeps its number (its place here) for as long as it is configured; its index is 0 while there is no such
 * interface, its name is empty while the place is free.
 * Sources: rtnetlink(7).
 */
#ifndef USHER_GATEWAY_NET_H
#define USHER_GATEWAY_NET_H

#include <usher/usher.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "gateway/gateway.h"

#define GW_ADDRESSES 4096u /* of the machine; more are not known, and told */

struct gw_port {
	char name[IF_NAMESIZE];
	bool outside;
	bool layer3;    /* no Ethernet header */
	uint32_t index; /* 0: there is none at the moment */
	uint32_t mtu;
	uint32_t bit;   /* in the masks of rules: of its place in the configuration */
};

struct gw_address {
	struct usher_endpoint endpoint; /* key 0 */
	uint32_t index;                 /* the interface's */
	bool usable;                    /* as a source: global, settled, and the first of its network */
};

struct gw_net {
	int query, events;
	uint32_t sequence;
	uint32_t generation;      /* another number whenever routes, addresses or interfaces changed */
	struct gw_port port[GATEWAY_PORTS];
	uint32_t port_count;
	uint32_t least_mtu;       /* of all ports */
	struct gw_address *address;
	uint32_t address_count;
};

/* false: told. Fini may be called after a failed init. */
bool gw_net_init(struct gw_net *net, const struct gateway_config *config);
void gw_net_fini(struct gw_net *net);

/*
 * Another configuration: first forget the ports that it does not have, then (when the steering has left them) take its own. A
 * refresh is due then.
 */
void gw_net_forget(struct gw_net *net, const struct gateway_config *config);
void gw_net_adopt(struct gw_net *net, const struct gateway_config *config);

/* Read interfaces and addresses. false: told, and the tables are as they were. */
bool gw_net_refresh(struct gw_net *net);

/* Take what `events` has to tell. Returns true when interfaces or addresses changed: refresh is due. */
bool gw_net_changed(struct gw_net *net);

/* The port with this interface index, or NULL. */
const struct gw_port *gw_net_port(const struct gw_net *net, uint32_t index);

/* The machine's address that equals this one, or NULL. */
const struct gw_address *gw_net_own(const struct gw_net *net, const struct usher_endpoint *endpoint);

/* An address of this interface that packets of the machine's own can have as their source; NULL: it has none. */
const struct gw_address *gw_net_source(const struct gw_net *net, uint32_t index, uint8_t family);

/* How many packets an interface lost because its queue was full: of the TAP, those that the engine did not read in time. */
uint64_t gw_net_lost(struct gw_net *net, uint32_t index);

/*
 * The attributes of a message, from `at` on where `left` bytes are: the first, and the one behind. NULL: there are no more.
 * Their data are as long as they say; whether that is enough is the caller's to ask.
 */
const struct rtattr *gw_attribute(const void *at, size_t left);
const struct rtattr *gw_attribute_next(const struct rtattr *attribute, size_t *left);

/*
 * Ask the kernel; `request` begins with its nlmsghdr, whose length, flags and type are set. Each answering message goes to `each`.
 * Returns 0, or an errno value: the kernel's answer, or why there is none.
 */
int gw_net_ask(struct gw_net *net, struct nlmsghdr *request, void (*each)(void *user, struct nlmsghdr *message), void *user);

#endif
