/* The dialect sql: an expression of its own, which is true when it is Boolean and true without an error. */

#include "dataplane/cesql/filters.h"

#include "dataplane/cesql/machine.h"
#include "dataplane/cesql/pattern.h"

#include <errno.h>
#include <string.h>

/* A node like @from, with all under it. */
static int copy(struct filters *f, node_id from, node_id *out)
{
	struct rh_cesql_tree *tree = f->p.tree;
	node_id last = RH_CESQL_NONE, child;
	int rc = cesql_node_add(&f->p, RH_CESQL_NAME, tree->node[from].at, out);

	if (rc < 0)
		return rc;
	tree->node[*out] = tree->node[from];
	tree->node[*out].first = tree->node[*out].next = RH_CESQL_NONE;
	tree->node[*out].children = 0;
	for (node_id id = tree->node[from].first; rc == 0 && id != RH_CESQL_NONE; id = tree->node[id].next) {
		rc = copy(f, id, &child);
		if (rc == 0)
			rc = cesql_child_add(&f->p, *out, last, child);
		last = child;
	}
	return rc;
}

/* A node of @kind with two children. */
static int join(struct filters *f, enum rh_cesql_kind kind, size_t at, node_id left, node_id right, node_id *out)
{
	int rc = cesql_node_add(&f->p, kind, at, out);

	if (rc == 0)
		rc = cesql_child_add(&f->p, *out, RH_CESQL_NONE, left);
	return rc < 0 ? rc : cesql_child_add(&f->p, *out, left, right);
}

/* The string @word = @leaf. */
static int equal(struct filters *f, const char *word, node_id leaf, node_id *out)
{
	struct rh_cesql_tree *tree = f->p.tree;
	size_t at = tree->node[leaf].at, size = strlen(word);
	node_id string;
	int rc;

	if (tree->used + size > sizeof(tree->text))
		return cesql_refuse(&f->p, at, E2BIG, "more than %d bytes of names and values", RH_CESQL_TEXT_MAX);
	rc = cesql_node_add(&f->p, RH_CESQL_STRING, at, &string);
	if (rc < 0)
		return rc;
	tree->node[string].start = tree->used;
	tree->node[string].size = (uint16_t)size;
	memcpy(tree->text + tree->used, word, size);
	tree->used += (uint16_t)size;
	return join(f, RH_CESQL_EQUAL, at, string, leaf, out);
}

/* ('TRUE' = x) AND ('true' = x), of which no string and no integer can be both: @leaf is Boolean, and true. */
static int is_true(struct filters *f, node_id *leaf)
{
	size_t at = f->p.tree->node[*leaf].at;
	node_id again, one, other;
	int rc = copy(f, *leaf, &again);

	if (rc == 0)
		rc = equal(f, "TRUE", *leaf, &one);
	if (rc == 0)
		rc = equal(f, "true", again, &other);
	return rc < 0 ? rc : join(f, RH_CESQL_AND, at, one, other, leaf);
}

/* What is not Boolean whatever the event is never true: @before nodes and @used bytes of text stay, and FALSE. */
static int never(struct filters *f, uint16_t before, uint16_t used, size_t at, node_id *out)
{
	f->p.tree->nodes = before;
	f->p.tree->used = used;
	return cesql_node_add(&f->p, RH_CESQL_BOOLEAN, at, out);
}

int cesql_filters_sql(struct filters *f, const struct filters_text *text, const uint16_t *from, node_id *out)
{
	struct rh_cesql_tree *tree = f->p.tree;
	struct parser p = {
		.text = text->bytes, .len = text->size, .tree = tree, .err = f->p.err, .what = f->p.what, .from = from};
	uint16_t before = tree->nodes, used = tree->used;
	int rc;

	if (used + text->size > sizeof(tree->text))
		return cesql_refuse(&f->p, text->at, E2BIG, "more than %d bytes of names and values", RH_CESQL_TEXT_MAX);
	rc = cesql_parse_text(&p, out);
	f->p.where = p.where;
	if (rc < 0)
		return rc;
	for (unsigned i = before; i < tree->nodes; i++)
		tree->node[i].at = from[tree->node[i].at];
	if (tree->node[*out].kind == RH_CESQL_NAME || rh_cesql_is_json(&tree->node[*out]))
		return is_true(f, out);
	if (cesql_type_of(&tree->node[*out]) != RH_CESQL_TYPE_BOOLEAN)
		return never(f, before, used, text->at, out);
	return 0;
}
