/*
 * The PPTP helper over a dialogue of strangers. The input:
 *
 *	first byte	bit 0: IPv6; 1: picked up; 2: a saved state of 8 bytes and 16 for each call comes next; 3: live;
 *			4: the client is behind NAT; 5: the server is; 6: only three calls have room; 7: NAT and edits are
 *			refused now and then
 *	then pieces	a byte says what comes. Bit 7: a whole message, its type in bits 0 to 3, and 5 bytes for what lies at
 *			12; else so many bytes as bits 0 to 4 say, +1. Bit 6: the server says it. Bit 5: bytes are lost before
 *
 * What must hold is judged by reading the records anew, without the helper's tables: GRE is announced only for a call that was
 * answered. An outgoing one in a reply that says "connected", which comes from the side that was asked, has both ids, and
 * answers a request of the other side for this id; an incoming one when the side that asked says that it is connected, and the
 * other one had agreed, both ids likewise; either in a session that one side asked for and the other granted, and none
 * stopped. When the PAC says that a call has ended, it has. Nothing stands after a stop. Nothing comes after done. What is
 * edited are call ids, of messages that have them, which were said to be edited at every byte. The state passes check()
 * whenever it is looked at.
 */
#include "tests/unit/recorder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEEN 512u /* messages remembered; an input has no more */

/* A message as the fuzzer reads it. */
struct message {
	uint8_t dir, type, result;
	unsigned id, peer; /* at 12 and at 14 */
};

struct open_call {
	char name[64];
	unsigned pns, id[2];
};

struct watch {
	uint32_t accepted_count, line_count, edit_count, expect_count; /* before the record */
	struct message seen[SEEN];
	uint32_t seen_count;
	struct open_call open[SEEN];
	uint32_t open_count;
	struct message now;
	bool may_edit, any_state, lost, asked[2], granted, over;
	uint16_t shift[2];
	bool refuse;
	uint32_t state_len;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static unsigned seen_as(const struct watch *w, unsigned side, unsigned id)
{
	return (uint16_t)(id + w->shift[side]);
}

/* Type 0: it is no control message of a known length. */
static struct message read_message(const struct usher_record *r)
{
	static const uint8_t lengths[16] = { 0, 156, 156, 16, 16, 16, 20, 168, 32, 220, 24, 28, 16, 148, 40, 24 };
	static const uint8_t begin[6] = { 0, 1, 0x1a, 0x2b, 0x3c, 0x4d };
	struct message m = { .dir = r->dir };
	unsigned type;

