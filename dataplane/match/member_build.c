#include "dataplane/match/index.h"

#include <errno.h>

/* A set of two in place of the one that stands in the filter. */
static int pair(struct dp_memory *memory, struct dp_filter *filter, uint8_t kind,
	const struct dp_receiver *member)
{
	struct dp_receiver both[] = {filter->first, *member};
	struct dp_set *set = dp_set_of(memory, both, RH_ARRAY_LEN(both));

	if (!set)
		return -ENOMEM;
	rh_rcu_assign(filter->set[kind], set);
	return 0;
}

int dp_filter_member_add(struct dp_memory *memory, struct dp_filter *filter, uint8_t kind,
	const struct dp_receiver *member, uint32_t *pos)
{
	if (filter->set[kind] == DP_SET_ALONE) {
		*pos = 1;
		return pair(memory, filter, kind, member);
	}
	if (kind != DP_SET_PLAIN || !filter->fresh)
		return dp_set_add(memory, &filter->set[kind], member, pos);
	/* A worker may still look at the first one when a second comes to its place: so once. */
	filter->fresh = false;
	filter->first = *member;
	*pos = 0;
	rh_rcu_assign(filter->set[kind], DP_SET_ALONE);
	return 0;
}

void dp_filter_member_del(struct dp_memory *memory, struct dp_filter *filter, uint8_t kind,
	uint32_t pos, dp_sub_id_t *moved)
{
	if (filter->set[kind] != DP_SET_ALONE) {
		dp_set_del(memory, &filter->set[kind], pos, moved);
		return;
	}
	*moved = DP_SUB_NONE;
	rh_rcu_assign(filter->set[kind], NULL);
}
