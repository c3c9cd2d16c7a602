/*
 * The same walk as a worker's, slowly and with reasons. Two rounds: unconditional subscriptions
 * first, because one of them is enough for its session, whatever the payload says.
 */

#include "dataplane/frame/wire.h"
#include "dataplane/match/table_priv.h"

#include <errno.h>
#include <stdlib.h>

struct explain {
	struct dp_table *table;
	const struct dp_patterns *patterns;
	struct dp_matched *matched; /* NULL: no payload to decide by */
	dp_explain_cb cb;
	void *arg;
	bool conditional; /* this round's subscriptions */
};

static bool had_copy(const struct explain *x, dp_session_id_t session)
{
	return x->table->explained[session / 64] >> (session % 64) & 1;
}

static enum dp_explain_verdict verdict_of(const struct explain *x, const struct dp_slot *slot)
{
	if (slot->pattern && x->matched && !dp_matched_has(x->matched, slot->pattern))
		return DP_EXPLAIN_PATTERN_MISSED;
	if (had_copy(x, slot->session))
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
		x->table->explained[row.session / 64] |= 1ULL << (row.session % 64);
	x->cb(x->arg, &row);
}

static void explain_set(void *arg, const struct dp_set *set, bool conditional)
{
	struct explain *x = arg;
	uint32_t count;

	if (conditional != x->conditional)
		return;
	for (uint32_t i = 0; i < dp_set_spans(set); i++) {
		const struct dp_receiver *member = dp_set_span(set, i, &count);

		for (uint32_t k = 0; k < count; k++)
			if (dp_member_session(&member[k]) != DP_SESSION_NONE)
				explain_member(x, &member[k]);
	}
}

static void explain_walk(struct explain *x, uint16_t tenant, const struct rh_topic *topic)
{
	memset(x->table->explained, 0, DP_LIMIT_SESSIONS / 8);
	for (unsigned round = 0; round < 2; round++) {
		x->conditional = round == 1;
		dp_index_walk(x->table->tenant[tenant], topic, explain_set, x);
	}
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
	if (tenant >= DP_LIMIT_TENANTS || !table->tenant[tenant])
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
	explain_walk(&x, tenant, &parsed);
	free(x.matched);
	return 0;
}
