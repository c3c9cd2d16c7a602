#pragma once

/* Command line of rhumb-perf-path. */

#include "perf/bench/path.h"

/* @opt becomes scenario `hot` on core 1, changed by @argv. 0, 1 when --help was answered, or -EINVAL with what is wrong. Texts point into @argv. */
int path_options_parse(int argc, char **argv, struct path_options *opt, struct rh_error *err);
/* For a program that makes two lanes of its own, one of them without what it measures: 0, or -EINVAL with options that are another's. */
int path_options_two_lanes(const struct path_options *opt, struct rh_error *err);
