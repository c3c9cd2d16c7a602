/*
 * The builder's side of a table: subscriptions come and go, publish makes them count. Order of
 * every update: index first, then the generation of its part of the topic space; so a worker that
 * read the new generation finds the new index (dp_match_burst reads them the other way round).
 */

#include "dataplane/match/table_priv.h"

#include <errno.h>
#include <stdlib.h>

static int check_conf(const struct dp_table_conf *conf, struct rh_error *err)
{
	if (conf->max_workers == 0 || conf->max_workers > DP_LIMIT_WORKERS)
		return rh_error_set(err, EINVAL, "table: max_workers %u: 1 to %d are allowed",
			conf->max_workers, DP_LIMIT_WORKERS);
	if (conf->cache_entries & (conf->cache_entries - 1))
		return rh_error_set(err, EINVAL,
			"table: cache_entries %u: a power of two is needed, or 0 for no cache",
			conf->cache_entries);
	return 0;
}

int dp_table_create(const struct dp_table_conf *conf, struct dp_table **out, struct rh_error *err)
{
	struct dp_table *table;
	int ret = check_conf(conf, err);

	if (ret)
		return ret;
	table = calloc(1, sizeof(*table));
	if (!table)
		return rh_error_set(err, ENOMEM, "table: no memory");
	dp_memory_init(&table->memory);
	table->conf = *conf;
	if (!table->conf.seed)
		table->conf.seed = rh_random_seed();
	table->gens = calloc(DP_GEN_COUNT, sizeof(*table->gens));
	table->explained = calloc(DP_LIMIT_SESSIONS / 64, sizeof(*table->explained));
	table->snapshot = dp_memory_alloc(&table->memory, sizeof(*table->snapshot));
	if (!table->gens || !table->explained || !table->snapshot) {
		dp_table_destroy(table);
		return rh_error_set(err, ENOMEM, "table: no memory");
	}
	*out = table;
	return 0;
}

void dp_table_destroy(struct dp_table *table)
{
	if (!table)
		return;
	dp_memory_flush(&table->memory);
	rh_rcu_barrier();
	for (uint32_t i = 0; i < DP_LIMIT_TENANTS; i++)
		if (table->tenant[i])
			dp_tenant_free(table, table->tenant[i]);
	for (uint32_t i = 0; i < DP_SLOTS_CHUNKS; i++)
		dp_memory_free(&table->memory, table->slots[i]);
	dp_patterns_free_all(table);
	dp_memory_fini(&table->memory);
	free(table->explained);
	free(table->gens);
	free(table);
}

/* The one part of the topic space whose results @filter can change. */
static uint32_t gen_of(const struct dp_tenant *tenant, uint16_t id, const struct rh_filter *filter)
{
	const struct rh_token *token = filter->token;
	uint64_t hash;

	if (token[0].kind != RH_TOKEN_LIT)
		return id;
	hash = dp_level_hash(filter->canon + token[0].start, token[0].size, tenant->root->hash);
	if (filter->tokens < 2 || token[1].kind != RH_TOKEN_LIT)
		return dp_gen_level1(hash);
	return dp_gen_level2(dp_level_hash(filter->canon + token[1].start, token[1].size, hash));
}

static void touch(struct dp_table *table, uint32_t gen)
{
	rh_store_release(&table->gens[gen], table->gens[gen] + 1);
	rh_add_relaxed(&table->stats.updates, 1);
}

static bool is_filter_used(const struct dp_node *node, uint8_t kind)
{
	return node->set[kind & ~1] || node->set[kind | 1];
}

/* The kind's set is about to gain its first, or has lost its last, member. */
static void count_set(struct dp_table *table, const struct dp_node *node, uint8_t kind, int step)
{
	if (node->set[kind])
		return;
	rh_add_relaxed(&table->stats.sets, (uint64_t)(int64_t)step);
	if (!is_filter_used(node, kind))
		rh_add_relaxed(&table->stats.filters, (uint64_t)(int64_t)step);
}

static int check_add(const struct dp_table *table, uint16_t tenant, dp_session_id_t session,
	dp_pattern_id_t pattern, struct rh_error *err)
{
	const struct dp_patterns *patterns;

	if (tenant >= DP_LIMIT_TENANTS)
		return rh_error_set(err, EINVAL, "subscription: tenant %u: ids run from 0 to %d",
			tenant, DP_LIMIT_TENANTS - 1);
	if (session >= DP_LIMIT_SESSIONS)
		return rh_error_set(err, EINVAL, "subscription: session %u: slots run from 0 to %d",
			session, DP_LIMIT_SESSIONS - 1);
	patterns = dp_patterns_pending(table, tenant);
	if (pattern && (!patterns || pattern > patterns->max_pattern))
		return rh_error_set(err, EINVAL,
			"subscription: pattern %u is not installed: set the tenant's patterns "
			"first",
			pattern);
	if (table->stats.subscriptions == DP_LIMIT_SUBSCRIPTIONS)
		return rh_error_set(err, ENOSPC,
			"subscription: all %d subscriptions are in use: remove some first",
			DP_LIMIT_SUBSCRIPTIONS);
	return 0;
}

/* What the trie has no edges for. */
static int check_filter(const struct rh_filter *filter, struct rh_error *err)
{
	uint8_t first = filter->tokens ? filter->token[0].kind : RH_TOKEN_ANY;
	bool served = !filter->verbatim_at && (first == RH_TOKEN_LIT || filter->hides_dollar);

	for (size_t i = 0; i < filter->tokens; i++)
		served = served && filter->token[i].kind != RH_TOKEN_PREFIX &&
			 filter->token[i].kind != RH_TOKEN_SUB &&
			 filter->token[i].kind != RH_TOKEN_ANY;
	if (served)
		return rh_filter_is_plain(filter, err);
	return rh_error_set(err, ENOTSUP,
		"subscription: this wildcard is not served yet: use a filter that dialect mqtt "
		"can express");
}

