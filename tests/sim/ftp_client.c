/*
 * sim/ftp: the client. See ftp.h.
 */
#include "tests/sim/ftp.h"

#include "tests/sim/attack.h"
#include "tests/sim/gateway.h"
#include "tests/sim/scenario.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static void go(struct ftp_client *c);

static void finish(struct ftp_client *c)
{
	if (c->done)
		return;
	c->done = true;
	sim_app_done(c->sim);
	if (c->announcement)
		c->announcement->closed = true;
	if (c->listening)
		host_unlisten(c->host, c->listening);
}

/* ---- data connections ---- */

void ftp_fill(struct tcp *t, uint32_t size)
{
	uint8_t part[1024];

	for (uint32_t at = 0; at < size;) {
		uint32_t len = size - at < sizeof(part) ? size - at : (uint32_t)sizeof(part);

		for (uint32_t i = 0; i < len; i++)
			part[i] = ftp_byte(at + i);
		bytes_put(&t->tx, t->tx.len, part, len);
		at += len;
	}
	tcp_write(t, part, 0);
}

static void data_over(struct ftp_client *c)
{
	c->data_closed = true;
	c->data = NULL;
	go(c);
}

static void data_app(struct tcp *t, enum tcp_event event)
{
	struct ftp_client *c = t->app_data;

	switch (event) {
	case TCP_OPEN:
		sim_cover(c->sim, COVER_DATA);
		if (!c->in_transfer || (t != c->data && t->local.key != c->listening)) { /* of one that was given up meanwhile */
			tcp_abort(t);
			return;
		}
		if (c->data && c->data != t) { /* none was asked for twice */
			sim_violation(c->sim, "%s has two data connections at a time", c->host->name);
			return;
		}
		c->data = t;
		if (c->data_up) {
			ftp_fill(t, c->data_size);
			tcp_close(t);
		}
		break;
	case TCP_BYTES:
		if (t == c->data)
			c->data_got += tcp_readable(t);
		tcp_read(t, tcp_readable(t));
		break;
	case TCP_EOF:
		tcp_close(t);
		break;
	case TCP_RESET:
	case TCP_TIMEOUT:
		if (t != c->data && c->aborted)
			break; /* the one given up came after all */
		if (!c->aborted && !c->done && !c->excused)
			sim_violation(c->sim, "%s: the data connection %s > %s ends by %s", c->host->name, endpoint_text(&t->local),
				      endpoint_text(&t->remote), event == TCP_RESET ? "RST" : "time-out");
		data_over(c);
		break;
	case TCP_GONE:
		if (c->data == t && !c->data_up && c->data_got != c->data_size && !c->aborting && !c->excused)
			sim_violation(c->sim, "%s reads %u of %u bytes of a file", c->host->name, c->data_got, c->data_size);
		if (c->data == t)
			data_over(c);
		break;
	default:
		break;
	}
}

static void listen_for_data(struct ftp_client *c)
{
	struct listener *l;

	if (c->listening)
		host_unlisten(c->host, c->listening);
	c->listening = host_port(c->host);
	l = host_listen(c->host, c->control->local.family, c->listening);
	l->app = data_app;
	l->app_data = c;
}

/* Which of the server's announcements it was that we read. */
static struct announcement *read_announcement(const struct ftp_client *c)
{
	struct sim *sim = c->sim;

	for (uint32_t i = sim->announcement_count; i-- > 0;) {
		struct announcement *a = &sim->announcement[i];

		if (a->control == c->control->peer && a->announced && same_endpoint(&a->seen, &c->target))
			return a;
	}
	return NULL;
}

static void connect_data(struct ftp_client *c)
{
	struct tcp *t = host_connect(c->host, 0, &c->target);

	t->app = data_app;
	t->app_data = c;
	t->toward = read_announcement(c);
	c->data = t;
	if (t->toward && t->toward->unedited)
		c->excused = true;
	tcp_connect(t);
}

/* ---- commands ---- */

