#include "dataplane/filter/filter.h"

#include "dataplane/base/utf8.h"
#include "dataplane/filter/filter_priv.h"

#include <stdio.h>
#include <string.h>

/* Bytes of a level that are shown: enough to recognise it. */
#define SHOWN 24

static int shown(const char *level, size_t size)
{
	return (int)rh_utf8_cut(level, size, SHOWN);
}

static void level_told(const struct rh_filter *filter, const struct rh_topic *topic, size_t i,
	char *out, size_t room)
{
	const char *has = topic->text + topic->start[i];
	struct rh_glob glob = rh_token_glob(filter, i);
	char wants[SHOWN + 1] = "";
	int n = shown(has, topic->size[i]), m = shown(glob.text, glob.size);

	memcpy(wants, glob.text, (size_t)m);
	for (int k = 0; k < m; k++)
		if (rh_is_star(wants[k]))
			wants[k] = '*';
	if (filter->token[i].kind == RH_TOKEN_ONE || rh_glob_fits(glob, has, topic->size[i]))
		(void)snprintf(out, room,
			"level %zu is '%.*s': what begins with '@' no wildcard of zenoh takes",
			i + 1, n, has);
	else
		(void)snprintf(out, room, "level %zu is '%.*s', the filter wants '%s'", i + 1, n,
			has, wants);
}

static void count_told(
	const struct rh_filter *filter, const struct rh_topic *topic, char *out, size_t room)
{
	uint8_t last = filter->tokens ? filter->token[filter->tokens - 1].kind : RH_TOKEN_LIT;
	unsigned wants = filter->tokens - (last == RH_TOKEN_TAIL0);
	bool open = rh_token_is_gap(last);

	if (open && topic->levels >= wants)
		(void)snprintf(out, room,
			"levels behind the first %u: one begins with '@', which no wildcard of "
			"zenoh takes",
			wants);
	else
		(void)snprintf(out, room, "levels: the topic has %u, the filter wants %s%u",
			topic->levels, open ? "at least " : "", wants);
}

bool rh_filter_why_not(
	const struct rh_filter *filter, const struct rh_topic *topic, char *out, size_t room)
{
	if (rh_filter_matches(filter, topic))
		return false;
	if (filter->hides_dollar && topic->levels && topic->text[0] == '$') {
		(void)snprintf(out, room,
			"a wildcard in the first level does not match topics that start with $");
		return true;
	}
	for (size_t i = 0; i < filter->tokens && i < topic->levels; i++) {
		if (filter->token[i].kind == RH_TOKEN_ANY) {
			(void)snprintf(out, room,
				"no levels behind the first %zu fit what the filter wants there",
				i);
			return true;
		}
		if (rh_token_is_gap(filter->token[i].kind))
			break;
		if (rh_filter_level_fits(filter, i, topic, i))
			continue;
		level_told(filter, topic, i, out, room);
		return true;
	}
	count_told(filter, topic, out, room);
	return true;
}
