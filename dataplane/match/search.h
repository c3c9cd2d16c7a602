#pragma once

/*
 * Many topics through the index at once: every probe of a burst is asked for before the first is
 * read, then every filter found, then every set, so that misses of the cache overlap (a dependent
 * one costs 15 times a prefetched one; docs/topic-index.md).
 */

#include "dataplane/match/cut.h"
#include "dataplane/match/group.h"
#include "dataplane/match/index.h"
#include "dataplane/match/match_lookup.h"

/* Groups of probes under way at once. */
#define DP_SEARCH_GROUPS 512
/* Of one topic: with parts and without, and each may leave one group unfilled. */
#define DP_TOPIC_GROUPS(shapes) ((shapes) / DP_PROBES_WIDE + 2)
_Static_assert(DP_TOPIC_GROUPS(DP_LIMIT_SHAPES) <= DP_SEARCH_GROUPS, "one topic's have room");
/* Filters found in the buckets of those. A topic that does not find room is visited filter by filter. */
#define DP_SEARCH_HITS 2048
/* Filters kept for one search; likewise. */
#define DP_SEARCH_FOUND 8192

struct dp_search_hit {
	const struct dp_filter *filter; /* first of those with the key */
	uint64_t about;
};

/* One topic's answer. */
struct dp_search_answer {
	uint32_t first; /* into found */
	uint16_t count;
	bool crowded; /* no room: dp_index_visit finds them */
};

struct dp_search {
	const struct dp_index *index;
	/* In: topics [0, topics), by dp_search_begin. */
	uint32_t topics;
	uint16_t tenant[DP_MATCH_BURST_MAX];
	struct dp_cut cut[DP_MATCH_BURST_MAX];
	/* Out. */
	struct dp_search_answer answer[DP_MATCH_BURST_MAX];
	const struct dp_filter *found[DP_SEARCH_FOUND];
	uint32_t found_used;
	/* Under way. */
	struct dp_search_group group[DP_SEARCH_GROUPS];
	struct dp_search_hit hit[DP_SEARCH_HITS];
	struct rh_filter whole; /* a filter being compared by all it has */
};

/*
 * Topics [0, @count) are those of @keys with the numbers @event. Bit n of the answer: nobody may publish number n (its tenant or its text); then all
 * have to be begun again without it. Ctx: worker, under RCU.
 */
uint64_t dp_search_begin(struct dp_search *search, struct dp_match_keys keys, const uint8_t *event,
	uint32_t count);
/* Answers hold until the next quiescent state. Ctx: worker, under RCU. */
void dp_search_run(struct dp_search *search);

/* Is @topic, of a dp_cut, @filter's? By all the filter has; @room: any memory of that size. */
bool dp_filter_fits_whole(
	const struct dp_filter *filter, const struct rh_topic *topic, struct rh_filter *room);
/* Do the literal levels of @filter stand in @topic, of a dp_cut, whose number of levels fits its shape? */
static inline bool dp_filter_fits_runs(const struct dp_filter *filter, const struct rh_topic *topic)
{
	const char *canon = dp_filter_canon(filter);
	const struct dp_run *run = filter->run, *end = run + filter->runs;

	for (; run < end; run++) {
		uint32_t first = topic->start[run->first], size = run->size;
		uint32_t behind = (uint32_t)topic->start[run->last] + topic->size[run->last];

		if (behind - first != size ||
			!dp_text_ends_equal(canon + run->at + size, topic->text + behind, size))
			return false;
	}
	return true;
}

/* Is @filter, met under a key of @shape, one of @tenant's that match @topic? */
static inline bool dp_filter_answers(const struct dp_filter *filter, uint32_t shape, uint16_t tenant,
	const struct rh_topic *topic, struct rh_filter *room)
{
	if (filter->shape != shape || filter->tenant != tenant)
		return false;
	return rh_likely(!filter->partial) ? dp_filter_fits_runs(filter, topic)
					   : dp_filter_fits_whole(filter, topic, room);
}

/* Key of @topic under @row, which fits its levels. False: a part of it is shorter than the shape
 * wants. */
bool dp_shape_topic_key(const struct dp_secret *secret, const struct dp_shape_row *row,
	const struct rh_topic *topic, const uint64_t *hash, uint64_t *key);
