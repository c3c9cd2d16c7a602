/*
 * Expressions come and go. AND, OR, XOR and NOT become steps; whatever is under them is a predicate. AND and OR are
 * evaluated from left to right, since an error behind what already decides must not count. In the outermost AND alone
 * the order is free, false and error both being no match: what is cheap comes first, the payload last.
 */

#include "dataplane/base/pages.h"
#include "dataplane/match/table_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BY_ID_BYTES ((DP_LIMIT_CONTENTS + 1) * sizeof(struct dp_expression *))
/* A node has one step, and one more for what joins it to the next or turns it round. */
#define STEPS_A_NODE 3

int dp_contents_init(struct dp_contents *contents, struct dp_memory *memory, const struct dp_slot *slot, uint64_t seed)
{
	contents->slot = slot;
	contents->seed = rh_hash("content", 7, seed);
	contents->by_id = rh_pages_reserve_sparse(BY_ID_BYTES);
	contents->tree = malloc(sizeof(*contents->tree));
	if (!contents->by_id || !contents->tree || rh_htable_init(&contents->predicates) ||
		rh_htable_init(&contents->conds) || dp_words_init(memory, &contents->lists) ||
		dp_words_init(memory, &contents->ways) || dp_atoms_init(memory, &contents->atoms))
		return -ENOMEM;
	return 0;
}

static void list_free(struct dp_memory *memory, struct dp_keyed *object)
{
	dp_items_free(memory, sizeof(struct dp_record), ((struct dp_list *)object)->set);
	dp_memory_free(memory, object);
}

static void ways_free(struct dp_memory *memory, struct dp_keyed *object)
{
	dp_memory_free(memory, object);
}

static void cond_free(void *arg, struct rh_hnode *node)
{
	dp_cond_free(arg, rh_container(node, struct dp_cond, node));
}

static void predicate_free(void *arg, struct rh_hnode *node)
{
	dp_memory_free(arg, rh_container(node, struct dp_predicate, node));
}

static void table_free(struct rh_htable *table, struct dp_memory *memory, void (*node_free)(void *, struct rh_hnode *))
{
	if (table->buckets)
		rh_htable_each(table, node_free, memory);
	rh_htable_fini(table);
}

void dp_contents_fini(struct dp_contents *contents, struct dp_memory *memory)
{
	dp_words_fini(memory, &contents->lists, list_free);
	dp_words_fini(memory, &contents->ways, ways_free);
	dp_atoms_fini(memory, &contents->atoms);
	table_free(&contents->conds, memory, cond_free);
	for (dp_content_id_t id = 1; contents->by_id && id <= contents->id_most; id++)
		dp_memory_free(memory, contents->by_id[id]);
	table_free(&contents->predicates, memory, predicate_free);
	rh_pages_release(contents->by_id, BY_ID_BYTES);
	free(contents->tree);
}

/* What is being compiled: its own copy of the tree, so that a negation can be taken off a node. */
struct compiler {
	struct dp_table *table;
	struct rh_cesql_tree *tree;
	struct dp_asked_patterns patterns;
	struct rh_error *err;
	uint32_t count, operands, keys;
	uint64_t step[STEPS_A_NODE * RH_CESQL_NODES_MAX + 1];
	struct dp_operand operand[DP_OPERANDS_MOST];
	struct dp_access_key key[DP_ACCESS_KEYS];
	struct dp_asked_atoms asked;
};

static void emit(struct compiler *c, enum dp_step code, uint64_t value)
{
	c->step[c->count++] = DP_STEP(code, value);
}

static int compile_node(struct compiler *c, uint16_t id);

static bool is_logic(const struct rh_cesql_node *node)
{
	return node->kind == RH_CESQL_NOT || node->kind >= RH_CESQL_AND;
}

/* A predicate and its negation are one. */
static int compile_predicate(struct compiler *c, uint16_t id, bool boolean)
{
	struct rh_cesql_node *node = &c->tree->node[id];
	struct dp_predicate *predicate;
	bool negated = node->negated;
	int ret;

	node->negated = false;
	ret = dp_predicate_get(&c->table->contents, &c->table->memory, c->tree, id, boolean, &c->patterns,
		&predicate, c->err);
	if (ret)
		return ret;
	emit(c, DP_STEP_TEST, (uintptr_t)predicate);
	if (negated)
		emit(c, DP_STEP_NOT, 0);
	return 0;
}

static int compile_xor(struct compiler *c, const struct rh_cesql_node *node)
{
	uint16_t id = node->first;
	int ret = compile_node(c, id);

	while (ret == 0 && (id = c->tree->node[id].next) != RH_CESQL_NONE) {
		emit(c, DP_STEP_PUSH, 0);
		ret = compile_node(c, id);
		emit(c, DP_STEP_XOR, 0);
	}
	return ret;
}

