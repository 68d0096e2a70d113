/*
 * Connections of TCP, written down packet by packet, for test_tcp.c (struct row is there).
 * Columns: from, flags, sequence number, acknowledgement, length, window, options; then verdict, state, timeout.
 */
#define OLD(n) (0u - (n))

struct script {
	const char *name;
	const struct row *rows;
	size_t count;
	bool liberal, not_loose, ignore_invalid_rst;
};

static const struct row handshake_and_close[] = {
	{ '>', "S", 0, 0, 0, 64240, "mss ws=7 sackok", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 65160, "mss ws=6 sackok", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 502, "ts", "pass", "ESTABLISHED+", 432000 },
	{ '>', "PA", 1, 1, 100, 502, "ts", "pass", "ESTABLISHED+", 300 }, /* not acknowledged yet */
	{ '<', "A", 1, 101, 0, 1018, "ts", "pass", "ESTABLISHED+", 432000 },
	{ '<', "PA", 1, 101, 1000, 1018, "ts", "pass", "ESTABLISHED+", 300 },
	{ '>', "A", 101, 1001, 0, 502, "ts", "pass", "ESTABLISHED+", 432000 },
	{ '>', "FA", 101, 1001, 0, 502, "ts", "pass", "FIN_WAIT+", 120 },
	{ '<', "FA", 1001, 102, 0, 1018, "ts", "pass", "LAST_ACK+", 30 },
	{ '>', "A", 102, 1002, 0, 502, "ts", "pass", "TIME_WAIT+", 120 },
	{ '<', "FA", 1001, 102, 0, 1018, "ts", "pass", "TIME_WAIT+", 120 }, /* the last ACK was lost */
	{ '>', "A", 102, 1002, 0, 502, "ts wait=119", "pass", "TIME_WAIT+", 120 },
	{ '>', "A", 102, 1002, 0, 502, "ts wait=121", "new", "ESTABLISHED", 300 },
};

static const struct row ecn[] = {
	{ '>', "SEC", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SAE", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "AC", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "PAE", 1, 1, 10, 8000, 0, "pass", "ESTABLISHED+", 300 },
};

static const struct row simultaneous_open[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "S", 0, 0, 0, 8000, "mss", "pass", "SYN_SENT2", 0 },
	{ '>', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "PA", 1, 1, 1400, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '>', "PA", 1401, 1, 1400, 8000, 0, "pass", "ESTABLISHED+", 300 },
};

/* The other side's ACK ends it, too; and each loss is made good by the one who lost (RFC 9293 3.5, figure 7). */
static const struct row simultaneous_open_with_losses[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "S", 0, 0, 0, 8000, "mss", "pass", "SYN_SENT2", 0 },
	{ '<', "S", 0, 0, 0, 8000, "mss", "pass", "SYN_SENT2", 120 },
	{ '>', "S", 0, 0, 0, 8000, "mss", "pass", "SYN_SENT2", 120 },
	{ '>', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 }, /* lost behind us */
	{ '<', "S", 0, 0, 0, 8000, "mss", "ignore", "SYN_RECV", 0 },
	{ '>', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '<', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 }, /* lost behind us */
	{ '>', "SA", 0, 1, 0, 8000, "mss", "pass", "ESTABLISHED+", 432000 },
	{ '<', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
};

static const struct row half_close_by_orig[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "FPA", 1, 1, 10, 8000, 0, "pass", "FIN_WAIT+", 120 },
	{ '<', "A", 1, 12, 0, 8000, 0, "pass", "CLOSE_WAIT+", 60 },
	{ '<', "PA", 1, 12, 1400, 8000, 0, "pass", "CLOSE_WAIT+", 60 },
	{ '>', "A", 12, 1401, 0, 8000, 0, "pass", "CLOSE_WAIT+", 60 },
	{ '<', "FA", 1401, 12, 0, 8000, 0, "pass", "LAST_ACK+", 30 },
	{ '>', "A", 12, 1402, 0, 8000, 0, "pass", "TIME_WAIT+", 120 },
};

