/*
 * engine/process: a burst of packets -> verdicts. The hot path.
 *
 * Three passes over a burst. The first two only read: decode and hash each packet and ask for its bucket; look at the buckets' tags
 * and ask for the records. There the cache misses are, and they overlap. The third does the work packet by packet, in order, and
 * believes nothing that the first two found but that a record is worth looking at first: so the result is that of bursts of one.
 * Sources: DESIGN 4.
 */
#include "engine/engine.h"

struct slot {
	struct pkt p;
	struct conn_key key;
	struct conn *candidate; /* worth looking at first; NULL: none */
	uint32_t record;        /* the candidate's */
	bool keyed;             /* it has a tuple, and key is set */
};

static inline unsigned decode_flags(unsigned verify, const struct usher_packet *packet)
{
	return verify | (packet->checksum != USHER_CHECKSUM_UNKNOWN ? PKT_CSUM_GOOD : 0u) | (packet->gso_size ? PKT_GSO : 0u);
}

static inline void read_packet(const struct usher_worker *w, struct usher_packet *packet, struct slot *s, unsigned verify)
{
	uint32_t wire_len = packet->wire_len > packet->len ? packet->wire_len : packet->len;

	usher__pkt_decode(&s->p, packet->data, packet->len, wire_len, decode_flags(verify, packet));
	s->candidate = NULL;
	s->keyed = s->p.reason == USHER_REASON_NONE && !(s->p.flags & PKT_ICMP_ERROR);
	if (s->keyed)
		conn_key_of(&w->table, &s->key, &s->p, packet->data, packet->zone);
}

static inline unsigned verifying(const struct usher_worker *w)
{
	return w->tracker->flags & USHER_VERIFY_CHECKSUMS ? PKT_VERIFY : 0;
}

static void read_packets(const struct usher_worker *w, struct usher_packet *packets, struct slot *slot, uint32_t n)
{
	unsigned verify = verifying(w);
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (i + 4 < n)
			__builtin_prefetch(packets[i + 4].data);
		read_packet(w, &packets[i], &slot[i], verify);
		if (slot[i].keyed)
			__builtin_prefetch(&w->table.index->bucket[index_bucket_of(w->table.index, slot[i].key.hash)]);
	}
}

static void probe_index(const struct usher_worker *w, struct slot *slot, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		const char *lines;

		if (!slot[i].keyed)
			continue;
		slot[i].record = conn_probe(&w->table, &slot[i].key);
		if (!slot[i].record)
			continue;
		slot[i].candidate = conn_at(&w->table, slot[i].record);
		lines = conn_lines(slot[i].candidate, slot[i].key.ipv6);
		__builtin_prefetch(lines, 1);
		__builtin_prefetch(lines + 64, 1);
		if (slot[i].key.ipv6)
			__builtin_prefetch(lines + 128, 1);
	}
}

static void set_state(struct usher_packet *packet, const struct conn *c, unsigned direction)
{
	packet->direction = (uint8_t)direction;
	if (direction == USHER_REPLY || c->status & CONN_SEEN_REPLY)
		packet->state = USHER_ESTABLISHED;
	else
		packet->state = c->status & CONN_RELATED ? USHER_RELATED : USHER_NEW;
}

/* Belongs to no connection, or may not: told and counted by its reason. */
static void invalid(struct usher_worker *w, struct slot *s, struct usher_packet *packet, uint32_t record, unsigned direction)
{
	packet->state = USHER_INVALID;
	packet->direction = (uint8_t)direction;
	if (w->tracker->flags & USHER_DROP_INVALID ||
	    (record && conn_at(&w->table, record)->status & CONN_TRANSLATED)) /* it would go out with addresses of the other side */
		packet->verdict = USHER_DROP;
	count(w, USHER_COUNTER_INVALID);
	usher__event_invalid(w, &s->p, packet, record, direction);
}

static void untracked(struct usher_worker *w, struct usher_packet *packet)
{
	packet->state = USHER_UNTRACKED;
	count(w, USHER_COUNTER_UNTRACKED);
}

