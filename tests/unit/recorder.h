/*
 * recorder: usher's side of the helper contract, for tests and fuzzers of helpers: it hands over records, and writes
 * down what the helper asked for.
 *
 * Bytes go in with recorder_say, in whatever pieces; they are cut into records as the stream layer does it: frame()
 * says how long, what exceeds record_max is handed over CUT and its rest passed over, recorder_lose() makes a gap.
 * The law of the contract is kept: what a record asks for is written down only if record() returns 0 (notes are
 * always).
 *
 * Each thing asked for is one line of text in `lines`, in order; the last announcement is kept as a structure, too:
 *
 *	PORT 10.0.0.2:1029                      accepted; an address not said is *
 *	PORT 10.0.0.2:1029 unearned
 *	PORT 10.0.0.2:0 refused port-zero
 *	note not-a-command
 *	outgoing-call *:1 *:100                 with both tuples: the client's end, the server's
 *	withdraw 10.0.0.2:1029                  what was announced last under this tag; or: withdraw all
 *	refresh all
 *	edit 12+2 0011                          as text, or in hexadecimal digits
 *	done                                    or: done for good
 *
 * NAT is played by `nat`, which answers for map; what the other side receives of a record is in `sent`. Records can be edited
 * only if they are `held`.
 *
 * recorder_play runs a whole dialogue, written as a script of such steps:
 *
 *	"C: text"   the client writes a line; CR LF is added
 *	"S: text"   the server does
 *	"C! text"   the client writes just these bytes ("S! " the server); \xHH is a byte
 *	"C~" "S~"   bytes of that side are lost
 *	"= text"    a line of the list above; between such lines nothing else came
 */
#ifndef USHER_TESTS_RECORDER_H
#define USHER_TESTS_RECORDER_H

#include <usher/helper.h>
#include <usher/usher.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDER_LINES 64u
#define RECORDER_LINE_LEN 512u
#define RECORDER_TAGS 64u
#define RECORDER_STEP_LEN 1024u
#define RECORDER_BYTES 16384u /* no record_max is more */

struct recorder_side {
	uint8_t data[RECORDER_BYTES];
	uint32_t len;
	bool handed;   /* a record was */
	bool gap;      /* bytes were lost since */
	bool skipping; /* inside a record that is too long */
	uint32_t pass; /* bytes to pass over */
};

struct recorder_tag {
	uint8_t class_id;
	uint32_t tag;
	bool stands; /* announced, and not withdrawn */
	char name[96];
};

struct recorder {
	const struct usher_helper *helper;
	uint64_t state[512]; /* aligned for anything */
	struct usher_endpoint end[2]; /* by enum usher_side */
	bool picked_up, live;
	bool opened;         /* the helper has heard that it was picked up */
	bool held;           /* records wait until they were read */
	uint32_t items;      /* 0: the helper's default */
	int answer;          /* of expect, when the helper itself did not refuse */
	int edit_answer;
	/* map's answer; NULL: no NAT. */
	int (*nat)(struct recorder *, const struct usher_map *, struct usher_endpoint *seen);
	struct recorder_side side[2];
	/* what came of it */
	char lines[RECORDER_LINES][RECORDER_LINE_LEN];
	uint32_t line_count; /* those beyond RECORDER_LINES are counted only */
	uint32_t line_taken; /* by recorder_take */
	uint32_t committed;  /* lines that cannot be taken back */
	struct recorder_tag tags[RECORDER_TAGS];
	uint32_t tag_count;
	uint8_t sent[RECORDER_BYTES]; /* the last record, as edited */
	uint32_t sent_len, sent_shift;
	uint32_t fixed;           /* of the record at work */
	struct usher_expect last; /* the last announcement */
	uint32_t expect_count;    /* announcements, refused ones too */
	uint32_t accepted_count;
	uint32_t map_count, edit_count;
	bool done, for_good;
	bool called_after_done;
	bool bad_code;    /* a note that the helper does not have */
	bool unknown_tag; /* withdrawn, and never announced */
	/* Called before and after each record; may be NULL. */
	void (*before)(struct recorder *, const struct usher_record *);
	void (*after)(struct recorder *, const struct usher_record *);
	void *user;
};

static inline struct recorder *recorder_of(struct usher_help *help)
{
	return (struct recorder *)(void *)help;
}

