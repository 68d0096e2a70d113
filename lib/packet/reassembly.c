/*
 * reassembly: see reassembly.h.
 *
 * Which bytes are there is a bit for each 8 of them, so the pieces may be any number, in any order. A datagram lies as
 * it will leave: room for headers, then its bytes in place; its headers are put in front when its first piece comes.
 */
#include "packet/reassembly.h"

#include <string.h>

#include "packet/cut.h"
#include "packet/part.h"
#include "packet/wire.h"

#define BYTES     65536u            /* behind the headers; the lengths of IP reach no further */
#define UNITS     (BYTES / 8)
#define HEADERS   512u              /* room in front */
#define TAIL      64u
#define LATE_IPV4 (30 * USHER_SECOND) /* RFC 1122 3.3.2 asks for 60 to 120 of a host; hosts and routers have 30 */
#define LATE_IPV6 (60 * USHER_SECOND) /* RFC 8200 4.5 */
#define LEAST_IPV6 1280u
#define LEAST_IPV4 576u

enum status { FREE, WAITS, SPOILT, HANDED_OUT };

struct datagram {
	uint32_t word[10];     /* who, to whom, which: zone, family and protocol, identification, addresses */
	usher_time deadline;
	uint32_t total;        /* bytes behind the headers; 0: the last piece is not there */
	uint32_t units;        /* of 8 bytes that are there */
	uint32_t end;          /* of the farthest piece */
	uint16_t header;       /* bytes of its headers; 0: the first piece is not there */
	uint16_t largest;
	uint8_t status;        /* enum status */
	uint8_t marks;         /* a bit for each ECN code point seen */
	uint8_t there[UNITS / 8];
	uint8_t bytes[HEADERS + BYTES + TAIL];
};

struct reassembly {
	const struct hash_key *key;
	uint32_t count, used, handed_out, forgotten;
	usher_time next;       /* no datagram is late before */
	/* then `count` tags of 32 bits, 0: free; then the datagrams, at the next 64 bytes */
};

/* A fragment as it came. */
struct piece {
	const uint8_t *data, *bytes;
	uint32_t header;       /* of the packet, without an IPv6 fragment header */
	uint32_t next_at;      /* IPv6: where the number of the fragment header is */
	uint8_t next;          /* IPv6: what stands there when the fragment header is gone */
	uint32_t offset, len;
	uint32_t id;
	bool more;
};

static uint32_t *tags(struct reassembly *r)
{
	return (uint32_t *)(void *)(r + 1);
}

static size_t slots_at(uint32_t count)
{
	return (sizeof(struct reassembly) + count * sizeof(uint32_t) + 63) & ~(size_t)63;
}

static struct datagram *slot(struct reassembly *r, uint32_t i)
{
	return (struct datagram *)(void *)((uint8_t *)r + slots_at(r->count)) + i;
}

size_t usher__reassembly_size(uint32_t count)
{
	return count ? slots_at(count) + (size_t)count * sizeof(struct datagram) : 0;
}

void usher__reassembly_init(struct reassembly *r, uint32_t count, const struct hash_key *key)
{
	r->count = count;
	r->key = key;
	r->next = UINT64_MAX;
}

static void forget(struct reassembly *r, uint32_t i)
{
	struct datagram *d = slot(r, i);

	r->used -= d->status == WAITS || d->status == SPOILT;
	r->handed_out -= d->status == HANDED_OUT;
	d->status = FREE;
	tags(r)[i] = 0;
}

static void give_up(struct reassembly *r, uint32_t i)
{
	r->forgotten += slot(r, i)->status == WAITS;
	forget(r, i);
}

void usher__reassembly_release(struct reassembly *r)
{
	uint32_t i;

	for (i = 0; r->handed_out && i < r->count; i++)
		if (slot(r, i)->status == HANDED_OUT)
			forget(r, i);
}

uint32_t usher__reassembly_expire(struct reassembly *r, usher_time now)
{
	uint32_t i, n;

	if (now >= r->next) {
		r->next = UINT64_MAX;
		for (i = 0; i < r->count; i++) {
			const struct datagram *d = slot(r, i);

			if (d->status != WAITS && d->status != SPOILT)
				continue;
			if (d->deadline <= now)
				give_up(r, i);
			else if (d->deadline < r->next)
				r->next = d->deadline;
		}
	}
	n = r->forgotten;
	r->forgotten = 0;
	return n;
}

uint32_t usher__reassembly_used(const struct reassembly *r)
{
	return r->used;
}

/* ---- reading a fragment ---- */

