/*
 * sim/wire: see wire.h.
 */
#include "tests/sim/wire.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- bytes ---- */

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

/* The sum of RFC 1071 over `len` bytes, not yet folded; the machine's byte order does not matter to it until it is stored. */
static uint64_t sum_of(const uint8_t *p, uint32_t len, uint64_t sum)
{
	uint32_t word;
	uint16_t half;

	for (; len >= 4; len -= 4, p += 4) {
		memcpy(&word, p, 4);
		sum += word;
	}
	if (len >= 2) {
		memcpy(&half, p, 2);
		sum += half;
		len -= 2;
		p += 2;
	}
	if (len) {
		uint8_t last[2] = { *p, 0 };

		memcpy(&half, last, 2);
		sum += half;
	}
	return sum;
}

static uint16_t folded(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint64_t pseudo_of(const struct wire *w, uint32_t len)
{
	uint8_t tail[8] = { 0 };
	uint32_t size = w->src.family == USHER_IPV4 ? 4 : 16;

	put32(tail, len);
	tail[7] = w->protocol;
	return sum_of(tail, 8, sum_of(w->src.address, size, sum_of(w->dst.address, size, 0)));
}

static void store_sum(uint8_t *at, uint64_t sum)
{
	uint16_t value = folded(sum);

	memcpy(at, &value, 2);
}

/* ---- addresses ---- */

bool same_address(const struct usher_endpoint *a, const struct usher_endpoint *b)
{
	return a->family == b->family && !memcmp(a->address, b->address, 16);
}

bool same_endpoint(const struct usher_endpoint *a, const struct usher_endpoint *b)
{
	return a->key == b->key && same_address(a, b);
}

static char *next_text(void)
{
	static char text[8][80];
	static unsigned turn;

	return text[turn++ % 8];
}

const char *address_text(const struct usher_endpoint *e)
{
	char *text = next_text();

	if (!e->family || !inet_ntop(e->family == USHER_IPV4 ? AF_INET : AF_INET6, e->address, text, 80))
		return "*";
	return text;
}

const char *endpoint_text(const struct usher_endpoint *e)
{
	char *text = next_text();

	snprintf(text, 80, e->family == USHER_IPV6 ? "[%s]:%u" : "%s:%u", address_text(e), e->key);
	return text;
}

struct usher_endpoint endpoint_of(const char *address, uint32_t key)
{
	struct usher_endpoint e = { .key = key };

	e.family = strchr(address, ':') ? USHER_IPV6 : USHER_IPV4;
	if (inet_pton(e.family == USHER_IPV4 ? AF_INET : AF_INET6, address, e.address) != 1) {
		fprintf(stderr, "no address: %s\n", address);
		abort();
	}
	return e;
}

/* ---- writing ---- */

static uint32_t tcp_options(uint8_t *o, const struct wire_tcp *t)
{
	uint8_t *at = o;

	if (t->mss) {
		put32(at, 2u << 24 | 4u << 16 | t->mss);
		at += 4;
	}
	if (t->scale != 0xff && t->flags & SYN) {
		put32(at, 1u << 24 | 3u << 16 | 3u << 8 | t->scale);
		at += 4;
	}
	if (t->sack_ok) {
		put32(at, 0x01010402u);
		at += 4;
	}
	if (t->stamped) {
		put32(at, 0x0101080au);
		put32(at + 4, t->value);
		put32(at + 8, t->echo);
		at += 12;
	}
	if (t->sack_count) {
		put32(at, 0x01010500u | (2u + 8u * t->sack_count));
		at += 4;
		for (uint32_t i = 0; i < t->sack_count; i++, at += 8) {
			put32(at, t->sack[i].from);
			put32(at + 4, t->sack[i].to);
		}
	}
	return (uint32_t)(at - o);
}

/* Nothing may lie nowhere. */
static void put_bytes(uint8_t *to, const void *data, uint32_t len)
{
	if (len)
		memcpy(to, data, len);
}

static uint32_t write_tcp(uint8_t *to, const struct wire *w)
{
	const struct wire_tcp *t = &w->tcp;
	uint32_t head = 20 + tcp_options(to + 20, t);

	put16(to, w->src.key);
	put16(to + 2, w->dst.key);
	put32(to + 4, t->seq);
	put32(to + 8, t->ack);
	to[12] = (uint8_t)(head / 4 << 4);
	to[13] = t->flags;
	put16(to + 14, t->window);
	put16(to + 16, 0);
	put16(to + 18, t->urgent);
	put_bytes(to + head, w->data, w->len);
	store_sum(to + 16, sum_of(to, head + w->len, pseudo_of(w, head + w->len)));
	return head + w->len;
}

static uint32_t write_udp(uint8_t *to, const struct wire *w)
{
	put16(to, w->src.key);
	put16(to + 2, w->dst.key);
	put16(to + 4, 8 + w->len);
	put16(to + 6, 0);
	put_bytes(to + 8, w->data, w->len);
	store_sum(to + 6, sum_of(to, 8 + w->len, pseudo_of(w, 8 + w->len)));
	if (!to[6] && !to[7])
		put16(to + 6, 0xffff);
	return 8 + w->len;
}

static uint32_t write_gre(uint8_t *to, const struct wire *w)
{
	const struct wire_gre *g = &w->gre;
	uint8_t *at = to + 8;

	put16(to, 0x2001u | (g->has_seq ? 0x1000u : 0) | (g->has_ack ? 0x80u : 0));
	put16(to + 2, 0x880b);
	put16(to + 4, w->len);
	put16(to + 6, w->dst.key);
	if (g->has_seq) {
		put32(at, g->seq);
		at += 4;
	}
	if (g->has_ack) {
		put32(at, g->ack);
		at += 4;
	}
	put_bytes(at, w->data, w->len);
	return (uint32_t)(at - to) + w->len;
}

static uint32_t write_icmp(uint8_t *to, const struct wire *w)
{
	const struct wire_icmp *i = &w->icmp;

	to[0] = i->type;
	to[1] = i->code;
	put16(to + 2, 0);
	put32(to + 4, i->mtu);
	memcpy(to + 8, i->quote, i->quote_len);
	store_sum(to + 2, sum_of(to, 8 + i->quote_len, w->src.family == USHER_IPV6 ? pseudo_of(w, 8 + i->quote_len) : 0));
	return 8 + i->quote_len;
}

static uint32_t write_payload(uint8_t *to, const struct wire *w)
{
	switch (w->protocol) {
	case USHER_TCP: return write_tcp(to, w);
	case USHER_UDP: return write_udp(to, w);
	case USHER_GRE: return write_gre(to, w);
	default: return write_icmp(to, w);
	}
}

uint32_t wire_write(uint8_t *to, const struct wire *w)
{
	bool ipv6 = w->src.family == USHER_IPV6;
	uint32_t head = ipv6 ? 40 : 20, len = write_payload(to + head, w);

	if (ipv6) {
		put32(to, 6u << 28);
		put16(to + 4, len);
		to[6] = w->protocol;
		to[7] = 64;
		memcpy(to + 8, w->src.address, 16);
		memcpy(to + 24, w->dst.address, 16);
		return head + len;
	}
	put16(to, 0x4500);
	put16(to + 2, head + len);
	put16(to + 4, w->id);
	put16(to + 6, w->may_fragment ? 0 : 0x4000);
	to[8] = 64;
	to[9] = w->protocol;
	put16(to + 10, 0);
	memcpy(to + 12, w->src.address, 4);
	memcpy(to + 16, w->dst.address, 4);
	store_sum(to + 10, sum_of(to, 20, 0));
	return head + len;
}

/* ---- reading ---- */

bool wire_addresses(const uint8_t *data, uint32_t len, struct usher_endpoint *src, struct usher_endpoint *dst)
{
	bool ipv6 = len && data[0] >> 4 == 6;

	memset(src, 0, sizeof(*src));
	memset(dst, 0, sizeof(*dst));
	if (len < (ipv6 ? 40 : 20) || (!ipv6 && data[0] >> 4 != 4))
		return false;
	src->family = dst->family = ipv6 ? USHER_IPV6 : USHER_IPV4;
	memcpy(src->address, data + (ipv6 ? 8 : 12), ipv6 ? 16 : 4);
	memcpy(dst->address, data + (ipv6 ? 24 : 16), ipv6 ? 16 : 4);
	return true;
}

/* The IP header: `*head` and `*total` in bytes, `*len` is how much is there. NULL: right. */
static const char *read_ip(const uint8_t *p, uint32_t len, struct wire *w, uint32_t *head, uint32_t *total)
{
	bool ipv6 = len && p[0] >> 4 == 6;

	if (!wire_addresses(p, len, &w->src, &w->dst))
		return "short IP header";
	if (ipv6) {
		*head = 40;
		*total = 40 + get16(p + 4);
		w->protocol = p[6];
		return NULL;
	}
	if (p[0] != 0x45)
		return "IPv4 options";
	if (folded(sum_of(p, 20, 0)))
		return "IPv4 header checksum";
	if (get16(p + 6) & 0x3fff)
		return "a fragment";
	*head = 20;
	*total = get16(p + 2);
	w->protocol = p[9];
	return NULL;
}

/* One option at `o`, of `left` bytes. Its length; 0: malformed. */
static uint32_t read_option(const uint8_t *o, uint32_t left, struct wire_tcp *t)
{
	if (o[0] <= 1)
		return o[0] ? 1 : left;
	if (left < 2 || o[1] < 2 || o[1] > left)
		return 0;
	if (o[0] == 2 && o[1] == 4) {
		t->mss = (uint16_t)get16(o + 2);
	} else if (o[0] == 3 && o[1] == 3) {
		t->scale = o[2];
	} else if (o[0] == 4 && o[1] == 2) {
		t->sack_ok = true;
	} else if (o[0] == 8 && o[1] == 10) {
		t->stamped = true;
		t->value = get32(o + 2);
		t->echo = get32(o + 6);
	} else if (o[0] == 5 && o[1] >= 10 && (o[1] - 2u) % 8 == 0 && o[1] <= 34) {
		t->sack_count = (uint8_t)((o[1] - 2u) / 8);
		for (uint32_t i = 0; i < t->sack_count; i++)
			t->sack[i] = (struct range){ get32(o + 2 + 8 * i), get32(o + 6 + 8 * i) };
	} else {
		return 0;
	}
	return o[1];
}

static const char *read_tcp(const uint8_t *p, uint32_t len, struct wire *w)
{
	struct wire_tcp *t = &w->tcp;
	uint32_t head, step;

	memset(t, 0, sizeof(*t));
	t->scale = 0xff;
	if (len < 20)
		return "short TCP header";
	head = (uint32_t)(p[12] >> 4) * 4;
	if (head < 20 || head > len)
		return "TCP data offset";
	if (folded(sum_of(p, len, pseudo_of(w, len))))
		return "TCP checksum";
	w->src.key = get16(p);
	w->dst.key = get16(p + 2);
	t->seq = get32(p + 4);
	t->ack = get32(p + 8);
	t->flags = p[13] & 0x3f;
	t->window = (uint16_t)get16(p + 14);
	t->urgent = (uint16_t)get16(p + 18);
	for (uint32_t at = 20; at < head; at += step) {
		step = read_option(p + at, head - at, t);
		if (!step)
			return "TCP options";
	}
	w->data = p + head;
	w->len = len - head;
	return NULL;
}

static const char *read_udp(const uint8_t *p, uint32_t len, struct wire *w)
{
	if (len < 8 || get16(p + 4) != len)
		return "UDP length";
	if (get16(p + 6) && folded(sum_of(p, len, pseudo_of(w, len))))
		return "UDP checksum";
	w->src.key = get16(p);
	w->dst.key = get16(p + 2);
	w->data = p + 8;
	w->len = len - 8;
	return NULL;
}

static const char *read_gre(const uint8_t *p, uint32_t len, struct wire *w)
{
	uint32_t flags = len >= 8 ? get16(p) : 0, head = 8;

	memset(&w->gre, 0, sizeof(w->gre));
	if ((flags & ~0x1080u) != 0x2001 || get16(p + 2) != 0x880b)
		return "GRE header";
	w->gre.has_seq = flags & 0x1000;
	w->gre.has_ack = flags & 0x80;
	head += 4u * w->gre.has_seq + 4u * w->gre.has_ack;
	if (len != head + get16(p + 4))
		return "GRE length";
	if (w->gre.has_seq)
		w->gre.seq = get32(p + 8);
	if (w->gre.has_ack)
		w->gre.ack = get32(p + head - 4);
	w->dst.key = get16(p + 6);
	w->data = p + head;
	w->len = len - head;
	return NULL;
}

static const char *read_icmp(const uint8_t *p, uint32_t len, struct wire *w)
{
	struct wire_icmp *i = &w->icmp;
	struct wire quoted;
	uint32_t head = 0, total = 0;
	const char *wrong;

	if (len < 8 || folded(sum_of(p, len, w->src.family == USHER_IPV6 ? pseudo_of(w, len) : 0)))
		return "ICMP checksum";
	memset(i, 0, sizeof(*i));
	i->type = p[0];
	i->code = p[1];
	i->mtu = get32(p + 4);
	wrong = read_ip(p + 8, len - 8, &quoted, &head, &total);
	if (wrong)
		return "ICMP: the quoted packet's header";
	if (len < 8 + head + 8)
		return "ICMP: too little is quoted";
	p += 8 + head;
	len -= 8 + head;
	i->protocol = quoted.protocol;
	i->src = quoted.src;
	i->dst = quoted.dst;
	if (i->protocol == USHER_GRE) {
		i->dst.key = get16(p + 6);
		return NULL;
	}
	i->src.key = get16(p);
	i->dst.key = get16(p + 2);
	i->seq = get32(p + 4);
	if (i->protocol == USHER_TCP && head + len == total && folded(sum_of(p, len, pseudo_of(&quoted, len))))
		return "ICMP: the quoted packet's TCP checksum";
	return NULL;
}

const char *wire_read(const uint8_t *data, uint32_t len, struct wire *w)
{
	uint32_t head = 0, total = 0;
	const char *wrong;

	memset(w, 0, offsetof(struct wire, tcp));
	wrong = read_ip(data, len, w, &head, &total);
	if (wrong)
		return wrong;
	if (total != len)
		return "IP length";
	switch (w->protocol) {
	case USHER_TCP: return read_tcp(data + head, len - head, w);
	case USHER_UDP: return read_udp(data + head, len - head, w);
	case USHER_GRE: return read_gre(data + head, len - head, w);
	case USHER_ICMP:
	case USHER_ICMPV6: return read_icmp(data + head, len - head, w);
	default: return "protocol";
	}
}
