/*
 * What a process can still do once gateway/privileges has taken its rights away: each question in a child of its own, which answers
 * with its exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/keys.h"
#include "gateway/privileges.h"

#if defined(__SANITIZE_ADDRESS__)
#define FILTERED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FILTERED 0
#endif
#endif
#ifndef FILTERED
#define FILTERED 1
#endif

#define NOT_DROPPED 200 /* more than an errno value */

static char folder[] = "/tmp/usher-privileges-XXXXXX", inside[64], outside[64];

static int make_files(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(inside, sizeof(inside), "%s/run", folder);
	snprintf(outside, sizeof(outside), "%s/file", folder);
	if (mkdir(inside, 0700) != 0)
		return -1;
	snprintf(inside, sizeof(inside), "%s/run/file", folder);
	return close(open(inside, O_CREAT | O_WRONLY, 0600)) != 0 || close(open(outside, O_CREAT | O_WRONLY, 0600)) != 0;
}

static int remove_files(void **state)
{
	(void)state;
	unlink(inside);
	unlink(outside);
	*strrchr(inside, '/') = '\0';
	rmdir(inside);
	return rmdir(folder);
}

/* What a child says that tries this once its rights are gone: 0 or an errno value, or the negative of the signal that ended it. */
static int tried(int (*attempt)(void))
{
	char run_directory[64];
	int status;
	pid_t child = fork();

	snprintf(run_directory, sizeof(run_directory), "%s/run", folder);
	if (child == 0) {
		struct gw_steer steer;

		/* What is reserved is reserved in a network of its own. */
		if (unshare(CLONE_NEWNET) != 0 || !gw_keys_open() || !gw_steer_init(&steer) || !gw_privileges_drop(&steer, run_directory))
			_exit(NOT_DROPPED);
		_exit(attempt());
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int result(long value)
{
	return value < 0 ? errno : 0;
}

static int nothing(void) { return 0; }
static int read_a_file(void) { return result(open("/etc/passwd", O_RDONLY)); }
static int write_outside(void) { return result(open(outside, O_WRONLY)); }
static int create_outside(void) { return result(open("/tmp/usher-privileges-created", O_RDWR | O_CREAT, 0600)); }
static int unlink_outside(void) { return result(unlink(outside)); }
static int unlink_inside(void) { return result(unlink(inside)); }
static int rename_outside(void) { return result(rename(outside, "/tmp/usher-privileges-renamed")); }
static int change_mode(void) { return result(chmod(outside, 0777)); }
static int netlink(void) { return result(socket(AF_NETLINK, SOCK_RAW, 0)); }
static int internet(void) { return result(socket(AF_INET, SOCK_STREAM, 0)); }
static int raw(void) { return result(socket(AF_PACKET, SOCK_RAW, 0)); }
static int another_user(void) { return result(setuid(65534)); }
static int trace_parent(void) { return result(ptrace(PTRACE_ATTACH, getppid(), 0, 0)); }
static int another_program(void) { return result(execl("/bin/true", "true", (char *)NULL)); }
static int signal_parent(void) { return result(kill(getppid(), 0)); }

static int reserve_keys(void) { return gw_keys_reserve(40000, 40010) && gw_keys_reserve(40000, 40010) ? 0 : 1; }

static int executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int memory(void)
{
	void *much = malloc(64u << 20);

	if (much == NULL)
		return errno;
	free(much);
	return 0;
}

/* The kernel's own words: asking with capget() is not allowed any more. */
static int rights_left(void)
{
	const uint64_t admin = UINT64_C(1) << CAP_NET_ADMIN, maps = UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_SYS_ADMIN;
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long permitted = 0, in_force = 0;
	char line[256];

	while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
		sscanf(line, "CapPrm: %llx", &permitted);
		sscanf(line, "CapEff: %llx", &in_force);
	}
	return permitted == in_force && permitted & admin && (permitted & ~(admin | maps)) == 0 ? 0 : 1;
}

static int counted(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
	(void)socket(AF_INET6, SOCK_STREAM, 0);
	return gw_privileges_refused() == 2 ? 0 : 1;
}

static void what_it_needs(void **state)
{
	(void)state;
	assert_int_equal(tried(nothing), 0);
	assert_int_equal(tried(read_a_file), 0);
	assert_int_equal(tried(netlink), 0);
	assert_int_equal(tried(memory), 0);
	assert_int_equal(tried(reserve_keys), 0);
	assert_int_equal(tried(rights_left), 0);
}

static void files(void **state)
{
	int inside_left;

	(void)state;
	assert_int_not_equal(tried(write_outside), 0);
	assert_int_not_equal(tried(create_outside), 0);
	assert_int_not_equal(tried(unlink_outside), 0);
	assert_int_not_equal(tried(rename_outside), 0);
	inside_left = tried(unlink_inside);
	/* Without Landlock nothing is removed anywhere. */
	assert_true(inside_left == 0 || inside_left == EPERM);
}

static void what_is_refused(void **state)
{
	(void)state;
	if (!FILTERED)
		skip();
	assert_int_equal(tried(internet), EPERM);
	assert_int_equal(tried(raw), EPERM);
	assert_int_equal(tried(executable_memory), EPERM);
	assert_int_equal(tried(change_mode), EPERM);
	assert_int_equal(tried(another_user), EPERM);
	assert_int_equal(tried(signal_parent), EPERM);
	assert_int_equal(tried(counted), 0);
}

static void what_is_deadly(void **state)
{
	(void)state;
	if (!FILTERED)
		skip();
	assert_int_equal(tried(another_program), -SIGSYS);
	assert_int_equal(tried(trace_parent), -SIGSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_needs),
		cmocka_unit_test(files),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(what_is_deadly),
	};
	cap_t have = cap_get_proc();
	cap_flag_value_t admin = CAP_CLEAR;

	cap_get_flag(have, CAP_NET_ADMIN, CAP_EFFECTIVE, &admin);
	cap_free(have);
	if (geteuid() != 0 || admin != CAP_SET) {
		puts("1..0 # SKIP only root has rights to give up");
		return 0;
	}
	return cmocka_run_group_tests_name("gateway/privileges", tests, make_files, remove_files);
}
