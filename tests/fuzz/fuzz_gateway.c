/*
 * gateway/packet, gateway/error: any bytes as a packet. Laws: nothing is read or written outside; fragments fit and add up to the
 * packet; a reset answers what came and nothing answers it; an error fits, quotes the packet's beginning, and is itself a packet
 * that may have no error.
 *
 * Input: 2 bytes of MTU, then the packet.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bytes.h"
#include "gateway/error.h"
#include "gateway/packet.h"

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

/* Exactly as many bytes as there are, so that a sanitizer sees a step outside. */
static uint8_t *copy_of(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	REQUIRE(copy != NULL);
	memcpy(copy, bytes, len);
	return copy;
}

static void check_error(const uint8_t *packet, const struct gw_look *look)
{
	static const uint8_t source[16] = { 192, 0, 2, 1 };
	uint8_t error[GW_ERROR_MAX];
	struct gw_look error_look;

	for (unsigned kind = 0; kind < GW_ERROR_KINDS; kind++) {
		uint32_t len = gw_error_build(error, (enum gw_error)kind, 1400, source, packet, look->len);

		REQUIRE(len <= sizeof(error) && gw_look(&error_look, error, len) && error_look.len == len);
		REQUIRE(!gw_error_allowed(&error_look, error, len));
	}
}

/* Between the same ends, and nothing answers it in turn. */
static void check_reset(const uint8_t *packet, const struct gw_look *look)
{
	uint8_t reset[GW_RESET_MAX], again[GW_RESET_MAX];
	uint32_t len = gw_reset_build(reset, packet, look->len), size = look->family == USHER_IPV4 ? 4 : 16;
	uint32_t source = look->family == USHER_IPV4 ? 12 : 8;
	struct gw_look reset_look;

	if (len == 0)
		return;
	REQUIRE(len <= sizeof(reset) && gw_look(&reset_look, reset, len) && reset_look.len == len && reset_look.protocol == USHER_TCP);
	REQUIRE(memcmp(reset + source, packet + source + size, size) == 0 && memcmp(reset + source + size, packet + source, size) == 0);
	REQUIRE(gw_sum_end(gw_sum(reset + reset_look.transport, 20, gw_sum_pseudo(reset, &reset_look, 20))) == 0);
	REQUIRE(gw_reset_build(again, reset, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t mtu, len;
	struct gw_look look;
	uint8_t *packet;

	if (size < 2 || size > 65537)
		return 0;
	mtu = get16(data);
	len = (uint32_t)size - 2;
	packet = copy_of(data + 2, len);
	if (gw_look(&look, packet, len)) {
		REQUIRE(look.len <= len && look.transport <= look.len);
		(void)gw_is_martian(&look, packet);
		REQUIRE(gw_tcp_headers(&look, packet, look.len) <= look.len);
		check_error(packet, &look);
		(void)gw_error_allowed(&look, packet, look.len);
		check_reset(packet, &look);
		if (look.hops > 0)
			gw_hop(packet);
		(void)gw_finish_checksum(packet, look.len, mtu & 0xff, mtu >> 8);
	}
	free(packet);
	return 0;
}
