/*
 * The last word of the counters: one line with the three conservation laws, term by term, once the workers have ended and
 * nothing can change any more. Names are those of `show counters`; a drop_ is the sum over its reasons. The difference is
 * left minus right side: anything but 0 is an error of ours.
 */

#include "controlplane/main/router.h"

#include "dataplane/api/counters.h"
#include "dataplane/base/log.h"

#include <inttypes.h>
#include <stdio.h>

#define LINE_BYTES 900 /* three objects, 16 numbers; a log line holds 1024 */

static uint64_t dropped(const uint64_t *drops)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < DP_DROP_COUNT; i++)
		sum += drops[i];
	return sum;
}

static void counts_print(
	const struct dp_counters *c, const struct dp_laws *law, bool hold, char *out, size_t size)
{
	(void)snprintf(out, size,
		"{\"hold\":%s,\"datagrams\":{\"difference\":%" PRId64 ",\"rx_datagrams\":%" PRIu64
		",\"event_datagrams\":%" PRIu64 ",\"control_datagrams\":%" PRIu64
		",\"punted_datagrams\":%" PRIu64 ",\"drop_datagrams\":%" PRIu64
		"},\"events\":{\"difference\":%" PRId64 ",\"events_parsed\":%" PRIu64
		",\"events_originated\":%" PRIu64 ",\"events_matched\":%" PRIu64
		",\"events_unmatched\":%" PRIu64 ",\"events_consumed\":%" PRIu64
		",\"events_waiting\":%" PRIu64 ",\"drop_events\":%" PRIu64 "},\"copies\":{\"difference\":%" PRId64
		",\"copies_made\":%" PRIu64 ",\"copies_tx\":%" PRIu64 ",\"copies_queued\":%" PRIu64
		",\"drop_copies\":%" PRIu64 "}}",
		hold ? "true" : "false", law->datagrams, c->rx_datagrams, c->event_datagrams,
		c->control_datagrams, c->punted_datagrams, dropped(c->drop_datagrams), law->events,
		c->events_parsed, c->events_originated, c->events_matched, c->events_unmatched,
		c->events_consumed, c->events_waiting, dropped(c->drop_events), law->copies, c->copies_made,
		c->copies_tx, c->copies_queued, dropped(c->drop_copies));
}

void router_final_counts(const struct router *r)
{
	char line[LINE_BYTES];
	struct dp_counters sum;
	struct dp_laws law;
	bool hold;

	dp_counters_sum(r->eng, &sum);
	dp_counters_laws(&sum, &law);
	hold = law.datagrams == 0 && law.events == 0 && law.copies == 0;
	counts_print(&sum, &law, hold, line, sizeof(line));
	if (hold)
		rh_log_info(MAIN, "final counts: %s", line);
	else
		rh_log_error(MAIN, "final counts: %s", line);
}
