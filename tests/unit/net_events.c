/*
 * net_events: the tracker at work, and a line of text for each thing that it tells or shows.
 */
#include "net.h"

#include <sys/mman.h>

#define REGION_ALIGN 4096u
#define REGION_LARGE (16u << 20)

void net_vprint(struct net_text *t, const char *format, va_list list)
{
	va_list again;
	int len;

	va_copy(again, list);
	len = vsnprintf(t->at ? t->at + t->len : NULL, t->size - t->len, format, list);
	assert_true(len >= 0);
	if (t->len + (size_t)len >= t->size) {
		t->size = (t->len + (size_t)len + 1) * 2 + 4096;
		t->at = realloc(t->at, t->size);
		assert_non_null(t->at);
		vsnprintf(t->at + t->len, t->size - t->len, format, again);
	}
	va_end(again);
	t->len += (size_t)len;
}

void net_print(struct net_text *t, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	net_vprint(t, format, list);
	va_end(list);
}

void net_clear(struct net_text *t)
{
	t->len = 0;
	if (t->at)
		t->at[0] = '\0';
}

static void print_tuple(struct net_text *t, const struct usher_tuple *tuple, const char *between)
{
	char src[80], dst[80];

	if (tuple->zone)
		net_print(t, "zone %u ", tuple->zone);
	net_print(t, "%s%s%s", net_end_text(&tuple->src, src), between, net_end_text(&tuple->dst, dst));
}

static const char *protocol_name(uint8_t protocol)
{
	static const char *const names[256] = { [USHER_TCP] = "tcp", [USHER_UDP] = "udp", [USHER_GRE] = "gre",
						[USHER_ICMP] = "icmp", [USHER_ICMPV6] = "icmpv6" };

	return names[protocol] ? names[protocol] : "other";
}

static void print_rest_of_conn(struct net_text *t, const struct usher_conn *c)
{
	net_print(t, " type %u reply ", c->orig.type);
	print_tuple(t, &c->reply, ">");
	net_print(t, " type %u zone %u family %u flags %x reversed %d packets %llu %llu bytes %llu %llu start %llu last %llu",
		  c->reply.type, c->reply_zone, c->family, c->flags, c->reversed, (unsigned long long)c->packets[0],
		  (unsigned long long)c->packets[1], (unsigned long long)c->bytes[0], (unsigned long long)c->bytes[1],
		  (unsigned long long)c->start, (unsigned long long)c->last);
	net_print(t, " deadline %llu expectations %u ref %x.%u.%u", (unsigned long long)c->deadline, c->expectations,
		  c->ref.record, c->ref.generation, c->ref.worker);
}

void net_conn_line(struct net_text *t, const struct usher_conn *c, bool full)
{
	net_print(t, "%llu %s ", (unsigned long long)c->id, c->protocol);
	print_tuple(t, &c->orig, ">");
	if (c->state)
		net_print(t, " %s", c->state);
	net_print(t, "%s%s%s%s", c->flags & USHER_CONN_SEEN_REPLY ? " replied" : "",
		  c->flags & USHER_CONN_ASSURED ? " assured" : "",
		  c->flags & USHER_CONN_PICKED_UP ? " picked-up" : "", c->flags & USHER_CONN_RELATED ? " related" : "");
	if (c->helper)
		net_print(t, " helper=%s%s", c->helper, c->flags & USHER_CONN_HELPED ? "" : "(done)");
	if (c->master)
		net_print(t, " master=%llu expect=%llu", (unsigned long long)c->master, (unsigned long long)c->expect);
	if (c->mark)
		net_print(t, " mark=%u", c->mark);
	if (full)
		print_rest_of_conn(t, c);
	net_print(t, "\n");
}

void net_expectation_line(struct net_text *t, const struct usher_expectation *e, bool full)
{
	net_print(t, "%llu of %llu: %s ", (unsigned long long)e->id, (unsigned long long)e->master,
		  protocol_name(e->tuple.protocol));
	print_tuple(t, &e->tuple, ">");
	net_print(t, " %s %s %us uses %u%s", e->kind, e->class_name, e->timeout_s, e->uses, e->both ? " both" : "");
	if (full)
		net_print(t, " helper %s deadline %llu master %x.%u", e->helper, (unsigned long long)e->deadline,
			  e->master_ref.record, e->master_ref.generation);
	net_print(t, "\n");
}