static const struct row half_close_by_reply[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "FA", 1, 1, 0, 8000, 0, "pass", "FIN_WAIT+", 120 },
	{ '>', "A", 1, 2, 0, 8000, 0, "pass", "CLOSE_WAIT+", 60 },
	{ '>', "PA", 1, 2, 500, 8000, 0, "pass", "CLOSE_WAIT+", 60 },
	{ '<', "A", 2, 501, 0, 8000, 0, "pass", "CLOSE_WAIT+", 60 },
	{ '>', "FA", 501, 2, 0, 8000, 0, "pass", "LAST_ACK+", 30 },
	{ '>', "FA", 501, 2, 0, 8000, 0, "pass", "LAST_ACK+", 30 },
	{ '<', "A", 2, 502, 0, 8000, 0, "pass", "TIME_WAIT+", 120 },
};

static const struct row refused[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "RA", 5, 77777, 0, 0, 0, "tcp-window", "SYN_SENT", 0 }, /* acknowledges what was not sent */
	{ '<', "R", 5, 0, 0, 0, 0, "ignore", "SYN_SENT", 0 },  /* acknowledges nothing: RFC 9293 3.10.7.3, second */
	{ '<', "RA", 0, 1, 0, 0, "seq0", "pass", "CLOSE", 10 },
};

/* The SYN came twice; between its two answers the server gave up. */
static const struct row refused_after_all[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '>', "S", 0, 0, 0, 8000, "mss", "pass", "SYN_SENT", 0 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '<', "RA", 0, 1, 0, 0, "seq0", "pass", "CLOSE", 10 },
};

static const struct row refused_at_once[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "RA", 0, 1, 0, 0, "seq0", "delete", "", 10 }, /* nothing else was ever answered */
	{ '>', "S", 900, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '>', "R", 901, 0, 0, 0, 0, "delete", "", 10 },
	{ '>', "R", 901, 0, 0, 0, 0, "tcp-state", "", 0 },
};

static const struct row syn_repeated[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '>', "S", 0, 0, 0, 8000, "mss wait=119", "pass", "SYN_SENT", 0 }, /* does not keep it */
	{ '>', "S", 0, 0, 0, 8000, "mss wait=2", "new", "SYN_SENT", 120 },
	{ '<', "A", 70, 70, 0, 8000, 0, "ignore", "SYN_SENT", 0 },
	{ '>', "S", 0, 0, 0, 8000, "mss", "pass", "SYN_SENT", 120 }, /* something was answered: it does */
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "S", 0, 0, 0, 8000, "mss", "ignore", "SYN_RECV", 0 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 }, /* as if both had begun again */
	{ '<', "SA", 0, 1, 0, 8000, "mss", "ignore", "SYN_RECV", 0 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "ignore", "ESTABLISHED+", 0 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
};

static const struct row syn_changed_upwards[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss ws=7", "new", "SYN_SENT", 120 },
	{ '>', "S", 100000, 0, 0, 8000, "mss ws=3 sackok", "pass", "SYN_SENT", 0 },
	{ '<', "SA", 0, 100001, 0, 8000, "mss ws=2", "pass", "SYN_RECV", 60 },
	{ '>', "A", 100001, 1, 0, 10, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "A", 81, 100001, 0, 8000, 0, "pass", "ESTABLISHED+", 300 }, /* 10 << 3, not << 7 */
	{ '<', "A", 82, 100001, 0, 8000, 0, "ignore", "ESTABLISHED+", 0 },
};

static const struct row syn_changed_downwards[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '>', "S", OLD(1000), 0, 0, 8000, "mss", "pass", "SYN_SENT", 0 },
	{ '<', "SA", 0, OLD(999), 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", OLD(999), 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "PA", OLD(999), 1, 2000, 8000, 0, "pass", "ESTABLISHED+", 300 },
};

/* A SYN without any option offers nothing, whatever the one before did (RFC 7323 2.2). */
static const struct row syn_changed_options_gone[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss ws=7", "new", "SYN_SENT", 120 },
	{ '>', "S", 10, 0, 0, 8000, 0, "pass", "SYN_SENT", 0 },
	{ '<', "SA", 0, 11, 0, 8000, "mss ws=7", "pass", "SYN_RECV", 60 },
	{ '>', "A", 11, 1, 0, 10, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "A", 11, 11, 0, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 12, 11, 0, 8000, 0, "ignore", "ESTABLISHED+", 0 },
};

/* What does not acknowledge our SYN begins nothing: the right SYN/ACK is still to come. */
static const struct row old_syn_ack[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0x40000000, 5000, 0, 8000, "mss", "tcp-window", "SYN_SENT", 0 },
	{ '<', "SA", 0x40000000, OLD(70000), 0, 8000, "mss", "ignore", "SYN_SENT", 0 },
	{ '<', "RA", 0x40000000, 5000, 0, 8000, "mss", "tcp-window", "SYN_SENT", 0 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
};

