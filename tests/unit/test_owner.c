/*
 * engine/owner: several workers behind one public address. Whatever the policy translates, all packets of a connection have one
 * owner: those that begin it, their answers, ICMP errors about either, and datagrams put together of fragments.
 */
#include "tests/unit/net.h"

#include "packet/packet.h"

/*
 * Inside are 10.0.0.0/24 and fd00::/64. Of each family: .1 is lent to all; of its ports, TCP 80 is a server's (.5, port 8080), UDP
 * 53 that of another one (.9); .2 stands for .6 inside, whatever the port.
 */
static const struct places {
	const char *lent, *server, *resolver, *whole, *twin;
} places[2] = {
	{ "203.0.113.1", "10.0.0.5", "10.0.0.9", "203.0.113.2", "10.0.0.6" },
	{ "[2001:db8:1::1]", "[fd00::5]", "[fd00::9]", "[2001:db8:1::2]", "[fd00::6]" },
};

struct bed {
	struct net n;
	const struct places *at;
	bool ipv6;
	uint64_t seed;
	uint8_t flags;     /* of the policy's source NAT */
	bool open;         /* the policy lets all in */
};

static bool same(const struct usher_endpoint *e, const char *text)
{
	struct usher_endpoint other = net_end(text);

	return e->family == other.family && memcmp(e->address, other.address, 16) == 0;
}

static void to(struct usher_nat *nat, const char *text, uint16_t key)
{
	struct usher_endpoint e = net_end(text);

	*nat = (struct usher_nat){ .family = e.family, .key_first = key, .key_last = key };
	memcpy(nat->first, e.address, 16);
	if (!key)
		memcpy(nat->last, e.address, 16);
}

static bool is_inside(const struct usher_endpoint *e)
{
	return e->family == USHER_IPV4 ? e->address[0] == 10 : e->address[0] == 0xfd;
}

static void policy(void *user, const struct usher_new *new, struct usher_decision *decision)
{
	const struct bed *b = user;
	const struct usher_tuple *t = &new->orig;
	bool from_inside = is_inside(&t->src);

	if (same(&t->dst, b->at->whole))
		to(&decision->destination, b->at->twin, 0);
	else if (same(&t->dst, b->at->lent) && t->protocol == USHER_TCP && t->dst.key == 80)
		to(&decision->destination, b->at->server, 8080);
	else if (same(&t->dst, b->at->lent) && t->protocol == USHER_UDP && t->dst.key == 53)
		to(&decision->destination, b->at->resolver, 0);
	else
		decision->drop = !from_inside && !new->mapped && !b->open;
	if (!from_inside)
		return;
	to(&decision->source, same(&t->src, b->at->twin) ? b->at->whole : b->at->lent, 0);
	decision->source.flags = b->flags;
	if (same(&t->src, b->at->twin)) {
		decision->source.flags = USHER_NAT_PREFIX;
		decision->source.prefix = b->ipv6 ? 128 : 32;
	}
}

static uint32_t public_names(const struct places *at, struct usher_public_name *name)
{
	memset(name, 0, 4 * sizeof(*name));
	name[0].address = net_end(at->lent);
	name[1].address = net_end(at->lent);
	name[1].address.key = 80;
	name[1].protocol = USHER_TCP;
	name[1].inside = net_end(at->server);
	name[2].address = net_end(at->lent);
	name[2].address.key = 53;
	name[2].protocol = USHER_UDP;
	name[2].inside = net_end(at->resolver);
	name[3].address = net_end(at->whole);
	name[3].inside = net_end(at->twin);
	return 4;
}

static void open_bed(struct bed *b, uint32_t workers, bool ipv6, uint64_t seed, uint32_t fragments)
{
	static _Alignas(4096) uint8_t memory[192u << 20];
	struct usher_public_name name[4];
	struct usher_options options = { .workers = workers, .connections = 512, .connections6 = 512, .helped = 4, .related = 64,
					 .expectations = 4, .stream_chunks = 16, .mappings = 64, .nat_addresses = 4,
					 .emit_bytes = 1 << 14, .fragments = fragments,
					 .flags = USHER_LIVE | USHER_VERIFY_CHECKSUMS, .policy = policy, .policy_user = b };

	memset(b, 0, sizeof(*b));
	b->at = &places[ipv6];
	b->ipv6 = ipv6;
	b->seed = seed;
	memcpy(options.seed, &seed, sizeof(seed));
	net_lend(memory, sizeof(memory));
	net_open(&b->n, &options);
	b->n.quiet = true;
	b->n.now = NET_START;
	assert_true(usher_set_public(b->n.tracker, name, public_names(b->at, name)));
}

