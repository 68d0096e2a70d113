/*
 * sim: sessions of FTP and PPTP through usher, in virtual time. `sim --help` tells what it can do.
 *
 * Owns: the processes that share the sessions, the totals, the shrinking of what failed.
 */
#include "tests/sim/session.h"
#include "tests/sim/trace.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH 500u        /* sessions that one process does in a row */
#define KEEP_EVERY 4u     /* each so many-th batch goes through one tracker */
#define TOLD_MAX 5u       /* violations that are told in full by each process */
#define JOBS_MAX 64u

struct options {
	uint64_t seed, first, count;
	uint32_t jobs;
	bool required, one; /* one: end at the first violation, as it is */
	const char *trace;
	struct scenario_choice choice;
};

struct totals {
	uint64_t sessions, violations, transfers;
	uint64_t covered[COVER_COUNT], modes[MODE_COUNT];
};

static const char *const cover_text[] = {
#define COVER_TEXT(id, text) text,
	COVERAGE(COVER_TEXT)
#undef COVER_TEXT
};

/* What CI wants to have been met, in percent of the sessions. */
static const struct {
	enum coverage what;
	uint32_t percent;
} required[] = {
	{ COVER_EDIT_LOST, 30 }, { COVER_SPLIT, 30 }, { COVER_TWO_EDITS, 10 }, { COVER_OWN_ACK, 10 }, { COVER_BOTH_EDITED, 10 },
	{ COVER_WORKERS, 10 }
};

/* ---- shrinking ---- */

/* Does it fail so, too, in the same way? */
static bool fails(struct session *s, const struct options *o, uint64_t number, const struct scenario_choice *choice)
{
	static struct scenario scenario;
	const char *kind = s->sim.violation_kind;
	bool same;

	scenario_make(&scenario, scattered(o->seed, number), choice);
	same = !session_run(s, &scenario, false, NULL) && s->sim.violation_kind == kind;
	s->sim.violation_kind = kind;
	return same;
}

/* Takes away what is not needed for it to fail, as long as something can be taken. */
static void shrink(struct session *s, const struct options *o, uint64_t number, struct scenario_choice *choice)
{
	struct scenario_choice tried;

	for (uint32_t part = 1; part < PART_ALL; part <<= 1) {
		tried = *choice;
		tried.without |= part;
		if (fails(s, o, number, &tried))
			*choice = tried;
	}
	for (uint32_t steps = 1; steps < FTP_STEPS; steps++) {
		tried = *choice;
		tried.step_limit = steps;
		if (steps < choice->step_limit && fails(s, o, number, &tried))
			*choice = tried;
	}
	for (uint32_t end = 0; end < 200; end++) {
		tried = *choice;
		tried.impair_to = end;
		if (end < choice->impair_to && fails(s, o, number, &tried)) {
			*choice = tried;
			break;
		}
	}
	for (uint32_t from = choice->impair_to < 200 ? choice->impair_to : 200; from > choice->impair_from; from--) {
		tried = *choice;
		tried.impair_from = from;
		if (fails(s, o, number, &tried)) {
			*choice = tried;
			break;
		}
	}
}

static void print_command(const struct options *o, uint64_t first, uint64_t count, const struct scenario_choice *c)
{
	printf("  again: sim --seed %llu --first %llu --count %llu", (unsigned long long)o->seed, (unsigned long long)first,
	       (unsigned long long)count);
	if (c->modes != UINT32_MAX)
		printf(" --modes %u", c->modes);
	if (c->protocols != UINT32_MAX)
		printf(" --protocols %u", c->protocols);
	if (c->without)
		printf(" --without %u", c->without);
	if (c->step_limit < FTP_STEPS)
		printf(" --steps %u", c->step_limit);
	if (c->impair_from || c->impair_to != UINT32_MAX)
		printf(" --impair %u-%u", c->impair_from, c->impair_to);
	printf("\n");
}

/* Sessions that go through one tracker have all as many workers. */
static struct scenario_choice choice_for(const struct options *o, uint64_t number)
{
	struct scenario_choice choice = o->choice;
	uint64_t batch = number / BATCH;

	if (batch % KEEP_EVERY == 0)
		choice.workers = batch / KEEP_EVERY % 4 == 3 ? 3 : 1;
	return choice;
}

/* Says what failed, and with how little it still does. */
static void tell(struct session *s, const struct options *o, uint64_t number, uint64_t batch_first)
{
	static struct scenario scenario;
	struct scenario_choice choice = choice_for(o, number);
	char text[200];

	scenario_make(&scenario, scattered(o->seed, number), &choice);
	scenario_print(&scenario, text, sizeof(text));
	printf("VIOLATION in session %llu (%s)\n  %s\n", (unsigned long long)number, text, s->sim.violation);
	if (!fails(s, o, number, &choice)) {
		printf("  not alone, but in one tracker with those before it\n");
		print_command(o, batch_first, number - batch_first + 1, &choice);
	} else {
		shrink(s, o, number, &choice);
		fails(s, o, number, &choice);
		printf("  shrunk: %s\n", s->sim.violation);
		print_command(o, number, 1, &choice);
	}
	fflush(stdout);
}

