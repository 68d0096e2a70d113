/*
 * sim/trace: see trace.h. The pcap files are of IP packets (LINKTYPE_RAW) with nanoseconds.
 */
#include "tests/sim/trace.h"

#include "tests/sim/gateway.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

struct trace {
	FILE *log;
	pcap_t *kind;
	pcap_dumper_t *dump[SIM_LINKS];
	char name[400];
};

struct trace *trace_open(const char *name)
{
	struct trace *t = calloc(1, sizeof(*t));
	char path[420];

	if (!t)
		return NULL;
	snprintf(t->name, sizeof(t->name), "%s", name);
	snprintf(path, sizeof(path), "%s.log", t->name);
	t->log = fopen(path, "w");
	t->kind = pcap_open_dead_with_tstamp_precision(DLT_RAW, 65535, PCAP_TSTAMP_PRECISION_NANO);
	if (!t->log || !t->kind) {
		trace_close(t);
		return NULL;
	}
	return t;
}

void trace_close(struct trace *t)
{
	for (uint32_t i = 0; i < SIM_LINKS; i++) {
		if (t->dump[i])
			pcap_dump_close(t->dump[i]);
	}
	if (t->kind)
		pcap_close(t->kind);
	if (t->log)
		fclose(t->log);
	free(t);
}

void trace_log(struct trace *t, uint64_t now, const char *format, va_list list)
{
	fprintf(t->log, "%llu.%06llu  ", (unsigned long long)(now / USHER_SECOND), (unsigned long long)(now % USHER_SECOND / 1000));
	vfprintf(t->log, format, list);
	fputc('\n', t->log);
}

const char *link_name(const struct link *link)
{
	static char text[4][40];
	static unsigned turn;
	char *name = text[turn++ % 4];

	if (!link->host)
		snprintf(name, 40, "gateway%u-gateway%u", gateway_number(link->from), gateway_number(link->to));
	else if (link->to)
		snprintf(name, 40, "%s-gateway%u", link->host->name, gateway_number(link->to));
	else
		snprintf(name, 40, "gateway%u-%s", gateway_number(link->from), link->host->name);
	return name;
}

static void log_tcp(struct sim *sim, const char *where, const struct wire *w)
{
	static const char letters[] = "FSRPAU";
	char flags[8], sack[120] = "", data[80] = "";
	uint32_t at = 0;

	for (uint32_t i = 0; i < 6; i++) {
		if (w->tcp.flags >> i & 1)
			flags[at++] = letters[i];
	}
	flags[at] = '\0';
	for (uint32_t i = 0, used = 0; i < w->tcp.sack_count; i++)
		used += (uint32_t)snprintf(sack + used, sizeof(sack) - used, " sack %u-%u", w->tcp.sack[i].from, w->tcp.sack[i].to);
	for (at = 0; at < w->len && at < 70; at++)
		data[at] = (char)(w->data[at] >= 32 && w->data[at] < 127 ? w->data[at] : '.');
	sim_log(sim, "%-18s %s > %s %s seq %u ack %u win %u len %u%s%s %s", where, endpoint_text(&w->src), endpoint_text(&w->dst), flags,
		w->tcp.seq, w->tcp.ack, w->tcp.window, w->len, sack, w->tcp.stamped ? " ts" : "", data);
}

void trace_text(struct sim *sim, const struct packet *p, const char *where)
{
	const char *wrong;
	struct wire w;

	if (!sim->trace)
		return;
	wrong = wire_read(p->data, p->len, &w);
	if (wrong)
		sim_log(sim, "%-18s %u bytes: %s", where, p->len, wrong);
	else if (w.protocol == USHER_TCP)
		log_tcp(sim, where, &w);
	else if (w.protocol == USHER_ICMP || w.protocol == USHER_ICMPV6)
		sim_log(sim, "%-18s %s > %s ICMP %u/%u mtu %u about %s > %s seq %u", where, address_text(&w.src), address_text(&w.dst),
			w.icmp.type, w.icmp.code, w.icmp.mtu, endpoint_text(&w.icmp.src), endpoint_text(&w.icmp.dst), w.icmp.seq);
	else
		sim_log(sim, "%-18s %s > %s protocol %u, %u bytes", where, endpoint_text(&w.src), endpoint_text(&w.dst), w.protocol,
			p->len);
}

void trace_packet(struct sim *sim, const struct link *link, const struct packet *p, const char *who)
{
	struct trace *t = sim->trace;
	struct pcap_pkthdr head = { .caplen = p->len, .len = p->len };
	char path[480];

	if (!t)
		return;
	trace_text(sim, p, who ? who : link_name(link));
	if (!t->dump[link->number]) {
		snprintf(path, sizeof(path), "%s.%s.pcap", t->name, link_name(link));
		t->dump[link->number] = pcap_dump_open(t->kind, path);
		if (!t->dump[link->number])
			return;
	}
	head.ts.tv_sec = (time_t)(sim->now / USHER_SECOND);
	head.ts.tv_usec = (suseconds_t)(sim->now % USHER_SECOND); /* nanoseconds, by the precision asked for */
	pcap_dump((u_char *)t->dump[link->number], &head, p->data);
}
