#include "dataplane/cesql/predicates.h"

#include <string.h>

/* Do the nodes @a and @b mean the same, letter for letter? Recursion is bounded by the depth. */
static bool same(const struct rh_cesql_tree *tree, uint16_t a, uint16_t b, bool whatever_sign)
{
	const struct rh_cesql_node *x = &tree->node[a], *y = &tree->node[b];

	if (x->kind != y->kind || x->function != y->function || x->children != y->children ||
		x->integer != y->integer || x->size != y->size || (x->negated != y->negated && !whatever_sign) ||
		memcmp(tree->text + x->start, tree->text + y->start, x->size) != 0)
		return false;
	a = x->first;
	b = y->first;
	while (a != RH_CESQL_NONE && same(tree, a, b, false)) {
		a = tree->node[a].next;
		b = tree->node[b].next;
	}
	return a == RH_CESQL_NONE;
}

static void collect(const struct rh_cesql_tree *tree, uint16_t id, struct cesql_predicates *found)
{
	const struct rh_cesql_node *node = &tree->node[id];

	if (node->kind == RH_CESQL_NOT || node->kind == RH_CESQL_HOLDS || node->kind >= RH_CESQL_AND) {
		for (id = node->first; id != RH_CESQL_NONE; id = tree->node[id].next)
			collect(tree, id, found);
		return;
	}
	if (node->kind <= RH_CESQL_STRING)
		return;
	for (unsigned i = 0; i < found->count; i++)
		if (same(tree, found->id[i], id, true))
			return;
	found->id[found->count++] = id;
}

void cesql_predicates_find(const struct rh_cesql_tree *tree, struct cesql_predicates *out)
{
	out->count = 0;
	collect(tree, tree->root, out);
}

unsigned rh_cesql_predicates(const struct rh_cesql_tree *tree)
{
	struct cesql_predicates found;

	cesql_predicates_find(tree, &found);
	return found.count;
}
