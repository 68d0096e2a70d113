/*
 * usher show: everything about one connection of a running gateway.
 */
#include <string.h>

#include "ctl/address.h"
#include "ctl/row_text.h"
#include "ctl/text.h"
#include "usher/ask.h"
#include "usher/command.h"
#include "usher/words.h"

const char help_show[] =
	"usage: usher show [OPTION]... N\n"
	"\n"
	"Tells everything about connection N of the running gateway: both directions and what went there,\n"
	"translation, helper, the connection that announced it, those that it announced, and what it still waits for.\n"
	"N is \"conn\" in usher list --json and usher watch --json.\n"
	"\n"
	ASK_HELP ASK_STATUS_HELP;

struct showing {
	uint64_t conn, master;
};

static uint64_t number(const json_t *object, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(object, name));
}

static const char *word(char safe[96], const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value != NULL ? ctl_escape(safe, 96, value, strlen(value)) : "";
}

static bool has(const json_t *object, const char *name)
{
	return json_object_get(object, name) != NULL;
}

/* "10.0.0.2:40000", "[2001:db8::1]:80" */
static void print_end(const json_t *tuple, const char *address, const char *port)
{
	char safe[96];
	const char *text = word(safe, tuple, address);
	bool brackets = has(tuple, port) && strchr(text, ':') != NULL;

	printf("%s%s%s", brackets ? "[" : "", text, brackets ? "]" : "");
	if (has(tuple, port))
		printf(":%llu", (unsigned long long)number(tuple, port));
}

/* What it has in place of ports. */
static void print_id(const json_t *object, const char *name, const char *label)
{
	if (has(object, name))
		printf(" %s %llu", label, (unsigned long long)number(object, name));
}

static void print_direction(const char *label, const json_t *tuple)
{
	char bytes[WORDS_SIZE];
	uint64_t packets = number(tuple, "packets");

	printf("  %-9s ", label);
	print_end(tuple, "src", "sport");
	printf(" -> ");
	print_end(tuple, "dst", "dport");
	print_id(tuple, "key", "call");
	print_id(tuple, "type", "type");
	print_id(tuple, "id", "id");
	printf(": %llu packet%s, %s", (unsigned long long)packets, words_s(packets),
	       words_bytes(bytes, number(tuple, "bytes")));
	if (number(tuple, "lost") != 0 || number(tuple, "late") != 0)
		printf(", %llu lost, %llu late", (unsigned long long)number(tuple, "lost"),
		       (unsigned long long)number(tuple, "late"));
	putchar('\n');
}

static void print_standing(const json_t *row)
{
	char safe[96];

	printf("connection %llu: %s", (unsigned long long)number(row, "conn"), word(safe, row, "proto"));
	if (has(row, "state"))
		printf(", %s", word(safe, row, "state"));
	printf("%s%s", json_is_true(json_object_get(row, "replied")) ? "" : ", no answer yet",
	       json_is_true(json_object_get(row, "assured")) ? ", assured" : "");
	if (json_is_true(json_object_get(row, "picked_up")))
		printf(", picked up in the middle");
	if (has(row, "left"))
		printf("; ends in %llu s if nothing comes", (unsigned long long)number(row, "left"));
	putchar('\n');
}

/* Which ends are another's outside: the reply is the inverse of how it leaves. */
static void print_nat(const json_t *row)
{
	const json_t *orig = json_object_get(row, "orig"), *reply = json_object_get(row, "reply");
	char safe[96];
	const char *nat = word(safe, row, "nat");

	if (strcmp(nat, "source") == 0 || strcmp(nat, "both") == 0) {
		printf("  %-9s source ", "nat");
		print_end(orig, "src", "sport");
		print_id(orig, "id", "id");
		print_id(json_object_get(row, "src_key"), "orig", "call");
		printf(" leaves as ");
		print_end(reply, "dst", "dport");
		print_id(reply, "id", "id");
		print_id(reply, "key", "call");
		putchar('\n');
	}
	if (strcmp(nat, "destination") == 0 || strcmp(nat, "both") == 0) {
		printf("  %-9s destination ", "nat");
		print_end(orig, "dst", "dport");
		printf(" is ");
		print_end(reply, "src", "sport");
		putchar('\n');
	}
}

static void print_time(const char *label, const json_t *row, const char *name)
{
	char date[WORDS_SIZE];
	double seconds = json_number_value(json_object_get(row, name));

	if (has(row, name) && seconds > 0)
		printf("  %-9s %s\n", label, words_date(date, (usher_time)(seconds * 1e9)));
}

static void print_it(struct showing *showing, const json_t *row)
{
	static const char *const numbers[][2] = {
		{ "zone", "zone" }, { "reply_zone", "back zone" }, { "mark", "mark" }, { "expect", "let in by" }
	};
	char safe[96];

	showing->master = number(row, "master");
	print_standing(row);
	print_direction("orig", json_object_get(row, "orig"));
	print_direction("reply", json_object_get(row, "reply"));
	print_nat(row);
	print_time("begun", row, "start");
	print_time("last", row, "last");
	if (has(row, "helper"))
		printf("  %-9s %s\n", "helper", word(safe, row, "helper"));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (number(row, numbers[i][0]) != 0)
			printf("  %-9s %s%llu\n", numbers[i][1], strcmp(numbers[i][0], "expect") == 0 ? "expectation " : "",
			       (unsigned long long)number(row, numbers[i][0]));
	}
}

/* The rows are told apart by whose they are: itself, its master, its children, its expectations. */
static void print_row(void *user, const json_t *row)
{
	struct showing *showing = user;
	const char *event = json_string_value(json_object_get(row, "event"));
	uint64_t conn = number(row, "conn");

	if (event != NULL && strcmp(event, "conn") == 0) {
		if (conn == showing->conn) {
			print_it(showing, row);
			return;
		}
		printf("  %-9s %llu: ", conn == showing->master ? "master" : "child", (unsigned long long)conn);
		ctl_conn_text(stdout, row);
		putchar('\n');
	} else if (event != NULL && strcmp(event, "expect") == 0) {
		printf("  %-9s %llu: ", "expects", (unsigned long long)number(row, "expect"));
		ctl_expectation_text(stdout, row);
		putchar('\n');
	}
}

int cmd_show(int argc, char **argv)
{
	struct ask ask = { .command = "show", .help = help_show };
	struct showing showing = { 0, 0 };
	int status = ask_options(&ask, argc, argv);

	if (status < 0 && (optind + 1 != argc || !ctl_read_number(argv[optind], 1, INT64_MAX, &showing.conn)))
		status = misuse("show", "expected the number of one connection");
	if (status < 0) {
		json_object_set_new(ask.request, "conn", json_integer((json_int_t)showing.conn));
		status = ask_gateway(&ask, print_row, &showing);
	}
	return ask_end(&ask, status);
}
