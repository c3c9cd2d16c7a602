#include "controlplane/telemetry/exposition_priv.h"

#include "dataplane/base/clock.h"

#include <stddef.h>

#define LABEL_MAX 128

static const char *worker_label(uint32_t worker, char *out)
{
	(void)snprintf(out, LABEL_MAX, "worker=\"%u\"", worker);
	return out;
}

/* One family of DP_COUNTERS: the field at @offset of every worker. */
static void counter(struct expo *e, const char *name, const char *help, size_t offset)
{
	char label[LABEL_MAX];

	expo_family(e, EXPO_COUNTER, name, help);
	for (uint32_t w = 0; w < e->workers; w++)
		expo_sample(e, EXPO_COUNTER, name, worker_label(w, label),
			(double)*(const uint64_t *)((const char *)&e->counters[w] + offset));
}

static void drops(
	struct expo *e, const char *name, const char *help, enum dp_drop_level level, size_t offset)
{
	char label[LABEL_MAX];

	expo_family(e, EXPO_COUNTER, name, help);
	for (unsigned r = 1; r < DP_DROP_COUNT; r++) {
		enum dp_drop_level own = dp_drop_level((enum dp_drop)r);

		if (own != level && (own != DP_DROP_LEVEL_COUNT || level == DP_DROP_COPY))
			continue;
		for (uint32_t w = 0; w < e->workers; w++) {
			const uint64_t *row =
				(const uint64_t *)((const char *)&e->counters[w] + offset);

			(void)snprintf(label, sizeof(label), "reason=\"%s\",worker=\"%u\"",
				dp_drop_name((enum dp_drop)r), w);
			expo_sample(e, EXPO_COUNTER, name, label, (double)row[r]);
		}
	}
}

static void stages(struct expo *e)
{
	static const char *const names[] = {
#define X(id, name) [DP_STAGE_##id] = name,
		DP_STAGES(X)
#undef X
	};
	char label[LABEL_MAX];

	expo_family(e, EXPO_COUNTER, "rhumb_stage_cycles",
		"TSC cycles spent in a stage of the pipeline");
	for (unsigned s = 0; s < DP_STAGE_COUNT; s++)
		for (uint32_t w = 0; w < e->workers; w++) {
			(void)snprintf(
				label, sizeof(label), "stage=\"%s\",worker=\"%u\"", names[s], w);
			expo_sample(e, EXPO_COUNTER, "rhumb_stage_cycles", label,
				(double)e->counters[w].stage_cycles[s]);
		}
}

static void bursts(struct expo *e)
{
	static const char *const upper[DP_BURST_BUCKETS] = {
		"0.0", "1.0", "3.0", "7.0", "15.0", "31.0", "+Inf"};

	(void)fprintf(e->out, "# HELP rhumb_worker_burst_frames frames a receive burst brought\n# "
			      "TYPE rhumb_worker_burst_frames histogram\n");
	for (uint32_t w = 0; w < e->workers; w++) {
		unsigned long long sum = 0;

		for (unsigned b = 0; b < DP_BURST_BUCKETS; b++) {
			sum += e->counters[w].burst_fill[b];
			(void)fprintf(e->out,
				"rhumb_worker_burst_frames_bucket{%s,worker=\"%u\",le=\"%s\"} "
				"%llu\n",
				e->base, w, upper[b], sum);
		}
		(void)fprintf(e->out, "rhumb_worker_burst_frames_count{%s,worker=\"%u\"} %llu\n",
			e->base, w, sum);
	}
}

static double longest_s(const struct expo *e, uint32_t w)
{
	return (double)e->counters[w].longest_loop_cycles / (double)rh_tsc_hz();
}

/* clang-format off: a table is read by row */
/* X(what, help, value of worker w) */
#define WORKER_GAUGES(X)                                                                           \
	X("rhumb_worker_running", "1 while the worker's loop runs", e->status[w].running)          \
	X("rhumb_worker_stuck_now", "1 while the worker's loop stands still",                      \
		cp_health_stuck(e->source->health, w))                                             \
	X("rhumb_worker_core", "processor the worker is pinned to", e->status[w].core)             \
	X("rhumb_worker_sessions", "sessions the worker owns", e->status[w].sessions)              \
	X("rhumb_worker_queued_copies", "copies waiting in subscriber queues",                     \
		e->status[w].queued_copies)                                                        \
	X("rhumb_worker_queued_bytes", "bytes waiting in subscriber queues",                       \
		e->status[w].queued_bytes)                                                         \
	X("rhumb_worker_copies_waiting", "copies in queues, rings and backlogs",                   \
		e->counters[w].copies_queued)                                                      \
	X("rhumb_worker_events_waiting", "events in the content lane",                             \
		e->counters[w].events_waiting)                                                     \
	X("rhumb_worker_event_buffers_free", "buffers for large events",                           \
		e->status[w].event_buffers_free)                                                   \
	X("rhumb_worker_reassemblies", "events being reassembled", e->status[w].reassemblies)      \
	X("rhumb_worker_generation", "table generation the worker has loaded",                     \
		e->status[w].generation)                                                           \
	X("rhumb_worker_longest_loop_seconds", "longest iteration of the worker's loop",           \
		longest_s(e, w))
/* clang-format on */

static void gauges(struct expo *e)
{
	char label[LABEL_MAX];

#define X(name, help, value)                                                                       \
	expo_family(e, EXPO_GAUGE, name, help);                                                    \
	for (uint32_t w = 0; w < e->workers; w++)                                                  \
		expo_sample(e, EXPO_GAUGE, name, worker_label(w, label), (double)(value));
	WORKER_GAUGES(X)
#undef X
}

void expo_workers(struct expo *e)
{
#define X(id, name, help) counter(e, "rhumb_worker_" name, help, offsetof(struct dp_counters, id));
	DP_COUNTERS(X)
#undef X
	drops(e, "rhumb_drop_datagrams", "datagrams that did not go on, by reason",
		DP_DROP_DATAGRAM, offsetof(struct dp_counters, drop_datagrams));
	drops(e, "rhumb_drop_events", "events that did not go on, by reason", DP_DROP_EVENT,
		offsetof(struct dp_counters, drop_events));
	drops(e, "rhumb_drop_copies", "copies that did not go on, by reason", DP_DROP_COPY,
		offsetof(struct dp_counters, drop_copies));
	stages(e);
	bursts(e);
	gauges(e);
}
