/* A filter as text of a dialect, which parses to the same filter. */

#include "dataplane/base/compiler.h"
#include "dataplane/filter/filter_priv.h"

#include <errno.h>
#include <string.h>

void rh_out_bytes(struct rh_out *out, const char *bytes, size_t size)
{
	if (size >= out->room - out->len) {
		out->full = true;
		return;
	}
	memcpy(out->text + out->len, bytes, size);
	out->len += size;
}

void rh_out_text(struct rh_out *out, const char *text)
{
	rh_out_bytes(out, text, strlen(text));
}

int rh_no_image(struct rh_error *err, const struct rh_rules *rules, size_t i, const char *what,
	const char *instead)
{
	return rh_error_set(err, ENOTSUP, "filter level %zu: %s has no image in %s: %s", i + 1,
		what, rules->name, instead);
}

int rh_no_wild(struct rh_error *err, const struct rh_rules *rules, const struct rh_filter *filter,
	size_t i)
{
	static const struct {
		const char *what, *instead;
	} told[RH_TOKEN_KIND_COUNT] = {
		[RH_TOKEN_ONE] = {"one level", "every dialect has it"},
		[RH_TOKEN_TAIL1] = {"one or more levels", "every dialect has it"},
		[RH_TOKEN_PREFIX] = {"a level that begins with some text", "solace has it (red*)"},
		[RH_TOKEN_SUB] = {"a pattern within a level", "zenoh has it (a$*b)"},
		[RH_TOKEN_TAIL0] = {"zero or more levels at the end",
			"subscribe twice, with '>' in its place and without that level"},
		[RH_TOKEN_ANY] = {"zero or more levels in between", "zenoh and amqp have it"},
	};
	uint8_t kind = filter->token[i].kind;

	return rh_no_image(err, rules, i, told[kind].what, told[kind].instead);
}

/* Could it match a level that begins with anything? */
static bool is_open(const struct rh_filter *filter, size_t i)
{
	uint8_t kind = filter->token[i].kind;

	return rh_token_is_gap(kind) || rh_glob_open(rh_token_glob(filter, i));
}

static int check_dollar(
	const struct rh_filter *filter, const struct rh_rules *rules, struct rh_error *err)
{
	if (filter->hides_dollar && !rules->hides_dollar)
		return rh_no_image(err, rules, 0,
			"a wildcard that hides topics which begin with '$'", "mqtt has it");
	if (!filter->hides_dollar && rules->hides_dollar && filter->tokens && is_open(filter, 0))
		return rh_no_image(err, rules, 0,
			"a wildcard that sees topics which begin with '$'",
			"solace, nats and amqp have it");
	return 0;
}

static int check_at(
	const struct rh_filter *filter, const struct rh_rules *rules, struct rh_error *err)
{
	for (size_t i = 0; i < filter->tokens; i++) {
		if (!is_open(filter, i))
			continue;
		if (filter->verbatim_at && !rules->verbatim_at)
			return rh_no_image(err, rules, i,
				"a wildcard that passes no level which begins with '@'",
				"zenoh has it");
		if (!filter->verbatim_at && rules->verbatim_at)
			return rh_no_image(err, rules, i,
				"a wildcard that takes levels which begin with '@'",
				"the other dialects have it");
	}
	return 0;
}

/* Behind nothing but an empty level "one or more" says as much as "zero or more". */
static bool is_below_blank(const struct rh_filter *filter, size_t i)
{
	return i == 1 && filter->token[1].kind == RH_TOKEN_TAIL1 &&
	       filter->token[0].kind == RH_TOKEN_LIT && filter->token[0].size == 0;
}

static int write_token(const struct rh_filter *filter, const struct rh_rules *rules, size_t i,
	struct rh_out *out, struct rh_error *err)
{
	uint16_t kind = filter->token[i].kind;

