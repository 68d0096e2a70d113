/*
 * tool_differential: the kernel's conntrack and usher, side by side, packet by packet. For tests/differential/test-differential.
 *
 * usage: tool_differential [COUNT [SEED]]           so many sequences of packets, of all classes
 *        tool_differential show CLASS SEED SWITCHES  one of them, by the numbers that a disagreement is told with
 * Prints TAP: a line for each class and each known fault, and as remarks how often each lasting difference
 * (doc/kernel-differences.md) came up. A sequence on which they disagree otherwise is shrunk to the shortest that still shows
 * it, and printed with both views.
 *
 * Owns: both trackers, the clock that they share. The kernel's clock cannot be moved, so its entries are made older instead; usher's
 * is moved by as much. Invariant: a run with the same seed has the same packets.
 */
#include <time.h>

#include "generate.h"
#include "rules.h"

#define CONNECTIONS 65536u
#define STREAM_BATCH 1500u
#define TOLD_MOST 12u

/* Everything that one sequence is run with. */
struct bench {
	struct kernel kernel;
	struct usher_worker *worker;
	struct usher_tracker *tracker;
	usher_time offset; /* usher's clock is so much ahead of the machine's */
	uint32_t serial;   /* endpoints used so far */
	uint64_t packets;
};

struct tally {
	uint64_t sequences, packets, differences;
};

static uint64_t rule_counts[RULE_COUNT];

/* ---- time ---- */

static usher_time clock_now(const struct bench *b)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usher_time)t.tv_sec * USHER_SECOND + (usher_time)t.tv_nsec + b->offset;
}

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* ---- one packet ---- */

static int64_t seconds_up(usher_time deadline, usher_time now)
{
	return deadline <= now ? 0 : (int64_t)((deadline - now + USHER_SECOND - 1) / USHER_SECOND);
}

static uint8_t tcp_state_of(const char *name)
{
	for (uint8_t i = 0; name && i < sizeof(tcp_states) / sizeof(tcp_states[0]); i++)
		if (strcmp(name, tcp_states[i]) == 0)
			return i;
	return 0;
}

static void ask_kernel(struct bench *b, const struct script *script, const struct step *s, uint32_t serial, struct view *v)
{
	struct usher_tuple tuple;
	struct kernel_entry e;

	step_tuple(&tuple, script, s, serial);
	kernel_look(&b->kernel, &tuple, s->code, &e);
	v->there = e.there;
	v->by_server = e.by_server;
	v->reply = (e.status & IPS_SEEN_REPLY) != 0;
	v->assured = (e.status & IPS_ASSURED) != 0;
	v->tcp_state = e.tcp_state;
	v->left_s = e.left_s;
}

static void ask_usher(struct bench *b, const struct script *script, const struct step *s, uint32_t serial, struct view *v)
{
	static const uint8_t server[2][4] = { { 10, 2, 0, 1 }, { 0xfd, 0, 0, 2 } };
	struct usher_tuple tuple;
	struct usher_conn c;

	step_tuple(&tuple, script, s, serial);
	if (tuple.protocol == USHER_ICMPV6 && tuple.type >= 139) /* node information has no identifier */
		tuple.src.key = tuple.dst.key = 0;
	v->there = usher_conn_find(b->worker, &tuple, &c, NULL);
	if (!v->there)
		return;
	v->by_server = memcmp(c.orig.src.address, server[script->family == 6], 4) == 0;
	v->reply = (c.flags & USHER_CONN_SEEN_REPLY) != 0;
	v->assured = (c.flags & USHER_CONN_ASSURED) != 0;
	v->tcp_state = tcp_state_of(c.state);
	v->left_s = seconds_up(c.deadline, clock_now(b));
}

