/*
 * MQTT: OASIS MQTT 3.1.1 section 4.7 and MQTT 5.0 sections 4.7 and 4.8.2. `+` is one level, `#`
 * zero or more at the end, and a filter that begins with either does not match topics that begin
 * with '$' [MQTT-4.7.2-1].
 */

#include "dataplane/filter/filter_priv.h"

#include <errno.h>
#include <string.h>

static int read_level(const struct rh_level *level, struct rh_raw *raw, struct rh_error *err)
{
	const char *text = level->text;

	for (size_t i = 0; i < level->size; i++)
		if ((text[i] == '+' || text[i] == '#') && level->size > 1)
			return rh_error_set(err, EINVAL,
				"filter byte %zu: '%c' shares its level with other characters: it "
				"must stand alone between '/', as in a/%c",
				level->at + i, text[i], text[i]);
	if (level->size != 1 || (text[0] != '+' && text[0] != '#')) {
		rh_raw_level(raw, text, level->size);
		return 0;
	}
	if (text[0] == '#' && !level->last)
		return rh_error_set(err, EINVAL,
			"filter byte %zu: '#' is not the last level: end the filter there, or use "
			"'+' for one level",
			level->at);
	rh_raw_wild(raw, text[0] == '#' ? RH_TOKEN_TAIL0 : RH_TOKEN_ONE);
	return 0;
}

/* Behind nothing but an empty level `#` says as much as `+/#`, and is how people write it. */
static bool is_below_blank(const struct rh_filter *filter, size_t i)
{
	return i == 1 && filter->token[0].kind == RH_TOKEN_LIT && filter->token[0].size == 0;
}

static int write_token(
	const struct rh_filter *filter, size_t i, struct rh_out *out, struct rh_error *err)
{
	const struct rh_token *token = &filter->token[i];
	const char *text = filter->canon + token->start;

	switch (token->kind) {
	case RH_TOKEN_LIT:
		if (token->size &&
			(memchr(text, '+', token->size) || memchr(text, '#', token->size)))
			return rh_no_image(err, &rh_rules_mqtt, i, "a literal '+' or '#'",
				"no topic of mqtt holds one");
		rh_out_bytes(out, text, token->size);
		return 0;
	case RH_TOKEN_ONE:
		rh_out_text(out, "+");
		return 0;
	case RH_TOKEN_TAIL0:
		rh_out_text(out, "#");
		return 0;
	case RH_TOKEN_TAIL1:
		rh_out_text(out, is_below_blank(filter, i) ? "#" : "+/#");
		return 0;
	default:
		return rh_no_wild(err, &rh_rules_mqtt, filter, i);
	}
}

const struct rh_rules rh_rules_mqtt = {
	.name = "mqtt",
	.separator = '/',
	.hides_dollar = true,
	.bytes_max = RH_FILTER_MAX,
	.share = "$share/",
	.everything = "#",
	.read = read_level,
	.write = write_token,
};
