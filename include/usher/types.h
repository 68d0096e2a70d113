/*
 * <usher/types.h> - the words that every part of usher shares: time, addresses, endpoints, tuples.
 *
 * Plain C17 and C++, no compiler extension but the export mark. A network integer never appears here: keys are in host order.
 */
#ifndef USHER_TYPES_H
#define USHER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define USHER_API __attribute__((visibility("default")))
#else
#define USHER_API
#endif

/* Nanoseconds since any fixed moment; the caller's clock (the capture's, CLOCK_MONOTONIC's). Never goes back inside usher. */
typedef uint64_t usher_time;

#define USHER_SECOND ((usher_time)1000000000u)

/* Address families as usher writes them: the IP version. 0 means "not said". */
enum usher_family {
	USHER_ANY_FAMILY = 0,
	USHER_IPV4 = 4,
	USHER_IPV6 = 6
};

/* Directions of a connection: that of its first packet, and the other. */
enum usher_direction {
	USHER_ORIG = 0,
	USHER_REPLY = 1
};

/* IP protocol numbers that usher knows by name (IANA). */
enum usher_protocol {
	USHER_ICMP = 1,
	USHER_TCP = 6,
	USHER_UDP = 17,
	USHER_GRE = 47,
	USHER_ICMPV6 = 58
};

/*
 * Who: an address and what tells flows of one address pair apart, in host order: a port, an ICMP id, a PPTP call id (16 bits),
 * a GRE version 0 key (32 bits). An IPv4 address fills the first four bytes, in network order; the rest is zero.
 */
struct usher_endpoint {
	uint8_t family; /* enum usher_family; 0: not said */
	uint32_t key;
	uint8_t address[16];
};

/* Who talks to whom, in one direction. Two of them, one the inverse of the other unless NAT is in force, make a connection. */
struct usher_tuple {
	uint16_t zone;
	uint8_t protocol; /* IP protocol number */
	uint8_t type;     /* ICMP, ICMPv6: the type of this direction's messages; GRE: the version; else 0 */
	struct usher_endpoint src, dst;
};

/*
 * A reference to a connection, good for as long as the caller likes to keep it: the generation tells a record that was freed
 * (and perhaps used again) from the one meant. All zero: none.
 */
struct usher_ref {
	uint32_t generation;
	uint32_t record; /* number of the record; the top bit is the family (1: IPv6) */
	uint16_t worker;
	uint16_t reserved;
};

#endif
