#include "controlplane/subs/expression.h"

#include "controlplane/subs/subs_priv.h"
#include "dataplane/cesql/program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* While it is put together. */
struct draft {
	struct rh_cesql_tree tree;
	char text[RH_CESQL_PRINT_MAX];
	int len;
	uint16_t patterns;
	struct cp_expression_pattern pattern[RH_CESQL_NODES_MAX];
};

static struct cp_expression *pack(const struct draft *d, struct cp_sub_outcome *out)
{
	size_t head = sizeof(struct cp_expression) + d->patterns * sizeof(d->pattern[0]);
	size_t nodes = d->tree.nodes * sizeof(d->tree.node[0]);
	size_t bytes = head + nodes + d->tree.used + (size_t)d->len + 1;
	struct cp_expression *x = malloc(bytes);
	char *tree = (char *)x + head;

	if (!x) {
		cp_outcome_set(out, RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
		return NULL;
	}
	*x = (struct cp_expression){.bytes = bytes,
		.text = tree + nodes + d->tree.used,
		.tree = tree,
		.len = (uint16_t)d->len,
		.nodes = d->tree.nodes,
		.used = d->tree.used,
		.root = d->tree.root,
		.patterns = d->patterns};
	memcpy(x->pattern, d->pattern, d->patterns * sizeof(d->pattern[0]));
	memcpy(tree, d->tree.node, nodes);
	memcpy(tree + nodes, d->tree.text, d->tree.used);
	memcpy(tree + nodes + d->tree.used, d->text, (size_t)d->len + 1);
	return x;
}

void cp_expression_tree(const struct cp_expression *x, struct rh_cesql_tree *out)
{
	size_t nodes = x->nodes * sizeof(out->node[0]);

	out->nodes = x->nodes;
	out->used = x->used;
	out->root = x->root;
	memcpy(out->node, x->tree, nodes);
	memcpy(out->text, (const char *)x->tree + nodes, x->used);
}

/* Can @text stand between apostrophes? Not with an odd number of backslashes before one (dataplane/cesql/print.c). */
static char quote_of(const char *text, size_t len)
{
	bool odd = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\'' && odd)
			return '"';
		odd = text[i] == '\\' && !odd;
	}
	return '\'';
}

static void put(struct draft *d, const char *text, size_t len)
{
	memcpy(d->text + d->len, text, len);
	d->len += (int)len;
}

/* MATCHES(payload, '@text'): no tree, its one pattern says all. */
static bool regex_take(struct draft *d, const char *text, size_t len, struct cp_sub_outcome *out)
{
	char quote = quote_of(text, len);

	if (!len)
		cp_outcome_set(out, RH_SUB_INVALID_CONTENT,
			"pattern is empty: give a regular expression or none");
	else if (len > RH_CONTENT_MAX)
		cp_outcome_set(out, RH_SUB_INVALID_CONTENT, "pattern is %zu bytes long: use 1 to %d",
			len, RH_CONTENT_MAX);
	if (out->code)
		return false;
	put(d, "MATCHES(payload, ", 17);
	put(d, &quote, 1);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == quote)
			put(d, "\\", 1);
		put(d, text + i, 1);
	}
	put(d, &quote, 1);
	put(d, ")", 1);
	d->text[d->len] = '\0';
	d->pattern[d->patterns++] = (struct cp_expression_pattern){text, (uint16_t)len};
	return true;
}

/* What a program cannot hold is known when it is made. */
static bool compiles(const struct rh_cesql_tree *tree, struct cp_sub_outcome *out)
{
	struct rh_cesql_program *program;
	struct rh_error err;
	int ret = rh_cesql_compile(tree, &program, &err);

	if (ret == -ENOMEM)
		cp_outcome_set(out, RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
	else if (ret < 0)
		cp_outcome_set(out, RH_SUB_INVALID_CONTENT, "%s", err.text);
	else
		rh_cesql_destroy(program);
	return ret == 0;
}

static bool tree_take(struct draft *d, uint8_t kind, const char *text, size_t len, struct cp_sub_outcome *out)
{
	struct rh_error err;
	int ret = kind == RH_CONTENT_CESQL ? rh_cesql_parse(text, len, &d->tree, NULL, &err)
					   : rh_cesql_from_json(text, len, &d->tree, NULL, &err);

	if (ret < 0) {
		cp_outcome_set(out, RH_SUB_INVALID_CONTENT, "%s", err.text);
		return false;
	}
	d->len = rh_cesql_print(&d->tree, d->text, sizeof(d->text));
	return compiles(&d->tree, out);
}

static bool take(struct draft *d, uint8_t kind, const char *text, size_t len, struct cp_sub_outcome *out)
{
	switch (kind) {
	case RH_CONTENT_PAYLOAD_REGEX:
		return regex_take(d, text, len, out);
	case RH_CONTENT_CESQL:
	case RH_CONTENT_FILTERS:
		return tree_take(d, kind, text, len, out);
	}
	cp_outcome_set(out, RH_SUB_UNSUPPORTED,
		"content kind %u is not known: use 0 (none), %d (payload regular expression), %d (CESQL) or %d "
		"(filters in JSON)",
		kind, RH_CONTENT_PAYLOAD_REGEX, RH_CONTENT_CESQL, RH_CONTENT_FILTERS);
	return false;
}

struct cp_expression *cp_expression_create(
	uint8_t kind, const char *text, size_t len, struct cp_sub_outcome *out)
{
	struct draft d;

	d.tree.nodes = d.tree.used = d.tree.root = 0;
	d.len = 0;
	d.patterns = 0;
	return take(&d, kind, text, len, out) ? pack(&d, out) : NULL;
}
