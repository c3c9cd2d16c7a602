#pragma once

/* What the programs around a path have in common. */

#include "perf/bench/path.h"

struct path_program {
	const char *name;
	/* Of the options, those that this one does not take; -EINVAL with a sentence. */
	int (*check)(const struct path_options *opt, struct rh_error *err);
	/* On a thread registered with RCU. */
	int (*run)(const struct path_options *opt, struct rh_error *err);
};

/* Exit status: 0, 1 when it failed, 2 for wrong options; the sentence goes to standard error. */
int path_main(int argc, char **argv, const struct path_program *program);
