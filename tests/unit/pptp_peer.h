/*
 * pptp_peer: both ends of a PPTP control connection, for tests of its helper: messages from words, scripts of them.
 *
 * Messages are laid out here as RFC 2637 2 has them, independently of the helper's table. A message is a word and numbers; those in
 * brackets may be left out, and are what is said here then:
 *
 *	SCCRQ                   SCCRP [result 1]        STOPRQ [reason 1]       STOPRP [result 1]
 *	ECHORQ [identifier 9]   ECHORP [identifier 9]   OCRQ id [serial 7]      OCRP id peer [result 1]
 *	ICRQ id [serial 7]      ICRP id peer [result 1] ICCN peer               CCRQ id
 *	CDN id [result 4]       WEN peer                SLI peer
 *	OTHER type [length 16]  MGMT [length 16]        BYTES hex...            a type of one's own; message type 2; just these
 *
 * peer_play runs a script of such steps, a NULL ends it:
 *
 *	"C OCRQ 1"              the client says it ("S ..." the server); "C OCRQ 1 + SLI 100" says both at once
 *	"C~"                    bytes of that side are lost
 *	"= text"                a line of the recorder; a note may be cut behind a word. Between such lines nothing else came,
 *	                        but for edits and the notes of the fifteen messages, which are left out unless asked for
 *	"> OCRQ 4001"           what the other side received of the last message
 */
#ifndef USHER_TESTS_PPTP_PEER_H
#define USHER_TESTS_PPTP_PEER_H

#include "tests/unit/recorder.h"

#define PEER_BYTES 4096u

struct peer_word {
	const char *name;
	uint8_t type;
	uint16_t len;
	uint8_t at[3];       /* where its numbers go, 0: it has no more */
	uint8_t size[3];
	uint16_t standard[3];/* what they are unless said; the ids must be */
};

static const struct peer_word peer_words[] = {
	{ "SCCRQ", 1, 156, { 0 }, { 0 }, { 0 } },
	{ "SCCRP", 2, 156, { 14 }, { 1 }, { 1 } },
	{ "STOPRQ", 3, 16, { 12 }, { 1 }, { 1 } },
	{ "STOPRP", 4, 16, { 12 }, { 1 }, { 1 } },
	{ "ECHORQ", 5, 16, { 14 }, { 2 }, { 9 } },
	{ "ECHORP", 6, 20, { 14 }, { 2 }, { 9 } },
	{ "OCRQ", 7, 168, { 12, 14 }, { 2, 2 }, { 0, 7 } },
	{ "OCRP", 8, 32, { 12, 14, 16 }, { 2, 2, 1 }, { 0, 0, 1 } },
	{ "ICRQ", 9, 220, { 12, 14 }, { 2, 2 }, { 0, 7 } },
	{ "ICRP", 10, 24, { 12, 14, 16 }, { 2, 2, 1 }, { 0, 0, 1 } },
	{ "ICCN", 11, 28, { 12 }, { 2 }, { 0 } },
	{ "CCRQ", 12, 16, { 12 }, { 2 }, { 0 } },
	{ "CDN", 13, 148, { 12, 14 }, { 2, 1 }, { 0, 4 } },
	{ "WEN", 14, 40, { 12 }, { 2 }, { 0 } },
	{ "SLI", 15, 24, { 12 }, { 2 }, { 0 } },
	{ "OTHER", 0, 16, { 8, 0, 0 }, { 2, 2, 0 }, { 0, 16, 0 } },
	{ "MGMT", 1, 16, { 0 }, { 2 }, { 16 } },
};

static inline void peer_put(uint8_t *to, uint32_t value, uint32_t size)
{
	while (size--) {
		to[size] = (uint8_t)value;
		value >>= 8;
	}
}

/* Fields that have any value a real one might have, so that a wrong offset shows. */
static inline void peer_fill(uint8_t *to, uint8_t type)
{
	static const char host[] = "pns.example", vendor[] = "usher test", number[] = "5551234";

	if (type == 1 || type == 2) {
		peer_put(to + 12, 0x100, 2);
		peer_put(to + 16, 3, 4);
		peer_put(to + 20, 2, 4);
		peer_put(to + 24, 11, 2);
		peer_put(to + 26, 12, 2);
		memcpy(to + 28, host, sizeof(host));
		memcpy(to + 92, vendor, sizeof(vendor));
	} else if (type == 7) {
		peer_put(to + 16, 300, 4);
		peer_put(to + 20, 100000000, 4);
		peer_put(to + 24, 1, 4);
		peer_put(to + 28, 2, 4);
		peer_put(to + 32, 64, 2);
		peer_put(to + 34, 5, 2);
		peer_put(to + 36, 7, 2);
		memcpy(to + 40, number, sizeof(number));
	} else if (type == 8) {
		peer_put(to + 20, 64000, 4);
		peer_put(to + 24, 16, 2);
		peer_put(to + 28, 77, 4);
	} else if (type == 15) {
		peer_put(to + 16, 0xffffffffu, 4);
		peer_put(to + 20, 0xffffffffu, 4);
	}
}

