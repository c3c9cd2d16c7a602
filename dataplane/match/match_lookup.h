#pragma once

/*
 * Matching on a worker: result cache, topic index, content; a burst at a time.
 */

#include "dataplane/api/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp_budget;
struct dp_match; /* one worker's cache, scratch and lists */

/* One event of a burst. Bytes live until the burst is done. */
struct dp_match_key {
	const char *topic;
	const uint8_t *payload, *attributes; /* attributes as on the wire, accepted by rh_attributes_check */
	union {
		struct {
			uint16_t attributes_len;
			uint16_t topic_len;
			uint32_t payload_len;
		};
		uint64_t sizes; /* the three at once, the payload's above (x86-64) */
	};
	union {
		struct {
			uint16_t tenant;
			uint16_t profile;
			bool same; /* topic, tenant and profile are those of the key before it */
		};
		uint64_t whose; /* the three at once, the tenant below */
	};
};

/* The keys of a burst, each @stride bytes behind the one before: they may be parts of something larger. */
struct dp_match_keys {
	const struct dp_match_key *first;
	size_t stride;
};

static inline const struct dp_match_key *dp_match_key_at(struct dp_match_keys keys, uint32_t at)
{
	return (const void *)((const uint8_t *)keys.first + at * keys.stride);
}

struct dp_receiver {
	dp_session_id_t session;
	dp_sub_id_t sub; /* witness: one subscription of the session that asked for this event */
};

enum dp_match_verdict {
	DP_MATCH_OK,	    /* count receivers, 0 or more: each session at most once */
	DP_MATCH_BAD_TOPIC, /* nobody may publish this topic */
	/* Conditions decide about more receivers, but their tenant's budget is used up: the receivers given are those without conditions. */
	DP_MATCH_LATER,
};

struct dp_match_result {
	const struct dp_receiver
		*receivers; /* valid until the next dp_match_burst or quiescent state */
	uint32_t count; /* 0 with DP_MATCH_BAD_TOPIC */
	uint8_t verdict; /* enum dp_match_verdict */
	bool cache_hit;
};

/* Ctx: control, before the worker runs. @worker: index below dp_table_conf.max_workers. -EINVAL,
 * -ENOMEM. */
int dp_match_create(struct dp_table *table, uint32_t worker, struct dp_match **out);
/* The same for the content lane: without a result cache. One for a table. Ctx: control. */
int dp_match_create_lane(struct dp_table *table, struct dp_match **out);
void dp_match_destroy(struct dp_match *match);

/* Content is measured and kept within @budget from now on; borrowed; NULL: neither. Ctx: control, before the worker runs. */
void dp_match_set_budget(struct dp_match *match, struct dp_budget *budget);

/*
 * Load the current snapshot for the coming burst and return its generation; the worker stores it
 * where dp_engine_seen looks. Ctx: worker, once a burst, after the quiescent state.
 */
uint64_t dp_match_begin(struct dp_match *match);

#define DP_MATCH_BURST_MAX 64
/*
 * In the next burst no conditions are decided for the events with a bit in @events, lowest first: DP_MATCH_LATER, if they have any.
 * Ctx: worker.
 */
void dp_match_hold(struct dp_match *match, uint64_t events);
/*
 * Match @count (at most DP_MATCH_BURST_MAX) events; returns how many are DP_MATCH_LATER. @repeated: some keys may say that they are the same as the
 * one before; else nobody looks. Ctx: worker. No allocation, no locks, bounded work.
 */
uint32_t dp_match_events(struct dp_match *match, struct dp_match_keys keys, uint32_t count, bool repeated,
	struct dp_match_result *results);
/* The same for an array of keys; looks itself whether some are repeated. */
static inline uint32_t dp_match_burst(struct dp_match *match, const struct dp_match_key *keys, uint32_t count,
	struct dp_match_result *results)
{
	bool repeated = false;

	for (uint32_t i = 0; i < count; i++)
		repeated |= keys[i].same;
	return dp_match_events(match, (struct dp_match_keys){keys, sizeof(*keys)}, count, repeated, results);
}
/*
 * Receivers of all events of the burst just matched, if the result cache had at least one for each of them, and no conditions; else 0, and each
 * result has to be looked at. Ctx: worker.
 */
uint64_t dp_match_sure_copies(const struct dp_match *match);

/*
 * dp_match_burst for one event that was matched before, as a waiting copy's: it is not counted as
 * published once more; never DP_MATCH_LATER. Ctx: worker.
 */
void dp_match_again(
	struct dp_match *match, const struct dp_match_key *key, struct dp_match_result *result);

/* The time, for what is remembered of topics and payloads: @now_tsc every 100 us or so. Ctx: worker. */
void dp_match_tick(struct dp_match *match, uint64_t now_tsc);

/*
 * What tells a result's @sub from a later one with the same number: for a copy that waits. 0: removed since, so that the copy will
 * be looked at again. Ctx: worker, in the burst of the result.
 */
uint32_t dp_match_sub_tag(const struct dp_match *match, dp_sub_id_t sub);
/* Does the subscription that a waiting copy is due to still live? Ctx: worker. */
bool dp_match_sub_alive(const struct dp_match *match, dp_sub_id_t sub, uint32_t sub_tag);
/*
 * Has @session gained an exception that what was matched under @generation may not have seen? The
 * lower half of what dp_match_begin returned, less than 2^31 generations ago. Ctx: worker.
 */
bool dp_match_excepted_since(
	const struct dp_match *match, dp_session_id_t session, uint32_t generation);

struct dp_match_counters {
	uint64_t hits, misses, stale, evictions, declined, scans, uncacheable, scan_errors;
};
/* Ctx: any. */
void dp_match_counters(const struct dp_match *match, struct dp_match_counters *out);

/* For `show topics`: see dataplane/api/topics.h, of one worker. Ctx: control. */
struct dp_topic_row;
struct dp_topic_crowd;
uint64_t dp_match_topics_places(const struct dp_match *match);
uint64_t dp_match_topics_scan(const struct dp_match *match, uint64_t from, uint64_t to,
	void (*cb)(void *arg, const struct dp_topic_row *row), void *arg);
void dp_match_topics_each(const struct dp_match *match,
	void (*cb)(void *arg, const struct dp_topic_row *row), void *arg);
uint64_t dp_match_topic_missed(
	const struct dp_match *match, uint16_t tenant, const char *topic, size_t len);
void dp_match_topics_crowd(const struct dp_match *match, struct dp_topic_crowd *crowd);