/* Steps [@from, count) of that code lead to here. */
static void land(struct compiler *c, uint32_t from, enum dp_step code)
{
	for (uint32_t i = from; i < c->count; i++)
		if (c->step[i] == DP_STEP(code, 0))
			c->step[i] = DP_STEP(code, c->count);
}

/* @ids in the order in which they are to be evaluated. */
static int compile_chain(struct compiler *c, enum dp_step code, const uint16_t *ids, uint32_t count)
{
	uint32_t from = c->count;
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < count; i++) {
		ret = compile_node(c, ids[i]);
		if (i + 1 < count)
			emit(c, code, 0);
	}
	land(c, from, code);
	return ret;
}

static uint32_t children(const struct compiler *c, const struct rh_cesql_node *node, uint16_t *ids)
{
	uint32_t count = 0;

	for (uint16_t id = node->first; id != RH_CESQL_NONE; id = c->tree->node[id].next)
		ids[count++] = id;
	return count;
}

/* Operand of another node. */
static int compile_node(struct compiler *c, uint16_t id)
{
	const struct rh_cesql_node *node = &c->tree->node[id];
	uint16_t *ids;
	int ret;

	if (!is_logic(node))
		return compile_predicate(c, id, true);
	if (node->kind == RH_CESQL_XOR)
		return compile_xor(c, node);
	if (node->kind == RH_CESQL_NOT) {
		ret = compile_node(c, node->first);
		emit(c, DP_STEP_NOT, 0);
		return ret;
	}
	ids = malloc(node->children * sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	ret = compile_chain(c, node->kind == RH_CESQL_AND ? DP_STEP_AND : DP_STEP_OR, ids, children(c, node, ids));
	free(ids);
	return ret;
}

/* Nodes under @id: the more, the dearer; the payload's patterns are dearer, and its fields dearest. */
static uint32_t weight(const struct rh_cesql_tree *tree, uint16_t id)
{
	const struct rh_cesql_node *node = &tree->node[id];
	uint32_t sum = 1;

	if (node->kind == RH_CESQL_PAYLOAD)
		sum = RH_CESQL_NODES_MAX;
	if (node->kind == RH_CESQL_CALL && rh_cesql_is_json(node))
		sum = RH_CESQL_NODES_MAX * RH_CESQL_NODES_MAX;
	for (id = node->first; id != RH_CESQL_NONE; id = tree->node[id].next)
		sum += weight(tree, id);
	return sum;
}

/* Cheap ones first, equal ones as they were written. */
static void sort(const struct compiler *c, uint16_t *ids, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		uint16_t id = ids[i];
		uint32_t at = i;

		for (; at > 0 && weight(c->tree, ids[at - 1]) > weight(c->tree, id); at--)
			ids[at] = ids[at - 1];
		ids[at] = id;
	}
}

