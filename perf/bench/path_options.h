#pragma once

/* Command line of rhumb-perf-path. */

#include "perf/bench/path.h"

#include <stdio.h>

/* Scenario `hot` on core 1. */
void path_options_default(struct path_options *opt);
/* 0, or -EINVAL with what is wrong. Texts point into @argv. */
int path_options_parse(int argc, char **argv, struct path_options *opt, struct rh_error *err);
void path_options_usage(FILE *out);
