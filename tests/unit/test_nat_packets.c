/*
 * test_nat_packets: what NAT makes of packets, one after the other: bindings, keys, mappings, filtering, hairpins, ends.
 *
 * A row's script has a packet a line: "KIND SRC DST = SRC DST" (how it leaves, checksums right) or "KIND SRC DST ! reason" (dropped).
 * Kinds: udp, syn, synack, ping, pong, ask, tell, sctp, lite, dccp, gre0 (one key for both), gre1, esp. Further lines: "wait SECONDS", "gone ADDRESS", "left N"
 * (connections, expectations and the like that are in use). 10/8 and fd00::/8 are inside.
 */
#include "net.h"

#include "packet/packet.h"

#define PUBLIC "203.0.113.1:0"

/* What the policy does; addresses with key 0 are the address alone. */
struct rules {
	const char *source, *source_last; /* of connections from inside */
	uint16_t first, last;
	uint8_t flags, prefix;
	const char *forward, *to;         /* what is sent there goes to */
	bool open;                        /* what comes from outside is let in */
};

struct row {
	const char *name;
	struct rules rules;
	const char *script;
};

static const struct row rows[] = {
	{ "masquerade: the own port is kept, answers find back", { .source = PUBLIC },
	  "udp 10.0.0.2:4000 198.51.100.2:53 = 203.0.113.1:4000 198.51.100.2:53\n"
	  "udp 198.51.100.2:53 203.0.113.1:4000 = 198.51.100.2:53 10.0.0.2:4000\n"
	  "udp 10.0.0.2:4000 198.51.100.2:53 = 203.0.113.1:4000 198.51.100.2:53\n"
	  "udp 198.51.100.3:53 203.0.113.1:4000 ! policy\n"
	  "udp 198.51.100.2:54 203.0.113.1:4000 ! policy\n" },
	{ "TCP, and a stranger's SYN", { .source = PUBLIC },
	  "syn 10.0.0.2:4000 198.51.100.2:80 = 203.0.113.1:4000 198.51.100.2:80\n"
	  "synack 198.51.100.2:80 203.0.113.1:4000 = 198.51.100.2:80 10.0.0.2:4000\n"
	  "syn 198.51.100.9:80 203.0.113.1:4000 ! policy\n" },
	{ "two hosts, one port: shared where the destinations differ, another where they do not",
	  { .source = PUBLIC, .first = 4000, .last = 4001 },
	  "udp 10.0.0.2:4000 198.51.100.2:53 = 203.0.113.1:4000 198.51.100.2:53\n"
	  "udp 10.0.0.3:4000 198.51.100.3:53 = 203.0.113.1:4000 198.51.100.3:53\n"
	  "udp 10.0.0.4:4000 198.51.100.2:53 = 203.0.113.1:4001 198.51.100.2:53\n"
	  "udp 10.0.0.5:4000 198.51.100.2:53 ! nat-exhausted\n"
	  "udp 198.51.100.2:53 203.0.113.1:4000 = 198.51.100.2:53 10.0.0.2:4000\n"
	  "udp 198.51.100.3:53 203.0.113.1:4000 = 198.51.100.3:53 10.0.0.3:4000\n"
	  "udp 198.51.100.2:53 203.0.113.1:4001 = 198.51.100.2:53 10.0.0.4:4000\n" },
	{ "a key is free again when its connection is over", { .source = PUBLIC, .first = 4000, .last = 4000 },
	  "udp 10.0.0.2:4000 198.51.100.2:53 = 203.0.113.1:4000 198.51.100.2:53\n"
	  "udp 10.0.0.3:4000 198.51.100.2:53 ! nat-exhausted\n"
	  "wait 31\n"
	  "udp 10.0.0.3:4000 198.51.100.2:53 = 203.0.113.1:4000 198.51.100.2:53\n" },
	{ "parity is kept while there is a choice (RFC 4787 REQ-4)", { .source = PUBLIC, .first = 5000, .last = 5001 },
	  "udp 10.0.0.2:4001 198.51.100.2:53 = 203.0.113.1:5001 198.51.100.2:53\n"
	  "udp 10.0.0.3:4001 198.51.100.2:53 = 203.0.113.1:5000 198.51.100.2:53\n" },
	{ "ports below 1024 stay below", { .source = PUBLIC },
	  "udp 10.0.0.2:500 198.51.100.2:500 = 203.0.113.1:500 198.51.100.2:500\n" },
	{ "ping", { .source = PUBLIC },
	  "ping 10.0.0.2:7 198.51.100.2:7 = 203.0.113.1:7 198.51.100.2:7\n"
	  "pong 198.51.100.2:7 203.0.113.1:7 = 198.51.100.2:7 10.0.0.2:7\n"
	  "pong 198.51.100.2:8 203.0.113.1:8 ! icmp-type\n" },
	{ "two hosts ping alike", { .source = PUBLIC, .first = 7, .last = 8 },
	  "ping 10.0.0.2:7 198.51.100.2:7 = 203.0.113.1:7 198.51.100.2:7\n"
	  "ping 10.0.0.3:7 198.51.100.2:7 = 203.0.113.1:8 198.51.100.2:8\n"
	  "pong 198.51.100.2:8 203.0.113.1:8 = 198.51.100.2:7 10.0.0.3:7\n" },
	{ "node information is a query without an id: one host at a time has the answers", { .source = "[2001:db8:1::1]:0" },
	  "ask [fd00::2]:0 [2001:db8::2]:0 = [2001:db8:1::1]:0 [2001:db8::2]:0\n"
	  "tell [2001:db8::2]:0 [2001:db8:1::1]:0 = [2001:db8::2]:0 [fd00::2]:0\n"
	  "ask [fd00::3]:0 [2001:db8::2]:0 ! nat-unmappable\n"
	  "ask [fd00::3]:0 [2001:db8::3]:0 = [2001:db8:1::1]:0 [2001:db8::3]:0\n" },
	{ "a port forward", { .source = PUBLIC, .forward = "203.0.113.1:80", .to = "10.0.0.5:8080" },
	  "syn 198.51.100.2:4000 203.0.113.1:80 = 198.51.100.2:4000 10.0.0.5:8080\n"
	  "synack 10.0.0.5:8080 198.51.100.2:4000 = 203.0.113.1:80 198.51.100.2:4000\n"
	  "syn 198.51.100.2:4001 203.0.113.1:81 ! policy\n" },
	{ "who is reached past his forward may not have the answers of who came by it", { .source = PUBLIC, .forward = "203.0.113.1:80",
	  .to = "10.0.0.5:8080", .open = true },
	  "syn 198.51.100.2:4000 203.0.113.1:80 = 198.51.100.2:4000 10.0.0.5:8080\n"
	  "syn 198.51.100.2:4000 10.0.0.5:8080 ! nat-unmappable\n"
	  "syn 198.51.100.2:4001 10.0.0.5:8080 = 198.51.100.2:4001 10.0.0.5:8080\n"
	  "synack 10.0.0.5:8080 198.51.100.2:4000 = 203.0.113.1:80 198.51.100.2:4000\n" },
	{ "nor may the machine's own have those of a host behind it", { .source = PUBLIC, .open = true },
	  "udp 10.0.0.2:4000 198.51.100.2:53 = 203.0.113.1:4000 198.51.100.2:53\n"
	  "udp 203.0.113.1:4000 198.51.100.2:53 ! nat-unmappable\n"
	  "udp 203.0.113.1:4001 198.51.100.2:53 = 203.0.113.1:4001 198.51.100.2:53\n"
	  "udp 198.51.100.2:53 203.0.113.1:4000 = 198.51.100.2:53 10.0.0.2:4000\n" },
	{ "a redirect: who dials a server's port 80 gets the gateway's own proxy, and takes it for the server",
	  { .forward = "198.51.100.2:80", .to = "10.0.0.1:3128" },
	  "syn 10.0.0.2:4000 198.51.100.2:80 = 10.0.0.2:4000 10.0.0.1:3128\n"
	  "synack 10.0.0.1:3128 10.0.0.2:4000 = 198.51.100.2:80 10.0.0.2:4000\n"
	  "syn 10.0.0.2:4000 198.51.100.2:443 = 10.0.0.2:4000 198.51.100.2:443\n" },
	{ "the forward from inside: a hairpin", { .source = PUBLIC, .forward = "203.0.113.1:80", .to = "10.0.0.5:8080" },
	  "syn 10.0.0.2:4000 203.0.113.1:80 = 203.0.113.1:4000 10.0.0.5:8080\n"
	  "synack 10.0.0.5:8080 203.0.113.1:4000 = 203.0.113.1:80 10.0.0.2:4000\n" },
	{ "endpoint-independent mapping: one name whatever the destination; others are not let in (address-dependent filtering)",
	  { .source = PUBLIC, .flags = USHER_NAT_ANY_DESTINATION },
	  "udp 10.0.0.2:4000 198.51.100.2:53 = 203.0.113.1:4000 198.51.100.2:53\n"
	  "udp 10.0.0.2:4000 198.51.100.3:53 = 203.0.113.1:4000 198.51.100.3:53\n"
	  "udp 198.51.100.9:1 203.0.113.1:4000 ! nat-unasked\n"
	  "udp 198.51.100.3:53 203.0.113.1:4000 = 198.51.100.3:53 10.0.0.2:4000\n" },
	{ "endpoint-independent filtering, and a hairpin through the mapping (RFC 4787 REQ-8, REQ-9)",
	  { .source = PUBLIC, .flags = USHER_NAT_ANY_DESTINATION | USHER_NAT_ANY_SOURCE },
	  "udp 10.0.0.2:4000 198.51.100.2:53 = 203.0.113.1:4000 198.51.100.2:53\n"
	  "udp 198.51.100.9:1 203.0.113.1:4000 = 198.51.100.9:1 10.0.0.2:4000\n"
	  "udp 10.0.0.2:4000 198.51.100.9:1 = 203.0.113.1:4000 198.51.100.9:1\n"
	  "udp 10.0.0.3:5000 203.0.113.1:4000 = 203.0.113.1:5000 10.0.0.2:4000\n"
	  "udp 10.0.0.2:4000 203.0.113.1:5000 = 203.0.113.1:4000 10.0.0.3:5000\n" },
	{ "a mapping outlives its last connection by five minutes (REQ-5), and no more",
	  { .source = PUBLIC, .flags = USHER_NAT_ANY_DESTINATION | USHER_NAT_ANY_SOURCE },
	  "udp 10.0.0.2:4000 198.51.100.2:53 = 203.0.113.1:4000 198.51.100.2:53\n"
	  "wait 300\n"
	  "udp 198.51.100.9:1 203.0.113.1:4000 = 198.51.100.9:1 10.0.0.2:4000\n"
	  "wait 400\n"
	  "udp 198.51.100.9:1 203.0.113.1:4000 ! policy\n" },
	{ "1:1: the host part stays, the ports too", { .source = "203.0.113.0:0", .flags = USHER_NAT_PREFIX, .prefix = 24 },
	  "udp 10.0.0.77:4000 198.51.100.2:53 = 203.0.113.77:4000 198.51.100.2:53\n"
	  "udp 198.51.100.2:53 203.0.113.77:4000 = 198.51.100.2:53 10.0.0.77:4000\n" },
	{ "a pool gives one host one address", { .source = "203.0.113.1:0", .source_last = "203.0.113.9:0" },
	  "udp 10.0.0.2:4000 198.51.100.2:53 = 203.0.113.*:4000 198.51.100.2:53\n"
	  "udp 10.0.0.2:4001 198.51.100.3:53 = same:4001 198.51.100.3:53\n"
	  "udp 10.0.0.2:4002 198.51.100.4:53 = same:4002 198.51.100.4:53\n" },
	{ "SCTP: the own port is kept, the second host gets another", { .source = PUBLIC, .first = 5000, .last = 5001 },
	  "sctp 10.0.0.2:5000 198.51.100.2:36412 = 203.0.113.1:5000 198.51.100.2:36412\n"
	  "sctp 10.0.0.3:5000 198.51.100.2:36412 = 203.0.113.1:5001 198.51.100.2:36412\n"
	  "sctp 10.0.0.4:5000 198.51.100.2:36412 ! nat-exhausted\n"
	  "sctp 198.51.100.2:36412 203.0.113.1:5000 = 198.51.100.2:36412 10.0.0.2:5000\n"
	  "sctp 198.51.100.2:36412 203.0.113.1:5001 = 198.51.100.2:36412 10.0.0.3:5000\n"
	  "sctp 198.51.100.9:36412 203.0.113.1:5001 ! policy\n" },
	{ "SCTP: a forward to another port", { .forward = "203.0.113.1:36412", .to = "10.0.0.5:5000" },
	  "sctp 198.51.100.2:4000 203.0.113.1:36412 = 198.51.100.2:4000 10.0.0.5:5000\n"
	  "sctp 10.0.0.5:5000 198.51.100.2:4000 = 203.0.113.1:36412 198.51.100.2:4000\n" },
	{ "UDP-Lite and DCCP likewise; each protocol has keys of its own", { .source = PUBLIC, .first = 5000, .last = 5001 },
	  "lite 10.0.0.2:5000 198.51.100.2:53 = 203.0.113.1:5000 198.51.100.2:53\n"
	  "lite 10.0.0.3:5000 198.51.100.2:53 = 203.0.113.1:5001 198.51.100.2:53\n"
	  "dccp 10.0.0.2:5000 198.51.100.2:53 = 203.0.113.1:5000 198.51.100.2:53\n"
	  "dccp 10.0.0.3:5000 198.51.100.2:53 = 203.0.113.1:5001 198.51.100.2:53\n"
	  "udp 10.0.0.3:5000 198.51.100.2:53 = 203.0.113.1:5000 198.51.100.2:53\n"
	  "lite 198.51.100.2:53 203.0.113.1:5001 = 198.51.100.2:53 10.0.0.3:5000\n"
	  "dccp 198.51.100.2:53 203.0.113.1:5001 = 198.51.100.2:53 10.0.0.3:5000\n" },
	{ "... over IPv6", { .source = "[2001:db8::1]:0", .first = 5000, .last = 5001 },
	  "sctp [fd00::2]:5000 [2001:db8:9::2]:53 = [2001:db8::1]:5000 [2001:db8:9::2]:53\n"
	  "sctp [fd00::3]:5000 [2001:db8:9::2]:53 = [2001:db8::1]:5001 [2001:db8:9::2]:53\n"
	  "sctp [2001:db8:9::2]:53 [2001:db8::1]:5001 = [2001:db8:9::2]:53 [fd00::3]:5000\n"
	  "lite [fd00::3]:5000 [2001:db8:9::2]:53 = [2001:db8::1]:5000 [2001:db8:9::2]:53\n"
	  "dccp [fd00::3]:5000 [2001:db8:9::2]:53 = [2001:db8::1]:5000 [2001:db8:9::2]:53\n" },
	{ "ESP has no key: one at a time towards one peer", { .source = PUBLIC },
	  "esp 10.0.0.2:0 198.51.100.2:0 = 203.0.113.1:0 198.51.100.2:0\n"
	  "esp 198.51.100.2:0 203.0.113.1:0 = 198.51.100.2:0 10.0.0.2:0\n"
	  "esp 10.0.0.3:0 198.51.100.2:0 ! nat-unmappable\n"
	  "esp 10.0.0.3:0 198.51.100.3:0 = 203.0.113.1:0 198.51.100.3:0\n" },
	{ "GRE version 0: its key is kept", { .source = PUBLIC },
	  "gre0 10.0.0.2:9 198.51.100.2:9 = 203.0.113.1:9 198.51.100.2:9\n"
	  "gre0 198.51.100.2:9 203.0.113.1:9 = 198.51.100.2:9 10.0.0.2:9\n"
	  "gre0 10.0.0.3:9 198.51.100.2:9 ! nat-unmappable\n" },
	{ "GRE of a call that nobody announced does not leave with a private address", { .source = PUBLIC },
	  "gre1 10.0.0.2:0 198.51.100.2:9 ! nat-unmappable\n"
	  "gre1 198.51.100.2:0 203.0.113.1:5 ! policy\n" },
	{ "IPv6", { .source = "[2001:db8::1]:0" },
	  "udp [fd00::2]:4000 [2001:db8:9::2]:53 = [2001:db8::1]:4000 [2001:db8:9::2]:53\n"
	  "udp [2001:db8:9::2]:53 [2001:db8::1]:4000 = [2001:db8:9::2]:53 [fd00::2]:4000\n"
	  "ping [fd00::2]:7 [2001:db8:9::2]:7 = [2001:db8::1]:7 [2001:db8:9::2]:7\n"
	  "pong [2001:db8:9::2]:7 [2001:db8::1]:7 = [2001:db8:9::2]:7 [fd00::2]:7\n" },
	{ "IPv6 without NAT: as it came", { .open = true },
	  "udp [fd00::2]:4000 [2001:db8:9::2]:53 = [fd00::2]:4000 [2001:db8:9::2]:53\n" },
	{ "the masquerade's address changes: its connections end", { .source = PUBLIC },
	  "udp 10.0.0.2:4000 198.51.100.2:53 = 203.0.113.1:4000 198.51.100.2:53\n"
	  "gone 203.0.113.1:0\n"
	  "left 0\n"
	  "udp 198.51.100.2:53 203.0.113.1:4000 ! policy\n" },
	{ "nothing is left in the end", { .source = PUBLIC, .flags = USHER_NAT_ANY_DESTINATION },
	  "udp 10.0.0.2:4000 198.51.100.2:53 = 203.0.113.1:4000 198.51.100.2:53\n"
	  "syn 10.0.0.2:4000 198.51.100.2:53 = 203.0.113.1:4000 198.51.100.2:53\n"
	  "ping 10.0.0.2:7 198.51.100.2:7 = 203.0.113.1:7 198.51.100.2:7\n"
	  "wait 1000\n"
	  "left 0\n" },
};