static int compile_root(struct compiler *c)
{
	const struct rh_cesql_node *root = &c->tree->node[c->tree->root];
	uint16_t *ids;
	uint32_t count;
	int ret;

	if (root->kind != RH_CESQL_AND)
		return is_logic(root) ? compile_node(c, c->tree->root) : compile_predicate(c, c->tree->root, false);
	ids = malloc(root->children * sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	count = children(c, root, ids);
	sort(c, ids, count);
	ret = compile_chain(c, DP_STEP_AND, ids, count);
	free(ids);
	return ret;
}

static void steps_put(struct dp_table *table, const uint64_t *step, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (DP_STEP_CODE(step[i]) == DP_STEP_TEST)
			dp_predicate_put(&table->contents, &table->memory,
				(struct dp_predicate *)(uintptr_t)DP_STEP_PREDICATE(step[i]));
}

static void tree_copy(struct rh_cesql_tree *to, const struct rh_cesql_tree *from)
{
	to->nodes = from->nodes;
	to->used = from->used;
	to->root = from->root;
	memcpy(to->node, from->node, from->nodes * sizeof(from->node[0]));
	memcpy(to->text, from->text, from->used);
}

static void atoms_put(struct dp_table *table, struct dp_atom *const *atom, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		dp_atom_put(&table->memory, &table->contents.atoms, atom[i]);
}

static int expression_create(struct compiler *c, struct dp_expression **out)
{
	struct dp_expression *expression =
		dp_memory_alloc(&c->table->memory, dp_expression_size(c->count, c->operands, c->keys, c->asked.count));

	if (!expression)
		return -ENOMEM;
	expression->steps = c->count;
	expression->operands = (uint8_t)c->operands;
	expression->keys = (uint8_t)c->keys;
	expression->atoms = (uint8_t)c->asked.count;
	memcpy(expression->step, c->step, c->count * sizeof(c->step[0]));
	memcpy(dp_expression_operands(expression), c->operand, c->operands * sizeof(c->operand[0]));
	memcpy(dp_expression_keys(expression), c->key, c->keys * sizeof(c->key[0]));
	memcpy(dp_expression_atoms(expression), c->asked.atom, c->asked.count * sizeof(c->asked.atom[0]));
	*out = expression;
	return 0;
}

static int pattern_check(const struct compiler *c, dp_pattern_id_t pattern)
{
	const struct dp_patterns *patterns = dp_patterns_pending(c->table, c->patterns.tenant);

	if (!pattern || !patterns || pattern > patterns->max_pattern)
		return rh_error_set(c->err, EINVAL,
			"content: pattern %u is not installed: set the tenant's patterns first", pattern);
	return 0;
}

/* Content that is a payload pattern and nothing else. */
static int compile_pattern(struct compiler *c)
{
	struct dp_predicate *predicate;
	int ret = pattern_check(c, c->patterns.number[0]);

	if (ret == 0)
		ret = dp_predicate_get_pattern(&c->table->contents, &c->table->memory, &c->patterns, &predicate);
	if (ret)
		return ret;
	emit(c, DP_STEP_TEST, (uintptr_t)predicate);
	c->key[c->keys++] = dp_access_pattern_key(c->patterns.number[0]);
	return 0;
}

static int patterns_check(const struct compiler *c, const struct rh_cesql_tree *tree)
{
	struct rh_cesql_pattern *pattern = malloc(sizeof(*pattern));
	uint16_t node = RH_CESQL_NONE;
	int ret = pattern ? 0 : -ENOMEM;

	for (unsigned n = 0; ret == 0 && rh_cesql_pattern_next(tree, &node, pattern); n++)
		ret = pattern_check(c, c->patterns.number ? c->patterns.number[n] : 0);
	free(pattern);
	return ret;
}

static int compile(struct compiler *c, const struct rh_cesql_tree *tree)
{
	int ret;

	if (!tree)
		return compile_pattern(c);
	ret = patterns_check(c, tree);
	if (ret)
		return ret;
	tree_copy(c->tree, tree);
	c->keys = dp_access_keys(tree, c->patterns.number, &c->asked, c->key);
	c->operands = dp_operands(tree, &c->asked, c->operand);
	return c->asked.no_memory ? -ENOMEM : compile_root(c);
}

static int check(const struct dp_table *table, uint16_t tenant, dp_content_id_t id, struct rh_error *err)
{
	if (tenant >= DP_LIMIT_TENANTS)
		return rh_error_set(err, EINVAL, "content: tenant %u: ids run from 0 to %d", tenant, DP_LIMIT_TENANTS - 1);
	if (!id || id > DP_LIMIT_CONTENTS)
		return rh_error_set(err, EINVAL, "content: number %u: numbers run from 1 to %d", id, DP_LIMIT_CONTENTS);
	if (dp_content_find(&table->contents, id))
		return rh_error_set(err, EEXIST, "content: number %u has an expression: remove that first", id);
	return 0;
}

static uint32_t epoch_pending(const struct dp_table *table, uint16_t tenant)
{
	const struct dp_patterns *patterns = dp_patterns_pending(table, tenant);

	return patterns ? patterns->epoch : 0;
}

static void content_take(struct dp_contents *contents, dp_content_id_t id)
{
	contents->by_id[id]->id = id;
	if (id > contents->id_most)
		contents->id_most = id;
}

int dp_table_content_add(struct dp_table *table, uint16_t tenant, dp_content_id_t id, const struct rh_cesql_tree *tree,
	const dp_pattern_id_t *patterns, struct rh_error *err)
{
	struct compiler *c;
	int ret = check(table, tenant, id, err);

	if (ret)
		return ret;
	c = malloc(sizeof(*c));
	if (!c)
		return rh_error_set(err, ENOMEM, "content: no memory");
	c->table = table;
	c->tree = table->contents.tree;
	c->err = err;
	c->count = c->keys = c->operands = 0;
	c->asked = (struct dp_asked_atoms){&table->memory, &table->contents.atoms, table->contents.seed, false, 0, {NULL}};
	c->patterns = (struct dp_asked_patterns){tenant, epoch_pending(table, tenant), patterns};
	ret = compile(c, tree);
	if (ret == 0)
		ret = expression_create(c, &table->contents.by_id[id]);
	if (ret) {
		steps_put(table, c->step, c->count);
		atoms_put(table, c->asked.atom, c->asked.count);
	} else {
		content_take(&table->contents, id);
	}
	free(c);
	return ret == -ENOMEM ? rh_error_set(err, ENOMEM, "content: no memory for the expression") : ret;
}

static void expression_drop(struct dp_table *table, struct dp_expression *expression)
{
	steps_put(table, expression->step, expression->steps);
	atoms_put(table, dp_expression_atoms(expression), expression->atoms);
	table->contents.by_id[expression->id] = NULL;
	dp_memory_retire(&table->memory, expression);
}

int dp_table_content_del(struct dp_table *table, dp_content_id_t id)
{
	struct dp_expression *expression = dp_content_find(&table->contents, id);

	if (!expression)
		return -ENOENT;
	if (expression->refs)
		return -EBUSY;
	expression_drop(table, expression);
	return 0;
}
