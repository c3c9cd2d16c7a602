#include "dataplane/base/pages.h"

#include <sys/mman.h>

void *rh_pages_reserve(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	(void)madvise(mem, size, MADV_HUGEPAGE);
	return mem;
}

void rh_pages_release(void *mem, size_t size)
{
	if (mem)
		(void)munmap(mem, size);
}
