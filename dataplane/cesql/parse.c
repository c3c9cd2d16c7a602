/*
 * Precedence, tightest first (section 3.6): calls, NOT and -, LIKE and IN, * / %, + -, comparisons, AND OR XOR; equal
 * ones from left to right. AND, OR and XOR are one level, and a mix of them without parentheses is refused: the text
 * reads it from the left, the published grammar from the right.
 */

#include "dataplane/cesql/tree.h"

#include "dataplane/base/utf8.h"
#include "dataplane/cesql/function.h"
#include "dataplane/cesql/lex.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of a token that a sentence shows. */
#define SHOWN_MAX 24

struct parser {
	const char *text;
	size_t len;
	struct token token, last; /* the one to read, and the one before; last.size 0 at the start */
	unsigned depth;
	struct rh_cesql_tree *tree;
	size_t where;
	struct rh_error *err;
};

typedef uint16_t node_id;

/* Each parse function returns 0 and the node in *@out, or a negative errno after refuse(). */
static int parse_expression(struct parser *p, node_id *out);
static int parse_unary(struct parser *p, node_id *out);

__attribute__((format(printf, 4, 5))) static int refuse(struct parser *p, size_t at, int errnum, const char *fmt, ...)
{
	char what[RH_ERROR_MAX - 32];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	p->where = at;
	return rh_error_set(p->err, errnum, "cesql: at %zu: %s", at, what);
}

/* 'text', cut between characters, or what stands for it. */
struct shown {
	char text[SHOWN_MAX + 8];
};

static struct shown show(const struct parser *p, struct token token)
{
	size_t size = token.size <= SHOWN_MAX ? token.size : SHOWN_MAX;
	struct shown shown;

	if (token.kind == TOKEN_END)
		return (struct shown){"the end"};
	while (size < token.size && size && ((uint8_t)p->text[token.at + size] & 0xc0) == 0x80)
		size--;
	(void)snprintf(shown.text, sizeof(shown.text), "'%.*s%s'", (int)size, p->text + token.at,
		size < token.size ? "..." : "");
	return shown;
}

/* "expected X after 'Y', found 'Z'" */
static int expected(struct parser *p, const char *what)
{
	struct token found = p->token;

	if (found.kind == TOKEN_BAD && (p->text[found.at] == '\'' || p->text[found.at] == '"'))
		return refuse(p, found.at, EINVAL, "the string has no end: write %c behind it, and \\%c for a quote within",
			p->text[found.at], p->text[found.at]);
	if (found.kind == TOKEN_BAD && (uint8_t)p->text[found.at] < 0x80)
		found.size = 1;
	if (!p->last.size)
		return refuse(p, found.at, EINVAL, "expected %s, found %s", what, show(p, found).text);
	return refuse(p, found.at, EINVAL, "expected %s after %s, found %s", what, show(p, p->last).text,
		show(p, found).text);
}

static void advance(struct parser *p)
{
	p->last = p->token;
	p->token = cesql_token(p->text, p->len, p->last.at + p->last.size);
}

static bool take(struct parser *p, enum token_kind kind)
{
	if (p->token.kind != kind)
		return false;
	advance(p);
	return true;
}

static int need(struct parser *p, enum token_kind kind, const char *what)
{
	return take(p, kind) ? 0 : expected(p, what);
}

static int node_add(struct parser *p, enum rh_cesql_kind kind, size_t at, node_id *out)
{
	struct rh_cesql_tree *tree = p->tree;

	if (tree->nodes == RH_CESQL_NODES_MAX)
		return refuse(p, at, E2BIG, "more than %d values and operators: split the expression",
			RH_CESQL_NODES_MAX);
	*out = tree->nodes++;
	tree->node[*out] = (struct rh_cesql_node){.kind = (uint8_t)kind,
		.height = 1,
		.at = (uint16_t)at,
		.first = RH_CESQL_NONE,
		.next = RH_CESQL_NONE};
	return 0;
}

static int too_deep(struct parser *p, size_t at)
{
	return refuse(p, at, E2BIG,
		"more than %d operators or %d parentheses within each other: use fewer, and IN (...) for a choice of values",
		RH_CESQL_DEPTH_MAX, RH_CESQL_NESTING_MAX);
}

