/*
 * gateway/doctor: looks at the machine before a gateway begins: what is missing, what is in the way, what is worth knowing.
 *
 * It changes nothing: programs are loaded and let go, questions are asked, nothing is attached, made or written. Each check says
 * what it saw in plain words, and where something can be done about it, the command that does it.
 */
#ifndef USHER_GATEWAY_DOCTOR_H
#define USHER_GATEWAY_DOCTOR_H

#include "gateway/gateway.h"

enum doctor_level {
	DOCTOR_GOOD,
	DOCTOR_NOTE,  /* it would run; worth knowing */
	DOCTOR_WRONG, /* it would not run, or forward nothing */
	DOCTOR_LEVEL_COUNT
};

struct doctor_finding {
	enum doctor_level level;
	const char *check; /* one word: the same for all findings of a check */
	const char *text;
	const char *mend; /* a command, or what to do in words; NULL: nothing */
};

/*
 * `config` NULL, or without interfaces: only the machine. Each finding goes to `tell`, its strings are good until it returns.
 * `count`, by level, is what was told.
 */
void gateway_doctor(const struct gateway_config *config, void (*tell)(void *user, const struct doctor_finding *finding), void *user,
                    unsigned count[DOCTOR_LEVEL_COUNT]);

#endif
