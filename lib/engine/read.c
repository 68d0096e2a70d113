/*
 * engine/read: helpers at work: the stream's records, datagrams, gaps and the news of children go to the helper; what it asks for
 * takes effect in help.c, what leaves in place of a segment is segment.c's.
 *
 * Invariants: one call at a time (the worker has one struct usher_help): a helper that is to hear of its children hears of them
 * when no other is at work, after the packet that it was. A helper that reads no more may leave its stream behind: numbers that it
 * has shifted stay shifted. Sources: DESIGN 5, 6.
 */
#include "engine/engine.h"

/* ---- reading ---- */

/* Each record, gap and child begins with nothing asked for. What is past its deadline is not there, for limits and identities. */
static void turn_begin(struct usher_help *call, uint8_t side)
{
	uint32_t number = call->x->expect_first;

	call->side = side;
	call->count = call->made_count = 0;
	call->all = call->all_children = false;
	while (number) {
		const struct expect *e = expect_at(&call->w->expects, number);
		uint32_t next = e->master_next;

		if (e->deadline <= call->w->now)
			usher__expect_end(call->w, number, "timeout");
		number = next;
	}
}

static struct usher_help *call_begin(struct usher_worker *w, struct extra *x)
{
	struct usher_help *call = &w->call;

	call->w = w;
	call->helper = helper_at(w, x->helper);
	call->record = x->record;
	call->c = conn_at(&w->table, x->record);
	call->extra = call->c->extra;
	call->x = x;
	call->state = help_at(w, x->help);
	call->reading = NULL;
	call->stop = false;
	return call;
}

static int32_t sink_frame(void *user, unsigned direction, const uint8_t *head, uint32_t have)
{
	struct usher_help *call = user;

	return call->helper->frame(call->state->state, (uint8_t)usher__help_direction(call, (uint8_t)direction), head, have);
}

static bool sink_may_edit(void *user, unsigned direction, const uint8_t *head, uint32_t have)
{
	struct usher_help *call = user;

	return call->helper->may_edit &&
	       call->helper->may_edit(call->state->state, (uint8_t)usher__help_direction(call, (uint8_t)direction), head, have);
}

/* One record to the helper: what it asks for takes effect, or nothing of it. */
static bool read_record(struct usher_help *call, unsigned direction, struct usher_record *record)
{
	record->dir = (uint8_t)usher__help_direction(call, (uint8_t)direction); /* reversing is its own inverse */
	record->from = usher__help_endpoint(call, direction, 0);
	record->to = usher__help_endpoint(call, direction, 1);
	turn_begin(call, record->dir);
	if (call->helper->record(call, &usher__help_ops, call->state->state, record) == 0) {
		usher__help_commit(call);
	} else {
		usher__help_abandon(call);
		if (call->reading)
			usher__stream_edit_none(call->reading);
	}
	return !call->stop;
}

static bool sink_record(void *user, struct stream_record *bytes)
{
	struct usher_help *call = user;
	struct usher_record record = { .data = bytes->data, .len = bytes->len, .fixed = bytes->fixed, .flags = bytes->flags };
	bool more;

	call->reading = bytes;
	more = read_record(call, bytes->direction, &record);
	call->reading = NULL;
	return more;
}

static bool sink_gap(void *user, unsigned direction, uint32_t len)
{
	struct usher_help *call = user;

	if (!call->helper->gap)
		return true;
	turn_begin(call, (uint8_t)usher__help_direction(call, (uint8_t)direction));
	call->helper->gap(call, &usher__help_ops, call->state->state, call->side, len);
	usher__help_commit(call);
	return !call->stop;
}

static void sink_emit(void *user, const struct stream_out *out)
{
	struct usher_help *call = user;

	usher__emit_segment(call->w, call->record, out);
}

static const struct stream_sink sink = {
	.frame = sink_frame, .record = sink_record, .gap = sink_gap, .may_edit = sink_may_edit, .emit = sink_emit
};

static struct stream_context context_of(struct usher_help *call, struct stream_leave *leave)
{
	struct usher_worker *w = call->w;

	return (struct stream_context){ .pool = w->chunks,
		.sink = &sink,
		.user = call,
		.scratch = w->scratch,
		.counts = &w->stream_counts,
		.now = w->now ? w->now : 1,
		.leave = leave };
}

static bool read_segment(struct usher_help *call, unsigned direction, struct pkt *p, struct usher_packet *packet)
{
	struct usher_worker *w = call->w;
	const struct conn_found about = { call->c, call->record, (uint8_t)direction };
	struct stream_leave leave = { .verdict = STREAM_PASS };
	bool rewrites = usher__segment_rewrites(w, call->c), more;
	struct stream_context context = context_of(call, rewrites ? &leave : NULL);

	if (w->segment_of != packet)
		usher__segment_fill(w, &about, p, packet);
	more = usher__stream_segment(&call->state->stream, &w->segment, &context);
	if (rewrites)
		usher__segment_leave(w, p, packet, &leave);
	return more;
}

