#pragma once

/*
 * The instruction sets that the compiler was allowed (meson option march): a build has one body of everything, made for all of them (decision 0013). On a
 * processor without one of them it would end by SIGILL, anywhere; asked first, it says so.
 */

#include "dataplane/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* One that the build uses, by GCC's name, and whether this processor has it. */
struct rh_cpu_need {
	const char *name;
	bool has;
};

#define RH_CPU_NEEDS_MAX 16

/* Write at most RH_CPU_NEEDS_MAX to @needs; how many. Ctx: any. */
size_t rh_cpu_needs(struct rh_cpu_need *needs);

/* 0, or -ENOTSUP with a sentence that names every one of @count that is not there. Ctx: any but worker. */
int rh_cpu_judge(const struct rh_cpu_need *needs, size_t count, struct rh_error *err);

/* Can this processor run this build? As rh_cpu_judge. First thing in main: nothing before it may need more than any processor has. */
int rh_cpu_check(struct rh_error *err);
