#include "dataplane/base/hash.h"
#include "dataplane/match/expression.h"

#include <errno.h>
#include <string.h>

/* All that tells predicates apart, in one piece. */
struct identity {
	uint8_t kind;
	uint16_t tenant;
	dp_pattern_id_t pattern;
	const struct rh_cesql_program *program;
	size_t size;
	uint64_t hash;
};

static void identity_hash(struct identity *identity, uint64_t seed)
{
	uint64_t head = (uint64_t)identity->kind << 56 | (uint64_t)identity->tenant << 32 | identity->pattern;

	identity->hash = rh_hash(identity->program, identity->size, rh_hash(&head, sizeof(head), seed));
}

static bool is(const struct dp_predicate *predicate, const struct identity *identity)
{
	return (predicate->kind == DP_PREDICATE_PATTERN) == (identity->kind == DP_PREDICATE_PATTERN) && predicate->tenant == identity->tenant &&
	       predicate->pattern == identity->pattern &&
	       (identity->kind == DP_PREDICATE_PATTERN ||
		       (rh_cesql_program_size(dp_predicate_program(predicate)) == identity->size &&
			       memcmp(predicate->program, identity->program, identity->size) == 0));
}

static struct dp_predicate *find(const struct dp_contents *contents, const struct identity *identity)
{
	for (struct rh_hnode *n = rh_htable_find(&contents->predicates, identity->hash); n;
		n = rh_htable_next(n, identity->hash)) {
		struct dp_predicate *predicate = rh_container(n, struct dp_predicate, node);

		if (is(predicate, identity))
			return predicate;
	}
	return NULL;
}

static struct dp_predicate *create(
	struct dp_memory *memory, const struct identity *identity, uint32_t epoch, uint64_t seed)
{
	struct dp_predicate *predicate = dp_memory_alloc(memory, sizeof(*predicate) + identity->size);

	if (!predicate)
		return NULL;
	predicate->kind = identity->kind;
	predicate->tenant = identity->tenant;
	predicate->pattern = identity->pattern;
	predicate->epoch = epoch;
	predicate->asks_payload = true;
	if (!identity->program)
		return predicate;
	memcpy(predicate->program, identity->program, identity->size);
	predicate->asks_payload = rh_cesql_program_asks_payload(identity->program);
	predicate->asks_attributes = rh_cesql_program_asks_attributes(identity->program);
	if (rh_cesql_program_comparison(dp_predicate_program(predicate), &predicate->compare)) {
		predicate->kind = DP_PREDICATE_COMPARE;
		predicate->name_hash = dp_access_bytes(seed, predicate->compare.name.bytes, predicate->compare.name.size);
	}
	return predicate;
}

static int get(struct dp_contents *contents, struct dp_memory *memory, struct identity *identity, uint32_t epoch,
	struct dp_predicate **out)
{
	identity_hash(identity, contents->seed);
	*out = find(contents, identity);
	if (!*out) {
		*out = create(memory, identity, epoch, contents->seed);
		if (!*out)
			return -ENOMEM;
		rh_htable_insert(&contents->predicates, &(*out)->node, identity->hash);
	}
	(*out)->refs++;
	return 0;
}

int dp_predicate_get(struct dp_contents *contents, struct dp_memory *memory, const struct rh_cesql_tree *tree, uint16_t id,
	bool boolean, const struct dp_asked_patterns *patterns, struct dp_predicate **out, struct rh_error *err)
{
	struct identity identity = {.kind = DP_PREDICATE_PROGRAM};
	struct rh_cesql_program *program;
	uint32_t epoch = 0;
	int ret = rh_cesql_compile_part(tree, id, boolean, &program, err);

	if (ret)
		return ret;
	/* Where it stands in an expression makes it no other. */
	rh_cesql_program_forget_places(program);
	if (rh_cesql_program_asks_patterns(program)) {
		rh_cesql_program_number(program, patterns->number);
		identity.tenant = patterns->tenant;
		epoch = patterns->epoch;
	}
	identity.program = program;
	identity.size = rh_cesql_program_size(program);
	ret = get(contents, memory, &identity, epoch, out);
	rh_cesql_destroy(program);
	return ret;
}

int dp_predicate_get_pattern(struct dp_contents *contents, struct dp_memory *memory, const struct dp_asked_patterns *patterns,
	struct dp_predicate **out)
{
	struct identity identity = {
		.kind = DP_PREDICATE_PATTERN, .tenant = patterns->tenant, .pattern = patterns->number[0]};

	return get(contents, memory, &identity, patterns->epoch, out);
}

void dp_predicate_put(struct dp_contents *contents, struct dp_memory *memory, struct dp_predicate *predicate)
{
	if (--predicate->refs)
		return;
	rh_htable_remove(&contents->predicates, &predicate->node);
	dp_memory_retire(memory, predicate);
}
