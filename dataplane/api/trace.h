#pragma once

/*
 * The last events that passed a filter, per worker, bounded, filtered before copying, free when off (one predicted
 * branch a burst).
 */

#include "dataplane/api/session.h"

#include <stdbool.h>
#include <stdint.h>

#define DP_TRACE_TOPIC_BYTES   128
#define DP_TRACE_PAYLOAD_BYTES 64

struct dp_trace_entry {
	uint64_t wall_ns;
	uint64_t incarnation, sequence;
	uint32_t worker;
	dp_session_id_t publisher;
	uint32_t receivers;
	uint32_t payload_len;
	uint16_t topic_len;  /* true length; topic holds the first DP_TRACE_TOPIC_BYTES */
	uint16_t drop;	     /* enum dp_drop; DP_DROP_NONE */
	uint16_t payload_kept;
	bool cache_hit;
	char topic[DP_TRACE_TOPIC_BYTES];
	uint8_t payload[DP_TRACE_PAYLOAD_BYTES];
};

/* Switch on for events whose topic matches @filter (NULL: all); replaces an earlier filter. Ctx: control. */
int dp_trace_start(struct dp_engine *eng, const struct rh_filter *filter);
void dp_trace_stop(struct dp_engine *eng);
/* Copy up to @max entries, oldest first over all workers. Returns the number. Ctx: control. */
uint32_t dp_trace_read(struct dp_engine *eng, struct dp_trace_entry *out, uint32_t max);
