/*
 * One event through the index, and its payload through the tenant's patterns.
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

static void remember(struct dp_match *match, const struct dp_receiver *member)
{
	const struct dp_slot *slot = dp_slot_at(match->table, member->sub);

	if (match->candidate_count == DP_CANDIDATES_MAX) {
		match->candidates_overflow = true;
		return;
	}
	if (slot)
		match->candidate[match->candidate_count++] =
			(struct dp_candidate){*member, slot->pattern, slot->epoch};
}

static void collect_span(
	struct dp_match *match, const struct dp_receiver *member, uint32_t count, bool conditional)
{
	for (uint32_t i = 0; i < count; i++) {
		dp_session_id_t session = dp_member_session(&member[i]);

		if (rh_unlikely(session == DP_SESSION_NONE))
			continue;
		if (conditional)
			remember(match, &member[i]);
		else if (first_for(match, session))
			match->walk_to[match->walk_count++] = member[i];
	}
}

/* Unconditional receivers at once, one a session; conditional ones to be decided. */
static void collect(void *arg, const struct dp_set *set, bool conditional)
{
	uint32_t spans = dp_set_spans(set), count;

	for (uint32_t i = 0; i < spans; i++) {
		const struct dp_receiver *member = dp_set_span(set, i, &count);

		collect_span(arg, member, count, conditional);
	}
}

/* Candidates of sessions that get a copy anyway need no decision. */
static void thin_candidates(struct dp_match *match)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < match->candidate_count; i++)
		if (match->stamp[match->candidate[i].receiver.session] != match->serial)
			match->candidate[kept++] = match->candidate[i];
	match->candidate_count = kept;
}

static const struct dp_patterns *patterns_of(const struct dp_match *match, uint16_t tenant)
{
	return tenant < match->snapshot->tenants ? match->snapshot->patterns[tenant] : NULL;
}

static void scan(
	struct dp_match *match, const struct dp_patterns *patterns, const struct dp_match_key *key)
{
	rh_add_relaxed(&match->counters.scans, 1);
	if (!dp_content_scan(
		    patterns, match->worker, key->payload, key->payload_len, &match->matched))
		rh_add_relaxed(&match->counters.scan_errors, 1);
}

/* A pattern id that is younger than the database means nothing to it. */
static inline bool wanted(const struct dp_match *match, const struct dp_patterns *patterns,
	dp_pattern_id_t pattern, uint32_t epoch)
{
	return epoch <= patterns->epoch && dp_matched_has(&match->matched, pattern);
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
		if (wanted(match, patterns, candidate[i].pattern, candidate[i].epoch) &&
			first_for(match, candidate[i].receiver.session))
			to[count++] = candidate[i].receiver;
	dp_matched_clear(&match->matched);
	return count;
}

static void decide_set(void *arg, const struct dp_set *set, bool conditional)
{
	struct dp_match *match = arg;
	const struct dp_patterns *patterns = patterns_of(match, match->topic_tenant);
	uint32_t spans = conditional ? dp_set_spans(set) : 0, count;

	for (uint32_t i = 0; i < spans; i++) {
		const struct dp_receiver *member = dp_set_span(set, i, &count);

		for (uint32_t k = 0; k < count; k++) {
			const struct dp_slot *slot = dp_slot_at(match->table, member[k].sub);
			dp_session_id_t session = dp_member_session(&member[k]);

			if (slot && session != DP_SESSION_NONE &&
				wanted(match, patterns, slot->pattern, slot->epoch) &&
				first_for(match, session))
				match->walk_to[match->walk_count++] = member[k];
		}
	}
}

void dp_match_decide_by_walk(
	struct dp_match *match, const struct dp_tenant *tenant, const struct dp_match_key *key)
{
	const struct dp_patterns *patterns = patterns_of(match, key->tenant);

	if (!patterns)
		return;
	scan(match, patterns, key);
	match->topic_tenant = key->tenant;
	if (match->matched.count)
		dp_index_walk(tenant, &match->topic, decide_set, match);
	dp_matched_clear(&match->matched);
}

void dp_match_walk(struct dp_match *match, const struct dp_tenant *tenant)
{
	next_serial(match);
	match->walk_to = match->result + match->result_used;
	match->walk_count = 0;
	match->candidate_count = 0;
	match->candidates_overflow = false;
	if (!tenant)
		return;
	dp_index_walk(tenant, &match->topic, collect, match);
	thin_candidates(match);
}
