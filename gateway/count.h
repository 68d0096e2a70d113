/*
 * gateway/count: what the gateway counts by itself, besides the engine's counters and those of the BPF programs. Every packet
 * that does not leave as it came has one.
 */
#ifndef USHER_GATEWAY_COUNT_H
#define USHER_GATEWAY_COUNT_H

#include <stdint.h>

/* X(ID, "name", "sentence") */
#define GW_COUNTERS(X) \
	X(READ, "read", "packets read from the TAP") \
	X(READ_BYTES, "read_bytes", "bytes of them, from the IP header on") \
	X(READ_GSO, "read_gso", "of them, super-packets of several segments") \
	X(BURSTS, "bursts", "times that the engine was given packets") \
	X(STRANGE, "strange", "frames from the TAP that are not ours: what the kernel sends into every device") \
	X(SHORT, "short", "packets that are shorter than they say") \
	X(OUT, "out", "packets sent out") \
	X(OUT_BYTES, "out_bytes", "bytes of them") \
	X(LOCAL, "local", "packets given to the machine itself") \
	X(EMITTED, "emitted", "packets of the engine's own sent out") \
	X(FRAGMENTS, "fragments", "fragments made of packets larger than the next link's MTU") \
	X(DENIED, "denied", "packets that the engine or the policy did not let pass") \
	X(UNTRACKED, "untracked", "packets dropped because the engine does not follow them: fragments") \
	X(TAKEN, "taken", "packets that the engine kept") \
	X(MARTIAN, "martian", "packets dropped because an address of theirs may not leave its link") \
	X(NO_ROUTE, "no_route", "packets dropped because no route leads there") \
	X(NO_PORT, "no_port", "packets dropped because the route leads to an interface that is not the gateway's") \
	X(HOPS, "hops", "packets dropped because they came with their last hop") \
	X(TOO_BIG, "too_big", "packets dropped because they are larger than the next link's MTU") \
	X(ERRORS, "icmp_errors", "ICMP errors sent about these") \
	X(ERRORS_SPARED, "icmp_spared", "ICMP errors not sent: there were too many, or the packet may not have one") \
	X(WRITE_FAILED, "write_failed", "packets that the TAP did not take") \
	X(SPOOFED, "spoofed", "new connections refused because their source is not on that side") \
	X(NO_ADDRESS, "no_address", "new connections refused because the outside interface has no address") \
	X(RULED_OUT, "ruled_out", "new connections that a rule, or what holds without one, refused") \
	X(LIMITED, "limited", "new connections refused because their source began too many") \
	X(RESETS, "resets", "TCP resets sent to whom a rule rejected") \
	X(LOGGED, "logged", "lines about new connections, of rules with log") \
	X(LOG_SPARED, "log_spared", "such lines not printed: there were too many")

enum gw_counter {
#define GW_COUNTER_ENUM(id, name, text) GW_COUNT_##id,
	GW_COUNTERS(GW_COUNTER_ENUM)
#undef GW_COUNTER_ENUM
	GW_COUNTER_COUNT
};

#endif
