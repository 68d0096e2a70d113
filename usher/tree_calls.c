/*
 * See tree_calls.h. `messages` is all that is known here of a protocol with calls: which messages it has, and what each
 * is to its session or call; their fields have the same names in each protocol.
 *
 * A message waits (tree->pending) for what its helper remarks on it, which are the notes right behind it: one that is
 * "unexpected" is shown with its call, if it names one, but changes nothing. So calls here stand as they do for the
 * helper, without its tables.
 */
#include "usher/tree_calls.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"
#include "usher/command.h"
#include "usher/words.h"

enum which { OF_SESSION, BY_OWN_ID, BY_PEER_ID }; /* how it names its call: the sender's id, the receiver's */

enum message_flags {
	ASKS = 1,      /* a new call */
	CLEARS = 2,    /* asks for the call's end */
	STOPS = 4,     /* ends the session */
	SAYS_WHY = 8,  /* its result is a reason, not success or failure */
	REPEATS = 16   /* comes often: only the last is worth showing */
};

struct tree_message {
	const char *helper, *code;
	uint8_t which;   /* enum which */
	uint8_t becomes; /* what its call becomes: enum tree_call_state */
	uint8_t flags;   /* enum message_flags */
	const char *kind;/* ASKS: of the call, as the helper announces it */
	const char *does, *fails; /* "client ...", when its result is success or failure */
};

static const struct tree_message messages[] = {
	{ "pptp", "start-session-request", OF_SESSION, 0, 0, NULL, "asks for a session", NULL },
	{ "pptp", "start-session-reply", OF_SESSION, 0, 0, NULL, "grants the session", "refuses the session" },
	{ "pptp", "stop-session-request", OF_SESSION, 0, STOPS, NULL, "stops the session", NULL },
	{ "pptp", "stop-session-reply", OF_SESSION, 0, 0, NULL, "confirms the stop", "cannot stop" },
	{ "pptp", "echo-request", OF_SESSION, 0, REPEATS, NULL, "asks for an echo", NULL },
	{ "pptp", "echo-reply", OF_SESSION, 0, REPEATS, NULL, "answers the echo", "answers the echo" },
	{ "pptp", "out-call-request", BY_OWN_ID, TREE_CALL_ASKED, ASKS, "outgoing-call", "asks for the call", NULL },
	{ "pptp", "out-call-reply", BY_PEER_ID, TREE_CALL_CONNECTED, 0, NULL, "has connected the call", "refuses the call" },
	{ "pptp", "in-call-request", BY_OWN_ID, TREE_CALL_ASKED, ASKS, "incoming-call", "offers an incoming call", NULL },
	{ "pptp", "in-call-reply", BY_PEER_ID, TREE_CALL_ANSWERED, 0, NULL, "takes the call", "refuses the call" },
	{ "pptp", "in-call-connect", BY_PEER_ID, TREE_CALL_CONNECTED, 0, NULL, "has connected the call", NULL },
	{ "pptp", "call-clear-request", BY_OWN_ID, 0, CLEARS, NULL, "asks for the call's end", NULL },
	{ "pptp", "call-disconnect-notify", BY_OWN_ID, TREE_CALL_ENDED, SAYS_WHY, NULL, "has ended the call", NULL },
	{ "pptp", "wan-error-notify", BY_PEER_ID, 0, REPEATS, NULL, "counts errors of the line", NULL },
	{ "pptp", "set-link-info", BY_PEER_ID, 0, REPEATS, NULL, "says which characters are escaped", NULL },
};

static const struct tree_message *message_of(const struct usher_event *event)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]) && event->u.note.field_count > 0; i++) {
		if (strcmp(messages[i].code, event->u.note.code) == 0 && strcmp(messages[i].helper, event->u.note.helper) == 0)
			return &messages[i];
	}
	return NULL;
}

static const struct usher_field *field(const struct usher_event *event, const char *name)
{
	for (uint32_t i = 0; i < event->u.note.field_count; i++) {
		if (strcmp(event->u.note.fields[i].name, name) == 0)
			return &event->u.note.fields[i];
	}
	return NULL;
}

/* ---- Steps ---- */

static char *copy_text(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		exit(complain("out of memory"));
	return copy;
}

/* The step that says the same already. */
static struct tree_step *same_step(const struct tree_steps *steps, const struct tree_pending *p, const char *text)
{
	for (struct tree_step *step = steps->first; step != NULL; step = step->next) {
		if (step->message == p->message && step->side == p->side && step->failed == p->failed && step->bad == p->bad &&
		    (p->message->flags & REPEATS || (step->remark == p->remark && strcmp(step->text, text) == 0)))
			return step;
	}
	return NULL;
}

