#include "dataplane/cesql/machine.h"

#include "dataplane/base/compiler.h"
#include "dataplane/cesql/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A node has a step of its own, IN two, and one for its place in AND, OR, or a set. */
#define STEPS_A_NODE 3

struct compiler {
	const struct rh_cesql_tree *tree;
	struct rh_cesql_program *program;
	struct step *step;
	size_t likes; /* bytes of the block used up to the next automaton */
	unsigned depth;
};

static void compile_node(struct compiler *c, uint16_t id);

enum rh_cesql_type cesql_type_of(const struct rh_cesql_node *node)
{
	switch ((enum rh_cesql_kind)node->kind) {
	case RH_CESQL_CALL:
		return cesql_functions[node->function].result;
	case RH_CESQL_STRING:
		return RH_CESQL_TYPE_STRING;
	case RH_CESQL_INTEGER:
	case RH_CESQL_MINUS:
	case RH_CESQL_MULTIPLY:
	case RH_CESQL_DIVIDE:
	case RH_CESQL_REMAINDER:
	case RH_CESQL_ADD:
	case RH_CESQL_SUBTRACT:
		return RH_CESQL_TYPE_INTEGER;
	default:
		return RH_CESQL_TYPE_BOOLEAN;
	}
}

/* @grows: values more on the stack afterwards. */
static struct step *emit(struct compiler *c, enum step_code code, const struct rh_cesql_node *node, int grows)
{
	struct step *step = &c->step[c->program->steps++];

	*step = (struct step){
		.code = (uint8_t)code, .kind = node->kind, .negated = node->negated, .at = node->at, .size = node->size};
	c->depth = (unsigned)((int)c->depth + grows);
	if (c->depth > c->program->stack)
		c->program->stack = (uint16_t)c->depth;
	return step;
}

static void compile_children(struct compiler *c, const struct rh_cesql_node *node)
{
	for (uint16_t id = node->first; id != RH_CESQL_NONE; id = c->tree->node[id].next)
		compile_node(c, id);
}

/* After each child but the last a way out to behind the last; zero until its place is known, and no way leads to zero. */
static void compile_short_cut(struct compiler *c, const struct rh_cesql_node *node)
{
	enum step_code code = node->kind == RH_CESQL_AND ? STEP_AND : STEP_OR;
	unsigned begin = c->program->steps;

	for (uint16_t id = node->first; id != RH_CESQL_NONE; id = c->tree->node[id].next) {
		const struct rh_cesql_node *child = &c->tree->node[id];
		bool last = child->next == RH_CESQL_NONE;

		compile_node(c, id);
		(void)emit(c, last ? STEP_BOOLEAN : code, child, last ? 0 : -1);
	}
	for (unsigned i = begin; i < c->program->steps; i++)
		if ((c->step[i].code == STEP_AND || c->step[i].code == STEP_OR) && c->step[i].integer == 0)
			c->step[i].integer = c->program->steps;
}

static void compile_xor(struct compiler *c, const struct rh_cesql_node *node)
{
	uint16_t id = node->first;

	compile_node(c, id);
	while ((id = c->tree->node[id].next) != RH_CESQL_NONE) {
		compile_node(c, id);
		(void)emit(c, STEP_XOR, node, -1);
	}
}

static void compile_in(struct compiler *c, const struct rh_cesql_node *node)
{
	uint16_t id = node->first;

	compile_node(c, id);
	(void)emit(c, STEP_SET, node, 1);
	while ((id = c->tree->node[id].next) != RH_CESQL_NONE) {
		compile_node(c, id);
		(void)emit(c, STEP_ELEMENT, &c->tree->node[id], -1);
	}
	(void)emit(c, STEP_IN, node, -1);
}

static uint16_t id_of(const struct compiler *c, const struct rh_cesql_node *node)
{
	return (uint16_t)(node - c->tree->node);
}

/* What asks for a pattern, or for payload LIKE without one. */
static void compile_search(struct compiler *c, const struct rh_cesql_node *node, enum cesql_search search)
{
	static const enum step_code codes[] = {[SEARCH_PATTERN] = STEP_PAYLOAD_MATCHES,
		[SEARCH_LIKE] = STEP_PAYLOAD_LIKE,
		[SEARCH_TEXT] = STEP_PAYLOAD_IS_TEXT,
		[SEARCH_EMPTY] = STEP_PAYLOAD_IS_EMPTY};
	bool payload = c->tree->node[node->first].kind == RH_CESQL_PAYLOAD;

	if (payload && search == SEARCH_ALWAYS) {
		emit(c, STEP_PUSH_BOOLEAN, node, 1)->integer = 1;
		return;
	}
	/* An attribute must be there, also where any string would do. */
	if (!payload)
		compile_node(c, node->first);
	if (search == SEARCH_ALWAYS)
		(void)emit(c, STEP_TRUE, node, 0);
	else
		emit(c, payload ? codes[search] : STEP_MATCHES, node, payload)->start =
			cesql_pattern_number(c->tree, id_of(c, node));
}

