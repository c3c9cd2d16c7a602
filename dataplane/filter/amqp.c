/*
 * AMQP 0-9-1 topic exchanges: specification section 3.1.3.3: zero or more words between '.', `*` is
 * one word, `#` zero or more, anywhere. The empty key has no word and only `#` and the empty key
 * match it (rabbitmq-server PR 16271); an empty word within a key is a word. Keys are short strings
 * of at most 255 bytes (section 4.2.5.3). Published, `*` and `#` are themselves.
 */

#include "dataplane/filter/filter_priv.h"

#include <errno.h>
#include <string.h>

static int check_word(const char *what, const struct rh_level *level, struct rh_error *err)
{
	const char *slash = level->size ? memchr(level->text, '/', level->size) : NULL;

	if (!slash)
		return 0;
	return rh_error_set(err, EINVAL,
		"%s byte %zu: '/' in a word has no image here, where it parts levels: write '.' "
		"if that is meant",
		what, level->at + (size_t)(slash - level->text));
}

static int read_level(const struct rh_level *level, struct rh_raw *raw, struct rh_error *err)
{
	int ret = check_word("filter", level, err);

	if (ret)
		return ret;
	if (level->size == 1 && level->text[0] == '*')
		rh_raw_wild(raw, RH_TOKEN_ONE);
	else if (level->size == 1 && level->text[0] == '#')
		rh_raw_wild(raw, RH_TOKEN_ANY);
	else
		rh_raw_level(raw, level->text, level->size);
	return 0;
}

static int check_level(const struct rh_level *level, struct rh_error *err)
{
	return check_word("topic", level, err);
}

static int write_literal(
	const struct rh_filter *filter, size_t i, struct rh_out *out, struct rh_error *err)
{
	const struct rh_token *token = &filter->token[i];
	const char *text = filter->canon + token->start;

	if (token->size == 1 && (text[0] == '*' || text[0] == '#'))
		return rh_no_image(err, &rh_rules_amqp, i, "a literal '*' or '#'",
			"it would be a wildcard; mqtt has '*', solace has '#'");
	if (token->size && memchr(text, '.', token->size))
		return rh_no_image(err, &rh_rules_amqp, i, "a level with '.'",
			"mqtt, solace and zenoh have it");
	rh_out_bytes(out, text, token->size);
	return 0;
}

const struct rh_rules rh_rules_amqp = {
	.name = "amqp",
	.separator = '.',
	.empty_text = true,
	.bytes_max = 255,
	.share = "$share/",
	.everything = "#",
	.read = read_level,
	.check = check_level,
	.wild = {[RH_TOKEN_ONE] = "*",
		[RH_TOKEN_TAIL1] = "*.#",
		[RH_TOKEN_TAIL0] = "#",
		[RH_TOKEN_ANY] = "#"},
	.write_literal = write_literal,
};
