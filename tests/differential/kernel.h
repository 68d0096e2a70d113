/*
 * differential/kernel: the kernel's conntrack in a network namespace of our own, asked packet by packet.
 *
 * Owns: the namespace, two TUN devices with a route each (the client's side and the server's), the nft rules that write conntrack's
 * word about a packet into its DSCP on the way through, and the ctnetlink socket that tells what became of the entry.
 * Invariants: everything is the process's own and ends with it; nothing is sent outside. Defaults of the namespace are left alone,
 * but for the switches that a script asks for. Sources: linux/netfilter/nfnetlink_conntrack.h, Documentation/networking/tuntap.
 */
#ifndef USHER_TESTS_DIFFERENTIAL_KERNEL_H
#define USHER_TESTS_DIFFERENTIAL_KERNEL_H

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "script.h"

struct kernel {
	int tun[2]; /* the client's side, the server's */
	int netlink;
	uint32_t switches; /* as set now */
};

/* What it knows of a connection. */
struct kernel_entry {
	bool there;
	bool by_server;  /* orig comes from the server's side */
	uint32_t id, status, left_s;
	uint8_t tcp_state, scale[2], flags[2];
};

/* DSCP values: 1 invalid, 2 untracked, else state * 4 + direction. */
enum { STAMP_INVALID = 1, STAMP_UNTRACKED = 2 };

static const char kernel_rules[] =
	"nft -f - <<'END'\n"
	"table inet usher {\n"
	"	chain stamp {\n"
	"		type filter hook forward priority 0; policy accept;\n"
	"		ip dscp set 0\n"
	"		ip6 dscp set 0\n"
	"		ct state invalid ip dscp set 1\n"
	"		ct state invalid ip6 dscp set 1\n"
	"		ct state untracked ip dscp set 2\n"
	"		ct state untracked ip6 dscp set 2\n"
	"		ct state new ct direction original ip dscp set 4\n"
	"		ct state new ct direction original ip6 dscp set 4\n"
	"		ct state new ct direction reply ip dscp set 5\n"
	"		ct state new ct direction reply ip6 dscp set 5\n"
	"		ct state established ct direction original ip dscp set 8\n"
	"		ct state established ct direction original ip6 dscp set 8\n"
	"		ct state established ct direction reply ip dscp set 9\n"
	"		ct state established ct direction reply ip6 dscp set 9\n"
	"		ct state related ct direction original ip dscp set 12\n"
	"		ct state related ct direction original ip6 dscp set 12\n"
	"		ct state related ct direction reply ip dscp set 13\n"
	"		ct state related ct direction reply ip6 dscp set 13\n"
	"	}\n"
	"}\n"
	"END\n";

static const char kernel_routes[] =
	"ip link set uda up && ip link set udb up && ip route add 10.1.0.0/16 dev uda && ip route add 10.2.0.0/16 dev udb && "
	"ip -6 route add fd00:1::/32 dev uda && ip -6 route add fd00:2::/32 dev udb";

/* Ends the run as skipped: one TAP line says why. */
_Noreturn static void skip(const char *what)
{
	printf("1..0 # SKIP the kernel's conntrack cannot be asked here: %s: %s\n", what, strerror(errno));
	exit(0);
}

static inline bool write_sysctl(const char *name, const char *value)
{
	char path[128];
	int fd;
	bool good;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	good = write(fd, value, strlen(value)) > 0;
	close(fd);
	return good;
}

static inline int open_tun(const char *name)
{
	struct ifreq request;
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		skip("/dev/net/tun");
	memset(&request, 0, sizeof(request));
	request.ifr_flags = IFF_TUN | IFF_NO_PI;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		skip("a TUN device");
	return fd;
}

