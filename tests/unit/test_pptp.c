/*
 * What the PPTP helper makes of a dialogue. Each row is one control connection, written as a script; pptp_peer.h tells its
 * words. The rows of kernel_rows carry the case names under which the Linux kernel's helper was observed; what that one does,
 * and why usher does what it does, is in doc/helpers/pptp.md. The tables have their own tests: test_pptp_tables.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/pptp_peer.h"

#define STEPS 40

enum row_flags { V6 = 1, PICKED_UP = 2, REFUSE = 4, LIVE = 8, TWO_CALLS = 16 };

struct row {
	const char *name;
	unsigned flags; /* TWO_CALLS: there is room for two */
	const char *steps[STEPS];
};

static const struct usher_helper *pptp;

#define UP "C SCCRQ", "S SCCRP"
#define CALL "C OCRQ 1", "S OCRP 100 1", "= outgoing-call *:1 *:100"
#define END_CALL "S CDN 100", "= withdraw *:1 *:100 and children"

/* ---- RFC 2637 ---- */

static const struct row rfc_rows[] = {
	{ "3.2.4, an outgoing call from beginning to end", 0,
	  { UP, CALL, "C SLI 100", "S WEN 1", "C CCRQ 1", END_CALL, "C STOPRQ", "= withdraw all and children", "S STOPRP" } },
	{ "3.2.4 on IPv6", V6, { UP, CALL, "C CCRQ 1", END_CALL } },
	{ "3.2.4, the PNS is the server", 0,
	  { UP, "S OCRQ 1", "C OCRP 100 1", "= outgoing-call *:100 *:1", "S CCRQ 1", "C CDN 100",
	    "= withdraw *:100 *:1 and children" } },
	{ "3.1.1, the server asks for the session", 0, { "S SCCRQ", "C SCCRP", CALL } },
	{ "3.2.3, an incoming call from beginning to end", 0,
	  { UP, "S ICRQ 100", "C ICRP 1 100", "S ICCN 1", "= incoming-call *:1 *:100", "C SLI 100", "S WEN 1", "C CCRQ 1",
	    "S CDN 100",
	    "= withdraw *:1 *:100 and children" } },
	{ "3.2.3, the PAC is the client", 0,
	  { UP, "C ICRQ 1", "S ICRP 100 1", "C ICCN 100", "= incoming-call *:1 *:100", "C CDN 1",
	    "= withdraw *:1 *:100 and children" } },
	{ "3.2.3, the caller hangs up before the answer", 0,
	  { UP, "S ICRQ 100", "S CDN 100", "= withdraw UNKNOWN and children", "C ICRP 1 100", "= note unexpected-message" } },
	{ "3.2.3, the caller hangs up after the answer", 0,
	  { UP, "S ICRQ 100", "C ICRP 1 100", "S CDN 100", "= withdraw UNKNOWN and children", "S ICCN 1",
	    "= note unexpected-message" } },
	{ "3.1.3, both ask, the server grants", 0, { "C SCCRQ", "S SCCRQ", "S SCCRP", CALL } },
	{ "3.1.3, both ask, the client grants", 0, { "C SCCRQ", "S SCCRQ", "C SCCRP", CALL } },
	{ "3.1.3, both ask, one refuses, the other grants", 0,
	  { "C SCCRQ", "S SCCRQ", "C SCCRP 3", "C OCRQ 1", "C SCCRP", "= note unexpected-message", "S SCCRP", CALL } },
	{ "3.1.3, both ask, both refuse", 0,
	  { "C SCCRQ", "S SCCRQ", "C SCCRP 3", "S SCCRP 3", "C OCRQ 1", "= note unexpected-message", "S SCCRP",
	    "= note unexpected-message" } },
	{ "2.2, nobody answers his own request", 0,
	  { "C SCCRQ", "C SCCRP", "= note unexpected-message", "C OCRQ 1", "S SCCRP", CALL } },
	{ "2.3, a stop ends all calls, whoever says it", 0,
	  { UP, CALL, "S OCRQ 200", "C OCRP 2 200", "= outgoing-call *:2 *:200", "S STOPRQ", "= withdraw all and children",
	    "C STOPRP",
	    "C OCRQ 3", "= note unexpected-message", "S OCRP 300 3", "= outgoing-call *:3 *:300 refused no-session" } },
	{ "2.3, both stop", 0,
	  { UP, CALL, "C STOPRQ", "= withdraw all and children", "S STOPRQ", "C STOPRP", "S STOPRP" } },
	{ "2.3, after a stop no session begins", 0,
	  { UP, "C STOPRQ", "= withdraw all and children", "C SCCRQ", "= note unexpected-message", "S SCCRP",
	    "= note unexpected-message" } },
	{ "2.4, a stop that nobody asked for", 0, { UP, CALL, "S STOPRP", "= note unexpected-message", END_CALL } },
	{ "2.5, 2.6, echoes refresh", 0,
	  { UP, "C ECHORQ", "= refresh all", "S ECHORP", "= refresh all", "S ECHORQ 1", "= refresh all" } },
	{ "2.5, not without a session", 0,
	  { "C ECHORQ", "= note unexpected-message", "C SCCRQ", "S ECHORP", "= note unexpected-message" } },
	{ "2.12, a clear request before the reply", 0,
	  { UP, "C OCRQ 1", "C CCRQ 1", "S OCRP 100 1", "S CDN 100", "= withdraw UNKNOWN and children" } },
	{ "2.12, a clear request before the reply, which refuses", 0,
	  { UP, "C OCRQ 1", "C CCRQ 1", "S OCRP 0 1 4", "= withdraw UNKNOWN" } },
	{ "2.12, a clear request before the incoming call is connected", 0,
	  { UP, "S ICRQ 100", "C ICRP 1 100", "C CCRQ 1", "S ICCN 1", "S CDN 100", "= withdraw UNKNOWN and children" } },
	{ "2.13, the PAC gives up before it replied", 0,
	  { UP, "C OCRQ 1", "S CDN 1", "= note disconnect-peer-id", "= withdraw UNKNOWN and children", "S OCRP 100 1",
	    "= outgoing-call *:1 *:100 refused unasked" } },
	{ "2.13, the PNS disconnects nothing", 0, { UP, CALL, "C CDN 1", "= note unexpected-message", END_CALL } },
	{ "2.12, the PAC clears nothing", 0, { UP, CALL, "S CCRQ 100", "= note unexpected-message", END_CALL } },
	{ "2.14, the PNS has no line", 0, { UP, CALL, "C WEN 100", "= note unexpected-message" } },
	{ "2.15, the PAC says it, too", 0, { UP, CALL, "S SLI 1" } },
	{ "2.15, to a call that there is not", 0, { UP, CALL, "C SLI 101", "= note unexpected-message" } },
	{ "3.2.2, ids are used anew", 0,
	  { UP, CALL, END_CALL, CALL, END_CALL, "C OCRQ 1", "S OCRP 101 1", "= outgoing-call *:1 *:101" } },
	{ "3.2.2, each side has its own ids", 0,
	  { UP, "C OCRQ 5", "S OCRP 5 5", "= outgoing-call *:5 *:5", "S OCRQ 6", "C OCRP 6 6", "= outgoing-call *:6 *:6", "S CDN 5",
	    "= withdraw *:5 *:5 and children", "C CDN 6", "= withdraw *:6 *:6 and children" } },
	{ "both sides call, and are asked, at once", 0,
	  { UP, "C OCRQ 1", "S ICRQ 200", "S OCRQ 300", "C ICRQ 4", "C ICRP 2 200", "S OCRP 100 1", "= outgoing-call *:1 *:100",
	    "S ICRP 400 4", "C OCRP 3 300", "= outgoing-call *:3 *:300", "S ICCN 2", "= incoming-call *:2 *:200", "C ICCN 400",
	    "= incoming-call *:4 *:400", "S CDN 200", "= withdraw *:2 *:200 and children", "C CDN 3",
	    "= withdraw *:3 *:300 and children", "S CDN 100", "= withdraw *:1 *:100 and children", "C CDN 4",
	    "= withdraw *:4 *:400 and children" } },
	{ "replies in another order than requests", 0,
	  { UP, "C OCRQ 1", "C OCRQ 2", "C OCRQ 3", "S OCRP 102 2", "= outgoing-call *:2 *:102", "S OCRP 103 3 4",
	    "= withdraw UNKNOWN",
	    "S OCRP 101 1", "= outgoing-call *:1 *:101" } },
};