/* "10.0.0.2:1029", "[fd00::2]:1029", "*:1029" */
static inline const char *recorder_endpoint(const struct usher_endpoint *e, char *text, size_t size)
{
	char address[INET6_ADDRSTRLEN] = "*";

	if (e->family == USHER_IPV4)
		inet_ntop(AF_INET, e->address, address, sizeof(address));
	else if (e->family == USHER_IPV6)
		inet_ntop(AF_INET6, e->address, address, sizeof(address));
	snprintf(text, size, e->family == USHER_IPV6 ? "[%s]:%u" : "%s:%u", address, (unsigned)e->key);
	return text;
}

static inline void recorder_line(struct recorder *r, const char *text)
{
	if (r->done)
		r->called_after_done = true;
	if (r->line_count < RECORDER_LINES)
		snprintf(r->lines[r->line_count], RECORDER_LINE_LEN, "%s", text);
	r->line_count++;
}

static inline const char *recorder_code(struct recorder *r, uint32_t code)
{
	uint32_t count = 0;

	while (r->helper->notes && r->helper->notes[count].name)
		count++;
	if (code >= 1 && code <= count)
		return r->helper->notes[code - 1].name;
	r->bad_code = true;
	return "BAD-CODE";
}

static inline struct recorder_tag *recorder_tag(struct recorder *r, uint8_t class_id, uint32_t tag)
{
	for (uint32_t i = 0; i < r->tag_count; i++) {
		if (r->tags[i].class_id == class_id && r->tags[i].tag == tag)
			return &r->tags[i];
	}
	return NULL;
}

static inline int recorder_map(struct usher_help *help, const struct usher_map *map, struct usher_endpoint *seen)
{
	struct recorder *r = recorder_of(help);

	r->map_count++;
	*seen = map->at;
	return r->nat ? r->nat(r, map, seen) : USHER_OK;
}

static inline int recorder_expect(struct usher_help *help, const struct usher_expect *e)
{
	struct recorder *r = recorder_of(help);
	char line[RECORDER_LINE_LEN], at[96];
	size_t len;
	struct recorder_tag *tag;

	r->last = *e;
	r->expect_count++;
	len = strlen(recorder_endpoint(&e->listener, at, sizeof(at)));
	if (e->side == USHER_BOTH) {
		at[len++] = ' ';
		recorder_endpoint(&e->peer, at + len, sizeof(at) - len);
	}
	snprintf(line, sizeof(line), "%s %s%s%s%s", e->kind, at,
		 e->flags & USHER_EXPECT_UNEARNED ? " unearned" : "", e->code ? " refused " : "",
		 e->code ? recorder_code(r, e->code) : "");
	recorder_line(r, line);
	if (e->code)
		return USHER_REFUSED;
	if (r->answer != USHER_OK)
		return r->answer;
	r->accepted_count++;
	tag = recorder_tag(r, e->class_id, e->tag);
	if (!tag && r->tag_count < RECORDER_TAGS)
		tag = &r->tags[r->tag_count++];
	if (tag) {
		tag->class_id = e->class_id;
		tag->tag = e->tag;
		tag->stands = true;
		snprintf(tag->name, sizeof(tag->name), "%s", at);
	}
	return USHER_OK;
}

static inline int recorder_refresh(struct usher_help *help, uint8_t class_id, uint32_t tag)
{
	struct recorder *r = recorder_of(help);

	recorder_line(r, tag == USHER_ALL_TAGS ? "refresh all" : "refresh");
	return tag == USHER_ALL_TAGS || recorder_tag(r, class_id, tag) ? USHER_OK : USHER_BAD_CALL;
}

static inline void recorder_withdraw(struct usher_help *help, uint8_t class_id, uint32_t tag, bool children)
{
	struct recorder *r = recorder_of(help);
	struct recorder_tag *known = recorder_tag(r, class_id, tag);
	char line[RECORDER_LINE_LEN];
	const char *name = tag == USHER_ALL_TAGS ? "all" : known ? known->name : "UNKNOWN";

	r->unknown_tag |= tag != USHER_ALL_TAGS && !known;
	snprintf(line, sizeof(line), "withdraw %s%s", name, children ? " and children" : "");
	recorder_line(r, line);
	for (uint32_t i = 0; i < r->tag_count; i++) {
		if (r->tags[i].class_id == class_id && (tag == USHER_ALL_TAGS || r->tags[i].tag == tag))
			r->tags[i].stands = false;
	}
}

