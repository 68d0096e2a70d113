/*
 * FTP through the complete engine, row by row: 170 lines and segmentations of which it was measured what the Linux kernel's
 * helper (6.18, nf_conntrack_ftp, routed) makes of them, and others beside them. Each row says what usher does and why, and
 * holds it to that.
 *
 * Whatever a row says, no packet is dropped or invalid, and after it the announced connection comes: it is let in exactly
 * if the announcement was accepted, and where nothing was announced nothing is let in.
 *
 * Cases that need NAT are not here; they come with it:
 *	port-masq eprt-masq eprt6-masq pasv-dnat epsv-dnat real-masq-* real-dnat-*     the text must be rewritten
 *	pasv-dnat-public-ip          227 names the public address: own by mapping
 *	two-clients-same-port        under masquerade the second gets another port
 *	retrans-port-lost-after-nat retrans-port-lost-then-noop[-nosack] retrans-two-ports-both-lost retrans-first-of-two-ports-lost
 *	sack-across-nat* sack-after-port-acked      a line that was rewritten comes again, under shifted sequence numbers
 *	port-in-full-mss-segment     the rewritten segment outgrows the MTU
 *	midstream-after-mangle-masq  the shift must survive
 *	slipstream-post-port21 -offloads-on         with masquerade; the reading is the same as here
 */
#include "net.h"

enum kernel {
	KERNEL_UNASKED, /* not measured: a row of our own beside the measured ones */
	KERNEL_OPENS,  /* an expectation */
	KERNEL_PASSES, /* the packet passes, nothing is expected */
	KERNEL_STALLS  /* the packet is dropped, each time it comes again: the control connection is dead */
};

enum row_flags {
	V6 = 1,
	BARE = 2,     /* the script begins the control connection itself */
	NO_PROBE = 4, /* the script tries the data connection itself */
	FULL = 8      /* there is room for one expectation only */
};

struct row {
	const char *name;
	uint8_t kernel; /* enum kernel */
	uint8_t flags;  /* enum row_flags */
	const char *script; /* net.h */
	const char *usher;  /* announcements, refused ones with their code; notes in parentheses; `state` of the script */
	const char *why;
};

static const struct row rows[] = {
#include "kernel_ftp_rows.h"
};

/* What was announced last. */
struct seen {
	struct usher_announcement last;
	uint32_t announced, accepted;
};

static void watch(struct net *n, const struct usher_event *event)
{
	struct seen *seen = n->watch_user;
	char at[80];

	if (event->type == USHER_EVENT_NOTE)
		net_print(&n->log, "(%s)\n", event->u.note.code);
	if (event->type != USHER_EVENT_ANNOUNCE)
		return;
	seen->last = event->u.announce;
	seen->announced++;
	seen->accepted += event->u.announce.accepted;
	net_print(&n->log, "%s %s%s%s%s\n", seen->last.kind, net_end_text(&seen->last.listener, at),
		  seen->last.certain ? "" : " uncertain",
		  seen->last.accepted ? "" : " refused: ", seen->last.accepted ? "" : seen->last.code);
}

/* The other side connects to `to`. */
static bool lets_in(struct net *n, const struct usher_endpoint *to, bool from_server, bool ipv6)
{
	struct usher_endpoint from = net_end(ipv6 ? from_server ? "[2001:db8:1::2]:20" : "[fd00:1::2]:50000" :
						    from_server ? "198.51.100.2:20" : "10.0.0.2:50000");
	struct net_tcp syn = { .seq = 1, .flags = NET_SYN };
	uint8_t packet[NET_PACKET];

	if (to->family != from.family)
		return false;
	net_send(n, packet, net_tcp(packet, &from, to, &syn));
	return n->last.state == USHER_RELATED;
}

/* What was announced is let in if it was accepted. Nothing announced: nothing is, in either direction. */
static void probe(struct net *n, const struct row *row, const struct seen *seen)
{
	bool ipv6 = row->flags & V6, by_client = seen->announced && (!strcmp(seen->last.kind,
									     "PORT") || !strcmp(seen->last.kind, "EPRT"));
	struct usher_endpoint client = net_end(ipv6 ? "[fd00:1::2]:20485" : "10.0.0.2:20485");
	struct usher_endpoint server = net_end(ipv6 ? "[2001:db8:1::2]:20485" : "198.51.100.2:20485");

	if (seen->announced) {
		if (lets_in(n, &seen->last.listener, by_client, ipv6) != seen->last.accepted)
			fail_msg("%s: %s, and let in all the same, or not", row->name, n->log.at);
		return;
	}
	if (lets_in(n, &client, true, ipv6) || lets_in(n, &server, false, ipv6))
		fail_msg("%s: let in what was not announced", row->name);
}

static void run(const struct row *row)
{
	struct usher_options options = { .expectations = row->flags & FULL ? 1 : 100 };
	struct seen seen = { .announced = 0 };
	struct net n;

	net_open(&n, &options);
	n.quiet = true;
	n.watch = watch;
	n.watch_user = &seen;
	if (!(row->flags & BARE)) {
		net_run(&n,
			row->flags & V6 ? "A tcp [fd00:1::2]:40000 [2001:db8:1::2]:21" : "A tcp 10.0.0.2:40000 198.51.100.2:21");
		net_run(&n, "A< 220 ready~\nA> USER u~\nA< 331 pw~\nA> PASS p~\nA< 230 in~\n");
	}
	net_run(&n, row->script);
	if (usher_counter_get(n.w, USHER_COUNTER_INVALID) != 0)
		fail_msg("%s: a packet was invalid", row->name);
	net_expect_log(&n, row->name, row->usher);
	if (!(row->flags & NO_PROBE))
		probe(&n, row, &seen);
	assert_true(*row->why);
	n.watch = NULL;
	net_close(&n);
}

static void test_rows(void **state)
{
	unsigned i, k;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		for (k = 0; k < i; k++)
			assert_string_not_equal(rows[i].name, rows[k].name);
		run(&rows[i]);
	}
	print_message("%zu rows\n", COUNT_OF(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
