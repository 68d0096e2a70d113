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

bool gw_keys_reserve(uint16_t first, uint16_t last)
{
	static char list[65536]; /* the kernel's own limit for the file is about this */
	int fd = open(RESERVED, O_RDWR | O_CLOEXEC), added;
	ssize_t len = fd >= 0 ? read(fd, list, sizeof(list) - 32) : -1;
	bool done;

	if (len < 0) {
		gw_say("%s: %s", RESERVED, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (len > 0 && (list[len - 1] == '\n' || list[len - 1] == '\t'))
		len--;
	list[len] = '\0';
	if (gw_keys_listed(list, first, last)) {
		close(fd);
		return true;
	}
	added = snprintf(list + len, 32, "%s%u-%u", len > 0 ? "," : "", first, last);
	done = pwrite(fd, list, (size_t)(len + added), 0) == len + added;
	if (!done)
		gw_say("%s: %s", RESERVED, strerror(errno));
	close(fd);
	return done;
}
