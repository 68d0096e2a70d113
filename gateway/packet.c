/*
 * See packet.h.
 */
#include "gateway/packet.h"

#include <string.h>

#include "gateway/bytes.h"

#define IPV4_HEADER    20u
#define IPV6_HEADER    40u
#define DONT_FRAGMENT  0x4000u
#define MORE_FRAGMENTS 0x2000u
#define OFFSET_MASK    0x1fffu
#define EXTENSIONS_MAX 8u

#define NEXT_HOP_BY_HOP  0
#define NEXT_ROUTING     43
#define NEXT_FRAGMENT    44
#define NEXT_AUTH        51
#define NEXT_DESTINATION 60
#define NEXT_MOBILITY    135

static bool look_ipv4(struct gw_look *look, const uint8_t *packet, uint32_t len)
{
	uint32_t head = (packet[0] & 0xfu) * 4, where = get16(packet + 6);

	look->len = get16(packet + 2);
	look->transport = (uint16_t)head;
	look->protocol = packet[9];
	look->hops = packet[8];
	look->dont_fragment = (where & DONT_FRAGMENT) != 0;
	look->fragment = (where & (MORE_FRAGMENTS | OFFSET_MASK)) != 0;
	look->later = (where & OFFSET_MASK) != 0;
	return head >= IPV4_HEADER && look->len >= head && look->len <= len;
}

/* Follow extension headers to the transport, or as far as they are there. */
static void follow_extensions(struct gw_look *look, const uint8_t *packet, uint32_t len)
{
	uint32_t at = IPV6_HEADER, size;

	for (uint32_t i = 0; i < EXTENSIONS_MAX && at + 8 <= len; i++) {
		const uint8_t *head = packet + at;

		switch (look->protocol) {
		case NEXT_HOP_BY_HOP:
		case NEXT_ROUTING:
		case NEXT_DESTINATION:
		case NEXT_MOBILITY: size = 8 + head[1] * 8u; break;
		case NEXT_AUTH: size = 8 + head[1] * 4u; break;
		case NEXT_FRAGMENT:
			size = 8;
			look->fragment = true;
			look->later = (get16(head + 2) & 0xfff8) != 0;
			break;
		default: return;
		}
		if (at + size > len)
			return;
		look->protocol = head[0];
		at += size;
		look->transport = (uint16_t)at;
		if (look->later)
			return;
	}
}

static bool look_ipv6(struct gw_look *look, const uint8_t *packet, uint32_t len)
{
	uint32_t payload = get16(packet + 4);

	look->len = payload != 0 ? payload + IPV6_HEADER : len;
	look->transport = IPV6_HEADER;
	look->protocol = packet[6];
	look->hops = packet[7];
	look->dont_fragment = true;
	follow_extensions(look, packet, look->len < len ? look->len : len);
	return look->len <= len;
}

bool gw_look(struct gw_look *look, const uint8_t *packet, uint32_t len)
{
	*look = (struct gw_look){ 0 };
	if (len < IPV4_HEADER)
		return false;
	look->family = packet[0] >> 4;
	if (look->family == USHER_IPV4)
		return look_ipv4(look, packet, len);
	return look->family == USHER_IPV6 && len >= IPV6_HEADER && look_ipv6(look, packet, len);
}

static bool is_strange_ipv4(const uint8_t *address)
{
	return address[0] == 0 || address[0] == 127 || address[0] >= 224 || (address[0] == 169 && address[1] == 254);
}

static bool is_strange_ipv6(const uint8_t *address)
{
	static const uint8_t none[15];

	return address[0] == 0xff || (address[0] == 0xfe && (address[1] & 0xc0) == 0x80) ||
	       (memcmp(address, none, sizeof(none)) == 0 && address[15] <= 1);
}

bool gw_is_martian(const struct gw_look *look, const uint8_t *packet)
{
	if (look->family == USHER_IPV4)
		return is_strange_ipv4(packet + 12) || is_strange_ipv4(packet + 16);
	return is_strange_ipv6(packet + 8) || is_strange_ipv6(packet + 24);
}

uint64_t gw_sum(const uint8_t *bytes, uint32_t len, uint64_t sum)
{
	uint32_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += get16(bytes + i);
	return i < len ? sum + ((uint64_t)bytes[i] << 8) : sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t gw_sum_end(uint64_t sum)
{
	return (uint16_t)~fold(sum);
}

uint64_t gw_sum_pseudo(const uint8_t *packet, const struct gw_look *look, uint32_t len)
{
	uint64_t sum = (uint64_t)look->protocol + len;

	return look->family == USHER_IPV4 ? gw_sum(packet + 12, 8, sum) : gw_sum(packet + 8, 32, sum);
}

void gw_hop(uint8_t *packet)
{
	uint32_t sum;

	if (packet[0] >> 4 == USHER_IPV6) {
		packet[7]--;
		return;
	}
	packet[8]--;
	/* RFC 1624: the word of TTL and protocol became less by 0x0100, so the complemented sum becomes more by it. */
	sum = get16(packet + 10) + 0x100u;
	put16(packet + 10, (sum & 0xffff) + (sum >> 16));
}

bool gw_finish_checksum(uint8_t *packet, uint32_t len, uint32_t start, uint32_t offset)
{
	uint16_t sum;

	if (start > len || offset + 2 > len - start)
		return false;
	/* The field has the pseudo header's sum already. 0 would mean "no checksum" to UDP, and 0xffff is the same number. */
	sum = gw_sum_end(gw_sum(packet + start, len - start, 0));
	put16(packet + start + offset, sum == 0 ? 0xffff : sum);
	return true;
}

uint32_t gw_tcp_headers(const struct gw_look *look, const uint8_t *packet, uint32_t len)
{
	uint32_t size;

	if (look->protocol != USHER_TCP || look->later || look->transport + 20u > len)
		return 0;
	size = (packet[look->transport + 12u] >> 4) * 4u;
	return size >= 20 && look->transport + size <= len ? look->transport + size : 0;
}
