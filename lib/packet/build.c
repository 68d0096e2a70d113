/*
 * build: packets of our own. See build.h. Invariant: room is asked for once, before the first byte is written.
 */
#include "packet/build.h"

#include <string.h>

#include "packet/part.h"
#include "packet/wire.h"

#define IP_MOST        65535u
#define DONT_FRAGMENT  0x4000u
#define CONTROL        0xc0u /* class selector 6: RFC 1812 4.3.2.5 of ICMP errors, RFC 4594 3.1 */
#define ICMP_MOST      576u  /* RFC 1812 4.3.2.3 */
#define ICMPV6_MOST    1280u /* RFC 4443 2.4 (c) */
#define REDIRECT6      137u
#define QUOTE_LEAST    8u    /* bytes behind the quoted IP header, RFC 792 */

#define OPTIONS_TIMESTAMP 12u /* two NOPs in front: RFC 7323 appendix A */

struct ip {
	uint8_t family, protocol, tos, ttl;
	uint16_t id;       /* IPv4 */
	uint16_t fragment; /* IPv4 */
	const uint8_t *src, *dst;
};

static uint32_t ip_size(uint8_t family)
{
	return family == USHER_IPV4 ? sizeof(struct wire_ipv4) : sizeof(struct wire_ipv6);
}

/* The IP header in front of `len` bytes of transport. */
static void put_ip(uint8_t *to, const struct ip *ip, uint32_t len)
{
	struct wire_ipv4 *h4 = (struct wire_ipv4 *)(void *)to;
	struct wire_ipv6 *h6 = (struct wire_ipv6 *)(void *)to;

	memset(to, 0, ip_size(ip->family));
	if (ip->family == USHER_IPV6) {
		be32_put(&h6->version_class_flow, 6u << 28 | (uint32_t)ip->tos << 20);
		be16_put(&h6->payload, (uint16_t)len);
		h6->next = ip->protocol;
		h6->hops = ip->ttl;
		memcpy(h6->src, ip->src, sizeof(h6->src));
		memcpy(h6->dst, ip->dst, sizeof(h6->dst));
		return;
	}
	h4->version_ihl = 0x45;
	h4->tos = ip->tos;
	be16_put(&h4->total, (uint16_t)(sizeof(*h4) + len));
	be16_put(&h4->id, ip->id);
	be16_put(&h4->fragment, ip->fragment);
	h4->ttl = ip->ttl;
	h4->protocol = ip->protocol;
	memcpy(h4->src, ip->src, sizeof(h4->src));
	memcpy(h4->dst, ip->dst, sizeof(h4->dst));
	be16_put(&h4->checksum, usher__csum_fold(usher__csum_add(0, to, sizeof(*h4))));
}

static void put_timestamps(uint8_t *at, uint32_t value, uint32_t echo)
{
	at[0] = at[1] = WIRE_TCP_NOP;
	at[2] = WIRE_TCP_TIMESTAMP;
	at[3] = 10;
	be32_write(at + 4, value);
	be32_write(at + 8, echo);
}

static void put_tcp(uint8_t *l4, const struct pkt_build_tcp *tcp, uint32_t header)
{
	struct wire_tcp *h = (struct wire_tcp *)(void *)l4;

	be16_put(&h->src, tcp->src_key);
	be16_put(&h->dst, tcp->dst_key);
	be32_put(&h->seq, tcp->seq);
	be32_put(&h->ack, tcp->ack);
	h->offset = (uint8_t)(header / 4 << 4);
	h->flags = tcp->tcp_flags;
	be16_put(&h->window, tcp->window);
	be16_put(&h->checksum, 0);
	be16_put(&h->urgent, tcp->urgent);
	if (tcp->timestamps)
		put_timestamps(l4 + sizeof(*h), tcp->ts_value, tcp->ts_echo);
	if (tcp->payload_len > 0)
		memcpy(l4 + header, tcp->payload, tcp->payload_len);
}