/* Append @child behind @last (RH_CESQL_NONE: as the first). */
static int child_add(struct parser *p, node_id parent, node_id last, node_id child)
{
	struct rh_cesql_node *node = &p->tree->node[parent];

	if (last == RH_CESQL_NONE)
		node->first = child;
	else
		p->tree->node[last].next = child;
	node->children++;
	if (p->tree->node[child].height >= RH_CESQL_DEPTH_MAX)
		return too_deep(p, node->at);
	if (node->height <= p->tree->node[child].height)
		node->height = (uint8_t)(p->tree->node[child].height + 1);
	return 0;
}

static int deeper(struct parser *p, int (*parse)(struct parser *, node_id *), node_id *out)
{
	int rc;

	if (p->depth == RH_CESQL_NESTING_MAX)
		return too_deep(p, p->token.at);
	p->depth++;
	rc = parse(p, out);
	p->depth--;
	return rc;
}

static void text_add(struct parser *p, node_id id)
{
	p->tree->node[id].start = p->tree->used;
}

static void byte_add(struct parser *p, node_id id, char c)
{
	p->tree->text[p->tree->used++] = c;
	p->tree->node[id].size++;
}

/* The token's bytes without quotes: a backslash before the quote of this literal goes, any other stays. */
static void string_add(struct parser *p, node_id id)
{
	const char *bytes = p->text + p->token.at;

	text_add(p, id);
	for (size_t i = 1; i + 1 < p->token.size; i++) {
		if (bytes[i] == '\\' && bytes[i + 1] != bytes[0])
			byte_add(p, id, bytes[i++]);
		else if (bytes[i] == '\\')
			i++;
		byte_add(p, id, bytes[i]);
	}
	advance(p);
}

/* Attributes have names in lower case, so SOURCE can mean nothing but source. */
static int name_add(struct parser *p, node_id id)
{
	const char *bytes = p->text + p->token.at;

	if (p->token.size > RH_CESQL_NAME_MAX)
		return refuse(p, p->token.at, E2BIG, "the name has %u bytes: an attribute has at most %d", p->token.size,
			RH_CESQL_NAME_MAX);
	text_add(p, id);
	for (size_t i = 0; i < p->token.size; i++) {
		if (bytes[i] == '_')
			return refuse(p, p->token.at + i, EINVAL, "'_' is in no attribute's name: letters and digits are");
		byte_add(p, id, bytes[i] >= 'A' && bytes[i] <= 'Z' ? (char)(bytes[i] + 'a' - 'A') : bytes[i]);
	}
	advance(p);
	return 0;
}

/* The digits at hand with @sign in front of them. */
static int parse_integer(struct parser *p, int sign, size_t at, node_id *out)
{
	int64_t value = 0;
	int rc;

	for (size_t i = 0; i < p->token.size && value <= INT32_MAX; i++)
		value = value * 10 + (p->text[p->token.at + i] - '0');
	value *= sign;
	if (value < INT32_MIN || value > INT32_MAX)
		return refuse(p, at, EINVAL, "the number is out of range: -2147483648 to 2147483647 are integers");
	rc = node_add(p, RH_CESQL_INTEGER, at, out);
	if (rc == 0)
		p->tree->node[*out].integer = (int32_t)value;
	advance(p);
	return rc;
}

/* "( e, e, ... )" as children of @parent behind @last. */
static int parse_list(struct parser *p, node_id parent, node_id last, bool may_be_empty)
{
	node_id child;
	int rc;

	rc = need(p, TOKEN_OPEN, "'('");
	if (rc < 0 || (may_be_empty && take(p, TOKEN_CLOSE)))
		return rc;
	do {
		rc = deeper(p, parse_expression, &child);
		if (rc == 0)
			rc = child_add(p, parent, last, child);
		if (rc < 0)
			return rc;
		last = child;
	} while (take(p, TOKEN_COMMA));
	return need(p, TOKEN_CLOSE, "',' or ')'");
}

static int no_such_function(struct parser *p, struct token name)
{
	char known[256] = "";
	size_t used = 0;

	for (int i = 0; i < CESQL_FUNCTION_COUNT; i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
			cesql_functions[i].name);
	return refuse(p, name.at, ENOSYS, "there is no function %s: %s are known", show(p, name).text, known);
}

static int wrong_count(struct parser *p, struct token name, const struct function *function, unsigned count)
{
	char wants[32];

	if (function->least == function->most)
		(void)snprintf(wants, sizeof(wants), "%u", function->least);
	else
		(void)snprintf(wants, sizeof(wants), "%u to %u", function->least, function->most);
	return refuse(p, name.at, ENOSYS, "there is no function %s of %u arguments: it takes %s", function->name, count,
		wants);
}

