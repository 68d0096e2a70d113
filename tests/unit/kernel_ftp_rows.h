/*
 * Rows of test_kernel_ftp.c: FTP as clients, servers and attackers write it, what the kernel's helper makes of it, and
 * what usher does.
 */

/* ---- Every form, well formed ---- */
{
	"port-none", KERNEL_OPENS, 0,
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"the model of all announcements"
},
{
	"eprt-none", KERNEL_OPENS, 0,
	"A> EPRT |1|10.0.0.2|20485|~\n",
	"EPRT 10.0.0.2:20485\n",
	"announced as the RFCs have it"
},
{
	"eprt6-none", KERNEL_OPENS, V6,
	"A> EPRT |2|fd00:1::2|20485|~\n",
	"EPRT [fd00:1::2]:20485\n",
	"announced as the RFCs have it"
},
{
	"eprt6-none-full-form", KERNEL_UNASKED, V6,
	"A> EPRT |2|fd00:0001:0000:0000:0000:0000:0000:0002|20485|~\n",
	"EPRT [fd00:1::2]:20485\n",
	"an address has many spellings"
},
{
	"pasv-none", KERNEL_OPENS, 0,
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485\n",
	"the reply to a PASV that was seen"
},
{
	"epsv-none", KERNEL_OPENS, 0,
	"A> EPSV~\n"
	"A< 229 Entering Extended Passive Mode (|||20485|)~\n",
	"EPSV 198.51.100.2:20485\n",
	"announced as the RFCs have it"
},
{
	"epsv6-none", KERNEL_OPENS, V6,
	"A> EPSV~\n"
	"A< 229 Entering Extended Passive Mode (|||20485|)~\n",
	"EPSV [2001:db8:1::2]:20485\n",
	"announced as the RFCs have it"
},
{
	"epsv-none-1", KERNEL_UNASKED, 0,
	"A> EPSV 1~\n"
	"A< 229 Entering Extended Passive Mode (|||20485|)~\n",
	"EPSV 198.51.100.2:20485\n",
	"RFC 2428: the protocol may be named in the question"
},
{
	"epsv6-none-2", KERNEL_UNASKED, V6,
	"A> EPSV 2~\n"
	"A< 229 Entering Extended Passive Mode (|||20485|)~\n",
	"EPSV [2001:db8:1::2]:20485\n",
	"announced as the RFCs have it"
},
{
	"real-none-port", KERNEL_OPENS, 0,
	"A> TYPE I~\n"
	"A< 200 Switching to Binary mode.~\n"
	"A> PORT 10,0,0,2,80,5~\n"
	"A< 200 PORT command successful. Consider using PASV.~\n"
	"A> RETR file~\n",
	"PORT 10.0.0.2:20485\n",
	"as vsftpd and curl say it"
},
{
	"real-none-pasv", KERNEL_OPENS, 0,
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,5).~\n"
	"A> RETR file~\n",
	"PASV 198.51.100.2:20485\n",
	"as vsftpd and lftp say it"
},
{
	"real-none-epsv", KERNEL_OPENS, 0,
	"A> EPSV~\n"
	"A< 229 Entering Extended Passive Mode (|||20485|)~\n"
	"A> RETR file~\n",
	"EPSV 198.51.100.2:20485\n",
	"announced as the RFCs have it"
},

/* ---- Letter case ---- */
{
	"lower-port", KERNEL_OPENS, 0,
	"A> port 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"commands have any letter case (RFC 959 5.3)"
},
{
	"lower-eprt", KERNEL_OPENS, 0,
	"A> eprt |1|10.0.0.2|20485|~\n",
	"EPRT 10.0.0.2:20485\n",
	"commands have any letter case (RFC 959 5.3)"
},
{
	"lower-eprt6", KERNEL_UNASKED, V6,
	"A> eprt |2|fd00:1::2|20485|~\n",
	"EPRT [fd00:1::2]:20485\n",
	"commands have any letter case (RFC 959 5.3)"
},
{
	"lower-epsv", KERNEL_OPENS, 0,
	"A> epsv~\n"
	"A< 229 entering extended passive mode (|||20485|)~\n",
	"EPSV 198.51.100.2:20485\n",
	"commands have any letter case (RFC 959 5.3)"
},
{
	"lower-pasv", KERNEL_UNASKED, 0,
	"A> pasv~\n"
	"A< 227 entering passive mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485\n",
	"commands have any letter case (RFC 959 5.3)"
},
{
	"mixed-port", KERNEL_OPENS, 0,
	"A> pOrT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"commands have any letter case (RFC 959 5.3)"
},

