#pragma once

/*
 * Private parts of the sink: what a place must be, and when a record is the one of its place.
 */

#include "perf/gen/sink.h"
#include "perf/gen/stamp.h"

/* Can every place be judged? 0 or -EINVAL with a sentence. */
int sink_spec_check(const struct sink_spec *spec, struct rh_error *err);

/* Is @record that of @place, sent with @sequence, but for its stamp and what a router may change
 * (docs/protocol.md 4.1)? */
bool sink_record_same(const struct place *place, bool reflect, const uint8_t *record, uint32_t len,
	uint64_t sequence);

/* One sentence about a copy that is not as it should be. @stamp NULL: not readable. Writes
 * TRIAL_FAULT_MAX bytes at most. */
void sink_fault_tell(char *out, const struct sink_spec *spec, enum sink_verdict verdict,
	uint32_t subscriber, const uint8_t *record, uint32_t len, const struct stamp *stamp);