/* ---- running ---- */

static void add_up(struct totals *t, const struct session *s)
{
	t->sessions++;
	t->modes[s->sim.scenario->mode]++;
	for (uint32_t i = 0; i < COVER_COUNT; i++)
		t->covered[i] += s->sim.covered[i];
	for (uint32_t i = 0; i < s->sim.scenario->clients && s->sim.scenario->protocol == PROTOCOL_FTP; i++)
		t->transfers += s->ftp_client[i].transfers;
}

static void run_batch(struct session *s, const struct options *o, uint64_t batch, struct totals *t)
{
	static struct scenario scenario;
	struct scenario_choice choice = choice_for(o, batch * BATCH);
	uint64_t first = batch * BATCH > o->first ? batch * BATCH : o->first, end = (batch + 1) * BATCH;
	bool shared = batch % KEEP_EVERY == 0 && o->count > 1, keep = false;

	if (end > o->first + o->count)
		end = o->first + o->count;
	for (uint64_t number = first; number < end; number++) {
		scenario_make(&scenario, scattered(o->seed, number), &choice);
		if (session_run(s, &scenario, keep, NULL)) {
			add_up(t, s);
			keep = shared;
			continue;
		}
		add_up(t, s);
		keep = false;
		if (o->one) {
			printf("%s\n", s->sim.violation);
			fflush(stdout);
			t->violations++;
			return;
		}
		if (t->violations++ < TOLD_MAX)
			tell(s, o, number, first);
	}
}

static struct totals run_job(const struct options *o, uint32_t job)
{
	struct session *s = session_new();
	struct totals t = { 0 };

	for (uint64_t batch = o->first / BATCH; batch <= (o->first + o->count - 1) / BATCH; batch++) {
		if (batch % o->jobs == job && !(o->one && t.violations))
			run_batch(s, o, batch, &t);
	}
	session_free(s);
	return t;
}

static void add_totals(struct totals *sum, const struct totals *t)
{
	sum->sessions += t->sessions;
	sum->violations += t->violations;
	sum->transfers += t->transfers;
	for (uint32_t i = 0; i < COVER_COUNT; i++)
		sum->covered[i] += t->covered[i];
	for (uint32_t i = 0; i < MODE_COUNT; i++)
		sum->modes[i] += t->modes[i];
}

/* false: a process died. */
static bool run_all(const struct options *o, struct totals *sum)
{
	int pipes[JOBS_MAX][2], status;
	pid_t pid[JOBS_MAX];
	struct totals t;
	bool good = true;

	for (uint32_t i = 0; i < o->jobs; i++) {
		if (pipe(pipes[i]) || (pid[i] = fork()) < 0)
			return false;
		if (!pid[i]) {
			t = run_job(o, i);
			_exit(write(pipes[i][1], &t, sizeof(t)) == (ssize_t)sizeof(t) ? 0 : 1);
		}
		close(pipes[i][1]);
	}
	for (uint32_t i = 0; i < o->jobs; i++) {
		if (read(pipes[i][0], &t, sizeof(t)) == (ssize_t)sizeof(t))
			add_totals(sum, &t);
		close(pipes[i][0]);
		if (waitpid(pid[i], &status, 0) < 0 || status) {
			printf("process %u ended with status %d\n", i, status);
			good = false;
		}
	}
	return good;
}

/* The last of the sessions with its log and captures; those before it go through the same tracker. */
static int run_traced(const struct options *o)
{
	static struct scenario scenario;
	struct session *s = session_new();
	struct trace *trace = trace_open(o->trace);
	uint64_t last = o->first + o->count - 1;
	struct scenario_choice choice;
	char text[200];
	bool good;

	if (!trace) {
		fprintf(stderr, "sim: cannot write %s.log: %s\n", o->trace, strerror(errno));
		return 1;
	}
	for (uint64_t number = o->first; number < last; number++) {
		choice = choice_for(o, number);
		scenario_make(&scenario, scattered(o->seed, number), &choice);
		session_run(s, &scenario, number > o->first, NULL);
	}
	choice = choice_for(o, last);
	scenario_make(&scenario, scattered(o->seed, last), &choice);
	scenario_print(&scenario, text, sizeof(text));
	good = session_run(s, &scenario, o->count > 1, trace);
	trace_close(trace);
	printf("%s\n%s%s1 sessions, %u violations\n", text, good ? "" : s->sim.violation, good ? "" : "\n", !good);
	session_free(s);
	return !good;
}