/* ---- Numbers ---- */
{
	"port-leading-zeros", KERNEL_OPENS, 0,
	"A> PORT 010,000,000,002,080,005~\n",
	"PORT 10.0.0.2:20485\n",
	"decimal, whatever zeros stand before"
},
{
	"port-many-zeros", KERNEL_OPENS, 0,
	"A> PORT {0*500}10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"decimal, whatever zeros stand before"
},
{
	"eprt-bang", KERNEL_OPENS, 0,
	"A> EPRT !1!10.0.0.2!20485!~\n",
	"EPRT 10.0.0.2:20485\n",
	"any delimiter (RFC 2428 2)"
},
{
	"229-bang", KERNEL_OPENS, 0,
	"A> EPSV~\n"
	"A< 229 Entering Extended Passive Mode (!!!20485!)~\n",
	"EPSV 198.51.100.2:20485\n",
	"any delimiter (RFC 2428 2)"
},
{
	"port-258", KERNEL_PASSES, 0,
	"A> PORT 10,0,0,258,80,5~\n",
	"(number-over-255)\n",
	"a number over 255 is no byte: the kernel takes it for another address"
},
{
	"port-wrap-address", KERNEL_OPENS, 0,
	"A> PORT 4294967306,0,0,2,80,5~\n",
	"(number-over-255)\n",
	"the kernel lets it wrap to 10"
},
{
	"port-wrap-port-low", KERNEL_OPENS, 0,
	"A> PORT 10,0,0,2,0,20485~\n",
	"(number-over-255)\n",
	"the kernel accepts one number for both bytes of the port"
},
{
	"port-wrap-port-high", KERNEL_OPENS, 0,
	"A> PORT 10,0,0,2,336,5~\n",
	"(number-over-255)\n",
	"the kernel lets it wrap"
},
{
	"eprt-wrap-port", KERNEL_OPENS, 0,
	"A> EPRT |1|10.0.0.2|86021|~\n",
	"(port-over-65535)\n",
	"the kernel lets it wrap"
},
{
	"227-wrap-port", KERNEL_OPENS, 0,
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,0,20485)~\n",
	"(number-over-255)\n",
	"the kernel accepts one number for both bytes of the port"
},
{
	"port-zero", KERNEL_OPENS, 0,
	"A> PORT 10,0,0,2,0,0~\n",
	"PORT 10.0.0.2:* refused: port-zero\n",
	"the kernel opens port 0"
},
{
	"227-zero", KERNEL_OPENS, 0,
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,0,0)~\n",
	"PASV 198.51.100.2:* refused: port-zero\n",
	"nobody listens at port 0"
},
{
	"eprt-port-zero", KERNEL_STALLS, 0,
	"A> EPRT |1|10.0.0.2|0|~\n",
	"EPRT 10.0.0.2:* refused: port-zero\n",
	"nobody listens at port 0"
},
{
	"229-zero", KERNEL_UNASKED, 0,
	"A> EPSV~\n"
	"A< 229 Entering Extended Passive Mode (|||0|)~\n",
	"EPSV 198.51.100.2:* refused: port-zero\n",
	"nobody listens at port 0"
},
{
	"port-privileged-22", KERNEL_OPENS, 0,
	"A> PORT 10,0,0,2,0,22~\n",
	"PORT 10.0.0.2:22 refused: reserved-port\n",
	"reserved ports are nobody's data port (RFC 2577); the kernel opens it"
},
{
	"pasv-privileged-22", KERNEL_UNASKED, 0,
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,0,22)~\n",
	"PASV 198.51.100.2:22 refused: reserved-port\n",
	"reserved ports are nobody's data port (RFC 2577)"
},
{
	"epsv-privileged-22", KERNEL_UNASKED, 0,
	"A> EPSV~\n"
	"A< 229 Entering Extended Passive Mode (|||22|)~\n",
	"EPSV 198.51.100.2:22 refused: reserved-port\n",
	"reserved ports are nobody's data port (RFC 2577)"
},

/* ---- A command cut anywhere. The kernel drops the first part for ever; here records are put together ---- */
{
	"split-1", KERNEL_STALLS, 0,
	"A>> P\n"
	"A> ORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-2", KERNEL_STALLS, 0,
	"A>> PO\n"
	"A> RT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-4", KERNEL_STALLS, 0,
	"A>> PORT\n"
	"A>  10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-5", KERNEL_STALLS, 0,
	"A>> PORT%20\n"
	"A> 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-8", KERNEL_STALLS, 0,
	"A>> PORT 10,\n"
	"A> 0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-14", KERNEL_STALLS, 0,
	"A>> PORT 10,0,0,2,\n"
	"A> 80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-midnumber", KERNEL_STALLS, 0,
	"A>> PORT 10,0,0,2,8\n"
	"A> 0,5~\n",
	"PORT 10.0.0.2:20485\n",
	"the port is 20485 with both halves, 8 with one"
},
{
	"split-beforeCR", KERNEL_STALLS, 0,
	"A>> PORT 10,0,0,2,80,5\n"
	"A> ~\n",
	"PORT 10.0.0.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-3parts", KERNEL_STALLS, 0,
	"A>> PORT 10\n"
	"A>> ,0,0,2\n"
	"A> ,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-nogap", KERNEL_STALLS, 0,
	"A>> PORT 10,0,\n"
	"A>> 0,2,80,5~\n"
	"A<ack\n",
	"PORT 10.0.0.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-every-byte", KERNEL_UNASKED, 0,
	"A>> P\n"
	"A>> O\n"
	"A>> R\n"
	"A>> T\n"
	"A>> %20\n"
	"A>> 1\n"
	"A>> 0\n"
	"A>> ,\n"
	"A>> 0\n"
	"A>> ,\n"
	"A>> 0\n"
	"A>> ,\n"
	"A>> 2\n"
	"A>> ,\n"
	"A>> 8\n"
	"A>> 0\n"
	"A>> ,\n"
	"A>> 5\n"
	"A>> %0d\n"
	"A> %0a\n",
	"PORT 10.0.0.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-8-wait30", KERNEL_STALLS, 0,
	"A>> PORT 10,\n"
	"wait 30\n"
	"A> 0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"nothing is dropped, so nothing is waited for; an incomplete record waits as long as it must"
},
{
	"split-8-nosack", KERNEL_OPENS, 0,
	"A>> PORT 10,\n"
	"A>x 0,0,2,80,5~\n"
	"A>@16,20\n"
	"A<ack\n",
	"PORT 10.0.0.2:20485\n",
	"the sender merges both parts in one retransmission, which says the first part again"
},
{
	"split-8-second-part-first", KERNEL_UNASKED, 0,
	"A>x PORT 10,\n"
	"A>> 0,0,2,80,5~\n"
	"A>@16,8\n"
	"A<ack\n",
	"PORT 10.0.0.2:20485\n",
	"the first part was dropped by the kernel and comes last"
},
{
	"split-beforeLF", KERNEL_OPENS, 0,
	"A>> PORT 10,0,0,2,80,5%0d\n"
	"A> %0a\n",
	"PORT 10.0.0.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-eprt", KERNEL_UNASKED, 0,
	"A>> EPRT |1|10.0.\n"
	"A> 0.2|20485|~\n",
	"EPRT 10.0.0.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-eprt6", KERNEL_UNASKED, V6,
	"A>> EPRT |2|fd00:1:\n"
	"A> :2|20485|~\n",
	"EPRT [fd00:1::2]:20485\n",
	"records are put together from whatever segments"
},
{
	"split-epsv", KERNEL_UNASKED, 0,
	"A>> EP\n"
	"A> SV~\n"
	"A< 229 Entering Extended Passive Mode (|||20485|)~\n",
	"EPSV 198.51.100.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-pasv", KERNEL_UNASKED, 0,
	"A>> PA\n"
	"A> SV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485\n",
	"the kernel needs no PASV"
},

