/*
 * Fuzzes the decoder. Input: a byte of decode flags, two bytes by which the packet was longer on the wire (or, with
 * the byte's top bit, by how many it is cut), and the packet. What must hold of any bytes: see packet.h, and check()
 * below.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "packet/packet.h"

#define PREFIX 3u
#define CUT    0x80u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_inside(const struct pkt *p, uint32_t len)
{
	check(p->l4 <= p->payload && p->payload <= len);
	check(p->payload_have <= len - p->payload);
	check(p->payload_have <= p->payload_len);
	check(p->reason < USHER_REASON_COUNT);
	check((p->flags & ~0x7fu) == 0);
	check(p->family == 0 || p->family == USHER_IPV4 || p->family == USHER_IPV6);
	check(p->reason != USHER_REASON_IP_TRUNCATED || (p->flags & PKT_TRUNCATED));
	check((p->reason == USHER_REASON_FRAGMENT) <= ((p->flags & PKT_FRAGMENT) != 0));
	check(!(p->flags & PKT_ICMP_ERROR) || !(p->flags & PKT_FRAGMENT));
	check(!(p->flags & PKT_ONE_WAY) || p->key[0] == 0);
	if (p->reason == USHER_REASON_NONE)
		check(p->family != 0);
}

static void check_tcp(const uint8_t *tcp, uint32_t len)
{
	struct pkt_tcp_options options;
	struct pkt_tcp fields = usher__pkt_tcp(tcp);

	check(fields.header_len >= 20 && fields.header_len == len);
	usher__pkt_tcp_options(&options, tcp);
	check(options.scale <= 14 && options.sack_count <= 4);
}

static void check_quoted(const struct pkt *outer, const uint8_t *data, uint32_t len)
{
	struct pkt inner;
	uint32_t offset;
	bool told = usher__pkt_decode_quoted(&inner, outer, data, len, &offset);

	check(offset <= len);
	check_inside(&inner, len - offset);
	check(told == (inner.reason == USHER_REASON_NONE));
	if (!told)
		return;
	check(outer->flags & PKT_ICMP_ERROR);
	check(inner.family == outer->family && !(inner.flags & PKT_ICMP_ERROR));
	check(offset >= outer->l4 + 8);
	if (inner.protocol == USHER_TCP || inner.protocol == USHER_UDP)
		check(inner.payload >= inner.l4 + 8);
}

static void check_packet(const uint8_t *data, uint32_t len, uint32_t wire_len, unsigned flags)
{
	struct pkt p, again, long_way;

	memset(&p, 0xa5, sizeof(p));
	memset(&again, 0x5a, sizeof(again));
	memset(&long_way, 0, sizeof(long_way));
	usher__pkt_decode(&p, data, len, wire_len, flags);
	usher__pkt_decode(&again, data, len, wire_len, flags);
	usher__pkt_decode(&long_way, data, len, wire_len, flags | PKT_NO_SHORTCUT);
	check(memcmp(&p, &again, sizeof(p)) == 0);
	check(memcmp(&p, &long_way, sizeof(p)) == 0);
	check_inside(&p, len);
	check(p.ip_len <= wire_len);
	if (p.reason == USHER_REASON_NONE) {
		check(p.payload_len <= p.ip_len - p.payload);
		check((len < p.ip_len) == ((p.flags & PKT_TRUNCATED) != 0));
		if (p.protocol == USHER_TCP)
			check_tcp(data + p.l4, p.payload - p.l4);
	}
	check_quoted(&p, data, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t len, by;

	if (size < PREFIX || size > UINT32_MAX / 2)
		return 0;
	len = (uint32_t)(size - PREFIX);
	by = (uint32_t)data[1] << 8 | data[2];
	if (data[0] & CUT) {
		/* The bytes that the capture cut off are not to be read: they get an end of their own. */
		uint32_t here = by < len ? len - by : 0;
		uint8_t *copy = malloc(here ? here : 1);

		if (!copy)
			return 0;
		memcpy(copy, data + PREFIX, here);
		check_packet(copy, here, len, data[0] & 7u);
		free(copy);
	} else {
		check_packet(data + PREFIX, len, len + by, data[0] & 7u);
	}
	return 0;
}
