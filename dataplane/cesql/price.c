#include "dataplane/cesql/price.h"

#include "dataplane/cesql/function.h"
#include "dataplane/cesql/like.h"
#include "dataplane/cesql/machine.h"
#include "dataplane/cesql/pattern.h"
#include "dataplane/cesql/predicates.h"

#include <string.h>

/*
 * TSC cycles. Measured by bench cesql (least of batches, everything in the first-level cache) on an Intel Xeon, model 207 (two virtual
 * processors under KVM, TSC 2.10 GHz), gcc 12.2 -O3 -march=x86-64-v3, other work on the machine; rounded. What is dear stays dear
 * elsewhere.
 */
/* To begin an expression, as DP_COST_COND of dataplane/match/cost.h. */
#define CYCLES_EXPRESSION 30
/* To begin a predicate and to remember it: TRUE. */
#define CYCLES_PREDICATE 33
/* A step: an operator, a literal, a comparison. */
#define CYCLES_STEP 10
/* An attribute found among six. */
#define CYCLES_ATTRIBUTE 15
/* For each byte of a value more: LIKE; a function of strings; and UPPER and LOWER. */
#define CYCLES_LIKE_BYTE 4
#define CYCLES_CALL_BYTE 3
#define CYCLES_CASE_BYTE 8
/* For each byte of a payload: JSON, of many small numbers; the look whether it is UTF-8. */
#define CYCLES_JSON_BYTE 7
#define CYCLES_UTF8_BYTE 1
/* A scan by Hyperscan begun (bench match), once for the payload and once for each attribute. */
#define CYCLES_SCAN 100
/*
 * For each ten bytes of a payload, the worst that docs/content-patterns.md has measured for a pattern of such a form: a literal, or
 * one that begins at the payload's first byte; another; and one with counted repeats.
 */
#define CYCLES_TEN_LITERAL 1
#define CYCLES_TEN_REGEX   40
#define CYCLES_TEN_COUNTED 110
/* A byte of a pattern in a set of a thousand: 8 to 28 of the database. */
#define BYTES_PATTERN_BYTE 20
/*
 * Of dataplane/match: an expression; for each node a step, or what it adds to the keys; what a predicate is beside its program, with
 * its place in a hash table and a key; and a name or string that nobody else asks for. Within a fifth (a test compares).
 */
#define BYTES_EXPRESSION      64
#define BYTES_EXPRESSION_NODE 16
#define BYTES_PREDICATE	      136
#define BYTES_ATOM	      52

/* Letters, digits and escapes of bytes, and nothing that repeats or chooses. */
static bool is_literal(const struct rh_cesql_pattern *pattern)
{
	return !strpbrk(pattern->regex, ".*+?{}[]()|^$");
}

static uint64_t ten_bytes(const struct rh_cesql_pattern *pattern)
{
	if (is_literal(pattern) || pattern->regex[0] == '^' || strncmp(pattern->regex, "\\A", 2) == 0)
		return CYCLES_TEN_LITERAL;
	return strchr(pattern->regex, '{') ? CYCLES_TEN_COUNTED : CYCLES_TEN_REGEX;
}

static void price_search(const struct rh_cesql_tree *tree, uint16_t id, enum cesql_search search, struct rh_cesql_price *sum)
{
	uint16_t before = id ? (uint16_t)(id - 1) : RH_CESQL_NONE;
	struct rh_cesql_pattern pattern;
	uint64_t size;

	if (search == SEARCH_LIKE || search == SEARCH_TEXT)
		sum->cycles += CYCLES_UTF8_BYTE * RH_CESQL_PRICE_PAYLOAD;
	if (search != SEARCH_LIKE && search != SEARCH_PATTERN)
		return;
	(void)rh_cesql_pattern_next(tree, &before, &pattern);
	size = pattern.of_payload ? RH_CESQL_PRICE_PAYLOAD : RH_CESQL_PRICE_VALUE;
	sum->cycles += CYCLES_SCAN + ten_bytes(&pattern) * size / 10;
	sum->bytes += BYTES_PATTERN_BYTE * (uint64_t)pattern.size;
}

