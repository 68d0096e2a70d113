/*
 * gateway/client: see client.h.
 */
#include "gateway/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct gw_client *gw_client_new(int fd, usher_time now)
{
	struct gw_client *client = malloc(sizeof(*client)); /* the buffers need no zeros */

	if (client == NULL)
		return NULL;
	memset(client, 0, offsetof(struct gw_client, in));
	client->fd = fd;
	client->since = now;
	return client;
}

void gw_client_free(struct gw_client *client)
{
	gw_ring_fini(&client->ring);
	close(client->fd);
	free(client);
}

void gw_client_receive(struct gw_client *client)
{
	ssize_t got;

	client->ready = false;
	if (client->in_len == sizeof(client->in))
		return;
	got = recv(client->fd, client->in + client->in_len, sizeof(client->in) - client->in_len, MSG_DONTWAIT);
	if (got > 0)
		client->in_len += (uint32_t)got;
	else if (got == 0)
		client->over = true;
	else if (errno != EAGAIN && errno != EINTR)
		client->gone = true;
}

void gw_client_send(struct gw_client *client)
{
	while (client->out_at < client->out_len) {
		ssize_t sent = send(client->fd, client->out + client->out_at, client->out_len - client->out_at,
				    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0) {
			client->blocked = errno == EAGAIN;
			client->gone = errno != EAGAIN && errno != EINTR;
			return;
		}
		client->out_at += (uint32_t)sent;
	}
	client->out_at = client->out_len = 0;
}

/* A last line may lack its line feed. */
uint32_t gw_client_line(const struct gw_client *client)
{
	const char *end = client->in_len > 0 ? memchr(client->in, '\n', client->in_len) : NULL;

	if (end != NULL)
		return (uint32_t)(end - client->in) + 1;
	return client->over ? client->in_len : 0;
}

void gw_client_drop_line(struct gw_client *client, uint32_t len)
{
	client->in_len -= len;
	memmove(client->in, client->in + len, client->in_len);
}

/* What was sent makes room as soon as little is left to be moved. */
static void tidy(struct gw_client *client)
{
	if (client->out_at < sizeof(client->out) / 2)
		return;
	client->out_len -= client->out_at;
	memmove(client->out, client->out + client->out_at, client->out_len);
	client->out_at = 0;
}

bool gw_client_room(const struct gw_client *client)
{
	return sizeof(client->out) - client->out_len >= 2 * CTL_ROW_MAX; /* and one for the word behind it */
}

void gw_client_row(struct gw_client *client, struct ctl_json *json)
{
	size_t room;

	tidy(client);
	room = sizeof(client->out) - client->out_len;
	ctl_json_to_buffer(json, client->out + client->out_len, room < CTL_ROW_MAX ? room : CTL_ROW_MAX);
}

bool gw_client_row_end(struct gw_client *client, const struct ctl_json *json)
{
	if (json->bad)
		return false;
	client->out_len += (uint32_t)json->len;
	return true;
}

void gw_client_error(struct gw_client *client, const char *text, bool closing)
{
	struct ctl_json json;

	gw_client_row(client, &json);
	ctl_json_begin(&json);
	ctl_json_string(&json, "event", "error");
	ctl_json_string(&json, "text", text);
	ctl_json_end(&json);
	gw_client_row_end(client, &json);
	client->closing |= closing;
}
