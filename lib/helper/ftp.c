/*
 * ftp: the helper for FTP's control connection. doc/helpers/ftp.md has every decision by name.
 *
 * Where to look: read_port, read_eprt, read_227, read_229 read the four announcements; announce hands one over;
 * command and reply are the dialogue; ftp_frame, ftp_may_edit, ftp_record, ftp_check the contract's functions.
 *
 * Owns: struct ftp_state, for each control connection: the commands that wait for their reply, the multi-line reply
 * under way.
 * Invariants: an announcement is literally in the record it is read from (229: its port). A 227 or 229 counts once
 * for each PASV or EPSV that the client sent and that no later reply has passed. After the first client record that
 * is no FTP command nothing counts: behind NAT the server may be the attacker and the client a browser that it
 * steers, so only the client's bytes prove anything. Whether an address is the announcer's own, and a port not
 * reserved, is the engine's to say.
 * Sources: RFC 959 3.2, 4.1, 4.2, 5.3, 5.4, 6; RFC 854 (Telnet in commands); RFC 1123 4.1.2; RFC 1579; RFC 2228
 * (AUTH, ADAT); RFC 2389; RFC 2428 (EPRT, EPSV); RFC 2577; RFC 4217 (TLS); RFC 7151 (HOST).
 */
#include "base/line.h"

#include <usher/helper.h>

#define RECORD_MAX 4096u /* vsftpd reads no longer command, others less; a path of PATH_MAX fits */
#define PENDING_MAX 16u
#define EXCERPT_MAX 64u /* bytes of a line that a note quotes */

/* Why an announcement was refused, or what else there is to say of a record. */
enum ftp_code {
	CODE_NONE = LINE_OURS,
	CODE_HTTP = LINE_HTTP, CODE_HEADER_LINE = LINE_HEADER, CODE_TLS_HEAD = LINE_TLS, CODE_STUN_HEAD = LINE_STUN,
	CODE_NOT_A_COMMAND, CODE_OVER_LONG_LINE, CODE_OVER_LONG_REPLY, CODE_NOT_A_REPLY,
	CODE_BAD_ARGUMENTS, CODE_NUMBER_OVER_255, CODE_PORT_ZERO, CODE_PORT_OVER_65535,
	CODE_DELIMITER, CODE_NET_PROTOCOL, CODE_NET_ADDRESS, CODE_FAMILY_MISMATCH, CODE_EPSV_ADDRESS, CODE_NO_ADDRESS,
	CODE_AFTER_EPSV_ALL, CODE_UNASKED, CODE_ENCRYPTED, CODE_GAP, CODE_NOT_EDITED
};

static const struct usher_code ftp_notes[] = {
	[CODE_HTTP - 1] = { "http", "HTTP on an FTP control connection: reading ends for good" },
	[CODE_HEADER_LINE - 1] = { "header-line", "the client wrote a header line (Name:): reading ends for good" },
	[CODE_TLS_HEAD - 1] = { "tls-head", "the client speaks TLS without AUTH: reading ends for good" },
	[CODE_STUN_HEAD - 1] = { "stun-head", "the client wrote a STUN message: reading ends for good" },
	[CODE_NOT_A_COMMAND - 1] = { "not-a-command", "a client line is no FTP command: reading ends for good" },
	[CODE_OVER_LONG_LINE - 1] = { "over-long-line", "a client line is too long: reading ends for good" },
	[CODE_OVER_LONG_REPLY - 1] = { "over-long-reply", "a reply line is too long: it announces nothing" },
	[CODE_NOT_A_REPLY - 1] = { "not-a-reply", "a server line is no reply: it is passed over" },
	[CODE_BAD_ARGUMENTS - 1] = { "bad-arguments", "the arguments of the announcement are not of its form" },
	[CODE_NUMBER_OVER_255 - 1] = { "number-over-255", "one of the six numbers is over 255" },
	[CODE_PORT_ZERO - 1] = { "port-zero", "port 0 is announced" },
	[CODE_PORT_OVER_65535 - 1] = { "port-over-65535", "the announced port is over 65535" },
	[CODE_DELIMITER - 1] = { "delimiter", "EPRT's delimiter is no such sign, or may be part of an address" },
	[CODE_NET_PROTOCOL - 1] = { "net-protocol", "the protocol is neither 1 nor 2, or not the connection's" },
	[CODE_NET_ADDRESS - 1] = { "net-address", "the address is not one of the protocol named" },
	[CODE_FAMILY_MISMATCH - 1] = { "family-mismatch", "the address is of another IP version than the connection" },
	[CODE_EPSV_ADDRESS - 1] = { "epsv-address", "the 229 reply names an address that is not the server's own" },
	[CODE_NO_ADDRESS - 1] = { "no-address", "nothing in the reply to PASV or EPSV may be an address or port" },
	[CODE_AFTER_EPSV_ALL - 1] = { "after-epsv-all", "the client had promised EPSV ALL" },
	[CODE_UNASKED - 1] = { "unasked", "a 227 or 229 reply for which no PASV or EPSV is outstanding" },
	[CODE_ENCRYPTED - 1] = { "encrypted", "AUTH was accepted: what follows is encrypted" },
	[CODE_GAP - 1] = { "gap", "bytes of the stream were never seen" },
	[CODE_NOT_EDITED - 1] = { "not-edited", "NAT could not write its own address into the line: it announces nothing" },
	{ NULL, NULL }
};

