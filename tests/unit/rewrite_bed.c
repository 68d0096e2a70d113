/*
 * rewrite_bed: see rewrite_bed.h. Layouts are written out here once more, from the RFCs that rewrite.h names.
 */
#include "rewrite_bed.h"

#include <string.h>

enum { DCCP = 33, ESP = 50, SCTP = 132, MOBILITY = 135, UDP_LITE = 136, HIP = 139, NOBODYS = 253 };

uint32_t bed_next(struct bed_random *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (uint32_t)(r->state * 0x9e3779b97f4a7c15u >> 32);
}

uint32_t bed_below(struct bed_random *r, uint32_t end)
{
	return (uint32_t)((uint64_t)bed_next(r) * end >> 32);
}

bool bed_chance(struct bed_random *r, uint32_t percent)
{
	return bed_below(r, 100) < percent;
}

void bed_fill(struct bed_random *r, uint8_t *to, uint32_t len)
{
	uint32_t mood = bed_below(r, 6), i;

	for (i = 0; i < len; i++)
		to[i] = mood == 0 ? 0 : mood == 1 ? 0xff : mood == 2 && bed_chance(r, 50) ? 0xff : (uint8_t)bed_next(r);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

uint32_t bed_sum(const uint8_t *data, uint32_t len)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? data[i] : (uint64_t)data[i] << 8;
	return (uint32_t)(sum % 0xffff);
}