	if (r->len < 16 || memcmp(r->data + 2, begin, sizeof(begin)) != 0)
		return m;
	type = be16(r->data + 8);
	if (type < 1 || type > 15 || be16(r->data) != r->len || lengths[type] != r->len)
		return m;
	m.type = (uint8_t)type;
	m.id = be16(r->data + 12);
	m.peer = be16(r->data + 14);
	m.result = type == 2 ? r->data[14] : type == 8 || type == 10 ? r->data[16] : 0;
	return m;
}

/* Was such a message seen before this one? `peer` counts for replies only. */
static bool was_seen(const struct watch *w, unsigned type, unsigned dir, unsigned id, unsigned peer)
{
	for (uint32_t i = 0; i + 1 < w->seen_count; i++) {
		const struct message *m = &w->seen[i];

		if (m->type == type && m->dir == dir && m->id == id && (type != 10 || (m->peer == peer && m->result == 1)))
			return true;
	}
	return false;
}

/* What the session's messages make of it. */
static void follow_session(const struct recorder *r, struct watch *w)
{
	const struct message *m = &w->now;
	bool assumed = r->picked_up || (w->lost && !r->live) || w->any_state;

	if (m->type == 1)
		w->asked[m->dir] = true;
	if (m->type == 2 && m->result == 1 && (w->asked[!m->dir] || assumed))
		w->granted = true;
	if (m->type == 3 && (w->asked[0] || w->asked[1] || w->granted || assumed))
		w->over = true;
}

static void before(struct recorder *r, const struct usher_record *record)
{
	struct watch *w = r->user;

	must(!r->done);
	w->accepted_count = r->accepted_count;
	w->line_count = r->line_count;
	w->edit_count = r->edit_count;
	w->expect_count = r->expect_count;
	w->now = read_message(record);
	if (w->seen_count < SEEN)
		w->seen[w->seen_count++] = w->now;
	follow_session(r, w);
	w->may_edit = true;
	for (uint32_t have = 0; have <= record->len; have++)
		w->may_edit = w->may_edit && r->helper->may_edit(r->state, record->dir, record->data, have);
}

/* The announcement that was just accepted. */
static void judge(const struct recorder *r, struct watch *w)
{
	const struct usher_expect *e = &r->last;
	const struct message *m = &w->now;
	unsigned id[2] = { e->listener.key, e->peer.key }, by = m->dir;
	bool incoming = strcmp(e->kind, "incoming-call") == 0;
	bool doubtful = e->flags & USHER_EXPECT_UNEARNED;
	struct open_call *c;

	must(e->protocol == USHER_GRE && e->side == USHER_BOTH && e->uses == 0 && e->tag != 0 && e->tag != USHER_ALL_TAGS);
	must(e->timeout_s == USHER_EXPECT_FOREVER && e->flags & USHER_EXPECT_CHILD_KEEPS);
	must(id[0] <= 65535 && id[1] <= 65535 && !e->listener.family && !e->peer.family);
	must(w->any_state || w->granted || r->picked_up || (w->lost && !r->live));
	must(!w->over || w->any_state);
	must(!doubtful || w->any_state || r->picked_up || w->lost);
	if (incoming) {
		must(m->type == 11 && (w->any_state || m->id == seen_as(w, !by, id[!by])));
		must(w->any_state || was_seen(w, 10, !by, id[!by], seen_as(w, by, id[by])));
		must(w->any_state || was_seen(w, 9, by, id[by], 0));
	} else {
		must(strcmp(e->kind, "outgoing-call") == 0 && m->type == 8 && m->result == 1 && m->id == id[by]);
		must(w->any_state || (doubtful && !r->live) || m->peer == seen_as(w, !by, id[!by]));
		must(w->any_state || (doubtful && !r->live) || was_seen(w, 7, !by, id[!by], 0));
	}
	if (w->open_count == SEEN)
		return;
	c = &w->open[w->open_count++];
	c->pns = !by;
	c->id[0] = id[0];
	c->id[1] = id[1];
	snprintf(c->name, sizeof(c->name), "*:%u *:%u", id[0], id[1]);
}

static bool stands(const struct recorder *r, const char *name)
{
	for (uint32_t i = 0; i < r->tag_count; i++) {
		if (r->tags[i].stands && strcmp(r->tags[i].name, name) == 0)
			return true;
	}
	return false;
}

/* A notify of the PAC's, in a session that stands: of the calls in which it has the id none is open any more. */
static void judge_end(const struct recorder *r, struct watch *w)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < w->open_count; i++) {
		const struct open_call *c = &w->open[i];
		bool still = stands(r, c->name);

		must(!still || w->now.type != 13 || c->pns == w->now.dir || c->id[w->now.dir] != w->now.id);
		if (still)
			w->open[kept++] = *c;
	}
	w->open_count = kept;
	must(!w->over || w->any_state || w->now.type != 3 || recorder_standing(r) == 0);
}

static void after(struct recorder *r, const struct usher_record *record)
{
	struct watch *w = r->user;
	static const uint8_t zeros[sizeof(r->state)];

	(void)record;
	must(r->helper->check(r->state, w->state_len));
	must(memcmp((const uint8_t *)r->state + w->state_len, zeros, sizeof(r->state) - w->state_len) == 0);
	must(r->expect_count <= w->expect_count + 1 && r->edit_count <= w->edit_count + 1 && r->line_count <= w->line_count + 6);
	if (r->edit_count > w->edit_count) {
		must(w->now.type >= 7 && w->may_edit && r->held && r->sent_len == record->len);
		must(memcmp(r->sent, record->data, 12) == 0);
		must(memcmp(r->sent + 16, record->data + 16, record->len - 16) == 0);
	}
	if (r->accepted_count > w->accepted_count)
		judge(r, w);
	judge_end(r, w);
	must(!r->bad_code);
	recorder_clear(r);
	recorder_forget(r);
	if (w->refuse)
		r->edit_answer = w->now.id % 5 == 4 ? USHER_REFUSED : USHER_OK;
}