static int parse_call(struct parser *p, node_id *out)
{
	struct token name = p->token;
	int function = cesql_function_find(p->text + name.at, name.size), rc;
	unsigned count;

	rc = node_add(p, RH_CESQL_CALL, name.at, out);
	if (rc < 0)
		return rc;
	advance(p);
	rc = parse_list(p, *out, RH_CESQL_NONE, true);
	if (rc < 0)
		return rc;
	if (function < 0)
		return no_such_function(p, name);
	count = p->tree->node[*out].children;
	if (count < cesql_functions[function].least || count > cesql_functions[function].most)
		return wrong_count(p, name, &cesql_functions[function], count);
	p->tree->node[*out].function = (uint8_t)function;
	return 0;
}

static int parse_word(struct parser *p, node_id *out)
{
	int rc;

	if (cesql_token(p->text, p->len, (size_t)p->token.at + p->token.size).kind == TOKEN_OPEN)
		return parse_call(p, out);
	rc = node_add(p, RH_CESQL_NAME, p->token.at, out);
	return rc < 0 ? rc : name_add(p, *out);
}

static int parse_boolean(struct parser *p, node_id *out)
{
	int rc = node_add(p, RH_CESQL_BOOLEAN, p->token.at, out);

	if (rc == 0)
		p->tree->node[*out].integer = p->token.kind == TOKEN_TRUE;
	advance(p);
	return rc;
}

static int parse_string(struct parser *p, node_id *out)
{
	int rc = node_add(p, RH_CESQL_STRING, p->token.at, out);

	if (rc == 0)
		string_add(p, *out);
	return rc;
}

/* A name may be digits alone here, where no number could stand. */
static int parse_exists(struct parser *p, node_id *out)
{
	int rc = node_add(p, RH_CESQL_EXISTS, p->token.at, out);

	if (rc < 0)
		return rc;
	advance(p);
	if (p->token.kind != TOKEN_WORD && p->token.kind != TOKEN_DIGITS)
		return expected(p, "an attribute's name");
	return name_add(p, *out);
}

static int parse_parentheses(struct parser *p, node_id *out)
{
	int rc;

	advance(p);
	rc = deeper(p, parse_expression, out);
	return rc < 0 ? rc : need(p, TOKEN_CLOSE, "an operator or ')'");
}

static int parse_primary(struct parser *p, node_id *out)
{
	switch (p->token.kind) {
	case TOKEN_DIGITS:
		return parse_integer(p, 1, p->token.at, out);
	case TOKEN_STRING:
		return parse_string(p, out);
	case TOKEN_TRUE:
	case TOKEN_FALSE:
		return parse_boolean(p, out);
	case TOKEN_WORD:
		return parse_word(p, out);
	case TOKEN_EXISTS:
		return parse_exists(p, out);
	case TOKEN_OPEN:
		return parse_parentheses(p, out);
	default:
		return expected(p, "a value");
	}
}

static int parse_operator(struct parser *p, enum rh_cesql_kind kind, size_t at, node_id *out)
{
	node_id operand;
	int rc = node_add(p, kind, at, out);

	if (rc == 0)
		rc = deeper(p, parse_unary, &operand);
	return rc < 0 ? rc : child_add(p, *out, RH_CESQL_NONE, operand);
}

/* A sign with digits directly behind it is a literal's. */
static int parse_unary(struct parser *p, node_id *out)
{
	struct token sign = p->token;

	if (take(p, TOKEN_NOT))
		return parse_operator(p, RH_CESQL_NOT, sign.at, out);
	if (sign.kind == TOKEN_PLUS || sign.kind == TOKEN_MINUS) {
		struct token digits = cesql_token(p->text, p->len, sign.at + 1u);

		if (digits.kind == TOKEN_DIGITS && digits.at == sign.at + 1) {
			advance(p);
			return parse_integer(p, sign.kind == TOKEN_MINUS ? -1 : 1, sign.at, out);
		}
		if (take(p, TOKEN_MINUS))
			return parse_operator(p, RH_CESQL_MINUS, sign.at, out);
	}
	return parse_primary(p, out);
}

