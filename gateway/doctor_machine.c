/*
 * The doctor's look at the machine: the kernel, its options, devices, rights, BPF, memory. See doctor_parts.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include "gateway/doctor_parts.h"
#include "gateway/steer.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void look_at_kernel(struct doctor *doctor)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	if (major > 5 || (major == 5 && minor >= 10))
		doctor_say(doctor, DOCTOR_GOOD, "kernel", "Linux %s (5.10 or later is needed)", name.release);
	else
		doctor_say(doctor, DOCTOR_WRONG, "kernel",
			   "Linux %s is too old: packets are sent out with bpf_redirect_neigh, which came with 5.10\n"
			   "install a later kernel",
			   name.release);
}

static const struct option_row {
	const char *name, *what;
	bool needed;
} options[] = {
	{ "CONFIG_BPF_SYSCALL", "BPF programs", true },
	{ "CONFIG_NET_CLS_ACT", "actions at TC hooks", true },
	{ "CONFIG_NET_SCH_INGRESS", "the clsact hook", true },
	{ "CONFIG_NET_CLS_BPF", "BPF at TC hooks", true },
	{ "CONFIG_TUN", "TAP devices", true },
	{ "CONFIG_SECCOMP_FILTER", "the sandbox's filter for system calls", true },
	{ "CONFIG_BPF_JIT", "BPF as machine code: without it each packet costs much more", false },
	{ "CONFIG_SECURITY_LANDLOCK", "the sandbox's fence around files", false },
};

/* The kernel's configuration, packed or not. Sets `has`; false: there is none to read. */
static bool read_options(bool has[COUNT_OF(options)])
{
	char path[128], line[256];
	struct utsname name;
	gzFile file;

	uname(&name);
	snprintf(path, sizeof(path), "/boot/config-%.*s", (int)sizeof(path) - 16, name.release);
	file = gzopen("/proc/config.gz", "r");
	if (file == NULL)
		file = gzopen(path, "r");
	if (file == NULL)
		return false;
	while (gzgets(file, line, sizeof(line)) != NULL) {
		for (size_t i = 0; i < COUNT_OF(options); i++) {
			size_t len = strlen(options[i].name);

			if (strncmp(line, options[i].name, len) == 0 && line[len] == '=' &&
			    (line[len + 1] == 'y' || line[len + 1] == 'm'))
				has[i] = true;
		}
	}
	gzclose(file);
	return true;
}

static void look_at_options(struct doctor *doctor)
{
	bool has[COUNT_OF(options)] = { false };
	unsigned missing = 0;

	if (!read_options(has)) {
		doctor_say(doctor, DOCTOR_NOTE, "options",
			   "the kernel's options cannot be read: there is no /proc/config.gz and no /boot/config-...; what can be "
			   "tried is tried below");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		missing += !has[i];
		if (!has[i])
			doctor_say(doctor, options[i].needed ? DOCTOR_WRONG : DOCTOR_NOTE, "options",
				   "the kernel was built without %s: %s\ninstall a kernel with %s=y", options[i].name,
				   options[i].what, options[i].name);
	}
	if (missing == 0)
		doctor_say(doctor, DOCTOR_GOOD, "options", "the kernel was built with all that is needed");
}

static void look_at_tun(struct doctor *doctor)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), error = errno;
	struct stat status;

	if (fd >= 0)
		doctor_say(doctor, DOCTOR_GOOD, "tun", "/dev/net/tun can be opened");
	else if (error == ENOENT && stat("/dev/net/tun", &status) != 0)
		doctor_say(doctor, DOCTOR_WRONG, "tun",
			   "there is no /dev/net/tun\nmkdir -p /dev/net && mknod /dev/net/tun c 10 200 && modprobe tun");
	else if (error == ENODEV || error == ENXIO)
		doctor_say(doctor, DOCTOR_WRONG, "tun", "/dev/net/tun: the kernel's module is not loaded\nmodprobe tun");
	else
		doctor_say(doctor, DOCTOR_WRONG, "tun",
			   "/dev/net/tun: %s\nbe root; a container must be given the device (docker run --device /dev/net/tun)",
			   strerror(error));
	if (fd >= 0)
		close(fd);
}

static bool has_right(cap_value_t right)
{
	cap_t have = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	if (have != NULL) {
		cap_get_flag(have, right, CAP_EFFECTIVE, &value);
		cap_free(have);
	}
	return value == CAP_SET;
}

