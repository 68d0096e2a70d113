/*
 * engine/region: the one region of memory: how large, what lies where, how it begins.
 *
 * Layout: struct usher_tracker, the public names, then each worker's part: struct usher_worker, connections and their index,
 * expectations, extras, helpers' states, chunks, note counters. Offsets only; the pointers in struct usher_tracker, struct
 * usher_worker and their tables are this process's and are set up anew by whoever adopts a region. Everything begins as zero bytes,
 * and what is not used yet is not touched.
 */
#include "engine/engine.h"

#define REGION_MAGIC 0x3172656873753021u
#define WORKERS_MAX 64u
#define STATE_MAX (1u << 24) /* of a helper, for one connection */

#define X(name) extern const struct usher_helper usher__helper_##name;
#include "helper/helpers.def"
#undef X

static const struct usher_helper *const built_in[] = {
#define X(name) &usher__helper_##name,
#include "helper/helpers.def"
#undef X
	NULL
};

const struct usher_helper *usher_helper(unsigned number)
{
	return number < sizeof(built_in) / sizeof(built_in[0]) ? built_in[number] : NULL;
}

static size_t round_up(size_t size, size_t unit)
{
	return (size + unit - 1) / unit * unit;
}

/* Zero in the options means the default. Options from before a field was there are shorter. */
static struct usher_options resolve(const struct usher_options *given)
{
	struct usher_options o = { 0 };

	memcpy(&o, given, given->size < sizeof(o) ? given->size : sizeof(o));
	o.size = sizeof(o);
	o.workers = o.workers ? o.workers : 1;
	o.connections = o.connections ? o.connections : 262144;
	o.connections6 = o.connections6 ? o.connections6 : o.connections;
	o.helped = o.helped ? o.helped : 16384;
	o.related = o.related ? o.related : 65536;
	o.expectations = o.expectations ? o.expectations : 4096;
	o.stream_chunks = o.stream_chunks ? o.stream_chunks : 65536;
	o.expect_per_master = o.expect_per_master ? o.expect_per_master : 64;
	if (!o.expect_per_source)
		o.expect_per_source = o.expectations / 4 > o.expect_per_master ? o.expectations / 4 : o.expect_per_master;
	o.tcp_max_retransmits = o.tcp_max_retransmits ? o.tcp_max_retransmits : 3;
	o.events = o.events ? o.events : 0xffffffffu;
	o.nat_addresses = o.nat_addresses ? o.nat_addresses : 16;
	o.mappings = o.mappings ? o.mappings : 16384;
	o.mtu = o.mtu ? o.mtu : 1500;
	o.emit_bytes = o.emit_bytes ? o.emit_bytes : 1u << 20;
	o.public_names = o.public_names ? o.public_names : 64;
	return o;
}

static uint32_t collect_helpers(const struct usher_options *o, const struct usher_helper **list)
{
	uint32_t n = 0, i;

	for (i = 0; built_in[i] && n < ENGINE_HELPERS; i++)
		list[n++] = built_in[i];
	for (i = 0; o->helpers && o->helpers[i] && n < ENGINE_HELPERS; i++)
		list[n++] = o->helpers[i];
	return n;
}

static const struct usher_helper *by_name(const struct usher_helper *const *list, uint32_t n, const char *name)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(list[i]->name, name))
			return list[i];
	return NULL;
}

/* Bytes of a helper's state, items included. */
static uint64_t state_bytes(const struct usher_options *o, const struct usher_helper *h)
{
	return h->state_size + (uint64_t)h->item_size * (o->items ? o->items : h->item_default);
}

static const char *helper_error(const struct usher_options *o, const struct usher_helper *h)
{
	const struct usher_class *class;

	if (h->abi != USHER_HELPER_ABI)
		return "a helper was built for another usher (abi)";
	if (!h->name || !*h->name || strlen(h->name) > 15 || !h->record)
		return "a helper without a name (1 to 15 letters) or without record()";
	if (h->protocol != USHER_TCP && h->protocol != USHER_UDP)
		return "a helper for a protocol that is neither TCP nor UDP";
	if (h->protocol == USHER_TCP && (!h->frame || !h->record_max || h->record_max > STREAM_RECORD_MAX))
		return "a helper for TCP without frame() or with record_max not in 1..16384";
	if (code_count(h) > ENGINE_CODES)
		return "a helper with more than 64 notes";
	for (class = h->classes; class && class->name; class++)
		if (!class->max || !class->timeout_s)
			return "a helper with a class whose max or timeout_s is 0";
	if (state_bytes(o, h) > STATE_MAX)
		return "items are so many that a helper's state is more than 16 MiB";
	return NULL;
}

