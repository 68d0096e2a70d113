/*
 * cut: a packet -> fragments that fit a link. See <usher/usher.h>, usher_fragment.
 *
 * Invariants: nothing is read behind `len`; the fragments together carry every byte once, in order; options that
 * belong to the first fragment only are in no other. Sources: RFC 791 3.1 (copied options), 3.2; 8200 4.1, 4.5.
 */
#include "packet/cut.h"

#include <string.h>

#include <usher/usher.h>

#include "packet/packet.h"
#include "packet/wire.h"

#define HEADER_HOP_BY_HOP  0u
#define HEADER_ROUTING     43u
#define HEADER_FRAGMENT    44u
#define HEADER_DESTINATION 60u
#define OPTION_END         0u
#define OPTION_NOP         1u
#define OPTION_COPIED      0x80u

uint32_t usher__cut_fragment_header(const uint8_t *data, uint32_t len, uint32_t *next_at)
{
	uint32_t at = sizeof(struct wire_ipv6);
	uint8_t next;

	if (len < at)
		return 0;
	*next_at = offsetof(struct wire_ipv6, next);
	next = data[*next_at];
	while (at + 8 <= len) {
		if (next == HEADER_FRAGMENT)
			return at;
		if (next != HEADER_HOP_BY_HOP && next != HEADER_ROUTING && next != HEADER_DESTINATION)
			return 0;
		next = data[at];
		*next_at = at;
		at += (data[at + 1] + 1u) * 8;
	}
	return 0;
}

/* Where an IPv6 packet is cut: behind what each router reads. */
static uint32_t behind_routers(const uint8_t *data, uint32_t len, uint32_t *next_at)
{
	uint32_t at = sizeof(struct wire_ipv6), cut = at, where = offsetof(struct wire_ipv6, next);
	uint8_t next = data[where];

	*next_at = where;
	while (at + 8 <= len && (next == HEADER_HOP_BY_HOP || next == HEADER_ROUTING || next == HEADER_DESTINATION)) {
		bool router = next != HEADER_DESTINATION;

		next = data[at];
		where = at;
		at += (data[at + 1] + 1u) * 8;
		if (router && at <= len) {
			cut = at;
			*next_at = where;
		}
	}
	return cut;
}

/* The header of an IPv4 fragment that is not the first: of the options only those that are to be copied. Returns its length. */
static uint32_t later_header(const uint8_t *data, uint32_t head, uint8_t *out)
{
	uint32_t at = sizeof(struct wire_ipv4), used = at;

	memcpy(out, data, used);
	while (at < head && data[at] != OPTION_END) {
		uint32_t size = data[at] == OPTION_NOP ? 1 : at + 1 < head ? data[at + 1] : 0;

		if (size == 0 || (size == 1 && data[at] != OPTION_NOP) || size > head - at)
			break;
		if (data[at] & OPTION_COPIED) {
			memcpy(out + used, data + at, size);
			used += size;
		}
		at += size;
	}
	while (used % 4 != 0)
		out[used++] = OPTION_END;
	out[0] = (uint8_t)(0x40 | used / 4);
	return used;
}

static uint32_t cut_ipv4(const uint8_t *data, uint32_t len, uint32_t most, uint32_t *position, uint8_t *out)
{
	uint32_t head = (data[0] & 15u) * 4, behind = head, left, size, where;
	struct wire_ipv4 *h = (struct wire_ipv4 *)(void *)out;
	uint8_t copy[60];

	if (head < sizeof(*h) || len < head || *position >= len - head)
		return 0;
	left = len - head - *position;
	if (*position == 0)
		memcpy(copy, data, head);
	else
		head = later_header(data, head, copy);
	if (most < head + 8)
		return 0;
	size = left <= most - head ? left : (most - head) & ~7u;
	memcpy(out, copy, head);
	memcpy(out + head, data + behind + *position, size);
	where = be16_get(h->fragment);
	where = (where & ~WIRE_IPV4_OFFSET) | (((where & WIRE_IPV4_OFFSET) + *position / 8) & WIRE_IPV4_OFFSET);
	if (size < left)
		where |= WIRE_IPV4_MF;
	be16_put(&h->total, (uint16_t)(head + size));
	be16_put(&h->fragment, (uint16_t)where);
	be16_put(&h->checksum, 0);
	be16_put(&h->checksum, usher__csum_fold(usher__csum_add(0, out, head)));
	*position += size;
	return head + size;
}

static uint32_t cut_ipv6(const uint8_t *data, uint32_t len, uint32_t most, uint32_t id, uint32_t *position, uint8_t *out)
{
	struct wire_ipv6 *h = (struct wire_ipv6 *)(void *)out;
	struct wire_fragment *f;
	uint32_t head, next_at, left, size, cost;

	if (len < sizeof(*h))
		return 0;
	head = behind_routers(data, len, &next_at);
	cost = head + (uint32_t)sizeof(*f);
	if (*position >= len - head || most < cost + 8)
		return 0;
	left = len - head - *position;
	size = left <= most - cost ? left : (most - cost) & ~7u;
	memcpy(out, data, head);
	f = (struct wire_fragment *)(void *)(out + head);
	f->next = out[next_at];
	f->reserved = 0;
	be16_put(&f->where, (uint16_t)(*position | (size < left)));
	be32_put(&f->id, id);
	out[next_at] = HEADER_FRAGMENT;
	memcpy(out + cost, data + head + *position, size);
	be16_put(&h->payload, (uint16_t)(cost - sizeof(*h) + size));
	*position += size;
	return cost + size;
}

uint32_t usher_fragment(const struct usher_packet *packet, uint32_t most, uint32_t id, uint32_t *position, uint8_t *out)
{
	if (packet->len && packet->data[0] >> 4 == USHER_IPV6)
		return cut_ipv6(packet->data, packet->len, most, id, position, out);
	return packet->len ? cut_ipv4(packet->data, packet->len, most, position, out) : 0;
}