static bool read_piece(struct piece *piece, const struct pkt *p, const uint8_t *data)
{
	const struct wire_ipv4 *h4 = (const struct wire_ipv4 *)(const void *)data;
	uint32_t at, where, behind;

	memset(piece, 0, sizeof(*piece));
	piece->data = data;
	if (p->family == USHER_IPV4) {
		where = be16_get(h4->fragment);
		piece->header = behind = (h4->version_ihl & 15u) * 4;
		piece->offset = (where & WIRE_IPV4_OFFSET) * 8;
		piece->more = where & WIRE_IPV4_MF;
		piece->id = be16_get(h4->id);
	} else {
		const struct wire_fragment *f;

		at = usher__cut_fragment_header(data, p->ip_len, &piece->next_at);
		if (!at)
			return false;
		f = (const struct wire_fragment *)(const void *)(data + at);
		where = be16_get(f->where);
		piece->header = at;
		behind = at + (uint32_t)sizeof(*f);
		piece->next = f->next;
		piece->offset = where & 0xfff8u;
		piece->more = where & 1u;
		piece->id = be32_get(f->id);
	}
	if (behind > p->ip_len)
		return false;
	piece->bytes = data + behind;
	piece->len = p->ip_len - behind;
	return true;
}

/* Lengths that no sender makes; RFC 8200 4.5 and the "ping of death". */
static bool is_bad(const struct piece *piece, const struct pkt *p)
{
	uint32_t limit = 65535u - piece->header + (p->family == USHER_IPV4 ? 0 : (uint32_t)sizeof(struct wire_ipv6));

	return piece->len == 0 || (piece->more && piece->len % 8 != 0) || piece->header > HEADERS ||
	       piece->offset + piece->len > limit;
}

static void name(uint32_t word[10], const struct pkt *p, const struct piece *piece, uint16_t zone)
{
	uint32_t size = p->family == USHER_IPV4 ? 4 : 16;
	const uint8_t *addresses = piece->data + PKT_SRC_OFFSET(p->family);

	memset(word, 0, 40);
	/* The protocol is part of the name in IPv4 only: an IPv6 fragment names what comes next in its first piece. */
	word[0] = (uint32_t)zone << 16 | (uint32_t)p->family << 8 | (p->family == USHER_IPV4 ? piece->data[9] : 0u);
	word[1] = piece->id;
	memcpy(word + 2, addresses, size);
	memcpy(word + 6, addresses + size, size);
}

/* ---- the datagrams ---- */

static struct datagram *find(struct reassembly *r, uint32_t tag, const uint32_t word[10], usher_time now)
{
	uint32_t i;

	for (i = 0; i < r->count; i++) {
		struct datagram *d = slot(r, i);

		if (tags(r)[i] != tag || d->status == HANDED_OUT || memcmp(d->word, word, sizeof(d->word)) != 0)
			continue;
		if (d->deadline > now)
			return d;
		give_up(r, i);
		return NULL;
	}
	return NULL;
}

/* A free place, or that of the oldest. */
static struct datagram *begin(struct reassembly *r, uint32_t tag, const uint32_t word[10], usher_time deadline)
{
	uint32_t i, oldest = r->count;
	struct datagram *d;

	for (i = 0; i < r->count && tags(r)[i]; i++)
		if (slot(r, i)->status != HANDED_OUT && (oldest == r->count || slot(r, i)->deadline < slot(r, oldest)->deadline))
			oldest = i;
	if (i == r->count) {
		if (oldest == r->count)
			return NULL;
		i = oldest;
		give_up(r, i);
	}
	d = slot(r, i);
	memset(d, 0, offsetof(struct datagram, bytes));
	memcpy(d->word, word, sizeof(d->word));
	d->deadline = deadline;
	d->status = WAITS;
	tags(r)[i] = tag;
	r->used++;
	if (deadline < r->next)
		r->next = deadline;
	return d;
}

static bool has(const struct datagram *d, uint32_t unit)
{
	return d->there[unit / 8] >> unit % 8 & 1;
}

/* How many of the piece's units are there already. */
static uint32_t count_there(const struct datagram *d, const struct piece *piece)
{
	uint32_t i, n = 0;

	for (i = piece->offset / 8; i < (piece->offset + piece->len + 7) / 8; i++)
		n += has(d, i);
	return n;
}

static void put_header(struct datagram *d, const struct piece *piece)
{
	uint8_t *to = d->bytes + HEADERS - piece->header;

	memcpy(to, piece->data, piece->header);
	if (piece->data[0] >> 4 == USHER_IPV6)
		to[piece->next_at] = piece->next;
	d->header = (uint16_t)piece->header;
}

static void put(struct datagram *d, const struct piece *piece)
{
	uint32_t i;

	memcpy(d->bytes + HEADERS + piece->offset, piece->bytes, piece->len);
	for (i = piece->offset / 8; i < (piece->offset + piece->len + 7) / 8; i++)
		d->there[i / 8] |= (uint8_t)(1u << i % 8);
	d->units += (piece->len + 7) / 8;
	if (piece->offset + piece->len > d->end)
		d->end = piece->offset + piece->len;
	if (!piece->more)
		d->total = piece->offset + piece->len;
	if (piece->offset == 0)
		put_header(d, piece);
}

