/*
 * What can be computed from counters alone. Reading them from workers is dataplane/worker's.
 */

#include "dataplane/api/counters.h"

static void add_row(uint64_t *into, const uint64_t *from, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		into[i] += from[i];
}

void dp_counters_add(struct dp_counters *into, const struct dp_counters *from)
{
#define X(id, name, help) into->id += from->id;
	DP_COUNTERS(X)
#undef X
	add_row(into->drop_datagrams, from->drop_datagrams, DP_DROP_COUNT);
	add_row(into->drop_events, from->drop_events, DP_DROP_COUNT);
	add_row(into->drop_copies, from->drop_copies, DP_DROP_COUNT);
	add_row(into->stage_cycles, from->stage_cycles, DP_STAGE_COUNT);
	add_row(into->burst_fill, from->burst_fill, DP_BURST_BUCKETS);
	if (from->longest_loop_cycles > into->longest_loop_cycles)
		into->longest_loop_cycles = from->longest_loop_cycles;
	into->events_waiting += from->events_waiting;
	into->copies_queued += from->copies_queued;
}

static uint64_t dropped(const uint64_t *drops)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < DP_DROP_COUNT; i++)
		sum += drops[i];
	return sum;
}

void dp_counters_laws(const struct dp_counters *sum, struct dp_laws *out)
{
	out->datagrams =
		(int64_t)(sum->rx_datagrams - sum->event_datagrams - sum->control_datagrams -
			  sum->punted_datagrams - dropped(sum->drop_datagrams));
	out->events =
		(int64_t)(sum->events_parsed + sum->events_originated - sum->events_matched -
			  sum->events_unmatched - sum->events_consumed - sum->events_waiting -
			  dropped(sum->drop_events));
	out->copies = (int64_t)(sum->copies_made - sum->copies_tx - sum->copies_queued -
				dropped(sum->drop_copies));
}
