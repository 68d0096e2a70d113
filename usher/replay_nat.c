/*
 * usher replay --nat: see replay_nat.h. Sources: RFC 791, 8200, 9293, 768, 792, 4443, 2637 4.1 (where keys lie); RFC 1071.
 */
#include "usher/replay_nat.h"

#include <stdlib.h>
#include <string.h>

#include "usher/command.h"

#define NAMES (1u << 16) /* announced endpoints remembered, the latest of equal hash */

struct name {
	uint8_t protocol; /* 0: free */
	struct usher_endpoint inside, outside;
};

struct replay_nat {
	const struct ctl_rules *rules;
	const struct usher_port_helper *ports;
	uint32_t port_count;
	bool usual;
	struct name *names;
};

struct replay_nat *replay_nat_new(
        const struct ctl_rules *rules, const struct usher_port_helper *ports, uint32_t port_count, bool usual)
{
	struct replay_nat *nat = grab(1, sizeof(*nat));

	*nat = (struct replay_nat){ .rules = rules, .ports = ports, .port_count = port_count, .usual = usual };
	nat->names = grab(NAMES, sizeof(*nat->names));
	return nat;
}

void replay_nat_free(struct replay_nat *nat)
{
	if (nat != NULL)
		free(nat->names);
	free(nat);
}

/* ---- the policy ---- */

static const char *usual_helper(uint8_t protocol, uint32_t port)
{
	const struct usher_helper *helper;

	for (unsigned i = 0; (helper = usher_helper(i)) != NULL; i++) {
		for (const uint16_t *at = helper->ports; at != NULL && *at != 0; at++) {
			if (*at == port && helper->protocol == protocol)
				return helper->name;
		}
	}
	return NULL;
}

static const char *helper_of(const struct replay_nat *nat, const struct usher_tuple *tuple, uint32_t port)
{
	for (uint32_t i = nat->port_count; i-- > 0;) {
		const struct usher_port_helper *p = &nat->ports[i];

		if (p->port == port && (p->family == USHER_ANY_FAMILY || p->family == tuple->src.family))
			return p->helper;
	}
	return nat->usual ? usual_helper(tuple->protocol, port) : NULL;
}

void replay_nat_policy(void *user, const struct usher_new *connection, struct usher_decision *decision)
{
	const struct replay_nat *nat = user;
	const struct usher_tuple *orig = &connection->orig;

	ctl_rules_decide(nat->rules, connection, decision);
	if (orig->protocol != USHER_TCP && orig->protocol != USHER_UDP)
		return;
	decision->helper = helper_of(nat, orig, orig->dst.key);
	if (decision->helper == NULL && connection->picked_up) {
		decision->helper = helper_of(nat, orig, orig->src.key);
		decision->reversed = decision->helper != NULL;
	}
}

/* ---- names ---- */

static struct name *place_of(const struct replay_nat *nat, uint8_t protocol, const struct usher_endpoint *inside)
{
	uint32_t hash = usher_tag(protocol, inside);

	return &nat->names[(hash ^ hash >> 16) % NAMES];
}

static void remember(struct replay_nat *nat, uint8_t protocol, const struct usher_endpoint *inside,
        const struct usher_endpoint *outside)
{
	if (outside->family != USHER_ANY_FAMILY)
		*place_of(nat, protocol, inside) = (struct name){ protocol, *inside, *outside };
}

/* An announcement may name the public address itself; then it is not what a capture taken inside has. */
void replay_nat_event(struct replay_nat *nat, const struct usher_event *event)
{
	const struct usher_announcement *a = &event->u.announce;
	struct usher_endpoint peer = a->peer;

	if (event->type != USHER_EVENT_ANNOUNCE || !a->accepted)
		return;
	remember(nat, a->protocol, &a->listener, &a->listener_seen);
	if (peer.family == USHER_ANY_FAMILY) { /* the other side of the control connection, as itself */
		const struct usher_endpoint *other = event->conn->reversed ? &event->conn->orig.src : &event->conn->reply.src;

		peer.family = other->family;
		memcpy(peer.address, other->address, sizeof(peer.address));
	}
	remember(nat, a->protocol, &peer, &a->peer_seen);
}

/* ---- packets ---- */

/* Where a packet's parts lie, as far as --nat has to know. */
struct parts {
	struct usher_tuple tuple;
	uint32_t dst_at, key_at; /* key_at 0: it has no key */
};

