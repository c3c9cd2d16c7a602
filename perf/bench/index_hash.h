#pragma once

/*
 * DPDK's hash table over whole topics, as a yardstick for the topic index: what a table costs that knows
 * no wildcards. Keys are topics, filled up with zeros; EAL has been started.
 */

#include "perf/gen/workload.h"

#include "dataplane/base/error.h"

#include <stdbool.h>

#define INDEX_HASH_BULK 32

struct index_hash;

/* The filters of @load, which has no wildcards. 0, -ENOMEM with a sentence. */
int index_hash_create(const struct workload *load, struct index_hash **out, struct rh_error *err);
void index_hash_destroy(struct index_hash *hash);
/*
 * Look @topics[0..INDEX_HASH_BULK) up, filled up with zeros; returns how many are there, and adds up
 * their subscribers in *@receivers.
 */
uint32_t index_hash_look(const struct index_hash *hash, char (*topics)[WORKLOAD_TEXT_MAX],
	uint64_t *receivers);
