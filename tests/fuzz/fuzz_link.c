/*
 * Any bytes as a frame of any link type: the first byte chooses the type, the second how much longer the
 * frame was on the wire. What comes back must lie within the frame, and a frame cut short must not turn
 * into another one.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/link.h"

static const int dlts[] = {
	1, 113, 276, 101, 12, 14, 228, 229, 0, 108, 9, 50, 51, 104, 166, 204, 105, 127, 119, 163, -1,
};

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check(const struct io_link_result *result, bool is_ip, uint32_t caplen, uint32_t wirelen)
{
	must(is_ip == (result->kind == IO_LINK_IP));
	must(is_ip || result->what != NULL);
	must(result->offset <= caplen && result->len <= caplen - result->offset);
	must(result->len <= result->wire_len && result->wire_len <= wirelen - result->offset);
	must(is_ip || result->wire_len == 0);
	must(result->what == NULL || strlen(result->what) < 80);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct io_link_result whole, cut;
	uint32_t caplen, wirelen;
	uint8_t *copy;
	int dlt;
	bool is_ip;

	if (size < 2 || size > 65536)
		return 0;
	dlt = dlts[data[0] % (sizeof(dlts) / sizeof(dlts[0]))];
	caplen = (uint32_t)(size - 2);
	wirelen = caplen + data[1];
	is_ip = io_link_decode(dlt, data + 2, caplen, wirelen, &whole);
	check(&whole, is_ip, caplen, wirelen);

	/* Cut in the middle, in memory that ends there. */
	copy = malloc(caplen / 2 + 1);
	if (copy == NULL)
		return 0;
	memcpy(copy, data + 2, caplen / 2);
	is_ip = io_link_decode(dlt, copy, caplen / 2, wirelen, &cut);
	check(&cut, is_ip, caplen / 2, wirelen);
	free(copy);
	if (caplen > 0 && cut.kind != IO_LINK_TRUNCATED) {
		must(cut.kind == whole.kind && cut.ethertype == whole.ethertype && cut.what == whole.what);
		must(cut.offset == whole.offset && cut.wire_len == whole.wire_len && cut.len <= whole.len);
	}
	return 0;
}
