/*
 * engine/owner: bytes as IP packets for three workers behind public addresses. Laws: a packet has an owner, who does not hand it over
 * (but for what he has put together of fragments), and the others do, untouched; of a packet that passes with a connection, an answer
 * to it as it left has the same owner; whatever is translated is translated by a worker whose key it gets.
 */
#include "tests/unit/net.h"

#include "packet/packet.h"

#define WORKERS 3u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
}

/* From 10/8 and fd00::/8 by 203.0.113.1 and 2001:db8::1; what comes there at port 80 goes to 10.0.0.5, and fd00::5. */
static void policy(void *user, const struct usher_new *new, struct usher_decision *decision)
{
	const bool ipv6 = new->orig.src.family == USHER_IPV6;
	struct usher_endpoint lent = net_end(ipv6 ? "[2001:db8::1]" : "203.0.113.1"), inside = net_end(ipv6 ? "[fd00::5]" : "10.0.0.5");
	bool from_inside = new->orig.src.address[0] == (ipv6 ? 0xfd : 10);
	bool service = memcmp(new->orig.dst.address, lent.address, 16) == 0 && new->orig.dst.key == 80;

	(void)user;
	if (service) {
		decision->destination.family = inside.family;
		memcpy(decision->destination.first, inside.address, 16);
	}
	if (from_inside) {
		decision->source.family = lent.family;
		memcpy(decision->source.first, lent.address, 16);
	}
}

static void name_public(struct usher_tracker *t)
{
	struct usher_public_name name[6];

	memset(name, 0, sizeof(name));
	for (unsigned i = 0; i < 6; i++) {
		name[i].address = net_end(i & 1 ? "[2001:db8::1]" : "203.0.113.1");
		if (i < 2)
			continue;
		name[i].address.key = 80;
		name[i].protocol = i < 4 ? USHER_TCP : USHER_UDP;
		name[i].inside = net_end(i & 1 ? "[fd00::5]" : "10.0.0.5");
	}
	must(usher_set_public(t, name, 6), "names");
}

static void swap(uint8_t *a, uint8_t *b, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		uint8_t c = a[i];

		a[i] = b[i];
		b[i] = c;
	}
}

/* The answer to a packet that left, as far as its owner depends on it: its ends swapped. false: not one of those that can be made so. */
static bool turn(struct usher_packet *p)
{
	uint32_t size;
	struct pkt d;

	usher__pkt_decode(&d, p->data, p->len, p->len, PKT_CSUM_GOOD);
	if (d.reason != USHER_REASON_NONE || d.flags & (PKT_ICMP_ERROR | PKT_FRAGMENT | PKT_ONE_WAY | PKT_OPTIONS))
		return false;
	size = d.family == USHER_IPV6 ? 16 : 4;
	swap(p->data + PKT_SRC_OFFSET(d.family), p->data + PKT_DST_OFFSET(d.family), size);
	if (d.protocol == USHER_TCP || d.protocol == USHER_UDP || d.protocol == 132 || d.protocol == 136 || d.protocol == 33)
		swap(p->data + d.l4, p->data + d.l4 + 2, 2);
	usher__pkt_decode(&d, p->data, p->len, p->len, PKT_CSUM_GOOD);
	return d.reason == USHER_REASON_NONE; /* nobody answers from a multicast address */
}

static void give(struct net *n, uint8_t *bytes, uint32_t len)
{
	uint8_t *data = malloc(len ? len : 1);
	struct usher_packet p = { .data = data, .len = len }, other = p;
	uint32_t owner, others;

	must(data != NULL, "memory");
	memcpy(data, bytes, len);
	owner = usher_owner(n->tracker, &p);
	must(owner < WORKERS, "an owner");
	others = (owner + 1) % WORKERS;
	usher_process(usher_worker(n->tracker, others), &other, 1, n->now);
	must(other.verdict == USHER_HAND_OVER && other.worker == owner && memcmp(data, bytes, len) == 0, "another hands it over");
	usher_process(usher_worker(n->tracker, owner), &p, 1, n->now);
	must(p.verdict != USHER_HAND_OVER || p.flags & USHER_PACKET_WHOLE, "the owner keeps it");
	if (p.verdict == USHER_ACCEPT && p.conn.generation && !(p.flags & USHER_PACKET_WHOLE) && turn(&p))
		must(usher_owner(n->tracker, &p) == owner, "the answer is its, too");
	free(data);
}

/* Length, how its addresses are made likely, bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(4096) uint8_t memory[64u << 20];
	static const char *const names[] = { "10.0.0.2",   "203.0.113.1", "198.51.100.2", "10.0.0.5", "[fd00::2]", "[2001:db8::1]",
					     "[2001:db8:9::2]", "[fd00::5]" };
	struct usher_options options = { .workers = WORKERS, .connections = 64, .connections6 = 64, .helped = 4, .related = 16,
					 .expectations = 4, .stream_chunks = 16, .mappings = 16, .nat_addresses = 2, .fragments = 2,
					 .emit_bytes = 1 << 14, .policy = policy };
	struct net n;

	net_lend(memory, sizeof(memory));
	net_open(&n, &options);
	n.quiet = true;
	name_public(n.tracker);
	for (size_t at = 0; at + 2 <= size;) {
		uint8_t packet[256] = { 0 }, how = data[at + 1];
		uint32_t len = data[at] < size - at - 2 ? data[at] : (uint32_t)(size - at - 2);

		memcpy(packet, data + at + 2, len);
		at += 2 + len;
		for (unsigned end = 0; end < 2; end++) {
			unsigned which = end ? how >> 3 & 7 : how & 7;
			struct usher_endpoint e = net_end(names[which]);

			if (how & (end ? 0x80 : 0x40))
				memcpy(packet + (which < 4 ? 12 + 4 * end : 8 + 16 * end), e.address, which < 4 ? 4 : 16);
		}
		n.now += USHER_SECOND / 100;
		give(&n, packet, len);
	}
	for (uint32_t k = 0; k < WORKERS; k++) {
		const char *wrong = net_wrong(usher_worker(n.tracker, k));

		must(!wrong, wrong ? wrong : "");
		usher_flush(usher_worker(n.tracker, k));
		must(net_used(usher_worker(n.tracker, k)) == 0, "nothing is left");
	}
	net_close(&n);
	return 0;
}
