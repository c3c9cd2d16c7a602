#include "dataplane/node/store.h"

#include "dataplane/api/limits.h"
#include "dataplane/frame/wire.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* The last class holds any event (DP_LIMIT_EVENT_BUFFERS of 80 KiB); the others hold 64 MiB each. */
#define LARGE_PLACE (80 * 1024)
_Static_assert(sizeof(struct dp_blob) + RH_EVENT_MAX <= LARGE_PLACE, "any event fits the largest class");
_Static_assert(sizeof(struct dp_blob) == 48, "documented size");

static const struct {
	uint32_t size, count;
} classes[DP_STORE_CLASSES] = {
	{512, 131072},
	{2048, 32768},
	{16384, 4096},
	{LARGE_PLACE, DP_LIMIT_EVENT_BUFFERS},
};

static int class_init(struct dp_store_class *c, uint32_t size, uint32_t count)
{
	void *mem = mmap(NULL, (size_t)size * count, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mem == MAP_FAILED)
		return -ENOMEM;
	*c = (struct dp_store_class){
		.base = mem, .size = size, .count = count, .free_head = DP_STORE_PLACE_NONE};
	return 0;
}

int dp_store_init(struct dp_store *store)
{
	memset(store, 0, sizeof(*store));
	for (int i = 0; i < DP_STORE_CLASSES; i++)
		if (class_init(&store->class[i], classes[i].size, classes[i].count) < 0) {
			dp_store_fini(store);
			return -ENOMEM;
		}
	return 0;
}

void dp_store_fini(struct dp_store *store)
{
	for (int i = 0; i < DP_STORE_CLASSES; i++) {
		struct dp_store_class *c = &store->class[i];

		if (c->base)
			(void)munmap(c->base, (size_t)c->size * c->count);
		c->base = NULL;
	}
}
