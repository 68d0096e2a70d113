/*
 * gateway/steer: the BPF programs of bpf/steer.c and their maps.
 *
 * Owns: the loaded object. Programs stay attached when this process ends, and with them their maps: then they drop what they
 * would have handed to us, or (`open`) let all pass. Attaching again, in the next process, puts the new program in the old one's
 * place at once.
 */
#ifndef USHER_GATEWAY_STEER_H
#define USHER_GATEWAY_STEER_H

#include <usher/types.h>

#include "bpf/shared.h"
#include "gateway/net.h"

#define GW_STEER_HANDLE   0x7573u /* ours among the filters of an interface */
#define GW_STEER_PRIORITY 1u

struct bpf_object;

struct gw_steer {
	struct bpf_object *object;
	struct steer_config *config;  /* mapped: what is written is in force */
	int in, out;                  /* programs */
	int ports, addresses, services, counters; /* maps */
	uint32_t attached[GATEWAY_PORTS]; /* index of each port where the program is; 0: nowhere */
};

/* false: told. Fini may be called after a failed init; it detaches nothing. */
bool gw_steer_init(struct gw_steer *steer);
void gw_steer_fini(struct gw_steer *steer);

/* Frames of this TAP leave as they say. */
bool gw_steer_tap(struct gw_steer *steer, uint32_t index);

/*
 * All ports of `net` that exist get the program, those that went are forgotten; those that are no longer configured go back to the
 * kernel. false: told.
 */
bool gw_steer_ports(struct gw_steer *steer, const struct gw_net *net);

/* Take the programs away: the kernel has the interfaces again. */
void gw_steer_detach(struct gw_steer *steer);

/* An address of the machine with its enum steer_own_flags, and its end. */
bool gw_steer_address(struct gw_steer *steer, const struct usher_endpoint *address, uint32_t flags);
void gw_steer_address_gone(struct gw_steer *steer, const struct usher_endpoint *address);
/* What it was told of an address; 0: nothing. */
uint32_t gw_steer_address_flags(const struct gw_steer *steer, const struct usher_endpoint *address);

/* A forwarded port is the engine's, at addresses with STEER_FORWARDS. */
bool gw_steer_service(struct gw_steer *steer, uint8_t protocol, uint8_t family, uint16_t port);

/* Give up the forwarded ports that `keep` is false for. */
void gw_steer_services_keep(struct gw_steer *steer, bool (*keep)(void *user, const struct steer_service *service), void *user);

/* Until then the programs believe that we are there. */
void gw_steer_alive(struct gw_steer *steer, usher_time until);

/* Does the kernel let us look into our maps? false: errno says why not. */
bool gw_steer_reachable(const struct gw_steer *steer);

uint64_t gw_steer_count(const struct gw_steer *steer, enum steer_counter counter);

#endif
