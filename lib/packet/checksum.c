/*
 * checksum: the Internet checksum.
 *
 * Owns: the one's complement sum. Invariants: the sum of 16-bit words does not depend on byte order but for a final
 * swap (RFC 1071 2 (B)), nor on how many of them are added at a time (2 (C)), so memory is read as the machine likes
 * it. Nothing overflows whatever the length: halves of 32 bits are summed in 64. Sources: RFC 1071; 8200 8.1, 9293
 * 3.1 (pseudo header).
 */
#include "packet/packet.h"

#include <string.h>

#include "base/be.h"

/* One's complement folding to 16 bits. */
static uint32_t narrow(uint64_t sum)
{
	sum = (sum & 0xffffffffu) + (sum >> 32);
	sum = (sum & 0xffffffffu) + (sum >> 32);
	sum = (sum & 0xffffu) + (sum >> 16);
	sum = (sum & 0xffffu) + (sum >> 16);
	return (uint32_t)((sum & 0xffffu) + (sum >> 16));
}

/* The last 0 to 7 bytes, an odd one as the first of its pair. */
static uint64_t tail(const uint8_t *at, uint32_t len)
{
	uint64_t sum = 0;
	uint32_t word;
	uint16_t pair;

	if (len & 4) {
		memcpy(&word, at, sizeof(word));
		sum += word;
		at += sizeof(word);
	}
	if (len & 2) {
		memcpy(&pair, at, sizeof(pair));
		sum += pair;
		at += sizeof(pair);
	}
	if (len & 1) {
		uint8_t last[2] = { at[0], 0 };

		memcpy(&pair, last, sizeof(pair));
		sum += pair;
	}
	return sum;
}

uint32_t usher__csum_add(uint32_t sum, const void *data, uint32_t len)
{
	const uint8_t *at = data;
	uint64_t low = 0, high = 0, word[4];
	const uint64_t half = 0xffffffffu;
	uint16_t native;

	for (; len >= sizeof(word); len -= (uint32_t)sizeof(word), at += sizeof(word)) {
		memcpy(word, at, sizeof(word));
		low += (word[0] & half) + (word[1] & half) + (word[2] & half) + (word[3] & half);
		high += (word[0] >> 32) + (word[1] >> 32) + (word[2] >> 32) + (word[3] >> 32);
	}
	for (; len >= sizeof(word[0]); len -= (uint32_t)sizeof(word[0]), at += sizeof(word[0])) {
		memcpy(word, at, sizeof(word[0]));
		low += word[0] & half;
		high += word[0] >> 32;
	}
	native = (uint16_t)narrow(low + high + tail(at, len));
	/* The machine's order becomes the network's by reading the same two bytes again; `sum` is kept from growing. */
	return narrow(sum) + be16_read(&native);
}

uint32_t usher__csum_pseudo(uint8_t family, const uint8_t *ip, uint8_t protocol, uint32_t l4_len)
{
	uint32_t addresses = family == USHER_IPV4 ? 8 : 32;
	uint32_t sum = usher__csum_add(0, ip + PKT_SRC_OFFSET(family), addresses);

	return sum + protocol + (l4_len >> 16) + (l4_len & 0xffffu);
}

uint16_t usher__csum_fold(uint32_t sum)
{
	return (uint16_t)~narrow(sum);
}
