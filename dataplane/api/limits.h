#pragma once

/*
 * Every bound of the dataplane in one table. `rhumb show limits` prints it, with the times it was hit where that is counted
 * (show_limits.c); the log or an answer tells of the others.
 * X(id, value, unit, help)
 */
#define DP_LIMITS(X)                                                                               \
	X(WORKERS, 16, "workers", "pinned poll-mode cores")                                        \
	X(PORTS, 32, "ports", "devices opened by the router")                                      \
	X(SESSIONS, 131072, "sessions", "clients greeted at one time")                              \
	X(ADJACENCIES, 65536, "adjacencies", "next hops with a pre-built link header")             \
	X(TENANTS, 1024, "tenants", "isolated topic spaces")                                       \
	X(SUBSCRIPTIONS, 16777216, "subscriptions", "all sessions together")                       \
	X(SUBS_PER_SESSION, 1048576, "subscriptions", "of one session")                            \
	X(SHAPES, 1024, "shapes", "distinct wildcard shapes among one tenant's filters")            \
	X(SAME_KEY, 64, "filters", "of a tenant that differ only between two wildcards")           \
	X(CONTENTS, 4194304, "expressions", "distinct content expressions of all tenants")         \
	X(PATTERNS, 10000, "patterns", "distinct payload patterns of one tenant")                  \
	X(PATTERN_TIERS, 64, "databases", "that one tenant's patterns are spread over while some are new") \
	X(PUNT_RING, 4194304, "bytes", "waiting for the control loop, per worker")                 \
	X(COMMAND_RING, 4096, "commands", "waiting for a worker")                                  \
	X(REASSEMBLY_PER_SESSION, 4, "events", "being reassembled for one session")                \
	X(REASSEMBLY_TOTAL, 256, "events", "being reassembled on one worker")                      \
	X(REASSEMBLY_MS, 2000, "ms", "from the first fragment to the last")                        \
	X(EVENT_BUFFERS, 2048, "buffers", "large events held by one worker (80 KiB each)")         \
	X(LANE_EVENTS, 4096, "events", "waiting for the content lane, per worker; of one tenant an eighth of what the others leave") \
	X(LANE_BYTES, 8388608, "bytes", "of their records, likewise")                              \
	X(ALIAS_BYTES, 67108864, "bytes", "topic aliases of all sessions")                         \
	X(SEQUENCE_WINDOW, 128, "events", "duplicate suppression, per publisher")                  \
	X(TRACE_RING, 4096, "events", "kept by trace, per worker")                                 \
	X(TOPICS_SHOWN, 4096, "topics", "in one answer of show topics")

enum {
#define X(id, value, unit, help) DP_LIMIT_##id = value,
	DP_LIMITS(X)
#undef X
};
