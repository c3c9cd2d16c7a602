#include "perf/bench/index_hash.h"

#include <errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_lcore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of its memory, a little stays free: a table filled to the last place is not what anybody runs. */
#define ROOM_PERCENT 110

struct index_hash {
	struct rte_hash *table;
};

static int fill(struct index_hash *hash, const struct workload *load)
{
	for (uint32_t s = 0; s < load->spec.subscriptions; s++) {
		char key[WORKLOAD_TEXT_MAX] = {0};
		void *data = (void *)(uintptr_t)(workload_subscriber(load, s) + 1);

		(void)workload_filter(load, s, key);
		if (rte_hash_add_key_data(hash->table, key, data))
			return -ENOMEM;
	}
	return 0;
}

int index_hash_create(const struct workload *load, struct index_hash **out, struct rh_error *err)
{
	char name[RTE_HASH_NAMESIZE];
	const struct rte_hash_parameters conf = {
		.name = name,
		.entries = (uint32_t)((uint64_t)load->spec.subscriptions * ROOM_PERCENT / 100) + 64,
		.key_len = WORKLOAD_TEXT_MAX,
		.hash_func = rte_hash_crc,
		.socket_id = (int)rte_socket_id(),
	};
	struct index_hash *hash = calloc(1, sizeof(*hash));

	(void)snprintf(name, sizeof(name), "yardstick-%u", load->spec.subscriptions);
	if (!hash)
		return rh_error_set(err, ENOMEM, "no memory");
	hash->table = rte_hash_create(&conf);
	if (!hash->table || fill(hash, load)) {
		index_hash_destroy(hash);
		return rh_error_set(err, ENOMEM, "no memory of DPDK for a hash table of %u topics",
			load->spec.subscriptions);
	}
	*out = hash;
	return 0;
}

void index_hash_destroy(struct index_hash *hash)
{
	if (hash)
		rte_hash_free(hash->table);
	free(hash);
}

uint32_t index_hash_look(const struct index_hash *hash, char (*topics)[WORKLOAD_TEXT_MAX],
	uint64_t *receivers)
{
	const void *keys[INDEX_HASH_BULK];
	void *data[INDEX_HASH_BULK];
	uint64_t hits = 0;

	for (uint32_t i = 0; i < INDEX_HASH_BULK; i++)
		keys[i] = topics[i];
	if (rte_hash_lookup_bulk_data(hash->table, keys, INDEX_HASH_BULK, &hits, data) < 0)
		return 0;
	for (uint64_t left = hits; left; left &= left - 1)
		*receivers += (uintptr_t)data[__builtin_ctzll(left)] - 1;
	return (uint32_t)__builtin_popcountll(hits);
}
