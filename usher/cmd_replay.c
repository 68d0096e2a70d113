/*
 * usher replay: its help, and the way in. replay.h tells how it works.
 */
#include <stdlib.h>

#include "usher/command.h"
#include "usher/replay.h"

const char help_replay[] =
	"usage: usher replay [OPTION]... FILE...\n"
	"\n"
	"Reads captures (pcap or pcapng, gzipped or not; - is the standard input), follows their connections as a firewall\n"
	"would, and tells which control connections there are, what they announced, and which connections came of it; of\n"
	"PPTP who called whom, with what result, and what each call's GRE lost on the way.\n"
	"Several FILEs are read one after the other, as one capture; frame numbers are those of each file, as Wireshark has\n"
	"them. Byte counts are those of IP packets, with all headers.\n"
	"\n"
	"What is shown:\n"
	"  -j, --json             one JSON object a line for each event, a summary as the last (doc/events.md)\n"
	"  -x, --explain          before the tree: why each interesting packet got its verdict, with frame numbers\n"
	"  -a, --all              every announcement, call and message, and a line for every connection\n"
	"  -s, --stats            all counters, reasons, refusals and notes at the end\n"
	"  -o, --output FILE      write there, not on the standard output\n"
	"      --report FILE      also write the tree as an HTML page\n"
	"\n"
	"What is read:\n"
	"  -f, --filter EXPR      only frames that match, in tcpdump's language: pcap-filter(7)\n"
	"      --helper NAME=PORT[,PORT]...[/4|/6]\n"
	"                         let the helper NAME read connections to these ports too, of IPv4 or IPv6 only or of\n"
	"                         both; may be repeated; usher helpers lists the names\n"
	"      --no-default-helpers\n"
	"                         only what --helper says, not the customary ports\n"
	"      --zone-by-vlan     keep VLANs apart: the outer VLAN id becomes the zone, else all is zone 0\n"
	"      --verify-checksums packets with a wrong checksum are invalid; off, as captures of the sender's own machine\n"
	"                         have most of them unfinished\n"
	"\n"
	"How it is judged:\n"
	"      --strict           TCP packets outside the window are invalid; off, as captures lose packets that the\n"
	"                         connection did not\n"
	"      --live             as if the packets were live: a control connection whose beginning was not seen must show a\n"
	"                         command and its reply before an announcement counts\n"
	"      --loose            accept announcements of a third party's address (FXP)\n"
	"      --reserved-below PORT\n"
	"                         refuse announced ports below PORT; 1: none; else each helper has its own limit\n"
	"      --expect-max N     announcements of a kind that one control connection may have outstanding\n"
	"      --timeout NAME=SECONDS\n"
	"                         a time-out by the kernel's name, as tcp_timeout_established=3600; may be repeated\n"
	"\n"
	"How it is done:\n"
	"      --connections N    connections at a time, for IPv4 and IPv6 each (4194304); only those in use cost memory\n"
	"      --nat RULES        the capture was taken inside of NAT: what would it make of it? masquerade=ADDRESS,\n"
	"                         snat=FIRST-LAST, forward=tcp:PORT=ADDRESS:PORT, independent; several with commas\n"
	"      --inside NET,...   with --nat: the networks inside, 10.0.0.0/8\n"
	"      --burst N          packets handed over together, 1 to 64 (64); the result is the same; 1 also writes each\n"
	"                         line at once, for a capture that comes from a pipe\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit status: 0; 1 when a capture cannot be read, or breaks off (what it held until then is shown), or the output\n"
	"cannot be written; 2 when the command line makes no sense.\n"
	"\n"
	"Examples:\n"
	"  usher replay session.pcap\n"
	"  usher replay --explain --filter 'host 192.0.2.7' monday.pcapng tuesday.pcapng.gz\n"
	"  usher replay --helper ftp=2121,8021 --json session.pcap | jq 'select(.event == \"announce\")'\n"
	"  tcpdump -i eth0 -U -w - | usher replay --json --burst 1 -\n";

int cmd_replay(int argc, char **argv)
{
	struct replay_options options;
	int status = replay_options_parse(&options, argc, argv);

	if (status < 0) {
		if (options.explain) /* events must come in the order of the verdicts */
			options.burst = 1;
		status = replay_run(&options);
	}
	free(options.ports);
	free(options.nat);
	free(options.timeouts);
	return status;
}
