/*
 * What an event must have for an expression to hold. In an AND each operand must be true, so the keys of any one will
 * do: each is a choice. In an OR one of them must be, so the keys of all together are one. A predicate with an
 * attribute in it needs at least that attribute, since without it its evaluation ends in an error.
 */

#include "dataplane/base/compiler.h"
#include "dataplane/cesql/program.h"
#include "dataplane/match/access_keys.h"
#include "dataplane/match/facts.h"
#include "dataplane/match/needs.h"

#include <string.h>

/* It narrows well, but only after a scan: what an attribute says comes first. */
#define PATTERN_RANK 3

/* Nothing of it is of use when a key has no room, or no atom. */
void dp_choice_add(struct dp_choice *c, struct dp_atom *name, enum dp_access_how how, uint8_t param, uint64_t value, uint8_t rank)
{
	struct dp_access_key key = {.name = name, .value = value, .how = (uint8_t)how, .param = param, .rank = rank};

	for (uint32_t i = 0; i < c->count && i < DP_ACCESS_ANY; i++)
		if (c->key[i].name == name && c->key[i].how == key.how && c->key[i].param == param && c->key[i].value == value)
			return;
	if (c->count < DP_ACCESS_ANY)
		c->key[c->count] = key;
	c->count++;
	if (!name && how != DP_ACCESS_PATTERN)
		c->count = DP_ACCESS_ANY + 1;
	else if (name)
		rh_store_relaxed(&name->asks, (uint8_t)(name->asks | 1U << dp_access_fact(how)));
}

void dp_keys_add(struct dp_keys *k, const struct dp_choice *c)
{
	if (!c->count || c->count > DP_ACCESS_ANY || k->count + c->count > DP_ACCESS_KEYS)
		return;
	memcpy(k->key + k->count, c->key, c->count * sizeof(c->key[0]));
	for (uint32_t i = 0; i < c->count; i++) {
		k->key[k->count + i].operand = k->operand;
		k->key[k->count + i].proves = c->proves && c->count == 1 && !k->within;
	}
	k->count += c->count;
	k->key[k->count - 1].last = true;
}

