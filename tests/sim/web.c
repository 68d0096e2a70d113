/*
 * sim/web: see web.h.
 */
#include "tests/sim/web.h"

#include <stdio.h>

#define WAIT_S 3u

/* What may be in front of a body that somebody else has chosen. */
static const struct {
	const char *head;
	uint32_t len;
} heads[] = {
#define HEAD(text) { text, sizeof(text) - 1 }
	HEAD("POST / HTTP/1.1\r\nHost: example\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n"),
	HEAD("PUT /a HTTP/1.1\r\nHost: example\r\n\r\n"),
	HEAD("GET /PORT HTTP/1.0\r\n\r\n"),
	HEAD("NOOP / HTTP/1.1\r\nHost: example\r\n\r\n"),   /* a web page may choose the method */
	HEAD("PASV / HTTP/1.1\r\nHost: example\r\n\r\n"),
	HEAD("Host: example\r\n"),
	HEAD("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"),
	HEAD("\x00\x01\x00\x00\x21\x12\xa4\x42\n"),
#undef HEAD
};

static void put_junk(struct web_client *c)
{
	for (uint32_t i = roll(&c->dice, 40); i > 0; i--)
		writer_print(&c->out, "%c", 'a' + (int)roll(&c->dice, 26));
	if (chance(&c->dice, 70))
		writer_print(&c->out, chance(&c->dice, 50) ? "\r\n" : "\n");
}

/* A PORT or EPRT for this host, at the beginning of a line and of a segment. */
static void put_announcement(struct web_client *c)
{
	struct usher_endpoint at = c->control->local;
	uint32_t line, from;
	struct announcement *a;
	struct span *span;

	writer_print(&c->out, "\r\n");
	writer_flush(&c->out, (struct cut){ 1, 0 }, false);
	sim_cover(c->sim, COVER_SLIPSTREAM);
	at.key = 1024 + roll(&c->dice, 60000);
	a = sim_announce(c->control, &at, USHER_TCP);
	a->refused = true;
	line = writer_at(&c->out);
	from = line + 5;
	if (at.family == USHER_IPV4 && chance(&c->dice, 70)) {
		writer_print(&c->out, "PORT %u,%u,%u,%u,%u,%u", at.address[0], at.address[1], at.address[2], at.address[3], at.key >> 8,
			     at.key & 0xff);
		span = mirror_span(c->control, SPAN_NUMBERS, a, from, writer_at(&c->out) - from);
	} else {
		writer_print(&c->out, "EPRT |%c|%s|%u|", at.family == USHER_IPV4 ? '1' : '2', address_text(&at), at.key);
		span = mirror_span(c->control, SPAN_EPRT, a, from, writer_at(&c->out) - from);
	}
	writer_print(&c->out, "\r\n");
	span->line = line;
	span->line_end = writer_at(&c->out);
	writer_flush(&c->out, (struct cut){ (uint8_t)(1 + roll(&c->dice, 3)), 0 }, false);
}

static void give_up(struct sim *sim, void *object, uint32_t unused)
{
	struct web_client *c = object;

	(void)unused;
	if (c->done)
		return;
	c->done = true;
	writer_close(&c->out);
	sim_app_done(sim);
}

static void client_app(struct tcp *t, enum tcp_event event)
{
	struct web_client *c = t->app_data;
	uint32_t head = roll(&c->dice, sizeof(heads) / sizeof(heads[0]));

	if (event == TCP_BYTES)
		tcp_read(t, tcp_readable(t));
	if (event == TCP_RESET || event == TCP_TIMEOUT)
		give_up(c->sim, c, 0);
	if (event != TCP_OPEN)
		return;
	writer_put(&c->out, heads[head].head, heads[head].len);
	if (chance(&c->dice, 50))
		writer_flush(&c->out, (struct cut){ 1, 0 }, false);
	for (uint32_t i = 1 + roll(&c->dice, 3); i > 0; i--) {
		put_junk(c);
		put_announcement(c);
	}
	writer_print(&c->out, "end\r\n");
	writer_flush(&c->out, (struct cut){ 1, 0 }, false);
	sim_at(c->sim, c->sim->now + WAIT_S * USHER_SECOND, give_up, c, 0);
}

void web_begin(struct web_client *c, struct host *h, const struct usher_endpoint *to)
{
	struct bytes queue = c->out.queue;

	*c = (struct web_client){ .sim = h->sim, .control = host_connect(h, 0, to) };
	c->out.queue = queue;
	c->dice.state = roll64(&h->sim->dice);
	writer_begin(&c->out, c->control);
	c->control->app = client_app;
	c->control->app_data = c;
	h->sim->busy_apps++;
	tcp_connect(c->control);
}

/* Says what an FTP server would, to whatever it reads. */
void web_accept(struct tcp *t, enum tcp_event event)
{
	struct web_server *s = t->app_data;
	struct bytes queue = s->out.queue;
	char line[300];

	switch (event) {
	case TCP_OPEN:
		*s = (struct web_server){ .control = t };
		s->out.queue = queue;
		s->dice.state = roll64(&t->sim->dice);
		s->greets = chance(&s->dice, 70);
		writer_begin(&s->out, t);
		if (s->greets)
			writer_print(&s->out, "220 Welcome\r\n");
		break;
	case TCP_BYTES:
		while (app_line(t, line, sizeof(line)))
			writer_print(&s->out, "%s\r\n", chance(&s->dice, 50) ? "200 Command ok" : "331 Password required");
		break;
	case TCP_EOF:
		writer_close(&s->out);
		return;
	default:
		return;
	}
	writer_flush(&s->out, (struct cut){ 1, 0 }, false);
}