static void set_stamp(struct view *v, int stamp)
{
	v->direction = 0;
	if (stamp < 0) {
		v->state = STATE_LOST;
	} else if (stamp == STAMP_INVALID || stamp == STAMP_UNTRACKED) {
		v->state = stamp == STAMP_INVALID ? USHER_INVALID : USHER_UNTRACKED;
	} else {
		v->state = (uint8_t)(stamp / 4 - 1);
		v->direction = (uint8_t)(stamp % 4);
	}
}

/*
 * So many seconds pass for all that belongs to this script. Where an entry would be about to end just then, a little more: the
 * kernel counts in whole seconds. UDP's clocks both ways are the machine's, but entries that ended have none.
 */
static void wait_for(struct bench *b, const struct script *script, uint32_t at, uint32_t serial)
{
	uint32_t seconds = script->step[at].wait_s, done[SCRIPT_STEPS], done_count = 0;

	for (uint32_t i = 0; i <= at; i++) {
		struct view v = { 0 };

		ask_usher(b, script, &script->step[i], serial, &v);
		if (v.there && v.left_s >= (int64_t)seconds - 3 && v.left_s <= (int64_t)seconds + 3) {
			seconds += 8;
			i = 0;
		}
	}
	for (uint32_t i = 0; i <= at; i++) {
		const struct step *s = &script->step[i];
		struct usher_tuple tuple;
		struct kernel_entry e;
		uint32_t known = 0;
		struct view v = { 0 };

		step_tuple(&tuple, script, s, serial);
		kernel_look(&b->kernel, &tuple, s->code, &e);
		while (known < done_count && done[known] != e.id)
			known++;
		if (!e.there || known < done_count)
			continue;
		done[done_count++] = e.id;
		ask_usher(b, script, s, serial, &v);
		if (v.there && v.left_s == (int64_t)e.left_s + 1) /* the kernel rounds down: that must not add up */
			e.left_s++;
		kernel_set_left(&b->kernel, &tuple, s->code, e.left_s > seconds ? e.left_s - seconds : 0);
	}
	b->offset += seconds * USHER_SECOND;
}

static void run_step(struct bench *b, const struct script *script, uint32_t at, uint32_t serial, struct step_result *r)
{
	const struct step *s = &script->step[at];
	uint8_t bytes[PACKET_SIZE], copy[PACKET_SIZE];
	struct usher_packet packet = { .data = copy };
	uint32_t len = step_packet(bytes, script, s, serial);

	memset(r, 0, sizeof(*r));
	if (s->wait_s && at)
		wait_for(b, script, at, serial);
	memcpy(copy, bytes, len);
	packet.len = len;
	usher_process(b->worker, &packet, 1, clock_now(b));
	set_stamp(&r->kernel, kernel_forward(&b->kernel, s->from, bytes, len));
	r->usher.state = packet.state;
	r->usher.direction = packet.direction;
	ask_kernel(b, script, s, serial, &r->kernel);
	ask_usher(b, script, s, serial, &r->usher);
	b->packets++;
}

/* ---- one sequence ---- */

struct run {
	struct step_result result[SCRIPT_STEPS];
	uint32_t at;      /* the step that differs, or the next to do */
	enum field field; /* about what; SAME: they agree */
};

/* Nothing is left of it: its endpoints come again some day. */
static void forget(struct bench *b, const struct script *script, uint32_t serial)
{
	for (uint32_t i = 0; i < script->count; i++) {
		struct usher_tuple tuple;
		struct usher_conn c;

		step_tuple(&tuple, script, &script->step[i], serial);
		if (usher_conn_find(b->worker, &tuple, &c, NULL))
			usher_conn_delete(b->worker, c.ref);
		if (i == 0 || script->protocol == USHER_GRE || script->step[i].key || script->step[i].type)
			kernel_delete(&b->kernel, &tuple, script->step[i].code);
	}
}

static void set_switches(struct bench *b, uint32_t switches)
{
	const uint32_t all = USHER_TCP_LIBERAL | USHER_TCP_STRICT_START | USHER_IGNORE_INVALID_RST;

	kernel_switch(&b->kernel, switches);
	usher_set_flags(b->tracker, all, switches);
}

