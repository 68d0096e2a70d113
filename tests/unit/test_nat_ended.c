/*
 * engine/nat, engine/evict: what connections that both sides have ended still hold, and what they make room for: keys, names that
 * helpers reserved, helpers' states.
 */
#include "tests/unit/net.h"

#include "packet/packet.h"

enum { FIN = NET_FIN, SYN = NET_SYN, ACK = NET_ACK, PSH = NET_PSH };

#define FIRST 40000u
#define KEYS  4u

static const char *server; /* whom all connect to; to port 21 with a helper */

static void masquerade(void *user, const struct usher_new *new, struct usher_decision *decision)
{
	(void)user;
	if (new->orig.src.address[0] != 10) {
		decision->drop = true;
		return;
	}
	net_masquerade(decision, "203.0.113.1");
	decision->helper = new->orig.dst.key == 21 ? "ftp" : NULL;
}

static void open_small(struct net *n)
{
	struct usher_options options = {
		.connections = 64, .connections6 = 16, .helped = KEYS, .related = 8, .expectations = 8, .stream_chunks = 64,
		.mappings = 8, .emit_bytes = 1 << 14, .flags = USHER_LIVE | USHER_DROP_INVALID, .policy = masquerade,
		.nat_first = FIRST, .nat_last = FIRST + KEYS - 1,
	};

	memset(n, 0, sizeof(*n));
	net_open(n, &options);
	n->quiet = true;
}

struct side {
	struct usher_endpoint own, peer;
	uint32_t seq, ack;
};

/* Sent by `from`; what left is decoded in `p`. Returns the verdict. */
static uint8_t send(struct net *n, struct side *from, uint8_t flags, const char *data, struct pkt *p, uint8_t bytes[NET_PACKET])
{
	const struct net_tcp tcp = {
		.seq = from->seq, .ack = from->ack, .flags = flags, .data = data, .len = (uint32_t)strlen(data)
	};
	struct usher_packet packet = { .data = bytes, .len = net_tcp(bytes, &from->own, &from->peer, &tcp), .tailroom = 200 };

	from->seq += tcp.len + ((flags & (SYN | FIN)) != 0);
	usher_process(n->w, &packet, 1, n->now);
	usher__pkt_decode(p, packet.data, packet.len, packet.len, 0);
	return packet.verdict;
}

/* A handshake. Returns the public port, 0: refused. */
static uint16_t begin(struct net *n, struct side end[2], const char *client)
{
	uint8_t bytes[NET_PACKET];
	struct pkt p;
	uint16_t port;

	end[0] = (struct side){ net_end(client), net_end(server), 1000, 0 };
	end[1] = (struct side){ net_end(server), net_end("203.0.113.1:1"), 5000, 1001 };
	if (send(n, &end[0], SYN, "", &p, bytes) != USHER_ACCEPT)
		return 0;
	port = p.key[0];
	end[1].peer.key = port;
	end[0].ack = 5001;
	assert_int_equal(send(n, &end[1], SYN | ACK, "", &p, bytes), USHER_ACCEPT);
	assert_int_equal(send(n, &end[0], ACK, "", &p, bytes), USHER_ACCEPT);
	return port;
}

static void end_it(struct net *n, struct side end[2])
{
	uint8_t bytes[NET_PACKET];
	struct pkt p;

	assert_int_equal(send(n, &end[0], FIN | ACK, "", &p, bytes), USHER_ACCEPT);
	end[1].ack = end[0].seq;
	assert_int_equal(send(n, &end[1], FIN | ACK, "", &p, bytes), USHER_ACCEPT);
	end[0].ack = end[1].seq;
	assert_int_equal(send(n, &end[0], ACK, "", &p, bytes), USHER_ACCEPT);
}

static const char *host(unsigned i)
{
	static char text[40];

	snprintf(text, sizeof(text), "10.0.0.%u:%u", 2 + i, 5000 + i);
	return text;
}

