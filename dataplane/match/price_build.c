/*
 * What a subscription costs: what would be saved if it went and all others stayed. Cycles are those
 * of a topic that the result cache does not know.
 */
#include "dataplane/match/cost.h"
#include "dataplane/match/table_priv.h"

#include <errno.h>

/* A filter's word in a segment, which is half full. */
#define WORD_BYTES (2 * sizeof(uint64_t))

static uint32_t members(const struct dp_set *set)
{
	if (!set || dp_set_is_alone(set))
		return set != NULL;
	return set->count - set->obj.link;
}

static uint32_t subscribers(const struct dp_filter *filter)
{
	uint32_t count = 0;

	for (unsigned kind = 0; kind < DP_SET_KINDS; kind++)
		count += members(dp_filter_set(filter, kind));
	return count;
}

static uint32_t filter_bytes(const struct dp_filter *filter)
{
	uint32_t bytes = (uint32_t)(dp_arena_size(dp_filter_size(filter->runs, filter->len)) + WORD_BYTES);

	if (dp_set_more(filter->set))
		bytes += (uint32_t)dp_arena_size(sizeof(struct dp_more));
	/* Of one. */
	if (!dp_set_is_alone(filter->set))
		bytes += (uint32_t)dp_arena_size(
			sizeof(struct dp_set) + sizeof(struct dp_receiver));
	return bytes;
}

/* Its key is that of every topic that fits the shape. */
static bool compared_always(const struct dp_filter *filter, const struct dp_shape *shape)
{
	return filter->partial && !shape->mask && !shape->parts;
}

static uint32_t every(const struct dp_filter *filter, const struct dp_shape_row *row)
{
	uint32_t cycles = 0;

	if (row->filters == 1)
		cycles += DP_COST_PROBE + row->shape.parts * DP_COST_PART;
	if (compared_always(filter, &row->shape))
		cycles += DP_COST_WHOLE;
	return cycles;
}

static void price_filter(
	const struct dp_table *table, const struct dp_filter *filter, struct dp_sub_price *price)
{
	const struct dp_shape_row *row = dp_index_shape_row(&table->index, filter->tenant, filter->shape);

	price->every_cycles = every(filter, row);
	price->match_cycles = DP_COST_FILTER;
	if (filter->partial && !compared_always(filter, &row->shape))
		price->match_cycles += DP_COST_WHOLE;
	price->bytes = filter_bytes(filter);
}

int dp_table_sub_price(const struct dp_table *table, dp_sub_id_t sub, struct dp_sub_price *out)
{
	const struct dp_slot *slot = dp_slot_at(table, sub);
	const struct dp_filter *filter;

	if (!slot || !slot->tag)
		return -ENOENT;
	filter = dp_slot_filter_of(slot);
	*out = (struct dp_sub_price){
		.match_cycles = DP_COST_MEMBER, .bytes = sizeof(struct dp_receiver)};
	if (subscribers(filter) == 1)
		price_filter(table, filter, out);
	if (slot->kind == DP_SET_COND) {
		out->match_cycles += DP_COST_SCAN;
		out->bytes += sizeof(struct dp_slot_cond);
	}
	if (slot->kind != DP_SET_EXCEPT)
		out->match_cycles += DP_COST_COPY;
	out->bytes += sizeof(*slot);
	return 0;
}
