/*
 * See keys.h.
 */
#include "gateway/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/say.h"

#define RESERVED "/proc/sys/net/ipv4/ip_local_reserved_ports"

bool gw_keys_listed(const char *list, uint16_t first, uint16_t last)
{
	while (*list >= '0' && *list <= '9') {
		char *end;
		unsigned long from = strtoul(list, &end, 10), to = from;

		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		if (from <= first && last <= to)
			return true;
		list = *end == ',' ? end + 1 : end;
	}
	return false;
}

/* Opened while files may still be opened to be written (gateway/privileges.h); -1: not yet. */
static int file = -1;

bool gw_keys_open(void)
{
	if (file < 0)
		file = open(RESERVED, O_RDWR | O_CLOEXEC);
	if (file < 0)
		file = open(RESERVED, O_RDONLY | O_CLOEXEC); /* what is reserved already needs no writing */
	return file >= 0;
}

bool gw_keys_reserve(uint16_t first, uint16_t last)
{
	static char list[65536]; /* the kernel's own limit for the file is about this */
	ssize_t len;
	int added;

	len = gw_keys_open() ? pread(file, list, sizeof(list) - 32, 0) : -1;
	if (len < 0)
		return gw_say("%s: %s", RESERVED, strerror(errno));
	while (len > 0 && (list[len - 1] == '\n' || list[len - 1] == '\t'))
		len--;
	list[len] = '\0';
	if (gw_keys_listed(list, first, last))
		return true;
	added = snprintf(list + len, 32, "%s%u-%u", len > 0 ? "," : "", first, last);
	return pwrite(file, list, (size_t)(len + added), 0) == len + added || gw_say("%s: %s", RESERVED, strerror(errno));
}