/* ---- What does not open ---- */

static const struct row refused_rows[] = {
	{ "a refused call", 0,
	  { UP, "C OCRQ 1", "S OCRP 100 1 2", "= withdraw UNKNOWN", "S OCRP 100 1 1", "= outgoing-call *:1 *:100 refused unasked",
	    "S SLI 1", "= note unexpected-message", "C CCRQ 1", "S CDN 1", "= note disconnect-peer-id" } },
	{ "a refused call is asked for again", 0, { UP, "C OCRQ 1", "S OCRP 0 1 4", "= withdraw UNKNOWN", CALL } },
	{ "result 0 is no success", 0, { UP, "C OCRQ 1", "S OCRP 100 1 0", "= withdraw UNKNOWN" } },
	{ "result 7", 0, { UP, "C OCRQ 1", "S OCRP 100 1 7", "= withdraw UNKNOWN" } },
	{ "result 255", 0, { UP, "C OCRQ 1", "S OCRP 100 1 255", "= withdraw UNKNOWN" } },
	{ "a refused incoming call", 0,
	  { UP, "S ICRQ 100", "C ICRP 1 100 3", "= withdraw UNKNOWN", "S ICCN 1", "= note unexpected-message", "C ICRP 1 100",
	    "= note unexpected-message" } },
	{ "an incoming call is connected without an answer", 0,
	  { UP, "S ICRQ 100", "S ICCN 1", "= note unexpected-message", "S ICCN 100", "= note unexpected-message" } },
	{ "the client's reply to its own request", 0,
	  { UP, "C OCRQ 1", "C OCRP 100 1", "= outgoing-call *:100 *:1 refused unasked", "S OCRP 100 1",
	    "= outgoing-call *:1 *:100" } },
	{ "an incoming call's request is no outgoing call's", 0,
	  { UP, "S ICRQ 100", "C OCRP 1 100", "= outgoing-call *:1 *:100 refused unasked", "C ICRP 1 100", "S ICCN 1",
	    "= incoming-call *:1 *:100" } },
	{ "an outgoing call's request is no incoming call's", 0,
	  { UP, "C OCRQ 1", "S ICRP 100 1", "= note unexpected-message", "S ICCN 1", "= note unexpected-message" } },
	{ "a reply twice", 0,
	  { UP, CALL, "S OCRP 100 1", "= outgoing-call *:1 *:100 refused unasked", END_CALL } },
	{ "a second reply with another id", 0,
	  { UP, CALL, "S OCRP 101 1", "= outgoing-call *:1 *:101 refused unasked", END_CALL } },
	{ "a refusal after the reply", 0, { UP, CALL, "S OCRP 100 1 2", "= note unexpected-message", END_CALL } },
	{ "a request for a call that stands", 0, { UP, CALL, "C OCRQ 1", "= note unexpected-message", END_CALL } },
	{ "an incoming call with an id that stands", 0, { UP, CALL, "S ICRQ 100", "= note unexpected-message", END_CALL } },
	{ "the PAC gives one id to two calls", 0,
	  { UP, CALL, "C OCRQ 2", "S OCRP 100 2", "= note call-id-in-use", "= withdraw UNKNOWN", END_CALL } },
	{ "... it may once the first is being cleared", 0,
	  { UP, CALL, "C OCRQ 2", "C CCRQ 1", "S OCRP 100 2", "= withdraw *:1 *:100 and children", "= outgoing-call *:2 *:100" } },
	{ "the PNS does not wait for the notify", 0,
	  { UP, CALL, "C CCRQ 1", "C OCRQ 1", "= withdraw *:1 *:100 and children", "S OCRP 101 1", "= outgoing-call *:1 *:101" } },
	{ "an answer twice", 0,
	  { UP, "S ICRQ 100", "C ICRP 1 100", "C ICRP 1 100", "C ICRP 2 100", "= note unexpected-message", "S ICCN 1",
	    "= incoming-call *:1 *:100", "S ICCN 1", "= note unexpected-message" } },
	{ "a clear request twice", 0, { UP, CALL, "C CCRQ 1", "C CCRQ 1", END_CALL, "S CDN 100", "= note unexpected-message" } },
	{ "a late message of a call that has ended", 0,
	  { UP, CALL, END_CALL, "C CCRQ 1", "= note unexpected-message", "S WEN 1", "= note unexpected-message", "C SLI 100",
	    "= note unexpected-message" } },
	{ "a session refused", 0,
	  { "C SCCRQ", "S SCCRP 4", "C OCRQ 1", "= note unexpected-message", "S OCRP 100 1",
	    "= outgoing-call *:1 *:100 refused no-session", "C SCCRQ", "= note unexpected-message", "S SCCRP",
	    "= note unexpected-message", "C STOPRQ", "= withdraw all and children" } },
	{ "result 0 is no session", 0, { "C SCCRQ", "S SCCRP 0", "S OCRP 100 1", "= outgoing-call *:1 *:100 refused no-session" } },
	{ "a call asked for before the session is granted", 0, /* pptp-coalesced: SCCRQ+OCRQ */
	  { "C SCCRQ", "C OCRQ 1", "S OCRP 100 1", "= outgoing-call *:1 *:100 refused no-session", "S SCCRP", "S OCRP 100 1",
	    "= outgoing-call *:1 *:100" } },
	{ "a session granted twice", 0, { UP, "S SCCRP", "= note unexpected-message", CALL } },
	{ "a session that stands is not refused any more", 0, { UP, CALL, "S SCCRP 2", "= note unexpected-message", END_CALL } },
	{ "a session asked for twice", 0,
	  { "C SCCRQ", "C SCCRQ", "S SCCRP", CALL, "C SCCRQ", "= note unexpected-message", END_CALL } },
	{ "the engine refuses: the call stands, nothing more", REFUSE,
	  { UP, CALL, "C SLI 100", "S CDN 100", "= withdraw UNKNOWN and children" } },
	{ "three calls where two may be", TWO_CALLS,
	  { UP, CALL, "C OCRQ 2", "S OCRP 101 2", "= outgoing-call *:2 *:101", "C OCRQ 3", "= note calls-full", "S OCRP 102 3",
	    "= outgoing-call *:3 *:102 refused unasked", END_CALL, "C OCRQ 3", "S OCRP 102 3", "= outgoing-call *:3 *:102" } },
	{ "failed calls are forgotten for new ones", TWO_CALLS,
	  { UP, "C OCRQ 1", "S OCRP 0 1 4", "= withdraw UNKNOWN", "C OCRQ 2", "S OCRP 0 2 4", "= withdraw UNKNOWN", "C OCRQ 3",
	    "S OCRP 103 3", "= outgoing-call *:3 *:103", "C OCRQ 4", "S OCRP 104 4", "= outgoing-call *:4 *:104", "C OCRQ 5",
	    "= note calls-full" } },
	{ "a disconnect that two calls could mean", 0,
	  { UP, "C OCRQ 1", "S OCRP 100 1", "= outgoing-call *:1 *:100", "S CDN 2", "= note unexpected-message", "C OCRQ 100",
	    "S OCRP 1 100", "= outgoing-call *:100 *:1", "S CDN 1", "= withdraw *:100 *:1 and children", "S CDN 1",
	    "= note disconnect-peer-id", "= withdraw *:1 *:100 and children" } },
	{ "the PAC's own incoming call is not named by the PNS's id of another", 0,
	  { UP, "S ICRQ 100", "C ICRP 1 100", "S ICCN 1", "= incoming-call *:1 *:100", "S CDN 1", "= note disconnect-peer-id",
	    "= withdraw *:1 *:100 and children" } },
};

