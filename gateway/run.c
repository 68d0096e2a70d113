/*
 * gateway/run: one gateway from beginning to end: sets up what the other files own, waits, and tells each what it has to do.
 *
 * One thread, one worker, one TAP queue. Order of setting up: the interfaces are handed over last, when all else works. Order of
 * ending:
 * first the steering is told that nobody is there.
 * Invariants: the lease is renewed each second and lasts five: a daemon that hangs forwards nothing, and nothing passes around it.
 */
#include "gateway/gateway.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "gateway/burst.h"
#include "gateway/config.h"
#include "gateway/control.h"
#include "gateway/counters.h"
#include "gateway/keys.h"
#include "gateway/notify.h"
#include "gateway/privileges.h"
#include "gateway/reload.h"
#include "gateway/say.h"
#include "gateway/steer.h"

#define LEASE       (5 * USHER_SECOND)
#define BEAT        (1 * USHER_SECOND)
#define TICK_BUDGET 4096u
#define LINGER      (30 * USHER_SECOND / 1000000)
#define BURSTS_MAX  16u /* then signals and the network have their turn */
#define NICE        (-20)

enum { FD_TAP, FD_SIGNALS, FD_NETWORK, FD_CONTROL, FD_COUNT };

struct gateway {
	const struct gateway_config *config;
	const char *file;          /* where it was read; NULL: nowhere */
	struct gateway_config *own;/* read again since; NULL: not yet */
	struct gw_log log;
	struct gw_sources *sources;
	struct gw_net net;
	struct gw_routes *routes;
	struct gw_tap tap;
	struct gw_steer steer;
	struct gw_policy policy;
	struct gw_burst burst;
	struct gw_notify notify;
	uint64_t count[GW_COUNTER_COUNT];
	struct gw_counters counters;
	struct gw_control control;
	struct usher_tracker *tracker;
	struct usher_worker *worker;
	void *region;
	size_t region_size;
	struct gw_address *told;   /* what the steering knows */
	uint32_t told_count;
	int lock, signals;
	usher_time beat;           /* when the lease is due */
	bool stop;
};

static usher_time clock_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (usher_time)time.tv_sec * USHER_SECOND + (usher_time)time.tv_nsec;
}

/* ---- setting up ---- */

/* Two gateways would take the interfaces from each other. The name is the network namespace's, and goes with the process. */
static bool take_lock(struct gateway *gateway)
{
	static const char name[] = GATEWAY_LOCK; /* behind a 0: no file */
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(name));

	memcpy(address.sun_path + 1, name, sizeof(name) - 1);
	gateway->lock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (gateway->lock < 0)
		return gw_say("socket: %s", strerror(errno));
	if (bind(gateway->lock, (const struct sockaddr *)&address, len) == 0)
		return true;
	return gw_say("%s", errno == EADDRINUSE ? "another one runs here already" : strerror(errno));
}

static bool take_signals(struct gateway *gateway)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		gateway->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return gateway->signals >= 0 || gw_say("signals: %s", strerror(errno));
}

