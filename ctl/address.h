/*
 * ctl/address: addresses, networks, ranges and ports as people write them: on command lines and in configuration files. What
 * they look like when we write them is ctl/text's.
 *
 * Pure: text in, values out. false always means that the text is something else, and that nothing is to be done with the result.
 */
#ifndef USHER_CTL_ADDRESS_H
#define USHER_CTL_ADDRESS_H

#include <usher/types.h>

/* A network: the addresses that begin with `prefix` bits of `first`. A prefix of 32 (IPv6: 128) is one address. */
struct ctl_net {
	struct usher_endpoint first; /* its key is 0 */
	uint8_t prefix;
};

/* A decimal number from `least` to `most`, and nothing else. */
bool ctl_read_number(const char *text, uint64_t least, uint64_t most, uint64_t *value);

/* "10.0.0.5", "2001:db8::5", in brackets or not, of `len` characters. Its key is 0. */
bool ctl_read_address(const char *text, size_t len, struct usher_endpoint *endpoint);

/* ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT; IPv6 with a port wants the brackets. The key of `endpoint` stays when there is no port. */
bool ctl_read_endpoint(const char *text, struct usher_endpoint *endpoint);

/* ADDRESS or ADDRESS-ADDRESS: of one family, the first not behind the last. */
bool ctl_read_range(const char *text, struct usher_endpoint *first, struct usher_endpoint *last);

/* ADDRESS or ADDRESS/PREFIX. Bits behind the prefix may be set: ctl_net_is_whole tells. */
bool ctl_read_net(const char *text, struct ctl_net *net);

/* NUMBER or NUMBER-NUMBER, from `least` to 65535, the first not behind the last. */
bool ctl_read_ports(const char *text, uint16_t least, uint16_t *first, uint16_t *last);

/* Can an interface have this address? Not loopback, multicast, 0.0.0.0/8. */
bool ctl_is_host(const struct usher_endpoint *endpoint);

/* Are the bits behind the prefix all 0? */
bool ctl_net_is_whole(const struct ctl_net *net);

/* Is this address (its key does not matter) of the network? */
bool ctl_net_has(const struct ctl_net *net, const struct usher_endpoint *endpoint);

/* Have two networks an address in common? */
bool ctl_nets_meet(const struct ctl_net *a, const struct ctl_net *b);

#endif
