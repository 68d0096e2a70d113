/*
 * See ask.h.
 */
#include "usher/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/request.h"
#include "ctl/row_text.h"
#include "ctl/text.h"
#include "usher/command.h"

/* ---- options ---- */

enum { OPT_SOCKET = 256, OPT_FILTER /* + enum ctl_filter_word */ };

static const struct option common[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "help", no_argument, NULL, 'h' },
};

static const struct option filters[] = {
#define X(name, allowed) { #name, required_argument, NULL, OPT_FILTER + CTL_FILTER_##name },
	CTL_FILTERS(X)
#undef X
};

static const struct option own[] = {
	{ "event", required_argument, NULL, 'e' },
	{ "openmetrics", no_argument, NULL, 'o' },
	{ "all", no_argument, NULL, 'a' },
	{ "id", no_argument, NULL, 'i' },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OPTIONS (COUNT(common) + COUNT(filters) + COUNT(own) + 1)

/* The command's options, and (result) their letters. */
static void list_options(const struct ask *ask, struct option options[OPTIONS], char letters[32])
{
	size_t count = 0;

	for (size_t i = 0; i < COUNT(common); i++)
		options[count++] = common[i];
	for (size_t i = 0; ask->filter && i < COUNT(filters); i++)
		options[count++] = filters[i];
	for (size_t i = 0; ask->more != NULL && i < COUNT(own); i++) {
		if (strchr(ask->more, own[i].val) != NULL)
			options[count++] = own[i];
	}
	options[count] = (struct option){ 0 };
	snprintf(letters, 32, ":jh%s%s", ask->filter ? "s:d:p:w:" : "", ask->more != NULL ? ask->more : "");
}

static unsigned filter_of(int letter)
{
	static const struct {
		char letter;
		uint8_t word;
	} shorts[] = { { 's', CTL_FILTER_src }, { 'd', CTL_FILTER_dst }, { 'p', CTL_FILTER_proto }, { 'w', CTL_FILTER_zone } };

	if (letter >= OPT_FILTER)
		return (unsigned)letter - OPT_FILTER;
	for (size_t i = 0; i < COUNT(shorts); i++) {
		if (shorts[i].letter == letter)
			return shorts[i].word;
	}
	return CTL_FILTER_COUNT;
}

static bool take_filter(struct ask *ask, struct ctl_filter *filter, unsigned word, const char *argument)
{
	char wrong[256];

	if (!ctl_filter_set(filter, word, argument, wrong, sizeof(wrong))) {
		misuse(ask->command, "--%s", wrong);
		return false;
	}
	json_object_set_new(ask->request, ctl_filter_name(word), json_string(argument));
	return true;
}

int ask_options(struct ask *ask, int argc, char **argv)
{
	struct option options[OPTIONS];
	struct ctl_filter filter = { 0 };
	char letters[32];
	int letter;

	list_options(ask, options, letters);
	ask->socket = CTL_SOCKET;
	ask->request = json_object();
	json_object_set_new(ask->request, "command", json_string(ask->command));
	opterr = 0;
	while ((letter = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		unsigned word = filter_of(letter);

		if (letter == 'h')
			return print_help(ask->help);
		if (letter == '?' || letter == ':')
			return misuse_option(ask->command, letter, argv);
		if (letter == 'j')
			ask->json = true;
		else if (letter == 'i')
			ask->id = true;
		else if (letter == OPT_SOCKET)
			ask->socket = optarg;
		else if (word < CTL_FILTER_COUNT ? !take_filter(ask, &filter, word, optarg) : !ask->option(ask, letter, optarg))
			return STATUS_USAGE;
	}
	return -1;
}

/* ---- the socket ---- */

static FILE *reach(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char safe[256];
	FILE *stream;
	int fd;

	ctl_escape(safe, sizeof(safe), path, strlen(path));
	if (*path == '\0' || strlen(path) >= sizeof(address.sun_path)) {
		complain("--socket %s: expected a path of at most %zu bytes", safe, sizeof(address.sun_path) - 1);
		return NULL;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		complain("no gateway answers at %s: %s", safe, strerror(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	stream = fdopen(fd, "r");
	if (stream == NULL)
		complain("%s: %s", safe, strerror(errno));
	return stream;
}

static bool send_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);

		if (sent < 0)
			return false;
		text += sent;
		len -= (size_t)sent;
	}
	return true;
}

/* If the gateway does not take it, it has said why. */
static bool send_request(FILE *stream, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	bool good = text != NULL;

	if (good && send_all(fileno(stream), text, strlen(text)))
		send_all(fileno(stream), "\n", 1);
	free(text);
	if (!good)
		complain("out of memory");
	return good;
}

static const char *name_of(const json_t *row)
{
	const char *name = json_string_value(json_object_get(row, "event"));

	return name != NULL ? name : "";
}

static int tell_error(const json_t *row)
{
	const char *text = json_string_value(json_object_get(row, "text"));
	char safe[512];

	return complain("the gateway says: %s", text != NULL ? ctl_escape(safe, sizeof(safe), text, strlen(text)) : "error");
}

struct listening {
	struct ask *ask;
	ask_row *row;
	void *user;
	bool greeted;
};

/* -1: go on. */
static int take_row(struct listening *l, const json_t *row, const char *line)
{
	const char *name = name_of(row);

	if (strcmp(name, "error") == 0)
		return tell_error(row);
	if (!l->greeted) {
		if (json_integer_value(json_object_get(row, "usher")) != CTL_VERSION)
			return complain("%s: this is no gateway of a version that this usher can ask", l->ask->socket);
		l->greeted = true;
		return -1;
	}
	if (l->ask->json)
		fputs(l->ask->done || strcmp(name, "done") != 0 ? line : "", stdout);
	else
		l->row(l->user, row);
	if (l->ask->flush)
		fflush(stdout);
	if (ferror(stdout))
		return STATUS_FAILED; /* finish_stdout tells */
	return strcmp(name, "done") == 0 ? STATUS_OK : -1;
}

static int listen_to(struct listening *l, FILE *stream)
{
	char *line = NULL;
	size_t size = 0;
	int status = -1;

	while (status < 0 && getline(&line, &size, stream) > 0) {
		json_error_t error;
		json_t *row;

		if (strchr(line, '\n') == NULL)
			break; /* it ended in the middle of a line */
		row = json_loads(line, 0, &error);
		status = row != NULL ? take_row(l, row, line) : complain("the gateway wrote what is no JSON");
		json_decref(row);
	}
	free(line);
	return status >= 0 ? status : complain("the gateway ended the connection");
}

int ask_gateway(struct ask *ask, ask_row *row, void *user)
{
	struct listening listening = { ask, row, user, false };
	FILE *stream = reach(ask->socket);
	int status, output;

	if (stream == NULL)
		return STATUS_FAILED;
	status = send_request(stream, ask->request) ? listen_to(&listening, stream) : STATUS_FAILED;
	fclose(stream);
	output = finish_stdout();
	return status != STATUS_OK ? status : output;
}

int ask_end(struct ask *ask, int status)
{
	json_decref(ask->request);
	ask->request = NULL;
	return status;
}

int ask_all(struct ask *ask, int argc, char **argv, ask_row *row, void *user)
{
	int status = ask_options(ask, argc, argv);

	if (status < 0 && optind < argc)
		status = misuse(ask->command, "there are only options here");
	if (status < 0)
		status = ask_gateway(ask, row, user);
	return ask_end(ask, status);
}

void ask_print_row(void *user, const json_t *row)
{
	const struct ask *ask = user;

	ctl_row_text(stdout, row, ask->id);
}
