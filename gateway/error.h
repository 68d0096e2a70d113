/*
 * gateway/error: the ICMP errors that a router owes.
 *
 * Pure, but for the limit, which remembers. The quoted packet is a stranger's; its sender gets it back as it came.
 * Sources: RFC 792, 1122 (3.2.2), 1191, 1812 (4.3), 4443 (2.4: what may be answered, and how often), 8200, 9293 (resets).
 */
#ifndef USHER_GATEWAY_ERROR_H
#define USHER_GATEWAY_ERROR_H

#include "gateway/packet.h"

#define GW_QUOTE_MAX 1232u /* of a packet: an ICMPv6 error is as long as IPv6's least MTU at most */
#define GW_ERROR_MAX 1280u

enum gw_error {
	GW_ERROR_HOPS,       /* its last hop was the one to us */
	GW_ERROR_TOO_BIG,    /* for the next link */
	GW_ERROR_NO_ROUTE,
	GW_ERROR_NO_HOST,    /* the network is known, the host is not there */
	GW_ERROR_PROHIBITED,
	GW_ERROR_KINDS
};

/* How many may be sent: so many at once, and so many each second. */
struct gw_error_limit {
	usher_time last;
	uint64_t credit; /* in ns of waiting */
};

/* May this packet have an error? `len` bytes of it are there. */
bool gw_error_allowed(const struct gw_look *look, const uint8_t *packet, uint32_t len);

/* Is one more within the limit? It counts as sent then. */
bool gw_error_admit(struct gw_error_limit *limit, usher_time now);

/*
 * Write the error about `packet`, of which `len` bytes are there, from `source` (4 or 16 bytes) to its sender; `mtu` is for
 * TOO_BIG.
 * `out` has GW_ERROR_MAX bytes. Returns its length.
 */
uint32_t gw_error_build(uint8_t *out, enum gw_error kind, uint32_t mtu, const uint8_t *source, const uint8_t *packet,
			uint32_t len);

/*
 * Write the TCP reset that answers `packet`, a new connection's, of which `len` bytes are there (RFC 9293, 3.10.7.1), as from
 * whom it was sent to. `out` has GW_RESET_MAX bytes. Returns its length; 0: nothing answers it (no whole TCP header, a reset).
 */
#define GW_RESET_MAX 60u
uint32_t gw_reset_build(uint8_t *out, const uint8_t *packet, uint32_t len);

#endif