static void close_bed(struct bed *b)
{
	for (uint32_t k = 0; k < b->n.options.workers; k++) {
		struct usher_worker *w = usher_worker(b->n.tracker, k);

		assert_string_equal(net_wrong(w) ? net_wrong(w) : "sound", "sound");
		usher_flush(w);
		assert_int_equal(net_used(w), 0);
	}
	net_close(&b->n);
}

/* What an inside, an outside host is called, with a key. */
static struct usher_endpoint host(struct bed *b, bool inside)
{
	uint32_t number = 20 + net_random(&b->seed, 200), key = 1024 + net_random(&b->seed, 60000);
	char text[64];

	if (b->ipv6)
		snprintf(text, sizeof(text), "[%s::%x]:%u", inside ? "fd00" : "2001:db8", number, key);
	else
		snprintf(text, sizeof(text), "%s.%u:%u", inside ? "10.0.0" : "198.51.100", number, key);
	return net_end(text);
}

static struct usher_endpoint end_at(const char *address, uint32_t key)
{
	struct usher_endpoint e = net_end(address);

	e.key = key;
	return e;
}

static uint32_t make(uint8_t *data, uint8_t protocol, const struct usher_endpoint *src, const struct usher_endpoint *dst, bool answer)
{
	struct net_tcp tcp = { .seq = answer ? 9000 : 1000, .ack = answer ? 1001 : 0, .flags = answer ? NET_SYN | NET_ACK : NET_SYN };

	if (protocol == USHER_TCP)
		return net_tcp(data, src, dst, &tcp);
	if (protocol == USHER_UDP)
		return net_udp(data, src, dst, "hello", 5);
	if (protocol == USHER_ICMP)
		return net_icmp(data, src, dst, src->family == USHER_IPV6 ? (answer ? 129 : 128) : answer ? 0 : 8);
	return net_sctp(data, src, dst, 0xdeadbeef, answer ? "\5\0\0\x0c\0\1\0\x08path" : "\4\0\0\x0c\0\1\0\x08path", 12);
}

/* Its owner's verdict; another worker hands it over as it is. */
static struct usher_packet give(struct bed *b, uint8_t *data, uint32_t len)
{
	struct usher_packet p = { .data = data, .len = len }, other;
	uint32_t owner = usher_owner(b->n.tracker, &p), workers = b->n.options.workers;
	uint8_t copy[NET_PACKET];

	assert_true(owner < workers);
	memcpy(copy, data, len);
	other = p;
	usher_process(usher_worker(b->n.tracker, (owner + 1 + net_random(&b->seed, workers - 1)) % workers), &other, 1, b->n.now);
	assert_int_equal(other.verdict, USHER_HAND_OVER);
	assert_int_equal(other.worker, owner);
	assert_int_equal(other.reason, USHER_REASON_OWNER);
	assert_memory_equal(data, copy, len);
	usher_process(usher_worker(b->n.tracker, owner), &p, 1, b->n.now);
	assert_int_not_equal(p.verdict, USHER_HAND_OVER);
	p.worker = (uint8_t)owner;
	return p;
}

static void read_ends(const struct usher_packet *p, uint32_t at, struct usher_endpoint e[2])
{
	struct pkt outer, d;
	uint32_t offset = 0;

	usher__pkt_decode(&outer, p->data, p->len, p->len, PKT_VERIFY);
	d = outer;
	if (at)
		assert_true(usher__pkt_decode_quoted(&d, &outer, p->data, p->len, &offset));
	else
		assert_int_equal(d.reason, USHER_REASON_NONE);
	for (unsigned i = 0; i < 2; i++) {
		memset(&e[i], 0, sizeof(e[i]));
		e[i].family = d.family;
		e[i].key = d.key[i];
		memcpy(e[i].address, p->data + offset + (i ? PKT_DST_OFFSET(d.family) : PKT_SRC_OFFSET(d.family)),
		       d.family == USHER_IPV6 ? 16 : 4);
	}
}