/* Four keys, one destination: the fifth is refused while the others live; who has ended makes way. */
static void test_keys(void **state)
{
	struct side end[KEYS][2], other[2];
	uint8_t bytes[NET_PACKET];
	uint16_t port[KEYS], got;
	struct usher_packet told;
	struct pkt p;
	struct net n;

	(void)state;
	server = "198.51.100.2:80";
	open_small(&n);
	for (unsigned i = 0; i < KEYS; i++) {
		port[i] = begin(&n, end[i], host(i));
		assert_in_range(port[i], FIRST, FIRST + KEYS - 1);
	}
	assert_int_equal(begin(&n, other, host(9)), 0);
	/* That is counted, and told to who began it: communication administratively prohibited, with his packet. */
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_NAT_EXHAUSTED), 1);
	assert_int_equal(usher_reason_count(n.w, USHER_REASON_NAT_EXHAUSTED), 1);
	assert_true(usher_emit(n.w, &told));
	assert_int_equal(told.data[9], USHER_ICMP);
	assert_memory_equal(told.data + 16, "\x0a\0\0\x0b", 4);
	assert_memory_equal(told.data + 20, "\x03\x0d", 2);
	assert_memory_equal(told.data + 28 + 12, "\x0a\0\0\x0b\xc6\x33\x64\x02", 8);
	assert_false(usher_emit(n.w, &told));
	end_it(&n, end[2]);
	/* It may still say its last word again. */
	end[2][1].seq--;
	assert_int_equal(send(&n, &end[2][1], FIN | ACK, "", &p, bytes), USHER_ACCEPT);
	assert_memory_equal(bytes + 16, "\x0a\0\0\x04", 4);
	got = begin(&n, other, host(9));
	assert_int_equal(got, port[2]);
	/* Now the name is the other's, and the last word makes no sense there. */
	end[2][1].seq--;
	assert_int_equal(send(&n, &end[2][1], FIN | ACK, "", &p, bytes), USHER_DROP);
	assert_int_equal(begin(&n, end[2], host(10)), 0);
	usher_end(n.w);
	net_close(&n);
}

/* Keys of ended ones are free for a listener's name, too; and that name is free when its only connection has ended. */
static void test_names(void **state)
{
	struct side end[2], data[2];
	uint8_t bytes[NET_PACKET];
	unsigned named = 0;
	struct net n;
	struct pkt p;

	(void)state;
	server = "198.51.100.2:21";
	open_small(&n);
	for (unsigned i = 0; i < 3 * KEYS; i++) {
		unsigned six[6];
		char line[80];

		assert_int_not_equal(begin(&n, end, host(i)), 0);
		assert_int_equal(send(&n, &end[1], PSH | ACK, "220 hi\r\n", &p, bytes), USHER_ACCEPT);
		end[0].ack = end[1].seq;
		snprintf(line, sizeof(line), "PORT 10,0,0,%u,8,%u\r\n", 2 + i, i);
		assert_int_equal(send(&n, &end[0], PSH | ACK, line, &p, bytes), USHER_ACCEPT);
		snprintf(line, sizeof(line), "%.*s", (int)p.payload_have, (const char *)bytes + p.payload);
		assert_int_equal(sscanf(line, "PORT %u,%u,%u,%u,%u,%u", &six[0], &six[1], &six[2], &six[3], &six[4], &six[5]), 6);
		assert_int_equal(six[0], 203);
		named++;
		/* The server connects to the name; the host that listens gets it. */
		data[0] = (struct side){ net_end("198.51.100.2:20"), net_end("203.0.113.1:1"), 70, 0 };
		data[0].peer.key = six[4] << 8 | six[5];
		assert_int_equal(send(&n, &data[0], SYN, "", &p, bytes), USHER_ACCEPT);
		assert_int_equal(bytes[19], 2 + i);
		assert_int_equal(p.key[1], 8 << 8 | i);
		data[0].ack = 91;
		data[1] = (struct side){ net_end("10.0.0.2:1"), net_end("198.51.100.2:20"), 90, 71 };
		data[1].own.address[3] = (uint8_t)(2 + i);
		data[1].own.key = 8 << 8 | i;
		assert_int_equal(send(&n, &data[1], SYN | ACK, "", &p, bytes), USHER_ACCEPT);
		assert_int_equal(send(&n, &data[0], ACK, "", &p, bytes), USHER_ACCEPT);
		end_it(&n, data);
		end_it(&n, end);
	}
	assert_int_equal(named, 3 * KEYS);
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_HELP_FULL), 0);
	usher_end(n.w);
	net_close(&n);
}

/* Helpers' states are all taken by living connections: the next goes without, and that is counted. */
static void test_states(void **state)
{
	struct side end[2];
	struct net n;

	(void)state;
	server = "198.51.100.2:21";
	open_small(&n);
	n.now += USHER_SECOND;
	for (unsigned i = 0; i < KEYS; i++)
		assert_int_not_equal(begin(&n, end, host(i)), 0);
	end_it(&n, end);
	assert_int_not_equal(begin(&n, end, host(20)), 0);
	assert_int_equal(usher_counter_get(n.w, USHER_COUNTER_HELP_FULL), 0);
	usher_end(n.w);
	net_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
