/*
 * udp: the UDP header.
 *
 * Owns: what its length may be. Bytes of the IP packet that the datagram does not claim are padding (or UDP options),
 * not payload. Sources: RFC 768; 2675 4 (a length of 0 in a jumbogram).
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