static uint64_t call_cycles(enum rh_cesql_function function)
{
	switch (function) {
	case CESQL_ABS:
	case CESQL_BOOL:
	case CESQL_INT:
	case CESQL_STRING:
		return 0;
	case CESQL_JSON:
		return CYCLES_JSON_BYTE * RH_CESQL_PRICE_PAYLOAD;
	case CESQL_LOWER:
	case CESQL_UPPER:
		return CYCLES_CASE_BYTE * RH_CESQL_PRICE_VALUE;
	default:
		return CYCLES_CALL_BYTE * RH_CESQL_PRICE_VALUE;
	}
}

/* The node @id by itself. */
static void price_node(const struct rh_cesql_tree *tree, uint16_t id, struct rh_cesql_price *sum)
{
	const struct rh_cesql_node *node = &tree->node[id];
	enum cesql_search search = cesql_search_of(tree, node);

	sum->cycles += CYCLES_STEP;
	sum->bytes += sizeof(struct step);
	if (search != SEARCH_NONE) {
		price_search(tree, id, search, sum);
		return;
	}
	sum->bytes += node->size;
	if (node->kind == RH_CESQL_NAME || node->kind == RH_CESQL_EXISTS || node->kind == RH_CESQL_STRING)
		sum->bytes += BYTES_ATOM;
	if (node->kind == RH_CESQL_NAME || node->kind == RH_CESQL_EXISTS)
		sum->cycles += CYCLES_ATTRIBUTE;
	else if (node->kind == RH_CESQL_CALL)
		sum->cycles += call_cycles((enum rh_cesql_function)node->function);
	if (node->kind == RH_CESQL_LIKE) {
		sum->cycles += CYCLES_LIKE_BYTE * RH_CESQL_PRICE_VALUE;
		sum->bytes += cesql_like_size(tree->text + node->start, node->size);
	}
}

static void price_nodes(const struct rh_cesql_tree *tree, uint16_t id, struct rh_cesql_price *sum)
{
	price_node(tree, id, sum);
	for (id = tree->node[id].first; id != RH_CESQL_NONE; id = tree->node[id].next)
		if (tree->node[id].kind != RH_CESQL_PAYLOAD)
			price_nodes(tree, id, sum);
}

/* Is a payload scanned for @id? Once is enough for all. */
static bool scans_payload(const struct rh_cesql_tree *tree, uint16_t id)
{
	enum cesql_search search = cesql_search_of(tree, &tree->node[id]);

	if ((search == SEARCH_LIKE || search == SEARCH_PATTERN) && tree->node[tree->node[id].first].kind == RH_CESQL_PAYLOAD)
		return true;
	for (id = tree->node[id].first; id != RH_CESQL_NONE; id = tree->node[id].next)
		if (scans_payload(tree, id))
			return true;
	return false;
}

void rh_cesql_price(const struct rh_cesql_tree *tree, struct rh_cesql_price *out)
{
	struct cesql_predicates found;
	uint16_t dear = RH_CESQL_NONE;
	unsigned scans = 0;
	size_t from, to;

	cesql_predicates_find(tree, &found);
	*out = (struct rh_cesql_price){.cycles = CYCLES_EXPRESSION, .bytes = BYTES_EXPRESSION + BYTES_EXPRESSION_NODE * (uint64_t)tree->nodes};
	for (unsigned i = 0; i < found.count; i++) {
		struct rh_cesql_price one = {.cycles = CYCLES_PREDICATE, .bytes = BYTES_PREDICATE + sizeof(struct rh_cesql_program)};

		price_nodes(tree, found.id[i], &one);
		scans += scans_payload(tree, found.id[i]);
		out->cycles += one.cycles;
		out->bytes += one.bytes;
		if (one.cycles > out->dear_cycles) {
			out->dear_cycles = one.cycles;
			dear = found.id[i];
		}
	}
	if (scans)
		out->cycles -= (scans - 1) * CYCLES_SCAN;
	if (dear == RH_CESQL_NONE)
		return;
	cesql_print_place(tree, dear, &from, &to);
	out->dear_at = (uint16_t)from;
	out->dear_size = (uint16_t)(to - from);
}
