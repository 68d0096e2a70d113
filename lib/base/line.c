/*
 * line.c: what stands before a line, what is no line of ours, and addresses as text.
 *
 * Owns nothing. Invariants: one text, one address, whoever reads it: what two readers may take differently is
 * refused.
 * Sources: RFC 854 (Telnet); RFC 9112 3 (HTTP); RFC 8446 5.1 (TLS); RFC 8489 5, RFC 3489 11.1 (STUN, then without a
 * cookie); dotted decimal as inet_pton has it (RFC 3493 6.3); RFC 4291 2.2, all three forms of IPv6.
 */
#include "base/line.h"

#define GROUPS_LEN 16u
#define NO_GAP 17u
#define STUN_COOKIE 0x2112a442u

enum telnet { TELNET_SE = 240, TELNET_DM = 242, TELNET_WILL = 251, TELNET_DONT = 254, TELNET_IAC = 255 };

static const char *const http_methods[] = { "GET", "HEAD", "POST", "PUT", "PRI", "DELETE", "CONNECT", "OPTIONS",
					    "TRACE", "PATCH" };

void usher__line_telnet(struct usher_cursor *c)
{
	struct usher_cursor ahead = *c;

	while (usher_cursor_accept(&ahead, (char)TELNET_IAC)) {
		uint8_t what = usher_cursor_u8(&ahead);

		if (what >= TELNET_WILL && what <= TELNET_DONT)
			(void)usher_cursor_u8(&ahead);
		else if (!ahead.bad && (what < TELNET_SE || what == TELNET_IAC))
			return;
		(void)usher_cursor_accept(&ahead, (char)TELNET_DM);
		*c = ahead;
	}
}

enum line_foreign usher__line_binary(struct usher_cursor c)
{
	uint8_t first = usher_cursor_u8(&c), second = usher_cursor_u8(&c);

	if (first == 0x16 && second == 0x03)
		return LINE_TLS;
	if (!c.bad && first == 0 && (second == 1 || second == 3)) /* Binding, Allocate */
		return LINE_STUN;
	(void)usher_cursor_be16(&c);
	return first < 0x40 && usher_cursor_be32(&c) == STUN_COOKIE ? LINE_STUN : LINE_OURS;
}

static bool is_http(struct usher_cursor c)
{
	struct usher_cursor at = c;

	for (uint32_t i = 0; i < sizeof(http_methods) / sizeof(http_methods[0]); i++) {
		if (line_word(&at, http_methods[i]))
			return true;
	}
	while (usher_cursor_left(&c)) {
		if (usher_cursor_u8(&c) != ' ')
			continue;
		at = c;
		if (!usher_cursor_word(&at, "HTTP/"))
			continue;
		(void)usher_cursor_decimal(&at, 9);
		if (usher_cursor_accept(&at, '.'))
			(void)usher_cursor_decimal(&at, 9);
		if (usher_cursor_done(&at))
			return true;
	}
	return false;
}

static bool is_token(int byte)
{
	return line_is_letter(byte) || line_is_digit(byte) || byte == '-' || byte == '_' || byte == '.';
}

static bool is_header_line(struct usher_cursor c)
{
	bool any = false;

	for (; is_token(usher_cursor_peek(&c)); any = true)
		(void)usher_cursor_u8(&c);
	return any && usher_cursor_accept(&c, ':');
}

enum line_foreign usher__line_foreign(struct usher_cursor c)
{
	enum line_foreign binary = usher__line_binary(c);

	if (binary != LINE_OURS)
		return binary;
	if (is_http(c))
		return LINE_HTTP;
	return is_header_line(c) ? LINE_HEADER : LINE_OURS;
}

static uint8_t read_octet(struct usher_cursor *c)
{
	int first = usher_cursor_peek(c);
	uint32_t before = usher_cursor_left(c);
	uint32_t value = usher_cursor_decimal(c, 255);

	if (first == '0' && before - usher_cursor_left(c) > 1)
		c->bad = true;
	return (uint8_t)value;
}

bool usher__line_ipv4(struct usher_cursor *c, uint8_t address[4])
{
	for (uint32_t i = 0; i < 4; i++) {
		if (i)
			usher_cursor_expect(c, '.');
		address[i] = read_octet(c);
	}
	return !c->bad;
}