/* Text as it is, anything else in hexadecimal digits. */
static inline const char *recorder_bytes(const void *data, uint32_t len, char *text, size_t size)
{
	const uint8_t *bytes = data;
	bool printable = true;
	size_t at = 0;

	for (uint32_t i = 0; i < len; i++)
		printable = printable && bytes[i] >= 32 && bytes[i] < 127;
	text[0] = '\0';
	for (uint32_t i = 0; i < len && at + 3 < size; i++)
		at += (size_t)snprintf(text + at, size - at, printable ? "%c" : "%02x", bytes[i]);
	return text;
}

/* Places are those of the record as it was written: edits come in their order. */
static inline int recorder_edit(struct usher_help *help, uint32_t at, uint32_t len, const void *text, uint32_t text_len)
{
	struct recorder *r = recorder_of(help);
	char line[RECORDER_LINE_LEN], bytes[256];

	if (at < r->fixed)
		return USHER_REFUSED;
	if (r->edit_answer != USHER_OK)
		return r->edit_answer;
	if (at + len > r->sent_len || r->sent_len - len + text_len > RECORDER_BYTES)
		return USHER_BAD_CALL;
	snprintf(line, sizeof(line), "edit %u+%u %s", (unsigned)at, (unsigned)len, recorder_bytes(text, text_len, bytes,
		sizeof(bytes)));
	recorder_line(r, line);
	at += r->sent_shift;
	memmove(&r->sent[at + text_len], &r->sent[at + len], r->sent_len - at - len);
	memcpy(&r->sent[at], text, text_len);
	r->sent_len += text_len - len;
	r->sent_shift += text_len - len;
	r->edit_count++;
	return USHER_OK;
}

static inline void recorder_note(struct usher_help *help, uint16_t code, const void *text, uint32_t len)
{
	struct recorder *r = recorder_of(help);
	char line[RECORDER_LINE_LEN];
	volatile uint8_t sum = 0;

	for (uint32_t i = 0; i < len; i++) /* so that a sanitizer sees what is read too far */
		sum = (uint8_t)(sum + ((const uint8_t *)text)[i]);
	snprintf(line, sizeof(line), "note %s", recorder_code(r, code));
	recorder_line(r, line);
}

/* note CODE name=value name=value (word) name="text" */
static inline void recorder_report(struct usher_help *help, uint16_t code, const struct usher_field *fields, uint32_t count)
{
	struct recorder *r = recorder_of(help);
	char line[RECORDER_LINE_LEN];
	int at = snprintf(line, sizeof(line), "note %s", recorder_code(r, code));

	for (uint32_t i = 0; i < count && at < (int)sizeof(line); i++) {
		const struct usher_field *f = &fields[i];

		if (f->text)
			at += snprintf(line + at, sizeof(line) - (size_t)at, " %s=\"%.*s\"", f->name, (int)f->text_len,
				       (const char *)f->text);
		else
			at += snprintf(line + at, sizeof(line) - (size_t)at, " %s=%llu%s%s%s", f->name,
				(unsigned long long)f->value,
				       f->word ? " (" : "", f->word ? f->word : "", f->word ? ")" : "");
	}
	recorder_line(r, line);
}

static inline void recorder_done(struct usher_help *help, bool for_good)
{
	struct recorder *r = recorder_of(help);

	recorder_line(r, for_good ? "done for good" : "done");
	r->done = true;
	r->for_good = for_good;
}

static inline uint32_t recorder_items(struct usher_help *help)
{
	const struct recorder *r = recorder_of(help);

	return r->items ? r->items : r->helper->item_default;
}

static inline uint32_t recorder_option(struct usher_help *help, uint8_t option)
{
	return option == USHER_HELP_LIVE && recorder_of(help)->live;
}

static const struct usher_help_ops recorder_ops = {
	.size = sizeof(struct usher_help_ops),
	.map = recorder_map,
	.expect = recorder_expect,
	.refresh = recorder_refresh,
	.withdraw = recorder_withdraw,
	.edit = recorder_edit,
	.note = recorder_note,
	.done = recorder_done,
	.items = recorder_items,
	.option = recorder_option,
	.report = recorder_report
};

/* A built-in helper; NULL: it is not built in. */
static inline const struct usher_helper *recorder_helper(const char *name)
{
	unsigned i = 0;

	while (usher_helper(i) && strcmp(usher_helper(i)->name, name) != 0)
		i++;
	return usher_helper(i);
}

