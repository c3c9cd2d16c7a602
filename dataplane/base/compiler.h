#pragma once

/*
 * Compiler and cache-line helpers shared by every room.
 */

#include <stddef.h>
#include <stdint.h>

#define RH_CACHE_LINE	   64
#define rh_cache_aligned   __attribute__((aligned(RH_CACHE_LINE)))
#define rh_likely(x)	   __builtin_expect(!!(x), 1)
#define rh_unlikely(x)	   __builtin_expect(!!(x), 0)
#define rh_printf(fmt, va) __attribute__((format(printf, fmt, va)))
#define rh_must_check	   __attribute__((warn_unused_result))

#define RH_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* Both want a power of two for @align. */
#define RH_ALIGN_UP(v, align)  (((v) + ((align) - 1)) & ~((align) - 1))
#define RH_IS_ALIGNED(v, align) (((v) & ((align) - 1)) == 0)

static inline void rh_prefetch(const void *p)
{
	__builtin_prefetch(p, 0, 3);
}

/* @p, of which the compiler forgets what it points into: it then keeps it in a register, rather than make each field's address anew from there. */
#define rh_opaque(p)                       \
	({                                 \
		__typeof__(p) p_ = (p);    \
		__asm__("" : "+r"(p_));    \
		p_;                        \
	})

/* Smallest power of two that is at least @v; 1 for 0. Defined up to 2^63. */
static inline uint64_t rh_pow2_ceil(uint64_t v)
{
	return v <= 1 ? 1 : 1ULL << (64 - __builtin_clzll(v - 1));
}
