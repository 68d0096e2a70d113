/*
 * gateway/client: one client of the control socket: what it wrote, what it is to get, and how far its request is answered.
 *
 * Owns: the connected socket and both buffers, of fixed size. Invariants: nothing here waits; what the client does not read stays
 * in `out`, and nobody writes more than fits; a line that is too long is refused.
 */
#ifndef USHER_GATEWAY_CLIENT_H
#define USHER_GATEWAY_CLIENT_H

#include "ctl/json.h"
#include "ctl/request.h"
#include "gateway/ring.h"

#define CLIENT_OUT (16 * CTL_ROW_MAX)

struct gw_client {
	int fd;
	bool ready;     /* poll says that there is something to read */
	bool over;      /* it will write no more */
	bool closing;   /* what is in `out` is the last that it gets */
	bool blocked;   /* its socket takes no more at the moment */
	bool gone;      /* hung up, or failed */
	bool answering; /* `request` */
	uint32_t interest; /* what the poll was told */
	usher_time since;  /* it has had nothing to wait for since then */
	struct ctl_request request;
	uint8_t stage;     /* of the answer, gateway/answer.c */
	uint64_t position; /* in the stage */
	uint64_t rows;     /* written, or ended by a flush */
	struct gw_ring ring; /* watch */
	uint32_t in_len, out_at, out_len;
	char in[CTL_REQUEST_MAX];
	char out[CLIENT_OUT];
};

/* NULL: no memory; the socket is the client's from then on. */
struct gw_client *gw_client_new(int fd, usher_time now);
void gw_client_free(struct gw_client *client);

/* Read what is there. */
void gw_client_receive(struct gw_client *client);
/* Send what the socket takes. */
void gw_client_send(struct gw_client *client);

/* The next whole line in `in`: its length, with its line feed; 0: there is none. */
uint32_t gw_client_line(const struct gw_client *client);
void gw_client_drop_line(struct gw_client *client, uint32_t len);

/* Is there room for one more row? */
bool gw_client_room(const struct gw_client *client);
/* A writer for a row, and what it wrote becomes part of `out`. false: it was too long, and is nothing. */
void gw_client_row(struct gw_client *client, struct ctl_json *json);
bool gw_client_row_end(struct gw_client *client, const struct ctl_json *json);

/* {"event":"error","text":...}, the end of an answer; `closing`: and of the client. */
void gw_client_error(struct gw_client *client, const char *text, bool closing);

#endif
