/*
 * See burst.h.
 */
#include "gateway/burst.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "gateway/bytes.h"
#include "gateway/say.h"

#define BUFFER_SIZE (GW_HEADROOM + GW_PACKET_MAX + 1u + GW_TAILROOM)

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd

/* What is known of a packet besides what the engine is told. */
struct gw_slot {
	struct gw_head head;
	uint32_t quote_len;           /* not 0: it may need an error, and this much of it was kept as it came */
	uint8_t quote[GW_QUOTE_MAX];
};

/* A packet on its way out. */
struct parcel {
	uint8_t *data;
	uint32_t len;
	struct virtio_net_hdr vnet;
	struct gw_look look;
	bool room;              /* GW_HEAD bytes in front of it are the burst's own */
	uint32_t fragment_size; /* not 0: put together of fragments, the largest of which was this long; to be sent as such */
};

bool gw_burst_init(struct gw_burst *burst)
{
	/* Pages that no packet was long enough for are never touched. */
	burst->buffer = mmap(NULL, USHER_BURST_MAX * BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	burst->slot = calloc(USHER_BURST_MAX, sizeof(*burst->slot));
	return (burst->buffer != MAP_FAILED && burst->slot != NULL) || gw_say("out of memory");
}

void gw_burst_fini(struct gw_burst *burst)
{
	if (burst->buffer != NULL && burst->buffer != MAP_FAILED)
		munmap(burst->buffer, USHER_BURST_MAX * BUFFER_SIZE);
	free(burst->slot);
}

static uint8_t *buffer_of(const struct gw_burst *burst, uint32_t number)
{
	return burst->buffer + number * BUFFER_SIZE + GW_HEADROOM;
}

static const uint8_t *destination_of(const struct gw_look *look, const uint8_t *packet)
{
	return packet + (look->family == USHER_IPV4 ? 16 : 24);
}

static const uint8_t *source_of(const struct gw_look *look, const uint8_t *packet)
{
	return packet + (look->family == USHER_IPV4 ? 12 : 8);
}

/* Is it sent to an address that only NAT knows? */
static bool is_static(const struct gw_burst *burst, const struct gw_look *look, const uint8_t *packet)
{
	struct usher_endpoint endpoint = { .family = look->family };

	memcpy(endpoint.address, destination_of(look, packet), look->family == USHER_IPV4 ? 4 : 16);
	return gw_policy_is_static(burst->policy->config, &endpoint);
}

static const struct gw_route *route_to(struct gw_burst *burst, const struct gw_look *look, const uint8_t *address)
{
	return gw_route_find(burst->routes, look->family, address, burst->now);
}

/* ---- out ---- */

static bool write_frame(struct gw_burst *burst, const struct parcel *parcel, struct tap_meta meta)
{
	struct gw_head head = {
		.vnet = parcel->vnet,
		.meta = meta,
		.type = parcel->look.family == USHER_IPV4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6,
	};
	bool good = parcel->room ? gw_tap_write_in_place(burst->tap, parcel->data, parcel->len, &head) :
				   gw_tap_write(burst->tap, parcel->data, parcel->len, &head);

	burst->count[GW_COUNT_WRITE_FAILED] += !good;
	return good;
}

static void write_out(struct gw_burst *burst, const struct parcel *parcel, const struct gw_route *route)
{
	struct tap_meta meta = { .mark = { TAP_MARK_0, TAP_MARK_1 }, .what = TAP_OUT, .ifindex = route->index };

	memcpy(meta.hop, route->hop, sizeof(meta.hop));
	if (!write_frame(burst, parcel, meta))
		return;
	burst->count[GW_COUNT_OUT]++;
	burst->count[GW_COUNT_OUT_BYTES] += parcel->len;
}

/* An error to the sender of `packet`, of which `len` bytes are there as it sent them, from the interface where it came in. */
static void answer(struct gw_burst *burst, enum gw_error kind, uint32_t mtu, const uint8_t *packet, uint32_t len, uint32_t ingress)
{
	uint8_t error[GW_ERROR_MAX];
	struct parcel parcel = { .data = error };
	const struct gw_address *source;
	const struct gw_route *route;
	struct gw_look look;

	/* Of a quote the rest is missing: what is there is known to be an IP packet's beginning. */
	(void)gw_look(&look, packet, len);
	route = route_to(burst, &look, source_of(&look, packet));
	source = gw_net_source(burst->net, ingress, look.family);
	if (route->kind != GW_ROUTE_OUT || gw_net_port(burst->net, route->index) == NULL || source == NULL ||
	    !gw_error_allowed(&look, packet, len) || !gw_error_admit(&burst->limit, burst->now)) {
		burst->count[GW_COUNT_ERRORS_SPARED]++;
		return;
	}
	parcel.len = gw_error_build(error, kind, mtu, source->endpoint.address, packet, len);
	parcel.look.family = look.family;
	burst->count[GW_COUNT_ERRORS]++;
	write_out(burst, &parcel, route);
}

/* The same about a packet that the engine has seen: about what was kept of it. */
static void answer_slot(struct gw_burst *burst, enum gw_error kind, uint32_t mtu, const struct gw_slot *slot)
{
	if (slot != NULL && slot->quote_len != 0)
		answer(burst, kind, mtu, slot->quote, slot->quote_len, slot->head.meta.ifindex);
	else
		burst->count[GW_COUNT_ERRORS_SPARED]++;
}

static void send_fragments(struct gw_burst *burst, struct parcel *parcel, uint32_t most, const struct gw_route *route)
{
	const struct usher_packet packet = { .data = parcel->data, .len = parcel->len };
	uint8_t piece[GW_PACKET_MAX];
	struct parcel fragment = { .data = piece, .look = parcel->look };
	uint32_t position = 0, id = burst->fragment_id++;

	if (parcel->vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		uint32_t start = parcel->vnet.csum_start;

		if (start < GW_ETHERNET ||
		    !gw_finish_checksum(parcel->data, parcel->len, start - GW_ETHERNET, parcel->vnet.csum_offset)) {
			burst->count[GW_COUNT_SHORT]++;
			return;
		}
	}
	while ((fragment.len = usher_fragment(&packet, most, id, &position, piece)) != 0) {
		burst->count[GW_COUNT_FRAGMENTS]++;
		write_out(burst, &fragment, route);
	}
}

/*
 * A TCP packet of the engine's own, or a super-packet without DF, longer than the link's MTU: the kernel cuts it into segments
 * that fit.
 * false: it is none of these.
 */
static bool make_segments(struct parcel *parcel, uint32_t mtu)
{
	uint32_t headers = gw_tcp_headers(&parcel->look, parcel->data, parcel->len), transport = parcel->look.transport;
	uint8_t *checksum = parcel->data + transport + 16;
	uint32_t sum;

	if (headers == 0 || headers + 8 > mtu || parcel->look.fragment)
		return false;
	if (!(parcel->vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) {
		sum = gw_sum_end(gw_sum_pseudo(parcel->data, &parcel->look, parcel->len - transport));
		put16(checksum, ~sum & 0xffff);
	}
	parcel->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	parcel->vnet.csum_start = (uint16_t)(GW_ETHERNET + transport);
	parcel->vnet.csum_offset = 16;
	parcel->vnet.hdr_len = (uint16_t)(GW_ETHERNET + headers);
	parcel->vnet.gso_size = (uint16_t)(mtu - headers);
	if (parcel->vnet.gso_type == VIRTIO_NET_HDR_GSO_NONE)
		parcel->vnet.gso_type =
			parcel->look.family == USHER_IPV4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	return true;
}

/* The longest packet that will be on the wire. */
static uint32_t longest(const struct parcel *parcel)
{
	uint32_t headers;

	if (parcel->vnet.gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return parcel->len;
	headers = gw_tcp_headers(&parcel->look, parcel->data, parcel->len);
	return headers != 0 && headers + parcel->vnet.gso_size < parcel->len ? headers + parcel->vnet.gso_size : parcel->len;
}

/* Too long for the link. `slot` NULL: it is the engine's own. */
static void send_too_big(struct gw_burst *burst, const struct gw_slot *slot, struct parcel *parcel, const struct gw_route *route)
{
	bool whole = parcel->vnet.gso_type == VIRTIO_NET_HDR_GSO_NONE;

	if ((slot == NULL || (!whole && !parcel->look.dont_fragment)) && make_segments(parcel, route->mtu)) {
		write_out(burst, parcel, route);
	} else if (whole && !parcel->look.dont_fragment) {
		send_fragments(burst, parcel, route->mtu, route);
	} else {
		burst->count[GW_COUNT_TOO_BIG]++;
		answer_slot(burst, GW_ERROR_TOO_BIG, route->mtu, slot);
	}
}

/* As it came, in fragments: no longer ones than its sender chose, and none that are longer than the link allows. */
static void send_whole(struct gw_burst *burst, const struct gw_slot *slot, struct parcel *parcel, const struct gw_route *route)
{
	if (parcel->fragment_size > route->mtu && parcel->look.dont_fragment) {
		burst->count[GW_COUNT_TOO_BIG]++;
		answer_slot(burst, GW_ERROR_TOO_BIG, route->mtu, slot);
		return;
	}
	send_fragments(burst, parcel, parcel->fragment_size < route->mtu ? parcel->fragment_size : route->mtu, route);
}

/* By the route of its destination. `slot` NULL: it is the engine's own. */
static void send_parcel(struct gw_burst *burst, const struct gw_slot *slot, struct parcel *parcel)
{
	const struct gw_route *route = route_to(burst, &parcel->look, destination_of(&parcel->look, parcel->data));

	if (route->kind != GW_ROUTE_OUT) {
		burst->count[GW_COUNT_NO_ROUTE]++;
		answer_slot(burst, GW_ERROR_NO_ROUTE, 0, slot);
	} else if (gw_net_port(burst->net, route->index) == NULL) {
		burst->count[GW_COUNT_NO_PORT]++;
	} else if (parcel->look.hops <= 1) {
		burst->count[GW_COUNT_HOPS]++;
		answer_slot(burst, GW_ERROR_HOPS, 0, slot);
	} else {
		struct gw_route copy = *route; /* an error about this packet asks for another route */

		gw_hop(parcel->data);
		if (parcel->fragment_size != 0 && parcel->len > parcel->fragment_size)
			send_whole(burst, slot, parcel, &copy);
		else if (longest(parcel) > copy.mtu)
			send_too_big(burst, slot, parcel, &copy);
		else
			write_out(burst, parcel, &copy);
	}
}

/* As it came, to the machine itself. */
static void send_local(struct gw_burst *burst, const struct gw_slot *slot, uint8_t *data, uint32_t len)
{
	const struct tap_meta meta = { .mark = { TAP_MARK_0, TAP_MARK_1 }, .what = TAP_LOCAL, .ifindex = slot->head.meta.ifindex };
	struct parcel parcel = { .data = data, .len = len, .vnet = slot->head.vnet };

	parcel.look.family = data[0] >> 4;
	burst->count[GW_COUNT_LOCAL] += write_frame(burst, &parcel, meta);
}

/* ---- in ---- */

/*
 * The ways that lead past the engine. true: the packet was dealt with. Only what is not addressed to the machine: what is may be
 * translated, and then another destination counts.
 */
static bool settle(struct gw_burst *burst, const struct gw_slot *slot, uint8_t *data, const struct gw_look *look)
{
	uint32_t ingress = slot->head.meta.ifindex;
	const struct gw_route *route;
	enum gw_error kind;

	if (slot->head.meta.flags & TAP_OWN ||
	    gw_policy_in_pool(burst->policy->config, look->family, destination_of(look, data)))
		return false;
	if (gw_is_martian(look, data)) {
		burst->count[GW_COUNT_MARTIAN]++;
		return true;
	}
	route = route_to(burst, look, destination_of(look, data));
	if (route->kind != GW_ROUTE_OUT && is_static(burst, look, data))
		return false;
	if (route->kind == GW_ROUTE_LOCAL) {
		send_local(burst, slot, data, look->len);
		return true;
	}
	if (route->kind == GW_ROUTE_OUT) {
		if (look->hops > 1)
			return false;
		burst->count[GW_COUNT_HOPS]++;
		answer(burst, GW_ERROR_HOPS, 0, data, look->len, ingress);
		return true;
	}
	burst->count[GW_COUNT_NO_ROUTE]++;
	if (route->kind == GW_ROUTE_HOLE)
		return true;
	kind = route->kind == GW_ROUTE_PROHIBITED ? GW_ERROR_PROHIBITED : route->host ? GW_ERROR_NO_HOST : GW_ERROR_NO_ROUTE;
	answer(burst, kind, 0, data, look->len, ingress);
	return true;
}

/* Keep the beginning of what may need an error after the engine has changed it. */
static void keep_quote(struct gw_burst *burst, struct gw_slot *slot, const uint8_t *data, const struct gw_look *look)
{
	bool gso = slot->head.vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE;
	uint32_t length = look->len;

	slot->quote_len = 0;
	if (gso) {
		uint32_t headers = gw_tcp_headers(look, data, look->len);

		length = headers != 0 ? headers + slot->head.vnet.gso_size : look->len;
	}
	if (look->hops > 1 && length <= burst->net->least_mtu)
		return;
	slot->quote_len = look->len < GW_QUOTE_MAX ? look->len : GW_QUOTE_MAX;
	memcpy(slot->quote, data, slot->quote_len);
}

static uint8_t checksum_of(const struct virtio_net_hdr *vnet)
{
	if (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		return USHER_CHECKSUM_PARTIAL;
	return vnet->flags & VIRTIO_NET_HDR_F_DATA_VALID ? USHER_CHECKSUM_GOOD : USHER_CHECKSUM_UNKNOWN;
}

/* A frame that was read into the next place. It stays there if the engine is to see it. */
static void take(struct gw_burst *burst, size_t len)
{
	uint32_t number = burst->packet_count;
	struct gw_slot *slot = &burst->slot[number];
	const struct gw_head *head = &slot->head;
	uint8_t *data = buffer_of(burst, number);
	struct gw_look look;

	if (len == 0 || head->meta.mark[0] != TAP_MARK_0 || head->meta.mark[1] != TAP_MARK_1 || head->meta.what != TAP_ENGINE ||
	    gw_net_port(burst->net, head->meta.ifindex) == NULL) {
		burst->count[GW_COUNT_STRANGE]++;
		return;
	}
	burst->count[GW_COUNT_READ]++;
	burst->count[GW_COUNT_READ_BYTES] += len;
	burst->count[GW_COUNT_READ_GSO] += head->vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE;
	if (!gw_look(&look, data, (uint32_t)len)) {
		burst->count[GW_COUNT_SHORT]++;
		return;
	}
	if (settle(burst, slot, data, &look))
		return;
	keep_quote(burst, slot, data, &look);
	burst->packet[number] = (struct usher_packet){
		.data = data,
		.len = look.len, /* what Ethernet padded stays behind */
		.interface = head->meta.ifindex,
		.headroom = GW_HEADROOM - GW_HEAD,
		.tailroom = GW_TAILROOM,
		.gso_size = head->vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE ? head->vnet.gso_size : 0,
		.checksum = checksum_of(&head->vnet),
	};
	burst->packet_count++;
}

/* ---- verdicts ---- */

/* The ends of a packet as it came. */
static struct usher_tuple tuple_of(const struct gw_look *look, const uint8_t *packet)
{
	size_t size = look->family == USHER_IPV4 ? 4 : 16;
	struct usher_tuple tuple = { .protocol = look->protocol, .src.family = look->family, .dst.family = look->family };

	memcpy(tuple.src.address, source_of(look, packet), size);
	memcpy(tuple.dst.address, destination_of(look, packet), size);
	if (look->transport + 4u <= look->len) {
		tuple.src.key = get16(packet + look->transport);
		tuple.dst.key = get16(packet + look->transport + 2);
	}
	return tuple;
}

static void reset(struct gw_burst *burst, const uint8_t *packet, uint32_t len, const struct gw_look *look)
{
	const struct gw_route *route = route_to(burst, look, source_of(look, packet));
	uint8_t bytes[GW_RESET_MAX];
	struct parcel parcel = { .data = bytes };

	if (route->kind == GW_ROUTE_OUT && gw_net_port(burst->net, route->index) != NULL &&
	    gw_error_admit(&burst->limit, burst->now))
		parcel.len = gw_reset_build(bytes, packet, len);
	if (parcel.len == 0) {
		burst->count[GW_COUNT_ERRORS_SPARED]++;
		return;
	}
	parcel.look.family = look->family;
	burst->count[GW_COUNT_RESETS]++;
	write_out(burst, &parcel, route);
}

/* A rule refused this new connection: whoever began it is told, if the rule says so. false: no rule did. */
static bool is_ruled_out(struct gw_burst *burst, const struct gw_slot *slot, const struct usher_packet *packet)
{
	const struct gw_refusal *refusal;
	struct usher_tuple tuple;
	struct gw_look look;

	if (packet->reason != USHER_REASON_POLICY || burst->policy->refusal_count == 0 ||
	    !gw_look(&look, packet->data, packet->len))
		return false;
	tuple = tuple_of(&look, packet->data);
	refusal = gw_policy_refusal(burst->policy, &tuple);
	if (refusal != NULL && refusal->told && look.protocol == USHER_TCP)
		reset(burst, packet->data, packet->len, &look);
	else if (refusal != NULL && refusal->told)
		answer(burst, GW_ERROR_PROHIBITED, 0, packet->data, packet->len, slot->head.meta.ifindex);
	return refusal != NULL;
}

/*
 * The engine has no use for a packet to the machine itself: is it the machine's own? Not what its connection refused: that would
 * have the stack answer for a connection that it does not know.
 */
static bool is_local(const struct gw_burst *burst, const struct gw_slot *slot, const struct usher_packet *packet)
{
	struct gw_look look;

	if (!(slot->head.meta.flags & TAP_OWN) || !gw_look(&look, packet->data, packet->len) ||
	    is_static(burst, &look, packet->data))
		return false;
	return packet->reason == USHER_REASON_POLICY || packet->reason == USHER_REASON_ICMP_TYPE ||
	       packet->reason == USHER_REASON_ICMP_QUOTE || packet->reason == USHER_REASON_ICMP_CONTROL ||
	       packet->reason == USHER_REASON_NAT_UNASKED;
}

static void pass(struct gw_burst *burst, const struct gw_slot *slot, const struct usher_packet *packet)
{
	struct parcel parcel = { .data = packet->data, .len = packet->len };

	if (packet->checksum == USHER_CHECKSUM_PARTIAL)
		parcel.vnet = slot->head.vnet;
	if (packet->flags & USHER_PACKET_WHOLE)
		parcel.fragment_size = packet->fragment_size;
	else
		parcel.room = true; /* the engine was not told of so much headroom */
	if (gw_look(&parcel.look, packet->data, packet->len))
		send_parcel(burst, slot, &parcel);
	else
		burst->count[GW_COUNT_SHORT]++;
}

static void obey(struct gw_burst *burst, const struct gw_slot *slot, const struct usher_packet *packet)
{
	if (packet->verdict == USHER_TAKEN) {
		burst->count[GW_COUNT_TAKEN]++;
	} else if (packet->verdict == USHER_ACCEPT && packet->state != USHER_UNTRACKED && packet->state != USHER_INVALID) {
		pass(burst, slot, packet);
	} else if (is_ruled_out(burst, slot, packet)) {
		burst->count[GW_COUNT_DENIED]++;
	} else if (is_local(burst, slot, packet)) {
		send_local(burst, slot, packet->data, packet->len);
	} else if (packet->state == USHER_UNTRACKED) {
		burst->count[GW_COUNT_UNTRACKED]++;
	} else {
		burst->count[GW_COUNT_DENIED]++;
	}
}

static void send_emitted(struct gw_burst *burst, const struct usher_packet *packet)
{
	struct parcel parcel = { .data = packet->data, .len = packet->len };

	burst->count[GW_COUNT_EMITTED]++;
	if (gw_look(&parcel.look, packet->data, packet->len))
		send_parcel(burst, NULL, &parcel);
	else
		burst->count[GW_COUNT_SHORT]++;
}

/* In order: each packet that the engine sends of its own has its place in the burst. */
static void obey_all(struct gw_burst *burst)
{
	struct usher_packet emitted;
	bool more = usher_emit(burst->worker, &emitted);

	for (uint32_t i = 0; i <= burst->packet_count; i++) {
		while (more && (emitted.place <= i || i == burst->packet_count)) {
			send_emitted(burst, &emitted);
			more = usher_emit(burst->worker, &emitted);
		}
		if (i < burst->packet_count)
			obey(burst, &burst->slot[i], &burst->packet[i]);
	}
}

uint32_t gw_burst_run(struct gw_burst *burst, usher_time now)
{
	uint32_t reads;

	burst->now = now;
	burst->packet_count = 0;
	for (reads = 0; reads < USHER_BURST_MAX; reads++) {
		struct gw_slot *slot = &burst->slot[burst->packet_count];
		ssize_t len = gw_tap_read(burst->tap, buffer_of(burst, burst->packet_count), GW_PACKET_MAX, &slot->head);

		if (len < 0)
			break;
		take(burst, (size_t)len);
	}
	if (burst->packet_count > 0) {
		burst->count[GW_COUNT_BURSTS]++;
		burst->policy->refusal_count = 0;
		usher_process(burst->worker, burst->packet, burst->packet_count, now);
		obey_all(burst);
		gw_log_flush(burst->policy->log);
	}
	return reads;
}

void gw_burst_flush(struct gw_burst *burst, usher_time now)
{
	burst->now = now;
	burst->packet_count = 0;
	obey_all(burst);
}