/* What outstanding commands are told apart by. */
enum ftp_command {
	CMD_OTHER = 0, CMD_EMPTY, CMD_PORT, CMD_EPRT, CMD_PASV, CMD_EPSV, CMD_EPSV_ALL, CMD_AUTH, CMD_ADAT, CMD_ABOR,
	CMD_REIN, CMD_COUNT
};

/*
 * Which 2xx and 3xx replies can a command have? (4xx and 5xx: any can, but see can_answer.) It is what puts replies
 * and commands in step again when a server says more or less than RFC 959 has it.
 */
static const uint16_t ftp_positive[CMD_COUNT][4] = {
	[CMD_OTHER] = { 0 },               /* any but those that only one command has, see can_answer */
	[CMD_EMPTY] = { 1 },               /* none: servers say 500 to an empty line, or nothing */
	[CMD_PORT] = { 200, 250 },         /* RFC 959 5.4 */
	[CMD_EPRT] = { 200, 250 },         /* RFC 2428 2 */
	[CMD_PASV] = { 227 },              /* RFC 959 5.4 */
	[CMD_EPSV] = { 229 },              /* RFC 2428 3 */
	[CMD_EPSV_ALL] = { 200, 220, 250 },/* RFC 2428 4 does not say: 200, and 220 by pyftpdlib */
	[CMD_AUTH] = { 234, 334 },         /* RFC 2228 3, RFC 4217 4.3 */
	[CMD_ADAT] = { 235, 335 },         /* RFC 2228 3 */
	[CMD_ABOR] = { 225, 226 },         /* RFC 959 5.4 */
	[CMD_REIN] = { 220, 200 },         /* RFC 959 5.4 */
};

static const struct ftp_verb {
	char name[5];
	uint8_t command; /* enum ftp_command */
} ftp_verbs[] = {
	{ "PORT", CMD_PORT }, { "EPRT", CMD_EPRT }, { "PASV", CMD_PASV }, { "EPSV", CMD_EPSV }, { "AUTH", CMD_AUTH },
	{ "ADAT", CMD_ADAT }, { "ABOR", CMD_ABOR }, { "REIN", CMD_REIN },
	{ "P@SW", CMD_PASV } /* of vsftpd, and of clients whose PASV a firewall spoils */
};

/* All others in use, RFC 959's first. Any three or four letters may be a verb, but these are known to be: see client_line. */
static const char *const ftp_other_verbs[] = {
	"USER", "PASS", "ACCT", "CWD", "CDUP", "SMNT", "QUIT", "TYPE", "STRU", "MODE", "RETR", "STOR", "STOU", "APPE",
	"ALLO", "REST", "RNFR", "RNTO", "DELE", "RMD", "MKD", "PWD", "LIST", "NLST", "SITE", "SYST", "STAT", "HELP", "NOOP",
	"XCUP", "XCWD", "XMKD", "XPWD", "XRMD", "LPRT", "LPSV",      /* RFC 1123 4.1.3.1; RFC 1639, never read */
	"CCC", "CONF", "ENC", "MIC", "PBSZ", "PROT", "FEAT", "OPTS", /* RFC 2228, 2389 */
	"LANG", "HOST", "CLNT", "MDTM", "SIZE", "MLST", "MLSD", "MFMT", "HASH", /* RFC 2640, 7151, 3659 and drafts */
	"XCRC", "XMD5", "XSHA", "XSHA1", "XSHA256", "XSHA512" /* checksums, some with digits and too long */
};