static bool is_inside(const struct usher_endpoint *e)
{
	return e->address[0] == (e->family == USHER_IPV6 ? 0xfd : 10);
}

static void fill(struct usher_nat *nat, const char *first, const char *last)
{
	struct usher_endpoint from = net_end(first), to = last ? net_end(last) : from;

	nat->family = from.family;
	memcpy(nat->first, from.address, 16);
	memcpy(nat->last, to.address, 16);
	nat->key_first = nat->key_last = (uint16_t)from.key;
}

static void policy(void *user, const struct usher_new *new, struct usher_decision *decision)
{
	const struct rules *r = user;
	bool inside = is_inside(&new->orig.src), forwarded = false;
	struct usher_endpoint public;

	if (r->forward) {
		public = net_end(r->forward);
		forwarded = public.key == new->orig.dst.key && memcmp(public.address, new->orig.dst.address, 16) == 0;
	}
	if (forwarded)
		fill(&decision->destination, r->to, NULL);
	if (inside && r->source) {
		fill(&decision->source, r->source, r->source_last);
		decision->source.flags = r->flags;
		decision->source.prefix = r->prefix;
		decision->source.key_first = r->first;
		decision->source.key_last = r->last;
	}
	decision->drop = !inside && !forwarded && !new->mapped && !r->open;
}

