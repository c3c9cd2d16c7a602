/*
 * Pattern databases. A change prepares a copy of the snapshot; publish stores it. A database that
 * was never published is freed at once, one that workers may be scanning with by a callback.
 */

#include "dataplane/match/table_priv.h"

#include <errno.h>
#include <stdlib.h>

static void patterns_free(struct dp_patterns *patterns)
{
	for (uint32_t i = 0; i < patterns->scratches; i++)
		if (patterns->scratch[i])
			(void)hs_free_scratch(patterns->scratch[i]);
	if (patterns->db)
		(void)hs_free_database(patterns->db);
	free(patterns);
}

static void patterns_free_rcu(struct rh_rcu_head *head)
{
	patterns_free(caa_container_of(head, struct dp_patterns, head));
}

static int refused(hs_error_t hs, struct rh_error *err)
{
	if (hs == HS_NOMEM)
		return rh_error_set(err, ENOMEM, "patterns: no memory for database or scratch");
	return rh_error_set(err, EINVAL,
		"patterns: Hyperscan %s refuses the database (error %d): compile it with the same "
		"version on this machine",
		hs_version(), hs);
}

/* One scratch for each worker and one for the builder. */
static hs_error_t scratches_alloc(struct dp_patterns *patterns)
{
	hs_error_t hs = hs_alloc_scratch(patterns->db, &patterns->scratch[0]);

	for (uint32_t i = 1; hs == HS_SUCCESS && i < patterns->scratches; i++)
		hs = hs_clone_scratch(patterns->scratch[0], &patterns->scratch[i]);
	return hs;
}

static int patterns_create(const void *serialized, size_t len, uint32_t scratches,
	struct dp_patterns **out, struct rh_error *err)
{
	struct dp_patterns *patterns =
		calloc(1, sizeof(*patterns) + scratches * sizeof(patterns->scratch[0]));
	size_t bytes = 0;
	hs_error_t hs;

	if (!patterns)
		return refused(HS_NOMEM, err);
	patterns->scratches = scratches;
	hs = hs_deserialize_database(serialized, len, &patterns->db);
	if (hs == HS_SUCCESS)
		hs = scratches_alloc(patterns);
	if (hs == HS_SUCCESS)
		hs = hs_database_size(patterns->db, &bytes);
	if (hs != HS_SUCCESS) {
		patterns_free(patterns);
		return refused(hs, err);
	}
	patterns->bytes = bytes;
	*out = patterns;
	return 0;
}

static const struct dp_snapshot *pending(const struct dp_table *table)
{
	return table->next ? table->next : table->snapshot;
}

static struct dp_patterns *patterns_of(const struct dp_snapshot *snapshot, uint16_t tenant)
{
	return tenant < snapshot->tenants ? snapshot->patterns[tenant] : NULL;
}

struct dp_patterns *dp_patterns_pending(const struct dp_table *table, uint16_t tenant)
{
	return patterns_of(pending(table), tenant);
}

/* A snapshot that may be changed, with room for @tenant. */
static int prepare(struct dp_table *table, uint16_t tenant)
{
	const struct dp_snapshot *from = pending(table);
	uint32_t tenants = from->tenants > tenant ? from->tenants : tenant + 1u;
	struct dp_snapshot *next;

	if (table->next && from->tenants == tenants)
		return 0;
	next = dp_memory_alloc(&table->memory, sizeof(*next) + tenants * sizeof(next->patterns[0]));
	if (!next)
		return -ENOMEM;
	next->tenants = tenants;
	memcpy(next->patterns, from->patterns, from->tenants * sizeof(next->patterns[0]));
	dp_memory_free(&table->memory, table->next);
	table->next = next;
	return 0;
}

static void replace(struct dp_table *table, uint16_t tenant, struct dp_patterns *patterns)
{
	struct dp_patterns *old = table->next->patterns[tenant];

	table->next->patterns[tenant] = patterns;
	rh_add_relaxed(&table->stats.patterns,
		(patterns ? patterns->max_pattern : 0) - (uint64_t)(old ? old->max_pattern : 0));
	if (old && old != patterns_of(table->snapshot, tenant))
		patterns_free(old);
}

int dp_table_patterns_set(struct dp_table *table, uint16_t tenant, const void *serialized,
	size_t len, uint32_t max_pattern, struct rh_error *err)
{
	struct dp_patterns *patterns = NULL;
	int ret;

	if (tenant >= DP_LIMIT_TENANTS || max_pattern > DP_LIMIT_PATTERNS)
		return rh_error_set(err, EINVAL,
			"patterns: tenant %u with %u patterns: tenants run to %d, patterns to %d",
			tenant, max_pattern, DP_LIMIT_TENANTS - 1, DP_LIMIT_PATTERNS);
	if (prepare(table, tenant))
		return rh_error_set(err, ENOMEM, "patterns: no memory for a snapshot");
	if (len > 0) {
		ret = patterns_create(serialized, len, table->conf.max_workers + 1, &patterns, err);
		if (ret)
			return ret;
		patterns->max_pattern = max_pattern;
		patterns->epoch = ++table->epoch;
	}
	replace(table, tenant, patterns);
	return 0;
}

void dp_patterns_publish(struct dp_table *table)
{
	struct dp_snapshot *old = table->snapshot, *next = table->next;

	if (!next)
		return;
	rh_rcu_assign(table->snapshot, next);
	table->next = NULL;
	for (uint32_t i = 0; i < old->tenants; i++)
		if (old->patterns[i] && old->patterns[i] != next->patterns[i])
			rh_rcu_call(&old->patterns[i]->head, patterns_free_rcu);
	dp_memory_retire(&table->memory, old);
}

void dp_patterns_free_all(struct dp_table *table)
{
	const struct dp_snapshot *now = table->snapshot, *next = table->next;

	for (uint16_t i = 0; now && i < now->tenants; i++)
		if (now->patterns[i])
			patterns_free(now->patterns[i]);
	for (uint16_t i = 0; next && i < next->tenants; i++)
		if (next->patterns[i] && next->patterns[i] != patterns_of(now, i))
			patterns_free(next->patterns[i]);
	dp_memory_free(&table->memory, table->next);
	dp_memory_free(&table->memory, table->snapshot);
}

const char *dp_table_hs_version(void)
{
	return hs_version();
}
