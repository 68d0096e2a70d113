/*
 * engine/read: what is remembered of a packet ends with it, though the next one lies at the same place in memory.
 */
#include "tests/unit/net.h"

#include "packet/packet.h"

enum { SYN = NET_SYN, ACK = NET_ACK, PSH = NET_PSH };

static void masquerade(void *user, const struct usher_new *new, struct usher_decision *decision)
{
	(void)user;
	(void)new;
	net_masquerade(decision, "203.0.113.1");
	decision->helper = "ftp";
}

static struct usher_packet place; /* of every packet */

/* Sent between these two; the data that leaves is in `left`. */
static uint8_t send(struct net *n, const char *src, const char *dst, uint32_t seq, uint32_t ack, uint8_t flags,
        const char *data, char left[200])
{
	struct usher_endpoint a = net_end(src), b = net_end(dst);
	const struct net_tcp tcp = { .seq = seq, .ack = ack, .flags = flags, .data = data, .len = (uint32_t)strlen(data) };
	uint8_t *bytes = malloc(NET_PACKET); /* so that a sanitizer sees whoever reads it later */
	struct pkt p;
	uint32_t len = net_tcp(bytes, &a, &b, &tcp);

	place = (struct usher_packet){ .data = bytes, .len = len, .tailroom = (uint16_t)(NET_PACKET - len) };
	usher_process(n->w, &place, 1, n->now);
	usher__pkt_decode(&p, place.data, place.len, place.len, 0);
	snprintf(left, 200, "%.*s", (int)p.payload_have, (const char *)place.data + p.payload);
	free(bytes);
	return place.verdict;
}

/* A connection of FTP up to its greeting; `public` is how the server knows the client. */
static void connect_ftp(struct net *n, const char *client, const char *public, char left[200])
{
	const char *server = "198.51.100.2:21";

	assert_int_equal(send(n, client, server, 1000, 0, SYN, "", left), USHER_ACCEPT);
	assert_int_equal(send(n, server, public, 5000, 1001, SYN | ACK, "", left), USHER_ACCEPT);
	assert_int_equal(send(n, client, server, 1001, 5001, ACK, "", left), USHER_ACCEPT);
	assert_int_equal(send(n, server, public, 5001, 1001, PSH | ACK, "220 hi\r\n", left), USHER_ACCEPT);
	assert_int_equal(send(n, client, server, 1001, 5009, ACK, "", left), USHER_ACCEPT);
}

static void test_a_new_connection_where_an_invalid_packet_was(void **state)
{
	struct usher_options options = {
		.connections = 16, .connections6 = 16, .helped = 4, .related = 8, .expectations = 8, .stream_chunks = 64,
		.mappings = 8, .emit_bytes = 1 << 14, .flags = USHER_LIVE | USHER_DROP_INVALID, .policy = masquerade,
	};
	struct net n = { 0 };
	char left[200];

	(void)state;
	net_open(&n, &options);
	n.quiet = true;
	connect_ftp(&n, "10.0.0.2:4000", "203.0.113.1:4000", left);
	/* Far outside its window. */
	assert_int_equal(
	        send(&n, "10.0.0.2:4000", "198.51.100.2:21", 900000000, 5009, PSH | ACK, "PORT 10,0,0,2,8,1\r\n", left),
	        USHER_DROP);
	connect_ftp(&n, "10.0.0.3:4001", "203.0.113.1:4001", left);
	assert_int_equal(
	        send(&n, "10.0.0.3:4001", "198.51.100.2:21", 1001, 5009, PSH | ACK, "PORT 10,0,0,3,8,1\r\n", left),
	        USHER_ACCEPT);
	assert_string_equal(left, "PORT 203,0,113,1,8,1\r\n");
	usher_end(n.w);
	net_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_new_connection_where_an_invalid_packet_was) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