enum ftp_flags {
	FTP_ENDED = 1,     /* nothing counts any more */
	FTP_EPSV_ALL = 2,  /* accepted */
	FTP_GREETED = 4,   /* the server's greeting has passed, or is not expected */
	FTP_PICKED_UP = 8,
	FTP_DOUBT = 16,    /* picked up, or bytes were lost: no command and its reply seen since */
	FTP_COMMANDED = 32,/* of these two the command was seen */
	FTP_FLAGS = 63
};

/* Plain bytes without padding: saved and restored as they are. All zero: nothing seen. */
struct ftp_state {
	uint32_t tag[PENDING_MAX];    /* of what a PORT or EPRT announced; 0: nothing */
	uint16_t multiline;           /* code of the multi-line reply under way; 0: none */
	uint8_t flags;
	uint8_t pending;              /* so many commands are outstanding, oldest first */
	uint8_t command[PENDING_MAX]; /* enum ftp_command */
};

_Static_assert(sizeof(struct ftp_state) == 84, "no padding");

/* One record at work. */
struct ftp_turn {
	struct usher_help *help;
	const struct usher_help_ops *ops;
	struct ftp_state *s;
	const struct usher_record *r;
	bool failed; /* nothing of what was asked for may take effect */
};

/* What was read of an announcement. */
struct reading {
	struct usher_endpoint at; /* family 0: the announcer's own address */
	uint16_t code;            /* why it is refused; CODE_NONE: it is not */
	bool whole;               /* `at` is what it says, refused or not */
	uint8_t form; /* how NAT writes another in its place: ',' six numbers, '0' the port alone, or EPRT's delimiter */
	struct usher_cursor text; /* what is then replaced */
};

/* ---- The four announcements ---- */

/* Numbers with commas between, blanks around the commas allowed. How many: the first six are kept. */
static uint32_t read_list(struct usher_cursor *c, struct reading *out, uint32_t number[6])
{
	struct usher_cursor ahead;
	const uint8_t *first = c->at;
	uint32_t count = 0;
	bool more = line_is_digit(usher_cursor_peek(c));

	while (more) {
		uint32_t value = line_number(c, 255);

		if (count < 6)
			number[count] = value;
		count++;
		ahead = *c;
		(void)line_blanks(&ahead);
		more = usher_cursor_accept(&ahead, ',');
		(void)line_blanks(&ahead);
		more = more && line_is_digit(usher_cursor_peek(&ahead));
		if (more)
			*c = ahead;
	}
	out->text = usher_cursor(first, (uint32_t)(c->at - first));
	out->form = ',';
	return count;
}

/* h1,h2,h3,h4,p1,p2 */
static void take_six(struct reading *out, const uint32_t number[6])
{
	for (uint32_t i = 0; i < 6; i++) {
		if (number[i] > 255) {
			out->code = CODE_NUMBER_OVER_255;
			return;
		}
	}
	out->at.family = USHER_IPV4;
	for (uint32_t i = 0; i < 4; i++)
		out->at.address[i] = (uint8_t)number[i];
	out->at.key = number[4] << 8 | number[5];
	out->code = out->at.key ? CODE_NONE : CODE_PORT_ZERO;
	out->whole = true;
}

/* PORT h1,h2,h3,h4,p1,p2 (RFC 959 4.1.2); `c` is behind the verb. */
static void read_port(struct usher_cursor *c, struct reading *out)
{
	uint32_t number[6] = { 0 };
	uint32_t count;

	(void)line_blanks(c);
	count = read_list(c, out, number);
	(void)line_blanks(c);
	if (count != 6 || !usher_cursor_done(c))
		out->code = CODE_BAD_ARGUMENTS;
	else
		take_six(out, number);
}

/*
 * The reply to PASV, "227 Entering Passive Mode (h1,h2,h3,h4,p1,p2)"; `c` is behind the code. The parentheses and the
 * words are no one's duty (RFC 1123 4.1.2.6): the first list of six numbers or more is meant, and it must be six.
 * Shorter ones are text.
 */
static void read_227(struct usher_cursor *c, struct reading *out)
{
	uint32_t number[6] = { 0 };
	uint32_t count = 0;

	while (count < 6 && usher_cursor_left(c)) {
		if (line_is_digit(usher_cursor_peek(c)))
			count = read_list(c, out, number);
		else
			(void)usher_cursor_u8(c);
	}
	if (count == 6)
		take_six(out, number);
	else
		out->code = count > 6 ? CODE_BAD_ARGUMENTS : CODE_NO_ADDRESS;
}

