/*
 * sim/law: see law.h.
 */
#include "tests/sim/law.h"

#include <stdlib.h>
#include <sys/mman.h>

struct law_entry {
	uint64_t time;         /* of the packet, or the tick */
	uint32_t len;          /* 0: a tick */
	uint32_t interface;
	uint16_t tailroom, first; /* first of its burst */
	uint64_t frame;
};

void law_begin(struct law *l, bool record)
{
	l->kept = l->recording = record;
	l->replaying = false;
	l->tape.len = l->output.len = l->events.len = 0;
}

void law_free(struct law *l)
{
	free(l->tape.data);
	free(l->output.data);
	free(l->events.data);
	if (l->region)
		munmap(l->region, l->size);
}

void law_stop(struct law *l)
{
	l->recording = false;
}

static uint64_t hash_of(const void *data, uint32_t len, uint64_t hash)
{
	const uint8_t *p = data;

	for (uint32_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash;
}

void law_burst(struct law *l, const struct usher_packet *burst, uint32_t count)
{
	for (uint32_t i = 0; l->recording && i < count; i++) {
		struct law_entry e = {
			burst[i].time, burst[i].len, burst[i].interface, burst[i].tailroom, i == 0, burst[i].frame
		};

		bytes_put(&l->tape, l->tape.len, &e, sizeof(e));
		bytes_put(&l->tape, l->tape.len, burst[i].data, burst[i].len);
	}
}

void law_tick(struct law *l, uint64_t now)
{
	struct law_entry e = { .time = now };

	if (l->recording)
		bytes_put(&l->tape, l->tape.len, &e, sizeof(e));
}

/* Written down, or compared with what was. */
static void put(struct law *l, struct bytes *to, uint32_t *at, uint64_t hash)
{
	if (l->recording) {
		bytes_put(to, to->len, &hash, sizeof(hash));
		return;
	}
	if (*at + sizeof(hash) > to->len || memcmp(to->data + *at, &hash, sizeof(hash)))
		l->differs = true;
	else
		*at += (uint32_t)sizeof(hash);
}

void law_output(struct law *l, const uint8_t *data, uint32_t len, uint8_t verdict)
{
	bool leaves = verdict == USHER_ACCEPT || verdict == 0xff;

	if (l->recording || (l->replaying && !l->differs))
		put(l, &l->output, &l->at, hash_of(data, leaves ? len : 0, 0xcbf29ce484222325u + verdict));
}

void law_event(struct law *l, const struct usher_event *event)
{
	uint64_t id = event->conn ? event->conn->id : 0, hash = event->type;

	hash = hash_of(&id, sizeof(id), hash_of(&event->time, sizeof(event->time), hash));
	if (l->recording || (l->replaying && !l->differs))
		put(l, &l->events, &l->events_at, hash_of(&event->frame, sizeof(event->frame), hash));
}

static void replay_sink(void *user, const struct usher_event *event)
{
	law_event(user, event);
}

static void outputs(struct law *l, struct usher_worker *worker, const struct usher_packet *burst, uint32_t count)
{
	struct usher_packet next;
	bool more = usher_emit(worker, &next);

	for (uint32_t i = 0; i <= count; i++) {
		for (; more && next.place <= i; more = usher_emit(worker, &next))
			law_output(l, next.data, next.len, 0xff);
		if (i < count)
			law_output(l, burst[i].data, burst[i].len, burst[i].verdict);
	}
}

/* The packets of `from`, up to `size` of them but no tick between, as one burst. Returns where the next begin. */
static uint32_t burst_of(struct law *l, struct usher_worker *worker, uint32_t from, uint32_t size)
{
	static uint8_t bytes[USHER_BURST_MAX][WIRE_MAX + PACKET_TAIL];
	struct usher_packet burst[USHER_BURST_MAX];
	struct law_entry e;
	uint32_t count = 0;

	for (; count < size && from < l->tape.len; count++) {
		memcpy(&e, l->tape.data + from, sizeof(e));
		if (!e.len)
			break;
		memcpy(bytes[count], l->tape.data + from + sizeof(e), e.len);
		burst[count] = (struct usher_packet){
			.data = bytes[count], .len = e.len, .interface = e.interface, .tailroom = e.tailroom, .time = e.time,
			.frame = e.frame
		};
		from += (uint32_t)sizeof(e) + e.len;
	}
	usher_process(worker, burst, count, burst[count - 1].time);
	outputs(l, worker, burst, count);
	return from;
}

static void replay(struct law *l, struct usher_worker *worker, uint32_t size)
{
	struct law_entry e;
	uint32_t from = 0;

	l->at = l->events_at = 0;
	l->differs = false;
	while (from < l->tape.len && !l->differs) {
		memcpy(&e, l->tape.data + from, sizeof(e));
		if (e.len) {
			from = burst_of(l, worker, from, size);
			continue;
		}
		usher_tick(worker, e.time, 64);
		outputs(l, worker, NULL, 0);
		from += (uint32_t)sizeof(e);
	}
}

void law_compare(struct law *l, struct sim *sim, const struct usher_options *options)
{
	static const uint32_t sizes[] = { 1, 2, 7, 64 };
	struct usher_options o = *options;
	struct usher_tracker *tracker;

	if (!l->kept)
		return;
	sim_cover(sim, COVER_LAW);
	o.sink = replay_sink;
	o.sink_user = l;
	if (!l->region) {
		l->size = usher_size(&o);
		l->region = mmap(NULL, l->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (l->region == MAP_FAILED)
			abort();
	}
	for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !sim->failed; i++) {
		madvise(l->region, l->size, MADV_DONTNEED);
		tracker = usher_init(l->region, l->size, &o);
		l->replaying = true;
		replay(l, usher_worker(tracker, 0), sizes[i]);
		l->replaying = false;
		if (l->differs)
			sim_violation(sim, "the law of bursts: with bursts of %u output %u or event %u differs", sizes[i],
				      l->at / 8, l->events_at / 8);
	}
}
