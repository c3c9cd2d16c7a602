/*
 * libyang says what is wrong and where; this file adds the value, where libyang leaves it out, and
 * what would be right, which it takes from the model. "FILE:LINE: PATH: value: what is wrong;
 * expected ..."
 */

#include "controlplane/conf/schema_priv.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deepest node of the model below its root. */
#define CHAIN_MAX 8

struct text {
	char *at;
	size_t left;
};

rh_printf(2, 3) static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at, t->left, fmt, ap);
	va_end(ap);
	if (n < 0 || t->left == 0)
		return;
	if ((size_t)n >= t->left)
		n = (int)t->left - 1;
	t->at += n;
	t->left -= (size_t)n;
}

static void add_range(struct text *t, const struct lysc_range *range)
{
	LY_ARRAY_COUNT_TYPE i;

	LY_ARRAY_FOR(range->parts, i)
	{
		unsigned long long low = range->parts[i].min_u64, high = range->parts[i].max_u64;

		add(t, i > 0 ? " or " : "");
		if (low == high)
			add(t, "%llu", low);
		else
			add(t, "%llu..%llu", low, high);
	}
}

static void add_enum(struct text *t, const struct lysc_type_enum *type)
{
	LY_ARRAY_COUNT_TYPE i;

	add(t, LY_ARRAY_COUNT(type->enums) > 1 ? "one of " : "");
	LY_ARRAY_FOR(type->enums, i)
	add(t, "%s%s", i > 0 ? ", " : "", type->enums[i].name);
}

static void add_string(struct text *t, const struct lysc_type_str *type)
{
	LY_ARRAY_COUNT_TYPE i;

	add(t, "text");
	if (type->length != NULL) {
		add(t, " of ");
		add_range(t, type->length);
		add(t, " characters");
	}
	LY_ARRAY_FOR(type->patterns, i)
	if (type->patterns[i]->emsg != NULL)
		add(t, "; %s", type->patterns[i]->emsg);
}

static void add_type(struct text *t, const struct lysc_type *type)
{
	const struct lysc_type_union *set = (const struct lysc_type_union *)type;
	const struct lysc_type_num *num = (const struct lysc_type_num *)type;
	LY_ARRAY_COUNT_TYPE i;

	switch (type->basetype) {
	case LY_TYPE_BOOL:
		add(t, "true or false");
		break;
	case LY_TYPE_ENUM:
		add_enum(t, (const struct lysc_type_enum *)type);
		break;
	case LY_TYPE_STRING:
		add_string(t, (const struct lysc_type_str *)type);
		break;
	case LY_TYPE_LEAFREF:
		add(t, "the name of an entry of the list port");
		break;
	case LY_TYPE_UNION:
		LY_ARRAY_FOR(set->types, i)
		{
			add(t, i > 0 ? ", or " : "");
			add_type(t, set->types[i]);
		}
		break;
	default:
		add(t, "a whole number");
		if (num->range != NULL) {
			add(t, ", ");
			add_range(t, num->range);
		}
	}
}

static void add_children(struct text *t, const struct lysc_node *parent)
{
	const struct lysc_node *node;

	add(t, "one of");
	LY_LIST_FOR(lysc_node_child(parent), node)
	add(t, "%s %s", node->prev->next != NULL ? "," : "", node->name);
}

void conf_expected(const struct lysc_node *node, char *out, size_t size)
{
	struct text t = {out, size};

	out[0] = '\0';
	switch (node->nodetype) {
	case LYS_LEAF:
		add_type(&t, ((const struct lysc_node_leaf *)node)->type);
		if (((const struct lysc_node_leaf *)node)->units != NULL)
			add(&t, " (%s)", ((const struct lysc_node_leaf *)node)->units);
		break;
	case LYS_LEAFLIST:
		add_type(&t, ((const struct lysc_node_leaflist *)node)->type);
		break;
	default:
		add_children(&t, node);
	}
}

/* The path without predicates, and its node in the model. */
static const struct lysc_node *model_node(struct ly_ctx *ctx, const char *path)
{
	char plain[512];
	size_t n = 0;
	bool inside = false;

	for (; *path != '\0' && n + 1 < sizeof(plain); path++) {
		if (*path == '[')
			inside = true;
		if (!inside)
			plain[n++] = *path;
		if (*path == ']')
			inside = false;
	}
	plain[n] = '\0';
	/* libyang writes the parent of a repeated list entry with its module only. */
	if (strncmp(plain, CONF_ROOT, strlen(CONF_ROOT)) != 0)
		return NULL;
	return lys_find_path(ctx, NULL, plain, 0);
}