/* ---- Headers ---- */

static const struct row header_rows[] = {
	{ "unknown types are passed over", 0,
	  { UP, "C OTHER 0 12", "= note unknown-type", "C OTHER 16 16", "= note unknown-type", "S OTHER 65535 1024",
	    "= note unknown-type", CALL } },
	{ "one that is longer than any known one", 0,
	  { UP, "C OTHER 77 221 + OTHER 78 1000 + OCRQ 1", "= note unknown-type", "= note unknown-type", "S OCRP 100 1",
	    "= outgoing-call *:1 *:100" } },
	{ "a management message is passed over", 0,
	  { UP, "C MGMT + OCRQ 1", "= note unknown-type", "S OCRP 100 1", "= outgoing-call *:1 *:100" } },
	{ "a length below 12", 0, { UP, "C BYTES 000b00011a2b3c4d00070000", "= note bad-length", "= done" } },
	{ "a length over 1024", 0, { UP, "C OTHER 77 1025", "= note bad-length", "= done" } },
	{ "a length that is known by two bytes", 0, { UP, "C BYTES 0000", "= note bad-length", "= done" } },
	{ "a length one too short", 0, { UP, CALL, "C BYTES 000f00011a2b3c4d000c0000 000100", "= note bad-length", "= done" } },
	{ "a length one too long", 0, { UP, "S BYTES 001100011a2b3c4d000c0000 00010000 00", "= note bad-length", "= done" } },
	{ "message type 3", 0, { UP, "C BYTES 001000031a2b3c4d000c0000 00010000", "= note bad-message-type", "= done" } },
	{ "message type 0", 0, { UP, "C BYTES 001000001a2b3c4d000c0000 00010000", "= note bad-message-type", "= done" } },
	{ "another cookie", 0, { UP, CALL, "S BYTES 001000011a2b3c4e000c0000 00010000", "= note bad-cookie", "= done" } },
	{ "the first fault counts", 0, { UP, "C BYTES 000900031a2b3c4e000c0000 00010000", "= note bad-length", "= done" } },
	{ "HTTP from the first byte", 0, { "C BYTES 504f5354202f20485454502f312e310d0a", "= note bad-length", "= done for good" } },
	{ "FTP's greeting from the server", 0,
	  { "C SCCRQ", "S BYTES 3232302068656c6c6f0d0a", "= note bad-length", "= done for good" } },
	{ "TLS", 0, { "C BYTES 160301020001000100", "= note bad-length", "= done for good" } },
	{ "a short text that is a length", 0, { "C BYTES 00100a0d", "= note bad-message-type", "= done for good" } },
	{ "reserved fields", 0,
	  { UP, "C BYTES 001000011a2b3c4d00050001 00000007", "= note reserved-not-zero", "= refresh all",
	    "C BYTES 001000011a2b3c4d000c0000 00010001",
	    "= note reserved-not-zero", "= note unexpected-message" } },
	{ "a reserved field, and the call all the same", 0,
	  { UP, "C OCRQ 1", "S BYTES 002000011a2b3c4d00080001 0064000101000000 00000000 00000000 00000000",
	    "= note reserved-not-zero",
	    "= outgoing-call *:1 *:100" } },
};

