/*
 * cut: where an IPv6 packet has, or would have, its fragment header. The cutting itself is public: usher_fragment.
 */
#ifndef USHER_PACKET_CUT_H
#define USHER_PACKET_CUT_H

#include <usher/types.h>

/* Where the fragment header of the IPv6 packet is; 0: it has none. `next_at`: where its number stands. */
uint32_t usher__cut_fragment_header(const uint8_t *data, uint32_t len, uint32_t *next_at);

#endif