static bool equal(const struct usher_endpoint *a, const struct usher_endpoint *b)
{
	return a->family == b->family && a->key == b->key && memcmp(a->address, b->address, 16) == 0;
}

/* An error of somebody on the way, about what left: the sender is told, and reads his own packet in it. */
static void error_about(struct bed *b, const struct usher_packet *left, const struct usher_endpoint *src,
			const struct usher_endpoint *dst, uint32_t owner)
{
	struct usher_endpoint e[2], router = host(b, false), left_src;
	uint8_t data[NET_PACKET];
	struct usher_packet p;
	uint32_t len;

	read_ends(left, 0, e);
	left_src = e[0];
	len = net_icmp_error(data, &router, &left_src, left->data, left->len);
	p = give(b, data, len);
	assert_int_equal(p.verdict, USHER_ACCEPT);
	assert_int_equal(p.state, USHER_RELATED);
	assert_int_equal(p.worker, owner);
	read_ends(&p, 1, e);
	assert_true(equal(&e[0], src) && equal(&e[1], dst));
}

/* One connection from `src` to `dst`, there and back, and an error about each. */
static void flow(struct bed *b, uint8_t protocol, struct usher_endpoint src, struct usher_endpoint dst)
{
	struct usher_endpoint out[2], back[2];
	uint8_t there[NET_PACKET], answer[NET_PACKET];
	struct usher_packet p, q;

	if (protocol == USHER_ICMP)
		dst.key = src.key;
	p = give(b, there, make(there, protocol, &src, &dst, false));
	assert_int_equal(p.verdict, USHER_ACCEPT);
	read_ends(&p, 0, out);
	error_about(b, &p, &src, &dst, p.worker);
	q = give(b, answer, make(answer, protocol, &out[1], &out[0], true));
	assert_int_equal(q.verdict, USHER_ACCEPT);
	assert_int_equal(q.state, USHER_ESTABLISHED);
	assert_int_equal(q.worker, p.worker);
	read_ends(&q, 0, back);
	assert_true(equal(&back[0], &dst) && equal(&back[1], &src));
	error_about(b, &q, &out[1], &out[0], p.worker);
}

static void test_flows(void **state)
{
	static const uint8_t protocols[] = { USHER_TCP, USHER_UDP, USHER_ICMP, 132 };

	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		struct bed b;

		open_bed(&b, 2 + i % 15, i & 1, 100 + i, 0);
		for (unsigned k = 0; k < 60; k++) {
			uint8_t protocol = protocols[k % 4];

			flow(&b, protocol, host(&b, true), host(&b, false));
			flow(&b, USHER_TCP, host(&b, false), end_at(b.at->lent, 80));
			flow(&b, USHER_UDP, host(&b, false), end_at(b.at->lent, 53));
			flow(&b, protocol, host(&b, false), end_at(b.at->whole, 1 + net_random(&b.seed, 65535)));
			flow(&b, protocol, end_at(b.at->twin, 1024 + k), host(&b, false));
			/* Hairpins: to a service, to the one that stands for another, and from it. */
			flow(&b, USHER_TCP, host(&b, true), end_at(b.at->lent, 80));
			flow(&b, protocol, host(&b, true), end_at(b.at->whole, 1 + net_random(&b.seed, 65535)));
			flow(&b, USHER_UDP, end_at(b.at->twin, 2000 + k), end_at(b.at->lent, 53));
		}
		close_bed(&b);
	}
}

/* Nobody is a stranger's or another worker's: keys lent to different workers are different keys. */
static void test_shares(void **state)
{
	uint32_t of[4] = { 0 };
	struct bed b;

	(void)state;
	open_bed(&b, 4, false, 7, 0);
	for (unsigned k = 0; k < 400; k++) {
		struct usher_endpoint src = host(&b, true), dst = host(&b, false), e[2];
		uint8_t data[NET_PACKET];
		struct usher_packet p = give(&b, data, make(data, USHER_UDP, &src, &dst, false));

		read_ends(&p, 0, e);
		assert_true(same(&e[0], b.at->lent));
		assert_int_equal(e[0].key / 8 % 4, p.worker);
		of[p.worker]++;
	}
	for (unsigned k = 0; k < 4; k++)
		assert_in_range(of[k], 60, 140);
	close_bed(&b);
}