/* ---- Beginnings that were not seen ---- */

static const struct row beginning_rows[] = {
	{ "picked up live: a request and its reply are the dialogue", PICKED_UP | LIVE, { CALL, END_CALL } },
	{ "picked up: the same in a replay", PICKED_UP, { CALL, END_CALL } },
	{ "picked up, incoming", PICKED_UP | LIVE,
	  { "S ICRQ 100", "C ICRP 1 100", "S ICCN 1", "= incoming-call *:1 *:100" } },
	{ "picked up live: a reply alone", PICKED_UP | LIVE,
	  { "S OCRP 100 1", "= outgoing-call *:1 *:100 refused unasked", CALL } },
	{ "picked up in a replay: a reply alone", PICKED_UP,
	  { "S OCRP 100 1", "= outgoing-call *:1 *:100 unearned", "C SLI 100", "S CDN 100", "= withdraw *:1 *:100 and children" } },
	{ "picked up in a replay: an incoming call's end alone", PICKED_UP,
	  { "C ICRP 1 100", "= note unexpected-message", "S ICCN 1", "= note unexpected-message" } },
	{ "picked up with running calls", PICKED_UP | LIVE,
	  { "C SLI 100", "= note unexpected-message", "S CDN 100", "= note unexpected-message", "C ECHORQ", "= refresh all",
	    CALL } },
	{ "picked up before the session began", PICKED_UP | LIVE,
	  { "C SCCRQ", "C OCRQ 1", "S SCCRP", CALL } },
	{ "picked up between request and reply of the session", PICKED_UP | LIVE, { "S SCCRP", CALL } },
	{ "picked up, and the session is refused", PICKED_UP | LIVE, { "S SCCRP 2", "C OCRQ 1", "= note unexpected-message" } },
	{ "picked up, and the session ends", PICKED_UP,
	  { "S STOPRP", "= withdraw all and children", "C OCRQ 1", "= note unexpected-message" } },
	{ "picked up inside a message", PICKED_UP | LIVE,
	  { "C BYTES 0001020304 + OCRQ 1", "S OCRP 100 1", "= outgoing-call *:1 *:100" } },
	{ "picked up inside text that looks like a length", PICKED_UP | LIVE,
	  { "C BYTES 00a8000100a800011a2b3c4e + BYTES 001000011a2b + OCRQ 1", "S OCRP 100 1", "= outgoing-call *:1 *:100" } },
	{ "picked up, what follows a message is none", PICKED_UP | LIVE,
	  { "C SLI 1 + BYTES 00010203", "= note unexpected-message", "= note bad-length", "= done" } },
	{ "picked up, where unknown types are no landmarks", PICKED_UP | LIVE,
	  { "C OTHER 77 + MGMT + OCRQ 1 + OTHER 77", "= note unknown-type" } },
	{ "a gap, live: the session stands, and new calls count", LIVE, { UP, "C~", "= note gap", CALL } },
	{ "a gap, live, between request and reply", LIVE,
	  { UP, "C OCRQ 1", "S~", "= note gap", "S OCRP 100 1", "= outgoing-call *:1 *:100" } },
	{ "a gap, live, where the request was", LIVE,
	  { UP, "C~", "= note gap", "S OCRP 100 1", "= outgoing-call *:1 *:100 refused unasked" } },
	{ "a gap in a replay, where the request was", 0,
	  { UP, "C~", "= note gap", "S OCRP 100 1", "= outgoing-call *:1 *:100 unearned" } },
	{ "a gap, live, where the session began", LIVE,
	  { "C SCCRQ", "S~", "= note gap", "C OCRQ 1", "S OCRP 100 1",
	    "= outgoing-call *:1 *:100 refused no-session" } },
	{ "a gap in a replay, where the session began", 0,
	  { "C SCCRQ", "S~", "= note gap", "C OCRQ 1", "S OCRP 100 1", "= outgoing-call *:1 *:100 unearned", "S SCCRP",
	    "= note unexpected-message" } },
	{ "a gap in a replay, but the session is granted after it", 0,
	  { "C SCCRQ", "C~", "= note gap", "S SCCRP", CALL } },
	{ "picked up in a replay: no reply alone counts in a session that is only asked for", PICKED_UP,
	  { "C SCCRQ", "C OCRP 1 100", "= outgoing-call *:1 *:100 refused unasked" } },
	{ "picked up: a session does not begin after calls", PICKED_UP,
	  { CALL, "C SCCRQ", "= note unexpected-message", END_CALL } },
	{ "a gap does not undo a refusal", 0,
	  { "C SCCRQ", "S SCCRP 2", "S~", "= note gap", "C OCRQ 1", "= note unexpected-message" } },
	{ "after a gap an id may be another call's", LIVE,
	  { UP, CALL, "S~", "= note gap", "C OCRQ 1", "= withdraw *:1 *:100 and children", "S OCRP 100 1",
	    "= outgoing-call *:1 *:100" } },
	{ "... the PAC's, too", LIVE,
	  { UP, CALL, "S~", "= note gap", "C OCRQ 2", "S OCRP 100 2", "= withdraw *:1 *:100 and children",
	    "= outgoing-call *:2 *:100" } },
	{ "after a gap the rest of a message is passed over", LIVE,
	  { UP, "C~", "= note gap", "C BYTES 000000000000ffff00a80001 + OCRQ 1", "S OCRP 100 1", "= outgoing-call *:1 *:100" } },
	{ "after the end nothing counts", 0,
	  { "C BYTES ffff", "= note bad-length", "= done for good", "C SCCRQ", "S SCCRP", "C OCRQ 1", "S OCRP 100 1" } },
};

