#include "dataplane/base/htable.h"

#include <errno.h>
#include <stdlib.h>

#define SIZE_LEAST 16

int rh_htable_init(struct rh_htable *t)
{
	struct rh_hnode **buckets = calloc(SIZE_LEAST, sizeof(struct rh_hnode *));

	if (!buckets)
		return -ENOMEM;
	*t = (struct rh_htable){buckets, SIZE_LEAST, 0};
	return 0;
}

void rh_htable_fini(struct rh_htable *t)
{
	free(t->buckets);
	*t = (struct rh_htable){0};
}

static struct rh_hnode **bucket_of(const struct rh_htable *t, uint64_t hash)
{
	return &t->buckets[hash & (t->size - 1)];
}

static void link_node(struct rh_htable *t, struct rh_hnode *node)
{
	struct rh_hnode **bucket = bucket_of(t, node->hash);

	node->next = *bucket;
	*bucket = node;
}

static void grow(struct rh_htable *t)
{
	struct rh_htable bigger = {
		calloc(t->size * 2, sizeof(struct rh_hnode *)), t->size * 2, t->count};
	struct rh_hnode *node, *next;

	if (!bigger.buckets)
		return;
	for (size_t i = 0; i < t->size; i++) {
		for (node = t->buckets[i]; node; node = next) {
			next = node->next;
			link_node(&bigger, node);
		}
	}
	free(t->buckets);
	*t = bigger;
}

void rh_htable_insert(struct rh_htable *t, struct rh_hnode *node, uint64_t hash)
{
	if (t->count >= t->size)
		grow(t);
	node->hash = hash;
	link_node(t, node);
	t->count++;
}

void rh_htable_remove(struct rh_htable *t, struct rh_hnode *node)
{
	struct rh_hnode **at = bucket_of(t, node->hash);

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	t->count--;
}

static struct rh_hnode *same_hash(struct rh_hnode *node, uint64_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct rh_hnode *rh_htable_find(const struct rh_htable *t, uint64_t hash)
{
	return same_hash(*bucket_of(t, hash), hash);
}

struct rh_hnode *rh_htable_next(const struct rh_hnode *node, uint64_t hash)
{
	return same_hash(node->next, hash);
}

void rh_htable_each(struct rh_htable *t, void (*cb)(void *arg, struct rh_hnode *node), void *arg)
{
	struct rh_hnode *node, *next;

	for (size_t i = 0; i < t->size; i++) {
		for (node = t->buckets[i]; node; node = next) {
			next = node->next;
			cb(arg, node);
		}
	}
}
