/*
 * sctp: an SCTP association, or one path of it, packet by packet.
 *
 * Owns: c->state, u.sctp, CONN_SEEN_REPLY, CONN_ASSURED, CONN_PICKED_UP and CONN_CLOSED. What chunks do is in
 * sctp_table.c; here is how they are read, and which verification tags fit. Every packet carries the tag that its
 * receiver chose in its INIT or INIT ACK; who did not see those cannot know it, and that is what keeps strangers out.
 *
 * Tags: tag[d] is what packets of direction d carry, pending[d] another that they may carry soon: that of an INIT that
 * came again, of another INIT ACK, or of an association that one side begins anew while the other still knows the old
 * one (RFC 9260 5.2). Both fit until a COOKIE ECHO and a COOKIE ACK have shown which one counts. A tag that is
 * reflected (the T bit of ABORT and SHUTDOWN COMPLETE) must be the one in use: an INIT has the tag of whoever made it
 * up. A path whose association began anew on another one is asked about by a HEARTBEAT with a tag that does not fit: it
 * passes, and path[d] remembers it; only the other end's answer makes it count. Invariants: a tag is never learned from
 * a packet whose own tag does not fit, but from these two, and on a path that was picked up, whose other side's is not
 * known. Never a byte beyond payload_have. Sources: sctp.h; RFC 9260 3.2 (chunks), 3.3.2, 3.3.3 (initiate tags).
 */
#include "conn/sctp.h"

#include <usher/cursor.h>

#include "base/be.h"
#include "packet/wire.h"

#define TAG_REFLECTED 1u /* T: RFC 9260 8.5.1 B and C */

enum chunk_type { /* RFC 9260 3.2 */
	CHUNK_DATA, CHUNK_INIT, CHUNK_INIT_ACK, CHUNK_SACK, CHUNK_HEARTBEAT, CHUNK_HEARTBEAT_ACK, CHUNK_ABORT, CHUNK_SHUTDOWN,
	CHUNK_SHUTDOWN_ACK, CHUNK_ERROR, CHUNK_COOKIE_ECHO, CHUNK_COOKIE_ACK, CHUNK_ECNE, CHUNK_CWR, CHUNK_SHUTDOWN_COMPLETE,
	CHUNK_EVENTS
};

/* SACK, ECNE, CWR and types that are not here mean what data mean. */
static const uint8_t events[CHUNK_EVENTS] = {
	[CHUNK_DATA] = SCTP_ON_DATA,
	[CHUNK_INIT] = SCTP_ON_INIT,
	[CHUNK_INIT_ACK] = SCTP_ON_INIT_ACK,
	[CHUNK_SACK] = SCTP_ON_DATA,
	[CHUNK_HEARTBEAT] = SCTP_ON_HEARTBEAT,
	[CHUNK_HEARTBEAT_ACK] = SCTP_ON_HEARTBEAT_ACK,
	[CHUNK_ABORT] = SCTP_ON_ABORT,
	[CHUNK_SHUTDOWN] = SCTP_ON_SHUTDOWN,
	[CHUNK_SHUTDOWN_ACK] = SCTP_ON_SHUTDOWN_ACK,
	[CHUNK_ERROR] = SCTP_ON_ERROR,
	[CHUNK_COOKIE_ECHO] = SCTP_ON_COOKIE_ECHO,
	[CHUNK_COOKIE_ACK] = SCTP_ON_COOKIE_ACK,
	[CHUNK_ECNE] = SCTP_ON_DATA,
	[CHUNK_CWR] = SCTP_ON_DATA,
	[CHUNK_SHUTDOWN_COMPLETE] = SCTP_ON_SHUTDOWN_COMPLETE,
};

/* What one packet says. */
struct said {
	uint8_t event;     /* enum sctp_event */
	bool reflected;    /* the tag is the other side's */
	uint16_t seen;     /* a bit for each event of its chunks */
	uint32_t tag;      /* of its header */
	uint32_t initiate; /* INIT, INIT ACK: what the other side is to use */
};