static void asked(struct ftp_client *c, uint8_t kind)
{
	if (c->pending_count == FTP_PENDING) {
		sim_violation(c->sim, "too many commands are pipelined");
		return;
	}
	c->pending_announcement[(c->pending_first + c->pending_count) % FTP_PENDING] = c->announcement;
	c->pending[(c->pending_first + c->pending_count++) % FTP_PENDING] = kind;
}

static void write_text(struct ftp_client *c, const struct ftp_step *s)
{
	static const char *const text[] = {
		"NOOP", "TYPE I", "TYPE A", "PWD", "SYST", "CWD /pub", "cwd Pub,1,2,3,4,5,6", "FEAT", "OPTS UTF8 ON", "Stat", "MODE S",
		"STRU F", "REST 0", "XPWD", "SITE UMASK 022", "SIZE a.b"
	};
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz ,0123456789";
	char argument[1500] = "SITE ";
	uint32_t len = s->size < sizeof(argument) - 7 ? s->size : (uint32_t)sizeof(argument) - 7;

	if (!s->size) {
		writer_print(&c->out, "%s\r\n", text[s->style % (sizeof(text) / sizeof(text[0]))]);
		return;
	}
	for (uint32_t i = 0; i < len; i++)
		argument[5 + i] = letters[(i * 7 + s->style) % (sizeof(letters) - 1)];
	memcpy(argument + 5 + len, "\r\n", 2);
	writer_put(&c->out, argument, len + 7);
}

/* How address and port are written: `style` picks. Returns where the span begins within the text. */
static void write_port(struct ftp_client *c, const struct usher_endpoint *at, uint8_t style)
{
	static const char *const verb[] = { "PORT ", "port ", "Port ", "PORT  ", "pORt " };
	const uint8_t *a = at->address;

	writer_print(&c->out, "%s", verb[style % 5]);
	if (style / 8 % 8)
		writer_print(&c->out, "%u,%u,%u,%u,%u,%u", a[0], a[1], a[2], a[3], at->key >> 8, at->key & 0xff);
	else
		writer_print(&c->out, "%03u,%03u,%03u,%03u,%03u,%03u", a[0], a[1], a[2], a[3], at->key >> 8, at->key & 0xff);
}

static void write_eprt(struct ftp_client *c, const struct usher_endpoint *at, uint8_t style)
{
	char sign = "||||!#$~"[style % 8];

	writer_print(&c->out, "%s", style & 16 ? "eprt " : "EPRT ");
	writer_print(&c->out, "%c%c%c%s%c%u%c", sign, at->family == USHER_IPV4 ? '1' : '2', sign, address_text(at), sign, at->key, sign);
}

/* What must be refused: somebody else's address, or a port that is reserved. */
static struct usher_endpoint foreign(struct ftp_client *c, uint8_t style)
{
	struct usher_endpoint e = c->control->local;
	struct sim *sim = c->sim;
	const struct host *other = &sim->host[style / 2 % sim->host_count];

	e.key = 2000 + style;
	if (style & 1 && other != c->host)
		memcpy(e.address, other->address[e.family == USHER_IPV6].address, 16);
	else
		e.key = style % 3 ? 22 : 1;
	return e;
}

/* A place to announce, where it listens unless it is one that must be refused. */
static struct announcement *new_announcement(struct ftp_client *c, const struct ftp_step *s)
{
	struct usher_endpoint at = c->control->local;

	if (s->kind == STEP_FOREIGN) {
		at = foreign(c, s->style);
	} else {
		listen_for_data(c);
		at.key = c->listening;
	}
	if (c->announcement)
		c->announcement->closed = true;
	c->announcement = sim_announce(c->control, &at, USHER_TCP);
	c->announcement->refused = s->kind == STEP_FOREIGN;
	c->port_refused = false;
	c->mode = STEP_PORT;
	return c->announcement;
}

