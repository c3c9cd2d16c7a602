#pragma once

/*
 * Random numbers for model tests. The seed is printed, and RHUMB_SEED=N repeats a run; RHUMB_LONG=1
 * asks for long runs.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rnd {
	uint64_t state;
};

/* Seeds from RHUMB_SEED or the kernel, and prints "<what>: seed N". */
void rnd_init(struct rnd *rnd, const char *what);
void rnd_seed(struct rnd *rnd, uint64_t seed);
uint64_t rnd_u64(struct rnd *rnd);
/* Uniform in [0, bound), bound above 0. */
uint32_t rnd_below(struct rnd *rnd, uint32_t bound);
/* @usual cases, or @longer with RHUMB_LONG=1 in the environment. */
size_t rnd_cases(size_t usual, size_t longer);

/*
 * Text of up to @levels_max levels over a small, mean alphabet: empty levels, '$', multi-byte
 * characters, and with
 * @wildcards also '+' and '#' (mostly well placed, @bad_percent of the texts not). Returns the
 * length, below 200.
 */
size_t rnd_topic_text(
	struct rnd *rnd, unsigned levels_max, bool wildcards, unsigned bad_percent, char *out);