/* Do events like this one come alone? */
static bool is_alone(uint8_t event)
{
	return event == SCTP_ON_INIT || event == SCTP_ON_INIT_ACK || event == SCTP_ON_SHUTDOWN_COMPLETE;
}

/* One chunk whose header is here; `body` is what is here of the rest. false: its tag was cut off. */
static bool read_chunk(struct said *said, uint8_t type, uint8_t flags, struct usher_cursor *body)
{
	uint8_t event = type < CHUNK_EVENTS ? events[type] : (uint8_t)SCTP_ON_DATA;

	said->seen |= (uint16_t)(1u << event);
	if (event >= said->event) {
		said->event = event;
		said->reflected = (event == SCTP_ON_ABORT || event == SCTP_ON_SHUTDOWN_COMPLETE) && flags & TAG_REFLECTED;
	}
	if (event == SCTP_ON_INIT || event == SCTP_ON_INIT_ACK)
		said->initiate = usher_cursor_be32(body);
	return !body->bad;
}

/*
 * All chunks that are here. A chunk's padding is not in its length, and may be missing behind the last. NONE, SCTP_CHUNK, or
 * IP_TRUNCATED: it was cut before what had to be read.
 */
static uint8_t read_chunks(const struct conn_arrival *a, struct said *said)
{
	struct usher_cursor c = usher_cursor(a->l4 + sizeof(struct wire_sctp), a->p->payload_have);
	bool cut = a->p->payload_have < a->p->payload_len;
	uint32_t left = a->p->payload_len, count = 0, len, take;

	*said = (struct said){ .tag = be32_read(a->l4 + offsetof(struct wire_sctp, tag)) };
	for (; left >= 4 && usher_cursor_left(&c) >= 4; left -= len < left ? len : left, count++) {
		uint8_t type = usher_cursor_u8(&c), flags = usher_cursor_u8(&c);
		struct usher_cursor body;

		len = usher_cursor_be16(&c);
		if (len < 4 || len > left || (len < 8 && (type == CHUNK_INIT || type == CHUNK_INIT_ACK)))
			return USHER_REASON_SCTP_CHUNK;
		take = len - 4 < usher_cursor_left(&c) ? len - 4 : usher_cursor_left(&c);
		body = usher_cursor(usher_cursor_take(&c, take), take);
		if (!read_chunk(said, type, flags, &body))
			return USHER_REASON_IP_TRUNCATED;
		take = (4 - len % 4) % 4;
		take = take < usher_cursor_left(&c) ? take : usher_cursor_left(&c);
		(void)usher_cursor_take(&c, take);
		len = (len + 3) / 4 * 4;
	}
	if (!count && cut && left >= 4)
		return USHER_REASON_IP_TRUNCATED;
	if (!count || (left > 0 && !cut) || (count > 1 && is_alone(said->event)))
		return USHER_REASON_SCTP_CHUNK;
	return USHER_REASON_NONE;
}

static bool fits(const struct conn_sctp *s, unsigned direction, uint32_t tag)
{
	return tag && (tag == s->tag[direction] || tag == s->pending[direction]);
}

static bool is_known(const struct conn_sctp *s, unsigned direction)
{
	return s->tag[direction] || s->pending[direction];
}

static bool tag_fits(const struct conn *c, unsigned direction, const struct said *said)
{
	const struct conn_sctp *s = &c->u.sctp;

	if (said->event == SCTP_ON_INIT)
		return said->tag == 0 && said->initiate;
	if (said->event == SCTP_ON_INIT_ACK && !said->initiate)
		return false;
	if (said->reflected)
		return said->tag && said->tag == s->tag[!direction];
	if (c->status & CONN_PICKED_UP && !is_known(s, direction))
		return said->tag != 0;
	return fits(s, direction, said->tag);
}

