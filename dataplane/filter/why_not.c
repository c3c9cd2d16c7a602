#include "dataplane/filter/filter.h"

#include "dataplane/filter/filter_priv.h"

#include <stdio.h>

/* Bytes of a level that are shown: enough to recognise it. */
#define SHOWN 24

/* No character is cut in two. */
static int shown(const char *level, uint16_t size)
{
	int n = SHOWN;

	if (size <= SHOWN)
		return size;
	while (n && ((unsigned char)level[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void level_told(const struct rh_filter *filter, const struct rh_topic *topic, size_t i,
	char *out, size_t room)
{
	const char *has = topic->text + topic->start[i];
	const char *wants = filter->text + filter->token[i].start;

	(void)snprintf(out, room, "level %zu is '%.*s', the filter wants '%.*s'", i + 1,
		shown(has, topic->size[i]), has, shown(wants, filter->token[i].size), wants);
}

static void count_told(
	const struct rh_filter *filter, const struct rh_topic *topic, char *out, size_t room)
{
	bool open = filter->token[filter->tokens - 1].kind == RH_TOKEN_TAIL0;

	(void)snprintf(out, room, "levels: the topic has %u, the filter wants %s%u", topic->levels,
		open ? "at least " : "", filter->tokens - open);
}

bool rh_filter_why_not(
	const struct rh_filter *filter, const struct rh_topic *topic, char *out, size_t room)
{
	if (rh_filter_matches(filter, topic))
		return false;
	if (filter->hides_dollar && topic->text[0] == '$') {
		(void)snprintf(out, room,
			"a wildcard in the first level does not match topics that start with $");
		return true;
	}
	for (size_t i = 0; i < filter->tokens && i < topic->levels; i++) {
		if (rh_filter_level_fits(filter, topic, i))
			continue;
		level_told(filter, topic, i, out, room);
		return true;
	}
	count_told(filter, topic, out, room);
	return true;
}
