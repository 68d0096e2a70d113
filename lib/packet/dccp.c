/*
 * dccp: DCCP's generic header.
 *
 * Owns: how long the header is, and how much of the data its checksum covers. Options and what the types add are header,
 * and not looked at. Sources: RFC 4340 5.1 (the data offset, in words; X: the long sequence number), 9.2 (CsCov).
 */
#include "packet/part.h"

#include "packet/wire.h"

#define COVERS 0x0fu
#define LONG   0x01u /* X */

static const struct wire_dccp *header_at(const struct pkt *p, const uint8_t *data)
{
	return (const struct wire_dccp *)(const void *)(data + p->l4);
}

/* Of the data: 0 means all of it, else words, counted from 1. */
static uint32_t data_covered(const struct wire_dccp *h, uint32_t len)
{
	uint32_t words = h->ccval_cscov & COVERS;

	return words ? (words - 1) * 4 : len;
}

uint8_t usher__pkt_dccp_read(struct pkt *p, const uint8_t *data)
{
	const struct wire_dccp *h = header_at(p, data);
	uint8_t reason = pkt_need(p, sizeof(*h), USHER_REASON_DCCP_HEADER);
	uint32_t len;

	if (reason != USHER_REASON_NONE)
		return reason;
	len = h->offset * 4u;
	if (len < sizeof(*h) + (h->type_x & LONG ? 4u : 0u))
		return USHER_REASON_DCCP_HEADER;
	reason = pkt_need(p, len, USHER_REASON_DCCP_HEADER);
	if (reason != USHER_REASON_NONE)
		return reason;
	if (data_covered(h, p->payload_len - len) > p->payload_len - len)
		return USHER_REASON_DCCP_HEADER;
	p->key[0] = be16_get(h->src);
	p->key[1] = be16_get(h->dst);
	pkt_skip(p, len);
	return USHER_REASON_NONE;
}

bool usher__pkt_dccp_head(struct pkt *p, const uint8_t *data)
{
	const struct wire_dccp *h = header_at(p, data);
	uint32_t len;

	if (p->payload_have < 8)
		return false;
	len = h->offset * 4u;
	p->key[0] = be16_get(h->src);
	p->key[1] = be16_get(h->dst);
	len = len < sizeof(*h) ? (uint32_t)sizeof(*h) : len;
	pkt_skip(p, len < p->payload_have ? len : p->payload_have);
	return true;
}

uint32_t usher__pkt_dccp_covered(const struct pkt *p, const uint8_t *data)
{
	return p->payload - p->l4 + data_covered(header_at(p, data), p->payload_len);
}
