/*
 * gateway/doctor_parts: what the parts of the doctor share: how a finding is said, and how small files of the kernel's are read.
 */
#ifndef USHER_GATEWAY_DOCTOR_PARTS_H
#define USHER_GATEWAY_DOCTOR_PARTS_H

#include <stddef.h>

#include "gateway/doctor.h"
#include "gateway/net.h"

struct doctor {
	const struct gateway_config *config; /* never NULL; port_count may be 0 */
	bool translating;
	void (*tell)(void *user, const struct doctor_finding *finding);
	void *user;
	unsigned *count;
	struct gw_net *net; /* NULL: only the machine */
};

/* A finding: the text, and behind a line feed in it, what to do. */
void doctor_say(struct doctor *doctor, enum doctor_level level, const char *check, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* A file's beginning as text, without the last line feed. false: it cannot be read; `text` is empty then. */
bool doctor_read(const char *path, char *text, size_t size);

/* A file that holds a number; `otherwise` where it cannot be read. */
long doctor_number(const char *path, long otherwise);

/* The kernel, its options, devices, rights, BPF, memory. */
void doctor_machine(struct doctor *doctor);
/* The machine's sysctls and sockets. */
void doctor_settings(struct doctor *doctor);
/* The gateway's interfaces: addresses, routes, sizes. Wants `net`. */
void doctor_interfaces(struct doctor *doctor);
/* Programs and rules of others: on the interfaces where `net` is there, and in netfilter. */
void doctor_others(struct doctor *doctor);

#endif
