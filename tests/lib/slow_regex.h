#pragma once

/*
 * Regular expressions over bytes, slow and plain: sets of end positions instead of a machine, so that nothing explodes. Literals,
 * escapes (\xHH, \d \w \s and their opposites, \n \t), '.' that takes every byte, classes, groups, '|', * + ? {n} {n,} {n,m}, lazy or
 * not, \A ^ \z $.
 */

#include <stdbool.h>
#include <stddef.h>

/* Is @regex, which must be of that kind, anywhere in @text? Aborts at what it does not know. */
bool slow_regex_in(const char *regex, const char *text, size_t len);
