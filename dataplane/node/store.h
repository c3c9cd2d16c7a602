#pragma once

/*
 * A worker's store of events that outlive their burst: waiting in a subscriber's queue, on their way to another worker, or
 * being put together from fragments. One stored event serves any number of receivers; references are plain counts, because
 * only the worker that owns the store takes and drops them (another worker gives its references back through a ring).
 *
 * Four size classes, each a region reserved at start and touched on first use; freed places are reused last in, first out.
 * Nothing here allocates after dp_store_init. Bound: the sum of the regions; beyond it dp_store_alloc refuses.
 */

#include "dataplane/base/compiler.h"

#include <stddef.h>
#include <stdint.h>

typedef uint32_t dp_blob_id_t; /* class in the upper 4 bits */
#define DP_BLOB_NONE UINT32_MAX

#define DP_STORE_CLASSES    4
#define DP_STORE_PLACE_NONE UINT32_MAX

/* A stored event: the PUBLISH record as it will leave, but for its time to live (outgoing.h). 48 bytes, then the record. */
struct dp_blob {
	uint32_t refs;
	uint32_t len; /* of the record, without padding */
	uint64_t rx_tsc;
	uint32_t ttl_ms;
	uint16_t tenant, profile;
	uint8_t pad[20];
	uint8_t bytes[];
};

struct dp_store_class {
	uint8_t *base;
	uint32_t size;	/* of one place, header included */
	uint32_t count; /* places */
	uint32_t fresh; /* places handed out at least once */
	uint32_t free_head;
	uint32_t used;
};

struct dp_store {
	struct dp_store_class class[DP_STORE_CLASSES];
};

/* -ENOMEM. Ctx: control. */
int dp_store_init(struct dp_store *store);
/* Accepts a zeroed or half-built one. */
void dp_store_fini(struct dp_store *store);

/* A place for a record of @len bytes with one reference; DP_BLOB_NONE when there is none. Ctx: the owner. */
dp_blob_id_t dp_store_alloc(struct dp_store *store, uint32_t len);
/* Drop @refs references. Ctx: the owner. */
void dp_store_put(struct dp_store *store, dp_blob_id_t id, uint32_t refs);
/* Places of the largest class still free. Ctx: any (a hint). */
uint32_t dp_store_large_free(const struct dp_store *store);

static inline const struct dp_store_class *dp_store_class_of(
	const struct dp_store *store, dp_blob_id_t id)
{
	return &store->class[id >> 28];
}

static inline struct dp_blob *dp_store_get(const struct dp_store *store, dp_blob_id_t id)
{
	const struct dp_store_class *c = &store->class[id >> 28];

	return (struct dp_blob *)(c->base + (size_t)(id & 0x0fffffff) * c->size);
}
