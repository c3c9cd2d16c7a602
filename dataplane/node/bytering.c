#include "dataplane/node/bytering.h"

#include "dataplane/base/atomic.h"

#include <string.h>

#define MARK_WRAP UINT64_MAX
#define MARK_SIZE sizeof(uint64_t)

static size_t slot_size(size_t len)
{
	return MARK_SIZE + RH_ALIGN_UP(len, MARK_SIZE);
}

static void mark_put(struct dp_bytering *r, uint64_t at, uint64_t mark)
{
	memcpy(r->bytes + (at & r->mask), &mark, sizeof(mark));
}

static uint64_t mark_get(const struct dp_bytering *r, uint64_t at)
{
	uint64_t mark;

	memcpy(&mark, r->bytes + (at & r->mask), sizeof(mark));
	return mark;
}

static bool has_room(struct dp_bytering *r, uint64_t need)
{
	if (r->mask + 1 - (r->head - r->tail_seen) >= need)
		return true;
	r->tail_seen = rh_load_acquire(&r->tail);
	return r->mask + 1 - (r->head - r->tail_seen) >= need;
}

bool dp_bytering_crowded(struct dp_bytering *r)
{
	return !has_room(r, (r->mask + 1) / 2);
}

void *dp_bytering_reserve(struct dp_bytering *r, size_t len)
{
	uint64_t to_end = r->mask + 1 - (r->head & r->mask), size = slot_size(len);
	uint64_t skip = to_end < size ? to_end : 0;

	if (size > r->mask / 2 || !has_room(r, skip + size))
		return NULL;
	/* to_end is a multiple of 8 and not 0, so the mark has room. */
	if (skip)
		mark_put(r, r->head, MARK_WRAP);
	r->reserved = r->head + skip;
	return r->bytes + (r->reserved & r->mask) + MARK_SIZE;
}

void dp_bytering_commit(struct dp_bytering *r, size_t len)
{
	mark_put(r, r->reserved, len);
	rh_store_release(&r->head, r->reserved + slot_size(len));
}

static bool has_message(struct dp_bytering *r)
{
	if (r->tail != r->head_seen)
		return true;
	r->head_seen = rh_load_acquire(&r->head);
	return r->tail != r->head_seen;
}

const void *dp_bytering_peek(struct dp_bytering *r, size_t *len)
{
	if (!has_message(r))
		return NULL;
	if (mark_get(r, r->tail) == MARK_WRAP)
		rh_store_release(&r->tail, r->tail + (r->mask + 1 - (r->tail & r->mask)));
	*len = mark_get(r, r->tail);
	return r->bytes + (r->tail & r->mask) + MARK_SIZE;
}

void dp_bytering_release(struct dp_bytering *r, size_t len)
{
	rh_store_release(&r->tail, r->tail + slot_size(len));
}

bool dp_bytering_empty(const struct dp_bytering *r)
{
	return rh_load_acquire(&r->head) == rh_load_acquire(&r->tail);
}
