#pragma once

/*
 * Many topics through the index at once: every probe of a burst is asked for before the first is
 * read, then every filter found, then every set, so that misses of the cache overlap (a dependent
 * one costs 15 times a prefetched one; docs/topic-index.md).
 */

#include "dataplane/match/cut.h"
#include "dataplane/match/index.h"
#include "dataplane/match/match_lookup.h"

/* Probes under way at once; one topic has at most DP_LIMIT_SHAPES. */
#define DP_SEARCH_PROBES 2048
/* Filters kept for one search. A topic that does not find room is visited filter by filter. */
#define DP_SEARCH_FOUND 8192

struct dp_search_hit {
	const struct dp_filter *filter; /* first of those with the key */
	uint32_t probe;
};

/* One topic's answer. */
struct dp_search_answer {
	uint32_t first; /* into found */
	uint16_t count;
	bool crowded; /* no room: dp_index_visit finds them */
};

struct dp_search {
	const struct dp_index *index;
	/* In: topics [0, topics), by dp_search_add. */
	uint32_t topics;
	uint16_t tenant[DP_MATCH_BURST_MAX];
	struct dp_cut cut[DP_MATCH_BURST_MAX];
	/* Out. */
	struct dp_search_answer answer[DP_MATCH_BURST_MAX];
	const struct dp_filter *found[DP_SEARCH_FOUND];
	uint32_t found_used;
	/* Probes under way; some are written behind the last. */
	uint64_t key[DP_SEARCH_PROBES + DP_PROBES_WIDE];
	uint64_t tag[DP_SEARCH_PROBES + DP_PROBES_WIDE];
	const uint64_t *bucket[DP_SEARCH_PROBES + DP_PROBES_WIDE];
	uint32_t shape[DP_SEARCH_PROBES + DP_PROBES_WIDE];
	uint32_t topic[DP_SEARCH_PROBES + DP_PROBES_WIDE];
	struct dp_search_hit hit[DP_SEARCH_PROBES];
	struct rh_filter whole; /* a filter being compared by all it has */
};

/* Topic number @topic, which is cut, is @tenant's. */
static inline void dp_search_add(struct dp_search *search, uint32_t topic, uint16_t tenant)
{
	search->tenant[topic] = tenant;
	search->answer[topic] = (struct dp_search_answer){0};
	rh_prefetch(rh_rcu_deref(search->index->shapes[tenant]));
}

/* Answers hold until the next quiescent state. Ctx: worker, under RCU. */
void dp_search_run(struct dp_search *search);

/* Is @topic @filter's? By all the filter has; @room: any memory of that size. */
bool dp_filter_fits_whole(
	const struct dp_filter *filter, const struct rh_topic *topic, struct rh_filter *room);
/* Do the literal levels of @filter stand in @topic, whose number of levels fits its shape? */
bool dp_filter_fits_runs(const struct dp_filter *filter, const struct rh_topic *topic);
/* Is @filter, met under @key of shape @shape, one of @tenant's that match @topic? */
static inline bool dp_filter_answers(const struct dp_filter *filter, uint64_t key, uint32_t shape,
	uint16_t tenant, const struct rh_topic *topic, struct rh_filter *room)
{
	if (filter->key != key || filter->shape != shape || filter->tenant != tenant)
		return false;
	return rh_likely(!filter->partial) ? dp_filter_fits_runs(filter, topic)
					   : dp_filter_fits_whole(filter, topic, room);
}

/* Key of @topic under @row, which fits its levels. False: a part of it is shorter than the shape
 * wants. */
bool dp_shape_topic_key(const struct dp_secret *secret, const struct dp_shape_row *row,
	const struct rh_topic *topic, const uint64_t *hash, uint64_t *key);