/* Go on until they disagree, or a pause, or the end. True: there is more to come, after a pause. */
static bool run_on(struct bench *b, const struct script *script, uint32_t serial, struct run *run)
{
	for (uint32_t first = run->at; run->at < script->count; run->at++) {
		if (script->step[run->at].pause && run->at > first)
			return true;
		run_step(b, script, run->at, serial, &run->result[run->at]);
		run->field = compare(&run->result[run->at]);
		if (run->field != SAME)
			break;
	}
	return false;
}

static void run_script(struct bench *b, const struct script *script, struct run *run)
{
	uint32_t serial = ++b->serial;

	set_switches(b, script->switches);
	run->at = 0;
	run->field = SAME;
	while (run_on(b, script, serial, run))
		sleep_ms(2200);
	forget(b, script, serial);
}

static enum rule rule_of(const struct script *script, const struct run *run)
{
	struct difference d = { .script = script, .result = run->result, .at = run->at, .field = run->field };

	return rule_for(&d);
}

/* ---- the shortest sequence ---- */

/* Does this one show it too? Then it takes the place of `best`. */
static bool try_shorter(struct bench *b, const struct script *shorter, struct script *best, struct run *run)
{
	struct run other;

	run_script(b, shorter, &other);
	if (other.field != run->field || rule_of(shorter, &other) != RULE_NONE)
		return false;
	*best = *shorter;
	*run = other;
	best->count = run->at + 1;
	return true;
}

static bool drop_packets(struct bench *b, struct script *best, struct run *run)
{
	bool changed = false;

	for (uint32_t size = best->count / 2; size; size /= 2) {
		for (uint32_t i = 0; i + size <= best->count && best->count > size;) {
			struct script shorter = *best;

			memmove(&shorter.step[i], &shorter.step[i + size], (shorter.count - i - size) * sizeof(struct step));
			shorter.count -= size;
			if (try_shorter(b, &shorter, best, run))
				changed = true;
			else
				i++;
		}
	}
	return changed;
}

/* One field made plain. False: it is already. */
static bool simplify(struct step *s, unsigned what)
{
	struct step before = *s;

	switch (what) {
	case 0: s->wait_s = 0; break;
	case 1: s->broken = WHOLE; break;
	case 2: s->options &= (uint8_t)~OPTION_MSS; break;
	case 3: s->options &= (uint8_t)~OPTION_TIME; break;
	case 4: s->options &= (uint8_t)~OPTION_SACK_PERMITTED; break;
	case 5: s->options &= (uint8_t)~OPTION_SCALE; break;
	case 6: s->sack_count = 0; break;
	case 7: s->sack_count = s->sack_count > 1 ? 1 : s->sack_count; break;
	case 8: s->len = 0; break;
	case 9: s->len = s->len > 1 ? 1 : s->len; break;
	case 10: s->flags &= (uint8_t)~(PSH | URG | ECE | CWR); break;
	case 11: s->window = 1000; break;
	case 12: s->code = 0; break; /* GRE: without a key */
	case 13: s->pause = false; break;
	default: s->scale = 0; break;
	}
	return memcmp(&before, s, sizeof(before)) != 0;
}

static bool simplify_packets(struct bench *b, struct script *best, struct run *run)
{
	bool changed = false;

	for (uint32_t i = 0; i < best->count; i++) {
		for (unsigned what = 0; what < 15; what++) {
			struct script shorter = *best;

			if (i < best->count && simplify(&shorter.step[i], what))
				changed |= try_shorter(b, &shorter, best, run);
		}
	}
	return changed;
}

