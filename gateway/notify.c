/*
 * See notify.h.
 */
#include "gateway/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/say.h"

#define MICROSECOND (USHER_SECOND / 1000000u)

/* A whole decimal number; 0: there is none. */
static unsigned long long number_of(const char *name)
{
	const char *text = getenv(name);
	unsigned long long value;
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' ? value : 0;
}

/* -1: told. A name that begins with @ is of the abstract kind. */
static int connect_to(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	int fd;

	if ((*name != '/' && *name != '@') || len >= sizeof(address.sun_path)) {
		gw_say("NOTIFY_SOCKET=%s: expected a path or @name, shorter than %zu bytes", name, sizeof(address.sun_path));
		return -1;
	}
	memcpy(address.sun_path, name, len);
	if (*name == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	len += offsetof(struct sockaddr_un, sun_path);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, (socklen_t)len) == 0)
		return fd;
	gw_say("NOTIFY_SOCKET=%s: %s", name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

void gw_notify_init(struct gw_notify *notify, usher_time beat)
{
	const char *name = getenv("NOTIFY_SOCKET");
	unsigned long long period_us = number_of("WATCHDOG_USEC"), process = number_of("WATCHDOG_PID");

	*notify = (struct gw_notify){ .fd = -1 };
	if (name == NULL || *name == '\0')
		return;
	notify->fd = connect_to(name);
	notify->watchdog = notify->fd >= 0 && period_us > 0 && (process == 0 || process == (unsigned long long)getpid());
	if (notify->watchdog && period_us < 2 * beat / MICROSECOND)
		gw_say("the watchdog wants a sign of life within %llu ms; it comes each %llu ms (WatchdogSec=)", period_us / 1000,
		       (unsigned long long)(beat / MICROSECOND / 1000));
}

void gw_notify_fini(struct gw_notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

/* A manager that does not read loses it: nothing here waits. */
static void tell(const struct gw_notify *notify, const char *text)
{
	if (notify->fd >= 0)
		(void)!send(notify->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void gw_notify_ready(const struct gw_notify *notify, const char *status)
{
	char text[600];

	snprintf(text, sizeof(text), "READY=1\nSTATUS=%s\n", status);
	tell(notify, text);
}

void gw_notify_reloading(const struct gw_notify *notify, usher_time now)
{
	char text[64];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu\n", (unsigned long long)(now / MICROSECOND));
	tell(notify, text);
}

void gw_notify_stopping(const struct gw_notify *notify)
{
	tell(notify, "STOPPING=1\n");
}

void gw_notify_alive(const struct gw_notify *notify)
{
	if (notify->watchdog)
		tell(notify, "WATCHDOG=1\n");
}