/* RFC 9293 3.5, figure 8: an old SYN was answered, its RST brings it to an end, the new one goes on. */
static const struct row old_syn_answered[] = {
	{ '>', "S", OLD(5000), 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, OLD(4999), 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "R", OLD(4999), 0, 0, 0, 0, "pass", "CLOSE", 10 },
	{ '>', "S", 0, 0, 0, 8000, "mss", "again", "SYN_SENT", 120 },
	{ '<', "SA", 400, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 401, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
};

/* The server has the connection of before still open: RFC 5961 4.2, RFC 9293 3.5.1. */
static const struct row challenge_to_syn[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "A", 700000, 900000, 0, 8000, 0, "ignore", "SYN_SENT", 0 },
	{ '>', "R", 900000, 0, 0, 0, 0, "pass", "CLOSE", 10 },
	{ '>', "S", 0, 0, 0, 8000, "mss", "again", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
};

static const struct row opener_restarted[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "S", 900000, 0, 0, 8000, "mss", "ignore", "ESTABLISHED+", 0 },
	{ '<', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 }, /* the challenge */
	{ '>', "R", 1, 0, 0, 0, 0, "pass", "CLOSE+", 10 },
	{ '>', "S", 900000, 0, 0, 8000, "mss", "again", "SYN_SENT", 120 },
};

/* Both have lost it, only we have not: in step again with the SYN/ACK. */
static const struct row both_restarted[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss ws=7", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "S", 900000, 0, 0, 8000, "mss ws=2 sackok", "ignore", "ESTABLISHED+", 0 },
	{ '<', "SA", 700000, 900000, 0, 8000, "mss ws=3", "ignore", "ESTABLISHED+", 0 }, /* of another */
	{ '>', "S", 900000, 0, 0, 8000, "mss ws=2 sackok", "ignore", "ESTABLISHED+", 0 },
	{ '<', "SA", 700000, 900001, 0, 8000, "mss ws=3", "pass", "SYN_RECV+", 60 },
	{ '>', "A", 900001, 700001, 0, 10, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "PA", 700001, 900001, 40, 10, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 700042, 900001, 0, 10, 0, "ignore", "ESTABLISHED+", 0 }, /* 10 << 2 and no more */
	{ '<', "A", 708042, 900001, 0, 10, 0, "tcp-window", "ESTABLISHED+", 0 },
};

static const struct row server_knows_nothing[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "S", 900000, 0, 0, 8000, "mss", "ignore", "ESTABLISHED+", 0 },
	{ '<', "RA", 0, 900001, 0, 0, "seq0", "pass", "CLOSE+", 10 },
};

/* In LAST_ACK an ACK is the last one; not if a SYN came before it (RFC 5961 4.2). */
static const struct row challenge_in_last_ack[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "FA", 1, 1, 0, 8000, 0, "pass", "FIN_WAIT+", 120 },
	{ '<', "FA", 1, 2, 0, 8000, 0, "pass", "LAST_ACK+", 30 },
	{ '>', "S", 900000, 0, 0, 8000, "mss", "ignore", "LAST_ACK+", 0 },
	{ '<', "A", 2, 2, 0, 8000, 0, "ignore", "LAST_ACK+", 0 },
	{ '<', "A", 2, 2, 0, 8000, 0, "pass", "TIME_WAIT+", 120 },
};

static const struct row time_wait_reused[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "FA", 1, 1, 0, 8000, 0, "pass", "FIN_WAIT", 120 },
	{ '<', "FA", 1, 2, 0, 8000, 0, "pass", "LAST_ACK", 30 },
	{ '>', "A", 2, 2, 0, 8000, 0, "pass", "TIME_WAIT", 120 },
	{ '>', "S", 70000, 0, 0, 8000, "mss", "again", "SYN_SENT", 120 },
	{ '<', "SA", 80000, 70001, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 70001, 80001, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
};

static const struct row time_wait_reused_by_the_other_side[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "FA", 1, 1, 0, 8000, 0, "pass", "FIN_WAIT", 120 },
	{ '<', "FA", 1, 2, 0, 8000, 0, "pass", "LAST_ACK", 30 },
	{ '>', "A", 2, 2, 0, 8000, 0, "pass", "TIME_WAIT", 120 },
	{ '<', "S", 70000, 0, 0, 8000, "mss", "again", "SYN_SENT", 120 },
	{ '>', "SA", 80000, 70001, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '<', "A", 70001, 80001, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
};

