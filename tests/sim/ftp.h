/*
 * sim/ftp: a client that plays a script, and a server that does what it reads.
 *
 * Each acts on what it read, as a real one does: the server connects to what PORT says where it is read, the client to what 227 says
 * there. Sources: RFC 959, 1579, 2428, 854.
 */
#ifndef USHER_SIM_FTP_H
#define USHER_SIM_FTP_H

#include "tests/sim/app.h"

#define FTP_STEPS 64u
#define FTP_PENDING 64u

enum ftp_step_kind {
	STEP_TEXT,   /* a command without consequences */
	STEP_PORT, STEP_EPRT, STEP_PASV, STEP_EPSV,
	STEP_FOREIGN,/* PORT with an address or port that usher must refuse */
	STEP_RETR, STEP_STOR,
	STEP_WAIT,   /* until all is answered and the data connection is closed */
	STEP_REPLIES,/* until all is answered but for a transfer */
	STEP_ABOR,
	STEP_SLEEP,
	STEP_QUIT,   /* and wait for the server to close */
	STEP_CLOSE, STEP_RESET,
	STEP_RAW     /* `text`: | ends a segment, @ is an own address and port as PORT has it, % as EPRT has it */
};

struct ftp_step {
	uint8_t kind;
	uint8_t style;     /* which of several spellings */
	bool join;         /* the next step's bytes go into the same write */
	struct cut cut;
	uint32_t size;     /* RETR, STOR: bytes; SLEEP: ms; TEXT: length of the argument */
	const char *text;  /* RAW */
};

/* How a server is. */
struct ftp_manners {
	bool announces_public;   /* it knows the address by which clients know it */
	bool any_port;           /* data connections come from any port, not from 20 */
	uint8_t multiline;       /* percent of replies */
	uint8_t cut_percent;     /* of 227 and 229 */
	uint16_t gap_ms;
	uint16_t close_after;    /* closes after so many commands; 0: never */
	uint16_t refuse_port;    /* the n-th PORT or EPRT is refused; 0: none */
	bool silent;             /* no greeting */
	bool lenient;            /* what it cannot read of PORT and EPRT is answered with 501 */
	const char *passive;     /* the reply to PASV and EPSV: | ends a segment, ! is |, ^ is !, @ is address and port, # the port */
};

struct ftp_client {
	struct sim *sim;
	struct host *host;
	struct tcp *control, *data;
	struct writer out;
	const struct ftp_step *script;
	uint32_t step, step_count;
	uint8_t pending[FTP_PENDING];  /* kinds of the commands that wait for their reply */
	struct announcement *pending_announcement[FTP_PENDING];
	uint32_t pending_first, pending_count;
	uint16_t multiline;
	bool greeted, in_transfer, aborting, aborted, done, excused, port_refused;
	uint8_t mode;                  /* kind of the last announcement */
	struct usher_endpoint target;  /* passive: as read */
	struct announcement *announcement; /* active: the last one */
	uint16_t listening;
	uint32_t data_got, data_size;  /* of the transfer */
	bool data_up, data_closed;     /* STOR; the data connection is over */
	uint32_t transfers;            /* completed */
};

struct ftp_server {
	struct sim *sim;
	struct host *host;
	struct tcp *control, *data;
	struct writer out;
	const struct ftp_manners *manners;
	struct dice dice;
	uint8_t mode;
	struct usher_endpoint target, known_as; /* active: as read; the address that it announces */
	struct announcement *announcement;      /* passive */
	uint16_t listening, commands, ports;
	bool busy, up, data_open, data_eof, aborted;
	uint32_t size, got;
	bool gone;
};

/* The client's next port for active transfers is its own business; its control connection comes from `port` (0: any). */
void ftp_client_begin(struct ftp_client *c, struct host *h, const struct usher_endpoint *to, uint16_t port);
/* A listener's application: `app_data` is a struct ftp_house. */
void ftp_accept(struct tcp *t, enum tcp_event event);

#define FTP_SERVERS 8u

/* A host's FTP servers, one for each client. */
struct ftp_house {
	struct sim *sim;
	struct host *host;
	const struct ftp_manners *manners;
	uint32_t count;
	struct ftp_server server[FTP_SERVERS];
};

/* The byte at `at` of every transfer. */
static inline uint8_t ftp_byte(uint32_t at)
{
	return (uint8_t)(at * 31 + (at >> 8) * 7 + 5);
}

void ftp_fill(struct tcp *t, uint32_t size);

#endif