/* The decoder found a reason why it has no connection. */
static void unusable(struct usher_worker *w, struct slot *s, struct usher_packet *packet)
{
	packet->reason = s->p.reason;
	w->reason[s->p.reason]++;
	if (s->p.reason == USHER_REASON_FRAGMENT || s->p.reason == USHER_REASON_ICMP_CONTROL ||
	    s->p.reason == USHER_REASON_IP_TRUNCATED)
		untracked(w, packet);
	else
		invalid(w, s, packet, 0, USHER_ORIG);
}

/* Put together from its fragments, it is the packet. */
static void become(struct usher_worker *w, struct slot *s, struct usher_packet *packet, const struct reassembled *whole)
{
	count(w, USHER_COUNTER_REASSEMBLED);
	packet->data = whole->data;
	packet->len = packet->wire_len = whole->len;
	packet->headroom = whole->headroom;
	packet->tailroom = whole->tailroom;
	packet->checksum = USHER_CHECKSUM_UNKNOWN;
	packet->fragment_size = whole->largest;
	packet->flags |= USHER_PACKET_WHOLE;
	packet->gso_size = 0;
	read_packet(w, packet, s, verifying(w));
}

/* A fragment. true: with it the datagram is whole, and `packet` is that. */
static bool fragment(struct usher_worker *w, struct slot *s, struct usher_packet *packet)
{
	static const uint8_t reasons[] = {
		[REASSEMBLY_HELD] = USHER_REASON_FRAGMENT_HELD,       [REASSEMBLY_AGAIN] = USHER_REASON_FRAGMENT_AGAIN,
		[REASSEMBLY_OVERLAP] = USHER_REASON_FRAGMENT_OVERLAP, [REASSEMBLY_BAD] = USHER_REASON_FRAGMENT_BAD,
		[REASSEMBLY_FULL] = USHER_REASON_FRAGMENT_FULL,       [REASSEMBLY_NONE] = USHER_REASON_FRAGMENT_BAD,
	};
	struct reassembled whole;
	enum reassembly_result result = usher__reassembly_add(w->fragments, &s->p, packet->data, packet->zone, w->now, &whole);

	if (result == REASSEMBLY_WHOLE) {
		become(w, s, packet, &whole);
		return true;
	}
	packet->reason = reasons[result];
	w->reason[packet->reason]++;
	if (result == REASSEMBLY_HELD || result == REASSEMBLY_AGAIN) {
		packet->verdict = USHER_TAKEN;
		packet->state = USHER_UNTRACKED;
	} else {
		invalid(w, s, packet, 0, USHER_ORIG);
		packet->verdict = USHER_DROP; /* alone it could be put together with others */
	}
	return false;
}

static void icmp_error(struct usher_worker *w, struct slot *s, struct usher_packet *packet)
{
	struct conn_found about;
	uint8_t reason = usher__icmp_error(w, &s->p, packet, &about);

	if (reason == USHER_REASON_NONE)
		return;
	packet->reason = reason;
	w->reason[packet->reason]++;
	invalid(w, s, packet, about.record, about.direction);
}

/* The packet's connection, alive: the candidate if it is the one, else by the index. One that is dead ends here. */
static struct conn_found find(struct usher_worker *w, struct slot *s)
{
	struct conn_found found = { NULL, 0, 0 };

	if (s->candidate && s->candidate->status & CONN_USED) {
		int direction = conn_compare(s->candidate, &s->key);

		if (direction >= 0) {
			found.c = s->candidate;
			found.record = s->record;
			found.direction = (uint8_t)direction;
		}
	}
	if (!found.c)
		found = usher__conn_lookup(&w->table, &s->key);
	if (found.c && conn_dead(w, found.c)) {
		usher__conn_bury(w, found.record);
		found.c = NULL;
	}
	return found;
}

static usher_time next_timeout(struct usher_worker *w, struct conn *c, usher_time timeout)
{
	const struct usher_tracker *t = w->tracker;
	usher_time own = c->status & CONN_OWN_TIMEOUT ? own_timeout(w, c) : 0;

	if (own)
		return own;
	if (!c->timeout || t->config.timeout[c->timeout - 1] != timeout)
		c->timeout = usher__timeout_number(w, timeout);
	return timeout;
}

