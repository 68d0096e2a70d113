/*
 * ctl/event_json: see event_json.h. One function for each kind of event, in a table by type; what is not known is left
 * out.
 */
#include "ctl/event_json.h"

#include <stdio.h>

#include <usher/reason.h>
#include <usher/usher.h>

#include "ctl/text.h"

/* "proto", and for a protocol without a name its number. */
static void proto_json(struct ctl_json *json, uint8_t protocol)
{
	const struct ctl_protocol *known = ctl_protocol(protocol);

	ctl_json_string(json, "proto", known->name);
	if (known->number != protocol)
		ctl_json_number(json, "proto_number", protocol);
}

static void address_json(struct ctl_json *json, const char *name, const struct usher_endpoint *endpoint)
{
	char text[CTL_ADDRESS_SIZE];

	if (endpoint->family != USHER_ANY_FAMILY)
		ctl_json_string(json, name, ctl_address(text, endpoint));
}

static void key_json(struct ctl_json *json, const char *name, uint32_t key)
{
	if (key != 0)
		ctl_json_number(json, name, key);
}

/* Of an expectation a key of 0 is a wildcard and absent; a packet's tuple has both ports, be they 0. */
static void ends_json(struct ctl_json *json, const struct usher_tuple *tuple, bool wildcards)
{
	uint8_t key = ctl_protocol(tuple->protocol)->key;

	address_json(json, "src", &tuple->src);
	if (key == CTL_PORT && (!wildcards || tuple->src.key != 0))
		ctl_json_number(json, "sport", tuple->src.key);
	address_json(json, "dst", &tuple->dst);
	if (key == CTL_PORT && (!wildcards || tuple->dst.key != 0))
		ctl_json_number(json, "dport", tuple->dst.key);
	if (key == CTL_CALL)
		ctl_json_number(json, "key", tuple->dst.key);
	if (key == CTL_QUERY) {
		ctl_json_number(json, "type", tuple->type);
		ctl_json_number(json, "code", 0);
		ctl_json_number(json, "id", tuple->src.key);
	}
}

void ctl_tuple_json(struct ctl_json *json, const struct usher_tuple *tuple)
{
	ends_json(json, tuple, false);
}

static void direction_json(struct ctl_json *json, const char *name, const struct usher_conn *conn, unsigned direction,
			   bool counters)
{
	ctl_json_open(json, name);
	ctl_tuple_json(json, direction == USHER_ORIG ? &conn->orig : &conn->reply);
	if (counters) {
		ctl_json_number(json, "packets", conn->packets[direction]);
		ctl_json_number(json, "bytes", conn->bytes[direction]);
		if (conn->orig.protocol == USHER_GRE && conn->orig.type == 1) {
			ctl_json_number(json, "lost", conn->lost[direction]);
			ctl_json_number(json, "late", conn->late[direction]);
		}
	}
	ctl_json_close(json);
}

/* "established" of conntrack's ESTABLISHED: in JSON all words are lower-case. */
static void state_json(struct ctl_json *json, const char *state)
{
	char lower[24];
	size_t len;

	if (state == NULL)
		return;
	for (len = 0; state[len] != '\0' && len < sizeof(lower); len++)
		lower[len] = (char)(state[len] >= 'A' && state[len] <= 'Z' ? state[len] + 32 : state[len]);
	ctl_json_bytes(json, "state", lower, len);
}

static void family_json(struct ctl_json *json, const struct usher_conn *conn)
{
	ctl_json_string(json, "helper", conn->helper);
	if (conn->master != 0)
		ctl_json_number(json, "master", conn->master);
	if (conn->expect != 0)
		ctl_json_number(json, "expect", conn->expect);
}

static void conn_json(struct ctl_json *json, const struct usher_conn *conn, bool counters)
{
	ctl_json_number(json, "conn", conn->id);
	proto_json(json, conn->orig.protocol);
	ctl_json_number(json, "zone", conn->orig.zone);
	direction_json(json, "orig", conn, USHER_ORIG, counters);
	direction_json(json, "reply", conn, USHER_REPLY, counters);
}

