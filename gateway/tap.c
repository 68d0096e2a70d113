/*
 * See tap.h.
 */
#include "gateway/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "gateway/bytes.h"
#include "gateway/say.h"

#define QUEUE_LENGTH 4000
#define TAP_MTU      65521 /* the most that a TAP takes */

/*
 * The kernel would solicit routers on the device and answer there; nothing of this belongs here. The file is not there where
 * IPv6 is off, and what happens all the same is ignored by its frames' looks: so it does not matter when this fails.
 */
static void quiet_ipv6(const struct gw_tap *tap)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/addr_gen_mode", tap->name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		gw_say("%s: %s", path, strerror(errno));
	close(fd);
}

static int raise_device(struct gw_tap *tap)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

	if (fd < 0)
		return errno;
	memcpy(request.ifr_name, tap->name, sizeof(request.ifr_name));
	request.ifr_qlen = QUEUE_LENGTH;
	if (ioctl(fd, SIOCSIFTXQLEN, &request) != 0)
		error = errno;
	request.ifr_mtu = TAP_MTU;
	if (error == 0 && ioctl(fd, SIOCSIFMTU, &request) != 0)
		error = errno;
	if (error == 0 && ioctl(fd, SIOCGIFINDEX, &request) != 0)
		error = errno;
	tap->index = (uint32_t)request.ifr_ifindex;
	request.ifr_flags = IFF_UP | IFF_NOARP;
	if (error == 0 && ioctl(fd, SIOCSIFFLAGS, &request) != 0)
		error = errno;
	close(fd);
	return error;
}

bool gw_tap_init(struct gw_tap *tap)
{
	struct ifreq request = { .ifr_name = "usher%d", .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE };
	int error;

	*tap = (struct gw_tap){ .fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC) };
	if (tap->fd < 0)
		return gw_say("/dev/net/tun: %s", strerror(errno));
	if (ioctl(tap->fd, TUNSETIFF, &request) != 0)
		return gw_say("making a TAP device: %s", strerror(errno));
	memcpy(tap->name, request.ifr_name, sizeof(tap->name));
	/* UDP super-packets are cut before we see them: helpers read datagrams. */
	if (ioctl(tap->fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN) != 0)
		return gw_say("%s: offloads: %s", tap->name, strerror(errno));
	quiet_ipv6(tap);
	error = raise_device(tap);
	return error == 0 || gw_say("%s: %s", tap->name, strerror(error));
}

void gw_tap_fini(struct gw_tap *tap)
{
	if (tap->fd >= 0)
		close(tap->fd);
}

ssize_t gw_tap_read(struct gw_tap *tap, uint8_t *packet, size_t size, struct gw_head *head)
{
	uint8_t *start = packet - GW_HEAD;
	ssize_t len = read(tap->fd, start, size + GW_HEAD);

	if (len < 0)
		return -1;
	if ((size_t)len <= GW_HEAD)
		return 0;
	memcpy(&head->vnet, start, sizeof(head->vnet));
	memcpy(&head->meta, start + sizeof(head->vnet), sizeof(head->meta));
	head->type = get16(packet - 2);
	return len - (ssize_t)GW_HEAD;
}

/* GW_HEAD bytes. */
static void put_head(uint8_t *front, const struct gw_head *head)
{
	memcpy(front, &head->vnet, sizeof(head->vnet));
	memcpy(front + sizeof(head->vnet), &head->meta, sizeof(head->meta));
	put16(front + GW_HEAD - 2, head->type);
}

bool gw_tap_write_in_place(struct gw_tap *tap, uint8_t *packet, size_t len, const struct gw_head *head)
{
	put_head(packet - GW_HEAD, head);
	return write(tap->fd, packet - GW_HEAD, len + GW_HEAD) == (ssize_t)(len + GW_HEAD);
}

bool gw_tap_write(struct gw_tap *tap, const uint8_t *packet, size_t len, const struct gw_head *head)
{
	uint8_t front[GW_HEAD];
	struct iovec part[2] = { { front, sizeof(front) }, { (void *)(uintptr_t)packet, len } };

	put_head(front, head);
	return writev(tap->fd, part, 2) == (ssize_t)(len + sizeof(front));
}