/* ---- A reply cut ---- */
{
	"split-227-code", KERNEL_STALLS, 0,
	"A> PASV~\n"
	"A<< 22\n"
	"A< 7 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-227-paren", KERNEL_STALLS, 0,
	"A> PASV~\n"
	"A<< 227 Entering Passive Mode (\n"
	"A< 198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-227-midnumber", KERNEL_STALLS, 0,
	"A> PASV~\n"
	"A<< 227 Entering Passive Mode (198,51,100,2,8\n"
	"A< 0,5)~\n",
	"PASV 198.51.100.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-227-before-paren", KERNEL_STALLS, 0,
	"A> PASV~\n"
	"A<< 227 Entering Passive Mode (198,51,100,2,80,5\n"
	"A< )~\n",
	"PASV 198.51.100.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-227-after-paren", KERNEL_OPENS, 0,
	"A> PASV~\n"
	"A<< 227 Entering Passive Mode (198,51,100,2,80,5)\n"
	"A< ~\n",
	"PASV 198.51.100.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-229-code", KERNEL_STALLS, 0,
	"A> EPSV~\n"
	"A<< 229\n"
	"A<  Entering Extended Passive Mode (|||20485|)~\n",
	"EPSV 198.51.100.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-229-midnumber", KERNEL_STALLS, 0,
	"A> EPSV~\n"
	"A<< 229 Entering Extended Passive Mode (|||204\n"
	"A< 85|)~\n",
	"EPSV 198.51.100.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-229-before-paren", KERNEL_STALLS, 0,
	"A> EPSV~\n"
	"A<< 229 Entering Extended Passive Mode (|||20485|\n"
	"A< )~\n",
	"EPSV 198.51.100.2:20485\n",
	"records are put together from whatever segments"
},
{
	"split-229-after-paren", KERNEL_OPENS, 0,
	"A> EPSV~\n"
	"A<< 229 Entering Extended Passive Mode (|||20485|)\n"
	"A< ~\n",
	"EPSV 198.51.100.2:20485\n",
	"records are put together from whatever segments"
},

/* ---- Several lines in one segment: the kernel sees the first ---- */
{
	"pipe-type-port", KERNEL_PASSES, 0,
	"A> TYPE I~PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"passes the kernel unseen, the private address with it"
},
{
	"pipe-replies-200-227", KERNEL_PASSES, 0,
	"A> TYPE I~PASV~\n"
	"A< 200 ok~227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485\n",
	"every line of a segment is read"
},
{
	"pipe-replies-200-229", KERNEL_UNASKED, 0,
	"A> TYPE I~EPSV~\n"
	"A< 200 ok~229 Entering Extended Passive Mode (|||20485|)~\n",
	"EPSV 198.51.100.2:20485\n",
	"every line of a segment is read"
},
{
	"pipe-port-retr", KERNEL_OPENS, 0,
	"A> PORT 10,0,0,2,80,5~RETR file~\n",
	"PORT 10.0.0.2:20485\n",
	"every line of a segment is read"
},
{
	"pipe-227-150", KERNEL_OPENS, 0,
	"A> PASV~RETR file~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,5)~150 here it comes~\n",
	"PASV 198.51.100.2:20485\n",
	"every line of a segment is read"
},
{
	"pipe-port-eprt", KERNEL_OPENS, 0,
	"A> PORT 10,0,0,2,80,5~EPRT |1|10.0.0.2|20486|~\n",
	"PORT 10.0.0.2:20485\n"
	"EPRT 10.0.0.2:20486\n",
	"both are read; one at a time: the second takes the first's place (the kernel sees the first)"
},
{
	"pipe-port-port", KERNEL_OPENS, 0,
	"A> PORT 10,0,0,2,80,5~PORT 10,0,0,2,80,6~\n",
	"PORT 10.0.0.2:20485\n"
	"PORT 10.0.0.2:20486\n",
	"every line of a segment is read"
},
{
	"pipe-2seg-port-port", KERNEL_OPENS, 0,
	"A> PORT 10,0,0,2,80,5~\n"
	"A> PORT 10,0,0,2,80,6~\n",
	"PORT 10.0.0.2:20485\n"
	"PORT 10.0.0.2:20486\n",
	"as in the kernel, whose maximum is one"
},
{
	"pipe-pasv-epsv", KERNEL_UNASKED, 0,
	"A> PASV~EPSV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,5)~\n"
	"A< 229 Entering Extended Passive Mode (|||20486|)~\n",
	"PASV 198.51.100.2:20485\n"
	"EPSV 198.51.100.2:20486\n",
	"one announcement for each that is outstanding"
},
{
	"pipe-everything", KERNEL_UNASKED, 0,
	"A> USER x~PASS y~TYPE I~PORT 10,0,0,2,80,5~LIST~NOOP~\n"
	"A<ack\n",
	"PORT 10.0.0.2:20485\n",
	"every line of a segment is read"
},
{
	"pipe-half-lines", KERNEL_UNASKED, 0,
	"A>> TYPE I~PO\n"
	"A> RT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"a segment that ends within the next command"
},

/* ---- Multi-line replies ---- */
{
	"multi-227-1seg", KERNEL_PASSES, 0,
	"A> PASV~\n"
	"A< 227-Entering~227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485\n",
	"the last line is the reply"
},
{
	"multi-229-1seg", KERNEL_PASSES, 0,
	"A> EPSV~\n"
	"A< 229-Entering~229 Entering Extended Passive Mode (|||20485|)~\n",
	"EPSV 198.51.100.2:20485\n",
	"the last line is the reply (RFC 959 4.2)"
},
{
	"multi-227-2seg", KERNEL_OPENS, 0,
	"A> PASV~\n"
	"A< 227-Entering~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485\n",
	"the last line is the reply (RFC 959 4.2)"
},
{
	"multi-229-2seg", KERNEL_OPENS, 0,
	"A> EPSV~\n"
	"A< 229-Entering~\n"
	"A< 229 Entering Extended Passive Mode (|||20485|)~\n",
	"EPSV 198.51.100.2:20485\n",
	"the last line is the reply (RFC 959 4.2)"
},
{
	"multi-227-inner", KERNEL_PASSES, 0,
	"A> PASV~\n"
	"A< 227-Entering Passive Mode (198,51,100,2,80,5)~227 ok~\n",
	"(no-address)\n",
	"numbers on an inner line are text (RFC 959 4.2): nobody connects there"
},
{
	"multi-230-inner-227", KERNEL_UNASKED, 0,
	"A> PASV~\n"
	"A< 230-Hello~227 Entering Passive Mode (198,51,100,2,80,5)~230 in~\n",
	"",
	"a 227 within another reply is its text; the kernel takes it"
},
{
	"multi-230-then-227", KERNEL_UNASKED, 0,
	"A> USER x~PASV~\n"
	"A< 230-Hello~ 227 is a number~230 in~227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485\n",
	"the last line is the reply (RFC 959 4.2)"
},