static void add_step(struct replay_tree *tree, struct tree_steps *steps, const char *text)
{
	const struct tree_pending *p = &tree->pending;
	struct tree_step *step = same_step(steps, p, text);

	if (step == NULL && (steps->count == TREE_STEPS_OF_ONE || tree->steps == TREE_STEPS_MAX)) {
		steps->more++;
		return;
	}
	if (step == NULL) {
		step = grab(1, sizeof(*step));
		step->first = p->place;
		step->message = p->message;
		step->side = p->side;
		step->failed = p->failed;
		step->bad = p->bad;
		step->text = copy_text(text);
		if (steps->end == NULL)
			steps->end = &steps->first;
		*steps->end = step;
		steps->end = &step->next;
		steps->count++;
		tree->steps++;
	} else if (strcmp(step->text, text) != 0) {
		free(step->text);
		step->text = copy_text(text);
	}
	step->remark = p->remark;
	step->last = p->place;
	step->count++;
}

static void free_steps(struct tree_steps *steps)
{
	while (steps->first != NULL) {
		struct tree_step *step = steps->first;

		steps->first = step->next;
		free(step->text);
		free(step);
	}
}

/* ---- Calls ---- */

static bool has_id(const struct tree_call *call, uint8_t side, uint32_t id)
{
	return call->known[side] && call->ids[side] == id;
}

/* Of those that have not ended the newest in which `side` has this id; failed ones last, their ids may be used anew. */
static struct tree_call *find(const struct tree_conn *conn, uint8_t side, uint32_t id)
{
	struct tree_call *failed = NULL;

	for (struct tree_call *call = conn->open; call != NULL; call = call->older) {
		if (!has_id(call, side, id))
			continue;
		if (call->state != TREE_CALL_FAILED)
			return call;
		failed = failed != NULL ? failed : call;
	}
	return failed;
}

static void end(struct tree_conn *conn, struct tree_call *call, const struct replay_place *place, const char *how,
		const char *reason)
{
	struct tree_call **at = &conn->open;

	while (*at != call)
		at = &(*at)->older;
	*at = call->older;
	call->state = call->state == TREE_CALL_FAILED ? TREE_CALL_FAILED : TREE_CALL_ENDED;
	if (call->state == TREE_CALL_FAILED)
		return;
	call->how = how;
	snprintf(call->reason, sizeof(call->reason), "%s", reason);
	call->over = *place;
}

static void end_all(struct tree_conn *conn, const struct replay_place *place, const char *how)
{
	while (conn->open != NULL)
		end(conn, conn->open, place, how, "");
}

/* The oldest makes room for another, one that failed before any other: else somebody who never ends them could fill it. */
static void make_room(struct tree_conn *conn, const struct replay_place *place)
{
	struct tree_call *oldest = NULL;
	uint32_t count = 0;

	for (struct tree_call *call = conn->open; call != NULL; call = call->older, count++) {
		if (oldest == NULL || call->state == TREE_CALL_FAILED || oldest->state != TREE_CALL_FAILED)
			oldest = call;
	}
	if (count >= TREE_CALLS_OPEN)
		end(conn, oldest, place, "too many calls at a time to follow it", "");
}

static struct tree_call *add_call(struct replay_tree *tree, struct tree_conn *conn, const struct replay_place *place,
				  const char *kind)
{
	struct tree_call *call;

	conn->call_count++;
	tree->calls++;
	if (tree->calls - tree->calls_more > TREE_CALLS_MAX) {
		tree->calls_more++;
		return NULL;
	}
	make_room(conn, place);
	call = grab(1, sizeof(*call));
	call->begin = *place;
	call->kind = kind;
	call->state = TREE_CALL_ASKED;
	call->older = conn->open;
	conn->open = call;
	*conn->calls_end = call;
	conn->calls_end = &call->next;
	return call;
}

/* An id that may be used anew: whatever had it is over. */
static void give_way(struct tree_conn *conn, const struct tree_pending *p, struct tree_call *call)
{
	if (call != NULL)
		end(conn, call, &p->place, "ended unseen, its id is used anew", "");
}

/* A request begins a call, or repeats itself. */
static struct tree_call *asked(struct replay_tree *tree, const struct tree_pending *p)
{
	struct tree_call *call = find(p->conn, p->side, p->call_id);

	if (p->bad)
		return call;
	if (call != NULL && call->state == TREE_CALL_ASKED && !call->clearing && strcmp(call->kind, p->message->kind) == 0)
		return call;
	give_way(p->conn, p, call);
	call = add_call(tree, p->conn, &p->place, p->message->kind);
	if (call != NULL) {
		call->ids[p->side] = p->call_id;
		call->known[p->side] = true;
	}
	return call;
}

