/*
 * NATS subjects: docs.nats.io, "Subject-Based Messaging", and isValidSubject of nats-server: tokens
 * between '.', never empty, without white space; `*` alone is one token, `>` alone and last is one
 * or more; within a token both are themselves. A published subject has no wildcard token.
 */

#include "dataplane/filter/filter_priv.h"

#include <errno.h>
#include <string.h>

static bool is_only(const char *text, size_t size, char c)
{
	return size == 1 && text[0] == c;
}

static int check_token(const char *what, const struct rh_level *level, struct rh_error *err)
{
	if (level->size == 0)
		return rh_error_set(err, EINVAL,
			"%s byte %zu: an empty token: nats has none, write something between the "
			"dots",
			what, level->at);
	for (size_t i = 0; i < level->size; i++) {
		char c = level->text[i];

		if (c == '/')
			return rh_error_set(err, EINVAL,
				"%s byte %zu: '/' in a token has no image here, where it parts "
				"levels: write '.' if that is meant",
				what, level->at + i);
		if (c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r')
			return rh_error_set(err, EINVAL,
				"%s byte %zu: white space (0x%02x): nats has none in subjects, "
				"write '-' or '_' for it",
				what, level->at + i, (unsigned char)c);
	}
	return 0;
}

static int read_level(const struct rh_level *level, struct rh_raw *raw, struct rh_error *err)
{
	int ret = check_token("filter", level, err);

	if (ret)
		return ret;
	if (is_only(level->text, level->size, '>') && !level->last)
		return rh_error_set(err, EINVAL,
			"filter byte %zu: '>' is not the last token: end the filter there, or use "
			"'*' for one token",
			level->at);
	if (is_only(level->text, level->size, '>'))
		rh_raw_wild(raw, RH_TOKEN_TAIL1);
	else if (is_only(level->text, level->size, '*'))
		rh_raw_wild(raw, RH_TOKEN_ONE);
	else
		rh_raw_level(raw, level->text, level->size);
	return 0;
}

static int check_level(const struct rh_level *level, struct rh_error *err)
{
	int ret = check_token("topic", level, err);

	if (ret == 0 && level->size == 1 && (level->text[0] == '*' || level->text[0] == '>'))
		return rh_error_set(err, EINVAL,
			"topic byte %zu: '%c' alone is for filters only: publish another token in "
			"its place",
			level->at, level->text[0]);
	return ret;
}

static int write_literal(
	const struct rh_filter *filter, size_t i, struct rh_out *out, struct rh_error *err)
{
	const struct rh_token *token = &filter->token[i];
	const char *text = filter->canon + token->start;

	if (token->size == 0)
		return rh_no_image(
			err, &rh_rules_nats, i, "an empty level", "mqtt, solace and amqp have it");
	if (is_only(text, token->size, '*') || is_only(text, token->size, '>'))
		return rh_no_image(err, &rh_rules_nats, i, "a literal '*' or '>'",
			"it would be a wildcard; mqtt has it");
	for (size_t k = 0; k < token->size; k++)
		if (strchr(". \t\n\f\r", text[k]))
			return rh_no_image(err, &rh_rules_nats, i,
				"a level with '.' or white space",
				"mqtt, solace and zenoh have it");
	rh_out_bytes(out, text, token->size);
	return 0;
}

const struct rh_rules rh_rules_nats = {
	.name = "nats",
	.separator = '.',
	.bytes_max = RH_FILTER_MAX,
	.share = "$share/",
	.everything = ">",
	.read = read_level,
	.check = check_level,
	.wild = {[RH_TOKEN_ONE] = "*", [RH_TOKEN_TAIL1] = ">"},
	.write_literal = write_literal,
};
