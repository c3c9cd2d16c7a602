#pragma once

/*
 * Judges delivered copies: each that comes back is compared with the place of the trace it was sent
 * from, with the list of those who are to get it, and with what this subscriber already has of this
 * publisher.
 *
 * For each publisher, subscriber and class (the router keeps order per publisher and class) there
 * is the highest sequence seen in the trial and a bit for each of the 1,024 sequences that end with
 * it. What a copy turns out to be stands in trial.h.
 *
 * Two threads may share a sink: one sends (sink_sent), one receives (sink_take, sink_progress,
 * sink_complete). Begin and end of a trial are for when both rest.
 */

#include "dataplane/base/error.h"
#include "perf/gen/place.h"
#include "perf/gen/trial.h"

#include <stdbool.h>
#include <stdint.h>

#define SINK_WINDOW 1024 /* sequences of one publisher */

struct sink_spec {
	const struct place *places; /* outlive the sink */
	uint32_t place_count;
	uint32_t publishers, subscribers;
	/*
	 * A plain forwarder sends records back as they left. Without it a router is between: the
	 * hop limit is one less, the tenant is the router's, the time to live may have fallen, the
	 * length field is 0 where the record came in FRAGMENTs.
	 */
	bool reflect;
};

enum sink_verdict {
	SINK_RECEIVED,
	SINK_REORDERED, /* received, too */
	SINK_DOUBLED,
	SINK_BEYOND,
	SINK_MISDELIVERED,
	SINK_ALTERED,
	SINK_LATE,
	SINK_VERDICT_COUNT
};

struct sink;
struct inversions;

/*
 * 0, or -EINVAL (a place that cannot be judged: no room for the stamp, another class than its
 * record's, receivers not ascending or out of range) or -ENOMEM with a sentence. 144 bytes for each
 * publisher, subscriber and class that occurs.
 */
int sink_create(struct sink **out, const struct sink_spec *spec, struct rh_error *err);
/* Accepts NULL. */
void sink_destroy(struct sink *sink);

/* @trial differs from all before; sequences go on growing. Everything counted is forgotten. */
void sink_trial_begin(struct sink *sink, uint32_t trial);
/* Tell @inversions, or nobody (NULL), of every copy received. */
void sink_watch(struct sink *sink, struct inversions *inversions);
/* One event of @place was given to the port in this trial. Ctx: the sending thread. */
void sink_sent(struct sink *sink, uint32_t place);
/*
 * Judge one record which @subscriber got at @now_ns, on the clock of the stamps. @record is a
 * PUBLISH without padding, of any content. Ctx: the receiving thread. No allocation.
 */
enum sink_verdict sink_take(struct sink *sink, uint32_t subscriber, const uint8_t *record,
	uint32_t len, uint64_t now_ns);
/* As many copies received as are expected of the events sent so far: once the sender is done, no
 * need to wait longer. */
bool sink_complete(const struct sink *sink);
/* Copies received in this trial so far. Ctx: any thread. */
uint64_t sink_progress(const struct sink *sink);
/* After the settling time. Writes every field but those of the program, which become 0. */
void sink_trial_end(struct sink *sink, struct trial_result *out);

/* Latencies of the copies of @class received in this trial; trial_result has them merged. For when
 * both threads rest. */
const struct rh_histogram *sink_latency(const struct sink *sink, uint8_t class);
/* After sink_trial_end: copies of @class which @subscriber is missing. */
uint64_t sink_lost(const struct sink *sink, uint32_t subscriber, uint8_t class);
const char *sink_verdict_name(enum sink_verdict verdict);
