/*
 * Precedence, tightest first (section 3.6): calls, NOT and -, LIKE and IN, * / %, + -, comparisons, AND OR XOR; equal
 * ones from left to right. AND, OR and XOR are one level, and a mix of them without parentheses is refused: the text
 * reads it from the left, the published grammar from the right.
 */

#include "dataplane/cesql/tree.h"

#include "dataplane/base/compiler.h"
#include "dataplane/base/utf8.h"
#include "dataplane/cesql/pattern.h"

#include <errno.h>

static int parse_unary(struct parser *p, node_id *out);

static int parse_operator(struct parser *p, enum rh_cesql_kind kind, size_t at, node_id *out)
{
	node_id operand;
	int rc = cesql_node_add(p, kind, at, out);

	if (rc == 0)
		rc = cesql_deeper(p, parse_unary, &operand);
	return rc < 0 ? rc : cesql_child_add(p, *out, RH_CESQL_NONE, operand);
}

/* A sign with digits directly behind it is a literal's. */
static int parse_unary(struct parser *p, node_id *out)
{
	struct token sign = p->token;

	if (cesql_take(p, TOKEN_NOT))
		return parse_operator(p, RH_CESQL_NOT, sign.at, out);
	if (sign.kind == TOKEN_PLUS || sign.kind == TOKEN_MINUS) {
		struct token digits = cesql_token(p->text, p->len, sign.at + 1u);

		if (digits.kind == TOKEN_DIGITS && digits.at == sign.at + 1) {
			cesql_advance(p);
			return cesql_parse_integer(p, sign.kind == TOKEN_MINUS ? -1 : 1, sign.at, out);
		}
		if (cesql_take(p, TOKEN_MINUS))
			return parse_operator(p, RH_CESQL_MINUS, sign.at, out);
	}
	return cesql_parse_primary(p, out);
}

/* @operand becomes the first child of a LIKE. */
static int parse_like(struct parser *p, size_t at, node_id operand, node_id *out)
{
	int rc = cesql_node_add(p, RH_CESQL_LIKE, at, out);

	if (rc == 0)
		rc = cesql_child_add(p, *out, RH_CESQL_NONE, operand);
	if (rc < 0)
		return rc;
	if (p->token.kind != TOKEN_STRING)
		return cesql_expected(p, "a pattern in quotes");
	cesql_string_add(p, *out);
	if (p->tree->node[*out].size > RH_CESQL_LIKE_MAX)
		return cesql_refuse(p, p->last.at, E2BIG, "the pattern has %u bytes: at most %d can be matched",
			p->tree->node[*out].size, RH_CESQL_LIKE_MAX);
	return 0;
}

static int parse_in(struct parser *p, size_t at, node_id operand, node_id *out)
{
	int rc = cesql_node_add(p, RH_CESQL_IN, at, out);

	if (rc == 0)
		rc = cesql_child_add(p, *out, RH_CESQL_NONE, operand);
	return rc < 0 ? rc : cesql_parse_list(p, *out, operand, false);
}

static int parse_postfix(struct parser *p, node_id *out)
{
	int rc = parse_unary(p, out);

	while (rc == 0) {
		node_id operand = *out;
		size_t at = p->token.at;
		bool negated = cesql_take(p, TOKEN_NOT);

		if (cesql_take(p, TOKEN_LIKE))
			rc = parse_like(p, at, operand, out);
		else if (cesql_take(p, TOKEN_IN))
			rc = parse_in(p, at, operand, out);
		else
			return negated ? cesql_expected(p, "LIKE or IN") : 0;
		if (rc == 0)
			p->tree->node[*out].negated = negated;
	}
	return rc;
}

/* Binary operators but the logical ones, the tightest level first. */
static const struct {
	enum token_kind token;
	enum rh_cesql_kind kind;
	uint8_t level;
} binaries[] = {{TOKEN_STAR, RH_CESQL_MULTIPLY, 0}, {TOKEN_SLASH, RH_CESQL_DIVIDE, 0},
	{TOKEN_PERCENT, RH_CESQL_REMAINDER, 0}, {TOKEN_PLUS, RH_CESQL_ADD, 1}, {TOKEN_MINUS, RH_CESQL_SUBTRACT, 1},
	{TOKEN_EQUAL, RH_CESQL_EQUAL, 2}, {TOKEN_UNEQUAL, RH_CESQL_EQUAL, 2}, {TOKEN_LESS, RH_CESQL_LESS, 2},
	{TOKEN_LESS_EQUAL, RH_CESQL_LESS_EQUAL, 2}, {TOKEN_GREATER, RH_CESQL_GREATER, 2},
	{TOKEN_GREATER_EQUAL, RH_CESQL_GREATER_EQUAL, 2}};