/* Which ends of orig are translated: what to is in the reply tuple. */
static void nat_json(struct ctl_json *json, uint32_t flags)
{
	bool source = flags & USHER_CONN_NAT_SOURCE, destination = flags & USHER_CONN_NAT_DESTINATION;

	if (source || destination)
		ctl_json_string(json, "nat", !destination ? "source" : !source ? "destination" : "both");
}

/* What a connection has from its birth on. */
static void birth_json(struct ctl_json *json, const struct usher_conn *conn)
{
	if (conn->reply_zone != conn->orig.zone)
		ctl_json_number(json, "reply_zone", conn->reply_zone);
	nat_json(json, conn->flags);
	family_json(json, conn);
	if (conn->flags & USHER_CONN_PICKED_UP)
		ctl_json_bool(json, "picked_up", true);
	if (conn->reversed)
		ctl_json_bool(json, "reversed", true);
	if (conn->mark != 0)
		ctl_json_number(json, "mark", conn->mark);
}

static void conn_new(struct ctl_json *json, const struct usher_event *event)
{
	conn_json(json, event->conn, false);
	birth_json(json, event->conn);
}

static void standing_json(struct ctl_json *json, const struct usher_conn *conn)
{
	state_json(json, conn->state);
	ctl_json_bool(json, "replied", conn->flags & USHER_CONN_SEEN_REPLY);
	ctl_json_bool(json, "assured", conn->flags & USHER_CONN_ASSURED);
}

static void conn_update(struct ctl_json *json, const struct usher_event *event)
{
	conn_json(json, event->conn, true);
	standing_json(json, event->conn);
}

static void conn_destroy(struct ctl_json *json, const struct usher_event *event)
{
	const struct usher_conn *conn = event->conn;

	conn_json(json, conn, true);
	standing_json(json, conn);
	family_json(json, conn);
	ctl_json_time(json, "start", conn->start);
	ctl_json_time(json, "duration", conn->last > conn->start ? conn->last - conn->start : 0);
	ctl_json_string(json, "reason", event->u.destroy.reason);
}

/* An announced endpoint as the other side of NAT knows it; family 0: as it was announced. */
static void seen_json(struct ctl_json *json, const char *address, const char *key, const struct usher_endpoint *seen)
{
	if (seen->family == USHER_ANY_FAMILY)
		return;
	address_json(json, address, seen);
	ctl_json_number(json, key, seen->key);
}

static void announce(struct ctl_json *json, const struct usher_event *event)
{
	const struct usher_announcement *what = &event->u.announce;
	bool call = ctl_protocol(what->protocol)->key == CTL_CALL;

	ctl_json_number(json, "conn", event->conn->id);
	ctl_json_string(json, "helper", what->helper);
	ctl_json_string(json, "kind", what->kind);
	proto_json(json, what->protocol);
	address_json(json, "addr", &what->listener);
	ctl_json_number(json, call ? "call_id" : "port", what->listener.key);
	if (call) /* 0 is a call id as any other */
		ctl_json_number(json, "peer_call_id", what->peer.key);
	else
		key_json(json, "peer_port", what->peer.key);
	address_json(json, "peer_addr", &what->peer);
	seen_json(json, "public_addr", call ? "public_call_id" : "public_port", &what->listener_seen);
	seen_json(json, "peer_public_addr", call ? "peer_public_call_id" : "peer_public_port", &what->peer_seen);
	ctl_json_bool(json, "accepted", what->accepted);
	if (!what->accepted) {
		ctl_json_string(json, "code", what->code);
		ctl_json_string(json, "text", what->text);
	}
	if (!what->certain)
		ctl_json_bool(json, "certain", false);
}

