/*
 * ctl/text: what a stranger's bytes may look like on a terminal, and endpoints as people write them.
 *
 * Bytes of packets are printed: by `usher replay`, by tools that show its JSON, by pagers. None of them may reach a
 * terminal as a command. So a byte that is no valid UTF-8, and every character that moves the cursor, colours, deletes
 * or turns the direction of writing, is written as an escape; all else as it is. This file decides which characters
 * these are, for text and JSON alike.
 *
 * Owns: the names of protocols for people, and what an endpoint's key means in each of them.
 */
#ifndef USHER_CTL_TEXT_H
#define USHER_CTL_TEXT_H

#include <usher/types.h>

#define CTL_ADDRESS_SIZE 48u  /* longest address as text, with its 0 */
#define CTL_ENDPOINT_SIZE 64u /* "[address]:key" */

/*
 * The character at `bytes`, of which `len` > 0 are there: its code and (result) its length, 1 to 4. 0: no valid UTF-8
 * begins here (overlong forms, surrogates and what lies beyond U+10FFFF included); the first byte is to be taken by
 * itself.
 */
unsigned ctl_utf8(const uint8_t *bytes, size_t len, uint32_t *code);

/* May this character be written as it is? */
bool ctl_printable(uint32_t code);

/*
 * `len` bytes of a stranger as text: what is not printable becomes \xNN, byte by byte; a backslash is doubled. What
 * does not fit into `size` bytes (at least 8) is cut, with "..." at the end, never within a character. Returns `out`.
 */
const char *ctl_escape(char *out, size_t size, const void *bytes, size_t len);

/*
 * The endpoint's address ("10.0.0.1", "2001:db8::1"; family 0: "any"). `out` has CTL_ADDRESS_SIZE bytes. Returns `out`.
 */
const char *ctl_address(char *out, const struct usher_endpoint *endpoint);

/* What an endpoint's key is. */
enum ctl_key {
	CTL_NO_KEY = 0,
	CTL_PORT,
	CTL_CALL, /* GRE: each direction has its own, the receiver's */
	CTL_QUERY /* ICMP: the id that a query and its answer share */
};

struct ctl_protocol {
	uint8_t number;
	uint8_t key;      /* enum ctl_key */
	const char *name; /* "tcp"; "unknown" */
};

/* The protocol with this number; never NULL. */
const struct ctl_protocol *ctl_protocol(uint8_t number);
/* The protocol with this name; NULL: none has it. */
const struct ctl_protocol *ctl_protocol_named(const char *name);

/*
 * "10.0.0.1:21", "[2001:db8::1]:21", without ports the address alone. `out` has CTL_ENDPOINT_SIZE bytes. Returns `out`.
 */
const char *ctl_endpoint(char *out, uint8_t protocol, const struct usher_endpoint *endpoint);

#endif
