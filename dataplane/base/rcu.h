#pragma once

/*
 * The only file that includes liburcu: one flavour, QSBR, for the whole process.
 *
 * Readers (workers, and control threads that read tables) register at start, report a quiescent state once per loop
 * after the burst, and go offline around anything that blocks. Writers publish with rh_rcu_assign and retire with
 * rh_rcu_call; rh_rcu_synchronize is for shutdown, port removal and tests only.
 *
 * Under TSAN the annotations below tell the tool what the library's inline assembly and membarrier calls order:
 * everything before a reader's quiescent state happens before everything after the grace period it ends.
 */

#include "dataplane/base/atomic.h"

#define _LGPL_SOURCE
#define URCU_API_MAP
#include <urcu/urcu-qsbr.h>

#include <stdbool.h>
#include <stdint.h>

#if defined(__SANITIZE_THREAD__)
#define RH_RCU_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RH_RCU_TSAN 1
#endif
#endif

#ifdef RH_RCU_TSAN
void AnnotateHappensBefore(const char *file, int line, const volatile void *cv);
void AnnotateHappensAfter(const char *file, int line, const volatile void *cv);
extern char rh_rcu_tsan_clock;
#define rh_rcu_tsan_release() AnnotateHappensBefore(__FILE__, __LINE__, &rh_rcu_tsan_clock)
#define rh_rcu_tsan_acquire() AnnotateHappensAfter(__FILE__, __LINE__, &rh_rcu_tsan_clock)
#else
#define rh_rcu_tsan_release() ((void)0)
#define rh_rcu_tsan_acquire() ((void)0)
#endif

/* Embedded in every object that is retired; opaque to its owner. 40 bytes. */
struct rh_rcu_head {
	struct rcu_head rcu;
	void (*func)(struct rh_rcu_head *head);
	uint64_t queued_ns;
};

/* Ctx: any thread, once, before its first read. */
static inline void rh_rcu_register(void)
{
	urcu_qsbr_register_thread();
}

static inline void rh_rcu_unregister(void)
{
	rh_rcu_tsan_release();
	urcu_qsbr_unregister_thread();
}

/* Ctx: registered thread. Holds no reference from before the call. */
static inline void rh_rcu_quiescent(void)
{
	rh_rcu_tsan_release();
	urcu_qsbr_quiescent_state();
}

/* Will the next quiescent state wake a waiting reclaimer (a system call)? Ctx: registered thread. */
static inline bool rh_rcu_wake_wanted(void)
{
	return rh_load_relaxed(&URCU_TLS(urcu_qsbr_reader).waiting);
}

static inline void rh_rcu_offline(void)
{
	rh_rcu_tsan_release();
	urcu_qsbr_thread_offline();
}

static inline void rh_rcu_online(void)
{
	urcu_qsbr_thread_online();
}

/* Ctx: control, shutdown or tests. Blocks until every online reader was quiescent. */
static inline void rh_rcu_synchronize(void)
{
	urcu_qsbr_synchronize_rcu();
	rh_rcu_tsan_acquire();
}

/* Wait for every rh_rcu_call made before. Ctx: shutdown or tests, not from a callback. */
static inline void rh_rcu_barrier(void)
{
	urcu_qsbr_barrier();
	rh_rcu_tsan_acquire();
}

/*
 * Free after a grace period: @func gets @head on the reclaim thread.
 *
 * Ctx: registered thread (liburcu wants its callers registered). Blocks: no.
 */
void rh_rcu_call(struct rh_rcu_head *head, void (*func)(struct rh_rcu_head *head));

/* Callbacks queued and not yet run. Ctx: any. */
uint64_t rh_rcu_backlog(void);
/* Length of the last grace period of a callback, from rh_rcu_call to its run, in ns. Ctx: any. */
uint64_t rh_rcu_last_grace_ns(void);

#define rh_rcu_assign(p, v) __atomic_store_n(&(p), (v), __ATOMIC_RELEASE)
#define rh_rcu_deref(p)	    __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
