#include "dataplane/match/shape.h"

#include "dataplane/api/limits.h"

#include <assert.h>

static_assert(sizeof(struct dp_shape) == 32, "compared and hashed as bytes: no padding");
static_assert(sizeof(struct dp_shape_list) == 8 && sizeof(struct dp_probes) == 80,
	"a list of a few probes is a line or two");
static_assert(2 * (DP_SHAPE_LISTED + 1) * (DP_LIMIT_SHAPES / DP_PROBES_WIDE + 1) <= UINT16_MAX, "a list's place has 16 bits");
static_assert(DP_PROBES_WIDE == 4, "no_probes names four");
static_assert(DP_SHAPE_LISTED <= 64, "a bit of the mask for each level");

/* Bytes of @token that are known from its level's start; 0: none. *@whole: they are the level. */
static uint16_t known_bytes(const struct rh_filter *filter, const struct rh_token *token, bool *whole)
{
	const char *glob = filter->canon + token->start;
	const char *star;

	*whole = token->kind == RH_TOKEN_LIT;
	if (token->kind == RH_TOKEN_LIT || token->kind == RH_TOKEN_PREFIX)
		return token->size;
	if (token->kind != RH_TOKEN_SUB)
		return 0;
	star = memchr(glob, (char)RH_CANON_STAR, token->size);
	return star ? (uint16_t)(star - glob) : token->size;
}

static void part_add(struct dp_shape *shape, uint8_t from_end, size_t level, uint16_t prefix)
{
	if (shape->parts < DP_SHAPE_PARTS)
		shape->part[shape->parts++] =
			(struct dp_part){from_end, (uint8_t)level, prefix};
}

/* Level @level counted from the front, or from the end. */
static void level_add(const struct rh_filter *filter, size_t token, uint8_t from_end, size_t level,
	struct dp_shape *shape, bool *partial)
{
	bool whole;
	uint16_t known = known_bytes(filter, &filter->token[token], &whole);

	if (whole && !from_end && level < DP_KEY_LEVELS) {
		shape->mask |= 1ULL << level;
		return;
	}
	if (filter->token[token].kind == RH_TOKEN_ONE)
		return;
	*partial = true;
	if (whole || known)
		part_add(shape, from_end, level, whole ? 0 : known);
}

static bool is_tail(const struct rh_token *token)
{
	return token->kind == RH_TOKEN_TAIL0 || token->kind == RH_TOKEN_TAIL1 ||
	       token->kind == RH_TOKEN_ANY;
}

void dp_shape_of(const struct rh_filter *filter, struct dp_shape *out, bool *partial)
{
	size_t tokens = filter->tokens, i;

	memset(out, 0, sizeof(*out));
	*partial = filter->verbatim_at || tokens > DP_KEY_LEVELS;
	out->hides_dollar = filter->hides_dollar;
	for (i = 0; i < tokens; i++) {
		out->least += filter->token[i].kind != RH_TOKEN_TAIL0 &&
			      filter->token[i].kind != RH_TOKEN_ANY;
		out->open |= is_tail(&filter->token[i]);
	}
	for (i = 0; i < tokens && !is_tail(&filter->token[i]); i++)
		level_add(filter, i, 0, i, out, partial);
	if (i == tokens || filter->token[i].kind != RH_TOKEN_ANY)
		return;
	*partial = true;
	for (size_t k = tokens; k > 0 && !is_tail(&filter->token[k - 1]); k--)
		level_add(filter, k - 1, 1, tokens - k, out, partial);
}

uint64_t dp_shape_seed(const struct dp_secret *secret, const struct dp_shape *shape, uint64_t tenant)
{
	return rh_hash(shape, sizeof(*shape), secret->seed) + tenant;
}

static uint64_t part_key(const struct dp_secret *secret, const struct dp_part *part,
	const struct rh_filter *filter)
{
	size_t at = part->from_end ? (size_t)filter->tokens - 1 - part->level : part->level;
	const struct rh_token *token = &filter->token[at];

	return dp_part_hash(secret, part, filter->canon + token->start,
		part->prefix ? part->prefix : token->size);
}