/* Does it fit what is there? */
static enum reassembly_result judge(const struct datagram *d, const struct piece *piece)
{
	uint32_t end = piece->offset + piece->len, known = count_there(d, piece);

	if (d->status == SPOILT)
		return REASSEMBLY_OVERLAP;
	if (known == (piece->len + 7) / 8 && (piece->more || end == d->total) && (!d->total || end <= d->total) &&
	    memcmp(d->bytes + HEADERS + piece->offset, piece->bytes, piece->len) == 0)
		return REASSEMBLY_AGAIN;
	if (known)
		return REASSEMBLY_OVERLAP;
	/* Behind the end, or another end. */
	if ((d->total && (end > d->total || !piece->more)) || (!piece->more && end < d->end))
		return REASSEMBLY_BAD;
	return REASSEMBLY_HELD;
}

/* The marks of all pieces become the datagram's: RFC 3168 5.3. false: they contradict each other. */
static bool join_marks(struct datagram *d, uint8_t *ip)
{
	enum { NOT_CAPABLE = 1 << 0, CONGESTED = 1 << 3 };

	if (!(d->marks & CONGESTED))
		return true;
	if (d->marks & NOT_CAPABLE)
		return false;
	if (ip[0] >> 4 == USHER_IPV4)
		ip[1] |= 3;
	else
		ip[1] |= 0x30;
	return true;
}

/* All is there: the headers say so. */
static void finish(struct datagram *d, struct reassembled *out)
{
	uint8_t *ip = d->bytes + HEADERS - d->header;
	struct wire_ipv4 *h4 = (struct wire_ipv4 *)(void *)ip;
	struct wire_ipv6 *h6 = (struct wire_ipv6 *)(void *)ip;
	bool ipv4 = ip[0] >> 4 == USHER_IPV4;
	uint32_t least = ipv4 ? LEAST_IPV4 : LEAST_IPV6;

	out->data = ip;
	out->len = d->header + d->total;
	out->headroom = (uint16_t)(HEADERS - d->header);
	out->tailroom = TAIL;
	out->largest = d->largest < least ? (uint16_t)least : d->largest;
	if (!ipv4) {
		be16_put(&h6->payload, (uint16_t)(out->len - sizeof(*h6)));
		return;
	}
	be16_put(&h4->total, (uint16_t)out->len);
	be16_put(&h4->fragment, be16_get(h4->fragment) & 0x4000u);
	be16_put(&h4->checksum, 0);
	be16_put(&h4->checksum, usher__csum_fold(usher__csum_add(0, ip, d->header)));
}

static enum reassembly_result spoil(struct datagram *d, enum reassembly_result why)
{
	d->status = SPOILT; /* and stays until it is late, so that the rest finds nothing to join */
	return why;
}

enum reassembly_result usher__reassembly_add(struct reassembly *r, const struct pkt *p, const uint8_t *data, uint16_t zone,
					     usher_time now, struct reassembled *out)
{
	struct piece piece;
	struct datagram *d;
	uint32_t word[10], tag;
	enum reassembly_result result;

	if (!read_piece(&piece, p, data))
		return REASSEMBLY_NONE;
	if (is_bad(&piece, p))
		return REASSEMBLY_BAD;
	name(word, p, &piece, zone);
	tag = hash_words(r->key, word, 10) | 1;
	d = find(r, tag, word, now);
	if (!d)
		d = begin(r, tag, word, now + (p->family == USHER_IPV4 ? LATE_IPV4 : LATE_IPV6));
	if (!d)
		return REASSEMBLY_FULL;
	result = judge(d, &piece);
	if (result == REASSEMBLY_AGAIN)
		return result;
	if (result != REASSEMBLY_HELD)
		return spoil(d, result);
	put(d, &piece);
	d->marks |= (uint8_t)(1u << (p->family == USHER_IPV4 ? data[1] & 3 : data[1] >> 4 & 3));
	if (p->ip_len > d->largest)
		d->largest = (uint16_t)p->ip_len;
	if (!d->total || !d->header || d->units != (d->total + 7) / 8)
		return REASSEMBLY_HELD;
	if (d->header + d->total > (p->family == USHER_IPV4 ? 65535u : 65535u + sizeof(struct wire_ipv6)) ||
	    !join_marks(d, d->bytes + HEADERS - d->header))
		return spoil(d, REASSEMBLY_BAD);
	finish(d, out);
	d->status = HANDED_OUT;
	r->used--;
	r->handed_out++;
	return REASSEMBLY_WHOLE;
}