static inline void kernel_open(struct kernel *k)
{
	struct sockaddr_nl kernel_side = { .nl_family = AF_NETLINK };
	struct timeval patience = { .tv_sec = 2 };

	if (unshare(CLONE_NEWNET) < 0)
		skip("a network namespace");
	write_sysctl("ipv6/conf/default/addr_gen_mode", "1");
	write_sysctl("ipv4/conf/default/rp_filter", "0");
	write_sysctl("ipv4/conf/all/rp_filter", "0");
	k->tun[0] = open_tun("uda");
	k->tun[1] = open_tun("udb");
	errno = 0;
	if (system(kernel_routes) != 0)
		skip("ip link, ip route");
	if (!write_sysctl("ipv4/ip_forward", "1") || !write_sysctl("ipv6/conf/all/forwarding", "1"))
		skip("forwarding");
	errno = 0;
	if (system(kernel_rules) != 0)
		skip("nft rules with ct state");
	k->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (k->netlink < 0 || connect(k->netlink, (struct sockaddr *)&kernel_side, sizeof(kernel_side)) < 0)
		skip("ctnetlink");
	setsockopt(k->netlink, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	k->switches = 0;
}

static inline void kernel_close(struct kernel *k)
{
	close(k->netlink);
	close(k->tun[0]);
	close(k->tun[1]);
}

/* The switches of TCP as a script wants them. */
static inline void kernel_switch(struct kernel *k, uint32_t switches)
{
	if (switches == k->switches)
		return;
	k->switches = switches;
	write_sysctl("netfilter/nf_conntrack_tcp_be_liberal", switches & USHER_TCP_LIBERAL ? "1" : "0");
	write_sysctl("netfilter/nf_conntrack_tcp_loose", switches & USHER_TCP_STRICT_START ? "0" : "1");
	write_sysctl("netfilter/nf_conntrack_tcp_ignore_invalid_rst", switches & USHER_IGNORE_INVALID_RST ? "1" : "0");
}

/* ---- packets ---- */

/* Is this the packet that was sent, but for what a router changes? */
static inline bool same_packet(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	if (a[0] >> 4 != b[0] >> 4)
		return false;
	return a[0] >> 4 == 4 ? memcmp(a + 12, b + 12, len - 12) == 0 : memcmp(a + 8, b + 8, len - 8) == 0;
}

/* Send it through; returns the stamp that it bears when it comes out, -1 if it does not. */
static inline int kernel_forward(struct kernel *k, unsigned from, const uint8_t *packet, uint32_t len)
{
	uint8_t back[PACKET_SIZE];

	if (write(k->tun[from], packet, len) != (ssize_t)len)
		return -1;
	for (;;) {
		ssize_t n = read(k->tun[!from], back, sizeof(back));

		if (n < 0) {
			struct pollfd wait = { .fd = k->tun[!from], .events = POLLIN };

			if (poll(&wait, 1, 50) <= 0)
				return -1;
		} else if (n == (ssize_t)len && same_packet(packet, back, len)) {
			return back[0] >> 4 == 4 ? back[1] >> 2 : (back[0] & 15) << 2 | back[1] >> 6;
		}
	}
}

/* ---- ctnetlink ---- */

/* The kernel's own macros for these are signed. */
#define ATTRIBUTE_HEAD 4u
#define MESSAGE_HEAD ((uint32_t)(sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg)))

static inline uint32_t padded(uint32_t len)
{
	return (len + 3) & ~3u;
}

struct request {
	uint8_t bytes[512];
	uint32_t len;
};

static inline uint32_t put_attribute(struct request *r, unsigned type, const void *data, uint32_t len)
{
	uint32_t at = r->len;
	struct nlattr *a = (struct nlattr *)(void *)(r->bytes + at);

	a->nla_type = (uint16_t)type;
	a->nla_len = (uint16_t)(ATTRIBUTE_HEAD + len);
	if (len)
		memcpy(r->bytes + at + ATTRIBUTE_HEAD, data, len);
	r->len = at + padded(ATTRIBUTE_HEAD + len);
	return at;
}

static inline uint32_t begin_nest(struct request *r, unsigned type)
{
	return put_attribute(r, type | NLA_F_NESTED, NULL, 0);
}

static inline void end_nest(struct request *r, uint32_t at)
{
	((struct nlattr *)(void *)(r->bytes + at))->nla_len = (uint16_t)(r->len - at);
}

static inline void put_key(struct request *r, unsigned type, uint32_t key)
{
	uint8_t bytes[2];

	put16(bytes, key);
	put_attribute(r, type, bytes, 2);
}

static inline void put_proto(struct request *r, const struct usher_tuple *t, uint8_t code)
{
	bool icmp = t->protocol == USHER_ICMP, icmpv6 = t->protocol == USHER_ICMPV6;
	uint32_t at = begin_nest(r, CTA_TUPLE_PROTO);

	put_attribute(r, CTA_PROTO_NUM, &t->protocol, 1);
	if (icmp || icmpv6) {
		put_key(r, icmp ? CTA_PROTO_ICMP_ID : CTA_PROTO_ICMPV6_ID, t->src.key);
		put_attribute(r, icmp ? CTA_PROTO_ICMP_TYPE : CTA_PROTO_ICMPV6_TYPE, &t->type, 1);
		put_attribute(r, icmp ? CTA_PROTO_ICMP_CODE : CTA_PROTO_ICMPV6_CODE, &code, 1);
	} else {
		bool without = t->protocol == USHER_GRE && t->type == 0; /* the kernel does not look at keys of version 0 */

		put_key(r, CTA_PROTO_SRC_PORT, without ? 0 : t->src.key);
		put_key(r, CTA_PROTO_DST_PORT, without ? 0 : t->dst.key);
	}
	end_nest(r, at);
}

static inline void begin_request(struct request *r, unsigned type, unsigned flags, const struct usher_tuple *t, uint8_t code)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)r->bytes;
	struct nfgenmsg *g = (struct nfgenmsg *)(void *)(r->bytes + NLMSG_HDRLEN);
	bool v4 = t->src.family == 4;
	uint32_t tuple, ip;

	memset(r->bytes, 0, sizeof(r->bytes));
	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	g->nfgen_family = v4 ? AF_INET : AF_INET6;
	r->len = MESSAGE_HEAD;
	tuple = begin_nest(r, CTA_TUPLE_ORIG);
	ip = begin_nest(r, CTA_TUPLE_IP);
	put_attribute(r, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, t->src.address, v4 ? 4 : 16);
	put_attribute(r, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, t->dst.address, v4 ? 4 : 16);
	end_nest(r, ip);
	put_proto(r, t, code);
	end_nest(r, tuple);
}

