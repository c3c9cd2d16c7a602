#pragma once

/*
 * Payload patterns made from a seed, each with a literal of its own, and which of them occur in a payload: found by looking for literals byte by byte and asking the C
 * library's regexec, so without Hyperscan.
 */

#include "perf/gen/zipf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pattern_kind {
	PATTERN_LITERAL,
	PATTERN_REGEX, /* a literal and then what a regular expression is needed for */
};

#define PATTERN_TEXT_MAX  64
#define PATTERN_COUNT_MAX 10000

struct pattern_set {
	enum pattern_kind kind;
	uint32_t count;
	uint32_t *first, *next; /* patterns by the hash of their literal's begin; UINT32_MAX: none */
};

/* 0, -EINVAL for more than PATTERN_COUNT_MAX, -ENOMEM. */
int pattern_set_init(struct pattern_set *set, enum pattern_kind kind, uint32_t count);
void pattern_set_fini(struct pattern_set *set);
/* Pattern @i in the syntax that Hyperscan and POSIX have in common, terminated; returns its length. */
uint32_t pattern_set_text(const struct pattern_set *set, uint32_t i, char out[PATTERN_TEXT_MAX]);
/* A text in which pattern @i occurs, or, @near, the like of it in which only its literal does; returns its length. For PATTERN_LITERAL a near one has a blank for its last letter. */
uint32_t pattern_set_occurrence(const struct pattern_set *set, uint32_t i, bool near, struct perf_random *rnd, char out[PATTERN_TEXT_MAX]);
/*
 * Which patterns occur in @payload (no byte of value 0): numbers from 0, each once, in no order, at most @room of them. Returns how many there are.
 */
uint32_t pattern_set_find(const struct pattern_set *set, const uint8_t *payload, size_t len, uint32_t *out, uint32_t room);
