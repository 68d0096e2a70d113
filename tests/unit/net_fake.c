#include "net_fake.h"

static struct net *log_to;

struct fake_state {
	char born[64], gone[64];
};

static const struct usher_class classes[] = {
	{ .name = "data", .max = 2, .min_key = 1024, .timeout_s = 300 },
	{ .name = "calls", .max = 1000, .timeout_s = 60 },
	{ .name = "single", .max = 1, .timeout_s = 10 },
	{ .name = NULL }
};

static const struct usher_code notes[] = {
	{ "odd", "It is odd." },
	{ "unwanted", "The helper does not want it." },
	{ NULL, NULL }
};

/* One part of a record. */
struct part {
	char text[200];
	char *word[12];
	unsigned words;
};

struct turn {
	struct usher_help *help;
	const struct usher_help_ops *ops;
	struct fake_state *state;
	uint8_t side;
	int result;
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	if (!log_to->quiet)
		net_vprint(&log_to->log, format, list);
	va_end(list);
}

static void answer(const char *what, int result)
{
	static const char *const names[] = { "ok", "refused", "full", "bad-call" };

	if (result)
		say("%s answered %s\n", what, names[-result]);
}

static const char *option(const struct part *p, const char *name)
{
	size_t len = strlen(name);
	unsigned i;

	for (i = 1; i < p->words; i++)
		if (!strncmp(p->word[i], name, len) && (name[len - 1] == '=' || !p->word[i][len]))
			return p->word[i] + len;
	return NULL;
}

