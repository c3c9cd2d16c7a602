/*
 * The same answer as a worker's, slowly and with reasons. Three rounds: exceptions, because one
 * takes all of its session's copies away; then unconditional subscriptions, because one of them is
 * enough for its session, whatever the payload says.
 */

#include "dataplane/frame/event.h"
#include "dataplane/match/cost.h"
#include "dataplane/match/cut.h"
#include "dataplane/match/judge.h"
#include "dataplane/match/table_priv.h"

#include <assert.h>
#include <errno.h>

enum round { ROUND_EXCEPT, ROUND_PLAIN, ROUND_COND };

static_assert((int)ROUND_COND == DP_SET_KINDS - 1, "a round for each kind of set");

enum decision { MISSES, UNKNOWN, HOLDS };

struct explain {
	struct dp_table *table;
	dp_explain_cb cb;
	void *arg;
	enum round round;
	struct dp_explain_cost cost;
	enum decision decision; /* about the condition gone through, or HOLDS */
	bool judged;		/* a condition was decided */
	uint32_t whole_matched; /* filters that were compared as a whole and match */
	uint32_t filter_cycles; /* of the filter gone through, until its first row has them */
};

static bool has_bit(const uint64_t *bits, dp_session_id_t session)
{
	return bits[session / 64] >> (session % 64) & 1;
}

static void set_bit(uint64_t *bits, dp_session_id_t session)
{
	bits[session / 64] |= 1ULL << (session % 64);
}

/* What the event's content says to @cond; NULL: nothing is asked of it. */
static enum decision decide(struct explain *x, const struct dp_cond *cond)
{
	struct dp_judge *judge = x->table->judge;
	bool holds;

	if (!cond)
		return HOLDS;
	x->judged = true;
	judge->undecided = false;
	holds = dp_judge_holds(judge, cond->expression);
	if (judge->undecided)
		return UNKNOWN;
	return holds ? HOLDS : MISSES;
}

static enum dp_explain_verdict verdict_of(const struct explain *x, const struct dp_slot *slot)
{
	if (slot->kind == DP_SET_EXCEPT)
		return DP_EXPLAIN_EXCEPTS;
	if (has_bit(x->table->excepted, slot->session))
		return DP_EXPLAIN_EXCEPTED;
	if (x->decision == MISSES)
		return DP_EXPLAIN_CONTENT_MISSED;
	if (has_bit(x->table->explained, slot->session))
		return DP_EXPLAIN_SAME_SESSION;
	return x->decision == UNKNOWN ? DP_EXPLAIN_CONTENT_UNKNOWN : DP_EXPLAIN_DELIVER;
}

/* Only content that may bring somebody a first copy is looked at. */
static bool is_asked(const struct explain *x, const struct dp_slot *slot)
{
	return slot->kind == DP_SET_COND && !has_bit(x->table->excepted, slot->session) &&
	       !has_bit(x->table->explained, slot->session);
}

/* Of @row alone. */
static uint32_t cost_of(struct explain *x, const struct dp_explain_row *row)
{
	uint32_t cycles = x->filter_cycles ? x->filter_cycles : DP_COST_MEMBER;

	x->filter_cycles = 0;
	if (row->verdict == DP_EXPLAIN_DELIVER)
		cycles += DP_COST_COPY;
	x->cost.copies += row->verdict == DP_EXPLAIN_DELIVER;
	x->cost.cycles += cycles;
	return cycles;
}

static void explain_member(void *arg, const struct dp_receiver *member)
{
	struct explain *x = arg;
	const struct dp_slot *slot = dp_slot_at(x->table, member->sub);
	struct dp_explain_row row = {.sub = member->sub,
		.session = member->session,
		.content = dp_slot_content_of(slot),
		.verdict = verdict_of(x, slot)};

	row.cost_cycles = cost_of(x, &row);
	if (is_asked(x, slot) && dp_expression_scans(dp_slot_cond_of(slot)->expression))
		x->cost.scans = 1;
	if (row.verdict == DP_EXPLAIN_DELIVER)
		set_bit(x->table->explained, row.session);
	if (row.verdict == DP_EXPLAIN_EXCEPTS)
		set_bit(x->table->excepted, row.session);
	x->cb(x->arg, &row);
}

static void explain_cond(struct explain *x, const struct dp_cond *cond)
{
	x->filter_cycles = (x->filter_cycles ? x->filter_cycles : DP_COST_MEMBER) + dp_expression_cycles(cond->expression);
	x->decision = decide(x, cond);
	dp_members_each(rh_rcu_deref(cond->set), explain_member, x);
}

