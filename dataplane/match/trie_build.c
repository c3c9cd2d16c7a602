#include "dataplane/match/table_priv.h"

#include <errno.h>

static struct dp_node *node_alloc(
	struct dp_memory *memory, struct dp_node *parent, const char *level, uint16_t size)
{
	struct dp_node *node = dp_memory_alloc(memory, sizeof(*node) + size);

	if (!node)
		return NULL;
	node->parent = parent;
	node->size = size;
	if (size)
		memcpy(node->level, level, size);
	return node;
}

static void count_nodes(struct dp_table *table, int64_t more)
{
	rh_add_relaxed(&table->stats.nodes, (uint64_t)more);
}

/* A '+' path hashes like a literal level that no topic can hold. */
static struct dp_node *child_one(struct dp_table *table, struct dp_node *parent)
{
	struct dp_node *node = parent->one;

	if (node)
		return node;
	node = node_alloc(&table->memory, parent, "+", 1);
	if (!node)
		return NULL;
	node->is_one = true;
	node->hash = dp_level_hash("+", 1, parent->hash);
	parent->children++;
	count_nodes(table, 1);
	rh_rcu_assign(parent->one, node);
	return node;
}

static struct dp_node *child_literal(struct dp_table *table, struct dp_tenant *tenant,
	struct dp_node *parent, const char *level, uint16_t size)
{
	uint64_t hash = dp_level_hash(level, size, parent->hash);
	struct dp_node *node = dp_edge_find(tenant->edges, parent, level, size, hash);

	if (node)
		return node;
	node = node_alloc(&table->memory, parent, level, size);
	if (!node)
		return NULL;
	node->hash = hash;
	if (dp_edge_insert(&table->memory, tenant, node)) {
		dp_memory_free(&table->memory, node);
		return NULL;
	}
	parent->children++;
	count_nodes(table, 1);
	return node;
}

int dp_trie_path(struct dp_table *table, struct dp_tenant *tenant, const struct rh_filter *filter,
	struct dp_node **out)
{
	struct dp_node *at = tenant->root, *child;

	for (uint32_t i = 0; i < filter->tokens; i++) {
		const struct rh_token *token = &filter->token[i];

		if (token->kind == RH_TOKEN_TAIL0)
			break;
		/* TAIL1 is ONE and then TAIL0. */
		child = token->kind != RH_TOKEN_LIT
				? child_one(table, at)
				: child_literal(table, tenant, at, filter->canon + token->start,
					  token->size);
		if (!child) {
			dp_trie_prune(table, tenant, at);
			return -ENOMEM;
		}
		at = child;
	}
	*out = at;
	return 0;
}

static bool serves(const struct dp_node *node)
{
	for (unsigned kind = 0; kind < DP_SET_KINDS; kind++)
		if (node->set[kind])
			return true;
	return node->children > 0;
}

void dp_trie_prune(struct dp_table *table, struct dp_tenant *tenant, struct dp_node *node)
{
	while (node != tenant->root && !serves(node)) {
		struct dp_node *parent = node->parent;

		if (node->is_one)
			rh_rcu_assign(parent->one, NULL);
		else
			dp_edge_remove(&table->memory, tenant, node);
		parent->children--;
		count_nodes(table, -1);
		dp_memory_retire(&table->memory, node);
		node = parent;
	}
}

int dp_tenant_create(struct dp_table *table, uint16_t id, struct dp_tenant **out)
{
	struct dp_memory *memory = &table->memory;
	struct dp_tenant *tenant = dp_memory_alloc(memory, sizeof(*tenant));

	if (!tenant)
		return -ENOMEM;
	tenant->root = node_alloc(memory, NULL, NULL, 0);
	tenant->edges = dp_memory_alloc(memory, sizeof(*tenant->edges) + 64 * sizeof(uint64_t));
	if (!tenant->root || !tenant->edges) {
		dp_tenant_free(table, tenant);
		return -ENOMEM;
	}
	tenant->edges->mask = 63;
	tenant->root->hash = dp_tenant_hash(id, table->conf.seed);
	rh_rcu_assign(table->tenant[id], tenant);
	*out = tenant;
	return 0;
}

static void node_free(struct dp_table *table, struct dp_node *node)
{
	while (node) {
		struct dp_node *one = node->one;

		for (unsigned kind = 0; kind < DP_SET_KINDS; kind++)
			dp_set_free(&table->memory, node->set[kind]);
		dp_memory_free(&table->memory, node);
		node = one;
	}
}

void dp_tenant_free(struct dp_table *table, struct dp_tenant *tenant)
{
	struct dp_edges *edges = tenant->edges;

	for (uint64_t i = 0; edges && i <= edges->mask; i++)
		if (edges->slot[i] > DP_EDGE_REMOVED)
			node_free(table, dp_edge_node(edges->slot[i]));
	node_free(table, tenant->root);
	dp_memory_free(&table->memory, edges);
	dp_memory_free(&table->memory, tenant);
}
