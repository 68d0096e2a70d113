/*
 * reread: what came out of a NAT's control streams, read again, apart from the helpers that wrote it.
 *
 * A stream must come out as it went in, but for the announcements that were accepted: there it says, in the same place and nothing
 * else changed, the endpoint by which the other side knows the listener.
 */
#ifndef USHER_TESTS_REREAD_H
#define USHER_TESTS_REREAD_H

#include <usher/types.h>

struct reread_said { /* an accepted announcement, as its event told it */
	char kind[20];
	struct usher_endpoint listener, seen;           /* seen: the same where NAT has no other name */
	struct usher_endpoint peer, peer_seen;          /* PPTP: of the server */
};

struct reread_stream {
	const uint8_t *in, *out;
	uint32_t in_len, out_len;
	bool whole;        /* all that went in has come out */
};

/*
 * Lines of one direction of FTP, and the announcements of that direction in order. NULL, or what is wrong. Lines that have not come
 * out yet, and their announcements, do not matter.
 */
const char *reread_ftp(const struct reread_stream *s, const struct reread_said *said, uint32_t count);

/*
 * PPTP, both directions (0: the client's). Nothing but ids changes; and each call that was announced is in a reply as both sides
 * know it, if all came out.
 */
const char *reread_pptp(const struct reread_stream s[2], const struct reread_said *said, uint32_t count);

/* Offsets of the sender's own id and the receiver's in a control message of this type; 0: it has none. */
void reread_ids(unsigned type, unsigned *own, unsigned *peer);

#endif
