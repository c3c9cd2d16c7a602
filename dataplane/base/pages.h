#pragma once

#include <stddef.h>

/* Bytes the kernel gives or takes at least. */
#define RH_PAGE 4096

/*
 * Large memory read at random: anonymous, zero, taken from the system on first touch, in huge pages where the kernel gives them
 * (a miss of the TLB costs as much as one of the cache).
 *
 * Ctx: any but worker. NULL when refused. rh_pages_release wants the same @size and accepts NULL.
 */
void *rh_pages_reserve(size_t size);
/* The same at a multiple of @size, a power of two. */
void *rh_pages_reserve_aligned(size_t size);
/* The same in small pages, for what is touched here and there. */
void *rh_pages_reserve_sparse(size_t size);
/* Give the memory behind them back: they are zero again. @mem and @size: multiples of RH_PAGE. */
void rh_pages_discard(void *mem, size_t size);
void rh_pages_release(void *mem, size_t size);