static void announce_line(struct net_text *t, const struct usher_event *event, bool full)
{
	const struct usher_announcement *a = &event->u.announce;
	char at[80];

	net_print(t, "announce %llu %s %s %s%s%s", (unsigned long long)event->conn->id, a->kind, net_end_text(&a->listener, at),
		  a->accepted ? "accepted" : "refused ", a->accepted ? "" : a->code, a->certain ? "" : " uncertain");
	if (full)
		net_print(t, " helper %s protocol %u peer %s text %s", a->helper, a->protocol, net_end_text(&a->peer, at),
			  a->text ? a->text : "-");
	net_print(t, "\n");
}

static void invalid_line(struct net_text *t, const struct usher_event *event, bool full)
{
	net_print(t, "invalid %s", usher_reason_name(event->u.invalid.reason));
	if (event->conn)
		net_print(t, " of %llu", (unsigned long long)event->conn->id);
	if (full && event->u.invalid.tuple) {
		net_print(t, " protocol %u type %u ", event->u.invalid.tuple->protocol, event->u.invalid.tuple->type);
		print_tuple(t, event->u.invalid.tuple, ">");
	}
	if (full)
		net_print(t, " direction %u", event->u.invalid.direction);
	net_print(t, "\n");
}

static void event_line(struct net_text *t, const struct usher_event *event, bool full)
{
	unsigned long long expect = 0, conn = event->conn ? event->conn->id : 0;

	if (event->type == USHER_EVENT_EXPECT_NEW || event->type == USHER_EVENT_EXPECT_HIT ||
	    event->type == USHER_EVENT_EXPECT_GONE)
		expect = event->u.expect.expectation->id;
	switch ((enum usher_event_type)event->type) {
	case USHER_EVENT_CONN_NEW:
		net_print(t, "new ");
		net_conn_line(t, event->conn, full);
		break;
	case USHER_EVENT_CONN_UPDATE:
		net_print(t, "update ");
		net_conn_line(t, event->conn, full);
		break;
	case USHER_EVENT_CONN_DESTROY:
		net_print(t, "gone %llu %s", conn, event->u.destroy.reason);
		if (full)
			net_print(t, " ");
		if (full)
			net_conn_line(t, event->conn, full);
		else
			net_print(t, "\n");
		break;
	case USHER_EVENT_ANNOUNCE:
		announce_line(t, event, full);
		break;
	case USHER_EVENT_EXPECT_NEW:
		net_print(t, event->u.expect.refreshed ? "again " : "expect ");
		net_expectation_line(t, event->u.expect.expectation, full);
		break;
	case USHER_EVENT_EXPECT_HIT:
		net_print(t, "hit %llu by %llu\n", expect, conn);
		break;
	case USHER_EVENT_EXPECT_GONE:
		net_print(t, "unexpect %llu %s\n", expect, event->u.expect.reason);
		break;
	case USHER_EVENT_NOTE:
		net_print(t, "note %llu %s: %.*s\n", conn, event->u.note.code, (int)event->u.note.text_len,
			  (const char *)event->u.note.text);
		break;
	case USHER_EVENT_INVALID:
		invalid_line(t, event, full);
		break;
	case USHER_EVENT_COUNT:
		break;
	}
}

static void sink(void *user, const struct usher_event *event)
{
	struct net *n = user;

	assert_true(event->type < USHER_EVENT_COUNT);
	n->told[event->type]++;
	n->told_refused += event->type == USHER_EVENT_ANNOUNCE && !event->u.announce.accepted;
	n->told_again += event->type == USHER_EVENT_EXPECT_NEW && event->u.expect.refreshed;
	n->told_children += event->type == USHER_EVENT_CONN_NEW && event->conn->flags & USHER_CONN_RELATED;
	if (n->watch)
		n->watch(n, event);
	if (n->quiet)
		return;
	if (n->full)
		net_print(&n->log, "[%llu %llu] ", (unsigned long long)event->time, (unsigned long long)event->frame);
	event_line(&n->log, event, n->full);
}

static void *lent;
static size_t lent_size;

