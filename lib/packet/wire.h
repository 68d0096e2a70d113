/*
 * wire: the headers as they lie in a packet.
 *
 * Owns: their layout, nothing else. Made of bytes and of base/be.h, so they have no padding, no alignment and no byte
 * order of the host's; what they are cast from must be known to be there. Sources: RFC 791 3.1, 8200 3, 9293 3.1,
 * 768, 3828 3.1, 792, 4443 2.1, 2784 2, 2637 4.1, 9260 3.1, 4340 5.1.
 */
#ifndef USHER_PACKET_WIRE_H
#define USHER_PACKET_WIRE_H

#include "base/be.h"

struct wire_ipv4 {
	uint8_t version_ihl;
	uint8_t tos;
	be16_t total;
	be16_t id;
	be16_t fragment; /* WIRE_IPV4_* */
	uint8_t ttl;
	uint8_t protocol;
	be16_t checksum;
	uint8_t src[4], dst[4];
};

#define WIRE_IPV4_MF     0x2000u /* more fragments */
#define WIRE_IPV4_OFFSET 0x1fffu /* in units of 8 bytes */

struct wire_ipv6 {
	be32_t version_class_flow;
	be16_t payload; /* bytes behind this header */
	uint8_t next;
	uint8_t hops;
	uint8_t src[16], dst[16];
};

struct wire_fragment { /* IPv6 */
	uint8_t next, reserved;
	be16_t where; /* offset in bytes, a multiple of 8; its lowest bit: more follow */
	be32_t id;
};

struct wire_tcp {
	be16_t src, dst;
	be32_t seq, ack;
	uint8_t offset; /* its upper half: the header's length in words of 4 bytes */
	uint8_t flags;
	be16_t window;
	be16_t checksum;
	be16_t urgent;
};

enum wire_tcp_option {
	WIRE_TCP_END = 0,
	WIRE_TCP_NOP = 1,
	WIRE_TCP_MSS = 2,
	WIRE_TCP_SCALE = 3,
	WIRE_TCP_SACK_PERMITTED = 4,
	WIRE_TCP_SACK = 5,
	WIRE_TCP_TIMESTAMP = 8
};

struct wire_udp {
	be16_t src, dst;
	be16_t length; /* UDP-Lite: how many bytes the checksum covers */
	be16_t checksum;
};

/* ICMP and ICMPv6; what the last four bytes are is the type's. */
struct wire_icmp {
	uint8_t type, code;
	be16_t checksum;
	be16_t id, seq;
};

struct wire_gre {
	be16_t flags; /* WIRE_GRE_* */
	be16_t protocol;
};

#define WIRE_GRE_CHECKSUM 0x8000u
#define WIRE_GRE_ROUTING  0x4000u /* RFC 1701 */
#define WIRE_GRE_KEY      0x2000u
#define WIRE_GRE_SEQUENCE 0x1000u
#define WIRE_GRE_ACK      0x0080u /* version 1 */
#define WIRE_GRE_VERSION  0x0007u

/* Enhanced GRE, version 1, as PPTP has it. Sequence and acknowledgement number follow where their flag is set. */
struct wire_gre1 {
	struct wire_gre gre;
	be16_t payload;
	be16_t call;
};

/* SCTP's common header. Its CRC32c has the lowest byte first (RFC 9260 appendix A). */
struct wire_sctp {
	be16_t src, dst;
	be32_t tag;
	uint8_t crc[4];
};

/* DCCP's generic header, to the end of the short sequence number; with the long one, four bytes follow. */
struct wire_dccp {
	be16_t src, dst;
	uint8_t offset; /* where the data begin, in words of 4 bytes */
	uint8_t ccval_cscov;
	be16_t checksum;
	uint8_t type_x;
	uint8_t seq[3];
};

/* Transports that have no name in <usher/types.h>. */
enum wire_protocol { WIRE_DCCP = 33, WIRE_SCTP = 132, WIRE_MOBILITY = 135, WIRE_UDP_LITE = 136, WIRE_HIP = 139 };

_Static_assert(sizeof(struct wire_ipv4) == 20 && sizeof(struct wire_ipv6) == 40, "as RFC 791 and 8200 have them");
_Static_assert(sizeof(struct wire_tcp) == 20 && sizeof(struct wire_udp) == 8, "as RFC 9293 and 768 have them");
_Static_assert(sizeof(struct wire_icmp) == 8 && sizeof(struct wire_sctp) == 12, "as RFC 792 and 9260 have them");
_Static_assert(sizeof(struct wire_gre) == 4 && sizeof(struct wire_gre1) == 8, "as RFC 2784 and 2637 have them");
_Static_assert(sizeof(struct wire_dccp) == 12, "as RFC 4340 has it");

#endif
