/*
 * The reference of docs/configuration.md, one table a container or list, from the compiled model. A
 * test compares the page with it.
 */

#include "controlplane/conf/conf.h"

#include "controlplane/conf/schema_priv.h"

#include <errno.h>
#include <string.h>

static void print_text(FILE *out, const char *text)
{
	/* Descriptions of the model are indented and broken at will; a table cell is one line. */
	for (bool space = false; text != NULL && *text != '\0'; text++) {
		if (*text == '\n' || *text == ' ' || *text == '\t') {
			space = true;
			continue;
		}
		if (space)
			(void)fputc(' ', out);
		space = false;
		if (*text == '|')
			(void)fputc('\\', out);
		(void)fputc(*text, out);
	}
}

static const char *default_of(const struct lysc_node *node)
{
	const struct lysc_node_leaf *leaf = (const struct lysc_node_leaf *)node;

	if ((node->flags & LYS_KEY) != 0)
		return "key";
	if ((node->flags & LYS_MAND_TRUE) != 0)
		return "required";
	if (node->nodetype != LYS_LEAF || leaf->dflt == NULL)
		return "-";
	return lyd_value_get_canonical(node->module->ctx, leaf->dflt);
}

static void print_leaf(FILE *out, const struct lysc_node *node)
{
	const char *value = default_of(node), *apply = conf_apply_class(node);
	char expected[512];

	conf_expected(node, expected, sizeof(expected));
	(void)fprintf(out, "| `%s` | ", node->name);
	print_text(out, expected);
	(void)fprintf(out, " | %s | %s | ", value[0] != '\0' ? value : "empty",
		apply != NULL ? apply : "-");
	print_text(out, node->dsc);
	(void)fprintf(out, " |\n");
}

static bool is_leaf(const struct lysc_node *node)
{
	return (node->nodetype & (LYS_LEAF | LYS_LEAFLIST)) != 0;
}

static void print_rules(FILE *out, const struct lysc_node *node)
{
	const struct lysc_must *rules = lysc_node_musts(node);
	LY_ARRAY_COUNT_TYPE i;

	LY_ARRAY_FOR(rules, i)
	{
		(void)fprintf(out, "\nRule: ");
		print_text(out, rules[i].emsg);
		(void)fprintf(out, ".\n");
	}
}

static void print_branch(FILE *out, const struct lysc_node *node)
{
	const struct lysc_node *child;
	char path[256];
	bool heading = false;

	(void)lysc_path(node, LYSC_PATH_LOG, path, sizeof(path));
	(void)fprintf(out, "\n### %s%s\n\n", path, node->nodetype == LYS_LIST ? " (list)" : "");
	print_text(out, node->dsc);
	(void)fprintf(out, "\n");
	print_rules(out, node);
	LY_LIST_FOR(lysc_node_child(node), child)
	{
		if (!is_leaf(child))
			continue;
		if (!heading)
			(void)fprintf(out, "\n| leaf | takes | default | change | meaning "
					   "|\n|---|---|---|---|---|\n");
		heading = true;
		print_leaf(out, child);
	}
	LY_LIST_FOR(lysc_node_child(node), child)
	if (!is_leaf(child))
		print_branch(out, child);
}

int cp_conf_reference(FILE *out)
{
	struct ly_ctx *ctx = conf_schema(NULL);
	const struct lysc_node *root = ctx != NULL ? lys_find_path(ctx, NULL, CONF_ROOT, 0) : NULL;

	if (root == NULL)
		return -ENOMEM;
	print_branch(out, root);
	return 0;
}
