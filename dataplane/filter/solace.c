/*
 * Solace SMF: docs.solace.com, "Solace Message Format Topics" (levels between '/', at most 250
 * bytes) and "Wildcard Characters in Topic Subscriptions": `*` alone is one level, behind other
 * characters at the end of a level it is zero or more characters, anywhere else itself; `>` alone
 * in the last level is one or more levels, anywhere else itself. Published, both are themselves.
 */

#include "dataplane/filter/filter_priv.h"

#include <errno.h>
#include <string.h>

static bool is_only(const char *text, size_t size, char c)
{
	return size == 1 && text[0] == c;
}

static int read_level(const struct rh_level *level, struct rh_raw *raw, struct rh_error *err)
{
	char glob[RH_FILTER_MAX];

	(void)err;
	if (is_only(level->text, level->size, '>') && level->last) {
		rh_raw_wild(raw, RH_TOKEN_TAIL1);
		return 0;
	}
	if (level->size)
		memcpy(glob, level->text, level->size);
	if (level->size && glob[level->size - 1] == '*')
		glob[level->size - 1] = (char)RH_CANON_STAR;
	rh_raw_level(raw, glob, level->size);
	return 0;
}

static int write_literal(
	const struct rh_filter *filter, size_t i, struct rh_out *out, struct rh_error *err)
{
	const struct rh_token *token = &filter->token[i];
	const char *text = filter->canon + token->start;

	if (token->size && text[token->size - 1] == '*')
		return rh_no_image(err, &rh_rules_solace, i, "a literal level that ends in '*'",
			"nats and amqp have it unless it is '*' alone");
	if (is_only(text, token->size, '>') && i + 1u == filter->tokens)
		return rh_no_image(err, &rh_rules_solace, i, "a literal last level '>'",
			"mqtt, zenoh and amqp have it");
	rh_out_bytes(out, text, token->size);
	return 0;
}

static int write_glob(
	const struct rh_filter *filter, size_t i, struct rh_out *out, struct rh_error *err)
{
	const struct rh_token *token = &filter->token[i];

	if (token->kind != RH_TOKEN_PREFIX)
		return rh_no_wild(err, &rh_rules_solace, filter, i);
	rh_out_bytes(out, filter->canon + token->start, token->size);
	rh_out_text(out, "*");
	return 0;
}

const struct rh_rules rh_rules_solace = {
	.name = "solace",
	.separator = '/',
	.bytes_max = 250,
	.share = "#share/",
	.everything = ">",
	.read = read_level,
	.wild = {[RH_TOKEN_ONE] = "*", [RH_TOKEN_TAIL1] = ">"},
	.write_literal = write_literal,
	.write_glob = write_glob,
};
