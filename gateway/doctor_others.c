/*
 * The doctor's look at others: a gateway that runs already, programs at the interfaces, netfilter, rules. See doctor_parts.h.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/doctor_parts.h"
#include "gateway/steer.h"

#define TCX_INGRESS 46u     /* enum bpf_attach_type of Linux 6.6 */
#define LINES_MAX   200000u /* of a ruleset: then it is long enough */

static void look_for_gateway(struct doctor *doctor)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(GATEWAY_LOCK));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path + 1, GATEWAY_LOCK, sizeof(GATEWAY_LOCK) - 1);
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, len) != 0 && errno == EADDRINUSE)
		doctor_say(doctor, DOCTOR_WRONG, "gateway",
			   "a gateway runs here already (in this network namespace), and a second one does not begin\n"
			   "systemctl stop usher-gateway, or kill the process that `pgrep -f 'usher gateway'` finds");
	if (fd >= 0)
		close(fd);
}

/* ---- at an interface ---- */

struct filters {
	unsigned ours, others;
	bool foreign_first; /* our place is taken by another kind of filter */
	char first[32];     /* "bpf, pref 5" */
};

static void read_filter(void *user, struct nlmsghdr *message)
{
	struct filters *filters = user;
	const struct tcmsg *head = NLMSG_DATA(message);
	size_t left = TCA_PAYLOAD(message);
	const char *kind = "?";
	unsigned priority;

	if (message->nlmsg_type != RTM_NEWTFILTER)
		return;
	priority = TC_H_MAJ(head->tcm_info) >> 16;
	for (const struct rtattr *a = gw_attribute(TCA_RTA(head), left); a; a = gw_attribute_next(a, &left)) {
		if (a->rta_type == TCA_KIND && RTA_PAYLOAD(a) > 0)
			kind = RTA_DATA(a); /* the kernel ends it with a 0 */
	}
	if (priority == GW_STEER_PRIORITY && strcmp(kind, "bpf") != 0)
		filters->foreign_first = true;
	/* A chain announces itself with a message of its own, without a handle. */
	if (head->tcm_handle == 0)
		return;
	if (priority == GW_STEER_PRIORITY && head->tcm_handle == GW_STEER_HANDLE && strcmp(kind, "bpf") == 0) {
		filters->ours++;
	} else {
		if (filters->others++ == 0)
			snprintf(filters->first, sizeof(filters->first), "%.16s, pref %u", kind, priority);
	}
}

static void look_at_filters(struct doctor *doctor, const struct gw_port *port)
{
	struct {
		struct nlmsghdr head;
		struct tcmsg body;
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETTFILTER, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .tcm_ifindex = (int)port->index, .tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS) },
	};
	struct filters filters = { 0 };

	if (gw_net_ask(doctor->net, &request.head, read_filter, &filters) != 0)
		return; /* no hook there yet: nothing is attached */
	if (filters.foreign_first)
		doctor_say(doctor, DOCTOR_WRONG, "programs",
			   "at the ingress of %s another filter (%s) has the place of the gateway's: it cannot be attached\n"
			   "tc filter del dev %s ingress pref %u",
			   port->name, filters.first, port->name, GW_STEER_PRIORITY);
	else if (filters.others > 0)
		doctor_say(doctor, DOCTOR_NOTE, "programs",
			   "%u other filter%s at the ingress of %s (%s): with its own the gateway decides on nearly every packet, "
			   "and those behind it see what is left\ntc filter show dev %s ingress",
			   filters.others, filters.others == 1 ? "" : "s", port->name, filters.first, port->name);
	if (filters.ours > 0)
		doctor_say(doctor, DOCTOR_GOOD, "programs",
			   "%s has the program of a gateway that ran before, or runs; a new one takes its place", port->name);
}

static void look_at_tcx(struct doctor *doctor, const struct gw_port *port)
{
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.query.target_fd = port->index;
	attributes.query.attach_type = TCX_INGRESS;
	/* A kernel without TCX says that it does not know the type. */
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &attributes, sizeof(attributes)) == 0 && attributes.query.prog_cnt > 0)
		doctor_say(
			doctor, DOCTOR_NOTE, "programs",
			"%u BPF programs are attached to %s by TCX: they see each packet before the gateway does, and may keep it\n"
			"bpftool net show dev %s",
			attributes.query.prog_cnt, port->name, port->name);
}

