/*
 * See privileges.h.
 *
 * What the running gateway asks of the kernel was found with strace through the whole lab (packets, interfaces that come and go,
 * addresses, signals, counters). A call that is on no list fails with EPERM, is counted and told: a C library that begins to use
 * another call does not take the network down. What no gateway ever asks for (another program, another process's memory, modules,
 * mounts) ends the process at once; the steering then drops everything, and whoever supervises starts it again.
 */
#include "gateway/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "gateway/say.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Sanitizers make calls of their own, up to a second process that looks into this one. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* ---- files ---- */

#define ALL_WRITING \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define RUN_WRITING \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK)

static bool allow_writing(int rules, const char *directory)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = RUN_WRITING };
	bool good;

	rule.parent_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT || gw_say("%s: %s", directory, strerror(errno));
	good = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
	if (!good)
		gw_say("sandbox: %s: %s", directory, strerror(errno));
	close(rule.parent_fd);
	return good;
}

/* `*fenced`: the kernel has Landlock, and nothing is executed, or written outside of the run directory. false: told. */
static bool fence_files(const char *run_directory, bool *fenced)
{
	/* The second version can tell moving apart, the third cutting short; before, both are refused or no harm is done. */
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr handled = { .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | ALL_WRITING };
	int rules;

	*fenced = false;
	if (version < 1)
		return true;
	if (version >= 2)
		handled.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
#ifdef LANDLOCK_ACCESS_FS_TRUNCATE
	if (version >= 3)
		handled.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
#endif
	rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	if (rules < 0)
		return gw_say("sandbox: files: %s", strerror(errno));
	*fenced = allow_writing(rules, run_directory) &&
		  (syscall(SYS_landlock_restrict_self, rules, 0) == 0 || gw_say("sandbox: files: %s", strerror(errno)));
	close(rules);
	return *fenced;
}

/* ---- capabilities ---- */

/* CAP_NET_ADMIN: programs go to interfaces that come later (tc). The maps are looked up and changed through descriptors. */
static cap_value_t keep[2] = { CAP_NET_ADMIN };

static bool set_capabilities(int count, bool permitted)
{
	cap_t set = cap_init();
	bool good = set != NULL;

	if (good && !permitted) { /* only what is in force; it can be had back */
		cap_free(set);
		set = cap_get_proc();
		good = set != NULL && cap_clear_flag(set, CAP_EFFECTIVE) == 0;
	}
	good = good && cap_set_flag(set, CAP_EFFECTIVE, count, keep, CAP_SET) == 0;
	if (permitted)
		good = good && cap_set_flag(set, CAP_PERMITTED, count, keep, CAP_SET) == 0;
	good = good && cap_set_proc(set) == 0;
	if (set != NULL)
		cap_free(set);
	return good || gw_say("sandbox: capabilities: %s", strerror(errno));
}

/*
 * Before Linux 6.0, where unprivileged BPF is switched off, even a map whose descriptor one has asks for CAP_BPF, and before 5.8
 * for CAP_SYS_ADMIN. Whether it is so here, the kernel says itself.
 */
static bool maps_want_more(const struct gw_steer *steer)
{
	return !gw_steer_reachable(steer) && errno == EPERM;
}

static bool drop_capabilities(const struct gw_steer *steer)
{
	int count = 1;

	cap_reset_ambient();
	for (cap_value_t one = 0; one < cap_max_bits(); one++) {
		/* Without CAP_SETPCAP it cannot be done, and with no_new_privs nothing depends on it. */
		if (one != CAP_NET_ADMIN && one != CAP_BPF && one != CAP_SYS_ADMIN)
			cap_drop_bound(one);
	}
	if (!set_capabilities(count, false))
		return false;
	if (maps_want_more(steer)) {
		keep[count++] = CAP_IS_SUPPORTED(CAP_BPF) ? CAP_BPF : CAP_SYS_ADMIN;
		if (!set_capabilities(count, false))
			return false;
	}
	return set_capabilities(count, true);
}

/* ---- system calls ---- */

static volatile sig_atomic_t refused_count, refused_last;

/* The kernel has not made the call; what it returns is what stands in the register when the handler ends. */
#if defined(__x86_64__)
#define RETURN_REGISTER(context) (context)->uc_mcontext.gregs[REG_RAX]
#elif defined(__aarch64__)
#define RETURN_REGISTER(context) (context)->uc_mcontext.regs[0]
#endif

#ifdef RETURN_REGISTER
#define REFUSE SCMP_ACT_TRAP

static void take_refusal(int signal, siginfo_t *info, void *user)
{
	ucontext_t *context = user;

	(void)signal;
	refused_count = refused_count < SIG_ATOMIC_MAX ? refused_count + 1 : refused_count;
	refused_last = info->si_syscall;
	RETURN_REGISTER(context) = (__typeof__(RETURN_REGISTER(context)))(-EPERM);
}

static bool catch_refusals(void)
{
	struct sigaction action = { .sa_sigaction = take_refusal, .sa_flags = SA_SIGINFO | SA_RESTART };

	sigemptyset(&action.sa_mask);
	return sigaction(SIGSYS, &action, NULL) == 0;
}
#else
#define REFUSE SCMP_ACT_ERRNO(EPERM) /* on this machine they are not counted */

static bool catch_refusals(void)
{
	return true;
}
#endif

