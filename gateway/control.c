/*
 * gateway/control: see control.h.
 */
#include "gateway/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "gateway/say.h"

#define ACCEPTS_A_TURN 4u
#define CLOCK_SLACK    (10 * USHER_SECOND / 1000)

/* ---- the socket ---- */

/* /run/usher of /run/usher/gateway.sock. */
static void make_folder(const char *path)
{
	char folder[108];
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	mkdir(folder, 0755); /* if that fails, bind tells */
}

/* What is left of a gateway that was killed is removed; one that answers is left alone. */
static bool make_way(const struct sockaddr_un *address)
{
	struct stat there;
	bool answers;
	int fd;

	if (lstat(address->sun_path, &there) != 0)
		return true;
	if (!S_ISSOCK(there.st_mode))
		return gw_say("--socket %s: something else has this name", address->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return gw_say("socket: %s", strerror(errno));
	answers = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN;
	close(fd);
	if (answers)
		return gw_say("--socket %s: another gateway answers there", address->sun_path);
	unlink(address->sun_path);
	return true;
}

/* Nobody but root, and whom root lets in by the group, not even for a moment. */
static bool bind_as_root(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0117);
	int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(before);
	return result == 0;
}

static bool watch_fd(struct gw_control *control, int fd, void *what, uint32_t events)
{
	struct epoll_event event = { .events = events, .data = { .ptr = what } };

	return epoll_ctl(control->poll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool listen_at(struct gw_control *control, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat there;

	if (*path == '\0' || strlen(path) >= sizeof(address.sun_path))
		return gw_say("--socket %s: expected a path of at most %zu bytes", path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path));
	make_folder(path);
	if (!make_way(&address))
		return false;
	control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (control->listener < 0 || !bind_as_root(control->listener, &address) ||
	    listen(control->listener, 2 * CONTROL_CLIENTS) != 0 || lstat(path, &there) != 0)
		return gw_say("--socket %s: %s", path, strerror(errno));
	memcpy(control->path, address.sun_path, sizeof(control->path));
	control->inode = there.st_ino;
	return true;
}

bool gw_control_init(struct gw_control *control, const char *path, struct usher_tracker *tracker,
		     const struct gw_counters *counters)
{
	control->tracker = tracker;
	control->asked = (struct gw_asked){ .worker = usher_worker(tracker, 0), .counters = counters };
	usher_set_events(tracker, 0);
	control->poll = epoll_create1(EPOLL_CLOEXEC);
	if (control->poll < 0)
		return gw_say("epoll: %s", strerror(errno));
	return listen_at(control, path) &&
	       (watch_fd(control, control->listener, NULL, EPOLLIN | EPOLLET) || gw_say("epoll: %s", strerror(errno)));
}

void gw_control_fini(struct gw_control *control)
{
	struct stat there;

	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		if (control->client[i] != NULL)
			gw_client_free(control->client[i]);
		control->client[i] = NULL;
	}
	if (control->path[0] != '\0' && lstat(control->path, &there) == 0 && there.st_ino == control->inode)
		unlink(control->path);
	control->path[0] = '\0';
	if (control->listener >= 0)
		close(control->listener);
	if (control->poll >= 0)
		close(control->poll);
	control->listener = control->poll = -1;
}

/* ---- clients ---- */

static void greet(struct gw_client *client, const struct gw_asked *asked)
{
	struct ctl_json json;

	gw_client_row(client, &json);
	ctl_json_begin(&json);
	ctl_json_string(&json, "event", "hello");
	ctl_json_number(&json, "usher", CTL_VERSION);
	ctl_json_string(&json, "version", usher_version());
	ctl_json_time(&json, "time", asked->now + asked->since_1970);
	ctl_json_end(&json);
	gw_client_row_end(client, &json);
}

static struct gw_client **free_place(struct gw_control *control)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		if (control->client[i] == NULL)
			return &control->client[i];
	}
	return NULL;
}

static void refuse(struct gw_control *control, int fd)
{
	static const char busy[] = "{\"event\":\"error\",\"text\":\"too many clients already\"}\n";

	control->counts.busy++;
	(void)!send(fd, busy, sizeof(busy) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void take_client(struct gw_control *control, int fd)
{
	struct gw_client **place = free_place(control), *client = place != NULL ? gw_client_new(fd, control->asked.now) : NULL;

	if (client == NULL) {
		refuse(control, fd);
		return;
	}
	client->interest = EPOLLIN;
	if (!watch_fd(control, fd, client, EPOLLIN)) {
		gw_client_free(client);
		return;
	}
	*place = client;
	control->counts.clients++;
	control->counts.connected++;
	greet(client, &control->asked);
}

/* Without a descriptor for them, those who knock wait for a turn that has another reason: somebody leaves, for example. */
static void take_clients(struct gw_control *control)
{
	for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(control->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			control->knocked = errno != EAGAIN;
			return;
		}
		take_client(control, fd);
	}
	control->more = true;
}

/* The engine makes what at least one wants. */
static void tell_events(struct gw_control *control)
{
	uint32_t events = 0;

	control->counts.watchers = 0;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		const struct gw_client *client = control->client[i];

		if (client == NULL || client->ring.moment == NULL)
			continue;
		events |= client->request.events;
		control->counts.watchers++;
	}
	usher_set_events(control->tracker, events);
}

static void lose_client(struct gw_control *control, unsigned number)
{
	bool watched = control->client[number]->ring.moment != NULL;

	gw_client_free(control->client[number]);
	control->client[number] = NULL;
	control->counts.connected--;
	control->more |= control->knocked; /* its descriptor is free */
	if (watched)
		tell_events(control);
}

