/*
 * What the commands that ask a running gateway have in common: options, the request, and the rows of the answer. doc/control.md has
 * what goes over the socket.
 */
#ifndef USHER_PROGRAM_ASK_H
#define USHER_PROGRAM_ASK_H

#include <stdbool.h>

#include <jansson.h>

/* Called for each row. */
typedef void ask_row(void *user, const json_t *row);

struct ask {
	const char *command;  /* its name, and the request's */
	const char *help;
	bool filter;          /* it takes the filter's options */
	const char *more;     /* letters of options besides, as getopt has them; see ask_options */
	bool (*option)(struct ask *ask, int letter, const char *argument); /* takes those; false: it has complained */
	const char *socket;
	bool json;            /* rows are printed as they come */
	bool done;            /* ... the last one too: nothing else has the count */
	bool flush;           /* rows are seen at once */
	bool id;              /* lines have id=N */
	json_t *request;
};

/*
 * Read the options, and make the request. Besides --socket, --json and the filter there are by letter in `more`: e --event,
 * o --openmetrics, a --all, i --id (it sets `id`). -1: go on, operands are from optind on; else the command's status. ask_end frees
 * what it took.
 */
int ask_options(struct ask *ask, int argc, char **argv);

/* Ask, and give each row to `row`, or print it. Returns an enum status; all that went wrong was told. */
int ask_gateway(struct ask *ask, ask_row *row, void *user);

int ask_end(struct ask *ask, int status);

/* All of it for a command without operands: options, request, rows. */
int ask_all(struct ask *ask, int argc, char **argv, ask_row *row, void *user);

/* An ask_row: the row as conntrack prints it; `user` is the struct ask. */
void ask_print_row(void *user, const json_t *row);

/* What every such command's help says of itself. */
#define ASK_FILTER_HELP \
	"  -s, --src ADDRESS[/PREFIX]  the first packet came from there\n" \
	"  -d, --dst ADDRESS[/PREFIX]  it went there, before translation\n" \
	"  -p, --proto PROTOCOL        tcp, udp, icmp, icmpv6, gre, ... or a number\n" \
	"      --sport PORT            its source port\n" \
	"      --dport PORT            its destination port\n" \
	"  -w, --zone ZONE\n" \
	"      --state STATE           established, time_wait, ...\n" \
	"      --helper NAME           ftp, pptp: who reads it\n"
#define ASK_ID_HELP \
	"  -i, --id                    and id=N, as conntrack -o id does: for usher show N\n"
#define ASK_HELP \
	"  -j, --json                  one JSON object a line (doc/control.md)\n" \
	"      --socket PATH           the gateway's socket (/run/usher/gateway.sock)\n" \
	"  -h, --help                  this text\n"
#define ASK_STATUS_HELP \
	"\n" \
	"Exit status: 0 all went well; 1 no gateway runs, or it could not answer; 2 the command line makes no sense.\n"

#endif