/* ---- 227 and 229 as servers write them ---- */
{
	"227-noparen", KERNEL_OPENS, 0,
	"A> PASV~\n"
	"A< 227 Entering Passive Mode 198,51,100,2,80,5~\n",
	"PASV 198.51.100.2:20485\n",
	"the parentheses are nobody's duty (RFC 1123 4.1.2.6)"
},
{
	"227-noparen-dot", KERNEL_OPENS, 0,
	"A> PASV~\n"
	"A< 227 Entering Passive Mode 198,51,100,2,80,5.~\n",
	"PASV 198.51.100.2:20485\n",
	"the parentheses are nobody's duty (RFC 1123 4.1.2.6)"
},
{
	"227-equals", KERNEL_OPENS, 0,
	"A> PASV~\n"
	"A< 227 =198,51,100,2,80,5~\n",
	"PASV 198.51.100.2:20485\n",
	"the parentheses are nobody's duty (RFC 1123 4.1.2.6)"
},
{
	"227-digit-before", KERNEL_STALLS, 0,
	"A> PASV~\n"
	"A< 227 Passive 4u (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485\n",
	"a number in the text before is text"
},
{
	"227-ok", KERNEL_STALLS, 0,
	"A> PASV~\n"
	"A< 227 ok~\n",
	"(no-address)\n",
	"nothing in it; it passes"
},
{
	"229-noparen", KERNEL_STALLS, 0,
	"A> EPSV~\n"
	"A< 229 Extended |||20485|~\n",
	"EPSV 198.51.100.2:20485\n",
	"the bars are enough"
},
{
	"229-full", KERNEL_STALLS, 0,
	"A> EPSV~\n"
	"A< 229 Entering Extended Passive Mode (|1|198.51.100.2|20485|)~\n",
	"EPSV 198.51.100.2:20485\n",
	"the server's own address"
},
{
	"229-full6", KERNEL_UNASKED, V6,
	"A> EPSV~\n"
	"A< 229 Entering Extended Passive Mode (|2|2001:db8:1::2|20485|)~\n",
	"EPSV [2001:db8:1::2]:20485\n",
	"the server's own address"
},
{
	"229-full-other-address", KERNEL_UNASKED, 0,
	"A> EPSV~\n"
	"A< 229 Entering Extended Passive Mode (|1|198.51.100.3|20485|)~\n",
	"EPSV 198.51.100.3:20485 refused: epsv-address\n",
	"not the server's own: no bounce by EPSV"
},
{
	"229-other-protocol", KERNEL_UNASKED, 0,
	"A> EPSV~\n"
	"A< 229 Entering Extended Passive Mode (|2||20485|)~\n",
	"(net-protocol)\n",
	"the control connection's protocol counts"
},
{
	"229-nothing", KERNEL_UNASKED, 0,
	"A> EPSV~\n"
	"A< 229 ok~\n",
	"(no-address)\n",
	"nothing in it; it passes"
},
{
	"227-five-numbers", KERNEL_UNASKED, 0,
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80)~\n",
	"(no-address)\n",
	"it takes six"
},
{
	"227-unasked", KERNEL_UNASKED, 0,
	"A< 227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485 refused: unasked\n",
	"nobody asked: the server may be the attacker"
},
{
	"229-unasked", KERNEL_UNASKED, 0,
	"A< 229 Entering Extended Passive Mode (|||20485|)~\n",
	"EPSV 198.51.100.2:20485 refused: unasked\n",
	"nobody asked"
},
{
	"227-twice", KERNEL_UNASKED, 0,
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,5)~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,6)~\n",
	"PASV 198.51.100.2:20485\n"
	"PASV 198.51.100.2:20486 refused: unasked\n",
	"one for each PASV"
},
{
	"227-after-epsv", KERNEL_UNASKED, 0,
	"A> EPSV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485 refused: unasked\n",
	"the answer to another question"
},

/* ---- The first of all lines ---- */
{
	"port-first-command", KERNEL_PASSES, BARE,
	"A tcp 10.0.0.2:40000 198.51.100.2:21\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"the kernel must have seen a line end before"
},
{
	"port-first-after-greeting", KERNEL_UNASKED, BARE,
	"A tcp 10.0.0.2:40000 198.51.100.2:21\n"
	"A< 220 ready~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"reading begins at the first byte"
},
{
	"pasv-first-reply", KERNEL_PASSES, BARE,
	"A tcp 10.0.0.2:40000 198.51.100.2:21\n"
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485\n",
	"reading begins at the first byte"
},

