/*
 * <usher/cursor.h> - reading bytes that a stranger wrote.
 *
 * A cursor never leaves its bytes. A read that does not fit or does not match sets `bad`, which sticks; every later read then
 * gives 0 and moves nothing. So a parser reads on and asks once, at the end: `if (c.bad) ...`.
 */
#ifndef USHER_CURSOR_H
#define USHER_CURSOR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct usher_cursor {
	const uint8_t *at, *end;
	bool bad;
};

/* A cursor over `len` bytes at `data`, which stay the caller's. */
static inline struct usher_cursor usher_cursor(const void *data, uint32_t len)
{
	struct usher_cursor c = { (const uint8_t *)data, (const uint8_t *)data + len, false };
	return c;
}

/* Bytes not read yet (0 when bad). */
static inline uint32_t usher_cursor_left(const struct usher_cursor *c)
{
	return c->bad ? 0 : (uint32_t)(c->end - c->at);
}

/* True when everything was read and nothing was wrong. */
static inline bool usher_cursor_done(const struct usher_cursor *c)
{
	return !c->bad && c->at == c->end;
}

/* Take `len` bytes: a pointer to them, or NULL and bad. */
static inline const uint8_t *usher_cursor_take(struct usher_cursor *c, uint32_t len)
{
	const uint8_t *at = c->at;

	if (c->bad || (uint32_t)(c->end - c->at) < len) {
		c->bad = true;
		return NULL;
	}
	c->at += len;
	return at;
}

/* The next byte without taking it; -1 at the end or when bad. */
static inline int usher_cursor_peek(const struct usher_cursor *c)
{
	return c->bad || c->at == c->end ? -1 : *c->at;
}

/* One byte. */
static inline uint8_t usher_cursor_u8(struct usher_cursor *c)
{
	const uint8_t *p = usher_cursor_take(c, 1);
	return p ? p[0] : 0;
}

/* A big-endian integer of 16 bits, as the network has it. */
static inline uint16_t usher_cursor_be16(struct usher_cursor *c)
{
	const uint8_t *p = usher_cursor_take(c, 2);
	return p ? (uint16_t)((unsigned)p[0] << 8 | p[1]) : 0;
}

/* One of 32 bits. */
static inline uint32_t usher_cursor_be32(struct usher_cursor *c)
{
	const uint8_t *p = usher_cursor_take(c, 4);
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

/* Take one given byte, or be bad. */
static inline void usher_cursor_expect(struct usher_cursor *c, char byte)
{
	if (usher_cursor_peek(c) != (uint8_t)byte)
		c->bad = true;
	else
		c->at++;
}

/* Take `byte` if it is next; tells whether. */
static inline bool usher_cursor_accept(struct usher_cursor *c, char byte)
{
	if (usher_cursor_peek(c) != (uint8_t)byte)
		return false;
	c->at++;
	return true;
}

/* Take `word` (ASCII, any letter case) if it is next; tells whether. */
static inline bool usher_cursor_word(struct usher_cursor *c, const char *word)
{
	uint32_t len = (uint32_t)strlen(word), i;

	if (usher_cursor_left(c) < len)
		return false;
	for (i = 0; i < len; i++) {
		unsigned char a = c->at[i], b = (unsigned char)word[i];

		a = (unsigned char)(a >= 'a' && a <= 'z' ? a - 32 : a);
		b = (unsigned char)(b >= 'a' && b <= 'z' ? b - 32 : b);
		if (a != b)
			return false;
	}
	c->at += len;
	return true;
}

/*
 * A decimal number of one digit or more, leading zeros allowed, at most `max`. Nothing wraps: a larger one is bad. No sign, no
 * space.
 */
static inline uint32_t usher_cursor_decimal(struct usher_cursor *c, uint32_t max)
{
	uint64_t value = 0;
	const uint8_t *first = c->at;

	while (!c->bad && c->at < c->end && *c->at >= '0' && *c->at <= '9') {
		value = value * 10 + (uint64_t)(*c->at - '0');
		if (value > max)
			c->bad = true;
		else
			c->at++;
	}
	if (c->at == first)
		c->bad = true;
	return c->bad ? 0 : (uint32_t)value;
}

#endif