	if (kind == RH_TOKEN_LIT)
		return rules->write_literal(filter, i, out, err);
	if ((kind == RH_TOKEN_PREFIX || kind == RH_TOKEN_SUB) && rules->write_glob)
		return rules->write_glob(filter, i, out, err);
	if (!rules->wild[kind])
		return rh_no_wild(err, rules, filter, i);
	rh_out_text(out, rules->below_blank && is_below_blank(filter, i) ? rules->below_blank
									: rules->wild[kind]);
	return 0;
}

static int write_filter(const struct rh_filter *filter, const struct rh_rules *rules,
	struct rh_out *out, struct rh_error *err)
{
	int ret = check_dollar(filter, rules, err);

	if (ret == 0)
		ret = check_at(filter, rules, err);
	if (ret == 0 && filter->tokens == 0 && !rules->empty_text)
		ret = rh_error_set(err, ENOTSUP,
			"filter: the empty key has no image in %s: amqp has it", rules->name);
	for (size_t i = 0; i < filter->tokens && ret == 0; i++) {
		if (i)
			rh_out_bytes(out, &rules->separator, 1);
		ret = write_token(filter, rules, i, out, err);
	}
	return ret;
}

static void write_prefix(
	const struct rh_filter *filter, const struct rh_rules *rules, struct rh_out *out)
{
	if (filter->except)
		rh_out_text(out, "!");
	if (!filter->grouped)
		return;
	if (filter->group_len == 0) {
		rh_out_text(out, "$queue/");
		return;
	}
	rh_out_text(out, rules->share);
	rh_out_bytes(out, filter->group, filter->group_len);
	rh_out_text(out, "/");
}

static bool same(const struct rh_filter *a, const struct rh_filter *b)
{
	return a->len == b->len && memcmp(a->canon, b->canon, a->len) == 0 &&
	       a->except == b->except && a->grouped == b->grouped &&
	       strcmp(a->group, b->group) == 0;
}

/* What is left: a literal that would be read as '!' or a group, and texts too long for a dialect.
 */
static int check_again(const struct rh_filter *filter, enum rh_dialect dialect,
	const struct rh_out *out, struct rh_error *err)
{
	struct rh_filter again;

	if (rh_filter_parse(dialect, out->text, out->len, &again, err) == 0 && same(filter, &again))
		return 0;
	return rh_error_set(err, ENOTSUP,
		"filter level 1: '%.24s' has no image in %s: it is too long there, or what it "
		"begins with means something else",
		out->text, rh_dialect_name(dialect));
}

int rh_filter_print(const struct rh_filter *filter, enum rh_dialect dialect, char *out, size_t room,
	struct rh_error *err)
{
	const struct rh_rules *rules = rh_rules_of(dialect, err);
	struct rh_out text = {.text = out, .room = room};
	int ret;

	if (!rules)
		return -EINVAL;
	if (room == 0)
		return -EMSGSIZE;
	write_prefix(filter, rules, &text);
	ret = write_filter(filter, rules, &text, err);
	text.text[text.len] = '\0';
	if (ret == 0 && text.full)
		ret = rh_error_set(err, EMSGSIZE, "filter: its text in %s has more than %zu bytes",
			rules->name, room - 1);
	if (ret == 0)
		ret = check_again(filter, dialect, &text, err);
	return ret ? ret : (int)text.len;
}

int rh_filter_show(const struct rh_filter *filter, char *out, size_t room, enum rh_dialect *dialect)
{
	static const enum rh_dialect order[] = {RH_DIALECT_MQTT, RH_DIALECT_SOLACE,
		RH_DIALECT_ZENOH, RH_DIALECT_AMQP, RH_DIALECT_NATS};
	int ret = -ENOTSUP;

	for (size_t i = 0; i < RH_ARRAY_LEN(order) && ret == -ENOTSUP; i++) {
		ret = rh_filter_print(filter, order[i], out, room, NULL);
		if (ret >= 0 && dialect)
			*dialect = order[i];
	}
	return ret;
}
