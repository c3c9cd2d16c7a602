#pragma once

/*
 * One worker's matching state. Written by that worker; counters are read by anyone.
 */

#include "dataplane/match/budget.h"
#include "dataplane/match/cache.h"
#include "dataplane/match/judge.h"
#include "dataplane/match/match_lookup.h"
#include "dataplane/match/samples.h"
#include "dataplane/match/search.h"
#include "dataplane/match/table_priv.h"

/* Conditions of one event that are remembered, and sessions that want none; beyond, the filters found are gone
 * through a second time. */
#define DP_CANDIDATES_MAX 4096
/* Each session at most once in each result of a burst, and in one that is only looked at (dp_topics_sample). Reserved, not touched: pages come
 * with the first results so large. */
#define DP_RESULT_ROOM ((size_t)(DP_MATCH_BURST_MAX + 1) * DP_LIMIT_SESSIONS)

/* So many behind one that needed such an entry. */
#define DP_UNSETTLED_BURSTS 64

struct dp_match {
	const struct dp_table *table;
	const struct dp_snapshot *snapshot; /* of this burst */
	uint64_t generation;		    /* likewise */
	uint64_t as_of;			    /* dp_parts.changes before its entries, and again before the index, were looked at */
	uint32_t unsettled;		    /* bursts to come that are likely to need entries of before the last change */
	const struct dp_index *index;
	uint32_t worker;
	struct dp_cache cache;

	/* Sampled payloads: a look at the next burst, the time of the last one. */
	bool sample_due;
	uint32_t sample_dice;
	uint64_t sample_tsc;

	/* Results that are not in the cache: [0, result_used) belongs to this burst's earlier
	 * events. */
	struct dp_receiver *result;
	size_t result_used;

	/* A session whose stamp is the serial has its copy of the current event, or wants none. */
	uint16_t *stamp;
	uint16_t serial;

	/* The event whose filters are being collected. */
	struct dp_receiver *walk_to;
	uint32_t walk_count;
	uint32_t candidate_count, keyed_count, excluded_count;
	bool candidates_overflow;
	const struct dp_cond **candidate;
	const struct dp_filter **keyed;
	dp_session_id_t *excluded;

	struct dp_meter meter;
	uint32_t later; /* events of this burst that are DP_MATCH_LATER */
	uint64_t sure_copies; /* dp_match_sure_copies */
	uint64_t held;	/* dp_match_hold: a bit for each event of this burst */
	struct dp_match_keys keys; /* of this burst */
	struct dp_judge *judge;
	struct dp_access_batch batch;
	struct dp_ahead ahead;
	struct dp_match_counters counters;
	struct dp_search *search;
};

/* Two profiles' results of one topic stand apart. */
static inline uint64_t dp_profile_hash(uint16_t profile)
{
	return profile * 0x9e3779b97f4a7c15ULL;
}

_Static_assert((DP_LIMIT_TENANTS & (DP_LIMIT_TENANTS - 1)) == 0, "a mask");

/* Of the result cache, and of what is remembered of topics. A tenant that cannot be shares a hash with one that can: entries name theirs. */
static inline uint64_t dp_match_key_hash(
	const struct dp_match *match, const struct dp_match_key *key)
{
	const struct dp_index *index = match->index;

	return dp_topic_hash(&index->secret, index->tenant_hash[key->tenant & (DP_LIMIT_TENANTS - 1)], key->topic, key->topic_len) ^
	       dp_profile_hash(key->profile);
}

/* Its patterns; NULL: it has none. */
static inline const struct dp_patterns *dp_match_patterns(const struct dp_match *match, uint16_t tenant)
{
	return tenant < match->snapshot->tenants ? match->snapshot->patterns[tenant] : NULL;
}

/* The usual answer to a topic: one filter, whose only subscriber this is; else NULL. */
static inline const struct dp_set *dp_match_alone(const struct dp_match *match, uint32_t topic)
{
	const struct dp_search_answer *answer = &match->search->answer[topic];
	const struct dp_set *set;

	if (answer->count != 1 || answer->crowded)
		return NULL;
	set = rh_rcu_deref(match->search->found[answer->first]->set);
	return dp_set_is_alone(set) ? set : NULL;
}

/*
 * Go through the filters that the search found for its topic @topic: unconditional receivers, each
 * session once, to walk_to; conditions with subscribers that are of other sessions to candidate, filters that have more of them by keys to keyed,
 * unless they are too many. Sessions with an exception that matches are in neither, but in excluded. Ctx: worker.
 */
void dp_match_collect(struct dp_match *match, uint32_t topic);
/*
 * After a collection: add to walk_to who subscribed with those of candidate, and of the conditions found by keys, that hold
 * for the event, each session once. Stamps say who has a copy already, or wants none. Ctx: worker.
 */
void dp_match_decide(struct dp_match *match, const struct dp_match_key *key);
/* The same after a collection with more than could be remembered: goes through the filters again. */
void dp_match_decide_again(struct dp_match *match, uint32_t topic, const struct dp_match_key *key);
/* All receivers of an event whose topic has an entry with conditions, after dp_judge_scan_ahead for it, as number @event, to walk_to. */
void dp_match_decide_cached(
	struct dp_match *match, uint32_t event, const struct dp_match_key *key, const struct dp_entry *entry);
