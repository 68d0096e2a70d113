/*
 * gateway/keys: the range of NAT's keys is kept from the machine's own sockets: net.ipv4.ip_local_reserved_ports, which holds
 * for IPv6 and UDP as well.
 */
#ifndef USHER_GATEWAY_KEYS_H
#define USHER_GATEWAY_KEYS_H

#include <stdbool.h>
#include <stdint.h>

/* Is the range in this list of the kernel's ("8080,9148-9300", ordered, nothing overlaps)? */
bool gw_keys_listed(const char *list, uint16_t first, uint16_t last);

/* Open the kernel's file, so that keys can be reserved when no file may be opened to be written any more. false: errno. */
bool gw_keys_open(void);

/* Reserve it besides what is reserved already. false: told. It stays reserved when the gateway ends, as the steering stays. */
bool gw_keys_reserve(uint16_t first, uint16_t last);

#endif
