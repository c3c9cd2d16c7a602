/*
 * The shape of a configuration, looked at before libyang does: what is missing, given twice, a list where none is or none where one is. libyang
 * knows these too, but names neither the entry nor what would be right.
 */

#include "controlplane/conf/schema_priv.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 320

struct shape {
	const char *name; /* of the file */
	struct rh_error *err;
	char path[PATH_MAX_BYTES];
};

static int members_check(struct shape *s, const struct lysc_node *parent, const json_t *object);

static int refuse(struct shape *s, const struct lysc_node *node, const char *what)
{
	char expected[256];

	conf_expected(node, expected, sizeof(expected));
	return rh_error_set(s->err, EINVAL, "%s: %s/%s: %s; expected %s", s->name, s->path, node->name, what,
		expected);
}

static int refuse_list(struct shape *s, const struct lysc_node *node, const char *what)
{
	return rh_error_set(s->err, EINVAL, "%s: %s/%s: %s; expected a list, as \"%s\": [...]", s->name,
		s->path, node->name, what, node->name);
}

/* Append "/NAME" or "/NAME[key='VALUE']..." or "/NAME[N]" (from 1) to the path; returns where it ended before. */
static size_t path_enter(struct shape *s, const struct lysc_node *node, const json_t *entry, size_t number)
{
	size_t before = strlen(s->path), used;
	const struct lysc_node *child;

	used = before + (size_t)snprintf(s->path + before, sizeof(s->path) - before, "/%s", node->name);
	LY_LIST_FOR(entry ? lysc_node_child(node) : NULL, child)
	{
		const json_t *key = lysc_is_key(child) ? json_object_get(entry, child->name) : NULL;
		char *word = key ? json_dumps(key, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
		size_t quoted = word && word[0] == '"';

		if (word && used < sizeof(s->path))
			used += (size_t)snprintf(s->path + used, sizeof(s->path) - used, "[%s='%.*s']", child->name,
				(int)(strlen(word) - 2 * quoted), word + quoted);
		else if (lysc_is_key(child) && used < sizeof(s->path))
			used += (size_t)snprintf(s->path + used, sizeof(s->path) - used, "[%zu]", number);
		free(word);
	}
	return before;
}

static int value_refuse(struct shape *s, const struct lysc_node *node, const json_t *value, const char *what)
{
	char *word = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	char text[96];

	(void)snprintf(text, sizeof(text), "\"%.60s\" %s", word ? word : "?", what);
	free(word);
	return refuse(s, node, text);
}

static bool is_whole(const struct lysc_type *type)
{
	return type->basetype >= LY_TYPE_UINT8 && type->basetype <= LY_TYPE_UINT64;
}

static int leaf_check(struct shape *s, const struct lysc_node *node, const json_t *value)
{
	const struct lysc_type *type = ((const struct lysc_node_leaf *)node)->type;

	if (!value)
		return node->flags & LYS_MAND_TRUE || lysc_is_key(node) ? refuse(s, node, "missing") : 0;
	if (json_is_object(value) || json_is_array(value))
		return value_refuse(s, node, value, "is no single value");
	if (is_whole(type) && json_is_real(value))
		return value_refuse(s, node, value, "is no whole number");
	return 0;
}

/* Do two entries have the same keys? A list without keys has no doubles. */
static bool same_keys(const struct lysc_node *list, const json_t *a, const json_t *b)
{
	const struct lysc_node *child;
	bool keyed = false;

	LY_LIST_FOR(lysc_node_child(list), child)
	{
		if (!lysc_is_key(child))
			continue;
		keyed = true;
		if (!json_equal(json_object_get(a, child->name), json_object_get(b, child->name)))
			return false;
	}
	return keyed;
}

static int double_refuse(struct shape *s, size_t first, size_t second)
{
	return rh_error_set(s->err, EINVAL, "%s: %s: given twice (entries %zu and %zu); expected each once", s->name,
		s->path, first + 1, second + 1);
}

static int entry_check(struct shape *s, const struct lysc_node *node, const json_t *list, size_t i)
{
	const json_t *entry = json_array_get(list, i);
	size_t before;
	int ret;

	if (!json_is_object(entry))
		return refuse_list(s, node, "an entry is no object");
	before = path_enter(s, node, entry, i + 1);
	ret = members_check(s, node, entry);
	for (size_t k = 0; k < i && !ret; k++)
		if (same_keys(node, json_array_get(list, k), entry))
			ret = double_refuse(s, k, i);
	s->path[before] = '\0';
	return ret;
}

static int list_check(struct shape *s, const struct lysc_node *node, const json_t *value)
{
	uint32_t least = ((const struct lysc_node_list *)node)->min;
	int ret = 0;

	if (!value && !least)
		return 0;
	if (!value)
		return refuse_list(s, node, "missing, at least one entry is needed");
	if (!json_is_array(value))
		return refuse_list(s, node, "no list");
	if (json_array_size(value) < least)
		return refuse_list(s, node, "empty, at least one entry is needed");
	for (size_t i = 0; i < json_array_size(value) && !ret; i++)
		ret = entry_check(s, node, value, i);
	return ret;
}

static int container_check(struct shape *s, const struct lysc_node *node, const json_t *value)
{
	size_t before;
	int ret;

	if (!value)
		return 0;
	if (!json_is_object(value))
		return value_refuse(s, node, value, "is no object");
	before = path_enter(s, node, NULL, 0);
	ret = members_check(s, node, value);
	s->path[before] = '\0';
	return ret;
}

static int member_check(struct shape *s, const struct lysc_node *node, const json_t *value)
{
	switch (node->nodetype) {
	case LYS_CONTAINER: return container_check(s, node, value);
	case LYS_LIST: return list_check(s, node, value);
	case LYS_LEAFLIST: return value && !json_is_array(value) ? refuse_list(s, node, "no list") : 0;
	case LYS_LEAF: return leaf_check(s, node, value);
	default: return 0;
	}
}

static const struct lysc_node *child_named(const struct lysc_node *parent, const char *name)
{
	const struct lysc_node *node;

	LY_LIST_FOR(lysc_node_child(parent), node)
	if (strcmp(node->name, name) == 0)
		return node;
	return NULL;
}

/*
 * A misspelt member first: what it was meant to be is missing then. 1: names with their module (RFC 7951 section 4), left to
 * libyang.
 */
static int names_check(struct shape *s, const struct lysc_node *parent, const json_t *object)
{
	const char *member;
	json_t *value;

	json_object_foreach((json_t *)object, member, value)
	{
		char expected[512];

		if (strchr(member, ':') || member[0] == '@')
			return 1;
		if (child_named(parent, member))
			continue;
		conf_expected(parent, expected, sizeof(expected));
		return rh_error_set(s->err, EINVAL, "%s: %s: \"%s\" is not known here; expected %s", s->name, s->path,
			member, expected);
	}
	return 0;
}

static int members_check(struct shape *s, const struct lysc_node *parent, const json_t *object)
{
	const struct lysc_node *node;
	int ret = names_check(s, parent, object);

	if (ret)
		return ret > 0 ? 0 : ret;

	LY_LIST_FOR(lysc_node_child(parent), node)
	{
		ret = member_check(s, node, json_object_get(object, node->name));
		if (ret)
			break;
	}
	return ret;
}

int conf_shape(struct ly_ctx *ctx, const json_t *json, const char *name, struct rh_error *err)
{
	const struct lysc_node *root = lys_find_path(ctx, NULL, CONF_ROOT, 0);
	const json_t *object = json_object_get(json, &CONF_ROOT[1]); /* without the '/' */
	struct shape s = {.name = name, .err = err, .path = CONF_ROOT};

	/* Another root is libyang's to refuse. */
	return root && json_is_object(object) ? members_check(&s, root, object) : 0;
}