static const char *helpers_error(const struct usher_options *o)
{
	const struct usher_helper *list[ENGINE_HELPERS];
	uint32_t n = collect_helpers(o, list), given = 0, i;

	for (i = 0; i < n; i++) {
		const char *error = helper_error(o, list[i]);

		if (error)
			return error;
		if (by_name(list, i, list[i]->name))
			return "two helpers of one name";
	}
	while (o->helpers && o->helpers[given])
		given++;
	if (given + sizeof(built_in) / sizeof(built_in[0]) - 1 > ENGINE_HELPERS)
		return "more than 32 helpers";
	for (i = 0; i < o->port_count; i++)
		if (!o->ports[i].helper || !by_name(list, n, o->ports[i].helper))
			return "ports names a helper that does not exist";
	return NULL;
}

const char *usher_error(const struct usher_options *options)
{
	struct usher_options o;

	if (!options || options->size < offsetof(struct usher_options, workers) || options->size > sizeof(o) * 4)
		return "usher_options.size is not sizeof(struct usher_options)";
	o = resolve(options);
	if (o.workers > WORKERS_MAX)
		return "more than 64 workers";
	if (o.connections > CONN_NUMBER || o.connections6 > CONN_NUMBER)
		return "2^29 connections or more";
	if (o.helped > 1u << 28 || o.related > 1u << 28 || o.expectations > 1u << 28 || o.stream_chunks > 1u << 28)
		return "helped, related, expectations or stream_chunks is more than 2^28";
	if (o.nat_addresses > 1u << 20 || o.mappings > 1u << 28)
		return "nat_addresses is more than 2^20, or mappings more than 2^28";
	if (o.nat_first > o.nat_last)
		return "nat_first is above nat_last";
	if (o.mtu < 68 || o.emit_bytes < 4096)
		return "mtu is below 68, or emit_bytes below 4096";
	if (o.fragments > 65536)
		return "fragments is more than 65536";
	if (o.public_names > 1u << 20)
		return "public_names is more than 2^20";
	return helpers_error(&o);
}

static struct tracker_sizes part_sizes(const struct usher_options *o, const struct usher_helper **list, uint32_t helpers)
{
	struct tracker_sizes s = { 0 };
	struct conn_table_layout table;
	uint64_t state = 0;
	uint32_t i, codes = 0;
	size_t at = round_up(sizeof(struct usher_worker), 64);

	for (i = 0; i < helpers; i++) {
		uint64_t size = state_bytes(o, list[i]);

		state = size > state ? size : state;
		codes += code_count(list[i]) + REFUSAL_COUNT;
	}
	usher__conn_table_layout(&table, o->connections, o->connections6);
	s.help_record = round_up(sizeof(struct help) + state, 64);
	s.table = at;
	at += table.size;
	s.expects = at;
	at += round_up(usher__expect_table_size(o->expectations), 64);
	s.extras = at;
	at += slab_size(o->related + o->helped, sizeof(struct extra));
	s.helps = at;
	at += slab_size(o->helped, s.help_record);
	s.chunks = at;
	at += round_up(usher__chunk_pool_size(o->stream_chunks), 64);
	s.notes = at;
	at += round_up(codes * sizeof(uint64_t) + 8, 64);
	s.keys = at;
	at += usher__nat_keys_size(o->nat_addresses);
	s.mappings = at;
	at += usher__mapping_table_size(o->mappings);
	s.timers = at;
	at += round_up((size_t)o->helped * sizeof(uint32_t), 64);
	s.emit = at;
	at += round_up(o->emit_bytes, 64);
	s.fragments = at;
	at += round_up(usher__reassembly_size(o->fragments), 64);
	s.size = round_up(at, 4096);
	return s;
}

static size_t names_at(void)
{
	return round_up(sizeof(struct usher_tracker), 64);
}

static size_t parts_at(const struct usher_options *o)
{
	return round_up(names_at() + usher__owner_table_size(o->public_names), 4096);
}

size_t usher_size(const struct usher_options *options)
{
	const struct usher_helper *list[ENGINE_HELPERS];
	struct usher_options o;
	uint32_t n;

	if (usher_error(options))
		return 0;
	o = resolve(options);
	n = collect_helpers(&o, list);
	return parts_at(&o) + o.workers * part_sizes(&o, list, n).size;
}

void usher_set_timeouts(struct usher_tracker *t, const uint32_t *seconds)
{
	unsigned i;

	for (i = 0; i < CONN_TIMEOUT_COUNT; i++) {
		uint32_t own = seconds ? seconds[i] : 0;

		t->config.timeout[i] = (own ? own : usher_timeout_default(i)) * USHER_SECOND;
	}
}

static void set_config(struct usher_tracker *t)
{
	usher_set_timeouts(t, t->options.timeouts);
	t->options.timeouts = NULL; /* copied: the caller's array may go */
	t->config.tcp_max_retransmits = t->options.tcp_max_retransmits;
	usher_set_flags(t, 0xffffffffu, t->options.flags);
}