static void learn(struct conn_sctp *s, unsigned direction, uint32_t tag)
{
	if (!s->tag[direction])
		s->tag[direction] = tag;
	else if (tag != s->tag[direction])
		s->pending[direction] = tag;
}

/* It is this one that counts. */
static void settle(struct conn_sctp *s, unsigned direction, uint32_t tag)
{
	if (tag == s->pending[direction]) {
		s->pending[direction] = s->tag[direction];
		s->tag[direction] = tag;
	}
}

static void take_tags(struct conn_sctp *s, unsigned direction, const struct said *said)
{
	const unsigned cookies = 1u << SCTP_ON_COOKIE_ECHO | 1u << SCTP_ON_COOKIE_ACK;

	if (said->event == SCTP_ON_INIT || said->event == SCTP_ON_INIT_ACK) {
		learn(s, !direction, said->initiate);
	} else if (!said->reflected && !is_known(s, direction)) {
		s->tag[direction] = said->tag;
		if (s->path[!direction]) /* two questions, and who knows which of them is answered */
			learn(s, !direction, s->path[!direction]);
	}
	if (said->seen & cookies)
		settle(s, direction, said->tag);
	if (said->seen & 1u << SCTP_ON_COOKIE_ACK)
		s->pending[0] = s->pending[1] = 0;
}

/* A HEARTBEAT whose tag does not fit, and nothing else with it. */
static bool asks_anew(struct conn_sctp *s, unsigned direction, const struct said *said)
{
	if (said->seen != 1u << SCTP_ON_HEARTBEAT || !said->tag)
		return false;
	s->path[direction] = said->tag;
	return true;
}

/* The answer to one: it is another association that has this path now. */
static bool answers_anew(struct conn_sctp *s, unsigned direction, const struct said *said)
{
	if (said->event != SCTP_ON_HEARTBEAT_ACK || !said->tag || !s->path[!direction])
		return false;
	s->tag[!direction] = s->path[!direction];
	s->tag[direction] = said->tag;
	s->pending[0] = s->pending[1] = s->path[0] = s->path[1] = 0;
	return true;
}

static usher_time timeout_of(const struct conn *c, const struct conn_arrival *a)
{
	static const uint8_t timeouts[CONN_SCTP_STATE_COUNT] = {
		[CONN_SCTP_NONE] = CONN_TIMEOUT_SCTP_CLOSED,
		[CONN_SCTP_INIT] = CONN_TIMEOUT_SCTP_CLOSED,
		[CONN_SCTP_COOKIE_WAIT] = CONN_TIMEOUT_SCTP_COOKIE_WAIT,
		[CONN_SCTP_COOKIE_ECHOED] = CONN_TIMEOUT_SCTP_COOKIE_ECHOED,
		[CONN_SCTP_ESTABLISHED] = CONN_TIMEOUT_SCTP_ESTABLISHED,
		[CONN_SCTP_SHUTDOWN_SENT] = CONN_TIMEOUT_SCTP_SHUTDOWN_SENT,
		[CONN_SCTP_SHUTDOWN_RECD] = CONN_TIMEOUT_SCTP_SHUTDOWN_RECD,
		[CONN_SCTP_SHUTDOWN_ACK_SENT] = CONN_TIMEOUT_SCTP_SHUTDOWN_ACK_SENT,
		[CONN_SCTP_HEARTBEAT_SENT] = CONN_TIMEOUT_SCTP_HEARTBEAT_SENT,
		[CONN_SCTP_CLOSED] = CONN_TIMEOUT_SCTP_CLOSED,
	};

	return a->config->timeout[timeouts[c->state]];
}

