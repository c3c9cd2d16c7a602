#pragma once

#include <stdint.h>

/*
 * Time that the thread of this process whose name holds @name was on a CPU, in ns, from its schedstat: rates on a shared machine are per
 * on-CPU second. 0 when there is no such thread. Ctx: any but worker.
 */
uint64_t perf_thread_cpu_ns(const char *name);