static uint8_t kind_of(const struct rh_filter *filter, dp_pattern_id_t pattern)
{
	uint8_t last = filter->token[filter->tokens - 1].kind;
	bool tail = last == RH_TOKEN_TAIL0 || last == RH_TOKEN_TAIL1;

	return (uint8_t)((tail ? DP_SET_TAIL : DP_SET_HERE) + (pattern ? 1 : 0));
}

static uint32_t next_tag(struct dp_table *table)
{
	if (++table->serial == 0)
		table->serial = 1;
	return table->serial;
}

/* Fill @slot and make it findable by storing the set. */
static int link_slot(struct dp_table *table, struct dp_slot *slot, dp_sub_id_t sub)
{
	struct dp_receiver member = {slot->session, sub, next_tag(table)};
	int ret;

	rh_store_release(&slot->tag, member.sub_tag);
	count_set(table, slot->node, slot->kind, 1);
	ret = dp_set_add(&table->memory, &slot->node->set[slot->kind], &member, &slot->pos);
	if (ret == 0)
		return 0;
	count_set(table, slot->node, slot->kind, -1);
	rh_store_release(&slot->tag, 0);
	return ret;
}

static int add(struct dp_table *table, uint16_t id, const struct rh_filter *filter,
	dp_session_id_t session, dp_pattern_id_t pattern, dp_sub_id_t *out)
{
	struct dp_tenant *tenant = table->tenant[id];
	struct dp_slot *slot;
	dp_sub_id_t sub;
	int ret = tenant ? 0 : dp_tenant_create(table, id, &tenant);

	if (ret == 0)
		ret = dp_slot_take(table, &sub);
	if (ret)
		return ret;
	slot = dp_slot_at(table, sub);
	ret = dp_trie_path(table, tenant, filter, &slot->node);
	if (ret)
		goto out_slot;
	slot->session = session;
	slot->pattern = pattern;
	slot->epoch = pattern ? dp_patterns_pending(table, id)->epoch : 0;
	slot->tenant = id;
	slot->kind = kind_of(filter, pattern);
	slot->gen = gen_of(tenant, id, filter);
	ret = link_slot(table, slot, sub);
	if (ret)
		goto out_path;
	touch(table, slot->gen);
	*out = sub;
	return 0;

out_path:
	dp_trie_prune(table, tenant, slot->node);
out_slot:
	dp_slot_return(table, sub);
	return ret;
}

int dp_table_sub_add(struct dp_table *table, uint16_t tenant, const struct rh_filter *filter,
	dp_session_id_t session, dp_pattern_id_t pattern, dp_sub_id_t *out, struct rh_error *err)
{
	int ret = check_filter(filter, err);

	if (ret == 0)
		ret = check_add(table, tenant, session, pattern, err);
	if (ret)
		return ret;
	ret = add(table, tenant, filter, session, pattern, out);
	if (ret == -ENOMEM)
		return rh_error_set(err, ENOMEM, "subscription: no memory for the topic index");
	if (ret)
		return rh_error_set(err, -ret,
			"subscription: every slot is in use or waits for its "
			"grace period: try again");
	rh_add_relaxed(&table->stats.subscriptions, 1);
	return 0;
}

int dp_table_sub_del(struct dp_table *table, dp_sub_id_t sub)
{
	struct dp_slot *slot = dp_slot_at(table, sub);
	struct dp_node *node;
	dp_sub_id_t moved;

	if (!slot || !slot->tag)
		return -ENOENT;
	node = slot->node;
	dp_set_del(&table->memory, &node->set[slot->kind], slot->pos, &moved);
	if (moved != DP_SUB_NONE)
		dp_slot_at(table, moved)->pos = slot->pos;
	count_set(table, node, slot->kind, -1);
	touch(table, slot->gen);
	dp_slot_retire(table, sub);
	dp_trie_prune(table, table->tenant[slot->tenant], node);
	rh_add_relaxed(&table->stats.subscriptions, (uint64_t)-1);
	return 0;
}

uint64_t dp_table_publish(struct dp_table *table)
{
	uint64_t generation = table->generation + 1;

	dp_patterns_publish(table);
	rh_add_relaxed(&table->stats.publishes, 1);
	/* Pairs with the load in dp_match_begin: who sees it sees the index, its generations and
	 * the snapshot. */
	rh_store_release(&table->generation, generation);
	dp_memory_flush(&table->memory);
	return generation;
}

uint64_t dp_table_generation(const struct dp_table *table)
{
	return rh_load_acquire(&table->generation);
}

void dp_table_stats(const struct dp_table *table, struct dp_table_stats *out)
{
	const struct dp_table_stats *from = &table->stats;

	*out = (struct dp_table_stats){
		.subscriptions = rh_load_relaxed(&from->subscriptions),
		.filters = rh_load_relaxed(&from->filters),
		.nodes = rh_load_relaxed(&from->nodes),
		.sets = rh_load_relaxed(&from->sets),
		.patterns = rh_load_relaxed(&from->patterns),
		.bytes = rh_load_relaxed(&table->memory.bytes),
		.updates = rh_load_relaxed(&from->updates),
		.publishes = rh_load_relaxed(&from->publishes),
	};
}