/* Of a datagram that comes in pieces, all go to one worker, and what he makes of them to whose it is. */
static void test_fragments(void **state)
{
	static const char body[1200];
	unsigned handed = 0;

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		struct usher_endpoint src, dst, e[2];
		uint8_t data[NET_PACKET], piece[NET_PACKET];
		struct usher_packet p, cut;
		uint32_t owner, first = 99, len, position = 0;
		struct bed b;

		open_bed(&b, 3, i & 1, 500 + i, 4);
		src = host(&b, true);
		dst = host(&b, false);
		p = give(&b, data, net_udp(data, &src, &dst, "x", 1));
		owner = p.worker;
		read_ends(&p, 0, e);
		cut = (struct usher_packet){ .data = data, .len = net_udp(data, &e[1], &e[0], body, sizeof(body)) };
		while ((len = usher_fragment(&cut, 576, 9, &position, piece)) != 0) {
			p = (struct usher_packet){ .data = piece, .len = len };
			first = first == 99 ? usher_owner(b.n.tracker, &p) : first;
			assert_int_equal(usher_owner(b.n.tracker, &p), first);
			usher_process(usher_worker(b.n.tracker, first), &p, 1, b.n.now);
		}
		assert_true(p.flags & USHER_PACKET_WHOLE);
		if (p.verdict == USHER_HAND_OVER) {
			assert_int_equal(p.worker, owner);
			assert_int_not_equal(first, owner);
			memcpy(data, p.data, p.len);
			p = give(&b, data, p.len);
			handed++;
		}
		assert_int_equal(p.verdict, USHER_ACCEPT);
		read_ends(&p, 0, e);
		assert_true(equal(&e[0], &dst) && equal(&e[1], &src));
		close_bed(&b);
	}
	assert_in_range(handed, 20, 59);
}

/* An address that was not named, and what has no key: answers that would go astray are refused by name, others come back. */
static void test_astray(void **state)
{
	unsigned refused[2] = { 0, 0 }, count = 300;
	struct bed b;

	(void)state;
	open_bed(&b, 3, false, 31, 0);
	for (unsigned named = 0; named < 2; named++) {
		for (unsigned k = 0; k < count; k++) {
			struct usher_endpoint src = host(&b, true), dst = host(&b, false), e[2];
			uint8_t data[NET_PACKET], answer[NET_PACKET];
			struct usher_packet p;

			src.key = dst.key = 0;
			p = give(&b, data, named ? net_other(data, &src, &dst, 50) : make(data, USHER_UDP, &src, &dst, false));
			if (p.reason == USHER_REASON_NAT_UNMAPPABLE) /* of two ESP flows with one host the second is in the way */
				continue;
			if (p.verdict != USHER_ACCEPT) {
				assert_int_equal(p.reason, USHER_REASON_NAT_OWNER);
				refused[named]++;
				continue;
			}
			read_ends(&p, 0, e);
			p = give(&b, answer, named ? net_other(answer, &e[1], &e[0], 50) : make(answer, USHER_UDP, &e[1], &e[0], true));
			assert_int_equal(p.verdict, USHER_ACCEPT);
			assert_int_equal(p.state, USHER_ESTABLISHED);
		}
		/* Now ESP by a lent address; before, UDP: by its key it finds back. Then the address is forgotten. */
		if (named == 0)
			assert_int_equal(refused[0], 0);
	}
	assert_in_range(refused[1], count / 3, count * 4 / 5);
	refused[0] = 0;
	assert_true(usher_set_public(b.n.tracker, NULL, 0));
	for (unsigned k = 0; k < count; k++) {
		struct usher_endpoint src = host(&b, true), dst = host(&b, false);
		uint8_t data[NET_PACKET];
		struct usher_packet p = give(&b, data, make(data, USHER_TCP, &src, &dst, false));

		refused[0] += p.reason == USHER_REASON_NAT_OWNER;
		assert_int_equal(p.verdict == USHER_DROP, p.reason == USHER_REASON_NAT_OWNER);
	}
	assert_in_range(refused[0], count / 2, count * 4 / 5);
	close_bed(&b);
}