static uint32_t slow_crc(const uint8_t *data, uint32_t len, uint32_t without)
{
	uint32_t crc = 0xffffffff, i, bit;

	for (i = 0; i < len; i++) {
		crc ^= i >= without && i < without + 4 ? 0 : data[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

static uint32_t pseudo_sum(const struct bed_packet *m, const uint8_t *bytes)
{
	uint32_t size = m->family == 4 ? 4 : 16, len = m->all - m->l4;

	return bed_sum(bytes + m->src_at, size) + bed_sum(bytes + m->dst_at, size) + m->protocol + len;
}

/* What the field is to be, not complemented and modulo 0xffff. */
static uint32_t sum_without_field(const struct bed_packet *m, const uint8_t *bytes)
{
	uint32_t sum = m->pseudo ? pseudo_sum(m, bytes) : 0;

	if (!m->partial) {
		sum += bed_sum(bytes + m->l4, m->covered);
		sum += 0xffff - get16(bytes + m->checksum);
	}
	return sum % 0xffff;
}

uint32_t bed_transport_error(const struct bed_packet *m, const uint8_t *bytes)
{
	const uint8_t *field = bytes + m->checksum;

	if (m->checksum == 0)
		return 0;
	if (m->crc)
		return slow_crc(bytes + m->l4, m->all - m->l4, m->checksum - m->l4) ^
		       (field[0] | (uint32_t)field[1] << 8 | (uint32_t)field[2] << 16 | (uint32_t)field[3] << 24);
	if (m->partial)
		return (sum_without_field(m, bytes) + 0xffff - get16(field) % 0xffff) % 0xffff;
	return (sum_without_field(m, bytes) + get16(field)) % 0xffff;
}

uint32_t bed_header_error(const uint8_t *bytes)
{
	return bytes[0] >> 4 == 4 ? bed_sum(bytes, (bytes[0] & 15u) * 4) : 0;
}

void bed_set_checksum(const struct bed_packet *m, uint8_t *bytes)
{
	uint32_t sum, i;

	if (m->checksum == 0)
		return;
	if (m->crc) {
		sum = slow_crc(bytes + m->l4, m->all - m->l4, m->checksum - m->l4);
		for (i = 0; i < 4; i++)
			bytes[m->checksum + i] = (uint8_t)(sum >> 8 * i);
		return;
	}
	sum = sum_without_field(m, bytes);
	if (sum == 0)
		sum = 0xffff; /* something of what is summed is not 0: the protocol number, or an ICMP type (of 0: see make) */
	if (!m->partial)
		sum = 0xffff - sum;
	if (sum == 0 && m->never_zero)
		sum = 0xffff;
	put16(bytes + m->checksum, sum);
}

void bed_set_header_checksum(uint8_t *bytes)
{
	uint32_t sum;

	put16(bytes + 10, 0);
	sum = bed_sum(bytes, (bytes[0] & 15u) * 4);
	put16(bytes + 10, 0xffff - (sum ? sum : 0xffff));
}

void bed_tuple(struct bed_random *r, struct pkt_rewrite *to, uint8_t *addresses)
{
	bed_fill(r, addresses, 16);
	bed_fill(r, addresses + 16, 16);
	addresses[0] = 10;   /* not a group */
	addresses[16] = 0x20; /* not nobody */
	to->src = addresses;
	to->dst = addresses + 16;
	bed_fill(r, addresses + 30, 2);
	to->src_key = (uint16_t)bed_next(r);
	to->dst_key = bed_chance(r, 10) ? 0xffff : bed_chance(r, 10) ? 0 : (uint16_t)bed_next(r);
}

/* ---- IP headers ---- */

static void make_ipv4(struct bed_packet *m, struct bed_random *r)
{
	static const uint8_t nops[8] = { 1, 1, 1, 1, 7, 4, 4, 0 };      /* record route, no room */
	static const uint8_t hop[8] = { 131, 7, 4, 198, 51, 100, 7, 0 }; /* loose source route, one more */
	static const uint8_t gone[8] = { 1, 137, 7, 8, 198, 51, 100, 7 }; /* strict one, at its end */
	static const uint8_t *const options[3] = { nops, hop, gone };
	uint32_t choice = bed_chance(r, 20) ? 1 + bed_below(r, 3) : 0;
	uint8_t *h = m->bytes;

	m->l4 = choice ? 28 : 20;
	h[0] = (uint8_t)(0x40 | m->l4 / 4);
	h[1] = (uint8_t)bed_next(r);
	put16(h + 4, bed_next(r));
	h[8] = (uint8_t)bed_next(r);
	h[9] = m->protocol;
	bed_fill(r, h + 12, 8);
	h[12] = 192;
	m->src_at = 12;
	m->dst_at = choice == 2 ? 23 : 16;
	if (choice)
		memcpy(h + 20, options[choice - 1], 8);
}

/* The next extension header at m->l4; `at` is where its number goes, and gets where the one behind it has its place. */
static void make_extension(struct bed_packet *m, uint32_t *at, uint32_t kind)
{
	static const uint8_t number[6] = { 0, 43, 43, 60, 44, 51 };
	uint8_t *h = m->bytes + m->l4;

	m->bytes[*at] = number[kind];
	*at = m->l4;
	memset(h, 0, 24);
	switch (kind) {
	case 0: /* hop-by-hop: padding of 6 */
		h[2] = 1;
		h[3] = 4;
		m->l4 += 8;
		return;
	case 1: /* routing, one segment left: the destination is in it */
	case 2: /* none left */
		h[1] = 2;
		h[2] = kind == 1 ? 0 : 4;
		h[3] = kind == 1;
		memset(h + 8, 0x2a, 16);
		if (kind == 1)
			m->dst_at = m->l4 + 8;
		m->l4 += 24;
		return;
	case 3: /* destination options: a home address */
		h[1] = 2;
		h[2] = 1;
		h[3] = 2;
		h[6] = 0xc9;
		h[7] = 16;
		memset(h + 8, 0x33, 16);
		m->src_at = m->l4 + 8;
		m->l4 += 24;
		return;
	case 4: /* an atomic fragment */
		m->l4 += 8;
		return;
	default: /* authentication: 3 words and 3 of its check value */
		h[1] = 4;
		memset(h + 4, 0x77, 20);
		m->l4 += 24;
		return;
	}
}

static uint32_t make_ipv6(struct bed_packet *m, struct bed_random *r)
{
	uint8_t *h = m->bytes;
	uint32_t at = 6, kind;

	h[0] = 0x60;
	h[1] = (uint8_t)bed_next(r);
	h[7] = (uint8_t)bed_next(r);
	bed_fill(r, h + 8, 32);
	h[8] = 0x20;
	h[24] = 0x20;
	m->src_at = 8;
	m->dst_at = 24;
	m->l4 = 40;
	if (bed_chance(r, 25))
		for (kind = 0; kind < 6; kind++)
			if (bed_chance(r, 30))
				make_extension(m, &at, kind);
	return at;
}

/* ---- transports: from l4 on ---- */

static void make_ported(struct bed_packet *m, struct bed_random *r, uint32_t len)
{
	uint8_t *l4 = m->bytes + m->l4;

	m->key_at[0] = m->l4;
	m->key_at[1] = m->l4 + 2;
	m->pseudo = true;
	m->checksum = m->l4 + 6;
	m->header = 12;
	m->covered = len;
	switch (m->protocol) {
	case USHER_TCP:
		m->header = 20 + 4 * bed_below(r, 11);
		l4[12] = (uint8_t)(m->header << 2);
		m->checksum = m->l4 + 16;
		break;
	case USHER_UDP:
		put16(l4 + 4, len);
		m->header = 8;
		m->never_zero = true;
		break;
	case UDP_LITE:
		m->header = 8;
		m->covered = bed_chance(r, 50) ? len : 8 + bed_below(r, len - 7);
		put16(l4 + 4, m->covered == len && bed_chance(r, 50) ? 0 : m->covered);
		m->never_zero = true;
		break;
	case DCCP:
		m->header = 16;
		l4[4] = 4;
		l4[5] = 0;
		break;
	default: /* SCTP */
		m->pseudo = false;
		m->crc = true;
		m->checksum = m->l4 + 8;
	}
}

static void make_icmp(struct bed_packet *m, struct bed_random *r, uint32_t len, enum bed_kind kind)
{
	static const uint8_t types4[] = { 0, 8, 13, 14, 15, 16, 17, 18, 3, 11 };
	static const uint8_t types6[] = { 128, 129, 139, 140, 1, 2 };
	uint32_t queries = m->family == 4 ? 8 : 4, all = m->family == 4 ? 10 : 6;
	uint32_t choice = bed_below(r, kind == BED_QUOTABLE ? queries : all);

	m->type = m->family == 4 ? types4[choice] : types6[choice];
	m->bytes[m->l4] = m->type;
	m->bytes[m->l4 + 7] |= 1; /* an echo reply of zeros only has the other zero as its sum */
	m->checksum = m->l4 + 2;
	m->covered = len;
	m->pseudo = m->family == 6;
	m->header = 8;
	if (m->family == 4 ? choice < queries : m->type < 130 && m->type > 127)
		m->key_at[0] = m->l4 + 4;
}

static void make_gre(struct bed_packet *m, struct bed_random *r, uint32_t len)
{
	uint8_t *l4 = m->bytes + m->l4;

	m->header = 8;
	if (bed_chance(r, 70)) { /* of PPTP, with sequence number */
		memcpy(l4, "\x30\x01\x88\x0b", 4);
		put16(l4 + 4, bed_below(r, len - 11));
		m->key_at[1] = m->l4 + 6;
		m->type = 1;
	} else {
		memcpy(l4, bed_chance(r, 50) ? "\x20\0\x08\0" : "\0\0\x08\0", 4);
	}
}

/* Everything behind the IP headers, `len` bytes; the protocol is there already. */
static void make_transport(struct bed_packet *m, struct bed_random *r, uint32_t len, enum bed_kind kind)
{
	bed_fill(r, m->bytes + m->l4, len);
	switch (m->protocol) {
	case USHER_TCP:
	case USHER_UDP:
	case UDP_LITE:
	case DCCP:
	case SCTP:
		make_ported(m, r, len);
		return;
	case USHER_ICMP:
	case USHER_ICMPV6:
		make_icmp(m, r, len, kind);
		return;
	case USHER_GRE:
		make_gre(m, r, len);
		return;
	case HIP:
	case MOBILITY:
		m->bytes[m->l4] = 59; /* nothing behind it */
		m->bytes[m->l4 + 1] = 0;
		m->checksum = m->l4 + 4;
		m->covered = len;
		m->pseudo = true;
		return;
	default:
		return;
	}
}

static uint8_t choose_protocol(struct bed_random *r, uint8_t family, enum bed_kind kind)
{
	static const uint8_t protocols[] = { USHER_TCP, USHER_TCP, USHER_TCP, USHER_UDP, USHER_UDP, USHER_ICMP, USHER_GRE,
					     SCTP, DCCP, UDP_LITE, ESP, NOBODYS, HIP, MOBILITY };
	uint8_t protocol = kind == BED_TCP ? USHER_TCP : protocols[bed_below(r, sizeof(protocols))];

	if (protocol == USHER_ICMP && family == 6)
		return USHER_ICMPV6;
	return protocol == MOBILITY && family == 4 ? USHER_TCP : protocol;
}

/* Cut in two: the packet is its first piece, or a later one, whose bytes mean nothing. */
static void make_fragment(struct bed_packet *m, struct bed_random *r, uint32_t *next_at)
{
	uint32_t part = bed_chance(r, 50) ? 0x2000u : 0x2000u | (1 + bed_below(r, 100)), piece;

	m->later = (part & 0x1fff) != 0;
	m->fragment = true;
	if (m->family == 4) {
		put16(m->bytes + 6, part);
	} else {
		uint8_t *h = m->bytes + m->l4;

		m->bytes[*next_at] = 44;
		*next_at = m->l4;
		memset(h, 0, 8);
		put16(h + 2, (part & 0x1fff) << 3 | 1);
		m->l4 += 8;
		if (!m->later && bed_chance(r, 50)) /* of a first one, more may follow before the transport */
			make_extension(m, next_at, 2);
	}
	piece = 8 * (1 + bed_below(r, 12));
	m->len = m->l4 + piece;
}

static void spoil(struct bed_packet *m, struct bed_random *r, uint8_t *field)
{
	uint32_t was = get16(field);

	put16(field, was + 1 + bed_below(r, 0xfffd));
	if (m->never_zero && get16(field) == 0)
		put16(field, 1);
}

void bed_make(struct bed_packet *m, struct bed_random *r, enum bed_kind kind)
{
	uint32_t next_at = 9, payload = bed_chance(r, 30) ? bed_below(r, 8) : bed_below(r, 300), len;

	memset(m, 0, sizeof(*m));
	m->family = bed_chance(r, 50) ? 4 : 6;
	m->protocol = choose_protocol(r, m->family, kind);
	if (m->family == 4)
		make_ipv4(m, r);
	else
		next_at = make_ipv6(m, r);
	if (kind == BED_ANY && bed_chance(r, 20))
		make_fragment(m, r, &next_at);
	m->bytes[next_at] = m->protocol;
	len = 60 + payload;
	if (m->protocol == HIP || m->protocol == MOBILITY)
		len = 8; /* the header says so: a message that is all header */
	make_transport(m, r, len, kind);
	m->all = m->l4 + len;
	if (m->len == 0 || m->len > m->all)
		m->len = m->all;
	/* ICMP has no pseudo header: nothing of it is summed yet. */
	m->partial = kind != BED_QUOTABLE && (m->pseudo || m->protocol == USHER_ICMP) && !m->fragment && bed_chance(r, 25);
	if (m->later) {
		m->checksum = m->key_at[0] = m->key_at[1] = 0;
		m->partial = false;
	}
	bed_set_checksum(m, m->bytes);
	if (m->checksum && bed_chance(r, 25))
		spoil(m, r, m->bytes + m->checksum);
	if (m->checksum && m->protocol == USHER_UDP && !m->partial && bed_chance(r, 10))
		put16(m->bytes + m->checksum, 0);
	if (m->checksum && !m->never_zero && bed_chance(r, 5)) /* either zero, wrong or not */
		put16(m->bytes + m->checksum, bed_chance(r, 50) ? 0 : 0xffff);
	if (m->family == 4) {
		put16(m->bytes + 2, m->len);
		bed_set_header_checksum(m->bytes);
		if (bed_chance(r, 15))
			spoil(m, r, m->bytes + 10);
	} else {
		put16(m->bytes + 4, m->len - 40);
	}
	m->have = m->len;
	if (kind == BED_ANY && bed_chance(r, 15)) /* what keys need is there */
		m->have = m->l4 + m->header + bed_below(r, 30);
	if (m->have > m->len)
		m->have = m->len;
}

void bed_decode(const struct bed_packet *m, struct pkt *p, const uint8_t *data)
{
	usher__pkt_decode(p, data, m->have, m->len, 0);
}
