/*
 * packet/reassembly and engine/process: fragments in any order, twice, overlapping, too late, too many; through NAT.
 */
#include "tests/unit/net.h"

#include "packet/packet.h"

#define MEMORY (48u << 20)
#define LONG   5000u

static uint8_t datagram[LONG + 100]; /* UDP, or with an ICMP header */
static uint8_t piece[40][NET_PACKET];
static uint32_t piece_len[40];

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* A UDP datagram longer than net_udp makes them. Returns its length. */
static uint32_t make_udp(const char *src, const char *dst, uint32_t data)
{
	struct usher_endpoint a = net_end(src), b = net_end(dst);
	uint32_t head = a.family == USHER_IPV4 ? 20 : 40, len = head + 8 + data, sum;

	(void)net_udp(datagram, &a, &b, "", 0);
	for (uint32_t i = head + 8; i < len; i++)
		datagram[i] = (uint8_t)(i * 3 + i / 256);
	put16(datagram + head + 4, 8 + data);
	put16(datagram + head + 6, 0);
	if (head == 20) {
		put16(datagram + 2, len);
		put16(datagram + 4, 0x4711);
		put16(datagram + 6, 0);
		put16(datagram + 10, 0);
		sum = usher__csum_fold(usher__csum_add(0, datagram, 20));
		memcpy(datagram + 10, &(uint16_t){ 0 }, 2);
		put16(datagram + 10, sum);
	} else {
		put16(datagram + 4, 8 + data);
	}
	sum = usher__csum_fold(usher__csum_add(
	        usher__csum_pseudo(a.family, datagram, USHER_UDP, 8 + data), datagram + head, 8 + data));
	put16(datagram + head + 6, sum ? sum : 0xffff);
	return len;
}

/* Cut the datagram. Returns how many pieces. */
static uint32_t cut(uint32_t len, uint32_t most, uint32_t id)
{
	const struct usher_packet packet = { .data = datagram, .len = len };
	uint32_t position = 0, n = 0;

	while ((piece_len[n] = usher_fragment(&packet, most, id, &position, piece[n])) != 0)
		n++;
	return n;
}

static struct usher_packet give(struct net *n, uint32_t k)
{
	struct usher_packet p = { .data = piece[k], .len = piece_len[k] };

	usher_process(n->w, &p, 1, n->now);
	return p;
}

static void open_plain(struct net *n, uint32_t fragments)
{
	static _Alignas(4096) uint8_t memory[MEMORY];
	struct usher_options options = {
		.connections = 16, .connections6 = 16, .helped = 4, .related = 4, .expectations = 4, .stream_chunks = 16,
		.mappings = 4, .emit_bytes = 1 << 14, .fragments = fragments, .flags = USHER_LIVE | USHER_VERIFY_CHECKSUMS,
	};

	memset(n, 0, sizeof(*n));
	net_lend(memory, sizeof(memory));
	net_open(n, &options);
	assert_true(n->lent);
	n->quiet = true;
}

static void is_whole(const struct usher_packet *p, uint32_t len, uint32_t largest)
{
	assert_int_equal(p->verdict, USHER_ACCEPT);
	assert_true(p->flags & USHER_PACKET_WHOLE);
	assert_int_equal(p->len, len);
	assert_int_equal(p->fragment_size, largest);
	assert_memory_equal(p->data, datagram, len);
}

/* Every order of four pieces, IPv4 and IPv6; each piece twice as well. */
static void test_any_order(void **state)
{
	static const char *const ends[2][2] = { { "10.0.0.2:4000", "198.51.100.2:53" }, { "[fd00::2]:4000", "[2001:db8::2]:53" } };
	struct net n;

	(void)state;
	open_plain(&n, 64);
	for (unsigned family = 0; family < 2; family++) {
		for (unsigned order = 0; order < 256; order++) {
			unsigned k[4] = { order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3 }, i;
			uint32_t len, count;
			struct usher_packet p = { 0 };

			if ((1u << k[0] | 1u << k[1] | 1u << k[2] | 1u << k[3]) != 15)
				continue;
			len = make_udp(ends[family][0], ends[family][1], LONG);
			count = cut(len, 1400, order + 1);
			put16(datagram + 4, family ? len - 40 : 0x4711);
			assert_int_equal(count, 4);
			for (i = 0; i < 4; i++) {
				p = give(&n, k[i]);
				if (i == 3)
					break;
				assert_int_equal(p.verdict, USHER_TAKEN);
				assert_int_equal(p.reason, USHER_REASON_FRAGMENT_HELD);
				p = give(&n, k[i]);
				assert_int_equal(p.verdict, USHER_TAKEN);
				assert_int_equal(p.reason, USHER_REASON_FRAGMENT_AGAIN);
			}
			is_whole(&p, len, piece_len[0]);
			assert_int_equal(p.state, USHER_NEW);
		}
	}
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_REASSEMBLED), 48);
	usher_end(n.w);
	net_close(&n);
}

