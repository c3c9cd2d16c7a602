#include "dataplane/match/access.h"

#include "dataplane/match/cond.h"
#include "dataplane/match/judge.h"

/* What is being looked for, and for whom. */
struct asking {
	const struct dp_contents *contents;
	struct dp_access_batch *batch;
	const struct dp_filter *filter;
	struct dp_judge *judge;
	dp_access_visit visit;
	void *arg;
};

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

/* Conditions of other filters whose keys fall together are in the same list. */
static void conds_visit(struct asking *a)
{
	struct dp_access_batch *batch = a->batch;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < batch->conds; i++) {
		if (batch->cond[i]->filter != a->filter)
			continue;
		rh_prefetch(batch->cond[i]->expression);
		batch->cond[kept++] = batch->cond[i];
	}
	for (uint32_t i = 0; i < kept; i++)
		predicates_prefetch(batch->cond[i]->expression);
	for (uint32_t i = 0; i < kept; i++)
		a->visit(a->arg, batch->cond[i]);
	batch->conds = 0;
}

static void cond_add(void *arg, const struct dp_receiver *member)
{
	struct asking *a = arg;
	struct dp_access_batch *batch = a->batch;
	const struct dp_cond *cond = dp_member_cond(member);

	if (batch->conds == DP_ACCESS_CONDS)
		conds_visit(a);
	rh_prefetch(cond);
	batch->cond[batch->conds++] = cond;
}

/* Buckets were asked for when their keys came. */
static void keys_visit(struct asking *a)
{
	struct dp_access_batch *batch = a->batch;
	uint32_t lists = 0;

	for (uint32_t i = 0; i < batch->keys; i++) {
		const struct dp_list *list =
			(const struct dp_list *)dp_words_get(&a->contents->lists, batch->key[i]);

		if (list)
			batch->list[lists++] = list;
	}
	for (uint32_t i = 0; i < lists; i++) {
		const struct dp_set *set = rh_rcu_deref(batch->list[i]->set);

		if (set && !dp_set_is_alone(set))
			rh_prefetch(set);
	}
	for (uint32_t i = 0; i < lists; i++)
		dp_members_each(rh_rcu_deref(batch->list[i]->set), cond_add, a);
	conds_visit(a);
	batch->keys = 0;
}

static void key_add(struct asking *a, uint64_t key)
{
	struct dp_access_batch *batch = a->batch;

	if (batch->keys == DP_ACCESS_BATCH)
		keys_visit(a);
	dp_words_prefetch(&a->contents->lists, key);
	batch->key[batch->keys++] = key;
}

/* The value of an attribute as @way looks at it. False: it has none. */
static bool value_read(struct asking *a, const struct dp_way *way, struct rh_cesql_value value, uint64_t *out)
{
	static const enum rh_cesql_type types[] = {[DP_ACCESS_STRING] = RH_CESQL_TYPE_STRING,
		[DP_ACCESS_PREFIX] = RH_CESQL_TYPE_STRING,
		[DP_ACCESS_SUFFIX] = RH_CESQL_TYPE_STRING,
		[DP_ACCESS_INTEGER] = RH_CESQL_TYPE_INTEGER,
		[DP_ACCESS_BOOLEAN] = RH_CESQL_TYPE_BOOLEAN};

	*out = 0;
	if (way->how == DP_ACCESS_EXISTS)
		return true;
	if (value.type != types[way->how] && !rh_cesql_value_cast(&value, types[way->how], &a->judge->scratch))
		return false;
	if (way->how == DP_ACCESS_INTEGER)
		*out = dp_access_integer(value.integer, way->param);
	else if (way->how == DP_ACCESS_BOOLEAN)
		*out = value.boolean;
	else if (way->how == DP_ACCESS_STRING)
		*out = dp_access_bytes(a->contents->seed, value.text.bytes, value.text.size);
	else if (value.text.size < way->param)
		return false;
	else
		*out = dp_access_bytes(a->contents->seed,
			value.text.bytes + (way->how == DP_ACCESS_SUFFIX ? value.text.size - way->param : 0), way->param);
	return true;
}

/* Keys of the patterns in the payload, if any condition asks for one. */
static void patterns_add(struct asking *a, const struct dp_access *access)
{
	const struct dp_matched *matched;

	if (!dp_access_scans(access))
		return;
	matched = dp_judge_patterns(a->judge);
	for (uint32_t i = 0; matched && i < matched->count; i++)
		key_add(a, dp_way_key(access->way[0].salt, matched->id[i]));
}

/* Keys of its attributes. */
static void attributes_add(struct asking *a, const struct dp_access *access)
{
	uint64_t value;

	dp_judge_read_names(a->judge);
	for (size_t i = 0; i < a->judge->event.count; i++) {
		uint64_t attribute = a->judge->name_hash[i];

		for (uint32_t w = dp_access_first(access, attribute);
			w < access->ways && access->way[w].attribute == attribute; w++)
			if (value_read(a, &access->way[w], a->judge->attribute[i].value, &value))
				key_add(a, dp_way_key(access->way[w].salt, value));
	}
}

void dp_access_each(const struct dp_contents *contents, struct dp_access_batch *batch, const struct dp_filter *filter,
	const struct dp_access *access, struct dp_judge *judge, dp_access_visit visit, void *arg)
{
	struct asking a = {contents, batch, filter, judge, visit, arg};

	batch->keys = batch->conds = 0;
	patterns_add(&a, access);
	if (access->ways && access->way[access->ways - 1].attribute != DP_ACCESS_PAYLOAD)
		attributes_add(&a, access);
	keys_visit(&a);
}