static bool make_tracker(struct gateway *gateway, const uint8_t seed[32])
{
	const struct gateway_config *config = gateway->config;
	struct usher_options options = {
		.size = sizeof(options),
		.flags = USHER_LIVE | USHER_VERIFY_CHECKSUMS | USHER_DROP_INVALID,
		.connections = config->connections,
		.expectations = config->expectations,
		.expect_per_source = config->expect_per_source,
		.nat_addresses = gw_policy_addresses(config),
		.timeouts = config->timeouts,
		.policy = gw_policy_decide,
		.policy_user = &gateway->policy,
		.sink = gw_control_sink,
		.sink_user = &gateway->control,
		.mtu = (uint16_t)gateway->net.least_mtu,
		.nat_first = config->key_first,
		.nat_last = config->key_last,
		.fragments = GATEWAY_FRAGMENTS,
	};

	memcpy(options.seed, seed, sizeof(options.seed));
	if (usher_error(&options) != NULL)
		return gw_say("%s", usher_error(&options));
	gateway->region_size = usher_size(&options);
	gateway->region = mmap(NULL, gateway->region_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (gateway->region == MAP_FAILED)
		return gw_say("%zu MiB of address space: %s", gateway->region_size >> 20, strerror(errno));
	madvise(gateway->region, gateway->region_size, MADV_HUGEPAGE); /* a wish */
	gateway->tracker = usher_init(gateway->region, gateway->region_size, &options);
	if (gateway->tracker == NULL)
		return gw_say("the tracker could not be set up");
	gateway->worker = usher_worker(gateway->tracker, 0);
	return true;
}

static bool needs_nat(const struct gateway_config *config)
{
	return config->masquerade[0] || config->masquerade[1] || config->snat[0].family || config->snat[1].family ||
	       config->forward_count > 0 || config->static_count > 0;
}

static bool set_up_engine(struct gateway *gateway)
{
	uint8_t seed[3][32];

	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return gw_say("random numbers: %s", strerror(errno));
	gateway->routes = calloc(1, sizeof(*gateway->routes));
	gateway->told = calloc(GW_ADDRESSES, sizeof(*gateway->told));
	gateway->sources = calloc(1, sizeof(*gateway->sources));
	if (gateway->routes == NULL || gateway->told == NULL || gateway->sources == NULL)
		return gw_say("out of memory");
	gw_routes_init(gateway->routes, &gateway->net, seed[0]);
	gw_sources_init(gateway->sources, seed[2]);
	gateway->policy = (struct gw_policy){
		.config = gateway->config,
		.net = &gateway->net,
		.routes = gateway->routes,
		.count = gateway->count,
		.log = &gateway->log,
		.sources = gateway->sources,
	};
	if (!make_tracker(gateway, seed[1]))
		return false;
	gateway->burst = (struct gw_burst){
		.worker = gateway->worker,
		.tap = &gateway->tap,
		.net = &gateway->net,
		.routes = gateway->routes,
		.policy = &gateway->policy,
		.count = gateway->count,
	};
	memcpy(&gateway->burst.fragment_id, seed[0], sizeof(gateway->burst.fragment_id));
	return gw_burst_init(&gateway->burst);
}

/* ---- the network, as it changes ---- */

static bool is_told(const struct gateway *gateway, const struct gw_address *address)
{
	return gw_net_own(&gateway->net, &address->endpoint) != NULL;
}

/* An address keeps what connections that are there need, whatever another configuration says of new ones. */
static uint32_t flags_of(struct gateway *gateway, const struct gw_address *address)
{
	uint32_t wanted = gw_policy_address_flags(&gateway->policy, address);
	uint32_t before = gw_steer_address_flags(&gateway->steer, &address->endpoint);

	return before & ~wanted && gw_in_use_address(gateway->worker, &address->endpoint) ? before | wanted : wanted;
}

/* What was translated to an address that went away can have no answers. */
static void tell_addresses(struct gateway *gateway)
{
	for (uint32_t i = 0; i < gateway->told_count; i++) {
		const struct usher_endpoint *gone = &gateway->told[i].endpoint;

		if (is_told(gateway, &gateway->told[i]))
			continue;
		gw_steer_address_gone(&gateway->steer, gone);
		if (!gw_policy_in_pool(gateway->config, gone->family, gone->address) && !gw_policy_is_static(gateway->config, gone))
			usher_address_gone(gateway->worker, 0, gone);
	}
	gateway->told_count = gateway->net.address_count;
	memcpy(gateway->told, gateway->net.address, gateway->told_count * sizeof(*gateway->told));
	for (uint32_t i = 0; i < gateway->told_count; i++) {
		const struct gw_address *address = &gateway->told[i];

		gw_steer_address(&gateway->steer, &address->endpoint, flags_of(gateway, address));
	}
}

static void follow_network(struct gateway *gateway)
{
	uint32_t before[GATEWAY_PORTS];

	if (!gw_net_changed(&gateway->net))
		return;
	memcpy(before, gateway->steer.attached, sizeof(before));
	if (!gw_net_refresh(&gateway->net))
		return;
	tell_addresses(gateway);
	gw_steer_ports(&gateway->steer, &gateway->net);
	for (uint32_t i = 0; i < gateway->net.port_count; i++) {
		if (before[i] != gateway->steer.attached[i])
			gw_say("interface %s %s", gateway->net.port[i].name, gateway->steer.attached[i] ? "is there" : "is gone");
	}
}

static bool tell_services(struct gateway *gateway)
{
	const struct gateway_config *config = gateway->config;

	for (uint32_t i = 0; i < config->forward_count; i++) {
		const struct gateway_forward *forward = &config->forwards[i];

		if (!gw_steer_service(&gateway->steer, forward->protocol, forward->to.family, forward->port))
			return false;
	}
	return true;
}

static bool set_up_steering(struct gateway *gateway)
{
	const struct gateway_config *config = gateway->config;
	struct steer_config *steer;

	if (!gw_tap_init(&gateway->tap) || !gw_steer_init(&gateway->steer))
		return false;
	steer = gateway->steer.config;
	steer->key_first = config->key_first;
	steer->key_last = config->key_last;
	steer->open = config->open;
	if (!tell_services(gateway) || !gw_steer_tap(&gateway->steer, gateway->tap.index))
		return false;
	tell_addresses(gateway);
	gateway->beat = clock_now();
	gw_steer_alive(&gateway->steer, gateway->beat + LEASE);
	return gw_steer_ports(&gateway->steer, &gateway->net);
}

static void reserve_keys(const struct gateway_config *config)
{
	if (needs_nat(config) && !gw_keys_reserve(config->key_first, config->key_last))
		gw_say("the machine's own sockets may take keys that NAT lent out");
}

/* ---- another configuration ---- */

static void take_config(struct gateway *gateway, struct gateway_config *config)
{
	gw_log_flush(&gateway->log); /* it names the old one's rules */
	gateway->config = gateway->policy.config = config;
	usher_set_timeouts(gateway->tracker, config->timeouts);
	gateway->steer.config->open = config->open;
	gw_net_forget(&gateway->net, config);
	gw_steer_ports(&gateway->steer, &gateway->net);
	gw_net_adopt(&gateway->net, config);
	gw_net_refresh(&gateway->net);
	reserve_keys(config);
	gw_steer_services_keep(&gateway->steer, gw_in_use_service, &(struct gw_in_use){ gateway->worker, config });
	tell_services(gateway);
	tell_addresses(gateway);
	gw_steer_ports(&gateway->steer, &gateway->net);
	gateway_config_free(gateway->own);
	gateway->own = config;
}

bool gateway_reload(struct gateway *gateway, FILE *errors)
{
	struct gateway_config *config;

	if (gateway->file == NULL) {
		fprintf(errors, "nothing is read again: it was set up by options, not by a file (-c)\n");
		return false;
	}
	gw_notify_reloading(&gateway->notify, clock_now());
	config = gateway_config_read(gateway->file, errors);
	if (config == NULL) {
		gw_notify_ready(&gateway->notify, "the configuration file is wrong; all stays as it was");
		return gw_say("%s is wrong; all stays as it was", gateway->file);
	}
	gw_reload_settle(gateway->config, config);
	take_config(gateway, config);
	gw_say("%s is in force: %u rules, %u forwards, %u helped ports; connections that are there stay", gateway->file,
	       config->rule_count, config->forward_count, config->helper_count);
	gw_notify_ready(&gateway->notify, "the configuration file was read again, and is in force");
	return true;
}

/* ---- running ---- */

/* All counters that are not 0, for people; in one piece, so that nothing comes between. */
static void print_counters(struct gateway *gateway)
{
	struct gw_counted counted;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return;
	fprintf(out, "usher gateway: counters\n");
	for (unsigned i = 0; gw_counter_at(&gateway->counters, i, &counted); i++) {
		if (counted.value != 0)
			fprintf(out, "  %-24s %llu\n", counted.name, (unsigned long long)counted.value);
	}
	if (fclose(out) == 0)
		fputs(text, stderr);
	free(text);
}

static void take_signal(struct gateway *gateway)
{
	struct signalfd_siginfo info;

	while (read(gateway->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			print_counters(gateway);
		else if (info.ssi_signo == SIGHUP)
			gateway_reload(gateway, stderr);
		else
			gateway->stop = true;
	}
}

/* What time asks for. Returns the moment when it asks again. */
static usher_time keep_time(struct gateway *gateway, usher_time now)
{
	usher_time wakeup = usher_wakeup(gateway->worker);

	if (now >= gateway->beat || now >= wakeup) {
		usher_tick(gateway->worker, now, TICK_BUDGET);
		gw_burst_flush(&gateway->burst, now);
		wakeup = usher_wakeup(gateway->worker);
	}
	if (now >= gateway->beat) {
		gw_steer_alive(&gateway->steer, now + LEASE);
		gw_control_run(&gateway->control, now);
		gw_privileges_tell();
		gw_notify_alive(&gateway->notify);
		gateway->beat = now + BEAT;
	}
	return wakeup < gateway->beat ? wakeup : gateway->beat;
}

/* Until none has come for a moment: to be woken for each packet of a dialogue takes longer than most of its answers. */
static void move_packets(struct gateway *gateway)
{
	usher_time now = clock_now(), last = now;

	for (unsigned bursts = 0; bursts < BURSTS_MAX && now - last < LINGER;) {
		if (gw_burst_run(&gateway->burst, now) > 0) {
			last = now;
			bursts++;
		}
		now = clock_now();
	}
}

static bool run(struct gateway *gateway)
{
	struct pollfd fds[FD_COUNT] = {
		[FD_TAP] = { .fd = gateway->tap.fd, .events = POLLIN },
		[FD_SIGNALS] = { .fd = gateway->signals, .events = POLLIN },
		[FD_NETWORK] = { .fd = gateway->net.events, .events = POLLIN },
		[FD_CONTROL] = { .fd = gateway->control.poll, .events = POLLIN },
	};

	while (!gateway->stop) {
		usher_time now = clock_now(), next = keep_time(gateway, now);
		usher_time wait = next > now && !gw_control_due(&gateway->control) ? next - now : 0;
		struct timespec timeout = { (time_t)(wait / USHER_SECOND), (long)(wait % USHER_SECOND) };

		if (ppoll(fds, FD_COUNT, &timeout, NULL) < 0 && errno != EINTR)
			return gw_say("poll: %s", strerror(errno));
		if (fds[FD_TAP].revents & ~POLLIN)
			return gw_say("%s: the device is gone", gateway->tap.name);
		if (fds[FD_SIGNALS].revents)
			take_signal(gateway);
		if (fds[FD_NETWORK].revents)
			follow_network(gateway);
		if (fds[FD_TAP].revents)
			move_packets(gateway);
		if (fds[FD_CONTROL].revents || gw_control_due(&gateway->control))
			gw_control_run(&gateway->control, clock_now());
	}
	return true;
}

/* ---- words, and the whole ---- */

static void tell_start(const struct gateway *gateway)
{
	const struct gateway_config *config = gateway->config;
	char text[500] = "";
	size_t used = 0;

	for (int outside = 0; outside < 2; outside++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", outside ? ", outside" : "inside");
		for (uint32_t i = 0; i < gateway->net.port_count && used + IF_NAMESIZE + 132 < sizeof(text); i++) {
			const struct gw_port *port = &gateway->net.port[i];

			if (port->outside == outside && port->name[0] != '\0')
				used += (size_t)snprintf(text + used, sizeof(text) - used, " %s%s", port->name,
							 port->index ? "" : " (not there yet)");
		}
	}
	snprintf(text + used, sizeof(text) - used, "; %s, %u forwards, %u helped ports; through %s",
		 needs_nat(config) ? "translating" : "routing", config->forward_count, config->helper_count, gateway->tap.name);
	gw_say("%s", text);
	gw_notify_ready(&gateway->notify, text);
}

static void tell_stop(const struct gateway *gateway)
{
	gw_notify_stopping(&gateway->notify);
	gw_say("stopped after %llu packets and %llu connections; %s", (unsigned long long)gateway->count[GW_COUNT_READ],
	       (unsigned long long)usher_counter_get(gateway->worker, USHER_COUNTER_CONNECTIONS),
	       gateway->config->open ? "the kernel has the interfaces again" :
				       "nothing is forwarded until one starts again (or: tc filter del dev INTERFACE ingress)");
}

static const char *socket_path(const struct gateway *gateway)
{
	return gateway->config->socket != NULL ? gateway->config->socket : CTL_SOCKET;
}

/* Its socket's folder is the one place where the running gateway may change anything: the socket goes at the end. */
static bool give_up_rights(struct gateway *gateway)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", socket_path(gateway));
	return gw_privileges_drop(&gateway->steer, dirname(path));
}

static bool reload_asked(void *user, FILE *errors)
{
	return gateway_reload(user, errors);
}

static bool set_up_control(struct gateway *gateway)
{

	gateway->counters = (struct gw_counters){
		.steer = &gateway->steer,
		.net = &gateway->net,
		.tap = &gateway->tap,
		.count = gateway->count,
		.routes = gateway->routes,
		.worker = gateway->worker,
		.control = &gateway->control.counts,
	};
	if (!gw_control_init(&gateway->control, socket_path(gateway), gateway->tracker, &gateway->counters)) {
		if (gateway->config->socket != NULL)
			return false;
		gw_say("it runs all the same, but cannot be asked (--socket PATH chooses another place)");
	}
	gateway->control.asked.reload = reload_asked;
	gateway->control.asked.user = gateway;
	return true;
}

/*
 * Packets go before programs, as they do in the kernel: who shares a processor with us is else preferred to us whenever we wake him
 * with a packet. Whoever started us with a priority (nice, Nice= of the unit) has chosen, and without the right to it we go on.
 */
static void go_first(void)
{
	if (getpriority(PRIO_PROCESS, 0) == 0)
		(void)setpriority(PRIO_PROCESS, 0, NICE);
}

static bool set_up(struct gateway *gateway)
{
	const struct gateway_config *config = gateway->config;

	gw_notify_init(&gateway->notify, BEAT);
	go_first();
	if (!take_lock(gateway) || !take_signals(gateway) || !gw_net_init(&gateway->net, config) || !set_up_engine(gateway) ||
	    !set_up_control(gateway))
		return false;
	(void)gw_keys_open(); /* translation may be asked for later */
	reserve_keys(config);
	return set_up_steering(gateway) && (config->no_sandbox || give_up_rights(gateway));
}

static void tear_down(struct gateway *gateway)
{
	if (gateway->steer.config != NULL)
		gw_steer_alive(&gateway->steer, 0);
	if (gateway->config->open)
		gw_steer_detach(&gateway->steer);
	gw_control_fini(&gateway->control);
	gw_burst_fini(&gateway->burst);
	gw_steer_fini(&gateway->steer);
	gw_tap_fini(&gateway->tap);
	gw_net_fini(&gateway->net);
	gw_notify_fini(&gateway->notify);
	if (gateway->region != NULL && gateway->region != MAP_FAILED)
		munmap(gateway->region, gateway->region_size);
	free(gateway->routes);
	free(gateway->told);
	free(gateway->sources);
	gateway_config_free(gateway->own);
	if (gateway->signals >= 0)
		close(gateway->signals);
	if (gateway->lock >= 0)
		close(gateway->lock);
}

static bool run_gateway(const struct gateway_config *config, const char *file)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	bool good;

	if (gateway == NULL)
		return gw_say("out of memory");
	gateway->config = config;
	gateway->file = file;
	gateway->lock = gateway->signals = gateway->tap.fd = gateway->net.query = gateway->net.events = gateway->notify.fd = -1;
	gateway->control.poll = gateway->control.listener = -1;
	good = set_up(gateway);
	if (good) {
		tell_start(gateway);
		good = run(gateway);
		tell_stop(gateway);
	}
	tear_down(gateway);
	free(gateway);
	return good;
}

bool gateway_run(const struct gateway_config *config)
{
	return run_gateway(config, NULL);
}

bool gateway_run_file(const char *file, const struct gateway_config *given)
{
	struct gateway_config *config = gateway_config_read(file, stderr);
	bool good = false;

	if (config != NULL) {
		config->socket = given->socket;
		config->no_sandbox = given->no_sandbox;
		good = run_gateway(config, file);
	}
	gateway_config_free(config);
	return good;
}