void net_lend(void *memory, size_t size)
{
	lent = memory;
	lent_size = size;
}

/* Zeroed. Behind a small one a sanitizer keeps watch; of a large one only what is used costs anything. */
static void *take_region(size_t size)
{
	void *region = size < REGION_LARGE ? aligned_alloc(REGION_ALIGN, size) :
			       mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_non_null(region);
	assert_ptr_not_equal(region, MAP_FAILED);
	if (size < REGION_LARGE)
		memset(region, 0, size);
	return region;
}

static void give_region(void *region, size_t size)
{
	if (size < REGION_LARGE)
		free(region);
	else
		munmap(region, size);
}

void net_open(struct net *n, const struct usher_options *options)
{
	const char *wrong;

	memset(n, 0, sizeof(*n));
	if (options)
		n->options = *options;
	n->options.size = sizeof(n->options);
	n->options.connections = n->options.connections ? n->options.connections : 1024;
	n->options.related = n->options.related ? n->options.related : 256;
	n->options.helped = n->options.helped ? n->options.helped : 64;
	n->options.expectations = n->options.expectations ? n->options.expectations : 256;
	n->options.stream_chunks = n->options.stream_chunks ? n->options.stream_chunks : 1024;
	n->options.sink = sink;
	n->options.sink_user = n;
	wrong = usher_error(&n->options);
	if (wrong)
		fail_msg("options: %s", wrong);
	n->size = (usher_size(&n->options) + REGION_ALIGN - 1) / REGION_ALIGN * REGION_ALIGN;
	n->lent = lent_size >= n->size;
	n->region = n->lent ? memset(lent, 0, n->size) : take_region(n->size);
	lent_size = 0;
	n->tracker = usher_init(n->region, n->size, &n->options);
	assert_non_null(n->tracker);
	n->w = usher_worker(n->tracker, 0);
	n->now = NET_START;
	net_print(&n->log, "%s", "");
}

void net_close(struct net *n)
{
	usher_flush(n->w);
	net_sound(n);
	assert_int_equal(net_used(n->w), 0);
	assert_int_equal(usher_counter_get(n->w, USHER_COUNTER_CONNECTIONS), usher_counter_get(n->w, USHER_COUNTER_ENDED));
	free(n->log.at);
	if (!n->lent)
		give_region(n->region, n->size);
}

void net_send(struct net *n, const uint8_t *data, uint32_t len)
{
	uint8_t copy[NET_PACKET];

	if (n->instead) {
		n->instead(n, data, len);
		return;
	}
	assert_true(len <= sizeof(copy));
	memcpy(copy, data, len);
	memset(&n->last, 0, sizeof(n->last));
	n->last.data = copy;
	n->last.len = len;
	n->last.zone = n->zone;
	n->last.interface = n->interface;
	n->last.frame = ++n->frame;
	usher_process(n->w, &n->last, 1, n->now);
	n->last.data = NULL;
	assert_memory_equal(copy, data, len);
}

const char *net_verdict(struct net *n)
{
	const char *wrong = net_wrong(n->w);

	return wrong ? wrong : "sound";
}

void net_list(struct net *n, struct net_text *t, bool full)
{
	uint64_t position = 0;
	struct usher_conn conn;

	while (usher_conn_next(n->w, &position, &conn)) {
		net_print(t, "conn ");
		net_conn_line(t, &conn, full);
	}
}

void net_expects(struct net *n, struct net_text *t, bool full)
{
	uint64_t position = 0;
	struct usher_expectation e;

	while (usher_expect_next(n->w, &position, &e)) {
		net_print(t, "expectation ");
		net_expectation_line(t, &e, full);
	}
}

void net_counters(const struct net *n, struct net_text *t)
{
	unsigned i;

	for (i = 0; i < USHER_COUNTER_COUNT; i++)
		net_print(t, "%s %llu\n", usher_counter_name((enum usher_counter)i),
			  (unsigned long long)usher_counter_get(n->w, (enum usher_counter)i));
	for (i = 0; i < USHER_REASON_COUNT; i++)
		net_print(t, "%s %llu\n", usher_reason_name(i),
			  (unsigned long long)usher_reason_count(n->w, (enum usher_reason)i));
}
