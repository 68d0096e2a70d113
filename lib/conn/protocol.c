/*
 * protocol: from an IP protocol's number to its descriptor.
 *
 * Owns: the look-up table, made from protocols.def. Invariant: every number has a descriptor. Sources: none.
 */
#include "conn/conn.h"

#include "packet/wire.h"

/* A byte for each number keeps the table to four cache lines. 0 is generic. */
enum place {
	PLACE_GENERIC = 0,
#define X(number, name) PLACE_##name,
#include "conn/protocols.def"
#undef X
	PLACE_COUNT
};

static const uint8_t places[256] = {
#define X(number, name) [number] = PLACE_##name,
#include "conn/protocols.def"
#undef X
};

static const struct conn_protocol *const protocols[PLACE_COUNT] = {
	[PLACE_GENERIC] = &usher__conn_generic,
#define X(number, name) [PLACE_##name] = &usher__conn_##name,
#include "conn/protocols.def"
#undef X
};

const struct conn_protocol *usher__conn_protocol(uint8_t protocol)
{
	return protocols[places[protocol]];
}