/* A call that is in use is no sign of life of a control connection that is closing. */
static void keep_master(struct usher_worker *w, const struct conn *c)
{
	const struct extra *x = extra_of(w, c);
	const struct conn_protocol *protocol;
	uint32_t master;

	if (!(x->flags & EXTRA_KEEPS) || !x->master_extra)
		return;
	master = extra_at(w, x->master_extra)->record;
	c = conn_at(&w->table, master);
	protocol = usher__conn_protocol(c->protocol);
	if (!protocol->closing || !protocol->closing(c))
		usher__conn_touch(w, master);
}

static void pass(struct usher_worker *w, const struct conn_found *found, struct slot *s, struct usher_packet *packet,
		 const struct conn_step *step)
{
	struct conn *c = found->c;

	conn_count(c, found->direction, s->p.ip_len);
	if (step->action != CONN_IGNORE && step->timeout && !(c->status & CONN_FIXED_TIMEOUT))
		conn_refresh(w, found->record, found->c, w->now + next_timeout(w, c, step->timeout));
	if (c->status & CONN_RELATED)
		keep_master(w, c);
	set_state(packet, c, found->direction);
	packet->conn.generation = c->generation;
	packet->conn.record = found->record;
	packet->conn.worker = (uint16_t)w->number;
	if (step->out_of_window) {
		packet->flags |= USHER_PACKET_OUT_OF_WINDOW;
		count(w, USHER_COUNTER_OUT_OF_WINDOW);
	}
	if (step->changed)
		usher__event_conn(w, USHER_EVENT_CONN_UPDATE, found->record, NULL);
	if (c->status & CONN_HELPED) {
		packet->flags |= USHER_PACKET_READ;
		usher__help_read(w, found->record, found->direction, &s->p, packet);
	}
	if (c->status & CONN_TRANSLATED && packet->verdict == USHER_ACCEPT)
		nat_translate(w, c, found->direction, &s->p, packet);
}

/* Nothing is wrong with the packet, but it may not begin a connection. */
static bool is_refusal(uint8_t reason)
{
	return reason == USHER_REASON_POLICY || reason == USHER_REASON_TABLE_FULL || reason == USHER_REASON_NAT_EXHAUSTED ||
	       reason == USHER_REASON_NAT_UNMAPPABLE || reason == USHER_REASON_NAT_UNASKED || reason == USHER_REASON_NAT_OWNER;
}

static void begin(struct usher_worker *w, struct slot *s, struct usher_packet *packet)
{
	struct birth b = { &s->p, packet->data, packet, &s->key };
	struct conn_step step = { .action = CONN_IGNORE };
	struct conn_found found = { NULL, 0, USHER_ORIG };

	found.record = usher__conn_create(w, &b, &packet->reason);
	if (!found.record) {
		w->reason[packet->reason]++;
		if (packet->reason == USHER_REASON_NAT_EXHAUSTED)
			count(w, USHER_COUNTER_NAT_EXHAUSTED);
		invalid(w, s, packet, 0, USHER_ORIG);
		if (is_refusal(packet->reason))
			packet->verdict = USHER_DROP;
		return;
	}
	found.c = conn_at(&w->table, found.record);
	packet->flags |= USHER_PACKET_FIRST;
	pass(w, &found, s, packet, &step);
}

/* What its protocol has made of a packet of a known connection takes effect. */
static void decide(struct usher_worker *w, struct conn_found *found, struct slot *s, struct usher_packet *packet,
		   const struct conn_step *step)
{
	switch ((enum conn_action)step->action) {
	case CONN_PASS:
		pass(w, found, s, packet, step);
		break;
	case CONN_IGNORE:
	case CONN_DELETE:
		packet->reason = step->reason;
		pass(w, found, s, packet, step);
		if (step->action == CONN_DELETE)
			usher__conn_destroy(w, found->record, "closed");
		break;
	case CONN_INVALID:
		packet->reason = step->reason;
		w->reason[step->reason]++;
		if (step->timeout && w->now + step->timeout < found->c->deadline) {
			conn_refresh(w, found->record, found->c, w->now + step->timeout);
			found->c->timeout = usher__timeout_number(w, step->timeout);
		}
		invalid(w, s, packet, found->record, found->direction);
		break;
	case CONN_RESTART:
		usher__conn_destroy(w, found->record, "closed");
		begin(w, s, packet);
		break;
	}
}