/* A datagram is a record. */
static bool read_datagram(struct usher_worker *w, struct usher_help *call, unsigned direction, const struct pkt *p,
			  const uint8_t *data)
{
	struct stream_side *side = &call->state->stream.side[direction];
	uint32_t max = call->helper->record_max, len = p->payload_have;
	unsigned flags = side->flags & STREAM_HANDED ? 0 : USHER_RECORD_FIRST;
	struct usher_record record;

	if (!p->payload_len)
		return true;
	if (max && len > max)
		len = max;
	if (len < p->payload_len)
		flags |= USHER_RECORD_CUT;
	side->flags |= STREAM_HANDED;
	w->stream_counts.records++;
	w->stream_counts.cut += len < p->payload_len;
	record = (struct usher_record){ .data = data + p->payload, .len = len, .fixed = len, .flags = (uint8_t)flags };
	return read_record(call, direction, &record);
}

/* After each use of a stream: when it has something to do, and whether it is still of use. */
static void settle_stream(struct usher_help *call, bool more)
{
	struct usher_worker *w = call->w;

	if (!more) {
		call->x->flags &= (uint8_t)~EXTRA_READING;
		if (call->c->protocol != USHER_TCP || !usher__stream_needed(&call->state->stream)) {
			usher__help_end(w, call->x, call->c);
			return;
		}
	}
	if (call->state->timer_at || usher__segment_rewrites(w, call->c))
		usher__timer_set(w, call->x->help, usher__stream_deadline(&call->state->stream));
}

void usher__help_back(struct usher_worker *w, uint32_t record, unsigned direction, struct pkt *p, struct usher_packet *packet)
{
	const struct conn_found about = { conn_at(&w->table, record), record, (uint8_t)direction };
	bool partial = packet->checksum == USHER_CHECKSUM_PARTIAL;
	struct stream_segment *s = &w->segment;
	struct stream_segment was;

	w->segment_of = NULL;
	if (!usher__segment_rewrites(w, about.c))
		return;
	usher__segment_fill(w, &about, p, packet);
	w->segment_of = packet;
	was = *s;
	usher__stream_back(&help_at(w, extra_of(w, about.c)->help)->stream, s, w->chunks);
	if (s->ack != was.ack)
		usher__pkt_tcp_set_ack(packet->data, p, s->ack, partial);
	if (s->sack_count != was.sack_count || memcmp(s->sack, was.sack, sizeof(s->sack)) != 0)
		usher__pkt_tcp_set_sack(packet->data, p, (const uint32_t(*)[2])s->sack, s->sack_count, partial);
}

void usher__help_read(struct usher_worker *w, uint32_t record, unsigned direction, struct pkt *p, struct usher_packet *packet)
{
	struct extra *x = extra_of(w, conn_at(&w->table, record));
	struct usher_help *call;
	bool more;

	if (!x || !x->help)
		return;
	call = call_begin(w, x);
	if (p->protocol == USHER_TCP)
		more = read_segment(call, direction, p, packet);
	else
		more = read_datagram(w, call, direction, p, packet->data);
	w->segment_of = NULL;
	settle_stream(call, more);
}

uint32_t usher__help_back_seq(const struct usher_worker *w, const struct conn *c, unsigned direction, uint32_t seq)
{
	if (!(c->status & CONN_HELPED) || !usher__segment_rewrites(w, c))
		return seq;
	return usher__stream_back_seq(&help_at(w, extra_of(w, c)->help)->stream, direction, seq, w->chunks);
}

bool usher__help_too_big(struct usher_worker *w, uint32_t record, unsigned direction, uint32_t seq, uint32_t mtu)
{
	struct conn *c = conn_at(&w->table, record);
	uint32_t headers = record & CONN_IPV6 ? 72 : 52; /* with time stamps */
	struct stream_context context;
	struct usher_help *call;
	bool ours;

	if (!(c->status & CONN_HELPED) || !usher__segment_rewrites(w, c))
		return false;
	call = call_begin(w, extra_of(w, c));
	context = context_of(call, NULL);
	ours = usher__stream_too_big(&call->state->stream, direction, seq, mtu > headers ? mtu - headers : 1, &context);
	settle_stream(call, true);
	return ours;
}

/* R did not take what we owe him: both have had a reset, and nothing more is to come. */
static void give_up(struct usher_help *call)
{
	struct usher_worker *w = call->w;
	usher_time last = w->now + w->tracker->config.timeout[CONN_TIMEOUT_TCP_CLOSE];

	usher__help_end(w, call->x, call->c);
	call->c->status |= CONN_FIXED_TIMEOUT;
	if (last < call->c->deadline)
		conn_refresh(w, call->record, call->c, last);
}

