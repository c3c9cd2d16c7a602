#include "dataplane/filter/filter.h"

#include "dataplane/base/compiler.h"
#include "dataplane/base/utf8.h"
#include "dataplane/filter/filter_priv.h"

#include <errno.h>
#include <string.h>

static const struct rh_rules *const dialects[RH_DIALECT_COUNT] = {
	[RH_DIALECT_MQTT] = &rh_rules_mqtt,
	[RH_DIALECT_SOLACE] = &rh_rules_solace,
	[RH_DIALECT_NATS] = &rh_rules_nats,
	[RH_DIALECT_ZENOH] = &rh_rules_zenoh,
	[RH_DIALECT_AMQP] = &rh_rules_amqp,
};

const struct rh_rules *rh_rules_of(enum rh_dialect dialect, struct rh_error *err)
{
	if ((unsigned)dialect < RH_DIALECT_COUNT)
		return dialects[dialect];
	(void)rh_error_set(err, EINVAL,
		"dialect %u is unknown: 0 is mqtt, 1 solace, 2 nats, 3 zenoh, 4 amqp", dialect);
	return NULL;
}

int rh_dialect_from_name(const char *name, enum rh_dialect *out)
{
	for (size_t i = 0; i < RH_ARRAY_LEN(dialects); i++) {
		if (strcmp(name, dialects[i]->name) == 0) {
			*out = (enum rh_dialect)i;
			return 0;
		}
	}
	return -ENOENT;
}

const char *rh_dialect_name(enum rh_dialect dialect)
{
	return (unsigned)dialect < RH_DIALECT_COUNT ? dialects[dialect]->name : "unknown";
}

int rh_text_check(const struct rh_rules *rules, const char *what, const char *text, size_t len,
	struct rh_error *err)
{
	size_t where = 0;

	if (len == 0 && !rules->empty_text)
		return rh_error_set(err, EINVAL, "%s is empty: give at least one character", what);
	if (len && !rh_utf8_valid((const uint8_t *)text, len, &where))
		return rh_error_set(err, EINVAL,
			"%s byte %zu: 0x%02x is not allowed there: write UTF-8 without U+0000",
			what, where, (unsigned char)text[where]);
	return 0;
}

/* What is left of the text when all in front of the filter is taken. */
static int check_rest(const struct rh_rules *rules, size_t at, size_t left, struct rh_error *err)
{
	if (left == 0 && !rules->empty_text && at)
		return rh_error_set(err, EINVAL,
			"filter byte %zu: nothing follows: write a filter there, '%s' for all "
			"topics",
			at, rules->everything);
	if (left == 0 && !rules->empty_text)
		return rh_error_set(err, EINVAL,
			"filter is empty: give at least one character, '%s' for all topics",
			rules->everything);
	if (left > rules->bytes_max)
		return rh_error_set(err, EINVAL,
			"filter has %zu bytes: at most %u are allowed in dialect %s", left,
			rules->bytes_max, rules->name);
	return 0;
}

static int read_levels(const struct rh_rules *rules, const char *text, size_t from, size_t len,
	struct rh_raw *raw, struct rh_error *err)
{
	size_t start = from;

	for (size_t i = from; i <= len; i++) {
		struct rh_level level = {text + start, i - start, start, i == len};
		int ret;

		if (i < len && text[i] != rules->separator)
			continue;
		if (raw->tokens == RH_LEVELS_MAX)
			return rh_error_set(err, EINVAL,
				"filter byte %zu: level %d begins here: at most %d levels are "
				"allowed",
				start, RH_LEVELS_MAX + 1, RH_LEVELS_MAX);
		ret = rules->read(&level, raw, err);
		if (ret)
			return ret;
		start = i + 1;
	}
	return 0;
}

int rh_filter_parse(enum rh_dialect dialect, const char *text, size_t len, struct rh_filter *out,
	struct rh_error *err)
{
	const struct rh_rules *rules = rh_rules_of(dialect, err);
	struct rh_raw raw;
	size_t from = 0;
	int ret;

	if (!rules)
		return -EINVAL;
	if (len > RH_FILTER_MAX)
		return rh_error_set(err, EINVAL, "filter has %zu bytes: at most %d are allowed",
			len, RH_FILTER_MAX);
	ret = len ? rh_text_check(rules, "filter", text, len, err) : 0;
	if (ret == 0)
		ret = rh_prefix_take(rules, text, len, out, &from, err);
	if (ret == 0)
		ret = check_rest(rules, from, len - from, err);
	raw.tokens = raw.used = 0;
	if (ret == 0 && len > from)
		ret = read_levels(rules, text, from, len, &raw, err);
	if (ret)
		return ret;
	rh_canon_write(&raw, rules->hides_dollar, rules->verbatim_at, out);
	return 0;
}

int rh_filter_is_unshared(const struct rh_filter *filter, struct rh_error *err)
{
	if (!filter->grouped)
		return 0;
	return rh_error_set(err, ENOTSUP,
		"filter byte 0: shared subscriptions are not supported yet: subscribe to the "
		"filter without the %s, or wait for a version that has them",
		filter->group_len ? "group" : "$queue/");
}

int rh_filter_is_plain(const struct rh_filter *filter, struct rh_error *err)
{
	int ret = rh_filter_is_unshared(filter, err);

	if (ret)
		return ret;
	if (filter->except)
		return rh_error_set(err, ENOTSUP,
			"filter byte 0: exceptions (!) are not supported here: leave the '!' out, "
			"or wait for a version that has them");
	return 0;
}