static bool sctp_begin(struct conn *c, const struct conn_arrival *a, struct conn_step *step)
{
	struct said said;
	uint8_t reason = read_chunks(a, &said);
	const struct sctp_rule *rule;

	*step = (struct conn_step){ .action = CONN_INVALID, .reason = reason };
	if (reason != USHER_REASON_NONE)
		return false;
	rule = &usher__sctp_table[CONN_SCTP_NONE][USHER_ORIG][said.event];
	step->reason = USHER_REASON_SCTP_STATE;
	if (rule->kind != SCTP_TAKE)
		return false;
	if (said.event != SCTP_ON_INIT)
		c->status |= CONN_PICKED_UP;
	step->reason = USHER_REASON_SCTP_TAG;
	if (!tag_fits(c, USHER_ORIG, &said))
		return false;
	take_tags(&c->u.sctp, USHER_ORIG, &said);
	c->state = rule->next;
	*step = (struct conn_step){ .timeout = timeout_of(c, a) };
	return true;
}

/* Its tag fits, and it is taken. */
static void take(struct conn *c, unsigned direction, const struct sctp_rule *rule, struct conn_step *step)
{
	uint16_t status = c->status;

	if (direction == USHER_REPLY)
		status |= CONN_SEEN_REPLY;
	if (rule->next == CONN_SCTP_ESTABLISHED)
		status |= CONN_ASSURED;
	if (rule->next == CONN_SCTP_CLOSED)
		status |= CONN_CLOSED;
	if (status == c->status && rule->next == c->state)
		return; /* not a store for every packet: see struct conn_step */
	c->status = status;
	c->state = rule->next;
	step->changed = true;
}

/* Why this packet is not the association's; NONE: it is. `kind` gets what is to be done with it. */
static uint8_t judge(struct conn *c, unsigned direction, const struct said *said, uint8_t *kind)
{
	struct conn_sctp *s = &c->u.sctp;

	if (*kind == SCTP_REJECT)
		return USHER_REASON_SCTP_STATE;
	if (tag_fits(c, direction, said)) {
		if (*kind != SCTP_REOPEN)
			take_tags(s, direction, said);
		return USHER_REASON_NONE;
	}
	if (asks_anew(s, direction, said))
		*kind = SCTP_LET_BY;
	else if (!answers_anew(s, direction, said))
		return USHER_REASON_SCTP_TAG;
	return USHER_REASON_NONE;
}

static void sctp_packet(struct conn *c, unsigned direction, const struct conn_arrival *a, struct conn_step *step)
{
	static const uint8_t actions[] = { [SCTP_REJECT] = CONN_INVALID, [SCTP_TAKE] = CONN_PASS, [SCTP_LET_BY] = CONN_IGNORE,
					   [SCTP_REOPEN] = CONN_RESTART };
	struct said said;
	uint8_t reason = read_chunks(a, &said), kind;
	const struct sctp_rule *rule = &usher__sctp_table[c->state][direction][said.event];

	kind = rule->kind;
	if (reason == USHER_REASON_NONE)
		reason = judge(c, direction, &said, &kind);
	if (reason != USHER_REASON_NONE)
		kind = SCTP_REJECT;
	*step = (struct conn_step){ .action = actions[kind], .reason = reason };
	if (kind == SCTP_TAKE) {
		take(c, direction, rule, step);
		step->timeout = timeout_of(c, a);
	}
}

static bool sctp_closing(const struct conn *c)
{
	return c->state >= CONN_SCTP_SHUTDOWN_SENT && c->state != CONN_SCTP_HEARTBEAT_SENT;
}

bool usher__sctp_tag_fits(const struct conn *c, unsigned direction, uint32_t tag)
{
	if (tag == 0)
		return c->state == CONN_SCTP_INIT && c->u.sctp.tag[!direction];
	return fits(&c->u.sctp, direction, tag);
}

const struct conn_protocol usher__conn_sctp = {
	.name = "sctp",
	.begin = sctp_begin,
	.packet = sctp_packet,
	.states = usher__sctp_states,
	.state_count = CONN_SCTP_STATE_COUNT,
	.closing = sctp_closing,
};