bool dp_choice_equal(const struct dp_keys *k, struct dp_atom *name, const char *bytes, uint32_t size, struct dp_choice *c)
{
	struct dp_atom *string = dp_asked_string(k->asked, (struct rh_cesql_text){bytes, size});

	if (string)
		dp_choice_add(c, name, DP_ACCESS_STRING, 0, dp_fact_atom(string), 0);
	return string != NULL;
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
static bool equal_key(const struct dp_keys *k, struct dp_atom *name, const struct rh_cesql_node *literal, bool cast_literal, struct dp_choice *c)
{
	const char *text = k->tree->text + literal->start;

	c->proves = !cast_literal;
	switch ((enum rh_cesql_kind)literal->kind) {
	case RH_CESQL_STRING:
		return !(cast_literal && is_ambiguous(text, literal->size)) && dp_choice_equal(k, name, text, literal->size, c);
	case RH_CESQL_INTEGER:
		dp_choice_add(c, name, DP_ACCESS_INTEGER, 0, dp_access_integer(dp_fact_integer(literal->integer), 0), 0);
		/* A Boolean equals every integer but 0 that is cast to Boolean. */
		if (cast_literal)
			dp_choice_add(c, name, DP_ACCESS_INTEGER, 0, dp_access_integer(dp_fact_integer(literal->integer != 0), 0), 0);
		return true;
	case RH_CESQL_BOOLEAN:
		dp_choice_add(c, name, DP_ACCESS_BOOLEAN, 0, (uint64_t)(literal->integer != 0), 4);
		return true;
	default:
		return false;
	}
}

/* The right operand's type counts (section 3.4.5); an attribute on the right has its own. */
static bool equal_keys(const struct dp_keys *k, const struct rh_cesql_node *node, struct dp_choice *c)
{
	const struct rh_cesql_node *left = dp_keys_node(k, node->first), *right = dp_keys_node(k, left->next);

	if (dp_keys_is_name(left))
		return equal_key(k, dp_keys_name(k, left), right, false, c);
	return dp_keys_is_name(right) && equal_key(k, dp_keys_name(k, right), left, true, c);
}

static bool in_keys(const struct dp_keys *k, const struct rh_cesql_node *node, struct dp_choice *c)
{
	const struct rh_cesql_node *left = dp_keys_node(k, node->first);

	if (!dp_keys_is_name(left))
		return false;
	for (uint16_t id = left->next; id != RH_CESQL_NONE; id = dp_keys_node(k, id)->next)
		if (!equal_key(k, dp_keys_name(k, left), dp_keys_node(k, id), true, c))
			return false;
	return true;
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

static void range_take(const struct dp_keys *k, const struct rh_cesql_node *node, struct range *range)
{
	const struct rh_cesql_node *left = dp_keys_node(k, node->first), *right = dp_keys_node(k, left->next);
	bool mirrored = !dp_keys_is_name(left);

	range_narrow(range, (enum rh_cesql_kind)node->kind, mirrored ? left->integer : right->integer, mirrored);
}

/* One or two blocks of a power of two that hold the range. */
static void range_keys(struct dp_atom *name, const struct range *range, struct dp_choice *c)
{
	uint8_t bits = 0;

	/* No integer is in it: any key will do, and no event satisfies the expression. */
	if (range->low > range->high) {
		dp_choice_add(c, name, DP_ACCESS_INTEGER, 0, 0, 0);
		return;
	}
	while (1LL << bits < range->high - range->low + 1)
		bits++;
	for (int64_t at = range->low;; at = range->high) {
		dp_choice_add(c, name, DP_ACCESS_INTEGER, bits, dp_access_integer(dp_fact_integer((int32_t)at), bits),
			(uint8_t)(bits <= 4 ? 1 : bits <= 12 ? 2 : 4));
		if (at == range->high)
			break;
	}
}

static bool same_name(const struct dp_keys *k, const struct rh_cesql_node *a, const struct rh_cesql_node *b)
{
	return a->size == b->size && memcmp(k->tree->text + a->start, k->tree->text + b->start, a->size) == 0;
}

/* The comparisons of @first's attribute with integers among @first and those behind it. */
static void range_choice(const struct dp_keys *k, const struct rh_cesql_node *first, bool others, struct dp_choice *c)
{
	const struct rh_cesql_node *name = dp_needs_order(k->tree, first), *node = first;
	struct range range = {INT32_MIN, INT32_MAX, false};

	for (;; node = dp_keys_node(k, node->next)) {
		const struct rh_cesql_node *other = dp_needs_order(k->tree, node);

		if (other && same_name(k, name, other))
			range_take(k, node, &range);
		if (!others || node->next == RH_CESQL_NONE)
			break;
	}
	range_keys(dp_keys_name(k, name), &range, c);
}

static void exists_choice(const struct dp_keys *k, uint16_t id, struct dp_choice *c)
{
	const struct rh_cesql_node *node = dp_keys_node(k, id), *name = node;

	/* EXISTS is true of required attributes whether they are there or not. */
	if (node->kind != RH_CESQL_EXISTS)
		name = dp_needs_name(k->tree, id);
	else if (dp_needs_nothing(k->tree, node))
		name = NULL;
	c->proves = node->kind == RH_CESQL_EXISTS;
	if (name)
		dp_choice_add(c, dp_keys_name(k, name), DP_ACCESS_EXISTS, 0, 0, 5);
}

/* The number of the payload's pattern that @id, which is to be true, is all about; 0: it is about something else. */
static uint32_t pattern_of(const struct dp_keys *k, uint16_t id)
{
	const struct rh_cesql_node *node = dp_keys_node(k, id);
	uint32_t order;

	if (node->negated || node->first == RH_CESQL_NONE || dp_keys_node(k, node->first)->kind != RH_CESQL_PAYLOAD)
		return 0;
	return rh_cesql_pattern_order(k->tree, id, &order) ? k->pattern[order] : 0;
}

/* The choices of a predicate that is to be true; @others: so are those behind it. */
static void predicate_keys(struct dp_keys *k, uint16_t id, bool others)
{
	const struct rh_cesql_node *node = dp_keys_node(k, id);
	uint32_t pattern = pattern_of(k, id);
	struct dp_choice c = {0};
	bool found = pattern != 0;

	if (node->kind == RH_CESQL_LIKE && !node->negated && dp_keys_like(k, node))
		return;
	if (found)
		dp_choice_add(&c, NULL, DP_ACCESS_PATTERN, 0, pattern, PATTERN_RANK);
	else if (node->kind == RH_CESQL_EQUAL && !node->negated)
		found = equal_keys(k, node, &c);
	else if (node->kind == RH_CESQL_IN && !node->negated)
		found = in_keys(k, node, &c);
	else if (dp_needs_order(k->tree, node))
		found = (range_choice(k, node, others, &c), true);
	else if (dp_keys_is_name(node))
		found = (dp_choice_add(&c, dp_keys_name(k, node), DP_ACCESS_BOOLEAN, 0, 1, 4), true);
	if (!found || c.count > DP_ACCESS_ANY) {
		c = (struct dp_choice){0};
		exists_choice(k, id, &c);
	}
	dp_keys_add(k, &c);
}

static void node_keys(struct dp_keys *k, uint16_t id, bool others);

/* The first choice with the least sum of ranks of @k's choices from @from on, which go. */
static void best_of(struct dp_keys *k, uint32_t from, struct dp_choice *c)
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

		dp_choice_add(c, key->name, (enum dp_access_how)key->how, key->param, key->value, key->rank);
	}
	if (!best_count)
		c->count = DP_ACCESS_ANY + 1;
	k->count = from;
}