static uint32_t make(uint8_t *to, const char *kind, const struct usher_endpoint *src, const struct usher_endpoint *dst)
{
	struct net_tcp tcp = { .seq = 1000, .flags = NET_SYN };

	if (!strcmp(kind, "udp"))
		return net_udp(to, src, dst, "hello", 5);
	if (!strcmp(kind, "ping") || !strcmp(kind, "pong"))
		return net_icmp(to, src, dst, src->family == USHER_IPV6 ? (kind[1] == 'i' ? 128 : 129) : kind[1] == 'i' ? 8 : 0);
	if (!strcmp(kind, "ask") || !strcmp(kind, "tell"))
		return net_icmp(to, src, dst, kind[0] == 'a' ? 139 : 140);
	if (!strncmp(kind, "gre", 3))
		return net_gre(to, src, dst, (uint8_t)(kind[3] - '0'));
	if (!strcmp(kind, "esp"))
		return net_other(to, src, dst, 50);
	if (!strcmp(kind, "lite"))
		return net_udplite(to, src, dst, "hello", 5);
	if (!strcmp(kind, "dccp"))
		return net_dccp(to, src, dst, "hello", 5);
	if (!strcmp(kind, "sctp")) /* a HEARTBEAT: any may begin with one */
		return net_sctp(to, src, dst, 0xdeadbeef, "\4\0\0\x0c\0\1\0\x08path", 12);
	if (!strcmp(kind, "synack")) {
		tcp.flags |= NET_ACK;
		tcp.ack = 1001;
	}
	return net_tcp(to, src, dst, &tcp);
}