/* ---- What the Linux kernel's helper was seen to do ---- */

static const struct row kernel_rows[] = {
	{ "pptp-out-call", 0, { UP, CALL } },
	{ "pptp-call-clear", 0, { UP, CALL, "C CCRQ 1" } },
	{ "pptp-after-clear", 0, { UP, CALL, "C CCRQ 1", END_CALL } },
	{ "pptp-recall", 0, { UP, CALL, "C CCRQ 1", END_CALL, "C OCRQ 2", "S OCRP 101 2", "= outgoing-call *:2 *:101" } },
	{ "pptp-after-stop", 0, { UP, CALL, "C STOPRQ", "= withdraw all and children", "S STOPRP" } },
	{ "pptp-two-calls", 0,
	  { UP, CALL, "C OCRQ 2", "S OCRP 101 2", "= outgoing-call *:2 *:101", END_CALL, "S CDN 101",
	    "= withdraw *:2 *:101 and children" } },
	{ "pptp-in-call", 0, { UP, "S ICRQ 100", "C ICRP 1 100", "S ICCN 1", "= incoming-call *:1 *:100" } },
	{ "pptp-pac-opens-control", 0,
	  { UP, "S OCRQ 1", "C OCRP 100 1", "= outgoing-call *:100 *:1", "S CCRQ 1", "C CDN 100",
	    "= withdraw *:100 *:1 and children" } },
	{ "pptp-coalesced-echo-ocrq", 0,
	  { UP, "C ECHORQ + OCRQ 1", "= refresh all", "S OCRP 100 1", "= outgoing-call *:1 *:100" } },
	{ "pptp-coalesced-echo-ocrp", 0,
	  { UP, "C OCRQ 1", "S ECHORQ + OCRP 100 1", "= refresh all", "= outgoing-call *:1 *:100" } },
	{ "pptp-coalesced-echo-sccrp", 0, { "C SCCRQ", "S ECHORQ + SCCRP", "= note unexpected-message", CALL } },
	{ "pptp-coalesced-sccrq-ocrq", 0,
	  { "C SCCRQ + OCRQ 1", "S SCCRP", "S OCRP 100 1", "= outgoing-call *:1 *:100", END_CALL } },
	{ "pptp-coalesced-ocrp-sli", 0, { UP, "C OCRQ 1", "S OCRP 100 1 + SLI 1", "= outgoing-call *:1 *:100" } },
	{ "pptp-split", 0, { UP, CALL, END_CALL } }, /* every row is said in pieces; test_pptp_segments cuts everywhere */
	{ "pptp-wrong-magic", 0, { UP, "C BYTES 00a800011a2b3c4c000700000001", "= note bad-cookie", "= done" } },
	{ "pptp-wrong-packet-type", 0, { UP, "C BYTES 00a800031a2b3c4d000700000001", "= note bad-message-type", "= done" } },
	{ "pptp-wrong-length-12", 0, { UP, "C BYTES 000c00011a2b3c4d000700000001", "= note bad-length", "= done" } },
	{ "pptp-wrong-length-9999", 0, { UP, "C BYTES 270f00011a2b3c4d000700000001", "= note bad-length", "= done" } },
	{ "pptp-wrong-length-0", 0, { UP, "C BYTES 000000011a2b3c4d000700000001", "= note bad-length", "= done" } },
	{ "pptp-truncated-body", 0, { UP, "C BYTES 00a800011a2b3c4d000700000001" } }, /* it is waited for */
	{ "pptp-unknown-type-0", 0, { UP, "C OTHER 0", "= note unknown-type", CALL } },
	{ "pptp-unknown-type-77", 0, { UP, "C OTHER 77", "= note unknown-type", CALL } },
	{ "pptp-unknown-type-65535", 0, { UP, "S OTHER 65535", "= note unknown-type", CALL } },
	{ "pptp-ocrp-refused", 0, { UP, "C OCRQ 1", "S OCRP 100 1 2", "= withdraw UNKNOWN" } },
	{ "pptp-ocrp-wrong-peer", 0, { UP, "C OCRQ 1", "S OCRP 100 2", "= outgoing-call *:2 *:100 refused unasked" } },
	{ "pptp-sccrp-refused", 0,
	  { "C SCCRQ", "S SCCRP 2", "C OCRQ 1", "= note unexpected-message", "S OCRP 100 1",
	    "= outgoing-call *:1 *:100 refused no-session" } },
	{ "pptp-no-sccrq", 0,
	  { "C OCRQ 1", "= note unexpected-message", "S OCRP 100 1", "= outgoing-call *:1 *:100 refused no-session" } },
	{ "pptp-call-id-0", 0,
	  { UP, "C OCRQ 0", "S OCRP 0 0", "= outgoing-call *:0 *:0", "S CDN 0", "= withdraw *:0 *:0 and children" } },
	{ "pptp-ocrq-twice", 0, { UP, "C OCRQ 1", "C OCRQ 1", "S OCRP 100 1", "= outgoing-call *:1 *:100" } },
	{ "pptp-ocrp-twice", 0, { UP, CALL, "S OCRP 100 1", "= outgoing-call *:1 *:100 refused unasked", END_CALL } },
	{ "pptp-midstream", PICKED_UP | LIVE, { CALL } },
	{ "ndpi-pptp, a capture: the PAC's notify has the PNS's id", 0,
	  { UP, "C OCRQ 0", "S OCRP 11755 0", "= outgoing-call *:0 *:11755", "S SLI 0", "S SLI 0", "C CCRQ 0", "S CDN 0 0",
	    "= note disconnect-peer-id", "= withdraw *:0 *:11755 and children" } },
};