static void or_keys(struct dp_keys *k, const struct rh_cesql_node *node)
{
	struct dp_choice c = {0};
	uint32_t from = k->count;

	k->within = true;
	for (uint16_t id = node->first; id != RH_CESQL_NONE; id = dp_keys_node(k, id)->next) {
		node_keys(k, id, false);
		best_of(k, from, &c);
	}
	dp_keys_add(k, &c);
}

/* Each operand of an AND has to be true; @outermost: they are the expression's. */
static void and_keys(struct dp_keys *k, const struct rh_cesql_node *node, bool outermost)
{
	uint8_t operand = 0;

	for (uint16_t id = node->first; id != RH_CESQL_NONE; id = dp_keys_node(k, id)->next, operand++) {
		if (outermost)
			k->operand = operand;
		k->within = !outermost;
		node_keys(k, id, true);
	}
}

/* What must be there for the nodes under @id to be true. */
static void node_keys(struct dp_keys *k, uint16_t id, bool others)
{
	const struct rh_cesql_node *node = dp_keys_node(k, id);
	struct dp_choice c = {0};

	switch ((enum rh_cesql_kind)node->kind) {
	case RH_CESQL_AND:
		and_keys(k, node, id == k->tree->root);
		break;
	case RH_CESQL_HOLDS:
		/* True where that is. */
		node_keys(k, node->first, false);
		break;
	case RH_CESQL_OR:
		or_keys(k, node);
		break;
	case RH_CESQL_NOT:
	case RH_CESQL_XOR:
		exists_choice(k, id, &c);
		dp_keys_add(k, &c);
		break;
	default:
		predicate_keys(k, id, others);
	}
}

struct dp_access_key dp_access_pattern_key(uint32_t pattern)
{
	return (struct dp_access_key){.value = pattern, .how = DP_ACCESS_PATTERN, .rank = PATTERN_RANK, .last = true};
}

uint32_t dp_access_keys(
	const struct rh_cesql_tree *tree, const uint32_t *pattern, struct dp_asked_atoms *asked, struct dp_access_key *out)
{
	struct dp_keys k = {.tree = tree, .pattern = pattern, .asked = asked};

	node_keys(&k, tree->root, false);
	memcpy(out, k.key, k.count * sizeof(k.key[0]));
	return k.count;
}
