/*
 * See doctor.h.
 */
#include "gateway/doctor.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/doctor_parts.h"

void doctor_say(struct doctor *doctor, enum doctor_level level, const char *check, const char *format, ...)
{
	struct doctor_finding finding = { .level = level, .check = check };
	va_list arguments;
	char text[1000], *mend;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	mend = strchr(text, '\n');
	if (mend != NULL)
		*mend++ = '\0';
	finding.text = text;
	finding.mend = mend;
	doctor->count[level]++;
	doctor->tell(doctor->user, &finding);
}

bool doctor_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, size - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (len > 0 && text[len - 1] == '\n')
		len--;
	text[len > 0 ? len : 0] = '\0';
	return len >= 0;
}

long doctor_number(const char *path, long otherwise)
{
	char text[64], *end;
	long value;

	if (!doctor_read(path, text, sizeof(text)))
		return otherwise;
	value = strtol(text, &end, 10);
	return end != text ? value : otherwise;
}

static bool translates(const struct gateway_config *config)
{
	return config->masquerade[0] || config->masquerade[1] || config->snat[0].family || config->snat[1].family ||
	       config->forward_count > 0;
}

void gateway_doctor(const struct gateway_config *config, void (*tell)(void *user, const struct doctor_finding *finding), void *user,
		    unsigned count[DOCTOR_LEVEL_COUNT])
{
	static const struct gateway_config none = { .key_first = GATEWAY_KEY_FIRST, .key_last = GATEWAY_KEY_LAST };
	struct doctor doctor = { config != NULL ? config : &none, false, tell, user, count, NULL };
	struct gw_net net;

	memset(count, 0, DOCTOR_LEVEL_COUNT * sizeof(*count));
	doctor.translating = translates(doctor.config);
	doctor_machine(&doctor);
	doctor_settings(&doctor);
	if (doctor.config->port_count > 0 && gw_net_init(&net, doctor.config))
		doctor.net = &net;
	else if (doctor.config->port_count > 0)
		doctor_say(&doctor, DOCTOR_WRONG, "netlink", "interfaces and addresses cannot be read");
	if (doctor.net != NULL)
		doctor_interfaces(&doctor);
	doctor_others(&doctor);
	if (doctor.config->port_count > 0)
		gw_net_fini(&net);
}