uint32_t usher__pkt_build_tcp(uint8_t *to, uint32_t room, const struct pkt_build_tcp *tcp)
{
	const struct ip ip = { .family = tcp->family, .protocol = USHER_TCP, .tos = tcp->tos, .ttl = tcp->ttl,
			       .id = tcp->id, .fragment = DONT_FRAGMENT, .src = tcp->src, .dst = tcp->dst };
	uint32_t header = (uint32_t)sizeof(struct wire_tcp) + (tcp->timestamps ? OPTIONS_TIMESTAMP : 0);
	uint32_t size = ip_size(tcp->family), most = IP_MOST - (tcp->family == USHER_IPV4 ? size : 0), len, sum;
	uint8_t *l4 = to + size;
	struct wire_tcp *h = (struct wire_tcp *)(void *)l4;

	if (tcp->payload_len > most - header)
		return 0;
	len = header + tcp->payload_len;
	if (room < size || len > room - size)
		return 0;
	put_ip(to, &ip, len);
	put_tcp(l4, tcp, header);
	sum = usher__csum_pseudo(tcp->family, to, USHER_TCP, len);
	be16_put(&h->checksum, usher__csum_fold(usher__csum_add(sum, l4, len)));
	return size + len;
}

/* RFC 1122 3.2.2: nobody, loopback, groups, class E and everybody are not one host. */
static bool is_answered4(const uint8_t *src, const uint8_t *dst)
{
	if (src[0] == 0 || src[0] == 127 || src[0] >= 224)
		return false;
	return (dst[0] & 0xf0) != 0xe0 && be32_read(dst) != 0xffffffffu && be32_read(dst) != 0;
}

/* RFC 4443 2.4 (e). */
static bool is_answered6(const uint8_t *src, const uint8_t *dst, const struct pkt_build_icmp *error)
{
	static const uint8_t nobody[16];
	bool to_many = (error->type == 2 && error->code == 0) || (error->type == 4 && error->code == 2);

	if (src[0] == 0xff || memcmp(src, nobody, sizeof(nobody)) == 0 || memcmp(dst, nobody, sizeof(nobody)) == 0)
		return false;
	return dst[0] != 0xff || to_many;
}

/*
 * Not an ICMP error, nor a redirect, nor a message of which that cannot be told. Of IPv4 only the queries are surely no
 * errors, of IPv6 all types from 128 on.
 */
static bool is_answered_icmp(const struct pkt *p, const uint8_t *data, uint32_t here)
{
	if (p->protocol != (p->family == USHER_IPV4 ? USHER_ICMP : USHER_ICMPV6))
		return true;
	if (here <= p->l4)
		return false;
	if (p->family == USHER_IPV4)
		return usher__pkt_icmp_is_query(p->family, data[p->l4]);
	return data[p->l4] >= 128 && data[p->l4] != REDIRECT6;
}

static bool is_answered(const struct pkt_build_icmp *error, const struct pkt *p, const uint8_t *data, uint32_t here)
{
	const uint8_t *src = data + PKT_SRC_OFFSET(p->family), *dst = data + PKT_DST_OFFSET(p->family);

	if (p->l4 == 0 || !is_answered_icmp(p, data, here))
		return false;
	if ((p->flags & PKT_FRAGMENT) && (usher__pkt_found(p, data) & PART_LATER))
		return false;
	return p->family == USHER_IPV4 ? is_answered4(src, dst) : is_answered6(src, dst, error);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t usher__pkt_build_icmp_error(uint8_t *to, uint32_t room, const struct pkt_build_icmp *error,
	const struct pkt *p, const uint8_t *data, uint32_t len)
{
	bool v4 = p->family == USHER_IPV4;
	const struct ip ip = { .family = p->family, .protocol = v4 ? USHER_ICMP : USHER_ICMPV6, .tos = CONTROL,
			       .ttl = error->ttl, .id = error->id, .src = error->src,
			       .dst = data + PKT_SRC_OFFSET(p->family) };
	uint32_t size = ip_size(p->family), head = size + (uint32_t)sizeof(struct wire_icmp);
	uint32_t here = least(len, p->ip_len), quote = least(here, (v4 ? ICMP_MOST : ICMPV6_MOST) - head), sum = 0;
	struct wire_icmp *h = (struct wire_icmp *)(void *)(to + size);

	if (!is_answered(error, p, data, here))
		return 0;
	if (room < head + least(quote, p->l4 + QUOTE_LEAST))
		return 0;
	quote = least(quote, room - head);
	len = (uint32_t)sizeof(*h) + quote;
	put_ip(to, &ip, len);
	h->type = error->type;
	h->code = error->code;
	be16_put(&h->checksum, 0);
	be32_write(&h->id, error->word);
	memcpy(to + head, data, quote);
	if (!v4)
		sum = usher__csum_pseudo(p->family, to, USHER_ICMPV6, len);
	be16_put(&h->checksum, usher__csum_fold(usher__csum_add(sum, to + size, len)));
	return size + len;
}
