#pragma once

/*
 * An intrusive chained hash table for control threads: nodes live in their owner's objects, keys
 *stay there too. Grows with its content, so that chains stay short; growing that finds no memory
 *leaves longer chains, never an error. One thread at a time.
 *
 *	for (struct rh_hnode *n = rh_htable_find(&t, hash); n; n = rh_htable_next(n, hash))
 *		...compare the owner's key...
 */

#include <stddef.h>
#include <stdint.h>

struct rh_hnode {
	struct rh_hnode *next;
	uint64_t hash;
};

struct rh_htable {
	struct rh_hnode **buckets;
	size_t size; /* power of two */
	size_t count;
};

/* 0 or -ENOMEM. Ctx: any but worker. */
int rh_htable_init(struct rh_htable *t);
/* Frees the table, not its nodes. Accepts a zeroed table. */
void rh_htable_fini(struct rh_htable *t);
void rh_htable_insert(struct rh_htable *t, struct rh_hnode *node, uint64_t hash);
/* @node must be in the table. */
void rh_htable_remove(struct rh_htable *t, struct rh_hnode *node);

/* The first node of that full hash, or NULL. */
struct rh_hnode *rh_htable_find(const struct rh_htable *t, uint64_t hash);
struct rh_hnode *rh_htable_next(const struct rh_hnode *node, uint64_t hash);

/* Every node in no order; the one given may be removed by @cb. */
void rh_htable_each(struct rh_htable *t, void (*cb)(void *arg, struct rh_hnode *node), void *arg);

#define rh_container(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))
