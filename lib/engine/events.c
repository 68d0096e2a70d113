/*
 * engine/events: what the event sink and whoever asks are told: connections and expectations as people know them.
 *
 * Invariants: nothing here changes a record; strings are static or the record's own during the call.
 */
#include "engine/engine.h"

static void endpoint(struct usher_endpoint *e, bool ipv6, const uint8_t *address, uint32_t key)
{
	memset(e, 0, sizeof(*e));
	e->family = ipv6 ? USHER_IPV6 : USHER_IPV4;
	e->key = key;
	memcpy(e->address, address, ipv6 ? 16 : 4);
}

/* The type of the answers, or of what is answered (RFC 792, 950, 4443, 4620): asked when something is told, never for a packet. */
uint8_t usher__answer_type(uint8_t protocol, uint8_t type)
{
	static const uint8_t pairs[][3] = {
		{ USHER_ICMP, 8, 0 }, { USHER_ICMP, 13, 14 }, { USHER_ICMP, 15, 16 }, { USHER_ICMP, 17, 18 },
		{ USHER_ICMPV6, 128, 129 }, { USHER_ICMPV6, 139, 140 },
	};
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i][0] == protocol && pairs[i][1] == type)
			return pairs[i][2];
		if (pairs[i][0] == protocol && pairs[i][2] == type)
			return pairs[i][1];
	}
	return type;
}

static void tuple(struct usher_tuple *t, struct conn *c, bool ipv6, unsigned direction)
{
	uint32_t size = ipv6 ? 16 : 4;
	const uint8_t *address = conn_address(c, ipv6) + (direction ? 2 * size : 0);
	const uint16_t *key = &c->key[direction ? 2 : 0];
	uint32_t src_key = key[0], dst_key = key[1];

	if (c->protocol == USHER_GRE && c->type == 0)
		src_key = dst_key = (uint32_t)key[0] << 16 | key[1];
	t->zone = c->zone;
	t->protocol = c->protocol;
	t->type = direction ? usher__answer_type(c->protocol, c->type) : c->type;
	endpoint(&t->src, ipv6, address, src_key);
	endpoint(&t->dst, ipv6, address + size, dst_key);
}

static const char *state_name(const struct conn_protocol *protocol, const struct conn *c)
{
	return protocol->states && c->state < protocol->state_count ? protocol->states[c->state] : NULL;
}

struct usher_ref usher__ref_of(const struct usher_worker *w, uint32_t record)
{
	struct usher_ref ref = { conn_at(&w->table, record)->generation & ~1u, record, (uint16_t)w->number, 0 };

	return ref;
}

uint32_t usher__ref_get(const struct usher_worker *w, const struct usher_ref *ref)
{
	uint32_t number = ref->record & CONN_NUMBER;
	const struct slab *slab = w->table.slab[ref->record >> 31];
	const struct conn *c;

	if (!number || ref->record & (CONN_SECOND | CONN_SENDER) || ref->worker != w->number || number >= slab->fresh)
		return 0;
	c = conn_at(&w->table, ref->record);
	if (c->generation != ref->generation || !(c->status & CONN_USED) || conn_dead(w, c))
		return 0;
	return ref->record;
}

/* The last packet that refreshed it: the deadline less the time-out it was given. When that is not known: its first. */
static usher_time last_seen(const struct usher_worker *w, const struct conn *c, usher_time start)
{
	usher_time timeout = own_timeout(w, c), last;

	if (!timeout && c->timeout)
		timeout = w->tracker->config.timeout[c->timeout - 1];
	last = timeout && !(c->status & CONN_FIXED_TIMEOUT) && c->deadline > timeout ? c->deadline - timeout : start;
	return last > start ? last : start;
}

/* Those past their deadline do not count, though they may be in the list still. */
static uint32_t outstanding(const struct usher_worker *w, const struct extra *x)
{
	uint32_t number, n = 0;

	for (number = x->expect_first; number; number = expect_at(&w->expects, number)->master_next)
		n += expect_at(&w->expects, number)->deadline > w->now;
	return n;
}