/* May this byte separate fields? RFC 2428 2: 33 to 126, and nothing that an address may contain. */
static bool is_delimiter(int byte)
{
	return byte >= 33 && byte <= 126 && byte != '.' && byte != ':' && line_hex(byte) < 0;
}

/* Take the bytes up to `delimiter` and it. Without one `c` is bad and nothing comes back. */
static struct usher_cursor read_field(struct usher_cursor *c, int delimiter)
{
	struct usher_cursor ahead = *c;
	const uint8_t *first;
	uint32_t len = 0;

	while (usher_cursor_left(&ahead) && usher_cursor_peek(&ahead) != delimiter) {
		(void)usher_cursor_u8(&ahead);
		len++;
	}
	first = usher_cursor_take(c, len);
	usher_cursor_expect(c, (char)delimiter);
	return first ? usher_cursor(first, len) : *c;
}

/* The three fields of EPRT and 229: <d>net-prt<d>net-addr<d>tcp-port<d> (RFC 2428 2, 3). */
struct extended {
	struct usher_cursor protocol, address, port;
	uint8_t delimiter;
};

static bool read_extended(struct usher_cursor *c, struct extended *fields)
{
	int delimiter = usher_cursor_u8(c);

	if (!is_delimiter(delimiter))
		c->bad = true;
	fields->delimiter = (uint8_t)delimiter;
	fields->protocol = read_field(c, delimiter);
	fields->address = read_field(c, delimiter);
	fields->port = read_field(c, delimiter);
	return !c->bad;
}

static uint16_t extended_port(struct usher_cursor port, uint32_t *key)
{
	*key = 0;
	if (line_is_digit(usher_cursor_peek(&port)))
		*key = line_number(&port, 65535);
	else
		port.bad = true;
	if (!usher_cursor_done(&port))
		return CODE_BAD_ARGUMENTS;
	if (*key > 65535)
		return CODE_PORT_OVER_65535;
	return *key ? CODE_NONE : CODE_PORT_ZERO;
}

/* The IP version that the field names; 0: none. */
static uint8_t extended_family(struct usher_cursor protocol)
{
	uint32_t number = usher_cursor_decimal(&protocol, 2);

	if (!usher_cursor_done(&protocol) || number == 0)
		return USHER_ANY_FAMILY;
	return number == 1 ? USHER_IPV4 : USHER_IPV6;
}

/* EPRT |1|132.235.1.2|6275| or EPRT |2|1080::8:800:200C:417A|5282| (RFC 2428 2); `c` is behind the verb. */
static void read_eprt(struct usher_cursor *c, struct reading *out)
{
	struct extended fields;
	uint16_t port_code;

	(void)line_blanks(c);
	if (usher_cursor_left(c) && !is_delimiter(usher_cursor_peek(c))) {
		out->code = CODE_DELIMITER;
		return;
	}
	(void)read_extended(c, &fields);
	(void)line_blanks(c);
	if (!usher_cursor_done(c)) {
		out->code = CODE_BAD_ARGUMENTS;
		return;
	}
	out->form = fields.delimiter;
	out->text = usher_cursor(fields.address.at, (uint32_t)(fields.port.end - fields.address.at));
	port_code = extended_port(fields.port, &out->at.key);
	out->at.family = extended_family(fields.protocol);
	if (out->at.family == USHER_ANY_FAMILY)
		out->code = CODE_NET_PROTOCOL;
	else if (!usher__line_address(fields.address, out->at.family, out->at.address))
		out->code = CODE_NET_ADDRESS;
	else
		out->code = port_code;
	out->whole = out->code == CODE_NONE || out->code == CODE_PORT_ZERO;
}

/* Find the fields of a 229: in parentheses as RFC 2428 3 has it, else "|||port|" anywhere, which no other text has. */
static bool find_229(const struct usher_cursor *text, struct extended *fields)
{
	struct usher_cursor c = *text, at;
	uint32_t key;

	while (usher_cursor_left(&c)) {
		if (usher_cursor_u8(&c) != '(')
			continue;
		at = c;
		if (read_extended(&at, fields) && usher_cursor_accept(&at, ')') &&
		    extended_port(fields->port, &key) != CODE_BAD_ARGUMENTS)
			return true;
	}
	for (c = *text; usher_cursor_left(&c); (void)usher_cursor_u8(&c)) {
		at = c;
		if (!usher_cursor_word(&at, "|||"))
			continue;
		at = c;
		if (read_extended(&at, fields) && extended_port(fields->port, &key) != CODE_BAD_ARGUMENTS)
			return true;
	}
	return false;
}

