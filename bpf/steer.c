// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * bpf/steer: which packets are usher's, and the way out for those that it let through.
 *
 * `usher_in` sits at the TC ingress of each of the gateway's interfaces. What is the machine's own business goes on to the kernel,
 * untouched: what is not IP (ARP), broadcast and multicast (DHCP, neighbour discovery), what is addressed to the machine itself.
 * All else is handed to the daemon through the TAP, and never to the kernel's forwarding: that is why a gateway whose daemon is
 * gone forwards nothing (unless `open`), and why ip_forward may be 0 and every netfilter chain closed.
 * An address where NAT lends out keys belongs to both. The machine's is what one of its sockets waits for, outside of the key
 * range, and what asks something of it (echo requests, neighbour discovery). The rest goes to the engine first: ICMP answers and
 * errors, what has no ports (GRE), keys of the range, and other keys that a connection kept (FTP's port 20). What belongs to
 * none of the engine's connections comes back as TAP_LOCAL.
 * `usher_out` sits at the TC ingress of the TAP: frames that the daemon wrote leave by the interface that it named, or go up to the
 * machine's own stack. Nothing from the TAP ever enters the stack as a packet of the TAP.
 *
 * VLANs are interfaces: a tagged packet on eth0 is a packet of eth0.5, if there is one, and that may be an interface of the
 * gateway.
 * A tag with VLAN number 0 is only a priority, and is taken off.
 *
 * Invariants: packets change only at the very end; every way out of a program is counted.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "shared.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERNET_SIZE  14

#define IP_ICMP   1
#define IP_TCP    6
#define IP_UDP    17
#define IP_ICMPV6 58

#define FAMILY_IPV4 2 /* AF_INET */

#define HOST_PACKET 0 /* PACKET_HOST of <linux/if_packet.h> */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct steer_config);
} config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct steer_port);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct steer_address);
	__type(value, __u32);
} addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct steer_service);
	__type(value, __u32);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STEER_COUNTER_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* What the first look at a packet tells. */
struct look {
	struct steer_address dst;
	struct bpf_sock_tuple tuple; /* of the packet; ports are 0 where it has none */
	__u8 family, protocol;
	__u8 fragment;               /* only the first has ports, and all of a datagram go one way: of none they are read */
	__u8 type;                   /* ICMP, ICMPv6 */
	__u16 port;                  /* destination, host order */
};

static __always_inline int counted(__u32 which, int verdict)
{
	__u64 *count = bpf_map_lookup_elem(&counters, &which);

	if (count)
		(*count)++;
	return verdict;
}

/* `at` is the offset of the IP header. Returns false when the packet is too short to have one. */
static __always_inline int look_ipv4(struct __sk_buff *skb, __u32 at, struct look *look)
{
	__u8 head[20];
	__be16 ports[2] = { 0, 0 };
	__u32 size;

	if (bpf_skb_load_bytes(skb, at, head, sizeof(head)))
		return 0;
	look->family = 4;
	look->protocol = head[9];
	look->fragment = (head[6] & 0x3f) != 0 || head[7] != 0;
	look->dst.byte[10] = look->dst.byte[11] = 0xff;
	__builtin_memcpy(look->dst.byte + 12, head + 16, 4);
	__builtin_memcpy(&look->tuple.ipv4.saddr, head + 12, 4);
	__builtin_memcpy(&look->tuple.ipv4.daddr, head + 16, 4);
	size = (head[0] & 0xf) * 4u;
	if (size < 20 || look->fragment || bpf_skb_load_bytes(skb, at + size, ports, sizeof(ports)))
		return 1;
	look->type = *(__u8 *)ports;
	look->port = bpf_ntohs(ports[1]);
	look->tuple.ipv4.sport = ports[0];
	look->tuple.ipv4.dport = ports[1];
	return 1;
}

/* Behind extension headers nobody looks for ports: such a packet to a public address is the engine's first. */
static __always_inline int look_ipv6(struct __sk_buff *skb, __u32 at, struct look *look)
{
	__u8 head[40];
	__be16 ports[2] = { 0, 0 };

	if (bpf_skb_load_bytes(skb, at, head, sizeof(head)))
		return 0;
	look->family = 6;
	look->protocol = head[6];
	__builtin_memcpy(look->dst.byte, head + 24, 16);
	__builtin_memcpy(look->tuple.ipv6.saddr, head + 8, 16);
	__builtin_memcpy(look->tuple.ipv6.daddr, head + 24, 16);
	if (bpf_skb_load_bytes(skb, at + 40, ports, sizeof(ports)))
		return 1;
	look->type = *(__u8 *)ports;
	look->port = bpf_ntohs(ports[1]);
	look->tuple.ipv6.sport = ports[0];
	look->tuple.ipv6.dport = ports[1];
	return 1;
}