/* As decide; `before` is the status that the connection had when its protocol was asked. */
static void change(struct usher_worker *w, struct conn_found *found, struct slot *s, struct usher_packet *packet,
		   const struct conn_step *step, uint16_t before)
{
	uint16_t news = (uint16_t)(found->c->status & ~before);
	uint32_t extra = found->c->extra, generation = found->c->generation;

	if (news & CONN_ASSURED)
		usher__evict_forget(w, found->record);
	decide(w, found, s, packet, step);
	if (!(news & CONN_CLOSED) || !(found->c->status & CONN_USED) || found->c->generation != generation)
		return;
	if (extra && found->c->extra == extra)
		usher__family_close(w, extra_at(w, extra)); /* now that the last data, which may have come with the FIN, are read */
	if (found->c->status & CONN_TRANSLATED)
		usher__nat_closed(w, found->c, found->record & CONN_IPV6);
}

static void follow(struct usher_worker *w, struct conn_found *found, struct slot *s, struct usher_packet *packet)
{
	const struct conn_arrival arrival = { &s->p, packet->data + s->p.l4, w->now, &w->tracker->config };
	struct conn_step step;
	uint16_t before = found->c->status;

	if (before & CONN_HELPED && s->p.protocol == USHER_TCP)
		usher__help_back(w, found->record, found->direction, &s->p, packet);
	usher__conn_protocol(s->p.protocol)->packet(found->c, found->direction, &arrival, &step);
	change(w, found, s, packet, &step, before);
}

/* What makes a connection more than its record says: a helper, a master, time-outs of its own, one way only. */
#define NOT_PLAIN (CONN_HELPED | CONN_RELATED | CONN_FIXED_TIMEOUT | CONN_OWN_TIMEOUT | CONN_ONE_WAY)

/*
 * What nearly all packets are: they belong to the candidate, which is plain and alive, and pass without an event. The same as find,
 * follow and pass would do, in a straight line. 0: the long way must be taken, nothing was done yet; 1: done; 2: the protocol was
 * asked, and `step` is more than that; `before` is the status before it was.
 */
static inline int quick(struct usher_worker *w, struct slot *s, struct usher_packet *packet, struct conn_found *found,
			struct conn_step *step, uint16_t *before)
{
	struct conn *c = s->candidate;
	const struct conn_config *config = &w->tracker->config;
	int direction;

	if (!c || (c->status & (CONN_USED | NOT_PLAIN)) != CONN_USED || c->deadline <= w->now || s->p.flags & PKT_TRUNCATED)
		return 0;
	direction = conn_compare(c, &s->key);
	if (direction < 0)
		return 0;
	found->c = c;
	found->record = s->record;
	found->direction = (uint8_t)direction;
	*before = c->status;
	usher__conn_protocol(s->p.protocol)->packet(c, found->direction,
						    &(struct conn_arrival){ &s->p, packet->data + s->p.l4, w->now, config }, step);
	if (step->action != CONN_PASS || step->changed || step->out_of_window)
		return 2;
	conn_count(c, found->direction, s->p.ip_len);
	if (step->timeout) {
		if (!c->timeout || config->timeout[c->timeout - 1] != step->timeout)
			c->timeout = usher__timeout_number(w, step->timeout);
		conn_refresh(w, s->record, c, w->now + step->timeout);
	}
	packet->verdict = USHER_ACCEPT;
	packet->state = direction == USHER_REPLY || c->status & CONN_SEEN_REPLY ? USHER_ESTABLISHED : USHER_NEW;
	packet->direction = (uint8_t)direction;
	packet->flags = 0;
	packet->reason = USHER_REASON_NONE;
	packet->conn.generation = c->generation;
	packet->conn.record = s->record;
	packet->conn.worker = (uint16_t)w->number;
	packet->conn.reserved = 0;
	if (*before & CONN_TRANSLATED)
		nat_translate(w, c, found->direction, &s->p, packet);
	return 1;
}

static bool is_ours(struct usher_worker *w, struct usher_packet *packet)
{
	packet->worker = (uint8_t)usher_owner(w->tracker, packet);
	if (packet->worker == w->number)
		return true;
	packet->verdict = USHER_HAND_OVER;
	packet->state = USHER_UNTRACKED;
	packet->reason = USHER_REASON_OWNER;
	w->reason[USHER_REASON_OWNER]++;
	return false;
}