static bool look_at_rights(struct doctor *doctor)
{
	bool admin = has_right(CAP_NET_ADMIN), bpf = has_right(CAP_BPF) || has_right(CAP_SYS_ADMIN);

	if (admin && bpf)
		doctor_say(doctor, DOCTOR_GOOD, "rights", "CAP_NET_ADMIN and CAP_BPF are there");
	else
		doctor_say(doctor, DOCTOR_WRONG, "rights",
			   "%s%s%s missing: the gateway starts as root (and gives up what it does not need)\n"
			   "run it as root; a container needs --cap-add NET_ADMIN --cap-add BPF",
			   admin ? "" : "CAP_NET_ADMIN", admin || bpf ? "" : " and ", bpf ? "" : "CAP_BPF");
	return admin && bpf;
}

static void look_at_bpf(struct doctor *doctor)
{
	struct gw_steer steer;
	bool good = gw_steer_init(&steer);
	long jit = doctor_number("/proc/sys/net/core/bpf_jit_enable", 1);

	gw_steer_fini(&steer);
	if (good)
		doctor_say(doctor, DOCTOR_GOOD, "bpf", "the kernel takes the gateway's BPF programs");
	else
		doctor_say(doctor, DOCTOR_WRONG, "bpf",
			   "the kernel does not take the gateway's BPF programs; why stands on standard error\n"
			   "USHER_BPF_LOG=1 usher doctor tells what the verifier says");
	if (jit == 0)
		doctor_say(doctor, DOCTOR_NOTE, "jit",
			   "BPF is interpreted, which costs time for each packet\nsysctl -w net.core.bpf_jit_enable=1");
}

static void look_at_sandbox(struct doctor *doctor)
{
	uint32_t action = SECCOMP_RET_TRAP;
	bool filter = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
	long landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (!filter)
		doctor_say(doctor, DOCTOR_WRONG, "sandbox",
			   "the kernel cannot filter system calls (seccomp)\n--no-sandbox runs without");
	else if (landlock < 1)
		doctor_say(doctor, DOCTOR_NOTE, "sandbox",
			   "the kernel has no Landlock, or it is not on: that nothing is removed outside of " GATEWAY_RUN
			   " is left to file rights\nadd landlock to the kernel's parameter lsm=");
	else
		doctor_say(doctor, DOCTOR_GOOD, "sandbox", "seccomp, and Landlock of version %ld", landlock);
}

/* Of /proc/meminfo, in KiB; 0: it does not say. */
static unsigned long long memory_of(const char *name)
{
	char line[128];
	unsigned long long value = 0;
	FILE *file = fopen("/proc/meminfo", "re");
	size_t len = strlen(name);

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			value = strtoull(line + len + 1, NULL, 10);
	}
	if (file != NULL)
		fclose(file);
	return value;
}

static void look_at_memory(struct doctor *doctor)
{
	const struct usher_options tables = {
		.size = sizeof(tables),
		.connections = doctor->config->connections,
		.nat_first = doctor->config->key_first,
		.nat_last = doctor->config->key_last,
		.fragments = GATEWAY_FRAGMENTS,
	};
	unsigned long long need = usher_size(&tables) >> 20, have = memory_of("MemAvailable") >> 10;
	unsigned long long limit = memory_of("CommitLimit") >> 10, promised = memory_of("Committed_AS") >> 10;

	if (doctor_number("/proc/sys/vm/overcommit_memory", 0) == 2 && need + promised > limit)
		doctor_say(doctor, DOCTOR_WRONG, "memory",
			   "the tables want %llu MiB, and with vm.overcommit_memory=2 the kernel promises no more than %llu MiB\n"
			   "sysctl -w vm.overcommit_memory=0, or fewer --connections",
			   need, limit > promised ? limit - promised : 0);
	else if (have != 0 && need > have)
		doctor_say(doctor, DOCTOR_NOTE, "memory",
			   "if all tables were full they would take %llu MiB, and %llu MiB are free\n"
			   "fewer --connections, or more memory",
			   need, have);
	else
		doctor_say(doctor, DOCTOR_GOOD, "memory", "%llu MiB if all tables were full; %llu MiB are free", need, have);
}

void doctor_machine(struct doctor *doctor)
{
	look_at_kernel(doctor);
	look_at_options(doctor);
	look_at_tun(doctor);
	if (look_at_rights(doctor))
		look_at_bpf(doctor);
	look_at_sandbox(doctor);
	look_at_memory(doctor);
}
