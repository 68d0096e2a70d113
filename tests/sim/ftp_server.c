/*
 * sim/ftp: the server. See ftp.h.
 */
#include "tests/sim/ftp.h"

#include "tests/sim/gateway.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define WAIT_S 400u /* for a data connection: longer than a client tries */

static void work(struct ftp_server *s);

/* ---- replies ---- */

static void flush(struct ftp_server *s, bool announcement)
{
	struct cut cut = { 1, s->manners->gap_ms };

	if (chance(&s->dice, announcement ? s->manners->cut_percent : 5))
		cut.pieces = (uint8_t)(2 + roll(&s->dice, 3));
	writer_flush(&s->out, cut, false);
}

static void reply(struct ftp_server *s, unsigned code, const char *text)
{
	if (chance(&s->dice, s->manners->multiline)) {
		writer_print(&s->out, "%u-%s\r\n", code, text);
		for (uint32_t i = roll(&s->dice, 3); i > 0; i--)
			writer_print(&s->out, " 227 numbers (1,2,3,4,5,6) within (|||77|) text\r\n");
	}
	writer_print(&s->out, "%u %s\r\n", code, text);
	if (!chance(&s->dice, 10)) /* else the next one goes with it */
		flush(s, false);
}

/* ---- data connections ---- */

static void data_over(struct ftp_server *s, unsigned code, const char *text)
{
	s->busy = false;
	s->data = NULL;
	s->data_open = false;
	if (!s->gone)
		reply(s, code, text);
	flush(s, false);
	work(s);
}

static void data_lost(struct ftp_server *s, struct tcp *t, const char *how)
{
	if (t->toward && !t->toward->unedited && !t->toward->closed && !s->data_open && !s->gone && !s->aborted)
		sim_violation(s->sim, "%s cannot connect to %s (%s): %s", s->host->name, endpoint_text(&t->remote),
			      endpoint_text(&t->toward->real), how);
	if (s->busy)
		data_over(s, s->data_open ? 426 : 425, "The data connection is lost");
	s->data = NULL;
	s->data_open = false;
}

/* The data connection is there, and its command was read. */
static void begin_transfer(struct ftp_server *s)
{
	if (s->up || !s->data)
		return;
	ftp_fill(s->data, s->size);
	tcp_close(s->data);
}

static void end_upload(struct ftp_server *s)
{
	tcp_close(s->data);
	if (s->got != s->size)
		sim_violation(s->sim, "%s reads %u of %u bytes of a file", s->host->name, s->got, s->size);
	data_over(s, 226, "Transfer complete");
}

static void data_app(struct tcp *t, enum tcp_event event)
{
	struct ftp_server *s = t->app_data;

	if (t != s->data && event != TCP_OPEN)
		return;
	switch (event) {
	case TCP_OPEN:
		if (t != s->data && t->local.key != s->listening) { /* of one that was given up meanwhile */
			tcp_abort(t);
			return;
		}
		s->data = t;
		s->data_open = true;
		s->data_eof = false;
		if (s->busy)
			begin_transfer(s);
		break;
	case TCP_BYTES:
		s->got += tcp_readable(t);
		tcp_read(t, tcp_readable(t));
		break;
	case TCP_EOF:
		s->data_eof = true;
		if (s->busy && s->up)
			end_upload(s);
		break;
	case TCP_SENT:
		if (s->busy && !s->up && t->fin_acked)
			data_over(s, 226, "Transfer complete");
		break;
	case TCP_RESET:
		data_lost(s, t, "refused or reset");
		break;
	case TCP_TIMEOUT:
		data_lost(s, t, "time-out");
		break;
	default:
		break;
	}
}

static struct announcement *read_announcement(const struct ftp_server *s)
{
	struct sim *sim = s->sim;

	for (uint32_t i = sim->announcement_count; i-- > 0;) {
		struct announcement *a = &sim->announcement[i];

		if (a->control == s->control->peer && a->announced && same_endpoint(&a->seen, &s->target))
			return a;
	}
	return NULL;
}

static void connect_data(struct ftp_server *s)
{
	struct tcp *t = host_connect(s->host, s->manners->any_port ? 0 : 20, &s->target);

	t->app = data_app;
	t->app_data = s;
	t->toward = read_announcement(s);
	if (!t->toward)
		sim_violation(s->sim, "%s reads %s, which nobody announced", s->host->name, endpoint_text(&s->target));
	s->data = t;
	s->data_open = false;
	tcp_connect(t);
}

static void drop_data(struct ftp_server *s)
{
	if (s->data)
		tcp_abort(s->data);
	s->data = NULL;
	s->data_open = false;
	if (s->listening)
		host_unlisten(s->host, s->listening);
	s->listening = 0;
}

/* ---- commands ---- */

