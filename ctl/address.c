/*
 * ctl/address: see address.h.
 */
#include "ctl/address.h"

#include <arpa/inet.h>
#include <string.h>

bool ctl_read_number(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
	uint64_t sum = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || sum > (UINT64_MAX - 9) / 10)
			return false;
		sum = sum * 10 + (uint64_t)(*text - '0');
	}
	*value = sum;
	return sum >= least && sum <= most;
}

bool ctl_read_address(const char *text, size_t len, struct usher_endpoint *endpoint)
{
	char copy[INET6_ADDRSTRLEN];
	bool brackets = len > 1 && text[0] == '[' && text[len - 1] == ']';

	*endpoint = (struct usher_endpoint){ 0 };
	if (brackets) {
		text++;
		len -= 2;
	}
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	endpoint->family = strchr(copy, ':') != NULL ? USHER_IPV6 : USHER_IPV4;
	return inet_pton(endpoint->family == USHER_IPV6 ? AF_INET6 : AF_INET, copy, endpoint->address) == 1;
}

bool ctl_read_endpoint(const char *text, struct usher_endpoint *endpoint)
{
	const char *first = strchr(text, ':'), *last = strrchr(text, ':'), *port = NULL;
	uint64_t number = endpoint->key;
	size_t len = strlen(text);

	if (*text == '[') {
		len = strcspn(text, "]");
		if (text[len] != ']' || (text[len + 1] != ':' && text[len + 1] != '\0'))
			return false;
		port = text[++len] == ':' ? text + len + 1 : NULL;
	} else if (first != NULL && first == last) {
		len = (size_t)(first - text);
		port = first + 1;
	}
	if (port != NULL && !ctl_read_number(port, 1, 65535, &number))
		return false;
	if (!ctl_read_address(text, len, endpoint))
		return false;
	endpoint->key = (uint32_t)number;
	return true;
}

bool ctl_read_range(const char *text, struct usher_endpoint *first, struct usher_endpoint *last)
{
	size_t len = strcspn(text, "-");

	if (!ctl_read_address(text, len, first))
		return false;
	*last = *first;
	if (text[len] == '-' && !ctl_read_address(text + len + 1, strlen(text + len + 1), last))
		return false;
	return first->family == last->family && memcmp(first->address, last->address, sizeof(first->address)) <= 0;
}

bool ctl_read_net(const char *text, struct ctl_net *net)
{
	size_t len = strcspn(text, "/");
	uint64_t prefix;

	if (!ctl_read_address(text, len, &net->first))
		return false;
	prefix = net->first.family == USHER_IPV6 ? 128 : 32;
	if (text[len] == '/' && !ctl_read_number(text + len + 1, 0, prefix, &prefix))
		return false;
	net->prefix = (uint8_t)prefix;
	return true;
}

bool ctl_read_ports(const char *text, uint16_t least, uint16_t *first, uint16_t *last)
{
	char number[8] = "";
	size_t len = strcspn(text, "-");
	uint64_t from, to;

	if (len >= sizeof(number))
		return false;
	memcpy(number, text, len);
	if (!ctl_read_number(number, least, 65535, &from))
		return false;
	to = from;
	if (text[len] == '-' && !ctl_read_number(text + len + 1, from, 65535, &to))
		return false;
	*first = (uint16_t)from;
	*last = (uint16_t)to;
	return true;
}

bool ctl_is_host(const struct usher_endpoint *endpoint)
{
	static const uint8_t loopback[16] = { [15] = 1 }, none[16] = { 0 };
	const uint8_t *address = endpoint->address;

	if (endpoint->family == USHER_IPV4)
		return address[0] != 0 && address[0] != 127 && address[0] < 224;
	return address[0] != 0xff && memcmp(address, loopback, 16) != 0 && memcmp(address, none, 16) != 0;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	return memcmp(a, b, whole) == 0 && (rest == 0 || ((a[whole] ^ b[whole]) & mask) == 0);
}

bool ctl_net_is_whole(const struct ctl_net *net)
{
	unsigned bits = net->first.family == USHER_IPV6 ? 128 : 32;

	for (unsigned i = net->prefix; i < bits; i++) {
		if (net->first.address[i / 8] & 0x80 >> i % 8)
			return false;
	}
	return true;
}

bool ctl_net_has(const struct ctl_net *net, const struct usher_endpoint *endpoint)
{
	return net->first.family == endpoint->family && same_bits(net->first.address, endpoint->address, net->prefix);
}

bool ctl_nets_meet(const struct ctl_net *a, const struct ctl_net *b)
{
	return a->prefix < b->prefix ? ctl_net_has(a, &b->first) : ctl_net_has(b, &a->first);
}
