#include "controlplane/ctl/call.h"

#include <errno.h>

static const struct ctl_route routes[] = {
	{CTL_HELLO, ctl_hello},
	{CTL_SHOW_STATUS, ctl_show_status},
	{CTL_SHOW_PORTS, ctl_show_ports},
	{CTL_SHOW_WORKERS, ctl_show_workers},
	{CTL_SHOW_SESSIONS, ctl_show_sessions},
	{CTL_SHOW_SUBSCRIPTIONS, ctl_show_subscriptions},
	{CTL_SHOW_TOPICS, ctl_show_topics},
	{CTL_SHOW_DROPS, ctl_show_drops},
	{CTL_SHOW_COUNTERS, ctl_show_counters},
	{CTL_SHOW_LIMITS, ctl_show_limits},
	{CTL_SHOW_PATTERNS, ctl_show_patterns},
	{CTL_EXPLAIN, ctl_explain},
	{CTL_TRACE_START, ctl_trace_start},
	{CTL_TRACE_STOP, ctl_trace_stop},
	{CTL_TRACE_SHOW, ctl_trace_show},
	{CTL_LOG_LEVEL, ctl_log_level},
	{CTL_LOG_SHOW, ctl_log_show},
	{CTL_SHUTDOWN, ctl_shutdown},
};

static const uint16_t messages[] = {
#define X(id, value, name, permission, help) value,
	CTL_MESSAGES(X)
#undef X
};

ctl_handler ctl_route_find(uint16_t type)
{
	for (size_t i = 0; i < RH_ARRAY_LEN(routes); i++)
		if (routes[i].type == type)
			return routes[i].handler;
	return NULL;
}

static unsigned rows_for(const struct ctl_route *rows, size_t count, uint16_t type)
{
	unsigned n = 0;

	for (size_t i = 0; i < count; i++)
		n += rows[i].type == type && rows[i].handler != NULL;
	return n;
}

int ctl_routes_check(const struct ctl_route *rows, size_t count, struct rh_error *err)
{
	for (size_t i = 0; i < RH_ARRAY_LEN(messages); i++) {
		unsigned n = rows_for(rows, count, messages[i]);

		if (n != 1)
			return rh_error_set(err, EINVAL,
				"control message \"%s\" has %u handlers; expected one",
				ctl_type_name(messages[i]), n);
	}
	if (count != RH_ARRAY_LEN(messages))
		return rh_error_set(err, EINVAL,
			"%zu control handlers for %zu messages; expected one each", count,
			RH_ARRAY_LEN(messages));
	return 0;
}

int ctl_routes_check_all(struct rh_error *err)
{
	return ctl_routes_check(routes, RH_ARRAY_LEN(routes), err);
}