void gw_control_sink(void *user, const struct usher_event *event)
{
	struct gw_control *control = user;

	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		struct gw_client *client = control->client[i];

		if (client == NULL || client->ring.moment == NULL || !(client->request.events & 1u << event->type) ||
		    !ctl_filter_event(&client->request.filter, event))
			continue;
		if (!gw_ring_put(&client->ring, event))
			control->counts.lost++;
		control->more |= !client->blocked;
	}
}

/* ---- a turn ---- */

static bool begin_watch(struct gw_control *control, struct gw_client *client)
{
	if (control->counts.watchers < CONTROL_WATCHERS && gw_ring_init(&client->ring))
		return true;
	control->counts.busy++;
	gw_client_error(client, "too many watch already", true);
	return false;
}

static void begin_answer(struct gw_control *control, struct gw_client *client, uint32_t len)
{
	char wrong[512];

	if (!ctl_request_read(&client->request, client->in, len, wrong, sizeof(wrong))) {
		control->counts.refused++;
		gw_client_error(client, wrong, true);
		return;
	}
	if (client->request.command == CTL_COMMAND_watch && !begin_watch(control, client))
		return;
	control->counts.requests++;
	client->answering = true;
	client->stage = 0;
	client->position = client->rows = 0;
	if (client->request.command == CTL_COMMAND_watch)
		tell_events(control);
}

static void next_request(struct gw_control *control, struct gw_client *client)
{
	uint32_t len = gw_client_line(client);

	if (len > 0) {
		begin_answer(control, client, len);
		gw_client_drop_line(client, len);
	} else if (client->in_len == sizeof(client->in)) {
		control->counts.refused++;
		gw_client_error(client, "a request is longer than 65536 bytes", true);
	} else if (client->over) {
		client->closing = true;
	}
}

/* Someone who neither asks nor listens makes room for others. */
static void judge_idle(struct gw_control *control, struct gw_client *client)
{
	bool reading = client->out_len > 0 && !client->closing; /* a pager may take its time */

	if (client->answering || reading)
		client->since = control->asked.now;
	if (control->asked.now < client->since + CONTROL_IDLE)
		return;
	client->gone |= client->closing;
	client->since = control->asked.now;
	if (!client->closing)
		gw_client_error(client, "nothing was asked for 30 seconds", true);
}

static void set_interest(struct gw_control *control, struct gw_client *client)
{
	bool reads = !client->answering && !client->over && !client->closing && client->in_len < sizeof(client->in);
	uint32_t wanted = (reads ? EPOLLIN : 0u) | (client->blocked ? EPOLLOUT : 0u);
	struct epoll_event event = { .events = wanted, .data = { .ptr = client } };

	if (wanted == client->interest)
		return;
	client->interest = wanted;
	if (epoll_ctl(control->poll, EPOLL_CTL_MOD, client->fd, &event) != 0)
		client->gone = true;
}

struct budget {
	uint32_t rows, events;
};

/* Has it something to do that no poll will tell? */
static bool has_more(const struct gw_client *client)
{
	if (client->blocked)
		return false;
	if (client->answering)
		return client->request.command != CTL_COMMAND_watch || client->ring.count > 0 || client->ring.lost > 0;
	return client->out_len > 0 || client->over || gw_client_line(client) > 0;
}

/* false: it is over with this client. */
static bool serve(struct gw_control *control, struct gw_client *client, struct budget *budget)
{
	uint32_t *rows;

	if (client->ready)
		gw_client_receive(client);
	if (!client->answering && !client->closing && gw_client_room(client))
		next_request(control, client);
	rows = client->ring.moment != NULL ? &budget->events : &budget->rows;
	if (client->answering && *rows > 0)
		gw_answer_step(client, &control->asked, rows);
	judge_idle(control, client);
	if (!client->blocked)
		gw_client_send(client);
	if (client->gone || (client->closing && client->out_len == 0))
		return false;
	set_interest(control, client);
	control->more |= has_more(client);
	return !client->gone;
}

static void take_events(struct gw_control *control)
{
	struct epoll_event events[16];
	int count = epoll_wait(control->poll, events, 16, 0);

	for (int i = 0; i < count; i++) {
		struct gw_client *client = events[i].data.ptr;

		if (client == NULL) {
			control->knocked = true;
			continue;
		}
		client->ready |= (events[i].events & EPOLLIN) != 0;
		if (events[i].events & EPOLLOUT)
			client->blocked = false;
		client->gone |= (events[i].events & (EPOLLHUP | EPOLLERR)) != 0;
	}
}

/* Anew only when the machine's clock was set, so that one moment has one name. */
static void follow_clock(struct gw_asked *asked, usher_time now)
{
	struct timespec time;
	usher_time here = now + asked->since_1970, there;

	clock_gettime(CLOCK_REALTIME, &time);
	there = (usher_time)time.tv_sec * USHER_SECOND + (usher_time)time.tv_nsec;
	asked->now = now;
	if (there > here + CLOCK_SLACK || here > there + CLOCK_SLACK)
		asked->since_1970 = there - now;
}

void gw_control_run(struct gw_control *control, usher_time now)
{
	struct budget budget = { CONTROL_ROWS, CONTROL_EVENTS };

	follow_clock(&control->asked, now);
	control->more = false;
	take_events(control);
	if (control->knocked)
		take_clients(control);
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		unsigned number = (control->turn + i) % CONTROL_CLIENTS;

		if (control->client[number] != NULL && !serve(control, control->client[number], &budget))
			lose_client(control, number);
	}
	control->turn++;
}