void usher__help_timer(struct usher_worker *w, uint32_t help)
{
	struct usher_help *call = call_begin(w, extra_at(w, help_at(w, help)->extra));
	struct stream_context context = context_of(call, NULL);
	bool reading = call->x->flags & EXTRA_READING;

	if (!usher__stream_timer(&call->state->stream, &context))
		give_up(call);
	else
		settle_stream(call, !reading || !call->stop);
}

/* The helper asked for it elsewhere than in a record. */
static void stop_reading(struct usher_help *call)
{
	struct stream_context context = context_of(call, NULL);

	(void)usher__stream_stop(&call->state->stream, &context);
	settle_stream(call, false);
}

/* ---- children ---- */

bool usher__help_child(struct usher_worker *w, uint32_t extra, uint8_t flag)
{
	struct extra *x = extra_at(w, extra);
	const struct extra *master = x->master_extra ? extra_at(w, x->master_extra) : NULL;

	if (!(x->flags & EXTRA_TELL)) {
		if (!master || !(master->flags & EXTRA_READING) || !helper_at(w, master->helper)->child)
			return false;
		x->flags |= EXTRA_TELL;
		x->tell_next = 0;
		if (w->tell_last)
			extra_at(w, w->tell_last)->tell_next = extra;
		else
			w->tell_first = extra;
		w->tell_last = extra;
	}
	x->flags |= flag;
	return true;
}

static void tell_child(struct usher_worker *w, const struct extra *child, uint8_t event)
{
	uint32_t record = usher__ref_get(w, &child->master);
	struct extra *master = record ? extra_of(w, conn_at(&w->table, record)) : NULL;
	struct usher_help *call;

	if (!master || !(master->flags & EXTRA_READING))
		return;
	call = call_begin(w, master);
	turn_begin(call, USHER_CLIENT);
	call->helper->child(call, &usher__help_ops, call->state->state, child->class_id, child->tag, event);
	usher__help_commit(call);
	if (call->stop)
		stop_reading(call);
}

void usher__help_tell(struct usher_worker *w)
{
	while (w->tell_first) {
		uint32_t number = w->tell_first;
		struct extra *x = extra_at(w, number);
		uint8_t flags = x->flags;

		w->tell_first = x->tell_next;
		if (!w->tell_first)
			w->tell_last = 0;
		x->flags &= (uint8_t)~(EXTRA_TELL | EXTRA_TELL_NEW);
		if (flags & EXTRA_TELL_NEW)
			tell_child(w, x, USHER_CHILD_NEW);
		if (flags & EXTRA_TELL_GONE) {
			tell_child(w, x, USHER_CHILD_GONE);
			slab_give(w->extras, number);
		}
	}
}

/* ---- beginning ---- */

bool usher__help_attach(struct usher_worker *w, uint32_t record, uint8_t helper, bool reversed)
{
	struct conn *c = conn_at(&w->table, record);
	struct extra *x = extra_of(w, c);
	unsigned rewrites = 0;
	struct help *h;

	if (!helper || helper_at(w, helper)->protocol != c->protocol)
		return false;
	x->help = slab_take(w->helps);
	if (!x->help && usher__evict_closed(w, true))
		x->help = slab_take(w->helps);
	if (!x->help) {
		count(w, USHER_COUNTER_HELP_FULL);
		return false;
	}
	h = help_at(w, x->help);
	memset(h, 0, w->helps->record_size);
	h->extra = c->extra;
	if (c->status & CONN_TRANSLATED && helper_at(w, helper)->may_edit && !(w->tracker->flags & USHER_NAT_CAPTURE))
		rewrites = 3; /* each side may speak of the other's endpoints */
	usher__stream_open(&h->stream, helper_at(w, helper)->record_max, c->status & CONN_PICKED_UP, rewrites);
	x->helper = helper;
	x->flags |= (uint8_t)(EXTRA_READING | (reversed ? EXTRA_REVERSED : 0));
	c->status |= CONN_HELPED;
	count(w, USHER_COUNTER_HELPED);
	return true;
}

void usher__help_opened(struct usher_worker *w, uint32_t record)
{
	struct conn *c = conn_at(&w->table, record);
	struct extra *x = extra_of(w, c);
	uint8_t side;

	if (!(c->status & CONN_PICKED_UP) || !helper_at(w, x->helper)->gap)
		return;
	for (side = 0; side < 2 && x->help; side++) {
		struct usher_help *call = call_begin(w, x);

		turn_begin(call, side);
		call->helper->gap(call, &usher__help_ops, call->state->state, side, 0);
		usher__help_commit(call);
		if (call->stop)
			stop_reading(call);
	}
}