static struct recorder *fresh(unsigned flags)
{
	struct recorder *r = recorder_new(pptp, flags & V6 ? USHER_IPV6 : USHER_IPV4, 1723);

	r->picked_up = flags & PICKED_UP;
	r->live = flags & LIVE;
	r->answer = flags & REFUSE ? USHER_REFUSED : USHER_OK;
	r->items = flags & TWO_CALLS ? 2 : 0;
	return r;
}

/* Every row whole, byte by byte, and in pieces of sizes that cut at every place sooner or later. */
static void play(const struct row *row)
{
	static const size_t pieces[] = { PEER_BYTES, 1, 2, 3, 5, 7, 11, 12, 13, 64 };

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct recorder *r = fresh(row->flags);
		const char *wrong = peer_play(r, row->steps, pieces[i]);

		if (wrong)
			fail_msg("%s: %s", row->name, wrong);
		assert_false(r->called_after_done);
		assert_true(pptp->check(r->state, pptp->state_size + pptp->item_size * pptp->item_default));
		recorder_free(r);
	}
}

struct table {
	const struct row *rows;
	size_t count;
};

static void play_all(void **state)
{
	const struct table *table = *state;

	for (size_t i = 0; i < table->count; i++) {
		assert_null(table->rows[i].steps[STEPS - 1]);
		play(&table->rows[i]);
	}
}

#define ROWS(rows) { #rows, play_all, NULL, NULL, &(struct table){ rows, sizeof(rows) / sizeof(rows[0]) } }

/* ---- Single things ---- */

/* What stands in the expectation. */
static void test_expectation(void **state)
{
	static const char *const calls[] = { UP, CALL, "S ICRQ 200", "C ICRP 2 200", "S ICCN 2", "= incoming-call *:2 *:200",
		NULL };
	struct recorder *r = fresh(0);
	uint32_t tag;

	(void)state;
	assert_null(peer_play(r, calls, PEER_BYTES));
	assert_int_equal(r->last.class_id, 0);
	assert_int_equal(r->last.protocol, USHER_GRE);
	assert_int_equal(r->last.side, USHER_BOTH);
	assert_int_equal(r->last.flags, USHER_EXPECT_CHILD_KEEPS);
	assert_int_equal(r->last.uses, 0);
	assert_int_equal(r->last.timeout_s, USHER_EXPECT_FOREVER);
	assert_int_equal(r->last.child_timeout_s[0], 600);
	assert_int_equal(r->last.child_timeout_s[1], 18000);
	assert_int_equal(r->last.listener.family, USHER_ANY_FAMILY);
	assert_int_equal(r->last.peer.family, USHER_ANY_FAMILY);
	assert_int_equal(r->last.listener.key, 2);
	assert_int_equal(r->last.peer.key, 200);
	assert_null(r->last.child_helper);
	tag = r->last.tag;
	assert_int_not_equal(tag, 0);
	peer_say(r, "S CDN 200", PEER_BYTES);
	peer_say(r, "S ICRQ 200", PEER_BYTES);
	peer_say(r, "C ICRP 2 200", PEER_BYTES);
	peer_say(r, "S ICCN 2", PEER_BYTES);
	assert_int_not_equal(r->last.tag, tag); /* the same ids, another call */
	recorder_free(r);
	assert_int_equal(pptp->classes[0].max, 65535);
	assert_int_equal(pptp->classes[0].min_key, 0);
	assert_string_equal(pptp->classes[0].name, "calls");
	assert_int_equal(pptp->ports[0], 1723);
	assert_int_equal(pptp->protocol, USHER_TCP);
	assert_int_equal(pptp->item_default, 64);
	assert_true(pptp->item_size <= 32);
}

/* Tags go round, and are never 0 or USHER_ALL_TAGS. */
static void test_tags(void **state)
{
	const uint32_t near_the_end = USHER_ALL_TAGS - 4;
	struct recorder *r = fresh(0);

	(void)state;
	peer_say(r, "C SCCRQ", PEER_BYTES);
	peer_say(r, "S SCCRP", PEER_BYTES);
	memcpy(r->state, &near_the_end, sizeof(near_the_end));
	for (unsigned i = 1; i <= 6; i++) {
		char step[32];

		snprintf(step, sizeof(step), "C OCRQ %u", i);
		peer_say(r, step, PEER_BYTES);
		snprintf(step, sizeof(step), "S OCRP %u %u", 100 + i, i);
		peer_say(r, step, PEER_BYTES);
		assert_int_equal(r->expect_count, i);
		assert_int_equal(r->last.tag, i <= 3 ? USHER_ALL_TAGS - 4 + i : i - 3);
	}
	recorder_free(r);
}

