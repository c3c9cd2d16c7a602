/*
 * What an event must have for an expression to hold. In an AND each operand must be true, so the keys of any one will
 * do: each is a choice. In an OR one of them must be, so the keys of all together are one. A predicate with an
 * attribute in it needs at least that attribute, since without it its evaluation ends in an error.
 */

#include "dataplane/base/compiler.h"
#include "dataplane/cesql/program.h"
#include "dataplane/match/access.h"

#include <string.h>

/* It narrows well, but only after a scan: what an attribute says comes first. */
#define PATTERN_RANK 3

struct keys {
	const struct rh_cesql_tree *tree;
	const uint32_t *pattern;
	uint64_t seed;
	uint32_t count;
	struct dp_access_key key[DP_ACCESS_KEYS];
};

/* What is being put together of one choice. */
struct choice {
	uint32_t count;
	struct dp_access_key key[DP_ACCESS_ANY];
};

static const struct rh_cesql_node *node_at(const struct keys *k, uint16_t id)
{
	return &k->tree->node[id];
}

static uint64_t name_hash(const struct keys *k, const struct rh_cesql_node *name)
{
	return dp_access_bytes(k->seed, k->tree->text + name->start, name->size);
}

/* Nothing of it is of use when a key has no room. */
static void choice_add(struct choice *c, uint64_t attribute, enum dp_access_how how, uint8_t param, uint64_t value, uint8_t rank)
{
	struct dp_access_key key = {attribute, value, (uint8_t)how, param, rank, false};

	for (uint32_t i = 0; i < c->count && i < DP_ACCESS_ANY; i++)
		if (c->key[i].attribute == attribute && c->key[i].how == key.how && c->key[i].param == param &&
			c->key[i].value == value)
			return;
	if (c->count < DP_ACCESS_ANY)
		c->key[c->count] = key;
	c->count++;
}

static void keys_add(struct keys *k, const struct choice *c)
{
	if (!c->count || c->count > DP_ACCESS_ANY || k->count + c->count > DP_ACCESS_KEYS)
		return;
	memcpy(k->key + k->count, c->key, c->count * sizeof(c->key[0]));
	k->count += c->count;
	k->key[k->count - 1].last = true;
}

/* Would a cast of the text to another type and back give another text? Then equality with it says nothing of the text. */
static bool is_ambiguous(const char *bytes, size_t size)
{
	struct rh_cesql_scratch room;
	struct rh_cesql_value value;

	for (unsigned type = RH_CESQL_TYPE_BOOLEAN; type <= RH_CESQL_TYPE_INTEGER; type++) {
		value = (struct rh_cesql_value){.type = RH_CESQL_TYPE_STRING, .text = {bytes, (uint32_t)size}};
		if (rh_cesql_value_cast(&value, (enum rh_cesql_type)type, &room) &&
			(!rh_cesql_value_cast(&value, RH_CESQL_TYPE_STRING, &room) || value.text.size != size ||
				memcmp(value.text.bytes, bytes, size) != 0))
			return true;
	}
	return false;
}

/* The attribute equals @literal, which is cast to its type (@cast_literal) or it to the literal's. False: no key for it. */
static bool equal_key(const struct keys *k, uint64_t attribute, const struct rh_cesql_node *literal, bool cast_literal, struct choice *c)
{
	const char *text = k->tree->text + literal->start;

	switch ((enum rh_cesql_kind)literal->kind) {
	case RH_CESQL_STRING:
		if (cast_literal && is_ambiguous(text, literal->size))
			return false;
		choice_add(c, attribute, DP_ACCESS_STRING, 0, dp_access_bytes(k->seed, text, literal->size), 0);
		return true;
	case RH_CESQL_INTEGER:
		choice_add(c, attribute, DP_ACCESS_INTEGER, 0, dp_access_integer(literal->integer, 0), 0);
		/* A Boolean equals every integer but 0 that is cast to Boolean. */
		if (cast_literal)
			choice_add(c, attribute, DP_ACCESS_INTEGER, 0, dp_access_integer(literal->integer != 0, 0), 0);
		return true;
	case RH_CESQL_BOOLEAN:
		choice_add(c, attribute, DP_ACCESS_BOOLEAN, 0, (uint64_t)literal->integer, 4);
		return true;
	default:
		return false;
	}
}

