#include "dataplane/filter/filter.h"

#include "dataplane/base/compiler.h"
#include "dataplane/filter/filter_priv.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	int (*parse)(const char *text, size_t len, struct rh_filter *out, struct rh_error *err);
} dialects[RH_DIALECT_COUNT] = {
	[RH_DIALECT_MQTT] = {"mqtt", rh_filter_parse_mqtt},
};

int rh_filter_parse(enum rh_dialect dialect, const char *text, size_t len, struct rh_filter *out,
	struct rh_error *err)
{
	if ((unsigned)dialect >= RH_DIALECT_COUNT)
		return rh_error_set(
			err, EINVAL, "filter dialect %u is unknown: 0 is mqtt", dialect);
	return dialects[dialect].parse(text, len, out, err);
}

int rh_dialect_from_name(const char *name, enum rh_dialect *out)
{
	for (size_t i = 0; i < RH_ARRAY_LEN(dialects); i++) {
		if (strcmp(name, dialects[i].name) == 0) {
			*out = (enum rh_dialect)i;
			return 0;
		}
	}
	return -ENOENT;
}

const char *rh_dialect_name(enum rh_dialect dialect)
{
	return (unsigned)dialect < RH_DIALECT_COUNT ? dialects[dialect].name : "unknown";
}

bool rh_filter_level_fits(const struct rh_filter *filter, const struct rh_topic *topic, size_t i)
{
	const struct rh_token *token = &filter->token[i];

	if (token->kind != RH_TOKEN_LIT)
		return true;
	return token->size == topic->size[i] &&
	       memcmp(filter->text + token->start, topic->text + topic->start[i], token->size) == 0;
}

bool rh_filter_matches(const struct rh_filter *filter, const struct rh_topic *topic)
{
	if (filter->hides_dollar && topic->text[0] == '$')
		return false;
	for (size_t i = 0; i < filter->tokens; i++) {
		if (filter->token[i].kind == RH_TOKEN_TAIL0)
			return true;
		if (i == topic->levels || !rh_filter_level_fits(filter, topic, i))
			return false;
	}
	return filter->tokens == topic->levels;
}