/* All calls that there may be, and one more; then all end. */
static void test_limit(void **state)
{
	struct recorder *r = fresh(0);
	char step[64];

	(void)state;
	peer_say(r, "C SCCRQ", PEER_BYTES);
	peer_say(r, "S SCCRP", PEER_BYTES);
	for (unsigned i = 0; i <= 64; i++) {
		recorder_clear(r);
		snprintf(step, sizeof(step), "C OCRQ %u", i);
		peer_say(r, step, PEER_BYTES);
		snprintf(step, sizeof(step), "S OCRP %u %u", 1000 + i, i);
		peer_say(r, step, PEER_BYTES);
		assert_int_equal(r->accepted_count, i < 64 ? i + 1 : 64);
	}
	assert_string_equal(r->lines[1], "note calls-full message=7 (out-call-request) call_id=64");
	for (unsigned i = 0; i < 64; i++) {
		recorder_clear(r);
		snprintf(step, sizeof(step), "S CDN %u", 1000 + i);
		peer_say(r, step, PEER_BYTES);
		snprintf(step, sizeof(step), "withdraw *:%u *:%u and children", i, 1000 + i);
		assert_string_equal(r->lines[1], step);
	}
	recorder_free(r);
}

/* The engine asks no more after done. If it did, nothing would come of it. */
static void test_ended(void **state)
{
	struct recorder *r = fresh(0);
	uint8_t bytes[PEER_BYTES];
	uint32_t len;

	(void)state;
	peer_say(r, "C SCCRQ + OTHER 77 + BYTES ffff", PEER_BYTES);
	assert_true(r->done && !r->for_good);
	recorder_clear(r);
	len = peer_bytes(bytes, "SCCRP");
	recorder_record(r, USHER_SERVER, bytes, len, 0);
	recorder_lose(r, USHER_CLIENT, 10);
	assert_int_equal(r->line_count, 0);
	recorder_free(r);
}

/* A known message is never cut. If it were, it would not be read. */
static void test_cut(void **state)
{
	struct recorder *r = fresh(0);
	uint8_t bytes[PEER_BYTES];

	(void)state;
	(void)peer_bytes(bytes, "SCCRQ");
	recorder_record(r, USHER_CLIENT, bytes, 100, USHER_RECORD_CUT);
	assert_int_equal(strncmp(r->lines[0], "note bad-length", 15), 0);
	assert_true(r->done);
	recorder_free(r);
}

/* What is free is all zero: after a stop, an end, a gap. */
static void test_free_is_zero(void **state)
{
	static const char *const steps[] = { "C SCCRQ", "S~", "S SCCRP", "C OCRQ 1", "S OCRP 100 1", "S CDN 100", "C OCRQ 1",
		"S OCRP 100 1", "S ICRQ 300", "C STOPRQ" };
	static const uint8_t zeros[64 * 16];
	static const bool none[] = { true, true, true, false, false, true, false, false, false, false }; /* ids stay known behind a stop */
	struct recorder *r = fresh(LIVE);

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		peer_say(r, steps[i], PEER_BYTES);
		assert_int_equal(memcmp((uint8_t *)r->state + 8, zeros, sizeof(zeros)) == 0, none[i]);
	}
	recorder_free(r);
}

static bool may_edit(struct recorder *r, uint8_t dir, const char *message, uint32_t have)
{
	uint8_t bytes[PEER_BYTES];
	uint32_t len = peer_bytes(bytes, message);

	return pptp->may_edit(r->state, dir, bytes, have < len ? have : len);
}

/* Whatever has call ids, as soon as it cannot be anything else. */
static void test_may_edit(void **state)
{
	static const char *const yes[] = { "OCRQ 1", "OCRP 1 1", "ICRQ 1", "ICRP 1 1", "ICCN 1", "CCRQ 1", "CDN 1", "WEN 1",
		"SLI 1" };
	static const char *const no[] = { "SCCRQ", "SCCRP", "STOPRQ", "STOPRP", "ECHORQ", "ECHORP", "OTHER 77", "MGMT" };
	struct recorder *r = fresh(0);

	(void)state;
	for (uint32_t have = 0; have <= 16; have++) {
		for (uint8_t dir = 0; dir < 2; dir++) {
			for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
				assert_true(may_edit(r, dir, yes[i], have));
			for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
				assert_int_equal(may_edit(r, dir, no[i], have), have < 10);
		}
	}
	assert_true(may_edit(r, 0, "BYTES 00a8 0001 1a2b3c", 7));
	assert_false(may_edit(r, 0, "BYTES 0001", 2));
	assert_false(may_edit(r, 0, "BYTES 00a8 0004", 4));
	assert_false(may_edit(r, 0, "BYTES 00a8 0001 1a2b3c4e", 8));
	assert_false(may_edit(r, 0, "BYTES 00a9 0001 1a2b3c4d 0007", 10));
	peer_say(r, "C BYTES ffff", PEER_BYTES);
	assert_false(may_edit(r, 0, "OCRQ 1", 168));
	recorder_free(r);
}