/* A port for data connections; `at` gets its number. */
static void new_announcement(struct ftp_server *s, struct usher_endpoint *at)
{
	struct listener *l;

	drop_data(s);
	s->mode = STEP_PASV;
	s->listening = host_port(s->host);
	at->key = s->listening;
	l = host_listen(s->host, at->family, s->listening);
	l->app = data_app;
	l->app_data = s;
	if (s->announcement)
		s->announcement->closed = true;
	s->announcement = sim_announce(s->control, at, USHER_TCP);
}

/* The reply that the manners have. */
static void announce_as(struct ftp_server *s, const char *form)
{
	struct usher_endpoint at = s->control->local, named = s->known_as.family ? s->known_as : at;
	const uint8_t *a = named.address;
	uint32_t from;

	new_announcement(s, &at);
	for (; *form; form++) {
		from = writer_at(&s->out);
		if (*form == '|') {
			writer_flush(&s->out, (struct cut){ 1, 0 }, false);
		} else if (*form == '@') {
			writer_print(&s->out, "%u,%u,%u,%u,%u,%u", a[0], a[1], a[2], a[3], at.key >> 8, at.key & 0xff);
			mirror_span(s->control, SPAN_NUMBERS, s->announcement, from, writer_at(&s->out) - from);
		} else if (*form == '#') {
			writer_print(&s->out, "%u", at.key);
			mirror_span(s->control, SPAN_PORT, s->announcement, from, writer_at(&s->out) - from);
		} else {
			writer_put(&s->out, *form == '!' ? "|" : *form == '^' ? "!" : form, 1);
		}
	}
	flush(s, false);
}

static void announce(struct ftp_server *s, bool extended)
{
	static const char *const form[] = {
		"Entering Passive Mode (%s)", "Entering Passive Mode (%s).", "=%s", "Passive 4u (%s)", "Entering Passive Mode. %s", "A1 (%s)"
	};
	static const char *const form6[] = { "Entering Extended Passive Mode (%s)", "(%s)", "Passive: %s", "EPSV ok (%s)." };
	const char *pick = extended ? form6[roll(&s->dice, 4)] : form[roll(&s->dice, 6)];
	struct usher_endpoint at = s->control->local, named = s->known_as.family ? s->known_as : at;
	uint32_t line, head = (uint32_t)(strstr(pick, "%s") - pick), from;
	const uint8_t *a = named.address;
	struct span *span;

	if (s->manners->passive) {
		announce_as(s, s->manners->passive);
		return;
	}
	new_announcement(s, &at);
	if (chance(&s->dice, s->manners->multiline))
		writer_print(&s->out, "%s-A passive reply\r\n", extended ? "229" : "227");
	line = writer_at(&s->out);
	writer_print(&s->out, "%s %.*s", extended ? "229" : "227", (int)head, pick);
	from = writer_at(&s->out);
	if (extended) {
		char sign = pick[0] == 'P' ? '|' : "||!"[roll(&s->dice, 3)];

		writer_print(&s->out, "%c%c%c%u", sign, sign, sign, at.key);
		from += 3;
		span = mirror_span(s->control, SPAN_PORT, s->announcement, from, writer_at(&s->out) - from);
		writer_put(&s->out, &sign, 1);
	} else {
		writer_print(&s->out, "%u,%u,%u,%u,%u,%u", a[0], a[1], a[2], a[3], at.key >> 8, at.key & 0xff);
		span = mirror_span(s->control, SPAN_NUMBERS, s->announcement, from, writer_at(&s->out) - from);
	}
	writer_print(&s->out, "%s\r\n", pick + head + 2);
	span->line = line;
	span->line_end = writer_at(&s->out);
	flush(s, true);
}

/* PORT h,h,h,h,p,p and EPRT |n|address|port| */
static bool read_active(struct ftp_server *s, bool extended, const char *text)
{
	struct usher_endpoint e = { 0 };
	char address[64] = "";
	unsigned n[6], port;
	size_t len;

	while (*text == ' ')
		text++;
	if (!extended) {
		if (sscanf(text, "%u,%u,%u,%u,%u,%u", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) != 6)
			return false;
		e.family = USHER_IPV4;
		for (unsigned i = 0; i < 4; i++)
			e.address[i] = (uint8_t)n[i];
		e.key = n[4] << 8 | n[5];
	} else {
		if (strlen(text) < 8 || (text[1] != '1' && text[1] != '2') || text[2] != text[0])
			return false;
		len = strcspn(text + 3, (char[]){ text[0], '\0' });
		if (len >= sizeof(address) || sscanf(text + 3 + len + 1, "%u", &port) != 1)
			return false;
		memcpy(address, text + 3, len);
		e.family = text[1] == '1' ? USHER_IPV4 : USHER_IPV6;
		e.key = port;
		if (inet_pton(e.family == USHER_IPV4 ? AF_INET : AF_INET6, address, e.address) != 1)
			return false;
	}
	s->target = e;
	return true;
}

