/*
 * sim/app: see app.h.
 */
#include "tests/sim/app.h"

#include <stdarg.h>
#include <stdio.h>

void writer_begin(struct writer *w, struct tcp *t)
{
	w->t = t;
	w->queue.len = w->written = w->flushed = w->first = w->count = 0;
	w->last = 0;
	w->closing = false;
}

void writer_put(struct writer *w, const void *text, uint32_t len)
{
	bytes_put(&w->queue, w->queue.len, text, len);
}

void writer_print(struct writer *w, const char *format, ...)
{
	char text[700];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	writer_put(w, text, (uint32_t)strlen(text));
}

uint32_t writer_at(const struct writer *w)
{
	return w->queue.len;
}

static void write_due(struct sim *sim, void *object, uint32_t unused)
{
	struct writer *w = object;

	(void)unused;
	while (w->count && w->piece[w->first].time <= sim->now) {
		struct piece *p = &w->piece[w->first];

		w->first = (w->first + 1) % WRITER_PIECES;
		w->count--;
		if (!tcp_is_open(w->t) && w->t->state != TCP_SYN_SENT)
			continue;
		if (p->urgent)
			tcp_urgent(w->t, p->end);
		tcp_write(w->t, w->queue.data + w->written, p->end - w->written);
		w->written = p->end;
	}
	if (w->closing && !w->count)
		tcp_close(w->t);
}

static void add_piece(struct writer *w, uint32_t end, uint64_t time, bool urgent)
{
	struct sim *sim = w->t->sim;

	if (time < w->last)
		time = w->last;
	w->last = time;
	if (w->count == WRITER_PIECES) {
		sim_violation(sim, "the simulation has no room for more than %u pieces", WRITER_PIECES);
		return;
	}
	w->piece[(w->first + w->count++) % WRITER_PIECES] = (struct piece){ end, time, urgent };
	if (time > sim->now)
		sim_at(sim, time, write_due, w, 0);
}

void writer_flush(struct writer *w, struct cut cut, bool urgent)
{
	struct sim *sim = w->t->sim;
	uint32_t from = w->flushed, len = w->queue.len - from;
	uint64_t time = sim->now;

	if (!len)
		return;
	for (uint32_t i = cut.pieces; i > 1 && len > 1; i--) {
		uint32_t part = 1 + roll(&sim->dice, len - 1);

		if (i > 2 && part > len / 2)
			part = part / 2 + 1; /* leave something for the others */
		from += part;
		len -= part;
		add_piece(w, from, time, false);
		time += roll(&sim->dice, cut.gap_ms + 1u) * (uint64_t)MS;
	}
	add_piece(w, from + len, time, urgent);
	w->flushed = from + len;
	write_due(sim, w, 0);
}

void writer_close(struct writer *w)
{
	w->closing = true;
	write_due(w->t->sim, w, 0);
}

bool app_line(struct tcp *t, char *line, uint32_t room)
{
	uint32_t have = t->consumed + tcp_readable(t) - t->parsed, len;
	const uint8_t *from = t->rx.data + t->parsed, *end = have ? memchr(from, '\n', have) : NULL;

	if (!end) {
		tcp_read(t, tcp_readable(t));
		return false;
	}
	len = (uint32_t)(end - from);
	t->parsed += len + 1;
	if (t->parsed > t->consumed)
		tcp_read(t, t->parsed - t->consumed);
	while (len && from[len - 1] == '\r')
		len--;
	if (len > room - 1)
		len = room - 1;
	memcpy(line, from, len);
	line[len] = '\0';
	return true;
}