static uint8_t public_flags(const struct conn *c, bool reading)
{
	return (uint8_t)((c->status & CONN_SEEN_REPLY ? USHER_CONN_SEEN_REPLY : 0) |
			 (c->status & CONN_ASSURED ? USHER_CONN_ASSURED : 0) |
			 (c->status & CONN_PICKED_UP ? USHER_CONN_PICKED_UP : 0) |
			 (c->status & CONN_RELATED ? USHER_CONN_RELATED : 0) |
			 (reading ? USHER_CONN_HELPED : 0) |
			 (c->status & CONN_NAT_SRC ? USHER_CONN_NAT_SOURCE : 0) |
			 (c->status & CONN_NAT_DST ? USHER_CONN_NAT_DESTINATION : 0));
}

void usher__conn_info(const struct usher_worker *w, uint32_t record, struct usher_conn *info)
{
	struct conn *c = conn_at(&w->table, record);
	const struct conn_meta *meta = conn_meta(&w->table, record);
	const struct conn_protocol *protocol = usher__conn_protocol(c->protocol);
	const struct extra *x = extra_of(w, c);
	bool ipv6 = record & CONN_IPV6;
	unsigned d;

	memset(info, 0, sizeof(*info));
	info->ref = usher__ref_of(w, record);
	info->id = meta->id;
	info->family = ipv6 ? USHER_IPV6 : USHER_IPV4;
	info->flags = public_flags(c, x && x->flags & EXTRA_READING);
	info->protocol = protocol->name;
	info->state = state_name(protocol, c);
	info->mark = c->mark;
	info->reply_zone = c->zone;
	info->start = meta->start;
	info->last = last_seen(w, c, meta->start);
	info->deadline = c->deadline;
	tuple(&info->orig, c, ipv6, USHER_ORIG);
	tuple(&info->reply, c, ipv6, USHER_REPLY);
	for (d = 0; d < 2; d++) {
		info->packets[d] = (uint64_t)c->packets_high[d] << 32 | c->packets_low[d];
		info->bytes[d] = (uint64_t)c->bytes_high[d] << 32 | c->bytes_low[d];
	}
	if (c->protocol == USHER_GRE && c->type == 1) {
		for (d = 0; d < 2; d++) {
			info->lost[d] = c->u.gre.lost[d];
			info->late[d] = c->u.gre.late[d];
		}
	}
	if (!x)
		return;
	info->helper = x->helper ? helper_at(w, x->helper)->name : NULL;
	info->reversed = x->flags & EXTRA_REVERSED;
	info->master = x->master_id;
	info->master_ref = x->master;
	info->expect = x->expect_id;
	info->expectations = outstanding(w, x);
}

void usher__expect_info(const struct usher_worker *w, const struct expect *e, struct usher_expectation *info)
{
	const struct usher_helper *helper = helper_at(w, e->helper);
	bool ipv6 = e->family == USHER_IPV6;

	memset(info, 0, sizeof(*info));
	info->id = e->id;
	info->master = e->master_id;
	info->master_ref = e->master;
	info->tuple.zone = e->zone;
	info->tuple.protocol = e->protocol;
	info->tuple.type = e->type;
	endpoint(&info->tuple.src, ipv6, e->src, e->src_key);
	if (!(e->pattern[0] & EXPECT_SRC_ADDRESS))
		info->tuple.src.family = USHER_ANY_FAMILY;
	endpoint(&info->tuple.dst, ipv6, e->dst, e->dst_key);
	info->both = e->both;
	info->helper = helper->name;
	info->kind = e->kind;
	info->class_name = helper->classes[e->class_id].name;
	info->timeout_s = e->timeout_s;
	info->deadline = e->deadline;
	info->uses = e->uses;
}

/* What a passed deadline causes happened then, and no packet did it. */
static void tell(struct usher_worker *w, struct usher_event *event)
{
	event->time = w->moment ? w->moment : w->now;
	event->frame = w->moment ? 0 : w->frame;
	w->tracker->options.sink(w->tracker->options.sink_user, event);
}