/* "203.0.113.1:4000 198.51.100.2:53", as the packet says. */
static void ends_of(const uint8_t *data, uint32_t len, char text[200])
{
	struct usher_endpoint e[2];
	char one[80], other[80];
	struct pkt p;

	usher__pkt_decode(&p, data, len, len, PKT_VERIFY);
	assert_int_equal(p.reason, USHER_REASON_NONE);
	for (unsigned i = 0; i < 2; i++) {
		memset(&e[i], 0, sizeof(e[i]));
		e[i].family = p.family;
		e[i].key = p.flags & PKT_WIDE_KEY ? (uint32_t)p.key[0] << 16 | p.key[1] : p.key[i];
		memcpy(e[i].address, data + (i ? PKT_DST_OFFSET(p.family) : PKT_SRC_OFFSET(p.family)), p.family == USHER_IPV6 ? 16 : 4);
	}
	snprintf(text, 200, "%s %s", net_end_text(&e[0], one), net_end_text(&e[1], other));
	for (char *star = text; (star = strstr(star, ":*")); star++)
		star[1] = '0';
}

/* "*" stands for what the pool chose, "same" for that again. */
static void compare(const struct row *row, const char *line, const char *got, char chosen[80])
{
	const char *want = strchr(line, '=') + 2, *star = strchr(want, '*');
	char text[200];

	snprintf(text, sizeof(text), "%s", want);
	if (star) {
		snprintf(chosen, 80, "%.*s", (int)strcspn(got, ":"), got);
		assert_memory_equal(got, want, (size_t)(star - want));
		snprintf(text, sizeof(text), "%s%s", chosen, strchr(want, ':'));
	} else if (!strncmp(want, "same", 4)) {
		snprintf(text, sizeof(text), "%s%s", chosen, want + 4);
	}
	if (strcmp(text, got) != 0)
		fail_msg("%s: %s: got %s", row->name, line, got);
}