/* Do decimal digits and a dot come next? A group of hexadecimal ones is never followed by a dot. */
static bool dotted_ahead(const struct usher_cursor *c)
{
	struct usher_cursor ahead = *c;

	while (line_is_digit(usher_cursor_peek(&ahead)))
		(void)usher_cursor_u8(&ahead);
	return usher_cursor_peek(&ahead) == '.';
}

/* One to four hexadecimal digits. */
static void read_group(struct usher_cursor *c, uint8_t to[2])
{
	uint32_t value = 0, digits = 0;

	while (digits < 4 && line_hex(usher_cursor_peek(c)) >= 0) {
		value = value << 4 | (uint32_t)line_hex(usher_cursor_u8(c));
		digits++;
	}
	if (digits == 0 || line_hex(usher_cursor_peek(c)) >= 0)
		c->bad = true;
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

/* What stands after "::" goes to the end, zeros in between. "::" stands for one group at least (RFC 4291 2.2). */
static bool spread(uint8_t address[GROUPS_LEN], uint32_t len, uint32_t gap)
{
	if (gap == NO_GAP)
		return len == GROUPS_LEN;
	if (len == GROUPS_LEN)
		return false;
	memmove(&address[GROUPS_LEN - (len - gap)], &address[gap], len - gap);
	memset(&address[gap], 0, GROUPS_LEN - len);
	return true;
}

bool usher__line_ipv6(struct usher_cursor *c, uint8_t address[GROUPS_LEN])
{
	uint32_t len = 0, gap = NO_GAP;
	bool more = true;

	if (usher_cursor_word(c, "::")) {
		gap = 0;
		more = line_hex(usher_cursor_peek(c)) >= 0;
	}
	while (more && !c->bad && len < GROUPS_LEN) {
		if (len <= GROUPS_LEN - 4 && dotted_ahead(c)) {
			(void)usher__line_ipv4(c, &address[len]);
			len += 4;
			break;
		}
		read_group(c, &address[len]);
		len += 2;
		if (gap == NO_GAP && usher_cursor_word(c, "::")) {
			gap = len;
			more = line_hex(usher_cursor_peek(c)) >= 0;
		} else {
			more = len < GROUPS_LEN && usher_cursor_accept(c, ':');
		}
	}
	if (c->bad || !spread(address, len, gap))
		c->bad = true;
	return !c->bad;
}

bool usher__line_address(struct usher_cursor c, uint8_t family, uint8_t to[16])
{
	memset(to, 0, 16);
	return (family == 4 ? usher__line_ipv4(&c, to) : usher__line_ipv6(&c, to)) && usher_cursor_done(&c);
}

void usher__line_put(struct line_out *to, char letter)
{
	if (to->len == sizeof(to->text))
		to->full = true;
	else
		to->text[to->len++] = letter;
}

static void put_based(struct line_out *to, uint32_t number, uint32_t base)
{
	char digits[10];
	uint32_t count = 0;

	do {
		digits[count++] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	while (count)
		usher__line_put(to, digits[--count]);
}

void usher__line_put_number(struct line_out *to, uint32_t number)
{
	put_based(to, number, 10);
}

/* The longest run of two groups of zeros or more, the first of equals (RFC 5952 4.2). *len 0: none. */
static uint32_t longest_zeros(const uint8_t address[16], uint32_t *len)
{
	uint32_t best = 0;

	*len = 1;
	for (uint32_t first = 0; first < 8; first++) {
		uint32_t end = first;

		while (end < 8 && !address[2 * end] && !address[2 * end + 1])
			end++;
		if (end - first > *len) {
			best = first;
			*len = end - first;
		}
	}
	*len = *len > 1 ? *len : 0;
	return best;
}

void usher__line_put_address(struct line_out *to, uint8_t family, const uint8_t address[16])
{
	uint32_t zeros_len, zeros;

	if (family == 4) {
		for (uint32_t i = 0; i < 4; i++) {
			if (i)
				usher__line_put(to, '.');
			put_based(to, address[i], 10);
		}
		return;
	}
	zeros = longest_zeros(address, &zeros_len);
	for (uint32_t i = 0; i < 8; i++) {
		if (zeros_len && i == zeros) {
			usher__line_put(to, ':');
			usher__line_put(to, ':');
			i += zeros_len - 1;
			continue;
		}
		if (i && !(zeros_len && i == zeros + zeros_len))
			usher__line_put(to, ':');
		put_based(to, (uint32_t)address[2 * i] << 8 | address[2 * i + 1], 16);
	}
}