/* X(CALL): whatever its arguments. */
#define FREE_CALLS(X) \
	/* packets, netlink, the control socket, what is told */ \
	X(read) X(readv) X(write) X(writev) X(sendto) X(sendmsg) X(recvfrom) X(recvmsg) X(pread64) X(pwrite64) X(close) X(lseek) \
	X(accept) X(accept4) X(bind) X(getsockname) X(getsockopt) X(setsockopt) X(shutdown) X(fcntl) \
	X(fstat) X(newfstatat) X(statx) \
	/* waiting, and time where there is no vDSO for it */ \
	X(ppoll) X(poll) X(epoll_wait) X(epoll_pwait) X(epoll_ctl) \
	X(clock_gettime) X(gettimeofday) X(time) X(clock_nanosleep) X(restart_syscall) X(futex) \
	/* memory */ \
	X(brk) X(munmap) X(mremap) X(madvise) X(getrandom) \
	/* signals and the end */ \
	X(rt_sigreturn) X(rt_sigprocmask) X(getpid) X(gettid) X(exit) X(exit_group)

/* X(CALL): the process ends. */
#define DEADLY_CALLS(X) \
	X(execve) X(execveat) X(fork) X(vfork) X(ptrace) X(process_vm_readv) X(process_vm_writev) X(mount) X(umount2) \
	X(pivot_root) X(chroot) \
	X(setns) X(unshare) X(init_module) X(finit_module) X(delete_module) X(kexec_load) X(kexec_file_load) X(reboot) \
	X(swapon) X(open_by_handle_at) X(perf_event_open) X(userfaultfd) X(keyctl) X(add_key) X(request_key) X(io_uring_setup)

static int add_lists(scmp_filter_ctx filter)
{
	static const int free_calls[] = {
#define X(call) SCMP_SYS(call),
		FREE_CALLS(X)
#undef X
	};
	static const int deadly_calls[] = {
#define X(call) SCMP_SYS(call),
		DEADLY_CALLS(X)
#undef X
	};
	int error = 0;

	/* Numbers below 0 stand for calls that this machine does not have. */
	for (size_t i = 0; i < COUNT_OF(free_calls) && error == 0; i++)
		error = free_calls[i] < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, free_calls[i], 0);
	for (size_t i = 0; i < COUNT_OF(deadly_calls) && error == 0; i++)
		error = deadly_calls[i] < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly_calls[i], 0);
	return error;
}

static int allow_with(scmp_filter_ctx filter, int call, struct scmp_arg_cmp argument)
{
	return call < 0 ? 0 : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &argument);
}

/* What is allowed with some arguments only. */
static int add_narrow(scmp_filter_ctx filter, bool files_fenced)
{
	static const unsigned commands[] = { BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY,
					     BPF_OBJ_GET_INFO_BY_FD };
	/* The configuration is read again; nothing is opened to be written. O_ACCMODE covers O_PATH's look-alikes. */
	const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
	int error = 0;

	for (size_t i = 0; i < COUNT_OF(commands) && error == 0; i++)
		error = allow_with(filter, SCMP_SYS(bpf), SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, commands[i]));
	if (error == 0)
		error = allow_with(filter, SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
	if (error == 0)
		error = allow_with(filter, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (error == 0)
		error = allow_with(filter, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* libbpf opens a netlink socket whenever it attaches. */
	if (error == 0)
		error = allow_with(filter, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, AF_NETLINK));
	/* abort() */
	if (error == 0)
		error = allow_with(filter, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)getpid()));
	/* The control socket goes at the end. Which file it is only Landlock can tell. */
	if (error == 0 && files_fenced && SCMP_SYS(unlink) >= 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(unlink), 0);
	if (error == 0 && files_fenced)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(unlinkat), 0);
	return error;
}

static bool filter_calls(bool files_fenced)
{
	scmp_filter_ctx filter;
	int error;

	if (SANITIZED) {
		gw_say("sandbox: a build with sanitizers has no filter for system calls");
		return true;
	}
	filter = catch_refusals() ? seccomp_init(REFUSE) : NULL;
	if (filter == NULL)
		return gw_say("sandbox: system calls: %s", strerror(errno));
	/* A tree, not a chain of comparisons: the library's older versions know only chains, which are as good, and slower. */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	error = add_lists(filter);
	if (error == 0)
		error = add_narrow(filter, files_fenced);
	if (error == 0)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error == 0 || gw_say("sandbox: system calls: %s (--no-sandbox does without)", strerror(-error));
}

/* ---- the whole ---- */

bool gw_privileges_drop(const struct gw_steer *steer, const char *run_directory)
{
	bool files_fenced;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return gw_say("sandbox: no_new_privs: %s", strerror(errno));
	return fence_files(run_directory, &files_fenced) && drop_capabilities(steer) && filter_calls(files_fenced);
}

uint64_t gw_privileges_refused(void)
{
	return (uint64_t)refused_count;
}

void gw_privileges_tell(void)
{
	static uint64_t told;
	uint64_t count = gw_privileges_refused();
	char *name;

	if (count == told)
		return;
	told = count;
	name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)refused_last);
	gw_say("sandbox: the system call %s (%d) was refused, %llu in all; --no-sandbox runs without", name != NULL ? name : "?",
	       (int)refused_last, (unsigned long long)count);
	free(name);
}
