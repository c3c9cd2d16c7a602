/*
 * Filters in JSON become the expression that one would write. An attribute that is missing is an error there, which at the top is
 * no match; below `not` and `any` a HOLDS makes it false.
 */

#include "dataplane/cesql/filters.h"

#include "dataplane/base/compiler.h"

#include <errno.h>
#include <string.h>

/* What an AND or OR gathers; a node of its own from the second on. */
struct terms {
	enum rh_cesql_kind kind;
	size_t at;
	unsigned count;
	node_id node, last;
	bool errs; /* may there be an error in one? */
};

static int read_filter(struct filters *f, struct terms *into);

int cesql_filters_next(struct filters *f)
{
	f->piece = cesql_json_next(&f->json);
	if (f->piece.kind == PIECE_BAD)
		return cesql_refuse(&f->p, f->piece.at, EINVAL, "no JSON: %s", f->json.why);
	return 0;
}

int cesql_filters_text(struct filters *f, const char *what, struct filters_text *out, uint16_t *from)
{
	const char *string = f->json.bytes + f->piece.at;

	out->at = f->piece.at - 1;
	out->size = 0;
	for (uint32_t i = 0; i < f->piece.size;) {
		uint32_t begin = i;
		char bytes[4];
		unsigned size = cesql_json_decode(string, &i, bytes);

		if (!bytes[0])
			return cesql_refuse(&f->p, f->piece.at + begin, EINVAL, "%s holds U+0000, which no attribute does", what);
		if (size > sizeof(out->bytes) - out->size)
			return cesql_refuse(&f->p, out->at, E2BIG, "%s has more than %d bytes", what, RH_CESQL_TEXT_MAX);
		for (unsigned k = 0; from && k < size; k++)
			from[out->size + k] = (uint16_t)(f->piece.at + begin);
		memcpy(out->bytes + out->size, bytes, size);
		out->size += size;
	}
	if (from)
		from[out->size] = (uint16_t)(f->piece.at + f->piece.size);
	return 0;
}

static int terms_add(struct filters *f, struct terms *terms, node_id term, bool errs)
{
	int rc = 0;

	terms->errs = terms->errs || errs;
	if (terms->count == 1) {
		node_id first = terms->node;

		rc = cesql_node_add(&f->p, terms->kind, terms->at, &terms->node);
		if (rc == 0)
			rc = cesql_child_add(&f->p, terms->node, RH_CESQL_NONE, first);
		terms->last = first;
	}
	if (rc == 0 && terms->count)
		rc = cesql_child_add(&f->p, terms->node, terms->last, term);
	else
		terms->node = term;
	terms->last = term;
	terms->count++;
	return rc;
}

static int wrap(struct filters *f, enum rh_cesql_kind kind, size_t at, node_id *node)
{
	node_id child = *node;
	int rc = cesql_node_add(&f->p, kind, at, node);

	return rc < 0 ? rc : cesql_child_add(&f->p, *node, RH_CESQL_NONE, child);
}

/* The terms of @from become one of @into; in an OR none may have an error, for the next one could be true. */
static int terms_close(struct filters *f, struct terms *from, struct terms *into)
{
	bool errs = from->errs;
	int rc = 0;

	if (errs && into->kind == RH_CESQL_OR) {
		rc = wrap(f, RH_CESQL_HOLDS, from->at, &from->node);
		errs = false;
	}
	return rc < 0 ? rc : terms_add(f, into, from->node, errs);
}

/* Names that a tree can hold as an attribute's. */
static int check_name(struct filters *f, const struct filters_text *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	if (!name->size)
		return cesql_refuse(&f->p, name->at, EINVAL, "the name of an attribute is empty");
	if (name->size > RH_CESQL_NAME_MAX)
		return cesql_refuse(&f->p, name->at, E2BIG, "the name has %zu bytes: an attribute has at most %d", name->size,
			RH_CESQL_NAME_MAX);
	for (size_t i = 0; i < name->size; i++)
		if (!memchr(letters, name->bytes[i], sizeof(letters) - 1))
			return cesql_refuse(&f->p, name->at, EINVAL, "'%.*s' is no attribute's name: a to z and 0 to 9 are in one",
				(int)name->size, name->bytes);
	if (name->size == strlen(CESQL_PAYLOAD) && memcmp(name->bytes, CESQL_PAYLOAD, name->size) == 0)
		return cesql_refuse(&f->p, name->at, EINVAL, "payload is no attribute: sql asks for it, as in {\"sql\": \"payload LIKE 'x%%'\"}");
	return 0;
}

/* Names of one object: each has been made a node of. */
struct names {
	unsigned count;
	node_id id[RH_CESQL_NODES_MAX];
};