void usher__event_conn(struct usher_worker *w, enum usher_event_type type, uint32_t record, const char *reason)
{
	struct usher_event event = { .type = (uint8_t)type };
	struct usher_conn info;

	if (!wants(w, type))
		return;
	usher__conn_info(w, record, &info);
	event.conn = &info;
	if (type == USHER_EVENT_CONN_DESTROY)
		event.u.destroy.reason = reason;
	tell(w, &event);
}

static void expect_event(struct usher_worker *w, struct usher_event *event, uint32_t number, uint32_t record)
{
	const struct expect *e = expect_at(&w->expects, number);
	struct usher_expectation info;
	struct usher_conn conn;

	usher__expect_info(w, e, &info);
	event->u.expect.expectation = &info;
	if (record) {
		usher__conn_info(w, record, &conn);
		event->conn = &conn;
	}
	tell(w, event);
}

void usher__event_expect(struct usher_worker *w, enum usher_event_type type, uint32_t number, uint32_t child,
			 const char *reason)
{
	struct usher_event event = { .type = (uint8_t)type };

	if (!wants(w, type))
		return;
	event.u.expect.reason = reason;
	expect_event(w, &event, number, child);
}

void usher__event_expect_refreshed(struct usher_worker *w, uint32_t number)
{
	struct usher_event event = { .type = USHER_EVENT_EXPECT_NEW };

	if (!wants(w, USHER_EVENT_EXPECT_NEW))
		return;
	event.u.expect.refreshed = true;
	expect_event(w, &event, number, 0);
}

void usher__event_announce(struct usher_worker *w, uint32_t record, const struct usher_announcement *announcement)
{
	struct usher_event event = { .type = USHER_EVENT_ANNOUNCE };
	struct usher_conn info;

	if (!announcement->accepted)
		count(w, USHER_COUNTER_EXPECT_REFUSED);
	if (!wants(w, USHER_EVENT_ANNOUNCE))
		return;
	usher__conn_info(w, record, &info);
	event.conn = &info;
	event.u.announce = *announcement;
	tell(w, &event);
}

void usher__event_note(const struct usher_help *call, uint16_t code, const struct note_about *about)
{
	struct usher_worker *w = call->w;
	struct usher_event event = { .type = USHER_EVENT_NOTE };
	struct usher_conn info;

	count(w, USHER_COUNTER_NOTES);
	if (!wants(w, USHER_EVENT_NOTE))
		return;
	usher__conn_info(w, call->record, &info);
	event.conn = &info;
	event.u.note.helper = call->helper->name;
	event.u.note.code = call->helper->notes[code - 1].name;
	event.u.note.sentence = call->helper->notes[code - 1].text;
	event.u.note.text = about->text;
	event.u.note.text_len = about->text_len;
	event.u.note.fields = about->fields;
	event.u.note.field_count = about->field_count;
	event.u.note.side = call->side;
	tell(w, &event);
}

void usher__event_invalid(struct usher_worker *w, const struct pkt *p, const struct usher_packet *packet, uint32_t record,
			  unsigned direction)
{
	struct usher_event event = { .type = USHER_EVENT_INVALID };
	struct usher_tuple t = { .zone = packet->zone, .protocol = p->protocol, .type = p->type };
	struct usher_conn info;
	bool ipv6 = p->family == USHER_IPV6;

	if (!wants(w, USHER_EVENT_INVALID))
		return;
	event.u.invalid.reason = packet->reason;
	event.u.invalid.direction = (uint8_t)direction;
	if (p->family && p->l4) {
		bool wide = p->flags & PKT_WIDE_KEY;
		uint32_t key = (uint32_t)p->key[0] << 16 | p->key[1];

		endpoint(&t.src, ipv6, packet->data + PKT_SRC_OFFSET(p->family), wide ? key : p->key[0]);
		endpoint(&t.dst, ipv6, packet->data + PKT_DST_OFFSET(p->family), wide ? key : p->key[1]);
		event.u.invalid.tuple = &t;
	}
	if (record) {
		usher__conn_info(w, record, &info);
		event.conn = &info;
	}
	tell(w, &event);
}
