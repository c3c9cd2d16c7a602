#pragma once

/* Which strings can be written as literals of CESQL. Private to the room. */

#include <stddef.h>

/*
 * The quote between which @bytes can stand, ' if both do, 0 if none: a backslash takes the next byte along, so that an odd one
 * in front of a quote of the same kind, or at the end, has no image.
 */
char cesql_literal_quote(const char *bytes, size_t size);