/*
 * The reply to EPSV, "229 Entering Extended Passive Mode (|||6446|)"; `c` is behind the code. Protocol and address
 * shall be empty (RFC 2428 3: the control connection's); servers that fill them are believed if they say the same.
 */
static void read_229(struct usher_cursor *c, const struct usher_endpoint *server, struct reading *out)
{
	struct extended fields;
	uint8_t family, address[16];

	if (!find_229(c, &fields)) {
		out->code = CODE_NO_ADDRESS;
		return;
	}
	out->form = '0';
	out->text = fields.port;
	out->code = extended_port(fields.port, &out->at.key);
	family = usher_cursor_left(&fields.protocol) ? extended_family(fields.protocol) : server->family;
	if (family == USHER_ANY_FAMILY || family != server->family) {
		out->code = CODE_NET_PROTOCOL;
	} else if (usher_cursor_left(&fields.address)) {
		if (!usher__line_address(fields.address, family, address)) {
			out->code = CODE_NET_ADDRESS;
		} else if (memcmp(address, server->address, sizeof(address)) != 0) {
			out->code = CODE_EPSV_ADDRESS;
			out->at.family = family;
			memcpy(out->at.address, address, sizeof(address));
		}
	}
	out->whole = out->code == CODE_NONE || out->code == CODE_PORT_ZERO || out->code == CODE_EPSV_ADDRESS;
}

/* ---- What is done with them ---- */

static void note(const struct ftp_turn *t, uint16_t code)
{
	struct usher_cursor text = line_text(t->r->data, t->r->len);
	uint32_t len = usher_cursor_left(&text);

	t->ops->note(t->help, code, text.at, len < EXCERPT_MAX ? len : EXCERPT_MAX);
}

/* This record is the last that is read. */
static void end(struct ftp_turn *t, uint16_t code, bool for_good)
{
	note(t, code);
	t->s->flags |= FTP_ENDED;
	t->ops->done(t->help, for_good);
}

/*
 * Behind NAT the other side knows the listener by another name: it is written in place of what was announced. (Of 229 only the
 * port: its address is the control connection's.) False: it could not be.
 */
static bool rename_listener(const struct ftp_turn *t, const struct usher_expect *e, const struct reading *what)
{
	struct usher_map map = { .side = e->side, .protocol = USHER_TCP, .tag = e->tag, .at = e->listener };
	struct line_out text = { .len = 0 };
	struct usher_endpoint seen;

	if (t->ops->map(t->help, &map, &seen) != USHER_OK)
		return false;
	if (seen.key == e->listener.key && (what->form == '0' || memcmp(seen.address, e->listener.address, 16) == 0))
		return true;
	if (what->form != '0') {
		usher__line_put_address(&text, seen.family, seen.address);
		usher__line_put(&text, (char)what->form);
	}
	if (what->form == ',') {
		for (uint32_t i = 0; i < text.len; i++)
			text.text[i] = text.text[i] == '.' ? ',' : text.text[i];
		usher__line_put_number(&text, seen.key >> 8);
		usher__line_put(&text, ',');
	}
	usher__line_put_number(&text, what->form == ',' ? seen.key & 255 : seen.key);
	return t->ops->edit(t->help, (uint32_t)(what->text.at - t->r->data), (uint32_t)(what->text.end - what->text.at), text.text,
			    text.len) == USHER_OK;
}

/* Returns the tag under which the announcement counts; 0: it does not. */
static uint32_t announce(struct ftp_turn *t, const char *kind, const struct reading *what)
{
	struct usher_expect e = { .class_id = 0, .protocol = USHER_TCP, .side = t->r->dir, .uses = 1 };

	e.code = what->code;
	if (!e.code && what->at.family && what->at.family != t->r->from.family)
		e.code = CODE_FAMILY_MISMATCH;
	if (!what->whole) {
		note(t, e.code);
		return 0;
	}
	e.flags = USHER_EXPECT_CHILD_STAYS; /* the data connection may outlive the control connection (RFC 959 3.2) */
	if (t->s->flags & FTP_DOUBT)
		e.flags |= USHER_EXPECT_UNEARNED;
	e.tag = usher_tag(e.side, &what->at);
	e.listener = what->at;
	e.kind = kind;
	if (t->ops->expect(t->help, &e) != USHER_OK || e.code)
		return 0;
	if (!e.listener.family) { /* the announcer's own */
		e.listener = t->r->from;
		e.listener.key = what->at.key;
	}
	if (rename_listener(t, &e, what))
		return e.tag;
	note(t, CODE_NOT_EDITED);
	t->failed = true;
	return 0;
}

