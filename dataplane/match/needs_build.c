#include "dataplane/match/needs.h"

#include "dataplane/base/compiler.h"

#include <string.h>

const struct rh_cesql_node *dp_needs_name(const struct rh_cesql_tree *tree, uint16_t id)
{
	const struct rh_cesql_node *node = &tree->node[id], *found;
	bool first_only = node->kind == RH_CESQL_AND || node->kind == RH_CESQL_OR;

	if (node->kind == RH_CESQL_NAME)
		return node;
	/* To an error it has an answer. */
	if (node->kind == RH_CESQL_HOLDS)
		return NULL;
	for (id = node->first; id != RH_CESQL_NONE; id = first_only ? RH_CESQL_NONE : tree->node[id].next) {
		found = dp_needs_name(tree, id);
		if (found)
			return found;
	}
	return NULL;
}

const struct rh_cesql_node *dp_needs_order(const struct rh_cesql_tree *tree, const struct rh_cesql_node *node)
{
	const struct rh_cesql_node *left, *right;

	if (node->kind < RH_CESQL_LESS || node->kind > RH_CESQL_GREATER_EQUAL)
		return NULL;
	left = &tree->node[node->first];
	right = &tree->node[left->next];
	if (left->kind == RH_CESQL_NAME && right->kind == RH_CESQL_INTEGER)
		return left;
	return right->kind == RH_CESQL_NAME && left->kind == RH_CESQL_INTEGER ? right : NULL;
}

bool dp_needs_nothing(const struct rh_cesql_tree *tree, const struct rh_cesql_node *name)
{
	static const char *const required[] = {"id", "source", "specversion", "type"};

	for (size_t i = 0; i < RH_ARRAY_LEN(required); i++)
		if (strlen(required[i]) == name->size && memcmp(required[i], tree->text + name->start, name->size) == 0)
			return true;
	return false;
}
