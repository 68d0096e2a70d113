/*
 * engine/read: helpers at work: the stream's records, datagrams, gaps and the news of children go to the helper; what it asks for
 * takes effect in help.c.
 *
 * Invariants: one call at a time (the worker has one struct usher_help): a helper that is to hear of its children hears of them
 * when no other is at work, after the packet that it was. Sources: DESIGN 6.
 */
#include "engine/engine.h"

/* ---- reading ---- */

/* Each record, gap and child begins with nothing asked for. What is past its deadline is not there, for limits and identities. */
static void turn_begin(struct usher_help *call, uint8_t side)
{
	uint32_t number = call->x->expect_first;

	call->side = side;
	call->count = 0;
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
	call->stop = false;
	return call;
}

static int32_t sink_frame(void *user, unsigned direction, const uint8_t *head, uint32_t have)
{
	struct usher_help *call = user;

	return call->helper->frame(call->state->state, (uint8_t)usher__help_direction(call, (uint8_t)direction), head, have);
}

static bool sink_record(void *user, struct stream_record *r)
{
	struct usher_help *call = user;
	unsigned direction = r->direction;
	uint8_t side = (uint8_t)usher__help_direction(call, (uint8_t)direction); /* reversing is its own inverse */
	struct usher_record record = { .data = r->data, .len = r->len, .fixed = r->fixed, .dir = side, .flags = r->flags,
				       .from = usher__help_endpoint(call, direction, 0),
				       .to = usher__help_endpoint(call, direction, 1) };

	turn_begin(call, side);
	if (call->helper->record(call, &usher__help_ops, call->state->state, &record) == 0)
		usher__help_commit(call);
	return !call->stop;
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

static const struct stream_sink sink = { .frame = sink_frame, .record = sink_record, .gap = sink_gap };

static bool read_segment(struct usher_worker *w, struct usher_help *call, unsigned direction, const struct pkt *p,
			 const uint8_t *data)
{
	struct pkt_tcp tcp = usher__pkt_tcp(data + p->l4);
	struct stream_segment segment = { .seq = tcp.seq, .ack = tcp.ack, .tcp_flags = p->tcp_flags,
					  .direction = (uint8_t)direction, .len = p->payload_len, .have = p->payload_have,
					  .data = data + p->payload };
	struct stream_context context = { .pool = w->chunks, .sink = &sink, .user = call, .scratch = w->scratch,
					  .counts = &w->stream_counts };

	return usher__stream_segment(&call->state->stream, &segment, &context);
}

/* A datagram is a record. */
static bool read_datagram(struct usher_worker *w, struct usher_help *call, unsigned direction, const struct pkt *p,
			  const uint8_t *data)
{
	struct stream_side *side = &call->state->stream.side[direction];
	uint32_t max = call->helper->record_max, len = p->payload_have;
	unsigned flags = side->flags & STREAM_HANDED ? 0 : USHER_RECORD_FIRST;

	if (!p->payload_len)
		return true;
	if (max && len > max)
		len = max;
	if (len < p->payload_len)
		flags |= USHER_RECORD_CUT;
	side->flags |= STREAM_HANDED;
	w->stream_counts.records++;
	w->stream_counts.cut += len < p->payload_len;
	return sink_record(call, &(struct stream_record){ .data = data + p->payload, .len = len, .fixed = len,
							  .direction = (uint8_t)direction, .flags = (uint8_t)flags });
}

void usher__help_read(struct usher_worker *w, uint32_t record, unsigned direction, const struct pkt *p, const uint8_t *data)
{
	struct conn *c = conn_at(&w->table, record);
	struct extra *x = extra_of(w, c);
	struct usher_help *call;
	bool more;

	if (!x || !x->help)
		return;
	call = call_begin(w, x);
	if (p->protocol == USHER_TCP)
		more = read_segment(w, call, direction, p, data);
	else
		more = read_datagram(w, call, direction, p, data);
	if (!more)
		usher__help_end(w, x, c);
}

/* ---- children ---- */

bool usher__help_child(struct usher_worker *w, uint32_t extra, uint8_t flag)
{
	struct extra *x = extra_at(w, extra);
	const struct extra *master = x->master_extra ? extra_at(w, x->master_extra) : NULL;

	if (!(x->flags & EXTRA_TELL)) {
		if (!master || !master->help || !helper_at(w, master->helper)->child)
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

	if (!master || !master->help)
		return;
	call = call_begin(w, master);
	turn_begin(call, USHER_CLIENT);
	call->helper->child(call, &usher__help_ops, call->state->state, child->class_id, child->tag, event);
	usher__help_commit(call);
	if (call->stop)
		usher__help_end(w, master, call->c);
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
	struct help *h;

	if (!helper || helper_at(w, helper)->protocol != c->protocol)
		return false;
	x->help = slab_take(w->helps);
	if (!x->help) {
		count(w, USHER_COUNTER_HELP_FULL);
		return false;
	}
	h = help_at(w, x->help);
	memset(h, 0, w->helps->record_size);
	h->extra = c->extra;
	usher__stream_open(&h->stream, helper_at(w, helper)->record_max, c->status & CONN_PICKED_UP, 0);
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
			usher__help_end(w, x, c);
	}
}