/* RFC 5722: a piece that overlaps another ends the datagram, and all that still comes of it. */
static void test_overlap(void **state)
{
	static const struct {
		uint32_t offset; /* of the overlapping piece, in units of 8, of 16 bytes */
		bool spoils;
	} rows[] = { { 171, true }, { 172, false }, { 0, true }, { 100, true } };
	struct net n;

	(void)state;
	for (uint32_t r = 0; r < COUNT_OF(rows); r++) {
		struct usher_packet p;
		uint32_t len;

		open_plain(&n, 64);
		len = make_udp("10.0.0.2:4000", "198.51.100.2:53", LONG);
		assert_int_equal(cut(len, 1400, 0), 4); /* 1376 bytes are 172 units */
		(void)give(&n, 0);
		memcpy(piece[30], piece[1], 36);
		memcpy(piece[30] + 20, rows[r].spoils ? (const uint8_t *)"other bytes here" : piece[1] + 20, 16);
		put16(piece[30] + 2, 36);
		put16(piece[30] + 6, 0x2000 | rows[r].offset);
		put16(piece[30] + 10, 0);
		put16(piece[30] + 10, usher__csum_fold(usher__csum_add(0, piece[30], 20)));
		piece_len[30] = 36;
		p = give(&n, 30);
		assert_int_equal(p.reason, rows[r].spoils ? USHER_REASON_FRAGMENT_OVERLAP : USHER_REASON_FRAGMENT_HELD);
		assert_int_equal(p.verdict, rows[r].spoils ? USHER_DROP : USHER_TAKEN);
		/* Either way the second piece no longer fits; and then nothing of the datagram does. */
		for (uint32_t k = 1; k < 4; k++) {
			p = give(&n, k);
			assert_int_equal(p.reason, USHER_REASON_FRAGMENT_OVERLAP);
			assert_int_equal(p.verdict, USHER_DROP);
		}
		/* When it is late, another one of this name may come. */
		n.now += 31 * USHER_SECOND;
		usher_tick(n.w, n.now, 1000);
		for (uint32_t k = 0; k < 4; k++)
			p = give(&n, k);
		is_whole(&p, len, piece_len[0]);
		usher_end(n.w);
		net_close(&n);
	}
}

/* What cannot be: no data, a middle piece of odd length, beyond 65535, behind the end, a second end, two minds about congestion. */
static void test_bad(void **state)
{
	static const struct {
		uint32_t where, data;
		uint8_t tos;
		enum usher_reason reason;
	} rows[] = {
		{ 0x2000 | 180, 0, 0, USHER_REASON_FRAGMENT_BAD },
		{ 0x2000 | 180, 17, 0, USHER_REASON_FRAGMENT_BAD },
		{ 8190, 16, 0, USHER_REASON_FRAGMENT_BAD },       /* 65520 + 16 */
		{ 8189, 3, 0, USHER_REASON_FRAGMENT_HELD },       /* 65515: the most that there can be */
		{ 8189, 4, 0, USHER_REASON_FRAGMENT_BAD },
		{ 172, 8, 3, USHER_REASON_FRAGMENT_BAD },         /* the first piece is not ECN capable, this one is marked */
		{ 172, 8, 0, USHER_REASON_NONE },
	};
	struct net n;

	(void)state;
	for (uint32_t r = 0; r < COUNT_OF(rows); r++) {
		struct usher_packet p;

		open_plain(&n, 64);
		(void)cut(make_udp("10.0.0.2:4000", "198.51.100.2:53", 1376), 1396, 0);
		(void)give(&n, 0);
		memset(piece[30], 0, sizeof(piece[30]));
		memcpy(piece[30], piece[0], 20);
		piece[30][1] = rows[r].tos;
		put16(piece[30] + 2, 20 + rows[r].data);
		put16(piece[30] + 6, rows[r].where);
		put16(piece[30] + 10, 0);
		put16(piece[30] + 10, usher__csum_fold(usher__csum_add(0, piece[30], 20)));
		piece_len[30] = 20 + rows[r].data;
		memcpy(piece[30] + 20, datagram + 20 + 1376, rows[r].data < 8 ? rows[r].data : 8);
		p = give(&n, 30);
		assert_int_equal(p.reason, rows[r].reason);
		if (rows[r].reason == USHER_REASON_FRAGMENT_BAD)
			assert_int_equal(p.verdict, USHER_DROP);
		usher_end(n.w);
		net_close(&n);
	}
}

