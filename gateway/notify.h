/*
 * gateway/notify: what the gateway tells the service manager that started it: that it is ready, reloads, stops, and still lives.
 *
 * The protocol of sd_notify(3), a datagram of NAME=value lines to the socket that NOTIFY_SOCKET names. It is spoken here and not by
 * libsystemd, which would bring three compression libraries and a crypto library into a process that reads strangers' packets, for
 * one sendto(). Without NOTIFY_SOCKET everything here does nothing.
 */
#ifndef USHER_GATEWAY_NOTIFY_H
#define USHER_GATEWAY_NOTIFY_H

#include <usher/types.h>

struct gw_notify {
	int fd;            /* connected; -1: nobody wants to know */
	bool watchdog;     /* a sign of life is wanted */
};

/*
 * Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. `beat` is how often gw_notify_alive will be called; a watchdog that wants
 * more is told of, and so is a socket that cannot be reached: the gateway runs all the same.
 */
void gw_notify_init(struct gw_notify *notify, usher_time beat);
void gw_notify_fini(struct gw_notify *notify);

/* Everything is in place; `status` is a line for people. Also the end of a reload. */
void gw_notify_ready(const struct gw_notify *notify, const char *status);

/* The configuration is being read again, since `now` (CLOCK_MONOTONIC). */
void gw_notify_reloading(const struct gw_notify *notify, usher_time now);

void gw_notify_stopping(const struct gw_notify *notify);

/* The loop goes round. */
void gw_notify_alive(const struct gw_notify *notify);

#endif