static void compile_json(struct compiler *c, const struct rh_cesql_node *node)
{
	const struct rh_cesql_node *pointer = &c->tree->node[c->tree->node[node->first].next];
	struct step *step = emit(c, STEP_JSON, node, 1);

	step->start = pointer->start;
	step->size = pointer->size;
}

static void compile_like(struct compiler *c, const struct rh_cesql_node *node)
{
	const char *pattern = c->tree->text + node->start;

	compile_children(c, node);
	cesql_like_build((struct like *)((char *)c->program + c->likes), pattern, node->size);
	emit(c, STEP_LIKE, node, 0)->start = (uint32_t)c->likes;
	c->likes += cesql_like_size(pattern, node->size);
}

static void compile_call(struct compiler *c, const struct rh_cesql_node *node)
{
	struct step *step;

	if (node->function == CESQL_JSON) {
		compile_json(c, node);
		return;
	}
	compile_children(c, node);
	step = emit(c, STEP_CALL, node, 1 - node->children);
	step->kind = node->function;
	step->count = (uint8_t)node->children;
}

/* The required attributes always exist (section 3.4.4). */
static void compile_exists(struct compiler *c, const struct rh_cesql_node *node)
{
	static const char *const required[] = {"id", "source", "specversion", "type"};
	const char *name = c->tree->text + node->start;

	for (size_t i = 0; i < RH_ARRAY_LEN(required); i++)
		if (strlen(required[i]) == node->size && memcmp(required[i], name, node->size) == 0) {
			emit(c, STEP_PUSH_BOOLEAN, node, 1)->integer = 1;
			return;
		}
	emit(c, STEP_EXISTS, node, 1)->start = node->start;
}

static void compile_leaf(struct compiler *c, const struct rh_cesql_node *node)
{
	if (node->kind == RH_CESQL_BOOLEAN)
		emit(c, STEP_PUSH_BOOLEAN, node, 1)->integer = node->integer;
	else if (node->kind == RH_CESQL_INTEGER)
		emit(c, STEP_PUSH_INTEGER, node, 1)->integer = node->integer;
	else
		emit(c, node->kind == RH_CESQL_STRING ? STEP_PUSH_STRING : STEP_LOAD, node, 1)->start = node->start;
}

/* Costs nothing unless there is an error: then evaluation looks for this step and goes on behind it. */
static void compile_holds(struct compiler *c, const struct rh_cesql_node *node)
{
	unsigned begin = c->program->steps, below = c->depth;
	struct step *step;

	compile_children(c, node);
	step = emit(c, STEP_HOLDS, node, 0);
	step->start = begin;
	step->count = (uint8_t)below; /* at most RH_CESQL_STACK_MAX, or the program is refused */
}

static void compile_operator(struct compiler *c, const struct rh_cesql_node *node)
{
	enum step_code code = STEP_ORDER;

	if (node->kind <= RH_CESQL_SUBTRACT)
		code = STEP_ARITHMETIC;
	else if (node->kind == RH_CESQL_EQUAL)
		code = STEP_EQUAL;
	compile_children(c, node);
	(void)emit(c, code, node, -1);
}

static void compile_node(struct compiler *c, uint16_t id)
{
	const struct rh_cesql_node *node = &c->tree->node[id];
	enum cesql_search search = cesql_search_of(c->tree, node);

	if (search != SEARCH_NONE) {
		compile_search(c, node, search);
		return;
	}
	switch ((enum rh_cesql_kind)node->kind) {
	case RH_CESQL_BOOLEAN:
	case RH_CESQL_INTEGER:
	case RH_CESQL_STRING:
	case RH_CESQL_NAME:
		compile_leaf(c, node);
		break;
	case RH_CESQL_PAYLOAD: /* of what is compiled above */
		break;
	case RH_CESQL_EXISTS:
		compile_exists(c, node);
		break;
	case RH_CESQL_CALL:
		compile_call(c, node);
		break;
	case RH_CESQL_NOT:
	case RH_CESQL_MINUS:
		compile_children(c, node);
		(void)emit(c, node->kind == RH_CESQL_NOT ? STEP_NOT : STEP_MINUS, node, 0);
		break;
	case RH_CESQL_HOLDS:
		compile_holds(c, node);
		break;
	case RH_CESQL_LIKE:
		compile_like(c, node);
		break;
	case RH_CESQL_IN:
		compile_in(c, node);
		break;
	case RH_CESQL_AND:
	case RH_CESQL_OR:
		compile_short_cut(c, node);
		break;
	case RH_CESQL_XOR:
		compile_xor(c, node);
		break;
	default:
		compile_operator(c, node);
	}
}

