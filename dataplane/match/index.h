#pragma once

/*
 * The topic index: a trie per tenant. A node is one path of filter levels; equal filters share it,
 * so it is also the interned filter. Literal children stand in one open-addressing table per
 * tenant, keyed by (parent, level); '+' is a field, and '#', which ends every filter that has it,
 * is a second pair of subscriber sets on the node above.
 *
 * Builder writes, workers read under RCU. An insert makes what nodes are missing and then stores
 * one set pointer: that store is the moment at which the subscription exists. A removal clears or
 * replaces the set pointer and prunes afterwards.
 */

#include "dataplane/base/hash.h"
#include "dataplane/filter/topic.h"
#include "dataplane/match/set.h"

#include <string.h>

enum dp_set_kind {
	DP_SET_HERE = 0,
	DP_SET_HERE_COND = 1,
	DP_SET_TAIL = 2,
	DP_SET_TAIL_COND = 3,
	DP_SET_KINDS
};

struct dp_node {
	struct dp_obj obj;
	struct dp_node *parent;
	uint64_t hash; /* of the whole path; seeds its children's */
	struct dp_node *one;
	struct dp_set *set[DP_SET_KINDS];
	uint32_t children; /* builder only */
	uint16_t size;
	bool is_one;
	char level[];
};

/*
 * A slot is 0 (never used: a probe ends), 1 (removed), or the node's address with 16 bits of its
 * hash above (user addresses have 47 bits), so that a probe reads a foreign node only every
 * 32,768th time.
 */
struct dp_edges {
	struct dp_obj obj;
	uint64_t mask;
	uint64_t slot[];
};

#define DP_EDGE_REMOVED 1ULL
#define DP_EDGE_ADDRESS ((1ULL << 48) - 1)
/* At half load a seeded table has no run near this; an insert that would need more grows the table.
 */
#define DP_PROBE_MAX 128

static inline uint64_t dp_edge_tag(uint64_t hash)
{
	return (hash | 1ULL << 48) & ~DP_EDGE_ADDRESS;
}

static inline struct dp_node *dp_edge_node(uint64_t word)
{
	return (struct dp_node *)(uintptr_t)(word & DP_EDGE_ADDRESS);
}

struct dp_tenant {
	struct dp_obj obj;
	struct dp_edges *edges;
	struct dp_node *root;
	/* Builder only. */
	uint64_t live, removed;
};

/*
 * Generations of parts of the topic space (validity of cached results, docs/decisions/0001). A
 * filter belongs to one part, a topic to three: its tenant (filters that begin with a wildcard),
 * its first level, its first two levels. Each only grows.
 */
#define DP_GEN_LEVEL1 4096
#define DP_GEN_LEVEL2 16384
#define DP_GEN_COUNT  (DP_LIMIT_TENANTS + DP_GEN_LEVEL1 + DP_GEN_LEVEL2)

static inline uint64_t dp_level_hash(const char *level, size_t size, uint64_t parent_hash)
{
	return rh_hash(level, size, parent_hash);
}

/* The root's hash is known before the tenant exists, so that parts have the same number before and
 * after. */
static inline uint64_t dp_tenant_hash(uint16_t id, uint64_t seed)
{
	return rh_hash(&id, sizeof(id), seed);
}

/* @hash1: of the path of the first level; @hash2: of the first two. */
static inline uint32_t dp_gen_level1(uint64_t hash1)
{
	return DP_LIMIT_TENANTS + (uint32_t)(hash1 & (DP_GEN_LEVEL1 - 1));
}

static inline uint32_t dp_gen_level2(uint64_t hash2)
{
	return DP_LIMIT_TENANTS + DP_GEN_LEVEL1 + (uint32_t)(hash2 & (DP_GEN_LEVEL2 - 1));
}

/* Ctx: worker or builder. */
static inline struct dp_node *dp_edge_find(const struct dp_edges *edges,
	const struct dp_node *parent, const char *level, size_t size, uint64_t hash)
{
	uint64_t tag = dp_edge_tag(hash);

	for (uint64_t i = 0; i < DP_PROBE_MAX; i++) {
		uint64_t word = rh_load_acquire(&edges->slot[(hash + i) & edges->mask]);
		struct dp_node *node = dp_edge_node(word);

		if (!word)
			return NULL;
		if ((word & ~DP_EDGE_ADDRESS) == tag && node->parent == parent &&
			node->size == size && memcmp(node->level, level, size) == 0)
			return node;
	}
	return NULL;
}

/*
 * Visit the sets of all filters that match @topic: @visit(arg, set, conditional). A path that can
 * go both ways waits on the stack; each level adds at most one, so the stack is as deep as the
 * topic. Work is bounded by the nodes that match.
 */
typedef void (*dp_visit)(void *arg, const struct dp_set *set, bool conditional);

struct dp_walk_step {
	const struct dp_node *node;
	uint32_t level;
};

static inline __attribute__((always_inline)) void dp_walk_sets(
	const struct dp_node *node, enum dp_set_kind kind, dp_visit visit, void *arg)
{
	const struct dp_set *plain = rh_rcu_deref(node->set[kind]);
	const struct dp_set *cond = rh_rcu_deref(node->set[kind + 1]);

	if (plain)
		visit(arg, plain, false);
	if (cond)
		visit(arg, cond, true);
}

static inline __attribute__((always_inline)) void dp_index_walk(
	const struct dp_tenant *tenant, const struct rh_topic *topic, dp_visit visit, void *arg)
{
	struct dp_walk_step stack[RH_LEVELS_MAX + 1];
	const struct dp_edges *edges = rh_rcu_deref(tenant->edges);
	bool dollar = topic->text[0] == '$';
	uint32_t depth = 1;

	stack[0] = (struct dp_walk_step){tenant->root, 0};
	while (depth) {
		struct dp_walk_step at = stack[--depth];
		bool wild = !(dollar && at.level == 0); /* [MQTT-4.7.2-1] */
		const char *level = topic->text + topic->start[at.level & (RH_LEVELS_MAX - 1)];
		const struct dp_node *one, *literal;
		size_t size;

		if (wild)
			dp_walk_sets(at.node, DP_SET_TAIL, visit, arg);
		if (at.level == topic->levels) {
			dp_walk_sets(at.node, DP_SET_HERE, visit, arg);
			continue;
		}
		size = topic->size[at.level];
		one = wild ? rh_rcu_deref(at.node->one) : NULL;
		literal = dp_edge_find(
			edges, at.node, level, size, dp_level_hash(level, size, at.node->hash));
		if (one)
			stack[depth++] = (struct dp_walk_step){one, at.level + 1};
		if (literal)
			stack[depth++] = (struct dp_walk_step){literal, at.level + 1};
	}
}
