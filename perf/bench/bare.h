#pragma once

/*
 * What an update costs at the least: liburcu's lock-free hash table with as many nodes as there are subscriptions, presized, nodes in huge pages, nothing but a
 * number in each; delete one, add another. The same share of it changes.
 */

#include "dataplane/base/error.h"
#include "perf/gen/zipf.h"

#include <stdint.h>

#define BARE_BATCH 64

struct bare_node;

struct bare {
	struct cds_lfht *table;
	struct bare_node *memory;
	struct bare_node **live;  /* changing ones first */
	struct bare_node **spare; /* not in the table, and no reader knows them */
	struct bare_node **left;  /* deleted since the last grace period */
	uint32_t count, changing, spares, lefts;
	uint64_t next;
	struct perf_random random;
};

/* @count nodes, @changing of them come and go. 0 or -ENOMEM with a sentence. Ctx: a registered RCU reader, as for all of these. */
int bare_init(struct bare *b, uint32_t count, uint32_t changing, struct rh_error *err);
void bare_fini(struct bare *b);
/* BARE_BATCH times delete and add; now and then a grace period, so that nodes can be used again. */
void bare_run(struct bare *b);
