/* The pattern of one level: literal runs with RH_CANON_STAR between them. */

#include "dataplane/filter/filter_priv.h"

#include <string.h>

struct rh_glob rh_token_glob(const struct rh_filter *filter, size_t i)
{
	static const char star[] = {(char)RH_CANON_STAR};
	const struct rh_token *token = &filter->token[i];

	if (token->kind == RH_TOKEN_ONE)
		return (struct rh_glob){star, sizeof(star)};
	return (struct rh_glob){
		filter->canon + token->start, token->size + (token->kind == RH_TOKEN_PREFIX)};
}

/* The star met last takes one byte more whenever what follows it does not fit. */
bool rh_glob_fits(struct rh_glob glob, const char *text, size_t size)
{
	size_t g = 0, t = 0, behind_star = 0, mark = 0;

	for (;;) {
		if (g < glob.size && rh_is_star(glob.text[g])) {
			behind_star = ++g;
			mark = t;
		} else if (t == size) {
			return g == glob.size;
		} else if (g < glob.size && glob.text[g] == text[t]) {
			g++;
			t++;
		} else if (behind_star) {
			g = behind_star;
			t = ++mark;
		} else {
			return false;
		}
	}
}

static size_t run_before(struct rh_glob glob)
{
	const char *star = glob.size ? memchr(glob.text, RH_CANON_STAR, glob.size) : NULL;

	return star ? (size_t)(star - glob.text) : glob.size;
}

static size_t run_behind(struct rh_glob glob)
{
	size_t n = 0;

	while (n < glob.size && !rh_is_star(glob.text[glob.size - 1 - n]))
		n++;
	return n;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Two that have stars meet when their beginnings agree and their ends agree: between these the
 * one's middle, then the other's, fits both. */
bool rh_glob_meets(struct rh_glob a, struct rh_glob b)
{
	size_t before = least(run_before(a), run_before(b));
	size_t behind = least(run_behind(a), run_behind(b));

	if (run_before(a) == a.size)
		return rh_glob_fits(b, a.text, a.size);
	if (run_before(b) == b.size)
		return rh_glob_fits(a, b.text, b.size);
	return memcmp(a.text, b.text, before) == 0 &&
	       memcmp(a.text + a.size - behind, b.text + b.size - behind, behind) == 0;
}
