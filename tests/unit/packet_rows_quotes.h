/* ICMP errors in hex, and what the decoder says of the packet that each quotes. See test_packet.c. */
	{ "TCP, all of it", .told = true, .offset = 28,
	  .hex = "4500004c 00010000 400134ad cb007101 0a000002 03033157 00000000 45000030 00014000 40060690 "
		 "0a000002 c6336402 9c400015 11223344 00000000 50182000 aaf20000 504f5254 20310d0a",
	  .want = { .family = 4, .protocol = 6, .tcp_flags = TCP_PSH | TCP_ACK, .key = { 40000, 21 }, .l4 = 20,
		    .payload = 40, .payload_len = 8, .payload_have = 8, .ip_len = 48 } },
	{ "TCP, 8 bytes of it", .told = true, .offset = 28,
	  .hex = "45000038 00010000 400134c1 cb007101 0a000002 03031c41 00000000 45000030 00014000 40060690 "
		 "0a000002 c6336402 9c400015 11223344",
	  .want = { .family = 4, .protocol = 6, .flags = PKT_TRUNCATED, .key = { 40000, 21 }, .l4 = 20,
		    .payload = 28, .payload_len = 20, .ip_len = 48 } },
	{ "TCP, 7 bytes of it", .told = false,
	  .hex = "45000037 00010000 400134c2 cb007101 0a000002 03031c85 00000000 45000030 00014000 40060690 "
		 "0a000002 c6336402 9c400015 112233" },
	{ "TCP, 19 bytes of it", .told = true, .offset = 28,
	  .hex = "45000043 00010000 400134b6 cb007101 0a000002 0b00f938 00000000 45000030 00014000 40060690 "
		 "0a000002 c6336402 9c400015 11223344 00000000 50182000 aaf200",
	  .want = { .family = 4, .protocol = 6, .flags = PKT_TRUNCATED, .key = { 40000, 21 }, .l4 = 20,
		    .payload = 39, .payload_len = 9, .ip_len = 48 } },
	{ "TCP, data offset beyond the quote", .told = true, .offset = 28,
	  .hex = "45000048 00010000 400134b1 cb007101 0a000002 0303417a 00000000 4500003c 00014000 40060684 "
		 "0a000002 c6336402 9c400015 11223344 00000000 a0022000 130c0000 020405b4",
	  .want = { .family = 4, .protocol = 6, .tcp_flags = TCP_SYN, .flags = PKT_TRUNCATED, .key = { 40000, 21 },
		    .l4 = 20, .payload = 44, .payload_len = 16, .ip_len = 60 } },
	{ "TCP, data offset 0", .told = true, .offset = 28,
	  .hex = "45000044 00010000 400134b5 cb007101 0a000002 0303314f 00000000 45000028 00014000 40060698 "
		 "0a000002 c6336402 9c400015 11223344 00000000 00022000 caef0000",
	  .want = { .family = 4, .protocol = 6, .tcp_flags = TCP_SYN, .key = { 40000, 21 }, .l4 = 20, .payload = 40,
		    .ip_len = 40 } },
	{ "UDP", .told = true, .offset = 28,
	  .hex = "4500003b 00010000 400134be cb007101 0a000002 03033151 00000000 4500001f 00014000 40110696 "
		 "0a000002 c6336402 13880045 000bf370 616263",
	  .want = { .family = 4, .protocol = 17, .key = { 5000, 69 }, .l4 = 20, .payload = 28, .payload_len = 3,
		    .payload_have = 3, .ip_len = 31 } },
	{ "UDP, header only", .told = true, .offset = 28,
	  .hex = "45000038 00010000 400134c1 cb007101 0a000002 0303f5b3 00000000 4500001f 00014000 40110696 "
		 "0a000002 c6336402 13880045 000bf370",
	  .want = { .family = 4, .protocol = 17, .flags = PKT_TRUNCATED, .key = { 5000, 69 }, .l4 = 20,
		    .payload = 28, .payload_len = 3, .ip_len = 31 } },
	{ "UDP, too little", .told = false,
	  .hex = "45000037 00010000 400134c2 cb007101 0a000002 0303f623 00000000 4500001f 00014000 40110696 "
		 "0a000002 c6336402 13880045 000bf3" },
	{ "redirect", .told = true, .offset = 28,
	  .hex = "45000038 00010000 400134c1 cb007101 0a000002 05010f45 0a0000fe 45000030 00014000 40060690 "
		 "0a000002 c6336402 9c400015 11223344",
	  .want = { .family = 4, .protocol = 6, .flags = PKT_TRUNCATED, .key = { 40000, 21 }, .l4 = 20,
		    .payload = 28, .payload_len = 20, .ip_len = 48 } },
	{ "echo", .told = true, .offset = 28,
	  .hex = "4500003c 00010000 400134bd cb007101 0a000002 0303fcfc 00000000 45000020 00014000 400106a5 "
		 "0a000002 c6336402 080006fa 12340001 70696e67",
	  .want = { .family = 4, .protocol = 1, .type = 8, .key = { 0x1234, 0x1234 }, .l4 = 20, .payload = 28,
		    .payload_len = 4, .payload_have = 4, .ip_len = 32 } },
	{ "echo, too little", .told = false,
	  .hex = "45000037 00010000 400134c2 cb007101 0a000002 0303dbce 00000000 45000020 00014000 400106a5 "
		 "0a000002 c6336402 080006fa 123400" },
	{ "an ICMP error", .told = false,
	  .hex = "45000068 00010000 40013491 cb007101 0a000002 0303fcfc 00000000 4500004c 00010000 400134ad "
		 "cb007101 0a000002 03033157 00000000 45000030 00014000 40060690 0a000002 c6336402 9c400015 "
		 "11223344 00000000 50182000 aaf20000 504f5254 20310d0a" },
	{ "router advertisement", .told = false,
	  .hex = "45000038 00010000 400134c1 cb007101 0a000002 0303fcfc 00000000 4500001c 00014000 400106a9 "
		 "0a000002 c6336402 0900e4ca 12340001" },
	{ "GRE with a key", .told = true, .offset = 28,
	  .hex = "45000038 00010000 400134c1 cb007101 0a000002 03036c50 00000000 4500001e 00014000 402f0679 "
		 "0a000002 c6336402 20000800 12345678",
	  .want = { .family = 4, .protocol = 47, .flags = PKT_WIDE_KEY | PKT_TRUNCATED, .key = { 0x1234, 0x5678 },
		    .l4 = 20, .payload = 28, .payload_len = 2, .ip_len = 30 } },
	{ "GRE with checksum and key, its key missing", .told = false,
	  .hex = "45000038 00010000 400134c1 cb007101 0a000002 030354fc 00000000 45000020 00014000 402f0677 "
		 "0a000002 c6336402 a0000800 00000000" },
	{ "GRE without a key", .told = true, .offset = 28,
	  .hex = "45000036 00010000 400134c3 cb007101 0a000002 0303e4fc 00000000 4500001e 00014000 402f0679 "
		 "0a000002 c6336402 10000800 0000",
	  .want = { .family = 4, .protocol = 47, .flags = PKT_WIDE_KEY | PKT_TRUNCATED, .l4 = 20, .payload = 26,
		    .payload_len = 4, .ip_len = 30 } },
	{ "GRE of 3 bytes", .told = false,
	  .hex = "45000033 00010000 400134c6 cb007101 0a000002 0303f4fc 00000000 4500001a 00014000 402f067d "
		 "0a000002 c6336402 000008" },
	{ "enhanced GRE", .told = true, .offset = 28,
	  .hex = "45000038 00010000 400134c1 cb007101 0a000002 030385fe 00000000 45000022 00014000 402f0675 "
		 "0a000002 c6336402 3001880b 0002beef",
	  .want = { .family = 4, .protocol = 47, .type = 1, .inverse_type = 1, .flags = PKT_ONE_WAY | PKT_TRUNCATED,
		    .key = { 0, 0xbeef }, .l4 = 20, .payload = 28, .payload_len = 6, .ip_len = 34 } },
	{ "enhanced GRE, its call id missing", .told = false,
	  .hex = "45000037 00010000 400134c2 cb007101 0a000002 030386ed 00000000 45000022 00014000 402f0675 "
		 "0a000002 c6336402 3001880b 0002be" },
	{ "GRE version 1 that is not PPP", .told = true, .offset = 28,
	  .hex = "45000034 00010000 400134c5 cb007101 0a000002 0303d4fb 00000000 4500001c 00014000 402f067b "
		 "0a000002 c6336402 20010800",
	  .want = { .family = 4, .protocol = 47, .type = 1, .inverse_type = 1, .flags = PKT_TRUNCATED, .l4 = 20,
		    .payload = 20, .payload_len = 8, .payload_have = 4, .ip_len = 28 } },
	{ "ESP", .told = true, .offset = 28,
	  .hex = "45000034 00010000 400134c5 cb007101 0a000002 0303fbfc 00000000 4500001c 00014000 40320678 "
		 "0a000002 c6336402 00000100",
	  .want = { .family = 4, .protocol = 50, .flags = PKT_TRUNCATED, .l4 = 20, .payload = 20, .payload_len = 8,
		    .payload_have = 4, .ip_len = 28 } },
	{ "an IP header with options", .told = true, .offset = 28,
	  .hex = "4500003c 00010000 400134bd cb007101 0a000002 0303f5b3 00000000 46000023 00014000 4011718d "
		 "0a000002 c6336402 94040000 13880045 000bf370",
	  .want = { .family = 4, .protocol = 17, .flags = PKT_OPTIONS | PKT_TRUNCATED, .key = { 5000, 69 }, .l4 = 24,
		    .payload = 32, .payload_len = 3, .ip_len = 35 } },
	{ "an IP header with malformed options", .told = true, .offset = 28,
	  .hex = "4500003c 00010000 400134bd cb007101 0a000002 0303f5b3 00000000 46000023 00014000 40117188 "
		 "0a000002 c6336402 94090000 13880045 000bf370",
	  .want = { .family = 4, .protocol = 17, .flags = PKT_OPTIONS | PKT_TRUNCATED, .key = { 5000, 69 }, .l4 = 24,
		    .payload = 32, .payload_len = 3, .ip_len = 35 } },
	{ "a first fragment", .told = true, .offset = 28,
	  .hex = "45000038 00010000 400134c1 cb007101 0a000002 0303b6db 00000000 45000024 00012000 40112691 "
		 "0a000002 c6336402 13880045 07d02a84",
	  .want = { .family = 4, .protocol = 17, .flags = PKT_FRAGMENT | PKT_TRUNCATED, .key = { 5000, 69 },
		    .l4 = 20, .payload = 28, .payload_len = 8, .ip_len = 36 } },
	{ "a later fragment", .told = false,
	  .hex = "45000040 00010000 400134b9 cb007101 0a000002 0303f1f1 00000000 45000024 00010001 40114690 "
		 "0a000002 c6336402 61616161 61616161 61616161 61616161" },
	{ "a total length in the wrong byte order", .told = true, .offset = 28,
	  .hex = "45000038 00010000 400134c1 cb007101 0a000002 03030274 00000000 45000001 00014000 401106b4 "
		 "0a000002 c6336402 13880045 00ece5cf",
	  .want = { .family = 4, .protocol = 17, .key = { 5000, 69 }, .l4 = 20, .payload = 28, .ip_len = 28 } },
	{ "a total length without the header", .told = true, .offset = 28,
	  .hex = "4500003b 00010000 400134be cb007101 0a000002 03033151 00000000 4500000b 00014000 401106aa "
		 "0a000002 c6336402 13880045 000bf370 616263",
	  .want = { .family = 4, .protocol = 17, .key = { 5000, 69 }, .l4 = 20, .payload = 28, .payload_len = 3,
		    .payload_have = 3, .ip_len = 31 } },
	{ "a total length of only the header", .told = true, .offset = 28,
	  .hex = "45000038 00010000 400134c1 cb007101 0a000002 03031c41 00000000 45000014 00014000 400606ac "
		 "0a000002 c6336402 9c400015 11223344",
	  .want = { .family = 4, .protocol = 6, .key = { 40000, 21 }, .l4 = 20, .payload = 28, .ip_len = 28 } },
	{ "version 0", .told = false,
	  .hex = "45000044 00010000 400134b5 cb007101 0a000002 0303314f 00000000 05000028 00014000 40064698 "
		 "0a000002 c6336402 9c400015 11223344 00000000 50022000 7aef0000" },
	{ "padding behind the quoted packet", .told = true, .offset = 28,
	  .hex = "45000044 00010000 400134b5 cb007101 0a000002 03033151 00000000 4500001f 00014000 40110696 "
		 "0a000002 c6336402 13880045 000bf370 61626300 00000000 00000000",
	  .want = { .family = 4, .protocol = 17, .key = { 5000, 69 }, .l4 = 20, .payload = 28, .payload_len = 3,
		    .payload_have = 3, .ip_len = 31 } },
	{ "with RFC 4884 extensions behind it", .told = true, .offset = 28,
	  .hex = "450000a8 00010000 40013451 cb007101 0a000002 0b002e57 00200000 45000148 00014000 4011056d "
		 "0a000002 c6336402 13880045 0134e2ae 64646464 64646464 64646464 64646464 64646464 64646464 "
		 "64646464 64646464 64646464 64646464 64646464 64646464 64646464 64646464 64646464 64646464 "
		 "64646464 64646464 64646464 64646464 64646464 64646464 64646464 64646464 64646464 20000000 "
		 "00080101 00001234",
	  .want = { .family = 4, .protocol = 17, .flags = PKT_TRUNCATED, .key = { 5000, 69 }, .l4 = 20,
		    .payload = 28, .payload_len = 300, .payload_have = 100, .ip_len = 328 } },
	{ "with an RFC 4884 length that is too short", .told = true, .offset = 28,
	  .hex = "450000a8 00010000 40013451 cb007101 0a000002 0b002e6f 00080000 45000148 00014000 4011056d "
		 "0a000002 c6336402 13880045 0134e2ae 64646464 64646464 64646464 64646464 64646464 64646464 "
		 "64646464 64646464 64646464 64646464 64646464 64646464 64646464 64646464 64646464 64646464 "
		 "64646464 64646464 64646464 64646464 64646464 64646464 64646464 64646464 64646464 20000000 "
		 "00080101 00001234",
	  .want = { .family = 4, .protocol = 17, .flags = PKT_TRUNCATED, .key = { 5000, 69 }, .l4 = 20,
		    .payload = 28, .payload_len = 300, .payload_have = 112, .ip_len = 328 } },
	{ "IPv6 in an ICMP error of IPv4", .told = false,
	  .hex = "4500004f 00010000 400134aa cb007101 0a000002 03038bcd 00000000 60000000 000b1140 20010db8 "
		 "00000001 00000000 00000002 20010db8 00000002 00000000 00000021 13880045 000bcc10 616263" },
	{ "an IP header of 16 bytes", .told = false,
	  .hex = "4500003b 00010000 400134be cb007101 0a000002 03033151 00000000 4400001f 00014000 40110796 "
		 "0a000002 c6336402 13880045 000bf370 616263" },
	{ "an IP header that is not whole", .told = false,
	  .hex = "4500002f 00010000 400134ca cb007101 0a000002 0303fcfe 00000000 45000030 00014000 40060690 "
		 "0a000002 c63364" },
	{ "an IP header whose options are not whole", .told = false,
	  .hex = "45000032 00010000 400134c7 cb007101 0a000002 0303fdfd 00000000 46000020 00014000 40110393 "
		 "0a000002 c6336402 0101" },
	{ "nothing", .told = false,
	  .hex = "4500001c 00010000 400134dd cb007101 0a000002 0303fcfc 00000000" },
	{ "IPv6 TCP", .told = true, .offset = 48,
	  .hex = "60000000 004c3a40 20010db8 000000ff 00000000 000000fe 20010db8 00000001 00000000 00000002 "
		 "01043ac9 00000000 60000000 001c0640 20010db8 00000001 00000000 00000002 20010db8 00000002 "
		 "00000000 00000021 9c400015 11223344 00000000 50182000 83920000 504f5254 20310d0a",
	  .want = { .family = 6, .protocol = 6, .tcp_flags = TCP_PSH | TCP_ACK, .key = { 40000, 21 }, .l4 = 40,
		    .payload = 60, .payload_len = 8, .payload_have = 8, .ip_len = 68 } },
	{ "IPv6 TCP, 8 bytes of it", .told = true, .offset = 48,
	  .hex = "60000000 00383a40 20010db8 000000ff 00000000 000000fe 20010db8 00000001 00000000 00000002 "
		 "0200f86a 00000500 60000000 001c0640 20010db8 00000001 00000000 00000002 20010db8 00000002 "
		 "00000000 00000021 9c400015 11223344",
	  .want = { .family = 6, .protocol = 6, .flags = PKT_TRUNCATED, .key = { 40000, 21 }, .l4 = 40,
		    .payload = 48, .payload_len = 20, .ip_len = 68 } },
	{ "IPv6 TCP, 7 bytes of it", .told = false,
	  .hex = "60000000 00373a40 20010db8 000000ff 00000000 000000fe 20010db8 00000001 00000000 00000002 "
		 "0104feab 00000000 60000000 001c0640 20010db8 00000001 00000000 00000002 20010db8 00000002 "
		 "00000000 00000021 9c400015 112233" },
	{ "IPv6 echo", .told = true, .offset = 48,
	  .hex = "60000000 003c3a40 20010db8 000000ff 00000000 000000fe 20010db8 00000001 00000000 00000002 "
		 "0104070d 00000000 60000000 000c3a40 20010db8 00000001 00000000 00000002 20010db8 00000002 "
		 "00000000 00000021 8000331b 12340001 70696e67",
	  .want = { .family = 6, .protocol = 58, .type = 128, .inverse_type = 129, .key = { 0x1234, 0x1234 },
		    .l4 = 40, .payload = 48, .payload_len = 4, .payload_have = 4, .ip_len = 52 } },
	{ "an ICMPv6 error", .told = false,
	  .hex = "60000000 007c3a40 20010db8 000000ff 00000000 000000fe 20010db8 00000001 00000000 00000002 "
		 "010406cd 00000000 60000000 004c3a40 20010db8 000000ff 00000000 000000fe 20010db8 00000001 "
		 "00000000 00000002 01043ac9 00000000 60000000 001c0640 20010db8 00000001 00000000 00000002 "
		 "20010db8 00000002 00000000 00000021 9c400015 11223344 00000000 50182000 83920000 504f5254 "
		 "20310d0a" },
	{ "neighbour solicitation", .told = false,
	  .hex = "60000000 00383a40 20010db8 000000ff 00000000 000000fe 20010db8 00000001 00000000 00000002 "
		 "01040711 00000000 60000000 00083a40 20010db8 00000001 00000000 00000002 20010db8 00000002 "
		 "00000000 00000021 87000af0 12340001" },
	{ "IPv6 UDP behind extension headers", .told = true, .offset = 48,
	  .hex = "60000000 004b3a40 20010db8 000000ff 00000000 000000fe 20010db8 00000001 00000000 00000002 "
		 "0104fdba 00000000 60000000 001b0040 20010db8 00000001 00000000 00000002 20010db8 00000002 "
		 "00000000 00000021 2c000502 00000100 11000001 00000007 13880045 000bcc10 616263",
	  .want = { .family = 6, .protocol = 17, .flags = PKT_FRAGMENT | PKT_OPTIONS, .key = { 5000, 69 }, .l4 = 56,
		    .payload = 64, .payload_len = 3, .payload_have = 3, .ip_len = 67 } },
	{ "IPv6, cut in an extension header", .told = false,
	  .hex = "60000000 00443a40 20010db8 000000ff 00000000 000000fe 20010db8 00000001 00000000 00000002 "
		 "01047b52 00000000 60000000 00232b40 20010db8 00000001 00000000 00000002 20010db8 00000002 "
		 "00000000 00000021 11020000 00000000 20010db8 00000002 00000000" },
	{ "IPv6, a later fragment", .told = false,
	  .hex = "60000000 00483a40 20010db8 000000ff 00000000 000000fe 20010db8 00000001 00000000 00000002 "
		 "01049cfb 00000000 60000000 00182c40 20010db8 00000001 00000000 00000002 20010db8 00000002 "
		 "00000000 00000021 11000009 00000007 61616161 61616161 61616161 61616161" },
	{ "IPv6, with RFC 4884 extensions behind it", .told = true, .offset = 48,
	  .hex = "60000000 00943a40 20010db8 000000ff 00000000 000000fe 20010db8 00000001 00000000 00000002 "
		 "03000d76 10000000 60000000 01341140 20010db8 00000001 00000000 00000002 20010db8 00000002 "
		 "00000000 00000021 13880045 0134bb4e 64646464 64646464 64646464 64646464 64646464 64646464 "
		 "64646464 64646464 64646464 64646464 64646464 64646464 64646464 64646464 64646464 64646464 "
		 "64646464 64646464 64646464 64646464 20000000 00080101 00001234",
	  .want = { .family = 6, .protocol = 17, .flags = PKT_TRUNCATED, .key = { 5000, 69 }, .l4 = 40,
		    .payload = 48, .payload_len = 300, .payload_have = 80, .ip_len = 348 } },
	{ "IPv4 in an ICMP error of IPv6", .told = false,
	  .hex = "60000000 00383a40 20010db8 000000ff 00000000 000000fe 20010db8 00000001 00000000 00000002 "
		 "0104d571 00000000 45000030 00014000 40060690 0a000002 c6336402 9c400015 11223344 00000000 "
		 "50182000 aaf20000 504f5254 20310d0a" },
	{ "IPv6 header that is not whole", .told = false,
	  .hex = "60000000 002f3a40 20010db8 000000ff 00000000 000000fe 20010db8 00000001 00000000 00000002 "
		 "0104df4c 00000000 60000000 001c0640 20010db8 00000001 00000000 00000002 20010db8 00000002 "
		 "00000000 000000" },
	{ "SCTP, 8 bytes of it: ports and tag", .told = true, .offset = 28,
	  .hex = "45000038 00010000 4001468d c6336402 0a000002 03013469 00000000 45000038 00014000 4084060a "
		 "0a000002 c6336402 13881770 deadbeef",
	  .want = { .family = 4, .protocol = 132, .flags = PKT_TRUNCATED, .key = { 5000, 6000 }, .l4 = 20,
		    .payload = 28, .payload_len = 28, .ip_len = 56 } },
	{ "SCTP, 12 bytes of it", .told = true, .offset = 28,
	  .hex = "4500003c 00010000 40014689 c6336402 0a000002 03014552 00000000 45000038 00014000 4084060a "
		 "0a000002 c6336402 13881770 deadbeef eba7036f",
	  .want = { .family = 4, .protocol = 132, .flags = PKT_TRUNCATED, .key = { 5000, 6000 }, .l4 = 20,
		    .payload = 32, .payload_len = 24, .ip_len = 56 } },
	{ "SCTP, 7 bytes of it", .told = false,
	  .hex = "45000037 00010000 4001468e c6336402 0a000002 03013558 00000000 45000038 00014000 4084060a "
		 "0a000002 c6336402 13881770 deadbe" },
	{ "DCCP, 8 bytes of it", .told = true, .offset = 28,
	  .hex = "45000038 00010000 4001468d c6336402 0a000002 03017a3f 00000000 45000029 00014000 4021067c "
		 "0a000002 c6336402 13881770 040053c7",
	  .want = { .family = 4, .protocol = 33, .flags = PKT_TRUNCATED, .key = { 5000, 6000 }, .l4 = 20,
		    .payload = 28, .payload_len = 13, .ip_len = 41 } },
	{ "UDP-Lite, 8 bytes of it", .told = true, .offset = 28,
	  .hex = "45000038 00010000 4001468d c6336402 0a000002 0301759e 00000000 45000021 00014000 4088061d "
		 "0a000002 c6336402 13881770 00005c68",
	  .want = { .family = 4, .protocol = 136, .flags = PKT_TRUNCATED, .key = { 5000, 6000 }, .l4 = 20,
		    .payload = 28, .payload_len = 5, .ip_len = 33 } },