/* ---- Badly formed: the kernel drops what begins like a command and does not parse, for ever. Here it passes, and says why ---- */
{
	"port-two-spaces", KERNEL_STALLS, 0,
	"A> PORT  10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"blanks do no harm"
},
{
	"port-space-before-cr", KERNEL_STALLS, 0,
	"A> PORT 10,0,0,2,80,5 ~\n",
	"PORT 10.0.0.2:20485\n",
	"blanks do no harm"
},
{
	"port-lf-only", KERNEL_STALLS, 0,
	"A> PORT 10,0,0,2,80,5%0a\n",
	"PORT 10.0.0.2:20485\n",
	"real clients do it"
},
{
	"port-tab", KERNEL_STALLS, 0,
	"A> PORT%0910,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"blanks do no harm"
},
{
	"port-spaces-in-arguments", KERNEL_STALLS, 0,
	"A> PORT 10, 0, 0, 2, 80, 5~\n",
	"PORT 10.0.0.2:20485\n",
	"blanks do no harm"
},
{
	"port-no-arguments", KERNEL_STALLS, 0,
	"A> PORT~\n",
	"(bad-arguments)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"port-5-numbers", KERNEL_STALLS, 0,
	"A> PORT 10,0,0,2,80~\n",
	"(bad-arguments)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"port-7-numbers", KERNEL_STALLS, 0,
	"A> PORT 10,0,0,2,80,5,6~\n",
	"(bad-arguments)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"port-trailing-text", KERNEL_STALLS, 0,
	"A> PORT 10,0,0,2,80,5 please~\n",
	"(bad-arguments)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"port-letters", KERNEL_UNASKED, 0,
	"A> PORT a,b,c,d,e,f~\n",
	"(bad-arguments)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"port-negative", KERNEL_UNASKED, 0,
	"A> PORT 10,0,0,2,-80,5~\n",
	"(bad-arguments)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"port-dots", KERNEL_UNASKED, 0,
	"A> PORT 10.0.0.2,80,5~\n",
	"(bad-arguments)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"port-comma-last", KERNEL_UNASKED, 0,
	"A> PORT 10,0,0,2,80,5,~\n",
	"(bad-arguments)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"port-crcr", KERNEL_UNASKED, 0,
	"A> PORT 10,0,0,2,80,5%0d~\n",
	"PORT 10.0.0.2:20485\n",
	"two CRs before the LF are one line end"
},
{
	"portx-cmd", KERNEL_STALLS, 0,
	"A> PORTABLE 10,0,0,2,80,5~\n",
	"(not-a-command)\n",
	"no verb of three or four letters: it is no FTP"
},
{
	"eprt-2-on-ipv4", KERNEL_STALLS, 0,
	"A> EPRT |2|10.0.0.2|20485|~\n",
	"(net-address)\n",
	"the address is no IPv6 address"
},
{
	"eprt-ipv6-on-ipv4", KERNEL_UNASKED, 0,
	"A> EPRT |2|fd00:1::2|20485|~\n",
	"EPRT [fd00:1::2]:20485 refused: family-mismatch\n",
	"another family than the control connection's"
},
{
	"eprt-3", KERNEL_UNASKED, 0,
	"A> EPRT |3|10.0.0.2|20485|~\n",
	"(net-protocol)\n",
	"no such protocol"
},
{
	"eprt-no-last-delimiter", KERNEL_UNASKED, 0,
	"A> EPRT |1|10.0.0.2|20485~\n",
	"(bad-arguments)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"eprt-no-address", KERNEL_UNASKED, 0,
	"A> EPRT |1||20485|~\n",
	"(net-address)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"eprt-no-port", KERNEL_UNASKED, 0,
	"A> EPRT |1|10.0.0.2||~\n",
	"(bad-arguments)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"eprt-no-arguments", KERNEL_UNASKED, 0,
	"A> EPRT~\n",
	"(bad-arguments)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"eprt-digit-delimiter", KERNEL_UNASKED, 0,
	"A> EPRT 1110.0.0.21204851~\n",
	"(delimiter)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"eprt-two-delimiters", KERNEL_UNASKED, 0,
	"A> EPRT |1|10.0.0.2!20485|~\n",
	"(bad-arguments)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"eprt-leading-zero-address", KERNEL_UNASKED, 0,
	"A> EPRT |1|010.0.0.2|20485|~\n",
	"(net-address)\n",
	"some read it as octal: no address"
},
{
	"eprt6-brackets", KERNEL_UNASKED, V6,
	"A> EPRT |2|[fd00:1::2]|20485|~\n",
	"(net-address)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"eprt6-zone", KERNEL_UNASKED, V6,
	"A> EPRT |2|fe80::1%25eth0|20485|~\n",
	"(net-address)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"eprt6-too-many-groups", KERNEL_UNASKED, V6,
	"A> EPRT |2|1:2:3:4:5:6:7:8:9|20485|~\n",
	"(net-address)\n",
	"it says nothing that could be believed; it passes, and is noted"
},
{
	"eprt6-v4-mapped", KERNEL_UNASKED, V6,
	"A> EPRT |2|::ffff:10.0.0.2|20485|~\n",
	"EPRT [::ffff:10.0.0.2]:20485 refused: third-party-address\n",
	"an IPv4 address in disguise is not the client's own"
},
{
	"port-on-ipv6", KERNEL_UNASKED, V6,
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485 refused: family-mismatch\n",
	"PORT has no IPv6 address"
},
{
	"leading-space-port", KERNEL_PASSES, 0,
	"A>  PORT 10,0,0,2,80,5~\n",
	"(not-a-command)\n",
	"a command does not begin with a blank"
},
{
	"telnet-iac-port", KERNEL_PASSES, 0,
	"A> %ff%f1PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"Telnet's IAC NOP is no text"
},
{
	"telnet-abor-port", KERNEL_UNASKED, 0,
	"A> %ff%f4%ff%f2ABOR~PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"IAC IP, IAC DM, as RFC 959 4.1.3 has it before ABOR"
},

/* ---- Third parties ---- */
{
	"bounce-port-other-inside", KERNEL_PASSES, 0,
	"A> PORT 10,0,0,3,80,5~\n",
	"PORT 10.0.0.3:20485 refused: third-party-address\n",
	"another inside host"
},
{
	"bounce-port-gateway", KERNEL_PASSES, 0,
	"A> PORT 198,51,100,1,80,5~\n",
	"PORT 198.51.100.1:20485 refused: third-party-address\n",
	"the gateway's public address"
},
{
	"bounce-eprt", KERNEL_PASSES, 0,
	"A> EPRT |1|10.0.0.3|20485|~\n",
	"EPRT 10.0.0.3:20485 refused: third-party-address\n",
	"the address is not the announcer's own"
},
{
	"bounce-eprt6", KERNEL_UNASKED, V6,
	"A> EPRT |2|fd00:1::3|20485|~\n",
	"EPRT [fd00:1::3]:20485 refused: third-party-address\n",
	"the address is not the announcer's own"
},
{
	"bounce-227", KERNEL_PASSES, 0,
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (198,51,100,3,80,5)~\n",
	"PASV 198.51.100.3:20485 refused: third-party-address\n",
	"a third host"
},
{
	"bounce-227-private", KERNEL_UNASKED, 0,
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (192,168,1,5,80,5)~\n",
	"PASV 192.168.1.5:20485 refused: third-party-address\n",
	"an address from behind a server's own NAT"
},
{
	"bounce-227-zeros", KERNEL_UNASKED, 0,
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (0,0,0,0,80,5)~\n",
	"PASV 0.0.0.0:20485 refused: third-party-address\n",
	"the address is not the announcer's own"
},
{
	"bounce-port-server", KERNEL_UNASKED, 0,
	"A> PORT 198,51,100,2,80,5~\n",
	"PORT 198.51.100.2:20485 refused: third-party-address\n",
	"the server's own address, said by the client"
},
{
	"bounce-port-loose", KERNEL_UNASKED, 0,
	"flags +loose\n"
	"A> PORT 10,0,0,3,80,5~\n",
	"PORT 10.0.0.3:20485\n",
	"what the administrator allows (loose)"
},

