#include "controlplane/conf/conf.h"

#include "controlplane/conf/schema_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	cp_conf_change_cb cb;
	void *arg;
	int count;
};

static const char *meta_of(const struct lyd_node *node, const char *name)
{
	const struct lyd_meta *meta;

	for (; node != NULL; node = lyd_parent(node))
		LY_LIST_FOR(node->meta, meta)
	if (strcmp(meta->name, name) == 0)
		return lyd_get_meta_value(meta);
	return NULL;
}

static void report(struct walk *walk, const struct lyd_node *node)
{
	const char *operation = meta_of(node, "operation");
	const struct lyd_meta *meta;
	const char *was = NULL, *now = lyd_get_value(node), *apply;
	char path[512];

	if (operation == NULL || strcmp(operation, "none") == 0)
		return;
	LY_LIST_FOR(node->meta, meta)
	if (strcmp(meta->name, "orig-value") == 0)
		was = lyd_get_meta_value(meta);
	if (strcmp(operation, "delete") == 0) {
		was = now;
		now = NULL;
	}
	if (was != NULL && now != NULL && strcmp(was, now) == 0)
		return; /* only written out, or left to the default */
	if (lyd_path(node, LYD_PATH_STD, path, sizeof(path)) == NULL)
		return;
	apply = conf_apply_class(node->schema);
	walk->cb(walk->arg, path, was, now, apply != NULL ? apply : "restart");
	walk->count++;
}

int cp_conf_changes(const struct cp_conf *running, const struct cp_conf *candidate,
	cp_conf_change_cb cb, void *arg)
{
	struct walk walk = {cb, arg, 0};
	struct lyd_node *diff = NULL, *root, *node;

	if (lyd_diff_siblings(running->tree, candidate->tree, LYD_DIFF_DEFAULTS, &diff) !=
		LY_SUCCESS)
		return -ENOMEM;
	LY_LIST_FOR(diff, root)
	LYD_TREE_DFS_BEGIN(root, node)
	{
		if ((node->schema->nodetype & (LYS_LEAF | LYS_LEAFLIST)) != 0)
			report(&walk, node);
		LYD_TREE_DFS_END(root, node);
	}
	lyd_free_all(diff);
	return walk.count;
}
