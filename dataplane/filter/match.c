/* One filter against one topic. */

#include "dataplane/filter/filter_priv.h"

#include <string.h>

static bool is_verbatim(const struct rh_filter *filter, const char *level, size_t size)
{
	return filter->verbatim_at && size && level[0] == '@';
}

bool rh_filter_level_fits(
	const struct rh_filter *filter, size_t i, const struct rh_topic *topic, size_t t)
{
	const char *level = topic->text + topic->start[t];
	struct rh_glob glob = rh_token_glob(filter, i);

	if (filter->token[i].kind == RH_TOKEN_LIT)
		return glob.size == topic->size[t] && memcmp(glob.text, level, glob.size) == 0;
	if (rh_glob_open(glob) && is_verbatim(filter, level, topic->size[t]))
		return false;
	return rh_glob_fits(glob, level, topic->size[t]);
}

bool rh_filter_passes(const struct rh_filter *filter, const struct rh_topic *topic, size_t t)
{
	return !is_verbatim(filter, topic->text + topic->start[t], topic->size[t]);
}

static bool tail_fits(
	const struct rh_filter *filter, uint8_t kind, const struct rh_topic *topic, size_t t)
{
	if (kind == RH_TOKEN_TAIL1 && t == topic->levels)
		return false;
	while (t < topic->levels && rh_filter_passes(filter, topic, t))
		t++;
	return t == topic->levels;
}

/*
 * The ANY met last takes one level more whenever what follows it does not fit. That the earliest
 * fit of a run is as good as any later one holds for verbatim levels, too: a run that names such a
 * level has only one place behind a given ANY, which cannot pass over it.
 */
static bool levels_match(const struct rh_filter *filter, const struct rh_topic *topic)
{
	size_t i = 0, t = 0, behind_any = 0, mark = 0;

	for (;;) {
		uint8_t kind = i < filter->tokens ? filter->token[i].kind : RH_TOKEN_KIND_COUNT;

		if (kind == RH_TOKEN_TAIL0 || kind == RH_TOKEN_TAIL1)
			return tail_fits(filter, kind, topic, t);
		if (kind == RH_TOKEN_ANY) {
			behind_any = ++i;
			mark = t;
		} else if (t == topic->levels) {
			return i == filter->tokens;
		} else if (i < filter->tokens && rh_filter_level_fits(filter, i, topic, t)) {
			i++;
			t++;
		} else if (behind_any && rh_filter_passes(filter, topic, mark)) {
			i = behind_any;
			t = ++mark;
		} else {
			return false;
		}
	}
}

bool rh_filter_matches(const struct rh_filter *filter, const struct rh_topic *topic)
{
	/* The topic of no level is amqp's alone, and amqp sets no mark. */
	if (topic->levels == 0)
		return !filter->hides_dollar && !filter->verbatim_at && levels_match(filter, topic);
	if (filter->hides_dollar && topic->size[0] && topic->text[topic->start[0]] == '$')
		return false;
	return levels_match(filter, topic);
}