/* A fresh connection: client 10.0.0.2:40000 or [fd00:1::2]:40000, server 198.51.100.2 or 2001:db8:1::2, `port`. */
static inline struct recorder *recorder_new(const struct usher_helper *helper, uint8_t family, uint16_t port)
{
	struct recorder *r = calloc(1, sizeof(*r));

	if (!r || helper->state_size + (size_t)helper->item_size * helper->item_default > sizeof(r->state))
		abort();
	r->helper = helper;
	r->end[USHER_CLIENT].family = family;
	r->end[USHER_SERVER].family = family;
	r->end[USHER_CLIENT].key = 40000;
	r->end[USHER_SERVER].key = port;
	inet_pton(family == USHER_IPV4 ? AF_INET : AF_INET6, family == USHER_IPV4 ? "10.0.0.2" : "fd00:1::2",
		  r->end[USHER_CLIENT].address);
	inet_pton(family == USHER_IPV4 ? AF_INET : AF_INET6, family == USHER_IPV4 ? "198.51.100.2" : "2001:db8:1::2",
		  r->end[USHER_SERVER].address);
	return r;
}

static inline void recorder_free(struct recorder *r)
{
	free(r);
}

/* Record() failed: of its lines only the notes stay. */
static inline void recorder_take_back(struct recorder *r)
{
	uint32_t kept = r->committed;

	for (uint32_t i = r->committed; i < r->line_count && i < RECORDER_LINES; i++) {
		if (strncmp(r->lines[i], "note ", 5) == 0)
			memmove(r->lines[kept++], r->lines[i], RECORDER_LINE_LEN);
	}
	r->line_count = kept;
	r->done = false;
}

/* One record, whole. It lies in memory of just its size. Returns what record() returned. */
static inline int recorder_record(struct recorder *r, uint8_t dir, const void *data, uint32_t len, uint8_t flags)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct usher_record record = { .data = copy, .len = len, .dir = dir, .flags = flags };
	int result;

	if (!copy)
		abort();
	memcpy(copy, data, len);
	memcpy(r->sent, data, len);
	r->sent_len = len;
	r->sent_shift = 0;
	r->fixed = record.fixed = r->held ? 0 : len;
	record.from = r->end[dir];
	record.to = r->end[!dir];
	r->committed = r->line_count;
	if (r->before)
		r->before(r, &record);
	result = r->helper->record((struct usher_help *)(void *)r, &recorder_ops, r->state, &record);
	if (result != 0) {
		recorder_take_back(r);
		memcpy(r->sent, data, len);
		r->sent_len = len;
	}
	if (r->after)
		r->after(r, &record);
	free(copy);
	return result;
}

static inline uint8_t recorder_flags(struct recorder *r, uint8_t dir, bool cut)
{
	struct recorder_side *s = &r->side[dir];
	unsigned flags = cut ? USHER_RECORD_CUT : 0;

	flags |= s->handed ? 0u : USHER_RECORD_FIRST;
	flags |= s->gap ? USHER_RECORD_AFTER_GAP : 0u;
	flags |= r->picked_up ? USHER_RECORD_PICKED_UP : 0u;
	s->handed = true;
	s->gap = false;
	return (uint8_t)flags;
}

/* What is at the head of the bytes: how many of them are settled? 0: more must come. */
static inline uint32_t recorder_step(struct recorder *r, uint8_t dir)
{
	struct recorder_side *s = &r->side[dir];
	uint32_t have = s->len < r->helper->record_max ? s->len : r->helper->record_max;
	int32_t answer;

	if (s->pass) {
		uint32_t n = s->pass < s->len ? s->pass : s->len;

		s->pass -= n;
		return n;
	}
	if (!have)
		return 0;
	answer = r->helper->frame(r->state, dir, s->data, have);
	if (answer < 0) {
		s->pass = 0u - (uint32_t)answer;
		return recorder_step(r, dir);
	}
	if (s->skipping) {
		s->skipping = answer == 0;
		s->pass = answer ? (uint32_t)answer : have;
		return recorder_step(r, dir);
	}
	if (answer > 0 && (uint32_t)answer <= have) {
		recorder_record(r, dir, s->data, (uint32_t)answer, recorder_flags(r, dir, false));
		return (uint32_t)answer;
	}
	if (have < r->helper->record_max)
		return 0;
	s->skipping = answer == 0;
	s->pass = answer ? (uint32_t)answer - have : 0;
	recorder_record(r, dir, s->data, have, recorder_flags(r, dir, true));
	return have;
}