static int nat(struct recorder *r, const struct usher_map *map, struct usher_endpoint *seen)
{
	const struct watch *w = r->user;

	must(map->side <= USHER_SERVER && map->protocol == USHER_GRE && map->at.key <= 65535);
	if (w->refuse && map->at.key % 5 == 3)
		return USHER_FULL;
	seen->key = seen_as(w, map->side, map->at.key);
	return USHER_OK;
}

static size_t take_state(struct recorder *r, uint32_t state_len, const uint8_t *data, size_t size)
{
	size_t len = size < state_len ? size : state_len;
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, data, len);
	if (len == state_len && r->helper->check(copy, (uint32_t)len))
		memcpy(r->state, copy, len);
	free(copy);
	return len;
}

/* A whole message of this type, with the five bytes at 12. */
static uint32_t whole_message(uint8_t *to, uint8_t type, const uint8_t five[5])
{
	static const uint8_t lengths[16] = { 12, 156, 156, 16, 16, 16, 20, 168, 32, 220, 24, 28, 16, 148, 40, 24 };
	static const uint8_t begin[8] = { 0, 0, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d };
	uint32_t len = lengths[type];

	memset(to, 0, 256);
	memcpy(to, begin, sizeof(begin));
	to[1] = (uint8_t)len;
	to[9] = type;
	if (type)
		memcpy(to + 12, five, len < 17 ? len - 12 : 5);
	return len;
}

/* One piece at data[at]; returns where the next one is. */
static size_t say_piece(struct recorder *r, struct watch *w, const uint8_t *data, size_t size, size_t at)
{
	uint8_t what = data[at++], dir = what & 0x40 ? USHER_SERVER : USHER_CLIENT, bytes[256], five[5] = { 0 };
	size_t n = what & 0x80 ? 5 : (what & 0x1f) + 1u;

	if (n > size - at)
		n = size - at;
	if (what & 0x20) {
		w->lost = true;
		recorder_lose(r, dir, 1);
	}
	if (!(what & 0x80)) {
		recorder_say(r, dir, data + at, n);
	} else {
		memcpy(five, data + at, n);
		recorder_say(r, dir, bytes, whole_message(bytes, what & 0x0f, five));
	}
	return at + n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct watch watch;
	const struct usher_helper *pptp = recorder_helper("pptp");
	uint8_t options = size ? data[0] : 0;
	struct recorder *r;
	size_t at = 1;

	if (!pptp || size > 4 * SEEN)
		return 0;
	memset(&watch, 0, sizeof(watch));
	r = recorder_new(pptp, options & 1 ? USHER_IPV6 : USHER_IPV4, 1723);
	r->picked_up = options & 2;
	r->live = options & 8;
	r->items = options & 0x40 ? 3 : 0;
	r->held = true;
	r->nat = nat;
	r->user = &watch;
	r->before = before;
	r->after = after;
	watch.any_state = options & 4;
	watch.shift[0] = options & 0x10 ? 4 : 0;
	watch.shift[1] = options & 0x20 ? 65533 : 0;
	watch.refuse = options & 0x80;
	watch.state_len = pptp->state_size + pptp->item_size * (r->items ? r->items : pptp->item_default);
	if (watch.any_state && size > 1)
		at += take_state(r, watch.state_len, data + 1, size - 1);
	while (at < size && !r->done)
		at = say_piece(r, &watch, data, size, at);
	must(!r->called_after_done);
	recorder_free(r);
	return 0;
}