/* Multicast, and IPv4's broadcast: nobody forwards these here. */
static __always_inline int is_multicast(const struct look *look)
{
	if (look->family == 6)
		return look->dst.byte[0] == 0xff;
	return (look->dst.byte[12] & 0xf0) == 0xe0 || bpf_htonl(look->tuple.ipv4.daddr) == 0xffffffffu;
}

/* Answers and errors: they may belong to what NAT translates. All else of ICMP is asked of the machine. */
static __always_inline int is_answer(const struct look *look)
{
	if (look->protocol == IP_ICMP)
		return look->type == 0 || look->type == 3 || look->type == 4 || look->type == 5 || look->type == 11 ||
		       look->type == 12 || look->type == 14;
	return (look->type >= 1 && look->type <= 4) || look->type == 129;
}

static __always_inline int in_key_range(const struct look *look, const struct steer_config *c)
{
	return look->port >= c->key_first && look->port <= c->key_last;
}

/* Does a socket of the machine's wait for this TCP or UDP packet? */
static __always_inline int has_socket(struct __sk_buff *skb, struct look *look)
{
	__u32 size = look->family == 4 ? sizeof(look->tuple.ipv4) : sizeof(look->tuple.ipv6);
	struct bpf_sock *sk;

	if (look->protocol == IP_TCP)
		sk = bpf_skc_lookup_tcp(skb, &look->tuple, size, BPF_F_CURRENT_NETNS, 0);
	else
		sk = bpf_sk_lookup_udp(skb, &look->tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return 0;
	bpf_sk_release(sk);
	return 1;
}

/* Is a packet to an address of the machine (`flags`: enum steer_own_flags) the engine's first? */
static __always_inline int wants_own(struct __sk_buff *skb, struct look *look, __u32 flags, const struct steer_config *c)
{
	struct steer_service service = { .protocol = look->protocol, .family = look->family, .port = look->port };

	if (flags & STEER_STATIC) /* but for neighbour discovery: the address is on our link */
		return !(look->protocol == IP_ICMPV6 && look->type >= 133 && look->type <= 137);
	if (look->fragment)
		return flags & (STEER_FORWARDS | STEER_PUBLIC) ? 1 : 0;
	if (flags & STEER_FORWARDS && bpf_map_lookup_elem(&services, &service))
		return 1;
	if (!(flags & STEER_PUBLIC))
		return 0;
	if (look->protocol == IP_TCP || look->protocol == IP_UDP)
		return in_key_range(look, c) || !has_socket(skb, look);
	if ((look->protocol == IP_ICMP && look->family == 4) || (look->protocol == IP_ICMPV6 && look->family == 6))
		return is_answer(look);
	return 1;
}

static __always_inline int to_engine(struct __sk_buff *skb, const struct steer_config *c, int layer3, __u8 flags)
{
	struct {
		struct tap_meta meta;
		__be16 type;
	} frame = { .meta = { { TAP_MARK_0, TAP_MARK_1 }, TAP_ENGINE, flags, skb->ingress_ifindex, { 0 } } };
	__u32 tap = c->tap;

	frame.type = (__be16)skb->protocol;
	if (layer3 && bpf_skb_change_head(skb, ETHERNET_SIZE, 0))
		return counted(STEER_COUNT_BROKEN, TC_ACT_SHOT);
	if (bpf_skb_store_bytes(skb, 0, &frame, ETHERNET_SIZE, 0))
		return counted(STEER_COUNT_BROKEN, TC_ACT_SHOT);
	return counted(STEER_COUNT_ENGINE, (int)bpf_redirect(tap, 0));
}

SEC("tc")
int usher_in(struct __sk_buff *skb)
{
	__u32 zero = 0, index = skb->ingress_ifindex, type = bpf_ntohs((__be16)skb->protocol);
	struct steer_config *c = bpf_map_lookup_elem(&config, &zero);
	struct steer_port *port = bpf_map_lookup_elem(&ports, &index);
	struct look look = { 0 };
	__u32 at, *own;

	if (skb->mark == STEER_LOCAL) {
		skb->mark = 0;
		bpf_skb_change_type(skb, HOST_PACKET);
		return TC_ACT_OK;
	}
	if (!c || !port)
		return counted(STEER_COUNT_CLOSED, TC_ACT_SHOT);
	if (skb->pkt_type != HOST_PACKET || (type != ETHERTYPE_IPV4 && type != ETHERTYPE_IPV6) ||
	    (skb->vlan_present && (skb->vlan_tci & 0xfff)))
		return counted(STEER_COUNT_KERNEL, TC_ACT_OK);
	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return counted(STEER_COUNT_BROKEN, TC_ACT_SHOT);
	at = port->layer3 ? 0 : ETHERNET_SIZE;
	if (!(type == ETHERTYPE_IPV4 ? look_ipv4(skb, at, &look) : look_ipv6(skb, at, &look)))
		return counted(STEER_COUNT_BROKEN, TC_ACT_SHOT);
	own = bpf_map_lookup_elem(&addresses, &look.dst);
	if (is_multicast(&look) || (own && !wants_own(skb, &look, *own, c)))
		return counted(STEER_COUNT_KERNEL, TC_ACT_OK);
	if (c->tap && bpf_ktime_get_ns() < c->alive_until)
		return to_engine(skb, c, port->layer3, own ? TAP_OWN : 0);
	/* Nobody is there. Keys of NAT stay closed, so that the stack resets nobody; what has no keys is the machine's. */
	if (c->open || (own && look.protocol != IP_TCP && look.protocol != IP_UDP))
		return counted(STEER_COUNT_KERNEL, TC_ACT_OK);
	return counted(STEER_COUNT_CLOSED, TC_ACT_SHOT);
}

/*
 * A TCP packet to a public key that neither NAT nor a socket knows. The stack would answer with a reset, and end the very
 * connections that a gateway started anew is about to pick up.
 */
static __always_inline int is_orphan(struct __sk_buff *skb)
{
	__u32 zero = 0, type = bpf_ntohs((__be16)skb->protocol);
	const struct steer_config *c = bpf_map_lookup_elem(&config, &zero);
	struct look look = { 0 };

	if (!c || !(type == ETHERTYPE_IPV4 ? look_ipv4(skb, ETHERNET_SIZE, &look) : look_ipv6(skb, ETHERNET_SIZE, &look)))
		return 1;
	return look.protocol == IP_TCP && !look.fragment && in_key_range(&look, c) && !has_socket(skb, &look);
}

SEC("tc")
int usher_out(struct __sk_buff *skb)
{
	struct tap_meta meta;
	struct steer_port *port;

	if (bpf_skb_load_bytes(skb, 0, &meta, sizeof(meta)) || meta.mark[0] != TAP_MARK_0 || meta.mark[1] != TAP_MARK_1)
		return counted(STEER_COUNT_STRANGE, TC_ACT_SHOT);
	port = bpf_map_lookup_elem(&ports, &meta.ifindex);
	if (!port)
		return counted(STEER_COUNT_STRANGE, TC_ACT_SHOT);
	if (meta.what == TAP_LOCAL) {
		if (is_orphan(skb))
			return counted(STEER_COUNT_NO_SOCKET, TC_ACT_SHOT);
		skb->mark = STEER_LOCAL;
		return counted(STEER_COUNT_LOCAL, (int)bpf_redirect(meta.ifindex, BPF_F_INGRESS));
	}
	if (meta.what != TAP_OUT)
		return counted(STEER_COUNT_STRANGE, TC_ACT_SHOT);
	if (port->layer3)
		return counted(STEER_COUNT_LEAVE, (int)bpf_redirect(meta.ifindex, 0));
	if (skb->protocol == bpf_htons(ETHERTYPE_IPV4) && meta.hop[0]) { /* saves the kernel a look at the routes */
		struct bpf_redir_neigh next = { .nh_family = FAMILY_IPV4 };

		__builtin_memcpy(&next.ipv4_nh, meta.hop, sizeof(meta.hop));
		return counted(STEER_COUNT_LEAVE, (int)bpf_redirect_neigh(meta.ifindex, &next, sizeof(next), 0));
	}
	return counted(STEER_COUNT_LEAVE, (int)bpf_redirect_neigh(meta.ifindex, 0, 0, 0));
}

char _license[] SEC("license") = "Dual BSD/GPL";
