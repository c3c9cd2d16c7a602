#pragma once

/*
 * Counters of one worker: plain 64-bit values, written by that worker alone with relaxed stores, read by anyone.
 * X(id, name, help): one row is a field, a `show counters` line and a metric.
 */

#include "dataplane/api/drop.h"
#include "dataplane/base/compiler.h"

#include <stdint.h>

struct dp_engine;

#define DP_COUNTERS(X)                                                                             \
	X(rx_datagrams, "rx_datagrams", "frames received from ports, with those injected by a test ring") \
	X(rx_bytes, "rx_bytes", "bytes of those frames")                                           \
	X(event_datagrams, "event_datagrams", "datagrams with at least one event record")          \
	X(control_datagrams, "control_datagrams", "datagrams with control records only")           \
	X(punted_datagrams, "punted_datagrams", "frames given to the kernel through the tap twin") \
	X(events_parsed, "events_parsed", "events, after reassembly")                              \
	X(events_originated, "events_originated", "events made by the router itself")              \
	X(events_matched, "events_matched", "events with at least one receiver")                   \
	X(events_unmatched, "events_unmatched", "events nobody asked for")                         \
	X(events_consumed, "events_consumed", "events for the router itself")                      \
	X(copies_made, "copies_made", "copies for subscribers")                                    \
	X(copies_tx, "copies_tx", "copies handed to a transmit queue")                             \
	X(copies_tx_bytes, "copies_tx_bytes", "event record bytes of those copies")                \
	X(tx_datagrams, "tx_datagrams", "frames handed to transmit queues, control included")      \
	X(tx_bytes, "tx_bytes", "bytes of those frames")                                           \
	X(lost_before_router, "lost_before_router", "gaps in publishers' event sequences")         \
	X(resyncs, "resyncs", "publishers taken to have restarted their numbering")                \
	X(fragments, "fragments", "fragment records received")                                     \
	X(fragments_discarded, "fragments_discarded", "fragments of events dropped in reassembly, late or repeated") \
	X(reassembled, "reassembled", "events put together from fragments")                        \
	X(handoffs, "handoffs", "datagrams passed to the session's owner worker")                  \
	X(copies_to_owner, "copies_to_owner", "copies passed to the subscriber's owner worker")    \
	X(cache_hits, "cache_hits", "events answered by the result cache")                         \
	X(cache_misses, "cache_misses", "events that walked the topic index")                      \
	X(content_scans, "content_scans", "payloads scanned for patterns")                         \
	X(content_cycles, "content_cycles", "TSC cycles of workers for payloads and conditions, where a share bounds them") \
	X(content_to_lane, "content_to_lane", "events handed to the content lane")                 \
	X(content_skipped, "content_skipped", "events that went to receivers without conditions alone, for want of a place in the content lane") \
	X(lane_cycles, "lane_cycles", "TSC cycles of the content lane")                            \
	X(credits_sent, "credits_sent", "grants sent to publishers")                               \
	X(tx_control_failed, "tx_control_failed", "frames of the router's own or the kernel's that could not be sent") \
	X(loops, "loops", "iterations of the worker")                                              \
	X(empty_polls, "empty_polls", "iterations without a frame")                                \
	X(busy_cycles, "busy_cycles", "TSC cycles of iterations with work")                        \
	X(idle_cycles, "idle_cycles", "TSC cycles of iterations without")                          \
	X(grace_periods, "grace_periods", "quiescent states that had to wake the reclaimer")

/* X(id, name): stages whose cycles are counted when stage timing is on. */
#define DP_STAGES(X)                                                                               \
	X(RX, "rx")                                                                                \
	X(CLASSIFY, "classify")                                                                    \
	X(PARSE, "parse")                                                                          \
	X(SESSION, "session")                                                                      \
	X(MATCH, "match")                                                                          \
	X(FANOUT, "fanout")                                                                        \
	X(EGRESS, "egress")                                                                        \
	X(TX, "tx")                                                                                \
	X(HOUSEKEEPING, "housekeeping")

enum dp_stage {
#define X(id, name) DP_STAGE_##id,
	DP_STAGES(X)
#undef X
	DP_STAGE_COUNT
};

/* Burst sizes 0, 1, 2-3, 4-7, 8-15, 16-31, 32 and more. */
#define DP_BURST_BUCKETS 7

struct dp_counters {
#define X(id, name, help) uint64_t id;
	DP_COUNTERS(X)
#undef X
	uint64_t drop_datagrams[DP_DROP_COUNT];
	uint64_t drop_events[DP_DROP_COUNT];
	uint64_t drop_copies[DP_DROP_COUNT];
	uint64_t stage_cycles[DP_STAGE_COUNT];
	uint64_t burst_fill[DP_BURST_BUCKETS];
	uint64_t longest_loop_cycles; /* since start or the last dp_counters_reset_longest */
	uint64_t events_waiting;      /* gauge: in the content lane, or on their way there or back */
	uint64_t copies_queued;	      /* gauge: waiting in queues, rings and backlogs that this worker owns or fills */
} rh_cache_aligned;

/* The three conservation laws over a sum of workers: left minus right side of each, 0 when the law holds. Exact
 * whenever inputs are paused. */
struct dp_laws {
	int64_t datagrams;
	int64_t events;
	int64_t copies;
};

/* Copy one worker's counters. Ctx: any; never disturbs the worker. -ENOENT for a worker that does not exist. */
int dp_counters_read(const struct dp_engine *eng, unsigned worker, struct dp_counters *out);
/* Sum over all workers (longest_loop_cycles: the maximum). Ctx: any. */
void dp_counters_sum(const struct dp_engine *eng, struct dp_counters *out);
/* Let longest_loop_cycles of every worker begin anew. Ctx: any. */
void dp_counters_reset_longest(struct dp_engine *eng);
void dp_counters_laws(const struct dp_counters *sum, struct dp_laws *out);
/* Add @from to @into field by field. Ctx: any. */
void dp_counters_add(struct dp_counters *into, const struct dp_counters *from);
