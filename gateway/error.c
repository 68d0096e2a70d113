/*
 * See error.h.
 */
#include "gateway/error.h"

#include <string.h>

#include "gateway/bytes.h"

#define ERROR_BURST      50u
#define ERRORS_A_SECOND  1000u
#define ERROR_COST       (USHER_SECOND / ERRORS_A_SECOND)

#define IPV4_ERROR_MAX   576u /* RFC 1812 4.3.2.3 */
#define IPV4_HEADER      20u
#define IPV6_HEADER      40u
#define ICMP_HEADER      8u
#define TCP_HEADER       20u
#define TCP_FIN          0x01
#define TCP_SYN          0x02
#define TCP_RST          0x04
#define TCP_ACK          0x10
#define HOPS             64
#define PRECEDENCE       0xc0 /* internetwork control: RFC 1812 4.3.2.5 */

static const struct {
	uint8_t type, code;
} code_ipv4[GW_ERROR_KINDS] = {
	[GW_ERROR_HOPS] = { 11, 0 },
	[GW_ERROR_TOO_BIG] = { 3, 4 },
	[GW_ERROR_NO_ROUTE] = { 3, 0 },
	[GW_ERROR_NO_HOST] = { 3, 1 },
	[GW_ERROR_PROHIBITED] = { 3, 13 },
}, code_ipv6[GW_ERROR_KINDS] = {
	[GW_ERROR_HOPS] = { 3, 0 },
	[GW_ERROR_TOO_BIG] = { 2, 0 },
	[GW_ERROR_NO_ROUTE] = { 1, 0 },
	[GW_ERROR_NO_HOST] = { 1, 3 },
	[GW_ERROR_PROHIBITED] = { 1, 1 },
};

/* An error about an error could go on for ever. What is cut before its type might be one. */
static bool is_icmp_error(const struct gw_look *look, const uint8_t *packet, uint32_t len)
{
	uint8_t type;

	if (look->protocol != (look->family == USHER_IPV4 ? USHER_ICMP : USHER_ICMPV6))
		return false;
	if (look->later || look->transport >= len)
		return true;
	type = packet[look->transport];
	if (look->family == USHER_IPV6)
		return type < 128 || type == 137;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

bool gw_error_allowed(const struct gw_look *look, const uint8_t *packet, uint32_t len)
{
	return !look->later && !is_icmp_error(look, packet, len) && !gw_is_martian(look, packet);
}

bool gw_error_admit(struct gw_error_limit *limit, usher_time now)
{
	usher_time passed = now > limit->last ? now - limit->last : 0;

	if (limit->last == 0 || passed > ERROR_BURST * ERROR_COST)
		passed = ERROR_BURST * ERROR_COST;
	limit->last = now > limit->last ? now : limit->last;
	limit->credit += passed;
	if (limit->credit > ERROR_BURST * ERROR_COST)
		limit->credit = ERROR_BURST * ERROR_COST;
	if (limit->credit < ERROR_COST)
		return false;
	limit->credit -= ERROR_COST;
	return true;
}

/* An IPv4 header for `len` bytes behind it. Addresses are 4 bytes. */
static uint32_t head_ipv4(uint8_t *out, const uint8_t *source, const uint8_t *destination, uint8_t protocol, uint32_t len)
{
	memset(out, 0, IPV4_HEADER);
	out[0] = 0x45;
	put16(out + 2, IPV4_HEADER + len);
	out[8] = HOPS;
	out[9] = protocol;
	memcpy(out + 12, source, 4);
	memcpy(out + 16, destination, 4);
	return IPV4_HEADER;
}

static uint32_t head_ipv6(uint8_t *out, const uint8_t *source, const uint8_t *destination, uint8_t protocol, uint32_t len)
{
	memset(out, 0, IPV6_HEADER);
	out[0] = 0x60;
	put16(out + 4, len);
	out[6] = protocol;
	out[7] = HOPS;
	memcpy(out + 8, source, 16);
	memcpy(out + 24, destination, 16);
	return IPV6_HEADER;
}

static void finish_ipv4(uint8_t *out)
{
	put16(out + 10, gw_sum_end(gw_sum(out, IPV4_HEADER, 0)));
}

uint32_t gw_error_build(uint8_t *out, enum gw_error kind, uint32_t mtu, const uint8_t *source, const uint8_t *packet,
			uint32_t len)
{
	bool ipv4 = packet[0] >> 4 == USHER_IPV4;
	uint32_t header = ipv4 ? IPV4_HEADER : IPV6_HEADER;
	uint32_t most = (ipv4 ? IPV4_ERROR_MAX : GW_ERROR_MAX) - header - ICMP_HEADER, quoted = len < most ? len : most, size;
	uint8_t *icmp = out + header;
	uint64_t sum = 0;

	if (ipv4) {
		size = head_ipv4(out, source, packet + 12, USHER_ICMP, ICMP_HEADER + quoted);
		out[1] = PRECEDENCE;
		finish_ipv4(out);
	} else {
		size = head_ipv6(out, source, packet + 8, USHER_ICMPV6, ICMP_HEADER + quoted);
	}
	size += ICMP_HEADER + quoted;
	memset(icmp, 0, ICMP_HEADER);
	icmp[0] = ipv4 ? code_ipv4[kind].type : code_ipv6[kind].type;
	icmp[1] = ipv4 ? code_ipv4[kind].code : code_ipv6[kind].code;
	if (kind == GW_ERROR_TOO_BIG)
		put32(icmp + 4, mtu); /* IPv4: 16 bits behind 16 that are 0, and an MTU has no more */
	memcpy(icmp + ICMP_HEADER, packet, quoted);
	if (!ipv4) {
		struct gw_look look = { .family = USHER_IPV6, .protocol = USHER_ICMPV6 };

		sum = gw_sum_pseudo(out, &look, size - IPV6_HEADER);
	}
	put16(icmp + 2, gw_sum_end(gw_sum(icmp, size - header, sum)));
	return size;
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

uint32_t gw_reset_build(uint8_t *out, const uint8_t *packet, uint32_t len)
{
	struct gw_look look;
	uint32_t header, headers, acknowledged;
	const uint8_t *from;
	uint8_t *tcp, flags;
	uint64_t sum;

	if (!gw_look(&look, packet, len))
		return 0;
	headers = gw_tcp_headers(&look, packet, len);
	from = packet + look.transport;
	if (headers == 0 || from[13] & TCP_RST)
		return 0;
	flags = from[13];
	header = look.family == USHER_IPV4 ? head_ipv4(out, packet + 16, packet + 12, USHER_TCP, TCP_HEADER)
					   : head_ipv6(out, packet + 24, packet + 8, USHER_TCP, TCP_HEADER);
	tcp = out + header;
	memset(tcp, 0, TCP_HEADER);
	put16(tcp, get16(from + 2));
	put16(tcp + 2, get16(from));
	tcp[12] = TCP_HEADER / 4 << 4;
	tcp[13] = TCP_RST;
	if (flags & TCP_ACK) {
		put32(tcp + 4, get32(from + 8));
	} else {
		acknowledged = get32(from + 4) + (look.len - headers) + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
		put32(tcp + 8, acknowledged);
		tcp[13] |= TCP_ACK;
	}
	if (look.family == USHER_IPV4)
		finish_ipv4(out);
	look = (struct gw_look){ .family = look.family, .protocol = USHER_TCP };
	sum = gw_sum_pseudo(out, &look, TCP_HEADER);
	put16(tcp + 16, gw_sum_end(gw_sum(tcp, TCP_HEADER, sum)));
	return header + TCP_HEADER;
}
