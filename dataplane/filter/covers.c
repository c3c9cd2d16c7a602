/*
 * Does every topic of @b match @a?
 *
 * Topics are over an unlimited alphabet, so of each level of @b only the worst text counts: its
 * stars become a character that @a has nowhere (rh_glob_fits), and a gap becomes levels of nothing
 * but that character, of which only @a's own wildcards take any.
 *
 * @a is runs of levels with gaps between them, a gap being "at least n levels": canonical form has
 * the ONEs in front of the gap. The first run stands at the beginning, the last at the end, each
 * one between at the earliest place where it fits behind the one before. A run must fit inside
 * levels of
 * @b that no gap of @b parts, for that gap may be of any length, and the levels between two runs
 * are counted with @b's gaps empty, for they may be. Where this finds no place, some topic of @b
 * escapes
 * @a: let each gap of @b be empty if a count of levels across it falls short, else endless. Then no
 * run fits across a gap that was not tried here, and the places found are the earliest in that
 * topic, too.
 */

#include "dataplane/filter/filter_priv.h"

#include <string.h>

/* Where the next run of @a may begin in @b. */
struct cursor {
	size_t at;
	size_t need; /* levels to leave between */
};

static bool can_begin(const struct rh_path *path, char c)
{
	if (path->gap[0])
		return true;
	return path->levels && (rh_glob_open(path->level[0]) || rh_glob_begins(path->level[0], c));
}

/* Has it a wildcard that could meet a level which begins with anything? */
static bool is_open(const struct rh_path *path)
{
	for (size_t i = 0; i < path->levels; i++)
		if (path->gap[i] || rh_glob_open(path->level[i]))
			return true;
	return path->gap[path->levels];
}

static bool level_covers(const struct rh_path *a, size_t i, const struct rh_path *b, size_t j)
{
	if (a->verbatim_at && rh_glob_open(a->level[i]) && rh_glob_begins(b->level[j], '@'))
		return false;
	return rh_glob_fits(a->level[i], b->level[j].text, b->level[j].size);
}

/* Levels [from, from + size) of @a against those of @b from @at on, no gap between them. */
static bool run_covers(
	const struct rh_path *a, size_t from, size_t size, const struct rh_path *b, size_t at)
{
	if (at + size > b->levels)
		return false;
	for (size_t k = 0; k < size; k++)
		if ((k && b->gap[at + k]) || !level_covers(a, from + k, b, at + k))
			return false;
	return true;
}

static bool gap_passes(const struct rh_path *a, const struct rh_path *b, size_t from, size_t to)
{
	for (size_t j = from; j < to; j++)
		if (a->verbatim_at && rh_glob_begins(b->level[j], '@'))
			return false;
	return true;
}

static bool is_one(struct rh_glob glob)
{
	return glob.size == 1 && rh_glob_open(glob);
}

/* The run [from, to) of @a, which a gap follows. */
static bool place_run(const struct rh_path *a, size_t from, size_t to, bool first,
	const struct rh_path *b, struct cursor *c)
{
	size_t size = to - from, at = c->at + c->need;

	while (size && is_one(a->level[from + size - 1]))
		size--;
	if (first && size && b->gap[0])
		return false;
	while (!run_covers(a, from, size, b, at))
		if (first || ++at > b->levels)
			return false;
	if (at > b->levels || !gap_passes(a, b, c->at, at))
		return false;
	c->at = at + size;
	c->need = to - from - size;
	return true;
}

static bool place_last(
	const struct rh_path *a, size_t from, const struct rh_path *b, const struct cursor *c)
{
	size_t size = a->levels - from, at;

	if (size > b->levels || (size && b->gap[b->levels]))
		return false;
	at = b->levels - size;
	return at >= c->at + c->need && gap_passes(a, b, c->at, at) &&
	       run_covers(a, from, size, b, at);
}

static bool fixed_covers(const struct rh_path *a, const struct rh_path *b)
{
	return a->levels == b->levels && !b->gap[0] && !b->gap[b->levels] &&
	       run_covers(a, 0, a->levels, b, 0);
}

static bool path_covers(const struct rh_path *a, const struct rh_path *b)
{
	struct cursor c = {0, 0};
	size_t from = 0;
	bool first = true;

	for (size_t i = 0; i <= a->levels; i++) {
		if (!a->gap[i])
			continue;
		if (!place_run(a, from, i, first, b, &c))
			return false;
		from = i;
		first = false;
	}
	return first ? fixed_covers(a, b) : place_last(a, from, b, &c);
}

/* An empty level with a gap on both sides: of its topics the one that is nothing but that level
 * does not exist, so what is left is two filters. */
static bool is_blank_somewhere(const struct rh_path *path)
{
	return path->levels == 1 && path->level[0].size == 0 && path->gap[0] && path->gap[1];
}

static bool covers_blank(const struct rh_path *a, const struct rh_path *b)
{
	static const char star[] = {(char)RH_CANON_STAR};
	struct rh_path half = *b;

	half.levels = 2;
	half.level[0] = (struct rh_glob){star, sizeof(star)};
	half.level[1] = (struct rh_glob){NULL, 0};
	half.gap[0] = false;
	half.gap[1] = half.gap[2] = true;
	if (!path_covers(a, &half))
		return false;
	half.level[1] = half.level[0];
	half.level[0] = (struct rh_glob){NULL, 0};
	half.gap[1] = false;
	return path_covers(a, &half);
}

bool rh_filter_covers(const struct rh_filter *a, const struct rh_filter *b)
{
	struct rh_path path_a, path_b;

	rh_path_of(a, &path_a);
	rh_path_of(b, &path_b);
	if (path_b.holds_empty && !path_a.holds_empty)
		return false;
	if (b->tokens == 0)
		return true;
	if (path_a.hides_dollar && !path_b.hides_dollar && can_begin(&path_b, '$'))
		return false;
	if (path_a.verbatim_at && !path_b.verbatim_at && is_open(&path_b))
		return false;
	return is_blank_somewhere(&path_b) ? covers_blank(&path_a, &path_b)
					   : path_covers(&path_a, &path_b);
}