uint64_t dp_shape_key(const struct dp_secret *secret, const struct dp_shape *shape, uint64_t seed,
	const struct rh_filter *filter)
{
	uint64_t key = seed;

	for (uint64_t mask = shape->mask; mask; mask &= mask - 1) {
		uint32_t at = (uint32_t)__builtin_ctzll(mask);
		const struct rh_token *token = &filter->token[at];

		key += dp_level_hash_at_edge(
			secret, at, filter->canon + token->start, token->size);
	}
	for (uint32_t i = 0; i < shape->parts; i++)
		key += part_key(secret, &shape->part[i], filter);
	return key;
}

/* Bit 63 - i for bit i. */
static uint64_t mask_turned(uint64_t mask)
{
	uint64_t turned = 0;

	for (; mask; mask &= mask - 1)
		turned |= 1ULL << 63 >> __builtin_ctzll(mask);
	return turned;
}

static const struct dp_probes no_probes = {
	.id = {DP_SHAPE_NONE, DP_SHAPE_NONE, DP_SHAPE_NONE, DP_SHAPE_NONE}};

static void probe_put(struct dp_probes *probes, uint32_t at, const struct dp_shape_row *row)
{
	probes += at / DP_PROBES_WIDE;
	at %= DP_PROBES_WIDE;
	if (at == 0)
		*probes = no_probes;
	probes->seed[at] = row->seed;
	probes->mask[at] = mask_turned(row->shape.mask);
	probes->id[at] = row->id;
}

static uint16_t probes_for(uint32_t shapes)
{
	return (uint16_t)((shapes + DP_PROBES_WIDE - 1) / DP_PROBES_WIDE);
}

/* Probes for topics of @levels levels that begin with '$' or not, from @at on. */
static void list_fill(struct dp_shapes *shapes, uint32_t levels, bool dollar, uint32_t at)
{
	struct dp_shape_list *list = &shapes->list[levels];
	uint32_t used = 0;

	for (uint32_t i = shapes->odd; i < shapes->count; i++)
		if (dp_shape_fits(&shapes->row[i].shape, levels, dollar))
			probe_put(&shapes->probes[at], used++, &shapes->row[i]);
	list->at[dollar] = (uint16_t)at;
	list->count[dollar] = probes_for(used);
}

/* For topics of @levels levels that begin with '$' or not. */
static uint32_t probes_most(const struct dp_shape_row *rows, uint32_t count, uint32_t levels, bool dollar)
{
	uint32_t shapes = 0;

	for (uint32_t i = 0; i < count; i++)
		shapes += rows[i].filters && !rows[i].shape.parts &&
			  dp_shape_fits(&rows[i].shape, levels, dollar);
	return probes_for(shapes);
}

static void rows_copy(struct dp_shapes *shapes, struct dp_shape_row *to,
	const struct dp_shape_row *rows, uint32_t count, bool odd)
{
	for (uint32_t i = 0; i < count; i++)
		if (rows[i].filters && (rows[i].shape.parts > 0) == odd)
			to[shapes->count++] = rows[i];
}

struct dp_shapes *dp_shapes_make(
	struct dp_memory *memory, const struct dp_shape_row *rows, uint32_t count)
{
	struct dp_shapes *shapes;
	struct dp_shape_row *to;
	uint32_t probes = 0, at = 0;

	for (uint32_t i = 0; i < 2 * (DP_SHAPE_LISTED + 1); i++)
		probes += probes_most(rows, count, i / 2, i % 2);
	shapes = dp_memory_alloc(memory,
		sizeof(*shapes) + probes * sizeof(*shapes->probes) + count * sizeof(*rows));
	if (!shapes)
		return NULL;
	to = (struct dp_shape_row *)(shapes->probes + probes);
	shapes->row = to;
	rows_copy(shapes, to, rows, count, true);
	shapes->odd = shapes->count;
	rows_copy(shapes, to, rows, count, false);
	for (uint32_t i = 0; i < 2 * (DP_SHAPE_LISTED + 1); i++) {
		list_fill(shapes, i / 2, i % 2, at);
		at += shapes->list[i / 2].count[i % 2];
	}
	return shapes;
}
