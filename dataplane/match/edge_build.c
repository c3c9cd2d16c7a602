#include "dataplane/base/compiler.h"
#include "dataplane/match/table_priv.h"

#include <errno.h>

#define EDGES_MIN 64
/* A seeded table that still has a run of DP_PROBE_MAX after so many doublings does not exist. */
#define GROW_TRIES 4

/* False when the run is full. */
static bool place(struct dp_edges *edges, struct dp_node *node, bool *reused)
{
	uint64_t word = (uint64_t)(uintptr_t)node | dp_edge_tag(node->hash);

	for (uint64_t i = 0; i < DP_PROBE_MAX; i++) {
		uint64_t *slot = &edges->slot[(node->hash + i) & edges->mask];

		if (*slot > DP_EDGE_REMOVED)
			continue;
		*reused = *slot == DP_EDGE_REMOVED;
		rh_store_release(slot, word);
		return true;
	}
	return false;
}

static struct dp_edges *rebuilt(struct dp_memory *memory, const struct dp_edges *old, uint64_t size)
{
	struct dp_edges *edges = dp_memory_alloc(memory, sizeof(*edges) + size * sizeof(uint64_t));
	bool reused;

	if (!edges)
		return NULL;
	edges->mask = size - 1;
	for (uint64_t i = 0; old && i <= old->mask; i++) {
		if (old->slot[i] <= DP_EDGE_REMOVED)
			continue;
		if (!place(edges, dp_edge_node(old->slot[i]), &reused)) {
			dp_memory_free(memory, edges);
			return NULL;
		}
	}
	return edges;
}

/* A fresh table with room for twice @live; drops the marks of removed ones. */
static int resize(struct dp_memory *memory, struct dp_tenant *tenant, uint64_t live, unsigned extra)
{
	uint64_t size = rh_pow2_ceil(live * 4) << extra;
	struct dp_edges *old = tenant->edges;
	struct dp_edges *edges = rebuilt(memory, old, size < EDGES_MIN ? EDGES_MIN : size);

	if (!edges)
		return -ENOMEM;
	rh_rcu_assign(tenant->edges, edges);
	tenant->removed = 0;
	dp_memory_retire(memory, old);
	return 0;
}

int dp_edge_insert(struct dp_memory *memory, struct dp_tenant *tenant, struct dp_node *node)
{
	bool reused = false;

	for (unsigned tries = 0; tries < GROW_TRIES; tries++) {
		struct dp_edges *edges = tenant->edges;
		bool full = !edges || (tenant->live + tenant->removed + 1) * 2 > edges->mask + 1;
		int ret = full || tries ? resize(memory, tenant, tenant->live + 1, tries) : 0;

		if (ret && !edges)
			return ret;
		if (ret && (tenant->live + tenant->removed + 1) * 8 > (edges->mask + 1) * 7)
			return ret;
		if (!place(tenant->edges, node, &reused))
			continue;
		tenant->live++;
		tenant->removed -= reused;
		return 0;
	}
	return -ENOMEM;
}

void dp_edge_remove(struct dp_memory *memory, struct dp_tenant *tenant, struct dp_node *node)
{
	struct dp_edges *edges = tenant->edges;
	uint64_t word = (uint64_t)(uintptr_t)node | dp_edge_tag(node->hash);

	for (uint64_t i = 0; i < DP_PROBE_MAX; i++) {
		uint64_t *slot = &edges->slot[(node->hash + i) & edges->mask];

		if (*slot != word)
			continue;
		rh_store_release(slot, DP_EDGE_REMOVED);
		tenant->live--;
		tenant->removed++;
		break;
	}
	/* Shrinking needs memory first; without it the large table serves on. */
	if (edges->mask + 1 > EDGES_MIN && tenant->live * 16 < edges->mask)
		(void)resize(memory, tenant, tenant->live, 0);
}
