#include "controlplane/conf/schema_priv.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

extern const char rhumb_yang[];

static struct ly_ctx *schema;

struct ly_ctx *conf_schema(struct rh_error *err)
{
	struct ly_ctx *ctx = NULL;

	if (schema != NULL)
		return schema;
	(void)ly_log_options(LY_LOSTORE_LAST);
	if (ly_ctx_new(NULL, LY_CTX_NO_YANGLIBRARY | LY_CTX_DISABLE_SEARCHDIRS, &ctx) !=
		LY_SUCCESS) {
		(void)rh_error_set(err, ENOMEM, "configuration model: out of memory");
		return NULL;
	}
	if (lys_parse_mem(ctx, rhumb_yang, LYS_IN_YANG, NULL) != LY_SUCCESS) {
		(void)rh_error_set(err, EINVAL, "configuration model: %s (%s)", ly_errmsg(ctx),
			ly_errpath(ctx));
		ly_ctx_destroy(ctx);
		return NULL;
	}
	return schema = ctx;
}

const char *conf_apply_class(const struct lysc_node *node)
{
	for (; node != NULL; node = node->parent) {
		LY_ARRAY_COUNT_TYPE i;

		LY_ARRAY_FOR(node->exts, i)
		if (strcmp(node->exts[i].def->name, "apply") == 0)
			return node->exts[i].argument;
	}
	return NULL;
}

/* jansson first: it names line and column of a syntax error and refuses members given twice. */
static int check_json(struct ly_ctx *ctx, const char *text, size_t len, const char *name,
	struct rh_error *err)
{
	json_error_t at;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &at);
	int rc;

	if (json == NULL)
		return rh_error_set(err, EINVAL, "%s:%d:%d: not JSON: %s; expected RFC 8259", name,
			at.line, at.column, at.text);
	rc = conf_shape(ctx, json, name, err);
	json_decref(json);
	return rc;
}

int conf_tree(
	const char *text, size_t len, const char *name, struct lyd_node **out, struct rh_error *err)
{
	struct ly_ctx *ctx = conf_schema(err);
	struct lyd_node *tree = NULL;
	int rc;

	if (ctx == NULL)
		return -ENOMEM;
	rc = check_json(ctx, text, len, name, err);
	if (rc < 0)
		return rc;
	ly_err_clean(ctx, NULL);
	if (lyd_parse_data_mem(ctx, text, LYD_JSON, LYD_PARSE_STRICT | LYD_PARSE_NO_STATE,
		    LYD_VALIDATE_NO_STATE, &tree) != LY_SUCCESS) {
		lyd_free_all(tree);
		return conf_refuse(ctx, text, len, name, err);
	}
	*out = tree;
	return 0;
}

struct lyd_node *conf_child(const struct lyd_node *parent, const char *name)
{
	struct lyd_node *node;

	LY_LIST_FOR(lyd_child(parent), node)
	if (strcmp(LYD_NAME(node), name) == 0)
		return node;
	return NULL;
}

const char *conf_text(const struct lyd_node *parent, const char *name)
{
	const struct lyd_node *node = conf_child(parent, name);

	return node != NULL ? lyd_get_value(node) : "";
}

uint64_t conf_number(const struct lyd_node *parent, const char *name)
{
	return strtoull(conf_text(parent, name), NULL, 10);
}

bool conf_true(const struct lyd_node *parent, const char *name)
{
	return strcmp(conf_text(parent, name), "true") == 0;
}
