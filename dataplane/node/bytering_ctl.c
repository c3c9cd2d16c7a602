#include "dataplane/node/bytering.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int dp_bytering_init(struct dp_bytering *r, size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	memset(r, 0, sizeof(*r));
	if (mem == MAP_FAILED)
		return -ENOMEM;
	r->bytes = mem;
	r->mask = size - 1;
	return 0;
}

void dp_bytering_fini(struct dp_bytering *r)
{
	if (r->bytes)
		(void)munmap(r->bytes, r->mask + 1);
	r->bytes = NULL;
}