/* ---- States of the session ---- */
{
	"two-clients-same-port-none", KERNEL_OPENS, 0,
	"A> PORT 10,0,0,2,80,5~\n"
	"B tcp 10.0.0.3:40000 198.51.100.2:21\n"
	"B< 220 ready~\n"
	"B> USER x~\n"
	"B> PORT 10,0,0,3,80,5~\n",
	"PORT 10.0.0.2:20485\n"
	"PORT 10.0.0.3:20485\n",
	"without NAT their addresses tell them apart"
},
{
	"epsv-all-port", KERNEL_OPENS, 0,
	"A> EPSV ALL~\n"
	"A< 200 ok~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485 refused: after-epsv-all\n",
	"EPSV ALL promises that there will be none (RFC 2428 4)"
},
{
	"epsv-all-pasv", KERNEL_UNASKED, 0,
	"A> EPSV ALL~\n"
	"A< 200 ok~\n"
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485 refused: after-epsv-all\n",
	"EPSV ALL promises that there will be none (RFC 2428 4)"
},
{
	"epsv-all-epsv", KERNEL_UNASKED, 0,
	"A> EPSV ALL~\n"
	"A< 200 ok~\n"
	"A> EPSV~\n"
	"A< 229 Entering Extended Passive Mode (|||20485|)~\n",
	"EPSV 198.51.100.2:20485\n",
	"EPSV is what was promised"
},
{
	"epsv-all-refused-port", KERNEL_UNASKED, 0,
	"A> EPSV ALL~\n"
	"A< 500 what?~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"a promise that the server did not take binds nobody"
},
{
	"auth-tls-ciphertext", KERNEL_PASSES, 0,
	"A> AUTH TLS~\n"
	"A< 234 Proceed with negotiation.~\n"
	"A> %16%03%01%02%00%01%00~PORT 10,0,0,2,80,5~\n"
	"A< %16%03%03%00%40~227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"(encrypted)\n",
	"after 234 nothing is read"
},
{
	"auth-tls-port", KERNEL_OPENS, 0,
	"A> AUTH TLS~\n"
	"A< 234 Proceed with negotiation.~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"(encrypted)\n",
	"plain text after 234 is not believed; the kernel reads on"
},
{
	"auth-tls-refused", KERNEL_UNASKED, 0,
	"A> AUTH TLS~\n"
	"A< 530 Please login.~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"the server did not take it: plain text goes on"
},
{
	"port-then-500", KERNEL_UNASKED, NO_PROBE,
	"A> PORT 10,0,0,2,80,5~\n"
	"A< 500 Illegal PORT command.~\n"
	"syn 198.51.100.2:20 10.0.0.2:20485\n"
	"state\n",
	"PORT 10.0.0.2:20485\n"
	"state new orig 2\n",
	"a refused PORT is taken back (the kernel keeps it)"
},
{
	"host-virtual", KERNEL_UNASKED, 0,
	"A> HOST ftp.example~\n"
	"A< 220 ok~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"RFC 7151"
},
{
	"rein", KERNEL_UNASKED, 0,
	"A> EPSV ALL~\n"
	"A< 200 ok~\n"
	"A> REIN~\n"
	"A< 220 again~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"RFC 959 4.1.1"
},

/* ---- Loss and repetition ---- */
{
	"retrans-port-lost-before-us", KERNEL_UNASKED, 0,
	"A>x PORT 10,0,0,2,80,5~\n"
	"A>@16,20\n"
	"A<ack\n",
	"PORT 10.0.0.2:20485\n",
	"nobody saw the first copy"
},
{
	"retrans-port-lost-behind-us", KERNEL_OPENS, 0,
	"A>> PORT 10,0,0,2,80,5~\n"
	"A>@16,20\n"
	"A<ack\n",
	"PORT 10.0.0.2:20485\n",
	"the second copy says nothing new; the kernel renews its expectation"
},
{
	"retrans-ack-lost", KERNEL_OPENS, 0,
	"A>> PORT 10,0,0,2,80,5~\n"
	"A>@16,20\n"
	"A>@16,20\n"
	"A<ack\n",
	"PORT 10.0.0.2:20485\n",
	"each byte is read once, in the stream's order"
},
{
	"retrans-after-data-conn", KERNEL_OPENS, NO_PROBE,
	"A>> PORT 10,0,0,2,80,5~\n"
	"syn 198.51.100.2:20 10.0.0.2:20485\n"
	"state\n"
	"A>@16,20\n"
	"syn 198.51.100.2:21 10.0.0.2:20485\n"
	"state\n",
	"PORT 10.0.0.2:20485\n"
	"state related orig 2\n"
	"state new orig 3\n",
	"the kernel lets a second connection in"
},
{
	"retrans-port-then-noop-none", KERNEL_OPENS, 0,
	"A>x PORT 10,0,0,2,80,5~\n"
	"A>> NOOP~\n"
	"A>> NOOP~\n"
	"A>@16,20\n"
	"A<ack\n",
	"PORT 10.0.0.2:20485\n",
	"the stream knows where lines begin, however much follows"
},
{
	"retrans-first-of-two-ports-lost-none", KERNEL_OPENS, 0,
	"A>x PORT 10,0,0,2,80,5~\n"
	"A>> PORT 10,0,0,2,80,6~\n"
	"A>@16,20\n"
	"A<ack\n",
	"PORT 10.0.0.2:20485\n"
	"PORT 10.0.0.2:20486\n",
	"in the stream's order: the second one counts"
},
{
	"retrans-two-ports-both-lost-none", KERNEL_OPENS, 0,
	"A>x PORT 10,0,0,2,80,5~\n"
	"A>x PORT 10,0,0,2,80,6~\n"
	"A>@16,40\n"
	"A<ack\n",
	"PORT 10.0.0.2:20485\n"
	"PORT 10.0.0.2:20486\n",
	"each byte is read once, in the stream's order"
},
{
	"sack-no-nat", KERNEL_OPENS, 0,
	"A>x NOOP~\n"
	"A>> PORT 10,0,0,2,80,5~\n"
	"A>@16,6\n"
	"A<ack\n",
	"PORT 10.0.0.2:20485\n",
	"what was lost before comes, with SACK or without"
},
{
	"reordered-halves", KERNEL_UNASKED, 0,
	"A>x PORT 10,0,0\n"
	"A>> ,2,80,5~\n"
	"A>@16,11\n"
	"A<ack\n",
	"PORT 10.0.0.2:20485\n",
	"each byte is read once, in the stream's order"
},
{
	"never-comes", KERNEL_UNASKED, 0,
	"A>x NOOP~PORT 10,\n"
	"A>> 0,0,2,80,5~PORT 10,0,0,2,80,6~\n"
	"A<ack\n",
	"(gap)\n"
	"PORT 10.0.0.2:20486 uncertain\n",
	"a hole that the receiver has acknowledged: the line after it is not believed, the one after that is"
},
{
	"227-lost-and-again", KERNEL_UNASKED, 0,
	"A> PASV~\n"
	"A<x 227 Entering Passive Mode (198,51,100,2,80,5)~\n"
	"A<@27,47\n"
	"A>ack\n",
	"PASV 198.51.100.2:20485\n",
	"each byte is read once, in the stream's order"
},

