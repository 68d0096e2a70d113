/*
 * See option_helper.h.
 */
#include "usher/option_helper.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/address.h"
#include "ctl/text.h"
#include "usher/command.h"

static void add(struct usher_port_helper **ports, uint32_t *count, struct usher_port_helper port)
{
	*ports = grow(*ports, *count + 1, sizeof(**ports));
	(*ports)[(*count)++] = port;
}

/* The names of all helpers, as a list for people. */
static const char *helper_names(void)
{
	static char names[256];
	size_t used = 0;

	for (unsigned i = 0; usher_helper(i) != NULL && used + 20 < sizeof(names); i++) {
		size_t len = strnlen(usher_helper(i)->name, 16);

		if (used > 0) {
			memcpy(names + used, ", ", 2);
			used += 2;
		}
		memcpy(names + used, usher_helper(i)->name, len);
		used += len;
	}
	names[used] = '\0';
	return names;
}

static const struct usher_helper *find_helper(const char *name, size_t len)
{
	for (unsigned i = 0; usher_helper(i) != NULL; i++) {
		if (strlen(usher_helper(i)->name) == len && memcmp(usher_helper(i)->name, name, len) == 0)
			return usher_helper(i);
	}
	return NULL;
}

int option_helper(const char *command, const char *argument, struct usher_port_helper **ports, uint32_t *count)
{
	const char *at = argument + strcspn(argument, "=");
	const struct usher_helper *helper = find_helper(argument, (size_t)(at - argument));
	size_t len = strlen(argument);
	uint8_t family = USHER_ANY_FAMILY;
	char *copy, *rest, *word, safe[128];

	ctl_escape(safe, sizeof(safe), argument, len);
	if (*at != '=')
		return misuse(command, "--helper %s: expected NAME=PORT[,PORT]...[/4|/6]", safe);
	if (helper == NULL)
		return misuse(command, "--helper %s: no helper has this name; there are: %s", safe,
			      helper_names());
	copy = strdup(at + 1);
	if (copy == NULL)
		return complain("out of memory");
	if (len > 2 && argument[len - 2] == '/' && (argument[len - 1] == '4' || argument[len - 1] == '6')) {
		family = argument[len - 1] == '4' ? USHER_IPV4 : USHER_IPV6;
		copy[strlen(copy) - 2] = '\0';
	}
	for (rest = copy; (word = strsep(&rest, ",")) != NULL;) {
		uint64_t port;

		if (!ctl_read_number(word, 1, 65535, &port)) {
			misuse(command, "--helper %s: expected ports from 1 to 65535, commas between, /4 or /6 last",
				safe);
			free(copy);
			return STATUS_USAGE;
		}
		add(ports, count, (struct usher_port_helper){ helper->name, family, (uint16_t)port });
	}
	free(copy);
	return STATUS_OK;
}

void option_usual_helper(const char *name, struct usher_port_helper **ports, uint32_t *count)
{
	const struct usher_helper *helper = find_helper(name, strlen(name));

	for (const uint16_t *port = helper != NULL ? helper->ports : NULL; port != NULL && *port != 0; port++)
		add(ports, count, (struct usher_port_helper){ helper->name, USHER_ANY_FAMILY, *port });
}
