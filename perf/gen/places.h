#pragma once

/*
 * The places of a trace, made from its workload: each event's record as its publisher sends it, and
 * its receivers as the workload is built. Places of one topic share a list of receivers.
 */

#include "dataplane/base/error.h"
#include "perf/gen/place.h"
#include "perf/gen/trace.h"

#include <stdint.h>

#define PLACES_CLASSES 8

struct places {
	struct place *list; /* of each event, in the order of the trace */
	uint32_t count;
	uint8_t *records;
	uint32_t *receivers;
};

/*
 * @weights: PLACES_CLASSES shares of the events, NULL for class RH_CLASS_DEFAULT alone; drawn for
 * each event from the workload's seed. 0, or -EINVAL (no weight above 0) or -ENOMEM with a
 * sentence. Copies what it needs of @t: a place keeps the incarnation its publisher has now.
 */
int places_make(
	struct places *out, const struct trace *t, const uint32_t *weights, struct rh_error *err);
/* Accepts a zeroed struct. */
void places_fini(struct places *places);