/* frame() looks at what is there, and never says other things of more. */
static void test_frame(void **state)
{
	uint8_t bytes[PEER_BYTES];
	struct recorder *r = fresh(0);
	uint8_t *const flags = (uint8_t *)r->state + 6;
	uint32_t len;

	(void)state;
	assert_int_equal(pptp->record_max, 220);
	len = peer_bytes(bytes, "ICRQ 1");
	for (uint32_t have = 0; have <= len; have++)
		assert_int_equal(pptp->frame(r->state, 0, bytes, have), have < 10 ? 0 : 220);
	len = peer_bytes(bytes, "OTHER 77 1024");
	assert_int_equal(pptp->frame(r->state, 0, bytes, 220), 1024);
	len = peer_bytes(bytes, "MGMT 100");
	assert_int_equal(pptp->frame(r->state, 0, bytes, 10), 100);
	bytes[4] = 0;
	for (uint32_t have = 0; have <= len; have++)
		assert_int_equal(pptp->frame(r->state, 0, bytes, have), have < 8 ? 0 : have < 12 ? have : 12);
	*flags = 1; /* the client's next message may begin anywhere */
	assert_int_equal(pptp->frame(r->state, 1, bytes, 12), 12);
	len = peer_bytes(bytes, "BYTES 0102030405 + CCRQ 1");
	assert_int_equal(len, 21);
	assert_int_equal(pptp->frame(r->state, 0, bytes, len), -5);
	for (uint32_t have = 1; have <= len; have++) {
		int32_t answer = pptp->frame(r->state, 0, bytes, have);

		assert_true(answer <= 0 && -answer <= (int32_t)have && -answer <= 5 && (answer == -5) == (have >= 6));
	}
	assert_int_equal(pptp->frame(r->state, 0, bytes + 5, 16), 16);
	assert_int_equal(pptp->frame(r->state, 0, bytes + 5, 9), 0);
	memset(bytes, 0xff, 220);
	assert_int_equal(pptp->frame(r->state, 0, bytes, 220), -219); /* the last byte may begin a length */
	assert_int_equal(pptp->frame(r->state, 0, bytes, 0), 0);
	recorder_free(r);
}

/* A state from a file: 8 bytes, and 16 for each call; see struct pptp_state, struct pptp_call. */
static void test_check(void **state)
{
	static const struct { uint8_t at, good, bad; } bytes_of[] = {
		{ 4, 6, 7 }, { 5, 1, 2 }, { 6, 31, 32 }, { 7, 0, 1 },              /* session, asker, flags, spare */
		{ 24 + 12, 8, 9 }, { 24 + 13, 1, 2 }, { 24 + 14, 31, 32 }, { 24 + 15, 0, 1 }, /* of the second call */
	};
	/* its state and the flags it must have: 1 the client's id is known, 2 the server's, 4 incoming; the PNS is the client */
	static const struct { uint8_t state, flags, good; } known[] = {
		{ 0, 0, 1 }, { 0, 1, 0 }, { 0, 16, 0 }, { 1, 1, 1 }, { 1, 2, 0 }, { 1, 0, 0 }, { 2, 6, 1 }, { 2, 5, 0 },
		{ 3, 7, 1 }, { 3, 5, 0 }, { 4, 3, 1 }, { 4, 1, 0 }, { 4, 2, 0 }, { 5, 3, 1 }, { 5, 2, 0 }, { 6, 1, 1 },
		{ 6, 2, 0 }, { 7, 6, 1 }, { 7, 5, 0 }, { 8, 0, 1 },
	};
	uint8_t bytes[40] = { 0 };

	(void)state;
	assert_int_equal(pptp->state_size, 8);
	assert_int_equal(pptp->item_size, 16);
	assert_true(pptp->check(bytes, 8));
	assert_true(pptp->check(bytes, sizeof(bytes)));
	assert_false(pptp->check(bytes, 7));
	assert_false(pptp->check(bytes, 9));
	assert_false(pptp->check(bytes, sizeof(bytes) - 1));
	memset(&bytes[24 + 8], 1, 4);
	for (size_t i = 0; i < sizeof(bytes_of) / sizeof(bytes_of[0]); i++) {
		bytes[bytes_of[i].at] = bytes_of[i].good;
		assert_true(pptp->check(bytes, sizeof(bytes)));
		bytes[bytes_of[i].at] = bytes_of[i].bad;
		assert_false(pptp->check(bytes, sizeof(bytes)));
		bytes[bytes_of[i].at] = bytes_of[i].at == 24 + 12 ? 8 : 0;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		bytes[24 + 12] = known[i].state;
		bytes[24 + 14] = known[i].flags;
		assert_int_equal(pptp->check(bytes, sizeof(bytes)), known[i].good);
	}
	memset(&bytes[24 + 8], 0, 4);
	assert_false(pptp->check(bytes, sizeof(bytes)));
	memset(&bytes[24 + 8], 0xff, 4);
	assert_false(pptp->check(bytes, sizeof(bytes)));
}

/* How many calls a connection has is told with every message about one. */
static void test_in_use(void **state)
{
	static const char *const steps[] = { "C SCCRQ", "S SCCRP", "C OCRQ 1", "S OCRP 100 1", "C OCRQ 2", "S OCRP 200 2", "C SLI 100" };
	struct recorder *r = recorder_new(pptp, USHER_IPV4, 1723);

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		peer_say(r, steps[i], PEER_BYTES);
	assert_non_null(strstr(r->lines[r->line_count - 1], " calls_in_use=2"));
	peer_say(r, "S CDN 100", PEER_BYTES);
	peer_say(r, "C SLI 200", PEER_BYTES);
	assert_non_null(strstr(r->lines[r->line_count - 1], " calls_in_use=1"));
	recorder_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS(rfc_rows),
		ROWS(refused_rows),
		ROWS(header_rows),
		ROWS(beginning_rows),
		ROWS(kernel_rows),
		cmocka_unit_test(test_expectation),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_in_use),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_free_is_zero),
		cmocka_unit_test(test_may_edit),
		cmocka_unit_test(test_frame),
		cmocka_unit_test(test_check),
	};

	pptp = recorder_helper("pptp");
	if (!pptp) {
		printf("1..0 # SKIP pptp is not built in\n");
		return 0;
	}
	return cmocka_run_group_tests_name("pptp", tests, NULL, NULL);
}
