/*
 * Zenoh key expressions: zenoh.io, "Key Expressions", and the RFC of the same name. Chunks between
 * '/', never empty, without '#', '?' and '$' but in `$*`; `*` is one chunk, `**` zero or more, `$*`
 * within a chunk zero or more characters. A chunk that begins with '@' is verbatim: it matches only
 * itself, and no wildcard matches it. What is not canonical (`a//`, `**` twice, `**` before `*`, a
 * lone `$*`) is put into canonical form, not refused.
 */

#include "dataplane/filter/filter_priv.h"

#include <errno.h>
#include <string.h>

static bool is_text(const struct rh_level *level, const char *text)
{
	return level->size == strlen(text) && memcmp(level->text, text, level->size) == 0;
}

static int check_chunk(const char *what, const struct rh_level *level, struct rh_error *err)
{
	if (level->size == 0)
		return rh_error_set(err, EINVAL,
			"%s byte %zu: an empty chunk: zenoh has none, leave '/' out at the "
			"beginning, at the end and beside another",
			what, level->at);
	for (size_t i = 0; i < level->size; i++)
		if (level->text[i] == '#' || level->text[i] == '?')
			return rh_error_set(err, EINVAL,
				"%s byte %zu: '%c' is not allowed in a key expression: use '*' "
				"for one chunk, '**' for any number",
				what, level->at + i, level->text[i]);
	return 0;
}

/* Every '*' belongs to a "$*", and every '$' has its '*'. */
static int check_stars(const struct rh_level *level, struct rh_error *err)
{
	for (size_t i = 0; i < level->size; i++) {
		char next = i + 1 < level->size ? level->text[i + 1] : '\0';

		if (level->text[i] == '$' && next != '*')
			return rh_error_set(err, EINVAL,
				"filter byte %zu: '$' without '*': within a chunk write '$*' for "
				"any characters, and no other '$'",
				level->at + i);
		if (level->text[i] == '*')
			return rh_error_set(err, EINVAL,
				"filter byte %zu: '*' shares its chunk with other characters: "
				"within a chunk write '$*'",
				level->at + i);
		i += level->text[i] == '$';
	}
	return 0;
}

/* "$*" becomes a star; in a verbatim chunk it stays, once where it is repeated. */
static void push_chunk(const struct rh_level *level, struct rh_raw *raw)
{
	bool verbatim = level->text[0] == '@', star = false;
	char glob[RH_FILTER_MAX];
	size_t n = 0;

	for (size_t i = 0; i < level->size; i++) {
		bool again = star;

		star = level->text[i] == '$';
		if (!star) {
			glob[n++] = level->text[i];
			continue;
		}
		i++;
		if (again)
			continue;
		glob[n++] = verbatim ? '$' : (char)RH_CANON_STAR;
		if (verbatim)
			glob[n++] = '*';
	}
	rh_raw_level(raw, glob, n);
}

static int read_level(const struct rh_level *level, struct rh_raw *raw, struct rh_error *err)
{
	int ret = check_chunk("filter", level, err);

	if (ret)
		return ret;
	if (is_text(level, "*") || is_text(level, "**")) {
		rh_raw_wild(raw, level->size == 1 ? RH_TOKEN_ONE : RH_TOKEN_ANY);
		return 0;
	}
	ret = check_stars(level, err);
	if (ret == 0)
		push_chunk(level, raw);
	return ret;
}

static int check_level(const struct rh_level *level, struct rh_error *err)
{
	int ret = check_chunk("topic", level, err);

	for (size_t i = 0; i < level->size && ret == 0; i++)
		if (level->text[i] == '*' || level->text[i] == '$')
			ret = rh_error_set(err, EINVAL,
				"topic byte %zu: '%c' is for filters only: publish a key without "
				"it",
				level->at + i, level->text[i]);
	return ret;
}

/* In a verbatim chunk "$*" is text. */
static bool literal_has_image(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[0] == '@' && text[i] == '$' && i + 1 < size && text[i + 1] == '*')
			i++;
		else if (strchr("*$#?", text[i]))
			return false;
	}
	return true;
}

static int write_literal(
	const struct rh_filter *filter, size_t i, struct rh_out *out, struct rh_error *err)
{
	const struct rh_token *token = &filter->token[i];
	const char *text = filter->canon + token->start;

	if (token->size == 0)
		return rh_no_image(
			err, &rh_rules_zenoh, i, "an empty level", "mqtt, solace and amqp have it");
	if (!literal_has_image(text, token->size))
		return rh_no_image(err, &rh_rules_zenoh, i, "a literal '*', '$', '#' or '?'",
			"no key of zenoh holds one");
	rh_out_bytes(out, text, token->size);
	return 0;
}

static int write_glob(
	const struct rh_filter *filter, size_t i, struct rh_out *out, struct rh_error *err)
{
	struct rh_glob glob = rh_token_glob(filter, i);

	if (rh_glob_begins(glob, '@'))
		return rh_no_image(err, &rh_rules_zenoh, i, "a wildcard behind '@'",
			"such chunks match only themselves there; solace has it at their end");
	for (size_t k = 0; k < glob.size; k++) {
		if (strchr("*$#?", glob.text[k]))
			return rh_no_image(err, &rh_rules_zenoh, i,
				"a literal '*', '$', '#' or '?'", "no key of zenoh holds one");
		if (rh_is_star(glob.text[k]))
			rh_out_text(out, "$*");
		else
			rh_out_bytes(out, glob.text + k, 1);
	}
	return 0;
}

const struct rh_rules rh_rules_zenoh = {
	.name = "zenoh",
	.separator = '/',
	.verbatim_at = true,
	.bytes_max = RH_FILTER_MAX,
	.share = "$share/",
	.everything = "**",
	.read = read_level,
	.check = check_level,
	.wild = {[RH_TOKEN_ONE] = "*",
		[RH_TOKEN_TAIL1] = "*/**",
		[RH_TOKEN_TAIL0] = "**",
		[RH_TOKEN_ANY] = "**"},
	.write_literal = write_literal,
	.write_glob = write_glob,
};
