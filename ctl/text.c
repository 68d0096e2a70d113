/*
 * ctl/text: see text.h. UTF-8 as RFC 3629, section 4, has it.
 */
#include "ctl/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static bool is_tail(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

/* By the first byte; 0: none begins with it. */
static unsigned length_of(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

unsigned ctl_utf8(const uint8_t *bytes, size_t len, uint32_t *code)
{
	/* By length: the bits that the first byte has, and the lowest code that needs so many bytes. */
	static const uint8_t bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t first = bytes[0];
	unsigned want = length_of(first);
	uint32_t value = first & bits[want];

	if (want == 0 || want > len)
		return 0;
	for (unsigned i = 1; i < want; i++) {
		if (!is_tail(bytes[i]))
			return 0;
		value = value << 6 | (bytes[i] & 0x3fu);
	}
	if (value < lowest[want] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*code = value;
	return want;
}

bool ctl_printable(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} not[] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f },         /* control characters; terminals obey U+009B as ESC [ */
		{ 0xad, 0xad },                         /* soft hyphen: shown or not, as the terminal likes */
		{ 0x061c, 0x061c }, { 0x200b, 0x200f }, /* marks of direction, letters of no width */
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, /* ends of lines, embedding and override of direction */
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, /* no width, annotations */
		{ 0xe0000, 0xe0fff },                   /* tags, seen by nobody */
	};

	if (code >= 0x20 && code < 0x7f)
		return true;
	for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++) {
		if (code >= not[i].first && code <= not[i].last)
			return false;
	}
	return (code & 0xfffe) != 0xfffe; /* no characters, says Unicode */
}

const char *ctl_escape(char *out, size_t size, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *in = bytes;
	size_t used = 0, safe = 0; /* safe: up to here "..." still fits behind */

	for (size_t at = 0; at < len;) {
		uint32_t code = 0;
		char piece[4];
		unsigned take = ctl_utf8(in + at, len - at, &code), piece_len;

		if (take > 0 && ctl_printable(code) && code != '\\') {
			memcpy(piece, in + at, take);
			piece_len = take;
		} else if (take > 0 && code == '\\') {
			memcpy(piece, "\\\\", 2);
			piece_len = 2;
		} else {
			take = 1; /* a character that may not be shown goes byte by byte as well */
			memcpy(piece, "\\x", 2);
			piece[2] = digits[in[at] >> 4];
			piece[3] = digits[in[at] & 15];
			piece_len = 4;
		}
		if (used + piece_len >= size) {
			memcpy(out + safe, "...", 4);
			return out;
		}
		memcpy(out + used, piece, piece_len);
		used += piece_len;
		if (used + 4 <= size)
			safe = used;
		at += take;
	}
	out[used] = '\0';
	return out;
}

const char *ctl_address(char *out, const struct usher_endpoint *endpoint)
{
	int family = endpoint->family == USHER_IPV4 ? AF_INET : AF_INET6;

	if (endpoint->family == USHER_ANY_FAMILY ||
	    inet_ntop(family, endpoint->address, out, CTL_ADDRESS_SIZE) == NULL)
		memcpy(out, "any", 4);
	return out;
}

static const struct ctl_protocol known[] = {
	{ USHER_TCP, CTL_PORT, "tcp" },
	{ USHER_UDP, CTL_PORT, "udp" },
	{ USHER_ICMP, CTL_QUERY, "icmp" },
	{ USHER_ICMPV6, CTL_QUERY, "icmpv6" },
	{ USHER_GRE, CTL_CALL, "gre" },
	{ 33, CTL_PORT, "dccp" },
	{ 132, CTL_PORT, "sctp" },
	{ 136, CTL_PORT, "udplite" },
	/* These are tracked by their addresses alone. */
	{ 2, CTL_NO_KEY, "igmp" },
	{ 4, CTL_NO_KEY, "ipip" },
	{ 41, CTL_NO_KEY, "ipv6" },
	{ 50, CTL_NO_KEY, "esp" },
	{ 51, CTL_NO_KEY, "ah" },
	{ 89, CTL_NO_KEY, "ospf" },
	{ 103, CTL_NO_KEY, "pim" },
	{ 112, CTL_NO_KEY, "vrrp" },
	{ 115, CTL_NO_KEY, "l2tp" },
};

const struct ctl_protocol *ctl_protocol(uint8_t number)
{
	static const struct ctl_protocol unknown = { 0, CTL_NO_KEY, "unknown" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].number == number)
			return &known[i];
	}
	return &unknown;
}

const struct ctl_protocol *ctl_protocol_named(const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name) == 0)
			return &known[i];
	}
	return NULL;
}

const char *ctl_endpoint(char *out, uint8_t protocol, const struct usher_endpoint *endpoint)
{
	char address[CTL_ADDRESS_SIZE];

	ctl_address(address, endpoint);
	if (ctl_protocol(protocol)->key != CTL_PORT)
		snprintf(out, CTL_ENDPOINT_SIZE, "%s", address);
	else if (endpoint->family == USHER_IPV6)
		snprintf(out, CTL_ENDPOINT_SIZE, "[%s]:%u", address, (unsigned)endpoint->key);
	else
		snprintf(out, CTL_ENDPOINT_SIZE, "%s:%u", address, (unsigned)endpoint->key);
	return out;
}
