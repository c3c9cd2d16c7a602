/*
 * Both filters walk one unknown topic at the same time. A cell is how many levels of each are used
 * up; it remembers which topics so far lead there, as far as that matters: none yet, a single empty
 * level (which is no topic), or any other.
 */

#include "dataplane/filter/filter_priv.h"

#include <string.h>

#define NOTHING 1u
#define BLANK	2u
#define SOME	4u

/* One level that fits both, which may be NULL for a gap. What a set of topics becomes with it. */
static uint8_t with_level(const struct rh_path *a, const struct rh_glob *in_a,
	const struct rh_path *b, const struct rh_glob *in_b, uint8_t had)
{
	bool a_at = a->verbatim_at && (!in_a || rh_glob_open(*in_a));
	bool b_at = b->verbatim_at && (!in_b || rh_glob_open(*in_b));
	bool begins_at =
		(in_a && rh_glob_begins(*in_a, '@')) || (in_b && rh_glob_begins(*in_b, '@'));
	bool begins_dollar =
		(in_a && rh_glob_begins(*in_a, '$')) || (in_b && rh_glob_begins(*in_b, '$'));
	bool blank = (in_a && !in_a->size) || (in_b && !in_b->size);

	if (begins_at && (a_at || b_at))
		return 0;
	if (in_a && in_b && !rh_glob_meets(*in_a, *in_b))
		return 0;
	if (begins_dollar && (a->hides_dollar || b->hides_dollar))
		had &= (uint8_t)~NOTHING;
	return (uint8_t)((had & (BLANK | SOME) ? SOME : 0) |
			 (had & NOTHING ? (blank ? BLANK : SOME) : 0));
}

static bool paths_meet(const struct rh_path *a, const struct rh_path *b)
{
	uint8_t cell[RH_PATH_MAX + 1][RH_PATH_MAX + 1];
	uint8_t end;

	memset(cell, 0, sizeof(cell));
	cell[0][0] = NOTHING;
	for (size_t i = 0; i <= a->levels; i++) {
		for (size_t j = 0; j <= b->levels; j++) {
			const struct rh_glob *in_a = i < a->levels ? &a->level[i] : NULL;
			const struct rh_glob *in_b = j < b->levels ? &b->level[j] : NULL;
			uint8_t had = cell[i][j];

			if (!had)
				continue;
			if (a->gap[i] && b->gap[j])
				had = cell[i][j] |= SOME;
			if (in_a && in_b)
				cell[i + 1][j + 1] |= with_level(a, in_a, b, in_b, had);
			if (a->gap[i] && in_b)
				cell[i][j + 1] |= with_level(a, NULL, b, in_b, had);
			if (in_a && b->gap[j])
				cell[i + 1][j] |= with_level(a, in_a, b, NULL, had);
		}
	}
	end = cell[a->levels][b->levels];
	return (end & SOME) || (end & NOTHING && a->holds_empty && b->holds_empty);
}

bool rh_filter_intersects(const struct rh_filter *a, const struct rh_filter *b)
{
	struct rh_path path_a, path_b;

	rh_path_of(a, &path_a);
	rh_path_of(b, &path_b);
	return paths_meet(&path_a, &path_b);
}
