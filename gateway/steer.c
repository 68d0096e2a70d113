/*
 * See steer.h.
 */
#include "gateway/steer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/say.h"

#define PROCESSORS_MAX 4096

/* The compiled bpf/steer.c. */
static const _Alignas(8) unsigned char object_bytes[] = {
#include "steer_object.h"
};

/* The library's own words are long, and only for whoever asks for them. */
static int __attribute__((format(printf, 2, 0))) keep_quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN && getenv("USHER_BPF_LOG") != NULL)
		vfprintf(stderr, format, arguments);
	return 0;
}

static int map_fd(const struct gw_steer *steer, const char *name)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(steer->object, name);

	return map != NULL ? bpf_map__fd(map) : -1;
}

static int program_fd(const struct gw_steer *steer, const char *name)
{
	const struct bpf_program *program = bpf_object__find_program_by_name(steer->object, name);

	return program != NULL ? bpf_program__fd(program) : -1;
}

bool gw_steer_init(struct gw_steer *steer)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "usher_steer");
	void *mapped;
	int error;

	*steer = (struct gw_steer){ 0 };
	libbpf_set_print(keep_quiet);
	steer->object = bpf_object__open_mem(object_bytes, sizeof(object_bytes), &options);
	if (steer->object == NULL)
		return gw_say("BPF: %s", strerror(errno));
	error = bpf_object__load(steer->object);
	if (error != 0)
		return gw_say("BPF: the programs could not be loaded: %s (USHER_BPF_LOG=1 tells more)", strerror(-error));
	steer->in = program_fd(steer, "usher_in");
	steer->out = program_fd(steer, "usher_out");
	steer->ports = map_fd(steer, "ports");
	steer->addresses = map_fd(steer, "addresses");
	steer->services = map_fd(steer, "services");
	steer->counters = map_fd(steer, "counters");
	mapped = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd(steer, "config"), 0);
	if (mapped == MAP_FAILED)
		return gw_say("BPF: the configuration could not be mapped: %s", strerror(errno));
	steer->config = mapped;
	return true;
}

void gw_steer_fini(struct gw_steer *steer)
{
	if (steer->config != NULL)
		munmap(steer->config, (size_t)sysconf(_SC_PAGESIZE));
	bpf_object__close(steer->object);
}

/* Returns 0 or the negative of an errno value. */
static int attach(int program, uint32_t index)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)index, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .handle = GW_STEER_HANDLE, .priority = GW_STEER_PRIORITY,
		    .flags = BPF_TC_F_REPLACE);
	int error = bpf_tc_hook_create(&hook);

	if (error != 0 && error != -EEXIST)
		return error;
	return bpf_tc_attach(&hook, &options);
}

bool gw_steer_tap(struct gw_steer *steer, uint32_t index)
{
	int error = attach(steer->out, index);

	if (error != 0)
		return gw_say("BPF: attaching to the TAP device: %s", strerror(-error));
	steer->config->tap = index;
	return true;
}

static void detach(uint32_t index)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)index, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = GW_STEER_HANDLE, .priority = GW_STEER_PRIORITY);

	bpf_tc_detach(&hook, &options);
}

bool gw_steer_ports(struct gw_steer *steer, const struct gw_net *net)
{
	bool good = true;

	for (uint32_t i = 0; i < net->port_count; i++) {
		const struct gw_port *port = &net->port[i];
		struct steer_port value = { .layer3 = port->layer3 };
		int error = 0;

		if (port->index == steer->attached[i])
			continue;
		if (steer->attached[i] != 0 && port->name[0] == '\0')
			detach(steer->attached[i]);
		if (steer->attached[i] != 0)
			bpf_map_delete_elem(steer->ports, &steer->attached[i]);
		steer->attached[i] = 0;
		if (port->index == 0)
			continue;
		if (bpf_map_update_elem(steer->ports, &port->index, &value, BPF_ANY) != 0)
			error = -errno;
		if (error == 0)
			error = attach(steer->in, port->index);
		if (error == 0)
			steer->attached[i] = port->index;
		else
			good = gw_say("BPF: attaching to %s: %s", port->name, strerror(-error));
	}
	return good;
}

void gw_steer_detach(struct gw_steer *steer)
{
	for (uint32_t i = 0; i < GATEWAY_PORTS; i++) {
		if (steer->attached[i] != 0)
			detach(steer->attached[i]);
		steer->attached[i] = 0;
	}
}

static struct steer_address address_key(const struct usher_endpoint *address)
{
	struct steer_address key = { { 0 } };

	if (address->family == USHER_IPV6) {
		memcpy(key.byte, address->address, 16);
	} else {
		key.byte[10] = key.byte[11] = 0xff;
		memcpy(key.byte + 12, address->address, 4);
	}
	return key;
}

bool gw_steer_address(struct gw_steer *steer, const struct usher_endpoint *address, uint32_t flags)
{
	struct steer_address key = address_key(address);

	return bpf_map_update_elem(steer->addresses, &key, &flags, BPF_ANY) == 0 ||
	       gw_say("BPF: the table of addresses: %s", strerror(errno));
}

void gw_steer_address_gone(struct gw_steer *steer, const struct usher_endpoint *address)
{
	struct steer_address key = address_key(address);

	bpf_map_delete_elem(steer->addresses, &key);
}

uint32_t gw_steer_address_flags(const struct gw_steer *steer, const struct usher_endpoint *address)
{
	struct steer_address key = address_key(address);
	uint32_t flags = 0;

	return bpf_map_lookup_elem(steer->addresses, &key, &flags) == 0 ? flags : 0;
}

void gw_steer_services_keep(struct gw_steer *steer, bool (*keep)(void *user, const struct steer_service *service), void *user)
{
	struct steer_service key, next;
	bool more = bpf_map_get_next_key(steer->services, NULL, &next) == 0;

	while (more) {
		key = next;
		more = bpf_map_get_next_key(steer->services, &key, &next) == 0;
		if (!keep(user, &key))
			bpf_map_delete_elem(steer->services, &key);
	}
}

bool gw_steer_service(struct gw_steer *steer, uint8_t protocol, uint8_t family, uint16_t port)
{
	struct steer_service key = { .protocol = protocol, .family = family, .port = port };
	uint32_t value = 1;

	return bpf_map_update_elem(steer->services, &key, &value, BPF_ANY) == 0 ||
	       gw_say("BPF: the table of services: %s", strerror(errno));
}

void gw_steer_alive(struct gw_steer *steer, usher_time until)
{
	__atomic_store_n(&steer->config->alive_until, until, __ATOMIC_RELAXED);
}

bool gw_steer_reachable(const struct gw_steer *steer)
{
	struct steer_config value;
	uint32_t key = 0;

	return bpf_map_lookup_elem(map_fd(steer, "config"), &key, &value) == 0;
}

uint64_t gw_steer_count(const struct gw_steer *steer, enum steer_counter counter)
{
	uint64_t value[PROCESSORS_MAX], sum = 0;
	uint32_t key = counter;
	int processors = libbpf_num_possible_cpus();

	if (processors < 1 || processors > PROCESSORS_MAX || bpf_map_lookup_elem(steer->counters, &key, value) != 0)
		return 0;
	for (int i = 0; i < processors; i++)
		sum += value[i];
	return sum;
}
