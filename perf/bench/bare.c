#include "perf/bench/bare.h"

#include "dataplane/base/hash.h"
#include "dataplane/base/pages.h"
#include "dataplane/base/rcu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <urcu/rculfhash.h>

#define SPARES 65536

struct bare_node {
	struct cds_lfht_node node;
	uint64_t number;
};

static void insert(struct bare *b, struct bare_node *n)
{
	n->number = b->next++;
	cds_lfht_node_init(&n->node);
	cds_lfht_add(b->table, (unsigned long)rh_hash(&n->number, sizeof(n->number), 1), &n->node);
}

static size_t memory_bytes(const struct bare *b)
{
	return (size_t)(b->count + SPARES) * sizeof(*b->memory);
}

int bare_init(struct bare *b, uint32_t count, uint32_t changing, struct rh_error *err)
{
	unsigned long buckets = 1;

	memset(b, 0, sizeof(*b));
	b->count = count;
	b->changing = changing;
	while (buckets < count)
		buckets *= 2;
	perf_random_init(&b->random, count);
	b->table = cds_lfht_new(buckets, buckets, buckets, 0, NULL);
	b->memory = rh_pages_reserve(memory_bytes(b));
	b->live = calloc(count, sizeof(*b->live));
	b->spare = calloc(SPARES, sizeof(*b->spare));
	b->left = calloc(SPARES, sizeof(*b->left));
	if (!b->table || !b->memory || !b->live || !b->spare || !b->left)
		return rh_error_set(err, ENOMEM, "no memory for a table of %u nodes", count);
	for (uint32_t i = 0; i < count; i++) {
		b->live[i] = &b->memory[i];
		insert(b, b->live[i]);
	}
	for (uint32_t i = 0; i < SPARES; i++)
		b->spare[b->spares++] = &b->memory[count + i];
	return 0;
}

void bare_fini(struct bare *b)
{
	for (uint32_t i = 0; b->table && b->live && i < b->count; i++)
		if (b->live[i])
			(void)cds_lfht_del(b->table, &b->live[i]->node);
	if (b->table)
		(void)cds_lfht_destroy(b->table, NULL);
	if (b->memory)
		rh_pages_release(b->memory, memory_bytes(b));
	free(b->live);
	free(b->spare);
	free(b->left);
}

static void nodes_return(struct bare *b)
{
	struct bare_node **none = b->spare;

	rh_rcu_synchronize();
	b->spare = b->left;
	b->spares = b->lefts;
	b->left = none;
	b->lefts = 0;
}

void bare_run(struct bare *b)
{
	if (b->spares < BARE_BATCH)
		nodes_return(b);
	for (uint32_t i = 0; i < BARE_BATCH; i++) {
		uint32_t at = (uint32_t)perf_random_below(&b->random, b->changing);
		struct bare_node *n = b->spare[--b->spares];

		(void)cds_lfht_del(b->table, &b->live[at]->node);
		b->left[b->lefts++] = b->live[at];
		insert(b, n);
		b->live[at] = n;
	}
}
