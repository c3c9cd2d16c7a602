/*
 * Who subscribes with a filter: nobody, one that stands in the filter's pointer, a set, or whatever
 * a struct dp_more has. One store changes it. A filter keeps its dp_more until it goes.
 */

#include "dataplane/match/index.h"

#include <errno.h>

static int more_make(struct dp_memory *memory, struct dp_filter *filter, struct dp_more **out)
{
	struct dp_more *more = dp_set_more(filter->set);
	struct dp_receiver alone;

	if (!more) {
		more = dp_memory_alloc(memory, sizeof(*more));
		if (!more)
			return -ENOMEM;
		more->set[DP_SET_PLAIN] = filter->set;
		if (dp_set_is_alone(filter->set)) {
			alone = dp_alone_receiver(filter->set);
			more->set[DP_SET_PLAIN] = dp_set_of(memory, &alone, 1);
		}
		if (filter->set && !more->set[DP_SET_PLAIN]) {
			dp_memory_free(memory, more);
			return -ENOMEM;
		}
		rh_rcu_assign(filter->set, (struct dp_set *)((uintptr_t)more | DP_SET_MORE));
	}
	*out = more;
	return 0;
}

int dp_filter_more(struct dp_memory *memory, struct dp_filter *filter, struct dp_filter *next)
{
	struct dp_more *more;
	int ret = more_make(memory, filter, &more);

	if (ret == 0)
		more->next = next;
	return ret;
}

void dp_filter_retire(struct dp_memory *memory, struct dp_filter *filter)
{
	dp_memory_retire(memory, dp_set_more(filter->set));
	dp_memory_retire(memory, filter);
}

void dp_filter_free(struct dp_memory *memory, struct dp_filter *filter)
{
	struct dp_more *more = dp_set_more(filter->set);

	for (unsigned kind = 0; more && kind < DP_SET_KINDS; kind++)
		dp_set_free(memory, more->set[kind]);
	dp_memory_free(memory, more);
	if (!more && !dp_set_is_alone(filter->set))
		dp_set_free(memory, filter->set);
	dp_memory_free(memory, filter);
}

/* A set of two in place of the one that stands in the pointer. */
static int pair(
	struct dp_memory *memory, struct dp_filter *filter, const struct dp_receiver *member)
{
	struct dp_receiver both[] = {dp_alone_receiver(filter->set), *member};
	struct dp_set *set = dp_set_of(memory, both, RH_ARRAY_LEN(both));

	if (!set)
		return -ENOMEM;
	rh_rcu_assign(filter->set, set);
	return 0;
}

int dp_filter_member_add(struct dp_memory *memory, struct dp_filter *filter, uint8_t kind,
	const struct dp_receiver *member, uint32_t *pos)
{
	struct dp_more *more = dp_set_more(filter->set);
	int ret;

	if (kind != DP_SET_PLAIN && !more) {
		ret = more_make(memory, filter, &more);
		if (ret)
			return ret;
	}
	if (more)
		return dp_set_add(memory, &more->set[kind], member, pos);
	*pos = 0;
	if (!filter->set) {
		rh_rcu_assign(filter->set, dp_set_alone(member));
		return 0;
	}
	if (!dp_set_is_alone(filter->set))
		return dp_set_add(memory, &filter->set, member, pos);
	*pos = 1;
	return pair(memory, filter, member);
}

/* The other one of two stays, alone; needs no memory. */
static void unpair(
	struct dp_memory *memory, struct dp_filter *filter, uint32_t pos, dp_sub_id_t *moved)
{
	struct dp_set *set = filter->set;
	const struct dp_receiver *other = &set->member[1 - pos];

	*moved = pos == 0 ? other->sub : DP_SUB_NONE;
	rh_rcu_assign(filter->set, dp_set_alone(other));
	dp_memory_retire(memory, set);
}

void dp_filter_member_del(struct dp_memory *memory, struct dp_filter *filter, uint8_t kind,
	uint32_t pos, dp_sub_id_t *moved)
{
	struct dp_more *more = dp_set_more(filter->set);

	*moved = DP_SUB_NONE;
	if (more)
		dp_set_del(memory, &more->set[kind], pos, moved);
	else if (dp_set_is_alone(filter->set))
		rh_rcu_assign(filter->set, NULL);
	else if (filter->set->count == 2 && !filter->set->obj.link)
		unpair(memory, filter, pos, moved);
	else
		dp_set_del(memory, &filter->set, pos, moved);
}