static void read_xdp(void *user, struct nlmsghdr *message)
{
	size_t left = IFLA_PAYLOAD(message), inner;

	if (message->nlmsg_type != RTM_NEWLINK)
		return;
	for (const struct rtattr *a = gw_attribute(IFLA_RTA(NLMSG_DATA(message)), left); a; a = gw_attribute_next(a, &left)) {
		if ((a->rta_type & NLA_TYPE_MASK) != IFLA_XDP)
			continue;
		inner = RTA_PAYLOAD(a);
		for (const struct rtattr *b = gw_attribute(RTA_DATA(a), inner); b; b = gw_attribute_next(b, &inner)) {
			if (b->rta_type == IFLA_XDP_ATTACHED && RTA_PAYLOAD(b) == 1 &&
			    *(const uint8_t *)RTA_DATA(b) != XDP_ATTACHED_NONE)
				*(bool *)user = true;
		}
	}
}

static void look_at_xdp(struct doctor *doctor, const struct gw_port *port)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg body;
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST },
		.body = { .ifi_index = (int)port->index },
	};
	bool attached = false;

	if (gw_net_ask(doctor->net, &request.head, read_xdp, &attached) == 0 && attached)
		doctor_say(doctor, DOCTOR_NOTE, "programs",
			   "an XDP program is attached to %s: it sees each packet before the gateway does, and may keep it\n"
			   "ip link set %s xdp off",
			   port->name, port->name);
}

/* ---- rules and modules ---- */

static void read_rule(void *user, struct nlmsghdr *message)
{
	const struct fib_rule_hdr *head = NLMSG_DATA(message);

	/* The three that every machine has look at no source. */
	if (message->nlmsg_type == RTM_NEWRULE && head->src_len != 0)
		++*(unsigned *)user;
}

static void look_at_rules(struct doctor *doctor)
{
	struct {
		struct nlmsghdr head;
		struct fib_rule_hdr body;
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETRULE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	unsigned count = 0;

	if (gw_net_ask(doctor->net, &request.head, read_rule, &count) == 0 && count > 0)
		doctor_say(doctor, DOCTOR_NOTE, "rules",
			   "%u routing rules look at the source address (ip rule from): the gateway asks for routes by destination "
			   "alone\nip rule show",
			   count);
}

/* A word of a line that translates: `text` has it with no letters around. */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
		bool begins = at == text || at[-1] == ' ' || at[-1] == '\t';

		if (begins && (at[len] == ' ' || at[len] == '\n' || at[len] == '\0'))
			return true;
	}
	return false;
}

/* Rules that translate: nft's own, and those of iptables, which it shows as well. */
static void look_at_nft(struct doctor *doctor)
{
	FILE *rules = popen("nft -nn list ruleset 2>/dev/null", "re");
	char line[1024], table[64] = "?";
	unsigned count = 0;

	for (unsigned i = 0; rules != NULL && i < LINES_MAX && fgets(line, sizeof(line), rules) != NULL; i++) {
		bool found = has_word(line, "masquerade") || has_word(line, "snat") || has_word(line, "dnat") ||
			     has_word(line, "redirect");

		if (count == 0)
			sscanf(line, "table %63[^{\n]", table);
		count += found;
	}
	if (rules != NULL)
		pclose(rules);
	if (count > 0)
		doctor_say(doctor, DOCTOR_NOTE, "netfilter",
			   "%u rules of netfilter translate (the first in table %s): they do not see what the gateway forwards, "
			   "only the machine's own packets\n"
			   "nft list ruleset; take out what --masquerade, --snat and --forward replace",
			   count, table);
}

static void look_at_modules(struct doctor *doctor)
{
	FILE *modules = fopen("/proc/modules", "re");
	char line[512], list[200] = "";

	while (modules != NULL && fgets(line, sizeof(line), modules) != NULL) {
		size_t len = strlen(list), name = strcspn(line, " ");

		if ((strncmp(line, "nf_conntrack_", 13) == 0 && strncmp(line, "nf_conntrack_netlink", 20) != 0 &&
		     strncmp(line, "nf_conntrack_bridge", 19) != 0 && strncmp(line, "nf_conntrack_broadcast", 22) != 0) &&
		    len + name + 2 < sizeof(list))
			snprintf(list + len, sizeof(list) - len, "%s%.*s", len > 0 ? " " : "", (int)name, line);
	}
	if (modules != NULL)
		fclose(modules);
	if (list[0] != '\0')
		doctor_say(
			doctor, DOCTOR_NOTE, "netfilter",
			"the kernel's own helpers are loaded (%s): they read nothing of what the gateway forwards\nmodprobe -r %s",
			list, list);
}

void doctor_others(struct doctor *doctor)
{
	look_for_gateway(doctor);
	for (uint32_t i = 0; doctor->net != NULL && i < doctor->net->port_count; i++) {
		const struct gw_port *port = &doctor->net->port[i];

		if (port->index == 0)
			continue;
		look_at_filters(doctor, port);
		look_at_tcx(doctor, port);
		look_at_xdp(doctor, port);
	}
	if (doctor->net != NULL)
		look_at_rules(doctor);
	look_at_nft(doctor);
	look_at_modules(doctor);
}
