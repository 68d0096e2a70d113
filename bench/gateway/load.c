/*
 * bench/gateway/load: the two ends of bench-gateway: traffic, and how much of it arrives.
 *
 *	load datagrams ADDRESS PORT SECONDS SIZE	UDP as fast as it goes; prints packets a second sent
 *	load ftpd PORT			FTP server that knows PORT and RETR, and sends one byte. Until it is ended.
 *	load ftp ADDRESS PORT SECONDS OWN SESSIONS	so many sessions side by side, in each one transfer after the other: PORT,
 *				RETR, one byte over a connection from the server; prints transfers a second
 *
 * OWN is the client's own address, as PORT says it. Each prints one number. Exit 1: one line tells why.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH  64
#define LINE   512

static void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sockaddr_in at(const char *address, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };

	if (inet_pton(AF_INET, address, &a.sin_addr) != 1) {
		errno = EINVAL;
		fail(address);
	}
	return a;
}

static int make(int type, const struct sockaddr_in *bound)
{
	int fd = socket(AF_INET, type, 0), one = 1;

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bound && bind(fd, (const struct sockaddr *)bound, sizeof(*bound)) != 0)
		fail("bind");
	if (bound && type == SOCK_STREAM && listen(fd, 128) != 0)
		fail("listen");
	return fd;
}

static int dial(const struct sockaddr_in *to)
{
	int fd = make(SOCK_STREAM, NULL);

	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) != 0)
		fail("connect");
	return fd;
}

static void datagrams(const char *address, const char *port, double seconds, size_t size)
{
	static char data[1472];
	struct sockaddr_in to = at(address, port);
	struct iovec part = { data, size };
	struct mmsghdr message[BATCH];
	int fd = make(SOCK_DGRAM, NULL), room = 4 << 20;
	double begin = now(), end;
	uint64_t sent = 0;

	memset(message, 0, sizeof(message));
	for (int i = 0; i < BATCH; i++)
		message[i].msg_hdr = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 };
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (size > sizeof(data) || connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
		fail("connect");
	do {
		int n = sendmmsg(fd, message, BATCH, 0);

		if (n > 0)
			sent += (uint64_t)n;
		end = now();
	} while (end < begin + seconds);
	printf("%.0f\n", (double)sent / (end - begin));
}

/* ---- FTP, as much as is needed ---- */

static void say(int fd, const char *line)
{
	if (write(fd, line, strlen(line)) < 0)
		fail("write");
}

/* A line that ends in LF. false: the other side has closed. */
static int hear(int fd, char line[LINE])
{
	size_t len = 0;

	while (len < LINE - 1) {
		ssize_t n = read(fd, line + len, LINE - 1 - len);

		if (n <= 0)
			return 0;
		len += (size_t)n;
		if (line[len - 1] == '\n')
			break;
	}
	line[len] = '\0';
	return 1;
}

static void retrieve(const struct sockaddr_in *to)
{
	int fd = make(SOCK_STREAM, NULL);

	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) != 0)
		exit(1); /* the client has given up */
	say(fd, "x");
	close(fd);
}

static void serve(int fd)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	unsigned n[6];
	char line[LINE];

	say(fd, "220 ready\r\n");
	while (hear(fd, line)) {
		if (sscanf(line, "PORT %u,%u,%u,%u,%u,%u", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) == 6) {
			to.sin_addr.s_addr = htonl(n[0] << 24 | n[1] << 16 | n[2] << 8 | n[3]);
			to.sin_port = htons((uint16_t)(n[4] << 8 | n[5]));
			say(fd, "200 go on\r\n");
		} else if (strncmp(line, "RETR", 4) == 0) {
			say(fd, "150 here it comes\r\n");
			retrieve(&to);
			say(fd, "226 done\r\n");
		} else {
			say(fd, "230 welcome\r\n");
		}
	}
	close(fd);
}

static void ftpd(const char *port)
{
	struct sockaddr_in any = at("0.0.0.0", port);
	int listener = make(SOCK_STREAM, &any);

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0) {
			serve(fd);
			exit(0);
		}
		close(fd);
	}
}

static int expect(int fd, const char *code)
{
	char line[LINE];

	return hear(fd, line) && strncmp(line, code, 3) == 0;
}

/* false: something does not come within a second, somebody on the way has another use for the ports. */
static int transfer(int fd, const char *own)
{
	struct timeval wait = { 1, 0 };
	struct sockaddr_in any = at("0.0.0.0", "0");
	socklen_t size = sizeof(any);
	char line[LINE], byte[8];
	int listener = make(SOCK_STREAM, &any), data, got;

	if (getsockname(listener, (struct sockaddr *)&any, &size) != 0)
		fail("getsockname");
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	snprintf(line, sizeof(line), "PORT %s,%u,%u\r\n", own, (unsigned)ntohs(any.sin_port) >> 8,
		 (unsigned)ntohs(any.sin_port) & 255);
	data = -1;
	if (write(fd, line, strlen(line)) > 0 && expect(fd, "200") && write(fd, "RETR x\r\n", 8) == 8)
		data = accept(listener, NULL, NULL);
	close(listener);
	if (data < 0)
		return 0;
	setsockopt(data, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	got = read(data, byte, sizeof(byte)) == 1 && hear(fd, line); /* 150, and 226 with it or after it */
	close(data);
	return got && (strstr(line, "226") != NULL || expect(fd, "226"));
}

static int begin(const struct sockaddr_in *to)
{
	struct timeval wait = { 1, 0 };
	int fd = dial(to);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (!expect(fd, "220") || write(fd, "USER anonymous\r\n", 16) != 16 || !expect(fd, "230"))
		fail("no answer");
	return fd;
}

/* One session; how many transfers there were. */
static uint64_t session(const struct sockaddr_in *to, const char *own, double end)
{
	uint64_t n = 0;
	char address[32];
	int fd = begin(to);

	snprintf(address, sizeof(address), "%s", own);
	for (char *dot = address; *dot; dot++)
		if (*dot == '.')
			*dot = ',';
	do {
		if (transfer(fd, address)) {
			n++;
			continue;
		}
		close(fd);
		fd = begin(to);
	} while (now() < end);
	close(fd);
	return n;
}

static void ftp(const char *address, const char *port, double seconds, const char *own, int sessions)
{
	struct sockaddr_in to = at(address, port);
	double begin = now();
	uint64_t sum = 0, n;
	int counts[2];

	if (pipe(counts) != 0)
		fail("pipe");
	for (int i = 0; i < sessions; i++) {
		if (fork() == 0) {
			n = session(&to, own, begin + seconds);
			exit(write(counts[1], &n, sizeof(n)) != sizeof(n));
		}
	}
	close(counts[1]);
	for (int i = 0; i < sessions; i++) {
		if (read(counts[0], &n, sizeof(n)) != sizeof(n))
			fail("a session failed");
		sum += n;
	}
	printf("%.1f\n", (double)sum / (now() - begin));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	if (argc == 6 && strcmp(what, "datagrams") == 0)
		datagrams(argv[2], argv[3], atof(argv[4]), (size_t)atoi(argv[5]));
	else if (argc == 3 && strcmp(what, "ftpd") == 0)
		ftpd(argv[2]);
	else if (argc == 7 && strcmp(what, "ftp") == 0)
		ftp(argv[2], argv[3], atof(argv[4]), argv[5], atoi(argv[6]));
	else
		return fprintf(stderr, "usage: see the head of bench/gateway/load.c\n"), 2;
	return 0;
}