/* `conn`: the child that it lets in; NULL: none. */
static void one_expectation(struct ctl_json *json, const struct usher_expectation *e, const struct usher_conn *conn)
{
	ctl_json_number(json, "expect", e->id);
	ctl_json_number(json, "master", e->master);
	if (conn != NULL)
		ctl_json_number(json, "conn", conn->id);
	ctl_json_string(json, "helper", e->helper);
	ctl_json_string(json, "kind", e->kind);
	ctl_json_string(json, "class", e->class_name);
	proto_json(json, e->tuple.protocol);
	ctl_json_number(json, "zone", e->tuple.zone);
	ends_json(json, &e->tuple, true);
	if (e->both)
		ctl_json_bool(json, "both", true);
	if (e->timeout_s != USHER_EXPECT_FOREVER)
		ctl_json_number(json, "timeout", e->timeout_s);
	ctl_json_number(json, "uses", e->uses);
}

static void expectation_json(struct ctl_json *json, const struct usher_event *event)
{
	one_expectation(json, event->u.expect.expectation, event->type == USHER_EVENT_EXPECT_HIT ? event->conn : NULL);
}

static void expect_new(struct ctl_json *json, const struct usher_event *event)
{
	expectation_json(json, event);
	if (event->u.expect.refreshed)
		ctl_json_bool(json, "refreshed", true);
}

static void expect_gone(struct ctl_json *json, const struct usher_event *event)
{
	expectation_json(json, event);
	ctl_json_string(json, "reason", event->u.expect.reason);
}

/* A field whose value has a name of its own is two: "result":1,"result_text":"connected". */
static void fields_json(struct ctl_json *json, const struct usher_field *field, uint32_t count)
{
	char name[64];

	ctl_json_open(json, "fields");
	for (; count > 0; count--, field++) {
		if (field->text != NULL)
			ctl_json_bytes(json, field->name, field->text, field->text_len);
		else
			ctl_json_number(json, field->name, field->value);
		if (field->word == NULL)
			continue;
		snprintf(name, sizeof(name), "%s_text", field->name);
		ctl_json_string(json, name, field->word);
	}
	ctl_json_close(json);
}

static void note(struct ctl_json *json, const struct usher_event *event)
{
	if (event->conn != NULL)
		ctl_json_number(json, "conn", event->conn->id);
	ctl_json_string(json, "helper", event->u.note.helper);
	ctl_json_string(json, "code", event->u.note.code);
	ctl_json_string(json, "text", event->u.note.sentence);
	if (event->u.note.text_len > 0)
		ctl_json_bytes(json, "about", event->u.note.text, event->u.note.text_len);
	ctl_json_string(json, "side", event->u.note.side == USHER_CLIENT ? "client" : "server");
	if (event->u.note.field_count > 0)
		fields_json(json, event->u.note.fields, event->u.note.field_count);
}

static void invalid(struct ctl_json *json, const struct usher_event *event)
{
	const struct usher_tuple *tuple = event->u.invalid.tuple;

	ctl_json_string(json, "reason", usher_reason_name(event->u.invalid.reason));
	ctl_json_string(json, "text", usher_reason_text(event->u.invalid.reason));
	if (event->conn != NULL) {
		ctl_json_number(json, "conn", event->conn->id);
		ctl_json_string(json, "direction", event->u.invalid.direction == USHER_ORIG ? "orig" : "reply");
	}
	if (tuple != NULL) {
		proto_json(json, tuple->protocol);
		ctl_json_number(json, "zone", tuple->zone);
		ctl_tuple_json(json, tuple);
	}
}

static void head(struct ctl_json *json, const char *name, usher_time time)
{
	ctl_json_begin(json);
	ctl_json_string(json, "event", name);
	ctl_json_time(json, "time", time);
}