/* The helper is told where the connection was picked up. */
static inline void recorder_open(struct recorder *r)
{
	if (r->picked_up && !r->opened && r->helper->gap) {
		for (uint8_t dir = 0; dir < 2; dir++)
			r->helper->gap((struct usher_help *)(void *)r, &recorder_ops, r->state, dir, 0);
	}
	r->opened = true;
}

/* Bytes of a side, as they come. After done nothing is handed over any more. */
static inline void recorder_say(struct recorder *r, uint8_t dir, const void *data, size_t len)
{
	struct recorder_side *s = &r->side[dir];
	const uint8_t *from = data;

	recorder_open(r);
	while (len && !r->done) {
		uint32_t room = RECORDER_BYTES - s->len, n, settled;

		n = len < room ? (uint32_t)len : room;
		memcpy(&s->data[s->len], from, n);
		s->len += n;
		from += n;
		len -= n;
		while (!r->done && (settled = recorder_step(r, dir)) > 0) {
			s->len -= settled;
			memmove(s->data, &s->data[settled], s->len);
		}
	}
}

/* Bytes of a side are lost here. */
static inline void recorder_lose(struct recorder *r, uint8_t dir, uint32_t len)
{
	struct recorder_side *s = &r->side[dir];

	recorder_open(r);
	s->len = 0;
	s->pass = 0;
	s->skipping = false;
	s->gap = true;
	if (r->helper->gap)
		r->helper->gap((struct usher_help *)(void *)r, &recorder_ops, r->state, dir, len);
}

/* The next line that was not taken yet; NULL: there is none. */
static inline const char *recorder_take(struct recorder *r)
{
	if (r->line_taken >= r->line_count || r->line_taken >= RECORDER_LINES)
		return NULL;
	return r->lines[r->line_taken++];
}

/* How many announcements stand. */
static inline uint32_t recorder_standing(const struct recorder *r)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < r->tag_count; i++)
		count += r->tags[i].stands;
	return count;
}

/* Forget the tags of what does not stand any more, so that there is room for more. */
static inline void recorder_forget(struct recorder *r)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < r->tag_count; i++) {
		if (r->tags[i].stands)
			r->tags[kept++] = r->tags[i];
	}
	r->tag_count = kept;
}

/* Forget the lines, so that there is room for more. */
static inline void recorder_clear(struct recorder *r)
{
	r->line_count = r->line_taken = r->committed = 0;
}

/* \xHH in a script, for bytes that a C string cannot have in its middle. */
static inline size_t recorder_unescape(const char *text, char *out)
{
	size_t len = 0;
	unsigned byte;

	while (*text) {
		if (text[0] == '\\' && text[1] == 'x' && sscanf(text + 2, "%2x", &byte) == 1) {
			out[len++] = (char)byte;
			text += 4;
		} else {
			out[len++] = *text++;
		}
	}
	return len;
}

static inline void recorder_write(struct recorder *r, const char *step, size_t piece)
{
	uint8_t dir = step[0] == 'C' ? USHER_CLIENT : USHER_SERVER;
	char bytes[RECORDER_STEP_LEN];
	size_t len;

	if (step[1] == '~') {
		recorder_lose(r, dir, 100);
		return;
	}
	len = recorder_unescape(step + 3, bytes);
	if (step[1] == ':') {
		bytes[len++] = '\r';
		bytes[len++] = '\n';
	}
	for (size_t at = 0; at < len; at += piece)
		recorder_say(r, dir, bytes + at, len - at < piece ? len - at : piece);
}

/*
 * Run a script that a NULL ends, `piece` bytes at a time. NULL: all came as it says. Else what went wrong, in a static
 * buffer.
 */
static inline const char *recorder_play(struct recorder *r, const char *const *steps, size_t piece)
{
	static char wrong[512];

	for (uint32_t i = 0;; i++) {
		const char *step = steps[i];
		bool wanted = step && step[0] == '=';
		const char *got = recorder_take(r);

		if (wanted ? !got || strcmp(got, step + 2) != 0 : got != NULL) {
			snprintf(wrong, sizeof(wrong), "step %u, pieces of %u: expected %s, got %s", (unsigned)i,
				 (unsigned)piece, wanted ? step + 2 : "nothing", got ? got : "nothing");
			return wrong;
		}
		if (!step)
			return NULL;
		if (!wanted)
			recorder_write(r, step, piece);
	}
}

#endif
