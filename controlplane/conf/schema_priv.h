#pragma once

/*
 * The model inside the process: one libyang context with the embedded rhumb.yang, made at first use
 * and kept, since every configuration's tree belongs to it. Ctx of everything: control.
 */

#include "dataplane/base/error.h"

#include <jansson.h>
#include <libyang/libyang.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_ROOT "/rhumb:rhumb"

/* NULL when libyang refuses the module (a fault of the build) or memory. */
struct ly_ctx *conf_schema(struct rh_error *err);
/* "live" or "restart"; the nearest ancestor with a class decides; NULL without. */
const char *conf_apply_class(const struct lysc_node *node);

/*
 * Parse and validate; @name is the file in errors. The tree holds all defaults and belongs to the
 * caller. 0, -EINVAL with the sentence, -ENOMEM.
 */
int conf_tree(const char *text, size_t len, const char *name, struct lyd_node **out,
	struct rh_error *err);

/* Turn libyang's last error into our sentence: file, line or path, value, what would be right.
 * Returns -EINVAL. */
int conf_refuse(
	struct ly_ctx *ctx, const char *text, size_t len, const char *name, struct rh_error *err);
/* Is everything there, once, and a list where the model has one? 0, or -EINVAL with the sentence. */
int conf_shape(struct ly_ctx *ctx, const json_t *json, const char *name, struct rh_error *err);
/* What a leaf takes, for people: "1..65535 (ms)", "one of poll, yield". Truncates. */
void conf_expected(const struct lysc_node *node, char *out, size_t size);

/* Child of @parent by name, NULL without. */
struct lyd_node *conf_child(const struct lyd_node *parent, const char *name);
/* Value of the child @name: text ("" without), number (0), truth (false). */
const char *conf_text(const struct lyd_node *parent, const char *name);
uint64_t conf_number(const struct lyd_node *parent, const char *name);
bool conf_true(const struct lyd_node *parent, const char *name);