#define LEVEL_COMPARISON 2

static enum rh_cesql_kind binary_of(enum token_kind token, int level)
{
	for (size_t i = 0; i < RH_ARRAY_LEN(binaries); i++)
		if (binaries[i].token == token && binaries[i].level == level)
			return binaries[i].kind;
	return RH_CESQL_KIND_COUNT;
}

static int parse_binary(struct parser *p, int level, node_id *out)
{
	int rc = level < 0 ? parse_postfix(p, out) : parse_binary(p, level - 1, out);

	while (rc == 0 && level >= 0) {
		enum rh_cesql_kind kind = binary_of(p->token.kind, level);
		node_id left = *out, right;

		if (kind == RH_CESQL_KIND_COUNT)
			return 0;
		rc = cesql_node_add(p, kind, p->token.at, out);
		if (rc < 0)
			return rc;
		p->tree->node[*out].negated = p->token.kind == TOKEN_UNEQUAL;
		cesql_advance(p);
		rc = parse_binary(p, level - 1, &right);
		if (rc == 0)
			rc = cesql_child_add(p, *out, RH_CESQL_NONE, left);
		if (rc == 0)
			rc = cesql_child_add(p, *out, left, right);
	}
	return rc;
}

static bool is_logic(enum token_kind kind)
{
	return kind == TOKEN_AND || kind == TOKEN_OR || kind == TOKEN_XOR;
}

int cesql_parse_expression(struct parser *p, node_id *out)
{
	struct token logic;
	node_id last, next;
	int rc;

	rc = parse_binary(p, LEVEL_COMPARISON, &last);
	*out = last;
	logic = p->token;
	if (rc < 0 || !is_logic(logic.kind))
		return rc;
	rc = cesql_node_add(p, RH_CESQL_AND + (logic.kind - TOKEN_AND), logic.at, out);
	if (rc == 0)
		rc = cesql_child_add(p, *out, RH_CESQL_NONE, last);
	while (rc == 0 && cesql_take(p, logic.kind)) {
		rc = parse_binary(p, LEVEL_COMPARISON, &next);
		if (rc == 0)
			rc = cesql_child_add(p, *out, last, next);
		last = next;
	}
	if (rc == 0 && is_logic(p->token.kind))
		return cesql_refuse(p, p->token.at, EINVAL, "%s follows %s without parentheses: write (a %.*s b) %.*s c or a %.*s (b %.*s c)",
			cesql_show(p, p->token).text, cesql_show(p, logic).text, logic.size, p->text + logic.at, p->token.size,
			p->text + p->token.at, logic.size, p->text + logic.at, p->token.size, p->text + p->token.at);
	return rc;
}

int cesql_parse_text(struct parser *p, node_id *out)
{
	size_t bad;
	int rc;

	if (p->len > RH_CESQL_TEXT_MAX)
		return cesql_refuse(p, RH_CESQL_TEXT_MAX, E2BIG, "the expression has %zu bytes: at most %d are taken", p->len,
			RH_CESQL_TEXT_MAX);
	if (!rh_utf8_valid((const uint8_t *)p->text, p->len, &bad))
		return cesql_refuse(p, bad, EINVAL, "the byte 0x%02x is no UTF-8: encode the expression in it",
			(uint8_t)p->text[bad]);
	p->token = cesql_token(p->text, p->len, 0);
	rc = cesql_parse_expression(p, out);
	if (rc == 0 && p->token.kind != TOKEN_END)
		rc = cesql_expected(p, "an operator or the end");
	return rc < 0 ? rc : cesql_payload_check(p, *out, false);
}

int rh_cesql_parse(const char *text, size_t len, struct rh_cesql_tree *out, size_t *where, struct rh_error *err)
{
	struct parser p = {.text = text, .len = len, .tree = out, .err = err, .what = "cesql"};
	int rc;

	out->nodes = 0;
	out->used = 0;
	rc = cesql_parse_text(&p, &out->root);
	if (rc < 0 && where)
		*where = p.where;
	return rc;
}