static int check_new(struct filters *f, const struct names *names, const struct filters_text *name)
{
	for (unsigned i = 0; i < names->count; i++) {
		const struct rh_cesql_node *node = &f->p.tree->node[names->id[i]];

		if (node->size == name->size && memcmp(f->p.tree->text + node->start, name->bytes, name->size) == 0)
			return cesql_refuse(&f->p, name->at, EINVAL, "'%.*s' stands twice in one object: write all: [...]",
				(int)name->size, name->bytes);
	}
	return 0;
}

static int need_value(struct filters *f, struct filters_text *value)
{
	int rc;

	if (f->piece.kind != PIECE_STRING)
		return cesql_refuse(&f->p, f->piece.at, EINVAL, "a string is expected as the attribute's value");
	rc = cesql_filters_text(f, "the value", value, NULL);
	if (rc == 0 && !value->size)
		rc = cesql_refuse(&f->p, value->at, EINVAL, "the value is empty: at least one character is needed");
	return rc;
}

/* The member whose name is in hand. */
static int read_attribute(struct filters *f, enum filters_test test, struct names *names, node_id *out)
{
	struct filters_text name, value;
	int rc = cesql_filters_text(f, "the name", &name, NULL);

	if (rc == 0)
		rc = check_name(f, &name);
	if (rc == 0)
		rc = check_new(f, names, &name);
	if (rc == 0)
		rc = cesql_filters_next(f);
	if (rc == 0)
		rc = need_value(f, &value);
	if (rc < 0)
		return rc;
	/* The name is the first node that a predicate makes. */
	names->id[names->count++] = f->p.tree->nodes;
	return cesql_filters_predicate(f, test, (struct rh_cesql_text){name.bytes, (uint32_t)name.size}, &value, out);
}

static int read_attributes(struct filters *f, enum filters_test test, struct terms *into)
{
	struct names names = {.count = 0};
	node_id term;
	int rc;

	if (f->piece.kind != PIECE_OBJECT)
		return cesql_refuse(&f->p, f->piece.at, EINVAL, "an object is expected: {\"attribute\": \"value\"}");
	rc = cesql_filters_next(f);
	if (rc == 0 && f->piece.kind == PIECE_OBJECT_END)
		rc = cesql_refuse(&f->p, f->piece.at, EINVAL, "an attribute is expected: {\"type\": \"com.example.made\"}");
	while (rc == 0 && f->piece.kind != PIECE_OBJECT_END) {
		rc = read_attribute(f, test, &names, &term);
		if (rc == 0)
			rc = terms_add(f, into, term, true);
		if (rc == 0)
			rc = cesql_filters_next(f);
	}
	return rc;
}

static int read_exact(struct filters *f, struct terms *into)
{
	return read_attributes(f, FILTERS_EXACT, into);
}

static int read_prefix(struct filters *f, struct terms *into)
{
	return read_attributes(f, FILTERS_PREFIX, into);
}

static int read_suffix(struct filters *f, struct terms *into)
{
	return read_attributes(f, FILTERS_SUFFIX, into);
}

/* The filters of the array in hand. */
static int read_array(struct filters *f, struct terms *into)
{
	int rc = cesql_filters_next(f);

	while (rc == 0 && f->piece.kind != PIECE_ARRAY_END) {
		rc = read_filter(f, into);
		if (rc == 0)
			rc = cesql_filters_next(f);
	}
	return rc;
}

static int read_list(struct filters *f, struct terms *into)
{
	size_t at = f->piece.at;
	unsigned before = into->count;
	int rc;

	if (f->piece.kind != PIECE_ARRAY)
		return cesql_refuse(&f->p, at, EINVAL, "an array of filters is expected: [{...}, ...]");
	rc = read_array(f, into);
	if (rc == 0 && into->count == before)
		rc = cesql_refuse(&f->p, at, EINVAL, "the array is empty: at least one filter is needed");
	return rc;
}

static int read_not(struct filters *f, struct terms *into)
{
	struct terms terms = {.kind = RH_CESQL_AND, .at = f->piece.at};
	int rc = read_filter(f, &terms);

	if (rc == 0 && terms.errs)
		rc = wrap(f, RH_CESQL_HOLDS, terms.at, &terms.node);
	if (rc == 0)
		rc = wrap(f, RH_CESQL_NOT, terms.at, &terms.node);
	return rc < 0 ? rc : terms_add(f, into, terms.node, false);
}