static bool is_name(const struct rh_cesql_node *node)
{
	return node->kind == RH_CESQL_NAME;
}

/* The right operand's type counts (section 3.4.5); an attribute on the right has its own. */
static bool equal_keys(const struct keys *k, const struct rh_cesql_node *node, struct choice *c)
{
	const struct rh_cesql_node *left = node_at(k, node->first), *right = node_at(k, left->next);

	if (is_name(left))
		return equal_key(k, name_hash(k, left), right, false, c);
	return is_name(right) && equal_key(k, name_hash(k, right), left, true, c);
}

static bool in_keys(const struct keys *k, const struct rh_cesql_node *node, struct choice *c)
{
	const struct rh_cesql_node *left = node_at(k, node->first);

	if (!is_name(left))
		return false;
	for (uint16_t id = left->next; id != RH_CESQL_NONE; id = node_at(k, id)->next)
		if (!equal_key(k, name_hash(k, left), node_at(k, id), true, c))
			return false;
	return true;
}

/* The bytes of a LIKE pattern without wildcards in front and behind. */
struct edges {
	char front[RH_CESQL_LIKE_MAX], behind[RH_CESQL_LIKE_MAX];
	uint32_t front_size, behind_size;
	bool whole; /* no wildcard at all */
};

static void edges_find(const char *pattern, size_t size, struct edges *e)
{
	e->front_size = e->behind_size = 0;
	e->whole = true;
	for (size_t i = 0; i < size; i++) {
		if (pattern[i] == '%' || pattern[i] == '_') {
			e->whole = false;
			e->behind_size = 0;
			continue;
		}
		if (pattern[i] == '\\' && i + 1 < size && (pattern[i + 1] == '%' || pattern[i + 1] == '_'))
			i++;
		if (e->whole)
			e->front[e->front_size++] = pattern[i];
		e->behind[e->behind_size++] = pattern[i];
	}
}

/* The largest power of two that is not above @size and no way's is above. */
static uint8_t bytes_of(uint32_t size)
{
	uint8_t bytes = 1;

	while (bytes * 2u <= size && bytes < DP_ACCESS_BYTES)
		bytes *= 2;
	return bytes;
}

static uint8_t edge_rank(uint8_t bytes)
{
	return bytes >= 8 ? 1 : bytes >= 4 ? 2 : 4;
}

/* A choice for the front, one for the end. */
static bool like_keys(struct keys *k, const struct rh_cesql_node *node)
{
	const struct rh_cesql_node *left = node_at(k, node->first);
	struct choice front = {0}, behind = {0};
	struct edges e;
	uint8_t bytes;

	if (!is_name(left))
		return false;
	edges_find(k->tree->text + node->start, node->size, &e);
	if (e.whole) {
		choice_add(&front, name_hash(k, left), DP_ACCESS_STRING, 0, dp_access_bytes(k->seed, e.front, e.front_size), 0);
	} else if (e.front_size) {
		bytes = bytes_of(e.front_size);
		choice_add(&front, name_hash(k, left), DP_ACCESS_PREFIX, bytes, dp_access_bytes(k->seed, e.front, bytes),
			edge_rank(bytes));
	}
	if (!e.whole && e.behind_size) {
		bytes = bytes_of(e.behind_size);
		choice_add(&behind, name_hash(k, left), DP_ACCESS_SUFFIX, bytes,
			dp_access_bytes(k->seed, e.behind + e.behind_size - bytes, bytes), edge_rank(bytes));
	}
	keys_add(k, &front);
	keys_add(k, &behind);
	return front.count || behind.count;
}

/* Integers of an attribute that all comparisons of an AND leave. */
struct range {
	int64_t low, high;
	bool any; /* a comparison was there */
};

/* @attribute @kind @integer, or the other way round (@mirrored). */
static void range_narrow(struct range *range, enum rh_cesql_kind kind, int64_t integer, bool mirrored)
{
	bool less = (kind == RH_CESQL_LESS || kind == RH_CESQL_LESS_EQUAL) != mirrored;
	int64_t strict = kind == RH_CESQL_LESS || kind == RH_CESQL_GREATER;

	range->any = true;
	if (less && integer - strict < range->high)
		range->high = integer - strict;
	if (!less && integer + strict > range->low)
		range->low = integer + strict;
}