/* Who sends from a lent address to a lent one is known by either end's key, which may be two workers'. */
static void test_own_to_own(void **state)
{
	unsigned refused = 0;
	struct bed b;

	(void)state;
	open_bed(&b, 4, true, 61, 0);
	b.open = true;
	for (unsigned k = 0; k < 64; k++) {
		struct usher_endpoint src = end_at(b.at->lent, 4000 + 8 * k), dst = end_at(b.at->lent, 5000);
		uint8_t data[NET_PACKET];
		struct usher_packet p = give(&b, data, make(data, USHER_UDP, &src, &dst, false));

		refused += p.reason == USHER_REASON_NAT_OWNER;
		assert_int_equal(p.verdict == USHER_ACCEPT, src.key / 8 % 4 == dst.key / 8 % 4);
	}
	assert_int_equal(refused, 48);
	close_bed(&b);
}

/* A mapping for all destinations: whoever is let in by it comes to its worker, and is served if his answers do, too. */
static void test_any_source(void **state)
{
	unsigned served = 0, refused = 0;
	struct bed b;

	(void)state;
	open_bed(&b, 2, false, 41, 0);
	b.flags = USHER_NAT_ANY_DESTINATION | USHER_NAT_ANY_SOURCE;
	for (unsigned k = 0; k < 60; k++) {
		struct usher_endpoint src = host(&b, true), dst = host(&b, false), stranger = host(&b, false), e[2];
		uint8_t data[NET_PACKET];
		struct usher_packet p = give(&b, data, make(data, USHER_UDP, &src, &dst, false));

		assert_int_equal(p.verdict, USHER_ACCEPT);
		read_ends(&p, 0, e);
		p = give(&b, data, make(data, USHER_UDP, &stranger, &e[0], false));
		if (p.verdict == USHER_ACCEPT) {
			read_ends(&p, 0, e);
			assert_true(equal(&e[1], &src));
			p = give(&b, data, make(data, USHER_UDP, &src, &stranger, true));
			assert_int_equal(p.state, USHER_ESTABLISHED);
			served++;
		} else {
			assert_int_equal(p.reason, USHER_REASON_NAT_OWNER);
			refused++;
		}
	}
	assert_true(served > 15 && refused > 15);
	close_bed(&b);
}

/* What is no name is refused whole, and the names before stay. */
static void test_names(void **state)
{
	struct usher_public_name name[4], wrong[4];
	static struct usher_public_name many[65];
	struct usher_endpoint src, dst;
	uint8_t data[NET_PACKET];
	struct usher_packet p = { .data = data };
	uint32_t owner;
	struct bed b;

	(void)state;
	open_bed(&b, 5, false, 51, 0);
	(void)public_names(b.at, name);
	src = host(&b, false);
	dst = end_at(b.at->lent, 8 * 3);
	p.len = net_udp(data, &src, &dst, "x", 1);
	owner = usher_owner(b.n.tracker, &p);
	assert_int_equal(owner, 3);
	for (unsigned i = 0; i < 65; i++) {
		many[i] = name[0];
		many[i].address.address[3] = (uint8_t)i;
	}
	assert_false(usher_set_public(b.n.tracker, many, 65));
	for (unsigned i = 0; i < 5; i++) {
		memcpy(wrong, name, sizeof(wrong));
		if (i == 0)
			wrong[3].address.family = 0;
		else if (i == 1)
			wrong[3].inside = net_end("[fd00::1]");
		else if (i == 2)
			wrong[1].protocol = 50;
		else if (i == 3)
			wrong[1].inside.family = 0;
		else
			wrong[1].address.key = 65536;
		assert_false(usher_set_public(b.n.tracker, wrong, 4));
		assert_int_equal(usher_owner(b.n.tracker, &p), owner);
	}
	assert_true(usher_set_public(b.n.tracker, many, 64));
	for (unsigned i = 0; i < 64; i++) {
		dst = many[i].address;
		dst.key = 8 * i;
		p.len = net_udp(data, &src, &dst, "x", 1);
		assert_int_equal(usher_owner(b.n.tracker, &p), i % 5);
	}
	for (unsigned i = 0, astray = 0; i < 64; i++) { /* there are no such names in another zone */
		dst = many[i].address;
		dst.key = 8 * i;
		p = (struct usher_packet){ .data = data, .len = net_udp(data, &src, &dst, "x", 1), .zone = 1 };
		astray += usher_owner(b.n.tracker, &p) != i % 5;
		assert_true(i < 63 || astray > 30);
	}
	close_bed(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows),      cmocka_unit_test(test_shares), cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_astray),     cmocka_unit_test(test_any_source), cmocka_unit_test(test_names), cmocka_unit_test(test_own_to_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