/* ---- The dialogue: which reply is whose ---- */

static bool has_failed(uint16_t code)
{
	return code >= 400 && code < 600;
}

static bool can_answer(uint8_t command, uint16_t code)
{
	const uint16_t *positive = ftp_positive[command];

	if (has_failed(code)) /* 426, transfer aborted, is said of a transfer only, often beside ABOR's own reply */
		return code != 426 || command == CMD_OTHER;
	if (command == CMD_OTHER)
		return code != 227 && code != 229 && code != 234 && code != 235;
	for (uint32_t i = 0; i < 4; i++) {
		if (positive[i] == code)
			return true;
	}
	return false;
}

/* Forget the oldest commands. */
static void drop(struct ftp_state *s, uint32_t count)
{
	s->pending = (uint8_t)(s->pending - count);
	memmove(s->command, &s->command[count], s->pending * sizeof(s->command[0]));
	memmove(s->tag, &s->tag[count], s->pending * sizeof(s->tag[0]));
}

/* One more is outstanding. Beyond PENDING_MAX the oldest counts as answered, which never opens anything. */
static void push(struct ftp_state *s, uint8_t command, uint32_t tag)
{
	if (s->pending == PENDING_MAX)
		drop(s, 1);
	s->command[s->pending] = command;
	s->tag[s->pending] = tag;
	s->pending++;
}

static bool is_pending(const struct ftp_state *s, uint8_t command)
{
	for (uint32_t i = 0; i < s->pending; i++) {
		if (s->command[i] == command)
			return true;
	}
	return false;
}

/* A 227 (command is CMD_PASV) or 229 (CMD_EPSV), asked for or not; `c` is behind the code. */
static void passive_reply(struct ftp_turn *t, uint8_t command, bool asked, struct usher_cursor *c)
{
	struct reading what = { .code = CODE_NONE };

	if (t->r->flags & USHER_RECORD_CUT)
		what.code = CODE_OVER_LONG_REPLY;
	else if (command == CMD_PASV)
		read_227(c, &what);
	else
		read_229(c, &t->r->from, &what);
	if (!asked)
		what.code = CODE_UNASKED;
	else if (command == CMD_PASV && (t->s->flags & FTP_EPSV_ALL))
		what.code = CODE_AFTER_EPSV_ALL;
	(void)announce(t, command == CMD_PASV ? "PASV" : "EPSV", &what);
}

/* `code` answers `command`. */
static void answered(struct ftp_turn *t, uint8_t command, uint32_t tag, uint16_t code, struct usher_cursor *c)
{
	struct ftp_state *s = t->s;

	if (has_failed(code)) {
		if (tag)
			t->ops->withdraw(t->help, 0, tag, false);
		return;
	}
	if (code == 227 || code == 229)
		passive_reply(t, command, true, c);
	else if (command == CMD_EPSV_ALL)
		s->flags |= FTP_EPSV_ALL;
	else if (command == CMD_REIN)
		s->flags &= (uint8_t)~FTP_EPSV_ALL;
	else if (code == 234 || code == 235)
		end(t, CODE_ENCRYPTED, false);
}

/*
 * The last (or only) line of a reply. It answers the oldest outstanding command that can have it; those before that
 * one count as answered too, for replies come in order. A reply that none can have (226 after ABOR's 426, a second
 * one) is a stray: ignored.
 */
static void reply(struct ftp_turn *t, uint16_t code, struct usher_cursor *c)
{
	struct ftp_state *s = t->s;
	uint32_t i = 0, tag;
	uint8_t command;

	if (code < 200) /* preliminary: another one follows (RFC 959 4.2) */
		return;
	if (!(s->flags & FTP_GREETED)) {
		s->flags |= FTP_GREETED;
		if (code == 220 || has_failed(code))
			return;
	}
	while (i < s->pending && !can_answer(s->command[i], code))
		i++;
	if (i == s->pending) {
		if (code == 227 || code == 229)
			passive_reply(t, code == 227 ? CMD_PASV : CMD_EPSV, false, c);
		return;
	}
	command = s->command[i];
	tag = s->tag[i];
	drop(s, i + 1);
	answered(t, command, tag, code, c);
	if (s->flags & FTP_COMMANDED)
		s->flags &= (uint8_t)~(FTP_DOUBT | FTP_COMMANDED);
}

