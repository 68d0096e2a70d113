/*
 * tcp: whatever comes, in whatever order, numbered from where the connection stands.
 *
 * Input: a byte of configuration, then packets of 11 bytes: sender and where its two numbers count from, flags, both offsets
 * (2 each), window (2), length (2), seconds since the last one; then, if said so, options with their length in words.
 * Held to be true: lib/conn/conn.h's contract, packet by packet; what is invalid teaches nothing.
 */
#include "base/be.h"
#include "conn/conn.h"
#include "conn/tcp_table.h"
#include "conn/tcp_window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

struct input {
	const uint8_t *at;
	size_t left;
};

static const uint8_t *take(struct input *in, size_t len)
{
	static const uint8_t nothing[64];
	const uint8_t *at = in->at;

	if (in->left < len) {
		in->left = 0;
		return nothing;
	}
	in->at += len;
	in->left -= len;
	return at;
}

static void set_config(struct conn_config *config, uint8_t bits)
{
	memset(config, 0, sizeof(*config));
#define TIMEOUT(id, name, seconds) config->timeout[CONN_TIMEOUT_##id] = (seconds) * USHER_SECOND;
	CONN_TIMEOUTS(TIMEOUT)
#undef TIMEOUT
	config->tcp_liberal = (bits & 1) != 0;
	config->tcp_loose = (bits & 2) == 0;
	config->tcp_ignore_invalid_rst = (bits & 4) != 0;
	config->tcp_max_retransmits = bits & 8 ? 0 : 3;
}

static uint32_t seq_base(const struct conn_tcp *t, unsigned direction, unsigned choice)
{
	const uint32_t bases[8] = { t->side[direction].end, t->side[direction].max_end, t->side[!direction].max_ack, t->last_seq,
				    t->last_end, 0x7fffff00, 0, t->side[direction].end - t->side[!direction].max_win };

	return bases[choice & 7];
}

static uint32_t ack_base(const struct conn_tcp *t, unsigned direction, unsigned choice)
{
	const uint32_t bases[8] = { t->side[!direction].end, t->side[direction].max_ack, t->side[!direction].max_end, t->last_ack,
				    t->last_end, 0xfffffff0, 0, t->side[!direction].end - t->side[direction].max_win };

	return bases[choice & 7];
}

/* Both ways. */
static uint32_t offset_of(const uint8_t *at)
{
	return be16_read(at) - 0x8000u;
}

/* The next packet of the input, and when it comes; its direction. */
static unsigned put_packet(struct input *in, const struct conn *c, struct pkt *p, uint8_t *header, usher_time *now)
{
	const uint8_t *bytes = take(in, 11);
	unsigned direction = bytes[0] & 1;
	uint32_t len = be16_read(bytes + 8), words = 0;

	*now += bytes[10] * USHER_SECOND;
	memset(header, 0, 60);
	be32_write(header + 4, seq_base(&c->u.tcp, direction, bytes[0] >> 1) + offset_of(bytes + 2));
	be32_write(header + 8, ack_base(&c->u.tcp, direction, bytes[0] >> 4) + offset_of(bytes + 4));
	memcpy(header + 14, bytes + 6, 2);
	if (bytes[0] & 128) {
		words = *take(in, 1) % 11;
		memcpy(header + 20, take(in, words * 4), words * 4);
	}
	header[12] = (uint8_t)((5 + words) << 4);
	header[13] = bytes[1];
	*p = (struct pkt){ .family = USHER_IPV4, .protocol = USHER_TCP, .tcp_flags = bytes[1],
			   .payload_len = len & 0x8000 ? (len & 0x7fff) * 8 : len };
	return direction;
}

static void check_record(const struct conn *c)
{
	CHECK(c->state > CONN_TCP_NONE && c->state < CONN_TCP_STATE_COUNT);
	CHECK((c->u.tcp.last & 127) < TCP_EVENT_COUNT);
	CHECK(conn_tcp_scale(&c->u.tcp, 0) <= 14 && conn_tcp_scale(&c->u.tcp, 1) <= 14);
	CHECK(!(c->status & CONN_CLOSED) == (c->state != CONN_TCP_TIME_WAIT && c->state != CONN_TCP_CLOSE));
}

static bool is_timeout(const struct conn_config *config, usher_time time)
{
	for (unsigned i = 0; i <= CONN_TIMEOUT_TCP_UNACKNOWLEDGED; i++)
		if (config->timeout[i] == time)
			return true;
	return time == 0;
}

static void check_step(const struct conn *before, const struct conn *c, const struct conn_step *step, usher_time left,
		       const struct conn_config *config)
{
	struct conn_tcp moved = c->u.tcp;

	CHECK(c->deadline == before->deadline && c->key[0] == before->key[0] && c->generation == before->generation);
	CHECK((before->status & ~c->status & (CONN_SEEN_REPLY | CONN_ASSURED | CONN_PICKED_UP | CONN_RELATED)) == 0);
	switch ((enum conn_action)step->action) {
	case CONN_PASS:
	case CONN_DELETE:
		CHECK(step->reason == USHER_REASON_NONE);
		CHECK(is_timeout(config, step->timeout));
		break;
	case CONN_INVALID:
		moved.last = before->u.tcp.last; /* a FIN or RST out of window is remembered */
		CHECK(memcmp(&moved, &before->u.tcp, sizeof(moved)) == 0);
		CHECK(c->state == before->state && c->status == before->status);
		CHECK(step->reason != USHER_REASON_NONE && step->timeout < left + !step->timeout);
		break;
	case CONN_IGNORE:
		CHECK(c->state == before->state && step->timeout == 0);
		break;
	case CONN_RESTART:
		CHECK(before->state == CONN_TCP_TIME_WAIT || before->state == CONN_TCP_CLOSE);
		break;
	default:
		CHECK(step->action <= CONN_DELETE);
	}
	CHECK(!step->out_of_window || step->action == CONN_PASS || step->action == CONN_DELETE);
	if (step->action != CONN_RESTART)
		CHECK(step->changed == (c->state != before->state || c->status != before->status));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct conn c = { .key = { 1, 2, 3, 4 }, .generation = 6 };
	struct conn_config config;
	usher_time now = USHER_SECOND;
	bool present = false;

	set_config(&config, *take(&in, 1));
	while (in.left) {
		struct conn_step step = { .action = 99, .reason = 99 };
		uint8_t header[64];
		struct pkt p;
		unsigned direction = put_packet(&in, &c, &p, header, &now);
		struct conn before = c;

		if (present && c.deadline <= now)
			present = false;
		if (present) {
			usher__conn_tcp.packet(&c, direction, &(struct conn_arrival){ &p, header, now, &config }, &step);
			check_step(&before, &c, &step, c.deadline - now, &config);
			present = step.action != CONN_RESTART && step.action != CONN_DELETE;
		} else {
			c = (struct conn){ .key = { 1, 2, 3, 4 }, .generation = 6 };
			present = usher__conn_tcp.begin(&c, &(struct conn_arrival){ &p, header, now, &config }, &step);
			CHECK(step.action == (present ? CONN_PASS : CONN_INVALID));
			CHECK(present == (step.reason == USHER_REASON_NONE) && present == (step.timeout != 0));
			CHECK(!present || c.u.tcp.side[0].max_win > 0);
		}
		if (step.action == CONN_PASS)
			check_record(&c);
		if (step.timeout)
			c.deadline = now + step.timeout;
	}
	return 0;
}