/* @operand becomes the first child of a LIKE. */
static int parse_like(struct parser *p, size_t at, node_id operand, node_id *out)
{
	int rc = node_add(p, RH_CESQL_LIKE, at, out);

	if (rc == 0)
		rc = child_add(p, *out, RH_CESQL_NONE, operand);
	if (rc < 0)
		return rc;
	if (p->token.kind != TOKEN_STRING)
		return expected(p, "a pattern in quotes");
	string_add(p, *out);
	if (p->tree->node[*out].size > RH_CESQL_LIKE_MAX)
		return refuse(p, p->last.at, E2BIG, "the pattern has %u bytes: at most %d can be matched",
			p->tree->node[*out].size, RH_CESQL_LIKE_MAX);
	return 0;
}

static int parse_in(struct parser *p, size_t at, node_id operand, node_id *out)
{
	int rc = node_add(p, RH_CESQL_IN, at, out);

	if (rc == 0)
		rc = child_add(p, *out, RH_CESQL_NONE, operand);
	return rc < 0 ? rc : parse_list(p, *out, operand, false);
}

static int parse_postfix(struct parser *p, node_id *out)
{
	int rc = parse_unary(p, out);

	while (rc == 0) {
		node_id operand = *out;
		size_t at = p->token.at;
		bool negated = take(p, TOKEN_NOT);

		if (take(p, TOKEN_LIKE))
			rc = parse_like(p, at, operand, out);
		else if (take(p, TOKEN_IN))
			rc = parse_in(p, at, operand, out);
		else
			return negated ? expected(p, "LIKE or IN") : 0;
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
	for (size_t i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++)
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
		rc = node_add(p, kind, p->token.at, out);
		if (rc < 0)
			return rc;
		p->tree->node[*out].negated = p->token.kind == TOKEN_UNEQUAL;
		advance(p);
		rc = parse_binary(p, level - 1, &right);
		if (rc == 0)
			rc = child_add(p, *out, RH_CESQL_NONE, left);
		if (rc == 0)
			rc = child_add(p, *out, left, right);
	}
	return rc;
}

static bool is_logic(enum token_kind kind)
{
	return kind == TOKEN_AND || kind == TOKEN_OR || kind == TOKEN_XOR;
}

static int parse_expression(struct parser *p, node_id *out)
{
	struct token logic;
	node_id last, next;
	int rc;

	rc = parse_binary(p, LEVEL_COMPARISON, &last);
	*out = last;
	logic = p->token;
	if (rc < 0 || !is_logic(logic.kind))
		return rc;
	rc = node_add(p, RH_CESQL_AND + (logic.kind - TOKEN_AND), logic.at, out);
	if (rc == 0)
		rc = child_add(p, *out, RH_CESQL_NONE, last);
	while (rc == 0 && take(p, logic.kind)) {
		rc = parse_binary(p, LEVEL_COMPARISON, &next);
		if (rc == 0)
			rc = child_add(p, *out, last, next);
		last = next;
	}
	if (rc == 0 && is_logic(p->token.kind))
		return refuse(p, p->token.at, EINVAL, "%s follows %s without parentheses: write (a %.*s b) %.*s c or a %.*s (b %.*s c)",
			show(p, p->token).text, show(p, logic).text, logic.size, p->text + logic.at, p->token.size,
			p->text + p->token.at, logic.size, p->text + logic.at, p->token.size, p->text + p->token.at);
	return rc;
}

static int parse_whole(struct parser *p)
{
	size_t bad;
	int rc;

	if (p->len > RH_CESQL_TEXT_MAX)
		return refuse(p, RH_CESQL_TEXT_MAX, E2BIG, "the expression has %zu bytes: at most %d are taken", p->len,
			RH_CESQL_TEXT_MAX);
	if (!rh_utf8_valid((const uint8_t *)p->text, p->len, &bad))
		return refuse(p, bad, EINVAL, "the byte 0x%02x is no UTF-8: encode the expression in it",
			(uint8_t)p->text[bad]);
	p->token = cesql_token(p->text, p->len, 0);
	rc = parse_expression(p, &p->tree->root);
	if (rc == 0 && p->token.kind != TOKEN_END)
		rc = expected(p, "an operator or the end");
	return rc;
}

int rh_cesql_parse(const char *text, size_t len, struct rh_cesql_tree *out, size_t *where, struct rh_error *err)
{
	struct parser p = {.text = text, .len = len, .tree = out, .err = err};
	int rc;

	out->nodes = 0;
	out->used = 0;
	rc = parse_whole(&p);
	if (rc < 0 && where)
		*where = p.where;
	return rc;
}
