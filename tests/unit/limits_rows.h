/* Rows of test_limits.c: what happens, and the log of it (net.h, net_fake.h). */
{
	.name = "the oldest of those that nobody answered makes room",
	.script =
		"syn 10.0.0.2:1 10.0.0.9:80\n"
		"A tcp 10.0.0.2:2 10.0.0.9:80\n"
		"udp 10.0.0.2:3 10.0.0.9:53\n"
		"ping 10.0.0.2:4 10.0.0.9:4\n"
		"udp 10.0.0.2:5 10.0.0.9:53\n"
		"udp 10.0.0.2:6 10.0.0.9:53\n"
		"list\n"
		"count evicted\n"
		"count table_full\n",
	.log =
		"new 1 tcp 10.0.0.2:1>10.0.0.9:80 SYN_SENT\n"
		"new 2 tcp 10.0.0.2:2>10.0.0.9:80 SYN_SENT\n"
		"new 3 udp 10.0.0.2:3>10.0.0.9:53\n"
		"new 4 icmp 10.0.0.2:4>10.0.0.9:4\n"
		"gone 1 evicted\n"
		"new 5 udp 10.0.0.2:5>10.0.0.9:53\n"
		"gone 3 evicted\n"
		"new 6 udp 10.0.0.2:6>10.0.0.9:53\n"
		"conn 5 udp 10.0.0.2:5>10.0.0.9:53\n"
		"conn 2 tcp 10.0.0.2:2>10.0.0.9:80 ESTABLISHED replied assured\n"
		"conn 6 udp 10.0.0.2:6>10.0.0.9:53\n"
		"conn 4 icmp 10.0.0.2:4>10.0.0.9:4\n"
		"count evicted 2\n"
		"count table_full 0\n"
},
{
	.name = "... of the prefix that has most of them, not the oldest of all",
	.script =
		"udp 10.7.0.2:1 10.0.0.9:53\n"
		"udp 10.8.0.2:1 10.0.0.9:53\n"
		"udp 10.8.0.3:1 10.0.0.9:53\n"
		"udp 10.9.0.2:1 10.0.0.9:53\n"
		"udp 10.9.0.3:1 10.0.0.9:53\n"
		"list\n",
	.log =
		"new 1 udp 10.7.0.2:1>10.0.0.9:53\n"
		"new 2 udp 10.8.0.2:1>10.0.0.9:53\n"
		"new 3 udp 10.8.0.3:1>10.0.0.9:53\n"
		"new 4 udp 10.9.0.2:1>10.0.0.9:53\n"
		"gone 2 evicted\n"
		"new 5 udp 10.9.0.3:1>10.0.0.9:53\n"
		"conn 1 udp 10.7.0.2:1>10.0.0.9:53\n"
		"conn 5 udp 10.9.0.3:1>10.0.0.9:53\n"
		"conn 3 udp 10.8.0.3:1>10.0.0.9:53\n"
		"conn 4 udp 10.9.0.2:1>10.0.0.9:53\n"
},
{
	.name = "then one that is closing",
	.script =
		"A tcp 10.0.0.2:1 10.0.0.9:80\n"
		"B tcp 10.0.0.2:2 10.0.0.9:80\n"
		"C tcp 10.0.0.2:3 10.0.0.9:80\n"
		"D tcp 10.0.0.2:4 10.0.0.9:80\n"
		"C>fin\n"
		"syn 10.0.0.2:5 10.0.0.9:80\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:1>10.0.0.9:80 SYN_SENT\n"
		"new 2 tcp 10.0.0.2:2>10.0.0.9:80 SYN_SENT\n"
		"new 3 tcp 10.0.0.2:3>10.0.0.9:80 SYN_SENT\n"
		"new 4 tcp 10.0.0.2:4>10.0.0.9:80 SYN_SENT\n"
		"gone 3 evicted\n"
		"new 5 tcp 10.0.0.2:5>10.0.0.9:80 SYN_SENT\n"
		"conn 1 tcp 10.0.0.2:1>10.0.0.9:80 ESTABLISHED replied assured\n"
		"conn 2 tcp 10.0.0.2:2>10.0.0.9:80 ESTABLISHED replied assured\n"
		"conn 5 tcp 10.0.0.2:5>10.0.0.9:80 SYN_SENT\n"
		"conn 4 tcp 10.0.0.2:4>10.0.0.9:80 ESTABLISHED replied assured\n"
},
{
	.name = "then the newcomer is refused",
	.script =
		"A tcp 10.0.0.2:1 10.0.0.9:80\n"
		"B tcp 10.0.0.2:2 10.0.0.9:80\n"
		"C tcp 10.0.0.2:3 10.0.0.9:80\n"
		"D tcp 10.0.0.2:4 10.0.0.9:80\n"
		"syn 10.0.0.2:5 10.0.0.9:80\n"
		"state\n"
		"A> still there\n"
		"state\n"
		"count evicted\n"
		"count table_full\n",
	.log =
		"new 1 tcp 10.0.0.2:1>10.0.0.9:80 SYN_SENT\n"
		"new 2 tcp 10.0.0.2:2>10.0.0.9:80 SYN_SENT\n"
		"new 3 tcp 10.0.0.2:3>10.0.0.9:80 SYN_SENT\n"
		"new 4 tcp 10.0.0.2:4>10.0.0.9:80 SYN_SENT\n"
		"invalid table-full\n"
		"state invalid drop table-full\n"
		"state established reply 1\n"
		"count evicted 0\n"
		"count table_full 1\n"
},
{
	.name = "who is over makes room before anybody else, and is not evicted",
	.script =
		"A tcp 10.0.0.2:1 10.0.0.9:80\n"
		"udp 10.0.0.2:2 10.0.0.9:53\n"
		"ping 10.0.0.2:3 10.0.0.9:3\n"
		"syn 10.0.0.2:4 10.0.0.9:80\n"
		"wait 29\n"
		"udp 10.0.0.2:2 10.0.0.9:53\n"
		"wait 1\n"
		"syn 10.0.0.2:5 10.0.0.9:80\n"
		"list\n"
		"count evicted\n"
		"count expired\n",
	.log =
		"new 1 tcp 10.0.0.2:1>10.0.0.9:80 SYN_SENT\n"
		"new 2 udp 10.0.0.2:2>10.0.0.9:53\n"
		"new 3 icmp 10.0.0.2:3>10.0.0.9:3\n"
		"new 4 tcp 10.0.0.2:4>10.0.0.9:80 SYN_SENT\n"
		"gone 3 timeout\n"
		"new 5 tcp 10.0.0.2:5>10.0.0.9:80 SYN_SENT\n"
		"conn 1 tcp 10.0.0.2:1>10.0.0.9:80 ESTABLISHED replied assured\n"
		"conn 2 udp 10.0.0.2:2>10.0.0.9:53\n"
		"conn 5 tcp 10.0.0.2:5>10.0.0.9:80 SYN_SENT\n"
		"conn 4 tcp 10.0.0.2:4>10.0.0.9:80 SYN_SENT\n"
		"count evicted 0\n"
		"count expired 1\n"
},
{
	.name = "a master makes room for its own child: then there is no master any more",
	.script =
		"syn 10.0.0.2:1 10.0.0.9:99\n"
		"A mid 10.0.0.2:9 10.0.0.9:99\n"
		"A> E 1 2000~\n"
		"B tcp 10.0.0.2:2 10.0.0.9:80\n"
		"C tcp 10.0.0.2:3 10.0.0.9:80\n"
		"delete B\n"
		"D tcp 10.0.0.2:4 10.0.0.9:80\n"
		"E tcp 10.0.0.2:5 10.0.0.9:80\n"
		"list\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"state\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:1>10.0.0.9:99 SYN_SENT helper=fake\n"
		"new 2 tcp 10.0.0.2:9>10.0.0.9:99 ESTABLISHED picked-up helper=fake\n"
		"gap client 0\n"
		"gap server 0\n"
		"read from client first picked-up\n"
		"announce 2 MADE 10.0.0.2:2000 accepted uncertain\n"
		"expect 1 of 2: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 3 tcp 10.0.0.2:2>10.0.0.9:80 SYN_SENT\n"
		"new 4 tcp 10.0.0.2:3>10.0.0.9:80 SYN_SENT\n"
		"gone 3 deleted\n"
		"new 5 tcp 10.0.0.2:4>10.0.0.9:80 SYN_SENT\n"
		"gone 1 evicted\n"
		"new 6 tcp 10.0.0.2:5>10.0.0.9:80 SYN_SENT\n"
		"conn 6 tcp 10.0.0.2:5>10.0.0.9:80 ESTABLISHED replied assured\n"
		"conn 2 tcp 10.0.0.2:9>10.0.0.9:99 ESTABLISHED replied picked-up helper=fake\n"
		"conn 5 tcp 10.0.0.2:4>10.0.0.9:80 ESTABLISHED replied assured\n"
		"conn 4 tcp 10.0.0.2:3>10.0.0.9:80 ESTABLISHED replied assured\n"
		"unexpect 1 master_gone\n"
		"gone 2 evicted\n"
		"invalid table-full\n"
		"state invalid drop table-full\n"
		"conn 6 tcp 10.0.0.2:5>10.0.0.9:80 ESTABLISHED replied assured\n"
		"conn 5 tcp 10.0.0.2:4>10.0.0.9:80 ESTABLISHED replied assured\n"
		"conn 4 tcp 10.0.0.2:3>10.0.0.9:80 ESTABLISHED replied assured\n"
},
{
	.name = "IPv6 has a table of its own",
	.script =
		"syn [fd00::2]:1 [fd00::9]:80\n"
		"syn [fd00::2]:2 [fd00::9]:80\n"
		"syn [fd00::2]:3 [fd00::9]:80\n"
		"syn [fd00::2]:4 [fd00::9]:80\n"
		"udp 10.0.0.2:2 10.0.0.9:53\n"
		"syn [fd00::2]:5 [fd00::9]:80\n"
		"list\n",
	.log =
		"new 1 tcp [fd00::2]:1>[fd00::9]:80 SYN_SENT\n"
		"new 2 tcp [fd00::2]:2>[fd00::9]:80 SYN_SENT\n"
		"new 3 tcp [fd00::2]:3>[fd00::9]:80 SYN_SENT\n"
		"new 4 tcp [fd00::2]:4>[fd00::9]:80 SYN_SENT\n"
		"new 5 udp 10.0.0.2:2>10.0.0.9:53\n"
		"gone 1 evicted\n"
		"new 6 tcp [fd00::2]:5>[fd00::9]:80 SYN_SENT\n"
		"conn 5 udp 10.0.0.2:2>10.0.0.9:53\n"
		"conn 6 tcp [fd00::2]:5>[fd00::9]:80 SYN_SENT\n"
		"conn 2 tcp [fd00::2]:2>[fd00::9]:80 SYN_SENT\n"
		"conn 3 tcp [fd00::2]:3>[fd00::9]:80 SYN_SENT\n"
		"conn 4 tcp [fd00::2]:4>[fd00::9]:80 SYN_SENT\n"
},
