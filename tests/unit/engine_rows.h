/* Rows of test_engine.c: what happens, and the log of it (net.h, net_fake.h). */
{
	.name = "class maximum: beyond it the oldest goes, as in the kernel",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000~\n"
		"A> E 2 2001~\n"
		"A> E 3 2002~\n"
		"A> E 4 1030 c=2~\n"
		"A> E 5 1031 c=2~\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2002 accepted\n"
		"unexpect 1 replaced\n"
		"expect 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:1030 accepted\n"
		"expect 4 of 1: tcp 10.0.0.9:*>10.0.0.2:1030 MADE single 10s uses 1\n"
		"announce 1 MADE 10.0.0.2:1031 accepted\n"
		"unexpect 4 replaced\n"
		"expect 5 of 1: tcp 10.0.0.9:*>10.0.0.2:1031 MADE single 10s uses 1\n"
		"expectation 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1\n"
		"expectation 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"expectation 5 of 1: tcp 10.0.0.9:*>10.0.0.2:1031 MADE single 10s uses 1\n"
},
{
	.name = "class maximum from the options",
	.options = { .expect_max = 1 },
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000;E 2 2001~\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"unexpect 1 replaced\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"expectation 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
},
{
	.name = "said again: only its time begins again",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000~\n"
		"wait 200\n"
		"A> E 1 2000~\n"
		"wait 200\n"
		"expects\n"
		"wait 101\n"
		"expects\n"
		"A> E 1 2000~\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"again 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"expectation 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"unexpect 1 timeout\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
},
{
	.name = "the same tag with another port, and another tag with the same port, take its place",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000~\n"
		"A> E 1 2001~\n"
		"A> E 2 2001~\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"unexpect 1 replaced\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"unexpect 2 replaced\n"
		"expect 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"expectation 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
},
{
	.name = "one record says it twice",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000;E 1 2000;E 2 2000;E 1 2001~\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"again 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"unexpect 1 replaced\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"expectation 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"expectation 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
},
{
	.name = "time-outs: the class's, or its own; past the deadline nothing matches",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000;E 2 2001 t=20~\n"
		"wait 20\n"
		"syn 10.0.0.9:20 10.0.0.2:2001\n"
		"state\n"
		"wait 279.999999999\n"
		"syn 10.0.0.9:21 10.0.0.2:2000\n"
		"state\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 20s uses 1\n"
		"unexpect 2 timeout\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2001 SYN_SENT\n"
		"state new orig 2\n"
		"new 3 tcp 10.0.0.9:21>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 3\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"gone 2 timeout\n"
		"state related orig 3\n"
},
{
	.name = "... nor what is said at its last moment",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000~\n"
		"wait 300\n"
		"syn 10.0.0.9:21 10.0.0.2:2000\n"
		"state\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"unexpect 1 timeout\n"
		"new 2 tcp 10.0.0.9:21>10.0.0.2:2000 SYN_SENT\n"
		"state new orig 2\n"
},
{
	.name = "uses: twice",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 u=2~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"expects\n"
		"syn 10.0.0.9:21 10.0.0.2:2000\n"
		"syn 10.0.0.9:22 10.0.0.2:2000\n"
		"state\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 2\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"expectation 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 3 tcp 10.0.0.9:21>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 3\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"new 4 tcp 10.0.0.9:22>10.0.0.2:2000 SYN_SENT\n"
		"state new orig 4\n"
},
{
	.name = "uses: until withdrawn",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 u=0~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"syn 10.0.0.9:21 10.0.0.2:2000\n"
		"syn 10.0.0.9:22 10.0.0.2:2000\n"
		"A< W 1~\n"
		"expects\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 0\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"new 3 tcp 10.0.0.9:21>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 3\n"
		"child born: class 0 tag 1\n"
		"new 4 tcp 10.0.0.9:22>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 4\n"
		"child born: class 0 tag 1\n"
		"unexpect 1 withdrawn\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"conn 3 tcp 10.0.0.9:21>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"conn 4 tcp 10.0.0.9:22>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
},
{
	.name = "withdrawn with its children, and only with them",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 u=0; E 2 2001 u=0~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"syn 10.0.0.9:21 10.0.0.2:2001\n"
		"syn 10.0.0.9:22 10.0.0.2:2000\n"
		"A> W 1 children~\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 0\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 0\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"new 3 tcp 10.0.0.9:21>10.0.0.2:2001 SYN_SENT related master=1 expect=2\n"
		"hit 2 by 3\n"
		"child born: class 0 tag 2\n"
		"new 4 tcp 10.0.0.9:22>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 4\n"
		"child born: class 0 tag 1\n"
		"unexpect 1 withdrawn\n"
		"gone 4 master_gone\n"
		"gone 2 master_gone\n"
		"child gone: class 0 tag 1\n"
		"child gone: class 0 tag 1\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 3 tcp 10.0.0.9:21>10.0.0.2:2001 SYN_SENT related master=1 expect=2\n"
},
{
	.name = "refreshed: it, and its children",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 proto=17 u=0~\n"
		"udp 10.0.0.9:20 10.0.0.2:2000\n"
		"wait 29\n"
		"A> R 1~\n"
		"wait 29\n"
		"list\n"
		"wait 255\n"
		"expects\n"
		"wait 20\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: udp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 0\n"
		"new 2 udp 10.0.0.9:20>10.0.0.2:2000 related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 2 udp 10.0.0.9:20>10.0.0.2:2000 related master=1 expect=1\n"
		"expectation 1 of 1: udp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 0\n"
},
{
	.name = "a limit for each master",
	.options = { .expect_per_master = 3 },
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"B tcp 10.0.0.2:4001 10.0.0.9:99\n"
		"A> E 1 2000 c=1 x=4~\n"
		"A> E 2 2009 c=1~\n"
		"B> E 1 3000 c=1~\n"
		"wait 60\n"
		"A> E 9 2004 c=1~\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"new 2 tcp 10.0.0.2:4001>10.0.0.9:99 SYN_SENT helper=fake\n"
		"expect answered full\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2002 accepted\n"
		"expect 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2002 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2003 refused master-full\n"
		"announce 1 MADE 10.0.0.2:2009 accepted\n"
		"unexpect 2 replaced\n"
		"expect 4 of 1: tcp 10.0.0.9:*>10.0.0.2:2009 MADE calls 60s uses 1\n"
		"announce 2 MADE 10.0.0.2:3000 accepted\n"
		"expect 5 of 2: tcp 10.0.0.9:*>10.0.0.2:3000 MADE calls 60s uses 1\n"
		"unexpect 1 timeout\n"
		"unexpect 3 timeout\n"
		"unexpect 4 timeout\n"
		"announce 1 MADE 10.0.0.2:2004 accepted\n"
		"expect 6 of 1: tcp 10.0.0.9:*>10.0.0.2:2004 MADE calls 60s uses 1\n"
		"unexpect 5 timeout\n"
},
{
	.name = "... and within one record what was withdrawn makes room",
	.options = { .expect_per_master = 2 },
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 c=1 x=2~\n"
		"A> W 1 c=1;E 3 2003 c=1;E 4 2004 c=1~\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE calls 60s uses 1\n"
		"expect answered full\n"
		"unexpect 1 withdrawn\n"
		"announce 1 MADE 10.0.0.2:2003 accepted\n"
		"expect 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2003 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2004 refused master-full\n"
		"expectation 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2003 MADE calls 60s uses 1\n"
		"expectation 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE calls 60s uses 1\n"
},
{
	.name = "a limit for each client's address: of all its connections, of those to any server; what ends makes room",
	.options = { .expect_per_source = 3 },
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"B tcp 10.0.0.2:4001 10.0.0.8:99\n"
		"C tcp 10.0.0.3:4000 10.0.0.9:99\n"
		"A> E 1 2000 c=1 x=2~\n"
		"B> E 1 3000 c=1 x=2~\n"
		"C> E 1 2000 c=1~\n"
		"B<  E 7 3007 c=1~\n"
		"A> E 1 2000 c=1~\n"
		"A> W 2 c=1~\n"
		"B> E 2 3001 c=1~\n"
		"wait 60\n"
		"B> E 3 3003 c=1 x=3~\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"new 2 tcp 10.0.0.2:4001>10.0.0.8:99 SYN_SENT helper=fake\n"
		"new 3 tcp 10.0.0.3:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE calls 60s uses 1\n"
		"expect answered full\n"
		"announce 2 MADE 10.0.0.2:3000 accepted\n"
		"expect 3 of 2: tcp 10.0.0.8:*>10.0.0.2:3000 MADE calls 60s uses 1\n"
		"announce 2 MADE 10.0.0.2:3001 refused source-full\n"
		"announce 3 MADE 10.0.0.3:2000 accepted\n"
		"expect 4 of 3: tcp 10.0.0.9:*>10.0.0.3:2000 MADE calls 60s uses 1\n"
		"expect answered full\n"
		"announce 2 MADE 10.0.0.8:3007 refused source-full\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"again 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"unexpect 2 withdrawn\n"
		"announce 2 MADE 10.0.0.2:3001 accepted\n"
		"expect 5 of 2: tcp 10.0.0.8:*>10.0.0.2:3001 MADE calls 60s uses 1\n"
		"unexpect 3 timeout\n"
		"unexpect 5 timeout\n"
		"unexpect 1 timeout\n"
		"unexpect 4 timeout\n"
		"announce 2 MADE 10.0.0.2:3003 accepted\n"
		"expect 6 of 2: tcp 10.0.0.8:*>10.0.0.2:3003 MADE calls 60s uses 1\n"
		"announce 2 MADE 10.0.0.2:3004 accepted\n"
		"expect 7 of 2: tcp 10.0.0.8:*>10.0.0.2:3004 MADE calls 60s uses 1\n"
		"announce 2 MADE 10.0.0.2:3005 accepted\n"
		"expect 8 of 2: tcp 10.0.0.8:*>10.0.0.2:3005 MADE calls 60s uses 1\n"
},
{
	.name = "a limit for all",
	.options = { .expectations = 3 },
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"B tcp 10.0.0.2:4001 10.0.0.9:99\n"
		"A> E 1 2000 c=1 x=2~\n"
		"B> E 1 3000 c=1 x=2~\n"
		"A> W 1 c=1~\n"
		"B> E 2 3001 c=1~\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"new 2 tcp 10.0.0.2:4001>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE calls 60s uses 1\n"
		"expect answered full\n"
		"announce 2 MADE 10.0.0.2:3000 accepted\n"
		"expect 3 of 2: tcp 10.0.0.9:*>10.0.0.2:3000 MADE calls 60s uses 1\n"
		"announce 2 MADE 10.0.0.2:3001 refused expectations-full\n"
		"unexpect 1 withdrawn\n"
		"announce 2 MADE 10.0.0.2:3001 accepted\n"
		"expect 4 of 2: tcp 10.0.0.9:*>10.0.0.2:3001 MADE calls 60s uses 1\n"
		"expectation 4 of 2: tcp 10.0.0.9:*>10.0.0.2:3001 MADE calls 60s uses 1\n"
		"expectation 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE calls 60s uses 1\n"
		"expectation 3 of 2: tcp 10.0.0.9:*>10.0.0.2:3000 MADE calls 60s uses 1\n"
},
{
	.name = "gone with its master: deleted",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000;E 2 2001~\n"
		"delete A\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"unexpect 1 master_gone\n"
		"unexpect 2 master_gone\n"
		"gone 1 deleted\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT\n"
},
{
	.name = "gone with its master: its time is over, and nobody has swept yet",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 c=1 t=3600 proto=17~\n"
		"timeout A 100\n"
		"wait 100\n"
		"expects\n"
		"udp 10.0.0.9:20 10.0.0.2:2000\n"
		"state\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: udp 10.0.0.9:*>10.0.0.2:2000 MADE calls 3600s uses 1\n"
		"unexpect 1 master_gone\n"
		"gone 1 timeout\n"
		"new 2 udp 10.0.0.9:20>10.0.0.2:2000\n"
		"state new orig 2\n"
},
{
	.name = "what cannot be without its master ends when that is closed by both sides; what can, when it is forgotten",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 u=0~\n"
		"A> E 2 3000 u=0 stays~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"A close\n"
		"syn 10.0.0.9:21 10.0.0.2:2000\n"
		"wait 119\n"
		"syn 10.0.0.9:20 10.0.0.2:3000\n"
		"state\n"
		"wait 1\n"
		"syn 10.0.0.9:21 10.0.0.2:3000\n"
		"state\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 0\n"
		"announce 1 MADE 10.0.0.2:3000 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:3000 MADE data 300s uses 0\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"unexpect 1 master_gone\n"
		"gone 2 master_gone\n"
		"child gone: class 0 tag 1\n"
		"new 3 tcp 10.0.0.9:21>10.0.0.2:2000 SYN_SENT\n"
		"new 4 tcp 10.0.0.9:20>10.0.0.2:3000 SYN_SENT related master=1 expect=2\n"
		"hit 2 by 4\n"
		"child born: class 0 tag 2\n"
		"state related orig 4\n"
		"unexpect 2 master_gone\n"
		"gone 1 closed\n"
		"new 5 tcp 10.0.0.9:21>10.0.0.2:3000 SYN_SENT\n"
		"state new orig 5\n"
},
{
	.name = "gone with its master: closed by RST, after ten seconds",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 u=0 stays~\n"
		"A>rst\n"
		"wait 9\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"state\n"
		"wait 1\n"
		"tick\n"
		"wait 1.1\n"
		"tick\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 0\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"state related orig 2\n"
		"unexpect 1 master_gone\n"
		"gone 1 closed\n"
		"conn 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
},
{
	.name = "gone with its master: flushed",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 u=0~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"flush\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 0\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"unexpect 1 flushed\n"
		"gone 2 flushed\n"
		"gone 1 flushed\n"
		"flushed 2\n"
},
{
	.name = "the end of a capture; what was over before has its own reason",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 t=5;E 2 2001~\n"
		"udp 10.0.0.3:1 10.0.0.4:1\n"
		"wait 40\n"
		"end\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 5s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"new 2 udp 10.0.0.3:1>10.0.0.4:1\n"
		"unexpect 1 timeout\n"
		"unexpect 2 end\n"
		"gone 1 end\n"
		"gone 2 timeout\n"
		"ended 2\n"
},
{
	.name = "a child that does not stay ends with its master, whoever finds out",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 proto=17 u=0~\n"
		"udp 10.0.0.9:20 10.0.0.2:2000\n"
		"timeout A 10\n"
		"wait 10\n"
		"list\n"
		"udp 10.0.0.9:20 10.0.0.2:2000\n"
		"state\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: udp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 0\n"
		"new 2 udp 10.0.0.9:20>10.0.0.2:2000 related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"unexpect 1 master_gone\n"
		"gone 2 master_gone\n"
		"gone 1 timeout\n"
		"new 3 udp 10.0.0.9:20>10.0.0.2:2000\n"
		"state new orig 3\n"
},
{
	.name = "a child of a child ends with them",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 h=fake~\n"
		"B tcp 10.0.0.9:20 10.0.0.2:2000\n"
		"B< E 1 2001 proto=17~\n"
		"udp 10.0.0.9:20 10.0.0.2:2001\n"
		"timeout A 10\n"
		"wait 10\n"
		"udp 10.0.0.2:2001 10.0.0.9:20\n"
		"state\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related helper=fake master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"announce 2 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 2: udp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"new 3 udp 10.0.0.9:20>10.0.0.2:2001 related master=2 expect=2\n"
		"hit 2 by 3\n"
		"unexpect 2 used\n"
		"child born: class 0 tag 1\n"
		"gone 3 master_gone\n"
		"gone 2 master_gone\n"
		"gone 1 timeout\n"
		"new 4 udp 10.0.0.2:2001>10.0.0.9:20\n"
		"state new orig 4\n"
		"conn 4 udp 10.0.0.2:2001>10.0.0.9:20\n"
},
{
	.name = "one that stays does not, nor what it announces",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 h=fake stays~\n"
		"B tcp 10.0.0.9:20 10.0.0.2:2000\n"
		"B< E 1 2001~\n"
		"delete A\n"
		"list\n"
		"syn 10.0.0.9:20 10.0.0.2:2001\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related helper=fake master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"announce 2 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 2: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"gone 1 deleted\n"
		"conn 2 tcp 10.0.0.9:20>10.0.0.2:2000 ESTABLISHED replied assured related helper=fake master=1 expect=1\n"
		"new 3 tcp 10.0.0.9:20>10.0.0.2:2001 SYN_SENT related master=2 expect=2\n"
		"hit 2 by 3\n"
		"unexpect 2 used\n"
		"child born: class 0 tag 1\n"
},
{
	.name = "a child that ended before its master",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 proto=17;E 2 2001 proto=17~\n"
		"udp 10.0.0.9:20 10.0.0.2:2000\n"
		"udp 10.0.0.9:20 10.0.0.2:2001\n"
		"wait 31\n"
		"timeout A 9\n"
		"wait 10\n"
		"tick\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: udp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: udp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"new 2 udp 10.0.0.9:20>10.0.0.2:2000 related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"new 3 udp 10.0.0.9:20>10.0.0.2:2001 related master=1 expect=2\n"
		"hit 2 by 3\n"
		"unexpect 2 used\n"
		"child born: class 0 tag 2\n"
		"gone 3 timeout\n"
		"gone 2 timeout\n"
		"gone 1 timeout\n"
},
{
	.name = "a helper for the child; its own master's helper reads on",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 h=leaf~\n"
		"B tcp 10.0.0.9:20 10.0.0.2:2000\n"
		"B> E 7 3000~\n"
		"A> E 2 2001~\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related helper=leaf master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"announce 2 MADE 10.0.0.9:3000 accepted\n"
		"expect 2 of 2: tcp 10.0.0.2:*>10.0.0.9:3000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"expectation 2 of 2: tcp 10.0.0.2:*>10.0.0.9:3000 MADE data 300s uses 1\n"
		"expectation 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
},
{
	.name = "children of children get helpers only so deep",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2001 h=fake~\n"
		"B tcp 10.0.0.9:20 10.0.0.2:2001\n"
		"B< E 1 2002 h=fake~\n"
		"C tcp 10.0.0.9:20 10.0.0.2:2002\n"
		"C< E 1 2003 h=fake~\n"
		"D tcp 10.0.0.9:20 10.0.0.2:2003\n"
		"D< E 1 2004 h=fake~\n"
		"syn 10.0.0.9:20 10.0.0.2:2004\n"
		"delete A\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2001 SYN_SENT related helper=fake master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"announce 2 MADE 10.0.0.2:2002 accepted\n"
		"expect 2 of 2: tcp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1\n"
		"new 3 tcp 10.0.0.9:20>10.0.0.2:2002 SYN_SENT related helper=fake master=2 expect=2\n"
		"hit 2 by 3\n"
		"unexpect 2 used\n"
		"child born: class 0 tag 1\n"
		"announce 3 MADE 10.0.0.2:2003 accepted\n"
		"expect 3 of 3: tcp 10.0.0.9:*>10.0.0.2:2003 MADE data 300s uses 1\n"
		"new 4 tcp 10.0.0.9:20>10.0.0.2:2003 SYN_SENT related helper=fake master=3 expect=3\n"
		"hit 3 by 4\n"
		"unexpect 3 used\n"
		"child born: class 0 tag 1\n"
		"announce 4 MADE 10.0.0.2:2004 accepted\n"
		"expect 4 of 4: tcp 10.0.0.9:*>10.0.0.2:2004 MADE data 300s uses 1\n"
		"new 5 tcp 10.0.0.9:20>10.0.0.2:2004 SYN_SENT related master=4 expect=4\n"
		"hit 4 by 5\n"
		"unexpect 4 used\n"
		"child born: class 0 tag 1\n"
		"gone 5 master_gone\n"
		"gone 4 master_gone\n"
		"gone 3 master_gone\n"
		"gone 2 master_gone\n"
		"gone 1 deleted\n"
},
{
	.name = "a helper that is for another protocol, or that does not exist",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 h=dgram;E 2 2001 h=nobody~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"syn 10.0.0.9:20 10.0.0.2:2001\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"new 3 tcp 10.0.0.9:20>10.0.0.2:2001 SYN_SENT related master=1 expect=2\n"
		"hit 2 by 3\n"
		"unexpect 2 used\n"
		"child born: class 0 tag 2\n"
},
{
	.name = "time-outs of a child's own: unanswered, answered",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 proto=17 ct=5,50 u=0~\n"
		"udp 10.0.0.9:20 10.0.0.2:2000\n"
		"wait 4.9\n"
		"udp 10.0.0.9:20 10.0.0.2:2000\n"
		"udp 10.0.0.2:2000 10.0.0.9:20\n"
		"wait 49.9\n"
		"udp 10.0.0.9:20 10.0.0.2:2000\n"
		"state\n"
		"wait 50\n"
		"list\n"
		"udp 10.0.0.9:21 10.0.0.2:2000\n"
		"wait 5\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: udp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 0\n"
		"new 2 udp 10.0.0.9:20>10.0.0.2:2000 related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"state established orig 2\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"new 3 udp 10.0.0.9:21>10.0.0.2:2000 related master=1 expect=1\n"
		"hit 1 by 3\n"
		"child born: class 0 tag 1\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
},
{
	.name = "... of which only one is said, and once it closes they are TCP's",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 ct=0,1000~\n"
		"B tcp 10.0.0.9:20 10.0.0.2:2000\n"
		"wait 999\n"
		"list\n"
		"B>ack\n"
		"B>rst\n"
		"wait 11\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 2 tcp 10.0.0.9:20>10.0.0.2:2000 ESTABLISHED replied assured related master=1 expect=1\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
},
{
	.name = "picked up by a packet of the server's: the sides are swapped",
	.script =
		"A mid 10.0.0.2:4000 10.0.0.9:99\n"
		"A< hello~\n"
		"A> E 1 2000~\n"
		"list\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"state\n",
	.log =
		"new 1 tcp 10.0.0.9:99>10.0.0.2:4000 ESTABLISHED picked-up helper=fake\n"
		"gap client 0\n"
		"gap server 0\n"
		"read from server first picked-up\n"
		"read from client first picked-up\n"
		"announce 1 MADE 10.0.0.2:2000 accepted uncertain\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"conn 1 tcp 10.0.0.9:99>10.0.0.2:4000 ESTABLISHED replied assured picked-up helper=fake\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"state related orig 2\n"
},
{
	.name = "picked up, live: nothing counts that is not earned",
	.options = { .flags = USHER_LIVE },
	.script =
		"A mid 10.0.0.2:4000 10.0.0.9:99\n"
		"A> live~\n"
		"A> E 1 2000 unearned~\n"
		"A> E 1 2001~\n"
		"flags -live\n"
		"A> live~\n"
		"A> E 2 2002 unearned~\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED picked-up helper=fake\n"
		"gap client 0\n"
		"gap server 0\n"
		"read from client first picked-up\n"
		"live 1, items 3\n"
		"read from client picked-up\n"
		"expect answered refused\n"
		"announce 1 MADE 10.0.0.2:2000 refused not-earned uncertain\n"
		"read from client picked-up\n"
		"announce 1 MADE 10.0.0.2:2001 accepted uncertain\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"read from client picked-up\n"
		"live 0, items 3\n"
		"read from client picked-up\n"
		"announce 1 MADE 10.0.0.2:2002 accepted uncertain\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1\n"
},
{
	.name = "third parties, and loose at run time",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 a=10.0.0.3~\n"
		"flags +loose\n"
		"A> E 1 2000 a=10.0.0.3~\n"
		"syn 10.0.0.9:20 10.0.0.3:2000\n"
		"state\n"
		"flags -loose\n"
		"A> E 1 2001 a=10.0.0.3~\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"expect answered refused\n"
		"announce 1 MADE 10.0.0.3:2000 refused third-party-address\n"
		"announce 1 MADE 10.0.0.3:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.3:2000 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.3:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"state related orig 2\n"
		"expect answered refused\n"
		"announce 1 MADE 10.0.0.3:2001 refused third-party-address\n"
},
{
	.name = "refused: another family",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 a=[fd00::2]~\n"
		"B tcp [fd00::2]:4000 [fd00::9]:99\n"
		"B> E 1 2000 a=10.0.0.2; E 2 2001 a=[fd00::2]~\n"
		"A> E 1 2000 p=[a00:9::]:0~\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"expect answered refused\n"
		"announce 1 MADE [fd00::2]:2000 refused address-family\n"
		"new 2 tcp [fd00::2]:4000>[fd00::9]:99 SYN_SENT helper=fake\n"
		"expect answered refused\n"
		"announce 2 MADE 10.0.0.2:2000 refused address-family\n"
		"announce 2 MADE [fd00::2]:2001 accepted\n"
		"expect 1 of 2: tcp [fd00::9]:*>[fd00::2]:2001 MADE data 300s uses 1\n"
		"expect answered refused\n"
		"announce 1 MADE 10.0.0.2:2000 refused address-family\n"
},
{
	.name = "refused: reserved ports, as the class has it",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 1023~\n"
		"A> E 1 1024~\n"
		"A> E 1 22 c=1~\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"expect answered refused\n"
		"announce 1 MADE 10.0.0.2:1023 refused reserved-port\n"
		"announce 1 MADE 10.0.0.2:1024 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:1024 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:22 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:22 MADE calls 60s uses 1\n"
},
{
	.name = "refused: reserved ports, as the options have it",
	.options = { .reserved_below = 5000 },
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 4999 c=1; E 2 5000 c=1~\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"expect answered refused\n"
		"announce 1 MADE 10.0.0.2:4999 refused reserved-port\n"
		"announce 1 MADE 10.0.0.2:5000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:5000 MADE calls 60s uses 1\n"
},
{
	.name = "reserved ports: none",
	.options = { .reserved_below = 1 },
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 22~\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:22 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:22 MADE data 300s uses 1\n"
},
{
	.name = "refused: no port; a third party's without one is that first",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 0; E 2 0 a=10.0.0.3~\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"expect answered refused\n"
		"expect answered refused\n"
		"announce 1 MADE 10.0.0.2:* refused no-port\n"
		"announce 1 MADE 10.0.0.3:* refused no-port\n"
},
{
	.name = "refused by the helper itself: only told",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 code=2 kind=OFFER~\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"expect answered refused\n"
		"announce 1 OFFER 10.0.0.2:2000 refused unwanted\n"
},
{
	.name = "mistakes of the helper's: no such class, no such code, no such port",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 c=3~\n"
		"A> E 1 2000 code=3~\n"
		"A> E 1 70000~\n"
		"A> E 1 2000 p=10.0.0.9:70000~\n"
		"A> E 1 2000 p=0.0.0.0:7~\n"
		"A> E 1 70000 proto=47 both p=10.0.0.9:9~\n"
		"A> N 3 nothing~\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"expect answered bad-call\n"
		"expect answered bad-call\n"
		"expect answered bad-call\n"
		"expect answered bad-call\n"
		"expect answered bad-call\n"
		"expect answered bad-call\n"
},
{
	.name = "two masters cannot expect the same",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"B tcp 10.0.0.2:4001 10.0.0.9:99\n"
		"A> E 1 2000~\n"
		"B> E 1 2000~\n"
		"B> E 1 2000 any~\n"
		"A> W 1~\n"
		"B> E 1 2000~\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"new 2 tcp 10.0.0.2:4001>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"expect answered refused\n"
		"announce 2 MADE 10.0.0.2:2000 refused expectation-clash\n"
		"announce 2 MADE 10.0.0.2:2000 accepted\n"
		"expect 2 of 2: tcp *:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"unexpect 1 withdrawn\n"
		"announce 2 MADE 10.0.0.2:2000 accepted\n"
		"unexpect 2 replaced\n"
		"expect 3 of 2: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
},
{
	.name = "... but what is over is not in the way, swept or not",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"B tcp 10.0.0.2:4001 10.0.0.9:99\n"
		"A> E 1 2000 t=10~\n"
		"timeout A 20\n"
		"wait 10\n"
		"B> E 1 2000~\n"
		"B> W 1~\n"
		"A> E 1 2000~\n"
		"wait 10\n"
		"B> E 1 2000~\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"new 2 tcp 10.0.0.2:4001>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 10s uses 1\n"
		"unexpect 1 timeout\n"
		"announce 2 MADE 10.0.0.2:2000 accepted\n"
		"expect 2 of 2: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"unexpect 2 withdrawn\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"unexpect 3 master_gone\n"
		"announce 2 MADE 10.0.0.2:2000 accepted\n"
		"expect 4 of 2: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"expectation 4 of 2: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
},
{
	.name = "the most exact one first",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 c=1 any;E 2 2000 c=1;E 3 2000 c=1 p=10.0.0.9:7;E 4 2000 c=1 any p=10.0.0.8:7~\n"
		"expects\n"
		"syn 10.0.0.9:7 10.0.0.2:2000\n"
		"syn 10.0.0.9:8 10.0.0.2:2000\n"
		"syn 10.0.0.7:8 10.0.0.2:2000\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp *:*>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 3 of 1: tcp 10.0.0.9:7>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 4 of 1: tcp *:7>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"expectation 1 of 1: tcp *:*>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"expectation 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"expectation 3 of 1: tcp 10.0.0.9:7>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"expectation 4 of 1: tcp *:7>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"new 2 tcp 10.0.0.9:7>10.0.0.2:2000 SYN_SENT related master=1 expect=3\n"
		"hit 3 by 2\n"
		"unexpect 3 used\n"
		"child born: class 1 tag 3\n"
		"new 3 tcp 10.0.0.9:8>10.0.0.2:2000 SYN_SENT related master=1 expect=2\n"
		"hit 2 by 3\n"
		"unexpect 2 used\n"
		"child born: class 1 tag 2\n"
		"new 4 tcp 10.0.0.7:8>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 4\n"
		"unexpect 1 used\n"
		"child born: class 1 tag 1\n"
},
{
	.name = "a peer of its own",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 p=10.0.0.7:55~\n"
		"syn 10.0.0.9:55 10.0.0.2:2000\n"
		"state\n"
		"syn 10.0.0.7:56 10.0.0.2:2000\n"
		"state\n"
		"syn 10.0.0.7:55 10.0.0.2:2000\n"
		"state\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.7:55>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.9:55>10.0.0.2:2000 SYN_SENT\n"
		"state new orig 2\n"
		"new 3 tcp 10.0.0.7:56>10.0.0.2:2000 SYN_SENT\n"
		"state new orig 3\n"
		"new 4 tcp 10.0.0.7:55>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 4\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"state related orig 4\n"
},
{
	.name = "the server listens, or says that the client does",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A< E 1 2000~\n"
		"A< E 2 2001 side=c~\n"
		"syn 10.0.0.2:5000 10.0.0.9:2000\n"
		"state\n"
		"syn 10.0.0.9:5000 10.0.0.2:2001\n"
		"state\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.9:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.2:*>10.0.0.9:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.2:5000>10.0.0.9:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"state related orig 2\n"
		"new 3 tcp 10.0.0.9:5000>10.0.0.2:2001 SYN_SENT related master=1 expect=2\n"
		"hit 2 by 3\n"
		"unexpect 2 used\n"
		"child born: class 0 tag 2\n"
		"state related orig 3\n"
},
{
	.name = "a record that fails: nothing of it happens, but for its notes",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000~\n"
		"A> N 1 ~\n"
		"A> E 2 2001;W 1;E 3 2 ;N 1 of a record that fails;R 1;D;F~\n"
		"A> E 2 2002~\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"note 1 odd: N 1 \n"
		"expect answered refused\n"
		"note 1 odd: N 1 of a record that fails\n"
		"announce 1 MADE 10.0.0.2:2002 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1\n"
		"expectation 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"expectation 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1\n"
},
{
	.name = "... and a later one does",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> F;E 1 2000~\n"
		"A> E 1 2000~\n"
		"A> W 1;F~\n"
		"A> DD;F~\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"expectation 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
},
{
	.name = "more than a record may ask for: told once, the rest takes effect",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 c=1 x=35~\n"
		"count expectations\n"
		"count expect_refused\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"expect answered full\n"
		"expect answered full\n"
		"expect answered full\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2002 accepted\n"
		"expect 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2002 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2003 accepted\n"
		"expect 4 of 1: tcp 10.0.0.9:*>10.0.0.2:2003 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2004 accepted\n"
		"expect 5 of 1: tcp 10.0.0.9:*>10.0.0.2:2004 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2005 accepted\n"
		"expect 6 of 1: tcp 10.0.0.9:*>10.0.0.2:2005 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2006 accepted\n"
		"expect 7 of 1: tcp 10.0.0.9:*>10.0.0.2:2006 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2007 accepted\n"
		"expect 8 of 1: tcp 10.0.0.9:*>10.0.0.2:2007 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2008 accepted\n"
		"expect 9 of 1: tcp 10.0.0.9:*>10.0.0.2:2008 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2009 accepted\n"
		"expect 10 of 1: tcp 10.0.0.9:*>10.0.0.2:2009 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2010 accepted\n"
		"expect 11 of 1: tcp 10.0.0.9:*>10.0.0.2:2010 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2011 accepted\n"
		"expect 12 of 1: tcp 10.0.0.9:*>10.0.0.2:2011 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2012 accepted\n"
		"expect 13 of 1: tcp 10.0.0.9:*>10.0.0.2:2012 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2013 accepted\n"
		"expect 14 of 1: tcp 10.0.0.9:*>10.0.0.2:2013 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2014 accepted\n"
		"expect 15 of 1: tcp 10.0.0.9:*>10.0.0.2:2014 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2015 accepted\n"
		"expect 16 of 1: tcp 10.0.0.9:*>10.0.0.2:2015 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2016 accepted\n"
		"expect 17 of 1: tcp 10.0.0.9:*>10.0.0.2:2016 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2017 accepted\n"
		"expect 18 of 1: tcp 10.0.0.9:*>10.0.0.2:2017 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2018 accepted\n"
		"expect 19 of 1: tcp 10.0.0.9:*>10.0.0.2:2018 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2019 accepted\n"
		"expect 20 of 1: tcp 10.0.0.9:*>10.0.0.2:2019 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2020 accepted\n"
		"expect 21 of 1: tcp 10.0.0.9:*>10.0.0.2:2020 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2021 accepted\n"
		"expect 22 of 1: tcp 10.0.0.9:*>10.0.0.2:2021 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2022 accepted\n"
		"expect 23 of 1: tcp 10.0.0.9:*>10.0.0.2:2022 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2023 accepted\n"
		"expect 24 of 1: tcp 10.0.0.9:*>10.0.0.2:2023 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2024 accepted\n"
		"expect 25 of 1: tcp 10.0.0.9:*>10.0.0.2:2024 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2025 accepted\n"
		"expect 26 of 1: tcp 10.0.0.9:*>10.0.0.2:2025 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2026 accepted\n"
		"expect 27 of 1: tcp 10.0.0.9:*>10.0.0.2:2026 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2027 accepted\n"
		"expect 28 of 1: tcp 10.0.0.9:*>10.0.0.2:2027 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2028 accepted\n"
		"expect 29 of 1: tcp 10.0.0.9:*>10.0.0.2:2028 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2029 accepted\n"
		"expect 30 of 1: tcp 10.0.0.9:*>10.0.0.2:2029 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2030 accepted\n"
		"expect 31 of 1: tcp 10.0.0.9:*>10.0.0.2:2030 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2031 accepted\n"
		"expect 32 of 1: tcp 10.0.0.9:*>10.0.0.2:2031 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2032 refused too-many-requests\n"
		"count expectations 32\n"
		"count expect_refused 1\n"
},
{
	.name = "... of all that is withdrawn too much, everything goes",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 c=1 x=3 proto=17~\n"
		"udp 10.0.0.9:20 10.0.0.2:2000\n"
		"A> W 100 x=33 c=1~\n"
		"list\n"
		"A> E 1 2000 c=1 proto=17~\n"
		"A> W 100 x=33 c=1 children~\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: udp 10.0.0.9:*>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: udp 10.0.0.9:*>10.0.0.2:2001 MADE calls 60s uses 1\n"
		"announce 1 MADE 10.0.0.2:2002 accepted\n"
		"expect 3 of 1: udp 10.0.0.9:*>10.0.0.2:2002 MADE calls 60s uses 1\n"
		"new 2 udp 10.0.0.9:20>10.0.0.2:2000 related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 1 tag 1\n"
		"unexpect 2 withdrawn\n"
		"unexpect 3 withdrawn\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 2 udp 10.0.0.9:20>10.0.0.2:2000 related master=1 expect=1\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 4 of 1: udp 10.0.0.9:*>10.0.0.2:2000 MADE calls 60s uses 1\n"
		"unexpect 4 withdrawn\n"
		"gone 2 master_gone\n"
		"child gone: class 1 tag 1\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
},
{
	.name = "... done is never too much",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 c=1 u=0~\n"
		"A> W 100 x=40 c=2;E 2 2001;DD~\n"
		"A> E 3 2003~\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE calls 60s uses 0\n"
		"expect answered full\n"
		"unexpect 1 withdrawn\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake(done)\n"
},
{
	.name = "done: it reads no more, what it announced stays",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000~\n"
		"A> D;E 2 2001~\n"
		"A> E 3 2002~\n"
		"list\n"
		"syn 10.0.0.9:20 10.0.0.2:2001\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake(done)\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2001 SYN_SENT related master=1 expect=2\n"
		"hit 2 by 2\n"
		"unexpect 2 used\n"
},
{
	.name = "done for good: that goes as well",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"A> E 2 2001;DD~\n"
		"A> E 3 2002~\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"unexpect 2 withdrawn\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake(done)\n"
		"conn 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
},
{
	.name = "a datagram is a record",
	.script =
		"A udp 10.0.0.2:4000 10.0.0.9:98\n"
		"A> E 1 2000 proto=17\n"
		"A< E 2 2001 proto=17\n"
		"udp 10.0.0.9:20 10.0.0.2:2000\n"
		"state\n"
		"A> E 2 2002 c=1 proto=17 kind=12345678901234567890 x=1;{ *60}\n"
		"A> D\n"
		"A> E 3 2003\n"
		"count records\n"
		"count records_cut\n",
	.log =
		"new 1 udp 10.0.0.2:4000>10.0.0.9:98 helper=dgram\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: udp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.9:2001 accepted\n"
		"expect 2 of 1: udp 10.0.0.2:*>10.0.0.9:2001 MADE data 300s uses 1\n"
		"new 2 udp 10.0.0.9:20>10.0.0.2:2000 related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"state related orig 2\n"
		"read from client cut\n"
		"announce 1 123456789012345 10.0.0.2:2002 accepted\n"
		"expect 3 of 1: udp 10.0.0.9:*>10.0.0.2:2002 123456789012345 calls 60s uses 1\n"
		"count records 4\n"
		"count records_cut 1\n"
},
{
	.name = "no room for another helper's state: the connection goes on without",
	.options = { .helped = 1 },
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"B tcp 10.0.0.2:4001 10.0.0.9:99\n"
		"B> E 1 2000~\n"
		"A> E 1 2000 h=fake~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"A> D~\n"
		"C tcp 10.0.0.2:4002 10.0.0.9:99\n"
		"C> E 1 2002~\n"
		"count help_full\n"
		"count helped\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"new 2 tcp 10.0.0.2:4001>10.0.0.9:99 SYN_SENT\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 3 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 3\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"new 4 tcp 10.0.0.2:4002>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 4 MADE 10.0.0.2:2002 accepted\n"
		"expect 2 of 4: tcp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1\n"
		"count help_full 2\n"
		"count helped 2\n"
},
{
	.name = "no room for a child: it is refused, and may come again",
	.options = { .helped = 1, .related = 1 },
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 u=2~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"syn 10.0.0.9:21 10.0.0.2:2000\n"
		"state\n"
		"wait 121\n"
		"A> E 1 2000~\n"
		"syn 10.0.0.9:21 10.0.0.2:2000\n"
		"count table_full\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 2\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"invalid table-full\n"
		"state invalid drop table-full\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"again 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"gone 2 timeout\n"
		"child gone: class 0 tag 1\n"
		"new 4 tcp 10.0.0.9:21>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 4\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"count table_full 1\n"
},
{
	.name = "marks: a child begins with its master's",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"mark A 7\n"
		"A> E 1 2000~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"mark A 8\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1 mark=7\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake mark=8\n"
		"conn 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1 mark=7\n"
},
{
	.name = "a call of two keys: the client's side speaks first",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 5 proto=47 both p=10.0.0.9:9 ct=600,18000~\n"
		"expects\n"
		"gre 10.0.0.2:0 10.0.0.9:9\n"
		"state\n"
		"gre 10.0.0.9:0 10.0.0.2:5\n"
		"state\n"
		"gre 10.0.0.9:0 10.0.0.2:6\n"
		"state\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:5 accepted\n"
		"expect 1 of 1: gre 10.0.0.9:9>10.0.0.2:5 MADE data 300s uses 1 both\n"
		"expectation 1 of 1: gre 10.0.0.9:9>10.0.0.2:5 MADE data 300s uses 1 both\n"
		"new 2 gre 10.0.0.2:5>10.0.0.9:9 related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"state related orig 2\n"
		"state established reply 2\n"
		"new 3 gre 10.0.0.9:*>10.0.0.2:6\n"
		"state new orig 3\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 2 gre 10.0.0.2:5>10.0.0.9:9 replied related master=1 expect=1\n"
		"conn 3 gre 10.0.0.9:*>10.0.0.2:6\n"
},
{
	.name = "a call that stands comes back after its time; all are refreshed and withdrawn at once",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 5 c=1 proto=47 both p=10.0.0.9:9 u=0 forever ct=60,100~\n"
		"A> E 2 6 c=1 proto=47 both p=10.0.0.9:8 u=0 forever ct=60,100~\n"
		"gre 10.0.0.2:0 10.0.0.9:9\n"
		"gre 10.0.0.2:0 10.0.0.9:8\n"
		"wait 59\n"
		"A> R all c=1~\n"
		"wait 59\n"
		"tick\n"
		"list\n"
		"wait 2\n"
		"tick\n"
		"wait 100000\n"
		"gre 10.0.0.9:0 10.0.0.2:5\n"
		"A> W all c=0 children~\n"
		"A> W all c=1 children~\n"
		"gre 10.0.0.9:0 10.0.0.2:5\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:5 accepted\n"
		"expect 1 of 1: gre 10.0.0.9:9>10.0.0.2:5 MADE calls 4294967295s uses 0 both\n"
		"announce 1 MADE 10.0.0.2:6 accepted\n"
		"expect 2 of 1: gre 10.0.0.9:8>10.0.0.2:6 MADE calls 4294967295s uses 0 both\n"
		"new 2 gre 10.0.0.2:5>10.0.0.9:9 related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 1 tag 1\n"
		"new 3 gre 10.0.0.2:6>10.0.0.9:8 related master=1 expect=2\n"
		"hit 2 by 3\n"
		"child born: class 1 tag 2\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 2 gre 10.0.0.2:5>10.0.0.9:9 related master=1 expect=1\n"
		"conn 3 gre 10.0.0.2:6>10.0.0.9:8 related master=1 expect=2\n"
		"gone 2 timeout\n"
		"gone 3 timeout\n"
		"child gone: class 1 tag 1\n"
		"child gone: class 1 tag 2\n"
		"new 4 gre 10.0.0.9:9>10.0.0.2:5 related master=1 expect=1\n"
		"hit 1 by 4\n"
		"child born: class 1 tag 1\n"
		"unexpect 1 withdrawn\n"
		"unexpect 2 withdrawn\n"
		"gone 4 master_gone\n"
		"child gone: class 1 tag 1\n"
		"new 5 gre 10.0.0.9:*>10.0.0.2:5\n"
},
{
	.name = "a call in use keeps its master, if that is not closing",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 5 c=1 proto=47 both p=10.0.0.9:9 u=0 forever keeps~\n"
		"wait 300000\n"
		"gre 10.0.0.2:0 10.0.0.9:9\n"
		"wait 300000\n"
		"gre 10.0.0.9:0 10.0.0.2:5\n"
		"list\n"
		"A> hello~\n"
		"A>fin\n"
		"wait 100\n"
		"gre 10.0.0.9:0 10.0.0.2:5\n"
		"list\n"
		"wait 21\n"
		"tick\n"
		"gre 10.0.0.9:0 10.0.0.2:5\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:5 accepted\n"
		"expect 1 of 1: gre 10.0.0.9:9>10.0.0.2:5 MADE calls 4294967295s uses 0 both\n"
		"new 2 gre 10.0.0.2:5>10.0.0.9:9 related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 1 tag 1\n"
		"gone 2 timeout\n"
		"new 3 gre 10.0.0.9:9>10.0.0.2:5 related master=1 expect=1\n"
		"hit 1 by 3\n"
		"child gone: class 1 tag 1\n"
		"child born: class 1 tag 1\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 3 gre 10.0.0.9:9>10.0.0.2:5 related master=1 expect=1\n"
		"gone 3 timeout\n"
		"new 4 gre 10.0.0.9:9>10.0.0.2:5 related master=1 expect=1\n"
		"hit 1 by 4\n"
		"child gone: class 1 tag 1\n"
		"child born: class 1 tag 1\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 FIN_WAIT replied assured helper=fake\n"
		"conn 4 gre 10.0.0.9:9>10.0.0.2:5 related master=1 expect=1\n"
		"unexpect 1 master_gone\n"
		"gone 4 master_gone\n"
		"gone 1 closed\n"
		"new 5 gre 10.0.0.9:*>10.0.0.2:5\n"
},
{
	.name = "... the server's",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 5 proto=47 both p=10.0.0.9:9~\n"
		"gre 10.0.0.9:0 10.0.0.2:5\n"
		"state\n"
		"gre 10.0.0.2:0 10.0.0.9:9\n"
		"state\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:5 accepted\n"
		"expect 1 of 1: gre 10.0.0.9:9>10.0.0.2:5 MADE data 300s uses 1 both\n"
		"new 2 gre 10.0.0.9:9>10.0.0.2:5 related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"state related orig 2\n"
		"state established reply 2\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 2 gre 10.0.0.9:9>10.0.0.2:5 replied related master=1 expect=1\n"
},
{
	.name = "... one direction had come before: the call takes its place",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"gre 10.0.0.2:0 10.0.0.9:9\n"
		"A> E 1 5 proto=47 both p=10.0.0.9:9~\n"
		"gre 10.0.0.2:0 10.0.0.9:9\n"
		"state\n"
		"gre 10.0.0.9:0 10.0.0.2:5\n"
		"state\n"
		"gre 10.0.0.2:0 10.0.0.9:9\n"
		"state\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"new 2 gre 10.0.0.2:*>10.0.0.9:9\n"
		"announce 1 MADE 10.0.0.2:5 accepted\n"
		"gone 2 replaced\n"
		"expect 1 of 1: gre 10.0.0.9:9>10.0.0.2:5 MADE data 300s uses 1 both\n"
		"new 3 gre 10.0.0.2:5>10.0.0.9:9 related master=1 expect=1\n"
		"hit 1 by 3\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"state related orig 3\n"
		"state established reply 3\n"
		"state established orig 3\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 3 gre 10.0.0.2:5>10.0.0.9:9 replied assured related master=1 expect=1\n"
},
{
	.name = "... the same call again, from another control connection, when both ends have forgotten the first",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 5 proto=47 both p=10.0.0.9:9~\n"
		"gre 10.0.0.9:0 10.0.0.2:5\n"
		"B tcp 10.0.0.2:4001 10.0.0.9:99\n"
		"B> E 1 6 proto=47 both p=10.0.0.9:9~\n"
		"gre 10.0.0.9:0 10.0.0.2:6\n"
		"gre 10.0.0.2:0 10.0.0.9:9\n"
		"state\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:5 accepted\n"
		"expect 1 of 1: gre 10.0.0.9:9>10.0.0.2:5 MADE data 300s uses 1 both\n"
		"new 2 gre 10.0.0.9:9>10.0.0.2:5 related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"new 3 tcp 10.0.0.2:4001>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 3 MADE 10.0.0.2:6 accepted\n"
		"expect 2 of 3: gre 10.0.0.9:9>10.0.0.2:6 MADE data 300s uses 1 both\n"
		"gone 2 replaced\n"
		"new 4 gre 10.0.0.9:9>10.0.0.2:6 related master=3 expect=2\n"
		"hit 2 by 4\n"
		"unexpect 2 used\n"
		"child gone: class 0 tag 1\n"
		"child born: class 0 tag 1\n"
		"state established reply 4\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 3 tcp 10.0.0.2:4001>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 4 gre 10.0.0.9:9>10.0.0.2:6 replied related master=3 expect=2\n"
},
{
	.name = "... and no two masters for either side of it",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"B tcp 10.0.0.2:4001 10.0.0.9:99\n"
		"A> E 1 5 proto=47 both p=10.0.0.9:9;E 2 6 proto=47 both p=10.0.0.9:9~\n"
		"B> E 1 6 proto=47 both p=10.0.0.9:8~\n"
		"B> E 1 7 proto=47 both p=10.0.0.9:9~\n"
		"B> E 1 7 proto=47 both p=10.0.0.9:7~\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"new 2 tcp 10.0.0.2:4001>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:5 accepted\n"
		"expect 1 of 1: gre 10.0.0.9:9>10.0.0.2:5 MADE data 300s uses 1 both\n"
		"announce 1 MADE 10.0.0.2:6 accepted\n"
		"unexpect 1 replaced\n"
		"expect 2 of 1: gre 10.0.0.9:9>10.0.0.2:6 MADE data 300s uses 1 both\n"
		"expect answered refused\n"
		"announce 2 MADE 10.0.0.2:6 refused expectation-clash\n"
		"expect answered refused\n"
		"announce 2 MADE 10.0.0.2:7 refused expectation-clash\n"
		"announce 2 MADE 10.0.0.2:7 accepted\n"
		"expect 3 of 2: gre 10.0.0.9:7>10.0.0.2:7 MADE data 300s uses 1 both\n"
		"expectation 2 of 1: gre 10.0.0.9:9>10.0.0.2:6 MADE data 300s uses 1 both\n"
		"expectation 3 of 2: gre 10.0.0.9:7>10.0.0.2:7 MADE data 300s uses 1 both\n"
},
{
	.name = "... call ids may be 0",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 0 proto=47 both p=10.0.0.9:0~\n"
		"gre 10.0.0.9:0 10.0.0.2:0\n"
		"gre 10.0.0.2:0 10.0.0.9:0\n"
		"state\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:* accepted\n"
		"expect 1 of 1: gre 10.0.0.9:*>10.0.0.2:* MADE data 300s uses 1 both\n"
		"new 2 gre 10.0.0.9:*>10.0.0.2:* related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"state established reply 2\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 2 gre 10.0.0.9:*>10.0.0.2:* replied related master=1 expect=1\n"
},
{
	.name = "GRE with a key of its own, and without an announced call",
	.script =
		"gre0 10.0.0.2:7 10.0.0.9:70000\n"
		"gre0 10.0.0.9:7 10.0.0.2:70000\n"
		"gre0 10.0.0.9:7 10.0.0.2:4464\n"
		"gre 10.0.0.2:0 10.0.0.9:9\n"
		"gre 10.0.0.9:0 10.0.0.2:9\n"
		"list\n",
	.log =
		"new 1 gre 10.0.0.2:70000>10.0.0.9:70000\n"
		"new 2 gre 10.0.0.9:4464>10.0.0.2:4464\n"
		"new 3 gre 10.0.0.2:*>10.0.0.9:9\n"
		"new 4 gre 10.0.0.9:*>10.0.0.2:9\n"
		"conn 1 gre 10.0.0.2:70000>10.0.0.9:70000 replied\n"
		"conn 2 gre 10.0.0.9:4464>10.0.0.2:4464\n"
		"conn 3 gre 10.0.0.2:*>10.0.0.9:9\n"
		"conn 4 gre 10.0.0.9:*>10.0.0.2:9\n"
},
{
	.name = "zones keep all of it apart",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000~\n"
		"zone 5\n"
		"B tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"state\n"
		"B> E 1 2000~\n"
		"syn 10.0.0.9:21 10.0.0.2:2000\n"
		"state\n"
		"zone 0\n"
		"syn 10.0.0.9:22 10.0.0.2:2000\n"
		"state\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 2 tcp zone 5 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"new 3 tcp zone 5 10.0.0.9:20>10.0.0.2:2000 SYN_SENT\n"
		"state new orig 3\n"
		"announce 2 MADE 10.0.0.2:2000 accepted\n"
		"expect 2 of 2: tcp zone 5 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 4 tcp zone 5 10.0.0.9:21>10.0.0.2:2000 SYN_SENT related master=2 expect=2\n"
		"hit 2 by 4\n"
		"unexpect 2 used\n"
		"child born: class 0 tag 1\n"
		"state related orig 4\n"
		"new 5 tcp 10.0.0.9:22>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 5\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"state related orig 5\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 2 tcp zone 5 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"conn 3 tcp zone 5 10.0.0.9:20>10.0.0.2:2000 SYN_SENT\n"
		"conn 4 tcp zone 5 10.0.0.9:21>10.0.0.2:2000 SYN_SENT related master=2 expect=2\n"
		"conn 5 tcp 10.0.0.9:22>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
},
{
	.name = "errors about a connection are related to it, and keep it from nothing",
	.script =
		"udp 10.0.0.2:1 10.0.0.9:1\n"
		"A udp 10.0.0.2:4000 10.0.0.9:53\n"
		"A> question\n"
		"error 10.0.0.1 A>\n"
		"state\n"
		"A< answer\n"
		"error 10.0.0.2 A<\n"
		"state\n"
		"wait 30\n"
		"error 10.0.0.1 A>\n"
		"state\n"
		"count invalid\n"
		"list\n",
	.log =
		"new 1 udp 10.0.0.2:1>10.0.0.9:1\n"
		"new 2 udp 10.0.0.2:4000>10.0.0.9:53\n"
		"state related reply 2\n"
		"state related orig 2\n"
		"invalid icmp-quote\n"
		"state invalid icmp-quote\n"
		"count invalid 1\n"
},
{
	.name = "... of IPv6",
	.script =
		"A udp [fd00::2]:4000 [fd00::9]:53\n"
		"A> question\n"
		"error [fd00::1] A>\n"
		"state\n",
	.log =
		"new 1 udp [fd00::2]:4000>[fd00::9]:53\n"
		"state related reply 1\n"
},
{
	.name = "... about nothing that is known",
	.script =
		"A udp 10.0.0.2:4000 10.0.0.9:53\n"
		"A> question\n"
		"delete A\n"
		"error 10.0.0.1 A>\n"
		"state\n",
	.log =
		"new 1 udp 10.0.0.2:4000>10.0.0.9:53\n"
		"gone 1 deleted\n"
		"invalid icmp-quote\n"
		"state invalid icmp-quote\n"
},
{
	.name = "fragments and strangers",
	.script =
		"A udp 10.0.0.2:4000 10.0.0.9:53\n"
		"A> question\n"
		"fragment A>\n"
		"state\n"
		"pong 10.0.0.2:5 10.0.0.9:5\n"
		"state\n"
		"other 10.0.0.2:5 10.0.0.9:5\n"
		"state\n"
		"other 10.0.0.9:5 10.0.0.2:5\n"
		"state\n"
		"flags +drop\n"
		"pong 10.0.0.2:5 10.0.0.9:5\n"
		"state\n"
		"count untracked\n"
		"count invalid\n",
	.log =
		"new 1 udp 10.0.0.2:4000>10.0.0.9:53\n"
		"state untracked fragment\n"
		"invalid icmp-type\n"
		"state invalid icmp-type\n"
		"new 2 unknown 10.0.0.2:*>10.0.0.9:*\n"
		"state new orig 2\n"
		"state established reply 2\n"
		"invalid icmp-type\n"
		"state invalid drop icmp-type\n"
		"count untracked 1\n"
		"count invalid 2\n"
},
{
	.name = "pings",
	.script =
		"ping 10.0.0.2:5 10.0.0.9:5\n"
		"ping 10.0.0.2:6 10.0.0.9:6\n"
		"ping 10.0.0.9:5 10.0.0.2:5\n"
		"pong 10.0.0.9:5 10.0.0.2:5\n"
		"state\n"
		"ping [fd00::2]:5 [fd00::9]:5\n"
		"pong [fd00::9]:5 [fd00::2]:5\n"
		"state\n"
		"list\n",
	.log =
		"new 1 icmp 10.0.0.2:5>10.0.0.9:5\n"
		"new 2 icmp 10.0.0.2:6>10.0.0.9:6\n"
		"new 3 icmp 10.0.0.9:5>10.0.0.2:5\n"
		"state established reply 1\n"
		"new 4 icmpv6 [fd00::2]:5>[fd00::9]:5\n"
		"state established reply 4\n"
		"conn 1 icmp 10.0.0.2:5>10.0.0.9:5 replied\n"
		"conn 2 icmp 10.0.0.2:6>10.0.0.9:6\n"
		"conn 3 icmp 10.0.0.9:5>10.0.0.2:5\n"
		"conn 4 icmpv6 [fd00::2]:5>[fd00::9]:5 replied\n"
},
{
	.name = "IPv6",
	.script =
		"A tcp [fd00::2]:4000 [fd00::9]:99\n"
		"A> E 1 2000~\n"
		"B tcp [fd00::9]:20 [fd00::2]:2000\n"
		"list\n",
	.log =
		"new 1 tcp [fd00::2]:4000>[fd00::9]:99 SYN_SENT helper=fake\n"
		"announce 1 MADE [fd00::2]:2000 accepted\n"
		"expect 1 of 1: tcp [fd00::9]:*>[fd00::2]:2000 MADE data 300s uses 1\n"
		"new 2 tcp [fd00::9]:20>[fd00::2]:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"conn 1 tcp [fd00::2]:4000>[fd00::9]:99 ESTABLISHED replied assured helper=fake\n"
		"conn 2 tcp [fd00::9]:20>[fd00::2]:2000 ESTABLISHED replied assured related master=1 expect=1\n"
},
{
	.name = "nothing was ever answered but by a reset",
	.script =
		"A mid 10.0.0.2:4000 10.0.0.9:80\n"
		"A>syn\n"
		"A<rst\n"
		"state\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:80 SYN_SENT\n"
		"gone 1 closed\n"
		"state established\n"
},
{
	.name = "the same tuple again after the end",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000~\n"
		"A close\n"
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000~\n"
		"list\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"unexpect 1 master_gone\n"
		"gone 1 closed\n"
		"new 2 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 2 MADE 10.0.0.2:2000 accepted\n"
		"expect 2 of 2: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"conn 2 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
		"expectation 2 of 2: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
},
{
	.name = "records: cut, and with a gap before",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> {x*500}~\n"
		"A> E 1 2000~\n"
		"A>x E 2 2001~\n"
		"A>> E 3 2002~\n"
		"A<ack\n"
		"A> E 4 2003~\n"
		"expects\n"
		"count gaps\n"
		"count records_cut\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"read from client first cut\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"gap client 10\n"
		"read from client after-gap\n"
		"announce 1 MADE 10.0.0.2:2002 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2003 accepted\n"
		"unexpect 1 replaced\n"
		"expect 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2003 MADE data 300s uses 1\n"
		"expectation 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2003 MADE data 300s uses 1\n"
		"expectation 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1\n"
		"count gaps 1\n"
		"count records_cut 1\n"
},
{
	.name = "children: what is told of them comes when the packet is done",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> born E 9 3000 c=1~\n"
		"A> E 1 2000 h=leaf~\n"
		"B tcp 10.0.0.9:20 10.0.0.2:2000\n"
		"B> E 1 2500~\n"
		"delete B\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related helper=leaf master=1 expect=1\n"
		"hit 1 by 2\n"
		"unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"announce 1 MADE 10.0.0.2:3000 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:3000 MADE calls 60s uses 1\n"
		"announce 2 MADE 10.0.0.9:2500 accepted\n"
		"expect 3 of 2: tcp 10.0.0.2:*>10.0.0.9:2500 MADE data 300s uses 1\n"
		"unexpect 3 master_gone\n"
		"gone 2 deleted\n"
		"child gone: class 0 tag 1\n"
},
{
	.name = "children: the helper may end them as they are born",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> born W 1 children~\n"
		"A> E 1 2000 u=0~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"state\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 0\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"unexpect 1 withdrawn\n"
		"gone 2 master_gone\n"
		"child gone: class 0 tag 1\n"
		"state related\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
},
{
	.name = "children: one's end is the others'",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> gone W 1 children~\n"
		"A> E 1 2000 u=0;E 2 2001~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"syn 10.0.0.9:21 10.0.0.2:2000\n"
		"syn 10.0.0.9:22 10.0.0.2:2000\n"
		"syn 10.0.0.9:23 10.0.0.2:2001\n"
		"A> W 2 children~\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 0\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"new 3 tcp 10.0.0.9:21>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 3\n"
		"child born: class 0 tag 1\n"
		"new 4 tcp 10.0.0.9:22>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 4\n"
		"child born: class 0 tag 1\n"
		"new 5 tcp 10.0.0.9:23>10.0.0.2:2001 SYN_SENT related master=1 expect=2\n"
		"hit 2 by 5\n"
		"unexpect 2 used\n"
		"child born: class 0 tag 2\n"
		"gone 5 master_gone\n"
		"child gone: class 0 tag 2\n"
		"unexpect 1 withdrawn\n"
		"gone 4 master_gone\n"
		"gone 3 master_gone\n"
		"gone 2 master_gone\n"
		"child gone: class 0 tag 1\n"
		"child gone: class 0 tag 1\n"
		"child gone: class 0 tag 1\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake\n"
},
{
	.name = "children: a helper that has heard enough",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> born DD~\n"
		"A> E 1 2000 u=0;E 2 2001~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"syn 10.0.0.9:21 10.0.0.2:2000\n"
		"A> E 3 2003~\n"
		"list\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 0\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"unexpect 1 withdrawn\n"
		"unexpect 2 withdrawn\n"
		"new 3 tcp 10.0.0.9:21>10.0.0.2:2000 SYN_SENT\n"
		"conn 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake(done)\n"
		"conn 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"conn 3 tcp 10.0.0.9:21>10.0.0.2:2000 SYN_SENT\n"
},
{
	.name = "children: born and withdrawn within one record's work",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> gone E 5 2005~\n"
		"A> E 1 2000 u=0~\n"
		"syn 10.0.0.9:20 10.0.0.2:2000\n"
		"A> W 1 children;E 2 2001;E 3 2002~\n"
		"expects\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 0\n"
		"new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1\n"
		"hit 1 by 2\n"
		"child born: class 0 tag 1\n"
		"unexpect 1 withdrawn\n"
		"gone 2 master_gone\n"
		"announce 1 MADE 10.0.0.2:2001 accepted\n"
		"expect 2 of 1: tcp 10.0.0.9:*>10.0.0.2:2001 MADE data 300s uses 1\n"
		"announce 1 MADE 10.0.0.2:2002 accepted\n"
		"expect 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1\n"
		"child gone: class 0 tag 1\n"
		"announce 1 MADE 10.0.0.2:2005 accepted\n"
		"unexpect 2 replaced\n"
		"expect 4 of 1: tcp 10.0.0.9:*>10.0.0.2:2005 MADE data 300s uses 1\n"
		"expectation 4 of 1: tcp 10.0.0.9:*>10.0.0.2:2005 MADE data 300s uses 1\n"
		"expectation 3 of 1: tcp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1\n"
},
{
	.name = "names: without NAT everyone knows them as they are",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> M 2000~\n"
		"A< M 2001~\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"mapped to 10.0.0.2:2000\n"
		"mapped to 10.0.0.9:2001\n"
},
{
	.name = "a packet that changes nothing: a second SYN, a repeated line",
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A>syn\n"
		"state\n"
		"A> E 1 2000~\n"
		"A>@0,10\n"
		"state\n"
		"count overlap_bytes\n"
		"count records\n",
	.log =
		"new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake\n"
		"state established orig 1 tcp-state\n"
		"announce 1 MADE 10.0.0.2:2000 accepted\n"
		"expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1\n"
		"state established orig 1\n"
		"count overlap_bytes 10\n"
		"count records 1\n"
},
{
	.name = "every field of every event",
	.full = true,
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"wait 1\n"
		"A> E 1 2000 t=20;E 2 2001 a=10.0.0.3;N 2 why~\n"
		"A> E 1 2000 t=20~\n"
		"B tcp 10.0.0.9:20 10.0.0.2:2000\n"
		"A> E 3 2003 proto=17 u=3 any~\n"
		"mark A 5\n"
		"pong 10.0.0.2:5 10.0.0.9:5\n"
		"timeout A 40\n"
		"wait 100\n"
		"udp 10.0.0.9:7 10.0.0.2:2003\n"
		"A> late~\n",
	.log =
		"[1000000000000 1] new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake type 0 reply "
			"10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 10 reversed 0 packets 0 0 bytes 0 0 start "
			"1000000000000 last 1000000000000 deadline 1120000000000 expectations 0 ref 1.2.0\n"
		"[1000000000000 2] update 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_RECV replied helper=fake type 0 reply "
			"10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 11 reversed 0 packets 1 1 bytes 48 48 start "
			"1000000000000 last 1000000000000 deadline 1060000000000 expectations 0 ref 1.2.0\n"
		"[1000000000000 3] update 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake type 0 "
			"reply 10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 13 reversed 0 packets 2 1 bytes 88 48 start "
			"1000000000000 last 1000000000000 deadline 433000000000000 expectations 0 ref 1.2.0\n"
		"expect answered refused\n"
		"[1001000000000 4] note 1 unwanted: N 2 why\n"
		"[1001000000000 4] announce 1 MADE 10.0.0.2:2000 accepted helper fake protocol 6 peer *:* text -\n"
		"[1001000000000 4] expect 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 20s uses 1 helper fake deadline "
			"1021000000000 master 1.2\n"
		"[1001000000000 4] announce 1 MADE 10.0.0.3:2001 refused third-party-address helper fake protocol 6 peer *:* "
			"text the address is not the announcer's own (allow with loose)\n"
		"[1001000000000 6] announce 1 MADE 10.0.0.2:2000 accepted helper fake protocol 6 peer *:* text -\n"
		"[1001000000000 6] again 1 of 1: tcp 10.0.0.9:*>10.0.0.2:2000 MADE data 20s uses 1 helper fake deadline "
			"1021000000000 master 1.2\n"
		"[1001000000000 8] new 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_SENT related master=1 expect=1 type 0 reply "
			"10.0.0.2:2000>10.0.0.9:20 type 0 zone 0 family 4 flags 8 reversed 0 packets 0 0 bytes 0 0 start "
			"1001000000000 last 1001000000000 deadline 1121000000000 expectations 0 ref 2.2.0\n"
		"[1001000000000 8] hit 1 by 2\n"
		"[1001000000000 8] unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"[1001000000000 9] update 2 tcp 10.0.0.9:20>10.0.0.2:2000 SYN_RECV replied related master=1 expect=1 type 0 "
			"reply 10.0.0.2:2000>10.0.0.9:20 type 0 zone 0 family 4 flags 9 reversed 0 packets 1 1 bytes 48 48 start "
			"1001000000000 last 1001000000000 deadline 1061000000000 expectations 0 ref 2.2.0\n"
		"[1001000000000 10] update 2 tcp 10.0.0.9:20>10.0.0.2:2000 ESTABLISHED replied assured related master=1 "
			"expect=1 type 0 reply 10.0.0.2:2000>10.0.0.9:20 type 0 zone 0 family 4 flags b reversed 0 packets 2 1 bytes "
			"88 48 start 1001000000000 last 1001000000000 deadline 433001000000000 expectations 0 ref 2.2.0\n"
		"[1001000000000 11] announce 1 MADE 10.0.0.2:2003 accepted helper fake protocol 17 peer *:* text -\n"
		"[1001000000000 11] expect 2 of 1: udp *:*>10.0.0.2:2003 MADE data 300s uses 3 helper fake deadline "
			"1301000000000 master 1.2\n"
		"[1001000000000 13] invalid icmp-type protocol 1 type 0 10.0.0.2:5>10.0.0.9:5 direction 0\n"
		"[1041000000000 0] unexpect 2 master_gone\n"
		"[1041000000000 0] gone 2 master_gone 2 tcp 10.0.0.9:20>10.0.0.2:2000 ESTABLISHED replied assured related "
			"master=1 expect=1 type 0 reply 10.0.0.2:2000>10.0.0.9:20 type 0 zone 0 family 4 flags b reversed 0 packets "
			"2 1 bytes 88 48 start 1001000000000 last 1001000000000 deadline 433001000000000 expectations 0 ref 2.2.0\n"
		"[1041000000000 0] gone 1 timeout 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake "
			"mark=5 type 0 reply 10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 13 reversed 0 packets 5 4 bytes "
			"293 168 start 1000000000000 last 1000000000000 deadline 1041000000000 expectations 0 ref 1.2.0\n"
		"[1101000000000 14] new 3 udp 10.0.0.9:7>10.0.0.2:2003 type 0 reply 10.0.0.2:2003>10.0.0.9:7 type 0 zone 0 "
			"family 4 flags 0 reversed 0 packets 0 0 bytes 0 0 start 1101000000000 last 1101000000000 deadline "
			"1131000000000 expectations 0 ref 1.6.0\n"
		"[1101000000000 15] new 4 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED picked-up helper=fake type 0 reply "
			"10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 14 reversed 0 packets 0 0 bytes 0 0 start "
			"1101000000000 last 1101000000000 deadline 1401000000000 expectations 0 ref 2.6.0\n"
		"gap client 0\n"
		"gap server 0\n"
		"read from client first picked-up\n"
		"[1101000000000 16] update 4 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied picked-up helper=fake type 0 "
			"reply 10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 15 reversed 0 packets 1 1 bytes 46 40 start "
			"1101000000000 last 1101000000000 deadline 1401000000000 expectations 0 ref 2.6.0\n"
},
{
	.name = "... what a deadline ends has that time, and no frame; and so has what ends with it",
	.full = true,
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 c=1 proto=17 ct=5000,5000;E 2 2001 proto=17 t=15;E 3 2002 proto=17~\n"
		"udp 10.0.0.9:20 10.0.0.2:2000\n"
		"timeout A 20\n"
		"wait 100\n"
		"tick\n",
	.log =
		"[1000000000000 1] new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake type 0 reply "
			"10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 10 reversed 0 packets 0 0 bytes 0 0 start "
			"1000000000000 last 1000000000000 deadline 1120000000000 expectations 0 ref 1.2.0\n"
		"[1000000000000 2] update 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_RECV replied helper=fake type 0 reply "
			"10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 11 reversed 0 packets 1 1 bytes 48 48 start "
			"1000000000000 last 1000000000000 deadline 1060000000000 expectations 0 ref 1.2.0\n"
		"[1000000000000 3] update 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake type 0 "
			"reply 10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 13 reversed 0 packets 2 1 bytes 88 48 start "
			"1000000000000 last 1000000000000 deadline 433000000000000 expectations 0 ref 1.2.0\n"
		"[1000000000000 4] announce 1 MADE 10.0.0.2:2000 accepted helper fake protocol 17 peer *:* text -\n"
		"[1000000000000 4] expect 1 of 1: udp 10.0.0.9:*>10.0.0.2:2000 MADE calls 60s uses 1 helper fake deadline "
			"1060000000000 master 1.2\n"
		"[1000000000000 4] announce 1 MADE 10.0.0.2:2001 accepted helper fake protocol 17 peer *:* text -\n"
		"[1000000000000 4] expect 2 of 1: udp 10.0.0.9:*>10.0.0.2:2001 MADE data 15s uses 1 helper fake deadline "
			"1015000000000 master 1.2\n"
		"[1000000000000 4] announce 1 MADE 10.0.0.2:2002 accepted helper fake protocol 17 peer *:* text -\n"
		"[1000000000000 4] expect 3 of 1: udp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1 helper fake deadline "
			"1300000000000 master 1.2\n"
		"[1000000000000 6] new 2 udp 10.0.0.9:20>10.0.0.2:2000 related master=1 expect=1 type 0 reply "
			"10.0.0.2:2000>10.0.0.9:20 type 0 zone 0 family 4 flags 8 reversed 0 packets 0 0 bytes 0 0 start "
			"1000000000000 last 1000000000000 deadline 6000000000000 expectations 0 ref 2.2.0\n"
		"[1000000000000 6] hit 1 by 2\n"
		"[1000000000000 6] unexpect 1 used\n"
		"child born: class 1 tag 1\n"
		"[1015000000000 0] unexpect 2 timeout\n"
		"[1020000000000 0] unexpect 3 master_gone\n"
		"[1020000000000 0] gone 2 master_gone 2 udp 10.0.0.9:20>10.0.0.2:2000 related master=1 expect=1 type 0 reply "
			"10.0.0.2:2000>10.0.0.9:20 type 0 zone 0 family 4 flags 8 reversed 0 packets 1 0 bytes 28 0 start "
			"1000000000000 last 1000000000000 deadline 6000000000000 expectations 0 ref 2.2.0\n"
		"[1020000000000 0] gone 1 timeout 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake "
			"type 0 reply 10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 13 reversed 0 packets 3 2 bytes 205 88 "
			"start 1000000000000 last 1000000000000 deadline 1020000000000 expectations 0 ref 1.2.0\n"
},
{
	.name = "... found by a packet for the child, or by one that it had expected",
	.full = true,
	.script =
		"A tcp 10.0.0.2:4000 10.0.0.9:99\n"
		"A> E 1 2000 proto=17 ct=5000,5000;E 3 2002 proto=17~\n"
		"udp 10.0.0.9:20 10.0.0.2:2000\n"
		"timeout A 20\n"
		"wait 100\n"
		"udp 10.0.0.2:2000 10.0.0.9:20\n"
		"B tcp 10.0.0.2:4001 10.0.0.9:99\n"
		"B> E 1 2002 proto=17~\n"
		"timeout B 20\n"
		"wait 100\n"
		"udp 10.0.0.9:20 10.0.0.2:2002\n",
	.log =
		"[1000000000000 1] new 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_SENT helper=fake type 0 reply "
			"10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 10 reversed 0 packets 0 0 bytes 0 0 start "
			"1000000000000 last 1000000000000 deadline 1120000000000 expectations 0 ref 1.2.0\n"
		"[1000000000000 2] update 1 tcp 10.0.0.2:4000>10.0.0.9:99 SYN_RECV replied helper=fake type 0 reply "
			"10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 11 reversed 0 packets 1 1 bytes 48 48 start "
			"1000000000000 last 1000000000000 deadline 1060000000000 expectations 0 ref 1.2.0\n"
		"[1000000000000 3] update 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake type 0 "
			"reply 10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 13 reversed 0 packets 2 1 bytes 88 48 start "
			"1000000000000 last 1000000000000 deadline 433000000000000 expectations 0 ref 1.2.0\n"
		"[1000000000000 4] announce 1 MADE 10.0.0.2:2000 accepted helper fake protocol 17 peer *:* text -\n"
		"[1000000000000 4] expect 1 of 1: udp 10.0.0.9:*>10.0.0.2:2000 MADE data 300s uses 1 helper fake deadline "
			"1300000000000 master 1.2\n"
		"[1000000000000 4] announce 1 MADE 10.0.0.2:2002 accepted helper fake protocol 17 peer *:* text -\n"
		"[1000000000000 4] expect 2 of 1: udp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1 helper fake deadline "
			"1300000000000 master 1.2\n"
		"[1000000000000 6] new 2 udp 10.0.0.9:20>10.0.0.2:2000 related master=1 expect=1 type 0 reply "
			"10.0.0.2:2000>10.0.0.9:20 type 0 zone 0 family 4 flags 8 reversed 0 packets 0 0 bytes 0 0 start "
			"1000000000000 last 1000000000000 deadline 6000000000000 expectations 0 ref 2.2.0\n"
		"[1000000000000 6] hit 1 by 2\n"
		"[1000000000000 6] unexpect 1 used\n"
		"child born: class 0 tag 1\n"
		"[1020000000000 0] unexpect 2 master_gone\n"
		"[1020000000000 0] gone 2 master_gone 2 udp 10.0.0.9:20>10.0.0.2:2000 related master=1 expect=1 type 0 reply "
			"10.0.0.2:2000>10.0.0.9:20 type 0 zone 0 family 4 flags 8 reversed 0 packets 1 0 bytes 28 0 start "
			"1000000000000 last 1000000000000 deadline 6000000000000 expectations 0 ref 2.2.0\n"
		"[1020000000000 0] gone 1 timeout 1 tcp 10.0.0.2:4000>10.0.0.9:99 ESTABLISHED replied assured helper=fake "
			"type 0 reply 10.0.0.9:99>10.0.0.2:4000 type 0 zone 0 family 4 flags 13 reversed 0 packets 3 2 bytes 178 88 "
			"start 1000000000000 last 1000000000000 deadline 1020000000000 expectations 0 ref 1.2.0\n"
		"[1100000000000 7] new 3 udp 10.0.0.2:2000>10.0.0.9:20 type 0 reply 10.0.0.9:20>10.0.0.2:2000 type 0 zone 0 "
			"family 4 flags 0 reversed 0 packets 0 0 bytes 0 0 start 1100000000000 last 1100000000000 deadline "
			"1130000000000 expectations 0 ref 1.6.0\n"
		"[1100000000000 8] new 4 tcp 10.0.0.2:4001>10.0.0.9:99 SYN_SENT helper=fake type 0 reply "
			"10.0.0.9:99>10.0.0.2:4001 type 0 zone 0 family 4 flags 10 reversed 0 packets 0 0 bytes 0 0 start "
			"1100000000000 last 1100000000000 deadline 1220000000000 expectations 0 ref 2.6.0\n"
		"[1100000000000 9] update 4 tcp 10.0.0.2:4001>10.0.0.9:99 SYN_RECV replied helper=fake type 0 reply "
			"10.0.0.9:99>10.0.0.2:4001 type 0 zone 0 family 4 flags 11 reversed 0 packets 1 1 bytes 48 48 start "
			"1100000000000 last 1100000000000 deadline 1160000000000 expectations 0 ref 2.6.0\n"
		"[1100000000000 10] update 4 tcp 10.0.0.2:4001>10.0.0.9:99 ESTABLISHED replied assured helper=fake type 0 "
			"reply 10.0.0.9:99>10.0.0.2:4001 type 0 zone 0 family 4 flags 13 reversed 0 packets 2 1 bytes 88 48 start "
			"1100000000000 last 1100000000000 deadline 433100000000000 expectations 0 ref 2.6.0\n"
		"[1100000000000 11] announce 4 MADE 10.0.0.2:2002 accepted helper fake protocol 17 peer *:* text -\n"
		"[1100000000000 11] expect 3 of 4: udp 10.0.0.9:*>10.0.0.2:2002 MADE data 300s uses 1 helper fake deadline "
			"1400000000000 master 2.6\n"
		"[1120000000000 0] unexpect 3 master_gone\n"
		"[1120000000000 0] gone 4 timeout 4 tcp 10.0.0.2:4001>10.0.0.9:99 ESTABLISHED replied assured helper=fake "
			"type 0 reply 10.0.0.9:99>10.0.0.2:4001 type 0 zone 0 family 4 flags 13 reversed 0 packets 3 2 bytes 147 88 "
			"start 1100000000000 last 1100000000000 deadline 1120000000000 expectations 0 ref 2.6.0\n"
		"[1200000000000 13] new 5 udp 10.0.0.9:20>10.0.0.2:2002 type 0 reply 10.0.0.2:2002>10.0.0.9:20 type 0 zone 0 "
			"family 4 flags 0 reversed 0 packets 0 0 bytes 0 0 start 1200000000000 last 1200000000000 deadline "
			"1230000000000 expectations 0 ref 2.10.0\n"
		"[1130000000000 0] gone 3 timeout 3 udp 10.0.0.2:2000>10.0.0.9:20 type 0 reply 10.0.0.9:20>10.0.0.2:2000 "
			"type 0 zone 0 family 4 flags 0 reversed 0 packets 1 0 bytes 28 0 start 1100000000000 last 1100000000000 "
			"deadline 1130000000000 expectations 0 ref 1.6.0\n"
},
