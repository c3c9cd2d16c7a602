/*
 * From the filters that match an event's topic to those who get it, and its payload through the
 * tenant's patterns.
 */

#include "dataplane/match/match_priv.h"

static void next_serial(struct dp_match *match)
{
	if (++match->serial)
		return;
	/* Once in 65,535 events. */
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

static void member_exclude(void *arg, const struct dp_receiver *member)
{
	struct dp_match *match = arg;

	if (!first_for(match, dp_member_session(member)))
		return;
	if (match->excluded_count == DP_CANDIDATES_MAX)
		match->candidates_overflow = true;
	else
		match->excluded[match->excluded_count++] = dp_member_session(member);
}

static void member_take(void *arg, const struct dp_receiver *member)
{
	struct dp_match *match = arg;

	if (first_for(match, dp_member_session(member)))
		match->walk_to[match->walk_count++] = *member;
}

static void cond_remember(void *arg, const struct dp_receiver *member)
{
	struct dp_match *match = arg;

	if (match->candidate_count == DP_CANDIDATES_MAX)
		match->candidates_overflow = true;
	else
		match->candidate[match->candidate_count++] = dp_member_cond(member);
}

/* One with conditions that are found by keys. */
static void keyed_remember(struct dp_match *match, const struct dp_filter *filter)
{
	if (match->keyed_count == DP_CANDIDATES_MAX)
		match->candidates_overflow = true;
	else
		match->keyed[match->keyed_count++] = filter;
}

static void filter_exclude(void *arg, const struct dp_filter *filter)
{
	dp_members_each(dp_filter_set(filter, DP_SET_EXCEPT), member_exclude, arg);
}

static void filter_collect(void *arg, const struct dp_filter *filter)
{
	dp_members_each(dp_filter_set(filter, DP_SET_PLAIN), member_take, arg);
	dp_members_each(dp_filter_set(filter, DP_SET_COND), cond_remember, arg);
	/* After the set: a condition is in the lists before it leaves that. */
	if (rh_unlikely(dp_filter_keyed_by(filter)))
		keyed_remember(arg, filter);
}

/* Its subscribers, if its expression holds. */
static void cond_decide(void *arg, const struct dp_cond *cond)
{
	struct dp_match *match = arg;

	if (dp_judge_holds(match->judge, cond->expression))
		dp_members_each(rh_rcu_deref(cond->set), member_take, match);
}

static void member_decide(void *arg, const struct dp_receiver *member)
{
	cond_decide(arg, dp_member_cond(member));
}

/* Of so many steps, and so many lines of each. */
#define PREDICATES_AHEAD 3
#define PREDICATE_LINES	 3

static void predicates_prefetch(const struct dp_expression *expression)
{
	for (uint32_t i = 0; i < expression->steps && i < PREDICATES_AHEAD; i++) {
		const char *predicate = (const char *)DP_STEP_PREDICATE(expression->step[i]);

		/* Other steps have small numbers there: asking for them does no harm. */
		for (uint32_t line = 0; line < PREDICATE_LINES; line++)
			rh_prefetch(predicate + line * RH_CACHE_LINE);
	}
}

/* What the tests of its operands say of @expression: 0 that it does not hold, 1 that it does, -1 that it has to be asked. */
static int tests_say(const struct dp_facts *facts, const struct dp_expression *expression)
{
	const struct dp_operand *operand = dp_expression_operands(expression);
	bool whole = expression->operands != 0;

	for (uint32_t i = 0; i < expression->operands; i++) {
		if (!dp_facts_pass(facts, operand[i].test))
			return 0;
		whole &= operand[i].whole;
	}
	return whole ? 1 : -1;
}

/*
 * @conds of @cond, whose expressions were asked for: by tests first, if what they say is @sure. Those that have to be evaluated are, when all their
 * lines were asked for.
 */
static void tested_decide(struct dp_match *match, const struct dp_cond **cond, uint32_t conds, bool sure)
{
	const struct dp_facts *facts = dp_judge_facts(match->judge);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < conds; i++) {
		int says = tests_say(facts, cond[i]->expression);

		if (says > 0 && sure)
			dp_members_each(rh_rcu_deref(cond[i]->set), member_take, match);
		else if (says)
			cond[kept++] = cond[i];
	}
	for (uint32_t i = 0; i < kept; i++)
		predicates_prefetch(cond[i]->expression);
	for (uint32_t i = 0; i < kept; i++)
		cond_decide(match, cond[i]);
}

