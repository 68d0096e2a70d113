/*
 * net: packets. Checksums are right, computed here and not by usher.
 */
#include "net.h"

#include <arpa/inet.h>

bool net_end_read(const char *text, struct usher_endpoint *e)
{
	bool ipv6 = *text == '[';
	const char *first = ipv6 ? text + 1 : text, *end = strchr(text, ipv6 ? ']' : ':'), *key;
	char address[64];
	size_t len = end ? (size_t)(end - first) : strlen(first);

	memset(e, 0, sizeof(*e));
	if ((ipv6 && !end) || len >= sizeof(address))
		return false;
	memcpy(address, first, len);
	address[len] = '\0';
	key = end && ipv6 ? end + 1 : end; /* at the colon */
	e->family = ipv6 ? USHER_IPV6 : USHER_IPV4;
	e->key = key && *key == ':' ? (uint32_t)strtoul(key + 1, NULL, 10) : 0;
	return inet_pton(ipv6 ? AF_INET6 : AF_INET, address, e->address) == 1;
}

struct usher_endpoint net_end(const char *text)
{
	struct usher_endpoint e;

	if (!net_end_read(text, &e))
		fail_msg("no address: %s", text);
	return e;
}

const char *net_end_text(const struct usher_endpoint *e, char text[80])
{
	char address[INET6_ADDRSTRLEN] = "*", key[16] = "*";

	if (e->family)
		inet_ntop(e->family == USHER_IPV6 ? AF_INET6 : AF_INET, e->address, address, sizeof(address));
	if (e->key)
		snprintf(key, sizeof(key), "%u", (unsigned)e->key);
	snprintf(text, 80, e->family == USHER_IPV6 ? "[%s]:%s" : "%s:%s", address, key);
	return text;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static uint32_t sum(uint32_t so_far, const uint8_t *data, uint32_t len)
{
	uint32_t i;

	for (i = 0; i + 1 < len; i += 2)
		so_far += (uint32_t)data[i] << 8 | data[i + 1];
	if (len & 1)
		so_far += (uint32_t)data[len - 1] << 8;
	return so_far;
}

static uint16_t fold(uint32_t value)
{
	while (value >> 16)
		value = (value & 0xffff) + (value >> 16);
	return (uint16_t)~value;
}

static uint32_t ip_header_len(const struct usher_endpoint *e)
{
	return e->family == USHER_IPV6 ? 40 : 20;
}

static void ip_header(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, uint8_t protocol,
		      uint32_t len)
{
	assert_int_equal(src->family, dst->family);
	memset(to, 0, ip_header_len(src));
	if (src->family == USHER_IPV6) {
		to[0] = 0x60;
		put16(to + 4, len);
		to[6] = protocol;
		to[7] = 64;
		memcpy(to + 8, src->address, 16);
		memcpy(to + 24, dst->address, 16);
		return;
	}
	to[0] = 0x45;
	put16(to + 2, 20 + len);
	to[6] = 0x40; /* may not be fragmented */
	to[8] = 64;
	to[9] = protocol;
	memcpy(to + 12, src->address, 4);
	memcpy(to + 16, dst->address, 4);
	put16(to + 10, fold(sum(0, to, 20)));
}

/* The checksum of `len` bytes of transport, its field being zero. */
static uint16_t transport_sum(const uint8_t *ip, uint8_t protocol, const uint8_t *l4, uint32_t len)
{
	uint32_t value = protocol + len;

	value = ip[0] >> 4 == 6 ? sum(value, ip + 8, 32) : sum(value, ip + 12, 8);
	return fold(sum(value, l4, len));
}

uint32_t net_tcp(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, const struct net_tcp *tcp)
{
	uint32_t ip = ip_header_len(src), header = tcp->flags & NET_SYN ? 28 : 20;
	uint8_t *l4 = to + ip;

	assert_true(ip + header + tcp->len <= NET_PACKET);
	ip_header(to, src, dst, USHER_TCP, header + tcp->len);
	memset(l4, 0, header);
	put16(l4, src->key);
	put16(l4 + 2, dst->key);
	put32(l4 + 4, tcp->seq);
	put32(l4 + 8, tcp->ack);
	l4[12] = (uint8_t)(header / 4 << 4);
	l4[13] = tcp->flags;
	put16(l4 + 14, tcp->zero_window ? 0 : tcp->window ? tcp->window : 65535);
	if (tcp->flags & NET_SYN) /* MSS 1460, SACK permitted */
		memcpy(l4 + 20, "\x02\x04\x05\xb4\x01\x01\x04\x02", 8);
	if (tcp->len)
		memcpy(l4 + header, tcp->data, tcp->len);
	put16(l4 + 16, transport_sum(to, USHER_TCP, l4, header + tcp->len));
	return ip + header + tcp->len;
}

uint32_t net_udp(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, const void *data, uint32_t len)
{
	uint32_t ip = ip_header_len(src);
	uint8_t *l4 = to + ip;
	uint16_t checksum;

	assert_true(ip + 8 + len <= NET_PACKET);
	ip_header(to, src, dst, USHER_UDP, 8 + len);
	put16(l4, src->key);
	put16(l4 + 2, dst->key);
	put16(l4 + 4, 8 + len);
	put16(l4 + 6, 0);
	if (len)
		memcpy(l4 + 8, data, len);
	checksum = transport_sum(to, USHER_UDP, l4, 8 + len);
	put16(l4 + 6, checksum ? checksum : 0xffff);
	return ip + 8 + len;
}

static void icmp_sum(uint8_t *packet, uint32_t ip, uint32_t len)
{
	uint8_t *l4 = packet + ip;

	put16(l4 + 2, 0);
	put16(l4 + 2, packet[0] >> 4 == 6 ? transport_sum(packet, USHER_ICMPV6, l4, len) : fold(sum(0, l4, len)));
}

uint32_t net_icmp(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, uint8_t type)
{
	uint32_t ip = ip_header_len(src), len = 8 + 24;
	uint8_t *l4 = to + ip;

	ip_header(to, src, dst, src->family == USHER_IPV6 ? USHER_ICMPV6 : USHER_ICMP, len);
	memset(l4, 0, len);
	l4[0] = type;
	put16(l4 + 4, src->key);
	put16(l4 + 6, 1);
	icmp_sum(to, ip, len);
	return ip + len;
}

uint32_t net_icmp_error(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, const uint8_t *quoted,
			uint32_t len)
{
	uint32_t ip = ip_header_len(src);
	uint8_t *l4 = to + ip;
	bool ipv6 = src->family == USHER_IPV6;

	if (len > 64)
		len = 64;
	ip_header(to, src, dst, ipv6 ? USHER_ICMPV6 : USHER_ICMP, 8 + len);
	memset(l4, 0, 8);
	l4[0] = ipv6 ? 1 : 3;
	l4[1] = ipv6 ? 4 : 3;
	memcpy(l4 + 8, quoted, len);
	icmp_sum(to, ip, 8 + len);
	return ip + 8 + len;
}

uint32_t net_gre(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, uint8_t version)
{
	uint32_t ip = ip_header_len(src), len = version ? 16 : 12;
	uint8_t *l4 = to + ip;

	ip_header(to, src, dst, USHER_GRE, len);
	memset(l4, 0, len);
	if (version) { /* RFC 2637 4.1: key, sequence; PPP of four bytes */
		put16(l4, 0x3001);
		put16(l4 + 2, 0x880b);
		put16(l4 + 4, 4);
		put16(l4 + 6, dst->key);
	} else { /* RFC 2890: key; IPv4 */
		put16(l4, 0x2000);
		put16(l4 + 2, 0x0800);
		put32(l4 + 4, dst->key);
	}
	return ip + len;
}

static uint32_t crc32c(const uint8_t *data, uint32_t len)
{
	uint32_t crc = 0xffffffff, i, bit;

	for (i = 0; i < len; i++) {
		crc ^= data[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

/* Ports, and behind a header of `size` bytes the data. */
static uint8_t *ported(uint8_t *to, const struct usher_endpoint *ends[2], uint8_t protocol, uint32_t size, const void *data, uint32_t len)
{
	uint8_t *l4 = to + ip_header_len(ends[0]);

	assert_true(ip_header_len(ends[0]) + size + len <= NET_PACKET);
	ip_header(to, ends[0], ends[1], protocol, size + len);
	memset(l4, 0, size);
	put16(l4, ends[0]->key);
	put16(l4 + 2, ends[1]->key);
	if (len)
		memcpy(l4 + size, data, len);
	return l4;
}

uint32_t net_sctp(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, uint32_t tag, const void *chunks,
		  uint32_t len)
{
	uint8_t *l4 = ported(to, (const struct usher_endpoint *[]){ src, dst }, 132, 12, chunks, len);
	uint32_t crc, i;

	put32(l4 + 4, tag);
	crc = crc32c(l4, 12 + len);
	for (i = 0; i < 4; i++)
		l4[8 + i] = (uint8_t)(crc >> 8 * i);
	return (uint32_t)(l4 - to) + 12 + len;
}

uint32_t net_udplite(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, const void *data, uint32_t len)
{
	uint8_t *l4 = ported(to, (const struct usher_endpoint *[]){ src, dst }, 136, 8, data, len);
	uint16_t value;

	put16(l4 + 4, 8);
	value = fold((uint32_t)(uint16_t)~transport_sum(to, 136, l4, 8) + len); /* the pseudo header counts all of it */
	put16(l4 + 6, value ? value : 0xffff);
	return (uint32_t)(l4 - to) + 8 + len;
}

uint32_t net_dccp(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, const void *data, uint32_t len)
{
	uint8_t *l4 = ported(to, (const struct usher_endpoint *[]){ src, dst }, 33, 16, data, len);

	l4[4] = 4;
	l4[8] = 2 << 1 | 1;
	put16(l4 + 6, transport_sum(to, 33, l4, 16 + len));
	return (uint32_t)(l4 - to) + 16 + len;
}

uint32_t net_other(uint8_t *to, const struct usher_endpoint *src, const struct usher_endpoint *dst, uint8_t protocol)
{
	uint32_t ip = ip_header_len(src);

	ip_header(to, src, dst, protocol, 16);
	memset(to + ip, 0x5a, 16);
	return ip + 16;
}

void net_fragment(uint8_t *packet, uint16_t offset, bool more)
{
	assert_int_equal(packet[0], 0x45);
	put16(packet + 6, (uint32_t)offset | (more ? 0x2000u : 0));
	put16(packet + 10, 0);
	put16(packet + 10, fold(sum(0, packet, 20)));
}

uint32_t net_random(uint64_t *seed, uint32_t limit)
{
	uint64_t z;

	*seed += 0x9e3779b97f4a7c15u; /* splitmix64 */
	z = *seed;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32) % limit;
}

void net_masquerade(struct usher_decision *decision, const char *address)
{
	struct usher_endpoint to = net_end(address);

	decision->source.family = USHER_IPV4;
	memcpy(decision->source.first, to.address, 4);
	memcpy(decision->source.last, to.address, 4);
}
