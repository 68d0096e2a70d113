/*
 * line: a line of text, for helpers whose records are lines (FTP, IRC, SIP, RTSP).
 *
 * Owns nothing. Invariants: a line ends with LF, and only there: real peers leave out the CR of CR LF, but a CR alone
 * ends nothing (RFC 1123 3.2.1 and Telnet's CR NUL, RFC 854). No locale: a letter is A to Z, in either case.
 */
#ifndef USHER_BASE_LINE_H
#define USHER_BASE_LINE_H

#include <usher/cursor.h>

/* Bytes from the cursor to the end of its line, the LF included. 0: the end is not there. */
static inline uint32_t line_length(const struct usher_cursor *c)
{
	uint32_t left = usher_cursor_left(c);
	const uint8_t *lf = left ? (const uint8_t *)memchr(c->at, '\n', left) : NULL;

	return lf ? (uint32_t)(lf - c->at) + 1 : 0;
}

/*
 * What a line says, without its end: without LF and the CRs in front of it (more than one comes of files whose line
 * ends were translated twice). A line that lacks its end is taken as it is.
 */
static inline struct usher_cursor line_text(const uint8_t *data, uint32_t len)
{
	if (len && data[len - 1] == '\n') {
		len--;
		while (len && data[len - 1] == '\r')
			len--;
	}
	return usher_cursor(data, len);
}

/* Pass spaces and tabs. True if there was one. */
static inline bool line_blanks(struct usher_cursor *c)
{
	bool any = false;

	while (usher_cursor_accept(c, ' ') || usher_cursor_accept(c, '\t'))
		any = true;
	return any;
}

/* These take what usher_cursor_peek returns: a byte, or -1. */
static inline bool line_is_digit(int byte)
{
	return byte >= '0' && byte <= '9';
}

static inline bool line_is_letter(int byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

/* The value of a hexadecimal digit; -1: it is none. */
static inline int line_hex(int byte)
{
	if (line_is_digit(byte))
		return byte - '0';
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Take `word` (ASCII, any letter case) if a blank or the line's end follows it; the blank stays. */
static inline bool line_word(struct usher_cursor *c, const char *word)
{
	struct usher_cursor ahead = *c, behind;

	if (!usher_cursor_word(&ahead, word))
		return false;
	behind = ahead;
	if (usher_cursor_left(&behind) && !line_blanks(&behind))
		return false;
	*c = ahead;
	return true;
}

/* Decimal digits as a number; what is over `limit` comes back as limit + 1, however long. No digit is 0. */
static inline uint32_t line_number(struct usher_cursor *c, uint32_t limit)
{
	uint32_t value = 0;

	while (line_is_digit(usher_cursor_peek(c))) {
		uint32_t digit = (uint32_t)usher_cursor_u8(c) - '0';

		if (value <= limit)
			value = value * 10 + digit;
	}
	return value > limit ? limit + 1 : value;
}

/* As far as the bytes go, do they say `word` and then a blank? */
static inline bool line_begins(struct usher_cursor c, const char *word)
{
	struct usher_cursor letter = usher_cursor(word, (uint32_t)strlen(word));

	while (usher_cursor_left(&letter) && usher_cursor_left(&c)) {
		char one[2] = { (char)usher_cursor_u8(&letter), 0 };

		if (!usher_cursor_word(&c, one))
			return false;
	}
	return usher_cursor_left(&c) == 0 || line_blanks(&c);
}

/*
 * line.c: pass over Telnet commands (RFC 854) in front of a line: IAC and a byte, IAC WILL/WONT/DO/DONT and a byte,
 * and the DM of a Synch, which some send without an IAC. IAC IAC is the byte 255 of text and stays. When bytes of a
 * command are missing `c` is bad.
 */
void usher__line_telnet(struct usher_cursor *c);

/*
 * line.c: what browsers and other clients begin with that an attacker may have steered to a port of ours (NAT
 * slipstreaming). A helper that finds any of it in a client's line stops believing the connection.
 */
enum line_foreign {
	LINE_OURS = 0, /* none of these */
	LINE_HTTP,     /* a request line: a method first, or an HTTP version last, for a page may choose its method */
	LINE_HEADER,   /* Name: */
	LINE_TLS,      /* a handshake record */
	LINE_STUN
};
enum line_foreign usher__line_foreign(struct usher_cursor c);
/* TLS and STUN only, for framing: they need not ever send an LF. */
enum line_foreign usher__line_binary(struct usher_cursor c);

/*
 * line.c: an address as text, strictly: no name, no zone, no port, none of inet_aton's shorthands, and in IPv4 no
 * leading zeros, which some read as octal. Takes what belongs to the address from `c`; whether that was all is for
 * the caller to ask. False, and `c` is bad: there is none. `address` is in network order and written only as far as
 * what was read.
 */
bool usher__line_ipv4(struct usher_cursor *c, uint8_t address[4]);
bool usher__line_ipv6(struct usher_cursor *c, uint8_t address[16]);
/* All of `c` is an address of this family; `to` as in struct usher_endpoint. */
bool usher__line_address(struct usher_cursor c, uint8_t family, uint8_t to[16]);

/*
 * line.c: text to be written, for edits. It never leaves its bytes: what does not fit is left out, `full` tells. The longest
 * address and port have 45 and 5 letters. IPv6 as RFC 5952 has it.
 */
struct line_out {
	char text[80];
	uint32_t len;
	bool full;
};
void usher__line_put(struct line_out *to, char letter);
void usher__line_put_number(struct line_out *to, uint32_t number);
/* `family` is 4 or 6; `address` as in struct usher_endpoint. */
void usher__line_put_address(struct line_out *to, uint8_t family, const uint8_t address[16]);

#endif