static void write_announcement(struct ftp_client *c, const struct ftp_step *s)
{
	uint32_t line = writer_at(&c->out), from;
	struct announcement *a = new_announcement(c, s);
	struct usher_endpoint at = a->real;
	bool eprt = s->kind == STEP_EPRT || at.family == USHER_IPV6;
	struct span *span;

	if (eprt)
		write_eprt(c, &at, s->style);
	else
		write_port(c, &at, s->style);
	for (from = writer_at(&c->out); from > line && c->out.queue.data[from - 1] != ' '; from--)
		;
	span = mirror_span(c->control, eprt ? SPAN_EPRT : SPAN_NUMBERS, a, from, writer_at(&c->out) - from);
	writer_print(&c->out, s->style % 16 == 15 ? "\n" : "\r\n");
	span->line = line;
	span->line_end = writer_at(&c->out);
}

static void begin_transfer(struct ftp_client *c, bool up, uint32_t size)
{
	c->in_transfer = true;
	c->data_up = up;
	c->data_size = size;
	c->data_got = 0;
	c->data_closed = false;
}

/* What kind of a command a line of RAW is. */
static uint8_t kind_of(const uint8_t *line, uint32_t len)
{
	static const struct {
		const char *verb;
		uint8_t kind;
	} kinds[] = { { "PORT", STEP_PORT }, { "EPRT", STEP_PORT }, { "PASV", STEP_PASV }, { "EPSV", STEP_EPSV }, { "RETR", STEP_RETR } };

	for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (len > 4 && !strncasecmp((const char *)line, kinds[i].verb, 4) && !memmem(line, len, "ALL", 3))
			return kinds[i].kind;
	}
	return STEP_TEXT;
}

static void write_own(struct ftp_client *c, const struct ftp_step *s, bool eprt)
{
	const struct announcement *a = new_announcement(c, s);
	const uint8_t *n = a->real.address;
	uint32_t from = writer_at(&c->out);

	if (eprt)
		writer_print(&c->out, "|%c|%s|%u|", a->real.family == USHER_IPV4 ? '1' : '2', address_text(&a->real), a->real.key);
	else
		writer_print(&c->out, "%u,%u,%u,%u,%u,%u", n[0], n[1], n[2], n[3], a->real.key >> 8, a->real.key & 0xff);
	mirror_span(c->control, eprt ? SPAN_EPRT : SPAN_NUMBERS, c->announcement, from, writer_at(&c->out) - from);
}

static void write_raw(struct ftp_client *c, const struct ftp_step *s)
{
	uint32_t line = writer_at(&c->out);
	uint8_t kind;

	for (const char *at = s->text; *at; at++) {
		if (*at == '|') {
			writer_flush(&c->out, (struct cut){ 1, 0 }, false);
		} else if (*at == '@' || *at == '%') {
			write_own(c, s, *at == '%');
		} else {
			writer_put(&c->out, at, 1);
		}
		if (*at != '\n')
			continue;
		kind = kind_of(c->out.queue.data + line, writer_at(&c->out) - line);
		if (kind == STEP_RETR)
			begin_transfer(c, false, (uint32_t)atoi((const char *)c->out.queue.data + line + 6));
		line = writer_at(&c->out);
		asked(c, kind);
		if (kind == STEP_PASV || kind == STEP_EPSV) {
			c->mode = STEP_PASV;
			c->target.family = 0;
		}
	}
	writer_flush(&c->out, (struct cut){ 1, 0 }, false);
}

static void write_transfer(struct ftp_client *c, const struct ftp_step *s)
{
	begin_transfer(c, s->kind == STEP_STOR, s->size);
	if (c->mode == STEP_PASV && s->style & 1)
		connect_data(c);
	writer_print(&c->out, "%s f%u\r\n", c->data_up ? "STOR" : "RETR", s->size);
	if (c->mode == STEP_PASV && !(s->style & 1))
		connect_data(c);
}

static void write_abort(struct ftp_client *c, const struct ftp_step *s)
{
	c->aborting = c->aborted = true;
	if (s->style & 1) { /* RFC 959 4.1.3: Telnet IP and Synch in front */
		writer_put(&c->out, "\xff\xf4\xff\xf2", 4);
		writer_flush(&c->out, (struct cut){ 1, 0 }, true);
	}
	writer_print(&c->out, "ABOR\r\n");
}

static void close_early(struct ftp_client *c, bool reset)
{
	sim_cover(c->sim, COVER_ABORTED);
	c->excused = true;
	if (reset)
		tcp_abort(c->control);
	else
		writer_close(&c->out);
	if (c->data)
		tcp_abort(c->data);
	finish(c);
}