/* Not the SYN's sender reset it: he may not know. The answer tells. */
static const struct row reset_by_the_server_then_syn[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "R", 1, 0, 0, 0, 0, "pass", "CLOSE+", 10 },
	{ '<', "R", 1, 0, 0, 0, 0, "pass", "CLOSE+", 10 },
	{ '>', "S", 70000, 0, 0, 8000, "mss", "ignore", "CLOSE+", 0 },
	{ '<', "SA", 80000, 70001, 0, 8000, "mss", "pass", "SYN_RECV+", 60 },
	{ '>', "A", 70001, 80001, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
};

static const struct row rst_exact_and_not[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "PA", 1, 1, 500, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '>', "A", 1, 501, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "R", 500, 0, 0, 0, 0, "tcp-rst", "ESTABLISHED+", 0 },     /* one too low */
	{ '<', "R", 90000, 0, 0, 0, 0, "tcp-window", "ESTABLISHED+", 0 },
	{ '<', "R", 502, 0, 0, 0, 0, "pass", "ESTABLISHED+", 10 },       /* in window: challenged */
	{ '>', "A", 1, 501, 0, 8000, 0, "pass", "ESTABLISHED+", 300 },   /* the challenge */
	{ '<', "R", 501, 0, 0, 0, 0, "pass", "CLOSE+", 10 },
	{ '>', "A", 1, 501, 0, 8000, 0, "pass", "CLOSE+", 10 },          /* was on its way */
	{ '<', "R", 7, 0, 0, 0, 0, "pass", "CLOSE+", 10 },               /* and its answer */
};

static const struct row rst_behind_its_data[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "PA", 1, 1, 100, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '>', "RA", 101, 1, 0, 0, 0, "pass", "CLOSE+", 10 },
};

static const struct row rst_old_is_let_in[] = { /* tcp_ignore_invalid_rst */
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "PA", 1, 1, 500, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '>', "A", 1, 501, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "R", 400, 0, 0, 0, 0, "pass", "ESTABLISHED+", 10 },
	{ '<', "R", OLD(9000), 0, 0, 0, 0, "ignore", "ESTABLISHED+", 0 },
};

static const struct row out_of_window_both_ways[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "PA", 200000, 1, 10, 8000, 0, "tcp-window", "ESTABLISHED+", 0 },
	{ '>', "PA", 1, 2, 10, 8000, 0, "tcp-window", "ESTABLISHED+", 0 },  /* acknowledges what was not sent */
	{ '>', "PA", OLD(10000), 1, 10, 8000, 0, "ignore", "ESTABLISHED+", 0 },
	{ '>', "PA", 1, OLD(66000), 10, 8000, 0, "ignore", "ESTABLISHED+", 0 },
	{ '>', "PA", 1, OLD(65999), 10, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '>', "FA", 200000, 1, 0, 8000, 0, "tcp-window", "ESTABLISHED+", 0 },
	{ '>', "FA", 200000, 1, 0, 8000, 0, "tcp-window", "ESTABLISHED+", 0 },
	{ '<', "A", 1, 11, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "FA", 200000, 1, 0, 8000, 0, "tcp-window", "ESTABLISHED+", 0 },
	{ '<', "FA", 200000, 1, 0, 8000, 0, "tcp-window", "ESTABLISHED+", 300 }, /* and the answer: we lost the thread */
	{ '<', "FA", 200000, 1, 0, 8000, 0, "tcp-window", "ESTABLISHED+", 0 },
};

static const struct row liberal[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "PA", 200000, 1, 10, 8000, 0, "liberal", "ESTABLISHED+", 432000 },
	{ '<', "A", 1, 200010, 0, 8000, 0, "liberal", "ESTABLISHED+", 432000 },
	{ '<', "R", 0, 0, 0, 0, 0, "tcp-rst", "ESTABLISHED+", 0 },
	{ '<', "FA", 900000, 1, 0, 8000, 0, "liberal", "FIN_WAIT+", 120 },
};