static int read_sql(struct filters *f, struct terms *into)
{
	uint16_t from[RH_CESQL_TEXT_MAX + 1];
	struct filters_text text;
	node_id expression;
	int rc;

	if (f->piece.kind != PIECE_STRING)
		return cesql_refuse(&f->p, f->piece.at, EINVAL, "a string with a CESQL expression is expected");
	rc = cesql_filters_text(f, "the expression", &text, from);
	if (rc == 0)
		rc = cesql_filters_sql(f, &text, from, &expression);
	return rc < 0 ? rc : terms_add(f, into, expression, true);
}

/* @joins: what its terms are joined by. */
static const struct {
	const char *name;
	enum rh_cesql_kind joins;
	int (*read)(struct filters *, struct terms *);
} dialects[] = {{"exact", RH_CESQL_AND, read_exact}, {"prefix", RH_CESQL_AND, read_prefix}, {"suffix", RH_CESQL_AND, read_suffix},
	{"all", RH_CESQL_AND, read_list}, {"any", RH_CESQL_OR, read_list}, {"not", RH_CESQL_AND, read_not},
	{"sql", RH_CESQL_AND, read_sql}};

/* The row of the dialect whose name is in hand. Its text is gone from the stack before the dialect's value is read. */
__attribute__((noinline)) static int dialect_find(struct filters *f, size_t *out)
{
	struct filters_text name;
	int rc = cesql_filters_text(f, "the dialect", &name, NULL);

	for (size_t i = 0; rc == 0 && i < RH_ARRAY_LEN(dialects); i++)
		if (strlen(dialects[i].name) == name.size && memcmp(dialects[i].name, name.bytes, name.size) == 0) {
			*out = i;
			return 0;
		}
	return rc < 0 ? rc
		      : cesql_refuse(&f->p, name.at, EINVAL,
				"there is no dialect of this name: exact, prefix, suffix, all, any, not and sql are known");
}

static int read_dialect(struct filters *f, struct terms *into)
{
	struct terms terms = {.at = f->piece.at - 1u};
	size_t i;
	int rc = dialect_find(f, &i);

	if (rc == 0)
		rc = cesql_filters_next(f);
	if (rc < 0)
		return rc;
	terms.kind = dialects[i].joins;
	if (terms.kind == into->kind)
		return dialects[i].read(f, into);
	rc = dialects[i].read(f, &terms);
	return rc < 0 ? rc : terms_close(f, &terms, into);
}

/* One object. JSON is no deeper than JSON_DEPTH_MAX, and neither is this. */
static int read_filter(struct filters *f, struct terms *into)
{
	int rc;

	if (f->piece.kind != PIECE_OBJECT)
		return cesql_refuse(&f->p, f->piece.at, EINVAL, "a filter is expected: {\"exact\": {...}} or the like");
	rc = cesql_filters_next(f);
	if (rc == 0 && f->piece.kind == PIECE_OBJECT_END)
		rc = cesql_refuse(&f->p, f->piece.at, EINVAL, "a dialect is expected: {\"exact\": {...}} or the like");
	if (rc == 0)
		rc = read_dialect(f, into);
	if (rc == 0)
		rc = cesql_filters_next(f);
	if (rc == 0 && f->piece.kind != PIECE_OBJECT_END)
		rc = cesql_refuse(&f->p, f->piece.at - 1, EINVAL, "a filter has one dialect: write another filter for a second");
	return rc;
}

static int read_top(struct filters *f, struct terms *terms)
{
	int rc = cesql_filters_next(f);

	if (rc == 0)
		rc = f->piece.kind == PIECE_ARRAY ? read_array(f, terms) : read_filter(f, terms);
	/* Nothing to fulfil is fulfilled. */
	if (rc == 0 && terms->count == 0) {
		rc = cesql_node_add(&f->p, RH_CESQL_BOOLEAN, 0, &terms->node);
		f->p.tree->node[terms->node].integer = 1;
	}
	return rc < 0 ? rc : cesql_filters_next(f);
}

int rh_cesql_from_json(const char *json, size_t len, struct rh_cesql_tree *out, size_t *where, struct rh_error *err)
{
	struct filters f = {.p = {.text = json, .len = len, .tree = out, .err = err, .what = "filters"}};
	struct terms terms = {.kind = RH_CESQL_AND};
	int rc;

	out->nodes = 0;
	out->used = 0;
	cesql_json_init(&f.json, json, len);
	if (len > RH_CESQL_FILTERS_MAX)
		rc = cesql_refuse(&f.p, RH_CESQL_FILTERS_MAX, E2BIG, "the filters have %zu bytes: at most %d are taken", len,
			RH_CESQL_FILTERS_MAX);
	else
		rc = read_top(&f, &terms);
	out->root = terms.node;
	if (rc < 0 && where)
		*where = f.p.where;
	return rc;
}