/* Sequence numbers of each sender begin at 1000 and 5000, if that shows it too. */
static void renumber(struct bench *b, struct script *best, struct run *run)
{
	struct script plain = *best;
	uint32_t shift[2] = { 0, 0 };

	for (uint32_t i = plain.count; i--;) {
		const struct step *s = &plain.step[i];

		shift[s->from] = (s->from ? 5000u : 1000u) - s->seq;
	}
	for (uint32_t i = 0; i < plain.count; i++) {
		struct step *s = &plain.step[i];

		s->seq += shift[s->from];
		s->ack += s->ack ? shift[!s->from] : 0;
		for (unsigned j = 0; j < 4; j++)
			s->sack[j / 2][j % 2] += shift[!s->from];
	}
	try_shorter(b, &plain, best, run);
}

static void shrink(struct bench *b, struct script *best, struct run *run)
{
	best->count = run->at + 1;
	for (unsigned round = 0; round < 4; round++) {
		bool changed = drop_packets(b, best, run);

		if (!simplify_packets(b, best, run) && !changed)
			break;
	}
	renumber(b, best, run);
}

static void print_run(const struct script *script, const struct run *run, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		printf("#   ");
		print_step(script, &script->step[i]);
		printf("\n#       usher  ");
		print_view(&run->result[i].usher);
		printf("\n#       kernel ");
		print_view(&run->result[i].kernel);
		printf("\n");
	}
	fflush(stdout);
}

static void tell(struct bench *b, const struct script *script, const struct run *first, unsigned class)
{
	struct script best = *script;
	struct run run = *first;

	printf("# class %u, seed %llu, switches %u: %u packets, IPv%u; at number %u they differ about %s; shortest:\n", class,
	       (unsigned long long)script->seed, script->switches, script->count, script->family, first->at + 1,
	       field_names[first->field]);
	shrink(b, &best, &run);
	print_run(&best, &run, best.count);
}

/* One script by its numbers, as it is; shrunk as well if no rule knows what is wrong. */
static int show(struct bench *b, char **argument)
{
	unsigned class = (unsigned)strtoul(argument[0], NULL, 10);
	struct script script;
	struct run run;

	if (class >= CLASS_COUNT)
		return 2;
	make_script(&script, (enum script_class)class, strtoull(argument[1], NULL, 10), (uint32_t)strtoul(argument[2], NULL, 10));
	run_script(b, &script, &run);
	print_run(&script, &run, run.field == SAME ? script.count : run.at + 1);
	if (run.field == SAME)
		return 0;
	printf("# they differ about %s; rule: %s\n", field_names[run.field], rule_names[rule_of(&script, &run)]);
	if (rule_of(&script, &run) == RULE_NONE)
		tell(b, &script, &run, class);
	return 1;
}

/* ---- all of them ---- */

static const char *const class_texts[] = {
#define CLASS_TEXT(id, text, share) text,
	CLASSES(CLASS_TEXT)
#undef CLASS_TEXT
};

static const uint8_t class_shares[] = {
#define CLASS_SHARE(id, text, share) share,
	CLASSES(CLASS_SHARE)
#undef CLASS_SHARE
};

/* They agreed, or not: count it, and tell the first few that no rule knows. */
static void judge(struct bench *b, const struct script *script, const struct run *run, struct tally *tally, unsigned class)
{
	enum rule rule;

	tally->sequences++;
	if (run->field == SAME)
		return;
	rule = rule_of(script, run);
	rule_counts[rule]++;
	if (rule != RULE_NONE)
		return;
	if (tally->differences++ < TOLD_MOST)
		tell(b, script, run, class);
}

/* Many at a time up to their pause, so that the waiting is done once for all. */
static void run_streams(struct bench *b, struct tally *tally, uint64_t seed, uint64_t count)
{
	static struct script scripts[STREAM_BATCH];
	static struct run runs[STREAM_BATCH];

	for (uint64_t done = 0; done < count;) {
		uint32_t n = (uint32_t)(count - done < STREAM_BATCH ? count - done : STREAM_BATCH), first = b->serial + 1;

		memset(runs, 0, sizeof(runs));
		for (uint32_t i = 0; i < n; i++) {
			make_script(&scripts[i], CLASS_UDP_STREAM, scattered(seed, done + i), 0);
			run_on(b, &scripts[i], first + i, &runs[i]);
		}
		b->serial += n;
		sleep_ms(2200);
		for (uint32_t i = 0; i < n; i++) {
			if (runs[i].field == SAME)
				run_on(b, &scripts[i], first + i, &runs[i]);
			forget(b, &scripts[i], first + i);
		}
		for (uint32_t i = 0; i < n; i++)
			judge(b, &scripts[i], &runs[i], tally, CLASS_UDP_STREAM);
		done += n;
	}
}

