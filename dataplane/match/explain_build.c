/*
 * The same answer as a worker's, slowly and with reasons. Three rounds: exceptions, because one
 * takes all of its session's copies away; then unconditional subscriptions, because one of them is
 * enough for its session, whatever the payload says.
 */

#include "dataplane/frame/wire.h"
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
};

static bool has_bit(const uint64_t *bits, dp_session_id_t session)
{
	return bits[session / 64] >> (session % 64) & 1;
}

static void set_bit(uint64_t *bits, dp_session_id_t session)
{
	bits[session / 64] |= 1ULL << (session % 64);
}

static enum dp_explain_verdict verdict_of(const struct explain *x, const struct dp_slot *slot)
{
	if (slot->kind == DP_SET_EXCEPT)
		return DP_EXPLAIN_EXCEPTS;
	if (has_bit(x->table->excepted, slot->session))
		return DP_EXPLAIN_EXCEPTED;
	if (slot->pattern && x->matched && !dp_matched_has(x->matched, slot->pattern))
		return DP_EXPLAIN_PATTERN_MISSED;
	if (has_bit(x->table->explained, slot->session))
		return DP_EXPLAIN_SAME_SESSION;
	if (slot->pattern && !x->matched)
		return DP_EXPLAIN_PATTERN_UNKNOWN;
	return DP_EXPLAIN_DELIVER;
}

static void explain_member(struct explain *x, const struct dp_receiver *member)
{
	const struct dp_slot *slot = dp_slot_at(x->table, member->sub);
	struct dp_explain_row row = {
		member->sub, member->session, slot->pattern, verdict_of(x, slot)};

	if (row.verdict == DP_EXPLAIN_DELIVER)
		set_bit(x->table->explained, row.session);
	if (row.verdict == DP_EXPLAIN_EXCEPTS)
		set_bit(x->table->excepted, row.session);
	x->cb(x->arg, &row);
}

static void explain_filter(void *arg, const struct dp_filter *filter)
{
	static const uint8_t kinds[] = {
		[ROUND_EXCEPT] = DP_SET_EXCEPT, [ROUND_PLAIN] = DP_SET_PLAIN, [ROUND_COND] = DP_SET_COND};
	struct explain *x = arg;
	const struct dp_set *set = filter->set[kinds[x->round]];
	uint32_t count;

	for (uint32_t i = 0; i < dp_filter_spans(set); i++) {
		const struct dp_receiver *member = dp_filter_span(filter, set, i, &count);

		for (uint32_t k = 0; k < count; k++)
			if (dp_member_session(&member[k]) != DP_SESSION_NONE)
				explain_member(x, &member[k]);
	}
}

static void explain_topic(struct explain *x, uint16_t tenant, const struct rh_topic *topic)
{
	memset(x->table->explained, 0, DP_LIMIT_SESSIONS / 8);
	memset(x->table->excepted, 0, DP_LIMIT_SESSIONS / 8);
	for (x->round = ROUND_EXCEPT; x->round <= ROUND_COND; x->round++)
		dp_index_visit(&x->table->index, tenant, topic, explain_filter, x);
}

int dp_table_explain(struct dp_table *table, uint16_t tenant, const char *topic, size_t topic_len,
	const void *payload, size_t payload_len, dp_explain_cb cb, void *arg, struct rh_error *err)
{
	struct explain x = {.table = table, .cb = cb, .arg = arg};
	struct rh_topic parsed;
	int ret = rh_topic_parse(topic, topic_len, &parsed, err);

	if (ret)
		return ret;
	if (payload_len > RH_PAYLOAD_MAX)
		return rh_error_set(err, EINVAL,
			"explain: payload has %zu bytes: an event carries at most %d", payload_len,
			RH_PAYLOAD_MAX);
	if (tenant >= DP_LIMIT_TENANTS)
		return 0;
	x.patterns = dp_patterns_pending(table, tenant);
	if (payload) {
		x.matched = calloc(1, sizeof(*x.matched));
		if (!x.matched)
			return rh_error_set(err, ENOMEM, "explain: no memory");
	}
	if (payload && x.patterns)
		(void)dp_content_scan(x.patterns, table->conf.max_workers, payload,
			(uint32_t)payload_len, x.matched);
	explain_topic(&x, tenant, &parsed);
	free(x.matched);
	return 0;
}