static bool print_totals(const struct options *o, const struct totals *t)
{
	bool good = true;

	for (uint32_t i = 0; i < MODE_COUNT; i++) {
		if (t->modes[i])
			printf("%9llu %s\n", (unsigned long long)t->modes[i], mode_name(i));
	}
	printf("%9llu transfers\n", (unsigned long long)t->transfers);
	for (uint32_t i = 0; i < COVER_COUNT; i++)
		printf("%9llu %5.1f %% %s\n", (unsigned long long)t->covered[i], t->sessions ? 100.0 * (double)t->covered[i] /
		       (double)t->sessions : 0, cover_text[i]);
	for (uint32_t i = 0; i < sizeof(required) / sizeof(required[0]) && o->required; i++) {
		if (t->covered[required[i].what] * 100 >= t->sessions * required[i].percent)
			continue;
		printf("not covered: at least %u %% must be %s\n", required[i].percent, cover_text[required[i].what]);
		good = false;
	}
	return good;
}

/* ---- the command line ---- */

static const char usage[] =
	"usage: sim [--seed N] [--count N] [--first N] [--jobs N] [--require] [--one]\n"
	"           [--modes BITS] [--protocols BITS] [--without BITS] [--steps N] [--impair FROM-TO] [--trace NAME]\n"
	"Plays sessions in virtual time, each made of the seed and its number, and prints what they covered and what was violated.\n"
	"  --seed N        default 1\n"
	"  --first, --count which numbers; default 0 and 1000\n"
	"  --jobs N        processes; default one for each processor\n"
	"  --require       fail if too little was covered\n"
	"  --one           end at the first violation, without looking for a shorter one\n"
	"  --modes BITS    1 direct 2 routed 4 masquerade 8 forward 16 both 32 hairpin 64 chain\n"
	"  --protocols BITS 1 ftp 2 pptp 4 web\n"
	"  --without, --steps, --impair   take parts out of the sessions, as shrinking does\n"
	"  --trace NAME    write NAME.log and a pcap file for each link, of the last session (so give --first and --count)\n"
	"The last line is `N sessions, N violations`.\n";

static bool read_options(int argc, char **argv, struct options *o)
{
	enum { SEED = 1, COUNT, FIRST, JOBS, REQUIRE, MODES_, PROTOCOLS, WITHOUT, STEPS, IMPAIR, TRACE, ONE, HELP };
	static const struct option list[] = {
		{ "seed", 1, NULL, SEED }, { "count", 1, NULL, COUNT }, { "first", 1, NULL, FIRST }, { "jobs", 1, NULL, JOBS },
		{ "require", 0, NULL, REQUIRE }, { "modes", 1, NULL, MODES_ }, { "protocols", 1, NULL, PROTOCOLS },
		{ "without", 1, NULL, WITHOUT }, { "steps", 1, NULL, STEPS }, { "impair", 1, NULL, IMPAIR },
		{ "trace", 1, NULL, TRACE }, { "one", 0, NULL, ONE }, { "help", 0, NULL, HELP }, { NULL, 0, NULL, 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
		uint64_t value = optarg ? strtoull(optarg, NULL, 10) : 0;

		switch (option) {
		case SEED: o->seed = value; break;
		case COUNT: o->count = value; break;
		case FIRST: o->first = value; break;
		case JOBS: o->jobs = (uint32_t)value; break;
		case REQUIRE: o->required = true; break;
		case MODES_: o->choice.modes = (uint32_t)value; break;
		case PROTOCOLS: o->choice.protocols = (uint32_t)value; break;
		case WITHOUT: o->choice.without = (uint32_t)value; break;
		case STEPS: o->choice.step_limit = (uint32_t)value; break;
		case IMPAIR:
			if (sscanf(optarg, "%u-%u", &o->choice.impair_from, &o->choice.impair_to) != 2)
				return false;
			break;
		case TRACE: o->trace = optarg; break;
		case ONE: o->one = true; break;
		case HELP: fputs(usage, stdout); exit(0);
		default: return false;
		}
	}
	return optind == argc && o->count && o->jobs && o->jobs <= JOBS_MAX && o->choice.step_limit;
}

int main(int argc, char **argv)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	struct options o = {
		.seed = 1, .count = 1000, .jobs = (uint32_t)(processors < 1 ? 1 : processors > 16 ? 16 : processors),
		.choice = { UINT32_MAX, UINT32_MAX, 0, FTP_STEPS - 4, 0, UINT32_MAX, 0 }
	};
	struct totals t = { 0 };
	bool good;

	if (!read_options(argc, argv, &o)) {
		fputs(usage, stderr);
		return 2;
	}
	if (o.trace)
		return run_traced(&o);
	fflush(stdout);
	good = run_all(&o, &t);
	good = print_totals(&o, &t) && good;
	printf("%llu sessions, %llu violations\n", (unsigned long long)t.sessions, (unsigned long long)t.violations);
	return !good || t.violations || t.sessions != o.count;
}