static uint32_t number(const struct part *p, const char *name, uint32_t otherwise)
{
	const char *text = option(p, name);

	return text ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

static uint32_t word_number(const struct part *p, unsigned i)
{
	if (i < p->words && !strcmp(p->word[i], "all"))
		return USHER_ALL_TAGS;
	return i < p->words ? (uint32_t)strtoul(p->word[i], NULL, 10) : 0;
}

static void do_expect(struct turn *t, const struct part *p)
{
	const char *side = option(p, "side="), *times = option(p, "ct=");
	struct usher_expect e = {
		.class_id = (uint8_t)number(p, "c=", 0), .protocol = (uint8_t)number(p, "proto=", USHER_TCP), .side = t->side,
		.uses = (uint16_t)number(p, "u=", 1), .code = (uint16_t)number(p, "code=", 0), .tag = word_number(p, 1),
		.timeout_s = option(p, "forever") ? USHER_EXPECT_FOREVER : number(p, "t=", 0), .child_helper = option(p, "h="), .kind = "MADE",
	};
	uint32_t i;

	e.flags = (uint8_t)((option(p, "any") ? USHER_EXPECT_ANY_PEER : 0) | (option(p, "stays") ? USHER_EXPECT_CHILD_STAYS : 0) |
			    (option(p, "unearned") ? USHER_EXPECT_UNEARNED : 0) |
			    (option(p, "keeps") ? USHER_EXPECT_CHILD_KEEPS : 0));
	if (option(p, "both"))
		e.side = USHER_BOTH;
	else if (side)
		e.side = *side == 's' ? USHER_SERVER : USHER_CLIENT;
	if (times && sscanf(times, "%u,%u", &e.child_timeout_s[0], &e.child_timeout_s[1]) != 2)
		return;
	if (option(p, "a=") && !net_end_read(option(p, "a="), &e.listener))
		return;
	if (option(p, "p=") && !net_end_read(option(p, "p="), &e.peer))
		return;
	if (option(p, "kind="))
		e.kind = option(p, "kind=");
	for (i = 0; i < number(p, "x=", 1) && i < 100; i++) {
		e.listener.key = word_number(p, 2) + i;
		answer("expect", t->ops->expect(t->help, &e));
		e.tag++;
	}
}

static void do_map(struct turn *t, const struct part *p)
{
	struct usher_map map = { .side = t->side, .protocol = USHER_TCP, .at = { .key = word_number(p, 1) } };
	struct usher_endpoint seen;
	char text[80];

	answer("map", t->ops->map(t->help, &map, &seen));
	say("mapped to %s\n", net_end_text(&seen, text));
}

static void do_part(struct turn *t, char *text)
{
	struct part p = { .words = 0 };
	char *at, *save = NULL;
	uint32_t i;

	while (*text == ' ')
		text++;
	snprintf(p.text, sizeof(p.text), "%s", text);
	for (at = strtok_r(p.text, " ", &save); at && p.words < COUNT_OF(p.word); at = strtok_r(NULL, " ", &save))
		p.word[p.words++] = at;
	if (!p.words)
		return;
	if (!strcmp(p.word[0], "E"))
		do_expect(t, &p);
	else if (!strcmp(p.word[0], "W"))
		for (i = 0; i < number(&p, "x=", 1) && i < 100; i++)
			t->ops->withdraw(t->help, (uint8_t)number(&p, "c=", 0), word_number(&p, 1) + i, option(&p,
													       "children") != NULL);
	else if (!strcmp(p.word[0], "R"))
		answer("refresh", t->ops->refresh(t->help, (uint8_t)number(&p, "c=", 0), word_number(&p, 1)));
	else if (!strcmp(p.word[0], "D") || !strcmp(p.word[0], "DD"))
		t->ops->done(t->help, p.word[0][1] == 'D');
	else if (!strcmp(p.word[0], "N"))
		t->ops->note(t->help, (uint16_t)word_number(&p, 1), text, (uint32_t)strlen(text));
	else if (!strcmp(p.word[0], "M"))
		do_map(t, &p);
	else if (!strcmp(p.word[0], "F"))
		t->result = 1;
	else if (!strcmp(p.word[0], "born") && text[4])
		snprintf(t->state->born, sizeof(t->state->born), "%s", text + 5);
	else if (!strcmp(p.word[0], "gone") && text[4])
		snprintf(t->state->gone, sizeof(t->state->gone), "%s", text + 5);
	else if (!strcmp(p.word[0], "live"))
		say("live %u, items %u\n", t->ops->option(t->help, USHER_HELP_LIVE), t->ops->items(t->help));
}

static int do_text(struct turn *t, const char *data, uint32_t len)
{
	char text[512], *at, *save = NULL;

	snprintf(text, sizeof(text), "%.*s", (int)len, data);
	text[strcspn(text, "\r\n")] = '\0';
	for (at = strtok_r(text, ";", &save); at; at = strtok_r(NULL, ";", &save))
		do_part(t, at);
	return t->result;
}

static int32_t fake_frame(const void *state, uint8_t dir, const uint8_t *head, uint32_t have)
{
	const uint8_t *end = memchr(head, '\n', have);

	(void)state;
	(void)dir;
	return end ? (int32_t)(end - head + 1) : 0;
}

static int fake_record(struct usher_help *help, const struct usher_help_ops *ops, void *state, const struct usher_record *r)
{
	struct turn t = { help, ops, state, r->dir, 0 };

	assert_int_equal(r->fixed, r->len);
	if (r->flags & ~USHER_RECORD_FIRST)
		say("read from %s%s%s%s%s\n", r->dir == USHER_CLIENT ? "client" : "server",
		    r->flags & USHER_RECORD_FIRST ? " first" : "", r->flags & USHER_RECORD_AFTER_GAP ? " after-gap" : "",
		    r->flags & USHER_RECORD_PICKED_UP ? " picked-up" : "", r->flags & USHER_RECORD_CUT ? " cut" : "");
	return do_text(&t, (const char *)r->data, r->len);
}

static void fake_gap(struct usher_help *help, const struct usher_help_ops *ops, void *state, uint8_t dir, uint32_t len)
{
	(void)help;
	(void)ops;
	(void)state;
	say("gap %s %u\n", dir == USHER_CLIENT ? "client" : "server", len);
}

static void fake_child(struct usher_help *help, const struct usher_help_ops *ops, void *state, uint8_t class_id, uint32_t tag,
		       uint8_t event)
{
	struct turn t = { help, ops, state, USHER_CLIENT, 0 };
	const char *then = event == USHER_CHILD_NEW ? t.state->born : t.state->gone;

	say("child %s: class %u tag %u\n", event == USHER_CHILD_NEW ? "born" : "gone", class_id, tag);
	do_text(&t, then, (uint32_t)strlen(then));
}

static const struct usher_helper fake = {
	.abi = USHER_HELPER_ABI, .name = "fake", .protocol = USHER_TCP, .record_max = 400, .state_size = sizeof(struct fake_state),
	.classes = classes, .notes = notes, .frame = fake_frame, .record = fake_record, .gap = fake_gap, .child = fake_child,
	.item_size = 16, .item_default = 3,
};

static const struct usher_helper leaf = { /* no gap, no child */
	.abi = USHER_HELPER_ABI, .name = "leaf", .protocol = USHER_TCP, .record_max = 400, .state_size = sizeof(struct fake_state),
	.classes = classes, .notes = notes, .frame = fake_frame, .record = fake_record,
};

static const struct usher_helper dgram = {
	.abi = USHER_HELPER_ABI, .name = "dgram", .protocol = USHER_UDP, .record_max = 100, .state_size = sizeof(struct fake_state),
	.classes = classes, .notes = notes, .record = fake_record, .child = fake_child,
};

const struct usher_helper *const net_fakes[] = { &fake, &leaf, &dgram, NULL };
const struct usher_port_helper net_fake_ports[2] = { { "fake", 0, 99 }, { "dgram", 0, 98 } };

void net_open_fake(struct net *n, const struct usher_options *options)
{
	struct usher_options o = { 0 };

	if (options)
		o = *options;
	o.helpers = net_fakes;
	if (!o.ports) {
		o.ports = net_fake_ports;
		o.port_count = COUNT_OF(net_fake_ports);
	}
	o.no_default_ports = true;
	net_open(n, &o);
	log_to = n;
}