/* ---- Long lines ---- */
{
	"long-site-own-segment", KERNEL_OPENS, 0,
	"A>> SITE {x*1400}\n"
	"A>> {x*1400}\n"
	"A>> {x*1200}~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"4000 bytes, then PORT in its own segment"
},
{
	"long-site-tail-has-port", KERNEL_PASSES, 0,
	"A>> SITE {x*1400}\n"
	"A>> {x*1400}\n"
	"A> {x*1200}~PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"lines are read whole, up to 4096 bytes"
},
{
	"port-line-over-mss", KERNEL_STALLS, 0,
	"A>> PORT {0*1400}\n"
	"A> {0*1000}10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"longer than a segment, shorter than a line may be"
},
{
	"port-line-over-limit", KERNEL_UNASKED, 0,
	"A>> PORT {0*1400}\n"
	"A>> {0*1400}\n"
	"A>> {0*1400}\n"
	"A> 10,0,0,2,80,5~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"(over-long-line)\n",
	"longer than 4096 bytes: nobody reads such a command, and it ends the reading"
},
{
	"long-reply", KERNEL_UNASKED, 0,
	"A<< 230-{x*1400}\n"
	"A<< {x*1400}\n"
	"A<< {x*1400}\n"
	"A< {x*500}~\n"
	"A< 230 in~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485\n",
	"over-long replies are passed over"
},
{
	"port-in-full-segment-none", KERNEL_UNASKED, 0,
	"A> PORT 10,0,0,2,80,5~SITE {y*1430}\n"
	"A> ~\n",
	"PORT 10.0.0.2:20485\n",
	"without NAT nothing grows"
},

/* ---- Picked up in the middle (conntrack -F; a capture that begins late; a restart) ---- */
{
	"midstream-first-port", KERNEL_PASSES, BARE,
	"A mid 10.0.0.2:40000 198.51.100.2:21\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485 uncertain\n",
	"replayed: a whole line that is PORT counts"
},
{
	"midstream-second-port", KERNEL_PASSES, BARE,
	"A mid 10.0.0.2:40000 198.51.100.2:21\n"
	"A> NOOP~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485 uncertain\n",
	"a capture: it counts, and is marked uncertain"
},
{
	"midstream-third-port", KERNEL_OPENS, BARE,
	"A mid 10.0.0.2:40000 198.51.100.2:21\n"
	"A> NOOP~\n"
	"A> NOOP~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485 uncertain\n",
	"a capture: it counts, and is marked uncertain"
},
{
	"midstream-half-line", KERNEL_UNASKED, BARE,
	"A mid 10.0.0.2:40000 198.51.100.2:21\n"
	"A> ,0,0,2,80,4~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485 uncertain\n",
	"reading begins at the next line's start"
},
{
	"midstream-live-port", KERNEL_UNASKED, BARE,
	"flags +live\n"
	"A mid 10.0.0.2:40000 198.51.100.2:21\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485 uncertain refused: not-earned\n",
	"live: not before a command and its reply were seen"
},
{
	"midstream-live-earned", KERNEL_UNASKED, BARE,
	"flags +live\n"
	"A mid 10.0.0.2:40000 198.51.100.2:21\n"
	"A> NOOP~\n"
	"A< 200 ok~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"PORT 10.0.0.2:20485 uncertain\n",
	"live: a command and its reply were seen"
},
{
	"midstream-live-pasv", KERNEL_UNASKED, BARE,
	"flags +live\n"
	"A mid 10.0.0.2:40000 198.51.100.2:21\n"
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485 uncertain refused: not-earned\n",
	"live: not before a command and its reply were seen"
},
{
	"midstream-pasv-unseen", KERNEL_UNASKED, BARE,
	"A mid 10.0.0.2:40000 198.51.100.2:21\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"PASV 198.51.100.2:20485 uncertain refused: unasked\n",
	"its PASV was before"
},
{
	"midstream-server-first-permissive", KERNEL_PASSES, BARE,
	"A mid 10.0.0.2:40000 198.51.100.2:21\n"
	"A< 150 data~\n"
	"A> PORT 10,0,0,2,80,5~\n"
	"A< 200 ok~\n"
	"A> PASV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,6)~\n",
	"PORT 10.0.0.2:20485 uncertain\n"
	"PASV 198.51.100.2:20486 uncertain\n",
	"the kernel takes the server for the client and reads nothing"
},

