#include "dataplane/match/cond.h"

#include "dataplane/base/hash.h"

#include <errno.h>

static struct dp_cond *find(const struct dp_contents *contents, uint64_t hash, const struct dp_filter *filter,
	const struct dp_expression *expression)
{
	for (struct rh_hnode *n = rh_htable_find(&contents->conds, hash); n; n = rh_htable_next(n, hash)) {
		struct dp_cond *cond = rh_container(n, struct dp_cond, node);

		if (cond->filter == filter && cond->expression == expression)
			return cond;
	}
	return NULL;
}

int dp_cond_get(struct dp_contents *contents, struct dp_memory *memory, struct dp_filter *filter,
	struct dp_expression *expression, struct dp_cond **out)
{
	const void *both[] = {filter, expression};
	uint64_t hash = rh_hash(both, sizeof(both), contents->seed);

	*out = find(contents, hash, filter, expression);
	if (*out)
		return 0;
	*out = dp_memory_alloc(memory, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->filter = filter;
	(*out)->expression = expression;
	expression->refs++;
	rh_htable_insert(&contents->conds, &(*out)->node, hash);
	return 0;
}

static uint32_t in_set(const struct dp_filter *filter)
{
	const struct dp_set *set = dp_filter_set(filter, DP_SET_COND);

	return !set || dp_set_is_alone(set) ? set != NULL : set->count;
}

static int set_enter(struct dp_memory *memory, struct dp_cond *cond)
{
	struct dp_receiver self = dp_cond_member(cond);

	return dp_filter_member_add(memory, cond->filter, DP_SET_COND, &self, &cond->pos);
}

static void set_leave(struct dp_memory *memory, struct dp_cond *cond)
{
	struct dp_receiver moved;

	dp_filter_member_del(memory, cond->filter, DP_SET_COND, cond->pos, &moved);
	if (moved.session != DP_SESSION_NONE)
		dp_member_cond(&moved)->pos = cond->pos;
}

static void found_by_keys(struct dp_cond *cond)
{
	struct dp_more *more = dp_set_more(cond->filter->set);

	cond->next = more->found_by_keys;
	if (cond->next)
		cond->next->prev = cond;
	more->found_by_keys = cond;
}

static void found_no_more(struct dp_cond *cond)
{
	if (cond->next)
		cond->next->prev = cond->prev;
	if (cond->prev)
		cond->prev->next = cond->next;
	else
		dp_set_more(cond->filter->set)->found_by_keys = cond->next;
}

static int keys_enter(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond, bool *entered)
{
	int ret = dp_access_place(contents, memory, cond, entered);

	if (ret == 0 && *entered)
		found_by_keys(cond);
	return ret;
}

/* The filter's conditions have become many: those that can are found by keys from now on. Without memory they stay. */
static void set_empty(struct dp_contents *contents, struct dp_memory *memory, struct dp_filter *filter)
{
	struct dp_cond *cond[DP_ACCESS_LIST + 1];
	struct dp_receiver alone;
	uint32_t count;
	const struct dp_receiver *member = dp_filter_span(dp_filter_set(filter, DP_SET_COND), 0, &count, &alone);
	bool entered;

	for (uint32_t i = 0; i < count; i++)
		cond[i] = dp_member_session(&member[i]) == DP_SESSION_NONE ? NULL : dp_member_cond(&member[i]);
	for (uint32_t i = 0; i < count; i++)
		if (cond[i] && keys_enter(contents, memory, cond[i], &entered) == 0 && entered)
			set_leave(memory, cond[i]);
}

static int cond_enter(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond)
{
	bool entered = false;
	int ret = 0;

	if (dp_filter_keyed_by(cond->filter) || in_set(cond->filter) > DP_ACCESS_LIST)
		ret = keys_enter(contents, memory, cond, &entered);
	if (ret || entered)
		return ret;
	ret = set_enter(memory, cond);
	if (ret == 0 && in_set(cond->filter) == DP_ACCESS_LIST + 1)
		set_empty(contents, memory, cond->filter);
	return ret;
}

static void cond_leave(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond)
{
	if (!cond->places) {
		set_leave(memory, cond);
		return;
	}
	dp_access_unplace(contents, memory, cond);
	found_no_more(cond);
}

int dp_cond_member_add(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond,
	const struct dp_receiver *member, uint32_t *pos)
{
	bool entered = cond->set != NULL;
	int ret = dp_members_add(memory, &cond->set, member, pos);

	if (ret == 0 && entered)
		dp_access_retarget(contents, cond);
	if (ret || entered)
		return ret;
	/* With somebody in it before it can be found. */
	ret = cond_enter(contents, memory, cond);
	if (ret) {
		struct dp_receiver moved;

		dp_members_del(memory, &cond->set, *pos, &moved);
	}
	return ret;
}

void dp_cond_member_del(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond, uint32_t pos,
	struct dp_receiver *moved)
{
	dp_members_del(memory, &cond->set, pos, moved);
	if (!cond->set)
		cond_leave(contents, memory, cond);
}

void dp_cond_prune(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond)
{
	if (cond->set)
		return;
	cond->expression->refs--;
	rh_htable_remove(&contents->conds, &cond->node);
	dp_memory_retire(memory, cond);
}

void dp_cond_free(struct dp_memory *memory, struct dp_cond *cond)
{
	dp_members_free(memory, cond->set);
	dp_memory_free(memory, cond->places);
	dp_memory_free(memory, cond);
}