static uint32_t be16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static bool read_keys(const uint8_t *l4, uint32_t have, struct parts *parts, uint32_t l4_at)
{
	struct usher_tuple *t = &parts->tuple;

	if (have < 8)
		return false;
	if (t->protocol == USHER_TCP || t->protocol == USHER_UDP) {
		t->src.key = be16(l4);
		t->dst.key = be16(l4 + 2);
		parts->key_at = l4_at + 2;
	} else if (t->protocol == USHER_GRE && (l4[1] & 7) == 1) {
		t->type = 1;
		t->dst.key = be16(l4 + 6);
		parts->key_at = l4_at + 6;
	} else if (t->protocol == USHER_ICMP || t->protocol == USHER_ICMPV6) {
		t->type = l4[0];
		t->src.key = t->dst.key = be16(l4 + 4);
		parts->key_at = l4_at + 4;
		return l4[0] == 0 || l4[0] == 8 || l4[0] == 128 || l4[0] == 129;
	}
	return true;
}

/* false: none of --nat's business: a fragment, an error, cut too short, extension headers. */
static bool read_parts(const struct usher_packet *packet, struct parts *parts)
{
	const uint8_t *data = packet->data;
	bool ipv6 = packet->len > 0 && data[0] >> 4 == 6;
	uint32_t header = ipv6 ? 40 : packet->len > 0 ? (data[0] & 15u) * 4 : 0, size = ipv6 ? 16 : 4;

	memset(parts, 0, sizeof(*parts));
	if (packet->len < header || header < 20 || (!ipv6 && (data[0] >> 4 != 4 || (be16(data + 6) & 0x3fff) != 0)))
		return false;
	parts->dst_at = ipv6 ? 24 : 16;
	parts->tuple.zone = packet->zone;
	parts->tuple.protocol = data[ipv6 ? 6 : 9];
	parts->tuple.src.family = parts->tuple.dst.family = ipv6 ? USHER_IPV6 : USHER_IPV4;
	memcpy(parts->tuple.src.address, data + parts->dst_at - size, size);
	memcpy(parts->tuple.dst.address, data + parts->dst_at, size);
	return read_keys(data + header, packet->len - header, parts, header);
}

/* The public endpoint of the connection that this packet to an inside host is of; false: it is of none. */
static bool by_connection(struct usher_worker *worker, const struct usher_tuple *tuple, struct usher_endpoint *outside)
{
	struct usher_tuple inverse = *tuple;
	struct usher_conn conn;
	uint8_t direction;

	if (tuple->protocol == USHER_GRE) /* its one key does not tell */
		return false;
	inverse.src = tuple->dst;
	inverse.dst = tuple->src;
	if (tuple->protocol == USHER_ICMP || tuple->protocol == USHER_ICMPV6)
		inverse.type = tuple->type == 0 ? 8 : tuple->type == 8 ? 0 : tuple->type ^ 1u;
	if (!usher_conn_find(worker, &inverse, &conn, &direction))
		return false;
	*outside = direction == USHER_ORIG ? conn.reply.dst : conn.orig.dst;
	return true;
}

static bool find_outside(const struct replay_nat *nat, struct usher_worker *worker, const struct usher_tuple *tuple,
			 struct usher_endpoint *outside)
{
	const struct name *name = place_of(nat, tuple->protocol, &tuple->dst);
	const struct ctl_forward *forward;

	if (by_connection(worker, tuple, outside))
		return true;
	if (name->protocol == tuple->protocol && name->inside.key == tuple->dst.key && name->inside.family == tuple->dst.family &&
	    memcmp(name->inside.address, tuple->dst.address, sizeof(tuple->dst.address)) == 0) {
		*outside = name->outside;
		return true;
	}
	forward = ctl_rules_forwarded(nat->rules, tuple->protocol, &tuple->dst);
	if (forward != NULL)
		*outside = forward->outside;
	return forward != NULL;
}

/* The IPv4 header's checksum anew: what the capture had is no matter of --nat's. */
static void sum_header(uint8_t *data)
{
	uint32_t sum = 0;

	data[10] = data[11] = 0;
	for (uint32_t i = 0; i < (data[0] & 15u) * 4; i += 2)
		sum += be16(data + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	data[10] = (uint8_t)(~sum >> 8);
	data[11] = (uint8_t)~sum;
}

void replay_nat_packet(struct replay_nat *nat, struct usher_worker *worker, struct usher_packet *packet)
{
	struct usher_endpoint outside;
	struct parts parts;

	packet->checksum = USHER_CHECKSUM_GOOD; /* of what the capture's sender wrote */
	if (!read_parts(packet, &parts) || !ctl_rules_is_inside(nat->rules, &parts.tuple.dst) ||
	    !find_outside(nat, worker, &parts.tuple, &outside))
		return;
	memcpy(packet->data + parts.dst_at, outside.address, outside.family == USHER_IPV6 ? 16 : 4);
	if (parts.key_at != 0) {
		packet->data[parts.key_at] = (uint8_t)(outside.key >> 8);
		packet->data[parts.key_at + 1] = (uint8_t)outside.key;
	}
	if (outside.family == USHER_IPV4)
		sum_header(packet->data);
}
