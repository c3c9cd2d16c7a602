#pragma once

/* Payloads as publishers send them: log lines, JSON members and sentences, in ASCII. No file of unknown origin: a seed and a list of words. */

#include "perf/gen/zipf.h"

#include <stddef.h>
#include <stdint.h>

/* @len bytes of text at @out; the last word may be cut. */
void prose_fill(struct perf_random *rnd, uint8_t *out, size_t len);
