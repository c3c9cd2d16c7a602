#include "dataplane/match/operand.h"

#include "dataplane/match/needs.h"

/* By how many powers of two less a test is expected to narrow. */
#define RANK_EQUAL     1
#define RANK_ORDER     3
#define RANK_BOOLEAN   4
#define RANK_THERE     5
#define RANK_DIFFERENT 6
#define RANK_NONE      15
/* Of the attribute that the key is of, which is there. */
#define RANK_SAME_NAME 4

struct operands {
	const struct rh_cesql_tree *tree;
	struct dp_asked_atoms *asked;
};

static const struct rh_cesql_node *node_at(const struct operands *o, uint16_t id)
{
	return &o->tree->node[id];
}

static const struct dp_operand none = {DP_TEST_ALWAYS, RANK_NONE, false};

/* A test of the attribute @name; none where it has no number. */
static struct dp_operand test(struct operands *o, const struct rh_cesql_node *name, enum dp_fact_kind kind, uint32_t outcomes,
	uint64_t constant, uint8_t rank)
{
	struct dp_atom *atom =
		dp_asked_name(o->asked, (struct rh_cesql_text){o->tree->text + name->start, name->size});

	if (!atom || !atom->number)
		return none;
	rh_store_relaxed(&atom->asks, (uint8_t)(atom->asks | 1U << kind));
	return (struct dp_operand){DP_TEST(atom->number, kind, outcomes, constant), rank, true};
}

/* Needs it; what else is not said. */
static struct dp_operand needs(struct operands *o, const struct rh_cesql_node *name)
{
	struct dp_operand operand =
		name ? test(o, name, DP_FACT_THERE, DP_TEST_EQUAL, 0, RANK_THERE) : none;

	operand.whole = false;
	return operand;
}

/* An attribute on the left and a literal on the right, whose type counts (section 3.4.5). */
static struct dp_operand equal(struct operands *o, const struct rh_cesql_node *node)
{
	const struct rh_cesql_node *name = node_at(o, node->first), *literal = node_at(o, name->next);
	uint32_t outcomes = node->negated ? DP_TEST_LESS | DP_TEST_GREATER : DP_TEST_EQUAL;
	uint8_t rank = node->negated ? RANK_DIFFERENT : RANK_EQUAL;
	struct dp_atom *string;

	switch ((enum rh_cesql_kind)literal->kind) {
	case RH_CESQL_STRING:
		string = dp_asked_string(o->asked, (struct rh_cesql_text){o->tree->text + literal->start, literal->size});
		return string ? test(o, name, DP_FACT_STRING, outcomes, dp_fact_atom(string), rank) : needs(o, name);
	case RH_CESQL_INTEGER:
		return test(o, name, DP_FACT_INTEGER, outcomes, dp_fact_integer(literal->integer), rank);
	case RH_CESQL_BOOLEAN:
		return test(o, name, DP_FACT_BOOLEAN, outcomes, literal->integer != 0, RANK_BOOLEAN);
	default:
		return needs(o, name);
	}
}

static struct dp_operand order(struct operands *o, const struct rh_cesql_node *node)
{
	static const uint32_t outcomes[] = {DP_TEST_LESS, DP_TEST_LESS | DP_TEST_EQUAL, DP_TEST_GREATER,
		DP_TEST_GREATER | DP_TEST_EQUAL},
			      mirrored[] = {DP_TEST_GREATER, DP_TEST_GREATER | DP_TEST_EQUAL, DP_TEST_LESS,
				      DP_TEST_LESS | DP_TEST_EQUAL};
	const struct rh_cesql_node *name = dp_needs_order(o->tree, node), *left = node_at(o, node->first),
				   *right = node_at(o, left->next);

	if (name == left)
		return test(o, name, DP_FACT_INTEGER, outcomes[node->kind - RH_CESQL_LESS], dp_fact_integer(right->integer),
			RANK_ORDER);
	return test(
		o, name, DP_FACT_INTEGER, mirrored[node->kind - RH_CESQL_LESS], dp_fact_integer(left->integer), RANK_ORDER);
}

static struct dp_operand operand_of(struct operands *o, uint16_t id)
{
	const struct rh_cesql_node *node = node_at(o, id);

	if (node->kind == RH_CESQL_EQUAL && node_at(o, node->first)->kind == RH_CESQL_NAME)
		return equal(o, node);
	if (dp_needs_order(o->tree, node))
		return order(o, node);
	/* True of required attributes whether they are there or not. */
	if (node->kind == RH_CESQL_EXISTS)
		return dp_needs_nothing(o->tree, node)
			       ? none
			       : test(o, node, DP_FACT_THERE, DP_TEST_EQUAL, 0, RANK_THERE);
	return needs(o, dp_needs_name(o->tree, id));
}

uint32_t dp_operands(const struct rh_cesql_tree *tree, struct dp_asked_atoms *asked, struct dp_operand *out)
{
	struct operands o = {tree, asked};
	const struct rh_cesql_node *root = &tree->node[tree->root];
	uint32_t count = 0;

	if (root->kind != RH_CESQL_AND) {
		out[0] = operand_of(&o, tree->root);
		return 1;
	}
	if (root->children > DP_OPERANDS_MOST)
		return 0;
	for (uint16_t id = root->first; id != RH_CESQL_NONE; id = tree->node[id].next)
		out[count++] = operand_of(&o, id);
	return count;
}

uint64_t dp_operands_left(const struct dp_operand *operand, uint32_t count, const struct dp_access_key *key, bool *all)
{
	const struct dp_operand *best = &none;
	uint32_t best_rank = UINT32_MAX, left = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t rank = operand[i].rank;

		if (key->proves && key->operand == i)
			continue;
		left++;
		if (key->name && key->name->number && DP_TEST_NUMBER(operand[i].test) == key->name->number)
			rank += RANK_SAME_NAME;
		if (rank < best_rank) {
			best = &operand[i];
			best_rank = rank;
		}
	}
	*all = count && (left == 0 || (left == 1 && best->whole));
	return best->test;
}
