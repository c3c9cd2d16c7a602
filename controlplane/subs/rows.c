/* What the registry tells others of its subscriptions. */
#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/clock.h"

#include <errno.h>
#include <stdlib.h>

static bool row_fill(const struct cp_subs *subs, dp_sub_id_t sub, struct cp_sub_row *out)
{
	struct dp_sub_info info;
	const struct cp_content *content;

	if (!cp_records_has(&subs->records, sub) ||
		subs->ops->sub_info(subs->table, sub, &info) < 0)
		return false;
	content = cp_registry_content(subs, &info);
	*out = (struct cp_sub_row){
		.sub = sub,
		.slot = info.session,
		.tenant = info.tenant,
		.filter = info.filter,
		.filter_len = info.len,
		.except = info.except,
		.content = content ? cp_content_text(content) : NULL,
		.since_wall_ns =
			cp_record_since_ms(&subs->records.live[sub]) * RH_NS_PER_MS,
	};
	return true;
}

void cp_subs_each(
	const struct cp_subs *subs, bool (*cb)(void *arg, const struct cp_sub_row *row), void *arg)
{
	struct cp_sub_row row;

	for (dp_sub_id_t sub = 0; sub < DP_LIMIT_SUBSCRIPTIONS; sub++) {
		if (!subs->records.used[sub / CP_RECORDS_CHUNK])
			sub |= CP_RECORDS_CHUNK - 1;
		else if (row_fill(subs, sub, &row) && !cb(arg, &row))
			return;
	}
}

static int by_number(const void *a, const void *b)
{
	dp_sub_id_t left = *(const dp_sub_id_t *)a, right = *(const dp_sub_id_t *)b;

	return (left > right) - (left < right);
}

/* Those of @s that the builder has answered for, in order; how many. */
static uint32_t numbers_of(
	const struct cp_subs *subs, const struct cp_subs_session *s, dp_sub_id_t *out)
{
	uint32_t n = 0;

	for (uint32_t ref = s->first; ref; ref = cp_record_at(&subs->records, ref)->next)
		if (cp_ref_is_live(ref))
			out[n++] = cp_ref_sub(ref);
	qsort(out, n, sizeof(*out), by_number);
	return n;
}

int cp_subs_each_of(const struct cp_subs *subs, dp_session_id_t slot,
	bool (*cb)(void *arg, const struct cp_sub_row *row), void *arg)
{
	const struct cp_subs_session *s = slot < DP_LIMIT_SESSIONS ? subs->sessions[slot] : NULL;
	struct cp_sub_row row;
	dp_sub_id_t *numbers;
	uint32_t n;

	if (!s || !s->count)
		return 0;
	numbers = calloc(s->count, sizeof(*numbers));
	if (!numbers)
		return -ENOMEM;
	n = numbers_of(subs, s, numbers);
	for (uint32_t i = 0; i < n && row_fill(subs, numbers[i], &row) && cb(arg, &row); i++)
		;
	free(numbers);
	return 0;
}

int cp_subs_find(const struct cp_subs *subs, dp_sub_id_t sub, struct cp_sub_row *out)
{
	return row_fill(subs, sub, out) ? 0 : -ENOENT;
}

uint32_t cp_subs_session_count(const struct cp_subs *subs, dp_session_id_t slot)
{
	const struct cp_subs_session *s = slot < DP_LIMIT_SESSIONS ? subs->sessions[slot] : NULL;

	return s ? s->count : 0;
}

static bool patterns_fill(const struct cp_tenant *t, struct cp_tenant_patterns *out)
{
	*out = (struct cp_tenant_patterns){.tenant = t->id,
		.patterns = t->used,
		.worst_centicycles = cp_runs_cost(t, 0),
		.typical_centicycles = t->typical_centicycles,
		.most_centicycles = cp_tenant_scan_most(t),
		.dear = t->dear};
	for (uint32_t i = 0; i < CP_RUNS; i++)
		out->databases += t->runs[i].count != 0;
	return out->patterns || out->databases;
}

void cp_subs_patterns_each(
	const struct cp_subs *subs, void (*cb)(void *arg, const struct cp_tenant_patterns *row), void *arg)
{
	struct cp_tenant_patterns row;

	for (unsigned i = 0; i < DP_LIMIT_TENANTS; i++)
		if (subs->tenants[i] && patterns_fill(subs->tenants[i], &row))
			cb(arg, &row);
}