static inline uint32_t peer_hex(uint8_t *to, const char **text)
{
	uint32_t len = 0;
	unsigned byte;
	int used;

	while (sscanf(*text, " %2x%n", &byte, &used) == 1) {
		to[len++] = (uint8_t)byte;
		*text += used;
	}
	return len;
}

/* One message; *text moves behind it. Returns its length. */
static inline uint32_t peer_message(uint8_t *to, const char **text)
{
	uint32_t value[3] = { 0 }, len, i = 0, n = 0;
	const struct peer_word *w;
	char name[16];
	int used = 0;

	if (sscanf(*text, " %15s%n", name, &used) != 1)
		abort();
	*text += used;
	if (strcmp(name, "BYTES") == 0)
		return peer_hex(to, text);
	while (i < sizeof(peer_words) / sizeof(peer_words[0]) && strcmp(peer_words[i].name, name) != 0)
		i++;
	if (i == sizeof(peer_words) / sizeof(peer_words[0]))
		abort();
	w = &peer_words[i];
	for (i = 0; i < 3; i++)
		value[i] = w->standard[i];
	while (n < 3 && sscanf(*text, " %u%n", &value[n], &used) == 1) {
		*text += used;
		n++;
	}
	len = strcmp(name, "OTHER") == 0 ? value[1] : strcmp(name, "MGMT") == 0 ? value[0] : w->len;
	memset(to, 0, len);
	peer_put(to, len, 2);
	peer_put(to + 2, strcmp(name, "MGMT") == 0 ? 2 : 1, 2);
	peer_put(to + 4, 0x1a2b3c4d, 4);
	peer_put(to + 8, w->type, 2);
	peer_fill(to, w->type);
	for (i = 0; i < 3 && w->at[i]; i++)
		peer_put(to + w->at[i], value[i], w->size[i]);
	return len;
}

/* All messages of "OCRQ 1 + SLI 100". */
static inline uint32_t peer_bytes(uint8_t *to, const char *text)
{
	uint32_t len = 0;

	for (;;) {
		len += peer_message(to + len, &text);
		while (*text == ' ')
			text++;
		if (*text != '+')
			return len;
		text++;
	}
}

/* A step that says something, `piece` bytes at a time. */
static inline void peer_say(struct recorder *r, const char *step, size_t piece)
{
	uint8_t dir = step[0] == 'C' ? USHER_CLIENT : USHER_SERVER, bytes[PEER_BYTES];
	size_t len;

	if (step[1] == '~') {
		recorder_lose(r, dir, 100);
		return;
	}
	len = peer_bytes(bytes, step + 2);
	for (size_t at = 0; at < len; at += piece)
		recorder_say(r, dir, bytes + at, len - at < piece ? len - at : piece);
}

/* Is this line the note of one of the fifteen messages, or an edit, other than the one wanted? */
static inline bool peer_is_plain(const struct recorder *r, const char *line, const char *wanted)
{
	size_t len;

	if (strncmp(line, "edit ", 5) == 0)
		return !wanted || strncmp(wanted, "edit ", 5) != 0;
	if (strncmp(line, "note ", 5) != 0)
		return false;
	len = strcspn(line + 5, " ");
	for (uint32_t i = 0; i < 15; i++) {
		const char *name = r->helper->notes[i].name;

		if (strlen(name) == len && strncmp(line + 5, name, len) == 0)
			return !wanted || strncmp(wanted, line, 5 + len) != 0;
	}
	return false;
}

static inline const char *peer_next(struct recorder *r, const char *wanted)
{
	const char *line;

	do {
		line = recorder_take(r);
	} while (line && peer_is_plain(r, line, wanted));
	return line;
}

static inline bool peer_same(const char *wanted, const char *got)
{
	size_t len = strlen(wanted);

	if (!got || strncmp(wanted, got, len) != 0)
		return false;
	return !got[len] || (got[len] == ' ' && strncmp(wanted, "note ", 5) == 0);
}

/* NULL: all came as the script says. Else what went wrong, in a static buffer. */
static inline const char *peer_play(struct recorder *r, const char *const *steps, size_t piece)
{
	static char wrong[1200];
	uint8_t bytes[PEER_BYTES];

	for (uint32_t i = 0;; i++) {
		const char *step = steps[i];
		const char *wanted = step && step[0] == '=' ? step + 2 : NULL;
		const char *got = step && step[0] == '>' ? NULL : peer_next(r, wanted);

		if (wanted ? !peer_same(wanted, got) : got != NULL) {
			snprintf(wrong, sizeof(wrong), "step %u, pieces of %u: expected %s, got %s", (unsigned)i, (unsigned)piece,
				 wanted ? wanted : "nothing", got ? got : "nothing");
			return wrong;
		}
		if (!step)
			return NULL;
		if (step[0] == '>') {
			uint32_t len = peer_bytes(bytes, step + 2);

			if (len != r->sent_len || memcmp(bytes, r->sent, len) != 0) {
				snprintf(wrong, sizeof(wrong), "step %u: not what was received: %s", (unsigned)i, step);
				return wrong;
			}
		} else if (!wanted) {
			recorder_clear(r);
			peer_say(r, step, piece);
		}
	}
}

#endif