void usher_set_flags(struct usher_tracker *t, uint32_t mask, uint32_t flags)
{
	t->flags = (t->flags & ~mask) | (flags & mask);
	t->config.tcp_liberal = t->flags & USHER_TCP_LIBERAL;
	t->config.tcp_loose = !(t->flags & USHER_TCP_STRICT_START);
	t->config.tcp_ignore_invalid_rst = t->flags & USHER_IGNORE_INVALID_RST;
}

void usher_set_events(struct usher_tracker *t, uint32_t events)
{
	t->options.events = events;
}

static void set_port(struct usher_tracker *t, const struct usher_port_helper *p)
{
	uint8_t number = usher__helper_number(t, p->helper);
	bool tcp = t->helper[number - 1]->protocol == USHER_TCP;

	if (p->family != USHER_IPV6)
		t->port_helper[0][tcp][p->port] = number;
	if (p->family != USHER_IPV4)
		t->port_helper[1][tcp][p->port] = number;
}

static void set_ports(struct usher_tracker *t)
{
	uint32_t i;

	for (i = 0; i < t->helper_count && !t->options.no_default_ports; i++) {
		struct usher_port_helper p = { .helper = t->helper[i]->name };
		const uint16_t *port = t->helper[i]->ports;

		for (; port && *port; port++) {
			p.port = *port;
			set_port(t, &p);
		}
	}
	for (i = 0; i < t->options.port_count; i++)
		set_port(t, &t->options.ports[i]);
	t->options.ports = NULL;
	t->options.port_count = 0;
}

static void start_worker(struct usher_tracker *t, uint32_t number)
{
	struct usher_worker *w = usher_worker(t, number);
	uint8_t *memory = (uint8_t *)w;
	const struct usher_options *o = &t->options;

	w->tracker = t;
	w->number = number;
	usher__conn_table_init(&w->table, memory + t->sizes.table, o->connections, o->connections6, o->seed);
	usher__expect_table_init(&w->expects, memory + t->sizes.expects, o->expectations, &w->table.hash_key);
	w->extras = (void *)(memory + t->sizes.extras);
	slab_init(w->extras, o->related + o->helped, sizeof(struct extra), offsetof(struct extra, link));
	w->helps = (void *)(memory + t->sizes.helps);
	slab_init(w->helps, o->helped, t->sizes.help_record, offsetof(struct help, link));
	w->chunks = (void *)(memory + t->sizes.chunks);
	usher__chunk_pool_init(w->chunks, o->stream_chunks);
	w->notes = (void *)(memory + t->sizes.notes);
	usher__nat_keys_init(&w->keys, memory + t->sizes.keys, o->nat_addresses, &w->table.hash_key, number, o->workers);
	usher__mapping_table_init(&w->mappings, memory + t->sizes.mappings, o->mappings, &w->keys, &w->table.hash_key);
	w->timers = (void *)(memory + t->sizes.timers);
	w->next_timer = STREAM_NEVER;
	w->emit = memory + t->sizes.emit;
	w->fragments = (void *)(memory + t->sizes.fragments);
	if (o->fragments)
		usher__reassembly_init(w->fragments, o->fragments, &w->table.hash_key);
	nat_random_init(&w->nat_random, o->seed, number);
	w->ip_id = (uint16_t)nat_random_next(&w->nat_random);
	w->sweep_part = SWEEP_DONE;
	w->random = w->table.hash_key.key[HASH_WORDS] | 1;
}

struct usher_tracker *usher_init(void *region, size_t size, const struct usher_options *options)
{
	struct usher_tracker *t = region;
	size_t needed = usher_size(options);
	uint32_t i;

	if (!needed || size < needed || !region || (uintptr_t)region % 64)
		return NULL;
	t->magic = REGION_MAGIC;
	t->size = needed;
	t->options = resolve(options);
	t->workers = t->options.workers;
	t->helper_count = collect_helpers(&t->options, t->helper);
	for (i = 0; i < t->helper_count; i++)
		t->note_base[i + 1] = t->note_base[i] + code_count(t->helper[i]) + REFUSAL_COUNT;
	t->sizes = part_sizes(&t->options, t->helper, t->helper_count);
	t->names = names_at();
	t->parts = parts_at(&t->options);
	usher__owner_table_init(tracker_names(t), t->options.public_names, t->options.seed);
	hash_key_init(&t->owner_key, t->options.seed);
	set_config(t);
	set_ports(t);
	for (i = 0; i < t->workers; i++)
		start_worker(t, i);
	return t;
}

struct usher_worker *usher_worker(struct usher_tracker *t, uint32_t number)
{
	if (number >= t->workers)
		return NULL;
	return (void *)((uint8_t *)t + t->parts + number * t->sizes.size);
}