static void run_packet(struct net *n, const struct row *row, const char *line, char chosen[80])
{
	char kind[16], src[80], dst[80], text[200];
	struct usher_endpoint from, to;
	uint8_t data[NET_PACKET];
	struct usher_packet p = { .data = data, .wire_len = 0 };

	assert_int_equal(sscanf(line, "%15s %79s %79s", kind, src, dst), 3);
	from = net_end(src);
	to = net_end(dst);
	p.len = make(data, kind, &from, &to);
	usher_process(n->w, &p, 1, n->now);
	if (strchr(line, '!')) {
		const char *want = strchr(line, '!') + 2;

		if ((p.verdict != USHER_DROP && strcmp(want, "icmp-type") != 0) || strcmp(usher_reason_name(p.reason), want) != 0)
			fail_msg("%s: %s: verdict %u reason %s", row->name, line, p.verdict, usher_reason_name(p.reason));
		return;
	}
	if (p.verdict != USHER_ACCEPT)
		fail_msg("%s: %s: verdict %u reason %s", row->name, line, p.verdict, usher_reason_name(p.reason));
	ends_of(data, p.len, text);
	compare(row, line, text, chosen);
}

static void run_line(struct net *n, const struct row *row, const char *line, char chosen[80])
{
	struct usher_endpoint address;

	if (!strncmp(line, "wait ", 5)) {
		n->now += (usher_time)atoi(line + 5) * USHER_SECOND;
		while (!usher_tick(n->w, n->now, 1000))
			;
	} else if (!strncmp(line, "gone ", 5)) {
		address = net_end(line + 5);
		assert_int_equal(usher_address_gone(n->w, 0, &address), 1);
	} else if (!strncmp(line, "left ", 5)) {
		if (net_used(n->w) != (uint64_t)atoi(line + 5))
			fail_msg("%s: %llu left", row->name, (unsigned long long)net_used(n->w));
	} else {
		run_packet(n, row, line, chosen);
	}
	net_sound(n);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct rules rules = rows[i].rules;
		struct usher_options options = { .policy = policy, .policy_user = &rules };
		char text[4096], chosen[80] = "", *line, *save = NULL;
		struct net n;

		net_open(&n, &options);
		snprintf(text, sizeof(text), "%s", rows[i].script);
		for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
			run_line(&n, &rows[i], line, chosen);
		net_close(&n);
	}
}

