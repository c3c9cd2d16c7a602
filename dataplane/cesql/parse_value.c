#include "dataplane/cesql/function.h"
#include "dataplane/cesql/pattern.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

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
void cesql_string_add(struct parser *p, node_id id)
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
	cesql_advance(p);
}

/* Attributes have names in lower case, so SOURCE can mean nothing but source. */
static int name_add(struct parser *p, node_id id)
{
	const char *bytes = p->text + p->token.at;

	if (p->token.size > RH_CESQL_NAME_MAX)
		return cesql_refuse(p, p->token.at, E2BIG, "the name has %u bytes: an attribute has at most %d", p->token.size,
			RH_CESQL_NAME_MAX);
	text_add(p, id);
	for (size_t i = 0; i < p->token.size; i++) {
		if (bytes[i] == '_')
			return cesql_refuse(p, p->token.at + i, EINVAL, "'_' is in no attribute's name: letters and digits are");
		byte_add(p, id, bytes[i] >= 'A' && bytes[i] <= 'Z' ? (char)(bytes[i] + 'a' - 'A') : bytes[i]);
	}
	cesql_advance(p);
	return 0;
}

int cesql_parse_integer(struct parser *p, int sign, size_t at, node_id *out)
{
	int64_t value = 0;
	int rc;

	for (size_t i = 0; i < p->token.size && value <= INT32_MAX; i++)
		value = value * 10 + (p->text[p->token.at + i] - '0');
	value *= sign;
	if (value < INT32_MIN || value > INT32_MAX)
		return cesql_refuse(p, at, EINVAL, "the number is out of range: -2147483648 to 2147483647 are integers");
	rc = cesql_node_add(p, RH_CESQL_INTEGER, at, out);
	if (rc == 0)
		p->tree->node[*out].integer = (int32_t)value;
	cesql_advance(p);
	return rc;
}

int cesql_parse_list(struct parser *p, node_id parent, node_id last, bool may_be_empty)
{
	node_id child;
	int rc;

	rc = cesql_need(p, TOKEN_OPEN, "'('");
	if (rc < 0 || (may_be_empty && cesql_take(p, TOKEN_CLOSE)))
		return rc;
	do {
		rc = cesql_deeper(p, cesql_parse_expression, &child);
		if (rc == 0)
			rc = cesql_child_add(p, parent, last, child);
		if (rc < 0)
			return rc;
		last = child;
	} while (cesql_take(p, TOKEN_COMMA));
	return cesql_need(p, TOKEN_CLOSE, "',' or ')'");
}

static int no_such_function(struct parser *p, struct token name)
{
	char known[256] = "";
	size_t used = 0;

	for (int i = 0; i < CESQL_FUNCTION_COUNT; i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
			cesql_functions[i].name);
	return cesql_refuse(p, name.at, ENOSYS, "there is no function %s: %s are known", cesql_show(p, name).text, known);
}

static int wrong_count(struct parser *p, struct token name, const struct function *function, unsigned count)
{
	char wants[32];

	if (function->least == function->most)
		(void)snprintf(wants, sizeof(wants), "%u", function->least);
	else
		(void)snprintf(wants, sizeof(wants), "%u to %u", function->least, function->most);
	return cesql_refuse(p, name.at, ENOSYS, "there is no function %s of %u argument%s: it takes %s", function->name, count,
		count == 1 ? "" : "s", wants);
}

static int parse_call(struct parser *p, node_id *out)
{
	struct token name = p->token;
	int function = cesql_function_find(p->text + name.at, name.size), rc;
	unsigned count;

	rc = cesql_node_add(p, RH_CESQL_CALL, name.at, out);
	if (rc < 0)
		return rc;
	cesql_advance(p);
	rc = cesql_parse_list(p, *out, RH_CESQL_NONE, true);
	if (rc < 0)
		return rc;
	if (function < 0)
		return no_such_function(p, name);
	count = p->tree->node[*out].children;
	if (count < cesql_functions[function].least || count > cesql_functions[function].most)
		return wrong_count(p, name, &cesql_functions[function], count);
	if (function == CESQL_HOLDS)
		p->tree->node[*out].kind = RH_CESQL_HOLDS;
	else
		p->tree->node[*out].function = (uint8_t)function;
	return cesql_pattern_check(p, *out);
}

/* The name that no attribute can have. */
static bool is_payload(const struct parser *p, struct token token)
{
	return token.size == strlen(CESQL_PAYLOAD) && strncasecmp(p->text + token.at, CESQL_PAYLOAD, token.size) == 0;
}

static int parse_word(struct parser *p, node_id *out)
{
	int rc;

	if (cesql_token(p->text, p->len, (size_t)p->token.at + p->token.size).kind == TOKEN_OPEN)
		return parse_call(p, out);
	if (is_payload(p, p->token)) {
		rc = cesql_node_add(p, RH_CESQL_PAYLOAD, p->token.at, out);
		cesql_advance(p);
		return rc;
	}
	rc = cesql_node_add(p, RH_CESQL_NAME, p->token.at, out);
	return rc < 0 ? rc : name_add(p, *out);
}

static int parse_boolean(struct parser *p, node_id *out)
{
	int rc = cesql_node_add(p, RH_CESQL_BOOLEAN, p->token.at, out);

	if (rc == 0)
		p->tree->node[*out].integer = p->token.kind == TOKEN_TRUE;
	cesql_advance(p);
	return rc;
}

static int parse_string(struct parser *p, node_id *out)
{
	int rc = cesql_node_add(p, RH_CESQL_STRING, p->token.at, out);

	if (rc == 0)
		cesql_string_add(p, *out);
	return rc;
}

/* A name may be digits alone here, where no number could stand. */
static int parse_exists(struct parser *p, node_id *out)
{
	int rc = cesql_node_add(p, RH_CESQL_EXISTS, p->token.at, out);

	if (rc < 0)
		return rc;
	cesql_advance(p);
	if (p->token.kind != TOKEN_WORD && p->token.kind != TOKEN_DIGITS)
		return cesql_expected(p, "an attribute's name");
	if (is_payload(p, p->token))
		return cesql_refuse(p, p->token.at, EINVAL, "payload is no attribute: every event has one, payload NOT LIKE '' asks for one that is not empty");
	return name_add(p, *out);
}

static int parse_parentheses(struct parser *p, node_id *out)
{
	int rc;

	cesql_advance(p);
	rc = cesql_deeper(p, cesql_parse_expression, out);
	return rc < 0 ? rc : cesql_need(p, TOKEN_CLOSE, "an operator or ')'");
}

int cesql_parse_primary(struct parser *p, node_id *out)
{
	switch (p->token.kind) {
	case TOKEN_DIGITS:
		return cesql_parse_integer(p, 1, p->token.at, out);
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
		return cesql_expected(p, "a value");
	}
}
