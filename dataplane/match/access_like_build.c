/*
 * Keys of LIKE: what its pattern has in front of the first wildcard, behind the last, and, where it has neither, between two.
 */

#include "dataplane/match/access_keys.h"

/* A LIKE pattern: its bytes in front of the first wildcard, behind the last, and the longest between two. */
struct edges {
	char front[RH_CESQL_LIKE_MAX], behind[RH_CESQL_LIKE_MAX], part[RH_CESQL_LIKE_MAX];
	uint32_t front_size, behind_size, part_size;
	uint32_t runs;	 /* of bytes without a wildcard */
	bool whole;	 /* no wildcard at all */
	bool any_only;	 /* no wildcard but '%' */
};

/* A run of bytes, those behind, ends. */
static void run_end(struct edges *e)
{
	e->runs += e->behind_size != 0;
	if (e->behind_size > e->part_size) {
		memcpy(e->part, e->behind, e->behind_size);
		e->part_size = e->behind_size;
	}
}

static void edges_find(const char *pattern, size_t size, struct edges *e)
{
	e->front_size = e->behind_size = e->part_size = e->runs = 0;
	e->whole = e->any_only = true;
	for (size_t i = 0; i < size; i++) {
		if (pattern[i] == '%' || pattern[i] == '_') {
			run_end(e);
			e->whole = false;
			e->any_only &= pattern[i] == '%';
			e->behind_size = 0;
			continue;
		}
		if (pattern[i] == '\\' && i + 1 < size && (pattern[i + 1] == '%' || pattern[i + 1] == '_'))
			i++;
		if (e->whole)
			e->front[e->front_size++] = pattern[i];
		e->behind[e->behind_size++] = pattern[i];
	}
	run_end(e);
}

/* As many as a way may look at: any number that is a key itself, else the largest power of two. */
static uint8_t bytes_of(uint32_t size)
{
	uint8_t bytes = DP_ACCESS_WHOLE;

	if (size <= DP_ACCESS_WHOLE)
		return (uint8_t)size;
	while (bytes * 2u <= size && bytes < DP_ACCESS_BYTES)
		bytes *= 2;
	return bytes;
}

static uint8_t bytes_rank(uint32_t bytes)
{
	return (uint8_t)(bytes >= 8 ? 1 : bytes >= 4 ? 2 : bytes == 3 ? 3 : 4);
}

/* @bytes of an edge or a part, all of @size: if these are all that the pattern asks for, they prove it. */
static void part_key(struct dp_keys *k, struct dp_atom *name, enum dp_access_how how, const char *bytes, uint32_t param, uint32_t size,
	const struct edges *e, uint8_t rank)
{
	struct dp_choice c = {.proves = e->any_only && e->runs == 1 && param == size && param <= DP_ACCESS_WHOLE};

	dp_choice_add(&c, name, how, (uint8_t)param, dp_access_part(k->asked->seed, bytes, param), rank);
	dp_keys_add(k, &c);
}

/* A choice for the front, one for the end; for what is anywhere, where there is neither. */
bool dp_keys_like(struct dp_keys *k, const struct rh_cesql_node *node)
{
	const struct rh_cesql_node *left = dp_keys_node(k, node->first);
	uint32_t count = k->count, bytes;
	struct dp_choice whole = {.proves = true};
	struct dp_atom *name;
	struct edges e;

	if (!dp_keys_is_name(left))
		return false;
	name = dp_keys_name(k, left);
	edges_find(k->tree->text + node->start, node->size, &e);
	if (e.whole) {
		if (dp_choice_equal(k, name, e.front, e.front_size, &whole))
			dp_keys_add(k, &whole);
		return k->count > count;
	}
	if (e.front_size) {
		bytes = bytes_of(e.front_size);
		part_key(k, name, DP_ACCESS_PREFIX, e.front, bytes, e.front_size, &e, bytes_rank(bytes));
	}
	if (e.behind_size) {
		bytes = bytes_of(e.behind_size);
		part_key(k, name, DP_ACCESS_SUFFIX, e.behind + e.behind_size - bytes, bytes, e.behind_size, &e, bytes_rank(bytes));
	}
	if (!e.front_size && !e.behind_size && e.part_size) {
		bytes = e.part_size < DP_ACCESS_ANYWHERE ? e.part_size : DP_ACCESS_ANYWHERE;
		part_key(k, name, DP_ACCESS_PART, e.part, bytes, e.part_size, &e, (uint8_t)(bytes_rank(bytes) + 1));
	}
	return k->count > count;
}
