/*
 * gateway/counters: see counters.h. Each place has a function that answers for its numbers from 0 on.
 */
#include "gateway/counters.h"

#include "gateway/count.h"
#include "gateway/privileges.h"

static bool steer_at(const struct gw_counters *c, unsigned number, struct gw_counted *counted)
{
	static const char *const names[][2] = {
#define X(id, name, text) { name, text },
		STEER_COUNTERS(X)
#undef X
	};

	if (number > STEER_COUNTER_COUNT)
		return false;
	if (number == STEER_COUNTER_COUNT)
		*counted = (struct gw_counted){ "steer", "tap_lost", "packets that the engine did not read in time",
						c->steer != NULL ? gw_net_lost(c->net, c->tap->index) : 0 };
	else
		*counted = (struct gw_counted){ "steer", names[number][0], names[number][1],
						c->steer != NULL ? gw_steer_count(c->steer, (enum steer_counter)number) : 0 };
	return true;
}

static bool gateway_at(const struct gw_counters *c, unsigned number, struct gw_counted *counted)
{
	static const char *const names[][2] = {
#define X(id, name, text) { name, text },
		GW_COUNTERS(X)
#undef X
	};

	if (number > GW_COUNTER_COUNT + 1)
		return false;
	if (number == GW_COUNTER_COUNT + 1)
		*counted = (struct gw_counted){ "gateway", "sandbox_refused", "system calls that the sandbox refused",
						gw_privileges_refused() };
	else if (number == GW_COUNTER_COUNT)
		*counted = (struct gw_counted){ "gateway", "routes_asked", "questions to the kernel's routing tables",
						c->routes->asked };
	else
		*counted = (struct gw_counted){ "gateway", names[number][0], names[number][1], c->count[number] };
	return true;
}

static bool control_at(const struct gw_counters *c, unsigned number, struct gw_counted *counted)
{
	const struct gw_counted all[] = {
		{ "control", "control_clients", "clients of the control socket", c->control->clients },
		{ "control", "control_busy", "clients and watchers sent away because there were too many", c->control->busy },
		{ "control", "control_requests", "requests answered", c->control->requests },
		{ "control", "control_refused", "requests that made no sense", c->control->refused },
		{ "control", "control_lost", "events that a watcher was too slow for", c->control->lost },
	};

	if (number >= sizeof(all) / sizeof(all[0]))
		return false;
	*counted = all[number];
	return true;
}

static bool engine_at(const struct gw_counters *c, unsigned number, struct gw_counted *counted)
{
	enum usher_counter counter = (enum usher_counter)number;

	if (number >= USHER_COUNTER_COUNT)
		return false;
	*counted = (struct gw_counted){ "engine", usher_counter_name(counter), usher_counter_text(counter),
					usher_counter_get(c->worker, counter) };
	return true;
}

static bool reason_at(const struct gw_counters *c, unsigned number, struct gw_counted *counted)
{
	if (number + 1 >= USHER_REASON_COUNT) /* 0 is none */
		return false;
	*counted = (struct gw_counted){ "reason", usher_reason_name(number + 1), usher_reason_text(number + 1),
					usher_reason_count(c->worker, (enum usher_reason)(number + 1)) };
	return true;
}

static bool now_at(const struct gw_counters *c, unsigned number, struct gw_counted *counted)
{
	const struct gw_counted all[] = {
		{ "now", "connections_now", "connections at the moment",
		  usher_counter_get(c->worker, USHER_COUNTER_CONNECTIONS) - usher_counter_get(c->worker, USHER_COUNTER_ENDED) },
		{ "now", "clients_now", "clients of the control socket at the moment", c->control->connected },
		{ "now", "watchers_now", "clients of the control socket that watch, at the moment", c->control->watchers },
	};

	if (number >= sizeof(all) / sizeof(all[0]))
		return false;
	*counted = all[number];
	return true;
}

bool gw_counter_at(const struct gw_counters *counters, unsigned number, struct gw_counted *counted)
{
	static const struct {
		bool (*at)(const struct gw_counters *, unsigned, struct gw_counted *);
		unsigned count;
	} places[] = {
		{ steer_at, STEER_COUNTER_COUNT + 1 },
		{ gateway_at, GW_COUNTER_COUNT + 1 },
		{ control_at, 5 },
		{ engine_at, USHER_COUNTER_COUNT },
		{ reason_at, USHER_REASON_COUNT - 1 },
		{ now_at, 3 },
	};

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (number < places[i].count)
			return places[i].at(counters, number, counted);
		number -= places[i].count;
	}
	return false;
}
