/*
 * A match stage with work added, for instructions_slow_test.py and compare_slow_test.py: the linker puts it around the real one (--wrap), so that the
 * product needs no hook.
 */

#include "dataplane/match/match_lookup.h"

/* Rounds of an empty loop an event: far above 2 % of the stage, and a third of the whole path. */
#define WORK 100

/* Names that the linker gives. */
uint32_t __wrap_dp_match_events(struct dp_match *match, struct dp_match_keys keys, uint32_t count, bool repeated,
	struct dp_match_result *results);
uint32_t __real_dp_match_events(struct dp_match *match, struct dp_match_keys keys, uint32_t count, bool repeated,
	struct dp_match_result *results);

uint32_t __wrap_dp_match_events(struct dp_match *match, struct dp_match_keys keys, uint32_t count, bool repeated,
	struct dp_match_result *results)
{
	for (uint32_t i = 0; i < count * WORK; i++)
		__asm__ volatile("");
	return __real_dp_match_events(match, keys, count, repeated, results);
}
