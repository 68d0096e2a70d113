/*
 * What the FTP helper makes of a dialogue. Each row is one control connection, written as a script; recorder.h tells
 * its words. The rows of kernel_rows carry the case names under which the Linux kernel's helper was observed; what that
 * one does, and why usher does what it does, is in doc/helpers/ftp.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/recorder.h"

extern const struct usher_helper usher__helper_ftp;

#define STEPS 40

enum row_flags { V6 = 1, PICKED_UP = 2, REFUSE = 4, LIVE = 8 };

struct row {
	const char *name;
	unsigned flags;
	const char *steps[STEPS];
};

#define LOGIN "S: 220 ready", "C: USER u", "S: 331 password", "C: PASS p", "S: 230 in"

/* ---- RFCs ---- */

static const struct row rfc_rows[] = {
	{ "RFC 959 7, with PORT in front", 0,
	  { "S: 220 Service ready", "C: USER Dumb", "S: 230 User logged in", "C: PORT 10,0,0,2,4,5",
	    "= PORT 10.0.0.2:1029", "S: 200 Command okay", "C: RETR test.pl1",
	    "S: 150 File status okay; about to open data connection", "S: 226 Closing data connection", "C: TYPE I",
	    "S: 200 Command OK", "C: STOR /usr/dm/rje/test", "S: 550 Access denied", "C: QUIT", "S: 221 Bye" } },
	{ "RFC 959 4.2, multi-line reply with numbers in its text", 0,
	  { "S: 220 ready", "C: STAT", "S: 123-First line", "S: Second line",
	    "S:   234 A line beginning with numbers", "S: 123 The last line", "S: 211 ok", "C: PASV",
	    "S: 227 Entering Passive Mode (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029" } },
	{ "RFC 2428 2, EPRT", 0, { LOGIN, "C: EPRT |1|132.235.1.2|6275|", "= EPRT 132.235.1.2:6275", "S: 200 ok" } },
	{ "RFC 2428 2, EPRT IPv6", V6,
	  { LOGIN, "C: EPRT |2|1080::8:800:200C:417A|5282|", "= EPRT [1080::8:800:200c:417a]:5282", "S: 200 ok" } },
	{ "RFC 2428 3, EPSV", V6,
	  { LOGIN, "C: EPSV", "S: 229 Entering Extended Passive Mode (|||6446|)", "= EPSV *:6446" } },
	{ "RFC 2428 3, EPSV with a protocol", 0,
	  { LOGIN, "C: EPSV 1", "S: 229 Entering Extended Passive Mode (|||6446|)", "= EPSV *:6446" } },
	{ "RFC 2428 3, protocol not supported", 0,
	  { LOGIN, "C: EPSV 2", "S: 522 Network protocol not supported, use (1)", "S: 229 later (|||6446|)",
	    "= EPSV *:6446 refused unasked" } },
	{ "RFC 4217, AUTH TLS", 0,
	  { "S: 220 ready", "C: AUTH TLS", "S: 234 go ahead", "= note encrypted", "= done" } },
	{ "RFC 4217, AUTH refused, then in the clear", 0,
	  { "S: 220 ready", "C: AUTH TLS", "S: 534 no", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029" } },
	{ "RFC 2228, AUTH GSSAPI takes several steps", 0,
	  { "S: 220 ready", "C: AUTH GSSAPI", "S: 334 continue", "C: ADAT YII=", "S: 335 ADAT=YGg=", "C: ADAT YGg=",
	    "S: 235 done", "= note encrypted", "= done" } },
	{ "234 nobody asked for is nothing", 0,
	  { LOGIN, "S: 234 go ahead", "C: NOOP", "S: 234 odd", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029" } },
	{ "RFC 7151, HOST", 0,
	  { "S: 220 ready", "C: HOST ftp.example", "S: 220 Host accepted", "C: USER u", "S: 331 ?", "C: PASS p",
	    "S: 230 ok", "C: PASV", "S: 227 =198,51,100,2,4,5", "= PASV 198.51.100.2:1029" } },
	{ "RFC 2389, FEAT lists what looks like anything", 0,
	  { LOGIN, "C: FEAT", "S: 211-Extensions", "S:  EPSV", "S: 227 (198,51,100,2,4,5)", "S: 211 End", "C: PASV",
	    "S: 227 (198,51,100,2,4,6)", "= PASV 198.51.100.2:1030" } },
	{ "RFC 1123 4.1.2.6, no parentheses", 0,
	  { LOGIN, "C: PASV", "S: 227 A1 198,51,100,2,4,5", "= PASV 198.51.100.2:1029" } },
	{ "RFC 959 4.1.3, ABOR by Telnet IP and Synch", 0,
	  { LOGIN, "C: RETR x", "S: 150 here", "C! \xff\xf4\xff\xf2""ABOR\r\n", "S: 426 aborted",
	    "S: 226 ABOR successful", "C: PASV", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029" } },
};

/* ---- What the client may write ---- */

static const struct row client_rows[] = {
	{ "unknown verbs of three and four letters", 0,
	  { LOGIN, "C: ABC", "S: 500 ?", "C: wxyz arg", "S: 500 ?", "C: PORT 10,0,0,2,4,5",
	    "= PORT 10.0.0.2:1029" } },
	{ "known verbs of other length", 0,
	  { LOGIN, "C: XSHA256 file", "S: 250 0", "C: XMD5 f", "S: 250 0", "C: PORT 10,0,0,2,4,5",
	    "= PORT 10.0.0.2:1029" } },
	{ "P@SW is PASV", 0, { LOGIN, "C: P@SW", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029" } },
	{ "an empty line is tolerated, answered by 500", 0,
	  { LOGIN, "C: ", "S: 500 what", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029", "S: 200 ok" } },
	{ "an empty line and a command at once", 0,
	  { LOGIN, "C: ", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029", "S: 500 what", "S: 200 ok" } },
	{ "an empty line that nobody answers", 0,
	  { LOGIN, "C: ", "C: PASV", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029" } },
	{ "two CRs", 0, { LOGIN, "C! PORT 10,0,0,2,4,5\r\r\n", "= PORT 10.0.0.2:1029" } },
	{ "a CR alone ends nothing", 0,
	  { LOGIN, "C! PASV\rPORT 10,0,0,2,4,5\r\n", "= note not-a-command", "= done for good" } },
	{ "a CR alone inside arguments", 0, { LOGIN, "C! PORT 10,0,0,2,4,5\rNOOP\r\n", "= note bad-arguments" } },
	{ "a NUL inside arguments", 0, { LOGIN, "C! PORT 10,0,0,2,4,5\\x00\r\n", "= note bad-arguments" } },
	{ "Telnet options in front", 0,
	  { LOGIN, "C! \xff\xfb\x03\xff\xfd\n\xff\xf1PORT 10,0,0,2,4,5\r\n", "= PORT 10.0.0.2:1029" } },
	{ "Telnet DM without IAC", 0, { LOGIN, "C! \xff\xf4\xf2""ABOR\r\n", "S: 226 ok" } },
	{ "Telnet commands and nothing else", 0,
	  { LOGIN, "C! \xff\xf4\xff\xf2\r\n", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029" } },
	{ "the byte 255 begins no command", 0,
	  { LOGIN, "C! \xff\xffPORT 10,0,0,2,4,5\r\n", "= note not-a-command", "= done for good" } },
	{ "a Telnet command without its end", 0,
	  { LOGIN, "C! \xff\r\n", "= note not-a-command", "= done for good" } },
	{ "HTTP at the beginning", 0, { "C: POST / HTTP/1.1", "= note http", "= done for good" } },
	{ "HTTP later", 0, { LOGIN, "C: GET /", "= note http", "= done for good" } },
	{ "a method of the page's choice", 0, { "C: NOOP / HTTP/1.1", "= note http", "= done for good" } },
	{ "a file named like HTTP", 0,
	  { LOGIN, "C: RETR HTTP/1.1 notes", "S: 550 no", "C: PASV", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029" } },
	{ "a header line", 0, { "C: Host: x", "= note header-line", "= done for good" } },
	{ "a header line whose name is a verb", 0, { LOGIN, "C: STAT: x", "= note header-line", "= done for good" } },
	{ "a header line without an LF yet is not judged", 0, { "C! Host: x" } },
	{ "TLS at once, no LF needed", 0, { "C! \x16\x03\x01\x02", "= note tls-head", "= done for good" } },
	{ "STUN with a cookie, no LF needed", 0,
	  { "C! \\x00\x16\\x00\x08\x21\x12\xa4\x42", "= note stun-head", "= done for good" } },
	{ "STUN without a cookie", 0, { "C! \\x00\x01", "= note stun-head", "= done for good" } },
	{ "a verb of two letters", 0, { LOGIN, "C: LS", "= note not-a-command", "= done for good" } },
	{ "a verb of five letters", 0, { LOGIN, "C: PORTS 1", "= note not-a-command", "= done for good" } },
	{ "no verb", 0, { LOGIN, "C: 10,0,0,2,4,5", "= note not-a-command", "= done for good" } },
	{ "after the end nothing counts", 0,
	  { "C: GET / HTTP/1.1", "= note http", "= done for good", "C: PORT 10,0,0,2,4,5", "C: PASV",
	    "S: 227 (198,51,100,2,4,5)" } },
};

/* ---- PORT and EPRT ---- */

static const struct row argument_rows[] = {
	{ "256 in an address", 0, { LOGIN, "C: PORT 10,0,0,256,4,5", "= note number-over-255" } },
	{ "256 in a port", 0, { LOGIN, "C: PORT 10,0,0,2,256,5", "= note number-over-255" } },
	{ "255 everywhere", 0, { LOGIN, "C: PORT 255,255,255,255,255,255", "= PORT 255.255.255.255:65535" } },
	{ "a number that wraps 64 bits", 0,
	  { LOGIN, "C: PORT 10,0,0,18446744073709551618,4,5", "= note number-over-255" } },
	{ "a negative number", 0, { LOGIN, "C: PORT 10,0,0,-2,4,5", "= note bad-arguments" } },
	{ "an empty number", 0, { LOGIN, "C: PORT 10,0,,2,4,5", "= note bad-arguments" } },
	{ "a comma too many", 0, { LOGIN, "C: PORT 10,0,0,2,4,5,", "= note bad-arguments" } },
	{ "dots", 0, { LOGIN, "C: PORT 10.0.0.2,4,5", "= note bad-arguments" } },
	{ "hexadecimal", 0, { LOGIN, "C: PORT 0xa,0,0,2,4,5", "= note bad-arguments" } },
	{ "PORT on IPv6", V6, { LOGIN, "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029 refused family-mismatch" } },
	{ "a refused PORT does not end the reading", 0,
	  { LOGIN, "C: PORT 1,2,3", "= note bad-arguments", "S: 501 no", "C: PORT 10,0,0,2,4,5",
	    "= PORT 10.0.0.2:1029" } },
	{ "EPRT, every kind of delimiter", 0,
	  { LOGIN, "C: EPRT !1!10.0.0.2!1029!", "= EPRT 10.0.0.2:1029", "C: EPRT ~1~10.0.0.2~1030~",
	    "= EPRT 10.0.0.2:1030", "C: EPRT G1G10.0.0.2G1031G", "= EPRT 10.0.0.2:1031", "C: EPRT ,1,10.0.0.2,1032,",
	    "= EPRT 10.0.0.2:1032" } },
	{ "EPRT, delimiters of an address", 0,
	  { LOGIN, "C: EPRT 110.0.0.21029", "= note delimiter", "C: EPRT .1.10.0.0.2.1029.", "= note delimiter",
	    "C: EPRT :2:fd00::2:1029:", "= note delimiter", "C: EPRT a1a10.0.0.2a1029a", "= note delimiter",
	    "C! EPRT \x7f""1\x7f""10.0.0.2\x7f""1029\x7f\r\n", "= note delimiter" } },
	{ "EPRT, mixed delimiters", 0, { LOGIN, "C: EPRT |1!10.0.0.2|1029|", "= note bad-arguments" } },
	{ "EPRT without its last delimiter", 0, { LOGIN, "C: EPRT |1|10.0.0.2|1029", "= note bad-arguments" } },
	{ "EPRT without arguments", 0,
	  { LOGIN, "C: EPRT", "= note bad-arguments", "C: EPRT ", "= note bad-arguments" } },
	{ "EPRT with something behind", 0, { LOGIN, "C: EPRT |1|10.0.0.2|1029|x", "= note bad-arguments" } },
	{ "EPRT with a blank behind", 0, { LOGIN, "C: EPRT |1|10.0.0.2|1029| ", "= EPRT 10.0.0.2:1029" } },
	{ "EPRT with blanks inside", 0,
	  { LOGIN, "C: EPRT | 1|10.0.0.2|1029|", "= note net-protocol", "C: EPRT |1| 10.0.0.2|1029|",
	    "= note net-address", "C: EPRT |1|10.0.0.2| 1029|", "= note bad-arguments" } },
	{ "EPRT protocols", 0,
	  { LOGIN, "C: EPRT |0|10.0.0.2|1029|", "= note net-protocol", "C: EPRT |3|10.0.0.2|1029|",
	    "= note net-protocol", "C: EPRT ||10.0.0.2|1029|", "= note net-protocol", "C: EPRT |01|10.0.0.2|1029|",
	    "= EPRT 10.0.0.2:1029" } },
	{ "EPRT, address of another protocol", 0,
	  { LOGIN, "C: EPRT |1|fd00::2|1029|", "= note net-address", "C: EPRT |2|10.0.0.2|1029|",
	    "= note net-address" } },
	{ "EPRT, bad IPv4 addresses", 0,
	  { LOGIN, "C: EPRT |1|10.0.0|1029|", "= note net-address", "C: EPRT |1|10.0.0.256|1029|",
	    "= note net-address", "C: EPRT |1|10.0.0.2.|1029|", "= note net-address", "C: EPRT |1|010.0.0.2|1029|",
	    "= note net-address", "C: EPRT |1||1029|", "= note net-address", "C: EPRT |1|0.0.0.0|1029|",
	    "= EPRT 0.0.0.0:1029" } },
	{ "EPRT ports", 0,
	  { LOGIN, "C: EPRT |1|10.0.0.2|65535|", "= EPRT 10.0.0.2:65535", "C: EPRT |1|10.0.0.2|65536|",
	    "= note port-over-65535", "C: EPRT |1|10.0.0.2|4294968325|", "= note port-over-65535",
	    "C: EPRT |1|10.0.0.2||", "= note bad-arguments", "C: EPRT |1|10.0.0.2|01029|", "= EPRT 10.0.0.2:1029",
	    "C: EPRT |1|10.0.0.2|1029a|", "= note bad-arguments", "C: EPRT |1|10.0.0.2|0|",
	    "= EPRT 10.0.0.2:0 refused port-zero" } },
	{ "EPRT IPv4 on IPv6", V6,
	  { LOGIN, "C: EPRT |1|10.0.0.2|1029|", "= EPRT 10.0.0.2:1029 refused family-mismatch" } },
};

/* ---- 227 and 229 ---- */

static const struct row passive_rows[] = {
	{ "five numbers in front of the six", 0,
	  { LOGIN, "C: PASV", "S: 227 1,2,3,4,5 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029" } },
	{ "the first six count", 0,
	  { LOGIN, "C: PASV", "S: 227 (198,51,100,2,4,5) (198,51,100,2,4,6)", "= PASV 198.51.100.2:1029" } },
	{ "seven numbers are not six", 0,
	  { LOGIN, "C: PASV", "S: 227 (1,198,51,100,2,4,5)", "= note bad-arguments" } },
	{ "blanks around the commas", 0,
	  { LOGIN, "C: PASV", "S: 227 (198, 51 , 100,2 ,4,\t5)", "= PASV 198.51.100.2:1029" } },
	{ "a number over 255", 0, { LOGIN, "C: PASV", "S: 227 (198,51,100,2,400,5)", "= note number-over-255" } },
	{ "port 0", 0, { LOGIN, "C: PASV", "S: 227 (198,51,100,2,0,0)", "= PASV 198.51.100.2:0 refused port-zero" } },
	{ "five numbers", 0, { LOGIN, "C: PASV", "S: 227 (198,51,100,2,4)", "= note no-address" } },
	{ "nothing but the code", 0, { LOGIN, "C: PASV", "S: 227", "= note no-address" } },
	{ "227 on IPv6", V6,
	  { LOGIN, "C: PASV", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029 refused family-mismatch" } },
	{ "229 with other delimiters", 0,
	  { LOGIN, "C: EPSV", "S: 229 ok (!!!6446!)", "= EPSV *:6446", "C: EPSV", "S: 229 ok (###6447#).",
	    "= EPSV *:6447" } },
	{ "229 behind other parentheses", 0,
	  { LOGIN, "C: EPSV", "S: 229 Extended (passive) mode (ok) (|||6446|)", "= EPSV *:6446" } },
	{ "229 that names the server", 0,
	  { LOGIN, "C: EPSV", "S: 229 ok (|1|198.51.100.2|6446|)", "= EPSV *:6446", "C: EPSV",
	    "S: 229 ok (||198.51.100.2|6447|)", "= EPSV *:6447", "C: EPSV", "S: 229 ok (|1||6448|)",
	    "= EPSV *:6448" } },
	{ "229 that names the server, IPv6", V6,
	  { LOGIN, "C: EPSV", "S: 229 ok (|2|2001:DB8:1:0::2|6446|)", "= EPSV *:6446" } },
	{ "229 that names another host", 0,
	  { LOGIN, "C: EPSV", "S: 229 ok (|1|198.51.100.3|6446|)",
	    "= EPSV 198.51.100.3:6446 refused epsv-address" } },
	{ "229 of another protocol", 0,
	  { LOGIN, "C: EPSV", "S: 229 ok (|2||6446|)", "= note net-protocol", "C: EPSV",
	    "S: 229 ok (|1|fd00::2|6446|)", "= note net-address" } },
	{ "229 ports", 0,
	  { LOGIN, "C: EPSV", "S: 229 (|||0|)", "= EPSV *:0 refused port-zero", "C: EPSV", "S: 229 (|||65536|)",
	    "= note port-over-65535", "C: EPSV", "S: 229 (|||65535|)", "= EPSV *:65535" } },
	{ "229 without a port", 0, { LOGIN, "C: EPSV", "S: 229 ok (||||)", "= note no-address" } },
	{ "229 with words for a port", 0, { LOGIN, "C: EPSV", "S: 229 ok (|||x|)", "= note no-address" } },
	{ "229 with other delimiters and no closing parenthesis", 0,
	  { LOGIN, "C: EPSV", "S: 229 (!!!6446! x", "= note no-address" } },
	{ "229, the second try is it", 0,
	  { LOGIN, "C: EPSV", "S: 229 a (|||x|) b (|||6446|)", "= EPSV *:6446", "C: EPSV", "S: 229 |||x| b |||6447|",
	    "= EPSV *:6447" } },
	{ "229 on IPv6 that names IPv4", V6, { LOGIN, "C: EPSV", "S: 229 (|1||6446|)", "= note net-protocol" } },
	{ "229 without its last parenthesis", 0, { LOGIN, "C: EPSV", "S: 229 ok (|||6446|", "= EPSV *:6446" } },
	{ "229 without parentheses and other delimiters", 0,
	  { LOGIN, "C: EPSV", "S: 229 ok !!!6446!", "= note no-address" } },
};

/* ---- Which reply is whose ---- */

static const struct row dialogue_rows[] = {
	{ "227 nobody asked for", 0,
	  { LOGIN, "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029 refused unasked" } },
	{ "229 nobody asked for, without a port", 0, { LOGIN, "S: 229 hello", "= note unasked" } },
	{ "227 does not answer EPSV", 0,
	  { LOGIN, "C: EPSV", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029 refused unasked",
	    "S: 229 (|||6446|)", "= EPSV *:6446" } },
	{ "227 does not answer LPSV or CPSV", 0,
	  { LOGIN, "C: LPSV", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029 refused unasked", "C: CPSV",
	    "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029 refused unasked" } },
	{ "one announcement for each PASV", 0,
	  { LOGIN, "C: PASV", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029", "S: 227 (198,51,100,2,4,6)",
	    "= PASV 198.51.100.2:1030 refused unasked" } },
	{ "PASV answered by 530 is answered", 0,
	  { "S: 220 ready", "C: PASV", "S: 530 log in", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029 refused unasked" } },
	{ "pipelined", 0,
	  { LOGIN, "C: TYPE I", "C: PASV", "C: SIZE x", "S: 200 ok", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029", "S: 213 5" } },
	{ "pipelined, the first fails", 0,
	  { LOGIN, "C: CWD x", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029", "S: 550 no", "S: 200 ok" } },
	{ "preliminary replies answer nothing", 0,
	  { LOGIN, "C: PASV", "S: 120 wait", "S: 150 wait", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029" } },
	{ "preliminary replies answer no other command", 0,
	  { LOGIN, "C: LIST", "C: PASV", "S: 150 wait", "S: 550 no", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029" } },
	{ "a stray 426 withdraws nothing", 0,
	  { LOGIN, "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029", "S: 426 aborted", "S: 200 ok" } },
	{ "200 does not answer ABOR", 0,
	  { LOGIN, "C: ABOR", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029", "S: 200 ok", "S: 500 what" } },
	{ "200 does not answer an empty line", 0,
	  { LOGIN, "C: ", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029", "S: 200 ok", "S: 500 what" } },
	{ "a stray 226 does not answer PASV", 0,
	  { LOGIN, "C: RETR x", "S: 150 here", "S: 226 done", "C: PASV", "S: 226 again", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029" } },
	{ "ABOR answered by one reply where RFC 959 has two", 0,
	  { LOGIN, "C: RETR x", "S: 150 here", "C: ABOR", "S: 226 both", "C: PASV", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029" } },
	{ "ABOR answered by three", 0,
	  { LOGIN, "C: RETR x", "S: 150 here", "C: ABOR", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029", "S: 426 x",
	    "S: 426 x", "S: 226 x", "S: 226 x", "S: 200 ok" } },
	{ "a reply proves the commands before answered", 0,
	  { LOGIN, "C: PASV", "C: NOOP", "S: 200 noop", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029 refused unasked" } },
	{ "all of them", 0,
	  { LOGIN, "C: EPSV", "C: PASV", "C: NOOP", "S: 200 noop", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029 refused unasked" } },
	{ "4xx to EPRT withdraws it", 0,
	  { LOGIN, "C: EPRT |1|10.0.0.2|1029|", "= EPRT 10.0.0.2:1029", "S: 425 no", "= withdraw 10.0.0.2:1029" } },
	{ "5xx, multi-line, withdraws at its end", 0,
	  { LOGIN, "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029", "S: 500-no", "S: 200 ok", "S: 500 no",
	    "= withdraw 10.0.0.2:1029" } },
	{ "the right one of two is withdrawn", 0,
	  { LOGIN, "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029", "C: PORT 10,0,0,2,4,6", "= PORT 10.0.0.2:1030",
	    "S: 200 ok", "S: 500 no", "= withdraw 10.0.0.2:1030" } },
	{ "what was refused is not withdrawn", 0,
	  { LOGIN, "C: PORT 10,0,0,2,0,0", "= PORT 10.0.0.2:0 refused port-zero", "S: 500 no", "C: PORT 1",
	    "= note bad-arguments", "S: 501 no" } },
	{ "what the engine refused is not withdrawn", REFUSE,
	  { LOGIN, "C: PORT 10,0,0,3,4,5", "= PORT 10.0.0.3:1029", "S: 500 no" } },
	{ "EPSV ALL", 0,
	  { LOGIN, "C: EPSV ALL", "S: 200 ok", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029 refused after-epsv-all",
	    "S: 503 no", "C: EPRT |1|10.0.0.2|1029|", "= EPRT 10.0.0.2:1029 refused after-epsv-all", "S: 503 no",
	    "C: PASV", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029 refused after-epsv-all", "C: EPSV",
	    "S: 229 (|||6446|)", "= EPSV *:6446", "C: epsv  all ", "S: 200 ok" } },
	{ "EPSV ALL refused", 0,
	  { LOGIN, "C: EPSV ALL", "S: 501 no", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029" } },
	{ "EPSV ALL is no EPSV", 0, { LOGIN, "C: EPSV ALL", "S: 229 (|||6446|)", "= EPSV *:6446 refused unasked" } },
	{ "REIN takes EPSV ALL back", 0,
	  { LOGIN, "C: EPSV ALL", "S: 200 ok", "C: REIN", "S: 120 wait", "S: 220 ready", "C: PORT 10,0,0,2,4,5",
	    "= PORT 10.0.0.2:1029" } },
	{ "REIN refused takes nothing back", 0,
	  { LOGIN, "C: EPSV ALL", "S: 200 ok", "C: REIN", "S: 502 no", "C: PORT 10,0,0,2,4,5",
	    "= PORT 10.0.0.2:1029 refused after-epsv-all" } },
	{ "a client that does not wait for the greeting", 0,
	  { "C: PASV", "S: 120 wait", "S: 220 ready", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029" } },
	{ "the greeting answers nothing", 0,
	  { "C: USER u", "C: PASV", "S: 220 ready", "S: 530 no", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029" } },
	{ "greeted by 421", 0,
	  { "C: PASV", "S: 421 go away", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029" } },
	{ "a multi-line greeting", 0,
	  { "S: 220-hello", "S: 220-227 (198,51,100,2,4,5)", "S:  220 not yet", "S: 230 nor this", "S: 220 now",
	    "C: PASV", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029" } },
	{ "a multi-line reply that ends in the bare code", 0,
	  { LOGIN, "C: PASV", "S: 227-a", "S: 227", "= note no-address", "C: PASV", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029" } },
	{ "an upload's message cannot answer PASV", 0,
	  { LOGIN, "C: CWD up", "C: PASV", "S: 250-Welcome", "S: 227 Entering Passive Mode (198,51,100,2,4,5)",
	    "S: 250 ok", "S: 227 (198,51,100,2,4,6)", "= PASV 198.51.100.2:1030" } },
	{ "lines that are no replies", 0,
	  { LOGIN, "S: hello", "= note not-a-reply", "S: 99 bottles", "= note not-a-reply", "S: 1234",
	    "= note not-a-reply", "S: 227(198,51,100,2,4,5)", "= note not-a-reply", "S: 700 x", "= note not-a-reply",
	    "S: 099 x", "= note not-a-reply", "S: ", "= note not-a-reply", "C: PASV", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029" } },
	{ "a digit in an unknown verb", 0,
	  { LOGIN, "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029", "C: A12", "= note not-a-command",
	    "= done for good" } },
};

/* ---- Picked up, and gaps ---- */

static const struct row beginning_rows[] = {
	{ "picked up at a PASV", PICKED_UP,
	  { "C: PASV", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029 unearned", "C: CWD x", "S: 250 ok",
	    "C: PASV", "S: 227 (198,51,100,2,4,6)", "= PASV 198.51.100.2:1030" } },
	{ "picked up at a PORT", PICKED_UP,
	  { "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029 unearned", "S: 200 ok", "C: PORT 10,0,0,2,4,6",
	    "= PORT 10.0.0.2:1030" } },
	{ "picked up within a line", PICKED_UP,
	  { "C: ,0,2,4,5", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029 unearned" } },
	{ "picked up within a line that seems a header", PICKED_UP,
	  { "C: x: y", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029 unearned" } },
	{ "picked up at an unknown verb: passed over", PICKED_UP,
	  { "C: abcd efgh", "S: 200 ok", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029 unearned" } },
	{ "picked up at an unknown verb: it waits for no reply", PICKED_UP,
	  { "C: abcd efgh", "C: PASV", "S: 550 no", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029 refused unasked" } },
	{ "picked up: no greeting comes", PICKED_UP,
	  { "C: PASV", "S: 530 no", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029 refused unasked" } },
	{ "picked up, the second line is no command", PICKED_UP,
	  { "C: xyz.txt", "C: nonsense", "= note not-a-command", "= done for good" } },
	{ "picked up in TLS", PICKED_UP, { "C! \x16\x03\x03", "= note tls-head", "= done for good" } },
	{ "picked up in a web page", PICKED_UP,
	  { "C: ng: gzip", "C: Host: x", "= note header-line", "= done for good" } },
	{ "picked up behind a PASV", PICKED_UP,
	  { "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029 unearned refused unasked" } },
	{ "picked up within a reply", PICKED_UP,
	  { "S: ng Passive Mode (198,51,100,2,4,5)", "S: more text", "C: PASV", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029 unearned" } },
	{ "a command and its reply are dialogue enough", PICKED_UP,
	  { "C: NOOP", "S: 200 ok", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029" } },
	{ "unknown verbs are not", PICKED_UP,
	  { "C: x", "C: abcd", "S: 200 ok", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029 unearned" } },
	{ "a reply alone earns nothing", PICKED_UP,
	  { "S: 200 ok", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029 unearned" } },
	{ "after a gap the first line is not read", LIVE,
	  { LOGIN, "C~", "= note gap", "C: PORT 10,0,0,2,4,5", "C: PORT 10,0,0,2,4,6", "= PORT 10.0.0.2:1030 unearned", "S: 200 ok",
	    "C: NOOP", "S: 200 ok", "C: PORT 10,0,0,2,4,7", "= PORT 10.0.0.2:1031" } },
	{ "a gap in front of everything", LIVE,
	  { "C~", "= note gap", "C: POST / HTTP/1.1", "C: Host: x", "= note header-line", "= done for good" } },
	{ "a gap swallows the reply's head", LIVE,
	  { LOGIN, "C: PASV", "S~", "= note gap", "S: 227 (198,51,100,2,4,5)", "S: 227 (198,51,100,2,4,6)",
	    "= PASV 198.51.100.2:1030 unearned" } },
	{ "a gap swallows the end of a multi-line reply", LIVE,
	  { LOGIN, "C: STAT", "S: 211-text", "S~", "= note gap", "S: nd", "C: PASV", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029 unearned" } },
	{ "a gap swallows the greeting", LIVE,
	  { "C: PASV", "S~", "= note gap", "S: ready", "S: 530 no", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029 unearned refused unasked" } },
	{ "a command before the gap earns nothing", LIVE,
	  { LOGIN, "C: NOOP", "S~", "= note gap", "S: x", "S: 200 ok", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029 unearned" } },
	{ "a gap swallows replies", LIVE,
	  { LOGIN, "C: TYPE I", "S~", "= note gap", "S: 00 ok", "C: PASV", "S: 227 (198,51,100,2,4,5)",
	    "= PASV 198.51.100.2:1029 unearned", "C: PASV", "S: 227 (198,51,100,2,4,6)",
	    "= PASV 198.51.100.2:1030" } },
	{ "replay: the first line after a gap is read if it is a whole command", 0,
	  { LOGIN, "C~", "= note gap", "C: PORT 10,0,0,2,4,5", "= PORT 10.0.0.2:1029 unearned" } },
	{ "replay: after a gap within a line", 0,
	  { LOGIN, "C~", "= note gap", "C: ,0,2,4,5", "C: PORT 10,0,0,2,4,6", "= PORT 10.0.0.2:1030 unearned" } },
	{ "replay: after a gap within what seems a header", 0,
	  { LOGIN, "C~", "= note gap", "C: x: y", "C: PORT 10,0,0,2,4,6", "= PORT 10.0.0.2:1030 unearned" } },
	{ "replay: a gap swallows the reply before", 0,
	  { LOGIN, "C: TYPE I", "C: PASV", "S~", "= note gap", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029 unearned" } },
	{ "replay: a gap swallows the reply's head", 0,
	  { LOGIN, "C: PASV", "S~", "= note gap", "S: ng Passive Mode (198,51,100,2,4,5)", "S: 227 (198,51,100,2,4,6)",
	    "= PASV 198.51.100.2:1030 unearned" } },
	{ "replay: a gap swallows PASV", 0,
	  { LOGIN, "C~", "= note gap", "C: RETR x", "S: 227 (198,51,100,2,4,5)", "= PASV 198.51.100.2:1029 unearned refused unasked" } },
};

/* ---- Cases of the kernel ---- */

static const struct row kernel_rows[] = {
	{ "port-lower, mixed-port", 0, { LOGIN, "C: port 10,0,0,2,80,5", "= PORT 10.0.0.2:20485" } },
	{ "eprt-lower", 0, { LOGIN, "C: eprt |1|10.0.0.2|20485|", "= EPRT 10.0.0.2:20485" } },
	{ "port-leading-zeros", 0, { LOGIN, "C: PORT 010,000,000,002,080,005", "= PORT 10.0.0.2:20485" } },
	{ "eprt-bang, 229-bang", 0,
	  { LOGIN, "C: EPRT !1!10.0.0.2!20485!", "= EPRT 10.0.0.2:20485", "S: 200 ok", "C: EPSV",
	    "S: 229 ok (!!!20485!)", "= EPSV *:20485" } },
	{ "pipe-type-port", 0, { LOGIN, "C! TYPE I\r\nPORT 10,0,0,2,80,5\r\n", "= PORT 10.0.0.2:20485" } },
	{ "pipe-replies-200-227", 0,
	  { LOGIN, "C: TYPE I", "C: PASV", "S! 200 ok\r\n227 ok (198,51,100,2,80,5)\r\n",
	    "= PASV 198.51.100.2:20485" } },
	{ "multi-227-1seg", 0,
	  { LOGIN, "C: PASV", "S! 227-first\r\n227 last (198,51,100,2,80,5)\r\n", "= PASV 198.51.100.2:20485" } },
	{ "multi-229-1seg", 0, { LOGIN, "C: EPSV", "S! 229-first\r\n229 last (|||20485|)\r\n", "= EPSV *:20485" } },
	{ "multi-227-2seg", 0,
	  { LOGIN, "C: PASV", "S: 227-first", "S: 227 last (198,51,100,2,80,5)", "= PASV 198.51.100.2:20485" } },
	{ "multi-227-inner", 0,
	  { LOGIN, "C: PASV", "S: 227-numbers (198,51,100,2,80,5)", "S: 227 ok", "= note no-address" } },
	{ "pipe-port-retr", 0, { LOGIN, "C! PORT 10,0,0,2,80,5\r\nRETR x\r\n", "= PORT 10.0.0.2:20485" } },
	{ "pipe-port-eprt", 0,
	  { LOGIN, "C! PORT 10,0,0,2,80,5\r\nEPRT |1|10.0.0.2|20486|\r\n", "= PORT 10.0.0.2:20485",
	    "= EPRT 10.0.0.2:20486" } },
	{ "pipe-port-port, pipe-2seg-port-port", 0,
	  { LOGIN, "C! PORT 10,0,0,2,80,5\r\nPORT 10,0,0,2,80,6\r\n", "= PORT 10.0.0.2:20485",
	    "= PORT 10.0.0.2:20486" } },
	{ "227-noparen", 0, { LOGIN, "C: PASV", "S: 227 Passive 198,51,100,2,80,5", "= PASV 198.51.100.2:20485" } },
	{ "227-noparen, final dot", 0,
	  { LOGIN, "C: PASV", "S: 227 Passive 198,51,100,2,80,5.", "= PASV 198.51.100.2:20485" } },
	{ "227-equals", 0, { LOGIN, "C: PASV", "S: 227 =198,51,100,2,80,5", "= PASV 198.51.100.2:20485" } },
	{ "227 Passive 4u", 0,
	  { LOGIN, "C: PASV", "S: 227 Passive 4u (198,51,100,2,80,5)", "= PASV 198.51.100.2:20485" } },
	{ "227 ok", 0, { LOGIN, "C: PASV", "S: 227 ok", "= note no-address" } },
	{ "229-noparen", 0, { LOGIN, "C: EPSV", "S: 229 Extended |||20485|", "= EPSV *:20485" } },
	{ "229-full", 0, { LOGIN, "C: EPSV", "S: 229 ok (|1|198.51.100.2|20485|)", "= EPSV *:20485" } },
	{ "port-first-command", 0, { "C: PORT 10,0,0,2,80,5", "= PORT 10.0.0.2:20485" } },
	{ "pasv-first-reply", 0, { "C: PASV", "S: 227 ok (198,51,100,2,80,5)", "= PASV 198.51.100.2:20485" } },
	{ "port-two-spaces", 0, { LOGIN, "C: PORT  10,0,0,2,80,5", "= PORT 10.0.0.2:20485" } },
	{ "port-space-before-cr", 0, { LOGIN, "C: PORT 10,0,0,2,80,5 ", "= PORT 10.0.0.2:20485" } },
	{ "port-lf-only", 0, { LOGIN, "C! PORT 10,0,0,2,80,5\n", "= PORT 10.0.0.2:20485" } },
	{ "port-tab", 0, { LOGIN, "C: PORT\t10,0,0,2,80,5", "= PORT 10.0.0.2:20485" } },
	{ "port-spaces-in-arguments", 0, { LOGIN, "C: PORT 10, 0, 0, 2, 80 ,5", "= PORT 10.0.0.2:20485" } },
	{ "port-no-arguments", 0, { LOGIN, "C: PORT", "= note bad-arguments", "C: PORT ", "= note bad-arguments" } },
	{ "port-5-numbers", 0, { LOGIN, "C: PORT 10,0,0,2,80", "= note bad-arguments" } },
	{ "port-7-numbers", 0, { LOGIN, "C: PORT 10,0,0,2,80,5,6", "= note bad-arguments" } },
	{ "port-trailing-text", 0, { LOGIN, "C: PORT 10,0,0,2,80,5 now", "= note bad-arguments" } },
	{ "portx-cmd", 0, { LOGIN, "C: PORTABLE 10,0,0,2,80,5", "= note not-a-command", "= done for good" } },
	{ "eprt-v6-on-v4", 0,
	  { LOGIN, "C: EPRT |2|fd00:1::2|20485|", "= EPRT [fd00:1::2]:20485 refused family-mismatch" } },
	{ "eprt-port-0", 0, { LOGIN, "C: EPRT |1|10.0.0.2|0|", "= EPRT 10.0.0.2:0 refused port-zero" } },
	{ "port-leading-space", 0, { LOGIN, "C:  PORT 10,0,0,2,80,5", "= note not-a-command", "= done for good" } },
	{ "port-telnet-iac", 0, { LOGIN, "C! \xff\xf4\xff\xf2PORT 10,0,0,2,80,5\r\n", "= PORT 10.0.0.2:20485" } },
	{ "bounce-*", 0, { LOGIN, "C: PORT 10,0,0,3,80,5", "= PORT 10.0.0.3:20485" } },
	{ "port-privileged-22", 0, { LOGIN, "C: PORT 10,0,0,2,0,22", "= PORT 10.0.0.2:22" } },
	{ "port-over-255", 0, { LOGIN, "C: PORT 10,0,0,258,80,5", "= note number-over-255" } },
	{ "port-wrap-address", 0, { LOGIN, "C: PORT 4294967306,0,0,2,80,5", "= note number-over-255" } },
	{ "port-wrap-port", 0,
	  { LOGIN, "C: PORT 10,0,0,2,0,20485", "= note number-over-255", "C: PORT 10,0,0,2,336,5",
	    "= note number-over-255" } },
	{ "eprt-wrap-port", 0, { LOGIN, "C: EPRT |1|10.0.0.2|86021|", "= note port-over-65535" } },
	{ "227-wrap-port", 0, { LOGIN, "C: PASV", "S: 227 ok (198,51,100,2,0,20485)", "= note number-over-255" } },
	{ "port-0", 0, { LOGIN, "C: PORT 10,0,0,2,0,0", "= PORT 10.0.0.2:0 refused port-zero" } },
	{ "epsv-all-port", 0,
	  { LOGIN, "C: EPSV ALL", "S: 200 ok", "C: PORT 10,0,0,2,80,5",
	    "= PORT 10.0.0.2:20485 refused after-epsv-all" } },
	{ "auth-tls-ciphertext", 0,
	  { "S: 220 ready", "C: AUTH TLS", "S: 234 ok", "= note encrypted", "= done", "C! \x16\x03\x01\x02\x00",
	    "C: PORT 10,0,0,2,80,5" } },
	{ "retrans-after-data-conn: the same again is the same again", 0,
	  { LOGIN, "C: PORT 10,0,0,2,80,5", "= PORT 10.0.0.2:20485", "S: 200 ok", "C: PORT 10,0,0,2,80,5",
	    "= PORT 10.0.0.2:20485" } },
	{ "midstream-*", PICKED_UP,
	  { "C: PORT 10,0,0,2,80,5", "= PORT 10.0.0.2:20485 unearned", "S: 200 ok", "C: PORT 10,0,0,2,80,6",
	    "= PORT 10.0.0.2:20486" } },
	{ "slipstream-post-port21, slipstream-none", 0,
	  { "C: POST / HTTP/1.1", "= note http", "= done for good", "C: Host: ftp.attacker.example:21",
	    "C: Content-Length: 22", "C: ", "C: PORT 10,0,0,2,0,22", "S: 200 ok" } },
	{ "slipstream-header-body-two-writes", 0,
	  { "C! POST / HTTP/1.1\r\nHost: x\r\n\r\n", "= note http", "= done for good",
	    "C! PORT 10,0,0,2,80,5\r\n" } },
	{ "slipstream by a request that could be a command", 0,
	  { "S: 220 ready", "C: STAT / HTTP/1.1", "= note http", "= done for good", "C: PORT 10,0,0,2,80,5" } },
};

/* ---- The runner ---- */

static void check_state(struct recorder *r, const struct usher_record *record)
{
	(void)record;
	assert_true(r->helper->check(r->state, r->helper->state_size));
}

/* What comes of a dialogue does not depend on the pieces in which it comes. */
static void run_row(const struct row *row, size_t piece)
{
	struct recorder *r = recorder_new(&usher__helper_ftp, row->flags & V6 ? USHER_IPV6 : USHER_IPV4, 21);
	const char *wrong;

	r->picked_up = row->flags & PICKED_UP;
	r->live = row->flags & LIVE;
	r->answer = row->flags & REFUSE ? USHER_REFUSED : USHER_OK;
	r->after = check_state;
	wrong = recorder_play(r, row->steps, piece);
	if (wrong)
		fail_msg("%s: %s", row->name, wrong);
	assert_false(r->called_after_done);
	recorder_free(r);
}

struct table {
	const struct row *rows;
	size_t count;
};

static void test_rows(void **state)
{
	static const size_t pieces[] = { 1024, 1, 2, 7 };
	const struct table *table = *state;

	for (size_t i = 0; i < table->count; i++) {
		assert_null(table->rows[i].steps[STEPS - 1]);
		for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++)
			run_row(&table->rows[i], pieces[p]);
	}
}

#define ROWS(rows) { #rows, test_rows, NULL, NULL, &(struct table){ rows, sizeof(rows) / sizeof(rows[0]) } }

/* ---- What a row cannot say ---- */

static struct recorder *logged_in(void)
{
	struct recorder *r = recorder_new(&usher__helper_ftp, USHER_IPV4, 21);

	recorder_say(r, USHER_SERVER, "220 ready\r\n", 11);
	recorder_say(r, USHER_CLIENT, "USER u\r\n", 8);
	recorder_say(r, USHER_SERVER, "230 in\r\n", 8);
	assert_null(recorder_take(r));
	return r;
}

static void say(struct recorder *r, uint8_t dir, const char *text)
{
	recorder_say(r, dir, text, strlen(text));
}

static void assert_next(struct recorder *r, const char *want)
{
	const char *got = recorder_take(r);

	if (!got)
		fail_msg("expected %s, got nothing", want);
	assert_string_equal(got, want);
}

/* `len` times `byte`. */
static void say_many(struct recorder *r, uint8_t dir, char byte, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		recorder_say(r, dir, &byte, 1);
}

/* port-many-zeros: 500 of them are still decimal. */
static void test_many_zeros(void **state)
{
	struct recorder *r = logged_in();

	(void)state;
	say(r, USHER_CLIENT, "PORT ");
	say_many(r, USHER_CLIENT, '0', 500);
	say(r, USHER_CLIENT, "10,0,0,2,80,5\r\n");
	assert_next(r, "PORT 10.0.0.2:20485");
	recorder_free(r);
}

/* long-site-tail-has-port: 4000 bytes of SITE, PORT behind them. And 4096 are a line, 4097 are not. */
static void test_long_lines(void **state)
{
	struct recorder *r = logged_in();

	(void)state;
	say(r, USHER_CLIENT, "SITE ");
	say_many(r, USHER_CLIENT, 'x', 4000);
	say(r, USHER_CLIENT, "\r\nPORT 10,0,0,2,80,5\r\n");
	assert_next(r, "PORT 10.0.0.2:20485");
	say(r, USHER_CLIENT, "PORT 10,0,0,2,80,6");
	say_many(r, USHER_CLIENT, ' ', 4096 - 20);
	say(r, USHER_CLIENT, "\r\n");
	assert_next(r, "PORT 10.0.0.2:20486");
	say(r, USHER_CLIENT, "PORT 10,0,0,2,80,7");
	say_many(r, USHER_CLIENT, ' ', 4097 - 20);
	say(r, USHER_CLIENT, "\r\n");
	assert_next(r, "note over-long-line");
	assert_next(r, "done for good");
	recorder_free(r);
}

/* 64 KiB without a line end, as the first that is seen and later. */
static void test_endless_line(void **state)
{
	struct recorder *r = logged_in();

	(void)state;
	say_many(r, USHER_CLIENT, 'A', 65536);
	assert_next(r, "note not-a-command");
	assert_next(r, "done for good");
	recorder_free(r);
	r = recorder_new(&usher__helper_ftp, USHER_IPV4, 21);
	r->picked_up = true;
	say_many(r, USHER_CLIENT, 'A', 65536);
	say(r, USHER_CLIENT, "\r\nPORT 10,0,0,2,80,5\r\n");
	assert_next(r, "PORT 10.0.0.2:20485 unearned");
	recorder_free(r);
}

static void test_long_replies(void **state)
{
	struct recorder *r = logged_in();

	(void)state;
	say(r, USHER_CLIENT, "PASV\r\n");
	say(r, USHER_SERVER, "227 (198,51,100,2,80,5)");
	say_many(r, USHER_SERVER, 'A', 65536);
	assert_next(r, "note over-long-reply");
	say(r, USHER_SERVER, "\r\n227 (198,51,100,2,80,5)\r\n");
	assert_next(r, "PASV 198.51.100.2:20485 refused unasked");
	say(r, USHER_CLIENT, "PORT 10,0,0,2,80,5\r\n");
	assert_next(r, "PORT 10.0.0.2:20485");
	say(r, USHER_SERVER, "500 ");
	say_many(r, USHER_SERVER, 'A', 5000);
	say(r, USHER_SERVER, "\r\n");
	assert_next(r, "note over-long-reply");
	assert_next(r, "withdraw 10.0.0.2:20485");
	assert_null(recorder_take(r));
	recorder_free(r);
}

/* Of more than 16 outstanding commands the oldest are forgotten. No PORT suffers, nor a PASV behind many. */
static void test_deep_pipeline(void **state)
{
	struct recorder *r = logged_in();
	char line[64];

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		snprintf(line, sizeof(line), "PORT 10,0,0,2,80,%u\r\n", i % 256);
		say(r, USHER_CLIENT, line);
		snprintf(line, sizeof(line), "PORT 10.0.0.2:%u", 80 * 256 + i % 256);
		assert_next(r, line);
		recorder_clear(r);
	}
	say(r, USHER_CLIENT, "PASV\r\n");
	for (unsigned i = 0; i < 500; i++)
		say(r, USHER_SERVER, "200 ok\r\n");
	assert_null(recorder_take(r));
	say(r, USHER_SERVER, "227 (198,51,100,2,80,5)\r\n");
	assert_next(r, "PASV 198.51.100.2:20485");
	for (unsigned behind = 15; behind <= 16; behind++) {
		say(r, USHER_CLIENT, "PASV\r\n");
		for (unsigned i = 0; i < behind; i++)
			say(r, USHER_CLIENT, "NOOP\r\n");
		say(r, USHER_SERVER, "227 (198,51,100,2,80,5)\r\n");
		assert_next(r, behind == 15 ? "PASV 198.51.100.2:20485" : "PASV 198.51.100.2:20485 refused unasked");
	}
	recorder_free(r);
}

/* The engine asks no more after done. If it did, nothing would come of it. */
static void test_ended(void **state)
{
	struct recorder *r = logged_in();

	(void)state;
	say(r, USHER_CLIENT, "GET /\r\n");
	assert_next(r, "note http");
	assert_next(r, "done for good");
	recorder_record(r, USHER_CLIENT, "PORT 10,0,0,2,80,5\r\n", 20, 0);
	recorder_record(r, USHER_SERVER, "227 (198,51,100,2,80,5)\r\n", 25, 0);
	assert_null(recorder_take(r));
	recorder_free(r);
}

/* What stands in the expectation, and what its identity is. */
static void test_expectation(void **state)
{
	struct recorder *r = logged_in();
	uint32_t tag;

	(void)state;
	say(r, USHER_CLIENT, "PORT 10,0,0,2,80,5\r\n");
	assert_int_equal(r->last.class_id, 0);
	assert_int_equal(r->last.protocol, USHER_TCP);
	assert_int_equal(r->last.side, USHER_CLIENT);
	assert_int_equal(r->last.flags, USHER_EXPECT_CHILD_STAYS);
	assert_int_equal(r->last.uses, 1);
	assert_int_equal(r->last.timeout_s, 0);
	assert_int_equal(r->last.peer.family, USHER_ANY_FAMILY);
	assert_int_equal(r->last.peer.key, 0);
	tag = r->last.tag;
	say(r, USHER_CLIENT, "EPRT |1|10.0.0.2|20485|\r\n");
	assert_int_equal(r->last.tag, tag);
	say(r, USHER_CLIENT, "EPRT |1|10.0.0.2|20486|\r\n");
	assert_int_not_equal(r->last.tag, tag);
	say(r, USHER_CLIENT, "EPRT |1|10.0.0.2|20741|\r\n");
	assert_int_not_equal(r->last.tag, tag);
	say(r, USHER_CLIENT, "PORT 198,51,100,2,80,5\r\nPASV\r\n");
	tag = r->last.tag;
	say(r, USHER_SERVER, "227 (198,51,100,2,80,5)\r\n");
	assert_int_not_equal(r->last.tag, tag);
	say(r, USHER_CLIENT, "EPSV\r\n");
	say(r, USHER_SERVER, "229 (|||20485|)\r\n");
	assert_int_equal(r->last.side, USHER_SERVER);
	assert_int_equal(r->last.listener.family, USHER_ANY_FAMILY);
	assert_int_not_equal(r->last.tag, tag);
	recorder_free(r);
	assert_int_equal(usher__helper_ftp.classes[0].max, 1);
	assert_int_equal(usher__helper_ftp.classes[0].timeout_s, 300);
	assert_int_equal(usher__helper_ftp.classes[0].min_key, 1024);
	assert_string_equal(usher__helper_ftp.classes[0].name, "data");
	assert_int_equal(usher__helper_ftp.ports[0], 21);
}

static bool may_edit(struct recorder *r, uint8_t dir, const char *head)
{
	return r->helper->may_edit(r->state, dir, (const uint8_t *)head, (uint32_t)strlen(head));
}

static void test_may_edit(void **state)
{
	static const char *const yes[] = { "", "P", "po", "POR", "PORT", "PORT ", "PORT\t1", "E", "EPRT", "eprt |",
		"\xff",
					   "\xff\xfb", "\xff\xf4PO" };
	static const char *const no[] = { "PA", "PORTA", "PORT\r", "EPSV", "USER", "\xff\xf4U", "X", "\r", " PORT" };
	struct recorder *r = logged_in();

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(may_edit(r, USHER_CLIENT, yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(may_edit(r, USHER_CLIENT, no[i]));
	assert_false(may_edit(r, USHER_SERVER, "2"));
	assert_false(may_edit(r, USHER_SERVER, "227 ("));
	say(r, USHER_CLIENT, "PASV\r\n");
	assert_true(may_edit(r, USHER_SERVER, "22"));
	assert_true(may_edit(r, USHER_SERVER, "227 ("));
	assert_false(may_edit(r, USHER_SERVER, "227-"));
	assert_false(may_edit(r, USHER_SERVER, "229 "));
	assert_false(may_edit(r, USHER_SERVER, "200 "));
	say(r, USHER_SERVER, "200-text\r\n");
	assert_false(may_edit(r, USHER_SERVER, "227 ("));
	say(r, USHER_SERVER, "200 text\r\n227-text\r\n");
	assert_true(may_edit(r, USHER_SERVER, "227 ("));
	say(r, USHER_CLIENT, "EPSV\r\n");
	say(r, USHER_SERVER, "227 x\r\n");
	assert_true(may_edit(r, USHER_SERVER, "229 ("));
	say(r, USHER_CLIENT, "GET /\r\n");
	assert_false(may_edit(r, USHER_CLIENT, "PORT "));
	recorder_free(r);
}

/* A state from a file: 84 bytes; see struct ftp_state. */
static void test_check(void **state)
{
	const uint32_t size = usher__helper_ftp.state_size;
	uint8_t bytes[84] = { 0 };

	(void)state;
	assert_int_equal(size, sizeof(bytes));
	assert_true(usher__helper_ftp.check(bytes, size));
	assert_false(usher__helper_ftp.check(bytes, size - 1));
	bytes[66] = 64; /* a flag that there is not */
	assert_false(usher__helper_ftp.check(bytes, size));
	bytes[66] = 63;
	bytes[67] = 17; /* outstanding commands */
	assert_false(usher__helper_ftp.check(bytes, size));
	bytes[67] = 16;
	assert_true(usher__helper_ftp.check(bytes, size));
	bytes[83] = 11; /* the kind of the last one */
	assert_false(usher__helper_ftp.check(bytes, size));
	bytes[83] = 10;
	assert_true(usher__helper_ftp.check(bytes, size));
	bytes[65] = 3; /* 768 */
	assert_false(usher__helper_ftp.check(bytes, size));
	bytes[65] = 0;
	bytes[64] = 99; /* the code of a multi-line reply */
	assert_false(usher__helper_ftp.check(bytes, size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS(rfc_rows),
		ROWS(client_rows),
		ROWS(argument_rows),
		ROWS(passive_rows),
		ROWS(dialogue_rows),
		ROWS(beginning_rows),
		ROWS(kernel_rows),
		cmocka_unit_test(test_many_zeros),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_long_replies),
		cmocka_unit_test(test_deep_pipeline),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_expectation),
		cmocka_unit_test(test_may_edit),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
