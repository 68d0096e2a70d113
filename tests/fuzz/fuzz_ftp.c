/*
 * The FTP helper over a dialogue of strangers. The input is text, so that a person can read and write it:
 *
 *	first byte	bit 0: IPv6; bit 1: picked up; bit 2: a saved state of 84 bytes comes next
 *	then lines	C or S, one more byte, and the bytes up to and with the LF; c or s: bytes are lost before
 *
 * What must hold: a PORT, EPRT or 227 that counts has its address and port in its own record, a 229 its port; a 227
 * or 229 counts only if the client has sent more PASVs or EPSVs than have counted; nothing comes after done; only what
 * was announced is withdrawn; the state passes check() whenever it is looked at; what might have been edited was said
 * to be so at every byte.
 */
#include "tests/unit/recorder.h"

extern const struct usher_helper usher__helper_ftp;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct watch {
	uint32_t expect_count, accepted_count, line_count; /* before the record */
	uint32_t asked[2], counted[2]; /* PASV and EPSV lines; 227s and 229s that counted */
	bool may_edit;
	bool any_state; /* it began in a state from a file, which may have asked before */
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Has the client written a line that could be this command? Anything before it may be Telnet. */
static bool has_word(const struct usher_record *r, const char *word)
{
	size_t len = strlen(word);

	for (uint32_t i = 0; i + len <= r->len; i++) {
		if (strncasecmp((const char *)&r->data[i], word, len) == 0)
			return true;
	}
	return false;
}

/* Every decimal number of a record, in order; what is over 100000 is 100000. */
static uint32_t numbers_of(const struct usher_record *r, uint32_t *number, uint32_t max)
{
	uint32_t count = 0;
	bool inside = false;

	for (uint32_t i = 0; i < r->len; i++) {
		bool digit = r->data[i] >= '0' && r->data[i] <= '9';

		if (digit && !inside && count < max)
			number[count++] = 0;
		if (digit && count)
			number[count - 1] = number[count - 1] * 10 + (uint32_t)(r->data[i] - '0');
		if (count && number[count - 1] > 100000)
			number[count - 1] = 100000;
		inside = digit;
	}
	return count;
}

static bool has_number(const struct usher_record *r, uint32_t value)
{
	static uint32_t number[4096];
	uint32_t count = numbers_of(r, number, 4096);

	for (uint32_t i = 0; i < count; i++) {
		if (number[i] == value)
			return true;
	}
	return false;
}

static bool has_six(const struct usher_record *r, const struct usher_endpoint *at)
{
	static uint32_t number[4096];
	uint32_t count = numbers_of(r, number, 4096);

	for (uint32_t i = 0; i + 6 <= count; i++) {
		if (number[i] == at->address[0] && number[i + 1] == at->address[1] && number[i + 2] == at->address[2] &&
		    number[i + 3] == at->address[3] && number[i + 4] * 256 + number[i + 5] == at->key)
			return true;
	}
	return false;
}

/* Some part of the record between two equal bytes is this address, as inet_pton reads it. */
static bool has_address(const struct usher_record *r, const struct usher_endpoint *at)
{
	uint8_t address[16] = { 0 };
	char text[64];

	for (uint32_t first = 0; first < r->len; first++) {
		for (uint32_t len = 1; len < sizeof(text) - 1 && first + len + 1 < r->len; len++) {
			if (r->data[first + len + 1] != r->data[first])
				continue;
			memcpy(text, &r->data[first + 1], len);
			text[len] = '\0';
			if (inet_pton(at->family == USHER_IPV4 ? AF_INET : AF_INET6, text, address) == 1 &&
			    memcmp(address, at->address, at->family == USHER_IPV4 ? 4 : 16) == 0)
				return true;
		}
	}
	return false;
}

static void before(struct recorder *r, const struct usher_record *record)
{
	struct watch *w = r->user;

	must(!r->done);
	w->expect_count = r->expect_count;
	w->accepted_count = r->accepted_count;
	w->line_count = r->line_count;
	if (record->dir == USHER_CLIENT) {
		w->asked[0] += has_word(record, "PASV") || has_word(record, "P@SW");
		w->asked[1] += has_word(record, "EPSV");
	}
	w->may_edit = true;
	for (uint32_t have = 0; have <= record->len; have++)
		w->may_edit = w->may_edit && r->helper->may_edit(r->state, record->dir, record->data, have);
}

/* The announcement that was just accepted. */
static void judge(const struct recorder *r, struct watch *w, const struct usher_record *record)
{
	const struct usher_expect *e = &r->last;
	uint32_t passive;

	must(e->side == record->dir && e->protocol == USHER_TCP && e->uses == 1 && e->tag != 0);
	must(e->listener.key >= 1 && e->listener.key <= 65535);
	must(!(record->flags & USHER_RECORD_CUT));
	if (record->flags & USHER_RECORD_AFTER_GAP) /* only in a replay, and never for certain */
		must(!r->live && e->flags & USHER_EXPECT_UNEARNED);
	must(w->may_edit || record->flags & USHER_RECORD_AFTER_GAP); /* only in a replay, where nothing is edited */
	must(e->listener.family == USHER_ANY_FAMILY || e->listener.family == record->from.family);
	if (strcmp(e->kind, "PORT") == 0 || strcmp(e->kind, "PASV") == 0)
		must(has_six(record, &e->listener));
	else if (strcmp(e->kind, "EPRT") == 0)
		must(has_address(record, &e->listener) && has_number(record, e->listener.key));
	else
		must(strcmp(e->kind, "EPSV") == 0 && e->listener.family == USHER_ANY_FAMILY &&
		     has_number(record, e->listener.key));
	must((record->dir == USHER_SERVER) == (e->kind[2] == 'S'));
	if (record->dir == USHER_CLIENT)
		return;
	passive = e->kind[0] == 'E';
	w->counted[passive]++;
	must(w->any_state || w->counted[passive] <= w->asked[passive]);
}

static void after(struct recorder *r, const struct usher_record *record)
{
	struct watch *w = r->user;

	must(r->helper->check(r->state, r->helper->state_size));
	must(r->expect_count <= w->expect_count + 1);
	must(r->line_count <= w->line_count + 2);
	if (r->accepted_count > w->accepted_count)
		judge(r, w, record);
	must(!r->bad_code);
	must(w->any_state || !r->unknown_tag || r->tag_count == RECORDER_TAGS);
	recorder_clear(r);
}

static size_t line_len(const uint8_t *data, size_t size)
{
	const uint8_t *lf = size ? memchr(data, '\n', size) : NULL;

	return lf ? (size_t)(lf - data) + 1 : size;
}

static size_t take_state(struct recorder *r, const uint8_t *data, size_t size)
{
	size_t len = size < r->helper->state_size ? size : r->helper->state_size;
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, data, len);
	if (r->helper->check(copy, (uint32_t)len))
		memcpy(r->state, copy, len);
	free(copy);
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct watch watch = { 0 };
	uint8_t options = size ? data[0] : 0;
	struct recorder *r = recorder_new(&usher__helper_ftp, options & 1 ? USHER_IPV6 : USHER_IPV4, 21);
	size_t at = 1, len;

	r->picked_up = options & 2;
	r->live = options & 8;
	r->user = &watch;
	r->before = before;
	r->after = after;
	watch.any_state = options & 4;
	if (watch.any_state && size > 1)
		at += take_state(r, data + 1, size - 1);
	for (; at + 2 < size && !r->done; at += len) {
		uint8_t dir = (data[at] | 0x20) == 's' ? USHER_SERVER : USHER_CLIENT;

		if (data[at] & 0x20)
			recorder_lose(r, dir, 1);
		at += 2;
		len = line_len(data + at, size - at);
		recorder_say(r, dir, data + at, len);
	}
	must(!r->called_after_done);
	recorder_free(r);
	return 0;
}
