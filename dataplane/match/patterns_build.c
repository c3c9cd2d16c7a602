/*
 * Pattern databases. A change prepares a copy of the snapshot, with a copy of the tenant's list of
 * databases; publish stores it. Databases are shared between copies and not counted: the published snapshot and the
 * pending one are all there are, so one that publish replaces is freed by a callback, and one that never was
 * published at once.
 */

#include "dataplane/match/table_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void tier_free(struct dp_pattern_tier *tier)
{
	for (uint32_t i = 0; i < tier->scratches; i++)
		if (tier->scratch[i])
			(void)hs_free_scratch(tier->scratch[i]);
	if (tier->db)
		(void)hs_free_database(tier->db);
	free(tier);
}

static void tier_free_rcu(struct rh_rcu_head *head)
{
	tier_free(caa_container_of(head, struct dp_pattern_tier, head));
}

static void patterns_free_rcu(struct rh_rcu_head *head)
{
	free(caa_container_of(head, struct dp_patterns, head));
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

/* One scratch for each worker, the builder and the lane. */
static hs_error_t scratches_alloc(struct dp_pattern_tier *tier)
{
	hs_error_t hs = hs_alloc_scratch(tier->db, &tier->scratch[0]);

	for (uint32_t i = 1; hs == HS_SUCCESS && i < tier->scratches; i++)
		hs = hs_clone_scratch(tier->scratch[0], &tier->scratch[i]);
	return hs;
}

static int tier_create(const void *serialized, size_t len, uint32_t scratches,
	struct dp_pattern_tier **out, struct rh_error *err)
{
	struct dp_pattern_tier *tier =
		calloc(1, sizeof(*tier) + scratches * sizeof(tier->scratch[0]));
	size_t bytes = 0;
	hs_error_t hs;

	if (!tier)
		return refused(HS_NOMEM, err);
	tier->scratches = scratches;
	hs = hs_deserialize_database(serialized, len, &tier->db);
	if (hs == HS_SUCCESS)
		hs = scratches_alloc(tier);
	if (hs == HS_SUCCESS)
		hs = hs_database_size(tier->db, &bytes);
	if (hs != HS_SUCCESS) {
		tier_free(tier);
		return refused(hs, err);
	}
	tier->bytes = bytes;
	*out = tier;
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

static struct dp_pattern_tier *tier_of(const struct dp_patterns *patterns, uint32_t tier)
{
	return patterns ? patterns->tier[tier] : NULL;
}

/* @from with @fresh (NULL: nothing) in place of its @tier. */
static void patterns_fill(struct dp_patterns *out, const struct dp_patterns *from, uint32_t tier,
	struct dp_pattern_tier *fresh)
{
	for (uint32_t i = 0; i < DP_LIMIT_PATTERN_TIERS; i++) {
		out->tier[i] = i == tier ? fresh : tier_of(from, i);
		if (!out->tier[i])
			continue;
		out->used |= 1ull << i;
		if (out->tier[i]->max_pattern > out->max_pattern)
			out->max_pattern = out->tier[i]->max_pattern;
	}
}

static void replace(
	struct dp_table *table, uint16_t tenant, uint32_t tier, struct dp_patterns *patterns)
{
	struct dp_patterns *old = table->next->patterns[tenant];
	const struct dp_patterns *live = patterns_of(table->snapshot, tenant);
	struct dp_pattern_tier *gone = tier_of(old, tier);

	table->next->patterns[tenant] = patterns;
	rh_add_relaxed(&table->stats.patterns,
		(patterns ? patterns->max_pattern : 0) - (uint64_t)(old ? old->max_pattern : 0));
	if (gone && gone != tier_of(live, tier))
		tier_free(gone);
	if (old != live)
		free(old);
}

static int check_set(uint16_t tenant, uint32_t tier, uint32_t max_pattern, struct rh_error *err)
{
	if (tenant >= DP_LIMIT_TENANTS || max_pattern > DP_LIMIT_PATTERNS)
		return rh_error_set(err, EINVAL,
			"patterns: tenant %u with %u patterns: tenants run to %d, patterns to %d",
			tenant, max_pattern, DP_LIMIT_TENANTS - 1, DP_LIMIT_PATTERNS);
	if (tier >= DP_LIMIT_PATTERN_TIERS)
		return rh_error_set(err, EINVAL, "patterns: tier %u of tenant %u: tiers run to %d",
			tier, tenant, DP_LIMIT_PATTERN_TIERS - 1);
	return 0;
}

int dp_table_patterns_set(struct dp_table *table, uint16_t tenant, uint32_t tier,
	const void *serialized, size_t len, uint32_t max_pattern, struct rh_error *err)
{
	struct dp_pattern_tier *fresh = NULL;
	struct dp_patterns *patterns;
	int ret = check_set(tenant, tier, max_pattern, err);

	if (ret)
		return ret;
	if (prepare(table, tenant))
		return rh_error_set(err, ENOMEM, "patterns: no memory for a snapshot");
	if (len > 0) {
		ret = tier_create(serialized, len, DP_OWNERS(table), &fresh, err);
		if (ret)
			return ret;
		fresh->max_pattern = max_pattern;
	}
	patterns = calloc(1, sizeof(*patterns));
	if (!patterns) {
		if (fresh)
			tier_free(fresh);
		return refused(HS_NOMEM, err);
	}
	patterns_fill(patterns, dp_patterns_pending(table, tenant), tier, fresh);
	if (patterns->used) {
		patterns->epoch = ++table->epoch;
	} else {
		free(patterns);
		patterns = NULL;
	}
	replace(table, tenant, tier, patterns);
	return 0;
}

/* What @next has no more. */
static void patterns_retire(struct dp_patterns *old, const struct dp_patterns *next)
{
	for (uint32_t i = 0; i < DP_LIMIT_PATTERN_TIERS; i++)
		if (old->tier[i] && old->tier[i] != tier_of(next, i))
			rh_rcu_call(&old->tier[i]->head, tier_free_rcu);
	rh_rcu_call(&old->head, patterns_free_rcu);
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
			patterns_retire(old->patterns[i], next->patterns[i]);
	dp_memory_retire(&table->memory, old);
}

/* With the tiers that @kept lacks. */
static void patterns_free(struct dp_patterns *patterns, const struct dp_patterns *kept)
{
	for (uint32_t i = 0; i < DP_LIMIT_PATTERN_TIERS; i++)
		if (patterns->tier[i] && patterns->tier[i] != tier_of(kept, i))
			tier_free(patterns->tier[i]);
	free(patterns);
}

void dp_patterns_free_all(struct dp_table *table)
{
	const struct dp_snapshot *now = table->snapshot, *next = table->next;

	for (uint16_t i = 0; next && i < next->tenants; i++)
		if (next->patterns[i] && next->patterns[i] != patterns_of(now, i))
			patterns_free(next->patterns[i], patterns_of(now, i));
	for (uint16_t i = 0; now && i < now->tenants; i++)
		if (now->patterns[i])
			patterns_free(now->patterns[i], NULL);
	dp_memory_free(&table->memory, table->next);
	dp_memory_free(&table->memory, table->snapshot);
}

const char *dp_table_hs_version(void)
{
	return hs_version();
}

void dp_table_database_kind(char *out, size_t size)
{
	hs_platform_info_t cpu = {0};

	(void)hs_populate_platform(&cpu);
	(void)snprintf(out, size, "%s tune %u features %llx", hs_version(), cpu.tune, cpu.cpu_features);
}