/* ---- the script ---- */

static bool may_go(const struct ftp_client *c, const struct ftp_step *s)
{
	switch (s->kind) {
	case STEP_WAIT: return !c->pending_count && !c->data && !c->in_transfer;
	case STEP_REPLIES: return c->pending_count <= (c->in_transfer ? 1u : 0u);
	case STEP_RETR:
	case STEP_STOR: return !c->in_transfer && !c->data && (c->mode != STEP_PASV || c->target.family);
	case STEP_ABOR: return true;
	default: return true;
	}
}

static void wake(struct sim *sim, void *object, uint32_t step)
{
	struct ftp_client *c = object;

	(void)sim;
	if (c->step == step && !c->done) {
		c->step++;
		go(c);
	}
}

static void command(struct ftp_client *c, const struct ftp_step *s)
{
	static const char *const verb[2][2] = { { "PASV", "pasv" }, { "EPSV", "Epsv" } };

	switch (s->kind) {
	case STEP_RAW:
		write_raw(c, s);
		return;
	case STEP_TEXT:
		write_text(c, s);
		break;
	case STEP_PORT:
	case STEP_EPRT:
	case STEP_FOREIGN:
		write_announcement(c, s);
		break;
	case STEP_PASV:
	case STEP_EPSV:
		c->mode = STEP_PASV;
		c->port_refused = false;
		c->target.family = 0;
		if (c->announcement)
			c->announcement->closed = true;
		writer_print(&c->out, "%s\r\n", verb[s->kind == STEP_EPSV][s->style & 1]);
		break;
	case STEP_RETR:
	case STEP_STOR:
		write_transfer(c, s);
		break;
	case STEP_ABOR:
		write_abort(c, s);
		break;
	default:
		writer_print(&c->out, "QUIT\r\n");
		break;
	}
	asked(c, s->kind);
	if (!s->join)
		writer_flush(&c->out, s->cut, false);
}

static void go(struct ftp_client *c)
{
	while (c->greeted && !c->done && c->step < c->step_count && !c->sim->failed) {
		const struct ftp_step *s = &c->script[c->step];

		if (!may_go(c, s))
			return;
		if (s->kind == STEP_SLEEP) {
			sim_at(c->sim, c->sim->now + s->size * (uint64_t)MS, wake, c, c->step);
			return;
		}
		c->step++;
		if (c->port_refused && (s->kind == STEP_RETR || s->kind == STEP_STOR))
			continue;
		if (s->kind == STEP_CLOSE || s->kind == STEP_RESET)
			close_early(c, s->kind == STEP_RESET);
		else if (s->kind != STEP_WAIT && s->kind != STEP_REPLIES)
			command(c, s);
	}
}

/* ---- replies ---- */

/* The first six numbers with commas between that the text has. */
static bool find_numbers(const char *text, struct usher_endpoint *e)
{
	unsigned n[6];

	for (; *text; text++) {
		if (*text >= '0' && *text <= '9' &&
		    sscanf(text, "%u,%u,%u,%u,%u,%u", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) == 6) {
			*e = (struct usher_endpoint){ .family = USHER_IPV4, .key = n[4] << 8 | n[5],
						      .address = { (uint8_t)n[0], (uint8_t)n[1], (uint8_t)n[2], (uint8_t)n[3] } };
			return true;
		}
	}
	return false;
}

/* Three times the same sign, and a port. */
static bool find_port(const char *text, uint32_t *port)
{
	for (; text[0] && text[1] && text[2]; text++) {
		if (text[0] == text[1] && text[1] == text[2] && text[3] >= '0' && text[3] <= '9') {
			*port = (uint32_t)atoi(text + 3);
			return true;
		}
	}
	return false;
}

