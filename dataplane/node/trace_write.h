#pragma once

/*
 * The trace ring of a worker: the last DP_LIMIT_TRACE_RING entries, overwritten in turn. Each place carries a
 * version: odd while it is being written; a reader copies it word by word and throws the copy away when the version
 * changed. Writer: the worker. Readers: control.
 */

#include "dataplane/api/trace.h"
#include "dataplane/node/context.h"

#define DP_TRACE_WORDS ((sizeof(struct dp_trace_entry) + 7) / 8)

struct dp_trace_place {
	uint64_t version;
	uint64_t words[DP_TRACE_WORDS];
};

struct dp_trace_ring {
	uint64_t written; /* release by the worker: entries so far */
	struct dp_trace_place place[DP_LIMIT_TRACE_RING];
};

/* Record the burst as matched: ctx->events with ctx->results. Ctx: worker, ctx->trace is set. */
void dp_trace_burst(struct dp_ctx *ctx);
/* Record one that is not matched, for @reason. Ctx: likewise. */
void dp_trace_refused(struct dp_ctx *ctx, const struct dp_event *event, enum dp_drop reason);