static void active(struct ftp_server *s, bool extended, const char *text)
{
	s->ports++;
	s->target.family = 0;
	drop_data(s);
	if (!read_active(s, extended, text) && s->manners->lenient) {
		reply(s, 501, "Syntax error in parameters");
		return;
	}
	if (!s->target.family) {
		sim_violation(s->sim, "%s cannot read %s", s->host->name, text);
		return;
	}
	if (s->ports == s->manners->refuse_port) {
		s->mode = STEP_TEXT;
		reply(s, 500, "Illegal PORT command");
		return;
	}
	s->mode = STEP_PORT;
	reply(s, 200, "PORT command successful");
}

/* Nobody came to the port that PASV named. */
static void waited(struct sim *sim, void *object, uint32_t commands)
{
	struct ftp_server *s = object;

	(void)sim;
	if (s->busy && !s->data && s->commands == commands && !s->gone)
		data_over(s, 425, "Nobody came");
}

static void transfer(struct ftp_server *s, bool up, const char *name)
{
	s->up = up;
	s->size = (uint32_t)atoi(name + 1);
	s->aborted = false;
	if (s->mode == STEP_TEXT) {
		reply(s, 503, "No PORT or PASV before");
		return;
	}
	reply(s, 150, "Here it comes");
	flush(s, false);
	s->busy = true;
	if (s->mode == STEP_PORT) {
		s->got = 0;
		connect_data(s);
	} else if (s->data_open) {
		begin_transfer(s);
		if (up && s->data_eof)
			end_upload(s);
	} else {
		sim_at(s->sim, s->sim->now + WAIT_S * USHER_SECOND, waited, s, s->commands);
	}
}

static void abort_transfer(struct ftp_server *s)
{
	if (s->busy) {
		s->aborted = true;
		s->busy = false;
		drop_data(s);
		reply(s, 426, "Transfer aborted");
	}
	reply(s, 226, "Abort successful");
}

static void command(struct ftp_server *s, const char *line)
{
	bool extended = !strncasecmp(line, "EP", 2);

	s->commands++;
	if (!strncasecmp(line, "PORT", 4) || !strncasecmp(line, "EPRT", 4))
		active(s, extended, line + (strlen(line) > 5 ? 5 : strlen(line)));
	else if (!strncasecmp(line, "EPSV ALL", 8))
		reply(s, 200, "EPSV ALL ok");
	else if (!strncasecmp(line, "PASV", 4) || !strncasecmp(line, "EPSV", 4))
		s->got = 0, announce(s, extended);
	else if (!strncasecmp(line, "RETR ", 5) || !strncasecmp(line, "STOR ", 5))
		transfer(s, line[0] == 'S', line + 5);
	else if (strstr(line, "ABOR"))
		abort_transfer(s);
	else if (!strncasecmp(line, "QUIT", 4))
		reply(s, 221, "Goodbye"), s->gone = true;
	else
		reply(s, strncasecmp(line, "STAT", 4) ? 200 : 211, "Command ok");
	if (s->manners->close_after && s->commands == s->manners->close_after && !s->gone) {
		reply(s, 421, "Closing");
		s->gone = true;
	}
	if (s->gone) {
		flush(s, false);
		writer_close(&s->out);
	}
}

/* While a transfer runs, only ABOR is listened to (and what comes behind it). */
static void work(struct ftp_server *s)
{
	char line[700];
	struct tcp *t = s->control;

	while (!s->gone && !s->sim->failed) {
		uint32_t have = t->consumed + tcp_readable(t) - t->parsed;
		const uint8_t *from = t->rx.data + t->parsed, *end = have ? memchr(from, '\n', have) : NULL;

		if (s->busy && (!end || !memmem(from, (size_t)(end - from), "ABOR", 4)))
			break;
		if (!app_line(t, line, sizeof(line)))
			break;
		command(s, line);
	}
	if (!s->gone)
		flush(s, false);
}

static void control_app(struct tcp *t, enum tcp_event event)
{
	struct ftp_server *s = t->app_data;

	switch (event) {
	case TCP_OPEN:
		if (!s->manners->silent)
			reply(s, 220, "Welcome");
		flush(s, false);
		break;
	case TCP_BYTES:
		work(s);
		break;
	case TCP_EOF:
		s->gone = true;
		drop_data(s);
		tcp_close(t);
		break;
	case TCP_RESET:
	case TCP_TIMEOUT:
		s->gone = true;
		drop_data(s);
		break;
	default:
		break;
	}
}

void ftp_accept(struct tcp *t, enum tcp_event event)
{
	struct ftp_house *house = t->app_data;
	struct ftp_server *s;

	if (event != TCP_OPEN) /* it was given up before it began */
		return;
	if (house->count == FTP_SERVERS) {
		sim_violation(t->sim, "the simulation has no room for more than %u servers", FTP_SERVERS);
		return;
	}
	s = &house->server[house->count++];
	s->sim = t->sim;
	s->host = house->host;
	s->control = t;
	s->manners = house->manners;
	s->dice.state = roll64(&t->sim->dice);
	if (s->manners->announces_public && t->peer)
		s->known_as = t->peer->remote;
	writer_begin(&s->out, t);
	t->app = control_app;
	t->app_data = s;
	control_app(t, event);
}