static void transfer_answered(struct ftp_client *c, unsigned code)
{
	c->in_transfer = false;
	if (code == 226 && !c->aborting)
		c->transfers++;
	if (code != 226 && !c->aborting && !c->excused && !c->port_refused && !(c->announcement && c->announcement->unedited))
		sim_violation(c->sim, "%s: the transfer is answered with %u", c->host->name, code);
	if (code != 226 && c->data && c->data->state == TCP_SYN_SENT) {
		tcp_abort(c->data);
		c->data = NULL;
	}
}

static void port_refused(struct ftp_client *c, struct announcement *a)
{
	if (!a) /* RAW: it was none */
		return;
	if (a == c->announcement)
		c->port_refused = true;
	a->closed = true;
	attack_closed(c->sim, a);
}

static void answered(struct ftp_client *c, uint32_t at, unsigned code, const char *text)
{
	uint8_t kind = c->pending[at];

	if (kind == STEP_PASV || kind == STEP_EPSV) {
		c->target = c->control->remote;
		if (kind == STEP_PASV ? code != 227 || !find_numbers(text, &c->target) : code != 229 || !find_port(text, &c->target.key))
			sim_violation(c->sim, "%s: the reply %u %s announces nothing", c->host->name, code, text);
	} else if (kind == STEP_RETR || kind == STEP_STOR) {
		transfer_answered(c, code);
	} else if (kind == STEP_ABOR) {
		c->aborting = false;
		if (c->data)
			tcp_abort(c->data);
		c->data = NULL;
	} else if ((kind == STEP_PORT || kind == STEP_EPRT || kind == STEP_FOREIGN) && code >= 500) {
		port_refused(c, c->pending_announcement[at]);
	}
}

static void reply(struct ftp_client *c, const char *line)
{
	unsigned code = line[0] >= '1' && line[0] <= '9' ? (unsigned)atoi(line) : 0;
	uint32_t at;

	if (c->multiline) {
		if (code != c->multiline || line[3] == '-')
			return;
		c->multiline = 0;
	} else if (strlen(line) > 3 && line[3] == '-') {
		c->multiline = (uint16_t)code;
		return;
	}
	if (code < 200)
		return;
	if (!c->greeted) {
		c->greeted = true;
		return;
	}
	if (code == 421)
		return;
	if (!c->pending_count) {
		sim_violation(c->sim, "%s reads a reply to nothing: %s", c->host->name, line);
		return;
	}
	at = c->pending_first;
	c->pending_first = (c->pending_first + 1) % FTP_PENDING;
	c->pending_count--;
	answered(c, at, code, line + 3);
}

static void control_lost(struct ftp_client *c, const char *how)
{
	bool ours = gateways_count(c->sim, USHER_COUNTER_OWN_RESETS);

	if (!c->done && !c->excused && !ours)
		sim_violation(c->sim, "%s: the control connection ends by %s", c->host->name, how);
	if (c->data)
		tcp_abort(c->data);
	c->data = NULL;
	finish(c);
}

static void control_app(struct tcp *t, enum tcp_event event)
{
	struct ftp_client *c = t->app_data;
	char line[700];

	switch (event) {
	case TCP_OPEN:
		c->greeted = c->sim->scenario->manners.silent;
		go(c);
		break;
	case TCP_BYTES:
		while (!c->sim->failed && app_line(t, line, sizeof(line)))
			reply(c, line);
		go(c);
		break;
	case TCP_EOF:
		if (c->step < c->step_count || c->pending_count) {
			c->excused = true; /* the server closed early, as it may */
			sim_cover(c->sim, COVER_ABORTED);
		}
		tcp_close(t);
		if (c->data && c->excused)
			tcp_abort(c->data);
		if (c->excused)
			c->data = NULL;
		finish(c);
		break;
	case TCP_RESET:
		control_lost(c, "RST");
		break;
	case TCP_TIMEOUT:
		control_lost(c, "time-out");
		break;
	default:
		break;
	}
}

void ftp_client_begin(struct ftp_client *c, struct host *h, const struct usher_endpoint *to, uint16_t port)
{
	c->sim = h->sim;
	c->host = h;
	c->control = host_connect(h, port, to);
	c->control->app = control_app;
	c->control->app_data = c;
	writer_begin(&c->out, c->control);
	h->sim->busy_apps++;
	tcp_connect(c->control);
}