/* The SYN/ACK went another way, or the capture lost it: liberal believes it, and minds no window from then on. */
static const struct row liberal_without_syn_ack[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss ws=7", "new", "SYN_SENT", 120 },
	{ '>', "A", 1, 1, 0, 100, 0, "pass", "ESTABLISHED", 300 },
	{ '<', "A", 1, 1, 0, 100, 0, "pass", "ESTABLISHED", 300 },
	{ '>', "PA", 1, 1, 100, 100, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 1, 101, 0, 100, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "PA", 9000, 1, 100, 100, 0, "liberal", "ESTABLISHED+", 432000 },
	{ '>', "FA", 101, 1, 0, 100, 0, "pass", "FIN_WAIT+", 120 },
};

static const struct row picked_up[] = {
	{ '>', "PA", 1000, 5000, 100, 100, 0, "new", "ESTABLISHED", 300 },
	{ '<', "A", 5000, 1100, 0, 100, 0, "pass", "ESTABLISHED", 300 },
	{ '>', "PA", 1100, 5000, 50, 100, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 5000, 1150, 0, 100, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "PA", 900000, 5000, 100, 100, 0, "liberal", "ESTABLISHED+", 432000 }, /* what scale? */
	{ '<', "A", 5000, 900100, 0, 100, 0, "liberal", "ESTABLISHED+", 432000 },
	{ '<', "R", 4000, 0, 0, 0, 0, "tcp-rst", "ESTABLISHED+", 0 },
	{ '<', "R", 5000, 0, 0, 0, 0, "pass", "CLOSE+", 10 },
};

static const struct row picked_up_at_the_server[] = {
	{ '<', "A", 5000, 1000, 0, 100, 0, "new", "ESTABLISHED", 300 },
	{ '>', "PA", 1000, 5000, 100, 100, 0, "pass", "ESTABLISHED", 300 },
	{ '<', "A", 5000, 1100, 0, 100, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "FA", 5000, 1100, 0, 100, 0, "pass", "FIN_WAIT+", 120 },
	{ '>', "FA", 1100, 5001, 0, 100, 0, "pass", "LAST_ACK+", 30 },
	{ '<', "A", 5001, 1101, 0, 100, 0, "pass", "TIME_WAIT+", 120 },
};

/* The first reply acknowledges one more than was sent: it answered a keep-alive. */
static const struct row picked_up_at_a_keep_alive[] = {
	{ '>', "A", 999, 5000, 0, 100, 0, "new", "ESTABLISHED", 300 },
	{ '<', "A", 5000, 1000, 0, 100, 0, "pass", "ESTABLISHED", 300 },
	{ '>', "A", 1000, 5000, 0, 100, 0, "pass", "ESTABLISHED+", 432000 },
};

static const struct row not_picked_up[] = {
	{ '>', "PA", 1000, 5000, 100, 100, 0, "tcp-not-syn", "", 0 },
	{ '>', "FA", 1000, 5000, 100, 100, 0, "tcp-state", "", 0 },
	{ '<', "SA", 0, 1, 0, 100, 0, "tcp-state", "", 0 },
	{ '>', "S", 0, 0, 0, 100, 0, "new", "SYN_SENT", 120 },
};

static const struct row keep_alive[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "A", 0, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "A", 0, 1, 1, 8000, 0, "pass", "ESTABLISHED+", 432000 }, /* with a byte of garbage: RFC 9293 3.8.4 */
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
};

static const struct row zero_window[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 100, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "PA", 1, 1, 100, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 1, 101, 0, 0, 0, "pass", "ESTABLISHED+", 300 },       /* closed: kept shorter */
	{ '>', "PA", 101, 1, 1, 8000, 0, "pass", "ESTABLISHED+", 300 },   /* the probe */
	{ '<', "A", 1, 101, 0, 0, 0, "pass", "ESTABLISHED+", 300 },
	{ '>', "PA", 101, 1, 1, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 1, 102, 0, 0, 0, "pass", "ESTABLISHED+", 300 },       /* taken */
	{ '>', "PA", 102, 1, 1, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '>', "PA", 104, 1, 1, 8000, 0, "ignore", "ESTABLISHED+", 0 },
	{ '>', "PA", 300, 1, 1, 8000, 0, "tcp-window", "ESTABLISHED+", 0 },
	{ '<', "A", 1, 103, 0, 5000, 0, "pass", "ESTABLISHED+", 300 },
	{ '>', "PA", 103, 1, 1400, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 1, 1503, 0, 5000, 0, "pass", "ESTABLISHED+", 432000 },
};

