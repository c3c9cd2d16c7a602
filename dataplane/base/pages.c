#include "dataplane/base/pages.h"

#include "dataplane/base/compiler.h"

#include <sys/mman.h>

static void *map(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

void *rh_pages_reserve(size_t size)
{
	void *mem = map(size);

	if (mem)
		(void)madvise(mem, size, MADV_HUGEPAGE);
	return mem;
}

void *rh_pages_reserve_aligned(size_t size)
{
	char *mem = map(2 * size), *at;

	if (!mem)
		return NULL;
	at = (char *)RH_ALIGN_UP((uintptr_t)mem, size);
	if (at > mem)
		(void)munmap(mem, (size_t)(at - mem));
	(void)munmap(at + size, (size_t)(mem + size - at));
	(void)madvise(at, size, MADV_HUGEPAGE);
	return at;
}

void *rh_pages_reserve_sparse(size_t size)
{
	void *mem = map(size);

	if (mem)
		(void)madvise(mem, size, MADV_NOHUGEPAGE);
	return mem;
}

void rh_pages_discard(void *mem, size_t size)
{
	(void)madvise(mem, size, MADV_DONTNEED);
}

void rh_pages_release(void *mem, size_t size)
{
	if (mem)
		(void)munmap(mem, size);
}
