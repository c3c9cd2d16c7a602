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

int dp_cond_member_add(
	struct dp_memory *memory, struct dp_cond *cond, const struct dp_receiver *member, uint32_t *pos)
{
	struct dp_receiver self = dp_cond_member(cond);
	bool found = cond->set != NULL;
	int ret = dp_members_add(memory, &cond->set, member, pos);

	if (ret || found)
		return ret;
	/* With somebody in it before it can be found. */
	ret = dp_filter_member_add(memory, cond->filter, DP_SET_COND, &self, &cond->pos);
	if (ret) {
		struct dp_receiver moved;

		dp_members_del(memory, &cond->set, *pos, &moved);
	}
	return ret;
}

void dp_cond_member_del(struct dp_memory *memory, struct dp_cond *cond, uint32_t pos, struct dp_receiver *moved)
{
	struct dp_receiver next;

	dp_members_del(memory, &cond->set, pos, moved);
	if (cond->set)
		return;
	dp_filter_member_del(memory, cond->filter, DP_SET_COND, cond->pos, &next);
	if (next.session != DP_SESSION_NONE)
		dp_member_cond(&next)->pos = cond->pos;
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
	dp_memory_free(memory, cond);
}
