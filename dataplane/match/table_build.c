/*
 * The builder's side of a table: subscriptions come and go, publish makes them count. Order of
 * every update: index first, then the stamps of its part of the topic space, then the number of changes; so a
 * worker that read the new number finds the new index (dp_match_events reads them the other way
 * round).
 */

#include "dataplane/match/judge.h"
#include "dataplane/match/samples.h"
#include "dataplane/match/table_priv.h"

#include <errno.h>
#include <stdlib.h>

/* Slots, and as many objects, of a publish: each is a miss of the cache or two. */
#define COLLECTED_AT_ONCE 1024

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

static int judge_init(struct dp_table *table)
{
	table->judge = dp_judge_create(DP_OWNER_BUILDER(table), &table->contents);
	return table->judge ? 0 : -ENOMEM;
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
	table->parts = rh_pages_reserve(sizeof(*table->parts));
	table->excepted_at = calloc(DP_LIMIT_SESSIONS, sizeof(*table->excepted_at));
	table->explained = calloc(DP_LIMIT_SESSIONS / 64, sizeof(*table->explained));
	table->excepted = calloc(DP_LIMIT_SESSIONS / 64, sizeof(*table->excepted));
	table->snapshot = dp_memory_alloc(&table->memory, sizeof(*table->snapshot));
	if (dp_slots_init(table) || !table->parts || !table->excepted_at || !table->explained ||
		!table->excepted || !table->snapshot ||
		dp_contents_init(&table->contents, &table->memory, table->slot, table->conf.seed) || judge_init(table) ||
		dp_index_init(&table->memory, &table->index, table->conf.seed)) {
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
	dp_index_fini(&table->memory, &table->index);
	dp_contents_fini(&table->contents, &table->memory);
	dp_patterns_free_all(table);
	dp_samples_free_all(table);
	dp_memory_fini(&table->memory);
	dp_slots_fini(table);
	dp_judge_destroy(table->judge);
	free(table->explained);
	free(table->excepted);
	free(table->excepted_at);
	rh_pages_release(table->parts, sizeof(*table->parts));
	free(table);
}

/*
 * What was found for topics of @filter holds no longer; @keyed: it does, because conditions that are found by keys are
 * found anew for each event, as long as there are some, by the same.
 */
static void touch(struct dp_table *table, const struct dp_filter *filter, bool keyed)
{
	if (!keyed)
		dp_part_touch(table->parts, filter->tenant, filter->part);
	rh_add_relaxed(&table->stats.updates, 1);
}

/* The kind's set is about to gain its first, or has lost its last, member. */
static void count_set(
	struct dp_table *table, const struct dp_filter *filter, uint8_t kind, int step)
{
	if (dp_filter_has(filter, (enum dp_set_kind)kind))
		return;
	rh_add_relaxed(&table->stats.sets, (uint64_t)(int64_t)step);
	if (!dp_filter_is_used(filter))
		rh_add_relaxed(&table->stats.filters, (uint64_t)(int64_t)step);
}

static int check_add(const struct dp_table *table, uint16_t tenant, const struct rh_filter *filter,
	dp_session_id_t session, dp_content_id_t content, struct rh_error *err)
{
	if (tenant >= DP_LIMIT_TENANTS)
		return rh_error_set(err, EINVAL, "subscription: tenant %u: ids run from 0 to %d",
			tenant, DP_LIMIT_TENANTS - 1);
	if (session >= DP_LIMIT_SESSIONS)
		return rh_error_set(err, EINVAL, "subscription: session %u: slots run from 0 to %d",
			session, DP_LIMIT_SESSIONS - 1);
	if (content && !dp_content_find(&table->contents, content))
		return rh_error_set(
			err, EINVAL, "subscription: content %u has no expression: add that first", content);
	if (filter->grouped)
		return rh_error_set(err, ENOTSUP,
			"subscription: shared subscriptions are not supported yet: subscribe to the "
			"filter without its group");
	if (content && filter->except)
		return rh_error_set(err, EINVAL,
			"subscription: an exception with a content expression is not supported: "
			"leave the expression out");
	if (table->stats.subscriptions == DP_LIMIT_SUBSCRIPTIONS)
		return rh_error_set(err, ENOSPC,
			"subscription: all %d subscriptions are in use: remove some first",
			DP_LIMIT_SUBSCRIPTIONS);
	return 0;
}

static uint8_t kind_of(const struct rh_filter *filter, dp_content_id_t content)
{
	if (filter->except)
		return DP_SET_EXCEPT;
	return content ? DP_SET_COND : DP_SET_PLAIN;
}

static uint32_t next_tag(struct dp_table *table)
{
	if (++table->serial == 0)
		table->serial = 1;
	return table->serial;
}

/* Into the set of what @slot is of. */
static int member_add(struct dp_table *table, struct dp_slot *slot, dp_sub_id_t sub)
{
	struct dp_receiver member = {slot->session, sub};
	struct dp_cond *cond = dp_slot_cond_of(slot);

	if (cond)
		return dp_cond_member_add(&table->contents, &table->memory, cond, &member, &slot->pos);
	return dp_filter_member_add(
		&table->memory, dp_slot_filter_of(slot), (enum dp_set_kind)slot->kind, &member, &slot->pos);
}

static void member_del(struct dp_table *table, const struct dp_slot *slot, struct dp_receiver *moved)
{
	struct dp_cond *cond = dp_slot_cond_of(slot);

	if (cond)
		dp_cond_member_del(&table->contents, &table->memory, cond, slot->pos, moved);
	else
		dp_filter_member_del(
			&table->memory, dp_slot_filter_of(slot), (enum dp_set_kind)slot->kind, slot->pos, moved);
}

/* Make @slot, which is filled, findable by storing the set. */
static int link_slot(struct dp_table *table, struct dp_slot *slot, dp_sub_id_t sub)
{
	struct dp_filter *filter = dp_slot_filter_of(slot);
	int ret;

	rh_store_release(&slot->tag, next_tag(table));
	count_set(table, filter, slot->kind, 1);
	ret = member_add(table, slot, sub);
	if (ret == 0)
		return 0;
	count_set(table, filter, slot->kind, -1);
	rh_store_release(&slot->tag, 0);
	return ret;
}

static void prune(struct dp_table *table, struct dp_filter *filter, struct dp_cond *cond)
{
	if (cond)
		dp_cond_prune(&table->contents, &table->memory, cond);
	dp_index_prune(&table->memory, &table->index, filter);
}

/* Filter, and condition if there is content, of a new subscription. */
static int slot_fill(struct dp_table *table, struct dp_slot *slot, uint16_t tenant, const struct rh_filter *from,
	dp_content_id_t content)
{
	struct dp_filter *filter;
	struct dp_cond *cond;
	int ret = dp_index_filter(&table->memory, &table->index, tenant, from, &filter);

	if (ret)
		return ret;
	slot->kind = kind_of(from, content);
	slot->of = (uintptr_t)filter >> 3;
	if (!content)
		return 0;
	ret = dp_cond_get(
		&table->contents, &table->memory, filter, dp_content_find(&table->contents, content), &cond);
	if (ret)
		dp_index_prune(&table->memory, &table->index, filter);
	else
		slot->of = (uintptr_t)cond >> 3;
	return ret;
}

static int add(struct dp_table *table, uint16_t tenant, const struct rh_filter *from,
	dp_session_id_t session, dp_content_id_t content, dp_sub_id_t *out)
{
	struct dp_slot *slot;
	dp_sub_id_t sub;
	uint32_t by;
	int ret = dp_slot_take(table, &sub);

	if (ret)
		return ret;
	slot = dp_slot_at(table, sub);
	slot->session = session;
	ret = slot_fill(table, slot, tenant, from, content);
	if (ret)
		goto out_slot;
	by = dp_filter_keyed_by(dp_slot_filter_of(slot));
	ret = link_slot(table, slot, sub);
	if (ret)
		goto out_fill;
	touch(table, dp_slot_filter_of(slot),
		by && dp_slot_is_keyed(slot) && by == dp_filter_keyed_by(dp_slot_filter_of(slot)));
	/* Published with the generation: who has loaded that one knows of it. */
	if (slot->kind == DP_SET_EXCEPT)
		rh_store_relaxed(&table->excepted_at[session], table->generation + 1);
	*out = sub;
	return 0;

out_fill:
	prune(table, dp_slot_filter_of(slot), dp_slot_cond_of(slot));
out_slot:
	dp_slot_return(table, sub);
	return ret;
}

static int refused(int ret, struct rh_error *err)
{
	switch (ret) {
	case -ENOMEM:
		return rh_error_set(err, ENOMEM, "subscription: no memory for the topic index");
	case -E2BIG:
		return rh_error_set(err, E2BIG,
			"subscription: %d filters of this tenant differ from it only in what stands between two "
			"wildcards: use fewer, or make an earlier level differ",
			DP_LIMIT_SAME_KEY);
	case -EMLINK:
		return rh_error_set(err, EMLINK,
			"subscription: the tenant's filters have %d wildcard shapes already, and this is another: "
			"put wildcards where its other filters have them",
			DP_LIMIT_SHAPES);
	default:
		return rh_error_set(err, -ret,
			"subscription: every slot is in use or waits for its "
			"grace period: try again");
	}
}

int dp_table_sub_add(struct dp_table *table, uint16_t tenant, const struct rh_filter *filter,
	dp_session_id_t session, dp_content_id_t content, dp_sub_id_t *out, struct rh_error *err)
{
	int ret = check_add(table, tenant, filter, session, content, err);

	if (ret)
		return ret;
	ret = add(table, tenant, filter, session, content, out);
	if (ret)
		return refused(ret, err);
	rh_add_relaxed(&table->stats.subscriptions, 1);
	return 0;
}

int dp_table_sub_del(struct dp_table *table, dp_sub_id_t sub)
{
	struct dp_slot *slot = dp_slot_at(table, sub);
	struct dp_filter *filter;
	struct dp_cond *cond;
	struct dp_receiver moved;
	uint32_t by; /* 0: it is not found by keys */

	if (!slot || !slot->tag)
		return -ENOENT;
	filter = dp_slot_filter_of(slot);
	cond = dp_slot_cond_of(slot);
	by = dp_slot_is_keyed(slot) ? dp_filter_keyed_by(filter) : 0;
	member_del(table, slot, &moved);
	if (moved.session != DP_SESSION_NONE)
		dp_slot_at(table, moved.sub)->pos = slot->pos;
	count_set(table, filter, slot->kind, -1);
	touch(table, filter, by && by == dp_filter_keyed_by(filter));
	dp_slot_retire(table, sub);
	prune(table, filter, cond);
	rh_add_relaxed(&table->stats.subscriptions, (uint64_t)-1);
	return 0;
}

uint64_t dp_table_publish(struct dp_table *table)
{
	uint64_t generation = table->generation + 1;

	dp_patterns_publish(table);
	rh_add_relaxed(&table->stats.publishes, 1);
	/* Pairs with the load in dp_match_begin: who sees it sees the index, the stamps of
	 * its parts and the snapshot. */
	rh_store_release(&table->generation, generation);
	(void)dp_table_collect(table);
	return generation;
}

enum dp_collect dp_table_collect(struct dp_table *table)
{
	dp_slots_collect(table, COLLECTED_AT_ONCE);
	dp_memory_return(&table->memory, COLLECTED_AT_ONCE);
	/* Also what was retired before: without a publish nobody else would. */
	dp_memory_flush(&table->memory);
	if (table->slots_returning != DP_SLOT_END || table->memory.returning.first)
		return DP_COLLECT_MORE;
	return dp_memory_is_settled(&table->memory) ? DP_COLLECT_DONE : DP_COLLECT_WAIT;
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
		.shapes = rh_load_relaxed(&table->index.shapes_live),
		.sets = rh_load_relaxed(&from->sets),
		.patterns = rh_load_relaxed(&from->patterns),
		.bytes = rh_load_relaxed(&table->memory.bytes),
		.updates = rh_load_relaxed(&from->updates),
		.publishes = rh_load_relaxed(&from->publishes),
	};
}
