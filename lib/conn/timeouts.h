/*
 * conn/timeouts: the kernel's default timeouts by the kernel's names (sysctl net.netfilter.nf_conntrack_<name>), in seconds.
 * Measured on Linux 6.18; tests/unit/test_timeouts.c holds them to it.
 */
#ifndef USHER_CONN_TIMEOUTS_H
#define USHER_CONN_TIMEOUTS_H

#define CONN_TIMEOUTS(X) \
	X(TCP_SYN_SENT, "tcp_timeout_syn_sent", 120) \
	X(TCP_SYN_RECV, "tcp_timeout_syn_recv", 60) \
	X(TCP_ESTABLISHED, "tcp_timeout_established", 432000) \
	X(TCP_FIN_WAIT, "tcp_timeout_fin_wait", 120) \
	X(TCP_CLOSE_WAIT, "tcp_timeout_close_wait", 60) \
	X(TCP_LAST_ACK, "tcp_timeout_last_ack", 30) \
	X(TCP_TIME_WAIT, "tcp_timeout_time_wait", 120) \
	X(TCP_CLOSE, "tcp_timeout_close", 10) \
	X(TCP_MAX_RETRANS, "tcp_timeout_max_retrans", 300) \
	X(TCP_UNACKNOWLEDGED, "tcp_timeout_unacknowledged", 300) \
	X(UDP, "udp_timeout", 30) \
	X(UDP_STREAM, "udp_timeout_stream", 120) \
	X(ICMP, "icmp_timeout", 30) \
	X(ICMPV6, "icmpv6_timeout", 30) \
	X(GRE, "gre_timeout", 30) \
	X(GRE_STREAM, "gre_timeout_stream", 180) \
	X(GENERIC, "generic_timeout", 600) \
	X(SCTP_CLOSED, "sctp_timeout_closed", 10) \
	X(SCTP_COOKIE_WAIT, "sctp_timeout_cookie_wait", 3) \
	X(SCTP_COOKIE_ECHOED, "sctp_timeout_cookie_echoed", 3) \
	X(SCTP_ESTABLISHED, "sctp_timeout_established", 210) \
	X(SCTP_SHUTDOWN_SENT, "sctp_timeout_shutdown_sent", 3) \
	X(SCTP_SHUTDOWN_RECD, "sctp_timeout_shutdown_recd", 3) \
	X(SCTP_SHUTDOWN_ACK_SENT, "sctp_timeout_shutdown_ack_sent", 3) \
	X(SCTP_HEARTBEAT_SENT, "sctp_timeout_heartbeat_sent", 30)

enum conn_timeout {
#define CONN_TIMEOUT_ENUM(id, name, seconds) CONN_TIMEOUT_##id,
	CONN_TIMEOUTS(CONN_TIMEOUT_ENUM)
#undef CONN_TIMEOUT_ENUM
	CONN_TIMEOUT_COUNT
};

#endif
