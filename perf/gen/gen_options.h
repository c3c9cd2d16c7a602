#pragma once

/* Command line of rhumb-gen. */

#include "perf/gen/gen.h"

/* 0, 1 when --help was answered, or -EINVAL with what is wrong. Texts point into @argv. */
int gen_options_parse(int argc, char **argv, struct gen_options *opt, struct rh_error *err);
