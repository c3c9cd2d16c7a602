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

static int write_literal(
	const struct rh_filter *filter, size_t i, struct rh_out *out, struct rh_error *err)
{
	const struct rh_token *token = &filter->token[i];
	const char *text = filter->canon + token->start;

	if (token->size && (memchr(text, '+', token->size) || memchr(text, '#', token->size)))
		return rh_no_image(err, &rh_rules_mqtt, i, "a literal '+' or '#'",
			"no topic of mqtt holds one");
	rh_out_bytes(out, text, token->size);
	return 0;
}

const struct rh_rules rh_rules_mqtt = {
	.name = "mqtt",
	.separator = '/',
	.hides_dollar = true,
	.bytes_max = RH_FILTER_MAX,
	.share = "$share/",
	.everything = "#",
	.read = read_level,
	.wild = {[RH_TOKEN_ONE] = "+", [RH_TOKEN_TAIL0] = "#", [RH_TOKEN_TAIL1] = "+/#"},
	.below_blank = "#",
	.write_literal = write_literal,
};