static const struct row scaled[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss ws=7", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss ws=14", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 10, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "A", 1281, 1, 0, 20, 0, "pass", "ESTABLISHED+", 300 },     /* 10 << 7 */
	{ '<', "A", 1282, 1, 0, 20, 0, "ignore", "ESTABLISHED+", 0 },
	{ '<', "A", 9282, 1, 0, 20, 0, "tcp-window", "ESTABLISHED+", 0 },
	{ '>', "PA", 1, 1, 250000, 10, 0, "pass", "ESTABLISHED+", 300 },  /* 20 << 14; a super-packet */
	{ '>', "PA", 250001, 1, 77000, 10, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 1281, 327001, 0, 20, 0, "pass", "ESTABLISHED+", 300 },
};

static const struct row scaled_too_far[] = { /* RFC 7323 2.3: as 14 */
	{ '>', "S", 0, 0, 0, 8000, "mss ws=200", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss ws=0", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 1, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "A", 16385, 1, 0, 20, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 16386, 1, 0, 20, 0, "ignore", "ESTABLISHED+", 0 },
};

static const struct row scaled_by_one_only[] = {
	{ '>', "S", 0, 0, 0, 100, "mss ws=7", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 10, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "A", 11, 1, 0, 20, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 12, 1, 0, 20, 0, "ignore", "ESTABLISHED+", 0 },
	{ '<', "A", 112, 1, 0, 20, 0, "tcp-window", "ESTABLISHED+", 0 },
};

static const struct row sack_permitted[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss sackok", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss sackok", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "PA", 1, 1, 100, 8000, 0, "pass", "ESTABLISHED+", 300 },   /* lost behind us */
	{ '>', "PA", 101, 1, 100, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 1, 1, 0, 8000, "ts sack=101-201", "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 1, 1, 0, 8000, "ts sack=101-202", "tcp-window", "ESTABLISHED+", 0 }, /* never sent */
	{ '>', "PA", 1, 1, 100, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 1, 201, 0, 8000, "ts sack=1-101", "pass", "ESTABLISHED+", 432000 }, /* RFC 2883: a duplicate */
};

/* An acknowledgement far behind what was sent, but its SACK is not. */
static const struct row sack_says_more[] = {
	{ '>', "S", 0, 0, 0, 60000, "mss sackok", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 60000, "mss sackok", "pass", "SYN_RECV", 60 },
	{ '>', "PA", 1, 1, 60000, 60000, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 1, 1, 0, 60000, "sack=30001-60001", "pass", "ESTABLISHED+", 300 },
	{ '>', "PA", 60001, 1, 60000, 60000, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 1, 1, 0, 60000, "sack=30001-120001", "pass", "ESTABLISHED+", 300 },
	{ '>', "PA", 120001, 1, 60000, 60000, 0, "pass", "ESTABLISHED+", 300 }, /* the edge counts for the window, too */
};

static const struct row sack_not_permitted[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss sackok", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "A", 1, 1, 0, 8000, "sack=101-90001", "pass", "ESTABLISHED+", 432000 }, /* so it is none */
	{ '>', "A", 1, 1, 0, 8000, "sack=101-90001", "tcp-window", "ESTABLISHED+", 0 },
};

/* A sender overruns the window a little; were it forgotten, nothing of the other side would fit again. */
static const struct row overrun[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 1000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "PA", 1, 1, 1000, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '>', "PA", 1002, 2, 500, 8000, 0, "tcp-window", "ESTABLISHED+", 0 }, /* acknowledges what was not sent */
	{ '>', "PA", 1002, OLD(70000), 500, 8000, 0, "tcp-window", "ESTABLISHED+", 0 },
	{ '>', "PA", 1002, 1, 1001, 8000, 0, "tcp-window", "ESTABLISHED+", 0 },
	{ '>', "PA", 1002, 1, 500, 8000, 0, "ignore", "ESTABLISHED+", 0 },
	{ '<', "A", 1, 1502, 0, 1000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "PA", 1502, 1, 1000, 8000, 0, "pass", "ESTABLISHED+", 300 },
};

/* The acknowledgements are lost before they come here: the sender knows no more than we do, and repeats. */
static const struct row acks_lost[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 1000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "PA", 1, 1, 1000, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '>', "PA", 1, 1, 1000, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '>', "PA", 1, 1, 1000, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '>', "PA", 1, 1, 1000, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 1, 1001, 0, 1000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "PA", 1001, 1, 1000, 8000, 0, "pass", "ESTABLISHED+", 300 },
};

