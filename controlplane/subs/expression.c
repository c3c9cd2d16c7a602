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
	size_t regexes; /* bytes of their texts, each terminated */
	bool alone;	/* it is its one pattern, looked for in the payload, and nothing else */
};

/* The texts of the patterns, from @at on. */
static void regexes_pack(const struct draft *d, struct cp_expression *x, char *at)
{
	struct rh_cesql_pattern pattern;
	uint16_t node = RH_CESQL_NONE;

	for (uint16_t i = 0; i < d->patterns && rh_cesql_pattern_next(&d->tree, &node, &pattern); i++) {
		x->pattern[i] = (struct cp_expression_pattern){at, pattern.size};
		memcpy(at, pattern.regex, pattern.size + 1u);
		at += pattern.size + 1u;
	}
}

static struct cp_expression *pack(const struct draft *d, struct cp_sub_outcome *out)
{
	size_t head = sizeof(struct cp_expression) + d->patterns * sizeof(struct cp_expression_pattern);
	size_t nodes = d->tree.nodes * sizeof(d->tree.node[0]);
	size_t bytes = head + nodes + d->tree.used + (size_t)d->len + 1 + d->regexes;
	struct cp_expression *x = malloc(bytes);
	char *tree = (char *)x + head, *text = tree + nodes + d->tree.used;

	if (!x) {
		cp_outcome_set(out, RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
		return NULL;
	}
	*x = (struct cp_expression){.bytes = bytes,
		.text = text,
		.tree = tree,
		.len = (uint16_t)d->len,
		.nodes = d->tree.nodes,
		.used = d->tree.used,
		.root = d->tree.root,
		.patterns = d->patterns,
		.alone = d->alone};
	rh_cesql_price(&d->tree, &x->price);
	memcpy(tree, d->tree.node, nodes);
	memcpy(tree + nodes, d->tree.text, d->tree.used);
	memcpy(text, d->text, (size_t)d->len + 1);
	regexes_pack(d, x, text + d->len + 1);
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

/* What a program cannot hold is known when it is made. */
static bool compiles(const struct rh_cesql_tree *tree, struct cp_sub_outcome *out)
{
	struct rh_cesql_program *program;
	struct rh_error err;
	int ret = rh_cesql_compile(tree, &program, &err);

	if (ret == 0)
		rh_cesql_destroy(program);
	else if (ret == -ENOMEM)
		cp_outcome_set(out, RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
	else
		cp_outcome_set(out, RH_SUB_INVALID_CONTENT, "%s", err.text);
	return ret == 0;
}

static void patterns_count(struct draft *d)
{
	struct rh_cesql_pattern pattern;
	uint16_t node = RH_CESQL_NONE;

	while (rh_cesql_pattern_next(&d->tree, &node, &pattern)) {
		d->patterns++;
		d->regexes += pattern.size + 1u;
		/* LIKE looks at the payload's encoding, too. */
		d->alone = node == d->tree.root && pattern.of_payload &&
			   d->tree.node[node].kind == RH_CESQL_CALL;
	}
}

static bool draft_check(struct draft *d, struct cp_sub_outcome *out)
{
	if (!compiles(&d->tree, out))
		return false;
	d->len = rh_cesql_print(&d->tree, d->text, sizeof(d->text));
	patterns_count(d);
	return true;
}

static int parse(uint8_t kind, const char *text, size_t len, struct rh_cesql_tree *tree, struct rh_error *err)
{
	switch (kind) {
	case RH_CONTENT_PAYLOAD_REGEX:
		return rh_cesql_from_regex(text, len, tree, NULL, err);
	case RH_CONTENT_CESQL:
		return rh_cesql_parse(text, len, tree, NULL, err);
	case RH_CONTENT_FILTERS:
		return rh_cesql_from_json(text, len, tree, NULL, err);
	}
	return rh_error_set(err, ENOTSUP,
		"content kind %u is not known: use 0 (none), %d (payload regular expression), %d (CESQL) or %d "
		"(filters in JSON)",
		kind, RH_CONTENT_PAYLOAD_REGEX, RH_CONTENT_CESQL, RH_CONTENT_FILTERS);
}

struct cp_expression *cp_expression_create(
	uint8_t kind, const char *text, size_t len, struct cp_sub_outcome *out)
{
	struct rh_error err;
	struct draft d;
	int ret;

	d.patterns = 0;
	d.regexes = 0;
	d.alone = false;
	ret = parse(kind, text, len, &d.tree, &err);
	if (ret < 0)
		cp_outcome_set(out, ret == -ENOTSUP ? RH_SUB_UNSUPPORTED : RH_SUB_INVALID_CONTENT, "%s", err.text);
	return ret == 0 && draft_check(&d, out) ? pack(&d, out) : NULL;
}
