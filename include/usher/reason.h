/*
 * <usher/reason.h> - why a packet is invalid, untracked, dropped or of note. One list; each has a counter of its own.
 *
 * X(CONSTANT, "name-in-events", "one sentence for people"). Only ever added to. doc/events.md lists them.
 */
#ifndef USHER_REASON_H
#define USHER_REASON_H

#define USHER_REASONS(X) \
	X(NONE, "none", "nothing to say: the packet belongs to a connection") \
	X(IP_VERSION, "ip-version", "neither IPv4 nor IPv6") \
	X(IP_TRUNCATED, "ip-truncated", "the capture's snap length cut it before the transport header's end") \
	X(IP_HEADER, "ip-header", "the IP header contradicts itself or the packet's length") \
	X(IP_CHECKSUM, "ip-checksum", "the IPv4 header checksum is wrong") \
	X(IP_OPTION, "ip-option", "an IP option or extension header is malformed") \
	X(IP_ADDRESS, "ip-address", "a source address that no packet may have") \
	X(FRAGMENT, "fragment", "a fragment, and they are not put together: counted and passed") \
	X(TCP_HEADER, "tcp-header", "the TCP header is too short or its data offset is wrong") \
	X(TCP_CHECKSUM, "tcp-checksum", "the TCP checksum is wrong") \
	X(TCP_FLAGS, "tcp-flags", "a combination of TCP flags that no endpoint sends") \
	X(TCP_STATE, "tcp-state", "these TCP flags make no sense in the connection's state") \
	X(TCP_WINDOW, "tcp-window", "outside the TCP window") \
	X(TCP_RST, "tcp-rst", "a RST whose sequence number is not the one expected") \
	X(TCP_NOT_SYN, "tcp-not-syn", "no connection, and not a SYN, while picking up in the middle is off") \
	X(UDP_HEADER, "udp-header", "the UDP header is too short or its length is wrong") \
	X(UDP_CHECKSUM, "udp-checksum", "the UDP checksum is wrong") \
	X(ICMP_HEADER, "icmp-header", "the ICMP message is too short") \
	X(ICMP_CHECKSUM, "icmp-checksum", "the ICMP checksum is wrong") \
	X(ICMP_TYPE, "icmp-type", "an ICMP type that starts no connection and belongs to none") \
	X(ICMP_QUOTE, "icmp-quote", "an ICMP error that quotes nothing of a known connection") \
	X(ICMP_CONTROL, "icmp-control", "neighbour discovery or multicast listener discovery: not tracked") \
	X(GRE_HEADER, "gre-header", "the GRE header is too short or contradicts itself") \
	X(POLICY, "policy", "the policy callback refused the connection") \
	X(TABLE_FULL, "table-full", "the connection table is full and nothing could be evicted") \
	X(OWNER, "owner", "the packet belongs to another worker") \
	X(ICMP_SEQUENCE, "icmp-sequence", "an ICMP error that quotes a TCP sequence number that is not in flight") \
	X(NAT_EXHAUSTED, "nat-exhausted", "no public key is free for a new connection") \
	X(NAT_UNMAPPABLE, "nat-unmappable", "NAT cannot tell this connection from another one") \
	X(NAT_UNASKED, "nat-unasked", "to a public endpoint that NAT lent out, from somebody who may not use it") \
	X(STREAM_HELD, "stream-held", "held until the record it is part of is whole") \
	X(STREAM_AGAIN, "stream-again", "bytes that the receiver has acknowledged already") \
	X(SCTP_HEADER, "sctp-header", "the SCTP common header is too short") \
	X(SCTP_CHECKSUM, "sctp-checksum", "the CRC of the SCTP packet is wrong") \
	X(SCTP_CHUNK, "sctp-chunk", "the chunks of the SCTP packet contradict themselves or its length") \
	X(SCTP_TAG, "sctp-tag", "an SCTP verification tag that is not the connection's") \
	X(SCTP_STATE, "sctp-state", "these SCTP chunks make no sense in the connection's state") \
	X(DCCP_HEADER, "dccp-header", "the DCCP header is too short, or its data offset or checksum coverage is wrong") \
	X(DCCP_CHECKSUM, "dccp-checksum", "the DCCP checksum is wrong") \
	X(UDPLITE_HEADER, "udplite-header", "the UDP-Lite header is too short or its checksum coverage is wrong") \
	X(UDPLITE_CHECKSUM, "udplite-checksum", "the UDP-Lite checksum is wrong, or none") \
	X(FRAGMENT_HELD, "fragment-held", "a fragment, kept until its datagram is whole") \
	X(FRAGMENT_AGAIN, "fragment-again", "a fragment that is there already") \
	X(FRAGMENT_OVERLAP, "fragment-overlap", "a fragment that overlaps another, or belongs to a datagram where one did") \
	X(FRAGMENT_BAD, "fragment-bad", "a fragment whose length, place or ECN mark cannot be") \
	X(FRAGMENT_FULL, "fragment-full", "no room for another datagram's fragments") \
	X(NAT_OWNER, "nat-owner", "translated so, its answers would belong to another worker")

enum usher_reason {
#define USHER_REASON_ENUM(id, name, text) USHER_REASON_##id,
	USHER_REASONS(USHER_REASON_ENUM)
#undef USHER_REASON_ENUM
	USHER_REASON_COUNT
};

#endif
