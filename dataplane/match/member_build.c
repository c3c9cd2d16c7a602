/*
 * Who subscribes with a filter: nobody, one that stands in the filter's pointer, a set, or whatever
 * a struct dp_more has. One store changes it. A filter keeps its dp_more until it goes.
 */

#include "dataplane/match/index.h"

#include <errno.h>

static int more_make(struct dp_memory *memory, struct dp_filter *filter, struct dp_more **out)
{
	struct dp_more *more = dp_set_more(filter->set);

	if (!more) {
		more = dp_memory_alloc(memory, sizeof(*more));
		if (!more)
			return -ENOMEM;
		more->set[DP_SET_PLAIN] = filter->set;
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

void dp_members_free(struct dp_memory *memory, struct dp_set *set)
{
	if (!dp_set_is_alone(set))
		dp_items_free(memory, sizeof(struct dp_receiver), set);
}

void dp_filter_free(struct dp_memory *memory, struct dp_filter *filter)
{
	struct dp_more *more = dp_set_more(filter->set);

	for (unsigned kind = 0; more && kind < DP_SET_KINDS; kind++)
		dp_members_free(memory, more->set[kind]);
	dp_memory_free(memory, more);
	if (!more)
		dp_members_free(memory, filter->set);
	dp_memory_free(memory, filter);
}

/* A set of two in place of the one that stands in the pointer. */
static int pair(struct dp_memory *memory, struct dp_set **at, const struct dp_receiver *member)
{
	struct dp_receiver both[] = {dp_alone_receiver(*at), *member};
	struct dp_set *set = dp_items_of(memory, sizeof(both[0]), both, RH_ARRAY_LEN(both));

	if (!set)
		return -ENOMEM;
	rh_rcu_assign(*at, set);
	return 0;
}

int dp_members_add(
	struct dp_memory *memory, struct dp_set **at, const struct dp_receiver *member, uint32_t *pos)
{
	*pos = 0;
	if (!*at) {
		rh_rcu_assign(*at, dp_set_alone(member));
		return 0;
	}
	if (!dp_set_is_alone(*at))
		return dp_set_add(memory, at, member, pos);
	*pos = 1;
	return pair(memory, at, member);
}

/* The other one of two stays, alone; needs no memory. */
static void unpair(struct dp_memory *memory, struct dp_set **at, uint32_t pos, struct dp_receiver *moved)
{
	struct dp_set *set = *at;
	const struct dp_receiver *other = &set->member[1 - pos];

	*moved = pos == 0 ? *other : DP_RECEIVER_NONE;
	rh_rcu_assign(*at, dp_set_alone(other));
	dp_memory_retire(memory, set);
}

void dp_members_del(struct dp_memory *memory, struct dp_set **at, uint32_t pos, struct dp_receiver *moved)
{
	*moved = DP_RECEIVER_NONE;
	if (dp_set_is_alone(*at))
		rh_rcu_assign(*at, NULL);
	else if ((*at)->count == 2 && !(*at)->obj.link)
		unpair(memory, at, pos, moved);
	else
		dp_set_del(memory, at, pos, moved);
}

int dp_filter_member_add(struct dp_memory *memory, struct dp_filter *filter, enum dp_set_kind kind,
	const struct dp_receiver *member, uint32_t *pos)
{
	struct dp_more *more = dp_set_more(filter->set);
	int ret;

	if (kind != DP_SET_PLAIN && !more) {
		ret = more_make(memory, filter, &more);
		if (ret)
			return ret;
	}
	return dp_members_add(memory, more ? &more->set[kind] : &filter->set, member, pos);
}

void dp_filter_member_del(struct dp_memory *memory, struct dp_filter *filter, enum dp_set_kind kind,
	uint32_t pos, struct dp_receiver *moved)
{
	struct dp_more *more = dp_set_more(filter->set);

	dp_members_del(memory, more ? &more->set[kind] : &filter->set, pos, moved);
}