/* Three digits, then a space, "-" (more lines follow) or the line's end (RFC 959 4.2). 0: it is no reply. */
static uint16_t read_code(struct usher_cursor *c, bool *more)
{
	uint32_t code = 0;

	for (uint32_t i = 0; i < 3; i++) {
		if (!line_is_digit(usher_cursor_peek(c)))
			return 0;
		code = code * 10 + (uint32_t)usher_cursor_u8(c) - '0';
	}
	*more = usher_cursor_accept(c, '-');
	if (!*more && usher_cursor_left(c) && !usher_cursor_accept(c, ' '))
		return 0;
	return code >= 100 && code < 700 ? (uint16_t)code : 0;
}

static void server_line(struct ftp_turn *t, struct usher_cursor *c)
{
	struct ftp_state *s = t->s;
	bool more = false;
	uint16_t code = read_code(c, &more);

	if (s->multiline) { /* all until "ddd " is text, whatever numbers it has */
		if (code != s->multiline || more)
			return;
		s->multiline = 0;
	} else if (!code) {
		if (!(s->flags & FTP_DOUBT))
			note(t, CODE_NOT_A_REPLY);
		return;
	} else if (more) {
		s->multiline = code;
		return;
	}
	if ((t->r->flags & USHER_RECORD_CUT) && code != 227 && code != 229)
		note(t, CODE_OVER_LONG_REPLY);
	reply(t, code, c);
}

/* ---- Commands ---- */

/* A client line that is read as a command. */
struct verb {
	uint8_t command; /* enum ftp_command */
	bool known;      /* one of those that clients use */
};

/* Take the verb: one that is known, or any three or four letters (RFC 959 5.3). False: the line is no command. */
static bool read_verb(struct usher_cursor *c, struct verb *verb)
{
	uint32_t letters = 0;

	verb->known = true;
	for (uint32_t i = 0; i < sizeof(ftp_verbs) / sizeof(ftp_verbs[0]); i++) {
		verb->command = ftp_verbs[i].command;
		if (line_word(c, ftp_verbs[i].name))
			return true;
	}
	verb->command = CMD_OTHER;
	for (uint32_t i = 0; i < sizeof(ftp_other_verbs) / sizeof(ftp_other_verbs[0]); i++) {
		if (line_word(c, ftp_other_verbs[i]))
			return true;
	}
	verb->known = false;
	if (usher_cursor_done(c)) {
		verb->command = CMD_EMPTY;
		return true;
	}
	for (; line_is_letter(usher_cursor_peek(c)); letters++)
		(void)usher_cursor_u8(c);
	return (letters == 3 || letters == 4) && (usher_cursor_done(c) || line_blanks(c));
}

/* Why a client line is none of FTP's; CODE_NONE: it is a command, `c` is behind its verb. */
static uint16_t read_command(const struct usher_record *r, struct usher_cursor *c, struct verb *verb)
{
	uint16_t code = (uint16_t)usher__line_foreign(*c); /* LINE_HTTP is CODE_HTTP, ... */

	if (code)
		return code;
	if (!read_verb(c, verb))
		return CODE_NOT_A_COMMAND;
	return r->flags & USHER_RECORD_CUT ? CODE_OVER_LONG_LINE : CODE_NONE;
}

static void command(struct ftp_turn *t, uint8_t what, struct usher_cursor *c)
{
	struct reading read = { .code = CODE_NONE };
	uint32_t tag = 0;

	if (what == CMD_PORT || what == CMD_EPRT) {
		if (what == CMD_PORT)
			read_port(c, &read);
		else
			read_eprt(c, &read);
		if (t->s->flags & FTP_EPSV_ALL)
			read.code = CODE_AFTER_EPSV_ALL;
		tag = announce(t, what == CMD_PORT ? "PORT" : "EPRT", &read);
	} else if (what == CMD_EPSV) {
		(void)line_blanks(c);
		if (line_word(c, "ALL"))
			what = CMD_EPSV_ALL;
	}
	push(t->s, what, tag);
}

static void client_line(struct ftp_turn *t, struct usher_cursor *c)
{
	const uint8_t anywhere = USHER_RECORD_FIRST | USHER_RECORD_PICKED_UP;
	struct verb verb = { CMD_OTHER, false };
	uint16_t code = read_command(t->r, c, &verb);
	bool binary = code == CODE_TLS_HEAD || code == CODE_STUN_HEAD;

	/* A line that may begin in its middle proves nothing, unless it is a command as a whole. */
	if (((t->r->flags & anywhere) == anywhere || t->r->flags & USHER_RECORD_AFTER_GAP) && !binary && (code || !verb.known))
		return;
	if (code) {
		end(t, code, true);
		return;
	}
	command(t, verb.command, c);
	if (verb.known)
		t->s->flags |= FTP_COMMANDED;
}

