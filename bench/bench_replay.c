/*
 * bench/replay: what `usher replay` costs on a big capture, beside libpcap alone on the same file.
 *
 * Method: writes a capture of many TCP connections (full-size packets, then one of 64-byte packets) to a temporary folder, then
 * runs in turn, each as a process of its own, a loop that only reads it with libpcap and `usher replay`; five times; medians of
 * the wall time. The program is $USHER, else the one built beside this. One line of JSON for each capture.
 */
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS 5
#define FLOWS 1000u

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what)
{
	fprintf(stderr, "bench_replay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* Ethernet, IPv4, TCP: `wire` bytes in all; `sent` counts what each flow has sent. */
static void build(uint8_t *p, uint32_t wire, uint32_t flow, uint32_t *sent)
{
	static const uint8_t head[54] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, [22] = 64, 6, [26] = 10,
					  [30] = 192, 0, 2, 1, [37] = 80, [46] = 0x50, 0x10, 0xff, 0xff };
	uint32_t len = wire - 14;

	memcpy(p, head, sizeof(head));
	p[16] = (uint8_t)(len >> 8);
	p[17] = (uint8_t)len;
	p[28] = (uint8_t)(flow >> 8);
	p[29] = (uint8_t)flow;
	p[34] = 0x9c;
	put32(p + 38, 1000 + sent[flow]);
	put32(p + 42, 5000);
	sent[flow] += len - 40;
}

static void write_capture(const char *path, uint64_t size, uint32_t wire)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *d = pcap_dump_open(p, path);
	static uint32_t sent[FLOWS];
	static uint8_t packet[2048];
	struct pcap_pkthdr h = { .caplen = wire, .len = wire };
	uint64_t n, count = size / (wire + 16);

	if (!d)
		fail(path);
	memset(sent, 0, sizeof(sent));
	for (n = 0; n < count; n++) {
		h.ts.tv_sec = 1700000000 + (time_t)(n / 1000000);
		h.ts.tv_usec = (suseconds_t)(n % 1000000);
		build(packet, wire, (uint32_t)(n % FLOWS), sent);
		pcap_dump((uint8_t *)d, &h, packet);
	}
	pcap_dump_close(d);
	pcap_close(p);
}

static void only_read(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, error);
	struct pcap_pkthdr *h;
	const uint8_t *data;
	uint64_t bytes = 0;

	while (p && pcap_next_ex(p, &h, &data) == 1)
		bytes += h->caplen + data[0];
	_exit(p && bytes ? 0 : 1);
}

static double run(const char *program, const char *path)
{
	double begin = seconds();
	pid_t child = fork();
	int status;

	if (child < 0)
		fail("fork");
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		if (!program)
			only_read(path);
		dup2(null, 1);
		execl(program, program, "replay", path, (char *)NULL);
		_exit(127);
	}
	if (waitpid(child, &status, 0) < 0 || status != 0) {
		fprintf(stderr, "bench_replay: %s failed\n", program ? program : "libpcap");
		exit(1);
	}
	return seconds() - begin;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const char *program, const char *folder, uint64_t size, uint32_t wire)
{
	char path[4096];
	double usher[RUNS], libpcap[RUNS];
	int i;

	snprintf(path, sizeof(path), "%s/replay-%u.pcap", folder, wire);
	write_capture(path, size, wire);
	run(NULL, path); /* into the page cache */
	for (i = 0; i < RUNS; i++) {
		libpcap[i] = run(NULL, path);
		usher[i] = run(program, path);
	}
	unlink(path);
	qsort(usher, RUNS, sizeof(double), compare);
	qsort(libpcap, RUNS, sizeof(double), compare);
	printf("{\"bench\":\"replay\",\"bytes\":%llu,\"packet\":%u,\"usher_s\":%.3f,\"libpcap_s\":%.3f,\"ratio\":%.2f}\n",
	       (unsigned long long)size, wire, usher[RUNS / 2], libpcap[RUNS / 2], usher[RUNS / 2] / libpcap[RUNS / 2]);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint64_t size = getenv("BENCH_QUICK") ? 8u << 20 : 1u << 30;
	const char *program = getenv("USHER"), *base = getenv("TMPDIR");
	char folder[2048], beside[4096];

	(void)argc;
	snprintf(folder, sizeof(folder), "%s/usher-bench-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(folder))
		fail(folder);
	snprintf(beside, sizeof(beside), "%.*s../usher/usher",
		 (int)(strrchr(argv[0], '/') ? strrchr(argv[0], '/') - argv[0] + 1 : 0), argv[0]);
	measure(program ? program : beside, folder, size, 1514);
	measure(program ? program : beside, folder, size, 64);
	rmdir(folder);
	return 0;
}