/* What the nodes under @id need of a block. */
struct need {
	uint16_t nodes, from, to; /* from, to: of the tree's text */
	size_t likes;
};

static void need_add(const struct rh_cesql_tree *tree, uint16_t id, struct need *need)
{
	const struct rh_cesql_node *node = &tree->node[id];

	need->nodes++;
	/* A pattern's text is of no use to the program. */
	if (cesql_search_of(tree, node) != SEARCH_NONE) {
		need_add(tree, node->first, need);
		return;
	}
	if (node->size) {
		need->from = node->start < need->from ? node->start : need->from;
		need->to = node->start + node->size > need->to ? (uint16_t)(node->start + node->size) : need->to;
	}
	if (node->kind == RH_CESQL_LIKE)
		need->likes += cesql_like_size(tree->text + node->start, node->size);
	for (id = node->first; id != RH_CESQL_NONE; id = tree->node[id].next)
		need_add(tree, id, need);
}

/* Where a block of @steps steps has its automata. */
static size_t likes_at(unsigned steps)
{
	return RH_ALIGN_UP(sizeof(struct rh_cesql_program) + steps * sizeof(struct step), sizeof(uint64_t));
}

/* The steps were fewer than there was room for: automata and text move up behind them. */
static void close_up(struct rh_cesql_program *program, size_t likes_were, size_t likes)
{
	size_t at = likes_at(program->steps), moved = likes_were - at;
	struct step *step = (struct step *)(program + 1);

	memmove((char *)program + at, (char *)program + likes_were, program->size - likes_were);
	program->text_at = (uint32_t)(at + likes);
	program->size -= (uint32_t)moved;
	for (unsigned i = 0; i < program->steps; i++)
		if (step[i].code == STEP_LIKE)
			step[i].start -= (uint32_t)moved;
}

/* Texts of the part begin with @from of the tree's. */
static void rebase(struct rh_cesql_program *program, uint16_t from)
{
	struct step *step = (struct step *)(program + 1);

	for (unsigned i = 0; i < program->steps; i++)
		if (step[i].code == STEP_PUSH_STRING || step[i].code == STEP_LOAD || step[i].code == STEP_EXISTS ||
			step[i].code == STEP_JSON)
			step[i].start -= step[i].size ? from : step[i].start;
}

static int too_deep(struct rh_cesql_program *program, struct rh_error *err)
{
	int rc = rh_error_set(err, E2BIG,
		"cesql: at 0: %u values are needed at once, more than %d: nest fewer calls with many arguments",
		program->stack, RH_CESQL_STACK_MAX);

	free(program);
	return rc;
}

int rh_cesql_compile_part(const struct rh_cesql_tree *tree, uint16_t id, bool boolean, struct rh_cesql_program **out,
	struct rh_error *err)
{
	struct need need = {.from = UINT16_MAX};
	struct rh_cesql_program *program;
	struct compiler c = {.tree = tree};

	need_add(tree, id, &need);
	need.from = need.from < need.to ? need.from : need.to;
	c.likes = likes_at(STEPS_A_NODE * need.nodes + 1u);
	program = calloc(1, c.likes + need.likes + need.to - need.from);
	if (!program)
		return -ENOMEM;
	program->size = (uint32_t)(c.likes + need.likes + need.to - need.from);
	memcpy((char *)program + c.likes + need.likes, tree->text + need.from, need.to - need.from);
	program->type = boolean ? RH_CESQL_TYPE_BOOLEAN : cesql_type_of(&tree->node[id]);
	c.program = program;
	c.step = (struct step *)(program + 1);
	compile_node(&c, id);
	if (boolean)
		(void)emit(&c, STEP_BOOLEAN, &tree->node[id], 0);
	if (program->stack > RH_CESQL_STACK_MAX)
		return too_deep(program, err);
	rebase(program, need.from);
	close_up(program, likes_at(STEPS_A_NODE * need.nodes + 1u), need.likes);
	*out = program;
	return 0;
}

int rh_cesql_compile(const struct rh_cesql_tree *tree, struct rh_cesql_program **out, struct rh_error *err)
{
	return rh_cesql_compile_part(tree, tree->root, false, out, err);
}
