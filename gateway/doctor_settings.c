/*
 * The doctor's look at the machine's sysctls and sockets: what NAT's keys may collide with. See doctor_parts.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/doctor_parts.h"
#include "gateway/keys.h"

#define RESERVED  "/proc/sys/net/ipv4/ip_local_reserved_ports"
#define OWN_LEAST 1000l /* so many ports should the machine's own connections have */

static void look_at_forwarding(struct doctor *doctor)
{
	long forward = doctor_number("/proc/sys/net/ipv4/ip_forward", 0);
	long forward6 = doctor_number("/proc/sys/net/ipv6/conf/all/forwarding", 0);

	if (forward == 0 && forward6 == 0)
		doctor_say(doctor, DOCTOR_GOOD, "forwarding",
			   "ip_forward is 0, which does not matter: the kernel forwards nothing of the gateway's, and rp_filter "
			   "sees none of it");
	else
		doctor_say(doctor, DOCTOR_NOTE, "forwarding",
			   "the kernel forwards by itself (net.%s=1): between interfaces of the gateway only until it began for "
			   "the first time, and with --open\nsysctl -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0",
			   forward != 0 ? "ipv4.ip_forward" : "ipv6.conf.all.forwarding");
}

static void look_at_reserved(struct doctor *doctor)
{
	static char list[65536];
	unsigned first = doctor->config->key_first, last = doctor->config->key_last;

	if (!doctor_read(RESERVED, list, sizeof(list)))
		doctor_say(doctor, DOCTOR_NOTE, "keys", "%s: %s", RESERVED, strerror(errno));
	else if (gw_keys_listed(list, (uint16_t)first, (uint16_t)last))
		doctor_say(doctor, DOCTOR_GOOD, "keys", "NAT's keys, %u-%u, are reserved from the machine's own sockets", first,
			   last);
	else if (access(RESERVED, W_OK) == 0)
		doctor_say(doctor, DOCTOR_GOOD, "keys", "NAT's keys, %u-%u, will be reserved from the machine's own sockets", first,
			   last);
	else
		doctor_say(doctor, DOCTOR_NOTE, "keys",
			   "NAT's keys, %u-%u, cannot be reserved from the machine's own sockets from here\n"
			   "sysctl -w net.ipv4.ip_local_reserved_ports=%s%s%u-%u",
			   first, last, list, *list != '\0' ? "," : "", first, last);
}

/* How many of the ports that the machine's own connections take from are not NAT's. */
static void look_at_own_ports(struct doctor *doctor)
{
	long low = 0, high = 0, first = doctor->config->key_first, last = doctor->config->key_last, left, from, to;
	char text[64], *end;

	if (!doctor_read("/proc/sys/net/ipv4/ip_local_port_range", text, sizeof(text)))
		return;
	low = strtol(text, &end, 10);
	high = strtol(end, NULL, 10);
	from = low > first ? low : first;
	to = high < last ? high : last;
	left = high - low + 1 - (to >= from ? to - from + 1 : 0);
	if (left >= OWN_LEAST)
		doctor_say(doctor, DOCTOR_GOOD, "ports", "%ld ports are left for the machine's own connections", left);
	else
		doctor_say(doctor, DOCTOR_NOTE, "ports",
			   "net.ipv4.ip_local_port_range, %ld-%ld, and NAT's keys, %ld-%ld, leave the machine's own connections "
			   "%ld ports\nsysctl -w net.ipv4.ip_local_port_range='32768 60999', or other --keys",
			   low, high, first, last, left);
}

/* Of a file like /proc/net/tcp: ports of sockets in this state that are NAT's, added to `list`. Returns how many. */
static unsigned add_sockets(const struct doctor *doctor, const char *path, unsigned state, char *list, size_t size)
{
	FILE *file = fopen(path, "re");
	char line[512];
	unsigned count = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		unsigned port, found;
		size_t len = strlen(list);

		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &port, &found) != 2 || found != state)
			continue;
		if (port < doctor->config->key_first || port > doctor->config->key_last)
			continue;
		count++;
		if (len + 16 < size)
			snprintf(list + len, size - len, "%s%u", len > 0 ? ", " : "", port);
	}
	if (file != NULL)
		fclose(file);
	return count;
}

static void look_at_sockets(struct doctor *doctor)
{
	static const struct {
		const char *path;
		unsigned state; /* of those that wait: listening, unconnected */
	} files[] = { { "/proc/net/tcp", 10 }, { "/proc/net/tcp6", 10 }, { "/proc/net/udp", 7 }, { "/proc/net/udp6", 7 } };
	char list[200] = "";
	unsigned count = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		count += add_sockets(doctor, files[i].path, files[i].state, list, sizeof(list));
	if (count > 0)
		doctor_say(doctor, DOCTOR_NOTE, "sockets",
			   "%u sockets of the machine wait at ports that are NAT's keys (%s): NAT may lend the same out\n"
			   "other --keys, or other ports for these services (ss -lntup)",
			   count, list);
}

void doctor_settings(struct doctor *doctor)
{
	look_at_forwarding(doctor);
	if (!doctor->translating && doctor->config->port_count > 0)
		return;
	look_at_reserved(doctor);
	look_at_own_ports(doctor);
	look_at_sockets(doctor);
}
