/*
 * gre: generic routing encapsulation, plain and enhanced.
 *
 * Owns: the header's optional fields. Invariants: version 0 has a tuple with its key (none: 0); version 1 has the
 * receiver's call id if it is what PPTP sends, else neither knows a key. Sources: RFC 2784, 2890 (key, sequence),
 * 1701 (routing), 2637 4.1.
 */
#include "packet/part.h"

#include "packet/wire.h"

#define GRE_PPP 0x880bu

/* Version 0: 4 bytes, then checksum and offset (either flag brings both), key, sequence. Routing is not followed. */
static uint32_t plain_size(uint16_t flags, uint32_t *key_at)
{
	uint32_t size = sizeof(struct wire_gre);

	if (flags & (WIRE_GRE_CHECKSUM | WIRE_GRE_ROUTING))
		size += 4;
	*key_at = size;
	if (flags & WIRE_GRE_KEY)
		size += 4;
	if (flags & WIRE_GRE_SEQUENCE)
		size += 4;
	return size;
}

static void set_plain(struct pkt *p, const uint8_t *key)
{
	p->flags |= PKT_WIDE_KEY;
	if (key) {
		p->key[0] = be16_read(key);
		p->key[1] = be16_read(key + 2);
	}
}

static void set_call(struct pkt *p, const struct wire_gre1 *h)
{
	p->flags |= PKT_ONE_WAY;
	p->key[1] = be16_get(h->call);
}

/* What RFC 2637 sends: a key (payload length and call id), PPP inside, no checksum, no routing. */
static bool is_pptp(const struct wire_gre *h)
{
	unsigned layout = be16_get(h->flags) & (WIRE_GRE_KEY | WIRE_GRE_CHECKSUM | WIRE_GRE_ROUTING);

	return layout == WIRE_GRE_KEY && be16_get(h->protocol) == GRE_PPP;
}

static uint8_t read_plain(struct pkt *p, const uint8_t *gre, uint16_t flags)
{
	uint32_t key_at, size = plain_size(flags, &key_at);
	uint8_t reason = pkt_need(p, size, USHER_REASON_GRE_HEADER);

	if (reason != USHER_REASON_NONE)
		return reason;
	set_plain(p, flags & WIRE_GRE_KEY ? gre + key_at : NULL);
	pkt_skip(p, size);
	return USHER_REASON_NONE;
}

static uint8_t read_enhanced(struct pkt *p, const uint8_t *gre, uint16_t flags)
{
	const struct wire_gre1 *h = (const struct wire_gre1 *)(const void *)gre;
	uint32_t size = sizeof(*h), payload;
	uint8_t reason;

	size += flags & WIRE_GRE_SEQUENCE ? 4u : 0u;
	size += flags & WIRE_GRE_ACK ? 4u : 0u;
	reason = pkt_need(p, size, USHER_REASON_GRE_HEADER);
	if (reason != USHER_REASON_NONE)
		return reason;
	payload = be16_get(h->payload);
	if (payload > p->payload_len - size)
		return USHER_REASON_GRE_HEADER;
	set_call(p, h);
	pkt_skip(p, size);
	p->payload_len = payload;
	if (p->payload_have > payload)
		p->payload_have = payload;
	return USHER_REASON_NONE;
}

uint8_t usher__pkt_gre_read(struct pkt *p, const uint8_t *data)
{
	const uint8_t *gre = data + p->l4;
	const struct wire_gre *h = (const struct wire_gre *)(const void *)gre;
	uint8_t reason = pkt_need(p, sizeof(*h), USHER_REASON_GRE_HEADER);
	uint16_t flags;

	if (reason != USHER_REASON_NONE)
		return reason;
	flags = be16_get(h->flags);
	p->type = p->inverse_type = (uint8_t)(flags & WIRE_GRE_VERSION);
	if (p->type == 0)
		return read_plain(p, gre, flags);
	if (p->type == 1 && is_pptp(h))
		return read_enhanced(p, gre, flags);
	return USHER_REASON_NONE; /* its layout is not known: told apart by addresses alone, all of it payload */
}

static bool plain_head(struct pkt *p, const uint8_t *gre, uint16_t flags)
{
	uint32_t key_at, size = plain_size(flags, &key_at);

	if ((flags & WIRE_GRE_KEY) && p->payload_have < key_at + 4)
		return false;
	set_plain(p, flags & WIRE_GRE_KEY ? gre + key_at : NULL);
	pkt_skip(p, size < p->payload_have ? size : p->payload_have);
	return true;
}

bool usher__pkt_gre_head(struct pkt *p, const uint8_t *data)
{
	const uint8_t *gre = data + p->l4;
	const struct wire_gre *h = (const struct wire_gre *)(const void *)gre;
	uint16_t flags;

	if (p->payload_have < sizeof(*h))
		return false;
	flags = be16_get(h->flags);
	p->type = p->inverse_type = (uint8_t)(flags & WIRE_GRE_VERSION);
	if (p->type == 0)
		return plain_head(p, gre, flags);
	if (p->type == 1 && is_pptp(h)) {
		if (p->payload_have < sizeof(struct wire_gre1))
			return false;
		set_call(p, (const struct wire_gre1 *)(const void *)gre);
		pkt_skip(p, sizeof(struct wire_gre1));
	}
	return true;
}