static void body(struct ctl_json *json, const struct usher_event *event)
{
	static void (*const bodies[USHER_EVENT_COUNT])(struct ctl_json *, const struct usher_event *) = {
		[USHER_EVENT_CONN_NEW] = conn_new,
		[USHER_EVENT_CONN_UPDATE] = conn_update,
		[USHER_EVENT_CONN_DESTROY] = conn_destroy,
		[USHER_EVENT_ANNOUNCE] = announce,
		[USHER_EVENT_EXPECT_NEW] = expect_new,
		[USHER_EVENT_EXPECT_HIT] = expectation_json,
		[USHER_EVENT_EXPECT_GONE] = expect_gone,
		[USHER_EVENT_NOTE] = note,
		[USHER_EVENT_INVALID] = invalid,
	};

	bodies[event->type](json, event);
}

bool ctl_event_json(struct ctl_json *json, const struct usher_event *event, uint32_t file)
{
	head(json, usher_event_name(event->type), event->time);
	if (event->frame != 0) {
		if (file != 0)
			ctl_json_number(json, "file", file);
		ctl_json_number(json, "frame", event->frame);
	}
	body(json, event);
	return ctl_json_end(json);
}

/* ---- of a running gateway ---- */

/* Seconds; absent: for ever. */
static void left_json(struct ctl_json *json, usher_time deadline, usher_time now)
{
	if (deadline != UINT64_MAX)
		ctl_json_number(json, "left", deadline > now ? (deadline - now) / USHER_SECOND : 0);
}

/* PPTP's GRE: `key` is that of the receiver; this is what its sender goes by. */
static void src_key_json(struct ctl_json *json, const struct usher_conn *conn)
{
	if (conn->orig.protocol != USHER_GRE || conn->orig.type != 1)
		return;
	ctl_json_open(json, "src_key");
	ctl_json_number(json, "orig", conn->orig.src.key);
	ctl_json_number(json, "reply", conn->reply.src.key);
	ctl_json_close(json);
}

bool ctl_live_event_json(struct ctl_json *json, const struct usher_event *event, usher_time since_1970)
{
	struct usher_event shifted = *event;
	struct usher_conn conn;

	if (event->conn != NULL) {
		conn = *event->conn;
		conn.start += since_1970;
		conn.last += since_1970;
		shifted.conn = &conn;
	}
	head(json, usher_event_name(event->type), event->time + since_1970);
	body(json, &shifted);
	if (event->type == USHER_EVENT_CONN_NEW)
		standing_json(json, event->conn);
	if (event->type == USHER_EVENT_CONN_NEW || event->type == USHER_EVENT_CONN_UPDATE)
		left_json(json, event->conn->deadline, event->time);
	if (event->type <= USHER_EVENT_CONN_DESTROY)
		src_key_json(json, event->conn);
	return ctl_json_end(json);
}

bool ctl_conn_json(struct ctl_json *json, const struct usher_conn *conn, usher_time now, usher_time since_1970)
{
	head(json, "conn", now + since_1970);
	conn_json(json, conn, true);
	standing_json(json, conn);
	left_json(json, conn->deadline, now);
	birth_json(json, conn);
	src_key_json(json, conn);
	if (conn->expectations != 0)
		ctl_json_number(json, "expectations", conn->expectations);
	ctl_json_time(json, "start", conn->start + since_1970);
	ctl_json_time(json, "last", conn->last + since_1970);
	return ctl_json_end(json);
}

bool ctl_expectation_json(struct ctl_json *json, const struct usher_expectation *expectation, const struct usher_conn *master,
			  usher_time now, usher_time since_1970)
{
	head(json, "expect", now + since_1970);
	one_expectation(json, expectation, NULL);
	left_json(json, expectation->deadline, now);
	if (master != NULL) {
		ctl_json_open(json, "master_orig");
		ctl_json_string(json, "proto", ctl_protocol(master->orig.protocol)->name);
		ctl_tuple_json(json, &master->orig);
		ctl_json_close(json);
	}
	return ctl_json_end(json);
}
