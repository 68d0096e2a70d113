/*
 * crc32c: the check of SCTP.
 *
 * Owns: the polynomial and its tables. Sources: RFC 9260 6.8 and appendix A; RFC 3720 B.4 (test vectors).
 */
#ifndef USHER_PACKET_CRC32C_H
#define USHER_PACKET_CRC32C_H

#include <stdint.h>

/* The CRC of what `crc` is the CRC of (nothing: 0), with `len` bytes behind it. */
uint32_t usher__crc32c(uint32_t crc, const void *data, uint32_t len);

/*
 * What to XOR to the CRC of a message when `len` of its bytes change from `before` to `after`, `behind` bytes follow
 * them, and nothing else changes. It is the same whatever those others are: they need not be here, and a CRC that was
 * wrong stays wrong by the same bits.
 */
uint32_t usher__crc32c_change(const void *before, const void *after, uint32_t len, uint32_t behind);

#endif
