#pragma once

/*
 * Conditions: those who subscribed with one topic filter and one expression, together. Who subscribed stands in the
 * condition's own set. A filter has its conditions in a set (DP_SET_COND), of which all are looked at; where they are
 * many, most are found by keys instead (access.h).
 */

#include "dataplane/match/access.h"
#include "dataplane/match/expression.h"
#include "dataplane/match/index.h"

struct dp_cond {
	struct dp_obj obj;
	uint32_t pos; /* builder only: in the filter's set */
	struct dp_expression *expression; /* R, but for its builder's fields */
	struct dp_set *set; /* R; receivers, one of them in the pointer itself */
	/* Builder only. */
	struct dp_filter *filter; /* R: never changed */
	struct rh_hnode node;
	struct dp_places *places;	/* NULL: it is in the filter's set */
	struct dp_cond *next, *prev;	/* of the filter's that are found by keys */
};

/* Its address as a member of a set, and the way back: 47 bits in steps of 8, with one to spare for DP_SET_ALONE. */
static inline struct dp_receiver dp_cond_member(const struct dp_cond *cond)
{
	uint64_t number = (uintptr_t)cond >> 3;

	return (struct dp_receiver){(uint32_t)(number >> 31), (uint32_t)(number & INT32_MAX)};
}

static inline struct dp_cond *dp_member_cond(const struct dp_receiver *member)
{
	return (struct dp_cond *)(((uintptr_t)member->session << 31 | member->sub) << 3);
}

/* The condition of @filter and @expression, made if it is new; it has no set then, and is in no filter's. -ENOMEM. */
int dp_cond_get(struct dp_contents *contents, struct dp_memory *memory, struct dp_filter *filter,
	struct dp_expression *expression, struct dp_cond **out);
/* Who has subscribed with it, who no longer. As dp_filter_member_add and _del. */
int dp_cond_member_add(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond,
	const struct dp_receiver *member, uint32_t *pos);
void dp_cond_member_del(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond, uint32_t pos,
	struct dp_receiver *moved);
/* Out of the table, and retired, if nobody is in its set. */
void dp_cond_prune(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond);
/* Without readers. */
void dp_cond_free(struct dp_memory *memory, struct dp_cond *cond);
