#include "dataplane/cesql/parser.h"

#include "dataplane/base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int cesql_refuse(struct parser *p, size_t at, int errnum, const char *fmt, ...)
{
	char what[RH_ERROR_MAX - 32];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	p->where = p->from ? p->from[at] : at;
	return rh_error_set(p->err, errnum, "%s: at %zu: %s", p->what, p->where, what);
}

struct shown cesql_show(const struct parser *p, struct token token)
{
	size_t size = rh_utf8_cut(p->text + token.at, token.size, SHOWN_MAX);
	struct shown shown;

	if (token.kind == TOKEN_END)
		return (struct shown){"the end"};
	(void)snprintf(shown.text, sizeof(shown.text), "'%.*s%s'", (int)size, p->text + token.at,
		size < token.size ? "..." : "");
	return shown;
}

int cesql_expected(struct parser *p, const char *what)
{
	struct token found = p->token;

	if (found.kind == TOKEN_BAD && (p->text[found.at] == '\'' || p->text[found.at] == '"'))
		return cesql_refuse(p, found.at, EINVAL, "the string has no end: write %c behind it, and \\%c for a quote within",
			p->text[found.at], p->text[found.at]);
	if (!p->last.size)
		return cesql_refuse(p, found.at, EINVAL, "expected %s, found %s", what, cesql_show(p, found).text);
	return cesql_refuse(p, found.at, EINVAL, "expected %s after %s, found %s", what, cesql_show(p, p->last).text,
		cesql_show(p, found).text);
}

void cesql_advance(struct parser *p)
{
	p->last = p->token;
	p->token = cesql_token(p->text, p->len, p->last.at + p->last.size);
}

bool cesql_take(struct parser *p, enum token_kind kind)
{
	if (p->token.kind != kind)
		return false;
	cesql_advance(p);
	return true;
}

int cesql_need(struct parser *p, enum token_kind kind, const char *what)
{
	return cesql_take(p, kind) ? 0 : cesql_expected(p, what);
}

int cesql_node_add(struct parser *p, enum rh_cesql_kind kind, size_t at, node_id *out)
{
	struct rh_cesql_tree *tree = p->tree;

	if (tree->nodes == RH_CESQL_NODES_MAX)
		return cesql_refuse(p, at, E2BIG, "more than %d values and operators: split the expression",
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
	return cesql_refuse(p, at, E2BIG,
		"more than %d operators or %d parentheses within each other: use fewer, and IN (...) for a choice of values",
		RH_CESQL_DEPTH_MAX, RH_CESQL_NESTING_MAX);
}

int cesql_child_add(struct parser *p, node_id parent, node_id last, node_id child)
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

int cesql_deeper(struct parser *p, int (*parse)(struct parser *, node_id *), node_id *out)
{
	int rc;

	if (p->depth == RH_CESQL_NESTING_MAX)
		return too_deep(p, p->token.at);
	p->depth++;
	rc = parse(p, out);
	p->depth--;
	return rc;
}
