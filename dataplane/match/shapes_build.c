/*
 * A tenant's live shapes. One that appears or disappears costs a new list for the workers; all
 * other changes of filters cost nothing here. A shape that lost its last filter without memory for
 * a list without it costs probes until the next list.
 */

#include "dataplane/match/index.h"

#include <errno.h>

#define ROWS_LEAST 4

/* Room for one row more. */
static int rows_grow(struct dp_memory *memory, struct dp_index *index, uint16_t tenant)
{
	struct dp_rows *old = index->rows[tenant], *rows;
	uint32_t room = old ? old->room * 2 : ROWS_LEAST;

	if (old && old->count < old->room)
		return 0;
	rows = dp_memory_alloc(memory, sizeof(*rows) + room * sizeof(*rows->row));
	if (!rows)
		return -ENOMEM;
	rows->room = room;
	if (old) {
		rows->count = old->count;
		memcpy(rows->row, old->row, old->count * sizeof(*old->row));
	}
	dp_memory_free(memory, old);
	index->rows[tenant] = rows;
	return 0;
}

/* Drop rows without filters; without any row, all of it. */
static void rows_trim(struct dp_memory *memory, struct dp_index *index, uint16_t tenant)
{
	struct dp_rows *rows = index->rows[tenant];
	uint32_t kept = 0;

	for (uint32_t i = 0; i < rows->count; i++)
		if (rows->row[i].filters)
			rows->row[kept++] = rows->row[i];
	rows->count = kept;
	if (kept)
		return;
	index->rows[tenant] = NULL;
	dp_memory_free(memory, rows);
}

/* Workers get a list of the rows that have filters. */
static int publish(struct dp_memory *memory, struct dp_index *index, uint16_t tenant)
{
	struct dp_rows *rows = index->rows[tenant];
	struct dp_shapes *old = index->shapes[tenant], *shapes = NULL;
	uint32_t used = 0;

	for (uint32_t i = 0; i < rows->count; i++)
		used += rows->row[i].filters > 0;
	if (used) {
		shapes = dp_shapes_make(memory, rows->row, rows->count);
		if (!shapes)
			return -ENOMEM;
	}
	rh_rcu_assign(index->shapes[tenant], shapes);
	rh_add_relaxed(&index->shapes_live, (uint64_t)used - (old ? old->count : 0));
	dp_memory_retire(memory, old);
	rows_trim(memory, index, tenant);
	return 0;
}

static struct dp_shape_row *row_find(
	struct dp_rows *rows, uint64_t seed, const struct dp_shape *shape)
{
	for (uint32_t i = 0; rows && i < rows->count; i++)
		if (rows->row[i].seed == seed &&
			memcmp(&rows->row[i].shape, shape, sizeof(*shape)) == 0)
			return &rows->row[i];
	return NULL;
}

static bool id_is_taken(const struct dp_rows *rows, uint32_t id)
{
	for (uint32_t i = 0; i < rows->count; i++)
		if (rows->row[i].id == id)
			return true;
	return id == DP_SHAPE_NONE;
}

/* None returns before a worker that still has an old list is done with it. */
static uint32_t id_draw(struct dp_index *index, const struct dp_rows *rows)
{
	while (id_is_taken(rows, index->shape_serial))
		index->shape_serial++;
	return index->shape_serial++;
}

static int row_add(struct dp_memory *memory, struct dp_index *index, uint16_t tenant,
	const struct dp_shape *shape, uint64_t seed)
{
	struct dp_rows *rows = index->rows[tenant];
	int ret;

	if (rows && rows->count >= DP_LIMIT_SHAPES)
		return -EMLINK;
	ret = rows_grow(memory, index, tenant);
	if (ret)
		return ret;
	rows = index->rows[tenant];
	rows->row[rows->count] = (struct dp_shape_row){*shape, seed, id_draw(index, rows), 1};
	rows->count++;
	ret = publish(memory, index, tenant);
	if (ret) {
		rows->row[rows->count - 1].filters = 0;
		rows_trim(memory, index, tenant);
	}
	return ret;
}

int dp_index_shape_take(struct dp_memory *memory, struct dp_index *index, uint16_t tenant,
	const struct dp_shape *shape, uint32_t *id)
{
	uint64_t seed = dp_shape_seed(&index->secret, shape, index->tenant_hash[tenant]);
	struct dp_shape_row *row = row_find(index->rows[tenant], seed, shape);
	int ret;

	if (row) {
		row->filters++;
	} else {
		ret = row_add(memory, index, tenant, shape, seed);
		if (ret)
			return ret;
		row = row_find(index->rows[tenant], seed, shape);
	}
	*id = row->id;
	return 0;
}

static struct dp_shape_row *row_at(const struct dp_index *index, uint16_t tenant, uint32_t id)
{
	struct dp_shape_row *row = index->rows[tenant]->row;

	while (row->id != id)
		row++;
	return row;
}

const struct dp_shape_row *dp_index_shape_row(
	const struct dp_index *index, uint16_t tenant, uint32_t id)
{
	return row_at(index, tenant, id);
}

void dp_index_shape_give(
	struct dp_memory *memory, struct dp_index *index, uint16_t tenant, uint32_t id)
{
	struct dp_shape_row *row = row_at(index, tenant, id);

	if (--row->filters == 0)
		(void)publish(memory, index, tenant);
}
