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

/* Conditions count as one each; more than one is enough. */
static uint32_t subscribers(const struct dp_filter *filter)
{
	uint32_t count = 0;

	for (unsigned kind = 0; kind < DP_SET_KINDS; kind++)
		count += members(dp_filter_set(filter, kind));
	for (const struct dp_cond *cond = dp_filter_keyed(filter); cond && count < 2; cond = cond->next)
		count++;
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

static uint32_t predicate_bytes(const struct dp_predicate *predicate)
{
	size_t program = predicate->kind != DP_PREDICATE_PATTERN
				 ? rh_cesql_program_size(dp_predicate_program(predicate))
				 : 0;

	return (uint32_t)dp_arena_size(sizeof(*predicate) + program);
}

/* @first: no other expression asked for it before. A pattern alone costs a scan, whoever asks. */
static uint32_t predicate_cycles(const struct dp_predicate *predicate, bool first)
{
	if (predicate->kind == DP_PREDICATE_PATTERN)
		return 0;
	if (predicate->kind == DP_PREDICATE_COMPARE)
		return DP_COST_COMPARE;
	return first ? DP_COST_PREDICATE : DP_COST_KNOWN;
}

uint32_t dp_expression_cycles(const struct dp_expression *expression)
{
	uint32_t cycles = DP_COST_COND;

	for (uint32_t i = 0; i < expression->steps; i++)
		if (DP_STEP_CODE(expression->step[i]) == DP_STEP_TEST)
			cycles += predicate_cycles(DP_STEP_PREDICATE(expression->step[i]), true);
	return cycles;
}

/* Names and strings that only this expression asks for. */
static uint32_t atoms_bytes(const struct dp_expression *expression)
{
	struct dp_atom *const *atom = dp_expression_atoms(expression);
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < expression->atoms; i++)
		if (atom[i]->refs == 1)
			bytes += (uint32_t)(dp_arena_size(sizeof(*atom[i]) + atom[i]->size) + WORD_BYTES);
	return bytes;
}

/* What only this expression asks for is not evaluated, nor held, without it. */
static void price_expression(const struct dp_expression *expression, struct dp_sub_price *price)
{
	bool scans = false;

	price->bytes += atoms_bytes(expression);
	price->bytes += (uint32_t)dp_arena_size(dp_expression_size(expression->steps, expression->operands, expression->keys, expression->atoms));
	for (uint32_t i = 0; i < expression->steps; i++) {
		const struct dp_predicate *predicate = DP_STEP_PREDICATE(expression->step[i]);

		if (DP_STEP_CODE(expression->step[i]) != DP_STEP_TEST)
			continue;
		scans |= predicate->asks_payload;
		price->match_cycles += predicate_cycles(predicate, predicate->refs == 1);
		if (predicate->refs == 1)
			price->bytes += predicate_bytes(predicate);
	}
	price->match_cycles += scans ? DP_COST_SCAN : 0;
}

/* Of the only subscriber of @cond. */
static void price_cond(const struct dp_cond *cond, struct dp_sub_price *price)
{
	price->match_cycles += DP_COST_COND;
	price->bytes += (uint32_t)dp_arena_size(sizeof(*cond));
	/* Where it is found by keys: its records, in lists that others are in too. */
	if (cond->places)
		price->bytes += (uint32_t)dp_arena_size(sizeof(*cond->places) + cond->places->count * sizeof(cond->places->place[0])) +
				cond->places->count * (uint32_t)sizeof(struct dp_record);
	if (cond->expression->refs == 1)
		price_expression(cond->expression, price);
}

int dp_table_sub_price(const struct dp_table *table, dp_sub_id_t sub, struct dp_sub_price *out)
{
	const struct dp_slot *slot = dp_slot_at(table, sub);
	const struct dp_filter *filter;
	const struct dp_cond *cond;
	bool alone;

	if (!slot || !slot->tag)
		return -ENOENT;
	filter = dp_slot_filter_of(slot);
	cond = dp_slot_cond_of(slot);
	alone = !cond || members(cond->set) == 1;
	*out = (struct dp_sub_price){
		.match_cycles = DP_COST_MEMBER, .bytes = sizeof(struct dp_receiver)};
	if (alone && subscribers(filter) == 1) {
		price_filter(table, filter, out);
		out->match_cycles += cond ? DP_COST_JUDGE : 0;
	}
	if (cond && alone)
		price_cond(cond, out);
	if (slot->kind != DP_SET_EXCEPT)
		out->match_cycles += DP_COST_COPY;
	out->bytes += sizeof(*slot);
	return 0;
}