static bool is_order(const struct rh_cesql_node *node)
{
	return node->kind >= RH_CESQL_LESS && node->kind <= RH_CESQL_GREATER_EQUAL;
}

/* The attribute that @node compares with an integer; NULL: it does something else. */
static const struct rh_cesql_node *order_name(const struct keys *k, const struct rh_cesql_node *node)
{
	const struct rh_cesql_node *left, *right;

	if (!is_order(node))
		return NULL;
	left = node_at(k, node->first);
	right = node_at(k, left->next);
	if (is_name(left) && right->kind == RH_CESQL_INTEGER)
		return left;
	return is_name(right) && left->kind == RH_CESQL_INTEGER ? right : NULL;
}

static void range_take(const struct keys *k, const struct rh_cesql_node *node, struct range *range)
{
	const struct rh_cesql_node *left = node_at(k, node->first), *right = node_at(k, left->next);
	bool mirrored = !is_name(left);

	range_narrow(range, (enum rh_cesql_kind)node->kind, mirrored ? left->integer : right->integer, mirrored);
}

/* One or two blocks of a power of two that hold the range. */
static void range_keys(uint64_t attribute, const struct range *range, struct choice *c)
{
	uint8_t bits = 0;

	/* No integer is in it: any key will do, and no event satisfies the expression. */
	if (range->low > range->high) {
		choice_add(c, attribute, DP_ACCESS_INTEGER, 0, 0, 0);
		return;
	}
	while (1LL << bits < range->high - range->low + 1)
		bits++;
	for (int64_t at = range->low;; at = range->high) {
		choice_add(c, attribute, DP_ACCESS_INTEGER, bits, dp_access_integer((int32_t)at, bits),
			(uint8_t)(bits <= 4 ? 1 : bits <= 12 ? 2 : 4));
		if (at == range->high)
			break;
	}
}

static bool same_name(const struct keys *k, const struct rh_cesql_node *a, const struct rh_cesql_node *b)
{
	return a->size == b->size && memcmp(k->tree->text + a->start, k->tree->text + b->start, a->size) == 0;
}

/* The comparisons of @first's attribute with integers among @first and those behind it. */
static void range_choice(const struct keys *k, const struct rh_cesql_node *first, bool others, struct choice *c)
{
	const struct rh_cesql_node *name = order_name(k, first), *node = first;
	struct range range = {INT32_MIN, INT32_MAX, false};

	for (;; node = node_at(k, node->next)) {
		const struct rh_cesql_node *other = order_name(k, node);

		if (other && same_name(k, name, other))
			range_take(k, node, &range);
		if (!others || node->next == RH_CESQL_NONE)
			break;
	}
	range_keys(name_hash(k, name), &range, c);
}

/* An attribute that is asked for whatever else; NULL: there is none. */
static const struct rh_cesql_node *needed_name(const struct keys *k, uint16_t id)
{
	const struct rh_cesql_node *node = node_at(k, id), *found;
	bool first_only = node->kind == RH_CESQL_AND || node->kind == RH_CESQL_OR;

	if (is_name(node))
		return node;
	/* To an error it has an answer. */
	if (node->kind == RH_CESQL_HOLDS)
		return NULL;
	for (id = node->first; id != RH_CESQL_NONE; id = first_only ? RH_CESQL_NONE : node_at(k, id)->next) {
		found = needed_name(k, id);
		if (found)
			return found;
	}
	return NULL;
}

static bool is_required(const struct keys *k, const struct rh_cesql_node *name)
{
	static const char *const required[] = {"id", "source", "specversion", "type"};

	for (size_t i = 0; i < RH_ARRAY_LEN(required); i++)
		if (strlen(required[i]) == name->size && memcmp(required[i], k->tree->text + name->start, name->size) == 0)
			return true;
	return false;
}

static void exists_choice(const struct keys *k, uint16_t id, struct choice *c)
{
	const struct rh_cesql_node *node = node_at(k, id), *name = node;

	/* EXISTS is true of required attributes whether they are there or not. */
	if (node->kind != RH_CESQL_EXISTS)
		name = needed_name(k, id);
	else if (is_required(k, node))
		name = NULL;
	if (name)
		choice_add(c, name_hash(k, name), DP_ACCESS_EXISTS, 0, 0, 5);
}

