/*
 * What may stand in front of a filter: '!' for an exception (Solace, "System-Level Subscription
 * Exceptions", here for every dialect and class of delivery), and a group. MQTT 5.0 section 4.8.2:
 * $share/NAME/FILTER, NAME without '/', '+' and '#'; Solace, "Reserved Topics": #share/NAME/FILTER.
 * $queue/FILTER is EMQX's group without a name.
 */

#include "dataplane/filter/filter_priv.h"

#include <errno.h>
#include <string.h>

static bool starts_with(const char *text, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && memcmp(text, prefix, n) == 0;
}

/* @at: of the name. */
static int take_name(const char *text, size_t len, size_t at, struct rh_filter *out, size_t *used,
	struct rh_error *err)
{
	const char *end = memchr(text + at, '/', len - at);
	size_t size = end ? (size_t)(end - text) - at : len - at;

	if (size == 0)
		return rh_error_set(err, EINVAL,
			"filter byte %zu: the group has no name: write %.*sNAME/FILTER", at,
			(int)at, text);
	for (size_t i = 0; i < size; i++)
		if (text[at + i] == '+' || text[at + i] == '#')
			return rh_error_set(err, EINVAL,
				"filter byte %zu: '%c' in a group's name: names have no '/', '+' "
				"or '#'",
				at + i, text[at + i]);
	if (size > RH_GROUP_MAX)
		return rh_error_set(err, EINVAL,
			"filter byte %zu: the group's name has %zu bytes: at most %d are allowed",
			at, size, RH_GROUP_MAX);
	if (!end)
		return rh_error_set(err, EINVAL,
			"filter byte %zu: nothing follows the group's name: write %.*sNAME/FILTER",
			len, (int)at, text);
	memcpy(out->group, text + at, size);
	out->group[size] = '\0';
	out->group_len = (uint16_t)size;
	*used = at + size + 1;
	return 0;
}

static int take_group(const struct rh_rules *rules, const char *text, size_t len,
	struct rh_filter *out, size_t *used, struct rh_error *err)
{
	size_t at = *used;
	int ret = 0;

	if (starts_with(text + at, len - at, rules->share)) {
		out->grouped = true;
		if (!out->except)
			ret = take_name(text, len, at + strlen(rules->share), out, used, err);
	} else if (rules->share[0] == '$' && starts_with(text + at, len - at, "$queue/")) {
		out->grouped = true;
		*used = at + strlen("$queue/");
	}
	if (ret || !out->grouped)
		return ret;
	if (out->except || (*used < len && text[*used] == '!'))
		return rh_error_set(err, EINVAL,
			"filter byte %zu: a group cannot have an exception: exceptions are a "
			"session's own, subscribe to it without the group",
			out->except ? at : *used);
	return 0;
}

int rh_prefix_take(const struct rh_rules *rules, const char *text, size_t len,
	struct rh_filter *out, size_t *used, struct rh_error *err)
{
	out->except = len && text[0] == '!';
	out->grouped = false;
	out->group_len = 0;
	out->group[0] = '\0';
	*used = out->except;
	if (rules->share[0] == '#' && starts_with(text + *used, len - *used, "#noexport/"))
		return rh_error_set(err, ENOTSUP,
			"filter byte %zu: #noexport/ is not supported: subscribe to the filter "
			"without that prefix",
			*used);
	return take_group(rules, text, len, out, used, err);
}