/* Whoever cannot be served is told (RFC 5508 REQ-8). */
static void test_exhausted_is_told(void **state)
{
	struct rules rules = { .source = PUBLIC, .first = 4000, .last = 4000 };
	struct usher_options options = { .policy = policy, .policy_user = &rules };
	struct usher_endpoint a = net_end("10.0.0.2:4000"), b = net_end("10.0.0.3:4000"), server = net_end("198.51.100.2:53");
	uint8_t data[NET_PACKET];
	struct usher_packet p = { .data = data }, told;
	struct pkt decoded;
	struct net n;

	(void)state;
	net_open(&n, &options);
	p.len = net_udp(data, &a, &server, "x", 1);
	usher_process(n.w, &p, 1, n.now);
	assert_false(usher_emit(n.w, &told));
	p = (struct usher_packet){ .data = data, .len = net_udp(data, &b, &server, "x", 1), .interface = 5 };
	usher_process(n.w, &p, 1, n.now);
	assert_int_equal(p.reason, USHER_REASON_NAT_EXHAUSTED);
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_NAT_EXHAUSTED), 1);
	assert_true(usher_emit(n.w, &told));
	usher__pkt_decode(&decoded, told.data, told.len, told.len, PKT_VERIFY);
	assert_int_equal(decoded.reason, USHER_REASON_NONE);
	assert_true(decoded.flags & PKT_ICMP_ERROR);
	assert_int_equal(told.data[decoded.l4], 3);
	assert_int_equal(told.data[decoded.l4 + 1], 13);
	assert_memory_equal(told.data + 16, b.address, 4);
	assert_int_equal(told.interface, 5);
	assert_false(usher_emit(n.w, &told));
	net_close(&n);
}