/* Those of @target that are conditions: the sure ones' subscribers are taken, the others are asked. */
static void conds_decide(struct dp_match *match, const uint64_t *target, uint32_t count)
{
	const struct dp_cond *cond[DP_ACCESS_ROOM];
	uint32_t conds = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct dp_cond *one = (const struct dp_cond *)(uintptr_t)(target[i] & ~DP_RECORD_SURE);

		if (target[i] & DP_SET_ALONE)
			continue;
		if (target[i] & DP_RECORD_SURE) {
			dp_members_each(rh_rcu_deref(one->set), member_take, match);
			continue;
		}
		rh_prefetch(one->expression);
		cond[conds++] = one;
	}
	tested_decide(match, cond, conds, true);
}

/* All of @target, whatever their tests have said: of a subscriber too, whose subscription knows its condition. */
static __attribute__((noinline)) void unsure_decide(struct dp_match *match, const uint64_t *target, uint32_t count)
{
	const struct dp_cond *cond[DP_ACCESS_ROOM];

	for (uint32_t i = 0; i < count; i++) {
		const struct dp_set *alone = (const struct dp_set *)(uintptr_t)target[i];

		cond[i] = dp_set_is_alone(alone) ? dp_slot_cond_of(dp_slot_at(match->table, dp_alone_receiver(alone).sub))
						 : (const struct dp_cond *)(uintptr_t)(target[i] & ~DP_RECORD_SURE);
	}
	tested_decide(match, cond, count, false);
}

/* As member_take, all in registers, for one that stands alone in @set; how many there are behind it. */
static inline uint32_t alone_take(
	struct dp_receiver *to, uint16_t *stamp, uint16_t serial, uint32_t taken, const struct dp_set *set)
{
	struct dp_receiver member = dp_alone_receiver(set);

	to[taken] = member;
	taken += stamp[member.session] != serial;
	stamp[member.session] = serial;
	return taken;
}

/* What is a subscriber of @target: each session once. Returns how many are conditions. */
static uint32_t targets_take(struct dp_match *match, const uint64_t *target, uint32_t count)
{
	struct dp_receiver *to = match->walk_to;
	uint16_t *stamp = match->stamp, serial = match->serial;
	uint32_t taken = match->walk_count, conds = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct dp_set *set = (const struct dp_set *)(uintptr_t)target[i];

		if (rh_likely(dp_set_is_alone(set)))
			taken = alone_take(to, stamp, serial, taken, set);
		else
			conds++;
	}
	match->walk_count = taken;
	return conds;
}

/* What records of keys that the event has point to (record.h). */
static void targets_decide(void *arg, const uint64_t *target, uint32_t count, bool sure)
{
	struct dp_match *match = arg;

	if (rh_unlikely(!sure)) {
		unsure_decide(match, target, count);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct dp_set *set = (const struct dp_set *)(uintptr_t)target[i];

		rh_prefetch(dp_set_is_alone(set) ? (const void *)&match->stamp[dp_alone_receiver(set).session]
						 : (const void *)(uintptr_t)(target[i] & ~DP_RECORD_SURE));
	}
	if (targets_take(match, target, count))
		conds_decide(match, target, count);
}

static void keyed_decide(struct dp_match *match, const struct dp_filter *filter)
{
	if (dp_filter_keyed_by(filter))
		dp_access_each(&match->table->contents, &match->batch, filter, match->judge, targets_decide, match);
}