/* ---- The contract's functions ---- */

static int32_t ftp_frame(const void *state, uint8_t dir, const uint8_t *head, uint32_t have)
{
	struct usher_cursor c = usher_cursor(head, have);
	uint32_t before, line;

	(void)state;
	if (dir == USHER_CLIENT) {
		/* No LF need ever come: hand over what is there, so that ftp_record sees it and ends the reading. */
		if (usher__line_binary(c))
			return (int32_t)have;
		usher__line_telnet(&c); /* a Telnet option may be the byte LF */
	}
	before = have - usher_cursor_left(&c);
	line = line_length(&c);
	return line ? (int32_t)(before + line) : 0;
}

/* PORT, EPRT, and the last line of a 227 or 229 that was asked for. */
static bool ftp_may_edit(const void *state, uint8_t dir, const uint8_t *head, uint32_t have)
{
	const struct ftp_state *s = state;
	struct usher_cursor c = usher_cursor(head, have);

	if (s->flags & FTP_ENDED)
		return false;
	usher__line_telnet(&c);
	if (dir == USHER_CLIENT)
		return line_begins(c, "PORT") || line_begins(c, "EPRT");
	return ((s->multiline == 0 || s->multiline == 227) && is_pending(s, CMD_PASV) && line_begins(c, "227")) ||
	       ((s->multiline == 0 || s->multiline == 229) && is_pending(s, CMD_EPSV) && line_begins(c, "229"));
}

static int ftp_record(struct usher_help *help, const struct usher_help_ops *ops, void *state, const struct usher_record *r)
{
	struct ftp_turn t = { help, ops, state, r, false };
	struct usher_cursor text = line_text(r->data, r->len);
	struct ftp_state *s = t.s;

	if (s->flags & FTP_ENDED)
		return 0;
	if ((r->flags & USHER_RECORD_PICKED_UP) && !(s->flags & FTP_PICKED_UP))
		s->flags |= FTP_PICKED_UP | FTP_DOUBT | FTP_GREETED;
	if (r->flags & USHER_RECORD_AFTER_GAP) {
		s->flags = (uint8_t)((s->flags | FTP_DOUBT) & ~FTP_COMMANDED);
		if (r->dir == USHER_SERVER) {
			s->flags |= FTP_GREETED;
			s->multiline = 0;
		}
		/* It may begin anywhere, and live an attacker may have chosen where. A capture just lost a packet. */
		if (ops->option(help, USHER_HELP_LIVE))
			return 0;
	}
	usher__line_telnet(&text);
	if (r->dir == USHER_CLIENT)
		client_line(&t, &text);
	else
		server_line(&t, &text);
	return t.failed ? -1 : 0;
}

static void ftp_gap(struct usher_help *help, const struct usher_help_ops *ops, void *state, uint8_t dir, uint32_t len)
{
	(void)dir;
	if (len && !(((const struct ftp_state *)state)->flags & FTP_ENDED))
		ops->note(help, CODE_GAP, NULL, 0);
}

static bool ftp_check(const void *state, uint32_t len)
{
	struct ftp_state s;

	if (len != sizeof(s))
		return false;
	memcpy(&s, state, sizeof(s));
	if (s.flags > FTP_FLAGS || s.pending > PENDING_MAX)
		return false;
	if (s.multiline != 0 && (s.multiline < 100 || s.multiline >= 700))
		return false;
	for (uint32_t i = 0; i < s.pending; i++) {
		if (s.command[i] >= CMD_COUNT)
			return false;
	}
	return true;
}

static const uint16_t ftp_ports[] = { 21, 0 };

/* One at a time: a new PORT or PASV takes back the one before (RFC 959 3.2). Reserved ports: RFC 2577 3, 6. */
static const struct usher_class ftp_classes[] = {
	{ .name = "data", .max = 1, .min_key = 1024, .timeout_s = 300 },
	{ .name = NULL }
};

const struct usher_helper usher__helper_ftp = {
	.abi = USHER_HELPER_ABI, .name = "ftp", .protocol = USHER_TCP, .ports = ftp_ports, .record_max = RECORD_MAX,
	.state_size = sizeof(struct ftp_state), .state_version = 1, .classes = ftp_classes, .notes = ftp_notes,
	.frame = ftp_frame, .may_edit = ftp_may_edit, .record = ftp_record, .gap = ftp_gap, .check = ftp_check
};
