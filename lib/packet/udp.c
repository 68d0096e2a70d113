/*
 * udp: the headers of UDP and of UDP-Lite, which differ in one field.
 *
 * Owns: what UDP's length and UDP-Lite's coverage may be. Bytes of the IP packet that a UDP datagram does not claim are
 * padding (or UDP options), not payload; a UDP-Lite datagram always goes to the packet's end.
 * Sources: RFC 768; 2675 4 (a length of 0 in a jumbogram); 3828 3.1.
 */
#include "packet/part.h"

#include "packet/wire.h"

static const struct wire_udp *header_at(const struct pkt *p, const uint8_t *data)
{
	return (const struct wire_udp *)(const void *)(data + p->l4);
}

uint8_t usher__pkt_udp_read(struct pkt *p, const uint8_t *data)
{
	const struct wire_udp *h = header_at(p, data);
	uint8_t reason = pkt_need(p, sizeof(*h), USHER_REASON_UDP_HEADER);
	uint32_t length;

	if (reason != USHER_REASON_NONE)
		return reason;
	length = be16_get(h->length);
	if (length == 0 && (p->flags & PART_SUPER))
		length = p->payload_len;
	if (length < sizeof(*h) || length > p->payload_len)
		return USHER_REASON_UDP_HEADER;
	p->key[0] = be16_get(h->src);
	p->key[1] = be16_get(h->dst);
	p->payload_len = length;
	if (p->payload_have > length)
		p->payload_have = length;
	pkt_skip(p, sizeof(*h));
	return USHER_REASON_NONE;
}

bool usher__pkt_udp_head(struct pkt *p, const uint8_t *data)
{
	const struct wire_udp *h = header_at(p, data);

	if (p->payload_have < sizeof(*h))
		return false;
	p->key[0] = be16_get(h->src);
	p->key[1] = be16_get(h->dst);
	pkt_skip(p, sizeof(*h));
	return true;
}

/* UDP-Lite: a coverage of 0 is all of it, else the header at least, and no more than there is. */
static uint32_t coverage(const struct wire_udp *h, uint32_t all)
{
	uint32_t covered = be16_get(h->length);

	return covered ? covered : all;
}

uint8_t usher__pkt_udplite_read(struct pkt *p, const uint8_t *data)
{
	const struct wire_udp *h = header_at(p, data);
	uint8_t reason = pkt_need(p, sizeof(*h), USHER_REASON_UDPLITE_HEADER);
	uint32_t covered;

	if (reason != USHER_REASON_NONE)
		return reason;
	covered = coverage(h, p->payload_len);
	if (covered < sizeof(*h) || covered > p->payload_len)
		return USHER_REASON_UDPLITE_HEADER;
	p->key[0] = be16_get(h->src);
	p->key[1] = be16_get(h->dst);
	pkt_skip(p, sizeof(*h));
	return USHER_REASON_NONE;
}

uint32_t usher__pkt_udplite_covered(const struct pkt *p, const uint8_t *data)
{
	return coverage(header_at(p, data), p->payload + p->payload_len - p->l4);
}
