#include "controlplane/telemetry/exposition_priv.h"

/* clang-format off: a table is read by row */
/* X(type, name, help, value) */
#define CLIENT_VALUES(X)                                                                           \
	X(EXPO_GAUGE, "rhumb_sessions", "clients", se.live)                                        \
	X(EXPO_COUNTER, "rhumb_session_hellos", "hellos received", se.hellos)                      \
	X(EXPO_COUNTER, "rhumb_session_challenges", "cookies sent", se.challenges)                 \
	X(EXPO_COUNTER, "rhumb_session_bad_cookies", "hellos with a wrong or old cookie",          \
		se.bad_cookies)                                                                    \
	X(EXPO_COUNTER, "rhumb_session_opened", "sessions opened", se.opened)                      \
	X(EXPO_COUNTER, "rhumb_session_closed", "sessions closed", se.closed)                      \
	X(EXPO_COUNTER, "rhumb_session_timed_out", "sessions whose client fell silent",            \
		se.timed_out)                                                                      \
	X(EXPO_COUNTER, "rhumb_session_taken_over", "sessions replaced by the same client id",     \
		se.taken_over)                                                                     \
	X(EXPO_COUNTER, "rhumb_session_protocol_errors",                                           \
		"sessions ended for breaking the protocol", se.protocol_errors)                    \
	X(EXPO_COUNTER, "rhumb_session_unknown_replies", "answers to unknown sessions",            \
		se.unknown_replies)                                                                \
	X(EXPO_COUNTER, "rhumb_session_unknown_suppressed",                                        \
		"the same, held back by the rate limit", se.unknown_suppressed)                    \
	X(EXPO_COUNTER, "rhumb_session_stale_requests", "requests older than the last answered",   \
		se.stale_requests)                                                                 \
	X(EXPO_COUNTER, "rhumb_session_repeated_replies",                                          \
		"requests repeated and answered from memory", se.repeated_replies)                 \
	X(EXPO_COUNTER, "rhumb_session_over_limit", "greetings refused by session/sessions-max",   \
		se.over_limit)                                                                     \
	X(EXPO_COUNTER, "rhumb_session_no_slot", "greetings refused without a free slot",          \
		se.no_slot)                                                                        \
	X(EXPO_COUNTER, "rhumb_session_commands_full",                                             \
		"greetings refused while the worker had too many commands", se.commands_full)      \
	X(EXPO_GAUGE, "rhumb_subscriptions", "subscriptions of all clients", su.subscriptions)     \
	X(EXPO_GAUGE, "rhumb_expressions", "distinct content expressions", su.contents)           \
	X(EXPO_GAUGE, "rhumb_expression_bytes",                                                    \
		"what they count for by content/expression-memory-max", su.content_bytes)          \
	X(EXPO_GAUGE, "rhumb_patterns", "distinct payload patterns", su.patterns)                  \
	X(EXPO_COUNTER, "rhumb_subscription_requests", "subscribe and unsubscribe requests",       \
		su.requests)                                                                       \
	X(EXPO_COUNTER, "rhumb_subscription_refused", "filters refused", su.refused)               \
	X(EXPO_COUNTER, "rhumb_subscription_over_limit",                                           \
		"filters refused by session/subscriptions-max", su.over_limit)                     \
	X(EXPO_COUNTER, "rhumb_subscription_table_full",                                           \
		"filters refused by the router's limit", su.table_full)                            \
	X(EXPO_COUNTER, "rhumb_subscription_expressions_over_limit",                               \
		"filters refused by content/expressions-max", su.contents_over_limit)              \
	X(EXPO_COUNTER, "rhumb_subscription_expression_bytes_over_limit",                          \
		"filters refused by content/expression-memory-max", su.content_bytes_over_limit)   \
	X(EXPO_COUNTER, "rhumb_subscription_expressions_full",                                     \
		"filters refused with all numbers of expressions taken", su.contents_full)         \
	X(EXPO_COUNTER, "rhumb_subscription_patterns_over_limit",                                  \
		"filters refused by content/patterns-max", su.patterns_over_limit)                 \
	X(EXPO_COUNTER, "rhumb_subscription_pattern_numbers_full",                                 \
		"filters refused with all numbers of patterns taken", su.pattern_numbers_full)     \
	X(EXPO_GAUGE, "rhumb_pattern_dear_tenants",                                                \
		"tenants whose patterns cost too much on what they publish", su.tenants_dear)      \
	X(EXPO_COUNTER, "rhumb_pattern_compiles", "pattern databases compiled", su.compiles)       \
	X(EXPO_COUNTER, "rhumb_pattern_compile_failures", "compilations that failed",              \
		su.compile_failures)                                                               \
	X(EXPO_COUNTER, "rhumb_pattern_helper_restarts", "restarts of the compile helper",         \
		su.helper_restarts)                                                                \
	X(EXPO_GAUGE, "rhumb_pattern_last_compile_seconds", "length of the last compilation",      \
		(double)su.last_compile_ns / 1e9)                                                  \
	X(EXPO_GAUGE, "rhumb_table_filters", "distinct topic filters", su.table.filters)           \
	X(EXPO_GAUGE, "rhumb_table_shapes", "live wildcard shapes of all tenants", su.table.shapes) \
	X(EXPO_GAUGE, "rhumb_table_sets", "subscriber sets", su.table.sets)                        \
	X(EXPO_GAUGE, "rhumb_table_bytes", "memory of index, sets and subscriptions",              \
		su.table.bytes)                                                                    \
	X(EXPO_COUNTER, "rhumb_table_updates", "changes of the subscription table",                \
		su.table.updates)                                                                  \
	X(EXPO_COUNTER, "rhumb_table_publishes", "generations published", su.table.publishes)
/* clang-format on */

void expo_clients(struct expo *e)
{
	struct cp_sessions_stats se = {0};
	struct cp_subs_stats su = {0};

	cp_sessions_stats(e->source->sessions, &se);
	cp_subs_stats(e->source->subs, &su);
#define X(type, name, help, value) expo_one(e, type, name, help, (double)(value));
	CLIENT_VALUES(X)
#undef X
}