static const struct row fast_open[] = {
	{ '>', "S", 0, 0, 500, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 501, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '<', "PA", 1, 501, 1000, 8000, 0, "pass", "SYN_RECV", 60 },      /* the answer before the ACK */
	{ '>', "A", 501, 1001, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
};

static const struct row fast_open_data_not_taken[] = {
	{ '>', "S", 0, 0, 500, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "PA", 1, 1, 500, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "A", 1, 501, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
};

/* More than the window takes, and nothing of it taken. */
static const struct row fast_open_refused[] = {
	{ '>', "S", 0, 0, 1400, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 100, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "PA", 1, 1, 100, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '<', "A", 1, 101, 0, 100, 0, "pass", "ESTABLISHED+", 432000 },
};

/* Its acknowledgement is older than the SYN, which had no data: what answers that is old, too. */
static const struct row syn_ack_too_old[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, OLD(1), 0, 1, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", OLD(1), 1, 0, 8000, 0, "ignore", "SYN_RECV", 0 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
};

static const struct row repeated_too_often[] = {
	{ '>', "S", 0, 0, 0, 8000, "mss", "new", "SYN_SENT", 120 },
	{ '<', "SA", 0, 1, 0, 8000, "mss", "pass", "SYN_RECV", 60 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 300 },       /* the third time again */
	{ '>', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 300 },
	{ '<', "A", 1, 1, 0, 8000, 0, "pass", "ESTABLISHED+", 432000 },
};

#define SCRIPT(rows, ...) { #rows, rows, COUNT(rows), __VA_ARGS__ }

static const struct script scripts[] = {
	SCRIPT(handshake_and_close, false, false, false),
	SCRIPT(ecn, false, false, false),
	SCRIPT(simultaneous_open, false, false, false),
	SCRIPT(simultaneous_open_with_losses, false, false, false),
	SCRIPT(half_close_by_orig, false, false, false),
	SCRIPT(half_close_by_reply, false, false, false),
	SCRIPT(refused, false, false, false),
	SCRIPT(refused_after_all, false, false, false),
	SCRIPT(refused_at_once, false, false, false),
	SCRIPT(syn_repeated, false, false, false),
	SCRIPT(syn_changed_upwards, false, false, false),
	SCRIPT(syn_changed_downwards, false, false, false),
	SCRIPT(syn_changed_options_gone, false, false, false),
	SCRIPT(old_syn_ack, false, false, false),
	SCRIPT(old_syn_answered, false, false, false),
	SCRIPT(challenge_to_syn, false, false, false),
	SCRIPT(opener_restarted, false, false, false),
	SCRIPT(both_restarted, false, false, false),
	SCRIPT(server_knows_nothing, false, false, false),
	SCRIPT(challenge_in_last_ack, false, false, false),
	SCRIPT(time_wait_reused, false, false, false),
	SCRIPT(time_wait_reused_by_the_other_side, false, false, false),
	SCRIPT(reset_by_the_server_then_syn, false, false, false),
	SCRIPT(rst_exact_and_not, false, false, false),
	SCRIPT(rst_behind_its_data, false, false, false),
	SCRIPT(rst_old_is_let_in, false, false, true),
	SCRIPT(out_of_window_both_ways, false, false, false),
	SCRIPT(liberal, true, false, false),
	SCRIPT(liberal_without_syn_ack, true, false, false),
	SCRIPT(picked_up, false, false, false),
	SCRIPT(picked_up_at_the_server, false, false, false),
	SCRIPT(picked_up_at_a_keep_alive, false, false, false),
	SCRIPT(not_picked_up, false, true, false),
	SCRIPT(keep_alive, false, false, false),
	SCRIPT(zero_window, false, false, false),
	SCRIPT(scaled, false, false, false),
	SCRIPT(scaled_too_far, false, false, false),
	SCRIPT(scaled_by_one_only, false, false, false),
	SCRIPT(sack_permitted, false, false, false),
	SCRIPT(sack_says_more, false, false, false),
	SCRIPT(sack_not_permitted, false, false, false),
	SCRIPT(overrun, false, false, false),
	SCRIPT(acks_lost, false, false, false),
	SCRIPT(fast_open, false, false, false),
	SCRIPT(fast_open_data_not_taken, false, false, false),
	SCRIPT(fast_open_refused, false, false, false),
	SCRIPT(syn_ack_too_old, false, false, false),
	SCRIPT(repeated_too_often, false, false, false),
};