/* An ICMP error from the path, about a packet that NAT has changed: it finds back, and quotes what was sent. */
static void test_errors(void **state)
{
	struct rules rules = { .source = PUBLIC };
	struct usher_options options = { .policy = policy, .policy_user = &rules };
	struct usher_endpoint client = net_end("10.0.0.2:4000"), server = net_end("198.51.100.2:53"), router = net_end("192.0.2.9:0"),
			      public = net_end("203.0.113.1:0"), inside_router = net_end("10.0.0.250:0");
	uint8_t data[NET_PACKET], sent[NET_PACKET], answer[NET_PACKET], error[NET_PACKET];
	struct usher_packet p = { .data = data };
	struct pkt decoded, quoted;
	uint32_t at, len;
	struct net n;

	(void)state;
	net_open(&n, &options);
	p.len = len = net_udp(data, &client, &server, "x", 1);
	memcpy(sent, data, len);
	usher_process(n.w, &p, 1, n.now);
	assert_int_equal(p.verdict, USHER_ACCEPT);
	p = (struct usher_packet){ .data = error, .len = net_icmp_error(error, &router, &public, data, len) };
	usher_process(n.w, &p, 1, n.now);
	assert_int_equal(p.verdict, USHER_ACCEPT);
	assert_int_equal(p.state, USHER_RELATED);
	assert_int_equal(p.direction, USHER_REPLY);
	usher__pkt_decode(&decoded, error, p.len, p.len, PKT_VERIFY);
	assert_int_equal(decoded.reason, USHER_REASON_NONE);
	assert_memory_equal(error + 12, router.address, 4);
	assert_memory_equal(error + 16, client.address, 4);
	assert_true(usher__pkt_decode_quoted(&quoted, &decoded, error, p.len, &at));
	assert_memory_equal(error + at + 12, sent + 12, 16); /* addresses, ports, lengths */
	/* an answer, and an inside router that cannot deliver it: nobody outside sees his address */
	p = (struct usher_packet){ .data = answer, .len = len = net_udp(answer, &server, &public, "y", 1) };
	answer[22] = 4000 >> 8;
	answer[23] = 4000 & 255;
	answer[26] = answer[27] = 0; /* without a checksum */
	usher_process(n.w, &p, 1, n.now);
	assert_int_equal(p.verdict, USHER_ACCEPT);
	p = (struct usher_packet){ .data = error, .len = net_icmp_error(error, &inside_router, &server, answer, len) };
	usher_process(n.w, &p, 1, n.now);
	assert_int_equal(p.verdict, USHER_ACCEPT);
	assert_memory_equal(error + 12, public.address, 4);
	usher__pkt_decode(&decoded, error, p.len, p.len, PKT_VERIFY);
	assert_int_equal(decoded.reason, USHER_REASON_NONE);
	assert_true(usher__pkt_decode_quoted(&quoted, &decoded, error, p.len, &at));
	assert_memory_equal(error + at + 16, public.address, 4);
	assert_int_equal(quoted.key[1], 4000);
	net_close(&n);
}