static void explain_cond_member(void *arg, const struct dp_receiver *member)
{
	explain_cond(arg, dp_member_cond(member));
}

static const uint8_t kinds[] = {
	[ROUND_EXCEPT] = DP_SET_EXCEPT, [ROUND_PLAIN] = DP_SET_PLAIN, [ROUND_COND] = DP_SET_COND};

/* Reading @filter, in the first round in which somebody is in it. */
static uint32_t filter_cost(const struct explain *x, const struct dp_filter *filter)
{
	for (enum round round = ROUND_EXCEPT; round < x->round; round++)
		if (dp_filter_set(filter, kinds[round]))
			return 0;
	return DP_COST_FILTER + (filter->partial ? DP_COST_WHOLE : 0);
}

static void explain_filter(void *arg, const struct dp_filter *filter)
{
	struct explain *x = arg;
	const struct dp_set *set = dp_filter_set(filter, kinds[x->round]);

	x->filter_cycles = filter_cost(x, filter);
	x->cost.matched += x->round == ROUND_EXCEPT;
	x->whole_matched += x->round == ROUND_EXCEPT && filter->partial;
	if (x->round != ROUND_COND) {
		dp_members_each(set, explain_member, x);
		return;
	}
	dp_members_each(set, explain_cond_member, x);
	/* A worker finds some of them by keys; who asks here wants to know of all. */
	for (const struct dp_cond *cond = dp_filter_keyed(filter); cond; cond = cond->next)
		explain_cond(x, cond);
}

static void explain_topic(struct explain *x, uint16_t tenant, const struct dp_cut *cut)
{
	struct dp_visit_counts counts;

	memset(x->table->explained, 0, DP_LIMIT_SESSIONS / 8);
	memset(x->table->excepted, 0, DP_LIMIT_SESSIONS / 8);
	for (x->round = ROUND_EXCEPT; x->round <= ROUND_COND; x->round++)
		dp_index_visit_counting(
			&x->table->index, tenant, cut, explain_filter, x, &counts);
	x->cost.shapes = counts.probes;
	x->cost.compared = counts.compared;
	/* Those that match stand in their rows. */
	x->cost.cycles += DP_COST_TOPIC + counts.probes * DP_COST_PROBE + counts.parts * DP_COST_PART +
			  (counts.compared - x->cost.matched) * DP_COST_FILTER +
			  (counts.whole - x->whole_matched) * DP_COST_WHOLE +
			  x->cost.scans * DP_COST_SCAN + (x->judged ? DP_COST_JUDGE : 0);
}

static int check(const struct dp_explain_event *event, struct rh_error *err)
{
	if (event->payload_len > RH_PAYLOAD_MAX)
		return rh_error_set(err, EINVAL,
			"explain: payload has %zu bytes: an event carries at most %d", event->payload_len,
			RH_PAYLOAD_MAX);
	if (event->attributes_len > RH_ATTRIBUTES_MAX ||
		(event->attributes_len &&
			rh_attributes_check(event->attributes, event->attributes_len) != RH_FRAME_OK))
		return rh_error_set(err, EINVAL,
			"explain: the %zu bytes of attributes are malformed: no event has them", event->attributes_len);
	return 0;
}

static void judge_begin(struct dp_table *table, const struct dp_explain_event *event, const struct dp_match_key *key)
{
	dp_judge_begin(table->judge, key, dp_patterns_pending(table, event->tenant));
	table->judge->no_attributes = !event->attributes;
	table->judge->no_payload = !event->payload;
}

int dp_table_explain(struct dp_table *table, const struct dp_explain_event *event, dp_explain_cb cb, void *arg,
	struct dp_explain_cost *cost, struct rh_error *err)
{
	struct explain x = {.table = table, .cb = cb, .arg = arg, .decision = HOLDS};
	struct dp_match_key key = {.topic = event->topic,
		.topic_len = (uint16_t)event->topic_len,
		.payload = event->payload,
		.payload_len = (uint32_t)event->payload_len,
		.attributes = event->attributes,
		.attributes_len = (uint16_t)event->attributes_len,
		.tenant = event->tenant};
	struct rh_topic parsed;
	struct dp_cut cut;
	int ret = rh_topic_parse(event->topic, event->topic_len, &parsed, err);

	if (ret == 0)
		ret = check(event, err);
	if (ret)
		return ret;
	if (event->tenant < DP_LIMIT_TENANTS &&
		dp_cut_make(&cut, &table->index.secret, event->topic, event->topic_len)) {
		judge_begin(table, event, &key);
		explain_topic(&x, event->tenant, &cut);
	}
	*cost = x.cost;
	return 0;
}
