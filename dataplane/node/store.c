#include "dataplane/node/store.h"

#include "dataplane/base/atomic.h"

#include <assert.h>

static struct dp_blob *place(const struct dp_store_class *c, uint32_t index)
{
	return (struct dp_blob *)(c->base + (size_t)index * c->size);
}

/* A free place keeps the index of the next free one in its len. */
static uint32_t class_take(struct dp_store_class *c)
{
	uint32_t index = c->free_head;

	if (index != DP_STORE_PLACE_NONE)
		c->free_head = place(c, index)->len;
	else if (c->fresh < c->count)
		index = c->fresh++;
	else
		return DP_STORE_PLACE_NONE;
	rh_store_relaxed(&c->used, c->used + 1);
	return index;
}

dp_blob_id_t dp_store_alloc(struct dp_store *store, uint32_t len)
{
	for (uint32_t i = 0; i < DP_STORE_CLASSES; i++) {
		struct dp_store_class *c = &store->class[i];
		uint32_t index;

		if (sizeof(struct dp_blob) + len > c->size)
			continue;
		index = class_take(c);
		if (index == DP_STORE_PLACE_NONE)
			continue;
		place(c, index)->refs = 1;
		place(c, index)->len = len;
		return i << 28 | index;
	}
	return DP_BLOB_NONE;
}

void dp_store_put(struct dp_store *store, dp_blob_id_t id, uint32_t refs)
{
	struct dp_store_class *c = &store->class[id >> 28];
	struct dp_blob *b = dp_store_get(store, id);

	assert(b->refs >= refs);
	b->refs -= refs;
	if (b->refs)
		return;
	b->len = c->free_head;
	c->free_head = id & 0x0fffffff;
	rh_store_relaxed(&c->used, c->used - 1);
}

uint32_t dp_store_large_free(const struct dp_store *store)
{
	const struct dp_store_class *c = &store->class[DP_STORE_CLASSES - 1];

	return c->count - rh_load_relaxed(&c->used);
}
