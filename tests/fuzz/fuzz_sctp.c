/*
 * sctp: whatever chunks come, in whatever order, with tags that are known, nearly, or not at all.
 *
 * Input: packets of a byte for the sender (bit 0) and whose tag it has (bits 1 to 3; 6 and 7: four bytes of its own follow), a byte for
 * how many bytes of chunks there are, one for how many of them were cut, and the chunks. The bytes have an allocation of their length.
 * Held to be true: lib/conn/conn.h's contract, packet by packet; what is invalid teaches nothing; what is taken has a tag that is known.
 */
#include "base/be.h"
#include "conn/sctp.h"

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

#define HEADER 12u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

static const uint8_t *take(struct input *in, size_t len)
{
	static const uint8_t nothing[256];
	const uint8_t *at = in->at;

	if (in->left < len) {
		in->left = 0;
		return nothing;
	}
	in->at += len;
	in->left -= len;
	return at;
}

static void set_config(struct conn_config *config)
{
	memset(config, 0, sizeof(*config));
#define TIMEOUT(id, name, seconds) config->timeout[CONN_TIMEOUT_##id] = (seconds) * USHER_SECOND;
	CONN_TIMEOUTS(TIMEOUT)
#undef TIMEOUT
}

static uint32_t tag_of(struct input *in, const struct conn *c, unsigned direction, unsigned choice)
{
	const struct conn_sctp *s = &c->u.sctp;
	const uint32_t tags[6] = { 0, s->tag[direction], s->pending[direction], s->path[direction], s->tag[!direction],
				   s->path[!direction] };

	return choice < 6 ? tags[choice] : be32_read(take(in, 4));
}

static bool is_known(const struct conn_sctp *s, unsigned direction, uint32_t tag)
{
	return tag == s->tag[direction] || tag == s->pending[direction];
}

static void check_step(const struct conn *before, const struct conn *c, const struct conn_step *step, unsigned direction, uint32_t tag)
{
	bool same = c->state == before->state && c->status == before->status;

	CHECK(step->action <= CONN_RESTART && step->action != CONN_DELETE && !step->out_of_window);
	CHECK((step->reason != USHER_REASON_NONE) == (step->action == CONN_INVALID));
	CHECK(c->state > CONN_SCTP_NONE && c->state < CONN_SCTP_STATE_COUNT);
	CHECK(!(c->status & CONN_CLOSED) == (c->state != CONN_SCTP_CLOSED));
	CHECK((before->status & ~c->status) == 0);
	if (step->action == CONN_INVALID || step->action == CONN_RESTART)
		CHECK(memcmp(before, c, sizeof(*c)) == 0);
	if (step->action != CONN_PASS) {
		CHECK(same && !step->changed && step->timeout == 0);
		return;
	}
	CHECK(step->changed == !same && step->timeout > 0);
	/* an INIT has none; a reflected one is the other side's */
	CHECK(tag == 0 || is_known(&c->u.sctp, direction, tag) || is_known(&before->u.sctp, direction, tag) ||
	      tag == before->u.sctp.tag[!direction]);
}

/* One packet; false: there is no connection yet. */
static bool play(struct input *in, struct conn *c, bool begun, const struct conn_config *config)
{
	const uint8_t *head = take(in, 3);
	unsigned direction = begun ? head[0] & 1 : USHER_ORIG;
	uint32_t tag = tag_of(in, c, direction, head[0] >> 1 & 7), len = head[1], have = len - (head[2] < len ? head[2] : len);
	struct pkt p = { .family = USHER_IPV4, .protocol = 132, .payload = HEADER, .payload_len = len, .payload_have = have };
	const uint8_t *chunks = take(in, len);
	uint8_t *bytes = malloc(HEADER + have);
	struct conn before = *c;
	struct conn_step step;

	if (!bytes)
		exit(0);
	memset(bytes, 0, HEADER);
	be32_write(bytes + 4, tag);
	memcpy(bytes + HEADER, chunks, have);
	if (begun) {
		usher__conn_sctp.packet(c, direction, &(struct conn_arrival){ &p, bytes, USHER_SECOND, config }, &step);
		check_step(&before, c, &step, direction, tag);
		begun = step.action != CONN_RESTART;
	}
	if (!begun) {
		*c = (struct conn){ .protocol = 132 };
		begun = usher__conn_sctp.begin(c, &(struct conn_arrival){ &p, bytes, USHER_SECOND, config }, &step);
		CHECK(begun == (step.action == CONN_PASS) && begun == (step.reason == USHER_REASON_NONE));
		CHECK(!begun || (c->state > CONN_SCTP_NONE && c->state < CONN_SCTP_STATE_COUNT && step.timeout > 0));
		if (!begun)
			*c = (struct conn){ .protocol = 132 };
	}
	free(bytes);
	return begun;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct conn c = { .protocol = 132 };
	struct conn_config config;
	bool begun = false;

	set_config(&config);
	while (in.left > 0)
		begun = play(&in, &c, begun, &config);
	return 0;
}
