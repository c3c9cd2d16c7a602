#include "dataplane/filter/filter_priv.h"

static void add_one(struct rh_path *path)
{
	static const char star[] = {(char)RH_CANON_STAR};

	path->level[path->levels++] = (struct rh_glob){star, sizeof(star)};
	path->gap[path->levels] = false;
}

void rh_path_of(const struct rh_filter *filter, struct rh_path *out)
{
	bool marked = filter->hides_dollar || filter->verbatim_at;
	bool all = filter->tokens == 1 && filter->token[0].kind == RH_TOKEN_TAIL0;

	out->levels = 0;
	out->gap[0] = false;
	out->hides_dollar = filter->hides_dollar;
	out->verbatim_at = filter->verbatim_at;
	out->holds_empty = !marked && (all || filter->tokens == 0);
	/* The dialects with a mark have no topic without levels. */
	if (marked && all)
		add_one(out);
	for (size_t i = 0; i < filter->tokens; i++) {
		uint8_t kind = filter->token[i].kind;

		if (kind == RH_TOKEN_TAIL1)
			add_one(out);
		if (rh_token_is_gap(kind)) {
			out->gap[out->levels] = true;
			continue;
		}
		out->level[out->levels++] = rh_token_glob(filter, i);
		out->gap[out->levels] = false;
	}
}
