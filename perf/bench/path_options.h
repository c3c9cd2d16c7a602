#pragma once

/* Command line of rhumb-perf-path. */

#include "perf/bench/path.h"

/* @opt becomes scenario `hot` on core 1, changed by @argv. 0, 1 when --help was answered, or -EINVAL with what is wrong. Texts point into @argv. */
int path_options_parse(int argc, char **argv, struct path_options *opt, struct rh_error *err);