static void process_one(struct usher_worker *w, struct slot *s, struct usher_packet *packet)
{
	struct conn_found found;
	struct conn_step step;
	uint16_t before = 0;
	int asked;

	w->counter[USHER_COUNTER_BYTES] += s->p.ip_len;
	asked = quick(w, s, packet, &found, &step, &before); /* what is in our table is ours */
	if (asked == 1)
		return;
	packet->verdict = USHER_ACCEPT;
	packet->flags = 0;
	packet->reason = USHER_REASON_NONE;
	packet->direction = USHER_ORIG;
	memset(&packet->conn, 0, sizeof(packet->conn));
	w->segment_of = NULL; /* an earlier packet may have lain at the same place */
	if (asked == 2) {
		change(w, &found, s, packet, &step, before);
		return;
	}
	if (w->tracker->workers > 1 && !is_ours(w, packet))
		return;
	if (s->p.flags & PKT_TRUNCATED) {
		packet->flags |= USHER_PACKET_TRUNCATED;
		count(w, USHER_COUNTER_TRUNCATED);
	}
	if (s->p.reason == USHER_REASON_FRAGMENT && w->tracker->options.fragments && !(s->p.flags & PKT_TRUNCATED) &&
	    !(fragment(w, s, packet) && (w->tracker->workers == 1 || is_ours(w, packet))))
		return;
	if (s->p.reason != USHER_REASON_NONE) {
		unusable(w, s, packet);
		return;
	}
	if (s->p.flags & PKT_ICMP_ERROR) {
		icmp_error(w, s, packet);
		return;
	}
	found = find(w, s);
	if (found.c)
		follow(w, &found, s, packet);
	else
		begin(w, s, packet);
}

/* What happens now no packet has caused. */
static void between_packets(struct usher_worker *w)
{
	w->frame = 0;
	w->packet = NULL;
}

static void process_burst(struct usher_worker *w, struct usher_packet *packets, uint32_t n, usher_time now)
{
	struct slot slot[USHER_BURST_MAX];
	uint32_t i;

	read_packets(w, packets, slot, n);
	probe_index(w, slot, n);
	for (i = 0; i < n; i++) {
		usher_time time = packets[i].time ? packets[i].time : now;

		if (time > w->now)
			w->now = time;
		if (w->next_timer <= w->now) {
			between_packets(w);
			usher__timer_run(w);
		}
		w->frame = packets[i].frame;
		w->packet = &packets[i];
		count(w, USHER_COUNTER_PACKETS);
		process_one(w, &slot[i], &packets[i]);
		if (w->tell_first)
			usher__help_tell(w);
		w->place++;
		if (w->sweep_part == SWEEP_DONE && w->sweep_tick == w->now >> DUE_SHIFT)
			continue;
		between_packets(w);
		usher__sweep(w, ENGINE_SWEEP);
		if (w->tell_first)
			usher__help_tell(w);
	}
	between_packets(w);
}

/* More than a burst are several: nobody's packets go without a verdict. */
void usher_process(struct usher_worker *w, struct usher_packet *packets, uint32_t n, usher_time now)
{
	usher__emit_begin(w);
	if (w->tracker->options.fragments)
		usher__reassembly_release(w->fragments);
	for (; n > USHER_BURST_MAX; n -= USHER_BURST_MAX, packets += USHER_BURST_MAX)
		process_burst(w, packets, USHER_BURST_MAX, now);
	process_burst(w, packets, n, now);
}

bool usher_tick(struct usher_worker *w, usher_time now, uint32_t budget)
{
	if (now > w->now)
		w->now = now;
	w->frame = 0;
	usher__emit_begin(w);
	if (w->next_timer <= w->now)
		usher__timer_run(w);
	usher__sweep(w, budget);
	usher__help_tell(w);
	if (w->tracker->options.fragments)
		w->counter[USHER_COUNTER_REASSEMBLY_FAILED] += usher__reassembly_expire(w->fragments, w->now);
	return w->sweep_part == SWEEP_DONE && w->sweep_tick == w->now >> DUE_SHIFT;
}
