/* Predicates of exact, prefix and suffix: a comparison, or LIKE, as one would write them; and what literals cannot say otherwise. */

#include "dataplane/cesql/filters.h"

#include "dataplane/cesql/function.h"
#include "dataplane/cesql/literal.h"
#include "dataplane/cesql/text.h"

#include <errno.h>
#include <string.h>

/* A node of @kind with @text. */
static int text_add(struct filters *f, enum rh_cesql_kind kind, size_t at, struct rh_cesql_text text, node_id *out)
{
	struct rh_cesql_tree *tree = f->p.tree;
	int rc;

	if (text.size > sizeof(tree->text) - tree->used)
		return cesql_refuse(&f->p, at, E2BIG, "more than %d bytes of names and values", RH_CESQL_TEXT_MAX);
	rc = cesql_node_add(&f->p, kind, at, out);
	if (rc < 0)
		return rc;
	tree->node[*out].start = tree->used;
	tree->node[*out].size = (uint16_t)text.size;
	memcpy(tree->text + tree->used, text.bytes, text.size);
	tree->used += (uint16_t)text.size;
	return 0;
}

/* @kind (a call: of @function) of @left and, but for RH_CESQL_NONE, @right. */
static int join(struct filters *f, enum rh_cesql_kind kind, enum rh_cesql_function function, size_t at, node_id left,
	node_id right, node_id *out)
{
	int rc = cesql_node_add(&f->p, kind, at, out);

	if (rc < 0)
		return rc;
	f->p.tree->node[*out].function = kind == RH_CESQL_CALL ? (uint8_t)function : 0;
	rc = cesql_child_add(&f->p, *out, RH_CESQL_NONE, left);
	if (rc == 0 && right != RH_CESQL_NONE)
		rc = cesql_child_add(&f->p, *out, left, right);
	return rc;
}

/* LEFT or RIGHT of @string, as many characters as @text has. */
static int part_add(struct filters *f, enum rh_cesql_function function, size_t at, node_id string, struct rh_cesql_text text,
	node_id *out)
{
	node_id count;
	int rc = cesql_node_add(&f->p, RH_CESQL_INTEGER, at, &count);

	if (rc < 0)
		return rc;
	f->p.tree->node[count].integer = (int32_t)cesql_text_length(text);
	return join(f, RH_CESQL_CALL, function, at, string, count, out);
}

/* As much of the front of @text as may stand between quotes; a backslash at its end is left in. */
static struct rh_cesql_text piece_of(struct rh_cesql_text text)
{
	bool odd = false, seen[2] = {false, false};

	for (uint32_t i = 0; i < text.size; i++) {
		char c = text.bytes[i];

		if (odd && (c == '\'' || c == '"')) {
			seen[c == '"'] = true;
			if (seen[0] && seen[1])
				return (struct rh_cesql_text){text.bytes, i - 1};
		}
		odd = c == '\\' && !odd;
	}
	return text;
}

/* A piece that ends with a backslash, which would take the quote along: one character more, and it is cut off again. */
static int open_piece_add(struct filters *f, size_t at, struct rh_cesql_text piece, node_id *out)
{
	char longer[RH_CESQL_TEXT_MAX + 1];
	node_id string;
	int rc;

	memcpy(longer, piece.bytes, piece.size);
	longer[piece.size] = '.';
	rc = text_add(f, RH_CESQL_STRING, at, (struct rh_cesql_text){longer, piece.size + 1}, &string);
	return rc < 0 ? rc : part_add(f, CESQL_LEFT, at, string, piece, out);
}

static int piece_add(struct filters *f, size_t at, struct rh_cesql_text piece, node_id *out)
{
	if (cesql_literal_quote(piece.bytes, piece.size))
		return text_add(f, RH_CESQL_STRING, at, piece, out);
	return open_piece_add(f, at, piece, out);
}

/* A literal; or for what none can say, an expression of literals. */
static int value_add(struct filters *f, size_t at, struct rh_cesql_text text, node_id *out)
{
	node_id piece_node, last;
	struct rh_cesql_text piece = piece_of(text);
	int rc = piece_add(f, at, piece, &last);

	*out = last;
	if (rc < 0 || piece.size == text.size)
		return rc;
	rc = join(f, RH_CESQL_CALL, CESQL_CONCAT, at, last, RH_CESQL_NONE, out);
	while (rc == 0 && piece.size < text.size) {
		text = (struct rh_cesql_text){text.bytes + piece.size, text.size - piece.size};
		piece = piece_of(text);
		rc = piece_add(f, at, piece, &piece_node);
		if (rc == 0)
			rc = cesql_child_add(&f->p, *out, last, piece_node);
		last = piece_node;
	}
	if (rc == 0 && f->p.tree->node[*out].children > RH_CESQL_ARGUMENTS_MAX)
		rc = cesql_refuse(&f->p, at, E2BIG, "the value mixes \\' and \\\" too often");
	return rc;
}

/* The pattern for @value in front or at the end; false when LIKE cannot say it. */
static bool pattern_of(enum filters_test test, const struct filters_text *value, char out[RH_CESQL_LIKE_MAX], uint32_t *size)
{
	*size = 0;
	/* A backslash in front of the % that is to be a wildcard would make it none. */
	if (test == FILTERS_PREFIX && value->bytes[value->size - 1] == '\\')
		return false;
	if (test == FILTERS_SUFFIX)
		out[(*size)++] = '%';
	for (size_t i = 0; i < value->size; i++) {
		if (*size + 3 > RH_CESQL_LIKE_MAX)
			return false;
		if (value->bytes[i] == '%' || value->bytes[i] == '_')
			out[(*size)++] = '\\';
		out[(*size)++] = value->bytes[i];
	}
	if (test == FILTERS_PREFIX)
		out[(*size)++] = '%';
	return cesql_literal_quote(out, *size);
}

static int like_add(struct filters *f, size_t at, node_id name, struct rh_cesql_text pattern, node_id *out)
{
	int rc = text_add(f, RH_CESQL_LIKE, at, pattern, out);

	return rc < 0 ? rc : cesql_child_add(&f->p, *out, RH_CESQL_NONE, name);
}

int cesql_filters_predicate(struct filters *f, enum filters_test test, struct rh_cesql_text name,
	const struct filters_text *value, node_id *out)
{
	struct rh_cesql_text text = {value->bytes, (uint32_t)value->size}, pattern;
	char like[RH_CESQL_LIKE_MAX];
	node_id left, right;
	int rc = text_add(f, RH_CESQL_NAME, value->at, name, &left);

	if (rc == 0 && test != FILTERS_EXACT) {
		pattern.bytes = like;
		if (pattern_of(test, value, like, &pattern.size))
			return like_add(f, value->at, left, pattern, out);
		rc = part_add(f, test == FILTERS_PREFIX ? CESQL_LEFT : CESQL_RIGHT, value->at, left, text, &left);
	}
	if (rc == 0)
		rc = value_add(f, value->at, text, &right);
	return rc < 0 ? rc : join(f, RH_CESQL_EQUAL, 0, value->at, left, right, out);
}
