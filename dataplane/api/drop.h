#pragma once

/*
 * Every reason why a datagram, an event or a copy does not go on. One row here is a counter, a CLI line, a metric and a
 * line of docs/operations.md. Levels: DATAGRAM, EVENT, COPY are terms of the three conservation laws.
 */

#include "dataplane/frame/status.h"

enum dp_drop_level { DP_DROP_DATAGRAM, DP_DROP_EVENT, DP_DROP_COPY, DP_DROP_LEVEL_COUNT };

/* X(id, level, name, help). The reasons a codec gives (RH_FRAME_ERRORS) stand before these, as datagram or event drops. */
#define DP_DROPS(X)                                                                                \
	X(CHECKSUM, DATAGRAM, "bad_checksum", "IP or UDP checksum wrong")                          \
	X(IP_FRAGMENT, DATAGRAM, "ip_fragment", "IP fragment to the event port: publish with DF, events fragment themselves") \
	X(IP_LENGTH, DATAGRAM, "bad_ip_length", "IP or UDP length contradicts the frame")          \
	X(UNKNOWN_SESSION, DATAGRAM, "unknown_session", "no such session; the client is told to greet again") \
	X(WRONG_SOURCE, DATAGRAM, "wrong_source", "session used from another address or port")     \
	X(PUNT_FULL, DATAGRAM, "punt_full", "the way to the kernel or control loop was full or over its rate") \
	X(NO_SLOW_PATH, DATAGRAM, "no_slow_path", "not an event frame, and the port has no tap twin") \
	X(HANDOFF_FULL, DATAGRAM, "handoff_full", "the session's owner worker did not keep up")    \
	X(SESSION_CLOSED, EVENT, "session_closed", "publisher's session is being closed")          \
	X(DUPLICATE, EVENT, "duplicate", "event id seen before inside the window")                 \
	X(STALE_SEQUENCE, EVENT, "stale_sequence", "event sequence before the window; two in a row restart it") \
	X(INCARNATION, EVENT, "bad_incarnation", "publisher incarnation is not the session's")     \
	X(TENANT, EVENT, "bad_tenant", "event names a tenant; the session decides that")           \
	X(OVER_CREDIT, EVENT, "over_credit", "sent beyond the granted credit")                     \
	X(BAD_ALIAS, EVENT, "bad_alias", "topic alias is not registered")                          \
	X(MODE, EVENT, "unsupported_mode", "delivery mode is not supported yet")                   \
	X(HOP_LIMIT, EVENT, "hop_limit", "hop limit reached zero")                                 \
	X(EXPIRED, EVENT, "expired", "time to live reached zero")                                  \
	X(REASSEMBLY_FULL, EVENT, "reassembly_full", "too many events in reassembly")              \
	X(REASSEMBLY_TIMEOUT, EVENT, "reassembly_timeout", "fragments missing for too long")       \
	X(FRAGMENT_OVERLAP, EVENT, "fragment_overlap", "fragments overlap or contradict each other") \
	X(NO_EVENT_BUFFER, EVENT, "no_event_buffer", "no place in the store for a large event")    \
	X(CONTENT_BUDGET, EVENT, "content_budget", "tenant's content costs more than its share of a core, and its part of the content lane is full") \
	X(DRAINING, EVENT, "draining", "router is stopping")                                       \
	X(QUEUE_FULL, COPY, "queue_full", "subscriber without credit, its queue reached its bytes or its share of memory; lower classes first") \
	X(QUEUE_EXPIRED, COPY, "queue_expired", "waited longer than the subscriber's time bound")  \
	X(TTL_EXPIRED, COPY, "copy_expired", "event's time to live ran out in the queue")          \
	X(SUBSCRIBER_GONE, COPY, "subscriber_gone", "session closed while the copy waited")        \
	X(UNSUBSCRIBED, COPY, "unsubscribed", "subscription removed, or an exception added, while the copy waited") \
	X(NO_BUFFER, COPY, "no_buffer", "no packet buffer, or no place in the store, for the copy") \
	X(NO_ADJACENCY, COPY, "no_adjacency", "next hop's link address is not known")              \
	X(BACKLOG_FULL, COPY, "tx_backlog_full", "port's transmit backlog is full")                \
	X(OWNER_FULL, COPY, "owner_full", "ring to the subscriber's owner worker is full")         \
	X(STOPPED, COPY, "stopped", "router stopped before the copy could leave")

enum dp_drop {
	DP_DROP_NONE = 0,
	/* Codec errors: DP_DROP_FRAME_x is numerically enum rh_frame_error x. */
#define X(id, name, help) DP_DROP_FRAME_##id,
	RH_FRAME_ERRORS(X)
#undef X
#define X(id, level, name, help) DP_DROP_##id,
	DP_DROPS(X)
#undef X
	DP_DROP_COUNT
};

/* Ctx: any. Static strings. Codec reasons count as datagrams when found in the walk, as events when found in a PUBLISH
 * record that had been told apart; they stand in both tables under one name. */
const char *dp_drop_name(enum dp_drop reason);
const char *dp_drop_help(enum dp_drop reason);
/* The level of a reason of DP_DROPS; for a codec reason DP_DROP_LEVEL_COUNT (counted at datagram and event level). */
enum dp_drop_level dp_drop_level(enum dp_drop reason);