/* Two ends, or something behind the end. */
static void test_ends(void **state)
{
	struct usher_packet p;
	struct net n;

	(void)state;
	open_plain(&n, 64);
	assert_int_equal(cut(make_udp("10.0.0.2:4000", "198.51.100.2:53", LONG), 1400, 0), 4);
	(void)give(&n, 2);
	put16(piece[1] + 6, 172); /* the second piece says that it is the last */
	put16(piece[1] + 10, 0);
	put16(piece[1] + 10, usher__csum_fold(usher__csum_add(0, piece[1], 20)));
	p = give(&n, 1);
	assert_int_equal(p.reason, USHER_REASON_FRAGMENT_BAD);
	p = give(&n, 0);
	assert_int_equal(p.reason, USHER_REASON_FRAGMENT_OVERLAP);
	usher_end(n.w);
	net_close(&n);
}

/* More first pieces than there is room: the oldest is given up; what is late is, too, and told. */
static void test_limits(void **state)
{
	struct usher_packet p;
	struct net n;
	uint32_t i;

	(void)state;
	open_plain(&n, 8);
	for (i = 0; i < 20; i++) {
		char src[40];

		snprintf(src, sizeof(src), "10.0.1.%u:4000", i);
		(void)cut(make_udp(src, "198.51.100.2:53", 2000), 1400, 0);
		n.now += USHER_SECOND;
		p = give(&n, 0);
		assert_int_equal(p.reason, USHER_REASON_FRAGMENT_HELD);
	}
	usher_tick(n.w, n.now, 100);
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_REASSEMBLY_FAILED), 12);
	p = give(&n, 1); /* the last one's */
	assert_int_equal(p.verdict, USHER_ACCEPT);
	n.now += 31 * USHER_SECOND;
	usher_tick(n.w, n.now, 100);
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_REASSEMBLY_FAILED), 19);
	usher_end(n.w);
	net_close(&n);
	/* Without the option they pass untracked. */
	open_plain(&n, 0);
	p = give(&n, 0);
	assert_int_equal(p.state, USHER_UNTRACKED);
	assert_int_equal(p.verdict, USHER_ACCEPT);
	usher_end(n.w);
	net_close(&n);
}

static void masquerade(void *user, const struct usher_new *new, struct usher_decision *decision)
{
	(void)user;
	(void)new;
	net_masquerade(decision, "203.0.113.1");
}

/* Through NAT, in bursts of any size: addresses, ports and checksum are the public ones, and the answer finds its way. */
static void test_nat(void **state)
{
	static _Alignas(4096) uint8_t memory[MEMORY];
	struct usher_options options = {
		.connections = 16, .connections6 = 16, .helped = 4, .related = 4, .expectations = 4, .stream_chunks = 16,
		.mappings = 4, .emit_bytes = 1 << 14, .fragments = 64, .flags = USHER_LIVE | USHER_VERIFY_CHECKSUMS,
		.policy = masquerade,
	};
	uint32_t burst, i, len;

	(void)state;
	for (burst = 1; burst <= 4; burst++) {
		struct usher_packet p[4], *last;
		struct pkt decoded;
		struct net n = { 0 };

		net_lend(memory, sizeof(memory));
		net_open(&n, &options);
		n.quiet = true;
		len = make_udp("10.0.0.2:4000", "198.51.100.2:53", LONG);
		assert_int_equal(cut(len, 1400, 0), 4);
		for (i = 0; i < 4; i++)
			p[i] = (struct usher_packet){ .data = piece[3 - i], .len = piece_len[3 - i] };
		for (i = 0; i < 4; i += burst)
			usher_process(n.w, p + i, 4 - i < burst ? 4 - i : burst, n.now);
		last = &p[3];
		assert_int_equal(last->verdict, USHER_ACCEPT);
		assert_true(last->flags & USHER_PACKET_WHOLE && last->flags & USHER_PACKET_TRANSLATED);
		usher__pkt_decode(&decoded, last->data, last->len, last->len, PKT_VERIFY);
		assert_int_equal(decoded.reason, USHER_REASON_NONE);
		assert_true(decoded.flags & PKT_CSUM_CHECKED);
		assert_memory_equal(last->data + 12, "\xcb\x00\x71\x01", 4);
		assert_memory_equal(last->data + 28, datagram + 28, LONG);

		len = make_udp("198.51.100.2:53", "203.0.113.1:4000", LONG);
		assert_int_equal(cut(len, 1400, 0), 4);
		for (i = 0; i < 4; i++)
			p[i] = (struct usher_packet){ .data = piece[i], .len = piece_len[i] };
		for (i = 0; i < 4; i += burst)
			usher_process(n.w, p + i, 4 - i < burst ? 4 - i : burst, n.now);
		assert_int_equal(last->verdict, USHER_ACCEPT);
		assert_memory_equal(last->data + 16, "\x0a\x00\x00\x02", 4);
		usher__pkt_decode(&decoded, last->data, last->len, last->len, PKT_VERIFY);
		assert_int_equal(decoded.reason, USHER_REASON_NONE);
		usher_end(n.w);
		net_close(&n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order), cmocka_unit_test(test_overlap), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_ends),      cmocka_unit_test(test_limits),  cmocka_unit_test(test_nat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
