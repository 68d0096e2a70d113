/*
 * sctp: SCTP's common header.
 *
 * Owns: its ports and its CRC. The chunks behind it are payload here: what they say is the tracker's (conn/sctp.c).
 * Sources: RFC 9260 3.1, 6.8 and appendix A.
 */
#include "packet/part.h"

#include "packet/crc32c.h"
#include "packet/wire.h"

static void set_ports(struct pkt *p, const struct wire_sctp *h)
{
	p->key[0] = be16_get(h->src);
	p->key[1] = be16_get(h->dst);
}

uint8_t usher__pkt_sctp_read(struct pkt *p, const uint8_t *data)
{
	const struct wire_sctp *h = (const struct wire_sctp *)(const void *)(data + p->l4);
	uint8_t reason = pkt_need(p, sizeof(*h), USHER_REASON_SCTP_HEADER);

	if (reason != USHER_REASON_NONE)
		return reason;
	set_ports(p, h);
	pkt_skip(p, sizeof(*h));
	return USHER_REASON_NONE;
}

/* Eight bytes are ports and verification tag. */
bool usher__pkt_sctp_head(struct pkt *p, const uint8_t *data)
{
	const struct wire_sctp *h = (const struct wire_sctp *)(const void *)(data + p->l4);

	if (p->payload_have < 8)
		return false;
	set_ports(p, h);
	pkt_skip(p, p->payload_have < sizeof(*h) ? p->payload_have : sizeof(*h));
	return true;
}

bool usher__pkt_sctp_crc_fits(const uint8_t *sctp, uint32_t len)
{
	static const uint8_t nothing[4]; /* as which the field itself is summed */
	const struct wire_sctp *h = (const struct wire_sctp *)(const void *)sctp;
	uint32_t before = offsetof(struct wire_sctp, crc), said;
	uint32_t crc = usher__crc32c(0, sctp, before);

	crc = usher__crc32c(crc, nothing, sizeof(nothing));
	crc = usher__crc32c(crc, sctp + sizeof(*h), len - (uint32_t)sizeof(*h));
	said = h->crc[0] | (uint32_t)h->crc[1] << 8 | (uint32_t)h->crc[2] << 16 | (uint32_t)h->crc[3] << 24;
	return crc == said;
}