/* The call that the message is about; NULL: none. The end of one is told by either id: some write the other side's. */
static struct tree_call *call_of(struct replay_tree *tree, const struct tree_pending *p)
{
	struct tree_call *call = NULL;

	if (p->message->flags & ASKS)
		return asked(tree, p);
	if (p->message->which == BY_OWN_ID) {
		call = find(p->conn, p->side, p->call_id);
		return call == NULL && p->message->becomes == TREE_CALL_ENDED ? find(p->conn, !p->side, p->call_id) : call;
	}
	call = find(p->conn, !p->side, p->peer_call_id);
	if (call != NULL && p->has_call_id && call->known[p->side] && call->ids[p->side] != p->call_id)
		return NULL;
	return call;
}

static void connect(struct replay_tree *tree, const struct tree_pending *p, struct tree_call *call)
{
	if (call->was_connected)
		return;
	call->was_connected = true;
	call->connected = p->place;
	tree->calls_connected++;
}

/* What the message makes of its call. */
static void change(struct replay_tree *tree, const struct tree_pending *p, struct tree_call *call)
{
	const char *const by[2][2] = { { "refused by the client", "refused by the server" },
				       { "ended by the client", "ended by the server" } };
	const struct tree_message *m = p->message;

	if (m->flags & CLEARS)
		call->clearing = true;
	if (m->which == BY_PEER_ID && p->has_call_id && !call->known[p->side]) {
		struct tree_call *other = find(p->conn, p->side, p->call_id);

		if (other != NULL && (other->clearing || other->state == TREE_CALL_FAILED))
			give_way(p->conn, p, other);
		call->ids[p->side] = p->call_id;
		call->known[p->side] = true;
	}
	if (m->becomes == TREE_CALL_ENDED) {
		end(p->conn, call, &p->place, by[1][p->side], p->reason);
	} else if (p->failed && m->fails != NULL) {
		tree->calls_failed += call->state != TREE_CALL_FAILED;
		call->state = TREE_CALL_FAILED;
		call->how = by[0][p->side];
		memcpy(call->reason, p->reason, sizeof(call->reason));
	} else if (m->becomes > call->state && call->state != TREE_CALL_FAILED) {
		call->state = m->becomes;
		call->was_answered |= m->becomes == TREE_CALL_ANSWERED;
		if (m->becomes == TREE_CALL_CONNECTED)
			connect(tree, p, call);
	}
}

/* ---- The message at work ---- */

/* A message of no call that is known stands with those of the session, with the ids that it has. */
static void stray(struct replay_tree *tree)
{
	const struct tree_pending *p = &tree->pending;
	char ids[48] = "", text[TREE_TEXT_SIZE + sizeof(ids)];

	if (p->has_call_id)
		snprintf(ids, sizeof(ids), "call id %u", (unsigned)p->call_id);
	if (p->has_peer_call_id)
		snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids), "%speer call id %u", *ids != '\0' ? ", " : "",
			 (unsigned)p->peer_call_id);
	snprintf(text, sizeof(text), "%s%s%s", ids, *ids != '\0' && p->text[0] != '\0' ? ", " : "", p->text);
	add_step(tree, &p->conn->steps, text);
}

void tree_calls_settle(struct replay_tree *tree)
{
	const struct tree_pending *p = &tree->pending;
	struct tree_call *call;

	if (p->conn == NULL)
		return;
	if (p->message->which == OF_SESSION) {
		add_step(tree, &p->conn->steps, p->text);
		if (p->message->flags & STOPS && !p->bad)
			end_all(p->conn, &p->place, "ended with its session");
	} else {
		call = call_of(tree, p);
		if (call == NULL)
			stray(tree);
		else
			add_step(tree, &call->steps, p->text);
		if (call != NULL && !p->bad)
			change(tree, p, call);
	}
	tree->pending.conn = NULL;
}

/* A word on the message at work. */
static void remark(struct replay_tree *tree, const struct usher_event *event)
{
	struct tree_pending *p = &tree->pending;
	const struct usher_field *about = field(event, "message");

	if (p->conn == NULL || about == NULL || about->word == NULL || strcmp(about->word, p->message->code) != 0 ||
	    p->place.frame != event->frame || p->side != event->u.note.side || p->conn->conn.id != event->conn->id)
		return;
	if (!p->bad)
		p->remark = tree_word(tree, event->u.note.code);
	p->bad = p->bad || strcmp(event->u.note.code, "unexpected-message") == 0;
}

