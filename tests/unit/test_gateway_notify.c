/*
 * gateway/notify: what a service manager is told, read from a socket of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/notify.h"

/* A manager's socket, of the abstract kind, or a file; and NOTIFY_SOCKET names it. */
static int listen_as(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, name, len);
	if (*name == '@')
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void expect_text(int fd, const char *wanted)
{
	char text[1000];
	ssize_t len = recv(fd, text, sizeof(text) - 1, 0);

	if (wanted == NULL) {
		assert_int_equal(len, -1);
		return;
	}
	assert_true(len > 0);
	text[len] = '\0';
	assert_string_equal(text, wanted);
}

static void everything(const char *name)
{
	struct gw_notify notify;
	int fd = listen_as(name);

	setenv("WATCHDOG_USEC", "10000000", 1);
	gw_notify_init(&notify, USHER_SECOND);
	gw_notify_ready(&notify, "inside a, outside b");
	expect_text(fd, "READY=1\nSTATUS=inside a, outside b\n");
	gw_notify_reloading(&notify, 12 * USHER_SECOND + 345678901);
	expect_text(fd, "RELOADING=1\nMONOTONIC_USEC=12345678\n");
	gw_notify_alive(&notify);
	expect_text(fd, "WATCHDOG=1\n");
	gw_notify_stopping(&notify);
	expect_text(fd, "STOPPING=1\n");
	gw_notify_fini(&notify);
	close(fd);
}

static void abstract_socket(void **state)
{
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "@usher-test-%d", (int)getpid());
	everything(name);
}

static void file_socket(void **state)
{
	char folder[] = "/tmp/usher-notify-XXXXXX", name[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(name, sizeof(name), "%s/socket", folder);
	everything(name);
	unlink(name);
	rmdir(folder);
}

static void watchdog_of_others(void **state)
{
	static const struct {
		const char *period, *process;
		bool wanted;
	} rows[] = {
		{ NULL, NULL, false }, { "0", NULL, false }, { "5x", NULL, false }, { "-5", NULL, false },
		{ "99999999999999999999999", NULL, false }, { "5000000", NULL, true }, { "5000000", "1", false },
		{ "100", NULL, true }, /* too soon: told, and tried */
	};
	char name[64];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@usher-test-%d", (int)getpid());
	fd = listen_as(name);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gw_notify notify;

		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		if (rows[i].period != NULL)
			setenv("WATCHDOG_USEC", rows[i].period, 1);
		if (rows[i].process != NULL)
			setenv("WATCHDOG_PID", rows[i].process, 1);
		gw_notify_init(&notify, USHER_SECOND);
		gw_notify_alive(&notify);
		expect_text(fd, rows[i].wanted ? "WATCHDOG=1\n" : NULL);
		gw_notify_fini(&notify);
	}
	close(fd);
}

static void nobody(void **state)
{
	static const char *const names[] = { NULL, "", "relative", "/nowhere/socket", "@usher-nobody-is-here",
		"/a-path-that-is-much-longer-than-any-socket-may-have-a-name-of-and-so-on-and-on-and-on-and-on-and-on-and-on-and-on" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct gw_notify notify;

		if (names[i] == NULL)
			unsetenv("NOTIFY_SOCKET");
		else
			setenv("NOTIFY_SOCKET", names[i], 1);
		gw_notify_init(&notify, USHER_SECOND);
		assert_int_equal(notify.fd, -1);
		gw_notify_ready(&notify, "x");
		gw_notify_alive(&notify);
		gw_notify_stopping(&notify);
		gw_notify_fini(&notify);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abstract_socket),
		cmocka_unit_test(file_socket),
		cmocka_unit_test(watchdog_of_others),
		cmocka_unit_test(nobody),
	};

	return cmocka_run_group_tests_name("gateway/notify", tests, NULL, NULL);
}