/* The number of the payload's pattern that @id, which is to be true, is all about; 0: it is about something else. */
static uint32_t pattern_of(const struct keys *k, uint16_t id)
{
	const struct rh_cesql_node *node = node_at(k, id);
	uint32_t order;

	if (node->negated || node->first == RH_CESQL_NONE || node_at(k, node->first)->kind != RH_CESQL_PAYLOAD)
		return 0;
	return rh_cesql_pattern_order(k->tree, id, &order) ? k->pattern[order] : 0;
}

/* The choices of a predicate that is to be true; @others: so are those behind it. */
static void predicate_keys(struct keys *k, uint16_t id, bool others)
{
	const struct rh_cesql_node *node = node_at(k, id);
	uint32_t pattern = pattern_of(k, id);
	struct choice c = {0};
	bool found = pattern != 0;

	if (node->kind == RH_CESQL_LIKE && !node->negated && like_keys(k, node))
		return;
	if (found)
		choice_add(&c, DP_ACCESS_PAYLOAD, DP_ACCESS_PATTERN, 0, pattern, PATTERN_RANK);
	else if (node->kind == RH_CESQL_EQUAL && !node->negated)
		found = equal_keys(k, node, &c);
	else if (node->kind == RH_CESQL_IN && !node->negated)
		found = in_keys(k, node, &c);
	else if (order_name(k, node))
		found = (range_choice(k, node, others, &c), true);
	else if (is_name(node))
		found = (choice_add(&c, name_hash(k, node), DP_ACCESS_BOOLEAN, 0, 1, 4), true);
	if (!found || c.count > DP_ACCESS_ANY) {
		c.count = 0;
		exists_choice(k, id, &c);
	}
	keys_add(k, &c);
}

static void node_keys(struct keys *k, uint16_t id, bool others);

/* The first choice with the least sum of ranks of @k's choices from @from on, which go. */
static void best_of(struct keys *k, uint32_t from, struct choice *c)
{
	uint32_t best = 0, best_count = 0, best_rank = UINT32_MAX, begin = from, rank = 0;

	for (uint32_t i = from; i < k->count; i++) {
		rank += k->key[i].rank + 1u;
		if (!k->key[i].last)
			continue;
		if (rank < best_rank) {
			best = begin;
			best_count = i + 1 - begin;
			best_rank = rank;
		}
		begin = i + 1;
		rank = 0;
	}
	for (uint32_t i = 0; i < best_count; i++) {
		const struct dp_access_key *key = &k->key[best + i];

		choice_add(c, key->attribute, (enum dp_access_how)key->how, key->param, key->value, key->rank);
	}
	if (!best_count)
		c->count = DP_ACCESS_ANY + 1;
	k->count = from;
}

static void or_keys(struct keys *k, const struct rh_cesql_node *node)
{
	struct choice c = {0};
	uint32_t from = k->count;

	for (uint16_t id = node->first; id != RH_CESQL_NONE; id = node_at(k, id)->next) {
		node_keys(k, id, false);
		best_of(k, from, &c);
	}
	keys_add(k, &c);
}

/* What must be there for the nodes under @id to be true. */
static void node_keys(struct keys *k, uint16_t id, bool others)
{
	const struct rh_cesql_node *node = node_at(k, id);
	struct choice c = {0};

	switch ((enum rh_cesql_kind)node->kind) {
	case RH_CESQL_AND:
		for (id = node->first; id != RH_CESQL_NONE; id = node_at(k, id)->next)
			node_keys(k, id, true);
		break;
	case RH_CESQL_OR:
		or_keys(k, node);
		break;
	case RH_CESQL_NOT:
	case RH_CESQL_XOR:
		exists_choice(k, id, &c);
		keys_add(k, &c);
		break;
	default:
		predicate_keys(k, id, others);
	}
}

struct dp_access_key dp_access_pattern_key(uint32_t pattern)
{
	return (struct dp_access_key){
		.attribute = DP_ACCESS_PAYLOAD, .value = pattern, .how = DP_ACCESS_PATTERN, .rank = PATTERN_RANK, .last = true};
}

uint32_t dp_access_keys(
	const struct rh_cesql_tree *tree, const uint32_t *pattern, uint64_t seed, struct dp_access_key *out)
{
	struct keys k = {.tree = tree, .pattern = pattern, .seed = seed};

	node_keys(&k, tree->root, false);
	memcpy(out, k.key, k.count * sizeof(k.key[0]));
	return k.count;
}