/* "busy, cause 17": a result that is not just success stands in front. */
static void say(struct tree_pending *p, const struct usher_event *event)
{
	const struct usher_field *result = field(event, "result");
	bool says_why = p->message->flags & SAYS_WHY;
	char fields[TREE_TEXT_SIZE - TREE_REASON_SIZE - 2];

	p->failed = result != NULL && result->value != 1 && !says_why;
	p->reason[0] = '\0';
	if (result != NULL && (p->failed || says_why) && result->word != NULL)
		snprintf(p->reason, sizeof(p->reason), "%s", result->word);
	else if (result != NULL && (p->failed || says_why))
		snprintf(p->reason, sizeof(p->reason), "result %llu", (unsigned long long)result->value);
	words_fields(fields, sizeof(fields), event->u.note.fields, event->u.note.field_count, true);
	snprintf(p->text, sizeof(p->text), "%s%s%s", p->reason, p->reason[0] != '\0' && fields[0] != '\0' ? ", " : "",
		 fields);
}

bool tree_calls_note(struct replay_tree *tree, const struct usher_event *event)
{
	const struct tree_message *message = message_of(event);
	const struct usher_field *own = field(event, "call_id"), *peer = field(event, "peer_call_id");
	struct tree_pending *p = &tree->pending;

	if (message == NULL) {
		remark(tree, event);
		return false;
	}
	tree_calls_settle(tree); /* the one before */
	p->conn = tree_conn_of(tree, event);
	p->place = (struct replay_place){ event->frame, tree->replay->file, event->time };
	p->message = message;
	p->side = event->u.note.side;
	p->remark = NULL;
	p->bad = false;
	p->has_call_id = own != NULL;
	p->call_id = own != NULL ? (uint32_t)own->value : 0;
	p->has_peer_call_id = peer != NULL;
	p->peer_call_id = peer != NULL ? (uint32_t)peer->value : 0;
	say(p, event);
	return p->conn != NULL;
}

/*
 * The two ids are literally in the announcement. One that was accepted though no request was seen makes a call of its
 * own, which the message at work, its reply, then finds.
 */
void tree_calls_announce(struct replay_tree *tree, struct tree_conn *conn, struct tree_announcement *announcement)
{
	struct tree_pending *p = &tree->pending;
	struct tree_call *call;

	if (ctl_protocol(announcement->said.protocol)->key == CTL_CALL && announcement->said.accepted && p->conn == conn &&
	    p->has_peer_call_id && find(conn, !p->side, p->peer_call_id) == NULL) {
		call = add_call(tree, conn, &p->place, announcement->said.kind);
		if (call != NULL) {
			call->ids[!p->side] = p->peer_call_id;
			call->known[!p->side] = true;
		}
	}
	tree_calls_settle(tree);
	if (ctl_protocol(announcement->said.protocol)->key != CTL_CALL)
		return;
	call = find(conn, USHER_CLIENT, announcement->said.listener.key);
	if (call == NULL || call->announcement != NULL || !has_id(call, USHER_SERVER, announcement->said.peer.key))
		return;
	call->announcement = announcement;
	announcement->call = call;
	conn->called++;
	conn->called_refused += !announcement->said.accepted;
}

void tree_calls_free(struct tree_conn *conn)
{
	free_steps(&conn->steps);
	while (conn->calls != NULL) {
		struct tree_call *call = conn->calls;

		conn->calls = call->next;
		free_steps(&call->steps);
		free(call);
	}
	while (conn->messages != NULL) {
		struct tree_text *text = conn->messages;

		conn->messages = text->next;
		free(text->text);
		free(text);
	}
}

/* ---- In words ---- */

const char *tree_step_text(const struct tree_step *step, char *out, size_t size)
{
	const char *does = step->failed && step->message->fails != NULL ? step->message->fails : step->message->does;

	snprintf(out, size, "%s %s%s%s%s%s%s", step->side == USHER_CLIENT ? "client" : "server", does,
		 step->text[0] != '\0' ? ": " : "", step->text, step->remark != NULL ? " (" : "",
		 step->remark != NULL ? step->remark : "", step->remark != NULL ? ")" : "");
	return out;
}

const char *tree_call_text(const struct tree_call *call, char *out, size_t size)
{
	char duration[WORDS_SIZE] = "";
	bool failed = call->state == TREE_CALL_FAILED;
	const char *stood = call->was_answered ? "answered, not connected" : "not answered";

	if (call->was_connected)
		stood = call->how != NULL ? "connected" : "connected, its end was not seen";

	if (call->was_connected && call->state == TREE_CALL_ENDED && call->over.time > call->connected.time)
		words_duration(duration, call->over.time - call->connected.time);
	snprintf(out, size, "%s%s%s%s%s%s%s", failed ? "" : stood, duration[0] != '\0' ? " for " : "", duration,
		 call->how != NULL && !failed ? ", " : "", call->how != NULL ? call->how : "",
		 call->reason[0] != '\0' ? ": " : "", call->reason);
	return out;
}