static const char *json_word(const json_t *value, char *out, size_t size)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	(void)snprintf(out, size, "%s", text != NULL ? text : "?");
	free(text);
	return out;
}

static bool fits(struct ly_ctx *ctx, const struct lysc_node *node, const json_t *value)
{
	const char *text = json_string_value(value);

	return text == NULL ||
	       lyd_value_validate(ctx, node, text, strlen(text), NULL, NULL, NULL) == LY_SUCCESS;
}

/* The first text at @node that the model refuses: found by trying, since libyang's path lacks a key
 * that is itself wrong. */
static const json_t *find_wrong(
	struct ly_ctx *ctx, const struct lysc_node *const *chain, int depth, const json_t *value)
{
	const json_t *wrong = NULL;
	size_t i;
	json_t *entry;

	if (!json_is_array(value)) {
		if (depth == 0)
			return json_is_string(value) && !fits(ctx, chain[0], value) ? value : NULL;
		value = json_object_get(value, chain[depth - 1]->name);
		return value != NULL ? find_wrong(ctx, chain, depth - 1, value) : NULL;
	}
	json_array_foreach(value, i, entry)
	{
		wrong = find_wrong(ctx, chain, depth, entry);
		if (wrong != NULL)
			break;
	}
	return wrong;
}

static void value_of(struct ly_ctx *ctx, const struct lysc_node *node, const char *text, size_t len,
	char *out, size_t size)
{
	const struct lysc_node *chain[CHAIN_MAX];
	json_t *json = json_loadb(text, len, 0, NULL);
	const json_t *value;
	char word[128];
	int depth = 0;

	out[0] = '\0';
	for (const struct lysc_node *up = node; up->parent != NULL && depth < CHAIN_MAX;
		up = up->parent)
		chain[depth++] = up;
	value = find_wrong(ctx, chain, depth, json_object_get(json, "rhumb:rhumb"));
	if (json_is_string(value))
		(void)snprintf(out, size, "%s: ", json_word(value, word, sizeof(word)));
	json_decref(json);
}

/* From 'Data location "PATH", line number N.' */
static void place_of(const char *where, char *path, size_t size, unsigned *line)
{
	const char *open = where != NULL ? strchr(where, '"') : NULL;
	const char *close = open != NULL ? strrchr(where, '"') : NULL;
	const char *number = where != NULL ? strcasestr(where, "line number ") : NULL;

	*line = number != NULL ? (unsigned)strtoul(number + 12, NULL, 10) : 0;
	path[0] = '\0';
	if (close != NULL && close > open)
		(void)snprintf(path, size, "%.*s", (int)(close - open - 1), open + 1);
}

/* Rules of several nodes say in their own words what would be right. */
static bool is_rule(const struct lysc_node *node, const char *message)
{
	const struct lysc_must *rules = node != NULL ? lysc_node_musts(node) : NULL;
	LY_ARRAY_COUNT_TYPE i;

	LY_ARRAY_FOR(rules, i)
	if (rules[i].emsg != NULL && strcmp(rules[i].emsg, message) == 0)
		return true;
	return false;
}

int conf_refuse(
	struct ly_ctx *ctx, const char *text, size_t len, const char *name, struct rh_error *err)
{
	char path[256], expected[256] = "", value[160] = "", at[24] = "", message[192];
	const struct ly_err_item *last = ly_err_last(ctx);
	const struct lysc_node *node;
	unsigned line = 0;

	(void)snprintf(message, sizeof(message), "%s",
		last != NULL && last->msg != NULL ? last->msg : "refused");
	place_of(last != NULL ? last->path : NULL, path, sizeof(path), &line);
	message[strcspn(message, "\n")] = '\0';
	if (message[0] != '\0' && message[strlen(message) - 1] == '.')
		message[strlen(message) - 1] = '\0';
	if (line > 0)
		(void)snprintf(at, sizeof(at), ":%u", line);
	node = path[0] != '\0' ? model_node(ctx, path) : NULL;
	if (node != NULL && (node->nodetype & (LYS_LEAF | LYS_LEAFLIST)) != 0 &&
		strchr(message, '"') == NULL)
		value_of(ctx, node, text, len, value, sizeof(value));
	if (node != NULL)
		conf_expected(node, expected, sizeof(expected));
	else
		(void)snprintf(expected, sizeof(expected), "{\"rhumb:rhumb\": {...}}");
	if (is_rule(node, message) || strstr(expected, message) != NULL)
		return rh_error_set(err, EINVAL, "%s%s: %s: %s%s", name, at, path, value, message);
	return rh_error_set(err, EINVAL, "%s%s: %s%s%s%s; expected %s", name, at, path,
		path[0] != '\0' ? ": " : "", value, message, expected);
}