/* TCP's switches change now and then: most run as everybody runs. */
static uint32_t switches_of(uint64_t number)
{
	static const uint32_t sets[] = { 0, 0, 0, 0, 0, USHER_TCP_LIBERAL, USHER_TCP_STRICT_START, USHER_IGNORE_INVALID_RST };

	return sets[number / 250 % 8];
}

static void run_class(struct bench *b, enum script_class class, uint64_t seed, uint64_t count)
{
	struct tally tally = { 0 };
	uint64_t before = b->packets;
	struct script script;
	struct run run;

	seed = seed * CLASS_COUNT + class;
	if (class == CLASS_UDP_STREAM) {
		run_streams(b, &tally, seed, count);
	} else {
		for (uint64_t i = 0; i < count; i++) {
			make_script(&script, class, scattered(seed, i), switches_of(i));
			run_script(b, &script, &run);
			judge(b, &script, &run, &tally, class);
		}
	}
	printf("%sok %u - %s: %llu sequences, %llu packets, %llu disagreements that no rule knows\n",
	       tally.differences ? "not " : "", class + 1, class_texts[class], (unsigned long long)tally.sequences,
	       (unsigned long long)(b->packets - before), (unsigned long long)tally.differences);
	fflush(stdout);
}

static void open_usher(struct bench *b)
{
	struct usher_options options = {
		.size = sizeof(options), .flags = USHER_VERIFY_CHECKSUMS, .connections = CONNECTIONS, .no_default_ports = true,
	};
	size_t size = usher_size(&options);
	void *region = aligned_alloc(4096, (size + 4095) / 4096 * 4096);

	if (!size || !region)
		exit(1);
	memset(region, 0, size);
	b->tracker = usher_init(region, size, &options);
	b->worker = usher_worker(b->tracker, 0);
}

/* Known faults are results of their own, to do; what lasts is told. */
static void tell_rules(void)
{
	for (unsigned i = RULE_NONE + 1; i < RULE_COUNT; i++)
		printf("# %8llu times: %s\n", (unsigned long long)rule_counts[i], rule_names[i]);
}

static int run_all(struct bench *b, uint64_t sequences, uint64_t seed)
{
	usher_time began = clock_now(b) - b->offset;

	printf("1..%u\n# COUNT=%llu SEED=%llu\n", CLASS_COUNT, (unsigned long long)sequences,
	       (unsigned long long)seed);
	for (unsigned class = 0; class < CLASS_COUNT; class++)
		run_class(b, (enum script_class)class, seed, (sequences * class_shares[class] + 99) / 100);
	tell_rules();
	printf("# %llu packets in %llu s\n", (unsigned long long)b->packets,
	       (unsigned long long)((clock_now(b) - b->offset - began) / USHER_SECOND));
	return rule_counts[RULE_NONE] ? 1 : 0;
}

int main(int count, char **argument)
{
	static struct bench b;
	uint64_t seed = count > 2 ? strtoull(argument[2], NULL, 10) : (uint64_t)time(NULL);
	int status;

	kernel_open(&b.kernel);
	open_usher(&b);
	if (count == 5 && strcmp(argument[1], "show") == 0)
		status = show(&b, argument + 2);
	else
		status = run_all(&b, count > 1 ? strtoull(argument[1], NULL, 10) : 100000, seed);
	kernel_close(&b.kernel);
	return status;
}