/* Send, and get the one answer. Its length; 0: none came. */
static inline uint32_t exchange(struct kernel *k, struct request *r, uint8_t *answer, uint32_t size)
{
	ssize_t n;

	((struct nlmsghdr *)(void *)r->bytes)->nlmsg_len = r->len;
	if (send(k->netlink, r->bytes, r->len, 0) != (ssize_t)r->len)
		return 0;
	n = recv(k->netlink, answer, size, 0);
	return n < (ssize_t)NLMSG_HDRLEN ? 0 : (uint32_t)n;
}

/* Attribute `type` among those in [data, data + len); its payload's length in *found_len. */
static inline const uint8_t *attribute(const uint8_t *data, uint32_t len, unsigned type, uint32_t *found_len)
{
	while (len >= ATTRIBUTE_HEAD) {
		const struct nlattr *a = (const struct nlattr *)(const void *)data;
		uint32_t step = padded(a->nla_len);

		if (a->nla_len < ATTRIBUTE_HEAD || a->nla_len > len)
			return NULL;
		if ((a->nla_type & NLA_TYPE_MASK) == type) {
			*found_len = a->nla_len - ATTRIBUTE_HEAD;
			return data + ATTRIBUTE_HEAD;
		}
		if (step > len)
			return NULL;
		data += step;
		len -= step;
	}
	return NULL;
}

static inline uint32_t number(const uint8_t *data, uint32_t len, unsigned type)
{
	uint32_t size, value = 0;
	const uint8_t *at = attribute(data, len, type, &size);

	for (uint32_t i = 0; at && i < size && i < 4; i++)
		value = value << 8 | at[i];
	return value;
}

static inline void read_entry(struct kernel_entry *e, const uint8_t *data, uint32_t len, const struct usher_tuple *t)
{
	uint32_t n, size = t->src.family == 4 ? 4 : 16;
	const uint8_t *at = attribute(data, len, CTA_TUPLE_ORIG, &n);

	at = at ? attribute(at, n, CTA_TUPLE_IP, &n) : NULL;
	at = at ? attribute(at, n, size == 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, &n) : NULL;
	e->there = at && n == size;
	e->by_server = at && at[size == 4 ? 1 : 3] == 2;
	e->status = number(data, len, CTA_STATUS);
	e->left_s = number(data, len, CTA_TIMEOUT);
	e->id = number(data, len, CTA_ID);
	at = attribute(data, len, CTA_PROTOINFO, &n);
	at = at ? attribute(at, n, CTA_PROTOINFO_TCP, &n) : NULL;
	if (!at)
		return;
	e->tcp_state = (uint8_t)number(at, n, CTA_PROTOINFO_TCP_STATE);
	e->scale[0] = (uint8_t)number(at, n, CTA_PROTOINFO_TCP_WSCALE_ORIGINAL);
	e->scale[1] = (uint8_t)number(at, n, CTA_PROTOINFO_TCP_WSCALE_REPLY);
	e->flags[0] = (uint8_t)(number(at, n, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL) >> 8);
	e->flags[1] = (uint8_t)(number(at, n, CTA_PROTOINFO_TCP_FLAGS_REPLY) >> 8);
}

/* The entry that a packet of this tuple belongs to. */
static inline void kernel_look(struct kernel *k, const struct usher_tuple *t, uint8_t code, struct kernel_entry *e)
{
	uint32_t skip_len = MESSAGE_HEAD, len;
	_Alignas(8) uint8_t answer[4096];
	struct request r;

	memset(e, 0, sizeof(*e));
	begin_request(&r, IPCTNL_MSG_CT_GET, 0, t, code);
	len = exchange(k, &r, answer, sizeof(answer));
	if (len > skip_len && ((struct nlmsghdr *)(void *)answer)->nlmsg_type == (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW))
		read_entry(e, answer + skip_len, len - skip_len, t);
}

static inline void kernel_delete(struct kernel *k, const struct usher_tuple *t, uint8_t code)
{
	_Alignas(8) uint8_t answer[1024];
	struct request r;

	begin_request(&r, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, t, code);
	exchange(k, &r, answer, sizeof(answer));
}

/* The entry has so many seconds left from now on; 0: it ends. */
static inline void kernel_set_left(struct kernel *k, const struct usher_tuple *t, uint8_t code, uint32_t left_s)
{
	_Alignas(8) uint8_t answer[1024];
	uint8_t bytes[4];
	struct request r;

	if (!left_s) {
		kernel_delete(k, t, code);
		return;
	}
	begin_request(&r, IPCTNL_MSG_CT_NEW, NLM_F_ACK, t, code);
	put32(bytes, left_s);
	put_attribute(&r, CTA_TIMEOUT, bytes, 4);
	exchange(k, &r, answer, sizeof(answer));
}

#endif
