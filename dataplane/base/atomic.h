#pragma once

/*
 * Explicit memory order for fields shared between threads. Single-writer counters use
 * rh_add_relaxed, which is a relaxed load and store, never a locked instruction.
 */

#define rh_load_relaxed(p)     __atomic_load_n((p), __ATOMIC_RELAXED)
#define rh_load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define rh_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define rh_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
/*
 * Only for a field with one writer: not a read-modify-write as seen by others. Where x86-64 adds to memory in one instruction GCC would take
 * three for a load and a store that are atomic, and forget what else it knows of memory. TSAN has to see both; clang does not know %z.
 */
#if defined(__x86_64__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define rh_add_relaxed(p, n) __asm__("add%z0 %1, %0" : "+m"(*(p)) : "er"((__typeof__(*(p)))(n)) : "cc")
#else
#define rh_add_relaxed(p, n) rh_store_relaxed((p), rh_load_relaxed(p) + (n))
#endif
/* For a field with several writers. */
#define rh_fetch_add_relaxed(p, n) __atomic_fetch_add((p), (n), __ATOMIC_RELAXED)

/*
 * Stand-alone fences, for sequence counters around relaxed words. GCC refuses them under TSAN, which does not model them; there a
 * compiler fence keeps the order of the program (TSAN builds run on x86-64 alone), and the words are atomic anyway.
 */
#ifdef __SANITIZE_THREAD__
#define rh_fence_acquire() __atomic_signal_fence(__ATOMIC_ACQUIRE)
#define rh_fence_release() __atomic_signal_fence(__ATOMIC_RELEASE)
#else
#define rh_fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define rh_fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)
#endif
