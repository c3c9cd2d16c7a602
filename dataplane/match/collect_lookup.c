/*
 * From the filters that match an event's topic to those who get it, and its payload through the
 * tenant's patterns.
 */

#include "dataplane/match/match_priv.h"

static void next_serial(struct dp_match *match)
{
	if (++match->serial)
		return;
	/* Once in four billion events. */
	memset(match->stamp, 0, DP_LIMIT_SESSIONS * sizeof(*match->stamp));
	match->serial = 1;
}

/* First copy of the current event for @session? */
static inline bool first_for(struct dp_match *match, dp_session_id_t session)
{
	if (match->stamp[session] == match->serial)
		return false;
	match->stamp[session] = match->serial;
	return true;
}

static void member_exclude(struct dp_match *match, const struct dp_receiver *member)
{
	(void)first_for(match, dp_member_session(member));
}

static void member_take(struct dp_match *match, const struct dp_receiver *member)
{
	if (first_for(match, dp_member_session(member)))
		match->walk_to[match->walk_count++] = *member;
}

static void member_remember(struct dp_match *match, const struct dp_receiver *member)
{
	if (match->candidate_count == DP_CANDIDATES_MAX) {
		match->candidates_overflow = true;
		return;
	}
	match->candidate[match->candidate_count++] =
		(struct dp_candidate){*member, match->table->cond[member->sub]};
}

static const struct dp_patterns *patterns_of(const struct dp_match *match, uint16_t tenant)
{
	return tenant < match->snapshot->tenants ? match->snapshot->patterns[tenant] : NULL;
}

/* A pattern id that is younger than the database means nothing to it. */
static inline bool wanted(const struct dp_match *match, const struct dp_patterns *patterns,
	struct dp_slot_cond cond)
{
	return cond.epoch <= patterns->epoch && dp_matched_has(&match->matched, cond.pattern);
}

static void member_decide(struct dp_match *match, const struct dp_receiver *member)
{
	if (wanted(match, patterns_of(match, match->tenant), match->table->cond[member->sub]))
		member_take(match, member);
}

typedef void (*member_visit)(struct dp_match *match, const struct dp_receiver *member);

/* Everybody in @filter's set of @kind. */
static inline __attribute__((always_inline)) void members_each(struct dp_match *match,
	const struct dp_filter *filter, enum dp_set_kind kind, member_visit visit)
{
	const struct dp_set *set = dp_filter_set(filter, kind);
	uint32_t spans = dp_filter_spans(set), count;
	struct dp_receiver alone;

	for (uint32_t i = 0; i < spans; i++) {
		const struct dp_receiver *member = dp_filter_span(set, i, &count, &alone);

		for (uint32_t k = 0; k < count; k++)
			if (rh_likely(dp_member_session(&member[k]) != DP_SESSION_NONE))
				visit(match, &member[k]);
	}
}

static void filter_exclude(void *arg, const struct dp_filter *filter)
{
	members_each(arg, filter, DP_SET_EXCEPT, member_exclude);
}

static void filter_collect(void *arg, const struct dp_filter *filter)
{
	members_each(arg, filter, DP_SET_PLAIN, member_take);
	members_each(arg, filter, DP_SET_COND, member_remember);
}

static void filter_decide(void *arg, const struct dp_filter *filter)
{
	members_each(arg, filter, DP_SET_COND, member_decide);
}

static void filters_each(struct dp_match *match, uint32_t topic, dp_visit visit)
{
	const struct dp_search *search = match->search;
	const struct dp_search_answer *answer = &search->answer[topic];

	if (rh_unlikely(answer->crowded)) {
		dp_index_visit(search->index, search->tenant[topic], &search->cut[topic],
			visit, match);
		return;
	}
	for (uint32_t i = 0; i < answer->count; i++)
		visit(match, search->found[answer->first + i]);
}

/* Candidates of sessions that get a copy anyway, or want none, need no decision. */
static void thin_candidates(struct dp_match *match)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < match->candidate_count; i++)
		if (match->stamp[match->candidate[i].receiver.session] != match->serial)
			match->candidate[kept++] = match->candidate[i];
	match->candidate_count = kept;
}

void dp_match_collect(struct dp_match *match, uint32_t topic)
{
	const struct dp_set *alone = dp_match_alone(match, topic);

	match->walk_to = match->result + match->result_used;
	match->walk_count = 0;
	match->candidate_count = 0;
	match->candidates_overflow = false;
	if (rh_likely(alone != NULL)) {
		match->walk_to[match->walk_count++] = dp_alone_receiver(alone);
		return;
	}
	next_serial(match);
	filters_each(match, topic, filter_exclude);
	filters_each(match, topic, filter_collect);
	thin_candidates(match);
}

static void scan(
	struct dp_match *match, const struct dp_patterns *patterns, const struct dp_match_key *key)
{
	rh_add_relaxed(&match->counters.scans, 1);
	if (!dp_content_scan(
		    patterns, match->worker, key->payload, key->payload_len, &match->matched))
		rh_add_relaxed(&match->counters.scan_errors, 1);
}

uint32_t dp_match_decide(struct dp_match *match, const struct dp_match_key *key,
	const struct dp_candidate *candidate, uint32_t candidates, struct dp_receiver *to)
{
	const struct dp_patterns *patterns = patterns_of(match, key->tenant);
	uint32_t count = 0;

	if (!patterns)
		return 0;
	scan(match, patterns, key);
	next_serial(match);
	for (uint32_t i = 0; i < candidates && match->matched.count; i++)
		if (wanted(match, patterns, candidate[i].cond) &&
			first_for(match, candidate[i].receiver.session))
			to[count++] = candidate[i].receiver;
	dp_matched_clear(&match->matched);
	return count;
}

void dp_match_decide_again(struct dp_match *match, uint32_t topic, const struct dp_match_key *key)
{
	const struct dp_patterns *patterns = patterns_of(match, key->tenant);

	if (!patterns)
		return;
	scan(match, patterns, key);
	match->tenant = key->tenant;
	if (match->matched.count)
		filters_each(match, topic, filter_decide);
	dp_matched_clear(&match->matched);
}