static void filter_decide(void *arg, const struct dp_filter *filter)
{
	dp_members_each(dp_filter_set(filter, DP_SET_COND), member_decide, arg);
	keyed_decide(arg, filter);
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

static bool is_idle(const struct dp_match *match, const struct dp_cond *cond)
{
	const struct dp_set *set = rh_rcu_deref(cond->set);
	uint32_t spans = dp_filter_spans(set), count;
	struct dp_receiver alone;

	for (uint32_t i = 0; i < spans; i++) {
		const struct dp_receiver *member = dp_filter_span(set, i, &count, &alone);

		for (uint32_t k = 0; k < count; k++) {
			dp_session_id_t session = dp_member_session(&member[k]);

			if (session != DP_SESSION_NONE && match->stamp[session] != match->serial)
				return false;
		}
	}
	return true;
}

/* Conditions of sessions that get a copy anyway, or want none, need no decision. */
static void thin_candidates(struct dp_match *match)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < match->candidate_count; i++)
		if (!is_idle(match, match->candidate[i]))
			match->candidate[kept++] = match->candidate[i];
	match->candidate_count = kept;
}

/*
 * All that the search found for @topic, if each of these filters has one subscriber and no more: no exception and no condition is among them. False: not
 * so, nobody is taken, and some sessions are stamped.
 */
static bool alone_collect(struct dp_match *match, uint32_t topic)
{
	const struct dp_search_answer *answer = &match->search->answer[topic];
	const struct dp_filter *const *found = &match->search->found[answer->first], *const *end = found + answer->count;
	struct dp_receiver *to = match->walk_to;
	uint16_t *stamp = match->stamp, serial = match->serial;
	uint32_t taken = 0;

	if (rh_unlikely(answer->crowded))
		return false;
	for (; found < end; found++) {
		const struct dp_set *set = rh_rcu_deref((*found)->set);

		if (rh_unlikely(!dp_set_is_alone(set)))
			return false;
		taken = alone_take(to, stamp, serial, taken, set);
	}
	match->walk_count = taken;
	return true;
}

void dp_match_collect(struct dp_match *match, uint32_t topic)
{
	const struct dp_set *alone = dp_match_alone(match, topic);

	match->walk_to = match->result + match->result_used;
	match->walk_count = 0;
	match->candidate_count = 0;
	match->keyed_count = 0;
	match->excluded_count = 0;
	match->candidates_overflow = false;
	if (rh_likely(alone != NULL)) {
		match->walk_to[match->walk_count++] = dp_alone_receiver(alone);
		return;
	}
	next_serial(match);
	if (alone_collect(match, topic))
		return;
	next_serial(match);
	filters_each(match, topic, filter_exclude);
	filters_each(match, topic, filter_collect);
	thin_candidates(match);
}

static void judge_begin(struct dp_match *match, const struct dp_match_key *key)
{
	dp_judge_begin(match->judge, key, dp_match_patterns(match, key->tenant));
}

/* Add to walk_to who subscribed with those that hold, each session once. Stamps say who has a copy, or wants none. */
static void decide(struct dp_match *match, const struct dp_asked *asked)
{
	for (uint32_t i = 0; i < asked->conds; i++)
		cond_decide(match, asked->cond[i]);
	for (uint32_t i = 0; i < asked->keyed_filters; i++)
		keyed_decide(match, asked->keyed[i]);
}

void dp_match_decide(struct dp_match *match, const struct dp_match_key *key)
{
	const struct dp_asked asked = {match->candidate_count, match->keyed_count, match->candidate, match->keyed};

	judge_begin(match, key);
	decide(match, &asked);
}

void dp_match_decide_again(struct dp_match *match, uint32_t topic, const struct dp_match_key *key)
{
	judge_begin(match, key);
	filters_each(match, topic, filter_decide);
}

void dp_match_decide_cached(
	struct dp_match *match, uint32_t event, const struct dp_match_key *key, const struct dp_entry *entry)
{
	const struct dp_pending *pending = dp_entry_pending(&match->cache, entry);
	const struct dp_asked asked = dp_pending_asked(pending);
	const dp_session_id_t *excluded = dp_pending_excluded(pending);
	const struct dp_receiver *receivers = dp_entry_receivers(&match->cache, entry);

	match->walk_to = match->result + match->result_used;
	match->walk_count = 0;
	next_serial(match);
	for (uint32_t i = 0; i < pending->excluded; i++)
		(void)first_for(match, excluded[i]);
	for (uint32_t i = 0; i < entry->count; i++)
		member_take(match, &receivers[i]);
	judge_begin(match, key);
	dp_judge_take_ahead(match->judge, &match->ahead, event);
	decide(match, &asked);
}