/* ---- The life of an expectation ---- */
{
	"expect-one-shot", KERNEL_OPENS, NO_PROBE,
	"A> PORT 10,0,0,2,80,5~\n"
	"syn 198.51.100.3:20 10.0.0.2:20485\n"
	"state\n"
	"syn 198.51.100.2:33333 10.0.0.2:20485\n"
	"state\n"
	"syn 198.51.100.2:33334 10.0.0.2:20485\n"
	"state\n",
	"PORT 10.0.0.2:20485\n"
	"state new orig 2\n"
	"state related orig 3\n"
	"state new orig 4\n",
	"the server, any source port, once; a third host never"
},
{
	"LONG-expect-timeout-290s", KERNEL_OPENS, NO_PROBE,
	"A> PORT 10,0,0,2,80,5~\n"
	"wait 200\n"
	"A> NOOP~\n"
	"wait 90\n"
	"syn 198.51.100.2:20 10.0.0.2:20485\n"
	"state\n",
	"PORT 10.0.0.2:20485\n"
	"state related orig 2\n",
	"control traffic does not refresh it"
},
{
	"LONG-expect-timeout-304s", KERNEL_OPENS, NO_PROBE,
	"A> PORT 10,0,0,2,80,5~\n"
	"wait 200\n"
	"A> NOOP~\n"
	"wait 104\n"
	"syn 198.51.100.2:20 10.0.0.2:20485\n"
	"state\n",
	"PORT 10.0.0.2:20485\n"
	"state new orig 2\n",
	"300 s, as in the kernel"
},
{
	"expect-after-ctl-fin", KERNEL_OPENS, NO_PROBE,
	"A> PORT 10,0,0,2,80,5~\n"
	"A close\n"
	"wait 110\n"
	"syn 198.51.100.2:20 10.0.0.2:20485\n"
	"state\n",
	"PORT 10.0.0.2:20485\n"
	"state related orig 2\n",
	"usable until the control connection's entry goes"
},
{
	"LONG-expect-after-ctl-fin-125s", KERNEL_OPENS, NO_PROBE,
	"A> PORT 10,0,0,2,80,5~\n"
	"A close\n"
	"wait 125\n"
	"syn 198.51.100.2:20 10.0.0.2:20485\n"
	"state\n",
	"PORT 10.0.0.2:20485\n"
	"state new orig 2\n",
	"two minutes after the FIN the control connection's entry goes"
},
{
	"expect-after-ctl-rst", KERNEL_OPENS, NO_PROBE,
	"A> PORT 10,0,0,2,80,5~\n"
	"A>rst\n"
	"wait 9\n"
	"syn 198.51.100.2:20 10.0.0.2:20485\n"
	"state\n",
	"PORT 10.0.0.2:20485\n"
	"state related orig 2\n",
	"usable until the control connection's entry goes"
},
{
	"expect-after-ctl-rst-11s", KERNEL_UNASKED, NO_PROBE,
	"A> PORT 10,0,0,2,80,5~\n"
	"A>rst\n"
	"wait 11\n"
	"syn 198.51.100.2:20 10.0.0.2:20485\n"
	"state\n",
	"PORT 10.0.0.2:20485\n"
	"state new orig 2\n",
	"ten seconds after a RST the control connection's entry goes"
},
{
	"data-conn-outlives-control", KERNEL_OPENS, NO_PROBE,
	"A> PORT 10,0,0,2,80,5~\n"
	"D tcp 198.51.100.2:20 10.0.0.2:20485\n"
	"A>rst\n"
	"wait 60\n"
	"tick\n"
	"D> still coming\n"
	"state\n",
	"PORT 10.0.0.2:20485\n"
	"state established reply 2\n",
	"data connections stay (RFC 959 3.2)"
},
{
	"expect-table-full", KERNEL_STALLS, NO_PROBE | FULL,
	"A> PORT 10,0,0,2,80,5~\n"
	"B tcp 10.0.0.2:40001 198.51.100.2:21\n"
	"B> PORT 10,0,0,2,80,6~\n"
	"state\n",
	"PORT 10.0.0.2:20485\n"
	"PORT 10.0.0.2:20486 refused: expectations-full\n"
	"state established reply 2\n",
	"the 4097th; here the table has one place, and it passes all the same"
},

/* ---- NAT slipstreaming: a browser is made to say it ---- */
{
	"slipstream-none", KERNEL_OPENS, BARE,
	"A tcp 10.0.0.2:40000 198.51.100.2:21\n"
	"A>> POST / HTTP/1.1~Host: 198.51.100.2:21~Content-Length: 99~~{x*100}%0a\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"(http)\n",
	"HTTP at port 21: reading ends with its first line"
},
{
	"slipstream-post-port21-22", KERNEL_UNASKED, BARE,
	"A tcp 10.0.0.2:40000 198.51.100.2:21\n"
	"A>> POST / HTTP/1.1~Host: 198.51.100.2:21~~{x*100}%0a\n"
	"A> PORT 10,0,0,2,0,22~\n",
	"(http)\n",
	"the client's first line is no FTP command: nothing counts any more"
},
{
	"slipstream-header-body-two-writes", KERNEL_OPENS, BARE,
	"A tcp 10.0.0.2:40000 198.51.100.2:21\n"
	"A>> POST / HTTP/1.1~Host: 198.51.100.2:21~~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"(http)\n",
	"the client's first line is no FTP command: nothing counts any more"
},
{
	"slipstream-no-newline-before", KERNEL_PASSES, BARE,
	"A tcp 10.0.0.2:40000 198.51.100.2:21\n"
	"A>> POST / HTTP/1.1~Host: 198.51.100.2:21~~{x*100}\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"(http)\n",
	"the client's first line is no FTP command: nothing counts any more"
},
{
	"slipstream-one-packet", KERNEL_PASSES, BARE,
	"A tcp 10.0.0.2:40000 198.51.100.2:21\n"
	"A> POST / HTTP/1.1~Host: 198.51.100.2:21~~{x*100}~PORT 10,0,0,2,80,5~\n",
	"(http)\n",
	"the client's first line is no FTP command: nothing counts any more"
},
{
	"slipstream-get-pasv", KERNEL_UNASKED, BARE,
	"A tcp 10.0.0.2:40000 198.51.100.2:21\n"
	"A< 220 hello~\n"
	"A> GET /PASV HTTP/1.1~PASV~\n"
	"A< 227 Entering Passive Mode (198,51,100,2,80,5)~\n",
	"(http)\n",
	"the server is the attacker: what it replies proves nothing"
},
{
	"slipstream-header-as-verb", KERNEL_UNASKED, BARE,
	"A tcp 10.0.0.2:40000 198.51.100.2:21\n"
	"A> X-Test: a~PORT 10,0,0,2,80,5~\n",
	"(header-line)\n",
	"a header line is no command"
},
{
	"slipstream-own-method", KERNEL_UNASKED, BARE,
	"A tcp 10.0.0.2:40000 198.51.100.2:21\n"
	"A> NOOP / HTTP/1.1~PORT 10,0,0,2,80,5~\n",
	"(http)\n",
	"a method that the page chose; the line ends in HTTP/1.1"
},
{
	"slipstream-tls", KERNEL_UNASKED, BARE,
	"A tcp 10.0.0.2:40000 198.51.100.2:21\n"
	"A>> %16%03%01%02%00%01%00%01%fc\n"
	"A> ~PORT 10,0,0,2,80,5~\n",
	"(tls-head)\n",
	"a TLS hello that carries it"
},
{
	"slipstream-turn", KERNEL_UNASKED, BARE,
	"A tcp 10.0.0.2:40000 198.51.100.2:21\n"
	"A>> %00%03%00%20!%12%a4%42\n"
	"A> ~PORT 10,0,0,2,80,5~\n",
	"(stun-head)\n",
	"a STUN message that carries it"
},
{
	"slipstream-midstream", KERNEL_UNASKED, BARE,
	"A mid 10.0.0.2:40000 198.51.100.2:21\n"
	"A> {x*100}~\n"
	"A> Host: a~\n"
	"A> PORT 10,0,0,2,80,5~\n",
	"(header-line)\n",
	"picked up in the body: a header line is no command"
},
