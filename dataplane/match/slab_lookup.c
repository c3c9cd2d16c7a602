#include "dataplane/match/slab.h"

static void push(struct dp_slab *slab, uint32_t at, unsigned order)
{
	struct dp_slab_unit *unit = &slab->unit[at];

	*unit = (struct dp_slab_unit){DP_SLAB_NONE, slab->head[order], (uint8_t)order, true};
	if (unit->next != DP_SLAB_NONE)
		slab->unit[unit->next].prev = at;
	slab->head[order] = at;
}

static void unlink_block(struct dp_slab *slab, uint32_t at)
{
	struct dp_slab_unit *unit = &slab->unit[at];

	if (unit->prev != DP_SLAB_NONE)
		slab->unit[unit->prev].next = unit->next;
	else
		slab->head[unit->order] = unit->next;
	if (unit->next != DP_SLAB_NONE)
		slab->unit[unit->next].prev = unit->prev;
	unit->free = false;
}

static unsigned order_of(size_t bytes)
{
	unsigned order = 0;

	while (order < DP_SLAB_ORDERS && (DP_SLAB_BLOCK_MIN << order) < bytes)
		order++;
	return order;
}

uint32_t dp_slab_take(struct dp_slab *slab, size_t bytes)
{
	unsigned want = order_of(bytes), order = want;
	uint32_t at;

	while (order < DP_SLAB_ORDERS && slab->head[order] == DP_SLAB_NONE)
		order++;
	if (order >= DP_SLAB_ORDERS)
		return DP_SLAB_NONE;
	at = slab->head[order];
	unlink_block(slab, at);
	while (order > want) {
		order--;
		push(slab, at + (1u << order), order);
	}
	slab->unit[at].order = (uint8_t)want;
	return at;
}

void dp_slab_give(struct dp_slab *slab, uint32_t at)
{
	unsigned order = slab->unit[at].order;

	while (order + 1 < DP_SLAB_ORDERS) {
		uint32_t buddy = at ^ (1u << order);

		if (!slab->unit[buddy].free || slab->unit[buddy].order != order)
			break;
		unlink_block(slab, buddy);
		at &= ~(1u << order);
		order++;
	}
	push(slab, at, order);
}
