#include "perf/bench/content.h"

#include "dataplane/base/rcu.h"
#include "dataplane/match/match_lookup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static bool receives(const struct dp_match_result *r, dp_session_id_t session)
{
	for (uint32_t i = 0; i < r->count; i++)
		if (r->receivers[i].session == session)
			return true;
	return false;
}

static int event_check(const struct content *c, uint32_t number, const struct dp_match_result *r, struct rh_error *err)
{
	const struct path_lane *lane = &c->path.lane[0];
	const struct content_event *e = &c->events[number];
	uint32_t plain = workload_copies(&lane->workload, number);

	if (r->verdict != DP_MATCH_OK || r->count != plain + e->hits)
		return rh_error_set(err, EINVAL, "event %u has %u receivers, the reference says %u by topic and %u by content", number, r->count,
			plain, e->hits);
	for (uint32_t k = 0; k < plain; k++)
		if (!receives(r, lane->subscriber_slot[workload_receiver(&lane->workload, number, k)]))
			return rh_error_set(err, EINVAL, "event %u does not go to its receiver by topic", number);
	for (uint32_t k = 0; k < e->hits; k++)
		if (!receives(r, c->session[e->hit[k]]))
			return rh_error_set(err, EINVAL, "event %u does not go to content session %u, which has a pattern that occurs in it", number,
				e->hit[k]);
	return 0;
}

static int burst_check(const struct content *c, struct dp_match *match, uint32_t first, struct rh_error *err)
{
	struct dp_match_result results[CONTENT_BURST];
	struct dp_match_key keys[CONTENT_BURST];
	int ret = 0;

	for (uint32_t i = 0; i < CONTENT_BURST; i++) {
		const struct content_event *e = &c->events[first + i];

		keys[i] = (struct dp_match_key){.topic = e->topic, .topic_len = e->topic_len, .payload = e->payload, .payload_len = e->payload_len};
	}
	(void)dp_match_begin(match);
	dp_match_burst(match, keys, CONTENT_BURST, results);
	for (uint32_t i = 0; i < CONTENT_BURST && !ret; i++)
		ret = event_check(c, first + i, &results[i], err);
	rh_rcu_quiescent();
	return ret;
}

int content_check(const struct content *c, struct rh_error *err)
{
	uint32_t events = workload_events(&c->path.lane[0].workload);
	struct dp_match *match;
	int ret;

	/* The matcher behind those of the two lanes. */
	if (dp_match_create(c->path.table, c->path.opt.lanes, &match) < 0)
		return rh_error_set(err, ENOMEM, "no memory for a matcher");
	ret = events % CONTENT_BURST ? rh_error_set(err, EINVAL, "--trace %u: a multiple of %d", events, CONTENT_BURST) : 0;
	/* The second time from the result cache. */
	for (int turn = 0; turn < 2; turn++)
		for (uint32_t e = 0; e < events && !ret; e += CONTENT_BURST)
			ret = burst_check(c, match, e, err);
	dp_match_destroy(match);
	return ret;
}

static void due_count(const struct content *c, uint64_t *due)
{
	uint32_t events = workload_events(&c->path.lane[0].workload);

	for (uint32_t e = 0; e < events; e++)
		for (uint32_t k = 0; k < c->events[e].hits; k++)
			due[c->events[e].hit[k]] += c->passes;
}

int content_verify(const struct content *c, struct rh_error *err)
{
	static uint64_t due[CONTENT_SESSIONS];
	struct dp_session_stats st;

	due_count(c, due);
	for (uint32_t s = 0; s < CONTENT_SESSIONS; s++)
		if (dp_session_stats(c->path.eng, c->session[s], &st) < 0 || st.copies_made != due[s] || st.tx_events != due[s])
			return rh_error_set(err, EINVAL, "content session %u: %" PRIu64 " copies made, %" PRIu64 " sent, the reference says %" PRIu64, s,
				st.copies_made, st.tx_events, due[s]);
	return path_verify_counters(&c->path, err);
}
