/*
 * gateway/tap: the TAP device through which packets come to the engine and go out again.
 *
 * Owns: the descriptor; the device goes with it. Frames are those of bpf/shared.h behind a virtio-net header: super-packets stay
 * whole and checksums may be unfinished, both ways. One read is one frame, one write as well.
 * Sources: Linux Documentation/networking/tuntap.rst, virtio 1.1 section 5.1.6.
 */
#ifndef USHER_GATEWAY_TAP_H
#define USHER_GATEWAY_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/virtio_net.h>
#include <net/if.h>

#include "bpf/shared.h"

#define GW_ETHERNET 14u                                        /* addresses (our meta data) and type */
#define GW_HEAD     (sizeof(struct virtio_net_hdr) + GW_ETHERNET) /* in front of each IP packet */
#define GW_PACKET_MAX 65535u

struct gw_tap {
	int fd;
	char name[IF_NAMESIZE];
	uint32_t index;
};

/* What stands in front of a packet. */
struct gw_head {
	struct virtio_net_hdr vnet; /* offsets count from the Ethernet header on */
	struct tap_meta meta;
	uint16_t type;              /* host order */
};

/* Make and raise the device "usherN". false: told. Fini may be called after a failed init. */
bool gw_tap_init(struct gw_tap *tap);
void gw_tap_fini(struct gw_tap *tap);

/*
 * Read the next packet, its IP header to `packet` where `size` bytes are, GW_HEAD bytes in front of it too. Returns its length;
 * 0: it was a frame too short to have one; -1: there is none.
 */
ssize_t gw_tap_read(struct gw_tap *tap, uint8_t *packet, size_t size, struct gw_head *head);

/* Write one; `packet` is left as it is. false: the device did not take it. */
bool gw_tap_write(struct gw_tap *tap, const uint8_t *packet, size_t len, const struct gw_head *head);
/* The same in one piece: the GW_HEAD bytes in front of `packet` may be written to. */
bool gw_tap_write_in_place(struct gw_tap *tap, uint8_t *packet, size_t len, const struct gw_head *head);

#endif