/* The same about SCTP, of which 8 bytes are quoted: whoever did not see the packet does not know the tag. */
static void test_sctp_errors(void **state)
{
	struct rules rules = { .source = PUBLIC, .first = 5001, .last = 5001 };
	struct usher_options options = { .policy = policy, .policy_user = &rules };
	struct usher_endpoint client = net_end("10.0.0.2:5000"), server = net_end("198.51.100.2:36412"), router = net_end("192.0.2.9:0"),
			      public = net_end("203.0.113.1:0");
	uint8_t data[NET_PACKET], sent[NET_PACKET], error[NET_PACKET];
	struct usher_packet p = { .data = data };
	struct pkt decoded, quoted;
	struct net n;
	uint32_t at;

	(void)state;
	net_open(&n, &options);
	p.len = net_sctp(data, &client, &server, 0xdeadbeef, "\4\0\0\x0c\0\1\0\x08path", 12);
	memcpy(sent, data, p.len);
	usher_process(n.w, &p, 1, n.now);
	assert_int_equal(p.verdict, USHER_ACCEPT);
	p = (struct usher_packet){ .data = error, .len = net_icmp_error(error, &router, &public, data, 28) };
	usher_process(n.w, &p, 1, n.now);
	assert_int_equal(p.verdict, USHER_ACCEPT);
	assert_int_equal(p.state, USHER_RELATED);
	usher__pkt_decode(&decoded, error, p.len, p.len, PKT_VERIFY);
	assert_int_equal(decoded.reason, USHER_REASON_NONE);
	assert_memory_equal(error + 16, client.address, 4);
	assert_true(usher__pkt_decode_quoted(&quoted, &decoded, error, p.len, &at));
	assert_memory_equal(error + at, sent, 28); /* port and all */
	data[25] ^= 1; /* of the tag */
	p = (struct usher_packet){ .data = error, .len = net_icmp_error(error, &router, &public, data, 28) };
	usher_process(n.w, &p, 1, n.now);
	assert_int_equal(p.verdict, USHER_DROP);
	assert_int_equal(p.reason, USHER_REASON_SCTP_TAG);
	net_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_exhausted_is_told),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_sctp_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
