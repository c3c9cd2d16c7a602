/*
 * MQTT topic filters: OASIS MQTT 3.1.1 section 4.7 and MQTT 5.0 sections 4.7 and 4.8. The native
 * text of a filter is its MQTT text, so canonical form is the text itself.
 */

#include "dataplane/base/utf8.h"
#include "dataplane/filter/filter_priv.h"

#include <errno.h>
#include <string.h>

static bool starts_with(const char *text, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && memcmp(text, prefix, n) == 0;
}

/* What concerns the text as a whole. */
static int check_text(const char *text, size_t len, struct rh_error *err)
{
	size_t where = 0;

	if (len == 0)
		return rh_error_set(err, EINVAL,
			"filter is empty: give at least one character, '#' for all topics");
	if (len > RH_FILTER_MAX)
		return rh_error_set(err, EINVAL, "filter has %zu bytes: at most %d are allowed",
			len, RH_FILTER_MAX);
	if (!rh_utf8_valid((const uint8_t *)text, len, &where))
		return rh_error_set(err, EINVAL,
			"filter byte %zu: 0x%02x is not allowed there: write UTF-8 without U+0000",
			where, (unsigned char)text[where]);
	if (starts_with(text, len, "$share/") || starts_with(text, len, "$queue/"))
		return rh_error_set(err, ENOTSUP,
			"filter byte 0: shared subscriptions (%.6s/) are not supported yet: "
			"subscribe to "
			"the filter without that prefix, or wait for a version that has them",
			text);
	return 0;
}

/* One level, [start, start + size). */
static int add_level(const char *text, size_t len, size_t start, size_t size, struct rh_filter *out,
	struct rh_error *err)
{
	const char *level = text + start;
	enum rh_token_kind kind = RH_TOKEN_LIT;

	if (out->tokens == RH_LEVELS_MAX)
		return rh_error_set(err, EINVAL,
			"filter byte %zu: level %d begins here: at most %d levels are allowed",
			start, RH_LEVELS_MAX + 1, RH_LEVELS_MAX);
	for (size_t i = 0; i < size; i++) {
		if ((level[i] == '+' || level[i] == '#') && size > 1)
			return rh_error_set(err, EINVAL,
				"filter byte %zu: '%c' shares its level with other characters: it "
				"must "
				"stand alone between '/', as in a/%c",
				start + i, level[i], level[i]);
	}
	if (size == 1 && level[0] == '+')
		kind = RH_TOKEN_ONE;
	if (size == 1 && level[0] == '#') {
		if (start + size != len)
			return rh_error_set(err, EINVAL,
				"filter byte %zu: '#' is not the last level: end the filter there, "
				"or "
				"use '+' for one level",
				start);
		kind = RH_TOKEN_TAIL0;
	}
	rh_filter_push(out, kind, start, size);
	return 0;
}

int rh_filter_parse_mqtt(const char *text, size_t len, struct rh_filter *out, struct rh_error *err)
{
	size_t start = 0;
	int ret = check_text(text, len, err);

	if (ret)
		return ret;
	out->tokens = 0;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && text[i] != '/')
			continue;
		ret = add_level(text, len, start, i - start, out, err);
		if (ret)
			return ret;
		start = i + 1;
	}
	memcpy(out->text, text, len);
	out->text[len] = '\0';
	out->len = (uint16_t)len;
	out->hides_dollar = out->token[0].kind != RH_TOKEN_LIT;
	return 0;
}
