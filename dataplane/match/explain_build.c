/*
 * The same answer as a worker's, slowly and with reasons. Three rounds: exceptions, because one
 * takes all of its session's copies away; then unconditional subscriptions, because one of them is
 * enough for its session, whatever the payload says.
 */

#include "dataplane/frame/wire.h"
#include "dataplane/match/cost.h"
#include "dataplane/match/cut.h"
#include "dataplane/match/table_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum round { ROUND_EXCEPT, ROUND_PLAIN, ROUND_COND };

static_assert((int)ROUND_COND == DP_SET_KINDS - 1, "a round for each kind of set");

struct explain {
	struct dp_table *table;
	const struct dp_patterns *patterns;
	struct dp_matched *matched; /* NULL: no payload to decide by */
	dp_explain_cb cb;
	void *arg;
	enum round round;
	struct dp_explain_cost cost;
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

static enum dp_explain_verdict verdict_of(
	const struct explain *x, const struct dp_slot *slot, dp_pattern_id_t pattern)
{
	if (slot->kind == DP_SET_EXCEPT)
		return DP_EXPLAIN_EXCEPTS;
	if (has_bit(x->table->excepted, slot->session))
		return DP_EXPLAIN_EXCEPTED;
	if (pattern && x->matched && !dp_matched_has(x->matched, pattern))
		return DP_EXPLAIN_PATTERN_MISSED;
	if (has_bit(x->table->explained, slot->session))
		return DP_EXPLAIN_SAME_SESSION;
	if (pattern && !x->matched)
		return DP_EXPLAIN_PATTERN_UNKNOWN;
	return DP_EXPLAIN_DELIVER;
}

/* Only a payload that may bring somebody a first copy is looked at. */
static bool needs_scan(const struct explain *x, const struct dp_slot *slot)
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

static void explain_member(struct explain *x, const struct dp_receiver *member)
{
	const struct dp_slot *slot = dp_slot_at(x->table, member->sub);
	dp_pattern_id_t pattern = dp_slot_cond_of(x->table, slot).pattern;
	struct dp_explain_row row = {.sub = member->sub,
		.session = member->session,
		.pattern = pattern,
		.verdict = verdict_of(x, slot, pattern)};

	row.cost_cycles = cost_of(x, &row);
	if (needs_scan(x, slot))
		x->cost.scans = 1;
	if (row.verdict == DP_EXPLAIN_DELIVER)
		set_bit(x->table->explained, row.session);
	if (row.verdict == DP_EXPLAIN_EXCEPTS)
		set_bit(x->table->excepted, row.session);
	x->cb(x->arg, &row);
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
	struct dp_receiver alone;
	uint32_t count;

	x->filter_cycles = filter_cost(x, filter);
	x->cost.matched += x->round == ROUND_EXCEPT;
	x->whole_matched += x->round == ROUND_EXCEPT && filter->partial;
	for (uint32_t i = 0; i < dp_filter_spans(set); i++) {
		const struct dp_receiver *member = dp_filter_span(set, i, &count, &alone);

		for (uint32_t k = 0; k < count; k++)
			if (dp_member_session(&member[k]) != DP_SESSION_NONE)
				explain_member(x, &member[k]);
	}
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
			  x->cost.scans * DP_COST_SCAN;
}

int dp_table_explain(struct dp_table *table, uint16_t tenant, const char *topic, size_t topic_len,
	const void *payload, size_t payload_len, dp_explain_cb cb, void *arg,
	struct dp_explain_cost *cost, struct rh_error *err)
{
	struct explain x = {.table = table, .cb = cb, .arg = arg};
	struct rh_topic parsed;
	struct dp_cut cut;
	int ret = rh_topic_parse(topic, topic_len, &parsed, err);

	if (ret)
		return ret;
	if (payload_len > RH_PAYLOAD_MAX)
		return rh_error_set(err, EINVAL,
			"explain: payload has %zu bytes: an event carries at most %d", payload_len,
			RH_PAYLOAD_MAX);
	if (tenant >= DP_LIMIT_TENANTS || !dp_cut_make(&cut, &table->index.secret, topic, topic_len)) {
		*cost = x.cost;
		return 0;
	}
	x.patterns = dp_patterns_pending(table, tenant);
	if (payload) {
		x.matched = calloc(1, sizeof(*x.matched));
		if (!x.matched)
			return rh_error_set(err, ENOMEM, "explain: no memory");
	}
	if (payload && x.patterns)
		(void)dp_content_scan(x.patterns, table->conf.max_workers, payload,
			(uint32_t)payload_len, x.matched);
	explain_topic(&x, tenant, &cut);
	*cost = x.cost;
	free(x.matched);
	return 0;
}
