/* IPv6 packets in hex, and what the decoder says of each. See test_packet.c. */
	{ "IPv6 TCP SYN with options", .checked = true,
	  .hex = "60000000 00280640 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9c400015 11223344 00000000 a0022000 ebab0000 020405b4 0402080a 00000001 00000000 01030307",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .key = { 40000, 21 }, .l4 = 40, .payload = 80,
		    .ip_len = 80 } },
	{ "IPv6 TCP data, odd length", .checked = true,
	  .hex = "60000000 001b0640 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9c400015 11223344 00000000 50182000 8b540000 55534552 20780d",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_PSH | TCP_ACK, .key = { 40000, 21 }, .l4 = 40,
		    .payload = 60, .payload_len = 7, .payload_have = 7, .ip_len = 67 } },
	{ "IPv6 UDP", .checked = true,
	  .hex = "60000000 000b1140 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "13880045 000bcc10 616263",
	  .want = { .family = 6, .protocol = 17, .key = { 5000, 69 }, .l4 = 40, .payload = 48, .payload_len = 3,
		    .payload_have = 3, .ip_len = 51 } },
	{ "IPv6 UDP, link padding is cut", .checked = true,
	  .hex = "60000000 000b1140 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "13880045 000bcc10 616263ee eeeeeeee eeeeeeee",
	  .want = { .family = 6, .protocol = 17, .key = { 5000, 69 }, .l4 = 40, .payload = 48, .payload_len = 3,
		    .payload_have = 3, .ip_len = 51 } },
	{ "IPv6 UDP shorter than its IP packet", .checked = true,
	  .hex = "60000000 00121140 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "13880045 000e6640 61626364 6566eeee eeee",
	  .want = { .family = 6, .protocol = 17, .key = { 5000, 69 }, .l4 = 40, .payload = 48, .payload_len = 6,
		    .payload_have = 6, .ip_len = 58 } },
	{ "IPv6 UDP without a checksum", .bad_sum = USHER_REASON_UDP_CHECKSUM,
	  .hex = "60000000 000b1140 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "13880045 000b0000 616263",
	  .want = { .family = 6, .protocol = 17, .key = { 5000, 69 }, .l4 = 40, .payload = 48, .payload_len = 3,
		    .payload_have = 3, .ip_len = 51 } },
	{ "IPv6 UDP, wrong checksum", .bad_sum = USHER_REASON_UDP_CHECKSUM,
	  .hex = "60000000 000b1140 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "13880045 000bcc10 616236",
	  .want = { .family = 6, .protocol = 17, .key = { 5000, 69 }, .l4 = 40, .payload = 48, .payload_len = 3,
		    .payload_have = 3, .ip_len = 51 } },
	{ "IPv6 TCP, wrong checksum", .bad_sum = USHER_REASON_TCP_CHECKSUM,
	  .hex = "60000000 00170640 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9c400015 11223344 00000000 50022000 8f290000 616236",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .key = { 40000, 21 }, .l4 = 40, .payload = 60,
		    .payload_len = 3, .payload_have = 3, .ip_len = 63 } },
	{ "IPv6 TCP, data offset 4",
	  .hex = "60000000 00140640 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9c400015 11223344 00000000 40022000 638f0000",
	  .want = { .family = 6, .protocol = 6, .reason = USHER_REASON_TCP_HEADER, .l4 = 40, .payload = 40,
		    .payload_len = 20, .payload_have = 20, .ip_len = 60 } },
	{ "IPv6 TCP, data offset beyond",
	  .hex = "60000000 00140640 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9c400015 11223344 00000000 60022000 438f0000",
	  .want = { .family = 6, .protocol = 6, .reason = USHER_REASON_TCP_HEADER, .l4 = 40, .payload = 40,
		    .payload_len = 20, .payload_have = 20, .ip_len = 60 } },
	{ "IPv6 TCP, 12 bytes of segment",
	  .hex = "60000000 000c0640 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9c400015 11223344 00000000",
	  .want = { .family = 6, .protocol = 6, .reason = USHER_REASON_TCP_HEADER, .l4 = 40, .payload = 40,
		    .payload_len = 12, .payload_have = 12, .ip_len = 52 } },
	{ "IPv6 UDP, length 7",
	  .hex = "60000000 000b1140 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "13880045 0007cc14 616263",
	  .want = { .family = 6, .protocol = 17, .reason = USHER_REASON_UDP_HEADER, .l4 = 40, .payload = 40,
		    .payload_len = 11, .payload_have = 11, .ip_len = 51 } },
	{ "IPv6 UDP, 7 bytes of datagram",
	  .hex = "60000000 00071140 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "13880045 000800",
	  .want = { .family = 6, .protocol = 17, .reason = USHER_REASON_UDP_HEADER, .l4 = 40, .payload = 40,
		    .payload_len = 7, .payload_have = 7, .ip_len = 47 } },
	{ "IPv6 UDP longer than its IP packet",
	  .hex = "60000000 000b1140 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "13880045 000ccc0f 616263",
	  .want = { .family = 6, .protocol = 17, .reason = USHER_REASON_UDP_HEADER, .l4 = 40, .payload = 40,
		    .payload_len = 11, .payload_have = 11, .ip_len = 51 } },
	{ "IPv6, 39 bytes on the wire",
	  .hex = "60000000 00140640 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 000000",
	  .want = { .family = 6, .reason = USHER_REASON_IP_HEADER, .ip_len = 39 } },
	{ "IPv6, cut in its header", .cut = 39, .wire_len = 60,
	  .hex = "60000000 00140640 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .reason = USHER_REASON_IP_TRUNCATED, .flags = PKT_TRUNCATED, .ip_len = 60 } },
	{ "IPv6, payload longer than the wire",
	  .hex = "60000000 00150640 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 6, .reason = USHER_REASON_IP_HEADER, .ip_len = 60 } },
	{ "IPv6, cut in its TCP data", .cut = 62, .wire_len = 66,
	  .hex = "60000000 001a0640 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9c400015 11223344 00000000 50022000 295c0000 61626364 6566",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_TRUNCATED, .key = { 40000, 21 },
		    .l4 = 40, .payload = 60, .payload_len = 6, .payload_have = 2, .ip_len = 66 } },
	{ "IPv6, payload length 0: what the wire had",
	  .hex = "60000000 00000640 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9c400015 11223344 00000000 50022000 7ac80000 64617461",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .key = { 40000, 21 }, .l4 = 40, .payload = 60,
		    .payload_len = 4, .payload_have = 4, .ip_len = 64 } },
	{ "IPv6, GSO: a short payload length", .decode = PKT_GSO,
	  .hex = "60000000 00150640 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9c400015 11223344 00000000 50022000 7ac80000 64617461",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .key = { 40000, 21 }, .l4 = 40, .payload = 60,
		    .payload_len = 4, .payload_have = 4, .ip_len = 64 } },
	{ "IPv6 jumbogram, UDP length 0", .wire_len = 65601,
	  .hex = "60000000 00000040 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "1100c204 00010009 13880045 0000cc1b 616263",
	  .want = { .family = 6, .protocol = 17, .flags = PKT_OPTIONS | PKT_TRUNCATED, .key = { 5000, 69 }, .l4 = 48,
		    .payload = 56, .payload_len = 65545, .payload_have = 3, .ip_len = 65601 } },
	{ "IPv6, payload of 65535", .wire_len = 65575,
	  .hex = "60000000 ffff1140 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "13880045 ffffcc1b 616263",
	  .want = { .family = 6, .protocol = 17, .flags = PKT_TRUNCATED, .key = { 5000, 69 }, .l4 = 40,
		    .payload = 48, .payload_len = 65527, .payload_have = 3, .ip_len = 65575 } },
	{ "IPv6, nothing behind",
	  .hex = "60000000 00003b40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021",
	  .want = { .family = 6, .protocol = 59, .l4 = 40, .payload = 40, .ip_len = 40 } },
	{ "IPv6, nothing behind, then link padding",
	  .hex = "60000000 00003b40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "00000000 0000",
	  .want = { .family = 6, .protocol = 59, .l4 = 40, .payload = 40, .ip_len = 40 } },
	{ "IPv6 ESP",
	  .hex = "60000000 00083240 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "00000100 00000001",
	  .want = { .family = 6, .protocol = 50, .l4 = 40, .payload = 40, .payload_len = 8, .payload_have = 8,
		    .ip_len = 48 } },
	{ "IPv6 GRE with a key",
	  .hex = "60000000 00082f40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "20000800 12345678",
	  .want = { .family = 6, .protocol = 47, .flags = PKT_WIDE_KEY, .key = { 0x1234, 0x5678 }, .l4 = 40,
		    .payload = 48, .ip_len = 48 } },
	{ "IPv6 enhanced GRE",
	  .hex = "60000000 000d2f40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "3001880b 00010009 00000001 70",
	  .want = { .family = 6, .protocol = 47, .type = 1, .inverse_type = 1, .flags = PKT_ONE_WAY, .key = { 0, 9 },
		    .l4 = 40, .payload = 52, .payload_len = 1, .payload_have = 1, .ip_len = 53 } },
	{ "IPv6, ICMP of IPv4 is any protocol",
	  .hex = "60000000 00080140 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "08000000 12340001",
	  .want = { .family = 6, .protocol = 1, .l4 = 40, .payload = 40, .payload_len = 8, .payload_have = 8,
		    .ip_len = 48 } },
	{ "IPv6, source a group",
	  .hex = "60000000 000b1140 ff020000 00000000 00000000 00000001 20010db8 00000002 00000000 00000021 "
		 "13880045 000bfac8 616263",
	  .want = { .family = 6, .protocol = 17, .reason = USHER_REASON_IP_ADDRESS, .l4 = 40, .payload = 40,
		    .payload_len = 11, .payload_have = 11, .ip_len = 51 } },
	{ "IPv6, destination ::",
	  .hex = "60000000 000b1140 20010db8 00000001 00000000 00000002 00000000 00000000 00000000 00000000 "
		 "13880045 000bf9ec 616263",
	  .want = { .family = 6, .protocol = 17, .reason = USHER_REASON_IP_ADDRESS, .l4 = 40, .payload = 40,
		    .payload_len = 11, .payload_have = 11, .ip_len = 51 } },
	{ "IPv6, ::1 to ::1", .checked = true,
	  .hex = "60000000 000b1140 00000000 00000000 00000000 00000001 00000000 00000000 00000000 00000001 "
		 "13880045 000b27a7 616263",
	  .want = { .family = 6, .protocol = 17, .key = { 5000, 69 }, .l4 = 40, .payload = 48, .payload_len = 3,
		    .payload_have = 3, .ip_len = 51 } },
	{ "IPv6, source ::", .checked = true,
	  .hex = "60000000 000b1140 00000000 00000000 00000000 00000000 ff020000 00000000 00000000 00000001 "
		 "13880045 000b28a5 616263",
	  .want = { .family = 6, .protocol = 17, .key = { 5000, 69 }, .l4 = 40, .payload = 48, .payload_len = 3,
		    .payload_have = 3, .ip_len = 51 } },
	{ "ICMPv6 echo request", .checked = true,
	  .hex = "60000000 000c3a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "8000331b 12340001 70696e67",
	  .want = { .family = 6, .protocol = 58, .type = 128, .inverse_type = 129, .key = { 0x1234, 0x1234 },
		    .l4 = 40, .payload = 48, .payload_len = 4, .payload_have = 4, .ip_len = 52 } },
	{ "ICMPv6 echo reply", .checked = true,
	  .hex = "60000000 000c3a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "8100321b 12340001 70696e67",
	  .want = { .family = 6, .protocol = 58, .type = 129, .inverse_type = 128, .key = { 0x1234, 0x1234 },
		    .l4 = 40, .payload = 48, .payload_len = 4, .payload_have = 4, .ip_len = 52 } },
	{ "ICMPv6 echo, wrong checksum", .bad_sum = USHER_REASON_ICMP_CHECKSUM,
	  .hex = "60000000 000c3a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "8000331b 12340001 70696e32",
	  .want = { .family = 6, .protocol = 58, .type = 128, .inverse_type = 129, .key = { 0x1234, 0x1234 },
		    .l4 = 40, .payload = 48, .payload_len = 4, .payload_have = 4, .ip_len = 52 } },
	{ "ICMPv6 node information query", .checked = true,
	  .hex = "60000000 00103a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "8b004d2e 12340001 6e6e6e6e 6e6e6e6e",
	  .want = { .family = 6, .protocol = 58, .type = 139, .inverse_type = 140, .l4 = 40, .payload = 48,
		    .payload_len = 8, .payload_have = 8, .ip_len = 56 } },
	{ "ICMPv6 node information reply", .checked = true,
	  .hex = "60000000 00103a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "8c004c2e 12340001 6e6e6e6e 6e6e6e6e",
	  .want = { .family = 6, .protocol = 58, .type = 140, .inverse_type = 139, .l4 = 40, .payload = 48,
		    .payload_len = 8, .payload_have = 8, .ip_len = 56 } },
	{ "ICMPv6 unreachable", .checked = true,
	  .hex = "60000000 00093a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "01004324 00000000 60",
	  .want = { .family = 6, .protocol = 58, .type = 1, .inverse_type = 1, .flags = PKT_ICMP_ERROR, .l4 = 40,
		    .payload = 48, .payload_len = 1, .payload_have = 1, .ip_len = 49 } },
	{ "ICMPv6 packet too big", .checked = true,
	  .hex = "60000000 00093a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "02004224 00000000 60",
	  .want = { .family = 6, .protocol = 58, .type = 2, .inverse_type = 2, .flags = PKT_ICMP_ERROR, .l4 = 40,
		    .payload = 48, .payload_len = 1, .payload_have = 1, .ip_len = 49 } },
	{ "ICMPv6 time exceeded", .checked = true,
	  .hex = "60000000 00093a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "03004124 00000000 60",
	  .want = { .family = 6, .protocol = 58, .type = 3, .inverse_type = 3, .flags = PKT_ICMP_ERROR, .l4 = 40,
		    .payload = 48, .payload_len = 1, .payload_have = 1, .ip_len = 49 } },
	{ "ICMPv6 parameter problem", .checked = true,
	  .hex = "60000000 00093a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "04004024 00000000 60",
	  .want = { .family = 6, .protocol = 58, .type = 4, .inverse_type = 4, .flags = PKT_ICMP_ERROR, .l4 = 40,
		    .payload = 48, .payload_len = 1, .payload_have = 1, .ip_len = 49 } },
	{ "ICMPv6 type 130, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "82000ff0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 130, .inverse_type = 130,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 131, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "83000ef0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 131, .inverse_type = 131,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 132, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "84000df0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 132, .inverse_type = 132,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 133, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "85000cf0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 133, .inverse_type = 133,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 134, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "86000bf0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 134, .inverse_type = 134,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 135, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "87000af0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 135, .inverse_type = 135,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 136, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "880009f0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 136, .inverse_type = 136,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 137, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "890008f0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 137, .inverse_type = 137,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 141, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "8d0004f0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 141, .inverse_type = 141,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 142, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "8e0003f0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 142, .inverse_type = 142,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 143, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "8f0002f0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 143, .inverse_type = 143,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 151, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9700faef 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 151, .inverse_type = 151,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 152, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9800f9ef 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 152, .inverse_type = 152,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 153, between neighbours", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "9900f8ef 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 153, .inverse_type = 153,
		    .reason = USHER_REASON_ICMP_CONTROL, .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 0", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "000091f0 12340001",
	  .want = { .family = 6, .protocol = 58, .reason = USHER_REASON_ICMP_TYPE, .l4 = 40, .payload = 48,
		    .ip_len = 48 } },
	{ "ICMPv6 type 5", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "05008cf0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 5, .inverse_type = 5, .reason = USHER_REASON_ICMP_TYPE,
		    .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 100", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "64002df0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 100, .inverse_type = 100, .reason = USHER_REASON_ICMP_TYPE,
		    .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 138", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "8a0007f0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 138, .inverse_type = 138, .reason = USHER_REASON_ICMP_TYPE,
		    .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 144", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "900001f0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 144, .inverse_type = 144, .reason = USHER_REASON_ICMP_TYPE,
		    .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 160", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "a000f1ef 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 160, .inverse_type = 160, .reason = USHER_REASON_ICMP_TYPE,
		    .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 type 255", .checked = true,
	  .hex = "60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "ff0092ef 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 255, .inverse_type = 255, .reason = USHER_REASON_ICMP_TYPE,
		    .l4 = 40, .payload = 48, .ip_len = 48 } },
	{ "ICMPv6 of 7 bytes",
	  .hex = "60000000 00073a40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "80000000 123400",
	  .want = { .family = 6, .protocol = 58, .reason = USHER_REASON_ICMP_HEADER, .l4 = 40, .payload = 40,
		    .payload_len = 7, .payload_have = 7, .ip_len = 47 } },
	{ "IPv6, hop-by-hop options", .checked = true,
	  .hex = "60000000 001c0040 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06000502 00000100 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_OPTIONS, .key = { 40000, 21 },
		    .l4 = 48, .payload = 68, .ip_len = 68 } },
	{ "IPv6, destination options", .checked = true,
	  .hex = "60000000 001c3c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06000104 00000000 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_OPTIONS, .key = { 40000, 21 },
		    .l4 = 48, .payload = 68, .ip_len = 68 } },
	{ "IPv6, routing header at its end", .checked = true,
	  .hex = "60000000 002c2b40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06020000 00000000 20010db8 00000002 00000000 00000099 9c400015 11223344 00000000 50022000 "
		 "538f0000",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_OPTIONS, .key = { 40000, 21 },
		    .l4 = 64, .payload = 84, .ip_len = 84 } },
	{ "IPv6, routing header, a segment to go",
	  .hex = "60000000 002c2b40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06020001 00000000 20010db8 00000002 00000000 00000099 9c400015 11223344 00000000 50022000 "
		 "53170000",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_OPTIONS, .key = { 40000, 21 },
		    .l4 = 64, .payload = 84, .ip_len = 84 } },
	{ "IPv6, authentication header", .checked = true,
	  .hex = "60000000 002c3340 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06040000 00000100 00000001 aaaaaaaa aaaaaaaa aaaaaaaa 9c400015 11223344 00000000 50022000 "
		 "538f0000",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_OPTIONS, .key = { 40000, 21 },
		    .l4 = 64, .payload = 84, .ip_len = 84 } },
	{ "IPv6, atomic fragment", .checked = true,
	  .hex = "60000000 001c2c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06000000 00000007 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_OPTIONS, .key = { 40000, 21 },
		    .l4 = 48, .payload = 68, .ip_len = 68 } },
	{ "IPv6, home address option",
	  .hex = "60000000 002c3c40 20010db8 00000009 00000000 00000009 20010db8 00000002 00000000 00000021 "
		 "06020102 0000c910 20010db8 00000001 00000000 00000002 9c400015 11223344 00000000 50022000 "
		 "538f0000",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_OPTIONS, .key = { 40000, 21 },
		    .l4 = 64, .payload = 84, .ip_len = 84 } },
	{ "IPv6, mobility header before TCP", .checked = true,
	  .hex = "60000000 001c8740 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06000000 00000000 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_OPTIONS, .key = { 40000, 21 },
		    .l4 = 48, .payload = 68, .ip_len = 68 } },
	{ "IPv6, HIP header before TCP", .checked = true,
	  .hex = "60000000 003c8b40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06040101 01010101 01010101 01010101 01010101 01010101 01010101 01010101 01010101 01010101 "
		 "9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_OPTIONS, .key = { 40000, 21 },
		    .l4 = 80, .payload = 100, .ip_len = 100 } },
	{ "IPv6, shim6 payload header before TCP", .checked = true,
	  .hex = "60000000 001c8c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06008001 02030405 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_OPTIONS, .key = { 40000, 21 },
		    .l4 = 48, .payload = 68, .ip_len = 68 } },
	{ "IPv6, all that RFC 8200 has use for", .checked = true,
	  .hex = "60000000 00640040 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "3c000502 00000100 2b000104 00000000 2c020000 00000000 20010db8 00000002 00000000 00000099 "
		 "33000000 00000007 3c040000 00000100 00000001 aaaaaaaa aaaaaaaa aaaaaaaa 06000104 00000000 "
		 "9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_OPTIONS, .key = { 40000, 21 },
		    .l4 = 120, .payload = 140, .ip_len = 140 } },
	{ "IPv6, hop-by-hop of only padding", .checked = true,
	  .hex = "60000000 00240040 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06010000 00000000 00000000 00000000 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_OPTIONS, .key = { 40000, 21 },
		    .l4 = 56, .payload = 76, .ip_len = 76 } },
	{ "IPv6, ten headers", .checked = true,
	  .hex = "60000000 00643c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "3c000104 00000000 3c000104 00000000 3c000104 00000000 3c000104 00000000 3c000104 00000000 "
		 "3c000104 00000000 3c000104 00000000 3c000104 00000000 3c000104 00000000 06000104 00000000 "
		 "9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_OPTIONS, .key = { 40000, 21 },
		    .l4 = 120, .payload = 140, .ip_len = 140 } },
	{ "IPv6, eleven headers",
	  .hex = "60000000 006c3c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "3c000104 00000000 3c000104 00000000 3c000104 00000000 3c000104 00000000 3c000104 00000000 "
		 "3c000104 00000000 3c000104 00000000 3c000104 00000000 3c000104 00000000 3c000104 00000000 "
		 "06000104 00000000 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 60, .reason = USHER_REASON_IP_OPTION, .flags = PKT_OPTIONS, .l4 = 120,
		    .payload = 120, .payload_len = 28, .payload_have = 28, .ip_len = 148 } },
	{ "IPv6, hop-by-hop in second place",
	  .hex = "60000000 00243c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "00000104 00000000 06000502 00000100 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .reason = USHER_REASON_IP_OPTION, .flags = PKT_OPTIONS, .l4 = 48, .payload = 48,
		    .payload_len = 28, .payload_have = 28, .ip_len = 76 } },
	{ "IPv6, option beyond its header",
	  .hex = "60000000 001c0040 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06000505 00000000 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .reason = USHER_REASON_IP_OPTION, .flags = PKT_OPTIONS, .l4 = 40, .payload = 40,
		    .payload_len = 28, .payload_have = 28, .ip_len = 68 } },
	{ "IPv6, option without a length",
	  .hex = "60000000 001c3c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06000000 00000005 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 60, .reason = USHER_REASON_IP_OPTION, .flags = PKT_OPTIONS, .l4 = 40,
		    .payload = 40, .payload_len = 28, .payload_have = 28, .ip_len = 68 } },
	{ "IPv6, authentication header of 8 bytes",
	  .hex = "60000000 001c3340 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06000000 00000000 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 51, .reason = USHER_REASON_IP_OPTION, .flags = PKT_OPTIONS, .l4 = 40,
		    .payload = 40, .payload_len = 28, .payload_have = 28, .ip_len = 68 } },
	{ "IPv6, header beyond the packet",
	  .hex = "60000000 001c2b40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06040000 00000000 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 43, .reason = USHER_REASON_IP_OPTION, .flags = PKT_OPTIONS, .l4 = 40,
		    .payload = 40, .payload_len = 28, .payload_have = 28, .ip_len = 68 } },
	{ "IPv6, chain that ends at the packet's end",
	  .hex = "60000000 00083c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "3c000104 00000000",
	  .want = { .family = 6, .protocol = 60, .reason = USHER_REASON_IP_OPTION, .flags = PKT_OPTIONS, .l4 = 48,
		    .payload = 48, .ip_len = 48 } },
	{ "IPv6, 7 bytes of extension header",
	  .hex = "60000000 00073c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06000103 000000",
	  .want = { .family = 6, .protocol = 60, .reason = USHER_REASON_IP_OPTION, .flags = PKT_OPTIONS, .l4 = 40,
		    .payload = 40, .payload_len = 7, .payload_have = 7, .ip_len = 47 } },
	{ "IPv6, cut in an extension header", .cut = 60, .wire_len = 84,
	  .hex = "60000000 002c2b40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06020000 00000000 20010db8 00000002 00000000 00000099 9c400015 11223344 00000000 50022000 "
		 "538f0000",
	  .want = { .family = 6, .protocol = 43, .reason = USHER_REASON_IP_TRUNCATED,
		    .flags = PKT_OPTIONS | PKT_TRUNCATED, .l4 = 40, .payload = 40, .payload_len = 44,
		    .payload_have = 20, .ip_len = 84 } },
	{ "IPv6, cut at an extension header", .cut = 40, .wire_len = 68,
	  .hex = "60000000 001c3c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "06000104 00000000 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 60, .reason = USHER_REASON_IP_TRUNCATED,
		    .flags = PKT_OPTIONS | PKT_TRUNCATED, .l4 = 40, .payload = 40, .payload_len = 28,
		    .ip_len = 68 } },
	{ "IPv6, nothing behind extension headers",
	  .hex = "60000000 00083c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "3b000104 00000000",
	  .want = { .family = 6, .protocol = 59, .flags = PKT_OPTIONS, .l4 = 48, .payload = 48, .ip_len = 48 } },
	{ "IPv6, mobility message",
	  .hex = "60000000 00088740 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "3b000500 00000000",
	  .want = { .family = 6, .protocol = 135, .flags = PKT_OPTIONS, .l4 = 40, .payload = 40, .payload_len = 8,
		    .payload_have = 8, .ip_len = 48 } },
	{ "IPv6, HIP message",
	  .hex = "60000000 00288b40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "3b040121 01010101 01010101 01010101 01010101 01010101 01010101 01010101 01010101 01010101",
	  .want = { .family = 6, .protocol = 139, .flags = PKT_OPTIONS, .l4 = 40, .payload = 40, .payload_len = 40,
		    .payload_have = 40, .ip_len = 80 } },
	{ "IPv6, shim6 message behind options",
	  .hex = "60000000 00103c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "8c000104 00000000 3b000100 00000000",
	  .want = { .family = 6, .protocol = 140, .flags = PKT_OPTIONS, .l4 = 48, .payload = 48, .payload_len = 8,
		    .payload_have = 8, .ip_len = 56 } },
	{ "IPv6, echo behind hop-by-hop options", .checked = true,
	  .hex = "60000000 00140040 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "3a000502 00000100 8000331b 12340001 70696e67",
	  .want = { .family = 6, .protocol = 58, .type = 128, .inverse_type = 129, .flags = PKT_OPTIONS,
		    .key = { 0x1234, 0x1234 }, .l4 = 48, .payload = 56, .payload_len = 4, .payload_have = 4,
		    .ip_len = 60 } },
	{ "IPv6, listener report behind router alert", .checked = true,
	  .hex = "60000000 00100040 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "3a000502 00000100 8f0002f0 12340001",
	  .want = { .family = 6, .protocol = 58, .type = 143, .inverse_type = 143,
		    .reason = USHER_REASON_ICMP_CONTROL, .flags = PKT_OPTIONS, .l4 = 48, .payload = 56,
		    .ip_len = 56 } },
	{ "IPv6, first fragment of UDP",
	  .hex = "60000000 00182c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "11000001 00000007 13880045 07d00324 61616161 61616161",
	  .want = { .family = 6, .protocol = 17, .reason = USHER_REASON_FRAGMENT,
		    .flags = PKT_FRAGMENT | PKT_OPTIONS, .key = { 5000, 69 }, .l4 = 48, .payload = 56,
		    .payload_len = 8, .payload_have = 8, .ip_len = 64 } },
	{ "IPv6, first fragment, options before TCP",
	  .hex = "60000000 00242c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "3c000001 00000007 06000104 00000000 9c400015 11223344 00000000 50022000 538f0000",
	  .want = { .family = 6, .protocol = 6, .reason = USHER_REASON_FRAGMENT, .tcp_flags = TCP_SYN,
		    .flags = PKT_FRAGMENT | PKT_OPTIONS, .key = { 40000, 21 }, .l4 = 56, .payload = 76,
		    .ip_len = 76 } },
	{ "IPv6, first fragment whose chain does not end",
	  .hex = "60000000 00102c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "3c000001 00000007 3c000104 00000000",
	  .want = { .family = 6, .protocol = 60, .reason = USHER_REASON_IP_OPTION,
		    .flags = PKT_FRAGMENT | PKT_OPTIONS, .l4 = 56, .payload = 56, .ip_len = 56 } },
	{ "IPv6, first fragment, no ports in it",
	  .hex = "60000000 000a2c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "11000001 00000007 0102",
	  .want = { .family = 6, .protocol = 17, .reason = USHER_REASON_FRAGMENT,
		    .flags = PKT_FRAGMENT | PKT_OPTIONS, .l4 = 48, .payload = 48, .payload_len = 2,
		    .payload_have = 2, .ip_len = 50 } },
	{ "IPv6, later fragment",
	  .hex = "60000000 00182c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "11000009 00000007 61616161 61616161 61616161 61616161",
	  .want = { .family = 6, .protocol = 17, .reason = USHER_REASON_FRAGMENT,
		    .flags = PKT_FRAGMENT | PKT_OPTIONS, .l4 = 48, .payload = 48, .payload_len = 16,
		    .payload_have = 16, .ip_len = 64 } },
	{ "IPv6, last fragment, of options",
	  .hex = "60000000 000d2c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "3c0005a8 00000007 ffffffff ff",
	  .want = { .family = 6, .protocol = 60, .reason = USHER_REASON_FRAGMENT,
		    .flags = PKT_FRAGMENT | PKT_OPTIONS, .l4 = 48, .payload = 48, .payload_len = 5,
		    .payload_have = 5, .ip_len = 53 } },
	{ "IPv6, fragment cut in its header", .cut = 47, .wire_len = 64,
	  .hex = "60000000 00182c40 20010db8 00000001 00000000 00000002 20010db8 00000002 00000000 00000021 "
		 "11000001 00000007 13880045 00100ae4 61616161 61616161",
	  .want = { .family = 6, .protocol = 44, .reason = USHER_REASON_IP_TRUNCATED,
		    .flags = PKT_OPTIONS | PKT_TRUNCATED, .l4 = 40, .payload = 40, .payload_len = 24,
		    .payload_have = 7, .ip_len = 64 } },
	{ "IPv6 SCTP", .checked = true,
	  .hex = "60000000 00248440 20010db8 00000000 00000000 00000002 20010db8 00090000 00000000 "
		 "00000002 13881770 deadbeef eba7036f 00030015 00000001 00000000 00000000 68656c6c "
		 "6f000000",
	  .want = { .family = 6, .protocol = 132, .key = { 5000, 6000 }, .l4 = 40, .payload = 52,
		    .payload_len = 24, .payload_have = 24, .ip_len = 76 } },
	{ "IPv6 SCTP, wrong CRC", .bad_sum = USHER_REASON_SCTP_CHECKSUM,
	  .hex = "60000000 00248440 20010db8 00000000 00000000 00000002 20010db8 00090000 00000000 "
		 "00000002 13881770 deadbeef eaa7036f 00030015 00000001 00000000 00000000 68656c6c "
		 "6f000000",
	  .want = { .family = 6, .protocol = 132, .key = { 5000, 6000 }, .l4 = 40, .payload = 52,
		    .payload_len = 24, .payload_have = 24, .ip_len = 76 } },
	{ "IPv6 DCCP", .checked = true,
	  .hex = "60000000 00152140 20010db8 00000000 00000000 00000002 20010db8 00090000 00000000 "
		 "00000002 13881770 04002c80 05000000 00000000 68656c6c 6f",
	  .want = { .family = 6, .protocol = 33, .key = { 5000, 6000 }, .l4 = 40, .payload = 56,
		    .payload_len = 5, .payload_have = 5, .ip_len = 61 } },
	{ "IPv6 UDP-Lite, the header is covered", .checked = true, .covered = 8,
	  .hex = "60000000 000d8840 20010db8 00000000 00000000 00000002 20010db8 00090000 00000000 "
		 "00000002 13881770 000878eb 68656c6c 6f",
	  .want = { .family = 6, .protocol = 136, .key = { 5000, 6000 }, .l4 = 40, .payload = 48,
		    .payload_len = 5, .payload_have = 5, .ip_len = 53 } },
